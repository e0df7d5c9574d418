/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_int.h - a rule set while it is loaded: for rules*.c only.
 *
 * Loading has two steps.  Directives are read in their order into items and
 * exceptions (rules.c, rules_add.c, rules_setting.c, rules_file.c); when all
 * files are read, exceptions and defaults are applied and the items laid out
 * by phase (rules_finish.c).
 */
#ifndef HB_GUARD_WAF_RULES_INT_H
#define HB_GUARD_WAF_RULES_INT_H

#include "base/map.h"
#include "guard/waf/rules.h"
#include "guard/waf/seclang.h"

#define HB_RULES_MAX    65536u /* rules and markers of a set; CRS has 750 */
#define HB_RULES_EXCEPT 8192u  /* exceptions, each of which walks all rules */
#define HB_RULES_FILES  1024u  /* files of a set */
#define HB_RULES_DEPTH  16u    /* of Include */

/* A file that is read; kept, as errors of the second step need it. */
struct hb_rules_source {
    struct hb_seclang s;
    const char *dir; /* "" is the current one; NULL: read no files */
};

/* A directive for later: where it stands. */
struct hb_rules_place {
    const struct hb_rules_source *source;
    struct hb_seclang_word *word; /* the one to point at */
    unsigned line;
};

/* A rule, link of a chain or marker, in the order of loading. */
struct hb_rules_item {
    struct hb_rules_place place;
    struct hb_waf_rule *rule; /* NULL: a marker */
    struct hb_seclang_actions act;
    struct hb_slice marker;
    size_t head; /* index of the item that begins the chain */
    bool removed;
    uint32_t at[HB_WAF_PHASES + 1]; /* a marker's place in each phase; at[0]
                                       is a rule's */
};

enum hb_rules_what {
    HB_RULES_REMOVE,
    HB_RULES_TARGET,
    HB_RULES_ACTION,
};
enum hb_rules_by { HB_RULES_BY_ID, HB_RULES_BY_TAG, HB_RULES_BY_MSG };

/* SecRuleRemoveById and its kin. */
struct hb_rules_exception {
    struct hb_rules_place place;
    enum hb_rules_what what;
    enum hb_rules_by by;
    uint32_t id_from, id_to, link; /* link: of the chain, 0 is its head */
    struct hb_slice text;          /* tag or message */
    struct hb_waf_rule target;     /* its variables and exclusions */
};

/* SecDefaultAction of a phase. */
struct hb_rules_default {
    struct hb_rules_place place;
    bool set;
    struct hb_waf_rule rule;
    struct hb_seclang_actions act;
};

struct hb_rules_load {
    struct hb_waf_rules *rules;
    struct hb_arena *arena;
    struct hb_err *err;
    struct hb_map *ids;   /* 4 bytes of id -> item's rule */
    struct hb_map *files; /* path -> struct hb_waf_file */
    struct hb_rules_item *item;
    struct hb_rules_exception *exception;
    struct hb_rules_default defaults[HB_WAF_PHASES + 1];
    size_t n_item, n_exception;
    unsigned depth, n_file;
    bool chain; /* the last item waits for its link */
};

/* A directive at work. */
struct hb_rules_call {
    struct hb_rules_load *load;
    const struct hb_rules_source *source;
    const struct hb_seclang_line *line;
    const struct hb_rules_directive *row;
};

/* One row a directive: the parser, and which words are taken. */
struct hb_rules_directive {
    const char *name;
    uint8_t min, max; /* arguments */
    int (*fn)(struct hb_rules_call *c);
    size_t field;             /* of struct hb_waf_settings */
    const char *const *words; /* what it may say, up to NULL */
    uint64_t lowest, highest;
};

/* The row of a directive; NULL where there is none. */
const struct hb_rules_directive *hb_rules_setting(struct hb_slice name);
/* Names of all settings, for "did you mean"; their number. */
size_t hb_rules_setting_names(const char **ret, size_t max);

/* rules_add.c */
int hb_rules_rule(struct hb_rules_call *c) HB_WUR;
int hb_rules_sec_action(struct hb_rules_call *c) HB_WUR;
int hb_rules_marker(struct hb_rules_call *c) HB_WUR;
int hb_rules_default_action(struct hb_rules_call *c) HB_WUR;
int hb_rules_remove(struct hb_rules_call *c) HB_WUR;
int hb_rules_update_target(struct hb_rules_call *c) HB_WUR;
int hb_rules_update_action(struct hb_rules_call *c) HB_WUR;
/* An action list that begins at a place: the error where its chain has no
 * end. */
int hb_rules_chain_open(const struct hb_rules_load *l);

/* rules_file.c: the files of an operator, read and split into lines. */
int hb_rules_files(struct hb_rules_load *l, const struct hb_rules_source *src,
                   const struct hb_seclang_word *w,
                   struct hb_waf_rule_op *op) HB_WUR;
/* NAME below the directory of SRC, in the arena. */
const char *hb_rules_path(struct hb_rules_load *l,
                          const struct hb_rules_source *src,
                          struct hb_slice name) HB_WUR;
/* Paths that match PATTERN, sorted by bytes.  0 or -errno. */
int hb_rules_glob(struct hb_rules_load *l, const char *pattern,
                  const char ***ret, size_t *ret_n) HB_WUR;

/* rules_finish.c */
int hb_rules_finish(struct hb_rules_load *l) HB_WUR;
/* rules_setting.c */
void hb_rules_settings_default(struct hb_rules_load *l);

/* Remembers where the word N of a directive stands. */
int hb_rules_place(const struct hb_rules_call *c, size_t n,
                   struct hb_rules_place *ret) HB_WUR;

static inline struct hb_seclang_at hb_rules_arg_at(
    const struct hb_rules_call *c, size_t n)
{
    return hb_seclang_at(&c->line->word[n], 0);
}

#endif
