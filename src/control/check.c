/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - the role check: asks on a schedule whether preventive measures
 * hold, notices new accounts, and looks around on core's command.
 *
 * Runs without privilege (member of adm where the machine has that group, to
 * read logs) and may run a fixed list of programs: apt-get, apt-config,
 * dpkg-query.  Its answers are advice to people: it can change nothing.
 */
#include "control/check.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/sock.h"
#include "control/control.h"
#include "event/bus.h"

#define SOURCE      "control"
#define RING        (1u << 20)
#define ACCOUNTS_NS (60 * HB_S)
/* What is switched off is seen within ten minutes, whatever a row says. */
#define EVERY_MAX_S 540u

const struct hb_check hb_checks[] = {
    {"files.docroot_not_writable_by_web_user", 1500, hb_check_docroot},
    {"accounts.admins", 3600, hb_check_admins},
    {"accounts.password_policy", 600, hb_check_password_policy},
    {"accounts.sshd", 600, hb_check_sshd},
    {"accounts.lockout", 600, hb_check_lockout},
    {"patch.pending", 3600, hb_check_patch_pending},
    {"patch.unattended", 3600, hb_check_patch_unattended},
    {"web.waf", 600, hb_check_waf},
    {"web.virtual_patch", 600, hb_check_virtual_patch},
    {"web.nginx_config", 600, hb_check_nginx},
    {"services.exposed", 600, hb_check_exposed},
    {"firewall.default_deny", 600, hb_check_firewall},
    {"time.synchronised", 600, hb_check_time},
    {"disk.encrypted", 3600, hb_check_disk},
    {"logs.kept", 3600, hb_check_logs_kept},
    {"mail.server_settings", 600, hb_check_mail},
    {"backup.configured", 3600, hb_check_backup},
    {"sudo.settings", 600, hb_check_sudo},
    {NULL, 0, NULL},
};

struct role {
    const struct hb_role_ctx *ctx;
    struct hb_loop *loop;
    struct hb_bus *bus;
    struct hb_arena *arena;    /* of one check or command */
    struct hb_arena *kept;     /* of `before` */
    struct hb_accounts before; /* the accounts as last seen */
    struct hb_accounts first;  /* ... and as they were at the start */
    struct hb_arena *first_kept;
};

struct due {
    struct role *role;
    const struct hb_check *check;
};

static int setup(struct role *r, struct due *due);
static struct hb_machine machine(struct role *r, struct hb_arena *a);
static hb_timer_fn on_due, on_accounts;
static hb_bus_command_fn on_command;
static void one(struct role *r, const struct hb_check *check);
static size_t changes(const struct hb_json *command,
                      const struct hb_conf_site *site, struct hb_change *ret);
static void tell_account(struct role *r, const struct hb_account *who,
                         int activity, enum hb_severity sev, const char *why);
static void tell_ready(struct role *r);

int hb_check_main(const struct hb_role_ctx *ctx)
{
    struct due due[HB_ARRAY_LEN(hb_checks)];
    struct role r = {.ctx = ctx};
    int rc = setup(&r, due);

    if (rc == 0) {
        hb_notify("READY=1");
        rc = hb_loop_run(r.loop, NULL, NULL);
    } else {
        char text[128];

        hb_log(HB_LOG_ERR, _("the checks cannot start: %s"),
               hb_errno_text(rc, text, sizeof(text)));
        rc = EXIT_FAILURE;
    }
    hb_bus_free(r.bus);
    hb_loop_free(r.loop);
    hb_arena_free(r.arena);
    hb_arena_free(r.kept);
    hb_arena_free(r.first_kept);
    return rc;
}

bool hb_check_exists(const char *name)
{
    for (const struct hb_check *c = hb_checks; c->name != NULL; c++)
        if (hb_streq(c->name, name))
            return true;
    return false;
}

static int setup(struct role *r, struct due *due)
{
    char path[HB_MAX_PATH];
    struct hb_machine m;
    size_t i = 0;
    int rc;

    r->loop = hb_loop_new();
    r->arena = hb_arena_new(0);
    r->kept = hb_arena_new(0);
    r->first_kept = hb_arena_new(0);
    if (r->loop == NULL || r->arena == NULL || r->kept == NULL ||
        r->first_kept == NULL)
        return -ENOMEM;
    (void)snprintf(path, sizeof(path), "%s/event.sock", r->ctx->run_dir);
    rc = hb_bus_new(r->loop, path, SOURCE, RING, &r->bus);
    if (rc < 0)
        return rc;
    hb_bus_on_command(r->bus, on_command, r);
    m = machine(r, r->first_kept);
    if (hb_accounts_read(&m, &r->first) < 0)
        r->first = (struct hb_accounts){0};
    m = machine(r, r->kept);
    if (hb_accounts_read(&m, &r->before) < 0)
        r->before = (struct hb_accounts){0};
    for (const struct hb_check *c = hb_checks; c->name != NULL; c++, i++) {
        due[i] = (struct due){r, c};
        if (hb_loop_timer(r->loop, i * 100 * HB_MS,
                          HB_MIN(c->every_s, EVERY_MAX_S) * HB_S, on_due,
                          &due[i]) == NULL)
            return -ENOMEM;
    }
    if (hb_loop_timer(r->loop, ACCOUNTS_NS, ACCOUNTS_NS, on_accounts, r) ==
        NULL)
        return -ENOMEM;
    tell_ready(r);
    return 0;
}

static struct hb_machine machine(struct role *r, struct hb_arena *a)
{
    return (struct hb_machine){.prefix = "",
                               .arena = a,
                               .now = hb_now(),
                               .config = r->ctx->config,
                               .gate_dir = r->ctx->gate_dir,
                               .etc_dir = r->ctx->etc_dir};
}

static void on_due(void *arg)
{
    const struct due *due = arg;

    one(due->role, due->check);
}

static void one(struct role *r, const struct hb_check *check)
{
    static const char *const words[] = {[HB_CHECK_UNKNOWN] = "unknown",
                                        [HB_CHECK_PASS] = "pass",
                                        [HB_CHECK_FAIL] = "fail"};
    struct hb_machine m = machine(r, r->arena);
    struct hb_found f = {0};
    struct hb_event *e;

    hb_buf_init(&f.detail, 4096);
    check->run(&m, &f);
    if (f.why == NULL)
        hb_found_set(&f, HB_CHECK_UNKNOWN,
                     N_("The check could not be carried out."));
    e = hb_event_new(r->arena, HB_EV_COMPLIANCE_FINDING, 1,
                     f.status == HB_CHECK_FAIL ? HB_SEV_MEDIUM : HB_SEV_INFO,
                     SOURCE);
    if (e != NULL && hb_event_strz(e, HB_F_FINDING_TITLE, check->name) == 0 &&
        hb_event_strz(e, HB_F_COMPLIANCE_CONTROL, check->name) == 0 &&
        hb_event_strz(e, HB_F_COMPLIANCE_STATUS, words[f.status]) == 0 &&
        hb_event_strz(e, HB_F_STATUS_DETAIL, f.why) == 0 &&
        hb_event_str(e, HB_F_MESSAGE, hb_buf_slice(&f.detail)) == 0)
        (void)!hb_bus_send(r->bus, e);
    hb_buf_done(&f.detail);
    hb_arena_reset(r->arena);
}

/* ---- accounts that appear ---- */

static void on_accounts(void *arg)
{
    struct role *r = arg;
    struct hb_arena *fresh = hb_arena_new(0);
    struct hb_machine m;
    struct hb_accounts now;

    if (fresh == NULL)
        return;
    m = machine(r, fresh);
    if (hb_accounts_read(&m, &now) < 0) {
        hb_arena_free(fresh);
        return;
    }
    for (size_t i = 0; r->before.n > 0 && i < now.n; i++) {
        const struct hb_account *who = &now.v[i];
        const struct hb_account *old = hb_account_find(&r->before, who->name);

        if (old == NULL || (who->uid == 0 && old->uid != 0))
            tell_account(r, who, 1 /* Create */,
                         who->uid == 0 ? HB_SEV_CRITICAL : HB_SEV_MEDIUM,
                         N_("a new account"));
        else if (hb_account_admin(&now, who) &&
                 !hb_account_admin(&r->before, old))
            tell_account(r, who, 7 /* Attach Policy */, HB_SEV_HIGH,
                         N_("an account became an administrator's"));
    }
    hb_arena_free(r->kept);
    r->kept = fresh;
    r->before = now;
    hb_arena_reset(r->arena);
}

static void tell_account(struct role *r, const struct hb_account *who,
                         int activity, enum hb_severity sev, const char *why)
{
    struct hb_event *e =
        hb_event_new(r->arena, HB_EV_ACCOUNT_CHANGE, activity, sev, SOURCE);
    char uid[16];

    (void)snprintf(uid, sizeof(uid), "%u", who->uid);
    if (e != NULL && hb_event_strz(e, HB_F_USER_NAME, who->name) == 0 &&
        hb_event_strz(e, HB_F_USER_UID, uid) == 0 &&
        hb_event_strz(e, HB_F_STATUS_DETAIL, why) == 0)
        (void)!hb_bus_send(r->bus, e);
}

/* ---- commands of core ---- */

static void on_command(void *arg, const struct hb_json *command)
{
    struct role *r = arg;
    const char *cmd = hb_json_str(command, "cmd", "");
    const char *key = hb_json_str(command, "key", "");
    const struct hb_conf_site *site =
        hb_config_site(r->ctx->config, hb_json_str(command, "site", ""));
    bool after = hb_streq(cmd, "aftermath");
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_machine m = machine(r, r->arena);
    struct hb_change change[HB_CHANGES_MAX];
    char text[128];
    int rc;

    if (hb_streq(cmd, "check")) {
        for (const struct hb_check *c = hb_checks; c->name != NULL; c++)
            one(r, c);
        (void)hb_bus_answer(r->bus, key, "done", "{}", "");
        return;
    }
    if (!after && !hb_streq(cmd, "collect"))
        return;
    if (site == NULL) {
        (void)hb_bus_answer(r->bus, key, "failed", "{}",
                            _("This site is not configured."));
        return;
    }
    rc = after
             ? hb_aftermath(&m, site, r->ctx->baseline_dir, r->ctx->etc_dir,
                            &r->first, &b)
             : hb_collect(&m, site, change, changes(command, site, change), &b);
    (void)hb_bus_answer(r->bus, key, rc < 0 ? "failed" : "done",
                        rc < 0 ? "{}" : hb_buf_z(&b),
                        rc < 0 ? hb_errno_text(rc, text, sizeof(text)) : "");
    hb_arena_reset(r->arena);
}

/* What core knows of: "changes": [{"path": ..., "time": ...}], the path with
 * the document root before it. */
static size_t changes(const struct hb_json *command,
                      const struct hb_conf_site *site, struct hb_change *ret)
{
    const struct hb_json *list = hb_json_get(command, "changes");
    size_t root = strlen(site->root), n = 0;

    if (list == NULL || list->type != HB_JSON_ARR)
        return 0;
    HB_JSON_EACH (one, list) {
        const char *path = hb_json_str(one, "path", "");
        int64_t at = hb_json_int(one, "time", 0);

        if (n == HB_CHANGES_MAX || at <= 0)
            continue;
        if (strncmp(path, site->root, root) == 0 && path[root] == '/')
            path += root + 1;
        ret[n++] = (struct hb_change){.path = path, .at = at};
    }
    return n;
}

/* Core knows a role by its first event and can command it from then on. */
static void tell_ready(struct role *r)
{
    struct hb_event *e = hb_event_new(r->arena, HB_EV_APP_LIFECYCLE,
                                      3 /* Start */, HB_SEV_INFO, SOURCE);

    if (e != NULL && hb_event_strz(e, HB_F_STATUS, "ready") == 0 &&
        hb_event_strz(e, HB_F_STATUS_DETAIL, "ready") == 0)
        (void)!hb_bus_send(r->bus, e);
}
