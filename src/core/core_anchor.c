/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_anchor.c - signed checkpoints of the evidence leave this machine, to a
 * place that whoever becomes root here cannot rewrite (TRUST: Keys).
 *
 * Runs in core, which has no network: a file is written where the anchor says
 * (another host's share), a mail is given to the role "outside".  A checkpoint
 * stands for all before it, so nothing is queued: the next one makes up for
 * one that did not leave.  A mail goes at most once an hour while evidence
 * comes in, and once a day.
 */
#include <stdio.h>

#include "core/core.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/num.h"
#include "incident/evidence.h"

#define HOUR_NS   (3600 * HB_S)
#define DAY_NS    (86400 * HB_S)
#define LATELY_NS (2 * (int64_t)DAY_NS)
#define PATIENCE  (120 * HB_S)
#define MAIL      "mail:"
#define FILE_     "file:"

static int by_mail(struct hb_core *c, struct hb_slice line, bool now,
                   struct hb_err *err);
static void on_mailed(void *arg, const struct hb_event *answer);
static int note(struct hb_core *c);
static int64_t items(struct hb_core *c);

int hb_core_checkpoint(struct hb_core *c, bool now, struct hb_err *err)
{
    const char *anchor = c->ctx->config->organisation.anchor;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text;
    char path[HB_MAX_PATH];
    int r;

    if (a == NULL)
        return -ENOMEM;
    r = hb_evidence_checkpoint(c->state.evidence, a, &text);
    if (r < 0)
        return hb_err_set(err, r, "checkpoint: %s", strerror(-r));
    r = snprintf(path, sizeof(path), "%s/checkpoint", c->ctx->state_dir);
    if (r > 0 && (size_t)r < sizeof(path))
        r = hb_file_write(path, text.p, text.n, 0644);
    if (r < 0)
        return hb_err_set(err, r, "%s: %s", path, strerror(-r));
    if (anchor == NULL)
        return 0;
    if (strncmp(anchor, MAIL, strlen(MAIL)) == 0)
        return by_mail(c, text, now, err);
    if (strncmp(anchor, FILE_, strlen(FILE_)) != 0)
        return 0;
    r = hb_file_write(anchor + strlen(FILE_), text.p, text.n, 0644);
    if (r < 0)
        return hb_err_set(err, r, "%s: %s", anchor, strerror(-r));
    return note(c);
}

bool hb_core_anchored(struct hb_core *c)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *anchor = c->ctx->config->organisation.anchor;
    const char *said =
        a != NULL ? hb_state_get(&c->state, a, "anchored") : NULL;
    const char *blank = said != NULL ? strchr(said, ' ') : NULL;
    int64_t at;

    if (blank == NULL || anchor == NULL || !hb_streq(blank + 1, anchor) ||
        hb_parse_i64(hb_slice(said, (size_t)(blank - said)), &at) < 0)
        return false;
    return hb_now() - at < LATELY_NS;
}

static int by_mail(struct hb_core *c, struct hb_slice line, bool now,
                   struct hb_err *err)
{
    uint64_t age = hb_mono() - c->mailed_at;
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT, lines = HB_BUF_INIT;
    const char *members[] = {"text", "", "lines", "", NULL};
    char when[64];
    int r;

    if (c->mailing ||
        (!now && c->mailed_at != 0 &&
         (age < HOUR_NS || (age < DAY_NS && items(c) == c->mailed_items))))
        return 0;
    hb_buf_addf(&b,
                _("Checkpoint of the evidence of %s, %s.\n\n"
                  "Keep this mail: save it whole. With it, a log that was "
                  "rewritten\non that machine is noticed:\n\n"
                  "    hinoban evidence verify --anchor THIS-MAIL\n\n"),
                c->ctx->config->organisation.name,
                hb_time_utc(hb_now(), when, sizeof(when)));
    r = hb_evidence_anchor_lines(&lines, line);
    if (r == 0)
        r = hb_buf_err(&b);
    members[1] = hb_buf_z(&b);
    members[3] = hb_buf_z(&lines);
    if (r == 0)
        r = hb_core_command_with(c, "sense/outside", "mail", members, PATIENCE,
                                 on_mailed, c);
    if (r < 0)
        return hb_err_set(err, r, _("the checkpoint could not be mailed: %s"),
                          r == -ENOTCONN
                              ? _("That part of Hinoban is not connected.")
                              : strerror(-r));
    c->mailing = true;
    c->mailed_items = items(c);
    return 0;
}

static void on_mailed(void *arg, const struct hb_event *answer)
{
    struct hb_core *c = arg;
    const char *why = answer != NULL
                          ? hb_event_getz(answer, HB_F_STATUS_DETAIL, "")
                          : _("No answer in time.");

    c->mailing = false;
    if (answer == NULL ||
        !hb_streq(hb_event_getz(answer, HB_F_STATUS, ""), "done")) {
        c->mailed_at = 0; /* the next checkpoint tries again */
        hb_core_say(c, HB_SEV_MEDIUM, "not-anchored", why);
        return;
    }
    c->mailed_at = hb_mono();
    if (note(c) < 0)
        hb_log(HB_LOG_ERR, "%s", hb_db_err(c->state.db)->message);
}

/* "TIME ANCHOR": when, and to where. */
static int note(struct hb_core *c)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_buf_addf(&b, "%lld %s", (long long)hb_now(),
                c->ctx->config->organisation.anchor);
    return hb_buf_err(&b) < 0
               ? hb_buf_err(&b)
               : hb_state_set(&c->state, "anchored", hb_buf_z(&b));
}

static int64_t items(struct hb_core *c)
{
    struct hb_stmt *q;
    int64_t n = 0;

    if (hb_db_stmt(c->state.db,
                   "SELECT count(*) FROM staged WHERE evidence > 0", &q) < 0)
        return 0;
    if (hb_stmt_step(q) == 1)
        n = hb_stmt_col_int(q, 0);
    hb_stmt_reset(q);
    return n;
}
