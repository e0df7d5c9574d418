/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finding.c - phase 5, and one line of JSON for each request that a rule was
 * logged for, that was stopped, or that nobody judged.
 *
 * Runs in a worker.  A line is written by one write(2) to a file that was
 * opened for appending, or one datagram, and is at most 64 KiB: texts that
 * are too long for it are cut, which the line says of itself ("cut").  Values
 * are written as they came; who shows them to people masks them.
 */
#include "module.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "base/json.h"

#define HITS 256u /* of one line */

struct line {
    ngx_http_request_t *r;
    const struct hb_ngx_ctx *ctx;
    struct hb_waf_verdict verdict;
    const struct hb_waf_hit *hit; /* the first, may be NULL */
    struct hb_jw w;
    size_t cap;          /* of one text */
    enum hb_waf_act ban; /* for which its address is banned from now on */
    uint32_t ban_s;      /* for so long */
    unsigned hits;
    bool cut;
};

static bool to_tell(const struct line *l);
static bool tell_rate(void);
static bool limited(const struct line *l);
static void compose(struct line *l, struct hb_buf *b);
static void whole(struct line *l, struct hb_buf *b);
static void who(struct line *l);
static void before(struct line *l);
static void why(struct line *l);
static void hits(struct line *l);
static void one_hit(struct line *l, const struct hb_waf_hit *h);
static void text(struct line *l, const char *key, struct hb_slice s);
static void variable(struct line *l, const struct hb_waf_hit *h);
static void send_line(ngx_http_request_t *r, struct hb_ngx_log *log,
                      struct hb_slice s);
static void send_file(ngx_http_request_t *r, struct hb_ngx_log *log,
                      struct hb_slice s);
static int send_socket(const struct hb_ngx_log *log, struct hb_slice s);

static const char *const actions[] = {
    [HB_NGX_NOTHING] = "passed",        [HB_NGX_DETECTED] = "detected",
    [HB_NGX_DENIED] = "denied",         [HB_NGX_DROPPED] = "dropped",
    [HB_NGX_REDIRECTED] = "redirected", [HB_NGX_UNJUDGED] = "unjudged",
    [HB_NGX_REFUSED] = "refused",       [HB_NGX_PRIVATE] = "private",
    [HB_NGX_BANNED] = "banned",         [HB_NGX_LIMITED] = "limited",
    [HB_NGX_WALLED] = "walled",
};
static const char *const modes[] = {"off", "detect", "block"};

/* Lines of this worker that nobody took, told by the next that is taken. */
static uint64_t lost;
/* Requests over a rate that no line told of: a flood of them is no flood of
 * lines. */
static uint64_t left_out;

const char *hb_ngx_action_name(enum hb_ngx_action action)
{
    return actions[action];
}

uint32_t hb_ngx_rule_id(const struct hb_ngx_ctx *ctx)
{
    struct hb_waf_verdict v;
    const struct hb_waf_hit *h;

    if (ctx->tx == NULL)
        return 0;
    v = hb_waf_tx_verdict(ctx->tx);
    if (v.rule != NULL)
        return v.rule->id;
    h = hb_waf_tx_hits(ctx->tx);
    return h != NULL ? h->rule->id : 0;
}

ngx_int_t hb_ngx_finding(ngx_http_request_t *r)
{
    struct hb_ngx_ctx *ctx = hb_ngx_find(r);
    struct line l = {.r = r, .ctx = ctx};
    /* Of this worker: a finding is told also where memory is out. */
    static char room[HB_NGX_LINE + 1];
    struct hb_buf b = {.p = room, .cap = sizeof(room), .ceiling = HB_NGX_LINE};

    if (ctx == NULL)
        return NGX_OK;
    if (ctx->tx != NULL && hb_waf_tx_log(ctx->tx) < 0)
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "hinoban: %s: no memory for phase 5", ctx->id);
    if (ctx->tx != NULL) {
        l.verdict = hb_waf_tx_verdict(ctx->tx);
        l.hit = hb_waf_tx_hits(ctx->tx);
    }
    if (ctx->rate != NULL && ctx->action == HB_NGX_NOTHING)
        ctx->action = HB_NGX_DETECTED;
    l.ban = hb_ngx_behaviour(r, ctx, &l.ban_s);
    if (!to_tell(&l))
        return NGX_OK;
    if (ctx->place->log == NULL) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "hinoban: %s: %s, rule %uD", ctx->id,
                      actions[ctx->action], hb_ngx_rule_id(ctx));
        return NGX_OK;
    }
    compose(&l, &b);
    if (ctx->rate != NULL)
        left_out = 0;
    send_line(r, ctx->place->log, hb_buf_slice(&b));
    return NGX_OK;
}

static bool to_tell(const struct line *l)
{
    const struct hb_ngx_ctx *ctx = l->ctx;

    if (l->ban != HB_WAF_ACT_COUNT || l->hit != NULL || ctx->pass[0] != '\0')
        return true;
    switch (ctx->action) {
    case HB_NGX_NOTHING:
        return limited(l);
    case HB_NGX_PRIVATE:
    case HB_NGX_BANNED: /* told when the ban began */
        return false;
    case HB_NGX_WALLED:
        return ctx->wrong;
    case HB_NGX_LIMITED:
        return tell_rate();
    case HB_NGX_DETECTED:
        return l->verdict.rule != NULL || limited(l) || tell_rate();
    default:
        return true;
    }
}

/* One line a second of each worker. */
static bool tell_rate(void)
{
    static uint64_t last;
    uint64_t now = hb_mono();

    if (last != 0 && now - last < HB_S) {
        left_out++;
        return false;
    }
    last = now;
    return true;
}

/* More than is looked at, whether or not that stopped it. */
static bool limited(const struct line *l)
{
    return l->verdict.limit != NULL && l->verdict.limit[0] != '\0';
}

/* Texts are cut shorter until the line fits: 64 bytes a text and one hit fit
 * in any case. */
static void compose(struct line *l, struct hb_buf *b)
{
    for (l->cap = HB_NGX_LINE, l->hits = HITS;; l->cap /= 2) {
        hb_buf_reset(b);
        if (l->cap < 1024)
            l->hits = HB_MAX(l->hits / 4, 1u);
        l->cut = false;
        whole(l, b);
        if (hb_buf_err(b) != -EFBIG || l->cap <= 64)
            return;
    }
}

static void whole(struct line *l, struct hb_buf *b)
{
    hb_jw_init(&l->w, b);
    hb_jw_obj(&l->w, NULL);
    who(l);
    before(l);
    why(l);
    hits(l);
    if (l->cut)
        hb_jw_bool(&l->w, "cut", true);
    if (lost > 0)
        hb_jw_int(&l->w, "lost", (int64_t)lost);
    hb_jw_end_obj(&l->w);
    hb_buf_addc(b, '\n');
}

static void who(struct line *l)
{
    ngx_http_request_t *r = l->r;
    ngx_str_t host = r->headers_in.host != NULL ? r->headers_in.host->value
                                                : r->headers_in.server;
    char now[32];

    hb_jw_str(&l->w, "time", hb_time_utc(hb_now(), now, sizeof(now)));
    hb_jw_str(&l->w, "id", l->ctx->id);
    text(l, "client", hb_ngx_slice(r->connection->addr_text));
    text(l, "host", hb_ngx_slice(host));
    text(l, "method", hb_ngx_slice(r->method_name));
    text(l, "uri", hb_ngx_slice(r->unparsed_uri));
    hb_jw_str(&l->w, "mode", modes[l->ctx->place->mode]);
    hb_jw_str(&l->w, "action", actions[l->ctx->action]);
    hb_jw_int(
        &l->w, "status",
        (int64_t)(r->err_status != 0 ? r->err_status : r->headers_out.status));
}

/* What was decided before the rules, and what follows for the address. */
static void before(struct line *l)
{
    const struct hb_ngx_ctx *ctx = l->ctx;

    if (ctx->canary)
        hb_jw_bool(&l->w, "canary", true);
    if (ctx->rate != NULL) {
        text(l, "rate", hb_ngx_slice(ctx->rate->name));
        if (left_out > 0)
            hb_jw_int(&l->w, "left_out", (int64_t)left_out);
    }
    if (ctx->pass[0] != '\0')
        hb_jw_str(&l->w, "pass", ctx->pass);
    if (l->ban != HB_WAF_ACT_COUNT) {
        hb_jw_str(&l->w, "ban", hb_ngx_act_name(l->ban));
        hb_jw_int(&l->w, "ban_s", l->ban_s);
    }
}

/* The rule that decided, or the first that was logged. */
static void why(struct line *l)
{
    const struct hb_waf_hit *h = l->hit;

    if (limited(l))
        hb_jw_str(&l->w, "limit", l->verdict.limit);
    while (h != NULL && l->verdict.rule != NULL && h->rule != l->verdict.rule)
        h = h->next;
    if (h == NULL && l->verdict.rule != NULL)
        hb_jw_int(&l->w, "rule", l->verdict.rule->id);
    if (h == NULL)
        return;
    hb_jw_int(&l->w, "rule", h->rule->id);
    text(l, "msg", h->msg);
    text(l, "logdata", h->logdata);
    variable(l, h);
}

static void hits(struct line *l)
{
    unsigned n = 0, more = 0;

    hb_jw_arr(&l->w, "hits");
    for (const struct hb_waf_hit *h = l->hit; h != NULL; h = h->next)
        if (n < l->hits) {
            one_hit(l, h);
            n++;
        } else {
            more++;
        }
    hb_jw_end_arr(&l->w);
    if (more > 0) {
        l->cut = true;
        hb_jw_int(&l->w, "hits_left_out", more);
    }
}

static void one_hit(struct line *l, const struct hb_waf_hit *h)
{
    hb_jw_obj(&l->w, NULL);
    hb_jw_int(&l->w, "rule", h->rule->id);
    hb_jw_int(&l->w, "phase", h->phase);
    hb_jw_int(&l->w, "severity", h->rule->severity);
    hb_jw_bool(&l->w, "disruptive", h->disruptive);
    text(l, "msg", h->msg);
    text(l, "logdata", h->logdata);
    variable(l, h);
    text(l, "value", h->value);
    if (h->value.n > l->cap)
        hb_jw_int(&l->w, "value_size", (int64_t)h->value.n);
    if (h->n_var > 1) {
        hb_jw_arr(&l->w, "variables");
        for (uint32_t i = 0; i < h->n_var; i++)
            text(l, NULL, h->var[i].name);
        hb_jw_end_arr(&l->w);
    }
    hb_jw_end_obj(&l->w);
}

/* At most the cap, at the end of a character. */
static void text(struct line *l, const char *key, struct hb_slice s)
{
    if (s.n > l->cap) {
        l->cut = true;
        s.n = l->cap;
        for (int i = 0; i < 3 && s.n > 0 && (s.p[s.n] & 0xc0) == 0x80; i++)
            s.n--;
    }
    hb_jw_slice(&l->w, key, s);
}

/* "ARGS:q": what matched last. */
static void variable(struct line *l, const struct hb_waf_hit *h)
{
    const char *coll = hb_waf_coll_name(h->coll);
    size_t n = HB_MIN(strlen(coll), 64u), m = HB_MIN(h->name.n, 400u);
    char name[512];

    memcpy(name, coll, n);
    if (m > 0) {
        name[n++] = ':';
        memcpy(name + n, h->name.p, m);
        n += m;
    }
    l->cut = l->cut || m < h->name.n;
    text(l, "variable", hb_slice(name, n));
}

static void send_line(ngx_http_request_t *r, struct hb_ngx_log *log,
                      struct hb_slice s)
{
    int rc;

    if (log->file != NULL) {
        send_file(r, log, s);
        return;
    }
    rc = send_socket(log, s);
    if (rc == 0) {
        lost = 0;
        return;
    }
    if (lost++ == 0)
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, -rc,
                      "hinoban: nobody takes findings at unix:%s",
                      log->to.sun_path);
}

/* nginx opens files for all to read; in this one stands what people typed. */
void hb_ngx_log_private(struct hb_ngx_log *log)
{
    struct stat st;

    if (log->closed == log->file->fd)
        return;
    log->closed = log->file->fd;
    if (fstat(log->file->fd, &st) == 0 && S_ISREG(st.st_mode) &&
        (st.st_mode & 07) != 0 && fchmod(log->file->fd, st.st_mode & 0770) != 0)
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, ngx_errno,
                      "hinoban: others can read %V", &log->file->name);
}

/* A line that the disk took only a part of is ended, so that the next one
 * stands for itself. */
static void send_file(ngx_http_request_t *r, struct hb_ngx_log *log,
                      struct hb_slice s)
{
    static bool broken;
    ssize_t n;

    hb_ngx_log_private(log); /* it may have been opened again */
    if (broken && write(log->file->fd, "\n", 1) == 1)
        broken = false;
    n = write(log->file->fd, s.p, s.n);
    if (n == (ssize_t)s.n) {
        lost = 0;
        return;
    }
    broken = broken || n > 0;
    if (lost++ == 0)
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, n < 0 ? ngx_errno : 0,
                      "hinoban: findings cannot be written to %V",
                      &log->file->name);
}

/* Never waits. */
static int send_socket(const struct hb_ngx_log *log, struct hb_slice s)
{
    static int fd = -1;

    if (fd < 0)
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return hb_neg_errno();
    if (sendto(fd, s.p, s.n, MSG_NOSIGNAL, (const struct sockaddr *)&log->to,
               sizeof(log->to)) < 0)
        return hb_neg_errno();
    return 0;
}
