/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_prevent.c - a measure against a recurrence is done when its check says
 * so, or not done by a signed decision; the incident closes no earlier.
 */
#include "scratch_state.h"

#include "../casebook/folder.h"
#include "casebook/posture.h"
#include "incident/prevent.h"

#define TWO                                                                    \
    "controls:\n"                                                              \
    "  - id: files.watching\n    check: files.watching\n    max_age: 10m\n"    \
    "    rows: [C02-R1]\n    text: {en: watched, ja: 監視}\n"                \
    "    why: {en: late, ja: 遅れ}\n    fix: {en: start it, ja: 起動}\n"   \
    "  - id: web.diagnosis\n    question: true\n    max_age: 365d\n"           \
    "    rows: [C02-R1]\n    text: {en: looked at, ja: 診断}\n"              \
    "    why: {en: holes, ja: 穴}\n    fix: {en: have it, ja: 依頼}\n"

static struct folder folder;
static struct hb_casebook *book;
static struct hb_key *key;
static struct hb_person sato;
static int64_t incident, shifted;

static void later(int64_t s)
{
    hb_clock_shift(s * (int64_t)HB_S);
    shifted += s;
}

static int begin(void **state)
{
    struct hb_pub *pub;

    if (state_make(state) < 0)
        return -1;
    folder_open(&folder);
    folder_put(&folder, "02-thing/controls.yaml", TWO);
    book = folder_load(&folder);
    st.casebook = book;
    sato = (struct hb_person){.name = "sato",
                              .full_name = "Sato",
                              .mail = "",
                              .phone = "",
                              .uid = -1,
                              .roles = HB_PR_OFFICER,
                              .active = true};
    assert_int_equal(hb_key_pub(key, &pub), 0);
    assert_int_equal(hb_pub_raw(pub, sato.pub), 0);
    hb_pub_free(pub);
    assert_int_equal(hb_person_put(&st, &sato), 0);
    sato.id = number_of("SELECT id FROM person");
    incident = open_incident("www");
    return 0;
}

static int end(void **state)
{
    later(-shifted);
    hb_casebook_free(book);
    folder_close(&folder);
    return state_drop(state);
}

static int64_t measure(const char *control, int64_t due)
{
    char step[80];
    struct hb_task t = {.incident = incident,
                        .step = step,
                        .title_en = "Mend it",
                        .title_ja = "直す",
                        .roles = HB_PR_OFFICER,
                        .due = due};
    int64_t id = 0;

    (void)snprintf(step, sizeof(step), HB_PREVENT_STEP "%s", control);
    assert_int_equal(hb_task_add(&st, &t, &id), 0);
    return id;
}

static void checked(const char *control, enum hb_control_status status)
{
    assert_int_equal(
        hb_db_exec(st.db,
                   "INSERT INTO control_result(control, status, reason,"
                   " evidence, checked, until) VALUES(?1, ?2, '', '', ?3, 0)"
                   " ON CONFLICT(control) DO UPDATE SET status = ?2,"
                   " checked = ?3",
                   "tii", control, (int64_t)status, hb_now()),
        0);
}

static void decide(const char *subject, const char *verdict)
{
    _cleanup_buf_ struct hb_buf msg = HB_BUF_INIT;
    uint8_t sig[HB_SIG_SIZE];
    struct hb_decision_row row = {
        .subject = subject,
        .verdict = verdict,
        .reason = "the provider has one",
        .person = "sato",
        .time = hb_now(),
        .until = hb_now() + (int64_t)(3600 * HB_S),
        .sig = {(const char *)sig, sizeof(sig)},
    };
    int64_t id;

    assert_int_equal(hb_decision_message(&msg, &row), 0);
    assert_int_equal(hb_sign(key, "decision", hb_buf_slice(&msg), sig), 0);
    assert_int_equal(hb_decision_add(&st, &sato, &row, 0, &id), 0);
}

/* The answer's result; its text must hold WORDS where it is refused. */
static int answer(int64_t id, bool done, const char *words)
{
    struct hb_err err = {0};
    int r = hb_task_answer(&st, id, sato.id, done, "so it is", &err);

    if (r < 0 && strstr(err.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    return r;
}

static int close_it(const char *words)
{
    struct hb_err err = {0};
    int r = hb_incident_set_state(&st, incident, HB_INC_CLOSED, "person:sato",
                                  &err);

    if (r < 0 && strstr(err.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    return r;
}

static void test_done(void **state)
{
    const int64_t month = hb_now() + 30 * 86400 * (int64_t)HB_S;
    int64_t id;

    checked("files.watching", HB_CS_PASS); /* before there was a task */
    later(1);
    id = measure("files.watching", month);
    /* Nobody's. */
    assert_int_equal(answer(id, true, "owner"), -ENODATA);
    assert_int_equal(hb_task_assign(&st, id, sato.id, 0), 0);
    /* Words alone, and a check of before. */
    assert_int_equal(answer(id, true, "has not passed"), -ENODATA);
    later(1);
    checked("files.watching", HB_CS_FAIL);
    assert_int_equal(answer(id, true, "has not passed"), -ENODATA);
    checked("files.watching", HB_CS_PASS);
    later(3600); /* older than it may be */
    assert_int_equal(answer(id, true, "has not passed"), -ENODATA);
    /* A decision not to do it does not make it done. */
    decide("control:files.watching", "accepted");
    assert_int_equal(answer(id, true, "has not passed"), -ENODATA);
    assert_int_equal(number_of("SELECT count(*) FROM task WHERE state = 1"), 1);
    checked("files.watching", HB_CS_PASS);
    assert_int_equal(answer(id, true, ""), 0);
}

static void test_no_due_date(void **state)
{
    int64_t id = measure("files.watching", 0);

    assert_int_equal(hb_task_assign(&st, id, sato.id, 0), 0);
    checked("files.watching", HB_CS_PASS);
    assert_int_equal(answer(id, true, "due date"), -ENODATA);
    assert_int_equal(hb_task_assign(&st, id, sato.id, hb_now() + 1), 0);
    assert_int_equal(answer(id, true, ""), 0);
}

/* What no machine can know is proven by a person's signature. */
static void test_question(void **state)
{
    int64_t id = measure("web.diagnosis", hb_now() + 1);

    assert_int_equal(hb_task_assign(&st, id, sato.id, 0), 0);
    assert_int_equal(answer(id, true, "signed"), -ENODATA);
    checked("web.diagnosis", HB_CS_PASS); /* nobody answers for a person */
    decide("control:web.diagnosis", "fail");
    assert_int_equal(answer(id, true, "signed"), -ENODATA);
    later(1);
    decide("control:web.diagnosis", "pass");
    assert_int_equal(answer(id, true, ""), 0);
}

static void test_declined(void **state)
{
    int64_t id = measure("files.watching", hb_now() + 1);

    assert_int_equal(answer(id, false, "signed decision"), -ENODATA);
    decide("control:files.watching", "accepted");
    assert_int_equal(
        hb_db_exec(st.db, "UPDATE decision SET reason = 'edited'", ""), 0);
    assert_int_equal(answer(id, false, "signed decision"), -ENODATA);
    decide("control:files.watching", "against");
    later(7200); /* its review is overdue */
    assert_int_equal(answer(id, false, "signed decision"), -ENODATA);
    decide("control:files.watching", "against");
    assert_int_equal(answer(id, false, ""), 0);
    assert_int_equal(close_it(""), 0);
}

static void test_closing(void **state)
{
    int64_t id = measure("files.watching", hb_now() + 1);

    assert_int_equal(close_it("waits"), -EBUSY);
    assert_int_equal(hb_task_assign(&st, id, sato.id, 0), 0);
    checked("files.watching", HB_CS_PASS);
    assert_int_equal(answer(id, true, ""), 0);
    /* Taken away again before the end. */
    checked("files.watching", HB_CS_FAIL);
    assert_int_equal(close_it("has not passed"), -EBUSY);
    checked("files.watching", HB_CS_PASS);
    assert_int_equal(close_it(""), 0);
}

/* A row that says done, and nobody proved it. */
static void test_closing_edited(void **state)
{
    int64_t id = measure("files.watching", hb_now() + 1);

    assert_int_equal(hb_db_exec(st.db,
                                "UPDATE task SET state = 2, done_by = 1"
                                " WHERE id = ?1",
                                "i", id),
                     0);
    assert_int_equal(close_it("has not passed"), -EBUSY);
    assert_int_equal(
        hb_db_exec(st.db, "UPDATE task SET state = 3 WHERE id = ?1", "i", id),
        0);
    assert_int_equal(close_it("signed decision"), -EBUSY);
    assert_int_equal(hb_db_exec(st.db,
                                "UPDATE task SET state = 4, done_by = 0"
                                " WHERE id = ?1",
                                "i", id),
                     0);
    assert_int_equal(close_it("owner"), -EBUSY);
}

static void test_gone_from_the_book(void **state)
{
    int64_t id = measure("no.such", hb_now() + 1);

    assert_int_equal(hb_task_assign(&st, id, sato.id, 0), 0);
    assert_int_equal(answer(id, true, "no.such"), -ENODATA);
    assert_int_equal(answer(id, false, ""), 0);
    assert_int_equal(close_it(""), 0);
}

/* It has its time, and stays whose it is. */
static void test_not_passed_on(void **state)
{
    const int64_t minute = 60 * (int64_t)HB_S;
    int64_t id = measure("files.watching", hb_now() + 3600 * (int64_t)HB_S);
    char sql[80];

    assert_int_equal(hb_task_assign(&st, id, sato.id, 0), 0);
    assert_int_equal(hb_task_escalate(&st, hb_now() + 30 * minute, minute), 0);
    assert_int_equal(hb_task_escalate(&st, hb_now() + 61 * minute, minute), 1);
    (void)snprintf(sql, sizeof(sql), "SELECT owner FROM task WHERE id = %lld",
                   (long long)id);
    assert_int_equal(number_of(sql), sato.id);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_done),
        MADE(test_no_due_date),
        MADE(test_question),
        MADE(test_declined),
        MADE(test_closing),
        MADE(test_closing_edited),
        MADE(test_gone_from_the_book),
        MADE(test_not_passed_on),
    };
    int r;

    if (hb_key_generate(&key) < 0)
        return 1;
    r = hb_tap_run("incident/prevent", tests);
    hb_key_free(key);
    return r;
}
