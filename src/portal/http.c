/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.c - the portal's door: which page a request is for, and what all of
 * them share; see http.h.
 */
#include "portal/http.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/num.h"
#include "guard/share/content.h"

#define NONCE     "nonce"
#define CSRF_TEXT (crypto_auth_hmacsha256_BYTES * 2 + 1)
#define PEM_MAX   (64u << 10)
#define YEAR_S    31536000u

static hb_serve_fn on_request;
static hb_serve_body_fn on_body;
static hb_serve_error_fn on_error;
static struct portal_visit *visit(struct hb_portal *p, struct hb_request *r);
static void csrf(const struct portal_visit *x, char ret[CSRF_TEXT]);
static void front(struct portal_visit *x);
static void language(struct portal_visit *x);
static void file(struct portal_visit *x);
static int origin_of(struct hb_arena *a, const char *url, const char **ret);

static const struct {
    const char *first; /* part of the path */
    void (*fn)(struct portal_visit *x);
    void (*body)(struct portal_visit *x);
} routes[] = {
    {"", front, NULL},
    {"s", portal_link, portal_link_body},
    {"c", portal_confirm, NULL},
    {"signin", portal_signin, NULL},
    {"signout", portal_signout, NULL},
    {"shares", portal_shares, portal_shares_body},
    {"approve", portal_approve, NULL},
    {"factor", portal_factor, NULL},
    {"language", language, NULL},
    {"static", file, NULL},
};

int portal_http_open(struct hb_portal *p, struct hb_err *err)
{
    const struct hb_conf_share *s = &p->config->share;
    const struct hb_conf_org *o = &p->config->organisation;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice cert = {NULL, 0}, key = {NULL, 0};
    struct hb_serve_config c = {
        .proxies = (const char *const *)s->proxies.v,
        .proxies_n = s->proxies.n,
        .fn = on_request,
        .body = on_body,
        .error = on_error,
        .arg = p,
    };
    char why[128];
    int r = a == NULL ? -ENOMEM : origin_of(a, s->url, &c.origin);

    if (r < 0)
        return hb_err_set(err, r, _("out of memory"));
    randombytes_buf(p->csrf, sizeof(p->csrf));
    r = hb_pages_new(hb_web_files, (int)o->zone_minutes, o->zone_name,
                     &p->pages, err);
    if (r == 0 && s->certificate[0] != '\0') {
        const char *const names[] = {s->certificate, s->key};
        struct hb_slice *const into[] = {&cert, &key};

        for (size_t i = 0; r == 0 && i < 2; i++) {
            r = hb_file_read(a, names[i], PEM_MAX, into[i]);
            if (r < 0)
                r = hb_err_set(err, r, "%s: %s", names[i],
                               hb_errno_text(r, why, sizeof(why)));
        }
        c.certificate = cert.p;
        c.key = key.p;
    }
    for (size_t i = 0; r == 0 && i < s->listen.n; i++) {
        if (p->serves == HB_ARRAY_LEN(p->serve))
            return hb_err_set(err, -E2BIG,
                              _("the portal listens on at most %zu addresses"),
                              HB_ARRAY_LEN(p->serve));
        r = hb_serve_listen(s->listen.v[i], &c.fd);
        if (r < 0)
            r = hb_err_set(err, r, "%s: %s", s->listen.v[i],
                           hb_errno_text(r, why, sizeof(why)));
        else
            r = hb_serve_open(p->loop, &c, &p->serve[p->serves], err);
        if (r == 0)
            p->serves++;
    }
    if (key.n > 0)
        sodium_memzero((char *)(uintptr_t)key.p, key.n);
    return r;
}

void portal_http_close(struct hb_portal *p)
{
    while (p->serves > 0)
        hb_serve_close(p->serve[--p->serves]);
    hb_pages_free(p->pages);
    sodium_memzero(p->csrf, sizeof(p->csrf));
}

/* ---- pages ---- */

struct hb_view *portal_view(struct portal_visit *x, const char *title)
{
    enum hb_lang lang = hb_request_lang(x->r);
    enum hb_lang other = lang == HB_LANG_JA ? HB_LANG_EN : HB_LANG_JA;
    const struct hb_pages *pages = x->p->pages;
    char token[CSRF_TEXT];

    x->view = hb_view_new(pages, x->a, lang);
    csrf(x, token);
    hb_view_str(x->view, "csrf", token);
    hb_view_str(x->view, "lang", hb_lang_code(lang));
    hb_view_str(x->view, "other_lang", hb_lang_code(other));
    /* In its own language, for whoever cannot read this one. */
    hb_view_str(x->view, "other_name",
                other == HB_LANG_JA ? "日本語" : "English");
    hb_view_str(x->view, "title", title);
    hb_view_str(x->view, "organisation", x->p->config->organisation.name);
    hb_view_str(x->view, "css", hb_pages_public(pages, x->a, "hinoban.css"));
    hb_view_str(x->view, "js", hb_pages_public(pages, x->a, "hinoban.js"));
    hb_view_bool(x->view, "person", x->signed_in);
    hb_view_bool(x->view, "approves", x->signed_in && x->person.approves);
    return x->view;
}

void portal_show(struct portal_visit *x, int status, const char *name)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_err err = {0};

    if (hb_page(x->p->pages, name, x->view, &b, &err) < 0) {
        hb_log(HB_LOG_ERR, "%s: %s", name, err.message);
        return;
    }
    hb_answer_page(x->r, status, &b);
}

void portal_message(struct portal_visit *x, int status, const char *title,
                    const char *text, const char *more)
{
    struct hb_view *v = portal_view(x, title);

    hb_view_str(v, "text", text);
    hb_view_str(v, "more", more);
    portal_show(x, status, "share/message.html");
}

void portal_gone(struct portal_visit *x)
{
    portal_message(x, 404, _("Nothing is here"),
                   _("The link is wrong, or it was ended. If you expect files, "
                     "ask whoever wanted to send them."),
                   "");
}

void portal_wait(struct portal_visit *x)
{
    portal_message(x, 429, _("Please wait"),
                   _("That was tried too often. Try again in an hour, or ask "
                     "whoever sent you the link."),
                   "");
}

void portal_failed(struct portal_visit *x, int r)
{
    char text[HB_MAX_ERR + 512];

    hb_err_format(hb_share_err(x->p->store), text, sizeof(text));
    hb_log(HB_LOG_ERR, _("the share portal could not answer: %s (%s)"),
           strerror(-r), text);
    hb_answer_error(x->r, 503);
}

bool portal_ours(struct portal_visit *x)
{
    const char *got = hb_request_field(x->r, "csrf");
    char want[CSRF_TEXT];

    if (got == NULL)
        got = hb_request_header(x->r, "x-csrf");
    csrf(x, want);
    if (got != NULL && !x->fresh && strlen(got) == strlen(want) &&
        sodium_memcmp(got, want, strlen(want)) == 0)
        return true;
    portal_message(x, 403, _("Please try again"),
                   _("This page was open for too long, or your browser keeps "
                     "no cookies. Go back, load the page again and press the "
                     "button once more."),
                   "");
    return false;
}

void portal_json(struct portal_visit *x, int status, const char *fmt, ...)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    hb_buf_addz(&b, text);
    hb_answer_text(x->r, status, "application/json", &b);
}

int64_t portal_number(const char *z)
{
    int64_t n = 0;

    return z != NULL && hb_parse_i64(hb_slice_z(z), &n) == 0 && n > 0 ? n : 0;
}

int64_t portal_offset(const char *z)
{
    int64_t n = -1;

    return z != NULL && hb_parse_i64(hb_slice_z(z), &n) == 0 && n >= 0 ? n : -1;
}

const char *portal_base_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *back = strrchr(path, '\\');

    slash = slash != NULL && (back == NULL || back < slash) ? slash : back;
    return slash != NULL ? slash + 1 : path;
}

static int add_file(void *arg, const struct hb_share_file *f)
{
    struct hb_view *row = arg;

    row = hb_view_row(row, "files");
    hb_view_str(row, "name", f->name);
    hb_view_size(row, "size", f->size);
    return 0;
}

void portal_files_view(struct portal_visit *x, int64_t share)
{
    hb_view_list(x->view, "files");
    if (hb_share_each_file(x->p->store, share, add_file, x->view) < 0)
        hb_log(HB_LOG_ERR, _("the share portal could not list files"));
}

void portal_lines(struct hb_view *v, const char *name, const char *text)
{
    hb_view_list(v, name);
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        char line[1024];

        (void)snprintf(line, sizeof(line), "%.*s",
                       (int)HB_MIN(n, sizeof(line) - 1), text);
        line[hb_utf8_cut(line, strlen(line))] = '\0';
        if (n > 0 && line[0] != '\r')
            hb_view_str(hb_view_row(v, name), "line", line);
        text += n + (text[n] == '\n');
    }
}

/* ---- contents ---- */

static ssize_t read_some(void *arg, void *p, size_t n)
{
    return hb_share_download_read(arg, p, n);
}

static int alive(void *arg)
{
    return hb_share_download_alive(arg);
}

static void ended(void *arg)
{
    int r = hb_share_download_end(arg, -1);

    if (r < 0)
        hb_log(HB_LOG_ERR, _("a download's end was not recorded: %s"),
               strerror(-r));
}

void portal_stream(struct portal_visit *x, const struct hb_share_file *f,
                   struct hb_share_download *d, int64_t at, bool partial)
{
    hb_answer_stream(x->r, &(struct hb_stream){
                               .size = f->size,
                               .at = at,
                               .partial = partial,
                               .name = f->name,
                               .tag = f->uid,
                               .read = read_some,
                               .alive = alive,
                               .done = ended,
                               .arg = d,
                           });
}

/* ---- static ---- */

static void on_request(void *arg, struct hb_request *r)
{
    struct portal_visit *x = visit(arg, r);

    if (x == NULL)
        return;
    for (size_t i = 0; i < HB_ARRAY_LEN(routes); i++)
        if (hb_streq(routes[i].first, x->parts > 0 ? x->part[0] : "")) {
            routes[i].fn(x);
            return;
        }
    portal_gone(x);
}

static void on_body(void *arg, struct hb_request *r)
{
    struct portal_visit *x = visit(arg, r);

    if (x == NULL)
        return;
    for (size_t i = 0; i < HB_ARRAY_LEN(routes); i++)
        if (routes[i].body != NULL &&
            hb_streq(routes[i].first, x->parts > 0 ? x->part[0] : ""))
            routes[i].body(x);
}

static void on_error(void *arg, struct hb_request *r, int status)
{
    struct portal_visit *x = visit(arg, r);
    const char *text;

    if (x == NULL)
        return;
    switch (status) {
    case 413:
        text = _("That is more than the portal takes.");
        break;
    case 403:
        text = _("The request came from another page.");
        break;
    case 429:
    case 500:
    case 503:
        text = _("The portal cannot do this now. Nothing is lost; try again "
                 "in some minutes.");
        break;
    default:
        text = _("The portal did not understand what your browser sent.");
    }
    portal_message(x, status, _("That did not work"), text, "");
}

static struct portal_visit *visit(struct hb_portal *p, struct hb_request *r)
{
    struct hb_arena *a = hb_request_arena(r);
    struct portal_visit *x = HB_NEW(a, struct portal_visit);
    const char *nonce = hb_request_cookie(r, NONCE);
    uint8_t raw[32];
    char *path;

    if (x == NULL || (path = hb_arena_strdup(a, hb_request_path(r))) == NULL)
        return NULL;
    *x = (struct portal_visit){
        .p = p, .r = r, .a = a, .from = hb_request_from(r)};
    hb_i18n_use(hb_request_lang(r));
    while (*path != '\0' && x->parts < PORTAL_PARTS) {
        char *end;

        path += strspn(path, "/");
        end = path + strcspn(path, "/");
        if (end == path)
            break;
        x->part[x->parts++] = path;
        path = *end != '\0' ? end + 1 : end;
        *end = '\0';
    }
    if (nonce != NULL && hb_share_token_parse(hb_slice_z(nonce), raw) == 0) {
        (void)hb_copyz(x->nonce, sizeof(x->nonce), nonce);
    } else {
        hb_share_token_new(x->nonce);
        x->fresh = true;
        if (hb_request_method(r) == HB_GET)
            hb_answer_cookie(r, NONCE, x->nonce, YEAR_S);
    }
    return x;
}

static void csrf(const struct portal_visit *x, char ret[CSRF_TEXT])
{
    uint8_t mac[crypto_auth_hmacsha256_BYTES];

    (void)crypto_auth_hmacsha256(mac, (const uint8_t *)x->nonce,
                                 strlen(x->nonce), x->p->csrf);
    hb_hex(mac, sizeof(mac), ret);
}

static void front(struct portal_visit *x)
{
    hb_answer_redirect(x->r, "/shares");
}

/* A GET that changes nothing but how this browser reads. */
static void language(struct portal_visit *x)
{
    const char *to = hb_request_field(x->r, "to");

    if (to != NULL && (hb_streq(to, "ja") || hb_streq(to, "en")))
        hb_answer_cookie(x->r, "lang", to, YEAR_S);
    hb_answer_redirect(x->r, "/");
}

static void file(struct portal_visit *x)
{
    const char *type = NULL;
    const struct hb_web_file *f =
        x->parts == 2 ? hb_pages_file(x->p->pages, x->part[1], &type) : NULL;

    if (f != NULL)
        hb_answer_static(x->r, type, f->p, f->n);
    else
        portal_gone(x);
}

/* "https://share.example.jp:8443/" without its end, and without a port that
 * browsers leave out. */
static int origin_of(struct hb_arena *a, const char *url, const char **ret)
{
    size_t n = strlen(url) - 1;
    bool tls = strncmp(url, "https://", 8) == 0;
    const char *usual = tls ? ":443" : ":80";
    size_t k = strlen(usual);

    if (n > k && strncmp(url + n - k, usual, k) == 0)
        n -= k;
    *ret = hb_arena_dup(a, url, n);
    return *ret != NULL ? 0 : -ENOMEM;
}
