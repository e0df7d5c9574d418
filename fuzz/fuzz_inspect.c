/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_inspect.c - foreign bytes through encoding and detectors.  Whatever
 * pieces they come in, the report is the same.
 */
#include "inspect/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void found(void *arg, enum hb_class c, struct hb_slice value,
                  uint64_t offset)
{
    uint64_t *n = arg;

    HB_ASSERT(c < HB_CLASSES && value.n > 0);
    for (size_t i = 0; i < value.n; i++)
        HB_ASSERT(value.p[i] != '\0');
    n[c]++;
}

static void run(const uint8_t *data, size_t size, size_t step,
                struct hb_personal_report *ret)
{
    uint64_t n[HB_CLASSES] = {0};
    struct hb_inspect *in = NULL;
    enum hb_encoding e;
    int r = hb_inspect_new(found, n, &in);

    HB_ASSERT(r == 0);
    for (size_t at = 0; at < size && r == 0; at += step)
        r = hb_inspect_add(
            in, hb_slice((const char *)data + at, HB_MIN(step, size - at)));
    HB_ASSERT(r == 0);
    r = hb_inspect_end(in, &e, ret);
    HB_ASSERT(r == 0 && hb_encoding_name(e) != NULL);
    for (unsigned c = 0; c < HB_CLASSES; c++)
        HB_ASSERT(n[c] == ret->count[c]);
    hb_inspect_free(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_personal_report whole, pieces;

    run(data, size, size + 1, &whole);
    run(data, size, 1 + size % 13, &pieces);
    HB_ASSERT(memcmp(whole.count, pieces.count, sizeof(whole.count)) == 0);
    HB_ASSERT(whole.persons == pieces.persons && whole.list == pieces.list);
    return 0;
}
