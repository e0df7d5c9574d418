/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail.h - mails of ours: checkpoints to the address of the settings, notices
 * to registered people; to others only what two of those people signed.
 */
#ifndef HB_SENSE_OUTSIDE_MAIL_H
#define HB_SENSE_OUTSIDE_MAIL_H

#include "base/json.h"
#include "config/config.h"
#include "net/mail.h"

/* COMMAND: members "text" and "lines".  Errors of hb_mail_send(), and those of
 * hb_relay_secret(). */
int hb_outside_mail(const struct hb_conf_org *org,
                    const struct hb_json *command, struct hb_err *err) HB_WUR;

/* COMMAND: members "person" (a name), "subject" and "text".  The address is
 * that of ETC/people/NAME.json, which only root writes: whoever sends commands
 * cannot name one.  What the relay answered goes to ANSWER (HB_MAIL_ANSWER
 * bytes).  -ENOENT nobody active of that name, or without an address. */
int hb_outside_notify(const struct hb_conf_org *org, const char *etc_dir,
                      const struct hb_json *command, char *answer,
                      struct hb_err *err) HB_WUR;

/* COMMAND: members "terms", "text", "name", "address", "place", "path" and
 * "by" (event/mailing.h): one mail to one person outside.  Nothing of it is
 * believed but what the signatures of two different people of ETC/people
 * cover: -EBADMSG, with the reason.  The rest as hb_outside_notify(). */
int hb_outside_letter(const struct hb_conf_org *org, const char *etc_dir,
                      const struct hb_json *command, char *answer,
                      struct hb_err *err) HB_WUR;

/* COMMAND: member "text", JSON, to the webhook of the settings.  *RET_STATUS
 * as of hb_post_send(), whose errors it has, too. */
int hb_outside_hook(const struct hb_conf_org *org,
                    const struct hb_json *command, int *ret_status,
                    struct hb_err *err) HB_WUR;

/* ---- shared by mail.c and letter.c ---- */

/* The record of NAME in ETC/people, in A; -ENOENT nobody active of that
 * name. */
int hb_outside_person(struct hb_arena *a, const char *etc_dir, const char *name,
                      struct hb_json **ret) HB_WUR;

#endif
