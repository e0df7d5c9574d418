/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailing.c - see mailing.h; in the tables mailing, mailing_to and
 * mailing_release.
 *
 * Runs in core, which has no network: core/core_mailing.c hands what is due to
 * the role "outside", which believes nothing of it without the signatures.  A
 * mail is sent at least once: where core died between the relay's answer and
 * its row, it is sent again.
 */
#include "incident/mailing.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/mime.h"
#include "base/num.h"
#include "incident/incident.h"
#include "incident/message.h"

#define AHEAD_NS ((int64_t)(3600 * HB_S)) /* the longest pause */
#define TOO_LATE N_("the time for which it was released is over")

#define COLUMNS                                                                \
    "m.id, m.uid, m.incident, m.paper, m.subject, m.text, m.made, m.made_by,"  \
    " m.until, m.state, m.ended, m.words,"                                     \
    " (SELECT count(*) FROM mailing_to t WHERE t.mailing = m.id),"             \
    " (SELECT count(*) FROM mailing_to t WHERE t.mailing = m.id"               \
    "  AND t.state = 1),"                                                      \
    " (SELECT count(*) FROM mailing_to t WHERE t.mailing = m.id"               \
    "  AND t.state = 2),"                                                      \
    " (SELECT count(*) FROM mailing_to t WHERE t.mailing = m.id"               \
    "  AND t.state = 3),"                                                      \
    " (SELECT count(*) FROM mailing_release r WHERE r.mailing = m.id)"
#define TO_COLUMNS                                                             \
    "place, name, address, state, tries, next_try, changed,"                   \
    " detail"

/* What a moment of the timeline says. */
struct telling {
    const char *kind, *answer;
    const struct hb_person *by; /* NULL: core */
    int64_t now;
};

static int read_mailing(struct hb_stmt *q, struct hb_arena *a,
                        struct hb_mailing *ret);
static int read_to(struct hb_stmt *q, struct hb_arena *a,
                   struct hb_mailing_to *ret);
static int tell(struct hb_state *s, const struct hb_mailing *m,
                const struct telling *t);
static int terms_of(struct hb_state *s, const struct hb_mailing *m,
                    hb_merkle_hash **ret_leaves, struct hb_mailing_terms *ret);
static int leaves(struct hb_state *s, int64_t id, int64_t count,
                  hb_merkle_hash **ret);
static int signed_by(struct hb_state *s, struct hb_arena *a,
                     const struct hb_mailing *m, const struct hb_person *by,
                     const uint8_t *sig);
static int another_key(struct hb_state *s, struct hb_arena *a,
                       const struct hb_mailing *m, const struct hb_person *by);
static int next_due(struct hb_state *s, struct hb_arena *a, int64_t now,
                    struct hb_mailing_letter *ret);
static int prove(struct hb_state *s, struct hb_arena *a,
                 struct hb_mailing_letter *ret);
static int releases(struct hb_state *s, struct hb_arena *a, int64_t id,
                    struct hb_mailing_release *ret);
static int expire(struct hb_state *s, int64_t now);
static int tried(struct hb_state *s, int64_t id, int64_t place, int64_t *ret);
static int put(struct hb_state *s, int64_t id, int64_t place, int64_t now,
               enum hb_mailing_to_state state, const char *detail);
static int finish(struct hb_state *s, int64_t id, int64_t now);

static const char *const states[] = {"?", "draft", "released", "done",
                                     "stopped"};
static const char *const to_states[] = {"?", "waiting", "sent", "failed",
                                        "left"};

/* ---- making one ---- */

int hb_mailing_new(struct hb_state *s, int64_t incident, const char *paper,
                   const char *subject, struct hb_slice text,
                   const struct hb_person *by, int64_t *ret_id)
{
    uint8_t random[16];
    char uid[33];
    int64_t now = hb_now();
    int r;

    if (!hb_mailing_subject_ok(subject) || !hb_mailing_text_ok(text))
        return -EINVAL;
    hb_random(random, sizeof(random));
    hb_hex(random, sizeof(random), uid);
    r = hb_db_exec(s->db,
                   "INSERT INTO mailing(uid, incident, paper, subject, text,"
                   " made, made_by, until, state, ended, words)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, 0, '')",
                   "tittsiti", uid, incident, paper, subject, &text, now,
                   by->name, now + HB_MAILING_VALID_NS);
    if (r == 0)
        *ret_id = hb_db_last_id(s->db);
    return r;
}

int hb_mailing_add(struct hb_state *s, struct hb_mailing *m, const char *name,
                   const char *address)
{
    hb_merkle_hash leaf;
    struct hb_slice bytes = {(const char *)leaf, sizeof(leaf)};
    int64_t there = 0;
    int r;

    if (m->state != HB_MAILING_DRAFT || m->releases > 0)
        return -EBUSY;
    if (m->count >= HB_MAILING_TO_MAX)
        return -E2BIG;
    if (!hb_mailing_name_ok(name) || !hb_mail_address_ok(address))
        return -EINVAL;
    r = hb_db_number(s->db, &there,
                     "SELECT 1 FROM mailing_to WHERE mailing = ?1"
                     " AND address = ?2 COLLATE NOCASE",
                     "it", m->id, address);
    if (r != 0)
        return r < 0 ? r : -EEXIST;
    r = hb_mailing_leaf(name, address, leaf);
    if (r == 0)
        r = hb_db_exec(s->db,
                       "INSERT INTO mailing_to(mailing, place, name, address,"
                       " leaf, state, tries, next_try, changed, detail)"
                       " VALUES(?1, ?2, ?3, ?4, ?5, 1, 0, 0, ?6, '')",
                       "iittbi", m->id, m->count, name, address, &bytes,
                       hb_now());
    if (r == 0)
        m->count++;
    return r;
}

/* ---- looking ---- */

int hb_mailing_get(struct hb_state *s, struct hb_arena *a, int64_t id,
                   struct hb_mailing *ret)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       "SELECT " COLUMNS " FROM mailing m WHERE m.id = ?1", &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, id);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1)
        r = read_mailing(q, a, ret);
    else if (r == 0)
        r = -ENOENT;
    hb_stmt_reset(q);
    return r;
}

int hb_mailing_each(struct hb_state *s, int64_t incident, hb_mailing_fn *fn,
                    void *arg)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_mailing m = {0};
    struct hb_stmt *q;
    int r = a == NULL ? -ENOMEM
                      : hb_db_stmt(s->db,
                                   "SELECT " COLUMNS " FROM mailing m"
                                   " WHERE ?1 = 0 OR m.incident = ?1"
                                   " ORDER BY m.id DESC",
                                   &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        hb_arena_reset(a);
        r = read_mailing(q, a, &m);
        if (r == 0)
            r = fn(arg, &m);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_mailing_each_to(struct hb_state *s, int64_t id, int64_t from,
                       hb_mailing_to_fn *fn, void *arg)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_mailing_to to;
    struct hb_stmt *q;
    int r = a == NULL ? -ENOMEM
                      : hb_db_stmt(s->db,
                                   "SELECT " TO_COLUMNS " FROM mailing_to"
                                   " WHERE mailing = ?1 AND place >= ?2"
                                   " ORDER BY place",
                                   &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, id);
    if (r == 0)
        r = hb_stmt_int(q, 2, from);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        hb_arena_reset(a);
        r = read_to(q, a, &to);
        if (r == 0)
            r = fn(arg, &to);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

/* ---- releasing ---- */

int hb_mailing_terms(struct hb_state *s, const struct hb_mailing *m,
                     struct hb_mailing_terms *ret)
{
    hb_merkle_hash *hashes = NULL;
    int r = terms_of(s, m, &hashes, ret);

    free(hashes);
    return r;
}

int hb_mailing_release(struct hb_state *s, int64_t id,
                       const struct hb_person *by, int64_t now,
                       const uint8_t sig[HB_SIG_SIZE])
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice bytes = {(const char *)sig, HB_SIG_SIZE};
    struct telling t = {.kind = "mailing.signed", .by = by, .now = now};
    bool second = false;
    struct hb_mailing m = {0};
    int r = a == NULL ? -ENOMEM : hb_mailing_get(s, a, id, &m);

    if (r == 0 && m.state != HB_MAILING_DRAFT)
        r = -EBUSY;
    if (r == 0 && now > m.until)
        r = -ETIME;
    if (r == 0 && !hb_mailing_may(by))
        r = -EACCES;
    if (r == 0)
        r = another_key(s, a, &m, by);
    if (r == 0)
        r = signed_by(s, a, &m, by, sig);
    if (r == 0)
        r = hb_db_begin(s->db);
    if (r < 0)
        return r;
    second = m.releases + 1 >= HB_MAILING_RELEASES;
    if (second)
        t.kind = "mailing.released";
    r = hb_db_exec(s->db,
                   "INSERT INTO mailing_release(mailing, person, time, sig)"
                   " VALUES(?1, ?2, ?3, ?4)",
                   "iiib", id, by->id, now, &bytes);
    if (r == 0 && second)
        r = hb_db_exec(s->db, "UPDATE mailing SET state = 2 WHERE id = ?1", "i",
                       id);
    if (r == 0)
        r = tell(s, &m, &t);
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0)
        hb_db_rollback(s->db);
    return r < 0 ? r : second;
}

int hb_mailing_stop(struct hb_state *s, int64_t id, const struct hb_person *by,
                    int64_t now, const char *words)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct telling t = {
        .kind = "mailing.stopped", .by = by, .now = now, .answer = words};
    struct hb_mailing m = {0};
    int r = a == NULL ? -ENOMEM : hb_mailing_get(s, a, id, &m);

    if (r == 0 && m.state > HB_MAILING_RELEASED)
        r = -EBUSY;
    if (r == 0)
        r = hb_db_begin(s->db);
    if (r < 0)
        return r;
    r = hb_db_exec(s->db,
                   "UPDATE mailing SET state = 4, ended = ?2, words = ?3"
                   " WHERE id = ?1",
                   "iit", id, now, words);
    if (r == 0)
        r = hb_db_exec(s->db,
                       "UPDATE mailing_to SET state = 4, changed = ?2"
                       " WHERE mailing = ?1 AND state = 1",
                       "ii", id, now);
    if (r == 0)
        r = tell(s, &m, &t);
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0)
        hb_db_rollback(s->db);
    return r;
}

bool hb_mailing_may(const struct hb_person *p)
{
    for (unsigned bit = 1; bit <= HB_PR_AUDIT && p->active; bit <<= 1)
        if ((p->roles & bit) != 0 &&
            hb_mailing_releaser(hb_person_role_name(bit)))
            return true;
    return false;
}

/* Two pairs of eyes: no person and no key counts twice, and whoever was first
 * still may and signed what stands there now. */
static int another_key(struct hb_state *s, struct hb_arena *a,
                       const struct hb_mailing *m, const struct hb_person *by)
{
    static const uint8_t none[HB_PUB_SIZE];
    struct hb_mailing_release first[HB_MAILING_RELEASES];
    struct hb_person p;
    int n = releases(s, a, m->id, first), r;

    if (memcmp(by->pub, none, sizeof(none)) == 0)
        return -EKEYREJECTED;
    for (int i = 0; i < n; i++) {
        if (hb_streq(first[i].person, by->name))
            return -EALREADY;
        r = hb_person_by_name(s, a, first[i].person, &p);
        if (r < 0)
            return r;
        if (memcmp(p.pub, by->pub, sizeof(p.pub)) == 0)
            return -EKEYREJECTED;
        if (!hb_mailing_may(&p) || signed_by(s, a, m, &p, first[i].sig) < 0)
            return -EKEYREVOKED;
    }
    return HB_MIN(n, 0);
}

static int signed_by(struct hb_state *s, struct hb_arena *a,
                     const struct hb_mailing *m, const struct hb_person *by,
                     const uint8_t *sig)
{
    _cleanup_buf_ struct hb_buf message = HB_BUF_INIT;
    struct hb_mailing_terms terms;
    struct hb_pub *pub = NULL;
    int r = hb_mailing_terms(s, m, &terms);

    if (r == 0)
        r = hb_mailing_message(&message, &terms, by->name);
    if (r == 0)
        r = hb_pub_from_raw(by->pub, &pub);
    if (r == 0)
        r = hb_verify(pub, "mailing", hb_buf_slice(&message), sig);
    hb_pub_free(pub);
    return r;
}

static int tell(struct hb_state *s, const struct hb_mailing *m,
                const struct telling *t)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    char actor[64] = "role:core";
    struct hb_jw w;

    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "paper", m->paper);
    hb_jw_str(&w, "subject", m->subject);
    hb_jw_int(&w, "count", m->count);
    hb_jw_int(&w, "sent", m->sent);
    hb_jw_int(&w, "failed", m->failed);
    if (t->by != NULL)
        hb_jw_str(&w, "by", t->by->full_name);
    if (t->answer != NULL)
        hb_jw_str(&w, "answer", t->answer);
    hb_jw_end_obj(&w);
    if (t->by != NULL)
        (void)snprintf(actor, sizeof(actor), "person:%s", t->by->name);
    return hb_buf_err(&args) < 0
               ? hb_buf_err(&args)
               : hb_timeline_add(s, m->incident, t->now, t->kind, actor,
                                 hb_buf_z(&args), "");
}

/* ---- sending ---- */

int hb_mailing_due(struct hb_state *s, struct hb_arena *a, int64_t now,
                   struct hb_mailing_letter *ret)
{
    int r = expire(s, now);

    if (r == 0)
        r = next_due(s, a, now, ret);
    if (r != 1)
        return r;
    r = prove(s, a, ret);
    return r < 0 ? r : 1;
}

int hb_mailing_try(struct hb_state *s, int64_t id, int64_t place, int64_t now)
{
    int64_t tries = 0, pause;
    int r = tried(s, id, place, &tries);

    if (r < 0)
        return r;
    pause = hb_message_pause(tries);
    return hb_db_exec(s->db,
                      "UPDATE mailing_to SET tries = tries + 1, next_try = ?3,"
                      " changed = ?4 WHERE mailing = ?1 AND place = ?2"
                      " AND state = 1",
                      "iiii", id, place, now + (pause < 0 ? AHEAD_NS : pause),
                      now);
}

int hb_mailing_sent(struct hb_state *s, int64_t id, int64_t place, int64_t now,
                    const char *answer)
{
    return put(s, id, place, now, HB_MAILING_SENT, answer);
}

int hb_mailing_refused(struct hb_state *s, int64_t id, int64_t place,
                       int64_t now, const char *why)
{
    int64_t tries = 0;
    int r = tried(s, id, place, &tries);

    if (r < 0)
        return r;
    if (tries > 0 && hb_message_pause(tries - 1) < 0)
        return put(s, id, place, now, HB_MAILING_FAILED, why);
    return hb_db_exec(s->db,
                      "UPDATE mailing_to SET changed = ?3, detail = ?4"
                      " WHERE mailing = ?1 AND place = ?2 AND state = 1",
                      "iiit", id, place, now, why);
}

int hb_mailing_denied(struct hb_state *s, int64_t id, int64_t place,
                      int64_t now, const char *why)
{
    return put(s, id, place, now, HB_MAILING_FAILED, why);
}

static int tried(struct hb_state *s, int64_t id, int64_t place, int64_t *ret)
{
    int r = hb_db_number(s->db, ret,
                         "SELECT tries FROM mailing_to WHERE mailing = ?1"
                         " AND place = ?2",
                         "ii", id, place);

    return r == 0 ? -ENOENT : HB_MIN(r, 0);
}

/* The mailing that was released first, its list in order.  A time further
 * ahead than we ever wait was noted by a clock that was wrong. */
static int next_due(struct hb_state *s, struct hb_arena *a, int64_t now,
                    struct hb_mailing_letter *ret)
{
    int64_t id = 0;
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       "SELECT " TO_COLUMNS ", t.mailing FROM mailing_to t"
                       " WHERE t.state = 1"
                       " AND (t.next_try <= ?1 OR t.next_try > ?2)"
                       " AND EXISTS(SELECT 1 FROM mailing m"
                       "  WHERE m.id = t.mailing AND m.state = 2"
                       "  AND 'true' IS NOT (SELECT f.value FROM fact f"
                       "   WHERE f.incident = m.incident"
                       "   AND f.name = 'out_of_band'"
                       "   ORDER BY f.id DESC LIMIT 1))"
                       " ORDER BY t.next_try, t.mailing, t.place LIMIT 1",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, now);
    if (r == 0)
        r = hb_stmt_int(q, 2, now + AHEAD_NS);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1) {
        id = hb_stmt_col_int(q, 8);
        r = read_to(q, a, &ret->to);
        r = r < 0 ? r : 1;
    }
    hb_stmt_reset(q);
    if (r == 1) {
        r = hb_mailing_get(s, a, id, &ret->m);
        r = r < 0 ? r : 1;
    }
    return r;
}

static int prove(struct hb_state *s, struct hb_arena *a,
                 struct hb_mailing_letter *ret)
{
    hb_merkle_hash *hashes = NULL;
    int r = terms_of(s, &ret->m, &hashes, &ret->terms);

    if (r < 0)
        return r;
    ret->path_n =
        hb_merkle_path((const hb_merkle_hash *)hashes, (size_t)ret->m.count,
                       (size_t)ret->to.place, ret->path);
    free(hashes);
    r = releases(s, a, ret->m.id, ret->by);
    return r < 0 ? r : r == (int)HB_MAILING_RELEASES ? 0 : -EBADMSG;
}

/* The leaves of the list, the caller's to free, with what they make. */
static int terms_of(struct hb_state *s, const struct hb_mailing *m,
                    hb_merkle_hash **ret_leaves, struct hb_mailing_terms *ret)
{
    int r = m->count == 0 ? -ENODATA : leaves(s, m->id, m->count, ret_leaves);

    if (r < 0)
        return r;
    *ret = (struct hb_mailing_terms){.uid = m->uid,
                                     .paper = m->paper,
                                     .subject = m->subject,
                                     .incident = m->incident,
                                     .count = m->count,
                                     .until = m->until};
    hb_sha256(m->text, strlen(m->text), ret->text);
    hb_merkle_root((const hb_merkle_hash *)*ret_leaves, (size_t)m->count,
                   ret->root);
    return 0;
}

/* In the order in which they were given; how many. */
static int releases(struct hb_state *s, struct hb_arena *a, int64_t id,
                    struct hb_mailing_release *ret)
{
    struct hb_stmt *q;
    int n = 0;
    int r = hb_db_stmt(s->db,
                       "SELECT p.name, r.sig FROM mailing_release r"
                       " JOIN person p ON p.id = r.person"
                       " WHERE r.mailing = ?1 ORDER BY r.time, p.id LIMIT 2",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, id);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        struct hb_slice sig = hb_stmt_col_blob(q, 1);

        ret[n].person = hb_arena_strdup(a, hb_stmt_col_text(q, 0));
        r = ret[n].person == NULL  ? -ENOMEM
            : sig.n != HB_SIG_SIZE ? -EBADMSG
                                   : 0;
        if (r == 0)
            memcpy(ret[n++].sig, sig.p, HB_SIG_SIZE);
    }
    hb_stmt_reset(q);
    return r < 0 ? r : n;
}

/* The leaves of the list in their order; the caller's to free. */
static int leaves(struct hb_state *s, int64_t id, int64_t count,
                  hb_merkle_hash **ret)
{
    hb_merkle_hash *v = calloc((size_t)count, sizeof(*v));
    struct hb_stmt *q;
    int64_t n = 0;
    int r = v == NULL ? -ENOMEM
                      : hb_db_stmt(s->db,
                                   "SELECT leaf FROM mailing_to"
                                   " WHERE mailing = ?1 ORDER BY place",
                                   &q);

    if (r < 0) {
        free(v);
        return r;
    }
    r = hb_stmt_int(q, 1, id);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        struct hb_slice leaf = hb_stmt_col_blob(q, 0);

        if (n == count || leaf.n != sizeof(*v)) {
            r = -EBADMSG;
            break;
        }
        memcpy(v[n++], leaf.p, sizeof(*v));
    }
    hb_stmt_reset(q);
    if (r == 0 && n != count)
        r = -EBADMSG;
    if (r < 0) {
        free(v);
        return r;
    }
    *ret = v;
    return 0;
}

/* A mailing whose time is over: what was released of it has failed, a draft is
 * no more; also one whose end was not noted. */
static int expire(struct hb_state *s, int64_t now)
{
    int64_t id = 0;
    int r = hb_db_number(s->db, &id,
                         "SELECT id FROM mailing m WHERE state IN (1, 2)"
                         " AND (until < ?1 OR (state = 2 AND NOT EXISTS("
                         "  SELECT 1 FROM mailing_to t WHERE t.mailing = m.id"
                         "  AND t.state = 1))) LIMIT 1",
                         "i", now);

    if (r <= 0)
        return r;
    r = hb_db_begin(s->db);
    if (r < 0)
        return r;
    r = hb_db_exec(s->db,
                   "UPDATE mailing_to SET state = CASE (SELECT state FROM"
                   "  mailing WHERE id = ?1) WHEN 2 THEN 3 ELSE 4 END,"
                   " changed = ?2, detail = ?3"
                   " WHERE mailing = ?1 AND state = 1",
                   "iit", id, now, TOO_LATE);
    if (r == 0)
        r = hb_db_exec(s->db,
                       "UPDATE mailing SET state = 4, ended = ?2, words = ?3"
                       " WHERE id = ?1 AND state = 1",
                       "iit", id, now, TOO_LATE);
    if (r == 0)
        r = finish(s, id, now);
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0)
        hb_db_rollback(s->db);
    return r;
}

static int put(struct hb_state *s, int64_t id, int64_t place, int64_t now,
               enum hb_mailing_to_state state, const char *detail)
{
    int r = hb_db_begin(s->db);

    if (r < 0)
        return r;
    r = hb_db_exec(s->db,
                   "UPDATE mailing_to SET state = ?3, changed = ?4,"
                   " detail = ?5 WHERE mailing = ?1 AND place = ?2",
                   "iiiit", id, place, (int64_t)state, now, detail);
    if (r == 0)
        r = finish(s, id, now);
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0)
        hb_db_rollback(s->db);
    return r;
}

/* The last one of a released list ends it; joins an open transaction. */
static int finish(struct hb_state *s, int64_t id, int64_t now)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct telling t = {.kind = "mailing.done", .now = now};
    struct hb_mailing m = {0};
    int r = a == NULL ? -ENOMEM : hb_mailing_get(s, a, id, &m);

    if (r < 0 || m.state != HB_MAILING_RELEASED || m.waiting > 0)
        return r;
    r = hb_db_exec(s->db,
                   "UPDATE mailing SET state = 3, ended = ?2 WHERE id = ?1",
                   "ii", id, now);
    return r < 0 ? r : tell(s, &m, &t);
}

const char *hb_mailing_state_name(enum hb_mailing_state state)
{
    return (size_t)state < HB_ARRAY_LEN(states) ? states[state] : "?";
}

const char *hb_mailing_to_state_name(enum hb_mailing_to_state state)
{
    return (size_t)state < HB_ARRAY_LEN(to_states) ? to_states[state] : "?";
}

/* ---- rows ---- */

static int read_mailing(struct hb_stmt *q, struct hb_arena *a,
                        struct hb_mailing *ret)
{
    *ret = (struct hb_mailing){
        .id = hb_stmt_col_int(q, 0),
        .uid = hb_arena_strdup(a, hb_stmt_col_text(q, 1)),
        .incident = hb_stmt_col_int(q, 2),
        .paper = hb_arena_strdup(a, hb_stmt_col_text(q, 3)),
        .subject = hb_arena_strdup(a, hb_stmt_col_text(q, 4)),
        .text = hb_arena_strdup(a, hb_stmt_col_text(q, 5)),
        .made = hb_stmt_col_int(q, 6),
        .made_by = hb_arena_strdup(a, hb_stmt_col_text(q, 7)),
        .until = hb_stmt_col_int(q, 8),
        .state = (enum hb_mailing_state)hb_stmt_col_int(q, 9),
        .ended = hb_stmt_col_int(q, 10),
        .words = hb_arena_strdup(a, hb_stmt_col_text(q, 11)),
        .count = hb_stmt_col_int(q, 12),
        .waiting = hb_stmt_col_int(q, 13),
        .sent = hb_stmt_col_int(q, 14),
        .failed = hb_stmt_col_int(q, 15),
        .releases = hb_stmt_col_int(q, 16),
    };
    return ret->uid == NULL || ret->paper == NULL || ret->subject == NULL ||
                   ret->text == NULL || ret->made_by == NULL ||
                   ret->words == NULL
               ? -ENOMEM
               : 0;
}

static int read_to(struct hb_stmt *q, struct hb_arena *a,
                   struct hb_mailing_to *ret)
{
    *ret = (struct hb_mailing_to){
        .place = hb_stmt_col_int(q, 0),
        .name = hb_arena_strdup(a, hb_stmt_col_text(q, 1)),
        .address = hb_arena_strdup(a, hb_stmt_col_text(q, 2)),
        .state = (enum hb_mailing_to_state)hb_stmt_col_int(q, 3),
        .tries = hb_stmt_col_int(q, 4),
        .next_try = hb_stmt_col_int(q, 5),
        .changed = hb_stmt_col_int(q, 6),
        .detail = hb_arena_strdup(a, hb_stmt_col_text(q, 7)),
    };
    return ret->name == NULL || ret->address == NULL || ret->detail == NULL
               ? -ENOMEM
               : 0;
}
