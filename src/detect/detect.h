/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect.h - rules that turn events into findings: a strict subset of Sigma
 * (https://github.com/SigmaHQ/sigma-specification 2.x), compiled once into a
 * small matcher over the event's fields.
 *
 * What the subset has: logsource, named selections (maps, lists of maps,
 * lists of keywords are refused), modifiers contains, startswith, endswith,
 * all, cased, exists, lt, lte, gt, gte; conditions with and, or, not,
 * brackets, "1 of x*", "all of x*", "1 of them", "all of them".  Anything
 * else is refused with file:line:column, never ignored: a rule that is not
 * understood must not look as if it watched.
 *
 * Extensions: `title` and `description` are {en, ja}; `hinoban.finding` is
 * the key that joins hits ("tampered/%site%"); `hinoban.skip_own` leaves out
 * what a publish did.
 */
#ifndef HB_DETECT_DETECT_H
#define HB_DETECT_DETECT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/i18n.h"
#include "event/event.h"

#define HB_RULES_MAX   4096u
#define HB_FINDING_KEY 256u /* bytes of an expanded key, with NUL */

struct hb_rules; /* immutable once loaded */

struct hb_rule {
    const char *id; /* UUID */
    const char *title[HB_LANG_COUNT];
    const char *desc[HB_LANG_COUNT];
    enum hb_severity level;
    unsigned cases[4]; /* tags hinoban.case.N, 0 ends */
    const char *group; /* finding key template */
    bool opens;        /* false: tag hinoban.note: joins an open
                          incident but does not open one */
};

/* Reads every DIR/....yaml (below it too, sorted by name). */
int hb_rules_load(const char *dir, struct hb_rules **ret,
                  struct hb_err *err) HB_WUR;
/* One rule's text; for tests and fuzzing. */
int hb_rules_parse(const char *name, struct hb_slice text,
                   struct hb_rules **ret, struct hb_err *err) HB_WUR;
void hb_rules_free(struct hb_rules *r);
void hb_rules_freep(struct hb_rules **r);
size_t hb_rules_count(const struct hb_rules *r);
const struct hb_rule *hb_rules_at(const struct hb_rules *r, size_t i);

/* KEY is the rule's template with %field% filled from the event: the same
 * key is the same finding.  A negative return ends the matching. */
typedef int hb_rule_hit(void *arg, const struct hb_rule *rule, const char *key);

/* Calls HIT for each rule that matches E, in the order of the rules.  Returns
 * the number of hits or what HIT returned.  No allocation, no locale. */
int hb_rules_match(const struct hb_rules *r, const struct hb_event *e,
                   hb_rule_hit *hit, void *arg) HB_WUR;

/* Findings that are going on: a thousand tampered files are one group.
 * Bounded: the group silent for longest goes first. */
struct hb_groups;

struct hb_group {
    char key[HB_FINDING_KEY];
    const struct hb_rule *rule;
    char finding[HB_ID_SIZE]; /* uid of the finding event, made here */
    uint64_t count;
    int64_t first, last; /* ns UTC */
    int64_t reported;    /* time of the last update sent on */
};

/* At most MAX groups; one silent for WINDOW ns ends. */
struct hb_groups *hb_groups_new(size_t max, uint64_t window) HB_WUR;
void hb_groups_free(struct hb_groups *g);
/* Counts a hit at NOW; the group (valid until the next call) in *RET.
 * Returns 1 where a new finding begins, 0 where one goes on, -ENOMEM. */
int hb_groups_add(struct hb_groups *g, const struct hb_rule *rule,
                  const char *key, int64_t now, struct hb_group **ret) HB_WUR;
size_t hb_groups_count(const struct hb_groups *g);

/* Fills an OCSF detection finding for GROUP, resting on event E, in the
 * language LANG. */
int hb_finding_event(struct hb_arena *a, const struct hb_group *group,
                     const struct hb_event *e, enum hb_lang lang,
                     struct hb_event **ret) HB_WUR;

#endif
