/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_document.c - papers of a fixed incident against the files in expect/,
 * in both languages and forms; hostile names; facts that nobody knows.
 *
 *     HB_UPDATE=1 test-incident-document
 * writes the files anew: read the difference before you commit it.
 */
#include "scratch_state.h"

#include "casebook/casebook.h"
#include "incident/document.h"
#include "incident/document_facts.h"

#define AT(second) (INT64_C(1790000000000000000) + (second) * (int64_t)HB_S)

static struct hb_casebook *book;
static struct hb_key *officer_key;
static const uint8_t officer_seed[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

static void sql(const char *text)
{
    if (hb_db_exec(st.db, text, "") < 0)
        fail_msg("%s: %s", text, hb_db_err(st.db)->message);
}

static void moment(int second, const char *kind, const char *actor,
                   const char *args)
{
    assert_int_equal(hb_timeline_add(&st, 1, AT(second), kind, actor, args, ""),
                     0);
}

/* Incident 1, of case 2, opened by the file watch. */
static void bare_incident(void)
{
    assert_int_equal(hb_db_exec(st.db,
                                "INSERT INTO incident VALUES(1,"
                                " '01a0e7d5-0000-7000-8000-000000000001', 2,"
                                " 'case:2/site:city', 'city', 1, 4, ?1, ?1, 0,"
                                " 'hb-0201', 0, ?1, ?1)",
                                "i", AT(0)),
                     0);
    st.casebook = book;
}

static void evidence_item(struct hb_evidence *e, int second, const char *name,
                          const char *content)
{
    struct hb_evidence_item item = {.incident = 1,
                                    .time = AT(second),
                                    .kind = "file",
                                    .name = name,
                                    .taken_by = "role:core",
                                    .source = "helper staging"};

    assert_int_equal(hb_evidence_add_bytes(e, &item, hb_slice_z(content)), 0);
}

static void decide(int64_t person, const char *name, bool forged)
{
    struct hb_decision_row row = {.subject = "control:web.waf",
                                  .verdict = "accepted",
                                  .reason = "予算がつくまで",
                                  .person = name,
                                  .time = AT(900),
                                  .until = AT(90000),
                                  .incident = 1};
    _cleanup_buf_ struct hb_buf msg = HB_BUF_INIT;
    uint8_t sig[HB_SIG_SIZE];
    struct hb_slice s = {(const char *)sig, sizeof(sig)};

    assert_int_equal(hb_decision_message(&msg, &row), 0);
    assert_int_equal(hb_sign(officer_key, "decision", hb_buf_slice(&msg), sig),
                     0);
    assert_int_equal(
        hb_db_exec(st.db,
                   "INSERT INTO decision(subject, verdict, reason, person,"
                   " time, until, incident, sig)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, 1, ?7)",
                   "tttiiis", row.subject,
                   forged ? "not-applicable" : row.verdict, row.reason, person,
                   row.time, row.until, &s),
        0);
}

/* What an incident looks like after a day of work. */
static void full_incident(void)
{
    struct hb_person p = {.name = "sato",
                          .full_name = "佐藤 花子",
                          .uid = -1,
                          .roles = HB_PR_OFFICER};
    struct hb_pub *pub;
    struct hb_err err = {0};
    char dir[400];
    int64_t sato, suzuki;

    bare_incident();
    assert_int_equal(hb_key_pub(officer_key, &pub), 0);
    assert_int_equal(hb_pub_raw(pub, p.pub), 0);
    hb_pub_free(pub);
    assert_int_equal(put_person(&st, &p, &sato), 0);
    suzuki = add_person("suzuki", "鈴木 太郎", HB_PR_ADMIN);
    assert_int_equal(sato, 1);
    assert_int_equal(suzuki, 2);
    assert_int_equal(
        hb_db_exec(st.db,
                   "UPDATE incident SET findings = 3, first_event = ?1,"
                   " last_event = ?2, state = 2",
                   "ii", AT(-5), AT(60)),
        0);
    sql("INSERT INTO tally VALUES(1, 'changed', 2), (1, 'added', 1),"
        " (1, 'restored', 2), (1, 'removed', 1)");
    moment(-5, "file.changed", "sense/files",
           "{\"path\":\"index.html\",\"reasons\":[\"content\"],"
           "\"who\":\"/usr/bin/php (pid 812, www-data)\",\"ms\":\"1.9\"}");
    moment(0, "incident.opened", "hb-0201",
           "{\"by\":\"hb-0201\",\"note\":\"\"}");
    moment(1, "file.added", "sense/files",
           "{\"path\":\"uploads/sh.php\","
           "\"who\":\"/usr/bin/php (pid 812, www-data)\",\"ms\":\"12.4\"}");
    moment(120, "site.private", "role:core",
           "{\"by\":\"sato\",\"reason\":\"-\"}");
    moment(600, "site.public", "role:core",
           "{\"by\":\"sato\",\"reason\":\"-\"}");
    moment(610, "search.hit", "control", "{\"detail\":\"uploads/sh.php\"}");
    moment(620, "document.made", "role:core",
           "{\"name\":\"D01\",\"lang\":\"English\",\"lang_ja\":\"英語\"}");
    /* Tasks in all states; times are those of the rows. */
    sql("INSERT INTO task(id, incident, step, title_en, title_ja, roles,"
        " owner, created, due, escalated, asked, state, answer, done, done_by,"
        " four_eyes, second_by, evidence) VALUES"
        "(1, 1, 'consult', 'Consult the officer', '責任者に相談する', 1, 0,"
        " 1790000000000000000, 0, 0, 0, 2, '続けてよい', 1790000100000000000,"
        " 1, 0, 0, 'decision'),"
        "(2, 1, 'decide-private', 'Take it private?', '非公開にするか', 1, 0,"
        " 1790000000000000000, 0, 0, 0, 2, '経路が不明なため',"
        " 1790000110000000000, 1, 0, 2, 'decision'),"
        "(3, 1, 'hypothesis#1', 'Test a hypothesis', '仮説を検証する', 2, 0,"
        " 1790000000000000000, 0, 0, 0, 2, 'an old plug-in (CVE)',"
        " 1790000700000000000, 2, 0, 0, 'note,file'),"
        "(4, 1, 'visitors', 'Were visitors harmed?', '閲覧者の被害', 3, 2,"
        " 1790000000000000000, 1790086400000000000, 0, 0, 1, '', 0, 0, 0, 0,"
        " 'note,file'),"
        "(5, 1, 'outside-reports', 'Reports', '外部への報告', 5, 0,"
        " 1790000000000000000, 0, 0, 0, 3, 'not needed: text only',"
        " 1790000800000000000, 1, 0, 0, 'decision'),"
        "(6, 1, 'measure:files.window', 'Close the window', '窓を閉じる', 3,"
        " 0, 1790000000000000000, 1792592000000000000, 0, 0, 1, '', 0, 0, 0,"
        " 0, '')");
    sql("INSERT INTO run(id, incident, playbook, hash, state, started,"
        " finished) VALUES(1, 1, 'defacement', 'x', 2, 1, 0)");
    sql("INSERT INTO run_variable VALUES(1, '__go_private__', 'true'),"
        " (1, '__leftovers__', '1')");
    sql("INSERT INTO fact VALUES(1, 1, 'cause_confirmed', 'true',"
        " 1790000700000000000, 1790000700000000000, 'task:2', 0,"
        " 'person:sato')");
    decide(sato, "sato", false);
    decide(sato, "sato", true);
    (void)snprintf(dir, sizeof(dir), "%s/evidence", scratch);
    if (hb_evidence_open(dir, NULL, &st.evidence, &err) < 0)
        fail_msg("%s", err.message);
    evidence_item(st.evidence, 10, "/srv/city/index.html", "owned");
    evidence_item(st.evidence, 11, "/srv/city/uploads/sh.php", "<?php");
}

static void write_paper(const char *name, int lang, bool text, struct hb_buf *b)
{
    struct hb_document_opts o = {.lang = lang,
                                 .organisation = "ひのばん市",
                                 .zone_name = "JST",
                                 .zone_minutes = 540,
                                 .text = text,
                                 .url = "https://www.city.example/",
                                 .now = AT(1000)};
    struct hb_err err = {0};

    if (hb_document_write(&st, 1, name, &o, b, &err) < 0)
        fail_msg("%s", err.message);
    assert_true(hb_utf8_valid(b->p, b->n));
}

static void compare(const char *incident, const char *name, int lang, bool text)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_slice want = {0};
    char path[600];

    write_paper(name, lang, text, &b);
    (void)snprintf(path, sizeof(path), "%s/incident/expect/%s-%s.%s.%s",
                   HB_TESTDIR, incident, name, hb_lang_code((enum hb_lang)lang),
                   text ? "txt" : "html");
    if (getenv("HB_UPDATE") != NULL)
        assert_int_equal(hb_file_write(path, b.p, b.n, 0644), 0);
    assert_int_equal(hb_file_read(a, path, 1 << 20, &want), 0);
    if (want.n != b.n || memcmp(want.p, b.p, b.n) != 0) {
        size_t at = 0;

        while (at < b.n && at < want.n && b.p[at] == want.p[at])
            at++;
        fail_msg("%s differs at byte %zu: \"%.60s\"", path, at, b.p + at);
    }
}

static void compare_all(const char *incident)
{
    static const char *const names[] = {"D01", "D02"};

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++)
        for (int lang = 0; lang < HB_LANG_COUNT; lang++)
            for (int text = 0; text < 2; text++)
                compare(incident, names[i], lang, text != 0);
}

static void test_full(void **state)
{
    if (!catalogue_open())
        hb_tap_skip("no built catalogue");
    full_incident();
    compare_all("full");
}

static void test_nothing_known(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    const char *z;
    int n = 0;

    if (!catalogue_open())
        hb_tap_skip("no built catalogue");
    bare_incident();
    compare_all("bare");
    write_paper("D01", HB_LANG_JA, true, &b);
    for (z = hb_buf_z(&b); (z = strstr(z, "調査中")) != NULL; z++)
        n++;
    /* Cause, visitors, personal data, ... and never an empty line of a fact. */
    assert_true(n >= 8);
    assert_null(strstr(hb_buf_z(&b), ":\n"));
}

/* The process speaks one language, the paper another. */
static void test_language_of_the_process(void **state)
{
    _cleanup_buf_ struct hb_buf one = HB_BUF_INIT, two = HB_BUF_INIT;

    if (!catalogue_open())
        hb_tap_skip("no built catalogue");
    full_incident();
    hb_i18n_use(HB_LANG_JA);
    write_paper("D01", HB_LANG_EN, true, &one);
    hb_i18n_use(HB_LANG_EN);
    write_paper("D01", HB_LANG_EN, true, &two);
    assert_string_equal(hb_buf_z(&one), hb_buf_z(&two));
    assert_non_null(strstr(hb_buf_z(&one), "under investigation"));
}

static void test_hostile(void **state)
{
    static const char *const names[] = {"D01", "D02"};

    bare_incident();
    sql("UPDATE incident SET object = '<script>alert(1)</script>',"
        " opened_by = '\"><img src=x onerror=alert(1)>'");
    moment(1, "file.changed", "</td><script>",
           "{\"path\":\"<b>x</b>\\n2026-01-01 forged\\u202egnp.exe\","
           "\"who\":\"<i>&\\u001b[31m\"}");
    moment(2, "incident.note", "x", "{\"note\":\"a\\nb <a href='x'>\"}");
    /* A row that somebody damaged by hand. */
    sql("INSERT INTO timeline(incident, time, mono, kind, actor, args,"
        " event_uid) VALUES(1, 5, 0, 'file.changed', 'a', '{\"path', ''),"
        " (1, 6, 0, '<u>', 'b', '[]', '')");
    sql("INSERT INTO task(incident, step, title_en, title_ja, roles,"
        " owner, created, due, escalated, asked, state, answer, done, done_by,"
        " four_eyes, second_by, evidence) VALUES(1, 'consult',"
        " '<svg onload=x>', '<svg onload=x>', 1, 0, 1, 0, 0, 0, 2,"
        " '</dd><script>', 5, 99, 0, 0, 'decision')");
    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        _cleanup_buf_ struct hb_buf html = HB_BUF_INIT, text = HB_BUF_INIT;

        write_paper(names[i], HB_LANG_JA, false, &html);
        assert_null(strstr(hb_buf_z(&html), "<script"));
        assert_null(strstr(hb_buf_z(&html), "<img"));
        assert_null(strstr(hb_buf_z(&html), "<svg"));
        assert_null(strstr(hb_buf_z(&html), "<b>"));
        assert_null(strstr(hb_buf_z(&html), "<u>"));
        assert_null(strstr(hb_buf_z(&html), "\xe2\x80\xae"));
        assert_null(strchr(hb_buf_z(&html), '\x1b'));
        write_paper(names[i], HB_LANG_EN, true, &text);
        assert_null(strstr(hb_buf_z(&text), "\xe2\x80\xae"));
        assert_null(strchr(hb_buf_z(&text), '\x1b'));
        assert_null(strstr(hb_buf_z(&text), "\n2026-01-01 forged"));
    }
}

/* 300 paths: some are shown, the others counted, and none twice. */
static void test_many_files(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char args[64];

    bare_incident();
    for (int i = 0; i < 300; i++) {
        (void)snprintf(args, sizeof(args), "{\"path\":\"p%03d\"}", i / 2);
        moment(i, "file.changed", "sense/files", args);
    }
    write_paper("D01", HB_LANG_EN, true, &b);
    assert_non_null(strstr(hb_buf_z(&b), "p000"));
    if (strstr(hb_buf_z(&b), "and 126 more") == NULL)
        fail_msg("%s", hb_buf_z(&b));
}

static void test_facts_are_all_known(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_document_opts o = {.lang = HB_LANG_EN};
    struct hb_fact_values v;
    struct hb_facts_of *f = HB_NEW(a, struct hb_facts_of);

    bare_incident();
    assert_int_equal(hb_facts_read(f, &st, a, 1, &o, NULL), 0);
    for (const char *const *name = hb_facts; *name != NULL; name++)
        if (hb_facts_get(f, *name, &v) < 0)
            fail_msg("nobody can tell %s", *name);
    assert_int_equal(hb_facts_get(f, "no.such", &v), -ENOENT);
}

static void test_refusals(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_document_opts o = {.lang = HB_LANG_EN};
    struct hb_err err = {0};

    bare_incident();
    assert_int_equal(hb_document_write(&st, 1, "D99", &o, &b, &err), -ENOENT);
    assert_non_null(strstr(err.message, "D99"));
    assert_int_equal(hb_document_write(&st, 7, "D01", &o, &b, NULL), -ENOENT);
    o.lang = 5;
    assert_int_equal(hb_document_write(&st, 1, "D01", &o, &b, NULL), -EINVAL);
    st.casebook = NULL;
    o.lang = HB_LANG_JA;
    assert_int_equal(hb_document_write(&st, 1, "D01", &o, &b, NULL), -ENOENT);
    assert_int_equal(b.n, 0);
}

/* A paper does not tell of its own making; another one does. */
static void test_own_making(void **state)
{
    _cleanup_buf_ struct hb_buf one = HB_BUF_INIT, two = HB_BUF_INIT;
    struct hb_evidence_item item = {.incident = 1,
                                    .kind = "document",
                                    .name = "1-D02.en.txt",
                                    .taken_by = "role:core",
                                    .source = ""};

    full_incident();
    write_paper("D02", HB_LANG_EN, true, &one);
    assert_non_null(strstr(hb_buf_z(&one), "Document D01 written"));
    moment(2000, "document.made", "role:core", "{\"name\":\"D02\"}");
    assert_int_equal(
        hb_evidence_add_bytes(st.evidence, &item, HB_SLICE("paper")), 0);
    write_paper("D02", HB_LANG_EN, true, &two);
    assert_string_equal(hb_buf_z(&one), hb_buf_z(&two));
    item.name = "1-D01.en.txt";
    assert_int_equal(
        hb_evidence_add_bytes(st.evidence, &item, HB_SLICE("paper")), 0);
    hb_buf_reset(&two);
    write_paper("D02", HB_LANG_EN, true, &two);
    assert_non_null(strstr(hb_buf_z(&two), "1-D01.en.txt"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STATE(test_full),
        WITH_STATE(test_nothing_known),
        WITH_STATE(test_language_of_the_process),
        WITH_STATE(test_hostile),
        WITH_STATE(test_many_files),
        WITH_STATE(test_facts_are_all_known),
        WITH_STATE(test_refusals),
        WITH_STATE(test_own_making),
    };
    const char *root = getenv("HB_SOURCE_ROOT");
    char dir[512], key_path[] = "/tmp/hb-document-key-XXXXXX";
    struct hb_err err = {0};
    int fd, r;

    (void)snprintf(dir, sizeof(dir), "%s/casebook", root != NULL ? root : ".");
    fd = mkostemp(key_path, O_CLOEXEC);
    if (fd < 0 ||
        hb_write_all(fd, officer_seed, sizeof(officer_seed) - 1) < 0 ||
        hb_key_load(key_path, NULL, &officer_key, &err) < 0 ||
        hb_casebook_load(dir, &book, &err) < 0) {
        (void)printf("1..1\nnot ok 1 - %s\n", err.message);
        return 1;
    }
    (void)close(fd);
    (void)unlink(key_path);
    r = hb_tap_run("incident/document", tests);
    hb_casebook_free(book);
    hb_key_free(officer_key);
    return r;
}
