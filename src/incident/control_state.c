/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_state.c - results of checks and decisions of people, as the state
 * store has them.  Runs in core.
 *
 * A row is believed as far as its signature goes: whoever edits the database
 * accepts no risk and answers no question.
 */
#include "incident/control_state.h"

#include "incident/decision.h"

static int last_result(struct hb_state *s, struct hb_arena *a, int64_t now,
                       struct hb_control_result *ret);
static void answer(const struct hb_said *said, int64_t now,
                   struct hb_control_result *ret);

int hb_said(struct hb_state *s, struct hb_arena *a, const char *subject,
            struct hb_said *ret)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       "SELECT d.reason, d.time, d.until, d.sig, p.pub,"
                       " p.full_name, p.name, d.verdict, d.incident"
                       " FROM decision d"
                       " JOIN person p ON p.id = d.person"
                       " WHERE d.subject = ?1 ORDER BY d.id DESC LIMIT 1",
                       &q);

    *ret = (struct hb_said){0};
    if (r < 0)
        return r;
    r = hb_stmt_text(q, 1, subject);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1) {
        struct hb_decision_row row = {
            .subject = subject,
            .reason = hb_stmt_col_text(q, 0),
            .time = hb_stmt_col_int(q, 1),
            .until = hb_stmt_col_int(q, 2),
            .sig = hb_stmt_col_blob(q, 3),
            .pub = hb_stmt_col_blob(q, 4),
            .person = hb_stmt_col_text(q, 6),
            .verdict = hb_stmt_col_text(q, 7),
            .incident = hb_stmt_col_int(q, 8),
        };

        r = hb_decision_verify(&row);
        if (r == 0 && !hb_streq(row.verdict, "withdrawn"))
            *ret = (struct hb_said){
                .verdict = hb_arena_strdup(a, row.verdict),
                .d = {.author = hb_arena_strdup(a, hb_stmt_col_text(q, 5)),
                      .reason = hb_arena_strdup(a, row.reason),
                      .at = row.time,
                      .until = row.until}};
        r = 0;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_control_state(struct hb_state *s, struct hb_arena *a,
                     const struct hb_control *control, int64_t now,
                     struct hb_control_result *ret)
{
    struct hb_said said;
    char subject[160];
    int r;

    *ret = (struct hb_control_result){.control = control->id};
    r = last_result(s, a, now, ret);
    if (r < 0)
        return r;
    (void)snprintf(subject, sizeof(subject), "control:%s", control->id);
    r = hb_said(s, a, subject, &said);
    if (r < 0 || said.verdict == NULL)
        return r;
    if (hb_streq(said.verdict, "accepted") || hb_streq(said.verdict, "against"))
        ret->accepted = said.d;
    else if (control->question)
        answer(&said, now, ret);
    return 0;
}

static int last_result(struct hb_state *s, struct hb_arena *a, int64_t now,
                       struct hb_control_result *ret)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       "SELECT status, reason, evidence, checked, until"
                       " FROM control_result WHERE control = ?1",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_text(q, 1, ret->control);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1) {
        int64_t until = hb_stmt_col_int(q, 4);

        ret->status = (enum hb_control_status)hb_stmt_col_int(q, 0);
        ret->reason = hb_arena_strdup(a, hb_stmt_col_text(q, 1));
        ret->evidence = hb_arena_strdup(a, hb_stmt_col_text(q, 2));
        ret->at = hb_stmt_col_int(q, 3);
        if (until != 0 && until <= now)
            ret->status = HB_CS_UNKNOWN;
        r = 0;
    }
    hb_stmt_reset(q);
    return r;
}

/* What a person answered to a question counts as a check of that moment;
 * nobody can answer for the machine. */
static void answer(const struct hb_said *said, int64_t now,
                   struct hb_control_result *ret)
{
    bool pass = hb_streq(said->verdict, "pass");

    if ((!pass && !hb_streq(said->verdict, "fail")) ||
        !hb_decision_valid(&said->d, now))
        return;
    ret->status = pass ? HB_CS_PASS : HB_CS_FAIL;
    ret->at = said->d.at;
    ret->reason = said->d.reason;
}
