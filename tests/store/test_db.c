/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_db.c - the state store on a real file: statements, transactions,
 * migrations, one writer, damage, backup.
 */
#include "tap.h"

#include <sqlite3.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "scratch.h"
#include "store/db.h"

static const struct hb_migration one[] = {
    {1, "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, b BLOB,"
        " other INTEGER REFERENCES t(id));"
        "CREATE INDEX t_other ON t(other);"},
};
static const struct hb_migration two[] = {
    {1, "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, b BLOB,"
        " other INTEGER REFERENCES t(id));"
        "CREATE INDEX t_other ON t(other);"},
    {2, "ALTER TABLE t ADD COLUMN more TEXT NOT NULL DEFAULT 'm';"},
};
static const struct hb_migration bad[] = {
    {1, "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, b BLOB,"
        " other INTEGER REFERENCES t(id));"
        "CREATE INDEX t_other ON t(other);"},
    {2, "UPDATE t SET name = name || '!'; CREATE TABLE x(y); NONSENSE;"},
};

static struct hb_db *open_db(const struct hb_migration *m, size_t n)
{
    struct hb_db *db = NULL;
    struct hb_err err = {0};
    int r = hb_db_open(in_scratch("s.db"), m, n, &db, &err);

    if (r != 0)
        fail_msg("%d %s", r, err.message);
    return db;
}

static int64_t count(struct hb_db *db, const char *sql)
{
    struct hb_stmt *s;
    int64_t v;

    assert_int_equal(hb_db_stmt(db, sql, &s), 0);
    assert_int_equal(hb_stmt_step(s), 1);
    v = hb_stmt_col_int(s, 0);
    hb_stmt_reset(s);
    return v;
}

static void add(struct hb_db *db, const char *name)
{
    assert_int_equal(
        hb_db_exec(db, "INSERT INTO t(name) VALUES(?1)", "t", name), 0);
}

/* Rows by what a format binds; the statement is free again at their end. */
static void test_query(void **state)
{
    static const char of_name[] =
        "SELECT id, b FROM t WHERE name >= ?1 AND id < ?2 AND b = ?3"
        " ORDER BY id";
    struct hb_db *db = open_db(one, 1);
    struct hb_stmt *q = NULL, *again = NULL;

    (void)state;
    for (int64_t i = 1; i <= 3; i++)
        assert_int_equal(hb_db_exec(db,
                                    "INSERT INTO t(id, name, b)"
                                    " VALUES(?1, char(64 + ?1), ?2)",
                                    "ix", i, "\0\xff", (size_t)2),
                         0);
    assert_int_equal(hb_db_query(db, &q, of_name, "tix", "B", INT64_MAX,
                                 "\0\xff", (size_t)2),
                     0);
    for (int64_t i = 2; i <= 3; i++) {
        assert_int_equal(hb_stmt_step(q), 1);
        assert_int_equal(hb_stmt_col_int(q, 0), i);
        assert_true(hb_slice_eq(hb_stmt_col_blob(q, 1), HB_SLICE("\0\xff")));
    }
    assert_int_equal(hb_stmt_step(q), 0);
    /* Nothing of an earlier binding is left. */
    assert_int_equal(hb_db_query(db, &again, of_name, "tix", "B", (int64_t)3,
                                 "\0\xff", (size_t)2),
                     0);
    assert_ptr_equal(again, q);
    assert_int_equal(hb_stmt_step(q), 1);
    assert_int_equal(hb_stmt_step(q), 0);
    assert_int_equal(hb_db_query(db, &q, of_name, "tixt", "B", (int64_t)3, "",
                                 (size_t)0, "one too many"),
                     -EINVAL);
    assert_int_equal(hb_db_query(db, &q, "SELECT nothing FROM t", ""), -EINVAL);
    hb_db_close(db);
}

static void test_number(void **state)
{
    static const char of_name[] = "SELECT id FROM t WHERE name = ?1";
    struct hb_db *db = open_db(one, 1);
    struct hb_slice bytes = HB_SLICE("\0\xff");
    int64_t n = 7;

    assert_int_equal(hb_db_exec(db,
                                "INSERT INTO t(id, name, b)"
                                " VALUES(?1, ?2, ?3), (?4, 'y', ?3)",
                                "itbi", INT64_MIN, "x", &bytes, INT64_MAX),
                     0);
    assert_int_equal(hb_db_number(db, &n, of_name, "t", "nobody"), 0);
    assert_int_equal(n, 7);
    assert_int_equal(hb_db_number(db, &n, of_name, "t", "x"), 1);
    assert_true(n == INT64_MIN);
    /* The first of several rows; the statement is free for the next. */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hb_db_number(db, &n,
                                      "SELECT id FROM t WHERE b = ?1"
                                      " ORDER BY id DESC",
                                      "b", &bytes),
                         1);
        assert_true(n == INT64_MAX);
    }
    assert_int_equal(hb_db_number(db, &n, "SELECT nothing FROM t", ""),
                     -EINVAL);
    assert_int_equal(hb_db_number(db, &n, of_name, "tt", "x", "y"), -EINVAL);
    assert_true(n == INT64_MAX);
    /* Nothing is left stepping: another writer's transaction can end. */
    assert_int_equal(hb_db_begin(db), 0);
    assert_int_equal(hb_db_commit(db), 0);
    hb_db_close(db);
}

static void test_values(void **state)
{
    struct hb_db *db = open_db(one, 1);
    struct hb_slice text = HB_SLICE("a\0b"), got;
    struct hb_stmt *s;

    assert_int_equal(hb_db_exec(db,
                                "INSERT INTO t(id, name, b, other)"
                                " VALUES(?1, ?2, ?3, ?4)",
                                "istn", INT64_MIN, &text, NULL),
                     0);
    assert_true(hb_db_last_id(db) == INT64_MIN);
    assert_int_equal(hb_db_changes(db), 1);
    assert_int_equal(hb_db_stmt(db, "SELECT id, name, b, other FROM t", &s), 0);
    assert_int_equal(hb_stmt_step(s), 1);
    assert_true(hb_stmt_col_int(s, 0) == INT64_MIN);
    got = hb_stmt_col_blob(s, 1);
    assert_true(hb_slice_eq(got, text));
    assert_null(hb_stmt_col_text(s, 2));
    assert_true(hb_stmt_col_null(s, 3));
    assert_int_equal(hb_stmt_step(s), 0);
    assert_int_equal(hb_db_stmt(db, "UPDATE t SET b = ?1, name = ?2", &s), 0);
    assert_int_equal(hb_stmt_blob(s, 1, "\0\xff", 2), 0);
    assert_int_equal(hb_stmt_text(s, 2, ""), 0);
    assert_int_equal(hb_stmt_blob(s, 3, "", 0), -EINVAL);
    assert_int_equal(hb_stmt_step(s), 0);
    assert_int_equal(count(db, "SELECT length(b) FROM t"), 2);
    assert_int_equal(count(db, "SELECT name IS NOT NULL FROM t"), 1);
    hb_db_close(db);
}

static void test_same_text_twice_at_once(void **state)
{
    struct hb_db *db = open_db(one, 1);
    struct hb_stmt *a, *b, *c;

    add(db, "x");
    add(db, "y");
    assert_int_equal(hb_db_stmt(db, "SELECT name FROM t ORDER BY id", &a), 0);
    assert_int_equal(hb_stmt_step(a), 1);
    assert_int_equal(hb_db_stmt(db, "SELECT name FROM t ORDER BY id", &b), 0);
    assert_ptr_not_equal(a, b);
    assert_int_equal(hb_stmt_step(b), 1);
    assert_string_equal(hb_stmt_col_text(b, 0), "x");
    assert_int_equal(hb_stmt_step(a), 1);
    assert_string_equal(hb_stmt_col_text(a, 0), "y");
    hb_stmt_reset(a);
    hb_stmt_reset(b);
    assert_int_equal(hb_db_stmt(db, "SELECT name FROM t ORDER BY id", &c), 0);
    assert_ptr_equal(a, c); /* kept, not prepared again */
    hb_db_close(db);
}

static void test_constraints(void **state)
{
    struct hb_db *db = open_db(one, 1);

    add(db, "x");
    assert_int_equal(hb_db_exec(db, "INSERT INTO t(name) VALUES(?1)", "t", "x"),
                     -EEXIST);
    assert_int_equal(
        hb_db_exec(db, "INSERT INTO t(id) VALUES(?1)", "i", (int64_t)1),
        -EEXIST);
    assert_int_equal(
        hb_db_exec(db, "INSERT INTO t(other) VALUES(?1)", "i", (int64_t)99),
        -EINVAL);
    assert_int_equal(hb_db_exec(db, "SELECT \"no such\"", ""), -EINVAL);
    assert_int_equal(hb_db_err(db)->code, -EINVAL);
    /* One refused statement does not end a transaction. */
    assert_int_equal(hb_db_begin(db), 0);
    add(db, "y");
    assert_int_equal(hb_db_exec(db, "INSERT INTO t(name) VALUES(?1)", "t", "x"),
                     -EEXIST);
    add(db, "z");
    assert_int_equal(hb_db_commit(db), 0);
    assert_int_equal(count(db, "SELECT count(*) FROM t"), 3);
    hb_db_close(db);
}

static void test_transactions(void **state)
{
    struct hb_db *db = open_db(one, 1);

    assert_int_equal(hb_db_commit(db), -EINVAL);
    assert_int_equal(hb_db_begin(db), 0);
    assert_true(hb_db_in_transaction(db));
    assert_int_equal(hb_db_begin(db), -EINVAL);
    add(db, "gone");
    hb_db_rollback(db);
    assert_false(hb_db_in_transaction(db));
    assert_int_equal(count(db, "SELECT count(*) FROM t"), 0);
    assert_int_equal(hb_db_begin(db), 0);
    add(db, "kept");
    assert_int_equal(hb_db_commit(db), 0);
    hb_db_close(db);
    db = open_db(one, 1);
    assert_int_equal(count(db, "SELECT count(*) FROM t"), 1);
    hb_db_close(db);
}

static void test_settings(void **state)
{
    struct hb_db *db = open_db(one, 1);
    struct hb_stmt *s;
    struct stat st;

    assert_int_equal(hb_db_stmt(db, "PRAGMA journal_mode", &s), 0);
    assert_int_equal(hb_stmt_step(s), 1);
    assert_string_equal(hb_stmt_col_text(s, 0), "wal");
    hb_stmt_reset(s);
    assert_int_equal(count(db, "PRAGMA synchronous"), 2 /* FULL */);
    assert_int_equal(count(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(stat(in_scratch("s.db"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(in_scratch("s.db-wal"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    hb_db_close(db);
}

static void test_one_writer(void **state)
{
    struct hb_db *db = open_db(one, 1), *other = NULL;
    struct hb_err err = {0};
    int status;
    pid_t pid;

    assert_int_equal(hb_db_open(in_scratch("s.db"), one, 1, &other, &err),
                     -EBUSY);
    assert_null(other);
    assert_non_null(strstr(err.message, "another process"));
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct hb_err e = {0};
        int r = hb_db_open(in_scratch("s.db"), one, 1, &other, &e);

        _exit(r == -EBUSY && e.code == -EBUSY ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    /* Looking is allowed, and sees what is committed. */
    add(db, "x");
    memset(&err, 0, sizeof(err));
    assert_int_equal(hb_db_open_read(in_scratch("s.db"), &other, &err), 0);
    assert_int_equal(count(other, "SELECT count(*) FROM t"), 1);
    assert_true(hb_db_read_only(other));
    assert_int_equal(hb_db_begin(other), -EROFS);
    assert_int_equal(hb_db_exec(other, "DELETE FROM t", ""), -EROFS);
    hb_db_close(other);
    hb_db_close(db);
    db = open_db(one, 1); /* the lock went with its holder */
    hb_db_close(db);
}

/* Six processes open, migrate and write one file at once. */
static void test_several_writers(void **state)
{
    struct hb_db *db = NULL;
    pid_t pids[6];

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            int r = hb_db_open_shared(in_scratch("m.db"), two, 2, &db, NULL);

            for (unsigned k = 0; r == 0 && k < 50; k++) {
                r = hb_db_begin(db);
                if (r == 0)
                    r = hb_db_exec(db,
                                   "INSERT INTO t(name) SELECT 'n' ||"
                                   " (SELECT count(*) FROM t)",
                                   "");
                if (r == 0)
                    r = hb_db_commit(db);
            }
            _exit(r != 0);
        }
    }
    for (unsigned i = 0; i < 6; i++) {
        int st;

        assert_int_equal(waitpid(pids[i], &st, 0), pids[i]);
        assert_int_equal(st, 0);
    }
    assert_int_equal(hb_db_open_shared(in_scratch("m.db"), two, 2, &db, NULL),
                     0);
    assert_int_equal(count(db, "SELECT count(*) FROM t"), 300);
    hb_db_close(db);
}

static void test_migrations(void **state)
{
    struct hb_db *db = open_db(one, 1), *copy = NULL;
    struct hb_err err = {0};
    int version = -1;

    add(db, "old");
    hb_db_close(db);
    assert_false(exists(in_scratch("s.db.before-1")));
    db = open_db(two, 2);
    assert_int_equal(count(db, "SELECT more = 'm' FROM t"), 1);
    assert_int_equal(hb_db_version(db, &version), 0);
    assert_int_equal(version, 2);
    hb_db_close(db);
    assert_int_equal(hb_db_open_read(in_scratch("s.db.before-2"), &copy, &err),
                     0);
    assert_int_equal(count(copy, "SELECT count(*) FROM t"), 1);
    assert_int_equal(hb_db_version(copy, &version), 0);
    assert_int_equal(version, 1);
    hb_db_close(copy);
    /* Newer than we are: refused, and not touched. */
    assert_int_equal(hb_db_open(in_scratch("s.db"), one, 1, &db, &err),
                     -EPROTO);
    assert_non_null(strstr(err.message, "newer version"));
    db = open_db(two, 2);
    hb_db_close(db);
}

static void test_failed_migration_is_undone(void **state)
{
    struct hb_db *db = open_db(one, 1);
    struct hb_err err = {0};
    int version = 0;

    add(db, "old");
    hb_db_close(db);
    assert_int_equal(hb_db_open(in_scratch("s.db"), bad, 2, &db, &err),
                     -EINVAL);
    assert_non_null(strstr(err.message, "migration 2"));
    db = open_db(one, 1);
    assert_int_equal(count(db, "SELECT name = 'old' FROM t"), 1);
    assert_int_equal(hb_db_version(db, &version), 0);
    assert_int_equal(version, 1);
    assert_int_equal(hb_db_exec(db, "SELECT * FROM x", ""), -EINVAL);
    hb_db_close(db);
}

static void fill(struct hb_db *db, int n)
{
    char name[256];

    assert_int_equal(hb_db_begin(db), 0);
    for (int i = 0; i < n; i++) {
        (void)snprintf(name, sizeof(name), "%0200d", i);
        add(db, name);
    }
    assert_int_equal(hb_db_commit(db), 0);
}

static void test_damaged_structure(void **state)
{
    struct hb_db *db = open_db(one, 1);
    struct hb_err err = {0};
    int r;

    fill(db, 1000);
    hb_db_close(db);
    for (off_t page = 5; page < 40; page++)
        spoil(in_scratch("s.db"), page * 4096, 16); /* page headers */
    r = hb_db_open(in_scratch("s.db"), one, 1, &db, &err);
    assert_int_equal(r, 1);
    assert_int_equal(err.code, -EUCLEAN);
    assert_non_null(strstr(err.message, "hinoban restore"));
    assert_true(hb_db_read_only(db));
    assert_int_equal(hb_db_begin(db), -EUCLEAN);
    assert_non_null(strstr(hb_db_err(db)->message, "hinoban restore"));
    /* What is whole can still be read. */
    assert_int_equal(count(db, "SELECT max(version) FROM hb_schema"), 1);
    hb_db_close(db);
}

static void test_not_a_database(void **state)
{
    struct hb_db *db = NULL;
    struct hb_err err = {0};
    char junk[8192];

    memset(junk, 'j', sizeof(junk));
    assert_int_equal(
        hb_file_write(in_scratch("s.db"), junk, sizeof(junk), 0600), 0);
    assert_int_equal(hb_db_open(in_scratch("s.db"), one, 1, &db, &err),
                     -EUCLEAN);
    assert_non_null(strstr(err.message, "hinoban restore"));
    assert_null(db);
}

static void test_backup(void **state)
{
    struct hb_db *db = open_db(one, 1), *copy = NULL;
    struct hb_err err = {0};
    uint8_t head[20];
    int fd;

    fill(db, 300);
    assert_int_equal(hb_db_begin(db), 0);
    assert_int_equal(hb_db_backup(db, in_scratch("b.db"), &err), -EBUSY);
    hb_db_rollback(db);
    memset(&err, 0, sizeof(err));
    assert_int_equal(hb_db_backup(db, in_scratch("b.db"), &err), 0);
    fill(db, 0);
    add(db, "later");
    assert_false(exists(in_scratch("b.db-wal")));
    assert_false(exists(in_scratch("b.db.tmp")));
    fd = open(in_scratch("b.db"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(hb_pread_full(fd, head, sizeof(head), 0), sizeof(head));
    (void)close(fd);
    assert_int_equal(head[18], 1); /* rollback mode: one file is all of it */
    assert_int_equal(head[19], 1);
    assert_int_equal(hb_db_open_read(in_scratch("b.db"), &copy, &err), 0);
    assert_int_equal(count(copy, "SELECT count(*) FROM t"), 300);
    hb_db_close(copy);
    /* Again, over the older one. */
    assert_int_equal(hb_db_backup(db, in_scratch("b.db"), &err), 0);
    assert_int_equal(hb_db_open_read(in_scratch("b.db"), &copy, &err), 0);
    assert_int_equal(count(copy, "SELECT count(*) FROM t"), 301);
    hb_db_close(copy);
    assert_true(hb_db_backup(db, in_scratch("no/b.db"), &err) < 0);
    hb_db_close(db);
}

static void test_names(void **state)
{
    struct hb_db *db = NULL;
    struct hb_err err = {0};
    char *far = malloc(HB_MAX_PATH + 1);

    /* What a URI would read as something else is a file name here. */
    assert_int_equal(hb_db_open(in_scratch("a?b#c%41.db"), one, 1, &db, &err),
                     0);
    add(db, "x");
    hb_db_close(db);
    assert_true(exists(in_scratch("a?b#c%41.db")));
    assert_non_null(far);
    memset(far, '/', HB_MAX_PATH);
    far[HB_MAX_PATH] = '\0';
    assert_int_equal(hb_db_open(far, one, 1, &db, &err), -ENAMETOOLONG);
    free(far);
    memset(&err, 0, sizeof(err));
    assert_int_equal(hb_db_open(in_scratch("no/s.db"), one, 1, &db, &err),
                     -ENOENT);
    assert_true(err.message[0] != '\0');
    memset(&err, 0, sizeof(err));
    assert_int_equal(hb_db_open_read(in_scratch("none.db"), &db, &err),
                     -ENOENT);
    assert_false(exists(in_scratch("none.db")));
    /* A link in the place of the file is not followed. */
    assert_int_equal(symlink(in_scratch("a?b#c%41.db"), in_scratch("l.db")), 0);
    memset(&err, 0, sizeof(err));
    assert_true(hb_db_open(in_scratch("l.db"), one, 1, &db, &err) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_query, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(test_number, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(test_values, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(test_same_text_twice_at_once,
                                        scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_constraints, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(test_transactions, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(test_settings, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(test_one_writer, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(test_several_writers, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(test_migrations, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(test_failed_migration_is_undone,
                                        scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_damaged_structure, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(test_not_a_database, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(test_backup, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(test_names, scratch_make,
                                        scratch_remove),
    };

    return hb_tap_run("store/db", tests);
}
