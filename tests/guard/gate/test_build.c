/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_build.c - the rules as a whole: with the Core Rule Set where it lies
 * beside the source tree, else with a small one of our own; what settings,
 * exclusions and patches do to a request; what a mistake leaves in place.
 */
#include "guard/gate/build.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "guard/gate/patch.h"

#include "../../tap.h"

#define DAY  86400
#define FROM INT64_C(1796000000)

struct rig {
    char dir[40], etc[64], data[600], crs[600], path[700];
    struct hb_conf_gate conf;
    struct hb_gate g;
    struct hb_key *key;
    struct hb_arena *a;
    struct hb_waf_thread *thread;
};

static void put(struct rig *r, const char *name, const char *text)
{
    (void)snprintf(r->path, sizeof(r->path), "%s/%s", r->dir, name);
    assert_int_equal(hb_file_write(r->path, text, strlen(text), 0600), 0);
}

static void make(struct rig *r, const char *name)
{
    (void)snprintf(r->path, sizeof(r->path), "%s/%s", r->dir, name);
    assert_int_equal(hb_mkdirs(r->path, 0755), 0);
}

/* A rule for SQL, a sum and a verdict, as the CRS has them. */
static const char small[] =
    "SecComponentSignature \"OWASP_CRS/0.0.0\"\n"
    "SecRule REQBODY_ERROR|ARGS \"@rx union select\" \\\n"
    "  \"id:942100,phase:2,block,t:none,t:lowercase,severity:2,"
    "tag:'attack-sqli',msg:'SQL',"
    "setvar:tx.inbound_anomaly_score_pl1=+%{tx.critical_anomaly_score}\"\n"
    "SecRule TX:blocking_paranoia_level \"@lt 2\" "
    "\"id:1,phase:2,pass,nolog,skipAfter:END\"\n"
    "SecRule ARGS \"@rx strict\" \"id:942200,phase:2,block,severity:2,"
    "setvar:tx.inbound_anomaly_score_pl1=+5\"\n"
    "SecMarker END\n"
    "SecRule TX:inbound_anomaly_score_pl1 \"@ge "
    "%{tx.inbound_anomaly_score_threshold}\" "
    "\"id:949110,phase:2,deny,status:403,t:none,msg:'sum'\"\n";

static void rig_open(struct rig *r, bool whole)
{
    const char *root = getenv("HB_SOURCE_ROOT");

    memset(r, 0, sizeof(*r));
    (void)snprintf(r->dir, sizeof(r->dir), "/tmp/hb-gate-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    (void)snprintf(r->etc, sizeof(r->etc), "%s/etc", r->dir);
    make(r, "etc/people");
    make(r, "etc/gate/before");
    make(r, "crs/rules");
    (void)snprintf(r->crs, sizeof(r->crs), "%s/crs", r->dir);
    put(r, "crs/rules/REQUEST-901-INITIALIZATION.conf", small);
    if (whole)
        (void)snprintf(r->crs, sizeof(r->crs), "%s/../shared/waf/crs",
                       root != NULL ? root : ".");
    (void)snprintf(r->data, sizeof(r->data), "%s", root != NULL ? root : ".");
    r->conf = (struct hb_conf_gate){.mode = HB_GATE_BLOCK,
                                    .paranoia = 1,
                                    .inbound = 5,
                                    .outbound = 4,
                                    .rules = r->crs,
                                    .log = "/var/log/x.log"};
    r->g = (struct hb_gate){.conf = &r->conf,
                            .dir = r->dir,
                            .etc = r->etc,
                            .data = r->data,
                            .now = (int64_t)time(NULL) * 1000000000,
                            .by = "akiko"};
    r->a = hb_arena_new(0);
    r->thread = hb_waf_thread_new();
    assert_int_equal(hb_key_generate(&r->key), 0);
    put(r, "etc/people/akiko.json", "{\"roles\":\"admin\",\"active\":true}");
    (void)snprintf(r->path, sizeof(r->path), "%s/people/akiko.pub", r->etc);
    assert_int_equal(hb_pub_save(r->key, r->path, NULL), 0);
}

static void rig_done(struct rig *r)
{
    hb_waf_thread_free(r->thread);
    hb_key_free(r->key);
    hb_arena_free(r->a);
    assert_int_equal(hb_rmtree(AT_FDCWD, r->dir), 0);
}

static struct hb_gate_built build(struct rig *r)
{
    struct hb_gate_built x = {0};
    struct hb_err err = {0};
    int fd = hb_gate_lock(r->dir, &err);
    int rc = hb_gate_build(r->a, &r->g, &x, &err);

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);

    if (rc < 0)
        fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.message);
    return x;
}

/* The rule that stopped it; 0 where none did. */
static uint32_t stopped_by(struct rig *r, const char *request)
{
    _cleanup_waf_ struct hb_waf *w = NULL;
    struct hb_gate_request q;
    struct hb_waf_tx *tx;
    struct hb_err err = {0};
    uint32_t id = 0;

    assert_int_equal(hb_gate_load(r->dir, &w, &err), 0);
    assert_int_equal(hb_gate_request_parse(hb_slice_z(request), &q, &err), 0);
    assert_int_equal(
        hb_gate_judge(w, r->thread, &q, HB_SLICE("192.0.2.7"), &tx), 0);
    if (hb_waf_tx_verdict(tx).action != HB_WAF_DO_PASS)
        id = hb_waf_tx_verdict(tx).rule->id;
    hb_waf_tx_free(tx);
    return id;
}

/* Whether a server would have stopped it: the mode counts. */
static bool refused(struct rig *r, const char *request, enum hb_waf_engine mode)
{
    _cleanup_waf_ struct hb_waf *w = NULL;
    struct hb_gate_request q;
    struct hb_waf_tx *tx;
    struct hb_err err = {0};
    int rc;

    assert_int_equal(hb_gate_load(r->dir, &w, &err), 0);
    assert_int_equal(hb_gate_request_parse(hb_slice_z(request), &q, &err), 0);
    tx = hb_waf_tx_new(w, r->thread);
    hb_waf_tx_set_mode(tx, mode);
    assert_int_equal(
        hb_waf_tx_request(tx, q.method, q.uri, q.protocol, hb_slice("", 0)), 0);
    for (size_t i = 0; i < q.n; i++)
        assert_int_equal(
            hb_waf_tx_request_header(tx, q.header[i].name, q.header[i].value),
            0);
    rc = hb_waf_tx_request_headers_done(tx);
    if (rc == 0)
        rc = hb_waf_tx_request_body_done(tx, q.body, q.body.n);
    hb_waf_tx_free(tx);
    return rc == 1;
}

#define HEAD                                                                   \
    "Host: www.example.jp\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n"
#define GOOD "GET /a?q=hello HTTP/1.1\r\n" HEAD "\r\n"
#define SQL                                                                    \
    "GET /a?q=1%20UNION%20SELECT%20password%20from%20t--%20 HTTP/1.1\r\n" HEAD \
    "\r\n"

static void test_crs(void **state)
{
    struct rig r;
    struct hb_gate_built x;

    rig_open(&r, true);
    (void)snprintf(r.path, sizeof(r.path),
                   "%s/rules/REQUEST-901-INITIALIZATION.conf", r.crs);
    if (access(r.path, R_OK) < 0) {
        rig_done(&r);
        hb_tap_skip("the Core Rule Set is not here");
    }
    x = build(&r);
    for (size_t i = 0; i < x.n; i++)
        print_message("# note: %s\n", x.note[i]);
    assert_int_equal(x.n, 0);
    assert_true(x.rules > 200);
    assert_memory_equal(x.crs, "OWASP_CRS/", 10);
    assert_int_equal(stopped_by(&r, GOOD), 0);
    assert_true(stopped_by(&r, SQL) == 949110);
    assert_int_equal(
        stopped_by(&r, "POST /f HTTP/1.1\r\n" HEAD
                       "Content-Type: application/x-www-form-urlencoded\r\n"
                       "Content-Length: 55\r\n\r\n"
                       "n=%E5%B1%B1%E7%94%B0&m=%E3%81%93%E3%82%93%E3%81%AB"
                       "%E3%81"),
        0);
    assert_int_equal(stopped_by(&r, "POST /f HTTP/1.1\r\n" HEAD
                                    "Content-Type: application/json\r\n"
                                    "Content-Length: 24\r\n\r\n"
                                    "{\"a\":\"1 UNION SELECT x"),
                     8000002);
    rig_done(&r);
}

static void test_settings(void **state)
{
    static struct hb_conf_gate_host host[] = {
        {.name = "old.example.jp",
         .mode = HB_GATE_HOST_DETECT,
         .charset = HB_GATE_SHIFT_JIS},
        {.name = "strict.example.jp", .paranoia = 2},
    };
    static const char other[] = "GET /a?q=union+select HTTP/1.1\r\n"
                                "Host: old.example.jp\r\n\r\n";
    struct hb_slice text;
    struct rig r;

    rig_open(&r, false);
    assert_int_equal(build(&r).n, 0);
    assert_int_equal(stopped_by(&r, SQL), 949110);
    assert_int_equal(stopped_by(&r, GOOD), 0);
    assert_true(refused(&r, other, HB_WAF_ON));
    r.conf.hosts = (struct hb_conf_list){host, 2};
    (void)build(&r);
    assert_true(refused(&r, SQL, HB_WAF_ON));
    assert_false(refused(&r, other, HB_WAF_ON));
    /* A host in the first line, or two of them: the strictest holds. */
    assert_true(refused(&r,
                        "GET http://www.example.jp/a?q=union+select "
                        "HTTP/1.1\r\nHost: old.example.jp\r\n\r\n",
                        HB_WAF_ON));
    assert_true(refused(&r,
                        "GET /a?q=union+select HTTP/1.1\r\n"
                        "Host: www.example.jp\r\nHost: old.example.jp\r\n\r\n",
                        HB_WAF_ON));
    assert_false(
        refused(&r, "GET /?q=strict HTTP/1.1\r\n" HEAD "\r\n", HB_WAF_ON));
    assert_true(refused(&r,
                        "GET /?q=strict HTTP/1.1\r\n"
                        "Host: strict.example.jp\r\n\r\n",
                        HB_WAF_ON));
    (void)snprintf(r.path, sizeof(r.path), "%s/http.conf", r.dir);
    assert_int_equal(hb_file_read(r.a, r.path, 4096, &text), 0);
    assert_non_null(strstr(text.p, "hinoban_waf block;"));
    /* And the other way round. */
    r.conf.mode = HB_GATE_DETECT;
    host[0].mode = HB_GATE_HOST_BLOCK;
    (void)build(&r);
    assert_false(refused(&r, SQL, HB_WAF_ON));
    assert_true(refused(&r, other, HB_WAF_ON));
    assert_true(refused(&r,
                        "GET http://old.example.jp/a?q=union+select "
                        "HTTP/1.1\r\nHost: www.example.jp\r\n\r\n",
                        HB_WAF_ON));
    host[0].mode = HB_GATE_HOST_DETECT;
    rig_done(&r);
}

static void save(struct rig *r, enum hb_grant_kind kind, const char *rules,
                 int64_t until)
{
    struct hb_grant g = {.kind = kind,
                         .number = 1,
                         .by = "akiko",
                         .approved_by = "akiko",
                         .reason = "r",
                         .about = "",
                         .reference = "",
                         .advisory = "CVE-2026-1",
                         .expert = "e",
                         .from = until - 30 * DAY,
                         .until = until,
                         .rules = hb_slice_z(rules)};
    struct hb_err err = {0};

    assert_int_equal(hb_grant_save(r->dir, &g, r->key, &err), 0);
}

static void test_patch(void **state)
{
    static const char rule[] =
        "SecRule ARGS:q \"@streq hello\" \"id:8500001,phase:2,deny\"";
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_grant g = {
        .kind = HB_GRANT_PATCH, .number = 1, .rules = hb_slice_z(rule)};
    int64_t now = (int64_t)time(NULL);
    struct rig r;

    rig_open(&r, false);
    save(&r, HB_GRANT_PATCH, rule, now + DAY);
    assert_int_equal(build(&r).patches, 1);
    assert_int_equal(stopped_by(&r, GOOD), 8500001);
    /* At build it is left out ... */
    save(&r, HB_GRANT_PATCH, rule, now - 1);
    assert_int_equal(build(&r).patches, 0);
    assert_int_equal(stopped_by(&r, GOOD), 0);
    /* ... and what was built before it ended stops by itself. */
    g.until = now - 1;
    hb_patch_write(&b, &g);
    put(&r, "etc/gate/before/p.conf", hb_buf_z(&b));
    (void)build(&r);
    assert_int_equal(stopped_by(&r, GOOD), 0);
    g.until = now + DAY;
    hb_buf_reset(&b);
    hb_patch_write(&b, &g);
    put(&r, "etc/gate/before/p.conf", hb_buf_z(&b));
    (void)build(&r);
    assert_int_equal(stopped_by(&r, GOOD), 8500001);
    rig_done(&r);
}

static void test_bad_grant(void **state)
{
    struct hb_gate_built x;
    struct rig r;

    rig_open(&r, false);
    save(&r, HB_GRANT_ALLOW, "SecAction \"id:8700001,phase:1,pass\"",
         (int64_t)time(NULL) + DAY);
    put(&r, "grants/a0001.sig", "short");
    x = build(&r);
    assert_int_equal(x.allowed, 0);
    assert_int_equal(x.n, 1);
    assert_non_null(strstr(x.note[0], "a0001"));
    memset(&x, 0, sizeof(x));
    assert_int_equal(hb_gate_built_read(r.a, r.dir, &x, NULL), 0);
    assert_int_equal(x.n, 1);
    assert_string_equal(x.by, "akiko");
    rig_done(&r);
}

/* What is wrong leaves what was there, and says where. */
static void test_kept(void **state)
{
    struct hb_slice before, after;
    struct hb_gate_built x;
    struct hb_err err = {0};
    struct rig r;

    rig_open(&r, false);
    assert_int_equal(hb_gate_built_read(r.a, r.dir, &x, NULL), -ENOENT);
    (void)build(&r);
    (void)snprintf(r.path, sizeof(r.path), "%s/rules.conf", r.dir);
    assert_int_equal(hb_file_read(r.a, r.path, 1 << 20, &before), 0);
    r.conf.mode = HB_GATE_DETECT;
    put(&r, "etc/gate/before/x.conf", "# a comment\nSecRulEngine Off\n");
    assert_true(hb_gate_build(r.a, &r.g, &x, &err) < 0);
    assert_true(hb_ends_with(err.file, "before/x.conf"));
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 1);
    (void)snprintf(r.path, sizeof(r.path), "%s/rules.conf", r.dir);
    assert_int_equal(hb_file_read(r.a, r.path, 1 << 20, &after), 0);
    assert_true(hb_slice_eq(before, after));
    put(&r, "etc/gate/before/x.conf", "");
    /* a disk that is full at the last of three files: none gets its name */
    make(&r, "built.json.new");
    assert_true(hb_gate_build(r.a, &r.g, &x, NULL) < 0);
    (void)snprintf(r.path, sizeof(r.path), "%s/rules.conf", r.dir);
    assert_int_equal(hb_file_read(r.a, r.path, 1 << 20, &after), 0);
    assert_true(hb_slice_eq(before, after));
    (void)snprintf(r.path, sizeof(r.path), "%s/built.json.new", r.dir);
    assert_int_equal(rmdir(r.path), 0);
    /* the web server does not like what was built */
    (void)build(&r);
    assert_int_equal(hb_gate_restore(r.dir, &err), 0);
    (void)snprintf(r.path, sizeof(r.path), "%s/rules.conf", r.dir);
    assert_int_equal(hb_file_read(r.a, r.path, 1 << 20, &after), 0);
    assert_true(hb_slice_eq(before, after));
    assert_int_equal(hb_gate_restore(r.dir, NULL), -ENOENT);
    /* no rules of the CRS */
    r.conf.rules = "/nonexistent";
    memset(&err, 0, sizeof(err));
    assert_int_equal(hb_gate_build(r.a, &r.g, &x, &err), -ENOENT);
    assert_non_null(strstr(err.message, "modsecurity-crs"));
    rig_done(&r);
}

static void test_request(void **state)
{
    static const char *const bad[] = {
        "",
        "GET\r\n\r\n",
        "GET / HTTP\r\n\r\n",
        "G T / HTTP/1.1\r\n\r\n",
        " / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nno header\r\n\r\n",
        "GET / HTTP/1.1\r\n: x\r\n\r\n",
        "GET / HTTP/1.1\r\na b: x\r\n\r\n",
    };
    struct hb_gate_request q;
    struct hb_err err = {0};

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        assert_true(hb_gate_request_parse(hb_slice_z(bad[i]), &q, NULL) < 0);
    assert_int_equal(
        hb_gate_request_parse(
            HB_SLICE("POST /a b HTTP/1.1\nA:  x \nB:\n\nbo\ndy"), &q, &err),
        -EBADMSG);
    assert_int_equal(
        hb_gate_request_parse(
            HB_SLICE("POST /a HTTP/1.1\nA:  x \nB:\n\nbo\ndy"), &q, &err),
        0);
    assert_int_equal(q.n, 2);
    assert_int_equal(q.header[0].value.n, 1);
    assert_int_equal(q.header[1].value.n, 0);
    assert_int_equal(q.body.n, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crs),   cmocka_unit_test(test_settings),
        cmocka_unit_test(test_patch), cmocka_unit_test(test_bad_grant),
        cmocka_unit_test(test_kept),  cmocka_unit_test(test_request),
    };

    return hb_tap_run("guard/gate/build", tests);
}
