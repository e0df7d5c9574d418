/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core.h - the role "core": the only writer of the state store.
 *
 * core hears events on event.sock (from our own roles), requests on ctl.sock
 * (from anybody; the peer's uid is mapped to a person), and asks the helper on
 * helper-core.sock.  It keeps no privilege, opens no network, runs nothing.
 * One thread, one loop; this header is shared by the files of this folder.
 */
#ifndef HB_CORE_CORE_H
#define HB_CORE_CORE_H

#include "base/loop.h"
#include "base/sock.h"
#include "casebook/posture.h"
#include "config/role_ctx.h"
#include "detect/detect.h"
#include "event/action.h"
#include "incident/evidence.h"
#include "incident/incident.h"
#include "incident/person.h"
#include "store/events.h"

struct hb_deed;
struct hb_core_helper;
struct hb_play;
struct hb_core_bus;
struct hb_core_ctl;

/* How a part of Hinoban last reported itself (APP_LIFECYCLE events). */
struct hb_core_part {
    char name[32];   /* "sense/files watch" */
    char status[32]; /* "ready", "degraded", "stopped", ... */
    char detail[160];
    int64_t at; /* ns UTC */
};
#define HB_CORE_PARTS 32

/* A step that waits for a part which is not connected (play_deed.c). */
struct hb_core_late {
    int64_t incident; /* 0: free */
    uint64_t step;
    uint64_t since, asked; /* monotonic */
};

/* When something last happened to a site (core_reflex.c). */
struct hb_core_noise {
    char site[64];
    uint64_t at; /* monotonic */
};

struct hb_core {
    const struct hb_role_ctx *ctx;
    struct hb_loop *loop;
    struct hb_casebook *book;
    struct hb_rules *rules;
    struct hb_groups *groups;
    struct hb_state state;
    struct hb_events *events;
    struct hb_key *evidence_key;
    struct hb_pub *evidence_pub;
    struct hb_core_bus *bus;
    struct hb_core_ctl *ctl;
    struct hb_core_helper *helper;
    struct hb_play *play;
    struct hb_core_part parts[HB_CORE_PARTS];
    size_t parts_n;
    struct hb_rulepack *pack;      /* NULL: could not be read */
    struct hb_contract *contracts; /* of the settings (core_clock.c) */
    unsigned clocks_s;
    struct hb_core_late late[16];
    uint64_t away_ns;   /* so long a part may be away before a step that needs
                           it fails: it may be starting again */
    uint64_t answer_ns; /* so long the helper may take over an answer before
                           it counts as hanging */
    struct hb_deed *deeds;   /* actions in flight (play_deed.h) */
    unsigned staged_flying;  /* requests about staged evidence */
    int64_t staged_doubtful; /* rows of `staged` before this one may have
                                been taken without being recorded: by a core
                                that died, or where the state store refused;
                                0: not looked yet */
    unsigned staged_singly;  /* so many are still asked for one at a time,
                                since the helper broke off */
    unsigned exports_out;    /* packages that somebody may be fetching */
    struct hb_core_exporting *exporting; /* one that is being made */
    int64_t started;
    uint64_t events_taken;
    uint64_t own_controls_at;
    struct hb_core_noise noise[64];
    unsigned reflex_flying;              /* deeds of core's own at the helper */
    uint64_t reflex_again, reflex_start; /* monotonic */
    bool reflex_alone; /* the helper broke off: one deed at a time now, */
    uint8_t reflex_key[HB_ACT_KEY_SIZE]; /* so that it is known which one */
    unsigned reflex_breaks;              /* breaks it */
    int64_t wall_offset; /* wall minus monotonic, to notice jumps */
    bool mailing;        /* a checkpoint is on its way */
    int64_t message;     /* the notice that is on its way; 0 none */
    struct {             /* the mail to somebody outside that is; 0 none */
        int64_t mailing, place;
    } letter;
    int64_t signed_lines;  /* of the log, with the last checkpoint */
    int64_t signed_at;     /* ns UTC */
    int64_t mailing_items; /* of evidence, in it */
    struct hb_core_paper {
        int64_t number, contents; /* of the checkpoint, of the log */
        int64_t first;   /* when the first content behind it came, 0 none */
    } paper_seen;        /* so that the log is not read each time */
    bool degraded;       /* the store refuses; guards go on */
    unsigned degraded_s; /* for so many seconds */
    char trouble[HB_MAX_ERR]; /* why, in words */
};

int hb_core_main(const struct hb_role_ctx *ctx);

/* ---- core_take.c: events into findings, timeline, controls ---- */

/* So many moments of an incident are told one by one; the rest is counted
 * (table tally), and the events keep all of them. */
#define HB_CORE_TOLD_MAX 100

/* Takes a batch: state changes in one transaction, then the event days are
 * made durable.  0: all may be acknowledged. */
int hb_core_take(struct hb_core *c, const struct hb_event *const *events,
                 size_t n, struct hb_err *err) HB_WUR;
/* Whether an event of SOURCE is a program's that is not ours: it is stored and
 * rules see it, nothing else believes it. */
bool hb_core_foreign(const char *source);
/* Makes an event of core's own and takes it. */
void hb_core_say(struct hb_core *c, enum hb_severity sev, const char *status,
                 const char *detail);

/* Facts of the state (hb_state_get): changes of a site's deploys that wait. */
#define HB_CORE_PENDING "pending."

/* ---- core_space.c ---- */
/* Deletes what is due and was announced, warns of what fills up; called once
 * an hour. */
void hb_core_space(struct hb_core *c);

/* ---- core_helper.c: requests to the helper, many in flight ---- */

/* FD is the descriptor that came with the answer, or -1; the callee owns it.
 * REPLY is NULL where the helper could not be reached. */
typedef void hb_core_answer(void *arg, const struct hb_reply *reply, int fd);

int hb_core_helper_new(struct hb_core *c, const char *path,
                       struct hb_core_helper **ret) HB_WUR;
void hb_core_helper_free(struct hb_core_helper *h);
/* Copies R (seq is chosen here).  FD may be -1 and stays the caller's. */
int hb_core_ask(struct hb_core_helper *h, const struct hb_request *r, int fd,
                hb_core_answer *fn, void *arg) HB_WUR;
bool hb_core_helper_alive(const struct hb_core_helper *h);

/* ---- core_evidence.c: what the helper took out of a site ---- */

/* Remembers (in the open transaction) that KEY_HEX waits in staging. */
int hb_core_staged_note(struct hb_core *c, const char *key_hex,
                        int64_t incident, const char *path,
                        const char *event_uid) HB_WUR;
/* Fetches what waits into the evidence store; called after each batch and by
 * the timer, goes on by itself. */
void hb_core_staged_fetch(struct hb_core *c);
/* A moment of the timeline about an item of evidence. */
int hb_core_evidence_told(struct hb_core *c,
                          const struct hb_evidence_item *item) HB_WUR;

/* ---- core_anchor.c: checkpoints leave the machine ---- */
enum hb_core_send {
    HB_SEND_NO_MAIL, /* the loop ended: nobody would hear the answer */
    HB_SEND_DUE,     /* a mail at most once an hour, later after failures */
    HB_SEND_NOW,     /* a person asks */
    HB_SEND_PAPER    /* nowhere: a person prints it */
};
/* Signs the head of the chain and sends it where the anchor says; the line goes
 * to RET_LINE (NULL: to nobody).  A failure is told here (an event at the
 * first of a row). */
int hb_core_checkpoint(struct hb_core *c, enum hb_core_send when,
                       struct hb_buf *ret_line, struct hb_err *err) HB_WUR;
/* PERSON says that the paper with CODE ("NUMBER-DIGITS", digits of the
 * digest) was put away at PLACE: an anchor for all that was taken before that
 * checkpoint.  -EINVAL no code, -EUCLEAN the log has no such checkpoint. */
int hb_core_anchor_paper(struct hb_core *c, const struct hb_person *person,
                         const char *code, const char *place,
                         struct hb_err *err) HB_WUR;
/* Whether the evidence is anchored, and in words, for hb_control_reason();
 * *RET_FAILING: the last try to send one was in vain. */
#define HB_CORE_REASON 512u
bool hb_core_anchor_reason(struct hb_core *c, char reason[HB_CORE_REASON],
                           bool *ret_failing);

/* ---- core_message.c: notices to people ---- */
/* Hands over what is due; called once a second. */
void hb_core_messages_second(struct hb_core *c);

/* ---- core_mailing.c: papers to people outside ---- */
/* Hands over one mail of what two people released; called once a second. */
void hb_core_mailing_second(struct hb_core *c);

/* ---- core_export.c ---- */
/* Packages of evidence below the state directory begin with this. */
#define HB_EXPORT "export-"
/* Removes the packages that are older than a day or that were fetched; at the
 * start of core also what the one before left, half made or half fetched. */
enum hb_core_clear { HB_CLEAR_FETCHED, HB_CLEAR_OLD, HB_CLEAR_START };
void hb_core_exports_clear(struct hb_core *c, enum hb_core_clear when);
/* One that is being made is made no more. */
void hb_core_exporting_stop(struct hb_core *c);

/* ---- core_posture.c ---- */
int hb_core_posture(struct hb_core *c, struct hb_arena *a,
                    struct hb_posture **ret) HB_WUR;
/* Whether a rehearsal of case NUMBER passed after SINCE, bound to what runs
 * now. */
bool hb_core_proved(struct hb_core *c, unsigned number, int64_t since);
/* The check saw the firewall in nginx's settings; where it is ours and blocks,
 * that counts only while an attack of our own was stopped lately (`hinoban
 * gate selftest`).  Changes STATUS and REASON where it does not. */
void hb_core_gate_doubt(struct hb_core *c, enum hb_control_status *status,
                        const char **reason);
/* Results of the controls that only core can know (people, reflex, anchor,
 * drill); written as control results. */
void hb_core_own_controls(struct hb_core *c);
/* The same, at most once in ten seconds. */
void hb_core_own_controls_if_due(struct hb_core *c);
/* What a proof must be bound to now: configuration, case book, assets; the
 * caller fills in kind, case and age. */
struct hb_proof_binding;
int hb_core_binding(struct hb_arena *a, const char *config_path,
                    const struct hb_config *config,
                    const struct hb_casebook *book,
                    struct hb_proof_binding *ret) HB_WUR;
int hb_core_control_set(struct hb_core *c, const char *control,
                        enum hb_control_status status, const char *reason,
                        const char *evidence, int64_t until) HB_WUR;

/* Whether core itself gives the results of this control. */
bool hb_core_checks(const char *control);

/* ---- play_port.c ---- */
/* Whether the machine carries out this action; false: a person is asked. */
bool hb_core_can(const char *action);

/* ---- people.c ---- */
int hb_core_people_sync(struct hb_core *c, struct hb_err *err) HB_WUR;

/* ---- core_decided.c ---- */
/* Takes signed decisions of etc/decisions that are not in the record. */
void hb_core_decided(struct hb_core *c);

/* ---- core_ctl.c ---- */
int hb_core_ctl_new(struct hb_core *c, int listen_fd,
                    struct hb_core_ctl **ret) HB_WUR;
void hb_core_ctl_free(struct hb_core_ctl *ctl);

/* ---- core_history.c ---- */
/* Keeps today's posture, signed, where it is not kept yet. */
void hb_core_history_note(struct hb_core *c);

#endif
