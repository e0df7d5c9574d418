/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailing.c - see mailing.h.  Runs in core, in the role that mails, and in the
 * client that signs: all three make the same bytes.
 */
#include "event/mailing.h"

#include "base/json.h"
#include "base/num.h"
#include "base/show.h"
#include "base/utf8.h"

static bool plain(struct hb_slice s, bool lines);
static const char *hex_of(struct hb_arena *a, const uint8_t *hash);

int hb_mailing_message(struct hb_buf *b, const struct hb_mailing_terms *t,
                       const char *person)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *text, *root, *until;
    struct hb_json *o;

    if (a == NULL || (o = hb_json_new(a, HB_JSON_OBJ)) == NULL)
        return -ENOMEM;
    text = hex_of(a, t->text);
    root = hex_of(a, t->root);
    /* Nanoseconds pass 2^53, so the time stands as text. */
    until = hb_arena_printf(a, "%lld", (long long)t->until);
    if (text == NULL || root == NULL || until == NULL ||
        hb_json_add_str(a, o, "uid", t->uid) == NULL ||
        hb_json_add_str(a, o, "paper", t->paper) == NULL ||
        hb_json_add_str(a, o, "subject", t->subject) == NULL ||
        hb_json_add_int(a, o, "incident", t->incident) == NULL ||
        hb_json_add_int(a, o, "count", t->count) == NULL ||
        hb_json_add_str(a, o, "until", until) == NULL ||
        hb_json_add_str(a, o, "text", text) == NULL ||
        hb_json_add_str(a, o, "root", root) == NULL ||
        hb_json_add_str(a, o, "person", person) == NULL)
        return -ENOMEM;
    return hb_json_write_jcs(b, o);
}

int hb_mailing_seal(const struct hb_mailing_terms *t, char ret[HB_MAILING_SEAL])
{
    _cleanup_buf_ struct hb_buf message = HB_BUF_INIT;
    uint8_t hash[HB_SHA256_SIZE];
    char hex[2 * HB_SHA256_SIZE + 1];
    size_t n = 0;
    int r = hb_mailing_message(&message, t, "");

    if (r < 0)
        return r;
    hb_sha256(message.p, message.n, hash);
    hb_hex(hash, sizeof(hash), hex);
    for (size_t i = 0; n < HB_MAILING_SEAL - 1; i++) {
        if (i > 0 && i % 4 == 0)
            ret[n++] = '-';
        ret[n++] = hex[i];
    }
    ret[n] = '\0';
    return 0;
}

bool hb_mailing_in_time(int64_t now, int64_t until)
{
    return now <= until &&
           until - now <= HB_MAILING_VALID_NS + HB_MAILING_SKEW_NS;
}

int hb_mailing_leaf(const char *name, const char *address, hb_merkle_hash ret)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_json *o;
    int r;

    if (a == NULL || (o = hb_json_new(a, HB_JSON_OBJ)) == NULL ||
        hb_json_add_str(a, o, "name", name) == NULL ||
        hb_json_add_str(a, o, "address", address) == NULL)
        return -ENOMEM;
    r = hb_json_write_jcs(&b, o);
    return r < 0 ? r : hb_merkle_leaf(hb_buf_slice(&b), ret);
}

bool hb_mailing_releaser(const char *role)
{
    static const char *const may[] = {"officer", "manager", "outside", "audit"};

    for (size_t i = 0; i < HB_ARRAY_LEN(may); i++)
        if (hb_streq(may[i], role))
            return true;
    return false;
}

bool hb_mailing_subject_ok(const char *z)
{
    size_t n = strlen(z);

    return n > 0 && n <= HB_MAILING_SUBJECT_MAX &&
           plain((struct hb_slice){z, n}, false);
}

bool hb_mailing_name_ok(const char *z)
{
    size_t n = strlen(z);

    return n <= HB_MAILING_NAME_MAX && plain((struct hb_slice){z, n}, false);
}

bool hb_mailing_text_ok(struct hb_slice text)
{
    size_t quoted = text.n;

    for (size_t i = 0; i < text.n; i++)
        quoted += strchr("\"\\\n\t", text.p[i]) != NULL;
    return text.n > 0 && quoted <= HB_MAILING_TEXT_MAX && plain(text, true);
}

void hb_mailing_fill(struct hb_buf *b, struct hb_slice text, const char *name)
{
    static const size_t n = sizeof(HB_MAILING_NAME) - 1;
    const char *end = text.p + text.n, *p = text.p, *at;

    while ((at = memmem(p, (size_t)(end - p), HB_MAILING_NAME, n)) != NULL) {
        hb_buf_add(b, p, (size_t)(at - p));
        hb_buf_addz(b, name);
        p = at + n;
    }
    hb_buf_add(b, p, (size_t)(end - p));
}

/* UTF-8 that a mail program and a terminal show as it was written. */
static bool plain(struct hb_slice s, bool lines)
{
    size_t len;

    for (size_t i = 0; i < s.n; i += len) {
        uint32_t cp;

        len = hb_utf8_get(s.p + i, s.n - i, &cp);
        if (len == 0 ||
            (hb_show_hidden(cp) && !(lines && (cp == '\n' || cp == '\t'))))
            return false;
    }
    return true;
}

static const char *hex_of(struct hb_arena *a, const uint8_t *hash)
{
    char hex[2 * HB_SHA256_SIZE + 1];

    hb_hex(hash, HB_SHA256_SIZE, hex);
    return hb_arena_strdup(a, hex);
}
