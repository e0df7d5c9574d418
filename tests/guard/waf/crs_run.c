/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crs_run.c - see crs_run.h.  A test's own requests and rules are trusted;
 * they are read within their bounds all the same, since half of them are
 * broken on purpose.
 *
 * Sources: nginx 1.22, ngx_http_parse.c and ngx_http_request.c (what is
 * refused, and with which status); coreruleset/albedo (the reflector).
 */
#include "crs_run.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mime.h"
#include "base/num.h"
#include "guard/waf/rules.h"

#define DEBIAN_CRS "/usr/share/modsecurity-crs/rules"
#define DEBIAN_ETC "/etc/modsecurity/crs"
#define HEADERS    256u

struct split {
    struct hb_slice head, rest;
};

bool crs_shared(char *buf, size_t size, const char *name)
{
    const char *dir = getenv("HB_SHARED"), *root = getenv("HB_SOURCE_ROOT");
    char path[2 * HB_MAX_PATH], real[PATH_MAX];

    if (dir != NULL)
        (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    else
        (void)snprintf(path, sizeof(path), "%s/../shared/%s",
                       root != NULL ? root : ".", name);
    if (realpath(path, real) == NULL)
        return false;
    (void)snprintf(buf, size, "%s", real);
    return true;
}

/* ------------------------------------------------------------ rule sets */

static void replaced(struct hb_buf *b, const char *text, const char *from,
                     const char *to)
{
    const char *at;

    for (; (at = strstr(text, from)) != NULL; text = at + strlen(from)) {
        hb_buf_add(b, text, (size_t)(at - text));
        hb_buf_addz(b, to);
    }
    hb_buf_addz(b, text);
}

/* The directives of the template; without those that include the rules, and
 * without the map of characters, which not every machine has. */
static bool directives(struct hb_buf *b, const char *text, const char *shared,
                       bool rules)
{
    struct hb_buf one = HB_BUF_INIT;

    for (const char *nl; *text != '\0'; text = nl + (*nl != '\0')) {
        nl = strchr(text, '\n');
        if (nl == NULL)
            nl = text + strlen(text);
        if (strncmp(text, "SecUnicodeMapFile ", 18) == 0 ||
            (!rules && strncmp(text, "Include ", 8) == 0))
            continue;
        hb_buf_add(&one, text, (size_t)(nl - text));
        hb_buf_addc(&one, '\n');
    }
    if (one.err == 0) {
        struct hb_buf tmp = HB_BUF_INIT;

        replaced(&tmp, hb_buf_z(&one), "@TMP@", "/tmp");
        replaced(b, hb_buf_z(&tmp), "@SHARED@", shared);
        hb_buf_done(&tmp);
    }
    hb_buf_done(&one);
    return b->err == 0;
}

/* What the tests of 3.3.4 want, as that release's own runs of them. */
static void conf_3(struct hb_buf *b)
{
    hb_buf_addz(
        b, "Include " DEBIAN_ETC "/crs-setup.conf\n"
           "SecAction \"id:900005,phase:1,nolog,pass,t:none,"
           "setvar:tx.paranoia_level=4,setvar:tx.executing_paranoia_level=4,"
           "setvar:tx.crs_validate_utf8_encoding=1,"
           "setvar:tx.arg_name_length=100,setvar:tx.arg_length=400,"
           "setvar:tx.total_arg_length=64000,setvar:tx.max_num_args=255,"
           "setvar:tx.max_file_size=64100,"
           "setvar:tx.combined_file_sizes=65535\"\n"
           "Include " DEBIAN_CRS "/*.conf\n");
}

static void conf_3_shipped(struct hb_buf *b, unsigned level)
{
    hb_buf_addf(b,
                "SecRuleEngine On\n"
                "Include " DEBIAN_ETC "/crs-setup.conf\n"
                "SecAction \"id:900000,phase:1,pass,t:none,nolog,"
                "setvar:tx.paranoia_level=%u\"\n"
                "Include " DEBIAN_CRS "/*.conf\n",
                level);
}

static void conf_4(struct hb_buf *b, const char *shared, unsigned level)
{
    hb_buf_addf(b,
                "SecRuleEngine On\n"
                "Include %s/waf/crs/crs-setup.conf.example\n"
                "SecAction \"id:900000,phase:1,pass,t:none,nolog,"
                "setvar:tx.blocking_paranoia_level=%u\"\n"
                "Include %s/waf/crs/rules/*.conf\n",
                shared, level, shared);
}

const char *crs_conf(struct hb_arena *a, enum crs_set set, unsigned level)
{
    static const char name[] = "waf/tests/modsecurity-for-tests.conf.in";
    struct hb_buf b = HB_BUF_INIT;
    char path[HB_MAX_PATH], shared[HB_MAX_PATH];
    struct hb_slice text;
    const char *ret = NULL;
    struct stat st;

    if (!crs_shared(path, sizeof(path), name) ||
        !crs_shared(shared, sizeof(shared), "") ||
        ((set == CRS_3_TESTS || set == CRS_3) && stat(DEBIAN_CRS, &st) < 0) ||
        hb_file_read(a, path, 1u << 20, &text) < 0)
        return NULL;
    if (directives(&b, text.p, shared, set == CRS_4_TESTS)) {
        if (set == CRS_3_TESTS)
            conf_3(&b);
        else if (set == CRS_4)
            conf_4(&b, shared, level);
        else if (set == CRS_3)
            conf_3_shipped(&b, level);
        if (b.err == 0)
            ret = hb_arena_dup(a, b.p, b.n);
    }
    hb_buf_done(&b);
    return ret;
}

int crs_waf(enum crs_set set, unsigned level, const struct hb_waf_options *o,
            struct hb_waf **ret, struct hb_err *err)
{
    struct hb_arena *a = hb_arena_new(0);
    const char *text = a != NULL ? crs_conf(a, set, level) : NULL;
    struct hb_waf_rules *rules = NULL;
    int r = -ENOENT;

    if (text != NULL)
        r = hb_waf_rules_parse(hb_slice_z(text), "crs.conf", "/", &rules, err);
    if (r == 0)
        r = hb_waf_new(rules, o, ret, err);
    hb_arena_free(a);
    return r;
}

/* -------------------------------------------------------------- requests */

/* Up to the line's end, which is LF with or without CR before it. */
static struct split line_of(struct hb_slice s)
{
    const char *nl = s.n > 0 ? memchr(s.p, '\n', s.n) : NULL;
    size_t n = nl != NULL ? (size_t)(nl - s.p) : s.n;
    struct split r;

    r.rest = nl != NULL ? hb_slice(nl + 1, s.n - n - 1) : hb_slice(s.p + n, 0);
    r.head = hb_slice(s.p, n > 0 && s.p[n - 1] == '\r' ? n - 1 : n);
    return r;
}

/* nginx takes blanks away on both sides of a value, no tabs. */
static struct hb_slice trimmed(struct hb_slice s)
{
    while (s.n > 0 && s.p[0] == ' ')
        s = hb_slice(s.p + 1, s.n - 1);
    while (s.n > 0 && s.p[s.n - 1] == ' ')
        s.n--;
    return s;
}

static bool same_name(struct hb_slice a, const char *z)
{
    return a.n == strlen(z) && (a.n == 0 || strncasecmp(a.p, z, a.n) == 0);
}

static const struct crs_header *header_of(const struct crs_request *q,
                                          const char *name)
{
    for (size_t i = 0; i < q->n_header; i++)
        if (same_name(q->header[i].name, name))
            return &q->header[i];
    return NULL;
}

static void refuse(struct crs_request *q, unsigned status, const char *why)
{
    if (q->refused == 0) {
        q->refused = status;
        q->why = why;
    }
}

/* "METHOD URI PROTOCOL"; a URI with blanks reaches to the last one. */
static void request_line(struct crs_request *q)
{
    const char *p = q->line.p, *end = p + q->line.n;
    const char *first = q->line.n > 0 ? memchr(p, ' ', q->line.n) : NULL;
    const char *last = first != NULL ? memrchr(p, ' ', q->line.n) : NULL;

    q->method = q->line;
    if (first == NULL)
        return;
    q->method = hb_slice(p, (size_t)(first - p));
    q->uri = hb_slice(first + 1, (size_t)(end - first - 1));
    if (last == first)
        return;
    q->uri.n = (size_t)(last - first - 1);
    q->protocol = hb_slice(last + 1, (size_t)(end - last - 1));
}

static void check_uri(struct crs_request *q)
{
    struct hb_slice u = q->uri;
    size_t scheme = 0;

    while (scheme < u.n && (isalnum((uint8_t)u.p[scheme]) ||
                            strchr("+-.", u.p[scheme]) != NULL))
        scheme++;
    if (u.n == 0 ||
        (u.p[0] != '/' && (!isalpha((uint8_t)u.p[0]) || u.n < scheme + 3 ||
                           memcmp(u.p + scheme, "://", 3) != 0)))
        refuse(q, 400, "neither a path nor a URI with a scheme");
    for (size_t i = 0; i < u.n; i++)
        if ((uint8_t)u.p[i] <= 0x20 || u.p[i] == 0x7f)
            refuse(q, 400, "a blank or control character in the URI");
}

static void check_protocol(struct crs_request *q)
{
    struct hb_slice v = q->protocol;

    if (v.n < 6 || memcmp(v.p, "HTTP/", 5) != 0 || v.p[5] < '1' || v.p[5] > '9')
        refuse(q, 400, "no version of HTTP");
    else if (v.p[5] > '1')
        refuse(q, 505, "a version of HTTP that it does not speak");
    else if (v.n < 8 || v.p[6] != '.' || !isdigit((uint8_t)v.p[7]))
        refuse(q, 400, "no version of HTTP");
}

static void check_line(struct crs_request *q)
{
    if (q->method.n == 0)
        refuse(q, 400, "no method");
    for (size_t i = 0; i < q->method.n; i++)
        if (!isupper((uint8_t)q->method.p[i]) && q->method.p[i] != '_' &&
            q->method.p[i] != '-')
            refuse(q, 400, "a method with other than capitals");
    check_uri(q);
    check_protocol(q);
    if (same_name(q->method, "CONNECT"))
        refuse(q, 405, "CONNECT");
}

static void check_headers(struct crs_request *q)
{
    const struct crs_header *host = header_of(q, "Host");
    const struct crs_header *length = header_of(q, "Content-Length");
    const struct crs_header *te = header_of(q, "Transfer-Encoding");

    for (size_t i = 0; i < q->n_header; i++) {
        struct hb_slice v = q->header[i].value;

        if (v.n > 0 &&
            (memchr(v.p, '\0', v.n) != NULL || memchr(v.p, '\r', v.n) != NULL))
            refuse(q, 400, "NUL or CR within a header");
    }
    if (host == NULL ? !hb_slice_eq(q->protocol, HB_SLICE("HTTP/1.0"))
                     : host->value.n == 0)
        refuse(q, 400, "no host");
    for (size_t i = 0; length != NULL && i < length->value.n; i++)
        if (!isdigit((uint8_t)length->value.p[i]))
            refuse(q, 400, "a length that is no number");
    if (te != NULL && length != NULL)
        refuse(q, 400, "a length and an encoding of the body");
    if (te != NULL && !same_name(te->value, "chunked"))
        refuse(q, 501, "an encoding of the body that it does not know");
}

static int headers(struct hb_arena *a, struct hb_slice *s,
                   struct crs_request *q)
{
    q->header = HB_NEW_N(a, struct crs_header, HEADERS);
    if (q->header == NULL)
        return -ENOMEM;
    while (s->n > 0) {
        struct split l = line_of(*s);
        const char *colon =
            l.head.n > 0 ? memchr(l.head.p, ':', l.head.n) : NULL;
        struct crs_header *h = &q->header[q->n_header];
        size_t n = colon != NULL ? (size_t)(colon - l.head.p) : 0;

        *s = l.rest;
        if (l.head.n == 0)
            return 0;
        if (colon == NULL) {
            refuse(q, 400, "a header without a colon");
            continue;
        }
        if (q->n_header == HEADERS)
            return -ENOMEM;
        h->name = hb_slice(l.head.p, n);
        h->value = trimmed(hb_slice(colon + 1, l.head.n - n - 1));
        q->n_header++;
    }
    refuse(q, 400, "no end of the headers");
    return 0;
}

/* Hexadecimal digits of S up to anything else; false where there are none. */
static bool chunk_size(struct hb_slice s, size_t *ret)
{
    size_t i = 0, n = 0;

    for (; i < s.n && isxdigit((uint8_t)s.p[i]) && n < SIZE_MAX / 32; i++)
        n = n * 16 + (size_t)(isdigit((uint8_t)s.p[i])
                                  ? s.p[i] - '0'
                                  : (s.p[i] | 0x20) - 'a' + 10);
    *ret = n;
    return i > 0;
}

static int chunked(struct hb_arena *a, struct hb_slice s, struct crs_request *q)
{
    char *to = hb_arena_alloc(a, s.n + 1);
    size_t n;

    if (to == NULL)
        return -ENOMEM;
    q->body = hb_slice(to, 0);
    for (;;) {
        struct split l = line_of(s);

        if (!chunk_size(l.head, &n) || n > l.rest.n) {
            refuse(q, 400, "chunks that are broken");
            return 0;
        }
        if (n == 0)
            return 0;
        memcpy(to + q->body.n, l.rest.p, n);
        q->body.n += n;
        s = line_of(hb_slice(l.rest.p + n, l.rest.n - n)).rest;
    }
}

static int body(struct hb_arena *a, struct hb_slice rest, bool whole,
                struct crs_request *q)
{
    const struct crs_header *h = header_of(q, "Content-Length");
    uint64_t n = 0;

    if (whole) {
        q->body = rest;
        return 0;
    }
    if (header_of(q, "Transfer-Encoding") != NULL)
        return chunked(a, rest, q);
    for (size_t i = 0; h != NULL && i < h->value.n; i++)
        if (isdigit((uint8_t)h->value.p[i]) && n < UINT32_MAX)
            n = n * 10 + (uint64_t)(h->value.p[i] - '0');
    if (n > rest.n) {
        refuse(q, 408, "a body that never comes whole");
        n = rest.n;
    }
    q->body = hb_slice(rest.p, (size_t)n);
    return 0;
}

int crs_parse(struct hb_arena *a, struct hb_slice bytes, bool whole,
              struct crs_request *ret)
{
    struct split l = line_of(bytes);
    int r;

    *ret = (struct crs_request){.line = l.head};
    request_line(ret);
    check_line(ret);
    r = headers(a, &l.rest, ret);
    if (r < 0)
        return r;
    check_headers(ret);
    return body(a, l.rest, whole, ret);
}

/* ------------------------------------------------------------- responses */

/* As net/http guesses, as far as the tests go. */
static const char *sniff(struct hb_slice b)
{
    static const char *const html[] = {"<!DOCTYPE HTML",
                                       "<HTML",
                                       "<HEAD",
                                       "<SCRIPT",
                                       "<IFRAME",
                                       "<H1",
                                       "<DIV",
                                       "<FONT",
                                       "<TABLE",
                                       "<A",
                                       "<STYLE",
                                       "<TITLE",
                                       "<B",
                                       "<BODY",
                                       "<BR",
                                       "<P"};

    for (size_t i = 0; i < HB_MIN(b.n, (size_t)512); i++) {
        uint8_t c = (uint8_t)b.p[i];

        if (c <= 8 || c == 0xb || (c >= 0xe && c <= 0x1a) ||
            (c >= 0x1c && c <= 0x1f))
            return "application/octet-stream";
    }
    while (b.n > 0 && memchr("\t\n\f\r ", b.p[0], 5) != NULL)
        b = hb_slice(b.p + 1, b.n - 1);
    for (size_t i = 0; i < HB_ARRAY_LEN(html); i++) {
        size_t n = strlen(html[i]);

        if (b.n > n && strncasecmp(b.p, html[i], n) == 0 &&
            (b.p[n] == ' ' || b.p[n] == '>'))
            return "text/html; charset=utf-8";
    }
    if (b.n >= 4 && memcmp(b.p, "<!--", 4) == 0)
        return "text/html; charset=utf-8";
    if (b.n >= 5 && memcmp(b.p, "<?xml", 5) == 0)
        return "text/xml; charset=utf-8";
    if (b.n >= 5 && memcmp(b.p, "%PDF-", 5) == 0)
        return "application/pdf";
    return "text/plain; charset=utf-8";
}

static void add_header(struct crs_response *p, const char *name,
                       struct hb_slice value)
{
    for (size_t i = 0; i < p->n_header; i++)
        if (same_name(p->header[i].name, name))
            return;
    if (p->n_header < HEADERS)
        p->header[p->n_header++] = (struct crs_header){hb_slice_z(name), value};
}

static int reflected(struct hb_arena *a, const struct hb_json *spec,
                     struct crs_response *p)
{
    const struct hb_json *all = hb_json_get(spec, "headers");
    const char *text = hb_json_str(spec, "body", "");

    p->status = (unsigned)hb_json_int(spec, "status", 200);
    p->body = hb_slice_z(text);
    if (*text == '\0') {
        struct hb_buf b = HB_BUF_INIT;
        char *copy = NULL;
        int r = hb_base64_decode(
            &b, hb_slice_z(hb_json_str(spec, "encodedBody", "")));

        if (r == 0)
            copy = hb_arena_dup(a, hb_buf_z(&b), b.n);
        p->body = hb_slice(copy, copy != NULL ? b.n : 0);
        hb_buf_done(&b);
        if (copy == NULL)
            return r < 0 ? r : -ENOMEM;
    }
    if (all == NULL)
        return 0;
    HB_JSON_EACH (h, all)
        if (h->type == HB_JSON_STR && p->n_header < HEADERS)
            p->header[p->n_header++] = (struct crs_header){h->key, h->str};
    return 0;
}

int crs_respond(struct hb_arena *a, const struct crs_request *q,
                struct crs_response *ret)
{
    struct hb_json *spec = NULL;
    const char *length;
    int r = 0;

    *ret = (struct crs_response){.status = 200};
    ret->header = HB_NEW_N(a, struct crs_header, HEADERS);
    if (ret->header == NULL)
        return -ENOMEM;
    if (same_name(q->method, "POST") && q->uri.n >= 8 &&
        memcmp(q->uri.p, "/reflect", 8) == 0 &&
        (q->uri.n == 8 || strchr("/?", q->uri.p[8]) != NULL)) {
        if (hb_json_parse(a, q->body, &spec, NULL) == 0)
            r = reflected(a, spec, ret);
        else
            *ret = (struct crs_response){
                400, ret->header, 0, HB_SLICE("Invalid JSON in request body")};
    }
    if (r < 0 || ret->status < 200 || ret->status == 204 ||
        ret->status == 304) {
        ret->body.n = 0;
        return r;
    }
    if (ret->body.n > 0)
        add_header(ret, "Content-Type", hb_slice_z(sniff(ret->body)));
    length = hb_arena_printf(a, "%zu", ret->body.n);
    if (length == NULL)
        return -ENOMEM;
    add_header(ret, "Content-Length", hb_slice_z(length));
    return 0;
}

/* --------------------------------------------------------------- the run */

static int request_phases(struct hb_waf_tx *tx, const struct crs_request *q)
{
    static const struct hb_waf_connection local = {
        {"127.0.0.1", 9}, {"127.0.0.1", 9}, 40000, 80};
    bool wanted;
    size_t n;
    int r = hb_waf_tx_connection(tx, &local);

    if (r == 0)
        r = hb_waf_tx_request(tx, q->method, q->uri, q->protocol, q->line);
    for (size_t i = 0; r == 0 && i < q->n_header; i++)
        r = hb_waf_tx_request_header(tx, q->header[i].name, q->header[i].value);
    if (r == 0)
        r = hb_waf_tx_request_headers_done(tx);
    if (r != 0)
        return r;
    wanted = hb_waf_tx_wants_request_body(tx);
    n = (size_t)HB_MIN((uint64_t)q->body.n, hb_waf_tx_request_body_limit(tx));
    return hb_waf_tx_request_body_done(tx, hb_slice(q->body.p, wanted ? n : 0),
                                       q->body.n);
}

static int response_phases(struct hb_waf_tx *tx, const struct crs_response *p)
{
    int r = hb_waf_tx_response(tx, p->status, HB_SLICE("HTTP/1.1"));
    size_t n;

    for (size_t i = 0; r == 0 && i < p->n_header; i++)
        r = hb_waf_tx_response_header(tx, p->header[i].name,
                                      p->header[i].value);
    if (r == 0)
        r = hb_waf_tx_response_headers_done(tx);
    if (r != 0)
        return r;
    n = (size_t)HB_MIN((uint64_t)p->body.n, hb_waf_tx_response_body_limit(tx));
    if (!hb_waf_tx_wants_response_body(tx))
        n = 0;
    return hb_waf_tx_response_body_done(tx, hb_slice(p->body.p, n), p->body.n);
}

int crs_run(struct hb_waf *w, struct hb_waf_thread *t,
            const struct crs_request *q, const struct crs_response *p,
            struct hb_waf_tx **ret, unsigned *ret_status)
{
    struct hb_waf_tx *tx = hb_waf_tx_new(w, t);
    unsigned status = p->status;
    int r;

    if (tx == NULL)
        return -ENOMEM;
    r = request_phases(tx, q);
    if (r == 0)
        r = response_phases(tx, p);
    if (r == 1)
        status = hb_waf_tx_verdict(tx).status;
    if (r >= 0)
        r = hb_waf_tx_log(tx);
    if (r < 0) {
        hb_waf_tx_free(tx);
        return r;
    }
    if (ret_status != NULL)
        *ret_status = status;
    *ret = tx;
    return 0;
}

/* ---------------------------------------------------------------- log */

static void printable(struct hb_buf *b, struct hb_slice s, size_t max)
{
    for (size_t i = 0; i < HB_MIN(s.n, max); i++) {
        uint8_t c = (uint8_t)s.p[i];

        if (c < 0x20 || c >= 0x7f)
            hb_buf_addf(b, "\\x%02x", c);
        else
            hb_buf_addc(b, (char)c);
    }
}

void crs_log_line(struct hb_buf *b, const struct hb_waf_hit *hit)
{
    hb_buf_addz(b, "ModSecurity: Warning. Matched against variable `");
    hb_buf_addz(b, hb_waf_coll_name(hit->coll));
    if (hit->name.n > 0) {
        hb_buf_addc(b, ':');
        printable(b, hit->name, 200);
    }
    hb_buf_addz(b, "' (Value: `");
    printable(b, hit->value, 100);
    hb_buf_addf(b, "' ) [file \"%s\"] [line \"%u\"] [id \"%u\"] [msg \"",
                hit->rule->file, hit->rule->line, (unsigned)hit->rule->id);
    printable(b, hit->msg, SIZE_MAX);
    hb_buf_addz(b, "\"] [data \"");
    printable(b, hit->logdata, SIZE_MAX);
    hb_buf_addf(b, "\"] [severity \"%d\"]", hit->rule->severity);
}

/* -------------------------------------------------------------- stages */

static bool stage_of(char *line, struct crs_stage *s, struct hb_buf *bytes)
{
    char *f[7];
    size_t n = 0;

    while (n < HB_ARRAY_LEN(f) && line != NULL)
        f[n++] = strsep(&line, "\t");
    hb_buf_reset(bytes);
    if (n < HB_ARRAY_LEN(f) || line != NULL ||
        hb_base64_decode(bytes, hb_slice_z(f[3])) < 0)
        return false;
    *s = (struct crs_stage){
        .id = f[0],
        .stage = (unsigned)(f[1][0] - '0'),
        .last = f[2][0] == '1',
        .request = hb_buf_slice(bytes),
        .recorded = f[4],
        .own = f[5],
        .override = f[6],
    };
    return true;
}

static pid_t start(const char *const argv[], int *ret_fd)
{
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return hb_neg_errno();
    pid = fork();
    if (pid == 0) {
        (void)dup2(fds[1], 1);
        (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    (void)close(fds[1]);
    *ret_fd = fds[0];
    return pid < 0 ? hb_neg_errno() : pid;
}

int crs_lines(const char *const argv[], crs_line_fn *fn, void *arg)
{
    size_t room = 0;
    char *line = NULL;
    int fd = -1, status = 0, r = 0;
    pid_t pid = start(argv, &fd);
    FILE *f;

    if (pid < 0)
        return (int)pid;
    f = fdopen(fd, "r");
    while (f != NULL && r == 0 && getline(&line, &room, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        r = fn(line, arg);
    }
    free(line);
    if (f == NULL || fclose(f) != 0)
        r = -EIO;
    if (waitpid(pid, &status, 0) != pid || status != 0)
        r = r < 0 ? r : -EIO;
    return r;
}

struct stages {
    struct hb_buf bytes;
    crs_stage_fn *fn;
    void *arg;
};

static int stage_line(char *line, void *arg)
{
    struct stages *all = arg;
    struct crs_stage s;

    if (!stage_of(line, &s, &all->bytes))
        return -EBADMSG;
    all->fn(&s, all->arg);
    return 0;
}

int crs_each(const char *script, const char *release, crs_stage_fn *fn,
             void *arg)
{
    struct stages all = {HB_BUF_INIT, fn, arg};
    char data[HB_MAX_PATH];
    const char *const argv[] = {"python3", script, data, release, NULL};
    int r;

    if (!crs_shared(data, sizeof(data), "waf/tests"))
        return -ENOENT;
    r = crs_lines(argv, stage_line, &all);
    hb_buf_done(&all.bytes);
    return r;
}
