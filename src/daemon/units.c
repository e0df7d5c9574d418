/* SPDX-License-Identifier: Apache-2.0 */
/*
 * units.c - systemd units, sysusers.d and tmpfiles.d from the table of roles.
 *
 * Runs in `hinoban units`, at the package's build and when the administrator
 * changed the sites.  The unit is the outer fence (namespaces, devices, what
 * of the file system can be written); the role's own sandbox is the inner
 * one.  Each setting that is looser than it could be says why.
 *
 * Users stay those of the machine (PrivateUsers=no) wherever a role reads who
 * its peer is or who owns a file: in a user namespace all others would look
 * like "nobody".
 */
#include "daemon/units.h"

#include <linux/capability.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "daemon/dirs.h"

#define UNMOUNT_DIR "unmount"

static void head(struct hb_buf *b, const char *description);
static void identity(struct hb_buf *b, const struct hb_role *r);
static void capabilities(struct hb_buf *b, const struct hb_role *r);
static void file_system(struct hb_buf *b, const struct hb_units *u,
                        const struct hb_role *r);
static void kernel(struct hb_buf *b, const struct hb_role *r);
static void calls(struct hb_buf *b, const struct hb_role *r);
static void network(struct hb_buf *b, const struct hb_role *r);
static int write_role(const struct hb_units *u, const struct hb_role *r,
                      const char *dir, struct hb_err *err);
static void socket_unit(struct hb_buf *b, const struct hb_units *u,
                        const struct hb_role *r, const struct hb_role_sock *s);
static int write_common(const struct hb_units *u, const char *dir,
                        struct hb_err *err);
static void unmount_units(struct hb_buf *path, struct hb_buf *service,
                          const struct hb_units *u);
static void private_units(struct hb_buf *path, struct hb_buf *service,
                          const struct hb_units *u);
static void selftest_units(struct hb_buf *timer, struct hb_buf *service,
                           const struct hb_units *u);
static void sysusers(struct hb_buf *b, const struct hb_units *u);
static void tmpfiles(struct hb_buf *b, const struct hb_units *u);
static bool drop_in(struct hb_buf *b, const struct hb_role *r,
                    const struct hb_config *config);
static void writable(struct hb_buf *b, const char *path);
static bool starts(const char *path, const char *top);
static int put(const char *dir, const char *name, struct hb_buf *b,
               struct hb_err *err);

int hb_units_write(const struct hb_units *u, const char *dir,
                   struct hb_err *err)
{
    char system[HB_MAX_PATH];
    int n = snprintf(system, sizeof(system), "%s/system", dir);
    int r = n < 0 || (size_t)n >= sizeof(system) ? -ENAMETOOLONG : 0;

    if (r < 0)
        return hb_err_set(err, r, _("the path is too long"));
    for (const struct hb_role *role = u->roles; r == 0 && role->name != NULL;
         role++)
        r = write_role(u, role, system, err);
    return r < 0 ? r : write_common(u, dir, err);
}

int hb_units_write_drop_ins(const struct hb_units *u,
                            const struct hb_config *config, const char *dir,
                            struct hb_err *err)
{
    for (const struct hb_role *r = u->roles; r->name != NULL; r++) {
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
        char name[96];
        int rc;

        if (!drop_in(&b, r, config))
            continue;
        (void)snprintf(name, sizeof(name), "hinoban-%s.service.d/50-sites.conf",
                       r->name);
        rc = put(dir, name, &b, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

void hb_unit_service(struct hb_buf *b, const struct hb_units *u,
                     const struct hb_role *r)
{
    head(b, r->doc);
    hb_buf_addf(b,
                "PartOf=hinoban.target\n"
                "StartLimitIntervalSec=0\n"
                "ConditionPathExists=%s/hinoban.yaml\n"
                "\n[Service]\n"
                "Type=notify\n"
                "NotifyAccess=main\n"
                "ExecStart=%s role %s\n"
                "ExecStopPost=-%s role-ended %s\n"
                "Restart=always\n"
                "RestartSec=1s\n"
                "TimeoutStopSec=15s\n",
                u->paths->dir[HB_DIR_ETC], u->exe, r->name, u->exe, r->name);
    /* The shell's own kill: a bare Debian has no other. */
    if ((r->flags & HB_ROLE_RELOAD) != 0)
        hb_buf_addz(b, "ExecReload=/bin/sh -c \"kill -HUP $MAINPID\"\n");
    if (r->socks[0].name != NULL) {
        hb_buf_addz(b, "Sockets=");
        for (const struct hb_role_sock *s = r->socks; s->name != NULL; s++)
            hb_buf_addf(b, "%shinoban-%s.socket", s == r->socks ? "" : " ",
                        s->name);
        hb_buf_addc(b, '\n');
    }
    identity(b, r);
    capabilities(b, r);
    file_system(b, u, r);
    kernel(b, r);
    network(b, r);
    calls(b, r);
    hb_buf_addz(b, "\n[Install]\nWantedBy=hinoban.target\n");
}

void hb_unit_writable(const struct hb_conf_site *s, char *buf)
{
    const char *other = s->staging;
    size_t n = strlen(s->root), common = 0;

    if (other[0] != '\0') {
        /* The longest common run of whole parts. */
        for (size_t i = 0; i <= n; i++) {
            bool end_a = s->root[i] == '/' || s->root[i] == '\0';
            bool end_b = other[i] == '/' || other[i] == '\0';

            if (end_a && end_b)
                common = i;
            if (s->root[i] != other[i] || s->root[i] == '\0')
                break;
        }
    } else {
        for (common = n; common > 0 && s->root[common] != '/'; common--)
            ;
    }
    /* Nothing in common but "/": then both stand on their own, and staging
     * must lie inside the root. */
    if (common == 0)
        common = n;
    memcpy(buf, s->root, common);
    buf[common] = '\0';
}

static void head(struct hb_buf *b, const char *description)
{
    hb_buf_addf(b,
                "# Written by \"hinoban units\" from the table of roles; "
                "change it with a drop-in.\n"
                "[Unit]\n"
                "Description=Hinoban: %s\n"
                "Documentation=man:hinoban(8)\n",
                description);
}

static void identity(struct hb_buf *b, const struct hb_role *r)
{
    bool root = hb_streq(r->user, "root");

    hb_buf_addf(b,
                "\nUser=%s\nGroup=%s\nUMask=0077\nNoNewPrivileges=yes\n"
                "KeyringMode=private\nRemoveIPC=yes\nDelegate=no\n"
                "LimitCORE=0\nLimitNOFILE=8192\n",
                r->user, root ? "root" : "hinoban");
    for (size_t i = 0; r->groups != NULL && r->groups[i] != NULL; i++)
        hb_buf_addf(b, "%s%s%s", i == 0 ? "SupplementaryGroups=" : " ",
                    r->groups[i], r->groups[i + 1] == NULL ? "\n" : "");
    if (root)
        hb_buf_addf(b, "Environment=HINOBAN_UNMOUNT=/run/hinoban/%s\n",
                    UNMOUNT_DIR);
}

static void capabilities(struct hb_buf *b, const struct hb_role *r)
{
    static const char *const names[] = {
        [CAP_CHOWN] = "CAP_CHOWN",
        [CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
        [CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
        [CAP_FOWNER] = "CAP_FOWNER",
        [CAP_FSETID] = "CAP_FSETID",
        [CAP_KILL] = "CAP_KILL",
        [CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
        [CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
        [CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
        [CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
        [CAP_SETFCAP] = "CAP_SETFCAP",
    };
    uint64_t caps = r->caps;
    struct hb_buf list = HB_BUF_INIT;

    /* Unmounting is another unit's work: doc/decisions/0003. */
    if ((r->flags & HB_ROLE_MOUNTS) != 0)
        caps &= ~(UINT64_C(1) << CAP_SYS_ADMIN);
    for (unsigned i = 0; i < HB_ARRAY_LEN(names); i++) {
        if ((caps >> i & 1) == 0)
            continue;
        HB_ASSERT(names[i] != NULL);
        hb_buf_addf(&list, "%s%s", list.n > 0 ? " " : "", names[i]);
    }
    hb_buf_addf(b, "\nCapabilityBoundingSet=%s\nAmbientCapabilities=%s\n",
                hb_buf_z(&list),
                hb_streq(r->user, "root") ? "" : hb_buf_z(&list));
    hb_buf_done(&list);
}

static void file_system(struct hb_buf *b, const struct hb_units *u,
                        const struct hb_role *r)
{
    bool sees_users = (r->flags & HB_ROLE_NETWORK) == 0;
    bool sees_processes =
        (r->flags & (HB_ROLE_PROC | HB_ROLE_SITES_WRITE | HB_ROLE_EXEC)) != 0;

    hb_buf_addf(b,
                "\nPrivateMounts=yes\nProtectSystem=strict\nProtectHome=yes\n"
                "PrivateTmp=yes\nPrivateDevices=yes\nDevicePolicy=closed\n"
                "PrivateIPC=yes\nPrivateUsers=%s\n"
                "ProtectProc=%s\nProcSubset=%s\n",
                sees_users ? "no" : "yes",
                sees_processes ? "default" : "invisible",
                (r->flags & HB_ROLE_EXEC) != 0 ? "all" : "pid");
    for (const struct hb_role_dir *d = r->dirs; d->dir != HB_DIR_COUNT; d++)
        if (d->write)
            hb_buf_addf(b, "ReadWritePaths=%s\n", u->paths->dir[d->dir]);
    if ((r->flags & HB_ROLE_MOUNTS) != 0)
        hb_buf_addf(b, "ReadWritePaths=-/run/hinoban/%s\n", UNMOUNT_DIR);
    /* Freezing: groups of services, users and containers, never init's. */
    if ((r->flags & HB_ROLE_SITES_WRITE) != 0)
        hb_buf_addz(b, "ReadWritePaths=-/sys/fs/cgroup/system.slice "
                       "-/sys/fs/cgroup/user.slice "
                       "-/sys/fs/cgroup/machine.slice\n");
}

static void kernel(struct hb_buf *b, const struct hb_role *r)
{
    /* Document roots hold directories with the set-group-ID bit, and with
     * "yes" there is no openat2(2): doc/decisions/0003. */
    bool loose = (r->flags & (HB_ROLE_SITES_WRITE | HB_ROLE_BENEATH)) != 0;

    hb_buf_addf(b,
                "\nProtectHostname=yes\nProtectClock=yes\n"
                "ProtectKernelTunables=yes\nProtectKernelModules=yes\n"
                "ProtectKernelLogs=yes\nProtectControlGroups=yes\n"
                "RestrictNamespaces=yes\nRestrictRealtime=yes\n"
                "RestrictSUIDSGID=%s\nLockPersonality=yes\n"
                "MemoryDenyWriteExecute=yes\n",
                loose ? "no" : "yes");
}

static void network(struct hb_buf *b, const struct hb_role *r)
{
    if ((r->flags & HB_ROLE_NETWORK) != 0) {
        hb_buf_addz(b, "\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 "
                       "AF_NETLINK\n");
        return;
    }
    hb_buf_addz(b, "\nRestrictAddressFamilies=AF_UNIX\nPrivateNetwork=yes\n"
                   "IPAddressDeny=any\n");
}

/* Wider than the role's own filter, which comes on top; this one also holds
 * for the moment before, and for the programs that systemd starts for it. */
static void calls(struct hb_buf *b, const struct hb_role *r)
{
    hb_buf_addz(b, "\nSystemCallArchitectures=native\n"
                   "SystemCallErrorNumber=EPERM\n"
                   "SystemCallFilter=@system-service\n"
                   "SystemCallFilter=~@privileged @resources\n"
                   "SystemCallFilter=seccomp landlock_create_ruleset "
                   "landlock_add_rule landlock_restrict_self\n");
    if ((r->flags & HB_ROLE_PROC) != 0)
        hb_buf_addz(b, "SystemCallFilter=fanotify_init fanotify_mark "
                       "open_by_handle_at\n");
    if ((r->flags & HB_ROLE_SITES_WRITE) != 0)
        hb_buf_addz(b, "SystemCallFilter=@chown\n");
}

static int write_role(const struct hb_units *u, const struct hb_role *r,
                      const char *dir, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf service = HB_BUF_INIT;
    char name[96];
    int rc;

    hb_unit_service(&service, u, r);
    (void)snprintf(name, sizeof(name), "hinoban-%s.service", r->name);
    rc = put(dir, name, &service, err);
    for (const struct hb_role_sock *s = r->socks; rc == 0 && s->name != NULL;
         s++) {
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

        socket_unit(&b, u, r, s);
        (void)snprintf(name, sizeof(name), "hinoban-%s.socket", s->name);
        rc = put(dir, name, &b, err);
    }
    return rc;
}

static void socket_unit(struct hb_buf *b, const struct hb_units *u,
                        const struct hb_role *r, const struct hb_role_sock *s)
{
    const struct hb_role *peer = s->peer != NULL ? hb_role_find(s->peer) : NULL;
    bool shared = s->mode == 0660 || peer != NULL;
    char text[128];

    (void)snprintf(text, sizeof(text), "socket \"%s\" of %s", s->name, r->name);
    head(b, text);
    hb_buf_addf(b,
                "PartOf=hinoban.target\n"
                "ConditionPathExists=%s/hinoban.yaml\n"
                "\n[Socket]\n"
                "%s=%s/%s.sock\n"
                "FileDescriptorName=%s\n"
                "Service=hinoban-%s.service\n"
                "SocketUser=%s\nSocketGroup=%s\nSocketMode=%04o\n"
                "Backlog=64\nRemoveOnStop=yes\n"
                "\n[Install]\nWantedBy=hinoban.target\n",
                u->paths->dir[HB_DIR_ETC],
                s->type == SOCK_STREAM ? "ListenStream"
                                       : "ListenSequentialPacket",
                u->paths->dir[HB_DIR_RUN], s->name, s->name, r->name,
                peer != NULL ? peer->user : "root", shared ? "hinoban" : "root",
                (unsigned)s->mode);
}

static int write_common(const struct hb_units *u, const char *dir,
                        struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf target = HB_BUF_INIT, path = HB_BUF_INIT;
    _cleanup_buf_ struct hb_buf service = HB_BUF_INIT, users = HB_BUF_INIT;
    _cleanup_buf_ struct hb_buf files = HB_BUF_INIT;
    _cleanup_buf_ struct hb_buf flags = HB_BUF_INIT, runs = HB_BUF_INIT;
    _cleanup_buf_ struct hb_buf daily = HB_BUF_INIT, attack = HB_BUF_INIT;
    int r;

    head(&target, N_("all roles"));
    hb_buf_addz(&target, "\n[Install]\nWantedBy=multi-user.target\n");
    unmount_units(&path, &service, u);
    private_units(&flags, &runs, u);
    selftest_units(&daily, &attack, u);
    sysusers(&users, u);
    tmpfiles(&files, u);
    r = put(dir, "system/hinoban.target", &target, err);
    if (r == 0)
        r = put(dir, "system/hinoban-unmount.path", &path, err);
    if (r == 0)
        r = put(dir, "system/hinoban-unmount.service", &service, err);
    if (r == 0)
        r = put(dir, "system/hinoban-private.path", &flags, err);
    if (r == 0)
        r = put(dir, "system/hinoban-private.service", &runs, err);
    if (r == 0)
        r = put(dir, "system/hinoban-selftest.timer", &daily, err);
    if (r == 0)
        r = put(dir, "system/hinoban-selftest.service", &attack, err);
    if (r == 0)
        r = put(dir, "sysusers.d/hinoban.conf", &users, err);
    if (r == 0)
        r = put(dir, "tmpfiles.d/hinoban.conf", &files, err);
    return r;
}

/* What the helper cannot do from its own mount namespace.  No setting here
 * may make a mount namespace; the rest is as tight as it goes. */
static void unmount_units(struct hb_buf *path, struct hb_buf *service,
                          const struct hb_units *u)
{
    head(path, N_("waits for a mount to be taken off a document root"));
    hb_buf_addf(path,
                "PartOf=hinoban.target\n"
                "\n[Path]\n"
                "PathExistsGlob=/run/hinoban/%s/*.request\n"
                "\n[Install]\nWantedBy=hinoban.target\n",
                UNMOUNT_DIR);
    head(service, N_("takes mounts off document roots"));
    hb_buf_addf(service,
                "StartLimitIntervalSec=0\n"
                "\n[Service]\n"
                "Type=oneshot\n"
                "ExecStart=%s unmount --requests /run/hinoban/%s\n"
                "TimeoutStartSec=10s\n"
                "User=root\nUMask=0077\nNoNewPrivileges=yes\n"
                "CapabilityBoundingSet=CAP_SYS_ADMIN CAP_DAC_READ_SEARCH\n"
                "KeyringMode=private\nRestrictNamespaces=yes\n"
                "RestrictRealtime=yes\nRestrictSUIDSGID=yes\n"
                "LockPersonality=yes\nMemoryDenyWriteExecute=yes\n"
                "RestrictAddressFamilies=AF_UNIX\nIPAddressDeny=any\n"
                "DevicePolicy=closed\nSystemCallArchitectures=native\n"
                "SystemCallErrorNumber=EPERM\n"
                "SystemCallFilter=@system-service\n"
                "SystemCallFilter=~@privileged @resources\n"
                "SystemCallFilter=umount2 umount\n",
                u->exe, UNMOUNT_DIR);
}

/* The driver "command": a program of the administrator's, which may have to
 * do anything (stop a server, tell a load balancer), so it is not confined;
 * nothing but a site's name of the configuration reaches it. */
static void private_units(struct hb_buf *path, struct hb_buf *service,
                          const struct hb_units *u)
{
    head(path, N_("waits for a site to be taken off the air, or back"));
    hb_buf_addf(path,
                "PartOf=hinoban.target\n"
                "\n[Path]\n"
                "PathChanged=%s\n"
                "\n[Install]\nWantedBy=hinoban.target\n",
                u->paths->dir[HB_DIR_PRIVATE]);
    head(service, N_("runs the programs that take sites off the air"));
    hb_buf_addf(service,
                "StartLimitIntervalSec=0\n"
                "ConditionPathExists=%s/hinoban.yaml\n"
                "\n[Service]\n"
                "Type=oneshot\n"
                "ExecStart=%s private-run\n"
                "Restart=on-failure\nRestartSec=5s\n"
                "TimeoutStartSec=20min\n"
                "UMask=0077\nLockPersonality=yes\n"
                "SystemCallArchitectures=native\n"
                "\n[Install]\nWantedBy=hinoban.target\n",
                u->paths->dir[HB_DIR_ETC], u->exe);
}

/* Each day an attack of our own on the sites; root, as the evidence key signs
 * what came of it.  It writes nothing but the word in the private directory. */
static void selftest_units(struct hb_buf *timer, struct hb_buf *service,
                           const struct hb_units *u)
{
    head(timer, N_("tries each day whether the firewall stops an attack"));
    hb_buf_addz(timer, "PartOf=hinoban.target\n"
                       "\n[Timer]\n"
                       "OnCalendar=daily\nRandomizedDelaySec=1h\n"
                       "OnActiveSec=5min\nPersistent=true\n"
                       "\n[Install]\nWantedBy=hinoban.target\n");
    head(service, N_("tries whether the firewall stops an attack"));
    hb_buf_addf(service,
                "ConditionPathExists=%s/hinoban.yaml\n"
                "\n[Service]\n"
                "Type=oneshot\n"
                "ExecStart=%s gate selftest --daily\n"
                "TimeoutStartSec=20min\n"
                "User=root\nUMask=0077\nNoNewPrivileges=yes\n"
                "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_READ_SEARCH\n"
                "ProtectSystem=strict\nProtectHome=yes\nPrivateTmp=yes\n"
                "PrivateDevices=yes\nProtectKernelTunables=yes\n"
                "ProtectKernelModules=yes\nProtectKernelLogs=yes\n"
                "ProtectControlGroups=yes\nProtectClock=yes\n"
                "ReadWritePaths=%s\n"
                "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n"
                "KeyringMode=private\nRestrictNamespaces=yes\n"
                "RestrictRealtime=yes\nRestrictSUIDSGID=yes\n"
                "LockPersonality=yes\nMemoryDenyWriteExecute=yes\n"
                "DevicePolicy=closed\nSystemCallArchitectures=native\n"
                "SystemCallErrorNumber=EPERM\n"
                "SystemCallFilter=@system-service\n"
                "SystemCallFilter=~@privileged @resources\n"
                "SystemCallFilter=@chown\n"
                "ProtectHostname=yes\n",
                u->paths->dir[HB_DIR_ETC], u->exe,
                u->paths->dir[HB_DIR_PRIVATE]);
}

static void sysusers(struct hb_buf *b, const struct hb_units *u)
{
    hb_buf_addz(b, "# Written by \"hinoban units\".\ng hinoban -\n");
    for (const struct hb_role *r = u->roles; r->name != NULL; r++)
        if (!hb_streq(r->user, "root"))
            hb_buf_addf(b, "u %s -:hinoban \"Hinoban, role %s\"\n", r->user,
                        r->name);
}

static void tmpfiles(struct hb_buf *b, const struct hb_units *u)
{
    const char *etc = u->paths->dir[HB_DIR_ETC];
    const struct hb_role *core = hb_role_find("core");
    const struct hb_role *outside = hb_role_find("outside");

    hb_buf_addz(b, "# Written by \"hinoban units\".\n");
    for (const struct hb_dir_rule *d = hb_dir_rules; d->dir != HB_DIR_COUNT;
         d++) {
        const struct hb_role *owner =
            d->owner != NULL ? hb_role_find(d->owner) : NULL;

        hb_buf_addf(b, "d %s %04o %s %s -\n", u->paths->dir[d->dir],
                    (unsigned)d->mode, owner != NULL ? owner->user : "root",
                    d->group ? "hinoban" : "root");
    }
    hb_buf_addf(b, "d /run/hinoban/%s 0700 root root -\n", UNMOUNT_DIR);
    /* The one private key that a role signs with. */
    if (core != NULL)
        hb_buf_addf(b, "z %s/keys/evidence.key 0600 %s hinoban -\n", etc,
                    core->user);
    /* And the password that one mails with; where it lies elsewhere, whoever
     * set it up sees to it. */
    if (outside != NULL)
        hb_buf_addf(b, "z %s/keys/mail.password 0600 %s hinoban -\n", etc,
                    outside->user);
}

/* False where R needs none. */
static bool drop_in(struct hb_buf *b, const struct hb_role *r,
                    const struct hb_config *config)
{
    bool writes = (r->flags & HB_ROLE_SITES_WRITE) != 0;
    bool reads = writes || (r->flags & HB_ROLE_SITES_READ) != 0;
    const struct hb_conf_site *s = config->sites.v;
    const char *anchor = config->organisation.anchor;
    bool home = false, tmp = false;

    hb_buf_addz(b, "# Written by \"hinoban units --drop-ins\" from the "
                   "configuration.\n[Service]\n");
    for (size_t i = 0; reads && i < config->sites.n; i++) {
        char top[HB_MAX_PATH];

        home = home || starts(s[i].root, "/home") ||
               starts(s[i].root, "/root") || starts(s[i].root, "/run/user");
        tmp = tmp || starts(s[i].root, "/tmp") || starts(s[i].root, "/var/tmp");
        hb_unit_writable(&s[i], top);
        if (writes)
            writable(b, top);
    }
    if (home)
        hb_buf_addf(b, "ProtectHome=%s\n", writes ? "no" : "read-only");
    if (tmp)
        hb_buf_addz(b, "PrivateTmp=no\n");
    /* Replaced by renaming, so its folder must be writable. */
    if ((r->flags & HB_ROLE_ANCHOR) != 0 && starts(anchor, "file:")) {
        char dir[HB_MAX_PATH];

        (void)hb_copyz(dir, sizeof(dir), anchor + 5);
        *strrchr(dir, '/') = '\0';
        writable(b, dir[0] != '\0' ? dir : anchor + 5);
        return true;
    }
    return reads;
}

/* Quoted as systemd.syntax(7) wants it; "%" would begin a specifier. */
static void writable(struct hb_buf *b, const char *path)
{
    hb_buf_addz(b, "ReadWritePaths=\"-");
    for (const char *p = path; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            hb_buf_addf(b, "\\x%02x", (unsigned)(unsigned char)*p);
        else if (*p == '"' || *p == '\\')
            hb_buf_addf(b, "\\%c", *p);
        else if (*p == '%')
            hb_buf_addz(b, "%%");
        else
            hb_buf_addc(b, *p);
    }
    hb_buf_addz(b, "\"\n");
}

static bool starts(const char *path, const char *top)
{
    size_t n = strlen(top);

    return strncmp(path, top, n) == 0 &&
           (path[n] == '/' || path[n] == '\0' || top[n - 1] == ':');
}

static int put(const char *dir, const char *name, struct hb_buf *b,
               struct hb_err *err)
{
    char path[HB_MAX_PATH], up[HB_MAX_PATH], text[128];
    int n = snprintf(path, sizeof(path), "%s/%s", dir, name);
    int r = hb_buf_err(b);

    if (n < 0 || (size_t)n >= sizeof(path))
        return hb_err_set(err, -ENAMETOOLONG, _("the path is too long"));
    memcpy(up, path, (size_t)n + 1);
    *strrchr(up, '/') = '\0';
    if (r == 0)
        r = hb_mkdirs(up, 0755);
    if (r == 0)
        r = hb_file_write(path, hb_buf_z(b), b->n, 0644);
    if (r < 0)
        return hb_err_set(err, r, "%s: %s", path,
                          hb_errno_text(r, text, sizeof(text)));
    return 0;
}
