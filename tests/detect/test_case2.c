/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_case2.c - the rules that we ship, against the events that our parts
 * send: each deed of case 2 is found and named, a release is not.
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
    enum hb_severity worst;
};

static int keep(void *arg, const struct hb_rule *rule, const char *key)
{
    struct names *n = arg;
    const char *last = strrchr(key, '/');
    size_t at = strlen(n->all);

    (void)snprintf(n->all + at, sizeof(n->all) - at, "%s%s", at > 0 ? " " : "",
                   last != NULL ? last + 1 : key);
    n->opens |= rule->opens;
    if (rule->level > n->worst)
        n->worst = rule->level;
    assert_int_equal(strncmp(key, "case:2/", 7), 0);
    return 0;
}

static struct names found(const struct hb_event *e)
{
    struct names n = {.opens = false};

    assert_true(hb_rules_match(rules, e, keep, &n) >= 0);
    return n;
}

static void test_files(void **state)
{
    static const struct {
        const char *path, *change, *status, *want;
        enum hb_severity worst;
    } rows[] = {
        {"/w/index.html", "modified", "restored", "tampered script",
         HB_SEV_HIGH},
        {"/w/logo.png", "modified", "restored", "tampered", HB_SEV_HIGH},
        {"/w/logo.png", "attributes", "restored", "tampered", HB_SEV_HIGH},
        {"/w/logo.png", "deleted", "restored", "tampered", HB_SEV_HIGH},
        {"/w/logo.png", "replaced", "restored", "tampered", HB_SEV_HIGH},
        {"/w/x.txt", "added", "removed", "foreign", HB_SEV_HIGH},
        {"/w/up/a.PhP", "added", "removed", "foreign web-shell",
         HB_SEV_CRITICAL},
        {"/w/up/a.php.jpg", "added", "removed", "foreign web-shell",
         HB_SEV_CRITICAL},
        {"/w/.htaccess", "modified", "restored", "tampered web-shell",
         HB_SEV_CRITICAL},
        {"/w/pay.js", "modified", "restored", "tampered script", HB_SEV_HIGH},
        {"/w/a.png", "modified", "failed", "tampered restore-failed",
         HB_SEV_HIGH},
        {"/w/a.png", "modified", "refused", "tampered restore-failed",
         HB_SEV_HIGH},
        {"/w/a.png", "modified", "ask", "tampered restore-waits", HB_SEV_HIGH},
        {"/w/a.png", "modified", "fight", "fight tampered", HB_SEV_CRITICAL},
        {"/w/a", "mounted", "ask", "mounted restore-waits", HB_SEV_CRITICAL},
    };
    struct hb_arena *a = hb_arena_new(0);

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct names n =
            found(file_event(a, rows[i].path, rows[i].change, rows[i].status));

        if (!hb_streq(n.all, rows[i].want))
            fail_msg("%s %s %s: \"%s\", expected \"%s\"", rows[i].path,
                     rows[i].change, rows[i].status, n.all, rows[i].want);
        assert_true(n.opens);
        assert_int_equal(n.worst, rows[i].worst);
    }
    hb_arena_free(a);
}

/* What waits in an agreed publishing window opens nothing. */
static void test_publishing(void **state)
{
    static const char *const changes[] = {"added", "modified", "replaced",
                                          "deleted", "attributes"};
    struct hb_arena *a = hb_arena_new(0);

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(changes); i++)
        assert_string_equal(
            found(file_event(a, "/w/new.php", changes[i], "pending")).all, "");
    hb_arena_free(a);
}

static struct hb_event *other(struct hb_arena *a, enum hb_event_class c,
                              int activity, enum hb_severity sev,
                              const char *source, enum hb_field field,
                              const char *value)
{
    struct hb_event *e = hb_event_new(a, c, activity, sev, source);

    assert_non_null(e);
    assert_int_equal(hb_event_strz(e, HB_F_SITE, "city"), 0);
    assert_int_equal(hb_event_strz(e, field, value), 0);
    return e;
}

static void test_others(void **state)
{
    static const struct {
        enum hb_event_class c;
        int activity;
        enum hb_severity sev;
        const char *source;
        enum hb_field field;
        const char *value, *want;
        bool opens;
    } rows[] = {
        {HB_EV_APP_LIFECYCLE, 99, HB_SEV_HIGH, "sense/files", HB_F_SITE_CHANGE,
         "gone", "root-gone", true},
        {HB_EV_APP_LIFECYCLE, 99, HB_SEV_HIGH, "sense/files", HB_F_SITE_CHANGE,
         "rollback", "baseline", true},
        {HB_EV_APP_LIFECYCLE, 99, HB_SEV_HIGH, "sense/files", HB_F_SITE_CHANGE,
         "baseline", "baseline", true},
        {HB_EV_APP_LIFECYCLE, 99, HB_SEV_INFO, "sense/files", HB_F_SITE_CHANGE,
         "baseline", "", false},
        {HB_EV_APP_LIFECYCLE, 99, HB_SEV_INFO, "sense/files", HB_F_SITE_CHANGE,
         "published", "", false},
        {HB_EV_APP_LIFECYCLE, 99, HB_SEV_MEDIUM, "sense/files",
         HB_F_SITE_CHANGE, "dropped", "dropped", false},
        {HB_EV_APP_LIFECYCLE, 4, HB_SEV_HIGH, "daemon/supervisor",
         HB_F_RESOURCE_NAME, "watch", "stopped", false},
        {HB_EV_APP_LIFECYCLE, 4, HB_SEV_INFO, "daemon/supervisor",
         HB_F_RESOURCE_NAME, "watch", "", false},
        {HB_EV_DETECTION_FINDING, 1, HB_SEV_CRITICAL, "respond",
         HB_F_STATUS_DETAIL, "helper.violation", "violation", true},
        {HB_EV_DETECTION_FINDING, 1, HB_SEV_HIGH, "respond", HB_F_STATUS_DETAIL,
         "helper.unmounted", "mounted", true},
        {HB_EV_APP_LIFECYCLE, 99, HB_SEV_HIGH, "respond", HB_F_STATUS_DETAIL,
         "helper.space", "trouble", false},
        {HB_EV_HTTP_ACTIVITY, 3, HB_SEV_HIGH, "sense/outside", HB_F_STATUS,
         "differs", "outside", true},
        {HB_EV_HTTP_ACTIVITY, 3, HB_SEV_INFO, "sense/outside", HB_F_STATUS,
         "same", "", false},
    };
    struct hb_arena *a = hb_arena_new(0);

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct names n =
            found(other(a, rows[i].c, rows[i].activity, rows[i].sev,
                        rows[i].source, rows[i].field, rows[i].value));

        if (!hb_streq(n.all, rows[i].want) || n.opens != rows[i].opens)
            fail_msg("%s %s: \"%s\" %d, expected \"%s\" %d", rows[i].source,
                     rows[i].value, n.all, n.opens, rows[i].want,
                     rows[i].opens);
    }
    hb_arena_free(a);
}

static void test_accounts(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e = other(a, HB_EV_ACCOUNT_CHANGE, 1, HB_SEV_HIGH,
                               "control/accounts", HB_F_USER_NAME, "toor");
    struct names n;

    (void)state;
    n = found(e);
    assert_string_equal(n.all, "account:toor");
    assert_false(n.opens);
    assert_int_equal(hb_event_strz(e, HB_F_USER_UID, "0"), 0);
    n = found(e);
    assert_true(n.opens);
    assert_int_equal(n.worst, HB_SEV_CRITICAL);
    hb_arena_free(a);
}

/* A thousand tampered files of one site: one group a rule. */
static int group(void *arg, const struct hb_rule *rule, const char *key)
{
    struct hb_group *g;

    return hb_groups_add(arg, rule, key, 1, &g) < 0 ? -1 : 0;
}

static void test_thousand(void **state)
{
    struct hb_groups *g = hb_groups_new(64, 3600ull * 1000000000);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct hb_arena *a = hb_arena_new(0);
        char path[64];

        (void)snprintf(path, sizeof(path), "/w/%d.png", i);
        assert_int_equal(
            hb_rules_match(rules, file_event(a, path, "modified", "restored"),
                           group, g),
            1);
        hb_arena_free(a);
    }
    assert_int_equal(hb_groups_count(g), 1);
    hb_groups_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),    cmocka_unit_test(test_publishing),
        cmocka_unit_test(test_others),   cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_thousand),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("detect/case2", tests, setup, teardown);
}
