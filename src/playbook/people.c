/* SPDX-License-Identifier: Apache-2.0 */
/*
 * people.c - task steps: what is asked of people, their answers, and the
 * evidence without which a task may not close.
 *
 * Runs in core.  A task and the row that waits for it are one transaction,
 * so that a restart keeps the queue.  A task without a time-out waits as long
 * as it takes.  Deciding against something is an answer: for a step that is
 * "to be considered" it is a good end, for a question it means no.
 */
#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "base/num.h"
#include "incident/evidence.h"
#include "incident/fact.h"
#include "incident/prevent.h"
#include "playbook/vars.h"

#define ASK_WITHIN (600 * (int64_t)HB_S)

static const char over_time[] = N_("The time for it was over.");

struct files { /* while items of evidence are looked through */
    int64_t since;
    int64_t numbers[16]; /* that the answer names as #N */
    size_t n;
    bool found;
};

static int finish(struct hb_walk *w, const struct hb_scope *sc,
                  const struct hb_step *s, struct hb_run_row *row,
                  const struct hb_task *t);
static int over(struct hb_walk *w, const struct hb_scope *sc,
                const struct hb_step *s, struct hb_run_row *row);
static int due(struct hb_walk *w, const struct hb_step *s, int64_t *ret);
static const char *evidence_text(struct hb_arena *a, const struct hb_step *s);
static int write_documents(struct hb_walk *w, const struct hb_step *s);
static int missing(struct hb_walk *w, const struct hb_step *s,
                   const struct hb_task *t, const char *answer);
static int have_file(struct hb_walk *w, const struct hb_task *t,
                     const char *answer);
static int have_documents(struct hb_walk *w, const struct hb_step *s);
static int have_owners(struct hb_walk *w);
static int have_drill(struct hb_walk *w);
static int each_file(void *arg, const struct hb_evidence_item *item);
static int is_there(struct hb_walk *w, const char *sql, int64_t number,
                    const char *text, int64_t since);
static int find(struct hb_play *p, struct hb_arena *a, int64_t task,
                struct hb_walk *w, struct hb_run *run, struct hb_task *t,
                const struct hb_step **ret);
static int have_facts(struct hb_walk *w, const struct hb_step *s);
static int held(struct hb_walk *w);
static hb_evidence_fn any_content;
static struct hb_said said_by(struct hb_walk *w, const struct hb_task *t);
static int wrong_answer(const struct hb_step *s, struct hb_err *err);
static void say_missing(const struct hb_step *s, struct hb_err *err,
                        unsigned kinds);

int hb_people_begin(struct hb_walk *w, const struct hb_scope *sc,
                    const struct hb_step *s, struct hb_run_row *row)
{
    struct hb_task t = {
        .incident = w->run->incident,
        .step = row->place,
        .title_en = s->title.in[HB_LANG_EN],
        .title_ja = s->title.in[HB_LANG_JA],
        .roles = s->roles,
        .four_eyes = s->four_eyes,
        .evidence = evidence_text(w->a, s),
        .patience = (int64_t)s->escalate_after,
    };
    bool own = false;
    int r = due(w, s, &t.due);

    if (t.title_en == NULL)
        t.title_en = s->id;
    if (t.title_ja == NULL)
        t.title_ja = t.title_en;
    if (t.evidence == NULL)
        return -ENOMEM;
    if (s->escalate_after > 0)
        t.pass_to = 1u << s->escalate_to;
    if (r == 0)
        r = write_documents(w, s);
    if (r == 0)
        r = hb_run_begin(w->p, &own);
    if (r < 0)
        return r;
    row->state = HB_PLAY_BEGUN;
    row->waits = HB_WAITS_ANSWER;
    r = hb_task_add(w->p->s, &t, &row->task);
    if (r == 0)
        r = hb_run_row_put(w->p, w->run->id, row);
    if (w->budget > 0)
        w->budget--;
    return hb_run_commit(w->p, own, r);
}

int hb_people_drive(struct hb_walk *w, const struct hb_scope *sc,
                    const struct hb_step *s, struct hb_run_row *row)
{
    struct hb_task t;
    int r = hb_people_task(w, row->task, &t);

    if (r < 0)
        return r;
    if (t.state != HB_TASK_WAITING)
        return finish(w, sc, s, row, &t);
    if (row->wake > 0 && row->wake <= w->now)
        return over(w, sc, s, row);
    return 0;
}

int hb_people_ask(struct hb_walk *w, const char *step, const char *lead,
                  const struct hb_text *t, bool four_eyes,
                  const struct hb_step *s, int64_t *ret)
{
    struct hb_words2 words = hb_words(lead);
    const char *en = t->in[HB_LANG_EN] != NULL ? t->in[HB_LANG_EN] : step,
               *ja = t->in[HB_LANG_JA] != NULL ? t->in[HB_LANG_JA] : en;
    struct hb_task task = {
        .incident = w->run->incident,
        .step = step,
        .title_en = hb_arena_printf(w->a, "%s%s", words.en, en),
        .title_ja = hb_arena_printf(w->a, "%s%s", words.ja, ja),
        .roles = HB_PR_OFFICER,
        .four_eyes = four_eyes,
        .evidence = "",
    };

    if (task.title_en == NULL || task.title_ja == NULL)
        return -ENOMEM;
    if (s != NULL) {
        if (s->roles != 0)
            task.roles = s->roles;
        task.patience = (int64_t)s->escalate_after;
        if (s->escalate_after > 0)
            task.pass_to = 1u << s->escalate_to;
    }
    /* The machine stands still until it is answered: first in the list. */
    task.due = w->now + (task.patience > 0 ? task.patience : ASK_WITHIN);
    return hb_task_add(w->p->s, &task, ret);
}

int hb_people_task(struct hb_walk *w, int64_t id, struct hb_task *ret)
{
    return hb_task_get(w->p->s, w->a, id, ret);
}

const char *hb_people_name(struct hb_walk *w, int64_t person)
{
    struct hb_person p;

    return hb_person_get(w->p->s, w->a, person, &p) < 0 ? "?" : p.full_name;
}

/* ---- what core calls ---- */

int hb_play_task_answer(struct hb_play *p, int64_t task, int64_t person,
                        bool done, const char *answer, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_step *s = NULL;
    struct hb_run run = {0};
    struct hb_walk w;
    struct hb_task t;
    int r;

    if (a == NULL)
        return -ENOMEM;
    r = find(p, a, task, &w, &run, &t, &s);
    if (r == -ENOENT && s == NULL) /* hb_task_answer() says it better */
        return hb_task_answer(p->s, task, person, done, answer, err);
    if (r < 0)
        return hb_err_set(err, r, _("The task could not be read."));
    if (answer == NULL)
        answer = "";
    if (s != NULL && done && answer[0] != '\0') {
        r = missing(&w, s, &t, answer);
        if (r < 0)
            return hb_err_set(err, r, _("The evidence could not be read."));
        if (r > 0) {
            say_missing(s, err, (unsigned)r);
            return -ENODATA;
        }
        if (s->answer != NULL &&
            hb_var_answer(a, s->answer, done, answer) == NULL)
            return wrong_answer(s, err);
    }
    r = hb_task_answer(p->s, task, person, done, answer, err);
    if (r == 0 && run.id != 0)
        (void)hb_play_advance(p, run.id); /* else the tick does it */
    return r;
}

int hb_play_evidence_missing(struct hb_play *p, int64_t task,
                             const char *answer)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_step *s = NULL;
    struct hb_run run = {0};
    struct hb_walk w;
    struct hb_task t;
    int r;

    if (a == NULL)
        return -ENOMEM;
    r = find(p, a, task, &w, &run, &t, &s);
    if (r < 0)
        return r;
    return s == NULL ? 0 : missing(&w, s, &t, answer != NULL ? answer : "");
}

/* ---- the end of a task ---- */

static int finish(struct hb_walk *w, const struct hb_scope *sc,
                  const struct hb_step *s, struct hb_run_row *row,
                  const struct hb_task *t)
{
    bool was_done = t->state == HB_TASK_DONE, own;
    const char *value = NULL;
    int r;

    if (t->state == HB_TASK_EXPIRED)
        return over(w, sc, s, row);
    if (s->answer != NULL)
        value = hb_var_answer(w->a, s->answer, was_done, t->answer);
    row->state = HB_PLAY_ENDED;
    row->way = HB_WAY_NEXT;
    row->finished = w->now;
    row->wake = 0;
    row->waits = HB_WAITS_NONE;
    row->result = t->answer;
    if (!was_done && s->answer == NULL) {
        /* Decided against.  Only a step that says what happens then has
         * another way; the timeline has the reason from the answer. */
        row->state = HB_PLAY_SKIPPED;
        if (s->modality != HB_MOD_CONSIDER && s->on_failure != NULL)
            hb_walk_choose(sc, s, row);
    }
    r = hb_run_begin(w->p, &own);
    if (r < 0)
        return r;
    if (value != NULL)
        r = hb_var_set(w, sc, s->answer, value, said_by(w, t));
    if (r == 0)
        r = hb_run_row_put(w->p, w->run->id, row);
    if (w->budget > 0)
        w->budget--;
    return hb_run_commit(w->p, own, r);
}

static int over(struct hb_walk *w, const struct hb_scope *sc,
                const struct hb_step *s, struct hb_run_row *row)
{
    struct hb_task t;
    bool own;
    int r = hb_run_begin(w->p, &own);

    if (r < 0)
        return r;
    r = hb_run_expire(w->p, row->task, w->now);
    if (r == 0 && (r = hb_people_task(w, row->task, &t)) == 0 &&
        t.state != HB_TASK_EXPIRED) {
        /* Answered in the last moment: that counts. */
        r = hb_run_commit(w->p, own, 0);
        return r < 0 ? r : finish(w, sc, s, row, &t);
    }
    row->finished = w->now;
    row->waits = HB_WAITS_NONE;
    if (r >= 0)
        r = hb_walk_fail(w, sc, s, row, hb_words(over_time));
    return hb_run_commit(w->p, own, r);
}

static int due(struct hb_walk *w, const struct hb_step *s, int64_t *ret)
{
    struct hb_incident i;
    int64_t from = w->now;
    int r;

    if (s->due == 0)
        return 0;
    if (s->clock != HB_CLOCK_STEP_OPENED) {
        r = hb_incident_get(w->p->s, w->a, w->run->incident, &i);
        if (r < 0)
            return r;
        from = s->clock == HB_CLOCK_INCIDENT_KNOWN ? i.known_at : i.opened;
    }
    *ret = from + (int64_t)s->due;
    return 0;
}

static const char *evidence_text(struct hb_arena *a, const struct hb_step *s)
{
    const char *z = "";

    for (unsigned k = 0; z != NULL && k < HB_EVK_COUNT; k++)
        if ((s->evidence & 1u << k) != 0)
            z = hb_arena_printf(
                a, "%s%s%s", z, z[0] != '\0' ? "," : "",
                hb_evidence_kind_name((enum hb_evidence_kind)k));
    return z;
}

/* Papers may be written any number of times; one that cannot be written now
 * is missing when the task is to close, and tried again then. */
static int write_documents(struct hb_walk *w, const struct hb_step *s)
{
    int r;

    if (w->p->port.document == NULL)
        return 0;
    for (size_t i = 0; i < s->documents_n; i++) {
        hb_fault_crash();
        r = w->p->port.document(w->p->port.arg, w->run->incident,
                                s->documents[i]->id);
        if (r == -ENOMEM)
            return r;
    }
    return 0;
}

/* ---- evidence ---- */

static int missing(struct hb_walk *w, const struct hb_step *s,
                   const struct hb_task *t, const char *answer)
{
    unsigned lacks = 0;
    int r;

    for (unsigned k = 0; k < HB_EVK_COUNT; k++) {
        if ((s->evidence & 1u << k) == 0)
            continue;
        switch ((enum hb_evidence_kind)k) {
        case HB_EVK_NOTE:
        case HB_EVK_DECISION: /* who and when are kept with the answer */
            r = answer[strspn(answer, " \t\r\n")] != '\0';
            break;
        case HB_EVK_FILE:
            r = have_file(w, t, answer);
            break;
        case HB_EVK_DOCUMENT:
            r = have_documents(w, s);
            break;
        case HB_EVK_OWNER_DUE:
            r = have_owners(w);
            break;
        case HB_EVK_DRILL:
            r = have_drill(w);
            break;
        case HB_EVK_FACTS:
            r = have_facts(w, s);
            break;
        case HB_EVK_HELD:
            r = held(w);
            break;
        default:
            r = -ENOTSUP;
        }
        if (r < 0)
            return r;
        if (r == 0)
            lacks |= 1u << k;
    }
    return (int)lacks;
}

/* An item that was taken since the task was asked for, or one of this
 * incident that the answer names as #NUMBER. */
static int have_file(struct hb_walk *w, const struct hb_task *t,
                     const char *answer)
{
    struct files f = {.since = t->created};
    int r;

    if (w->p->s->evidence == NULL)
        return 0;
    for (const char *z = answer; (z = strchr(z, '#')) != NULL;) {
        size_t n = strspn(++z, "0123456789");
        uint64_t v;

        if (n > 0 && f.n < HB_ARRAY_LEN(f.numbers) &&
            hb_parse_u64(hb_slice(z, n), &v) == 0 && v <= INT64_MAX)
            f.numbers[f.n++] = (int64_t)v;
    }
    r = hb_evidence_each(w->p->s->evidence, w->run->incident, each_file, &f);
    return r < 0 ? r : f.found;
}

static int each_file(void *arg, const struct hb_evidence_item *item)
{
    struct files *f = arg;

    if (item->sha256[0] == '\0') /* a line without content */
        return 0;
    /* A paper that was written meanwhile, by a branch beside, is no file of
     * this task unless a person names it. */
    f->found = item->time >= f->since && !hb_streq(item->kind, "document");
    for (size_t i = 0; i < f->n; i++)
        f->found = f->found || f->numbers[i] == item->number;
    return f->found ? 1 : 0;
}

static int have_documents(struct hb_walk *w, const struct hb_step *s)
{
    static const char sql[] = "SELECT 1 FROM document WHERE incident = ?1"
                              " AND name = ?2 AND made >= ?3";
    int r = 1;

    for (size_t i = 0; r == 1 && i < s->documents_n; i++) {
        const char *id = s->documents[i]->id;

        r = is_there(w, sql, w->run->incident, id, 0);
        if (r == 0 && w->p->port.document != NULL &&
            w->p->port.document(w->p->port.arg, w->run->incident, id) == 0)
            r = is_there(w, sql, w->run->incident, id, 0);
    }
    return r;
}

/* What was proposed, however it was answered since, and everything else that
 * waits and that no step of the playbook asked for. */
static int have_owners(struct hb_walk *w)
{
    struct hb_err err = {0};
    int r = hb_prevent_all(w->p->s, w->run->incident, &err);

    if (r < 0)
        return r == -ENODATA ? 0 : r;
    r = is_there(w,
                 "SELECT 1 FROM task WHERE incident = ?1 AND state = 1"
                 " AND ?2 = '' AND ?3 = 0 AND (owner = 0 OR due = 0)"
                 " AND id NOT IN (SELECT run_step.task FROM run_step"
                 " JOIN run ON run.id = run_step.run"
                 " WHERE run.incident = ?1)",
                 w->run->incident, "", 0);

    return r < 0 ? r : r == 0;
}

static int have_drill(struct hb_walk *w)
{
    struct hb_incident i;
    int r = hb_incident_get(w->p->s, w->a, w->run->incident, &i);

    if (r < 0)
        return r;
    if (w->p->port.proved == NULL)
        return 0;
    return w->p->port.proved(w->p->port.arg, i.case_number, i.opened);
}

/* "?" counts: it was asked, and the paper says so. */
static int have_facts(struct hb_walk *w, const struct hb_step *s)
{
    struct hb_known k;
    int r = 1;

    for (size_t i = 0; r == 1 && i < s->facts_n; i++)
        r = hb_known_get(w->p->s, w->a, w->run->incident, s->facts[i]->name,
                         &k);
    return r;
}

/* Nothing is wiped before its evidence is kept, unless management decided so
 * in so many words (PRACTICE: 保全せず復旧を優先). */
static int held(struct hb_walk *w)
{
    struct hb_known k;
    bool found = false;
    int r = 0;

    if (w->p->s->evidence != NULL)
        r = hb_evidence_each(w->p->s->evidence, w->run->incident, any_content,
                             &found);
    if (r < 0 || found)
        return r < 0 ? r : 1;
    r = hb_known_get(w->p->s, w->a, w->run->incident, "evidence_waived", &k);
    return r == 1 ? hb_streq(k.value, "true") : r;
}

static int any_content(void *arg, const struct hb_evidence_item *item)
{
    /* A paper that was written by itself keeps nothing of the attacker. */
    *(bool *)arg = item->sha256[0] != '\0' && !hb_streq(item->kind, "document");
    return *(bool *)arg ? 1 : 0;
}

static struct hb_said said_by(struct hb_walk *w, const struct hb_task *t)
{
    struct hb_said by = {"role:core", "task"};
    struct hb_person p;
    const char *z = NULL;

    if (t->done_by != 0 && hb_person_get(w->p->s, w->a, t->done_by, &p) == 0)
        z = hb_arena_printf(w->a, "person:%s", p.name);
    if (z != NULL)
        by.actor = z;
    z = hb_arena_printf(w->a, "task:%lld", (long long)t->id);
    if (z != NULL)
        by.source = z;
    return by;
}

static int wrong_answer(const struct hb_step *s, struct hb_err *err)
{
    struct hb_buf b = HB_BUF_INIT;
    const struct hb_fact *f = s->answer->fact;

    if (f == NULL || f->type == HB_FACT_INTEGER)
        return hb_err_set(err, -EINVAL,
                          _("This step asks for a number; answer with "
                            "digits only."));
    if (f->type == HB_FACT_TIME)
        return hb_err_set(err, -EINVAL,
                          _("This step asks for a time; answer like "
                            "2026-04-01T09:30:00+09:00."));
    for (size_t i = 0; i < f->choices_n; i++)
        hb_buf_addf(&b, "%s%s (%s)", i > 0 ? ", " : "", f->choices[i].value,
                    hb_text(&f->choices[i].label));
    (void)hb_err_set(err, -EINVAL, _("This step asks for one of: %s."),
                     hb_buf_z(&b));
    hb_buf_done(&b);
    return -EINVAL;
}

/* 1 there is a row, 0 none. */
static int is_there(struct hb_walk *w, const char *sql, int64_t number,
                    const char *text, int64_t since)
{
    int64_t one = 0;

    return hb_db_number(w->p->s->db, &one, sql, "iti", number, text, since);
}

/* The task, its run and its step; the step is NULL for an approval, a task
 * made by hand, or one whose step is gone. */
static int find(struct hb_play *p, struct hb_arena *a, int64_t task,
                struct hb_walk *w, struct hb_run *run, struct hb_task *t,
                const struct hb_step **ret)
{
    const struct hb_scope *sc;
    const struct hb_step *s;
    struct hb_run_row row;
    int64_t id = 0;
    int r = hb_task_get(p->s, a, task, t);

    if (r < 0)
        return r;
    r = hb_run_row_by_task(p, a, task, &id, &row);
    if (r < 0)
        return r;
    if (r == 0) {
        r = hb_run_of(p, a, t->incident, run);
        return r == -ENOENT ? 0 : r;
    }
    r = hb_run_load(p, a, id, run);
    if (r < 0)
        return r;
    hb_walk_init(w, p, a, run);
    if (row.waits == HB_WAITS_ANSWER &&
        hb_place_find(a, run->pb, row.place, &sc, &s) == 0 &&
        s->type == HB_STEP_TASK)
        *ret = s;
    return 0;
}

static void say_missing(const struct hb_step *s, struct hb_err *err,
                        unsigned kinds)
{
    static const struct {
        enum hb_evidence_kind kind;
        const char *text;
    } say[] = {
        {HB_EVK_NOTE, N_("Say in words what was done or found.")},
        {HB_EVK_DECISION, N_("Say in words what was decided, and why.")},
        {HB_EVK_FILE,
         N_("A file belongs to this: add it to the evidence, or name what is "
            "kept already as #NUMBER in your answer.")},
        {HB_EVK_DOCUMENT, N_("The document of this step is not written yet.")},
        {HB_EVK_OWNER_DUE,
         N_("Every measure needs an owner and a due date first, and what was "
            "called done its proof.")},
        {HB_EVK_DRILL,
         N_("The proof of a drill after this incident is missing.")},
        {HB_EVK_HELD,
         N_("Keep the evidence first (hinoban evidence add): nothing is wiped "
            "before. Where management decides to recover first, record that "
            "(hinoban fact set INCIDENT evidence_waived true).")},
    };

    struct hb_buf names = HB_BUF_INIT;

    for (size_t i = 0; i < HB_ARRAY_LEN(say); i++)
        if ((kinds & 1u << say[i].kind) != 0)
            (void)hb_err_set(err, -ENODATA, "%s", _(say[i].text));
    if ((kinds & 1u << HB_EVK_FACTS) == 0)
        return;
    for (size_t i = 0; i < s->facts_n; i++)
        hb_buf_addf(&names, "%s%s (%s)", i > 0 ? ", " : "", s->facts[i]->name,
                    hb_text(&s->facts[i]->label));
    (void)hb_err_set(err, -ENODATA,
                     _("This step is to find out: %s. Record each with "
                       "\"hinoban fact set\"; ? says that it is under "
                       "investigation."),
                     hb_buf_z(&names));
    hb_buf_done(&names);
}
