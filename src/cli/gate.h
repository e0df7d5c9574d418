/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.h - what the files of `hinoban gate` share.
 */
#ifndef HB_CLI_GATE_H
#define HB_CLI_GATE_H

#include "cli/client.h"
#include "config/config.h"
#include "guard/gate/build.h"
#include "guard/gate/finding.h"

/* Settings and places, for one command. */
struct hb_cli_gate {
    const struct hb_cli *cli;
    struct hb_arena *a;
    struct hb_config *config;
    struct hb_gate gate;
    bool no_reload; /* --no-reload */
    char canary[HB_MAX_PATH], bans[HB_MAX_PATH];
};

/* Options of a person's decision. */
struct hb_cli_gate_who {
    const char *person, *key_file, *pass, *reason, *until;
    bool yes;
};

hb_cli_fn hb_cli_gate_selftest, hb_cli_gate_try, hb_cli_gate_allow,
    hb_cli_gate_allowed, hb_cli_gate_findings, hb_cli_gate_forbid,
    hb_cli_gate_patch, hb_cli_gate_bans, hb_cli_gate_ban, hb_cli_gate_unban,
    hb_cli_gate_pass;

/* Takes --no-reload; reads the settings.  Close with _done, also where it
 * failed. */
int hb_cli_gate_open(const struct hb_cli *cli, int *argc, char **argv,
                     struct hb_cli_gate *ret, struct hb_err *err) HB_WUR;
void hb_cli_gate_done(struct hb_cli_gate *g);

/* Takes --person, --key, --passphrase-file, --reason, --until and --yes. */
void hb_cli_gate_who(int *argc, char **argv, struct hb_cli_gate_who *ret);
/* "2026-12-31": the end of that day where the organisation is, in seconds
 * since 1970. */
int hb_cli_gate_until(const struct hb_cli_gate *g, const char *text,
                      int64_t *ret, struct hb_err *err) HB_WUR;
/* The day that ends at UNTIL, where the organisation is. */
const char *hb_cli_gate_day(const struct hb_cli_gate *g, int64_t until,
                            char buf[16]);
/* Who decides, with the right to (officer or admin), and the key. */
int hb_cli_gate_person(struct hb_cli_gate *g, const struct hb_cli_gate_who *w,
                       const char **ret_name, struct hb_key **ret_key,
                       struct hb_err *err) HB_WUR;
/* Asks at the terminal; without one, only --yes is a yes. */
bool hb_cli_gate_yes(const struct hb_cli_gate_who *w);

/* Builds, lets the web server try it (what was there comes back where it does
 * not like it) and reads it in.  The caller holds the lock. */
int hb_cli_gate_put(struct hb_cli_gate *g, struct hb_gate_built *ret,
                    struct hb_err *err) HB_WUR;
/* Writes a file that the web server's workers may read, and nobody else but
 * root; after a crash there is the old one or the new one. */
int hb_cli_gate_for_web(const struct hb_cli_gate *g, const char *path,
                        struct hb_slice text, struct hb_err *err) HB_WUR;
/* Calls FN with each line of the log PATH, of its last 64 MiB; -ENOENT where
 * there is none. */
int hb_cli_gate_lines(const char *path,
                      void (*fn)(void *arg, struct hb_slice line), void *arg,
                      struct hb_err *err) HB_WUR;
/* Notes of a build, for people. */
void hb_cli_gate_notes(const struct hb_gate_built *x);
/* Tells the service what a person decided; says so on standard error where
 * none runs. */
void hb_cli_gate_tell(const struct hb_cli_gate *g, const char *what,
                      const char *person, const char *text);
/* The same about something grave or not, STATUS "passed" or "failed". */
void hb_cli_gate_event(const struct hb_cli_gate *g, enum hb_severity sev,
                       const char *what, const char *status, const char *person,
                       const char *text);
/* Whether the firewall, as it is set, stops anything at all. */
bool hb_cli_gate_blocks(const struct hb_cli_gate *g);
/* Attacks each site of ours, tells and proves what came of it.  0, 1 where
 * one was not stopped, or -errno with ERR where nothing could be tried. */
int hb_cli_gate_attack(struct hb_cli_gate *g, struct hb_err *err) HB_WUR;

#endif
