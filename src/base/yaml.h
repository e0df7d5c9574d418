/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml.h - the one strict dialect for all that people write (libyaml reads
 * the syntax): one document, UTF-8, plain mappings, sequences and scalars.
 * Refused with file:line:column: anchors, aliases, tags, merge keys,
 * duplicate keys, keys that are not scalars, several documents.
 * Every scalar is text; types are given by whoever reads it (conf.h).
 */
#ifndef HB_BASE_YAML_H
#define HB_BASE_YAML_H

#include "base/arena.h"
#include "base/err.h"

enum hb_yaml_type { HB_YAML_SCALAR, HB_YAML_SEQ, HB_YAML_MAP };

struct hb_yaml {
    enum hb_yaml_type type;
    const char *file;      /* borrowed name for errors */
    unsigned line, column; /* of the value, from 1 */
    unsigned key_line, key_column;
    const char *key;  /* where the parent is a mapping */
    const char *text; /* scalars; terminated, no NUL inside */
    bool plain;       /* scalar written without quotes */
    struct hb_yaml *first, *last, *next;
    size_t count;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): CHILD is declared here */
#define HB_YAML_EACH(child, parent)                                            \
    for (const struct hb_yaml *child = (parent)->first; child != NULL;         \
         child = child->next)
/* NOLINTEND(bugprone-macro-parentheses) */

int hb_yaml_parse(struct hb_arena *a, const char *name, struct hb_slice text,
                  struct hb_yaml **ret, struct hb_err *err) HB_WUR;
/* Reads the file PATH (at most HB_MAX_YAML bytes). */
int hb_yaml_load(struct hb_arena *a, const char *path, struct hb_yaml **ret,
                 struct hb_err *err) HB_WUR;

const struct hb_yaml *hb_yaml_get(const struct hb_yaml *map, const char *key);
/* Text of scalar member KEY, or DFLT. */
const char *hb_yaml_str(const struct hb_yaml *map, const char *key,
                        const char *dflt);
/* An error at NODE's place; returns CODE. */
int hb_yaml_err(const struct hb_yaml *node, struct hb_err *err, int code,
                const char *fmt, ...) HB_PRINTF(4, 5);
/* 0 where every key of MAP is among KEYS (NULL ends the list), else an error
 * at the first other one with the nearest known name. */
int hb_yaml_keys(const struct hb_yaml *map, const char *const *keys,
                 struct hb_err *err) HB_WUR;

#endif
