/* SPDX-License-Identifier: Apache-2.0 */
/* The loader: what it takes, and what it refuses with the right place. */
#include "folder.h"

#define PUT(name, text) folder_put(&f, "02-thing/" name, text)

static void test_good(void **state)
{
    struct folder f;
    struct hb_casebook *b;
    const struct hb_case *c;
    const struct hb_step *s;

    (void)state;
    folder_open(&f);
    b = folder_load(&f);
    assert_int_equal(b->n, 1);
    c = hb_case_find(b, 2);
    assert_non_null(c);
    assert_null(hb_case_find(b, 3));
    assert_string_equal(c->title.in[HB_LANG_JA], "事柄");
    assert_int_equal(c->controls_n, 1);
    assert_int_equal(c->controls[0].max_age, 600000000000ll);
    assert_true(c->controls[0].required);
    assert_int_equal(c->controls[0].harm, 2);
    assert_int_equal(c->controls[0].work, 4 * 3600000000000ll);
    assert_ptr_equal(c->controls[0].rows.v[0], hb_row_find(b, c, "C02-R1"));
    s = hb_step_find(c->playbook, "look");
    assert_int_equal(s->rows.n, 2);
    assert_ptr_equal(s->rows.v[1], &b->general[0]);
    assert_ptr_equal(c->playbook->start->next, s);
    assert_int_equal(s->roles, 1u << HB_CROLE_ADMIN);
    hb_casebook_free(b);
    folder_close(&f);
}

/* The hash moves with every byte of every file, and with nothing else. */
static void test_hash(void **state)
{
    struct folder f;
    struct hb_casebook *b;
    uint8_t first[32];

    (void)state;
    folder_open(&f);
    b = folder_load(&f);
    memcpy(first, b->hash, 32);
    hb_casebook_free(b);
    b = folder_load(&f);
    assert_memory_equal(first, b->hash, 32);
    hb_casebook_free(b);
    PUT("controls.yaml", CONTROLS "# one more line\n");
    b = folder_load(&f);
    assert_memory_not_equal(first, b->hash, 32);
    hb_casebook_free(b);
    folder_close(&f);
}

static void test_texts(void **state)
{
    struct folder f;

    (void)state;
    folder_open(&f);
    PUT("case.yaml", "number: 2\nid: thing\ntitle: {en: only}\n");
    folder_refused(&f, "\"ja\" is missing", "case.yaml", 3);
    PUT("case.yaml", "number: 2\nid: thing\ntitle: {ja: 題}\n");
    folder_refused(&f, "\"en\" is missing", "case.yaml", 3);
    PUT("case.yaml", "number: 2\nid: thing\ntitle: {en: a, ja: ' '}\n");
    folder_refused(&f, "must be a text", "case.yaml", 3);
    PUT("case.yaml", "number: 2\nid: thing\ntitle: {en: a, ja: same}\n");
    folder_refused(&f, "not written in Japanese", "case.yaml", 3);
    PUT("case.yaml", "number: 2\nid: thing\ntitle: {en: 題, ja: 題}\n");
    folder_refused(&f, "same text", "case.yaml", 3);
    PUT("case.yaml", "number: 2\nid: thing\ntitle: {en: a, jp: 題}\n");
    folder_refused(&f, "unknown key \"jp\"", "case.yaml", 3);
    PUT("case.yaml", "number: 2\nid: thing\ntitle: plain\n");
    folder_refused(&f, "{en: ..., ja: ...}", "case.yaml", 3);
    folder_close(&f);
}

/* YAML folds lines into spaces; between Japanese characters there is none. */
static void test_unfold(void **state)
{
    struct folder f;
    struct hb_casebook *b;

    (void)state;
    folder_open(&f);
    PUT("controls.yaml", CONTROLS "  - id: two\n"
                                  "    question: true\n"
                                  "    max_age: 1d\n"
                                  "    text:\n"
                                  "      en: one\n"
                                  "        two\n"
                                  "      ja: 前の行、\n"
                                  "        後の行の WAF は\n"
                                  "        nginx です\n"
                                  "    why: {en: w, ja: 理由}\n"
                                  "    fix: {en: f, ja: 修正}\n");
    b = folder_load(&f);
    assert_string_equal(b->cases[0].controls[1].text.in[HB_LANG_EN], "one two");
    assert_string_equal(b->cases[0].controls[1].text.in[HB_LANG_JA],
                        "前の行、後の行の WAF は nginx です");
    hb_casebook_free(b);
    folder_close(&f);
}

static void test_case_files(void **state)
{
    struct folder f;

    (void)state;
    folder_open(&f);
    PUT("control.yaml", "x: y\n");
    folder_refused(&f, "did you mean controls.yaml?", "02-thing", 0);
    folder_close(&f);

    folder_open(&f);
    PUT("case.yaml", CASE_YAML "maturty: whole\n");
    folder_refused(&f, "maturity", "case.yaml", 11);
    PUT("case.yaml", "number: 3\nid: thing\n"
                     "title: {en: a, ja: 題}\nstory: {en: a, ja: 題}\n"
                     "who: {en: a, ja: 題}\nmaturity: not-yet\n"
                     "rows:\n  - {id: C02-R1, need: {en: a, ja: 題}}\n");
    folder_refused(&f, "must be named 03-thing", "", 0);
    PUT("case.yaml", "number: zero\nid: thing\n");
    folder_refused(&f, "number from 1 to 999", "case.yaml", 1);
    PUT("case.yaml", "number: 2\nid: A Thing\n");
    folder_refused(&f, "small letters", "case.yaml", 2);
    PUT("case.yaml", "- a\n- b\n");
    folder_refused(&f, "must be a mapping", "case.yaml", 1);
    PUT("case.yaml", CASE_YAML);
    folder_put(&f, "general.yaml",
               GENERAL "  - id: G0-1\n"
                       "    need: {en: c, ja: 相}\n");
    folder_refused(&f, "stands twice", "general.yaml", 5);
    folder_close(&f);
}

static void test_drill_needs_an_end(void **state)
{
    struct folder f;
    char text[2048];

    (void)state;
    folder_open(&f);
    (void)snprintf(text, sizeof(text), "%s", CASE_YAML);
    *strstr(text, ", canary_within: 7d}") = '\0';
    (void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
                   "}\nrows:\n  - {id: C02-R1, need: {en: a, ja: 題}}\n");
    PUT("case.yaml", text);
    folder_refused(&f, "green for ever", "case.yaml", 7);
    folder_close(&f);
}

static void test_controls(void **state)
{
    static const struct {
        const char *text, *words;
        unsigned line;
    } rows[] = {
        {"controls: []\n", "not empty", 1},
        {"controls:\n  - id: a\n", "\"text\" is missing", 2},
        {CONTROLS CONTROLS, "", 0},
        {CONTROLS "    chek: x\n", "check", 9},
        {CONTROLS "    question: true\n", "not both", 2},
        {CONTROLS "    required: maybe\n", "true or false", 9},
        {CONTROLS "    required: 'true'\n", "true or false", 9},
        {CONTROLS "    modality: considr\n", "consider", 9},
        {CONTROLS "    harm: 0\n", "from 1 to 5", 9},
        {CONTROLS "    harm: 6\n", "from 1 to 5", 9},
        {CONTROLS "    work: 3d\n", "three days are 24h", 9},
        {CONTROLS "    work: 30s\n", "three days are 24h", 9},
        {CONTROLS "    work: soon\n", "30s, 10m, 24h, 7d", 9},
    };
    struct folder f;

    (void)state;
    folder_open(&f);
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        PUT("controls.yaml", rows[i].text);
        folder_refused(&f, rows[i].words, "controls.yaml", rows[i].line);
    }
    PUT("controls.yaml", "controls:\n"
                         "  - {id: a, check: a, max_age: 1h, rows: [C02-R9],\n"
                         "     text: {en: a, ja: 題}, why: {en: a, ja: 題},\n"
                         "     fix: {en: a, ja: 題}}\n");
    folder_refused(&f, "no row \"C02-R9\"", "controls.yaml", 2);
    PUT("controls.yaml", "controls:\n"
                         "  - {id: a, check: a, max_age: soon,\n"
                         "     text: {en: a, ja: 題}, why: {en: a, ja: 題},\n"
                         "     fix: {en: a, ja: 題}}\n");
    folder_refused(&f, "30s, 10m, 24h, 7d", "controls.yaml", 2);
    folder_close(&f);
}

#define DOC_HEAD "title: {en: a, ja: 題}\nto: {en: a, ja: 題}\nsections:\n"

static void test_documents(void **state)
{
    struct folder f;
    struct hb_casebook *b;

    (void)state;
    folder_open(&f);
    PUT("documents/D01.yaml",
        "id: D01\n" DOC_HEAD "  - title: {en: a, ja: 題}\n    fields:\n"
        "      - {label: {en: a, ja: 題}, fact: incident.number}\n");
    b = folder_load(&f);
    assert_string_equal(
        hb_document_find(&b->cases[0], "D01")->sections[0].fields[0].fact,
        "incident.number");
    hb_casebook_free(b);
    PUT("documents/D01.yaml",
        "id: D01\n" DOC_HEAD "  - title: {en: a, ja: 題}\n    fields:\n"
        "      - {label: {en: a, ja: 題}, fact: incident.nmber}\n");
    folder_refused(&f, "did you mean \"incident.number\"", "D01.yaml", 7);
    PUT("documents/D01.yaml", "id: D02\n" DOC_HEAD "  - {}\n");
    folder_refused(&f, "must stand in D02.yaml", "D01.yaml", 1);
    PUT("documents/D01.yaml",
        "id: D01\n" DOC_HEAD "  - title: {en: a, ja: 題}\n"
        "    kind: timeline\n    fields: [x]\n");
    folder_refused(&f, "only a section of kind fields", "D01.yaml", 7);
    folder_close(&f);
}

static void test_missing_folder(void **state)
{
    struct hb_casebook *b = NULL;
    struct hb_err err = {0};

    (void)state;
    assert_int_equal(hb_casebook_load("/nonexistent/book", &b, &err), -ENOENT);
    assert_string_equal(err.file, "/nonexistent/book");
    assert_null(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_unfold),
        cmocka_unit_test(test_case_files),
        cmocka_unit_test(test_drill_needs_an_end),
        cmocka_unit_test(test_controls),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_missing_folder),
    };
    return hb_tap_run("casebook/load", tests);
}
