/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wall.c - the wall before pages for a few people (administration): who has no
 * pass (guard/waf/pass.h) sees a page that asks for one.
 *
 * Runs in a worker.  A code is entered on that page, which sends it to the very
 * place that was asked for; for a code that is good there, once, a cookie
 * comes back.  The wall stands before the site's own log-in, not instead of
 * it.  What cannot be made sure of is shut: no key, no zone, no address.
 */
#include "module.h"

#include "base/clock.h"
#include "base/cur.h"
#include "guard/waf/store.h"

#define BODY   4096 /* bytes of a form, at most */
#define COOKIE "hinoban_pass"

static bool has_pass(ngx_http_request_t *r, const struct hb_ngx_place *place);
static void entered(ngx_http_request_t *r);
static ngx_int_t show_page(ngx_http_request_t *r, struct hb_ngx_ctx *ctx);
static ngx_int_t built_in(ngx_http_request_t *r, bool wrong);
static struct hb_slice field(struct hb_slice in);
static struct hb_slice trimmed(struct hb_slice value);
static bool redeem(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                   struct hb_slice code, struct hb_waf_pass *pass,
                   char cookie[HB_WAF_PASS_TEXT]);
static bool first_use(const struct hb_waf_pass *pass, int64_t now);
static ngx_int_t welcome(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                         const struct hb_waf_pass *pass, const char *cookie);

static ngx_str_t cookie_name = ngx_string(COOKIE);

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"ja\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"robots\" content=\"noindex\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>入場コード / Pass</title>\n"
    "<style>body{font-family:sans-serif;max-width:32em;margin:15vh auto;"
    "padding:0 1em;line-height:1.7}input{width:100%;box-sizing:border-box;"
    "font:inherit}</style>\n</head>\n<body>\n<main>\n";
static const char note[] =
    "<p role=\"alert\"><b>このコードは使えません"
    "(期限切れ、使用済み、または誤り)。<br>"
    "<span lang=\"en\">This code is wrong, was used, or has ended."
    "</span></b></p>\n";
/* A link may bring the code behind its #, which no server sees. */
static const char form[] =
    "<form method=\"post\">\n<p><label for=\"p\">このページを見るには、"
    "管理者から受け取った入場コードを入力してください。<br>"
    "<span lang=\"en\">Enter the code that you were given for this page."
    "</span></label></p>\n"
    "<p><input id=\"p\" name=\"" COOKIE "\" autocomplete=\"off\" "
    "autocapitalize=\"off\" spellcheck=\"false\" required></p>\n"
    "<p><button>進む / Continue</button></p>\n</form>\n</main>\n"
    "<script>if(location.hash.indexOf(\"#pass=\")===0){"
    "document.getElementById(\"p\").value=location.hash.slice(6);"
    "history.replaceState(null,\"\",location.pathname+location.search)}"
    "</script>\n</body>\n</html>\n";

bool hb_ngx_walled(ngx_http_request_t *r, const struct hb_ngx_place *place)
{
    const ngx_str_t *prefix;

    if (place->wall == NULL)
        return false;
    prefix = place->wall->elts;
    for (ngx_uint_t i = 0; i < place->wall->nelts; i++)
        if (r->uri.len >= prefix[i].len &&
            ngx_memcmp(r->uri.data, prefix[i].data, prefix[i].len) == 0)
            return !has_pass(r, place);
    return false;
}

static bool has_pass(ngx_http_request_t *r, const struct hb_ngx_place *place)
{
    struct hb_slice text = hb_ngx_cookie(r, cookie_name);
    struct hb_waf_addr a;
    struct hb_waf_pass pass;

    return text.n > 0 && hb_ngx_address(r, &a) &&
           hb_waf_pass_check(place->wall_key, HB_WAF_PASS_COOKIE,
                             hb_ngx_slice(r->headers_in.server), &a, text,
                             hb_now() / (int64_t)HB_S, &pass) == 0;
}

ngx_int_t hb_ngx_wall_answer(ngx_http_request_t *r, struct hb_ngx_ctx *ctx)
{
    off_t n = r->headers_in.content_length_n;
    ngx_int_t rc;

    if (r->method != NGX_HTTP_POST || n <= 0 || n > BODY ||
        r->headers_in.chunked)
        return show_page(r, ctx);
    r->request_body_in_single_buf = 1;
    rc = ngx_http_read_client_request_body(r, entered);
    if (rc >= NGX_HTTP_SPECIAL_RESPONSE)
        return rc;
    ngx_http_finalize_request(r, NGX_DONE);
    return NGX_DONE;
}

static void entered(ngx_http_request_t *r)
{
    struct hb_ngx_ctx *ctx = hb_ngx_find(r);
    char cookie[HB_WAF_PASS_TEXT];
    struct hb_waf_pass pass;
    struct hb_slice code;
    u_char body[BODY];
    ssize_t n = r->request_body != NULL && r->request_body->bufs != NULL
                    ? hb_ngx_gather(r, body, sizeof(body))
                    : 0;
    ngx_int_t rc;

    code = field(hb_slice((char *)body, n > 0 ? (size_t)n : 0));
    if (code.n > 0 && redeem(r, ctx, code, &pass, cookie)) {
        rc = welcome(r, ctx, &pass, cookie);
    } else {
        ctx->wrong = code.n > 0;
        rc = show_page(r, ctx);
    }
    if (rc != NGX_DONE)
        ngx_http_finalize_request(r, rc);
}

static ngx_int_t show_page(ngx_http_request_t *r, struct hb_ngx_ctx *ctx)
{
    ngx_str_t uri = ctx->place->wall_page, args = ngx_null_string;
    ngx_int_t rc;

    if (uri.len == 0)
        return built_in(r, ctx->wrong);
    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK)
        return rc;
    if (uri.data[0] != '/') {
        if (hb_ngx_redirect(r, uri) != NGX_OK)
            return NGX_ERROR;
        return NGX_HTTP_MOVED_TEMPORARILY;
    }
    r->err_status = NGX_HTTP_UNAUTHORIZED;
    if (r->method != NGX_HTTP_HEAD) {
        r->method = NGX_HTTP_GET;
        ngx_str_set(&r->method_name, "GET");
    }
    ngx_http_internal_redirect(r, &uri, &args);
    ngx_http_finalize_request(r, NGX_DONE);
    return NGX_DONE;
}

static ngx_int_t built_in(ngx_http_request_t *r, bool wrong)
{
    u_char *p =
        ngx_pnalloc(r->pool, sizeof(head) + sizeof(note) + sizeof(form));
    ngx_str_t page = {0, p};

    if (p == NULL)
        return NGX_ERROR;
    p = ngx_sprintf(p, "%s%s%s", head, wrong ? note : "", form);
    page.len = (size_t)(p - page.data);
    if (hb_ngx_header(r, "Content-Security-Policy",
                      HB_SLICE("default-src 'none'; style-src 'unsafe-inline'; "
                               "script-src 'unsafe-inline'; form-action "
                               "'self'; frame-ancestors 'none'")) != NGX_OK ||
        hb_ngx_header(r, "Referrer-Policy", HB_SLICE("no-referrer")) != NGX_OK)
        return NGX_ERROR;
    return hb_ngx_send(r, NGX_HTTP_UNAUTHORIZED, "text/html", page);
}

/* The value of our field of a form; a pass has no letter that a form would
 * write otherwise. */
static struct hb_slice field(struct hb_slice in)
{
    static const char name[] = COOKIE "=";
    size_t n = sizeof(name) - 1;
    const char *end;

    while (in.n > 0) {
        end = memchr(in.p, '&', in.n);
        size_t k = end != NULL ? (size_t)(end - in.p) : in.n;

        if (k > n && memcmp(in.p, name, n) == 0)
            return trimmed(hb_slice(in.p + n, k - n));
        in = hb_slice(in.p + k, in.n - k);
        if (in.n > 0)
            in = hb_slice(in.p + 1, in.n - 1);
    }
    return HB_SLICE("");
}

/* Who copies a code copies spaces and line ends. */
static struct hb_slice trimmed(struct hb_slice v)
{
    for (;;) {
        if (v.n >= 1 && v.p[0] == '+')
            v = hb_slice(v.p + 1, v.n - 1);
        else if (v.n >= 3 && v.p[0] == '%')
            v = hb_slice(v.p + 3, v.n - 3);
        else if (v.n >= 1 && v.p[v.n - 1] == '+')
            v.n--;
        else if (v.n >= 3 && v.p[v.n - 3] == '%')
            v.n -= 3;
        else
            return v;
    }
}

static bool redeem(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                   struct hb_slice code, struct hb_waf_pass *pass,
                   char cookie[HB_WAF_PASS_TEXT])
{
    struct hb_slice host = hb_ngx_slice(r->headers_in.server);
    const struct hb_waf_pass_key *key = ctx->place->wall_key;
    int64_t now = hb_now() / (int64_t)HB_S;
    struct hb_waf_addr a;

    if (!hb_ngx_address(r, &a) ||
        hb_waf_pass_check(key, HB_WAF_PASS_CODE, host, NULL, code, now, pass) <
            0 ||
        !first_use(pass, now))
        return false;
    pass->kind = HB_WAF_PASS_COOKIE;
    memset(pass->nonce, 0, sizeof(pass->nonce));
    return hb_waf_pass_make(key, pass, host, &a, cookie) == 0;
}

/* Counted in the zone, in one step. */
static bool first_use(const struct hb_waf_pass *pass, int64_t now)
{
    struct hb_waf_store c;
    int64_t times = 0;

    if (hb_ngx_shared == NULL)
        return false;
    hb_waf_store_name(&c, hb_ngx_shared, HB_WAF_VAR_GLOBAL,
                      HB_SLICE("hinoban pass"),
                      hb_slice((const char *)pass->nonce, sizeof(pass->nonce)),
                      (uint32_t)(pass->ends - now));
    return hb_waf_store_add(&c, HB_SLICE("used"), 1, hb_mono() / HB_MS,
                            &times) == 0 &&
           times == 1;
}

/* Back to where the person wanted to go, now with the cookie. */
static ngx_int_t welcome(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                         const struct hb_waf_pass *pass, const char *cookie)
{
    static ngx_str_t said = ngx_string("OK\n");
    int64_t left = pass->ends - hb_now() / (int64_t)HB_S;
    ngx_str_t to = r->unparsed_uri;
    u_char *p = ngx_pnalloc(r->pool, 200 + HB_WAF_PASS_TEXT), *end;
    const char *secure = "";

    if (p == NULL)
        return NGX_ERROR;
#if (NGX_HTTP_SSL)
    if (r->connection->ssl != NULL)
        secure = "; Secure";
#endif
    end = ngx_sprintf(p, "%s=%s; Path=/; Max-Age=%L; HttpOnly; SameSite=Lax%s",
                      COOKIE, cookie, (int64_t)HB_MAX(left, 1), secure);
    /* "//host" would lead away, and browsers take \\ for a slash. */
    if (to.len == 0 || to.data[0] != '/' ||
        (to.len > 1 && (to.data[1] == '/' || to.data[1] == '\\')))
        to = hb_ngx_str("/");
    if (hb_ngx_header(r, "Set-Cookie",
                      hb_slice((char *)p, (size_t)(end - p))) != NGX_OK ||
        hb_ngx_redirect(r, to) != NGX_OK)
        return NGX_ERROR;
    ctx->action = HB_NGX_NOTHING;
    memcpy(ctx->pass, pass->name, sizeof(ctx->pass));
    return hb_ngx_send(r, NGX_HTTP_SEE_OTHER, "text/plain", said);
}
