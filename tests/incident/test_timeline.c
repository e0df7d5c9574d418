/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_timeline.c - moments in both languages, whatever an attacker wrote
 * into their arguments.
 */
#include "scratch_state.h"

static const char *text_of(const char *kind, const char *args, int lang)
{
    static char buf[4096];
    struct hb_moment m = {
        .kind = kind, .args = args, .actor = "", .event_uid = ""};
    struct hb_buf b = HB_BUF_INIT;

    hb_moment_text(&b, &m, lang);
    assert_int_equal(hb_buf_err(&b), 0);
    assert_true(b.n < sizeof(buf));
    assert_true(hb_utf8_valid(b.p, b.n));
    (void)hb_copyz(buf, sizeof(buf), hb_buf_z(&b));
    hb_buf_done(&b);
    return buf;
}

static void test_both_languages(void **state)
{
    static const char args[] = "{\"path\":\"index.html\",\"reasons\":"
                               "[\"content\",\"mode\"],\"who\":\"php\"}";

    if (!catalogue_open())
        hb_tap_skip("no built catalogue");
    assert_string_equal(text_of("file.changed", args, HB_LANG_EN),
                        "index.html was changed (content, mode) by php.");
    assert_string_equal(text_of("file.changed", args, HB_LANG_JA),
                        "index.html が変更された(内容、モード)。変更者:php。");
    /* Core keeps the reasons as the text of the array. */
    assert_string_equal(text_of("file.changed",
                                "{\"path\":\"a\",\"who\":\"b\","
                                "\"reasons\":\"[\\\"size\\\"]\"}",
                                HB_LANG_EN),
                        "a was changed (size) by b.");
    assert_string_equal(text_of("task.added",
                                "{\"title\":\"Do it\",\"title_ja\":\"行う\","
                                "\"roles\":\"officer\"}",
                                HB_LANG_EN),
                        "Asked of information-security officer: Do it.");
    assert_non_null(strstr(text_of("task.added",
                                   "{\"title\":\"Do it\",\"title_ja\":"
                                   "\"行う\",\"roles\":\"officer\"}",
                                   HB_LANG_JA),
                           "行う"));
    assert_null(strstr(text_of("task.added",
                               "{\"title\":\"Do it\",\"title_ja\":\"行う\","
                               "\"roles\":\"officer\"}",
                               HB_LANG_JA),
                       "officer"));
    assert_string_equal(
        text_of("incident.state", "{\"state\":\"contained\"}", HB_LANG_EN),
        "The incident is now: contained.");
    assert_null(strstr(
        text_of("incident.state", "{\"state\":\"contained\"}", HB_LANG_JA),
        "contained"));
}

static void test_control_characters(void **state)
{
    static const struct {
        const char *args, *want;
    } rows[] = {
        {"{\"note\":\"a\\nb\"}", "a\\nb"},
        {"{\"note\":\"\\u001b[31mred\"}", "\\x1b[31mred"},
        {"{\"note\":\"x\\u202egnp.exe\"}", "x\\u202egnp.exe"},
        {"{\"note\":\"\\u009b2J\"}", "2J"},
        {"{\"note\":\"a\\u200bb\"}", "a\\u200bb"},
        {"{\"note\":\"改ざん\"}", "改ざん"},
        {"{\"note\":\"%s%n{path}\"}", "%s%n{path}"},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        for (int lang = 0; lang < HB_LANG_COUNT; lang++) {
            const char *z = text_of("incident.note", rows[i].args, lang);

            if (strstr(z, rows[i].want) == NULL)
                fail_msg("%s became %s", rows[i].args, z);
            for (const char *c = z; *c != '\0'; c++)
                assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
            assert_null(strstr(z, "\xc2\x9b"));
            assert_null(strstr(z, "\xe2\x80\xae"));
        }
}

static void test_damaged_arguments(void **state)
{
    static const char *const args[] = {
        "",   "{",    "nonsense",        "{\"note\":1}",
        "[]", "null", "{\"note\":null}", "{\"note\":{\"a\":[1]}}"};

    for (size_t i = 0; i < HB_ARRAY_LEN(args); i++)
        assert_true(text_of("incident.note", args[i], HB_LANG_JA)[0] != '\0');
    assert_string_equal(text_of("no.such", "{}", HB_LANG_EN), "no.such");
    assert_string_equal(text_of("incident.note", "{\"note\":7}", HB_LANG_EN),
                        "7");
    assert_string_equal(text_of("file.changed",
                                "{\"path\":\"p\",\"reasons\":[1,\"x\"]}",
                                HB_LANG_EN),
                        "p was changed (x) by ?.");
    /* An empty value leaves no blank at the end. */
    assert_string_equal(
        text_of("incident.opened", "{\"by\":\"x\",\"note\":\"\"}", HB_LANG_EN),
        "Incident opened by x.");
}

struct seen {
    int n;
    int64_t times[8];
    char kinds[8][32];
    int64_t stop_at;
};

static int see(void *arg, const struct hb_moment *m)
{
    struct seen *s = arg;

    s->times[s->n % 8] = m->time;
    (void)hb_copyz(s->kinds[s->n % 8], sizeof(s->kinds[0]), m->kind);
    s->n++;
    return s->n == s->stop_at ? 5 : 0;
}

static void test_order(void **state)
{
    int64_t id = open_incident("city"), count = 0;
    int64_t other = open_incident("school");
    struct seen s = {0};

    /* Told late, shown where it belongs. */
    assert_int_equal(
        hb_timeline_add(&st, id, 20, "file.changed", "a", "{}", NULL), 0);
    assert_int_equal(hb_timeline_add(&st, id, 10, "file.added", "a", NULL, ""),
                     0);
    assert_int_equal(
        hb_timeline_add(&st, id, 20, "file.restored", "a", "{}", "uid"), 0);
    assert_int_equal(
        hb_timeline_add(&st, other, 1, "file.added", "a", "{}", ""), 0);
    assert_int_equal(hb_timeline_each(&st, id, see, &s), 0);
    assert_int_equal(s.n, 4);
    assert_int_equal(s.times[0], 10);
    assert_string_equal(s.kinds[1], "file.changed");
    assert_string_equal(s.kinds[2], "file.restored");
    assert_string_equal(s.kinds[3], "incident.opened");
    assert_int_equal(hb_timeline_count(&st, id, &count), 0);
    assert_int_equal(count, 4);
    assert_int_equal(hb_timeline_count(&st, 99, &count), 0);
    assert_int_equal(count, 0);
    s = (struct seen){.stop_at = 2};
    assert_int_equal(hb_timeline_each(&st, id, see, &s), 5);
    assert_int_equal(s.n, 2);
    /* What nobody can put into words is not written. */
    assert_int_equal(hb_timeline_add(&st, id, 1, "made.up", "a", "{}", ""),
                     -EINVAL);
    /* Of an incident that does not exist neither. */
    assert_true(hb_timeline_add(&st, 99, 1, "file.added", "a", "{}", "") < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STATE(test_both_languages),
        WITH_STATE(test_control_characters),
        WITH_STATE(test_damaged_arguments),
        WITH_STATE(test_order),
    };

    return hb_tap_run("incident/timeline", tests);
}
