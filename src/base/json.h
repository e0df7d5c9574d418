/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - JSON (RFC 8259) in and out, bounded.
 *
 * The reader makes a tree in an arena: depth, nodes and size have ceilings,
 * duplicate keys, bad UTF-8, lone surrogates, NaN and trailing bytes are
 * errors with line and column.  The writer appends to an hb_buf, escapes
 * always, and can write the canonical form of RFC 8785 (JCS) for signatures
 * (numbers: integers only, |n| < 2^53).
 */
#ifndef HB_BASE_JSON_H
#define HB_BASE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum hb_json_type {
    HB_JSON_NULL,
    HB_JSON_BOOL,
    HB_JSON_INT, /* fits int64_t */
    HB_JSON_REAL,
    HB_JSON_STR,
    HB_JSON_ARR,
    HB_JSON_OBJ
};

struct hb_json {
    enum hb_json_type type;
    bool boolean;
    int64_t integer;
    double real;
    struct hb_slice str; /* terminated too; may hold no NUL inside */
    struct hb_slice key; /* name where the parent is an object */
    struct hb_json *first, *last, *next;
    size_t count; /* children */
};

/* Parses the whole of TEXT.  Errors: -EBADMSG (syntax), -EILSEQ (UTF-8),
 * -EEXIST (a name twice), -ERANGE (a number that is no finite double), -EFBIG
 * (a ceiling), -ENOMEM.  Integers past int64_t become HB_JSON_REAL; a NUL in
 * a string ("\u0000") is refused. */
int hb_json_parse(struct hb_arena *a, struct hb_slice text,
                  struct hb_json **ret, struct hb_err *err) HB_WUR;

/* NOLINTBEGIN(bugprone-macro-parentheses): CHILD is declared here */
#define HB_JSON_EACH(child, parent)                                            \
    for (const struct hb_json *child = (parent)->first; child != NULL;         \
         child = child->next)
/* NOLINTEND(bugprone-macro-parentheses) */

/* Member KEY of an object, NULL where absent or OBJ is no object (or NULL). */
const struct hb_json *hb_json_get(const struct hb_json *obj, const char *key);
/* The same for a name that is not terminated. */
const struct hb_json *hb_json_member(const struct hb_json *obj,
                                     struct hb_slice key);
/* Dotted path: "file.hashes". */
const struct hb_json *hb_json_path(const struct hb_json *obj, const char *path);
/* Terminated text of a string member, or DFLT. */
const char *hb_json_str(const struct hb_json *obj, const char *key,
                        const char *dflt);
int64_t hb_json_int(const struct hb_json *obj, const char *key, int64_t dflt);
bool hb_json_bool(const struct hb_json *obj, const char *key, bool dflt);

/* Building a tree (all in A; NULL without memory). */
struct hb_json *hb_json_new(struct hb_arena *a, enum hb_json_type t) HB_WUR;
/* Adds to an object or array; KEY is NULL in arrays.  Strings are copied, a
 * VALUE of NULL becomes null.  Each returns the child, or NULL without memory
 * or where PARENT is NULL, so that a chain of calls is checked once. */
struct hb_json *hb_json_add(struct hb_arena *a, struct hb_json *parent,
                            const char *key, enum hb_json_type t);
struct hb_json *hb_json_add_str(struct hb_arena *a, struct hb_json *parent,
                                const char *key, const char *value);
struct hb_json *hb_json_add_int(struct hb_arena *a, struct hb_json *parent,
                                const char *key, int64_t value);
struct hb_json *hb_json_add_bool(struct hb_arena *a, struct hb_json *parent,
                                 const char *key, bool value);
/* Hangs CHILD, its key set by the caller, below PARENT. */
void hb_json_hang(struct hb_json *parent, struct hb_json *child);

/* Writes NODE; compact, members in their order.  Errors stick in B:
 * also -EFBIG where the tree is deeper than HB_MAX_JSON_DEPTH. */
void hb_json_write(struct hb_buf *b, const struct hb_json *node);
/* RFC 8785: members sorted by UTF-16 code units, no spaces.  -EDOM for a
 * number that is not an integer below 2^53, -EEXIST for a name that stands
 * twice, -EFBIG, -ENOMEM; B is then as it was. */
int hb_json_write_jcs(struct hb_buf *b, const struct hb_json *node) HB_WUR;
/* One string with quotes; bad UTF-8 becomes U+FFFD. */
void hb_json_quote(struct hb_buf *b, struct hb_slice s);

/* Writing without a tree: commas are kept by the writer.  At most
 * HB_MAX_JSON_DEPTH levels; KEY is NULL in arrays and at the top; text that
 * is NULL becomes null. */
struct hb_jw {
    struct hb_buf *b;
    uint32_t comma; /* bit a level: a member was written */
    unsigned depth;
};
void hb_jw_init(struct hb_jw *w, struct hb_buf *b);
void hb_jw_obj(struct hb_jw *w, const char *key);
void hb_jw_arr(struct hb_jw *w, const char *key);
void hb_jw_end_obj(struct hb_jw *w);
void hb_jw_end_arr(struct hb_jw *w);
void hb_jw_str(struct hb_jw *w, const char *key, const char *z);
void hb_jw_slice(struct hb_jw *w, const char *key, struct hb_slice s);
void hb_jw_int(struct hb_jw *w, const char *key, int64_t v);
void hb_jw_bool(struct hb_jw *w, const char *key, bool v);
void hb_jw_null(struct hb_jw *w, const char *key);
/* JSON text that a writer of ours finished, as it is. */
void hb_jw_raw(struct hb_jw *w, const char *key, struct hb_slice json);
/* A whole tree in place. */
void hb_jw_node(struct hb_jw *w, const char *key, const struct hb_json *node);

#endif
