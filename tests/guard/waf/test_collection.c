/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_collection.c - what rules keep from one request to the next: initcol,
 * setsid, setvar and expirevar over a region that workers share.
 */
#include "../../tap.h"

#include <unistd.h>

#include "base/clock.h"
#include "guard/waf/store.h"
#include "region.h"
#include "run.h"

#define ON   "SecRuleEngine On\n"
#define SIZE ((size_t)4 << 20)
#define COUNT                                                                  \
    ON "SecAction id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR},"          \
       "setvar:ip.n=+1\n"                                                      \
       "SecRule IP:n \"@ge 3\" id:2,phase:1,pass\n"

static void begin(struct run *r, struct rig *rig, const char *rules)
{
    run_rules(r, rules, NULL);
    hb_waf_thread_set_shared(r->thread, rig != NULL ? rig->s : NULL);
}

/* One request, and the rules that matched. */
static const char *ids(struct run *r, const char *uri)
{
    run_request(r, &(struct request){.uri = uri});
    assert_int_equal(r->result, 0);
    return r->ids;
}

/* The region's own time goes on while the machine's does not. */
static void pass(struct rig *rig, uint64_t seconds)
{
    uint64_t raw = hb_mono() / HB_MS;

    (void)hb_waf_shared_now(rig->s, raw);
    rig_pass(rig, &raw, seconds);
    (void)hb_waf_shared_now(rig->s, hb_mono() / HB_MS);
}

static void test_counts(void **state)
{
    struct rig rig = rig_new(SIZE);
    struct run r, other;

    begin(&r, &rig, COUNT);
    assert_string_equal(ids(&r, "/"), "");
    assert_string_equal(ids(&r, "/"), "");
    assert_string_equal(ids(&r, "/"), "2");
    /* After a reload: other rules, the same region. */
    begin(&other, &rig, COUNT);
    assert_string_equal(ids(&other, "/"), "2");
    run_done(&other);
    run_done(&r);
    rig_free(&rig);
}

static void test_without_region(void **state)
{
    struct run r;

    begin(&r, NULL, COUNT "SecRule IP:n \"@eq 1\" id:3,phase:2,pass\n");
    for (unsigned i = 0; i < 4; i++)
        assert_string_equal(ids(&r, "/"), "3");
    run_done(&r);
}

/* Keys, collections and applications are apart; names have no case. */
static void test_apart(void **state)
{
    struct rig rig = rig_new(SIZE);
    struct run r, other;
    static const char rules[] =
        "SecRule ARGS:k . id:1,phase:1,pass,nolog,setsid:%{ARGS.k},"
        "setuid:%{ARGS.k},setrsc:x\n"
        "SecAction id:2,phase:1,pass,nolog,initcol:global=global\n"
        "SecRule ARGS:w . id:3,phase:1,pass,nolog,setvar:session.Seen=1,"
        "setvar:global.seen=%{ARGS.w}\n"
        "SecRule ARGS:r . id:4,phase:1,pass,nolog,setvar:resource.a=1\n"
        "SecRule SESSION:seen 1 id:10,phase:2,pass\n"
        "SecRule USER:seen 1 id:11,phase:2,pass\n"
        "SecRule GLOBAL:SEEN \"@streq you\" id:12,phase:2,pass\n"
        "SecRule &RESOURCE:a \"@eq 1\" id:13,phase:2,pass\n";
    char text[2 * sizeof(rules)];

    (void)snprintf(text, sizeof(text), ON "%s", rules);
    begin(&r, &rig, text);
    assert_string_equal(ids(&r, "/?k=a&w=you"), "10 12");
    assert_string_equal(ids(&r, "/?k=a"), "10 12");
    assert_string_equal(ids(&r, "/?k=b"), "12");
    assert_string_equal(ids(&r, "/?k=b&r=1"), "12 13");
    assert_string_equal(ids(&r, "/?k=c"), "12 13");
    (void)snprintf(text, sizeof(text), ON "SecWebAppId shop\n%s", rules);
    begin(&other, &rig, text);
    assert_string_equal(ids(&other, "/?k=a"), "");
    run_done(&other);
    run_done(&r);
    rig_free(&rig);
}

static void test_unset_and_expire(void **state)
{
    struct rig rig = rig_new(SIZE);
    struct run r;

    begin(&r, &rig,
          ON "SecAction id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}\n"
             "SecRule ARGS:w . id:2,phase:1,pass,nolog,setvar:ip.a=1,"
             "expirevar:ip.a=%{ARGS.w},setvar:ip.b=2,setvar:ip.c=-3\n"
             "SecRule ARGS:u . id:3,phase:1,pass,nolog,setvar:!ip.b\n"
             "SecRule ARGS:z . id:4,phase:1,pass,nolog,expirevar:ip.c=0\n"
             "SecRule IP:a 1 id:10,phase:2,pass\n"
             "SecRule IP:b 2 id:11,phase:2,pass\n"
             "SecRule IP:c \"@eq -3\" id:12,phase:2,pass\n");
    assert_string_equal(ids(&r, "/?w=60"), "10 11 12");
    pass(&rig, 59);
    assert_string_equal(ids(&r, "/"), "10 11 12");
    pass(&rig, 2);
    assert_string_equal(ids(&r, "/"), "11 12");
    assert_string_equal(ids(&r, "/?u=1"), "12");
    assert_string_equal(ids(&r, "/"), "12");
    assert_string_equal(ids(&r, "/?z=1"), "");
    assert_string_equal(ids(&r, "/"), "");
    /* What is no number of seconds says nothing. */
    assert_string_equal(ids(&r, "/?w=soon"), "10 11 12");
    pass(&rig, 3000);
    assert_string_equal(ids(&r, "/"), "10 11 12");
    /* Nobody wrote for an hour. */
    pass(&rig, 3601);
    assert_string_equal(ids(&r, "/"), "");
    run_done(&r);
    rig_free(&rig);
}

static void test_timeout(void **state)
{
    struct rig rig = rig_new(SIZE);
    struct run r;

    begin(&r, &rig, "SecCollectionTimeout 30\n" COUNT);
    for (unsigned i = 0; i < 3; i++)
        (void)ids(&r, "/");
    assert_string_equal(r.ids, "2");
    pass(&rig, 29);
    assert_string_equal(ids(&r, "/"), "2");
    pass(&rig, 31);
    assert_string_equal(ids(&r, "/"), "");
    run_done(&r);
    rig_free(&rig);
}

/* A value that does not fit is there for this request, and counted. */
static void test_not_stored(void **state)
{
    struct rig rig = rig_new(SIZE);
    struct run r;
    char uri[400];

    begin(&r, &rig,
          ON "SecAction id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}\n"
             "SecRule ARGS:w . id:2,phase:1,pass,nolog,setvar:ip.a=%{ARGS.w}\n"
             "SecRule IP:a xx id:10,phase:2,pass\n");
    (void)snprintf(uri, sizeof(uri), "/?w=%0257dxx", 1);
    assert_string_equal(ids(&r, uri), "10");
    assert_int_equal(hb_waf_shared_counter(rig.s, HB_WAF_COUNT_NOT_STORED), 1);
    assert_string_equal(ids(&r, "/"), "");
    run_done(&r);
    rig_free(&rig);
}

/* Somebody holds the collection: the request is judged all the same. */
static void test_busy(void **state)
{
    struct rig rig = rig_new(SIZE);
    struct hb_waf_store c;
    struct hb_waf_held h;
    struct run r;

    begin(&r, &rig, COUNT "SecRule IP:n \"@eq 1\" id:3,phase:1,pass\n");
    (void)ids(&r, "/");
    hb_waf_store_name(&c, rig.s, HB_WAF_VAR_IP, HB_SLICE(""),
                      HB_SLICE("192.0.2.1"), 0);
    assert_int_equal(hb_waf_held_lock(rig.s, HB_WAF_PART_SMALL, c.id, &h), 0);
    assert_string_equal(ids(&r, "/"), "3");
    assert_true(hb_waf_shared_counter(rig.s, HB_WAF_COUNT_BUSY) >= 2);
    hb_waf_held_unlock(&h);
    assert_string_equal(ids(&r, "/"), "");
    assert_string_equal(ids(&r, "/"), "2");
    run_done(&r);
    rig_free(&rig);
}

/* Two workers that count: nothing is lost. */
static void test_workers(void **state)
{
    const unsigned each = 500;
    struct rig rig = rig_new(SIZE);
    struct run r;
    pid_t child[2];

    for (unsigned k = 0; k < HB_ARRAY_LEN(child); k++) {
        child[k] = fork();
        assert_true(child[k] >= 0);
        if (child[k] == 0) {
            begin(&r, &rig, COUNT);
            for (unsigned i = 0; i < each; i++)
                (void)ids(&r, "/");
            _exit(0);
        }
    }
    for (unsigned k = 0; k < HB_ARRAY_LEN(child); k++)
        assert_int_equal(rig_wait(child[k]), 0);
    begin(&r, &rig, COUNT "SecRule IP:n \"@eq 1001\" id:3,phase:1,pass\n");
    if (hb_waf_shared_counter(rig.s, HB_WAF_COUNT_BUSY) == 0)
        assert_string_equal(ids(&r, "/"), "2 3");
    else
        print_message("# the machine was too busy to count\n");
    run_done(&r);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),  cmocka_unit_test(test_without_region),
        cmocka_unit_test(test_apart),   cmocka_unit_test(test_unset_and_expire),
        cmocka_unit_test(test_timeout), cmocka_unit_test(test_not_stored),
        cmocka_unit_test(test_busy),    cmocka_unit_test(test_workers),
    };

    return hb_tap_run("guard/waf/collection", tests);
}
