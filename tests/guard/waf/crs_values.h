/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crs_values.h - what test_sqli.c and test_xss.c share: the values of the
 * regression tests of the OWASP CRS (crs_values.py), values that are no
 * attack, and values that are made to cost time.
 */
#ifndef HB_TESTS_CRS_VALUES_H
#define HB_TESTS_CRS_VALUES_H

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mime.h"
#include "guard/waf/sqli.h"

#include "tap.h"

#include <sys/wait.h>
#include <time.h>

#define CRS_DATA "/../shared/waf/tests" /* from the source root */

typedef bool detect_fn(struct hb_slice value, char ret_why[HB_WAF_WHY]);

struct tally {
    unsigned stages, own, own_good;
    unsigned both, more, less, none; /* ours against the recorded verdict */
    unsigned fired;
};

static inline const char *crs_data(void)
{
    static char path[HB_MAX_PATH];
    const char *root = getenv("HB_SOURCE_ROOT");

    (void)snprintf(path, sizeof(path), "%s" CRS_DATA, root ? root : ".");
    return access(path, R_OK) == 0 ? path : NULL;
}

/* Whether FN fires for one of the values "kind:base64 kind:base64 ...". */
static inline bool crs_fires(detect_fn *fn, const char *p, struct hb_buf *last,
                             char why[HB_WAF_WHY])
{
    for (p += strspn(p, " \n"); *p != '\0'; p += strspn(p, " \n")) {
        const char *colon = strchr(p, ':');
        size_t n;

        assert_non_null(colon);
        n = strcspn(++colon, " \n");
        hb_buf_reset(last);
        assert_int_equal(hb_base64_decode(last, hb_slice(colon, n)), 0);
        if (fn(hb_buf_slice(last), why))
            return true;
        p = colon + n;
    }
    return false;
}

static inline void crs_line(detect_fn *fn, const char *line, struct tally *t)
{
    struct hb_buf last = HB_BUF_INIT;
    char why[HB_WAF_WHY] = "", want, was;
    int id = (int)strcspn(line, " ");
    const char *p = line + id + 1;
    bool fired;

    p += strcspn(p, " ") + 1; /* behind the stage */
    want = p[0];
    was = p[2];
    fired = crs_fires(fn, p + 3, &last, why);
    t->stages++;
    t->fired += fired;
    t->own += want != '-';
    t->own_good += want != '-' && fired == (want == '1');
    t->both += fired && was == '1';
    t->more += fired && was == '0';
    t->less += !fired && was == '1';
    t->none += !fired && was == '0';
    if (want != '-' && fired != (want == '1'))
        print_message("# %.*s: wrong in a test of its own\n", id, line);
    else if (fired != (was == '1'))
        print_message("# %.*s: %s %s\n", id, line,
                      fired ? "more than ModSecurity" : "less", why);
    hb_buf_done(&last);
}

/* Runs crs_values.py RULE DATA and EACH over the lines that it prints. */
static inline void crs_lines(const char *rule, const char *data,
                             void (*each)(void *arg, const char *line),
                             void *arg)
{
    int fds[2], status = 0;
    size_t room = 0;
    char *line = NULL;
    pid_t pid;
    FILE *f;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(fds[1], 1);
        (void)execlp("python3", "python3",
                     HB_TESTDIR "/guard/waf/crs_values.py", rule, data,
                     (char *)NULL);
        _exit(127);
    }
    (void)close(fds[1]);
    f = fdopen(fds[0], "r");
    assert_non_null(f);
    while (getline(&line, &room, f) > 0)
        each(arg, line);
    free(line);
    (void)fclose(f);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

struct crs_judge {
    detect_fn *fn;
    struct tally tally;
};

static inline void crs_judge_line(void *arg, const char *line)
{
    struct crs_judge *j = arg;

    crs_line(j->fn, line, &j->tally);
}

/* FN over what crs_values.py RULE DATA prints. */
static inline struct tally crs_run(detect_fn *fn, const char *rule,
                                   const char *data)
{
    struct crs_judge j = {.fn = fn};

    crs_lines(rule, data, crs_judge_line, &j);
    return j.tally;
}

static inline void crs_report(const char *rule, const struct tally *t)
{
    print_message("# %s: own %u/%u, %u stages, agree %u, precision %.3f, "
                  "recall %.3f\n",
                  rule, t->own_good, t->own, t->stages, t->both + t->none,
                  t->both / (double)(t->both + t->more),
                  t->both / (double)(t->both + t->less));
}

/* A file of values that are no attack, as they are and as RULE decodes. */
static inline void benign(detect_fn *fn, const char *rule, const char *name)
{
    struct hb_arena *a = hb_arena_new(0);
    char path[HB_MAX_PATH + 64], why[HB_WAF_WHY];
    struct hb_slice text;
    struct tally t;
    unsigned n = 0, fired = 0;

    (void)snprintf(path, sizeof(path), HB_TESTDIR "/guard/waf/%s", name);
    assert_int_equal(hb_file_read(a, path, 1u << 20, &text), 0);
    while (text.n > 0) {
        const char *nl = memchr(text.p, '\n', text.n);
        size_t len = nl != NULL ? (size_t)(nl - text.p) : text.n;

        n++;
        if (fn(hb_slice(text.p, len), why)) {
            fired++;
            print_message("# fires: %.*s (%s)\n", (int)len, text.p, why);
        }
        len += nl != NULL;
        text = hb_slice(text.p + len, text.n - len);
    }
    t = crs_run(fn, rule, path);
    print_message("# %s: %u of %u fire as they are, %u as rule %s decodes\n",
                  name, fired, n, t.fired, rule);
    hb_arena_free(a);
    assert_true(n >= 150);
    assert_int_equal(t.stages, n);
    assert_int_equal(fired, 0);
    assert_int_equal(t.fired, 0);
}

/* The unit tests of the operator NAME. */
static inline void unit_tests(detect_fn *fn, const char *name)
{
    struct hb_arena *a = hb_arena_new(0);
    char path[HB_MAX_PATH + 64], why[HB_WAF_WHY];
    struct hb_slice text;
    struct hb_json *root = NULL;

    (void)snprintf(path, sizeof(path), "%s/units/operators/%s.json", crs_data(),
                   name);
    assert_int_equal(hb_file_read(a, path, 1u << 20, &text), 0);
    assert_int_equal(hb_json_parse(a, text, &root, NULL), 0);
    assert_true(root->count >= 3);
    for (struct hb_json *t = root->first; t != NULL; t = t->next)
        assert_int_equal(fn(hb_json_get(t, "input")->str, why),
                         hb_json_get(t, "ret")->integer);
    hb_arena_free(a);
}

/* FN over 1 MiB of each of the N pieces, again and again; prints the worst. */
static inline void costs(detect_fn *fn, const char *const *pieces, size_t n)
{
    size_t size = 1u << 20;
    char *big = malloc(size), why[HB_WAF_WHY];
    double worst = 0;
    const char *which = "";

    assert_non_null(big);
    for (size_t i = 0; i < n; i++) {
        struct timespec from, to;
        size_t len = strlen(pieces[i]);
        double ms;

        for (size_t k = 0; k < size; k++)
            big[k] = pieces[i][k % len];
        (void)clock_gettime(CLOCK_MONOTONIC, &from);
        (void)fn(hb_slice(big, size), why);
        (void)clock_gettime(CLOCK_MONOTONIC, &to);
        ms = (double)(to.tv_sec - from.tv_sec) * 1e3 +
             (double)(to.tv_nsec - from.tv_nsec) / 1e6;
        if (ms >= 1)
            print_message("# 1 MiB of \"%s\": %.1f ms\n", pieces[i], ms);
        if (ms > worst) {
            worst = ms;
            which = pieces[i];
        }
    }
    print_message("# the worst is \"%s\" with %.1f ms\n", which, worst);
    free(big);
}

/* Every beginning and every end of VALUE in memory of its own size, for the
 * sanitizer; what is found twice is found for the same reason. */
static inline void pieces_of(detect_fn *fn, struct hb_slice value)
{
    for (size_t from = 0; from < value.n; from++)
        for (size_t to = value.n; to > from;
             to = from > 0 ? from : to - 1) { /* suffixes, then prefixes */
            char one[HB_WAF_WHY] = "", two[HB_WAF_WHY] = "";
            size_t n = to - from;
            char *own = malloc(n);

            assert_non_null(own);
            memcpy(own, value.p + from, n);
            assert_int_equal(fn(hb_slice(own, n), one),
                             fn(hb_slice(own, n), two));
            assert_string_equal(one, two);
            assert_true(strlen(one) < HB_WAF_WHY);
            free(own);
        }
}

#endif
