/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_evidence.c - the evidence store: what was acknowledged is there after
 * any failure, and every change of a stored byte is noticed.
 */
#include "evidence_box.h"
#include "no_openat2.h"

/* ---- what is kept ---- */

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
    assert_int_equal(export_to(e, 0, in("package"), "person:sato", &err),
                     -ENOKEY);
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
    char anchor[512], forged[512], both[1100];

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
    /* Of several, how many hold, and the first that does not: that of the
     * store before. */
    assert_int_equal(hb_rmtree(AT_FDCWD, in("store")), 0);
    fill_store(forged, sizeof(forged));
    (void)snprintf(both, sizeof(both), "%s\n%s", forged, anchor);
    r = verify(pub, both);
    assert_int_equal(r.anchors, 2);
    assert_int_equal(r.anchors_held, 1);
    assert_int_equal(r.anchor_lost, strtoll(anchor, NULL, 10));
    assert_false(hb_evidence_report_good(&r));
    /* What is no anchor is said to be none. */
    assert_int_equal(hb_evidence_verify(in("store"), HB_EVIDENCE_ANY, pub,
                                        HB_SLICE("good morning"), &none, &err),
                     -EBADMSG);
    assert_true(err.message[0] != '\0');
    assert_int_equal(hb_evidence_verify(in("nowhere"), HB_EVIDENCE_ANY, pub,
                                        HB_SLICE(""), &none, NULL),
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

int main(void)
{
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
    };
    int r;

    /* Core's unit refuses openat2(2). */
    if (keys_for_all() < 0 || !no_openat2())
        return 1;
    r = hb_tap_run("incident/evidence", tests);
    hb_key_free(key);
    hb_key_free(other_key);
    hb_pub_free(pub);
    hb_pub_free(other_pub);
    return r;
}
