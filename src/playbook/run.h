/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - what the files of the step engine share; nobody else includes it.
 *
 * A run is a tree that is walked again and again from its start.  What was
 * decided stands in rows (table run_step), so the walk finds its way by them
 * and only the rows at the frontier change.  Nothing points "to the present
 * step": a crash can lose no pointer.
 *
 * A place names a row within a run:
 *     step-id [PATH]           PATH = { "#" round | "@" failed-step-id }
 *     call-place "/" place     a step of a playbook that was called
 *     place "~undo"            the undo of that step
 *     place "!" number         task: an approval;  "?" number: was it done?
 *     place "~" number         put aside when a person restarted the run
 */
#ifndef HB_PLAYBOOK_RUN_H
#define HB_PLAYBOOK_RUN_H

#include "playbook/playbook.h"

#define HB_PLACE_MAX      512u
#define HB_PLAY_DEPTH_MAX 4u     /* playbooks that call playbooks */
#define HB_PLAY_ROWS_MAX  20000u /* steps of one run, rounds counted */
#define HB_PLAY_BUDGET    256u   /* transactions of one run in one tick */
#define HB_PLAY_UNDO      "~undo"

enum hb_way {                   /* how the flow left a step */
              HB_WAY_NEXT,      /* next, else on_success */
              HB_WAY_FAILURE,   /* on_failure */
              HB_WAY_EXCEPTION, /* the exception branch, then as NEXT */
              HB_WAY_UP         /* the block around it fails */
};

enum hb_waits { /* what the task of a row is for */
                HB_WAITS_NONE,
                HB_WAITS_ANSWER,   /* a task step */
                HB_WAITS_APPROVAL, /* the helper answered ASK */
                HB_WAITS_RESUME    /* was it done? */
};

/* The result of a step, in both languages. */
struct hb_words2 {
    const char *en, *ja;
};

/* An action of this process; of others it is asked whether it was done. */
struct hb_sent {
    uint8_t key[HB_ACT_KEY_SIZE];
    bool sent;
};

struct hb_play {
    unsigned magic;
    struct hb_state *s;
    struct hb_play_port port;
    struct hb_sent *sent;
    size_t sent_n, sent_cap;
    bool busy; /* within hb_play_advance() */
    bool more; /* an answer came while busy */
};

struct hb_run {
    int64_t id, incident;
    const char *playbook; /* id */
    const char *hash_now; /* hex, of the version that it is done by */
    enum hb_play_state state;
    unsigned from_phase;
    int64_t task; /* that asks what to do with a stuck run */
    int64_t finished;
    const char *why;
    int64_t rows;                 /* steps that it has reached */
    const struct hb_playbook *pb; /* as it is loaded; NULL: gone */
};

struct hb_run_row {
    const char *place, *step;
    int64_t seq;
    unsigned type, phase;
    enum hb_play_state state;
    uint8_t key[HB_ACT_KEY_SIZE];
    int64_t attempt; /* ACTION: tries; WHILE: round */
    int64_t started, finished;
    int64_t wake; /* WAITING: begins; BEGUN: time is over; 0 never */
    enum hb_way way;
    const char *arm; /* IF, SWITCH: id of the step chosen; undo: by whom */
    enum hb_waits waits;
    int64_t task;
    const char *result;
};

/* Where a walk is: the playbook, and what comes before and behind the step's
 * id in its place. */
struct hb_scope {
    const struct hb_playbook *pb;
    const char *prefix; /* "" or "call/" */
    const char *path;   /* "" or "#2@restore" */
    bool exception;     /* within an exception branch */
    unsigned depth;
    const struct hb_scope *up; /* of the caller, NULL at the top */
};

/* One walk of one run. */
struct hb_walk {
    struct hb_play *p;
    struct hb_run *run;
    struct hb_arena *a;
    int64_t now;
    unsigned budget;
    bool dry; /* only looks; LIVE counts live rows that it reached */
    unsigned live;
    bool mismatch; /* dry: a row is of another type than its step */
};

/* ---- place.c ---- */

/* In A; NULL where too long, or without memory. */
const char *hb_place_make(struct hb_arena *a, const struct hb_scope *sc,
                          const struct hb_step *s);
/* The step of PLACE and the scope that it stands in; -ENOENT. */
int hb_place_find(struct hb_arena *a, const struct hb_playbook *top,
                  const char *place, const struct hb_scope **ret_scope,
                  const struct hb_step **ret_step) HB_WUR;
bool hb_place_is_undo(const char *place);
/* Behind a step: a round, an exception branch, a playbook called. */
int hb_scope_round(struct hb_walk *w, const struct hb_scope *sc, int64_t round,
                   struct hb_scope *ret) HB_WUR;
int hb_scope_exception(struct hb_walk *w, const struct hb_scope *sc,
                       const struct hb_step *s, struct hb_scope *ret) HB_WUR;
int hb_scope_call(struct hb_walk *w, const struct hb_scope *sc,
                  const struct hb_step *s, struct hb_scope *ret) HB_WUR;
/* A playbook that is called by itself, however far away; or too deep. */
bool hb_scope_loops(const struct hb_scope *sc, const struct hb_playbook *pb);

/* ---- run_store.c ---- */

/* Transactions; with points where tests die.  Joins one that is open. */
int hb_run_begin(struct hb_play *p, bool *ret_own) HB_WUR;
int hb_run_commit(struct hb_play *p, bool own, int r) HB_WUR;

int hb_run_add(struct hb_play *p, int64_t incident,
               const struct hb_playbook *pb, int64_t now, int64_t *ret) HB_WUR;
/* Notes the version by which the run is done from now on. */
int hb_run_version(struct hb_play *p, int64_t run, const struct hb_playbook *pb,
                   int64_t now) HB_WUR;
/* Hex of the hash over the playbook and all that it calls, in A. */
const char *hb_run_hash(struct hb_arena *a, const struct hb_playbook *pb);
int hb_run_load(struct hb_play *p, struct hb_arena *a, int64_t id,
                struct hb_run *ret) HB_WUR;
/* The newest of the incident; -ENOENT. */
int hb_run_of(struct hb_play *p, struct hb_arena *a, int64_t incident,
              struct hb_run *ret) HB_WUR;
int hb_run_put(struct hb_play *p, const struct hb_run *run) HB_WUR;
/* Ids of runs that may have something to do, in A. */
int hb_run_open_ones(struct hb_play *p, struct hb_arena *a, int64_t **ret,
                     size_t *ret_n) HB_WUR;

/* 1 found, 0 none. */
int hb_run_row_get(struct hb_play *p, struct hb_arena *a, int64_t run,
                   const char *place, struct hb_run_row *ret) HB_WUR;
int hb_run_row_by_key(struct hb_play *p, struct hb_arena *a,
                      const uint8_t key[HB_ACT_KEY_SIZE], int64_t *ret_run,
                      struct hb_run_row *ret) HB_WUR;
/* By the task that it waits for; 1 found, 0 none. */
int hb_run_row_by_task(struct hb_play *p, struct hb_arena *a, int64_t task,
                       int64_t *ret_run, struct hb_run_row *ret) HB_WUR;
int hb_run_row_put(struct hb_play *p, int64_t run,
                   const struct hb_run_row *row) HB_WUR;
/* All (LIVE: those that have not ended) in the order they were reached. */
int hb_run_row_list(struct hb_play *p, struct hb_arena *a, int64_t run,
                    bool live, struct hb_run_row **ret, size_t *ret_n) HB_WUR;
/* The tasks about a place make room for new ones. */
int hb_run_tasks_aside(struct hb_play *p, const struct hb_run *run,
                       const char *place) HB_WUR;
/* Live rows below PREFIX are skipped, tasks expire. */
int hb_run_row_cancel(struct hb_play *p, const struct hb_run *run,
                      const char *prefix, const char *why, int64_t now) HB_WUR;
/* 1 the task waited and expires; 0 it was answered before. */
int hb_run_expire(struct hb_play *p, int64_t task, int64_t now) HB_WUR;

/* In A; NULL where none is set (or the store failed: *ret_err). */
const char *hb_run_var(struct hb_play *p, struct hb_arena *a, int64_t run,
                       const char *name, int *ret_err);
int hb_run_set_var(struct hb_play *p, int64_t run, const char *name,
                   const char *value) HB_WUR;

/* ---- note.c ---- */

struct hb_words2 hb_words(const char *msgid);
/* One entry of the timeline about a step.  BY may be NULL. */
int hb_note_step(struct hb_walk *w, const char *kind, const struct hb_text *t,
                 struct hb_words2 result, const char *by) HB_WUR;
int hb_note(struct hb_walk *w, struct hb_words2 text) HB_WUR;

/* ---- walk.c ---- */

enum hb_go { HB_GO_PENDING, HB_GO_ENDED, HB_GO_FAILED };

/* Walks a branch from HEAD: enum hb_go, or -errno. */
int hb_walk_branch(struct hb_walk *w, const struct hb_scope *sc,
                   const struct hb_step *head) HB_WUR;
/* Stores ROW and, where KIND is given, a line of the timeline. */
int hb_walk_save(struct hb_walk *w, struct hb_run_row *row, const char *kind,
                 const struct hb_text *t, struct hb_words2 result) HB_WUR;
/* Whether RESULT is that of a step before the phase of a restart. */
bool hb_walk_left_out(const char *result);
/* The step has failed: chooses the way and stores it. */
int hb_walk_fail(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, struct hb_run_row *row,
                 struct hb_words2 why) HB_WUR;
void hb_walk_choose(const struct hb_scope *sc, const struct hb_step *s,
                    struct hb_run_row *row);

/* ---- act.c ---- */

int hb_act_begin(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, struct hb_run_row *row) HB_WUR;
/* Sends it, looks at its approval and its time-out; ROW is as stored. */
int hb_act_drive(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, struct hb_run_row *row) HB_WUR;
/* Stores the answer. */
int hb_act_answer(struct hb_walk *w, const struct hb_scope *sc,
                  const struct hb_step *s, struct hb_run_row *row,
                  enum hb_play_result result, const char *sets,
                  const char *words) HB_WUR;
/* Begins again, by its old key where nobody heard of its end. */
int hb_act_redo(struct hb_walk *w, const struct hb_step *s,
                struct hb_run_row *row) HB_WUR;
/* A person says whether it was done. */
int hb_act_resume(struct hb_walk *w, const struct hb_scope *sc,
                  const struct hb_step *s, struct hb_run_row *row, bool done,
                  const char *by) HB_WUR;
/* Begins to take back step S at PLACE. */
int hb_act_undo(struct hb_walk *w, const struct hb_step *s, const char *place,
                const char *by) HB_WUR;
/* Is asked again, as what another process sent. */
void hb_act_unsent(struct hb_play *p, const uint8_t *key);
/* Live undo rows of the run. */
int hb_act_undos(struct hb_walk *w) HB_WUR;

/* ---- people.c ---- */

int hb_people_begin(struct hb_walk *w, const struct hb_scope *sc,
                    const struct hb_step *s, struct hb_run_row *row) HB_WUR;
int hb_people_drive(struct hb_walk *w, const struct hb_scope *sc,
                    const struct hb_step *s, struct hb_run_row *row) HB_WUR;
/* A task about S (NULL: the run) called STEP, titled LEAD and T. */
int hb_people_ask(struct hb_walk *w, const char *step, const char *lead,
                  const struct hb_text *t, bool four_eyes,
                  const struct hb_step *s, int64_t *ret) HB_WUR;
int hb_people_task(struct hb_walk *w, int64_t id, struct hb_task *ret) HB_WUR;
const char *hb_people_name(struct hb_walk *w, int64_t person);

/* ---- engine.c ---- */

#define PLAY_MAGIC 0x4842706cu /* hb_play.magic */

/* What the loader has checked; -ENOTSUP an unknown type of step, -EINVAL. */
int hb_play_check(const struct hb_playbook *pb) HB_WUR;
/* As far as it goes with one run; 1 where the budget ended. */
int hb_play_advance(struct hb_play *p, int64_t run);
void hb_walk_init(struct hb_walk *w, struct hb_play *p, struct hb_arena *a,
                  struct hb_run *run);
int64_t hb_play_now(const struct hb_play *p);

/* ---- change.c: a playbook that changed while it ran ---- */

/* 0 go on; 1 the run is stuck now. */
int hb_change_check(struct hb_walk *w) HB_WUR;
/* What a person decided about a stuck run. */
int hb_change_decided(struct hb_walk *w) HB_WUR;
int hb_change_stick(struct hb_walk *w, const char *why,
                    const char *detail) HB_WUR;
int hb_change_restart(struct hb_walk *w, enum hb_phase from,
                      const char *by) HB_WUR;
/* The earliest phase of what is under way. */
int hb_change_phase(struct hb_walk *w, enum hb_phase *ret) HB_WUR;

#endif
