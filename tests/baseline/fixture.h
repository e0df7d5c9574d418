/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fixture.h - a throw-away place with a tree, a site's directory, a content
 * store and a key, for the tests of baselines.
 */
#ifndef HB_TESTS_BASELINE_FIXTURE_H
#define HB_TESTS_BASELINE_FIXTURE_H

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/num.h"
#include "baseline/baseline.h"
#include "tap.h"

struct place {
    char path[64], tree[80];
    int fd, root, base, site, objects;
    struct hb_key *key;
    struct hb_pub *pub;
};

static inline void place_open(struct place *p)
{
    (void)snprintf(p->path, sizeof(p->path), "/var/tmp/hb-test-base-XXXXXX");
    assert_non_null(mkdtemp(p->path));
    (void)snprintf(p->tree, sizeof(p->tree), "%s/tree", p->path);
    p->fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(p->fd >= 0);
    assert_int_equal(mkdirat(p->fd, "tree", 0755), 0);
    assert_int_equal(mkdirat(p->fd, "base", 0755), 0);
    assert_int_equal(mkdirat(p->fd, "base/site", 0755), 0);
    assert_int_equal(mkdirat(p->fd, "base/objects", 0755), 0);
    p->root = openat(p->fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    p->base = openat(p->fd, "base", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    p->site = openat(p->fd, "base/site", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    p->objects =
        openat(p->fd, "base/objects", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(p->objects >= 0);
    assert_int_equal(hb_key_generate(&p->key), 0);
    assert_int_equal(hb_key_pub(p->key, &p->pub), 0);
}

static inline void place_done(struct place *p)
{
    hb_key_free(p->key);
    hb_pub_free(p->pub);
    hb_close(&p->root);
    hb_close(&p->base);
    hb_close(&p->site);
    hb_close(&p->objects);
    hb_close(&p->fd);
    assert_int_equal(hb_rmtree(AT_FDCWD, p->path), 0);
}

/* A file of the tree. */
static inline void put(struct place *p, const char *name, const char *text)
{
    int fd = openat(p->root, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(hb_write_all(fd, text, strlen(text)), 0);
    close(fd);
}

static inline void dir(struct place *p, const char *name)
{
    assert_int_equal(mkdirat(p->root, name, 0755), 0);
}

/* A small site with everything that a baseline knows. */
static inline void fill(struct place *p)
{
    put(p, "index.html", "<h1>火の用心</h1>\n");
    dir(p, "css");
    put(p, "css/site.css", "body { color: #333 }\n");
    dir(p, "css-old");
    dir(p, "cgi");
    put(p, "cgi/form.cgi", "#!/bin/sh\necho\n");
    assert_int_equal(fchmodat(p->root, "cgi/form.cgi", 04755, 0), 0);
    put(p, "empty", "");
    assert_int_equal(symlinkat("site.css", p->root, "css/old.css"), 0);
    assert_int_equal(linkat(p->root, "index.html", p->root, "index2.html", 0),
                     0);
}

static inline struct hb_base_build how(struct place *p)
{
    return (struct hb_base_build){.site = "site",
                                  .root = p->root,
                                  .dir = p->site,
                                  .objdir = p->objects,
                                  .threads = 1};
}

/* Builds and signs NUMBER of the tree as it is. */
static inline void sign_now(struct place *p, uint64_t number)
{
    struct hb_base_build h = how(p);
    struct hb_base_stats stats;
    struct hb_err err = {0};
    int r = hb_baseline_build(&h, number, &stats, &err);

    if (r < 0)
        print_error("build: %d %s: %s\n", r, err.file, err.message);
    assert_int_equal(r, 0);
    assert_int_equal(hb_baseline_sign(p->site, number, p->key, &err), 0);
}

static inline struct hb_baseline *open_now(struct place *p)
{
    struct hb_baseline *b = NULL;
    struct hb_err err = {0};
    int r = hb_baseline_open(p->site, "site", 0, 0, p->pub, &b, &err);

    if (r < 0)
        print_error("open: %d %s: %s\n", r, err.file, err.message);
    assert_int_equal(r, 0);
    return b;
}

static inline struct hb_base_entry entry(const struct hb_baseline *b,
                                         const char *path)
{
    struct hb_base_entry e = {0};

    assert_int_equal(hb_baseline_find(b, hb_slice_z(path), &e), 0);
    return e;
}

#endif
