/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.h - configuration as rows of a table: {name, type, bounds, default,
 * doc} feeds the parser, `config check|dump`, the man page and the API.
 *
 * A section is a C struct and a table of rows that says where each value
 * goes.  Defaults are written first, then the mapping; an unknown key is an
 * error with the nearest name, a value out of bounds one with the bounds.
 */
#ifndef HB_BASE_CONF_H
#define HB_BASE_CONF_H

#include "base/buf.h"
#include "base/yaml.h"

enum hb_conf_type {
    HB_CONF_BOOL,     /* bool: true|false */
    HB_CONF_INT,      /* int64_t within min..max */
    HB_CONF_SIZE,     /* uint64_t bytes ("20m") within min..max */
    HB_CONF_DURATION, /* uint64_t ns ("10s") within min..max */
    HB_CONF_STR,      /* const char *, in the arena */
    HB_CONF_PATH,     /* const char *, absolute, no ".." part */
    HB_CONF_SECRET,   /* const char *: path of a file of mode 0600; the
                         value itself never stands in YAML */
    HB_CONF_ENUM,     /* int: index into words */
    HB_CONF_STRS,     /* struct hb_strs: sequence of scalars */
    HB_CONF_LIST,     /* struct hb_conf_list: sequence of mappings */
    HB_CONF_SECTION   /* nested struct in place */
};

struct hb_strs {
    const char **v;
    size_t n;
};

struct hb_conf_list {
    void *v; /* array of structs of the row's sub_size */
    size_t n;
};

struct hb_conf_row {
    const char *name;
    enum hb_conf_type type;
    size_t offset;                 /* into the section's struct */
    int64_t min, max;              /* INT, SIZE, DURATION; max 0: no bounds */
    const char *dflt;              /* as it would be written; NULL: required */
    const char *doc;               /* one sentence, N_() marked */
    const char *const *words;      /* ENUM, NULL ends */
    const struct hb_conf_row *sub; /* LIST, SECTION: rows, name NULL ends */
    size_t sub_size;
};

/* Fills OUT (zeroed by the callee, SIZE bytes) from MAP (NULL: defaults
 * only). */
int hb_conf_read(struct hb_arena *a, const struct hb_conf_row *rows,
                 const struct hb_yaml *map, void *out, size_t size,
                 struct hb_err *err) HB_WUR;
/* Appends the section as YAML at INDENT, secrets masked. */
void hb_conf_dump(struct hb_buf *b, const struct hb_conf_row *rows,
                  const void *in, unsigned indent);
/* Appends the rows as a man page's definition list (mdoc). */
void hb_conf_man(struct hb_buf *b, const struct hb_conf_row *rows,
                 const char *prefix);

#endif
