/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof.c - see proof.h.  All text is a stranger's; what a stranger learns is
 * one of few verdicts, and each guess is counted before it is answered.
 */
#include "guard/share/proof.h"

#include <sodium.h>
#include <stdio.h>

#include "base/num.h"
#include "guard/share/part.h"

#define PAGES_MAX 60 /* rows of the trail an hour and recipient */

struct door { /* what a stranger stands before */
    struct share_link l;
    char net[SHARE_NET];
    char id[32]; /* of the recipient, for tallies */
};

static int knock(struct hb_share_store *s, struct hb_slice link,
                 const char *from, struct door *d, int *ret_answer);
static int count_ask(struct hb_share_store *s, const struct door *d);
static int put_code(struct hb_share_store *s, const struct door *d,
                    const uint8_t nonce[SHARE_MAC], const char *digits);
static int try_code(struct hb_share_store *s, const struct door *d,
                    const uint8_t nonce[SHARE_MAC], const char *digits,
                    int *ret_answer);
static int wrong_code(struct hb_share_store *s, const struct door *d,
                      const char *from);
static int drop_code(struct hb_share_store *s, const struct door *d,
                     const uint8_t nonce[SHARE_MAC]);
static int new_grant(struct hb_share_store *s, const struct door *d,
                     char ret[HB_SHARE_TOKEN_TEXT]);
static void code_mac(struct hb_share_store *s, int64_t recipient,
                     const uint8_t nonce[SHARE_MAC], const char *digits,
                     uint8_t ret[SHARE_MAC]);
static void show(const struct share_link *l, struct hb_share_view *ret);

int hb_share_page(struct hb_share_store *s, struct hb_slice link,
                  const char *from, struct hb_share_view *ret)
{
    struct door d = {0};
    int64_t n = 0;
    int r, answer = 0;

    r = share_begin(s);
    if (r < 0)
        return r;
    r = knock(s, link, from, &d, &answer);
    if (r == 0 && (answer == 0 || answer == -EKEYEXPIRED)) {
        answer = 0;
        show(&d.l, ret);
        /* A scanner that opens it again and again fills no disk. */
        r = share_tally(s, SHARE_PAGE_LINK, d.id, &n);
        if (r == 0 && n < PAGES_MAX) {
            r = share_count(s, SHARE_PAGE_LINK, d.id);
            if (r == 0)
                r = share_tell(s, &(struct hb_share_who){d.l.address, from},
                               &(struct share_note){
                                   .act = HB_SHARE_PAGE,
                                   .share = d.l.share.id,
                                   .recipient = d.l.recipient,
                               });
        }
    }
    return share_end(s, r, answer);
}

int hb_share_link_view(struct hb_share_store *s, struct hb_slice link,
                       struct hb_share_view *ret)
{
    uint8_t mac[SHARE_MAC];
    struct share_link l;
    int r = share_token_mac(s, "link", link, mac), answer = 0;

    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = share_link_by_hash(s, mac, &l);
    if (r == 0)
        r = share_live(s, &l.share, &answer);
    if (r == 0 && l.revoked)
        answer = -EKEYREVOKED;
    if (r == 0 && (answer == 0 || answer == -EKEYEXPIRED)) {
        answer = 0;
        show(&l, ret);
    }
    return share_end(s, r, answer);
}

int hb_share_code_ask(struct hb_share_store *s, struct hb_slice link,
                      struct hb_slice nonce, const char *from,
                      struct hb_share_code *ret)
{
    uint8_t nonce_mac[SHARE_MAC];
    char digits[HB_SHARE_CODE_TEXT];
    struct door d = {0};
    int r = share_token_mac(s, "nonce", nonce, nonce_mac), answer = 0;

    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = knock(s, link, from, &d, &answer);
    if (r == 0 && answer == 0 && d.l.wrong >= s->rules.wrong_link)
        answer = -EDQUOT;
    if (r == 0 && answer == 0)
        r = share_within(s, SHARE_ASK_LINK, d.id, s->rules.asks_link, &answer);
    if (r == 0 && answer == 0)
        r = share_within(s, SHARE_ASK_FROM, d.net, s->rules.asks_from, &answer);
    if (r == 0 && answer == 0)
        r = share_within(s, SHARE_ASK_ALL, "", s->rules.asks_all, &answer);
    if (r == 0 && answer == 0) {
        (void)snprintf(digits, sizeof(digits), "%06u",
                       (unsigned)randombytes_uniform(1000000));
        r = put_code(s, &d, nonce_mac, digits);
        if (r == 0)
            r = count_ask(s, &d);
        if (r == 0)
            r = share_tell(s, &(struct hb_share_who){d.l.address, from},
                           &(struct share_note){
                               .act = HB_SHARE_CODE_ASKED,
                               .share = d.l.share.id,
                               .recipient = d.l.recipient,
                           });
    }
    r = share_end(s, r, answer);
    if (r == 0) {
        memcpy(ret->digits, digits, sizeof(digits));
        memcpy(ret->mail, d.l.mail, sizeof(ret->mail));
        ret->share = d.l.share.id;
        ret->recipient = d.l.recipient;
    }
    sodium_memzero(digits, sizeof(digits));
    return r;
}

int hb_share_code_try(struct hb_share_store *s, struct hb_slice link,
                      struct hb_slice nonce, struct hb_slice code,
                      const char *from, char ret_grant[HB_SHARE_TOKEN_TEXT])
{
    uint8_t nonce_mac[SHARE_MAC];
    char digits[HB_SHARE_CODE_TEXT], grant[HB_SHARE_TOKEN_TEXT];
    struct door d = {0};
    int r = hb_share_code_parse(code, digits), answer = 0;

    if (r == 0)
        r = share_token_mac(s, "nonce", nonce, nonce_mac);
    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = knock(s, link, from, &d, &answer);
    if (r == 0 && answer == 0 && d.l.wrong >= s->rules.wrong_link)
        answer = -EDQUOT;
    if (r == 0 && answer == 0)
        r = share_within(s, SHARE_WRONG_FROM, d.net, s->rules.wrong_from,
                         &answer);
    if (r == 0 && answer == 0)
        r = try_code(s, &d, nonce_mac, digits, &answer);
    if (r == 0 && (answer == 0 || answer == -EACCES))
        r = share_tell(
            s, &(struct hb_share_who){d.l.address, from},
            &(struct share_note){
                .act = answer == 0 ? HB_SHARE_CODE_RIGHT : HB_SHARE_CODE_WRONG,
                .share = d.l.share.id,
                .recipient = d.l.recipient,
            });
    if (r == 0 && answer == -EACCES)
        r = wrong_code(s, &d, from);
    if (r == 0 && answer == 0)
        r = drop_code(s, &d, nonce_mac);
    if (r == 0 && answer == 0)
        r = new_grant(s, &d, grant);
    r = share_end(s, r, answer);
    if (r == 0)
        memcpy(ret_grant, grant, sizeof(grant));
    return r;
}

int hb_share_grant_view(struct hb_share_store *s, struct hb_slice grant,
                        struct hb_share_view *ret)
{
    uint8_t hash[SHARE_MAC];
    struct share_link l;
    int r = share_begin(s), answer = 0;

    if (r < 0)
        return r;
    r = share_grant(s, grant, &l, hash, &answer);
    if (r == 0 && answer == 0)
        show(&l, ret);
    return share_end(s, r, answer);
}

int hb_share_grant_end(struct hb_share_store *s, struct hb_slice grant)
{
    uint8_t mac[SHARE_MAC];
    int r = share_token_mac(s, "grant", grant, mac);

    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = hb_db_exec(s->db, "DELETE FROM pass WHERE hash = ?1", "x", mac,
                   sizeof(mac));
    return share_end(s, r, 0);
}

int share_grant(struct hb_share_store *s, struct hb_slice grant,
                struct share_link *ret, uint8_t ret_hash[SHARE_MAC],
                int *ret_answer)
{
    int64_t recipient = 0, generation = 0;
    struct hb_stmt *q;
    int r = share_token_mac(s, "grant", grant, ret_hash);

    if (r < 0) {
        *ret_answer = -EACCES;
        return 0;
    }
    r = hb_db_query(s->db, &q,
                    "SELECT recipient, generation FROM pass WHERE hash = ?1"
                    " AND boot = ?2 AND until > ?3",
                    "xti", ret_hash, SHARE_MAC, s->t.boot, (int64_t)s->t.mono);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r < 0)
        return r;
    *ret_answer = -EACCES;
    if (r == 0)
        return 0;
    recipient = hb_stmt_col_int(q, 0);
    generation = hb_stmt_col_int(q, 1);
    hb_stmt_reset(q);
    r = share_link_by_id(s, recipient, ret);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    if (ret->revoked)
        *ret_answer = -EKEYREVOKED;
    else if (ret->generation == generation)
        return share_live(s, &ret->share, ret_answer);
    return 0;
}

/* ---- static ---- */

/* Who the link is for, and whether its share lives.  A link that nobody has
 * costs the network it came from; who has one does not pay for it, or a
 * neighbour behind the same router could keep them out. */
static int knock(struct hb_share_store *s, struct hb_slice link,
                 const char *from, struct door *d, int *ret_answer)
{
    uint8_t mac[SHARE_MAC];
    int r;

    if (!share_text_ok(from, SHARE_FROM_MAX - 1, false))
        return -EINVAL;
    memset(d, 0, sizeof(*d));
    share_net(from, d->net);
    r = share_token_mac(s, "link", link, mac);
    if (r < 0)
        return r;
    r = share_link_by_hash(s, mac, &d->l);
    if (r == -ENOENT) {
        *ret_answer = -ENOENT;
        r = share_within(s, SHARE_PROBE_FROM, d->net, s->rules.probes_from,
                         ret_answer);
        return r < 0 || *ret_answer == -EAGAIN
                   ? r
                   : share_count(s, SHARE_PROBE_FROM, d->net);
    }
    if (r < 0)
        return r;
    (void)snprintf(d->id, sizeof(d->id), "%lld", (long long)d->l.recipient);
    r = share_live(s, &d->l.share, ret_answer);
    if (r == 0 && d->l.revoked)
        *ret_answer = -EKEYREVOKED;
    return r;
}

static int count_ask(struct hb_share_store *s, const struct door *d)
{
    int r = share_count(s, SHARE_ASK_LINK, d->id);

    if (r == 0)
        r = share_count(s, SHARE_ASK_FROM, d->net);
    return r < 0 ? r : share_count(s, SHARE_ASK_ALL, "");
}

static int put_code(struct hb_share_store *s, const struct door *d,
                    const uint8_t nonce[SHARE_MAC], const char *digits)
{
    uint8_t mac[SHARE_MAC];

    code_mac(s, d->l.recipient, nonce, digits, mac);
    return hb_db_exec(s->db,
                      "INSERT INTO code(recipient, nonce, mac, boot, until,"
                      " tries) VALUES(?1, ?2, ?3, ?4, ?5, 0)"
                      " ON CONFLICT(recipient, nonce) DO UPDATE SET mac = ?3,"
                      " boot = ?4, until = ?5, tries = 0",
                      "ixxti", d->l.recipient, nonce, SHARE_MAC, mac, SHARE_MAC,
                      s->t.boot, (int64_t)(s->t.mono + HB_SHARE_CODE_S * HB_S));
}

static int try_code(struct hb_share_store *s, const struct door *d,
                    const uint8_t nonce[SHARE_MAC], const char *digits,
                    int *ret_answer)
{
    struct hb_slice stored;
    uint8_t mac[SHARE_MAC];
    struct hb_stmt *q;
    bool same;
    int r = hb_db_query(s->db, &q,
                        "SELECT mac FROM code WHERE recipient = ?1"
                        " AND nonce = ?2 AND boot = ?3 AND until > ?4"
                        " AND tries < ?5",
                        "ixtii", d->l.recipient, nonce, SHARE_MAC, s->t.boot,
                        (int64_t)s->t.mono, (int64_t)HB_SHARE_TRIES);

    code_mac(s, d->l.recipient, nonce, digits, mac);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r <= 0) {
        *ret_answer = -ETIME;
        return r;
    }
    stored = hb_stmt_col_blob(q, 0);
    same =
        stored.n == SHARE_MAC && sodium_memcmp(stored.p, mac, SHARE_MAC) == 0;
    hb_stmt_reset(q);
    *ret_answer = same ? 0 : -EACCES;
    return hb_db_exec(s->db,
                      "UPDATE code SET tries = tries + 1"
                      " WHERE recipient = ?1 AND nonce = ?2",
                      "ix", d->l.recipient, nonce, SHARE_MAC);
}

/* The last that a link has is told to its owner. */
static int wrong_code(struct hb_share_store *s, const struct door *d,
                      const char *from)
{
    int r = share_wrong_code(s, d->net);

    if (r == 0)
        r = hb_db_exec(s->db,
                       "UPDATE recipient SET wrong = wrong + 1 WHERE id = ?1",
                       "i", d->l.recipient);
    return r < 0 || d->l.wrong + 1 != s->rules.wrong_link
               ? r
               : share_tell(s, &(struct hb_share_who){d->l.address, from},
                            &(struct share_note){
                                .act = HB_SHARE_ALARM,
                                .share = d->l.share.id,
                                .recipient = d->l.recipient,
                                .words = "wrong codes",
                            });
}

static int drop_code(struct hb_share_store *s, const struct door *d,
                     const uint8_t nonce[SHARE_MAC])
{

    return hb_db_exec(s->db,
                      "DELETE FROM code WHERE recipient = ?1 AND nonce = ?2",
                      "ix", d->l.recipient, nonce, SHARE_MAC);
}

static int new_grant(struct hb_share_store *s, const struct door *d,
                     char ret[HB_SHARE_TOKEN_TEXT])
{
    uint8_t mac[SHARE_MAC];
    int r;

    hb_share_token_new(ret);
    r = share_token_mac(s, "grant", hb_slice_z(ret), mac);
    if (r < 0)
        return r;
    return hb_db_exec(s->db,
                      "INSERT INTO pass(hash, recipient, generation, boot,"
                      " until) VALUES(?1, ?2, ?3, ?4, ?5)",
                      "xiiti", mac, SHARE_MAC, d->l.recipient, d->l.generation,
                      s->t.boot,
                      (int64_t)(s->t.mono + HB_SHARE_GRANT_S * HB_S));
}

static void code_mac(struct hb_share_store *s, int64_t recipient,
                     const uint8_t nonce[SHARE_MAC], const char *digits,
                     uint8_t ret[SHARE_MAC])
{
    uint8_t b[8 + SHARE_MAC + HB_SHARE_CODE_TEXT - 1];

    for (unsigned i = 0; i < 8; i++)
        b[i] = (uint8_t)((uint64_t)recipient >> (8 * i));
    memcpy(b + 8, nonce, SHARE_MAC);
    memcpy(b + 8 + SHARE_MAC, digits, HB_SHARE_CODE_TEXT - 1);
    share_mac(&s->keys, "code", b, sizeof(b), ret);
}

static void show(const struct share_link *l, struct hb_share_view *ret)
{
    ret->share = l->share.id;
    ret->recipient = l->recipient;
    ret->kind = l->share.kind;
    ret->state = l->share.state;
    ret->expires = l->share.expires;
    memcpy(ret->mail, l->mail, sizeof(ret->mail));
}
