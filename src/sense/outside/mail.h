/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail.h - mails of ours: checkpoints to the address of the settings, notices
 * to registered people, and to nobody else.
 */
#ifndef HB_SENSE_OUTSIDE_MAIL_H
#define HB_SENSE_OUTSIDE_MAIL_H

#include "base/json.h"
#include "config/config.h"

#define HB_MAIL_PASSWORD_MAX 512u

/* COMMAND: members "text" and "lines".  Errors of hb_mail_send(), and those of
 * hb_outside_password(). */
int hb_outside_mail(const struct hb_conf_org *org,
                    const struct hb_json *command, struct hb_err *err) HB_WUR;

/* COMMAND: members "person" (a name), "subject" and "text".  The address is
 * that of ETC/people/NAME.json, which only root writes: whoever sends commands
 * cannot name one.  What the relay answered goes to ANSWER (HB_MAIL_ANSWER
 * bytes).  -ENOENT nobody active of that name, or without an address. */
int hb_outside_notify(const struct hb_conf_org *org, const char *etc_dir,
                      const struct hb_json *command, char *answer,
                      struct hb_err *err) HB_WUR;

/* COMMAND: member "text", JSON, to the webhook of the settings.  *RET_STATUS
 * as of hb_post_send(), whose errors it has, too. */
int hb_outside_hook(const struct hb_conf_org *org,
                    const struct hb_json *command, int *ret_status,
                    struct hb_err *err) HB_WUR;

/* The one line that the file PATH of SETTING holds.  -EPERM others could read
 * it, -EINVAL no regular file, none or more than one line, control characters.
 */
int hb_outside_password(const char *path, const char *setting,
                        char ret[HB_MAIL_PASSWORD_MAX],
                        struct hb_err *err) HB_WUR;

#endif
