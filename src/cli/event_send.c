/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_send.c - `hinoban event send NAME`: events of another program or
 * machine from standard input, one JSON object a line.
 *
 * A producer like any other (doc/producer-protocol.md): what it says is marked
 * with NAME and with the uid that runs it, and no rule for our own sensors
 * believes it.  Sent line by line; what is not stored is said, with how many
 * lines were.
 */
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/event_send.h"
#include "daemon/intake.h"
#include "event/producer.h"

/* What is under way fits into the receiver's ring, so that nothing of it is
 * dropped there. */
#define RING    (HB_INTAKE_RING / 2)
#define WAIT_NS (15 * HB_S) /* for the next acknowledgement */
#define POLL_MS 100

static int pass_on(struct hb_producer *p, FILE *from, uint64_t *ret_n,
                   struct hb_err *err);
static int one(struct hb_producer *p, struct hb_slice line, unsigned number,
               struct hb_err *err);
static bool drain(struct hb_producer *p, size_t left);
static int not_stored(struct hb_producer *p, struct hb_err *err);

int hb_cli_event_send(struct hb_cli *cli, int argc, char **argv)
{
    struct hb_producer *p = NULL;
    struct hb_err err = {0}, late = {0};
    char path[HB_MAX_PATH];
    uint64_t n = 0;
    int r;

    if (argc != 2)
        return hb_cli_usage(cli, _("say as whom: event send NAME"));
    r = hb_path(&cli->paths, HB_DIR_RUN, "producer.sock", path);
    if (r == 0)
        r = hb_producer_open(path, argv[1], RING, &p);
    if (r == -EINVAL)
        return hb_cli_usage(cli,
                            _("%s is no name of a producer: small "
                              "letters, digits, \".\", \"_\" and \"-\""),
                            argv[1]);
    if (r < 0)
        return hb_cli_fail_code(path, r);
    r = pass_on(p, stdin, &n, &err);
    if (not_stored(p, &late) < 0) {
        hb_producer_close(p);
        return hb_cli_fail(&late);
    }
    hb_producer_close(p);
    if (cli->json)
        printf("{\"stored\":%llu}\n", (unsigned long long)n);
    else
        printf(P_("%llu event is stored.\n", "%llu events are stored.\n", n),
               (unsigned long long)n);
    return r < 0 ? hb_cli_fail(&err) : hb_cli_flush();
}

static int pass_on(struct hb_producer *p, FILE *from, uint64_t *ret_n,
                   struct hb_err *err)
{
    _cleanup_free_ char *line = NULL;
    unsigned number = 0;
    size_t size = 0;
    ssize_t n;
    int r = 0;

    while (r == 0 && (n = getline(&line, &size, from)) >= 0) {
        number++;
        if (n > 0 && line[n - 1] == '\n')
            n--;
        if (n > HB_MAX_EVENT)
            return hb_err_at(err, -EFBIG, "-", number, 0,
                             _("an event has at most %u bytes"), HB_MAX_EVENT);
        if (n == 0)
            continue;
        r = one(p, hb_slice(line, (size_t)n), number, err);
        *ret_n += r == 0;
    }
    if (r == 0 && ferror(from))
        r = hb_err_set(err, -EIO, _("standard input: %s"), strerror(EIO));
    return r;
}

static int one(struct hb_producer *p, struct hb_slice line, unsigned number,
               struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e = NULL;
    struct hb_err why = {0};
    int r;

    if (a == NULL)
        return hb_err_set(err, -ENOMEM, _("there is not enough memory"));
    r = hb_event_decode(a, line, &e, &why);
    if (r < 0)
        return hb_err_at(err, r, "-", number, why.column, "%s", why.message);
    while (!hb_producer_has_room(p))
        if (!drain(p, hb_producer_waiting(p) / 2))
            return -ETIMEDOUT; /* not_stored() says so */
    if (hb_producer_send(p, e) < 0)
        return hb_err_at(err, -EFBIG, "-", number, 0,
                         _("an event has at most %u bytes"), HB_MAX_EVENT);
    return 0;
}

/* Until at most LEFT are not acknowledged, or nothing was for WAIT_NS. */
static bool drain(struct hb_producer *p, size_t left)
{
    uint64_t until = hb_mono() + WAIT_NS;
    size_t before = hb_producer_waiting(p);

    while (hb_producer_waiting(p) > left) {
        struct pollfd fd = {.fd = hb_producer_fd(p), .events = POLLIN};

        (void)poll(&fd, 1, POLL_MS);
        hb_producer_flush(p);
        if (hb_producer_waiting(p) < before) {
            before = hb_producer_waiting(p);
            until = hb_mono() + WAIT_NS;
        } else if (hb_mono() > until) {
            return false;
        }
    }
    return true;
}

static int not_stored(struct hb_producer *p, struct hb_err *err)
{
    if (!drain(p, 0))
        return hb_err_set(err, -ETIMEDOUT,
                          _("%zu events are not stored; does the service run?"),
                          hb_producer_waiting(p));
    if (hb_producer_refused(p) > 0)
        return hb_err_set(err, -ENOBUFS,
                          _("%llu events were not taken; send them again"),
                          (unsigned long long)hb_producer_refused(p));
    return 0;
}
