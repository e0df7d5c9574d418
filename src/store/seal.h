/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal.h - a stream of bytes in a file, encrypted and authenticated in chunks
 * (AES-256-GCM, NIST SP 800-38D; doc/decisions/0006-backup-encryption.md has
 * the layout).  A chunk that was changed, moved, left out or cut off is
 * noticed before any byte of it is handed on.
 */
#ifndef HB_STORE_SEAL_H
#define HB_STORE_SEAL_H

#include "base/err.h"

#define HB_SEAL_KEY_SIZE 32u

struct hb_sealer;
struct hb_unsealer;

/* KEY is 32 random bytes.  FD is borrowed, at its beginning. */
int hb_sealer_new(int fd, const uint8_t key[HB_SEAL_KEY_SIZE],
                  struct hb_sealer **ret) HB_WUR;
void hb_sealer_free(struct hb_sealer *s);
int hb_sealer_write(struct hb_sealer *s, const void *p, size_t n) HB_WUR;
/* The last chunk; without it the file does not open. */
int hb_sealer_end(struct hb_sealer *s) HB_WUR;

/* -EBADMSG no such file of ours, -EPROTO of a newer version, -EKEYREJECTED
 * sealed with another key. */
int hb_unsealer_new(int fd, const uint8_t key[HB_SEAL_KEY_SIZE],
                    struct hb_unsealer **ret) HB_WUR;
void hb_unsealer_free(struct hb_unsealer *u);
/* Exactly N bytes; -EBADMSG where the file was changed or ends early. */
int hb_unsealer_read(struct hb_unsealer *u, void *p, size_t n) HB_WUR;
/* 0 where all was read and the file ends as it was ended. */
int hb_unsealer_end(struct hb_unsealer *u) HB_WUR;

/* Keys are one line of 64 hex digits in a file of mode 0600.  Making one
 * never overwrites (-EEXIST); one that others can read is refused. */
int hb_seal_key_make(const char *path, struct hb_err *err) HB_WUR;
int hb_seal_key_load(const char *path, uint8_t ret[HB_SEAL_KEY_SIZE],
                     struct hb_err *err) HB_WUR;

#endif
