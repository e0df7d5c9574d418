/* SPDX-License-Identifier: Apache-2.0 */
/*
 * staff.c - see staff.h.  A stranger's address goes the same way as that of
 * one of us, to the last row: only what it is compared with can never match.
 */
#include "guard/share/staff.h"

#include <openssl/hmac.h>
#include <sodium.h>
#include <stdio.h>

#include "base/num.h"
#include "guard/share/address.h"
#include "guard/share/part.h"

#define SECRET 20u
#define SEALED                                                                 \
    (crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + SECRET)
#define STEP_S       30
#define FACTOR_TRIES 5 /* an hour and person */
#define TOUCH        (60 * HB_S)

struct desk {
    char key[HB_SHARE_ADDRESS], mail[HB_SHARE_ADDRESS], net[SHARE_NET];
    char here[HB_SHARE_ADDRESS + SHARE_NET]; /* both */
    uint8_t nonce[SHARE_MAC];
    bool ours;
};

static int come(struct hb_share_store *s, struct hb_slice address,
                struct hb_slice nonce, const char *from, struct desk *d);
static int may_ask(struct hb_share_store *s, const struct desk *d,
                   int *ret_answer);
static bool is_staff(const struct hb_share_rules *rules, const char *key);
static void code_mac(struct hb_share_store *s, const struct desk *d,
                     const char *digits, uint8_t ret[SHARE_MAC]);
static int try_code(struct hb_share_store *s, const struct desk *d,
                    const char *digits, int *ret_answer);
static int open_session(struct hb_share_store *s, const struct desk *d,
                        char ret[HB_SHARE_TOKEN_TEXT], bool *ret_new);
static int find_session(struct hb_share_store *s, const uint8_t mac[SHARE_MAC],
                        struct hb_share_person *ret, int *ret_answer);
static int read_secret(struct hb_share_store *s, const char *address,
                       uint8_t ret[SECRET], int64_t *ret_last,
                       bool *ret_confirmed);
static void seal_key(struct hb_share_store *s, const char *address,
                     uint8_t ret[SHARE_MAC]);
static int tell_desk(struct hb_share_store *s, const char *who,
                     const char *from, enum hb_share_act act);

int hb_share_signin_ask(struct hb_share_store *s, struct hb_slice address,
                        struct hb_slice nonce, const char *from,
                        struct hb_share_code *ret)
{
    char digits[HB_SHARE_CODE_TEXT];
    uint8_t mac[SHARE_MAC];
    struct desk d;
    int r = come(s, address, nonce, from, &d), answer = 0;

    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = may_ask(s, &d, &answer);
    if (r == 0 && answer == 0) {
        (void)snprintf(digits, sizeof(digits), "%06u",
                       (unsigned)randombytes_uniform(1000000));
        code_mac(s, &d, digits, mac);
        r = hb_db_exec(s->db,
                       "INSERT INTO signin(address, nonce, mac, boot, until,"
                       " tries) VALUES(?1, ?2, ?3, ?4, ?5, 0)"
                       " ON CONFLICT(address, nonce) DO UPDATE SET mac = ?3,"
                       " boot = ?4, until = ?5, tries = 0",
                       "txxti", d.key, d.nonce, SHARE_MAC, mac, sizeof(mac),
                       s->t.boot,
                       (int64_t)(s->t.mono + HB_SHARE_CODE_S * HB_S));
        if (r == 0)
            r = share_count(s, SHARE_SIGNIN_WHO, d.here);
        if (r == 0)
            r = share_count(s, SHARE_SIGNIN_ALL, d.key);
        if (r == 0)
            r = share_count(s, SHARE_ASK_FROM, d.net);
    }
    r = share_end(s, r, answer);
    if (r == 0) {
        memset(ret, 0, sizeof(*ret));
        memcpy(ret->digits, digits, sizeof(digits));
        if (d.ours)
            (void)hb_copyz(ret->mail, sizeof(ret->mail), d.mail);
    }
    sodium_memzero(digits, sizeof(digits));
    return r;
}

int hb_share_signin_try(struct hb_share_store *s, struct hb_slice address,
                        struct hb_slice nonce, struct hb_slice code,
                        const char *from, char ret_session[HB_SHARE_TOKEN_TEXT],
                        bool *ret_new)
{
    char digits[HB_SHARE_CODE_TEXT], token[HB_SHARE_TOKEN_TEXT];
    struct desk d;
    int r = hb_share_code_parse(code, digits), answer = 0;

    *ret_new = false;
    if (r == 0)
        r = come(s, address, nonce, from, &d);
    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = share_within(s, SHARE_WRONG_FROM, d.net, s->rules.wrong_from, &answer);
    if (r == 0 && answer == 0)
        r = try_code(s, &d, digits, &answer);
    if (r == 0 && answer == 0 && !d.ours)
        answer = -EACCES;
    if (r == 0 && answer == -EACCES) {
        r = share_wrong_code(s, d.net);
        if (r == 0)
            r = tell_desk(s, d.key, from, HB_SHARE_SIGNIN_WRONG);
    }
    if (r == 0 && answer == 0)
        r = open_session(s, &d, token, ret_new);
    if (r == 0 && answer == 0)
        r = tell_desk(s, d.key, from, HB_SHARE_SIGNED_IN);
    r = share_end(s, r, answer);
    if (r == 0)
        memcpy(ret_session, token, sizeof(token));
    sodium_memzero(token, sizeof(token));
    return r;
}

int hb_share_session(struct hb_share_store *s, struct hb_slice token,
                     struct hb_share_person *ret)
{
    uint8_t mac[SHARE_MAC];
    int r = share_token_mac(s, "session", token, mac), answer = 0;

    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r == -EBADMSG ? -EACCES : r;
    r = find_session(s, mac, ret, &answer);
    return share_end(s, r, answer);
}

int hb_share_session_end(struct hb_share_store *s, struct hb_slice token,
                         const char *from)
{
    uint8_t mac[SHARE_MAC];
    struct hb_share_person who;
    int r = share_token_mac(s, "session", token, mac), answer = 0;

    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = find_session(s, mac, &who, &answer);
    if (r == 0)
        r = hb_db_exec(s->db, "DELETE FROM session WHERE hash = ?1", "x", mac,
                       sizeof(mac));
    if (r == 0 && answer == 0)
        r = tell_desk(s, who.address, from, HB_SHARE_SIGNED_OUT);
    return share_end(s, r, 0);
}

/* ---- the second factor ---- */

uint32_t hb_share_totp(const uint8_t secret[SECRET], int64_t seconds)
{
    uint64_t step = (uint64_t)seconds / STEP_S;
    uint8_t count[8], mac[EVP_MAX_MD_SIZE];
    unsigned n = 0, at;

    for (unsigned i = 0; i < 8; i++)
        count[i] = (uint8_t)(step >> (56 - 8 * i));
    if (HMAC(EVP_sha1(), secret, (int)SECRET, count, sizeof(count), mac, &n) ==
            NULL ||
        n != 20)
        abort();        /* without it nothing may be compared */
    at = mac[19] & 15u; /* RFC 4226: 5.3 */
    return (((uint32_t)mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 |
            (uint32_t)mac[at + 2] << 8 | mac[at + 3]) %
           1000000;
}

int hb_share_totp_begin(struct hb_share_store *s, const char *address,
                        const char *from, char ret[HB_SHARE_TOTP_TEXT])
{
    static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint8_t secret[SECRET], key[SHARE_MAC], sealed[SEALED];
    int64_t confirmed = 0;
    int r = share_begin(s), answer = 0;

    if (r < 0)
        return r;
    r = hb_db_number(s->db, &confirmed,
                     "SELECT confirmed FROM totp WHERE address = ?1", "t",
                     address);
    r = HB_MIN(r, 0);
    if (r == 0 && confirmed != 0)
        answer = -EEXIST;
    if (r == 0 && answer == 0) {
        randombytes_buf(secret, sizeof(secret));
        seal_key(s, address, key);
        randombytes_buf(sealed, crypto_secretbox_NONCEBYTES);
        (void)crypto_secretbox_easy(sealed + crypto_secretbox_NONCEBYTES,
                                    secret, sizeof(secret), sealed, key);
        sodium_memzero(key, sizeof(key));
        r = hb_db_exec(s->db,
                       "INSERT INTO totp(address, sealed, confirmed, last)"
                       " VALUES(?1, ?2, 0, 0) ON CONFLICT(address)"
                       " DO UPDATE SET sealed = ?2, last = 0",
                       "tx", address, sealed, sizeof(sealed));
        if (r == 0)
            r = tell_desk(s, address, from, HB_SHARE_FACTOR_BEGUN);
    }
    r = share_end(s, r, answer);
    /* 160 bits are 32 letters of 5. */
    for (unsigned i = 0; r == 0 && i < 32; i++) {
        unsigned bit = i * 5, v = (unsigned)secret[bit / 8] << 8;

        if (bit / 8 + 1 < SECRET)
            v |= secret[bit / 8 + 1];
        ret[i] = base32[v >> (11 - bit % 8) & 31u];
    }
    ret[32] = '\0';
    sodium_memzero(secret, sizeof(secret));
    return r;
}

int hb_share_totp_try(struct hb_share_store *s, struct hb_slice token,
                      struct hb_slice code, const char *from, bool *ret_set)
{
    char digits[HB_SHARE_CODE_TEXT], now[HB_SHARE_CODE_TEXT];
    uint8_t mac[SHARE_MAC], secret[SECRET];
    struct hb_share_person who;
    int64_t last = 0, step, right = -1;
    bool confirmed;
    int r = hb_share_code_parse(code, digits), answer = 0;

    *ret_set = false;
    if (r == 0)
        r = share_token_mac(s, "session", token, mac);
    if (r < 0)
        return -EACCES;
    r = share_begin(s);
    if (r < 0)
        return r;
    r = find_session(s, mac, &who, &answer);
    if (r == 0 && answer == 0)
        r = share_within(s, SHARE_FACTOR_WHO, who.address, FACTOR_TRIES,
                         &answer);
    if (r == 0 && answer == 0) {
        r = read_secret(s, who.address, secret, &last, &confirmed);
        if (r == -ENOENT) {
            answer = r;
            r = 0;
        }
    }
    if (r == 0 && answer == 0) {
        step = s->t.now / (int64_t)HB_S / STEP_S;
        /* All three are computed, whichever is right. */
        for (int64_t i = step - 1; i <= step + 1; i++) {
            (void)snprintf(now, sizeof(now), "%06u",
                           (unsigned)hb_share_totp(secret, i * STEP_S));
            if (sodium_memcmp(now, digits, sizeof(now)) == 0 && i > last)
                right = i;
        }
        answer = right < 0 ? -EACCES : 0;
        r = right < 0 ? share_count(s, SHARE_FACTOR_WHO, who.address)
                      : hb_db_exec(s->db,
                                   "UPDATE totp SET last = ?2, confirmed = 1"
                                   " WHERE address = ?1",
                                   "ti", who.address, right);
        if (r == 0 && right >= 0)
            r = hb_db_exec(s->db,
                           "UPDATE session SET factor = ?2 WHERE hash = ?1",
                           "xi", mac, sizeof(mac),
                           (int64_t)(s->t.mono + HB_SHARE_FACTOR_S * HB_S));
        if (r == 0)
            r = tell_desk(s, who.address, from,
                          right < 0    ? HB_SHARE_FACTOR_WRONG
                          : !confirmed ? HB_SHARE_FACTOR_SET
                                       : HB_SHARE_FACTOR_RIGHT);
        *ret_set = right >= 0 && !confirmed;
    }
    sodium_memzero(secret, sizeof(secret));
    return share_end(s, r, answer);
}

int hb_share_sessions_drop(struct hb_share_store *s, const char *address,
                           const struct hb_share_who *who)
{
    int r = share_who_ok(who), answer = 0;

    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = hb_db_exec(s->db, "DELETE FROM session WHERE address = ?1", "t",
                   address);
    if (r == 0 && hb_db_changes(s->db) == 0)
        answer = -ENOENT;
    if (r == 0 && answer == 0)
        r = share_tell(
            s, who,
            &(struct share_note){.act = HB_SHARE_SIGNED_OUT, .words = address});
    return share_end(s, r, answer);
}

int hb_share_viewed(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who)
{
    char of[HB_SHARE_ADDRESS + 32];
    struct share_row row;
    int64_t n = 0;
    int r = share_begin_row(s, share, who, &row);

    if (r < 0)
        return r;
    (void)snprintf(of, sizeof(of), "%s %lld", who->name, (long long)share);
    r = share_tally(s, SHARE_VIEW, of, &n);
    if (r == 0 && n == 0) {
        r = share_count(s, SHARE_VIEW, of);
        if (r == 0)
            r = share_tell(
                s, who,
                &(struct share_note){.act = HB_SHARE_VIEWED, .share = share});
    }
    return share_end(s, r, 0);
}

int hb_share_totp_drop(struct hb_share_store *s, const char *address,
                       const struct hb_share_who *who)
{
    int r = share_who_ok(who);

    if (r == 0)
        r = share_begin(s);
    if (r < 0)
        return r;
    r = hb_db_exec(s->db, "DELETE FROM totp WHERE address = ?1", "t", address);
    if (r == 0)
        r = hb_db_exec(s->db,
                       "UPDATE session SET factor = 0 WHERE address = ?1", "t",
                       address);
    if (r == 0)
        r = share_tell(s, who,
                       &(struct share_note){.act = HB_SHARE_FACTOR_DROPPED,
                                            .words = address});
    return share_end(s, r, 0);
}

int hb_share_approve(struct hb_share_store *s, struct hb_slice token,
                     const char *from, int64_t share, int64_t edition,
                     struct hb_share_verdict *ret)
{
    struct hb_share_person who;
    int r = hb_share_session(s, token, &who);

    *ret = (struct hb_share_verdict){HB_SHARE_REFUSE, 0};
    if (r < 0)
        return r;
    if (!who.factor)
        return -EPERM;
    return share_approve(s, share, edition,
                         &(struct hb_share_who){who.address, from}, ret);
}

bool share_approver(const struct hb_share_rules *rules, const char *key)
{
    for (size_t i = 0; i < rules->approvers_n; i++)
        if (hb_streq(rules->approvers[i], key))
            return true;
    return rules->approvers_n == 0;
}

/* ---- static ---- */

static int come(struct hb_share_store *s, struct hb_slice address,
                struct hb_slice nonce, const char *from, struct desk *d)
{
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    memset(d, 0, sizeof(*d));
    if (!share_text_ok(from, SHARE_FROM_MAX - 1, false))
        return -EINVAL;
    r = share_token_mac(s, "signin-nonce", nonce, d->nonce);
    if (r < 0)
        return r;
    r = hb_share_address(address, d->key, d->mail);
    if (r < 0)
        return -EINVAL;
    share_net(from, d->net);
    (void)snprintf(d->here, sizeof(d->here), "%s %s", d->key, d->net);
    d->ours = is_staff(&s->rules, d->key);
    return 0;
}

/* Tries at one of us are bounded over all networks (100 in a million an hour);
 * a place where that person was before is not, so that nobody can keep them
 * out of their own office. */
static int may_ask(struct hb_share_store *s, const struct desk *d,
                   int *ret_answer)
{
    int64_t known = 0;
    int r = share_within(s, SHARE_SIGNIN_WHO, d->here, s->rules.asks_link,
                         ret_answer);

    if (r == 0 && *ret_answer == 0)
        r = share_within(s, SHARE_ASK_FROM, d->net, s->rules.asks_from,
                         ret_answer);
    if (r == 0 && *ret_answer == 0)
        r = hb_db_number(s->db, &known,
                         "SELECT count(*) FROM place WHERE address = ?1"
                         " AND net = ?2",
                         "tt", d->key, d->net);
    if (r >= 0 && *ret_answer == 0 && known == 0)
        r = share_within(s, SHARE_SIGNIN_ALL, d->key, s->rules.signins,
                         ret_answer);
    return HB_MIN(r, 0);
}

static bool is_staff(const struct hb_share_rules *rules, const char *key)
{
    const char *domain = strchr(key, '@') + 1;

    for (size_t i = 0; i < rules->staff.n; i++) {
        const char *z = rules->staff.v[i];

        if (strchr(z, '@') != NULL ? hb_streq(z, key)
                                   : hb_share_domain_in(domain, z))
            return true;
    }
    return false;
}

static void code_mac(struct hb_share_store *s, const struct desk *d,
                     const char *digits, uint8_t ret[SHARE_MAC])
{
    uint8_t b[SHARE_MAC + HB_SHARE_CODE_TEXT - 1 + HB_SHARE_ADDRESS] = {0};

    memcpy(b, d->nonce, SHARE_MAC);
    memcpy(b + SHARE_MAC, digits, HB_SHARE_CODE_TEXT - 1);
    memcpy(b + SHARE_MAC + HB_SHARE_CODE_TEXT - 1, d->key, strlen(d->key));
    share_mac(&s->keys, "signin-code", b, sizeof(b), ret);
}

static int try_code(struct hb_share_store *s, const struct desk *d,
                    const char *digits, int *ret_answer)
{
    struct hb_slice stored;
    uint8_t mac[SHARE_MAC];
    struct hb_stmt *q;
    bool same;
    int r = hb_db_query(s->db, &q,
                        "SELECT mac FROM signin WHERE address = ?1"
                        " AND nonce = ?2 AND boot = ?3 AND until > ?4"
                        " AND tries < ?5",
                        "txtii", d->key, d->nonce, SHARE_MAC, s->t.boot,
                        (int64_t)s->t.mono, (int64_t)HB_SHARE_TRIES);

    code_mac(s, d, digits, mac);
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
                      same ? "DELETE FROM signin WHERE address = ?1"
                             " AND nonce = ?2"
                           : "UPDATE signin SET tries = tries + 1"
                             " WHERE address = ?1 AND nonce = ?2",
                      "tx", d->key, d->nonce, SHARE_MAC);
}

static int open_session(struct hb_share_store *s, const struct desk *d,
                        char ret[HB_SHARE_TOKEN_TEXT], bool *ret_new)
{
    uint8_t mac[SHARE_MAC];
    int64_t seen = 0;
    int r;

    hb_share_token_new(ret);
    r = share_token_mac(s, "session", hb_slice_z(ret), mac);
    if (r == 0)
        r = hb_db_exec(s->db,
                       "INSERT INTO session(hash, address, boot, made, used,"
                       " factor) VALUES(?1, ?2, ?3, ?4, ?4, 0)",
                       "xtti", mac, sizeof(mac), d->key, s->t.boot,
                       (int64_t)s->t.mono);
    if (r == 0)
        r = hb_db_number(s->db, &seen,
                         "SELECT count(*) FROM place WHERE address = ?1"
                         " AND net = ?2",
                         "tt", d->key, d->net);
    if (r < 0)
        return r;
    *ret_new = seen == 0;
    return hb_db_exec(s->db,
                      "INSERT INTO place(address, net, seen)"
                      " VALUES(?1, ?2, ?3) ON CONFLICT(address, net)"
                      " DO UPDATE SET seen = ?3",
                      "tti", d->key, d->net, s->t.now);
}

/* In a transaction. */
static int find_session(struct hb_share_store *s, const uint8_t mac[SHARE_MAC],
                        struct hb_share_person *ret, int *ret_answer)
{
    int64_t mono = (int64_t)s->t.mono, used;
    struct hb_stmt *q;
    int r = hb_db_query(s->db, &q,
                        "SELECT address, used, factor, (SELECT confirmed FROM"
                        " totp t WHERE t.address = session.address)"
                        " FROM session WHERE hash = ?1 AND boot = ?2"
                        " AND made > ?3 AND used > ?4",
                        "xtii", mac, SHARE_MAC, s->t.boot,
                        mono - (int64_t)(HB_SHARE_SESSION_S * HB_S),
                        mono - (int64_t)(HB_SHARE_IDLE_S * HB_S));

    *ret_answer = -EACCES;
    if (r == 0)
        r = hb_stmt_step(q);
    if (r <= 0)
        return r;
    (void)hb_copyz(ret->address, sizeof(ret->address), hb_stmt_col_text(q, 0));
    used = hb_stmt_col_int(q, 1);
    ret->factor = hb_stmt_col_int(q, 2) > mono;
    ret->enrolled = hb_stmt_col_int(q, 3) != 0;
    hb_stmt_reset(q);
    ret->approves = share_approver(&s->rules, ret->address);
    /* Who left the staff is nobody from then on. */
    if (!is_staff(&s->rules, ret->address))
        return 0;
    *ret_answer = 0;
    return mono - used < (int64_t)TOUCH
               ? 0
               : hb_db_exec(s->db,
                            "UPDATE session SET used = ?2 WHERE hash = ?1",
                            "xi", mac, SHARE_MAC, mono);
}

static int read_secret(struct hb_share_store *s, const char *address,
                       uint8_t ret[SECRET], int64_t *ret_last,
                       bool *ret_confirmed)
{
    uint8_t key[SHARE_MAC];
    struct hb_slice blob;
    const uint8_t *p;
    struct hb_stmt *q;
    int r = hb_db_query(
        s->db, &q,
        "SELECT sealed, last, confirmed FROM totp WHERE address = ?1", "t",
        address);

    if (r == 0)
        r = hb_stmt_step(q);
    if (r != 1)
        return r < 0 ? r : -ENOENT;
    blob = hb_stmt_col_blob(q, 0);
    p = (const uint8_t *)blob.p;
    seal_key(s, address, key);
    r = blob.n == SEALED &&
                crypto_secretbox_open_easy(ret, p + crypto_secretbox_NONCEBYTES,
                                           SEALED - crypto_secretbox_NONCEBYTES,
                                           p, key) == 0
            ? 0
            : -EBADMSG;
    sodium_memzero(key, sizeof(key));
    *ret_last = hb_stmt_col_int(q, 1);
    *ret_confirmed = hb_stmt_col_int(q, 2) != 0;
    hb_stmt_reset(q);
    return r;
}

static void seal_key(struct hb_share_store *s, const char *address,
                     uint8_t ret[SHARE_MAC])
{
    share_mac(&s->keys, "totp", address, strlen(address), ret);
}

static int tell_desk(struct hb_share_store *s, const char *who,
                     const char *from, enum hb_share_act act)
{
    return share_tell(s, &(struct hb_share_who){who, from},
                      &(struct share_note){.act = act});
}
