/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.c - an event in memory: which fields there are, setting and reading
 * them.
 *
 * Runs in every role.  Values come from file names, command lines and
 * packets: attackers write them.  So every value is copied, made valid UTF-8
 * for whoever shows it, and the bytes as they were stand beside it where they
 * name something.
 */
#include "event/event.h"

#include "base/clock.h"
#include "base/num.h"
#include "event/shape.h"

/* What HB_MAX_JSON_DEPTH leaves for a value below unmapped.other. */
#define VALUE_DEPTH (HB_MAX_JSON_DEPTH - 8u)

static struct hb_event_field *slot(struct hb_event *e, enum hb_field f);
static bool keeps_raw(enum hb_field f);
static unsigned depth_of(const struct hb_json *node, unsigned limit);

static const struct {
    const char *path;
    enum hb_field_type type;
} fields[HB_F_COUNT] = {
#define HB_FIELD(id, path, type) [HB_F_##id] = {path, type},
#include "event/fields.def"
#undef HB_FIELD
};

struct hb_event *hb_event_new(struct hb_arena *a, enum hb_event_class c,
                              int activity, enum hb_severity sev,
                              const char *source)
{
    struct hb_event *e = HB_NEW(a, struct hb_event);

    if (e == NULL)
        return NULL;
    hb_id_new(e->uid);
    e->class_uid = c;
    e->activity = activity;
    e->severity = sev;
    e->time = hb_now();
    e->mono = hb_mono();
    e->arena = a;
    e->source = hb_arena_strdup(a, source);
    return e->source != NULL ? e : NULL;
}

int hb_event_str(struct hb_event *e, enum hb_field f, struct hb_slice value)
{
    struct hb_event_field *at;
    struct hb_slice raw = {NULL, 0};
    bool valid;
    char *text;
    size_t n = value.n;

    if (f >= HB_F_COUNT || fields[f].type != HB_FT_STR)
        return -EINVAL;
    if (n > 0 && value.p == NULL)
        return -EINVAL;
    valid = n == 0 ||
            (hb_utf8_valid(value.p, n) && memchr(value.p, '\0', n) == NULL);
    if (valid) {
        text = hb_arena_dup(e->arena, n > 0 ? value.p : "", n);
    } else {
        text = hb_event_readable(e->arena, value, &n);
        if (text != NULL && keeps_raw(f)) {
            raw.p = hb_arena_dup(e->arena, value.p, value.n);
            raw.n = value.n;
            if (raw.p == NULL)
                return -ENOMEM;
        }
    }
    if (text == NULL || (at = slot(e, f)) == NULL)
        return -ENOMEM;
    at->str = hb_slice(text, n);
    at->raw = raw;
    return 0;
}

int hb_event_strz(struct hb_event *e, enum hb_field f, const char *value)
{
    if (value == NULL)
        return -EINVAL;
    return hb_event_str(e, f, hb_slice_z(value));
}

int hb_event_int(struct hb_event *e, enum hb_field f, int64_t value)
{
    struct hb_event_field *at;

    if (f >= HB_F_COUNT || fields[f].type != HB_FT_INT)
        return -EINVAL;
    if ((at = slot(e, f)) == NULL)
        return -ENOMEM;
    at->integer = value;
    return 0;
}

int hb_event_bool(struct hb_event *e, enum hb_field f, bool value)
{
    struct hb_event_field *at;

    if (f >= HB_F_COUNT || fields[f].type != HB_FT_BOOL)
        return -EINVAL;
    if ((at = slot(e, f)) == NULL)
        return -ENOMEM;
    at->integer = value ? 1 : 0;
    return 0;
}

int hb_event_json(struct hb_event *e, enum hb_field f,
                  const struct hb_json *value)
{
    struct hb_event_field *at;
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char *text;

    if (f >= HB_F_COUNT || fields[f].type != HB_FT_JSON || value == NULL)
        return -EINVAL;
    if (value->type != HB_JSON_OBJ && value->type != HB_JSON_ARR)
        return -EINVAL;
    if (depth_of(value, VALUE_DEPTH) > VALUE_DEPTH)
        return -EINVAL;
    b.ceiling = HB_MAX_EVENT;
    hb_json_write(&b, value);
    if (hb_buf_err(&b) < 0)
        return hb_buf_err(&b) == -EFBIG ? -EINVAL : hb_buf_err(&b);
    text = hb_arena_dup(e->arena, b.p, b.n);
    if (text == NULL || (at = slot(e, f)) == NULL)
        return -ENOMEM;
    at->str = hb_slice(text, b.n);
    return 0;
}

const struct hb_event_field *hb_event_get(const struct hb_event *e,
                                          enum hb_field f)
{
    for (const struct hb_event_field *i = e->first; i != NULL; i = i->next)
        if (i->field == f)
            return i;
    return NULL;
}

const char *hb_event_getz(const struct hb_event *e, enum hb_field f,
                          const char *dflt)
{
    const struct hb_event_field *i = hb_event_get(e, f);

    return i != NULL && i->str.p != NULL ? i->str.p : dflt;
}

enum hb_field hb_field_find(struct hb_slice path)
{
    size_t low = 0, high = HB_F_COUNT;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        size_t n = strlen(fields[mid].path);
        int c = memcmp(fields[mid].path, path.n > 0 ? path.p : "",
                       HB_MIN(n, path.n));

        if (c == 0 && n == path.n)
            return (enum hb_field)mid;
        if (c < 0 || (c == 0 && n < path.n))
            low = mid + 1;
        else
            high = mid;
    }
    return HB_F_COUNT;
}

const char *hb_field_path(enum hb_field f)
{
    return f < HB_F_COUNT ? fields[f].path : "?";
}

enum hb_field_type hb_field_type(enum hb_field f)
{
    return f < HB_F_COUNT ? fields[f].type : HB_FT_JSON;
}

char *hb_event_readable(struct hb_arena *a, struct hb_slice raw, size_t *ret_n)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    size_t i = 0;

    while (i < raw.n) {
        size_t n = 1;

        while (n <= 4 && i + n <= raw.n && !hb_utf8_valid(raw.p + i, n))
            n++;
        if (n > 4 || i + n > raw.n || raw.p[i] == '\0') {
            hb_buf_addz(&b, "\xef\xbf\xbd");
            n = 1;
        } else {
            hb_buf_add(&b, raw.p + i, n);
        }
        i += n;
    }
    if (hb_buf_err(&b) < 0)
        return NULL;
    *ret_n = b.n;
    return hb_arena_dup(a, hb_buf_z(&b), b.n);
}

/* The field's place, emptied; a new one at the end where there is none. */
static struct hb_event_field *slot(struct hb_event *e, enum hb_field f)
{
    struct hb_event_field *i = e->first;

    while (i != NULL && i->field != f)
        i = i->next;
    if (i != NULL) {
        i->str = i->raw = hb_slice(NULL, 0);
        i->integer = 0;
        return i;
    }
    i = HB_NEW(e->arena, struct hb_event_field);
    if (i == NULL)
        return NULL;
    i->field = f;
    if (e->last != NULL)
        e->last->next = i;
    else
        e->first = i;
    e->last = i;
    return i;
}

/* Names lead back to an object, so their very bytes matter; the rest is
 * text for people. */
static bool keeps_raw(enum hb_field f)
{
    static const char *const leaves[] = {"path", "name", "cmd_line",
                                         "url_string"};
    const char *leaf = strrchr(fields[f].path, '.');

    leaf = leaf != NULL ? leaf + 1 : fields[f].path;
    for (size_t i = 0; i < HB_ARRAY_LEN(leaves); i++)
        if (hb_streq(leaf, leaves[i]))
            return true;
    return false;
}

static unsigned depth_of(const struct hb_json *node, unsigned limit)
{
    unsigned deepest = 0;

    if (limit == 0)
        return 1;
    HB_JSON_EACH (child, node) {
        unsigned d = depth_of(child, limit - 1);

        deepest = HB_MAX(deepest, d);
    }
    return deepest + 1;
}
