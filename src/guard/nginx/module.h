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
#include "guard/waf/orders.h"
#include "guard/waf/pass.h"
#include "guard/waf/rate.h"
#include "guard/waf/waf.h"

#define HB_NGX_LINE    (64u << 10) /* one finding, with its line end */
#define HB_NGX_ID_SIZE 15          /* "7K3M-9QX2-4TDP" and NUL */
#define HB_NGX_TOKEN   128u        /* bytes of a canary's token, at most */

enum hb_ngx_mode { HB_NGX_OFF, HB_NGX_DETECT, HB_NGX_BLOCK };

/* Where findings go: one of the two. */
struct hb_ngx_log {
    ngx_open_file_t *file;
    ngx_fd_t closed; /* to others: as of which descriptor */
    struct sockaddr_un to;
};

/* A file that closes a site while it exists. */
struct hb_ngx_private {
    ngx_str_t path;
    ngx_uint_t retry;   /* seconds that it says; Retry-After */
    unsigned on : 1;    /* as of this worker's last look */
    unsigned blind : 1; /* nobody can tell: told once */
};

/* The sign by which our own daily attack is known. */
struct hb_ngx_canary {
    ngx_str_t path;
    char token[HB_NGX_TOKEN];
    size_t n; /* 0: there is none */
    bool blind;
};

/* Bans that a person sets and lifts (guard/waf/orders.h). */
struct hb_ngx_orders {
    ngx_str_t path;
    struct hb_waf_ban_rules rules; /* as http says */
    ino_t ino;                     /* of what was carried out last */
    struct timespec changed;
    bool blind;
};

struct hb_ngx_main {
    struct hb_waf *waf;   /* NULL where no rules are named */
    ngx_uint_t wanted;    /* a place wants to be guarded */
    ngx_uint_t used;      /* or wants anything else of us */
    ngx_uint_t keeps;     /* something outlives a request */
    ngx_array_t *logs;    /* of struct hb_ngx_log *: to files */
    size_t zone_size;     /* 0: as we please */
    ngx_shm_zone_t *zone; /* its data is a struct hb_waf_shared * */
    ngx_array_t *closed;  /* of struct hb_ngx_private * */
    struct hb_ngx_canary *canary;
    struct hb_ngx_orders *orders;
};

enum hb_ngx_per { HB_NGX_PER_ADDRESS, HB_NGX_PER_PATH, HB_NGX_PER_SESSION };

struct hb_ngx_rate {
    ngx_str_t name;
    enum hb_ngx_per per;
    ngx_str_t cookie; /* of a session */
    struct hb_waf_limit limit;
    struct hb_waf_units units;
};

/* A place: the settings of http, server or location. */
struct hb_ngx_place {
    ngx_uint_t mode;     /* enum hb_ngx_mode */
    ngx_uint_t paranoia; /* 0: as the rules say */
    ngx_flag_t body, response, stream, required;
    size_t body_limit; /* 0: as the rules say */
    struct hb_ngx_log *log;

    ngx_array_t *rates; /* of struct hb_ngx_rate, NULL: none */
    ngx_flag_t ban, login;
    struct hb_waf_ban_rules *ban_rules; /* as written */
    struct hb_waf_ban_rules bans;       /* with the list below */
    ngx_str_t allow_text;
    struct hb_waf_ips *allow; /* never banned, never shut out */
    ngx_array_t *wall;        /* of ngx_str_t: prefixes; NULL: none */
    struct hb_waf_pass_key *wall_key;
    ngx_str_t wall_page;            /* empty: built in */
    struct hb_ngx_private *closing; /* NULL: none */
    ngx_str_t closed_page;          /* its text; empty: built in */
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
    /* before the rules: entry.c */
    HB_NGX_PRIVATE, /* the site is closed */
    HB_NGX_BANNED,
    HB_NGX_LIMITED, /* over a rate */
    HB_NGX_WALLED,  /* no pass */
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
    unsigned begun : 1;    /* the rules have seen it, or will */
    unsigned canary : 1;   /* our own attack */
    unsigned wrong : 1;    /* what was entered at the wall is no pass */
    const struct hb_ngx_rate *rate;  /* that it is over */
    ngx_uint_t retry;                /* Retry-After, 0: none */
    char pass[HB_WAF_PASS_NAME + 1]; /* whose code the wall took just now */
    struct hb_buf held;              /* its body so far */
    char id[HB_NGX_ID_SIZE];
};

extern ngx_module_t ngx_http_hinoban_module;
/* Scratch memory of this worker's engine; NULL: there is no engine. */
extern struct hb_waf_thread *hb_ngx_thread;
/* What outlives a request; NULL: nothing does. */
extern struct hb_waf_shared *hb_ngx_shared;

/* place.c: directives that are more than a slot of nginx's own; what a place
 * inherits of them. */

void hb_ngx_place_unset(struct hb_ngx_place *p);
char *hb_ngx_place_merge(ngx_conf_t *cf, struct hb_ngx_main *m,
                         struct hb_ngx_place *up, struct hb_ngx_place *p);
char *hb_ngx_set_rate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *hb_ngx_set_ban(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *hb_ngx_set_allow(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *hb_ngx_set_wall(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *hb_ngx_set_wall_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *hb_ngx_set_private(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *hb_ngx_set_private_page(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *hb_ngx_set_canary(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *hb_ngx_set_orders(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* By what rules orders are carried out: those of http. */
void hb_ngx_orders_rules(struct hb_ngx_main *m,
                         const struct hb_ngx_place *http);

/* state.c: what outlives a request, and what is looked at each second. */

ngx_int_t hb_ngx_zone(ngx_conf_t *cf, struct hb_ngx_main *m);
void hb_ngx_state_start(ngx_cycle_t *cycle, struct hb_ngx_main *m);

/* entry.c: before the rules. */

/* NGX_OK, or the status with which *RET, made where it was NULL, is to be
 * answered. */
ngx_int_t hb_ngx_entry(ngx_http_request_t *r, struct hb_ngx_ctx **ret);
/* What the handler of a phase returns so that it is. */
ngx_int_t hb_ngx_entry_answer(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                              ngx_int_t status);
/* At the end of a request: what it says of its client.  The act for which the
 * address is banned from now on, and for how many seconds, or
 * HB_WAF_ACT_COUNT. */
enum hb_waf_act hb_ngx_behaviour(ngx_http_request_t *r,
                                 const struct hb_ngx_ctx *ctx,
                                 uint32_t *ret_seconds);
const char *hb_ngx_act_name(enum hb_waf_act act);
bool hb_ngx_address(ngx_http_request_t *r, struct hb_waf_addr *ret);
struct hb_slice hb_ngx_cookie(ngx_http_request_t *r, ngx_str_t name);
ngx_int_t hb_ngx_header(ngx_http_request_t *r, const char *name,
                        struct hb_slice value);
/* Answers with PAGE, and ends the request: returns what a handler does. */
ngx_int_t hb_ngx_send(ngx_http_request_t *r, ngx_uint_t status,
                      const char *type, ngx_str_t page);
ngx_str_t hb_ngx_str(const char *z);

/* wall.c */

bool hb_ngx_walled(ngx_http_request_t *r, const struct hb_ngx_place *place);
ngx_int_t hb_ngx_wall_answer(ngx_http_request_t *r, struct hb_ngx_ctx *ctx);

/* request.c */

struct hb_ngx_ctx *hb_ngx_find(ngx_http_request_t *r);
/* With an id, hung into the request's pool.  NULL without memory. */
struct hb_ngx_ctx *hb_ngx_ctx_new(ngx_http_request_t *r);
/* The first ROOM bytes of the body, from memory and its temporary file; -1. */
ssize_t hb_ngx_gather(ngx_http_request_t *r, u_char *to, size_t room);
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
