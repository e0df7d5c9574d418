/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine.c - what rules do to a request, construct by construct.  Each
 * row is a rule set, a request and the rules that must match, with all
 * optimisations on and off.
 */
#include "../../tap.h"

#include "run.h"

#define ON   "SecRuleEngine On\nSecRequestBodyAccess On\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\n"

struct row {
    const char *what, *rules;
    struct request request;
    const char *ids;
};

static const struct row rows[] = {
    {"nothing matches", ON "SecRule ARGS foo id:1,phase:2,deny", {0}, ""},
    {"a value",
     ON "SecRule ARGS foo id:1,phase:2,pass",
     {.uri = "/?a=xfoox"},
     "1"},
    {"a name",
     ON "SecRule ARGS_NAMES foo id:1,phase:2,pass",
     {.uri = "/?foo=1"},
     "1"},
    {"a key, whatever its case",
     ON "SecRule ARGS:Foo b id:1,phase:2,pass",
     {.uri = "/?a=b&fOO=b"},
     "1"},
    {"a key that is not there",
     ON "SecRule ARGS:foo b id:1,phase:2,pass",
     {.uri = "/?a=b"},
     ""},
    {"keys by regex",
     ON "SecRule ARGS:/^x\\d$/ b id:1,phase:2,pass",
     {.uri = "/?x7=b"},
     "1"},
    {"an excluded key",
     ON "SecRule ARGS|!ARGS:a b id:1,phase:2,pass",
     {.uri = "/?a=b"},
     ""},
    {"another than the excluded key",
     ON "SecRule ARGS|!ARGS:a b id:1,phase:2,pass",
     {.uri = "/?a=b&c=b"},
     "1"},
    {"keys excluded by regex",
     ON "SecRule ARGS|!ARGS:/^_/ b id:1,phase:2,pass",
     {.uri = "/?_a=b"},
     ""},
    {"a count",
     ON "SecRule &ARGS \"@eq 3\" id:1,phase:2,pass",
     {.uri = "/?a=1&b=2&a=3"},
     "1"},
    {"a count of a key",
     ON "SecRule &ARGS:a \"@eq 2\" id:1,phase:2,pass",
     {.uri = "/?a=1&b=2&a=3"},
     "1"},
    {"a count of nothing",
     ON "SecRule &ARGS:z \"@eq 0\" id:1,phase:2,pass",
     {.uri = "/?a=1"},
     "1"},
    {"negated",
     ON "SecRule ARGS:a \"!@rx ^\\d+$\" id:1,phase:2,pass",
     {.uri = "/?a=1x"},
     "1"},
    {"negated without a value",
     ON "SecRule ARGS:z \"!@rx ^\\d+$\" id:1,phase:2,pass",
     {.uri = "/?a=1x"},
     ""},
    {"transformed",
     ON "SecRule ARGS foo id:1,phase:2,pass,t:lowercase",
     {.uri = "/?a=FOO"},
     "1"},
    {"transformed twice",
     ON "SecRule ARGS \"<b>\" "
        "id:1,phase:2,pass,t:htmlEntityDecode,t:lowercase",
     {.uri = "/?a=%26lt;B%26gt;"},
     "1"},
    {"multiMatch sees each step",
     ON "SecRule ARGS \"^FOO$\" id:1,phase:2,pass,multiMatch,t:lowercase\n"
        "SecRule ARGS \"^FOO$\" id:2,phase:2,pass,t:lowercase",
     {.uri = "/?a=FOO"},
     "1"},
    {"phase 1 comes first",
     ON "SecRule ARGS b id:2,phase:2,pass\nSecRule ARGS b id:1,phase:1,pass",
     {.uri = "/?a=b"},
     "1 2"},
    {"a body is not seen in phase 1",
     ON "SecRule ARGS b id:1,phase:1,pass\nSecRule ARGS b id:2,phase:2,pass",
     {"POST", "/", FORM, "a=b", 0},
     "2"},
    {"the body is raw, too",
     ON "SecRule REQUEST_BODY ^a=b$ id:1,phase:2,pass",
     {"POST", "/", FORM, "a=b", 0},
     "1"},
    {"a chain",
     ON "SecRule ARGS:a b id:1,phase:2,pass,chain\nSecRule ARGS:c d",
     {.uri = "/?a=b&c=d"},
     "1"},
    {"a chain whose link does not match",
     ON "SecRule ARGS:a b id:1,phase:2,pass,chain\nSecRule ARGS:c d",
     {.uri = "/?a=b&c=x"},
     ""},
    {"MATCHED_VAR in a link",
     ON "SecRule ARGS \"^(b+)\" id:1,phase:2,pass,chain\n"
        "SecRule MATCHED_VAR \"@streq bbb\"",
     {.uri = "/?a=bbb"},
     "1"},
    {"MATCHED_VARS of all values",
     ON "SecRule ARGS ^b id:1,phase:2,pass,chain\n"
        "SecRule MATCHED_VARS \"@streq b2\"",
     {.uri = "/?a=b1&b=b2&c=b3"},
     "1"},
    {"MATCHED_VARS_NAMES",
     ON "SecRule ARGS ^b id:1,phase:2,pass,chain\n"
        "SecRule MATCHED_VARS_NAMES \"@streq ARGS:q\"",
     {.uri = "/?a=b1&q=b2"},
     "1"},
    {"what was captured, in a link",
     ON "SecRule ARGS \"(\\w)(\\w)\" id:1,phase:2,pass,capture,chain\n"
        "SecRule TX:1 \"@streq %{tx.2}\"",
     {.uri = "/?a=zz"},
     "1"},
    {"setvar for each value that matches",
     ON "SecRule ARGS b id:1,phase:2,pass,setvar:tx.n=+2\n"
        "SecRule TX:n \"@eq 6\" id:2,phase:2,pass",
     {.uri = "/?a=b&c=b&d=b"},
     "1 2"},
    {"setvar, minus and a macro",
     ON "SecAction id:1,phase:1,pass,nolog,setvar:tx.a=5\n"
        "SecAction id:2,phase:1,pass,nolog,setvar:tx.b=7\n"
        "SecAction id:3,phase:1,pass,nolog,setvar:tx.b=-%{tx.a}\n"
        "SecRule TX:B \"@eq 2\" id:4,phase:1,pass",
     {0},
     "4"},
    {"setvar with a name from a macro",
     ON
     "SecRule ARGS:k . id:1,phase:2,pass,nolog,setvar:tx.v_%{MATCHED_VAR}=1\n"
     "SecRule TX:/^v_/ 1 id:2,phase:2,pass,chain\n"
     "SecRule MATCHED_VAR_NAME \"@endsWith :v_foo\"",
     {.uri = "/?k=foo"},
     "2"},
    {"a variable is unset",
     ON "SecAction id:1,phase:1,pass,nolog,setvar:tx.a=5\n"
        "SecAction id:2,phase:1,pass,nolog,setvar:!tx.a\n"
        "SecRule &TX:a \"@eq 0\" id:3,phase:1,pass",
     {0},
     "3"},
    {"skipAfter",
     ON "SecRule ARGS b id:1,phase:2,pass,nolog,skipAfter:END\n"
        "SecRule ARGS b id:2,phase:2,pass\nSecMarker END\n"
        "SecRule ARGS b id:3,phase:2,pass",
     {.uri = "/?a=b"},
     "3"},
    {"deny ends the phase",
     ON "SecRule ARGS b id:1,phase:2,deny\nSecRule ARGS b id:2,phase:2,pass",
     {.uri = "/?a=b"},
     "1"},
    {"block does what the default says",
     ON "SecDefaultAction phase:2,log,deny,status:406\n"
        "SecRule ARGS b id:1,phase:2,block\nSecRule ARGS b id:2,phase:2,pass",
     {.uri = "/?a=b"},
     "1"},
    {"detection goes on",
     "SecRuleEngine DetectionOnly\n"
     "SecRule ARGS b id:1,phase:2,deny\nSecRule ARGS b id:2,phase:2,pass",
     {.uri = "/?a=b"},
     "1 2"},
    {"off does nothing",
     "SecRuleEngine Off\nSecRule ARGS b id:1,phase:2,deny",
     {.uri = "/?a=b"},
     ""},
    {"allow ends all",
     ON "SecRule ARGS b id:1,phase:1,allow\nSecRule ARGS b id:2,phase:2,deny",
     {.uri = "/?a=b"},
     "1"},
    {"allow:phase ends the phase",
     ON "SecRule ARGS b id:1,phase:1,allow:phase\n"
        "SecRule ARGS b id:2,phase:1,pass\nSecRule ARGS b id:3,phase:2,pass",
     {.uri = "/?a=b"},
     "1 3"},
    {"ctl:ruleRemoveById",
     ON "SecAction id:1,phase:1,pass,nolog,ctl:ruleRemoveById=5-9\n"
        "SecRule ARGS b id:7,phase:2,pass\nSecRule ARGS b id:10,phase:2,pass",
     {.uri = "/?a=b"},
     "10"},
    {"ctl:ruleRemoveByTag",
     ON "SecAction id:1,phase:1,pass,nolog,ctl:ruleRemoveByTag=x\n"
        "SecRule ARGS b id:7,phase:2,pass,tag:x\n"
        "SecRule ARGS b id:10,phase:2,pass,tag:xy",
     {.uri = "/?a=b"},
     "10"},
    {"ctl:ruleRemoveTargetById",
     ON "SecAction "
        "id:1,phase:1,pass,nolog,ctl:ruleRemoveTargetById=7;ARGS:a\n"
        "SecRule ARGS b id:7,phase:2,pass\nSecRule ARGS b id:8,phase:2,pass",
     {.uri = "/?a=b"},
     "8"},
    {"ctl:ruleRemoveTargetByTag, one of two values",
     ON "SecAction "
        "id:1,phase:1,pass,nolog,ctl:ruleRemoveTargetByTag=x;ARGS:a\n"
        "SecRule ARGS ^b id:7,phase:2,pass,tag:x,chain\n"
        "SecRule MATCHED_VAR \"@streq b2\"",
     {.uri = "/?a=b1&c=b2"},
     "7"},
    {"ctl with MATCHED_VARS: that value, not another of its name",
     ON "SecRule ARGS ^b "
        "id:1,phase:2,pass,nolog,ctl:ruleRemoveTargetById=7-8;MATCHED_VARS\n"
        "SecRule ARGS x id:7,phase:2,pass\n"
        "SecRule ARGS_GET y id:8,phase:2,pass\n"
        "SecRule ARGS x id:9,phase:2,pass",
     {.uri = "/?a=bxy&c=bx"},
     "9"},
    {"ctl with MATCHED_VARS: the other value of the same name",
     ON "SecRule ARGS ^b "
        "id:1,phase:2,pass,nolog,ctl:ruleRemoveTargetByTag=t;MATCHED_VARS\n"
        "SecRule ARGS x id:7,phase:2,pass,tag:t",
     {.uri = "/?a=bx&a=cx"},
     "7"},
    {"ctl with MATCHED_VARS: only where the chain ends",
     ON "SecRule ARGS ^b id:1,phase:2,pass,nolog,chain\n"
        "SecRule ARGS ^c "
        "ctl:ruleRemoveTargetById=7;MATCHED_VARS\n"
        "SecRule ARGS x id:7,phase:2,pass\n"
        "SecRule ARGS y id:8,phase:2,pass,chain\n"
        "SecRule ARGS_NAMES ^a",
     {.uri = "/?a=by&c=cx"},
     "8"},
    {"ctl:ruleEngine",
     ON "SecRule ARGS b id:1,phase:1,pass,nolog,ctl:ruleEngine=DetectionOnly\n"
        "SecRule ARGS b id:2,phase:2,deny\nSecRule ARGS b id:3,phase:2,pass",
     {.uri = "/?a=b"},
     "2 3"},
    {"cookies",
     ON "SecRule REQUEST_COOKIES:sid ^1 id:1,phase:1,pass",
     {.headers = "Cookie: a=2; sid=12\n"},
     "1"},
    {"headers",
     ON "SecRule REQUEST_HEADERS:user-AGENT curl id:1,phase:1,pass",
     {.headers = "User-Agent: curl/8\n"},
     "1"},
    {"names of headers",
     ON "SecRule REQUEST_HEADERS_NAMES ^X-A$ id:1,phase:1,pass",
     {.headers = "X-A: 1\n"},
     "1"},
    {"the path, decoded once",
     ON "SecRule REQUEST_FILENAME \"@streq /a b%20c\" id:1,phase:1,pass\n"
        "SecRule REQUEST_BASENAME \"@streq a b%20c\" id:2,phase:1,pass\n"
        "SecRule REQUEST_URI_RAW \"@beginsWith /a%20\" id:3,phase:1,pass\n"
        "SecRule QUERY_STRING \"@streq x=%41\" id:4,phase:1,pass",
     {.uri = "/a%20b%2520c?x=%41"},
     "1 2 3 4"},
    {"a variable that is empty is there",
     ON "SecRule REQUEST_BODY ^$ id:1,phase:2,pass",
     {0},
     "1"},
    {"address and port",
     ON "SecRule REMOTE_ADDR \"@ipMatch 192.0.2.0/24\" id:1,phase:1,pass\n"
        "SecRule SERVER_PORT \"@eq 80\" id:2,phase:1,pass",
     {0},
     "1 2"},
    {"the host without its port",
     ON "SecRule SERVER_NAME \"@streq a.example\" id:1,phase:1,pass",
     {.headers = "Host: a.example:8080\n"},
     "1"},
    {"sizes",
     ON "SecRule ARGS_COMBINED_SIZE \"@eq 6\" id:1,phase:2,pass",
     {.uri = "/?ab=c&d=ef"},
     "1"},
    {"many phrases",
     ON "SecRule ARGS \"@pm foo bar\" id:1,phase:2,pass",
     {.uri = "/?a=xBARx"},
     "1"},
    {"SQL",
     ON "SecRule ARGS @detectSQLi id:1,phase:2,pass",
     {.uri = "/?a=1'+or+'1'='1"},
     "1"},
    {"XSS",
     ON "SecRule ARGS @detectXSS id:1,phase:2,pass",
     {.uri = "/?a=<script>alert(1)</script>"},
     "1"},
    {"JSON by ctl",
     ON "SecRule REQUEST_HEADERS:Content-Type json "
        "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\n"
        "SecRule ARGS:json.a.b foo id:2,phase:2,pass",
     {"POST", "/", "Content-Type: application/json\n",
      "{\"a\":{\"b\":\"foo\"}}", 0},
     "2"},
    {"XML by ctl",
     ON "SecRule REQUEST_HEADERS:Content-Type xml "
        "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=XML\n"
        "SecRule XML:/* foo id:2,phase:2,pass\n"
        "SecRule XML://@* bar id:3,phase:2,pass",
     {"POST", "/", "Content-Type: text/xml\n", "<a><b c=\"bar\">foo</b></a>",
      0},
     "2 3"},
    {"a list that grows while it is looked at",
     ON "SecAction id:1,phase:1,pass,nolog,setvar:tx.aa=1\n"
        "SecRule TX:/^a/ . id:2,phase:1,pass,nolog,"
        "setvar:tx.a%{MATCHED_VAR_NAME}=1\n"
        "SecRule &TX:/^a/ \"@eq 2\" id:3,phase:1,pass",
     {0},
     "3"},
};

static void test_rows(void **state)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        for (unsigned k = 0; k < 4; k++) {
            const struct hb_waf_options o = {.no_gate = (k & 1) != 0,
                                             .no_cache = (k & 2) != 0};
            struct run r;

            run_rules(&r, rows[i].rules, &o);
            run_request(&r, &rows[i].request);
            if (strcmp(r.ids, rows[i].ids) != 0)
                fail_msg("%s (options %u): matched \"%s\", not \"%s\"",
                         rows[i].what, k, r.ids, rows[i].ids);
            run_done(&r);
        }
}

static void test_verdict(void **state)
{
    struct hb_waf_verdict v;
    struct run r;

    run_rules(&r,
              ON "SecDefaultAction phase:2,log,deny,status:406\n"
                 "SecRule ARGS b id:1,phase:2,block\n"
                 "SecRule ARGS c "
                 "id:2,phase:2,redirect:https://x.example/?%{ARGS.a}\n"
                 "SecRule ARGS d id:3,phase:2,drop",
              NULL);
    run_request(&r, &(struct request){.uri = "/?a=b"});
    v = hb_waf_tx_verdict(r.tx);
    assert_int_equal(r.result, 1);
    assert_int_equal(v.action, HB_WAF_DO_DENY);
    assert_int_equal(v.status, 406);
    assert_int_equal(v.rule->id, 1);
    run_request(&r, &(struct request){.uri = "/?a=c"});
    v = hb_waf_tx_verdict(r.tx);
    assert_int_equal(v.action, HB_WAF_DO_REDIRECT);
    assert_int_equal(v.status, 302);
    assert_true(hb_slice_eq(v.redirect, HB_SLICE("https://x.example/?c")));
    run_request(&r, &(struct request){.uri = "/?a=d"});
    assert_int_equal(hb_waf_tx_verdict(r.tx).action, HB_WAF_DO_DROP);
    /* The place says detect: told, not done. */
    run_begin(&r, &(struct request){.uri = "/?a=b"});
    hb_waf_tx_set_mode(r.tx, HB_WAF_DETECT);
    assert_int_equal(hb_waf_tx_request_headers_done(r.tx), 0);
    assert_int_equal(hb_waf_tx_request_body_done(r.tx, HB_SLICE(""), 0), 0);
    v = hb_waf_tx_verdict(r.tx);
    assert_int_equal(v.action, HB_WAF_DO_DENY);
    assert_int_equal(v.rule->id, 1);
    run_done(&r);
}

static void test_message(void **state)
{
    const struct hb_waf_hit *h;
    struct run r;

    run_rules(&r,
              ON "SecRule ARGS \"b(\\d)\" \"id:1,phase:2,pass,capture,"
                 "msg:'Rule %{rule.id}',logdata:'%{TX.1} in "
                 "%{MATCHED_VAR_NAME}: %{MATCHED_VAR}'\"",
              NULL);
    run_request(&r, &(struct request){.uri = "/?a=b1&q=xb2&r=c"});
    h = hb_waf_tx_hits(r.tx);
    assert_non_null(h);
    assert_true(hb_slice_eq(h->msg, HB_SLICE("Rule 1")));
    assert_true(hb_slice_eq(h->logdata, HB_SLICE("2 in ARGS:q: xb2")));
    assert_int_equal(h->coll, HB_WAF_VAR_ARGS);
    assert_true(hb_slice_eq(h->name, HB_SLICE("q")));
    assert_int_equal(h->n_var, 2);
    assert_true(hb_slice_eq(h->var[0].name, HB_SLICE("ARGS:a")));
    assert_true(hb_slice_eq(h->var[1].name, HB_SLICE("ARGS:q")));
    assert_null(h->next);
    run_done(&r);
}

/* A chain that begins with what rules made is about what its links saw. */
static void test_chain_message(void **state)
{
    const struct hb_waf_hit *h;
    struct run r;

    run_rules(&r,
              ON "SecAction id:1,phase:1,pass,nolog,setvar:tx.on=1\n"
                 "SecRule TX:on \"@eq 1\" id:2,phase:2,pass,chain\n"
                 "SecRule ARGS ^b chain\n"
                 "SecRule MATCHED_VARS \"@streq b2\"\n"
                 "SecRule TX:on \"@eq 1\" id:3,phase:2,pass",
              NULL);
    run_request(&r, &(struct request){.uri = "/?a=b1&q=b2"});
    h = hb_waf_tx_hits(r.tx);
    assert_non_null(h);
    assert_int_equal(h->n_var, 2);
    assert_true(hb_slice_eq(h->var[0].name, HB_SLICE("ARGS:a")));
    assert_true(hb_slice_eq(h->var[1].name, HB_SLICE("ARGS:q")));
    assert_int_equal(h->next->coll, HB_WAF_VAR_TX);
    assert_int_equal(h->next->n_var, 1);
    run_done(&r);
}

static void test_response(void **state)
{
    struct run r;

    run_rules(&r,
              ON "SecResponseBodyAccess On\n"
                 "SecResponseBodyMimeType text/html\n"
                 "SecRule RESPONSE_STATUS ^5 id:1,phase:3,pass\n"
                 "SecRule RESPONSE_BODY \"SQL syntax\" id:2,phase:4,deny\n"
                 "SecAction id:3,phase:5,pass",
              NULL);
    run_request(&r, &(struct request){.uri = "/"});
    assert_int_equal(hb_waf_tx_response(r.tx, 500, HB_SLICE("HTTP/1.1")), 0);
    assert_int_equal(
        hb_waf_tx_response_header(r.tx, HB_SLICE("content-type"),
                                  HB_SLICE("text/html; charset=x")),
        0);
    assert_int_equal(hb_waf_tx_response_headers_done(r.tx), 0);
    assert_true(hb_waf_tx_wants_response_body(r.tx));
    assert_int_equal(hb_waf_tx_response_body_done(
                         r.tx, HB_SLICE("error in your SQL syntax"), 24),
                     1);
    assert_int_equal(hb_waf_tx_verdict(r.tx).rule->id, 2);
    assert_int_equal(hb_waf_tx_log(r.tx), 0);
    assert_int_equal(hb_waf_tx_hits(r.tx)->rule->id, 1);
    assert_int_equal(hb_waf_tx_hits(r.tx)->next->next->rule->id, 3);
    run_done(&r);
}

/* What a stranger can reach is refused, or told where the site says so. */
static void test_limits(void **state)
{
    static const struct {
        const char *rules;
        struct request request;
        unsigned status; /* 0: passes */
    } table[] = {
        {ON "SecRequestBodyLimit 3", {"POST", "/", FORM, "a=bcd", 0}, 413},
        {ON "SecRequestBodyLimit 3\nSecRequestBodyLimitAction ProcessPartial",
         {"POST", "/", FORM, "a=bcd", 0},
         0},
        {ON "SecRequestBodyNoFilesLimit 3",
         {"POST", "/", FORM, "a=bcd", 0},
         413},
        {ON "SecArgumentsLimit 2", {.uri = "/?a=1&b=2&c=3"}, 403},
        {ON "SecArgumentsLimit 2", {"POST", "/", FORM, "a=1&b=2&c=3", 0}, 413},
        {"SecRuleEngine DetectionOnly\nSecRequestBodyAccess On\n"
         "SecRequestBodyLimit 3",
         {"POST", "/", FORM, "a=bcd", 0},
         0},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(table); i++) {
        struct hb_waf_verdict v;
        struct run r;

        run_rules(&r, table[i].rules, NULL);
        run_request(&r, &table[i].request);
        v = hb_waf_tx_verdict(r.tx);
        print_message("# limit %zu: %s\n", i, v.limit);
        assert_int_equal(v.reason, HB_WAF_BY_LIMIT);
        assert_true(*v.limit != '\0');
        assert_int_equal(r.result, table[i].status != 0);
        if (table[i].status != 0)
            assert_int_equal(v.status, table[i].status);
        run_done(&r);
    }
}

/* A request ends with the rules with which it began. */
static void test_references(void **state)
{
    struct run r;

    run_rules(&r, ON "SecRule ARGS b id:1,phase:2,pass", NULL);
    run_begin(&r, &(struct request){.uri = "/?a=b"});
    hb_waf_unref(r.waf);
    r.waf = NULL;
    assert_int_equal(hb_waf_tx_request_headers_done(r.tx), 0);
    assert_int_equal(hb_waf_tx_request_body_done(r.tx, HB_SLICE(""), 0), 0);
    assert_int_equal(hb_waf_tx_hits(r.tx)->rule->id, 1);
    run_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),       cmocka_unit_test(test_verdict),
        cmocka_unit_test(test_message),    cmocka_unit_test(test_chain_message),
        cmocka_unit_test(test_response),   cmocka_unit_test(test_limits),
        cmocka_unit_test(test_references),
    };

    return hb_tap_run("guard/waf/engine", tests);
}
