/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles.c - the one table of roles.
 *
 * Everything that starts, confines or describes a role reads it here: the
 * sandbox, the supervisor, the systemd units, tmpfiles.d and sysusers.d.  The
 * order is that of starting: whoever receives comes before whoever sends.
 */
#include <linux/capability.h>
#include <sys/socket.h>

#include "base/i18n.h"
#include "control/control.h"
#include "core/core.h"
#include "daemon/intake.h"
#include "daemon/role.h"
#include "guard/gate/gate.h"
#include "portal/portal.h"
#include "respond/respond.h"
#include "sense/files/files.h"
#include "sense/outside/outside.h"

#define CAP(name) (UINT64_C(1) << CAP_##name)

static const char *const nothing[] = {NULL};

/* Who may come to whom: the helper knows its requester by the socket. */
static const struct hb_role_sock helper_socks[] = {
    {"helper-compare", SOCK_SEQPACKET, 0600, "compare"},
    {"helper-core", SOCK_SEQPACKET, 0600, "core"},
    {NULL, 0, 0, NULL},
};
static const struct hb_role_dir helper_dirs[] = {
    {HB_DIR_ETC, false},    {HB_DIR_BASELINE, false}, {HB_DIR_HELPER, true},
    {HB_DIR_PRIVATE, true}, {HB_DIR_RUN, false},      {HB_DIR_COUNT, false},
};
static const struct hb_role_sock compare_socks[] = {
    {"files", SOCK_SEQPACKET, 0600, "watch"},
    {NULL, 0, 0, NULL},
};
static const struct hb_role_dir compare_dirs[] = {
    {HB_DIR_ETC, false}, {HB_DIR_BASELINE, false}, {HB_DIR_PENDING, true},
    {HB_DIR_RUN, false}, {HB_DIR_COUNT, false},
};
/* `current` of a site is watched for a new baseline. */
static const char *const compare_calls[] = {
    "inotify_init1", "inotify_add_watch", "inotify_rm_watch", "pidfd_open",
    NULL};
static const struct hb_role_sock watch_socks[] = {
    {"watch", SOCK_SEQPACKET, 0600, "compare"},
    {NULL, 0, 0, NULL},
};
static const struct hb_role_dir watch_dirs[] = {
    {HB_DIR_ETC, false},
    {HB_DIR_RUN, false},
    {HB_DIR_COUNT, false},
};
static const char *const watch_calls[] = {
    "fanotify_init", "fanotify_mark",     "open_by_handle_at",
    "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
    "pidfd_open",    "pidfd_send_signal", NULL};
static const struct hb_role_sock core_socks[] = {
    {"ctl", SOCK_STREAM, 0666, NULL},
    {"event", SOCK_SEQPACKET, 0660, NULL},
    {NULL, 0, 0, NULL},
};
/* A process that fights, for the helper to stop. */
static const char *const core_calls[] = {"pidfd_open", NULL};
static const struct hb_role_dir core_dirs[] = {
    {HB_DIR_ETC, false},  {HB_DIR_STATE, true},  {HB_DIR_RUN, false},
    {HB_DIR_DATA, false}, {HB_DIR_COUNT, false},
};

static const struct hb_role_sock intake_socks[] = {
    {"producer", SOCK_STREAM, 0666, NULL},
    {NULL, 0, 0, NULL},
};
static const struct hb_role_dir intake_dirs[] = {
    {HB_DIR_ETC, false},
    {HB_DIR_RUN, false},
    {HB_DIR_COUNT, false},
};

static const struct hb_role_sock no_socks[] = {{NULL, 0, 0, NULL}};
static const struct hb_role_dir outside_dirs[] = {
    {HB_DIR_ETC, false}, {HB_DIR_BASELINE, false}, {HB_DIR_PRIVATE, false},
    {HB_DIR_RUN, false}, {HB_DIR_COUNT, false},
};
/* Names of hosts, and the certificates of who signs certificates. */
static const char *const outside_reads[] = {
    "/etc/resolv.conf", "/etc/hosts",           "/etc/host.conf",
    "/etc/gai.conf",    "/run/systemd/resolve", "/etc/ca-certificates",
    "/run/resolvconf",  "/etc/services",        NULL};

static const struct hb_role_dir check_dirs[] = {
    {HB_DIR_ETC, false}, {HB_DIR_BASELINE, false}, {HB_DIR_GATE, false},
    {HB_DIR_RUN, false}, {HB_DIR_COUNT, false},
};
/* What the user may read there anyway: how the machine is set up. */
static const char *const check_reads[] = {"/etc",
                                          "/var/log",
                                          "/var/lib/apt",
                                          "/var/lib/dpkg",
                                          "/var/cache/apt",
                                          "/run/utmp",
                                          "/var/spool/cron",
                                          "/run/log/journal",
                                          "/sys/block",
                                          "/sys/devices/virtual/block",
                                          NULL};
/* Logs of Debian and the journal belong to them. */
static const char *const check_groups[] = {"adm", "systemd-journal", NULL};

/* The log of the web server's module, and what its rules are called. */
static const struct hb_role_dir gate_dirs[] = {
    {HB_DIR_ETC, false},  {HB_DIR_GATE, false},  {HB_DIR_RUN, false},
    {HB_DIR_DATA, false}, {HB_DIR_COUNT, false},
};
static const char *const gate_reads[] = {"/var/log", NULL};
static const char *const gate_groups[] = {"adm", NULL};

static const struct hb_role_sock post_socks[] = {
    {"post", SOCK_SEQPACKET, 0600, "portal"},
    {NULL, 0, 0, NULL},
};
static const struct hb_role_dir post_dirs[] = {
    {HB_DIR_ETC, false},
    {HB_DIR_RUN, false},
    {HB_DIR_COUNT, false},
};
static const struct hb_role_sock look_socks[] = {
    {"look", SOCK_STREAM, 0600, "portal"},
    {NULL, 0, 0, NULL},
};
static const struct hb_role_dir look_dirs[] = {
    {HB_DIR_ETC, false},
    {HB_DIR_RUN, false},
    {HB_DIR_COUNT, false},
};
static const struct hb_role_dir portal_dirs[] = {
    {HB_DIR_ETC, false}, {HB_DIR_SHARE, true},  {HB_DIR_SHARE_KEYS, true},
    {HB_DIR_RUN, false}, {HB_DIR_COUNT, false},
};

const struct hb_role hb_roles[] = {
    {"core", "hinoban-core", 61801, 0, HB_ROLE_ANCHOR | HB_ROLE_RELOAD,
     core_socks, core_dirs, nothing, core_calls, hb_core_main,
     N_("keeps incidents, runs playbooks, answers people")},
    {"helper", "root", 0,
     CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) | CAP(FOWNER) | CAP(CHOWN) |
         CAP(FSETID) | CAP(SETFCAP) | CAP(LINUX_IMMUTABLE) | CAP(SYS_ADMIN) |
         CAP(KILL),
     HB_ROLE_PRIVILEGED | HB_ROLE_SITES_WRITE | HB_ROLE_MOUNTS |
         HB_ROLE_BENEATH | HB_ROLE_RELOAD,
     helper_socks, helper_dirs, nothing, hb_helper_syscalls, hb_helper_main,
     N_("acts on requests of fixed size: restores, removes, freezes")},
    {"compare", "hinoban-compare", 61803, 0, HB_ROLE_RELOAD, compare_socks,
     compare_dirs, nothing, compare_calls, hb_compare_main,
     N_("compares content with the signed baseline")},
    {"watch", "hinoban-watch", 61802,
     CAP(SYS_ADMIN) | CAP(DAC_READ_SEARCH) | CAP(SYS_PTRACE),
     HB_ROLE_PRIVILEGED | HB_ROLE_SITES_READ | HB_ROLE_PROC | HB_ROLE_BENEATH |
         HB_ROLE_RELOAD,
     watch_socks, watch_dirs, nothing, watch_calls, hb_watch_main,
     N_("sees changes of files: names and kernel events, never content")},
    {"intake", "hinoban-intake", 61806, 0, 0, intake_socks, intake_dirs,
     nothing, nothing, hb_intake_main,
     N_("takes events from programs that are not ours")},
    {"outside", "hinoban-outside", 61804, 0, HB_ROLE_NETWORK, no_socks,
     outside_dirs, outside_reads, nothing, hb_outside_main,
     N_("looks at the public addresses as a visitor does")},
    {"check", "hinoban-check", 61805, 0, HB_ROLE_EXEC | HB_ROLE_SITES_READ,
     no_socks, check_dirs, check_reads, nothing, hb_check_main,
     N_("asks whether preventive measures hold on this machine"), check_groups},
    {"gate", "hinoban-gate", 61807, 0, 0, no_socks, gate_dirs, gate_reads,
     nothing, hb_gate_main, N_("tells what the web application firewall found"),
     gate_groups},
    {"post", "hinoban-post", 61809, 0, HB_ROLE_NETWORK, post_socks, post_dirs,
     outside_reads, nothing, hb_post_main,
     N_("sends the share portal's mails")},
    {"look", "hinoban-look", 61810, 0, 0, look_socks, look_dirs, nothing,
     nothing, hb_look_main,
     N_("looks into the share portal's files for personal data")},
    {"portal", "hinoban-portal", 61808, CAP(NET_BIND_SERVICE),
     HB_ROLE_NETWORK | HB_ROLE_LISTEN, no_socks, portal_dirs, nothing, nothing,
     hb_portal_main, N_("serves files to named people, and ends that")},
    {NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL},
};

const struct hb_role *hb_role_find(const char *name)
{
    for (const struct hb_role *r = hb_roles; r->name != NULL; r++)
        if (hb_streq(r->name, name))
            return r;
    return NULL;
}

void hb_role_sock_owner(const struct hb_role_sock *s, uid_t *ret_uid,
                        gid_t *ret_gid)
{
    const struct hb_role *peer = s->peer != NULL ? hb_role_find(s->peer) : NULL;

    *ret_uid = 0;
    *ret_gid = 0;
    if (peer != NULL)
        hb_role_ids(peer, ret_uid, ret_gid);
    if (s->mode == 0660)
        *ret_gid = hb_role_group();
}
