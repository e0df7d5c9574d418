/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.h - a baseline as text, for build hosts that sign a release before
 * it reaches the server.
 *
 *     hinoban-manifest 1
 *     site example
 *     number 12
 *     owner 33:33
 *     created 2026-11-22T21:41:05.000Z
 *     expires 2026-11-23T21:41:05.000Z
 *
 *     -  0755  0  0  css
 *     <64 hex digits of SHA-256>  0644  2113  1795383665  css/site.css
 *     >site.css  0777  0  1795383665  css/old.css
 *
 * One line an entry: content ("-" directory, ">TARGET" symbolic link), mode in
 * octal, size, time of modification in seconds, path ("." for the root);
 * sorted bytewise by path.  Bytes below 0x21 in targets, below 0x20 in paths,
 * 0x7f and "%" are written as %XX.  The signature (domain "manifest") is 64
 * bytes in a file beside it.  A manifest knows no extended attributes.
 *
 * The text is parsed only after its signature held, and strictly all the
 * same: one way to write each thing.
 */
#ifndef HB_BASELINE_MANIFEST_H
#define HB_BASELINE_MANIFEST_H

#include "baseline/baseline.h"

#define HB_MAX_MANIFEST (256u << 20)

struct hb_manifest_head {
    char site[64];
    uint64_t number;
    uint32_t uid, gid;
    int64_t created, expires; /* ns, whole milliseconds */
};

/* Writes TREE (a directory path) as a manifest with HEAD to TEXT (its ceiling
 * should be HB_MAX_MANIFEST).  Files with extended attributes are an error:
 * this form cannot carry them. */
int hb_manifest_write(const char *tree, const struct hb_manifest_head *head,
                      const char *const *ignore, size_t n_ignore,
                      struct hb_buf *text, struct hb_err *err) HB_WUR;
int hb_manifest_sign(const struct hb_key *key, struct hb_slice text,
                     uint8_t ret[HB_SIG_SIZE]) HB_WUR;
/* Signature, form, site (NULL: any) and expiry at NOW (0: not looked at);
 * RET is the baseline that it describes.  -EKEYREJECTED, -ETIME, -EBADMSG. */
int hb_manifest_verify(struct hb_slice text, const uint8_t sig[HB_SIG_SIZE],
                       const struct hb_pub *pub, const char *site, int64_t now,
                       struct hb_baseline **ret, struct hb_err *err) HB_WUR;
/* The same without a signature: for fuzzing and for showing. */
int hb_manifest_parse(struct hb_slice text, struct hb_manifest_head *ret_head,
                      struct hb_baseline **ret, struct hb_err *err) HB_WUR;

/* Paths as text, one way only: %XX for what is below FROM (0x20 or 0x21),
 * 0x7f and "%". */
void hb_path_escape(struct hb_buf *b, struct hb_slice path, uint8_t from);
/* Back; -EBADMSG for what hb_path_escape() would not have written. */
int hb_path_unescape(struct hb_slice text, struct hb_buf *ret,
                     uint8_t from) HB_WUR;

#endif
