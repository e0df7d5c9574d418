/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_finding.c - lines of the log as the web server writes them and as an
 * attacker would like them; the exclusion and the event made of one; few
 * events of many findings.
 */
#include "guard/gate/finding.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "guard/gate/flow.h"
#include "guard/waf/rules.h"

#include "../../tap.h"

#define LINE                                                                   \
    "{\"time\":\"2026-12-01T02:13:50.000Z\",\"id\":\"7K3M-9QX2-4TDP\","        \
    "\"client\":\"192.0.2.7\",\"host\":\"WWW.example.jp:8443\","               \
    "\"method\":\"POST\",\"uri\":\"/%E5%95%8F/form?password=geheim\","         \
    "\"mode\":\"block\",\"action\":\"denied\",\"status\":403,"                 \
    "\"rule\":949110,\"msg\":\"m\",\"variable\":\"TX:score\",\"hits\":["       \
    "{\"rule\":942100,\"phase\":2,\"severity\":2,\"disruptive\":false,"        \
    "\"msg\":\"SQLi\",\"logdata\":\"d\",\"variable\":\"ARGS:q\","              \
    "\"value\":\"' or 1=1\",\"variables\":[\"ARGS:p\",\"ARGS:q\"]},"           \
    "{\"rule\":949110,\"phase\":2,\"severity\":0,\"disruptive\":true,"         \
    "\"msg\":\"sum\",\"logdata\":\"\",\"variable\":\"TX:score\","              \
    "\"value\":\"5\"}]}"

static struct hb_gate_finding read_line(struct hb_arena *a, const char *line)
{
    struct hb_gate_finding f = {0};
    struct hb_err err = {0};

    assert_int_equal(hb_gate_finding_parse(a, hb_slice_z(line), &f, &err), 0);
    return f;
}

static void test_line(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_gate_finding f = read_line(a, LINE);

    assert_string_equal(f.id, "7K3M-9QX2-4TDP");
    assert_string_equal(f.client, "192.0.2.7");
    assert_int_equal(f.status, 403);
    assert_int_equal(f.rule, 949110);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.hit[0].rule, 942100);
    assert_int_equal(f.hit[0].n, 2);
    assert_string_equal(f.hit[0].variables[1], "ARGS:q");
    assert_int_equal(f.hit[1].n, 1);
    assert_true(f.hit[1].disruptive);
    assert_false(f.cut);
}

static void test_no_lines(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"id\":\"7K3M-9QX2-4TDP\"}",
        "{\"id\":\"../../etc/passwd\",\"action\":\"denied\"}",
        "{\"id\":\"7K3M-9QX2-4TDP\",\"id\":\"7K3M-9QX2-4TDQ\","
        "\"action\":\"denied\"}",
        "{\"id\":\"7K3M-9QX2-4TDP\",\"action\":\"denied\",\"hits\":[1]}",
        "{\"id\":\"7K3M-9QX2-4TDP\",\"action\":\"denied\",\"hits\":"
        "[{\"rule\":-1}]}",
        "{\"id\":\"7K3M-9QX2-4TDP\",\"action\":\"denied\",\"hits\":"
        "[{\"rule\":99999999999}]}",
        "{\"id\":\"7K3M-9QX2-4TDP\",\"action\":\"denied\",\"hits\":"
        "[{\"rule\":1,\"variables\":[{}]}]}",
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        struct hb_gate_finding f;

        assert_true(hb_gate_finding_parse(a, hb_slice_z(bad[i]), &f, NULL) < 0);
    }
}

/* A NUL in a value is legal JSON, which our reader refuses. */
static void test_nul(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_gate_finding f =
        read_line(a, "{\"id\":\"7K3M-9QX2-4TDP\",\"action\":\"denied\","
                     "\"uri\":\"/a\\u0000b\\\\u0000\"}");

    assert_string_equal(f.uri, "/a\xef\xbf\xbd"
                               "b\\u0000");
}

static void test_allow(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_allow_target target[HB_WAF_ALLOW_TARGETS];
    _cleanup_waf_rules_ struct hb_waf_rules *rules = NULL;
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_gate_finding f = read_line(a, LINE);
    struct hb_waf_allow allow;
    struct hb_err err = {0};

    assert_int_equal(hb_gate_finding_allow(a, &f,
                                           hb_gate_finding_hits(a, &f, NULL),
                                           target, &allow, &err),
                     0);
    assert_int_equal(allow.n, 2);
    assert_int_equal(target[0].rule, 942100);
    assert_memory_equal(allow.host.p, "www.example.jp", allow.host.n);
    assert_int_equal(allow.host.n, 14);
    assert_memory_equal(allow.path.p, "/\xe5\x95\x8f/form", 9);
    assert_int_equal(allow.path.n, 9);
    allow.id = 8700001;
    allow.author = HB_SLICE("akiko");
    allow.reason = HB_SLICE("tested");
    allow.from = 1796000000;
    allow.until = 1796086400;
    assert_int_equal(hb_waf_allow_write(&b, &allow), 0);
    assert_non_null(strstr(hb_buf_z(&b), "942100;ARGS:p"));
    assert_null(strstr(hb_buf_z(&b), "949110"));
    assert_int_equal(
        hb_waf_rules_parse(hb_buf_slice(&b), "allow", NULL, &rules, &err), 0);
}

/* What an attacker named a path, a host and a field stays within its rule. */
static void test_hostile(void **state)
{
    static const char *const names[] = {
        "ARGS:x\\\",ctl:ruleEngine=Off,\\\"",
        "ARGS:x,ctl:ruleEngine=Off",
        "ARGS:'|!ARGS:y",
        "ARGS:%{tx.a}",
        "ARGS:a\\nSecRuleEngine Off\\n#",
        "ARGS:\xe6\x97\xa5\xe6\x9c\xac",
        "ARGS:/^.*$/",
        "ARGS:",
        "REQUEST_HEADERS:a\\\\",
    };
    static const char *const uris[] = {
        "/a%22%0aSecRuleEngine%20Off%0a",
        "/a\\\"\\nSecRuleEngine Off",
        "/%00",
        "/%25{tx.a}",
        "/@rx",
        "/\\\\",
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(names) * HB_ARRAY_LEN(uris); i++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        _cleanup_waf_rules_ struct hb_waf_rules *rules = NULL;
        struct hb_waf_allow_target target[HB_WAF_ALLOW_TARGETS];
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
        struct hb_waf_allow allow;
        struct hb_gate_finding f;
        struct hb_err err = {0};
        const char *line = hb_arena_printf(
            a,
            "{\"id\":\"7K3M-9QX2-4TDP\",\"action\":\"denied\","
            "\"host\":\"h\\\"%s\",\"method\":\"POST\",\"uri\":\"%s\","
            "\"hits\":[{\"rule\":942100,\"variable\":\"%s\"}]}",
            i % 2 == 0 ? "" : "\\n#", uris[i % HB_ARRAY_LEN(uris)],
            names[i / HB_ARRAY_LEN(uris)]);

        assert_non_null(line);
        f = read_line(a, line);
        assert_int_equal(
            hb_gate_finding_allow(a, &f, hb_gate_finding_hits(a, &f, NULL),
                                  target, &allow, &err),
            0);
        allow.id = 8700001;
        allow.author = HB_SLICE("akiko");
        allow.reason = HB_SLICE("ends in a backslash \\");
        allow.from = 1796000000;
        allow.until = 1796086400;
        assert_int_equal(hb_waf_allow_write(&b, &allow), 0);
        if (hb_waf_rules_parse(hb_buf_slice(&b), "allow", NULL, &rules, &err) <
            0)
            fail_msg("%s: %s\n%s", line, err.message, hb_buf_z(&b));
        /* One chain of four, and one control that is the one meant. */
        assert_int_equal(rules->n_rule, 4);
        for (uint32_t k = 0; k < 4; k++)
            assert_int_equal(rules->rule[k].n_ctl, k == 3 ? 1 : 0);
        assert_int_equal(rules->rule[3].ctl[0].kind,
                         HB_WAF_CTL_RULEREMOVETARGETBYID);
        assert_int_equal(rules->settings.engine, HB_WAF_OFF);
    }
}

static void test_no_allow(void **state)
{
    static const char *const bad[] = {
        "\"limit\":\"body\",\"host\":\"h\",\"method\":\"GET\",\"uri\":\"/\","
        "\"hits\":[{\"rule\":942100,\"variable\":\"ARGS:q\"}]",
        "\"host\":\"h\",\"method\":\"GET\",\"uri\":\"/\",\"hits\":[]",
        "\"host\":\"h\",\"method\":\"GET\",\"uri\":\"/\","
        "\"hits\":[{\"rule\":949110,\"variable\":\"TX:score\"}]",
        "\"host\":\"h\",\"method\":\"GET\",\"uri\":\"/\xef\xbf\xbd\","
        "\"hits\":[{\"rule\":942100,\"variable\":\"ARGS:q\"}]",
        "\"host\":\"h\",\"method\":\"GET\",\"uri\":\"/\","
        "\"hits\":[{\"rule\":942100,\"variable\":\"ARGS:\xef\xbf\xbd\"}]",
        "\"host\":\"\",\"method\":\"GET\",\"uri\":\"/\","
        "\"hits\":[{\"rule\":942100,\"variable\":\"ARGS:q\"}]",
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        struct hb_waf_allow_target target[HB_WAF_ALLOW_TARGETS];
        struct hb_waf_allow allow;
        struct hb_err err = {0};
        struct hb_gate_finding f = read_line(
            a, hb_arena_printf(
                   a, "{\"id\":\"7K3M-9QX2-4TDP\",\"action\":\"denied\",%s}",
                   bad[i]));

        assert_int_equal(
            hb_gate_finding_allow(a, &f, hb_gate_finding_hits(a, &f, NULL),
                                  target, &allow, &err),
            -EDOM);
        assert_true(err.message[0] != '\0');
    }
}

static void test_event(void **state)
{
    static const char tagged[] =
        "SecRule ARGS \"@rx x\" \"id:942100,phase:2,deny,severity:2,"
        "tag:'attack-sqli'\"\n";
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_waf_rules_ struct hb_waf_rules *rules = NULL;
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_gate_finding f = read_line(a, LINE);
    struct hb_event *e = NULL;
    struct hb_err err = {0};

    assert_int_equal(
        hb_waf_rules_parse(hb_slice_z(tagged), "r", NULL, &rules, &err), 0);
    assert_int_equal(
        hb_gate_event(a, &f, hb_gate_finding_hits(a, &f, rules), 7, "gate", &e),
        0);
    assert_int_equal(hb_event_check(e, &err), 0);
    assert_int_equal(e->class_uid, HB_EV_DETECTION_FINDING);
    assert_int_equal(e->severity, HB_SEV_LOW);
    assert_string_equal(hb_event_getz(e, HB_F_SRC_ENDPOINT_IP, ""),
                        "192.0.2.7");
    assert_string_equal(hb_event_getz(e, HB_F_FINDING_RULE, ""), "942100");
    assert_string_equal(hb_event_getz(e, HB_F_FINDING_TITLE, ""),
                        "SQL injection");
    assert_string_equal(hb_event_getz(e, HB_F_MESSAGE, ""),
                        "The field \"q\" holds a piece of SQL, as in an attack "
                        "on a database. It was stopped. 7 requests like "
                        "this.");
    assert_null(strstr(hb_event_getz(e, HB_F_HTTP_URL, ""), "geheim"));
    assert_int_equal(hb_event_get(e, HB_F_EVENT_COUNT)->integer, 7);
    assert_int_equal(hb_event_encode(&b, e), 0);
    assert_non_null(strstr(hb_buf_z(&b), "hinoban gate allow 7K3M-9QX2-4TDP"));
    assert_non_null(strstr(hb_buf_z(&b), "942100 ARGS:q"));
}

static void test_secret(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_event *e = NULL;
    struct hb_gate_finding f = read_line(
        a, "{\"id\":\"7K3M-9QX2-4TDP\",\"action\":\"detected\","
           "\"host\":\"h\",\"method\":\"POST\",\"uri\":\"/\",\"hits\":"
           "[{\"rule\":1,\"variable\":\"ARGS:password\","
           "\"value\":\"hunter2' or 1\"}]}");

    assert_int_equal(
        hb_gate_event(a, &f, hb_gate_finding_hits(a, &f, NULL), 1, "gate", &e),
        0);
    assert_int_equal(hb_event_encode(&b, e), 0);
    assert_null(strstr(hb_buf_z(&b), "hunter2"));
}

static void write_text(const char *path, const char *text)
{
    assert_int_equal(hb_file_write(path, text, strlen(text), 0600), 0);
}

static void test_find(void **state)
{
    char dir[] = "/tmp/hb-finding-XXXXXX", path[64], older[64];
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_gate_finding f;
    struct hb_err err = {0};

    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/log", dir);
    (void)snprintf(older, sizeof(older), "%s/log.1", dir);
    assert_int_equal(hb_gate_finding_find(a, path, "7K3M-9QX2-4TDP", &f, &err),
                     -ENOENT);
    write_text(older, LINE "\n");
    assert_int_equal(hb_gate_finding_find(a, path, "7K3M-9QX2-4TDP", &f, NULL),
                     0);
    /* Far from the end of a large log, and lines of others that name it. */
    hb_buf_addz(&b, LINE "\n");
    for (unsigned i = 0; i < 40000; i++)
        hb_buf_addf(&b,
                    "{\"id\":\"AAAA-0000-%04u\",\"action\":\"passed\","
                    "\"uri\":\"/7K3M-9QX2-4TDP\"}\n",
                    i % 10000);
    hb_buf_addz(&b, "{\"id\":\"7K3M-9QX2-4TDP\",\"act");
    assert_int_equal(hb_file_write(path, b.p, b.n, 0600), 0);
    memset(&f, 0, sizeof(f));
    assert_int_equal(hb_gate_finding_find(a, path, "7K3M-9QX2-4TDP", &f, NULL),
                     0);
    assert_int_equal(f.n, 2);
    assert_int_equal(hb_gate_finding_find(a, path, "7K3M-9QX2-4TDQ", &f, NULL),
                     -ENOENT);
    assert_int_equal(hb_gate_finding_find(a, path, "../x", &f, NULL), -EINVAL);
    assert_int_equal(hb_gate_finding_find(a, dir, "7K3M-9QX2-4TDP", &f, NULL),
                     -EINVAL);
    assert_int_equal(hb_rmtree(AT_FDCWD, dir), 0);
}

/* A scanner with 1,000 requests a second for ten minutes. */
static void test_scanner(void **state)
{
    const uint64_t ms = 1000000, start = 5 * HB_FLOW_NS;
    struct hb_flow *f = hb_flow_new();
    struct hb_flow_said said;
    uint64_t told = 0, counted = 0;

    assert_non_null(f);
    for (uint64_t i = 0; i < 600000; i++) {
        uint64_t now = start + i * ms;

        if (hb_flow_take(f, now, "192.0.2.7", HB_WAF_ATTACK_SQLI, false,
                         HB_SLICE("line"))) {
            told++;
            counted++;
        }
        while (hb_flow_due(f, now, &said)) {
            told++;
            counted += said.count;
            assert_int_equal(said.line.n, 4);
        }
    }
    while (hb_flow_due(f, start + 2000000 * ms, &said)) {
        told++;
        counted += said.count;
    }
    assert_int_equal(counted, 600000);
    assert_true(told >= 10 && told <= 12);
    assert_true(hb_flow_next(f) == UINT64_MAX);
    hb_flow_free(f);
}

/* Who tries everything is no passing scan. */
static void test_kinds(void **state)
{
    static const enum hb_waf_attack kinds[] = {
        HB_WAF_ATTACK_SCANNER, HB_WAF_ATTACK_PROTOCOL, HB_WAF_ATTACK_OTHER,
        HB_WAF_ATTACK_SQLI,    HB_WAF_ATTACK_XSS,      HB_WAF_ATTACK_LFI};
    const uint64_t start = 5 * HB_FLOW_NS;
    struct hb_flow *f = hb_flow_new();

    (void)state;
    assert_non_null(f);
    for (size_t i = 0; i < HB_ARRAY_LEN(kinds); i++)
        assert_true(hb_flow_take(f, start + i, "192.0.2.7", kinds[i], false,
                                 HB_SLICE("line")));
    assert_int_equal(hb_flow_kinds(f, "192.0.2.7"), 3);
    /* The same kind with another outcome is no other kind. */
    assert_true(hb_flow_take(f, start + 10, "192.0.2.7", HB_WAF_ATTACK_SQLI,
                             true, HB_SLICE("line")));
    assert_int_equal(hb_flow_kinds(f, "192.0.2.7"), 3);
    assert_true(hb_flow_take(f, start + 11, "192.0.2.8", HB_WAF_ATTACK_PHP,
                             false, HB_SLICE("line")));
    assert_int_equal(hb_flow_kinds(f, "192.0.2.7"), 3);
    assert_true(hb_flow_take(f, start + 12, "192.0.2.7", HB_WAF_ATTACK_PHP,
                             false, HB_SLICE("line")));
    assert_int_equal(hb_flow_kinds(f, "192.0.2.7"), HB_FLOW_KINDS);
    assert_int_equal(hb_flow_kinds(f, "192.0.2.8"), 1);
    hb_flow_free(f);
}

static void test_many(void **state)
{
    const uint64_t start = 5 * HB_FLOW_NS;
    struct hb_flow *f = hb_flow_new();
    struct hb_flow_said said;
    uint64_t first = 0, counted = 0, many = 0;
    char client[64];

    for (unsigned i = 0; i < 20000; i++) {
        (void)snprintf(client, sizeof(client), "2001:db8:%x:%x::1", i / 256,
                       i % 256);
        first += hb_flow_take(f, start + i, client, HB_WAF_ATTACK_XSS, false,
                              HB_SLICE("x"));
    }
    assert_int_equal(first, HB_FLOW_FIRST);
    while (hb_flow_due(f, start + 2 * HB_FLOW_NS, &said)) {
        counted += said.count;
        many += said.many;
    }
    assert_int_equal(first + counted, 20000);
    assert_int_equal(many, 1);
    /* One /64 is one sender; what is stopped and what came through are two. */
    assert_true(hb_flow_take(f, start + 9 * HB_FLOW_NS, "2001:db8:1:1::1",
                             HB_WAF_ATTACK_XSS, false, HB_SLICE("x")));
    assert_false(hb_flow_take(f, start + 9 * HB_FLOW_NS, "2001:db8:1:1:f::2",
                              HB_WAF_ATTACK_XSS, false, HB_SLICE("x")));
    assert_true(hb_flow_take(f, start + 9 * HB_FLOW_NS, "2001:db8:1:1:f::2",
                             HB_WAF_ATTACK_XSS, true, HB_SLICE("x")));
    hb_flow_free(f);
}

/* What no rule decided has a sentence of its own. */
static void test_before_rules(void **state)
{
    static const struct {
        const char *more, *sentence;
    } rows[] = {
        {"\"action\":\"denied\",\"ban\":\"login\"", "shut out"},
        {"\"action\":\"limited\",\"rate\":\"slow\"", "More requests"},
        {"\"action\":\"walled\"", "not good"},
        {"\"action\":\"passed\",\"pass\":\"sato\"", "opened"},
        {"\"action\":\"unjudged\"", "could not judge"},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
        const char *line = hb_arena_printf(
            a, "{\"id\":\"7K3M-9QX2-4TDP\",%s,\"hits\":[]}", rows[i].more);
        struct hb_gate_finding f;

        assert_int_equal(hb_gate_finding_parse(a, hb_slice_z(line), &f, NULL),
                         0);
        hb_gate_finding_sentence(&b, &f, NULL);
        assert_non_null(strstr(hb_buf_z(&b), rows[i].sentence));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),         cmocka_unit_test(test_no_lines),
        cmocka_unit_test(test_nul),          cmocka_unit_test(test_allow),
        cmocka_unit_test(test_hostile),      cmocka_unit_test(test_no_allow),
        cmocka_unit_test(test_event),        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_find),         cmocka_unit_test(test_scanner),
        cmocka_unit_test(test_before_rules), cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_many),
    };

    return hb_tap_run("guard/gate/finding", tests);
}
