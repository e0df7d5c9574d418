/* SPDX-License-Identifier: Apache-2.0 */
/* event_send.h - `hinoban event send NAME`; ARGV[0] is "send". */
#ifndef HB_CLI_EVENT_SEND_H
#define HB_CLI_EVENT_SEND_H

#include "cli/cli.h"

int hb_cli_event_send(struct hb_cli *cli, int argc, char **argv);

#endif
