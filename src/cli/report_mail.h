/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_mail.h - the mail pipe of `hinoban report mail`.
 */
#ifndef HB_CLI_REPORT_MAIL_H
#define HB_CLI_REPORT_MAIL_H

#include "cli/cli.h"

/* Hands in the mail on standard input: 0 when the service has stored it, else
 * EX_TEMPFAIL (75), so that the mail system keeps it and tries again. */
int hb_cli_report_mail(const struct hb_cli *cli);

#endif
