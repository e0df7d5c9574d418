/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_papers.c - every paper of the case book that we ship, as it is
 * printed: in both languages and forms, of an incident of which all is known
 * (papers.tsv) and of one of which nothing is.
 *
 *     HB_PAPERS=/some/folder test-incident-papers
 * writes the papers there, to be read.
 */
#include "scratch_state.h"

#include "base/utf8.h"
#include "casebook/casebook.h"
#include "incident/document.h"
#include "incident/fact.h"

#define CASE       15
#define NOW        (INT64_C(1790000000000000000))
#define SECONDS    10 /* for all papers of one incident */
#define MAX_VALUES 256

struct value {
    const char *name, *in[HB_LANG_COUNT];
};

typedef void paper_fn(const char *name, int lang, bool text, const char *z);

static struct hb_casebook *book;
static struct value values[MAX_VALUES];
static size_t values_n;

/* Papers that a case has of its own and those that all share. */
static const char *const papers[] = {
    "D01", "D02", "D03", "D04", "D04b", "D05", "D05b", "D06", "D07", "D08",
    "D09", "D10", "D11", "D12", "D13",  "D14", "D15",  "D16", "D17", "D18",
    "D19", "D20", "D21", "D22", "D23",  "D24", "D25",  "D26"};

static const char *const organisation[] = {
    [HB_LANG_EN] = "Hinoban City", [HB_LANG_JA] = "ひのばん市"};

/* Terms that an English paper may hold, with their brackets. */
static const char *const terms[] = {"(被害届)", "(要配慮個人情報)",
                                    "(特定個人情報)"};

static void read_values(struct hb_arena *a)
{
    char path[512];
    struct hb_slice s;

    (void)snprintf(path, sizeof(path), "%s/incident/papers.tsv", HB_TESTDIR);
    assert_int_equal(hb_file_read(a, path, 1 << 20, &s), 0);
    for (char *z = (char *)(uintptr_t)s.p; *z != '\0';) {
        struct value *v = &values[values_n++];
        char *end = strchr(z, '\n'), *en = strchr(z, '\t'), *ja;

        assert_non_null(end);
        assert_true(values_n < MAX_VALUES);
        ja = strchr(en + 1, '\t');
        assert_true(ja != NULL && ja < end);
        *en = *ja = *end = '\0';
        *v = (struct value){z, {[HB_LANG_EN] = en + 1, [HB_LANG_JA] = ja + 1}};
        z = end + 1;
    }
}

static void open_case(int64_t id)
{
    char uid[64];

    (void)snprintf(uid, sizeof(uid), "01a0e7d5-0000-7000-8000-%012lld",
                   (long long)id);
    assert_int_equal(
        hb_db_exec(st.db,
                   "INSERT INTO incident VALUES(?2, ?3, ?4, 'case:' || ?3,"
                   " 'mail-42', 1, 4, ?1, ?1, 0, 'person:sato', 0, ?1, ?1)",
                   "iiti", NOW, id, uid, (int64_t)CASE),
        0);
}

static void know(int64_t incident, const char *name, const char *value)
{
    struct hb_known k = {.name = name,
                         .value = value,
                         .known_at = NOW,
                         .source = "task:1",
                         .actor = "person:sato"};
    struct hb_err err = {0};

    if (hb_known_add(&st, incident, &k, &err) < 0)
        fail_msg("%s: %s", name, err.message);
}

static const char *value_of(const struct hb_fact *f, int lang)
{
    for (size_t i = 0; i < values_n; i++)
        if (hb_streq(values[i].name, f->name))
            return values[i].in[lang];
    switch (f->type) {
    case HB_FACT_BOOLEAN:
        return "true";
    case HB_FACT_INTEGER:
        return "3";
    case HB_FACT_TIME:
        return "2026-09-18T10:00:00+09:00";
    case HB_FACT_CHOICE:
        return f->choices[0].value;
    case HB_FACT_STRING:
        return f->label.in[lang];
    }
    return NULL;
}

static void know_all(int64_t incident, int lang)
{
    for (size_t i = 0; i < book->facts_n; i++)
        know(incident, book->facts[i].name, value_of(&book->facts[i], lang));
}

/* Tasks, decisions and evidence, as after a day of work. */
static void work(int64_t incident)
{
    struct hb_evidence_item item = {.incident = incident,
                                    .time = NOW,
                                    .kind = "file",
                                    .name = "mail.log",
                                    .taken_by = "role:core",
                                    .source = "helper staging"};

    assert_int_equal(
        hb_db_exec(st.db,
                   "INSERT INTO task(incident, step, title_en, title_ja, roles,"
                   " owner, created, due, escalated, asked, state, answer,"
                   " done, done_by, four_eyes, second_by, evidence) VALUES"
                   " (?1, 'consult/consult', 'Consult the officer',"
                   " '責任者に相談する', 1, 0, ?2, 0, 0, 0, 2, 'OK', ?2, 1, 0,"
                   " 0, 'decision'),"
                   " (?1, 'prevent/mail.hold', 'Hold attachments',"
                   " '添付を保留する', 3, 1, ?2, ?2, 0, 0, 1, '', 0, 0, 0, 0,"
                   " '')",
                   "ii", incident, NOW),
        0);
    assert_int_equal(hb_evidence_add_bytes(st.evidence, &item, HB_SLICE("log")),
                     0);
}

static void write_paper(int64_t incident, const char *name, int lang, bool text,
                        struct hb_buf *b)
{
    struct hb_document_opts o = {.lang = lang,
                                 .organisation = organisation[lang],
                                 .zone_name = "JST",
                                 .zone_minutes = 540,
                                 .text = text,
                                 .made_by = "Sato Hanako",
                                 .now = NOW};
    struct hb_err err = {0};

    if (hb_document_write(&st, incident, name, &o, b, &err) < 0)
        fail_msg("%s: %s", name, err.message);
    assert_true(hb_utf8_valid(b->p, b->n));
}

static void keep(const char *dir, int64_t incident, const char *name, int lang,
                 bool text, const struct hb_buf *b)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%lld-%s.%s.%s", dir,
                   (long long)incident, name, hb_lang_code((enum hb_lang)lang),
                   text ? "txt" : "html");
    assert_int_equal(hb_file_write(path, b->p, b->n, 0644), 0);
}

/* All papers of INCIDENT in one language. */
static void each_paper(int64_t incident, int lang, paper_fn *look)
{
    const char *dir = getenv("HB_PAPERS");

    for (size_t i = 0; i < HB_ARRAY_LEN(papers); i++)
        for (int text = 0; text < 2; text++) {
            _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

            write_paper(incident, papers[i], lang, text != 0, &b);
            if (dir != NULL)
                keep(dir, incident, papers[i], lang, text != 0, &b);
            if (look != NULL)
                look(papers[i], lang, text != 0, hb_buf_z(&b));
        }
}

/* ---- what no paper may hold ---- */

static bool japanese(uint32_t cp)
{
    return (cp >= 0x3000 && cp <= 0x30ff) || (cp >= 0x4e00 && cp <= 0x9fff);
}

static void no_japanese(const char *where, const char *z)
{
    while (*z != '\0') {
        uint32_t cp = 0;
        bool term = false;

        for (size_t i = 0; i < HB_ARRAY_LEN(terms) && !term; i++) {
            size_t n = strlen(terms[i]);

            term = strncmp(z, terms[i], n) == 0;
            z += term ? n : 0;
        }
        if (term)
            continue;
        z += hb_utf8_get(z, strlen(z), &cp);
        if (japanese(cp))
            fail_msg("%s: Japanese before \"%.40s\"", where, z);
    }
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Four words of letters in a row are taken for English; a command has three. */
static void no_english(const char *where, const char *z)
{
    int words = 0;

    while (*z != '\0') {
        size_t n = 0;

        if (!letter(*z)) {
            words = *z == ' ' ? words : 0;
            z++;
            continue;
        }
        while (letter(z[n]))
            n++;
        if (++words >= 4)
            fail_msg("%s: English before \"%.40s\"", where, z);
        z += n;
    }
}

static void one_language(const char *where, int lang, const char *z)
{
    if (lang == HB_LANG_EN)
        no_japanese(where, z);
    else
        no_english(where, z);
}

/* The page's own markup aside: its texts, a line each. */
static void page_text(struct hb_buf *b, const char *z)
{
    const char *body = strstr(z, "<body>");

    for (z = body != NULL ? body : z; *z != '\0'; z++) {
        if (*z == '<') {
            z += strcspn(z, ">");
            hb_buf_addc(b, '\n');
        } else {
            hb_buf_addc(b, *z);
        }
    }
    assert_int_equal(hb_buf_err(b), 0);
}

static bool alone(const char *z, const char *p)
{
    return (p == z || strchr(" \n", p[-1]) != NULL) &&
           strchr(" \n", p[1]) != NULL;
}

static void proper(const char *name, int lang, bool text, const char *z)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char where[64];

    (void)snprintf(where, sizeof(where), "%s.%s.%s", name,
                   hb_lang_code((enum hb_lang)lang), text ? "txt" : "html");
    if (!text) {
        assert_non_null(strstr(z, "<h1>"));
        page_text(&b, z);
        z = hb_buf_z(&b);
    }
    if (strpbrk(z, "{}") != NULL)
        fail_msg("%s: a brace at \"%.40s\"", where, strpbrk(z, "{}"));
    for (const char *p = z; (p = strchr(p, '?')) != NULL; p++)
        if (alone(z, p))
            fail_msg("%s: a question mark alone", where);
    if (strstr(z, organisation[lang]) == NULL)
        fail_msg("%s: whose paper is it?", where);
    /* Plain text breaks terms over lines; the page has the same words. */
    if (!text)
        one_language(where, lang, z);
}

static void unknown_is_said(const char *name, int lang, bool text,
                            const char *z)
{
    static const char *const words[] = {
        [HB_LANG_EN] = "under investigation", [HB_LANG_JA] = "調査中"};

    proper(name, lang, text, z);
    if (strstr(z, words[lang]) == NULL)
        fail_msg("%s.%s: nothing is under investigation", name,
                 hb_lang_code((enum hb_lang)lang));
}

/* ---- tests ---- */

static int begin(void **state)
{
    struct hb_err err = {0};
    char dir[400];

    if (state_make(state) < 0)
        return -1;
    (void)snprintf(dir, sizeof(dir), "%s/evidence", scratch);
    if (hb_evidence_open(dir, NULL, &st.evidence, &err) < 0)
        return -1;
    st.casebook = book;
    (void)add_person("sato", "Sato Hanako", HB_PR_OFFICER);
    return 0;
}

static void test_all_known(void **state)
{
    uint64_t start, spent;

    (void)state;
    if (!catalogue_open())
        hb_tap_skip("no built catalogue");
    for (int lang = 0; lang < HB_LANG_COUNT; lang++) {
        open_case(lang + 1);
        know_all(lang + 1, lang);
        work(lang + 1);
        each_paper(lang + 1, lang, proper);
    }
    start = hb_mono();
    for (int lang = 0; lang < HB_LANG_COUNT; lang++)
        each_paper(1, lang, NULL);
    spent = hb_mono() - start;
    print_message("# %zu papers in %llu ms\n", 4 * HB_ARRAY_LEN(papers),
                  (unsigned long long)(spent / HB_MS));
    assert_true(spent < SECONDS * HB_S);
}

static void test_nothing_known(void **state)
{
    (void)state;
    if (!catalogue_open())
        hb_tap_skip("no built catalogue");
    open_case(3);
    for (int lang = 0; lang < HB_LANG_COUNT; lang++)
        each_paper(3, lang, unknown_is_said);
}

/* Also what no incident of this test prints. */
static void test_templates(void **state)
{
    const struct hb_case *common = book->common;
    size_t paras = 0;

    (void)state;
    for (size_t i = 0; i < common->documents_n; i++) {
        const struct hb_document *d = &common->documents[i];

        for (int lang = 0; lang < HB_LANG_COUNT; lang++) {
            one_language(d->id, lang, d->title.in[lang]);
            one_language(d->id, lang, d->to.in[lang]);
            if (d->note.in[lang] != NULL)
                one_language(d->id, lang, d->note.in[lang]);
        }
        for (size_t k = 0; k < d->sections_n; k++) {
            const struct hb_doc_section *s = &d->sections[k];

            for (int lang = 0; lang < HB_LANG_COUNT; lang++) {
                for (size_t n = 0; n < s->paras_n; n++)
                    one_language(d->id, lang, s->paras[n].text.in[lang]);
                for (size_t n = 0; n < s->fields_n; n++)
                    one_language(d->id, lang, s->fields[n].label.in[lang]);
                if (s->title.in[lang] != NULL)
                    one_language(d->id, lang, s->title.in[lang]);
            }
            paras += s->paras_n;
        }
    }
    assert_true(paras > 300);
    for (size_t i = 0; i < HB_ARRAY_LEN(papers); i++)
        assert_non_null(hb_document_find(common, papers[i]));
    /* And the slip that is printed blank (cli/report_form.c). */
    assert_non_null(hb_document_find(common, "F01"));
    assert_int_equal(common->documents_n, HB_ARRAY_LEN(papers) + 1);
}

/* Where law or form is not certain, the paper never says it as a fact. */
static void test_uncertain_is_said(void **state)
{
    static const char *const names[] = {
        "D04", "D04b", "D05", "D05b", "D06", "D07", "D08", "D10", "D11", "D12",
        "D13", "D14",  "D15", "D16",  "D17", "D19", "D21", "D22", "D23", "D25"};

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        const struct hb_document *d = hb_document_find(book->common, names[i]);

        assert_non_null(d);
        if (d->note.in[HB_LANG_JA] == NULL ||
            strstr(d->note.in[HB_LANG_JA], "要確認") == NULL ||
            strstr(d->note.in[HB_LANG_EN], "o be confirmed") == NULL)
            fail_msg("%s sounds certain", names[i]);
    }
}

static bool says(int64_t incident, const char *name, const char *words)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    write_paper(incident, name, HB_LANG_EN, true, &b);
    return strstr(hb_buf_z(&b), words) != NULL;
}

/* Which letters and which law a paper holds follows what is known. */
static void test_parts_follow_the_facts(void **state)
{
    (void)state;
    if (!catalogue_open())
        hb_tap_skip("no built catalogue");
    open_case(1);
    assert_true(says(1, "D04", "article 7 "));
    assert_false(says(1, "D04", "article 43"));
    know(1, "organisation_kind", "municipality");
    assert_true(says(1, "D04", "article 43"));
    assert_false(says(1, "D04", "article 7 "));
    know(1, "organisation_kind", "public-hospital");
    assert_true(says(1, "D04", "article 7 "));

    assert_true(says(1, "D13", "incident: first report"));
    know(1, "client_informed", "true");
    assert_true(says(1, "D13", "incident: follow-up report"));
    assert_false(says(1, "D13", "incident: first report"));
    /* A cause that is confirmed ends nothing by itself; a person says so. */
    know(1, "cause_confirmed", "true");
    assert_false(says(1, "D13", "incident: final report"));
    know(1, "report_stage", "final");
    assert_true(says(1, "D13", "incident: final report"));
    know(1, "report_stage", "follow-up");
    assert_false(says(1, "D13", "incident: final report"));
    /* What nobody has decided yet is not under investigation. */
    assert_true(says(1, "D08", "under consideration"));
    assert_true(says(1, "D21", "(follow-up report)"));

    for (const char *z = "123"; *z != '\0'; z++)
        assert_true(says(1, "D16", (char[]){'r', ' ', *z, ':', '\0'}));
    know(1, "infringing_url", "https://sns.example/p/1");
    assert_false(says(1, "D16", "Letter 1:"));
    assert_true(says(1, "D16", "Letter 3:"));
    know(1, "account_hijacked", "true");
    assert_true(says(1, "D16", "Letter 1:"));
    assert_false(says(1, "D16", "Letter 2:"));

    assert_true(says(1, "D17", "by mistake"));
    know(1, "finder_contact", "Mr Yamada");
    assert_true(says(1, "D17", "Thank you for telling us"));
    assert_false(says(1, "D17", "by our mistake"));

    assert_true(says(1, "D08", "office and name of the head (fill in)"));
    know(1, "representative", "Mayor Tanaka");
    assert_false(says(1, "D08", "office and name of the head (fill in)"));
    assert_true(says(1, "D08", "Mayor Tanaka"));
    assert_true(says(1, "D08", "Date: 2026-09-21"));
    assert_true(says(1, "D08", "Our number: 2026-1 "));
}

/* A letter is dated as people write; the zone is named where it is not that
 * of Japan in Japanese. */
static void test_times(void **state)
{
    static const struct {
        int lang, minutes;
        const char *zone, *words;
    } rows[] = {
        {HB_LANG_EN, 540, "JST", "2026-09-21 23:13:20 JST"},
        {HB_LANG_EN, 540, "JST", "Noticed at: 2026-09-18 09:10 JST"},
        {HB_LANG_JA, 540, "JST", "2026年9月21日 23時13分20秒\n"},
        {HB_LANG_JA, 540, "JST", "2026年9月18日 9時10分\n"},
        {HB_LANG_JA, -480, "PST", "2026年9月17日 16時10分(PST)"},
        {HB_LANG_JA, 0, NULL, "2026-09-18T00:10:00.000Z"},
    };

    (void)state;
    if (!catalogue_open())
        hb_tap_skip("no built catalogue");
    open_case(1);
    know(1, "noticed_at", "2026-09-18T09:10:00+09:00");
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT, flat = HB_BUF_INIT;
        struct hb_document_opts o = {.lang = rows[i].lang,
                                     .zone_name = rows[i].zone,
                                     .zone_minutes = rows[i].minutes,
                                     .text = true,
                                     .now = NOW};

        assert_int_equal(hb_document_write(&st, 1, "D01", &o, &b, NULL), 0);
        for (const char *z = hb_buf_z(&b); *z != '\0'; z++)
            if (z[0] != ' ' || z[1] != ' ')
                hb_buf_addc(&flat, *z);
        if (strstr(hb_buf_z(&flat), rows[i].words) == NULL)
            fail_msg("no %s in %s", rows[i].words, hb_buf_z(&flat));
    }
}

/* What a case asks for stands in D01 once, also where all cases ask it. */
static void test_nothing_twice(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    const char *z;

    (void)state;
    open_case(1);
    write_paper(1, "D01", HB_LANG_EN, false, &b);
    z = strstr(hb_buf_z(&b), "Leak of personal data");
    assert_non_null(z);
    assert_null(strstr(z + 1, "Leak of personal data"));
    assert_non_null(strstr(hb_buf_z(&b), "Number of persons"));
}

/* G0-U3: whom a small office really calls. */
static void test_call_list(void **state)
{
    static const char *const rows[] = {
        "Maintenance vendor", "Internet provider", "Hosting company",
        "Domain registrar",   "Cyber insurance",   "Lawyer",
        "Accident desk",      "Payment processor", "Forensic firm",
        "Police station",     "Parent company",
    };

    (void)state;
    open_case(1);
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        if (!says(1, "D24", rows[i]))
            fail_msg("nobody to call: %s", rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_known, begin, state_drop),
        cmocka_unit_test_setup_teardown(test_nothing_known, begin, state_drop),
        cmocka_unit_test(test_templates),
        cmocka_unit_test(test_uncertain_is_said),
        cmocka_unit_test_setup_teardown(test_parts_follow_the_facts, begin,
                                        state_drop),
        cmocka_unit_test_setup_teardown(test_times, begin, state_drop),
        cmocka_unit_test_setup_teardown(test_nothing_twice, begin, state_drop),
        cmocka_unit_test_setup_teardown(test_call_list, begin, state_drop),
    };
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *root = getenv("HB_SOURCE_ROOT");
    struct hb_err err = {0};
    char dir[512];
    int r;

    (void)snprintf(dir, sizeof(dir), "%s/casebook", root != NULL ? root : ".");
    if (a == NULL || hb_casebook_load(dir, &book, &err) < 0) {
        (void)printf("1..1\nnot ok 1 - %s\n", err.message);
        return 1;
    }
    read_values(a);
    r = hb_tap_run("incident/papers", tests);
    hb_casebook_free(book);
    return r;
}
