/* SPDX-License-Identifier: Apache-2.0 */
/*
 * approval.c - approvals: made where a person's key is, read and checked in
 * the helper.
 *
 * The bytes come from whoever asks the helper to act and are hostile: they
 * are read through a bounded cursor, and nothing in them counts before the
 * signature of a person held.  Runs in the helper, in core and in the command
 * line; opens no file but those of etc/people.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/cur.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/json.h"
#include "base/num.h"
#include "respond/approval.h"

#define APPROVAL_MAGIC   0x50414248u /* "HBAP" */
#define APPROVAL_VERSION 1u
#define PERSON_FILE_MAX  (64u << 10)

static int file_of_root(const char *path, struct hb_err *err);

void hb_approval_args(const struct hb_request *r, struct hb_slice object,
                      uint8_t ret[HB_SHA256_SIZE])
{
    struct hb_buf b = HB_BUF_INIT;

    hb_buf_addz(&b, "hinoban-arguments-1\n");
    hb_buf_add_u16(&b, r->action);
    hb_buf_add_u32(&b, r->flags & ~HB_ACT_F_DRY_RUN);
    hb_buf_add_u32(&b, r->arg);
    hb_buf_add(&b, r->key2, sizeof(r->key2));
    hb_buf_add_bytes(&b, object.p, object.n);
    if (hb_buf_err(&b) != 0)
        memset(ret, 0, HB_SHA256_SIZE); /* matches nothing that is signed */
    else
        hb_sha256(b.p, b.n, ret);
    hb_buf_done(&b);
}

int hb_approval_make(const struct hb_request *r, struct hb_slice object,
                     const char *person, const struct hb_key *key,
                     int64_t expires, uint8_t *buf, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    uint8_t args[HB_SHA256_SIZE], nonce[HB_NONCE_SIZE], sig[HB_SIG_SIZE];
    int64_t now = hb_now();
    int k;

    if (!hb_person_name_valid(person))
        return hb_err_set(err, -EINVAL, _("not a name of a person: %s"),
                          person);
    if (expires <= now || expires - now > HB_APPROVAL_LIFETIME)
        return hb_err_set(err, -ERANGE,
                          _("an approval ends within seven days"));
    hb_approval_args(r, object, args);
    hb_random(nonce, sizeof(nonce));
    hb_buf_add_u32(&b, APPROVAL_MAGIC);
    hb_buf_add_u8(&b, APPROVAL_VERSION);
    hb_buf_add_u8(&b, 0);
    hb_buf_add_u16(&b, r->action);
    hb_buf_add_u32(&b, r->site);
    hb_buf_add_u32(&b, r->entry);
    hb_buf_add_u64(&b, r->baseline);
    hb_buf_add_u32(&b, r->incident);
    hb_buf_add_u32(&b, r->step);
    hb_buf_add(&b, args, sizeof(args));
    hb_buf_add_u64(&b, (uint64_t)now);
    hb_buf_add_u64(&b, (uint64_t)expires);
    hb_buf_add(&b, nonce, sizeof(nonce));
    hb_buf_add_u8(&b, (uint8_t)strlen(person));
    hb_buf_addz(&b, person);
    if (hb_buf_err(&b) != 0)
        return hb_err_set(err, hb_buf_err(&b), _("out of memory"));
    k = hb_sign(key, "approval", hb_buf_slice(&b), sig);
    if (k < 0)
        return hb_err_set(err, k, _("the approval could not be signed"));
    hb_buf_add(&b, sig, sizeof(sig));
    if (hb_buf_err(&b) != 0 || b.n > HB_ACT_APPROVAL_MAX)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    memcpy(buf, b.p, b.n);
    return (int)b.n;
}

int hb_approval_attach(struct hb_request *r, struct hb_slice object,
                       const char *person, const struct hb_key *key,
                       int64_t expires, struct hb_err *err)
{
    int n = hb_approval_make(r, object, person, key, expires, r->approval, err);

    if (n < 0)
        return n;
    r->approval_len = (uint16_t)n;
    return 0;
}

int hb_approval_parse(struct hb_approval *ret, const void *p, size_t n)
{
    struct hb_approval a = {0};
    struct hb_slice args, nonce, name, sig;
    struct hb_cur c;
    bool head;

    hb_cur_init(&c, p, n);
    head = hb_cur_u32(&c) == APPROVAL_MAGIC;
    head = hb_cur_u8(&c) == APPROVAL_VERSION && head;
    head = hb_cur_u8(&c) == 0 && head;
    a.action = hb_cur_u16(&c);
    a.site = hb_cur_u32(&c);
    a.entry = hb_cur_u32(&c);
    a.baseline = hb_cur_u64(&c);
    a.incident = hb_cur_u32(&c);
    a.step = hb_cur_u32(&c);
    args = hb_cur_take(&c, sizeof(a.args));
    a.issued = (int64_t)hb_cur_u64(&c);
    a.expires = (int64_t)hb_cur_u64(&c);
    nonce = hb_cur_take(&c, sizeof(a.nonce));
    name = hb_cur_take(&c, hb_cur_u8(&c));
    a.signed_len = c.at;
    sig = hb_cur_take(&c, sizeof(a.sig));
    if (hb_cur_end(&c) < 0 || !head || name.n == 0 || name.n > HB_PERSON_MAX)
        return -EBADMSG;
    memcpy(a.args, args.p, args.n);
    memcpy(a.nonce, nonce.p, nonce.n);
    memcpy(a.person, name.p, name.n);
    memcpy(a.sig, sig.p, sig.n);
    if (memchr(name.p, '\0', name.n) != NULL || !hb_person_name_valid(a.person))
        return -EBADMSG;
    *ret = a;
    return 0;
}

int hb_approval_check(const struct hb_approval *a, const void *p,
                      const struct hb_request *r, struct hb_slice object,
                      const struct hb_pub *pub, int64_t now)
{
    uint8_t args[HB_SHA256_SIZE];

    /* First the signature: what it does not cover says nothing. */
    if (hb_verify(pub, "approval", hb_slice(p, a->signed_len), a->sig) != 0)
        return -EKEYREJECTED;
    if (a->issued < 0 || a->expires <= a->issued ||
        a->expires - a->issued > HB_APPROVAL_LIFETIME)
        return -EPROTO;
    /* A clock that is behind by a little is no reason to refuse. */
    if (a->issued > now + 60 * (int64_t)HB_S)
        return -EPROTO;
    if (now >= a->expires)
        return -EKEYEXPIRED;
    hb_approval_args(r, object, args);
    if (a->action != r->action || a->site != r->site || a->entry != r->entry ||
        a->baseline != r->baseline || a->incident != r->incident ||
        a->step != r->step || memcmp(a->args, args, sizeof(args)) != 0)
        return -EPERM;
    return 0;
}

bool hb_person_name_valid(const char *name)
{
    size_t n = strlen(name);

    return n >= 1 && n <= HB_PERSON_MAX && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

int hb_person_load(const char *etc_dir, const char *name,
                   struct hb_pub **ret_pub, enum hb_person_role *ret_role,
                   struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(4u << 20);
    char path[HB_MAX_PATH];
    struct hb_slice text;
    struct hb_json *json;
    const char *role;
    int r;

    if (a == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    if (!hb_person_name_valid(name))
        return hb_err_set(err, -ENOENT, _("nobody is called %s"), name);
    if (snprintf(path, sizeof(path), "%s/people/%s.json", etc_dir, name) >=
        (int)sizeof(path))
        return hb_err_set(err, -ENAMETOOLONG, _("the path is too long"));
    r = file_of_root(path, err);
    if (r < 0)
        return r;
    r = hb_file_read(a, path, PERSON_FILE_MAX, &text);
    if (r >= 0)
        r = hb_json_parse(a, text, &json, err);
    if (r < 0)
        return hb_err_at(err, r, path, 0, 0, _("cannot be read"));
    role = hb_json_str(json, "role", "");
    (void)snprintf(path, sizeof(path), "%s/people/%s.pub", etc_dir, name);
    r = file_of_root(path, err);
    if (r >= 0)
        r = hb_pub_load(path, ret_pub, err);
    if (r < 0)
        return r;
    *ret_role = hb_streq(role, "officer")  ? HB_PERSON_OFFICER
                : hb_streq(role, "deputy") ? HB_PERSON_DEPUTY
                                           : HB_PERSON_OTHER;
    return 0;
}

/* What gives power must belong to root (or to who runs us, in tests). */
static int file_of_root(const char *path, struct hb_err *err)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return hb_err_at(err, -errno, path, 0, 0, _("cannot be read"));
    if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) ||
        (st.st_mode & 022) != 0)
        return hb_err_at(err, -EPERM, path, 0, 0,
                         _("must belong to root and be writable by nobody "
                           "else"));
    return 0;
}
