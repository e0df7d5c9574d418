/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_seclang.c - words, variables, macros, operators and actions, each by
 * small examples and as what they become.
 */
#include "guard/waf/seclang.h"

#include "base/buf.h"
#include "tap.h"

static struct hb_arena *arena;
static struct hb_err err;
static struct hb_seclang src;

static int setup(void **state)
{
    arena = hb_arena_new(0);
    return arena == NULL;
}

static int teardown(void **state)
{
    hb_arena_free(arena);
    return 0;
}

static void begin(const char *text)
{
    err = (struct hb_err){0};
    assert_int_equal(
        hb_seclang_open(&src, arena, "x.conf", hb_slice_z(text), &err), 0);
}

/* The one directive of TEXT. */
static const struct hb_seclang_line *line_of(const char *text)
{
    static struct hb_seclang_line line;

    begin(text);
    assert_int_equal(hb_seclang_next(&src, &line), 1);
    return &line;
}

static void add_slice(struct hb_buf *b, struct hb_slice s)
{
    hb_buf_add(b, s.p, s.n);
}

/* "1:a|b c;3:d|" */
static void test_words(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", ""},
        {"\n \t\r\n# a\n", ""},
        {"a", "1:a|;"},
        {"a b\nc", "1:a|b|;2:c|;"},
        {"  a\tb  \r\n", "1:a|b|;"},
        {"\xef\xbb\xbf"
         "a",
         "1:a|;"},
        {"a \"b c\" 'd e'", "1:a|b c|d e|;"},
        {"a \"\" b", "1:a||b|;"},
        {"a \"x\\\"y\"", "1:a|x\"y|;"},
        {"a 'x\\'y\"'", "1:a|x'y\"|;"},
        {"a \"x'y\\'\"", "1:a|x'y\\'|;"},
        {"a \"\\d\\\\\" b", "1:a|\\d\\\\|b|;"},
        {"a\\d \\\\", "1:a\\d|\\\\|;"},
        {"a \\\n b\nc", "1:a|b|;3:c|;"},
        {"a \"b,\\\n  c\" d\ne", "1:a|b,  c|d|;3:e|;"},
        {"a \"b\"\\\n\"c\"", "1:a|b|c|;"},
        {"a b\\\r\nc", "1:a|bc|;"},
        {"a #b", "1:a|#b|;"},
        {"# x \\\na", "2:a|;"},
        {"a\n#\n\nb", "1:a|;4:b|;"},
        {"a \"日本 語\"", "1:a|日本 語|;"},
    };
    struct hb_buf b = HB_BUF_INIT;
    struct hb_seclang_line line;

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        hb_buf_reset(&b);
        begin(rows[i].text);
        while (hb_seclang_next(&src, &line) == 1) {
            hb_buf_addf(&b, "%u:", line.line);
            for (size_t k = 0; k < line.n; k++) {
                add_slice(&b, line.word[k].text);
                hb_buf_addz(&b, "|");
            }
            hb_buf_addz(&b, ";");
        }
        assert_int_equal(err.code, 0);
        assert_string_equal(hb_buf_z(&b), rows[i].want);
    }
    hb_buf_done(&b);
}

static void test_no_words(void **state)
{
    static const struct {
        const char *text;
        unsigned line, column;
    } rows[] = {
        {"a \"b", 1, 3},          {"a\nb \"c\nd\"", 2, 3},
        {"a \"b \\ \nc\"", 1, 3}, {"a 'b", 1, 3},
        {"a \"b\"c", 1, 6},       {"a \"b\\", 1, 3},
        {"a \\\n\"b\"c", 2, 4},
    };
    struct hb_seclang_line line;

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        int r;

        begin(rows[i].text);
        while ((r = hb_seclang_next(&src, &line)) == 1)
            ;
        assert_int_equal(r, -EBADMSG);
        assert_int_equal(err.line, rows[i].line);
        assert_int_equal(err.column, rows[i].column);
        assert_string_equal(err.file, "x.conf");
    }
}

static void test_no_text(void **state)
{
    static char big[HB_SECLANG_FILE + 1];
    struct hb_buf b = HB_BUF_INIT;
    struct hb_seclang_line line;

    err = (struct hb_err){0};
    assert_int_equal(
        hb_seclang_open(&src, arena, "x", hb_slice("a\nb\0c", 5), &err),
        -EBADMSG);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 2);
    err = (struct hb_err){0};
    assert_int_equal(
        hb_seclang_open(&src, arena, "x", hb_slice(big, sizeof(big)), &err),
        -EFBIG);
    for (unsigned i = 0; i <= HB_SECLANG_WORDS; i++)
        hb_buf_addz(&b, "a ");
    begin(hb_buf_z(&b));
    assert_int_equal(hb_seclang_next(&src, &line), -EBADMSG);
    hb_buf_done(&b);
}

static void add_var(struct hb_buf *b, const struct hb_waf_var *v)
{
    static const char *const sel[] = {"", ":", "~", "?"};

    hb_buf_addf(b, "%s%s%s", v->count ? "&" : "", hb_waf_coll_name(v->coll),
                sel[v->sel]);
    add_slice(b, v->key);
    hb_buf_addz(b, " ");
}

static void test_vars(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"ARGS", "ARGS "},
        {"args|Request_Uri", "ARGS REQUEST_URI "},
        {"&ARGS:a", "&ARGS:a "},
        {"ARGS|!ARGS:b", "ARGS !ARGS:b "},
        {"ARGS:/^a|b$/|TX:1", "ARGS~^a|b$ TX:1 "},
        {"ARGS:/a\\/b/|TX:x", "ARGS~a\\/b TX:x "},
        {"ARGS:/a/b/", "ARGS~a/b "},
        {"TX:'/WEB ATTACK/'", "TX~WEB ATTACK "},
        {"ARGS:'a|b'|TX:x", "ARGS:a|b TX:x "},
        {"REQUEST_HEADERS:User-Agent", "REQUEST_HEADERS:User-Agent "},
        {"XML:/*|XML://@*", "XML?/* XML?//@* "},
        {"XML:/a/b[1]|ARGS", "XML?/a/b[1] ARGS "},
        {"ARGS,ARGS_NAMES", "ARGS ARGS_NAMES "},
        {"ARGS|&ARGS|! ARGS:x", "ARGS &ARGS !ARGS:x "},
        {"ARGS | TX:a", "ARGS TX:a "},
        {"!REQUEST_COOKIES:/^_ga(?:_\\w+)?$/|ARGS",
         "ARGS !REQUEST_COOKIES~^_ga(?:_\\w+)?$ "},
        {"MULTIPART_PART_HEADERS:_charset_",
         "MULTIPART_PART_HEADERS:_charset_ "},
        {"ARGS:a b", "ARGS:a b "},
    };
    struct hb_seclang_word w = {0};
    struct hb_buf b = HB_BUF_INIT;

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct hb_waf_rule rule = {0};

        begin(rows[i].text);
        hb_buf_reset(&b);
        assert_int_equal(hb_seclang_vars(&src, hb_seclang_at(&w, 0),
                                         hb_slice_z(rows[i].text), &rule),
                         0);
        for (uint32_t k = 0; k < rule.n_var; k++)
            add_var(&b, &rule.var[k]);
        for (uint32_t k = 0; k < rule.n_ex; k++) {
            hb_buf_addz(&b, "!");
            add_var(&b, &rule.ex[k]);
        }
        assert_string_equal(hb_buf_z(&b), rows[i].want);
    }
    hb_buf_done(&b);
}

static void test_no_vars(void **state)
{
    static const struct {
        const char *text;
        unsigned column;
    } rows[] = {
        {"", 1},          {"ARGZ", 1},           {"ARGS|", 6},
        {"|ARGS", 1},     {"ARGS||TX", 6},       {"ARGS:", 6},
        {"!&ARGS", 3},    {"REQUEST_URI:a", 13}, {"XML", 1},
        {"XML:a", 5},     {"ARGS:/a", 6},        {"ARGS:'a", 6},
        {"ARGS:''", 7},   {"ARGS;TX:a", 5},      {"ARGS:%{tx.a}", 6},
        {"ARGS:/a/x", 6}, {"ARGS TX", 6},        {"TX:a|NONE:b", 6},
        {"ARGS:'/a'", 7}, {"ARGS:'a'b", 9},      {"&", 2},
    };
    struct hb_seclang_word w = {0};

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct hb_waf_rule rule = {0};

        begin(rows[i].text);
        assert_int_equal(hb_seclang_vars(&src, hb_seclang_at(&w, 0),
                                         hb_slice_z(rows[i].text), &rule),
                         -EBADMSG);
        if (err.column != rows[i].column)
            print_error("%s: %u, not %u: %s\n", rows[i].text, err.column,
                        rows[i].column, err.message);
        assert_int_equal(err.column, rows[i].column);
    }
}

/* a<TX.x>b */
static void add_text(struct hb_buf *b, const struct hb_waf_text *t)
{
    if (t->n == 0)
        add_slice(b, t->raw);
    for (uint32_t i = 0; i < t->n; i++) {
        const struct hb_waf_part *p = &t->part[i];

        if (p->macro)
            hb_buf_addf(b, "<%s%s", hb_waf_coll_name(p->coll),
                        p->sel == HB_WAF_SEL_KEY ? "." : "");
        add_slice(b, p->text);
        if (p->macro)
            hb_buf_addz(b, ">");
    }
}

static void test_macros(void **state)
{
    static const struct {
        const char *text, *want, *rx; /* NULL: an error */
    } rows[] = {
        {"", "", ""},
        {"plain %d %%", "plain %d %%", "plain %d %%"},
        {"%{tx.a}", "<TX.a>", "<TX.a>"},
        {"x%{MATCHED_VAR}y", "x<MATCHED_VAR>y", "x<MATCHED_VAR>y"},
        {"%{tx.a}%{tx.B}", "<TX.a><TX.B>", "<TX.a><TX.B>"},
        {"%{request_headers.User-Agent}", "<REQUEST_HEADERS.User-Agent>",
         "<REQUEST_HEADERS.User-Agent>"},
        {"%{ARGS._charset_}|", "<ARGS._charset_>|", "<ARGS._charset_>|"},
        {"%{TX:a.b}", "<TX.a.b>", "<TX.a.b>"},
        {"%{rule.msg}", "<RULE.msg>", "<RULE.msg>"},
        {"%{2,3}", NULL, "%{2,3}"},
        {"%{", NULL, "%{"},
        {"%{a", NULL, "%{a"},
        {"a%{nothing}", NULL, NULL},
        {"%{}", NULL, NULL},
        {"%{tx.}", NULL, NULL},
        {"%{tx-a}", NULL, NULL},
        {"%{request_uri.a}", NULL, NULL},
    };
    struct hb_seclang_word w = {0};
    struct hb_buf b = HB_BUF_INIT;

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct hb_waf_text t;
        int r;

        begin(rows[i].text);
        r = hb_seclang_text(&src, hb_seclang_at(&w, 0),
                            hb_slice_z(rows[i].text), &t);
        assert_int_equal(r, rows[i].want != NULL ? 0 : -EBADMSG);
        hb_buf_reset(&b);
        if (r == 0)
            add_text(&b, &t);
        assert_string_equal(hb_buf_z(&b), r == 0 ? rows[i].want : "");
        r = hb_seclang_rx_text(&src, hb_seclang_at(&w, 0),
                               hb_slice_z(rows[i].text), &t);
        assert_int_equal(r, rows[i].rx != NULL ? 0 : -EBADMSG);
        hb_buf_reset(&b);
        if (r == 0)
            add_text(&b, &t);
        assert_string_equal(hb_buf_z(&b), r == 0 ? rows[i].rx : "");
    }
    hb_buf_done(&b);
}

static void test_ops(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"SecRule A \"@rx ^a b$\"", "rx(^a b$)"},
        {"SecRule A \"^a\"", "rx(^a)"},
        {"SecRule A ^a", "rx(^a)"},
        {"SecRule A \"!@rx a\"", "!rx(a)"},
        {"SecRule A \"!a\"", "!rx(a)"},
        {"SecRule A \"! @pm a b \"", "!pm(a b )"},
        {"SecRule A \"@RX  a\"", "rx(a)"},
        {"SecRule A \"@rx\"", "rx()"},
        {"SecRule A \"@pmf a.data\"", "pmFromFile(a.data)"},
        {"SecRule A \"@ipMatchF a b\"", "ipMatchFromFile(a b)"},
        {"SecRule A \"@contains <h1 style=\\\"\"", "contains(<h1 style=\")"},
        {"SecRule A \"@within %{tx.a} x\"", "within(<TX.a> x)"},
        {"SecRule A \"@eq 0\"", "eq(0)"},
        {"SecRule A \"@ge -1\"", "ge(-1)"},
        {"SecRule A \"@lt %{tx.1}\"", "lt(<TX.1>)"},
        {"SecRule A \"@detectSQLi\"", "detectSQLi()"},
        {"SecRule A @detectXSS", "detectXSS()"},
        {"SecRule A \"@unconditionalMatch \"", "unconditionalMatch()"},
        {"SecRule A \"@streq \"", "streq()"},
        {"SecRule A \"@validateByteRange 1-255\"", "validateByteRange(1-255)"},
        {"SecRule A \"@rx a{2}%{3}\"", "rx(a{2}%{3})"},
    };
    struct hb_buf b = HB_BUF_INIT;

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        const struct hb_seclang_line *line = line_of(rows[i].text);
        struct hb_waf_rule_op op;

        assert_int_equal(hb_seclang_op(&src, &line->word[2], &op), 0);
        hb_buf_reset(&b);
        hb_buf_addf(&b, "%s%s(", op.negated ? "!" : "",
                    hb_waf_op_name(op.kind));
        add_text(&b, &op.arg);
        hb_buf_addz(&b, ")");
        assert_string_equal(hb_buf_z(&b), rows[i].want);
    }
    hb_buf_done(&b);
}

static const char *const set_ops[] = {"=", "=+", "=-", "!"};

static void add_ctl(struct hb_buf *b, const struct hb_waf_ctl *c)
{
    hb_buf_addf(b, "ctl%d:%llu/%u-%u/", c->kind, (unsigned long long)c->number,
                (unsigned)c->id_from, (unsigned)c->id_to);
    add_slice(b, c->text);
    if (c->kind >= HB_WAF_CTL_RULEREMOVETARGETBYID) {
        hb_buf_addz(b, "/");
        add_var(b, &c->target);
    }
    hb_buf_addz(b, ";");
}

static void add_lists(struct hb_buf *b, const struct hb_waf_rule *rule)
{
    for (uint32_t i = 0; i < rule->n_tag; i++) {
        hb_buf_addz(b, "tag:");
        add_text(b, &rule->tag[i]);
        hb_buf_addz(b, ";");
    }
    for (uint32_t i = 0; i < rule->n_set; i++) {
        hb_buf_addf(b, "%s.", hb_waf_coll_name(rule->set[i].coll));
        add_text(b, &rule->set[i].name);
        hb_buf_addz(b, set_ops[rule->set[i].kind]);
        add_text(b, &rule->set[i].value);
        hb_buf_addz(b, ";");
    }
    for (uint32_t i = 0; i < rule->n_expire; i++) {
        hb_buf_addf(b, "%s.", hb_waf_coll_name(rule->expire[i].coll));
        add_text(b, &rule->expire[i].name);
        hb_buf_addz(b, "@");
        add_text(b, &rule->expire[i].seconds);
        hb_buf_addz(b, ";");
    }
    for (uint32_t i = 0; i < rule->n_initcol; i++) {
        hb_buf_addf(b, "%s<-", hb_waf_coll_name(rule->initcol[i].coll));
        add_text(b, &rule->initcol[i].key);
        hb_buf_addz(b, ";");
    }
    for (uint32_t i = 0; i < rule->n_ctl; i++)
        add_ctl(b, &rule->ctl[i]);
}

/* Lists of actions, as the lists of a rule. */
static void test_action_lists(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"tag:a,tag:'b, c',tag:'d\\'e'", "tag:a;tag:b, c;tag:d'e;"},
        {"tag:'Host: %{request_headers.host}'",
         "tag:Host: <REQUEST_HEADERS.host>;"},
        {"setvar:tx.a=1", "TX.a=1;"},
        {"setvar:'tx.a=b=c, d'", "TX.a=b=c, d;"},
        {"setvar:tx.seen", "TX.seen=1;"},
        {"setvar:!tx.a,setvar:'!ip.b'", "TX.a!;IP.b!;"},
        {"setvar:tx.a=+%{tx.b}", "TX.a=+<TX.b>;"},
        {"setvar:'tx.a=-3'", "TX.a=-3;"},
        {"setvar:'tx.a_%{tx.0}=/%{tx.0}/'", "TX.a_<TX.0>=/<TX.0>/;"},
        {"setvar:tx.a=", "TX.a=;"},
        {"setvar:'tx.msg=%{rule.msg}'", "TX.msg=<RULE.msg>;"},
        {"setenv:a=b,setenv:!c", "ENV.a=b;ENV.c!;"},
        {"expirevar:'ip.a=60'", "IP.a@60;"},
        {"expirevar:ip.a=%{tx.b}", "IP.a@<TX.b>;"},
        {"initcol:ip=%{remote_addr}_x", "IP<-<REMOTE_ADDR>_x;"},
        {"initcol:global=global", "GLOBAL<-global;"},
        {"setuid:%{args.user},setsid:1,setrsc:2",
         "USER<-<ARGS.user>;SESSION<-1;RESOURCE<-2;"},
        {"ctl:ruleEngine=Off,ctl:ruleEngine=DetectionOnly",
         "ctl10:0/0-0/;ctl10:2/0-0/;"},
        {"ctl:auditEngine=RelevantOnly", "ctl0:2/0-0/;"},
        {"ctl:auditLogParts=+E", "ctl1:0/0-0/+E;"},
        {"ctl:forceRequestBodyVariable=On", "ctl3:1/0-0/;"},
        {"ctl:requestBodyAccess=off", "ctl5:0/0-0/;"},
        {"ctl:requestBodyLimit=1024", "ctl6:1024/0-0/;"},
        {"ctl:requestBodyProcessor=XML", "ctl7:2/0-0/;"},
        {"ctl:ruleRemoveById=1-999", "ctl11:0/1-999/;"},
        {"ctl:'ruleRemoveById=1 5-6,9'",
         "ctl11:0/1-1/;ctl11:0/5-6/;ctl11:0/9-9/;"},
        {"ctl:ruleRemoveByTag=OWASP_CRS", "ctl13:0/0-0/OWASP_CRS;"},
        {"ctl:ruleRemoveByMsg='a, b'", NULL},
        {"ctl:'ruleRemoveByMsg=a, b'", "ctl12:0/0-0/a, b;"},
        {"ctl:ruleRemoveTargetById=9;ARGS:pw", "ctl14:0/9-9//ARGS:pw ;"},
        {"ctl:ruleRemoveTargetById=9-10;ARGS", "ctl14:0/9-10//ARGS ;"},
        {"ctl:ruleRemoveTargetByTag=a;REQUEST_COOKIES:/^x/",
         "ctl16:0/0-0/a/REQUEST_COOKIES~^x ;"},
    };
    struct hb_buf b = HB_BUF_INIT;

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        char *text = hb_arena_printf(arena, "SecAction \"%s\"", rows[i].text);
        const struct hb_seclang_line *line = line_of(text);
        struct hb_waf_rule rule = {0};
        struct hb_seclang_actions act = {.rule = &rule};
        int r = hb_seclang_actions(&src, &line->word[1], &act);

        assert_int_equal(r, rows[i].want != NULL ? 0 : -EBADMSG);
        hb_buf_reset(&b);
        if (r == 0)
            add_lists(&b, &rule);
        assert_string_equal(hb_buf_z(&b), r == 0 ? rows[i].want : "");
    }
    hb_buf_done(&b);
}

/* All single actions in one list. */
static void test_actions(void **state)
{
    const struct hb_seclang_line *line = line_of(
        "SecAction \"id:'942100', phase:request ,DENY,status:404,\\\n"
        "  t:lowercase,t:none,T:URLdecodeUni,t:normalisePath,\\\n"
        "  capture,multiMatch,nolog,auditlog,chain,skipAfter:END,\\\n"
        "  severity:'CRITICAL',maturity:3,accuracy:9,rev:'2',\\\n"
        "  ver:'A/1',msg:'it\\'s %{tx.0}',logdata:\\\"x\\\",xmlns:a=urn:b\"");
    struct hb_waf_rule rule = {0};
    struct hb_seclang_actions act = {.rule = &rule};

    assert_int_equal(hb_seclang_actions(&src, &line->word[1], &act), 0);
    assert_int_equal(rule.id, 942100);
    assert_int_equal(rule.phase, 2);
    assert_int_equal(rule.action, HB_WAF_DO_DENY);
    assert_int_equal(rule.status, 404);
    assert_true(act.has_none);
    assert_int_equal(act.n_t, 2);
    assert_int_equal(act.t[0], HB_WAF_T_URLDECODEUNI);
    assert_int_equal(act.t[1], HB_WAF_T_NORMALIZEPATH);
    assert_true(rule.capture && rule.multimatch && act.has_chain);
    assert_true(act.has_log && !act.log && act.auditlog);
    assert_true(hb_slice_eq(act.skip_after, HB_SLICE("END")));
    assert_int_equal(rule.severity, 2);
    assert_int_equal(rule.maturity, 3);
    assert_int_equal(rule.accuracy, 9);
    assert_true(hb_slice_eq(rule.rev, HB_SLICE("2")));
    assert_true(hb_slice_eq(rule.ver, HB_SLICE("A/1")));
    assert_true(hb_slice_eq(rule.msg.raw, HB_SLICE("it's %{tx.0}")));
    assert_int_equal(rule.msg.n, 2);
    assert_true(hb_slice_eq(rule.logdata.raw, HB_SLICE("\"x\"")));
    assert_int_equal(rule.n_xmlns, 1);
    assert_true(hb_slice_eq(rule.xmlns[0].uri, HB_SLICE("urn:b")));
}

static void test_disruptive(void **state)
{
    static const struct {
        const char *text;
        enum hb_waf_do want;
        bool block;
    } rows[] = {
        {"SecAction pass", HB_WAF_DO_PASS, false},
        {"SecAction deny", HB_WAF_DO_DENY, false},
        {"SecAction drop", HB_WAF_DO_DROP, false},
        {"SecAction block", HB_WAF_DO_PASS, true},
        {"SecAction deny,block", HB_WAF_DO_PASS, true},
        {"SecAction block,deny", HB_WAF_DO_DENY, false},
        {"SecAction allow", HB_WAF_DO_ALLOW, false},
        {"SecAction allow:phase", HB_WAF_DO_ALLOW_PHASE, false},
        {"SecAction allow:request", HB_WAF_DO_ALLOW_REQUEST, false},
        {"SecAction redirect:http://a/", HB_WAF_DO_REDIRECT, false},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        const struct hb_seclang_line *line = line_of(rows[i].text);
        struct hb_waf_rule rule = {0};
        struct hb_seclang_actions act = {.rule = &rule};

        assert_int_equal(hb_seclang_actions(&src, &line->word[1], &act), 0);
        assert_int_equal(rule.action, rows[i].want);
        assert_int_equal(act.block, rows[i].block);
        assert_true(act.has_action);
    }
}

/* Every name of every table is found, whatever its case, and is its own. */
static void test_names(void **state)
{
    for (unsigned i = 0; i < HB_WAF_T_COUNT; i++) {
        enum hb_waf_t t;

        assert_true(hb_waf_t_find(hb_slice_z(hb_waf_t_name(i)), &t));
        assert_int_equal(t, i);
    }
    for (unsigned i = 0; i < HB_WAF_OP_COUNT; i++) {
        enum hb_waf_op op;

        assert_true(hb_waf_op_find(hb_slice_z(hb_waf_op_name(i)), &op));
        assert_int_equal(op, i);
    }
    for (unsigned i = 0; i < HB_WAF_VAR_COUNT; i++) {
        enum hb_waf_coll c;

        assert_true(hb_waf_coll_find(hb_slice_z(hb_waf_coll_name(i)), &c));
        assert_int_equal(c, i);
    }
    assert_string_equal(hb_waf_t_nearest(HB_SLICE("lowercas")), "lowercase");
    assert_string_equal(hb_waf_op_nearest(HB_SLICE("detectSQL")), "detectSQLi");
    assert_string_equal(hb_waf_coll_nearest(HB_SLICE("request_headrs")),
                        "REQUEST_HEADERS");
    assert_null(hb_waf_t_nearest(HB_SLICE("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_vars, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_vars, setup, teardown),
        cmocka_unit_test_setup_teardown(test_macros, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_action_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_actions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disruptive, setup, teardown),
        cmocka_unit_test(test_names),
    };

    return hb_tap_run("guard/waf/seclang", tests);
}
