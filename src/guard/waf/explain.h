/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h - a block in one sentence, and the exclusion that would allow it.
 *
 * The sentence is for the person who is asked "why was I refused?"; the
 * exclusion is SecLang that any ModSecurity reads, as narrow as it can be: one
 * site, one method, one path, the variables that matched and the rules that
 * matched them, until a day.
 */
#ifndef HB_GUARD_WAF_EXPLAIN_H
#define HB_GUARD_WAF_EXPLAIN_H

#include "base/buf.h"
#include "base/err.h"
#include "guard/waf/waf.h"

/* What a rule is about, by its tags (attack-sqli ...). */
enum hb_waf_attack {
    HB_WAF_ATTACK_OTHER,
    HB_WAF_ATTACK_SQLI,
    HB_WAF_ATTACK_XSS,
    HB_WAF_ATTACK_RCE,
    HB_WAF_ATTACK_LFI,
    HB_WAF_ATTACK_RFI,
    HB_WAF_ATTACK_PHP,
    HB_WAF_ATTACK_JAVA,
    HB_WAF_ATTACK_CODE, /* node.js, Ruby, Perl, templates, SSRF */
    HB_WAF_ATTACK_SCANNER,
    HB_WAF_ATTACK_PROTOCOL,
    HB_WAF_ATTACK_SESSION,
    HB_WAF_ATTACK_LEAK,
    HB_WAF_ATTACK_COUNT
};

enum hb_waf_attack hb_waf_attack_of(const struct hb_waf_rule *rule);
/* "SQL injection", translated. */
const char *hb_waf_attack_name(enum hb_waf_attack a);

/* The hit that a person should hear about first: the gravest that is not a sum
 * of others; NULL where there is none. */
const struct hb_waf_hit *hb_waf_first_reason(const struct hb_waf_hit *hits);
/* Appends one sentence, in the language in use: what was found, where. */
void hb_waf_explain(struct hb_buf *b, const struct hb_waf_hit *hit);

/* A rule and a variable of it: "ARGS:q". */
struct hb_waf_allow_target {
    uint32_t rule;
    struct hb_slice var;
};

struct hb_waf_allow {
    uint32_t id;                        /* of the rule that is written */
    struct hb_slice host, method, path; /* host in lower case; path decoded,
                                           without a query */
    struct hb_slice author, reason;     /* for the comment above it */
    int64_t from, until;                /* seconds since 1970 */
    const struct hb_waf_allow_target *target;
    size_t n;
};

#define HB_WAF_ALLOW_TARGETS 64u

/* What HITS say that must be excluded, each pair once; *RET_N at most
 * HB_WAF_ALLOW_TARGETS.  Sums of scores are left out. */
void hb_waf_allow_targets(const struct hb_waf_hit *hits,
                          struct hb_waf_allow_target ret[HB_WAF_ALLOW_TARGETS],
                          size_t *ret_n);
/* Appends the exclusion.  -EINVAL: no target, or a text that is empty; the
 * buffer's own errors are in the buffer. */
int hb_waf_allow_write(struct hb_buf *b, const struct hb_waf_allow *a) HB_WUR;

#endif
