/* SPDX-License-Identifier: Apache-2.0 */
/* Every type of step, one at a time and nested in each other.  The tests
 * named soarca are the five faults that were found in a known engine. */
#include "world.h"

#define BEGIN(next) "- {id: begin, type: start, next: " next "}\n"
#define FIN         "- {id: fin, type: end}\n"
#define SCAN(id, more)                                                         \
    "- {id: " id ", type: action, action: site.scan, " more "}\n"
#define TELL(id, more) "- {id: " id ", type: task, " more "}\n"
#define STOP(id)       "- {id: " id ", type: end}\n"

static void test_straight(void **state)
{
    struct world w;

    world_begin(&w, BEGIN("look") SCAN("look", "next: tell")
                        TELL("tell", "next: fin") FIN);
    assert_string_equal(world_trace(&w), "begin:E look:E tell:B");
    assert_int_equal(w.n, 1);
    assert_false(w.deeds[0].again);
    assert_int_equal(world_run(&w), HB_PLAY_BEGUN);
    /* Nothing moves by itself. */
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_string_equal(world_trace(&w), "begin:E look:E tell:B");
    assert_int_equal(world_answer(&w, "tell", true, "told them"), 0);
    assert_string_equal(world_trace(&w), "begin:E look:E tell:E fin:E");
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    assert_int_equal(w.n, 1);
    assert_has(world_timeline(&w, HB_LANG_EN), "action.done|Done by the "
                                               "machine: look (done).");
    assert_has(world_timeline(&w, HB_LANG_EN), "step.done|Step done: "
                                               "Response.");
    world_close(&w);
}

/* clang-format off */
#define CHOICE \
    BEGIN("look") \
    SCAN("look", "next: if1") \
    "- {id: if1, type: if, condition: '__n__ > 3 OR __kind__ =" \
    " ''two words''', on_true: t1, on_false: f1, next: sw}\n" \
    SCAN("t1", "next: t2") \
    STOP("t2") \
    SCAN("f1", "next: f2") \
    STOP("f2") \
    "- {id: sw, type: switch, subject: __kind__, cases: {two words: w1," \
    " b: b1, default: d1}, next: fin}\n" \
    SCAN("w1", "next: w2") \
    STOP("w2") \
    SCAN("b1", "next: b2") \
    STOP("b2") \
    SCAN("d1", "next: d2") \
    STOP("d2") \
    FIN
/* clang-format on */

static void choice(const char *sets, const char *expect)
{
    struct world w;

    world_open(&w);
    world_book(&w, CHOICE);
    world_tell(&w, "look", DEED_NOW, sets);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_string_equal(world_trace(&w), expect);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

/* Also the fault "a condition is split at spaces into three parts". */
static void test_soarca_condition_and_switch(void **state)
{
    choice("{\"__n__\":7}",
           "begin:E look:E if1:E t1:E t2:E sw:E d1:E d2:E fin:E");
    choice("{\"__n__\":3}",
           "begin:E look:E if1:E f1:E f2:E sw:E d1:E d2:E fin:E");
    choice("{\"__kind__\":\"two words\"}",
           "begin:E look:E if1:E t1:E t2:E sw:E w1:E w2:E fin:E");
    choice("{\"__kind__\":\"b\",\"__unknown__\":[1]}",
           "begin:E look:E if1:E f1:E f2:E sw:E b1:E b2:E fin:E");
}

static void test_if_without_else(void **state)
{
    struct world w;

    world_begin(&w, BEGIN("q") "- {id: q, type: if, condition: __ok__,"
                               " on_true: a, next: fin}\n" SCAN("a", "next: b")
                                   STOP("b") FIN);
    assert_string_equal(world_trace(&w), "begin:E q:E fin:E");
    world_close(&w);
}

#define LOOP(cond, rounds)                                                     \
    BEGIN("loop")                                                              \
    "- {id: loop, type: while, condition: " cond ", rounds: " rounds           \
    ", on_true: ask, next: fin}\n" TELL("ask", "answer: __ok__, next: out")    \
        STOP("out") FIN

static void test_while(void **state)
{
    struct world w;

    world_begin(&w, LOOP("NOT __ok__", "3"));
    assert_string_equal(world_trace(&w), "begin:E loop:B ask#1:B");
    assert_int_equal(world_answer(&w, "ask#1", true, "No, not that."), 0);
    assert_int_equal(world_answer(&w, "ask#2", false, "not this either"), 0);
    world_restart(&w);
    assert_int_equal(world_answer(&w, "ask#3", true, "found"), 0);
    assert_string_equal(world_trace(&w),
                        "begin:E loop:E ask#1:E out#1:E ask#2:E out#2:E "
                        "ask#3:E out#3:E fin:E");
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);

    world_begin(&w, LOOP("__ok__", "3"));
    assert_string_equal(world_trace(&w), "begin:E loop:E fin:E");
    world_close(&w);
}

static void test_while_is_bounded(void **state)
{
    struct world w;

    world_begin(&w, LOOP("NOT __ok__", "2"));
    assert_int_equal(world_answer(&w, "ask#1", false, "no"), 0);
    assert_int_equal(world_answer(&w, "ask#2", false, "no"), 0);
    assert_string_equal(world_trace(&w), "begin:E loop:F ask#1:E out#1:E "
                                         "ask#2:E out#2:E");
    assert_int_equal(world_run(&w), HB_PLAY_FAILED_STEP);
    assert_has(world_timeline(&w, HB_LANG_JA),
               "最後の回が終わっても条件が成り立ったままです。");
    world_close(&w);
}

/* clang-format off */
#define NEST \
    BEGIN("top") \
    "- {id: top, type: if, condition: NOT __ok__, on_true: loop," \
    " next: fin}\n" \
    "- {id: loop, type: while, condition: __n__ < 2, rounds: 5," \
    " on_true: par, next: ifend}\n" \
    "- {id: par, type: parallel, branches: [a, b, c], next: parend}\n" \
    SCAN("a", "next: aend") \
    STOP("aend") \
    TELL("b", "answer: __n__, next: bend") \
    STOP("bend") \
    SCAN("c", "next: cif") \
    "- {id: cif, type: if, condition: __site_clean__, on_true: cdo," \
    " next: cend}\n" \
    TELL("cdo", "next: cdoend") \
    STOP("cdoend") \
    STOP("cend") \
    STOP("parend") \
    STOP("ifend") \
    FIN
/* clang-format on */

/* Also the fault "parallel and switch are skipped with success". */
static void test_soarca_parallel_nested(void **state)
{
    struct world w;

    world_open(&w);
    world_book(&w, NEST);
    world_tell(&w, "a", DEED_LATER, NULL);
    world_tell(&w, "c", DEED_NOW, "{\"__site_clean__\":true}");
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_string_equal(world_trace(&w),
                        "begin:E top:B loop:B par#1:B a#1:B b#1:B c#1:E "
                        "cif#1:B cdo#1:B");
    assert_int_equal(world_answer(&w, "b#1", true, "1"), 0);
    assert_int_equal(world_answer(&w, "cdo#1", true, "did"), 0);
    assert_has(world_trace(&w), "par#1:B a#1:B b#1:E");
    assert_int_equal(
        hb_play_answer(w.p, w.deeds[0].key, HB_PLAY_DONE, "{}", "ok"), 0);
    assert_has(world_trace(&w), "loop:B par#1:E");
    assert_has(world_trace(&w), "par#2:B a#2:B b#2:B c#2:E cif#2:B cdo#2:B");
    assert_int_equal(
        hb_play_answer(w.p, w.deeds[2].key, HB_PLAY_DONE, "{}", "ok"), 0);
    assert_int_equal(world_answer(&w, "cdo#2", true, "did"), 0);
    assert_int_equal(world_answer(&w, "b#2", true, "2"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    assert_has(world_trace(&w), "ifend:E fin:E");
    world_close(&w);
}

static void test_soarca_failure_is_followed(void **state)
{
    struct world w;

    world_open(&w);
    world_book(&w, BEGIN("a") SCAN("a", "on_success: fin, on_failure: hand")
                       TELL("hand", "next: fin") FIN);
    world_tell(&w, "a", DEED_FAIL, NULL);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_string_equal(world_trace(&w), "begin:E a:F hand:B");
    assert_has(world_timeline(&w, HB_LANG_EN),
               "action.failed|The machine could not do a: it broke.");
    assert_int_equal(world_answer(&w, "hand", true, "by hand"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

/* clang-format off */
#define EXCEPT \
    "exception: byhand\nsteps:\n" \
    BEGIN("par") \
    "- {id: par, type: parallel, branches: [a, b], next: fin}\n" \
    SCAN("a", "next: a2") \
    TELL("a2", "next: aend") \
    STOP("aend") \
    SCAN("b", "next: bend") \
    STOP("bend") \
    TELL("byhand", "timeout: 1h, next: byend") \
    STOP("byend") \
    FIN
/* clang-format on */

static void test_soarca_exception_is_followed(void **state)
{
    struct world w;

    world_open(&w);
    world_book(&w, EXCEPT);
    world_tell(&w, "a", DEED_FAIL, NULL);
    world_tell(&w, "b", DEED_NONE, NULL);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    /* Each failure has its own, and the flow goes on behind it. */
    assert_string_equal(world_trace(&w), "begin:E par:B a:F byhand@a:B b:F "
                                         "byhand@b:B");
    assert_int_equal(world_answer(&w, "byhand@a", true, "did it"), 0);
    assert_has(world_trace(&w), "byend@a:E a2:B");
    world_restart(&w);
    assert_int_equal(world_answer(&w, "a2", true, "did"), 0);
    /* A failure within the exception branch has no second one. */
    world_later(&w, 2 * 3600 * HB_S);
    assert_has(world_trace(&w), "byhand@b:F");
    assert_has(world_trace(&w), "par:F");
    assert_int_equal(world_run(&w), HB_PLAY_FAILED_STEP);
    world_close(&w);
}

static void test_soarca_task_without_timeout(void **state)
{
    struct world w;

    world_begin(&w, BEGIN("tell") TELL("tell", "next: fin") FIN);
    world_later(&w, 10ull * 365 * 24 * 3600 * HB_S);
    world_restart(&w); /* and a restart keeps the queue */
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_string_equal(world_trace(&w), "begin:E tell:B");
    assert_int_equal(world_answer(&w, "tell", true, "at last"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

static void test_timeouts(void **state)
{
    struct world w;

    world_open(&w);
    world_book(&w,
               BEGIN("tell") TELL("tell", "timeout: 1h, next: a, on_failure: a")
                   SCAN("a", "timeout: 10m, on_success: fin, on_failure: call")
                       TELL("call", "next: fin") FIN);
    world_tell(&w, "a", DEED_LATER, NULL);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    world_later(&w, 59 * 60 * HB_S);
    assert_string_equal(world_trace(&w), "begin:E tell:B");
    world_later(&w, 60 * HB_S + HB_S);
    assert_string_equal(world_trace(&w), "begin:E tell:F a:B");
    assert_int_equal(world_task(&w, "tell"), 0); /* it waits no more */
    world_later(&w, 601 * HB_S);
    assert_string_equal(world_trace(&w), "begin:E tell:F a:F call:B");
    /* The answer comes too late for the flow, but it is told. */
    assert_int_equal(
        hb_play_answer(w.p, w.deeds[0].key, HB_PLAY_DONE, "{}", "late"),
        -EALREADY);
    assert_has(world_timeline(&w, HB_LANG_EN), "(late)");
    assert_int_equal(world_answer(&w, "call", true, "called"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

static void test_delay(void **state)
{
    struct world w;

    world_begin(&w, BEGIN("a") SCAN("a", "delay: 30m, next: tell")
                        TELL("tell", "delay: 1h, timeout: 1h, next: fin") FIN);
    assert_string_equal(world_trace(&w), "begin:E a:w");
    assert_int_equal(w.n, 0);
    world_later(&w, 29 * 60 * HB_S);
    assert_int_equal(w.n, 0);
    world_restart(&w);
    world_later(&w, 61 * HB_S);
    assert_string_equal(world_trace(&w), "begin:E a:E tell:w");
    assert_int_equal(world_task(&w, "tell"), 0);
    world_later(&w, 3601 * HB_S);
    assert_string_equal(world_trace(&w), "begin:E a:E tell:B");
    /* The time-out runs from the begin, not from the delay. */
    world_later(&w, 3000 * HB_S);
    assert_int_equal(world_answer(&w, "tell", true, "told"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

/* clang-format off */
#define CALL  \
    BEGIN("loop") \
    "- {id: loop, type: while, condition: NOT __ok__, rounds: 3," \
    " on_true: call, next: fin}\n" \
    "- {id: call, type: playbook, playbook: other, timeout: 5h," \
    " on_success: out, on_failure: hand}\n" \
    TELL("hand", "next: out") \
    STOP("out") \
    FIN
/* clang-format on */
/* clang-format off */
#define CALLED \
    BEGIN("in") \
    TELL("in", "answer: __ok__, next: look") \
    SCAN("look", "next: fin") \
    FIN
/* clang-format on */

static void test_playbook(void **state)
{
    struct world w;

    world_open(&w);
    world_second(&w, CALLED);
    world_book(&w, CALL);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_string_equal(world_trace(&w),
                        "begin:E loop:B call#1:B call#1/begin:E call#1/in:B");
    assert_int_equal(world_answer(&w, "call#1/in", false, "no"), 0);
    assert_has(world_trace(&w), "call#1:E");
    /* Failing within: the step that called it has its own way out. */
    world_tell(&w, "look", DEED_FAIL, NULL);
    assert_int_equal(world_answer(&w, "call#2/in", false, "no"), 0);
    assert_has(world_trace(&w), "call#2:F call#2/begin:E call#2/in:E "
                                "call#2/look:F hand#2:B");
    world_restart(&w);
    assert_int_equal(world_answer(&w, "hand#2", true, "did"), 0);
    /* Time over: what is open within is put away. */
    assert_true(world_task(&w, "call#3/in") != 0);
    world_later(&w, 6 * 3600 * HB_S);
    assert_has(world_trace(&w), "call#3:F call#3/begin:E call#3/in:S hand#3:B");
    assert_int_equal(world_task(&w, "call#3/in"), 0);
    world_close(&w);
}

/* A variable of the same name and type is shared with the caller. */
static void test_playbook_variables(void **state)
{
    struct world w;

    world_open(&w);
    world_second(&w, CALLED);
    world_book(&w, CALL);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_int_equal(world_answer(&w, "call#1/in", true, "はい、済みました"),
                     0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    assert_has(world_trace(&w), "out#1:E fin:E");
    world_close(&w);
}

static void test_arguments(void **state)
{
    struct world w;

    world_open(&w);
    world_book(
        &w,
        BEGIN("ask") TELL(
            "ask",
            "answer: __fact__, next: q") "- {id: q, type: if, condition: "
                                         "__fact__ = "
                                         "'a b', on_true: p, next: fin}\n"
                                         "- {id: p, type: action, action: "
                                         "path.allow, "
                                         "roles: [officer], args: {path: "
                                         "__fact__, "
                                         "site: \"x y\"}, next: pend}\n" STOP(
                                             "pend") FIN);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_int_equal(world_answer(&w, "ask", true, "a b"), 0);
    assert_string_equal(world_trace(&w), "begin:E ask:E q:E p:E pend:E fin:E");
    assert_string_equal(w.deeds[0].args, "path=a b;site=x y;");
    world_close(&w);
}

/* The store refuses the answer: it is not lost, the same key is asked again
 * whether it was done. */
static void test_answer_that_cannot_be_kept(void **state)
{
    struct world w;

    world_open(&w);
    world_tell(&w, "a", DEED_LATER, NULL);
    world_book(&w, BEGIN("a") SCAN("a", "next: fin") FIN);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(w.n, 1);
    assert_int_equal(hb_db_exec(w.s.db,
                                "CREATE TRIGGER no BEFORE INSERT ON timeline"
                                " BEGIN SELECT RAISE(ABORT, 'full'); END",
                                ""),
                     0);
    assert_true(hb_play_answer(w.p, w.deeds[0].key, HB_PLAY_DONE, "{}", "") <
                0);
    assert_int_equal(hb_db_exec(w.s.db, "DROP TRIGGER no", ""), 0);
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(w.n, 2);
    assert_true(w.deeds[1].again);
    assert_memory_equal(w.deeds[0].key, w.deeds[1].key, HB_ACT_KEY_SIZE);
    assert_int_equal(
        hb_play_answer(w.p, w.deeds[1].key, HB_PLAY_DONE, "{}", ""), 0);
    assert_string_equal(world_trace(&w), "begin:E a:E fin:E");
    world_close(&w);
}

/* An answer that makes no sense fails the step, at once and once. */
static void test_answer_without_sense(void **state)
{
    static const char *const bad[] = {"{", "[]", "{\"__n__\":\"many\"}",
                                      "{\"__ok__\":7}", "{\"__n__\":[1]}"};

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        struct world w;

        world_open(&w);
        world_tell(&w, "a", DEED_NOW, bad[i]);
        world_book(&w, BEGIN("a") SCAN("a", "on_success: fin, on_failure: b")
                           TELL("b", "next: fin") FIN);
        assert_int_equal(
            hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident), 0);
        assert_int_equal(hb_play_begin(w.p, w.incident), 0);
        assert_int_equal(hb_play_tick(w.p), 0);
        assert_string_equal(world_trace(&w), "begin:E a:F b:B");
        assert_int_equal(w.n, 1);
        assert_has(world_timeline(&w, HB_LANG_EN), "could not be understood");
        world_close(&w);
    }
}

/* ---- a step of unknown type is refused and never passed by ---- */

static struct hb_step *step_of(struct world *w, const char *id)
{
    return (struct hb_step *)(uintptr_t)hb_step_find(
        hb_case_find(w->book, 2)->playbook, id);
}

static void test_unknown_type_is_refused(void **state)
{
    struct world w;
    int64_t runs = 0;
    struct hb_stmt *q;

    world_open(&w);
    world_book(&w, BEGIN("tell") TELL("tell", "next: a") SCAN("a", "next: fin")
                       FIN);
    step_of(&w, "a")->type = HB_STEP_TYPE_COUNT;
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), -ENOTSUP);
    assert_int_equal(hb_db_stmt(w.s.db, "SELECT count(*) FROM run", &q), 0);
    assert_int_equal(hb_stmt_step(q), 1);
    runs = hb_stmt_col_int(q, 0);
    hb_stmt_reset(q);
    assert_int_equal(runs, 0);
    /* And where it turns up while the run is under way. */
    step_of(&w, "a")->type = HB_STEP_ACTION;
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    step_of(&w, "a")->type = (enum hb_step_type)77;
    assert_int_equal(world_answer(&w, "tell", true, "told"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_STUCK);
    assert_int_equal(w.n, 0);
    assert_string_equal(world_trace(&w), "begin:E tell:E");
    assert_has(world_timeline(&w, HB_LANG_EN), "does not know");
    world_close(&w);
}

static void test_loader_refuses_unknown_type(void **state)
{
    struct world w;

    world_open(&w);
    folder_put(&w.f, "02-thing/playbook.yaml",
               HEAD START("look") "  - {id: look, type: bash, next: fin}\n" END(
                   "fin"));
    folder_refused(&w.f, "bash", "playbook.yaml", 0);
    world_close(&w);
}

/* ---- the tick takes what a batch began ---- */

static void test_begin_within_a_transaction(void **state)
{
    struct world w;

    world_open(&w);
    world_book(&w, BEGIN("a") SCAN("a", "next: fin") FIN);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident),
                     0);
    assert_int_equal(hb_db_begin(w.s.db), 0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(w.n, 0);
    assert_int_equal(hb_db_commit(w.s.db), 0);
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(w.n, 1);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

static void test_no_playbook(void **state)
{
    struct world w;
    int64_t other;

    world_begin(&w, BEGIN("fin") FIN);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    assert_int_equal(hb_incident_open(&w.s, 9, "x", "p", "n", &other), 0);
    assert_int_equal(hb_play_begin(w.p, other), 0);
    w.incident = other;
    assert_string_equal(world_trace(&w), "");
    assert_int_equal(hb_play_begin(w.p, 4711), -ENOENT);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_straight),
        cmocka_unit_test(test_soarca_condition_and_switch),
        cmocka_unit_test(test_if_without_else),
        cmocka_unit_test(test_while),
        cmocka_unit_test(test_while_is_bounded),
        cmocka_unit_test(test_soarca_parallel_nested),
        cmocka_unit_test(test_soarca_failure_is_followed),
        cmocka_unit_test(test_soarca_exception_is_followed),
        cmocka_unit_test(test_soarca_task_without_timeout),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_delay),
        cmocka_unit_test(test_playbook),
        cmocka_unit_test(test_playbook_variables),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_answer_that_cannot_be_kept),
        cmocka_unit_test(test_answer_without_sense),
        cmocka_unit_test(test_unknown_type_is_refused),
        cmocka_unit_test(test_loader_refuses_unknown_type),
        cmocka_unit_test(test_begin_within_a_transaction),
        cmocka_unit_test(test_no_playbook),
    };

    return hb_tap_run("playbook/steps", tests);
}
