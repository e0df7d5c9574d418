/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The posture of each day: one record a day, a day without one is told, and
 * what was edited or moved in the database is refused.
 */
#include "box.h"

#include "core/cmd.h"

#include "base/clock.h"

#define DAY ((int64_t)(86400 * HB_S))

static int make(void **state)
{
    int r = box_make(state);

    return r < 0                                                   ? r
           : hb_key_generate(&core.evidence_key) < 0               ? -1
           : hb_key_pub(core.evidence_key, &core.evidence_pub) < 0 ? -1
                                                                   : 0;
}

static int drop(void **state)
{
    hb_key_free(core.evidence_key);
    hb_pub_free(core.evidence_pub);
    return box_drop(state);
}

static int64_t rows(void)
{
    struct hb_stmt *q;
    int64_t n;

    assert_int_equal(
        hb_db_stmt(core.state.db, "SELECT count(*) FROM posture_day", &q), 0);
    assert_int_equal(hb_stmt_step(q), 1);
    n = hb_stmt_col_int(q, 0);
    hb_stmt_reset(q);
    return n;
}

/* Per day, newest first: v verified, ? noted before its time, x not, - none;
 * in parentheses what was recorded for that day before. */
static const char *shown(int days)
{
    static char out[64];
    struct hb_core_call call = {.core = &core, .arena = hb_arena_new(0)};
    struct hb_json *args, *data;
    char text[32];
    size_t n = 0;

    (void)snprintf(text, sizeof(text), "{\"days\":%d}", days);
    assert_int_equal(hb_json_parse(call.arena, hb_slice_z(text), &args, NULL),
                     0);
    call.args = args;
    hb_buf_init(&call.text, 0);
    hb_buf_init(&call.data, 0);
    assert_int_equal(hb_core_history(&call), 0);
    assert_int_equal(
        hb_json_parse(call.arena, hb_buf_slice(&call.data), &data, NULL), 0);
    HB_JSON_EACH (one, data) {
        bool earlier = hb_json_bool(one, "earlier", false);

        assert_int_equal(hb_json_get(one, "posture") != NULL,
                         hb_json_bool(one, "verified", false));
        if (earlier)
            out[n++] = '(';
        out[n++] = !hb_json_bool(one, "recorded", false)   ? '-'
                   : !hb_json_bool(one, "verified", false) ? 'x'
                   : hb_json_bool(one, "ahead", false)     ? '?'
                                                           : 'v';
        if (earlier)
            out[n++] = ')';
    }
    out[n] = '\0';
    hb_buf_done(&call.text);
    hb_buf_done(&call.data);
    hb_arena_free(call.arena);
    return out;
}

static void change(const char *sql)
{
    assert_int_equal(hb_db_exec(core.state.db, sql, ""), 0);
}

static void test_days(void **state)
{
    hb_core_history_note(&core);
    hb_core_history_note(&core);
    assert_int_equal(rows(), 1);
    assert_string_equal(shown(3), "v--");
    hb_clock_shift(2 * DAY);
    assert_string_equal(shown(4), "v-v-"); /* asking keeps today's too */
    /* A clock that is set back finds its day kept. */
    hb_clock_shift(-2 * DAY);
    hb_core_history_note(&core);
    assert_int_equal(rows(), 2);
}

static void test_edited(void **state)
{
    hb_core_history_note(&core);
    hb_clock_shift(DAY);
    hb_core_history_note(&core);
    assert_string_equal(shown(2), "vv");
    change("UPDATE posture_day SET json = replace(json, 'unknown', 'proven')"
           " WHERE day = (SELECT max(day) FROM posture_day)");
    assert_string_equal(shown(2), "xv");
    /* A good day in the place of a bad one. */
    change("UPDATE posture_day SET json = (SELECT json FROM posture_day ORDER"
           " BY day LIMIT 1), sig = (SELECT sig FROM posture_day ORDER BY day"
           " LIMIT 1)");
    assert_string_equal(shown(2), "xv");
    change("UPDATE posture_day SET sig = x''");
    assert_string_equal(shown(2), "xx");
}

static int count_one(void *arg, const char *uid, int64_t time,
                     struct hb_slice json)
{
    ++*(int *)arg;
    return 0;
}

static int told(void)
{
    struct hb_events_query q = {.text = "\"history-ahead\"", .limit = 100};
    int n = 0;

    assert_int_equal(hb_events_find(core.events, &q, count_one, &n, NULL), 0);
    return n;
}

/* The clock jumps ahead and comes back: what was noted there must not stand
 * for a day that had not come. */
static void test_day_ahead(void **state)
{
    char sig[64] = "";
    struct hb_stmt *q;

    hb_core_history_note(&core);
    hb_clock_shift(DAY);
    hb_core_history_note(&core);
    hb_clock_shift(30 * DAY);
    hb_core_history_note(&core);
    assert_int_equal(rows(), 3);
    assert_int_equal(told(), 0);
    hb_clock_shift(-31 * DAY);
    hb_core_history_note(&core);
    assert_int_equal(told(), 1);
    hb_core_history_note(&core);
    assert_int_equal(told(), 1);
    assert_string_equal(shown(2), "v-");
    assert_int_equal(hb_db_stmt(core.state.db,
                                "SELECT hex(sig) FROM posture_day"
                                " ORDER BY day LIMIT 1 OFFSET 1",
                                &q),
                     0);
    assert_int_equal(hb_stmt_step(q), 1);
    (void)hb_copyz(sig, sizeof(sig), hb_stmt_col_text(q, 0));
    hb_stmt_reset(q);
    /* The day comes: it gets a record of its own. */
    box_person("mori", HB_PR_STAFF, STAFF_UID + 1);
    hb_core_own_controls(&core);
    hb_clock_shift(DAY);
    hb_core_history_note(&core);
    assert_int_equal(rows(), 4);
    assert_int_equal(hb_db_stmt(core.state.db,
                                "SELECT hex(sig) FROM posture_day"
                                " ORDER BY day LIMIT 1 OFFSET 1",
                                &q),
                     0);
    assert_int_equal(hb_stmt_step(q), 1);
    assert_string_not_equal(hb_stmt_col_text(q, 0), sig);
    hb_stmt_reset(q);
    assert_string_equal(shown(2), "v(v)v");
    /* A day that went by while nobody noted it is told as it is. */
    hb_clock_shift(31 * DAY);
    assert_string_equal(shown(3), "v?-");
    assert_int_equal(told(), 1);
}

/* The signatures of all rows in hex, those that were put aside first. */
static const char *sigs(void)
{
    static char out[1024];
    struct hb_stmt *q;

    assert_int_equal(
        hb_db_stmt(core.state.db,
                   "SELECT group_concat(hex(sig), ' ') FROM (SELECT sig"
                   " FROM posture_day ORDER BY length(day) < 11, day)",
                   &q),
        0);
    assert_int_equal(hb_stmt_step(q), 1);
    (void)hb_copyz(out, sizeof(out), hb_stmt_col_text(q, 0));
    hb_stmt_reset(q);
    return out;
}

/* The clock goes back for a while and is right again: what was recorded on
 * the day itself is not lost, however often somebody does it. */
static void test_clock_back(void **state)
{
    char genuine[256];

    hb_core_history_note(&core);
    (void)hb_copyz(genuine, sizeof(genuine), sigs());
    for (int i = 0; i < 3; i++) {
        hb_clock_shift(-DAY);
        hb_core_history_note(&core);
        hb_clock_shift(DAY);
        box_person(i == 0   ? "mori"
                   : i == 1 ? "oka"
                            : "ueda",
                   HB_PR_STAFF, STAFF_UID + 1 + i);
        hb_core_own_controls(&core);
        hb_core_history_note(&core);
        assert_memory_equal(sigs(), genuine, strlen(genuine));
    }
    assert_string_equal(shown(2), "v(v)(v)(v)v");
    /* What was kept is verified like the rest, and nothing else is marked. */
    change("UPDATE posture_day SET json = replace(json, 'unknown', 'proven')"
           " WHERE day LIKE '%#1'");
    hb_core_history_note(&core);
    assert_string_equal(shown(2), "v(x)(v)(v)v");
    change("DELETE FROM posture_day WHERE day LIKE '%#2'");
    assert_string_equal(shown(2), "v(x)(-)(v)v");
}

static void test_no_key(void **state)
{
    hb_key_free(core.evidence_key);
    core.evidence_key = NULL;
    hb_core_history_note(&core);
    assert_int_equal(rows(), 0);
    assert_string_equal(shown(1), "-");
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_days),       MADE(test_edited), MADE(test_day_ahead),
        MADE(test_clock_back), MADE(test_no_key),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("core/history", tests, NULL, NULL);
}
