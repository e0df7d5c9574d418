/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_export.c - packages of evidence for a stranger: made, handed over, and
 * taken away again.
 *
 * Runs in core.  A package is made below the state directory and holds others'
 * personal data in clear, so it must not stay.  One that the caller fetches
 * ("export-ID-MS.out") is theirs by a descriptor that carries a lock: once
 * they close it, or die, the lock is gone and so is the package.  One that
 * root is to take ("export-ID-MS") stays a day.  What a core that died left
 * half made or half fetched goes when the next one starts.
 *
 * Contents are copied and hashed a few at a time, between which core does all
 * else; one at a time, as it was taken.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "core/cmd.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/num.h"

#define OUT    ".out"
#define LAST   "SHA256SUMS.sig"    /* what is written last */
#define SLICE  ((uint64_t)4 << 20) /* bytes between two looks at others */
#define DAY_MS ((int64_t)(86400 * HB_S / HB_MS))

/* A package that is being made, for whoever waits with TICKET. */
struct hb_core_exporting {
    struct hb_export *package;
    struct hb_timer *timer;
    struct hb_core_call call; /* what the answer is made of */
    struct hb_person person;
    int64_t id; /* 0: all there is */
    uint64_t ticket;
    const char *to;
};

static int begin(struct hb_core_call *call, int64_t id, bool fetch);
static int open_package(struct hb_core_exporting *x, const struct hb_person *by,
                        bool fetch, struct hb_err *err);
static hb_timer_fn on_step;
static int done(struct hb_core_exporting *x);
static int hand_over(struct hb_core_call *call, const char *to);
static int note_exported(struct hb_core_call *call, int64_t id);
static bool is_over(int dirfd, const char *name, enum hb_core_clear when);
static bool is_old(const char *name);

/* One incident, or with "whole" all there is; "fetch": the package goes along
 * as a descriptor. */
int hb_core_evidence_export(struct hb_core_call *call)
{
    struct hb_core *c = call->core;
    bool whole = hb_json_bool(call->args, "whole", false);
    int64_t id = whole ? 0 : hb_json_int(call->args, "incident", 0);
    struct hb_incident i;
    int r;

    if (!whole && hb_incident_get(&c->state, call->arena, id, &i) < 0)
        return hb_err_set(&call->err, -ENOENT, _("There is no incident %lld."),
                          (long long)id);
    if (c->exporting != NULL)
        return hb_err_set(&call->err, -EBUSY,
                          _("Another package is being made; ask again when it "
                            "is done."));
    r = begin(call, id, hb_json_bool(call->args, "fetch", false));
    if (r < 0)
        return r;
    call->later = true;
    return 0;
}

static int begin(struct hb_core_call *call, int64_t id, bool fetch)
{
    struct hb_core_exporting *x = calloc(1, sizeof(*x));
    struct hb_core *c = call->core;
    int r;

    if (x == NULL)
        return -ENOMEM;
    x->id = id;
    x->ticket = call->ticket;
    x->call = (struct hb_core_call){.core = c,
                                    .arena = hb_arena_new(0),
                                    .lang = call->lang,
                                    .person = &x->person,
                                    .pass_fd = -1};
    hb_buf_init(&x->call.text, 0);
    hb_buf_init(&x->call.data, 0);
    c->exporting = x;
    r = open_package(x, call->person, fetch, &call->err);
    if (r == 0) {
        x->timer = hb_loop_timer(c->loop, HB_MS, HB_MS, on_step, c);
        r = x->timer == NULL ? -ENOMEM : 0;
    }
    if (r < 0)
        hb_core_exporting_stop(c);
    return r;
}

static int open_package(struct hb_core_exporting *x, const struct hb_person *by,
                        bool fetch, struct hb_err *err)
{
    struct hb_core *c = x->call.core;
    struct hb_arena *a = x->call.arena;
    const char *name;
    int r;

    if (a == NULL)
        return -ENOMEM;
    x->person =
        (struct hb_person){.name = hb_arena_strdup(a, by->name),
                           .full_name = hb_arena_strdup(a, by->full_name)};
    x->to = hb_arena_printf(
        a, "%s/" HB_EXPORT "%lld-%lld%s", c->ctx->state_dir, (long long)x->id,
        (long long)(hb_now() / (int64_t)HB_MS), fetch ? OUT : "");
    name = hb_arena_printf(a, "person:%s", by->name);
    if (x->to == NULL || name == NULL || x->person.name == NULL ||
        x->person.full_name == NULL)
        return -ENOMEM;
    r = hb_export_new(c->state.evidence, x->id, x->to, name, &x->package, err);
    return r == 0 && fetch ? hand_over(&x->call, x->to) : r;
}

static void on_step(void *arg)
{
    struct hb_core *c = arg;
    struct hb_core_exporting *x = c->exporting;
    int r;

    /* Whoever hung up wants none. */
    if (!hb_core_ctl_waits(c->ctl, x->ticket)) {
        hb_core_exporting_stop(c);
        return;
    }
    hb_i18n_use(x->call.lang);
    r = hb_export_step(x->package, SLICE, &x->call.err);
    if (r <= 0) {
        if (r == 0)
            r = done(x);
        hb_core_ctl_answer(c->ctl, x->ticket, r, &x->call);
        hb_core_exporting_stop(c);
    }
    hb_i18n_use(HB_LANG_EN);
}

static int done(struct hb_core_exporting *x)
{
    int r = x->id != 0 ? note_exported(&x->call, x->id) : 0;

    if (r < 0)
        return r;
    if (x->call.pass_fd < 0)
        hb_buf_addf(&x->call.text,
                    _("The package is in %s for a day (only root and the "
                      "service can read it: sudo cp -r).\n"),
                    x->to);
    hb_json_quote(&x->call.data, hb_slice_z(x->to));
    return hb_buf_err(&x->call.data);
}

void hb_core_exporting_stop(struct hb_core *c)
{
    struct hb_core_exporting *x = c->exporting;

    if (x == NULL)
        return;
    c->exporting = NULL;
    hb_timer_stop(c->loop, x->timer);
    hb_export_free(x->package);
    hb_close(&x->call.pass_fd);
    hb_buf_done(&x->call.text);
    hb_buf_done(&x->call.data);
    hb_arena_free(x->call.arena);
    free(x);
}

/* The lock is that of the open directory, not of a process: whoever holds the
 * descriptor last holds it. */
static int hand_over(struct hb_core_call *call, const char *to)
{
    int fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    call->core->exports_out++;
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_SH | LOCK_NB) < 0) {
        int r = -errno;

        hb_close(&fd);
        return r;
    }
    call->pass_fd = fd;
    return 0;
}

static int note_exported(struct hb_core_call *call, int64_t id)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    const char *by =
        hb_arena_printf(call->arena, "person:%s", call->person->name);
    struct hb_jw w;

    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "by", call->person->full_name);
    hb_jw_end_obj(&w);
    if (by == NULL || hb_buf_err(&args) < 0)
        return -ENOMEM;
    return hb_timeline_add(&call->core->state, id, hb_now(),
                           "evidence.exported", by, hb_buf_z(&args), "");
}

void hb_core_exports_clear(struct hb_core *c, enum hb_core_clear when)
{
    _cleanup_close_ int at = -1;
    unsigned left = 0;
    struct dirent *d;
    char why[128];
    DIR *list;

    if (when == HB_CLEAR_FETCHED && c->exports_out == 0)
        return;
    list = opendir(c->ctx->state_dir);
    if (list == NULL)
        return;
    at = fcntl(dirfd(list), F_DUPFD_CLOEXEC, 0);
    while ((d = readdir(list)) != NULL) {
        int r = 0;

        if (strncmp(d->d_name, HB_EXPORT, strlen(HB_EXPORT)) != 0)
            continue;
        if (is_over(at, d->d_name, when))
            r = hb_rmtree(at, d->d_name);
        else if (hb_ends_with(d->d_name, OUT))
            left++;
        if (r < 0 && r != -ENOENT)
            hb_log(HB_LOG_ERR, "%s/%s: %s", c->ctx->state_dir, d->d_name,
                   hb_errno_text(r, why, sizeof(why)));
    }
    (void)closedir(list);
    c->exports_out = left;
}

static bool is_over(int dirfd, const char *name, enum hb_core_clear when)
{
    _cleanup_close_ int fd =
        openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return false;
    if (is_old(name))
        return true;
    if (hb_ends_with(name, OUT))
        return when == HB_CLEAR_START || flock(fd, LOCK_EX | LOCK_NB) == 0;
    return when == HB_CLEAR_START && faccessat(fd, LAST, F_OK, 0) < 0;
}

/* By its name, which says when it was made; one from a clock that was ahead by
 * more than a day is none that anybody waits for. */
static bool is_old(const char *name)
{
    const char *dash = strrchr(name, '-');
    int64_t at = 0, now = hb_now() / (int64_t)HB_MS;

    return dash == NULL ||
           hb_parse_i64(hb_slice(dash + 1, strcspn(dash + 1, ".")), &at) < 0 ||
           now - at >= DAY_MS || at - now >= DAY_MS;
}
