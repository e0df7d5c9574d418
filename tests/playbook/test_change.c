/* SPDX-License-Identifier: Apache-2.0 */
/* A playbook that changes while an incident is worked on by it. */
#include "world.h"

#define BEGIN(next) "- {id: begin, type: start, next: " next "}\n"
#define FIN         "- {id: fin, type: end}\n"
#define SCAN(id, more)                                                         \
    "- {id: " id ", type: action, action: site.scan, " more "}\n"
#define TELL(id, more) "- {id: " id ", type: task, " more "}\n"

#define FIRST                                                                  \
    BEGIN("a")                                                                 \
    SCAN("a", "next: b")                                                       \
    TELL("b", "phase: report-publish, next: c")                                \
    SCAN("c", "phase: recover-prevent, next: fin") FIN

static int64_t number(struct world *w, const char *sql)
{
    struct hb_stmt *q;
    int64_t n;

    assert_int_equal(hb_db_stmt(w->s.db, sql, &q), 0);
    assert_int_equal(hb_stmt_step(q), 1);
    n = hb_stmt_col_int(q, 0);
    hb_stmt_reset(q);
    return n;
}

static void reload(struct world *w, const char *steps)
{
    world_book(w, steps);
    world_restart(w);
    assert_int_equal(hb_play_tick(w->p), 0);
}

static void test_text_is_kept(void **state)
{
    struct world w;

    world_begin(&w, FIRST);
    assert_int_equal(number(&w, "SELECT count(*) FROM run_playbook"
                                " WHERE text LIKE '%id: thing%type: end%'"),
                     1);
    world_close(&w);
}

static void test_goes_on(void **state)
{
    struct world w;

    world_begin(&w, FIRST);
    assert_string_equal(world_trace(&w), "begin:E a:E b:B");
    /* A step is new behind the present one, one before it is gone. */
    reload(&w, BEGIN("b") TELL("b", "phase: report-publish, next: x")
                   SCAN("x", "next: fin") FIN);
    assert_int_equal(world_run(&w), HB_PLAY_BEGUN);
    assert_int_equal(number(&w, "SELECT count(*) FROM run_playbook"), 2);
    assert_has(world_timeline(&w, HB_LANG_EN), "with the new version");
    assert_int_equal(world_answer(&w, "b", true, "told"), 0);
    assert_string_equal(world_trace(&w), "begin:E a:E b:E x:E fin:E");
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

static void stuck(struct world *w, const char *steps)
{
    reload(w, steps);
    assert_int_equal(world_run(w), HB_PLAY_STUCK);
    assert_int_equal(w->n, 1);
    /* Nothing moves until somebody decides; the task of the step is still
     * there to be read. */
    assert_int_equal(hb_play_tick(w->p), 0);
    world_restart(w);
    assert_int_equal(hb_play_tick(w->p), 0);
    assert_int_equal(w->n, 1);
    assert_int_equal(number(w, "SELECT count(*) FROM task WHERE state = 1"), 2);
}

static int64_t decision(struct world *w)
{
    return number(w, "SELECT id FROM task WHERE step LIKE '!run%'");
}

#define SECOND                                                                 \
    BEGIN("a")                                                                 \
    SCAN("a", "next: n0")                                                      \
    SCAN("n0", "next: n1")                                                     \
    TELL("n1", "phase: report-publish, next: c")                               \
    SCAN("c", "phase: recover-prevent, next: fin") FIN

static void test_step_is_gone(void **state)
{
    struct hb_err err = {0};
    struct world w;

    world_begin(&w, FIRST);
    stuck(&w, SECOND);
    assert_int_equal(
        hb_play_task_answer(w.p, decision(&w), w.sato, true, "go on", &err), 0);
    /* From the phase of what was under way: what ended stays, steps of
     * phases before are left out, nothing is done twice. */
    assert_string_equal(world_trace(&w), "begin:E a:E b~3:S n0:S n1:B");
    assert_int_equal(world_answer(&w, "n1", true, "told"), 0);
    assert_string_equal(world_trace(&w),
                        "begin:E a:E b~3:S n0:S n1:E c:E fin:E");
    assert_int_equal(w.n, 2);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

static void test_same_step_is_asked_anew(void **state)
{
    struct hb_person by = {.full_name = "Abe"};
    struct hb_err err = {0};
    struct world w;

    /* b stands behind a new step now: it cannot be reached without it. */
    world_begin(&w, FIRST);
    assert_int_equal(hb_play_restart(w.p, w.incident, "a", &by, &err), -EINVAL);
    stuck(&w, BEGIN("a") SCAN("a", "next: n0") SCAN("n0", "next: b")
                  TELL("b", "phase: report-publish, next: fin") FIN);
    assert_int_equal(hb_play_restart(w.p, w.incident, "a", &by, &err), 0);
    assert_string_equal(world_trace(&w), "begin:E a:E b~3:S n0:E b:B");
    assert_true(world_task(&w, "b") != 0);
    assert_int_equal(number(&w, "SELECT count(*) FROM task WHERE state = 1"),
                     1);
    assert_int_equal(world_answer(&w, "b", true, "told"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

static void test_type_changed_and_ended(void **state)
{
    struct hb_err err = {0};
    struct world w;

    world_begin(&w, FIRST);
    stuck(&w, BEGIN("a") SCAN("a", "next: b") SCAN("b", "next: fin") FIN);
    assert_int_equal(hb_play_task_answer(w.p, decision(&w), w.sato, false,
                                         "we do it on paper", &err),
                     0);
    assert_int_equal(world_run(&w), HB_PLAY_FAILED_STEP);
    assert_string_equal(world_trace(&w), "begin:E a:E b:S");
    assert_int_equal(number(&w, "SELECT count(*) FROM task WHERE state = 1"),
                     0);
    world_close(&w);
}

static void test_playbook_is_gone(void **state)
{
    struct hb_casebook empty = {0};
    struct hb_err err = {0};
    const char *why;
    enum hb_play_state st;
    struct hb_arena *a = hb_arena_new(0);
    struct world w;

    world_begin(&w, FIRST);
    w.s.casebook = &empty;
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(hb_play_run(w.p, a, w.incident, &st, &why), 0);
    assert_int_equal(st, HB_PLAY_STUCK);
    assert_has(why, "thing");
    assert_string_equal(world_trace(&w), "begin:E a:E b:B");
    /* It comes back, and the run with it. */
    w.s.casebook = w.book;
    assert_int_equal(hb_play_task_answer(w.p, decision(&w), w.sato, true,
                                         "it is back", &err),
                     0);
    assert_int_equal(world_answer(&w, "b", true, "told"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    hb_arena_free(a);
    world_close(&w);
}

/* A change in a playbook that is called counts too. */
static void test_called_playbook_changes(void **state)
{
    struct world w;

    world_open(&w);
    world_second(&w, BEGIN("in") TELL("in", "next: fin") FIN);
    world_book(&w, BEGIN("call") "- {id: call, type: playbook, playbook: "
                                 "other, next: fin}\n" FIN);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_int_equal(number(&w, "SELECT count(*) FROM run_playbook"), 2);
    world_second(&w, BEGIN("other") TELL("other", "next: fin") FIN);
    world_book(&w, BEGIN("call") "- {id: call, type: playbook, playbook: "
                                 "other, next: fin}\n" FIN);
    world_restart(&w);
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(world_run(&w), HB_PLAY_STUCK);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_kept),
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_step_is_gone),
        cmocka_unit_test(test_same_step_is_asked_anew),
        cmocka_unit_test(test_type_changed_and_ended),
        cmocka_unit_test(test_playbook_is_gone),
        cmocka_unit_test(test_called_playbook_changes),
    };

    return hb_tap_run("playbook/change", tests);
}
