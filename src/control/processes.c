/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processes.c - what runs as a user that runs what visitors send.
 *
 * Runs in check.  A program calls itself what it likes and may start many
 * others: the same words are told once, with their number and the start that
 * lies nearest to a change; the nearest are told, the rest is counted.
 */
#include "control/collect.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/proc.h"

#define TOLD      10u
#define USERS     64u
#define KEPT      512u /* of different words */
#define CMD_BYTES (64u << 10)
#define CMD_SHOWN 200u

struct program {
    const char *user, *words;
    uint64_t pid;
    int64_t since, rank;
    unsigned count;
};

struct programs {
    const struct hb_around *around;
    const char *users[USERS];
    uint32_t uids[USERS];
    size_t users_n;
    int64_t boot; /* ns UTC; 0: not known */
    struct program *v;
    size_t n, left;
    bool others; /* a process of somebody else was seen */
};

static void one(struct programs *p, const char *name, const struct stat *st);
static const char *user_of(const struct programs *p, uint32_t uid);
static const char *words_of(const struct hb_machine *m, uint64_t pid);
static int64_t since(const struct programs *p, uint64_t pid);
static int64_t boot_time(const struct hb_machine *m);
static void add(struct programs *p, const struct program *one);
static int by_rank(const void *a, const void *b);
static void tell(struct programs *p);

bool hb_collect_processes(const struct hb_around *around)
{
    const struct hb_machine *m = around->machine;
    const char *proc = hb_machine_path(m, "/proc");
    struct programs p = {.around = around,
                         .boot = boot_time(m),
                         .v = HB_NEW_N(m->arena, struct program, KEPT)};
    struct hb_accounts a;
    bool more = false;
    struct dirent *e;
    DIR *d;

    if (proc == NULL || p.v == NULL || hb_accounts_read(m, &a) < 0)
        return false;
    p.users_n = hb_web_users(m, &a, p.users, USERS, &more);
    for (size_t i = 0; i < p.users_n; i++)
        p.uids[i] = hb_account_find(&a, p.users[i])->uid;
    d = opendir(proc);
    if (d == NULL)
        return false;
    while ((e = readdir(d)) != NULL) {
        struct stat st;

        if (fstatat(dirfd(d), e->d_name, &st, 0) == 0)
            one(&p, e->d_name, &st);
    }
    (void)closedir(d);
    tell(&p);
    return p.others;
}

static void one(struct programs *p, const char *name, const struct stat *st)
{
    struct program it = {.count = 1};

    if (hb_parse_u64(hb_slice_z(name), &it.pid) < 0)
        return;
    p->others = p->others || st->st_uid != geteuid();
    it.user = user_of(p, st->st_uid);
    if (it.user == NULL)
        return;
    it.words = words_of(p->around->machine, it.pid);
    if (it.words == NULL)
        return;
    it.since = since(p, it.pid);
    it.rank = it.since == 0 ? INT64_MAX : hb_around_far(p->around, it.since);
    add(p, &it);
}

static const char *user_of(const struct programs *p, uint32_t uid)
{
    for (size_t i = 0; i < p->users_n; i++)
        if (p->uids[i] == uid)
            return p->users[i];
    return NULL;
}

/* Its command line, or its name; NULL where it has gone. */
static const char *words_of(const struct hb_machine *m, uint64_t pid)
{
    static const char *const files[] = {"cmdline", "comm"};
    char path[64];

    for (size_t k = 0; k < HB_ARRAY_LEN(files); k++) {
        struct hb_slice text;
        char *z;

        (void)snprintf(path, sizeof(path), "/proc/%llu/%s",
                       (unsigned long long)pid, files[k]);
        if (hb_machine_read(m, path, CMD_BYTES, &text) < 0)
            continue;
        while (text.n > 0 &&
               (text.p[text.n - 1] == '\0' || text.p[text.n - 1] == ' ' ||
                text.p[text.n - 1] == '\n'))
            text.n--;
        z = text.n == 0
                ? NULL
                : hb_arena_dup(m->arena, text.p, HB_MIN(text.n, CMD_SHOWN));
        for (size_t i = 0; z != NULL && i < HB_MIN(text.n, CMD_SHOWN); i++)
            if (z[i] == '\0')
                z[i] = ' ';
        if (z != NULL)
            return z;
    }
    return NULL;
}

/* When PID was started, ns UTC; 0: not known. */
static int64_t since(const struct programs *p, uint64_t pid)
{
    long ticks = sysconf(_SC_CLK_TCK);
    struct hb_slice text;
    char path[64];
    uint64_t v;

    (void)snprintf(path, sizeof(path), "/proc/%llu/stat",
                   (unsigned long long)pid);
    if (p->boot == 0 || ticks <= 0 ||
        hb_machine_read(p->around->machine, path, 4096, &text) < 0 ||
        hb_proc_stat_start(text, &v) < 0 || v > UINT64_MAX / HB_S)
        return 0;
    return p->boot + (int64_t)(v * HB_S / (uint64_t)ticks);
}

static int64_t boot_time(const struct hb_machine *m)
{
    struct hb_slice text, line;
    uint64_t v;

    if (hb_machine_read(m, "/proc/stat", 8u << 20, &text) < 0)
        return 0;
    while (hb_next_line(&text, &line))
        if (hb_slice_is(hb_next_word(&line), "btime") &&
            hb_parse_u64(hb_next_word(&line), &v) == 0 && v < UINT32_MAX)
            return (int64_t)v * (int64_t)HB_S;
    return 0;
}

static void add(struct programs *p, const struct program *it)
{
    struct program *worst = NULL;

    for (size_t i = 0; i < p->n; i++) {
        struct program *v = &p->v[i];

        if (hb_streq(v->user, it->user) && hb_streq(v->words, it->words)) {
            unsigned count = v->count + 1;

            if (it->rank < v->rank)
                *v = *it;
            v->count = count;
            return;
        }
        if (worst == NULL || v->rank > worst->rank)
            worst = v;
    }
    if (p->n < KEPT) {
        p->v[p->n++] = *it;
        return;
    }
    if (worst != NULL && it->rank < worst->rank) {
        p->left += worst->count;
        *worst = *it;
    } else {
        p->left++;
    }
}

static int by_rank(const void *a, const void *b)
{
    const struct program *x = a, *y = b;

    return (x->rank > y->rank) - (x->rank < y->rank);
}

static void tell(struct programs *p)
{
    const struct hb_around *a = p->around;

    if (p->n > 0)
        qsort(p->v, p->n, sizeof(*p->v), by_rank);
    for (size_t i = 0; i < p->n; i++) {
        const struct program *v = &p->v[i];
        struct hb_json *args;

        if (i >= TOLD) {
            p->left += v->count;
            continue;
        }
        args = hb_moment_new(a->out, a->machine->now, "cause.running");
        hb_moment_arg(a->out, args, "since", "%s",
                      v->since == 0 ? "?" : hb_around_time(a, v->since));
        if (v->count == 1)
            hb_moment_arg(a->out, args, "detail", "pid %llu, %s: %s",
                          (unsigned long long)v->pid, v->user, v->words);
        else
            hb_moment_arg(a->out, args, "detail", "pid %llu, %s: %s (x%u)",
                          (unsigned long long)v->pid, v->user, v->words,
                          v->count);
    }
    if (p->left > 0) {
        struct hb_json *args =
            hb_moment_new(a->out, a->machine->now, "process.left");

        (void)hb_json_add_int(a->machine->arena, args, "count",
                              (int64_t)p->left);
    }
}
