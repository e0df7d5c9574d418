/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec.c - events out as OCSF JSON and in again.
 *
 * Encoding runs in every role, decoding in core, intake and the client.  What
 * is decoded comes from another process, from a file or from a stranger's
 * program: its form is checked against the table of fields, nothing of it is
 * dropped (what we do not know goes to unmapped.other under its path), and
 * what contradicts itself is refused.
 */
#include <limits.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"
#include "event/event.h"
#include "event/shape.h"

#define PATH_SIZE   128u
#define MAX_UNKNOWN 256u /* attributes that we do not know, in one event */
#define MS_TO_NS    1000000
#define VALUE_DEPTH (HB_MAX_JSON_DEPTH - 8u)
#define UNMAPPED    "unmapped."

/* Attributes that are no fields: the head of every event. */
enum head {
    H_ACTIVITY,
    H_CATEGORY,
    H_CLASS,
    H_FEATURE,
    H_PRODUCT,
    H_PRODUCT_VERSION,
    H_VENDOR,
    H_UID,
    H_VERSION,
    H_SEVERITY,
    H_TIME,
    H_TYPE,
    H_MONO,
    H_TIME_NS,
    H_COUNT
};

struct decoder {
    struct hb_arena *arena;
    struct hb_event *e;
    struct hb_err *err;
    const struct hb_json *head[H_COUNT];
    const struct hb_json *raw; /* unmapped.raw */
    struct hb_json *other;     /* becomes unmapped.other */
};

static void write_fields(struct hb_buf *b, const struct hb_event_shape *s,
                         size_t from, size_t to, size_t skip);
static void write_value(struct hb_buf *b, const struct hb_event_field *f);
static void write_unmapped(struct hb_buf *b, const struct hb_event *e,
                           const struct hb_event_shape *s, size_t from,
                           size_t to);
static void name(struct hb_buf *b, const char *p, size_t n);
static int walk(struct decoder *d, const struct hb_json *node, char *path,
                size_t n);
static int leaf(struct decoder *d, enum hb_field f, const struct hb_json *v);
static int unknown(struct decoder *d, const char *path, size_t n,
                   struct hb_slice key, const struct hb_json *v);
static enum head head_find(const char *path);
static bool is_group(const char *path, size_t n);
static int take_head(struct decoder *d);
static int take_time(struct decoder *d);
static int take_product(struct decoder *d);
static int take_raw(struct decoder *d);
static int wrong(struct decoder *d, const char *path);
static bool too_deep(const struct hb_json *node, unsigned left);

static const struct {
    const char *path;
    enum hb_json_type type;
    bool required;
} heads[H_COUNT] = {
    [H_ACTIVITY] = {"activity_id", HB_JSON_INT, true},
    [H_CATEGORY] = {"category_uid", HB_JSON_INT, true},
    [H_CLASS] = {"class_uid", HB_JSON_INT, true},
    [H_FEATURE] = {"metadata.product.feature.name", HB_JSON_STR, false},
    [H_PRODUCT] = {"metadata.product.name", HB_JSON_STR, true},
    [H_PRODUCT_VERSION] = {"metadata.product.version", HB_JSON_STR, false},
    [H_VENDOR] = {"metadata.product.vendor_name", HB_JSON_STR, false},
    [H_UID] = {"metadata.uid", HB_JSON_STR, true},
    [H_VERSION] = {"metadata.version", HB_JSON_STR, true},
    [H_SEVERITY] = {"severity_id", HB_JSON_INT, true},
    [H_TIME] = {"time", HB_JSON_INT, true},
    [H_TYPE] = {"type_uid", HB_JSON_INT, true},
    [H_MONO] = {"unmapped.mono", HB_JSON_STR, false},
    [H_TIME_NS] = {"unmapped.time_ns", HB_JSON_INT, false},
};

int hb_event_encode(struct hb_buf *b, const struct hb_event *e)
{
    struct hb_event_shape s;
    size_t start = b->n, from = 0, to;
    int64_t ms = e->time / MS_TO_NS - (e->time % MS_TO_NS < 0 ? 1 : 0);

    hb_event_shape(e, &s);
    hb_buf_addf(b,
                "{\"activity_id\":%d,\"category_uid\":%d,\"class_uid\":%d,"
                "\"metadata\":{\"product\":{\"feature\":{\"name\":",
                e->activity, (int)e->class_uid / 1000, (int)e->class_uid);
    hb_json_quote(b, hb_slice_z(e->source));
    hb_buf_addf(b,
                "},\"name\":\"%s\",\"vendor_name\":\"%s\",\"version\":\"%s\"}"
                ",\"uid\":\"%s\",\"version\":\"%s\"},\"severity_id\":%d,"
                "\"time\":%lld,\"type_uid\":%d",
                HB_EVENT_VENDOR, HB_EVENT_VENDOR, HB_VERSION, e->uid,
                HB_OCSF_VERSION, (int)e->severity, (long long)ms,
                (int)e->class_uid * 100 + e->activity);
    while (from < HB_F_COUNT && strncmp(hb_field_path((enum hb_field)from),
                                        UNMAPPED, sizeof(UNMAPPED) - 1) != 0)
        from++;
    for (to = from; to < HB_F_COUNT; to++)
        if (strncmp(hb_field_path((enum hb_field)to), UNMAPPED,
                    sizeof(UNMAPPED) - 1) != 0)
            break;
    write_fields(b, &s, 0, from, 0);
    write_unmapped(b, e, &s, from, to);
    write_fields(b, &s, to, HB_F_COUNT, 0);
    hb_buf_addc(b, '}');
    if (hb_buf_err(b) < 0)
        return hb_buf_err(b);
    if (b->n - start > HB_MAX_EVENT) {
        b->n = start;
        b->p[start] = '\0';
        return -EFBIG;
    }
    return 0;
}

int hb_event_decode(struct hb_arena *a, struct hb_slice json,
                    struct hb_event **ret, struct hb_err *err)
{
    struct decoder d = {.arena = a, .err = err};
    struct hb_json *root;
    char path[PATH_SIZE] = "";
    int r;

    if (json.n > HB_MAX_EVENT)
        return hb_err_set(err, -EBADMSG, _("the event is larger than %u bytes"),
                          HB_MAX_EVENT);
    r = hb_json_parse(a, json, &root, err);
    if (r < 0)
        return r == -ENOMEM ? r : -EBADMSG;
    if (root->type != HB_JSON_OBJ)
        return hb_err_set(err, -EBADMSG, _("the event is no JSON object"));
    d.e = HB_NEW(a, struct hb_event);
    d.other = hb_json_new(a, HB_JSON_OBJ);
    if (d.e == NULL || d.other == NULL)
        return -ENOMEM;
    d.e->arena = a;
    r = walk(&d, root, path, 0);
    if (r == 0)
        r = take_head(&d);
    if (r == 0)
        r = take_raw(&d);
    if (r == 0 && d.other->count > 0) {
        r = hb_event_json(d.e, HB_F_UNMAPPED, d.other);
        if (r == -EINVAL)
            r = wrong(&d, "unmapped.other");
    }
    if (r == 0)
        r = hb_event_check(d.e, err);
    if (r < 0)
        return r;
    *ret = d.e;
    return 0;
}

/* --- out --- */

static void comma(struct hb_buf *b)
{
    if (b->n > 0 && b->p[b->n - 1] != '{')
        hb_buf_addc(b, ',');
}

static void name(struct hb_buf *b, const char *p, size_t n)
{
    comma(b);
    hb_json_quote(b, hb_slice(p, n));
    hb_buf_addc(b, ':');
}

/* How many bytes of the objects' names (up to the last dot) A and B share,
 * whole names only. */
static size_t shared(const char *a, size_t na, const char *b, size_t nb)
{
    size_t i = 0, whole = 0;

    while (i < na && i < nb && a[i] == b[i]) {
        i++;
        if (a[i - 1] == '.')
            whole = i;
    }
    return whole;
}

static size_t parent_length(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot != NULL ? (size_t)(dot - path) + 1 : 0;
}

/* The fields FROM..TO (sorted by path) as nested members of the object that
 * is open; SKIP bytes of each path name that object. */
static void write_fields(struct hb_buf *b, const struct hb_event_shape *s,
                         size_t from, size_t to, size_t skip)
{
    const char *open = "";
    size_t open_n = 0;

    for (size_t i = from; i <= to; i++) {
        const char *path = "";
        size_t n = 0, keep;

        if (i < to) {
            if (s->set[i] == NULL)
                continue;
            path = hb_field_path((enum hb_field)i) + skip;
            n = parent_length(path);
        }
        keep = shared(open, open_n, path, n);
        for (size_t k = keep; k < open_n; k++)
            if (open[k] == '.')
                hb_buf_addc(b, '}');
        while (keep < n) {
            size_t end = keep;

            while (path[end] != '.')
                end++;
            name(b, path + keep, end - keep);
            hb_buf_addc(b, '{');
            keep = end + 1;
        }
        open = path;
        open_n = n;
        if (i < to) {
            name(b, path + n, strlen(path + n));
            write_value(b, s->set[i]);
        }
    }
}

static void write_value(struct hb_buf *b, const struct hb_event_field *f)
{
    switch (hb_field_type(f->field)) {
    case HB_FT_STR:
        hb_json_quote(b, f->str);
        break;
    case HB_FT_INT:
        hb_buf_addf(b, "%lld", (long long)f->integer);
        break;
    case HB_FT_BOOL:
        hb_buf_addz(b, f->integer != 0 ? "true" : "false");
        break;
    case HB_FT_JSON:
        hb_buf_add(b, f->str.p, f->str.n);
        break;
    }
}

/* mono is text: after 104 days of uptime it no longer fits a double. */
static void write_unmapped(struct hb_buf *b, const struct hb_event *e,
                           const struct hb_event_shape *s, size_t from,
                           size_t to)
{
    static const char digits[] = "0123456789abcdef";
    int64_t rest = e->time % MS_TO_NS;
    bool raw = false;

    hb_buf_addf(b, ",\"unmapped\":{\"mono\":\"%llu\",\"time_ns\":%lld",
                (unsigned long long)e->mono,
                (long long)(rest < 0 ? rest + MS_TO_NS : rest));
    write_fields(b, s, from, to, sizeof(UNMAPPED) - 1);
    for (size_t i = 0; i < HB_F_COUNT; i++) {
        if (s->set[i] == NULL || s->set[i]->raw.n == 0)
            continue;
        if (!raw)
            hb_buf_addz(b, ",\"raw\":{");
        raw = true;
        name(b, hb_field_path((enum hb_field)i),
             strlen(hb_field_path((enum hb_field)i)));
        hb_buf_addc(b, '"');
        for (size_t k = 0; k < s->set[i]->raw.n; k++) {
            uint8_t c = (uint8_t)s->set[i]->raw.p[k];

            hb_buf_addc(b, digits[c >> 4]);
            hb_buf_addc(b, digits[c & 15]);
        }
        hb_buf_addc(b, '"');
    }
    hb_buf_addz(b, raw ? "}}" : "}");
}

/* --- in --- */

/* Members of NODE, whose path is the N bytes of PATH (with its last dot). */
static int walk(struct decoder *d, const struct hb_json *node, char *path,
                size_t n)
{
    HB_JSON_EACH (v, node) {
        enum hb_field f;
        enum head h;
        int r;

        if (v->key.n == 0 || n + v->key.n + 2 > PATH_SIZE ||
            memchr(v->key.p, '.', v->key.n) != NULL) {
            path[n] = '\0';
            r = unknown(d, path, n, v->key, v);
            if (r < 0)
                return r;
            continue;
        }
        memcpy(path + n, v->key.p, v->key.n);
        path[n + v->key.n] = '\0';
        f = hb_field_find(hb_slice(path, n + v->key.n));
        h = head_find(path);
        if (v->type == HB_JSON_NULL) {
            r = 0; /* OCSF: the same as not there */
        } else if (h != H_COUNT) {
            d->head[h] = v;
            r = v->type == heads[h].type ? 0 : wrong(d, path);
        } else if (hb_streq(path, "unmapped.raw")) {
            d->raw = v;
            r = v->type == HB_JSON_OBJ ? 0 : wrong(d, path);
        } else if (f != HB_F_COUNT) {
            r = leaf(d, f, v);
        } else if (is_group(path, n + v->key.n)) {
            if (v->type != HB_JSON_OBJ)
                return wrong(d, path);
            path[n + v->key.n] = '.';
            r = walk(d, v, path, n + v->key.n + 1);
        } else {
            r = unknown(d, path, n, v->key, v);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

static int leaf(struct decoder *d, enum hb_field f, const struct hb_json *v)
{
    static const enum hb_json_type wanted[] = {[HB_FT_STR] = HB_JSON_STR,
                                               [HB_FT_INT] = HB_JSON_INT,
                                               [HB_FT_BOOL] = HB_JSON_BOOL,
                                               [HB_FT_JSON] = HB_JSON_OBJ};
    int r = -EINVAL;

    if (f == HB_F_UNMAPPED) {
        if (v->type != HB_JSON_OBJ)
            return wrong(d, hb_field_path(f));
        HB_JSON_EACH (child, v) {
            r = unknown(d, "", 0, child->key, child);
            if (r < 0)
                return r;
        }
        return 0;
    }
    if (v->type != wanted[hb_field_type(f)] &&
        !(hb_field_type(f) == HB_FT_JSON && v->type == HB_JSON_ARR))
        return wrong(d, hb_field_path(f));
    switch (hb_field_type(f)) {
    case HB_FT_STR:
        r = hb_event_str(d->e, f, v->str);
        break;
    case HB_FT_INT:
        r = hb_event_int(d->e, f, v->integer);
        break;
    case HB_FT_BOOL:
        r = hb_event_bool(d->e, f, v->boolean);
        break;
    case HB_FT_JSON:
        r = hb_event_json(d->e, f, v);
        break;
    }
    return r == -EINVAL ? wrong(d, hb_field_path(f)) : r;
}

/* Keeps an attribute that we do not know under the N bytes of PATH and KEY. */
static int unknown(struct decoder *d, const char *path, size_t n,
                   struct hb_slice key, const struct hb_json *v)
{
    struct hb_json *copy;
    char *full;

    if (d->other->count >= MAX_UNKNOWN)
        return hb_err_set(d->err, -EBADMSG,
                          _("the event has more than %u unknown attributes"),
                          MAX_UNKNOWN);
    full = hb_arena_alloc(d->arena, n + key.n + 1);
    copy = HB_NEW(d->arena, struct hb_json);
    if (full == NULL || copy == NULL)
        return -ENOMEM;
    memcpy(full, path, n);
    if (key.n > 0)
        memcpy(full + n, key.p, key.n);
    if (too_deep(v, VALUE_DEPTH))
        return wrong(d, full);
    HB_JSON_EACH (i, d->other) {
        if (hb_slice_eq(i->key, hb_slice(full, n + key.n)))
            return hb_err_set(d->err, -EBADMSG,
                              _("the attribute %s stands twice in the event"),
                              full);
    }
    *copy = *v;
    copy->key = hb_slice(full, n + key.n);
    copy->next = NULL;
    if (d->other->last != NULL)
        d->other->last->next = copy;
    else
        d->other->first = copy;
    d->other->last = copy;
    d->other->count++;
    return 0;
}

static enum head head_find(const char *path)
{
    for (size_t i = 0; i < H_COUNT; i++)
        if (hb_streq(heads[i].path, path))
            return (enum head)i;
    return H_COUNT;
}

/* Whether something that we know lies below the N bytes of PATH. */
static bool is_group(const char *path, size_t n)
{
    for (size_t i = 0; i < HB_F_COUNT; i++) {
        const char *p = hb_field_path((enum hb_field)i);

        if (strncmp(p, path, n) == 0 && p[n] == '.')
            return true;
    }
    for (size_t i = 0; i < H_COUNT; i++)
        if (strncmp(heads[i].path, path, n) == 0 && heads[i].path[n] == '.')
            return true;
    return false;
}

static int take_head(struct decoder *d)
{
    struct hb_event *e = d->e;
    int64_t class_uid, activity, severity;

    for (size_t i = 0; i < H_COUNT; i++)
        if (heads[i].required && d->head[i] == NULL)
            return hb_err_set(d->err, -EBADMSG,
                              _("the event has no attribute %s"),
                              heads[i].path);
    class_uid = d->head[H_CLASS]->integer;
    activity = d->head[H_ACTIVITY]->integer;
    severity = d->head[H_SEVERITY]->integer;
    if (!hb_event_class_known(class_uid))
        return hb_err_set(d->err, -EBADMSG, _("event class %lld is not known"),
                          (long long)class_uid);
    if (activity < 0 || activity > 99)
        return wrong(d, heads[H_ACTIVITY].path);
    if (severity < HB_SEV_UNKNOWN || severity > HB_SEV_FATAL)
        return wrong(d, heads[H_SEVERITY].path);
    if (d->head[H_CATEGORY]->integer != class_uid / 1000)
        return wrong(d, heads[H_CATEGORY].path);
    if (d->head[H_TYPE]->integer != class_uid * 100 + activity)
        return wrong(d, heads[H_TYPE].path);
    if (!hb_id_valid(d->head[H_UID]->str))
        return wrong(d, heads[H_UID].path);
    if (strncmp(d->head[H_VERSION]->str.p, "1.", 2) != 0)
        return wrong(d, heads[H_VERSION].path);
    e->class_uid = (enum hb_event_class)class_uid;
    e->activity = (int)activity;
    e->severity = (enum hb_severity)severity;
    memcpy(e->uid, d->head[H_UID]->str.p, HB_ID_SIZE - 1);
    if (take_time(d) < 0)
        return wrong(d, heads[H_TIME].path);
    return take_product(d);
}

static int take_time(struct decoder *d)
{
    int64_t ms = d->head[H_TIME]->integer, rest = 0, mono = 0;

    if (d->head[H_TIME_NS] != NULL)
        rest = d->head[H_TIME_NS]->integer;
    if (rest < 0 || rest >= MS_TO_NS)
        return -EBADMSG;
    if (ms > INT64_MAX / MS_TO_NS - 1 || ms < INT64_MIN / MS_TO_NS + 1)
        return -EBADMSG;
    if (d->head[H_MONO] != NULL) {
        uint64_t v;

        if (hb_parse_u64(d->head[H_MONO]->str, &v) < 0)
            return -EBADMSG;
        d->e->mono = v;
    } else {
        d->e->mono = (uint64_t)mono;
    }
    d->e->time = ms * MS_TO_NS + rest;
    return 0;
}

/* Who made it: our own modules by their name; of another product, the name
 * of its feature or its own, and the rest is kept. */
static int take_product(struct decoder *d)
{
    static const enum head parts[] = {H_PRODUCT, H_VENDOR, H_PRODUCT_VERSION};
    const struct hb_json *product = d->head[H_PRODUCT];
    const struct hb_json *source =
        d->head[H_FEATURE] != NULL ? d->head[H_FEATURE] : product;

    d->e->source = hb_arena_dup(d->arena, source->str.p, source->str.n);
    if (d->e->source == NULL)
        return -ENOMEM;
    if (hb_slice_eq(product->str, HB_SLICE(HB_EVENT_VENDOR)))
        return 0;
    for (size_t i = 0; i < HB_ARRAY_LEN(parts); i++) {
        enum head h = parts[i];
        int r;

        if (d->head[h] == NULL)
            continue;
        r = unknown(d, "", 0, hb_slice_z(heads[h].path), d->head[h]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The bytes behind a text that was no UTF-8; they must say the same. */
static int take_raw(struct decoder *d)
{
    if (d->raw == NULL)
        return 0;
    HB_JSON_EACH (v, d->raw) {
        enum hb_field f = hb_field_find(v->key);
        struct hb_slice was = {NULL, 0};
        const struct hb_event_field *now;
        char *bytes;
        int r;

        if (f == HB_F_COUNT || v->type != HB_JSON_STR)
            return wrong(d, "unmapped.raw");
        now = hb_event_get(d->e, f);
        if (now == NULL || hb_field_type(f) != HB_FT_STR)
            return wrong(d, "unmapped.raw");
        was = now->str;
        bytes = hb_arena_alloc(d->arena, v->str.n / 2 + 1);
        if (bytes == NULL)
            return -ENOMEM;
        if (v->str.n % 2 != 0 || hb_unhex(v->str, bytes, v->str.n / 2) < 0)
            return wrong(d, "unmapped.raw");
        r = hb_event_str(d->e, f, hb_slice(bytes, v->str.n / 2));
        if (r < 0)
            return r;
        now = hb_event_get(d->e, f);
        if (now == NULL || !hb_slice_eq(was, now->str) || now->raw.n == 0)
            return wrong(d, "unmapped.raw");
    }
    return 0;
}

static int wrong(struct decoder *d, const char *path)
{
    return hb_err_set(d->err, -EBADMSG,
                      _("the event's attribute %s has a wrong value"), path);
}

static bool too_deep(const struct hb_json *node, unsigned left)
{
    if (left == 0)
        return true;
    HB_JSON_EACH (child, node) {
        if (too_deep(child, left - 1))
            return true;
    }
    return false;
}
