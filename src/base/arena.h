/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - memory that lives as long as one event, request or configuration
 * load, and is freed at once.  Not thread safe.
 */
#ifndef HB_BASE_ARENA_H
#define HB_BASE_ARENA_H

#include <stdarg.h>

#include "base/base.h"

struct hb_arena;

/* A new arena with a ceiling in bytes (0: HB_MAX_ARENA); NULL without
 * memory. */
struct hb_arena *hb_arena_new(size_t ceiling) HB_WUR;
/* The same in pages of its own, at least 64 KiB at a time: for what is large
 * and lives long beside others, so that it leaves no holes in the heap. */
struct hb_arena *hb_arena_new_paged(size_t ceiling) HB_WUR;
void hb_arena_free(struct hb_arena *a);
void hb_arena_freep(struct hb_arena **a);
#define _cleanup_arena_ HB_CLEANUP(hb_arena_freep)

/* Forgets all contents but keeps one chunk for reuse: the largest one of at
 * most as many bytes as were said to be kept, else of the size of a first. */
void hb_arena_reset(struct hb_arena *a);
void hb_arena_keep(struct hb_arena *a, size_t bytes);
size_t hb_arena_used(const struct hb_arena *a);

/* Zeroed, aligned for any type; NULL where memory or the ceiling ends. */
void *hb_arena_alloc(struct hb_arena *a, size_t n) HB_WUR;
void *hb_arena_calloc(struct hb_arena *a, size_t count, size_t size) HB_WUR;

/* A terminated copy of the N bytes at P. */
char *hb_arena_dup(struct hb_arena *a, const char *p, size_t n) HB_WUR;
char *hb_arena_strdup(struct hb_arena *a, const char *z) HB_WUR;
char *hb_arena_printf(struct hb_arena *a, const char *fmt, ...)
    HB_PRINTF(2, 3) HB_WUR;

#define HB_NEW(a, type)      ((type *)hb_arena_alloc((a), sizeof(type)))
#define HB_NEW_N(a, type, n) ((type *)hb_arena_calloc((a), (n), sizeof(type)))

#endif
