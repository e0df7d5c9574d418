/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who did it: what an attacker does to be left out of the timeline (a flood
 * before the write, a user name that looks like a time), logs of every form,
 * rotated ones, and what could not be read is said.
 */
#include <string.h>
#include <time.h>

#include "base/fault.h"
#include "base/json.h"
#include "tree.h"

#define MIN  (60 * (int64_t)HB_S)
#define HOUR (60 * MIN)
#define LOG  "/var/log/nginx/access.log"

static struct hb_json *collect(struct tree *t, const char *path, int64_t at)
{
    struct hb_buf b = HB_BUF_INIT;
    const struct hb_change change = {.path = path, .at = at};
    struct hb_json *tree = NULL;

    assert_int_equal(hb_collect(&t->m, &t->site, &change, 1, &b), 0);
    assert_int_equal(hb_json_parse(t->m.arena, hb_buf_slice(&b), &tree, NULL),
                     0);
    hb_buf_done(&b);
    return tree;
}

/* How many moments of KIND hold WORDS in one of their arguments. */
static int tells(const struct hb_json *tree, const char *kind,
                 const char *words)
{
    int n = 0;

    HB_JSON_EACH (m, hb_json_get(tree, "moments")) {
        bool has = false;

        HB_JSON_EACH (arg, hb_json_get(m, "args"))
            has = has || (arg->type == HB_JSON_STR &&
                          strstr(arg->str.p, words) != NULL);
        n += has && hb_streq(hb_json_str(m, "kind", ""), kind);
    }
    return n;
}

static int64_t number(const struct hb_json *tree, const char *kind,
                      const char *name)
{
    HB_JSON_EACH (m, hb_json_get(tree, "moments"))
        if (hb_streq(hb_json_str(m, "kind", ""), kind))
            return hb_json_int(hb_json_get(m, "args"), name, -1);
    return -1;
}

static const char *stamp(int64_t at)
{
    static char text[64];
    time_t s = (time_t)(at / (int64_t)HB_S);
    struct tm tm;

    (void)gmtime_r(&s, &tm);
    (void)strftime(text, sizeof(text), "%d/%b/%Y:%H:%M:%S +0000", &tm);
    return text;
}

static void line(struct hb_buf *b, const char *from, int64_t at,
                 const char *request, int status)
{
    hb_buf_addf(b, "%s - - [%s] \"%s HTTP/1.1\" %d 1 \"-\" \"x\"\n", from,
                stamp(at), request, status);
}

static void flush(struct tree *t, const char *name, struct hb_buf *b)
{
    put(t, name, hb_buf_z(b), 0644);
    hb_buf_done(b);
    hb_buf_init(b, 0);
}

/* However many come first, the one at the moment of the write is told, and
 * how many are not. */
static void test_flood(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_json *got;
    struct tree t;
    int64_t at;

    (void)state;
    tree_open(&t);
    at = t.m.now - 2 * MIN;
    for (int i = 0; i < 400; i++) {
        char from[32], request[32];

        (void)snprintf(from, sizeof(from), "198.51.%d.7", i % 200);
        (void)snprintf(request, sizeof(request), "POST /ok?%d", i);
        line(&b, from, at - 10 * MIN + i * (int64_t)HB_S, request, 405);
    }
    line(&b, "192.0.2.9", at + (int64_t)HB_S, "POST /up.php", 200);
    flush(&t, LOG, &b);
    got = collect(&t, "index.html", at);
    assert_int_equal(tells(got, "cause.web", "POST /up.php"), 1);
    assert_int_equal(number(got, "log.left", "count") +
                         tells(got, "cause.web", "POST /ok"),
                     400);
    tree_done(&t);
}

/* One address that asks a thousand times at the very second of the write
 * hides no other. */
static void test_one_address(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_json *got;
    struct tree t;
    int64_t at;

    (void)state;
    tree_open(&t);
    at = t.m.now - 2 * MIN;
    for (int i = 0; i < 1000; i++) {
        char from[64], request[32];

        (void)snprintf(from, sizeof(from), "2001:db8::%x", i + 1);
        (void)snprintf(request, sizeof(request), "POST /ok?%d", i);
        line(&b, from, at, request, 200);
        line(&b, "192.0.2.8", at, "POST /same", 200);
    }
    line(&b, "192.0.2.8", at, "POST /other", 200);
    line(&b, "192.0.2.9", at + 3 * (int64_t)HB_S, "POST /up.php", 200);
    flush(&t, LOG, &b);
    got = collect(&t, "index.html", at);
    assert_int_equal(tells(got, "cause.web", "POST /up.php"), 1);
    assert_in_range(tells(got, "cause.web", "POST /ok"), 1, 6);
    assert_int_equal(tells(got, "cause.web", "POST /ok?0\""), 1);
    assert_int_equal(tells(got, "cause.web", "POST /ok?999"), 1);
    /* The same a thousand times is one thing. */
    assert_int_equal(tells(got, "cause.web", "POST /same\" 200 (x1000)"), 1);
    assert_int_equal(tells(got, "cause.web", "POST /other"), 1);
    tree_done(&t);
}

/* Behind a proxy all come from one address: no place stays empty for that. */
static void test_proxy(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_json *got;
    struct tree t;
    int64_t at;

    (void)state;
    tree_open(&t);
    at = t.m.now - 2 * MIN;
    for (int i = 0; i < 40; i++) {
        char request[32];

        (void)snprintf(request, sizeof(request), "POST /a?%02d", i);
        line(&b, "192.0.2.1", at + (i - 35) * (int64_t)HB_S, request, 200);
    }
    flush(&t, LOG, &b);
    got = collect(&t, "index.html", at);
    assert_int_equal(tells(got, "cause.web", "POST /a?"), 8);
    for (int i = 32; i < 39; i++) {
        char request[32];

        (void)snprintf(request, sizeof(request), "POST /a?%02d", i);
        assert_int_equal(tells(got, "cause.web", request), 1);
    }
    assert_int_equal(number(got, "log.left", "count"), 32);
    tree_done(&t);
}

/* Around the write, not around the moment when somebody asks. */
static void test_time_of_write(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_json *got;
    struct tree t;
    int64_t at;

    (void)state;
    tree_open(&t);
    at = t.m.now - 6 * HOUR;
    line(&b, "192.0.2.9", at, "POST /up.php", 200);
    line(&b, "192.0.2.8", t.m.now - MIN, "POST /later", 200);
    flush(&t, LOG, &b);
    got = collect(&t, "index.html", at);
    assert_int_equal(tells(got, "cause.web", "POST /up.php"), 1);
    assert_int_equal(tells(got, "cause.web", "POST /later"), 0);
    tree_done(&t);
}

/* A user name that somebody types holds a time. */
static void test_user_name(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_json *got;
    struct tree t;

    (void)state;
    tree_open(&t);
    hb_buf_addf(&b,
                "192.0.2.9 - x [01/Jan/2001:00:00:00 +0000] y [%s] \"POST "
                "/up.php HTTP/1.1\" 401 1 \"-\" \"x\"\n",
                stamp(t.m.now));
    flush(&t, LOG, &b);
    got = collect(&t, "index.html", t.m.now);
    assert_int_equal(tells(got, "cause.web", "POST /up.php"), 1);
    tree_done(&t);
}

/* The time first, and a name behind it that holds another one: neither in a
 * short log nor at the begin of one nor where the place is looked for does it
 * hide its own line. */
static void test_forged_time(void **state)
{
    static const char *const forged[] = {"[1000000000]", "[4000000000]",
                                         "x [01/Jan/2001:00:00:00 +0000]"};
    struct hb_json *got;
    struct tree t;
    int64_t at;

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(forged); i++) {
        struct hb_buf b = HB_BUF_INIT;

        tree_open(&t);
        at = t.m.now - 2 * HOUR;
        hb_buf_addf(&b, "[%s] %s \"POST /early HTTP/1.1\" 200 1\n",
                    stamp(at - MIN), forged[i]);
        hb_buf_addf(&b, "[%s] 192.0.2.9 %s \"POST /up.php HTTP/1.1\" 200 1\n",
                    stamp(at), forged[i]);
        flush(&t, LOG, &b);
        line(&b, "192.0.2.9", at - 5 * MIN, "POST /before", 200);
        flush(&t, LOG ".1", &b);
        got = collect(&t, "index.html", at);
        assert_int_equal(tells(got, "cause.web", "192.0.2.9 \"POST /up.php"),
                         1);
        assert_int_equal(tells(got, "cause.web", "POST /early"), 1);
        assert_int_equal(tells(got, "cause.web", "POST /before"), 1);
        tree_done(&t);
    }
}

/* More lines with a time of their own than a step of the search reads, and
 * more than is read around a write. */
static void test_forged_large(void **state)
{
    struct tree t;

    (void)state;
    for (int ahead = 0; ahead < 2; ahead++) {
        struct hb_buf b = HB_BUF_INIT;
        struct hb_json *got;
        int64_t at;

        tree_open(&t);
        at = t.m.now - 3 * HOUR;
        for (int64_t s = 0; s < 6 * 3600; s++) {
            int64_t then = at + (s - 3 * 3600) * (int64_t)HB_S;

            /* Nothing but these for an hour around the write. */
            if (s < 9000 || s > 12600)
                hb_buf_addf(&b, "[%s] w \"GET /%01500d HTTP/1.1\" 200 1\n",
                            stamp(then), 0);
            else
                hb_buf_addf(&b, "[%s] [%d000000000] \"GET / HTTP/1.1\" 200\n",
                            stamp(then), ahead ? 4 : 1);
            if (then == at)
                hb_buf_addf(&b,
                            "[%s] [%d000000000] \"POST /up.php HTTP/1.1\" "
                            "200 1\n",
                            stamp(at), ahead ? 4 : 1);
        }
        assert_int_equal(hb_buf_err(&b), 0);
        flush(&t, LOG, &b);
        got = collect(&t, "index.html", at);
        assert_int_equal(tells(got, "cause.web", "POST /up.php"), 1);
        tree_done(&t);
    }
}

static void test_forms(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    char iso[64];
    struct hb_json *got;
    struct tree t;

    (void)state;
    tree_open(&t);
    (void)hb_time_utc(t.m.now, iso, sizeof(iso));
    put(&t, "/etc/nginx/nginx.conf",
        "http { access_log /var/log/nginx/vhost; server { access_log "
        "/var/log/nginx/json; } server { access_log /var/log/nginx/odd x; } "
        "server { access_log /var/log/nginx/gone; } }\n",
        0644);
    hb_buf_addf(&b,
                "www.example 192.0.2.9 - - [%s] \"POST /vhost HTTP/1.1\" 200 1 "
                "\"-\" \"x\" \"192.0.2.1\" 0.001\n",
                stamp(t.m.now));
    flush(&t, "/var/log/nginx/vhost", &b);
    hb_buf_addf(&b,
                "{\"time_iso8601\":\"%s\",\"remote_addr\":\"192.0.2.9\","
                "\"request\":\"POST /json1 HTTP/1.1\",\"status\":200}\n"
                "{\"time_local\":\"%s\",\"remote_addr\":\"192.0.2.9\",\"agent\""
                ":\"\\x22\\xE7\xff\",\"request_method\":\"PUT\","
                "\"request_uri\":\"/json2\",\"status\":\"201\"}\n",
                iso, stamp(t.m.now));
    flush(&t, "/var/log/nginx/json", &b);
    hb_buf_addz(&b, "POST /odd 192.0.2.9\nPOST /odd 192.0.2.9\n\n");
    flush(&t, "/var/log/nginx/odd", &b);
    got = collect(&t, "index.html", t.m.now);
    assert_int_equal(tells(got, "cause.web", "POST /vhost"), 1);
    assert_int_equal(tells(got, "cause.web", "POST /json1"), 1);
    assert_int_equal(tells(got, "cause.web", "PUT /json2"), 1);
    assert_int_equal(tells(got, "log.unread", "/var/log/nginx/odd"), 1);
    assert_int_equal(number(got, "log.unread", "count"), 2);
    assert_int_equal(tells(got, "log.closed", "/var/log/nginx/gone"), 1);
    tree_done(&t);
}

/* A log that is named below the prefix of the nginx that runs. */
static void test_prefix(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_json *got;
    struct tree t;

    if (geteuid() != 0)
        skip();
    tree_open(&t);
    put(&t, "/proc/77/cmdline", "nginx: master process nginx -p /srv/n -c c",
        0444);
    put(&t, "/srv/n/c",
        "http { access_log logs/a.log; access_log off; "
        "access_log syslog:server=x; }\n",
        0644);
    line(&b, "192.0.2.9", t.m.now, "POST /up.php", 200);
    flush(&t, "/srv/n/logs/a.log", &b);
    got = collect(&t, "index.html", t.m.now);
    assert_int_equal(tells(got, "cause.web", "POST /up.php"), 1);
    assert_int_equal(tells(got, "log.closed", ""), 0);
    tree_done(&t);
}

/* Two servers that share a log do not tell everything twice. */
static void test_shared(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_json *got;
    struct tree t;

    (void)state;
    tree_open(&t);
    put(&t, "/etc/nginx/nginx.conf",
        "http { server { access_log " LOG "; } server { access_log " LOG
        "; } }\n",
        0644);
    line(&b, "192.0.2.9", t.m.now, "POST /up.php", 200);
    flush(&t, LOG, &b);
    got = collect(&t, "index.html", t.m.now);
    assert_int_equal(tells(got, "cause.web", "POST /up.php"), 1);
    tree_done(&t);
}

static void test_rotated(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_json *got;
    struct tree t;

    (void)state;
    tree_open(&t);
    line(&b, "192.0.2.9", t.m.now - 3 * MIN, "POST /before", 200);
    flush(&t, LOG ".1", &b);
    line(&b, "192.0.2.9", t.m.now - MIN, "POST /after", 200);
    flush(&t, LOG, &b);
    got = collect(&t, "index.html", t.m.now - 2 * MIN);
    assert_int_equal(tells(got, "cause.web", "POST /before"), 1);
    assert_int_equal(tells(got, "cause.web", "POST /after"), 1);
    assert_int_equal(tells(got, "log.older", ""), 0);
    /* The next older one is there, but packed. */
    put(&t, LOG ".2.gz", "x", 0644);
    got = collect(&t, "index.html", t.m.now - 2 * MIN);
    assert_int_equal(tells(got, "log.older", LOG ".2.gz"), 1);
    /* Just rotated: the new one holds nothing yet. */
    put(&t, LOG, "", 0644);
    got = collect(&t, "index.html", t.m.now - 2 * MIN);
    assert_int_equal(tells(got, "cause.web", "POST /before"), 1);
    tree_done(&t);
}

/* The busiest log is read where the write is, not at its end. */
static void test_large(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_json *got;
    char request[600];
    struct tree t;
    int64_t at;

    (void)state;
    tree_open(&t);
    (void)snprintf(request, sizeof(request), "GET /%0500d", 0);
    at = t.m.now - 5 * HOUR;
    for (int64_t s = 0; s < 5 * 3600; s++) {
        line(&b, "198.51.100.1", at - HOUR + s * (int64_t)HB_S, request, 200);
        if (s == 3600)
            line(&b, "192.0.2.9", at, "POST /up.php", 200);
    }
    flush(&t, LOG, &b);
    got = collect(&t, "index.html", at);
    assert_int_equal(tells(got, "cause.web", "POST /up.php"), 1);
    tree_done(&t);
}

/* More in the quarter of an hour before than is read: what lies at the write
 * is read, and the rest is said. */
static void test_too_large(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    char request[1300];
    struct hb_json *got;
    struct tree t;
    int64_t at;

    (void)state;
    tree_open(&t);
    at = t.m.now - HOUR;
    (void)snprintf(request, sizeof(request), "GET /%01200d", 0);
    for (int64_t i = 0; i < 30000; i++) {
        line(&b, "198.51.100.1", at + (i - 25000) * (int64_t)HB_S / 30, request,
             200);
        if (i == 20)
            line(&b, "192.0.2.8", at - 13 * MIN, "POST /early", 200);
        if (i == 25000)
            line(&b, "192.0.2.9", at, "POST /up.php", 200);
    }
    assert_int_equal(hb_buf_err(&b), 0);
    flush(&t, LOG, &b);
    got = collect(&t, "index.html", at);
    assert_int_equal(tells(got, "cause.web", "POST /up.php"), 1);
    assert_int_equal(tells(got, "cause.web", "POST /early"), 0);
    assert_int_equal(tells(got, "log.partly", LOG), 1);
    tree_done(&t);
}

/* What a web shell is asked with need not change anything by its method. */
static void test_web_shell(void **state)
{
    static struct hb_conf_area area = {.path = "upload"};
    struct hb_buf b = HB_BUF_INIT;
    struct hb_json *got;
    struct tree t;
    int64_t at;

    (void)state;
    tree_open(&t);
    t.site.areas.v = &area;
    t.site.areas.n = 1;
    at = t.m.now - 10 * MIN;
    line(&b, "192.0.2.1", at, "GET /index.html", 200);
    line(&b, "192.0.2.1", at, "GET /upload/cat.jpg", 200);
    line(&b, "192.0.2.9", at + MIN, "GET //%75pload/./x.php?c=id", 200);
    line(&b, "192.0.2.9", at + 2 * MIN, "GET /inc/s.php/info", 200);
    line(&b, "192.0.2.9", at + 3 * MIN, "GET /far.php?a=1", 200);
    line(&b, "192.0.2.9", at + 2 * (int64_t)HB_S, "GET /near.php?a=1", 200);
    line(&b, "192.0.2.9", at + 2 * (int64_t)HB_S, "GET /near.html", 200);
    flush(&t, LOG, &b);
    got = collect(&t, "inc/s.php", at);
    assert_int_equal(tells(got, "cause.web_touch", "x.php?c=id"), 1);
    assert_int_equal(tells(got, "cause.web_touch", "/inc/s.php/info"), 1);
    assert_int_equal(tells(got, "cause.web", "near.php?a=1"), 1);
    assert_int_equal(tells(got, "cause.web", "near.html"), 0);
    assert_int_equal(tells(got, "cause.web", "far.php"), 0);
    assert_int_equal(tells(got, "cause.web", "index.html"), 0);
    assert_int_equal(tells(got, "cause.web_touch", "cat.jpg"), 0);
    tree_done(&t);
}

static void process(struct tree *t, int pid, const char *words, int64_t since)
{
    char name[64], path[256], text[256];

    (void)snprintf(name, sizeof(name), "/proc/%d/cmdline", pid);
    put(t, name, words, 0444);
    (void)snprintf(text, sizeof(text),
                   "%d (a ) b) S 1 1 1 0 -1 4 5 6 7 8 9 10 11 12 13 14 15 16 "
                   "%lld 17 18\n",
                   pid, (long long)(since * sysconf(_SC_CLK_TCK)));
    (void)snprintf(name, sizeof(name), "/proc/%d/stat", pid);
    put(t, name, text, 0444);
    (void)snprintf(path, sizeof(path), "%s/proc/%d", t->path, pid);
    assert_int_equal(chown(path, 33, 33), 0);
}

/* Many programs of the web server hide none that began with the change. */
static void test_programs(void **state)
{
    struct hb_json *got;
    char text[64];
    struct tree t;
    int64_t now;

    (void)state;
    if (geteuid() != 0)
        skip();
    tree_open(&t);
    now = t.m.now / (int64_t)HB_S;
    put(&t, LOG, "", 0644);
    (void)snprintf(text, sizeof(text), "cpu 1\nbtime %lld\n",
                   (long long)now - 100000);
    put(&t, "/proc/stat", text, 0444);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(text, sizeof(text), "php-fpm: pool %d", i);
        process(&t, 100 + i, text, 100);
    }
    for (int i = 0; i < 4; i++)
        process(&t, 200 + i, "nginx: worker process", i == 2 ? 99000 : 50);
    process(&t, 900, "sh -i", 100000 - 120);
    got = collect(&t, "index.html", t.m.now - 2 * MIN);
    assert_int_equal(tells(got, "cause.running", "pid 900, www-data: sh -i"),
                     1);
    assert_int_equal(tells(got, "cause.running",
                           "pid 202, www-data: nginx: worker process (x4)"),
                     1);
    assert_int_equal(tells(got, "cause.running", "php-fpm"), 8);
    assert_int_equal(number(got, "process.left", "count"), 32);
    tree_done(&t);
}

static void journal(struct tree *t, int64_t at)
{
    char text[512], iso[64];

    (void)hb_time_utc(at, iso, sizeof(iso));
    (void)snprintf(text, sizeof(text),
                   "#!/bin/sh\necho '%s w sshd[7]: Accepted password for eve "
                   "from 192.0.2.7 port 1 ssh2'\n",
                   iso);
    put(t, "/usr/bin/journalctl", text, 0755);
}

/* Where rsyslog ended long ago, the journal goes on. */
static void test_stale_auth_log(void **state)
{
    struct hb_json *got;
    char text[256], iso[64];
    struct tree t;

    (void)state;
    tree_open(&t);
    put(&t, LOG, "", 0644);
    (void)hb_time_utc(t.m.now - 3 * HOUR, iso, sizeof(iso));
    (void)snprintf(text, sizeof(text),
                   "%s w sshd[7]: Accepted password for old from 192.0.2.7 "
                   "port 1 ssh2\n",
                   iso);
    put(&t, "/var/log/auth.log", text, 0640);
    journal(&t, t.m.now - MIN);
    got = collect(&t, "index.html", t.m.now);
    assert_int_equal(tells(got, "cause.login", "eve (sshd, password)"), 1);
    assert_int_equal(tells(got, "cause.login", "old (sshd, password)"), 1);
    /* Told by both is told once. */
    journal(&t, t.m.now - 3 * HOUR);
    (void)snprintf(text, sizeof(text),
                   "%s w sshd[7]: Accepted password for eve from 192.0.2.7 "
                   "port 1 ssh2\n",
                   iso);
    put(&t, "/var/log/auth.log", text, 0640);
    got = collect(&t, "index.html", t.m.now);
    assert_int_equal(tells(got, "cause.login", "eve (sshd, password)"), 1);
    tree_done(&t);
}

/* Whichever allocation fails: an answer that is JSON, or an error. */
static void test_memory(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_change change = {.path = "index.html"};
    struct tree t;
    unsigned n = 0;
    bool through;

    (void)state;
    tree_open(&t);
    change.at = t.m.now;
    put(&t, "/etc/nginx/nginx.conf",
        "http { access_log " LOG "; access_log " LOG "2; }\n", 0644);
    hb_buf_addz(&b, "{\"time\":\"2026-11-26T04:50:04+09:00\",\"request\":"
                    "\"GET / HTTP/1.1\"}\nodd\n");
    for (int i = 0; i < 20; i++)
        line(&b, "192.0.2.9", t.m.now, i % 2 ? "POST /a" : "GET /b?c", 200);
    flush(&t, LOG, &b);
    put(&t, "/var/log/auth.log", "odd\n", 0644);
    journal(&t, t.m.now - MIN);
    do {
        struct hb_json *tree = NULL;
        int r;

        hb_arena_free(t.m.arena);
        t.m.arena = hb_arena_new(0);
        hb_fault_set(HB_FAULT_ALLOC, ++n);
        r = hb_collect(&t.m, &t.site, &change, 1, &b);
        through = hb_fault_pending(HB_FAULT_ALLOC);
        hb_fault_set(HB_FAULT_ALLOC, 0);
        if (r == 0)
            assert_int_equal(
                hb_json_parse(t.m.arena, hb_buf_slice(&b), &tree, NULL), 0);
        hb_buf_done(&b);
        hb_buf_init(&b, 0);
    } while (!through && n < 10000);
    assert_true(through);
    assert_true(n > 20);
    hb_buf_done(&b);
    tree_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_one_address),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_time_of_write),
        cmocka_unit_test(test_user_name),
        cmocka_unit_test(test_forged_time),
        cmocka_unit_test(test_forged_large),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_rotated),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_web_shell),
        cmocka_unit_test(test_programs),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_stale_auth_log),
    };

    return hb_tap_run("control/collect", tests);
}
