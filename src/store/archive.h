/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive.h - files in a row, as they stand inside a backup.
 *
 *   meta: u8 1, u32 length, JSON          once, first
 *   file: u8 2, u16 length, name, u32 mode, u64 size, bytes
 *   end:  u8 3, u64 number of files       once, last
 *
 * Little endian.  A name is relative, without "", "." or ".." parts.
 */
#ifndef HB_STORE_ARCHIVE_H
#define HB_STORE_ARCHIVE_H

#include "base/base.h"

#define HB_ARCHIVE_META_MAX 4096u
#define HB_ARCHIVE_NAME_MAX 1024u

enum hb_archive_kind {
    HB_ARCHIVE_META = 1,
    HB_ARCHIVE_FILE = 2,
    HB_ARCHIVE_END = 3
};

struct hb_archive_entry {
    enum hb_archive_kind kind;
    char name[HB_ARCHIVE_NAME_MAX + 1];
    uint32_t mode; /* permission bits only */
    uint64_t size; /* META, FILE: bytes that follow */
};

typedef int hb_archive_write_fn(void *arg, const void *p, size_t n);
typedef int hb_archive_read_fn(void *arg, void *p, size_t n); /* all of N */

struct hb_archive_reader {
    hb_archive_read_fn *read;
    void *arg;
    uint64_t left; /* bytes of the entry that were not read yet */
    uint64_t files;
    bool started, ended;
};

int hb_archive_meta(hb_archive_write_fn *write, void *arg,
                    struct hb_slice json) HB_WUR;
/* The SIZE bytes of the file follow by WRITE itself. */
int hb_archive_file(hb_archive_write_fn *write, void *arg, const char *name,
                    uint32_t mode, uint64_t size) HB_WUR;
int hb_archive_end(hb_archive_write_fn *write, void *arg,
                   uint64_t files) HB_WUR;

/* The next entry; what was not read of the one before is passed over.
 * -EBADMSG for anything out of form or order. */
int hb_archive_next(struct hb_archive_reader *r,
                    struct hb_archive_entry *ret) HB_WUR;
/* Up to N bytes of the entry; 0 at its end. */
ssize_t hb_archive_read(struct hb_archive_reader *r, void *p, size_t n) HB_WUR;

bool hb_archive_name_good(const char *name);

#endif
