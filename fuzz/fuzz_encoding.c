/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_encoding.c - bytes of any encoding, read as each of them.  The result
 * is UTF-8, and the same in one piece or in many.
 */
#include "base/num.h"
#include "inspect/encoding.h"

#define ROOM 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t decode(enum hb_encoding e, const uint8_t *data, size_t size,
                     size_t step, char *out)
{
    struct hb_decode d = {.encoding = e};
    char held[32];
    size_t n = 0, held_n = 0, at = 0;

    do {
        size_t take = HB_MIN(HB_MIN(step, size - at), sizeof(held) - held_n);
        size_t used, made;
        bool last;

        memcpy(held + held_n, data + at, take);
        held_n += take;
        at += take;
        last = at == size;
        used = hb_decode(&d, hb_slice(held, held_n), last, out + n, 64 + step,
                         &made);
        HB_ASSERT(used <= held_n && made <= 64 + step);
        HB_ASSERT(held_n - used < 4 || !last);
        n += made;
        memmove(held, held + used, held_n - used);
        held_n -= used;
    } while (at < size || held_n > 0);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char one[ROOM * 4 + 256], two[ROOM * 4 + 256];

    size = HB_MIN(size, ROOM);
    (void)hb_encoding_guess(hb_slice((const char *)data, size));
    for (enum hb_encoding e = HB_ENC_UNKNOWN; e <= HB_ENC_UTF16BE; e++) {
        size_t n = decode(e, data, size, 16, one);
        size_t m = decode(e, data, size, 1 + size % 3, two);

        HB_ASSERT(n == m && memcmp(one, two, n) == 0);
        HB_ASSERT(hb_utf8_valid(one, n));
    }
    return 0;
}
