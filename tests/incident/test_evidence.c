/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_evidence.c - the evidence store: what was acknowledged is there after
 * any failure, and every change of a stored byte is noticed.
 *
 *     test-incident-evidence make DIR
 * writes a store, a package and an anchor below DIR for the box test, which
 * checks them with sha256sum and openssl.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tap.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "incident/evidence_log.h"
#include "no_openat2.h"

static char dir[256]; /* of one test */
static struct hb_key *key, *other_key;
static struct hb_pub *pub, *other_pub;

static const char *in(const char *name)
{
    static char bufs[4][512];
    static unsigned next;
    char *buf = bufs[next++ % 4];

    (void)snprintf(buf, sizeof(bufs[0]), "%s/%s", dir, name);
    return buf;
}

static int make(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)snprintf(dir, sizeof(dir), "%.200s/hb-evidence-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int drop(void **state)
{
    for (int k = 0; k < HB_FAULT_COUNT; k++)
        hb_fault_set((enum hb_fault_kind)k, 0);
    return hb_rmtree(AT_FDCWD, dir);
}

static struct hb_evidence *open_with(const struct hb_key *k)
{
    struct hb_evidence *e = NULL;
    struct hb_err err = {0};

    if (hb_evidence_open(in("store"), k, &e, &err) < 0)
        fail_msg("%s", err.message);
    return e;
}

static int64_t add(struct hb_evidence *e, int64_t incident, const char *name,
                   const char *content)
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

static void checkpoint(struct hb_evidence *e, char *ret, size_t size)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text;

    assert_int_equal(hb_evidence_checkpoint(e, a, &text), 0);
    assert_true(text.n < size);
    (void)snprintf(ret, size, "%.*s", (int)text.n, text.p);
}

static struct hb_evidence_report verify(const struct hb_pub *p,
                                        const char *anchor)
{
    struct hb_evidence_report r = {0};
    struct hb_err err = {0};

    if (hb_evidence_verify(in("store"), p,
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
static void spit(const char *name, const char *p, size_t n)
{
    char path[600];
    _cleanup_close_ int fd = -1;

    (void)snprintf(path, sizeof(path), "%s/store/%s", dir, name);
    fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(hb_write_all(fd, p, n), 0);
}

static void content_of(const char *sha256, char *ret, size_t size)
{
    char place[66];

    hb_evid_place(sha256, place);
    (void)snprintf(ret, size, "sha256/%s", place);
}

/* ---- what is kept ---- */

struct seen {
    int n;
    char names[8][128];
    char sha256[8][65];
    int64_t numbers[8];
};

static int see(void *arg, const struct hb_evidence_item *i)
{
    struct seen *s = arg;

    if (s->n < 8) {
        (void)hb_copyz(s->names[s->n], sizeof(s->names[0]), i->name);
        (void)hb_copyz(s->sha256[s->n], sizeof(s->sha256[0]), i->sha256);
        s->numbers[s->n] = i->number;
    }
    s->n++;
    return 0;
}

static void test_round_trip(void **state)
{
    struct hb_evidence *e = open_with(key);
    struct hb_evidence_item note = {.incident = 2,
                                    .kind = "handover",
                                    .name = "disk 1",
                                    .taken_by = "person:sato",
                                    .source = "to the police"};
    struct seen s = {0};
    struct hb_evidence_report r;
    struct stat st;
    char place[128], path[700];

    assert_int_equal(add(e, 1, "/var/www/a", "one"), 1);
    assert_int_equal(add(e, 2, "/var/www/b", "two"), 2);
    assert_int_equal(hb_evidence_note(e, &note), 0);
    assert_int_equal(note.number, 3);
    hb_evidence_close(e);

    e = open_with(key);
    assert_int_equal(add(e, 1, "/var/www/c", ""), 4);
    assert_int_equal(hb_evidence_each(e, 0, see, &s), 0);
    assert_int_equal(s.n, 4);
    assert_string_equal(s.names[0], "/var/www/a");
    /* printf one | sha256sum */
    assert_string_equal(s.sha256[0],
                        "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0"
                        "add73ff431ed");
    assert_string_equal(s.sha256[2], "");
    assert_string_equal(s.names[3], "/var/www/c");
    content_of(s.sha256[0], place, sizeof(place));
    (void)snprintf(path, sizeof(path), "%s/store/%s", dir, place);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0400);
    assert_int_equal(st.st_size, 3);
    s = (struct seen){0};
    assert_int_equal(hb_evidence_each(e, 2, see, &s), 0);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.numbers[1], 3);
    hb_evidence_close(e);

    r = verify(pub, NULL);
    assert_true(hb_evidence_report_good(&r));
    assert_int_equal(r.lines, 4);
    assert_int_equal(r.items, 4);
    assert_int_equal(r.torn, 0);
    assert_int_equal(r.anchors, 0);
}

static void test_names(void **state)
{
    static const char *const names[] = {
        "/var/www/a\nb",
        "\"}\n{\"prev\":\"",
        "改ざん.html",
        "latin \xe9\xff end",
        "back\\slash",
        "\x1b[31mred",
        "",
        ",\"prev\":\"0\"",
    };
    struct hb_evidence *e = open_with(key);
    struct hb_evidence_report r;
    struct seen s = {0};

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++)
        (void)add(e, 1, names[i], "x");
    assert_int_equal(hb_evidence_each(e, 0, see, &s), 0);
    assert_int_equal(s.n, HB_ARRAY_LEN(names));
    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++)
        assert_string_equal(s.names[i], names[i]);
    hb_evidence_close(e);
    r = verify(pub, NULL);
    assert_true(hb_evidence_report_good(&r));
    assert_int_equal(r.lines, HB_ARRAY_LEN(names));
}

static void test_refusals(void **state)
{
    struct hb_evidence *e = open_with(NULL), *second = NULL;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_evidence_item item = {
        .kind = "checkpoint", .name = "x", .taken_by = "", .source = ""};
    struct hb_err err = {0};
    struct hb_slice text;
    char big[80000];
    int fds[2];

    assert_int_equal(hb_evidence_checkpoint(e, a, &text), -ENOKEY);
    assert_int_equal(hb_evidence_export(e, 0, in("package"), &err), -ENOKEY);
    assert_int_equal(hb_evidence_note(e, &item), -EINVAL);
    item.kind = "file";
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(hb_evidence_add_fd(e, &item, fds[0], 10), -EINVAL);
    (void)close(fds[0]);
    (void)close(fds[1]);
    memset(big, 'a', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    item.name = big;
    assert_int_equal(hb_evidence_note(e, &item), -EFBIG);
    item.name = "x";
    /* One writer only. */
    assert_int_equal(hb_evidence_open(in("store"), NULL, &second, &err),
                     -EBUSY);
    /* What was refused left nothing behind. */
    assert_int_equal(add(e, 0, "y", "z"), 1);
    hb_evidence_close(e);
    assert_int_equal(verify(pub, NULL).lines, 1);
}

static void test_large_file_small_memory(void **state)
{
    struct hb_evidence *e = open_with(key);
    struct hb_evidence_item item = {.incident = 1,
                                    .kind = "file",
                                    .name = "big",
                                    .taken_by = "t",
                                    .source = "s"};
    const off_t size = (off_t)192 << 20;
    struct rusage before, after;
    int fd = open(in("big"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    assert_int_equal(hb_evidence_add_fd(e, &item, fd, (uint64_t)size - 1),
                     -EFBIG);
    assert_int_equal(hb_evidence_add_fd(e, &item, fd, (uint64_t)size), 0);
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    assert_int_equal(item.size, size);
    assert_true(after.ru_maxrss - before.ru_maxrss < 32 << 10);
    (void)close(fd);
    hb_evidence_close(e);
    assert_int_equal(verify(pub, NULL).changed, 0);
    assert_int_equal(verify(pub, NULL).items, 1);
}

static void test_thousand(void **state)
{
    struct hb_evidence *e = open_with(key);
    struct hb_evidence_report r;
    char name[32];

    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof(name), "/w/%d", i);
        assert_int_equal(add(e, 7, name, i % 3 == 0 ? "same" : name), i + 1);
    }
    hb_evidence_close(e);
    r = verify(pub, NULL);
    assert_true(hb_evidence_report_good(&r));
    assert_int_equal(r.items, 1000);
}

/* ---- what is noticed ---- */

static void fill_store(char *anchor, size_t size)
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

static void test_every_bit_of_the_log(void **state)
{
    struct hb_evidence_report r;
    char anchor[512];
    size_t n;
    char *log;

    fill_store(anchor, sizeof(anchor));
    log = slurp("log", &n);
    r = verify(pub, anchor);
    assert_true(hb_evidence_report_good(&r));
    assert_int_equal(r.anchors_held, 1);
    assert_int_equal(r.checkpoints, 2);
    /* One bit in each byte, another one each time. */
    for (size_t i = 0; i < n; i++) {
        log[i] ^= (char)(1 << i % 8);
        spit("log", log, n);
        r = verify(pub, NULL);
        /* The last line feed: the last line is then a torn one. */
        if (hb_evidence_report_good(&r) && r.torn == 0)
            fail_msg("a changed bit in byte %zu was not noticed", i);
        log[i] ^= (char)(1 << i % 8);
    }
    spit("log", log, n);
    r = verify(pub, anchor);
    assert_true(hb_evidence_report_good(&r));
    free(log);
}

static void test_every_bit_of_a_content(void **state)
{
    char anchor[512], place[128];
    struct hb_evidence *e;
    struct seen s = {0};
    struct hb_evidence_report r;
    char path[700];
    size_t n;
    char *p;

    fill_store(anchor, sizeof(anchor));
    e = open_with(key);
    assert_int_equal(hb_evidence_each(e, 0, see, &s), 0);
    content_of(s.sha256[1], place, sizeof(place));
    hb_evidence_close(e);
    p = slurp(place, &n);
    (void)snprintf(path, sizeof(path), "%s/store/%s", dir, place);
    for (size_t i = 0; i < n; i++) {
        p[i] ^= (char)(1 << i % 8);
        spit(place, p, n);
        r = verify(pub, NULL);
        assert_int_equal(r.changed, 1);
        assert_int_equal(r.first_lost, 2);
        assert_false(hb_evidence_report_good(&r));
        p[i] ^= (char)(1 << i % 8);
    }
    /* Longer, shorter, a directory, a link, gone. */
    assert_int_equal(truncate(path, (off_t)n - 1), 0);
    assert_int_equal(verify(pub, NULL).changed, 1);
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);
    assert_int_equal(verify(pub, NULL).changed, 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(verify(pub, NULL).missing, 1);
    assert_int_equal(symlink("/dev/zero", path), 0);
    assert_int_equal(verify(pub, NULL).missing, 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(verify(pub, NULL).changed, 1);
    /* The same content comes again: what stood there is kept aside, and a
     * line tells so. */
    e = open_with(key);
    (void)add(e, 1, "/w/2", "second content");
    s = (struct seen){0};
    assert_int_equal(hb_evidence_each(e, 0, see, &s), 0);
    assert_int_equal(s.n, 5);
    assert_non_null(strstr(s.names[3], ".changed-"));
    hb_evidence_close(e);
    r = verify(pub, anchor);
    assert_true(hb_evidence_report_good(&r));
    free(p);
}

/* The N-th line of LOG. */
static char *nth(char *log, int n, size_t *ret_n)
{
    for (; n > 1; n--)
        log = strchr(log, '\n') + 1;
    *ret_n = (size_t)(strchr(log, '\n') - log) + 1;
    return log;
}

static void test_lines_removed_swapped_added(void **state)
{
    char anchor[512], cut[8192];
    struct hb_evidence_report r;
    char *log, *a, *b;
    size_t n, an, bn;

    fill_store(anchor, sizeof(anchor));
    log = slurp("log", &n);
    /* Any one line out. */
    for (int i = 1; i <= 4; i++) {
        a = nth(log, i, &an);
        memcpy(cut, log, (size_t)(a - log));
        memcpy(cut + (a - log), a + an, n - an - (size_t)(a - log));
        spit("log", cut, n - an);
        r = verify(pub, NULL);
        assert_int_equal(r.bad_line, i);
        assert_non_null(r.bad_why);
    }
    /* The first two in the other order. */
    a = nth(log, 1, &an);
    b = nth(log, 2, &bn);
    memcpy(cut, b, bn);
    memcpy(cut + bn, a, an);
    memcpy(cut + an + bn, log + an + bn, n - an - bn);
    spit("log", cut, n);
    assert_int_equal(verify(pub, NULL).bad_line, 1);
    /* One twice. */
    memcpy(cut, log, n);
    a = nth(log, 5, &an);
    memcpy(cut + n, a, an);
    spit("log", cut, n + an);
    assert_int_equal(verify(pub, NULL).bad_line, 6);
    /* An empty line, and one that never ends. */
    memcpy(cut, log, n);
    cut[n] = '\n';
    spit("log", cut, n + 1);
    assert_int_equal(verify(pub, NULL).bad_line, 6);
    spit("log", log, n);
    {
        char path[600];

        (void)snprintf(path, sizeof(path), "%s/store/log", dir);
        assert_int_equal(truncate(path, (off_t)n + (3 << 20)), 0);
    }
    r = verify(pub, NULL);
    assert_int_equal(r.torn, 3 << 20);
    /* Cut after the first line: whole in itself; the anchor shows it. */
    (void)nth(log, 1, &an);
    spit("log", log, an);
    r = verify(pub, NULL);
    assert_true(hb_evidence_report_good(&r));
    r = verify(pub, anchor);
    assert_int_equal(r.anchors, 1);
    assert_int_equal(r.anchors_held, 0);
    assert_false(hb_evidence_report_good(&r));
    free(log);
}

/* Root makes a whole new log with the same contents but one. */
static void rewrite_with(const struct hb_key *k)
{
    struct hb_evidence *e;
    char text[512];

    assert_int_equal(hb_rmtree(AT_FDCWD, in("store")), 0);
    e = open_with(k);
    (void)add(e, 1, "/w/1", "first content");
    (void)add(e, 1, "/w/2", "SECOND content");
    checkpoint(e, text, sizeof(text));
    (void)add(e, 2, "/w/3", "third content");
    checkpoint(e, text, sizeof(text));
    hb_evidence_close(e);
}

static void test_root_rewrites_the_chain(void **state)
{
    struct hb_evidence_report r, none = {0};
    struct hb_err err = {0};
    char anchor[512], forged[512];

    fill_store(anchor, sizeof(anchor));
    /* With a key of their own: the signatures show it ... */
    rewrite_with(other_key);
    r = verify(pub, NULL);
    assert_int_equal(r.bad_line, 3);
    /* ... and where evidence.pub was replaced too, the anchor. */
    r = verify(other_pub, NULL);
    assert_true(hb_evidence_report_good(&r));
    r = verify(other_pub, anchor);
    assert_int_equal(r.bad_line, 0);
    assert_int_equal(r.anchors_held, 0);
    assert_false(hb_evidence_report_good(&r));
    /* With the real key, which root can read: only the anchor. */
    rewrite_with(key);
    r = verify(pub, NULL);
    assert_true(hb_evidence_report_good(&r));
    r = verify(pub, anchor);
    assert_int_equal(r.anchors_held, 0);
    assert_false(hb_evidence_report_good(&r));
    /* An anchor that fits the new chain but was signed by nobody. */
    assert_int_equal(hb_rmtree(AT_FDCWD, in("store")), 0);
    fill_store(forged, sizeof(forged));
    r = verify(pub, forged);
    assert_int_equal(r.anchors_held, 1);
    memcpy(strrchr(forged, ' ') + 1, "AAAA", 4);
    r = verify(pub, forged);
    assert_int_equal(r.anchors_held, 0);
    /* What is no anchor is said to be none. */
    assert_int_equal(hb_evidence_verify(in("store"), pub,
                                        HB_SLICE("good morning"), &none, &err),
                     -EBADMSG);
    assert_true(err.message[0] != '\0');
    assert_int_equal(
        hb_evidence_verify(in("nowhere"), pub, HB_SLICE(""), &none, NULL),
        -ENOENT);
}

static void test_log_replaced_while_open(void **state)
{
    struct hb_evidence *e = open_with(key);
    struct hb_evidence_item item = {
        .kind = "note", .name = "n", .taken_by = "", .source = ""};
    char old[600], moved[600];

    (void)add(e, 1, "a", "b");
    (void)snprintf(old, sizeof(old), "%s/store/log", dir);
    (void)snprintf(moved, sizeof(moved), "%s/store/log.old", dir);
    assert_int_equal(rename(old, moved), 0);
    assert_int_equal(hb_evidence_note(e, &item), -EUCLEAN);
    assert_int_equal(rename(moved, old), 0);
    /* It does not forget. */
    assert_int_equal(hb_evidence_note(e, &item), -EUCLEAN);
    hb_evidence_close(e);
    e = open_with(key);
    assert_int_equal(hb_evidence_note(e, &item), 0);
    assert_int_equal(truncate(old, 10), 0);
    assert_int_equal(hb_evidence_note(e, &item), -EUCLEAN);
    hb_evidence_close(e);
}

/* ---- failures ---- */

static void test_torn_tail(void **state)
{
    static const char *const tails[] = {"{\"incident\":1,\"ki", "x"};
    struct hb_evidence_report r;
    struct hb_evidence *e;
    char anchor[512];
    size_t n, torn;
    char *log, *kept;

    fill_store(anchor, sizeof(anchor));
    for (size_t i = 0; i < HB_ARRAY_LEN(tails); i++) {
        char name[32];

        log = slurp("log", &n);
        log = realloc(log, n + 64);
        assert_non_null(log);
        memcpy(log + n, tails[i], strlen(tails[i]));
        spit("log", log, n + strlen(tails[i]));
        r = verify(pub, anchor);
        assert_int_equal(r.torn, strlen(tails[i]));
        e = open_with(key);
        (void)add(e, 3, "after", "the crash");
        hb_evidence_close(e);
        (void)snprintf(name, sizeof(name), "log.torn-%zu", i + 1);
        kept = slurp(name, &torn);
        assert_int_equal(torn, strlen(tails[i]));
        assert_memory_equal(kept, tails[i], torn);
        free(kept);
        r = verify(pub, anchor);
        assert_true(hb_evidence_report_good(&r));
        assert_int_equal(r.anchors_held, 1);
        assert_int_equal(r.torn, 0);
        /* The note and the item. */
        assert_int_equal(r.lines, 5 + 2 * (i + 1));
        free(log);
    }
    /* A block that never reached the disk reads as zeros. */
    log = slurp("log", &n);
    log = realloc(log, n + 64);
    assert_non_null(log);
    memset(log + n, 0, 40);
    memcpy(log + n + 40, "\"}\n", 3);
    spit("log", log, n + 43);
    e = open_with(key);
    hb_evidence_close(e);
    r = verify(pub, anchor);
    assert_true(hb_evidence_report_good(&r));
    assert_int_equal(r.lines, 10);
    free(log);
}

/* The n-th write or fsync of a taking fails: the taking says so, and what
 * was acknowledged before and after is whole. */
static void fail_each(enum hb_fault_kind kind, int expect)
{
    struct hb_evidence *e = open_with(key);
    struct hb_evidence_report r;
    int64_t kept = 0;

    for (unsigned n = 1;; n++) {
        char name[32];
        struct hb_evidence_item item = {.incident = 1,
                                        .kind = "file",
                                        .name = name,
                                        .taken_by = "t",
                                        .source = "s"};
        int rc;

        (void)snprintf(name, sizeof(name), "content %u", n);
        hb_fault_set(kind, n);
        rc = hb_evidence_add_bytes(e, &item, hb_slice_z(name));
        if (rc == 0 && hb_fault_pending(kind)) {
            hb_fault_set(kind, 0);
            kept++;
            break;
        }
        assert_int_equal(rc, expect);
        hb_fault_set(kind, 0);
        /* It goes on by itself. */
        assert_int_equal(hb_evidence_add_bytes(e, &item, hb_slice_z(name)), 0);
        kept++;
        assert_int_equal(item.number, kept);
    }
    assert_true(kept > 2);
    hb_evidence_close(e);
    r = verify(pub, NULL);
    assert_true(hb_evidence_report_good(&r));
    assert_int_equal(r.lines, kept);
    e = open_with(key);
    assert_int_equal(add(e, 1, "x", "y"), kept + 1);
    hb_evidence_close(e);
}

static void test_writes_fail(void **state)
{
    fail_each(HB_FAULT_WRITE, -ENOSPC);
}

static void test_fsyncs_fail(void **state)
{
    fail_each(HB_FAULT_FSYNC, -EIO);
}

/* A child takes evidence and tells each acknowledgement through a pipe; it is
 * killed at some moment.  Nothing that it told is missing afterwards. */
static void test_kill(void **state)
{
    int64_t total = 0;

    for (unsigned round = 0; round < 25; round++) {
        int fds[2], status;
        int64_t told = total, got;
        struct hb_evidence_report r;
        pid_t pid;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct hb_evidence *e = NULL;
            struct hb_err err = {0};

            if (hb_evidence_open(in("store"), key, &e, &err) < 0)
                _exit(1);
            for (int i = 0;; i++) {
                char name[64];
                struct hb_evidence_item item = {.incident = 1,
                                                .kind = "file",
                                                .name = name,
                                                .taken_by = "t",
                                                .source = "s"};

                (void)snprintf(name, sizeof(name), "%u/%d", round, i);
                if (hb_evidence_add_bytes(e, &item, hb_slice_z(name)) < 0 ||
                    write(fds[1], &item.number, sizeof(item.number)) !=
                        sizeof(item.number))
                    _exit(1);
            }
        }
        (void)close(fds[1]);
        /* After so many acknowledgements, and a bit. */
        for (unsigned i = 0; i < 1 + round % 4; i++) {
            assert_int_equal(read(fds[0], &got, sizeof(got)), sizeof(got));
            told = got;
        }
        (void)usleep(round * 137 % 1500);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        while (read(fds[0], &got, sizeof(got)) == sizeof(got))
            told = got;
        (void)close(fds[0]);
        r = verify(pub, NULL);
        assert_true(hb_evidence_report_good(&r));
        assert_true(r.lines >= told);
        total = r.lines;
    }
}

/* The taking is stopped dead right at each write and fsync: the child's own
 * fault makes it fail there, and it ends at once without tidying up. */
static void test_dead_at_each_boundary(void **state)
{
    static const enum hb_fault_kind kinds[] = {HB_FAULT_WRITE, HB_FAULT_FSYNC};
    int64_t lines = 0;

    for (size_t k = 0; k < HB_ARRAY_LEN(kinds); k++) {
        for (unsigned n = 1; n < 12; n++) {
            struct hb_evidence_report r;
            int status;
            pid_t pid = fork();

            assert_true(pid >= 0);
            if (pid == 0) {
                struct hb_evidence *e = NULL;
                struct hb_evidence_item item = {.incident = 1,
                                                .kind = "file",
                                                .name = "n",
                                                .taken_by = "t",
                                                .source = "s"};
                char content[32];
                int rc = 0;

                (void)snprintf(content, sizeof(content), "%zu.%u", k, n);
                hb_fault_set(kinds[k], n);
                if (hb_evidence_open(in("store"), key, &e, NULL) == 0)
                    for (int i = 0; i < 3 && rc == 0; i++)
                        rc = hb_evidence_add_bytes(e, &item,
                                                   hb_slice_z(content));
                _exit((int)item.number);
            }
            assert_int_equal(waitpid(pid, &status, 0), pid);
            assert_true(WIFEXITED(status));
            if (access(in("store/log"), F_OK) < 0)
                continue;
            r = verify(pub, NULL);
            assert_true(hb_evidence_report_good(&r));
            assert_true(r.lines >= WEXITSTATUS(status));
            assert_true(r.lines >= lines);
            lines = r.lines;
        }
    }
    assert_true(lines > 10);
}

/* ---- the package ---- */

static void make_package(const char *to, char *anchor, size_t size)
{
    struct hb_evidence *e = open_with(key);
    struct hb_err err = {0};

    (void)add(e, 5, "/w/index.html\n{\"prev\":\"x", "<h1>owned</h1>");
    (void)add(e, 6, "/w/other", "of another incident");
    checkpoint(e, anchor, size);
    (void)add(e, 5, "/w/sh\xff.php", "<?php system($_GET[0]);");
    (void)add(e, 5, ",\"sha256\":\"0\"", "<h1>owned</h1>");
    if (hb_evidence_export(e, 5, to, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(hb_evidence_export(e, 5, to, NULL), -EEXIST);
    hb_evidence_close(e);
}

static void test_export(void **state)
{
    static const char *const parts[] = {
        "log",          "SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.signed",
        "evidence.pub", "README.txt", "VERIFY.sh",      "ITEMS.txt"};
    char anchor[512], path[600];
    struct hb_evidence_report r;
    struct hb_evidence *e;
    struct hb_err err = {0};
    struct seen s = {0};
    char place[128];

    make_package(in("package"), anchor, sizeof(anchor));
    for (size_t i = 0; i < HB_ARRAY_LEN(parts); i++) {
        (void)snprintf(path, sizeof(path), "%s/package/%s", dir, parts[i]);
        if (access(path, F_OK) < 0)
            fail_msg("%s is missing", path);
    }
    r = verify(pub, anchor);
    assert_true(hb_evidence_report_good(&r));
    assert_int_equal(r.checkpoints, 2);
    e = open_with(key);
    assert_int_equal(hb_evidence_each(e, 5, see, &s), 0);
    assert_int_equal(s.n, 4);
    assert_string_equal(s.names[3], in("package"));
    /* Of the other incident nothing is handed over. */
    s = (struct seen){0};
    assert_int_equal(hb_evidence_each(e, 6, see, &s), 0);
    (void)snprintf(path, sizeof(path), "%s/package/files/%s", dir, s.sha256[0]);
    assert_int_equal(access(path, F_OK), -1);
    /* What is not what it was is not handed over either. */
    content_of(s.sha256[0], place, sizeof(place));
    spit(place, "forged", 6);
    assert_int_equal(hb_evidence_export(e, 6, in("second"), &err), -EUCLEAN);
    assert_non_null(strstr(err.message, "2"));
    assert_int_equal(access(in("second"), F_OK), -1);
    hb_evidence_close(e);
}

static int keys_for_all(void)
{
    return hb_key_generate(&key) < 0 || hb_key_generate(&other_key) < 0 ||
                   hb_key_pub(key, &pub) < 0 ||
                   hb_key_pub(other_key, &other_pub) < 0
               ? -1
               : 0;
}

static int make_for_box(const char *where)
{
    char anchor[512];
    struct hb_err err = {0};

    hb_i18n_open();
    (void)hb_copyz(dir, sizeof(dir), where);
    make_package(in("package"), anchor, sizeof(anchor));
    if (hb_file_write(in("anchor"), anchor, strlen(anchor), 0600) < 0)
        return 1;
    return hb_pub_save(key, in("evidence.pub"), &err) < 0;
}

int main(int argc, char **argv)
{
#define WITH_DIR(t) cmocka_unit_test_setup_teardown(t, make, drop)
    const struct CMUnitTest tests[] = {
        WITH_DIR(test_round_trip),
        WITH_DIR(test_names),
        WITH_DIR(test_refusals),
        WITH_DIR(test_large_file_small_memory),
        WITH_DIR(test_thousand),
        WITH_DIR(test_every_bit_of_the_log),
        WITH_DIR(test_every_bit_of_a_content),
        WITH_DIR(test_lines_removed_swapped_added),
        WITH_DIR(test_root_rewrites_the_chain),
        WITH_DIR(test_log_replaced_while_open),
        WITH_DIR(test_torn_tail),
        WITH_DIR(test_writes_fail),
        WITH_DIR(test_fsyncs_fail),
        WITH_DIR(test_kill),
        WITH_DIR(test_dead_at_each_boundary),
        WITH_DIR(test_export),
    };
    int r;

    /* Core's unit refuses openat2(2). */
    if (keys_for_all() < 0 || !no_openat2())
        return 1;
    r = argc == 3 && hb_streq(argv[1], "make")
            ? make_for_box(argv[2])
            : hb_tap_run("incident/evidence", tests);
    hb_key_free(key);
    hb_key_free(other_key);
    hb_pub_free(pub);
    hb_pub_free(other_pub);
    return r;
}
