/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_part.h - between serve.c, serve_request.c and serve_answer.c only.
 */
#ifndef HB_NET_SERVE_PART_H
#define HB_NET_SERVE_PART_H

#include <microhttpd.h>

#include "net/multipart.h"
#include "net/serve.h"

#define SERVE_NET     24u /* the network of an address, as bytes and a kind */
#define SERVE_COOKIES 8u
#define SERVE_FIELDS  512u

struct serve_stream;

struct serve_conn {
    struct serve_conn *next, **at;
    struct hb_serve *s;
    int fd;
    char from[HB_SERVE_FROM];
    bool proxy;             /* FROM is one of the proxies */
    uint8_t net[SERVE_NET]; /* which it counts for; zeros: none.  A proxy's:
                               the client's, while a request runs */
    struct hb_request *r;   /* whose head was read; NULL none */
    uint64_t since;         /* of the last end, or of the connection */
    bool kept;              /* a request has ended */
};

struct hb_serve {
    struct hb_loop *loop;
    struct MHD_Daemon *daemon;
    int epoll;
    struct hb_timer *soon, *sweep;
    struct serve_conn *conns;
    unsigned conns_n;
    bool https;
    const char *host; /* of ORIGIN */
    struct hb_serve_config c;
    struct hb_arena *arena;
};

struct serve_field {
    const char *name, *value;
};

struct hb_request {
    struct hb_serve *s;
    struct serve_conn *conn;
    struct MHD_Connection *mhd;
    struct hb_arena *arena;
    const char *target; /* as it came */
    const char *path;
    enum hb_method method;
    enum hb_lang lang;
    const char *from;
    int64_t length; /* -1 unknown */
    int64_t got;
    uint64_t began;
    bool headed;   /* the head was looked at */
    bool answered; /* a response is queued */
    bool large;    /* a form past its ceiling */
    struct hb_buf form;
    struct serve_field fields[SERVE_FIELDS];
    size_t fields_n;
    const char *cookies[SERVE_COOKIES]; /* headers Set-Cookie */
    size_t cookies_n;
    /* an upload */
    struct hb_upload upload;
    bool taken;
    int upload_err;
    struct hb_multipart *multipart;
    bool in_file;
    struct hb_buf value; /* of the field that is read */
    const char *value_name;
    struct serve_stream *stream; /* NULL: none runs */
};

/* Contents on their way: libmicrohttpd ends them before their request, or
 * after it. */
struct serve_stream {
    struct hb_stream s;
    struct hb_request *r; /* NULL: it has ended */
};

/* ---- serve.c ---- */

/* What counts as one place, of an address as text; zeros: it is none. */
void serve_network(const char *from, uint8_t ret[SERVE_NET]);
/* Whether as many connections as may be count for NET. */
bool serve_crowded(const struct hb_serve *s, const uint8_t net[SERVE_NET]);

/* ---- serve_request.c ---- */

struct hb_request *serve_request_new(struct hb_serve *s, const char *target,
                                     struct MHD_Connection *mhd);
void serve_request_free(struct hb_request *r);
/* The head is whole: 0, or the status of a refusal. */
int serve_request_head(struct hb_request *r, const char *method);
/* Pieces of the body. */
void serve_request_body(struct hb_request *r, const char *p, size_t n);
/* The body has ended: 0, or the status of a refusal. */
int serve_request_end(struct hb_request *r);
/* "a=1&b=2" into fields; false: malformed or too many. */
bool serve_fields(struct hb_request *r, const char *p, size_t n);

const char *serve_header(const struct hb_request *r, const char *name);

/* ---- serve_answer.c ---- */

/* An answer without our look, for when even that cannot be made. */
void serve_answer_plain(struct hb_request *r, int status);

#endif
