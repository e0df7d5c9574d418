/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of people: answers, approvals, evidence, deadlines. */
#include "world.h"

#include "casebook/posture.h"
#include "incident/evidence.h"

#define BEGIN(next) "- {id: begin, type: start, next: " next "}\n"
#define FIN         "- {id: fin, type: end}\n"
#define SCAN(id, more)                                                         \
    "- {id: " id ", type: action, action: site.scan, " more "}\n"
#define TELL(id, more) "- {id: " id ", type: task, " more "}\n"
#define STOP(id)       "- {id: " id ", type: end}\n"

static void start(struct world *w, const char *steps)
{
    world_book(w, steps);
    assert_int_equal(
        hb_incident_open(&w->s, 2, "www", "p", "seen", &w->incident), 0);
    assert_int_equal(hb_play_begin(w->p, w->incident), 0);
}

static struct world_find found(struct world *w, const char *step)
{
    struct world_find f = {.step = step};

    assert_int_equal(
        hb_task_each(&w->s, w->incident, false, world_task_one, &f), 0);
    assert_true(f.id != 0);
    return f;
}

static struct hb_task task_of(struct world *w, const char *step)
{
    return found(w, step).t;
}

/* Answers of several kinds into the variable of a question. */
static void answered(const char *var, bool done, const char *text,
                     const char *expect)
{
    struct hb_stmt *q;
    char steps[512];
    struct world w;

    (void)snprintf(
        steps, sizeof(steps),
        BEGIN("q") "- {id: q, type: task, answer: %s, next: fin}\n" FIN, var);
    world_open(&w);
    start(&w, steps);
    assert_int_equal(world_answer(&w, "q", done, text), 0);
    assert_int_equal(hb_db_stmt(w.s.db,
                                "SELECT value FROM run_variable"
                                " WHERE name = ?1",
                                &q),
                     0);
    assert_int_equal(hb_stmt_text(q, 1, var), 0);
    assert_int_equal(hb_stmt_step(q), 1);
    assert_string_equal(hb_stmt_col_text(q, 0), expect);
    hb_stmt_reset(q);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

static void test_answers(void **state)
{
    answered("__ok__", true, "we did it", "true");
    answered("__ok__", false, "we did not", "false");
    answered("__ok__", true, " No. ", "false");
    answered("__ok__", true, "いいえ。閉じました", "false");
    answered("__ok__", true, "No objections", "true");
    answered("__ok__", true, "none left", "true");
    answered("__n__", true, "42", "42");
    answered("__kind__", true, "with  many spaces ", "with  many spaces ");
}

static void test_number_asked(void **state)
{
    struct hb_err err = {0};
    struct world w;

    world_open(&w);
    start(&w, BEGIN("q") TELL("q", "answer: __n__, next: fin") FIN);
    assert_int_equal(world_answer(&w, "q", true, "about seven"), -EINVAL);
    assert_true(world_task(&w, "q") != 0);
    /* Past the engine: the answer stands, the variable keeps its value. */
    assert_int_equal(hb_task_answer(&w.s, world_task(&w, "q"), w.sato, true,
                                    "about seven", &err),
                     0);
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

static void test_declined(void **state)
{
    struct world w;

    world_open(&w);
    start(&w, BEGIN("a") TELL("a", "modality: consider, evidence: [decision],"
                                   " on_success: b, on_failure: bad")
                  TELL("b", "on_success: c, on_failure: bad")
                      TELL("bad", "next: c") TELL("c", "next: fin") FIN);
    /* A reason is demanded either way. */
    assert_int_equal(world_answer(&w, "a", false, ""), -ENODATA);
    assert_int_equal(world_answer(&w, "a", false, "too dear"), 0);
    assert_string_equal(world_trace(&w), "begin:E a:S b:B");
    assert_int_equal(world_answer(&w, "b", false, "cannot"), 0);
    assert_string_equal(world_trace(&w), "begin:E a:S b:F bad:B");
    assert_int_equal(world_answer(&w, "bad", true, "did"), 0);
    assert_int_equal(world_answer(&w, "c", false, "not needed"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    assert_has(world_timeline(&w, HB_LANG_JA), "too dear");
    world_close(&w);
}

static void test_four_eyes(void **state)
{
    struct hb_err err = {0};
    struct world w;
    int64_t id;

    world_open(&w);
    start(&w, BEGIN("a") TELL("a", "four_eyes: true, next: fin") FIN);
    id = world_task(&w, "a");
    assert_int_equal(world_answer(&w, "a", true, "yes"), -EINPROGRESS);
    assert_int_equal(world_answer(&w, "a", true, "yes"), -EPERM);
    assert_string_equal(world_trace(&w), "begin:E a:B");
    assert_int_equal(hb_play_task_answer(w.p, id, w.abe, true, "me too", &err),
                     0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    assert_int_equal(hb_play_task_answer(w.p, 999, w.abe, true, "me too", &err),
                     -ENOENT);
    world_close(&w);
}

static void test_task_row(void **state)
{
    struct hb_incident i;
    struct hb_arena *a = hb_arena_new(0);
    struct hb_task t;
    struct world w;
    int64_t before = hb_now();

    world_open(&w);
    start(&w,
          BEGIN("par") "- {id: par, type: parallel, branches: [a, b, c],"
                       " next: fin}\n" TELL(
                           "a",
                           "roles: [officer, manager], due: {clock: "
                           "incident.known, within: 2h}, escalate: {after: "
                           "4h, to: manager}, evidence: [note, file], next: "
                           "ax") STOP("ax")
                           TELL("b", "due: {clock: step.opened, within: 10m},"
                                     " delay: 1h, next: bx") STOP("bx")
                               TELL("c", "next: cx") STOP("cx") FIN);
    assert_int_equal(hb_incident_get(&w.s, a, w.incident, &i), 0);
    t = task_of(&w, "a");
    assert_int_equal(t.roles, HB_PR_OFFICER | HB_PR_MANAGER);
    assert_int_equal(t.due, i.known_at + (int64_t)(7200 * HB_S));
    assert_int_equal(t.patience, 4 * 3600 * (int64_t)HB_S);
    assert_int_equal(t.pass_to, HB_PR_MANAGER);
    assert_int_equal(task_of(&w, "c").due, 0);
    assert_int_equal(task_of(&w, "c").patience, 0);
    world_later(&w, 3601 * HB_S);
    t = task_of(&w, "b");
    assert_true(t.due >= before + (int64_t)((3600 + 600) * HB_S));
    hb_arena_free(a);
    world_close(&w);
}

static void test_escalation(void **state)
{
    struct hb_person boss = {.name = "boss",
                             .full_name = "Boss",
                             .uid = 1003,
                             .roles = HB_PR_MANAGER};
    int64_t id, minute = 60 * (int64_t)HB_S;
    struct world w;

    world_open(&w);
    assert_int_equal(put_person(&w.s, &boss, &id), 0);
    start(&w,
          BEGIN("par") "- {id: par, type: parallel, branches: [a, b], next: "
                       "fin}\n" TELL(
                           "a", "escalate: {after: 2h, to: manager}, next: ax")
                           STOP("ax") TELL("b", "next: bx") STOP("bx") FIN);
    /* The default of ten minutes moves only the step without its own. */
    world_later(&w, 11 * 60 * HB_S);
    assert_int_equal(hb_task_escalate(&w.s, hb_now(), 10 * minute), 1);
    assert_int_equal(task_of(&w, "a").escalated, 0);
    assert_int_equal(task_of(&w, "b").escalated, 1);
    world_later(&w, 2 * 3600 * HB_S);
    assert_int_equal(hb_task_escalate(&w.s, hb_now(), 100 * 60 * minute), 1);
    assert_int_equal(task_of(&w, "a").escalated, 1);
    assert_int_equal(task_of(&w, "a").owner, id);
    world_close(&w);
}

/* ---- approvals of actions ---- */

#define ASKED                                                                  \
    BEGIN("a")                                                                 \
    "- {id: a, type: action, action: site.private, roles: [officer], undo: u," \
    " four_eyes: true, args: {retry_after: \"60\"}, on_success: fin,"          \
    " on_failure: hand}\n"                                                     \
    "- {id: u, type: action, action: site.public}\n" TELL("hand", "next: fin") \
        FIN

static void test_approval(void **state)
{
    struct hb_err err = {0};
    struct world w;
    int64_t id;

    world_open(&w);
    world_tell(&w, "a", DEED_ASK, NULL);
    start(&w, ASKED);
    assert_string_equal(world_trace(&w), "begin:E a:B");
    assert_int_equal(w.n, 1);
    world_restart(&w);
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(w.n, 1); /* waits for people, not for the machine */
    id = world_task(&w, "a!2");
    assert_true(id != 0);
    assert_string_equal(found(&w, "a!2").title_ja, "承認:手順a");
    /* First in the list: the machine stands still until it is answered. */
    assert_in_range(found(&w, "a!2").t.due, hb_now(),
                    hb_now() + 600 * (int64_t)HB_S);
    assert_ptr_equal(hb_play_step(w.p, w.incident, "a!2"),
                     hb_play_step(w.p, w.incident, "a"));
    assert_int_equal(world_answer(&w, "a!2", true, "yes"), -EINPROGRESS);
    assert_int_equal(w.n, 1);
    assert_int_equal(
        hb_play_task_answer(w.p, id, w.abe, true, "go ahead", &err), 0);
    assert_int_equal(w.n, 2);
    assert_int_equal(w.deeds[1].approval, id);
    assert_false(w.deeds[1].again);
    assert_memory_equal(w.deeds[0].key, w.deeds[1].key, HB_ACT_KEY_SIZE);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    assert_has(world_timeline(&w, HB_LANG_EN), "action.asked|");
    assert_has(world_timeline(&w, HB_LANG_EN),
               "action.approved|Abe approved: a.");
    world_close(&w);
}

static void test_approval_declined(void **state)
{
    struct world w;

    world_open(&w);
    world_tell(&w, "a", DEED_ASK, NULL);
    start(&w, ASKED);
    assert_int_equal(world_answer(&w, "a!2", false, "not now"), 0);
    assert_string_equal(world_trace(&w), "begin:E a:F hand:B");
    assert_int_equal(w.n, 1);
    world_close(&w);
}

static void test_approval_in_time(void **state)
{
    struct world w;

    world_open(&w);
    world_tell(&w, "a", DEED_ASK, NULL);
    start(&w, BEGIN("a") "- {id: a, type: action, action: site.public,"
                         " timeout: 1h, roles: [officer], on_success: fin,"
                         " on_failure: hand}\n" TELL("hand", "next: fin") FIN);
    assert_true(world_task(&w, "a!2") != 0);
    world_later(&w, 3601 * HB_S);
    assert_string_equal(world_trace(&w), "begin:E a:F hand:B");
    assert_int_equal(world_task(&w, "a!2"), 0);
    world_close(&w);
}

/* ---- actions that nobody can be asked about ---- */

static void test_unknown_is_resumed_by_a_person(void **state)
{
    struct hb_person sato = {.full_name = "佐藤"};
    struct hb_err err = {0};
    struct world w;

    world_open(&w);
    world_tell(&w, "a", DEED_UNKNOWN, NULL);
    start(&w, BEGIN("a") SCAN("a", "next: b") SCAN("b", "next: fin") FIN);
    assert_string_equal(world_trace(&w), "begin:E a:X");
    world_later(&w, 3600 * HB_S);
    world_restart(&w);
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(w.n, 1); /* never tried again by the machine */
    /* Not done: begun again, under a key of its own. */
    assert_int_equal(world_answer(&w, "a?2", false, "it did not run"), 0);
    assert_int_equal(w.n, 2);
    assert_false(w.deeds[1].again);
    assert_true(memcmp(w.deeds[0].key, w.deeds[1].key, HB_ACT_KEY_SIZE) != 0);
    assert_string_equal(world_trace(&w), "begin:E a:X");
    assert_int_equal(hb_play_resume(w.p, w.incident, "b", true, &sato, &err),
                     -ENOENT);
    assert_int_equal(
        hb_play_resume(w.p, w.incident, "begin", true, &sato, &err), -EINVAL);
    assert_int_equal(hb_play_resume(w.p, w.incident, "a", true, &sato, &err),
                     0);
    assert_string_equal(world_trace(&w), "begin:E a:E b:E fin:E");
    assert_int_equal(w.n, 3);
    assert_int_equal(world_task(&w, "a?4"), 0);
    assert_has(world_timeline(&w, HB_LANG_EN), "佐藤: It was done.");
    world_close(&w);
}

static void test_unreachable_is_tried_again(void **state)
{
    struct world w;

    world_open(&w);
    world_tell(&w, "a", DEED_AWAY, NULL);
    start(&w, BEGIN("a") SCAN("a", "next: fin") FIN);
    assert_int_equal(hb_play_tick(w.p), 0);
    world_tell(&w, "a", DEED_LATER, NULL);
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(w.n, 1);
    assert_false(w.deeds[0].again); /* nothing had been begun */
    world_restart(&w);
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(w.n, 2);
    assert_true(w.deeds[1].again); /* nobody here knows */
    assert_memory_equal(w.deeds[0].key, w.deeds[1].key, HB_ACT_KEY_SIZE);
    assert_string_equal(world_trace(&w), "begin:E a:B");
    assert_int_equal(hb_play_answer(w.p, w.deeds[1].key, HB_PLAY_DONE,
                                    "{\"__site_clean__\":true}", ""),
                     0);
    assert_int_equal(
        hb_play_answer(w.p, w.deeds[1].key, HB_PLAY_DONE, "{}", ""), -EALREADY);
    assert_int_equal(hb_play_answer(w.p, (const uint8_t[HB_ACT_KEY_SIZE]){1},
                                    HB_PLAY_DONE, "{}", ""),
                     -ENOENT);
    assert_int_equal(hb_play_answer(w.p, (const uint8_t[HB_ACT_KEY_SIZE]){0},
                                    HB_PLAY_DONE, "{}", ""),
                     -ENOENT);
    world_close(&w);
}

static void test_undo(void **state)
{
    struct hb_person by = {.full_name = "Abe"};
    struct hb_err err = {0};
    struct world w;

    world_open(&w);
    world_tell(&w, "a", DEED_LATER, NULL);
    start(&w, ASKED);
    assert_int_equal(hb_play_undo(w.p, w.incident, "a", &by, &err), -EINVAL);
    assert_int_equal(hb_play_undo(w.p, w.incident, "x", &by, &err), -ENOENT);
    assert_int_equal(hb_play_undo(w.p, w.incident, "begin", &by, &err),
                     -ENOTSUP);
    assert_int_equal(
        hb_play_answer(w.p, w.deeds[0].key, HB_PLAY_DONE, "{}", ""), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    /* Also after the run has ended, and across a restart. */
    world_tell(&w, "u", DEED_LATER, NULL);
    assert_int_equal(hb_play_undo(w.p, w.incident, "a", &by, &err), 0);
    assert_string_equal(w.deeds[1].place, "a~undo");
    assert_memory_equal(w.deeds[1].undoes, w.deeds[0].key, HB_ACT_KEY_SIZE);
    assert_int_equal(hb_play_undo(w.p, w.incident, "a", &by, &err),
                     -EINPROGRESS);
    assert_int_equal(hb_play_undo(w.p, w.incident, "a~undo", &by, &err),
                     -ENOTSUP);
    world_restart(&w);
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_true(w.deeds[2].again);
    assert_int_equal(
        hb_play_answer(w.p, w.deeds[2].key, HB_PLAY_FAILED, "{}", "busy"), 0);
    world_tell(&w, "u", DEED_NOW, NULL);
    assert_int_equal(hb_play_undo(w.p, w.incident, "a", &by, &err), 0);
    assert_string_equal(world_trace(&w), "begin:E a:E fin:E a~undo:E");
    assert_int_equal(hb_play_undo(w.p, w.incident, "a", &by, &err), -EALREADY);
    assert_has(world_timeline(&w, HB_LANG_EN), "action.undone|Undone by Abe");
    world_close(&w);
}

/* ---- evidence ---- */

static void refused(struct world *w, const char *step, const char *answer,
                    const char *words)
{
    struct hb_err err = {0};

    assert_int_equal(hb_play_task_answer(w->p, world_task(w, step), w->sato,
                                         true, answer, &err),
                     -ENODATA);
    assert_has(err.message, words);
}

static void test_evidence_file(void **state)
{
    struct hb_evidence_item early = {.kind = "file",
                                     .name = "a",
                                     .taken_by = "role:core",
                                     .source = "t"},
                            late = early, note = early, paper = early;
    struct hb_err err = {0};
    char dir[128], answer[64];
    struct world w;

    world_open(&w);
    (void)snprintf(dir, sizeof(dir), "%s/ev", w.dir);
    world_book(&w, BEGIN("a") TELL("a", "evidence: [file], next: b")
                       TELL("b", "evidence: [note, file], next: c")
                           TELL("c", "evidence: [file], next: fin") FIN);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "seen", &w.incident),
                     0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    /* Without a store nothing can be shown to be there. */
    refused(&w, "a", "kept it", "evidence");
    assert_int_equal(hb_evidence_open(dir, NULL, &w.s.evidence, &err), 0);
    early.incident = note.incident = late.incident = w.incident;
    early.time = hb_now() - (int64_t)HB_S;
    assert_int_equal(hb_evidence_add_bytes(w.s.evidence, &early, HB_SLICE("x")),
                     0);
    note.time = hb_now();
    assert_int_equal(hb_evidence_note(w.s.evidence, &note), 0);
    refused(&w, "a", "kept it", "#NUMBER");
    /* Nor does a paper that was written meanwhile. */
    paper.incident = w.incident;
    paper.kind = "document";
    paper.time = hb_now();
    assert_int_equal(hb_evidence_add_bytes(w.s.evidence, &paper, HB_SLICE("p")),
                     0);
    refused(&w, "a", "kept it", "#NUMBER");
    refused(&w, "a", "kept it as #999", "#NUMBER");
    assert_int_equal(hb_play_evidence_missing(w.p, world_task(&w, "a"), "x"),
                     1 << HB_EVK_FILE);
    /* What stands already may be named ... */
    (void)snprintf(answer, sizeof(answer), "it is #%lld",
                   (long long)early.number);
    assert_int_equal(world_answer(&w, "a", true, answer), 0);
    /* ... or something is added now. */
    late.time = hb_now();
    assert_int_equal(hb_evidence_add_bytes(w.s.evidence, &late, HB_SLICE("y")),
                     0);
    assert_int_equal(world_answer(&w, "b", true, "added"), 0);
    /* Deciding against the step needs a reason, not a file. */
    assert_int_equal(world_answer(&w, "c", false, "nothing to keep"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

static void test_evidence_owner_and_drill(void **state)
{
    struct hb_task t = {.step = "prevent:x",
                        .title_en = "x",
                        .title_ja = "x",
                        .roles = HB_PR_ADMIN,
                        .evidence = ""};
    struct world w;
    int64_t id;

    world_open(&w);
    start(&w, BEGIN("a") TELL("a", "evidence: [owner-due], next: b")
                  TELL("b", "evidence: [drill], next: fin") FIN);
    t.incident = w.incident;
    assert_int_equal(hb_task_add(&w.s, &t, &id), 0);
    refused(&w, "a", "done", "owner");
    assert_int_equal(hb_task_assign(&w.s, id, w.abe, 0), 0);
    refused(&w, "a", "done", "owner");
    assert_int_equal(
        hb_db_exec(w.s.db, "UPDATE task SET due = 5 WHERE id = ?1", "i", id),
        0);
    /* One that was called done, and no machine says so. */
    t.step = "measure:files.watching";
    assert_int_equal(hb_task_add(&w.s, &t, &id), 0);
    assert_int_equal(hb_db_exec(w.s.db,
                                "UPDATE task SET state = 2, owner = ?2,"
                                " due = 5 WHERE id = ?1",
                                "ii", id, w.abe),
                     0);
    refused(&w, "a", "done", "owner");
    assert_int_equal(hb_db_exec(w.s.db,
                                "INSERT INTO control_result VALUES"
                                "('files.watching', ?2, '', '', ?1, 0)",
                                "ii", hb_now(), (int64_t)HB_CS_PASS),
                     0);
    assert_int_equal(world_answer(&w, "a", true, "all have one"), 0);
    refused(&w, "b", "proven", "drill");
    w.proved = 1; /* long before */
    refused(&w, "b", "proven", "drill");
    w.proved = hb_now();
    assert_int_equal(world_answer(&w, "b", true, "proven"), 0);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

static void test_evidence_document(void **state)
{
    struct world w;

    world_open(&w);
    folder_put(&w.f, "02-thing/documents/D01.yaml",
               "id: D01\ntitle: {en: First report, ja: 第一報}\n"
               "to: {en: Management, ja: 経営者}\n"
               "sections:\n  - title: {en: T, ja: 時系列}\n"
               "    kind: timeline\n");
    start(&w, BEGIN("a") TELL("a", "evidence: [document], documents: [D01],"
                                   " next: fin") FIN);
    assert_int_equal(w.documents, 1); /* written when it was asked for */
    assert_int_equal(hb_db_exec(w.s.db, "DELETE FROM document", ""), 0);
    assert_int_equal(world_answer(&w, "a", true, "handed over"), 0);
    assert_int_equal(w.documents, 2); /* and again, being gone */
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_number_asked),
        cmocka_unit_test(test_declined),
        cmocka_unit_test(test_four_eyes),
        cmocka_unit_test(test_task_row),
        cmocka_unit_test(test_escalation),
        cmocka_unit_test(test_approval),
        cmocka_unit_test(test_approval_declined),
        cmocka_unit_test(test_approval_in_time),
        cmocka_unit_test(test_unknown_is_resumed_by_a_person),
        cmocka_unit_test(test_unreachable_is_tried_again),
        cmocka_unit_test(test_undo),
        cmocka_unit_test(test_evidence_file),
        cmocka_unit_test(test_evidence_owner_and_drill),
        cmocka_unit_test(test_evidence_document),
    };

    return hb_tap_run("playbook/people", tests);
}
