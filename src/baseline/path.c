/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.c - paths as text that one line holds: %XX for control characters,
 * 0x7f and "%" itself (and, in targets of links, the space).
 *
 * Names come from attackers: a newline in one must not become a second line
 * of a manifest, a list or a message.  There is one way to write each path,
 * so that the same tree gives the same text, and nothing else is read back.
 */
#include "baseline/manifest.h"

static bool plain(uint8_t c, uint8_t from);
static int digit(char c);

void hb_path_escape(struct hb_buf *b, struct hb_slice path, uint8_t from)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t run = 0;

    for (size_t i = 0; i < path.n; i++) {
        uint8_t c = (uint8_t)path.p[i];

        if (plain(c, from)) {
            run++;
            continue;
        }
        hb_buf_add(b, path.p + i - run, run);
        run = 0;
        hb_buf_addc(b, '%');
        hb_buf_addc(b, digits[c >> 4]);
        hb_buf_addc(b, digits[c & 15]);
    }
    if (run > 0)
        hb_buf_add(b, path.p + path.n - run, run);
}

int hb_path_unescape(struct hb_slice text, struct hb_buf *ret, uint8_t from)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = (uint8_t)text.p[i];
        int high, low;

        if (plain(c, from)) {
            hb_buf_addc(ret, (char)c);
            continue;
        }
        if (c != '%' || text.n - i < 3)
            return -EBADMSG;
        high = digit(text.p[i + 1]);
        low = digit(text.p[i + 2]);
        if (high < 0 || low < 0)
            return -EBADMSG;
        c = (uint8_t)(high << 4 | low);
        /* No path holds a NUL, and what is plain is never escaped. */
        if (c == 0 || plain(c, from))
            return -EBADMSG;
        hb_buf_addc(ret, (char)c);
        i += 2;
    }
    return hb_buf_err(ret);
}

static bool plain(uint8_t c, uint8_t from)
{
    return c >= from && c != 0x7f && c != '%';
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}
