/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authlog.h - log-ins as syslog and the journal tell them.
 */
#ifndef HB_CONTROL_AUTHLOG_H
#define HB_CONTROL_AUTHLOG_H

#include "control/check.h"

enum hb_auth_what {
    HB_AUTH_LOGIN,  /* USER from FROM, by the method HOW */
    HB_AUTH_FAILED, /* the same, refused */
    HB_AUTH_BECAME  /* USER became another: HOW names whom, or the command */
};

/* Texts are as they stand in the log, cut where they do not fit. */
struct hb_auth {
    enum hb_auth_what what;
    int64_t at; /* ns UTC */
    char by[32], user[64], from[64], how[160];
};

/* What TEXT (lines of syslog) tells from SINCE to NOW, the newest last, at
 * most MAX; *RET_FAILED grows by each refused log-in, of which a run in a row
 * is one entry.  A time without a zone is this machine's. */
size_t hb_authlog_read(struct hb_slice text, int64_t since, int64_t now,
                       size_t max, struct hb_auth *ret, unsigned *ret_failed);
/* The time of the last line of TEXT that has one; INT64_MIN: none has. */
int64_t hb_authlog_newest(struct hb_slice text, int64_t now);

#endif
