/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_circle.c - an incident that is kept from the officer: by real accounts
 * of the kernel, through every request that names an incident; and a file of a
 * person that becomes evidence.
 */
#include "core/ask.h"

#include "base/json.h"
#include "incident/hidden.h"

#define AUDIT_UID 61902

static int64_t incident(void)
{
    int64_t id = 0;

    box_person("mori", HB_PR_AUDIT, AUDIT_UID);
    assert_int_equal(hb_incident_open(&core.state, 3, "customers",
                                      "person:mori", "seen by audit", &id),
                     0);
    assert_int_equal(hb_task_add(&core.state,
                                 &(struct hb_task){.incident = id,
                                                   .step = "x",
                                                   .title_en = "look",
                                                   .title_ja = "見る",
                                                   .roles = HB_PR_OFFICER,
                                                   .evidence = ""},
                                 &(int64_t){0}),
                     0);
    return id;
}

static void test_hidden(void **state)
{
    static const char *const about[] = {
        "incident.show",    "incident.note", "incident.state", "document.write",
        "incident.restart", "fact.list",     "fact.set",       "evidence.add",
        "approval.wanted",  "approval.add",  "deed.list",      "deed.undo",
        "evidence.export",  "step.undo",     "step.resume"};
    char args[128];
    const char *z;
    int64_t id;

    (void)state;
    if (getuid() != 0)
        skip();
    id = incident();
    (void)snprintf(args, sizeof(args), "{\"id\":%lld,\"person\":\"sato\"}",
                   (long long)id);
    assert_true(has(ask(STAFF_UID, "incident.hide", args, NULL), "management"));
    assert_true(
        has(ask(OFFICER_UID, "incident.show", args, NULL), "\"ok\":true"));
    assert_true(
        has(ask(AUDIT_UID, "incident.hide", args, NULL), "\"ok\":true"));
    (void)snprintf(args, sizeof(args),
                   "{\"id\":%lld,\"incident\":%lld,\"note\":\"x\","
                   "\"state\":\"closed\"}",
                   (long long)id, (long long)id);
    for (size_t i = 0; i < HB_ARRAY_LEN(about); i++) {
        z = ask(OFFICER_UID, about[i], args, NULL);
        if (!has(z, "There is no incident"))
            fail_msg("%s tells the officer: %s", about[i], z);
    }
    /* Root by itself is nobody in particular. */
    assert_true(has(ask(0, "incident.show", args, NULL), "There is no"));
    assert_true(has(
        ask(OFFICER_UID, "task.answer", "{\"id\":1,\"answer\":\"x\"}", NULL),
        "There is no task"));
    assert_false(
        has(ask(OFFICER_UID, "incident.list", "{}", NULL), "customers"));
    assert_false(has(ask(OFFICER_UID, "task.list", "{}", NULL), "look"));
    assert_true(
        has(ask(OFFICER_UID, "evidence.export", "{\"whole\":true}", NULL),
            "may not do this"));
    assert_true(has(ask(AUDIT_UID, "incident.show", args, NULL), "customers"));
    assert_true(has(ask(AUDIT_UID, "task.list", "{}", NULL), "look"));
    /* Who looked is recorded; the officer cannot undo it. */
    (void)snprintf(args, sizeof(args), "{\"id\":%lld,\"person\":\"sato\"}",
                   (long long)id);
    assert_true(
        has(ask(AUDIT_UID, "incident.seen", args, NULL), "incident.show"));
    assert_true(
        has(ask(OFFICER_UID, "incident.unhide", args, NULL), "\"ok\":false"));
    assert_true(
        has(ask(AUDIT_UID, "incident.unhide", args, NULL), "\"ok\":true"));
    assert_true(
        has(ask(OFFICER_UID, "incident.show", args, NULL), "customers"));
}

static void test_evidence_of_a_person(void **state)
{
    char args[160], path[400];
    int64_t id;

    (void)state;
    if (getuid() != 0)
        skip();
    id = incident();
    (void)snprintf(path, sizeof(path), "%s/mail.eml", scratch);
    assert_int_equal(hb_file_write(path, "From: x\n", 8, 0644), 0);
    (void)snprintf(args, sizeof(args),
                   "{\"incident\":%lld,\"name\":\"mail.eml\","
                   "\"source\":\"PC 12\"}",
                   (long long)id);
    assert_true(has(ask(STAFF_UID, "evidence.add", args, NULL), "Only a file"));
    assert_true(
        has(ask(STAFF_UID, "evidence.add", args, scratch), "Only a file"));
    assert_true(has(ask(STAFF_UID, "evidence.add", args, path), "\"ok\":true"));
    assert_int_equal(box_number("SELECT count(*) FROM timeline"
                                " WHERE kind = 'evidence.taken'"
                                " AND actor = 'person:abe'"),
                     1);
    (void)snprintf(args, sizeof(args), "{\"incident\":%lld,\"name\":\"m\"}",
                   (long long)id);
    assert_true(has(ask(STAFF_UID, "evidence.add", args, path), "from whom"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOXED(test_hidden),
        BOXED(test_evidence_of_a_person),
    };

    return hb_tap_run("core/circle", tests);
}
