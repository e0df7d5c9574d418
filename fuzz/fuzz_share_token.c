/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_share_token.c - links, nonces, grants, codes and addresses as
 * strangers write them.  What is taken has one form, and is taken again.
 */
#include "guard/share/address.h"
#include "guard/share/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void address(struct hb_slice s)
{
    char key[HB_SHARE_ADDRESS], mail[HB_SHARE_ADDRESS];
    char again[HB_SHARE_ADDRESS];

    if (hb_share_address(s, key, mail) < 0)
        return;
    for (const char *c = mail; *c != '\0'; c++)
        HB_ASSERT(*c > 0x20 && *c < 0x7f && *c != ',' && *c != '<');
    HB_ASSERT(strlen(key) == strlen(mail));
    HB_ASSERT(hb_share_address(hb_slice_z(mail), again, NULL) == 0);
    HB_ASSERT(hb_streq(again, key));
    HB_ASSERT(hb_share_address(hb_slice_z(key), again, mail) == 0);
    HB_ASSERT(hb_streq(again, key) && hb_streq(mail, key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice s = hb_slice((const char *)data, size);
    char digits[HB_SHARE_CODE_TEXT];
    uint8_t raw[32], back[32];

    if (hb_share_token_parse(s, raw) == 0) {
        char other[HB_SHARE_TOKEN_TEXT];

        HB_ASSERT(size == HB_SHARE_TOKEN_TEXT - 1);
        /* Each other text is none, or another value. */
        memcpy(other, s.p, size);
        other[raw[0] % size] ^= 1;
        if (hb_share_token_parse(hb_slice(other, size), back) == 0)
            HB_ASSERT(memcmp(raw, back, sizeof(raw)) != 0);
    }
    if (hb_share_code_parse(s, digits) == 0) {
        HB_ASSERT(strlen(digits) == 6 && strspn(digits, "0123456789") == 6);
        HB_ASSERT(hb_share_code_parse(hb_slice_z(digits), digits) == 0);
    }
    address(s);
    return 0;
}
