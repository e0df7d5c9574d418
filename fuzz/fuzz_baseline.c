/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_baseline.c - the table of a baseline, past the signature that guards
 * it: whatever is accepted is read in bounds everywhere, every entry is found
 * under its own path, and making it again gives a table that says the same.
 */
#include "baseline/publish.h"
#include "baseline/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const struct hb_baseline *b)
{
    uint32_t n = hb_baseline_count(b);
    struct hb_slice last = {NULL, 0};
    volatile uint8_t sum = 0;

    for (uint32_t i = 0; i < n; i++) {
        struct hb_slice name, value;
        struct hb_base_entry e, f;
        size_t at = 0;
        bool unread;
        uint32_t first, below;

        HB_ASSERT(hb_baseline_get(b, i, &e) == 0);
        HB_ASSERT(e.index == i && e.mode <= 07777);
        HB_ASSERT(i == 0 ? e.path.n == 0 : hb_table_path_ok(e.path));
        HB_ASSERT(i == 0 || hb_path_order(last, e.path) < 0);
        HB_ASSERT(hb_baseline_find(b, e.path, &f) == 0 && f.index == i);
        for (size_t k = 0; k < e.target.n; k++)
            sum = (uint8_t)(sum + (uint8_t)e.target.p[k]);
        for (size_t k = 0; k < HB_SHA256_SIZE; k++)
            sum = (uint8_t)(sum + e.sha256[k]);
        while (hb_xattr_next(e.xattrs, &at, &name, &value, &unread))
            HB_ASSERT(!unread && name.n > 0);
        HB_ASSERT(at == e.xattrs.n);
        below = hb_baseline_below(b, e.path, &first);
        HB_ASSERT(below == 0 || e.type == HB_BT_DIR);
        HB_ASSERT(first <= n && below <= n - first);
        last = e.path;
    }
}

static void make_again(const struct hb_baseline *b)
{
    uint32_t n = hb_baseline_count(b);
    struct hb_base_entry *v = calloc(n, sizeof(*v));
    struct hb_base_entry **p = calloc(n, sizeof(*p));
    struct hb_table_head head = {hb_baseline_site(b), hb_baseline_number(b),
                                 hb_baseline_created(b)};
    struct hb_baseline *again = NULL;
    void *map = NULL;
    size_t size = 0;

    if (v != NULL && p != NULL) {
        for (uint32_t i = 0; i < n; i++) {
            HB_ASSERT(hb_baseline_get(b, i, &v[i]) == 0);
            p[i] = &v[i];
        }
        if (hb_table_make(&head, p, n, &map, &size) == 0 &&
            hb_table_adopt(map, size, &again, NULL) != -ENOMEM) {
            HB_ASSERT(again != NULL);
            HB_ASSERT(hb_baseline_diff(b, again, NULL, NULL) == 0);
        }
    }
    hb_baseline_free(again);
    free(v);
    free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_baseline *b = NULL;
    struct hb_err err = {0};
    int r = hb_table_parse(hb_slice((const char *)data, size), &b, &err);

    HB_ASSERT((r == 0) == (b != NULL));
    if (r < 0)
        return 0;
    read_all(b);
    make_again(b);
    hb_baseline_free(b);
    return 0;
}
