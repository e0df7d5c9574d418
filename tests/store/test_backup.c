/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_backup.c - a backup of a store that is in use comes back whole
 * elsewhere; a restore takes nothing away and refuses what it should.
 */
#include "tap.h"

#include <dirent.h>

#include "base/clock.h"
#include "no_openat2.h"
#include "scratch.h"
#include "store/backup.h"
#include "store/db.h"
#include "store/events.h"
#include "store/seal.h"

static const struct hb_migration schema[] = {
    {1, "CREATE TABLE t(n INTEGER PRIMARY KEY);"},
    {2, "CREATE TABLE u(n INTEGER PRIMARY KEY);"},
};

static char from[300], to[300], file[300], key_file[300];
static struct hb_db *db;
static struct hb_events *events;

static struct hb_backup at(const char *dir)
{
    return (struct hb_backup){dir, file, key_file, 2, false};
}

static void put(const char *name, const char *text)
{
    char path[600];

    (void)snprintf(path, sizeof(path), "%s/%s", from, name);
    assert_int_equal(hb_file_write(path, text, strlen(text), 0600), 0);
}

static bool holds(const char *dir, const char *name, const char *text)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice got;
    char path[600];
    bool same;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    same = hb_file_read(a, path, 1 << 20, &got) == 0 &&
           hb_slice_eq(got, hb_slice_z(text));
    hb_arena_free(a);
    return same;
}

static void add_event(void)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e =
        hb_event_new(a, HB_EV_APP_LIFECYCLE, 3, HB_SEV_INFO, "test");

    assert_int_equal(hb_events_add(events, e, NULL), 0);
    assert_int_equal(hb_events_flush(events, NULL), 0);
    hb_arena_free(a);
}

/* A state in use: open, with a log that was not folded in. */
static int setup(void **state)
{
    char path[400];

    if (scratch_make(state) < 0)
        return -1;
    (void)snprintf(from, sizeof(from), "%s/from", scratch);
    (void)snprintf(to, sizeof(to), "%s/to", scratch);
    (void)snprintf(file, sizeof(file), "%s/b.hbk", scratch);
    (void)snprintf(key_file, sizeof(key_file), "%s/b.key", scratch);
    (void)snprintf(path, sizeof(path), "%s/evidence/ab", from);
    if (hb_mkdirs(path, 0700) < 0 || hb_seal_key_make(key_file, NULL) < 0)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/proofs", from);
    if (hb_mkdirs(path, 0700) < 0)
        return -1;
    put("evidence/ab/cdef", "<?php evil(); ?>");
    put("evidence/log", "chain\n");
    put("evidence/.half", "still being written");
    put("proofs/2.json", "{}");
    put("other.txt", "not ours to keep");
    (void)snprintf(path, sizeof(path), "%s/state.db", from);
    if (hb_db_open(path, schema, 2, &db, NULL) != 0)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/events", from);
    if (hb_events_open(path, &events, NULL) != 0)
        return -1;
    assert_int_equal(
        hb_db_exec(db, "INSERT INTO t VALUES(?1)", "i", (int64_t)42), 0);
    add_event();
    return 0;
}

static int teardown(void **state)
{
    hb_events_close(events);
    hb_db_close(db);
    events = NULL;
    db = NULL;
    return scratch_remove(state);
}

static int64_t count_in(const char *dir)
{
    struct hb_db *d = NULL;
    struct hb_stmt *s;
    struct hb_err err = {0};
    char path[400];
    int64_t n;

    (void)snprintf(path, sizeof(path), "%s/state.db", dir);
    if (hb_db_open(path, schema, 2, &d, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(hb_db_stmt(d, "SELECT count(*) FROM t", &s), 0);
    assert_int_equal(hb_stmt_step(s), 1);
    n = hb_stmt_col_int(s, 0);
    hb_stmt_reset(s);
    hb_db_close(d);
    return n;
}

static int see(void *arg, const char *uid, int64_t time, struct hb_slice json)
{
    ++*(int *)arg;
    return 0;
}

static int events_in(const char *dir)
{
    struct hb_events *s = NULL;
    struct hb_events_query q = {0};
    char path[400];
    int n = 0;

    (void)snprintf(path, sizeof(path), "%s/events", dir);
    assert_int_equal(hb_events_open(path, &s, NULL), 0);
    assert_int_equal(hb_events_find(s, &q, see, &n, NULL), 0);
    hb_events_close(s);
    return n;
}

static void make(struct hb_backup_info *info)
{
    struct hb_backup b = at(from);
    struct hb_err err = {0};

    if (hb_backup_make(&b, info, &err) != 0)
        fail_msg("%s: %s", err.file, err.message);
}

/* No working directory is left in DIR. */
static void tidy(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    assert_non_null(d);
    while ((e = readdir(d)) != NULL)
        if (strncmp(e->d_name, ".restore-", 9) == 0 ||
            strncmp(e->d_name, ".backup-", 8) == 0)
            fail_msg("%s/%s is left", dir, e->d_name);
    (void)closedir(d);
}

static void test_there_and_back(void **state)
{
    struct hb_backup_info info = {0}, back = {0};
    struct hb_backup b = at(to);
    struct hb_err err = {0};
    struct stat st;

    make(&info);
    assert_int_equal(info.schema, 2);
    assert_int_equal(info.days, 1);
    assert_int_equal(info.files, 5);
    assert_string_equal(info.version, HB_VERSION);
    assert_true(hb_now() - info.made < (int64_t)(600 * HB_S));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    tidy(from);
    /* It goes on meanwhile. */
    assert_int_equal(hb_db_exec(db, "INSERT INTO t VALUES(43)", ""), 0);
    add_event();
    if (hb_backup_restore(&b, &back, &err) != 0)
        fail_msg("%s: %s", err.file, err.message);
    assert_true(back.bytes == info.bytes && back.files == info.files);
    assert_int_equal(count_in(to), 1);
    assert_int_equal(events_in(to), 1);
    assert_true(holds(to, "evidence/ab/cdef", "<?php evil(); ?>"));
    assert_true(holds(to, "evidence/log", "chain\n"));
    assert_true(holds(to, "proofs/2.json", "{}"));
    assert_false(exists(in_scratch("to/evidence/.half")));
    assert_false(exists(in_scratch("to/other.txt")));
    assert_false(exists(in_scratch("to/before-restore-1")));
    tidy(to);
}

static void test_restore_is_careful(void **state)
{
    struct hb_backup b = at(from);
    struct hb_err err = {0};

    make(NULL);
    assert_int_equal(hb_backup_restore(&b, NULL, &err), -EEXIST);
    assert_non_null(strstr(err.message, "--force"));
    b.force = true;
    memset(&err, 0, sizeof(err));
    assert_int_equal(hb_backup_restore(&b, NULL, &err), -EBUSY);
    tidy(from);
    assert_int_equal(hb_db_exec(db, "INSERT INTO t VALUES(43)", ""), 0);
    hb_events_close(events);
    hb_db_close(db);
    events = NULL;
    db = NULL;
    put("evidence/new", "found after the backup");
    memset(&err, 0, sizeof(err));
    if (hb_backup_restore(&b, NULL, &err) != 0)
        fail_msg("%s: %s", err.file, err.message);
    assert_int_equal(count_in(from), 1);
    assert_false(exists(in_scratch("from/evidence/new")));
    /* What stood there is only put aside. */
    assert_int_equal(count_in(in_scratch("from/before-restore-1")), 2);
    assert_true(exists(in_scratch("from/before-restore-1/evidence/new")));
    assert_true(exists(in_scratch("from/other.txt")));
    assert_int_equal(hb_backup_restore(&b, NULL, &err), 0);
    assert_true(exists(in_scratch("from/before-restore-2/state.db")));
}

static void test_refusals(void **state)
{
    struct hb_backup b = at(to);
    struct hb_err err = {0};
    struct stat st;

    make(NULL);
    b.schema = 1; /* we are older than the backup */
    assert_int_equal(hb_backup_restore(&b, NULL, &err), -EPROTO);
    assert_non_null(strstr(err.message, "newer version"));
    b.schema = 2;
    assert_int_equal(unlink(key_file), 0);
    assert_int_equal(hb_backup_restore(&b, NULL, NULL), -ENOENT);
    assert_int_equal(hb_seal_key_make(key_file, NULL), 0);
    memset(&err, 0, sizeof(err));
    assert_int_equal(hb_backup_restore(&b, NULL, &err), -EKEYREJECTED);
    assert_non_null(strstr(err.message, "another key"));
    tidy(to);
    assert_false(exists(in_scratch("to/state.db")));
    assert_int_equal(stat(file, &st), 0);
    b.file = in_scratch("none");
    assert_int_equal(hb_backup_verify(&b, NULL, NULL), -ENOENT);
    assert_false(exists(in_scratch("to/events")));
}

static void test_damaged(void **state)
{
    struct hb_backup b = at(to);
    struct hb_err err = {0};
    struct stat st;

    make(NULL);
    assert_int_equal(hb_mkdirs(to, 0700), 0);
    assert_int_equal(hb_backup_verify(&b, NULL, NULL), 0);
    assert_int_equal(stat(file, &st), 0);
    for (off_t at_byte = 60; at_byte < st.st_size; at_byte += 7001) {
        spoil(file, at_byte, 1);
        memset(&err, 0, sizeof(err));
        assert_int_equal(hb_backup_restore(&b, NULL, &err), -EBADMSG);
        assert_true(err.message[0] != '\0');
        spoil(file, at_byte, 1);
    }
    assert_int_equal(truncate(file, st.st_size - 1), 0);
    assert_int_equal(hb_backup_restore(&b, NULL, NULL), -EBADMSG);
    assert_false(exists(in_scratch("to/state.db")));
    assert_false(exists(in_scratch("to/evidence")));
    tidy(to);
}

/* A failed backup leaves the one before. */
static void test_failure_keeps_the_last(void **state)
{
    struct hb_backup b = at(from);
    struct hb_err err = {0};

    make(NULL);
    assert_int_equal(
        rename(in_scratch("from/state.db"), in_scratch("from/moved")), 0);
    assert_true(hb_backup_make(&b, NULL, &err) < 0);
    assert_true(err.message[0] != '\0');
    assert_int_equal(
        rename(in_scratch("from/moved"), in_scratch("from/state.db")), 0);
    assert_false(exists(in_scratch("b.hbk.tmp")));
    assert_int_equal(hb_backup_verify(&b, NULL, NULL), 0);
    tidy(from);
    b.file = in_scratch("no/such/place");
    assert_true(hb_backup_make(&b, NULL, NULL) < 0);
}

/* What a killed one left, unencrypted, goes with the next. */
static void test_left_overs_are_removed(void **state)
{
    assert_int_equal(hb_mkdirs(in_scratch("from/.backup-abcdef"), 0700), 0);
    put(".backup-abcdef/copy.db", "plain");
    make(NULL);
    tidy(from);
}

/* Links in the evidence are not followed out of it. */
static void test_links_are_not_followed(void **state)
{
    struct hb_backup b = at(to);
    struct hb_backup_info info;

    assert_int_equal(symlink("/etc", in_scratch("from/evidence/dir")), 0);
    assert_int_equal(symlink("/etc/passwd", in_scratch("from/proofs/p")), 0);
    make(&info);
    assert_int_equal(info.files, 5);
    assert_int_equal(hb_backup_restore(&b, NULL, NULL), 0);
    assert_false(exists(in_scratch("to/proofs/p")));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Core makes and verifies backups, and its unit refuses openat2(2). */
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_there_and_back),
        T(test_restore_is_careful),
        T(test_refusals),
        T(test_damaged),
        T(test_failure_keeps_the_last),
        T(test_left_overs_are_removed),
        T(test_links_are_not_followed),
    };

    return no_openat2() ? hb_tap_run("store/backup", tests) : 1;
}
