/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder.h - a small case book in a temporary folder, of which a test
 * replaces one file at a time.
 */
#ifndef HB_TESTS_CASEBOOK_FOLDER_H
#define HB_TESTS_CASEBOOK_FOLDER_H

#include <fcntl.h>
#include <stdio.h>

#include "tap.h"
#include "base/file.h"
#include "base/num.h"
#include "casebook/casebook.h"

#define GENERAL                                                                \
    "rows:\n"                                                                  \
    "  - id: G0-1\n"                                                           \
    "    need: {en: consult, ja: 相談}\n"                                    \
    "    automatic: true\n"

#define CASE_YAML                                                              \
    "number: 2\n"                                                              \
    "id: thing\n"                                                              \
    "title: {en: A thing, ja: 事柄}\n"                                       \
    "story: {en: It happens, ja: 起きます}\n"                              \
    "who: {en: Everybody, ja: 全員}\n"                                       \
    "maturity: partly\n"                                                       \
    "drill: {name: thing, rehearsed_within: 90d, canary_within: 7d}\n"         \
    "rows:\n"                                                                  \
    "  - id: C02-R1\n"                                                         \
    "    need: {en: restore, ja: 復旧}\n"

#define CONTROLS                                                               \
    "controls:\n"                                                              \
    "  - id: files.watching\n"                                                 \
    "    check: files.watching\n"                                              \
    "    max_age: 10m\n"                                                       \
    "    rows: [C02-R1]\n"                                                     \
    "    text: {en: watched, ja: 監視}\n"                                    \
    "    why: {en: else late, ja: 遅れます}\n"                             \
    "    fix: {en: start it, ja: 起動}\n"

/* Everything of a playbook before its steps. */
#define HEAD                                                                   \
    "id: thing\n"                                                              \
    "title: {en: Response, ja: 対処}\n"                                      \
    "variables:\n"                                                             \
    "  - {name: __ok__, type: boolean, doc: {en: fine, ja: 良好}}\n"         \
    "  - {name: __n__, type: integer, doc: {en: number, ja: 数}}\n"           \
    "  - {name: __kind__, type: string, value: a, doc: {en: k, ja: 種類}}\n" \
    "  - {name: __restored__, type: boolean, doc: {en: r, ja: 復旧}}\n"      \
    "  - {name: __fixed__, type: boolean, constant: true,"                     \
    " doc: {en: f, ja: 固定}}\n"                                             \
    "steps:\n"

#define TITLE "    phase: detect-contain\n    title: {en: t, ja: 題}\n"
#define TASK(id)                                                               \
    "  - id: " id "\n    type: task\n" TITLE                                   \
    "    text: {en: do, ja: 行う}\n    roles: [admin]\n"
#define START(next) "  - {id: begin, type: start, next: " next "}\n"
#define END(id)     "  - {id: " id ", type: end}\n"

#define GOOD_STEPS                                                             \
    START("look")                                                              \
    TASK("look")                                                               \
    "    rows: [C02-R1, G0-1]\n"                                               \
    "    next: finish\n" END("finish")

struct folder {
    char path[64];
};

static inline void folder_put(const struct folder *f, const char *name,
                              const char *text)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
    assert_int_equal(hb_file_write(path, text, strlen(text), 0600), 0);
}

static inline void folder_mkdir(const struct folder *f, const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
    assert_int_equal(hb_mkdirs(path, 0700), 0);
}

static inline void folder_open(struct folder *f)
{
    (void)hb_copyz(f->path, sizeof(f->path), "/tmp/hb-casebook-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    folder_mkdir(f, "02-thing/documents");
    folder_put(f, "general.yaml", GENERAL);
    folder_put(f, "02-thing/case.yaml", CASE_YAML);
    folder_put(f, "02-thing/controls.yaml", CONTROLS);
    folder_put(f, "02-thing/playbook.yaml", HEAD GOOD_STEPS);
}

static inline void folder_close(struct folder *f)
{
    assert_int_equal(hb_rmtree(AT_FDCWD, f->path), 0);
}

/* The book must be refused with WORDS in the message, in a file whose name
 * ends in FILE and (LINE not 0) at LINE. */
static inline void folder_refused(const struct folder *f, const char *words,
                                  const char *file, unsigned line)
{
    struct hb_casebook *b = NULL;
    struct hb_err err = {0};
    char text[1024];
    int r = hb_casebook_load(f->path, &b, &err);

    hb_err_format(&err, text, sizeof(text));
    if (r >= 0)
        hb_casebook_free(b);
    if (r >= 0 || strstr(text, words) == NULL ||
        strstr(err.file, file) == NULL || (line != 0 && err.line != line))
        fail_msg("expected \"%s\" in %s:%u, got %d: %s", words, file, line, r,
                 text);
}

static inline struct hb_casebook *folder_load(const struct folder *f)
{
    struct hb_casebook *b = NULL;
    struct hb_err err = {0};
    char text[1024];

    if (hb_casebook_load(f->path, &b, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        fail_msg("%s", text);
    }
    return b;
}

#endif
