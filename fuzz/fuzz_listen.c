/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_listen.c - the kernel's tables of sockets.  Whatever a line holds, what
 * comes out of it is one port, and reading it twice says the same.
 */
#include "control/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice text = {(const char *)data, size}, line;

    while (hb_next_line(&text, &line)) {
        struct hb_listen one = {0}, two = {0};
        int r = hb_listen_parse(line, false, &one);

        HB_ASSERT(r == hb_listen_parse(line, true, &two));
        HB_ASSERT(one.port == two.port && one.local == two.local);
        HB_ASSERT(!(one.open && two.open));
        HB_ASSERT(r == 0 || one.port == 0);
    }
    return 0;
}
