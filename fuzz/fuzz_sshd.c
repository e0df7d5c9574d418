/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_sshd.c - sshd_config.  Whatever it holds, values are ended and
 * printable, and reading it twice says the same.
 */
#include "control/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void included(void *arg, struct hb_sshd *s, struct hb_slice pattern,
                     bool in_match)
{
    size_t *n = arg;

    (void)s;
    (void)in_match;
    *n += pattern.n;
}

static void printable(const char *z, size_t size)
{
    size_t n = strnlen(z, size);

    HB_ASSERT(n < size);
    for (size_t i = 0; i < n; i++)
        HB_ASSERT(z[i] >= ' ' && z[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice text = {(const char *)data, size};
    struct hb_sshd one = {0}, two = {0};
    size_t n = 0, again = 0;

    hb_sshd_parse(text, false, &one, included, &n);
    hb_sshd_parse(text, false, &two, included, &again);
    printable(one.root, sizeof(one.root));
    printable(one.password, sizeof(one.password));
    printable(one.keyboard, sizeof(one.keyboard));
    printable(one.empty, sizeof(one.empty));
    printable(one.methods, sizeof(one.methods));
    HB_ASSERT(n == again && memcmp(&one, &two, sizeof(one)) == 0);
    return 0;
}
