/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outside.c - the role outside: fetches the public address of each site as a
 * visitor would and compares it with the signed baseline.
 *
 * Runs without privilege; it is the only role that may open connections to the
 * network.  Trusted: the configuration, baselines whose signature holds.  Not
 * trusted: names, certificates, headers and bodies that come back.
 *
 * One page a turn of the loop, so that a slow server holds up a command or the
 * end of the process for one page's time only.
 */
#include "sense/outside/outside.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/num.h"
#include "base/sock.h"
#include "event/bus.h"
#include "net/mail.h"
#include "sense/outside/look.h"
#include "sense/outside/mail.h"

#define SOURCE      "sense/outside"
#define RING        (1u << 20)
#define IPS         16u
#define TELL_AGAIN  (3600 * HB_S)
#define KEY_MAX     33u
#define CERT_SOON_S (14 * 86400ll)

struct site {
    struct role *role;
    const struct hb_conf_site *conf;
    struct hb_timer *next; /* the next look, or the next page of one */
    unsigned step;         /* pages of this look that are done */
    bool looking;
    char key[KEY_MAX]; /* of the command that waits; "" none */
    struct hb_look look;
    char flag[HB_MAX_PATH]; /* the helper's, while it is private */
    enum hb_seen worst;
    unsigned same; /* pages that were as published */
    enum hb_seen told;
    uint64_t told_at;
    char told_detail[256];
    char detail[256]; /* of the worst page of this look */
    char reached[64]; /* the peer's address */
    int status;
    bool has_cert;
    uint8_t cert[HB_SHA256_SIZE];
    char ips[IPS][64];
    size_t ips_n;
};

struct role {
    const struct hb_role_ctx *ctx;
    struct hb_loop *loop;
    struct hb_bus *bus;
    struct hb_pub *pub;
    struct hb_arena *arena;
    struct site *sites;
    size_t n;
};

static int setup(struct role *r);
static void look_begin(struct site *s);
static void look_end(struct site *s);
static hb_timer_fn on_time;
static hb_bus_command_fn on_command;
static void mail(struct role *r, const char *key,
                 const struct hb_json *command);
static void hook(struct role *r, const char *key,
                 const struct hb_json *command);
static void notify(struct role *r, const char *key,
                   const struct hb_json *command);
static void letter(struct role *r, const char *key,
                   const struct hb_json *command);
static void taken(struct role *r, const char *key, int rc, const char *answer,
                  const struct hb_err *err);
static void page_one(struct site *s);
static void remember(struct site *s, const struct hb_fetched *f);
static void tell_page(struct site *s, enum hb_seen seen, const char *url,
                      const struct hb_fetched *f, const char *detail);
static void tell_change(struct site *s, const struct hb_fetched *f,
                        const char *what, const char *detail);
static void tell_control(struct role *r);
static void tell_ready(struct role *r);

int hb_outside_main(const struct hb_role_ctx *ctx)
{
    struct role r = {.ctx = ctx};
    int rc = setup(&r);

    if (rc == 0) {
        hb_notify("READY=1");
        rc = hb_loop_run(r.loop, NULL, NULL);
    } else {
        char text[128];

        hb_log(HB_LOG_ERR, _("the outside view cannot start: %s"),
               hb_errno_text(rc, text, sizeof(text)));
        rc = EXIT_FAILURE;
    }
    hb_bus_free(r.bus);
    hb_loop_free(r.loop);
    hb_pub_free(r.pub);
    hb_arena_free(r.arena);
    free(r.sites);
    return rc;
}

static int setup(struct role *r)
{
    const struct hb_conf_site *conf = r->ctx->config->sites.v;
    char path[HB_MAX_PATH];
    int rc;

    r->n = r->ctx->config->sites.n;
    r->loop = hb_loop_new();
    r->arena = hb_arena_new(0);
    r->sites = calloc(HB_MAX(r->n, 1u), sizeof(*r->sites));
    if (r->loop == NULL || r->arena == NULL || r->sites == NULL)
        return -ENOMEM;
    (void)snprintf(path, sizeof(path), "%s/event.sock", r->ctx->run_dir);
    rc = hb_bus_new(r->loop, path, SOURCE, RING, &r->bus);
    if (rc < 0)
        return rc;
    hb_bus_on_command(r->bus, on_command, r);
    (void)snprintf(path, sizeof(path), "%s/keys/publish.pub", r->ctx->etc_dir);
    /* Before "hinoban init" there is no key: then everything is unknown. */
    if (hb_pub_load(path, &r->pub, NULL) < 0)
        r->pub = NULL;
    for (size_t i = 0; i < r->n; i++) {
        r->sites[i] = (struct site){.role = r,
                                    .conf = &conf[i],
                                    .look = {.site = conf[i].name,
                                             .url = conf[i].url,
                                             .ca_file = conf[i].url_ca,
                                             .baseline = r->ctx->baseline_dir,
                                             .pub = r->pub,
                                             .flag = r->sites[i].flag}};
        (void)snprintf(r->sites[i].flag, sizeof(r->sites[i].flag), "%s/%s.flag",
                       r->ctx->private_dir, conf[i].name);
        look_begin(&r->sites[i]);
    }
    tell_ready(r);
    tell_control(r);
    return 0;
}

/* ---- when ---- */

static void look_begin(struct site *s)
{
    if (s->conf->url[0] == '\0')
        return;
    hb_timer_stop(s->role->loop, s->next);
    s->next = hb_loop_timer(s->role->loop, 0, 0, on_time, s);
    s->step = s->same = 0;
    s->worst = HB_SEEN_SAME;
    s->detail[0] = '\0';
    s->looking = true;
}

static void on_time(void *arg)
{
    struct site *s = arg;

    s->next = NULL;
    if (!s->looking) {
        look_begin(s);
        return;
    }
    page_one(s);
    hb_arena_reset(s->role->arena);
    if (s->step <= HB_LOOK_PAGES && s->worst != HB_SEEN_UNREACHABLE &&
        s->worst != HB_SEEN_PRIVATE)
        s->next = hb_loop_timer(s->role->loop, 0, 0, on_time, s);
    else
        look_end(s);
}

static void look_end(struct site *s)
{
    bool same = s->worst == HB_SEEN_PRIVATE ||
                (s->worst == HB_SEEN_SAME && s->same > 0);

    s->looking = false;
    s->next =
        hb_loop_timer(s->role->loop, s->conf->outside_every, 0, on_time, s);
    if (s->same == 0 && s->worst == HB_SEEN_SAME)
        s->worst = HB_SEEN_UNKNOWN;
    tell_page(s, s->worst, s->conf->url, NULL, s->detail);
    tell_control(s->role);
    if (s->key[0] == '\0')
        return;
    (void)hb_bus_answer(s->role->bus, s->key,
                        s->worst == HB_SEEN_UNREACHABLE ? "failed" : "done",
                        same ? "{\"__outside_same__\":true}"
                             : "{\"__outside_same__\":false}",
                        s->detail);
    s->key[0] = '\0';
}

/* A checkpoint of core's. */
static void mail(struct role *r, const char *key, const struct hb_json *command)
{
    struct hb_err err = {0};

    if (hb_outside_mail(&r->ctx->config->organisation, command, &err) < 0)
        (void)hb_bus_answer(r->bus, key, "failed", "{}", err.message);
    else
        (void)hb_bus_answer(r->bus, key, "done", "{}", "");
}

/* A notice to somebody of ours; the answer is kept for the record. */
static void notify(struct role *r, const char *key,
                   const struct hb_json *command)
{
    char answer[HB_MAIL_ANSWER];
    struct hb_err err = {0};
    int rc = hb_outside_notify(&r->ctx->config->organisation, r->ctx->etc_dir,
                               command, answer, &err);

    taken(r, key, rc, answer, &err);
}

/* A paper to somebody outside, which two of ours released. */
static void letter(struct role *r, const char *key,
                   const struct hb_json *command)
{
    char answer[HB_MAIL_ANSWER];
    struct hb_err err = {0};
    int rc = hb_outside_letter(&r->ctx->config->organisation, r->ctx->etc_dir,
                               command, answer, &err);

    taken(r, key, rc, answer, &err);
}

/* How a mail went, with what the relay said; "denied" is one that nobody
 * released so. */
static void taken(struct role *r, const char *key, int rc, const char *answer,
                  const struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf why = HB_BUF_INIT;

    if (rc == 0) {
        (void)hb_bus_answer(r->bus, key, "done", "{}", answer);
        return;
    }
    hb_buf_addf(&why, "%s%s%s", err->message, answer[0] != '\0' ? ": " : "",
                answer);
    (void)hb_bus_answer(r->bus, key, rc == -EBADMSG ? "denied" : "failed", "{}",
                        hb_buf_z(&why));
}

/* The same to the webhook. */
static void hook(struct role *r, const char *key, const struct hb_json *command)
{
    struct hb_err err = {0};
    char answer[32];
    int status = 0;

    if (hb_outside_hook(&r->ctx->config->organisation, command, &status, &err) <
        0) {
        (void)hb_bus_answer(r->bus, key, "failed", "{}", err.message);
        return;
    }
    (void)snprintf(answer, sizeof(answer), "HTTP %d", status);
    (void)hb_bus_answer(r->bus, key, "done", "{}", answer);
}

static void on_command(void *arg, const struct hb_json *command)
{
    struct role *r = arg;
    const char *key = hb_json_str(command, "key", "");
    const char *name = hb_json_str(command, "site", "");

    if (hb_streq(hb_json_str(command, "cmd", ""), "mail")) {
        mail(r, key, command);
        return;
    }
    if (hb_streq(hb_json_str(command, "cmd", ""), "notify")) {
        notify(r, key, command);
        return;
    }
    if (hb_streq(hb_json_str(command, "cmd", ""), "letter")) {
        letter(r, key, command);
        return;
    }
    if (hb_streq(hb_json_str(command, "cmd", ""), "hook")) {
        hook(r, key, command);
        return;
    }
    if (!hb_streq(hb_json_str(command, "cmd", ""), "look"))
        return;
    for (size_t i = 0; i < r->n; i++) {
        struct site *s = &r->sites[i];

        if (!hb_streq(s->conf->name, name))
            continue;
        if (s->conf->url[0] == '\0') {
            (void)hb_bus_answer(r->bus, key, "failed", "{}",
                                _("This site has no public address in "
                                  "hinoban.yaml."));
            return;
        }
        if (s->key[0] != '\0')
            (void)hb_bus_answer(r->bus, s->key, "failed", "{}",
                                _("Another command took its place."));
        (void)hb_copyz(s->key, sizeof(s->key), key);
        look_begin(s);
        return;
    }
    (void)hb_bus_answer(r->bus, key, "failed", "{}",
                        _("This site is not configured."));
}

/* ---- one page ---- */

static void page_one(struct site *s)
{
    _cleanup_buf_ struct hb_buf detail = HB_BUF_INIT;
    _cleanup_fetched_ struct hb_fetched f = {0};
    struct hb_look_page page;
    enum hb_seen seen = HB_SEEN_UNKNOWN;

    if (hb_look_choose(&s->look, s->step, s->role->arena, &page) < 0)
        page.url[0] = '\0';
    else
        seen = hb_look_page(&s->look, &page, &f, &detail);
    s->step++;
    if (seen == HB_SEEN_SAME)
        s->same++;
    if (page.url[0] == '\0' || seen == HB_SEEN_UNKNOWN)
        return;
    remember(s, &f);
    if (seen <= s->worst)
        return;
    s->worst = seen;
    if (seen > HB_SEEN_UNREACHABLE)
        (void)snprintf(s->detail, sizeof(s->detail), "%.160s",
                       hb_buf_z(&detail));
    else
        (void)hb_copyz(s->detail, sizeof(s->detail), hb_buf_z(&detail));
    if (seen > HB_SEEN_UNREACHABLE)
        tell_page(s, seen, page.url, &f, s->detail);
}

/* A certificate or address not seen before is told once, as a note: both
 * change in everyday life, and both change in a hijack. */
static void remember(struct site *s, const struct hb_fetched *f)
{
    bool known = f->ip[0] == '\0';
    char hex[2 * HB_SHA256_SIZE + 1], text[192];

    (void)hb_copyz(s->reached, sizeof(s->reached), f->ip);
    s->status = f->status;
    for (size_t i = 0; i < s->ips_n && !known; i++)
        known = hb_streq(s->ips[i], f->ip);
    if (!known && s->ips_n < IPS) {
        (void)hb_copyz(s->ips[s->ips_n++], sizeof(s->ips[0]), f->ip);
        if (s->ips_n > 1) {
            (void)snprintf(text, sizeof(text), _("the name now leads to %s"),
                           f->ip);
            tell_change(s, f, "address", text);
        }
    }
    if (!f->has_cert)
        return;
    if (s->has_cert && memcmp(s->cert, f->cert, sizeof(s->cert)) != 0) {
        hb_hex(f->cert, sizeof(f->cert), hex);
        (void)snprintf(text, sizeof(text),
                       _("another certificate is in use (SHA-256 %s)"), hex);
        tell_change(s, f, "certificate", text);
    }
    if (!s->has_cert &&
        f->cert_until - hb_now() < CERT_SOON_S * (int64_t)HB_S) {
        (void)snprintf(text, sizeof(text), "%s",
                       _("the certificate ends within two weeks"));
        tell_change(s, f, "certificate", text);
    }
    s->has_cert = true;
    memcpy(s->cert, f->cert, sizeof(s->cert));
}

/* ---- what core hears ---- */

static struct hb_event *http_event(struct site *s, enum hb_severity sev,
                                   const char *url, int status, const char *ip)
{
    struct hb_event *e = hb_event_new(s->role->arena, HB_EV_HTTP_ACTIVITY,
                                      3 /* Get */, sev, SOURCE);

    if (e == NULL || hb_event_strz(e, HB_F_HTTP_URL, url) < 0 ||
        hb_event_strz(e, HB_F_HTTP_METHOD, "GET") < 0 ||
        hb_event_strz(e, HB_F_SITE, s->conf->name) < 0)
        return NULL;
    if ((status != 0 && hb_event_int(e, HB_F_HTTP_STATUS, status) < 0) ||
        (ip[0] != '\0' && hb_event_strz(e, HB_F_DST_ENDPOINT_IP, ip) < 0))
        return NULL;
    return e;
}

/* F is NULL at the end of a look, which is told where it changed or an hour
 * has passed; a page that differs is told at once, the same one hourly. */
static void tell_page(struct site *s, enum hb_seen seen, const char *url,
                      const struct hb_fetched *f, const char *detail)
{
    uint64_t now = hb_mono();
    enum hb_severity sev = seen > HB_SEEN_UNREACHABLE    ? HB_SEV_HIGH
                           : seen == HB_SEEN_UNREACHABLE ? HB_SEV_LOW
                                                         : HB_SEV_INFO;
    struct hb_event *e;

    if (f == NULL && seen > HB_SEEN_UNREACHABLE)
        return; /* its page was told */
    if (s->told_at != 0 && seen == s->told && now - s->told_at < TELL_AGAIN &&
        hb_streq(detail, s->told_detail))
        return;
    e = http_event(s, sev, url, f != NULL ? f->status : s->status,
                   f != NULL ? f->ip : s->reached);
    if (e == NULL || hb_event_strz(e, HB_F_STATUS, hb_seen_word(seen)) < 0 ||
        hb_event_strz(e, HB_F_STATUS_DETAIL, detail) < 0 ||
        hb_event_int(e, HB_F_EVENT_COUNT, (int64_t)s->same) < 0 ||
        hb_bus_send(s->role->bus, e) < 0)
        return;
    s->told = seen;
    s->told_at = now;
    (void)hb_copyz(s->told_detail, sizeof(s->told_detail), detail);
}

static void tell_change(struct site *s, const struct hb_fetched *f,
                        const char *what, const char *detail)
{
    struct hb_event *e = http_event(s, HB_SEV_LOW, f->url, f->status, f->ip);

    if (e != NULL && hb_event_strz(e, HB_F_STATUS, what) == 0 &&
        hb_event_strz(e, HB_F_STATUS_DETAIL, detail) == 0)
        (void)!hb_bus_send(s->role->bus, e);
}

/* One control for all sites: the worst of them. */
static void tell_control(struct role *r)
{
    const char *status = "pass", *why = N_("Seen from outside, every site is "
                                           "as it was published.");
    const struct site *at = NULL;
    struct hb_event *e;

    if (r->n == 0)
        status = "unknown", why = N_("No site is configured.");
    for (size_t i = 0; i < r->n; i++) {
        const struct site *s = &r->sites[i];

        if (s->conf->url[0] != '\0' && s->worst > HB_SEEN_UNREACHABLE) {
            status = "fail";
            why = N_("Seen from outside, a site is not as it was published.");
            at = s;
            break;
        }
        if (s->conf->url[0] == '\0') {
            status = "unknown";
            why = N_("A site has no public address in hinoban.yaml.");
            at = s;
        } else if (s->looking) {
            return; /* its end tells */
        } else if (s->worst == HB_SEEN_UNREACHABLE) {
            status = "unknown";
            why = N_("The public address of a site did not answer.");
            at = s;
        } else if (s->worst == HB_SEEN_UNKNOWN) {
            status = "unknown";
            why = N_("A site has no page that could be compared.");
            at = s;
        }
    }
    e = hb_event_new(r->arena, HB_EV_COMPLIANCE_FINDING, 1,
                     hb_streq(status, "fail") ? HB_SEV_HIGH : HB_SEV_INFO,
                     SOURCE);
    if (e == NULL || hb_event_strz(e, HB_F_FINDING_TITLE, "outside.view") < 0 ||
        hb_event_strz(e, HB_F_COMPLIANCE_CONTROL, "outside.view") < 0 ||
        hb_event_strz(e, HB_F_COMPLIANCE_STATUS, status) < 0 ||
        hb_event_strz(e, HB_F_STATUS_DETAIL, why) < 0)
        return;
    if (at != NULL && (hb_event_strz(e, HB_F_SITE, at->conf->name) < 0 ||
                       hb_event_strz(e, HB_F_MESSAGE, at->detail) < 0))
        return;
    (void)!hb_bus_send(r->bus, e);
}

/* Core knows a role by its first event and can command it from then on. */
static void tell_ready(struct role *r)
{
    struct hb_event *e = hb_event_new(r->arena, HB_EV_APP_LIFECYCLE,
                                      3 /* Start */, HB_SEV_INFO, SOURCE);

    if (e != NULL && hb_event_strz(e, HB_F_STATUS, "ready") == 0 &&
        hb_event_strz(e, HB_F_STATUS_DETAIL, "ready") == 0)
        (void)!hb_bus_send(r->bus, e);
}
