/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_kill.c - kill -9 at any moment loses nothing that was acknowledged.
 *
 * A child writes transactions and events and says over a pipe which ones the
 * stores acknowledged; it is killed at a seeded random moment, the stores are
 * opened again and looked through.  HB_KILL_POINTS says how often (100).
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/file.h"
#include "work.h"

static char dir[256], db_path[300], events_path[300];

/* What a child says: a kind and the last number that is safe. */
struct said {
    char kind;
    int64_t n;
};

static void say(int fd, char kind, int64_t n)
{
    struct said s;

    memset(&s, 0, sizeof(s));
    s.kind = kind;
    s.n = n;
    if (hb_write_all(fd, &s, sizeof(s)) < 0)
        _exit(3);
}

/* Never returns; 2..: something failed that should not have. */
static void child(int fd, int64_t tx, int64_t ev, unsigned mode)
{
    struct hb_db *db = NULL;
    struct hb_events *s = NULL;
    struct hb_err err = {0};

    if (hb_db_open(db_path, work_schema, WORK_SCHEMA, &db, &err) != 0)
        _exit(4);
    if (hb_events_open(events_path, &s, &err) != 0)
        _exit(5);
    say(fd, 'o', 0);
    for (;;) {
        if (mode % 4 != 1) {
            if (work_do(db, ++tx) != 0)
                _exit(6);
            say(fd, 't', tx);
        }
        if (mode % 4 != 0) {
            int64_t batch = 1 + tx % 7;

            for (int64_t i = 0; i < batch; i++)
                if (work_event(s, ++ev, &err) < 0)
                    _exit(7);
            if (hb_events_flush(s, &err) != 0)
                _exit(8);
            say(fd, 'e', ev);
        }
        if (mode % 4 == 3) { /* die in a backup, in a close */
            char copy[320];

            snprintf(copy, sizeof(copy), "%s/copy.db", dir);
            if (hb_db_backup(db, copy, &err) != 0)
                _exit(9);
            hb_db_close(db);
            if (hb_db_open(db_path, work_schema, WORK_SCHEMA, &db, &err) != 0)
                _exit(10);
        }
    }
}

/* Waits for COUNT messages and then a moment longer. */
static void wait_for(int fd, int64_t *tx, int64_t *ev, uint64_t count,
                     uint64_t us)
{
    struct said s;

    while (count-- > 0 && read(fd, &s, sizeof(s)) == sizeof(s)) {
        if (s.kind == 't')
            *tx = s.n;
        else if (s.kind == 'e')
            *ev = s.n;
    }
    (void)usleep((useconds_t)us);
}

static void drain(int fd, int64_t *tx, int64_t *ev)
{
    struct said s;

    while (read(fd, &s, sizeof(s)) == sizeof(s)) {
        if (s.kind == 't')
            *tx = s.n;
        else if (s.kind == 'e')
            *ev = s.n;
    }
}

static int64_t last_number(struct hb_db *db, const char *sql)
{
    struct hb_stmt *s;
    int64_t v = 0;

    if (hb_db_stmt(db, sql, &s) == 0 && hb_stmt_step(s) == 1)
        v = hb_stmt_col_int(s, 0);
    hb_stmt_reset(s);
    return v;
}

static const char *verify_events(int64_t *ev)
{
    struct hb_events *s = NULL;
    struct hb_err err = {0};
    struct hb_arena *a = hb_arena_new(0);
    const char *wrong = NULL;
    char uid[HB_ID_SIZE];
    struct hb_slice json;

    if (a == NULL || hb_events_open(events_path, &s, &err) != 0)
        return "the events cannot be opened";
    if (hb_events_set_aside(s) != NULL)
        wrong = "a day was damaged";
    for (int64_t n = HB_MAX(*ev - 200, 1); n <= *ev && wrong == NULL; n++) {
        work_uid(n, uid);
        if (hb_events_get(s, a, uid, &json, &err) != 0)
            wrong = "an acknowledged event is missing";
    }
    /* What got there unacknowledged is known, not stored twice. */
    while (wrong == NULL) {
        work_uid(*ev + 1, uid);
        if (hb_events_get(s, a, uid, &json, NULL) != 0)
            break;
        if (work_event(s, *ev + 1, &err) != 1)
            wrong = "an event would be stored twice";
        (*ev)++;
    }
    hb_events_close(s);
    hb_arena_free(a);
    return wrong;
}

static const char *round_trip(struct work_random *r, int64_t *tx, int64_t *ev)
{
    struct hb_db *db = NULL;
    struct hb_err err = {0};
    const char *wrong;
    int pipes[2], status;
    pid_t pid;

    if (pipe(pipes) < 0 || (pid = fork()) < 0)
        return "no child";
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)close(pipes[0]);
        child(pipes[1], *tx, *ev, (unsigned)work_below(r, 4));
    }
    (void)close(pipes[1]);
    (void)work_random(r); /* the child's draw */
    /* Some die while they open; the others at any moment of their work. */
    if (work_below(r, 8) == 0)
        (void)usleep((useconds_t)work_below(r, 6000));
    else
        wait_for(pipes[0], tx, ev, 1 + work_below(r, 12), work_below(r, 5000));
    (void)kill(pid, SIGKILL);
    if (waitpid(pid, &status, 0) != pid)
        return "no child";
    drain(pipes[0], tx, ev);
    (void)close(pipes[0]);
    if (!WIFSIGNALED(status)) {
        fprintf(stderr, "# the child ended with %d\n", WEXITSTATUS(status));
        return "the child failed before it was killed";
    }
    if (hb_db_open(db_path, work_schema, WORK_SCHEMA, &db, &err) != 0)
        return "the state cannot be opened";
    wrong = work_verify(db, *tx, NULL);
    *tx = last_number(db, "SELECT coalesce(max(n), 0) FROM tx");
    hb_db_close(db);
    return wrong != NULL ? wrong : verify_events(ev);
}

int main(void)
{
    unsigned points = work_points(100), bad = 0;
    uint64_t seed = 20261122;
    struct work_random r = {seed};
    int64_t tx = 0, ev = 0, tx_all = 0;

    if (work_dir(NULL, dir, sizeof(dir)) < 0)
        return 1;
    for (unsigned i = 0; i < points; i++) {
        const char *wrong;

        /* A new store now and then: the first moments have dangers of
         * their own, and a small one is looked through quickly. */
        if (i % 10 == 0) {
            tx_all += tx;
            tx = ev = 0;
            snprintf(db_path, sizeof(db_path), "%s/s%u.db", dir, i);
            snprintf(events_path, sizeof(events_path), "%s/events%u", dir, i);
        }
        wrong = round_trip(&r, &tx, &ev);
        if (wrong != NULL) {
            printf("# kill %u of seed %llu: %s\n", i, (unsigned long long)seed,
                   wrong);
            bad++;
            break;
        }
    }
    printf("# %lld transactions\n", (long long)(tx_all + tx));
    ok(bad == 0, "%u kills lose nothing that was acknowledged", points);
    ok(tx_all + tx > points, "and something was acknowledged");
    work_remove(dir);
    return done();
}
