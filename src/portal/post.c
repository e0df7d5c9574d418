/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post.c - see post.h: the portal's side.
 *
 * Letters go out in their order, urgent ones before all; one that was on its
 * way when the role died is sent once more, since a code that comes twice is
 * better than one that does not come.
 */
#include "portal/post.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/num.h"
#include "base/sock.h"

#define WINDOW   2u /* letters with the role at a time */
#define TICK     (500 * HB_MS)
#define PATIENCE (90 * HB_S) /* for an answer, then it counts as lost */
#define TRIES    2u

struct letter {
    struct letter *next;
    uint64_t id;
    unsigned tries;
    uint64_t since; /* with the role; 0: it waits */
    portal_sent_fn *fn;
    void *arg;
    size_t n;
    char json[];
};

struct portal_post {
    struct hb_loop *loop;
    struct hb_timer *tick;
    int fd;
    uint64_t ids;
    size_t waiting;
    struct letter *first, **last;
    char path[HB_MAX_PATH];
};

static hb_timer_fn on_tick;
static hb_io_fn on_io;
static void push(struct portal_post *p);
static int dial(struct portal_post *p);
static void hang_up(struct portal_post *p);
static void answered(struct portal_post *p, struct hb_slice json);
static void finish(struct portal_post *p, struct letter *l, int r,
                   const char *answer);
static int write_letter(struct hb_buf *b, uint64_t id,
                        const struct portal_letter *l);

int portal_post_new(struct hb_loop *l, const char *path,
                    struct portal_post **ret)
{
    struct portal_post *p =
        hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*p));

    if (p == NULL)
        return -ENOMEM;
    p->loop = l;
    p->fd = -1;
    p->last = &p->first;
    if (!hb_copyz(p->path, sizeof(p->path), path)) {
        free(p);
        return -ENAMETOOLONG;
    }
    p->tick = hb_loop_timer(l, TICK, TICK, on_tick, p);
    if (p->tick == NULL) {
        free(p);
        return -ENOMEM;
    }
    *ret = p;
    return 0;
}

void portal_post_free(struct portal_post *p)
{
    if (p == NULL)
        return;
    hang_up(p);
    while (p->first != NULL)
        finish(p, p->first, -ECANCELED, "");
    hb_timer_stop(p->loop, p->tick);
    free(p);
}

int portal_post_send(struct portal_post *p, const struct portal_letter *l,
                     portal_sent_fn *fn, void *arg)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct letter *new;
    int r;

    if (p->waiting >= PORTAL_LETTERS)
        return -ENOBUFS;
    r = write_letter(&b, p->ids + 1, l);
    if (r < 0)
        return r;
    new = hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*new) + b.n);
    if (new == NULL)
        return -ENOMEM;
    new->id = ++p->ids;
    new->fn = fn;
    new->arg = arg;
    new->n = b.n;
    memcpy(new->json, b.p, b.n);
    /* Codes stand in it. */
    explicit_bzero(b.p, b.n);
    if (l->urgent && p->first != NULL) {
        new->next = p->first;
        p->first = new;
    } else {
        *p->last = new;
        p->last = &new->next;
    }
    p->waiting++;
    push(p);
    return 0;
}

size_t portal_post_waiting(const struct portal_post *p)
{
    return p->waiting;
}

/* ---- static ---- */

static void on_tick(void *arg)
{
    struct portal_post *p = arg;
    uint64_t now = hb_mono();

    for (struct letter *l = p->first, *next; l != NULL; l = next) {
        next = l->next;
        if (l->since != 0 && now - l->since > PATIENCE)
            finish(p, l, -ETIMEDOUT, "");
    }
    push(p);
}

/* Gives the role what it may have. */
static void push(struct portal_post *p)
{
    unsigned with = 0;

    if (p->first == NULL || (p->fd < 0 && dial(p) < 0))
        return;
    for (struct letter *l = p->first; l != NULL && with < WINDOW; l = l->next) {
        int r;

        with++;
        if (l->since != 0)
            continue;
        r = hb_sock_send(p->fd, l->json, l->n, NULL, 0);
        if (r == -EAGAIN)
            return;
        if (r < 0) {
            hang_up(p);
            return;
        }
        l->since = hb_mono();
        l->tries++;
    }
}

static int dial(struct portal_post *p)
{
    int r = hb_sock_connect(p->path, SOCK_SEQPACKET, &p->fd);

    if (r == 0) {
        r = fcntl(p->fd, F_SETFL, O_NONBLOCK) < 0
                ? hb_neg_errno()
                : hb_loop_add(p->loop, p->fd, EPOLLIN, on_io, p);
        if (r < 0)
            hb_close(&p->fd);
    }
    return r;
}

static void hang_up(struct portal_post *p)
{
    if (p->fd < 0)
        return;
    hb_loop_del(p->loop, p->fd);
    hb_close(&p->fd);
    for (struct letter *l = p->first, *next; l != NULL; l = next) {
        next = l->next;
        if (l->since != 0 && l->tries >= TRIES)
            finish(p, l, -ECONNRESET, "");
        else
            l->since = 0;
    }
}

static void on_io(void *arg, int fd, uint32_t events)
{
    struct portal_post *p = arg;
    char buf[4096];

    (void)events;
    for (;;) {
        ssize_t n = hb_sock_recv(fd, buf, sizeof(buf), NULL, 0, NULL);

        if (n == -EAGAIN)
            break;
        if (n <= 0) {
            hang_up(p);
            return;
        }
        answered(p, hb_slice(buf, (size_t)n));
    }
    push(p);
}

static void answered(struct portal_post *p, struct hb_slice json)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *o = NULL;
    uint64_t id;

    if (a == NULL || hb_json_parse(a, json, &o, NULL) < 0)
        return;
    id = (uint64_t)hb_json_int(o, "id", 0);
    for (struct letter *l = p->first; l != NULL; l = l->next)
        if (l->id == id && l->since != 0) {
            finish(p, l, (int)hb_json_int(o, "code", -EPROTO),
                   hb_json_str(o, "answer", ""));
            return;
        }
}

/* Takes it out, wipes it and says how it went. */
static void finish(struct portal_post *p, struct letter *l, int r,
                   const char *answer)
{
    struct letter **at = &p->first;
    portal_sent_fn *fn = l->fn;
    void *arg = l->arg;

    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    if (p->last == &l->next)
        p->last = at;
    p->waiting--;
    explicit_bzero(l->json, l->n);
    free(l);
    if (fn != NULL)
        fn(arg, r, answer);
}

static int write_letter(struct hb_buf *b, uint64_t id,
                        const struct portal_letter *l)
{
    struct hb_jw w;

    hb_jw_init(&w, b);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "id", (int64_t)id);
    hb_jw_str(&w, "to", l->to);
    hb_jw_str(&w, "subject", l->subject);
    hb_jw_str(&w, "text", l->text);
    hb_jw_end_obj(&w);
    if (b->err < 0)
        return b->err;
    return b->n > PORTAL_LETTER_MAX ? -EMSGSIZE : 0;
}
