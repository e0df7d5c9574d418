/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id.c - UUIDv7 (RFC 9562, 5.7 and 6.2 method 1) and random bytes.
 *
 * Runs in every process.  Within one process identifiers only grow: 12 bits
 * behind the millisecond count up, and a clock that steps back is not
 * followed.  62 bits are from getrandom(2), so that processes do not meet.
 */
#include <pthread.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/num.h"

static const unsigned char dashes[] = {8, 13, 18, 23};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last; /* millisecond << 12 | counter */

static bool is_dash(size_t at);

void hb_id_new(char ret_id[HB_ID_SIZE])
{
    uint64_t now = (uint64_t)(hb_now() / (int64_t)HB_MS) << 12;
    uint8_t raw[16];
    uint64_t stamp;
    char hex[33];
    size_t at = 0;

    hb_random(raw, sizeof(raw));
    /* A random start with the top bit clear: room to count and no guessing
     * how many identifiers were made. */
    now |= (uint64_t)(raw[6] & 7) << 8 | raw[7];
    HB_ASSERT(pthread_mutex_lock(&lock) == 0);
    /* Past the millisecond of the last one: the new start; else count on
     * (an overflow of the counter borrows the next millisecond). */
    last = now >> 12 > last >> 12 ? now : last + 1;
    stamp = last;
    HB_ASSERT(pthread_mutex_unlock(&lock) == 0);
    for (unsigned i = 0; i < 6; i++)
        raw[i] = (uint8_t)(stamp >> (52 - 8 * i));
    raw[6] = (uint8_t)(0x70 | (stamp >> 8 & 15));
    raw[7] = (uint8_t)stamp;
    raw[8] = (uint8_t)(0x80 | (raw[8] & 0x3f));
    hb_hex(raw, sizeof(raw), hex);
    for (const char *c = hex; *c != '\0'; c++) {
        if (is_dash(at))
            ret_id[at++] = '-';
        ret_id[at++] = *c;
    }
    ret_id[at] = '\0';
}

bool hb_id_valid(struct hb_slice s)
{
    if (s.n != HB_ID_SIZE - 1)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (is_dash(i) ? c != '-'
                       : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return s.p[14] == '7' && memchr("89ab", s.p[19], 4) != NULL;
}

void hb_random(void *p, size_t n)
{
    uint8_t *at = p;

    while (n > 0) {
        ssize_t r = getrandom(at, n, 0);

        if (r < 0 && errno == EINTR)
            continue;
        HB_ASSERT(r > 0);
        at += r;
        n -= (size_t)r;
    }
}

static bool is_dash(size_t at)
{
    return memchr(dashes, (int)at, sizeof(dashes)) != NULL;
}
