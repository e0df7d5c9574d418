/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play_kill.c - kill -9 at every step boundary of the playbook engine.
 *
 * A child works through a playbook that has every type of step, against a
 * real state store; what it does "to the world" is a line in a file, fsynced,
 * like the journal of the helper.  It dies by SIGKILL at its n-th boundary
 * (base/fault.h), a second child dies again somewhere on the way, a third one
 * comes to the end.  Then: every action was done once, every task was asked
 * and answered once, every step stands as in a run that nobody disturbed.
 *
 * HB_KILL_POINTS (100): how many points are tried, seeded; all where there
 * are no more.  HB_SEED: another choice.  Prints TAP.
 */
#include "../playbook/world.h"

#include <sys/wait.h>

#include "base/fault.h"

#define STEP           "- {id: "
#define SCAN(id, more) STEP id ", type: action, action: site.scan, " more "}\n"
#define TELL(id, more) STEP id ", type: task, " more "}\n"
#define STOP(id)       STEP id ", type: end}\n"

/* Actions whose id begins with "blind" cannot be asked whether they were
 * done, "later" answer after the call, "ask" want an approval, "bad" fail,
 * "gone" are given up by their helper, "worse" fail, and with them the run,
 * until a person runs it again. */
/* clang-format off */
static const char steps[] =
    "exception: byhand\nsteps:\n"
    STEP "begin, type: start, next: look}\n"
    SCAN("look", "next: later1")
    SCAN("later1", "next: par")
    STEP "par, type: parallel, branches: [ask1, tell1, blind1], next: loop}\n"
    STEP "ask1, type: action, action: site.private, undo: un,"
         " roles: [officer], four_eyes: true, next: askend}\n"
    STEP "un, type: action, action: site.public}\n"
    STOP("askend")
    TELL("tell1", "answer: __n__, next: tell2")
    TELL("tell2", "four_eyes: true, next: tellend")
    STOP("tellend")
    SCAN("blind1", "next: blindend")
    STOP("blindend")
    STEP "loop, type: while, condition: NOT __ok__, rounds: 5, on_true: in,"
         " next: sw}\n"
    STEP "in, type: if, condition: __n__ = 7, on_true: later2,"
         " on_false: never, next: q}\n"
    SCAN("later2", "next: inend")
    STOP("inend")
    SCAN("never", "next: neverend")
    STOP("neverend")
    TELL("q", "answer: __ok__, next: loopend")
    STOP("loopend")
    STEP "sw, type: switch, subject: __kind__, cases: {a: swa, default: swd},"
         " next: bad1}\n"
    SCAN("swa", "delay: 20m, next: swaend")
    STOP("swaend")
    SCAN("swd", "next: swdend")
    STOP("swdend")
    SCAN("bad1", "on_success: call, on_failure: mend")
    SCAN("mend", "next: bad2")
    SCAN("bad2", "next: call")
    STEP "call, type: playbook, playbook: other, next: slow}\n"
    TELL("slow", "timeout: 1h, next: say, on_failure: say")
    TELL("say", "modality: consider, evidence: [decision], next: blind2")
    SCAN("blind2", "next: gone1")
    SCAN("gone1", "next: fin")
    STOP("fin")
    TELL("byhand", "next: deep")
    STEP "deep, type: if, condition: NOT __restored__, on_true: worse,"
         " next: byend}\n"
    SCAN("worse", "next: deepend")
    STOP("deepend")
    STOP("byend");
static const char called[] =
    STEP "begin, type: start, next: inner}\n"
    TELL("inner", "next: scan")
    SCAN("scan", "next: later3")
    SCAN("later3", "next: fin")
    STOP("fin");
/* clang-format on */

struct late {
    uint8_t key[HB_ACT_KEY_SIZE];
    bool due;
};

struct child {
    const char *dir;
    struct hb_state s;
    struct hb_play *p;
    int64_t incident, people[2], now;
    struct late late[8];
    bool again; /* something was answered in this round */
};

static char root[64];
static struct hb_casebook *book;

/* ---- the world: a file with a line for every action that was done ---- */

static bool in_world(struct child *c, const char *what, bool by_key)
{
    char path[256];
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text;
    bool found = false;

    (void)snprintf(path, sizeof(path), "%s/world", c->dir);
    if (hb_file_read(a, path, 1 << 20, &text) == 0 && text.n > 0) {
        const char *z = hb_arena_printf(a,
                                        by_key                      ? "\n%s "
                                        : strchr(what, ' ') != NULL ? "\n%s\n"
                                                                    : " %s\n",
                                        what);
        const char *all = hb_arena_printf(a, "\n%.*s", (int)text.n, text.p);

        found = strstr(all, z) != NULL;
    }
    hb_arena_free(a);
    return found;
}

static void to_world(struct child *c, const char *hex, const char *place)
{
    char path[256], line[256];
    int fd, n = snprintf(line, sizeof(line), "%s %s\n", hex, place);

    (void)snprintf(path, sizeof(path), "%s/world", c->dir);
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line, (size_t)n) != n || fsync(fd) < 0)
        _exit(3);
    (void)close(fd);
}

static bool begins(const char *z, const char *with)
{
    return strncmp(z, with, strlen(with)) == 0;
}

/* The helper of the first key breaks off at every try, whoever asks; the
 * second one, after a person has looked, lives. */
static bool given_up(struct child *c, const char *hex)
{
    char first[80];

    (void)snprintf(first, sizeof(first), "%s given-up", hex);
    if (!in_world(c, "given-up", false))
        to_world(c, hex, "given-up");
    return in_world(c, first, false);
}

static int act(void *arg, const struct hb_play_act *a)
{
    struct child *c = arg;
    const char *id = a->step->id;
    char hex[2 * HB_ACT_KEY_SIZE + 1];
    bool done;

    hb_hex(a->key, HB_ACT_KEY_SIZE, hex);
    done = in_world(c, hex, true);
    if (begins(id, "gone") && given_up(c, hex))
        return hb_play_answer(c->p, a->key, HB_PLAY_UNKNOWN, "{}", "gone");
    if (begins(id, "worse") && !in_world(c, "restarted", false))
        return hb_play_answer(c->p, a->key, HB_PLAY_FAILED, "{}", "worse");
    if (begins(id, "bad"))
        return hb_play_answer(c->p, a->key, HB_PLAY_FAILED, "{}", "bad");
    if (begins(id, "blind") && a->again)
        return hb_play_answer(c->p, a->key, HB_PLAY_UNKNOWN, "{}", "");
    if (begins(id, "ask") && a->approval == 0)
        return hb_play_answer(c->p, a->key, HB_PLAY_ASK, "{}", "policy");
    /* The engine must know when it may have been here before. */
    if (done && !a->again)
        to_world(c, hex, "asked-blindly");
    if (!done) {
        to_world(c, hex, a->place);
        hb_fault_crash();
    }
    if (begins(id, "later")) {
        for (size_t i = 0; i < HB_ARRAY_LEN(c->late); i++)
            if (!c->late[i].due) {
                memcpy(c->late[i].key, a->key, HB_ACT_KEY_SIZE);
                c->late[i].due = true;
                return 0;
            }
        _exit(4);
    }
    return hb_play_answer(c->p, a->key, HB_PLAY_DONE,
                          begins(id, "look") ? "{\"__kind__\":\"a\"}" : "{}",
                          "ok");
}

static int64_t clock_now(void *arg)
{
    return ((struct child *)arg)->now;
}

/* ---- the people ---- */

struct queue {
    struct {
        int64_t id;
        char step[128];
    } t[32];
    size_t n;
};

static int take(void *arg, const struct hb_task *t)
{
    struct queue *q = arg;

    if (q->n == HB_ARRAY_LEN(q->t))
        return -E2BIG;
    q->t[q->n].id = t->id;
    (void)hb_copyz(q->t[q->n++].step, sizeof(q->t[0].step), t->step);
    return 0;
}

static void answer(struct child *c, int64_t id, const char *step)
{
    struct hb_err err = {0};
    const char *text = "did it";
    char place[128];
    bool done = true;
    int r;

    if (begins(step, "tell1"))
        text = "7";
    else if (begins(step, "q#"))
        done = begins(step, "q#3");
    else if (begins(step, "say"))
        done = false;
    else if (strchr(step, '?') != NULL) { /* a person looks and says */
        (void)hb_copyz(place, sizeof(place), step);
        *strchr(place, '?') = '\0';
        done = in_world(c, place, false);
    }
    r = hb_play_task_answer(c->p, id, c->people[0], done, text, &err);
    if (r == -EINPROGRESS || r == -EPERM)
        r = hb_play_task_answer(c->p, id, c->people[1], done, text, &err);
    if (r < 0 && r != -EALREADY) {
        (void)fprintf(stderr, "# %s: %d %s\n", step, r, err.message);
        _exit(5);
    }
    c->again = true;
}

static bool round_of_work(struct child *c)
{
    struct queue q = {0};

    c->again = false;
    if (hb_play_tick(c->p) < 0)
        _exit(6);
    for (size_t i = 0; i < HB_ARRAY_LEN(c->late); i++)
        if (c->late[i].due) {
            c->late[i].due = false;
            if (hb_play_answer(c->p, c->late[i].key, HB_PLAY_DONE, "{}", "ok") <
                0)
                _exit(7);
            c->again = true;
        }
    if (hb_task_each(&c->s, c->incident, true, take, &q) < 0)
        _exit(8);
    for (size_t i = 0; i < q.n; i++)
        if (!begins(q.t[i].step, "slow")) /* that one runs out of time */
            answer(c, q.t[i].id, q.t[i].step);
    return c->again;
}

/* Time passes only when nothing else is to do, and survives the crash. */
static void tick_clock(struct child *c)
{
    char path[256], text[32];

    c->now += 30 * 60 * (int64_t)HB_S;
    (void)snprintf(path, sizeof(path), "%s/clock", c->dir);
    (void)snprintf(text, sizeof(text), "%lld", (long long)c->now);
    if (hb_file_write(path, text, strlen(text), 0600) < 0)
        _exit(9);
}

static void read_clock(struct child *c)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text;
    char path[256];

    c->now = 1700000000 * (int64_t)HB_S;
    (void)snprintf(path, sizeof(path), "%s/clock", c->dir);
    if (hb_file_read(a, path, 64, &text) == 0 && text.n > 0)
        if (hb_parse_i64(text, &c->now) < 0)
            _exit(16);
    hb_arena_free(a);
}

static void find_people(struct child *c)
{
    static const char *const names[] = {"sato", "abe"};
    struct hb_arena *a = hb_arena_new(0);

    for (int i = 0; i < 2; i++) {
        struct hb_person p = {.name = names[i],
                              .full_name = names[i],
                              .uid = 1000 + i,
                              .roles = HB_PR_OFFICER | HB_PR_ADMIN};

        if (hb_person_by_name(&c->s, a, names[i], &p) == 0)
            c->people[i] = p.id;
        else if (put_person(&c->s, &p, &c->people[i]) < 0)
            _exit(10);
    }
    hb_arena_free(a);
}

/* The officer, who sees that it failed; once as good as ever. */
static void run_again(struct child *c)
{
    struct hb_person by = {.full_name = "Sato"};
    struct hb_err err = {0};

    if (!in_world(c, "restarted", false))
        to_world(c, "-", "restarted");
    hb_fault_crash();
    if (hb_play_restart(c->p, c->incident, NULL, &by, &err) < 0)
        _exit(17);
}

/* Works to the end, or dies at the N-th boundary.  Returns how many there
 * were (as the exit could not). */
static unsigned work(const char *dir, unsigned n)
{
    struct child c = {.dir = dir};
    const struct hb_play_port port = {.arg = &c, .act = act, .now = clock_now};
    struct hb_err err = {0};
    unsigned left;

    if (hb_state_open(dir, book, &c.s, &err) < 0 ||
        hb_play_new(&c.s, &port, &c.p) < 0)
        _exit(11);
    read_clock(&c);
    find_people(&c);
    if (hb_incident_find_open(&c.s, "case:2/site:www", &c.incident) < 0 &&
        hb_incident_open(&c.s, 2, "www", "test", "", &c.incident) < 0)
        _exit(12);
    hb_fault_set(HB_FAULT_CRASH, n);
    if (hb_play_begin(c.p, c.incident) < 0)
        _exit(13);
    for (int round = 0;; round++) {
        struct hb_arena *a = hb_arena_new(0);
        enum hb_play_state st;
        const char *why;

        if (round == 300)
            _exit(14);
        if (hb_play_run(c.p, a, c.incident, &st, &why) < 0)
            _exit(15);
        hb_arena_free(a);
        if (st == HB_PLAY_FAILED_STEP) {
            run_again(&c);
            continue;
        }
        if (st == HB_PLAY_ENDED)
            break;
        if (!round_of_work(&c))
            tick_clock(&c);
    }
    left = hb_fault_left(HB_FAULT_CRASH);
    hb_fault_set(HB_FAULT_CRASH, 0);
    hb_play_free(c.p);
    hb_state_close(&c.s);
    return n - left;
}

/* In a child; -1 it was killed, else the boundaries it passed. */
static int in_child(const char *dir, unsigned n)
{
    int fds[2], st;
    unsigned count = 0;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0)
        return -2;
    if (pid == 0) {
        count = work(dir, n);
        _exit(write(fds[1], &count, sizeof(count)) == sizeof(count) ? 0 : 2);
    }
    (void)close(fds[1]);
    if (read(fds[0], &count, sizeof(count)) < 0)
        count = 0;
    (void)close(fds[0]);
    if (waitpid(pid, &st, 0) != pid)
        return -2;
    if (WIFSIGNALED(st))
        return WTERMSIG(st) == SIGKILL ? -1 : -2;
    if (WEXITSTATUS(st) != 0) {
        (void)printf("# child ended with %d\n", WEXITSTATUS(st));
        return -2;
    }
    return (int)count;
}

/* ---- what it came to ---- */

static void rows(struct hb_db *db, struct hb_buf *out, const char *sql)
{
    struct hb_stmt *q;

    hb_buf_addf(out, "-- %s\n", sql);
    if (hb_db_stmt(db, sql, &q) < 0) {
        hb_buf_addz(out, "refused\n");
        return;
    }
    while (hb_stmt_step(q) == 1)
        hb_buf_addf(out, "%s\n", hb_stmt_col_text(q, 0));
    hb_stmt_reset(q);
}

static int by_name(const void *a, const void *b);
static void add_done(struct hb_buf *out, struct hb_arena *a, const char *world);

/* Everything that must not depend on where the process died.  Questions
 * about blind actions ("?") are asked only because it died. */
static void summary(const char *dir, struct hb_buf *out)
{
    struct hb_state s;
    struct hb_err err = {0};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice world = {"", 0};
    char path[256];

    if (hb_state_open(dir, book, &s, &err) < 0) {
        hb_buf_addz(out, "the store is damaged\n");
        return;
    }
    rows(s.db, out,
         "SELECT place || ' ' || state || ' ' || way || ' ' || arm || ' ' ||"
         " CASE WHEN step LIKE 'blind%' THEN '' ELSE result END FROM run_step"
         " ORDER BY place");
    rows(s.db, out,
         "SELECT name || '=' || value FROM run_variable"
         " ORDER BY name");
    rows(s.db, out,
         "SELECT step || ' ' || state || ' ' || answer || ' ' || done_by ||"
         " ' ' || second_by FROM task WHERE step NOT LIKE '%?%'"
         " ORDER BY step");
    rows(s.db, out, "SELECT state || ' ' || (finished > 0) FROM run");
    rows(s.db, out,
         "SELECT kind || ' ' || count(*) || ' ' || args FROM (SELECT kind,"
         " CASE WHEN kind LIKE 'task.%' THEN substr(args, instr(args,"
         " 'title')) ELSE args END AS args FROM timeline"
         " WHERE args NOT LIKE '%blind%' AND kind <> 'incident.note')"
         " WHERE kind <> 'incident.opened' GROUP BY kind, args ORDER BY 1");
    hb_state_close(&s);
    (void)snprintf(path, sizeof(path), "%s/world", dir);
    if (hb_file_read(a, path, 1 << 20, &world) < 0)
        hb_buf_addz(out, "no world\n");
    add_done(out, a, world.p);
    hb_arena_free(a);
}

/* Places by name, each as often as it was done. */
static void add_done(struct hb_buf *out, struct hb_arena *a, const char *world)
{
    char *lines[128];
    size_t n = 0;

    for (const char *p = world; *p != '\0' && n < HB_ARRAY_LEN(lines);) {
        size_t len = strcspn(p, "\n"), key = strcspn(p, " ");

        lines[n++] = hb_arena_dup(a, p + key, len - key);
        p += len + 1;
    }
    qsort(lines, n, sizeof(lines[0]), by_name);
    for (size_t i = 0; i < n; i++)
        hb_buf_addf(out, "done%s\n", lines[i]);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void fresh(char *dir, size_t size, unsigned n)
{
    (void)snprintf(dir, size, "%s/%u", root, n);
    assert_int_equal(hb_mkdirs(dir, 0700), 0);
}

/* Dies at A, then at B (0: not again), then comes to the end. */
static bool survives(unsigned a, unsigned b, const struct hb_buf *expect)
{
    struct hb_buf got = HB_BUF_INIT;
    char dir[128];
    bool ok;
    int r;

    fresh(dir, sizeof(dir), a);
    r = in_child(dir, a);
    if (r == -1 && b > 0)
        r = in_child(dir, b);
    if (r == -1)
        r = in_child(dir, 0);
    ok = r >= 0;
    if (ok) {
        summary(dir, &got);
        ok = got.n == expect->n && memcmp(got.p, expect->p, got.n) == 0;
    }
    if (!ok)
        (void)printf("# killed at %u and %u (%d); came to:\n%s\n# and not:\n"
                     "%s\n",
                     a, b, r, hb_buf_z(&got), hb_buf_z(expect));
    hb_buf_done(&got);
    assert_int_equal(hb_rmtree(AT_FDCWD, dir), 0);
    return ok;
}

static uint64_t seed;

static unsigned pick(unsigned most) /* 1..MOST; splitmix64 */
{
    uint64_t z = (seed += 0x9e3779b97f4a7c15ull);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return 1 + (unsigned)((z ^ (z >> 31)) % most);
}

static uint64_t number_env(const char *name, uint64_t dflt)
{
    const char *z = getenv(name);
    uint64_t n;

    return z != NULL && hb_parse_u64(hb_slice_z(z), &n) == 0 ? n : dflt;
}

static void setup_book(struct folder *f)
{
    struct world w = {0};

    folder_open(&w.f);
    world_second(&w, called);
    world_book(&w, steps);
    book = w.book;
    *f = w.f;
}

int main(void)
{
    struct hb_buf expect = HB_BUF_INIT, got = HB_BUF_INIT;
    bool same;
    uint64_t want = number_env("HB_KILL_POINTS", 100);
    unsigned bad = 0, tried = 0;
    struct folder f;
    char dir[128];
    int all, r;

    seed = number_env("HB_SEED", 20261122);
    setup_book(&f);
    (void)hb_copyz(root, sizeof(root),
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm/hb-kill-XXXXXX"
                                                 : "/tmp/hb-kill-XXXXXX");
    assert_non_null(mkdtemp(root));
    fresh(dir, sizeof(dir), 0);
    all = in_child(dir, 1000000);
    summary(dir, &expect);
    if (getenv("HB_VERBOSE") != NULL)
        (void)printf("%s", hb_buf_z(&expect));
    (void)printf("1..4\n%s 1 - an undisturbed run ends (%d boundaries)\n",
                 all > 100 ? "ok" : "not ok", all);
    (void)printf("%s 2 - and does each of its actions once\n",
                 strstr(hb_buf_z(&expect), "done blind2") != NULL &&
                         strstr(hb_buf_z(&expect), "asked-blindly") == NULL &&
                         strstr(hb_buf_z(&expect), "step.restarted 1 ") !=
                             NULL &&
                         strstr(hb_buf_z(&expect), "\ndone gone1\n") != NULL
                     ? "ok"
                     : "not ok");
    for (int i = 1; all > 0 && i <= all; i++) {
        /* WANT of ALL, each set of them as likely as any other. */
        if (tried >= want || pick((unsigned)(all - i + 1)) > want - tried)
            continue;
        tried++;
        bad += !survives((unsigned)i, pick((unsigned)all), &expect);
        if (bad > 3)
            break;
    }
    (void)printf("%s 3 - killed at %u boundaries and again, it ends as if "
                 "nothing had been\n",
                 bad == 0 && tried > 0 ? "ok" : "not ok", tried);
    /* At every single boundary of a recovery too: always the next one. */
    fresh(dir, sizeof(dir), 1);
    for (r = -1, tried = 0; r == -1 && tried < 2000; tried++)
        r = in_child(dir, 6);
    summary(dir, &got);
    same = r >= 0 && got.n == expect.n && memcmp(got.p, expect.p, got.n) == 0;
    (void)printf("%s 4 - killed %u times, at each sixth boundary, it ends as "
                 "if nothing had been\n",
                 same ? "ok" : "not ok", tried - 1);
    hb_buf_done(&got);
    hb_buf_done(&expect);
    hb_casebook_free(book);
    folder_close(&f);
    assert_int_equal(hb_rmtree(AT_FDCWD, root), 0);
    return bad == 0 && all > 100 && same ? 0 : 1;
}
