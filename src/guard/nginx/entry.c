/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry.c - what is decided before the rules look at a request: the site is
 * closed, the address is banned or comes too often, or there is a wall; and
 * what a request says of its client when it is over.
 *
 * Runs in a worker, behind realip.  Who is turned away here costs no
 * judgement: a look at one or two entries of the shared zone.
 */
#include "module.h"

#include <openssl/crypto.h>

#include "base/clock.h"

static bool closed(ngx_http_request_t *r, const struct hb_ngx_place *place);
static bool is_canary(ngx_http_request_t *r);
static const struct hb_ngx_rate *over(ngx_http_request_t *r,
                                      const struct hb_ngx_place *place,
                                      const struct hb_waf_addr *a,
                                      ngx_uint_t *ret_wait);
static ngx_int_t turn_away(ngx_http_request_t *r, struct hb_ngx_ctx **ret,
                           enum hb_ngx_action action, ngx_uint_t retry,
                           ngx_int_t status);
static bool note(ngx_http_request_t *r, struct hb_ngx_ctx **ret);
static enum hb_waf_act act_of(ngx_http_request_t *r,
                              const struct hb_ngx_ctx *ctx);
static bool own_link(ngx_http_request_t *r);

static uint64_t raw(void)
{
    return hb_mono() / HB_MS;
}

ngx_int_t hb_ngx_entry(ngx_http_request_t *r, struct hb_ngx_ctx **ret)
{
    const struct hb_ngx_place *place =
        ngx_http_get_module_loc_conf(r, ngx_http_hinoban_module);
    const struct hb_ngx_rate *rate;
    bool first = *ret == NULL && place->mode != HB_NGX_OFF, canary = false;
    struct hb_waf_addr a = {0};
    ngx_uint_t wait = 0;

    if (closed(r, place))
        return turn_away(r, ret, HB_NGX_PRIVATE, place->closing->retry,
                         NGX_HTTP_SERVICE_UNAVAILABLE);
    if (first && is_canary(r)) {
        canary = true;
        if (!note(r, ret))
            return NGX_ERROR;
        (*ret)->canary = 1;
    }
    if (first && !canary && hb_ngx_shared != NULL &&
        (place->ban || place->rates != NULL)) {
        bool known = hb_ngx_address(r, &a);

        if (known && place->ban && place->mode == HB_NGX_BLOCK &&
            hb_waf_ban_check(hb_ngx_shared, &place->bans, &a, raw()) > 0)
            return turn_away(r, ret, HB_NGX_BANNED, 0, NGX_HTTP_FORBIDDEN);
        rate = over(r, place, known ? &a : NULL, &wait);
        if (rate != NULL && !note(r, ret))
            return NGX_ERROR;
        if (rate != NULL)
            (*ret)->rate = rate;
        if (rate != NULL && place->mode == HB_NGX_BLOCK)
            return turn_away(r, ret, HB_NGX_LIMITED, wait,
                             NGX_HTTP_TOO_MANY_REQUESTS);
    }
    if (hb_ngx_walled(r, place))
        return turn_away(r, ret, HB_NGX_WALLED, 0, NGX_HTTP_UNAUTHORIZED);
    return NGX_OK;
}

static bool closed(ngx_http_request_t *r, const struct hb_ngx_place *place)
{
    char text[HB_WAF_ADDR_TEXT];
    struct hb_waf_addr a;

    if (place->closing == NULL || !place->closing->on)
        return false;
    return !hb_ngx_address(r, &a) ||
           !hb_waf_ips_has(place->allow,
                           hb_slice_z(hb_waf_addr_text(&a, text)));
}

static bool is_canary(ngx_http_request_t *r)
{
    static ngx_str_t name = ngx_string("x-hinoban-canary");
    const struct hb_ngx_main *m =
        ngx_http_get_module_main_conf(r, ngx_http_hinoban_module);
    const ngx_list_part_t *part = &r->headers_in.headers.part;

    if (m->canary == NULL || m->canary->n == 0)
        return false;
    for (; part != NULL; part = part->next) {
        const ngx_table_elt_t *h = part->elts;

        for (ngx_uint_t i = 0; i < part->nelts; i++)
            if (h[i].key.len == name.len &&
                ngx_strncasecmp(h[i].key.data, name.data, name.len) == 0)
                return h[i].value.len == m->canary->n &&
                       CRYPTO_memcmp(h[i].value.data, m->canary->token,
                                     m->canary->n) == 0;
    }
    return false;
}

/* The first rate that the request is over, of those of the place. */
static const struct hb_ngx_rate *over(ngx_http_request_t *r,
                                      const struct hb_ngx_place *place,
                                      const struct hb_waf_addr *a,
                                      ngx_uint_t *ret_wait)
{
    const struct hb_ngx_rate *rate =
        place->rates != NULL ? place->rates->elts : NULL;

    for (ngx_uint_t i = 0; rate != NULL && i < place->rates->nelts; i++) {
        const struct hb_ngx_rate *x = &rate[i];

        if (x->per == HB_NGX_PER_SESSION)
            *ret_wait = hb_waf_rate_session(hb_ngx_shared, &x->limit,
                                            hb_ngx_cookie(r, x->cookie), raw());
        else if (a != NULL)
            *ret_wait = hb_waf_rate_addr(
                hb_ngx_shared, &x->limit, &x->units, a,
                x->per == HB_NGX_PER_PATH ? hb_ngx_slice(r->uri) : HB_SLICE(""),
                raw());
        if (*ret_wait > 0)
            return x;
    }
    return NULL;
}

static ngx_int_t turn_away(ngx_http_request_t *r, struct hb_ngx_ctx **ret,
                           enum hb_ngx_action action, ngx_uint_t retry,
                           ngx_int_t status)
{
    if (!note(r, ret))
        return NGX_ERROR;
    (*ret)->place = ngx_http_get_module_loc_conf(r, ngx_http_hinoban_module);
    (*ret)->action = action;
    (*ret)->stopped = 1;
    (*ret)->step = HB_NGX_JUDGED;
    (*ret)->retry = retry;
    return status;
}

static bool note(ngx_http_request_t *r, struct hb_ngx_ctx **ret)
{
    if (*ret == NULL)
        *ret = hb_ngx_ctx_new(r);
    return *ret != NULL;
}

ngx_int_t hb_ngx_entry_answer(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                              ngx_int_t status)
{
    static ngx_str_t page = ngx_string(
        "現在、サイトを一時的に閉じています。しばらくしてから、もう一度お試し"
        "ください。\n"
        "This site is closed for the time being.  Please try again later.\n");

    if (status == NGX_ERROR)
        return NGX_ERROR;
    if (ctx->action == HB_NGX_WALLED)
        return hb_ngx_wall_answer(r, ctx);
    if (ctx->action != HB_NGX_PRIVATE)
        return status; /* nginx's page, or error_page */
    if (ctx->place->closed_page.len > 0)
        return hb_ngx_send(r, NGX_HTTP_SERVICE_UNAVAILABLE, "text/html",
                           ctx->place->closed_page);
    return hb_ngx_send(r, NGX_HTTP_SERVICE_UNAVAILABLE, "text/plain", page);
}

/* ---- when it is over ---- */

static const char *const acts[] = {
    [HB_WAF_ACT_BLOCKED] = "blocked",
    [HB_WAF_ACT_LOGIN] = "login",
    [HB_WAF_ACT_NOT_FOUND] = "not_found",
    [HB_WAF_ACT_LIMITED] = "limited",
    [HB_WAF_ACT_COUNT] = "",
};

const char *hb_ngx_act_name(enum hb_waf_act act)
{
    return acts[act];
}

enum hb_waf_act hb_ngx_behaviour(ngx_http_request_t *r,
                                 const struct hb_ngx_ctx *ctx,
                                 uint32_t *ret_seconds)
{
    const struct hb_ngx_place *place = ctx->place;
    enum hb_waf_act act;
    struct hb_waf_addr a;

    if (!place->ban || place->mode == HB_NGX_OFF || hb_ngx_shared == NULL ||
        ctx->canary)
        return HB_WAF_ACT_COUNT;
    act = act_of(r, ctx);
    if (act == HB_WAF_ACT_COUNT || !hb_ngx_address(r, &a) ||
        hb_waf_ban_act(hb_ngx_shared, &place->bans, &a, act, raw()) <= 0)
        return HB_WAF_ACT_COUNT;
    *ret_seconds = hb_waf_ban_check(hb_ngx_shared, &place->bans, &a, raw());
    return act;
}

/* What was stopped on its way out is the fault of the site, not of the client;
 * so is a limit that a body reached. */
static enum hb_waf_act act_of(ngx_http_request_t *r,
                              const struct hb_ngx_ctx *ctx)
{
    ngx_uint_t status =
        r->err_status != 0 ? r->err_status : r->headers_out.status;
    struct hb_waf_verdict v = {0};

    if (ctx->rate != NULL && ctx->stopped)
        return HB_WAF_ACT_LIMITED;
    if (ctx->wrong)
        return HB_WAF_ACT_LOGIN;
    if (ctx->stopped) {
        if (ctx->tx != NULL)
            v = hb_waf_tx_verdict(ctx->tx);
        return v.rule != NULL && v.rule->phase <= 2 ? HB_WAF_ACT_BLOCKED
                                                    : HB_WAF_ACT_COUNT;
    }
    if (ctx->place->login &&
        (status == NGX_HTTP_UNAUTHORIZED || status == NGX_HTTP_FORBIDDEN))
        return HB_WAF_ACT_LOGIN;
    return status == NGX_HTTP_NOT_FOUND && !own_link(r) ? HB_WAF_ACT_NOT_FOUND
                                                        : HB_WAF_ACT_COUNT;
}

/* The link that led nowhere stands on a page of this host: thirty broken
 * pictures of one page are no storm.  Who forges that is left to the rates. */
static bool own_link(ngx_http_request_t *r)
{
    const ngx_table_elt_t *h = r->headers_in.referer;
    ngx_str_t host = r->headers_in.server;
    const u_char *at, *end;

    if (h == NULL || host.len == 0)
        return false;
    end = h->value.data + h->value.len;
    at = ngx_strlcasestrn(h->value.data, (u_char *)(uintptr_t)end,
                          (u_char *)(uintptr_t) "://", 2);
    if (at == NULL || (size_t)(end - (at += 3)) < host.len ||
        ngx_strncasecmp((u_char *)(uintptr_t)at, host.data, host.len) != 0)
        return false;
    at += host.len;
    return at == end || *at == '/' || *at == ':' || *at == '?';
}

/* ---- for the other files ---- */

bool hb_ngx_address(ngx_http_request_t *r, struct hb_waf_addr *ret)
{
    const struct sockaddr *sa = r->connection->sockaddr;

    if (sa->sa_family == AF_INET)
        return hb_waf_addr_of(&((const struct sockaddr_in *)sa)->sin_addr, 4,
                              ret);
    if (sa->sa_family == AF_INET6)
        return hb_waf_addr_of(&((const struct sockaddr_in6 *)sa)->sin6_addr, 16,
                              ret);
    return false;
}

/* The value of the first cookie of that name. */
struct hb_slice hb_ngx_cookie(ngx_http_request_t *r, ngx_str_t name)
{
    ngx_str_t value;

    if (ngx_http_parse_multi_header_lines(&r->headers_in.cookies, &name,
                                          &value) == NGX_DECLINED)
        return HB_SLICE("");
    return hb_ngx_slice(value);
}

ngx_int_t hb_ngx_header(ngx_http_request_t *r, const char *name,
                        struct hb_slice value)
{
    ngx_table_elt_t *h = ngx_list_push(&r->headers_out.headers);

    if (h == NULL)
        return NGX_ERROR;
    h->hash = 1;
    h->key = hb_ngx_str(name);
    h->lowcase_key = h->key.data;
    h->value.data = (u_char *)(uintptr_t)value.p;
    h->value.len = value.n;
    return NGX_OK;
}

ngx_str_t hb_ngx_str(const char *z)
{
    return (ngx_str_t){strlen(z), (u_char *)(uintptr_t)z};
}

ngx_int_t hb_ngx_send(ngx_http_request_t *r, ngx_uint_t status,
                      const char *type, ngx_str_t page)
{
    ngx_chain_t out = {NULL, NULL};
    ngx_int_t rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK)
        return rc;
    r->headers_out.status = status;
    r->headers_out.content_length_n = (off_t)page.len;
    r->headers_out.content_type = hb_ngx_str(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    ngx_str_set(&r->headers_out.charset, "utf-8");
    if (hb_ngx_header(r, "Cache-Control", HB_SLICE("no-store")) != NGX_OK)
        return NGX_ERROR;
    out.buf = ngx_calloc_buf(r->pool);
    if (out.buf == NULL)
        return NGX_ERROR;
    rc = ngx_http_send_header(r);
    if (rc == NGX_OK && !r->header_only && page.len > 0) {
        out.buf->pos = out.buf->start = page.data;
        out.buf->last = out.buf->end = page.data + page.len;
        out.buf->memory = 1;
        out.buf->last_buf = 1;
        out.buf->last_in_chain = 1;
        rc = ngx_http_output_filter(r, &out);
    }
    ngx_http_finalize_request(r, rc);
    return NGX_DONE;
}
