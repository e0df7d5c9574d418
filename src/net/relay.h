/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.h - mail by the relay of the settings, and secrets that lie in files.
 *
 * A secret is read for each use and wiped after it, so that a changed one
 * counts at once and it is in memory seldom.
 */
#ifndef HB_NET_RELAY_H
#define HB_NET_RELAY_H

#include "config/config.h"
#include "net/mail.h"

#define HB_RELAY_SECRET 512u

/* Sends M by the relay of ORG, from its address; the password, where the relay
 * wants one, is that of PASSWORD_FILE, which the caller's role can read.
 * Errors of hb_mail_send() and hb_relay_secret(). */
int hb_relay_send(const struct hb_conf_org *org, const char *password_file,
                  struct hb_mail *m, struct hb_err *err) HB_WUR;

/* The one line that the file PATH of SETTING holds.  -EPERM others could read
 * it, -EINVAL no regular file, none or more than one line, control characters.
 */
int hb_relay_secret(const char *path, const char *setting,
                    char ret[HB_RELAY_SECRET], struct hb_err *err) HB_WUR;

#endif
