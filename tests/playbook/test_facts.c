/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_facts.c - playbooks and facts: an answer becomes known of the incident,
 * conditions read what is known, whoever said it, and a task that is to find
 * something out does not close before.
 */
#include "world.h"

#include "incident/fact.h"

#define BEGIN(next) "- {id: begin, type: start, next: " next "}\n"
#define FIN         "- {id: fin, type: end}\n"
#define FACTS                                                                  \
    "facts:\n"                                                                 \
    "  - {name: leaked, type: boolean, label: {en: Leaked, ja: 漏えい},"    \
    " ask: {en: q, ja: 問}}\n"                                                \
    "  - {name: persons, type: integer, label: {en: Persons, ja: 人数},"     \
    " ask: {en: q, ja: 問}}\n"                                                \
    "  - name: body\n    type: choice\n    label: {en: Body, ja: 種別}\n"    \
    "    ask: {en: q, ja: 問}\n    choices:\n"                                \
    "      - {value: school, label: {en: School, ja: 学校}}\n"
#define ASKS                                                                   \
    BEGIN("ask")                                                               \
    "- {id: ask, type: task, answer: __leaked__, next: big}\n"                 \
    "- {id: big, type: if, condition: __leaked__ AND __persons__ > 1000, "     \
    "on_true: many, next: fin}\n"                                              \
    "- {id: many, type: task, facts: [body], next: mend}\n"                    \
    "- {id: mend, type: end}\n" FIN

static void start(struct world *w, const char *steps)
{
    world_open(w);
    folder_put(&w->f, "facts.yaml", FACTS);
    world_book(w, steps);
    assert_int_equal(
        hb_incident_open(&w->s, 2, "www", "p", "seen", &w->incident), 0);
    assert_int_equal(hb_play_begin(w->p, w->incident), 0);
}

static int know(struct world *w, const char *name, const char *value)
{
    const struct hb_known k = {.name = name,
                               .value = value,
                               .source = "the shop called",
                               .actor = "person:sato"};
    struct hb_err err = {0};

    return hb_known_add(&w->s, w->incident, &k, &err);
}

static void known(struct world *w, const char *name, const char *value,
                  const char *source)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_known k;

    assert_int_equal(hb_known_get(&w->s, a, w->incident, name, &k), 1);
    assert_string_equal(k.value, value);
    assert_true(strncmp(k.source, source, strlen(source)) == 0);
}

static void test_answer_is_known(void **state)
{
    struct world w;

    (void)state;
    start(&w, ASKS);
    assert_int_equal(know(&w, "persons", "38000"), 0);
    assert_int_equal(world_answer(&w, "ask", true, "はい、名簿です"), 0);
    known(&w, "leaked", "true", "task:");
    assert_has(world_trace(&w), "many:B");
    /* To be found out first; ? counts as asked. */
    assert_int_equal(world_answer(&w, "many", true, "school"), -ENODATA);
    assert_int_equal(know(&w, "body", "shop"), -EINVAL);
    assert_int_equal(know(&w, "body", "?"), 0);
    assert_int_equal(world_answer(&w, "many", true, "asked"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

static void test_under_investigation(void **state)
{
    struct world w;

    (void)state;
    start(&w, ASKS);
    assert_int_equal(know(&w, "persons", "38000"), 0);
    assert_int_equal(world_answer(&w, "ask", true, "調査中"), 0);
    known(&w, "leaked", "?", "task:");
    assert_int_equal(world_run(&w), HB_PLAY_ENDED); /* its first value: no */
    world_close(&w);
}

/* What somebody else found out counts as much. */
static void test_set_beside(void **state)
{
    struct world w;

    (void)state;
    start(&w, BEGIN("until") "- {id: until, type: while, condition: NOT "
                             "__leaked__, rounds: 3, on_true: look, "
                             "next: fin}\n"
                             "- {id: look, type: task, next: lend}\n"
                             "- {id: lend, type: end}\n" FIN);
    assert_int_equal(know(&w, "leaked", "true"), 0);
    assert_int_equal(world_answer(&w, "look#1", true, "seen"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

static void test_refused(void **state)
{
    struct hb_known k = {.name = "leaked", .value = "true", .actor = "p"};
    struct hb_err err = {0};
    struct world w;

    (void)state;
    start(&w, ASKS);
    k.source = " ";
    assert_int_equal(hb_known_add(&w.s, w.incident, &k, &err), -EINVAL);
    k.source = "x";
    k.name = "leked";
    err = (struct hb_err){0};
    assert_int_equal(hb_known_add(&w.s, w.incident, &k, &err), -ENOENT);
    assert_non_null(strstr(err.message, "leaked"));
    k.name = "persons";
    k.value = "many";
    assert_int_equal(hb_known_add(&w.s, w.incident, &k, &err), -EINVAL);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer_is_known),
        cmocka_unit_test(test_under_investigation),
        cmocka_unit_test(test_set_beside),
        cmocka_unit_test(test_refused),
    };

    return hb_tap_run("playbook/facts", tests);
}
