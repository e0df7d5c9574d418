/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play_notes.c - what actions leave in the timeline, and the approvals that
 * they take along.  Runs in core.
 */
#include "core/play_port.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/num.h"
#include "control/control.h"

/* A change that somebody may have made by a request, a log-in... */
struct change {
    const char *path;
    int64_t at;
};

#define TOLD         48u         /* changes of the timeline, at most ... */
#define LATER        16u         /* ... and times that it does not tell */
#define CHANGE_BYTES (24u << 10) /* of them in a command */
#define CHANGE_PATH  512u        /* a longer one is told by its time alone */

_Static_assert(TOLD + LATER <= HB_CHANGES_MAX, "what one command names");

static int changes_read(struct hb_core *c, struct hb_arena *a, int64_t incident,
                        struct change *v, size_t *ret_n);
static void change_take(struct hb_arena *a, int64_t time, const char *args,
                        struct change *v, size_t *n);
static int changes_later(struct hb_core *c, int64_t incident, int64_t after,
                         struct change *v, size_t *n);
static void approver(struct hb_core *c, int64_t incident, struct hb_jw *w);
static int add(struct hb_core *c, int64_t incident, const char *kind,
               const char *args);

int64_t hb_core_evidence_count(struct hb_core *c, int64_t incident)
{
    int64_t n = 0;
    int r = hb_db_number(c->state.db, &n,
                         "SELECT count(*) FROM staged WHERE incident = ?1"
                         " AND evidence > 0",
                         "i", incident);

    return r < 0 ? 0 : n;
}

/* FNV-1a of the step's id: the number by which a request names its step. */
uint32_t hb_core_step_hash(const char *id)
{
    uint32_t h = 2166136261u;

    for (; *id != '\0'; id++)
        h = (h ^ (uint8_t)*id) * 16777619u;
    return h == 0 ? 1 : h;
}

void hb_core_step_request(const struct hb_step *step,
                          const struct hb_conf_site *site, int64_t incident,
                          struct hb_request *ret)
{
    uint64_t retry = 3600;

    *ret = (struct hb_request){.site = (uint32_t)site->number,
                               .incident = (uint32_t)incident,
                               .step = hb_core_step_hash(step->id)};
    if (hb_streq(step->action->name, "site.public")) {
        ret->action = HB_ACT_SITE_PUBLIC;
    } else if (hb_streq(step->action->name, "site.private")) {
        for (size_t i = 0; i < step->args_n; i++)
            if (hb_streq(step->args[i].name, "retry_after") &&
                hb_parse_u64(hb_slice_z(step->args[i].text), &retry) < 0)
                retry = 3600;
        ret->action = HB_ACT_SITE_PRIVATE;
        ret->arg = (uint32_t)HB_MIN(retry, UINT64_C(86400 * 30));
    }
}

/* The newest unused approval for this incident and step.  Whether it holds is
 * verified in the helper, not here. */
size_t hb_core_approval(struct hb_core *c, int64_t incident,
                        const struct hb_request *r, uint8_t *buf)
{
    struct hb_stmt *q;
    char step[16];
    size_t n = 0;

    (void)snprintf(step, sizeof(step), "%08x", r->step);
    if (hb_db_stmt(c->state.db,
                   "SELECT blob FROM approval WHERE incident = ?1"
                   " AND step = ?2 AND used = 0 ORDER BY created DESC LIMIT 1",
                   &q) < 0)
        return 0;
    if (hb_stmt_int(q, 1, incident) == 0 && hb_stmt_text(q, 2, step) == 0 &&
        hb_stmt_step(q) == 1) {
        struct hb_slice blob = hb_stmt_col_blob(q, 0);

        if (blob.n <= HB_ACT_APPROVAL_MAX) {
            memcpy(buf, blob.p, blob.n);
            n = blob.n;
        }
    }
    hb_stmt_reset(q);
    return n;
}

/* A role's answer may carry "moments": [{"kind": ..., "time": ...,
 * "args": {...}}], what it found; kinds are checked by the timeline. */
void hb_core_answer_moments(struct hb_core *c, int64_t incident,
                            const struct hb_event *answer)
{
    const struct hb_event_field *f = hb_event_get(answer, HB_F_ANSWER);
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_json *moments;
    struct hb_json *tree;

    if (f == NULL || a == NULL || hb_json_parse(a, f->str, &tree, NULL) < 0 ||
        (moments = hb_json_get(tree, "moments")) == NULL)
        return;
    HB_JSON_EACH (m, moments) {
        const struct hb_json *args = hb_json_get(m, "args");
        struct hb_buf text = HB_BUF_INIT;

        if (args != NULL)
            hb_json_write(&text, args);
        if (hb_timeline_add(
                &c->state, incident, hb_json_int(m, "time", hb_now()),
                hb_json_str(m, "kind", ""), answer->source,
                args != NULL ? hb_buf_z(&text) : "{}", answer->uid) < 0)
            hb_log(HB_LOG_WARNING, "%s: a moment was refused", answer->source);
        hb_buf_done(&text);
    }
}

int hb_core_changes(struct hb_core *c, int64_t incident, struct hb_buf *json)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct change *v =
        a == NULL ? NULL : HB_NEW_N(a, struct change, HB_CHANGES_MAX);
    struct hb_incident inc;
    struct hb_jw w;
    size_t n = 0;
    int r = v == NULL ? -ENOMEM : changes_read(c, a, incident, v, &n);

    if (r == 0 && n == 0 && hb_incident_get(&c->state, a, incident, &inc) == 0)
        v[n++] = (struct change){.path = "", .at = inc.first_event};
    if (r < 0)
        return r;
    hb_jw_init(&w, json);
    hb_jw_arr(&w, NULL);
    for (size_t i = 0; i < n; i++) {
        bool named = strlen(v[i].path) <= CHANGE_PATH &&
                     json->n + 6 * strlen(v[i].path) < CHANGE_BYTES;

        hb_jw_obj(&w, NULL);
        hb_jw_str(&w, "path", named ? v[i].path : "");
        hb_jw_int(&w, "time", v[i].at);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    return hb_buf_err(json);
}

/* The first half and the last half of what the timeline tells; it ends after
 * so many moments, but every event has its time among the findings. */
static int changes_read(struct hb_core *c, struct hb_arena *a, int64_t incident,
                        struct change *v, size_t *ret_n)
{
    struct hb_stmt *q;
    int64_t last = 0;
    size_t n = 0;
    int r = hb_db_stmt(c->state.db,
                       "SELECT time, args FROM timeline WHERE incident = ?1"
                       " AND kind IN ('file.changed', 'file.added',"
                       " 'file.deleted', 'file.failed', 'file.asked',"
                       " 'file.fight') ORDER BY time, id",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        last = hb_stmt_col_int(q, 0);
        if (n + 2 > TOLD) {
            size_t half = TOLD / 2, over = n + 2 - TOLD;

            memmove(v + half, v + half + over, (n - half - over) * sizeof(*v));
            n -= over;
        }
        change_take(a, last, hb_stmt_col_text(q, 1), v, &n);
    }
    hb_stmt_reset(q);
    if (r >= 0 && n > 0)
        r = changes_later(c, incident, last, v, &n);
    *ret_n = n;
    return r < 0 ? r : 0;
}

static int changes_later(struct hb_core *c, int64_t incident, int64_t after,
                         struct change *v, size_t *n)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(c->state.db,
                       "SELECT DISTINCT time FROM finding WHERE incident = ?1"
                       " AND time > ?2 ORDER BY time DESC LIMIT ?3",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    if (r == 0)
        r = hb_stmt_int(q, 2, after);
    if (r == 0)
        r = hb_stmt_int(q, 3, LATER);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1)
        v[(*n)++] = (struct change){.path = "", .at = hb_stmt_col_int(q, 0)};
    hb_stmt_reset(q);
    return r;
}

/* One row: the time when it was noticed; where nobody was seen to do it (a
 * scan found it), also the kernel's own time of the last change, which no
 * program sets.  With a writer that was seen, an older time could only be one
 * that an attacker prepared. */
static void change_take(struct hb_arena *a, int64_t time, const char *args,
                        struct change *v, size_t *n)
{
    struct hb_json *tree = NULL;
    const char *path;
    int64_t changed;

    if (hb_json_parse(a, hb_slice_z(args), &tree, NULL) < 0)
        return;
    path = hb_json_str(tree, "path", "");
    changed = hb_json_int(tree, "changed", 0) * (int64_t)HB_MS;
    v[(*n)++] = (struct change){.path = path, .at = time};
    if (changed > 0 && changed < time - (int64_t)HB_S)
        v[(*n)++] = (struct change){.path = path, .at = changed};
}

/* Who approved last in this incident; a reflex needs nobody. */
static void approver(struct hb_core *c, int64_t incident, struct hb_jw *w)
{
    const char *name = NULL;
    struct hb_stmt *q;

    if (hb_db_stmt(c->state.db,
                   "SELECT p.full_name FROM approval a JOIN person p"
                   " ON p.id = a.person WHERE a.incident = ?1"
                   " ORDER BY a.created DESC LIMIT 1",
                   &q) < 0) {
        hb_jw_str(w, "by", "playbook");
        return;
    }
    if (hb_stmt_int(q, 1, incident) == 0 && hb_stmt_step(q) == 1)
        name = hb_stmt_col_text(q, 0);
    hb_jw_str(w, "by", name != NULL ? name : "playbook");
    hb_stmt_reset(q);
}

void hb_core_site_moment(struct hb_core *c, int64_t incident,
                         const char *action)
{
    bool off = hb_streq(action, "site.private");
    struct hb_buf args = HB_BUF_INIT;
    char reason[32];
    struct hb_jw w;
    int r;

    if (!off && !hb_streq(action, "site.public"))
        return;
    (void)snprintf(reason, sizeof(reason), "#%lld", (long long)incident);
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    approver(c, incident, &w);
    hb_jw_str(&w, "reason", reason);
    hb_jw_end_obj(&w);
    r = hb_buf_err(&args);
    if (r == 0)
        r = add(c, incident, off ? "site.private" : "site.public",
                hb_buf_z(&args));
    hb_buf_done(&args);
    if (r < 0)
        hb_log(HB_LOG_ERR, "the timeline could not be written");
}

void hb_core_failed_moment(struct hb_core *c, int64_t incident,
                           const char *action, const char *why)
{
    struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;
    int r;

    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "action", action);
    hb_jw_str(&w, "error", hb_tr(HB_LANG_EN, why));
    hb_jw_str(&w, "error_ja", hb_tr(HB_LANG_JA, why));
    hb_jw_end_obj(&w);
    r = hb_buf_err(&args);
    if (r == 0)
        r = add(c, incident, "action.failed", hb_buf_z(&args));
    hb_buf_done(&args);
    if (r < 0)
        hb_log(HB_LOG_ERR, "the timeline could not be written");
}

static int add(struct hb_core *c, int64_t incident, const char *kind,
               const char *args)
{
    return hb_timeline_add(&c->state, incident, hb_now(), kind, "role:core",
                           args, "");
}
