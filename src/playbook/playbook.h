/* SPDX-License-Identifier: Apache-2.0 */
/*
 * playbook.h - the step engine: runs a case's playbook for an incident.
 *
 * All progress is in the state store (tables run, run_step, run_variable):
 * the engine keeps nothing in memory that matters, so that kill -9 between
 * any two steps loses and doubles nothing.  A step is one transaction from
 * "waiting" to "begun" and one from "begun" to its end; an action carries an
 * idempotency key that was stored before it was asked for, so that after a
 * restart the engine first asks whether it was done.
 *
 * Runs in core, one thread, called by core's loop; the engine itself opens no
 * socket: what it wants done goes through the port.  README.md beside this
 * file says how a run is stored and what each kind of step does.
 */
#ifndef HB_PLAYBOOK_PLAYBOOK_H
#define HB_PLAYBOOK_PLAYBOOK_H

#include "event/action.h"
#include "incident/incident.h"
#include "incident/person.h"

struct hb_play;

/* An action step that has begun. */
struct hb_play_act {
    int64_t incident;
    int64_t run;
    const char *place;     /* step id and path of rounds: unique */
    int64_t approval;      /* task by which it was approved; 0 none */
    const uint8_t *undoes; /* key of the action that this one takes
                              back; NULL: none */
    const struct hb_step *step;
    const char *object; /* of the incident: the site */
    uint8_t key[HB_ACT_KEY_SIZE];
    bool again; /* after a restart: ask first whether it was
                   done, where that can be asked */
    size_t args_n;
    const struct hb_play_arg {
        const char *name, *value;
    } * args; /* variables already put in */
};

enum hb_play_result {
    HB_PLAY_DONE,
    HB_PLAY_FAILED, /* on_failure */
    HB_PLAY_ASK,    /* the helper wants an approval: a task is
                       made for the officer, then begun again */
    HB_PLAY_UNKNOWN /* was begun, cannot be queried: a person
                       resumes it (TRUST: Actions) */
};

/* What the engine needs from core. */
struct hb_play_port {
    void *arg;
    /* Begins the action; the answer comes by hb_play_answer(), later or before
     * this returns.  A negative return is "could not be reached, nothing was
     * begun": tried again by the tick; -ENOSYS: there is no such action, the
     * step fails.  No transaction is open. */
    int (*act)(void *arg, const struct hb_play_act *act);
    /* Writes the documents of a step; 0 or -errno. */
    int (*document)(void *arg, int64_t incident, const char *id);
    int64_t (*now)(void *arg); /* NULL: hb_now() */
    /* 1 where a valid proof of the case, younger than SINCE, stands; NULL:
     * none ever does. */
    int (*proved)(void *arg, int case_number, int64_t since);
};

int hb_play_new(struct hb_state *s, const struct hb_play_port *port,
                struct hb_play **ret) HB_WUR;
void hb_play_free(struct hb_play *p);

/* Begins the playbook of the incident's case, where it has one and none runs
 * yet; then goes as far as it can.  Within a transaction of the caller only
 * the run is noted, and the tick begins it.  -ENOTSUP: the playbook has a
 * step of a type that this program does not know; nothing was begun. */
int hb_play_begin(struct hb_play *p, int64_t incident);
/* Goes on with every run: after a task was answered, an action ended, a timer
 * ran out, and once a second.  Safe to call at any time. */
int hb_play_tick(struct hb_play *p);

/* ---- people ---- */

/* Answers a task as hb_task_answer() does, but refuses with -ENODATA while
 * evidence that its step demands is missing, and with -EINVAL where the
 * answer is not of the type that the step asks for; then goes on.  Every
 * answer to a task should come by here.  -EINPROGRESS: first of four eyes. */
int hb_play_task_answer(struct hb_play *p, int64_t task, int64_t person,
                        bool done, const char *answer,
                        struct hb_err *err) HB_WUR;
/* The kinds of evidence (bits 1u << enum hb_evidence_kind) that the step of
 * TASK demands and that are not there, if ANSWER were its answer; 0: it may
 * close.  Writes the step's documents where they are missing. */
int hb_play_evidence_missing(struct hb_play *p, int64_t task,
                             const char *answer) HB_WUR;
/* The step that a task (struct hb_task: step) or a view belongs to; NULL
 * where the loaded playbook has none. */
const struct hb_step *hb_play_step(struct hb_play *p, int64_t incident,
                                   const char *place);
/* The answer to an action.  SETS: JSON object of variables that the action
 * found out ({} none); WORDS: one line for the timeline, as it is or a message
 * of the catalogue in English (N_()).  Negative: it was not kept, and the
 * action is asked for again by the tick (-ENOENT no such key, -EALREADY
 * answered before). */
int hb_play_answer(struct hb_play *p, const uint8_t key[HB_ACT_KEY_SIZE],
                   enum hb_play_result result, const char *sets,
                   const char *words) HB_WUR;
/* A person resumes a step that HB_PLAY_UNKNOWN stopped: DONE says that it was
 * done. */
int hb_play_resume(struct hb_play *p, int64_t incident, const char *place,
                   bool done, const struct hb_person *by,
                   struct hb_err *err) HB_WUR;

/* Takes back the action of a step that has ended, by its undo step.
 * -ENOTSUP it has none, -ENOENT, -EINVAL not done, -EALREADY taken back,
 * -EINPROGRESS. */
int hb_play_undo(struct hb_play *p, int64_t incident, const char *place,
                 const struct hb_person *by, struct hb_err *err) HB_WUR;
/* Goes on with a run that has failed, that a person ended, or that is stuck
 * because its playbook was changed so that its place is gone; by the playbook
 * as it is loaded now.  What has ended well stays, and what a person decided
 * against.  FROM names a place, or is NULL.
 * Failed or ended: what stopped it is done again; with FROM everything from
 * there on that did not end well.  Stuck: steps of phases before that of FROM
 * (NULL: of what is under way) are left out.
 * -EINVAL it neither failed nor is stuck, or the incident is closed, -ENOENT,
 * -EALREADY nothing is left to do. */
int hb_play_restart(struct hb_play *p, int64_t incident, const char *from,
                    const struct hb_person *by, struct hb_err *err) HB_WUR;

enum hb_play_state {
    HB_PLAY_WAITING = 1,
    HB_PLAY_BEGUN,
    HB_PLAY_ENDED,
    HB_PLAY_FAILED_STEP,
    HB_PLAY_SKIPPED,
    HB_PLAY_STUCK
};

struct hb_play_view { /* one step of a run, for people */
    const char *place;
    const struct hb_step *step;
    enum hb_play_state state;
    int64_t started, finished;
    const char *result; /* as kept: hb_gettext() it */
};
typedef int hb_play_fn(void *arg, const struct hb_play_view *v);
/* Steps that were reached, in order. */
int hb_play_each(struct hb_play *p, int64_t incident, hb_play_fn *fn,
                 void *arg) HB_WUR;
/* How the run of an incident stands; WHY (in A) where it is stuck or failed,
 * else "".  -ENOENT: none. */
int hb_play_run(struct hb_play *p, struct hb_arena *a, int64_t incident,
                enum hb_play_state *ret, const char **ret_why) HB_WUR;

#endif
