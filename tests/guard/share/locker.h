/* SPDX-License-Identifier: Apache-2.0 */
/* locker.h - a locker in a directory of its own, and a clock that the test
 * moves. */
#ifndef HB_TESTS_GUARD_SHARE_LOCKER_H
#define HB_TESTS_GUARD_SHARE_LOCKER_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../../tap.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/num.h"
#include "guard/share/content.h"
#include "guard/share/keep.h"
#include "guard/share/proof.h"
#include "guard/share/share.h"
#include "guard/share/trail.h"

#define T0 (1800000000 * (int64_t)HB_S)

static char root[128], lock_dir[160], lock_keys[160];
static struct hb_share_time lock_time;
static struct hb_share_rules lock_rules;
static struct hb_share_store *store;

static const struct hb_share_who owner = {"sato", "192.0.2.1"};
static const struct hb_share_who other = {"suzuki", "192.0.2.2"};

static inline void lock_clock(void *arg, struct hb_share_time *ret)
{
    (void)arg;
    *ret = lock_time;
}

/* Both clocks go on. */
static inline void pass_time(int64_t seconds)
{
    lock_time.now += seconds * (int64_t)HB_S;
    lock_time.mono += (uint64_t)seconds * HB_S;
}

static inline void reboot(const char *boot)
{
    lock_time.mono = 10 * HB_S;
    (void)hb_copyz(lock_time.boot, sizeof(lock_time.boot), boot);
}

static inline int lock_open_again(struct hb_share_store **ret)
{
    const struct hb_share_config c = {
        .dir = lock_dir,
        .keys = lock_keys,
        .rules = &lock_rules,
        .clock = lock_clock,
    };
    struct hb_err err = {0};
    int r = hb_share_open(&c, ret, &err);

    if (r < 0)
        print_message("# open: %d %s: %s\n", r, err.file, err.message);
    return r;
}

static inline int lock_make(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    (void)snprintf(root, sizeof(root), "%.80s/hb-locker-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(root) == NULL)
        return -1;
    (void)snprintf(lock_dir, sizeof(lock_dir), "%s/data", root);
    (void)snprintf(lock_keys, sizeof(lock_keys), "%s/master", root);
    lock_time = (struct hb_share_time){T0, 1000 * HB_S, "boot-1"};
    hb_share_rules_default(&lock_rules);
    lock_rules.disk_free = 0;
    return lock_open_again(&store);
}

static inline int lock_remove(void **state)
{
    (void)state;
    hb_share_close(store);
    store = NULL;
    return hb_rmtree(AT_FDCWD, root);
}

static inline struct hb_slice z(const char *text)
{
    return hb_slice_z(text);
}

/* An open invitation (it needs no file) of one guest, and its link. */
static inline int64_t invite(const char *mail, int64_t *ret_recipient,
                             char link[HB_SHARE_TOKEN_TEXT])
{
    const struct hb_share_draft d = {.kind = HB_SHARE_IN};
    struct hb_share_verdict v;
    int64_t id;

    assert_int_equal(hb_share_new(store, &owner, &d, &id), 0);
    assert_int_equal(
        hb_share_add_recipient(store, id, &owner, mail, ret_recipient), 0);
    assert_int_equal(hb_share_submit(store, id, &owner, &v), 0);
    assert_int_equal(v.decision, HB_SHARE_ALLOW);
    assert_int_equal(hb_share_link(store, *ret_recipient, &owner, link), 0);
    return id;
}

/* Proves the mailbox; the grant. */
static inline void enter(const char *link, char grant[HB_SHARE_TOKEN_TEXT])
{
    char nonce[HB_SHARE_TOKEN_TEXT];
    struct hb_share_code code;

    hb_share_token_new(nonce);
    assert_int_equal(
        hb_share_code_ask(store, z(link), z(nonce), "198.51.100.7", &code), 0);
    assert_int_equal(hb_share_code_try(store, z(link), z(nonce), z(code.digits),
                                       "198.51.100.7", grant),
                     0);
}

/* Byte I of every file of the tests. */
static inline uint8_t byte_at(uint64_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

/* Sends from where it stands up to TO; a verdict. */
static inline int send_to(struct hb_share_upload *u, int64_t to)
{
    static uint8_t b[100000];
    int r = 0;

    while (r == 0 && hb_share_upload_at(u) < to) {
        int64_t at = hb_share_upload_at(u);
        size_t n = (size_t)HB_MIN(to - at, (int64_t)sizeof(b));

        for (size_t i = 0; i < n; i++)
            b[i] = byte_at((uint64_t)at + i);
        r = hb_share_upload_write(u, b, n);
    }
    return r;
}

static const struct hb_slice no_grant = {NULL, 0};

/* A verdict; the file's number where it is whole. */
static inline int put_file(int64_t share, const char *name, int64_t size,
                           int64_t *ret_file)
{
    struct hb_share_upload *u;
    int r = hb_share_upload_new(store, share, &owner, name, "text/plain", size,
                                ret_file);

    if (r == 0)
        r = hb_share_upload_open(store, *ret_file, no_grant, &u);
    if (r < 0)
        return r;
    r = send_to(u, size);
    if (r == 0)
        r = hb_share_upload_end(u, &owner, NULL);
    hb_share_upload_close(u);
    return r < 0 ? r : hb_share_looked(store, *ret_file, true, 0);
}

/* Whatever is left of it, compared; a verdict. */
static inline int read_rest(struct hb_share_download *d, int64_t at)
{
    static uint8_t b[70000];
    ssize_t n;

    while ((n = hb_share_download_read(d, b, sizeof(b))) > 0)
        for (ssize_t i = 0; i < n; i++, at++)
            if (b[i] != byte_at((uint64_t)at))
                return -EILSEQ;
    return n < 0 ? (int)n : at == hb_share_download_size(d) ? 0 : -ENODATA;
}

/* An open share of one file for one recipient, with their link. */
static inline int64_t open_one(const char *mail, int64_t size,
                               int64_t *ret_recipient, int64_t *ret_file,
                               char link[HB_SHARE_TOKEN_TEXT])
{
    const struct hb_share_draft d = {.kind = HB_SHARE_OUT, .note = "見積書"};
    struct hb_share_verdict v;
    int64_t id;

    assert_int_equal(hb_share_new(store, &owner, &d, &id), 0);
    assert_int_equal(
        hb_share_add_recipient(store, id, &owner, mail, ret_recipient), 0);
    assert_int_equal(put_file(id, "見積.txt", size, ret_file), 0);
    assert_int_equal(hb_share_submit(store, id, &owner, &v), 0);
    assert_int_equal(v.decision, HB_SHARE_ALLOW);
    assert_int_equal(hb_share_link(store, *ret_recipient, &owner, link), 0);
    return id;
}

/* Files below DIR/NAME. */
static inline unsigned count_files(const char *name)
{
    char path[256];
    unsigned n = 0;
    DIR *dir;

    (void)snprintf(path, sizeof(path), "%s/%s", lock_dir, name);
    dir = opendir(path);
    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        n += e->d_name[0] != '.';
    (void)closedir(dir);
    return n;
}

struct tale {
    enum hb_share_act of;
    unsigned n;
    int64_t bytes;
};

static inline int tale_fn(void *arg, const struct hb_share_trail *t)
{
    struct tale *tale = arg;

    if (t->act == tale->of) {
        tale->n++;
        tale->bytes += t->bytes;
    }
    return 0;
}

/* How many rows of the trail of SHARE say ACT. */
static inline unsigned told(int64_t share, enum hb_share_act act)
{
    struct tale tale = {.of = act};

    assert_int_equal(hb_share_each_trail(store, share, 0, tale_fn, &tale), 0);
    return tale.n;
}

static inline int64_t edition_of(int64_t share)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share sh;

    assert_int_equal(hb_share_get(store, a, share, &sh), 0);
    return sh.edition;
}

static inline enum hb_share_state state_of(int64_t share)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share sh;

    assert_int_equal(hb_share_get(store, a, share, &sh), 0);
    return sh.state;
}

#define locker_test(f)                                                         \
    cmocka_unit_test_setup_teardown(f, lock_make, lock_remove)

#endif
