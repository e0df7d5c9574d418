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
    char path[64], text[1024], *at;
    _cleanup_close_ int fd = -1;
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -errno : hb_pread_full(fd, text, sizeof(text) - 1, 0);
    if (n < 0)
        return (int)n;
    text[n] = '\0';
    /* The name before it may hold anything: counted from its last ")". */
    at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return -ESRCH;
    at++;
    return hb_parse_u64(hb_slice(at, strcspn(at, " ")), ret);
}
