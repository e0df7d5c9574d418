/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site.h - what the files of `hinoban site` share: a configured site, opened
 * for publishing.
 */
#ifndef HB_CLI_SITE_H
#define HB_CLI_SITE_H

#include "baseline/publish.h"
#include "cli/client.h"
#include "config/config.h"

struct hb_cli_site {
    struct hb_config *config;
    const struct hb_conf_site *conf;
    int base; /* baseline directory of all sites */
    struct hb_pub *pub;
    struct hb_key *key;    /* after hb_cli_site_key() */
    struct hb_publish how; /* all but TREE, filled in */
};

/* Opens the configured site NAME; hb_cli_site_done() also after a failure. */
int hb_cli_site_open(const struct hb_cli *cli, const char *name,
                     struct hb_cli_site *ret, struct hb_err *err) HB_WUR;
/* Loads the publish key, asking for its passphrase where it has one. */
int hb_cli_site_key(const struct hb_cli *cli, const char *passphrase_file,
                    struct hb_cli_site *s, struct hb_err *err) HB_WUR;
void hb_cli_site_done(struct hb_cli_site *s);

/* Deploy windows (site_window.c): ARGV[0] is the verb. */
int hb_cli_site_window(struct hb_cli *cli, int argc, char **argv);
int hb_cli_site_pending(struct hb_cli *cli, int argc, char **argv);
int hb_cli_site_accept(struct hb_cli *cli, int argc, char **argv);
int hb_cli_site_reject(struct hb_cli *cli, int argc, char **argv);
/* What another machine needs to look from there (vantage.c). */
int hb_cli_site_vantage(struct hb_cli *cli, int argc, char **argv);

#endif
