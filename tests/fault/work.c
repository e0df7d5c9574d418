/* SPDX-License-Identifier: Apache-2.0 */
/* work.c - see work.h. */
#include "work.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/file.h"
#include "base/num.h"

#define BODY_MAX 6000

static int tests, failed;

const struct hb_migration work_schema[WORK_SCHEMA] = {
    {1, "CREATE TABLE tx(n INTEGER PRIMARY KEY, parts INTEGER NOT NULL);"
        "CREATE TABLE t(n INTEGER NOT NULL, part INTEGER NOT NULL,"
        " body BLOB NOT NULL, PRIMARY KEY(n, part));"},
    {2, "CREATE TABLE counter(id INTEGER PRIMARY KEY, n INTEGER NOT NULL);"
        "INSERT INTO counter VALUES(1, 0);"},
};

uint64_t work_random(struct work_random *r)
{
    uint64_t z = r->s += 0x9e3779b97f4a7c15u; /* splitmix64 */

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t work_below(struct work_random *r, uint64_t n)
{
    return n == 0 ? 0 : work_random(r) % n;
}

static int parts_of(int64_t n)
{
    struct work_random r = {(uint64_t)n};

    return 1 + (int)work_below(&r, 5);
}

static size_t body_of(int64_t n, int part, uint8_t *body)
{
    struct work_random r = {(uint64_t)n * 64 + (uint64_t)part};
    size_t size = 1 + work_below(&r, work_below(&r, 4) == 0 ? BODY_MAX : 300);

    for (size_t i = 0; i < size; i++)
        body[i] = (uint8_t)work_random(&r);
    return size;
}

static int put_part(struct hb_db *db, int64_t n, int part)
{
    uint8_t body[BODY_MAX + 1];
    size_t size = body_of(n, part, body);
    struct hb_stmt *s;
    int r =
        hb_db_stmt(db, "INSERT INTO t(n, part, body) VALUES(?1, ?2, ?3)", &s);

    if (r == 0)
        r = hb_stmt_int(s, 1, n);
    if (r == 0)
        r = hb_stmt_int(s, 2, part);
    if (r == 0)
        r = hb_stmt_blob(s, 3, body, size);
    return r == 0 ? hb_stmt_step(s) : r;
}

int work_do(struct hb_db *db, int64_t n)
{
    int parts = parts_of(n), r = hb_db_begin(db);

    if (r < 0)
        return r;
    for (int i = 0; i < parts && r == 0; i++)
        r = put_part(db, n, i);
    if (r == 0)
        r = hb_db_exec(db, "INSERT INTO tx(n, parts) VALUES(?1, ?2)", "ii", n,
                       (int64_t)parts);
    if (r == 0)
        r = hb_db_exec(db, "UPDATE counter SET n = ?1", "i", n);
    if (r == 0)
        return hb_db_commit(db);
    hb_db_rollback(db);
    return r;
}

static int64_t number(struct hb_db *db, const char *sql)
{
    struct hb_stmt *s;
    int64_t v = -1;

    if (hb_db_stmt(db, sql, &s) < 0)
        return -1;
    if (hb_stmt_step(s) == 1)
        v = hb_stmt_col_int(s, 0);
    hb_stmt_reset(s);
    return v;
}

static const char *verify_rows(struct hb_db *db)
{
    uint8_t body[BODY_MAX + 1];
    struct hb_stmt *s;
    const char *wrong = NULL;
    int r;

    if (hb_db_stmt(db, "SELECT n, part, body FROM t", &s) < 0)
        return "cannot select";
    while ((r = hb_stmt_step(s)) == 1 && wrong == NULL) {
        size_t size =
            body_of(hb_stmt_col_int(s, 0), (int)hb_stmt_col_int(s, 1), body);
        struct hb_slice got = hb_stmt_col_blob(s, 2);

        if (got.n != size || memcmp(got.p, body, size) != 0)
            wrong = "a row has other bytes";
    }
    hb_stmt_reset(s);
    return r < 0 ? "reading the rows failed" : wrong;
}

const char *work_verify(struct hb_db *db, int64_t acked, const bool *skip)
{
    static char text[128];
    struct hb_stmt *s;
    const char *wrong;

    if (hb_db_stmt(db, "PRAGMA integrity_check(1)", &s) < 0 ||
        hb_stmt_step(s) != 1)
        return "integrity_check cannot run";
    wrong = hb_stmt_col_text(s, 0);
    snprintf(text, sizeof(text), "integrity_check: %s", wrong);
    if (wrong == NULL || !hb_streq(wrong, "ok")) {
        hb_stmt_reset(s);
        return text;
    }
    hb_stmt_reset(s);
    if (number(db, "SELECT count(*) FROM tx WHERE parts <> (SELECT count(*)"
                   " FROM t WHERE t.n = tx.n)") != 0 ||
        number(db,
               "SELECT count(*) FROM t WHERE n NOT IN (SELECT n FROM tx)") != 0)
        return "a transaction is there by half";
    if (number(db, "SELECT (SELECT n FROM counter) ="
                   " (SELECT coalesce(max(n), 0) FROM tx)") != 1)
        return "the counter is not that of the last transaction";
    wrong = verify_rows(db);
    if (wrong != NULL)
        return wrong;
    for (int64_t n = 1; n <= acked; n++) {
        if (skip != NULL && skip[n])
            continue;
        if (hb_db_stmt(db, "SELECT 1 FROM tx WHERE n = ?1", &s) < 0 ||
            hb_stmt_int(s, 1, n) < 0)
            return "cannot select";
        if (hb_stmt_step(s) != 1) {
            snprintf(text, sizeof(text), "acknowledged %lld is missing",
                     (long long)n);
            return text;
        }
        hb_stmt_reset(s);
    }
    return NULL;
}

void work_uid(int64_t n, char ret[HB_ID_SIZE])
{
    snprintf(ret, HB_ID_SIZE, "01900000-0000-7000-8000-%012llx",
             (unsigned long long)n & 0xffffffffffffu);
}

int work_event(struct hb_events *s, int64_t n, struct hb_err *err)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e;
    char body[700];
    int r = -ENOMEM;

    if (a == NULL)
        return -ENOMEM;
    memset(body, 'a' + (int)(n % 26), sizeof(body) - 1);
    body[sizeof(body) - 1] = '\0';
    e = hb_event_new(a, HB_EV_APP_LIFECYCLE, 3, HB_SEV_INFO, "fault");
    if (e != NULL) {
        work_uid(n, e->uid);
        r = hb_event_strz(e, HB_F_MESSAGE, body);
    }
    if (r == 0)
        r = hb_events_add(s, e, err);
    hb_arena_free(a);
    return r;
}

unsigned work_points(unsigned dflt)
{
    const char *z = getenv("HB_KILL_POINTS");
    uint64_t v;

    if (z == NULL || hb_parse_u64(hb_slice_z(z), &v) < 0 || v == 0 ||
        v > 1000000)
        return dflt;
    return (unsigned)v;
}

int work_dir(const char *dir, char *ret, size_t size)
{
    const char *tmp = getenv("TMPDIR");

    if (dir == NULL || access(dir, W_OK) < 0)
        dir = tmp != NULL ? tmp : "/tmp";
    snprintf(ret, size, "%s/hb-fault-XXXXXX", dir);
    return mkdtemp(ret) != NULL ? 0 : -errno;
}

void work_remove(const char *dir)
{
    if (hb_rmtree(AT_FDCWD, dir) < 0)
        fprintf(stderr, "# %s is left behind\n", dir);
}

void ok(bool good, const char *fmt, ...)
{
    va_list ap;

    tests++;
    failed += good ? 0 : 1;
    printf("%s %d - ", good ? "ok" : "not ok", tests);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    fflush(stdout);
}

int done(void)
{
    printf("1..%d\n", tests);
    return failed > 0 ? 1 : 0;
}
