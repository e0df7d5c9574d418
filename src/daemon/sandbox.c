/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.c - user, capabilities and limits of a role process.
 *
 * Runs at the start of every role, as root (supervisor) or already as the
 * role's user (systemd, which then has left exactly the row's capabilities).
 * After it: no way back to another user, to a capability that the row does not
 * name, or to new privileges through execve; no core files, no ptrace by
 * others of the same user.
 */
#include "daemon/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/i18n.h"
#include "base/num.h"

#define OPEN_FILES 8192u /* descriptors ride between our processes */
#define CAP_LAST   63u
#define GROUPS_MAX 8u

static int fail(struct hb_err *err, const char *what);
static int limit(int what, rlim_t to);
static int drop_bounding(uint64_t keep);
static uint64_t wanted_caps(const struct hb_role *r);
static int set_caps(uint64_t mask);
static int get_caps(uint64_t *ret_permitted, uint64_t *ret_effective);
static int lock_securebits(void);
static int become(const struct hb_role *r, struct hb_err *err);
static size_t groups_of(const struct hb_role *r, gid_t *groups);
static int die_with_parent(void);
static void close_foreign(void);

int hb_sandbox_enter(const struct hb_role *r, const struct hb_paths *paths,
                     const struct hb_config *config, struct hb_err *err)
{
    int rc = hb_sandbox_limits(err);

    if (rc == 0)
        rc = hb_sandbox_user(r, err);
    if (rc == 0 && die_with_parent() < 0)
        rc = fail(err, "PR_SET_PDEATHSIG");
    if (rc == 0)
        rc = hb_sandbox_landlock(r, paths, config, err);
    /* An old kernel without Landlock still has users, capabilities and the
     * filter; refusing to guard would be the worse choice. */
    if (rc == -EOPNOTSUPP)
        rc = 0;
    if (rc == 0)
        rc = hb_sandbox_filter(r, err);
    return rc;
}

int hb_sandbox_limits(struct hb_err *err)
{
    close_foreign();
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    if (chdir("/") < 0)
        return fail(err, "chdir");
    if (limit(RLIMIT_CORE, 0) < 0)
        return fail(err, "RLIMIT_CORE");
    if (limit(RLIMIT_NOFILE, OPEN_FILES) < 0)
        return fail(err, "RLIMIT_NOFILE");
    return 0;
}

int hb_sandbox_user(const struct hb_role *r, struct hb_err *err)
{
    const uint64_t wanted = wanted_caps(r);
    uint64_t have = 0, now = 0;
    int rc;

    if (drop_bounding(wanted) < 0)
        return fail(err, "PR_CAPBSET_DROP");
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return fail(err, "PR_CAP_AMBIENT");
    rc = become(r, err);
    if (rc < 0)
        return rc;
    if (get_caps(&have, &now) < 0)
        return fail(err, "capget");
    if ((wanted & ~have) != 0)
        return hb_err_set(err, -EPERM,
                          _("the role \"%s\" lacks a capability that it "
                            "needs; start it through its unit or the "
                            "supervisor"),
                          r->name);
    if (lock_securebits() < 0)
        return fail(err, "PR_SET_SECUREBITS");
    /* The units' own filter does not let capset through. */
    if (get_caps(&have, &now) < 0 ||
        ((have != wanted || now != wanted) && set_caps(wanted) < 0))
        return fail(err, "capset");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(err, "PR_SET_NO_NEW_PRIVS");
    /* A change of user sets it again, so it comes last. */
    if (!HB_SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return fail(err, "PR_SET_DUMPABLE");
    return 0;
}

static int fail(struct hb_err *err, const char *what)
{
    int code = -errno;
    char text[128];

    return hb_err_set(err, code, _("cannot confine the process: %s: %s"), what,
                      hb_errno_text(code, text, sizeof(text)));
}

/* Lowers a limit.  A unit has done so already, and its filter does not let
 * setrlimit through. */
static int limit(int what, rlim_t to)
{
    struct rlimit now;

    if (getrlimit(what, &now) < 0)
        return -errno;
    to = HB_MIN(now.rlim_max, to);
    if (now.rlim_cur == to && now.rlim_max == to)
        return 0;
    now.rlim_cur = now.rlim_max = to;
    return setrlimit(what, &now) < 0 ? -errno : 0;
}

/* Changes user and group, keeping the permitted capabilities across it. */
static int become(const struct hb_role *r, struct hb_err *err)
{
    gid_t gid, rg, eg, sg, groups[GROUPS_MAX];
    uid_t uid, ru, eu, su;
    size_t n;

    hb_role_ids(r, &uid, &gid);
    if (getresuid(&ru, &eu, &su) < 0 || getresgid(&rg, &eg, &sg) < 0)
        return fail(err, "getresuid");
    if (ru == uid && eu == uid && su == uid && rg == gid && eg == gid &&
        sg == gid && getgroups(0, NULL) == 0)
        return 0; /* systemd did it */
    if (eu != 0) {
        if (ru == uid && eu == uid)
            return 0; /* its own group beside ours does no harm */
        return hb_err_set(err, -EPERM,
                          _("the role \"%s\" runs as root or as the user "
                            "%s, not as uid %u"),
                          r->name, r->user, (unsigned)geteuid());
    }
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return fail(err, "PR_SET_KEEPCAPS");
    n = groups_of(r, groups);
    if (setgroups(n, groups) < 0)
        return fail(err, "setgroups");
    if (setresgid(gid, gid, gid) < 0)
        return fail(err, "setresgid");
    if (setresuid(uid, uid, uid) < 0)
        return fail(err, "setresuid");
    return 0;
}

static size_t groups_of(const struct hb_role *r, gid_t *groups)
{
    size_t n = 0;

    for (size_t i = 0;
         r->groups != NULL && r->groups[i] != NULL && n < GROUPS_MAX; i++) {
        const struct group *g = getgrnam(r->groups[i]);

        if (g != NULL)
            groups[n++] = g->gr_gid;
    }
    return n;
}

/* Under systemd the helper lives in a mount namespace of its own, where
 * unmounting would change nothing for the machine: a unit of its own does
 * that (doc/decisions/0003), and the capability stays away. */
static uint64_t wanted_caps(const struct hb_role *r)
{
    if ((r->flags & HB_ROLE_MOUNTS) != 0 && getenv("HINOBAN_UNMOUNT") != NULL)
        return r->caps & ~(UINT64_C(1) << CAP_SYS_ADMIN);
    return r->caps;
}

/* Needs CAP_SETPCAP; where systemd took it away, it also dropped the set. */
static int drop_bounding(uint64_t keep)
{
    for (unsigned cap = 0; cap <= CAP_LAST; cap++) {
        int has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

        if (has < 0)
            return 0; /* past the kernel's last capability */
        if (has == 0 || (keep >> cap & 1) != 0)
            continue;
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return -errno;
    }
    return 0;
}

static int set_caps(uint64_t mask)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {.effective = (uint32_t)mask, .permitted = (uint32_t)mask},
        {.effective = (uint32_t)(mask >> 32),
         .permitted = (uint32_t)(mask >> 32)}};

    return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

static int get_caps(uint64_t *ret_permitted, uint64_t *ret_effective)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};

    if (syscall(SYS_capget, &head, data) < 0)
        return -errno;
    *ret_permitted =
        (uint64_t)data[1].permitted << 32 | (uint64_t)data[0].permitted;
    *ret_effective =
        (uint64_t)data[1].effective << 32 | (uint64_t)data[0].effective;
    return 0;
}

/* uid 0 stops being special: the helper stays root and still has only the
 * row's capabilities, whatever it might execute.  Without CAP_SETPCAP (under
 * systemd) the bounding set does the same. */
static int lock_securebits(void)
{
    const unsigned long bits =
        SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
        SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
        SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    uint64_t have = 0, now = 0;

    if (get_caps(&have, &now) < 0)
        return -errno;
    if ((have >> CAP_SETPCAP & 1) == 0)
        return 0;
    if (set_caps(have) < 0)
        return -errno;
    return prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0 ? -errno : 0;
}

/* The supervisor's children must not outlive it, however it ends.  Set after
 * the change of user, which forgets it. */
static int die_with_parent(void)
{
    const char *text = getenv("HINOBAN_SUPERVISOR");
    uint64_t pid;

    if (text == NULL || hb_parse_u64(hb_slice_z(text), &pid) < 0)
        return 0;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return -errno;
    if ((uint64_t)getppid() != pid)
        _exit(1); /* it ended before we asked */
    return 0;
}

/* Keeps the standard streams and what sd_listen_fds(3) passes. */
static void close_foreign(void)
{
    const char *text = getenv("LISTEN_FDS");
    uint64_t n = 0;

    if (text == NULL || hb_parse_u64(hb_slice_z(text), &n) < 0 || n > 64)
        n = 0;
    if (syscall(SYS_close_range, 3 + (unsigned)n, ~0u, 0) < 0)
        for (int fd = 3 + (int)n; fd < 1024; fd++)
            (void)close(fd);
}
