/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waf_work.h - the requests that the benches of the web application firewall
 * send, in process and through nginx: the same bytes for all.
 */
#ifndef HB_BENCH_WAF_WORK_H
#define HB_BENCH_WAF_WORK_H

#include "base/buf.h"

struct waf_work {
    const char *name;
    void (*make)(struct hb_buf *b, unsigned size); /* appends the request */
    unsigned size, levels; /* run at paranoia level 1, or at 1 and 2 */
};

extern const struct waf_work waf_works[];
extern const size_t n_waf_works;

#endif
