/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_compare.c - every way in which a file can differ from its entry, and
 * the two baselines that hold during a release.
 */
#include "baseline/publish.h"
#include "fixture.h"

#include <sys/wait.h>
#include <sys/xattr.h>

static struct place p;
static struct hb_baseline *base;
static struct hb_sha256 *scratch;

static int compare(const char *path, int flags, bool read)
{
    struct hb_base_entry e = entry(base, path);
    int fd = openat(p.root, *path != '\0' ? path : ".",
                    flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    int r;

    assert_true(fd >= 0);
    r = hb_baseline_compare(&e, fd, read, scratch);
    close(fd);
    return r;
}

static void test_equal(void **state)
{
    struct hb_base_entry e;

    for (uint32_t i = 0; i < hb_baseline_count(base); i++) {
        char path[256];

        assert_int_equal(hb_baseline_get(base, i, &e), 0);
        memcpy(path, e.path.p, e.path.n);
        path[e.path.n] = '\0';
        assert_int_equal(compare(path, O_PATH, false), 0);
        if (e.type != HB_BT_LINK)
            assert_int_equal(compare(path, O_RDONLY, true), 0);
    }
}

static void test_content(void **state)
{
    put(&p, "css/site.css", "body { color: #334 }\n");
    assert_int_equal(compare("css/site.css", O_RDONLY, true), HB_BD_CONTENT);
    /* Metadata alone does not see it. */
    assert_int_equal(compare("css/site.css", O_PATH, false), 0);
    put(&p, "css/site.css", "longer than it was before, by far\n");
    assert_int_equal(compare("css/site.css", O_RDONLY, true),
                     HB_BD_CONTENT | HB_BD_SIZE);
    assert_int_equal(compare("css/site.css", O_PATH, false),
                     HB_BD_CONTENT | HB_BD_SIZE);
    put(&p, "css/site.css", "body { color: #333 }\n");
    assert_int_equal(compare("css/site.css", O_RDONLY, true), 0);
}

static void test_mode_owner(void **state)
{
    assert_int_equal(fchmodat(p.root, "empty", 0666, 0), 0);
    assert_int_equal(compare("empty", O_RDONLY, true), HB_BD_MODE);
    assert_int_equal(fchmodat(p.root, "empty", 0644, 0), 0);
    if (geteuid() == 0) {
        assert_int_equal(fchownat(p.root, "empty", 99, 0, 0), 0);
        assert_int_equal(compare("empty", O_RDONLY, true), HB_BD_OWNER);
        assert_int_equal(fchownat(p.root, "empty", 0, 99, 0), 0);
        assert_int_equal(compare("empty", O_RDONLY, true), HB_BD_OWNER);
        assert_int_equal(fchownat(p.root, "empty", 0, 0, 0), 0);
    }
    assert_int_equal(fchmodat(p.root, "cgi", 0700, 0), 0);
    assert_int_equal(compare("cgi", O_RDONLY, true), HB_BD_MODE);
    assert_int_equal(fchmodat(p.root, "cgi", 0755, 0), 0);
}

static void test_links(void **state)
{
    assert_int_equal(linkat(p.root, "empty", p.root, "empty2", 0), 0);
    assert_int_equal(compare("empty", O_RDONLY, true), HB_BD_LINKS);
    assert_int_equal(unlinkat(p.root, "empty2", 0), 0);
    /* Fewer than it had is what a restore leaves: no difference. */
    assert_int_equal(unlinkat(p.root, "index2.html", 0), 0);
    assert_int_equal(compare("index.html", O_RDONLY, true), 0);
    assert_int_equal(linkat(p.root, "index.html", p.root, "index2.html", 0), 0);
    assert_int_equal(linkat(p.root, "index.html", p.root, "third", 0), 0);
    assert_int_equal(compare("index.html", O_RDONLY, true), HB_BD_LINKS);
    assert_int_equal(unlinkat(p.root, "third", 0), 0);
}

static void test_type_target(void **state)
{
    assert_int_equal(unlinkat(p.root, "css/old.css", 0), 0);
    assert_int_equal(symlinkat("/etc/shadow", p.root, "css/old.css"), 0);
    assert_int_equal(compare("css/old.css", O_PATH, false), HB_BD_TARGET);
    assert_int_equal(unlinkat(p.root, "css/old.css", 0), 0);
    put(&p, "css/old.css", "site.css");
    assert_int_equal(compare("css/old.css", O_PATH, false), HB_BD_TYPE);
    assert_int_equal(unlinkat(p.root, "css/old.css", 0), 0);
    assert_int_equal(mkfifoat(p.root, "css/old.css", 0644), 0);
    assert_int_equal(compare("css/old.css", O_RDONLY, true), HB_BD_TYPE);
    assert_int_equal(unlinkat(p.root, "css/old.css", 0), 0);
    assert_int_equal(symlinkat("site.css", p.root, "css/old.css"), 0);
    assert_int_equal(compare("css/old.css", O_PATH, false), 0);
}

static void test_xattrs(void **state)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/empty", p.tree);
    if (setxattr(path, "user.x", "1", 1, 0) < 0)
        skip();
    assert_int_equal(compare("empty", O_RDONLY, true), HB_BD_XATTR);
    assert_int_equal(compare("empty", O_PATH, false), HB_BD_XATTR);
    assert_int_equal(removexattr(path, "user.x"), 0);
    assert_int_equal(compare("empty", O_RDONLY, true), 0);
    (void)snprintf(path, sizeof(path), "%s/cgi/form.cgi", p.tree);
    assert_int_equal(setxattr(path, "user.kept", "no", 2, 0), 0);
    assert_int_equal(compare("cgi/form.cgi", O_RDONLY, true), HB_BD_XATTR);
    assert_int_equal(setxattr(path, "user.kept", "yes", 3, 0), 0);
    assert_int_equal(compare("cgi/form.cgi", O_RDONLY, true), 0);
    assert_int_equal(removexattr(path, "user.kept"), 0);
    assert_int_equal(compare("cgi/form.cgi", O_RDONLY, true), HB_BD_XATTR);
    assert_int_equal(setxattr(path, "user.kept", "yes", 3, 0), 0);
}

/* Without permission on the inode the names are seen and the values are not;
 * that is told apart from equal. */
static void test_unread(void **state)
{
    struct hb_base_entry e = entry(base, "cgi/form.cgi");
    int fd, status;
    pid_t pid;

    if (geteuid() != 0 || e.xattrs.n == 0)
        skip();
    assert_int_equal(fchmodat(p.root, "cgi/form.cgi", 04700, 0), 0);
    fd = openat(p.root, "cgi/form.cgi", O_RDONLY);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int r;

        if (setgid(65534) < 0 || setuid(65534) < 0)
            _exit(1);
        r = hb_baseline_compare(&e, fd, true, scratch);
        _exit(r == (HB_BD_MODE | HB_BD_UNREAD) ? 0 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(fd);
    assert_int_equal(fchmodat(p.root, "cgi/form.cgi", 04755, 0), 0);
}

static int set_compare(const struct hb_base_set *s, const char *path)
{
    int fd = openat(p.root, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int r;

    assert_true(fd >= 0);
    r = hb_base_set_compare(s, hb_slice_z(path), fd, true, scratch);
    close(fd);
    return r;
}

static void test_set(void **state)
{
    struct hb_base_set s;
    struct hb_base_match m;
    struct hb_err err = {0};

    assert_int_equal(hb_base_set_open(p.site, "site", 0, p.pub, &s, NULL), 0);
    assert_null(s.next);
    assert_false(hb_base_set_may_miss(&s, HB_SLICE("empty")));
    assert_true(hb_base_set_may_miss(&s, HB_SLICE("foreign")));
    hb_base_set_done(&s);

    put(&p, "css/site.css", "body { color: red }\n");
    put(&p, "added", "new page");
    assert_int_equal(unlinkat(p.root, "empty", 0), 0);
    sign_now(&p, 2);
    assert_int_equal(hb_file_write_at(p.site, "current", "1\n", 2, 0444), 0);
    assert_int_equal(hb_file_write_at(p.site, "next", "2\n", 2, 0444), 0);
    assert_int_equal(hb_base_set_open(p.site, "site", 1, p.pub, &s, NULL), 0);
    assert_non_null(s.next);
    assert_int_equal(set_compare(&s, "css/site.css"), 0);
    assert_int_equal(set_compare(&s, "added"), 0);
    assert_int_equal(set_compare(&s, "index.html"), 0);
    put(&p, "css/site.css", "body { color: #333 }\n");
    assert_int_equal(set_compare(&s, "css/site.css"), 0);
    put(&p, "css/site.css", "neither\n");
    assert_int_equal(set_compare(&s, "css/site.css"),
                     HB_BD_CONTENT | HB_BD_SIZE);
    put(&p, "added", "new pagE");
    assert_int_equal(set_compare(&s, "added"), HB_BD_CONTENT);
    put(&p, "shell.php", "<?php");
    assert_int_equal(set_compare(&s, "shell.php"), HB_BD_FOREIGN);
    assert_true(hb_base_set_may_miss(&s, HB_SLICE("empty")));
    assert_true(hb_base_set_may_miss(&s, HB_SLICE("added")));
    assert_false(hb_base_set_may_miss(&s, HB_SLICE("index.html")));
    assert_int_equal(hb_base_set_find(&s, HB_SLICE("empty"), &m), 0);
    assert_true(m.in_cur && !m.in_next);
    assert_int_equal(hb_base_set_find(&s, HB_SLICE("shell.php"), &m), -ENOENT);
    hb_base_set_done(&s);

    /* A broken release: what is in force holds, and it is told. */
    assert_int_equal(unlinkat(p.site, "0000000002.sig", 0), 0);
    assert_int_equal(hb_base_set_open(p.site, "site", 1, p.pub, &s, &err), 1);
    assert_null(s.next);
    assert_non_null(s.cur);
    assert_true(err.message[0] != '\0');
    hb_base_set_done(&s);
}

struct seen {
    char text[512];
    int end;
};

static int note(void *arg, enum hb_change_kind kind, int bits,
                const struct hb_base_entry *e)
{
    struct seen *s = arg;
    size_t n = strlen(s->text);

    (void)snprintf(s->text + n, sizeof(s->text) - n, "%c%.*s:%d ", "ACR"[kind],
                   (int)e -> path.n, e->path.p, bits);
    return s->end != 0 && --s->end == 0 ? -ECANCELED : 0;
}

static void test_diff(void **state)
{
    struct hb_baseline *next = NULL;
    struct seen s = {0};

    sign_now(&p, 3);
    assert_int_equal(hb_baseline_open(p.site, "site", 3, 0, p.pub, &next, NULL),
                     0);
    assert_int_equal(hb_baseline_diff(base, next, note, &s), 4);
    assert_string_equal(s.text, "Aadded:0 Ccss/site.css:6 Rempty:0 "
                                "Ashell.php:0 ");
    s.text[0] = '\0';
    s.end = 2;
    assert_int_equal(hb_baseline_diff(base, next, note, &s), -ECANCELED);
    assert_int_equal(hb_baseline_diff(base, base, NULL, NULL), 0);
    assert_int_equal(hb_baseline_diff(NULL, next, NULL, NULL),
                     hb_baseline_count(next));
    hb_baseline_free(next);
}

static int setup(void **state)
{
    char path[128];

    place_open(&p);
    fill(&p);
    (void)snprintf(path, sizeof(path), "%s/cgi/form.cgi", p.tree);
    (void)setxattr(path, "user.kept", "yes", 3, 0);
    sign_now(&p, 1);
    base = open_now(&p);
    scratch = hb_sha256_new();
    return scratch != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    hb_baseline_free(base);
    hb_sha256_free(scratch);
    place_done(&p);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),       cmocka_unit_test(test_content),
        cmocka_unit_test(test_mode_owner),  cmocka_unit_test(test_links),
        cmocka_unit_test(test_type_target), cmocka_unit_test(test_xattrs),
        cmocka_unit_test(test_unread),      cmocka_unit_test(test_set),
        cmocka_unit_test(test_diff),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("baseline/compare", tests, setup,
                                       teardown);
}
