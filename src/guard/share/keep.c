/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep.c - see keep.h.  Each kind of work is a transaction of its own, of a
 * bounded number of rows, so that a page never waits long for it.
 */
#include "guard/share/keep.h"

#include <stdio.h>
#include <time.h>

#include "base/num.h"
#include "guard/share/part.h"
#include "guard/share/staff.h"

#define ROTATED        50
#define BATCH          200
#define SETTLE_NS      (3600 * (int64_t)HB_S)
#define LONG_SETTLE_NS HB_SHARE_DAY_NS
#define JUMP_NS        (300 * (int64_t)HB_S)
#define AWAY_DAYS      30 /* that a machine may have been off */
#define RETRY_NS       (3600 * (int64_t)HB_S) /* a reminder that did not go */
#define UPLOAD_DAYS    2

static int rewrap(struct hb_share_store *s, int64_t *last, int64_t *damaged,
                  bool *ret_more);
static int settle(struct hb_share_store *s, bool *ret);
static void keep_first(int *first, int r);
static int list(struct hb_share_store *s, const char *sql, int64_t a, int64_t b,
                int64_t ret[BATCH], size_t *ret_n);
static int expire(struct hb_share_store *s, struct hb_share_kept *k);
static int forget(struct hb_share_store *s);
static int end_stale(struct hb_share_store *s);
static int shred_dead(struct hb_share_store *s, struct hb_share_kept *k);
static int drop_uploads(struct hb_share_store *s, struct hb_share_kept *k);
static int remind(struct hb_share_store *s, hb_share_remind_fn *fn, void *arg,
                  struct hb_share_kept *k);
static int remind_one(struct hb_share_store *s, int64_t recipient,
                      hb_share_remind_fn *fn, void *arg);
static int cut_trail(struct hb_share_store *s, struct hb_share_kept *k);
static int drop_shares(struct hb_share_store *s, int64_t before);

int hb_share_keep(struct hb_share_store *s, hb_share_remind_fn *fn, void *arg,
                  struct hb_share_kept *ret)
{
    struct hb_share_kept k = {0};
    bool settled = false;
    int first = settle(s, &settled);

    k.clock_moved = !settled;
    keep_first(&first, expire(s, &k));
    keep_first(&first, forget(s));
    if (settled) {
        keep_first(&first, end_stale(s));
        keep_first(&first, drop_uploads(s, &k));
    }
    keep_first(&first, shred_dead(s, &k));
    if (fn != NULL)
        keep_first(&first, remind(s, fn, arg, &k));
    if (settled)
        keep_first(&first, cut_trail(s, &k));
    *ret = k;
    return first;
}

/* A transaction is of a bounded number of keys: whoever revokes a share does
 * not wait for all of them. */
int hb_share_rotate(struct hb_share_store *s, int64_t *ret_damaged)
{
    static const struct timespec breath = {0, 50 * 1000 * 1000};
    struct share_kek mine = {0};
    int64_t last = 0, damaged = 0;
    bool more = true;
    int r = share_begin(s);

    if (r < 0)
        return r;
    r = share_keys_turn(&s->keys);
    hb_fault_crash();
    r = share_end(s, r, 0);
    while (r == 0 && more) {
        r = share_begin(s);
        if (r < 0)
            break;
        r = share_keys_again(&s->keys);
        /* Another rotation ended this one and began anew: so do we. */
        if (r == 0 && memcmp(&mine, &s->keys.kek[0], sizeof(mine)) != 0) {
            mine = s->keys.kek[0];
            last = damaged = 0;
        }
        if (r == 0)
            r = rewrap(s, &last, &damaged, &more);
        if (r == 0 && !more)
            r = share_keys_settle(&s->keys);
        r = share_end(s, r, 0);
        /* Who waits for the lock looks for it now and then only. */
        if (r == 0 && more)
            (void)nanosleep(&breath, NULL);
    }
    explicit_bzero(&mine, sizeof(mine));
    *ret_damaged = damaged;
    return r;
}

/* The next keys behind share *LAST.  What cannot be read needs no old key. */
static int rewrap(struct hb_share_store *s, int64_t *last, int64_t *damaged,
                  bool *ret_more)
{
    char uids[ROTATED][HB_ID_SIZE];
    struct hb_stmt *q;
    size_t n = 0;
    int r = hb_db_query(s->db, &q,
                        "SELECT id, uid FROM share WHERE shredded = 0"
                        " AND id > ?1 ORDER BY id LIMIT ?2",
                        "ii", *last, (int64_t)ROTATED);

    while (r >= 0 && n < ROTATED && (r = hb_stmt_step(q)) == 1) {
        *last = hb_stmt_col_int(q, 0);
        (void)hb_copyz(uids[n++], HB_ID_SIZE, hb_stmt_col_text(q, 1));
    }
    if (r >= 0)
        hb_stmt_reset(q);
    for (size_t i = 0; r >= 0 && i < n; i++) {
        r = share_key_rewrap(&s->keys, uids[i]);
        *damaged += r == -EBADMSG;
        /* One that a crash took before its row said so. */
        r = r == -ENOENT || r == -EBADMSG ? 0 : r;
        hb_fault_crash();
    }
    *ret_more = n == ROTATED;
    return HB_MIN(r, 0);
}

/* ---- the clock ---- */

/* Whether the wall clock is to be believed in what cannot be taken back: it
 * went on with the other clock for an hour; after a jump that would end many
 * shares, for a day, in which somebody sees it. */
static int settle(struct hb_share_store *s, bool *ret)
{
    int64_t wall = 0, mono = 0, since = 0, boot = 0, low = 0, now_boot, jump;
    struct hb_share_time t;
    bool same;
    int r = share_begin(s);

    if (r < 0)
        return r;
    share_time(s, &t);
    now_boot = share_boot(s, &t);
    r = share_floor(s, &t, &low);
    if (r == 0)
        r = share_meta(s, "clock_wall", &wall);
    if (r == 0)
        r = share_meta(s, "clock_mono", &mono);
    if (r == 0)
        r = share_meta(s, "clock_since", &since);
    if (r == 0)
        r = share_meta(s, "clock_boot", &boot);
    same = boot == now_boot;
    jump = t.now - wall - (same ? (int64_t)t.mono - mono : 0);
    if (!same || jump > JUMP_NS || jump < -JUMP_NS)
        since = (int64_t)t.mono;
    if (wall != 0 &&
        jump > (same ? HB_SHARE_DAY_NS : AWAY_DAYS * HB_SHARE_DAY_NS))
        since += LONG_SETTLE_NS - SETTLE_NS;
    *ret = (int64_t)t.mono - since >= SETTLE_NS;
    if (r == 0)
        r = share_meta_set(s, "clock_floor", *ret ? s->t.now : low);
    if (r == 0)
        r = share_meta_set(s, "clock_wall", t.now);
    if (r == 0)
        r = share_meta_set(s, "clock_mono", (int64_t)t.mono);
    if (r == 0)
        r = share_meta_set(s, "clock_since", since);
    if (r == 0)
        r = share_meta_set(s, "clock_boot", now_boot);
    return share_end(s, r, 0);
}

/* ---- work ---- */

/* One kind of work that fails keeps the others from nothing. */
static void keep_first(int *first, int r)
{
    if (*first == 0)
        *first = r;
}

/* Numbers that SQL gives for ?1 and ?2, at most BATCH. */
static int list(struct hb_share_store *s, const char *sql, int64_t a, int64_t b,
                int64_t ret[BATCH], size_t *ret_n)
{
    struct hb_stmt *q;
    size_t n = 0;
    int r = hb_db_query(s->db, &q, sql, "ii", a, b);

    while (r >= 0 && n < BATCH && (r = hb_stmt_step(q)) == 1)
        ret[n++] = hb_stmt_col_int(q, 0);
    if (r >= 0)
        hb_stmt_reset(q);
    *ret_n = n;
    return HB_MIN(r, 0);
}

static int expire(struct hb_share_store *s, struct hb_share_kept *k)
{
    int64_t ids[BATCH];
    size_t n = 0;
    int r = share_begin(s), answer;

    if (r < 0)
        return r;
    r = list(s,
             "SELECT id FROM share WHERE state = ?1 AND expires <= ?2"
             " ORDER BY expires",
             HB_SHARE_LIVE, s->t.now, ids, &n);
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct share_row row;

        r = share_row(s, ids[i], &row);
        if (r == 0)
            r = share_live(s, &row, &answer);
    }
    r = share_end(s, r, 0);
    if (r == 0)
        k->expired += (int64_t)n;
    return r;
}

static int forget(struct hb_share_store *s)
{
    static const char *const sql[] = {
        "DELETE FROM code WHERE boot <> ?1 OR until <= ?2",
        "DELETE FROM pass WHERE boot <> ?1 OR until <= ?2",
        "DELETE FROM ticket WHERE boot <> ?1 OR until <= ?2",
        "DELETE FROM signin WHERE boot <> ?1 OR until <= ?2",
    };
    int r = share_begin(s);

    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < HB_ARRAY_LEN(sql); i++)
        r = hb_db_exec(s->db, sql[i], "ti", s->t.boot, (int64_t)s->t.mono);
    if (r == 0)
        r = hb_db_exec(
            s->db, "DELETE FROM session WHERE boot <> ?1 OR used <= ?2", "ti",
            s->t.boot,
            (int64_t)s->t.mono - (int64_t)(HB_SHARE_SESSION_S * HB_S));
    if (r == 0)
        r = share_tally_drop(s);
    return share_end(s, r, 0);
}

/* What expired and was not asked for again, and drafts nobody goes on with:
 * dead, so that their contents go. */
static int end_stale(struct hb_share_store *s)
{
    int64_t ids[BATCH];
    size_t n = 0;
    int r = share_begin(s);

    if (r < 0)
        return r;
    r = list(s,
             "SELECT id FROM share WHERE state = ?1 AND ended <= ?2"
             " AND NOT EXISTS(SELECT 1 FROM recipient r WHERE"
             "  r.share = share.id AND r.reopen_asked > ?2) ORDER BY id",
             HB_SHARE_EXPIRED,
             s->t.now - s->rules.reopen_days * HB_SHARE_DAY_NS, ids, &n);
    for (int pass = 0; r == 0 && pass < 2; pass++) {
        for (size_t i = 0; r == 0 && i < n; i++) {
            struct share_row row;

            r = share_row(s, ids[i], &row);
            if (r == 0)
                r = share_stop(s, &row, HB_SHARE_DELETED, NULL,
                               HB_SHARE_ACT_DELETED);
        }
        if (r == 0 && pass == 0)
            r = list(s,
                     "SELECT id FROM share WHERE state <= ?1 AND made <= ?2"
                     " AND NOT EXISTS(SELECT 1 FROM file f WHERE"
                     "  f.share = share.id AND f.touched > ?2)"
                     " AND NOT EXISTS(SELECT 1 FROM trail t WHERE"
                     "  t.share = share.id AND t.time > ?2)"
                     " ORDER BY id",
                     HB_SHARE_WAITING,
                     s->t.now - s->rules.draft_days * HB_SHARE_DAY_NS, ids, &n);
    }
    return share_end(s, r, 0);
}

static int shred_dead(struct hb_share_store *s, struct hb_share_kept *k)
{
    int64_t ids[BATCH];
    size_t n = 0;
    int r = list(s,
                 "SELECT id FROM share WHERE shredded = 0"
                 " AND (state = ?1 OR state = ?2) ORDER BY id",
                 HB_SHARE_REVOKED, HB_SHARE_DELETED, ids, &n);

    for (size_t i = 0; i < n; i++) {
        int one = share_shred(s, ids[i]);

        k->shredded += one == 0;
        r = r < 0 ? r : one;
    }
    return r;
}

static int drop_uploads(struct hb_share_store *s, struct hb_share_kept *k)
{
    int64_t ids[BATCH];
    char uids[BATCH][HB_ID_SIZE];
    size_t n = 0;
    int r = share_begin(s);

    if (r < 0)
        return r;
    r = list(s,
             "SELECT id FROM file WHERE state = ?1 AND touched <= ?2"
             " ORDER BY id",
             HB_SHARE_FILE_COMING, s->t.now - UPLOAD_DAYS * HB_SHARE_DAY_NS,
             ids, &n);
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct hb_stmt *q;

        r = hb_db_query(s->db, &q, "SELECT uid FROM file WHERE id = ?1", "i",
                        ids[i]);
        if (r == 0)
            r = hb_stmt_step(q);
        if (r == 1) {
            (void)hb_copyz(uids[i], HB_ID_SIZE, hb_stmt_col_text(q, 0));
            hb_stmt_reset(q);
        }
        if (r >= 0)
            r = hb_db_exec(s->db, "DELETE FROM file WHERE id = ?1", "i",
                           ids[i]);
    }
    r = share_end(s, r, 0);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = share_blob_unlink(s, uids[i]);
    if (r == 0)
        k->dropped += (int64_t)n;
    return r;
}

static int remind(struct hb_share_store *s, hb_share_remind_fn *fn, void *arg,
                  struct hb_share_kept *k)
{
    int64_t ids[BATCH];
    size_t n = 0;
    int r = share_begin(s);

    if (r < 0)
        return r;
    r = list(s,
             "SELECT r.id FROM recipient r JOIN share s ON s.id = r.share"
             " WHERE s.state = 3 AND s.kind = 1"
             " AND s.expires - min(?2, s.life / 2) <= ?1"
             " AND r.reminded <> 1 AND r.reminded <= ?1 AND r.revoked = 0 AND "
             "r.hash IS NOT NULL"
             " AND EXISTS(SELECT 1 FROM file f WHERE f.share = s.id"
             "  AND f.state = 2 AND NOT EXISTS(SELECT 1 FROM fetched g"
             "   WHERE g.recipient = r.id AND g.file = f.id)) ORDER BY r.id",
             s->t.now, s->rules.remind_days * HB_SHARE_DAY_NS, ids, &n);
    r = share_end(s, r, 0);
    for (size_t i = 0; r >= 0 && i < n; i++) {
        r = remind_one(s, ids[i], fn, arg);
        k->reminded += r > 0;
    }
    return HB_MIN(r, 0);
}

/* 1: reminded, 0: another process has, or it did not work.  In the row: 0 not
 * yet, 1 done, else not before this time, so that a relay that is away is
 * asked once an hour. */
static int remind_one(struct hb_share_store *s, int64_t recipient,
                      hb_share_remind_fn *fn, void *arg)
{
    struct share_link l;
    bool mine = false;
    int r = share_begin(s);

    if (r < 0)
        return r;
    r = share_link_by_id(s, recipient, &l);
    if (r == 0)
        r = hb_db_exec(s->db,
                       "UPDATE recipient SET reminded = ?3 WHERE id = ?1"
                       " AND reminded <> 1 AND reminded <= ?2",
                       "iii", recipient, s->t.now, s->t.now + RETRY_NS);
    if (r == 0)
        mine = hb_db_changes(s->db) == 1;
    r = share_end(s, r, 0);
    if (r < 0 || !mine)
        return r;
    if (fn(arg, &(struct hb_share_reminder){
                    .share = l.share.id,
                    .recipient = recipient,
                    .mail = l.mail,
                    .owner = l.share.owner,
                    .expires = l.share.expires,
                }) < 0)
        return 0;
    r = share_begin(s);
    if (r < 0)
        return r;
    r = hb_db_exec(s->db, "UPDATE recipient SET reminded = 1 WHERE id = ?1",
                   "i", recipient);
    if (r == 0)
        r = share_tell(s, &share_us,
                       &(struct share_note){.act = HB_SHARE_REMINDED,
                                            .share = l.share.id,
                                            .recipient = recipient,
                                            .words = l.address});
    r = share_end(s, r, 0);
    return r < 0 ? r : 1;
}

/* Rows past their time, from the oldest on: the chain goes on from the last
 * of them, which stays as a hash. */
static int cut_trail(struct hb_share_store *s, struct hb_share_kept *k)
{
    int64_t before, last = 0;
    int r = share_begin(s);

    if (r < 0)
        return r;
    before = s->t.now - s->rules.trail_days * HB_SHARE_DAY_NS;
    r = hb_db_number(s->db, &last,
                     "SELECT coalesce((SELECT min(id) FROM trail WHERE"
                     " time > ?1), (SELECT max(id) FROM trail) + 1, 1) - 1",
                     "i", before);
    if (r >= 0)
        r = share_trail_cut(s, last);
    if (r > 0)
        k->trail += hb_db_changes(s->db);
    if (r >= 0)
        r = hb_db_exec(s->db, "DELETE FROM place WHERE seen <= ?1", "i",
                       before);
    if (r == 0)
        r = drop_shares(s, before);
    return share_end(s, r, 0);
}

/* Rows of shares that are long gone, with the addresses in them. */
static int drop_shares(struct hb_share_store *s, int64_t before)
{
#define GONE                                                                   \
    "(SELECT id FROM share WHERE shredded = 1 AND ended <= ?1"                 \
    " AND NOT EXISTS(SELECT 1 FROM trail WHERE trail.share = share.id))"
    static const char *const sql[] = {
        "DELETE FROM fetched WHERE recipient IN"
        " (SELECT id FROM recipient WHERE share IN " GONE ")",
        "DELETE FROM code WHERE recipient IN"
        " (SELECT id FROM recipient WHERE share IN " GONE ")",
        "DELETE FROM pass WHERE recipient IN"
        " (SELECT id FROM recipient WHERE share IN " GONE ")",
        "DELETE FROM ticket WHERE recipient IN"
        " (SELECT id FROM recipient WHERE share IN " GONE ")",
        "DELETE FROM confirm WHERE share IN " GONE,
        "DELETE FROM file WHERE share IN " GONE,
        "DELETE FROM recipient WHERE share IN " GONE,
        "DELETE FROM share WHERE id IN " GONE,
    };
    int r = 0;

    for (size_t i = 0; r == 0 && i < HB_ARRAY_LEN(sql); i++)
        r = hb_db_exec(s->db, sql[i], "i", before);
    return r;
#undef GONE
}
