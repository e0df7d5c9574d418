/* SPDX-License-Identifier: Apache-2.0 */
/* Playbooks: every step type, and every way in which one cannot be walked. */
#include "folder.h"

#define STEPS(text)    folder_put(&f, "02-thing/playbook.yaml", HEAD text)
#define REFUSED(words) folder_refused(&f, words, "playbook.yaml", 0)

#define BLOCK(id, type) "  - id: " id "\n    type: " type "\n" TITLE
#define RESTORE                                                                \
    "  - id: restore\n    type: action\n" TITLE                                \
    "    action: site.restore\n    roles: [officer]\n"
#define PRIVATE                                                                \
    "  - id: hide\n    type: action\n" TITLE                                   \
    "    action: site.private\n    roles: [officer]\n    next: finish\n"

/* Laid out by hand: clang-format breaks strings beside macros by letters. */
/* clang-format off */
static void test_all_types(void **state)
{
    struct folder f;
    struct hb_casebook *b;
    const struct hb_playbook *p;
    const struct hb_step *s;

    (void)state;
    folder_open(&f);
    STEPS(START("both") BLOCK("both", "parallel") "    branches: [hide, loop]\n"
          "    next: which\n" "  - id: hide\n" "    type: action\n" TITLE
          "    action: site.private\n" "    args: {retry_after: '60'}\n"
          "    roles: [officer]\n" "    undo: show\n" "    reflex: true\n"
          "    on_success: hide-end\n" "    on_failure: tell\n"
          "  - id: show\n" "    type: action\n" TITLE
          "    action: site.public\n" TASK("tell")
          "    due: {clock: incident.known, within: 1h}\n"
          "    escalate: {after: 10m, to: manager}\n"
          "    evidence: [note, file]\n" "    four_eyes: true\n"
          "    answer: __ok__\n" "    timeout: 2h\n" "    next: hide-end\n"
          END("hide-end") BLOCK("loop", "while")
          "    condition: NOT __ok__ AND __n__ < 3\n" "    rounds: 3\n"
          "    on_true: again\n" "    next: loop-end\n" TASK("again")
          "    next: again-end\n" END("again-end") END("loop-end")
          BLOCK("which", "switch") "    subject: __kind__\n"
          "    cases: {a: is-a, default: is-other}\n" "    next: ask\n"
          END("is-a") END("is-other") BLOCK("ask", "if")
          "    condition: __ok__\n" "    on_true: yes-end\n"
          "    on_false: no-end\n" "    next: finish\n" END("yes-end")
          END("no-end") END("finish"));
    b = folder_load(&f);
    p = b->cases[0].playbook;
    s = hb_step_find(p, "hide");
    assert_int_equal(s->danger, 2);
    assert_true(s->reflex);
    assert_string_equal(s->undo->id, "show");
    assert_string_equal(s->args[0].text, "60");
    assert_null(s->args[0].var);
    assert_string_equal(s->on_failure->id, "tell");
    s = hb_step_find(p, "tell");
    assert_int_equal(s->due, 3600000000000ll);
    assert_int_equal(s->clock, HB_CLOCK_INCIDENT_KNOWN);
    assert_int_equal(s->escalate_to, HB_CROLE_MANAGER);
    assert_int_equal(s->evidence, 1u << HB_EVK_NOTE | 1u << HB_EVK_FILE);
    assert_true(s->four_eyes);
    assert_string_equal(s->answer->name, "__ok__");
    s = hb_step_find(p, "loop");
    assert_int_equal(s->rounds, 3);
    assert_int_equal(hb_cond_eval(s->cond, NULL, NULL), 1);
    s = hb_step_find(p, "which");
    assert_int_equal(s->cases_n, 2);
    assert_null(s->cases[1].value);
    s = hb_step_find(p, "both");
    assert_int_equal(s->branches_n, 2);
    hb_casebook_free(b);
    folder_close(&f);
}

static void test_unknown_things(void **state)
{
    struct folder f;

    (void)state;
    folder_open(&f);
    STEPS(START("x") "  - {id: x, type: paralel}\n");
    REFUSED("did you mean \"parallel\"");
    STEPS(START("x") BLOCK("x", "bash"));
    REFUSED("unknown type \"bash\"");
    STEPS(START("x") BLOCK("x", "action") "    action: bash\n");
    REFUSED("unknown action \"bash\"");
    STEPS(START("x") BLOCK("x", "action") "    action: site.restor\n");
    REFUSED("did you mean \"site.restore\"");
    STEPS(START("lok") TASK("look") "    next: finish\n" END("finish"));
    REFUSED("did you mean \"look\"");
    STEPS(START("x") RESTORE "    args: {sit: a}\n" "    next: finish\n"
          END("finish"));
    REFUSED("site");
    STEPS(START("x") TASK("look") "    action: site.restore\n");
    REFUSED("action");
    STEPS(START("x") TASK("look") "    answer: __okk__\n");
    REFUSED("did you mean \"__ok__\"");
    STEPS(START("x") TASK("look") "    evidence: [notes]\n");
    REFUSED("did you mean \"note\"");
    STEPS(START("x") TASK("look")
          "    due: {clock: incident.knwn, within: 1h}\n");
    REFUSED("did you mean \"incident.known\"");
    STEPS(START("x") TASK("look") "    documents: [D99]\n");
    REFUSED("no document \"D99\"");
    STEPS(START("x") BLOCK("x", "if") "    condition: __ook__\n");
    REFUSED("did you mean __ok__?");
    STEPS(START("x") BLOCK("x", "playbook") "    playbook: nobody\n"
          "    next: finish\n");
    REFUSED("unknown step");
    folder_close(&f);
}

static void test_flow(void **state)
{
    struct folder f;

    (void)state;
    folder_open(&f);
    STEPS(TASK("look") "    next: finish\n" END("finish"));
    REFUSED("no step of type start");
    STEPS(START("look") "  - {id: other, type: start, next: look}\n"
          TASK("look")
          "    next: finish\n" END("finish"));
    REFUSED("second start");
    STEPS(START("look") TASK("look") END("finish"));
    REFUSED("leads nowhere");
    STEPS(START("look") TASK("look") "    next: look\n" END("finish"));
    REFUSED("comes back to itself");
    STEPS(START("one") TASK("one") "    next: two\n" TASK("two")
          "    on_success: finish\n" "    on_failure: one\n" END("finish"));
    REFUSED("comes back to itself");
    STEPS(START("look") TASK("look") "    next: finish\n" END("finish")
          TASK("lost") "    next: finish\n");
    REFUSED("never reached");
    STEPS(START("look") TASK("look") "    on_success: one\n"
          "    on_failure: two\n" END("one") END("two"));
    REFUSED("two ends");
    STEPS(START("ask") BLOCK("ask", "if") "    condition: __ok__\n"
          "    on_true: look\n" "    next: finish\n" TASK("look")
          "    next: finish\n" END("finish"));
    REFUSED("two branches");
    STEPS(START("ask") BLOCK("ask", "if") "    condition: __ok__\n"
          "    on_true: finish\n" "    on_false: finish\n"
          "    next: finish\n" END("finish"));
    REFUSED("finish");
    STEPS(START("ask") BLOCK("ask", "if") "    condition: __ok__\n"
          "    on_true: finish\n" END("finish"));
    REFUSED("leads nowhere");
    STEPS(START("ask") BLOCK("ask", "while") "    condition: __ok__\n"
          "    on_true: x\n" "    next: finish\n" END("x") END("finish"));
    REFUSED("\"rounds\" is missing");
    STEPS(START("ask") BLOCK("ask", "while") "    condition: __ok__\n"
          "    rounds: 100000\n" "    on_true: x\n" "    next: finish\n"
          END("x") END("finish"));
    REFUSED("from 1 to 1000");
    STEPS(START("ask") BLOCK("ask", "switch") "    subject: __kind__\n"
          "    cases: {a: x}\n" "    next: finish\n" END("x") END("finish"));
    REFUSED("no default");
    STEPS(START("ask") BLOCK("ask", "switch") "    subject: __n__\n"
          "    cases: {default: x}\n" "    next: finish\n" END("x")
          END("finish"));
    REFUSED("looks at a string");
    STEPS(START("look") TASK("look") "    next: finish\n"
          "    on_success: finish\n" END("finish"));
    REFUSED("both next and on_success");
    STEPS(START("look") TASK("look") "    next: finish\n" TASK("look")
          "    next: finish\n" END("finish"));
    REFUSED("stands twice");
    folder_close(&f);
}

static void test_danger(void **state)
{
    struct folder f;

    (void)state;
    folder_open(&f);
    STEPS(START("hide") PRIVATE END("finish"));
    REFUSED("danger level 2 and no undo");
    STEPS(START("hide") PRIVATE "    undo: restore\n" END("finish") RESTORE);
    REFUSED("must be the action site.public");
    STEPS(START("hide") PRIVATE "    undo: look\n" END("finish") TASK("look")
          "    next: finish\n");
    REFUSED("undo of step hide is no action");
    STEPS(START("restore") RESTORE "    danger: 0\n" "    next: finish\n"
          END("finish"));
    REFUSED("from 1 to 3");
    STEPS(START("restore") RESTORE "    danger: 2\n" "    next: finish\n"
          END("finish"));
    REFUSED("no undo");
    STEPS(START("restore") "  - id: restore\n" "    type: action\n" TITLE
          "    action: site.restore\n" "    next: finish\n" END("finish"));
    REFUSED("names no role");
    STEPS(START("scan") "  - id: scan\n" "    type: action\n" TITLE
          "    action: site.scan\n" "    next: finish\n" END("finish"));
    REFUSED("must be declared as a variable of type boolean");
    folder_close(&f);
}

static void test_people(void **state)
{
    struct folder f;

    (void)state;
    folder_open(&f);
    STEPS(START("look") "  - id: look\n" "    type: task\n" TITLE
          "    text: {en: a, ja: 題}\n" "    next: finish\n" END("finish"));
    REFUSED("names no role");
    STEPS(START("look") TASK("look") "    evidence: [document]\n"
          "    next: finish\n" END("finish"));
    REFUSED("demands a document");
    STEPS(START("look") TASK("look") "    modality: consider\n"
          "    next: finish\n" END("finish"));
    REFUSED("must demand a decision");
    STEPS(START("look") TASK("look") "    answer: __fixed__\n"
          "    next: finish\n" END("finish"));
    REFUSED("constant");
    STEPS(START("look") TASK("look") "    escalate: {to: officer}\n"
          "    next: finish\n" END("finish"));
    REFUSED("\"after\" is missing");
    STEPS(START("look") TASK("look") "    due: {clock: step.opened}\n"
          "    next: finish\n" END("finish"));
    REFUSED("\"within\" is missing");
    folder_close(&f);
}

static void test_exception(void **state)
{
    struct folder f;
    struct hb_casebook *b;

    (void)state;
    folder_open(&f);
    folder_put(&f, "02-thing/playbook.yaml",
          "exception: help\n" HEAD GOOD_STEPS TASK(
          "help") "    next: help-end\n" END("help-end"));
    b = folder_load(&f);
    assert_string_equal(b->cases[0].playbook->exception->id, "help");
    hb_casebook_free(b);
    folder_put(&f, "02-thing/playbook.yaml",
          "exception: look\n" HEAD GOOD_STEPS);
    REFUSED("begins a branch but is reached");
    folder_close(&f);
}

/* clang-format on */
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_types), cmocka_unit_test(test_unknown_things),
        cmocka_unit_test(test_flow),      cmocka_unit_test(test_danger),
        cmocka_unit_test(test_people),    cmocka_unit_test(test_exception),
    };
    return hb_tap_run("casebook/flow", tests);
}
