/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_waf_request.c - a whole request against rules that use most of what the
 * engine has: lines of "method uri", headers up to an empty line, a body.  With
 * gate and cache and without them, the same rules match.
 */
#include "guard/waf/rules.h"
#include "guard/waf/waf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
    "SecRuleEngine DetectionOnly\n"
    "SecRequestBodyAccess On\n"
    "SecRequestBodyLimit 65536\n"
    "SecRequestBodyLimitAction ProcessPartial\n"
    "SecArgumentsLimit 200\n"
    "SecRule REQUEST_HEADERS:Content-Type json "
    "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\n"
    "SecRule REQUEST_HEADERS:Content-Type xml "
    "id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=XML\n"
    "SecRule ARGS|ARGS_NAMES|REQUEST_COOKIES|XML:/*|XML://@* "
    "\"(?i)\\b(?:select|union)\\b.{0,9}\\bfrom\\b|<(script|img)\" "
    "\"id:10,phase:2,pass,capture,t:none,t:urlDecodeUni,t:htmlEntityDecode,"
    "t:jsDecode,t:lowercase,setvar:tx.n=+1,setvar:tx.seen_%{tx.1}=%{TX.0},"
    "logdata:'%{MATCHED_VAR_NAME}=%{MATCHED_VAR}'\"\n"
    "SecRule ARGS|REQUEST_URI \"@pm passwd ..%2f cmd.exe wget\" "
    "id:11,phase:2,pass,t:normalizePathWin,t:cmdLine\n"
    "SecRule ARGS @detectSQLi "
    "id:12,phase:2,pass,multiMatch,t:utf8toUnicode,t:urlDecodeUni,"
    "t:removeNulls\n"
    "SecRule ARGS @detectXSS "
    "id:13,phase:2,pass,t:removeWhitespace,t:cssDecode\n"
    "SecRule ARGS ^[a-z] id:14,phase:2,pass,chain\n"
    "SecRule MATCHED_VARS \"@rx (\\d+)\" capture,chain\n"
    "SecRule TX:1 \"@gt 7\" setvar:tx.big=%{tx.1}\n"
    "SecRule &ARGS|&FILES|&MULTIPART_PART_HEADERS \"@gt 3\" "
    "id:15,phase:2,pass\n"
    "SecRule TX:/^SEEN_/ . id:16,phase:2,pass,setvar:!tx.n\n"
    "SecRule REQUEST_HEADERS|!REQUEST_HEADERS:Cookie "
    "\"!@validateByteRange 32-126\" id:17,phase:1,pass\n"
    "SecRule FILES|FILES_NAMES|MULTIPART_PART_HEADERS \"@rx \\.(php|jsp)\" "
    "id:18,phase:2,pass,t:base64Decode,t:escapeSeqDecode\n"
    "SecRule REQBODY_ERROR|MULTIPART_STRICT_ERROR \"!@eq 0\" "
    "\"id:19,phase:2,deny,logdata:'%{REQBODY_ERROR_MSG}'\"\n"
    "SecRule ARGS_GET:x . \"id:20,phase:1,pass,nolog,skipAfter:END,"
    "ctl:ruleRemoveById=12,ctl:ruleRemoveTargetById=10;ARGS:q\"\n"
    "SecRule QUERY_STRING|REQUEST_BASENAME|REQUEST_LINE "
    "\"@rx ^.{40,}$|[^ -~]\" id:21,phase:1,pass,t:urlDecode\n"
    "SecMarker END\n";

static struct hb_waf *waf[4];
static struct hb_waf_thread *thread;

static void prepare(void)
{
    for (unsigned i = 0; i < 4; i++) {
        const struct hb_waf_options o = {.no_gate = (i & 1) != 0,
                                         .no_cache = (i & 2) != 0,
                                         .budget_ms = 60000};
        struct hb_waf_rules *rules = NULL;

        HB_ASSERT(hb_waf_rules_parse(hb_slice_z(text), "fuzz", NULL, &rules,
                                     NULL) == 0);
        HB_ASSERT(hb_waf_new(rules, &o, &waf[i], NULL) == 0);
    }
    thread = hb_waf_thread_new();
    HB_ASSERT(thread != NULL);
}

static struct hb_slice line(struct hb_slice *s)
{
    const char *end = s->n > 0 ? memchr(s->p, '\n', s->n) : NULL;
    size_t n = end != NULL ? (size_t)(end - s->p) : s->n;
    struct hb_slice l = hb_slice(s->p, n);

    n += end != NULL;
    *s = hb_slice(s->p + n, s->n - n);
    return l;
}

/* Up to C; the rest stays in *S, behind it. */
static struct hb_slice word(struct hb_slice *s, char c)
{
    const char *end = s->n > 0 ? memchr(s->p, c, s->n) : NULL;
    size_t n = end != NULL ? (size_t)(end - s->p) : s->n;
    struct hb_slice w = hb_slice(s->p, n);

    n += end != NULL;
    *s = hb_slice(s->p + n, s->n - n);
    return w;
}

static struct hb_waf_tx *judge(struct hb_waf *w, struct hb_slice all)
{
    struct hb_waf_tx *tx = hb_waf_tx_new(w, thread);
    struct hb_slice l = line(&all), method = word(&l, ' ');

    HB_ASSERT(tx != NULL);
    HB_ASSERT(hb_waf_tx_request(tx, method, l, HB_SLICE("HTTP/1.1"),
                                HB_SLICE("")) == 0);
    while (l = line(&all), l.n > 0) {
        struct hb_slice name = word(&l, ':');

        HB_ASSERT(hb_waf_tx_request_header(tx, name, l) == 0);
    }
    HB_ASSERT(hb_waf_tx_request_headers_done(tx) == 0);
    HB_ASSERT(hb_waf_tx_request_body_done(tx, all, all.n) == 0);
    HB_ASSERT(hb_waf_tx_log(tx) == 0);
    return tx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice all = {(const char *)data, size};
    struct hb_waf_tx *first;

    if (thread == NULL)
        prepare();
    first = judge(waf[0], all);
    for (unsigned i = 1; i < 4; i++) {
        struct hb_waf_tx *tx = judge(waf[i], all);
        const struct hb_waf_hit *a = hb_waf_tx_hits(first);
        const struct hb_waf_hit *b = hb_waf_tx_hits(tx);

        while (a != NULL && b != NULL) {
            HB_ASSERT(a->rule->id == b->rule->id);
            HB_ASSERT(hb_slice_eq(a->logdata, b->logdata));
            HB_ASSERT(a->n_var == b->n_var);
            a = a->next;
            b = b->next;
        }
        HB_ASSERT(a == NULL && b == NULL);
        hb_waf_tx_free(tx);
    }
    hb_waf_tx_free(first);
    return 0;
}
