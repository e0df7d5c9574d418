/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_export.c - a release copied as it was signed, for a place that only
 * compares.
 */
#include "baseline/export.h"
#include "fixture.h"

static bool is_html(const struct hb_base_entry *e)
{
    return e->path.n > 5 && memcmp(e->path.p + e->path.n - 5, ".html", 5) == 0;
}

static int fresh_dir(struct place *p, const char *name)
{
    int base, fd;

    base = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(base, name, 0700), 0);
    fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    close(base);
    return fd;
}

static void test_copy(void **state)
{
    struct hb_baseline *b;
    struct hb_base_entry e;
    uint64_t number = 0;
    int to, site, objects, fd;
    struct place p;

    place_open(&p);
    fill(&p);
    put(&p, "index.html", "<p>page");
    put(&p, "config.php", "secret");
    to = fresh_dir(&p, "out");
    assert_int_equal(
        hb_baseline_export(p.base, to, "site", p.pub, is_html, &number, NULL),
        -ENOENT);
    assert_int_equal(number, 0);
    sign_now(&p, 3);
    assert_int_equal(
        hb_baseline_export(p.base, to, "site", p.pub, is_html, &number, NULL),
        0);
    assert_int_equal(number, 3);
    site = openat(to, "site", O_RDONLY | O_DIRECTORY);
    assert_int_equal(hb_baseline_open(site, "site", 0, 0, p.pub, &b, NULL), 0);
    assert_int_equal(hb_baseline_number(b), 3);
    objects = openat(to, "objects", O_RDONLY | O_DIRECTORY);
    assert_int_equal(hb_baseline_find(b, HB_SLICE("index.html"), &e), 0);
    assert_int_equal(hb_object_open(objects, e.sha256, &fd), 0);
    close(fd);
    /* What was not asked for is not there. */
    assert_int_equal(hb_baseline_find(b, HB_SLICE("config.php"), &e), 0);
    assert_int_equal(hb_object_open(objects, e.sha256, &fd), -ENOENT);
    hb_baseline_free(b);
    close(site);
    close(objects);
    close(to);
    place_done(&p);
}

/* Nothing goes into what others put there. */
static void test_hostile(void **state)
{
    uint64_t number = 0;
    struct place p;
    int to;

    place_open(&p);
    fill(&p);
    sign_now(&p, 1);
    to = fresh_dir(&p, "out");
    assert_int_equal(symlinkat("/tmp", to, "objects"), 0);
    assert_int_equal(
        hb_baseline_export(p.base, to, "site", p.pub, is_html, &number, NULL),
        -EEXIST);
    assert_int_equal(unlinkat(to, "objects", 0), 0);
    assert_int_equal(symlinkat("../base/site", to, "site"), 0);
    assert_int_equal(
        hb_baseline_export(p.base, to, "site", p.pub, is_html, &number, NULL),
        -EEXIST);
    close(to);
    place_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_hostile),
    };
    return hb_tap_run("baseline/export", tests);
}
