/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_message.c - who is told what: people on duty and nobody else, nobody
 * whom it is kept from, each thing once; what is held, tried again, given up;
 * and that a notice says nothing of what happened.
 */
#include "scratch_state.h"

#include "incident/clock.h"
#include "incident/fact.h"
#include "incident/hidden.h"
#include "incident/message.h"

#define MINUTE ((int64_t)(60 * HB_S))
#define HOUR   (60 * MINUTE)

static struct hb_casebook *book;
static int64_t officer, deputy, boss, clerk, other;
static int64_t incident;

static int64_t person(const char *name, unsigned roles)
{
    char mail[64];
    const struct hb_person p = {
        .name = name, .mail = mail, .uid = -1, .roles = roles};
    int64_t id = 0;

    (void)snprintf(mail, sizeof(mail), "%s@example.jp", name);
    assert_int_equal(put_person(&st, &p, &id), 0);
    return id;
}

static int make(void **state)
{
    struct hb_err err = {0};
    char path[512];

    if (state_make(state) < 0)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/casebook", getenv("HB_SOURCE_ROOT"));
    if (hb_casebook_load(path, &book, &err) < 0)
        return -1;
    st.casebook = book;
    officer = person("officer", HB_PR_OFFICER);
    deputy = person("deputy", HB_PR_ADMIN);
    boss = person("boss", HB_PR_MANAGER);
    clerk = person("clerk", HB_PR_STAFF);
    other = person("other", HB_PR_STAFF);
    if (hb_deputy_set(&st, HB_PR_OFFICER, deputy, 1) < 0)
        return -1;
    incident = open_incident("city");
    return 0;
}

static int drop(void **state)
{
    hb_casebook_free(book);
    return state_drop(state);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, drop)

static int64_t told(int64_t who, const char *kind)
{
    int64_t n = 0;

    assert_int_equal(hb_db_number(st.db, &n,
                                  "SELECT count(*) FROM message"
                                  " WHERE person = ?1 AND kind = ?2",
                                  "it", who, kind),
                     1);
    return n;
}

static int64_t messages(void)
{
    return number_of("SELECT count(*) FROM message");
}

static int64_t moments(const char *kind)
{
    int64_t n = 0;

    assert_int_equal(hb_db_number(st.db, &n,
                                  "SELECT count(*) FROM timeline"
                                  " WHERE kind = ?1",
                                  "t", kind),
                     1);
    return n;
}

static int64_t task(unsigned roles, unsigned pass_to)
{
    const struct hb_task t = {.incident = incident,
                              .step = "",
                              .title_en = "Ask about SECRET",
                              .title_ja = "SECRET を尋ねる",
                              .roles = roles,
                              .pass_to = pass_to};
    int64_t id = 0;

    assert_int_equal(hb_task_add(&st, &t, &id), 0);
    return id;
}

static int due(struct hb_arena *a, struct hb_message *m)
{
    return hb_message_due(&st, a, hb_now(), m);
}

static const struct hb_person *by(const char *name)
{
    static struct hb_person p;

    p = (struct hb_person){.name = name, .full_name = name};
    return &p;
}

static void know_out_of_band(const char *value)
{
    const struct hb_known k = {.name = "out_of_band",
                               .value = value,
                               .source = "test",
                               .actor = "person:sato"};
    struct hb_err err = {0};

    assert_int_equal(hb_known_add(&st, incident, &k, &err), 0);
}

/* ---- who ---- */

static void test_opened(void **state)
{
    (void)state;
    assert_int_equal(told(officer, "opened"), 1);
    assert_int_equal(messages(), 1);
    /* What joins the open incident is no second thing. */
    (void)open_incident("city");
    assert_int_equal(messages(), 1);
    (void)open_incident("school");
    assert_int_equal(told(officer, "opened"), 2);
}

static void test_task(void **state)
{
    (void)state;
    (void)task(HB_PR_STAFF | HB_PR_MANAGER, 0);
    assert_int_equal(told(clerk, "task"), 1);
    assert_int_equal(told(boss, "task"), 1);
    /* Not everybody who holds the role. */
    assert_int_equal(told(other, "task"), 0);
    assert_int_equal(told(officer, "task"), 0);
    /* One who holds both roles gets one. */
    assert_int_equal(hb_person_set_active(&st, clerk, false), 0);
    assert_int_equal(hb_person_set_active(&st, other, false), 0);
    assert_int_equal(hb_person_set_active(&st, boss, false), 0);
    (void)task(HB_PR_STAFF | HB_PR_MANAGER, 0);
    assert_int_equal(told(officer, "task"), 1);
    assert_int_equal(told(clerk, "task"), 1);
}

static void test_assigned(void **state)
{
    int64_t id = task(HB_PR_MANAGER, 0);

    (void)state;
    assert_int_equal(hb_task_assign(&st, id, other, 0), 0);
    assert_int_equal(told(other, "task"), 1);
    assert_int_equal(hb_task_assign(&st, id, other, 0), 0);
    assert_int_equal(told(other, "task"), 1);
}

static void test_hidden(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_message m = {0};

    (void)state;
    /* The message of before is not sent any more, and nobody is told why. */
    assert_int_equal(hb_hidden_add(&st, incident, officer, by("boss")), 0);
    assert_int_equal(due(a, &m), 0);
    assert_int_equal(number_of("SELECT state FROM message"), HB_MSG_HELD);
    assert_int_equal(moments("message.held"), 0);
    /* A new task goes to who is on duty besides. */
    (void)task(HB_PR_OFFICER, 0);
    assert_int_equal(told(officer, "task"), 0);
    assert_int_equal(told(deputy, "task"), 1);
    assert_int_equal(due(a, &m), 1);
    assert_string_equal(m.name, "deputy");
}

static void test_hidden_passing_on(void **state)
{
    int64_t start = hb_now();

    (void)state;
    (void)task(HB_PR_OFFICER, 0);
    assert_int_equal(hb_hidden_add(&st, incident, deputy, by("boss")), 0);
    for (int k = 1; k < 4; k++)
        assert_int_equal(
            hb_task_escalate(&st, start + k * 2 * HOUR, 15 * MINUTE), 1);
    assert_int_equal(told(deputy, "escalated"), 0);
    assert_int_equal(told(officer, "escalated"), 3);
}

/* ---- nobody answers ---- */

static void test_nobody_answers(void **state)
{
    int64_t start = hb_now(), id = task(HB_PR_OFFICER, 0);

    (void)state;
    assert_int_equal(hb_task_escalate(&st, start + 10 * MINUTE, 15 * MINUTE),
                     0);
    assert_int_equal(told(deputy, "escalated"), 0);
    assert_int_equal(hb_task_escalate(&st, start + 16 * MINUTE, 15 * MINUTE),
                     1);
    assert_int_equal(told(deputy, "escalated"), 1);
    assert_int_equal(told(officer, "escalated"), 0);
    assert_int_equal(hb_task_escalate(&st, start + 2 * HOUR, 15 * MINUTE), 1);
    assert_int_equal(told(officer, "escalated"), 1);
    assert_int_equal(moments("task.escalated"), 2);
    /* Nobody is reminded of one task more than once an hour. */
    for (int k = 0; k < 100; k++)
        assert_int_equal(
            hb_task_escalate(&st, start + 3 * HOUR + k * MINUTE, MINUTE), 1);
    assert_true(told(deputy, "escalated") <= 5);
    assert_true(told(officer, "escalated") <= 5);
    assert_int_equal(hb_task_answer(&st, id, officer, true, "done", NULL), 0);
    assert_int_equal(hb_task_escalate(&st, start + 9 * HOUR, MINUTE), 0);
}

static void test_pass_to(void **state)
{
    (void)state;
    (void)task(HB_PR_OFFICER, HB_PR_MANAGER);
    assert_int_equal(hb_task_escalate(&st, hb_now() + HOUR, MINUTE), 1);
    assert_int_equal(told(boss, "escalated"), 1);
}

static void test_deadline(void **state)
{
    static const struct hb_contract k[] = {
        {"city", {{"City", "市"}}, 10 * 3600 * HB_S, true}};
    const struct hb_clock_rules rules = {.contracts = k, .contracts_n = 1};

    (void)state;
    assert_true(hb_clock_review(&st, &rules, incident) >= 0);
    assert_int_equal(hb_clock_tick(&st, NULL, NULL), 0);
    assert_int_equal(told(officer, "deadline"), 0);
    hb_clock_shift(6 * HOUR);
    assert_int_equal(hb_clock_tick(&st, NULL, NULL), 0);
    assert_int_equal(hb_clock_tick(&st, NULL, NULL), 0);
    assert_int_equal(told(officer, "deadline"), 1);
    assert_int_equal(told(boss, "deadline"), 0);
    hb_clock_shift(6 * HOUR);
    assert_int_equal(hb_clock_tick(&st, NULL, NULL), 0);
    assert_int_equal(told(officer, "overdue"), 1);
    assert_int_equal(told(boss, "overdue"), 1);
    hb_clock_shift(-12 * HOUR);
}

/* ---- sending ---- */

static void test_out_of_band(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_message m = {0};

    (void)state;
    know_out_of_band("false");
    assert_int_equal(due(a, &m), 1);
    know_out_of_band("true");
    (void)task(HB_PR_OFFICER | HB_PR_STAFF, 0);
    assert_int_equal(due(a, &m), 0);
    assert_int_equal(number_of("SELECT count(*) FROM message WHERE state = 4"),
                     3);
    assert_int_equal(moments("message.held"), 1);
    /* Another incident is not concerned; a test neither. */
    (void)open_incident("school");
    assert_int_equal(due(a, &m), 1);
    assert_int_equal(m.kind, HB_MSG_OPENED);
}

static int add_name(void *arg, int64_t of, const struct hb_person *p)
{
    hb_buf_addf(arg, "%lld %s;", (long long)of, p->name);
    return 0;
}

/* NAME "": nobody. */
static void calls(const char *name)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char all[64];

    all[0] = '\0';
    if (name[0] != '\0')
        (void)snprintf(all, sizeof(all), "%lld %s;", (long long)incident, name);
    assert_int_equal(hb_message_to_call(&st, add_name, &b), 0);
    assert_string_equal(hb_buf_z(&b), all);
}

static void test_to_call(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_message m = {0};

    (void)state;
    calls("");
    know_out_of_band("true");
    assert_int_equal(due(a, &m), 0);
    calls("officer");
    assert_int_equal(hb_hidden_add(&st, incident, officer, by("boss")), 0);
    calls("");
}

static void test_retries(void **state)
{
    static const int64_t waits[] = {MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR};
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t now = hb_now();
    struct hb_message m = {0};

    (void)state;
    for (size_t k = 0; k < HB_ARRAY_LEN(waits); k++) {
        assert_int_equal(hb_message_due(&st, a, now, &m), 1);
        assert_int_equal(hb_message_refused(&st, m.id, now, "451 later"), 0);
        assert_int_equal(hb_message_due(&st, a, now + waits[k] - 1, &m), 0);
        now += waits[k];
    }
    assert_int_equal(moments("message.failed"), 0);
    assert_int_equal(hb_message_due(&st, a, now, &m), 1);
    assert_int_equal(hb_message_refused(&st, m.id, now, "550 no"), 1);
    assert_int_equal(hb_message_due(&st, a, now + 90 * HOUR, &m), 0);
    assert_int_equal(moments("message.failed"), 1);
    calls("officer");
}

static void test_sent(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_message m = {0};

    (void)state;
    assert_int_equal(due(a, &m), 1);
    assert_int_equal(hb_message_handed(&st, m.id, "subject"), 0);
    assert_int_equal(hb_message_sent(&st, m.id, hb_now(), "250 kept"), 0);
    assert_int_equal(due(a, &m), 0);
    assert_int_equal(number_of("SELECT count(*) FROM message WHERE state = 2"
                               " AND detail = '250 kept'"
                               " AND subject = 'subject'"),
                     1);
}

static void test_not_needed(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t id = task(HB_PR_MANAGER, 0);
    struct hb_message m = {0};

    (void)state;
    assert_int_equal(due(a, &m), 1);
    assert_int_equal(hb_message_sent(&st, m.id, hb_now(), "250"), 0);
    assert_int_equal(hb_task_answer(&st, id, boss, true, "done", NULL), 0);
    assert_int_equal(due(a, &m), 0);
    assert_int_equal(number_of("SELECT count(*) FROM message WHERE state = 4"),
                     1);
}

/* A clock that was wrong when a try failed does not keep it for years. */
static void test_clock_set_back(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_message m = {0};
    int64_t ahead = hb_now() + 9000 * HOUR;

    (void)state;
    assert_int_equal(hb_message_due(&st, a, ahead, &m), 1);
    assert_int_equal(hb_message_refused(&st, m.id, ahead, "451"), 0);
    assert_int_equal(due(a, &m), 1);
}

static void test_no_address(void **state)
{
    int64_t quiet = add_person("quiet", "Q", HB_PR_ACCOUNTING);

    (void)state;
    (void)task(HB_PR_ACCOUNTING, 0);
    assert_int_equal(told(quiet, "task"), 1);
    calls("quiet");
    assert_int_equal(hb_message_test(&st, quiet), -EDESTADDRREQ);
    assert_true(hb_message_test(&st, boss) > 0);
    assert_int_equal(told(boss, "test"), 1);
}

/* ---- webhook ---- */

static int64_t hooks(void)
{
    return number_of("SELECT count(*) FROM message WHERE channel = 'webhook'");
}

/* All that is to be sent now. */
static void only_mail(struct hb_arena *a)
{
    struct hb_message m = {0};

    while (due(a, &m) == 1) {
        assert_string_equal(m.channel, "mail");
        assert_int_equal(hb_message_sent(&st, m.id, hb_now(), ""), 0);
    }
}

static void test_webhook(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_message m = {0};

    (void)state;
    assert_int_equal(hooks(), 0);
    st.webhook = true;
    (void)task(HB_PR_STAFF | HB_PR_MANAGER, 0);
    assert_int_equal(hooks(), 1);
    while (due(a, &m) == 1 && m.person != 0)
        assert_int_equal(hb_message_sent(&st, m.id, hb_now(), ""), 0);
    assert_string_equal(m.channel, "webhook");
    /* Who reads there nobody knows. */
    assert_int_equal(hb_hidden_add(&st, incident, clerk, by("boss")), 0);
    only_mail(a);
    (void)task(HB_PR_MANAGER, 0);
    assert_int_equal(hooks(), 1);
    /* A webhook that was taken out of the settings gets nothing any more. */
    (void)open_incident("school");
    assert_int_equal(hooks(), 2);
    st.webhook = false;
    only_mail(a);
}

static void test_json(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    const struct hb_message m = {
        .incident = 3, .kind = HB_MSG_OVERDUE, .clock = 1, .name = ""};
    const struct hb_message_words w = {.lang = HB_LANG_EN,
                                       .organisation = "Town",
                                       .zone_name = "JST",
                                       .zone_minutes = 540,
                                       .until = 1796074754 * (int64_t)HB_S};

    (void)state;
    hb_message_json(&b, &m, &w);
    assert_string_equal(hb_buf_z(&b),
                        "{\"incident\":3,\"kind\":\"overdue\","
                        "\"title\":\"[Hinoban] Incident 3: a deadline has "
                        "passed\",\"due\":\"2026-11-30T21:39:14.000Z\"}");
}

/* ---- what it says ---- */

static void test_words(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_message_words en = {.lang = HB_LANG_EN,
                                        .organisation = "Town",
                                        .zone_name = "JST",
                                        .zone_minutes = 540};
    struct hb_message_words ja = en;
    struct hb_message m = {0};

    (void)state;
    (void)task(HB_PR_MANAGER, 0);
    assert_int_equal(due(a, &m), 1);
    assert_int_equal(hb_message_sent(&st, m.id, hb_now(), ""), 0);
    assert_int_equal(due(a, &m), 1);
    assert_int_equal(m.kind, HB_MSG_TASK);
    hb_message_subject(&b, &m, &en);
    assert_string_equal(hb_buf_z(&b),
                        "[Hinoban] Incident 1: a task waits for you");
    hb_message_body(&b, &m, &en);
    assert_non_null(strstr(hb_buf_z(&b), "hinoban task show 1\n"));
    /* Nothing of the incident, nobody's name, no link. */
    assert_null(strstr(hb_buf_z(&b), "SECRET"));
    assert_null(strstr(hb_buf_z(&b), "city"));
    assert_null(strstr(hb_buf_z(&b), "boss"));
    assert_null(strstr(hb_buf_z(&b), "://"));
    if (!catalogue_open())
        return;
    ja.lang = HB_LANG_JA;
    hb_buf_reset(&b);
    hb_message_subject(&b, &m, &ja);
    assert_non_null(strstr(hb_buf_z(&b), "インシデント 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_opened),
        MADE(test_task),
        MADE(test_assigned),
        MADE(test_hidden),
        MADE(test_hidden_passing_on),
        MADE(test_nobody_answers),
        MADE(test_pass_to),
        MADE(test_deadline),
        MADE(test_out_of_band),
        MADE(test_to_call),
        MADE(test_retries),
        MADE(test_sent),
        MADE(test_not_needed),
        MADE(test_clock_set_back),
        MADE(test_no_address),
        MADE(test_webhook),
        MADE(test_json),
        MADE(test_words),
    };

    return hb_tap_run("incident/message", tests);
}
