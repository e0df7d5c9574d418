/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_filesproto.c - frames between watch and compare, fanotify records and
 * lines of /proc: whatever the file watch parses.
 *
 * The first byte chooses the parser and how many descriptors are said to
 * have come along.
 */
#include "base/base.h"
#include "baseline/executes.h"
#include "sense/files/fan.h"
#include "sense/files/proto.h"
#include "sense/files/rules.h"
#include "sense/files/who.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void frame(const uint8_t *p, size_t n, size_t nfds)
{
    static struct hb_fp_frame f;

    if (hb_fp_decode(&f, p, n, nfds) < 0)
        return;
    for (unsigned i = 0; f.kind == HB_FP_OBJECTS && i < f.n_items; i++) {
        HB_ASSERT(hb_fp_path_ok(f.items[i].path));
        HB_ASSERT(f.items[i].fd == HB_FP_NO_FD || f.items[i].fd < nfds);
        HB_ASSERT(f.items[i].who == HB_FP_NO_WHO || f.items[i].who < f.n_whos);
    }
    for (unsigned i = 0; f.kind == HB_FP_OBJECTS && i < f.n_whos; i++) {
        struct hb_fp_who *w = hb_fp_who_dup(&f.whos[i]);

        HB_ASSERT(w == NULL || hb_slice_eq(w->exe, f.whos[i].exe));
        free(w);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_fan_event e;
    struct hb_slice comm;
    uint64_t start;
    uint32_t ppid;
    size_t at = 0;

    if (size < 1)
        return 0;
    switch (data[0] & 3) {
    case 0:
        frame(data + 1, size - 1, data[0] >> 2 & 31);
        break;
    case 1:
        while (hb_fan_next(data + 1, size - 1, &at, &e) > 0)
            HB_ASSERT(e.name_n <= HB_MAX_NAME && e.dir.n <= 128 &&
                      strlen(e.name) == e.name_n);
        break;
    case 2:
        if (hb_who_stat(hb_slice((const char *)data + 1, size - 1), &comm,
                        &ppid, &start) == 0)
            HB_ASSERT(comm.n < size);
        break;
    default:
        (void)hb_executes_content(data + 1, size - 1);
        (void)hb_executes_name(hb_slice((const char *)data + 1, size - 1));
        break;
    }
    return 0;
}
