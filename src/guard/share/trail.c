/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trail.c - see trail.h.  Rows are written inside the transaction of what
 * they tell, so that neither is without the other.
 */
#include "guard/share/trail.h"

#include <sodium.h>

#include "base/buf.h"
#include "guard/share/part.h"

static int last_mac(struct hb_share_store *s, uint8_t ret[SHARE_MAC]);
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
    uint8_t before[SHARE_MAC], mac[SHARE_MAC];
    int r = hb_db_number(s->db, &t.id,
                         "SELECT max(coalesce((SELECT max(id) FROM trail), 0),"
                         " coalesce((SELECT id FROM trail_base), 0)) + 1",
                         "");

    if (r >= 0)
        r = last_mac(s, before);
    if (r >= 0)
        r = row_mac(s, &t, before, mac);
    if (r < 0)
        return r;
    return hb_db_exec(s->db,
                      "INSERT INTO trail(" COLUMNS ") VALUES(?1, ?2, ?3, ?4,"
                      " ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                      "iiiiiittitx", t.id, t.share, t.recipient, t.file, t.time,
                      (int64_t)t.act, t.who, t.from, t.bytes, t.words, mac,
                      sizeof(mac));
}

int hb_share_each_trail(struct hb_share_store *s, int64_t share, int64_t most,
                        hb_share_trail_fn *fn, void *arg)
{
#define NEWEST(from)                                                           \
    "SELECT " COLUMNS " FROM " from "id > coalesce((SELECT id FROM " from      \
    "1 ORDER BY id DESC LIMIT 1 OFFSET ?1), 0) ORDER BY id"
    struct hb_stmt *q;
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    most = most > 0 ? most : INT64_MAX;
    /* Two statements, so that an index serves the one. */
    r = share != 0
            ? hb_db_query(s->db, &q, NEWEST("trail WHERE share = ?2 AND "),
                          "ii", most, share)
            : hb_db_query(s->db, &q, NEWEST("trail WHERE "), "i", most);
#undef NEWEST
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

int hb_share_trail_check(struct hb_share_store *s, int64_t *ret_id)
{
    uint8_t before[SHARE_MAC] = {0}, mac[SHARE_MAC];
    struct hb_slice stored;
    struct hb_stmt *q;
    int64_t next = 1;
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    r = hb_db_stmt(s->db, "SELECT id + 1, mac FROM trail_base", &q);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1) {
        next = hb_stmt_col_int(q, 0);
        stored = hb_stmt_col_blob(q, 1);
        if (stored.n == SHARE_MAC)
            memcpy(before, stored.p, SHARE_MAC);
        hb_stmt_reset(q);
    }
    if (r >= 0)
        r = hb_db_stmt(s->db, "SELECT " COLUMNS " FROM trail ORDER BY id", &q);
    if (r < 0)
        return r;
    for (; (r = hb_stmt_step(q)) == 1; next++) {
        struct hb_share_trail t;

        read_row(q, &t);
        stored = hb_stmt_col_blob(q, 10);
        r = row_mac(s, &t, before, mac);
        if (r == 0 && (t.id != next || stored.n != SHARE_MAC ||
                       sodium_memcmp(stored.p, mac, SHARE_MAC) != 0)) {
            *ret_id = t.id;
            r = -EBADMSG;
        }
        if (r < 0)
            break;
        memcpy(before, mac, SHARE_MAC);
    }
    hb_stmt_reset(q);
    return r;
}

static int last_mac(struct hb_share_store *s, uint8_t ret[SHARE_MAC])
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       "SELECT mac FROM (SELECT id, mac FROM trail_base UNION"
                       " ALL SELECT * FROM (SELECT id, mac FROM trail"
                       "  ORDER BY id DESC LIMIT 1))"
                       " ORDER BY id DESC LIMIT 1",
                       &q);

    if (r == 0)
        r = hb_stmt_step(q);
    memset(ret, 0, SHARE_MAC);
    if (r == 1) {
        struct hb_slice mac = hb_stmt_col_blob(q, 0);

        if (mac.n == SHARE_MAC)
            memcpy(ret, mac.p, SHARE_MAC);
        hb_stmt_reset(q);
        r = 0;
    }
    return r;
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
