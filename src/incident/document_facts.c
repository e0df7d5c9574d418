/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document_facts.c - what is known of an incident, in words.
 *
 * Runs in core.  Facts come from the incident, its timeline, tasks, counts
 * and evidence; nothing is guessed: where no row says it, the list stays
 * empty and the paper says "under investigation".  Paths, program names and
 * answers may be what an attacker wrote; html/doc.h escapes them.
 */
#include "incident/document_facts.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/num.h"
#include "event/mailing.h"
#include "incident/fact.h"
#include "incident/prevent.h"

#define CIVIL 6u /* year, month, day, hour, minute, second */

typedef void fact_fn(struct hb_facts_of *f, struct hb_fact_values *v);

static bool civil(const char *z, long long c[CIVIL]);
static int read_tasks(struct hb_facts_of *f);
static hb_task_fn add_task;
static int name_people(struct hb_facts_of *f);
static const char *person_name(struct hb_facts_of *f, int64_t id);
static hb_moment_fn see_moment;
static void see_file(struct hb_facts_of *f, const struct hb_moment *m,
                     const struct hb_json *args);
static hb_evidence_fn see_evidence;
static void keep(struct hb_facts_of *f, struct hb_fact_values *v,
                 const char *z);
static void say(struct hb_facts_of *f, struct hb_fact_values *v, const char *z);
static void say_time(struct hb_facts_of *f, struct hb_fact_values *v,
                     int64_t ns);
static void say_count(struct hb_facts_of *f, struct hb_fact_values *v,
                      int64_t n);
static int64_t tally(struct hb_facts_of *f, const char *name);
static const char *variable(struct hb_facts_of *f, const char *name);
static const struct hb_fact_task *answered(const struct hb_facts_of *f,
                                           const char *step);
static void say_answer(struct hb_facts_of *f, struct hb_fact_values *v,
                       const char *step, const char *name);

static fact_fn organisation_name, made_at, made_on, made_by, incident_number,
    incident_reference, incident_title, incident_state, incident_severity,
    opened_at, known_at, opened_by, object, url, findings, closed_at, first_at,
    last_at, change_count, change_files, change_writer, restore_count,
    restore_took, restore_state, private_since, private_until,
    private_decided_by, hypotheses, cause_confirmed, leftovers, visitors,
    personal_data, consulted_who, consulted_at, reported_outside,
    prevention_tasks, evidence_count, evidence_anchor, next_report, addressee;

static const struct {
    const char *name;
    fact_fn *fn;
} facts[] = {
    {"organisation.name", organisation_name},
    {"report.made_at", made_at},
    {"report.date", made_on},
    {"addressee", addressee},
    {"report.made_by", made_by},
    {"incident.number", incident_number},
    {"incident.reference", incident_reference},
    {"incident.title", incident_title},
    {"incident.state", incident_state},
    {"incident.severity", incident_severity},
    {"incident.opened_at", opened_at},
    {"incident.known_at", known_at},
    {"incident.opened_by", opened_by},
    {"incident.object", object},
    {"incident.url", url},
    {"incident.findings", findings},
    {"incident.closed_at", closed_at},
    {"change.first_at", first_at},
    {"change.last_at", last_at},
    {"change.count", change_count},
    {"change.files", change_files},
    {"change.writer", change_writer},
    {"restore.count", restore_count},
    {"restore.took", restore_took},
    {"restore.state", restore_state},
    {"private.since", private_since},
    {"private.until", private_until},
    {"private.decided_by", private_decided_by},
    {"cause.hypotheses", hypotheses},
    {"cause.confirmed", cause_confirmed},
    {"leftovers.found", leftovers},
    {"visitors.affected", visitors},
    {"personal_data.possible", personal_data},
    {"consulted.who", consulted_who},
    {"consulted.at", consulted_at},
    {"reported.outside", reported_outside},
    {"prevention.tasks", prevention_tasks},
    {"evidence.count", evidence_count},
    {"evidence.anchor", evidence_anchor},
    {"next.report_at", next_report},
};

static const struct {
    unsigned role;
    const char *title;
} role_titles[] = {
    {HB_PR_OFFICER, N_("information-security officer")},
    {HB_PR_ADMIN, N_("administrator")},
    {HB_PR_MANAGER, N_("management")},
    {HB_PR_STAFF, N_("staff")},
    {HB_PR_ACCOUNTING, N_("accounting")},
    {HB_PR_OUTSIDE, N_("outside approver")},
    {HB_PR_AUDIT, N_("audit")},
};

int hb_facts_open(struct hb_facts_of *f, struct hb_state *s, struct hb_arena *a,
                  int64_t incident, struct hb_err *err)
{
    int r;

    *f = (struct hb_facts_of){.s = s, .a = a, .took_tenths = -1};
    r = hb_incident_get(s, a, incident, &f->i);
    if (r == -ENOENT)
        return hb_err_set(err, r, _("There is no incident %lld."),
                          (long long)incident);
    if (r < 0)
        return hb_err_set(err, r, _("The incident could not be read."));
    if (s->casebook != NULL && f->i.case_number > 0)
        f->kase = hb_case_find(s->casebook, (unsigned)f->i.case_number);
    return 0;
}

int hb_facts_read(struct hb_facts_of *f, struct hb_state *s, struct hb_arena *a,
                  int64_t incident, const struct hb_document_opts *o,
                  struct hb_err *err)
{
    int r = hb_facts_open(f, s, a, incident, err);

    if (r < 0)
        return r;
    f->o = o;
    r = read_tasks(f);
    if (r == 0)
        r = hb_timeline_each(s, incident, see_moment, f);
    if (r == 0 && s->evidence != NULL)
        r = hb_evidence_each(s->evidence, incident, see_evidence, f);
    if (r < 0)
        return hb_err_set(err, r, _("The incident could not be read."));
    return 0;
}

int hb_facts_get(struct hb_facts_of *f, const char *name,
                 struct hb_fact_values *ret)
{
    const struct hb_fact *fact;

    for (size_t i = 0; i < HB_ARRAY_LEN(facts); i++) {
        if (!hb_streq(facts[i].name, name))
            continue;
        *ret = (struct hb_fact_values){0};
        facts[i].fn(f, ret);
        return 0;
    }
    fact = f->s->casebook != NULL ? hb_fact_find(f->s->casebook, name) : NULL;
    return fact != NULL ? hb_facts_known(f, fact, ret) : -ENOENT;
}

const char *hb_facts_tr(const struct hb_facts_of *f, const char *msgid)
{
    return hb_tr((enum hb_lang)f->o->lang, msgid);
}

const char *hb_facts_time(struct hb_facts_of *f, int64_t ns)
{
    char buf[64];
    const char *z = hb_arena_strdup(
        f->a, f->o->zone_name != NULL
                  ? hb_time_zone(ns, f->o->zone_minutes, f->o->zone_name, buf,
                                 sizeof(buf))
                  : hb_time_utc(ns, buf, sizeof(buf)));

    return z != NULL ? z : "?";
}

const char *hb_facts_moment(struct hb_facts_of *f, int64_t ns)
{
    const char *z = hb_facts_time(f, ns), *zone = f->o->zone_name;
    long long c[CIVIL];

    if (zone == NULL || !civil(z, c))
        return z;
    if (c[5] != 0)
        z = hb_arena_printf(
            f->a, hb_facts_tr(f, N_("%lld-%02lld-%02lld %02lld:%02lld:%02lld")),
            c[0], c[1], c[2], c[3], c[4], c[5]);
    else
        z = hb_arena_printf(
            f->a, hb_facts_tr(f, N_("%lld-%02lld-%02lld %02lld:%02lld")), c[0],
            c[1], c[2], c[3], c[4]);
    /* In Japan nobody writes the zone of Japan. */
    if (z != NULL && !(f->o->lang == HB_LANG_JA && hb_streq(zone, "JST")))
        z = hb_arena_printf(f->a, hb_facts_tr(f, N_("%s %s")), z, zone);
    return z != NULL ? z : "?";
}

const char *hb_facts_actor(struct hb_facts_of *f, const char *actor)
{
    struct hb_person p;
    const char *z = actor;

    if (strncmp(actor, "person:", 7) == 0) {
        if (hb_person_by_name(f->s, f->a, actor + 7, &p) == 0)
            return p.full_name;
        z = hb_arena_strdup(f->a, actor + 7);
    } else if (strncmp(actor, "role:", 5) == 0) {
        z = hb_arena_printf(f->a, "Hinoban (%s)", actor + 5);
    } else {
        z = hb_arena_strdup(f->a, actor);
    }
    return z != NULL ? z : "?";
}

const char *hb_facts_roles(struct hb_facts_of *f, unsigned roles)
{
    struct hb_buf b = HB_BUF_INIT;
    const char *z;

    for (size_t i = 0; i < HB_ARRAY_LEN(role_titles); i++) {
        if ((roles & role_titles[i].role) == 0)
            continue;
        if (b.n > 0)
            hb_buf_addz(&b, hb_facts_tr(f, N_(", ")));
        hb_buf_addz(&b, hb_facts_tr(f, role_titles[i].title));
    }
    z = hb_buf_err(&b) < 0 ? NULL : hb_arena_strdup(f->a, hb_buf_z(&b));
    hb_buf_done(&b);
    return z != NULL ? z : "?";
}

const char *hb_facts_task_state(struct hb_facts_of *f, enum hb_task_state s)
{
    switch (s) {
    case HB_TASK_WAITING:
        return hb_facts_tr(f, N_("waiting"));
    case HB_TASK_DONE:
        return hb_facts_tr(f, N_("done"));
    case HB_TASK_DECLINED:
        return hb_facts_tr(f, N_("decided against"));
    case HB_TASK_EXPIRED:
        return hb_facts_tr(f, N_("expired"));
    }
    return "?";
}

/* The numbers of "2026-09-18 09:10:00 JST", or of the form in UTC. */
static bool civil(const char *z, long long c[CIVIL])
{
    static const struct {
        uint8_t at, n;
    } part[CIVIL] = {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}};

    if (strlen(z) < 19)
        return false;
    for (size_t i = 0; i < CIVIL; i++) {
        int64_t n = 0;

        if (hb_parse_i64(hb_slice(z + part[i].at, part[i].n), &n) < 0)
            return false;
        c[i] = n;
    }
    return true;
}

/* ---- reading ---- */

static int read_tasks(struct hb_facts_of *f)
{
    int r = hb_task_each(f->s, f->i.id, false, add_task, f);

    return r < 0 ? r : name_people(f);
}

/* The step of a task is its place in the run: "route", "cause/look#2". */
static int add_task(void *arg, const struct hb_task *t)
{
    struct hb_facts_of *f = arg;
    struct hb_fact_task *n = HB_NEW(f->a, struct hb_fact_task);
    const char *slash, *step;

    if (n == NULL)
        return -ENOMEM;
    n->t = *t;
    n->t.step = step = hb_arena_strdup(f->a, t->step);
    n->t.title_en = hb_arena_strdup(f->a, t->title_en);
    n->t.title_ja = hb_arena_strdup(f->a, t->title_ja);
    n->t.answer = hb_arena_strdup(f->a, t->answer);
    n->t.evidence = hb_arena_strdup(f->a, t->evidence);
    if (step == NULL || n->t.title_en == NULL || n->t.title_ja == NULL ||
        n->t.answer == NULL || n->t.evidence == NULL)
        return -ENOMEM;
    n->owner = n->who = n->second = "";
    if (strncmp(step, HB_PREVENT_STEP, strlen(HB_PREVENT_STEP)) == 0) {
        n->base = "prevent";
    } else {
        slash = strrchr(step, '/');
        step = slash != NULL ? slash + 1 : step;
        n->base = hb_arena_dup(f->a, step, strcspn(step, "#@!"));
    }
    if (n->base == NULL)
        return -ENOMEM;
    if (f->tasks_last != NULL)
        f->tasks_last->next = n;
    else
        f->tasks = n;
    f->tasks_last = n;
    return 0;
}

static int name_people(struct hb_facts_of *f)
{
    for (struct hb_fact_task *t = f->tasks; t != NULL; t = t->next) {
        t->owner = person_name(f, t->t.owner);
        t->who = person_name(f, t->t.done_by);
        t->second = person_name(f, t->t.second_by);
        if (t->owner == NULL || t->who == NULL || t->second == NULL)
            return -ENOMEM;
    }
    return 0;
}

static const char *person_name(struct hb_facts_of *f, int64_t id)
{
    struct hb_person p;
    int r = id == 0 ? -ENOENT : hb_person_get(f->s, f->a, id, &p);

    return r == 0 ? p.full_name : r == -ENOMEM ? NULL : "";
}

static int see_moment(void *arg, const struct hb_moment *m)
{
    struct hb_facts_of *f = arg;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *args;

    if (a == NULL)
        return -ENOMEM;
    /* A moment that was damaged stands in the timeline by its kind alone. */
    if (hb_json_parse(a, hb_slice_z(m->args), &args, NULL) < 0)
        return 0;
    if (strncmp(m->kind, "file.", 5) == 0) {
        see_file(f, m, args);
    } else if (hb_streq(m->kind, "site.private")) {
        f->private_since = m->time;
        f->was_private = f->is_private = true;
    } else if (hb_streq(m->kind, "site.public")) {
        f->private_until = m->time;
        f->is_private = false;
    } else if (strncmp(m->kind, "search.", 7) == 0) {
        f->searched++;
        if (hb_streq(m->kind, "search.hit"))
            keep(f, &f->hits, hb_json_str(args, "detail", "?"));
    } else if (strncmp(m->kind, "cause.", 6) == 0) {
        keep(f, &f->causes, hb_json_str(args, "detail", "?"));
    }
    return 0;
}

static void see_file(struct hb_facts_of *f, const struct hb_moment *m,
                     const struct hb_json *args)
{
    const char *path = hb_json_str(args, "path", "");
    const char *who = hb_json_str(args, "who", "");
    const char *ms = hb_json_str(args, "ms", "");
    size_t whole = strspn(ms, "0123456789");
    int64_t n;

    if (f->first_change == 0 || m->time < f->first_change)
        f->first_change = m->time;
    if (m->time > f->last_change)
        f->last_change = m->time;
    if (path[0] != '\0')
        keep(f, &f->files, path);
    if (who[0] != '\0' && !hb_streq(who, "?"))
        keep(f, &f->writers, who);
    if (whole > 0 && hb_parse_i64(hb_slice(ms, whole), &n) == 0 &&
        n < INT64_MAX / 20) {
        n *= 10;
        if (ms[whole] == '.' && ms[whole + 1] >= '0' && ms[whole + 1] <= '9')
            n += ms[whole + 1] - '0';
        f->took_tenths = HB_MAX(f->took_tenths, n);
    }
}

static int see_evidence(void *arg, const struct hb_evidence_item *i)
{
    struct hb_facts_of *f = arg;

    f->evidence += i->sha256[0] != '\0' && !hb_streq(i->kind, "document");
    return 0;
}

/* Each value once. */
static void keep(struct hb_facts_of *f, struct hb_fact_values *v, const char *z)
{
    for (size_t i = 0; i < v->n; i++)
        if (hb_streq(v->v[i], z))
            return;
    if (v->n == HB_FACTS_VALUES)
        v->more++;
    else
        say(f, v, hb_arena_strdup(f->a, z));
}

/* ---- values ---- */

/* Z may be NULL: no memory, which must not look like "unknown". */
static void say(struct hb_facts_of *f, struct hb_fact_values *v, const char *z)
{
    if (v->n < HB_FACTS_VALUES)
        v->v[v->n++] = z != NULL ? z : "?";
    else
        v->more++;
}

static void say_time(struct hb_facts_of *f, struct hb_fact_values *v,
                     int64_t ns)
{
    if (ns != 0)
        say(f, v, hb_facts_moment(f, ns));
}

static void say_count(struct hb_facts_of *f, struct hb_fact_values *v,
                      int64_t n)
{
    say(f, v, hb_arena_printf(f->a, "%lld", (long long)n));
}

static int64_t tally(struct hb_facts_of *f, const char *name)
{
    return hb_incident_tally(f->s, f->i.id, name);
}

/* NULL where the playbook has not set it; a fact is the incident's. */
static const char *variable(struct hb_facts_of *f, const char *name)
{
    const struct hb_casebook *b = f->s->casebook;
    struct hb_stmt *q;
    struct hb_known k;
    const char *z = NULL;

    for (size_t i = 0; b != NULL && i < b->facts_n; i++)
        if (hb_streq(b->facts[i].var.name, name))
            return hb_known_get(f->s, f->a, f->i.id, b->facts[i].name, &k) == 1
                       ? k.value
                       : NULL;
    if (hb_db_stmt(f->s->db,
                   "SELECT v.value FROM run_variable v"
                   " JOIN run r ON r.id = v.run"
                   " WHERE r.incident = ?1 AND v.name = ?2"
                   " ORDER BY r.id DESC LIMIT 1",
                   &q) < 0)
        return NULL;
    if (hb_stmt_int(q, 1, f->i.id) == 0 && hb_stmt_text(q, 2, name) == 0 &&
        hb_stmt_step(q) == 1 && hb_stmt_col_text(q, 0) != NULL)
        z = hb_arena_strdup(f->a, hb_stmt_col_text(q, 0));
    hb_stmt_reset(q);
    return z;
}

/* The last task of STEP that a person answered. */
static const struct hb_fact_task *answered(const struct hb_facts_of *f,
                                           const char *step)
{
    const struct hb_fact_task *last = NULL;

    for (const struct hb_fact_task *t = f->tasks; t != NULL; t = t->next)
        if (hb_streq(t->base, step) && t->t.done_by != 0 &&
            (last == NULL || t->t.done >= last->t.done))
            last = t;
    return last;
}

/* Yes or no, and why: variables begin with the careful answer, so they count
 * only when a person has spoken. */
static void say_answer(struct hb_facts_of *f, struct hb_fact_values *v,
                       const char *step, const char *name)
{
    const struct hb_fact_task *t = answered(f, step);
    const char *value;
    bool yes;

    if (t == NULL)
        return;
    value = variable(f, name);
    if (value != NULL && hb_streq(value, "?"))
        return;
    yes = value != NULL ? hb_streq(value, "true") : t->t.state == HB_TASK_DONE;
    say(f, v,
        hb_arena_printf(f->a, hb_facts_tr(f, N_("%s. %s (%s, %s)")),
                        yes ? hb_facts_tr(f, N_("Yes"))
                            : hb_facts_tr(f, N_("No")),
                        t->t.answer, t->who, hb_facts_moment(f, t->t.done)));
}

/* ---- the facts ---- */

static void organisation_name(struct hb_facts_of *f, struct hb_fact_values *v)
{
    if (f->o->organisation != NULL && f->o->organisation[0] != '\0')
        say(f, v, f->o->organisation);
}

static void made_at(struct hb_facts_of *f, struct hb_fact_values *v)
{
    say_time(f, v, f->o->now != 0 ? f->o->now : hb_now());
}

/* The day alone, as letters are dated. */
static void made_on(struct hb_facts_of *f, struct hb_fact_values *v)
{
    long long c[CIVIL];

    if (civil(hb_facts_time(f, f->o->now != 0 ? f->o->now : hb_now()), c))
        say(f, v,
            hb_arena_printf(f->a, hb_facts_tr(f, N_("%lld-%02lld-%02lld")),
                            c[0], c[1], c[2]));
}

/* A line for a pen, or where a mailing puts each name (event/mailing.h). */
static void addressee(struct hb_facts_of *f, struct hb_fact_values *v)
{
    say(f, v,
        f->o->letter ? HB_MAILING_NAME
                     : hb_facts_tr(f, N_("(fill in the name) ____________")));
}

static void made_by(struct hb_facts_of *f, struct hb_fact_values *v)
{
    bool person = f->o->made_by != NULL && f->o->made_by[0] != '\0';

    say(f, v,
        person ? f->o->made_by
               : hb_facts_tr(f, N_("Hinoban (written by itself)")));
}

static void incident_number(struct hb_facts_of *f, struct hb_fact_values *v)
{
    say(f, v, hb_arena_printf(f->a, "%lld (%s)", (long long)f->i.id, f->i.uid));
}

/* What somebody outside can read out on the telephone. */
static void incident_reference(struct hb_facts_of *f, struct hb_fact_values *v)
{
    long long c[CIVIL];

    if (civil(hb_facts_time(f, f->i.opened), c))
        say(f, v, hb_arena_printf(f->a, "%lld-%lld", c[0], (long long)f->i.id));
}

static void incident_title(struct hb_facts_of *f, struct hb_fact_values *v)
{
    if (f->kase != NULL)
        say(f, v, f->kase->title.in[f->o->lang]);
}

static void incident_state(struct hb_facts_of *f, struct hb_fact_values *v)
{
    switch (f->i.state) {
    case HB_INC_OPEN:
        say(f, v, hb_facts_tr(f, N_("open")));
        break;
    case HB_INC_CONTAINED:
        say(f, v, hb_facts_tr(f, N_("contained")));
        break;
    case HB_INC_RECOVERED:
        say(f, v, hb_facts_tr(f, N_("recovered")));
        break;
    case HB_INC_CLOSED:
        say(f, v, hb_facts_tr(f, N_("closed")));
        break;
    }
}

static void incident_severity(struct hb_facts_of *f, struct hb_fact_values *v)
{
    static const char *const words[] = {
        [HB_SEV_INFO] = N_("information"),  [HB_SEV_LOW] = N_("low"),
        [HB_SEV_MEDIUM] = N_("medium"),     [HB_SEV_HIGH] = N_("high"),
        [HB_SEV_CRITICAL] = N_("critical"), [HB_SEV_FATAL] = N_("fatal")};

    if ((size_t)f->i.severity < HB_ARRAY_LEN(words) &&
        words[f->i.severity] != NULL)
        say(f, v, hb_facts_tr(f, words[f->i.severity]));
}

static void opened_at(struct hb_facts_of *f, struct hb_fact_values *v)
{
    say_time(f, v, f->i.opened);
}

static void known_at(struct hb_facts_of *f, struct hb_fact_values *v)
{
    say_time(f, v, f->i.known_at);
}

static void opened_by(struct hb_facts_of *f, struct hb_fact_values *v)
{
    if (strncmp(f->i.opened_by, "person:", 7) == 0)
        say(f, v,
            hb_arena_printf(f->a, hb_facts_tr(f, N_("Reported by %s")),
                            hb_facts_actor(f, f->i.opened_by)));
    else
        say(f, v,
            hb_arena_printf(f->a,
                            hb_facts_tr(f, N_("Noticed by Hinoban (rule %s)")),
                            f->i.opened_by));
}

static void object(struct hb_facts_of *f, struct hb_fact_values *v)
{
    if (f->i.object[0] != '\0')
        say(f, v, f->i.object);
}

static void url(struct hb_facts_of *f, struct hb_fact_values *v)
{
    if (f->o->url != NULL && f->o->url[0] != '\0')
        say(f, v, f->o->url);
}

static void findings(struct hb_facts_of *f, struct hb_fact_values *v)
{
    say_count(f, v, f->i.findings);
}

static void closed_at(struct hb_facts_of *f, struct hb_fact_values *v)
{
    if (f->i.closed != 0)
        say_time(f, v, f->i.closed);
    else
        say(f, v, hb_facts_tr(f, N_("not closed yet")));
}

static void first_at(struct hb_facts_of *f, struct hb_fact_values *v)
{
    if (f->i.findings > 0)
        say_time(f, v, f->i.first_event);
    else
        say_time(f, v, f->first_change);
}

static void last_at(struct hb_facts_of *f, struct hb_fact_values *v)
{
    if (f->i.findings > 0)
        say_time(f, v, f->i.last_event);
    else
        say_time(f, v, f->last_change);
}

static void change_count(struct hb_facts_of *f, struct hb_fact_values *v)
{
    int64_t n = tally(f, "changed") + tally(f, "added") + tally(f, "deleted");

    if (n == 0)
        n = f->i.findings;
    if (n > 0)
        say_count(f, v, n);
}

static void change_files(struct hb_facts_of *f, struct hb_fact_values *v)
{
    *v = f->files;
}

static void change_writer(struct hb_facts_of *f, struct hb_fact_values *v)
{
    *v = f->writers;
}

static void restore_count(struct hb_facts_of *f, struct hb_fact_values *v)
{
    int64_t n = hb_incident_put_back(f->s, f->i.id);

    if (n > 0)
        say_count(f, v, n);
}

static void restore_took(struct hb_facts_of *f, struct hb_fact_values *v)
{
    if (f->took_tenths >= 0)
        say(f, v,
            hb_arena_printf(f->a, hb_facts_tr(f, N_("%lld.%d ms (slowest)")),
                            (long long)(f->took_tenths / 10),
                            (int)(f->took_tenths % 10)));
}

static void restore_state(struct hb_facts_of *f, struct hb_fact_values *v)
{
    int64_t done = hb_incident_put_back(f->s, f->i.id), open = 0;
    int r = hb_db_number(f->s->db, &open,
                         "SELECT count(*) FROM outstanding"
                         " WHERE incident = ?1",
                         "i", f->i.id);
    const char *restored = variable(f, "__restored__");

    if (r == 1 && open > 0)
        say(f, v,
            hb_arena_printf(
                f->a,
                hb_facts_tr(f, N_("Put back: %lld. Not yet as published: "
                                  "%lld.")),
                (long long)done, (long long)open));
    else if (done > 0)
        say(f, v,
            hb_arena_printf(f->a,
                            hb_facts_tr(f, N_("Everything is as published "
                                              "(put back: %lld).")),
                            (long long)done));
    else if (restored != NULL && hb_streq(restored, "true"))
        say(f, v, hb_facts_tr(f, N_("Everything is as published.")));
}

static void private_since(struct hb_facts_of *f, struct hb_fact_values *v)
{
    if (f->was_private)
        say_time(f, v, f->private_since);
    else
        say(f, v, hb_facts_tr(f, N_("not taken private")));
}

static void private_until(struct hb_facts_of *f, struct hb_fact_values *v)
{
    if (!f->was_private)
        say(f, v, hb_facts_tr(f, N_("not taken private")));
    else if (f->is_private)
        say(f, v, hb_facts_tr(f, N_("still private")));
    else
        say_time(f, v, f->private_until);
}

static void private_decided_by(struct hb_facts_of *f, struct hb_fact_values *v)
{
    const struct hb_fact_task *t = answered(f, "decide-private");

    if (t != NULL)
        say_answer(f, v, "decide-private", "__go_private__");
    else if (f->was_private)
        say(f, v, hb_facts_tr(f, N_("By an order given in advance")));
    else
        say(f, v, hb_facts_tr(f, N_("not taken private")));
}

static void hypotheses(struct hb_facts_of *f, struct hb_fact_values *v)
{
    for (const struct hb_fact_task *t = f->tasks; t != NULL; t = t->next)
        if (hb_streq(t->base, "hypothesis") && t->t.done_by != 0)
            say(f, v,
                hb_arena_printf(f->a, hb_facts_tr(f, N_("%s (%s, %s)")),
                                t->t.answer, t->who,
                                hb_facts_moment(f, t->t.done)));
}

static void cause_confirmed(struct hb_facts_of *f, struct hb_fact_values *v)
{
    const struct hb_fact_task *t = answered(f, "hypothesis");
    const char *value = variable(f, "__cause_confirmed__");

    if (t != NULL && value != NULL && hb_streq(value, "true"))
        say(f, v, t->t.answer);
}

static void leftovers(struct hb_facts_of *f, struct hb_fact_values *v)
{
    const char *value = variable(f, "__leftovers__");

    *v = f->hits;
    if (v->n > 0)
        return;
    if (value != NULL && !hb_streq(value, "0"))
        say(f, v, value);
    else if (value != NULL || f->searched > 0)
        say(f, v, hb_facts_tr(f, N_("Searched for; nothing found.")));
}

static void visitors(struct hb_facts_of *f, struct hb_fact_values *v)
{
    say_answer(f, v, "visitors", "__visitors_affected__");
}

static void personal_data(struct hb_facts_of *f, struct hb_fact_values *v)
{
    say_answer(f, v, "ask-personal-data", "__personal_data__");
}

static void consulted_who(struct hb_facts_of *f, struct hb_fact_values *v)
{
    const struct hb_fact_task *t = answered(f, "consult");

    if (t != NULL)
        say(f, v, t->who);
}

static void consulted_at(struct hb_facts_of *f, struct hb_fact_values *v)
{
    const struct hb_fact_task *t = answered(f, "consult");

    if (t != NULL)
        say_time(f, v, t->t.done);
}

static void reported_outside(struct hb_facts_of *f, struct hb_fact_values *v)
{
    const struct hb_fact_task *t = answered(f, "outside-reports");

    if (t != NULL)
        say(f, v,
            hb_arena_printf(f->a, hb_facts_tr(f, N_("%s (%s, %s)")),
                            t->t.answer, t->who,
                            hb_facts_moment(f, t->t.done)));
}

static void prevention_tasks(struct hb_facts_of *f, struct hb_fact_values *v)
{
    for (const struct hb_fact_task *t = f->tasks; t != NULL; t = t->next)
        if (hb_streq(t->base, "prevent"))
            say(f, v,
                hb_arena_printf(
                    f->a, hb_facts_tr(f, N_("%s (%s, due %s)")),
                    f->o->lang == HB_LANG_JA ? t->t.title_ja : t->t.title_en,
                    t->owner[0] != '\0' ? t->owner
                                        : hb_facts_tr(f, N_("no owner yet")),
                    t->t.due != 0 ? hb_facts_moment(f, t->t.due) : "-"));
}

static void evidence_count(struct hb_facts_of *f, struct hb_fact_values *v)
{
    if (f->s->evidence != NULL)
        say_count(f, v, f->evidence);
}

static void evidence_anchor(struct hb_facts_of *f, struct hb_fact_values *v)
{
    const char *yes = hb_state_get(f->s, f->a, "anchored");

    say(f, v,
        yes != NULL ? hb_facts_tr(f, N_("Checkpoints are kept outside this "
                                        "machine."))
                    : hb_facts_tr(f, N_("Not anchored: no checkpoint has "
                                        "left this machine.")));
}

/* The earliest date by which a step of reporting is due. */
static void next_report(struct hb_facts_of *f, struct hb_fact_values *v)
{
    const struct hb_playbook *p = f->kase != NULL ? f->kase->playbook : NULL;
    int64_t due = 0;

    for (const struct hb_fact_task *t = f->tasks; t != NULL; t = t->next) {
        const struct hb_step *step =
            p != NULL ? hb_step_find(p, t->base) : NULL;

        if (t->t.state == HB_TASK_WAITING && t->t.due != 0 && step != NULL &&
            step->phase == HB_PHASE_REPORT_PUBLISH &&
            (due == 0 || t->t.due < due))
            due = t->t.due;
    }
    if (due != 0)
        say(f, v,
            hb_arena_printf(f->a, hb_facts_tr(f, N_("by %s")),
                            hb_facts_moment(f, due)));
    else
        say(f, v, hb_facts_tr(f, N_("not fixed yet")));
}
