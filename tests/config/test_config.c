/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings: good files give the values that they say; each bad file names
 * on its first line where it must be refused and with what words.
 */
#include "../tap.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"
#include "config/config.h"

static char path_buf[HB_MAX_PATH];

static const char *path_of(const char *name)
{
    (void)snprintf(path_buf, sizeof(path_buf), "%s/config/%s", HB_TESTDIR,
                   name);
    return path_buf;
}

static struct hb_config *load(const char *name)
{
    struct hb_config *c = NULL;
    struct hb_err err = {0};

    if (hb_config_load(path_of(name), &c, &err) < 0)
        fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.message);
    return c;
}

static void test_defaults(void **state)
{
    struct hb_config *c = load("good/empty.yaml");

    (void)state;
    assert_string_equal(c->organisation.name, "架空市役所");
    assert_string_equal(c->organisation.zone_name, "JST");
    assert_int_equal(c->organisation.zone_minutes, 540);
    assert_string_equal(c->organisation.anchor, "");
    assert_int_equal(c->sites.n, 0);
    assert_int_equal(c->limits.watch_memory, 64u << 20);
    assert_int_equal(c->nobody_answers, 15 * 60 * HB_S);
    assert_null(hb_config_site(c, "www"));
    assert_null(hb_config_site_number(c, 1));
    hb_config_free(c);
}

static void test_full(void **state)
{
    struct hb_config *c = load("good/full.yaml");
    const struct hb_conf_site *s = hb_config_site(c, "www");
    const struct hb_conf_area *a;

    (void)state;
    assert_non_null(s);
    assert_ptr_equal(s, hb_config_site_number(c, 1));
    assert_string_equal(s->root, "/srv/www/html"); /* the slash is gone */
    assert_string_equal(s->staging, "/srv/www/html/.hinoban");
    assert_int_equal(s->ignore.n, 2);
    assert_string_equal(s->ignore.v[1], ".well-known/acme-challenge");
    assert_int_equal(s->areas.n, 2);
    a = s->areas.v;
    assert_int_equal(a[0].max_size, 5u << 20);
    assert_int_equal(a[0].types.n, 3);
    assert_false(a[0].allow_executable);
    assert_true(a[1].allow_executable);
    assert_int_equal(a[1].max_size, 20u << 20);
    assert_int_equal(s->scan_every, 12 * 3600 * HB_S);
    assert_int_equal(s->private_driver, HB_PRIVATE_COMMAND);
    assert_int_equal(s->private_within, 120 * HB_S);
    assert_true(s->freeze_writer);
    s = hb_config_site_number(c, 65535);
    assert_string_equal(s->name, "kodomo-2");
    assert_string_equal(s->url, "");
    assert_int_equal(s->private_driver, HB_PRIVATE_NONE);
    assert_int_equal(c->limits.helper_per_second, 10);
    assert_int_equal(c->limits.helper_burst, 20000);
    hb_config_free(c);
}

/* What is dumped is read again and dumped the same. */
static void test_dump_is_read_again(void **state)
{
    _cleanup_buf_ struct hb_buf one = HB_BUF_INIT, two = HB_BUF_INIT;
    struct hb_config *c = load("good/full.yaml");
    char name[] = "/tmp/hb-config-XXXXXX";
    struct hb_err err = {0};
    int fd = mkstemp(name);

    (void)state;
    hb_conf_dump(&one, hb_config_rows, c, 0);
    hb_config_free(c);
    c = NULL;
    assert_true(fd >= 0);
    assert_int_equal(hb_write_all(fd, one.p, one.n), 0);
    (void)close(fd);
    if (hb_config_load(name, &c, &err) < 0)
        fail_msg("%u:%u: %s\n%s", err.line, err.column, err.message, one.p);
    hb_conf_dump(&two, hb_config_rows, c, 0);
    assert_string_equal(hb_buf_z(&one), hb_buf_z(&two));
    hb_config_free(c);
    (void)unlink(name);
}

/* "# LINE:COLUMN: words" */
static void refused(const char *name)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_config *c = NULL;
    struct hb_err err = {0};
    struct hb_slice text;
    char want[512], got[HB_MAX_ERR + 64];
    size_t n;

    assert_int_equal(hb_file_read(a, path_of(name), 1 << 16, &text), 0);
    n = strcspn(text.p, "\n");
    assert_true(n > 2 && n < sizeof(want) && text.p[0] == '#');
    memcpy(want, text.p + 2, n - 2);
    want[n - 2] = '\0';
    assert_true(hb_config_load(path_of(name), &c, &err) < 0);
    assert_null(c);
    assert_true(err.code < 0);
    (void)snprintf(got, sizeof(got), "%u:%u: %s", err.line, err.column,
                   err.message);
    n = strcspn(want, " ");
    /* The place exactly, the words somewhere behind it. */
    if (strncmp(got, want, n + 1) != 0 || strstr(got, want + n + 1) == NULL)
        fail_msg("%s: wanted \"%s\", got \"%s\"", name, want, got);
    assert_string_equal(err.file, path_of(name));
}

static void test_every_bad_file(void **state)
{
    DIR *d = opendir(path_of("bad"));
    const struct dirent *e;
    unsigned n = 0;

    (void)state;
    assert_non_null(d);
    while ((e = readdir(d)) != NULL) {
        char name[300];

        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof(name), "bad/%s", e->d_name);
        refused(name);
        n++;
    }
    (void)closedir(d);
    assert_true(n >= 40);
}

static void test_file_that_is_not_there(void **state)
{
    struct hb_config *c = NULL;
    struct hb_err err = {0};

    (void)state;
    assert_int_equal(hb_config_load("/nonexistent/h.yaml", &c, &err), -ENOENT);
    assert_null(c);
    assert_string_equal(err.file, "/nonexistent/h.yaml");
}

static struct hb_config *with_root(const char *root, const char *staging)
{
    char name[] = "/tmp/hb-config-XXXXXX", text[2048];
    struct hb_config *c = NULL;
    struct hb_err err = {0};
    int fd = mkstemp(name), n;

    n = snprintf(text, sizeof(text),
                 "organisation:\n  name: a\nsites:\n  - name: www\n"
                 "    number: 1\n    root: %s\n    staging: \"%s\"\n",
                 root, staging);
    assert_int_equal(hb_write_all(fd, text, (size_t)n), 0);
    (void)close(fd);
    assert_int_equal(hb_config_load(name, &c, &err), 0);
    (void)unlink(name);
    return c;
}

static void test_this_machine(void **state)
{
    char dir[] = "/tmp/hb-site-XXXXXX", link[64];
    const char *own[] = {"/nowhere/state", NULL};
    struct hb_config *c;
    static const char *const unseen[] = {
        "/home/abe/ca.pem", "/root/ca.pem",       "/tmp/x/ca.pem",
        "/var/tmp/ca.pem",  "/run/user/1/ca.pem", "/etc/../root/../tmp/a",
        "/ca.pem"};
    struct hb_err err = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    c = with_root(dir, "");
    assert_int_equal(hb_config_check_machine(c, own, &err), 0);

    /* Our own folder inside the root, and the root inside our own. */
    own[0] = dir;
    assert_int_equal(hb_config_check_machine(c, own, &err), -EINVAL);
    assert_int_equal(err.line, 6);
    err = (struct hb_err){0};
    own[0] = "/tmp";
    assert_int_equal(hb_config_check_machine(c, own, &err), -EINVAL);
    err = (struct hb_err){0};
    own[0] = "/tmp/hb-site";
    assert_int_equal(hb_config_check_machine(c, own, &err), 0);
    hb_config_free(c);

    /* Through a link an attacker could choose what is guarded. */
    (void)snprintf(link, sizeof(link), "%s-link", dir);
    assert_int_equal(symlink(dir, link), 0);
    c = with_root(link, "");
    assert_int_equal(hb_config_check_machine(c, own, &err), -ENOTDIR);
    hb_config_free(c);
    (void)unlink(link);

    err = (struct hb_err){0};
    c = with_root(dir, "/proc");
    assert_int_equal(hb_config_check_machine(c, own, &err), -EXDEV);
    assert_int_equal(err.line, 7);
    hb_config_free(c);

    /* What the unit of the outside view does not see. */
    for (size_t i = 0; i < HB_ARRAY_LEN(unseen); i++) {
        err = (struct hb_err){0};
        c = with_root(dir, "");
        ((struct hb_conf_site *)c->sites.v)->url_ca = unseen[i];
        assert_int_equal(hb_config_check_machine(c, own, &err), -EINVAL);
        assert_true(err.line > 0);
        hb_config_free(c);
    }
    c = with_root(dir, "");
    ((struct hb_conf_site *)c->sites.v)->url_ca = "/home2/ca.pem";
    assert_int_equal(hb_config_check_machine(c, own, &err), 0);
    ((struct hb_conf_site *)c->sites.v)->url_ca = "/etc/hinoban/ca.pem";
    assert_int_equal(hb_config_check_machine(c, own, &err), 0);
    hb_config_free(c);

    /* A root that is gone does not keep the guard from loading. */
    (void)rmdir(dir);
    err = (struct hb_err){0};
    c = with_root(dir, "");
    assert_int_equal(hb_config_check_machine(c, own, &err), -ENOENT);
    hb_config_free(c);
}

static void test_nth_allocation_fails(void **state)
{
    (void)state;
    for (unsigned n = 1; n < 2000; n++) {
        struct hb_config *c = NULL;
        struct hb_err err = {0};
        int r;

        hb_fault_set(HB_FAULT_ALLOC, n);
        r = hb_config_load(path_of("good/full.yaml"), &c, &err);
        hb_fault_set(HB_FAULT_ALLOC, 0);
        if (r == 0) {
            assert_true(n > 2); /* it did fail before */
            hb_config_free(c);
            return;
        }
        assert_null(c);
    }
    fail_msg("never loaded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_dump_is_read_again),
        cmocka_unit_test(test_every_bad_file),
        cmocka_unit_test(test_file_that_is_not_there),
        cmocka_unit_test(test_this_machine),
        cmocka_unit_test(test_nth_allocation_fails),
    };

    return hb_tap_run("config/config", tests);
}
