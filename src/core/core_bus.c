/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_bus.c - the receiving end of event.sock.
 *
 * Runs in core.  Whoever may connect is said by the socket's mode and group
 * (our own roles); a frame is read through the bounded decoder all the same,
 * and a bad one ends that connection.  Frames that wait are taken as one
 * batch and acknowledged only after the stores have them.
 */
#include "core/core_bus.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "config/module.h"
#include "event/bus.h"

#define CONNS_MAX    32
#define BATCH_MAX    256
#define COMMANDS_MAX 32

struct conn {
    struct hb_core_bus *bus;
    int fd;
    uid_t uid;       /* by the kernel's word */
    char source[32]; /* of its last event: who it is */
};

struct pending {    /* a command that waits for its answer */
    char key[33];   /* "" free */
    uint64_t until; /* monotonic */
    int fd;
    hb_core_command_fn *fn;
    void *arg;
};

struct hb_core_bus {
    struct hb_core *core;
    int listen_fd;
    struct conn conns[CONNS_MAX];
    struct hb_arena *arena;
    const struct hb_event *batch[BATCH_MAX];
    size_t n;     /* events in the batch */
    size_t taken; /* frames of this batch, those that were refused too */
    uint64_t seq; /* of the last one */
    struct pending commands[COMMANDS_MAX];
    char frame[HB_MAX_FRAME];
};

static hb_io_fn on_accept, on_frame;
static int take_frame(struct conn *c, size_t n);
static bool may_say(const struct conn *c, const char *source);
static int flush(struct conn *c);
static void drop(struct conn *c);

int hb_core_bus_new(struct hb_core *c, int listen_fd, struct hb_core_bus **ret)
{
    struct hb_core_bus *b = calloc(1, sizeof(*b));
    int r;

    if (b == NULL)
        return -ENOMEM;
    b->core = c;
    b->listen_fd = listen_fd;
    b->arena = hb_arena_new(0);
    for (size_t i = 0; i < CONNS_MAX; i++)
        b->conns[i] = (struct conn){.bus = b, .fd = -1};
    r = b->arena == NULL
            ? -ENOMEM
            : hb_loop_add(c->loop, listen_fd, EPOLLIN, on_accept, b);
    if (r < 0) {
        hb_arena_free(b->arena);
        free(b);
        return r;
    }
    *ret = b;
    return 0;
}

void hb_core_bus_free(struct hb_core_bus *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < CONNS_MAX; i++)
        if (b->conns[i].fd >= 0)
            drop(&b->conns[i]);
    hb_loop_del(b->core->loop, b->listen_fd);
    hb_arena_free(b->arena);
    free(b);
}

static void on_accept(void *arg, int fd, uint32_t events)
{
    struct hb_core_bus *b = arg;
    struct hb_peer peer;
    int conn;

    while (hb_sock_accept(fd, &conn, &peer) == 0) {
        size_t i = 0;

        while (i < CONNS_MAX && b->conns[i].fd >= 0)
            i++;
        if (i == CONNS_MAX || hb_loop_add(b->core->loop, conn, EPOLLIN,
                                          on_frame, &b->conns[i]) < 0) {
            hb_log(HB_LOG_WARNING, "event.sock: too many connections");
            (void)close(conn);
            continue;
        }
        b->conns[i].fd = conn;
        b->conns[i].uid = peer.uid;
    }
}

static void on_frame(void *arg, int fd, uint32_t events)
{
    struct conn *c = arg;
    struct hb_core_bus *b = c->bus;

    while (b->taken < BATCH_MAX) {
        ssize_t n = hb_sock_recv(fd, b->frame, sizeof(b->frame), NULL, 0, NULL);

        if (n == -EAGAIN)
            break;
        if (n <= 0 || take_frame(c, (size_t)n) < 0) {
            (void)flush(c);
            drop(c);
            return;
        }
    }
    /* An acknowledgement stands for all before it too: after a batch that
     * could not be kept none may follow on this connection.  The sender
     * connects again, with growing patience, and sends again. */
    if (flush(c) < 0)
        drop(c);
}

int hb_core_command(struct hb_core *c, const char *source, const char *cmd,
                    const char *site, uint64_t timeout_ns,
                    hb_core_command_fn *fn, void *arg)
{
    const struct hb_core_member members[] = {{.name = "site", .text = site},
                                             {.name = NULL}};

    return hb_core_command_with(c, source, cmd, members, timeout_ns, fn, arg);
}

int hb_core_command_with(struct hb_core *c, const char *source, const char *cmd,
                         const struct hb_core_member *members,
                         uint64_t timeout_ns, hb_core_command_fn *fn, void *arg)
{
    _cleanup_buf_ struct hb_buf json = HB_BUF_INIT, frame = HB_BUF_INIT;
    struct hb_core_bus *b = c->bus;
    struct pending *p = NULL;
    struct conn *to = NULL;
    uint8_t key[16];
    struct hb_jw w;
    int r;

    for (size_t i = 0; i < CONNS_MAX; i++)
        if (b->conns[i].fd >= 0 && hb_streq(b->conns[i].source, source))
            to = &b->conns[i];
    for (size_t i = 0; i < COMMANDS_MAX && p == NULL; i++)
        if (b->commands[i].key[0] == '\0')
            p = &b->commands[i];
    if (to == NULL || p == NULL)
        return to == NULL ? -ENOTCONN : -EAGAIN;
    hb_random(key, sizeof(key));
    hb_hex(key, sizeof(key), p->key);
    hb_jw_init(&w, &json);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "cmd", cmd);
    for (; members->name != NULL; members++) {
        if (members->text != NULL)
            hb_jw_str(&w, members->name, members->text);
        else
            hb_jw_raw(&w, members->name, members->json);
    }
    hb_jw_str(&w, "key", p->key);
    hb_jw_end_obj(&w);
    r = hb_buf_err(&json);
    if (r == 0)
        r = hb_bus_command_encode(&frame, hb_buf_slice(&json));
    if (r == 0)
        r = hb_sock_send(to->fd, frame.p, frame.n, NULL, 0);
    if (r < 0) {
        p->key[0] = '\0';
        return r;
    }
    p->until = hb_mono() + timeout_ns;
    p->fd = to->fd;
    p->fn = fn;
    p->arg = arg;
    return 0;
}

bool hb_core_connected(const struct hb_core *c, const char *source)
{
    for (size_t i = 0; i < CONNS_MAX; i++)
        if (c->bus->conns[i].fd >= 0 &&
            hb_streq(c->bus->conns[i].source, source))
            return true;
    return false;
}

void hb_core_command_answered(struct hb_core *c, const struct hb_event *e)
{
    const char *key = hb_event_getz(e, HB_F_COMMAND, "");

    for (size_t i = 0; c->bus != NULL && i < COMMANDS_MAX; i++) {
        struct pending p = c->bus->commands[i];

        if (p.key[0] == '\0' || !hb_streq(p.key, key))
            continue;
        c->bus->commands[i].key[0] = '\0';
        p.fn(p.arg, e);
        return;
    }
}

void hb_core_command_sweep(struct hb_core *c)
{
    uint64_t now = hb_mono();

    for (size_t i = 0; i < COMMANDS_MAX; i++) {
        struct pending p = c->bus->commands[i];

        if (p.key[0] == '\0' || p.until > now)
            continue;
        c->bus->commands[i].key[0] = '\0';
        p.fn(p.arg, NULL);
    }
}

static int take_frame(struct conn *c, size_t n)
{
    struct hb_core_bus *b = c->bus;
    struct hb_err err = {0};
    struct hb_slice json;
    enum hb_bus_kind kind;
    struct hb_event *e;
    uint64_t seq;
    int r = hb_bus_frame_decode(b->frame, n, &kind, &seq, &json);

    if (r < 0 || kind != HB_BUS_EVENT) {
        hb_log(HB_LOG_ERR, "event.sock: a bad frame; connection closed");
        return -EBADMSG;
    }
    /* The sender is one of ours, what it relays need not be: an event that
     * cannot be read is dropped loudly, not the sender. */
    r = hb_event_decode(b->arena, json, &e, &err);
    if (r < 0) {
        hb_log(HB_LOG_ERR, "event.sock: event refused: %s", err.message);
        hb_core_say(b->core, HB_SEV_MEDIUM, "refused", err.message);
    } else if (!may_say(c, e->source)) {
        hb_log(HB_LOG_ERR, "event.sock: uid %u spoke as %s; connection closed",
               (unsigned)c->uid, e->source);
        hb_core_say(b->core, HB_SEV_HIGH, "impostor", e->source);
        return -EPERM;
    } else {
        b->batch[b->n++] = e;
        (void)hb_copyz(c->source, sizeof(c->source), e->source);
    }
    b->taken++;
    b->seq = seq;
    return 0;
}

/* What a sensor says decides controls, incidents and who gets commands: a role
 * that was taken over must not speak for another one.  Root is the supervisor,
 * and our own user means that nothing is kept apart here. */
static bool may_say(const struct conn *c, const char *source)
{
    const struct hb_role_ctx *ctx = c->bus->core->ctx;
    const char *const *roles;

    if (c->uid == 0 || c->uid == geteuid())
        return true;
    if (hb_role_is(ctx, "intake", c->uid))
        return hb_streq(source, "daemon/intake") || hb_core_foreign(source);
    for (size_t i = 0; hb_modules[i] != NULL; i++)
        if (hb_streq(hb_modules[i]->source, source))
            for (roles = hb_modules[i]->roles; *roles != NULL; roles++)
                if (hb_role_is(ctx, *roles, c->uid))
                    return true;
    return false;
}

/* A batch is of one connection: its last acknowledgement stands for all. */
static int flush(struct conn *c)
{
    struct hb_core_bus *b = c->bus;
    struct hb_err err = {0};
    uint8_t ack[10];
    int r = 0;

    if (b->n > 0)
        r = hb_core_take(b->core, b->batch, b->n, &err);
    if (r < 0)
        hb_log(HB_LOG_ERR, "events not stored yet: %s", err.message);
    /* Where it cannot be sent now, the next one stands for it too. */
    if (r == 0 && b->taken > 0)
        (void)!hb_sock_send(c->fd, ack, hb_bus_ack_encode(b->seq, ack), NULL,
                            0);
    b->n = b->taken = 0;
    hb_arena_reset(b->arena);
    return r;
}

static void drop(struct conn *c)
{
    hb_loop_del(c->bus->core->loop, c->fd);
    /* Whoever waits for this role's answer is told at the next sweep. */
    for (size_t i = 0; i < COMMANDS_MAX; i++)
        if (c->bus->commands[i].fd == c->fd)
            c->bus->commands[i].until = 0;
    c->source[0] = '\0';
    hb_close(&c->fd);
}
