/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_work.c - requests by which people work on incidents: open, note, move,
 * answer tasks, decide, approve, resume.
 *
 * Runs in core.  Whoever calls is a registered person by the kernel's word;
 * decisions and approvals are signed by that person's key on their side and
 * verified here (decisions) or in the helper (approvals).
 */
#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"
#include "core/play_port.h"
#include "incident/decision.h"

static hb_core_cmd_fn incident_open, incident_note, incident_state, task_answer,
    task_assign, decision_add, step_resume, approval_wanted, approval_add,
    evidence_checkpoint, evidence_export;

const struct hb_core_cmd hb_core_cmds_work[] = {
    {"incident.open", HB_NEED_PERSON, incident_open},
    {"incident.note", HB_NEED_PERSON, incident_note},
    {"incident.state", HB_NEED_OFFICER, incident_state},
    {"task.answer", HB_NEED_PERSON, task_answer},
    {"task.assign", HB_NEED_OFFICER, task_assign},
    {"decision.add", HB_NEED_OFFICER, decision_add},
    {"step.resume", HB_NEED_OFFICER, step_resume},
    {"approval.wanted", HB_NEED_PERSON, approval_wanted},
    {"approval.add", HB_NEED_PERSON, approval_add},
    {"evidence.checkpoint", HB_NEED_READ, evidence_checkpoint},
    {"evidence.export", HB_NEED_OFFICER, evidence_export},
    {NULL, HB_NEED_NOTHING, NULL},
};

struct wanted {
    struct hb_core_call *call;
    const struct hb_conf_site *site;
    struct hb_jw w;
};

static hb_task_fn add_wanted;
static const char *me(struct hb_core_call *call);
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
    if (note[0] == '\0')
        return hb_err_set(&call->err, -EINVAL,
                          _("Say in a few words what was noticed, by whom."));
    r = hb_incident_open(&call->core->state, number, object, by, note, &id);
    if (r < 0)
        return r;
    r = hb_play_begin(call->core->play, id);
    if (r < 0)
        return r;
    hb_buf_addf(&call->text, _("Incident %lld is open.\n"), (long long)id);
    hb_buf_addf(&call->data, "{\"id\":%lld}", (long long)id);
    return 0;
}

static int incident_note(struct hb_core_call *call)
{
    struct hb_buf args = HB_BUF_INIT;
    const char *by = me(call);
    struct hb_jw w;
    int r;

    if (by == NULL)
        return -ENOMEM;
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "note", hb_json_str(call->args, "note", ""));
    hb_jw_end_obj(&w);
    r = hb_timeline_add(&call->core->state, hb_json_int(call->args, "id", 0),
                        hb_now(), "incident.note", by, hb_buf_z(&args), "");
    hb_buf_done(&args);
    return r;
}

static int incident_state(struct hb_core_call *call)
{
    const char *want = hb_json_str(call->args, "state", "");
    const char *by = me(call);
    int st = HB_INC_OPEN;

    while (st <= HB_INC_CLOSED &&
           !hb_streq(hb_incident_state_name((enum hb_incident_state)st), want))
        st++;
    if (by == NULL)
        return -ENOMEM;
    if (st > HB_INC_CLOSED)
        return hb_err_set(&call->err, -EINVAL,
                          _("A state is contained, recovered or closed."));
    return hb_incident_set_state(&call->core->state,
                                 hb_json_int(call->args, "id", 0),
                                 (enum hb_incident_state)st, by, &call->err);
}

static int task_answer(struct hb_core_call *call)
{
    int64_t id = hb_json_int(call->args, "id", 0);
    int r =
        hb_play_task_answer(call->core->play, id, call->person->id,
                            hb_json_bool(call->args, "done", true),
                            hb_json_str(call->args, "answer", ""), &call->err);

    if (r == -EINPROGRESS) {
        hb_buf_addz(&call->text, _("Noted. A second person has to agree.\n"));
        return 0;
    }
    if (r < 0)
        return r;
    hb_buf_addz(&call->text, _("Noted.\n"));
    return 0;
}

static int task_assign(struct hb_core_call *call)
{
    struct hb_person to;
    int r = hb_person_by_name(&call->core->state, call->arena,
                              hb_json_str(call->args, "to", ""), &to);

    if (r < 0)
        return hb_err_set(&call->err, r, _("There is no such person."));
    return hb_task_assign(&call->core->state, hb_json_int(call->args, "id", 0),
                          to.id);
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
    int r = unhex_arg(call, "sig", sig, sizeof(sig));

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

static int step_resume(struct hb_core_call *call)
{
    return hb_play_resume(
        call->core->play, hb_json_int(call->args, "incident", 0),
        hb_json_str(call->args, "place", ""),
        hb_json_bool(call->args, "done", false), call->person, &call->err);
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
    char nonce[33], step[16];
    int r;

    if (bytes.n > sizeof(blob))
        return -EINVAL;
    r = hb_unhex(hb_slice_z(hex), blob, bytes.n);
    if (r < 0)
        return r;
    hb_random(random, sizeof(random));
    hb_hex(random, sizeof(random), nonce);
    (void)snprintf(step, sizeof(step), "%08x",
                   (unsigned)hb_json_int(call->args, "step_number", 0));
    r = hb_db_exec(call->core->state.db,
                   "INSERT INTO approval(nonce, incident, step, person,"
                   " blob, created, used)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0)",
                   "titisi", nonce, hb_json_int(call->args, "incident", 0),
                   step, call->person->id, &bytes, hb_now());
    if (r < 0)
        return r;
    r = hb_play_task_answer(
        call->core->play, hb_json_int(call->args, "task", 0), call->person->id,
        true, hb_json_str(call->args, "words", "approved"), &call->err);
    return r == -EINPROGRESS ? 0 : r;
}

static int evidence_checkpoint(struct hb_core_call *call)
{
    int r = hb_core_checkpoint(call->core, &call->err);

    if (r == 0)
        hb_buf_addz(&call->text, _("A checkpoint was signed.\n"));
    return r;
}

static int evidence_export(struct hb_core_call *call)
{
    const char *dir = call->core->ctx->state_dir;
    int64_t id = hb_json_int(call->args, "incident", 0);
    const char *to =
        hb_arena_printf(call->arena, "%s/export-%lld-%lld", dir, (long long)id,
                        (long long)(hb_now() / (int64_t)HB_S));
    int r;

    if (to == NULL)
        return -ENOMEM;
    r = hb_evidence_export(call->core->state.evidence, id, to, &call->err);
    if (r < 0)
        return r;
    hb_buf_addf(&call->text, _("The package is in %s.\n"), to);
    hb_json_quote(&call->data, hb_slice_z(to));
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
