/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_window.c - the two files of a deploy window as compare and clients
 * read them from a site's directory: window.json (whose signature never holds
 * here) and pending.json, which is read back the same once written.
 */
#include "baseline/window.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/hb-fuzz-window-XXXXXX";

static void leave(void)
{
    (void)rmdir(path);
}

static int site_dir(void)
{
    static int fd = -1;

    if (fd < 0) {
        HB_ASSERT(mkdtemp(path) != NULL);
        (void)atexit(leave);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        HB_ASSERT(fd >= 0);
    }
    return fd;
}

static void put(int dir, const char *name, const void *p, size_t n)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    HB_ASSERT(fd >= 0 && hb_write_all(fd, p, n) == 0);
    hb_close(&fd);
}

static void check_pending(int dir)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_pending_list list, back;

    if (a != NULL && hb_pending_read(dir, a, &list, NULL) == 0) {
        HB_ASSERT(list.n <= HB_MAX_PENDING);
        if (hb_pending_write(dir, &list) == 0) {
            HB_ASSERT(hb_pending_read(dir, a, &back, NULL) == 0);
            HB_ASSERT(back.n == list.n);
            for (size_t i = 0; i < list.n; i++)
                HB_ASSERT(hb_slice_eq(list.v[i].path, back.v[i].path));
        }
    }
    hb_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_window w;
    struct hb_err err = {0};
    int dir = site_dir();

    put(dir, "window.json", data, size);
    HB_ASSERT(hb_window_read(dir, "site", "/nonexistent", 1, &w, &err) < 0);
    put(dir, "pending.json", data, size);
    check_pending(dir);
    (void)unlinkat(dir, "window.json", 0);
    (void)unlinkat(dir, "pending.json", 0);
    return 0;
}
