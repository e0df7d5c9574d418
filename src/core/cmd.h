/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd.h - what people ask of core on ctl.sock: one request as its command sees
 * it, and the tables of commands (cmd_*.c).
 *
 * To add a command: a row in one of the tables that says who may ask it and
 * which argument names the incident that it is about.
 */
#ifndef HB_CORE_CMD_H
#define HB_CORE_CMD_H

#include "core/core.h"

/* One request on ctl.sock, as its command sees it. */
struct hb_core_call {
    struct hb_core *core;
    struct hb_arena *arena;
    const struct hb_json *args; /* object, never NULL */
    enum hb_lang lang;
    struct hb_peer peer;
    const struct hb_person *person; /* NULL: an unknown uid */
    bool root;                      /* peer is uid 0: nobody in particular */
    struct hb_buf text;             /* for people */
    struct hb_buf data;             /* JSON value; empty: null */
    int pass_fd;                    /* goes along with the answer; -1 none */
    int got_fd;                     /* came with the request, borrowed; -1 */
    uint64_t ticket; /* for hb_core_ctl_answer(); 0: nobody can wait */
    bool later;      /* set: it is answered so, not now */
    struct hb_err err;
};
/* Whether whoever got TICKET still waits; the answer for them: R and, of K,
 * what goes along (text, data, err; pass_fd is taken). */
bool hb_core_ctl_waits(struct hb_core_ctl *ctl, uint64_t ticket);
void hb_core_ctl_answer(struct hb_core_ctl *ctl, uint64_t ticket, int r,
                        struct hb_core_call *k);
typedef int hb_core_cmd_fn(struct hb_core_call *call);
/* A time in the zone of the organisation. */
const char *hb_core_when(struct hb_core_call *call, int64_t ns, char *buf,
                         size_t size);
/* Words that came from outside of core, fit for a terminal; in the call's
 * arena. */
const char *hb_core_shown(struct hb_core_call *call, const char *z);
/* Says how many reports wait, to those who decide about them. */
void hb_core_reports_wait(struct hb_core_call *call);
/* Says what waits first of an incident that was just opened. */
void hb_core_first_tasks(struct hb_core_call *call, int64_t incident);
/* Whether INCIDENT is hidden from who calls. */
bool hb_core_hidden(struct hb_core_call *call, int64_t incident);

enum hb_core_need {
    HB_NEED_NOTHING, /* anybody on this machine */
    HB_NEED_READ,    /* root or a registered person */
    HB_NEED_PERSON,  /* a registered person, never root alone */
    HB_NEED_OFFICER, /* officer or admin, never root alone */
    HB_NEED_ROOT     /* root */
};

/* Which argument says what a request is about: an incident that is hidden
 * from the caller is not there (incident/hidden.h). */
enum hb_core_about {
    HB_ABOUT_NONE,
    HB_ABOUT_ID,       /* "id": an incident */
    HB_ABOUT_TASK,     /* "id": a task of one */
    HB_ABOUT_INCIDENT, /* "incident"; 0: all */
    HB_ABOUT_ALL       /* every incident */
};

struct hb_core_cmd {
    const char *name; /* "incident.list" */
    enum hb_core_need need;
    hb_core_cmd_fn *fn;
    enum hb_core_about about;
};
/* "posture.history": {"days": 30}, newest first, each verified. */
hb_core_cmd_fn hb_core_history;
/* "evidence.export": {"incident": ID} or {"whole": true}, "fetch": true. */
hb_core_cmd_fn hb_core_evidence_export;

extern const struct hb_core_cmd hb_core_cmds_read[]; /* name NULL ends */
extern const struct hb_core_cmd hb_core_cmds_work[];
extern const struct hb_core_cmd hb_core_cmds_admin[];
extern const struct hb_core_cmd hb_core_cmds_fact[];
extern const struct hb_core_cmd hb_core_cmds_circle[];
extern const struct hb_core_cmd hb_core_cmds_clock[];
extern const struct hb_core_cmd hb_core_cmds_metrics[];
extern const struct hb_core_cmd hb_core_cmds_report[];
extern const struct hb_core_cmd hb_core_cmds_message[];
extern const struct hb_core_cmd hb_core_cmds_mailing[];
extern const struct hb_core_cmd hb_core_cmds_document[];

/* Adds to the text of "status" whom no mail has reached (core_message.c). */
int hb_core_messages_status(struct hb_core_call *call) HB_WUR;

#endif
