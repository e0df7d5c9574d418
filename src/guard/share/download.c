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

struct hb_share_download {
    unsigned magic;
    struct hb_share_store *s;
    int fd, err;
    int64_t share, recipient, file, size; /* recipient 0: the owner */
    int64_t generation;                   /* of the recipient's link */
    int64_t sent, checked;
    uint64_t checked_at; /* hb_mono() */
    char who[HB_SHARE_MAIL_TEXT], from[SHARE_FROM_MAX];
    struct hb_blob *blob;
};

static int count(struct hb_share_store *s, const struct share_link *l,
                 int64_t file, int *ret_answer);
static bool may_fetch(const struct hb_share_store *s,
                      const struct share_row *row,
                      const struct hb_share_file *f,
                      const struct hb_share_who *who);
static int open_blob(struct hb_share_download *d, const char *share_uid,
                     const struct hb_share_file *f, int64_t at);
static int begun(struct hb_share_download *d, const char *name);
static int ask_store(struct hb_share_download *d);
static void drop(struct hb_share_download *d);

int hb_share_begin_download(struct hb_share_store *s, struct hb_slice grant,
                            int64_t file, const char *from, int64_t at,
                            struct hb_share_download **ret)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share_download *d = share_alloc(sizeof(*d));
    uint8_t hash[SHARE_MAC];
    struct hb_share_file f;
    struct share_link l;
    int r = a == NULL || d == NULL ? -ENOMEM : 0, answer = 0;

    if (r == 0 && !share_text_ok(from, SHARE_FROM_MAX - 1, false))
        r = -EINVAL;
    if (r == 0)
        r = share_begin(s);
    if (r < 0) {
        free(d);
        return r;
    }
    *d = (struct hb_share_download){
        .magic = DOWNLOAD_MAGIC, .s = s, .fd = -1, .file = file};
    r = share_grant(s, grant, &l, hash, &answer);
    if (r == 0 && answer == 0)
        r = hb_share_file_get(s, a, file, &f);
    /* One of another share is as none. */
    if (r == -ENOENT ||
        (r == 0 && answer == 0 &&
         (f.share != l.share.id || l.share.kind != HB_SHARE_OUT ||
          f.state != HB_SHARE_FILE_WHOLE))) {
        r = 0;
        answer = -EACCES;
    }
    if (r == 0 && answer == 0 && (at < 0 || at > f.size))
        answer = -EINVAL;
    if (r == 0 && answer == 0)
        r = count(s, &l, file, &answer);
    if (r == 0 && answer == 0) {
        d->share = f.share;
        d->recipient = l.recipient;
        d->generation = l.generation;
        (void)hb_copyz(d->who, sizeof(d->who), l.address);
        (void)hb_copyz(d->from, sizeof(d->from), from);
        /* What cannot be read is not counted. */
        r = open_blob(d, l.share.uid, &f, at);
    }
    if (r == 0 && answer == 0)
        r = begun(d, f.name);
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
    struct hb_share_download *d = share_alloc(sizeof(*d));
    struct hb_share_file f;
    struct share_row row;
    int r = a == NULL || d == NULL ? -ENOMEM : share_who_ok(who);

    if (r == 0)
        r = share_begin(s);
    if (r < 0) {
        free(d);
        return r;
    }
    *d = (struct hb_share_download){
        .magic = DOWNLOAD_MAGIC, .s = s, .fd = -1, .file = file};
    (void)hb_copyz(d->who, sizeof(d->who), who->name);
    (void)hb_copyz(d->from, sizeof(d->from), who->from);
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
        r = share_end(s, r, 0);
    }
    drop(d);
    return r;
}

/* ---- static ---- */

static int count(struct hb_share_store *s, const struct share_link *l,
                 int64_t file, int *ret_answer)
{
    int64_t n = 0;
    int r = hb_share_fetched(s, l->recipient, file, &n);

    if (r < 0)
        return r;
    if (n >= l->share.most) {
        *ret_answer = -EDQUOT;
        return 0;
    }
    return hb_db_exec(s->db,
                      "INSERT INTO fetched(recipient, file, n, bytes)"
                      " VALUES(?1, ?2, 1, 0) ON CONFLICT(recipient, file)"
                      " DO UPDATE SET n = fetched.n + 1",
                      "ii", l->recipient, file);
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
    struct hb_share_time now;
    enum hb_share_state state;
    int64_t expires;
    struct hb_stmt *q;
    bool revoked;
    int r = hb_db_stmt(d->s->db,
                       "SELECT s.state, s.expires, ?2 <> 0 AND NOT EXISTS("
                       " SELECT 1 FROM recipient r WHERE r.id = ?2"
                       " AND r.revoked = 0 AND r.generation = ?3),"
                       " (SELECT value FROM meta WHERE name = 'clock_floor')"
                       " FROM share s WHERE s.id = ?1",
                       &q);

    if (r == 0)
        r = hb_stmt_int(q, 1, d->share);
    if (r == 0)
        r = hb_stmt_int(q, 2, d->recipient);
    if (r == 0)
        r = hb_stmt_int(q, 3, d->generation);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r <= 0)
        return r < 0 ? r : -EKEYREVOKED;
    state = (enum hb_share_state)hb_stmt_col_int(q, 0);
    expires = hb_stmt_col_int(q, 1);
    revoked = hb_stmt_col_int(q, 2) != 0;
    share_time(d->s, &now);
    now.now = HB_MAX(now.now, hb_stmt_col_int(q, 3));
    hb_stmt_reset(q);
    d->checked = d->sent;
    d->checked_at = hb_mono();
    if (revoked || state == HB_SHARE_REVOKED || state == HB_SHARE_DELETED)
        return -EKEYREVOKED;
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
