/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_window.c - deploy windows and what stays pending in them.
 */
#include "baseline/window.h"
#include "fixture.h"

static const struct hb_window good = {
    .id = "w1",
    .site = "site",
    .uid = 1000,
    .pid = 77,
    .pid_start = 123456,
    .opened = 1795000000000000000,
    .until = 1795003600000000000,
    .opened_by = "hanako",
};

static void people(struct place *p, char *path, struct hb_key **ret,
                   const char *name)
{
    char pub[160];

    (void)snprintf(path, 128, "%s/people", p->path);
    (void)mkdir(path, 0755);
    (void)snprintf(pub, sizeof(pub), "%s/%s.pub", path, name);
    assert_int_equal(hb_key_generate(ret), 0);
    assert_int_equal(hb_pub_save(*ret, pub, NULL), 0);
}

static void test_round_trip(void **state)
{
    struct hb_window w;
    struct hb_key *k;
    struct place p;
    char dir_of[128];

    place_open(&p);
    people(&p, dir_of, &k, "hanako");
    assert_int_equal(
        hb_window_read(p.site, "site", dir_of, good.opened, &w, NULL), -ENOENT);
    assert_int_equal(hb_window_open(p.site, &good, k, NULL), 0);
    assert_int_equal(
        hb_window_read(p.site, "site", dir_of, good.opened, &w, NULL), 0);
    assert_string_equal(w.id, "w1");
    assert_string_equal(w.site, "site");
    assert_string_equal(w.opened_by, "hanako");
    assert_int_equal(w.uid, 1000);
    assert_int_equal(w.pid, 77);
    assert_int_equal(w.pid_start, 123456);
    assert_int_equal(w.opened, good.opened);
    assert_int_equal(w.until, good.until);
    /* Over, not open yet, closed. */
    assert_int_equal(
        hb_window_read(p.site, "site", dir_of, good.until, &w, NULL), -ENOENT);
    assert_int_equal(
        hb_window_read(p.site, "site", dir_of, good.opened - 1, &w, NULL),
        -ENOENT);
    /* Not another one. */
    assert_int_equal(hb_window_close(p.site, "w2"), 0);
    assert_int_equal(
        hb_window_read(p.site, "site", dir_of, good.opened, &w, NULL), 0);
    assert_int_equal(hb_window_close(p.site, "w1"), 0);
    assert_int_equal(hb_window_close(p.site, "w1"), 0);
    assert_int_equal(hb_window_close(p.site, NULL), 0);
    assert_int_equal(
        hb_window_read(p.site, "site", dir_of, good.opened, &w, NULL), -ENOENT);
    hb_key_free(k);
    place_done(&p);
}

/* Any byte changed: refused, or still saying exactly the same. */
static void test_forged(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_window w;
    struct hb_key *k, *other;
    struct hb_slice text;
    struct place p;
    char dir_of[128];

    place_open(&p);
    people(&p, dir_of, &k, "hanako");
    people(&p, dir_of, &other, "taro");
    assert_int_equal(hb_window_open(p.site, &good, k, NULL), 0);
    assert_int_equal(hb_file_read_at(a, p.site, "window.json", 4096, &text), 0);
    for (size_t i = 0; i < text.n; i++) {
        char *copy = hb_arena_dup(a, text.p, text.n);
        int fd = openat(p.site, "forged", O_WRONLY | O_CREAT | O_TRUNC, 0644);

        copy[i] = (char)(copy[i] ^ 1);
        assert_int_equal(hb_write_all(fd, copy, text.n), 0);
        close(fd);
        assert_int_equal(renameat(p.site, "forged", p.site, "window.json"), 0);
        memset(&w, 0, sizeof(w));
        if (hb_window_read(p.site, "site", dir_of, good.opened, &w, NULL) ==
            0) {
            assert_int_equal(w.until, good.until);
            assert_int_equal(w.uid, good.uid);
            assert_int_equal(w.pid, good.pid);
        }
    }
    /* Signed by somebody else than it says. */
    assert_int_equal(hb_window_open(p.site, &good, other, NULL), 0);
    assert_int_equal(
        hb_window_read(p.site, "site", dir_of, good.opened, &w, NULL),
        -EKEYREJECTED);
    /* Another site's. */
    assert_int_equal(hb_window_open(p.site, &good, k, NULL), 0);
    assert_int_equal(
        hb_window_read(p.site, "other", dir_of, good.opened, &w, NULL),
        -EKEYREJECTED);
    hb_arena_free(a);
    hb_key_free(k);
    hb_key_free(other);
    place_done(&p);
}

static void test_refused(void **state)
{
    struct hb_window w;
    struct hb_key *k;
    struct place p;
    char dir_of[128];

    place_open(&p);
    people(&p, dir_of, &k, "hanako");
    static const char *const names[] = {"", "../hanako", "a/b", ".x", "花子"};
    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        w = good;
        assert_true(hb_copyz(w.opened_by, sizeof(w.opened_by), names[i]));
        assert_int_equal(hb_window_open(p.site, &w, k, NULL), -EINVAL);
    }
    w = good;
    w.until = w.opened + (int64_t)HB_WINDOW_MAX + 1000000;
    assert_int_equal(hb_window_open(p.site, &w, k, NULL), -EINVAL);
    w = good;
    w.until = w.opened;
    assert_int_equal(hb_window_open(p.site, &w, k, NULL), -EINVAL);
    w = good;
    w.pid_start = 0; /* a number alone is no process */
    assert_int_equal(hb_window_open(p.site, &w, k, NULL), -EINVAL);
    w = good;
    w.pid = -1;
    assert_int_equal(hb_window_open(p.site, &w, k, NULL), -EINVAL);
    w = good;
    w.site[0] = '\0';
    assert_int_equal(hb_window_open(p.site, &w, k, NULL), -EINVAL);
    hb_key_free(k);
    place_done(&p);
}

static bool yes(void *arg, int32_t pid, uint64_t start)
{
    assert_int_equal(pid, 77);
    assert_int_equal(start, 123456);
    return *(bool *)arg;
}

static void test_covers(void **state)
{
    struct hb_window w = good;
    bool in = true;

    assert_true(hb_window_covers(&w, w.opened, 1000, yes, &in));
    assert_false(hb_window_covers(&w, w.opened, 0, yes, &in));
    assert_false(hb_window_covers(&w, w.opened, 33, yes, &in));
    assert_false(hb_window_covers(&w, w.until, 1000, yes, &in));
    assert_false(hb_window_covers(&w, w.opened - 1, 1000, yes, &in));
    in = false;
    assert_false(hb_window_covers(&w, w.opened, 1000, yes, &in));
    w.pid = 0;
    w.pid_start = 0;
    assert_true(hb_window_covers(&w, w.opened, 1000, NULL, NULL));
}

static struct hb_pending change(const char *path, enum hb_change_kind kind)
{
    return (struct hb_pending){.path = hb_slice_z(path),
                               .kind = kind,
                               .type = HB_BT_FILE,
                               .mode = 0644,
                               .uid = 1000,
                               .time = 1795000000000000000};
}

static void test_pending(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_pending_list list = {.site = "site", .window = "w1"}, back;
    static const char *const paths[] = {"b",    "a\nb", "z/\xff",
                                        "100%", "b/c",  "火の番"};
    struct hb_pending p;
    struct place place;

    place_open(&place);
    assert_int_equal(hb_pending_read(place.site, a, &back, NULL), -ENOENT);
    for (size_t i = 0; i < HB_ARRAY_LEN(paths); i++) {
        p = change(paths[i], HB_CHANGE_CHANGED);
        p.size = i;
        p.sha256[0] = (uint8_t)i;
        assert_int_equal(hb_pending_add(a, &list, &p), 0);
    }
    p = change("b", HB_CHANGE_REMOVED); /* replaces */
    p.executes = true;
    assert_int_equal(hb_pending_add(a, &list, &p), 0);
    assert_int_equal(list.n, HB_ARRAY_LEN(paths));
    p = change("../x", HB_CHANGE_ADDED);
    assert_int_equal(hb_pending_add(a, &list, &p), -EINVAL);
    assert_int_equal(hb_pending_write(place.site, &list), 0);
    assert_int_equal(hb_pending_read(place.site, a, &back, NULL), 0);
    assert_int_equal(back.n, list.n);
    assert_string_equal(back.site, "site");
    assert_string_equal(back.window, "w1");
    for (size_t i = 0; i < back.n; i++) {
        assert_true(hb_slice_eq(back.v[i].path, list.v[i].path));
        assert_int_equal(back.v[i].kind, list.v[i].kind);
        assert_int_equal(back.v[i].executes, list.v[i].executes);
        assert_int_equal(back.v[i].time, list.v[i].time);
        if (back.v[i].kind == HB_CHANGE_REMOVED)
            continue;
        assert_int_equal(back.v[i].size, list.v[i].size);
        assert_memory_equal(back.v[i].sha256, list.v[i].sha256, 32);
    }
    hb_arena_free(a);
    place_done(&place);
}

static void test_pending_strict(void **state)
{
#define ONE(rest)                                                              \
    "{\"site\":\"site\",\"window\":\"w\",\"paths\":[{\"kind\":\"removed\","    \
    "\"uid\":1,\"time\":\"2026-11-22T00:00:00.000Z\"," rest "}]}"
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"site\":\"site\",\"window\":\"w\"}",
        ONE("\"path\":\"../x\""),
        ONE("\"path\":\"\""),
        ONE("\"x\":1"),
        ONE("\"path\":\"%41\""),
        ONE("\"path_hex\":\"41\""),
        ONE("\"path_hex\":\"4\""),
        ONE("\"path\":\"a\",\"path_hex\":\"ff\""),
        "{\"site\":\"..\",\"window\":\"w\",\"paths\":[]}",
        "{\"site\":\"site\",\"window\":\"w\",\"paths\":[{\"kind\":\"added\","
        "\"uid\":1,\"time\":\"2026-11-22T00:00:00.000Z\",\"path\":\"a\"}]}",
    };
    struct hb_arena *a = hb_arena_new(0);
    struct hb_pending_list list;
    struct place p;

    place_open(&p);
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        assert_int_equal(hb_file_write_at(p.site, "pending.json", bad[i],
                                          strlen(bad[i]), 0644),
                         0);
        assert_true(hb_pending_read(p.site, a, &list, NULL) < 0);
    }
    assert_int_equal(hb_file_write_at(p.site, "pending.json",
                                      ONE("\"path\":\"a\""),
                                      strlen(ONE("\"path\":\"a\"")), 0644),
                     0);
    assert_int_equal(hb_pending_read(p.site, a, &list, NULL), 0);
    /* What does not say whether it executes is taken for the worse. */
    assert_true(list.v[0].executes);
    hb_arena_free(a);
    place_done(&p);
}

static void test_many(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_pending_list list = {.site = "site"};
    struct hb_pending p;
    char name[32];

    for (unsigned i = 0; i < HB_MAX_PENDING; i++) {
        (void)snprintf(name, sizeof(name), "f%u", i * 7919 % HB_MAX_PENDING);
        p = change(name, HB_CHANGE_ADDED);
        assert_int_equal(hb_pending_add(a, &list, &p), 0);
    }
    assert_int_equal(list.n, HB_MAX_PENDING);
    p = change("one more", HB_CHANGE_ADDED);
    assert_int_equal(hb_pending_add(a, &list, &p), -E2BIG);
    hb_arena_free(a);
}

/* What lies there, as the list will say it. */
static struct hb_pending found(struct place *p, const char *path,
                               enum hb_change_kind kind)
{
    struct hb_pending c = change(path, kind);
    struct hb_sha256 *h = hb_sha256_new();
    int fd = openat(p->root, path, O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(hb_sha256_fd(h, fd, 1 << 20, c.sha256, &c.size), 0);
    close(fd);
    hb_sha256_free(h);
    return c;
}

static void test_accept(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_pending_list list = {.site = "site", .window = "w1"};
    struct hb_published out;
    struct hb_pending c;
    struct hb_publish how;
    struct hb_baseline *b;
    struct hb_base_entry e;
    struct place p;

    place_open(&p);
    fill(&p);
    how = (struct hb_publish){.basedir = p.base,
                              .site = "site",
                              .tree = p.tree,
                              .pub = p.pub,
                              .key = p.key};
    assert_int_equal(hb_pending_accept(&how, &list, &out, NULL), -ENOENT);
    sign_now(&p, 1);
    put(&p, "css/site.css", "new\n");
    put(&p, "foreign.php", "<?php system($_GET[0]);");
    dir(&p, "img");
    put(&p, "img/logo", "PNG");
    put(&p, "run.php", "<?php");
    assert_int_equal(unlinkat(p.root, "empty", 0), 0);
    c = found(&p, "css/site.css", HB_CHANGE_CHANGED);
    assert_int_equal(hb_pending_add(a, &list, &c), 0);
    c = found(&p, "img/logo", HB_CHANGE_ADDED);
    assert_int_equal(hb_pending_add(a, &list, &c), 0);
    c = change("img", HB_CHANGE_ADDED);
    c.type = HB_BT_DIR;
    c.mode = 0755;
    assert_int_equal(hb_pending_add(a, &list, &c), 0);
    c = change("empty", HB_CHANGE_REMOVED);
    assert_int_equal(hb_pending_add(a, &list, &c), 0);
    c = found(&p, "run.php", HB_CHANGE_ADDED);
    c.executes = true;
    c.expressly = true;
    assert_int_equal(hb_pending_add(a, &list, &c), 0);
    assert_int_equal(hb_pending_write(p.site, &list), 0);

    /* Changed between the list and the yes. */
    put(&p, "css/site.css", "nev\n");
    assert_int_equal(hb_pending_accept(&how, &list, &out, NULL), -ESTALE);
    put(&p, "css/site.css", "new\n");
    put(&p, "empty", "back");
    assert_int_equal(hb_pending_accept(&how, &list, &out, NULL), -ESTALE);
    assert_int_equal(unlinkat(p.root, "empty", 0), 0);
    b = open_now(&p);
    assert_int_equal(hb_baseline_number(b), 1);
    hb_baseline_free(b);

    assert_int_equal(hb_pending_accept(&how, &list, &out, NULL), 0);
    assert_int_equal(out.added, 3);
    assert_int_equal(out.changed, 1);
    assert_int_equal(out.removed, 1);
    b = open_now(&p);
    assert_int_equal(hb_baseline_number(b), 2);
    assert_int_equal(entry(b, "css/site.css").size, 4);
    assert_int_equal(entry(b, "img/logo").size, 3);
    assert_int_equal(hb_baseline_find(b, HB_SLICE("empty"), &e), -ENOENT);
    /* What was not on the list is no part of it, though it lies there. */
    assert_int_equal(hb_baseline_find(b, HB_SLICE("foreign.php"), &e), -ENOENT);
    hb_baseline_free(b);
    /* What the new baseline holds is pending no more. */
    assert_int_equal(hb_pending_clear(p.site), 0);
    assert_int_equal(hb_pending_clear(p.site), 0);
    assert_int_equal(hb_pending_read(p.site, a, &list, NULL), -ENOENT);
    hb_arena_free(a);
    place_done(&p);
}

/* Content that executes is never accepted by itself, whatever the list, which
 * any role could have written, says of it. */
static void test_accept_executes(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_published out;
    struct hb_publish how;
    struct hb_pending all[6];
    struct place p;

    place_open(&p);
    fill(&p);
    put(&p, ".htaccess", "php_flag engine off\n");
    how = (struct hb_publish){.basedir = p.base,
                              .site = "site",
                              .tree = p.tree,
                              .pub = p.pub,
                              .key = p.key};
    sign_now(&p, 1);
    assert_int_equal(unlinkat(p.root, ".htaccess", 0), 0);
    put(&p, "run.php", "<h1>");
    put(&p, "photo.jpg", "\xff\xd8\xff<?php");
    put(&p, "tool", "echo");
    assert_int_equal(symlinkat("photo.jpg", p.root, "see.php"), 0);
    /* Whatever others put there would be run. */
    assert_int_equal(symlinkat("/var/tmp/theirs", p.root, "lib"), 0);
    all[0] = found(&p, "run.php", HB_CHANGE_ADDED);
    all[1] = found(&p, "photo.jpg", HB_CHANGE_ADDED);
    assert_int_equal(fchmodat(p.root, "tool", 0755, 0), 0);
    all[2] = found(&p, "tool", HB_CHANGE_ADDED);
    all[2].mode = 0755;
    all[3] = change("see.php", HB_CHANGE_ADDED);
    all[3].type = HB_BT_LINK;
    hb_sha256("photo.jpg", strlen("photo.jpg"), all[3].sha256);
    all[4] = change(".htaccess", HB_CHANGE_REMOVED);
    all[5] = change("lib", HB_CHANGE_ADDED);
    all[5].type = HB_BT_LINK;
    hb_sha256("/var/tmp/theirs", strlen("/var/tmp/theirs"), all[5].sha256);
    for (size_t i = 0; i < HB_ARRAY_LEN(all); i++) {
        struct hb_pending_list list = {.site = "site", .window = "w1"};
        struct hb_err err = {0};

        all[i].executes = false; /* a lie */
        assert_int_equal(hb_pending_add(a, &list, &all[i]), 0);
        assert_int_equal(hb_pending_accept(&how, &list, &out, &err), -EPERM);
        assert_true(hb_slice_eq(hb_slice_z(err.file), all[i].path));
        list.v[0].expressly = true;
        assert_int_equal(hb_pending_accept(&how, &list, &out, NULL), 0);
        assert_int_equal(out.number, i + 2);
        /* What the name alone tells is shown to who reads the list. */
        assert_int_equal(hb_pending_write(p.site, &list), 0);
        assert_int_equal(hb_pending_read(p.site, a, &list, NULL), 0);
        assert_int_equal(list.v[0].executes, i == 0 || i >= 3);
        assert_false(list.v[0].expressly);
    }
    hb_arena_free(a);
    place_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_covers),
        cmocka_unit_test(test_pending),
        cmocka_unit_test(test_pending_strict),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_accept_executes),
    };
    return hb_tap_run("baseline/window", tests);
}
