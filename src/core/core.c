/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core.c - the main of the role "core": opens the stores, the case book and
 * the rules, joins the parts of this folder, and keeps time.
 *
 * Runs unprivileged, without network, without exec.  Trusted: the
 * configuration, case book and rules (root's files).  Not trusted: every
 * frame and request, every row that stands for a person's decision.
 */
#include "core/core_bus.h"
#include "core/core_clock.h"
#include "core/core_reflex.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/play_port.h"

#define AWAY_NS         (20 * HB_S)
#define ANSWER_NS       (120 * HB_S)
#define GROUPS_MAX      4096
#define GROUP_WINDOW_NS (3600 * HB_S)
#define CHECKPOINT_NS   (600 * HB_S)
#define HOUR_NS         (3600 * HB_S)
#define FIRST_NS        (60 * HB_S) /* checks have answered by then */
#define DEGRADED_TRY_S  5
#define JUMP_NS         ((int64_t)(2 * HB_S))

static int open_all(struct hb_core *c, struct hb_err *err);
static int open_books(struct hb_core *c, struct hb_err *err);
static int open_stores(struct hb_core *c, struct hb_err *err);
static int open_keys(struct hb_core *c, struct hb_err *err);
static int open_sockets(struct hb_core *c, struct hb_err *err);
static void close_all(struct hb_core *c);
static hb_timer_fn on_second, on_checkpoint, on_hour, on_reload;

int hb_core_main(const struct hb_role_ctx *ctx)
{
    struct hb_core *c = calloc(1, sizeof(*c));
    struct hb_err err = {0};
    char line[HB_MAX_ERR + 300];
    int r;

    if (c == NULL)
        return 1;
    c->ctx = ctx;
    c->started = hb_now();
    c->reflex_start = hb_mono();
    c->wall_offset = hb_now() - (int64_t)hb_mono();
    r = open_all(c, &err);
    if (r < 0) {
        hb_err_format(&err, line, sizeof(line));
        hb_log(HB_LOG_ERR, "%s", line[0] != '\0' ? line : strerror(-r));
        close_all(c);
        return 1;
    }
    hb_core_exports_clear(c, HB_CLEAR_START);
    if (hb_core_people_sync(c, &err) < 0)
        hb_log(HB_LOG_ERR, "%s", err.message);
    hb_core_say(c, HB_SEV_INFO, "ready", HB_VERSION);
    hb_core_own_controls(c);
    (void)hb_play_tick(c->play);
    hb_notify("READY=1");
    r = hb_loop_run(c->loop, on_reload, c);
    hb_core_say(c, HB_SEV_INFO, "stopped", "");
    (void)!hb_core_checkpoint(c, HB_SEND_NO_MAIL, NULL, &err);
    close_all(c);
    return r < 0 ? 1 : 0;
}

static int open_all(struct hb_core *c, struct hb_err *err)
{
    int r;

    c->loop = hb_loop_new();
    c->groups = hb_groups_new(GROUPS_MAX, GROUP_WINDOW_NS);
    c->away_ns = AWAY_NS;
    c->answer_ns = ANSWER_NS;
    if (c->loop == NULL || c->groups == NULL)
        return -ENOMEM;
    if ((r = open_books(c, err)) < 0 || (r = open_keys(c, err)) < 0 ||
        (r = open_stores(c, err)) < 0 || (r = open_sockets(c, err)) < 0)
        return r;
    r = hb_core_play_open(c);
    if (r == 0)
        r = hb_core_clocks_open(c);
    if (r < 0)
        return r;
    if (hb_loop_timer(c->loop, HB_S, HB_S, on_second, c) == NULL ||
        hb_loop_timer(c->loop, CHECKPOINT_NS, CHECKPOINT_NS, on_checkpoint,
                      c) == NULL ||
        hb_loop_timer(c->loop, FIRST_NS, HOUR_NS, on_hour, c) == NULL)
        return -ENOMEM;
    return 0;
}

static int open_books(struct hb_core *c, struct hb_err *err)
{
    char path[HB_MAX_PATH];
    int r;

    (void)snprintf(path, sizeof(path), "%s/casebook", c->ctx->data_dir);
    r = hb_casebook_load(path, &c->book, err);
    if (r < 0)
        return r;
    (void)snprintf(path, sizeof(path), "%s/rules", c->ctx->data_dir);
    return hb_rules_load(path, &c->rules, err);
}

/* Without the evidence key core runs all the same: incidents matter more; the
 * log and posture ("not anchored") say what is missing. */
static int open_keys(struct hb_core *c, struct hb_err *err)
{
    struct hb_err why = {0};
    char path[HB_MAX_PATH];

    (void)snprintf(path, sizeof(path), "%s/keys/evidence.key", c->ctx->etc_dir);
    if (hb_key_load(path, NULL, &c->evidence_key, &why) < 0)
        hb_log(HB_LOG_ERR, "%s: %s (hinoban init makes it)", path, why.message);
    else if (hb_key_pub(c->evidence_key, &c->evidence_pub) < 0)
        return -ENOMEM;
    return 0;
}

static int open_stores(struct hb_core *c, struct hb_err *err)
{
    const char *hook = c->ctx->config->organisation.webhook;
    char path[HB_MAX_PATH];
    int r = hb_state_open(c->ctx->state_dir, c->book, &c->state, err);

    if (r < 0)
        return r;
    c->state.webhook = hook != NULL && hook[0] != '\0';
    (void)snprintf(path, sizeof(path), "%s/evidence", c->ctx->state_dir);
    r = hb_mkdirs(path, 0700);
    if (r == 0)
        r = hb_evidence_open(path, c->evidence_key, &c->state.evidence, err);
    if (r < 0)
        return hb_err_set(err, r, "%s: %s", path, strerror(-r));
    (void)snprintf(path, sizeof(path), "%s/proofs", c->ctx->state_dir);
    r = hb_mkdirs(path, 0700);
    if (r == 0) {
        (void)snprintf(path, sizeof(path), "%s/events", c->ctx->state_dir);
        r = hb_mkdirs(path, 0700);
    }
    if (r < 0)
        return hb_err_set(err, r, "%s: %s", path, strerror(-r));
    return hb_events_open(path, &c->events, err);
}

static int open_sockets(struct hb_core *c, struct hb_err *err)
{
    int ctl = hb_sock_passed("ctl"), event = hb_sock_passed("event"), r;
    char path[HB_MAX_PATH];

    if (ctl < 0 || event < 0)
        return hb_err_set(err, -ENOENT,
                          "ctl and event sockets were not passed in: start "
                          "me from systemd or `hinoban supervise`");
    (void)snprintf(path, sizeof(path), "%s/helper-core.sock", c->ctx->run_dir);
    r = hb_core_bus_new(c, event, &c->bus);
    if (r == 0)
        r = hb_core_ctl_new(c, ctl, &c->ctl);
    if (r == 0)
        r = hb_core_helper_new(c, path, &c->helper);
    return r;
}

static void close_all(struct hb_core *c)
{
    if (c->loop != NULL) {
        hb_core_exporting_stop(c);
        hb_core_ctl_free(c->ctl);
        hb_core_bus_free(c->bus);
        hb_core_helper_free(c->helper);
    }
    hb_core_play_close(c);
    hb_core_clocks_close(c);
    if (c->events != NULL)
        hb_events_close(c->events);
    if (c->state.db != NULL)
        hb_state_close(&c->state);
    hb_groups_free(c->groups);
    hb_rules_free(c->rules);
    hb_casebook_free(c->book);
    hb_key_free(c->evidence_key);
    hb_pub_free(c->evidence_pub);
    hb_loop_free(c->loop);
    free(c);
}

static void on_second(void *arg)
{
    struct hb_core *c = arg;
    int64_t offset = hb_now() - (int64_t)hb_mono();
    int64_t jump = offset - c->wall_offset;
    int64_t patience = (int64_t)c->ctx->config->nobody_answers;

    if (jump > JUMP_NS || jump < -JUMP_NS) {
        char detail[80];

        (void)snprintf(detail, sizeof(detail), "%lld s",
                       (long long)(jump / (int64_t)HB_S));
        c->wall_offset = offset;
        hb_core_say(c, HB_SEV_MEDIUM, "clock-jump", detail);
    }
    /* Nothing may come by itself that shows whether the stores work again. */
    if (c->degraded && ++c->degraded_s % DEGRADED_TRY_S == 0)
        hb_core_say(c, HB_SEV_MEDIUM, "recovered", c->trouble);
    if (hb_play_tick(c->play) < 0)
        hb_log(HB_LOG_ERR, "playbooks could not go on");
    if (patience > 0 && hb_task_escalate(&c->state, hb_now(), patience) < 0)
        hb_log(HB_LOG_ERR, "tasks could not be passed on");
    hb_core_command_sweep(c);
    hb_core_exports_clear(c, HB_CLEAR_FETCHED);
    hb_core_own_controls_if_due(c);
    hb_core_staged_fetch(c);
    hb_core_reflex_go(c);
    hb_core_clocks_second(c);
    hb_core_messages_second(c);
    hb_core_mailing_second(c);
}

static void on_checkpoint(void *arg)
{
    struct hb_core *c = arg;
    struct hb_err err = {0};

    (void)!hb_core_checkpoint(c, HB_SEND_DUE, NULL, &err);
}

static void on_hour(void *arg)
{
    hb_core_space(arg);
    hb_core_history_note(arg);
}

/* People and rules are read again; rules that do not load stay as they were
 * (OPERATIONS: Reload).  The case book stays: runs point into it. */
static void on_reload(void *arg)
{
    struct hb_core *c = arg;
    struct hb_rules *rules = c->rules;
    struct hb_groups *groups;
    struct hb_err err = {0};
    char path[HB_MAX_PATH], line[HB_MAX_ERR + 300];

    if (hb_core_people_sync(c, &err) < 0)
        hb_core_say(c, HB_SEV_MEDIUM, "reload-refused", err.message);
    (void)snprintf(path, sizeof(path), "%s/rules", c->ctx->data_dir);
    if (hb_rules_load(path, &c->rules, &err) < 0) {
        c->rules = rules;
        hb_err_format(&err, line, sizeof(line));
        hb_core_say(c, HB_SEV_MEDIUM, "reload-refused", line);
        return;
    }
    /* Groups point into the old rules. */
    groups = hb_groups_new(GROUPS_MAX, GROUP_WINDOW_NS);
    if (groups == NULL) {
        hb_rules_free(c->rules);
        c->rules = rules;
        hb_core_say(c, HB_SEV_MEDIUM, "reload-refused", strerror(ENOMEM));
        return;
    }
    hb_groups_free(c->groups);
    c->groups = groups;
    hb_rules_free(rules);
    hb_core_say(c, HB_SEV_INFO, "reloaded", "");
}
