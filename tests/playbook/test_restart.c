/* SPDX-License-Identifier: Apache-2.0 */
/* A run that failed, or that was ended, goes on: what was done stays done. */
#include "world.h"

#include "base/fault.h"

#define BEGIN(next) "- {id: begin, type: start, next: " next "}\n"
#define FIN         "- {id: fin, type: end}\n"
#define SCAN(id, more)                                                         \
    "- {id: " id ", type: action, action: site.scan, " more "}\n"
#define TELL(id, more) "- {id: " id ", type: task, " more "}\n"
#define STOP(id)       "- {id: " id ", type: end}\n"

static const struct hb_person by = {.full_name = "Abe"};

static int again(struct world *w, const char *from)
{
    struct hb_err err = {0};
    int r = hb_play_restart(w->p, w->incident, from, &by, &err);

    assert_true(r == 0 || err.message[0] != '\0');
    return r;
}

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

/* How often an action of PLACE was asked for. */
static int asked(const struct world *w, const char *place)
{
    int n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += strcmp(w->deeds[i].place, place) == 0;
    return n;
}

static bool same_key(const struct world *w, size_t a, size_t b)
{
    return memcmp(w->deeds[a].key, w->deeds[b].key, HB_ACT_KEY_SIZE) == 0;
}

static void test_action_failed(void **state)
{
    struct world w;

    world_open(&w);
    world_tell(&w, "b", DEED_FAIL, NULL);
    world_book(&w, BEGIN("a") SCAN("a", "next: b") SCAN("b", "next: c")
                       SCAN("c", "next: fin") FIN);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "n", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_int_equal(world_run(&w), HB_PLAY_FAILED_STEP);
    /* As long as it fails, it fails again, and is never left half open. */
    assert_int_equal(again(&w, NULL), 0);
    assert_int_equal(world_run(&w), HB_PLAY_FAILED_STEP);
    world_tell(&w, "b", DEED_NOW, NULL);
    assert_int_equal(again(&w, "nosuch"), -ENOENT);
    assert_int_equal(again(&w, "c"), -ENOENT); /* was not reached */
    assert_int_equal(again(&w, NULL), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    assert_string_equal(world_trace(&w), "begin:E a:E b:E c:E fin:E");
    assert_int_equal(asked(&w, "a"), 1);
    assert_int_equal(asked(&w, "b"), 3);
    assert_false(same_key(&w, 1, 2)); /* known to have failed: a new deed */
    assert_false(w.deeds[2].again);
    assert_has(world_timeline(&w, HB_LANG_EN), "step.restarted|Abe");
    /* It ended well; and a closed incident stays closed. */
    assert_int_equal(again(&w, NULL), -EINVAL);
    world_close(&w);
}

static void test_closed(void **state)
{
    struct hb_err err = {0};
    struct world w;

    world_open(&w);
    world_tell(&w, "a", DEED_FAIL, NULL);
    world_book(&w, BEGIN("a") SCAN("a", "next: fin") FIN);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "n", &w.incident),
                     0);
    assert_int_equal(again(&w, NULL), -ENOENT);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    /* Reports, prevention and review stand behind what failed. */
    assert_int_equal(
        hb_incident_set_state(&w.s, w.incident, HB_INC_CLOSED, "p", &err),
        -EBUSY);
    assert_has(err.message, "incident restart 1");
    assert_int_equal(hb_db_exec(w.s.db, "UPDATE run SET why = 'ended'", ""), 0);
    assert_int_equal(
        hb_incident_set_state(&w.s, w.incident, HB_INC_CLOSED, "p", &err), 0);
    assert_int_equal(again(&w, NULL), -EINVAL);
    assert_int_equal(w.n, 1);
    world_close(&w);
}

/* Nobody heard of its end: it may have been done, so the old key is asked. */
static void test_action_out_of_time(void **state)
{
    struct world w;

    world_open(&w);
    world_tell(&w, "a", DEED_LATER, NULL);
    world_book(&w, BEGIN("a") SCAN("a", "timeout: 1h, next: fin") FIN);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "n", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    world_later(&w, 3601 * HB_S);
    assert_int_equal(world_run(&w), HB_PLAY_FAILED_STEP);
    assert_int_equal(again(&w, NULL), 0);
    assert_int_equal(w.n, 2);
    assert_true(same_key(&w, 0, 1));
    assert_true(w.deeds[1].again);
    assert_int_equal(hb_play_answer(w.p, w.deeds[0].key, HB_PLAY_DONE, "{}",
                                    "it was done in time"),
                     0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

/* An approval is asked for anew, under a name that is free. */
static void test_approval(void **state)
{
    struct world w;

    world_open(&w);
    world_tell(&w, "a", DEED_ASK, NULL);
    world_book(&w, BEGIN("a") SCAN("a", "next: fin") FIN);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "n", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_int_equal(world_answer(&w, "a!2", false, "not now"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_FAILED_STEP);
    assert_int_equal(again(&w, "a"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_BEGUN);
    assert_int_equal(number(&w, "SELECT count(*) FROM task WHERE state = 1"),
                     1);
    assert_int_equal(world_answer(&w, "a!4", true, "now"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

static void test_task_out_of_time(void **state)
{
    struct world w;

    world_open(&w);
    world_book(&w, BEGIN("a") TELL("a", "timeout: 1h, next: b")
                       SCAN("b", "next: fin") FIN);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "n", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    world_later(&w, 3601 * HB_S);
    assert_int_equal(world_run(&w), HB_PLAY_FAILED_STEP);
    assert_int_equal(again(&w, NULL), 0);
    assert_string_equal(world_trace(&w), "begin:E a~2:F a:B");
    assert_int_equal(world_answer(&w, "a", true, "told"), 0);
    assert_string_equal(world_trace(&w), "begin:E a~2:F a:E b:E fin:E");
    world_close(&w);
}

#define NESTED                                                                 \
    "exception: hand\nsteps:\n" BEGIN(                                         \
        "par") "- {id: par, type: parallel, branches: [a, q], next: "          \
               "z}\n" SCAN("a", "next: ax")                                    \
                   STOP("ax") "- {id: q, type: if, condition: NOT __ok__, "    \
                              "on_true: loop, next: qx}\n"                     \
                              "- {id: loop, type: while, condition: NOT "      \
                              "__ok__, rounds: 3,"                             \
                              " on_true: b, next: lx}\n" SCAN("b", "next: bx") \
                                  STOP("bx") STOP("lx") STOP("qx")             \
                                      SCAN("z", "next: fin")                   \
                                          FIN SCAN("hand", "next: handx")      \
                                              STOP("handx")

/* Deep within blocks, in the exception branch: only that step is done again,
 * and the blocks around it are open again. */
static void test_within_blocks(void **state)
{
    struct world w;

    world_open(&w);
    world_tell(&w, "b", DEED_FAIL, NULL);
    world_tell(&w, "hand", DEED_FAIL, NULL);
    world_book(&w, NESTED);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "n", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_int_equal(world_run(&w), HB_PLAY_FAILED_STEP);
    assert_string_equal(world_trace(&w), "begin:E par:F a:E ax:E q:F loop:F "
                                         "b#1:F hand@b#1:F");
    world_tell(&w, "hand", DEED_NOW, "{\"__ok__\":true}");
    assert_int_equal(again(&w, NULL), 0);
    assert_string_equal(world_trace(&w),
                        "begin:E par:E a:E ax:E q:E loop:E b#1:F hand@b#1:E "
                        "handx@b#1:E bx#1:E lx:E qx:E z:E fin:E");
    assert_int_equal(asked(&w, "a"), 1);
    assert_int_equal(asked(&w, "b#1"), 1);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

/* From a step that failed earlier: it is done again, and what its failure had
 * led to is put aside. */
static void test_from_a_step(void **state)
{
    struct world w;

    world_open(&w);
    world_tell(&w, "b", DEED_FAIL, NULL);
    world_tell(&w, "hand", DEED_FAIL, NULL);
    world_book(&w, NESTED);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "n", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    world_tell(&w, "b", DEED_NOW, "{\"__ok__\":true}");
    assert_int_equal(again(&w, "b#1"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    assert_has(world_trace(&w), "b#1:E hand@b#1~8:F");
    assert_int_equal(asked(&w, "hand@b#1"), 1);
    assert_int_equal(asked(&w, "a"), 1);
    world_close(&w);
}

/* A failure that people had made good stays so, unless it is named. */
static void test_made_good(void **state)
{
    static const char steps[] =
        BEGIN("a") SCAN("a", "on_success: b, on_failure: hand")
            TELL("hand", "next: b") SCAN("b", "next: fin") FIN;
    struct world w;

    world_open(&w);
    world_tell(&w, "a", DEED_FAIL, NULL);
    world_tell(&w, "b", DEED_FAIL, NULL);
    world_book(&w, steps);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "n", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_int_equal(world_answer(&w, "hand", true, "by hand"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_FAILED_STEP);
    assert_int_equal(again(&w, NULL), 0);
    assert_int_equal(asked(&w, "a"), 1);
    assert_int_equal(asked(&w, "b"), 2);
    world_tell(&w, "a", DEED_NOW, NULL);
    world_tell(&w, "b", DEED_NOW, NULL);
    assert_int_equal(again(&w, "a"), 0);
    assert_int_equal(asked(&w, "a"), 2);
    assert_int_equal(asked(&w, "b"), 3);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    assert_has(world_trace(&w), "hand:E"); /* done is done */
    world_close(&w);
}

/* The playbook changed, a person ended the run; another thinks better of it.
 * What was decided against is not asked again. */
static void test_ended_by_a_person(void **state)
{
    struct hb_err err = {0};
    struct world w;
    int64_t id;

    world_begin(&w, BEGIN("n") TELL("n", "modality: consider,"
                                         " evidence: [decision], next: a")
                        SCAN("a", "next: b") TELL("b", "next: fin") FIN);
    assert_int_equal(world_answer(&w, "n", false, "no need"), 0);
    world_book(&w, BEGIN("n") TELL("n", "modality: consider,"
                                        " evidence: [decision], next: a")
                       SCAN("a", "next: x") TELL("x", "next: fin") FIN);
    world_restart(&w);
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(world_run(&w), HB_PLAY_STUCK);
    id = number(&w, "SELECT id FROM task WHERE step LIKE '!run%'");
    assert_int_equal(
        hb_play_task_answer(w.p, id, w.sato, false, "we are done", &err), 0);
    assert_int_equal(world_run(&w), HB_PLAY_FAILED_STEP);
    assert_int_equal(again(&w, NULL), 0);
    assert_string_equal(world_trace(&w), "begin:E n:S a:E b:S x:B");
    assert_int_equal(world_answer(&w, "x", true, "told"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    assert_int_equal(asked(&w, "a"), 1);
    world_close(&w);
}

/* Whatever fails in between: it is as it was, or open again, and goes on. */
static bool with_fault(unsigned n)
{
    struct hb_err err = {0};
    struct world w;
    bool through;
    int r;

    world_open(&w);
    world_tell(&w, "b", DEED_FAIL, NULL);
    world_tell(&w, "hand", DEED_FAIL, NULL);
    world_book(&w, NESTED);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "n", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    world_tell(&w, "hand", DEED_LATER, NULL);
    hb_fault_set(HB_FAULT_ALLOC, n);
    r = hb_play_restart(w.p, w.incident, NULL, &by, &err);
    through = hb_fault_pending(HB_FAULT_ALLOC);
    hb_fault_set(HB_FAULT_ALLOC, 0);
    if (r < 0) {
        assert_int_equal(world_run(&w), HB_PLAY_FAILED_STEP);
        assert_int_equal(again(&w, NULL), 0);
    }
    assert_true(hb_play_tick(w.p) >= 0);
    assert_int_equal(asked(&w, "hand@b#1"), 2);
    assert_int_equal(hb_play_answer(w.p, w.deeds[w.n - 1].key, HB_PLAY_DONE,
                                    "{\"__ok__\":true}", ""),
                     0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    assert_int_equal(asked(&w, "a"), 1);
    world_close(&w);
    return through;
}

static void test_nth_allocation(void **state)
{
    unsigned n = 1;

    while (!with_fault(n)) {
        n++;
        assert_true(n < 500);
    }
    print_message("# %u allocations\n", n - 1);
    assert_true(n > 10);
}

/* A row that somebody took out of the database: it is said that it cannot go
 * on, by again(). */
static void test_row_gone(void **state)
{
    struct world w;

    world_open(&w);
    world_tell(&w, "a", DEED_FAIL, NULL);
    world_book(&w, BEGIN("n") TELL("n", "modality: consider,"
                                        " evidence: [decision], next: a")
                       SCAN("a", "next: fin") FIN);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "n", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_int_equal(world_answer(&w, "n", false, "no need"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_FAILED_STEP);
    assert_int_equal(hb_db_exec(w.s.db, "DELETE FROM task", ""), 0);
    assert_int_equal(again(&w, NULL), -ENOENT);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_action_failed),
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_action_out_of_time),
        cmocka_unit_test(test_approval),
        cmocka_unit_test(test_task_out_of_time),
        cmocka_unit_test(test_within_blocks),
        cmocka_unit_test(test_from_a_step),
        cmocka_unit_test(test_made_good),
        cmocka_unit_test(test_ended_by_a_person),
        cmocka_unit_test(test_nth_allocation),
        cmocka_unit_test(test_row_gone),
    };

    return hb_tap_run("playbook/restart", tests);
}
