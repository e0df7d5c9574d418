/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.h - an HTTP/1.1 server (RFC 9110, 9112) for our pages, inside the
 * loop of a role; libmicrohttpd speaks, TLS included (doc/decisions/0014).
 *
 *     headers -> hb_serve_fn              GET, HEAD, and forms (collected)
 *             -> hb_serve_body_fn, pieces, then hb_serve_fn     uploads
 *
 * What holds for every answer stands here once: the policy for browsers
 * (CSP, nosniff, no referrer, no cache), the expected host, that a
 * request which changes something comes from a page of ours, ceilings, slow
 * clients.  A path is decoded once and holds no dot segments, no backslash, no
 * control characters and valid UTF-8 only.
 *
 * One thread.  Strings that a request hands out live until it is answered.
 */
#ifndef HB_NET_SERVE_H
#define HB_NET_SERVE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/i18n.h"
#include "base/loop.h"

#define HB_SERVE_FROM 64u /* a network address as text */

struct hb_serve;
struct hb_request;

enum hb_method { HB_GET, HB_POST, HB_PUT }; /* HEAD is a GET without body */

/* Answers R with one of hb_answer_...(); a request that was not answered when
 * it returns gets 500. */
typedef void hb_serve_fn(void *arg, struct hb_request *r);
/* R brings a body that is no small form.  Takes it with hb_request_take(), or
 * answers at once, before anything of it is read. */
typedef void hb_serve_body_fn(void *arg, struct hb_request *r);
/* Answers with STATUS in the look of the pages. */
typedef void hb_serve_error_fn(void *arg, struct hb_request *r, int status);

struct hb_serve_config {
    int fd;                     /* listening, the server's from then on */
    const char *certificate;    /* PEM with its chain; NULL: plain HTTP */
    const char *key;            /* PEM */
    const char *origin;         /* "https://share.example.jp" as browsers write
                                   it: others are refused */
    const char *const *proxies; /* addresses; their X-Forwarded-For counts */
    size_t proxies_n;
    unsigned connections; /* in all; 0: 1200 */
    unsigned network;     /* of one /24 or /64; 0: 300.  Behind a proxy: the
                             client's, while it asks (429) */
    size_t form_max;      /* bytes of a form; 0: 64 KiB */
    unsigned idle_s;      /* without a byte; 0: 30 */
    unsigned head_s;      /* for a request's head; 0: 15 */
    unsigned body_s;      /* after which a body's rate counts; 0: 20 */
    hb_serve_fn *fn;
    hb_serve_body_fn *body; /* NULL: none is taken (415) */
    hb_serve_error_fn *error;
    void *arg;
};

/* Serves from L.  Strings of C are copied.  -EINVAL certificate or key,
 * -ENOMEM; ERR says why, and C's descriptor is closed. */
int hb_serve_open(struct hb_loop *l, const struct hb_serve_config *c,
                  struct hb_serve **ret, struct hb_err *err) HB_WUR;
/* Ends all connections. */
void hb_serve_close(struct hb_serve *s);

/* A listening socket for "192.0.2.1:443" or "[::1]:8443", non-blocking.
 * -EINVAL no such address, -EADDRINUSE, -EACCES. */
int hb_serve_listen(const char *address, int *ret_fd) HB_WUR;

/* ---- what was asked ---- */

enum hb_method hb_request_method(const struct hb_request *r);
const char *hb_request_path(const struct hb_request *r);
/* A field of the query (a GET) or of the form (a POST); NULL none.  The first
 * of several. */
const char *hb_request_field(const struct hb_request *r, const char *name);
/* A cookie by its name without "__Host-"; NULL none. */
const char *hb_request_cookie(const struct hb_request *r, const char *name);
/* A header by its name; NULL none. */
const char *hb_request_header(const struct hb_request *r, const char *name);
const char *hb_request_from(const struct hb_request *r);
enum hb_lang hb_request_lang(const struct hb_request *r);
/* Bytes of the body as announced; -1 unknown. */
int64_t hb_request_length(const struct hb_request *r);
struct hb_arena *hb_request_arena(struct hb_request *r);

/* ---- an upload ---- */

struct hb_upload {
    /* A file part of a multipart form begins (not called for a raw body).
     * SIZE: its bytes where it is the last part, as it should be; -1
     * unknown.  FIELD, NAME as the client says, UTF-8. */
    int (*file)(void *arg, const char *field, const char *name, int64_t size);
    /* Pieces of the file, or of a raw body.  < 0: the rest is thrown away and
     * hb_request_upload_error() tells the handler. */
    int (*data)(void *arg, const void *p, size_t n);
    /* Called once, whatever happens: after the answer, or when the connection
     * broke. */
    void (*done)(void *arg);
    void *arg;
};
/* Only inside hb_serve_body_fn. */
void hb_request_take(struct hb_request *r, const struct hb_upload *u);
/* What DATA or FILE said first, or -EBADMSG where the form was malformed; 0. */
int hb_request_upload_error(const struct hb_request *r);
/* The UPLOAD of hb_request_take(), NULL none. */
void *hb_request_upload(const struct hb_request *r);

/* ---- the answer ---- */

/* Goes with the answer.  VALUE "": the cookie ends.  SECONDS 0: with the
 * browser. */
void hb_answer_cookie(struct hb_request *r, const char *name, const char *value,
                      unsigned seconds);
/* HTML; takes what PAGE holds. */
void hb_answer_page(struct hb_request *r, int status, struct hb_buf *page);
/* Text or JSON for programs; takes what BODY holds. */
void hb_answer_text(struct hb_request *r, int status, const char *type,
                    struct hb_buf *body);
/* 303 to a path of ours. */
void hb_answer_redirect(struct hb_request *r, const char *path);
/* Bytes that never change (their name holds a hash of them). */
void hb_answer_static(struct hb_request *r, const char *type, const void *p,
                      size_t n);
/* A page of the error function. */
void hb_answer_error(struct hb_request *r, int status);
/* 405 with Allow. */
void hb_answer_method(struct hb_request *r, const char *allow);

/* Contents from outside: a download under NAME (any UTF-8), never shown. */
struct hb_stream {
    int64_t size; /* of the whole */
    int64_t at;   /* where reading begins, as hb_request_range() said */
    bool partial; /* 206 */
    const char *name;
    const char *tag; /* ETag, without quotes; NULL none */
    /* Up to N bytes; 0 the end, < 0: the connection is cut, so that the client
     * sees that something is missing. */
    ssize_t (*read)(void *arg, void *p, size_t n);
    /* Each 250 ms while it runs: < 0 cuts the connection.  NULL: never. */
    int (*alive)(void *arg);
    /* Called once, when nothing is read any more. */
    void (*done)(void *arg);
    void *arg;
};
void hb_answer_stream(struct hb_request *r, const struct hb_stream *s);
/* Where the client wants to go on: 1 and *RET_AT, which is below SIZE; 0 from
 * the beginning; -ERANGE: answer 416.  Only "bytes=N-" counts, and only where
 * If-Range (if any) is TAG. */
int hb_request_range(const struct hb_request *r, int64_t size, const char *tag,
                     int64_t *ret_at) HB_WUR;

#endif
