/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail.h - mails of ours, to the address of the settings and no other.
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

/* The one line that the file PATH holds.  -EPERM others could read it, -EINVAL
 * no regular file, none or more than one line, control characters. */
int hb_outside_password(const char *path, char ret[HB_MAIL_PASSWORD_MAX],
                        struct hb_err *err) HB_WUR;

#endif
