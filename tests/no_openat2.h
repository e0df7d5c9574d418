/* SPDX-License-Identifier: Apache-2.0 */
/*
 * no_openat2.h - from here on this process gets ENOSYS from openat2(2), as
 * every unit with RestrictSUIDSGID= does (doc/decisions/0003).
 */
#ifndef HB_TESTS_NO_OPENAT2_H
#define HB_TESTS_NO_OPENAT2_H

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* False where the filter does not hold. */
static inline bool no_openat2(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    const struct open_how how = {.flags = O_PATH};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
           syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)) < 0 &&
           errno == ENOSYS;
}

#endif
