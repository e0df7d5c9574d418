/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waf.h - a rule set at work on requests: the face of this library for
 * servers (the module for nginx), tests and benches.
 *
 *     struct hb_waf          rules, compiled; immutable, shared by threads
 *     struct hb_waf_thread   what one thread writes: scratch memory
 *     struct hb_waf_tx       one request and its answer
 *
 * A server calls, in this order and as far as it comes:
 *
 *     hb_waf_tx_new
 *     hb_waf_tx_connection, _request, _request_header ...
 *     hb_waf_tx_request_headers_done        phase 1
 *     hb_waf_tx_request_body_done           phase 2, also without a body
 *     hb_waf_tx_response, _response_header ...
 *     hb_waf_tx_response_headers_done       phase 3
 *     hb_waf_tx_response_body_done          phase 4, also without a body
 *     hb_waf_tx_log                         phase 5, always
 *     hb_waf_tx_free
 *
 * All slices that are handed in are borrowed and must stay until
 * hb_waf_tx_free().  Nothing here does input or output.
 */
#ifndef HB_GUARD_WAF_WAF_H
#define HB_GUARD_WAF_WAF_H

#include "base/err.h"
#include "guard/waf/list.h"
#include "guard/waf/rule.h"

struct hb_waf;
struct hb_waf_shared;
struct hb_waf_thread;
struct hb_waf_tx;

/* What a rule set is compiled with; zero is right for servers. */
struct hb_waf_options {
    bool no_gate;  /* try every pattern (gate.h): slow, same verdict */
    bool no_cache; /* transform a value anew for each rule */
    /* REQUEST_BODY of multipart and XML, too, as libmodsecurity 3 has it; the
     * tests of the CRS do not want it there. */
    bool body_variable_always;
    uint32_t budget_ms; /* CPU of the rules of one request; 0: 42 */
};

/* Compiles RULES, which belong to the result whether or not this succeeds.
 * The result has one reference.  -EINVAL, -ENOTSUP, -ENOMEM, with the place
 * in ERR. */
int hb_waf_new(struct hb_waf_rules *rules, const struct hb_waf_options *o,
               struct hb_waf **ret, struct hb_err *err) HB_WUR;
/* References are counted atomically; a request holds one. */
struct hb_waf *hb_waf_ref(struct hb_waf *w);
void hb_waf_unref(struct hb_waf *w);
void hb_waf_unrefp(struct hb_waf **w);
#define _cleanup_waf_ HB_CLEANUP(hb_waf_unrefp)
/* Gives memory that sets of before left behind back to the system: for who
 * holds two while one replaces the other, and forks. */
void hb_waf_trim(void);
const struct hb_waf_rules *hb_waf_rules_of(const struct hb_waf *w);

struct hb_waf_thread *hb_waf_thread_new(void) HB_WUR;
void hb_waf_thread_free(struct hb_waf_thread *t);
/* Where the collections lie that outlive a request (shared.h): IP, GLOBAL,
 * SESSION, USER, RESOURCE.  Borrowed; NULL, as at first, for none: they then
 * live as long as the request.  Costs nothing where no rule names one. */
void hb_waf_thread_set_shared(struct hb_waf_thread *t, struct hb_waf_shared *s);

/* T is used by one request at a time only while a function below runs: any
 * number of requests of one thread may be under way.  NULL without memory. */
struct hb_waf_tx *hb_waf_tx_new(struct hb_waf *w,
                                struct hb_waf_thread *t) HB_WUR;
void hb_waf_tx_free(struct hb_waf_tx *tx);

/* What the server decides for this place, before phase 1: the mode instead of
 * SecRuleEngine; a variable of TX as if a rule had set it ("blocking_paranoia_
 * level", "2"); limits.  -ENOMEM. */
void hb_waf_tx_set_mode(struct hb_waf_tx *tx, enum hb_waf_engine mode);
int hb_waf_tx_set_var(struct hb_waf_tx *tx, struct hb_slice name,
                      struct hb_slice value) HB_WUR;

struct hb_waf_connection {
    struct hb_slice remote_addr, server_addr; /* as text */
    uint16_t remote_port, server_port;
};

int hb_waf_tx_connection(struct hb_waf_tx *tx,
                         const struct hb_waf_connection *c) HB_WUR;
/* URI as it stood in the request line; PROTOCOL "HTTP/1.1"; LINE the whole
 * line where the server has it, else empty and made of the three. */
int hb_waf_tx_request(struct hb_waf_tx *tx, struct hb_slice method,
                      struct hb_slice uri, struct hb_slice protocol,
                      struct hb_slice line) HB_WUR;
int hb_waf_tx_request_header(struct hb_waf_tx *tx, struct hb_slice name,
                             struct hb_slice value) HB_WUR;
int hb_waf_tx_unique_id(struct hb_waf_tx *tx, struct hb_slice id) HB_WUR;

/* The phases.  0: go on; 1: the request is to be answered as
 * hb_waf_tx_verdict() says; -ENOMEM: the engine failed (never because of what
 * a request holds). */
int hb_waf_tx_request_headers_done(struct hb_waf_tx *tx) HB_WUR;
/* Whether the rules want to see the request's body at all. */
bool hb_waf_tx_wants_request_body(const struct hb_waf_tx *tx);
/* The most of it that they look at, in bytes; more is a matter of
 * SecRequestBodyLimitAction.  TOTAL: what the body's size really was, larger
 * than BODY where it was cut. */
uint64_t hb_waf_tx_request_body_limit(const struct hb_waf_tx *tx);
int hb_waf_tx_request_body_done(struct hb_waf_tx *tx, struct hb_slice body,
                                uint64_t total) HB_WUR;

int hb_waf_tx_response(struct hb_waf_tx *tx, unsigned status,
                       struct hb_slice protocol) HB_WUR;
int hb_waf_tx_response_header(struct hb_waf_tx *tx, struct hb_slice name,
                              struct hb_slice value) HB_WUR;
int hb_waf_tx_response_headers_done(struct hb_waf_tx *tx) HB_WUR;
/* By SecResponseBodyAccess, SecResponseBodyMimeType and the answer's own
 * Content-Type. */
bool hb_waf_tx_wants_response_body(const struct hb_waf_tx *tx);
uint64_t hb_waf_tx_response_body_limit(const struct hb_waf_tx *tx);
int hb_waf_tx_response_body_done(struct hb_waf_tx *tx, struct hb_slice body,
                                 uint64_t total) HB_WUR;
int hb_waf_tx_log(struct hb_waf_tx *tx) HB_WUR;

enum hb_waf_reason {
    HB_WAF_BY_RULE,
    HB_WAF_BY_LIMIT, /* too large, too deep, too long to judge: refused */
};

struct hb_waf_verdict {
    enum hb_waf_do action; /* PASS where nothing was decided */
    uint16_t status;       /* of an answer: 403, 413, 302 ... */
    enum hb_waf_reason reason;
    struct hb_slice redirect;
    const struct hb_waf_rule *rule; /* NULL where a limit decided */
    const char *limit;              /* which limit, translated; "" */
};

/* What stops the request, or would have stopped it in the mode DETECT. */
struct hb_waf_verdict hb_waf_tx_verdict(const struct hb_waf_tx *tx);

/* A rule that matched and is logged, in the order of matching. */
struct hb_waf_hit {
    const struct hb_waf_rule *rule; /* head of a chain */
    uint8_t phase;
    bool disruptive;              /* it stopped the request, or would have */
    struct hb_slice msg, logdata; /* macros expanded */
    enum hb_waf_coll coll;        /* what the head looked at when it matched */
    struct hb_slice name, value;  /* last: "q" of ARGS:q; as it came in */
    const struct hb_waf_value *var; /* each: "ARGS:q", value as judged */
    uint32_t n_var;                 /* at most HB_WAF_HIT_VARS */
    const struct hb_waf_hit *next;
};

#define HB_WAF_HIT_VARS 16u

const struct hb_waf_hit *hb_waf_tx_hits(const struct hb_waf_tx *tx);

#endif
