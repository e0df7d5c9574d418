/* SPDX-License-Identifier: Apache-2.0 */
/* serve_answer.c - what goes back: see serve.h. */
#include <fcntl.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/num.h"
#include "net/disposition.h"
#include "net/serve_part.h"

#define BLOCK    (64u << 10) /* of contents, read ahead a connection */
#define STREAM_S 300u        /* a slow reader may let so long pass */

/* For every answer (OWASP ASVS 5.0, V3.4). */
static const char *const always[][2] = {
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
     "connect-src 'self'; form-action 'self'; base-uri 'none'; "
     "frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
};

static void *unconst(const void *p);
static struct MHD_Response *of_buf(struct hb_buf *b);
static void queue(struct hb_request *r, int status, struct MHD_Response *resp);
static void header(struct MHD_Response *resp, const char *name,
                   const char *value);
static ssize_t read_stream(void *arg, uint64_t pos, char *buf, size_t max);
static void end_stream(void *arg);

void hb_answer_cookie(struct hb_request *r, const char *name, const char *value,
                      unsigned seconds)
{
    const char *prefix = r->s->https ? "__Host-" : "";
    const char *secure = r->s->https ? "; Secure" : "";
    const char *z;

    HB_ASSERT(r->cookies_n < SERVE_COOKIES);
    if (value[0] == '\0')
        z = hb_arena_printf(r->arena,
                            "%s%s=; Path=/; Max-Age=0; HttpOnly; "
                            "SameSite=Strict%s",
                            prefix, name, secure);
    else if (seconds > 0)
        z = hb_arena_printf(r->arena,
                            "%s%s=%s; Path=/; Max-Age=%u; HttpOnly; "
                            "SameSite=Strict%s",
                            prefix, name, value, seconds, secure);
    else
        z = hb_arena_printf(r->arena,
                            "%s%s=%s; Path=/; HttpOnly; SameSite=Strict%s",
                            prefix, name, value, secure);
    if (z != NULL)
        r->cookies[r->cookies_n++] = z;
}

void hb_answer_page(struct hb_request *r, int status, struct hb_buf *page)
{
    hb_answer_text(r, status, "text/html; charset=utf-8", page);
}

void hb_answer_text(struct hb_request *r, int status, const char *type,
                    struct hb_buf *body)
{
    struct MHD_Response *resp = of_buf(body);

    if (resp == NULL)
        return;
    header(resp, "Content-Type", type);
    header(resp, "Cache-Control", "no-store");
    header(resp, "Vary", "Accept-Language, Cookie");
    queue(r, status, resp);
}

void hb_answer_redirect(struct hb_request *r, const char *path)
{
    struct hb_buf none = HB_BUF_INIT;
    struct MHD_Response *resp = of_buf(&none);

    HB_ASSERT(path[0] == '/' && path[1] != '/');
    if (resp == NULL)
        return;
    header(resp, "Location", path);
    header(resp, "Cache-Control", "no-store");
    queue(r, 303, resp);
}

void hb_answer_static(struct hb_request *r, const char *type, const void *p,
                      size_t n)
{
    struct MHD_Response *resp = NULL;

    if (!hb_fault(HB_FAULT_ALLOC))
        resp = MHD_create_response_from_buffer(n, unconst(p),
                                               MHD_RESPMEM_PERSISTENT);
    if (resp == NULL)
        return;
    header(resp, "Content-Type", type);
    header(resp, "Cache-Control", "public, max-age=31536000, immutable");
    queue(r, 200, resp);
}

void hb_answer_error(struct hb_request *r, int status)
{
    if (r->s->c.error != NULL)
        r->s->c.error(r->s->c.arg, r, status);
    if (!r->answered)
        serve_answer_plain(r, status);
}

void hb_answer_method(struct hb_request *r, const char *allow)
{
    struct hb_buf none = HB_BUF_INIT;
    struct MHD_Response *resp = of_buf(&none);

    if (resp == NULL)
        return;
    header(resp, "Allow", allow);
    header(resp, "Cache-Control", "no-store");
    queue(r, 405, resp);
}

void serve_answer_plain(struct hb_request *r, int status)
{
    struct hb_buf b = HB_BUF_INIT;

    hb_buf_addf(&b, "%d\n", status);
    hb_answer_text(r, status, "text/plain; charset=utf-8", &b);
    hb_buf_done(&b);
}

void hb_answer_stream(struct hb_request *r, const struct hb_stream *s)
{
    struct serve_stream *st =
        hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*st));
    struct MHD_Response *resp = NULL;
    struct hb_buf b = HB_BUF_INIT;
    char range[96];

    HB_ASSERT(r->stream == NULL && s->at >= 0 && s->at <= s->size);
    if (st == NULL) {
        if (s->done != NULL)
            s->done(s->arg);
        return;
    }
    *st = (struct serve_stream){*s, r};
    if (!hb_fault(HB_FAULT_ALLOC))
        resp = MHD_create_response_from_callback(
            (uint64_t)(s->size - s->at), BLOCK, read_stream, st, end_stream);
    if (resp == NULL) {
        end_stream(st);
        return;
    }
    r->stream = st;
    header(resp, "Content-Type", "application/octet-stream");
    hb_disposition(&b, s->name);
    header(resp, "Content-Disposition", hb_buf_z(&b));
    header(resp, "Cache-Control", "private, no-store");
    header(resp, "Accept-Ranges", "bytes");
    if (s->tag != NULL) {
        hb_buf_reset(&b);
        hb_buf_addf(&b, "\"%s\"", s->tag);
        header(resp, "ETag", hb_buf_z(&b));
    }
    if (s->partial) {
        (void)snprintf(range, sizeof(range), "bytes %lld-%lld/%lld",
                       (long long)s->at, (long long)s->size - 1,
                       (long long)s->size);
        header(resp, "Content-Range", range);
    }
    hb_buf_done(&b);
    (void)MHD_set_connection_option(r->mhd, MHD_CONNECTION_OPTION_TIMEOUT,
                                    STREAM_S);
    queue(r, s->partial ? 206 : 200, resp);
}

/* ---- static ---- */

/* libmicrohttpd only reads what it is given so. */
static void *unconst(const void *p)
{
    union {
        const void *in;
        void *out;
    } u = {.in = p};

    return u.out;
}

static struct MHD_Response *of_buf(struct hb_buf *b)
{
    if (b->err < 0 || hb_fault(HB_FAULT_ALLOC))
        return NULL;
    return MHD_create_response_from_buffer(b->n, unconst(hb_buf_z(b)),
                                           MHD_RESPMEM_MUST_COPY);
}

static void header(struct MHD_Response *resp, const char *name,
                   const char *value)
{
    (void)MHD_add_response_header(resp, name, value);
}

static void queue(struct hb_request *r, int status, struct MHD_Response *resp)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(always); i++)
        header(resp, always[i][0], always[i][1]);
    if (r->s->https)
        header(resp, "Strict-Transport-Security", "max-age=63072000");
    for (size_t i = 0; i < r->cookies_n; i++)
        header(resp, "Set-Cookie", r->cookies[i]);
    /* What is left of a body that was refused would be read as a request. */
    if (status >= 400 && r->method != HB_GET)
        header(resp, "Connection", "close");
    if (MHD_queue_response(r->mhd, (unsigned)status, resp) == MHD_YES)
        r->answered = true;
    MHD_destroy_response(resp);
}

static ssize_t read_stream(void *arg, uint64_t pos, char *buf, size_t max)
{
    struct serve_stream *st = arg;
    ssize_t n = st->s.read(st->s.arg, buf, max);

    (void)pos;
    return n > 0    ? n
           : n == 0 ? MHD_CONTENT_READER_END_OF_STREAM
                    : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void end_stream(void *arg)
{
    struct serve_stream *st = arg;

    if (st->r != NULL)
        st->r->stream = NULL;
    if (st->s.done != NULL)
        st->s.done(st->s.arg);
    free(st);
}
