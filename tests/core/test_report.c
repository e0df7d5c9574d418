/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_report.c - reports that people and mails hand in: who may add, see and
 * decide, by real accounts of the kernel; what an incident gets of one.
 */
#include "core/ask.h"

#include "base/clock.h"
#include "base/json.h"
#include "incident/fact.h"
#include "incident/hidden.h"
#include "incident/report.h"

#define AUDIT_UID 61902
#define OTHER_UID 61903

/* "A mail told of another account, and we paid." */
#define PAID "取引先から口座変更のメールがあり送金してしまいました"

static void said(uid_t uid, const char *cmd, const char *args, const char *want)
{
    const char *z = ask(uid, cmd, args, NULL);

    if (!has(z, want))
        fail_msg("%s %s: %s", cmd, args, z);
}

static void setup(void)
{
    if (getuid() != 0)
        skip();
    box_person("mori", HB_PR_AUDIT, AUDIT_UID);
    box_person("kato", HB_PR_STAFF, OTHER_UID);
}

static void test_staff(void **state)
{
    (void)state;
    setup();
    said(STAFF_UID, "report.add", "{\"text\":\"" PAID "\"}", "\"id\":1");
    said(OTHER_UID, "report.add", "{\"text\":\"ask\",\"from\":\"Ito\"}",
         "\"id\":2");
    said(NOBODY_UID, "report.add", "{\"text\":\"x\"}", "may not");
    said(0, "report.add", "{\"text\":\"x\"}", "root is nobody");
    said(STAFF_UID, "report.add", "{\"text\":\"\"}", "Say in words");
    said(STAFF_UID, "report.add", "{\"text\":\"x\",\"source\":\"mail\"}",
         "by hand, form or outside");
    said(STAFF_UID, "report.add",
         "{\"text\":\"x\",\"known_at_ns\":4102444800000000000}", "to come");
    /* Each their own; who decides, all. */
    said(STAFF_UID, "report.show", "{\"id\":1}", "\"ok\":true");
    said(STAFF_UID, "report.show", "{\"id\":2}", "There is no report 2");
    said(OTHER_UID, "report.show", "{\"id\":1}", "There is no report 1");
    assert_false(has(ask(STAFF_UID, "report.list", "{}", NULL), "\"id\":2"));
    assert_true(has(ask(OFFICER_UID, "report.list", "{}", NULL), "\"id\":2"));
    said(OFFICER_UID, "report.show", "{\"id\":2}", "Ito");
    said(0, "report.list", "{}", "root is nobody");
    /* Who decides. */
    said(STAFF_UID, "report.close", "{\"id\":1,\"words\":\"x\"}", "may not");
    said(STAFF_UID, "report.open", "{\"id\":1,\"case\":1,\"object\":\"-\"}",
         "may not");
    said(OFFICER_UID, "report.close", "{\"id\":2}", "Say why");
    said(OFFICER_UID, "report.close", "{\"id\":2,\"words\":\"a question\"}",
         "is closed");
    said(OFFICER_UID, "report.close", "{\"id\":2,\"words\":\"again\"}",
         "waits no more");
    said(OTHER_UID, "report.show", "{\"id\":2}", "a question");
    said(OFFICER_UID, "task.list", "{}", "1 report waits");
    assert_false(has(ask(STAFF_UID, "task.list", "{}", NULL), "report wait"));
}

/* Below its confidence it asks, and nothing ever opens by itself. */
static void test_proposal(void **state)
{
    (void)state;
    setup();
    said(STAFF_UID, "report.add", "{\"text\":\"" PAID "\"}", "\"id\":1");
    said(STAFF_UID, "report.add", "{\"text\":\"mail, USB\"}", "\"id\":2");
    said(OFFICER_UID, "report.show", "{\"id\":1}", "\"proposed\"");
    said(OFFICER_UID, "report.show", "{\"id\":1}", "Proposed: case");
    said(OFFICER_UID, "report.show", "{\"id\":2}", "\"verdict\":\"ask\"");
    assert_int_equal(box_number("SELECT count(*) FROM incident"), 0);
}

static void test_open(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t earlier = hb_now() - (int64_t)(3600 * HB_S);
    struct hb_incident i;
    struct hb_known k;
    char args[256];

    (void)state;
    setup();
    (void)snprintf(args, sizeof(args),
                   "{\"text\":\"it looks odd\",\"known_at_ns\":%lld}",
                   (long long)earlier);
    said(STAFF_UID, "report.add", args, "\"id\":1");
    said(OFFICER_UID, "report.open", "{\"id\":1,\"case\":99,\"object\":\"x\"}",
         "no case 99");
    said(OFFICER_UID, "report.open", "{\"id\":1,\"case\":2}", "Name what");
    said(OFFICER_UID, "report.open", "{\"id\":1,\"case\":2,\"object\":\"www\"}",
         "Incident 1 is open");
    said(OFFICER_UID, "report.open", "{\"id\":1,\"case\":2,\"object\":\"www\"}",
         "waits no more");
    assert_int_equal(hb_incident_get(&core.state, a, 1, &i), 0);
    assert_int_equal(i.known_at, earlier);
    assert_int_equal(i.case_number, 2);
    assert_int_equal(hb_known_get(&core.state, a, 1, "reporter", &k), 1);
    assert_string_equal(k.value, "abe");
    assert_int_equal(k.known_at, earlier);
    assert_int_equal(hb_known_get(&core.state, a, 1, "noticed_at", &k), 1);
    assert_string_equal(k.source, "report:1");
    assert_int_equal(box_number("SELECT count(*) FROM run"), 1);
    assert_true(
        has(ask(OFFICER_UID, "evidence.list", "{}", NULL), "report-1.txt"));
    /* A second one joins, and was known earlier still. */
    (void)snprintf(args, sizeof(args),
                   "{\"text\":\"me too\",\"known_at_ns\":%lld}",
                   (long long)earlier - 1000000000);
    said(OTHER_UID, "report.add", args, "\"id\":2");
    said(OFFICER_UID, "report.join", "{\"id\":2,\"incident\":7}",
         "no incident 7");
    said(OFFICER_UID, "report.join", "{\"id\":2,\"incident\":1}",
         "belongs to incident 1");
    assert_int_equal(hb_incident_get(&core.state, a, 1, &i), 0);
    assert_int_equal(i.known_at, earlier - 1000000000);
    said(OTHER_UID, "report.show", "{\"id\":2}", "Incident 1");
}

static void test_mail(void **state)
{
    static const char mail[] =
        "{\"uid\":\"0123456789abcdef0123\",\"from\":\"abe@city.example\","
        "\"text\":\"a mail\",\"note\":\"html attachments:2\","
        "\"original\":\"RnJvbTogYQ==\"}";

    (void)state;
    setup();
    said(NOBODY_UID, "report.mail", mail, "\"new\":true");
    said(NOBODY_UID, "report.mail", mail, "\"new\":false");
    assert_int_equal(box_number("SELECT count(*) FROM report"), 1);
    said(NOBODY_UID, "report.mail", "{\"uid\":\"short\",\"text\":\"x\"}",
         "no report");
    said(NOBODY_UID, "report.mail",
         "{\"uid\":\"0123456789abcdef0124\",\"text\":\"x\",\"original\":\"*\"}",
         "no report");
    /* It adds and looks at nothing. */
    said(NOBODY_UID, "report.show", "{\"id\":1}", "may not");
    said(NOBODY_UID, "report.list", "{}", "may not");
    said(OFFICER_UID, "report.show", "{\"id\":1}", "uid:61999");
    said(OFFICER_UID, "report.show", "{\"id\":1}", "2 attachments");
    said(STAFF_UID, "report.show", "{\"id\":1}", "There is no report");
    /* Opened, its playbook asks people at once, and the answer says what. */
    said(OFFICER_UID, "report.open", "{\"id\":1,\"case\":10,\"object\":\"-\"}",
         "First of all");
    said(OFFICER_UID, "task.list", "{}", "\"incident\":1");
    assert_true(
        has(ask(OFFICER_UID, "evidence.list", "{}", NULL), "report-1.eml"));
}

/* Nobody's accounts can fill a table, not the disk. */
static void test_flood(void **state)
{
    struct hb_report r = {.uid = "x",
                          .source = HB_REPORT_MAIL,
                          .actor = "uid:1",
                          .reporter = "",
                          .text = "x",
                          .note = ""};
    char uid[32];

    (void)state;
    setup();
    assert_int_equal(hb_db_begin(core.state.db), 0);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(uid, sizeof(uid), "mail:%d", i);
        r.uid = uid;
        r.known_at = 0;
        assert_int_equal(hb_report_add(&core.state, &r), 0);
    }
    assert_int_equal(hb_db_commit(core.state.db), 0);
    said(NOBODY_UID, "report.mail",
         "{\"uid\":\"0123456789abcdef0123\",\"text\":\"x\"}", "\"code\":-11");
    said(STAFF_UID, "report.add", "{\"text\":\"still heard\"}", "\"ok\":true");
}

static void test_hidden(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_person sato, abe, mori;
    const char *z;

    (void)state;
    setup();
    assert_int_equal(hb_person_by_name(&core.state, a, "sato", &sato), 0);
    assert_int_equal(hb_person_by_name(&core.state, a, "abe", &abe), 0);
    assert_int_equal(hb_person_by_name(&core.state, a, "mori", &mori), 0);
    said(STAFF_UID, "report.add", "{\"text\":\"sato did it\"}", "\"id\":1");
    said(OFFICER_UID, "report.open", "{\"id\":1,\"case\":3,\"object\":\"x\"}",
         "Incident 1");
    assert_int_equal(hb_hidden_add(&core.state, 1, sato.id, &mori), 0);
    said(OFFICER_UID, "report.show", "{\"id\":1}", "There is no report 1");
    z = ask(OFFICER_UID, "report.list", "{\"all\":true}", NULL);
    assert_false(has(z, "\"id\":1"));
    said(AUDIT_UID, "report.show", "{\"id\":1}", "Incident 1");
    /* Who may read it leaves a trace. */
    said(AUDIT_UID, "incident.seen", "{\"id\":1}", "report.show");
    /* Joining or opening does not tell of it either. */
    said(STAFF_UID, "report.add", "{\"text\":\"again\"}", "\"id\":2");
    said(OFFICER_UID, "report.join", "{\"id\":2,\"incident\":1}",
         "There is no incident 1");
    said(OFFICER_UID, "report.open", "{\"id\":2,\"case\":3,\"object\":\"x\"}",
         "Incident 2 is open");
    /* The own report of whom it is hidden from looks closed. */
    assert_int_equal(hb_hidden_add(&core.state, 2, abe.id, &mori), 0);
    z = ask(STAFF_UID, "report.show", "{\"id\":2}", NULL);
    assert_true(has(z, "\"closed\"") && has(z, "\"incident\":0"));
    assert_false(has(z, "Incident 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {BOXED(test_staff), BOXED(test_proposal),
                                       BOXED(test_open),  BOXED(test_mail),
                                       BOXED(test_flood), BOXED(test_hidden)};

    return hb_tap_run("core/report", tests);
}
