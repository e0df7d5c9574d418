/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_work.c - requests by which people work on incidents: open, note, move,
 * answer tasks, decide, approve, resume.
 *
 * Runs in core.  Whoever calls is a registered person by the kernel's word;
 * decisions and approvals are signed by that person's key on their side and
 * verified here (decisions) or in the helper (approvals).
 */
#include <fcntl.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/num.h"
#include "core/cmd.h"
#include "core/core_clock.h"
#include "core/core_reflex.h"
#include "core/play_port.h"
#include "incident/decision.h"

static hb_core_cmd_fn incident_open, incident_note, incident_state,
    incident_restart, task_answer, task_assign, decision_add, step_resume,
    approval_wanted, approval_add, evidence_checkpoint, evidence_kept;

const struct hb_core_cmd hb_core_cmds_work[] = {
    {"incident.open", HB_NEED_PERSON, incident_open, HB_ABOUT_NONE},
    {"incident.note", HB_NEED_PERSON, incident_note, HB_ABOUT_ID},
    {"incident.state", HB_NEED_OFFICER, incident_state, HB_ABOUT_ID},
    {"task.answer", HB_NEED_PERSON, task_answer, HB_ABOUT_TASK},
    {"task.assign", HB_NEED_OFFICER, task_assign, HB_ABOUT_TASK},
    {"decision.add", HB_NEED_OFFICER, decision_add, HB_ABOUT_NONE},
    {"incident.restart", HB_NEED_OFFICER, incident_restart, HB_ABOUT_ID},
    {"step.resume", HB_NEED_OFFICER, step_resume, HB_ABOUT_INCIDENT},
    {"step.undo", HB_NEED_OFFICER, hb_core_step_undo, HB_ABOUT_INCIDENT},
    {"approval.wanted", HB_NEED_PERSON, approval_wanted, HB_ABOUT_INCIDENT},
    {"approval.add", HB_NEED_PERSON, approval_add, HB_ABOUT_INCIDENT},
    {"deed.list", HB_NEED_READ, hb_core_deed_list, HB_ABOUT_INCIDENT},
    {"deed.undo", HB_NEED_OFFICER, hb_core_deed_undo, HB_ABOUT_INCIDENT},
    {"evidence.checkpoint", HB_NEED_READ, evidence_checkpoint, HB_ABOUT_NONE},
    {"evidence.kept", HB_NEED_PERSON, evidence_kept, HB_ABOUT_NONE},
    {"evidence.export", HB_NEED_OFFICER, hb_core_evidence_export, HB_ABOUT_ALL},
    {NULL, HB_NEED_NOTHING, NULL, HB_ABOUT_NONE},
};

#define NOTE_MAX    4000u
#define OBJECT_MAX  200u
#define FIRST_TASKS 3u
#define WITHIN_MAX  ((int64_t)(366 * 86400 * HB_S))

struct wanted {
    struct hb_core_call *call;
    const struct hb_conf_site *site;
    struct hb_jw w;
};

struct firsts {
    struct hb_core_call *call;
    unsigned n;
};

static hb_task_fn add_wanted, add_first;
static bool known_subject(struct hb_core_call *call, const char *subject);
static const char *me(struct hb_core_call *call);
static int note_assigned(struct hb_core_call *call, const struct hb_task *t,
                         const struct hb_person *to);
static int unhex_arg(struct hb_core_call *call, const char *name, void *buf,
                     size_t size);

static int incident_open(struct hb_core_call *call)
{
    int number = (int)hb_json_int(call->args, "case", 0);
    const char *object = hb_json_str(call->args, "object", "");
    const char *note = hb_json_str(call->args, "note", "");
    const char *by = me(call);
    int64_t id;
    int r;

    if (by == NULL)
        return -ENOMEM;
    if (number < 1 || hb_case_find(call->core->book, (unsigned)number) == NULL)
        return hb_err_set(&call->err, -EINVAL,
                          _("There is no case %d (hinoban case list)."),
                          number);
    if (note[0] == '\0' || strlen(note) > NOTE_MAX)
        return hb_err_set(&call->err, -EINVAL,
                          _("Say in a few words what was noticed, by whom."));
    if (object[0] == '\0' || strlen(object) > OBJECT_MAX)
        return hb_err_set(&call->err, -EINVAL,
                          _("Name what it is about (the site), in at most %u "
                            "characters."),
                          OBJECT_MAX);
    r = hb_incident_open(&call->core->state, number, object, by, note, &id);
    if (r < 0)
        return r;
    r = hb_play_begin(call->core->play, id);
    if (r < 0)
        return r;
    hb_core_clocks_review(call->core, id);
    hb_buf_addf(&call->text, _("Incident %lld is open.\n"), (long long)id);
    hb_core_first_tasks(call, id);
    hb_buf_addf(&call->data, "{\"id\":%lld}", (long long)id);
    return 0;
}

void hb_core_first_tasks(struct hb_core_call *call, int64_t incident)
{
    struct firsts f = {.call = call};

    if (hb_core_hidden(call, incident))
        return;
    if (hb_task_each(&call->core->state, incident, true, add_first, &f) < 0)
        hb_log(HB_LOG_ERR, "the tasks of incident %lld could not be read",
               (long long)incident);
}

static int add_first(void *arg, const struct hb_task *t)
{
    struct firsts *f = arg;

    if (f->n++ == 0)
        hb_buf_addz(&f->call->text, _("First of all (hinoban task list):\n"));
    hb_buf_addf(&f->call->text, "  %4lld  %s\n", (long long)t->id,
                f->call->lang == HB_LANG_JA ? t->title_ja : t->title_en);
    return f->n == FIRST_TASKS;
}

static int incident_note(struct hb_core_call *call)
{
    struct hb_buf args = HB_BUF_INIT;
    const char *by = me(call), *note = hb_json_str(call->args, "note", "");
    int64_t id = hb_json_int(call->args, "id", 0);
    struct hb_incident i;
    struct hb_jw w;
    int r;

    if (by == NULL)
        return -ENOMEM;
    r = hb_incident_get(&call->core->state, call->arena, id, &i);
    if (r < 0)
        return hb_err_set(&call->err, r, _("There is no incident %lld."),
                          (long long)id);
    if (note[0] == '\0' || strlen(note) > NOTE_MAX)
        return hb_err_set(&call->err, -EINVAL,
                          _("A note has 1 to %u characters."), NOTE_MAX);
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "note", note);
    hb_jw_end_obj(&w);
    r = hb_buf_err(&args);
    if (r == 0)
        r = hb_timeline_add(&call->core->state, id, hb_now(), "incident.note",
                            by, hb_buf_z(&args), "");
    hb_buf_done(&args);
    if (r == 0)
        hb_buf_addz(&call->text, _("Noted.\n"));
    return r;
}

static int incident_state(struct hb_core_call *call)
{
    const char *want = hb_json_str(call->args, "state", "");
    const char *by = me(call);
    int st = HB_INC_OPEN, r;

    while (st <= HB_INC_CLOSED &&
           !hb_streq(hb_incident_state_name((enum hb_incident_state)st), want))
        st++;
    if (by == NULL)
        return -ENOMEM;
    if (st > HB_INC_CLOSED)
        return hb_err_set(&call->err, -EINVAL,
                          _("A state is contained, recovered or closed."));
    if (st == HB_INC_CLOSED)
        hb_core_own_controls(call->core);
    r = hb_incident_set_state(&call->core->state,
                              hb_json_int(call->args, "id", 0),
                              (enum hb_incident_state)st, by, &call->err);
    if (r == 0)
        hb_buf_addz(&call->text, _("Noted.\n"));
    return r;
}

static int task_answer(struct hb_core_call *call)
{
    int64_t id = hb_json_int(call->args, "id", 0);
    struct hb_task t;
    int r;

    /* A measure is done by what its check says now (incident/prevent.h). */
    hb_core_own_controls(call->core);
    r = hb_play_task_answer(call->core->play, id, call->person->id,
                            hb_json_bool(call->args, "done", true),
                            hb_json_str(call->args, "answer", ""), &call->err);
    if (r == -EINPROGRESS) {
        hb_buf_addz(&call->text, _("Noted. A second person has to agree.\n"));
        return 0;
    }
    if (r < 0)
        return r;
    if (hb_task_get(&call->core->state, call->arena, id, &t) == 0)
        hb_core_clocks_review(call->core, t.incident);
    hb_buf_addz(&call->text, _("Noted.\n"));
    return 0;
}

static int task_assign(struct hb_core_call *call)
{
    int64_t id = hb_json_int(call->args, "id", 0);
    int64_t within = hb_json_int(call->args, "within_ns", 0);
    struct hb_person to;
    struct hb_task t;
    int r = hb_person_by_name(&call->core->state, call->arena,
                              hb_json_str(call->args, "to", ""), &to);

    if (r < 0 || !to.active)
        return hb_err_set(&call->err, -ENOENT,
                          _("There is no such person (hinoban person list)."));
    if (within < 0 || within > WITHIN_MAX)
        return hb_err_set(&call->err, -EINVAL,
                          _("A task is due within a year at most."));
    r = hb_task_get(&call->core->state, call->arena, id, &t);
    if (r < 0)
        return hb_err_set(&call->err, r, _("There is no task %lld."),
                          (long long)id);
    r = hb_task_assign(&call->core->state, id, to.id,
                       within > 0 ? hb_now() + within : 0);
    if (r == -ENOENT)
        return hb_err_set(&call->err, r,
                          _("Task %lld waits for nobody any more."),
                          (long long)id);
    if (r == 0)
        r = note_assigned(call, &t, &to);
    if (r == 0)
        hb_buf_addf(&call->text, _("Task %lld is now for %s.\n"), (long long)id,
                    to.full_name);
    return r;
}

static int note_assigned(struct hb_core_call *call, const struct hb_task *t,
                         const struct hb_person *to)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    const char *by = me(call);
    struct hb_jw w;

    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "by", call->person->full_name);
    hb_jw_str(&w, "to", to->full_name);
    hb_jw_str(&w, "title", t->title_en);
    hb_jw_str(&w, "title_ja", t->title_ja);
    hb_jw_end_obj(&w);
    if (by == NULL || hb_buf_err(&args) < 0)
        return -ENOMEM;
    return hb_timeline_add(&call->core->state, t->incident, hb_now(),
                           "task.assigned", by, hb_buf_z(&args), "");
}

static int decision_add(struct hb_core_call *call)
{
    uint8_t sig[HB_SIG_SIZE];
    struct hb_decision_row row = {
        .subject = hb_json_str(call->args, "subject", ""),
        .verdict = hb_json_str(call->args, "verdict", ""),
        .reason = hb_json_str(call->args, "reason", ""),
        .time = hb_json_int(call->args, "time_ns", 0),
        .until = hb_json_int(call->args, "until_ns", 0),
        .sig = {(const char *)sig, sizeof(sig)},
    };
    int64_t id;
    int r = 0;

    if (!known_subject(call, row.subject))
        return hb_err_set(&call->err, -EINVAL,
                          _("A decision is about control:ID or case:NUMBER "
                            "of the case book (hinoban case list)."));
    r = unhex_arg(call, "sig", sig, sizeof(sig));

    if (r == 0)
        r = hb_decision_add(&call->core->state, call->person, &row,
                            hb_json_int(call->args, "incident", 0), &id);
    if (r == -EBADMSG)
        return hb_err_set(&call->err, r,
                          _("The signature is not that of your registered "
                            "key."));
    if (r < 0)
        return r;
    hb_buf_addz(&call->text, _("The decision is recorded.\n"));
    return 0;
}

static bool known_subject(struct hb_core_call *call, const char *subject)
{
    const struct hb_casebook *book = call->core->book;
    uint64_t number;

    if (strncmp(subject, "case:", 5) == 0)
        return hb_parse_u64(hb_slice_z(subject + 5), &number) == 0 &&
               number <= UINT32_MAX &&
               hb_case_find(book, (unsigned)number) != NULL;
    if (strncmp(subject, "control:", 8) != 0)
        return false;
    for (size_t i = 0; i < book->n; i++)
        for (size_t k = 0; k < book->cases[i].controls_n; k++)
            if (hb_streq(book->cases[i].controls[k].id, subject + 8))
                return true;
    return false;
}

static int step_resume(struct hb_core_call *call)
{
    int r = hb_play_resume(
        call->core->play, hb_json_int(call->args, "incident", 0),
        hb_json_str(call->args, "place", ""),
        hb_json_bool(call->args, "done", false), call->person, &call->err);

    if (r == 0)
        hb_buf_addz(&call->text, _("Noted.\n"));
    return r;
}

/* A playbook that failed, or that was ended, goes on. */
static int incident_restart(struct hb_core_call *call)
{
    int64_t id = hb_json_int(call->args, "id", 0);
    int r = hb_play_restart(call->core->play, id,
                            hb_json_str(call->args, "from", NULL), call->person,
                            &call->err);

    if (r == 0)
        hb_buf_addf(&call->text,
                    _("The playbook of incident %lld goes on; what was done "
                      "stays done.\n"),
                    (long long)id);
    return r;
}

/* The steps of an incident that wait for an approval, with what has to be
 * signed: the caller's program makes the approval with the person's key. */
static int approval_wanted(struct hb_core_call *call)
{
    struct wanted w = {.call = call};
    int64_t id = hb_json_int(call->args, "incident", 0);
    struct hb_incident i;
    int r = hb_incident_get(&call->core->state, call->arena, id, &i);

    if (r < 0)
        return hb_err_set(&call->err, r, _("There is no incident %lld."),
                          (long long)id);
    w.site = hb_config_site(call->core->ctx->config, i.object);
    if (w.site == NULL)
        return hb_err_set(&call->err, -ENOENT,
                          _("The incident's site is not configured."));
    hb_jw_init(&w.w, &call->data);
    hb_jw_arr(&w.w, NULL);
    r = hb_task_each(&call->core->state, id, true, add_wanted, &w);
    hb_jw_end_arr(&w.w);
    return r;
}

/* A task whose step is "PLACE!N" stands for an action that the helper wants
 * approved (playbook/act.c). */
static int add_wanted(void *arg, const struct hb_task *t)
{
    struct wanted *w = arg;
    struct hb_core_call *call = w->call;
    const char *mark = strchr(t->step, '!');
    const struct hb_step *step;
    struct hb_request q = {0};
    char *place;

    if (mark == NULL)
        return 0;
    place = hb_arena_dup(call->arena, t->step, (size_t)(mark - t->step));
    if (place == NULL)
        return -ENOMEM;
    step = hb_play_step(call->core->play, t->incident, place);
    if (step == NULL || step->action == NULL)
        return 0;
    hb_core_step_request(step, w->site, t->incident, &q);
    hb_jw_obj(&w->w, NULL);
    hb_jw_int(&w->w, "task", t->id);
    hb_jw_str(&w->w, "step", step->id);
    hb_jw_str(&w->w, "name", step->action->name);
    hb_jw_int(&w->w, "action", q.action);
    hb_jw_int(&w->w, "step_number", q.step);
    hb_jw_int(&w->w, "site", q.site);
    hb_jw_str(&w->w, "site_name", w->site->name);
    hb_jw_int(&w->w, "arg", q.arg);
    hb_jw_str(&w->w, "title",
              call->lang == HB_LANG_JA ? t->title_ja : t->title_en);
    hb_jw_end_obj(&w->w);
    return 0;
}

static int approval_add(struct hb_core_call *call)
{
    const char *hex = hb_json_str(call->args, "blob", "");
    uint8_t blob[HB_ACT_APPROVAL_MAX], random[16];
    struct hb_slice bytes = {(const char *)blob, strlen(hex) / 2};
    int64_t task = hb_json_int(call->args, "task", 0);
    int64_t incident = hb_json_int(call->args, "incident", 0);
    char nonce[33], step[16];
    struct hb_task t;
    int r;

    if (bytes.n == 0 || bytes.n > sizeof(blob) ||
        hb_unhex(hb_slice_z(hex), blob, bytes.n) < 0)
        return hb_err_set(&call->err, -EINVAL, _("This is not an approval."));
    r = hb_task_get(&call->core->state, call->arena, task, &t);
    if (r < 0 || t.incident != incident || strchr(t.step, '!') == NULL)
        return hb_err_set(&call->err, -ENOENT,
                          _("Task %lld of incident %lld wants no approval."),
                          (long long)task, (long long)incident);
    hb_random(random, sizeof(random));
    hb_hex(random, sizeof(random), nonce);
    (void)snprintf(step, sizeof(step), "%08x",
                   (unsigned)hb_json_int(call->args, "step_number", 0));
    r = hb_db_exec(call->core->state.db,
                   "INSERT INTO approval(nonce, incident, step, person,"
                   " blob, created, used)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0)",
                   "titisi", nonce, incident, step, call->person->id, &bytes,
                   hb_now());
    if (r < 0)
        return r;
    r = hb_play_task_answer(call->core->play, task, call->person->id, true,
                            hb_json_str(call->args, "words", "approved"),
                            &call->err);
    if (r == 0 || r == -EINPROGRESS)
        return 0;
    /* Who may not answer must not leave one that hides the officer's. */
    if (hb_db_exec(call->core->state.db,
                   "DELETE FROM approval WHERE nonce = ?1", "t", nonce) < 0)
        hb_log(HB_LOG_ERR, "an approval that was refused could not be removed");
    return r;
}

/* For a paper with what tells whose it is: it may be found years later. */
static int evidence_checkpoint(struct hb_core_call *call)
{
    _cleanup_buf_ struct hb_buf line = HB_BUF_INIT;
    bool paper = hb_json_bool(call->args, "paper", false);
    struct hb_core *c = call->core;
    int r = hb_core_checkpoint(c, paper ? HB_SEND_PAPER : HB_SEND_NOW, &line,
                               &call->err);
    char key[17] = "";
    struct utsname u;
    struct hb_jw w;

    if (r < 0)
        return r;
    hb_buf_addz(&call->text, _("A checkpoint was signed.\n"));
    if (!paper) {
        hb_json_quote(&call->data, hb_buf_slice(&line));
        return hb_buf_err(&line);
    }
    if (c->evidence_pub != NULL)
        hb_pub_id(c->evidence_pub, key);
    hb_jw_init(&w, &call->data);
    hb_jw_obj(&w, NULL);
    hb_jw_slice(&w, "line", hb_buf_slice(&line));
    hb_jw_str(&w, "organisation", c->ctx->config->organisation.name);
    hb_jw_str(&w, "machine", uname(&u) == 0 ? u.nodename : "");
    hb_jw_str(&w, "key", key);
    hb_jw_end_obj(&w);
    return hb_buf_err(&line);
}

static int evidence_kept(struct hb_core_call *call)
{
    int r = hb_core_anchor_paper(
        call->core, call->person, hb_json_str(call->args, "code", ""),
        hb_json_str(call->args, "place", ""), &call->err);

    if (r < 0)
        return r;
    hb_core_own_controls(call->core);
    hb_buf_addz(&call->text,
                _("It is written down that this paper was put away. What is "
                  "taken from now on is not on it.\n"));
    return 0;
}

/* "person:NAME" for the record. */
static const char *me(struct hb_core_call *call)
{
    return hb_arena_printf(call->arena, "person:%s", call->person->name);
}

static int unhex_arg(struct hb_core_call *call, const char *name, void *buf,
                     size_t size)
{
    return hb_unhex(hb_slice_z(hb_json_str(call->args, name, "")), buf, size);
}
