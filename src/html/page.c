/* SPDX-License-Identifier: Apache-2.0 */
/* page.c - templates into pages: see page.h. */
#include "html/page.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/fault.h"
#include "html/escape.h"
#include "html/template.h"

#define TEMPLATES   64u
#define STEPS_MAX   1000000u /* of one page: a list without end is a bug */
#define PUBLIC_PATH "/static/"

struct hb_pages {
    struct hb_arena *arena;
    const struct hb_web_file *files;
    int zone_minutes;
    const char *zone_name;
    struct template template[TEMPLATES];
    size_t n;
};

enum kind { STRING, NUMBER, TRUTH, LIST };

struct value {
    struct value *next;
    const char *name;
    enum kind kind;
    const char *text;
    int64_t number;
    struct hb_view *first, **last; /* rows */
};

struct hb_view {
    struct hb_view *next; /* in its list */
    const struct hb_pages *pages;
    struct hb_arena *arena;
    enum hb_lang lang;
    struct value *values;
    int err;
};

struct frame {
    const struct hb_view *row;
    size_t each; /* the step */
};

struct making {
    const struct hb_view *top;
    struct frame frame[TEMPLATE_DEPTH];
    size_t frames;
    struct hb_buf *b;
    struct hb_err *err;
};

static bool is_template(const char *name);
static struct value *put(struct hb_view *v, const char *name, enum kind kind);
static struct value *own(const struct hb_view *v, const char *name);
static const struct value *find(const struct making *m, const char *name);
static int step(struct making *m, const struct template *t, size_t *at);
static int each(struct making *m, const struct template_step *s, size_t *at);
static int missing(const struct making *m, const char *name);
static void write_text(struct making *m, struct hb_slice z,
                       enum template_place place);
static int write_value(struct making *m, const char *name,
                       enum template_place place);
static int write_message(struct making *m, const struct template_step *s);
static bool truth(const struct value *v);

int hb_pages_new(const struct hb_web_file *files, int zone_minutes,
                 const char *zone_name, struct hb_pages **ret,
                 struct hb_err *err)
{
    struct hb_pages *p =
        hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*p));
    int r = 0;

    if (p != NULL)
        p->arena = hb_arena_new(0);
    if (p != NULL && p->arena != NULL)
        p->zone_name = hb_arena_strdup(p->arena, zone_name);
    if (p == NULL || p->arena == NULL || p->zone_name == NULL) {
        hb_pages_free(p);
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    }
    p->files = files;
    p->zone_minutes = zone_minutes;
    for (; r == 0 && files->name != NULL; files++) {
        /* What is only included need not fit by itself. */
        if (!is_template(files->name) || strncmp(files->name, "part/", 5) == 0)
            continue;
        r = p->n == TEMPLATES ? hb_err_set(err, -E2BIG, "too many templates")
                              : template_read(p->arena, p->files, files->name,
                                              &p->template[p->n], err);
        p->n++;
    }
    if (r < 0) {
        hb_pages_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

void hb_pages_free(struct hb_pages *p)
{
    if (p == NULL)
        return;
    hb_arena_free(p->arena);
    free(p);
}

const struct hb_web_file *hb_pages_file(const struct hb_pages *p,
                                        const char *name, const char **ret_type)
{
    static const char *const types[][2] = {
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".svg", "image/svg+xml"},
    };

    for (const struct hb_web_file *f = p->files; f->name != NULL; f++) {
        const char *dot = strrchr(f->name, '.');
        size_t stem = dot != NULL ? (size_t)(dot - f->name) : 0, n;

        if (dot == NULL || is_template(f->name) ||
            strncmp(name, f->name, stem) != 0 || name[stem] != '-')
            continue;
        n = strlen(f->hash);
        if (strncmp(name + stem + 1, f->hash, n) != 0 ||
            !hb_streq(name + stem + 1 + n, dot))
            continue;
        for (size_t i = 0; i < HB_ARRAY_LEN(types); i++)
            if (hb_streq(dot, types[i][0])) {
                *ret_type = types[i][1];
                return f;
            }
    }
    return NULL;
}

const char *hb_pages_public(const struct hb_pages *p, struct hb_arena *a,
                            const char *name)
{
    const struct hb_web_file *f = template_file(p->files, name);
    const char *dot = f != NULL ? strrchr(name, '.') : NULL;

    HB_ASSERT(dot != NULL);
    return hb_arena_printf(a, PUBLIC_PATH "%.*s-%s%s", (int)(dot - name), name,
                           f->hash, dot);
}

/* ---- values ---- */

struct hb_view *hb_view_new(const struct hb_pages *p, struct hb_arena *a,
                            enum hb_lang lang)
{
    struct hb_view *v = HB_NEW(a, struct hb_view);

    if (v != NULL)
        *v = (struct hb_view){.pages = p, .arena = a, .lang = lang};
    return v;
}

void hb_view_str(struct hb_view *v, const char *name, const char *value)
{
    struct value *n = put(v, name, STRING);

    if (n == NULL)
        return;
    n->text = hb_arena_strdup(v->arena, value != NULL ? value : "");
    if (n->text == NULL) {
        n->text = "";
        v->err = -ENOMEM;
    }
}

void hb_view_int(struct hb_view *v, const char *name, int64_t value)
{
    struct value *n = put(v, name, NUMBER);

    if (n != NULL)
        n->number = value;
}

void hb_view_bool(struct hb_view *v, const char *name, bool value)
{
    struct value *n = put(v, name, TRUTH);

    if (n != NULL)
        n->number = value;
}

void hb_view_time(struct hb_view *v, const char *name, int64_t ns)
{
    const struct hb_pages *p = v != NULL ? v->pages : NULL;
    const char *iso;
    char text[64];

    if (p == NULL)
        return;
    hb_view_str(
        v, name,
        hb_time_zone(ns, p->zone_minutes, p->zone_name, text, sizeof(text)));
    iso = hb_arena_printf(v->arena, "%s_iso", name);
    if (iso == NULL)
        v->err = -ENOMEM;
    else
        hb_view_str(v, iso, hb_time_utc(ns, text, sizeof(text)));
}

void hb_view_size(struct hb_view *v, const char *name, int64_t bytes)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    double n = (double)bytes;
    size_t u = 0;
    char text[32];

    for (; n >= 1000 && u + 1 < HB_ARRAY_LEN(units); u++)
        n /= 1024;
    (void)snprintf(text, sizeof(text),
                   u == 0 || n >= 100 ? "%.0f %s" : "%.1f %s", n, units[u]);
    hb_view_str(v, name, text);
}

void hb_view_list(struct hb_view *v, const char *name)
{
    struct value *n = v != NULL ? own(v, name) : NULL;

    if (n == NULL && (n = put(v, name, LIST)) != NULL)
        n->last = &n->first;
}

struct hb_view *hb_view_row(struct hb_view *v, const char *name)
{
    struct hb_view *row;
    struct value *n;

    if (v == NULL)
        return NULL;
    hb_view_list(v, name);
    n = own(v, name);
    row = n != NULL ? hb_view_new(v->pages, v->arena, v->lang) : NULL;
    if (row == NULL) {
        v->err = -ENOMEM;
        return NULL;
    }
    *n->last = row;
    n->last = &row->next;
    return row;
}

enum hb_lang hb_view_lang(const struct hb_view *v)
{
    return v->lang;
}

/* ---- making ---- */

int hb_page(const struct hb_pages *p, const char *name, const struct hb_view *v,
            struct hb_buf *b, struct hb_err *err)
{
    struct making m = {.top = v, .b = b, .err = err};
    const struct template *t = NULL;
    size_t at = 0;
    int r = 0;

    if (v == NULL || v->err < 0)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    for (size_t i = 0; i < p->n; i++)
        if (hb_streq(p->template[i].name, name))
            t = &p->template[i];
    if (t == NULL)
        return hb_err_set(err, -ENOENT, "%s: no such template", name);
    for (size_t i = 0; r == 0 && at < t->n; i++)
        r = i < STEPS_MAX ? step(&m, t, &at)
                          : hb_err_set(err, -EFBIG, "%s: too long", name);
    if (r == 0 && b->err < 0)
        r = hb_err_set(err, b->err, _("out of memory"));
    return r;
}

static int step(struct making *m, const struct template *t, size_t *at)
{
    const struct template_step *s = &t->step[(*at)++];
    const struct value *v;

    switch (s->op) {
    case OP_LITERAL:
        hb_buf_add(m->b, s->text.p, s->text.n);
        return 0;
    case OP_VALUE:
        return write_value(m, s->name, s->place);
    case OP_MESSAGE:
        return write_message(m, s);
    case OP_IF:
    case OP_UNLESS:
        v = find(m, s->name);
        if (v == NULL)
            return missing(m, s->name);
        if (truth(v) == (s->op == OP_UNLESS))
            *at = s->to;
        return 0;
    case OP_JUMP:
        *at = s->to;
        return 0;
    case OP_EACH:
        return each(m, s, at);
    case OP_NEXT:
        m->frame[m->frames - 1].row = m->frame[m->frames - 1].row->next;
        *at = m->frame[m->frames - 1].each + 1;
        if (m->frame[m->frames - 1].row == NULL) {
            *at = t->step[s->to].to;
            m->frames--;
        }
        return 0;
    }
    return -EINVAL;
}

static int each(struct making *m, const struct template_step *s, size_t *at)
{
    const struct value *v = find(m, s->name);

    if (v == NULL || v->kind != LIST)
        return missing(m, s->name);
    if (v->first == NULL) {
        *at = s->to;
        return 0;
    }
    HB_ASSERT(m->frames < TEMPLATE_DEPTH);
    m->frame[m->frames++] = (struct frame){v->first, *at - 1};
    return 0;
}

static int missing(const struct making *m, const char *name)
{
    return hb_err_set(m->err, -ENOENT, "the page has no value \"%s\"", name);
}

static int write_value(struct making *m, const char *name,
                       enum template_place place)
{
    const struct value *v = find(m, name);

    if (v == NULL || v->kind == LIST || v->kind == TRUTH)
        return missing(m, name);
    if (v->kind == NUMBER)
        hb_buf_addf(m->b, "%lld", (long long)v->number);
    else
        write_text(m, hb_slice_z(v->text), place);
    return 0;
}

/* The translation, "{name}" in it replaced. */
static int write_message(struct making *m, const struct template_step *s)
{
    const char *z = hb_tr(m->top->lang, s->name);

    while (*z != '\0') {
        size_t n = strcspn(z, "{");
        const char *end = z[n] == '{' ? strchr(z + n, '}') : NULL;
        char name[64];
        int r;

        if (end == NULL)
            n = strlen(z);
        write_text(m, hb_slice(z, n), s->place);
        z += n;
        if (end == NULL)
            continue;
        (void)snprintf(name, sizeof(name), "%.*s", (int)(end - z - 1), z + 1);
        r = write_value(m, name, s->place);
        if (r < 0)
            return r;
        z = end + 1;
    }
    return 0;
}

static void write_text(struct making *m, struct hb_slice z,
                       enum template_place place)
{
    switch (place) {
    case PLACE_TEXT:
        hb_html_text(m->b, z);
        break;
    case PLACE_LINES:
        hb_html_lines(m->b, z);
        break;
    case PLACE_ATTR:
        hb_html_attr(m->b, z);
        break;
    case PLACE_URL:
        (void)hb_html_url(m->b, z);
        break;
    case PLACE_URL_PART:
        hb_html_url_part(m->b, z);
        break;
    }
}

static const struct value *find(const struct making *m, const char *name)
{
    const struct value *v;

    for (size_t i = m->frames; i > 0; i--) {
        v = own(m->frame[i - 1].row, name);
        if (v != NULL)
            return v;
    }
    return own(m->top, name);
}

static struct value *own(const struct hb_view *v, const char *name)
{
    for (struct value *n = v->values; n != NULL; n = n->next)
        if (hb_streq(n->name, name))
            return n;
    return NULL;
}

static struct value *put(struct hb_view *v, const char *name, enum kind kind)
{
    struct value *n = v != NULL ? HB_NEW(v->arena, struct value) : NULL;

    if (n == NULL) {
        if (v != NULL)
            v->err = -ENOMEM;
        return NULL;
    }
    *n = (struct value){
        .next = v->values, .name = name, .kind = kind, .text = ""};
    v->values = n;
    return n;
}

static bool truth(const struct value *v)
{
    return v->kind == STRING ? v->text[0] != '\0'
           : v->kind == LIST ? v->first != NULL
                             : v->number != 0;
}

static bool is_template(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot != NULL && hb_streq(dot, ".html");
}
