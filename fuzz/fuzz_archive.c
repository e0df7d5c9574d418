/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_archive.c - the row of files inside a backup.  No name leads out of the
 * directory, no entry hands on more than it said, and an end is an end.
 */
#include "store/archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
    const uint8_t *p;
    size_t n;
};

static int pull(void *arg, void *p, size_t n)
{
    struct source *s = arg;

    if (n > s->n)
        return -EBADMSG;
    memcpy(p, s->p, n);
    s->p += n;
    s->n -= n;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source s = {data, size};
    struct hb_archive_reader r = {.read = pull, .arg = &s};
    struct hb_archive_entry e;
    char buf[512];

    while (hb_archive_next(&r, &e) == 0) {
        uint64_t got = 0;
        ssize_t n;

        if (e.kind == HB_ARCHIVE_FILE) {
            HB_ASSERT(e.name[0] != '/' && strstr(e.name, "//") == NULL);
            HB_ASSERT(strstr(e.name, "../") == NULL || e.name[0] != '.' ||
                      e.name[1] != '.' || e.name[2] != '/');
            HB_ASSERT((e.mode & ~0777u) == 0);
        }
        while ((n = hb_archive_read(&r, buf, sizeof(buf))) > 0)
            got += (uint64_t)n;
        if (n < 0)
            return 0;
        HB_ASSERT(got == e.size);
        if (e.kind == HB_ARCHIVE_END)
            HB_ASSERT(hb_archive_next(&r, &e) == -EBADMSG);
    }
    return 0;
}
