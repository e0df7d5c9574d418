/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_hosts.c - what a page from outside is compared with and searched for:
 * hosts are plain names, and what is called an insertion is one.
 */
#include "sense/outside/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_buf hosts = HB_BUF_INIT;
    size_t cut = size > 0 ? data[0] % (size + 1) : 0;
    struct hb_slice got = {(const char *)data, size};
    struct hb_slice want = {(const char *)data + cut, size - cut};
    struct hb_parting p;

    hb_foreign_hosts(got, "own.example", 4, &hosts);
    for (size_t i = 0; i < hosts.n; i++)
        HB_ASSERT(strchr("abcdefghijklmnopqrstuvwxyz0123456789-., ",
                         hosts.p[i]) != NULL);
    hb_buf_done(&hosts);
    hb_parting(want, got, &p);
    HB_ASSERT(p.at <= want.n);
    /* WANT is GOT without its head: a pure insertion. */
    HB_ASSERT(p.inserted == cut);
    if (p.inserted > 0)
        HB_ASSERT(p.at + p.inserted <= got.n);
    return 0;
}
