/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.c - settings out of a mapping, by a table of rows.
 *
 * Runs in every process that reads settings.  The rows are ours and trusted;
 * the mapping is what a person wrote.  The first thing to mend is told with
 * its place, and nothing is handed out unless all of it is right.
 *
 * A value is read the same way whether it was written or is a row's default,
 * so a default that breaks its own row's bounds is noticed by the first test
 * that reads the table.
 */
#include <sys/stat.h>

#include "base/conf.h"
#include "base/conf_text.h"
#include "base/i18n.h"
#include "base/num.h"
#include "base/show.h"

/* Where a value came from and where it goes. */
struct slot {
    struct hb_arena *a;
    const struct hb_conf_row *row;
    const struct hb_yaml *node;
    void *at;
    struct hb_err *err;
};

static int read_rows(struct hb_arena *a, const struct hb_conf_row *rows,
                     const struct hb_yaml *map, void *out, struct hb_err *err);
static int check_keys(struct hb_arena *a, const struct hb_conf_row *rows,
                      const struct hb_yaml *map, struct hb_err *err);
static int default_node(struct hb_arena *a, const struct hb_conf_row *row,
                        const struct hb_yaml *map, struct hb_yaml **ret,
                        struct hb_err *err);
static int read_slot(const struct slot *s);
static int read_bool(const struct slot *s);
static int read_int(const struct slot *s);
static int read_unsigned(const struct slot *s);
static int read_path(const struct slot *s);
static int read_secret(const struct slot *s);
static int read_enum(const struct slot *s);
static int read_strs(const struct slot *s);
static int read_list(const struct slot *s);
static int out_of_bounds(const struct slot *s);
static int no_memory(struct hb_err *err);

int hb_conf_read(struct hb_arena *a, const struct hb_conf_row *rows,
                 const struct hb_yaml *map, void *out, size_t size,
                 struct hb_err *err)
{
    void *filled = hb_arena_alloc(a, size);
    int rc;

    if (filled == NULL)
        return no_memory(err);
    rc = read_rows(a, rows, map, filled, err);
    if (rc < 0)
        return rc;
    memcpy(out, filled, size);
    return 0;
}

/* Fills OUT, which is zeroed. */
static int read_rows(struct hb_arena *a, const struct hb_conf_row *rows,
                     const struct hb_yaml *map, void *out, struct hb_err *err)
{
    int rc;

    /* "name:" with nothing behind it is a section left at its defaults. */
    if (map != NULL && map->type == HB_YAML_SCALAR && map->plain &&
        map->text[0] == '\0')
        map = NULL;
    if (map != NULL) {
        rc = check_keys(a, rows, map, err);
        if (rc < 0)
            return rc;
    }
    for (const struct hb_conf_row *row = rows; row->name != NULL; row++) {
        struct slot s = {.a = a,
                         .row = row,
                         .node = hb_yaml_get(map, row->name),
                         .at = (char *)out + row->offset,
                         .err = err};
        struct hb_yaml *dflt = NULL;

        if (s.node == NULL && row->type != HB_CONF_SECTION) {
            rc = default_node(a, row, map, &dflt, err);
            if (rc < 0)
                return rc;
            s.node = dflt;
        }
        HB_ASSERT(s.node != NULL || row->type == HB_CONF_SECTION);
        rc = read_slot(&s);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check_keys(struct hb_arena *a, const struct hb_conf_row *rows,
                      const struct hb_yaml *map, struct hb_err *err)
{
    const char **names;
    size_t n = 0;

    while (rows[n].name != NULL)
        n++;
    names = HB_NEW_N(a, const char *, n + 1);
    if (names == NULL)
        return no_memory(err);
    for (size_t i = 0; i < n; i++)
        names[i] = rows[i].name;
    return hb_yaml_keys(map, names, err);
}

/* The row's default as if it had been written at the mapping's place. */
static int default_node(struct hb_arena *a, const struct hb_conf_row *row,
                        const struct hb_yaml *map, struct hb_yaml **ret,
                        struct hb_err *err)
{
    struct hb_yaml *node;
    int rc;

    if (row->dflt == NULL) {
        if (map != NULL)
            return hb_yaml_err(map, err, -EINVAL, _("\"%s\" is missing"),
                               row->name);
        return hb_err_set(err, -EINVAL, _("\"%s\" is missing"), row->name);
    }
    if (row->type == HB_CONF_STRS || row->type == HB_CONF_LIST) {
        rc = hb_yaml_parse(a, NULL,
                           hb_slice_z(row->dflt[0] != '\0' ? row->dflt : "[]"),
                           &node, err);
        if (rc < 0)
            return rc;
    } else {
        node = HB_NEW(a, struct hb_yaml);
        if (node == NULL)
            return no_memory(err);
        node->type = HB_YAML_SCALAR;
        node->text = row->dflt;
        node->file = "";
    }
    node->key = row->name;
    *ret = node;
    return 0;
}

static int read_slot(const struct slot *s)
{
    static int (*const readers[])(const struct slot *s) = {
        [HB_CONF_BOOL] = read_bool,     [HB_CONF_INT] = read_int,
        [HB_CONF_SIZE] = read_unsigned, [HB_CONF_DURATION] = read_unsigned,
        [HB_CONF_PATH] = read_path,     [HB_CONF_SECRET] = read_secret,
        [HB_CONF_ENUM] = read_enum,     [HB_CONF_STRS] = read_strs,
        [HB_CONF_LIST] = read_list,
    };

    if (s->row->type == HB_CONF_SECTION)
        return read_rows(s->a, s->row->sub, s->node, s->at, s->err);
    if (s->row->type != HB_CONF_STRS && s->row->type != HB_CONF_LIST &&
        s->node->type != HB_YAML_SCALAR)
        return hb_yaml_err(s->node, s->err, -EINVAL,
                           _("\"%s\" takes one value"), s->row->name);
    if (s->row->type == HB_CONF_STR) {
        *(const char **)s->at = s->node->text;
        return 0;
    }
    HB_ASSERT((size_t)s->row->type < HB_ARRAY_LEN(readers));
    return readers[s->row->type](s);
}

static int read_bool(const struct slot *s)
{
    bool value = hb_streq(s->node->text, "true");

    if (!value && !hb_streq(s->node->text, "false"))
        return hb_yaml_err(s->node, s->err, -EINVAL,
                           _("\"%s\" must be true or false"), s->row->name);
    *(bool *)s->at = value;
    return 0;
}

static int read_int(const struct slot *s)
{
    int64_t value;
    int rc = hb_parse_i64(hb_slice_z(s->node->text), &value);

    if (rc == -EINVAL)
        return hb_yaml_err(s->node, s->err, -EINVAL,
                           _("\"%s\" must be a whole number"), s->row->name);
    if (rc < 0 ||
        (s->row->max != 0 && (value < s->row->min || value > s->row->max)))
        return out_of_bounds(s);
    *(int64_t *)s->at = value;
    return 0;
}

/* Sizes and durations. */
static int read_unsigned(const struct slot *s)
{
    struct hb_slice text = hb_slice_z(s->node->text);
    bool size = s->row->type == HB_CONF_SIZE;
    uint64_t value;
    int rc =
        size ? hb_parse_size(text, &value) : hb_parse_duration(text, &value);

    if (rc == -EINVAL && size)
        return hb_yaml_err(s->node, s->err, -EINVAL,
                           _("\"%s\" must be a size such as 512, 20k, 64m or "
                             "2g"),
                           s->row->name);
    if (rc == -EINVAL)
        return hb_yaml_err(s->node, s->err, -EINVAL,
                           _("\"%s\" must be a time such as 500ms, 10s, 5m, "
                             "24h or 30d"),
                           s->row->name);
    if (rc < 0 || value > INT64_MAX ||
        (s->row->max != 0 &&
         (value < (uint64_t)s->row->min || value > (uint64_t)s->row->max)))
        return out_of_bounds(s);
    *(uint64_t *)s->at = value;
    return 0;
}

/* Refuses what is not absolute, has a ".." part or is too long.  Never
 * repeats the text: a secret may have been written in a path's place. */
static int check_path(const struct slot *s)
{
    const char *p = s->node->text;

    if (p[0] == '\0' && s->row->dflt != NULL && s->row->dflt[0] == '\0')
        return 0; /* unset, as its default */
    if (p[0] != '/')
        return hb_yaml_err(s->node, s->err, -EINVAL,
                           _("\"%s\" must be a path that begins with \"/\""),
                           s->row->name);
    if (strlen(p) >= HB_MAX_PATH)
        return hb_yaml_err(s->node, s->err, -ENAMETOOLONG,
                           _("the path of \"%s\" is longer than %u bytes"),
                           s->row->name, HB_MAX_PATH - 1);
    while (*p != '\0') {
        size_t n;

        p += strspn(p, "/");
        n = strcspn(p, "/");
        if (n == 2 && memcmp(p, "..", 2) == 0)
            return hb_yaml_err(s->node, s->err, -EINVAL,
                               _("the path of \"%s\" must have no \"..\" in "
                                 "it"),
                               s->row->name);
        p += n;
    }
    return 0;
}

static int read_path(const struct slot *s)
{
    int rc = check_path(s);

    if (rc < 0)
        return rc;
    *(const char **)s->at = s->node->text;
    return 0;
}

/* A secret's file that others can read is refused at once.  One that this
 * process cannot look at is for the role that opens it to judge. */
static int read_secret(const struct slot *s)
{
    struct stat st;
    int rc = check_path(s);

    if (rc < 0)
        return rc;
    if (s->node->text[0] != '\0' && stat(s->node->text, &st) == 0) {
        if (!S_ISREG(st.st_mode))
            return hb_yaml_err(s->node, s->err, -EINVAL,
                               _("\"%s\" must name a regular file"),
                               s->row->name);
        if ((st.st_mode & 0177) != 0)
            return hb_yaml_err(s->node, s->err, -EPERM,
                               _("the file of \"%s\" has mode %04o; give it "
                                 "0600 (chmod 600), and change the secret if "
                                 "others may have read it"),
                               s->row->name, (unsigned)st.st_mode & 07777u);
    }
    *(const char **)s->at = s->node->text;
    return 0;
}

static int read_enum(const struct slot *s)
{
    _cleanup_buf_ struct hb_buf words = HB_BUF_INIT;
    const char *near;
    size_t n = 0;

    for (; s->row->words[n] != NULL; n++) {
        if (hb_streq(s->node->text, s->row->words[n])) {
            *(int *)s->at = (int)n;
            return 0;
        }
        hb_buf_addf(&words, "%s%s", n > 0 ? ", " : "", s->row->words[n]);
    }
    if (hb_buf_err(&words) < 0)
        return no_memory(s->err);
    near = hb_nearest(s->node->text, s->row->words, n);
    if (near != NULL)
        return hb_yaml_err(s->node, s->err, -EINVAL,
                           _("\"%s\" must be one of %s; did you mean \"%s\"?"),
                           s->row->name, hb_buf_z(&words), near);
    return hb_yaml_err(s->node, s->err, -EINVAL, _("\"%s\" must be one of %s"),
                       s->row->name, hb_buf_z(&words));
}

/* The node as a sequence of children of TYPE; an empty plain scalar is an
 * empty sequence, as where all its lines are commented out. */
static int check_sequence(const struct slot *s, enum hb_yaml_type type)
{
    const struct hb_yaml *wrong = NULL;

    if (s->node->type == HB_YAML_SCALAR && s->node->plain &&
        s->node->text[0] == '\0')
        return 0;
    if (s->node->type != HB_YAML_SEQ)
        wrong = s->node;
    for (const struct hb_yaml *child = s->node->first;
         child != NULL && wrong == NULL; child = child->next) {
        if (child->type != type)
            wrong = child;
    }
    if (wrong == NULL)
        return 0;
    if (type == HB_YAML_MAP)
        return hb_yaml_err(wrong, s->err, -EINVAL,
                           _("\"%s\" takes a list of mappings"), s->row->name);
    return hb_yaml_err(wrong, s->err, -EINVAL,
                       _("\"%s\" takes a list of single values"), s->row->name);
}

static int read_strs(const struct slot *s)
{
    struct hb_strs strs = {NULL, 0};
    int rc = check_sequence(s, HB_YAML_SCALAR);

    if (rc < 0)
        return rc;
    strs.v = HB_NEW_N(s->a, const char *, s->node->count);
    if (strs.v == NULL)
        return no_memory(s->err);
    HB_YAML_EACH (child, s->node) {
        strs.v[strs.n++] = child->text;
    }
    *(struct hb_strs *)s->at = strs;
    return 0;
}

static int read_list(const struct slot *s)
{
    struct hb_conf_list list = {NULL, 0};
    int rc = check_sequence(s, HB_YAML_MAP);

    if (rc < 0)
        return rc;
    list.v = hb_arena_calloc(s->a, s->node->count, s->row->sub_size);
    if (list.v == NULL)
        return no_memory(s->err);
    HB_YAML_EACH (child, s->node) {
        rc = read_rows(s->a, s->row->sub, child,
                       (char *)list.v + list.n * s->row->sub_size, s->err);
        if (rc < 0)
            return rc;
        list.n++;
    }
    *(struct hb_conf_list *)s->at = list;
    return 0;
}

static int out_of_bounds(const struct slot *s)
{
    char low[HB_CONF_TEXT], high[HB_CONF_TEXT];
    int64_t max = s->row->max;

    if (max == 0)
        return hb_yaml_err(s->node, s->err, -ERANGE,
                           _("the number of \"%s\" is too large"),
                           s->row->name);
    return hb_yaml_err(s->node, s->err, -ERANGE,
                       _("\"%s\" must be within %s and %s"), s->row->name,
                       hb_conf_text(low, s->row->type, s->row->min),
                       hb_conf_text(high, s->row->type, max));
}

static int no_memory(struct hb_err *err)
{
    return hb_err_set(err, -ENOMEM, _("out of memory"));
}
