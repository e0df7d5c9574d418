/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_ctl.c - ctl.sock: requests of the command line.
 *
 * Runs in core.  Anybody on this machine may connect; who it is says the
 * kernel (SO_PEERCRED), never the request.  A connection carries one request,
 * one line of JSON of bounded size, and one answer:
 *
 *     {"v":1,"cmd":"incident.list","lang":"ja","args":{}}
 *     {"ok":true,"text":"...","data":...}
 *     {"ok":false,"code":-13,"error":"..."}
 *
 * An answer that takes long comes later (hb_core_ctl_answer); whoever hangs up
 * before is asked for by hb_core_ctl_waits().
 *
 * Slow clients get a time limit, many clients a bounded number of places; when
 * all are taken, whoever holds most of them loses the oldest, so that no
 * account can keep the officer out.
 */
#include <sys/socket.h>

#include "core/cmd.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "incident/hidden.h"

#define CONNS_MAX   64
#define REQUEST_MAX (256u << 10)
#define PATIENCE_NS (10 * HB_S)

struct conn {
    struct hb_core_ctl *ctl;
    int fd;
    struct hb_peer peer;
    struct hb_buf in, out;
    size_t sent;
    int pass_fd; /* goes along with the first byte; -1 none, or gone */
    int got_fd;  /* came with the request; -1 none */
    uint64_t since;
    uint64_t ticket; /* of no other connection ever; 0 where it is free */
    bool waits;      /* for an answer that comes later */
};

struct hb_core_ctl {
    struct hb_core *core;
    int listen_fd;
    struct hb_timer *sweep;
    uint64_t tickets;
    struct conn conns[CONNS_MAX];
};

static hb_io_fn on_accept, on_io;
static hb_timer_fn on_sweep;
static struct conn *greediest(struct hb_core_ctl *ctl, uid_t uid);
static ssize_t receive(struct conn *c, char *buf, size_t size);
static ssize_t send_some(struct conn *c);
static struct conn *waiting(struct hb_core_ctl *ctl, uint64_t ticket);
static void drop(struct conn *c);
static void answer(struct conn *c);
static int call(struct conn *c, struct hb_core_call *k);
static const struct hb_core_cmd *find(const char *name);
static int permitted(const struct hb_core_cmd *cmd, struct hb_core_call *k);
static int may_see(const struct hb_core_cmd *cmd, struct hb_core_call *k);
static void write_answer(struct hb_buf *out, int r, struct hb_core_call *k);

int hb_core_ctl_new(struct hb_core *c, int listen_fd, struct hb_core_ctl **ret)
{
    struct hb_core_ctl *ctl = calloc(1, sizeof(*ctl));
    int r;

    if (ctl == NULL)
        return -ENOMEM;
    ctl->core = c;
    ctl->listen_fd = listen_fd;
    for (size_t i = 0; i < CONNS_MAX; i++)
        ctl->conns[i].fd = ctl->conns[i].pass_fd = ctl->conns[i].got_fd = -1;
    r = hb_loop_add(c->loop, listen_fd, EPOLLIN, on_accept, ctl);
    if (r == 0 && (ctl->sweep = hb_loop_timer(c->loop, HB_S, HB_S, on_sweep,
                                              ctl)) == NULL)
        r = -ENOMEM;
    if (r < 0) {
        hb_loop_del(c->loop, listen_fd);
        free(ctl);
        return r;
    }
    *ret = ctl;
    return 0;
}

void hb_core_ctl_free(struct hb_core_ctl *ctl)
{
    if (ctl == NULL)
        return;
    for (size_t i = 0; i < CONNS_MAX; i++)
        if (ctl->conns[i].fd >= 0)
            drop(&ctl->conns[i]);
    hb_timer_stop(ctl->core->loop, ctl->sweep);
    hb_loop_del(ctl->core->loop, ctl->listen_fd);
    free(ctl);
}

static void on_accept(void *arg, int fd, uint32_t events)
{
    struct hb_core_ctl *ctl = arg;
    struct hb_peer peer;
    int s;

    while (hb_sock_accept(fd, &s, &peer) == 0) {
        struct conn *c = NULL;

        for (size_t i = 0; i < CONNS_MAX && c == NULL; i++)
            if (ctl->conns[i].fd < 0)
                c = &ctl->conns[i];
        if (c == NULL) {
            c = greediest(ctl, peer.uid);
            drop(c);
        }
        if (hb_loop_add(ctl->core->loop, s, EPOLLIN, on_io, c) < 0) {
            (void)close(s);
            continue;
        }
        *c = (struct conn){.ctl = ctl,
                           .fd = s,
                           .pass_fd = -1,
                           .got_fd = -1,
                           .ticket = ++ctl->tickets,
                           .peer = peer,
                           .since = hb_mono()};
        hb_buf_init(&c->in, REQUEST_MAX);
        hb_buf_init(&c->out, HB_MAX_BUF);
    }
}

/* The oldest connection of the account that has most; UID counts one more,
 * since it asks for another place. */
static struct conn *greediest(struct hb_core_ctl *ctl, uid_t uid)
{
    struct conn *worst = NULL;
    size_t most = 0;

    for (size_t i = 0; i < CONNS_MAX; i++) {
        struct conn *c = &ctl->conns[i];
        size_t n = c->peer.uid == uid;

        for (size_t k = 0; k < CONNS_MAX; k++)
            n += ctl->conns[k].peer.uid == c->peer.uid;
        if (n > most || (n == most && c->since < worst->since)) {
            most = n;
            worst = c;
        }
    }
    return worst;
}

static void on_sweep(void *arg)
{
    struct hb_core_ctl *ctl = arg;
    uint64_t now = hb_mono();

    for (size_t i = 0; i < CONNS_MAX; i++)
        if (ctl->conns[i].fd >= 0 && !ctl->conns[i].waits &&
            now - ctl->conns[i].since > PATIENCE_NS)
            drop(&ctl->conns[i]);
}

static void on_io(void *arg, int fd, uint32_t events)
{
    struct conn *c = arg;
    char part[16384];
    ssize_t n;

    if (c->waits) {
        /* One request a connection: more is not read, an end is seen. */
        n = read(fd, part, sizeof(part));
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            drop(c);
        return;
    }
    if (c->out.n == 0) {
        while ((n = receive(c, part, sizeof(part))) > 0) {
            hb_buf_add(&c->in, part, (size_t)n);
            /* Also where it is too much: who sends without end must not
             * keep us here. */
            if (memchr(part, '\n', (size_t)n) != NULL || hb_buf_err(&c->in) < 0)
                break;
        }
        if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR)) {
            drop(c);
            return;
        }
        if (hb_buf_err(&c->in) == 0 &&
            (c->in.n == 0 || memchr(c->in.p, '\n', c->in.n) == NULL))
            return;
        answer(c);
        if (c->waits)
            return;
    }
    while (c->sent < c->out.n) {
        n = send_some(c);
        if (n < 0 && errno == EAGAIN) {
            c->since = hb_mono();
            if (hb_loop_mod(c->ctl->core->loop, fd, EPOLLOUT) == 0)
                return;
        }
        if (n <= 0)
            break;
        c->sent += (size_t)n;
    }
    drop(c);
}

/* The bytes, and a descriptor where none came before: -errno. */
static ssize_t receive(struct conn *c, char *buf, size_t size)
{
    bool first = c->got_fd < 0;

    return hb_sock_recv(c->fd, buf, size, first ? &c->got_fd : NULL,
                        first ? 1 : 0, NULL);
}

static ssize_t send_some(struct conn *c)
{
    int r;

    if (c->pass_fd < 0)
        return send(c->fd, c->out.p + c->sent, c->out.n - c->sent,
                    MSG_NOSIGNAL);
    r = hb_sock_send(c->fd, c->out.p, 1, &c->pass_fd, 1);
    if (r < 0) {
        errno = -r;
        return -1;
    }
    hb_close(&c->pass_fd);
    return 1;
}

bool hb_core_ctl_waits(struct hb_core_ctl *ctl, uint64_t ticket)
{
    return waiting(ctl, ticket) != NULL;
}

void hb_core_ctl_answer(struct hb_core_ctl *ctl, uint64_t ticket, int r,
                        struct hb_core_call *k)
{
    struct conn *c = waiting(ctl, ticket);

    if (c == NULL) {
        hb_close(&k->pass_fd);
        return;
    }
    c->waits = false;
    c->since = hb_mono();
    c->pass_fd = k->pass_fd;
    k->pass_fd = -1;
    write_answer(&c->out, r, k);
    if (hb_buf_err(&c->out) < 0 ||
        hb_loop_mod(ctl->core->loop, c->fd, EPOLLOUT) < 0)
        drop(c);
}

static struct conn *waiting(struct hb_core_ctl *ctl, uint64_t ticket)
{
    for (size_t i = 0; i < CONNS_MAX; i++)
        if (ctl->conns[i].fd >= 0 && ctl->conns[i].waits &&
            ctl->conns[i].ticket == ticket)
            return &ctl->conns[i];
    return NULL;
}

static void drop(struct conn *c)
{
    c->waits = false;
    hb_loop_del(c->ctl->core->loop, c->fd);
    hb_close(&c->fd);
    hb_close(&c->pass_fd);
    hb_close(&c->got_fd);
    hb_buf_done(&c->in);
    hb_buf_done(&c->out);
}

static void answer(struct conn *c)
{
    struct hb_core_call k = {.core = c->ctl->core,
                             .peer = c->peer,
                             .pass_fd = -1,
                             .got_fd = c->got_fd,
                             .ticket = c->ticket};
    int r;

    k.arena = hb_arena_new(0);
    hb_buf_init(&k.text, HB_MAX_BUF);
    hb_buf_init(&k.data, HB_MAX_BUF);
    if (hb_buf_err(&c->in) < 0)
        r = hb_err_set(&k.err, -E2BIG, _("The request is too long."));
    else
        r = k.arena == NULL ? -ENOMEM : call(c, &k);
    if (r >= 0)
        r = hb_buf_err(&k.text) < 0 ? hb_buf_err(&k.text) : hb_buf_err(&k.data);
    c->waits = r >= 0 && k.later;
    c->pass_fd = k.pass_fd;
    if (!c->waits)
        write_answer(&c->out, r, &k);
    if (hb_buf_err(&c->out) < 0) {
        hb_buf_done(&c->out);
        hb_buf_init(&c->out, HB_MAX_BUF);
        write_answer(&c->out, -EFBIG, &k);
    }
    hb_i18n_use(HB_LANG_EN);
    hb_buf_done(&k.text);
    hb_buf_done(&k.data);
    hb_arena_free(k.arena);
}

static int call(struct conn *c, struct hb_core_call *k)
{
    const char *end = memchr(c->in.p, '\n', c->in.n);
    const struct hb_core_cmd *cmd;
    struct hb_person *person;
    struct hb_json *req;
    int r;

    r = hb_json_parse(k->arena, hb_slice(c->in.p, (size_t)(end - c->in.p)),
                      &req, &k->err);
    if (r < 0)
        return r;
    if (req->type != HB_JSON_OBJ)
        return hb_err_set(&k->err, -EBADMSG, _("A request is one object."));
    k->lang = hb_streq(hb_json_str(req, "lang", "en"), "ja") ? HB_LANG_JA
                                                             : HB_LANG_EN;
    hb_i18n_use(k->lang);
    k->args = hb_json_get(req, "args");
    if (k->args != NULL && k->args->type != HB_JSON_OBJ)
        return hb_err_set(&k->err, -EBADMSG, _("A request is one object."));
    if (k->args == NULL &&
        (k->args = hb_json_new(k->arena, HB_JSON_OBJ)) == NULL)
        return -ENOMEM;
    if (hb_json_int(req, "v", 0) != 1)
        return hb_err_set(&k->err, -EPROTO,
                          _("This request is of another version of Hinoban; "
                            "use the program that belongs to the service."));
    cmd = find(hb_json_str(req, "cmd", ""));
    if (cmd == NULL)
        return hb_err_set(&k->err, -ENOSYS,
                          _("The service does not know this request."));
    k->root = c->peer.uid == 0;
    person = HB_NEW(k->arena, struct hb_person);
    if (person == NULL)
        return -ENOMEM;
    if (hb_person_by_uid(&k->core->state, k->arena, c->peer.uid, person) == 0)
        k->person = person;
    r = permitted(cmd, k);
    if (r == 0)
        r = may_see(cmd, k);
    return r < 0 ? r : cmd->fn(k);
}

bool hb_core_hidden(struct hb_core_call *call, int64_t incident)
{
    return hb_hidden_from(&call->core->state, incident,
                          call->person != NULL ? call->person->id : 0);
}

/* What is hidden from the caller is not there; who may see it leaves a
 * trace. */
static int may_see(const struct hb_core_cmd *cmd, struct hb_core_call *k)
{
    struct hb_state *s = &k->core->state;
    int64_t me = k->person != NULL ? k->person->id : 0;
    int64_t id = hb_json_int(
        k->args, cmd->about == HB_ABOUT_INCIDENT ? "incident" : "id", 0);
    struct hb_task t;

    if (cmd->about == HB_ABOUT_NONE)
        return 0;
    if (cmd->about == HB_ABOUT_ALL)
        id = hb_json_bool(k->args, "whole", false)
                 ? 0
                 : hb_json_int(k->args, "incident", 0);
    if (cmd->about == HB_ABOUT_ALL && id == 0)
        return hb_hidden_any(s, me)
                   ? hb_err_set(&k->err, -EPERM,
                                _("Your account (uid %u) may not do this."),
                                (unsigned)k->peer.uid)
                   : 0;
    if (cmd->about == HB_ABOUT_TASK) {
        if (hb_task_get(s, k->arena, id, &t) < 0)
            return 0; /* the command says it better */
        if (hb_hidden_from(s, t.incident, me))
            return hb_err_set(&k->err, -ENOENT, _("There is no task %lld."),
                              (long long)id);
        id = t.incident;
    }
    if (id != 0 && hb_hidden_from(s, id, me))
        return hb_err_set(&k->err, -ENOENT, _("There is no incident %lld."),
                          (long long)id);
    return id == 0 ? 0 : hb_hidden_seen(s, id, me, cmd->name);
}

static const struct hb_core_cmd *find(const char *name)
{
    const struct hb_core_cmd *const tables[] = {
        hb_core_cmds_read,    hb_core_cmds_work,    hb_core_cmds_admin,
        hb_core_cmds_fact,    hb_core_cmds_circle,  hb_core_cmds_clock,
        hb_core_cmds_metrics, hb_core_cmds_report,  hb_core_cmds_message,
        hb_core_cmds_mailing, hb_core_cmds_document};

    for (size_t i = 0; i < HB_ARRAY_LEN(tables); i++)
        for (const struct hb_core_cmd *cmd = tables[i]; cmd->name != NULL;
             cmd++)
            if (hb_streq(cmd->name, name))
                return cmd;
    return NULL;
}

static int permitted(const struct hb_core_cmd *cmd, struct hb_core_call *k)
{
    switch (cmd->need) {
    case HB_NEED_NOTHING:
        return 0;
    case HB_NEED_READ:
        if (k->root || k->person != NULL)
            return 0;
        break;
    case HB_NEED_PERSON:
        if (k->person != NULL)
            return 0;
        break;
    case HB_NEED_OFFICER:
        if (k->person != NULL &&
            (k->person->roles & (HB_PR_OFFICER | HB_PR_ADMIN)) != 0)
            return 0;
        break;
    case HB_NEED_ROOT:
        if (k->root)
            return 0;
        break;
    }
    if (k->root && k->person == NULL)
        return hb_err_set(&k->err, -EPERM,
                          _("root is nobody in particular: run this as the "
                            "account of a registered person (hinoban person "
                            "list)."));
    return hb_err_set(&k->err, -EPERM,
                      _("Your account (uid %u) may not do this."),
                      (unsigned)k->peer.uid);
}

static void write_answer(struct hb_buf *out, int r, struct hb_core_call *k)
{
    char text[128];
    struct hb_jw w;

    hb_jw_init(&w, out);
    hb_jw_obj(&w, NULL);
    hb_jw_bool(&w, "ok", r >= 0);
    if (r < 0) {
        hb_jw_int(&w, "code", r);
        hb_jw_str(&w, "error",
                  k->err.message[0] != '\0'
                      ? k->err.message
                      : hb_errno_text(r, text, sizeof(text)));
    } else {
        hb_jw_slice(&w, "text", hb_buf_slice(&k->text));
        if (k->data.n > 0)
            hb_jw_raw(&w, "data", hb_buf_slice(&k->data));
    }
    hb_jw_end_obj(&w);
    hb_buf_addc(out, '\n');
}
