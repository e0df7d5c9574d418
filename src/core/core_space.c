/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_space.c - what is deleted, when, and who was told before.
 *
 * Runs in core, once an hour.  Events are the only thing that goes by itself,
 * the oldest day first; a day that an open incident rests on is under legal
 * hold.  A day is announced (NOTICE_DAYS) before it goes, at its age or at
 * nine tenths of the ceiling; the ceiling itself holds without notice, and
 * then the event says so.  Evidence is never deleted: people are told while
 * there is room left.  Copies of it that were made for a stranger count with it
 * and go after a day (core_export.c).
 *
 * An announcement is a row of `meta`, so that a restart forgets none.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "core/core.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/num.h"

#define NOTICE_DAYS 7
#define DAY_NS      ((int64_t)(86400 * HB_S))
#define AGAIN_NS    DAY_NS /* between two warnings of the same thing */

/* Days in a row, as the store names them, oldest first. */
struct span {
    struct hb_core *core;
    unsigned n;
    char first[16], last[16];
    struct span *announced;
};

static void events(struct hb_core *c, struct hb_err *err);
static hb_retain_fn announced_long_ago, legal;
static bool announce(struct hb_core *c, const char *name);
static bool held(struct hb_core *c, const char *day);
static void span_add(struct span *s, const char *day);
static void forget(struct hb_core *c, const struct span *s);
static void evidence(struct hb_core *c);
static void disk(struct hb_core *c);
static bool warn_now(struct hb_core *c, const char *what, unsigned level);
static void say(struct hb_core *c, enum hb_severity sev, const char *status,
                const char *fmt, ...) HB_PRINTF(4, 5);
static uint64_t bytes_below(int dir, const char *begin, unsigned depth);

void hb_core_space(struct hb_core *c)
{
    struct hb_err err = {0};

    events(c, &err);
    if (err.code != 0)
        hb_log(HB_LOG_ERR, "%s", err.message);
    hb_core_exports_clear(c, HB_CLEAR_OLD);
    evidence(c);
    disk(c);
}

static void events(struct hb_core *c, struct hb_err *err)
{
    const struct hb_conf_limits *l = &c->ctx->config->limits;
    int64_t keep = (int64_t)l->event_keep / DAY_NS;
    struct span soon = {.core = c}, gone = {.core = c, .announced = &soon};
    struct span at_once = {.core = c};

    if (hb_events_retain(c->events, (unsigned)HB_MAX(keep - NOTICE_DAYS, 1),
                         l->event_bytes / 10 * 9, announced_long_ago, &gone,
                         NULL, err) < 0)
        return;
    if (soon.n > 0) {
        say(c, HB_SEV_INFO, "retention-soon",
            _("Events of %u days (%s to %s) will be deleted in %d "
              "days; \"hinoban backup\" keeps them."),
            soon.n, soon.first, soon.last, NOTICE_DAYS);
    }
    if (hb_events_retain(c->events, UINT32_MAX, l->event_bytes, legal, &at_once,
                         NULL, err) < 0)
        return;
    if (gone.n > 0) {
        say(c, HB_SEV_INFO, "retention",
            _("Events of %u days (%s to %s) were deleted, as "
              "announced."),
            gone.n, gone.first, gone.last);
        forget(c, &gone);
    }
    if (at_once.n > 0) {
        say(c, HB_SEV_MEDIUM, "retention",
            _("Events of %u days (%s to %s) were deleted without "
              "notice: the ceiling limits.event_bytes was reached."),
            at_once.n, at_once.first, at_once.last);
        forget(c, &at_once);
    }
}

static enum hb_retain announced_long_ago(void *arg, const char *day)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct span *gone = arg;
    struct hb_core *c = gone->core;
    char name[64];
    int64_t since = 0;
    const char *said;

    if (a == NULL || held(c, day))
        return HB_RETAIN_HOLD;
    (void)snprintf(name, sizeof(name), "retention.%.10s", day);
    said = hb_state_get(&c->state, a, name);
    if (said == NULL) {
        if (announce(c, name))
            span_add(gone->announced, day);
        return HB_RETAIN_LATER;
    }
    if (hb_parse_i64(hb_slice_z(said), &since) < 0)
        since = 0;
    /* Told from a clock that was ahead: it counts from now on. */
    if (since > hb_now())
        (void)announce(c, name);
    if (since > hb_now() || hb_now() - since < NOTICE_DAYS * DAY_NS)
        return HB_RETAIN_LATER;
    span_add(gone, day);
    return HB_RETAIN_GO;
}

static bool announce(struct hb_core *c, const char *name)
{
    char when[32];

    (void)snprintf(when, sizeof(when), "%lld", (long long)hb_now());
    return hb_state_set(&c->state, name, when) == 0;
}

static enum hb_retain legal(void *arg, const char *day)
{
    struct span *s = arg;

    if (held(s->core, day))
        return HB_RETAIN_HOLD;
    span_add(s, day);
    return HB_RETAIN_GO;
}

/* A day that an open incident rests on is under legal hold. */
static bool held(struct hb_core *c, const char *day)
{
    int64_t from = 0, n = 0;
    char text[32];

    (void)snprintf(text, sizeof(text), "%.10sT00:00:00Z", day);
    return hb_time_parse(hb_slice_z(text), &from) < 0 ||
           hb_db_number(c->state.db, &n,
                        "SELECT count(*) FROM incident WHERE state < 4"
                        " AND first_event < ?2 AND last_event >= ?1",
                        "ii", from, from + DAY_NS) < 0 ||
           n > 0;
}

static void span_add(struct span *s, const char *day)
{
    if (s->n++ == 0)
        (void)snprintf(s->first, sizeof(s->first), "%.10s", day);
    (void)snprintf(s->last, sizeof(s->last), "%.10s", day);
}

static void forget(struct hb_core *c, const struct span *s)
{
    char last[64];

    (void)snprintf(last, sizeof(last), "retention.%s", s->last);
    if (hb_db_exec(c->state.db,
                   "DELETE FROM meta WHERE name >= 'retention.'"
                   " AND name <= ?1",
                   "t", last) < 0)
        hb_log(HB_LOG_ERR, "%s", hb_db_err(c->state.db)->message);
}

static void evidence(struct hb_core *c)
{
    uint64_t most = c->ctx->config->limits.evidence_bytes, have;
    char path[HB_MAX_PATH];
    _cleanup_close_ int dir = -1, all = -1;
    unsigned level;

    (void)snprintf(path, sizeof(path), "%s/evidence", c->ctx->state_dir);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    all = open(c->ctx->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || all < 0 || most == 0)
        return;
    have = bytes_below(dir, "", 0) + bytes_below(all, HB_EXPORT, 0);
    level = have >= most ? 100 : have >= most / 10 * 8 ? 80 : 0;
    if (warn_now(c, "evidence", level))
        say(c, level >= 100 ? HB_SEV_HIGH : HB_SEV_MEDIUM, "space",
            _("Evidence takes %llu of %llu MB; it is never deleted by itself. "
              "Make room or raise limits.evidence_bytes."),
            (unsigned long long)have >> 20, (unsigned long long)most >> 20);
}

static void disk(struct hb_core *c)
{
    unsigned free_percent, level;
    struct statvfs fs;

    if (statvfs(c->ctx->state_dir, &fs) < 0 || fs.f_blocks == 0)
        return;
    free_percent = (unsigned)(fs.f_bavail * 100 / fs.f_blocks);
    level = free_percent < 2 ? 98 : free_percent < 10 ? 90 : 0;
    if (warn_now(c, "disk", level))
        say(c, level >= 98 ? HB_SEV_HIGH : HB_SEV_MEDIUM, "space",
            _("%s has %u %% of its space left. The guards go on when "
              "it is full, but nothing new is kept."),
            c->ctx->state_dir, free_percent);
}

/* When LEVEL rises, and again every AGAIN_NS while it is not 0. */
static bool warn_now(struct hb_core *c, const char *what, unsigned level)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char name[64], value[64], *end;
    long long before = 0, at = 0;
    const char *said;

    (void)snprintf(name, sizeof(name), "space.%s", what);
    said = a != NULL ? hb_state_get(&c->state, a, name) : NULL;
    if (said != NULL) {
        before = strtoll(said, &end, 10);
        at = strtoll(end, NULL, 10);
    }
    if (level == 0 && before == 0)
        return false;
    if (level != 0 && (long long)level <= before && at <= hb_now() &&
        hb_now() - at < AGAIN_NS)
        return false;
    (void)snprintf(value, sizeof(value), "%u %lld", level, (long long)hb_now());
    if (hb_state_set(&c->state, name, value) < 0)
        hb_log(HB_LOG_ERR, "%s", hb_db_err(c->state.db)->message);
    return level != 0;
}

static void say(struct hb_core *c, enum hb_severity sev, const char *status,
                const char *fmt, ...)
{
    char detail[300];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(detail, sizeof(detail), fmt, ap);
    va_end(ap);
    hb_core_say(c, sev, status, detail);
}

/* Evidence lies flat in a few directories; links are not followed.  What does
 * not begin with BEGIN does not count. */
static uint64_t bytes_below(int dir, const char *begin, unsigned depth)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    uint64_t sum = 0;
    struct dirent *d;
    struct stat st;

    if (list == NULL) {
        hb_close(&fd);
        return 0;
    }
    while ((d = readdir(list)) != NULL) {
        if (hb_streq(d->d_name, ".") || hb_streq(d->d_name, "..") ||
            strncmp(d->d_name, begin, strlen(begin)) != 0 ||
            fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISREG(st.st_mode))
            sum += (uint64_t)st.st_blocks * 512;
        else if (S_ISDIR(st.st_mode) && depth < 4) {
            _cleanup_close_ int sub = openat(
                fd, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

            sum += sub >= 0 ? bytes_below(sub, "", depth + 1) : 0;
        }
    }
    (void)closedir(list);
    return sum;
}
