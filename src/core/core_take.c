/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_take.c - events into findings, incidents, timeline and controls.
 *
 * Runs in core.  A batch is one transaction of the state store; the event days
 * are made durable after it.  Should core die between the two, the sender has
 * no acknowledgement and sends again, and the finding's row (keyed by the
 * event's uid) makes the repetition harmless.
 */
#include "core/core_clock.h"
#include "core/core_bus.h"
#include "core/core_reflex.h"

#include "base/clock.h"
#include "base/num.h"
#include "base/log.h"
#include "incident/fact.h"
#include "playbook/playbook.h"

struct taking {
    struct hb_core *core;
    const struct hb_event *event;
    int64_t incident; /* the last one this event belongs to */
    bool known;       /* the event was taken before */
    bool opened;      /* an incident, by this batch */
    int r;
};

static int take_all(struct taking *t, const struct hb_event *const *events,
                    size_t n);
static int take_one(struct taking *t);
static void begin_play(struct taking *t, int64_t incident);
static hb_rule_hit on_hit;
static int take_lifecycle(struct hb_core *c, const struct hb_event *e);
static int count_pending(struct hb_core *c, const struct hb_event *e);
static int take_control(struct hb_core *c, const struct hb_event *e);
static int count_file(struct taking *t);
static int take_facts(struct taking *t);
static const char *object_of(const struct hb_event *e);
static int tell(struct taking *t);
static const char *moment_kind(const struct hb_event *e);
static void moment_args(struct hb_jw *w, const struct hb_event *e);
static void who(struct hb_buf *b, const struct hb_event *e);

int hb_core_take(struct hb_core *c, const struct hb_event *const *events,
                 size_t n, struct hb_err *err)
{
    struct taking t = {.core = c};
    int r;

    for (size_t i = 0; i < n; i++) {
        r = hb_events_add(c->events, events[i], err);
        if (r < 0)
            goto trouble;
    }
    r = hb_db_begin(c->state.db);
    if (r == 0)
        r = take_all(&t, events, n);
    if (r == 0)
        r = hb_db_commit(c->state.db);
    if (r < 0) {
        hb_db_rollback(c->state.db);
        (void)hb_err_set(err, r, "%s", hb_db_err(c->state.db)->message);
        goto trouble;
    }
    r = hb_events_flush(c->events, err);
    if (r < 0)
        goto trouble;
    c->events_taken += n;
    c->degraded = false;
    c->degraded_s = 0;
    /* Outside the transaction: both open their own. */
    if (t.opened && hb_play_tick(c->play) < 0)
        hb_log(HB_LOG_ERR, "playbooks could not go on");
    for (size_t i = 0; i < n; i++)
        if (hb_event_get(events[i], HB_F_COMMAND) != NULL)
            hb_core_command_answered(c, events[i]);
    hb_core_staged_fetch(c);
    hb_core_reflex_go(c);
    return 0;

trouble:
    /* The guards go on without us; status and the log say what to do. */
    c->degraded = true;
    (void)hb_copyz(c->trouble, sizeof(c->trouble),
                   err->message[0] != '\0' ? err->message : strerror(-r));
    return r;
}

bool hb_core_foreign(const char *source)
{
    return strncmp(source, "producer/", 9) == 0;
}

void hb_core_say(struct hb_core *c, enum hb_severity sev, const char *status,
                 const char *detail)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_event *one;
    struct hb_err err = {0};
    struct hb_event *e;

    if (a == NULL ||
        (e = hb_event_new(a, HB_EV_APP_LIFECYCLE, 99, sev, "core")) == NULL)
        return;
    if (hb_event_strz(e, HB_F_STATUS, status) < 0 ||
        hb_event_strz(e, HB_F_STATUS_DETAIL, detail) < 0)
        return;
    one = e;
    if (hb_core_take(c, &one, 1, &err) < 0)
        hb_log(HB_LOG_ERR, "%s: %s (not stored: %s)", status, detail,
               err.message);
}

/* With the incident stands its run, or neither: a crash in between would
 * leave an incident that nothing works on. */
static void begin_play(struct taking *t, int64_t incident)
{
    struct hb_core *c = t->core;
    int r = c->play != NULL ? hb_play_begin(c->play, incident) : 0;

    /* A playbook that cannot be run must not cost us the incident. */
    if (r < 0)
        hb_log(HB_LOG_ERR, "the playbook of incident %lld did not begin: %s",
               (long long)incident, strerror(-r));
    t->opened = true;
    hb_core_clocks_soon(c);
}

static int take_all(struct taking *t, const struct hb_event *const *events,
                    size_t n)
{
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        t->event = events[i];
        t->incident = 0;
        t->known = false;
        r = take_one(t);
    }
    return r;
}

static int take_one(struct taking *t)
{
    const struct hb_event *e = t->event;
    const char *staged = hb_event_getz(e, HB_F_STAGING_ID, "");
    int r = 0;

    if (hb_core_foreign(e->source))
        r = 0;
    else if (e->class_uid == HB_EV_APP_LIFECYCLE)
        r = take_lifecycle(t->core, e);
    else if (e->class_uid == HB_EV_COMPLIANCE_FINDING)
        r = take_control(t->core, e);
    if (r == 0)
        r = hb_rules_match(t->core->rules, e, on_hit, t);
    if (r < 0)
        return r;
    if (t->incident == 0 || t->known)
        return 0;
    r = count_file(t);
    if (r == 0)
        r = take_facts(t);
    if (r == 0)
        r = tell(t);
    if (r == 0)
        r = hb_core_reflex_note(t->core, e, t->incident);
    if (r == 0 && staged[0] != '\0')
        r = hb_core_staged_note(t->core, staged, t->incident,
                                hb_event_getz(e, HB_F_FILE_PATH, "?"), e->uid);
    return r;
}

static int on_hit(void *arg, const struct hb_rule *rule, const char *key)
{
    struct taking *t = arg;
    struct hb_core *c = t->core;
    const char *object = object_of(t->event);
    struct hb_group *group;
    bool fresh = false;
    int64_t id = 0;
    int r;

    /* Else a stranger opens an incident for each name that it makes up. */
    if (hb_core_foreign(t->event->source) &&
        hb_config_site(c->ctx->config, object) == NULL)
        return 0;
    r = hb_groups_add(c->groups, rule, key, hb_now(), &group);
    for (size_t i = 0; r >= 0 && i < 4 && rule->cases[i] != 0; i++) {
        char joint[HB_FINDING_KEY + 32];
        struct hb_finding f = {
            .rule = rule->id,
            .case_number = (int)rule->cases[i],
            .key = joint,
            .object = object,
            .severity = rule->level,
            .event = t->event,
            .title_en = rule->title[HB_LANG_EN],
            .title_ja = rule->title[HB_LANG_JA],
        };

        (void)snprintf(joint, sizeof(joint), "case:%u/site:%s", rule->cases[i],
                       object);
        if (!rule->opens &&
            hb_incident_find_open(&c->state, joint, &id) == -ENOENT)
            continue;
        r = hb_incident_take(&c->state, &f, &id, &fresh);
        if (r < 0)
            break;
        /* Two rules may hit one event: told once is enough. */
        if (r == 1 && t->incident == 0)
            t->known = true;
        r = 0;
        t->incident = id;
        if (fresh)
            begin_play(t, id);
    }
    return r < 0 ? r : 0;
}

/* Parts report "ready", "degraded", "dropped", "died"... */
static int take_lifecycle(struct hb_core *c, const struct hb_event *e)
{
    struct hb_core_part *p = NULL;
    int r = count_pending(c, e);

    if (r < 0)
        return r;
    for (size_t i = 0; i < c->parts_n; i++)
        if (hb_streq(c->parts[i].name, e->source))
            p = &c->parts[i];
    if (p == NULL && c->parts_n < HB_CORE_PARTS) {
        p = &c->parts[c->parts_n++];
        (void)hb_copyz(p->name, sizeof(p->name), e->source);
    }
    if (hb_event_get(e, HB_F_COMMAND) != NULL || p == NULL || e->time < p->at)
        return 0;
    p->at = e->time;
    (void)hb_copyz(
        p->status, sizeof(p->status),
        hb_event_getz(e, HB_F_STATUS, hb_event_getz(e, HB_F_SITE_CHANGE, "")));
    (void)hb_copyz(p->detail, sizeof(p->detail),
                   hb_event_getz(e, HB_F_MESSAGE,
                                 hb_event_getz(e, HB_F_STATUS_DETAIL, "")));
    return 0;
}

/* How many changes of a deploy wait for a person is shown with the site until
 * compare says otherwise. */
static int count_pending(struct hb_core *c, const struct hb_event *e)
{
    const char *site = hb_event_getz(e, HB_F_SITE, "");
    const struct hb_event_field *n = hb_event_get(e, HB_F_EVENT_COUNT);
    char name[96], count[24];

    if (n == NULL ||
        !hb_streq(hb_event_getz(e, HB_F_SITE_CHANGE, ""), "pending") ||
        n->integer < 0 || !hb_streq(e->source, "sense/files") ||
        hb_config_site(c->ctx->config, site) == NULL)
        return 0;
    (void)snprintf(name, sizeof(name), HB_CORE_PENDING "%s", site);
    (void)snprintf(count, sizeof(count), "%lld", (long long)n->integer);
    return hb_state_set(&c->state, name, count);
}

static int take_control(struct hb_core *c, const struct hb_event *e)
{
    enum hb_control_status st;
    const char *control = hb_event_getz(e, HB_F_COMPLIANCE_CONTROL, "");
    const char *reason = hb_event_getz(e, HB_F_STATUS_DETAIL, "");

    if (control[0] == '\0' ||
        hb_control_status_parse(hb_event_getz(e, HB_F_COMPLIANCE_STATUS, ""),
                                &st) < 0)
        return 0;
    if (st == HB_CS_PASS && hb_streq(control, "web.waf"))
        hb_core_gate_doubt(c, &st, &reason);
    return hb_core_control_set(c, control, st, reason, "", 0);
}

/* What is not as it should be (asked, failed) stands in `outstanding` until an
 * event says that it was mended; every change and deed is counted. */
static int count_file(struct taking *t)
{
    struct hb_db *db = t->core->state.db;
    const char *site = hb_event_getz(t->event, HB_F_SITE, "");
    const char *path = hb_event_getz(t->event, HB_F_FILE_PATH, "");
    const char *status = hb_event_getz(t->event, HB_F_STATUS, "");
    const char *const names[] = {hb_event_getz(t->event, HB_F_SITE_CHANGE, ""),
                                 status};
    bool open = hb_streq(status, "ask") || hb_streq(status, "failed") ||
                hb_streq(status, "refused") || hb_streq(status, "limited");
    int r = 0;

    if (site[0] == '\0' || path[0] == '\0')
        return 0;
    for (size_t i = 0; i < HB_ARRAY_LEN(names) && r == 0; i++)
        if (names[i][0] != '\0')
            r = hb_db_exec(db,
                           "INSERT INTO tally(incident, name, n)"
                           " VALUES(?1, ?2, 1) ON CONFLICT(incident, name)"
                           " DO UPDATE SET n = n + 1",
                           "it", t->incident, names[i]);
    if (r < 0)
        return r;
    if (!open)
        return hb_db_exec(db,
                          "DELETE FROM outstanding WHERE site = ?1"
                          " AND path = ?2",
                          "tt", site, path);
    return hb_db_exec(db,
                      "INSERT INTO outstanding(site, path, status, incident,"
                      " time) VALUES(?1, ?2, ?3, ?4, ?5)"
                      " ON CONFLICT(site, path) DO UPDATE SET status = ?3,"
                      " incident = ?4, time = ?5",
                      "tttii", site, path, status, t->incident, t->event->time);
}

/* What a guard of ours found out about the incident, by names of the
 * catalogue: {"opened_count": "3"}.  A word that is no good is left out: the
 * rest of the event must not be lost for it. */
static int take_facts(struct taking *t)
{
    _cleanup_arena_ struct hb_arena *a = NULL;
    const struct hb_event_field *f = hb_event_get(t->event, HB_F_FACTS);
    struct hb_json *facts = NULL;
    char source[HB_MAX_NAME + 8];
    int r = 0;

    if (f == NULL || hb_core_foreign(t->event->source))
        return 0;
    a = hb_arena_new(0);
    if (a == NULL)
        return -ENOMEM;
    if (hb_json_parse(a, f->str, &facts, NULL) < 0 ||
        facts->type != HB_JSON_OBJ)
        return 0;
    (void)snprintf(source, sizeof(source), "event:%.80s", t->event->source);
    HB_JSON_EACH (one, facts) {
        const struct hb_known k = {
            .name = one->key.p,
            .value = one->type == HB_JSON_STR ? one->str.p : "",
            .known_at = t->event->time,
            .source = source,
            .actor = "role:core",
        };
        struct hb_err err = {0};

        r = hb_known_add(&t->core->state, t->incident, &k, &err);
        if (r == -EINVAL || r == -ENOENT) {
            hb_log(HB_LOG_WARNING, "%s said of the incident: %s", source,
                   err.message);
            r = 0;
        }
        if (r < 0)
            return r;
    }
    return 0;
}

/* What an incident is about, so that two of a kind stay apart: the site, or
 * what a guard names in its finding (a share). */
static const char *object_of(const struct hb_event *e)
{
    return hb_event_getz(e, HB_F_SITE,
                         e->class_uid == HB_EV_DETECTION_FINDING
                             ? hb_event_getz(e, HB_F_RESOURCE_NAME, "")
                             : "");
}

static int tell(struct taking *t)
{
    struct hb_buf args = HB_BUF_INIT;
    const char *kind = moment_kind(t->event), *status, *deed;
    const struct hb_event_field *took;
    int64_t told = 0;
    struct hb_jw w;
    int r;

    if (kind == NULL)
        return 0;
    /* Whatever its kind: who can write files can also make other events. */
    r = hb_timeline_count(&t->core->state, t->incident, &told);
    if (r < 0)
        return r;
    if (told >= HB_CORE_TOLD_MAX)
        return 0;
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    moment_args(&w, t->event);
    hb_jw_end_obj(&w);
    r = hb_buf_err(&args);
    if (r == 0)
        r = hb_timeline_add(&t->core->state, t->incident, t->event->time, kind,
                            t->event->source, hb_buf_z(&args), t->event->uid);
    /* What was done about it is a moment of its own, a little later. */
    status = hb_event_getz(t->event, HB_F_STATUS, "");
    deed = hb_streq(status, "restored")  ? "file.restored"
           : hb_streq(status, "removed") ? "file.removed"
                                         : NULL;
    took = hb_event_get(t->event, HB_F_TOOK_NS);
    if (r == 0 && deed != NULL)
        r = hb_timeline_add(&t->core->state, t->incident,
                            t->event->time + (took != NULL ? took->integer : 0),
                            deed, t->event->source, hb_buf_z(&args),
                            t->event->uid);
    hb_buf_done(&args);
    return r;
}

/* What a status or a change says about a file. */
static const char *moment_kind(const struct hb_event *e)
{
    static const struct {
        const char *word, *kind;
    } words[] = {
        {"fight", "file.fight"},        {"failed", "file.failed"},
        {"refused", "file.failed"},     {"ask", "file.asked"},
        {"modified", "file.changed"},   {"replaced", "file.changed"},
        {"attributes", "file.changed"}, {"added", "file.added"},
        {"deleted", "file.deleted"},
    };
    const char *const said[] = {hb_event_getz(e, HB_F_STATUS, ""),
                                hb_event_getz(e, HB_F_SITE_CHANGE, "")};

    if (e->class_uid == HB_EV_HTTP_ACTIVITY)
        return "outside.differs";
    for (size_t k = 0; k < HB_ARRAY_LEN(said); k++)
        for (size_t i = 0; i < HB_ARRAY_LEN(words); i++)
            if (hb_streq(words[i].word, said[k]))
                return words[i].kind;
    return "incident.note";
}

static void moment_args(struct hb_jw *w, const struct hb_event *e)
{
    const struct hb_event_field *f;
    struct hb_buf name = HB_BUF_INIT;

    who(&name, e);
    hb_jw_str(w, "who", hb_buf_z(&name));
    hb_buf_done(&name);
    hb_jw_str(w, "path", hb_event_getz(e, HB_F_FILE_PATH, "?"));
    hb_jw_str(w, "status", hb_event_getz(e, HB_F_STATUS, ""));
    hb_jw_str(w, "error", hb_event_getz(e, HB_F_STATUS_DETAIL, ""));
    hb_jw_str(w, "detail", hb_event_getz(e, HB_F_STATUS_DETAIL, ""));
    hb_jw_str(w, "note", hb_event_getz(e, HB_F_MESSAGE, ""));
    hb_jw_str(w, "url", hb_event_getz(e, HB_F_HTTP_URL, ""));
    if ((f = hb_event_get(e, HB_F_SITE_REASONS)) != NULL)
        hb_jw_slice(w, "reasons", f->str);
    if ((f = hb_event_get(e, HB_F_TOOK_NS)) != NULL) {
        char ms[32];

        (void)snprintf(ms, sizeof(ms), "%.1f", (double)f->integer / 1e6);
        hb_jw_str(w, "ms", ms);
    }
    if ((f = hb_event_get(e, HB_F_EVENT_COUNT)) != NULL)
        hb_jw_int(w, "count", f->integer);
    if ((f = hb_event_get(e, HB_F_CHANGED_TIME)) != NULL)
        hb_jw_int(w, "changed", f->integer);
}

/* "nginx (pid 812, www-data)": what the kernel told, no more. */
static void who(struct hb_buf *b, const struct hb_event *e)
{
    const char *exe = hb_event_getz(e, HB_F_ACTOR_PROCESS_FILE_PATH, "");
    const char *name = hb_event_getz(e, HB_F_ACTOR_PROCESS_NAME, "");
    const char *user = hb_event_getz(e, HB_F_ACTOR_USER_NAME, "");
    const char *uid = hb_event_getz(e, HB_F_ACTOR_USER_UID, "");
    const struct hb_event_field *pid = hb_event_get(e, HB_F_ACTOR_PROCESS_PID);

    hb_buf_addz(b, exe[0] != '\0' ? exe : name[0] != '\0' ? name : "?");
    if (pid == NULL)
        return;
    hb_buf_addf(b, " (pid %lld", (long long)pid->integer);
    if (user[0] != '\0')
        hb_buf_addf(b, ", %s", user);
    else if (uid[0] != '\0')
        hb_buf_addf(b, ", uid %s", uid);
    hb_buf_addz(b, ")");
}
