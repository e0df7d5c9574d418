/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.c - the event loop of a role: epoll, a heap of timers, signalfd.
 *
 * Runs in every long-lived process, in one thread.  A callback may delete
 * any watch or timer, its own too: epoll reports carry a generation beside
 * the descriptor, so that a report for a watch deleted (or a descriptor
 * closed and given out again) in the same turn is dropped.
 */
#include <signal.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/loop.h"

#define LOOP_MAGIC    0x4c4f4f50u
#define EVENTS_A_TURN 64
#define FD_MAX        (1 << 20)

struct watch {
    hb_io_fn *fn; /* NULL: not watched */
    void *arg;
    uint32_t generation;
};

struct hb_timer {
    uint64_t due, period;
    hb_timer_fn *fn;
    void *arg;
};

struct hb_loop {
    uint32_t magic;
    int epoll;
    struct watch *watches; /* by descriptor */
    size_t nwatches;
    uint32_t generation;
    struct hb_timer **timers; /* heap, the next one first */
    size_t ntimers, timer_cap;
    struct hb_timer *running; /* its function is being called */
    bool running_stopped;
    bool stopped;
    int value;
    hb_timer_fn *on_hup;
    void *hup_arg;
};

static int watches_fit(struct hb_loop *l, int fd);
static struct watch *watch_of(struct hb_loop *l, int fd);
static int control(struct hb_loop *l, int op, int fd, uint32_t events,
                   uint32_t generation);
static int timers_fit(struct hb_loop *l);
static void heap_push(struct hb_loop *l, struct hb_timer *t);
static void heap_remove(struct hb_loop *l, size_t i);
static void sift_up(struct hb_loop *l, size_t i);
static void sift_down(struct hb_loop *l, size_t i);
static int until_next(const struct hb_loop *l, int timeout_ms);
static int fire_timers(struct hb_loop *l);
static void on_signal(void *arg, int fd, uint32_t events);

struct hb_loop *hb_loop_new(void)
{
    struct hb_loop *l;

    if (hb_fault(HB_FAULT_ALLOC))
        return NULL;
    l = calloc(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    l->magic = LOOP_MAGIC;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll < 0) {
        free(l);
        return NULL;
    }
    return l;
}

void hb_loop_free(struct hb_loop *l)
{
    if (l == NULL)
        return;
    HB_CHECK(l, LOOP_MAGIC);
    for (size_t i = 0; i < l->ntimers; i++)
        free(l->timers[i]);
    free(l->timers);
    free(l->watches);
    hb_close(&l->epoll);
    l->magic = 0;
    free(l);
}

int hb_loop_add(struct hb_loop *l, int fd, uint32_t epoll_events, hb_io_fn *fn,
                void *arg)
{
    int r;

    HB_CHECK(l, LOOP_MAGIC);
    if (fd < 0)
        return -EBADF;
    r = watches_fit(l, fd);
    if (r < 0)
        return r;
    if (l->watches[fd].fn != NULL)
        return -EEXIST;
    r = control(l, EPOLL_CTL_ADD, fd, epoll_events, ++l->generation);
    /* Closed before it was deleted, with a duplicate open elsewhere: the
     * kernel still holds the old entry. */
    if (r == -EEXIST)
        r = control(l, EPOLL_CTL_MOD, fd, epoll_events, l->generation);
    if (r < 0)
        return r;
    l->watches[fd] = (struct watch){fn, arg, l->generation};
    return 0;
}

int hb_loop_mod(struct hb_loop *l, int fd, uint32_t epoll_events)
{
    struct watch *w;

    HB_CHECK(l, LOOP_MAGIC);
    w = watch_of(l, fd);
    if (w == NULL)
        return -ENOENT;
    return control(l, EPOLL_CTL_MOD, fd, epoll_events, w->generation);
}

void hb_loop_del(struct hb_loop *l, int fd)
{
    struct watch *w;

    HB_CHECK(l, LOOP_MAGIC);
    w = watch_of(l, fd);
    if (w == NULL)
        return;
    *w = (struct watch){0};
    /* Fails where the caller has closed it: then the kernel forgot it, or
     * reports under a generation that nobody has. */
    (void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
}

struct hb_timer *hb_loop_timer(struct hb_loop *l, uint64_t delay_ns,
                               uint64_t period_ns, hb_timer_fn *fn, void *arg)
{
    struct hb_timer *t;

    HB_CHECK(l, LOOP_MAGIC);
    if (timers_fit(l) < 0 || hb_fault(HB_FAULT_ALLOC))
        return NULL;
    t = malloc(sizeof(*t));
    if (t == NULL)
        return NULL;
    *t = (struct hb_timer){.period = period_ns, .fn = fn, .arg = arg};
    if (__builtin_add_overflow(hb_mono(), delay_ns, &t->due))
        t->due = UINT64_MAX;
    heap_push(l, t);
    return t;
}

void hb_timer_stop(struct hb_loop *l, struct hb_timer *t)
{
    HB_CHECK(l, LOOP_MAGIC);
    if (t == NULL)
        return;
    if (t == l->running) {
        l->running_stopped = true;
        return;
    }
    /* Looked up, not trusted: a timer that has fired once is gone. */
    for (size_t i = 0; i < l->ntimers; i++) {
        if (l->timers[i] == t) {
            heap_remove(l, i);
            free(t);
            return;
        }
    }
}

int hb_loop_run(struct hb_loop *l, hb_timer_fn *on_hup, void *arg)
{
    sigset_t ours, before;
    int fd, r;

    HB_CHECK(l, LOOP_MAGIC);
    (void)sigemptyset(&ours);
    (void)sigaddset(&ours, SIGTERM);
    (void)sigaddset(&ours, SIGINT);
    (void)sigaddset(&ours, SIGHUP);
    r = pthread_sigmask(SIG_BLOCK, &ours, &before);
    if (r != 0)
        return -r;
    fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        r = -errno;
        goto out;
    }
    l->on_hup = on_hup;
    l->hup_arg = arg;
    r = hb_loop_add(l, fd, EPOLLIN, on_signal, l);
    while (r >= 0 && !l->stopped)
        r = hb_loop_turn(l, -1);
    hb_loop_del(l, fd);
    hb_close(&fd);
    if (r >= 0)
        r = l->value;
    l->stopped = false;
out:
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

void hb_loop_stop(struct hb_loop *l, int value)
{
    HB_CHECK(l, LOOP_MAGIC);
    l->stopped = true;
    l->value = value;
}

int hb_loop_turn(struct hb_loop *l, int timeout_ms)
{
    struct epoll_event events[EVENTS_A_TURN];
    int n, calls = 0;

    HB_CHECK(l, LOOP_MAGIC);
    n = epoll_wait(l->epoll, events, EVENTS_A_TURN, until_next(l, timeout_ms));
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < n; i++) {
        int fd = (int)(events[i].data.u64 & UINT32_MAX);
        uint32_t generation = (uint32_t)(events[i].data.u64 >> 32);
        const struct watch *w = watch_of(l, fd);

        if (w == NULL || w->generation != generation)
            continue;
        w->fn(w->arg, fd, events[i].events);
        calls++;
    }
    return calls + fire_timers(l);
}

static int watches_fit(struct hb_loop *l, int fd)
{
    struct watch *grown;
    size_t n = HB_MAX(l->nwatches, (size_t)16);

    if ((size_t)fd < l->nwatches)
        return 0;
    if (fd >= FD_MAX)
        return -EMFILE;
    while (n <= (size_t)fd)
        n *= 2;
    grown = hb_fault(HB_FAULT_ALLOC)
                ? NULL
                : reallocarray(l->watches, n, sizeof(*grown));
    if (grown == NULL)
        return -ENOMEM;
    memset(grown + l->nwatches, 0, (n - l->nwatches) * sizeof(*grown));
    l->watches = grown;
    l->nwatches = n;
    return 0;
}

static struct watch *watch_of(struct hb_loop *l, int fd)
{
    if (fd < 0 || (size_t)fd >= l->nwatches || l->watches[fd].fn == NULL)
        return NULL;
    return &l->watches[fd];
}

static int control(struct hb_loop *l, int op, int fd, uint32_t events,
                   uint32_t generation)
{
    struct epoll_event e = {
        .events = events,
        .data.u64 = (uint64_t)generation << 32 | (uint32_t)fd,
    };

    return epoll_ctl(l->epoll, op, fd, &e) < 0 ? -errno : 0;
}

/* Room for one more, and for the running one to come back. */
static int timers_fit(struct hb_loop *l)
{
    size_t cap = l->timer_cap != 0 ? l->timer_cap * 2 : 16;
    struct hb_timer **grown;

    if (l->ntimers + 2 <= l->timer_cap)
        return 0;
    grown = hb_fault(HB_FAULT_ALLOC)
                ? NULL
                : reallocarray(l->timers, cap, sizeof(struct hb_timer *));
    if (grown == NULL)
        return -ENOMEM;
    l->timers = grown;
    l->timer_cap = cap;
    return 0;
}

static void heap_push(struct hb_loop *l, struct hb_timer *t)
{
    l->timers[l->ntimers++] = t;
    sift_up(l, l->ntimers - 1);
}

static void heap_remove(struct hb_loop *l, size_t i)
{
    l->timers[i] = l->timers[--l->ntimers];
    if (i < l->ntimers) {
        sift_down(l, i);
        sift_up(l, i);
    }
}

static void sift_up(struct hb_loop *l, size_t i)
{
    while (i > 0 && l->timers[i]->due < l->timers[(i - 1) / 2]->due) {
        struct hb_timer *t = l->timers[i];

        l->timers[i] = l->timers[(i - 1) / 2];
        i = (i - 1) / 2;
        l->timers[i] = t;
    }
}

static void sift_down(struct hb_loop *l, size_t i)
{
    for (;;) {
        size_t least = i;

        for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < l->ntimers; c++) {
            if (l->timers[c]->due < l->timers[least]->due)
                least = c;
        }
        if (least == i)
            return;
        struct hb_timer *t = l->timers[i];

        l->timers[i] = l->timers[least];
        l->timers[least] = t;
        i = least;
    }
}

/* Milliseconds to wait: rounded up, so that the timer is due on waking. */
static int until_next(const struct hb_loop *l, int timeout_ms)
{
    uint64_t now, wait;

    if (l->stopped)
        return 0;
    if (l->ntimers == 0)
        return timeout_ms;
    now = hb_mono();
    wait = l->timers[0]->due > now ? l->timers[0]->due - now : 0;
    wait = wait / HB_MS + (wait % HB_MS != 0);
    if (timeout_ms >= 0 && wait > (uint64_t)timeout_ms)
        return timeout_ms;
    return (int)HB_MIN(wait, (uint64_t)INT32_MAX);
}

/* Those due at the start: a timer set again for now waits for the next turn,
 * so that timers cannot keep the descriptors waiting. */
static int fire_timers(struct hb_loop *l)
{
    uint64_t now = hb_mono();
    int calls = 0;

    while (l->ntimers > 0 && l->timers[0]->due <= now) {
        struct hb_timer *t = l->timers[0];

        heap_remove(l, 0);
        l->running = t;
        l->running_stopped = false;
        t->fn(t->arg);
        calls++;
        l->running = NULL;
        if (t->period == 0 || l->running_stopped) {
            free(t);
            continue;
        }
        if (__builtin_add_overflow(t->due, t->period, &t->due))
            t->due = UINT64_MAX;
        if (t->due <= now)
            t->due = now + t->period;
        heap_push(l, t);
    }
    return calls;
}

static void on_signal(void *arg, int fd, uint32_t events)
{
    struct hb_loop *l = arg;
    struct signalfd_siginfo info;

    while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGHUP)
            hb_loop_stop(l, 0);
        else if (l->on_hup != NULL)
            l->on_hup(l->hup_arg);
    }
}
