/* SPDX-License-Identifier: Apache-2.0 */
/* Reading rules: what is not understood refuses the rule, with its place. */
#include <fcntl.h>

#include "rules.h"
#include "base/file.h"

static void refused(const char *text, const char *words, unsigned line)
{
    struct hb_rules *r = NULL;
    struct hb_err err = {0};
    int code = hb_rules_parse("test", hb_slice_z(text), &r, &err);

    if (code >= 0 || strstr(err.message, words) == NULL ||
        (line != 0 && err.line != line))
        fail_msg("expected \"%s\" at %u, got %d at %u: %s", words, line, code,
                 err.line, err.message);
    assert_null(r);
}

static void detection(const char *text, const char *words)
{
    char all[2048];

    (void)snprintf(all, sizeof(all), "%sdetection:\n%s", HEAD, text);
    refused(all, words, 0);
}

static void test_good(void **state)
{
    struct hb_rules *r = parse(RULE("  s: {Site: city}\n  condition: s\n"));
    const struct hb_rule *rule = hb_rules_at(r, 0);

    (void)state;
    assert_int_equal(hb_rules_count(r), 1);
    assert_string_equal(rule->title[HB_LANG_EN], "A rule");
    assert_string_equal(rule->desc[HB_LANG_JA], "見つける");
    assert_int_equal(rule->level, HB_SEV_HIGH);
    assert_int_equal(rule->cases[0], 2);
    assert_int_equal(rule->cases[1], 0);
    assert_true(rule->opens);
    assert_null(hb_rules_at(r, 1));
    hb_rules_free(r);
}

static void test_not_supported(void **state)
{
    (void)state;
    detection("  s: {FileName|re: 'x.*'}\n  condition: s\n",
              "modifier in \"FileName|re\" is not supported");
    detection("  s: {SourceIp|cidr: 10.0.0.0/8}\n  condition: s\n",
              "not supported");
    detection("  s: {FileName|base64: x}\n  condition: s\n", "not supported");
    detection("  s: [one, two]\n  condition: s\n",
              "\"keywords\" is not supported");
    detection("  s: {Site: x}\n  timeframe: 5m\n  condition: s\n",
              "\"timeframe\" is not supported");
    detection("  s: {Site: x}\n  condition: s | count() > 5\n", "and, or");
    detection("  s: {Site: x}\n  condition: '| count() > 5'\n",
              "counting after |");
}

static void test_mistakes(void **state)
{
    (void)state;
    detection("  s: {Sit: x}\n  condition: s\n", "did you mean \"Site\"");
    detection("  s: {Zzzzzz: x}\n  condition: s\n", "unknown field");
    detection("  s: {Site: x}\n", "\"condition\" is missing");
    detection("  s: {Site: x}\n  t: {Site: y}\n  condition: s\n",
              "does not use the selection \"t\"");
    detection("  s: {Site: x}\n  condition: t\n", "no such selection");
    detection("  s: {Site: x}\n  condition: 1 of t*\n", "no such selection");
    detection("  s: {Site: x}\n  condition: 1 in s*\n", "of is expected");
    detection("  s: {Site: x}\n  condition: s and\n", "no such selection");
    detection("  s: {Site: x}\n  condition: (s\n", "closing bracket");
    detection("  s: {Site: x}\n  condition: s s\n", "and, or");
    detection("  s: {Site|contains: ''}\n  condition: s\n",
              "empty text is everywhere");
    detection("  s: {Count|gt: many}\n  condition: s\n", "whole number");
    detection("  s: {Site|exists: maybe}\n  condition: s\n", "true or false");
    detection("  s: {Site|contains|endswith: x}\n  condition: s\n",
              "two comparisons");
    detection("  s: {Site: {a: b}}\n  condition: s\n", "a value or a list");
    detection("  s: {Site: []}\n  condition: s\n", "a value or a list");
    detection("  s: {}\n  condition: s\n", "mapping of fields");
    detection("  s: x\n  condition: s\n", "mapping of fields");
    refused(HEAD "detection: x\n", "must be a mapping", 9);
}

/* One line of the head replaced. */
static void head(const char *line, const char *instead, const char *words)
{
    const char *good = RULE("  s: {Site: x}\n  condition: s\n");
    const char *at = strstr(good, line);
    char text[2048];

    assert_non_null(at);
    (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good,
                   instead, strchr(at, '\n') + (instead[0] == '\0'));
    refused(text, words, 0);
}

static void test_head(void **state)
{
    (void)state;
    head("title:", "", "\"title\" is missing");
    head("title:", "title: A rule", "{en: ..., ja: ...}");
    head("title:", "title: {en: A rule}", "\"ja\" is missing");
    head("description:", "description: {en: x, ja: ''}", "must be a text");
    head("id:", "id: one", "must be a UUID");
    head("id:", "id: 11111111-2222-4333-8444-55555555555G", "UUID");
    head("status:", "status: stabel", "did you mean \"stable\"");
    head("level:", "level: hgh", "did you mean \"high\"");
    head("level:", "levl: high", "did you mean");
    head("logsource:", "logsource: {category: file_evnt}",
         "did you mean \"file_event\"");
    head("logsource:", "logsource: {category: file_event, product: windows}",
         "cannot match here");
    head("logsource:", "logsource: {service: x}", "\"category\" is missing");
    head("tags:", "tags: [attack.impact]", "hinoban.case.2");
    head("tags:", "tags: [hinoban.case.x]", "unknown tag");
    head("tags:", "tags: [hinoban.case.0]", "unknown tag");
    head("tags:", "tags: [hinoban.cases.2]", "unknown tag");
    head("tags:", "tags: x", "must be a list");
    head("hinoban:", "hinoban: {finding: 'x:%Sit%'}", "unknown field");
    head("hinoban:", "hinoban: {finding: 'x:%Site'}", "unknown field");
    head("hinoban:", "hinoban: {}", "missing");
    refused("- a\n", "a rule is a mapping", 1);
}

static void put(const char *dir, const char *name, const char *text)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(hb_file_write(path, text, strlen(text), 0600), 0);
}

#define SECOND                                                                 \
    "title: {en: Second, ja: 第二}\n"                                        \
    "id: 21111111-2222-4333-8444-555555555555\n"                               \
    "status: test\ndescription: {en: a, ja: 題}\n"                            \
    "logsource: {category: file_event}\nlevel: low\n"                          \
    "tags: [hinoban.case.1, hinoban.case.2, hinoban.note]\n"                   \
    "hinoban: {finding: x}\n"                                                  \
    "detection:\n  s: {Site: x}\n  condition: s\n"

static void test_folder(void **state)
{
    char dir[] = "/tmp/hb-rules-XXXXXX", sub[64];
    struct hb_rules *r = NULL;
    struct hb_err err = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(sub, sizeof(sub), "%s/a", dir);
    assert_int_equal(hb_mkdirs(sub, 0700), 0);
    put(dir, "b.yaml", RULE("  s: {Site: x}\n  condition: s\n"));
    put(sub, "z.yaml", SECOND);
    put(dir, "README.md", "no rule\n");
    put(dir, ".hidden.yaml", "no rule\n");
    assert_int_equal(hb_rules_load(dir, &r, &err), 0);
    assert_int_equal(hb_rules_count(r), 2);
    assert_string_equal(hb_rules_at(r, 0)->title[0], "Second");
    assert_false(hb_rules_at(r, 0)->opens);
    assert_int_equal(hb_rules_at(r, 0)->cases[1], 2);
    hb_rules_free(r);
    r = NULL;
    put(dir, "c.yaml", SECOND);
    assert_int_equal(hb_rules_load(dir, &r, &err), -EEXIST);
    assert_non_null(strstr(err.message, "another rule has the id"));
    assert_non_null(strstr(err.file, "c.yaml"));
    assert_null(r);
    assert_int_equal(hb_rmtree(AT_FDCWD, dir), 0);
    err = (struct hb_err){0};
    assert_int_equal(hb_rules_load(dir, &r, &err), -ENOENT);
    assert_string_equal(err.file, dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),     cmocka_unit_test(test_not_supported),
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_head),
        cmocka_unit_test(test_folder),
    };
    return hb_tap_run("detect/rule", tests);
}
