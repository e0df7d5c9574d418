/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_landlock.c - what a role may see of the file system (landlock(7)).
 *
 * Raw system calls: Debian 12 has no library for it, and its headers end at
 * the second version of the interface.  Rights of later versions are used
 * where the running kernel has them.
 *
 * Two roles get less of it, for reasons of the kernel's own:
 *   watch   a process in any Landlock domain may not look at the executable
 *           of a process outside (ptrace access check); then "who did it"
 *           would be lost.  No domain.
 *   helper  a process whose domain handles files may not mount or unmount;
 *           it must take mounts off document roots.  A domain without files:
 *           no TCP, no abstract sockets.
 * Both keep their capabilities, user, filter and unit as bounds.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/i18n.h"
#include "base/num.h"
#include "daemon/sandbox.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

/* From the kernel's uapi/linux/landlock.h. */
#define FS_EXECUTE     (UINT64_C(1) << 0)
#define FS_WRITE_FILE  (UINT64_C(1) << 1)
#define FS_READ_FILE   (UINT64_C(1) << 2)
#define FS_READ_DIR    (UINT64_C(1) << 3)
#define FS_REMOVE_DIR  (UINT64_C(1) << 4)
#define FS_REMOVE_FILE (UINT64_C(1) << 5)
#define FS_MAKE_DIR    (UINT64_C(1) << 7)
#define FS_MAKE_REG    (UINT64_C(1) << 8)
#define FS_REFER       (UINT64_C(1) << 13)
#define FS_TRUNCATE    (UINT64_C(1) << 14)
#define FS_ABI_1       ((UINT64_C(1) << 13) - 1)
#define FS_IOCTL_DEV   (UINT64_C(1) << 15)
#define NET_BIND       (UINT64_C(1) << 0)
#define NET_CONNECT    (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT (UINT64_C(1) << 0)
#define SCOPE_SIGNAL   (UINT64_C(1) << 1)
#define RULE_PATH      1

#define READ (FS_READ_FILE | FS_READ_DIR)
#define WRITE                                                                  \
    (READ | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR |     \
     FS_MAKE_REG | FS_REFER | FS_TRUNCATE)
#define OF_FILES                                                               \
    (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset_attr {
    uint64_t fs, net, scoped;
};

struct path_attr {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));

struct rules {
    int fd;
    uint64_t handled;
};

static void choose(const struct hb_role *r, int abi, struct ruleset_attr *ret);
static int allow_all(const struct rules *rs, const struct hb_role *r,
                     const struct hb_paths *paths,
                     const struct hb_config *config, struct hb_err *err);
static int allow_sites(const struct rules *rs, const struct hb_role *r,
                       const struct hb_config *config, struct hb_err *err);
static int allow_mail(const struct rules *rs, const struct hb_role *r,
                      const struct hb_config *config, struct hb_err *err);
static int allow_portal(const struct rules *rs, const struct hb_conf_share *s,
                        struct hb_err *err);
static int allow_anchor(const struct rules *rs, const char *anchor,
                        struct hb_err *err);
static int allow_folder_of(const struct rules *rs, const char *file,
                           uint64_t access, struct hb_err *err);
static int allow(const struct rules *rs, const char *path, uint64_t access,
                 bool required, struct hb_err *err);

/* What a C program reads whatever it does. */
static const char *const read_always[] = {"/usr",
                                          "/lib",
                                          "/lib64",
                                          "/etc/ld.so.cache",
                                          "/etc/localtime",
                                          "/etc/ssl",
                                          "/etc/passwd",
                                          "/etc/group",
                                          "/etc/nsswitch.conf",
                                          "/proc",
                                          "/dev/zero",
                                          "/dev/random",
                                          "/dev/urandom",
                                          NULL};

static const char *const execute_from[] = {"/usr", "/bin",   "/sbin",
                                           "/lib", "/lib64", NULL};

int hb_sandbox_landlock(const struct hb_role *r, const struct hb_paths *paths,
                        const struct hb_config *config, struct hb_err *err)
{
    static const size_t sizes[] = {8, 8, 8, 16, 16, 24};
    struct ruleset_attr attr;
    struct rules rs;
    char text[128];
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    int rc = 0;

    if (abi < 1)
        return -EOPNOTSUPP;
    if ((r->flags & HB_ROLE_PROC) != 0)
        return 0;
    abi = HB_MIN(abi, 6);
    choose(r, (int)abi, &attr);
    if (attr.fs == 0 && attr.net == 0 && attr.scoped == 0)
        return 0;
    rs.handled = attr.fs;
    rs.fd = (int)syscall(SYS_landlock_create_ruleset, &attr,
                         sizes[(size_t)abi - 1], 0);
    if (rs.fd < 0)
        rc = -errno;
    if (rc == 0 && attr.fs != 0)
        rc = allow_all(&rs, r, paths, config, err);
    if (rc == 0 && syscall(SYS_landlock_restrict_self, rs.fd, 0) < 0)
        rc = -errno;
    hb_close(&rs.fd);
    if (rc < 0)
        return hb_err_set(err, rc, _("cannot confine the process: %s: %s"),
                          "landlock", hb_errno_text(rc, text, sizeof(text)));
    return 0;
}

static void choose(const struct hb_role *r, int abi, struct ruleset_attr *ret)
{
    *ret = (struct ruleset_attr){0};
    if ((r->flags & HB_ROLE_MOUNTS) == 0) {
        ret->fs = FS_ABI_1;
        if (abi >= 2)
            ret->fs |= FS_REFER;
        if (abi >= 3)
            ret->fs |= FS_TRUNCATE;
        if (abi >= 5)
            ret->fs |= FS_IOCTL_DEV;
    }
    if (abi >= 4)
        ret->net = (r->flags & HB_ROLE_LISTEN) != 0    ? NET_CONNECT
                   : (r->flags & HB_ROLE_NETWORK) != 0 ? NET_BIND
                                                       : NET_BIND | NET_CONNECT;
    if (abi >= 6)
        ret->scoped = (r->caps >> CAP_KILL & 1) != 0
                          ? SCOPE_ABSTRACT
                          : SCOPE_ABSTRACT | SCOPE_SIGNAL;
}

static int allow_all(const struct rules *rs, const struct hb_role *r,
                     const struct hb_paths *paths,
                     const struct hb_config *config, struct hb_err *err)
{
    int rc = allow(rs, "/dev/null", READ | FS_WRITE_FILE, false, err);

    for (size_t i = 0; rc == 0 && read_always[i] != NULL; i++)
        rc = allow(rs, read_always[i], READ, false, err);
    for (size_t i = 0; rc == 0 && r->reads[i] != NULL; i++)
        rc = allow(rs, r->reads[i], READ, false, err);
    for (size_t i = 0;
         rc == 0 && (r->flags & HB_ROLE_EXEC) != 0 && execute_from[i] != NULL;
         i++)
        rc = allow(rs, execute_from[i], READ | FS_EXECUTE, false, err);
    /* Programs of the system want a place for scratch files (apt splits the
     * signed lists there); a unit gives a /tmp of its own. */
    if (rc == 0 && (r->flags & HB_ROLE_EXEC) != 0)
        rc = allow(rs, "/tmp", WRITE, false, err);
    for (const struct hb_role_dir *d = r->dirs;
         rc == 0 && d->dir != HB_DIR_COUNT; d++)
        rc = allow(rs, paths->dir[d->dir], d->write ? WRITE : READ, d->write,
                   err);
    if (rc == 0)
        rc = allow_sites(rs, r, config, err);
    if (rc == 0)
        rc = allow_mail(rs, r, config, err);
    if (rc == 0 && (r->flags & HB_ROLE_LISTEN) != 0 && config != NULL)
        rc = allow_portal(rs, &config->share, err);
    if (rc == 0 && (r->flags & HB_ROLE_ANCHOR) != 0 && config != NULL)
        rc = allow_anchor(rs, config->organisation.anchor, err);
    return rc;
}

static int allow_sites(const struct rules *rs, const struct hb_role *r,
                       const struct hb_config *config, struct hb_err *err)
{
    const struct hb_conf_site *s;
    int rc = 0;

    if (config == NULL)
        return 0;
    s = config->sites.v;
    /* Who signs the certificates of a site. */
    for (size_t i = 0;
         rc == 0 && (r->flags & HB_ROLE_NETWORK) != 0 && i < config->sites.n;
         i++)
        if (s[i].url_ca[0] != '\0')
            rc = allow_folder_of(rs, s[i].url_ca, READ, err);
    if ((r->flags & (HB_ROLE_SITES_READ | HB_ROLE_SITES_WRITE)) == 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < config->sites.n; i++) {
        bool w = (r->flags & HB_ROLE_SITES_WRITE) != 0;

        rc = allow(rs, s[i].root, w ? WRITE : READ, false, err);
        if (rc == 0 && s[i].staging[0] != '\0')
            rc = allow(rs, s[i].staging, w ? WRITE : READ, false, err);
    }
    return rc;
}

/* What the mail server and the webhook want to be shown. */
static int allow_mail(const struct rules *rs, const struct hb_role *r,
                      const struct hb_config *config, struct hb_err *err)
{
    const struct hb_conf_org *org;
    int rc = 0;

    if (config == NULL ||
        (r->flags & (HB_ROLE_NETWORK | HB_ROLE_LISTEN)) != HB_ROLE_NETWORK)
        return 0;
    org = &config->organisation;
    if (config->share.mail_password[0] != '\0')
        rc = allow_folder_of(rs, config->share.mail_password, READ, err);
    if (rc == 0 && org->mail_ca[0] != '\0')
        rc = allow_folder_of(rs, org->mail_ca, READ, err);
    if (rc == 0 && org->mail_password[0] != '\0')
        rc = allow_folder_of(rs, org->mail_password, READ, err);
    if (rc == 0 && org->webhook_secret[0] != '\0')
        rc = allow_folder_of(rs, org->webhook_secret, READ, err);
    return rc;
}

/* The portal's certificate with its key. */
static int allow_portal(const struct rules *rs, const struct hb_conf_share *s,
                        struct hb_err *err)
{
    const char *const files[] = {s->certificate, s->key};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < HB_ARRAY_LEN(files); i++)
        if (files[i][0] != '\0')
            rc = allow_folder_of(rs, files[i], READ, err);
    return rc;
}

/* Checkpoints of the evidence leave the machine through this file; it is
 * replaced by renaming, so its folder must be writable. */
static int allow_anchor(const struct rules *rs, const char *anchor,
                        struct hb_err *err)
{
    return strncmp(anchor, "file:", 5) == 0
               ? allow_folder_of(rs, anchor + 5, WRITE, err)
               : 0;
}

/* A rule for a file is one for its inode; a file that is renewed by renaming
 * is another.  Not for the whole file system, though. */
static int allow_folder_of(const struct rules *rs, const char *file,
                           uint64_t access, struct hb_err *err)
{
    char dir[HB_MAX_PATH];

    if (!hb_copyz(dir, sizeof(dir), file))
        return 0;
    *strrchr(dir, '/') = '\0';
    return dir[0] == '\0' ? 0 : allow(rs, dir, access, false, err);
}

/* A path that is not there is skipped unless it is REQUIRED. */
static int allow(const struct rules *rs, const char *path, uint64_t access,
                 bool required, struct hb_err *err)
{
    _cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
    struct path_attr attr;
    struct stat st = {0};
    char text[128];
    int rc = 0;

    if (fd < 0 && errno == ENOENT && !required)
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        rc = -errno;
    if (rc == 0) {
        attr = (struct path_attr){access & rs->handled, fd};
        if (!S_ISDIR(st.st_mode))
            attr.allowed &= OF_FILES;
        if (syscall(SYS_landlock_add_rule, rs->fd, RULE_PATH, &attr, 0) < 0)
            rc = -errno;
    }
    if (rc == -EACCES && !required)
        return 0; /* what the user may not reach needs no rule */
    if (rc < 0)
        return hb_err_set(err, rc, "%s: %s", path,
                          hb_errno_text(rc, text, sizeof(text)));
    return 0;
}
