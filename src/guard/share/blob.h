/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob.h - a file encrypted so that reading can begin anywhere, and nothing
 * can be cut, turned round or exchanged unnoticed.
 *
 *   head      "HBSHARE1", 16 bytes of the file's uid, size (u64, LE): 32
 *   segment   header of a secretstream (24), then up to 4 chunks
 *   chunk     up to 64 KiB of contents and 17 bytes (tag, MAC)
 *
 * File key: BLAKE2b keyed with the share's, over "hinoban-share-file-v1", uid
 * and size.  Key of segment N: BLAKE2b keyed with the file key, over
 * "hinoban-share-part-v1" and N.  A segment is one libsodium secretstream
 * (XChaCha20-Poly1305) of up to 256 KiB; a chunk's additional data is its
 * number in the file.  The last chunk of a file carries TAG_FINAL, the last of
 * another segment TAG_PUSH, all others TAG_MESSAGE.  An empty file is one
 * empty chunk.  doc/decisions/0013 says why.
 */
#ifndef HB_GUARD_SHARE_BLOB_H
#define HB_GUARD_SHARE_BLOB_H

#include "base/base.h"

#define HB_BLOB_HEAD     32u
#define HB_BLOB_CHUNK    (64u << 10)
#define HB_BLOB_CHUNKS   4u /* of a segment */
#define HB_BLOB_SEGMENT  (HB_BLOB_CHUNK * HB_BLOB_CHUNKS)
#define HB_BLOB_KEY      32u
#define HB_BLOB_SIZE_MAX (1ull << 44) /* 16 TiB: far from any overflow */

struct hb_blob; /* a key and a place in one blob; 130 KiB */

/* FD is borrowed; UID is the file's, 36 characters; SIZE of its contents.
 * -EINVAL uid or size, -ENOMEM. */
int hb_blob_new(int fd, const uint8_t share_key[HB_BLOB_KEY], const char *uid,
                uint64_t size, struct hb_blob **ret) HB_WUR;
void hb_blob_free(struct hb_blob *b);
void hb_blob_freep(struct hb_blob **b);

/* What a blob with so many bytes of contents takes on disk, and where segment
 * number N begins. */
uint64_t hb_blob_disk(uint64_t size);
uint64_t hb_blob_offset(uint64_t segment);

/* ---- writing ---- */

/* The head, in an empty file. */
int hb_blob_begin(struct hb_blob *b) HB_WUR;
/* From AT on, a border of segments or SIZE; what stands behind is cut off. */
int hb_blob_write_from(struct hb_blob *b, uint64_t at) HB_WUR;
/* Takes N bytes; chunks go to FD as they fill.  -EFBIG more than SIZE,
 * -ENOSPC: begin again at a border.  An empty file takes one write of 0. */
int hb_blob_write(struct hb_blob *b, const void *p, size_t n) HB_WUR;
/* Bytes taken; and up to which border all of them are handed to FD (SIZE when
 * all were). */
uint64_t hb_blob_at(const struct hb_blob *b);
uint64_t hb_blob_border(const struct hb_blob *b);

/* ---- reading ---- */

/* Checks the head, and the length of FD where WHOLE; reading begins at AT
 * (at most SIZE).  -EBADMSG it is not what was written. */
int hb_blob_read_from(struct hb_blob *b, uint64_t at, bool whole) HB_WUR;
/* Up to N bytes of contents, at least 1; 0 at the end.  -EBADMSG: nothing
 * after it is to be believed, what came before was as written. */
ssize_t hb_blob_read(struct hb_blob *b, void *p, size_t n) HB_WUR;

#endif
