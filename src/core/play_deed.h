/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play_deed.h - an action of a playbook in flight, shared by the files that
 * carry actions out (play_port.c, play_helper.c, play_prevent.c).
 *
 * Each action answers the engine exactly once, under the key that the engine
 * stored before it asked; hb_deed_end() does it and frees the deed.
 */
#ifndef HB_CORE_PLAY_DEED_H
#define HB_CORE_PLAY_DEED_H

#include "core/core.h"
#include "playbook/playbook.h"

struct hb_deed {
    struct hb_deed *next, **at; /* of core's list */
    struct hb_core *core;
    int64_t incident;
    uint8_t key[HB_ACT_KEY_SIZE];
    char site[64];
    char name[32];
    uint64_t began; /* monotonic */
    bool recording; /* hb_deed_record() opened a transaction */
    struct hb_timer *timer;
    /* What the helper is asked, and how often it broke off. */
    struct hb_request request;
    unsigned breaks;
    uint64_t broke; /* the first time, monotonic; 0 never */
};

/* NULL without memory.  Freed with core where it is not ended before. */
struct hb_deed *hb_deed_new(struct hb_core *c, const struct hb_play_act *a);
void hb_deed_free(struct hb_deed *d);
/* From here to hb_deed_end() is one transaction: what a deed leaves in the
 * record and its answer, so that a core which dies in between is told once
 * more and tells it once. */
void hb_deed_record(struct hb_deed *d);
/* Answers the engine; WORDS may be a message of the catalogue (N_()), which
 * is then kept in English and shown in the reader's language. */
void hb_deed_end(struct hb_deed *d, enum hb_play_result result,
                 const char *sets, const char *words);
/* A part of Hinoban may be starting again; one that stays away must not hold
 * an incident up for ever: true once the step waits for it too long. */
bool hb_deed_gone_too_long(struct hb_core *c, const struct hb_play_act *a);

/* ---- play_helper.c ---- */
/* Like the port's act (playbook.h), for what the helper does. */
int hb_core_act_by_helper(struct hb_core *c, const struct hb_play_act *a);

/* ---- play_prevent.c ---- */
/* The same: a task for every control of the case that does not hold. */
int hb_core_act_propose(struct hb_core *c, const struct hb_play_act *a);

#endif
