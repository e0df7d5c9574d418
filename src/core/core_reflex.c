/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_reflex.c - what core asks of the helper by itself: a site or a path
 * taken private when restoring does not hold, a writer stopped, a path made
 * unchangeable; and all of it taken back when it is quiet again.
 *
 * Runs in core.  Nothing here decides whether it may be done: the helper does
 * what the officer approved in advance (a reflex) and answers ASK to the
 * rest; then the playbook asks people.  Why a deed is wanted:
 *
 *   failed   restoring what is served failed private_after times
 *   fight    the same path again and again: stop the writer where
 *            freeze_writer says so, else make the path unchangeable, else take
 *            it private
 *   came back  a change more than a minute after the first one of an incident,
 *            where private_on_entry_open says that this closes the site
 *
 * What makes noise but is restored, or is not served, leads to none of them.
 *
 * A deed is a row (reflex_deed), written with the event that wants it and
 * carried out under its key after the commit, so that a crash neither forgets
 * nor doubles it.  A person who takes the site private or public takes the
 * deed over: the row goes, and nothing is lifted by itself any more.  Quiet is
 * counted from our own start at the earliest, by the clock that never steps.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "core/core_reflex.h"
#include "core/play_port.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/log.h"
#include "base/num.h"

#define BACK_NS  (60 * (int64_t)HB_S)
#define AT_ONCE  8u
#define RETRY_NS (5 * HB_S)
#define TRIES    2u /* alone, of a deed that the helper breaks off at */

enum state { WANTED = 1, HOLDS, LIFTING };
enum { BY_PERSON = 2 }; /* in the column widen: not to be lifted by itself */

/* A row on its way to the helper. */
struct flight {
    struct hb_core *core;
    int64_t id, incident;
    enum state state;
    enum hb_action action;
    bool widen, person;
    bool query; /* only whether it was done */
    uint8_t key[HB_ACT_KEY_SIZE];
    char site[64], path[HB_MAX_PATH], detail[256];
};

static const struct hb_conf_site *site_of(const struct hb_core *c,
                                          const struct hb_event *e);
static const char *below_root(const struct hb_conf_site *s, const char *path);
static bool served(const struct hb_conf_site *s, const char *rel);
static bool came_back(struct hb_core *c, const struct hb_event *e,
                      int64_t incident);
static int want(struct hb_core *c, const struct hb_conf_site *s,
                const struct hb_event *e, int64_t incident,
                enum hb_action action, const char *rel, bool widen);
static int want_private(struct hb_core *c, const struct hb_conf_site *s,
                        const struct hb_event *e, int64_t incident,
                        const char *rel);
static void noise(struct hb_core *c, const char *site);
static void ask(struct hb_core *c, struct flight *f, struct hb_request *r,
                int64_t pid);
static hb_core_answer on_answer;
static void done(struct flight *f);
static void not_done(struct flight *f, const struct hb_reply *reply);
static void broke_off(struct flight *f);
static void nobody_knows(struct flight *f);
static void next_best(struct flight *f);
static void stays(struct flight *f);
static void forget(struct hb_core *c, int64_t id);
static void tell(struct flight *f, const char *kind);
static const char *approver(const struct flight *f, struct hb_arena *a);
static void lift_what_is_quiet(struct hb_core *c);
static void list_one(struct hb_core_call *call, struct hb_jw *w,
                     struct hb_stmt *q);
static enum hb_action counter_of(enum hb_action a);
static uint32_t step_of(int64_t id);

int hb_core_reflex_note(struct hb_core *c, const struct hb_event *e,
                        int64_t incident)
{
    const struct hb_conf_site *s = site_of(c, e);
    const char *status = hb_event_getz(e, HB_F_STATUS, "");
    const char *rel =
        s != NULL ? below_root(s, hb_event_getz(e, HB_F_FILE_PATH, "")) : NULL;
    const struct hb_event_field *count = hb_event_get(e, HB_F_EVENT_COUNT);

    if (rel == NULL)
        return 0;
    noise(c, s->name);
    if (!served(s, rel))
        return 0;
    if (hb_streq(status, "failed") && count != NULL &&
        count->integer >= s->private_after)
        return want_private(c, s, e, incident, rel);
    if (hb_streq(status, "fight"))
        return want(c, s, e, incident,
                    s->freeze_writer ? HB_ACT_WRITER_FREEZE : HB_ACT_PATH_DENY,
                    rel, false);
    if (s->private_on_entry_open && came_back(c, e, incident))
        return want(c, s, e, incident, HB_ACT_SITE_PRIVATE, "", true);
    return 0;
}

void hb_core_reflex_go(struct hb_core *c)
{
    struct hb_request requests[AT_ONCE];
    struct flight *list[AT_ONCE];
    int64_t pids[AT_ONCE];
    struct hb_stmt *q;
    size_t n = 0;

    if (c->reflex_flying > 0 || c->helper == NULL ||
        !hb_core_helper_alive(c->helper) || hb_mono() < c->reflex_again)
        return;
    lift_what_is_quiet(c);
    if (hb_db_stmt(
            c->state.db,
            "SELECT id, incident, state, action, site, path, key, entry,"
            " baseline, pid, started, detail, widen, of_key FROM reflex_deed"
            " WHERE state <> 2 ORDER BY id LIMIT 8",
            &q) < 0)
        return;
    while (n < (c->reflex_alone ? 1 : AT_ONCE) && hb_stmt_step(q) == 1) {
        const struct hb_conf_site *s;
        struct flight *f = calloc(1, sizeof(*f));
        struct hb_slice key = hb_stmt_col_blob(q, 6);
        struct hb_slice of = hb_stmt_col_blob(q, 13);

        if (f == NULL)
            break;
        f->core = c;
        f->id = hb_stmt_col_int(q, 0);
        f->incident = hb_stmt_col_int(q, 1);
        f->state = (enum state)hb_stmt_col_int(q, 2);
        f->action = (enum hb_action)hb_stmt_col_int(q, 3);
        f->widen = hb_stmt_col_int(q, 12) != 0;
        f->person = hb_stmt_col_int(q, 12) == BY_PERSON;
        (void)hb_copyz(f->site, sizeof(f->site), hb_stmt_col_text(q, 4));
        (void)hb_copyz(f->path, sizeof(f->path), hb_stmt_col_text(q, 5));
        (void)hb_copyz(f->detail, sizeof(f->detail), hb_stmt_col_text(q, 11));
        s = hb_config_site(c->ctx->config, f->site);
        requests[n] = (struct hb_request){
            .action = (uint16_t)f->action,
            .site = s != NULL ? (uint32_t)s->number : 0,
            .entry = (uint32_t)hb_stmt_col_int(q, 7),
            .baseline = (uint64_t)hb_stmt_col_int(q, 8),
            .incident = (uint32_t)f->incident,
        };
        if (f->action == HB_ACT_SITE_PRIVATE && s != NULL)
            requests[n].arg = (uint32_t)(s->private_clean / HB_S);
        if (f->action == HB_ACT_WRITER_FREEZE)
            requests[n].arg = (uint32_t)hb_stmt_col_int(q, 10);
        pids[n] = hb_stmt_col_int(q, 9);
        if (key.n == HB_ACT_KEY_SIZE)
            memcpy(requests[n].key, key.p, key.n);
        memcpy(f->key, requests[n].key, sizeof(f->key));
        if (f->action == HB_ACT_WRITER_THAW && of.n == HB_ACT_KEY_SIZE)
            memcpy(requests[n].key2, of.p, of.n);
        list[n++] = f;
    }
    hb_stmt_reset(q);
    if (n == 0)
        c->reflex_alone = false;
    for (size_t i = 0; i < n; i++)
        ask(c, list[i], &requests[i], pids[i]);
}

void hb_core_reflex_by_person(struct hb_core *c, const char *site,
                              int64_t incident, bool private)
{
    static const char none[HB_ACT_KEY_SIZE] = "";
    const struct hb_slice key = hb_slice(none, sizeof(none));
    int r = hb_db_exec(c->state.db,
                       "DELETE FROM reflex_deed WHERE site = ?1"
                       " AND (action = ?2 OR action = ?3)",
                       "tii", site, (int64_t)HB_ACT_SITE_PRIVATE,
                       (int64_t)HB_ACT_SITE_PUBLIC);

    if (r == 0 && private)
        r = hb_db_exec(
            c->state.db,
            "INSERT INTO reflex_deed(site, path, action, incident, key, state,"
            " entry, baseline, pid, started, detail, since, widen)"
            " VALUES(?1, '', ?2, ?3, ?4, 2, 0, 0, 0, 0, '', ?5, ?6)",
            "tiibii", site, (int64_t)HB_ACT_SITE_PRIVATE, incident, &key,
            hb_now(), (int64_t)BY_PERSON);
    if (r < 0)
        hb_log(HB_LOG_ERR, "%s", hb_db_err(c->state.db)->message);
}

int hb_core_deed_list(struct hb_core_call *call)
{
    int64_t incident = hb_json_int(call->args, "incident", 0);
    struct hb_stmt *q;
    struct hb_jw w;
    size_t n = 0;
    int r = hb_db_stmt(call->core->state.db,
                       "SELECT id, action, site, path, key, entry, baseline,"
                       " since, state FROM reflex_deed WHERE incident = ?1"
                       " AND state >= 2 ORDER BY id",
                       &q);

    if (r < 0)
        return r;
    hb_jw_init(&w, &call->data);
    hb_jw_arr(&w, NULL);
    r = hb_stmt_int(q, 1, incident);
    for (; r == 0 && hb_stmt_step(q) == 1; n++)
        list_one(call, &w, q);
    hb_stmt_reset(q);
    hb_jw_end_arr(&w);
    if (n == 0)
        hb_buf_addz(&call->text, _("Nothing is in force that could be "
                                   "undone.\n"));
    hb_core_undo_restored(call, incident);
    return r;
}

/* The counter-action, with the approval that came along: whether it allows
 * it is verified in the helper. */
int hb_core_deed_undo(struct hb_core_call *call)
{
    int64_t incident = hb_json_int(call->args, "incident", 0);
    int64_t id = hb_json_int(call->args, "deed", 0);
    const char *hex = hb_json_str(call->args, "blob", "");
    uint8_t blob[HB_ACT_APPROVAL_MAX], random[16];
    struct hb_slice bytes = {(const char *)blob, strlen(hex) / 2};
    struct hb_db *db = call->core->state.db;
    char nonce[33], step[16], key[HB_ACT_KEY_SIZE];
    const struct hb_slice fresh = hb_slice(key, sizeof(key));
    int r;

    if (bytes.n == 0 || bytes.n > sizeof(blob) ||
        hb_unhex(hb_slice_z(hex), blob, bytes.n) < 0)
        return hb_err_set(&call->err, -EINVAL, _("This is not an approval."));
    hb_random(random, sizeof(random));
    hb_hex(random, sizeof(random), nonce);
    hb_random(key, sizeof(key));
    (void)snprintf(step, sizeof(step), "%08x", step_of(id));
    r = hb_db_begin(db);
    if (r == 0)
        r = hb_db_exec(db,
                       "INSERT INTO approval(nonce, incident, step, person,"
                       " blob, created, used)"
                       " VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0)",
                       "titibi", nonce, incident, step, call->person->id,
                       &bytes, hb_now());
    if (r == 0)
        r = hb_db_exec(
            db,
            "UPDATE OR REPLACE reflex_deed SET state = 3,"
            " of_key = key, key = ?3, widen = ?4,"
            " action = CASE action WHEN ?5 THEN ?6 WHEN ?7 THEN ?8"
            " WHEN ?9 THEN ?10 ELSE action END"
            " WHERE id = ?1 AND incident = ?2 AND state = 2",
            "iibiiiiiii", id, incident, &fresh, (int64_t)BY_PERSON,
            (int64_t)HB_ACT_SITE_PRIVATE, (int64_t)HB_ACT_SITE_PUBLIC,
            (int64_t)HB_ACT_PATH_DENY, (int64_t)HB_ACT_PATH_ALLOW,
            (int64_t)HB_ACT_WRITER_FREEZE, (int64_t)HB_ACT_WRITER_THAW);
    if (r == 0 && hb_db_changes(db) == 0)
        r = hb_err_set(&call->err, -ENOENT,
                       _("Deed %lld of incident %lld is not in force."),
                       (long long)id, (long long)incident);
    if (r == 0)
        r = hb_db_commit(db);
    if (r < 0) {
        hb_db_rollback(db);
        return r;
    }
    hb_core_reflex_go(call->core);
    return 0;
}

static void list_one(struct hb_core_call *call, struct hb_jw *w,
                     struct hb_stmt *q)
{
    enum hb_action a = (enum hb_action)hb_stmt_col_int(q, 1);
    const char *name = hb_stmt_col_text(q, 2), *path = hb_stmt_col_text(q, 3);
    const struct hb_conf_site *s =
        hb_config_site(call->core->ctx->config, name);
    struct hb_slice key = hb_stmt_col_blob(q, 4);
    bool thaw = a == HB_ACT_WRITER_FREEZE;
    char hex[2 * HB_ACT_KEY_SIZE + 1] = "", time[40];
    int64_t id = hb_stmt_col_int(q, 0);

    if (thaw && key.n == HB_ACT_KEY_SIZE)
        hb_hex(key.p, key.n, hex);
    hb_jw_obj(w, NULL);
    hb_jw_int(w, "deed", id);
    hb_jw_str(w, "action", hb_action_name(a));
    hb_jw_str(w, "site", name);
    hb_jw_str(w, "path", path);
    hb_jw_bool(w, "in_force", hb_stmt_col_int(q, 8) == HOLDS);
    /* What an approval of the counter-action is bound to. */
    hb_jw_int(w, "counter", counter_of(a));
    hb_jw_int(w, "site_number", s != NULL ? s->number : 0);
    hb_jw_int(w, "entry", hb_stmt_col_int(q, 5));
    hb_jw_int(w, "baseline", hb_stmt_col_int(q, 6));
    hb_jw_int(w, "step_number", step_of(id));
    hb_jw_str(w, "key2", hex);
    hb_jw_end_obj(w);
    hb_buf_addf(&call->text, "%4lld  %-14s %s%s%s  %s\n", (long long)id,
                hb_action_name(a), name, path[0] != '\0' ? "/" : "", path,
                hb_time_utc(hb_stmt_col_int(q, 7), time, sizeof(time)));
}

static enum hb_action counter_of(enum hb_action a)
{
    return a == HB_ACT_SITE_PRIVATE    ? HB_ACT_SITE_PUBLIC
           : a == HB_ACT_PATH_DENY     ? HB_ACT_PATH_ALLOW
           : a == HB_ACT_WRITER_FREEZE ? HB_ACT_WRITER_THAW
                                       : a;
}

/* The step that an approval of undoing deed ID is bound to. */
static uint32_t step_of(int64_t id)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "undo-%lld", (long long)id);
    return hb_core_step_hash(text);
}

static const struct hb_conf_site *site_of(const struct hb_core *c,
                                          const struct hb_event *e)
{
    if (e->class_uid != HB_EV_FILE_ACTIVITY)
        return NULL;
    return hb_config_site(c->ctx->config, hb_event_getz(e, HB_F_SITE, ""));
}

static const char *below_root(const struct hb_conf_site *s, const char *path)
{
    size_t n = s->root != NULL ? strlen(s->root) : 0;

    if (n == 0 || strncmp(path, s->root, n) != 0)
        return NULL;
    return path[n] == '\0' ? "" : path[n] == '/' ? path + n + 1 : NULL;
}

/* What visitors can be given: no hidden names (but .well-known, RFC 8615),
 * nothing that is ignored. */
static bool served(const struct hb_conf_site *s, const char *rel)
{
    for (const char *at = rel; at != NULL && at[0] != '\0';) {
        if (at[0] == '.' && strncmp(at, ".well-known/", 12) != 0)
            return false;
        at = strchr(at, '/');
        at = at != NULL ? at + 1 : NULL;
    }
    for (size_t i = 0; i < s->ignore.n; i++) {
        size_t n = strlen(s->ignore.v[i]);

        if (strncmp(rel, s->ignore.v[i], n) == 0 &&
            (rel[n] == '\0' || rel[n] == '/'))
            return false;
    }
    return true;
}

/* A change that was undone, long after the first one: the way in is open. */
static bool came_back(struct hb_core *c, const struct hb_event *e,
                      int64_t incident)
{
    const char *status = hb_event_getz(e, HB_F_STATUS, "");
    struct hb_incident inc;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

    if (!hb_streq(status, "restored") && !hb_streq(status, "removed"))
        return false;
    return a != NULL && hb_incident_get(&c->state, a, incident, &inc) == 0 &&
           e->time - inc.first_event > BACK_NS;
}

/* One path where that can be done, else the site. */
static int want_private(struct hb_core *c, const struct hb_conf_site *s,
                        const struct hb_event *e, int64_t incident,
                        const char *rel)
{
    bool entry = hb_event_get(e, HB_F_SITE_ENTRY) != NULL;

    return want(c, s, e, incident, HB_ACT_SITE_PRIVATE,
                entry && rel[0] != '\0' && s->private_driver == HB_PRIVATE_NGINX
                    ? rel
                    : "",
                true);
}

/* In the transaction of the event.  One that stands already stays as it is.
 * WIDEN: where a path cannot be taken private the site may be; a fight, in
 * which everything is restored, must not lead to that. */
static int want(struct hb_core *c, const struct hb_conf_site *s,
                const struct hb_event *e, int64_t incident,
                enum hb_action action, const char *rel, bool widen)
{
    const struct hb_event_field *entry = hb_event_get(e, HB_F_SITE_ENTRY);
    const struct hb_event_field *number = hb_event_get(e, HB_F_SITE_BASELINE);
    const struct hb_event_field *pid = hb_event_get(e, HB_F_ACTOR_PROCESS_PID);
    const char *uid = hb_event_getz(e, HB_F_ACTOR_PROCESS_UID, "");
    const char *start = strchr(uid, ':');
    uint64_t started = 0;
    char key[HB_ACT_KEY_SIZE];
    const struct hb_slice blob = hb_slice(key, sizeof(key));
    bool whole = rel[0] == '\0';

    if (start != NULL)
        (void)!hb_parse_u64(hb_slice_z(start + 1), &started);
    if (action == HB_ACT_WRITER_FREEZE && (pid == NULL || started == 0))
        action = HB_ACT_PATH_DENY;
    if (action == HB_ACT_PATH_DENY && entry == NULL)
        return 0; /* foreign, and taken out each time: nothing is served */
    hb_random(key, sizeof(key));
    return hb_db_exec(
        c->state.db,
        "INSERT INTO reflex_deed(site, path, action, incident, key,"
        " state, entry, baseline, pid, started, detail, since, widen)"
        " VALUES(?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
        " ON CONFLICT(site, path, action) DO NOTHING",
        "ttiibiiiitii", s->name, rel, (int64_t)action, incident, &blob,
        entry != NULL && !whole ? entry->integer : 0,
        number != NULL && !whole ? number->integer : 0,
        pid != NULL ? pid->integer : 0, (int64_t)(uint32_t)started,
        hb_event_getz(e, HB_F_STATUS_DETAIL, ""), hb_now(), (int64_t)widen);
}

static void noise(struct hb_core *c, const char *site)
{
    struct hb_core_noise *oldest = &c->noise[0];

    for (size_t i = 0; i < HB_ARRAY_LEN(c->noise); i++) {
        struct hb_core_noise *n = &c->noise[i];

        if (hb_streq(n->site, site)) {
            n->at = hb_mono();
            return;
        }
        if (n->at < oldest->at)
            oldest = n;
    }
    (void)hb_copyz(oldest->site, sizeof(oldest->site), site);
    oldest->at = hb_mono();
}

static void ask(struct hb_core *c, struct flight *f, struct hb_request *r,
                int64_t pid)
{
    _cleanup_close_ int fd = -1;
    int rc;

    if (r->site == 0) {
        forget(c, f->id); /* the site is not configured any more */
        free(f);
        return;
    }
    f->query = c->reflex_breaks >= TRIES &&
               memcmp(c->reflex_key, f->key, sizeof(f->key)) == 0;
    if (f->query) {
        *r = (struct hb_request){.action = HB_ACT_QUERY};
        memcpy(r->key, f->key, sizeof(r->key));
    } else if (f->state == LIFTING && f->person) {
        r->step = step_of(f->id);
        r->approval_len =
            (uint16_t)hb_core_approval(c, f->incident, r, r->approval);
    }
    if (f->action == HB_ACT_WRITER_FREEZE && !f->query) {
        /* The helper compares when it was started: a number used again is
         * another process. */
        fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
        if (fd < 0) {
            forget(c, f->id); /* it has ended */
            free(f);
            return;
        }
    }
    rc = hb_core_ask(c->helper, r, fd, on_answer, f);
    if (rc < 0) {
        free(f);
        return;
    }
    c->reflex_flying++;
}

static void on_answer(void *arg, const struct hb_reply *reply, int fd)
{
    struct flight *f = arg;
    struct hb_core *c = f->core;

    hb_close(&fd);
    c->reflex_flying--;
    if (reply == NULL)
        broke_off(f);
    else if (reply->status == HB_ACT_LIMITED)
        c->reflex_again = hb_mono() + RETRY_NS; /* the same key, later */
    else if (reply->status == HB_ACT_NOT_DONE && reply->error != 0)
        nobody_knows(f); /* cut off in the middle */
    else if (reply->status == HB_ACT_ALREADY && reply->error == -ESRCH)
        forget(c, f->id); /* the writer has ended */
    else if (reply->status == HB_ACT_DONE || reply->status == HB_ACT_ALREADY)
        done(f);
    else
        not_done(f, reply);
    free(f);
}

static void done(struct flight *f)
{
    static const struct {
        enum hb_action action;
        const char *kind, *path_kind;
    } told[] = {
        {HB_ACT_SITE_PRIVATE, "site.private", "path.private"},
        {HB_ACT_SITE_PUBLIC, "site.public", "path.public"},
        {HB_ACT_PATH_DENY, "path.denied", "path.denied"},
        {HB_ACT_PATH_ALLOW, "path.allowed", "path.allowed"},
        {HB_ACT_WRITER_FREEZE, "writer.frozen", "writer.frozen"},
        {HB_ACT_WRITER_THAW, "writer.thawed", "writer.thawed"},
    };
    struct hb_core *c = f->core;

    for (size_t i = 0; i < HB_ARRAY_LEN(told); i++)
        if (told[i].action == f->action)
            tell(f, f->path[0] != '\0' ? told[i].path_kind : told[i].kind);
    if (f->action == HB_ACT_SITE_PUBLIC)
        hb_core_reflex_by_person(c, f->site, 0, false); /* all is public */
    else if (f->state == LIFTING)
        forget(c, f->id);
    else if (hb_db_exec(c->state.db,
                        "UPDATE reflex_deed SET state = 2 WHERE id = ?1", "i",
                        f->id) < 0)
        hb_log(HB_LOG_ERR, "%s", hb_db_err(c->state.db)->message);
}

/* The same key, later; but who breaks the helper at every try is not asked
 * for ever, as each time nothing is guarded until the helper is there again.
 * Then a query, which changes nothing, says whether it was done. */
static void broke_off(struct flight *f)
{
    struct hb_core *c = f->core;

    c->reflex_again = hb_mono() + RETRY_NS;
    if (f->query) {
        nobody_knows(f);
        return;
    }
    if (!c->reflex_alone ||
        memcmp(c->reflex_key, f->key, sizeof(f->key)) != 0) {
        c->reflex_breaks = 0;
        memcpy(c->reflex_key, f->key, sizeof(f->key));
    }
    /* Of several on their way it is not known which one it was. */
    c->reflex_breaks += c->reflex_alone;
    c->reflex_alone = true;
}

/* It may be in force: listed by "hinoban undo", and for a person to lift. */
static void nobody_knows(struct flight *f)
{
    static const char why[] =
        N_("The helper broke off at every try; nobody can tell whether it was "
           "done.");
    struct hb_core *c = f->core;

    hb_core_say(c, HB_SEV_HIGH, "not-known", hb_action_name(f->action));
    hb_core_failed_moment(c, f->incident, hb_action_name(f->action), why);
    if (f->state == LIFTING)
        stays(f);
    else if (hb_db_exec(c->state.db,
                        "UPDATE reflex_deed SET state = 2, widen = ?2"
                        " WHERE id = ?1",
                        "ii", f->id, (int64_t)BY_PERSON) < 0)
        hb_log(HB_LOG_ERR, "%s", hb_db_err(c->state.db)->message);
}

static void not_done(struct flight *f, const struct hb_reply *reply)
{
    char text[128];

    if (f->state == LIFTING) {
        hb_core_say(f->core, HB_SEV_MEDIUM, "not-lifted",
                    reply->status == HB_ACT_ASK
                        ? _("this was not approved")
                        : hb_errno_text(reply->error, text, sizeof(text)));
        stays(f);
        return;
    }
    hb_log(HB_LOG_WARNING, "%s of %s/%s: %s", hb_action_name(f->action),
           f->site, f->path,
           reply->status == HB_ACT_ASK
               ? "not approved in advance"
               : hb_errno_text(reply->error, text, sizeof(text)));
    next_best(f);
}

/* Freeze, else deny, else the path private, else the site; what nobody
 * approved in advance is asked of people by the playbook. */
static void next_best(struct flight *f)
{
    struct hb_core *c = f->core;
    enum hb_action next = HB_ACT_SITE_PRIVATE;
    char key[HB_ACT_KEY_SIZE];
    const struct hb_slice blob = hb_slice(key, sizeof(key));
    bool whole = false;

    if (f->action == HB_ACT_WRITER_FREEZE)
        next = HB_ACT_PATH_DENY;
    else if (f->action == HB_ACT_SITE_PRIVATE)
        whole = true;
    if (whole && (f->path[0] == '\0' || !f->widen)) {
        forget(c, f->id);
        return;
    }
    hb_random(key, sizeof(key));
    if (hb_db_exec(c->state.db,
                   "UPDATE OR REPLACE reflex_deed SET action = ?2, key = ?3,"
                   " path = CASE WHEN ?4 THEN '' ELSE path END,"
                   " entry = CASE WHEN ?4 THEN 0 ELSE entry END,"
                   " baseline = CASE WHEN ?4 THEN 0 ELSE baseline END"
                   " WHERE id = ?1",
                   "iibi", f->id, (int64_t)next, &blob, (int64_t)whole) < 0)
        hb_log(HB_LOG_ERR, "%s", hb_db_err(c->state.db)->message);
}

/* As it was, until a person undoes it. */
static void stays(struct flight *f)
{
    struct hb_core *c = f->core;

    if (hb_db_exec(c->state.db,
                   "UPDATE OR REPLACE reflex_deed SET state = 2, key = of_key,"
                   " widen = ?2, action = CASE action WHEN ?3 THEN ?4"
                   " WHEN ?5 THEN ?6 WHEN ?7 THEN ?8 ELSE action END"
                   " WHERE id = ?1",
                   "iiiiiiii", f->id, (int64_t)BY_PERSON,
                   (int64_t)HB_ACT_SITE_PUBLIC, (int64_t)HB_ACT_SITE_PRIVATE,
                   (int64_t)HB_ACT_PATH_ALLOW, (int64_t)HB_ACT_PATH_DENY,
                   (int64_t)HB_ACT_WRITER_THAW,
                   (int64_t)HB_ACT_WRITER_FREEZE) < 0)
        hb_log(HB_LOG_ERR, "%s", hb_db_err(c->state.db)->message);
}

static void forget(struct hb_core *c, int64_t id)
{
    if (hb_db_exec(c->state.db, "DELETE FROM reflex_deed WHERE id = ?1", "i",
                   id) < 0)
        hb_log(HB_LOG_ERR, "%s", hb_db_err(c->state.db)->message);
}

static void tell(struct flight *f, const char *kind)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "by", f->person ? approver(f, a) : _("approval in advance"));
    hb_jw_str(&w, "path", f->path);
    hb_jw_str(&w, "reason", f->detail[0] != '\0' ? f->detail : f->site);
    hb_jw_end_obj(&w);
    if (hb_buf_err(&args) < 0 ||
        hb_timeline_add(&f->core->state, f->incident, hb_now(), kind,
                        "role:core", hb_buf_z(&args), "") < 0)
        hb_log(HB_LOG_ERR, "the timeline could not be written");
}

/* Who approved undoing it. */
static const char *approver(const struct flight *f, struct hb_arena *a)
{
    const char *name = NULL;
    struct hb_stmt *q;
    char step[16];

    (void)snprintf(step, sizeof(step), "%08x", step_of(f->id));
    if (a == NULL ||
        hb_db_stmt(f->core->state.db,
                   "SELECT p.full_name FROM approval x JOIN person p"
                   " ON p.id = x.person WHERE x.incident = ?1 AND x.step = ?2"
                   " ORDER BY x.created DESC LIMIT 1",
                   &q) < 0)
        return "?";
    if (hb_stmt_int(q, 1, f->incident) == 0 && hb_stmt_text(q, 2, step) == 0 &&
        hb_stmt_step(q) == 1 && hb_stmt_col_text(q, 0) != NULL)
        name = hb_arena_strdup(a, hb_stmt_col_text(q, 0));
    hb_stmt_reset(q);
    return name != NULL ? name : "?";
}

/* Nothing of the site stands out, and nothing happened to it for as long as
 * its settings ask: the counter-action, under a key of its own, one a turn.
 * A writer that was stopped is for a person to let go. */
static void lift_what_is_quiet(struct hb_core *c)
{
    const struct hb_conf_site *s = c->ctx->config->sites.v;

    for (size_t i = 0; i < c->ctx->config->sites.n; i++) {
        uint64_t since = c->reflex_start;
        char key[HB_ACT_KEY_SIZE];
        const struct hb_slice blob = hb_slice(key, sizeof(key));

        for (size_t k = 0; k < HB_ARRAY_LEN(c->noise); k++)
            if (hb_streq(c->noise[k].site, s[i].name))
                since = HB_MAX(since, c->noise[k].at);
        if (hb_mono() - since < s[i].private_clean)
            continue;
        hb_random(key, sizeof(key));
        if (hb_db_exec(
                c->state.db,
                "UPDATE OR REPLACE reflex_deed SET state = 3, of_key = key,"
                " key = ?2,"
                " entry = CASE action WHEN ?3 THEN 0 ELSE entry END,"
                " baseline = CASE action WHEN ?3 THEN 0 ELSE baseline END,"
                " action = CASE action WHEN ?3 THEN ?4 ELSE ?5 END"
                " WHERE id = (SELECT min(id) FROM reflex_deed"
                "  WHERE site = ?1 AND state = 2 AND action <> ?6"
                "  AND widen <> 2)"
                " AND NOT EXISTS(SELECT 1 FROM outstanding WHERE site = ?1)",
                "tbiiii", s[i].name, &blob, (int64_t)HB_ACT_SITE_PRIVATE,
                (int64_t)HB_ACT_SITE_PUBLIC, (int64_t)HB_ACT_PATH_ALLOW,
                (int64_t)HB_ACT_WRITER_FREEZE) < 0)
            hb_log(HB_LOG_ERR, "%s", hb_db_err(c->state.db)->message);
    }
}
