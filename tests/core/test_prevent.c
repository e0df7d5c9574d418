/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_prevent.c - prevention.propose: a task for each control that does not
 * hold, each once; what the store refuses is a failure and not "proposed
 * before".
 */
#include "core/box.h"

#include "../casebook/folder.h"

#define CONTROL(id, more)                                                      \
    "  - id: " id "\n    check: files.watching\n    max_age: 10m\n" more       \
    "    rows: [C02-R1]\n    text: {en: watched, ja: 監視}\n"                \
    "    why: {en: late, ja: 遅れ}\n    fix: {en: mend " id ", ja: 直す}\n"

static struct folder folder;
static int64_t incident;

static int make(void **state)
{
    if (box_make(state) < 0)
        return -1;
    folder_open(&folder);
    folder_put(&folder, "02-thing/controls.yaml",
               "controls:\n" CONTROL("a.one", "") CONTROL("b.two", "")
                   CONTROL("c.three", "") CONTROL("d.four", ""));
    folder_put(
        &folder, "02-thing/playbook.yaml",
        "id: thing\ntitle: {en: Response, ja: 対処}\nvariables:\n"
        "  - {name: __proposals__, type: integer,"
        " doc: {en: n, ja: 数}}\n"
        "  - {name: __restored__, type: boolean,"
        " doc: {en: r, ja: 復旧}}\nsteps:\n" START(
            "propose") "  - {id: propose, type: action, action: "
                       "prevention.propose,\n"
                       "     phase: recover-prevent, title: {en: P, ja: "
                       "提案},\n"
                       "     on_success: finish, on_failure: by-hand}\n" TASK(
                           "by-hand") "    next: finish\n" END("finish"));
    hb_casebook_free(core.book);
    core.book = folder_load(&folder);
    core.state.casebook = core.book;
    return hb_incident_open(&core.state, 2, "www", "person:sato", "seen",
                            &incident);
}

static int drop(void **state)
{
    folder_close(&folder);
    return box_drop(state);
}

static void checked(const char *control, enum hb_control_status status,
                    int64_t ago)
{
    assert_int_equal(
        hb_db_exec(core.state.db,
                   "INSERT INTO control_result(control, status, reason,"
                   " evidence, checked, until) VALUES(?1, ?2, '', '', ?3, 0)",
                   "tii", control, (int64_t)status,
                   hb_now() - ago * (int64_t)HB_S),
        0);
}

static int64_t proposed(void)
{
    return box_number("SELECT count(*) FROM task WHERE step LIKE 'measure:%'");
}

/* Passing ones are left out; one that passed long ago is not known to. */
static void test_what_does_not_hold(void **state)
{
    checked("a.one", HB_CS_PASS, 1);
    checked("b.two", HB_CS_PASS, 3600);
    checked("c.three", HB_CS_FAIL, 1);
    assert_true(hb_play_begin(core.play, incident) >= 0);
    assert_int_equal(proposed(), 3);
    assert_int_equal(box_number("SELECT count(*) FROM task WHERE step ="
                                " 'measure:a.one'"),
                     0);
    assert_int_equal(box_number("SELECT count(*) FROM run WHERE state = 3"), 1);
}

/* A core that died between two of them makes the rest. */
static void test_again(void **state)
{
    struct hb_task t = {.incident = incident,
                        .step = "measure:b.two",
                        .title_en = "mend",
                        .title_ja = "直す"};
    int64_t id;

    assert_int_equal(hb_task_add(&core.state, &t, &id), 0);
    assert_true(hb_play_begin(core.play, incident) >= 0);
    assert_int_equal(proposed(), 4);
    /* What stands is told, not what this attempt made. */
    assert_int_equal(box_number("SELECT count(*) FROM timeline WHERE"
                                " kind = 'action.done'"
                                " AND args LIKE '%\"result\":\"4\"%'"),
                     1);
}

static void test_refused(void **state)
{
    assert_int_equal(hb_db_exec(core.state.db,
                                "CREATE TRIGGER no BEFORE INSERT ON task"
                                " WHEN NEW.step = 'measure:c.three'"
                                " BEGIN SELECT RAISE(ABORT, 'no room'); END",
                                ""),
                     0);
    assert_true(hb_play_begin(core.play, incident) >= 0);
    assert_int_equal(proposed(), 2);
    assert_int_equal(box_number("SELECT count(*) FROM task WHERE"
                                " step = 'by-hand' AND state = 1"),
                     1);
    assert_int_equal(box_number("SELECT count(*) FROM timeline WHERE"
                                " kind = 'action.failed'"
                                " AND args LIKE '%Not every measure%'"),
                     1);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_what_does_not_hold),
        MADE(test_again),
        MADE(test_refused),
    };

    return hb_tap_run("core/prevent", tests);
}
