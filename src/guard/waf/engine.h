/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - a rule set made ready to run: for engine*.c and tx*.c only.
 *
 * What can be worked out before the first request is: operators are compiled,
 * sequences of transformations share their beginnings in a tree, names in TX
 * that stand in rules are numbered, the rules that a ctl switches off are a
 * set of bits.
 */
#ifndef HB_GUARD_WAF_ENGINE_H
#define HB_GUARD_WAF_ENGINE_H

#include "base/map.h"
#include "guard/waf/gate.h"
#include "guard/waf/operator.h"
#include "guard/waf/transform.h"
#include "guard/waf/waf.h"

#define HB_WAF_NO_PATTERN UINT32_MAX

/* A sequence of transformations, as the last step of a path from the root.
 * Node 0 is the value as it came. */
struct hb_waf_node {
    uint32_t parent;
    enum hb_waf_t t;
    uint64_t path; /* bit of each transformation from the root to here */
};

/* What a rule looks at, or an exclusion names. */
struct hb_waf_target {
    enum hb_waf_coll coll;
    enum hb_waf_sel sel;
    bool count;
    struct hb_slice key;
    uint32_t slot;        /* of a name in TX; 0: none */
    struct hb_waf_rx *rx; /* SEL_RX */
    bool *slots;          /* of TX and SEL_RX: the slots whose name it takes */
    uint32_t pair;        /* 1 + number of (target, node) for the gate's
                             summary; 0: each value is asked */
};

struct hb_waf_code {
    const struct hb_waf_rule *rule;
    struct hb_waf_target *var, *ex;
    struct hb_waf_operator *op; /* NULL: SecAction */
    uint32_t node;
    uint32_t pattern; /* in the gate */
    bool gated;       /* no match without the gate's consent */
    uint64_t **off;   /* per ctl of the rule: the rules that it names */
    struct hb_waf_target *ctl_target;
};

struct hb_waf {
    uint32_t magic;
    uint32_t refs; /* atomic */
    struct hb_waf_options options;
    struct hb_waf_rules *rules;
    struct hb_arena *arena;
    struct hb_waf_code *code; /* beside rules->rule */
    struct hb_waf_node *node;
    uint32_t n_node, n_pair, n_slot;
    struct hb_map *slots;     /* lower-case name in TX -> slot */
    struct hb_waf_gate *gate; /* NULL: no patterns */
    uint32_t gate_words;
    const struct hb_waf_umap *umap;
    uint64_t touch[256]; /* transformations that a byte can make act */
    uint64_t always;     /* those that any value can */
    bool wants_full_request;
    uint32_t off_words; /* of a set of rules */
};

struct hb_waf_thread {
    uint32_t magic;
    struct hb_waf_match match;
    struct hb_waf_shared *shared; /* NULL: there is none */
    struct hb_arena *spare[8];    /* of requests that ended */
    unsigned n_spare;
};

/* engine_compile.c: fills in the above from W->rules. */
int hb_waf_compile(struct hb_waf *w, struct hb_err *err) HB_WUR;
void hb_waf_code_done(struct hb_waf *w);

/* The slot of a name in TX that stands in the rules, 0 where none does. */
uint32_t hb_waf_slot(const struct hb_waf *w, struct hb_slice name);
/* A name in lower case in BUF; false where it does not fit. */
#define HB_WAF_TX_NAME 128u
bool hb_waf_fold(struct hb_slice name, char buf[HB_WAF_TX_NAME],
                 struct hb_slice *ret);

#endif
