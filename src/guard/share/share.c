/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share.c - a share from draft to its end, and who may be its recipient.
 */
#include "guard/share/share.h"

#include "base/num.h"
#include "base/show.h"
#include "base/utf8.h"
#include "guard/share/address.h"
#include "guard/share/part.h"

#define RECIPIENTS_MAX 1000 /* of one draft, whatever the rules say */
#define PERSONAL_MAX   (INT64_MAX / 2)
#define WORDS_MAX      500u
#define UNMAILED_NS    (600 * (int64_t)HB_S) /* longer than any letter waits */

static int judge(struct hb_share_store *s, const struct share_row *row,
                 const char *approver, int64_t life,
                 struct hb_share_verdict *ret, int *ret_answer);
static int gather(struct hb_share_store *s, struct hb_arena *a, int64_t share,
                  struct hb_share_ask *ask, int64_t *ret_coming,
                  int64_t *ret_unlooked);
static int open_share(struct hb_share_store *s, struct share_row *row,
                      const struct hb_share_who *who);
static int end_share(struct hb_share_store *s, int64_t share,
                     const struct hb_share_who *who, enum hb_share_state state);
static int end_once(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who, enum hb_share_state state);
static int empty(struct hb_share_store *s, int64_t share);
static int cut_off(struct hb_share_store *s, int64_t share, int64_t recipient);
static int others_left(struct hb_share_store *s, int64_t share);
static int expose(struct hb_share_store *s, struct hb_arena *a, int64_t share,
                  int64_t recipient, struct hb_share_exposure **ret,
                  size_t *ret_n);

const struct hb_share_who share_us = {"hinoban", "", true};

/* ---- drafts ---- */

int hb_share_new(struct hb_share_store *s, const struct hb_share_who *who,
                 const struct hb_share_draft *d, int64_t *ret_id)
{
    const char *note = d->note != NULL ? d->note : "";
    int64_t days = d->days != 0 ? d->days : s->rules.days;
    int64_t most = d->most != 0 ? d->most : s->rules.most, id = 0;
    char uid[HB_ID_SIZE];
    int r = share_who_ok(who);

    if (r < 0 || strlen(who->name) > SHARE_NAME_MAX ||
        !share_text_ok(note, SHARE_NOTE_MAX, true) || days < 1 ||
        days > 36500 || most < 1 ||
        (d->kind != HB_SHARE_OUT && d->kind != HB_SHARE_IN))
        return -EINVAL;
    r = share_begin(s);
    if (r < 0)
        return r;
    hb_id_new(uid);
    r = share_key_make(&s->keys, uid);
    hb_fault_crash();
    if (r == 0)
        r = hb_db_exec(s->db,
                       "INSERT INTO share(uid, kind, owner, note, state, made,"
                       " life, expires, most, personal, approver, ended,"
                       " generation, shredded) VALUES(?1, ?2, ?3, ?4, ?5, ?6,"
                       " ?7, 0, ?8, 0, '', 0, 1, 0)",
                       "tittiiii", uid, (int64_t)d->kind, who->name, note,
                       (int64_t)HB_SHARE_DRAFT, s->t.now,
                       days * HB_SHARE_DAY_NS, most);
    if (r == 0) {
        id = hb_db_last_id(s->db);
        r = share_tell(s, who,
                       &(struct share_note){
                           .act = HB_SHARE_CREATED, .share = id, .words = uid});
    }
    r = share_end(s, r, 0);
    /* What could not be removed is swept at the next start. */
    if (r < 0)
        (void)share_key_destroy(&s->keys, uid);
    else
        *ret_id = id;
    return r;
}

int hb_share_add_recipient(struct hb_share_store *s, int64_t share,
                           const struct hb_share_who *who, const char *address,
                           int64_t *ret_id)
{
    char key[HB_SHARE_ADDRESS], mail[HB_SHARE_ADDRESS];
    struct share_row row;
    int64_t n = 0, id = 0;
    int r = hb_share_address(hb_slice_z(address), key, mail);

    if (r == 0)
        r = share_begin_owned(s, share, who, &row);
    if (r < 0)
        return r;
    if (row.state != HB_SHARE_DRAFT)
        r = -EBUSY;
    if (r == 0)
        r = hb_db_number(s->db, &n,
                         "SELECT count(*) FROM recipient WHERE share = ?1", "i",
                         share);
    /* An invitation is one guest's. */
    if (r >= 0 && n >= (row.kind == HB_SHARE_IN ? 1 : RECIPIENTS_MAX))
        r = -E2BIG;
    if (r >= 0)
        r = hb_db_exec(s->db,
                       "INSERT INTO recipient(share, address, mail, hash,"
                       " revoked, generation, reminded, reopen_asked, wrong,"
                       " unmailed)"
                       " VALUES(?1, ?2, ?3, NULL, 0, 1, 0, 0, 0, 0)",
                       "itt", share, key, mail);
    if (r == 0) {
        id = hb_db_last_id(s->db);
        r = share_tell(s, who,
                       &(struct share_note){.act = HB_SHARE_ADDED,
                                            .share = share,
                                            .recipient = id,
                                            .words = key});
    }
    r = share_end(s, r, 0);
    if (r == 0)
        *ret_id = id;
    return r;
}

int hb_share_found(struct hb_share_store *s, int64_t share, int64_t n)
{
    struct share_row row;
    int r;

    if (n < 0 || n > PERSONAL_MAX)
        return -EINVAL;
    r = share_begin_row(s, share, &share_us, &row);
    if (r < 0)
        return r;
    if (row.state != HB_SHARE_DRAFT)
        r = -EBUSY;
    if (r == 0)
        r = hb_db_exec(s->db,
                       "UPDATE share SET personal = min(personal + ?2, ?3)"
                       " WHERE id = ?1",
                       "iii", share, n, (int64_t)PERSONAL_MAX);
    return share_end(s, r, 0);
}

int hb_share_submit(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who,
                    struct hb_share_verdict *ret)
{
    struct hb_share_verdict v = {HB_SHARE_REFUSE, 0};
    struct share_row row;
    int r = share_begin_owned(s, share, who, &row), answer = 0;

    if (r < 0)
        return r;
    if (row.state != HB_SHARE_DRAFT)
        r = -EBUSY;
    if (r == 0)
        r = judge(s, &row, NULL, 0, &v, &answer);
    if (r == 0 && answer == 0 && v.decision != HB_SHARE_REFUSE)
        r = share_tell(
            s, who,
            &(struct share_note){.act = HB_SHARE_SUBMITTED, .share = share});
    if (r == 0 && answer == 0 && v.decision == HB_SHARE_APPROVAL)
        r = hb_db_exec(s->db,
                       "UPDATE share SET state = ?2,"
                       " generation = generation + 1 WHERE id = ?1",
                       "ii", share, (int64_t)HB_SHARE_WAITING);
    if (r == 0 && answer == 0 && v.decision == HB_SHARE_ALLOW)
        r = open_share(s, &row, who);
    r = share_end(s, r, answer);
    if (r == 0)
        *ret = v;
    return r;
}

int share_approve(struct hb_share_store *s, int64_t share, int64_t edition,
                  const struct hb_share_who *who, struct hb_share_verdict *ret)
{
    static const uint32_t not_this_one =
        1u << HB_SHARE_OWN_APPROVAL | 1u << HB_SHARE_NO_APPROVER;
    struct hb_share_verdict v = {HB_SHARE_REFUSE, 0};
    struct share_row row;
    int r = share_begin_row(s, share, who, &row), answer = 0;

    if (r < 0)
        return r;
    if (row.state != HB_SHARE_WAITING)
        r = -EBUSY;
    else if (row.generation != edition)
        r = -ESTALE;
    if (r == 0)
        r = judge(s, &row, who->name, 0, &v, &answer);
    if (r == 0 && answer == 0 && (v.reasons & not_this_one) != 0)
        answer = -EACCES;
    if (r == 0 && answer == 0 && v.decision == HB_SHARE_ALLOW) {
        r = hb_db_exec(s->db, "UPDATE share SET approver = ?2 WHERE id = ?1",
                       "it", share, who->name);
        if (r == 0)
            r = share_tell(
                s, who,
                &(struct share_note){.act = HB_SHARE_APPROVED, .share = share});
        if (r == 0)
            r = open_share(s, &row, who);
    }
    r = share_end(s, r, answer);
    if (r == 0 || r == -EACCES)
        *ret = v;
    return r;
}

int hb_share_decline(struct hb_share_store *s, int64_t share,
                     const struct hb_share_who *who, const char *why)
{
    struct share_row row;
    int r = share_text_ok(why, WORDS_MAX, false) ? 0 : -EINVAL;

    if (r == 0)
        r = share_begin_row(s, share, who, &row);
    if (r < 0)
        return r;
    if (!share_owns(&row, who) && !share_approver(&s->rules, who->name))
        r = -EACCES;
    else if (row.state != HB_SHARE_WAITING)
        r = -EBUSY;
    if (r == 0)
        r = hb_db_exec(s->db, "UPDATE share SET state = ?2 WHERE id = ?1", "ii",
                       share, (int64_t)HB_SHARE_DRAFT);
    if (r == 0)
        r = share_tell(s, who,
                       &(struct share_note){.act = HB_SHARE_DECLINED,
                                            .share = share,
                                            .words = why});
    return share_end(s, r, 0);
}

/* ---- links ---- */

int hb_share_link(struct hb_share_store *s, int64_t recipient,
                  const struct hb_share_who *who, char ret[HB_SHARE_TOKEN_TEXT])
{
    uint8_t hash[SHARE_MAC];
    char text[HB_SHARE_TOKEN_TEXT];
    struct share_link l;
    int r = share_who_ok(who), answer = 0;

    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = share_link_by_id(s, recipient, &l);
    if (r == 0 && !share_owns(&l.share, who) &&
        !hb_streq(l.share.approver, who->name))
        r = -EACCES;
    if (r == 0)
        r = share_live(s, &l.share, &answer);
    if (r == 0 && answer == 0 && l.revoked)
        answer = -EKEYREVOKED;
    if (r == 0 && answer == 0) {
        hb_share_token_new(text);
        r = share_token_mac(s, "link", hb_slice_z(text), hash);
        if (r == 0)
            r = cut_off(s, l.share.id, recipient);
        if (r == 0)
            r = hb_db_exec(s->db,
                           "UPDATE recipient SET hash = ?2, wrong = 0,"
                           " unmailed = ?3, generation = generation + 1"
                           " WHERE id = ?1",
                           "ixi", recipient, hash, sizeof(hash), s->t.now);
        if (r == 0)
            r = share_tell(s, who,
                           &(struct share_note){.act = HB_SHARE_LINKED,
                                                .share = l.share.id,
                                                .recipient = recipient,
                                                .words = l.address});
    }
    r = share_end(s, r, answer);
    if (r == 0)
        memcpy(ret, text, sizeof(text));
    return r;
}

int hb_share_mailed(struct hb_share_store *s, int64_t recipient)
{
    int r = share_begin(s);

    if (r < 0)
        return r;
    r = hb_db_exec(s->db, "UPDATE recipient SET unmailed = 0 WHERE id = ?1",
                   "i", recipient);
    return share_end(s, r, 0);
}

int hb_share_unmailed(struct hb_share_store *s, int64_t *ret_recipient)
{
    struct hb_share_time now = {0};
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    r = share_clock(s, &now);
    return r < 0 ? r
                 : hb_db_number(s->db, ret_recipient,
                                "SELECT r.id FROM recipient r CROSS JOIN share"
                                " s ON s.id = r.share WHERE r.unmailed <> 0"
                                " AND r.unmailed <= ?1 AND r.revoked = 0"
                                " AND s.state = ?2 AND s.expires > ?3"
                                " ORDER BY r.id LIMIT 1",
                                "iii", now.now - UNMAILED_NS,
                                (int64_t)HB_SHARE_LIVE, now.now);
}

/* ---- ends ---- */

int hb_share_revoke(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who)
{
    return end_share(s, share, who, HB_SHARE_REVOKED);
}

int hb_share_delete(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who)
{
    return end_share(s, share, who, HB_SHARE_DELETED);
}

int share_stop(struct hb_share_store *s, struct share_row *row,
               enum hb_share_state state, const struct hb_share_who *who,
               enum hb_share_act act)
{
    int r = hb_db_exec(s->db,
                       "UPDATE share SET state = ?2, ended = ?3,"
                       " generation = generation + 1 WHERE id = ?1",
                       "iii", row->id, (int64_t)state, s->t.now);

    if (r == 0)
        r = cut_off(s, row->id, 0);
    if (r == 0)
        r = share_tell(s, who != NULL ? who : &share_us,
                       &(struct share_note){.act = act, .share = row->id});
    if (r == 0)
        row->state = state;
    return r;
}

int share_live(struct hb_share_store *s, struct share_row *row, int *ret_answer)
{
    int r = 0;

    if (row->state == HB_SHARE_LIVE && s->t.now >= row->expires)
        r = share_stop(s, row, HB_SHARE_EXPIRED, NULL, HB_SHARE_ACT_EXPIRED);
    switch (row->state) {
    case HB_SHARE_LIVE:
        *ret_answer = 0;
        break;
    case HB_SHARE_EXPIRED:
        *ret_answer = -EKEYEXPIRED;
        break;
    case HB_SHARE_REVOKED:
    case HB_SHARE_DELETED:
        *ret_answer = -EKEYREVOKED;
        break;
    default:
        *ret_answer = -EBUSY;
    }
    return r;
}

int share_shred(struct hb_share_store *s, int64_t share)
{
    struct share_row row;
    int r = share_begin_row(s, share, &share_us, &row);

    if (r < 0)
        return r;
    if (row.shredded) {
        hb_db_rollback(s->db);
        return 0;
    }
    r = empty(s, share);
    hb_fault_crash();
    if (r == 0)
        r = hb_db_exec(s->db, "UPDATE share SET shredded = 1 WHERE id = ?1",
                       "i", share);
    if (r == 0)
        r = share_tell(
            s, &share_us,
            &(struct share_note){.act = HB_SHARE_SHREDDED, .share = share});
    return share_end(s, r, 0);
}

int hb_share_reopen_ask(struct hb_share_store *s, struct hb_slice link,
                        const char *from)
{
    uint8_t hash[SHARE_MAC];
    struct share_link l;
    int r = share_token_mac(s, "link", link, hash), answer = 0;

    if (r < 0 || !share_text_ok(from, SHARE_FROM_MAX - 1, false))
        return -EBADMSG;
    r = share_begin(s);
    if (r < 0)
        return r;
    r = share_link_by_hash(s, hash, &l);
    if (r == 0)
        r = share_live(s, &l.share, &answer);
    if (r == 0 && (l.revoked || answer == -EKEYREVOKED))
        answer = -EKEYREVOKED;
    else if (r == 0 && answer != -EKEYEXPIRED)
        answer = -EBUSY;
    else if (r == 0)
        answer = l.share.shredded ? -ENODATA : 0;
    if (r == 0 && answer == 0) {
        r = hb_db_exec(s->db,
                       "UPDATE recipient SET reopen_asked = ?2 WHERE id = ?1"
                       " AND (reopen_asked = 0 OR reopen_asked <= ?3"
                       "  OR reopen_asked > ?2)",
                       "iii", l.recipient, s->t.now,
                       s->t.now - HB_SHARE_DAY_NS);
        if (r == 0 && hb_db_changes(s->db) == 0)
            answer = -EAGAIN;
        else if (r == 0)
            r = share_tell(s, &(struct hb_share_who){l.address, from},
                           &(struct share_note){.act = HB_SHARE_REOPEN_ASKED,
                                                .share = l.share.id,
                                                .recipient = l.recipient});
    }
    return share_end(s, r, answer);
}

int hb_share_reopen(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who, int64_t days)
{
    int64_t life =
        (days > 0 && days <= 36500 ? days : s->rules.days) * HB_SHARE_DAY_NS;
    struct hb_share_verdict v;
    struct share_row row;
    int r = share_begin_owned(s, share, who, &row), answer = 0;

    if (r < 0)
        return r;
    r = share_live(s, &row, &answer);
    if (r == 0)
        answer = answer != -EKEYEXPIRED ? -EBUSY : row.shredded ? -ENODATA : 0;
    if (r == 0 && answer == 0) {
        /* What somebody said yes to before needs no second yes. */
        r = judge(s, &row, row.approver[0] != '\0' ? row.approver : NULL, life,
                  &v, &answer);
        if (r == 0 && answer == 0 && v.decision != HB_SHARE_ALLOW)
            answer = -EACCES;
    }
    if (r == 0 && answer == 0)
        r = hb_db_exec(s->db,
                       "UPDATE share SET state = ?2, expires = ?3, ended = 0,"
                       " generation = generation + 1 WHERE id = ?1",
                       "iii", share, (int64_t)HB_SHARE_LIVE, s->t.now + life);
    if (r == 0 && answer == 0)
        r = hb_db_exec(s->db,
                       "UPDATE recipient SET reminded = 0, reopen_asked = 0"
                       " WHERE share = ?1",
                       "i", share);
    if (r == 0 && answer == 0)
        r = share_tell(
            s, who,
            &(struct share_note){.act = HB_SHARE_REOPENED, .share = share});
    return share_end(s, r, answer);
}

/* ---- misdelivery ---- */

int hb_share_wrong_recipient(struct hb_share_store *s, int64_t share,
                             int64_t recipient, const struct hb_share_who *who,
                             hb_share_exposure_fn *fn, void *arg)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share_exposure *e = NULL;
    struct share_row row;
    size_t n = 0;
    bool whole = false;
    int r = a == NULL ? -ENOMEM : share_begin_row(s, share, who, &row);

    if (r < 0)
        return r;
    r = expose(s, a, share, recipient, &e, &n);
    if (r == 0 && n == 0)
        r = -ENOENT;
    if (r == 0)
        r = hb_db_exec(s->db,
                       "UPDATE recipient SET revoked = 1,"
                       " generation = generation + 1"
                       " WHERE share = ?1 AND (?2 = 0 OR id = ?2)",
                       "ii", share, recipient);
    if (r == 0)
        r = cut_off(s, share, recipient);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = share_tell(s, who,
                       &(struct share_note){.act = HB_SHARE_WRONG_RECIPIENT,
                                            .share = share,
                                            .recipient = e[i].recipient,
                                            .bytes = e[i].bytes,
                                            .words = e[i].address});
    if (r == 0) {
        r = others_left(s, share);
        whole = r == 0;
        r = HB_MIN(r, 0);
    }
    if (r == 0 && whole && row.state != HB_SHARE_REVOKED &&
        row.state != HB_SHARE_DELETED)
        r = share_stop(s, &row, HB_SHARE_REVOKED, who, HB_SHARE_ACT_REVOKED);
    r = share_end(s, r, 0);
    if (r == 0 && whole)
        (void)share_shred(s, share); /* or the next housekeeping does */
    for (size_t i = 0; r == 0 && i < n; i++)
        r = fn(arg, &e[i]);
    return r;
}

/* ---- between the files ---- */

bool share_text_ok(const char *z, size_t max, bool lines)
{
    struct hb_slice s = hb_slice_z(z);
    size_t step;

    if (z == NULL || s.n > max)
        return false;
    for (size_t at = 0; at < s.n; at += step) {
        uint32_t cp;

        step = hb_utf8_get(s.p + at, s.n - at, &cp);
        if (step == 0 || (hb_show_hidden(cp) && !(lines && cp == '\n')))
            return false;
    }
    return true;
}

int share_begin_row(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who, struct share_row *ret)
{
    int r = share_who_ok(who);

    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = share_row(s, share, ret);
    if (r < 0)
        hb_db_rollback(s->db);
    return r;
}

int share_begin_owned(struct hb_share_store *s, int64_t share,
                      const struct hb_share_who *who, struct share_row *ret)
{
    int r = share_begin_row(s, share, who, ret);

    if (r == 0 && !share_owns(ret, who)) {
        hb_db_rollback(s->db);
        return -EACCES;
    }
    return r;
}

bool share_owns(const struct share_row *row, const struct hb_share_who *who)
{
    return who->keeper || hb_streq(row->owner, who->name);
}

/* "sato " is not another person than "sato". */
static bool is_trimmed(const char *name)
{
    static const char wide_blank[] = "\xe3\x80\x80"; /* U+3000 */
    size_t n = strlen(name);

    return n > 0 && name[0] != ' ' && name[n - 1] != ' ' &&
           strncmp(name, wide_blank, 3) != 0 &&
           (n < 3 || strcmp(name + n - 3, wide_blank) != 0);
}

int share_who_ok(const struct hb_share_who *who)
{
    return is_trimmed(who->name) &&
                   share_text_ok(who->name, HB_SHARE_MAIL_TEXT, false) &&
                   share_text_ok(who->from, SHARE_FROM_MAX - 1, false)
               ? 0
               : -EINVAL;
}

/* ---- static ---- */

/* What the rules say of ROW as it stands; LIFE 0: as it was drafted. */
static int judge(struct hb_share_store *s, const struct share_row *row,
                 const char *approver, int64_t life,
                 struct hb_share_verdict *ret, int *ret_answer)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share_ask ask = {
        .owner = row->owner,
        .approver = approver,
        .life = life,
        .most = row->most,
        .personal = row->personal,
    };
    int64_t coming = 0, unlooked = 0;
    int r =
        a == NULL ? -ENOMEM : gather(s, a, row->id, &ask, &coming, &unlooked);

    if (r < 0)
        return r;
    /* An invitation has no files before it is open. */
    if (ask.recipients_n == 0 || coming > 0 ||
        (row->kind == HB_SHARE_OUT && ask.files == 0))
        *ret_answer = -ENODATA;
    else if (unlooked > 0 && s->rules.personal_from > 0)
        *ret_answer = -EINPROGRESS;
    else
        hb_share_policy(&s->rules, &ask, ret);
    return 0;
}

static int gather(struct hb_share_store *s, struct hb_arena *a, int64_t share,
                  struct hb_share_ask *ask, int64_t *ret_coming,
                  int64_t *ret_unlooked)
{
    struct hb_stmt *q;
    const char **to = HB_NEW_N(a, const char *, RECIPIENTS_MAX);
    int64_t n = 0;
    int r = 0;

    if (to == NULL)
        return -ENOMEM;
    ask->recipients = to;
    if (ask->life == 0)
        r = hb_db_number(s->db, &ask->life,
                         "SELECT life FROM share WHERE id = ?1", "i", share);
    if (r >= 0)
        r = hb_db_query(
            s->db, &q,
            "SELECT count(*), coalesce(max(size), 0),"
            " coalesce(sum(size), 0), coalesce(max(executable), 0),"
            " coalesce(sum(state = 1), 0), coalesce(sum(pieces), 0),"
            " coalesce(sum(looked = 2), 0),"
            " coalesce(sum(looked = 0), 0)"
            " FROM file WHERE share = ?1",
            "i", share);
    if (r >= 0)
        r = hb_stmt_step(q);
    if (r != 1)
        return r < 0 ? r : -EIO;
    ask->files = hb_stmt_col_int(q, 0);
    ask->file_bytes = hb_stmt_col_int(q, 1);
    ask->bytes = hb_stmt_col_int(q, 2);
    ask->executable = hb_stmt_col_int(q, 3) != 0;
    *ret_coming = hb_stmt_col_int(q, 4);
    ask->personal += hb_stmt_col_int(q, 5);
    ask->unreadable = hb_stmt_col_int(q, 6) > 0;
    *ret_unlooked = hb_stmt_col_int(q, 7);
    hb_stmt_reset(q);
    r = hb_db_query(s->db, &q,
                    "SELECT address FROM recipient WHERE share = ?1"
                    " ORDER BY id LIMIT 1000",
                    "i", share);
    while (r >= 0 && n < RECIPIENTS_MAX && (r = hb_stmt_step(q)) == 1) {
        to[n] = hb_arena_strdup(a, hb_stmt_col_text(q, 0));
        if (to[n++] == NULL)
            r = -ENOMEM;
    }
    if (r >= 0)
        hb_stmt_reset(q);
    ask->recipients_n = (size_t)n;
    return HB_MIN(r, 0);
}

/* Its life begins now, not when it was drafted. */
static int open_share(struct hb_share_store *s, struct share_row *row,
                      const struct hb_share_who *who)
{
    int r = hb_db_exec(s->db,
                       "UPDATE share SET state = ?2, expires = ?3 + life,"
                       " generation = generation + 1 WHERE id = ?1",
                       "iii", row->id, (int64_t)HB_SHARE_LIVE, s->t.now);

    return r < 0 ? r
                 : share_tell(s, who,
                              &(struct share_note){.act = HB_SHARE_OPENED,
                                                   .share = row->id});
}

/* A full disk keeps nobody from revoking: the key goes first then (that needs
 * no room), and the contents, which makes some. */
static int end_share(struct hb_share_store *s, int64_t share,
                     const struct hb_share_who *who, enum hb_share_state state)
{
    int r = end_once(s, share, who, state);

    if (r == -ENOSPC && empty(s, share) == 0)
        r = end_once(s, share, who, state);
    if (r == 0)
        (void)share_shred(s, share); /* or the next housekeeping does */
    return r;
}

static int end_once(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who, enum hb_share_state state)
{
    struct share_row row;
    int r = share_begin_owned(s, share, who, &row);

    if (r < 0)
        return r;
    if (row.state != state && row.state != HB_SHARE_DELETED)
        r = share_stop(s, &row, state, who,
                       state == HB_SHARE_REVOKED ? HB_SHARE_ACT_REVOKED
                                                 : HB_SHARE_ACT_DELETED);
    return share_end(s, r, 0);
}

/* Key, then contents; what happened to the rows is the caller's. */
static int empty(struct hb_share_store *s, int64_t share)
{
    struct share_row row;
    struct hb_stmt *q;
    int r = share_row(s, share, &row);

    if (r == 0)
        r = share_key_destroy(&s->keys, row.uid);
    if (r == 0)
        r = hb_db_query(s->db, &q, "SELECT uid FROM file WHERE share = ?1", "i",
                        share);
    if (r != 0)
        return r;
    while (r == 0 && (r = hb_stmt_step(q)) == 1) {
        const char *uid = hb_stmt_col_text(q, 0);

        r = uid != NULL ? share_blob_unlink(s, uid) : -ENOMEM;
    }
    hb_stmt_reset(q);
    return r;
}

/* Codes and grants of RECIPIENT (0: of all) are void. */
static int cut_off(struct hb_share_store *s, int64_t share, int64_t recipient)
{
    int r = hb_db_exec(s->db,
                       "DELETE FROM code WHERE recipient IN (SELECT id FROM"
                       " recipient WHERE share = ?1 AND (?2 = 0 OR id = ?2))",
                       "ii", share, recipient);

    if (r < 0)
        return r;
    return hb_db_exec(s->db,
                      "DELETE FROM pass WHERE recipient IN (SELECT id FROM"
                      " recipient WHERE share = ?1 AND (?2 = 0 OR id = ?2))",
                      "ii", share, recipient);
}

static int others_left(struct hb_share_store *s, int64_t share)
{
    int64_t n = 0;
    int r = hb_db_number(s->db, &n,
                         "SELECT count(*) FROM recipient WHERE share = ?1"
                         " AND revoked = 0",
                         "i", share);

    return r < 0 ? r : n > 0;
}

static int expose(struct hb_share_store *s, struct hb_arena *a, int64_t share,
                  int64_t recipient, struct hb_share_exposure **ret,
                  size_t *ret_n)
{
    struct hb_share_exposure *e =
        HB_NEW_N(a, struct hb_share_exposure, RECIPIENTS_MAX);
    struct hb_stmt *q;
    size_t n = 0;
    int r;

    if (e == NULL)
        return -ENOMEM;
    r = hb_db_query(s->db, &q,
                    "SELECT r.id, r.address, coalesce(sum(t.act = ?3), 0),"
                    " coalesce(sum(t.act = ?4), 0),"
                    " coalesce(sum(t.act = ?5), 0),"
                    " coalesce(sum(t.act = ?6), 0),"
                    " coalesce(sum(CASE t.act WHEN ?6 THEN t.bytes END), 0),"
                    " coalesce(min(CASE t.act WHEN ?5 THEN t.time END), 0),"
                    " coalesce(max(CASE t.act WHEN ?5 THEN t.time END), 0)"
                    " FROM recipient r LEFT JOIN trail t"
                    "  ON t.recipient = r.id AND t.share = r.share"
                    " WHERE r.share = ?1 AND (?2 = 0 OR r.id = ?2)"
                    " GROUP BY r.id, r.address ORDER BY r.id",
                    "iiiiii", share, recipient, (int64_t)HB_SHARE_PAGE,
                    (int64_t)HB_SHARE_CODE_RIGHT, (int64_t)HB_SHARE_BEGUN,
                    (int64_t)HB_SHARE_ENDED);
    while (r >= 0 && n < RECIPIENTS_MAX && (r = hb_stmt_step(q)) == 1) {
        e[n] = (struct hb_share_exposure){
            .recipient = hb_stmt_col_int(q, 0),
            .address = hb_arena_strdup(a, hb_stmt_col_text(q, 1)),
            .pages = hb_stmt_col_int(q, 2),
            .codes = hb_stmt_col_int(q, 3),
            .downloads = hb_stmt_col_int(q, 4),
            .unended = hb_stmt_col_int(q, 4) - hb_stmt_col_int(q, 5),
            .bytes = hb_stmt_col_int(q, 6),
            .first = hb_stmt_col_int(q, 7),
            .last = hb_stmt_col_int(q, 8),
        };
        if (e[n++].address == NULL)
            r = -ENOMEM;
    }
    if (r >= 0)
        hb_stmt_reset(q);
    *ret = e;
    *ret_n = n;
    return HB_MIN(r, 0);
}
