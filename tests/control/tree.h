/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - a small machine in a folder, for the checks: accounts, settings and
 * programs are files that a test puts there.
 */
#ifndef HB_TESTS_CONTROL_TREE_H
#define HB_TESTS_CONTROL_TREE_H

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "control/check.h"
#include "../tap.h"

struct tree {
    char path[64];
    struct hb_machine m;
    struct hb_config config;
    struct hb_conf_site site;
    struct hb_found f;
};

static inline void put(struct tree *t, const char *name, const char *text,
                       mode_t mode)
{
    char full[512], up[512];
    int fd;

    (void)snprintf(full, sizeof(full), "%s%s", t->path, name);
    (void)snprintf(up, sizeof(up), "%s", full);
    *strrchr(up, '/') = '\0';
    assert_int_equal(hb_mkdirs(up, 0755), 0);
    fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(hb_write_all(fd, text, strlen(text)), 0);
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

static inline void gone(struct tree *t, const char *name)
{
    char full[512];

    (void)snprintf(full, sizeof(full), "%s%s", t->path, name);
    (void)unlink(full);
}

static inline void tree_open(struct tree *t)
{
    memset(t, 0, sizeof(*t));
    (void)snprintf(t->path, sizeof(t->path), "/var/tmp/hb-test-ctl-XXXXXX");
    assert_non_null(mkdtemp(t->path));
    assert_int_equal(chmod(t->path, 0755), 0);
    t->site = (struct hb_conf_site){
        .name = "www", .number = 1, .root = "/srv/www", .url = ""};
    t->config.sites.v = &t->site;
    t->config.sites.n = 1;
    t->m = (struct hb_machine){.prefix = t->path,
                               .arena = hb_arena_new(0),
                               .now = hb_now(),
                               .config = &t->config};
    hb_buf_init(&t->f.detail, 4096);
    put(t, "/etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\n"
        "www-data:x:33:33:www:/var/www:/usr/sbin/nologin\n"
        "hanako:x:1000:1000:Hanako:/home/hanako:/bin/bash\n",
        0644);
    put(t, "/etc/group",
        "root:x:0:\nsudo:x:27:hanako\nwww-data:x:33:\nhanako:x:1000:\n", 0644);
}

static inline void tree_done(struct tree *t)
{
    hb_buf_done(&t->f.detail);
    hb_arena_free(t->m.arena);
    assert_int_equal(hb_rmtree(AT_FDCWD, t->path), 0);
}

/* Runs CHECK; its status.  What a person reads is never empty. */
static inline enum hb_check_status ask(struct tree *t, hb_check_fn *check)
{
    hb_buf_done(&t->f.detail);
    t->f = (struct hb_found){0};
    hb_buf_init(&t->f.detail, 4096);
    check(&t->m, &t->f);
    assert_non_null(t->f.why);
    assert_true(t->f.why[0] != '\0');
    return t->f.status;
}

#endif
