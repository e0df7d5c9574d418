/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_nft.c - the files of nft(8).  Whatever they hold, reading ends, reads
 * the same twice, and nothing is denied without a chain for what comes in.
 */
#include "control/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void included(void *arg, struct hb_nft *nft, struct hb_slice pattern)
{
    size_t *n = arg;

    (void)nft;
    *n += pattern.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice text = {(const char *)data, size};
    struct hb_nft one = {0}, two = {0};
    size_t n = 0, again = 0;

    hb_nft_parse(text, &one, included, &n);
    hb_nft_parse(text, &two, included, &again);
    HB_ASSERT(n == again && n <= size);
    HB_ASSERT(one.input == two.input && one.v4 == two.v4 && one.v6 == two.v6 &&
              one.bad == two.bad && one.unclear == two.unclear);
    HB_ASSERT(one.input || (!one.v4 && !one.v6));
    return 0;
}
