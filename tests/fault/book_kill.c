/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book_kill.c - kill -9 at the step boundaries of every playbook of the real
 * case book.
 *
 * For each case that has a playbook an incident is worked through to its end
 * (book_work.h): once with everything agreed to, once with everything
 * declined and every action failing.  Then a child does the same again, dies
 * by SIGKILL at its n-th boundary (base/fault.h), a second one dies somewhere
 * in the recovery, a third one comes to the end.  Store, evidence and journal
 * must stand as if nothing had been: no person is asked twice or never, no
 * action is done twice, no fact is recorded twice.
 *
 * HB_KILL_POINTS (100): about so many boundaries, as many in each run and at
 * least one; HB_SEED: another choice.  `./dev test full` (HB_FULL): every
 * boundary of every run, with as many further mixtures of yes and no as it
 * takes to reach the steps that neither yes nor no alone leads to.  There the
 * first child is killed only now and then; else it is held at its boundary,
 * what it has on disk is copied, and it goes on to the next one (book_lead.h).
 * Prints TAP.
 */
#include "book_lead.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/num.h"

#define RUNS_MAX     256u
#define WORKERS      2u
#define MIXTURES_MAX 60u /* tried for each case */
#define NEVER        1000000u
#define KILLED_EVERY 50u /* point of the full mode, instead of copied */

struct run { /* one case, one way of answering */
    struct book_script script;
    struct hb_buf expect;
    unsigned all; /* boundaries */
};

struct steps {
    unsigned seen, all;
};

struct shared { /* with the children */
    unsigned char seen[BOOK_PLAYBOOKS][BOOK_STEPS];
    struct {
        unsigned tried, bad;
    } of[RUNS_MAX][WORKERS];
};

static struct hb_casebook *load(void);
static unsigned add_runs(const struct hb_case *c);
static bool add_run(const struct hb_case *c, unsigned way);
static struct steps reached(const struct hb_playbook *pb);
static unsigned name_unreached(void);
static bool is_undo(const struct hb_playbook *pb, const struct hb_step *s);
static int in_child(const struct run *r, const char *dir, unsigned n);
static void work_off(unsigned worker);
static void kill_run(unsigned i, unsigned worker, uint64_t seed);
static bool lead(struct book_lead *l, const struct run *r, unsigned worker);
static bool survives(const struct run *r, struct book_lead *l, unsigned worker,
                     unsigned a, unsigned b);
static bool die_first(const struct run *r, struct book_lead *l, unsigned worker,
                      const char *dir, unsigned a);
static void lead_dir(unsigned worker, char *dir, size_t size);
static void tell(const struct run *r, const struct hb_buf *got);
static unsigned report(const struct hb_case *c, unsigned number);
static unsigned pick(uint64_t *seed, unsigned most);
static uint64_t number_env(const char *name, uint64_t dflt);

static char root[64];
static struct hb_casebook *book;
static struct shared *shared;
static struct run runs[RUNS_MAX];
static unsigned runs_n;
static bool full;
static uint64_t want;

int main(void)
{
    unsigned cases = 0, wrong = 0, points = 0, missed = 0;
    pid_t pids[WORKERS];
    int st;

    full = getenv("HB_FULL") != NULL && getenv("HB_FULL")[0] != '\0';
    want = number_env("HB_KILL_POINTS", full ? UINT32_MAX : 100);
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)hb_copyz(root, sizeof(root),
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm/hb-book-XXXXXX"
                                                 : "/tmp/hb-book-XXXXXX");
    book = load();
    if (book == NULL || shared == MAP_FAILED || mkdtemp(root) == NULL)
        return 1;
    for (size_t i = 0; i < book->n; i++)
        wrong += add_runs(&book->cases[i]);
    (void)fflush(stdout);
    for (unsigned i = 0; i < WORKERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            work_off(i);
            (void)fflush(stdout);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < WORKERS; i++)
        wrong += pids[i] < 0 || waitpid(pids[i], &st, 0) != pids[i] || st != 0;
    for (size_t i = 0; i < book->n; i++)
        if (book->cases[i].playbook != NULL)
            points += report(&book->cases[i], ++cases);
    if (full)
        missed = name_unreached();
    (void)printf("%s %u - all runs end, and are as they may be\n",
                 wrong == 0 ? "ok" : "not ok", cases + 1);
    (void)printf("%s %u - %u points in %u runs of %u cases\n",
                 points >= HB_MIN(want, full ? 1000u : runs_n) && missed == 0
                     ? "ok"
                     : "not ok",
                 cases + 2, points, runs_n, cases);
    (void)printf("1..%u\n", cases + 2);
    for (unsigned i = 0; i < runs_n; i++)
        hb_buf_done(&runs[i].expect);
    hb_casebook_free(book);
    (void)munmap(shared, sizeof(*shared));
    return hb_rmtree(AT_FDCWD, root) < 0;
}

static struct hb_casebook *load(void)
{
    const char *source = getenv("HB_SOURCE_ROOT");
    struct hb_casebook *b = NULL;
    struct hb_err err = {0};
    char path[HB_MAX_PATH], text[1024];

    (void)snprintf(path, sizeof(path), "%s/casebook",
                   source != NULL ? source : ".");
    if (hb_casebook_load(path, &b, &err) == 0)
        return b;
    hb_err_format(&err, text, sizeof(text));
    (void)printf("1..1\nnot ok 1 - the case book: %s\n", text);
    return NULL;
}

/* ---- runs that nobody disturbs ---- */

/* How many of them did not come to their end. */
static unsigned add_runs(const struct hb_case *c)
{
    unsigned wrong = 0;

    if (c->playbook == NULL)
        return 0;
    for (unsigned way = BOOK_YES; way < BOOK_MIXED; way++)
        wrong += !add_run(c, way);
    for (unsigned i = 0; full && i < MIXTURES_MAX; i++) {
        struct steps before = reached(c->playbook);

        if (before.seen == before.all)
            break;
        wrong += !add_run(c, BOOK_MIXED + i);
        if (reached(c->playbook).seen == before.seen) /* it adds nothing */
            hb_buf_done(&runs[--runs_n].expect);
    }
    return wrong;
}

static bool add_run(const struct hb_case *c, unsigned way)
{
    struct run *r = &runs[runs_n];
    char dir[128];
    unsigned wrong;
    int n;

    if (runs_n == RUNS_MAX)
        return false;
    *r = (struct run){
        .script = {.book = book, .kase = c, .way = way, .seen = shared->seen}};
    hb_buf_init(&r->expect, 0);
    (void)snprintf(dir, sizeof(dir), "%s/whole", root);
    if (hb_mkdirs(dir, 0700) < 0)
        return false;
    n = in_child(r, dir, NEVER);
    wrong = book_summary(&r->script, dir, &r->expect);
    if (getenv("HB_VERBOSE") != NULL || wrong > 0)
        (void)printf("# case %u, way %u:\n%s", c->number, way,
                     hb_buf_z(&r->expect));
    r->script.seen = NULL;
    r->all = n > 0 ? (unsigned)n : 0;
    runs_n++;
    return hb_rmtree(AT_FDCWD, dir) == 0 && n > 0 && wrong == 0;
}

/* Steps of a playbook and of those that it calls, undo steps left out, that
 * runs reached; what is called twice counts twice. */
static struct steps reached(const struct hb_playbook *pb)
{
    struct steps n = {0}, in;
    size_t i = 0;

    while (i < book->playbooks_n && book->playbooks[i] != pb)
        i++;
    for (size_t k = 0; k < pb->steps_n; k++) {
        const struct hb_step *s = &pb->steps[k];

        if (is_undo(pb, s))
            continue;
        n.all++;
        n.seen +=
            i < BOOK_PLAYBOOKS && k < BOOK_STEPS && shared->seen[i][k] != 0;
        if (s->type != HB_STEP_PLAYBOOK)
            continue;
        in = reached(s->playbook);
        n.all += in.all;
        n.seen += in.seen;
    }
    return n;
}

/* How many steps no run came to. */
static unsigned name_unreached(void)
{
    unsigned n = 0;

    for (size_t i = 0; i < book->playbooks_n && i < BOOK_PLAYBOOKS; i++)
        for (size_t k = 0; k < book->playbooks[i]->steps_n; k++) {
            const struct hb_playbook *pb = book->playbooks[i];

            if (!is_undo(pb, &pb->steps[k]) &&
                (k >= BOOK_STEPS || shared->seen[i][k] == 0)) {
                n++;
                (void)printf("# never reached: %s/%s\n", pb->id,
                             pb->steps[k].id);
            }
        }
    return n;
}

static bool is_undo(const struct hb_playbook *pb, const struct hb_step *s)
{
    for (size_t i = 0; i < pb->steps_n; i++)
        if (pb->steps[i].undo == s)
            return true;
    return false;
}

/* -1 it was killed, -2 something else went wrong, else the boundaries it
 * passed. */
static int in_child(const struct run *r, const char *dir, unsigned n)
{
    unsigned count = 0;
    int fds[2], st;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -2;
    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        count = book_work(&r->script, dir, n);
        _exit(write(fds[1], &count, sizeof(count)) == sizeof(count) ? 0 : 2);
    }
    (void)close(fds[1]);
    if (pid > 0 && read(fds[0], &count, sizeof(count)) < 0)
        count = 0;
    (void)close(fds[0]);
    if (pid < 0 || waitpid(pid, &st, 0) != pid)
        return -2;
    if (WIFSIGNALED(st))
        return WTERMSIG(st) == SIGKILL ? -1 : -2;
    return WEXITSTATUS(st) == 0 ? (int)count : -2;
}

/* ---- runs that die ---- */

static void work_off(unsigned worker)
{
    uint64_t seed = number_env("HB_SEED", 20261130);

    for (unsigned i = 0; i < runs_n; i++)
        kill_run(i, worker, seed + i);
}

/* WANT points, as many in each run, spread over the whole of it. */
static void kill_run(unsigned i, unsigned worker, uint64_t seed)
{
    const struct run *r = &runs[i];
    uint64_t share = HB_MIN(HB_MAX(want / runs_n, 1ull), 1ull * r->all);
    struct book_lead l;
    bool leads = full && lead(&l, r, worker);

    shared->of[i][worker].bad += full && !leads;
    for (uint64_t k = 0; k < share && shared->of[i][worker].bad < 3; k++) {
        unsigned from = (unsigned)(k * r->all / share),
                 to = (unsigned)((k + 1) * r->all / share);
        unsigned a = from + pick(&seed, to - from), b = pick(&seed, r->all);
        bool copied = leads && k / WORKERS % KILLED_EVERY != 0;

        if (k % WORKERS != worker)
            continue;
        shared->of[i][worker].tried++;
        shared->of[i][worker].bad +=
            !survives(r, copied ? &l : NULL, worker, a, b);
    }
    if (leads)
        book_lead_end(&l);
}

static void lead_dir(unsigned worker, char *dir, size_t size)
{
    (void)snprintf(dir, size, "%s/lead%u", root, worker);
}

/* Its directory is empty, whatever the last one left. */
static bool lead(struct book_lead *l, const struct run *r, unsigned worker)
{
    char dir[128];
    int gone;

    lead_dir(worker, dir, sizeof(dir));
    gone = hb_rmtree(AT_FDCWD, dir);
    return (gone == 0 || gone == -ENOENT) && hb_mkdirs(dir, 0700) == 0 &&
           book_lead_start(l, &r->script, dir) == 0;
}

/* Dies at A, then at B of the recovery where it gets so far, then comes to
 * the end. */
static bool survives(const struct run *r, struct book_lead *l, unsigned worker,
                     unsigned a, unsigned b)
{
    struct hb_buf got = HB_BUF_INIT;
    char dir[128];
    int end = -2;
    bool ok;

    (void)snprintf(dir, sizeof(dir), "%s/%u", root, worker);
    ok = die_first(r, l, worker, dir, a);
    if (ok)
        end = in_child(r, dir, b);
    if (end == -1)
        end = in_child(r, dir, 0);
    ok = ok && end >= 0 && book_summary(&r->script, dir, &got) == 0 &&
         got.n == r->expect.n && memcmp(got.p, r->expect.p, got.n) == 0;
    if (!ok) {
        (void)printf("# case %u, way %u, killed at %u and %u (%d):\n",
                     r->script.kase->number, r->script.way, a, b, end);
        tell(r, &got);
    }
    hb_buf_done(&got);
    return hb_rmtree(AT_FDCWD, dir) == 0 && ok;
}

/* In DIR stands what a run leaves that dies at A; false where there is no
 * such boundary. */
static bool die_first(const struct run *r, struct book_lead *l, unsigned worker,
                      const char *dir, unsigned a)
{
    char from[128];

    if (l == NULL)
        return hb_mkdirs(dir, 0700) == 0 && in_child(r, dir, a) == -1;
    lead_dir(worker, from, sizeof(from));
    return book_lead_to(l, a) && book_copy(from, dir) == 0;
}

/* Lines that stand in one of them only, about the first of them. */
static void tell(const struct run *r, const struct hb_buf *got)
{
    const char *a = hb_buf_z(&r->expect), *b = hb_buf_z(got);
    size_t at = 0;

    for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
        if (a[i] == '\n')
            at = i + 1;
    (void)printf("# not:    %.400s\n# but:    %.400s\n", a + at, b + at);
}

/* ---- what it came to ---- */

/* One line for the case; how many points it had. */
static unsigned report(const struct hb_case *c, unsigned number)
{
    unsigned all = 0, tried = 0, bad = 0, n = 0;

    for (unsigned i = 0; i < runs_n; i++) {
        if (runs[i].script.kase != c)
            continue;
        n++;
        all += runs[i].all;
        for (unsigned k = 0; k < WORKERS; k++) {
            tried += shared->of[i][k].tried;
            bad += shared->of[i][k].bad;
        }
    }
    (void)printf("%s %u - case %u: killed at %u of %u boundaries of %u runs, "
                 "%u of them not as if nothing had been\n",
                 tried > 0 && bad == 0 ? "ok" : "not ok", number, c->number,
                 tried, all, n, bad);
    return tried;
}

static unsigned pick(uint64_t *seed, unsigned most) /* 1..MOST; splitmix64 */
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15ull);

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
