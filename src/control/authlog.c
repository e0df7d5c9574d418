/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authlog.c - log-ins and changes of user, from lines of syslog: auth.log as
 * rsyslog writes it ("Nov 25 20:05:12 host sshd[1]: ..." or with an ISO time),
 * and what journalctl prints with --output short-iso.
 *
 * Runs in check.  Lines hold what strangers typed: a user name may contain
 * "Accepted password for root from 10.0.0.1", so the message is read from its
 * first word, and the address from the last " from ".  Who may write to the
 * log may write anything into it; the timeline says whose words these are.
 */
#include "control/authlog.h"

#include <time.h>

#include "base/clock.h"
#include "base/num.h"

static bool line_of(struct hb_slice line, int64_t now, struct hb_auth *ret);
static bool time_of(struct hb_slice line, int64_t now, int64_t *ret,
                    size_t *ret_n);
static bool time_iso(struct hb_slice s, int64_t *ret);
static bool time_bsd(struct hb_slice line, int64_t now, int64_t *ret,
                     size_t *ret_n);
static bool message(struct hb_slice tag, struct hb_slice text,
                    struct hb_auth *ret);
static bool sshd(struct hb_slice text, struct hb_auth *ret);
static bool sudo(struct hb_slice text, struct hb_auth *ret);
static bool session(struct hb_slice text, struct hb_auth *ret);
static bool starts(struct hb_slice *s, const char *word);
static const char *last_of(struct hb_slice s, const char *word);
static void put(char *dst, size_t size, struct hb_slice s);

size_t hb_authlog_read(struct hb_slice text, int64_t since, int64_t now,
                       size_t max, struct hb_auth *ret, unsigned *ret_failed)
{
    struct hb_slice line;
    size_t n = 0;

    while (max > 0 && hb_next_line(&text, &line)) {
        struct hb_auth a = {.what = HB_AUTH_LOGIN};

        if (!line_of(line, now, &a) || a.at < since ||
            a.at > now + (int64_t)HB_S)
            continue;
        if (a.what == HB_AUTH_FAILED) {
            ++*ret_failed;
            /* One stands for all in a row of the same kind. */
            if (n > 0 && ret[n - 1].what == HB_AUTH_FAILED) {
                ret[n - 1] = a;
                continue;
            }
        }
        if (n == max) {
            memmove(ret, ret + 1, (max - 1) * sizeof(*ret));
            n--;
        }
        ret[n++] = a;
    }
    return n;
}

int64_t hb_authlog_newest(struct hb_slice text, int64_t now)
{
    int64_t at;
    size_t n;

    while (text.n > 0) {
        const char *end = memrchr(text.p, '\n', text.n);
        size_t from = end != NULL ? (size_t)(end - text.p) + 1 : 0;

        if (time_of(hb_slice(text.p + from, text.n - from), now, &at, &n))
            return at;
        text.n = from > 0 ? from - 1 : 0;
    }
    return INT64_MIN;
}

/* TIME HOST TAG[PID]: MESSAGE */
static bool line_of(struct hb_slice line, int64_t now, struct hb_auth *ret)
{
    struct hb_slice tag;
    size_t n = 0;
    const char *p;

    if (!time_of(line, now, &ret->at, &n))
        return false;
    line = hb_slice(line.p + n, line.n - n);
    while (line.n > 0 && line.p[0] == ' ')
        line = hb_slice(line.p + 1, line.n - 1);
    p = line.n > 0 ? memchr(line.p, ' ', line.n) : NULL; /* the host */
    if (p == NULL)
        return false;
    line = hb_slice(p + 1, (size_t)(line.p + line.n - p) - 1);
    p = line.n > 0 ? memchr(line.p, ':', line.n) : NULL;
    if (p == NULL)
        return false;
    tag = hb_slice(line.p, (size_t)(p - line.p));
    for (size_t i = 0; i < tag.n; i++)
        if (tag.p[i] == '[')
            tag.n = i;
    line = hb_slice(p + 1, (size_t)(line.p + line.n - p) - 1);
    while (line.n > 0 && line.p[0] == ' ')
        line = hb_slice(line.p + 1, line.n - 1);
    return message(tag, line, ret);
}

/* The time that LINE begins with, of *RET_N bytes. */
static bool time_of(struct hb_slice line, int64_t now, int64_t *ret,
                    size_t *ret_n)
{
    const char *p;

    if (line.n == 0 || line.p[0] < '0' || line.p[0] > '9')
        return time_bsd(line, now, ret, ret_n);
    p = memchr(line.p, ' ', line.n);
    *ret_n = p != NULL ? (size_t)(p - line.p) : 0;
    return *ret_n > 0 && time_iso(hb_slice(line.p, *ret_n), ret);
}

/* 2026-11-25T20:05:12[.123456]+09:00, or +0900 as journalctl writes it. */
static bool time_iso(struct hb_slice s, int64_t *ret)
{
    char text[48];
    size_t n = HB_MIN(s.n, sizeof(text) - 2);

    memcpy(text, s.p, n);
    text[n] = '\0';
    if (n > 5 && (text[n - 5] == '+' || text[n - 5] == '-')) {
        memmove(text + n - 1, text + n - 2, 3);
        text[n - 2] = ':';
    }
    return hb_time_parse(hb_slice_z(text), ret) == 0;
}

/* "Nov 25 20:05:12", local time without a year: the newest that is not in the
 * future. */
static bool time_bsd(struct hb_slice line, int64_t now, int64_t *ret,
                     size_t *ret_n)
{
    time_t sec = (time_t)(now / (int64_t)HB_S), at = -1;
    struct tm tm = {0}, today;
    char text[16];
    const char *end;

    if (line.n < sizeof(text) || localtime_r(&sec, &today) == NULL)
        return false;
    memcpy(text, line.p, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    end = strptime(text, "%b %e %H:%M:%S", &tm);
    if (end == NULL || *end != '\0')
        return false;
    for (int back = 0; back < 2; back++) {
        struct tm t = tm;

        t.tm_year = today.tm_year - back;
        t.tm_isdst = -1;
        at = mktime(&t);
        if (at != -1 && at <= sec + 86400)
            break;
    }
    *ret = (int64_t)at * (int64_t)HB_S;
    *ret_n = sizeof(text) - 1;
    return at != -1;
}

static bool message(struct hb_slice tag, struct hb_slice text,
                    struct hb_auth *ret)
{
    put(ret->by, sizeof(ret->by), tag);
    if (hb_slice_is(tag, "sshd") || hb_slice_is(tag, "sshd-session"))
        return sshd(text, ret);
    if (hb_slice_is(tag, "sudo"))
        return sudo(text, ret);
    if (hb_slice_is(tag, "su") || hb_slice_is(tag, "login"))
        return session(text, ret);
    return false;
}

/* "Accepted publickey for NAME from ADDRESS port N ssh2: ..." and "Failed
 * password for [invalid user ]NAME from ADDRESS port N ssh2". */
static bool sshd(struct hb_slice text, struct hb_auth *ret)
{
    const char *from, *end;

    if (starts(&text, "Accepted "))
        ret->what = HB_AUTH_LOGIN;
    else if (starts(&text, "Failed "))
        ret->what = HB_AUTH_FAILED;
    else
        return false;
    end = text.n > 0 ? memchr(text.p, ' ', text.n) : NULL;
    if (end == NULL)
        return false;
    put(ret->how, sizeof(ret->how), hb_slice(text.p, (size_t)(end - text.p)));
    text = hb_slice(end + 1, (size_t)(text.p + text.n - end) - 1);
    if (!starts(&text, "for "))
        return false;
    (void)starts(&text, "invalid user ");
    from = last_of(text, " from ");
    if (from == NULL)
        return false;
    put(ret->user, sizeof(ret->user),
        hb_slice(text.p, (size_t)(from - text.p)));
    text = hb_slice(from + 6, (size_t)(text.p + text.n - from) - 6);
    end = text.n > 0 ? memchr(text.p, ' ', text.n) : NULL;
    put(ret->from, sizeof(ret->from),
        hb_slice(text.p, end != NULL ? (size_t)(end - text.p) : text.n));
    return true;
}

/* "  NAME : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh" */
static bool sudo(struct hb_slice text, struct hb_auth *ret)
{
    const char *colon = text.n > 0 ? memchr(text.p, ':', text.n) : NULL;
    const char *command = last_of(text, "COMMAND=");
    struct hb_slice user;

    if (colon == NULL || command == NULL || colon > command)
        return false;
    user = hb_slice(text.p, (size_t)(colon - text.p));
    while (user.n > 0 && user.p[user.n - 1] == ' ')
        user.n--;
    if (user.n == 0 || memchr(user.p, ' ', user.n) != NULL)
        return false;
    ret->what = HB_AUTH_BECAME;
    put(ret->user, sizeof(ret->user), user);
    put(ret->how, sizeof(ret->how),
        hb_slice(command + 8, (size_t)(text.p + text.n - command) - 8));
    return true;
}

/* "pam_unix(su-l:session): session opened for user root(uid=0) by b(uid=1)" */
static bool session(struct hb_slice text, struct hb_auth *ret)
{
    static const char opened[] = "session opened for user ";
    const char *at = last_of(text, opened), *by;
    struct hb_slice who;

    if (at == NULL || !starts(&text, "pam_unix("))
        return false;
    at += sizeof(opened) - 1;
    who = hb_slice(at, (size_t)(text.p + text.n - at));
    by = last_of(who, " by ");
    ret->what = HB_AUTH_BECAME;
    put(ret->how, sizeof(ret->how),
        hb_slice(who.p, by != NULL ? (size_t)(by - who.p) : who.n));
    if (by != NULL)
        put(ret->user, sizeof(ret->user),
            hb_slice(by + 4, (size_t)(who.p + who.n - by) - 4));
    return true;
}

/* Takes WORD off the front. */
static bool starts(struct hb_slice *s, const char *word)
{
    size_t n = strlen(word);

    if (s->n < n || memcmp(s->p, word, n) != 0)
        return false;
    *s = hb_slice(s->p + n, s->n - n);
    return true;
}

static const char *last_of(struct hb_slice s, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = s.n; n > 0 && i >= n; i--)
        if (memcmp(s.p + i - n, word, n) == 0)
            return s.p + i - n;
    return NULL;
}

static void put(char *dst, size_t size, struct hb_slice s)
{
    size_t n = HB_MIN(s.n, size - 1);

    if (n > 0)
        memcpy(dst, s.p, n);
    dst[n] = '\0';
}
