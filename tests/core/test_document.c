/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_document.c - papers that core keeps: file, evidence, table, timeline,
 * once per change of what is known.
 */
#include "incident/scratch_state.h"

#include <sys/stat.h>

#include "base/fault.h"
#include "core/play_port.h"

static struct hb_casebook *book;
static struct hb_config config;
static struct hb_role_ctx ctx;
static struct hb_core core;
static int64_t incident;

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
    config = (struct hb_config){.organisation = {.name = "ひのばん市",
                                                 .zone_name = "JST",
                                                 .zone_minutes = 540}};
    ctx = (struct hb_role_ctx){.config = &config, .state_dir = scratch};
    core = (struct hb_core){.ctx = &ctx, .state = st, .book = book};
    incident = open_incident("city");
    return 0;
}

static void keep_all(void)
{
    struct hb_err err = {0};

    for (int lang = 0; lang < HB_LANG_COUNT; lang++)
        for (int text = 0; text < 2; text++)
            if (hb_core_document_keep(&core, incident, "D02",
                                      (enum hb_lang)lang, text != 0, &err) < 0)
                fail_msg("%s", err.message);
}

static int64_t rows(void)
{
    return number_of("SELECT count(*) FROM document");
}

static int64_t told(void)
{
    return number_of("SELECT count(*) FROM timeline"
                     " WHERE kind = 'document.made'");
}

struct seen {
    int n;
    char name[64], sha256[65];
};

static int see(void *arg, const struct hb_evidence_item *i)
{
    struct seen *s = arg;

    assert_string_equal(i->kind, "document");
    (void)hb_copyz(s->name, sizeof(s->name), i->name);
    (void)hb_copyz(s->sha256, sizeof(s->sha256), i->sha256);
    s->n++;
    return 0;
}

static void test_kept_once(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    uint8_t digest[HB_SHA256_SIZE];
    struct hb_slice file = {0};
    struct seen s = {0};
    char path[600], hex[65];
    struct stat sb;

    keep_all();
    assert_int_equal(rows(), 4);
    assert_int_equal(told(), 2);
    assert_int_equal(hb_evidence_each(st.evidence, incident, see, &s), 0);
    assert_int_equal(s.n, 4);
    assert_string_equal(s.name, "1-D02.ja.txt");
    (void)snprintf(path, sizeof(path), "%s/documents/%s", scratch, s.name);
    assert_int_equal(stat(path, &sb), 0);
    assert_int_equal(sb.st_mode & 07777, 0600);
    assert_int_equal(hb_file_read(a, path, 1 << 20, &file), 0);
    hb_sha256(file.p, file.n, digest);
    hb_hex(digest, sizeof(digest), hex);
    assert_string_equal(hex, s.sha256);
    assert_non_null(strstr(file.p, "ひのばん市"));
    /* Time goes on, but nothing new is known. */
    hb_clock_shift((int64_t)(3600 * HB_S));
    for (int i = 0; i < 3; i++)
        keep_all();
    hb_clock_shift(-(int64_t)(3600 * HB_S));
    assert_int_equal(rows(), 4);
    assert_int_equal(told(), 2);
}

static void test_kept_again(void **state)
{
    char path[600];

    keep_all();
    assert_int_equal(hb_timeline_add(&st, incident, hb_now(), "incident.note",
                                     "person:sato", "{\"note\":\"new\"}", ""),
                     0);
    keep_all();
    assert_int_equal(rows(), 8);
    assert_int_equal(told(), 4);
    /* A file that somebody took away or changed is written anew. */
    (void)snprintf(path, sizeof(path), "%s/documents/1-D02.en.html", scratch);
    assert_int_equal(unlink(path), 0);
    keep_all();
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(hb_file_write(path, "forged", 6, 0600), 0);
    keep_all();
    assert_int_equal(rows(), 10);
}

static void test_asked_by_a_person(void **state)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    const struct hb_person by = {.full_name = "佐藤 花子"};
    struct hb_err err = {0};

    assert_int_equal(hb_core_document(&core, incident, "D01", HB_LANG_JA, true,
                                      &by, &out, &err),
                     0);
    assert_non_null(strstr(hb_buf_z(&out), "佐藤 花子"));
    /* Printed, not kept. */
    assert_int_equal(rows(), 0);
    assert_int_equal(
        hb_core_document(&core, 99, "D01", HB_LANG_JA, true, NULL, &out, &err),
        -ENOENT);
    err = (struct hb_err){0};
    assert_int_equal(
        hb_core_document_keep(&core, incident, "D99", HB_LANG_EN, true, &err),
        -ENOENT);
    assert_non_null(strstr(err.message, "D99"));
    assert_int_equal(hb_core_document_keep(&core, incident, "../D01",
                                           HB_LANG_EN, true, NULL),
                     -EINVAL);
}

/* A full disk: said, and nothing half done; then it goes on. */
static void test_failing_writes(void **state)
{
    struct hb_err err = {0};

    for (unsigned n = 1; n < 4; n++) {
        err = (struct hb_err){0};
        hb_fault_set(HB_FAULT_WRITE, n);
        if (hb_core_document_keep(&core, incident, "D01", HB_LANG_EN, true,
                                  &err) == 0)
            break;
        assert_int_equal(err.code, -ENOSPC);
        assert_int_equal(rows(), 0);
    }
    hb_fault_set(HB_FAULT_WRITE, 0);
    assert_int_equal(
        hb_core_document_keep(&core, incident, "D01", HB_LANG_EN, true, NULL),
        0);
    assert_int_equal(rows(), 1);
}

#define T(t) cmocka_unit_test_setup_teardown(t, begin, state_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_kept_once),
        T(test_kept_again),
        T(test_asked_by_a_person),
        T(test_failing_writes),
    };
    const char *root = getenv("HB_SOURCE_ROOT");
    struct hb_err err = {0};
    char dir[512];
    int r;

    (void)snprintf(dir, sizeof(dir), "%s/casebook", root != NULL ? root : ".");
    if (hb_casebook_load(dir, &book, &err) < 0) {
        (void)printf("1..1\nnot ok 1 - %s\n", err.message);
        return 1;
    }
    (void)catalogue_open();
    r = hb_tap_run("core/document", tests);
    hb_casebook_free(book);
    return r;
}
