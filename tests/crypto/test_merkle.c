/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_merkle.c - the tree against the published roots of RFC 6962's test
 * data (the same tree), and every way to lie about a place.
 */
#include "crypto/merkle.h"

#include "base/num.h"
#include "tap.h"

/* The entries and roots that the implementations of RFC 6962 share. */
static const struct {
    const char *entry, *root;
} known[] = {
    {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"2021",
     "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"3031",
     "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"40414243",
     "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"5051525354555657",
     "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"606162636465666768696a6b6c6d6e6f",
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static void leaf(const void *p, size_t n, hb_merkle_hash ret)
{
    assert_int_equal(hb_merkle_leaf((struct hb_slice){p, n}, ret), 0);
}

static void test_known_roots(void **state)
{
    hb_merkle_hash leaves[HB_ARRAY_LEN(known)], root;
    uint8_t bytes[32];
    char hex[65];

    for (size_t i = 0; i < HB_ARRAY_LEN(known); i++) {
        size_t n = strlen(known[i].entry) / 2;

        assert_int_equal(hb_unhex(hb_slice_z(known[i].entry), bytes, n), 0);
        leaf(bytes, n, leaves[i]);
        hb_merkle_root(leaves, i + 1, root);
        hb_hex(root, sizeof(root), hex);
        assert_string_equal(hex, known[i].root);
    }
}

static void test_each_place_of_each_length(void **state)
{
    static hb_merkle_hash leaves[70];
    hb_merkle_hash root, path[HB_MERKLE_PATH_MAX];

    for (uint8_t i = 0; i < HB_ARRAY_LEN(leaves); i++)
        leaf(&i, 1, leaves[i]);
    for (size_t n = 1; n <= HB_ARRAY_LEN(leaves); n++) {
        hb_merkle_root(leaves, n, root);
        for (size_t at = 0; at < n; at++) {
            size_t k = hb_merkle_path(leaves, n, at, path);

            assert_true(hb_merkle_holds(leaves[at], at, n, path, k, root));
            /* Another place, another entry, another length. */
            for (size_t b = 0; b < n; b++)
                assert_int_equal(
                    hb_merkle_holds(leaves[at], b, n, path, k, root), b == at);
            assert_false(
                hb_merkle_holds(leaves[(at + 1) % 70], at, n, path, k, root));
            assert_false(
                hb_merkle_holds(leaves[at], at, n * 2 + 1, path, k, root));
            /* A path that is cut, or bent. */
            if (k > 0) {
                assert_false(
                    hb_merkle_holds(leaves[at], at, n, path, k - 1, root));
                path[k / 2][5] ^= 1;
                assert_false(hb_merkle_holds(leaves[at], at, n, path, k, root));
            }
        }
    }
}

static void test_wrong_input(void **state)
{
    static char large[HB_MERKLE_ENTRY_MAX + 1];
    hb_merkle_hash h, path[HB_MERKLE_PATH_MAX] = {{0}};

    assert_int_equal(hb_merkle_leaf((struct hb_slice){large, sizeof(large)}, h),
                     -EMSGSIZE);
    leaf(large, HB_MERKLE_ENTRY_MAX, h);
    assert_false(hb_merkle_holds(h, 0, 0, path, 0, h));
    assert_false(hb_merkle_holds(h, 1, 1, path, 0, h));
    assert_true(hb_merkle_holds(h, 0, 1, path, 0, h));
    assert_false(hb_merkle_holds(h, 0, 2, path, HB_MERKLE_PATH_MAX + 1, h));
    assert_false(hb_merkle_holds(h, 0, HB_MERKLE_MAX + 1, path, 0, h));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_roots),
        cmocka_unit_test(test_each_place_of_each_length),
        cmocka_unit_test(test_wrong_input),
    };
    return hb_tap_run("crypto/merkle", tests);
}
