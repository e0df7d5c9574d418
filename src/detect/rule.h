/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.h - a compiled rule, shared by the files of this folder only.
 */
#ifndef HB_DETECT_RULE_H
#define HB_DETECT_RULE_H

#include "base/yaml.h"
#include "detect/detect.h"

#define HB_RULE_DEPTH  16u /* brackets of a condition */
#define HB_RULE_NODES  256u
#define HB_RULE_BLOCKS 32u /* named selections */

/* Beside the fields of fields.def: what every event has. */
enum { HB_RF_ACTIVITY = HB_F_COUNT, HB_RF_SEVERITY, HB_RF_SOURCE, HB_RF_END };

enum hb_match_op {
    HB_OP_EQUAL,
    HB_OP_CONTAINS,
    HB_OP_STARTS,
    HB_OP_ENDS,
    HB_OP_GLOB,   /* has * or ? inside */
    HB_OP_EXISTS, /* number: 1 must be there, 0 must not */
    HB_OP_LT,
    HB_OP_LTE,
    HB_OP_GT,
    HB_OP_GTE
};

struct hb_match_value {
    enum hb_match_op op;
    struct hb_slice text; /* lower case unless cased */
    int64_t number;
};

struct hb_match_test { /* one line of a selection */
    unsigned field;
    bool all; /* every value, else any */
    bool cased;
    const struct hb_match_value *values;
    size_t n;
};

struct hb_match_map { /* all tests hold */
    const struct hb_match_test *tests;
    size_t n;
};

struct hb_match_block { /* a named selection: any map holds */
    const char *name;
    const struct hb_match_map *maps;
    size_t n;
};

enum hb_node_op { HB_NODE_AND, HB_NODE_OR, HB_NODE_NOT, HB_NODE_SET };

struct hb_match_node {
    enum hb_node_op op;
    const struct hb_match_node *a, *b;
    uint32_t set; /* SET: bits of blocks */
    bool all;     /* SET: all of them, else one */
};

struct hb_compiled {
    struct hb_rule pub;
    int64_t class_uid;   /* 0: any */
    const char *service; /* source, or NULL */
    struct hb_match_block blocks[HB_RULE_BLOCKS];
    size_t blocks_n;
    const struct hb_match_node *condition;
};

struct hb_rules {
    struct hb_arena *arena;
    struct hb_compiled **rule;
    size_t n, cap;
};

/* Reads one rule's mapping. */
int hb_rule_read(struct hb_arena *a, const struct hb_yaml *top,
                 struct hb_compiled *ret, struct hb_err *err) HB_WUR;
/* The detection part: selections and condition. */
int hb_rule_detection(struct hb_arena *a, const struct hb_yaml *map,
                      struct hb_compiled *ret, struct hb_err *err) HB_WUR;
int hb_rule_condition(struct hb_arena *a, const struct hb_yaml *node,
                      struct hb_compiled *ret, struct hb_err *err) HB_WUR;
/* A field by Sigma's name or OCSF path; HB_RF_END where there is none. */
unsigned hb_rule_field(struct hb_slice name);
/* The nearest Sigma name to Z, or NULL. */
const char *hb_rule_field_near(const char *z);
/* Whether PATTERN (with * and ?; \ before one means itself) matches. */
bool hb_rule_glob(struct hb_slice pattern, struct hb_slice text, bool cased);

#endif
