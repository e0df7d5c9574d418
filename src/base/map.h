/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.h - a hash map from bytes to pointer, keys borrowed, SipHash-keyed per
 * map so that foreign keys cannot be made to collide.
 */
#ifndef HB_BASE_MAP_H
#define HB_BASE_MAP_H

#include "base/base.h"

/* SipHash-1-3 of S under KEY, which is drawn at random and kept secret: for
 * tables whose keys come from outside (J.-P. Aumasson, D. J. Bernstein,
 * "SipHash: a fast short-input PRF", 2012). */
uint64_t hb_siphash(const uint64_t key[2], struct hb_slice s);

struct hb_map;

struct hb_map *hb_map_new(void) HB_WUR;
void hb_map_free(struct hb_map *m);
void hb_map_freep(struct hb_map **m);
#define _cleanup_map_ HB_CLEANUP(hb_map_freep)

/* The value or NULL. */
void *hb_map_get(const struct hb_map *m, struct hb_slice key);
/* Sets or replaces; the key's bytes must outlive the entry.  -ENOMEM. */
int hb_map_put(struct hb_map *m, struct hb_slice key, void *value) HB_WUR;
/* Removes and returns the value, NULL where there was none. */
void *hb_map_del(struct hb_map *m, struct hb_slice key);
size_t hb_map_count(const struct hb_map *m);
/* Walks in no order: start with *AT = 0; false at the end.  The map must not
 * change meanwhile. */
bool hb_map_next(const struct hb_map *m, size_t *at, struct hb_slice *ret_key,
                 void **ret_value);

#endif
