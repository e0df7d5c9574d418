/* SPDX-License-Identifier: Apache-2.0 */
/* confirm.c - see confirm.h. */
#include "guard/share/confirm.h"

#include <sodium.h>

#include "guard/share/part.h"

#define LIFE       (HB_SHARE_CONFIRM_DAYS * HB_SHARE_DAY_NS)
#define PERSON_MAX 320u /* bytes: 80 characters */
#define ROWS                                                                   \
    "SELECT share, recipient, made, done, how, name, words FROM confirm "

static const char *const names[] = {
    [HB_SHARE_UNREAD] = "unread",
    [HB_SHARE_READ] = "opened",
    [HB_SHARE_PASSED] = "passed",
    [HB_SHARE_OTHERWISE] = "other",
};

static int find(struct hb_share_store *s, struct hb_arena *a,
                struct hb_slice token, struct hb_share_confirm *ret,
                int *ret_answer);
static int read_row(struct hb_stmt *q, struct hb_arena *a,
                    struct hb_share_confirm *ret, int64_t *ret_made);

const char *hb_share_deletion_name(enum hb_share_deletion how)
{
    return how > 0 && how < HB_ARRAY_LEN(names) ? names[how] : "";
}

int hb_share_deletion_parse(const char *name, enum hb_share_deletion *ret)
{
    for (unsigned i = 1; i < HB_ARRAY_LEN(names); i++)
        if (hb_streq(names[i], name)) {
            *ret = (enum hb_share_deletion)i;
            return 0;
        }
    return -EINVAL;
}

int hb_share_confirm_new(struct hb_share_store *s, int64_t recipient,
                         const struct hb_share_who *who,
                         char ret[HB_SHARE_TOKEN_TEXT])
{
    char token[HB_SHARE_TOKEN_TEXT];
    uint8_t mac[SHARE_MAC];
    int64_t done = 0;
    struct share_link l;
    int r = share_who_ok(who), answer = 0;

    hb_share_token_new(token);
    if (r == 0)
        r = share_token_mac(s, "confirm", hb_slice_z(token), mac);
    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = share_link_by_id(s, recipient, &l);
    if (r == 0)
        r = hb_db_number(s->db, &done,
                         "SELECT done FROM confirm WHERE recipient = ?1", "i",
                         recipient);
    r = HB_MIN(r, 0);
    if (done != 0)
        answer = -EALREADY;
    if (r == 0 && answer == 0)
        r = hb_db_exec(s->db,
                       "INSERT INTO confirm(recipient, share, hash, made, done,"
                       " how, name, words) VALUES(?1, ?2, ?3, ?4, 0, 0, '', '')"
                       " ON CONFLICT(recipient) DO UPDATE SET hash = ?3,"
                       " made = ?4",
                       "iixi", recipient, l.share.id, mac, sizeof(mac),
                       s->t.now);
    if (r == 0 && answer == 0)
        r = share_tell(s, who,
                       &(struct share_note){.act = HB_SHARE_CONFIRM_ASKED,
                                            .share = l.share.id,
                                            .recipient = recipient,
                                            .words = l.address});
    r = share_end(s, r, answer);
    if (r == 0)
        memcpy(ret, token, sizeof(token));
    sodium_memzero(token, sizeof(token));
    return r;
}

int hb_share_confirm_view(struct hb_share_store *s, struct hb_arena *a,
                          struct hb_slice token, struct hb_share_confirm *ret)
{
    int r = share_begin(s), answer = 0;

    if (r < 0)
        return r;
    r = find(s, a, token, ret, &answer);
    return share_end(s, r, answer);
}

int hb_share_confirm_do(struct hb_share_store *s, struct hb_slice token,
                        const char *name, enum hb_share_deletion how,
                        const char *words, const char *from)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share_confirm c = {0};
    struct share_link l;
    int r = a == NULL ? -ENOMEM : 0, answer = 0;

    if (r == 0 && (name[0] == '\0' || !share_text_ok(name, PERSON_MAX, false) ||
                   !share_text_ok(words, SHARE_NOTE_MAX, true) ||
                   !share_text_ok(from, SHARE_FROM_MAX - 1, false) ||
                   hb_share_deletion_name(how)[0] == '\0'))
        r = -EINVAL;
    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = find(s, a, token, &c, &answer);
    if (r == 0 && answer == 0 && c.done != 0)
        answer = -EALREADY;
    if (r == 0 && answer == 0)
        r = share_link_by_id(s, c.recipient, &l);
    if (r == 0 && answer == 0)
        r = hb_db_exec(s->db,
                       "UPDATE confirm SET done = ?2, how = ?3, name = ?4,"
                       " words = ?5 WHERE recipient = ?1",
                       "iiitt", c.recipient, s->t.now, (int64_t)how, name,
                       words);
    if (r == 0 && answer == 0)
        r = share_tell(
            s, &(struct hb_share_who){l.address, from},
            &(struct share_note){.act = HB_SHARE_CONFIRMED,
                                 .share = c.share,
                                 .recipient = c.recipient,
                                 .words = hb_share_deletion_name(how)});
    return share_end(s, r, answer);
}

int hb_share_confirmed(struct hb_share_store *s, struct hb_arena *a,
                       int64_t recipient, struct hb_share_confirm *ret)
{
    struct hb_stmt *q;
    int64_t made;
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    r = hb_db_query(s->db, &q, ROWS "WHERE recipient = ?1 AND done <> 0", "i",
                    recipient);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r != 1)
        return r;
    r = read_row(q, a, ret, &made);
    return r < 0 ? r : 1;
}

/* ---- static ---- */

static int find(struct hb_share_store *s, struct hb_arena *a,
                struct hb_slice token, struct hb_share_confirm *ret,
                int *ret_answer)
{
    uint8_t mac[SHARE_MAC];
    struct hb_stmt *q;
    int64_t made = 0;
    int r = share_token_mac(s, "confirm", token, mac);

    *ret_answer = -ENOENT;
    if (r < 0)
        return 0;
    r = hb_db_query(s->db, &q, ROWS "WHERE hash = ?1", "x", mac, SHARE_MAC);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r != 1)
        return r;
    r = read_row(q, a, ret, &made);
    *ret_answer = s->t.now - made < LIFE ? 0 : -EKEYEXPIRED;
    return r;
}

static int read_row(struct hb_stmt *q, struct hb_arena *a,
                    struct hb_share_confirm *ret, int64_t *ret_made)
{
    *ret = (struct hb_share_confirm){
        .share = hb_stmt_col_int(q, 0),
        .recipient = hb_stmt_col_int(q, 1),
        .done = hb_stmt_col_int(q, 3),
        .how = (enum hb_share_deletion)hb_stmt_col_int(q, 4),
        .name = hb_arena_strdup(a, hb_stmt_col_text(q, 5)),
        .words = hb_arena_strdup(a, hb_stmt_col_text(q, 6)),
    };
    *ret_made = hb_stmt_col_int(q, 2);
    hb_stmt_reset(q);
    return ret->name != NULL && ret->words != NULL ? 0 : -ENOMEM;
}
