/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share_look.c - rows of shares, recipients and files, for pages and lists
 * and for the other files of this folder.
 */
#include <sodium.h>

#include "base/num.h"
#include "guard/share/part.h"

#define SHARES                                                                 \
    "SELECT s.id, s.uid, s.kind, s.state, s.owner, s.note, s.approver,"        \
    " s.made, s.expires, s.ended, s.most, s.personal +"                        \
    " (SELECT coalesce(sum(pieces), 0) FROM file f WHERE f.share = s.id),"     \
    " s.shredded,"                                                             \
    " (SELECT coalesce(sum(size), 0) FROM file f WHERE f.share = s.id),"       \
    " (SELECT count(*) FROM file f WHERE f.share = s.id),"                     \
    " (SELECT count(*) FROM recipient r WHERE r.share = s.id), s.generation"   \
    " FROM share s"
#define FILES                                                                  \
    "SELECT id, share, uid, name, type, state, size, durable, sha256,"         \
    " executable, looked, pieces FROM file"
#define RECIPIENTS                                                             \
    "SELECT id, share, address, mail, revoked, hash IS NOT NULL,"              \
    " reopen_asked,"                                                           \
    " (SELECT coalesce(sum(n), 0) FROM fetched f"                              \
    "  WHERE f.recipient = recipient.id),"                                     \
    " (SELECT coalesce(sum(bytes), 0) FROM fetched f"                          \
    "  WHERE f.recipient = recipient.id) FROM recipient"
#define LINKS                                                                  \
    "SELECT r.id, r.generation, r.revoked, r.address, r.mail, r.hash,"         \
    " r.share, r.wrong FROM recipient r"

static int each_share(struct hb_stmt *q, hb_share_fn *fn, void *arg);
static void read_share(struct hb_stmt *q, struct hb_share *ret);
static void read_recipient(struct hb_stmt *q, struct hb_share_recipient *ret);
static void read_file(struct hb_stmt *q, struct hb_share_file *ret);
static int read_link(struct hb_share_store *s, struct hb_stmt *q,
                     const uint8_t *hash, struct share_link *ret);

static const char *const state_names[] = {
    [HB_SHARE_DRAFT] = "draft",     [HB_SHARE_WAITING] = "waiting",
    [HB_SHARE_LIVE] = "open",       [HB_SHARE_REVOKED] = "revoked",
    [HB_SHARE_EXPIRED] = "expired", [HB_SHARE_DELETED] = "deleted",
};

const char *hb_share_state_name(enum hb_share_state state)
{
    return state > 0 && state < HB_ARRAY_LEN(state_names) ? state_names[state]
                                                          : "";
}

int share_row(struct hb_share_store *s, int64_t id, struct share_row *ret)
{
    struct hb_stmt *q;
    const char *uid, *owner, *approver;
    int r = hb_db_query(s->db, &q,
                        "SELECT uid, owner, kind, state, expires, made, most,"
                        " generation, personal, shredded, approver FROM share"
                        " WHERE id = ?1",
                        "i", id);

    if (r == 0)
        r = hb_stmt_step(q);
    if (r != 1)
        return r < 0 ? r : -ENOENT;
    memset(ret, 0, sizeof(*ret));
    ret->id = id;
    uid = hb_stmt_col_text(q, 0);
    owner = hb_stmt_col_text(q, 1);
    approver = hb_stmt_col_text(q, 10);
    (void)hb_copyz(ret->uid, sizeof(ret->uid), uid != NULL ? uid : "");
    (void)hb_copyz(ret->owner, sizeof(ret->owner), owner != NULL ? owner : "");
    (void)hb_copyz(ret->approver, sizeof(ret->approver),
                   approver != NULL ? approver : "");
    ret->kind = (enum hb_share_kind)hb_stmt_col_int(q, 2);
    ret->state = (enum hb_share_state)hb_stmt_col_int(q, 3);
    ret->expires = hb_stmt_col_int(q, 4);
    ret->made = hb_stmt_col_int(q, 5);
    ret->most = hb_stmt_col_int(q, 6);
    ret->generation = hb_stmt_col_int(q, 7);
    ret->personal = hb_stmt_col_int(q, 8);
    ret->shredded = hb_stmt_col_int(q, 9) != 0;
    hb_stmt_reset(q);
    /* It becomes a file's name. */
    return hb_id_valid(hb_slice_z(ret->uid)) ? 0 : -EUCLEAN;
}

int share_link_by_hash(struct hb_share_store *s, const uint8_t hash[SHARE_MAC],
                       struct share_link *ret)
{
    struct hb_stmt *q;
    int r = hb_db_query(s->db, &q, LINKS " WHERE r.hash = ?1", "x", hash,
                        SHARE_MAC);

    return r < 0 ? r : read_link(s, q, hash, ret);
}

int share_link_by_id(struct hb_share_store *s, int64_t recipient,
                     struct share_link *ret)
{
    struct hb_stmt *q;
    int r = hb_db_query(s->db, &q, LINKS " WHERE r.id = ?1", "i", recipient);

    return r < 0 ? r : read_link(s, q, NULL, ret);
}

int hb_share_get(struct hb_share_store *s, struct hb_arena *a, int64_t id,
                 struct hb_share *ret)
{
    struct hb_share sh;
    struct hb_stmt *q;
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    r = hb_db_query(s->db, &q, SHARES " WHERE s.id = ?1", "i", id);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r != 1)
        return r < 0 ? r : -ENOENT;
    read_share(q, &sh);
    sh.owner = hb_arena_strdup(a, sh.owner);
    sh.note = hb_arena_strdup(a, sh.note);
    sh.approver = hb_arena_strdup(a, sh.approver);
    hb_stmt_reset(q);
    if (sh.owner == NULL || sh.note == NULL || sh.approver == NULL)
        return -ENOMEM;
    *ret = sh;
    return 0;
}

int hb_share_file_get(struct hb_share_store *s, struct hb_arena *a,
                      int64_t file, struct hb_share_file *ret)
{
    struct hb_share_file f;
    struct hb_stmt *q;
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    r = hb_db_query(s->db, &q, FILES " WHERE id = ?1", "i", file);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r != 1)
        return r < 0 ? r : -ENOENT;
    read_file(q, &f);
    f.name = hb_arena_strdup(a, f.name);
    f.type = hb_arena_strdup(a, f.type);
    hb_stmt_reset(q);
    if (f.name == NULL || f.type == NULL)
        return -ENOMEM;
    *ret = f;
    return hb_id_valid(hb_slice_z(f.uid)) ? 0 : -EUCLEAN;
}

int hb_share_each(struct hb_share_store *s, const char *owner, int64_t before,
                  hb_share_fn *fn, void *arg)
{
    struct hb_stmt *q;
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    /* Two statements: one index serves each. */
    before = before > 0 ? before : INT64_MAX;
    r = owner != NULL
            ? hb_db_query(s->db, &q,
                          SHARES " WHERE s.id < ?1 AND s.owner = ?2"
                                 " ORDER BY s.id DESC",
                          "it", before, owner)
            : hb_db_query(s->db, &q,
                          SHARES " WHERE s.id < ?1 ORDER BY s.id DESC", "i",
                          before);
    return r < 0 ? r : each_share(q, fn, arg);
}

int hb_share_each_waiting(struct hb_share_store *s, hb_share_fn *fn, void *arg)
{
    struct hb_stmt *q;
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    r = hb_db_query(s->db, &q, SHARES " WHERE s.state = ?1 ORDER BY s.id", "i",
                    (int64_t)HB_SHARE_WAITING);
    return r < 0 ? r : each_share(q, fn, arg);
}

int hb_share_recipient_get(struct hb_share_store *s, struct hb_arena *a,
                           int64_t id, struct hb_share_recipient *ret)
{
    struct hb_stmt *q;
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    r = hb_db_query(s->db, &q, RECIPIENTS " WHERE id = ?1", "i", id);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r != 1)
        return r < 0 ? r : -ENOENT;
    read_recipient(q, ret);
    ret->address = hb_arena_strdup(a, ret->address);
    ret->mail = hb_arena_strdup(a, ret->mail);
    hb_stmt_reset(q);
    return ret->address == NULL || ret->mail == NULL ? -ENOMEM : 0;
}

int hb_share_each_recipient(struct hb_share_store *s, int64_t share,
                            hb_share_recipient_fn *fn, void *arg)
{
    struct hb_stmt *q;
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    r = hb_db_query(s->db, &q, RECIPIENTS " WHERE share = ?1 ORDER BY id", "i",
                    share);
    if (r < 0)
        return r;
    while ((r = hb_stmt_step(q)) == 1) {
        struct hb_share_recipient one;

        read_recipient(q, &one);
        r = fn(arg, &one);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_share_each_file(struct hb_share_store *s, int64_t share,
                       hb_share_file_fn *fn, void *arg)
{
    struct hb_stmt *q;
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    r = hb_db_query(s->db, &q, FILES " WHERE share = ?1 ORDER BY id", "i",
                    share);
    if (r < 0)
        return r;
    while ((r = hb_stmt_step(q)) == 1) {
        struct hb_share_file f;

        read_file(q, &f);
        r = fn(arg, &f);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

/* ---- static ---- */

static const char *text(struct hb_stmt *q, int i)
{
    const char *z = hb_stmt_col_text(q, i);

    return z != NULL ? z : "";
}

static int each_share(struct hb_stmt *q, hb_share_fn *fn, void *arg)
{
    int r;

    while ((r = hb_stmt_step(q)) == 1) {
        struct hb_share sh;

        read_share(q, &sh);
        r = fn(arg, &sh);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

static void read_share(struct hb_stmt *q, struct hb_share *ret)
{
    *ret = (struct hb_share){
        .id = hb_stmt_col_int(q, 0),
        .kind = (enum hb_share_kind)hb_stmt_col_int(q, 2),
        .state = (enum hb_share_state)hb_stmt_col_int(q, 3),
        .owner = text(q, 4),
        .note = text(q, 5),
        .approver = text(q, 6),
        .made = hb_stmt_col_int(q, 7),
        .expires = hb_stmt_col_int(q, 8),
        .ended = hb_stmt_col_int(q, 9),
        .most = hb_stmt_col_int(q, 10),
        .personal = hb_stmt_col_int(q, 11),
        .shredded = hb_stmt_col_int(q, 12) != 0,
        .bytes = hb_stmt_col_int(q, 13),
        .files = hb_stmt_col_int(q, 14),
        .recipients = hb_stmt_col_int(q, 15),
        .edition = hb_stmt_col_int(q, 16),
    };
    (void)hb_copyz(ret->uid, sizeof(ret->uid), text(q, 1));
}

static void read_recipient(struct hb_stmt *q, struct hb_share_recipient *ret)
{
    *ret = (struct hb_share_recipient){
        .id = hb_stmt_col_int(q, 0),
        .share = hb_stmt_col_int(q, 1),
        .address = text(q, 2),
        .mail = text(q, 3),
        .revoked = hb_stmt_col_int(q, 4) != 0,
        .linked = hb_stmt_col_int(q, 5) != 0,
        .reopen_asked = hb_stmt_col_int(q, 6),
        .downloads = hb_stmt_col_int(q, 7),
        .bytes = hb_stmt_col_int(q, 8),
    };
}

static void read_file(struct hb_stmt *q, struct hb_share_file *ret)
{
    struct hb_slice sum = hb_stmt_col_blob(q, 8);

    *ret = (struct hb_share_file){
        .id = hb_stmt_col_int(q, 0),
        .share = hb_stmt_col_int(q, 1),
        .name = text(q, 3),
        .type = text(q, 4),
        .state = (enum hb_share_file_state)hb_stmt_col_int(q, 5),
        .size = hb_stmt_col_int(q, 6),
        .durable = hb_stmt_col_int(q, 7),
        .executable = hb_stmt_col_int(q, 9) != 0,
        .looked = (enum hb_share_look)hb_stmt_col_int(q, 10),
        .pieces = hb_stmt_col_int(q, 11),
    };
    (void)hb_copyz(ret->uid, sizeof(ret->uid), text(q, 2));
    if (sum.n == sizeof(ret->sha256))
        memcpy(ret->sha256, sum.p, sum.n);
}

/* The tree of the index has found it; the whole is compared once more, in
 * constant time. */
static int read_link(struct hb_share_store *s, struct hb_stmt *q,
                     const uint8_t *hash, struct share_link *ret)
{
    struct hb_slice stored;
    int64_t share;
    int r = hb_stmt_step(q);

    if (r != 1)
        return r < 0 ? r : -ENOENT;
    memset(ret, 0, sizeof(*ret));
    ret->recipient = hb_stmt_col_int(q, 0);
    ret->generation = hb_stmt_col_int(q, 1);
    ret->revoked = hb_stmt_col_int(q, 2) != 0;
    (void)hb_copyz(ret->address, sizeof(ret->address), text(q, 3));
    (void)hb_copyz(ret->mail, sizeof(ret->mail), text(q, 4));
    stored = hb_stmt_col_blob(q, 5);
    share = hb_stmt_col_int(q, 6);
    ret->wrong = hb_stmt_col_int(q, 7);
    r = hash != NULL && (stored.n != SHARE_MAC ||
                         sodium_memcmp(stored.p, hash, SHARE_MAC) != 0)
            ? -ENOENT
            : 0;
    hb_stmt_reset(q);
    return r < 0 ? r : share_row(s, share, &ret->share);
}
