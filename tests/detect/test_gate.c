/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_gate.c - the rules that we ship, against what the firewall says: what
 * was stopped is weather and opens nothing; what came through does.
 */
#include "rules.h"

static struct hb_rules *rules;

static int setup(void **state)
{
    const char *root = getenv("HB_SOURCE_ROOT");
    struct hb_err err = {0};
    char path[512], text[1024];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/rules", root != NULL ? root : ".");
    if (hb_rules_load(path, &rules, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        print_message("# %s\n", text);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hb_rules_free(rules);
    return 0;
}

struct names {
    char all[512];
    bool opens;
};

static int keep(void *arg, const struct hb_rule *rule, const char *key)
{
    struct names *n = arg;
    size_t at = strlen(n->all);

    (void)snprintf(n->all + at, sizeof(n->all) - at, "%s%s", at > 0 ? " " : "",
                   key);
    n->opens |= rule->opens;
    return 0;
}

/* As guard/gate/finding_event.c fills it. */
static struct hb_event *finding(struct hb_arena *a, enum hb_severity sev,
                                const char *rule, const char *status, int code)
{
    struct hb_event *e =
        hb_event_new(a, HB_EV_DETECTION_FINDING, 1, sev, "guard/gate");

    assert_non_null(e);
    assert_int_equal(hb_event_strz(e, HB_F_SITE, "city"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_FINDING_RULE, rule), 0);
    assert_int_equal(hb_event_strz(e, HB_F_STATUS, status), 0);
    assert_int_equal(hb_event_int(e, HB_F_HTTP_STATUS, code), 0);
    return e;
}

static void test_findings(void **state)
{
    static const struct {
        const char *rule, *status;
        int code;
        enum hb_severity sev;
        const char *want;
        bool opens;
    } rows[] = {
        /* A scan that was stopped, of each kind. */
        {"942100", "denied", 403, HB_SEV_LOW, "", false},
        {"930100", "denied", 403, HB_SEV_LOW, "", false},
        {"932100", "dropped", 444, HB_SEV_LOW, "", false},
        {"941100", "denied", 403, HB_SEV_LOW, "", false},
        {"913100", "denied", 403, HB_SEV_LOW, "", false},
        {"913100", "detected", 200, HB_SEV_LOW, "", false},
        {"920350", "passed", 200, HB_SEV_INFO, "", false},
        {"942100", "passed", 200, HB_SEV_LOW, "", false},
        /* What came through. */
        {"942100", "detected", 200, HB_SEV_MEDIUM,
         "case:1/site:city/attack-answered", true},
        {"930120", "detected", 206, HB_SEV_MEDIUM,
         "case:1/site:city/attack-answered", true},
        {"942100", "detected", 500, HB_SEV_MEDIUM,
         "case:1/site:city/attack-unanswered", false},
        {"942100", "detected", 302, HB_SEV_MEDIUM,
         "case:1/site:city/attack-unanswered", false},
        {"942430", "detected", 200, HB_SEV_INFO, "", false},
        {"933110", "detected", 200, HB_SEV_MEDIUM,
         "case:2/site:city/program-answered", true},
        {"932160", "detected", 404, HB_SEV_MEDIUM, "", false},
        {"944150", "detected", 200, HB_SEV_MEDIUM,
         "case:2/site:city/program-answered", true},
        {"933110", "denied", 403, HB_SEV_LOW,
         "case:2/site:city/program-upload-stopped", false},
        {"8000006", "denied", 403, HB_SEV_LOW,
         "case:2/site:city/program-upload-stopped", false},
        /* What the site itself said. */
        {"951100", "detected", 500, HB_SEV_MEDIUM,
         "case:1/site:city/answer-leaks", true},
        {"950130", "detected", 200, HB_SEV_INFO,
         "case:1/site:city/answer-leaks", true},
        {"950130", "denied", 403, HB_SEV_LOW,
         "case:1/site:city/answer-leak-stopped", false},
        {"955100", "detected", 200, HB_SEV_MEDIUM, "case:2/site:city/web-shell",
         true},
        {"955100", "denied", 403, HB_SEV_LOW, "case:2/site:city/web-shell",
         true},
        /* A virtual patch, and what is none. */
        {"8500001", "denied", 403, HB_SEV_LOW,
         "case:14/site:city/patched-hole-tried", false},
        {"8599999", "passed", 200, HB_SEV_INFO, "case:14/site:city/hole-used",
         true},
        {"8500001", "detected", 200, HB_SEV_MEDIUM,
         "case:14/site:city/hole-used", true},
        {"8600011", "denied", 403, HB_SEV_LOW, "", false},
        {"850001", "denied", 403, HB_SEV_LOW, "", false},
        {"8700001", "passed", 200, HB_SEV_INFO, "", false},
    };
    struct hb_arena *a = hb_arena_new(0);

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct names n = {.opens = false};
        struct hb_event *e =
            finding(a, rows[i].sev, rows[i].rule, rows[i].status, rows[i].code);

        assert_true(hb_rules_match(rules, e, keep, &n) >= 0);
        if (!hb_streq(n.all, rows[i].want) || n.opens != rows[i].opens)
            fail_msg("%s %s %d: \"%s\" %d, expected \"%s\" %d", rows[i].rule,
                     rows[i].status, rows[i].code, n.all, n.opens, rows[i].want,
                     rows[i].opens);
    }
    hb_arena_free(a);
}

static void test_many_kinds(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e = finding(a, HB_SEV_LOW, "941100", "denied", 403);
    struct names n = {.opens = false};

    (void)state;
    assert_int_equal(hb_event_strz(e, HB_F_STATUS_DETAIL, "many_kinds"), 0);
    assert_true(hb_rules_match(rules, e, keep, &n) >= 0);
    assert_string_equal(n.all, "case:1/site:city/many-attacks");
    assert_true(n.opens);
    /* Of many addresses: weather. */
    e = finding(a, HB_SEV_LOW, "941100", "denied", 403);
    n = (struct names){.opens = false};
    assert_int_equal(hb_event_strz(e, HB_F_STATUS_DETAIL, "many_addresses"), 0);
    assert_true(hb_rules_match(rules, e, keep, &n) >= 0);
    assert_string_equal(n.all, "");
    /* Somebody else's words are not the firewall's. */
    e = hb_event_new(a, HB_EV_DETECTION_FINDING, 1, HB_SEV_HIGH, "producer/x");
    assert_non_null(e);
    n = (struct names){.opens = false};
    assert_int_equal(hb_event_strz(e, HB_F_FINDING_RULE, "955100"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_STATUS, "denied"), 0);
    assert_true(hb_rules_match(rules, e, keep, &n) >= 0);
    assert_string_equal(n.all, "");
    hb_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_many_kinds),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("detect/gate", tests, setup, teardown);
}
