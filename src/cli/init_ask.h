/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init_ask.h - the ten questions of `hinoban init --ask`, and what follows
 * from the answers: settings, people, signed decisions, a first posture.
 */
#ifndef HB_CLI_INIT_ASK_H
#define HB_CLI_INIT_ASK_H

#include "base/arena.h"
#include "cli/cli.h"

enum hb_first { /* the questions, in their order */
                HB_FIRST_KIND,
                HB_FIRST_NAME,
                HB_FIRST_SITE, /* a folder, "elsewhere" or "no" */
                HB_FIRST_URL,  /* asked where the site is a folder */
                HB_FIRST_OFFICER,
                HB_FIRST_MAIL, /* or "no" */
                HB_FIRST_DEPUTY,
                HB_FIRST_DATA,
                HB_FIRST_PAYMENTS,
                HB_FIRST_SNS,
                HB_FIRST_LINES,
                HB_FIRST_COUNT
};

struct hb_first_answers {
    struct hb_arena *arena;        /* the caller's; all texts lie in it */
    const char *v[HB_FIRST_COUNT]; /* never NULL; "" not asked */
    struct hb_err err;
};

/* Asks on the terminal, or takes the answers from FILE ("name: value", YAML);
 * each is checked against this machine. */
int hb_first_ask(struct hb_first_answers *f, const char *file) HB_WUR;
/* Whether the answer WHICH is WORD. */
bool hb_first_is(const struct hb_first_answers *f, enum hb_first which,
                 const char *word);
/* Registers officer and deputy (`hinoban person add`), their keys below
 * KEYS_TO, or in their homes where it is NULL. */
int hb_first_people(struct hb_cli *cli, struct hb_first_answers *f,
                    const char *keys_to, const char *passphrase_file,
                    bool no_passphrase) HB_WUR;
/* Signs what does not apply with the officer's key, into etc/decisions, where
 * core takes it. */
int hb_first_decide(struct hb_cli *cli, struct hb_first_answers *f,
                    const char *keys_to, const char *passphrase_file) HB_WUR;
/* Prints the posture that follows from the answers alone. */
int hb_first_posture(struct hb_cli *cli, struct hb_first_answers *f) HB_WUR;

#endif
