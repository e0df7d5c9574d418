/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dirs.h - from the handle of a directory, as events carry it, to a site and
 * a path below its root; and the set of handles of a site's files.
 *
 * Events of a whole file system mostly come from elsewhere: "not ours" is
 * remembered as well, in a budget of its own, so that a flood elsewhere can
 * neither grow the cache nor push out what is ours.
 */
#ifndef HB_SENSE_FILES_DIRS_H
#define HB_SENSE_FILES_DIRS_H

#include "sense/files/fan.h"

struct hb_dirs;

/* One directory.  SITE is 0 where it belongs to none. */
struct hb_dir_at {
    uint32_t site;
    const char *path; /* relative, "" the root; cache's memory, valid
                         until the next call */
    size_t path_n;
};

/* Budgets in entries; 0: defaults (65,536 ours, 16,384 others). */
struct hb_dirs *hb_dirs_new(size_t ours, size_t others) HB_WUR;
void hb_dirs_free(struct hb_dirs *d);

/* True and *RET where the handle is known. */
bool hb_dirs_get(struct hb_dirs *d, const struct hb_fan_handle *h,
                 struct hb_dir_at *ret);
/* Remembers it (SITE 0: not ours).  PINNED entries are never pushed out: for
 * handles that cannot be opened again.  -ENOMEM, -ENOSPC (all pinned). */
int hb_dirs_put(struct hb_dirs *d, const struct hb_fan_handle *h, uint32_t site,
                struct hb_slice path, bool pinned) HB_WUR;
/* A directory moved: what is not pinned is forgotten. */
void hb_dirs_flush(struct hb_dirs *d);
/* Pinned entries below PATH of SITE are forgotten too (path "" all). */
void hb_dirs_forget(struct hb_dirs *d, uint32_t site, struct hb_slice path);
size_t hb_dirs_count(const struct hb_dirs *d);
size_t hb_dirs_memory(const struct hb_dirs *d);

/* Handles of files of any site, as a set of keyed 64 bit hashes: tells a
 * write through a hard link outside.  A false hit costs one look. */
int hb_dirs_file_add(struct hb_dirs *d, const struct hb_fan_handle *h);
bool hb_dirs_file_has(const struct hb_dirs *d, const struct hb_fan_handle *h);
size_t hb_dirs_file_count(const struct hb_dirs *d);
void hb_dirs_file_reset(struct hb_dirs *d);
/* The keyed hash itself, never 0. */
uint64_t hb_dirs_hash(const struct hb_dirs *d, const struct hb_fan_handle *h);

#endif
