/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - rules and events in few words, for the tests of detect. */
#ifndef HB_TESTS_DETECT_RULES_H
#define HB_TESTS_DETECT_RULES_H

#include "tap.h"
#include "detect/detect.h"

#define HEAD                                                                   \
    "title: {en: A rule, ja: 規則}\n"                                        \
    "id: 11111111-2222-4333-8444-555555555555\n"                               \
    "status: test\n"                                                           \
    "description: {en: It finds, ja: 見つける}\n"                          \
    "logsource: {category: file_event, service: sense/files}\n"                \
    "level: high\n"                                                            \
    "tags: [hinoban.case.2]\n"                                                 \
    "hinoban: {finding: 'case:2/site:%Site%'}\n"
#define RULE(detection) HEAD "detection:\n" detection

static inline struct hb_rules *parse(const char *text)
{
    struct hb_rules *r = NULL;
    struct hb_err err = {0};
    char line[1024];

    if (hb_rules_parse("test", hb_slice_z(text), &r, &err) < 0) {
        hb_err_format(&err, line, sizeof(line));
        fail_msg("%s", line);
    }
    return r;
}

static inline int count_hit(void *arg, const struct hb_rule *rule,
                            const char *key)
{
    (void)rule;
    (void)key;
    (*(int *)arg)++;
    return 0;
}

/* An event of sense/files about PATH. */
static inline struct hb_event *file_event(struct hb_arena *a, const char *path,
                                          const char *change,
                                          const char *status)
{
    struct hb_event *e =
        hb_event_new(a, HB_EV_FILE_ACTIVITY, 3, HB_SEV_HIGH, "sense/files");
    const char *name = strrchr(path, '/');

    assert_non_null(e);
    assert_int_equal(hb_event_strz(e, HB_F_FILE_PATH, path), 0);
    assert_int_equal(
        hb_event_strz(e, HB_F_FILE_NAME, name != NULL ? name + 1 : path), 0);
    assert_int_equal(hb_event_strz(e, HB_F_SITE, "city"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_SITE_CHANGE, change), 0);
    assert_int_equal(hb_event_strz(e, HB_F_STATUS, status), 0);
    return e;
}

static inline int hits(const struct hb_rules *r, const struct hb_event *e)
{
    int n = 0, told = hb_rules_match(r, e, count_hit, &n);

    assert_int_equal(told, n);
    return n;
}

#endif
