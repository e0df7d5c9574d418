/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_mailconf.c - files of Postfix and Dovecot.  Whatever they hold, a value
 * lies within the text, and reading it twice says the same.
 */
#include "control/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void included(void *arg, struct hb_dovecot *d, struct hb_slice pattern)
{
    size_t *n = arg;

    (void)d;
    *n += pattern.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice text = {(const char *)data, size};
    struct hb_slice v = hb_postfix_value(text, "mynetworks");
    struct hb_dovecot one = {0}, two = {0};
    size_t n = 0, again = 0;

    HB_ASSERT(v.p != NULL || v.n == 0);
    HB_ASSERT(v.p == NULL || (v.p >= text.p && v.p + v.n <= text.p + text.n));
    hb_dovecot_parse(text, &one, included, &n);
    hb_dovecot_parse(text, &two, included, &again);
    HB_ASSERT(n == again && n <= size && one.clear == two.clear &&
              one.clear_for_some == two.clear_for_some);
    return 0;
}
