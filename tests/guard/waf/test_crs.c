/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_crs.c - the engine against the regression tests of the OWASP CRS, in
 * this process: what they expect, what ModSecurity 3.0.9 reported for the same
 * requests, and that nothing that makes the engine fast changes a verdict.
 *
 * The figures are always printed.  To look closer:
 *
 *     HB_WAF_FAILS=FILE   tests that fail, what they want, what was logged
 *     HB_WAF_DIFF=FILE    stages that differ from ModSecurity's verdicts
 *     HB_UPDATE=1         writes crs_differences.txt anew; reasons are kept,
 *                         and "?" stands where one is to be written
 */
#include "crs_run.h"

#include <time.h>

#include "base/file.h"
#include "base/map.h"
#include "base/mime.h"
#include "base/num.h"
#include "guard/waf/rx.h"
#include "tap.h"

#define SCRIPT      HB_TESTDIR "/guard/waf/crs_stages.py"
#define DIFFERENCES HB_TESTDIR "/guard/waf/crs_differences.txt"
#define IDS         512u

/* Below these a change has broken something.  Percentages lie: counts. */
static const struct {
    unsigned raw_4;   /* of the 4.28.0 tests that the engine decides */
    unsigned nginx_4; /* of the same: own expectation or nginx's */
    unsigned agree_4; /* stages with ModSecurity's very ids */
    unsigned raw_3;   /* of the 3.3.4 tests that the engine decides */
} at_least = {.raw_4 = 3732, .nginx_4 = 3738, .agree_4 = 3711, .raw_3 = 1803};

/* Tests that nginx answers alone, so that no engine can pass or fail them.
 * A test that is missing here, or here without need, fails. */
struct alone {
    const char *id;
    unsigned status;
    const char *why;
};

static const struct alone alone_4[] = {
    {"920100-2", 400, "no method"},
    {"920100-3", 400, "neither a path nor a URI with a scheme"},
    {"920100-4", 400, "neither a path nor a URI with a scheme"},
    {"920100-5", 400, "neither a path nor a URI with a scheme"},
    {"920100-6", 400, "neither a path nor a URI with a scheme"},
    {"920100-11", 400, "neither a path nor a URI with a scheme"},
    {"920100-12", 400, "a method with other than capitals"},
    {"920100-13", 400, "neither a path nor a URI with a scheme"},
    {"920100-15", 400, "a blank or control character in the URI"},
    {"920160-1", 400, "a length that is no number"},
    {"920160-2", 400, "a length that is no number"},
    {"920160-3", 400, "a length that is no number"},
    {"920160-5", 400, "a length that is no number"},
    {"920180-4", 505, "a version of HTTP that it does not speak"},
    {"920181-1", 400, "a length and an encoding of the body"},
    {"920280-3", 400, "no version of HTTP"},
    {"920290-1", 400, "no host"},
    {"920290-4", 400, "no host"},
    {"920300-2", 400, "neither a path nor a URI with a scheme"},
    {"920300-3", 400, "neither a path nor a URI with a scheme"},
    {"920430-3", 400, "no version of HTTP"},
    {"920430-4", 505, "a version of HTTP that it does not speak"},
    {"920430-6", 400, "no version of HTTP"},
    {"920430-7", 400, "no version of HTTP"},
    {"920430-8", 505, "a version of HTTP that it does not speak"},
    {"920430-10", 400, "no version of HTTP"},
    {"921140-1", 400, "NUL or CR within a header"},
};

static const struct alone alone_3[] = {
    {"920100-2", 400, "no method"},
    {"920100-3", 400, "neither a path nor a URI with a scheme"},
    {"920100-4", 400, "neither a path nor a URI with a scheme"},
    {"920100-5", 400, "neither a path nor a URI with a scheme"},
    {"920100-6", 400, "neither a path nor a URI with a scheme"},
    {"920100-11", 400, "neither a path nor a URI with a scheme"},
    {"920100-12", 400, "a method with other than capitals"},
    {"920100-13", 400, "neither a path nor a URI with a scheme"},
    {"920100-15", 400, "a blank or control character in the URI"},
    {"920160-1", 400, "a length that is no number"},
    {"920160-2", 400, "a length that is no number"},
    {"920160-3", 400, "a length that is no number"},
    {"920160-5", 400, "a length that is no number"},
    {"920180-4", 505, "a version of HTTP that it does not speak"},
    {"920181-1", 400, "a length and an encoding of the body"},
    {"920280-3", 400, "no version of HTTP"},
    {"920290-1", 400, "no host"},
    {"920340-2", 408, "a body that never comes whole"},
    {"920400-1", 408, "a body that never comes whole"},
    {"920430-3", 400, "no version of HTTP"},
    {"920430-4", 505, "a version of HTTP that it does not speak"},
    {"920430-6", 400, "no version of HTTP"},
    {"920430-7", 400, "no version of HTTP"},
    {"920430-8", 505, "a version of HTTP that it does not speak"},
    {"920430-10", 400, "no version of HTTP"},
    {"921140-1", 400, "NUL or CR within a header"},
    {"933160-21", 400, "neither a path nor a URI with a scheme"},
    {"942500-1", 400, "neither a path nor a URI with a scheme"},
    {"944200-0FP", 400, "no host"},
};

/* What came of a stage. */
struct outcome {
    unsigned status;
    struct hb_buf lines; /* one a hit, ended by LF */
    uint32_t id[IDS];
    size_t n;
};

struct run {
    struct hb_waf *waf;
    struct hb_waf_thread *thread;
    struct hb_waf_rx_scratch *scratch;
    struct hb_arena *a;
    const struct alone *alone;
    size_t n_alone;
    FILE *report; /* NULL: none */
    unsigned tests, refused, raw, nginx, wrong_list;
};

static struct hb_waf *load(enum crs_set set, const struct hb_waf_options *o)
{
    struct hb_waf *w = NULL;
    struct hb_err err = {0};
    char why[1024];
    int r = crs_waf(set, 4, o, &w, &err);

    if (r < 0 && r != -ENOENT) {
        hb_err_format(&err, why, sizeof(why));
        print_error("%d %s\n", r, why);
    }
    assert_true(r == 0 || r == -ENOENT);
    return w;
}

static FILE *report(const char *name)
{
    const char *path = getenv(name);

    return path != NULL ? fopen(path, "we") : NULL;
}

static double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The stage's hits in O, which is emptied first. */
static void note(struct outcome *o, const struct hb_waf_tx *tx, unsigned last)
{
    hb_buf_reset(&o->lines);
    o->n = 0;
    for (const struct hb_waf_hit *h = hb_waf_tx_hits(tx); h != NULL;
         h = h->next) {
        size_t i = 0;

        if (h->phase > last)
            continue;
        crs_log_line(&o->lines, h);
        hb_buf_addc(&o->lines, '\n');
        while (i < o->n && o->id[i] != h->rule->id)
            i++;
        assert_true(i < IDS);
        o->id[i] = h->rule->id;
        o->n += i == o->n;
    }
    assert_int_equal(o->lines.err, 0);
}

static bool has(const struct outcome *o, uint32_t id)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->id[i] == id)
            return true;
    return false;
}

/* ------------------------------------------------- what the tests expect */

/* Whether a line of O matches the regex whose base64 is TEXT. */
static bool some_line(const struct run *run, const struct outcome *o,
                      struct hb_slice text)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_waf_rx *rx = NULL;
    const char *p = hb_buf_z(&o->lines), *nl;
    bool found = false;

    assert_int_equal(hb_base64_decode(&b, text), 0);
    assert_int_equal(hb_waf_rx_compile(&rx, hb_buf_slice(&b), NULL), 0);
    for (; !found && (nl = strchr(p, '\n')) != NULL; p = nl + 1)
        found = hb_waf_rx_match(rx, run->scratch, hb_slice(p, (size_t)(nl - p)),
                                0, NULL) == HB_WAF_RX_YES;
    hb_waf_rx_free(rx);
    hb_buf_done(&b);
    return found;
}

static bool one_of(const char *list, size_t n, unsigned status)
{
    const char *end = list + n;

    while (list < end) {
        if (strtoul(list, NULL, 10) == status)
            return true;
        while (list < end && *list++ != ',')
            ;
    }
    return false;
}

/* Whether O is what WORDS (crs_stages.py) ask for. */
static bool fulfils(const struct run *run, const struct outcome *o,
                    const char *words)
{
    bool good = true;

    for (const char *p = words; *p != '\0' && good;) {
        size_t n = strcspn(p, " ");
        struct hb_slice rest = hb_slice(p + 1, n - 1);

        if (*p == '+' || *p == '-')
            good = has(o, (uint32_t)strtoul(p + 1, NULL, 10)) == (*p == '+');
        else if (*p == '=')
            good = one_of(rest.p, rest.n, o->status);
        else if (*p == '~' || *p == '!')
            good = some_line(run, o, rest) == (*p == '~');
        else
            good = *p == '*';
        p += n + (p[n] == ' ');
    }
    return good;
}

static bool listed(struct run *run, const struct crs_stage *s,
                   const struct crs_request *q)
{
    for (size_t i = 0; i < run->n_alone; i++)
        if (hb_streq(run->alone[i].id, s->id))
            return run->alone[i].status == q->refused;
    return q->refused == 0;
}

static void expect_stage(const struct crs_stage *s, void *arg)
{
    struct run *run = arg;
    struct outcome o = {.lines = HB_BUF_INIT};
    struct crs_request q;
    struct crs_response p;
    struct hb_waf_tx *tx = NULL;
    bool raw, nginx;

    if (!s->last)
        return;
    hb_arena_reset(run->a);
    run->tests++;
    assert_int_equal(crs_parse(run->a, s->request, false, &q), 0);
    if (!listed(run, s, &q)) {
        print_error("%s: %u %s\n", s->id, q.refused,
                    q.refused > 0 ? q.why : "is not answered by nginx alone");
        run->wrong_list++;
    }
    if (q.refused > 0) {
        run->refused++;
        return;
    }
    assert_int_equal(crs_respond(run->a, &q, &p), 0);
    assert_int_equal(crs_run(run->waf, run->thread, &q, &p, &tx, &o.status), 0);
    note(&o, tx, HB_WAF_PHASES);
    hb_waf_tx_free(tx);
    raw = fulfils(run, &o, s->own);
    nginx = raw || (s->override[0] != '/' && fulfils(run, &o, s->override));
    run->raw += raw;
    run->nginx += nginx;
    if (!raw && run->report != NULL)
        (void)fprintf(run->report, "%s %s: wants %s (nginx %s), %u\n%s", s->id,
                      nginx ? "raw" : "BOTH", s->own, s->override, o.status,
                      hb_buf_z(&o.lines));
    hb_buf_done(&o.lines);
}

static void start(struct run *run, struct hb_waf *waf)
{
    *run = (struct run){.waf = waf};
    run->thread = hb_waf_thread_new();
    run->scratch = hb_waf_rx_scratch_new(0, 0);
    run->a = hb_arena_new(0);
    assert_non_null(run->thread);
    assert_non_null(run->scratch);
    assert_non_null(run->a);
}

static void done(struct run *run)
{
    if (run->report != NULL)
        (void)fclose(run->report);
    hb_arena_free(run->a);
    hb_waf_rx_scratch_free(run->scratch);
    hb_waf_thread_free(run->thread);
    hb_waf_unref(run->waf);
}

static void expectations(struct run *run, const char *release)
{
    double from = seconds();

    assert_int_equal(crs_each(SCRIPT, release, expect_stage, run), 0);
    print_message("# CRS %s: %u tests, %u that nginx answers alone, of %u: "
                  "%u pass, %u with what nginx overrides; %.1f s\n",
                  release, run->tests, run->refused, run->tests - run->refused,
                  run->raw, run->nginx, seconds() - from);
    assert_int_equal(run->wrong_list, 0);
}

static void test_expected_4(void **state)
{
    struct hb_waf *w = load(CRS_4_TESTS, NULL);
    struct run run;

    if (w == NULL)
        hb_tap_skip("no Core Rule Set 4 here");
    start(&run, w);
    run.alone = alone_4;
    run.n_alone = HB_ARRAY_LEN(alone_4);
    run.report = report("HB_WAF_FAILS");
    expectations(&run, "4.28.0");
    done(&run);
    assert_true(run.raw >= at_least.raw_4);
    assert_true(run.nginx >= at_least.nginx_4);
}

static void test_expected_3(void **state)
{
    struct hb_waf *w = load(CRS_3_TESTS, NULL);
    struct run run;

    if (w == NULL)
        hb_tap_skip("no Core Rule Set 3 here (modsecurity-crs)");
    start(&run, w);
    run.alone = alone_3;
    run.n_alone = HB_ARRAY_LEN(alone_3);
    run.report = report("HB_WAF_FAILS_3");
    expectations(&run, "3.3.4");
    done(&run);
    assert_true(run.raw >= at_least.raw_3);
}

/* --------------------------------------------- what ModSecurity reported */

/* A line of crs_differences.txt, one an id. */
struct accepted {
    const char *reason;
    bool seen;
};

struct compare {
    struct run run;
    struct hb_map *accepted; /* "920100-4 only-ours 911100" */
    struct hb_arena *a;      /* of that */
    struct hb_buf fresh;     /* the file as it should be */
    unsigned stages, agree, unknown, bare;
    FILE *diff;
};

/* "test side ids reason" */
static void accept_line(struct compare *c, char *line)
{
    char *test = strsep(&line, " "), *side = strsep(&line, " ");
    char *ids = strsep(&line, " ");

    assert_non_null(line);
    for (char *id; (id = strsep(&ids, ",")) != NULL;) {
        struct accepted *acc = HB_NEW(c->a, struct accepted);
        char *key = hb_arena_printf(c->a, "%s %s %s", test, side, id);

        assert_non_null(acc);
        assert_non_null(key);
        acc->reason = line;
        assert_null(hb_map_get(c->accepted, hb_slice_z(key)));
        assert_int_equal(hb_map_put(c->accepted, hb_slice_z(key), acc), 0);
    }
}

static void accept_file(struct compare *c)
{
    struct hb_slice text;
    char *p, *line;

    assert_int_equal(hb_file_read(c->a, DIFFERENCES, 4u << 20, &text), 0);
    p = hb_arena_dup(c->a, text.p, text.n);
    while ((line = strsep(&p, "\n")) != NULL) {
        if (line[0] == '#')
            hb_buf_addf(&c->fresh, "%s\n", line);
        else if (line[0] != '\0')
            accept_line(c, line);
    }
}

/* Of each reason one line, in the order in which they come. */
static void fresh_lines(struct compare *c, const char *test, const char *side,
                        const uint32_t *id, const char *const *reason, size_t n)
{
    bool written[IDS] = {false};

    for (size_t i = 0; i < n; i++) {
        if (written[i])
            continue;
        hb_buf_addf(&c->fresh, "%s %s", test, side);
        for (size_t k = i; k < n; k++) {
            if (written[k] || !hb_streq(reason[i], reason[k]))
                continue;
            hb_buf_addf(&c->fresh, "%c%u", k == i ? ' ' : ',', (unsigned)id[k]);
            written[k] = true;
        }
        hb_buf_addf(&c->fresh, " %s\n", reason[i]);
    }
}

/* The ids that one side has alone. */
static void side(struct compare *c, const struct crs_stage *s, const char *name,
                 const uint32_t *id, size_t n)
{
    const char *reason[IDS];
    char test[64], key[128];

    if (n == 0)
        return;
    (void)snprintf(test, sizeof(test), s->stage > 0 ? "%s/%u" : "%s", s->id,
                   s->stage);
    if (c->diff != NULL)
        (void)fprintf(c->diff, "%s %s", test, name);
    for (size_t i = 0; i < n; i++) {
        struct accepted *acc;

        (void)snprintf(key, sizeof(key), "%s %s %u", test, name,
                       (unsigned)id[i]);
        acc = hb_map_get(c->accepted, hb_slice_z(key));
        reason[i] = acc != NULL ? acc->reason : "?";
        c->unknown += acc == NULL;
        c->bare += acc != NULL && hb_streq(acc->reason, "?");
        if (acc != NULL)
            acc->seen = true;
        else if (c->unknown <= 50)
            print_message("# not in crs_differences.txt: %s\n", key);
        if (c->diff != NULL)
            (void)fprintf(c->diff, "%c%u", i > 0 ? ',' : ' ', (unsigned)id[i]);
    }
    if (c->diff != NULL)
        (void)fprintf(c->diff, "\n");
    fresh_lines(c, test, name, id, reason, n);
}

static size_t recorded(const char *text, struct outcome *o)
{
    char *end;

    for (o->n = 0; o->n < IDS && *text >= '0' && *text <= '9';
         text = end + (*end == ','))
        o->id[o->n++] = (uint32_t)strtoul(text, &end, 10);
    return o->n;
}

/* What A has and B has not, in rising order. */
static size_t less(const struct outcome *a, const struct outcome *b,
                   uint32_t *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < a->n; i++) {
        size_t k = n;

        if (has(b, a->id[i]))
            continue;
        for (; k > 0 && ret[k - 1] > a->id[i]; k--)
            ret[k] = ret[k - 1];
        ret[k] = a->id[i];
        n++;
    }
    return n;
}

static void compare_stage(const struct crs_stage *s, void *arg)
{
    struct compare *c = arg;
    struct outcome o = {.lines = HB_BUF_INIT}, theirs = {.n = 0};
    uint32_t id[IDS];
    struct crs_request q;
    struct crs_response p;
    struct hb_waf_tx *tx = NULL;
    size_t more, fewer;

    hb_arena_reset(c->run.a);
    assert_int_equal(crs_parse(c->run.a, s->request, true, &q), 0);
    assert_int_equal(crs_respond(c->run.a, &q, &p), 0);
    assert_int_equal(crs_run(c->run.waf, c->run.thread, &q, &p, &tx, &o.status),
                     0);
    note(&o, tx, 2);
    hb_waf_tx_free(tx);
    (void)recorded(s->recorded, &theirs);
    more = less(&o, &theirs, id);
    side(c, s, "only-ours", id, more);
    fewer = less(&theirs, &o, id);
    side(c, s, "only-theirs", id, fewer);
    c->stages++;
    c->agree += more + fewer == 0;
    hb_buf_done(&o.lines);
}

/* Lines of the file that are no difference any more. */
static unsigned stale(const struct compare *c)
{
    struct hb_slice key;
    unsigned n = 0;
    void *value;
    size_t at = 0;

    while (hb_map_next(c->accepted, &at, &key, &value)) {
        if (((struct accepted *)value)->seen)
            continue;
        if (n++ < 50)
            print_message("# differs no longer: %.*s\n", (int)key.n, key.p);
    }
    return n;
}

static void test_recorded(void **state)
{
    static const struct hb_waf_options as_theirs = {.body_variable_always =
                                                        true};
    struct hb_waf *w = load(CRS_4_TESTS, &as_theirs);
    struct compare c = {.fresh = HB_BUF_INIT};
    unsigned old;

    if (w == NULL)
        hb_tap_skip("no Core Rule Set 4 here");
    start(&c.run, w);
    c.a = hb_arena_new(0);
    c.accepted = hb_map_new();
    assert_non_null(c.a);
    assert_non_null(c.accepted);
    c.diff = report("HB_WAF_DIFF");
    accept_file(&c);
    assert_int_equal(crs_each(SCRIPT, "4.28.0", compare_stage, &c), 0);
    old = stale(&c);
    print_message("# recorded verdicts: %u of %u stages agree; ids: %zu "
                  "accepted, %u not, %u without a reason, %u no longer\n",
                  c.agree, c.stages, hb_map_count(c.accepted) - old, c.unknown,
                  c.bare, old);
    if (c.diff != NULL)
        (void)fclose(c.diff);
    if (getenv("HB_UPDATE") != NULL) {
        assert_int_equal(c.fresh.err, 0);
        assert_int_equal(hb_file_write(DIFFERENCES, c.fresh.p, c.fresh.n, 0644),
                         0);
        c.unknown = c.bare = old = 0;
    }
    hb_buf_done(&c.fresh);
    hb_map_free(c.accepted);
    hb_arena_free(c.a);
    done(&c.run);
    assert_true(c.agree >= at_least.agree_4);
    assert_int_equal(c.unknown + c.bare + old, 0);
}

/* -------------------------------------------- fast and slow are the same */

struct ways {
    struct hb_waf *waf[4]; /* bit 0: no_gate, bit 1: no_cache */
    struct hb_waf_thread *thread;
    struct hb_arena *a;
    unsigned stages, every, hits, differ;
};

static void add_slice(struct hb_buf *b, const char *name, struct hb_slice s)
{
    hb_buf_addf(b, "%s %zu ", name, s.n);
    hb_buf_add(b, s.p, s.n);
}

/* All that a stage gives, byte for byte. */
static void all_of(struct hb_buf *b, const struct hb_waf_tx *tx, unsigned *hits)
{
    hb_buf_reset(b);
    for (const struct hb_waf_hit *h = hb_waf_tx_hits(tx); h != NULL;
         h = h->next) {
        hb_buf_addf(b, "%u phase %u%s", (unsigned)h->rule->id,
                    (unsigned)h->phase, h->disruptive ? " disruptive" : "");
        add_slice(b, " msg", h->msg);
        add_slice(b, " data", h->logdata);
        add_slice(b, hb_waf_coll_name(h->coll), h->name);
        add_slice(b, " value", h->value);
        for (uint32_t i = 0; i < h->n_var; i++) {
            add_slice(b, " var", h->var[i].name);
            add_slice(b, " as", h->var[i].value);
        }
        hb_buf_addc(b, '\n');
        ++*hits;
    }
    assert_int_equal(b->err, 0);
}

static void ways_stage(const struct crs_stage *s, void *arg)
{
    static const char *const name[] = {"", "no_gate", "no_cache", "neither"};
    char limit[HB_ARRAY_LEN(name)][128];
    struct ways *w = arg;
    struct hb_buf first = HB_BUF_INIT, b = HB_BUF_INIT;
    struct crs_request q;
    struct crs_response p;

    if (w->stages++ % w->every != 0)
        return;
    hb_arena_reset(w->a);
    assert_int_equal(crs_parse(w->a, s->request, false, &q), 0);
    assert_int_equal(crs_respond(w->a, &q, &p), 0);
    for (size_t i = 0; i < HB_ARRAY_LEN(w->waf); i++) {
        struct hb_waf_tx *tx = NULL;
        const char *why;
        unsigned hits = 0;

        assert_int_equal(crs_run(w->waf[i], w->thread, &q, &p, &tx, NULL), 0);
        all_of(i == 0 ? &first : &b, tx, &hits);
        /* A limit ends the rules; it may be why the hits differ. */
        why = hb_waf_tx_verdict(tx).limit;
        (void)snprintf(limit[i], sizeof(limit[i]), "%s",
                       why != NULL ? why : "");
        hb_waf_tx_free(tx);
        w->hits += i == 0 ? hits : 0;
        if (i > 0 && !hb_slice_eq(hb_buf_slice(&first), hb_buf_slice(&b)) &&
            w->differ++ < 20)
            print_message("# %s/%u with %s (limit: %s):\n%s# not (%s):\n%s",
                          s->id, s->stage, name[i], limit[i], hb_buf_z(&b),
                          limit[0], hb_buf_z(&first));
    }
    hb_buf_done(&first);
    hb_buf_done(&b);
}

/* EVERY: of so many stages one; all in a full run. */
static void ways(enum crs_set set, const char *release, unsigned every)
{
    struct ways w = {.every = getenv("HB_FULL") != NULL ? 1 : every};
    double from = seconds();

    w.thread = hb_waf_thread_new();
    w.a = hb_arena_new(0);
    assert_non_null(w.thread);
    assert_non_null(w.a);
    for (unsigned i = 0; i < HB_ARRAY_LEN(w.waf); i++) {
        struct hb_waf_options o = {.no_gate = (i & 1) != 0,
                                   .no_cache = (i & 2) != 0,
                                   .budget_ms = 60000};

        w.waf[i] = load(set, &o);
        if (w.waf[i] == NULL) {
            assert_int_equal(i, 0);
            hb_arena_free(w.a);
            hb_waf_thread_free(w.thread);
            hb_tap_skip("this Core Rule Set is not here");
        }
    }
    assert_int_equal(crs_each(SCRIPT, release, ways_stage, &w), 0);
    print_message("# CRS %s, gate and cache on and off: %u of %u stages, %u "
                  "hits, %u differ; %.1f s\n",
                  release, (w.stages + w.every - 1) / w.every, w.stages, w.hits,
                  w.differ, seconds() - from);
    for (unsigned i = 0; i < HB_ARRAY_LEN(w.waf); i++)
        hb_waf_unref(w.waf[i]);
    hb_arena_free(w.a);
    hb_waf_thread_free(w.thread);
    assert_int_equal(w.differ, 0);
}

static void test_ways_4(void **state)
{
    ways(CRS_4_TESTS, "4.28.0", 7);
}

static void test_ways_3(void **state)
{
    ways(CRS_3_TESTS, "3.3.4", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expected_4), cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_expected_3), cmocka_unit_test(test_ways_4),
        cmocka_unit_test(test_ways_3),
    };

    return hb_tap_run("guard/waf/crs", tests);
}
