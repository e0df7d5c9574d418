/* SPDX-License-Identifier: Apache-2.0 */
/* XML of office documents: strings and a sheet that names them, split at the
 * first NUL. */
#include "inspect/office.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data,
               *nul = size > 0 ? memchr(p, 0, size) : NULL;
    struct hb_slice first = hb_slice(p, nul != NULL ? (size_t)(nul - p) : size);
    struct hb_slice sheet =
        nul != NULL ? hb_slice(nul + 1, size - first.n - 1) : first;
    struct hb_office_strings s = {.text = HB_BUF_INIT};
    struct hb_buf b;

    if (size == 0)
        return 0;
    hb_buf_init(&b, 1u << 20);
    if (hb_office_strings(first, &s) == 0)
        hb_office_sheet(sheet, &s, &b);
    hb_office_text(first, &b);
    hb_office_strings_done(&s);
    hb_buf_done(&b);
    return 0;
}
