/* SPDX-License-Identifier: Apache-2.0 */
/* case_propose.h - `hinoban case propose`. */
#ifndef HB_CLI_CASE_PROPOSE_H
#define HB_CLI_CASE_PROPOSE_H

#include "casebook/casebook.h"
#include "cli/cli.h"

/* ARGV[0] is "propose"; an enum hb_exit. */
int hb_case_propose(struct hb_cli *cli, int argc, char **argv,
                    const struct hb_casebook *b);

#endif
