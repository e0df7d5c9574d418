/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - one request to the service on ctl.sock, and its answer; and the
 * private key of the person who calls.
 */
#ifndef HB_CLI_CLIENT_H
#define HB_CLI_CLIENT_H

#include "base/json.h"
#include "cli/cli.h"
#include "crypto/crypto.h"

/* Sends CMD with ARGS (object's JSON text) and waits for the answer; *RET is
 * the whole answer in A, its "ok" is true.  ERR tells what the service said,
 * or how to start it where nobody listens. */
int hb_client_call(const struct hb_cli *cli, struct hb_arena *a,
                   const char *cmd, const char *args,
                   const struct hb_json **ret, struct hb_err *err) HB_WUR;
/* The same; *RET_FD is the descriptor that came with the answer, the caller's
 * from then on, or -1. */
int hb_client_call_fd(const struct hb_cli *cli, struct hb_arena *a,
                      const char *cmd, const char *args,
                      const struct hb_json **ret, int *ret_fd,
                      struct hb_err *err) HB_WUR;
/* As hb_client_call(), with FD (the caller's) beside the request. */
int hb_client_send_fd(const struct hb_cli *cli, struct hb_arena *a,
                      const char *cmd, const char *args, int fd,
                      const struct hb_json **ret, struct hb_err *err) HB_WUR;

/* The same, printing "text" (or "data" with --json); an enum hb_exit. */
int hb_client_print(const struct hb_cli *cli, const char *cmd,
                    const char *args);
/* Prints an answer as hb_client_print() does. */
int hb_client_show(const struct hb_cli *cli, const struct hb_json *answer);

/* Tells a running service that files of etc/ changed; silent where none
 * runs. */
void hb_client_tell(const struct hb_cli *cli, const char *cmd);

/* The key of the person who calls: FILE, else HINOBAN_KEY, else
 * ~/.config/hinoban/person.key; asks for its passphrase where it has one. */
int hb_client_key(const char *file, const char *passphrase_file,
                  struct hb_key **ret, struct hb_err *err) HB_WUR;

/* The name under which whoever calls is registered: PERSON where it is given
 * (--person), else what the service says of the caller's account. */
int hb_client_me(const struct hb_cli *cli, struct hb_arena *a,
                 const char *person, const char **ret,
                 struct hb_err *err) HB_WUR;

/* With --json: prints one object with one string; else prints FMT. */
int hb_cli_said(const struct hb_cli *cli, const char *member, const char *value,
                const char *fmt, ...) HB_PRINTF(4, 5);

/* The include file and the visitors' page of SITE below the private directory;
 * NGINX (NULL: none) is asked whether it agrees. */
struct hb_conf_site;
int hb_cli_private(const struct hb_cli *cli, const struct hb_conf_site *site,
                   const char *nginx, struct hb_err *err) HB_WUR;

/* Options "--name VALUE" or "--name=VALUE" after the positional words: takes
 * it out of ARGV and returns the value, or NULL.  FLAG takes "--name". */
const char *hb_client_opt(int *argc, char **argv, const char *name);
bool hb_client_flag(int *argc, char **argv, const char *name);

#endif
