/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rules.c - what may lie in a writable area, and what may not.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../../tap.h"
#include "base/file.h"
#include "sense/files/rules.h"

static const char *types[] = {"jpg", "png", "pdf"};
static struct hb_conf_area areas[] = {
    {.path = "uploads", .max_size = 1000, .types = {types, 3}},
    {.path = "uploads/any", .max_size = 1 << 20},
    {.path = "cache", .max_size = 1 << 20, .allow_executable = true},
};
static const char *ignored[] = {"tmp", "logs/access.log"};
static const struct hb_conf_site site = {
    .root = "/srv/www",
    .areas = {areas, 3},
    .ignore = {ignored, 2},
};

static enum hb_rule judge(const char *path, const void *p, size_t n,
                          mode_t mode)
{
    const struct hb_conf_area *a = hb_rules_area(&site, hb_slice_z(path));
    struct hb_fp_stat st = {.mode = S_IFREG | mode, .nlink = 1, .size = n};
    int fd = memfd_create("t", MFD_CLOEXEC);
    enum hb_rule r;

    assert_non_null(a);
    assert_int_equal(hb_write_all(fd, p, n), 0);
    r = hb_rules_judge(a, site.root, hb_slice_z(path), &st, fd, true);
    (void)close(fd);
    return r;
}

#define JUDGE(path, text) judge(path, text, sizeof(text) - 1, 0644)
#define JPEG              "\xff\xd8\xff\xe0 a picture of the town hall"

static void test_ignored(void **state)
{
    assert_true(hb_rules_ignored(&site, HB_SLICE("tmp")));
    assert_true(hb_rules_ignored(&site, HB_SLICE("tmp/x/y")));
    assert_false(hb_rules_ignored(&site, HB_SLICE("tmpx")));
    assert_true(hb_rules_ignored(&site, HB_SLICE("logs/access.log")));
    assert_false(hb_rules_ignored(&site, HB_SLICE("logs")));
    assert_false(hb_rules_ignored(&site, HB_SLICE("")));
}

static void test_areas(void **state)
{
    assert_null(hb_rules_area(&site, HB_SLICE("uploads")));
    assert_ptr_equal(hb_rules_area(&site, HB_SLICE("uploads/a.jpg")),
                     &areas[0]);
    assert_ptr_equal(hb_rules_area(&site, HB_SLICE("uploads/any/x")),
                     &areas[1]);
    assert_null(hb_rules_area(&site, HB_SLICE("uploadsx/a")));
    assert_null(hb_rules_area(&site, HB_SLICE("index.html")));
}

static void test_content(void **state)
{
    static const char php_in_picture[] = JPEG "\0\0\1<?PhP system($_GET[1]);";
    static const char short_tag[] = "GIF89a;<?=`$_GET[1]`?> and more text";

    assert_int_equal(JUDGE("uploads/a.jpg", JPEG), HB_RULE_OK);
    assert_int_equal(JUDGE("uploads/a.jpg", ""), HB_RULE_OK);
    assert_int_equal(JUDGE("uploads/a.jpg", php_in_picture), HB_RULE_CONTENT);
    assert_int_equal(JUDGE("uploads/any/a.gif", short_tag), HB_RULE_CONTENT);
    assert_int_equal(JUDGE("uploads/any/a", "#!/bin/sh\nid\n"),
                     HB_RULE_CONTENT);
    assert_int_equal(JUDGE("uploads/any/a", "\x7f"
                                            "ELF\2\1\1"),
                     HB_RULE_CONTENT);
    assert_int_equal(JUDGE("uploads/any/a", "MZ\x90"), HB_RULE_CONTENT);
    assert_int_equal(JUDGE("uploads/any/a", "<?xml version=\"1.0\"?>"),
                     HB_RULE_OK);
}

static void test_types(void **state)
{
    assert_int_equal(JUDGE("uploads/a.html", "<p>"), HB_RULE_TYPE);
    assert_int_equal(JUDGE("uploads/noending", JPEG), HB_RULE_TYPE);
    /* Not what it says it is. */
    assert_int_equal(JUDGE("uploads/a.png", JPEG), HB_RULE_TYPE);
    assert_int_equal(JUDGE("uploads/a.png", "\x89PNG\r\n\x1a\n....."),
                     HB_RULE_OK);
    assert_int_equal(JUDGE("uploads/A.JPG", JPEG), HB_RULE_OK);
    /* Without a list every harmless type passes. */
    assert_int_equal(JUDGE("uploads/any/a.html", "<p>"), HB_RULE_OK);
}

static void test_metadata(void **state)
{
    const struct hb_conf_area *a = &areas[0];
    struct hb_fp_stat st = {.mode = S_IFREG | 0644, .nlink = 2, .size = 4};

    assert_int_equal(judge("uploads/a.jpg", JPEG, 20, 0755), HB_RULE_MODE);
    assert_int_equal(judge("uploads/a.jpg", JPEG, 20, 04644), HB_RULE_MODE);
    assert_int_equal(judge("cache/run.php", "<?php", 5, 0755), HB_RULE_OK);
    assert_int_equal(
        hb_rules_judge(a, "/srv/www", HB_SLICE("uploads/x.jpg"), &st, -1, true),
        HB_RULE_HARDLINK);
    st.nlink = 1;
    st.size = 1ull << 40;
    /* A terabyte is refused by its size, unread. */
    assert_int_equal(
        hb_rules_judge(a, "/srv/www", HB_SLICE("uploads/x.jpg"), &st, -1, true),
        HB_RULE_SIZE);
    st.mode = S_IFIFO | 0666;
    assert_int_equal(hb_rules_judge(a, "/srv/www", HB_SLICE("uploads/x.jpg"),
                                    &st, -1, false),
                     HB_RULE_SPECIAL);
    st.mode = S_IFDIR | 0755;
    assert_int_equal(
        hb_rules_judge(a, "/srv/www", HB_SLICE("uploads/d"), &st, -1, false),
        HB_RULE_OK);
}

static void test_links(void **state)
{
    static const struct {
        const char *target;
        enum hb_rule want;
    } rows[] = {
        {"a.jpg", HB_RULE_OK},
        {"../index.html", HB_RULE_OK},
        {"../../etc/passwd", HB_RULE_LINK},
        {"x/../../../y", HB_RULE_LINK},
        {"/etc/passwd", HB_RULE_LINK},
        {"/srv/www/index.html", HB_RULE_OK},
        {"/srv/www/../secret", HB_RULE_LINK},
        {"/srv/www2/x", HB_RULE_LINK},
        {"./././a", HB_RULE_OK},
    };
    char dir[] = "/var/tmp/hb-test-rules-XXXXXX", path[128];

    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/link", dir);
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct hb_fp_stat st = {.mode = S_IFLNK | 0777, .nlink = 1};
        int fd;

        (void)unlink(path);
        assert_int_equal(symlink(rows[i].target, path), 0);
        fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (hb_rules_judge(&areas[0], site.root, HB_SLICE("uploads/link"), &st,
                           fd, false) != rows[i].want)
            fail_msg("%s is judged wrongly", rows[i].target);
        (void)close(fd);
    }
    (void)unlink(path);
    (void)rmdir(dir);
}

static void test_words(void **state)
{
    for (int i = 0; i < HB_RULE_COUNT; i++) {
        assert_non_null(hb_rule_word((enum hb_rule)i));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(hb_rule_word((enum hb_rule)i),
                                    hb_rule_word((enum hb_rule)k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ignored),  cmocka_unit_test(test_areas),
        cmocka_unit_test(test_content),  cmocka_unit_test(test_types),
        cmocka_unit_test(test_metadata), cmocka_unit_test(test_links),
        cmocka_unit_test(test_words),
    };

    return hb_tap_run("sense_files/rules", tests);
}
