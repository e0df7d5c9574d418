/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trail.c - see trail.h.  Rows are written inside the transaction of what
 * they tell, so that neither is without the other.
 */
#include "guard/share/trail.h"

#include <sodium.h>

#include "base/buf.h"
#include "base/num.h"
#include "guard/share/part.h"

enum which { BASE, NEWEST };

/* An end of the chain: a row that is there, or was. */
struct end {
    int64_t id;
    uint8_t mac[SHARE_MAC];
};

static int go_on_broken(struct hb_share_store *s, struct end *ret);
static int check_rows(struct hb_share_store *s, struct end *at);
static int check_shares(struct hb_share_store *s);
static int read_end(struct hb_share_store *s, enum which which,
                    struct end *ret);
static int put_end(struct hb_share_store *s, enum which which, int64_t id,
                   const uint8_t mac[SHARE_MAC]);
static void end_mac(struct hb_share_store *s, enum which which,
                    const struct end *end, uint8_t ret[SHARE_MAC]);
static int row_mac(struct hb_share_store *s, const struct hb_share_trail *t,
                   const uint8_t before[SHARE_MAC], uint8_t ret[SHARE_MAC]);
static void read_row(struct hb_stmt *q, struct hb_share_trail *t);

#define COLUMNS                                                                \
    "id, share, recipient, file, time, act, who, address, bytes, words, mac"

static const char *const names[HB_SHARE_ACT_COUNT] = {
    [HB_SHARE_CREATED] = "created",
    [HB_SHARE_ADDED] = "recipient-added",
    [HB_SHARE_SUBMITTED] = "submitted",
    [HB_SHARE_APPROVED] = "approved",
    [HB_SHARE_DECLINED] = "declined",
    [HB_SHARE_OPENED] = "opened",
    [HB_SHARE_LINKED] = "link-made",
    [HB_SHARE_PAGE] = "page-opened",
    [HB_SHARE_CODE_ASKED] = "code-asked",
    [HB_SHARE_CODE_WRONG] = "code-wrong",
    [HB_SHARE_CODE_RIGHT] = "code-right",
    [HB_SHARE_UPLOADED] = "uploaded",
    [HB_SHARE_BEGUN] = "download-begun",
    [HB_SHARE_ENDED] = "download-ended",
    [HB_SHARE_ACT_REVOKED] = "revoked",
    [HB_SHARE_ACT_EXPIRED] = "expired",
    [HB_SHARE_REOPEN_ASKED] = "reopen-asked",
    [HB_SHARE_REOPENED] = "reopened",
    [HB_SHARE_REMINDED] = "reminded",
    [HB_SHARE_WRONG_RECIPIENT] = "wrong-recipient",
    [HB_SHARE_ACCEPTED] = "accepted",
    [HB_SHARE_REJECTED] = "rejected",
    [HB_SHARE_SHREDDED] = "shredded",
    [HB_SHARE_ACT_DELETED] = "deleted",
    [HB_SHARE_CONFIRM_ASKED] = "confirm-asked",
    [HB_SHARE_CONFIRMED] = "confirmed",
    [HB_SHARE_ALARM] = "alarm",
    [HB_SHARE_SIGNED_IN] = "signed-in",
    [HB_SHARE_SIGNED_OUT] = "signed-out",
    [HB_SHARE_SIGNIN_WRONG] = "signin-wrong",
    [HB_SHARE_FACTOR_RIGHT] = "factor-right",
    [HB_SHARE_FACTOR_WRONG] = "factor-wrong",
    [HB_SHARE_FACTOR_DROPPED] = "factor-dropped",
    [HB_SHARE_FACTOR_BEGUN] = "factor-begun",
    [HB_SHARE_FACTOR_SET] = "factor-set",
    [HB_SHARE_VIEWED] = "viewed",
};

const char *hb_share_act_name(enum hb_share_act act)
{
    return act > 0 && act < HB_SHARE_ACT_COUNT ? names[act] : "";
}

int share_tell(struct hb_share_store *s, const struct hb_share_who *who,
               const struct share_note *n)
{
    struct hb_share_trail t = {
        .share = n->share,
        .recipient = n->recipient,
        .file = n->file,
        .time = s->t.now,
        .act = n->act,
        .who = who->name,
        .from = who->from,
        .bytes = n->bytes,
        .words = n->words != NULL ? n->words : "",
    };
    struct end end;
    uint8_t mac[SHARE_MAC];
    int r = read_end(s, NEWEST, &end);

    if (r == 0 || r == -EBADMSG)
        r = go_on_broken(s, &end);
    t.id = end.id + 1;
    if (r >= 0)
        r = row_mac(s, &t, end.mac, mac);
    if (r == 0)
        r = hb_db_exec(s->db,
                       "INSERT INTO trail(" COLUMNS ") VALUES(?1, ?2, ?3, ?4,"
                       " ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                       "iiiiiittitx", t.id, t.share, t.recipient, t.file,
                       t.time, (int64_t)t.act, t.who, t.from, t.bytes, t.words,
                       mac, sizeof(mac));
    return r < 0 ? r : put_end(s, NEWEST, t.id, mac);
}

int share_trail_cut(struct hb_share_store *s, int64_t last)
{
    struct hb_stmt *q;
    struct hb_slice stored;
    uint8_t mac[SHARE_MAC];
    int r = hb_db_query(s->db, &q, "SELECT mac FROM trail WHERE id = ?1", "i",
                        last);

    if (r == 0)
        r = hb_stmt_step(q);
    if (r <= 0)
        return r;
    stored = hb_stmt_col_blob(q, 0);
    r = stored.n == SHARE_MAC ? 0 : -EBADMSG;
    if (r == 0)
        memcpy(mac, stored.p, SHARE_MAC);
    hb_stmt_reset(q);
    if (r == 0)
        r = put_end(s, BASE, last, mac);
    if (r == 0)
        r = hb_db_exec(s->db, "DELETE FROM trail WHERE id <= ?1", "i", last);
    return r < 0 ? r : 1;
}

int hb_share_each_trail(struct hb_share_store *s, int64_t share, int64_t most,
                        hb_share_trail_fn *fn, void *arg)
{
#define TAIL(from)                                                             \
    "SELECT " COLUMNS " FROM " from "id > coalesce((SELECT id FROM " from      \
    "1 ORDER BY id DESC LIMIT 1 OFFSET ?1), 0) ORDER BY id"
    struct hb_stmt *q;
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    most = most > 0 ? most : INT64_MAX;
    /* Two statements, so that an index serves the one. */
    r = share != 0 ? hb_db_query(s->db, &q, TAIL("trail WHERE share = ?2 AND "),
                                 "ii", most, share)
                   : hb_db_query(s->db, &q, TAIL("trail WHERE "), "i", most);
#undef TAIL
    if (r < 0)
        return r;
    while ((r = hb_stmt_step(q)) == 1) {
        struct hb_share_trail t;

        read_row(q, &t);
        r = fn(arg, &t);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_share_each_alarm(struct hb_share_store *s, hb_share_trail_fn *fn,
                        void *arg)
{
    int64_t seen = 0;
    int r = share_begin(s);

    if (r < 0)
        return r;
    r = share_meta(s, "alarm_seen", &seen);
    for (bool more = true; r == 0 && more;) {
        struct hb_share_trail t;
        struct hb_stmt *q;

        r = hb_db_query(s->db, &q,
                        "SELECT " COLUMNS " FROM trail WHERE id > ?1"
                        " AND act = ?2 ORDER BY id LIMIT 1",
                        "ii", seen, (int64_t)HB_SHARE_ALARM);
        if (r == 0)
            r = hb_stmt_step(q);
        more = r == 1;
        if (r == 0) /* what was looked through is not looked through again */
            r = hb_db_exec(s->db,
                           "INSERT INTO meta(name, value) SELECT 'alarm_seen',"
                           " id FROM trail_end WHERE which = 1 AND id > ?1"
                           " ON CONFLICT(name) DO UPDATE SET value ="
                           "  excluded.value",
                           "i", seen);
        if (!more)
            break;
        read_row(q, &t);
        seen = t.id;
        r = fn(arg, &t);
        hb_stmt_reset(q);
        if (r == 0)
            r = share_meta_set(s, "alarm_seen", seen);
    }
    return share_end(s, r, 0);
}

int hb_share_trail_check(struct hb_share_store *s, int64_t *ret_id)
{
    struct end at, newest;
    bool whole;
    int r = hb_db_begin(s->db); /* one view of both ends and all between */

    HB_CHECK(s, SHARE_MAGIC);
    if (r < 0)
        return r;
    r = read_end(s, BASE, &at);
    whole = r == 0; /* nothing is old enough to have gone */
    if (r >= 0)
        r = read_end(s, NEWEST, &newest);
    if (r >= 0)
        r = check_rows(s, &at);
    if (r == 0 && (at.id != newest.id || memcmp(at.mac, newest.mac, SHARE_MAC)))
        r = -EBADMSG;
    if (r == 0 && whole)
        r = check_shares(s);
    if (r == -EBADMSG)
        *ret_id = at.id;
    hb_db_rollback(s->db);
    return HB_MIN(r, 0);
}

int hb_share_rows_check(struct hb_share_store *s, int64_t *ret_share)
{
/* Shares whose first row went with its time are too old to be judged. */
#define YOUNG                                                                  \
    "SELECT s.id FROM share s WHERE EXISTS(SELECT 1 FROM trail t"              \
    " WHERE t.share = s.id AND t.act = ?1) AND "
    /* ?2 is the act that must have been told. */
    static const struct {
        const char *sql;
        enum hb_share_act act;
    } checks[] = {
        {YOUNG "NOT EXISTS(SELECT 1 FROM trail t WHERE t.share = s.id"
               " AND t.act = ?2 AND t.who = s.owner)",
         HB_SHARE_CREATED},
        {YOUNG "s.approver <> '' AND NOT EXISTS(SELECT 1 FROM trail t WHERE"
               " t.share = s.id AND t.act = ?2 AND t.who = s.approver)",
         HB_SHARE_APPROVED},
        {YOUNG "s.state = 3 AND NOT EXISTS(SELECT 1 FROM trail t WHERE"
               " t.share = s.id AND t.act = ?2)",
         HB_SHARE_OPENED},
        {YOUNG "EXISTS(SELECT 1 FROM recipient r WHERE r.share = s.id AND"
               " (lower(r.mail) <> r.address OR NOT EXISTS(SELECT 1 FROM"
               " trail t WHERE t.share = s.id AND t.recipient = r.id"
               " AND t.act = ?2 AND t.words = r.address)))",
         HB_SHARE_ADDED},
        {YOUNG "EXISTS(SELECT 1 FROM recipient r WHERE r.share = s.id AND"
               " r.hash IS NOT NULL AND NOT EXISTS(SELECT 1 FROM trail t"
               " WHERE t.share = s.id AND t.recipient = r.id AND t.act = ?2))",
         HB_SHARE_LINKED},
    };
#undef YOUNG
    int r = 0;

    HB_CHECK(s, SHARE_MAGIC);
    for (size_t i = 0; r == 0 && i < HB_ARRAY_LEN(checks); i++)
        r = hb_db_number(s->db, ret_share, checks[i].sql, "ii",
                         (int64_t)HB_SHARE_CREATED, (int64_t)checks[i].act);
    return r < 0 ? r : r == 1 ? -EBADMSG : 0;
}

/* What was done to the end must not keep anybody from revoking, and must stay
 * to be seen: the next row follows none of those that are there. */
static int go_on_broken(struct hb_share_store *s, struct end *ret)
{
    memset(ret, 0, sizeof(*ret));
    return hb_db_number(s->db, &ret->id,
                        "SELECT max((SELECT coalesce(max(id), 0) FROM trail),"
                        " (SELECT coalesce(max(id), 0) FROM trail_end))",
                        "");
}

/* From *AT on; where it stops. */
static int check_rows(struct hb_share_store *s, struct end *at)
{
    uint8_t mac[SHARE_MAC];
    struct hb_stmt *q;
    int r =
        hb_db_query(s->db, &q, "SELECT " COLUMNS " FROM trail ORDER BY id", "");

    if (r < 0)
        return r;
    while (r == 0 && (r = hb_stmt_step(q)) == 1) {
        struct hb_slice stored = hb_stmt_col_blob(q, 10);
        struct hb_share_trail t;

        read_row(q, &t);
        r = row_mac(s, &t, at->mac, mac);
        if (r == 0 && (t.id != at->id + 1 || stored.n != SHARE_MAC ||
                       sodium_memcmp(stored.p, mac, SHARE_MAC) != 0))
            r = -EBADMSG;
        at->id = t.id;
        memcpy(at->mac, mac, SHARE_MAC);
    }
    hb_stmt_reset(q);
    return r;
}

/* Of each share it was told that it was made. */
static int check_shares(struct hb_share_store *s)
{
    int64_t n = 0;
    int r = hb_db_number(s->db, &n,
                         "SELECT count(*) FROM share WHERE NOT EXISTS(SELECT 1"
                         " FROM trail t WHERE t.share = share.id"
                         "  AND t.act = ?1)",
                         "i", (int64_t)HB_SHARE_CREATED);

    return r < 0 ? r : n > 0 ? -EBADMSG : 0;
}

/* 1: it is there, 0: there is none, all zero.  -EBADMSG it was not put there
 * by us. */
static int read_end(struct hb_share_store *s, enum which which, struct end *ret)
{
    uint8_t seal[SHARE_MAC];
    struct hb_slice mac, stored;
    struct hb_stmt *q;
    int r = hb_db_query(s->db, &q,
                        "SELECT id, mac, seal FROM trail_end WHERE which = ?1",
                        "i", (int64_t)which);

    memset(ret, 0, sizeof(*ret));
    if (r == 0)
        r = hb_stmt_step(q);
    if (r <= 0)
        return r;
    ret->id = hb_stmt_col_int(q, 0);
    mac = hb_stmt_col_blob(q, 1);
    stored = hb_stmt_col_blob(q, 2);
    if (mac.n == SHARE_MAC)
        memcpy(ret->mac, mac.p, SHARE_MAC);
    end_mac(s, which, ret, seal);
    r = mac.n == SHARE_MAC && stored.n == SHARE_MAC &&
                sodium_memcmp(stored.p, seal, SHARE_MAC) == 0
            ? 1
            : -EBADMSG;
    hb_stmt_reset(q);
    return r;
}

static int put_end(struct hb_share_store *s, enum which which, int64_t id,
                   const uint8_t mac[SHARE_MAC])
{
    struct end end = {.id = id};
    uint8_t seal[SHARE_MAC];

    memcpy(end.mac, mac, SHARE_MAC);
    end_mac(s, which, &end, seal);
    return hb_db_exec(s->db,
                      "INSERT INTO trail_end(which, id, mac, seal)"
                      " VALUES(?1, ?2, ?3, ?4) ON CONFLICT(which) DO UPDATE"
                      " SET id = ?2, mac = ?3, seal = ?4",
                      "iixx", (int64_t)which, id, mac, SHARE_MAC, seal,
                      sizeof(seal));
}

static void end_mac(struct hb_share_store *s, enum which which,
                    const struct end *end, uint8_t ret[SHARE_MAC])
{
    uint8_t b[8 + SHARE_MAC];

    for (unsigned i = 0; i < 8; i++)
        b[i] = (uint8_t)((uint64_t)end->id >> (8 * i));
    memcpy(b + 8, end->mac, SHARE_MAC);
    share_mac(&s->keys, which == BASE ? "trail-base" : "trail-newest", b,
              sizeof(b), ret);
}

static int row_mac(struct hb_share_store *s, const struct hb_share_trail *t,
                   const uint8_t before[SHARE_MAC], uint8_t ret[SHARE_MAC])
{
    const int64_t numbers[] = {t->id,   t->share, t->recipient, t->file,
                               t->time, t->act,   t->bytes};
    const char *const texts[] = {t->who, t->from, t->words};
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_buf_add(&b, before, SHARE_MAC);
    for (size_t i = 0; i < HB_ARRAY_LEN(numbers); i++)
        hb_buf_add_u64(&b, (uint64_t)numbers[i]);
    for (size_t i = 0; i < HB_ARRAY_LEN(texts); i++)
        hb_buf_add_bytes(&b, texts[i], strlen(texts[i]));
    if (hb_buf_err(&b) < 0)
        return hb_buf_err(&b);
    share_mac(&s->keys, "trail", b.p, b.n, ret);
    return 0;
}

static void read_row(struct hb_stmt *q, struct hb_share_trail *t)
{
    const char *who = hb_stmt_col_text(q, 6), *from = hb_stmt_col_text(q, 7);
    const char *words = hb_stmt_col_text(q, 9);

    *t = (struct hb_share_trail){
        .id = hb_stmt_col_int(q, 0),
        .share = hb_stmt_col_int(q, 1),
        .recipient = hb_stmt_col_int(q, 2),
        .file = hb_stmt_col_int(q, 3),
        .time = hb_stmt_col_int(q, 4),
        .act = (enum hb_share_act)hb_stmt_col_int(q, 5),
        .who = who != NULL ? who : "",
        .from = from != NULL ? from : "",
        .bytes = hb_stmt_col_int(q, 8),
        .words = words != NULL ? words : "",
    };
}
