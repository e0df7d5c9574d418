/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.c - see pool.h.  Runs in compare; workers share nothing but the two
 * queues, under one lock.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "sense/files/pool.h"

#define THREADS 8u

struct hb_pool {
    struct hb_loop *loop;
    void *arg;
    int wake;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct hb_pool_job *todo, **todo_end, *done, **done_end;
    bool stop;
    size_t waiting;
    unsigned n;
    pthread_t threads[THREADS];
};

static void *worker(void *arg);
static void on_done(void *arg, int fd, uint32_t events);
static void collect(struct hb_pool *p);

int hb_pool_new(struct hb_loop *l, unsigned threads, void *arg,
                struct hb_pool **ret)
{
    struct hb_pool *p = calloc(1, sizeof(*p));
    sigset_t all, old;
    int r = 0;

    if (p == NULL)
        return -ENOMEM;
    p->loop = l;
    p->arg = arg;
    p->todo_end = &p->todo;
    p->done_end = &p->done;
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->more, NULL);
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->wake < 0) {
        r = -errno;
        free(p);
        return r;
    }
    r = hb_loop_add(l, p->wake, EPOLLIN, on_done, p);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    while (r == 0 && p->n < HB_MIN(threads, THREADS)) {
        r = -pthread_create(&p->threads[p->n], NULL, worker, p);
        p->n += r == 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (r < 0) {
        hb_pool_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

void hb_pool_free(struct hb_pool *p)
{
    if (p == NULL)
        return;
    (void)pthread_mutex_lock(&p->lock);
    p->stop = true;
    (void)pthread_cond_broadcast(&p->more);
    (void)pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->n; i++)
        (void)pthread_join(p->threads[i], NULL);
    collect(p);
    hb_loop_del(p->loop, p->wake);
    hb_close(&p->wake);
    (void)pthread_cond_destroy(&p->more);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

void hb_pool_add(struct hb_pool *p, struct hb_pool_job *j)
{
    j->next = NULL;
    (void)pthread_mutex_lock(&p->lock);
    *p->todo_end = j;
    p->todo_end = &j->next;
    p->waiting++;
    (void)pthread_cond_signal(&p->more);
    (void)pthread_mutex_unlock(&p->lock);
}

size_t hb_pool_waiting(const struct hb_pool *p)
{
    return p->waiting;
}

static void *worker(void *arg)
{
    struct hb_pool *p = arg;
    struct hb_sha256 *scratch = hb_sha256_new();
    const uint64_t one = 1;

    (void)pthread_mutex_lock(&p->lock);
    while (scratch != NULL) {
        struct hb_pool_job *j = p->todo;
        bool first;

        if (j == NULL && p->stop)
            break;
        if (j == NULL) {
            (void)pthread_cond_wait(&p->more, &p->lock);
            continue;
        }
        p->todo = j->next;
        if (p->todo == NULL)
            p->todo_end = &p->todo;
        (void)pthread_mutex_unlock(&p->lock);
        j->work(j, scratch);
        (void)pthread_mutex_lock(&p->lock);
        j->next = NULL;
        first = p->done == NULL;
        *p->done_end = j;
        p->done_end = &j->next;
        if (first && write(p->wake, &one, sizeof(one)) < 0)
            continue; /* it is set already */
    }
    (void)pthread_mutex_unlock(&p->lock);
    hb_sha256_free(scratch);
    return NULL;
}

static void on_done(void *arg, int fd, uint32_t events)
{
    uint64_t n;

    if (read(fd, &n, sizeof(n)) < 0)
        return;
    collect(arg);
}

static void collect(struct hb_pool *p)
{
    struct hb_pool_job *j;

    (void)pthread_mutex_lock(&p->lock);
    j = p->done;
    p->done = NULL;
    p->done_end = &p->done;
    (void)pthread_mutex_unlock(&p->lock);
    while (j != NULL) {
        struct hb_pool_job *next = j->next;

        (void)pthread_mutex_lock(&p->lock);
        p->waiting--;
        (void)pthread_mutex_unlock(&p->lock);
        j->done(p->arg, j);
        j = next;
    }
}
