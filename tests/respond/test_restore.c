/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_restore.c - file.restore and file.remove against a real file system
 * and everything that an attacker can leave there.  After each test the tree
 * beside the site must be what it was (harness.c checks it).
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "../tap.h"

#include "base/file.h"
#include "harness.h"

static struct world *begin(void)
{
    struct world *w = world_new();

    world_all_reflexes(w);
    world_start(w, 0);
    return w;
}

static void test_content(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    struct hb_reply rep;
    char *text;

    put(w, "index.html", "<h1>0wned</h1>\n");
    rep = restore(w, "index.html");
    assert_int_equal(rep.status, HB_ACT_DONE);
    assert_int_equal(rep.staged, 1);
    assert_true(rep.finished >= rep.started && rep.started > 0);
    text = get(w, "index.html");
    assert_string_equal(text, "<h1>Hinoban</h1>\n");
    free(text);
    assert_true(world_is_clean(w));
    assert_int_equal(staged_count(w), 1);
    rep = restore(w, "index.html");
    assert_int_equal(rep.status, HB_ACT_ALREADY);
    assert_int_equal(staged_count(w), 1);
    world_free(w);
}

static void test_metadata(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    char path[600];

    at(w, "css/site.css", path);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(restore(w, "css/site.css").status, HB_ACT_DONE);
    assert_int_equal(chown(path, 0, 0), 0);
    assert_int_equal(restore(w, "css/site.css").status, HB_ACT_DONE);
    assert_int_equal(setxattr(path, "user.evil", "1", 1, 0), 0);
    assert_int_equal(restore(w, "css/site.css").status, HB_ACT_DONE);
    at(w, "a/b", path);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(chown(path, 33, 33), 0);
    assert_int_equal(setxattr(path, "user.evil", "1", 1, 0), 0);
    assert_int_equal(restore(w, "a/b").status, HB_ACT_DONE);
    at(w, "", path);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(restore(w, "").status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    world_free(w);
}

static void test_types(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    char path[600], target[600];

    at(w, "index.html", path);
    /* A link to a file outside. */
    (void)snprintf(target, sizeof(target), "%s/secret", w->outside);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    /* A FIFO, which must not block. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0666), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    /* A device, where we may make one. */
    assert_int_equal(unlink(path), 0);
    if (mknod(path, S_IFCHR | 0666, makedev(1, 3)) < 0)
        print_message("# no devices may be made here\n");
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    /* A directory with things in it. */
    assert_int_equal(unlink(path), 0);
    put(w, "index.html/shell.php", "<?php\n");
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    /* Missing. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    assert_int_equal(restore(w, "index.html").staged, 0);
    /* The link. */
    at(w, "link", path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(restore(w, "link").status, HB_ACT_DONE);
    assert_int_equal(unlink(path), 0);
    put(w, "link", "a file");
    assert_int_equal(restore(w, "link").status, HB_ACT_DONE);
    /* The empty one grown. */
    put(w, "empty", "no more");
    assert_int_equal(restore(w, "empty").status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    world_free(w);
}

static void test_outside_link(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    char path[600], out[600];

    /* The site's file becomes another name of one outside. */
    at(w, "index.html", path);
    (void)snprintf(out, sizeof(out), "%s/secret", w->outside);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(link(out, path), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    /* The right file with another name, through which it can be written. */
    (void)snprintf(out, sizeof(out), "%s/stolen", w->dir);
    assert_int_equal(link(path, out), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    assert_int_equal(hb_file_write(out, "0wned", 5, 0644), 0);
    assert_true(world_is_clean(w));
    world_free(w);
}

static void test_directory_link(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    char path[600], out[600];

    /* A directory replaced by a link to one outside that has the same
     * names. */
    at(w, "a/b", path);
    (void)snprintf(out, sizeof(out), "%s/moved", w->dir);
    assert_int_equal(rename(path, out), 0);
    assert_int_equal(symlink(w->outside, path), 0);
    assert_int_equal(restore(w, "a/b/c/deep.html").status, HB_ACT_DONE);
    assert_int_equal(restore(w, "a/b/other.html").status, HB_ACT_DONE);
    assert_int_equal(staged_count(w), 1);
    assert_true(world_is_clean(w));
    /* And the root itself. */
    (void)snprintf(out, sizeof(out), "%s/root-moved", w->dir);
    assert_int_equal(rename(w->www, out), 0);
    assert_int_equal(symlink(w->outside, w->www), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    assert_int_equal(restore(w, "a/b/c/deep.html").status, HB_ACT_DONE);
    assert_int_equal(restore(w, "a/b/other.html").status, HB_ACT_DONE);
    assert_int_equal(restore(w, "css/site.css").status, HB_ACT_DONE);
    assert_int_equal(restore(w, "link").status, HB_ACT_DONE);
    assert_int_equal(restore(w, "empty").status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    world_free(w);
}

static void test_flags(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    char path[600], dir[600];

    at(w, "css/site.css", path);
    at(w, "css", dir);
    put(w, "css/site.css", "0wned");
    if (set_flags(path, FS_IMMUTABLE_FL, 0) < 0) {
        print_message("# no immutable flag here\n");
        world_free(w);
        skip();
    }
    assert_int_equal(set_flags(dir, FS_IMMUTABLE_FL, 0), 0);
    assert_int_equal(restore(w, "css/site.css").status, HB_ACT_DONE);
    put(w, "css/site.css", "0wned");
    assert_int_equal(set_flags(path, FS_APPEND_FL, 0), 0);
    assert_int_equal(set_flags(dir, FS_APPEND_FL, 0), 0);
    assert_int_equal(restore(w, "css/site.css").status, HB_ACT_DONE);
    /* Deleted from a directory that then was made immutable. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(set_flags(dir, FS_IMMUTABLE_FL, 0), 0);
    assert_int_equal(restore(w, "css/site.css").status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    /* A foreign file that holds on. */
    put(w, "shell.php", "<?php");
    at(w, "shell.php", path);
    assert_int_equal(set_flags(path, FS_IMMUTABLE_FL, 0), 0);
    assert_int_equal(remove_path(w, "shell.php").status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    world_free(w);
}

static void test_deleted_tree(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();

    assert_int_equal(hb_rmtree(AT_FDCWD, w->www), 0);
    assert_int_equal(restore(w, "a/b/c/deep.html").status, HB_ACT_DONE);
    assert_int_equal(restore(w, "a/b/other.html").status, HB_ACT_DONE);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    assert_int_equal(restore(w, "css").status, HB_ACT_DONE);
    assert_int_equal(restore(w, "css/site.css").status, HB_ACT_DONE);
    assert_int_equal(restore(w, "link").status, HB_ACT_DONE);
    assert_int_equal(restore(w, "empty").status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    world_free(w);
}

static void test_hard_link_group(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    char one[600], two[600];
    struct stat a, b;

    at(w, "css/site.css", one);
    at(w, "a/same.css", two);
    assert_int_equal(link(one, two), 0);
    world_publish(w);
    world_all_reflexes(w);
    world_start(w, 0);
    assert_true(world_is_clean(w));
    put(w, "css/site.css", "0wned");
    assert_int_equal(restore(w, "css/site.css").status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    assert_int_equal(stat(one, &a), 0);
    assert_int_equal(stat(two, &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
    assert_int_equal(restore(w, "a/same.css").status, HB_ACT_ALREADY);
    /* One of the names is another inode of the same content. */
    assert_int_equal(unlink(two), 0);
    put(w, "a/same.css", "body { color: black }\n");
    assert_int_equal(chmod(two, 0640), 0);
    assert_int_equal(chown(two, 33, 33), 0);
    assert_int_equal(restore(w, "a/same.css").status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    world_free(w);
}

static void test_remove(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    struct hb_request r;
    struct hb_reply rep;
    char path[600];
    int fd;

    put(w, "shell.php", "<?php system($_GET[0]);\n");
    rep = remove_path(w, "shell.php");
    assert_int_equal(rep.status, HB_ACT_DONE);
    assert_int_equal(rep.staged, 1);
    put(w, "evil/deep/x.php", "x");
    put(w, "evil/deep/new\nline", "x");
    rep = remove_path(w, "evil");
    assert_int_equal(rep.status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    /* What the baseline has is never foreign. */
    rep = remove_path(w, "index.html");
    assert_int_equal(rep.status, HB_ACT_REFUSED);
    assert_int_equal(rep.error, -EEXIST);
    rep = remove_path(w, "a/b");
    assert_int_equal(rep.status, HB_ACT_REFUSED);
    /* In a writable area even that is decided by who asks. */
    put(w, "uploads/x.php", "x");
    assert_int_equal(remove_path(w, "uploads/x.php").status, HB_ACT_DONE);
    /* Outside the root. */
    (void)snprintf(path, sizeof(path), "%s/secret", w->outside);
    fd = open(path, O_PATH | O_CLOEXEC);
    req_init(w, &r, HB_ACT_FILE_REMOVE);
    rep = ask(w, &r, fd, true);
    assert_int_equal(rep.status, HB_ACT_REFUSED);
    assert_int_equal(rep.error, -EXDEV);
    (void)close(fd);
    /* The root itself. */
    fd = open(w->www, O_PATH | O_CLOEXEC);
    req_init(w, &r, HB_ACT_FILE_REMOVE);
    assert_int_equal(ask(w, &r, fd, true).status, HB_ACT_REFUSED);
    (void)close(fd);
    /* Gone already. */
    put(w, "gone", "x");
    at(w, "gone", path);
    fd = open(path, O_PATH | O_CLOEXEC);
    assert_int_equal(unlink(path), 0);
    req_init(w, &r, HB_ACT_FILE_REMOVE);
    assert_int_equal(ask(w, &r, fd, true).status, HB_ACT_ALREADY);
    (void)close(fd);
    /* Another one under the same name. */
    put(w, "swap", "x");
    at(w, "swap", path);
    fd = open(path, O_PATH | O_CLOEXEC);
    assert_int_equal(link(path, "/tmp/hb-respond-kept"), 0);
    assert_int_equal(unlink(path), 0);
    put(w, "swap", "another");
    req_init(w, &r, HB_ACT_FILE_REMOVE);
    rep = ask(w, &r, fd, true);
    assert_int_not_equal(rep.status, HB_ACT_DONE);
    (void)close(fd);
    assert_int_equal(unlink("/tmp/hb-respond-kept"), 0);
    assert_int_equal(remove_path(w, "swap").status, HB_ACT_DONE);
    /* A link out, and a FIFO: only the name goes. */
    at(w, "out", path);
    assert_int_equal(symlink(w->outside, path), 0);
    assert_int_equal(remove_path(w, "out").status, HB_ACT_DONE);
    at(w, "pipe", path);
    assert_int_equal(mkfifo(path, 0666), 0);
    assert_int_equal(remove_path(w, "pipe").status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_content),
                                       cmocka_unit_test(test_metadata),
                                       cmocka_unit_test(test_types),
                                       cmocka_unit_test(test_outside_link),
                                       cmocka_unit_test(test_directory_link),
                                       cmocka_unit_test(test_flags),
                                       cmocka_unit_test(test_deleted_tree),
                                       cmocka_unit_test(test_hard_link_group),
                                       cmocka_unit_test(test_remove)};

    return hb_tap_run("respond/restore", tests);
}
