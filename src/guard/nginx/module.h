/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module.h - what the files of the module for nginx share.
 *
 * nginx's headers come first: they choose the faces of the C library, and
 * base.h bans calls that they may name.
 */
#ifndef HB_GUARD_NGINX_MODULE_H
#define HB_GUARD_NGINX_MODULE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <sys/un.h>

#include "base/buf.h"
#include "guard/waf/waf.h"

#define HB_NGX_LINE    (64u << 10) /* one finding, with its line end */
#define HB_NGX_ID_SIZE 15          /* "7K3M-9QX2-4TDP" and NUL */

enum hb_ngx_mode { HB_NGX_OFF, HB_NGX_DETECT, HB_NGX_BLOCK };

/* Where findings go: one of the two. */
struct hb_ngx_log {
    ngx_open_file_t *file;
    ngx_fd_t closed; /* to others: as of which descriptor */
    struct sockaddr_un to;
};

struct hb_ngx_main {
    struct hb_waf *waf; /* NULL where no rules are named */
    ngx_uint_t wanted;  /* a place wants to be guarded */
    ngx_array_t *logs;  /* of struct hb_ngx_log *: to files */
};

/* A place: the settings of http, server or location. */
struct hb_ngx_place {
    ngx_uint_t mode;     /* enum hb_ngx_mode */
    ngx_uint_t paranoia; /* 0: as the rules say */
    ngx_flag_t body, response, stream, required;
    size_t body_limit; /* 0: as the rules say */
    struct hb_ngx_log *log;
};

enum hb_ngx_step {
    HB_NGX_READING, /* nginx reads the body of the request */
    HB_NGX_READ,    /* it is there and was not judged yet */
    HB_NGX_JUDGED,  /* phases 1 and 2 are over */
};

enum hb_ngx_action {
    HB_NGX_NOTHING,
    HB_NGX_DETECTED, /* would have been stopped */
    HB_NGX_DENIED,
    HB_NGX_DROPPED,
    HB_NGX_REDIRECTED,
    HB_NGX_UNJUDGED, /* the engine is missing or failed: passed */
    HB_NGX_REFUSED,  /* the same, where hinoban_waf_required is on */
};

/* What is known of one request; lives in its pool, freed by a cleanup, by
 * which it is also found again after an internal redirect. */
struct hb_ngx_ctx {
    const struct hb_ngx_place *place; /* where it was judged */
    struct hb_waf_tx *tx;             /* NULL where the engine failed */
    enum hb_ngx_step step;
    enum hb_ngx_action action;
    unsigned stopped : 1;  /* the answer is ours */
    unsigned named : 1;    /* and has its reference number */
    unsigned answered : 1; /* phase 3 is over */
    unsigned holding : 1;  /* the answer waits for phase 4 */
    struct hb_buf held;    /* its body so far */
    char id[HB_NGX_ID_SIZE];
};

extern ngx_module_t ngx_http_hinoban_module;
/* Scratch memory of this worker's engine; NULL: there is no engine. */
extern struct hb_waf_thread *hb_ngx_thread;

/* request.c */

struct hb_ngx_ctx *hb_ngx_find(ngx_http_request_t *r);
/* Runs when all other checks of the phase are through (realip, limits). */
ngx_int_t hb_ngx_preaccess(ngx_http_request_t *r);
/* A request that nginx answers before that phase (`return`): phases 1 and 2
 * without a body.  NGX_OK, NGX_ERROR, or the status to answer with. */
ngx_int_t hb_ngx_late(ngx_http_request_t *r, struct hb_ngx_ctx **ret);
/* What RC of a phase of the engine means for the request: NGX_OK, or the
 * status to answer with.  LOCATION is set where that is a redirect. */
ngx_int_t hb_ngx_act(ngx_http_request_t *r, struct hb_ngx_ctx *ctx, int rc,
                     ngx_str_t *location);
/* Hangs the header Location into the answer. */
ngx_int_t hb_ngx_redirect(ngx_http_request_t *r, ngx_str_t location);

/* response.c */

void hb_ngx_response_init(void);

/* finding.c */

/* Phase 5, and the line of the log. */
ngx_int_t hb_ngx_finding(ngx_http_request_t *r);
/* Others may not read a file of findings. */
void hb_ngx_log_private(struct hb_ngx_log *log);
const char *hb_ngx_action_name(enum hb_ngx_action action);
/* The rule that decided, else the first that matched; 0 where none. */
uint32_t hb_ngx_rule_id(const struct hb_ngx_ctx *ctx);

static inline struct hb_slice hb_ngx_slice(ngx_str_t s)
{
    return hb_slice((const char *)s.data, s.len);
}

#endif
