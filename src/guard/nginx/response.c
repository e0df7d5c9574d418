/* SPDX-License-Identifier: Apache-2.0 */
/*
 * response.c - an answer on its way out: phases 3 and 4.
 *
 * Runs in a worker, as the first filter after the body is in memory.  Where
 * the rules want to see the body, headers and body wait here until it is
 * complete or as long as the rules look; nothing has gone out by then, so a
 * verdict can still change the answer.  Streams never wait: what is no
 * listed type, event streams, upgraded connections, compressed answers, and
 * places with hinoban_waf_stream.
 */
#include "module.h"

static ngx_int_t header_filter(ngx_http_request_t *r);
static ngx_int_t body_filter(ngx_http_request_t *r, ngx_chain_t *in);
static ngx_int_t name_it(ngx_http_request_t *r, struct hb_ngx_ctx *ctx);
static int tell(ngx_http_request_t *r, struct hb_waf_tx *tx);
static int tell_special(ngx_http_request_t *r, struct hb_waf_tx *tx);
static bool to_hold(ngx_http_request_t *r, const struct hb_ngx_ctx *ctx);
static ngx_int_t decide(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                        ngx_chain_t *rest, bool last);
static ngx_int_t let_go(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                        ngx_chain_t *rest, bool last);
static ngx_int_t refuse(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                        ngx_int_t status, ngx_str_t location);

static ngx_http_output_header_filter_pt next_header_filter;
static ngx_http_output_body_filter_pt next_body_filter;

void hb_ngx_response_init(void)
{
    next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = header_filter;
    next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = body_filter;
}

static ngx_int_t header_filter(ngx_http_request_t *r)
{
    ngx_str_t location = ngx_null_string;
    struct hb_ngx_ctx *ctx;
    ngx_int_t rc = NGX_OK;

    if (r != r->main)
        return next_header_filter(r);
    ctx = hb_ngx_find(r);
    if (r->headers_out.status >= NGX_HTTP_BAD_REQUEST)
        rc = NGX_OK;
    else if (ctx == NULL)
        rc = hb_ngx_late(r, &ctx);
    else if (!ctx->stopped && ctx->place != ngx_http_get_module_loc_conf(
                                                r, ngx_http_hinoban_module))
        rc = hb_ngx_entry(r, &ctx); /* a redirect inside led to a `return` */
    if (rc == NGX_ERROR)
        return NGX_ERROR;
    if (rc != NGX_OK)
        return refuse(r, ctx, rc, location);
    if (ctx != NULL && ctx->stopped)
        return name_it(r, ctx) == NGX_OK ? next_header_filter(r) : NGX_ERROR;
    if (ctx == NULL || ctx->tx == NULL || ctx->answered ||
        ctx->step != HB_NGX_JUDGED || !ctx->place->response)
        return next_header_filter(r);
    ctx->answered = 1;
    rc = hb_ngx_act(r, ctx, tell(r, ctx->tx), &location);
    if (rc != NGX_OK)
        return refuse(r, ctx, rc, location);
    if (ctx->tx == NULL)
        return next_header_filter(r);
    if (to_hold(r, ctx)) {
        ctx->holding = 1;
        hb_buf_init(&ctx->held, hb_waf_tx_response_body_limit(ctx->tx) + 1);
        r->filter_need_in_memory = 1;
        ngx_http_clear_accept_ranges(r);
        return NGX_OK;
    }
    rc = hb_ngx_act(r, ctx,
                    hb_waf_tx_response_body_done(ctx->tx, hb_slice("", 0), 0),
                    &location);
    return rc == NGX_OK ? next_header_filter(r) : refuse(r, ctx, rc, location);
}

/* The reference number of a stopped request, for whoever calls about it, where
 * it has a finding; what else an answer of ours says. */
static ngx_int_t name_it(ngx_http_request_t *r, struct hb_ngx_ctx *ctx)
{
    bool told = ctx->action != HB_NGX_PRIVATE && ctx->action != HB_NGX_BANNED &&
                ctx->action != HB_NGX_WALLED;
    u_char *p;

    if (ctx->named)
        return NGX_OK;
    ctx->named = 1;
    /* Not nginx's text, so that people and log files see why. */
    if (ctx->action == HB_NGX_BANNED &&
        r->headers_out.status == NGX_HTTP_FORBIDDEN)
        r->headers_out.status_line = hb_ngx_str("403 Address Blocked");
    if (ctx->retry > 0) {
        p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
        if (p == NULL ||
            hb_ngx_header(
                r, "Retry-After",
                hb_slice((char *)p, (size_t)(ngx_sprintf(p, "%ui", ctx->retry) -
                                             p))) != NGX_OK)
            return NGX_ERROR;
    }
    if (!told)
        return NGX_OK;
    return hb_ngx_header(r, "X-Request-Id",
                         hb_slice(ctx->id, HB_NGX_ID_SIZE - 1));
}

/* Phase 3. */
static int tell(ngx_http_request_t *r, struct hb_waf_tx *tx)
{
    const ngx_list_part_t *part = &r->headers_out.headers.part;
    int rc = hb_waf_tx_response(tx, (unsigned)r->headers_out.status,
                                r->stream != NULL ? HB_SLICE("HTTP/2.0")
                                                  : HB_SLICE("HTTP/1.1"));

    if (rc == 0)
        rc = tell_special(r, tx);
    for (; rc == 0 && part != NULL; part = part->next) {
        const ngx_table_elt_t *h = part->elts;

        for (ngx_uint_t i = 0; rc == 0 && i < part->nelts; i++)
            if (h[i].hash != 0)
                rc = hb_waf_tx_response_header(tx, hb_ngx_slice(h[i].key),
                                               hb_ngx_slice(h[i].value));
    }
    return rc < 0 ? rc : hb_waf_tx_response_headers_done(tx);
}

/* What nginx keeps beside the list of headers. */
static int tell_special(ngx_http_request_t *r, struct hb_waf_tx *tx)
{
    ngx_http_headers_out_t *h = &r->headers_out;
    int rc = 0;

    if (h->content_type.len > 0)
        rc = hb_waf_tx_response_header(tx, HB_SLICE("Content-Type"),
                                       hb_ngx_slice(h->content_type));
    if (rc == 0 && h->content_length == NULL && h->content_length_n >= 0) {
        u_char *p = ngx_pnalloc(r->pool, NGX_OFF_T_LEN);

        if (p == NULL)
            return -ENOMEM;
        rc = hb_waf_tx_response_header(
            tx, HB_SLICE("Content-Length"),
            hb_slice((const char *)p,
                     (size_t)(ngx_sprintf(p, "%O", h->content_length_n) - p)));
    }
    return rc;
}

static bool to_hold(ngx_http_request_t *r, const struct hb_ngx_ctx *ctx)
{
    static ngx_str_t events = ngx_string("text/event-stream");
    ngx_http_headers_out_t *h = &r->headers_out;

    if (ctx->place->stream || r->method == NGX_HTTP_HEAD || r->header_only ||
        h->status == NGX_HTTP_SWITCHING_PROTOCOLS ||
        h->status == NGX_HTTP_NO_CONTENT ||
        h->status == NGX_HTTP_NOT_MODIFIED || h->content_length_n == 0 ||
        (r->upstream != NULL && r->upstream->upgrade) ||
        (h->content_encoding != NULL && h->content_encoding->hash != 0 &&
         h->content_encoding->value.len > 0) ||
        (h->content_type.len >= events.len &&
         ngx_strncasecmp(h->content_type.data, events.data, events.len) == 0))
        return false;
    return hb_waf_tx_wants_response_body(ctx->tx);
}

static ngx_int_t body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    struct hb_ngx_ctx *ctx;
    bool last = false, over = false;

    ctx = r == r->main ? hb_ngx_find(r) : NULL;
    if (ctx == NULL || !ctx->holding)
        return next_body_filter(r, in);
    for (; in != NULL && !over; in = over ? in : in->next) {
        ngx_buf_t *b = in->buf;
        uint64_t room = hb_waf_tx_response_body_limit(ctx->tx) - ctx->held.n;
        size_t n = ngx_buf_in_memory(b) ? (size_t)(b->last - b->pos) : 0;

        over = n > room || (n == 0 && b->in_file && ngx_buf_size(b) > 0);
        n = HB_MIN(n, room);
        hb_buf_add(&ctx->held, b->pos, n);
        if (hb_buf_err(&ctx->held) != 0) { /* no memory: no more to see */
            n = 0;
            over = true;
        }
        if (over && n > 0 && b->in_file)
            b->file_pos += (off_t)n;
        b->pos += n;
        if (over)
            continue;
        last = last || b->last_buf;
        b->file_pos = b->file_last;
    }
    return over || last ? decide(r, ctx, in, last) : NGX_OK;
}

/* Phase 4: what is held is all that is looked at. */
static ngx_int_t decide(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                        ngx_chain_t *rest, bool last)
{
    ngx_str_t location = ngx_null_string;
    uint64_t total = ctx->held.n;
    ngx_int_t rc;

    ctx->holding = 0;
    if (!last) {
        total++;
        if (r->headers_out.content_length_n > (off_t)total)
            total = (uint64_t)r->headers_out.content_length_n;
    }
    rc = hb_ngx_act(
        r, ctx,
        hb_waf_tx_response_body_done(ctx->tx, hb_buf_slice(&ctx->held), total),
        &location);
    return rc == NGX_OK ? let_go(r, ctx, rest, last)
                        : refuse(r, ctx, rc, location);
}

static ngx_int_t let_go(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                        ngx_chain_t *rest, bool last)
{
    ngx_int_t rc = next_header_filter(r);
    ngx_chain_t out = {NULL, rest};
    ngx_buf_t *b;

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only)
        return rc;
    if (ctx->held.n == 0 && !last)
        return next_body_filter(r, rest);
    b = ngx_calloc_buf(r->pool);
    if (b == NULL)
        return NGX_ERROR;
    b->pos = b->start = (u_char *)ctx->held.p;
    b->last = b->end = b->pos + ctx->held.n;
    b->memory = ctx->held.n > 0;
    b->last_buf = last;
    b->last_in_chain = last;
    out.buf = b;
    return next_body_filter(r, &out);
}

/* Another answer instead of the one that was about to go out.  Like
 * ngx_http_filter_finalize_request(), which knows no redirects; the request
 * ends with an error in any case, so that nothing of the first answer
 * follows. */
static ngx_int_t refuse(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                        ngx_int_t status, ngx_str_t location)
{
    ngx_int_t rc;

    if (status == NGX_HTTP_CLOSE)
        return NGX_ERROR;
    ngx_http_clean_header(r);
    ngx_memzero(r->ctx, sizeof(void *) * ngx_http_max_module);
    ngx_http_set_ctx(r, ctx, ngx_http_hinoban_module);
    r->filter_finalize = 1;
    if (location.len > 0 && hb_ngx_redirect(r, location) != NGX_OK)
        return NGX_ERROR;
    rc = ngx_http_special_response_handler(r, status);
    return rc == NGX_OK || rc == NGX_DONE ? NGX_ERROR : rc;
}
