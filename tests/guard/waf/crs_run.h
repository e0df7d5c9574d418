/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crs_run.h - the rule sets and requests of the CRS's regression tests, run
 * through the engine in this process: for tests, benches and drills.
 *
 * Requests are the exact bytes that a client sent.  They are taken apart as
 * nginx (1.22) does it, with names of headers kept whatever they hold
 * (ignore_invalid_headers off); what nginx would answer itself, before any
 * rule is asked, stands in crs_request.refused, and the request is taken
 * apart all the same.
 */
#ifndef HB_TESTS_CRS_RUN_H
#define HB_TESTS_CRS_RUN_H

#include "base/arena.h"
#include "base/buf.h"
#include "guard/waf/waf.h"

/* Path of NAME in the data beside the source (HB_SHARED, or ../shared from
 * HB_SOURCE_ROOT or the working directory); whether it is there. */
bool crs_shared(char *buf, size_t size, const char *name);

enum crs_set {
    CRS_4_TESTS, /* 4.28.0 as its tests want it: detect, paranoia level 4 */
    CRS_3_TESTS, /* Debian's 3.3.4, the same */
    CRS_4,       /* 4.28.0 as shipped: blocking, paranoia level as said */
    CRS_3,       /* Debian's 3.3.4, the same */
};

/* The rule set as one text, in A; NULL where it is not there. */
const char *crs_conf(struct hb_arena *a, enum crs_set set, unsigned level);
/* Loads and compiles that.  -ENOENT where it is not there; else as
 * hb_waf_new(). */
int crs_waf(enum crs_set set, unsigned level, const struct hb_waf_options *o,
            struct hb_waf **ret, struct hb_err *err) HB_WUR;

struct crs_header {
    struct hb_slice name, value;
};

struct crs_request {
    struct hb_slice method, uri, protocol, line;
    struct crs_header *header;
    size_t n_header;
    struct hb_slice body;
    unsigned refused; /* status with which nginx answers alone; 0 */
    const char *why;  /* of that */
};

/* WHOLE: all that stands behind the headers is the body, whatever they say of
 * its length.  Slices lie in BYTES or A.  -ENOMEM. */
int crs_parse(struct hb_arena *a, struct hb_slice bytes, bool whole,
              struct crs_request *ret) HB_WUR;

struct crs_response {
    unsigned status;
    struct crs_header *header;
    size_t n_header;
    struct hb_slice body;
};

/* What the server behind answers: to POST /reflect what the body asks for (as
 * albedo, the CRS's own reflector), to all else 200 without a body.  -ENOMEM.
 */
int crs_respond(struct hb_arena *a, const struct crs_request *q,
                struct crs_response *ret) HB_WUR;

/* All phases.  RET_STATUS (may be NULL): what the client gets.  *RET is the
 * caller's: hb_waf_tx_free(). */
int crs_run(struct hb_waf *w, struct hb_waf_thread *t,
            const struct crs_request *q, const struct crs_response *p,
            struct hb_waf_tx **ret, unsigned *ret_status) HB_WUR;

/* Appends the line that ModSecurity 3 logs for such a hit (no line end). */
void crs_log_line(struct hb_buf *b, const struct hb_waf_hit *hit);

typedef int crs_line_fn(char *line, void *arg);

/* Runs the program ARGV (NULL ends) and FN on each line that it prints, without
 * the line's end, until FN returns other than 0: that.  A negative errno where
 * the program failed. */
int crs_lines(const char *const argv[], crs_line_fn *fn, void *arg) HB_WUR;

struct crs_stage {
    const char *id; /* "920100-4" */
    unsigned stage;
    bool last;                             /* the one that decides */
    struct hb_slice request;               /* bytes */
    const char *recorded, *own, *override; /* crs_stages.py */
};

typedef void crs_stage_fn(const struct crs_stage *s, void *arg);

/* Runs SCRIPT (crs_stages.py) and FN on each stage.  0, or a negative errno
 * where the script failed. */
int crs_each(const char *script, const char *release, crs_stage_fn *fn,
             void *arg) HB_WUR;

#endif
