/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mime.c - see mime.h.
 */
#include "base/mime.h"

#include "base/num.h"

#define LINE 76u

static size_t soft_break(struct hb_slice s, size_t i);

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void hb_base64_encode(struct hb_buf *b, const void *from, size_t n)
{
    const uint8_t *p = from;

    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16;
        char out[4];

        if (i + 1 < n)
            v |= (uint32_t)p[i + 1] << 8;
        if (i + 2 < n)
            v |= p[i + 2];
        out[0] = digits[v >> 18];
        out[1] = digits[v >> 12 & 63];
        out[2] = i + 1 < n ? digits[v >> 6 & 63] : '=';
        out[3] = i + 2 < n ? digits[v & 63] : '=';
        hb_buf_add(b, out, sizeof(out));
    }
}

int hb_base64_decode(struct hb_buf *b, struct hb_slice s)
{
    uint32_t v = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < s.n && s.p[i] != '='; i++) {
        const char *d = s.p[i] != '\0' ? strchr(digits, s.p[i]) : NULL;

        if (d == NULL) {
            if (s.p[i] != '\0' && strchr(" \t\r\n", s.p[i]) != NULL)
                continue;
            return -EBADMSG;
        }
        v = (v << 6 | (uint32_t)(d - digits)) & 0xffffffu;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            hb_buf_addc(b, (char)(v >> bits & 0xffu));
        }
    }
    return hb_buf_err(b);
}

bool hb_base64_is(char c)
{
    return c == '=' || (c != '\0' && strchr(digits, c) != NULL);
}

void hb_qp_encode(struct hb_buf *b, struct hb_slice text)
{
    size_t column = 0;

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool end = i + 1 == text.n || text.p[i + 1] == '\n';
        /* A blank at the end of a line is what relays take away. */
        bool plain = (c > ' ' && c < 0x7f && c != '=') ||
                     ((c == ' ' || c == '\t') && !end);

        if (c == '\n') {
            hb_buf_addz(b, "\r\n");
            column = 0;
            continue;
        }
        if (column + (plain ? 1 : 3) > LINE - 1) {
            hb_buf_addz(b, "=\r\n");
            column = 0;
        }
        if (plain)
            hb_buf_addc(b, (char)c);
        else
            hb_buf_addf(b, "=%02X", c);
        column += plain ? 1 : 3;
    }
}

void hb_qp_decode(struct hb_buf *b, struct hb_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        size_t skip = s.p[i] == '=' ? soft_break(s, i + 1) : 0;
        int code = s.p[i] == '=' && s.n - i > 2 ? hb_hex_byte(s.p + i + 1) : -1;

        if (skip > 0) {
            i += skip;
        } else if (code >= 0) {
            hb_buf_addc(b, (char)code);
            i += 2;
        } else {
            hb_buf_addc(b, s.p[i]);
        }
    }
}

/* How many bytes from I on are blanks and the end of a line; 0 where
 * something else stands there. */
static size_t soft_break(struct hb_slice s, size_t i)
{
    size_t at = i;

    while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t' || s.p[at] == '\r'))
        at++;
    return at < s.n && s.p[at] == '\n' ? at - i + 1 : 0;
}

bool hb_mail_address_ok(const char *z)
{
    const char *at = strchr(z, '@');

    for (const char *c = z; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~' || strchr("<>,;:\"\\()[]", *c) != NULL)
            return false;
    return at != NULL && at > z && at[1] != '\0' && strlen(z) < 255;
}
