/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_executes.c - names and content that run.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "../tap.h"
#include "base/file.h"
#include "baseline/executes.h"

static void test_names(void **state)
{
    static const char *const bad[] = {
        "x.php",      "X.PHP",     "x.pHp5",    "x.phtml",     "a/x.phar",
        "x.php.jpg",  "x.jpg.php", ".htaccess", "a/.HTACCESS", ".user.ini",
        "x.cgi",      "x.php.",    "x.php ",    "x.php.. .",   "x.asp",
        "x.ashx",     "x.jsp",     "x.py",      "x.sh",        "x.shtml",
        "web.config", "x.exe",
    };
    static const char *const good[] = {
        "x.jpg",
        "php",
        "x.phpx",
        "photo.php_backup",
        "com",
        "so",
        "report 2026.pdf",
        "x",
        "a.php/x.jpg",
        "\xe5\x86\x99\xe7\x9c\x9f.png",
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        if (!hb_executes_name(hb_slice_z(bad[i])))
            fail_msg("%s passes", bad[i]);
    for (size_t i = 0; i < HB_ARRAY_LEN(good); i++)
        if (hb_executes_name(hb_slice_z(good[i])))
            fail_msg("%s is refused", good[i]);
}

static void test_obeyed(void **state)
{
    assert_true(hb_obeyed_name(HB_SLICE("a/.htaccess")));
    assert_true(hb_obeyed_name(HB_SLICE("Web.Config ")));
    assert_false(hb_obeyed_name(HB_SLICE("a.php")));
    assert_false(hb_obeyed_name(HB_SLICE(".htaccess/a")));
}

/* Random bytes, as in pictures, are not taken for scripts. */
static void test_noise(void **state)
{
    uint8_t noise[65536];
    uint32_t seed = 1;
    unsigned hits = 0;

    for (int round = 0; round < 100; round++) {
        for (size_t i = 0; i < sizeof(noise); i++) {
            seed = seed * 1664525u + 1013904223u;
            noise[i] = (uint8_t)(seed >> 16);
        }
        noise[0] = 0xff;
        hits += hb_executes_content(noise, sizeof(noise));
    }
    assert_int_equal(hits, 0);
}

static bool of(const char *path, mode_t mode, const char *content)
{
    int fd = memfd_create("x", MFD_CLOEXEC);
    bool is;

    assert_true(fd >= 0);
    assert_int_equal(hb_write_all(fd, content, strlen(content)), 0);
    is = hb_executes_file(hb_slice_z(path), mode, strlen(content), fd);
    close(fd);
    return is;
}

static void test_file(void **state)
{
    assert_false(of("index.html", 0644, "<p>"));
    assert_false(of("index.html", 0644, ""));
    assert_true(of("index.php", 0644, ""));
    assert_true(of("index.html", 0755, "<p>"));
    assert_true(of("photo.jpg", 0644, "\xff\xd8\xff<?php"));
    /* It cannot be read. */
    assert_true(hb_executes_file(HB_SLICE("a.txt"), 0644, 1, -1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_obeyed),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_file),
    };
    return hb_tap_run("baseline/executes", tests);
}
