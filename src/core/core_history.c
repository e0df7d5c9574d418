/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_history.c - the posture of each day, signed (G0-2).
 *
 * Runs in core, once an hour: a day of the organisation's zone that has no
 * record yet gets one, signed with the evidence key.  What is shown is
 * verified: a row that was edited in the database, or moved to another day,
 * is told as such, and a day without a row is told as missing.
 *
 * A row of a day that has not come was made by a clock that was wrong, or is
 * now behind one that is.  It is told, and marked ("posture_ahead:DAY" in the
 * state): when that day comes, it gets a new record.  Nothing is deleted or
 * overwritten: a clock that somebody sets back would otherwise take the
 * history away.  The record before becomes "DAY#1", "DAY#2" ... and is shown
 * below that of the day.
 */
#include <stdio.h>

#include "core/cmd.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/log.h"
#include "base/num.h"

#define DOMAIN   "posture-day"
#define DAY_NS   ((int64_t)(86400 * HB_S))
#define DAYS_MAX 3660
#define MORE_MAX 100 /* earlier records of a day that are shown */

static const char *day_of(const struct hb_core *c, int64_t ns, char buf[16]);
static bool there(struct hb_core *c, const char *day);
static void mark_ahead(struct hb_core *c, const char *today);
static bool was_ahead(struct hb_core *c, const char *day);
static int keep(struct hb_core *c, const char *day, const char *json,
                const struct hb_slice *sig);
static int64_t earlier(struct hb_core *c, const char *day);
static int message(struct hb_buf *b, const char *day, struct hb_slice json);
static int show_day(struct hb_core_call *call, struct hb_jw *w,
                    const char *day);
static int show_row(struct hb_core_call *call, struct hb_jw *w, const char *day,
                    int64_t number);
static void show_counts(struct hb_core_call *call, struct hb_slice json);

void hb_core_history_note(struct hb_core *c)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf json = HB_BUF_INIT, text = HB_BUF_INIT;
    uint8_t sig[HB_SIG_SIZE];
    struct hb_posture *p;
    struct hb_slice blob;
    char day[16], why[128];
    int r;

    (void)day_of(c, hb_now(), day);
    if (a == NULL || c->evidence_key == NULL)
        return;
    mark_ahead(c, day);
    if (there(c, day) && !was_ahead(c, day))
        return;
    r = hb_core_posture(c, a, &p);
    if (r == 0) {
        hb_posture_json(&json, p);
        r = message(&text, day, hb_buf_slice(&json));
    }
    if (r == 0)
        r = hb_sign(c->evidence_key, DOMAIN, hb_buf_slice(&text), sig);
    blob = hb_slice((const char *)sig, sizeof(sig));
    if (r == 0)
        r = keep(c, day, hb_buf_z(&json), &blob);
    if (r < 0)
        hb_log(HB_LOG_ERR, "the posture of %s was not kept: %s", day,
               hb_errno_text(r, why, sizeof(why)));
}

static int keep(struct hb_core *c, const char *day, const char *json,
                const struct hb_slice *sig)
{
    int r = hb_db_begin(c->state.db);

    if (r < 0)
        return r;
    r = hb_db_exec(c->state.db,
                   "UPDATE posture_day SET day = ?1 || '#' || ?2"
                   " WHERE day = ?1",
                   "ti", day, earlier(c, day) + 1);
    if (r == 0)
        r = hb_db_exec(c->state.db,
                       "INSERT INTO posture_day(day, json, sig)"
                       " VALUES(?1, ?2, ?3)",
                       "ttb", day, json, sig);
    if (r == 0)
        r = hb_db_exec(c->state.db,
                       "DELETE FROM meta WHERE name = 'posture_ahead:' || ?1",
                       "t", day);
    if (r == 0)
        r = hb_db_commit(c->state.db);
    if (r < 0)
        hb_db_rollback(c->state.db);
    return r;
}

/* The number of the last record of DAY that was put aside, 0 none. */
static int64_t earlier(struct hb_core *c, const char *day)
{
    int64_t n = 0;
    int r =
        hb_db_number(c->state.db, &n,
                     "SELECT coalesce(max(CAST(substr(day, 12) AS INTEGER)), 0)"
                     " FROM posture_day WHERE day GLOB ?1 || '#*'",
                     "t", day);

    return r < 0 ? 0 : HB_MAX(n, 0);
}

static void mark_ahead(struct hb_core *c, const char *today)
{
    char detail[64];
    int64_t n;

    if (hb_db_exec(c->state.db,
                   "INSERT INTO meta(name, value)"
                   " SELECT 'posture_ahead:' || day, ?1 FROM posture_day"
                   " WHERE day > ?1 AND length(day) = 10 AND NOT EXISTS(SELECT "
                   "1 FROM meta"
                   " WHERE name = 'posture_ahead:' || day)",
                   "t", today) < 0) {
        hb_log(HB_LOG_ERR, "%s", hb_db_err(c->state.db)->message);
        return;
    }
    n = hb_db_changes(c->state.db);
    if (n == 0)
        return;
    (void)snprintf(detail, sizeof(detail), "%lld, today %s", (long long)n,
                   today);
    hb_core_say(c, HB_SEV_MEDIUM, "history-ahead", detail);
}

static bool was_ahead(struct hb_core *c, const char *day)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char name[40];

    (void)snprintf(name, sizeof(name), "posture_ahead:%s", day);
    return a != NULL && hb_state_get(&c->state, a, name) != NULL;
}

int hb_core_history(struct hb_core_call *call)
{
    int64_t days = hb_json_int(call->args, "days", 30);
    int64_t now = hb_now();
    struct hb_jw w;
    int r = 0;

    if (days < 1 || days > DAYS_MAX)
        return hb_err_set(&call->err, -EINVAL,
                          _("Between 1 and %d days can be shown."), DAYS_MAX);
    hb_core_history_note(call->core);
    hb_jw_init(&w, &call->data);
    hb_jw_arr(&w, NULL);
    for (int64_t k = 0; k < days && r == 0; k++) {
        char day[16];

        r = show_day(call, &w, day_of(call->core, now - k * DAY_NS, day));
    }
    hb_jw_end_arr(&w);
    return r;
}

static const char *day_of(const struct hb_core *c, int64_t ns, char buf[16])
{
    int zone = (int)c->ctx->config->organisation.zone_minutes;
    char text[64];

    (void)snprintf(
        buf, 16, "%.10s",
        hb_time_utc(ns + zone * 60 * (int64_t)HB_S, text, sizeof(text)));
    return buf;
}

static bool there(struct hb_core *c, const char *day)
{
    int64_t one = 0;

    /* Where nobody knows, nothing is written. */
    return hb_db_number(c->state.db, &one,
                        "SELECT 1 FROM posture_day WHERE day = ?1", "t",
                        day) != 0;
}

/* What is signed: the day is part of it, so that a row cannot change places. */
static int message(struct hb_buf *b, const char *day, struct hb_slice json)
{
    hb_buf_addf(b, "%s\n", day);
    hb_buf_add(b, json.p, json.n);
    return hb_buf_err(b);
}

static int show_day(struct hb_core_call *call, struct hb_jw *w, const char *day)
{
    int64_t more = HB_MIN(earlier(call->core, day), MORE_MAX);
    int r = show_row(call, w, day, 0);

    for (int64_t k = 1; r == 0 && k <= more; k++)
        r = show_row(call, w, day, k);
    return r;
}

/* NUMBER 0: the record of DAY; else one that was put aside. */
static int show_row(struct hb_core_call *call, struct hb_jw *w, const char *day,
                    int64_t number)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    struct hb_core *c = call->core;
    bool found = false, good = false;
    bool ahead = number == 0 && was_ahead(c, day);
    const char *key = number == 0 ? day
                                  : hb_arena_printf(call->arena, "%s#%lld", day,
                                                    (long long)number);
    struct hb_slice json = {"", 0};
    struct hb_stmt *q;
    const char *z;
    int r = hb_db_stmt(c->state.db,
                       "SELECT json, sig FROM posture_day WHERE day = ?1", &q);

    if (r < 0)
        return r;
    if (key != NULL && hb_stmt_text(q, 1, key) == 0 && hb_stmt_step(q) == 1 &&
        (z = hb_stmt_col_text(q, 0)) != NULL) {
        struct hb_slice sig = hb_stmt_col_blob(q, 1);

        json = hb_slice_z(hb_arena_strdup(call->arena, z));
        found = true;
        good = sig.n == HB_SIG_SIZE && c->evidence_pub != NULL &&
               message(&text, day, json) == 0 &&
               hb_verify(c->evidence_pub, DOMAIN, hb_buf_slice(&text),
                         (const uint8_t *)sig.p) == 0;
    }
    hb_stmt_reset(q);
    hb_jw_obj(w, NULL);
    hb_jw_str(w, "day", day);
    hb_jw_bool(w, "recorded", found);
    hb_jw_bool(w, "verified", good);
    hb_jw_bool(w, "ahead", ahead);
    hb_jw_bool(w, "earlier", number > 0);
    if (good)
        hb_jw_raw(w, "posture", json);
    hb_jw_end_obj(w);
    hb_buf_addf(&call->text, "%s  ", day);
    if (good)
        show_counts(call, json);
    else
        hb_buf_addz(&call->text, found
                                     ? _("ALTERED: the signature does not hold")
                                     : _("no record"));
    if (number > 0)
        hb_buf_addz(&call->text, _("  (recorded for this day before, while the "
                                   "clock stood otherwise)"));
    if (good && ahead)
        hb_buf_addz(&call->text, _("  (noted by a clock that was ahead)"));
    hb_buf_addc(&call->text, '\n');
    return hb_buf_err(&call->text);
}

/* "possible 3, unknown 11, proven 2" */
static void show_counts(struct hb_core_call *call, struct hb_slice json)
{
    unsigned count[HB_STATE_COUNT] = {0};
    const struct hb_json *cases;
    struct hb_json *tree;
    bool any = false;

    if (hb_json_parse(call->arena, json, &tree, NULL) < 0 ||
        (cases = hb_json_get(tree, "cases")) == NULL)
        return;
    HB_JSON_EACH (one, cases)
        for (int s = 0; s < HB_STATE_COUNT; s++)
            count[s] += hb_streq(hb_json_str(one, "state", ""),
                                 hb_case_state_name((enum hb_case_state)s));
    for (int s = 0; s < HB_STATE_COUNT; s++) {
        if (count[s] == 0)
            continue;
        hb_buf_addf(&call->text, "%s%s %u", any ? ", " : "",
                    hb_case_state_title((enum hb_case_state)s), count[s]);
        any = true;
    }
}
