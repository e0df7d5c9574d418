/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tx.h - one request under way: for tx*.c only.
 *
 * Everything of it lies in one arena.  A value that a rule looks at gets a
 * cell, which remembers what transformations made of it (its forms) and what
 * the gate said of each form, so that nothing is worked out twice.
 */
#ifndef HB_GUARD_WAF_TX_H
#define HB_GUARD_WAF_TX_H

#include "guard/waf/body.h"
#include "guard/waf/engine.h"
#include "guard/waf/store.h"

#define HB_WAF_TX_ARENA ((size_t)96 << 20) /* ceiling of a request's memory */
#define HB_WAF_TX_KEEP  ((size_t)1 << 20)  /* of it stays for the next one */
#define HB_WAF_TX_VARS  2048u /* in TX; more are a limit that was reached */
#define HB_WAF_TX_HITS  512u  /* that are kept, of one request */
#define HB_WAF_TX_TEXT  8192u /* a text with its macros expanded */

/* A value after some transformations.  Sequences that differ only in what did
 * nothing come to the same form. */
struct hb_waf_form {
    struct hb_slice text;
    const struct hb_waf_form *gated_as; /* the gate says the same of it */
    uint64_t *gate;                     /* NULL: not asked yet */
    struct hb_waf_form *first, *next;   /* those made from it; the next one */
    enum hb_waf_t t;                    /* by which it was made */
};

struct hb_waf_cell {
    struct hb_waf_form raw;
    uint64_t touched;          /* transformations that may change it */
    struct hb_waf_form **form; /* [node]; NULL: none changed it yet */
};

#define HB_WAF_CELLS 256u /* of one block */

struct hb_waf_cells {
    struct hb_waf_cell cell[HB_WAF_CELLS];
};

/* ctl:ruleRemoveTargetBy... that was run. */
struct hb_waf_without {
    const uint64_t *rules;
    const struct hb_waf_target *target;
    struct hb_waf_without *next;
};

/* ctl:ruleRemoveTargetBy...;MATCHED_VARS that was run on a value: a list of
 * its own for each value, so that a request with many costs no more. */
struct hb_waf_spared {
    const uint64_t *rules;
    const struct hb_waf_spared *next;
};

/* A store of values that a rule may write: TX, and IP, GLOBAL ... */
struct hb_waf_vars {
    struct hb_waf_list list;
    bool open; /* initcol named it; TX always is */
    struct hb_slice key;
    struct hb_waf_store store; /* names none where there is no region */
};

struct hb_waf_tx {
    uint32_t magic;
    struct hb_waf *waf;
    struct hb_waf_thread *thread;
    struct hb_arena *arena;
    enum hb_waf_engine mode;
    uint8_t phase;
    int64_t began; /* hb_now() */
    uint64_t began_mono;

    /* what came in; of a variable with one value item ONE[coll] */
    struct hb_waf_value one[HB_WAF_VAR_COUNT];
    struct hb_waf_list args_get, request_headers, cookies, response_headers;
    struct hb_waf_list xml_text, env, matched, matched_names, files_tmp;
    struct hb_waf_body body;
    struct hb_slice method, uri, protocol, raw_body;

    /* what rules decided */
    bool request_body, response_body, body_variable;
    int processor; /* enum hb_waf_processor, -1: none */
    uint64_t request_limit, response_limit;
    struct hb_waf_vars tx;
    struct hb_waf_vars store[5]; /* GLOBAL IP RESOURCE SESSION USER */
    uint32_t *slot;              /* slot -> 1 + index in tx.list */
    uint64_t *off;               /* rules that are switched off; NULL: none */
    struct hb_waf_without *without;
    enum hb_waf_do allow; /* of DO_ALLOW... */
    unsigned highest;     /* severity */

    /* memory of values */
    struct hb_waf_cells **cells;
    uint32_t n_cell, n_block;
    const uint64_t **pair; /* [pair]: what the gate said of all values */
    struct hb_waf_form scratch;

    /* the match at hand */
    enum hb_waf_coll match_coll;
    struct hb_slice match_key, match_value, match_raw;
    struct hb_waf_value *looked; /* whose value is matched; NULL: a name, a
                                    number, a variable of one value */

    struct hb_waf_hit note; /* of the chain that is being matched */
    struct hb_waf_hit *hits, *last_hit;
    uint32_t n_hit;
    struct hb_waf_verdict verdict;
    bool stopped;
    uint64_t work; /* bytes looked at, for the budget */
    uint64_t work_next;
    uint64_t cpu; /* nanoseconds that the phases before this one took */
};

/* tx_cell.c */
/* The form of a value at NODE.  *CELL is the value's note, or NULL for one
 * that changes.  NULL without memory. */
struct hb_waf_form *hb_waf_form(struct hb_waf_tx *tx, struct hb_slice value,
                                uint32_t *cell, uint32_t node) HB_WUR;
/* What the gate says of it; NULL without memory. */
const uint64_t *hb_waf_form_gate(struct hb_waf_tx *tx,
                                 struct hb_waf_form *f) HB_WUR;

/* tx_var.c */
/* Values of a variable: a list, seen by its values or by its names. */
struct hb_waf_span {
    struct hb_waf_list *list;
    bool names;
};
#define HB_WAF_SPANS 2u
/* The spans of COLL (KEY: the path, of XML), and their number; a variable with
 * one value is a span of one whose name is empty. */
unsigned hb_waf_spans(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                      struct hb_slice key, struct hb_waf_list *one,
                      struct hb_waf_span ret[HB_WAF_SPANS]);
bool hb_waf_target_has(struct hb_waf_tx *tx, const struct hb_waf_target *t,
                       struct hb_slice name);
/* The list of TX or another store that setvar writes; NULL where COLL is
 * none. */
struct hb_waf_vars *hb_waf_vars(struct hb_waf_tx *tx, enum hb_waf_coll coll);
/* A variable of a store by its name (SLOT: of TX, 0 where it is not known);
 * NULL where it is not set. */
struct hb_waf_value *hb_waf_var(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                                uint32_t slot, struct hb_slice name);
/* Sets it; the bytes of VALUE are borrowed, those of a new name copied.
 * -ENOMEM; more variables than HB_WAF_TX_VARS is a limit. */
int hb_waf_var_set(struct hb_waf_tx *tx, enum hb_waf_coll coll, uint32_t slot,
                   struct hb_slice name, struct hb_slice value) HB_WUR;
void hb_waf_var_unset(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                      uint32_t slot, struct hb_slice name);
void hb_waf_one(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                struct hb_slice value);
int hb_waf_one_number(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                      uint64_t n) HB_WUR;
/* Decimal digits of N; {NULL, 0} without memory. */
struct hb_slice hb_waf_digits(struct hb_waf_tx *tx, uint64_t n);
/* TEXT with its macros; those of RULE are %{rule....}.  -ENOMEM. */
int hb_waf_expand(struct hb_waf_tx *tx, const struct hb_waf_text *text,
                  const struct hb_waf_rule *rule, struct hb_slice *ret) HB_WUR;
/* What a macro stands for; empty where that is not set. */
int hb_waf_lookup(struct hb_waf_tx *tx, const struct hb_waf_part *part,
                  const struct hb_waf_rule *rule, struct hb_slice *ret) HB_WUR;

/* tx_store.c */
/* The collection COLL is from now on the one called KEY: its variables are
 * read.  -ENOMEM. */
int hb_waf_stored_open(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                       struct hb_slice key) HB_WUR;
/* Writes through to it.  False where nothing was stored: COLL is TX, none was
 * named, there is no region, or it refused, which it counts. */
bool hb_waf_stored_set(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                       struct hb_slice name, struct hb_slice value);
bool hb_waf_stored_add(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                       struct hb_slice name, int64_t by, int64_t *ret_sum);
bool hb_waf_stored_unset(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                         struct hb_slice name);
bool hb_waf_stored_expire(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                          struct hb_slice name, uint32_t seconds);

/* tx_rule.c: runs the rules of a phase. */
int hb_waf_run(struct hb_waf_tx *tx, uint8_t phase) HB_WUR;
/* tx_act.c: what a rule does.  EACH: for each value that matched; HEAD: when
 * the head of a chain was tried on all values; ONCE: when the chain from here
 * to its end matched. */
int hb_waf_act_each(struct hb_waf_tx *tx, const struct hb_waf_code *c) HB_WUR;
void hb_waf_act_head(struct hb_waf_tx *tx, const struct hb_waf_code *c);
int hb_waf_act_once(struct hb_waf_tx *tx, const struct hb_waf_code *c) HB_WUR;

/* A limit that a stranger can reach was reached: the request is refused with
 * STATUS, or only told about.  WHAT is translated. */
void hb_waf_limit(struct hb_waf_tx *tx, uint16_t status, const char *what);
/* What a failure R means: -ENOMEM because the request used up its ceiling is
 * a limit, not a failure.  0 or R. */
int hb_waf_failed(struct hb_waf_tx *tx, int r);

#endif
