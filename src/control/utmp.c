/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utmp.c - who logged in, from wtmp and lastlog (utmp(5) of 64-bit Linux).
 *
 * Runs in check.  Programs of many kinds write these files and an intruder
 * may cut or fill them: records are read by offset through a bounded cursor,
 * texts end at their field.
 */
#include "control/check.h"

#include "base/clock.h"
#include "base/cur.h"

#define RECORD       384u
#define LASTLOG      292u
#define USER_PROCESS 7u

static void text(struct hb_slice s, char *dst, size_t size);

size_t hb_utmp_read(struct hb_slice data, int64_t since, int64_t until,
                    size_t max, struct hb_login *ret)
{
    size_t n = 0;

    for (size_t at = 0; max > 0 && at + RECORD <= data.n; at += RECORD) {
        struct hb_cur c;
        struct hb_login l;
        uint16_t type;

        hb_cur_init(&c, data.p + at, RECORD);
        type = hb_cur_u16(&c);
        (void)hb_cur_take(&c, 6); /* padding, process */
        text(hb_cur_take(&c, 32), l.line, sizeof(l.line));
        (void)hb_cur_take(&c, 4);
        text(hb_cur_take(&c, 32), l.user, sizeof(l.user));
        text(hb_cur_take(&c, 256), l.host, sizeof(l.host));
        (void)hb_cur_take(&c, 8); /* exit, session */
        l.at = (int64_t)hb_cur_u32(&c) * (int64_t)HB_S;
        if (type != USER_PROCESS || l.user[0] == '\0' || l.at < since ||
            l.at > until)
            continue;
        if (n == max) {
            memmove(ret, ret + 1, (max - 1) * sizeof(*ret));
            n--;
        }
        ret[n++] = l;
    }
    return n;
}

int64_t hb_lastlog(struct hb_slice data, uint32_t uid)
{
    uint64_t at = (uint64_t)uid * LASTLOG;
    struct hb_cur c;

    if (at + LASTLOG > data.n)
        return 0;
    hb_cur_init(&c, data.p + at, LASTLOG);
    return (int64_t)hb_cur_u32(&c) * (int64_t)HB_S;
}

/* Printable, and ended. */
static void text(struct hb_slice s, char *dst, size_t size)
{
    size_t n = 0;

    for (; n < s.n && n + 1 < size && s.p[n] != '\0'; n++)
        dst[n] = (unsigned char)s.p[n] >= ' ' && s.p[n] <= '~' ? s.p[n] : '?';
    dst[n] = '\0';
}
