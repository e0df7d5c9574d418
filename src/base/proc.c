/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.c - see proc.h.
 */
#include "base/proc.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "base/num.h"

int hb_proc_start(pid_t pid, uint64_t *ret)
{
    char path[64], text[1024];
    _cleanup_close_ int fd = -1;
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -errno : hb_pread_full(fd, text, sizeof(text), 0);
    return n < 0 ? (int)n : hb_proc_stat_start(hb_slice(text, (size_t)n), ret);
}

int hb_proc_stat_start(struct hb_slice stat, uint64_t *ret)
{
    const char *end = stat.p + stat.n, *at, *next;

    /* The name before it may hold anything: counted from its last ")". */
    at = stat.n > 0 ? memrchr(stat.p, ')', stat.n) : NULL;
    for (int field = 2; at != NULL && field < 22; field++)
        at = memchr(at + 1, ' ', (size_t)(end - at) - 1);
    if (at == NULL)
        return -ESRCH;
    at++;
    next = memchr(at, ' ', (size_t)(end - at));
    return hb_parse_u64(
        hb_slice(at, (size_t)((next != NULL ? next : end) - at)), ret);
}
