/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_nginx.c - the configuration of nginx.  What parses is a tree in which
 * every directive has a name and is met exactly once.
 */
#include "control/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_ngx root = {.name = {"", 0}};
    const struct hb_ngx *d = NULL;
    struct hb_ngx_parser p = {.arena = hb_arena_new(0)};
    size_t met = 0;

    if (p.arena != NULL &&
        hb_ngx_parse(&p, hb_slice((const char *)data, size), &root) == 0) {
        while ((d = hb_ngx_next(&root, d, NULL)) != NULL) {
            HB_ASSERT(d->parent != NULL && d->n <= HB_NGX_ARGS);
            (void)hb_ngx_in_force(d, "root");
            met++;
        }
        HB_ASSERT(met == p.nodes && p.depth == 0);
    }
    hb_arena_free(p.arena);
    return 0;
}
