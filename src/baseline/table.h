/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - inside baseline/: the table as bytes (doc/baseline-format.md).
 * Nothing here looks at a signature.
 */
#ifndef HB_BASELINE_TABLE_H
#define HB_BASELINE_TABLE_H

#include "base/arena.h"
#include "baseline/baseline.h"

#define HB_TABLE_MAX      (2ull << 30) /* one table, bytes */
#define HB_TABLE_MAX_XATT (256u << 10) /* attributes of one entry, bytes */
#define HB_SITE_SIZE      64u
#define HB_BASE_NAME_SIZE 40u

struct hb_table_head {
    const char *site;
    uint64_t number;
    int64_t created;
};

/* Memory for a table of N bytes, writable until it is adopted. */
void *hb_table_alloc(size_t n) HB_WUR;
void hb_table_free(void *map, size_t n);

/* Makes the bytes of N entries, sorted by path; index is not looked at.
 * *RET is hb_table_alloc()ed. */
int hb_table_make(const struct hb_table_head *head,
                  struct hb_base_entry *const *entries, size_t n, void **ret,
                  size_t *ret_n) HB_WUR;
/* Validates the layout and takes MAP over (makes it read only); on failure it
 * is freed too.  *RET's digest is that of the bytes. */
int hb_table_adopt(void *map, size_t n, struct hb_baseline **ret,
                   struct hb_err *err) HB_WUR;
/* A copy of BYTES, adopted: what fuzzing calls. */
int hb_table_parse(struct hb_slice bytes, struct hb_baseline **ret,
                   struct hb_err *err) HB_WUR;
/* The bytes. */
struct hb_slice hb_table_bytes(const struct hb_baseline *b);
/* A manifest signs its text, not the bytes. */
void hb_table_set_digest(struct hb_baseline *b,
                         const uint8_t digest[HB_SHA256_SIZE]);

/* memcmp's order of two paths, the shorter first where one begins with the
 * other. */
int hb_path_order(struct hb_slice a, struct hb_slice b);
/* Sorts by path. */
void hb_table_sort(struct hb_base_entry **v, size_t n);
/* True for a path that an entry may have ("" not among them). */
bool hb_table_path_ok(struct hb_slice path);
/* True for a name that a site may have. */
bool hb_site_ok(const char *site);

/* Reads NUMBER's table of DIRFD without looking at a signature: for what root
 * itself has just built, and for prune. */
int hb_table_load(int dirfd, uint64_t number, struct hb_baseline **ret,
                  struct hb_err *err) HB_WUR;
/* "0000000012.base" */
void hb_base_name(uint64_t number, const char *suffix,
                  char ret[HB_BASE_NAME_SIZE]);
/* Every number in the directory (of any suffix), growing, in A. */
int hb_base_numbers(int dirfd, struct hb_arena *a, uint64_t **ret,
                    size_t *ret_n) HB_WUR;
/* Signs B's digest, durable. */
int hb_base_sign(int dirfd, const struct hb_baseline *b,
                 const struct hb_key *key) HB_WUR;
/* Points FILE ("current", "next") to NUMBER, durable. */
int hb_base_point(int dirfd, const char *file, uint64_t number) HB_WUR;

/* The attributes that count, encoded as in an entry: user.*,
 * security.capability, system.posix_acl_*.  FD may be O_PATH.  Returns 1
 * where a value could not be read for want of permission, its length then
 * being UINT32_MAX without a value. */
int hb_xattrs_read(int fd, struct hb_buf *ret) HB_WUR;
/* Parses one from AT on; false at the end. */
bool hb_xattr_next(struct hb_slice all, size_t *at, struct hb_slice *ret_name,
                   struct hb_slice *ret_value, bool *ret_unread);

#endif
