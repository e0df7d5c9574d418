/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.h - a small rule pack as text, of which a test replaces one part, and
 * the one that we ship.
 */
#ifndef HB_TESTS_CASEBOOK_PACK_H
#define HB_TESTS_CASEBOOK_PACK_H

#include "tap.h"
#include "rule_facts.h"
#include "casebook/rules.h"

#define PACK_HEAD                                                              \
    "id: test\n"                                                               \
    "version: 3\n"                                                             \
    "checked: {at: 2026-11-30, by: somebody}\n"

/* Lines 4 to 17. */
#define PACK_HOLIDAYS                                                          \
    "holidays:\n"                                                              \
    "  source: the law\n"                                                      \
    "  valid_from: 2000-01-01\n"                                               \
    "  valid_to: 2050-12-31\n"                                                 \
    "  days:\n"                                                                \
    "    - {name: {en: First, ja: 元日}, on: {month: 1, day: 1}}\n"          \
    "  substitute:\n"                                                          \
    "    name: {en: Substitute, ja: 振替休日}\n"                           \
    "    rules: [{to: next-free-day, valid_from: 2007-01-01}]\n"               \
    "  between: {name: {en: Between, ja: 国民の休日}, valid_from: "       \
    "1985-12-27}\n"                                                            \
    "  office_closed:\n"                                                       \
    "    - name: {en: New Year, ja: 年末年始}\n"                           \
    "      from: {month: 12, day: 29}\n"                                       \
    "      to: {month: 1, day: 3}\n"

#define PACK_ITEMS                                                             \
    "items:\n"                                                                 \
    "  - {id: outline, text: {en: Outline, ja: 概要}}\n"                     \
    "  - {id: cause, text: {en: Cause, ja: 原因}}\n"

/* Everything of a rule but its due. */
#define PACK_RULE(id)                                                          \
    "  - id: " id "\n"                                                         \
    "    title: {en: A rule, ja: 規則}\n"                                    \
    "    law: {en: The act, ja: 法律}\n"                                     \
    "    addressee: {en: The office, ja: 役所}\n"                            \
    "    when: {en: If so, ja: その場合}\n"                                \
    "    certainty: confirmed\n"                                               \
    "    source: a book\n"                                                     \
    "    valid_from: 2022-04-01\n"

#define PACK_BODY PACK_HEAD PACK_HOLIDAYS PACK_ITEMS "rules:\n"
#define PACK_GOOD                                                              \
    PACK_BODY PACK_RULE("one") "    trigger: always\n    due: {hours: 1}\n"

static inline struct hb_rulepack *pack_parse(const char *text)
{
    struct hb_rulepack *p = NULL;
    struct hb_err err = {0};
    char why[1024];

    if (hb_rulepack_parse("pack", hb_slice_z(text), &rule_facts, &p, &err) <
        0) {
        hb_err_format(&err, why, sizeof(why));
        fail_msg("%s", why);
    }
    return p;
}

/* Must be refused with WORDS at LINE (0: anywhere, but somewhere). */
static inline void pack_refused(const char *text, const char *words,
                                unsigned line)
{
    struct hb_rulepack *p = NULL;
    struct hb_err err = {0};
    char why[1024];
    int r = hb_rulepack_parse("pack", hb_slice_z(text), &rule_facts, &p, &err);

    hb_err_format(&err, why, sizeof(why));
    if (r >= 0)
        hb_rulepack_free(p);
    if (r >= 0 || strstr(why, words) == NULL || err.line == 0 ||
        err.column == 0 || (line != 0 && err.line != line))
        fail_msg("expected \"%s\" at line %u, got %d: %s", words, line, r, why);
    assert_null(p);
}

static inline void pack_path(char *buf, size_t size)
{
    const char *root = getenv("HB_SOURCE_ROOT");

    (void)snprintf(buf, size, "%s/casebook/rules/jp.yaml", root ? root : ".");
}

static inline struct hb_rulepack *pack_shipped(void)
{
    struct hb_rulepack *p = NULL;
    struct hb_err err = {0};
    char path[512], why[1024];

    pack_path(path, sizeof(path));
    if (hb_rulepack_load(path, &rule_facts, NULL, &p, &err) < 0) {
        hb_err_format(&err, why, sizeof(why));
        fail_msg("%s", why);
    }
    return p;
}

static inline int64_t pack_day(const char *z)
{
    int64_t d = 0;

    if (hb_day_parse(hb_slice_z(z), &d) < 0)
        fail_msg("no date: %s", z);
    return d;
}

#endif
