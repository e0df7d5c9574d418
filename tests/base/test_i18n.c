/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue: which language the environment asks for, look-ups in both
 * languages at once, and damaged files.  Runs without a generated locale,
 * as on a bare Debian.
 */
#include "tap.h"

#include <fcntl.h>
#include <locale.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/id.h"

static char root[64], dir[96], path[128];

struct entry {
    const char *id;
    size_t id_size;
    const char *text;
};

/* In the order of strcmp(), as msgfmt(1) writes them. */
static const struct entry entries[] = {
    {"", 0, "Language: ja\n"},
    {"%d task", 16, "作業 %d 件"}, /* "%d task\0%d tasks" */
    {"apple", 5, "りんご"},
    {"empty", 5, ""},
    {"fire watch", 10, "火の番"},
};

static void catalogue(struct hb_buf *b, bool swapped)
{
    size_t n = HB_ARRAY_LEN(entries), at = 28 + 16 * n;
    uint32_t words[7 + 4 * HB_ARRAY_LEN(entries)] = {
        0x950412de, 0, (uint32_t)n, 28, (uint32_t)(28 + 8 * n), 0, 0};

    for (size_t i = 0; i < n; i++) {
        words[7 + 2 * i] = (uint32_t)entries[i].id_size;
        words[8 + 2 * i] = (uint32_t)at;
        at += entries[i].id_size + 1;
    }
    for (size_t i = 0; i < n; i++) {
        words[7 + 2 * n + 2 * i] = (uint32_t)strlen(entries[i].text);
        words[8 + 2 * n + 2 * i] = (uint32_t)at;
        at += strlen(entries[i].text) + 1;
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(words); i++)
        hb_buf_add_u32(b, swapped ? __builtin_bswap32(words[i]) : words[i]);
    for (size_t i = 0; i < n; i++) {
        if (i == 1)
            hb_buf_add(b, "%d task\0%d tasks", 17);
        else
            hb_buf_add(b, entries[i].id, entries[i].id_size + 1);
    }
    for (size_t i = 0; i < n; i++)
        hb_buf_add(b, entries[i].text, strlen(entries[i].text) + 1);
}

static void install(const void *p, size_t n)
{
    /* Not hb_file_write(): thousands of times fsync. */
    _cleanup_close_ int fd =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_int_equal(hb_write_all(fd, p, n), 0);
}

static void environment(const char *language, const char *lc_all,
                        const char *lc_messages, const char *lang)
{
    const char *const names[] = {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"};
    const char *const values[] = {language, lc_all, lc_messages, lang};

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        if (values[i] != NULL)
            assert_int_equal(setenv(names[i], values[i], 1), 0);
        else
            assert_int_equal(unsetenv(names[i]), 0);
    }
    hb_i18n_open();
}

static int setup(void **state)
{
    struct hb_buf b = HB_BUF_INIT;

    (void)snprintf(root, sizeof(root), "/tmp/hinoban-i18n-XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    (void)snprintf(dir, sizeof(dir), "%s/ja/LC_MESSAGES", root);
    (void)snprintf(path, sizeof(path), "%s/hinoban.mo", dir);
    if (hb_mkdirs(dir, 0755) < 0 || setenv("HINOBAN_LOCALEDIR", root, 1) < 0)
        return -1;
    catalogue(&b, false);
    install(b.p, b.n);
    hb_buf_done(&b);
    return 0;
}

static int teardown(void **state)
{
    return hb_rmtree(AT_FDCWD, root);
}

static void test_japanese_without_a_generated_locale(void **state)
{
    environment(NULL, NULL, NULL, "ja_JP.UTF-8");
    assert_int_equal(hb_i18n_lang(), HB_LANG_JA);
    assert_string_equal(_("fire watch"), "火の番");
    assert_string_equal(_("apple"), "りんご");
    assert_string_equal(P_("%d task", "%d tasks", 1), "作業 %d 件");
    assert_string_equal(P_("%d task", "%d tasks", 2), "作業 %d 件");
    /* Absent, between, before and after all others. */
    assert_string_equal(_("banana"), "banana");
    assert_string_equal(_("\x01"), "\x01");
    assert_string_equal(_("zebra"), "zebra");
    assert_string_equal(_("fire watch "), "fire watch ");
    assert_string_equal(_("%d tasks"), "%d tasks");
    assert_string_equal(_("empty"), "empty");
    /* The header is nobody's translation of nothing. */
    assert_string_equal(_(""), "");
    assert_string_equal(P_("one", "many", 1), "one");
    assert_string_equal(P_("one", "many", 0), "many");
}

static void test_english(void **state)
{
    environment(NULL, NULL, NULL, "en_GB.UTF-8");
    assert_int_equal(hb_i18n_lang(), HB_LANG_EN);
    assert_string_equal(_("fire watch"), "fire watch");
    assert_string_equal(P_("%d task", "%d tasks", 1), "%d task");
    assert_string_equal(P_("%d task", "%d tasks", 5), "%d tasks");
}

static void test_both_at_once(void **state)
{
    environment(NULL, NULL, NULL, NULL);
    assert_string_equal(hb_tr(HB_LANG_JA, "fire watch"), "火の番");
    assert_string_equal(hb_tr(HB_LANG_EN, "fire watch"), "fire watch");
    assert_string_equal(hb_trn(HB_LANG_JA, "%d task", "%d tasks", 3),
                        "作業 %d 件");
    assert_string_equal(hb_trn(HB_LANG_EN, "%d task", "%d tasks", 3),
                        "%d tasks");
    hb_i18n_use(HB_LANG_JA);
    assert_string_equal(_("fire watch"), "火の番");
    hb_i18n_use(HB_LANG_EN);
    assert_string_equal(_("fire watch"), "fire watch");
    assert_string_equal(hb_lang_code(HB_LANG_EN), "en");
    assert_string_equal(hb_lang_code(HB_LANG_JA), "ja");
}

static void test_order_of_the_environment(void **state)
{
    static const struct {
        const char *language, *all, *messages, *lang;
        enum hb_lang want;
    } cases[] = {
        {NULL, NULL, NULL, NULL, HB_LANG_EN},
        {NULL, NULL, NULL, "ja", HB_LANG_JA},
        {NULL, NULL, NULL, "ja_JP.eucJP", HB_LANG_JA},
        {NULL, NULL, NULL, "ja@x", HB_LANG_JA},
        {NULL, NULL, NULL, "jam_JM.UTF-8", HB_LANG_EN},
        {NULL, NULL, NULL, "j", HB_LANG_EN},
        {NULL, NULL, NULL, "de_DE.UTF-8", HB_LANG_EN},
        {NULL, NULL, "ja_JP.UTF-8", "en_US.UTF-8", HB_LANG_JA},
        {NULL, NULL, "en_US.UTF-8", "ja_JP.UTF-8", HB_LANG_EN},
        {NULL, "ja_JP.UTF-8", "en_US", "en_US", HB_LANG_JA},
        {NULL, "C", "ja_JP.UTF-8", "ja_JP.UTF-8", HB_LANG_EN},
        {NULL, "", "", "ja_JP.UTF-8", HB_LANG_JA},
        {"ja", NULL, NULL, "C.UTF-8", HB_LANG_JA},
        {"ja", NULL, NULL, "en_US.UTF-8", HB_LANG_JA},
        {"ja", NULL, NULL, "C", HB_LANG_EN},
        {"ja", NULL, NULL, "POSIX", HB_LANG_EN},
        {"ja", NULL, NULL, NULL, HB_LANG_EN},
        {"de:ja:en", NULL, NULL, "en_US.UTF-8", HB_LANG_JA},
        {"en:ja", NULL, NULL, "ja_JP.UTF-8", HB_LANG_EN},
        {"de::fr:", NULL, NULL, "ja_JP.UTF-8", HB_LANG_JA},
        {"", NULL, NULL, "ja_JP.UTF-8", HB_LANG_JA},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(cases); i++) {
        environment(cases[i].language, cases[i].all, cases[i].messages,
                    cases[i].lang);
        if (hb_i18n_lang() != cases[i].want)
            fail_msg("case %zu", i);
    }
}

static void test_numbers_and_characters(void **state)
{
    char buf[16];

    environment(NULL, NULL, NULL, "ja_JP.UTF-8");
    (void)snprintf(buf, sizeof(buf), "%.1f", 1.5);
    assert_string_equal(buf, "1.5");
    assert_string_equal(setlocale(LC_NUMERIC, NULL), "C");
    /* Multibyte functions know our text. */
    assert_true(MB_CUR_MAX > 1);
}

static void test_other_byte_order(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    catalogue(&b, true);
    install(b.p, b.n);
    environment(NULL, NULL, NULL, "ja_JP.UTF-8");
    assert_string_equal(_("fire watch"), "火の番");
}

static void test_no_catalogue(void **state)
{
    assert_int_equal(unlink(path), 0);
    environment(NULL, NULL, NULL, "ja_JP.UTF-8");
    assert_int_equal(hb_i18n_lang(), HB_LANG_JA);
    assert_string_equal(_("fire watch"), "fire watch");
}

static void look_up_all(void)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(entries); i++) {
        assert_non_null(_(entries[i].id));
        assert_true(strlen(_(entries[i].id)) < 4096);
    }
}

static void test_cut_files(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    catalogue(&b, false);
    for (size_t n = 0; n < b.n; n++) {
        install(b.p, n);
        environment(NULL, NULL, NULL, "ja_JP.UTF-8");
        /* The last text is cut: nothing of the file is believed. */
        assert_string_equal(_("apple"), "apple");
    }
}

static void test_damaged_files(void **state)
{
    for (int round = 0; round < 2000; round++) {
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
        uint32_t random[2];

        catalogue(&b, false);
        for (int k = 0; k <= round % 3; k++) {
            hb_random(random, sizeof(random));
            b.p[random[0] % b.n] = (char)random[1];
        }
        install(b.p, b.n);
        environment(NULL, NULL, NULL, "ja_JP.UTF-8");
        look_up_all();
    }
}

static void test_the_real_catalogue(void **state)
{
    const char *build = getenv("HB_BUILD_ROOT");
    char po[512];

    if (build == NULL)
        hb_tap_skip("HB_BUILD_ROOT is not set");
    (void)snprintf(po, sizeof(po), "%s/po", build);
    assert_int_equal(setenv("HINOBAN_LOCALEDIR", po, 1), 0);
    environment(NULL, NULL, NULL, "ja_JP.UTF-8");
    assert_string_equal(_("permission denied"), "アクセス権がありません");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_japanese_without_a_generated_locale),
        T(test_english),
        T(test_both_at_once),
        T(test_order_of_the_environment),
        T(test_numbers_and_characters),
        T(test_other_byte_order),
        T(test_no_catalogue),
        T(test_cut_files),
        T(test_damaged_files),
        T(test_the_real_catalogue),
    };

    return hb_tap_run("base/i18n", tests);
}
