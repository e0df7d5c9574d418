/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_waf_engine.c - CPU time that a request costs in the engine of the web
 * application firewall, with libmodsecurity in the same run as the peer.
 *
 *     bench-waf-engine [NAME]    NAME: only workloads that begin so
 *
 * Both load the same rules (CRS 4.28.0 as shipped, blocking) and get the same
 * requests (waf_work.h); their turns alternate round by round, so that
 * the machine's unrest meets both.  A figure is the median of the rounds, in
 * microseconds of this thread's CPU (CLOCK_THREAD_CPUTIME_ID): all phases of
 * one request with a 200 without a body for an answer, from making the
 * transaction to freeing it.  Prints one JSON object a line; "hits" is how
 * many rules each logs, and must be the same.  Where
 * libmodsecurity.so.3 cannot be loaded the peer is "no peer".
 *
 * HB_BENCH_RUNS: rounds (default 7).  HB_SHARED: where the rules are.
 */
#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

#include "../tests/guard/waf/crs_run.h"
#include "base/buf.h"
#include "waf_work.h"

#define ROUNDS_MAX 101u
#define SLOT_NS    30000000.0 /* a turn of one side: 30 ms of CPU */

struct side {
    double ns[ROUNDS_MAX];
    unsigned times; /* requests a turn */
    unsigned hits, status;
};

/* What msc_intervention() fills in (modsecurity/intervention.h, 3.0). */
struct intervention {
    int status, pause;
    char *url, *log;
    int disruptive;
};

/* X(name, result, arguments): the C functions of libmodsecurity 3 that its
 * module for nginx calls (modsecurity/modsecurity.h, rules_set.h,
 * transaction.h).  Loaded at run time, so that nothing is missed without. */
#define PEER_API(X)                                                            \
    X(init, void *, (void))                                                    \
    X(cleanup, void, (void *))                                                 \
    X(who_am_i, const char *, (void *))                                        \
    X(set_log_cb, void, (void *, void (*)(void *, const void *)))              \
    X(create_rules_set, void *, (void))                                        \
    X(rules_add, int, (void *, const char *, const char **))                   \
    X(rules_cleanup, int, (void *))                                            \
    X(new_transaction, void *, (void *, void *, void *))                       \
    X(transaction_cleanup, void, (void *))                                     \
    X(process_connection, int, (void *, const char *, int, const char *, int)) \
    X(process_uri, int, (void *, const char *, const char *, const char *))    \
    X(add_n_request_header, int,                                               \
      (void *, const void *, size_t, const void *, size_t))                    \
    X(process_request_headers, int, (void *))                                  \
    X(append_request_body, int, (void *, const void *, size_t))                \
    X(process_request_body, int, (void *))                                     \
    X(add_n_response_header, int,                                              \
      (void *, const void *, size_t, const void *, size_t))                    \
    X(process_response_headers, int, (void *, int, const char *))              \
    X(process_response_body, int, (void *))                                    \
    X(process_logging, int, (void *))                                          \
    X(intervention, int, (void *, struct intervention *))

struct peer_api {
#define DECLARE(name, result, arguments) result(*name) arguments;
    PEER_API(DECLARE)
#undef DECLARE
};

struct bench {
    struct hb_waf *waf;
    struct hb_waf_thread *thread;
    struct crs_request q;
    struct crs_response p;
    struct peer_api api;
    void *msc, *set; /* NULL: no peer */
    unsigned theirs; /* hits of the last request of the peer's */
};

/* ------------------------------------------------------------------ ours */

static double cpu_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ours(struct bench *b, struct side *s)
{
    struct hb_waf_tx *tx = NULL;
    int r = crs_run(b->waf, b->thread, &b->q, &b->p, &tx, &s->status);

    if (r < 0)
        return r;
    s->hits = 0;
    for (const struct hb_waf_hit *h = hb_waf_tx_hits(tx); h != NULL;
         h = h->next)
        s->hits++;
    hb_waf_tx_free(tx);
    return 0;
}

/* ------------------------------------------------------------------ peer */

static void count_hit(void *data, const void *line)
{
    struct bench *b = data;

    if (b != NULL)
        b->theirs++;
}

/* The status of what was decided, or 0. */
static unsigned decided(const struct peer_api *api, void *t)
{
    struct intervention it = {.status = 200};

    if (api->intervention(t, &it) == 0)
        return 0;
    free(it.log);
    free(it.url);
    return (unsigned)it.status;
}

static unsigned peer_request(const struct bench *b, void *t,
                             const char *const word[3])
{
    const struct crs_request *q = &b->q;
    const struct peer_api *api = &b->api;
    unsigned status;

    (void)api->process_connection(t, "127.0.0.1", 40000, "127.0.0.1", 80);
    (void)api->process_uri(t, word[1], word[0], word[2] + 5);
    for (size_t i = 0; i < q->n_header; i++)
        (void)api->add_n_request_header(
            t, q->header[i].name.p, q->header[i].name.n, q->header[i].value.p,
            q->header[i].value.n);
    (void)api->process_request_headers(t);
    status = decided(api, t);
    if (status != 0)
        return status;
    if (q->body.n > 0)
        (void)api->append_request_body(t, q->body.p, q->body.n);
    (void)api->process_request_body(t);
    return decided(api, t);
}

static unsigned peer_response(const struct bench *b, void *t)
{
    const struct crs_response *p = &b->p;
    const struct peer_api *api = &b->api;
    unsigned status;

    for (size_t i = 0; i < p->n_header; i++)
        (void)api->add_n_response_header(
            t, p->header[i].name.p, p->header[i].name.n, p->header[i].value.p,
            p->header[i].value.n);
    (void)api->process_response_headers(t, (int)p->status, "HTTP/1.1");
    status = decided(api, t);
    if (status != 0)
        return status;
    (void)api->process_response_body(t);
    return decided(api, t);
}

/* The words of the request line it wants terminated. */
static int theirs(struct bench *b, struct side *s)
{
    const struct hb_slice from[3] = {b->q.method, b->q.uri, b->q.protocol};
    char copy[3][1024];
    const char *const word[3] = {copy[0], copy[1], copy[2]};
    void *t = b->api.new_transaction(b->msc, b->set, b);
    unsigned status;

    if (t == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < 3; i++)
        (void)snprintf(copy[i], sizeof(copy[i]), "%.*s", (int)from[i].n,
                       from[i].p);
    b->theirs = 0;
    status = peer_request(b, t, word);
    if (status == 0)
        status = peer_response(b, t);
    (void)b->api.process_logging(t);
    b->api.transaction_cleanup(t);
    s->hits = b->theirs;
    s->status = status != 0 ? status : b->p.status;
    return 0;
}

/* Whether the library is there; it stays loaded. */
static bool peer_find(struct peer_api *api)
{
    void *lib = dlopen("libmodsecurity.so.3", RTLD_NOW | RTLD_LOCAL);

    if (lib == NULL)
        return false;
#define FIND(name, result, arguments)                                          \
    *(void **)&api->name = dlsym(lib, "msc_" #name);                           \
    if (api->name == NULL)                                                     \
        return false;
    PEER_API(FIND)
#undef FIND
    return true;
}

static int peer_load(struct bench *b, const char *text, char *name, size_t n)
{
    const char *why = NULL, *who;

    (void)snprintf(name, n, "no peer");
    if (!peer_find(&b->api))
        return 0;
    b->msc = b->api.init();
    b->set = b->api.create_rules_set();
    b->api.set_log_cb(b->msc, count_hit);
    who = b->api.who_am_i(b->msc); /* "ModSecurity v3.0.9 (Linux)" */
    who += strcspn(who, "0123456789");
    (void)snprintf(name, n, "libmodsecurity %.*s", (int)strcspn(who, " "), who);
    if (b->api.rules_add(b->set, text, &why) >= 0)
        return 0;
    (void)fprintf(stderr, "libmodsecurity: %s\n", why != NULL ? why : "?");
    return -EINVAL;
}

static void peer_done(struct bench *b)
{
    if (b->msc == NULL)
        return;
    (void)b->api.rules_cleanup(b->set);
    b->api.cleanup(b->msc);
}

/* ------------------------------------------------------------- measuring */

typedef int side_fn(struct bench *b, struct side *s);

/* One turn: nanoseconds a request, negative errno. */
static double turn(side_fn *fn, struct bench *b, struct side *s)
{
    double from = cpu_ns();

    for (unsigned i = 0; i < s->times; i++) {
        int r = fn(b, s);

        if (r < 0)
            return r;
    }
    return (cpu_ns() - from) / s->times;
}

/* Warms up and settles how many requests a turn has. */
static double settle(side_fn *fn, struct bench *b, struct side *s)
{
    double ns;

    s->times = 2;
    ns = turn(fn, b, s);
    if (ns >= 0)
        ns = turn(fn, b, s);
    s->times = ns > SLOT_NS ? 1 : (unsigned)(SLOT_NS / HB_MAX(ns, 1000.0)) + 1;
    return ns;
}

static int up(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median_us(struct side *s, unsigned rounds)
{
    qsort(s->ns, rounds, sizeof(s->ns[0]), up);
    return s->ns[rounds / 2] / 1e3;
}

static int measure(struct bench *b, const struct waf_work *w, unsigned level,
                   const char *peer, unsigned rounds)
{
    struct side mine = {0}, other = {0};
    double us;

    if (settle(ours, b, &mine) < 0 ||
        (b->msc != NULL && settle(theirs, b, &other) < 0))
        return -EIO;
    for (unsigned i = 0; i < rounds; i++) {
        mine.ns[i] = turn(ours, b, &mine);
        if (b->msc != NULL)
            other.ns[i] = turn(theirs, b, &other);
    }
    us = median_us(&mine, rounds);
    (void)printf("{\"bench\":\"waf.%s_pl%u\",\"unit\":\"us\",\"ours\":%.1f,"
                 "\"min\":%.1f,\"max\":%.1f,\"peer\":\"%s\",\"hits\":%u,"
                 "\"status\":%u,",
                 w->name, level, us, mine.ns[0] / 1e3,
                 mine.ns[rounds - 1] / 1e3, peer, mine.hits, mine.status);
    if (b->msc != NULL) {
        us = median_us(&other, rounds);
        (void)printf("\"theirs\":%.1f,\"theirs_min\":%.1f,\"theirs_max\":%.1f,"
                     "\"theirs_hits\":%u,\"theirs_status\":%u,\"goal\":%.1f,",
                     us, other.ns[0] / 1e3, other.ns[rounds - 1] / 1e3,
                     other.hits, other.status, us / 10);
    }
    (void)printf("\"better\":\"lower\",\"runs\":%u}\n", rounds);
    (void)fflush(stdout);
    return 0;
}

static int one(struct bench *b, const struct waf_work *w, unsigned level,
               const char *peer, unsigned rounds)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_buf bytes = HB_BUF_INIT;
    int r = -ENOMEM;

    w->make(&bytes, w->size);
    if (a != NULL && bytes.err == 0)
        r = crs_parse(a, hb_buf_slice(&bytes), false, &b->q);
    if (r == 0 && b->q.refused != 0)
        r = -EBADMSG;
    if (r == 0)
        r = crs_respond(a, &b->q, &b->p);
    if (r == 0)
        r = measure(b, w, level, peer, rounds);
    if (r < 0)
        (void)fprintf(stderr, "bench-waf-engine: %s: %s\n", w->name,
                      strerror(-r));
    hb_buf_done(&bytes);
    hb_arena_free(a);
    return r;
}

static int level_of(unsigned level, const char *only, unsigned rounds)
{
    struct hb_arena *a = hb_arena_new(0);
    struct bench b = {0};
    struct hb_err err = {0};
    char peer[64] = "", why[1024];
    const char *text = a != NULL ? crs_conf(a, CRS_4, level) : NULL;
    int r = -ENOENT;

    if (text != NULL)
        r = crs_waf(CRS_4, level, NULL, &b.waf, &err);
    if (r == -ENOENT) {
        (void)printf("{\"bench\":\"waf.pl%u\",\"skipped\":\"no Core Rule Set "
                     "4 here\"}\n",
                     level);
        hb_arena_free(a);
        return 0;
    }
    if (r < 0) {
        hb_err_format(&err, why, sizeof(why));
        (void)fprintf(stderr, "bench-waf-engine: %s\n", why);
        hb_arena_free(a);
        return r;
    }
    b.thread = hb_waf_thread_new();
    r = b.thread != NULL ? peer_load(&b, text, peer, sizeof(peer)) : -ENOMEM;
    for (size_t i = 0; r == 0 && i < n_waf_works; i++)
        if (level <= waf_works[i].levels &&
            strncmp(waf_works[i].name, only, strlen(only)) == 0)
            r = one(&b, &waf_works[i], level, peer, rounds);
    peer_done(&b);
    hb_waf_thread_free(b.thread);
    hb_waf_unref(b.waf);
    hb_arena_free(a);
    return r;
}

int main(int argc, char **argv)
{
    const char *runs = getenv("HB_BENCH_RUNS");
    unsigned rounds = runs != NULL ? (unsigned)strtoul(runs, NULL, 10) : 7;
    const char *only = argc > 1 ? argv[1] : "";

    rounds = HB_MIN(HB_MAX(rounds, 3u), ROUNDS_MAX);
    if (argc > 2 || (argc == 2 && !isalpha((uint8_t)only[0]))) {
        (void)fprintf(stderr, "usage: bench-waf-engine [NAME]\n");
        return 2;
    }
    for (unsigned level = 1; level <= 2; level++)
        if (level_of(level, only, rounds) < 0)
            return 1;
    return 0;
}
