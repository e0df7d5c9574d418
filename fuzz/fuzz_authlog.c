/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of syslog, in which strangers choose names. */
#include "control/authlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t now = INT64_C(1795636204000000000);
    struct hb_auth v[8];
    unsigned failed = 0;
    size_t n = hb_authlog_read(hb_slice((const char *)data, size), 0, now,
                               HB_ARRAY_LEN(v), v, &failed);

    HB_ASSERT(n <= HB_ARRAY_LEN(v));
    for (size_t i = 0; i < n; i++) {
        HB_ASSERT(strlen(v[i].user) < sizeof(v[i].user));
        HB_ASSERT(strlen(v[i].from) < sizeof(v[i].from));
        HB_ASSERT(v[i].at >= 0);
    }
    return 0;
}
