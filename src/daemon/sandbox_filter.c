/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_filter.c - the system calls that a role may make (seccomp(2)).
 *
 * An allow-list: whatever is not in it ends the process at once, and the
 * supervisor or systemd reports "killed by SIGSYS".  Calls whose arguments
 * matter (socket, clone, mmap, ioctl, prctl, ...) are allowed with those
 * arguments only.  A role that runs programs hands its filter on to them;
 * there an unknown call fails with EPERM instead, as programs of the system
 * probe for calls that they can do without.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/i18n.h"
#include "daemon/sandbox.h"

/* clone(2) flags that make a namespace. */
#define NEW_NAMESPACES                                                         \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |             \
     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static int build(const struct hb_role *r, scmp_filter_ctx *ret);
static int add_names(scmp_filter_ctx ctx, const char *const *names);
static int add_memory(scmp_filter_ctx ctx);
static int add_clone(scmp_filter_ctx ctx, const struct hb_role *r);
static int add_sockets(scmp_filter_ctx ctx, const struct hb_role *r);
static int add_values(scmp_filter_ctx ctx, int nr, unsigned arg,
                      const uint64_t *values, size_t n);
static int add_arguments(scmp_filter_ctx ctx);
static int add_beneath(scmp_filter_ctx ctx, const struct hb_role *r);

/* Every role: memory, threads, time, signals to itself, its loop. */
static const char *const common[] = {"read",
                                     "write",
                                     "readv",
                                     "writev",
                                     "pread64",
                                     "pwrite64",
                                     "preadv",
                                     "pwritev",
                                     "preadv2",
                                     "pwritev2",
                                     "close",
                                     "close_range",
                                     "lseek",
                                     "brk",
                                     "munmap",
                                     "mremap",
                                     "madvise",
                                     "msync",
                                     "mincore",
                                     "futex",
                                     "set_robust_list",
                                     "get_robust_list",
                                     "rseq",
                                     "set_tid_address",
                                     "sched_yield",
                                     "sched_getaffinity",
                                     "gettid",
                                     "getpid",
                                     "getppid",
                                     "getuid",
                                     "geteuid",
                                     "getgid",
                                     "getegid",
                                     "getresuid",
                                     "getresgid",
                                     "getgroups",
                                     "getpgrp",
                                     "getpgid",
                                     "getsid",
                                     "capget",
                                     "exit",
                                     "exit_group",
                                     "restart_syscall",
                                     "rt_sigaction",
                                     "rt_sigprocmask",
                                     "rt_sigreturn",
                                     "rt_sigpending",
                                     "rt_sigtimedwait",
                                     "sigaltstack",
                                     "signalfd4",
                                     "pause",
                                     "clock_gettime",
                                     "clock_getres",
                                     "clock_nanosleep",
                                     "nanosleep",
                                     "gettimeofday",
                                     "time",
                                     "timerfd_create",
                                     "timerfd_settime",
                                     "timerfd_gettime",
                                     "alarm",
                                     "setitimer",
                                     "getitimer",
                                     "epoll_create1",
                                     "epoll_ctl",
                                     "epoll_wait",
                                     "epoll_pwait",
                                     "epoll_pwait2",
                                     "poll",
                                     "ppoll",
                                     "select",
                                     "pselect6",
                                     "eventfd2",
                                     "getrandom",
                                     "uname",
                                     "sysinfo",
                                     "getrusage",
                                     "times",
                                     "getcpu",
                                     "membarrier",
                                     "umask",
                                     "memfd_create",
                                     NULL};

/* Every role: files by name, as far as Landlock and the user let it. */
static const char *const files_read[] = {"open",       "openat",
                                         "stat",       "fstat",
                                         "lstat",      "newfstatat",
                                         "statx",      "statfs",
                                         "fstatfs",    "access",
                                         "faccessat",  "faccessat2",
                                         "readlink",   "readlinkat",
                                         "getdents64", "getcwd",
                                         "chdir",      "fchdir",
                                         "dup",        "dup2",
                                         "dup3",       "pipe2",
                                         "fadvise64",  "readahead",
                                         "getxattr",   "lgetxattr",
                                         "fgetxattr",  "listxattr",
                                         "llistxattr", "flistxattr",
                                         "flock",      "copy_file_range",
                                         "sendfile",   "name_to_handle_at",
                                         NULL};

/* Roles that may write to a directory. */
static const char *const files_write[] = {
    "ftruncate", "fallocate", "fsync",       "fdatasync",    "sync_file_range",
    "syncfs",    "mkdir",     "mkdirat",     "unlink",       "unlinkat",
    "rmdir",     "rename",    "renameat",    "renameat2",    "link",
    "linkat",    "symlink",   "symlinkat",   "chmod",        "fchmod",
    "fchmodat",  "chown",     "fchown",      "fchownat",     "lchown",
    "utimensat", "utime",     "utimes",      "futimesat",    "setxattr",
    "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr",
    NULL};

static const char *const sockets[] = {
    "socketpair",  "connect",     "accept",     "accept4",
    "getsockname", "getpeername", "getsockopt", "setsockopt",
    "sendto",      "recvfrom",    "sendmsg",    "recvmsg",
    "sendmmsg",    "recvmmsg",    "shutdown",   NULL};

/* Its own listener: every other role is handed one, or has none. */
static const char *const listener[] = {"listen", NULL};

/* Roles that run programs, and so those programs. */
static const char *const exec[] = {"execve",
                                   "execveat",
                                   "fork",
                                   "vfork",
                                   "wait4",
                                   "waitid",
                                   "kill",
                                   "setpgid",
                                   "setsid",
                                   "pipe",
                                   "arch_prctl",
                                   "ioctl",
                                   "prctl",
                                   "prlimit64",
                                   "getrlimit",
                                   "setrlimit",
                                   "getpriority",
                                   "getdents",
                                   "pidfd_open",
                                   "pidfd_send_signal",
                                   "bind",
                                   "listen",
                                   "creat",
                                   "truncate",
                                   "fsync",
                                   "unlink",
                                   "rename",
                                   "mkdir",
                                   "ftruncate",
                                   "tgkill",
                                   "sched_getparam",
                                   "sched_getscheduler",
                                   "sched_get_priority_max",
                                   "sched_get_priority_min",
                                   "epoll_create",
                                   "eventfd",
                                   "inotify_init1",
                                   "inotify_add_watch",
                                   "inotify_rm_watch",
                                   "mlock",
                                   "munlock",
                                   "shmget",
                                   "shmat",
                                   "shmctl",
                                   "shmdt",
                                   "semget",
                                   "semop",
                                   NULL};

int hb_sandbox_filter(const struct hb_role *r, struct hb_err *err)
{
    scmp_filter_ctx ctx = NULL;
    char text[128];
    int rc = build(r, &ctx);

    if (rc == 0)
        rc = seccomp_load(ctx);
    if (ctx != NULL)
        seccomp_release(ctx);
    if (rc < 0)
        return hb_err_set(err, rc, _("cannot confine the process: %s: %s"),
                          "seccomp", hb_errno_text(rc, text, sizeof(text)));
    return 0;
}

int hb_sandbox_filter_export(const struct hb_role *r, int fd)
{
    scmp_filter_ctx ctx = NULL;
    int rc = build(r, &ctx);

    if (rc == 0)
        rc = seccomp_export_pfc(ctx, fd);
    if (ctx != NULL)
        seccomp_release(ctx);
    return rc;
}

static int build(const struct hb_role *r, scmp_filter_ctx *ret)
{
    bool runs = (r->flags & HB_ROLE_EXEC) != 0;
    bool writes = (r->flags & HB_ROLE_SITES_WRITE) != 0;
    uint32_t unknown = SCMP_ACT_KILL_PROCESS;
    scmp_filter_ctx ctx;
    int rc;

    if (runs)
        unknown = SCMP_ACT_ERRNO(EPERM);
    if (HB_SANITIZED)
        unknown = SCMP_ACT_LOG;
    for (const struct hb_role_dir *d = r->dirs; d->dir != HB_DIR_COUNT; d++)
        writes = writes || d->write;
    ctx = seccomp_init(unknown);
    if (ctx == NULL)
        return -ENOMEM;
    *ret = ctx;
    /* Already set, with the error reported by its name. */
    rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);
    if (rc == 0)
        rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
                              SCMP_ACT_KILL_PROCESS);
    /* A balanced tree: the cost of a call does not depend on its number. */
    if (rc == 0)
        rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (rc == 0)
        rc = add_names(ctx, common);
    if (rc == 0)
        rc = add_names(ctx, files_read);
    if (rc == 0 && writes)
        rc = add_names(ctx, files_write);
    if (rc == 0)
        rc = add_names(ctx, sockets);
    if (rc == 0 && (r->flags & HB_ROLE_LISTEN) != 0)
        rc = add_names(ctx, listener);
    if (rc == 0 && runs)
        rc = add_names(ctx, exec);
    if (rc == 0)
        rc = add_names(ctx, r->syscalls);
    if (rc == 0)
        rc = add_memory(ctx);
    if (rc == 0)
        rc = add_clone(ctx, r);
    if (rc == 0)
        rc = add_sockets(ctx, r);
    if (rc == 0)
        rc = add_arguments(ctx);
    if (rc == 0)
        rc = add_beneath(ctx, r);
    /* "Immutable" is taken off what an attacker left, and put on a path that
     * is denied. */
    if (rc == 0 && (r->flags & HB_ROLE_SITES_WRITE) != 0)
        rc = add_values(ctx, SCMP_SYS(ioctl), 1,
                        (const uint64_t[]){FS_IOC_SETFLAGS}, 1);
    return rc;
}

static int add_names(scmp_filter_ctx ctx, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        int nr = seccomp_syscall_resolve_name(names[i]);
        int rc;

        if (nr == __NR_SCMP_ERROR)
            return -ENOSYS; /* a wrong name in a table: a test sees it */
        if (nr < 0)
            continue; /* not on this architecture */
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
        if (rc < 0 && rc != -EEXIST)
            return rc;
    }
    return 0;
}

/* Memory is writable or executable, never both, and never becomes
 * executable later (the dynamic linker maps libraries read-execute). */
static int add_memory(scmp_filter_ctx ctx)
{
    static const uint64_t prots[] = {0, PROT_WRITE, PROT_EXEC};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < HB_ARRAY_LEN(prots); i++)
        rc = seccomp_rule_add(
            ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC, prots[i]));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return rc;
}

/* Threads for all; processes where programs are run; namespaces never.  The
 * flags of clone3 lie in memory that a filter cannot read: the C library
 * falls back to clone when it is told that there is no clone3. */
static int add_clone(scmp_filter_ctx ctx, const struct hb_role *r)
{
    const uint64_t thread = CLONE_VM | CLONE_THREAD;
    int rc;

    if ((r->flags & HB_ROLE_EXEC) != 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0));
    else
        rc = seccomp_rule_add(
            ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
            SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES | thread, thread));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return rc;
}

/* openat2(2) for who walks foreign trees.  To all others it does not exist:
 * what it opens, and with which mode, lies in memory that no filter can read,
 * so their units refuse it with ENOSYS (RestrictSUIDSGID=), and the answer
 * shall be the same under the supervisor. */
static int add_beneath(scmp_filter_ctx ctx, const struct hb_role *r)
{
    bool may = (r->flags & HB_ROLE_BENEATH) != 0;

    return seccomp_rule_add(ctx, may ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS),
                            SCMP_SYS(openat2), 0);
}

static int add_sockets(scmp_filter_ctx ctx, const struct hb_role *r)
{
    static const uint64_t unix_only[] = {AF_UNIX};
    /* Netlink: getaddrinfo(3) asks the kernel which addresses it has. */
    static const uint64_t network[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

    if ((r->flags & HB_ROLE_NETWORK) == 0)
        return add_values(ctx, SCMP_SYS(socket), 0, unix_only,
                          HB_ARRAY_LEN(unix_only));
    if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(bind), 0) < 0)
        return -EINVAL;
    return add_values(ctx, SCMP_SYS(socket), 0, network, HB_ARRAY_LEN(network));
}

/* Calls that are harmless with some arguments only. */
static int add_arguments(scmp_filter_ctx ctx)
{
    static const uint64_t ioctls[] = {TCGETS, FIONREAD, FIONBIO, FIOCLEX,
                                      FS_IOC_GETFLAGS};
    static const uint64_t prctls[] = {
        PR_SET_NAME,         PR_GET_NAME,    PR_GET_DUMPABLE,  PR_CAPBSET_READ,
        PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP, PR_SET_TIMERSLACK};
    static const uint64_t fcntls[] = {
        F_DUPFD,      F_DUPFD_CLOEXEC, F_GETFD,     F_SETFD,
        F_GETFL,      F_SETFL,         F_GETLK,     F_SETLK,
        F_SETLKW,     F_OFD_GETLK,     F_OFD_SETLK, F_OFD_SETLKW,
        F_GETPIPE_SZ, F_SETPIPE_SZ,    F_ADD_SEALS, F_GET_SEALS};
    const uint64_t self = (uint64_t)getpid();
    int rc = add_values(ctx, SCMP_SYS(ioctl), 1, ioctls, HB_ARRAY_LEN(ioctls));

    if (rc == 0)
        rc = add_values(ctx, SCMP_SYS(prctl), 0, prctls, HB_ARRAY_LEN(prctls));
    if (rc == 0)
        rc = add_values(ctx, SCMP_SYS(fcntl), 1, fcntls, HB_ARRAY_LEN(fcntls));
    /* raise(3) and abort(3). */
    if (rc == 0)
        rc = add_values(ctx, SCMP_SYS(tgkill), 0, &self, 1);
    /* Reading limits: the size of a thread's stack. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
                              SCMP_A2(SCMP_CMP_EQ, 0));
    return rc == -EEXIST ? 0 : rc;
}

/* Allows NR where argument ARG is one of VALUES; the upper half is ignored
 * by these calls, which take int. */
static int add_values(scmp_filter_ctx ctx, int nr, unsigned arg,
                      const uint64_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int rc = seccomp_rule_add(
            ctx, SCMP_ACT_ALLOW, nr, 1,
            SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, UINT32_MAX, values[i]));

        if (rc < 0 && rc != -EEXIST)
            return rc;
    }
    return 0;
}
