/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_task.c - who may answer a task, four eyes, and to whom it goes when
 * nobody answers.
 */
#include "scratch_state.h"

static int64_t incident;

static int64_t task(const struct hb_task *t)
{
    struct hb_task made = *t;
    int64_t id = 0;

    made.incident = incident;
    made.title_en = "Do it";
    made.title_ja = "行う";
    if (made.step == NULL)
        made.step = "";
    assert_int_equal(hb_task_add(&st, &made, &id), 0);
    assert_true(id > 0);
    return id;
}

static int64_t plain(unsigned roles)
{
    return task(&(struct hb_task){.roles = roles});
}

static int begin(void **state)
{
    if (state_make(state) < 0)
        return -1;
    incident = open_incident("city");
    return 0;
}

static int answer(int64_t id, int64_t person, bool done, const char *words)
{
    struct hb_err err = {0};
    int r = hb_task_answer(&st, id, person, done, words, &err);

    assert_true(r >= 0 || r == -EINPROGRESS || err.message[0] != '\0');
    return r;
}

static struct hb_task get(struct hb_arena *a, int64_t id)
{
    struct hb_task t;

    assert_int_equal(hb_task_get(&st, a, id, &t), 0);
    return t;
}

static int64_t told(const char *kind)
{
    char sql[128];

    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(*) FROM timeline WHERE kind = '%s'", kind);
    return number_of(sql);
}

static void test_round_trip(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t id = task(&(struct hb_task){.step = "route",
                                        .roles = HB_PR_ADMIN,
                                        .due = 77,
                                        .four_eyes = true,
                                        .evidence = "note,file",
                                        .patience = 5,
                                        .pass_to = 4});
    struct hb_task t = get(a, id);
    int64_t twice;

    assert_string_equal(t.step, "route");
    assert_string_equal(t.title_ja, "行う");
    assert_int_equal(t.roles, HB_PR_ADMIN);
    assert_int_equal(t.due, 77);
    assert_true(t.four_eyes);
    assert_string_equal(t.evidence, "note,file");
    assert_int_equal(t.patience, 5);
    assert_int_equal(t.pass_to, 4);
    assert_int_equal(t.state, HB_TASK_WAITING);
    assert_true(t.created > 0);
    assert_int_equal(told("task.added"), 1);
    /* A step asks once, also after a crash. */
    t.id = 0;
    assert_int_equal(hb_task_add(&st, &t, &twice), -EEXIST);
    assert_false(hb_db_in_transaction(st.db));
    assert_int_equal(told("task.added"), 1);
    assert_int_equal(hb_task_get(&st, a, 99, &t), -ENOENT);
}

static void test_who_may_answer(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t officer = add_person("officer", "O", HB_PR_OFFICER);
    int64_t admin = add_person("admin", "A", HB_PR_ADMIN);
    int64_t deputy = add_person("deputy", "D", HB_PR_STAFF);
    int64_t left = add_person("left", "L", HB_PR_OFFICER);
    int64_t id = plain(HB_PR_OFFICER);
    struct hb_task t;

    assert_int_equal(hb_person_set_active(&st, left, false), 0);
    assert_int_equal(hb_deputy_set(&st, HB_PR_OFFICER, deputy, 1), 0);
    assert_int_equal(answer(99, officer, true, "x"), -ENOENT);
    assert_int_equal(answer(id, admin, true, "x"), -EPERM);
    assert_int_equal(answer(id, left, true, "x"), -EPERM);
    assert_int_equal(answer(id, 99, true, "x"), -EPERM);
    assert_int_equal(answer(id, 0, true, "x"), -EPERM);
    /* An answer without words is no record. */
    assert_int_equal(answer(id, officer, true, ""), -ENODATA);
    assert_int_equal(answer(id, officer, true, NULL), -ENODATA);
    assert_int_equal(get(a, id).state, HB_TASK_WAITING);
    assert_int_equal(answer(id, officer, true, "did \"it\"\n"), 0);
    t = get(a, id);
    assert_int_equal(t.state, HB_TASK_DONE);
    assert_int_equal(t.done_by, officer);
    assert_string_equal(t.answer, "did \"it\"\n");
    assert_true(t.done > 0);
    assert_int_equal(answer(id, officer, false, "again"), -EALREADY);
    assert_int_equal(told("task.done"), 1);
    /* The deputy stands in. */
    id = plain(HB_PR_OFFICER);
    assert_int_equal(answer(id, deputy, false, "not needed"), 0);
    assert_int_equal(get(a, id).state, HB_TASK_DECLINED);
    assert_int_equal(told("task.declined"), 1);
    /* Whom it was given to may answer, whatever their role. */
    id = plain(HB_PR_OFFICER);
    assert_int_equal(hb_task_assign(&st, id, admin, 0), 0);
    assert_int_equal(answer(id, admin, true, "x"), 0);
    assert_int_equal(hb_task_assign(&st, id, officer, 0), -ENOENT);
    assert_int_equal(hb_task_assign(&st, 99, officer, 0), -ENOENT);
    /* A task for anybody. */
    assert_int_equal(answer(plain(0), admin, true, "x"), 0);
}

static void test_four_eyes(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t one = add_person("one", "One", HB_PR_OFFICER);
    int64_t two = add_person("two", "Two", HB_PR_MANAGER);
    int64_t other = add_person("other", "Other", HB_PR_STAFF);
    const struct hb_task both = {.roles = HB_PR_OFFICER | HB_PR_MANAGER,
                                 .four_eyes = true};
    int64_t id = task(&both);
    struct hb_task t;

    assert_int_equal(answer(id, one, true, "release it"), -EINPROGRESS);
    t = get(a, id);
    assert_int_equal(t.state, HB_TASK_WAITING);
    assert_int_equal(t.second_by, one);
    assert_int_equal(t.done_by, 0);
    /* The same eyes again are two, not four. */
    assert_int_equal(answer(id, one, true, "I mean it"), -EPERM);
    assert_int_equal(answer(id, one, false, "or not"), -EPERM);
    assert_int_equal(answer(id, other, true, "me too"), -EPERM);
    assert_int_equal(answer(id, two, true, "yes"), 0);
    t = get(a, id);
    assert_int_equal(t.state, HB_TASK_DONE);
    assert_int_equal(t.done_by, two);
    assert_int_equal(t.second_by, one);
    assert_int_equal(told("task.first_eyes"), 1);
    assert_int_equal(told("task.done"), 1);
    /* One is enough to say no; also the second. */
    id = task(&both);
    assert_int_equal(answer(id, two, false, "never"), 0);
    assert_int_equal(get(a, id).state, HB_TASK_DECLINED);
    id = task(&both);
    assert_int_equal(answer(id, one, true, "yes"), -EINPROGRESS);
    assert_int_equal(answer(id, two, false, "no"), 0);
    assert_int_equal(get(a, id).state, HB_TASK_DECLINED);
}

static int list_one(void *arg, const struct hb_task *t)
{
    struct hb_buf *b = arg;

    hb_buf_addf(b, "%lld ", (long long)t->id);
    return b->n > 1000 ? -EIO : 0;
}

static void lists(int64_t of, bool waiting, const char *want)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    assert_int_equal(hb_task_each(&st, of, waiting, list_one, &b), 0);
    assert_string_equal(hb_buf_z(&b), want);
}

static void test_order(void **state)
{
    int64_t person = add_person("a", "A", HB_PR_ADMIN);

    assert_int_equal(task(&(struct hb_task){.roles = 2}), 1);
    assert_int_equal(task(&(struct hb_task){.roles = 2, .due = 200}), 2);
    assert_int_equal(task(&(struct hb_task){.roles = 2, .due = 100}), 3);
    incident = open_incident("school");
    assert_int_equal(task(&(struct hb_task){.roles = 2, .due = 150}), 4);
    lists(0, true, "3 4 2 1 ");
    lists(1, true, "3 2 1 ");
    assert_int_equal(answer(3, person, true, "x"), 0);
    lists(0, true, "4 2 1 ");
    lists(0, false, "4 2 1 3 ");
    lists(99, false, "");
}

#define MINUTE ((int64_t)(60 * HB_S))

/* Passes on what is late after N minutes of the task's life. */
static int escalate(int64_t id, int minutes)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

    return hb_task_escalate(&st, get(a, id).created + minutes * MINUTE,
                            10 * MINUTE);
}

static void test_escalation(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t holder = add_person("holder", "Holder", HB_PR_ADMIN);
    int64_t second = add_person("second", "Second", HB_PR_STAFF);
    int64_t first = add_person("first", "First", HB_PR_STAFF);
    int64_t boss = add_person("boss", "Boss", HB_PR_OFFICER);
    int64_t id;

    assert_int_equal(hb_deputy_set(&st, HB_PR_ADMIN, second, 2), 0);
    assert_int_equal(hb_deputy_set(&st, HB_PR_ADMIN, first, 1), 0);
    id = plain(HB_PR_ADMIN);
    assert_int_equal(escalate(id, 9), 0);
    assert_int_equal(get(a, id).owner, 0);
    /* The holder was asked first; then it goes down the list and round. */
    assert_int_equal(escalate(id, 10), 1);
    assert_int_equal(get(a, id).owner, first);
    assert_int_equal(escalate(id, 11), 0);
    assert_int_equal(escalate(id, 20), 1);
    assert_int_equal(get(a, id).owner, second);
    assert_int_equal(escalate(id, 30), 1);
    assert_int_equal(get(a, id).owner, boss);
    assert_int_equal(escalate(id, 40), 1);
    assert_int_equal(get(a, id).owner, holder);
    assert_int_equal(get(a, id).escalated, 4);
    assert_int_equal(told("task.escalated"), 4);
    /* Answered: it rests. */
    assert_int_equal(answer(id, boss, true, "did it myself"), -EPERM);
    assert_int_equal(answer(id, first, true, "did"), 0);
    assert_int_equal(escalate(id, 400), 0);
}

static void test_patience_of_a_step(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t manager = add_person("manager", "M", HB_PR_MANAGER);
    int64_t id;

    (void)add_person("admin", "A", HB_PR_ADMIN);
    id = task(&(struct hb_task){.roles = HB_PR_ADMIN,
                                .patience = 2 * MINUTE,
                                .pass_to = HB_PR_MANAGER});
    assert_int_equal(escalate(id, 1), 0);
    assert_int_equal(escalate(id, 2), 1);
    /* Whom the step names. */
    assert_int_equal(get(a, id).owner, manager);
    assert_int_equal(answer(id, manager, true, "did"), 0);
}

static void test_nobody_there(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t id = plain(HB_PR_ADMIN);

    assert_int_equal(escalate(id, 10), 1);
    assert_int_equal(get(a, id).owner, 0);
    assert_int_equal(get(a, id).state, HB_TASK_WAITING);
    assert_int_equal(told("task.escalated"), 1);
}

/* More than one round's worth: none is forgotten. */
static void test_many_late(void **state)
{
    int64_t last = 0;
    int moved = 0, n;

    (void)add_person("a", "A", HB_PR_ADMIN);
    for (int i = 0; i < 150; i++)
        last = plain(HB_PR_ADMIN);
    while ((n = escalate(last, 10)) > 0)
        moved += n;
    assert_int_equal(n, 0);
    assert_int_equal(moved, 150);
    assert_int_equal(number_of("SELECT min(escalated) FROM task"), 1);
}

#define T(t) cmocka_unit_test_setup_teardown(t, begin, state_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_round_trip),   T(test_who_may_answer),
        T(test_four_eyes),    T(test_order),
        T(test_escalation),   T(test_patience_of_a_step),
        T(test_nobody_there), T(test_many_late),
    };

    return hb_tap_run("incident/task", tests);
}
