/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail.c - see mail.h.
 *
 * Runs in the role outside.  What is mailed comes from core; by which relay and
 * with which password says the configuration; to whom say the configuration
 * and the records of people, both root's.
 */
#include "sense/outside/mail.h"

#include <stdio.h>

#include "base/file.h"
#include "base/i18n.h"
#include "net/post.h"
#include "net/relay.h"

#define TO              "mail:"
#define FILE_MAX_BYTES  16384u
#define PERSON_NAME_MAX 32u

static int address_of(struct hb_arena *a, const char *etc_dir, const char *name,
                      const char **ret, struct hb_err *err);

int hb_outside_mail(const struct hb_conf_org *org,
                    const struct hb_json *command, struct hb_err *err)
{
    struct hb_mail m = {
        .subject = _("Hinoban: checkpoint of the evidence"),
        .text = hb_slice_z(hb_json_str(command, "text", "")),
        .lines = hb_slice_z(hb_json_str(command, "lines", "")),
        .lines_name = "checkpoint.txt",
    };

    if (strncmp(org->anchor, TO, strlen(TO)) != 0)
        return hb_err_set(err, -EINVAL, _("The anchor is no mail address."));
    m.to = org->anchor + strlen(TO);
    return hb_relay_send(org, org->mail_password, &m, err);
}

int hb_outside_notify(const struct hb_conf_org *org, const char *etc_dir,
                      const struct hb_json *command, char *answer,
                      struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_mail m = {
        .subject = hb_json_str(command, "subject", ""),
        .text = hb_slice_z(hb_json_str(command, "text", "")),
        .ret_answer = answer,
    };
    int r;

    answer[0] = '\0';
    if (a == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r = address_of(a, etc_dir, hb_json_str(command, "person", ""), &m.to, err);
    return r < 0 ? r : hb_relay_send(org, org->mail_password, &m, err);
}

int hb_outside_hook(const struct hb_conf_org *org,
                    const struct hb_json *command, int *ret_status,
                    struct hb_err *err)
{
    char secret[HB_RELAY_SECRET] = "";
    const struct hb_post p = {
        .url = org->webhook,
        .json = hb_slice_z(hb_json_str(command, "text", "")),
        .secret = secret,
    };
    int r = 0;

    *ret_status = 0;
    if (org->webhook_secret[0] != '\0')
        r = hb_relay_secret(org->webhook_secret, "webhook_secret", secret, err);
    if (r == 0)
        r = hb_post_send(&p, ret_status, err);
    explicit_bzero(secret, sizeof(secret));
    return r;
}

static int address_of(struct hb_arena *a, const char *etc_dir, const char *name,
                      const char **ret, struct hb_err *err)
{
    struct hb_json *o = NULL;
    int r = hb_outside_person(a, etc_dir, name, &o);

    if (r == 0 && hb_json_str(o, "mail", "")[0] == '\0')
        r = -ENOENT;
    if (r < 0)
        return hb_err_set(err, r,
                          _("nobody of that name is registered with a mail "
                            "address"));
    *ret = hb_json_str(o, "mail", "");
    return 0;
}

int hb_outside_person(struct hb_arena *a, const char *etc_dir, const char *name,
                      struct hb_json **ret)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    char path[HB_MAX_PATH];
    struct hb_slice text;
    int r;

    /* As incident/person.h has names: none of them leaves the folder. */
    if (n < 1 || n > PERSON_NAME_MAX || name[n] != '\0' || name[0] == '.' ||
        name[0] == '-')
        return -ENOENT;
    r = snprintf(path, sizeof(path), "%s/people/%s.json", etc_dir, name);
    r = r < 0 || (size_t)r >= sizeof(path)
            ? -ENAMETOOLONG
            : hb_file_read(a, path, FILE_MAX_BYTES, &text);
    if (r == 0)
        r = hb_json_parse(a, text, ret, NULL);
    return r == 0 && !hb_json_bool(*ret, "active", true) ? -ENOENT : r;
}
