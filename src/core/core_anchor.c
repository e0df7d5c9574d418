/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_anchor.c - signed checkpoints of the evidence leave this machine, to a
 * place that whoever becomes root here cannot rewrite (TRUST: Keys).
 *
 * Runs in core, which has no network: a file is written where the anchor says
 * (another host's share), a mail is given to the role "outside".  A checkpoint
 * stands for all before it, so nothing is queued: the next one makes up for
 * one that did not leave, and while nothing is added one a day is signed.  A
 * mail goes at most once an hour while evidence comes in, and once a day.
 *
 * One that could not leave is told once and tried again after 10, 20, 40 ...
 * minutes, at most 6 hours; that one left again is told, too.  What is known
 * stands in the state store, so that a restart neither mails again nor
 * forgets: "anchored" (TIME ANCHOR of the last that left), "anchored_items"
 * (contents of the log then), "anchor_failing" (SINCE TRIES NEXT),
 * "anchored_paper" (TIME NUMBER of the checkpoint), times in ns UTC.
 *
 * A checkpoint that was printed counts only once a registered person says,
 * with the code that stands on the paper, that it was put away; who and when
 * stands in the evidence log.  It covers what was taken before it was signed,
 * whenever that was said: it counts until new content comes into the log, and
 * two days from then, in which the next can be printed.
 */
#include <stdio.h>

#include "core/core_bus.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/num.h"
#include "incident/evidence.h"

#define MINUTE_NS ((int64_t)(60 * HB_S))
#define HOUR_NS   (60 * MINUTE_NS)
#define DAY_NS    (24 * HOUR_NS)
#define LATELY_NS (2 * DAY_NS)
#define FIRST_NS  (10 * MINUTE_NS)
#define LAST_NS   (6 * HOUR_NS)
#define PATIENCE  (120 * HB_S)
#define CODE_MIN  12u /* digits of a digest on a paper's code */
#define MAIL      "mail:"
#define FILE_     "file:"

/* Where the checkpoints are. */
struct state {
    bool set;              /* the settings name a place */
    bool lately;           /* one left there in the last two days */
    bool on_paper;         /* all evidence is before one on paper, or what
                              is not came in the last two days */
    int64_t last;          /* when the last one left, ns UTC; 0 never */
    int64_t paper;         /* of when the latest on paper is; 0 none */
    int64_t failing_since; /* 0: the last try was good */
};

/* Of tries that failed, since the last that did not. */
struct failing {
    int64_t since, tries, next;
};

static void look(struct hb_core *c, struct state *ret);
static int leave(struct hb_core *c, enum hb_core_send when,
                 struct hb_buf *ret_line, struct hb_err *err);
static int by_file(struct hb_core *c, const char *path, struct hb_slice line,
                   struct hb_err *err);
static bool nothing_new(struct hb_core *c);
static bool mail_due(struct hb_core *c);
static int by_mail(struct hb_core *c, struct hb_slice line, struct hb_err *err);
static void on_mailed(void *arg, const struct hb_event *answer);
static void failed(struct hb_core *c, const char *why);
static void left(struct hb_core *c, int64_t pieces);
static struct failing failing(struct hb_core *c);
static int64_t last(struct hb_core *c);
static void numbers(struct hb_core *c, const char *name, int64_t *ret,
                    size_t n);
static void keep(struct hb_core *c, const char *name, const struct hb_buf *b);
static bool on_paper(struct hb_core *c, int64_t number);
static int paper_at(struct hb_core *c, const char *code, int64_t *ret_number,
                    struct hb_evidence_at *ret, struct hb_err *err);
static void paper_keep(struct hb_core *c, int64_t number, int64_t time);
static int64_t items(struct hb_core *c);

int hb_core_checkpoint(struct hb_core *c, enum hb_core_send when,
                       struct hb_buf *ret_line, struct hb_err *err)
{
    int r = leave(c, when, ret_line, err);

    if (r < 0)
        failed(c, err->message);
    return r;
}

bool hb_core_anchor_reason(struct hb_core *c, char reason[HB_CORE_REASON],
                           bool *ret_failing)
{
    const struct hb_conf_org *org = &c->ctx->config->organisation;
    const char *text = N_("Checkpoints of the evidence do not leave this "
                          "machine: root could rewrite the whole chain "
                          "unseen.");
    struct state a;
    char when[64] = "";
    int64_t at = 0;

    look(c, &a);
    if (a.lately && a.failing_since == 0) {
        text = N_("Checkpoints of the evidence leave this machine.");
    } else if (a.on_paper) {
        text = N_("The checkpoint of the evidence of %s was put away on "
                  "paper.");
        at = a.paper;
    } else if (a.lately) {
        text = N_("Checkpoints of the evidence leave this machine, but none "
                  "could since %s.");
        at = a.failing_since;
    } else if (a.last != 0 || a.paper != 0) {
        text = N_("No checkpoint of the evidence has left this machine since "
                  "%s: root could rewrite what came after unseen.");
        at = HB_MAX(a.last, a.paper);
    } else if (a.set && a.failing_since != 0) {
        text = N_("No checkpoint of the evidence has left this machine yet, "
                  "and none could since %s: root could rewrite the whole "
                  "chain unseen.");
        at = a.failing_since;
    }
    if (at != 0)
        (void)hb_time_zone(at, (int)org->zone_minutes, org->zone_name, when,
                           sizeof(when));
    (void)snprintf(reason, HB_CORE_REASON, at != 0 ? "%s\t%s" : "%s%s", text,
                   when);
    *ret_failing = a.failing_since != 0;
    return a.lately || a.on_paper;
}

static void look(struct hb_core *c, struct state *ret)
{
    const char *anchor = c->ctx->config->organisation.anchor;
    int64_t now = hb_now(), paper[2] = {0};

    *ret = (struct state){.set = anchor != NULL && anchor[0] != '\0',
                          .last = last(c),
                          .failing_since = failing(c).since};
    ret->lately = ret->last != 0 && now - ret->last < LATELY_NS;
    numbers(c, "anchored_paper", paper, HB_ARRAY_LEN(paper));
    ret->paper = paper[0];
    ret->on_paper = on_paper(c, paper[1]);
}

int hb_core_anchor_paper(struct hb_core *c, const struct hb_person *person,
                         const char *code, const char *place,
                         struct hb_err *err)
{
    char name[64], by[64], why[128];
    struct hb_evidence_item item = {
        .kind = "anchor", .name = name, .taken_by = by, .source = place};
    struct hb_evidence_at at = {0};
    int64_t number = 0;
    int r = paper_at(c, code, &number, &at, err);

    if (r < 0)
        return r;
    (void)snprintf(name, sizeof(name), "paper %lld", (long long)number);
    (void)snprintf(by, sizeof(by), "person:%s", person->name);
    r = hb_evidence_note(c->state.evidence, &item);
    if (r < 0)
        return hb_err_set(err, r, "%s", hb_errno_text(r, why, sizeof(why)));
    paper_keep(c, number, at.checkpoint);
    return 0;
}

static int paper_at(struct hb_core *c, const char *code, int64_t *ret_number,
                    struct hb_evidence_at *ret, struct hb_err *err)
{
    const char *dash = strchr(code, '-');
    char hex[2 * HB_SHA256_SIZE + 1] = "", why[128];
    struct hb_evidence_at at = {0};
    int64_t number = 0;
    int r;

    if (dash == NULL || strlen(dash + 1) < CODE_MIN ||
        hb_parse_i64(hb_slice(code, (size_t)(dash - code)), &number) < 0 ||
        number < 1)
        return hb_err_set(err, -EINVAL,
                          _("The code stands on the paper: a number, a hyphen "
                            "and %u digits."),
                          CODE_MIN);
    r = hb_evidence_at(c->state.evidence, number, &at);
    hb_hex(at.digest, sizeof(at.digest), hex);
    if (r == -ENOENT ||
        (r == 0 && (at.checkpoint == 0 ||
                    strncasecmp(hex, dash + 1, strlen(dash + 1)) != 0)))
        return hb_err_set(err, -EUCLEAN,
                          _("The log has no such checkpoint %lld. Look at the "
                            "code again; if it is as on the paper, the log was "
                            "rewritten: keep this machine as it is and call "
                            "for help."),
                          (long long)number);
    if (r < 0)
        return hb_err_set(err, r, "%s", hb_errno_text(r, why, sizeof(why)));
    *ret_number = number;
    *ret = at;
    return 0;
}

/* An older sheet takes nothing away from a later one that the log holds. */
static void paper_keep(struct hb_core *c, int64_t number, int64_t time)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_evidence_at at = {0};
    int64_t had[2] = {0};

    numbers(c, "anchored_paper", had, HB_ARRAY_LEN(had));
    if (had[1] > number && hb_evidence_at(c->state.evidence, had[1], &at) == 0)
        return;
    hb_buf_addf(&b, "%lld %lld", (long long)time, (long long)number);
    keep(c, "anchored_paper", &b);
}

/* Whether all content is before checkpoint NUMBER, or what is not came in the
 * last two days. */
static bool on_paper(struct hb_core *c, int64_t number)
{
    struct hb_core_paper *seen = &c->paper_seen;
    struct hb_evidence_at at = {0};
    int64_t n = items(c), now = hb_now();

    if (number < 1 || n < 0)
        return false;
    if (seen->number != number || (seen->first == 0 && seen->contents != n)) {
        if (hb_evidence_at(c->state.evidence, number, &at) < 0)
            return false;
        *seen = (struct hb_core_paper){number, n, at.first};
    }
    return seen->first == 0 ||
           (now >= seen->first && now - seen->first < LATELY_NS);
}

static int leave(struct hb_core *c, enum hb_core_send when,
                 struct hb_buf *ret_line, struct hb_err *err)
{
    const char *anchor = c->ctx->config->organisation.anchor;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text;
    char path[HB_MAX_PATH], why[128];
    int r;

    if (when == HB_SEND_DUE && nothing_new(c))
        return 0;
    if (a == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r = hb_evidence_checkpoint(c->state.evidence, a, &text);
    if (r < 0)
        return hb_err_set(err, r, _("no checkpoint could be signed: %s"),
                          hb_errno_text(r, why, sizeof(why)));
    /* One for paper goes nowhere by itself: the next tick sends another. */
    if (when != HB_SEND_PAPER) {
        c->signed_lines = hb_evidence_lines(c->state.evidence);
        c->signed_at = hb_now();
    }
    r = snprintf(path, sizeof(path), "%s/checkpoint", c->ctx->state_dir);
    if (r > 0 && (size_t)r < sizeof(path))
        r = hb_file_write(path, text.p, text.n, 0644);
    if (r < 0)
        return hb_err_set(err, r, "%s: %s", path,
                          hb_errno_text(r, why, sizeof(why)));
    if (ret_line != NULL)
        hb_buf_add(ret_line, text.p, text.n);
    if (anchor == NULL || when == HB_SEND_PAPER)
        return 0;
    if (strncmp(anchor, FILE_, strlen(FILE_)) == 0)
        return by_file(c, anchor + strlen(FILE_), text, err);
    if (strncmp(anchor, MAIL, strlen(MAIL)) != 0 || c->mailing ||
        when == HB_SEND_NO_MAIL || (when == HB_SEND_DUE && !mail_due(c)))
        return 0;
    return by_mail(c, text, err);
}

/* The log ends with a checkpoint of today, and nobody waits for one. */
static bool nothing_new(struct hb_core *c)
{
    const char *anchor = c->ctx->config->organisation.anchor;
    int64_t age = hb_now() - c->signed_at;
    bool mail = anchor != NULL && strncmp(anchor, MAIL, strlen(MAIL)) == 0;

    return c->signed_lines != 0 &&
           c->signed_lines == hb_evidence_lines(c->state.evidence) &&
           age >= 0 && age < DAY_NS && failing(c).tries == 0 &&
           (!mail || !mail_due(c));
}

static int by_file(struct hb_core *c, const char *path, struct hb_slice line,
                   struct hb_err *err)
{
    char why[128];
    int r = hb_file_write(path, line.p, line.n, 0644);

    if (r < 0)
        return hb_err_set(err, r, "%s: %s", path,
                          hb_errno_text(r, why, sizeof(why)));
    left(c, items(c));
    return 0;
}

/* A time that lies ahead was noted by a clock that was wrong. */
static bool mail_due(struct hb_core *c)
{
    struct failing f = failing(c);
    int64_t now = hb_now(), at = last(c), then = -2;

    if (f.tries > 0)
        return now + MINUTE_NS >= f.next || f.next - now > LAST_NS;
    if (at == 0 || now < at || now - at >= DAY_NS)
        return true;
    numbers(c, "anchored_items", &then, 1);
    return now - at >= HOUR_NS && items(c) != then;
}

static int by_mail(struct hb_core *c, struct hb_slice line, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT, lines = HB_BUF_INIT;
    struct hb_core_member members[] = {
        {.name = "text"}, {.name = "lines"}, {.name = NULL}};
    char when[64], why[128];
    int r;

    hb_buf_addf(&b,
                _("Checkpoint of the evidence of %s, %s.\n\n"
                  "Keep this mail: save it whole. With it, a log that was "
                  "rewritten\non that machine is noticed:\n\n"
                  "    hinoban evidence verify --anchor THIS-MAIL\n\n"),
                c->ctx->config->organisation.name,
                hb_time_utc(hb_now(), when, sizeof(when)));
    r = hb_evidence_anchor_lines(&lines, line);
    if (r == 0)
        r = hb_buf_err(&b);
    members[0].text = hb_buf_z(&b);
    members[1].text = hb_buf_z(&lines);
    if (r == 0)
        r = hb_core_command_with(c, "sense/outside", "mail", members, PATIENCE,
                                 on_mailed, c);
    if (r < 0)
        return hb_err_set(err, r, _("the checkpoint could not be mailed: %s"),
                          r == -ENOTCONN
                              ? _("That part of Hinoban is not connected.")
                              : hb_errno_text(r, why, sizeof(why)));
    c->mailing = true;
    c->mailing_items = items(c);
    return 0;
}

static void on_mailed(void *arg, const struct hb_event *answer)
{
    struct hb_core *c = arg;

    c->mailing = false;
    if (answer == NULL)
        failed(c, _("No answer in time."));
    else if (!hb_streq(hb_event_getz(answer, HB_F_STATUS, ""), "done"))
        failed(c, hb_event_getz(answer, HB_F_STATUS_DETAIL, ""));
    else
        left(c, c->mailing_items);
}

/* The first of a row of failures is told; each waits twice as long. */
static void failed(struct hb_core *c, const char *why)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct failing f = failing(c);
    int64_t now = hb_now(), wait = FIRST_NS, next;

    if (f.tries == 0) {
        f.since = now;
        hb_log(HB_LOG_ERR, "%s", why);
        hb_core_say(c, HB_SEV_MEDIUM, "not-anchored", why);
    }
    for (int64_t i = 0; i < f.tries && wait < LAST_NS; i++)
        wait *= 2;
    next = now + HB_MIN(wait, LAST_NS);
    hb_buf_addf(&b, "%lld %lld %lld", (long long)f.since,
                (long long)f.tries + 1, (long long)next);
    keep(c, "anchor_failing", &b);
}

static void left(struct hb_core *c, int64_t pieces)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct failing f = failing(c);
    char since[32], detail[96];

    hb_buf_addf(&b, "%lld %s", (long long)hb_now(),
                c->ctx->config->organisation.anchor);
    keep(c, "anchored", &b);
    hb_buf_reset(&b);
    hb_buf_addf(&b, "%lld", (long long)pieces);
    keep(c, "anchored_items", &b);
    if (f.tries == 0)
        return;
    hb_buf_reset(&b);
    keep(c, "anchor_failing", &b);
    (void)snprintf(detail, sizeof(detail), "%s, %lld",
                   hb_time_utc(f.since, since, sizeof(since)),
                   (long long)f.tries);
    hb_core_say(c, HB_SEV_INFO, "anchored-again", detail);
}

static struct failing failing(struct hb_core *c)
{
    int64_t v[3] = {0};

    numbers(c, "anchor_failing", v, HB_ARRAY_LEN(v));
    return v[1] > 0 ? (struct failing){v[0], v[1], v[2]} : (struct failing){0};
}

/* When one last left to where the settings say now; 0 never. */
static int64_t last(struct hb_core *c)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *anchor = c->ctx->config->organisation.anchor;
    const char *said =
        a != NULL ? hb_state_get(&c->state, a, "anchored") : NULL;
    const char *blank = said != NULL ? strchr(said, ' ') : NULL;
    int64_t at;

    if (blank == NULL || anchor == NULL || !hb_streq(blank + 1, anchor) ||
        hb_parse_i64(hb_slice(said, (size_t)(blank - said)), &at) < 0)
        return 0;
    return at;
}

/* The numbers that NAME holds; what is not there stays as it is in RET. */
static void numbers(struct hb_core *c, const char *name, int64_t *ret, size_t n)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *z = a != NULL ? hb_state_get(&c->state, a, name) : NULL;

    for (size_t i = 0; i < n && z != NULL; i++) {
        const char *end = strchrnul(z, ' ');

        if (hb_parse_i64(hb_slice(z, (size_t)(end - z)), &ret[i]) < 0)
            return;
        z = *end == ' ' ? end + 1 : NULL;
    }
}

static void keep(struct hb_core *c, const char *name, const struct hb_buf *b)
{
    if (hb_buf_err(b) < 0 || hb_state_set(&c->state, name, hb_buf_z(b)) < 0)
        hb_log(HB_LOG_ERR, "%s: %s", name, hb_db_err(c->state.db)->message);
}

/* Contents of the log; -1 where it cannot be read. */
static int64_t items(struct hb_core *c)
{
    int64_t n = -1;

    return hb_evidence_contents(c->state.evidence, &n) == 0 ? n : -1;
}
