/* SPDX-License-Identifier: Apache-2.0 */
/* A whole file of a stranger: archives, office documents, text. */
#include "base/num.h"
#include "inspect/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    const uint8_t *p;
    size_t n, step;
};

static ssize_t read_bytes(void *arg, void *p, size_t n)
{
    struct bytes *b = arg;

    n = HB_MIN(HB_MIN(n, b->step), b->n);
    memcpy(p, b->p, n);
    b->p += n;
    b->n -= n;
    return (ssize_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_file_report one, other;
    struct bytes b = {data, size, 65536};

    /* However it comes, it is the same. */
    if (size == 0 || hb_file_look(read_bytes, &b, &one) < 0)
        return 0;
    b = (struct bytes){data, size, 1 + data[0] % 100u};
    if (hb_file_look(read_bytes, &b, &other) < 0)
        abort();
    if (one.kind != other.kind || one.read != other.read ||
        hb_file_pieces(&one) != hb_file_pieces(&other))
        abort();
    return 0;
}
