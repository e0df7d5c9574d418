/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rules.c - loading rule sets: what directives do to each other, real
 * ones (the Core Rule Set, where it is at hand), and 200 broken ones.
 */
#include "guard/waf/rules.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/map.h"
#include "base/num.h"
#include "guard/waf/seclang.h"
#include "tap.h"

static struct hb_err err;

static struct hb_waf_rules *load_in(const char *text, const char *dir)
{
    struct hb_waf_rules *rules = NULL;
    char why[1024];
    int r;

    err = (struct hb_err){0};
    r = hb_waf_rules_parse(hb_slice_z(text), "x.conf", dir, &rules, &err);
    if (r < 0) {
        hb_err_format(&err, why, sizeof(why));
        print_error("%s\n%s\n", text, why);
    }
    assert_int_equal(r, 0);
    return rules;
}

static struct hb_waf_rules *load(const char *text)
{
    return load_in(text, NULL);
}

/* "1.2" is the first rule of the set, with id 2; links have a "+". */
static void assert_order(const struct hb_waf_rules *rules, const char *want)
{
    struct hb_buf b = HB_BUF_INIT;

    for (unsigned p = 1; p <= HB_WAF_PHASES; p++) {
        hb_buf_addf(&b, "%s%u:", p > 1 ? " " : "", p);
        for (uint32_t i = rules->first[p]; i < rules->first[p + 1]; i++) {
            const struct hb_waf_rule *rule = &rules->rule[i];

            assert_int_equal(rule->phase, p);
            hb_buf_addf(&b, "%s%u", rule->link ? "+" : ",", (unsigned)rule->id);
            if (rule->skip_to != HB_WAF_NO_SKIP)
                hb_buf_addf(&b, ">%u", (unsigned)rule->skip_to);
        }
    }
    assert_string_equal(hb_buf_z(&b), want);
    hb_buf_done(&b);
}

static const struct hb_waf_rule *rule_of(const struct hb_waf_rules *rules,
                                         unsigned id)
{
    for (uint32_t i = 0; i < rules->n_rule; i++)
        if (rules->rule[i].id == id && !rules->rule[i].link)
            return &rules->rule[i];
    fail_msg("no rule %u", id);
    return NULL;
}

#define A(id, rest) "SecAction \"id:" #id "," rest "\"\n"

static void test_empty(void **state)
{
    struct hb_waf_rules *rules = load("# nothing\n");

    assert_int_equal(rules->n_rule, 0);
    assert_int_equal(rules->n_seq, 1);
    hb_waf_rules_free(rules);
    hb_waf_rules_free(NULL);
}

static void test_phases(void **state)
{
    struct hb_waf_rules *rules =
        load(A(1, "phase:5") A(2, "phase:1") A(3, "pass")
                 A(4, "phase:1,chain") "SecRule ARGS a\n" A(5, "phase:3")
                     A(6, "phase:1"));

    assert_order(rules, "1:,2,4+4,6 2:,3 3:,5 4: 5:,1");
    assert_true(rules->rule[1].chains);
    assert_false(rules->rule[2].chains);
    assert_true(rules->rule[0].unconditional);
    assert_int_equal(rules->rule[2].line, 5);
    assert_string_equal(rules->rule[2].file, "x.conf");
    hb_waf_rules_free(rules);
}

static void test_long_chain(void **state)
{
    struct hb_waf_rules *rules =
        load("SecRule ARGS a \"id:1,phase:1,chain\"\n"
             "  SecRule TX:1 b \"t:lowercase,setvar:tx.b=1,chain\"\n"
             "    SecRule TX:2 c \"ctl:ruleEngine=Off\"\n" A(2, "phase:1"));

    assert_order(rules, "1:,1+1+1,2 2: 3: 4: 5:");
    assert_int_equal(rules->rule[1].n_set, 1);
    assert_int_equal(rules->rule[2].n_ctl, 1);
    hb_waf_rules_free(rules);
}

/* A skip goes behind the marker, in the phase of the rule. */
static void test_skip(void **state)
{
    struct hb_waf_rules *rules = load(
        A(1, "phase:1,skipAfter:M") A(2, "phase:2,skipAfter:M") A(3, "phase:1")
            A(4, "phase:2") "SecMarker \"M\"\n" A(5, "phase:1,skipAfter:M")
                A(6, "phase:2") "SecMarker M\n");

    /* 0..2 phase 1, 3..5 phase 2. */
    assert_order(rules, "1:,1>2,3,5>3 2:,2>5,4,6 3: 4: 5:");
    hb_waf_rules_free(rules);
    rules =
        load(A(1, "phase:1,skip:1") A(2, "phase:1,chain") "SecRule ARGS a\n" A(
            3, "phase:1,skip:9") A(4, "phase:1,skipAfter:5")
                 A(5, "phase:1,chain") "SecAction t:none\n" A(6, "phase:1"));
    assert_order(rules, "1:,1>3,2+2,3>8,4>7,5+5,6 2: 3: 4: 5:");
    hb_waf_rules_free(rules);
    rules = load(A(1, "phase:1,skipAfter:M") A(2, "phase:1") "SecMarker M\n" A(
        3, "phase:1") "SecRuleRemoveById 2\n");
    assert_order(rules, "1:,1>1,3 2: 3: 4: 5:");
    hb_waf_rules_free(rules);
}

static void test_defaults(void **state)
{
    struct hb_waf_rules *rules = load(
        "SecDefaultAction "
        "\"phase:1,nolog,deny,status:406,tag:'d',t:lowercase\"\n" A(
            1, "phase:1,block") A(2, "phase:1,block,log,status:400,tag:x")
            A(3, "phase:1,pass,t:none,t:trim") A(4, "phase:1,t:trim")
                A(5, "phase:2,block") A(6, "phase:2,deny,nolog") A(7, "phase:1,"
                                                                      "drop")
                    A(8, "phase:2,redirect:'http://%{server_name}/'"));
    const struct hb_waf_rule *r = rule_of(rules, 1);

    assert_true(r->block && r->action == HB_WAF_DO_DENY && r->status == 406);
    assert_true(!r->log && !r->auditlog);
    assert_int_equal(r->n_tag, 1);
    assert_int_equal(rules->seq[r->seq].n, 1);
    r = rule_of(rules, 2);
    assert_true(r->block && r->status == 400 && r->log && r->auditlog);
    assert_int_equal(r->n_tag, 2);
    r = rule_of(rules, 3);
    assert_true(!r->block && r->action == HB_WAF_DO_PASS);
    assert_int_equal(rules->seq[r->seq].n, 1);
    assert_int_equal(rules->seq[r->seq].t[0], HB_WAF_T_TRIM);
    r = rule_of(rules, 4);
    assert_int_equal(rules->seq[r->seq].n, 2);
    assert_int_equal(rules->seq[r->seq].t[0], HB_WAF_T_LOWERCASE);
    assert_int_equal(r->action, HB_WAF_DO_PASS);
    r = rule_of(rules, 5);
    assert_true(r->block && r->action == HB_WAF_DO_PASS);
    assert_true(r->log && r->auditlog);
    r = rule_of(rules, 6);
    assert_true(r->status == 403 && !r->log && !r->auditlog);
    assert_int_equal(rule_of(rules, 7)->action, HB_WAF_DO_DROP);
    r = rule_of(rules, 8);
    assert_int_equal(r->status, 302);
    assert_int_equal(r->redirect.n, 3);
    hb_waf_rules_free(rules);
}

static void test_sequences(void **state)
{
    struct hb_waf_rules *rules =
        load(A(1, "t:none") A(2, "t:trim,t:lowercase")
                 A(3, "t:none,t:trim,t:none,t:trim,t:lowercase")
                     A(4, "t:lowercase,"
                          "t:trim") A(5, "pass"));

    assert_int_equal(rules->n_seq, 3);
    assert_int_equal(rule_of(rules, 1)->seq, 0);
    assert_int_equal(rule_of(rules, 5)->seq, 0);
    assert_int_equal(rule_of(rules, 2)->seq, rule_of(rules, 3)->seq);
    assert_int_not_equal(rule_of(rules, 2)->seq, rule_of(rules, 4)->seq);
    hb_waf_rules_free(rules);
}

/* Exclusions hold before and behind the rules that they name. */
static void test_remove(void **state)
{
    struct hb_waf_rules *rules = load(
        "SecRuleRemoveById 1 5-6\n" A(1, "phase:1") A(2, "phase:1,tag:a")
            A(3, "phase:1,tag:ab,msg:'x y'")
                A(4, "phase:1,msg:x,chain") "SecRule ARGS a\n" A(5, "phase:1")
                    A(6, "phase:1") A(7, "phase:1") "SecRuleRemoveByTag a\n"
                                                    "SecRuleRemoveByMsg \"x\"\n"
                                                    "SecRuleRemoveByTag none\n"
                                                    "SecRuleRemoveById 99\n");

    assert_order(rules, "1:,3,7 2: 3: 4: 5:");
    assert_int_equal(rules->n_note, 2);
    assert_int_equal(rules->note[0].line, 12);
    assert_int_equal(rules->note[1].line, 13);
    assert_string_equal(rules->note[1].file, "x.conf");
    hb_waf_rules_free(rules);
}

static void test_targets(void **state)
{
    struct hb_waf_rules *rules =
        load("SecRuleUpdateTargetById 1 \"!ARGS:a|!ARGS:/^b/\"\n"
             "SecRule ARGS x \"id:1,tag:t,msg:m\"\n"
             "SecRule ARGS|!ARGS:z y \"id:2,tag:t\"\n"
             "SecRuleUpdateTargetByTag t !ARGS:c,REQUEST_URI\n"
             "SecRuleUpdateTargetByMsg m !ARGS:d\n"
             "SecRuleUpdateTargetById 2-9 &TX:q\n");
    const struct hb_waf_rule *r = rule_of(rules, 1);

    assert_int_equal(r->n_var, 2);
    assert_int_equal(r->var[1].coll, HB_WAF_VAR_REQUEST_URI);
    assert_int_equal(r->n_ex, 4);
    assert_int_equal(r->ex[1].sel, HB_WAF_SEL_RX);
    assert_true(hb_slice_eq(r->ex[3].key, HB_SLICE("d")));
    r = rule_of(rules, 2);
    assert_int_equal(r->n_var, 3);
    assert_true(r->var[2].count);
    assert_int_equal(r->n_ex, 2);
    assert_int_equal(rules->n_note, 0);
    hb_waf_rules_free(rules);
}

static void test_update_actions(void **state)
{
    struct hb_waf_rules *rules = load(
        "SecRule ARGS x \"id:1,phase:1,pass,log,tag:a,t:trim,chain\"\n"
        "SecRule ARGS y \"setvar:tx.a=1\"\n"
        "SecRuleUpdateActionById 1 \"deny,status:405,nolog,tag:b,t:none\"\n"
        "SecRuleUpdateActionById 1:1 \"t:lowercase,setvar:tx.b=2\"\n");
    const struct hb_waf_rule *r = rule_of(rules, 1);

    assert_true(r->action == HB_WAF_DO_DENY && r->status == 405 && !r->log);
    assert_int_equal(r->n_tag, 2);
    assert_int_equal(r->seq, 0);
    assert_int_equal(r[1].n_set, 2);
    assert_int_equal(rules->seq[r[1].seq].n, 1);
    hb_waf_rules_free(rules);
}

static void test_settings(void **state)
{
    struct hb_waf_rules *rules = load_in(
        "SecRuleEngine DetectionOnly\nSecRequestBodyAccess On\n"
        "SecRequestBodyLimit 13107200\nSecRequestBodyNoFilesLimit 131072\n"
        "SecRequestBodyInMemoryLimit 131072\n"
        "SecRequestBodyLimitAction ProcessPartial\n"
        "SecRequestBodyJsonDepthLimit 512\nSecArgumentsLimit 999\n"
        "SecPcreMatchLimit 100000\nSecPcreMatchLimitRecursion 100001\n"
        "SecResponseBodyAccess On\n"
        "SecResponseBodyMimeType text/plain text/xml\n"
        "SecResponseBodyMimeType application/json\n"
        "SecResponseBodyLimit 524287\n"
        "SecResponseBodyLimitAction ProcessPartial\n"
        "SecTmpDir /tmp/\nSecDataDir /data\nSecUploadDir /up\n"
        "SecUploadKeepFiles RelevantOnly\nSecUploadFileMode 0640\n"
        "SecUploadFileLimit 7\nSecTmpSaveUploadedFiles On\n"
        "SecDebugLog /d\nSecDebugLogLevel 3\nSecAuditEngine RelevantOnly\n"
        "SecAuditLogRelevantStatus \"^(?:5|4(?!04))\"\n"
        "SecAuditLogParts ABIJDEFHZ\nSecAuditLogType Serial\n"
        "SecAuditLogFormat JSON\nSecAuditLog /a.log\nSecAuditLog2 /b.log\n"
        "SecAuditLogStorageDir /s\nSecAuditLogDirMode default\n"
        "SecAuditLogFileMode 0644\nSecArgumentSeparator ;\n"
        "SecCookieFormat 1\nSecUnicodeMapFile unicode.mapping 20127\n"
        "SecStatusEngine Off\nSecCollectionTimeout 600\n"
        "SecComponentSignature \"A/1\"\nSecComponentSignature \"B/2\"\n"
        "SecWebAppId w\nSecSensorId s\nSecServerSignature x\n"
        "SecGeoLookupDb /g\nSecHttpBlKey k\nSecXmlExternalEntity Off\n"
        "SecParseXmlIntoArgs OnlyArgs\n",
        "/etc/x/");
    const struct hb_waf_settings *s = &rules->settings;

    assert_int_equal(s->engine, HB_WAF_DETECT);
    assert_int_equal(s->request_body + s->response_body, 2);
    assert_int_equal(s->request_limit, 13107200);
    assert_int_equal(s->request_limit_action, HB_WAF_LIMIT_PARTIAL);
    assert_int_equal(s->json_depth, 512);
    assert_int_equal(s->arguments_limit, 999);
    assert_int_equal(s->pcre_limit + s->pcre_recursion, 200001);
    assert_int_equal(s->n_mime, 3);
    assert_true(hb_slice_eq(s->mime[2], HB_SLICE("application/json")));
    assert_int_equal(s->response_limit, 524287);
    assert_int_equal(s->upload_keep, HB_WAF_KEEP_RELEVANT);
    assert_int_equal(s->upload_mode, 0640);
    assert_int_equal(s->audit, HB_WAF_AUDIT_RELEVANT);
    assert_int_equal(s->audit_dir_mode, 0700);
    assert_int_equal(s->audit_file_mode, 0644);
    assert_int_equal(s->separator, ';');
    assert_int_equal(s->cookie_format, 1);
    assert_true(
        hb_slice_eq(s->unicode_map, HB_SLICE("/etc/x/unicode.mapping")));
    assert_int_equal(s->unicode_page, 20127);
    assert_int_equal(s->n_component, 2);
    assert_int_equal(s->collection_timeout, 600);
    hb_waf_rules_free(rules);
    rules = load("SecResponseBodyMimeTypesClear\n");
    assert_int_equal(rules->settings.n_mime, 0);
    assert_int_equal(rules->settings.request_limit, 134217728);
    hb_waf_rules_free(rules);
    rules = load("");
    assert_int_equal(rules->settings.n_mime, 2);
    hb_waf_rules_free(rules);
}

/* A folder that goes when the test ends. */
struct dir {
    char path[64];
};

static void dir_init(struct dir *d)
{
    (void)hb_copyz(d->path, sizeof(d->path), "/tmp/hb-rules-XXXXXX");
    assert_non_null(mkdtemp(d->path));
}

static void dir_done(struct dir *d)
{
    assert_int_equal(hb_rmtree(AT_FDCWD, d->path), 0);
}

static char *put(const struct dir *d, const char *name, const char *text)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", d->path, name);
    assert_int_equal(hb_file_write(path, text, strlen(text), 0600), 0);
    return path;
}

static void test_include(void **state)
{
    struct hb_waf_rules *rules = NULL;
    struct dir d;
    char path[128];

    dir_init(&d);
    (void)snprintf(path, sizeof(path), "%s/sub", d.path);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)put(&d, "sub/b.conf",
              "SecRule ARGS \"@pmf p.data ../q.data\" id:2\n");
    (void)put(&d, "sub/a.conf", A(3, "pass"));
    (void)put(&d, "sub/B.conf", A(4, "pass"));
    (void)put(&d, "sub/p.data", "# a\n\none\r\n two \n  # b\n日本");
    (void)put(&d, "q.data", "three\n");
    (void)put(
        &d, "main.conf",
        A(1,
          "pass") "Include sub/*.conf\nIncludeOptional none/*.conf\n"
                  "IncludeOptional none.conf\n" A(
                      5,
                      "pass") "SecRule ARGS \"@pmFromFile sub/p.data\" id:6\n");
    (void)snprintf(path, sizeof(path), "%s/main.conf", d.path);
    err = (struct hb_err){0};
    assert_int_equal(hb_waf_rules_load(path, &rules, &err), 0);
    assert_string_equal(err.message, "");
    assert_order(rules, "1: 2:,1,4,3,2,5,6 3: 4: 5:");
    {
        const struct hb_waf_rule_op *op = &rule_of(rules, 2)->op;

        assert_int_equal(op->n_file, 2);
        assert_int_equal(op->file[0]->n, 3);
        assert_true(hb_slice_eq(op->file[0]->line[0], HB_SLICE("one")));
        assert_true(hb_slice_eq(op->file[0]->line[1], HB_SLICE(" two ")));
        assert_true(hb_slice_eq(op->file[1]->line[0], HB_SLICE("three")));
    }
    hb_waf_rules_free(rules);
    dir_done(&d);
}

static void test_no_include(void **state)
{
    static const struct {
        const char *text;
        unsigned line, column;
    } rows[] = {
        {"\nInclude none.conf\n", 2, 9},
        {"Include \"n*.conf\"\n", 1, 10},
        {"\n\nInclude self.conf\n", 3, 9},
        {"Include .\n", 0, 0},
        {"SecRule ARGS \"@pmf none.data\" id:1\n", 1, 20},
        {"SecRule ARGS \"@pmf empty.data\" id:1\n", 1, 20},
        {"SecRule ARGS \"@pmf good.data\\\n none.data\" id:1\n", 2, 2},
    };
    struct dir d;

    dir_init(&d);
    (void)put(&d, "empty.data", "# nothing\n\n");
    (void)put(&d, "good.data", "a\n");
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct hb_waf_rules *rules = NULL;
        char *path = put(&d, "self.conf", rows[i].text);

        err = (struct hb_err){0};
        assert_true(hb_waf_rules_load(path, &rules, &err) < 0);
        assert_null(rules);
        assert_int_equal(err.line, rows[i].line);
        assert_int_equal(err.column, rows[i].column);
    }
    dir_done(&d);
}

/* Broken directives: each stands behind BEFORE, three good lines. */
#define BEFORE                                                                 \
    "SecRule ARGS \"@rx a\" \"id:1,phase:1\"\nSecMarker M\n# a comment\n"

static const struct broken {
    const char *text;
    unsigned line, column; /* of TEXT alone */
} broken[] = {
    /* directives */
    {"SecRul ARGS a id:2", 1, 1},
    {"  Foo", 1, 3},
    {"SecRule", 1, 1},
    {"SecRule ARGS", 1, 1},
    {"SecRule ARGS a id:2 more", 1, 21},
    {"SecAction", 1, 1},
    {"SecAction id:2 id:3", 1, 16},
    {"SecMarker", 1, 1},
    {"SecMarker \"\"", 1, 12},
    {"SecMarker a b", 1, 13},
    {"<IfModule x>", 1, 1},
    {"SecRuleScript a.lua id:2", 1, 1},
    {"SecRemoteRules a b", 1, 1},
    {"SecHashEngine On", 1, 1},
    {"Include a.conf", 1, 9},
    {"Include", 1, 1},
    {"SecUnicodeMapFile u 20127", 1, 19},
    /* settings */
    {"SecRuleEngine Maybe", 1, 15},
    {"SecRuleEngine", 1, 1},
    {"SecRuleEngine On Off", 1, 18},
    {"SecRequestBodyAccess Yes", 1, 22},
    {"SecRequestBodyLimit lots", 1, 21},
    {"SecRequestBodyLimit -1", 1, 21},
    {"SecRequestBodyLimit 99999999999", 1, 21},
    {"SecRequestBodyLimitAction Drop", 1, 27},
    {"SecResponseBodyMimeType", 1, 1},
    {"SecResponseBodyMimeTypesClear x", 1, 31},
    {"SecArgumentSeparator &&", 1, 22},
    {"SecCookieFormat 2", 1, 17},
    {"SecDebugLogLevel 10", 1, 18},
    {"SecUploadFileMode 888", 1, 19},
    {"SecUploadFileMode 07777", 1, 19},
    {"SecAuditEngine Relevant", 1, 16},
    {"SecAuditLogParts ABz", 1, 20},
    {"SecAuditLogType Parallel", 1, 17},
    {"SecXmlExternalEntity On", 1, 22},
    {"SecPcreMatchLimit 0", 1, 19},
    {"SecCollectionTimeout never", 1, 22},
    {"SecStatusEngin Off", 1, 1},
    /* words */
    {"SecRule ARGS \"a id:2", 1, 14},
    {"SecRule ARGS \"a\"x id:2", 1, 17},
    {"SecRule ARGS a \"id:2,\n  phase:1\"", 1, 16},
    {"SecRule ARGS a \"id:2,\\ \n  phase:1\"", 1, 16},
    {"SecRule ARGS a 'id:2", 1, 16},
    {"# a \\\n \"id:2\"", 2, 3},
    /* variables */
    {"SecRule ARG a id:2", 1, 9},
    {"SecRule ARGS|ARGZ a id:2", 1, 14},
    {"SecRule ARGS:x| a id:2", 1, 16},
    {"SecRule \"\" a id:2", 1, 10},
    {"SecRule !ARGS:x a id:2", 1, 9},
    {"SecRule REQUEST_URI:x a id:2", 1, 21},
    {"SecRule XML a id:2", 1, 9},
    {"SecRule XML:x a id:2", 1, 13},
    {"SecRule ARGS:/x a id:2", 1, 14},
    {"SecRule TX:'x a id:2", 1, 12},
    {"SecRule &!ARGS a id:2", 1, 11},
    {"SecRule \"ARGS\\\n|ARGZ\" a id:2", 2, 2},
    {"SecRule ARGS:%{tx.a} a id:2", 1, 14},
    {"SecRule REQUEST_HEADER:Host a id:2", 1, 9},
    /* operators */
    {"SecRule ARGS @rxx id:2", 1, 15},
    {"SecRule ARGS \"@ a\" id:2", 1, 16},
    {"SecRule ARGS \"!@detectSQL\" id:2", 1, 17},
    {"SecRule ARGS \"@eq a\" id:2", 1, 19},
    {"SecRule ARGS \"@gt 1 2\" id:2", 1, 19},
    {"SecRule ARGS \"@lt\" id:2", 1, 18},
    {"SecRule ARGS \"@pm\" id:2", 1, 18},
    {"SecRule ARGS \"@pm  \" id:2", 1, 20},
    {"SecRule ARGS \"@pm %{tx.a}\" id:2", 1, 19},
    {"SecRule ARGS \"@ipMatch\" id:2", 1, 23},
    {"SecRule ARGS \"@pmFromFile x\" id:2", 1, 27},
    {"SecRule ARGS \"@detectXSS x\" id:2", 1, 26},
    {"SecRule ARGS \"@unconditionalMatch x\" id:2", 1, 35},
    {"SecRule ARGS \"@inspectFile x\" id:2", 1, 16},
    {"SecRule ARGS \"@fuzzyHash x 1\" id:2", 1, 16},
    {"SecRule ARGS \"@rsub s/a/b/\" id:2", 1, 16},
    {"SecRule ARGS \"@verifySSN 1\" id:2", 1, 16},
    {"SecRule ARGS \"@validateSchema x\" id:2", 1, 16},
    {"SecRule ARGS \"@streq %{tx.a\" id:2", 1, 22},
    {"SecRule ARGS \"@streq a%{nix}\" id:2", 1, 25},
    {"SecRule ARGS \"@rx a%{nix}\" id:2", 1, 22},
    {"SecRule ARGS \"@within %{request_uri.x}\" id:2", 1, 36},
    {"SecRule ARGS \"@streq \\\n a\\\n%{nix}\" id:2", 3, 3},
    /* actions */
    {"SecRule ARGS a", 1, 1},
    {"SecRule ARGS a \"\"", 1, 17},
    {"SecRule ARGS a \"pass\"", 1, 1},
    {"SecAction \"id:2,\"", 1, 17},
    {"SecAction \",id:2\"", 1, 12},
    {"SecAction \"id:2,,pass\"", 1, 17},
    {"SecAction \"id:2,poss\"", 1, 17},
    {"SecAction \"id:2 pass\"", 1, 12 + 3},
    {"SecAction \"id:'2' pass\"", 1, 12 + 7},
    {"SecAction \"id\"", 1, 14},
    {"SecAction \"id:\"", 1, 15},
    {"SecAction \"id:x\"", 1, 15},
    {"SecAction \"id:0\"", 1, 15},
    {"SecAction \"id:-2\"", 1, 15},
    {"SecAction \"id:4294967296\"", 1, 15},
    {"SecAction \"id:1\"", 1, 15},
    {"SecAction \"id:2,phase:0\"", 1, 23},
    {"SecAction \"id:2,phase:6\"", 1, 23},
    {"SecAction \"id:2,phase:log\"", 1, 23},
    {"SecAction \"id:2,pass:x\"", 1, 22},
    {"SecAction \"id:2,deny:403\"", 1, 22},
    {"SecAction \"id:2,allow:all\"", 1, 23},
    {"SecAction \"id:2,status:99\"", 1, 24},
    {"SecAction \"id:2,status:600\"", 1, 24},
    {"SecAction \"id:2,status:ok\"", 1, 24},
    {"SecAction \"id:2,severity:8\"", 1, 26},
    {"SecAction \"id:2,severity:'CRITCAL'\"", 1, 27},
    {"SecAction \"id:2,maturity:0\"", 1, 26},
    {"SecAction \"id:2,accuracy:10\"", 1, 26},
    {"SecAction \"id:2,t:lower\"", 1, 19},
    {"SecAction \"id:2,t:urlDecodeUnicode\"", 1, 19},
    {"SecAction \"id:2,t\"", 1, 18},
    {"SecAction \"id:2,msg\"", 1, 20},
    {"SecAction \"id:2,msg:'a\"", 1, 21},
    {"SecAction \"id:2,msg:'a'b\"", 1, 24},
    {"SecAction \"id:2,msg:'it's'\"", 1, 25},
    {"SecAction \"id:2,msg:'%{a}'\"", 1, 24},
    {"SecAction \"id:2,msg:'%{tx.a'\"", 1, 22},
    {"SecAction \"id:2,logdata:'a %{matched_vra}'\"", 1, 30},
    {"SecAction \"id:2,tag:'%{tx.}'\"", 1, 26},
    {"SecAction \"id:2,capture:1\"", 1, 25},
    {"SecAction \"id:2,multimatch:on\"", 1, 28},
    {"SecAction \"id:2,skip:x\"", 1, 22},
    {"SecAction \"id:2,skip:0\"", 1, 22},
    {"SecAction \"id:2,skipAfter\"", 1, 26},
    {"SecAction \"id:2,skipAfter:N\"", 1, 27},
    {"SecAction \"id:2,skipAfter:M\"", 1, 27},
    {"SecAction \"id:2,redirect\"", 1, 25},
    {"SecAction \"id:2,exec:/bin/x\"", 1, 17},
    {"SecAction \"id:2,proxy:http://x\"", 1, 17},
    {"SecAction \"id:2,pause:10\"", 1, 17},
    {"SecAction \"id:2,append:x\"", 1, 17},
    {"SecAction \"id:2,sanitiseArg:x\"", 1, 17},
    {"SecAction \"id:2,xmlns:a\"", 1, 23},
    {"SecAction \"id:2,\\\n  phase:1,\\\n  poss\"", 3, 3},
    {"SecAction \"id:2,\\\n  msg:'a\\\n  b',\\\n  t:nine\"", 4, 5},
    /* setvar and its kin */
    {"SecAction \"id:2,setvar\"", 1, 23},
    {"SecAction \"id:2,setvar:a=1\"", 1, 24},
    {"SecAction \"id:2,setvar:tx\"", 1, 24},
    {"SecAction \"id:2,setvar:tx.=1\"", 1, 24},
    {"SecAction \"id:2,setvar:tz.a=1\"", 1, 24},
    {"SecAction \"id:2,setvar:args.a=1\"", 1, 24},
    {"SecAction \"id:2,setvar:rule.a=1\"", 1, 24},
    {"SecAction \"id:2,setvar:!tx.a=1\"", 1, 25},
    {"SecAction \"id:2,setvar:tx.a=%{b}\"", 1, 31},
    {"SecAction \"id:2,setvar:tx.a=+%{b}\"", 1, 32},
    {"SecAction \"id:2,setvar:tx.%{b}=1\"", 1, 29},
    {"SecAction \"id:2,setvar:'tx.a'=1\"", 1, 30},
    {"SecAction \"id:2,setenv:a\"", 1, 24},
    {"SecAction \"id:2,setenv:!a=1\"", 1, 24},
    {"SecAction \"id:2,expirevar:ip.a\"", 1, 31},
    {"SecAction \"id:2,expirevar:ip.a=x\"", 1, 32},
    {"SecAction \"id:2,expirevar:args.a=1\"", 1, 27},
    {"SecAction \"id:2,initcol:ip\"", 1, 25},
    {"SecAction \"id:2,initcol:ip=\"", 1, 25},
    {"SecAction \"id:2,initcol:tx=1\"", 1, 25},
    {"SecAction \"id:2,initcol:args=1\"", 1, 25},
    {"SecAction \"id:2,initcol:ip=%{x}\"", 1, 30},
    {"SecAction \"id:2,setuid:%{x}\"", 1, 26},
    /* ctl */
    {"SecAction \"id:2,ctl\"", 1, 20},
    {"SecAction \"id:2,ctl:ruleEngine\"", 1, 21},
    {"SecAction \"id:2,ctl:ruleEngine=\"", 1, 21},
    {"SecAction \"id:2,ctl:ruleEngin=Off\"", 1, 21},
    {"SecAction \"id:2,ctl:ruleEngine=None\"", 1, 32},
    {"SecAction \"id:2,ctl:auditEngine=Maybe\"", 1, 33},
    {"SecAction \"id:2,ctl:auditLogParts=e\"", 1, 35},
    {"SecAction \"id:2,ctl:auditLogParts=+\"", 1, 35},
    {"SecAction \"id:2,ctl:requestBodyAccess=1\"", 1, 39},
    {"SecAction \"id:2,ctl:requestBodyLimit=x\"", 1, 38},
    {"SecAction \"id:2,ctl:requestBodyProcessor=YAML\"", 1, 42},
    {"SecAction \"id:2,ctl:ruleRemoveById=x\"", 1, 36},
    {"SecAction \"id:2,ctl:ruleRemoveById=2-1\"", 1, 36},
    {"SecAction \"id:2,ctl:'ruleRemoveById=1 x'\"", 1, 39},
    {"SecAction \"id:2,ctl:ruleRemoveTargetById=1\"", 1, 42},
    {"SecAction \"id:2,ctl:ruleRemoveTargetById=1;\"", 1, 44},
    {"SecAction \"id:2,ctl:ruleRemoveTargetById=x;ARGS\"", 1, 42},
    {"SecAction \"id:2,ctl:ruleRemoveTargetById=1;ARGZ:a\"", 1, 44},
    {"SecAction \"id:2,ctl:ruleRemoveTargetById=1;ARGS|TX\"", 1, 48},
    {"SecAction \"id:2,ctl:ruleRemoveTargetByTag=;ARGS\"", 1, 43},
    {"SecAction \"id:2,ctl:hashEngine=On\"", 1, 21},
    /* chains */
    {"SecAction \"id:2,chain\"", 1, 17},
    {"SecAction \"id:2,chain\"\nSecMarker N", 1, 17},
    {"SecAction \"id:2,chain\"\nSecRuleEngine On", 1, 17},
    {"SecAction \"id:2,chain\"\nSecRule ARGS a chain", 2, 16},
    {"SecAction \"id:2,chain\"\nSecRule ARGS a id:3", 2, 19},
    {"SecAction \"id:2,phase:1,chain\"\nSecRule ARGS a phase:2", 2, 16},
    {"SecAction \"id:2,chain\"\nSecRule ARGS a deny", 2, 16},
    {"SecAction \"id:2,chain\"\nSecRule ARGS a t:none,block", 2, 23},
    {"SecAction \"id:2,chain\"\nSecRule ARGS a skip:1", 2, 16},
    {"SecAction \"id:2,chain\"\nSecRule ARGS a skipAfter:N\nSecMarker N", 2,
     26},
    /* SecDefaultAction */
    {"SecDefaultAction pass", 1, 18},
    {"SecDefaultAction phase:1", 1, 18},
    {"SecDefaultAction phase:1,block", 1, 18},
    {"SecDefaultAction phase:1,pass,id:3", 1, 34},
    {"SecDefaultAction phase:1,pass,msg:a", 1, 31},
    {"SecDefaultAction phase:1,pass,severity:2", 1, 31},
    {"SecDefaultAction phase:1,pass,chain", 1, 31},
    {"SecDefaultAction phase:1,pass,skip:1", 1, 31},
    {"SecDefaultAction phase:1,pass,setvar:tx.a=1", 1, 18},
    {"SecDefaultAction phase:1,pass,capture", 1, 18},
    {"SecDefaultAction phase:1,pass\nSecDefaultAction phase:1,deny", 2, 18},
    /* exceptions */
    {"SecRuleRemoveById", 1, 1},
    {"SecRuleRemoveById x", 1, 19},
    {"SecRuleRemoveById 1 2-", 1, 21},
    {"SecRuleRemoveById 5-2", 1, 19},
    {"SecRuleRemoveByTag \"\"", 1, 21},
    {"SecRuleUpdateTargetById 1", 1, 1},
    {"SecRuleUpdateTargetById x !ARGS:a", 1, 25},
    {"SecRuleUpdateTargetById 1 !ARGZ:a", 1, 28},
    {"SecRuleUpdateTargetById 1 \"!ARGS:a|\"", 1, 36},
    {"SecRuleUpdateTargetById 1 !ARGS:a ARGS:b", 1, 35},
    {"SecAction id:2\nSecRuleUpdateTargetById 2 !ARGS:a", 2, 25},
    {"SecRuleUpdateActionById 1 pess", 1, 27},
    {"SecRuleUpdateActionById 1 id:2", 1, 27},
    {"SecRuleUpdateActionById 1 phase:2", 1, 27},
    {"SecRuleUpdateActionById 1:1 deny", 1, 29},
    {"SecRuleUpdateActionById 1:x deny", 1, 25},
    {"SecRuleUpdateActionById x deny", 1, 25},
};

static void test_broken(void **state)
{
    unsigned wrong = 0;

    for (size_t i = 0; i < HB_ARRAY_LEN(broken); i++) {
        struct hb_waf_rules *rules = NULL;
        struct hb_buf b = HB_BUF_INIT;
        int r;

        /* With and without good lines before it, and one behind it: not
         * where the error is that the file ends. */
        for (unsigned before = 0; before < 2; before++) {
            hb_buf_reset(&b);
            hb_buf_addz(&b, before ? BEFORE : "SecMarker M\n");
            if (!before)
                hb_buf_addz(&b, "SecRule ARGS \"@rx a\" \"id:1,phase:1\"\n");
            hb_buf_addz(&b, broken[i].text);
            if (before && strstr(broken[i].text, "chain") == NULL)
                hb_buf_addz(&b, "\nSecMarker P\n");
            err = (struct hb_err){0};
            r = hb_waf_rules_parse(hb_buf_slice(&b), "x.conf", NULL, &rules,
                                   &err);
            if (r == 0) {
                print_error("taken: %s\n", broken[i].text);
                hb_waf_rules_free(rules);
                wrong++;
                continue;
            }
            if (err.line != broken[i].line + (before ? 3 : 2) ||
                err.column != broken[i].column || err.message[0] == '\0') {
                print_error("%s: %u:%u %s\n", broken[i].text,
                            err.line - (before ? 3 : 2), err.column,
                            err.message);
                wrong++;
            }
        }
        hb_buf_done(&b);
    }
    print_message("# %zu broken variants\n", HB_ARRAY_LEN(broken));
    assert_true(HB_ARRAY_LEN(broken) >= 200);
    assert_int_equal(wrong, 0);
}

static void test_did_you_mean(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"SecRul ARGS a id:2", "\"SecRule\"?"},
        {"SecRequestBodyAcess On", "\"SecRequestBodyAccess\"?"},
        {"SecRule REQUEST_HEADRS a id:2", "\"REQUEST_HEADERS\"?"},
        {"SecRule ARGS \"@detectSQL\" id:2", "\"detectSQLi\"?"},
        {"SecAction id:2,t:lowercas", "\"lowercase\"?"},
        {"SecAction id:2,blok", "\"block\"?"},
        {"SecAction id:2,ctl:ruleEngin=On", "\"ruleEngine\"?"},
        {"SecAction id:2,severity:CRITCAL", "\"CRITICAL\"?"},
        {"SecAction id:2,skipAfter:END-X\nSecMarker END-Y", "\"END-Y\"?"},
        {"SecRuleEngine Offf", "\"Off\"?"},
        /* What is shown of the file stays UTF-8. */
        {"SecAction id:2,\xe9\xff\xe6\x97\xa5", "\"??日\""},
        {"Sec_日本語日本語日本語日本語日本語日本語日本語", "語日本語\""},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct hb_waf_rules *rules = NULL;

        err = (struct hb_err){0};
        assert_true(hb_waf_rules_parse(hb_slice_z(rows[i].text), "x", NULL,
                                       &rules, &err) < 0);
        if (strstr(err.message, rows[i].want) == NULL)
            print_error("%s: %s\n", rows[i].text, err.message);
        assert_non_null(strstr(err.message, rows[i].want));
    }
}

/* Each allocation in turn fails: an error, nothing lost. */
static void test_no_memory(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    unsigned n = 0;
    bool pending;

    hb_buf_addz(&b, "SecDefaultAction phase:1,pass,tag:d\n");
    for (unsigned i = 1; i < 200; i++)
        hb_buf_addf(&b,
                    "SecRule ARGS|!ARGS:/x/ \"@within %%{tx.a}\" \"id:%u,"
                    "phase:1,t:lowercase,msg:'a\\'%%{tx.0}',tag:t,skipAfter:E,"
                    "setvar:tx.a=+1,ctl:ruleRemoveById=1-2\"\n"
                    "SecRuleUpdateTargetById %u !ARGS:y\n"
                    "SecRuleRemoveById 9999\n",
                    i, i);
    hb_buf_addz(&b, "SecMarker E\n");
    do {
        struct hb_waf_rules *rules = NULL;
        int r;

        err = (struct hb_err){0};
        hb_fault_set(HB_FAULT_ALLOC, ++n);
        r = hb_waf_rules_parse(hb_buf_slice(&b), "x", NULL, &rules, &err);
        pending = hb_fault_pending(HB_FAULT_ALLOC);
        hb_fault_set(HB_FAULT_ALLOC, 0);
        assert_int_equal(r, pending ? 0 : -ENOMEM);
        assert_int_equal(err.code, r);
        hb_waf_rules_free(rules);
    } while (!pending);
    print_message("# %u allocations\n", n - 1);
    hb_buf_done(&b);
}

/* Where the Core Rule Set and other data of the tests lie. */
static bool shared(char *buf, size_t size, const char *name)
{
    const char *dir = getenv("HB_SHARED"), *root = getenv("HB_SOURCE_ROOT");
    struct stat st;

    if (dir != NULL)
        (void)snprintf(buf, size, "%s/%s", dir, name);
    else
        (void)snprintf(buf, size, "%s/../shared/%s", root != NULL ? root : ".",
                       name);
    return stat(buf, &st) == 0;
}

struct counts {
    unsigned heads, links, phases[HB_WAF_PHASES + 1], ops[HB_WAF_OP_COUNT];
    unsigned skips, seqs_args, phrases;
};

static void count(const struct hb_waf_rules *rules, struct counts *c)
{
    bool args[256] = {false};

    *c = (struct counts){0};
    assert_true(rules->n_seq <= HB_ARRAY_LEN(args));
    for (uint32_t i = 0; i < rules->n_rule; i++) {
        const struct hb_waf_rule *r = &rules->rule[i];

        c->links += r->link;
        c->heads += !r->link;
        c->phases[r->phase] += !r->link;
        c->ops[r->op.kind] += !r->unconditional;
        c->skips += r->skip_to != HB_WAF_NO_SKIP;
        for (uint32_t k = 0; k < r->n_var; k++)
            if (r->var[k].coll == HB_WAF_VAR_ARGS && !r->var[k].count &&
                r->var[k].sel == HB_WAF_SEL_ALL)
                args[r->seq] = true;
        for (uint32_t k = 0; k < r->op.n_file; k++)
            c->phrases += r->op.file[k]->n;
    }
    for (uint32_t i = 0; i < rules->n_seq; i++)
        c->seqs_args += args[i];
}

struct want_op {
    enum hb_waf_op op;
    unsigned n;
};

static struct hb_waf_rules *load_crs(const char *text)
{
    struct hb_waf_rules *rules;
    struct timespec from, to;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    rules = load_in(text, "");
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    print_message("# loaded in %.1f ms of CPU, %zu KiB\n",
                  (double)(to.tv_sec - from.tv_sec) * 1e3 +
                      (double)(to.tv_nsec - from.tv_nsec) / 1e6,
                  hb_arena_used(rules->arena) >> 10);
    assert_int_equal(rules->n_note, 0);
    return rules;
}

static void assert_counts(const struct counts *c, const unsigned phases[5],
                          const struct want_op *ops, size_t n)
{
    unsigned all = 0, wanted = 0;

    for (unsigned p = 1; p <= HB_WAF_PHASES; p++)
        assert_int_equal(c->phases[p], phases[p - 1]);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(c->ops[ops[i].op], ops[i].n);
        wanted += ops[i].n;
    }
    for (unsigned i = 0; i < HB_WAF_OP_COUNT; i++)
        all += c->ops[i];
    assert_int_equal(all, wanted);
}

#define OP(name, n)                                                            \
    {                                                                          \
        HB_WAF_OP_##name, n                                                    \
    }

/* As written, with t:none: those that only say it differ. */
static unsigned written_sequences(const char *dir)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_rules *rules = NULL;
    struct hb_map *seen = hb_map_new();
    struct hb_seclang_line *line = HB_NEW(a, struct hb_seclang_line);
    char *text = hb_arena_printf(a, "Include %s/rules/*.conf\n", dir);
    const char *file = "";
    unsigned n;

    rules = load_in(text, "");
    for (uint32_t i = 0; i < rules->n_rule; i++) {
        struct hb_seclang s;
        struct hb_slice all;

        if (hb_streq(rules->rule[i].file, file))
            continue;
        file = rules->rule[i].file;
        assert_int_equal(hb_file_read(a, file, 4u << 20, &all), 0);
        assert_int_equal(hb_seclang_open(&s, a, file, all, &err), 0);
        while (hb_seclang_next(&s, line) == 1) {
            struct hb_waf_rule rule = {0};
            struct hb_seclang_actions act = {.rule = &rule};
            size_t at = line->word[0].text.n == 7 ? 3 : 1;
            char *key;

            if (line->n <= at ||
                (!hb_slice_eq(line->word[0].text, HB_SLICE("SecRule")) &&
                 !hb_slice_eq(line->word[0].text, HB_SLICE("SecAction"))))
                continue;
            assert_int_equal(hb_seclang_actions(&s, &line->word[at], &act), 0);
            key = hb_arena_printf(a, "%c%.*s", act.has_none ? '-' : '+',
                                  (int)act.n_t, (const char *)act.t);
            assert_int_equal(hb_map_put(seen, hb_slice(key, act.n_t + 1), a),
                             0);
        }
    }
    n = (unsigned)hb_map_count(seen);
    hb_map_free(seen);
    hb_waf_rules_free(rules);
    hb_arena_free(a);
    return n;
}

static void test_crs_4(void **state)
{
    static const struct want_op ops[] = {
        OP(RX, 318),
        OP(LT, 190),
        OP(EQ, 53),
        OP(GE, 42),
        OP(PMFROMFILE, 21),
        OP(GT, 15),
        OP(PM, 12),
        OP(STREQ, 9),
        OP(WITHIN, 9),
        OP(ENDSWITH, 6),
        OP(VALIDATEBYTERANGE, 6),
        OP(CONTAINS, 4),
        OP(IPMATCH, 2),
        OP(DETECTXSS, 2),
        OP(DETECTSQLI, 2),
        OP(UNCONDITIONALMATCH, 1),
        OP(VALIDATEUTF8ENCODING, 1),
        OP(VALIDATEURLENCODING, 1),
        OP(BEGINSWITH, 1),
    };
    static const unsigned phases[] = {173, 292, 43, 109, 13};
    char crs[4096], text[16384];
    struct hb_waf_rules *rules;
    struct counts c;

    if (!shared(crs, sizeof(crs), "waf/crs"))
        hb_tap_skip("no Core Rule Set 4 here");
    (void)snprintf(text, sizeof(text),
                   "Include %s/crs-setup.conf.example\n"
                   "Include %s/rules/*.example\nInclude %s/rules/*.conf\n",
                   crs, crs, crs);
    rules = load_crs(text);
    count(rules, &c);
    assert_int_equal(c.heads, 630);
    assert_int_equal(c.links, 73);
    assert_counts(&c, phases, ops, HB_ARRAY_LEN(ops));
    assert_int_equal(c.skips, 206);
    assert_int_equal(c.phrases, 7961);
    /* t:none says nothing here, as no default transforms: 42 are left. */
    assert_int_equal(written_sequences(crs), 46);
    assert_int_equal(rules->n_seq, 42);
    assert_int_equal(c.seqs_args, 36);
    assert_int_equal(rule_of(rules, 942421)->n_ex, 12);
    hb_waf_rules_free(rules);
}

/* The text of a file with FROM replaced by TO. */
static void replaced(struct hb_buf *b, struct hb_slice text, const char *from,
                     const char *to)
{
    for (const char *p = text.p, *at; *p != '\0'; p = at) {
        at = strstr(p, from);
        if (at == NULL)
            at = p + strlen(p);
        hb_buf_add(b, p, (size_t)(at - p));
        if (*at != '\0') {
            hb_buf_addz(b, to);
            at += strlen(from);
        }
    }
}

/* The set that the regression tests run with. */
static void test_crs_for_tests(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_buf b = HB_BUF_INIT, c = HB_BUF_INIT;
    struct hb_waf_rules *rules;
    struct hb_slice text;
    char path[4096], *cut;

    if (!shared(path, sizeof(path),
                "waf/tests/modsecurity-for-tests.conf.in")) {
        hb_arena_free(a);
        hb_tap_skip("no Core Rule Set 4 here");
    }
    assert_int_equal(hb_file_read(a, path, 1u << 20, &text), 0);
    cut = strstr(path, "/waf/tests/");
    *cut = '\0';
    replaced(&b, text, "@TMP@", "/tmp");
    replaced(&c, hb_buf_slice(&b), "@SHARED@", path);
    rules = load_in(hb_buf_z(&c), "");
    assert_int_equal(rules->n_rule, 718);
    assert_int_equal(rules->settings.engine, HB_WAF_DETECT);
    assert_int_equal(rules->settings.n_mime, 4);
    assert_int_equal(rule_of(rules, 200005)->var[0].sel, HB_WAF_SEL_RX);
    hb_waf_rules_free(rules);
    hb_buf_done(&b);
    hb_buf_done(&c);
    hb_arena_free(a);
}

static void test_crs_3(void **state)
{
    static const struct want_op ops[] = {
        OP(RX, 265),
        OP(LT, 190),
        OP(EQ, 124),
        OP(GE, 22),
        OP(PMFROMFILE, 19),
        OP(GT, 13),
        OP(PM, 6),
        OP(STREQ, 37),
        OP(WITHIN, 9),
        OP(ENDSWITH, 67),
        OP(VALIDATEBYTERANGE, 6),
        OP(CONTAINS, 20),
        OP(IPMATCH, 3),
        OP(DETECTXSS, 2),
        OP(DETECTSQLI, 2),
        OP(VALIDATEUTF8ENCODING, 1),
        OP(VALIDATEURLENCODING, 2),
        OP(GEOLOOKUP, 1),
        OP(RBL, 1),
    };
    static const unsigned phases[] = {147, 389, 24, 58, 16};
    const char *dir = "/usr/share/modsecurity-crs/rules";
    struct hb_waf_rules *rules;
    struct counts c;
    struct stat st;

    if (stat(dir, &st) < 0)
        hb_tap_skip("modsecurity-crs is not installed");
    rules = load_crs(
        "Include /etc/modsecurity/crs/crs-setup.conf\n"
        "IncludeOptional "
        "/etc/modsecurity/crs/REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf\n"
        "Include /usr/share/modsecurity-crs/rules/*.conf\n"
        "IncludeOptional "
        "/etc/modsecurity/crs/RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf\n");
    count(rules, &c);
    assert_int_equal(c.heads, 634);
    assert_int_equal(c.links, 166);
    assert_counts(&c, phases, ops, HB_ARRAY_LEN(ops));
    hb_waf_rules_free(rules);
}

/* The N-th place of OLD in TEXT, outside of comments; NULL where there are
 * fewer. */
static const char *nth(const char *text, const char *old, unsigned n)
{
    const char *p = text;

    while ((p = strstr(p, old)) != NULL) {
        const char *line = p;

        while (line > text && line[-1] != '\n')
            line--;
        line += strspn(line, " \t");
        if (*line != '#' && n-- == 0)
            return p;
        p++;
    }
    return NULL;
}

/* Slips of the pen all over a real file give the line in which they are. */
static void test_crs_broken(void **state)
{
    static const struct {
        const char *old, *slip;
    } slips[] = {
        {"@rx ", "@rxx "},
        {"phase:", "phaze:"},
        {"t:none", "t:nine"},
        {"ARGS|", "ARGZ|"},
        {"SecRule ", "SecRul "},
        {"%{tx.", "%{ty."},
        {"setvar:'tx.", "setvar:'ty."},
        {"capture,", "captur,"},
    };
    char path[4096];
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text;
    unsigned n = 0;

    if (!shared(path, sizeof(path),
                "waf/crs/rules/REQUEST-942-APPLICATION-ATTACK-SQLI.conf")) {
        hb_arena_free(a);
        hb_tap_skip("no Core Rule Set 4 here");
    }
    assert_int_equal(hb_file_read(a, path, 4u << 20, &text), 0);
    for (size_t i = 0; i < HB_ARRAY_LEN(slips); i++) {
        for (unsigned k = 0; k < 25; k++) {
            const char *at = nth(text.p, slips[i].old, k);
            struct hb_waf_rules *rules = NULL;
            struct hb_buf b = HB_BUF_INIT;
            unsigned line = 1;

            if (at == NULL)
                break;
            for (const char *p = text.p; p < at; p++)
                line += *p == '\n';
            hb_buf_add(&b, text.p, (size_t)(at - text.p));
            hb_buf_addz(&b, slips[i].slip);
            hb_buf_addz(&b, at + strlen(slips[i].old));
            err = (struct hb_err){0};
            assert_int_equal(
                hb_waf_rules_parse(hb_buf_slice(&b), "x", NULL, &rules, &err),
                -EBADMSG);
            if (err.line != line)
                print_error("%s %u: %u, not %u: %s\n", slips[i].slip, k,
                            err.line, line, err.message);
            assert_int_equal(err.line, line);
            hb_buf_done(&b);
            n++;
        }
    }
    print_message("# %u slips\n", n);
    hb_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_phases),
        cmocka_unit_test(test_long_chain),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_update_actions),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_include),
        cmocka_unit_test(test_no_include),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_did_you_mean),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_crs_4),
        cmocka_unit_test(test_crs_for_tests),
        cmocka_unit_test(test_crs_3),
        cmocka_unit_test(test_crs_broken),
    };

    return hb_tap_run("guard/waf/rules", tests);
}
