/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_weblog.c - lines of access logs: slices lie within the line (or are of
 * JSON), a path has no part that leads out of the document root.
 */
#include "control/weblog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text = {(const char *)data, size}, line;
    char path[64];
    bool query;

    HB_ASSERT(a != NULL);
    while (hb_next_line(&text, &line)) {
        struct hb_weblog w;
        size_t n;

        hb_arena_reset(a);
        if (!hb_weblog_line(a, line, &w))
            continue;
        HB_ASSERT(w.method.n <= 32);
        if (line.p[0] != '{') {
            HB_ASSERT(w.from.n + w.method.n + w.target.n <= line.n);
            HB_ASSERT(w.status.n == 0 || w.status.n == 3);
        }
        for (size_t had = w.head.n; hb_weblog_again(&w); had = w.head.n)
            HB_ASSERT(w.head.n < had);
        n = hb_weblog_path(w.target, path, sizeof(path), &query);
        HB_ASSERT(n < sizeof(path) && strlen(path) == n);
        HB_ASSERT(path[0] != '/' && strstr(path, "//") == NULL);
        HB_ASSERT(strncmp(path, "../", 3) != 0);
        HB_ASSERT(n + 1 == sizeof(path) || strstr(path, "/../") == NULL);
    }
    return 0;
}
