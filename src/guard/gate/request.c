/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.c - see build.h: a request out of a file, judged without a server.
 * Runs in commands; the text may be a stranger's, out of a log.
 */
#include <strings.h>

#include "base/i18n.h"
#include "guard/gate/build.h"

static bool next_line(struct hb_slice *rest, struct hb_slice *ret);
static bool token(struct hb_slice s);
static struct hb_slice trimmed(struct hb_slice s);

int hb_gate_request_parse(struct hb_slice text, struct hb_gate_request *ret,
                          struct hb_err *err)
{
    struct hb_slice rest = text, line, *part[3];
    struct hb_gate_request q = {.n = 0};
    unsigned number = 1;

    part[0] = &q.method;
    part[1] = &q.uri;
    part[2] = &q.protocol;
    if (!next_line(&rest, &line))
        return hb_err_set(err, -EBADMSG, _("this is no request"));
    for (size_t i = 0; i < 3; i++) {
        const char *blank =
            i < 2 && line.n > 0 ? memchr(line.p, ' ', line.n) : NULL;

        part[i]->p = line.p;
        part[i]->n = blank != NULL ? (size_t)(blank - line.p) : line.n;
        line = hb_slice(line.p + part[i]->n, line.n - part[i]->n);
        if (line.n > 0)
            line = hb_slice(line.p + 1, line.n - 1);
    }
    if (!token(q.method) || q.uri.n == 0 || q.protocol.n < 6 ||
        memcmp(q.protocol.p, "HTTP/", 5) != 0)
        return hb_err_set(err, -EBADMSG,
                          _("the first line is not like \"GET /path "
                            "HTTP/1.1\""));
    while (next_line(&rest, &line) && line.n > 0) {
        const char *colon = memchr(line.p, ':', line.n);

        number++;
        if (colon == NULL || !token(hb_slice(line.p, (size_t)(colon - line.p))))
            return hb_err_set(err, -EBADMSG, _("line %u is no header"), number);
        if (q.n == HB_GATE_HEADERS)
            return hb_err_set(err, -EFBIG, _("more than %u headers"),
                              HB_GATE_HEADERS);
        q.header[q.n].name = hb_slice(line.p, (size_t)(colon - line.p));
        q.header[q.n++].value =
            trimmed(hb_slice(colon + 1, line.n - (size_t)(colon + 1 - line.p)));
    }
    q.body = rest;
    *ret = q;
    return 0;
}

int hb_gate_judge(struct hb_waf *w, struct hb_waf_thread *t,
                  const struct hb_gate_request *q, struct hb_slice address,
                  struct hb_waf_tx **ret)
{
    const struct hb_waf_connection c = {.remote_addr = address,
                                        .server_addr = HB_SLICE("127.0.0.1"),
                                        .remote_port = 1024,
                                        .server_port = 80};
    struct hb_waf_tx *tx = hb_waf_tx_new(w, t);
    struct hb_slice body;
    int r;

    if (tx == NULL)
        return -ENOMEM;
    r = hb_waf_tx_connection(tx, &c);
    if (r >= 0)
        r = hb_waf_tx_request(tx, q->method, q->uri, q->protocol,
                              hb_slice("", 0));
    for (size_t i = 0; i < q->n && r >= 0; i++)
        r = hb_waf_tx_request_header(tx, q->header[i].name, q->header[i].value);
    if (r >= 0)
        r = hb_waf_tx_request_headers_done(tx);
    if (r == 0) {
        bool wanted = hb_waf_tx_wants_request_body(tx);

        body = wanted ? q->body : hb_slice("", 0);
        body.n =
            (size_t)HB_MIN((uint64_t)body.n, hb_waf_tx_request_body_limit(tx));
        r = hb_waf_tx_request_body_done(tx, body, wanted ? q->body.n : 0);
    }
    if (r >= 0)
        r = hb_waf_tx_log(tx);
    if (r < 0) {
        hb_waf_tx_free(tx);
        return r;
    }
    *ret = tx;
    return 0;
}

static bool next_line(struct hb_slice *rest, struct hb_slice *ret)
{
    const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    size_t n = end != NULL ? (size_t)(end - rest->p) : rest->n;

    if (rest->n == 0)
        return false;
    *ret = hb_slice(rest->p, n);
    if (n > 0 && ret->p[n - 1] == '\r')
        ret->n--;
    n += end != NULL;
    *rest = hb_slice(rest->p + n, rest->n - n);
    return true;
}

/* RFC 9110, 5.6.2. */
static bool token(struct hb_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') ||
              (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL)))
            return false;
    }
    return s.n > 0;
}

static struct hb_slice trimmed(struct hb_slice s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = hb_slice(s.p + 1, s.n - 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}
