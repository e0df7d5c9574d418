/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - the deadlines of an incident: which rules of the rule pack (and
 * which contracts) run, since when, until when, and how each ended.
 *
 * A clock starts by itself when the facts propose its rule; a possibility is
 * enough (通則編 3-5-3-1).  It never stops by itself: not when the facts
 * change, not when the incident is closed.  It ends when a person records
 * what was done, or when two people say, with a reason, that it does not
 * apply.  An earlier known_at moves it to an earlier start, never to a later
 * one.  The product proposes; a person decides; both are recorded.
 */
#ifndef HB_INCIDENT_CLOCK_H
#define HB_INCIDENT_CLOCK_H

#include "casebook/deadline.h"
#include "incident/incident.h"
#include "incident/person.h"

#define HB_CLOCK_CONTRACT "contract:" /* and its name: rule of a contract */

enum hb_clock_state {
    HB_CLK_RUNNING = 1,
    HB_CLK_DONE,          /* words say what was done, with which receipt */
    HB_CLK_NOT_APPLICABLE /* two people, with a reason */
};

struct hb_clock {
    int64_t id, incident;
    const char *rule; /* "ppc-preliminary", "contract:city" */
    const char *title_en, *title_ja;
    int64_t start, due, target; /* ns UTC */
    bool yardstick;             /* due is our own figure */
    bool to_confirm;            /* the rule was not read in its source */
    enum hb_clock_state state;
    unsigned warned;  /* bits 1u << enum hb_warning_kind; HB_CLK_OVERDUE */
    int64_t first_by; /* person who asked to stop it; 0 nobody */
    const char *words;
    int64_t ended;
};
#define HB_CLK_OVERDUE  (1u << 8)
#define HB_CLK_DOUBTFUL (1u << 9) /* the facts no longer ask for it: told */

/* A term that stands in no pack. */
struct hb_contract {
    const char *name; /* "city" */
    struct hb_text title;
    uint64_t within; /* ns */
    bool always;     /* every incident starts it; else by hand */
};

struct hb_clock_rules {
    const struct hb_rulepack *pack; /* NULL: none could be read */
    const struct hb_contract *contracts;
    size_t contracts_n;
};

/* Starts what the facts of INCIDENT propose and does not run yet, and moves
 * starts to earlier ones; number of clocks that changed.  Joins no
 * transaction. */
int hb_clock_review(struct hb_state *s, const struct hb_clock_rules *rules,
                    int64_t incident) HB_WUR;
/* A rule or contract by hand, from START on.  -ENOENT no such rule, -ENODATA a
 * standing duty, -EEXIST it runs or ran. */
int hb_clock_start(struct hb_state *s, const struct hb_clock_rules *rules,
                   int64_t incident, const char *rule, int64_t start,
                   const struct hb_person *by, struct hb_err *err) HB_WUR;
/* What was owed was done: WORDS say how.  -EALREADY it has ended. */
int hb_clock_done(struct hb_state *s, int64_t id, const struct hb_person *by,
                  const char *words, struct hb_err *err) HB_WUR;
/* Does not apply, WORDS say why.  -EINPROGRESS: the first of two people was
 * recorded; -EPERM the same person twice. */
int hb_clock_stop(struct hb_state *s, int64_t id, const struct hb_person *by,
                  const char *words, struct hb_err *err) HB_WUR;

int hb_clock_get(struct hb_state *s, struct hb_arena *a, int64_t id,
                 struct hb_clock *ret) HB_WUR;
typedef int hb_clock_fn(void *arg, const struct hb_clock *c);
/* INCIDENT 0: of all; what is due first first. */
int hb_clock_each(struct hb_state *s, int64_t incident, bool running_only,
                  hb_clock_fn *fn, void *arg) HB_WUR;

/* What has come due since the last call: KIND is a warning, or
 * HB_WARNING_KIND_OVERDUE.  Each is told once, in the timeline and by FN. */
#define HB_WARNING_KIND_OVERDUE 100
typedef void hb_clock_warn_fn(void *arg, const struct hb_clock *c, int kind);
int hb_clock_tick(struct hb_state *s, hb_clock_warn_fn *fn, void *arg) HB_WUR;

#endif
