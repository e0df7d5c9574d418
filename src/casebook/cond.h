/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cond.h - conditions of playbook steps: a small language, parsed once and
 * checked against the declared variables, so that a typing mistake is found
 * when the case book is loaded and not in the night of the incident.
 *
 *     cond  = and { OR and } ;  and = not { AND not } ;
 *     not   = NOT not | "(" cond ")" | test ;
 *     test  = variable op value | variable [NOT] IN "(" value {"," value} ")"
 *           | boolean variable ;
 *     op    = "=" "==" "!=" "<" "<=" ">" ">=" ;
 *     value = 'text, '' is one quote' | integer | true | false | variable ;
 *
 * A variable is __name__ (CACAO 2.0: 10.18.4), with ":value" behind it where
 * it comes from a CACAO file.  Nothing is ever spliced into text.
 */
#ifndef HB_CASEBOOK_COND_H
#define HB_CASEBOOK_COND_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define HB_COND_MAX_TEXT  2048u
#define HB_COND_MAX_DEPTH 32u

enum hb_value_type { HB_VAL_STRING, HB_VAL_INTEGER, HB_VAL_BOOLEAN };

struct hb_value {
    enum hb_value_type type;
    const char *str; /* STRING: terminated */
    int64_t integer; /* INTEGER; BOOLEAN as 0 or 1 */
};

struct hb_fact;

/* A declared variable (CACAO: variable), or a fact of the catalogue. */
struct hb_variable {
    const char *name;           /* with the underscores: "__route_open__" */
    struct hb_value value;      /* what it holds at the start */
    bool constant;              /* no step may set it */
    const char *doc[2];         /* by enum hb_lang */
    const struct hb_fact *fact; /* its value is what is known of the
                                   incident; NULL: the run's own */
};

struct hb_variables {
    const struct hb_variable *v;
    size_t n;
};

const struct hb_variable *hb_variable_find(const struct hb_variables *vars,
                                           const char *name);
/* Whether NAME has the form of a variable. */
bool hb_variable_name_valid(const char *name);

struct hb_cond;

/* Parses TEXT in A; every variable must be in VARS and every comparison be of
 * one type.  Errors carry the column within TEXT and the nearest name. */
int hb_cond_parse(struct hb_arena *a, const char *text,
                  const struct hb_variables *vars, const struct hb_cond **ret,
                  struct hb_err *err) HB_WUR;

/* The present value of a declared variable; NULL: take its first value. */
typedef const struct hb_value *hb_value_get(void *arg, const char *name);

/* 1 true, 0 false; -EINVAL where a present value is of another type than the
 * declared one. */
int hb_cond_eval(const struct hb_cond *c, hb_value_get *get, void *arg) HB_WUR;

/* Writes the condition with all brackets, for tests and for people. */
void hb_cond_print(struct hb_buf *b, const struct hb_cond *c);

/* Whether C looks at VAR. */
bool hb_cond_uses(const struct hb_cond *c, const struct hb_variable *var);

/* Writes the same in the words of CACAO 2.0, that is of STIX 2.1 patterns (9.7:
 * comparison expressions): "__x__:value", '\'' for a quote in a text, a
 * boolean variable compared with true or false.  NOT stands only where that
 * grammar has it, so it is carried inwards to the comparisons. */
void hb_cond_print_cacao(struct hb_buf *b, const struct hb_cond *c);
/* TEXT of a CACAO file in our words, in A; NULL without memory.  It is not
 * parsed: hb_cond_parse() says what is wrong with it. */
const char *hb_cond_from_cacao(struct hb_arena *a, const char *text) HB_WUR;

#endif
