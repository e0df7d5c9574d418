/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_log.c - `hinoban gate findings`: what the firewall stopped, or would
 * have stopped, put together: the same rule at the same place is one line.
 * What to read before the mode goes from detect to block.
 *
 * Runs as who may read the web server's log.  All of it is strangers' text.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/map.h"
#include "base/num.h"
#include "base/show.h"
#include "cli/gate.h"
#include "cli/text.h"

#define TAIL   (64 << 20) /* bytes of the log, from its end */
#define GROUPS 5000u
#define SHOWN  20
#define PLACE  200u /* bytes of a place */

struct group {
    const char *place, *sentence; /* fit for a terminal */
    uint32_t rule;
    uint64_t count, through;
    const char *last; /* reference */
};

struct summary {
    struct hb_cli_gate *g;
    const struct hb_waf_rules *rules;
    struct hb_arena *line; /* of one line */
    struct hb_map *map;
    struct group *v;
    size_t n;
    uint64_t lines, bad, beyond;
};

static void one(void *arg, struct hb_slice line);
static struct group *group_of(struct summary *s,
                              const struct hb_gate_finding *f,
                              const struct hb_waf_hit *hits);
static int print(const struct summary *s, size_t most);
static int by_count(const void *a, const void *b);

int hb_cli_gate_findings(struct hb_cli *cli, int argc, char **argv)
{
    const char *limit = hb_client_opt(&argc, argv, "--limit");
    _cleanup_waf_ struct hb_waf *waf = NULL;
    struct hb_cli_gate g;
    struct summary s = {.g = &g};
    struct hb_err err = {0};
    uint64_t most = SHOWN;
    int r = hb_cli_gate_open(cli, &argc, argv, &g, &err);

    if (r == 0 && (argc > 1 || (limit != NULL &&
                                hb_parse_u64(hb_slice_z(limit), &most) < 0))) {
        hb_cli_gate_done(&g);
        return hb_cli_usage(cli, _("findings takes --limit N"));
    }
    if (r == 0) {
        /* Without rules a number has no kind. */
        if (hb_gate_load(g.gate.dir, &waf, NULL) < 0)
            waf = NULL;
        s.rules = waf != NULL ? hb_waf_rules_of(waf) : NULL;
        s.line = hb_arena_new(0);
        s.map = hb_map_new();
        s.v = HB_NEW_N(g.a, struct group, GROUPS);
        r = s.line == NULL || s.map == NULL || s.v == NULL
                ? hb_err_set(&err, -ENOMEM, _("out of memory"))
                : hb_cli_gate_lines(g.gate.conf->log, one, &s, &err);
    }
    r = r < 0 ? hb_cli_fail(&err) : print(&s, (size_t)HB_MIN(most, GROUPS));
    hb_map_free(s.map);
    hb_arena_free(s.line);
    hb_cli_gate_done(&g);
    return r;
}

int hb_cli_gate_lines(const char *path,
                      void (*fn)(void *arg, struct hb_slice line), void *arg,
                      struct hb_err *err)
{
    _cleanup_close_ int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    _cleanup_free_ char *line = NULL;
    struct stat st;
    char why[128];
    size_t size = 0;
    bool first;
    ssize_t n;
    FILE *f;

    if (fd < 0 || fstat(fd, &st) < 0)
        return hb_err_set(err, -errno, "%s: %s", path,
                          hb_errno_text(-errno, why, sizeof(why)));
    if (!S_ISREG(st.st_mode))
        return hb_err_set(err, -EINVAL, "%s", path);
    first = st.st_size > TAIL;
    if (first && lseek(fd, st.st_size - TAIL, SEEK_SET) < 0)
        return hb_err_set(err, -errno, "%s", path);
    f = fdopen(fd, "r");
    if (f == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    fd = -1;
    while ((n = getline(&line, &size, f)) > 0) {
        if (line[n - 1] == '\n')
            n--;
        if (!first && n > 0)
            fn(arg, hb_slice(line, (size_t)n));
        first = false; /* it may begin in its middle */
    }
    (void)fclose(f);
    return 0;
}

static void one(void *arg, struct hb_slice line)
{
    struct summary *s = arg;
    const struct hb_waf_hit *hits;
    struct hb_gate_finding f;
    struct group *k;
    char *last;

    hb_arena_reset(s->line);
    s->lines++;
    if (hb_gate_finding_parse(s->line, line, &f, NULL) < 0) {
        s->bad++;
        return;
    }
    /* What is only noted stops nothing, and our own attack was stopped. */
    if (hb_streq(f.action, "passed") ||
        (f.canary && hb_streq(f.action, "denied")))
        return;
    hits = hb_gate_finding_hits(s->line, &f, s->rules);
    k = group_of(s, &f, hits);
    if (k == NULL) {
        s->beyond++;
        return;
    }
    k->count++;
    k->through +=
        hb_streq(f.action, "detected") || hb_streq(f.action, "unjudged");
    last = hb_arena_strdup(s->g->a, f.id);
    if (last != NULL)
        k->last = last;
}

/* NULL where there is no room for another one. */
static struct group *group_of(struct summary *s,
                              const struct hb_gate_finding *f,
                              const struct hb_waf_hit *hits)
{
    const struct hb_waf_hit *reason = hb_waf_first_reason(hits);
    _cleanup_buf_ struct hb_buf place = HB_BUF_INIT, sentence = HB_BUF_INIT,
                                key = HB_BUF_INIT;
    uint32_t rule = reason != NULL ? reason->rule->id : f->rule;
    size_t path = strcspn(f->uri, "?");
    struct group *k;
    char *name;

    hb_show(&place, hb_slice(f->host, HB_MIN(strlen(f->host), PLACE)));
    hb_show(&place, hb_slice(f->uri, HB_MIN(path, PLACE)));
    hb_gate_finding_sentence(&sentence, f, hits);
    hb_buf_addf(&key, "%u %s %s", rule, hb_buf_z(&place), hb_buf_z(&sentence));
    k = hb_map_get(s->map, hb_buf_slice(&key));
    if (k != NULL || s->n == GROUPS || hb_buf_err(&key) < 0)
        return k;
    k = &s->v[s->n];
    k->rule = rule;
    k->place = hb_arena_strdup(s->g->a, hb_buf_z(&place));
    k->sentence = hb_arena_strdup(s->g->a, hb_buf_z(&sentence));
    k->last = "";
    name = hb_arena_dup(s->g->a, key.p, key.n);
    if (k->place == NULL || k->sentence == NULL || name == NULL ||
        hb_map_put(s->map, hb_slice(name, key.n), k) < 0)
        return NULL;
    s->n++;
    return k;
}

static int print(const struct summary *s, size_t most)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_jw w;

    if (s->n > 0)
        qsort(s->v, s->n, sizeof(*s->v), by_count);
    hb_jw_init(&w, &b);
    hb_jw_arr(&w, NULL);
    for (size_t i = 0; i < s->n && i < most; i++) {
        const struct group *k = &s->v[i];

        if (!s->g->cli->json) {
            (void)printf(P_("%llu time  %s  rule %u  (last: %s)\n",
                            "%llu times  %s  rule %u  (last: %s)\n", k->count),
                         (unsigned long long)k->count, k->place,
                         (unsigned)k->rule, k->last);
            hb_cli_para("    ", "    ", k->sentence);
        }
        hb_jw_obj(&w, NULL);
        hb_jw_int(&w, "count", (int64_t)k->count);
        hb_jw_int(&w, "let_through", (int64_t)k->through);
        hb_jw_str(&w, "place", k->place);
        hb_jw_int(&w, "rule", k->rule);
        hb_jw_str(&w, "message", k->sentence);
        hb_jw_str(&w, "last", k->last);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    if (s->g->cli->json)
        return hb_cli_json_out("gate", &b);
    hb_buf_done(&b);
    if (s->n == 0)
        (void)printf(_("Nothing was stopped.\n"));
    if (s->n > most)
        (void)printf(_("%zu more kinds are not shown.\n"), s->n - most);
    if (s->beyond > 0)
        (void)printf(_("%llu findings found no room here.\n"),
                     (unsigned long long)s->beyond);
    if (s->bad > 0)
        (void)printf(_("%llu lines could not be read.\n"),
                     (unsigned long long)s->bad);
    return hb_cli_flush();
}

static int by_count(const void *a, const void *b)
{
    const struct group *x = a, *y = b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->place, y->place);
}
