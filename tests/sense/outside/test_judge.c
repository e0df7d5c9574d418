/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came from outside is judged by the signed baseline: the same, another,
 * the same with something put in, a redirect, or not to be compared.
 */
#include "../../baseline/fixture.h"
#include "sense/outside/judge.h"

struct rig {
    struct place p;
    struct hb_base_set set;
    struct hb_fetched f;
    struct hb_buf detail;
};

static void rig_open(struct rig *r)
{
    memset(r, 0, sizeof(*r));
    place_open(&r->p);
    fill(&r->p);
    put(&r->p, "news.htm", "<p>news</p>");
    sign_now(&r->p, 1);
    r->set.cur = open_now(&r->p);
    hb_buf_init(&r->detail, 4096);
    hb_buf_init(&r->f.body, 65536);
}

static void rig_done(struct rig *r)
{
    hb_base_set_done(&r->set);
    hb_buf_done(&r->detail);
    hb_fetched_done(&r->f);
    place_done(&r->p);
}

static enum hb_seen judge(struct rig *r, int status, const char *body,
                          const char *path, bool private)
{
    hb_buf_reset(&r->detail);
    hb_buf_reset(&r->f.body);
    hb_buf_addz(&r->f.body, body);
    hb_sha256(body, strlen(body), r->f.sha256);
    r->f.status = status;
    return hb_judge_page(&r->f, &r->set, hb_slice_z(path), r->p.objects,
                         private, "own.example", &r->detail);
}

static void test_same_and_different(void **state)
{
    static const char page[] = "<h1>火の用心</h1>\n";
    struct rig r;

    (void)state;
    rig_open(&r);
    assert_int_equal(judge(&r, 200, page, "index.html", false), HB_SEEN_SAME);
    assert_int_equal(r.detail.n, 0);
    assert_int_equal(judge(&r, 200, "<h1>hacked</h1>\n", "index.html", false),
                     HB_SEEN_DIFFERS);
    assert_non_null(strstr(hb_buf_z(&r.detail), "byte 4"));
    assert_int_equal(judge(&r, 404, page, "index.html", false),
                     HB_SEEN_DIFFERS);
    assert_int_equal(judge(&r, 200, "", "index.html", false), HB_SEEN_DIFFERS);
    assert_int_equal(judge(&r, 200, "x", "not-published", false),
                     HB_SEEN_UNKNOWN);
    /* Cut short is not the same, whatever its hash. */
    r.f.cut = true;
    assert_int_equal(judge(&r, 200, page, "index.html", false),
                     HB_SEEN_DIFFERS);
    rig_done(&r);
}

static void test_injected(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r);
    assert_int_equal(
        judge(&r, 200,
              "<h1>火の用心</h1><script src=https://EVIL.example/a></script>\n",
              "index.html", false),
        HB_SEEN_INJECTED);
    assert_non_null(strstr(hb_buf_z(&r.detail), "evil.example"));
    assert_int_equal(
        judge(&r, 200, "<h1>火の用心</h1>\n<i>x</i>", "index.html", false),
        HB_SEEN_INJECTED);
    assert_int_equal(
        judge(&r, 200, "x<h1>火の用心</h1>\n", "index.html", false),
        HB_SEEN_INJECTED);
    rig_done(&r);
}

static void test_states_of_the_server(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r);
    assert_int_equal(judge(&r, 503, "maintenance", "index.html", true),
                     HB_SEEN_PRIVATE);
    assert_int_equal(judge(&r, 503, "maintenance", "index.html", false),
                     HB_SEEN_UNREACHABLE);
    assert_int_equal(judge(&r, 500, "", "index.html", true),
                     HB_SEEN_UNREACHABLE);
    (void)snprintf(r.f.next, sizeof(r.f.next), "https://evil.example/x");
    assert_int_equal(judge(&r, 302, "", "index.html", false),
                     HB_SEEN_REDIRECTED);
    assert_non_null(strstr(hb_buf_z(&r.detail), "evil.example"));
    (void)snprintf(r.f.url, sizeof(r.f.url), "https://own.example/x");
    (void)snprintf(r.f.next, sizeof(r.f.next), "http://Own.example:81/x");
    assert_int_equal(judge(&r, 302, "", "index.html", false),
                     HB_SEEN_REDIRECTED);
    assert_string_equal(hb_buf_z(&r.detail),
                        "visitors are sent from https to http on own.example");
    rig_done(&r);
}

/* While a release is on its way both of its states are right. */
static void test_release_on_its_way(void **state)
{
    struct hb_err err = {0};
    struct rig r;

    (void)state;
    rig_open(&r);
    put(&r.p, "index.html", "<h1>next</h1>\n");
    sign_now(&r.p, 2);
    assert_int_equal(
        hb_baseline_open(r.p.site, "site", 2, 0, r.p.pub, &r.set.next, &err),
        0);
    assert_int_equal(judge(&r, 200, "<h1>next</h1>\n", "index.html", false),
                     HB_SEEN_SAME);
    assert_int_equal(judge(&r, 200, "<h1>火の用心</h1>\n", "index.html", false),
                     HB_SEEN_SAME);
    assert_int_equal(judge(&r, 200, "<h1>else</h1>\n", "index.html", false),
                     HB_SEEN_DIFFERS);
    rig_done(&r);
}

static void test_sample_goes_round(void **state)
{
    struct hb_base_entry e;
    struct hb_slice path;
    uint32_t cursor = 0;
    unsigned index = 0, news = 0;
    struct rig r;

    (void)state;
    rig_open(&r);
    assert_int_equal(hb_judge_index(&r.set, &path), 0);
    assert_int_equal(path.n, strlen("index.html"));
    for (int i = 0; i < 6; i++) {
        assert_int_equal(hb_judge_next(&r.set, &cursor, &e), 0);
        index += hb_slice_eq(e.path, HB_SLICE("index.html"));
        news += hb_slice_eq(e.path, HB_SLICE("news.htm"));
    }
    assert_int_equal(index, 2);
    assert_int_equal(news, 2);
    rig_done(&r);
}

static void test_hosts(void **state)
{
    static const struct {
        const char *html, *hosts;
    } rows[] = {
        {"<p>//a.example", ""},
        {"<script src='//A.example/x'>", "a.example"},
        {"<script src=//own.example/x>", ""},
        {"<iframe src=\"http://b.example:81/\"><form "
         "action=https://c.example>",
         "b.example, c.example"},
        {"<script src=//a.example></script><script src=//a.example>",
         "a.example"},
        {"<script", ""},
        {"<script>/", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct hb_buf b = HB_BUF_INIT;

        hb_foreign_hosts(hb_slice_z(rows[i].html), "own.example", 4, &b);
        assert_string_equal(hb_buf_z(&b), rows[i].hosts);
        hb_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_and_different),
        cmocka_unit_test(test_injected),
        cmocka_unit_test(test_states_of_the_server),
        cmocka_unit_test(test_release_on_its_way),
        cmocka_unit_test(test_sample_goes_round),
        cmocka_unit_test(test_hosts),
    };

    return hb_tap_run("sense/outside/judge", tests);
}
