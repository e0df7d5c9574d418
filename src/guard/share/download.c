/* SPDX-License-Identifier: Apache-2.0 */
/*
 * download.c - contents on their way out: see content.h.
 *
 * Counting is one transaction under the lock that all processes share, so the
 * last download goes to one of two who ask at once.  Whether the share still
 * lives is asked of the store, since another process may have ended it.
 */
#include <fcntl.h>
#include <sodium.h>

#include "base/num.h"
#include "guard/share/blob.h"
#include "guard/share/content.h"
#include "guard/share/part.h"

#define DOWNLOAD_MAGIC 0x4842446cu
#define CHECK_BYTES    (256 << 10)
#define CHECK_NS       (250 * HB_MS)
#define STEP_MIN       (64 << 10)

struct hb_share_download {
    unsigned magic;
    struct hb_share_store *s;
    int fd, err;
    int64_t share, recipient, file, size; /* recipient 0: the owner */
    int64_t generation;                   /* of the recipient's link */
    int64_t at, sent, checked, charged;   /* of what follows AT */
    int64_t most;                         /* downloads of a recipient */
    bool silent;                          /* nothing is told of it */
    uint8_t ticket[SHARE_MAC];            /* where READER > 0 */
    int64_t reader;
    uint64_t checked_at; /* hb_mono() */
    char who[HB_SHARE_MAIL_TEXT], from[SHARE_FROM_MAX];
    struct hb_blob *blob;
};

static int begin_reading(struct hb_share_store *s, const char *from, int64_t at,
                         struct hb_share_download **ret);
static int ticket(struct hb_share_store *s, struct hb_slice grant, int64_t file,
                  char ret[HB_SHARE_TOKEN_TEXT], int *ret_answer);
static int use_ticket(struct hb_share_download *d, struct hb_slice grant,
                      struct hb_slice token, int *ret_answer);
static int look_ticket(struct hb_share_download *d, int64_t recipient,
                       int *ret_answer);
static int charge(struct hb_share_download *d, int *ret_answer);
static int charge_more(struct hb_share_download *d);
static int count(struct hb_share_store *s, int64_t recipient, int64_t file,
                 int64_t most, int *ret_answer);
static bool may_fetch(const struct hb_share_store *s,
                      const struct share_row *row,
                      const struct hb_share_file *f,
                      const struct hb_share_who *who);
static int open_blob(struct hb_share_download *d, const char *share_uid,
                     const struct hb_share_file *f, int64_t at);
static int begun(struct hb_share_download *d, const char *name);
static int ask_store(struct hb_share_download *d);
static void drop(struct hb_share_download *d);

int hb_share_ticket(struct hb_share_store *s, struct hb_slice grant,
                    int64_t file, const char *from,
                    char ret[HB_SHARE_TOKEN_TEXT])
{
    char token[HB_SHARE_TOKEN_TEXT];
    int r = share_text_ok(from, SHARE_FROM_MAX - 1, false) ? share_begin(s)
                                                           : -EINVAL;
    int answer = 0;

    if (r < 0)
        return r;
    r = ticket(s, grant, file, token, &answer);
    r = share_end(s, r, answer);
    if (r == 0)
        memcpy(ret, token, sizeof(token));
    sodium_memzero(token, sizeof(token));
    return r;
}

int hb_share_open_download(struct hb_share_store *s, struct hb_slice grant,
                           struct hb_slice token, const char *from, int64_t at,
                           struct hb_share_download **ret)
{
    struct hb_share_download *d;
    int r = begin_reading(s, from, at, &d), answer = 0;

    if (r < 0)
        return r;
    r = use_ticket(d, grant, token, &answer);
    r = share_end(s, r, answer);
    if (r < 0)
        drop(d);
    else
        *ret = d;
    return r;
}

int hb_share_begin_download(struct hb_share_store *s, struct hb_slice grant,
                            int64_t file, const char *from, int64_t at,
                            struct hb_share_download **ret)
{
    struct hb_share_download *d;
    char token[HB_SHARE_TOKEN_TEXT] = "";
    int r = begin_reading(s, from, at, &d), answer = 0;

    if (r < 0)
        return r;
    r = ticket(s, grant, file, token, &answer);
    /* One transaction: what the second part refuses was not counted. */
    if (r == 0 && answer == 0) {
        r = use_ticket(d, grant, hb_slice_z(token), &answer);
        r = r == 0 ? answer : r;
    }
    sodium_memzero(token, sizeof(token));
    r = share_end(s, r, answer);
    if (r < 0)
        drop(d);
    else
        *ret = d;
    return r;
}

int hb_share_fetch(struct hb_share_store *s, int64_t file,
                   const struct hb_share_who *who,
                   struct hb_share_download **ret)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share_download *d;
    struct hb_share_file f;
    struct share_row row;
    int r = a == NULL ? -ENOMEM : share_who_ok(who);

    if (r == 0)
        r = begin_reading(s, who->from, 0, &d);
    if (r < 0)
        return r;
    d->file = file;
    (void)hb_copyz(d->who, sizeof(d->who), who->name);
    r = hb_share_file_get(s, a, file, &f);
    if (r == 0)
        r = share_row(s, f.share, &row);
    if (r == 0 && !may_fetch(s, &row, &f, who))
        r = -EACCES;
    if (r == 0) {
        d->share = f.share;
        r = open_blob(d, row.uid, &f, 0);
    }
    if (r == 0)
        r = begun(d, f.name);
    r = share_end(s, r, 0);
    if (r < 0)
        drop(d);
    else
        *ret = d;
    return r;
}

int hb_share_unlooked(struct hb_share_store *s, int64_t share,
                      int64_t *ret_file)
{
    HB_CHECK(s, SHARE_MAGIC);
    return hb_db_number(s->db, ret_file,
                        "SELECT f.id FROM file f JOIN share s ON s.id = f.share"
                        " WHERE f.looked = 0 AND f.state IN (2, 3)"
                        " AND s.shredded = 0 AND (?1 = 0 OR s.id = ?1)"
                        " ORDER BY f.id LIMIT 1",
                        "i", share);
}

int hb_share_look(struct hb_share_store *s, int64_t file,
                  struct hb_share_download **ret)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share_download *d;
    struct hb_share_file f;
    struct share_row row;
    int r = a == NULL ? -ENOMEM : begin_reading(s, "", 0, &d);

    if (r < 0)
        return r;
    d->silent = true;
    r = hb_share_file_get(s, a, file, &f);
    if (r == 0)
        r = share_row(s, f.share, &row);
    if (r == 0) {
        d->file = file;
        d->share = f.share;
        r = open_blob(d, row.uid, &f, 0);
    }
    r = share_end(s, r, 0);
    if (r < 0)
        drop(d);
    else
        *ret = d;
    return r;
}

int hb_share_looked(struct hb_share_store *s, int64_t file, bool read,
                    int64_t pieces)
{
    int r = share_begin(s);

    if (r < 0)
        return r;
    r = hb_db_exec(s->db,
                   "UPDATE file SET looked = ?2, pieces = ?3"
                   " WHERE id = ?1 AND looked = 0",
                   "iii", file,
                   (int64_t)(read ? HB_SHARE_LOOKED : HB_SHARE_UNREADABLE),
                   read ? HB_MAX(pieces, 0) : 0);
    return share_end(s, r, 0);
}

int hb_share_fetched(struct hb_share_store *s, int64_t recipient, int64_t file,
                     int64_t *ret)
{
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    *ret = 0;
    r = hb_db_number(s->db, ret,
                     "SELECT n FROM fetched WHERE recipient = ?1"
                     " AND file = ?2",
                     "ii", recipient, file);
    return HB_MIN(r, 0);
}

int hb_share_ticket_file(struct hb_share_store *s, struct hb_slice grant,
                         struct hb_slice token, struct hb_arena *a,
                         struct hb_share_file *ret)
{
    struct hb_share_download d = {.s = s};
    uint8_t hash[SHARE_MAC];
    struct share_link l;
    int r = share_begin(s), answer = 0;

    if (r < 0)
        return r;
    r = share_grant(s, grant, &l, hash, &answer);
    if (r == 0 && answer == 0 &&
        share_token_mac(s, "ticket", token, d.ticket) < 0)
        answer = -EACCES;
    if (r == 0 && answer == 0)
        r = look_ticket(&d, l.recipient, &answer);
    if (r == 0 && answer == 0)
        r = hb_share_file_get(s, a, d.file, ret);
    return share_end(s, r, answer);
}

int64_t hb_share_download_size(const struct hb_share_download *d)
{
    HB_CHECK(d, DOWNLOAD_MAGIC);
    return d->size;
}

ssize_t hb_share_download_read(struct hb_share_download *d, void *p, size_t n)
{
    ssize_t got;

    HB_CHECK(d, DOWNLOAD_MAGIC);
    n = HB_MIN(n, CHECK_BYTES);
    if (d->err == 0 && (d->sent - d->checked + (int64_t)n > CHECK_BYTES ||
                        hb_mono() - d->checked_at >= CHECK_NS))
        d->err = ask_store(d);
    if (d->err == 0 && d->reader > 0 && d->at + d->sent < d->size) {
        if (d->sent == d->charged)
            d->err = charge_more(d);
        n = HB_MIN(n, (size_t)(d->charged - d->sent));
    }
    if (d->err < 0)
        return d->err;
    got = hb_blob_read(d->blob, p, n);
    if (got < 0)
        d->err = (int)got;
    else
        d->sent += got;
    return got;
}

int hb_share_download_alive(struct hb_share_download *d)
{
    HB_CHECK(d, DOWNLOAD_MAGIC);
    if (d->err == 0)
        d->err = ask_store(d);
    return d->err;
}

int hb_share_download_end(struct hb_share_download *d, int64_t sent)
{
    struct hb_share_store *s;
    int r;

    HB_CHECK(d, DOWNLOAD_MAGIC);
    s = d->s;
    if (d->silent) {
        drop(d);
        return 0;
    }
    if (sent < 0 || sent > d->sent)
        sent = d->sent;
    r = share_begin(s);
    if (r == 0) {
        r = share_tell(s, &(struct hb_share_who){d->who, d->from},
                       &(struct share_note){.act = HB_SHARE_ENDED,
                                            .share = d->share,
                                            .recipient = d->recipient,
                                            .file = d->file,
                                            .bytes = sent});
        if (r == 0)
            r = hb_db_exec(s->db,
                           "UPDATE fetched SET bytes = bytes + ?3"
                           " WHERE recipient = ?1 AND file = ?2",
                           "iii", d->recipient, d->file, sent);
        /* Read to its end: the next time is another download. */
        if (r == 0 && d->reader > 0)
            r = hb_db_exec(s->db,
                           "UPDATE ticket SET done = max(done, ?2),"
                           " given = max(given - ?3, 0) WHERE hash = ?1",
                           "xii", d->ticket, SHARE_MAC,
                           (int64_t)(d->at + d->sent >= d->size),
                           d->charged - sent);
        r = share_end(s, r, 0);
    }
    drop(d);
    return r;
}

/* ---- static ---- */

/* share_begin(), for one that reads.  After a failure there is neither. */
static int begin_reading(struct hb_share_store *s, const char *from, int64_t at,
                         struct hb_share_download **ret)
{
    struct hb_share_download *d = share_alloc(sizeof(*d));
    int r = d == NULL ? -ENOMEM : 0;

    if (r == 0 && !share_text_ok(from, SHARE_FROM_MAX - 1, false))
        r = -EINVAL;
    if (r == 0)
        r = share_begin(s);
    if (r < 0) {
        free(d);
        return r;
    }
    d->magic = DOWNLOAD_MAGIC;
    d->s = s;
    d->fd = -1;
    d->at = at;
    (void)hb_copyz(d->from, sizeof(d->from), from);
    *ret = d;
    return 0;
}

/* In a transaction: counts, and makes the ticket. */
static int ticket(struct hb_share_store *s, struct hb_slice grant, int64_t file,
                  char ret[HB_SHARE_TOKEN_TEXT], int *ret_answer)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    uint8_t hash[SHARE_MAC], mac[SHARE_MAC];
    struct hb_share_file f;
    struct share_link l;
    int r = a == NULL ? -ENOMEM : share_grant(s, grant, &l, hash, ret_answer);

    if (r == 0 && *ret_answer == 0)
        r = hb_share_file_get(s, a, file, &f);
    /* One of another share is as none. */
    if (r == -ENOENT ||
        (r == 0 && *ret_answer == 0 &&
         (f.share != l.share.id || l.share.kind != HB_SHARE_OUT ||
          f.state != HB_SHARE_FILE_WHOLE))) {
        r = 0;
        *ret_answer = -EACCES;
    }
    if (r == 0 && *ret_answer == 0)
        r = count(s, l.recipient, file, l.share.most, ret_answer);
    if (r < 0 || *ret_answer < 0)
        return r;
    hb_share_token_new(ret);
    r = share_token_mac(s, "ticket", hb_slice_z(ret), mac);
    return r < 0 ? r
                 : hb_db_exec(s->db,
                              "INSERT INTO ticket(hash, recipient, file, boot,"
                              " until, reader, given, done)"
                              " VALUES(?1, ?2, ?3, ?4, ?5, 0, 0, 0)",
                              "xiiti", mac, sizeof(mac), l.recipient, file,
                              s->t.boot,
                              (int64_t)(s->t.mono + HB_SHARE_GRANT_S * HB_S));
}

/* In a transaction: what is read from D->at on. */
static int use_ticket(struct hb_share_download *d, struct hb_slice grant,
                      struct hb_slice token, int *ret_answer)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share_store *s = d->s;
    uint8_t hash[SHARE_MAC];
    struct hb_share_file f;
    struct share_link l;
    int r = a == NULL ? -ENOMEM : share_grant(s, grant, &l, hash, ret_answer);

    if (r < 0 || *ret_answer < 0)
        return r;
    if (share_token_mac(s, "ticket", token, d->ticket) < 0) {
        *ret_answer = -EACCES;
        return 0;
    }
    r = look_ticket(d, l.recipient, ret_answer);
    if (r < 0 || *ret_answer < 0)
        return r;
    /* Whoever read until now is cut. */
    r = hb_db_exec(s->db, "UPDATE ticket SET reader = ?2 WHERE hash = ?1", "xi",
                   d->ticket, SHARE_MAC, d->reader);
    if (r == 0)
        r = hb_share_file_get(s, a, d->file, &f);
    if (r < 0)
        return r;
    if (d->at < 0 || d->at > f.size) {
        *ret_answer = -EINVAL;
        return 0;
    }
    d->share = f.share;
    d->recipient = l.recipient;
    d->generation = l.generation;
    d->most = l.share.most;
    d->size = f.size;
    r = charge(d, ret_answer);
    if (r < 0 || *ret_answer < 0)
        return r;
    (void)hb_copyz(d->who, sizeof(d->who), l.address);
    r = open_blob(d, l.share.uid, &f, d->at);
    return r < 0 ? r : begun(d, f.name);
}

static int look_ticket(struct hb_share_download *d, int64_t recipient,
                       int *ret_answer)
{
    struct hb_share_store *s = d->s;
    struct hb_stmt *q;
    bool done;
    int r = hb_db_query(s->db, &q,
                        "SELECT file, reader, done FROM ticket WHERE hash = ?1"
                        " AND recipient = ?2 AND boot = ?3 AND until > ?4",
                        "xiti", d->ticket, SHARE_MAC, recipient, s->t.boot,
                        (int64_t)s->t.mono);

    if (r == 0)
        r = hb_stmt_step(q);
    if (r <= 0) {
        *ret_answer = -EACCES;
        return r;
    }
    d->file = hb_stmt_col_int(q, 0);
    d->reader = hb_stmt_col_int(q, 1) + 1;
    done = hb_stmt_col_int(q, 2) != 0;
    hb_stmt_reset(q);
    *ret_answer = done ? -EALREADY : 0;
    return 0;
}

/* In a transaction: the next part of a download, before it is given.  What is
 * given of one ticket is the file and a quarter, for what was lost on the way
 * when the connection broke; more is another download. */
static int charge(struct hb_share_download *d, int *ret_answer)
{
    int64_t given = 0, step = HB_MAX(d->size / 8, STEP_MIN), counted = 0;
    int r;

    step = HB_MIN(step, d->size - d->at - d->charged);
    r = hb_db_number(d->s->db, &given,
                     "SELECT given FROM ticket WHERE hash = ?1 AND reader = ?2",
                     "xi", d->ticket, SHARE_MAC, d->reader);
    if (r <= 0) {
        *ret_answer = -ECANCELED;
        return r;
    }
    if (given + step > d->size + d->size / 4) {
        r = count(d->s, d->recipient, d->file, d->most, ret_answer);
        if (*ret_answer == -EDQUOT)
            *ret_answer = -EALREADY;
        counted = d->size;
    }
    if (r < 0 || *ret_answer < 0)
        return r;
    r = hb_db_exec(d->s->db, "UPDATE ticket SET given = ?2 WHERE hash = ?1",
                   "xi", d->ticket, SHARE_MAC, given + step - counted);
    if (r == 0)
        d->charged += step;
    return r;
}

static int charge_more(struct hb_share_download *d)
{
    int r = share_begin(d->s), answer = 0;

    if (r < 0)
        return r;
    r = charge(d, &answer);
    return share_end(d->s, r, answer);
}

static int count(struct hb_share_store *s, int64_t recipient, int64_t file,
                 int64_t most, int *ret_answer)
{
    int64_t n = 0;
    int r = hb_share_fetched(s, recipient, file, &n);

    if (r < 0)
        return r;
    if (n >= most) {
        *ret_answer = -EDQUOT;
        return 0;
    }
    return hb_db_exec(s->db,
                      "INSERT INTO fetched(recipient, file, n, bytes)"
                      " VALUES(?1, ?2, 1, 0) ON CONFLICT(recipient, file)"
                      " DO UPDATE SET n = fetched.n + 1",
                      "ii", recipient, file);
}

/* The owner, what is theirs; a third person, what they are asked about. */
static bool may_fetch(const struct hb_share_store *s,
                      const struct share_row *row,
                      const struct hb_share_file *f,
                      const struct hb_share_who *who)
{
    if (hb_streq(row->owner, who->name))
        return f->state == HB_SHARE_FILE_ACCEPTED ||
               f->state == HB_SHARE_FILE_WHOLE;
    return row->state == HB_SHARE_WAITING && f->state == HB_SHARE_FILE_WHOLE &&
           share_approver(&s->rules, who->name);
}

static int open_blob(struct hb_share_download *d, const char *share_uid,
                     const struct hb_share_file *f, int64_t at)
{
    struct hb_share_store *s = d->s;
    uint8_t key[SHARE_KEY];
    int r = share_key_get(&s->keys, share_uid, key);

    if (r < 0)
        return r == -ENOENT ? -EKEYREVOKED : r;
    d->size = f->size;
    d->fd = openat(s->blobs, f->uid, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (d->fd < 0)
        r = errno == ENOENT ? -EBADMSG : hb_neg_errno();
    if (r == 0)
        r = hb_blob_new(d->fd, key, f->uid, (uint64_t)f->size, &d->blob);
    sodium_memzero(key, sizeof(key));
    if (r == 0)
        r = hb_blob_read_from(d->blob, (uint64_t)at, true);
    d->checked_at = hb_mono();
    return r;
}

static int begun(struct hb_share_download *d, const char *name)
{
    return share_tell(d->s, &(struct hb_share_who){d->who, d->from},
                      &(struct share_note){.act = HB_SHARE_BEGUN,
                                           .share = d->share,
                                           .recipient = d->recipient,
                                           .file = d->file,
                                           .words = name});
}

/* Whether it may go on.  No answer is no. */
static int ask_store(struct hb_share_download *d)
{
    struct hb_share_time now = {0};
    enum hb_share_state state;
    int64_t expires;
    struct hb_stmt *q;
    bool revoked, newer;
    int r = share_clock(d->s, &now);

    if (r == 0)
        r = hb_db_query(d->s->db, &q,
                        "SELECT s.state, s.expires, ?2 <> 0 AND NOT EXISTS("
                        " SELECT 1 FROM recipient r WHERE r.id = ?2"
                        " AND r.revoked = 0 AND r.generation = ?3),"
                        " (SELECT reader FROM ticket t WHERE t.hash = ?4)"
                        " FROM share s WHERE s.id = ?1",
                        "iiix", d->share, d->recipient, d->generation,
                        d->ticket, SHARE_MAC);

    if (r == 0)
        r = hb_stmt_step(q);
    if (r <= 0)
        return r < 0 ? r : -EKEYREVOKED;
    state = (enum hb_share_state)hb_stmt_col_int(q, 0);
    expires = hb_stmt_col_int(q, 1);
    revoked = hb_stmt_col_int(q, 2) != 0;
    newer = d->reader > 0 && hb_stmt_col_int(q, 3) != d->reader;
    hb_stmt_reset(q);
    d->checked = d->sent;
    d->checked_at = hb_mono();
    if (revoked || state == HB_SHARE_REVOKED || state == HB_SHARE_DELETED)
        return -EKEYREVOKED;
    if (newer)
        return -ECANCELED;
    /* The owner may fetch what was accepted until it is deleted. */
    if (d->recipient != 0 && (state != HB_SHARE_LIVE || now.now >= expires))
        return -EKEYEXPIRED;
    return 0;
}

static void drop(struct hb_share_download *d)
{
    hb_blob_free(d->blob);
    hb_close(&d->fd);
    d->magic = 0;
    free(d);
}
