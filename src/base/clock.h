/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - time.  Stored in UTC with a monotonic stamp, shown in the
 * organisation's zone; legal clocks always in JST (OPERATIONS: Time).
 */
#ifndef HB_BASE_CLOCK_H
#define HB_BASE_CLOCK_H

#include "base/base.h"

#define HB_MS 1000000ull
#define HB_S  1000000000ull

/* Nanoseconds since 1970 (UTC).  Tests may shift it with hb_clock_shift(). */
int64_t hb_now(void);
/* Nanoseconds of CLOCK_BOOTTIME: never steps, counts suspended time. */
uint64_t hb_mono(void);
/* CLOCK_MONOTONIC_RAW for measuring. */
uint64_t hb_tick(void);
/* Adds NS to what hb_now() returns from now on (tests and drills). */
void hb_clock_shift(int64_t ns);

/* "2026-11-22T21:41:05.123Z"; BUF of at least 32 bytes. */
const char *hb_time_utc(int64_t ns, char *buf, size_t size);
/* "2026-11-23 06:41:05 JST" in zone MINUTES east of UTC named NAME. */
const char *hb_time_zone(int64_t ns, int minutes, const char *name, char *buf,
                         size_t size);
/* RFC 3339 into nanoseconds. */
int hb_time_parse(struct hb_slice s, int64_t *ret) HB_WUR;

#endif
