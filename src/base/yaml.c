/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml.c - the strict dialect: libyaml's events made into a tree.
 *
 * Runs in every process that reads settings, the case book or rules.  The
 * files are written by people who may run this machine, but also by whoever
 * can change a file of theirs: depth, nodes and size have ceilings, and what
 * reads differently from how it looks is refused - anchors, aliases, tags,
 * merge keys, duplicate keys, invisible and direction-changing characters,
 * line breaks that editors do not show.
 *
 * The bytes are looked at before libyaml sees them, so its own recoding and
 * its wider notion of line breaks are never used.  Its messages are in the
 * catalogue word for word and are translated here.
 */
#include <yaml.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/map.h"
#include "base/show.h"
#include "base/utf8.h"
#include "base/yaml.h"

/* Mappings up to this many members are searched one by one. */
#define SMALL_MAP 16u

struct level {
    struct hb_yaml *node;
    struct hb_map *names; /* NULL while the mapping is small */
    struct hb_yaml *next; /* value to come, its key already read */
};

struct reader {
    yaml_parser_t parser;
    struct hb_arena *a;
    const char *file;
    struct hb_err *err;
    struct hb_yaml *root;
    unsigned documents;
    size_t nodes;
    unsigned depth;
    struct level stack[HB_MAX_YAML_DEPTH];
};

static int read_all(struct reader *r, struct hb_slice text);
static int check_bytes(struct reader *r, struct hb_slice text);
static int on_event(struct reader *r, const yaml_event_t *e);
static int on_document(struct reader *r, const yaml_event_t *e);
static int on_scalar(struct reader *r, const yaml_event_t *e);
static int on_open(struct reader *r, const yaml_event_t *e);
static int on_key(struct reader *r, const yaml_event_t *e);
static int check_key(struct reader *r, const yaml_event_t *e,
                     struct hb_slice key);
static int new_node(struct reader *r, const yaml_event_t *e,
                    enum hb_yaml_type type, struct hb_yaml **ret);
static int fail(struct reader *r, yaml_mark_t at, int code, const char *fmt,
                ...) HB_PRINTF(4, 5);
static int no_memory(struct reader *r);
static int syntax_error(struct reader *r);

/* What libyaml says of a text that is no YAML, for the catalogue. */
static const char *const problems[] = {
    N_("could not find expected ':'"),
    N_("found unexpected ':'"),
    N_("did not find expected '!'"),
    N_("did not find expected tag URI"),
    N_("did not find the expected '>'"),
    N_("found unknown directive name"),
    N_("could not find expected directive name"),
    N_("found unexpected non-alphabetical character"),
    N_("found extremely long version number"),
    N_("did not find expected version number"),
    N_("did not find expected digit or '.' character"),
    N_("found a tab character where an indentation space is expected"),
    N_("found a tab character that violates indentation"),
    N_("found an indentation indicator equal to 0"),
    N_("did not find expected comment or line break"),
    N_("found unexpected document indicator"),
    N_("found unexpected end of stream"),
    N_("found unknown escape character"),
    N_("did not find expected hexdecimal number"),
    N_("found invalid Unicode character escape code"),
    N_("did not find expected alphabetic or numeric character"),
    N_("did not find expected whitespace"),
    N_("did not find expected whitespace or line break"),
    N_("block sequence entries are not allowed in this context"),
    N_("mapping keys are not allowed in this context"),
    N_("mapping values are not allowed in this context"),
    N_("found character that cannot start any token"),
    N_("found incompatible YAML document"),
    N_("did not find expected <document start>"),
    N_("did not find expected node content"),
    N_("did not find expected ',' or ']'"),
    N_("did not find expected ',' or '}'"),
    N_("did not find expected '-' indicator"),
    N_("did not find expected key"),
    N_("found undefined tag handle"),
};

int hb_yaml_parse(struct hb_arena *a, const char *name, struct hb_slice text,
                  struct hb_yaml **ret, struct hb_err *err)
{
    struct reader r = {.a = a, .err = err, .file = ""};
    int rc;

    if (text.n == 0)
        text = HB_SLICE(""); /* libyaml wants no NULL */
    if (name != NULL) {
        r.file = hb_arena_strdup(a, name);
        if (r.file == NULL)
            return no_memory(&r);
    }
    if (text.n > HB_MAX_YAML)
        return hb_err_at(err, -EFBIG, r.file, 0, 0, _("larger than %u bytes"),
                         HB_MAX_YAML);
    rc = check_bytes(&r, text);
    if (rc < 0)
        return rc;
    if (yaml_parser_initialize(&r.parser) == 0)
        return no_memory(&r);
    rc = read_all(&r, text);
    while (r.depth > 0)
        hb_map_free(r.stack[--r.depth].names);
    yaml_parser_delete(&r.parser);
    if (rc < 0)
        return rc;
    *ret = r.root;
    return 0;
}

int hb_yaml_load(struct hb_arena *a, const char *path, struct hb_yaml **ret,
                 struct hb_err *err)
{
    struct hb_slice text;
    char why[128];
    int rc = hb_file_read(a, path, HB_MAX_YAML, &text);

    if (rc == -EFBIG)
        return hb_err_at(err, rc, path, 0, 0, _("larger than %u bytes"),
                         HB_MAX_YAML);
    if (rc < 0)
        return hb_err_at(err, rc, path, 0, 0, _("cannot be read: %s"),
                         hb_errno_text(rc, why, sizeof why));
    return hb_yaml_parse(a, path, text, ret, err);
}

const struct hb_yaml *hb_yaml_get(const struct hb_yaml *map, const char *key)
{
    if (map == NULL || map->type != HB_YAML_MAP)
        return NULL;
    HB_YAML_EACH (child, map) {
        if (hb_streq(child->key, key))
            return child;
    }
    return NULL;
}

const char *hb_yaml_str(const struct hb_yaml *map, const char *key,
                        const char *dflt)
{
    const struct hb_yaml *m = hb_yaml_get(map, key);

    return m != NULL && m->type == HB_YAML_SCALAR ? m->text : dflt;
}

int hb_yaml_err(const struct hb_yaml *node, struct hb_err *err, int code,
                const char *fmt, ...)
{
    char message[HB_MAX_ERR];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    return hb_err_at(err, code, node->file, node->line, node->column, "%s",
                     message);
}

int hb_yaml_keys(const struct hb_yaml *map, const char *const *keys,
                 struct hb_err *err)
{
    size_t n = 0;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, err, -EINVAL,
                           _("a mapping (\"name: value\" lines) should stand "
                             "here"));
    while (keys[n] != NULL)
        n++;
    HB_YAML_EACH (child, map) {
        char shown[HB_SHOW_MAX];
        const char *near;
        size_t i = 0;

        while (i < n && !hb_streq(child->key, keys[i]))
            i++;
        if (i < n)
            continue;
        near = hb_nearest(child->key, keys, n);
        (void)hb_showz(shown, sizeof shown, hb_slice_z(child->key));
        if (near != NULL)
            return hb_err_at(
                err, -EINVAL, child->file, child->key_line, child->key_column,
                _("unknown key \"%s\"; did you mean \"%s\"?"), shown, near);
        return hb_err_at(err, -EINVAL, child->file, child->key_line,
                         child->key_column, _("unknown key \"%s\""), shown);
    }
    return 0;
}

/* Feeds all events of TEXT. */
static int read_all(struct reader *r, struct hb_slice text)
{
    bool end = false;
    int rc = 0;

    yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
        text = hb_slice(text.p + 3, text.n - 3);
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)text.p,
                                 text.n);
    while (!end && rc == 0) {
        yaml_event_t e;

        if (yaml_parser_parse(&r->parser, &e) == 0)
            return syntax_error(r);
        end = e.type == YAML_STREAM_END_EVENT;
        rc = on_event(r, &e);
        yaml_event_delete(&e);
    }
    if (rc < 0 || r->root != NULL)
        return rc;
    /* Nothing but comments: a mapping without members. */
    r->root = HB_NEW(r->a, struct hb_yaml);
    if (r->root == NULL)
        return no_memory(r);
    r->root->type = HB_YAML_MAP;
    r->root->file = r->file;
    r->root->line = r->root->column = 1;
    return 0;
}

/* Valid UTF-8 without what cannot be seen; a byte order mark may lead. */
static int check_bytes(struct reader *r, struct hb_slice text)
{
    yaml_mark_t at = {0, 0, 0};
    size_t i = 0;

    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
        i = 3;
    while (i < text.n) {
        uint32_t cp = 0;
        size_t n = hb_utf8_get(text.p + i, text.n - i, &cp);

        if (n == 0)
            return fail(r, at, -EILSEQ, _("bytes that are not valid UTF-8"));
        if (cp == '\n' ||
            (cp == '\r' && (i + 1 == text.n || text.p[i + 1] != '\n'))) {
            at.line++;
            at.column = 0;
        } else if (cp == '\t' || cp == '\r' || !hb_show_hidden(cp)) {
            at.column++;
        } else {
            return fail(r, at, -EILSEQ,
                        _("invisible character U+%04X; write it as an escape "
                          "in double quotes"),
                        cp);
        }
        i += n;
    }
    return 0;
}

static int on_event(struct reader *r, const yaml_event_t *e)
{
    struct level *top = r->depth > 0 ? &r->stack[r->depth - 1] : NULL;

    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(r, e);
    case YAML_ALIAS_EVENT:
        return fail(r, e->start_mark, -EINVAL,
                    _("aliases (\"*name\") are not permitted"));
    case YAML_SCALAR_EVENT:
        if (top != NULL && top->node->type == HB_YAML_MAP && top->next == NULL)
            return on_key(r, e);
        return on_scalar(r, e);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return on_open(r, e);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        HB_ASSERT(top != NULL);
        hb_map_free(top->names);
        r->depth--;
        return 0;
    default:
        return 0;
    }
}

static int on_document(struct reader *r, const yaml_event_t *e)
{
    if (e->data.document_start.version_directive != NULL ||
        e->data.document_start.tag_directives.start !=
            e->data.document_start.tag_directives.end)
        return fail(r, e->start_mark, -EINVAL,
                    _("directives (\"%%\" lines) are not permitted"));
    if (r->documents++ > 0)
        return fail(r, e->start_mark, -EINVAL,
                    _("a second document; one file holds one"));
    return 0;
}

/* Anchors and tags, which may stand before any value or key. */
static int check_properties(struct reader *r, const yaml_event_t *e,
                            const unsigned char *anchor,
                            const unsigned char *tag)
{
    if (anchor != NULL)
        return fail(r, e->start_mark, -EINVAL,
                    _("anchors (\"&name\") are not permitted"));
    if (tag != NULL)
        return fail(r, e->start_mark, -EINVAL,
                    _("tags (\"!name\") are not permitted"));
    return 0;
}

/* The scalar of E as text in the arena. */
static int scalar_text(struct reader *r, const yaml_event_t *e,
                       struct hb_slice *ret)
{
    const char *p = (const char *)e->data.scalar.value;
    size_t n = e->data.scalar.length;
    int rc = check_properties(r, e, e->data.scalar.anchor, e->data.scalar.tag);

    if (rc < 0)
        return rc;
    if (memchr(p, '\0', n) != NULL)
        return fail(r, e->start_mark, -EINVAL, _("a NUL character in a text"));
    p = hb_arena_dup(r->a, p, n);
    if (p == NULL)
        return no_memory(r);
    *ret = hb_slice(p, n);
    return 0;
}

static int on_scalar(struct reader *r, const yaml_event_t *e)
{
    struct hb_slice text;
    struct hb_yaml *node;
    int rc = scalar_text(r, e, &text);

    if (rc < 0)
        return rc;
    /* "---" with nothing behind it: as an empty file. */
    if (r->depth == 0 && text.n == 0 &&
        e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return 0;
    rc = new_node(r, e, HB_YAML_SCALAR, &node);
    if (rc < 0)
        return rc;
    node->text = text.p;
    node->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return 0;
}

static int on_open(struct reader *r, const yaml_event_t *e)
{
    bool seq = e->type == YAML_SEQUENCE_START_EVENT;
    const struct level *top = r->depth > 0 ? &r->stack[r->depth - 1] : NULL;
    struct hb_yaml *node;
    int rc;

    if (seq)
        rc = check_properties(r, e, e->data.sequence_start.anchor,
                              e->data.sequence_start.tag);
    else
        rc = check_properties(r, e, e->data.mapping_start.anchor,
                              e->data.mapping_start.tag);
    if (rc < 0)
        return rc;
    if (top != NULL && top->node->type == HB_YAML_MAP && top->next == NULL)
        return fail(r, e->start_mark, -EINVAL, _("a key must be one word"));
    if (r->depth == HB_MAX_YAML_DEPTH)
        return fail(r, e->start_mark, -EFBIG, _("nested deeper than %u"),
                    HB_MAX_YAML_DEPTH);
    rc = new_node(r, e, seq ? HB_YAML_SEQ : HB_YAML_MAP, &node);
    if (rc < 0)
        return rc;
    r->stack[r->depth++] = (struct level){.node = node};
    return 0;
}

/* A key: its node is made here and filled by the value that follows. */
static int on_key(struct reader *r, const yaml_event_t *e)
{
    struct level *top = &r->stack[r->depth - 1];
    struct hb_slice key;
    struct hb_yaml *node;
    int rc = scalar_text(r, e, &key);

    if (rc < 0)
        return rc;
    if (key.n == 0)
        return fail(r, e->start_mark, -EINVAL, _("an empty key"));
    if (hb_streq(key.p, "<<") &&
        e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return fail(r, e->start_mark, -EINVAL,
                    _("merge keys (\"<<\") are not permitted"));
    rc = check_key(r, e, key);
    if (rc < 0)
        return rc;
    node = HB_NEW(r->a, struct hb_yaml);
    if (node == NULL)
        return no_memory(r);
    node->key = key.p;
    node->key_line = (unsigned)e->start_mark.line + 1;
    node->key_column = (unsigned)e->start_mark.column + 1;
    top->next = node;
    return 0;
}

/* Refuses a key that the open mapping has already, and remembers it. */
static int check_key(struct reader *r, const yaml_event_t *e,
                     struct hb_slice key)
{
    struct level *top = &r->stack[r->depth - 1];
    const struct hb_yaml *before;
    char shown[HB_SHOW_MAX];

    if (top->node->count < SMALL_MAP) {
        before = hb_yaml_get(top->node, key.p);
    } else {
        if (top->names == NULL) {
            top->names = hb_map_new();
            if (top->names == NULL)
                return no_memory(r);
        }
        /* Members are put in when the next key comes: each has its value. */
        if (hb_map_count(top->names) == 0) {
            for (struct hb_yaml *c = top->node->first; c != NULL; c = c->next)
                if (hb_map_put(top->names, hb_slice_z(c->key), c) < 0)
                    return no_memory(r);
        } else if (hb_map_put(top->names, hb_slice_z(top->node->last->key),
                              top->node->last) < 0) {
            return no_memory(r);
        }
        before = hb_map_get(top->names, key);
    }
    if (before == NULL)
        return 0;
    return fail(r, e->start_mark, -EEXIST,
                _("the key \"%s\" stands twice; first in line %u"),
                hb_showz(shown, sizeof shown, key), before->key_line);
}

/* A value's node, hung where it belongs. */
static int new_node(struct reader *r, const yaml_event_t *e,
                    enum hb_yaml_type type, struct hb_yaml **ret)
{
    struct level *top = r->depth > 0 ? &r->stack[r->depth - 1] : NULL;
    struct hb_yaml *node = top != NULL ? top->next : NULL;

    if (r->nodes == HB_MAX_YAML_NODES)
        return fail(r, e->start_mark, -EFBIG, _("more than %u values"),
                    HB_MAX_YAML_NODES);
    r->nodes++;
    if (node == NULL)
        node = HB_NEW(r->a, struct hb_yaml);
    if (node == NULL)
        return no_memory(r);
    node->type = type;
    node->file = r->file;
    node->line = (unsigned)e->start_mark.line + 1;
    node->column = (unsigned)e->start_mark.column + 1;
    if (top == NULL) {
        r->root = node;
    } else {
        if (top->node->last != NULL)
            top->node->last->next = node;
        else
            top->node->first = node;
        top->node->last = node;
        top->node->count++;
        top->next = NULL;
    }
    *ret = node;
    return 0;
}

static int fail(struct reader *r, yaml_mark_t at, int code, const char *fmt,
                ...)
{
    char message[HB_MAX_ERR];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    return hb_err_at(r->err, code, r->file, (unsigned)at.line + 1,
                     (unsigned)at.column + 1, "%s", message);
}

static int no_memory(struct reader *r)
{
    return hb_err_set(r->err, -ENOMEM, _("out of memory"));
}

static int syntax_error(struct reader *r)
{
    const char *problem = r->parser.problem;

    if (r->parser.error == YAML_MEMORY_ERROR)
        return no_memory(r);
    for (size_t i = 0; problem != NULL && i < HB_ARRAY_LEN(problems); i++) {
        if (hb_streq(problem, problems[i]))
            return fail(r, r->parser.problem_mark, -EBADMSG, "%s",
                        _(problems[i]));
    }
    return fail(r, r->parser.problem_mark, -EBADMSG,
                _("this is not valid YAML: %s"),
                problem != NULL ? problem : "?");
}
