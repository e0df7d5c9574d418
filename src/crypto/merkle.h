/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merkle.h - the hash tree of RFC 9162, 2.1: one hash that binds a list, and a
 * short path by which one entry is proven to stand at its place in it.
 *
 * A leaf and an inner node are hashed with different first bytes, so that
 * neither passes for the other.
 */
#ifndef HB_CRYPTO_MERKLE_H
#define HB_CRYPTO_MERKLE_H

#include "crypto/crypto.h"

/* Hashes of a path at most: lists of up to 2^20 entries. */
#define HB_MERKLE_PATH_MAX  20u
#define HB_MERKLE_MAX       (1u << HB_MERKLE_PATH_MAX)
#define HB_MERKLE_ENTRY_MAX 1024u

typedef uint8_t hb_merkle_hash[HB_SHA256_SIZE];

/* The hash of one entry, its bytes in ENTRY; -EMSGSIZE. */
int hb_merkle_leaf(struct hb_slice entry, hb_merkle_hash ret) HB_WUR;
/* Of N leaves, 1 to HB_MERKLE_MAX. */
void hb_merkle_root(const hb_merkle_hash *leaves, size_t n, hb_merkle_hash ret);
/* The path of leaf AT below N, the hashes nearest to the leaf first; returns
 * how many. */
size_t hb_merkle_path(const hb_merkle_hash *leaves, size_t n, size_t at,
                      hb_merkle_hash ret[HB_MERKLE_PATH_MAX]);
/* Whether LEAF stands at AT of the N entries that ROOT binds. */
bool hb_merkle_holds(const hb_merkle_hash leaf, size_t at, size_t n,
                     const hb_merkle_hash *path, size_t path_n,
                     const hb_merkle_hash root);

#endif
