/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_utmp.c - wtmp and lastlog: texts are ended and printable, never more
 * log-ins than records or than asked for.
 */
#include "control/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice text = {(const char *)data, size};
    struct hb_login l[3];

    for (size_t max = 0; max <= HB_ARRAY_LEN(l); max++) {
        size_t n = hb_utmp_read(text, 0, INT64_MAX, max, l);

        HB_ASSERT(n <= max && n <= size / 384);
        for (size_t i = 0; i < n; i++) {
            HB_ASSERT(l[i].user[0] != '\0');
            HB_ASSERT(strnlen(l[i].user, sizeof(l[i].user)) <= 32);
            HB_ASSERT(strnlen(l[i].host, sizeof(l[i].host)) <= 256);
        }
    }
    HB_ASSERT(hb_lastlog(text, size > 0 ? data[0] : 0) >= 0);
    return 0;
}
