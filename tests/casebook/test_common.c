/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_common.c - the catalogue of facts and what cases share: controls,
 * playbooks, papers; and how each refuses what nobody would understand later.
 */
#include "casebook/folder.h"

#define FACTS                                                                  \
    "facts:\n"                                                                 \
    "  - name: leaked\n"                                                       \
    "    type: boolean\n"                                                      \
    "    label: {en: Leaked, ja: 漏えい}\n"                                 \
    "    ask: {en: Did it leak?, ja: 漏えいしましたか。}\n"           \
    "  - name: count\n"                                                        \
    "    type: integer\n"                                                      \
    "    label: {en: Persons, ja: 本人の数}\n"                             \
    "    ask: {en: How many?, ja: 何人ですか。}\n"                       \
    "  - name: body\n"                                                         \
    "    type: choice\n"                                                       \
    "    label: {en: Kind, ja: 種別}\n"                                      \
    "    ask: {en: Which?, ja: どれですか。}\n"                          \
    "    choices:\n"                                                           \
    "      - {value: company, label: {en: Company, ja: 企業}}\n"             \
    "      - {value: school, label: {en: School, ja: 学校}}\n"
#define SHARED                                                                 \
    "id: shared\n"                                                             \
    "title: {en: Shared, ja: 共通}\n"                                        \
    "steps:\n" START("ask") TASK("ask") "    answer: __leaked__\n"             \
                                        "    facts: [count]\n"                 \
                                        "    next: finish\n" END("finish")
#define CALLS(id)                                                              \
    START("call")                                                              \
    "  - id: call\n    type: playbook\n" TITLE "    playbook: " id "\n"        \
    "    rows: [C02-R1]\n    next: finish\n" END("finish")
#define DOC                                                                    \
    "id: D04\ntitle: {en: Report, ja: 報告}\nto: {en: PPC, ja: 委員会}\n" \
    "sections:\n"

static void shared_open(struct folder *f)
{
    folder_open(f);
    folder_put(f, "facts.yaml", FACTS);
    folder_mkdir(f, "common/playbooks");
    folder_mkdir(f, "common/documents");
    folder_put(f, "common/playbooks/shared.yaml", SHARED);
    folder_put(f, "02-thing/playbook.yaml", HEAD CALLS("shared"));
}

static bool never(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return false;
}

static void test_facts_are_variables(void **state)
{
    const struct hb_playbook *p;
    const struct hb_step *ask;
    struct hb_casebook *b;
    struct folder f;

    (void)state;
    shared_open(&f);
    b = folder_load(&f);
    assert_int_equal(b->facts_n, 3);
    assert_true(hb_fact_valid(hb_fact_find(b, "body"), "school"));
    assert_false(hb_fact_valid(hb_fact_find(b, "body"), "shop"));
    assert_true(hb_fact_valid(hb_fact_find(b, "body"), "?"));
    assert_false(hb_fact_valid(hb_fact_find(b, "count"), "-1"));
    assert_false(hb_fact_valid(hb_fact_find(b, "leaked"), "yes"));
    p = b->cases[0].playbook;
    assert_non_null(hb_variable_find(&p->variables, "__count__")->fact);
    assert_null(hb_variable_find(&p->variables, "__ok__")->fact);
    p = hb_step_find(p, "call")->playbook;
    assert_string_equal(p->id, "shared");
    ask = hb_step_find(p, "ask");
    assert_int_equal(ask->facts_n, 1);
    assert_true((ask->evidence & 1u << HB_EVK_FACTS) != 0);
    /* A row is met by what the playbook that was called does. */
    assert_int_equal(hb_row_state(&b->cases[0],
                                  hb_row_find(b, &b->cases[0], "C02-R1"), never,
                                  never, NULL),
                     HB_ROW_ASKED | HB_ROW_RECORDED | HB_ROW_MET);
    hb_casebook_free(b);
    folder_close(&f);
}

static void test_facts_refused(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"facts:\n  - name: Leak\n    type: boolean\n", "small letters"},
        {"facts:\n  - name: leak\n    type: boolan\n", "boolean"},
        {FACTS "  - name: count\n    type: integer\n"
               "    label: {en: a, ja: 題}\n    ask: {en: b, ja: 問}\n",
         "fact count stands twice"},
        {"facts:\n  - name: a\n    type: integer\n"
         "    label: {en: a, ja: 題}\n    ask: {en: b, ja: 問}\n"
         "    choices: [x]\n",
         "only a fact of type choice"},
        {"facts:\n  - name: a\n    type: boolean\n"
         "    label: {en: a, ja: 題}\n    ask: {en: b, ja: 問}\n"
         "    value: maybe\n",
         "not a value of type boolean"},
    };
    struct folder f;

    (void)state;
    shared_open(&f);
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        folder_put(&f, "facts.yaml", rows[i].text);
        folder_refused(&f, rows[i].words, "facts.yaml", 0);
    }
    folder_put(&f, "facts.yaml", FACTS);
    folder_put(&f, "02-thing/playbook.yaml",
               "id: thing\ntitle: {en: R, ja: 対処}\nvariables:\n"
               "  - {name: __count__, type: integer, doc: {en: n, ja: 数}}\n"
               "steps:\n" GOOD_STEPS);
    folder_refused(&f, "is a fact", "playbook.yaml", 4);
    folder_close(&f);
}

static void test_playbooks(void **state)
{
    struct folder f;

    (void)state;
    shared_open(&f);
    folder_put(&f, "02-thing/playbook.yaml", HEAD CALLS("shred"));
    folder_refused(&f, "no playbook shred", "", 0);
    folder_put(&f, "02-thing/playbook.yaml", HEAD CALLS("shared"));
    folder_put(&f, "common/playbooks/back.yaml", SHARED);
    folder_refused(&f, "playbook shared stands twice", "shared.yaml", 0);
    folder_put(
        &f, "common/playbooks/back.yaml",
        "id: back\ntitle: {en: B, ja: 戻る}\nsteps:\n" START(
            "call") "  - id: call\n    type: playbook\n" TITLE
                    "    playbook: thing\n    next: finish\n" END("finish"));
    folder_put(&f, "02-thing/playbook.yaml", HEAD CALLS("back"));
    folder_refused(&f, "called within itself", "", 0);
    folder_close(&f);
}

static void test_controls(void **state)
{
    const struct hb_control *k;
    struct hb_casebook *b;
    struct folder f;

    (void)state;
    shared_open(&f);
    folder_put(&f, "common/controls.yaml",
               "controls:\n  - id: people.two\n    check: people.two\n"
               "    max_age: 1d\n    text: {en: two, ja: 二人}\n"
               "    why: {en: w, ja: 理由}\n    fix: {en: f, ja: 修正}\n");
    folder_put(&f, "02-thing/controls.yaml",
               CONTROLS "  - use: people.two\n    required: false\n"
                        "    rows: [G0-1]\n");
    b = folder_load(&f);
    k = hb_control_find(&b->cases[0], "people.two");
    assert_non_null(k);
    assert_false(k->required);
    assert_ptr_equal(k->owner, &b->cases[0]);
    assert_string_equal(k->text.in[HB_LANG_JA], "二人");
    assert_int_equal(k->rows.n, 1);
    hb_casebook_free(b);
    folder_put(&f, "02-thing/controls.yaml", CONTROLS "  - use: people.too\n");
    folder_refused(&f, "did you mean \"people.two\"", "controls.yaml", 0);
    folder_close(&f);
}

static void test_papers(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {DOC "  - title: {en: a, ja: 題}\n    kind: text\n"
             "    paragraphs:\n"
             "      - text: {en: 'for {leked}', ja: '{leaked} 件'}\n",
         "did you mean \"leaked\""},
        {DOC "  - title: {en: a, ja: 題}\n    kind: text\n"
             "    paragraphs:\n"
             "      - text: {en: 'for {leaked', ja: '{leaked} 件'}\n",
         "brace is not closed"},
        {DOC "  - title: {en: a, ja: 題}\n    when: __leked__\n"
             "    fields: [{fact: count}]\n",
         "__leked__"},
        {DOC "  - kind: timeline\n", "\"title\" is missing"},
        {DOC "  - title: {en: a, ja: 題}\n    fields: [{fact: incident.url}]\n",
         "\"label\" is missing"},
        {DOC "  - title: {en: a, ja: 題}\n    kind: text\n"
             "    fields: [{fact: count}]\n",
         "only a section of kind fields"},
    };
    const struct hb_document *d;
    struct hb_casebook *b;
    struct folder f;

    (void)state;
    shared_open(&f);
    folder_put(&f, "common/documents/D04.yaml",
               DOC "  - title: {en: a, ja: 題}\n    fields:\n"
                   "      - {fact: count}\n"
                   "  - kind: text\n    when: __leaked__ AND __count__ > 100\n"
                   "    paragraphs:\n"
                   "      - {text: {en: 'Of {count}.', ja: '{count} 名'}}\n"
                   "      - {item: {en: One, ja: 一つ}, when: __leaked__}\n");
    b = folder_load(&f);
    d = hb_document_find(&b->cases[0], "D04");
    assert_non_null(d);
    assert_string_equal(d->sections[0].fields[0].label.in[HB_LANG_JA],
                        "本人の数");
    assert_non_null(d->sections[1].when);
    assert_true(d->sections[1].paras[1].item);
    hb_casebook_free(b);
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        folder_put(&f, "common/documents/D04.yaml", rows[i].text);
        folder_refused(&f, rows[i].words, "D04.yaml", 0);
    }
    folder_close(&f);
}

#define CARD                                                                   \
    "id: cut\ntitle: {en: Cut, ja: 切る}\nto: {en: All, ja: "                \
    "全員}\nsections:\n"
#define SECTION "  - title: {en: a, ja: 題}\n    kind: "

static void test_cards(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {CARD SECTION "fields\n    fields: [{fact: count}]\n", "a card has"},
        {CARD SECTION "timeline\n", "a card has"},
        {CARD SECTION "text\n    when: __leaked__\n    paragraphs:\n"
                      "      - {text: {en: a, ja: 題}}\n",
         "a card has"},
        {CARD SECTION "text\n    paragraphs:\n"
                      "      - {text: {en: a, ja: 題}, when: __leaked__}\n",
         "a card has"},
        {CARD SECTION "text\n    paragraphs:\n"
                      "      - {text: {en: '{count}', ja: '題{count}'}}\n",
         "a card has"},
    };
    struct hb_casebook *b;
    struct folder f;

    (void)state;
    shared_open(&f);
    folder_mkdir(&f, "common/cards");
    folder_put(&f, "common/cards/cut.yaml",
               CARD SECTION "people\n" SECTION "text\n    paragraphs:\n"
                            "      - {item: {en: Cut it, ja: 切る}}\n");
    b = folder_load(&f);
    assert_int_equal(b->cards_n, 1);
    assert_string_equal(b->cards[0].id, "cut");
    assert_int_equal(b->cards[0].sections[0].kind, HB_DOC_PEOPLE);
    assert_true(b->cards[0].sections[1].paras[0].item);
    hb_casebook_free(b);
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        folder_put(&f, "common/cards/cut.yaml", rows[i].text);
        folder_refused(&f, rows[i].words, "cut.yaml", 0);
    }
    folder_put(&f, "common/cards/cut.yaml",
               CARD SECTION "text\n    paragraphs:\n"
                            "      - {text: {en: a, ja: 題}}\n");
    folder_put(&f, "common/documents/D04.yaml", DOC SECTION "people\n");
    folder_refused(&f, "only a card", "D04.yaml", 0);
    folder_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts_are_variables),
        cmocka_unit_test(test_facts_refused),
        cmocka_unit_test(test_playbooks),
        cmocka_unit_test(test_controls),
        cmocka_unit_test(test_papers),
        cmocka_unit_test(test_cards),
    };

    return hb_tap_run("casebook/common", tests);
}
