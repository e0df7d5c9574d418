/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_grant.c - signed decisions: who may, what a change does, what ends;
 * and what a virtual patch may hold.
 */
#include "guard/gate/grant.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "guard/gate/patch.h"

#include "../../tap.h"

#define DAY  86400
#define FROM INT64_C(1796000000)
#define NOW  ((FROM + 60) * INT64_C(1000000000))

struct rig {
    char dir[40], etc[64], path[128];
    struct hb_key *key;
    struct hb_arena *a;
};

static void put(struct rig *r, const char *name, const char *text)
{
    (void)snprintf(r->path, sizeof(r->path), "%s/%s", r->dir, name);
    assert_int_equal(hb_file_write(r->path, text, strlen(text), 0600), 0);
}

static void person(struct rig *r, const char *name, const char *roles)
{
    char file[64], json[128];

    (void)snprintf(file, sizeof(file), "etc/people/%s.json", name);
    (void)snprintf(json, sizeof(json),
                   "{\"role\":\"other\",\"roles\":\"%s\",\"active\":true}",
                   roles);
    put(r, file, json);
    (void)snprintf(r->path, sizeof(r->path), "%s/people/%s.pub", r->etc, name);
    assert_int_equal(hb_pub_save(r->key, r->path, NULL), 0);
}

static void rig_open(struct rig *r)
{
    memset(r, 0, sizeof(*r));
    (void)snprintf(r->dir, sizeof(r->dir), "/tmp/hb-grant-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    (void)snprintf(r->etc, sizeof(r->etc), "%s/etc", r->dir);
    (void)snprintf(r->path, sizeof(r->path), "%s/people", r->etc);
    assert_int_equal(hb_mkdirs(r->path, 0755), 0);
    assert_int_equal(hb_key_generate(&r->key), 0);
    r->a = hb_arena_new(0);
    person(r, "akiko", "officer,staff");
    person(r, "ryu", "staff");
}

static void rig_done(struct rig *r)
{
    hb_key_free(r->key);
    hb_arena_free(r->a);
    assert_int_equal(hb_rmtree(AT_FDCWD, r->dir), 0);
}

static struct hb_grant grant(enum hb_grant_kind kind)
{
    return (struct hb_grant){
        .kind = kind,
        .number = 1,
        .by = "akiko",
        .approved_by = "akiko",
        .reason = "because",
        .about = "",
        .reference = "",
        .advisory = "CVE-2026-1234",
        .expert = "M. Suzuki",
        .from = FROM,
        .until = FROM + DAY,
        .rules = HB_SLICE("SecAction \"id:8500001,phase:1,pass\"\n"),
    };
}

static struct hb_grants load(struct rig *r, int64_t now)
{
    struct hb_grants g;
    struct hb_err err = {0};

    assert_int_equal(hb_grants_load(r->a, r->dir, r->etc, now, &g, &err), 0);
    return g;
}

static void test_kept(void **state)
{
    struct rig r;
    struct hb_grant g = grant(HB_GRANT_PATCH);
    struct hb_grants all;
    struct hb_err err = {0};
    uint32_t n;

    rig_open(&r);
    assert_int_equal(load(&r, NOW).n, 0);
    assert_int_equal(hb_grant_save(r.dir, &g, r.key, &err), 0);
    g.kind = HB_GRANT_ALLOW;
    assert_int_equal(hb_grant_save(r.dir, &g, r.key, &err), 0);
    all = load(&r, NOW);
    assert_int_equal(all.n, 2);
    assert_int_equal(all.v[0].kind, HB_GRANT_ALLOW);
    assert_int_equal(all.v[1].state, HB_GRANT_ON);
    assert_string_equal(all.v[1].expert, "M. Suzuki");
    all = load(&r, (FROM + DAY) * INT64_C(1000000000));
    assert_int_equal(all.v[1].state, HB_GRANT_EXPIRED);
    assert_int_equal(hb_grant_off(r.dir, HB_GRANT_ALLOW, 1, &err), 0);
    assert_int_equal(hb_grant_off(r.dir, HB_GRANT_ALLOW, 1, NULL), -ENOENT);
    assert_int_equal(hb_grant_again(r.dir, HB_GRANT_ALLOW, 1, &err), 0);
    assert_int_equal(load(&r, NOW).n, 2);
    assert_int_equal(hb_grant_off(r.dir, HB_GRANT_ALLOW, 1, &err), 0);
    assert_int_equal(load(&r, NOW).n, 1);
    assert_int_equal(hb_grant_next(r.dir, HB_GRANT_ALLOW, &n), 0);
    assert_int_equal(n, 2); /* never the same again */
    rig_done(&r);
}

/* Each leaves it there, but out of the rules. */
static void test_not_believed(void **state)
{
    struct rig r;
    struct hb_grant g = grant(HB_GRANT_PATCH);
    struct hb_key *other = NULL;
    struct hb_slice text;
    char *p;

    rig_open(&r);
    assert_int_equal(hb_grant_save(r.dir, &g, r.key, NULL), 0);
    (void)snprintf(r.path, sizeof(r.path), "%s/grants/p0001.json", r.dir);
    assert_int_equal(hb_file_read(r.a, r.path, 65536, &text), 0);
    p = strstr((char *)(uintptr_t)text.p, "M. Suzuki");
    assert_non_null(p);
    p[0] = 'N';
    assert_int_equal(hb_file_write(r.path, text.p, text.n, 0600), 0);
    assert_int_equal(load(&r, NOW).v[0].state, HB_GRANT_BAD);
    /* another's key */
    assert_int_equal(hb_key_generate(&other), 0);
    assert_int_equal(hb_grant_save(r.dir, &g, other, NULL), 0);
    assert_int_equal(load(&r, NOW).v[0].state, HB_GRANT_BAD);
    hb_key_free(other);
    /* somebody without the right to, and nobody */
    g.approved_by = "ryu";
    assert_int_equal(hb_grant_save(r.dir, &g, r.key, NULL), 0);
    assert_int_equal(load(&r, NOW).v[0].state, HB_GRANT_BAD);
    g.approved_by = "mallory";
    assert_int_equal(hb_grant_save(r.dir, &g, r.key, NULL), 0);
    assert_int_equal(load(&r, NOW).v[0].state, HB_GRANT_BAD);
    /* not signed: a proposal; an exclusion cannot be one */
    g.approved_by = "";
    assert_int_equal(hb_grant_save(r.dir, &g, NULL, NULL), 0);
    assert_int_equal(load(&r, NOW).v[0].state, HB_GRANT_PROPOSED);
    g.approved_by = "akiko";
    assert_int_equal(hb_grant_save(r.dir, &g, NULL, NULL), 0);
    assert_int_equal(load(&r, NOW).v[0].state, HB_GRANT_BAD);
    /* a good one under another number */
    assert_int_equal(hb_grant_save(r.dir, &g, r.key, NULL), 0);
    assert_int_equal(load(&r, NOW).v[0].state, HB_GRANT_ON);
    assert_int_equal(hb_file_read(r.a, r.path, 65536, &text), 0);
    (void)snprintf(r.path, sizeof(r.path), "%s/grants/p0002.json", r.dir);
    assert_int_equal(hb_file_write(r.path, text.p, text.n, 0600), 0);
    assert_int_equal(load(&r, NOW).v[1].state, HB_GRANT_BAD);
    put(&r, "grants/p0003.json", "{");
    put(&r, "grants/a0001.json", "");
    assert_int_equal(load(&r, NOW).n, 4);
    assert_int_equal(load(&r, NOW).v[0].state, HB_GRANT_BAD);
    /* the person left */
    put(&r, "etc/people/akiko.json",
        "{\"roles\":\"officer\",\"active\":false}");
    assert_int_equal(load(&r, NOW).v[1].state, HB_GRANT_BAD);
    rig_done(&r);
}

static void test_refused(void **state)
{
    struct rig r;
    struct hb_grant g;
    char name[8];
    uint32_t n;

    rig_open(&r);
    for (int i = 0; i < 8; i++) {
        struct hb_err err = {0};

        g = grant(HB_GRANT_PATCH);
        if (i == 0)
            g.expert = "";
        if (i == 1)
            g.advisory = "";
        if (i == 2)
            g.reason = "two\nlines";
        if (i == 3)
            g.until = g.from;
        if (i == 4)
            g.until = g.from + INT64_C(401) * DAY;
        if (i == 5)
            g.by = "../../x";
        if (i == 6)
            g.rules = HB_SLICE("");
        if (i == 7)
            g.number = 0;
        assert_int_equal(hb_grant_save(r.dir, &g, r.key, &err), -EINVAL);
        assert_true(err.message[0] != '\0');
    }
    assert_int_equal(hb_grant_parse_name("p7", HB_GRANT_PATCH, &n), 0);
    assert_int_equal(n, 7);
    assert_int_equal(hb_grant_parse_name("a7", HB_GRANT_PATCH, &n), -EINVAL);
    assert_int_equal(hb_grant_parse_name("10000", HB_GRANT_PATCH, &n), -EINVAL);
    hb_grant_name(HB_GRANT_ALLOW, 12, name);
    assert_string_equal(name, "a0012");
    rig_done(&r);
}

#define P "SecRule ARGS:x \"@rx y\" \"id:8500001,phase:2,"

static void test_patch(void **state)
{
    static const struct {
        const char *text;
        int want;
    } rows[] = {
        {P "deny,status:403\"", 0},
        {P "block,msg:'m',log\"", 0},
        {P "pass,setvar:tx.patch_seen=1\"", 0},
        {P "pass,setvar:tx.inbound_anomaly_score_pl1=+5\"", 0},
        {P "deny,chain\"\nSecRule ARGS:y \"@rx z\" \"t:lowercase\"", 0},
        {"SecAction \"id:8599999,phase:1,pass\"", 0},
        {"", -EINVAL},
        {"# nothing\n", -EINVAL},
        {"SecRule ARGS \"@rx y\" \"id:1,phase:2,deny\"", -EPERM},
        {"SecRule ARGS \"@rx y\" \"id:8600000,phase:2,deny\"", -EPERM},
        {P "allow\"", -EPERM},
        {P "drop\"", -EPERM},
        {P "redirect:'http://x/'\"", -EPERM},
        {P "pass,ctl:ruleEngine=Off\"", -EPERM},
        {P "pass,ctl:ruleRemoveById=942100\"", -EPERM},
        {P "deny,chain\"\nSecRule ARGS:y \"@rx z\" "
           "\"ctl:ruleRemoveById=942100\"",
         -EPERM},
        {P "pass,setvar:tx.blocking_paranoia_level=1\"", -EPERM},
        {P "pass,setvar:tx.inbound_anomaly_score_threshold=+9999\"", -EPERM},
        {P "pass,setvar:tx.inbound_anomaly_score_pl1=-5\"", -EPERM},
        {P "pass,setvar:tx.inbound_anomaly_score_pl1=+%{tx.a}\"", -EPERM},
        {P "pass,setvar:tx.inbound_anomaly_score_pl1=0\"", -EPERM},
        {P "pass,setvar:!tx.inbound_anomaly_score_pl1\"", -EPERM},
        {P "pass,setvar:'tx.%{tx.a}=1'\"", -EPERM},
        {P "pass,setvar:ip.a=1\"", -EPERM},
        {P "pass,setenv:'a=1'\"", -EPERM},
        {P "pass,initcol:ip=%{REMOTE_ADDR}\"", -EPERM},
        {P "pass,skipAfter:END\"\nSecMarker END\n", -EPERM},
        {P "pass,skip:1\"\nSecAction \"id:8500002,phase:2,pass\"\n", -EPERM},
        {P "pass,skipAfter:HINOBAN-PATCH-1-END\"\n", -EBADMSG},
        {P "deny\"\nSecRuleEngine Off\n", -EPERM},
        {P "deny\"\nsecruleengine Off\n", -EPERM},
        {P "deny\"\nSecRuleRemoveById 942100\n", -EPERM},
        {P "deny\"\nSecRuleUpdateTargetById 942100 \"!ARGS\"\n", -EPERM},
        {P "deny\"\nSecDefaultAction \"phase:2,pass\"\n", -EPERM},
        {P "deny\"\nInclude /etc/passwd\n", -EPERM},
        {"SecRule ARGS \"@pmFromFile /etc/shadow\" "
         "\"id:8500001,phase:2,deny\"",
         -EBADMSG},
        {P "deny,chain\"", -EBADMSG},
        {P "deny\" \\", -EPERM},
        {P "deny\"\n# \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\n", 0},
        {P "deny\"\n# \xe2\x80\xae hidden\n", -EPERM},
        {P "deny\"\n# \x1b[2J\n", -EPERM},
        {P "deny\"\n# \xff\n", -EPERM},
        {"SecRule ARGS \"@rx (\" \"id:8500001,phase:2,deny", -EBADMSG},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct hb_err err = {0};
        int r = hb_patch_check(hb_slice_z(rows[i].text), "patch", &err);

        if (r != rows[i].want)
            fail_msg("%zu: %s: %d %s", i, rows[i].text, r, err.message);
        assert_true((r < 0) == (err.message[0] != '\0'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_not_believed),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_patch),
    };

    return hb_tap_run("guard/gate/grant", tests);
}
