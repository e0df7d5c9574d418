/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_form.h - the slip of `hinoban report form`.
 */
#ifndef HB_CLI_REPORT_FORM_H
#define HB_CLI_REPORT_FORM_H

#include "cli/cli.h"

/* Prints the slip to be filled in by hand, as HTML to print or as text. */
int hb_cli_report_form(const struct hb_cli *cli, bool html);

#endif
