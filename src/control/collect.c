/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collect.c - what happened around changes of a site: log-ins (logins.c), web
 * requests (webtrace.c), programs of the web server's users (processes.c).
 *
 * Runs in check, on core's command.  Logs hold what attackers sent: lines are
 * cut, control characters are shown by whoever prints the timeline.  What may
 * not be read is said, so that a person looks there.
 */
#include "control/collect.h"

#include <stdarg.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"

#define TEXT_MAX 400u

static int by_time(const void *a, const void *b);
static void vtext(struct hb_moments *m, struct hb_json *args, const char *name,
                  const char *fmt, va_list ap) HB_PRINTF(4, 0);

int hb_collect(const struct hb_machine *m, const struct hb_conf_site *site,
               const struct hb_change *changes, size_t n, struct hb_buf *b)
{
    static const struct {
        bool (*fn)(const struct hb_around *a);
        const char *unread;
    } parts[] = {
        {hb_collect_logins, N_("The record of log-ins could not be read.")},
        {hb_collect_web, N_("The web server's access log could not be read.")},
        {hb_collect_processes,
         N_("The programs of other users could not be seen.")},
    };
    struct hb_json *root = hb_json_new(m->arena, HB_JSON_OBJ);
    struct hb_moments o = {
        .arena = m->arena,
        .list = hb_json_add(m->arena, root, "moments", HB_JSON_ARR)};
    struct hb_change *sorted =
        HB_NEW_N(m->arena, struct hb_change, HB_MAX(n, 1u));
    struct hb_around a = {
        .machine = m, .site = site, .n = HB_MAX(n, 1u), .out = &o};
    unsigned seen = 0;

    if (o.list == NULL || sorted == NULL)
        return -ENOMEM;
    /* Nobody knows of a write: it is looked at what happens now. */
    sorted[0] = (struct hb_change){.path = "", .at = m->now};
    for (size_t i = 0; i < n; i++)
        sorted[i] = changes[i];
    qsort(sorted, a.n, sizeof(*sorted), by_time);
    a.change = sorted;
    for (size_t i = 0; i < HB_ARRAY_LEN(parts); i++) {
        if (parts[i].fn(&a))
            seen++;
        else
            hb_moment_add(&o, m->now, "incident.note", "note", "%s",
                          _(parts[i].unread));
    }
    hb_json_write(b, root);
    if (hb_buf_err(b) < 0)
        return hb_buf_err(b);
    return seen > 0 ? 0 : -EACCES;
}

int64_t hb_around_far(const struct hb_around *a, int64_t at)
{
    int64_t best = INT64_MAX;

    for (size_t i = 0; i < a->n; i++) {
        int64_t far = at - a->change[i].at;

        best = HB_MIN(best, far < 0 ? -far : far);
    }
    return best;
}

const char *hb_around_time(const struct hb_around *a, int64_t at)
{
    const struct hb_conf_org *org = &a->machine->config->organisation;
    char buf[64];
    const char *z = hb_arena_strdup(
        a->machine->arena, org->zone_name != NULL
                               ? hb_time_zone(at, (int)org->zone_minutes,
                                              org->zone_name, buf, sizeof(buf))
                               : hb_time_utc(at, buf, sizeof(buf)));

    return z != NULL ? z : "?";
}

void hb_around_left(const struct hb_around *a, const char *kind, int64_t count,
                    int64_t from, int64_t until)
{
    struct hb_json *args = hb_moment_new(a->out, until, kind);

    (void)hb_json_add_int(a->machine->arena, args, "count", count);
    hb_moment_arg(a->out, args, "from", "%s", hb_around_time(a, from));
    hb_moment_arg(a->out, args, "until", "%s", hb_around_time(a, until));
}

struct hb_json *hb_moment_new(struct hb_moments *m, int64_t at,
                              const char *kind)
{
    struct hb_json *one;

    if (m->list->count >= HB_MOMENTS_MAX) {
        m->left++;
        return NULL;
    }
    one = hb_json_add(m->arena, m->list, NULL, HB_JSON_OBJ);
    (void)hb_json_add_str(m->arena, one, "kind", kind);
    (void)hb_json_add_int(m->arena, one, "time", at);
    return hb_json_add(m->arena, one, "args", HB_JSON_OBJ);
}

void hb_moment_arg(struct hb_moments *m, struct hb_json *args, const char *name,
                   const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vtext(m, args, name, fmt, ap);
    va_end(ap);
}

void hb_moment_add(struct hb_moments *m, int64_t at, const char *kind,
                   const char *name, const char *fmt, ...)
{
    struct hb_json *args = hb_moment_new(m, at, kind);
    va_list ap;

    va_start(ap, fmt);
    vtext(m, args, name, fmt, ap);
    va_end(ap);
}

static int by_time(const void *a, const void *b)
{
    const struct hb_change *x = a, *y = b;

    return (x->at > y->at) - (x->at < y->at);
}

static void vtext(struct hb_moments *m, struct hb_json *args, const char *name,
                  const char *fmt, va_list ap)
{
    struct hb_buf text = {.ceiling = 4096};

    if (args == NULL)
        return;
    hb_buf_vaddf(&text, fmt, ap);
    if (text.n > TEXT_MAX)
        text.p[hb_utf8_cut(text.p, TEXT_MAX)] = '\0';
    /* What is not UTF-8 would not pass as JSON, and a control character would
     * take six bytes. */
    for (size_t i = 0; i < text.n && text.p[i] != '\0';) {
        size_t step = hb_utf8_step(text.p + i, text.n - i);

        if (step == 0 || (unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
            text.p[i++] = '?';
        else
            i += step;
    }
    (void)hb_json_add_str(m->arena, args, name, hb_buf_z(&text));
    hb_buf_done(&text);
}
