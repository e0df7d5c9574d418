/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox does what it says, seen from inside: each attempt runs in a
 * process of its own that has entered the sandbox of a row made for it, and
 * what becomes of the process is the result.  This program is compiled
 * without sanitizers, so that the filter kills as in a release.
 */
#include "../tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"
#include "daemon/sandbox.h"

#define KILLED 1000 /* by SIGSYS */

static const struct hb_role_sock no_socks[] = {{NULL, 0, 0, NULL}};
static const struct hb_role_dir dirs[] = {
    {HB_DIR_STATE, true}, {HB_DIR_BASELINE, false}, {HB_DIR_COUNT, false}};
static const struct hb_role_dir read_only[] = {{HB_DIR_BASELINE, false},
                                               {HB_DIR_COUNT, false}};
static const char *const nothing[] = {NULL};
static const char *const helper_calls[] = {"umount2", NULL};

static const struct hb_role plain = {.name = "test",
                                     .user = "hb-no-such-user",
                                     .fallback_uid = 61899,
                                     .socks = no_socks,
                                     .dirs = dirs,
                                     .reads = nothing,
                                     .syscalls = nothing};
static struct hb_paths paths;
static char scratch[] = "/tmp/hb-sandbox-XXXXXX";

typedef int attempt(void);

/* Exit status of TRY below ROLE's sandbox, or KILLED. */
static int below(const struct hb_role *role, attempt *try)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct hb_err err = {0};

        if (hb_sandbox_enter(role, &paths, NULL, &err) < 0) {
            fprintf(stderr, "# %s\n", err.message);
            _exit(99);
        }
        _exit(try());
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGSYS);
        return KILLED;
    }
    return WEXITSTATUS(status);
}

static bool root(void)
{
    return geteuid() == 0;
}

#define NEEDS_ROOT                                                             \
    do {                                                                       \
        (void)state;                                                           \
        if (!root())                                                           \
            hb_tap_skip("needs root");                                         \
    } while (0)

/* --- what is allowed */

static void *thread_main(void *arg)
{
    *(int *)arg = 7;
    return NULL;
}

static int ordinary_work(void)
{
    char text[HB_MAX_PATH + 16], *p;
    pthread_t t;
    int seven = 0, fd, pair[2];
    FILE *f;

    p = malloc(1 << 20);
    if (p == NULL)
        return 1;
    memset(p, 1, 1 << 20);
    free(p);
    if (pthread_create(&t, NULL, thread_main, &seven) != 0 ||
        pthread_join(t, NULL) != 0 || seven != 7)
        return 2;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
        send(pair[0], "x", 1, 0) != 1 || recv(pair[1], text, 1, 0) != 1)
        return 3;
    (void)snprintf(text, sizeof(text), "%s/made", paths.dir[HB_DIR_STATE]);
    fd = open(text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "abc", 3) != 3 || fsync(fd) < 0 ||
        ftruncate(fd, 1) < 0 || unlink(text) < 0)
        return 4;
    f = fopen("/proc/self/status", "r");
    if (f == NULL || fgets(text, sizeof(text), f) == NULL)
        return 5;
    (void)fclose(f);
    return isatty(0) >= 0 ? 0 : 6;
}

static void test_ordinary_work_goes_on(void **state)
{
    NEEDS_ROOT;
    assert_int_equal(below(&plain, ordinary_work), 0);
}

/* --- who it is */

static int who(void)
{
    const struct rlimit *none = &(struct rlimit){0, 0};
    struct rlimit core;
    uid_t r, e, s;
    char text[4096], *at;
    ssize_t n;
    int fd;

    if (getresuid(&r, &e, &s) < 0 || r != 61899 || e != r || s != r)
        return 1;
    if (getgroups(0, NULL) != 0 || getegid() == 0)
        return 2;
    if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != none->rlim_max)
        return 3;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 4;
    fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    n = read(fd, text, sizeof(text) - 1);
    if (n <= 0)
        return 5;
    text[n] = '\0';
    for (int i = 0; i < 5; i++) {
        static const char *const sets[] = {
            "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"};

        at = strstr(text, sets[i]);
        if (at == NULL || strncmp(at + 8, "0000000000000000", 16) != 0)
            return 10 + i;
    }
    if (fcntl(9, F_GETFD) >= 0)
        return 6; /* a foreign descriptor was left open */
    return umask(0) == 077 ? 0 : 7;
}

static void test_who_it_is(void **state)
{
    NEEDS_ROOT;
    assert_int_equal(dup2(1, 9), 9);
    assert_int_equal(below(&plain, who), 0);
    (void)close(9);
}

static int has_sys_admin_only(void)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &head, data) < 0)
        return 1;
    if (data[0].effective != 1u << CAP_SYS_ADMIN || data[1].effective != 0 ||
        data[0].permitted != data[0].effective || data[0].inheritable != 0)
        return 2;
    for (int cap = 0; cap < 40; cap++)
        if ((prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1) !=
            (cap == CAP_SYS_ADMIN))
            return 3;
    return 0;
}

static void test_capabilities_of_the_row(void **state)
{
    struct hb_role r = plain;

    NEEDS_ROOT;
    r.caps = UINT64_C(1) << CAP_SYS_ADMIN;
    assert_int_equal(below(&r, has_sys_admin_only), 0);
    /* The same for a role that stays root. */
    r.user = "root";
    assert_int_equal(below(&r, has_sys_admin_only), 0);
}

/* --- what ends the process */

static int try_execve(void)
{
    char name[] = "true", *argv[] = {name, NULL}, *env[] = {NULL};

    (void)execve("/bin/true", argv, env);
    return 1;
}
static int try_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid > 0 ? 1 : 2;
}
static int try_ptrace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 1 : 2;
}
static int try_inet(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 1 : 2;
}
static int try_netlink(void)
{
    return socket(AF_NETLINK, SOCK_RAW, 0) >= 0 ? 1 : 2;
}
static int try_mount(void)
{
    return mount("none", "/tmp", "tmpfs", 0, NULL) == 0 ? 1 : 2;
}
static int try_unshare(void)
{
    return unshare(CLONE_NEWUSER) == 0 ? 1 : 2;
}
static int try_thread_namespace(void)
{
    return syscall(SYS_clone,
                   CLONE_NEWUSER | CLONE_VM | CLONE_THREAD | CLONE_SIGHAND,
                   NULL, NULL, NULL, NULL) >= 0
               ? 1
               : 2;
}
static int try_kill(void)
{
    return kill(getppid(), 0) == 0 ? 1 : 2;
}
static int try_setuid(void)
{
    return setuid(0) == 0 ? 1 : 2;
}
static int try_bpf(void)
{
    return syscall(SYS_bpf, 0, NULL, 0) >= 0 ? 1 : 2;
}
static int try_io_uring(void)
{
    return syscall(SYS_io_uring_setup, 1, NULL) >= 0 ? 1 : 2;
}
static int try_keyctl(void)
{
    return syscall(SYS_keyctl, 0, 0) >= 0 ? 1 : 2;
}
static int try_write_execute(void)
{
    return mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0) != MAP_FAILED
               ? 1
               : 2;
}
static int try_make_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0 ? 1 : 2;
}
static int try_tiocsti(void)
{
    return ioctl(0, 0x5412 /* TIOCSTI */, "x") == 0 ? 1 : 2;
}
static int try_raise_limit(void)
{
    const struct rlimit files = {64, 64};

    return setrlimit(RLIMIT_NOFILE, &files) == 0 ? 1 : 2;
}
static int try_dumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? 1 : 2;
}
static int try_mkdir(void)
{
    return mkdir("/tmp/x", 0700) == 0 ? 1 : 2;
}
static int try_openat2(void)
{
    int fd = hb_open_beneath(AT_FDCWD, ".", O_PATH, 0, false);

    return fd >= 0 ? 1 : fd == -ENOSYS ? 2 : 3;
}
/* The 32-bit table of calls would go round the filter. */
static int try_int80(void)
{
#ifdef __x86_64__
    long r;

    __asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory");
    return r > 0 ? 1 : 2;
#else
    (void)syscall(SYS_bpf, 0, NULL, 0);
    return 1;
#endif
}

static void test_forbidden_calls_kill(void **state)
{
    static attempt *const all[] = {try_execve,
                                   try_fork,
                                   try_ptrace,
                                   try_inet,
                                   try_netlink,
                                   try_mount,
                                   try_unshare,
                                   try_thread_namespace,
                                   try_kill,
                                   try_setuid,
                                   try_bpf,
                                   try_io_uring,
                                   try_keyctl,
                                   try_write_execute,
                                   try_make_executable,
                                   try_tiocsti,
                                   try_raise_limit,
                                   try_dumpable,
                                   try_int80};

    NEEDS_ROOT;
    for (size_t i = 0; i < HB_ARRAY_LEN(all); i++)
        if (below(&plain, all[i]) != KILLED)
            fail_msg("attempt %zu was not ended", i);
}

static void test_flags_open_only_what_they_name(void **state)
{
    struct hb_role r = plain;

    NEEDS_ROOT;
    r.flags = HB_ROLE_NETWORK;
    assert_int_equal(below(&r, try_inet), 1);
    assert_int_equal(below(&r, try_execve), KILLED);
    r.flags = HB_ROLE_EXEC;
    assert_int_equal(below(&r, try_execve), 0); /* /bin/true */
    assert_int_equal(below(&r, try_fork), 1);
    /* Programs of the system are told no instead of being ended. */
    assert_int_equal(below(&r, try_ptrace), 2);
    assert_int_equal(below(&r, try_inet), 2);
    assert_int_equal(below(&r, try_unshare), 2);
    r.flags = HB_ROLE_BENEATH;
    assert_int_equal(below(&r, try_openat2), 1);
    r.flags = 0;
    /* Not ended: as systemd's RestrictSUIDSGID= answers. */
    assert_int_equal(below(&r, try_openat2), 2);
    r.dirs = read_only;
    assert_int_equal(below(&r, try_mkdir), KILLED);
    r.syscalls = helper_calls;
    assert_int_equal(below(&r, try_mount), KILLED);
}

/* --- files (Landlock) */

static int reach_files(void)
{
    char text[HB_MAX_PATH + 16];
    int fd;

    (void)snprintf(text, sizeof(text), "%s/x", paths.dir[HB_DIR_BASELINE]);
    fd = open(text, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 1;
    fd = open(text, O_RDWR | O_CLOEXEC);
    if (fd >= 0)
        return 2; /* may only be read */
    (void)snprintf(text, sizeof(text), "%s/secret", scratch);
    fd = open(text, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 || errno != EACCES)
        return 3; /* outside every rule, though its mode is 0644 */
    if (access("/usr/bin", R_OK) < 0 || open("/usr/bin", O_RDONLY) < 0)
        return 4;
    return open("/tmp", O_RDONLY) >= 0 ? 5 : 0;
}

static bool have_landlock(void)
{
    return syscall(444, NULL, 0, 1) >= 1;
}

static void test_files_outside_the_row(void **state)
{
    NEEDS_ROOT;
    if (!have_landlock())
        hb_tap_skip("this kernel has no Landlock");
    assert_int_equal(below(&plain, reach_files), 0);
}

/* In the sandbox: waits until the file was renewed, and reads it. */
static int read_renewed(const char *path)
{
    char c = 'x', text[HB_MAX_PATH + 16];
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 1;
    (void)close(fd);
    if (write(1, &c, 1) != 1 || read(0, &c, 1) != 1)
        return 2;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, &c, 1) != 1 || c != '2')
        return 3;
    (void)snprintf(text, sizeof(text), "%s/secret", scratch);
    return open(text, O_RDONLY | O_CLOEXEC) < 0 ? 0 : 4;
}

/* Exit status of the child: 0 it read the new one. */
static int renew(const char *path, const struct hb_config *config)
{
    int ready[2], go[2], status;
    struct hb_role r = plain;
    char c = 'x';
    pid_t pid;

    r.flags = HB_ROLE_NETWORK;
    assert_int_equal(hb_file_write(path, "1", 1, 0644), 0);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid = fork();
    if (pid == 0) {
        struct hb_err err = {0};

        /* Others are closed. */
        if (dup2(go[0], 0) < 0 || dup2(ready[1], 1) < 0 ||
            hb_sandbox_enter(&r, &paths, config, &err) < 0)
            _exit(99);
        _exit(read_renewed(path));
    }
    (void)close(ready[1]);
    (void)close(go[0]);
    if (read(ready[0], &c, 1) == 1) {
        assert_int_equal(hb_file_write(path, "2", 1, 0644), 0);
        assert_int_equal(write(go[1], &c, 1), 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(ready[0]);
    (void)close(go[1]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED;
}

/* An authority, or a password, is renewed as certificates are: by another file
 * that takes its name. */
static void test_renewed(void **state)
{
    char dir[HB_MAX_PATH], path[HB_MAX_PATH];

    NEEDS_ROOT;
    if (!have_landlock())
        hb_tap_skip("this kernel has no Landlock");
    (void)snprintf(dir, sizeof(dir), "%s/tls", scratch);
    (void)snprintf(path, sizeof(path), "%s/tls/file", scratch);
    assert_int_equal(mkdir(dir, 0755), 0);
    for (int i = 0; i < 5; i++) {
        struct hb_conf_site site = {.name = "www",
                                    .url_ca = i == 0 ? path : ""};
        struct hb_config config = {
            .organisation = {.anchor = "",
                             .mail_ca = i == 1 ? path : "",
                             .mail_password = i == 2 ? path : "",
                             .webhook_secret = i == 3 ? path : ""},
            .share = {.mail_password = i == 4 ? path : ""},
            .sites = {.v = &site, .n = 1}};

        assert_int_equal(renew(path, &config), 0);
    }
}

static int take_mount_off(void)
{
    return umount2(paths.dir[HB_DIR_RUN], MNT_DETACH) == 0 ? 0 : 1;
}

/* The helper's kind of domain must leave unmounting possible: a fact of the
 * kernel on which doc/decisions/0003 rests. */
static void test_helper_can_take_a_mount_off(void **state)
{
    struct hb_role r = plain;
    pid_t pid;
    int status;

    NEEDS_ROOT;
    r.user = "root";
    r.caps = UINT64_C(1) << CAP_SYS_ADMIN;
    r.syscalls = helper_calls;
    pid = fork();
    if (pid == 0) {
        if (unshare(CLONE_NEWNS) < 0 ||
            mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("none", paths.dir[HB_DIR_RUN], "tmpfs", 0, NULL) < 0)
            _exit(77);
        r.flags = HB_ROLE_MOUNTS;
        _exit(below(&r, take_mount_off));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        hb_tap_skip("no mount namespace here");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- starting wrongly */

static int nothing_to_do(void)
{
    return 0;
}

static void test_wrong_user_is_refused(void **state)
{
    pid_t pid;
    int status;

    NEEDS_ROOT;
    pid = fork();
    if (pid == 0) {
        struct hb_err err = {0};

        if (setresuid(61898, 61898, 61898) < 0)
            _exit(1);
        _exit(hb_sandbox_user(&plain, &err) == -EPERM ? 0 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_missing_directory_is_refused(void **state)
{
    struct hb_paths other = paths;
    struct hb_err err = {0};

    NEEDS_ROOT;
    if (!have_landlock())
        hb_tap_skip("this kernel has no Landlock");
    memcpy(other.dir[HB_DIR_STATE], "/nonexistent", 13);
    assert_int_equal(hb_sandbox_landlock(&plain, &other, NULL, &err), -ENOENT);
    assert_non_null(strstr(err.message, "/nonexistent"));
    assert_int_equal(below(&plain, nothing_to_do), 0);
}

static void test_unknown_call_in_a_table(void **state)
{
    static const char *const wrong[] = {"opennat", NULL};
    struct hb_role r = plain;
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(hb_sandbox_filter_export(&r, fd), 0);
    r.syscalls = wrong;
    assert_int_equal(hb_sandbox_filter_export(&r, fd), -ENOSYS);
    (void)close(fd);
}

static int set_up(void **state)
{
    static const enum hb_dir made[] = {HB_DIR_STATE, HB_DIR_BASELINE,
                                       HB_DIR_RUN};
    char text[HB_MAX_PATH + 16];

    (void)state;
    if (mkdtemp(scratch) == NULL || chmod(scratch, 0755) < 0)
        return -1;
    for (size_t i = 0; i < HB_ARRAY_LEN(made); i++) {
        (void)snprintf(paths.dir[made[i]], HB_MAX_PATH, "%s/%d", scratch,
                       (int)made[i]);
        if (mkdir(paths.dir[made[i]], 0755) < 0)
            return -1;
    }
    if (root() && chown(paths.dir[HB_DIR_STATE], 61899, 0) < 0)
        return -1;
    (void)snprintf(text, sizeof(text), "%s/x", paths.dir[HB_DIR_BASELINE]);
    if (hb_file_write(text, "x", 1, 0666) < 0 || chmod(text, 0666) < 0)
        return -1;
    (void)snprintf(text, sizeof(text), "%s/secret", scratch);
    return hb_file_write(text, "x", 1, 0644);
}

static int tear_down(void **state)
{
    (void)state;
    return hb_rmtree(AT_FDCWD, scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary_work_goes_on),
        cmocka_unit_test(test_who_it_is),
        cmocka_unit_test(test_capabilities_of_the_row),
        cmocka_unit_test(test_forbidden_calls_kill),
        cmocka_unit_test(test_flags_open_only_what_they_name),
        cmocka_unit_test(test_files_outside_the_row),
        cmocka_unit_test(test_renewed),
        cmocka_unit_test(test_helper_can_take_a_mount_off),
        cmocka_unit_test(test_wrong_user_is_refused),
        cmocka_unit_test(test_missing_directory_is_refused),
        cmocka_unit_test(test_unknown_call_in_a_table),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("daemon/sandbox", tests, set_up,
                                       tear_down);
}
