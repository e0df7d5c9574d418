/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.c - links, nonces, grants and codes as text, and back from what
 * strangers send.  libsodium's base64 takes the same time whatever it reads;
 * but 1.0.18 reads some bytes above 0x7f as letters (found by fuzzing), so
 * what was read is written again and compared.
 */
#include <sodium.h>

#include "base/utf8.h"
#include "guard/share/part.h"

#define TOKEN 32u

_Static_assert(sodium_base64_ENCODED_LEN(
                   TOKEN, sodium_base64_VARIANT_URLSAFE_NO_PADDING) ==
                   HB_SHARE_TOKEN_TEXT,
               "a token fits");

void hb_share_token_new(char ret[HB_SHARE_TOKEN_TEXT])
{
    uint8_t b[TOKEN];

    hb_random(b, sizeof(b));
    (void)sodium_bin2base64(ret, HB_SHARE_TOKEN_TEXT, b, sizeof(b),
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(b, sizeof(b));
}

int hb_share_token_parse(struct hb_slice text, uint8_t ret[TOKEN])
{
    char again[HB_SHARE_TOKEN_TEXT];
    uint8_t b[TOKEN];
    size_t n = 0;
    int r = -EBADMSG;

    if (text.n != HB_SHARE_TOKEN_TEXT - 1)
        return -EBADMSG;
    if (sodium_base642bin(b, sizeof(b), text.p, text.n, NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
        n == TOKEN) {
        (void)sodium_bin2base64(again, sizeof(again), b, sizeof(b),
                                sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        if (sodium_memcmp(again, text.p, text.n) == 0) {
            memcpy(ret, b, TOKEN);
            r = 0;
        }
    }
    sodium_memzero(b, sizeof(b));
    sodium_memzero(again, sizeof(again));
    return r;
}

int share_token_mac(const struct hb_share_store *s, const char *what,
                    struct hb_slice text, uint8_t ret[SHARE_MAC])
{
    uint8_t raw[TOKEN];
    int r = hb_share_token_parse(text, raw);

    HB_CHECK(s, SHARE_MAGIC);
    if (r < 0)
        return r;
    share_mac(&s->keys, what, raw, sizeof(raw), ret);
    sodium_memzero(raw, sizeof(raw));
    return 0;
}

/* People type what their keyboard gives: "１２３４５６" is a code as well. */
int hb_share_code_parse(struct hb_slice text, char ret[HB_SHARE_CODE_TEXT])
{
    char digits[HB_SHARE_CODE_TEXT] = "";
    size_t n = 0, step;

    if (text.n > 64)
        return -EBADMSG;
    for (size_t at = 0; at < text.n; at += step) {
        uint32_t cp;

        step = hb_utf8_get(text.p + at, text.n - at, &cp);
        if (step == 0)
            return -EBADMSG;
        if (cp == ' ' || cp == 0x3000 || cp == '\t' || cp == '\r' || cp == '\n')
            continue;
        if (cp >= 0xff10 && cp <= 0xff19)
            cp = cp - 0xff10 + '0';
        if (cp < '0' || cp > '9' || n == HB_SHARE_CODE_TEXT - 1)
            return -EBADMSG;
        digits[n++] = (char)cp;
    }
    if (n != HB_SHARE_CODE_TEXT - 1)
        return -EBADMSG;
    memcpy(ret, digits, sizeof(digits));
    return 0;
}
