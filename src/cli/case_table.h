/* SPDX-License-Identifier: Apache-2.0 */
/* case_table.h - `hinoban case table`. */
#ifndef HB_CLI_CASE_TABLE_H
#define HB_CLI_CASE_TABLE_H

#include "casebook/casebook.h"
#include "cli/cli.h"

/* An enum hb_exit. */
int hb_case_table(struct hb_cli *cli, const struct hb_casebook *b);

#endif
