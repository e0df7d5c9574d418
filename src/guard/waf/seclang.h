/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seclang.h - reading SecLang: words of a file, and what stands in them.
 *
 * Source: reference manual of ModSecurity 3, and what the Core Rule Set
 * writes.  For rules.c, tests and fuzzing; others load rules by rules.h.
 *
 * A file is lines of words.  A line goes on where it ends with a backslash.
 * A word in double or single quotes may hold blanks; a backslash before the
 * quote makes it a letter and is dropped, any other backslash stays, for the
 * regex that most words hold.  A line that begins with # is a comment.
 *
 * What is not known is an error, with the place to mend: never ignored.
 */
#ifndef HB_GUARD_WAF_SECLANG_H
#define HB_GUARD_WAF_SECLANG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/num.h"
#include "guard/waf/rule.h"

#define HB_SECLANG_FILE  (8u << 20) /* one file of rules; CRS has 0.2 MB */
#define HB_SECLANG_WORDS 64u        /* of one directive */
#define HB_SECLANG_LIST  4096u      /* entries of one list in a rule */

/* One file that is being read. */
struct hb_seclang {
    struct hb_arena *arena; /* everything that is returned lies there */
    struct hb_err *err;
    const char *file;     /* for errors */
    struct hb_slice text; /* outlives what is made of it */
    size_t at;            /* read so far */
    unsigned line;        /* of AT, from 1 */
};

struct hb_seclang_word {
    struct hb_slice text; /* without quotes, and lines joined */
    size_t raw;           /* where TEXT begins in the file */
    char quote;           /* ' or ", NUL where it had none */
};

/* A directive. */
struct hb_seclang_line {
    struct hb_seclang_word word[HB_SECLANG_WORDS];
    size_t n; /* at least 1 */
    unsigned line;
};

/* A part of a word that is looked at, and where in the word it begins: for
 * errors, as the parts of an action are copies. */
struct hb_seclang_at {
    const struct hb_seclang_word *word;
    size_t at;
};

/* Begins to read TEXT; -EBADMSG where it holds NUL, -EFBIG where it is too
 * long. */
int hb_seclang_open(struct hb_seclang *s, struct hb_arena *a, const char *file,
                    struct hb_slice text, struct hb_err *err) HB_WUR;
/* 1 with the next directive, 0 at the end. */
int hb_seclang_next(struct hb_seclang *s, struct hb_seclang_line *ret) HB_WUR;

/* An error at this place.  Returns -EBADMSG. */
int hb_seclang_bad(const struct hb_seclang *s, struct hb_seclang_at at,
                   const char *fmt, ...) HB_PRINTF(3, 4);
int hb_seclang_nomem(const struct hb_seclang *s);
/* As above, with "did you mean NEAREST?" behind it where that is not NULL. */
int hb_seclang_unknown(const struct hb_seclang *s, struct hb_seclang_at at,
                       const char *nearest, const char *fmt, ...)
    HB_PRINTF(4, 5);
#ifdef __clang_analyzer__
#define hb_seclang_bad(s, at, ...) ((void)(s), (void)(at), -EBADMSG)
#define hb_seclang_nomem(s)        ((void)(s), -ENOMEM)
#define hb_seclang_unknown(s, at, near, ...)                                   \
    ((void)(s), (void)(at), (void)(near), -EBADMSG)
#endif
/* For %.*s: as much of a slice as a message has room for. */
#define HB_SHOW(s)                                                             \
    (int)hb_utf8_cut((s).p, HB_MIN((s).n, 60u)), (s).n > 0 ? (s).p : ""

/* A text that may hold macros: %{NAME}, %{NAME.key}. */
int hb_seclang_text(const struct hb_seclang *s, struct hb_seclang_at at,
                    struct hb_slice text, struct hb_waf_text *ret) HB_WUR;
/* As above, for a regex: %{1,3} there is a quantifier. */
int hb_seclang_rx_text(const struct hb_seclang *s, struct hb_seclang_at at,
                       struct hb_slice text, struct hb_waf_text *ret) HB_WUR;

/* Variables parted by `|` (and, in exclusions, by commas), added to those of
 * RULE. */
int hb_seclang_vars(const struct hb_seclang *s, struct hb_seclang_at at,
                    struct hb_slice text, struct hb_waf_rule *rule) HB_WUR;
/* One variable without & and !. */
int hb_seclang_var(const struct hb_seclang *s, struct hb_seclang_at at,
                   struct hb_slice text, struct hb_waf_var *ret) HB_WUR;
/* [!][@name argument]; without a name it is rx.  Names of files are left in
 * the argument. */
int hb_seclang_op(const struct hb_seclang *s, const struct hb_seclang_word *w,
                  struct hb_waf_rule_op *ret) HB_WUR;

/* What a list of actions says.  Flags tell what was written and what was
 * not, for SecDefaultAction and SecRuleUpdateActionById. */
struct hb_seclang_actions {
    struct hb_waf_rule *rule; /* what goes into a rule as it is */
    bool has_id, has_phase, has_action, has_status, has_log, has_auditlog;
    bool has_none, has_meta, has_chain;
    bool block, log, auditlog;
    uint8_t *t; /* transformations behind the last t:none */
    uint32_t n_t;
    struct hb_slice skip_after; /* empty: none */
    uint32_t skip;              /* 0: none */
    struct hb_seclang_at id_at, phase_at, skip_at, meta_at, action_at;
    struct hb_seclang_at chain_at;
};

/* Reads the list in W into ACT, whose rule is set and may hold what earlier
 * lists said. */
int hb_seclang_actions(const struct hb_seclang *s,
                       const struct hb_seclang_word *w,
                       struct hb_seclang_actions *act) HB_WUR;
/* One ctl action: NAME=VALUE, added to RULE. */
int hb_seclang_ctl(const struct hb_seclang *s, struct hb_seclang_at at,
                   struct hb_slice value, struct hb_waf_rule *rule) HB_WUR;
/* setvar and setenv; expirevar; initcol. */
int hb_seclang_setvar(const struct hb_seclang *s, struct hb_seclang_at at,
                      struct hb_slice value, struct hb_waf_rule *rule) HB_WUR;
int hb_seclang_setenv(const struct hb_seclang *s, struct hb_seclang_at at,
                      struct hb_slice value, struct hb_waf_rule *rule) HB_WUR;
int hb_seclang_expirevar(const struct hb_seclang *s, struct hb_seclang_at at,
                         struct hb_slice value,
                         struct hb_waf_rule *rule) HB_WUR;
int hb_seclang_initcol(const struct hb_seclang *s, struct hb_seclang_at at,
                       struct hb_slice value, struct hb_waf_rule *rule) HB_WUR;

/* "12" or "12-34". */
int hb_seclang_ids(const struct hb_seclang *s, struct hb_seclang_at at,
                   struct hb_slice text, uint32_t *ret_from,
                   uint32_t *ret_to) HB_WUR;

/* LIST with room for one more than its N members of SIZE bytes, in the
 * arena; NULL without memory or at the ceiling MAX. */
void *hb_seclang_grow(struct hb_arena *a, void *list, size_t n, size_t size,
                      size_t max) HB_WUR;

static inline struct hb_seclang_at hb_seclang_at(
    const struct hb_seclang_word *w, size_t at)
{
    return (struct hb_seclang_at){w, at};
}

static inline struct hb_slice hb_seclang_rest(struct hb_slice s, size_t at)
{
    return hb_slice(s.p + at, s.n - at);
}

#endif
