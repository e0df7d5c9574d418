/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_journal.c - the helper's journal: written, read, torn at every byte,
 * with holes, failing writes and flushes, rewritten.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../tap.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/id.h"
#include "respond/journal.h"

#define RECORD 512

struct place {
    char dir[64], file[96];
    int fd;
};

static void begin(struct place *p)
{
    (void)snprintf(p->dir, sizeof(p->dir), "/tmp/hb-journal-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    (void)snprintf(p->file, sizeof(p->file), "%s/journal", p->dir);
    p->fd = open(p->dir, O_RDONLY | O_DIRECTORY);
    assert_true(p->fd >= 0);
}

static void end(struct place *p)
{
    (void)close(p->fd);
    assert_int_equal(hb_rmtree(AT_FDCWD, p->dir), 0);
}

static struct hb_journal *load(struct place *p, struct hb_journal_report *ret)
{
    struct hb_journal_report report;
    struct hb_journal *j = NULL;
    struct hb_err err = {0};

    if (hb_journal_open(p->fd, &j, &report, &err) < 0)
        print_error("%s\n", err.message);
    assert_non_null(j);
    if (ret != NULL)
        *ret = report;
    return j;
}

static void key_of(unsigned n, uint8_t key[HB_ACT_KEY_SIZE])
{
    memset(key, 0, HB_ACT_KEY_SIZE);
    memcpy(key, &n, sizeof(n));
    key[15] = 1;
}

static struct hb_job *add(struct hb_journal *j, unsigned n, const char *object,
                          bool done)
{
    struct hb_job job = {.action = HB_ACT_FILE_REMOVE,
                         .who = 1,
                         .site = 1,
                         .entry = n,
                         .baseline = 3,
                         .asked = hb_now(),
                         .object = (char *)(uintptr_t)object};
    struct hb_job *kept;

    key_of(n, job.key);
    memset(job.nonce, (int)n + 1, sizeof(job.nonce));
    job.nonce_until = job.asked + 1;
    kept = hb_journal_intent(j, &job);
    assert_non_null(kept);
    if (done) {
        kept->ended = true;
        kept->status = HB_ACT_DONE;
        kept->staged = true;
        kept->taken = (struct hb_taken){.mode = 0100644, .size = n};
        hb_journal_end(j, kept);
    }
    return kept;
}

static void test_round_trip(void **state)
{
    struct place p;
    struct hb_journal_report report;
    struct hb_journal *j, *other;
    struct hb_job *job;
    uint8_t key[HB_ACT_KEY_SIZE], nonce[HB_NONCE_SIZE];
    static char path[4096];

    begin(&p);
    memset(path, 'x', sizeof(path) - 1);
    j = load(&p, &report);
    assert_int_equal(report.records, 0);
    /* Not twice at the same time. */
    assert_int_equal(hb_journal_open(p.fd, &other, &report, NULL), -EBUSY);
    (void)add(j, 1, "index.html", true);
    (void)add(j, 2, path, true); /* does not fit one record */
    (void)add(j, 3, "", false);
    assert_int_equal(hb_journal_flush(j, true), 0);
    assert_int_equal(hb_journal_set_floor(j, 1, 7), 0);
    assert_int_equal(hb_journal_set_floor(j, 1, 5), 0);
    key_of(1, key);
    job = hb_journal_find(j, key);
    job->dropped = true;
    hb_journal_mark(j, job);
    assert_int_equal(hb_journal_flush(j, false), 0);
    hb_journal_free(j);

    j = load(&p, &report);
    assert_int_equal(report.bad, 0);
    assert_int_equal(report.open, 1);
    assert_int_equal(hb_journal_count(j), 3);
    assert_int_equal(hb_journal_floor(j, 1), 7);
    assert_int_equal(hb_journal_floor(j, 2), 0);
    job = hb_journal_find(j, key);
    assert_non_null(job);
    assert_string_equal(job->object, "index.html");
    assert_true(job->ended && job->dropped && job->staged && !job->undone);
    assert_int_equal(job->status, HB_ACT_DONE);
    assert_int_equal(job->taken.mode, 0100644);
    key_of(2, key);
    assert_string_equal(hb_journal_find(j, key)->object, path);
    memset(nonce, 3, sizeof(nonce));
    assert_false(hb_journal_nonce_used(j, nonce, key));
    key_of(9, key);
    assert_true(hb_journal_nonce_used(j, nonce, key));
    assert_null(hb_journal_find(j, key));
    hb_journal_free(j);
    end(&p);
}

/* Whatever the length at which a crash cut it: all whole records before are
 * there, none is made up, and it can be written on. */
static void test_torn(void **state)
{
    enum { JOBS = 5 };
    struct place p, q;
    struct hb_journal *j;
    static char all[2 * JOBS * RECORD];
    int fd;

    begin(&p);
    begin(&q);
    j = load(&p, NULL);
    for (unsigned i = 0; i < JOBS; i++)
        (void)add(j, i, "x", true);
    assert_int_equal(hb_journal_flush(j, true), 0);
    hb_journal_free(j);
    fd = open(p.file, O_RDONLY);
    assert_int_equal(hb_pread_full(fd, all, sizeof(all), 0), sizeof(all));
    (void)close(fd);
    for (size_t n = 0; n <= sizeof(all);
         n += n % 64 == 0 || n % RECORD > 500 ? 1 : 7) {
        struct hb_journal_report report;
        size_t whole = n / RECORD;
        uint8_t key[HB_ACT_KEY_SIZE];
        char rubbish[700];

        /* Even with rubbish behind the cut, which must not happen to be the
         * byte that was lost: one cut in 256 would make the record whole. */
        memcpy(rubbish, all + 3, sizeof(rubbish));
        if (n < sizeof(all))
            rubbish[0] = (char)~all[n];
        fd = open(q.file, O_RDWR | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(hb_write_all(fd, all, n), 0);
        if (n % 2 == 1)
            assert_int_equal(hb_write_all(fd, rubbish, sizeof(rubbish)), 0);
        (void)close(fd);
        j = load(&q, &report);
        assert_int_equal(report.records, whole);
        assert_int_equal(hb_journal_count(j), (whole + 1) / 2);
        assert_int_equal(report.open, whole % 2);
        (void)add(j, 100, "after", true);
        assert_int_equal(hb_journal_flush(j, true), 0);
        hb_journal_free(j);
        j = load(&q, &report);
        key_of(100, key);
        assert_non_null(hb_journal_find(j, key));
        assert_int_equal(hb_journal_count(j), (whole + 1) / 2 + 1);
        hb_journal_free(j);
    }
    end(&p);
    end(&q);
}

/* A record in the middle that the disk lost hides none behind it. */
static void test_hole(void **state)
{
    enum { JOBS = 6 };
    struct place p;
    struct hb_journal *j;

    for (unsigned hole = 0; hole < 2 * JOBS; hole++) {
        struct hb_journal_report report;
        char bad[RECORD];
        int fd;

        begin(&p);
        j = load(&p, NULL);
        for (unsigned i = 0; i < JOBS; i++)
            (void)add(j, i, "x", true);
        assert_int_equal(hb_journal_flush(j, true), 0);
        hb_journal_free(j);
        fd = open(p.file, O_RDWR);
        memset(bad, hole % 2 == 0 ? 0 : 0x5a, sizeof(bad));
        assert_int_equal(hb_pwrite_all(fd, bad, sizeof(bad), hole * RECORD), 0);
        (void)close(fd);
        j = load(&p, &report);
        assert_int_equal(report.bad, hole % 2 == 0 ? 0 : 1);
        assert_int_equal(report.records, 2 * JOBS - 1);
        /* An intent lost takes its job with it, an end leaves it open. */
        assert_int_equal(hb_journal_count(j), hole % 2 == 0 ? JOBS - 1 : JOBS);
        assert_int_equal(report.open, hole % 2 == 0 ? 0 : 1);
        (void)add(j, 100, "after", true);
        assert_int_equal(hb_journal_flush(j, true), 0);
        hb_journal_free(j);
        end(&p);
    }
}

/* What could not be made durable was never intended. */
static void test_faults(void **state)
{
    static const enum hb_fault_kind kinds[] = {HB_FAULT_WRITE, HB_FAULT_FSYNC};
    struct place p;
    struct hb_journal *j;
    unsigned n = 0, good = 0;
    uint8_t key[HB_ACT_KEY_SIZE];

    begin(&p);
    j = load(&p, NULL);
    for (size_t k = 0; k < 2; k++) {
        bool through = false;

        for (unsigned nth = 1; !through; nth++) {
            int r;

            hb_fault_set(kinds[k], nth);
            (void)add(j, ++n, "x", true);
            r = hb_journal_flush(j, true);
            through = hb_fault_pending(kinds[k]);
            hb_fault_set(kinds[k], 0);
            key_of(n, key);
            if (r < 0) {
                assert_null(hb_journal_find(j, key));
            } else {
                good++;
                assert_non_null(hb_journal_find(j, key));
            }
            assert_true(r >= 0 || !through);
            assert_true(nth < 100);
        }
    }
    /* And it goes on. */
    (void)add(j, ++n, "x", true);
    assert_int_equal(hb_journal_flush(j, true), 0);
    good++;
    assert_int_equal(hb_journal_count(j), good);
    hb_journal_free(j);
    j = load(&p, NULL);
    assert_int_equal(hb_journal_count(j), good);
    hb_journal_free(j);
    end(&p);
}

static void test_compact(void **state)
{
    struct place p;
    struct hb_journal *j;
    struct hb_job *job;
    struct stat before, after;
    uint8_t key[HB_ACT_KEY_SIZE];
    int64_t later = hb_now() + 40 * 86400 * (int64_t)HB_S;

    begin(&p);
    j = load(&p, NULL);
    for (unsigned i = 0; i < 3000; i++) {
        job = add(j, i, "some/path", i % 100 != 1);
        if (i % 100 == 0)
            continue; /* still staged: kept for ever */
        job->dropped = true;
        hb_journal_mark(j, job);
    }
    assert_int_equal(hb_journal_set_floor(j, 4, 44), 0);
    assert_int_equal(hb_journal_flush(j, true), 0);
    assert_int_equal(stat(p.file, &before), 0);
    /* Young ones stay, whatever they are. */
    assert_int_equal(hb_journal_compact(j, hb_now(), true), 0);
    assert_int_equal(hb_journal_count(j), 3000);
    /* A rewriting that fails leaves all as it was. */
    hb_fault_set(HB_FAULT_WRITE, 1);
    assert_true(hb_journal_compact(j, hb_now(), true) < 0);
    hb_fault_set(HB_FAULT_WRITE, 0);
    hb_journal_free(j);
    j = load(&p, NULL);
    assert_int_equal(hb_journal_count(j), 3000);
    assert_int_equal(hb_journal_compact(j, later, true), 0);
    assert_int_equal(hb_journal_count(j), 60); /* staged, or open */
    (void)add(j, 5000, "new", true);
    assert_int_equal(hb_journal_flush(j, true), 0);
    hb_journal_free(j);
    assert_int_equal(stat(p.file, &after), 0);
    assert_true(after.st_size < before.st_size);
    j = load(&p, NULL);
    assert_int_equal(hb_journal_count(j), 61);
    assert_int_equal(hb_journal_floor(j, 4), 44);
    key_of(100, key);
    job = hb_journal_find(j, key);
    assert_true(job->staged && !job->dropped);
    assert_string_equal(job->object, "some/path");
    hb_journal_free(j);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_torn),
        cmocka_unit_test(test_hole), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_compact)};

    return hb_tap_run("respond/journal", tests);
}
