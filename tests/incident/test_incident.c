/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_incident.c - findings open incidents and join them, each event once;
 * incidents go forward, and close only when nothing is owed.
 */
#include "scratch_state.h"

static struct hb_arena *arena;

static struct hb_event *event(int64_t time)
{
    struct hb_event *e =
        hb_event_new(arena, HB_EV_FILE_ACTIVITY, 3, HB_SEV_HIGH, "sense/files");

    assert_non_null(e);
    e->time = time;
    return e;
}

static struct hb_finding finding(const struct hb_event *e)
{
    return (struct hb_finding){.rule = "hb-0201",
                               .case_number = 2,
                               .key = "case:2/site:city",
                               .object = "city",
                               .severity = HB_SEV_HIGH,
                               .event = e};
}

static int64_t take(const struct hb_finding *f, int want, bool want_new)
{
    int64_t id = 0;
    bool fresh = !want_new;

    assert_int_equal(hb_incident_take(&st, f, &id, &fresh), want);
    assert_int_equal(fresh, want_new);
    assert_true(id > 0);
    return id;
}

static struct hb_incident get(int64_t id)
{
    struct hb_incident i;

    assert_int_equal(hb_incident_get(&st, arena, id, &i), 0);
    return i;
}

static void close_it(int64_t id)
{
    struct hb_err err = {0};

    if (hb_incident_set_state(&st, id, HB_INC_CLOSED, "person:sato", &err) < 0)
        fail_msg("%s", err.message);
}

static void test_a_thousand_are_one(void **state)
{
    int64_t first = 0;
    struct hb_incident i;

    for (int n = 0; n < 1000; n++) {
        struct hb_finding f = finding(event(5000 - n));
        int64_t id = take(&f, 0, n == 0);

        first = n == 0 ? id : first;
        assert_int_equal(id, first);
    }
    assert_int_equal(number_of("SELECT count(*) FROM incident"), 1);
    /* Told once. */
    assert_int_equal(number_of("SELECT count(*) FROM timeline"), 1);
    i = get(first);
    assert_int_equal(i.findings, 1000);
    assert_int_equal(i.first_event, 4001);
    assert_int_equal(i.last_event, 5000);
    assert_int_equal(i.state, HB_INC_OPEN);
    assert_int_equal(i.case_number, 2);
    assert_string_equal(i.object, "city");
    assert_string_equal(i.opened_by, "hb-0201");
    assert_true(hb_id_valid(hb_slice_z(i.uid)));
    assert_true(i.opened > 0 && i.known_at >= i.opened - (int64_t)HB_S);
}

static void test_the_same_event_twice(void **state)
{
    struct hb_finding f = finding(event(1));
    int64_t id = take(&f, 0, true);

    for (int n = 0; n < 5; n++)
        assert_int_equal(take(&f, 1, false), id);
    f.severity = HB_SEV_CRITICAL;
    (void)take(&f, 1, false);
    assert_int_equal(get(id).findings, 1);
    assert_int_equal(get(id).severity, HB_SEV_HIGH);
    assert_int_equal(number_of("SELECT count(*) FROM finding"), 1);
    /* Nor after the incident was closed: a late repetition opens nothing. */
    close_it(id);
    assert_int_equal(take(&f, 1, false), id);
    assert_int_equal(number_of("SELECT count(*) FROM incident"), 1);
    /* Something new does. */
    f.event = event(2);
    assert_true(take(&f, 0, true) != id);
}

static void test_other_keys_other_incidents(void **state)
{
    struct hb_event *e = event(1);
    struct hb_finding f = finding(e), g = finding(e);
    int64_t one, two;

    g.key = "case:8/site:city";
    g.case_number = 8;
    one = take(&f, 0, true);
    /* One event may stand for two cases. */
    two = take(&g, 0, true);
    assert_true(one != two);
    assert_int_equal(get(one).findings, 1);
    assert_int_equal(get(two).findings, 1);
    (void)take(&f, 1, false);
    (void)take(&g, 1, false);
    g.severity = HB_SEV_FATAL;
    g.event = event(3);
    (void)take(&g, 0, false);
    assert_int_equal(get(two).severity, HB_SEV_FATAL);
    assert_int_equal(get(one).severity, HB_SEV_HIGH);
}

/* Core takes a batch in one transaction: all of it or nothing. */
static void test_within_a_transaction(void **state)
{
    struct hb_finding f = finding(event(1));

    assert_int_equal(hb_db_begin(st.db), 0);
    (void)take(&f, 0, true);
    f.event = event(2);
    (void)take(&f, 0, false);
    hb_db_rollback(st.db);
    assert_int_equal(number_of("SELECT count(*) FROM incident"), 0);
    assert_int_equal(number_of("SELECT count(*) FROM finding"), 0);
    assert_int_equal(number_of("SELECT count(*) FROM timeline"), 0);
    assert_int_equal(hb_db_begin(st.db), 0);
    (void)take(&f, 0, true);
    assert_int_equal(hb_db_commit(st.db), 0);
    assert_int_equal(number_of("SELECT findings FROM incident"), 1);
}

static void test_by_hand(void **state)
{
    char object[600];
    int64_t one = open_incident("city"), two = open_incident("city"), id;
    struct hb_finding f = finding(event(1));

    assert_int_equal(one, two);
    assert_string_equal(get(one).opened_by, "person:sato");
    assert_int_equal(number_of("SELECT count(*) FROM timeline"), 2);
    /* What the machine finds later belongs to it. */
    assert_int_equal(take(&f, 0, false), one);
    memset(object, 'x', sizeof(object) - 1);
    object[sizeof(object) - 1] = '\0';
    assert_int_equal(hb_incident_open(&st, 2, object, "person:a", "", &id),
                     -ENAMETOOLONG);
    assert_int_equal(hb_incident_find_open(&st, "case:2/site:none", &id),
                     -ENOENT);
    assert_int_equal(hb_incident_get(&st, arena, 99, &(struct hb_incident){0}),
                     -ENOENT);
}

static void test_forward_only(void **state)
{
    int64_t id = open_incident("city");
    struct hb_err err = {0};

    assert_int_equal(
        hb_incident_set_state(&st, id, HB_INC_RECOVERED, "role:core", &err), 0);
    assert_int_equal(
        hb_incident_set_state(&st, id, HB_INC_RECOVERED, "role:core", &err), 0);
    assert_int_equal(
        hb_incident_set_state(&st, id, HB_INC_CONTAINED, "role:core", &err),
        -EINVAL);
    assert_true(err.message[0] != '\0');
    assert_int_equal(get(id).state, HB_INC_RECOVERED);
    assert_int_equal(get(id).closed, 0);
    assert_int_equal(number_of("SELECT count(*) FROM timeline"
                               " WHERE kind = 'incident.state'"),
                     1);
    close_it(id);
    assert_true(get(id).closed > 0);
    err = (struct hb_err){0};
    assert_int_equal(hb_incident_set_state(&st, id, HB_INC_OPEN, "x", &err),
                     -EINVAL);
    assert_int_equal(hb_incident_set_state(&st, 99, HB_INC_CLOSED, "x", NULL),
                     -ENOENT);
    assert_string_equal(hb_incident_state_name(HB_INC_OPEN), "open");
    assert_string_equal(hb_incident_state_name(HB_INC_CLOSED), "closed");
    assert_string_equal(hb_incident_state_name((enum hb_incident_state)77),
                        "?");
}

static void test_what_closing_demands(void **state)
{
    int64_t id = open_incident("city"), other = open_incident("school");
    int64_t person = add_person("sato", "Sato", HB_PR_OFFICER), one, two;
    struct hb_task t = {.incident = id,
                        .step = "a",
                        .title_en = "a",
                        .title_ja = "a",
                        .roles = HB_PR_OFFICER};
    struct hb_err err = {0};

    assert_int_equal(hb_task_add(&st, &t, &one), 0);
    t.step = "b";
    assert_int_equal(hb_task_add(&st, &t, &two), 0);
    assert_int_equal(
        hb_incident_set_state(&st, id, HB_INC_CLOSED, "person:sato", &err),
        -EBUSY);
    assert_non_null(strstr(err.message, "2 tasks"));
    assert_int_equal(hb_task_answer(&st, one, person, true, "did", NULL), 0);
    err = (struct hb_err){0};
    assert_int_equal(
        hb_incident_set_state(&st, id, HB_INC_CLOSED, "person:sato", &err),
        -EBUSY);
    assert_non_null(strstr(err.message, "1 task "));
    assert_int_equal(hb_task_answer(&st, two, person, false, "no", NULL), 0);
    /* The playbook is still on its way. */
    assert_int_equal(
        hb_db_exec(st.db,
                   "INSERT INTO run(id, incident, playbook, hash, state,"
                   " started, finished) VALUES(1, ?1, 'p', 'h', 1, 1, 0)",
                   "i", id),
        0);
    assert_int_equal(
        hb_incident_set_state(&st, id, HB_INC_CLOSED, "person:sato", NULL),
        -EBUSY);
    assert_int_equal(get(id).state, HB_INC_OPEN);
    assert_int_equal(hb_db_exec(st.db, "UPDATE run SET finished = 5", ""), 0);
    close_it(id);
    assert_int_equal(get(id).state, HB_INC_CLOSED);
    /* The other one never had anything to do with it. */
    close_it(other);
}

struct listed {
    int n;
    int64_t ids[8];
    int stop_at;
};

static int list_one(void *arg, const struct hb_incident *i)
{
    struct listed *l = arg;

    l->ids[l->n++ % 8] = i->id;
    return l->n == l->stop_at ? 7 : 0;
}

static void test_listing(void **state)
{
    int64_t a = open_incident("a"), b = open_incident("b");
    int64_t c = open_incident("c");
    struct listed l = {0};

    close_it(b);
    assert_int_equal(hb_incident_each(&st, true, list_one, &l), 0);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.ids[0], c);
    assert_int_equal(l.ids[1], a);
    l = (struct listed){0};
    assert_int_equal(hb_incident_each(&st, false, list_one, &l), 0);
    assert_int_equal(l.n, 3);
    l = (struct listed){.stop_at = 1};
    assert_int_equal(hb_incident_each(&st, false, list_one, &l), 7);
    assert_int_equal(l.n, 1);
}

/* The state is there when the store is opened again. */
static void test_survives(void **state)
{
    struct hb_finding f = finding(event(1));
    int64_t id = take(&f, 0, true);
    struct hb_err err = {0};

    hb_state_close(&st);
    assert_int_equal(hb_state_open(scratch, NULL, &st, &err), 0);
    assert_int_equal(get(id).findings, 1);
    assert_int_equal(take(&f, 1, false), id);
}

/* A store of the version that still had a table which nothing wrote. */
static void test_older_store(void **state)
{
    const struct hb_migration *m;
    struct hb_err err = {0};
    char path[300];
    size_t n;

    (void)open_incident("city");
    hb_state_close(&st);
    (void)snprintf(path, sizeof(path), "%s/state.db", scratch);
    assert_int_equal(unlink(path), 0);
    m = hb_state_migrations(&n);
    assert_true(n >= 5);
    assert_int_equal(hb_db_open(path, m, 4, &st.db, &err), 0);
    assert_int_equal(number_of("SELECT count(*) FROM proof"), 0);
    /* As the program of then did; that of today writes newer tables. */
    assert_int_equal(
        hb_db_exec(st.db,
                   "INSERT INTO incident(uid, case_number, key, object, state,"
                   " severity, opened, known_at, closed, opened_by, findings,"
                   " first_event, last_event) VALUES('u', 2, 'k', 'town', 1,"
                   " 4, 1, 1, 0, 'person:sato', 0, 1, 1)",
                   ""),
        0);
    hb_state_close(&st);
    assert_int_equal(hb_state_open(scratch, NULL, &st, &err), 0);
    assert_int_equal(number_of("SELECT count(*) FROM incident"), 1);
    assert_int_equal(number_of("SELECT count(*) FROM message"), 0);
    assert_int_equal(number_of("SELECT count(*) FROM sqlite_master"
                               " WHERE name = 'proof'"),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STATE(test_a_thousand_are_one),
        WITH_STATE(test_the_same_event_twice),
        WITH_STATE(test_other_keys_other_incidents),
        WITH_STATE(test_within_a_transaction),
        WITH_STATE(test_by_hand),
        WITH_STATE(test_forward_only),
        WITH_STATE(test_what_closing_demands),
        WITH_STATE(test_listing),
        WITH_STATE(test_survives),
        WITH_STATE(test_older_store),
    };
    int r;

    arena = hb_arena_new(0);
    r = hb_tap_run("incident/incident", tests);
    hb_arena_free(arena);
    return r;
}
