/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upload.c - contents on their way in: see content.h.
 *
 * What is safe of a file is a number in its row, a border of segments, which
 * is written after the blob was synced up to there.  Whatever a crash leaves
 * behind that border is cut off when the upload goes on.
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "crypto/crypto.h"
#include "guard/share/blob.h"
#include "guard/share/content.h"
#include "guard/share/part.h"

#define UPLOAD_MAGIC 0x48425570u
#define SYNC_EVERY   (4 << 20)
#define WRITE_EVERY  (1 << 20) /* the disk begins, and nobody waits */
#define HEAD_MAX     16u
#define TYPE_MAX     127u

struct hb_share_upload {
    unsigned magic;
    struct hb_share_store *s;
    int fd, err;
    int64_t file, share, size, safe, begun;
    char name[HB_SHARE_FILE_NAME + 1];
    bool guest;
    struct hb_blob *blob;
    struct hb_sha256 *hash;
    uint8_t head[HEAD_MAX];
    size_t head_n;
};

static int add_file(struct hb_share_store *s, const struct share_row *row,
                    int64_t sender, const char *name, const char *type,
                    int64_t size, int64_t *ret_file);
static int room(struct hb_share_store *s, const struct share_row *row,
                int64_t size);
static bool name_ok(const char *name);
static bool type_ok(const char *type);
static int may_write(struct hb_share_store *s, int64_t share, bool guest);
static int prepare(struct hb_share_upload *u, const struct hb_share_file *f,
                   const char *uid);
static int go_on(struct hb_share_upload *u);
static void see(struct hb_share_upload *u, const void *p, size_t n);
static int disk_left(struct hb_share_store *s);
static void begin_writing(struct hb_share_upload *u);
static int make_safe(struct hb_share_upload *u);
static int start_again(struct hb_share_upload *u);
static int begin_owned(struct hb_share_store *s, struct hb_arena *a,
                       int64_t file, const struct hb_share_who *who,
                       struct hb_share_file *ret, struct share_row *row);
static int decide(struct hb_share_store *s, const struct hb_share_file *f,
                  const struct hb_share_who *who,
                  enum hb_share_file_state state, enum hb_share_act act);

int hb_share_upload_new(struct hb_share_store *s, int64_t share,
                        const struct hb_share_who *who, const char *name,
                        const char *type, int64_t size, int64_t *ret_file)
{
    struct share_row row;
    int64_t id = 0;
    int r = share_begin_owned(s, share, who, &row);

    if (r < 0)
        return r;
    if (row.state != HB_SHARE_DRAFT || row.kind != HB_SHARE_OUT)
        r = -EBUSY;
    else
        r = add_file(s, &row, 0, name, type, size, &id);
    r = share_end(s, r, 0);
    if (r == 0)
        *ret_file = id;
    return r;
}

int hb_share_upload_guest(struct hb_share_store *s, struct hb_slice grant,
                          const char *from, const char *name, const char *type,
                          int64_t size, int64_t *ret_file)
{
    uint8_t hash[SHARE_MAC];
    struct share_link l;
    int64_t id = 0;
    int r, answer = 0;

    if (!share_text_ok(from, SHARE_FROM_MAX - 1, false))
        return -EINVAL;
    r = share_begin(s);
    if (r < 0)
        return r;
    r = share_grant(s, grant, &l, hash, &answer);
    if (r == 0 && answer == 0 && l.share.kind != HB_SHARE_IN)
        answer = -EACCES;
    if (r == 0 && answer == 0)
        r = add_file(s, &l.share, l.recipient, name, type, size, &id);
    r = share_end(s, r, answer);
    if (r == 0)
        *ret_file = id;
    return r;
}

int hb_share_upload_open(struct hb_share_store *s, int64_t file,
                         struct hb_slice grant, struct hb_share_upload **ret)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share_upload *u = share_alloc(sizeof(*u));
    uint8_t hash[SHARE_MAC];
    struct hb_share_file f;
    struct share_row row;
    struct share_link l;
    int r = a == NULL || u == NULL ? -ENOMEM : share_begin(s), answer = 0;

    if (r < 0) {
        free(u);
        return r;
    }
    *u = (struct hb_share_upload){
        .magic = UPLOAD_MAGIC, .s = s, .fd = -1, .file = file};
    u->guest = grant.p != NULL;
    r = hb_share_file_get(s, a, file, &f);
    if (r == 0)
        r = share_row(s, f.share, &row);
    if (r == 0 && u->guest) {
        r = share_grant(s, grant, &l, hash, &answer);
        if (r == 0 && answer == 0 && l.share.id != f.share)
            answer = -EACCES;
    }
    if (r == 0 && (row.kind == HB_SHARE_IN) != u->guest)
        answer = -EACCES;
    if (r == 0 && f.state != HB_SHARE_FILE_COMING)
        answer = -EBUSY;
    if (r == 0 && answer == 0)
        answer = may_write(s, f.share, u->guest);
    if (r == 0 && answer == 0)
        r = prepare(u, &f, row.uid);
    r = share_end(s, r, answer);
    if (r == 0)
        r = go_on(u);
    if (r < 0) {
        hb_share_upload_close(u);
        return r;
    }
    *ret = u;
    return 0;
}

int hb_share_upload_write(struct hb_share_upload *u, const void *p, size_t n)
{
    const uint8_t *from = p;

    HB_CHECK(u, UPLOAD_MAGIC);
    if (u->err == 0 && (uint64_t)n > (uint64_t)u->size - hb_blob_at(u->blob))
        return -EFBIG;
    while (u->err == 0 && n > 0) {
        size_t part = HB_MIN(n, HB_BLOB_CHUNK);

        u->err = disk_left(u->s);
        if (u->err == 0)
            u->err = hb_blob_write(u->blob, from, part);
        hb_fault_crash();
        if (u->err < 0)
            break;
        see(u, from, part);
        from += part;
        n -= part;
        if ((int64_t)hb_blob_border(u->blob) - u->safe >= SYNC_EVERY)
            u->err = make_safe(u);
        else if ((int64_t)hb_blob_border(u->blob) - u->begun >= WRITE_EVERY)
            begin_writing(u);
    }
    return u->err;
}

int64_t hb_share_upload_safe(const struct hb_share_upload *u)
{
    HB_CHECK(u, UPLOAD_MAGIC);
    return u->safe;
}

int64_t hb_share_upload_at(const struct hb_share_upload *u)
{
    HB_CHECK(u, UPLOAD_MAGIC);
    return (int64_t)hb_blob_at(u->blob);
}

int hb_share_upload_end(struct hb_share_upload *u,
                        const struct hb_share_who *who, const uint8_t *sha256)
{
    uint8_t sum[HB_SHA256_SIZE];
    int64_t exe;
    int r = share_who_ok(who), answer = 0;

    HB_CHECK(u, UPLOAD_MAGIC);
    if (r < 0 || u->err < 0)
        return r < 0 ? r : u->err;
    if ((int64_t)hb_blob_at(u->blob) != u->size)
        return -ENODATA;
    if (u->size == 0) /* its one chunk is written here */
        r = hb_blob_write(u->blob, "", 0);
    if (r == 0)
        r = make_safe(u);
    if (r < 0)
        return u->err = r;
    hb_sha256_end(u->hash, sum);
    if (sha256 != NULL && sodium_memcmp(sum, sha256, sizeof(sum)) != 0) {
        r = start_again(u);
        return r < 0 ? r : -EBADMSG;
    }
    exe = hb_share_executable(u->name, hb_slice((char *)u->head, u->head_n));
    r = share_begin(u->s);
    if (r < 0)
        return r;
    answer = may_write(u->s, u->share, u->guest);
    if (answer == 0)
        r = hb_db_exec(
            u->s->db,
            "UPDATE file SET state = ?2, sha256 = ?3,"
            " executable = ?4, touched = ?5"
            " WHERE id = ?1 AND state = ?6",
            "iixiii", u->file,
            (int64_t)(u->guest ? HB_SHARE_FILE_HELD : HB_SHARE_FILE_WHOLE), sum,
            sizeof(sum), exe, u->s->t.now, (int64_t)HB_SHARE_FILE_COMING);
    if (r == 0 && answer == 0 && hb_db_changes(u->s->db) == 0)
        answer = -EKEYREVOKED;
    if (r == 0 && answer == 0)
        r = share_tell(u->s, who,
                       &(struct share_note){.act = HB_SHARE_UPLOADED,
                                            .share = u->share,
                                            .file = u->file,
                                            .bytes = u->size,
                                            .words = u->name});
    return u->err = share_end(u->s, r, answer);
}

void hb_share_upload_close(struct hb_share_upload *u)
{
    if (u == NULL)
        return;
    HB_CHECK(u, UPLOAD_MAGIC);
    if (u->blob != NULL && u->err == 0 &&
        (int64_t)hb_blob_border(u->blob) > u->safe)
        u->err = make_safe(u); /* else it goes on from an earlier border */
    hb_blob_free(u->blob);
    hb_sha256_free(u->hash);
    hb_close(&u->fd);
    u->magic = 0;
    free(u);
}

/* ---- what becomes of a file ---- */

int hb_share_file_drop(struct hb_share_store *s, int64_t file,
                       const struct hb_share_who *who)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share_file f;
    struct share_row row;
    int r = begin_owned(s, a, file, who, &f, &row);

    if (r < 0)
        return r;
    if (row.state != HB_SHARE_DRAFT)
        r = -EBUSY;
    if (r == 0)
        r = hb_db_exec(s->db, "DELETE FROM file WHERE id = ?1", "i", file);
    r = share_end(s, r, 0);
    if (r == 0)
        (void)share_blob_unlink(s, f.uid); /* or it is swept as nobody's */
    return r;
}

int hb_share_accept(struct hb_share_store *s, int64_t file,
                    const struct hb_share_who *who)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share_file f;
    struct share_row row;
    int r = begin_owned(s, a, file, who, &f, &row);

    if (r < 0)
        return r;
    if (f.state != HB_SHARE_FILE_HELD || row.shredded)
        r = -EBUSY;
    else if (f.executable && s->rules.executables == HB_SHARE_EXE_REFUSE)
        r = -EACCES;
    /* Nobody lets a program in for themselves. */
    else if (f.executable && s->rules.executables == HB_SHARE_EXE_HOLD &&
             !who->keeper)
        r = -EPERM;
    else
        r = decide(s, &f, who, HB_SHARE_FILE_ACCEPTED, HB_SHARE_ACCEPTED);
    return share_end(s, r, 0);
}

int hb_share_reject(struct hb_share_store *s, int64_t file,
                    const struct hb_share_who *who)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share_file f;
    struct share_row row;
    int r = begin_owned(s, a, file, who, &f, &row);

    if (r < 0)
        return r;
    if (row.kind != HB_SHARE_IN || f.state == HB_SHARE_FILE_REJECTED)
        r = -EBUSY;
    else
        r = decide(s, &f, who, HB_SHARE_FILE_REJECTED, HB_SHARE_REJECTED);
    r = share_end(s, r, 0);
    if (r == 0)
        (void)share_blob_unlink(s, f.uid); /* or it is swept as rejected */
    return r;
}

/* ---- static ---- */

static int add_file(struct hb_share_store *s, const struct share_row *row,
                    int64_t sender, const char *name, const char *type,
                    int64_t size, int64_t *ret_file)
{
    static const struct hb_slice none = {"", 0};
    char uid[HB_ID_SIZE];
    int64_t n = 0;
    int r;

    if (!name_ok(name) || !type_ok(type) || size < 0)
        return -EINVAL;
    if (size > s->rules.file_max || (uint64_t)size > HB_BLOB_SIZE_MAX)
        return -EFBIG;
    r = hb_db_number(s->db, &n, "SELECT count(*) FROM file WHERE share = ?1",
                     "i", row->id);
    if (r >= 0 && n >= s->rules.files_max)
        r = -E2BIG;
    if (r >= 0)
        r = hb_db_number(s->db, &n,
                         "SELECT count(*) FROM file WHERE share = ?1"
                         " AND name = ?2 AND state <> ?3",
                         "iti", row->id, name, (int64_t)HB_SHARE_FILE_REJECTED);
    if (r >= 0 && n > 0)
        r = -EEXIST;
    if (r >= 0)
        r = room(s, row, size);
    if (r < 0)
        return r;
    hb_id_new(uid);
    r = hb_db_exec(s->db,
                   "INSERT INTO file(share, uid, name, type, state, size,"
                   " durable, sha256, executable, made, sender, touched,"
                   " looked, pieces)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, 0, ?8, ?9, ?8, 0,"
                   " 0)",
                   "itttiibii", row->id, uid, name, type,
                   (int64_t)HB_SHARE_FILE_COMING, size, &none, s->t.now,
                   sender);
    if (r == 0)
        *ret_file = hb_db_last_id(s->db);
    return r;
}

/* A file takes its room when it is announced, so that none that began fails
 * for want of a quota. */
static int room(struct hb_share_store *s, const struct share_row *row,
                int64_t size)
{
#define KEPT                                                                   \
    "SELECT coalesce(sum(f.size), 0) FROM file f JOIN share s"                 \
    " ON s.id = f.share WHERE s.shredded = 0 AND f.state <> 5"
    int64_t n = 0, coming = 0;
    struct statvfs v;
    uint64_t left;
    int r = hb_db_number(s->db, &n, KEPT " AND s.id = ?1", "i", row->id);

    if (r >= 0 && n > s->rules.share_max - size)
        return -EFBIG;
    if (r >= 0)
        r = hb_db_number(s->db, &n, KEPT " AND s.owner = ?1", "t", row->owner);
    if (r >= 0 && n > s->rules.owner_bytes - size)
        return -EDQUOT;
    if (r >= 0)
        r = hb_db_number(s->db, &n, KEPT, "");
    if (r >= 0 && n > s->rules.store_bytes - size)
        return hb_err_set(&s->err, -ENOSPC,
                          _("the locker is full; delete shares that have "
                            "ended, or raise its limit"));
    if (r >= 0)
        r = hb_db_number(s->db, &coming,
                         "SELECT coalesce(sum(f.size - f.durable), 0)"
                         " FROM file f JOIN share s ON s.id = f.share"
                         " WHERE f.state = 1 AND s.shredded = 0",
                         "");
    if (r < 0)
        return r;
    if (fstatvfs(s->blobs, &v) < 0)
        return hb_neg_errno();
    left = (uint64_t)v.f_bavail * v.f_frsize;
    if (left < (uint64_t)coming + hb_blob_disk((uint64_t)size) +
                   (uint64_t)s->rules.disk_free)
        return hb_err_set(&s->err, -ENOSPC,
                          _("the disk of the locker has no room for this "
                            "file; free space on it"));
    return 0;
#undef KEPT
}

static bool name_ok(const char *name)
{
    return name[0] != '\0' && share_text_ok(name, HB_SHARE_FILE_NAME, false) &&
           strpbrk(name, "/\\") == NULL && !hb_streq(name, ".") &&
           !hb_streq(name, "..");
}

static bool type_ok(const char *type)
{
    size_t n = strlen(type);

    for (size_t i = 0; i < n; i++)
        if (type[i] < 0x20 || type[i] > 0x7e)
            return false;
    return n <= TYPE_MAX;
}

/* In a transaction: whether contents may still come. */
static int may_write(struct hb_share_store *s, int64_t share, bool guest)
{
    struct share_row row;
    int answer = 0, r = share_row(s, share, &row);

    if (r < 0)
        return r;
    if (!guest && row.state == HB_SHARE_DRAFT)
        return 0;
    r = share_live(s, &row, &answer);
    if (r == 0 && answer == 0 && !guest)
        answer = -EBUSY;
    return r < 0 ? r : answer;
}

/* The blob's file, in the transaction, so that no sweep takes it for one
 * without a row. */
static int prepare(struct hb_share_upload *u, const struct hb_share_file *f,
                   const char *uid)
{
    struct hb_share_store *s = u->s;
    uint8_t key[SHARE_KEY];
    int r = share_key_get(&s->keys, uid, key);

    if (r < 0)
        return r == -ENOENT ? -EKEYREVOKED : r;
    u->share = f->share;
    u->size = f->size;
    u->safe = u->begun = f->durable;
    (void)hb_copyz(u->name, sizeof(u->name), f->name);
    u->fd = openat(s->blobs, f->uid, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                   0600);
    if (u->fd < 0)
        r = hb_neg_errno();
    else if (flock(u->fd, LOCK_EX | LOCK_NB) < 0)
        r = errno == EWOULDBLOCK ? -EALREADY : hb_neg_errno();
    if (r == 0)
        r = hb_fsync(s->blobs);
    if (r == 0)
        r = hb_blob_new(u->fd, key, f->uid, (uint64_t)f->size, &u->blob);
    sodium_memzero(key, sizeof(key));
    if (r == 0) {
        u->hash = hb_fault(HB_FAULT_ALLOC) ? NULL : hb_sha256_new();
        r = u->hash == NULL ? -ENOMEM : 0;
    }
    return r;
}

/* To where it was safe.  What cannot be read back begins anew. */
static int go_on(struct hb_share_upload *u)
{
    _cleanup_free_ uint8_t *b = NULL;
    int64_t at = 0;
    int r = 0;

    if (u->safe > 0) {
        b = share_alloc(HB_BLOB_CHUNK);
        if (b == NULL)
            return -ENOMEM;
        r = hb_blob_read_from(u->blob, 0, false);
        while (r == 0 && at < u->safe) {
            ssize_t n = hb_blob_read(
                u->blob, b,
                (size_t)HB_MIN(u->safe - at, (int64_t)HB_BLOB_CHUNK));

            if (n <= 0)
                r = n < 0 ? (int)n : -EBADMSG;
            else
                see(u, b, (size_t)n);
            at += HB_MAX(n, 0);
        }
        if (r == 0)
            return hb_blob_write_from(u->blob, (uint64_t)u->safe);
        if (r != -EBADMSG)
            return r;
    }
    return start_again(u);
}

static void see(struct hb_share_upload *u, const void *p, size_t n)
{
    size_t part = HB_MIN(n, HEAD_MAX - u->head_n);

    memcpy(u->head + u->head_n, p, part);
    u->head_n += part;
    hb_sha256_add(u->hash, p, n);
}

static int disk_left(struct hb_share_store *s)
{
    struct statvfs v;

    if (fstatvfs(s->blobs, &v) < 0)
        return hb_neg_errno();
    if ((uint64_t)v.f_bavail * v.f_frsize >=
        (uint64_t)s->rules.disk_free + 2 * HB_BLOB_CHUNK)
        return 0;
    memset(&s->err, 0, sizeof(s->err));
    return hb_err_set(&s->err, -ENOSPC,
                      _("the disk of the locker is full; what has arrived is "
                        "kept, and the upload goes on when there is room"));
}

/* What the disk has begun, make_safe() need not wait for.  A failure shows
 * there. */
static void begin_writing(struct hb_share_upload *u)
{
    (void)sync_file_range(u->fd, u->safe, 0, SYNC_FILE_RANGE_WRITE);
    u->begun = (int64_t)hb_blob_border(u->blob);
}

/* First the contents, then the number that says so. */
static int make_safe(struct hb_share_upload *u)
{
    int64_t border = (int64_t)hb_blob_border(u->blob);
    int r = hb_fdatasync(u->fd), answer;

    hb_fault_crash();
    if (r == 0)
        r = share_begin(u->s);
    if (r < 0)
        return r;
    answer = may_write(u->s, u->share, u->guest);
    if (answer == 0)
        r = hb_db_exec(u->s->db,
                       "UPDATE file SET durable = ?2, touched = ?3"
                       " WHERE id = ?1 AND state = ?4",
                       "iiii", u->file, border, u->s->t.now,
                       (int64_t)HB_SHARE_FILE_COMING);
    if (r == 0 && answer == 0 && hb_db_changes(u->s->db) == 0)
        answer = -EKEYREVOKED; /* taken out meanwhile */
    r = share_end(u->s, r, answer);
    if (r == 0)
        u->safe = u->begun = border;
    return r;
}

/* From 0: first the number, then the contents. */
static int start_again(struct hb_share_upload *u)
{
    int r = share_begin(u->s);

    if (r < 0)
        return r;
    r = hb_db_exec(u->s->db, "UPDATE file SET durable = 0 WHERE id = ?1", "i",
                   u->file);
    r = share_end(u->s, r, 0);
    if (r < 0)
        return r;
    u->safe = u->begun = 0;
    u->head_n = 0;
    hb_sha256_reset(u->hash);
    r = hb_blob_write_from(u->blob, 0);
    return r < 0 ? r : hb_blob_begin(u->blob);
}

/* share_begin() with a file of WHO's own; strings in A.  After a failure there
 * is no transaction. */
static int begin_owned(struct hb_share_store *s, struct hb_arena *a,
                       int64_t file, const struct hb_share_who *who,
                       struct hb_share_file *ret, struct share_row *row)
{
    int r = a == NULL ? -ENOMEM : share_who_ok(who);

    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = hb_share_file_get(s, a, file, ret);
    if (r == 0)
        r = share_row(s, ret->share, row);
    if (r == 0 && !share_owns(row, who))
        r = -EACCES;
    if (r < 0)
        hb_db_rollback(s->db);
    return r;
}

static int decide(struct hb_share_store *s, const struct hb_share_file *f,
                  const struct hb_share_who *who,
                  enum hb_share_file_state state, enum hb_share_act act)
{
    int r = hb_db_exec(s->db, "UPDATE file SET state = ?2 WHERE id = ?1", "ii",
                       f->id, (int64_t)state);

    return r < 0 ? r
                 : share_tell(s, who,
                              &(struct share_note){.act = act,
                                                   .share = f->share,
                                                   .file = f->id,
                                                   .words = f->name});
}
