/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merkle.c - see merkle.h.  The list is split at the greatest power of two
 * below its length, as RFC 9162 says, so that no entry is counted twice.
 */
#include "crypto/merkle.h"

static void node(const hb_merkle_hash left, const hb_merkle_hash right,
                 hb_merkle_hash ret);
static size_t split(size_t n);

int hb_merkle_leaf(struct hb_slice entry, hb_merkle_hash ret)
{
    uint8_t bytes[1 + HB_MERKLE_ENTRY_MAX] = {0};

    if (entry.n > HB_MERKLE_ENTRY_MAX)
        return -EMSGSIZE;
    memcpy(bytes + 1, entry.p, entry.n);
    hb_sha256(bytes, 1 + entry.n, ret);
    return 0;
}

void hb_merkle_root(const hb_merkle_hash *leaves, size_t n, hb_merkle_hash ret)
{
    hb_merkle_hash left, right;
    size_t k;

    if (n == 1) {
        memcpy(ret, leaves[0], HB_SHA256_SIZE);
        return;
    }
    k = split(n);
    hb_merkle_root(leaves, k, left);
    hb_merkle_root(leaves + k, n - k, right);
    node(left, right, ret);
}

size_t hb_merkle_path(const hb_merkle_hash *leaves, size_t n, size_t at,
                      hb_merkle_hash ret[HB_MERKLE_PATH_MAX])
{
    size_t k, deeper;

    if (n <= 1)
        return 0;
    k = split(n);
    if (at < k) {
        deeper = hb_merkle_path(leaves, k, at, ret);
        hb_merkle_root(leaves + k, n - k, ret[deeper]);
    } else {
        deeper = hb_merkle_path(leaves + k, n - k, at - k, ret);
        hb_merkle_root(leaves, k, ret[deeper]);
    }
    return deeper + 1;
}

/* RFC 9162, 2.1.3.2: from the leaf to the root, without the tree. */
bool hb_merkle_holds(const hb_merkle_hash leaf, size_t at, size_t n,
                     const hb_merkle_hash *path, size_t path_n,
                     const hb_merkle_hash root)
{
    hb_merkle_hash h;
    size_t last = n - 1;

    if (at >= n || n > HB_MERKLE_MAX || path_n > HB_MERKLE_PATH_MAX)
        return false;
    memcpy(h, leaf, HB_SHA256_SIZE);
    for (size_t i = 0; i < path_n; i++) {
        if (last == 0)
            return false;
        if ((at & 1) != 0 || at == last) {
            node(path[i], h, h);
            while ((at & 1) == 0 && at != 0) {
                at >>= 1;
                last >>= 1;
            }
        } else {
            node(h, path[i], h);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && memcmp(h, root, HB_SHA256_SIZE) == 0;
}

static void node(const hb_merkle_hash left, const hb_merkle_hash right,
                 hb_merkle_hash ret)
{
    uint8_t both[1 + 2 * HB_SHA256_SIZE] = {1};

    memcpy(both + 1, left, HB_SHA256_SIZE);
    memcpy(both + 1 + HB_SHA256_SIZE, right, HB_SHA256_SIZE);
    hb_sha256(both, sizeof(both), ret);
}

/* The greatest power of two below N, which is 2 or more. */
static size_t split(size_t n)
{
    size_t k = 1;

    while (k * 2 < n)
        k *= 2;
    return k;
}
