/* SPDX-License-Identifier: Apache-2.0 */
/*
 * letter.c - one mail to somebody outside, checked before it leaves.
 *
 * Runs in the role outside.  Core says what to send to whom, and core may be
 * in an attacker's hands: the mail leaves only where two different people, of
 * root's records and with a role that may, signed these terms; where the text
 * is the one they signed; and where this name and address stand at this place
 * of the list they signed (event/mailing.h).
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/mime.h"
#include "base/num.h"
#include "event/mailing.h"
#include "net/relay.h"
#include "sense/outside/mail.h"

struct signer {
    const char *name;
    uint8_t pub[HB_PUB_SIZE];
};

static int released(const struct hb_json *by, const char *etc_dir,
                    const struct hb_mailing_terms *t, struct hb_err *err);
static int check_one(struct hb_arena *a, const char *etc_dir,
                     const struct hb_json *by, const struct hb_mailing_terms *t,
                     struct signer *ret);
static bool may(const char *roles);
static int read_terms(const struct hb_json *o, struct hb_mailing_terms *ret);
static bool in_list(const struct hb_json *command,
                    const struct hb_mailing_terms *t);

int hb_outside_letter(const struct hb_conf_org *org, const char *etc_dir,
                      const struct hb_json *command, char *answer,
                      struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    struct hb_slice said = hb_slice_z(hb_json_str(command, "text", ""));
    struct hb_mailing_terms t;
    uint8_t hash[HB_SHA256_SIZE];
    struct hb_mail m = {.to = hb_json_str(command, "address", ""),
                        .ret_answer = answer};
    int r = read_terms(hb_json_get(command, "terms"), &t);

    answer[0] = '\0';
    if (r < 0)
        return hb_err_set(err, -EBADMSG, _("a mailing without terms"));
    r = released(hb_json_get(command, "by"), etc_dir, &t, err);
    if (r < 0)
        return r;
    hb_sha256(said.p, said.n, hash);
    if (memcmp(hash, t.text, sizeof(hash)) != 0 || !hb_mailing_text_ok(said))
        return hb_err_set(err, -EBADMSG,
                          _("the text is not the one that was released"));
    if (!in_list(command, &t))
        return hb_err_set(err, -EBADMSG,
                          _("this person is not on the list that was "
                            "released"));
    if (!hb_mailing_in_time(hb_now(), t.until))
        return hb_err_set(err, -EBADMSG,
                          _("the time for which it was released is over"));
    hb_mailing_fill(&text, said, hb_json_str(command, "name", ""));
    r = hb_buf_err(&text);
    if (r < 0)
        return hb_err_set(err, r, _("out of memory"));
    m.subject = t.subject;
    m.text = hb_buf_slice(&text);
    return hb_relay_send(org, org->mail_password, &m, err);
}

static int released(const struct hb_json *by, const char *etc_dir,
                    const struct hb_mailing_terms *t, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct signer s[HB_MAILING_RELEASES];
    size_t n = 0;

    if (a == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    for (const struct hb_json *o = by != NULL ? by->first : NULL;
         o != NULL && n < HB_MAILING_RELEASES; o = o->next, n++)
        if (check_one(a, etc_dir, o, t, &s[n]) < 0)
            return hb_err_set(err, -EBADMSG,
                              _("the release by %.32s does not hold"),
                              hb_json_str(o, "person", "?"));
    if (n < HB_MAILING_RELEASES)
        return hb_err_set(err, -EBADMSG, _("two people have to release it"));
    if (hb_streq(s[0].name, s[1].name) ||
        memcmp(s[0].pub, s[1].pub, HB_PUB_SIZE) == 0)
        return hb_err_set(err, -EBADMSG,
                          _("one person released it twice; two have to"));
    return 0;
}

static int check_one(struct hb_arena *a, const char *etc_dir,
                     const struct hb_json *by, const struct hb_mailing_terms *t,
                     struct signer *ret)
{
    _cleanup_buf_ struct hb_buf message = HB_BUF_INIT;
    uint8_t sig[HB_SIG_SIZE];
    char path[HB_MAX_PATH];
    struct hb_pub *pub = NULL;
    struct hb_json *person;
    int r;

    ret->name = hb_json_str(by, "person", "");
    r = hb_outside_person(a, etc_dir, ret->name, &person);
    if (r == 0 && !may(hb_json_str(person, "roles", "")))
        r = -EACCES;
    if (r == 0)
        r = hb_unhex(hb_slice_z(hb_json_str(by, "sig", "")), sig, sizeof(sig));
    if (r == 0)
        r = hb_mailing_message(&message, t, ret->name);
    if (r < 0)
        return r;
    r = snprintf(path, sizeof(path), "%s/people/%s.pub", etc_dir, ret->name);
    if (r < 0 || (size_t)r >= sizeof(path))
        return -ENAMETOOLONG;
    r = hb_pub_load(path, &pub, NULL);
    if (r == 0)
        r = hb_pub_raw(pub, ret->pub);
    if (r == 0)
        r = hb_verify(pub, "mailing", hb_buf_slice(&message), sig);
    hb_pub_free(pub);
    return r;
}

/* ROLES: "officer,admin". */
static bool may(const char *roles)
{
    char one[32];

    for (size_t n; *roles != '\0'; roles += n + (roles[n] == ',')) {
        n = strcspn(roles, ",");
        if (n < sizeof(one)) {
            memcpy(one, roles, n);
            one[n] = '\0';
            if (hb_mailing_releaser(one))
                return true;
        }
    }
    return false;
}

static int read_terms(const struct hb_json *o, struct hb_mailing_terms *ret)
{
    if (o == NULL || o->type != HB_JSON_OBJ)
        return -EBADMSG;
    *ret = (struct hb_mailing_terms){
        .uid = hb_json_str(o, "uid", ""),
        .paper = hb_json_str(o, "paper", ""),
        .subject = hb_json_str(o, "subject", ""),
        .incident = hb_json_int(o, "incident", 0),
        .count = hb_json_int(o, "count", 0),
        .until = hb_json_int(o, "until_ns", 0),
    };
    if (!hb_mailing_subject_ok(ret->subject) || ret->count < 1 ||
        ret->count > HB_MAILING_TO_MAX ||
        hb_unhex(hb_slice_z(hb_json_str(o, "text", "")), ret->text,
                 sizeof(ret->text)) < 0 ||
        hb_unhex(hb_slice_z(hb_json_str(o, "root", "")), ret->root,
                 sizeof(ret->root)) < 0)
        return -EBADMSG;
    return 0;
}

static bool in_list(const struct hb_json *command,
                    const struct hb_mailing_terms *t)
{
    const char *name = hb_json_str(command, "name", ""),
               *address = hb_json_str(command, "address", "");
    const struct hb_json *path = hb_json_get(command, "path");
    int64_t place = hb_json_int(command, "place", -1);
    hb_merkle_hash leaf, hashes[HB_MERKLE_PATH_MAX];
    size_t n = 0;

    if (place < 0 || place >= t->count || !hb_mailing_name_ok(name) ||
        !hb_mail_address_ok(address) ||
        hb_mailing_leaf(name, address, leaf) < 0)
        return false;
    for (const struct hb_json *h = path != NULL ? path->first : NULL; h != NULL;
         h = h->next, n++)
        if (n == HB_MERKLE_PATH_MAX || h->type != HB_JSON_STR ||
            hb_unhex(h->str, hashes[n], sizeof(hashes[n])) < 0)
            return false;
    return hb_merkle_holds(leaf, (size_t)place, (size_t)t->count,
                           (const hb_merkle_hash *)hashes, n, t->root);
}
