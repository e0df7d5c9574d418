/* SPDX-License-Identifier: Apache-2.0 */
/*
 * num.h - numbers, sizes, durations and hex out of text, without surprises:
 * the whole slice must be the number, overflow is -ERANGE, else -EINVAL.
 */
#ifndef HB_BASE_NUM_H
#define HB_BASE_NUM_H

#include "base/base.h"

int hb_parse_u64(struct hb_slice s, uint64_t *ret) HB_WUR;
int hb_parse_i64(struct hb_slice s, int64_t *ret) HB_WUR;
/* "20", "20k", "64m", "2g" (powers of 1024) in bytes. */
int hb_parse_size(struct hb_slice s, uint64_t *ret) HB_WUR;
/* "500ms", "10s", "5m", "24h", "30d" in nanoseconds. */
int hb_parse_duration(struct hb_slice s, uint64_t *ret) HB_WUR;

/* 0..15 of one hex digit, whichever its case; -1 where it is none. */
int hb_hex_digit(char c);
/* 0..255 of two of them at P; -1 where they are none, and then what follows
 * the first bad one is not read. */
int hb_hex_byte(const char *p);
/* Lower-case hex with terminator; DST holds 2*n+1. */
void hb_hex(const void *p, size_t n, char *dst);
/* Exactly 2*n hex digits into N bytes. */
int hb_unhex(struct hb_slice s, void *dst, size_t n) HB_WUR;

/* Copies a terminated string, cutting where DST ends (never inside a UTF-8
 * character).  Returns false when it was cut. */
bool hb_copyz(char *dst, size_t size, const char *src);

/* True where the N bytes are valid UTF-8 (RFC 3629: no surrogates, no
 * overlong forms). */
bool hb_utf8_valid(const char *p, size_t n);
/* Bytes of the character that begins at P (1..4), 0 where it is malformed or
 * the N bytes end inside it. */
size_t hb_utf8_step(const char *p, size_t n);
/* The largest length <= N at which a text may be cut without splitting a
 * character. */
size_t hb_utf8_cut(const char *p, size_t n);

#endif
