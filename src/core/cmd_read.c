/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_read.c - requests that only look: status, incidents, tasks, evidence,
 * events, people, controls.
 *
 * Runs in core.  Each writes text for people and data for programs; the text
 * is in the language of the request, the data never is.
 */
#include "base/clock.h"
#include "base/num.h"
#include "base/i18n.h"
#include "base/show.h"
#include "core/cmd.h"
#include "core/play_port.h"
#include "store/events.h"

static hb_core_cmd_fn status, incident_list, incident_show, task_list,
    evidence_list, event_list, person_list, person_me, control_list, posture,
    question_list;

const struct hb_core_cmd hb_core_cmds_read[] = {
    {"status", HB_NEED_READ, status, HB_ABOUT_NONE},
    {"posture", HB_NEED_READ, posture, HB_ABOUT_NONE},
    {"posture.history", HB_NEED_READ, hb_core_history, HB_ABOUT_NONE},
    {"incident.list", HB_NEED_READ, incident_list, HB_ABOUT_NONE},
    {"incident.show", HB_NEED_READ, incident_show, HB_ABOUT_ID},
    {"task.list", HB_NEED_READ, task_list, HB_ABOUT_INCIDENT},
    {"evidence.list", HB_NEED_READ, evidence_list, HB_ABOUT_INCIDENT},
    {"event.list", HB_NEED_READ, event_list, HB_ABOUT_NONE},
    {"person.list", HB_NEED_READ, person_list, HB_ABOUT_NONE},
    {"person.me", HB_NEED_PERSON, person_me, HB_ABOUT_NONE},
    {"control.list", HB_NEED_READ, control_list, HB_ABOUT_NONE},
    {"question.list", HB_NEED_READ, question_list, HB_ABOUT_NONE},
    {NULL, HB_NEED_NOTHING, NULL, HB_ABOUT_NONE},
};

struct list {
    struct hb_core_call *call;
    struct hb_jw w;
    size_t n;
};

static hb_incident_fn add_incident;
static hb_moment_fn add_moment;
static hb_task_fn add_task;
static hb_evidence_fn add_evidence;
static hb_events_fn add_event;
static hb_person_fn add_person;
static void add_roles(struct hb_buf *b, unsigned roles);
static const char *owner_of(struct hb_core_call *call, const struct hb_task *t);
static void add_question(struct list *l, const struct hb_next_step *s);
static void add_text(struct hb_jw *w, const char *key, const struct hb_text *t);
static void begin(struct list *l, struct hb_core_call *call);
static int finish(struct list *l, const char *none);
static void sites(struct hb_core_call *call);
static void parts(struct hb_core_call *call);
static int show_steps(struct hb_core_call *call, int64_t id);
static int zone(const struct hb_core_call *call);
static void anchor(struct hb_core_call *call);
static void pending(struct hb_core_call *call, const char *site);

static int status(struct hb_core_call *call)
{
    struct hb_posture *p;
    int r;

    /* What core knows by itself is looked at now, not ten seconds ago. */
    hb_core_own_controls(call->core);
    r = hb_core_posture(call->core, call->arena, &p);
    if (r < 0)
        return r;
    hb_posture_json(&call->data, p);
    if (hb_json_bool(call->args, "next", false)) {
        hb_posture_steps(&call->text, p, p->next_n, 80);
        if (p->next_n == 0)
            hb_buf_addz(&call->text, _("Nothing is left to do.\n"));
        return 0;
    }
    hb_posture_screen(&call->text, p, 80,
                      hb_json_bool(call->args, "colour", false), zone(call));
    hb_buf_addc(&call->text, '\n');
    sites(call);
    parts(call);
    anchor(call);
    hb_core_reports_wait(call);
    r = hb_core_messages_status(call);
    if (r < 0)
        return r;
    if (call->core->degraded)
        hb_buf_addf(&call->text, _("TROUBLE: %s\n"),
                    hb_core_shown(call, call->core->trouble));
    return 0;
}

static int posture(struct hb_core_call *call)
{
    struct hb_posture *p;
    int r;

    /* What core knows by itself is looked at now, not ten seconds ago. */
    hb_core_own_controls(call->core);
    r = hb_core_posture(call->core, call->arena, &p);
    if (r < 0)
        return r;
    hb_posture_headline(&call->text, p);
    hb_buf_addc(&call->text, '\n');
    hb_posture_json(&call->data, p);
    return 0;
}

static void sites(struct hb_core_call *call)
{
    const struct hb_conf_list *list = &call->core->ctx->config->sites;
    const struct hb_conf_site *s = list->v;

    hb_buf_addz(&call->text, _("Guarded sites:\n"));
    for (size_t i = 0; i < list->n; i++) {
        hb_buf_addf(&call->text, "  %-16s %s  %s\n", s[i].name, s[i].root,
                    s[i].url != NULL ? s[i].url : "");
        pending(call, s[i].name);
    }
}

/* Told where checkpoints of the evidence do not leave, and since when. */
static void anchor(struct hb_core_call *call)
{
    _cleanup_buf_ struct hb_buf said = HB_BUF_INIT;
    char reason[HB_CORE_REASON];
    bool failing;

    if (hb_core_anchor_reason(call->core, reason, &failing) && !failing)
        return;
    hb_control_reason(&said, reason, true);
    hb_buf_addf(&call->text, _("Evidence: %s\n"), hb_buf_z(&said));
}

static void pending(struct hb_core_call *call, const char *site)
{
    char name[96];
    const char *n;
    int64_t count = 0;

    (void)snprintf(name, sizeof(name), HB_CORE_PENDING "%s", site);
    n = hb_state_get(&call->core->state, call->arena, name);
    if (n != NULL && hb_parse_i64(hb_slice_z(n), &count) == 0 && count > 0)
        hb_buf_addf(&call->text,
                    P_("  %-16s %lld change of a deploy waits for you: "
                       "hinoban site pending %s\n",
                       "  %-16s %lld changes of a deploy wait for you: "
                       "hinoban site pending %s\n",
                       count),
                    "", (long long)count, site);
}

static void parts(struct hb_core_call *call)
{
    char buf[64];

    hb_buf_addz(&call->text, _("Can this screen be trusted?\n"));
    for (size_t i = 0; i < call->core->parts_n; i++) {
        const struct hb_core_part *p = &call->core->parts[i];

        hb_buf_addf(&call->text, "  %-16s %-12s %s  %s\n",
                    hb_core_shown(call, p->name),
                    hb_core_shown(call, p->status),
                    hb_core_when(call, p->at, buf, sizeof(buf)),
                    hb_core_shown(call, p->detail));
    }
    hb_buf_addf(&call->text, "  %-16s %s\n", "helper",
                hb_core_helper_alive(call->core->helper)
                    ? _("connected")
                    : _("NOT CONNECTED: nothing can be restored"));
}

static int incident_list(struct hb_core_call *call)
{
    struct list l;
    int r;

    begin(&l, call);
    r = hb_incident_each(&call->core->state,
                         hb_json_bool(call->args, "open", false), add_incident,
                         &l);
    return r < 0 ? r : finish(&l, _("No incidents."));
}

static int add_incident(void *arg, const struct hb_incident *i)
{
    struct list *l = arg;
    struct hb_core_call *call = l->call;
    const struct hb_case *k =
        hb_case_find(call->core->book, (unsigned)i->case_number);
    const char *title = k != NULL ? hb_text(&k->title) : "?";
    char buf[64];

    if (hb_core_hidden(call, i->id))
        return 0;

    hb_buf_addf(&call->text, "%4lld  %s  %-10s %s [%s] %lld\n",
                (long long)i->id,
                hb_core_when(call, i->opened, buf, sizeof(buf)),
                hb_incident_state_name(i->state), title,
                hb_core_shown(call, i->object), (long long)i->findings);
    hb_jw_obj(&l->w, NULL);
    hb_jw_int(&l->w, "id", i->id);
    hb_jw_str(&l->w, "uid", i->uid);
    hb_jw_int(&l->w, "case", i->case_number);
    hb_jw_str(&l->w, "object", i->object);
    hb_jw_str(&l->w, "state", hb_incident_state_name(i->state));
    hb_jw_int(&l->w, "severity", i->severity);
    hb_jw_str(&l->w, "opened", hb_time_utc(i->opened, buf, sizeof(buf)));
    hb_jw_int(&l->w, "opened_ns", i->opened);
    hb_jw_int(&l->w, "first_event_ns", i->first_event);
    hb_jw_str(&l->w, "opened_by", i->opened_by);
    hb_jw_int(&l->w, "findings", i->findings);
    hb_jw_end_obj(&l->w);
    l->n++;
    return 0;
}

static int incident_show(struct hb_core_call *call)
{
    int64_t id = hb_json_int(call->args, "id", 0);
    struct hb_incident i;
    struct list l;
    int r = hb_incident_get(&call->core->state, call->arena, id, &i);

    if (r < 0)
        return hb_err_set(&call->err, r, _("There is no incident %lld."),
                          (long long)id);
    begin(&l, call);
    (void)add_incident(&l, &i);
    hb_buf_addf(&call->text, "\n%s\n", _("Timeline"));
    hb_jw_arr(&l.w, NULL);
    r = hb_timeline_each(&call->core->state, id, add_moment, &l);
    hb_jw_end_arr(&l.w);
    if (r < 0)
        return r;
    if (i.findings > HB_CORE_TOLD_MAX)
        hb_buf_addf(&call->text,
                    _("  %lld findings in all; each of them: hinoban event "
                      "--site %s\n"),
                    (long long)i.findings, hb_core_shown(call, i.object));
    hb_buf_addf(&call->text, "\n%s\n", _("Steps"));
    r = show_steps(call, id);
    if (r < 0)
        return r;
    hb_buf_addf(&call->text, "\n%s\n", _("Waiting for people"));
    hb_jw_arr(&l.w, NULL);
    r = hb_task_each(&call->core->state, id, true, add_task, &l);
    hb_jw_end_arr(&l.w);
    return r < 0 ? r : finish(&l, "");
}

static int add_moment(void *arg, const struct hb_moment *m)
{
    struct list *l = arg;
    struct hb_core_call *call = l->call;
    struct hb_buf text = HB_BUF_INIT;
    char buf[64];

    hb_moment_text(&text, m, (int)call->lang);
    hb_buf_addf(&call->text, "  %s  %s\n",
                hb_core_when(call, m->time, buf, sizeof(buf)), hb_buf_z(&text));
    hb_jw_obj(&l->w, NULL);
    hb_jw_str(&l->w, "time", hb_time_utc(m->time, buf, sizeof(buf)));
    hb_jw_int(&l->w, "time_ns", m->time);
    hb_jw_str(&l->w, "kind", m->kind);
    hb_jw_str(&l->w, "actor", m->actor);
    hb_jw_str(&l->w, "text", hb_buf_z(&text));
    hb_jw_raw(&l->w, "args", hb_slice_z(m->args));
    hb_jw_str(&l->w, "event", m->event_uid);
    hb_jw_end_obj(&l->w);
    l->n++;
    hb_buf_done(&text);
    return 0;
}

static int add_step(void *arg, const struct hb_play_view *v)
{
    static const char *const marks[] = {"?",   "[ ]", "[~]", "[x]",
                                        "[!]", "[-]", "[?]"};
    struct hb_core_call *call = arg;

    if (v->step->type == HB_STEP_START || v->step->type == HB_STEP_END)
        return 0;
    hb_buf_addf(&call->text, "  %s %s  %s\n",
                (size_t)v->state < HB_ARRAY_LEN(marks) ? marks[v->state] : "?",
                hb_text(&v->step->title),
                v->result != NULL && v->result[0] != '\0'
                    ? hb_core_shown(call, hb_gettext(v->result))
                    : "");
    if (v->state == HB_PLAY_FAILED_STEP || v->state == HB_PLAY_SKIPPED ||
        (v->state == HB_PLAY_ENDED && v->step->undo != NULL))
        hb_buf_addf(&call->text, "      (%s)\n", v->place);
    if (v->state == HB_PLAY_STUCK)
        hb_buf_addf(&call->text,
                    _("      Nobody knows whether this was done. Look, then: "
                      "hinoban incident resume %lld %s done|again\n"),
                    (long long)hb_json_int(call->args, "id", 0), v->place);
    return 0;
}

static int show_steps(struct hb_core_call *call, int64_t id)
{
    enum hb_play_state st = HB_PLAY_ENDED;
    const char *why = "";
    int r = hb_play_each(call->core->play, id, add_step, call);

    if (r >= 0)
        r = hb_play_run(call->core->play, call->arena, id, &st, &why);
    if (r == 0 && st == HB_PLAY_FAILED_STEP)
        hb_buf_addf(&call->text,
                    _("  The playbook failed or was ended. To go on: hinoban "
                      "incident restart %lld [--from STEP]\n"),
                    (long long)id);
    return r == -ENOENT ? 0 : r;
}

static int task_list(struct hb_core_call *call)
{
    struct list l;
    int r;

    begin(&l, call);
    r = hb_task_each(&call->core->state, hb_json_int(call->args, "incident", 0),
                     !hb_json_bool(call->args, "all", false), add_task, &l);
    if (r >= 0)
        r = finish(&l, _("Nothing waits for people."));
    if (r >= 0 && hb_json_int(call->args, "incident", 0) == 0)
        hb_core_reports_wait(call);
    return r;
}

static int add_task(void *arg, const struct hb_task *t)
{
    struct list *l = arg;
    struct hb_core_call *call = l->call;
    const char *owner = owner_of(call, t);
    char buf[64];

    if (hb_core_hidden(call, t->incident))
        return 0;

    hb_buf_addf(&call->text, "  %4lld  [%lld] %s", (long long)t->id,
                (long long)t->incident,
                call->lang == HB_LANG_JA ? t->title_ja : t->title_en);
    if (t->due != 0)
        hb_buf_addf(&call->text, _("  (until %s)"),
                    hb_core_when(call, t->due, buf, sizeof(buf)));
    if (owner[0] != '\0')
        hb_buf_addf(&call->text, _("  (for %s)"), hb_core_shown(call, owner));
    if (t->escalated > 0)
        hb_buf_addf(&call->text, _("  (passed on %lld times)"),
                    (long long)t->escalated);
    hb_buf_addc(&call->text, '\n');
    hb_jw_obj(&l->w, NULL);
    hb_jw_int(&l->w, "id", t->id);
    hb_jw_int(&l->w, "incident", t->incident);
    hb_jw_str(&l->w, "step", t->step);
    hb_jw_str(&l->w, "title_en", t->title_en);
    hb_jw_str(&l->w, "title_ja", t->title_ja);
    hb_jw_int(&l->w, "state", t->state);
    hb_jw_int(&l->w, "due_ns", t->due);
    hb_jw_str(&l->w, "owner", owner);
    hb_jw_bool(&l->w, "four_eyes", t->four_eyes);
    hb_jw_str(&l->w, "answer", t->answer);
    hb_jw_end_obj(&l->w);
    l->n++;
    return 0;
}

/* Whom the task was given to; "" nobody. */
static const char *owner_of(struct hb_core_call *call, const struct hb_task *t)
{
    struct hb_person p;

    if (t->owner == 0 ||
        hb_person_get(&call->core->state, call->arena, t->owner, &p) < 0)
        return "";
    return p.name;
}

static int evidence_list(struct hb_core_call *call)
{
    struct list l;
    int r;

    begin(&l, call);
    r = hb_evidence_each(call->core->state.evidence,
                         hb_json_int(call->args, "incident", 0), add_evidence,
                         &l);
    return r < 0 ? r : finish(&l, _("No evidence."));
}

static int add_evidence(void *arg, const struct hb_evidence_item *e)
{
    struct list *l = arg;
    struct hb_core_call *call = l->call;
    char buf[64];

    if (e->incident != 0 && hb_core_hidden(call, e->incident))
        return 0;

    hb_buf_addf(&call->text, "%5lld  %s  %-8s %.16s %10lld  ",
                (long long)e->number,
                hb_core_when(call, e->time, buf, sizeof(buf)), e->kind,
                e->sha256, (long long)e->size);
    hb_show(&call->text, hb_slice_z(e->name));
    hb_buf_addc(&call->text, '\n');
    hb_jw_obj(&l->w, NULL);
    hb_jw_int(&l->w, "number", e->number);
    hb_jw_int(&l->w, "incident", e->incident);
    hb_jw_int(&l->w, "time_ns", e->time);
    hb_jw_str(&l->w, "kind", e->kind);
    hb_jw_str(&l->w, "name", e->name);
    hb_jw_str(&l->w, "sha256", e->sha256);
    hb_jw_int(&l->w, "size", e->size);
    hb_jw_str(&l->w, "taken_by", e->taken_by);
    hb_jw_str(&l->w, "source", e->source);
    hb_jw_end_obj(&l->w);
    l->n++;
    return 0;
}

static int event_list(struct hb_core_call *call)
{
    struct hb_events_query q = {
        .from = hb_json_int(call->args, "from_ns", 0),
        .to = hb_json_int(call->args, "to_ns", 0),
        .class_uid = (int)hb_json_int(call->args, "class", 0),
        .min_severity = (int)hb_json_int(call->args, "severity", 0),
        .site = hb_json_str(call->args, "site", NULL),
        .text = hb_json_str(call->args, "text", NULL),
        .limit = (size_t)hb_json_int(call->args, "limit", 50),
    };
    struct list l;
    int r;

    if (q.limit > 10000)
        return hb_err_set(&call->err, -EINVAL,
                          _("At most 10000 events at once."));
    begin(&l, call);
    r = hb_events_find(call->core->events, &q, add_event, &l, &call->err);
    return r < 0 ? r : finish(&l, _("No events."));
}

static int add_event(void *arg, const char *uid, int64_t time,
                     struct hb_slice json)
{
    struct list *l = arg;

    hb_show(&l->call->text, json);
    hb_buf_addc(&l->call->text, '\n');
    hb_jw_raw(&l->w, NULL, json);
    l->n++;
    return 0;
}

static int person_list(struct hb_core_call *call)
{
    struct list l;
    int r;

    begin(&l, call);
    r = hb_person_each(&call->core->state, add_person, &l);
    return r < 0 ? r
                 : finish(&l, _("Nobody is registered: hinoban person add."));
}

/* Who the service takes the caller for. */
static int person_me(struct hb_core_call *call)
{
    const struct hb_person *p = call->person;
    struct hb_jw w;

    hb_buf_addf(&call->text, "%s (%s)\n", p->name, p->full_name);
    hb_jw_init(&w, &call->data);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "name", p->name);
    hb_jw_str(&w, "full_name", p->full_name);
    hb_jw_int(&w, "uid", p->uid);
    hb_jw_end_obj(&w);
    return 0;
}

static int add_person(void *arg, const struct hb_person *p)
{
    struct list *l = arg;
    struct hb_buf roles = HB_BUF_INIT, deputy = HB_BUF_INIT;

    add_roles(&roles, p->roles);
    add_roles(&deputy, hb_deputy_roles(&l->call->core->state, p->id));
    hb_buf_addf(&l->call->text, "  %-16s uid %-6lld %-24s %s%s\n", p->name,
                (long long)p->uid, hb_buf_z(&roles), p->full_name,
                p->active ? "" : _("  (not active)"));
    hb_jw_obj(&l->w, NULL);
    hb_jw_int(&l->w, "id", p->id);
    hb_jw_str(&l->w, "name", p->name);
    hb_jw_str(&l->w, "full_name", p->full_name);
    hb_jw_int(&l->w, "uid", p->uid);
    hb_jw_str(&l->w, "roles", hb_buf_z(&roles));
    hb_jw_str(&l->w, "deputy_of", hb_buf_z(&deputy));
    hb_jw_str(&l->w, "phone", p->phone);
    hb_jw_bool(&l->w, "active", p->active);
    hb_jw_end_obj(&l->w);
    hb_buf_done(&roles);
    hb_buf_done(&deputy);
    l->n++;
    return 0;
}

static void add_roles(struct hb_buf *b, unsigned roles)
{
    for (unsigned bit = 1; bit <= HB_PR_AUDIT; bit <<= 1)
        if ((roles & bit) != 0)
            hb_buf_addf(b, "%s%s", b->n > 0 ? "," : "",
                        hb_person_role_name(bit));
}

static int control_list(struct hb_core_call *call)
{
    struct hb_stmt *q;
    struct list l;
    char buf[64];
    int r = hb_db_stmt(call->core->state.db,
                       "SELECT control, status, reason, checked"
                       " FROM control_result ORDER BY control",
                       &q);

    if (r < 0)
        return r;
    begin(&l, call);
    while ((r = hb_stmt_step(q)) == 1) {
        _cleanup_buf_ struct hb_buf said = HB_BUF_INIT, data = HB_BUF_INIT;
        const char *reason = hb_stmt_col_text(q, 2);
        const char *name = hb_control_status_name(
            (enum hb_control_status)hb_stmt_col_int(q, 1));

        if (reason[0] != '\0') {
            hb_control_reason(&said, reason, true);
            hb_control_reason(&data, reason, false);
        }

        hb_buf_addf(&call->text, "  %-36s %-8s %s  %s\n",
                    hb_stmt_col_text(q, 0), name,
                    hb_core_when(call, hb_stmt_col_int(q, 3), buf, sizeof(buf)),
                    hb_core_shown(call, hb_buf_z(&said)));
        hb_jw_obj(&l.w, NULL);
        hb_jw_str(&l.w, "control", hb_stmt_col_text(q, 0));
        hb_jw_str(&l.w, "status", name);
        hb_jw_str(&l.w, "reason", hb_buf_z(&data));
        hb_jw_int(&l.w, "checked_ns", hb_stmt_col_int(q, 3));
        hb_jw_end_obj(&l.w);
        l.n++;
    }
    hb_stmt_reset(q);
    return r < 0 ? r : finish(&l, _("No control was checked yet."));
}

/* Answers that are missing or stale: what a person has to say, in the order
 * of the next steps. */
static int question_list(struct hb_core_call *call)
{
    struct hb_posture *p;
    struct list l;
    int r = hb_core_posture(call->core, call->arena, &p);

    if (r < 0)
        return r;
    begin(&l, call);
    for (size_t i = 0; i < p->next_n; i++)
        if (p->next[i].control->question && !p->next[i].fails)
            add_question(&l, &p->next[i]);
    return finish(&l, _("Every question has an answer that still stands."));
}

static void add_question(struct list *l, const struct hb_next_step *s)
{
    const struct hb_control *k = s->control;

    hb_buf_addf(&l->call->text, "  %-32s %s\n", k->id, hb_text(&k->text));
    hb_jw_obj(&l->w, NULL);
    hb_jw_str(&l->w, "control", k->id);
    add_text(&l->w, "text", &k->text);
    add_text(&l->w, "why", &k->why);
    add_text(&l->w, "fix", &k->fix);
    hb_jw_int(&l->w, "max_age_ns", (int64_t)k->max_age);
    hb_jw_arr(&l->w, "cases");
    for (size_t i = 0; i < s->cases_n; i++)
        hb_jw_int(&l->w, NULL, s->cases[i]);
    hb_jw_end_arr(&l->w);
    hb_jw_end_obj(&l->w);
    l->n++;
}

static void add_text(struct hb_jw *w, const char *key, const struct hb_text *t)
{
    hb_jw_obj(w, key);
    for (unsigned i = 0; i < HB_LANG_COUNT; i++)
        hb_jw_str(w, hb_lang_code((enum hb_lang)i), t->in[i]);
    hb_jw_end_obj(w);
}

static void begin(struct list *l, struct hb_core_call *call)
{
    *l = (struct list){.call = call};
    hb_jw_init(&l->w, &call->data);
    hb_jw_arr(&l->w, NULL);
}

static int finish(struct list *l, const char *none)
{
    hb_jw_end_arr(&l->w);
    if (l->n == 0 && none[0] != '\0')
        hb_buf_addf(&l->call->text, "%s\n", none);
    return 0;
}

/* Words that came from outside of core, fit for a terminal. */
const char *hb_core_shown(struct hb_core_call *call, const char *z)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    const char *copy;

    hb_show(&b, hb_slice_z(z));
    copy = hb_arena_strdup(call->arena, hb_buf_z(&b));
    return copy != NULL ? copy : "?";
}

static int zone(const struct hb_core_call *call)
{
    return (int)call->core->ctx->config->organisation.zone_minutes;
}

const char *hb_core_when(struct hb_core_call *call, int64_t ns, char *buf,
                         size_t size)
{
    return hb_time_zone(ns, zone(call),
                        call->core->ctx->config->organisation.zone_name, buf,
                        size);
}
