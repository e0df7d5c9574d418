/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_sudoers.c - sudoers.  Whatever it holds, names are ended and printable,
 * and reading it twice says the same.
 */
#include "control/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void included(void *arg, struct hb_sudoers *s, struct hb_slice path,
                     bool folder)
{
    size_t *n = arg;

    (void)s;
    *n += path.n + folder;
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
    struct hb_sudoers one = {0}, two = {0};
    size_t n = 0, again = 0;

    hb_sudoers_parse(text, &one, included, &n);
    hb_sudoers_parse(text, &two, included, &again);
    HB_ASSERT(one.people_n <= HB_ARRAY_LEN(one.people));
    HB_ASSERT(one.aliases_n <= HB_ARRAY_LEN(one.aliases));
    for (size_t i = 0; i < one.people_n; i++)
        printable(one.people[i], sizeof(one.people[i]));
    for (size_t i = 0; i < one.aliases_n; i++)
        printable(one.aliases[i], sizeof(one.aliases[i]));
    HB_ASSERT(n == again && memcmp(&one, &two, sizeof(one)) == 0);
    return 0;
}
