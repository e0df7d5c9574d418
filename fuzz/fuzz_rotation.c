/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_rotation.c - files of logrotate(8).  Whatever they hold, the days have
 * a ceiling, and reading twice says the same.
 */
#include "control/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice text = {(const char *)data, size};
    uint64_t one = 0, two = 0;

    hb_rotation_parse(text, "/var/log/auth.log", &one);
    hb_rotation_parse(text, "/var/log/auth.log", &two);
    HB_ASSERT(one == two && one <= 365u * 100000u);
    return 0;
}
