/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof.c - writing, signing, reading and refusing proofs.
 *
 * Written by the drill runner, read by core.  The proofs' folder may hold
 * whatever somebody put there: the signature is verified over the exact bytes
 * before a parser sees them, and then the binding must match what runs now.
 */
#include "base/num.h"
#include "casebook/proof.h"

static const char *const kinds[] = {"rehearsal", "canary", "gate"};
static const char *const part_states[] = {"passed", "failed", "not-yet"};

static int check_whole(const struct hb_proof *p);
static void sort_assets(const char **v, size_t n);
static struct hb_json *to_json(struct hb_arena *a, const struct hb_proof *p);
static int add_part(struct hb_arena *a, struct hb_json *arr,
                    const struct hb_proof_part *part);
static int read_word(const struct hb_json *obj, const char *key,
                     const char *const *words, size_t n, unsigned *ret);
static int read_hash(const struct hb_json *obj, const char *key,
                     uint8_t ret[HB_SHA256_SIZE]);
static int read_assets(struct hb_arena *a, const struct hb_json *arr,
                       struct hb_proof *p);
static int read_parts(struct hb_arena *a, const struct hb_json *arr,
                      struct hb_proof *p);
static int read_proof(struct hb_arena *a, const struct hb_json *top,
                      struct hb_proof *p);
static int check_binding(const struct hb_proof *p,
                         const struct hb_proof_binding *now,
                         struct hb_err *err);
static int same_assets(const struct hb_proof *p,
                       const struct hb_proof_binding *now);

int hb_proof_encode(struct hb_buf *out, const struct hb_proof *p)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *top;
    int r = check_whole(p);

    if (r < 0)
        return r;
    top = a != NULL ? to_json(a, p) : NULL;
    if (top == NULL)
        return -ENOMEM;
    r = hb_json_write_jcs(out, top);
    if (r == 0)
        r = hb_buf_err(out);
    return r == 0 && out->n > HB_PROOF_MAX ? -EFBIG : r;
}

int hb_proof_decode(struct hb_arena *a, struct hb_slice json,
                    struct hb_proof **ret, struct hb_err *err)
{
    struct hb_proof *p = HB_NEW(a, struct hb_proof);
    struct hb_buf again = HB_BUF_INIT;
    struct hb_json *top = NULL;
    int r;

    if (p == NULL)
        return -ENOMEM;
    if (json.n > HB_PROOF_MAX)
        return hb_err_set(err, -EFBIG, _("the proof is too large"));
    r = hb_json_parse(a, json, &top, err);
    if (r < 0)
        return r;
    r = read_proof(a, top, p);
    /* Canonical or not ours: nothing can hide beside the known members. */
    if (r == 0)
        r = hb_proof_encode(&again, p);
    if (r == 0 && !hb_slice_eq(hb_buf_slice(&again), json))
        r = -EBADMSG;
    hb_buf_done(&again);
    if (r < 0)
        return hb_err_set(err, r == -ENOMEM ? r : -EBADMSG,
                          _("this is not a proof that a drill wrote"));
    *ret = p;
    return 0;
}

int hb_proof_sign(const struct hb_proof *p, const struct hb_key *key,
                  struct hb_buf *ret_text, uint8_t ret_sig[HB_SIG_SIZE])
{
    int r = hb_proof_encode(ret_text, p);

    if (r < 0)
        return r;
    return hb_sign(key, HB_PROOF_DOMAIN, hb_buf_slice(ret_text), ret_sig);
}

int hb_proof_verify(struct hb_slice text, const uint8_t sig[HB_SIG_SIZE],
                    const struct hb_pub *pub,
                    const struct hb_proof_binding *now,
                    struct hb_proof_seen *ret, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_proof_seen seen = {0};
    struct hb_proof *p = NULL;
    int r;

    if (a == NULL)
        return -ENOMEM;
    if (hb_verify(pub, HB_PROOF_DOMAIN, text, sig) < 0)
        return hb_err_set(err, -EBADMSG,
                          _("the signature does not hold: written by hand, "
                            "changed, or made with another key"));
    r = hb_proof_decode(a, text, &p, err);
    if (r < 0 || p == NULL)
        return r;
    r = check_binding(p, now, err);
    if (r < 0)
        return r;
    seen.passed = hb_proof_passed(p, &seen.not_yet);
    seen.at = p->at;
    *ret = seen;
    return 0;
}

bool hb_proof_passed(const struct hb_proof *p, unsigned *ret_not_yet)
{
    unsigned passed = 0, not_yet = 0, failed = 0;

    for (size_t i = 0; i < p->parts_n; i++) {
        passed += p->parts[i].state == HB_PART_PASSED;
        not_yet += p->parts[i].state == HB_PART_NOT_YET;
        failed += p->parts[i].state == HB_PART_FAILED;
    }
    *ret_not_yet = not_yet;
    return failed == 0 && passed > 0;
}

/* ---- writing ---- */

static int check_whole(const struct hb_proof *p)
{
    if ((unsigned)p->kind > HB_PROOF_GATE || p->number == 0 ||
        p->number > 999 || !hb_id_valid(hb_slice_z(p->run)) || p->at <= 0 ||
        p->version == NULL || p->parts_n == 0)
        return -EINVAL;
    if (p->assets_n > HB_PROOF_MAX_ASSETS || p->parts_n > HB_PROOF_MAX_PARTS)
        return -EFBIG;
    for (size_t i = 0; i < p->parts_n; i++) {
        const struct hb_proof_part *part = &p->parts[i];

        if (part->name == NULL || part->expected == NULL ||
            part->seen == NULL || (unsigned)part->state > HB_PART_NOT_YET)
            return -EINVAL;
    }
    return 0;
}

/* At most 256 short names. */
static void sort_assets(const char **v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const char *x = v[i];
        size_t k = i;

        for (; k > 0 && strcmp(v[k - 1], x) > 0; k--)
            v[k] = v[k - 1];
        v[k] = x;
    }
}

static struct hb_json *to_json(struct hb_arena *a, const struct hb_proof *p)
{
    struct hb_json *top = hb_json_new(a, HB_JSON_OBJ), *arr;
    const char **sorted = HB_NEW_N(a, const char *, p->assets_n + 1);
    char config[2 * HB_SHA256_SIZE + 1], book[2 * HB_SHA256_SIZE + 1];
    bool bad;

    if (top == NULL || sorted == NULL)
        return NULL;
    hb_hex(p->config, sizeof(p->config), config);
    hb_hex(p->casebook, sizeof(p->casebook), book);
    /* Milliseconds: JCS carries no number beyond 2^53. */
    bad = hb_json_add_int(a, top, "at_ms", p->at / 1000000) == NULL ||
          hb_json_add_str(a, top, "casebook", book) == NULL ||
          hb_json_add_str(a, top, "config", config) == NULL ||
          hb_json_add_str(a, top, "kind", kinds[p->kind]) == NULL ||
          hb_json_add_int(a, top, "number", p->number) == NULL ||
          hb_json_add_str(a, top, "run", p->run) == NULL ||
          hb_json_add_str(a, top, "version", p->version) == NULL;
    arr = bad ? NULL : hb_json_add(a, top, "assets", HB_JSON_ARR);
    if (arr == NULL)
        return NULL;
    if (p->assets_n > 0)
        memcpy(sorted, p->assets, p->assets_n * sizeof(*sorted));
    sort_assets(sorted, p->assets_n);
    for (size_t i = 0; i < p->assets_n; i++) {
        if (hb_json_add_str(a, arr, NULL, sorted[i]) == NULL)
            return NULL;
    }
    arr = hb_json_add(a, top, "parts", HB_JSON_ARR);
    for (size_t i = 0; arr != NULL && i < p->parts_n; i++) {
        if (add_part(a, arr, &p->parts[i]) < 0)
            return NULL;
    }
    return arr != NULL ? top : NULL;
}

static int add_part(struct hb_arena *a, struct hb_json *arr,
                    const struct hb_proof_part *part)
{
    struct hb_json *o = hb_json_add(a, arr, NULL, HB_JSON_OBJ);
    int64_t us = part->took_ns < 0 ? -1 : part->took_ns / 1000;

    if (o == NULL ||
        hb_json_add_str(a, o, "expected", part->expected) == NULL ||
        hb_json_add_str(a, o, "name", part->name) == NULL ||
        hb_json_add_str(a, o, "seen", part->seen) == NULL ||
        hb_json_add_str(a, o, "state", part_states[part->state]) == NULL ||
        hb_json_add_int(a, o, "took_us", us) == NULL)
        return -ENOMEM;
    return 0;
}

/* ---- reading ---- */

static int read_proof(struct hb_arena *a, const struct hb_json *top,
                      struct hb_proof *p)
{
    const char *run = hb_json_str(top, "run", "");
    int64_t number = hb_json_int(top, "number", 0);
    int64_t at = hb_json_int(top, "at_ms", 0);
    unsigned kind = 0;
    int r;

    if (number < 1 || number > 999 || at < 1 || at > INT64_MAX / 1000000 ||
        !hb_copyz(p->run, sizeof(p->run), run) || !hb_id_valid(hb_slice_z(run)))
        return -EBADMSG;
    p->number = (unsigned)number;
    p->at = at * 1000000;
    p->version = hb_json_str(top, "version", NULL);
    r = read_word(top, "kind", kinds, HB_ARRAY_LEN(kinds), &kind);
    p->kind = (enum hb_proof_kind)kind;
    if (r == 0)
        r = read_hash(top, "config", p->config);
    if (r == 0)
        r = read_hash(top, "casebook", p->casebook);
    if (r == 0)
        r = read_assets(a, hb_json_get(top, "assets"), p);
    if (r == 0)
        r = read_parts(a, hb_json_get(top, "parts"), p);
    return r;
}

static int read_word(const struct hb_json *obj, const char *key,
                     const char *const *words, size_t n, unsigned *ret)
{
    const char *z = hb_json_str(obj, key, "");

    for (size_t i = 0; i < n; i++) {
        if (hb_streq(words[i], z)) {
            *ret = (unsigned)i;
            return 0;
        }
    }
    return -EBADMSG;
}

static int read_hash(const struct hb_json *obj, const char *key,
                     uint8_t ret[HB_SHA256_SIZE])
{
    return hb_unhex(hb_slice_z(hb_json_str(obj, key, "")), ret,
                    HB_SHA256_SIZE) < 0
               ? -EBADMSG
               : 0;
}

static int read_assets(struct hb_arena *a, const struct hb_json *arr,
                       struct hb_proof *p)
{
    if (arr == NULL || arr->type != HB_JSON_ARR ||
        arr->count > HB_PROOF_MAX_ASSETS)
        return -EBADMSG;
    p->assets = HB_NEW_N(a, const char *, arr->count + 1);
    if (p->assets == NULL)
        return -ENOMEM;
    HB_JSON_EACH (j, arr) {
        if (j->type != HB_JSON_STR)
            return -EBADMSG;
        p->assets[p->assets_n++] = j->str.p;
    }
    return 0;
}

static int read_parts(struct hb_arena *a, const struct hb_json *arr,
                      struct hb_proof *p)
{
    struct hb_proof_part *list;

    if (arr == NULL || arr->type != HB_JSON_ARR ||
        arr->count > HB_PROOF_MAX_PARTS)
        return -EBADMSG;
    list = HB_NEW_N(a, struct hb_proof_part, arr->count + 1);
    if (list == NULL)
        return -ENOMEM;
    p->parts = list;
    HB_JSON_EACH (j, arr) {
        struct hb_proof_part *part = &list[p->parts_n++];
        int64_t us = hb_json_int(j, "took_us", -1);
        unsigned state = 0;

        if (us < -1 || us > INT64_MAX / 1000 ||
            read_word(j, "state", part_states, HB_ARRAY_LEN(part_states),
                      &state) < 0)
            return -EBADMSG;
        part->name = hb_json_str(j, "name", NULL);
        part->expected = hb_json_str(j, "expected", NULL);
        part->seen = hb_json_str(j, "seen", NULL);
        part->state = (enum hb_part_state)state;
        part->took_ns = us < 0 ? -1 : us * 1000;
    }
    return 0;
}

/* ---- binding ---- */

static int check_binding(const struct hb_proof *p,
                         const struct hb_proof_binding *now, struct hb_err *err)
{
    const int64_t skew = 300000000000ll;

    if (p->kind != now->kind || p->number != now->number)
        return hb_err_set(err, -ESTALE,
                          _("the proof is of another case or kind"));
    if (!hb_streq(p->version, now->version))
        return hb_err_set(err, -ESTALE,
                          _("the proof was made by version %s, and %s runs"),
                          p->version, now->version);
    if (memcmp(p->config, now->config, sizeof(p->config)) != 0)
        return hb_err_set(err, -ESTALE,
                          _("the configuration changed since the proof"));
    if (memcmp(p->casebook, now->casebook, sizeof(p->casebook)) != 0)
        return hb_err_set(err, -ESTALE,
                          _("the case book changed since the proof"));
    if (!same_assets(p, now))
        return hb_err_set(err, -ESTALE,
                          _("other assets are protected now than in the "
                            "proof"));
    if (p->at > now->now + skew)
        return hb_err_set(err, -ESTALE, _("the proof is from the future"));
    if (p->at < now->now && (uint64_t)(now->now - p->at) > now->max_age)
        return hb_err_set(err, -ESTALE, _("the proof is too old"));
    return 0;
}

/* As sets: each name stands once in a configuration. */
static int same_assets(const struct hb_proof *p,
                       const struct hb_proof_binding *now)
{
    if (p->assets_n != now->assets_n)
        return 0;
    for (size_t i = 0; i < p->assets_n; i++) {
        size_t here = 0, there = 0;

        for (size_t k = 0; k < p->assets_n; k++) {
            here += hb_streq(p->assets[i], p->assets[k]);
            there += hb_streq(p->assets[i], now->assets[k]);
        }
        if (here != there)
            return 0;
    }
    return 1;
}
