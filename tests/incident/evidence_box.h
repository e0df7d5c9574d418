/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_box.h - a scratch evidence store with keys, and what stands in it;
 * for the tests of the store and of the packages.
 */
#ifndef HB_TESTS_EVIDENCE_BOX_H
#define HB_TESTS_EVIDENCE_BOX_H

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../tap.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/mime.h"
#include "base/num.h"
#include "incident/evidence_log.h"

static char dir[256]; /* of one test */
static struct hb_key *key, *other_key;
static struct hb_pub *pub, *other_pub;

static inline const char *in(const char *name)
{
    static char bufs[4][512];
    static unsigned next;
    char *buf = bufs[next++ % 4];

    (void)snprintf(buf, sizeof(bufs[0]), "%s/%s", dir, name);
    return buf;
}

/* A package in small steps. */
static inline int export_to(struct hb_evidence *e, int64_t incident,
                            const char *to, const char *by, struct hb_err *err)
{
    struct hb_export *p = NULL;
    int r = hb_export_new(e, incident, to, by, &p, err);

    while (r >= 0 && (r = hb_export_step(p, 1, err)) == 1)
        continue;
    hb_export_free(p);
    return r;
}

static inline int make(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)snprintf(dir, sizeof(dir), "%.200s/hb-evidence-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static inline int drop(void **state)
{
    for (int k = 0; k < HB_FAULT_COUNT; k++)
        hb_fault_set((enum hb_fault_kind)k, 0);
    return hb_rmtree(AT_FDCWD, dir);
}

static inline struct hb_evidence *open_with(const struct hb_key *k)
{
    struct hb_evidence *e = NULL;
    struct hb_err err = {0};

    if (hb_evidence_open(in("store"), k, &e, &err) < 0)
        fail_msg("%s", err.message);
    return e;
}

static inline int64_t add(struct hb_evidence *e, int64_t incident,
                          const char *name, const char *content)
{
    struct hb_evidence_item item = {.incident = incident,
                                    .kind = "file",
                                    .name = name,
                                    .taken_by = "role:core",
                                    .source = "a test"};

    assert_int_equal(hb_evidence_add_bytes(e, &item, hb_slice_z(content)), 0);
    assert_true(item.number > 0);
    assert_true(item.time > 0);
    return item.number;
}

static inline void checkpoint(struct hb_evidence *e, char *ret, size_t size)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text;

    assert_int_equal(hb_evidence_checkpoint(e, a, &text), 0);
    assert_true(text.n < size);
    (void)snprintf(ret, size, "%.*s", (int)text.n, text.p);
}

static inline struct hb_evidence_report verify(const struct hb_pub *p,
                                               const char *anchor)
{
    struct hb_evidence_report r = {0};
    struct hb_err err = {0};

    if (hb_evidence_verify(in("store"), HB_EVIDENCE_ANY, p,
                           anchor != NULL ? hb_slice_z(anchor)
                                          : hb_slice(NULL, 0),
                           &r, &err) < 0)
        fail_msg("%s", err.message);
    return r;
}

/* The bytes of store/NAME, to be freed. */
static char *slurp(const char *name, size_t *ret_n)
{
    char path[600];
    _cleanup_close_ int fd = -1;
    struct stat st;
    char *p;

    (void)snprintf(path, sizeof(path), "%s/store/%s", dir, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    p = calloc(1, (size_t)st.st_size + 1);
    assert_non_null(p);
    assert_int_equal(hb_pread_full(fd, p, (size_t)st.st_size, 0), st.st_size);
    *ret_n = (size_t)st.st_size;
    return p;
}

/* Over the same inode, as an attacker who has root would. */
static inline void spit(const char *name, const char *p, size_t n)
{
    char path[600];
    _cleanup_close_ int fd = -1;

    (void)snprintf(path, sizeof(path), "%s/store/%s", dir, name);
    fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(hb_write_all(fd, p, n), 0);
}

static inline void content_of(const char *sha256, char *ret, size_t size)
{
    char place[66];

    hb_evid_place(sha256, place);
    (void)snprintf(ret, size, "sha256/%s", place);
}

struct seen {
    int n;
    char names[8][128], sources[8][128];
    char sha256[8][65];
    int64_t numbers[8];
};

static inline int see(void *arg, const struct hb_evidence_item *i)
{
    struct seen *s = arg;

    if (s->n < 8) {
        (void)hb_copyz(s->names[s->n], sizeof(s->names[0]), i->name);
        (void)hb_copyz(s->sources[s->n], sizeof(s->sources[0]), i->source);
        (void)hb_copyz(s->sha256[s->n], sizeof(s->sha256[0]), i->sha256);
        s->numbers[s->n] = i->number;
    }
    s->n++;
    return 0;
}

static inline void fill_store(char *anchor, size_t size)
{
    struct hb_evidence *e = open_with(key);
    char late[512];

    (void)add(e, 1, "/w/1", "first content");
    (void)add(e, 1, "/w/2", "second content");
    checkpoint(e, anchor, size);
    (void)add(e, 2, "/w/3", "third content");
    checkpoint(e, late, sizeof(late));
    hb_evidence_close(e);
}

/* The N-th line of LOG. */
static char *nth(char *log, int n, size_t *ret_n)
{
    for (; n > 1; n--)
        log = strchr(log, '\n') + 1;
    *ret_n = (size_t)(strchr(log, '\n') - log) + 1;
    return log;
}

static inline int keys_for_all(void)
{
    return hb_key_generate(&key) < 0 || hb_key_generate(&other_key) < 0 ||
                   hb_key_pub(key, &pub) < 0 ||
                   hb_key_pub(other_key, &other_pub) < 0
               ? -1
               : 0;
}

#define WITH_DIR(t) cmocka_unit_test_setup_teardown(t, make, drop)

#endif
