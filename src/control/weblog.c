/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weblog.c - one line of an access log.
 *
 * Runs in check.  A visitor chooses the user name, the request, the referer
 * and the agent.  nginx writes '"' and '\' of them as \x22 and \x5C, but a
 * user name may hold brackets and blanks, a host brackets, and so a whole
 * time: the request is the first quoted text, and every time in brackets
 * before it may be the server's.
 */
#include "control/weblog.h"

#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/num.h"

#define TIMES_TRIED 16u

static bool combined(struct hb_slice line, struct hb_weblog *ret);
static size_t quote(struct hb_slice s, size_t at);
static bool bracket(struct hb_slice head, size_t *ret_open, size_t *ret_close,
                    int64_t *ret_at);
static struct hb_slice who(struct hb_slice head);
static struct hb_slice client_at(struct hb_slice head, size_t open,
                                 size_t close);
static bool is_address(struct hb_slice s);
static struct hb_slice client(struct hb_slice head);
static void request(struct hb_slice text, struct hb_weblog *ret);
static bool json(struct hb_arena *a, struct hb_slice line,
                 struct hb_weblog *ret);
static int plain_json(struct hb_slice line, struct hb_buf *b);
static bool json_time(const struct hb_json *o, int64_t *ret);
static struct hb_slice json_text(const struct hb_json *o,
                                 const char *const *names, struct hb_arena *a);
static bool time_any(struct hb_slice s, int64_t *ret);
static bool time_local(struct hb_slice s, int64_t *ret);
static bool time_epoch(struct hb_slice s, int64_t *ret);
static int two(const char *p);
static struct hb_slice word(struct hb_slice *s);

bool hb_weblog_line(struct hb_arena *scratch, struct hb_slice line,
                    struct hb_weblog *ret)
{
    static const struct hb_weblog none = {.from = {"", 0},
                                          .method = {"", 0},
                                          .target = {"", 0},
                                          .status = {"", 0},
                                          .head = {"", 0}};

    *ret = none;
    if (line.n == 0)
        return false;
    return line.p[0] == '{' ? json(scratch, line, ret) : combined(line, ret);
}

size_t hb_weblog_path(struct hb_slice target, char *buf, size_t size,
                      bool *ret_query)
{
    const char *cut = target.n > 0 ? memchr(target.p, '?', target.n) : NULL;
    const char *host;
    size_t n = 0, part = 0;

    *ret_query = cut != NULL;
    if (cut != NULL)
        target.n = (size_t)(cut - target.p);
    /* "GET http://host/path": what nginx does with it. */
    host = target.n > 0 && target.p[0] != '/'
               ? memmem(target.p, target.n, "://", 3)
               : NULL;
    if (host != NULL) {
        size_t skip = (size_t)(host - target.p) + 3;

        while (skip < target.n && target.p[skip] != '/')
            skip++;
        target = hb_slice(target.p + skip, target.n - skip);
    }
    for (size_t i = 0; i <= target.n && n + 1 < size; i++) {
        char c = i < target.n ? target.p[i] : '/';

        if (c == '%' && i + 2 < target.n &&
            hb_unhex(hb_slice(target.p + i + 1, 2), &c, 1) == 0)
            i += 2;
        if (c == '\0')
            break;
        if (c != '/') {
            buf[n++] = c;
            continue;
        }
        /* A part ends: "" and "." are nothing, ".." takes one back. */
        if (n - part == 1 && buf[part] == '.') {
            n = part;
        } else if (n - part == 2 && memcmp(buf + part, "..", 2) == 0) {
            n = part > 0 ? part - 1 : 0;
            while (n > 0 && buf[n - 1] != '/')
                n--;
        } else if (n > part && i < target.n) {
            buf[n++] = '/';
        }
        part = n;
    }
    while (n > 0 && buf[n - 1] == '/')
        n--;
    buf[n] = '\0';
    return n;
}

bool hb_weblog_again(struct hb_weblog *w)
{
    size_t open, close;

    if (!bracket(w->head, &open, &close, &w->at))
        return false;
    w->head.n = open;
    return true;
}

/* [HOST ]ADDRESS - USER [TIME] "REQUEST" STATUS ..., where USER is anything. */
static bool combined(struct hb_slice line, struct hb_weblog *ret)
{
    size_t q = quote(line, 0), end;
    struct hb_slice rest;

    ret->head = hb_slice(line.p, q);
    if (q == line.n || !hb_weblog_again(ret))
        return false;
    ret->from = who(hb_slice(line.p, q));
    end = quote(line, q + 1);
    request(hb_slice(line.p + q + 1, end - q - 1), ret);
    if (end == line.n)
        return true;
    rest = hb_slice(line.p + end + 1, line.n - end - 1);
    rest = word(&rest);
    if (rest.n == 3 && rest.p[0] >= '1' && rest.p[0] <= '9' &&
        two(rest.p + 1) >= 0)
        ret->status = rest;
    return true;
}

/* Where the next '"' stands that no '\' is before; the end where none. */
static size_t quote(struct hb_slice s, size_t at)
{
    for (; at < s.n && s.p[at] != '"'; at++)
        if (s.p[at] == '\\' && at + 1 < s.n)
            at++;
    return HB_MIN(at, s.n);
}

/* The last "[TIME]" of HEAD. */
static bool bracket(struct hb_slice head, size_t *ret_open, size_t *ret_close,
                    int64_t *ret_at)
{
    size_t close = head.n;

    for (size_t i = head.n; i-- > 0;) {
        if (head.p[i] == ']') {
            close = i;
        } else if (head.p[i] == '[' && close < head.n) {
            if (time_any(hb_slice(head.p + i + 1, close - i - 1), ret_at)) {
                *ret_open = i;
                *ret_close = close;
                return true;
            }
            close = head.n;
        }
    }
    return false;
}

/* The client's name stands before the time, or behind one that stands first.
 * Of more than one time that counts at which an address is found: the last,
 * since behind it nobody chooses what stands before the first.  Of very many
 * (a visitor's) the last few are tried, and the first. */
static struct hb_slice who(struct hb_slice head)
{
    struct hb_slice last = {"", 0}, from = {"", 0}, left = head;
    size_t open = 0, close = 0, tried = 0;
    int64_t at;

    while (bracket(left, &open, &close, &at)) {
        left.n = open;
        if (tried++ >= TIMES_TRIED)
            continue;
        from = client_at(head, open, close);
        if (is_address(from))
            return from;
        last = tried == 1 ? from : last;
    }
    if (tried > TIMES_TRIED)
        from = client_at(head, open, close);
    return is_address(from) ? from : last;
}

static struct hb_slice client_at(struct hb_slice head, size_t open,
                                 size_t close)
{
    struct hb_slice from = client(hb_slice(head.p, open));

    return from.n > 0
               ? from
               : client(hb_slice(head.p + close + 1, head.n - close - 1));
}

static bool is_address(struct hb_slice s)
{
    size_t marks = 0;

    for (size_t i = 0; i < s.n; i++) {
        marks += s.p[i] == '.' || s.p[i] == ':';
        if (s.p[i] == '\0' ||
            strchr("0123456789abcdefABCDEF.:", s.p[i]) == NULL)
            return false;
    }
    return marks >= 2;
}

/* "ADDRESS - USER" or "HOST ADDRESS - USER". */
static struct hb_slice client(struct hb_slice head)
{
    struct hb_slice first = word(&head), second = word(&head);

    if (!hb_slice_is(second, "-") && hb_slice_is(word(&head), "-"))
        return second;
    return first;
}

/* METHOD TARGET HTTP/1.1; what is none stays empty. */
static void request(struct hb_slice text, struct hb_weblog *ret)
{
    const char *blank = text.n > 0 ? memchr(text.p, ' ', text.n) : NULL;
    size_t n = blank != NULL ? (size_t)(blank - text.p) : text.n;

    if (n == 0 || n > 32)
        return;
    for (size_t i = 0; i < n; i++)
        if ((text.p[i] < 'A' || text.p[i] > 'Z') && text.p[i] != '_' &&
            text.p[i] != '-')
            return;
    ret->method = hb_slice(text.p, n);
    n += blank != NULL;
    text = hb_slice(text.p + n, text.n - n);
    for (size_t i = text.n; i-- > 0;)
        if (text.p[i] == ' ') {
            if (text.n - i > 5 && memcmp(text.p + i, " HTTP/", 6) == 0)
                text.n = i;
            break;
        }
    ret->target = text;
}

static bool json(struct hb_arena *a, struct hb_slice line,
                 struct hb_weblog *ret)
{
    static const char *const from[] = {"remote_addr", "client_ip", "remote_ip",
                                       "clientip",    "client",    "ip",
                                       NULL};
    static const char *const whole[] = {"request", NULL};
    static const char *const method[] = {"request_method", "method",
                                         "http_method", "verb", NULL};
    static const char *const target[] = {"request_uri", "uri", "url", "path",
                                         NULL};
    static const char *const status[] = {"status", "status_code", "response",
                                         NULL};
    _cleanup_buf_ struct hb_buf b = {.ceiling = 8u << 20};
    struct hb_json *o = NULL;
    struct hb_weblog one;

    if (plain_json(line, &b) < 0 ||
        hb_json_parse(a, hb_buf_slice(&b), &o, NULL) < 0 ||
        o->type != HB_JSON_OBJ || !json_time(o, &ret->at))
        return false;
    ret->from = json_text(o, from, a);
    ret->status = json_text(o, status, a);
    one = *ret;
    request(json_text(o, whole, a), &one);
    if (one.method.n == 0) {
        request(json_text(o, method, a), &one);
        one.target = one.method.n > 0 ? json_text(o, target, a) : one.target;
    }
    *ret = one;
    return json_text(o, whole, a).n > 0 || json_text(o, method, a).n > 0;
}

/* JSON out of what a log_format makes of it: \xHH, where escape=json was
 * forgotten, and bytes that are no UTF-8, which nginx writes as they came. */
static int plain_json(struct hb_slice line, struct hb_buf *b)
{
    for (size_t i = 0; i < line.n;) {
        size_t step = hb_utf8_step(line.p + i, line.n - i);

        if (line.p[i] == '\\' && i + 1 < line.n) {
            bool zero = line.n - i > 3 && memcmp(line.p + i + 1, "x00", 3) == 0;

            if (zero)
                hb_buf_addz(b, "?");
            else if (line.p[i + 1] == 'x')
                hb_buf_addz(b, "\\u00");
            else
                hb_buf_add(b, line.p + i, 2);
            i += zero ? 4 : 2;
        } else if (step == 0) {
            hb_buf_addc(b, '?');
            i++;
        } else {
            hb_buf_add(b, line.p + i, step);
            i += step;
        }
    }
    return hb_buf_err(b);
}

static bool json_time(const struct hb_json *o, int64_t *ret)
{
    static const char *const names[] = {
        "time_iso8601", "time_local", "time", "timestamp",
        "@timestamp",   "datetime",   "msec", "ts"};

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        const struct hb_json *v = hb_json_get(o, names[i]);
        char text[32];

        if (v == NULL)
            continue;
        if (v->type == HB_JSON_STR && time_any(v->str, ret))
            return true;
        if (v->type != HB_JSON_INT && v->type != HB_JSON_REAL)
            continue;
        (void)snprintf(text, sizeof(text), "%.3f",
                       v->type == HB_JSON_INT ? (double)v->integer : v->real);
        if (time_epoch(hb_slice_z(text), ret))
            return true;
    }
    return false;
}

/* The first of NAMES that is there; a number as text. */
static struct hb_slice json_text(const struct hb_json *o,
                                 const char *const *names, struct hb_arena *a)
{
    for (; *names != NULL; names++) {
        const struct hb_json *v = hb_json_get(o, *names);
        const char *z = NULL;

        if (v != NULL && v->type == HB_JSON_STR)
            return v->str;
        if (v != NULL && v->type == HB_JSON_INT)
            z = hb_arena_printf(a, "%lld", (long long)v->integer);
        if (z != NULL)
            return hb_slice_z(z);
    }
    return hb_slice("", 0);
}

static bool time_any(struct hb_slice s, int64_t *ret)
{
    char text[40];

    if (time_local(s, ret) || time_epoch(s, ret))
        return true;
    if (s.n < 20 || s.n + 2 > sizeof(text))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    /* +0900 for +09:00 */
    if (text[s.n - 5] == '+' || text[s.n - 5] == '-') {
        memmove(text + s.n - 1, text + s.n - 2, 3);
        text[s.n - 2] = ':';
    }
    return hb_time_parse(hb_slice_z(text), ret) == 0;
}

/* 22/Nov/2026:23:37:58 +0900, whatever language the machine speaks. */
static bool time_local(struct hb_slice s, int64_t *ret)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const char form[] = "00/AAA/0000:00:00:00 +0000";
    struct tm tm = {0};
    int east, month = 0;

    if (s.n != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (form[i] == '0' ? s.p[i] < '0' || s.p[i] > '9'
                           : form[i] != 'A' && form[i] != s.p[i] &&
                                 (form[i] != '+' || s.p[i] != '-'))
            return false;
    while (month < 12 && memcmp(months + (ptrdiff_t)3 * month, s.p + 3, 3) != 0)
        month++;
    tm.tm_mday = two(s.p);
    tm.tm_mon = month;
    tm.tm_year = two(s.p + 7) * 100 + two(s.p + 9) - 1900;
    tm.tm_hour = two(s.p + 12);
    tm.tm_min = two(s.p + 15);
    tm.tm_sec = two(s.p + 18);
    east = two(s.p + 22) * 3600 + two(s.p + 24) * 60;
    if (month == 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
        tm.tm_min > 59 || tm.tm_sec > 60 || tm.tm_year < 70 ||
        tm.tm_year > 300 || east > 24 * 3600)
        return false;
    *ret = ((int64_t)timegm(&tm) - (s.p[21] == '-' ? -east : east)) *
           (int64_t)HB_S;
    return true;
}

/* $msec: seconds with a fraction; milliseconds where it is that large. */
static bool time_epoch(struct hb_slice s, int64_t *ret)
{
    const char *dot = s.n > 0 ? memchr(s.p, '.', s.n) : NULL;
    size_t n = dot != NULL ? (size_t)(dot - s.p) : s.n;
    uint64_t v;

    if (hb_parse_u64(hb_slice(s.p, n), &v) < 0 || v < 100000000)
        return false;
    if (v > UINT64_C(99999999999))
        v /= 1000;
    if (v > (uint64_t)(INT64_MAX / (int64_t)HB_S))
        return false;
    *ret = (int64_t)v * (int64_t)HB_S;
    return true;
}

static int two(const char *p)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
        return -1;
    return (p[0] - '0') * 10 + p[1] - '0';
}

/* Up to the next blank, which is taken too. */
static struct hb_slice word(struct hb_slice *s)
{
    struct hb_slice w;
    size_t n = 0;

    while (s->n > 0 && s->p[0] == ' ')
        *s = hb_slice(s->p + 1, s->n - 1);
    while (n < s->n && s->p[n] != ' ')
        n++;
    w = hb_slice(s->p, n);
    *s = hb_slice(s->p + n, s->n - n);
    return w;
}
