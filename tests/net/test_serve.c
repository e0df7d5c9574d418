/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server of our pages against raw bytes: what a stranger may send, how
 * long it may take, from how many sides at once, and how it ends.
 *
 * Server and clients share this thread: a client that waits turns the loop.
 */
#include "../tap.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/num.h"
#include "crypto/cert.h"
#include "net/serve.h"

#define HOST    "portal.example"
#define OUR     "Host: " HOST "\r\n"
#define GET(p)  "GET " p " HTTP/1.1\r\n" OUR "\r\n"
#define CLIENTS 16u
#define PATIENT (20 * HB_S) /* nothing here takes so long */

struct client {
    int fd;
    struct hb_buf in;
    bool ended;
    uint64_t began, at; /* when it connected, when it ended */
};

static struct hb_loop *loop;
static struct hb_serve *serve;
static struct sockaddr_in where;
static struct client *all[CLIENTS];
static size_t all_n;
static unsigned requests, uploads, uploads_done, streams, streams_done;
static unsigned bad_closes; /* of descriptors that were not open */
static struct hb_buf last;  /* what the latest upload brought */

/* A descriptor closed twice may be somebody else's by then. */
int close(int fd)
{
    int r = (int)syscall(SYS_close, fd);

    bad_closes += r < 0 && errno == EBADF;
    return r;
}

/* ---- what is served ---- */

static void text(struct hb_request *r, const char *z)
{
    struct hb_buf b = HB_BUF_INIT;

    hb_buf_addz(&b, z);
    hb_answer_text(r, 200, "text/plain", &b);
    hb_buf_done(&b);
}

static ssize_t read_zeros(void *arg, void *p, size_t n)
{
    (void)arg;
    memset(p, 0, n);
    return (ssize_t)n;
}

static void stream_done(void *arg)
{
    (void)arg;
    streams_done++;
}

static void download(struct hb_request *r, int64_t size, const char *name)
{
    const struct hb_stream s = {
        .size = size, .name = name, .read = read_zeros, .done = stream_done};

    streams++;
    hb_answer_stream(r, &s);
}

static void on_request(void *arg, struct hb_request *r)
{
    struct hb_arena *a = hb_request_arena(r);
    const char *path = hb_request_path(r), *x = hb_request_field(r, "x");

    (void)arg;
    requests++;
    if (hb_streq(path, "/from"))
        text(r, hb_request_from(r));
    else if (hb_streq(path, "/to"))
        hb_answer_redirect(r, hb_arena_printf(a, "/%s", x));
    else if (hb_streq(path, "/cookie")) {
        hb_answer_cookie(r, "a", x, 0);
        text(r, "cookie");
    } else if (hb_streq(path, "/type")) {
        struct hb_buf b = HB_BUF_INIT;

        hb_answer_text(r, 200, x, &b);
    } else if (hb_streq(path, "/small"))
        download(r, 4, x != NULL ? x : "a");
    else if (hb_streq(path, "/large"))
        download(r, INT64_C(1) << 40, "a");
    else if (hb_streq(path, "/upload"))
        text(r, hb_buf_z(&last));
    else if (!hb_streq(path, "/nothing"))
        text(r, hb_arena_printf(a, "[%s][%s]", path, x != NULL ? x : "-"));
}

static int upload_data(void *arg, const void *p, size_t n)
{
    (void)arg;
    hb_buf_add(&last, p, n);
    return 0;
}

static int upload_file(void *arg, const char *field, const char *name,
                       int64_t size)
{
    (void)arg, (void)field, (void)name, (void)size;
    return 0;
}

static void upload_done(void *arg)
{
    (void)arg;
    uploads_done++;
}

static void on_body(void *arg, struct hb_request *r)
{
    const struct hb_upload u = {
        .file = upload_file, .data = upload_data, .done = upload_done};

    (void)arg;
    if (!hb_streq(hb_request_path(r), "/upload"))
        return;
    uploads++;
    hb_buf_reset(&last);
    hb_request_take(r, &u);
}

static struct hb_serve_config config(void)
{
    return (struct hb_serve_config){.origin = "http://" HOST,
                                    .form_max = 1000,
                                    .fn = on_request,
                                    .body = on_body};
}

static void open_with(struct hb_serve_config c)
{
    struct hb_err err = {0};
    socklen_t n = sizeof(where);

    requests = uploads = uploads_done = streams = streams_done = 0;
    bad_closes = 0;
    loop = hb_loop_new();
    assert_non_null(loop);
    assert_int_equal(hb_serve_listen("127.0.0.1:0", &c.fd), 0);
    assert_int_equal(getsockname(c.fd, (struct sockaddr *)&where, &n), 0);
    if (hb_serve_open(loop, &c, &serve, &err) < 0)
        fail_msg("%s", err.message);
}

/* ---- clients ---- */

static void turn(int ms)
{
    assert_true(hb_loop_turn(loop, ms) >= 0);
}

static struct client *dial(const char *from)
{
    struct sockaddr_in me = {.sin_family = AF_INET};
    struct client *c = calloc(1, sizeof(*c));

    assert_non_null(c);
    assert_true(all_n < CLIENTS);
    all[all_n++] = c;
    c->in = (struct hb_buf)HB_BUF_INIT;
    c->in.ceiling = 1u << 20;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(inet_pton(AF_INET, from, &me.sin_addr), 1);
    assert_int_equal(bind(c->fd, (struct sockaddr *)&me, sizeof(me)), 0);
    assert_int_equal(connect(c->fd, (struct sockaddr *)&where, sizeof(where)),
                     0);
    c->began = hb_mono();
    return c;
}

/* Whether the other side still takes it. */
static bool put(struct client *c, const char *p, size_t n)
{
    while (n > 0 && !c->ended) {
        ssize_t k = send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (k < 0 && errno != EAGAIN)
            return false;
        if (k < 0)
            turn(1);
        else
            p += k, n -= (size_t)k;
    }
    return n == 0;
}

static bool putz(struct client *c, const char *z)
{
    return put(c, z, strlen(z));
}

static void look(struct client *c)
{
    char p[4096];

    while (!c->ended) {
        ssize_t n = recv(c->fd, p, sizeof(p), MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            c->ended = true;
            c->at = hb_mono();
        } else {
            hb_buf_add(&c->in, p, (size_t)n);
        }
    }
}

static void hang_up(struct client *c)
{
    for (size_t i = 0; i < all_n; i++)
        if (all[i] == c)
            all[i] = all[--all_n];
    (void)close(c->fd);
    hb_buf_done(&c->in);
    free(c);
}

static int clean(void **state)
{
    (void)state;
    while (all_n > 0)
        hang_up(all[0]);
    hb_serve_close(serve);
    serve = NULL;
    if (loop != NULL)
        hb_loop_free(loop);
    loop = NULL;
    hb_buf_done(&last);
    last = (struct hb_buf)HB_BUF_INIT;
    return 0;
}

static void done(void)
{
    (void)clean(NULL);
    assert_int_equal(bad_closes, 0);
}

static unsigned count(struct client *c, const char *z)
{
    unsigned n = 0;

    for (const char *p = hb_buf_z(&c->in); (p = strstr(p, z)) != NULL; p++)
        n++;
    return n;
}

/* Until N answers have begun and Z stands in them, or it ended. */
static bool until(struct client *c, unsigned n, const char *z)
{
    uint64_t end = hb_mono() + PATIENT;

    while (hb_mono() < end) {
        look(c);
        if (count(c, "HTTP/1.1 ") >= n && strstr(hb_buf_z(&c->in), z) != NULL)
            return true;
        if (c->ended)
            return false;
        turn(5);
    }
    fail_msg("no answer, no end: %s", hb_buf_z(&c->in));
    return false;
}

static bool ends(struct client *c)
{
    uint64_t end = hb_mono() + PATIENT;

    for (look(c); !c->ended && hb_mono() < end; look(c))
        turn(5);
    return c->ended;
}

static void turns(unsigned ms)
{
    uint64_t end = hb_mono() + ms * HB_MS;

    while (hb_mono() < end)
        turn(5);
}

/* What one connection says to TEXT, to its end where CLOSES. */
static struct client *ask_n(const char *p, size_t n, bool closes)
{
    struct client *c = dial("127.0.0.1");

    (void)put(c, p, n);
    if (closes ? !ends(c) : !until(c, 1, "\r\n\r\n"))
        fail_msg("not as it should end: %.*s: %s", (int)n, p, hb_buf_z(&c->in));
    return c;
}

static int status_n(const char *p, size_t n, bool closes)
{
    struct client *c = ask_n(p, n, closes);
    uint64_t status = 0;

    /* libmicrohttpd 0.9.75 writes the head of its own refusals twice. */
    if (count(c, "HTTP/1.1 ") > 1 && count(c, "HTTP/1.1 4") != 2)
        fail_msg("answered twice: %.*s: %s", (int)n, p, hb_buf_z(&c->in));
    if (c->in.n > 12)
        assert_int_equal(hb_parse_u64(hb_slice(c->in.p + 9, 3), &status), 0);
    hang_up(c);
    return (int)status;
}

static int status(const char *z)
{
    return status_n(z, strlen(z), false);
}

/* ---- the head ---- */

static void test_answers(void **state)
{
    static const char *const headers[] = {
        "Content-Security-Policy: default-src 'none'",
        "X-Content-Type-Options: nosniff",
        "Referrer-Policy: no-referrer",
        "Cache-Control: no-store",
        "Content-Length: 6\r\n",
    };
    struct client *c;

    (void)state;
    open_with(config());
    c = ask_n(GET("/"), strlen(GET("/")), false);
    assert_true(until(c, 1, "[/][-]"));
    for (size_t i = 0; i < HB_ARRAY_LEN(headers); i++)
        if (count(c, headers[i]) != 1)
            fail_msg("%s: %s", headers[i], hb_buf_z(&c->in));
    assert_int_equal(status(GET("/nothing")), 500);
    assert_int_equal(status("GET / HTTP/1.1\r\nHost: other\r\n\r\n"), 421);
    assert_int_equal(status("DELETE / HTTP/1.1\r\n" OUR "\r\n"), 501);
    assert_int_equal(requests, 2);
    done();
}

/* A HEAD is the GET's head; what follows it is read rightly. */
static void test_head(void **state)
{
    struct client *c;

    (void)state;
    open_with(config());
    c = dial("127.0.0.1");
    (void)putz(c, "HEAD /a HTTP/1.1\r\n" OUR "\r\n");
    assert_true(until(c, 1, "\r\n\r\n"));
    assert_int_equal(count(c, "Content-Length: 7\r\n"), 1);
    assert_int_equal(count(c, "[/a]"), 0);
    (void)putz(c, "HEAD /small HTTP/1.1\r\n" OUR "\r\n" GET("/b"));
    assert_true(until(c, 3, "[/b][-]"));
    assert_int_equal(count(c, "Content-Length: 4\r\n"), 1);
    assert_int_equal(streams, streams_done);
    done();
}

static void test_kept(void **state)
{
    static const char form[] =
        "POST /form HTTP/1.1\r\n" OUR "Content-Type: application/"
        "x-www-form-urlencoded\r\n"
        "Content-Length: 5\r\n\r\nx=a+b";
    struct client *c;

    (void)state;
    open_with(config());
    c = dial("127.0.0.1");
    for (unsigned i = 1; i <= 20; i++) {
        (void)putz(c, GET("/"));
        assert_true(until(c, i, ""));
    }
    (void)putz(c, "GET /last HTTP/1.1\r\n" OUR "Connection: close\r\n\r\n");
    assert_true(ends(c));
    assert_int_equal(count(c, "[/last]"), 1);
    hang_up(c);
    c = dial("127.0.0.1"); /* all at once, answered in order */
    (void)putz(c, GET("/1"));
    (void)putz(c, form);
    (void)putz(c, GET("/3?x=c"));
    assert_true(until(c, 3, "[/3][c]"));
    assert_non_null(
        strstr(strstr(hb_buf_z(&c->in), "[/1][-]"), "[/form][a b]"));
    hang_up(c);
    c = dial("127.0.0.1"); /* a byte at a time */
    for (const char *z = form; *z != '\0'; z++) {
        (void)put(c, z, 1);
        turn(0);
    }
    assert_true(until(c, 1, "[/form][a b]"));
    done();
}

static void fill(struct hb_buf *b, const char *before, const char *piece,
                 unsigned n, const char *behind)
{
    hb_buf_reset(b);
    hb_buf_addz(b, before);
    for (unsigned i = 0; i < n; i++)
        hb_buf_addz(b, piece);
    hb_buf_addz(b, behind);
    assert_int_equal(b->err, 0);
}

static int filled(struct hb_buf *b)
{
    return status_n(hb_buf_z(b), b->n, true);
}

/* Past a ceiling it is refused and the connection ends, whatever follows. */
static void test_ceilings(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    int r;

    (void)state;
    b.ceiling = 4u << 20;
    open_with(config());
    fill(&b, "GET / HTTP/1.1\r\n" OUR "X: ", "0123456789abcdef", 16384,
         "\r\n\r\n");
    r = filled(&b);
    if (r != 0 && r != 431 && r != 413)
        fail_msg("a head too large: %d", r);
    fill(&b, "GET / HTTP/1.1\r\n" OUR, "X: y\r\n", 20000, "\r\n");
    r = filled(&b);
    if (r != 0 && r != 431)
        fail_msg("too many headers: %d", r);
    fill(&b, "GET /", "0123456789abcdef", 8192, " HTTP/1.1\r\n" OUR "\r\n");
    r = filled(&b);
    if (r != 0 && r != 414 && r != 431)
        fail_msg("a target too large: %d", r);
    fill(&b, "GET /", "0123456789abcdef", 129, " HTTP/1.1\r\n" OUR "\r\n");
    assert_int_equal(filled(&b), 400);
    fill(&b, "GET /?", "a=1&", 513, " HTTP/1.1\r\n" OUR "\r\n");
    assert_int_equal(filled(&b), 400);
    assert_int_equal(requests, 0);
    fill(&b, "GET /?", "a=1&", 512, " HTTP/1.1\r\n" OUR "\r\n");
    assert_int_equal(status_n(hb_buf_z(&b), b.n, false), 200);
    done();
}

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define POST "POST / HTTP/1.1\r\n" OUR FORM

static void test_body_ceiling(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    (void)state;
    open_with(config());
    fill(&b, POST "Content-Length: 1000\r\n\r\nx=", "a", 998, "");
    assert_int_equal(status_n(hb_buf_z(&b), b.n, false), 200);
    assert_int_equal(requests, 1);
    /* By what is announced: nothing of it need come. */
    assert_int_equal(status_n(POST "Content-Length: 1001\r\n\r\n",
                              strlen(POST "Content-Length: 1001\r\n\r\n"),
                              true),
                     413);
    fill(&b, POST "Transfer-Encoding: chunked\r\n\r\n", "2\r\nx=\r\n", 501,
         "0\r\n\r\n" GET("/smuggled"));
    assert_int_equal(filled(&b), 413);
    assert_int_equal(requests, 1);
    assert_int_equal(status("POST / HTTP/1.1\r\n" OUR
                            "Content-Type: text/plain\r\n"
                            "Content-Length: 1\r\n\r\nx"),
                     415);
    assert_int_equal(requests, 1);
    done();
}

/* Decoded once; nothing that a file system or a log would read otherwise. */
static void test_decoding(void **state)
{
    static const char *const bad[] = {
        "/%00",       "/a%00b",  "/%",        "/%4",
        "/%zz",       "/%ff",    "/%c0%af",   "/%ed%a0%80",
        "/%0d%0aX:y", "/%7f",    "/%5c",      "/\\",
        "/%2e%2e",    "/a/../b", "/./a",      "//a",
        "/%2fa",      "/a/.",    "/a/%2e%2e", "/%e2%80%ae",
        "/#a",        "*",       "a",         "http://" HOST "/",
        "/?x=%00",    "/?x=%ff", "/?x=%4",    "/?%00=x",
        "/?x=%c0%80",
    };
    static const char *const good[][2] = {
        {"/%41", "[/A][-]"},
        {"/%e7%81%ab", "[/火][-]"},
        {"/%2541", "[/%41][-]"},
        {"/a+b?x=a+b%2B", "[/a+b][a b+]"},
        {"/...?x=%26%3D", "[/...][&=]"},
        {"/?x&x=2", "[/][]"},
        {"/?&&x=1", "[/][1]"},
    };
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    (void)state;
    open_with(config());
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        fill(&b, "GET ", bad[i], 1, " HTTP/1.1\r\n" OUR "\r\n");
        if (status(hb_buf_z(&b)) != 400)
            fail_msg("taken: %s", bad[i]);
    }
    assert_int_equal(requests, 0);
    for (size_t i = 0; i < HB_ARRAY_LEN(good); i++) {
        struct client *c = dial("127.0.0.1");

        fill(&b, "GET ", good[i][0], 1, " HTTP/1.1\r\n" OUR "\r\n");
        (void)putz(c, hb_buf_z(&b));
        if (!until(c, 1, good[i][1]))
            fail_msg("%s: %s", good[i][0], hb_buf_z(&c->in));
        hang_up(c);
    }
    done();
}

/* What two servers in a row may read differently ends the connection: what
 * follows is no second request. */
static void test_framing(void **state)
{
    static const char *const bad[] = {
        POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nx=1",
        POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nx=1",
        POST "Content-Length: +3\r\n\r\nx=1",
        POST "Content-Length: -3\r\n\r\nx=1",
        POST "Content-Length: 3, 3\r\n\r\nx=1",
        POST "Content-Length: 0x3\r\n\r\nx=1",
        POST "Content-Length: \r\n\r\nx=1",
        POST "Content-Length: 99999999999999999999\r\n\r\nx=1",
        POST "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
        POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: "
             "chunked\r\n\r\n0\r\n\r\n",
        POST "Transfer-Encoding: chunked\r\n\r\nzz\r\n0\r\n\r\n",
        POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n",
        POST OUR "Content-Length: 3\r\n\r\nx=1",
        "GET / HTTP/1.1\r\n" OUR "Content-Length: 3\r\n\r\nx=1",
        "GET / HTTP/1.1\r\n" OUR "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\n" OUR OUR "\r\n",
        "GET / HTTP/1.1\r\n" OUR "X: a\rHost: other\r\n\r\n",
        "GET / HTTP/1.1\r\n" OUR "X: a\x01\r\n\r\n",
        "GET / HTTP/1.1\r\n" OUR "X y: a\r\n\r\n",
        "GET / HTTP/1.1\r\n" OUR "X\t: a\r\n\r\n",
        POST "Content-Length : 3\r\n\r\nx=1",
        POST "Transfer-Encoding : chunked\r\n\r\n3\r\nx=1\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\n" OUR "no colon\r\n\r\n",
        "GET / HTTP/2.9\r\n" OUR "\r\n",
        "GET / HTTP/1.1 x\r\n" OUR "\r\n",
        "\x16\x03\x01\x02\r\n\r\n",
    };
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    (void)state;
    open_with(config());
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        int r;

        fill(&b, "", bad[i], 1, GET("/smuggled"));
        r = filled(&b);
        if (r != 0 && (r < 400 || r > 505 || r == 500))
            fail_msg("taken, %d: %s", r, bad[i]);
        if (requests > 0)
            fail_msg("came through: %s", bad[i]);
    }
    done();
}

/* Values that come back in an answer's head bring no header of their own. */
static void test_injection(void **state)
{
    static const char *const rows[] = {
        "/to?x=a%0d%0aInjected:1",    "/cookie?x=a%0d%0aInjected:1",
        "/cookie?x=a%0aInjected:1",   "/type?x=a%0d%0aInjected:1",
        "/small?x=a%0d%0aInjected:1", "/small?x=a%22;b%0d%0aInjected:1",
    };
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    (void)state;
    open_with(config());
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct client *c;

        fill(&b, "GET ", rows[i], 1, " HTTP/1.1\r\n" OUR "\r\n");
        c = ask_n(hb_buf_z(&b), b.n, false);
        if (count(c, "\nInjected") > 0 || count(c, "\rInjected") > 0)
            fail_msg("%s: %s", rows[i], hb_buf_z(&c->in));
        hang_up(c);
    }
    assert_int_equal(streams, 2);
    assert_int_equal(streams_done, 2);
    done();
}

/* ---- who asks ---- */

static void ask_from(const char *address, const char *headers, const char *want)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct client *c = dial(address);

    fill(&b, "GET /from HTTP/1.1\r\n" OUR, headers, 1, "\r\n");
    (void)putz(c, hb_buf_z(&b));
    assert_true(until(c, 1, "\r\n\r\n"));
    if (!until(c, 1, want))
        fail_msg("%s %s: %s", address, headers, hb_buf_z(&c->in));
    assert_string_equal(strstr(hb_buf_z(&c->in), "\r\n\r\n") + 4, want);
    hang_up(c);
}

static void test_forwarded(void **state)
{
    static const char *const proxies[] = {"192.0.2.1", "127.0.2.1"};
    struct hb_serve_config c = config();

    (void)state;
    c.proxies = proxies;
    c.proxies_n = 2;
    open_with(c);
    ask_from("127.0.0.1", "", "127.0.0.1");
    ask_from("127.0.0.1", "X-Forwarded-For: 198.51.100.7\r\n", "127.0.0.1");
    ask_from("127.0.2.1", "", "127.0.2.1");
    ask_from("127.0.2.1", "X-Forwarded-For: 198.51.100.7\r\n", "198.51.100.7");
    ask_from("127.0.2.1", "X-Forwarded-For: 2001:db8::7\r\n", "2001:db8::7");
    ask_from("127.0.2.1", "X-Forwarded-For: 203.0.113.1,198.51.100.7\r\n",
             "198.51.100.7");
    ask_from("127.0.2.1", "X-Forwarded-For: 203.0.113.1, junk\r\n",
             "127.0.2.1");
    /* A proxy may add a line of its own below the client's (RFC 9110: 5.3). */
    ask_from("127.0.2.1",
             "X-Forwarded-For: 203.0.113.1\r\nX-Forwarded-For: "
             "198.51.100.7\r\n",
             "198.51.100.7");
    done();
}

/* An upload that waits for its bytes. */
static struct client *hold(const char *address, const char *client)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct client *c = dial(address);
    unsigned before = uploads;
    uint64_t end = hb_mono() + PATIENT;

    hb_buf_addf(&b,
                "PUT /upload HTTP/1.1\r\n" OUR "%s%s%s"
                "Content-Length: 100\r\n\r\n",
                client != NULL ? "X-Forwarded-For: " : "",
                client != NULL ? client : "", client != NULL ? "\r\n" : "");
    (void)putz(c, hb_buf_z(&b));
    while (uploads == before && !c->ended && c->in.n == 0 && hb_mono() < end) {
        turn(5);
        look(c);
    }
    return c;
}

static bool held(const struct client *c)
{
    return !c->ended && c->in.n == 0;
}

static void test_network_limit(void **state)
{
    struct hb_serve_config c = config();
    struct client *held_one = NULL;

    (void)state;
    c.network = 3;
    open_with(c);
    for (unsigned i = 0; i < 3; i++) {
        held_one = hold(i == 0 ? "127.0.5.9" : "127.0.5.1", NULL);
        assert_true(held(held_one));
    }
    assert_true(ends(hold("127.0.5.2", NULL)));
    assert_true(ends(hold("127.0.5.2", "198.51.100.7"))); /* no proxy */
    assert_true(held(hold("127.0.6.1", NULL)));
    hang_up(held_one);
    turns(50);
    assert_true(held(hold("127.0.5.2", NULL)));
    assert_int_equal(uploads, 5);
    assert_int_equal(uploads_done, 1);
    done();
    assert_int_equal(uploads_done, 5);
}

/* Who comes through a proxy is counted by the address that it says, and only
 * while it asks: the proxy keeps its connections for others. */
static void test_proxy_limit(void **state)
{
    static const char *const proxies[] = {"127.0.2.1"};
    struct hb_serve_config c = config();
    struct client *one, *kept;
    char client[32];

    (void)state;
    c.proxies = proxies;
    c.proxies_n = 1;
    c.network = 2;
    open_with(c);
    kept = dial("127.0.2.1");
    for (unsigned i = 1; i <= 3; i++) {
        (void)putz(kept, "GET /from HTTP/1.1\r\n" OUR
                         "X-Forwarded-For: 198.51.100.1\r\n\r\n");
        assert_true(until(kept, i, "198.51.100.1"));
    }
    for (unsigned i = 0; i < 4; i++) { /* four networks behind one proxy */
        (void)snprintf(client, sizeof(client), "198.51.%u.1", i);
        assert_true(held(hold("127.0.2.1", client)));
    }
    one = hold("127.0.2.1", "198.51.100.1");
    assert_true(held(one));
    assert_true(held(hold("127.0.2.1", "198.51.100.2")));
    (void)putz(kept, "GET /from HTTP/1.1\r\n" OUR
                     "X-Forwarded-For: 198.51.100.3\r\n\r\n");
    assert_true(until(kept, 4, "429"));
    assert_int_equal(requests, 3);
    /* The proxy's own neighbours are no visitors of it. */
    assert_true(held(hold("127.0.2.7", NULL)));
    hang_up(one);
    turns(50);
    assert_true(held(hold("127.0.2.1", "198.51.100.3")));
    /* A mapped address is the one that it maps. */
    one = hold("127.0.2.1", "::ffff:198.51.100.3");
    assert_true(until(one, 1, "429"));
    done();
}

/* ---- how long ---- */

/* All at once, since each takes its time. */
static void test_slow(void **state)
{
    static const char head[] = "GET /slow HTTP/1.1\r\n" OUR "X: aaaaaaaaaaaaa"
                               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    enum { HEAD, SILENT, IDLE, SECOND, BODY, LOADED, BUSY, KINDS };
    static const struct {
        const char *name, *first;
        unsigned least_ms, most_ms;
    } rows[KINDS] = {
        [HEAD] = {"a head, byte by byte", "", 900, 2000},
        [SILENT] = {"not a byte", "", 900, 2000},
        [IDLE] = {"kept, then idle", GET("/"), 2400, 3900},
        [SECOND] = {"kept, then a slow head", GET("/"), 900, 5200},
        [BODY] = {"a body, byte by byte",
                  "PUT /upload HTTP/1.1\r\n" OUR "Content-Length: 999\r\n\r\n",
                  900, 2400},
        [LOADED] = {"idle after a download", GET("/small"), 2400, 4200},
        [BUSY] = {"kept and asking", GET("/"), 99999, 99999},
    };
    struct hb_serve_config c = config();
    struct client *n[KINDS];
    uint64_t began, step = 0;
    unsigned asked = 1;

    (void)state;
    c.head_s = c.body_s = 1;
    c.idle_s = 3;
    open_with(c);
    for (size_t i = 0; i < KINDS; i++) {
        n[i] = dial("127.0.0.1");
        (void)putz(n[i], rows[i].first);
    }
    assert_true(until(n[BUSY], 1, "[/]"));
    began = hb_mono();
    for (uint64_t ms = 0; ms < 4700; ms = (hb_mono() - began) / HB_MS) {
        if (ms / 100 > step && step < sizeof(head) - 1) {
            (void)put(n[HEAD], head + step, 1);
            (void)put(n[SECOND], head + step, 1);
            (void)put(n[BODY], "x", 1);
            if (++step % 7 == 0 && putz(n[BUSY], GET("/")))
                asked++;
        }
        for (size_t i = 0; i < KINDS; i++)
            look(n[i]);
        turn(10);
    }
    for (size_t i = 0; i < KINDS; i++) {
        unsigned ms =
            n[i]->ended ? (unsigned)((n[i]->at - n[i]->began) / HB_MS) : 99999;

        print_message("# %s: %u ms\n", rows[i].name, ms);
        if (ms < rows[i].least_ms || ms > rows[i].most_ms)
            fail_msg("%s: %u ms", rows[i].name, ms);
    }
    assert_true(until(n[BUSY], asked, ""));
    assert_int_equal(uploads_done, 1);
    assert_int_equal(streams_done, 1);
    done();
}

/* Those past the ceiling wait until somebody leaves. */
static void test_many(void **state)
{
    struct hb_serve_config c = config();
    struct client *n[6];

    (void)state;
    c.connections = 4;
    open_with(c);
    for (size_t i = 0; i < 4; i++)
        assert_true(held(n[i] = hold("127.0.0.1", NULL)));
    for (size_t i = 4; i < 6; i++) {
        n[i] = dial("127.0.0.1");
        (void)putz(n[i], GET("/"));
    }
    turns(100);
    assert_int_equal(requests, 0);
    hang_up(n[0]);
    assert_true(until(n[4], 1, "[/][-]"));
    hang_up(n[4]);
    assert_true(until(n[5], 1, "[/][-]"));
    done();
}

/* ---- beginning and end ---- */

static void test_shutdown(void **state)
{
    struct client *c[4];

    (void)state;
    open_with(config());
    c[0] = hold("127.0.0.1", NULL);
    c[1] = dial("127.0.0.1");
    (void)putz(c[1], GET("/large"));
    assert_true(until(c[1], 1, "\r\n\r\n"));
    c[2] = dial("127.0.0.1");
    (void)putz(c[2], "GET / HT");
    c[3] = dial("127.0.0.1");
    (void)putz(c[3], GET("/"));
    assert_true(until(c[3], 1, "[/]"));
    turns(20);
    assert_int_equal(uploads_done, 0);
    assert_int_equal(streams_done, 0);
    hb_serve_close(serve);
    serve = NULL;
    assert_int_equal(uploads_done, 1);
    assert_int_equal(streams_done, 1);
    for (size_t i = 0; i < 4; i++)
        assert_true(ends(c[i]));
    done();
}

static void test_listen(void **state)
{
    static const char *const bad[] = {
        "",
        ":80",
        "127.0.0.1",
        "127.0.0.1:",
        "[::1]",
        "::1:80",
        "[]:80",
        "[:80",
        "1.2.3:80",
        "host:80",
        "[::1]:x",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "1234567890123456789012345678901234567890123456789012345678901234:1",
    };
    struct sockaddr_in at = {0};
    socklen_t n = sizeof(at);
    char address[32];
    int fd = -1, other = -1;

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        if (hb_serve_listen(bad[i], &fd) != -EINVAL)
            fail_msg("taken: %s", bad[i]);
    assert_int_equal(hb_serve_listen("192.0.2.1:1", &fd), -EADDRNOTAVAIL);
    assert_int_equal(fd, -1);
    assert_int_equal(hb_serve_listen("127.0.0.1:0", &fd), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    (void)snprintf(address, sizeof(address), "127.0.0.1:%u",
                   ntohs(at.sin_port));
    assert_int_equal(hb_serve_listen(address, &other), -EADDRINUSE);
    assert_int_equal(other, -1);
    (void)close(fd);
}

static unsigned open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n;
}

/* What fails says why, closes what it was given once, and leaves nothing. */
static void fails(struct hb_serve_config *c, int want)
{
    unsigned before = open_files();
    struct hb_err err = {0};
    int r;

    bad_closes = 0;
    loop = hb_loop_new();
    assert_int_equal(hb_serve_listen("127.0.0.1:0", &c->fd), 0);
    r = hb_serve_open(loop, c, &serve, &err);
    hb_fault_set(HB_FAULT_ALLOC, 0);
    assert_int_equal(r, want);
    assert_true(err.message[0] != '\0');
    assert_int_equal(bad_closes, 0);
    hb_loop_free(loop);
    loop = NULL;
    assert_int_equal(open_files(), before);
}

static struct hb_buf ca, ca_key, cert, key;

static int certificates(void **state)
{
    static const char *const v[] = {HOST};
    const struct hb_cert_names names = {v, 1};
    int64_t now = hb_now() / (int64_t)HB_S;
    struct hb_err err = {0};

    (void)state;
    ca = ca_key = cert = key = (struct hb_buf)HB_BUF_INIT;
    last = (struct hb_buf)HB_BUF_INIT;
    (void)signal(SIGPIPE, SIG_IGN);
    if (hb_cert_authority("Test", &names, now, &ca, &ca_key, &err) < 0 ||
        hb_cert_issue(hb_buf_slice(&ca), hb_buf_slice(&ca_key), &names, now,
                      &cert, &key, &err) < 0)
        return -1;
    return 0;
}

static int no_certificates(void **state)
{
    (void)state;
    hb_buf_done(&ca);
    hb_buf_done(&ca_key);
    hb_buf_done(&cert);
    hb_buf_done(&key);
    return 0;
}

static void test_bad_certificate(void **state)
{
    struct hb_serve_config c = config();

    (void)state;
    c.certificate = "no PEM";
    c.key = hb_buf_z(&key);
    fails(&c, -EINVAL);
    c.certificate = hb_buf_z(&cert);
    c.key = "no PEM";
    fails(&c, -EINVAL);
    c.key = hb_buf_z(&ca_key); /* of another certificate */
    fails(&c, -EINVAL);
}

static void test_no_memory(void **state)
{
    struct hb_serve_config c = config();
    struct hb_err err = {0};
    unsigned n;

    (void)state;
    for (n = 1; n < 100; n++) {
        bool reached;

        loop = hb_loop_new();
        assert_int_equal(hb_serve_listen("127.0.0.1:0", &c.fd), 0);
        hb_fault_set(HB_FAULT_ALLOC, n);
        err = (struct hb_err){0};
        reached = hb_serve_open(loop, &c, &serve, &err) < 0;
        hb_fault_set(HB_FAULT_ALLOC, 0);
        if (!reached) {
            (void)clean(NULL);
            break;
        }
        if (err.message[0] == '\0')
            fail_msg("allocation %u fails without a word", n);
        (void)clean(NULL);
    }
    assert_in_range(n, 3, 50);
    assert_int_equal(bad_closes, 0);
}

/* Each descriptor that the process may have is gone: every later step fails
 * in its turn. */
static void test_no_files(void **state)
{
    struct hb_serve_config c = config();
    int spare[1024];

    (void)state;
    for (unsigned room = 0; room < 8; room++) {
        struct hb_err err = {0};
        size_t n = 0;
        int r, fd;

        bad_closes = 0;
        loop = hb_loop_new();
        assert_int_equal(hb_serve_listen("127.0.0.1:0", &c.fd), 0);
        while (n < HB_ARRAY_LEN(spare) && (fd = dup(2)) >= 0)
            spare[n++] = fd;
        for (unsigned i = 0; i < room && n > 0; i++)
            (void)close(spare[--n]);
        r = hb_serve_open(loop, &c, &serve, &err);
        while (n > 0)
            (void)close(spare[--n]);
        if (r < 0 && err.message[0] == '\0')
            fail_msg("room for %u: fails without a word", room);
        done();
    }
}

/* ---- TLS ---- */

/* 1 where a page came by VERSION, else the reason of OpenSSL. */
static int tls(int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    struct client *c = dial("127.0.0.1");
    uint64_t end = hb_mono() + PATIENT;
    SSL *ssl;
    char in[4096] = "";
    int r = 0, n = 0, reason = 0;

    assert_int_equal(SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0"), 1);
    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
    ssl = SSL_new(ctx);
    assert_int_equal(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
    SSL_set_fd(ssl, c->fd);
    SSL_set_tlsext_host_name(ssl, HOST);
    ERR_clear_error();
    while (hb_mono() < end) {
        r = SSL_connect(ssl);
        if (r == 1 || (SSL_get_error(ssl, r) != SSL_ERROR_WANT_READ &&
                       SSL_get_error(ssl, r) != SSL_ERROR_WANT_WRITE))
            break;
        turn(5);
    }
    reason = r == 1 ? 1 : ERR_GET_REASON(ERR_peek_error());
    if (r == 1) {
        assert_int_equal(SSL_write(ssl, GET("/tls"), (int)strlen(GET("/tls"))),
                         (int)strlen(GET("/tls")));
        while (hb_mono() < end && strstr(in, "[/tls]") == NULL) {
            r = SSL_read(ssl, in + n, (int)sizeof(in) - 1 - n);
            n += r > 0 ? r : 0;
            in[n] = '\0';
            turn(5);
        }
        assert_non_null(strstr(in, "[/tls][-]"));
        assert_non_null(strstr(in, "Strict-Transport-Security: max-age="));
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    hang_up(c);
    return reason;
}

static void test_tls(void **state)
{
    struct hb_serve_config c = config();
    struct client *plain, *mute;

    (void)state;
    c.origin = "https://" HOST;
    c.certificate = hb_buf_z(&cert);
    c.key = hb_buf_z(&key);
    c.head_s = 1;
    open_with(c);
    mute = dial("127.0.0.1"); /* never shakes hands */
    assert_int_equal(tls(TLS1_3_VERSION), 1);
    assert_int_equal(tls(TLS1_2_VERSION), 1);
    assert_int_equal(tls(TLS1_1_VERSION), SSL_R_UNEXPECTED_EOF_WHILE_READING);
    assert_int_equal(tls(TLS1_VERSION), SSL_R_UNEXPECTED_EOF_WHILE_READING);
    plain = dial("127.0.0.1");
    (void)putz(plain, GET("/plain"));
    assert_true(ends(plain));
    assert_int_equal(count(plain, "HTTP/1.1 200"), 0);
    assert_int_equal(requests, 2);
    assert_true(ends(mute));
    assert_in_range((mute->at - mute->began) / HB_MS, 900, 3000);
    done();
}

#define UNIT(f) cmocka_unit_test_teardown(f, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_answers),      UNIT(test_head),
        UNIT(test_kept),         UNIT(test_ceilings),
        UNIT(test_body_ceiling), UNIT(test_decoding),
        UNIT(test_framing),      UNIT(test_injection),
        UNIT(test_forwarded),    UNIT(test_network_limit),
        UNIT(test_proxy_limit),  UNIT(test_slow),
        UNIT(test_many),         UNIT(test_shutdown),
        UNIT(test_listen),       UNIT(test_bad_certificate),
        UNIT(test_no_memory),    UNIT(test_no_files),
        UNIT(test_tls),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("net/serve", tests, certificates,
                                       no_certificates);
}
