/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logins.c - who logged in or became somebody else around changes: auth.log,
 * the journal where that one is silent, wtmp.
 *
 * Runs in check.  Names in these logs are what strangers typed (authlog.c).
 * Whoever has an account can write many lines with sudo, so what lies nearest
 * to a change is told first and the rest is counted.
 */
#include "control/collect.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "control/authlog.h"

#define LOGINS     12u /* told */
#define READ       48u /* kept from one source and side of the changes */
#define WTMP_BYTES (384u * 4096u)
#define LOG_BYTES  (4u << 20)
#define BEFORE_NS  (24 * 3600 * (int64_t)HB_S)
#define AFTER_NS   (3600 * (int64_t)HB_S)
#define SAME_NS    (3 * (int64_t)HB_S) /* one log-in, told twice */

struct found {
    struct hb_auth auth;
    int64_t rank;
};

struct logins {
    const struct hb_around *around;
    int64_t since, change, until; /* `change` is the last one */
    struct found *v;
    size_t n, max;
    unsigned failed;
};

static bool text_files(struct logins *l);
static bool text_journal(struct logins *l);
static void text_take(struct logins *l, struct hb_slice text,
                      unsigned *ret_failed);
static bool wtmp(struct logins *l);
static void add(struct logins *l, const struct hb_auth *a);
static bool same(const struct hb_auth *a, const struct hb_auth *b);
static int by_rank(const void *a, const void *b);
static void tell(struct logins *l, const struct hb_auth *a);
static void tell_left(struct logins *l);

bool hb_collect_logins(const struct hb_around *a)
{
    struct logins l = {.around = a,
                       .since = a->change[0].at - BEFORE_NS,
                       .change = a->change[a->n - 1].at,
                       .max = (size_t)6 * READ};
    bool any;

    l.until = HB_MIN(l.change + AFTER_NS, a->machine->now);
    l.until = HB_MAX(l.until, l.change);
    l.v = HB_NEW_N(a->machine->arena, struct found, l.max);
    if (l.v == NULL)
        return false;
    any = text_files(&l);
    /* Last: a log-in that syslog tells too says less there. */
    any = wtmp(&l) || any;
    if (l.n > 0)
        qsort(l.v, l.n, sizeof(*l.v), by_rank);
    for (size_t i = 0; i < l.n && i < LOGINS; i++)
        tell(&l, &l.v[i].auth);
    tell_left(&l);
    return any;
}

/* auth.log with the one before it; where its last line is older than the last
 * change, nobody may be writing it any more, and the journal is asked too. */
static bool text_files(struct logins *l)
{
    static const char *const files[] = {"/var/log/auth.log.1",
                                        "/var/log/auth.log"};
    const struct hb_machine *m = l->around->machine;
    int64_t newest = INT64_MIN;
    struct hb_slice text;
    bool any = false;

    for (size_t i = 0; i < HB_ARRAY_LEN(files); i++) {
        if (hb_machine_tail(m, files[i], LOG_BYTES, &text) < 0 || text.n == 0)
            continue;
        any = true;
        newest = HB_MAX(newest, hb_authlog_newest(text, m->now));
        text_take(l, text, &l->failed);
    }
    if (newest < l->change)
        any = text_journal(l) || any;
    return any;
}

static bool text_journal(struct logins *l)
{
    const struct hb_machine *m = l->around->machine;
    const char *since = hb_arena_printf(m->arena, "--since=@%lld",
                                        (long long)(l->since / (int64_t)HB_S));
    const char *until = hb_arena_printf(
        m->arena, "--until=@%lld",
        (long long)((l->until + (int64_t)HB_S) / (int64_t)HB_S));
    const char *const argv[] = {"/usr/bin/journalctl",
                                "--no-pager",
                                "--quiet",
                                "--output=short-iso",
                                since,
                                until,
                                "--lines=5000",
                                "--identifier=sshd",
                                "--identifier=sshd-session",
                                "--identifier=sudo",
                                "--identifier=su",
                                "--identifier=login",
                                NULL};
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    unsigned failed = 0;
    const char *copy;

    if (since == NULL || until == NULL || !hb_machine_has(m, argv[0]) ||
        hb_machine_run(m, argv, 20000, &out, NULL) != 0 || out.n == 0)
        return false;
    copy = hb_arena_dup(m->arena, out.p, out.n);
    if (copy != NULL)
        text_take(l, hb_slice(copy, out.n), &failed);
    l->failed = HB_MAX(l->failed, failed);
    return copy != NULL;
}

/* What came before the last change and what came after it apart: neither
 * pushes the other out. */
static void text_take(struct logins *l, struct hb_slice text,
                      unsigned *ret_failed)
{
    struct hb_auth *v =
        HB_NEW_N(l->around->machine->arena, struct hb_auth, READ);
    size_t n;

    if (v == NULL)
        return;
    for (int after = 0; after < 2; after++) {
        int64_t from = after == 0 ? l->since : l->change + 1;
        int64_t to = after == 0 ? l->change : l->until;

        n = hb_authlog_read(text, from, to, READ, v, ret_failed);
        for (size_t i = 0; i < n; i++)
            if (after == 0 || v[i].at > l->change + (int64_t)HB_S)
                add(l, &v[i]);
    }
}

static bool wtmp(struct logins *l)
{
    const struct hb_machine *m = l->around->machine;
    struct hb_login *v = HB_NEW_N(m->arena, struct hb_login, READ);
    struct hb_slice data;
    size_t n;

    if (v == NULL || hb_machine_tail(m, "/var/log/wtmp", WTMP_BYTES, &data) < 0)
        return false;
    /* A tail begins with a whole record: the size is a multiple of one. */
    data.p += data.n % 384;
    data.n -= data.n % 384;
    n = hb_utmp_read(data, l->since, l->until, READ, v);
    for (size_t i = 0; i < n; i++) {
        struct hb_auth a = {.what = HB_AUTH_LOGIN, .at = v[i].at};

        (void)snprintf(a.user, sizeof(a.user), "%s", v[i].user);
        (void)snprintf(a.by, sizeof(a.by), "%.31s", v[i].line);
        (void)snprintf(a.from, sizeof(a.from), "%.63s", v[i].host);
        add(l, &a);
    }
    return true;
}

/* Refused ones are many and seldom the cause: they come behind. */
static void add(struct logins *l, const struct hb_auth *a)
{
    struct found *f = &l->v[l->n];

    for (size_t i = 0; i < l->n; i++)
        if (same(&l->v[i].auth, a))
            return;
    if (l->n == l->max)
        return;
    f->auth = *a;
    f->rank = hb_around_far(l->around, a->at) +
              (a->what == HB_AUTH_FAILED ? BEFORE_NS : 0);
    l->n++;
}

/* The same log-in from two sources: wtmp knows no method. */
static bool same(const struct hb_auth *a, const struct hb_auth *b)
{
    return a->what == b->what && hb_streq(a->user, b->user) &&
           a->at - b->at < SAME_NS && b->at - a->at < SAME_NS &&
           (a->what == HB_AUTH_LOGIN || hb_streq(a->how, b->how));
}

static int by_rank(const void *a, const void *b)
{
    const struct found *x = a, *y = b;

    return (x->rank > y->rank) - (x->rank < y->rank);
}

static void tell(struct logins *l, const struct hb_auth *a)
{
    struct hb_moments *o = l->around->out;

    switch (a->what) {
    case HB_AUTH_LOGIN:
        if (a->how[0] == '\0')
            hb_moment_add(o, a->at, "cause.login", "detail", "%s (%s) %s",
                          a->user, a->by, a->from);
        else
            hb_moment_add(o, a->at, "cause.login", "detail", "%s (%s, %s) %s",
                          a->user, a->by, a->how, a->from);
        return;
    case HB_AUTH_FAILED:
        hb_moment_add(o, a->at, "cause.login", "detail",
                      _("refused: %s from %s, of %u refused log-ins in a day"),
                      a->user, a->from, l->failed);
        return;
    case HB_AUTH_BECAME:
        hb_moment_add(o, a->at, "cause.login", "detail", "%s -> %s (%s)",
                      a->user, a->how, a->by);
        return;
    }
}

static void tell_left(struct logins *l)
{
    int64_t from = INT64_MAX, until = INT64_MIN;

    for (size_t i = LOGINS; i < l->n; i++) {
        from = HB_MIN(from, l->v[i].auth.at);
        until = HB_MAX(until, l->v[i].auth.at);
    }
    if (l->n > LOGINS)
        hb_around_left(l->around, "login.left", (int64_t)(l->n - LOGINS), from,
                       until);
}
