/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.c - a request on its way through nginx: phases 1 and 2, once.
 *
 * Runs in a worker, in the phase PREACCESS behind realip and the limits.
 * Every byte of the request is a stranger's; it is handed to the engine as it
 * came.  A request is judged in the first place that it reaches: internal
 * redirects (error_page, try_files, named locations) and subrequests are not
 * judged again.
 */
#include "module.h"

#include "base/id.h"

static ngx_int_t begin(ngx_http_request_t *r, struct hb_ngx_ctx **ret);
static void forget(void *data);
static void make_id(char ret[HB_NGX_ID_SIZE]);
static int open_tx(ngx_http_request_t *r, struct hb_ngx_ctx *ctx);
static int tell(ngx_http_request_t *r, struct hb_ngx_ctx *ctx);
static int tell_connection(ngx_http_request_t *r, struct hb_waf_tx *tx);
static ngx_int_t body(ngx_http_request_t *r, struct hb_ngx_ctx *ctx);
static void body_is_there(ngx_http_request_t *r);
static ngx_int_t judge_body(ngx_http_request_t *r, struct hb_ngx_ctx *ctx);
static ngx_int_t judge(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                       struct hb_slice text, uint64_t total);
static uint64_t limit(const struct hb_ngx_ctx *ctx);
static ngx_int_t stop(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                      ngx_int_t rc, ngx_str_t location);
static ngx_int_t engine_failed(ngx_http_request_t *r, struct hb_ngx_ctx *ctx);
static bool location_of(ngx_http_request_t *r, struct hb_slice to,
                        ngx_str_t *ret);

/* Our letters: no I, L, O, U, which people mix up on the telephone. */
static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const char levels[] = "01234";

ngx_int_t hb_ngx_preaccess(ngx_http_request_t *r)
{
    ngx_str_t location = ngx_null_string;
    struct hb_ngx_ctx *ctx;
    ngx_int_t rc;

    if (r != r->main)
        return NGX_DECLINED;
    ctx = hb_ngx_find(r);
    if (ctx != NULL && ctx->stopped)
        return NGX_DECLINED; /* an error_page of our answer */
    rc = hb_ngx_entry(r, &ctx);
    if (rc != NGX_OK)
        return hb_ngx_entry_answer(r, ctx, rc);
    if (ctx == NULL || !ctx->begun) {
        rc = begin(r, &ctx);
        if (rc != NGX_OK)
            return rc; /* DECLINED where this place is not guarded */
        if (ctx->tx == NULL)
            return stop(r, ctx, engine_failed(r, ctx), location);
        rc = hb_ngx_act(r, ctx, hb_waf_tx_request_headers_done(ctx->tx),
                        &location);
        if (rc != NGX_OK)
            return stop(r, ctx, rc, location);
        return body(r, ctx);
    }
    /* While nginx reads, it calls nobody: reading failed, and an error_page
     * leads here.  What the rules can see without a body they judge. */
    if (ctx->step == HB_NGX_READING) {
        ctx->step = HB_NGX_JUDGED;
        return judge(r, ctx, hb_slice("", 0), 0);
    }
    return ctx->step == HB_NGX_READ ? judge_body(r, ctx) : NGX_DECLINED;
}

ngx_int_t hb_ngx_late(ngx_http_request_t *r, struct hb_ngx_ctx **ret)
{
    ngx_str_t location = ngx_null_string;
    struct hb_ngx_ctx *ctx = NULL;
    ngx_int_t rc = hb_ngx_entry(r, &ctx);

    *ret = ctx;
    if (rc != NGX_OK)
        return rc;
    rc = begin(r, &ctx);
    if (rc != NGX_OK)
        return rc == NGX_DECLINED ? NGX_OK : rc;
    *ret = ctx;
    ctx->step = HB_NGX_JUDGED;
    if (ctx->tx == NULL)
        return engine_failed(r, ctx);
    rc = hb_ngx_act(r, ctx, hb_waf_tx_request_headers_done(ctx->tx), &location);
    if (rc == NGX_OK && ctx->tx != NULL)
        rc = hb_ngx_act(
            r, ctx, hb_waf_tx_request_body_done(ctx->tx, hb_slice("", 0), 0),
            &location);
    return rc;
}

/* nginx forgets the contexts of modules when it redirects. */
struct hb_ngx_ctx *hb_ngx_find(ngx_http_request_t *r)
{
    struct hb_ngx_ctx *ctx =
        ngx_http_get_module_ctx(r, ngx_http_hinoban_module);

    if (ctx != NULL || (!r->internal && !r->filter_finalize))
        return ctx;
    for (ngx_pool_cleanup_t *cl = r->pool->cleanup; cl != NULL; cl = cl->next)
        if (cl->handler == forget) {
            ngx_http_set_ctx(r, cl->data, ngx_http_hinoban_module);
            return cl->data;
        }
    return NULL;
}

struct hb_ngx_ctx *hb_ngx_ctx_new(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t *cl =
        ngx_pool_cleanup_add(r->pool, sizeof(struct hb_ngx_ctx));
    struct hb_ngx_ctx *ctx;

    if (cl == NULL)
        return NULL;
    ctx = cl->data;
    ngx_memzero(ctx, sizeof(*ctx));
    ctx->place = ngx_http_get_module_loc_conf(r, ngx_http_hinoban_module);
    ctx->step = HB_NGX_JUDGED;
    make_id(ctx->id);
    cl->handler = forget;
    ngx_http_set_ctx(r, ctx, ngx_http_hinoban_module);
    return ctx;
}

/* A transaction that knows the request, in *RET, made where that was NULL;
 * without one where the engine is missing or failed.  NGX_DECLINED where
 * nothing is to be done. */
static ngx_int_t begin(ngx_http_request_t *r, struct hb_ngx_ctx **ret)
{
    const struct hb_ngx_place *place =
        ngx_http_get_module_loc_conf(r, ngx_http_hinoban_module);
    struct hb_ngx_ctx *ctx = *ret;

    if (place->mode == HB_NGX_OFF)
        return NGX_DECLINED;
    if (ctx == NULL)
        ctx = hb_ngx_ctx_new(r);
    if (ctx == NULL)
        return NGX_ERROR;
    ctx->place = place;
    ctx->begun = 1;
    ctx->step = HB_NGX_READING;
    if (open_tx(r, ctx) < 0) {
        hb_waf_tx_free(ctx->tx);
        ctx->tx = NULL;
    }
    *ret = ctx;
    return NGX_OK;
}

static void forget(void *data)
{
    struct hb_ngx_ctx *ctx = data;

    hb_waf_tx_free(ctx->tx);
    hb_buf_done(&ctx->held);
}

static void make_id(char ret[HB_NGX_ID_SIZE])
{
    static uint8_t pool[240];
    static size_t left;

    if (left == 0) {
        hb_random(pool, sizeof(pool));
        left = sizeof(pool);
    }
    for (size_t i = 0; i < HB_NGX_ID_SIZE - 1; i++)
        ret[i] = i % 5 == 4 ? '-' : letters[pool[--left] & 31];
    ret[HB_NGX_ID_SIZE - 1] = '\0';
}

static int open_tx(ngx_http_request_t *r, struct hb_ngx_ctx *ctx)
{
    const struct hb_ngx_main *m =
        ngx_http_get_module_main_conf(r, ngx_http_hinoban_module);
    const struct hb_ngx_place *place = ctx->place;

    if (hb_ngx_thread == NULL) /* again: memory comes and goes */
        hb_ngx_thread = hb_waf_thread_new();
    if (hb_ngx_thread == NULL)
        return -ENOMEM;
    hb_waf_thread_set_shared(hb_ngx_thread, hb_ngx_shared);
    ctx->tx = hb_waf_tx_new(m->waf, hb_ngx_thread);
    if (ctx->tx == NULL)
        return -ENOMEM;
    hb_waf_tx_set_mode(ctx->tx,
                       place->mode == HB_NGX_BLOCK ? HB_WAF_ON : HB_WAF_DETECT);
    if (place->paranoia != 0 &&
        hb_waf_tx_set_var(ctx->tx, HB_SLICE("blocking_paranoia_level"),
                          hb_slice(&levels[place->paranoia], 1)) < 0)
        return -ENOMEM;
    return tell(r, ctx);
}

static int tell(ngx_http_request_t *r, struct hb_ngx_ctx *ctx)
{
    const ngx_list_part_t *part = &r->headers_in.headers.part;
    int rc = tell_connection(r, ctx->tx);

    if (rc == 0)
        rc = hb_waf_tx_unique_id(ctx->tx, hb_slice_z(ctx->id));
    if (rc == 0)
        rc = hb_waf_tx_request(ctx->tx, hb_ngx_slice(r->method_name),
                               hb_ngx_slice(r->unparsed_uri),
                               hb_ngx_slice(r->http_protocol),
                               hb_ngx_slice(r->request_line));
    for (; rc == 0 && part != NULL; part = part->next) {
        const ngx_table_elt_t *h = part->elts;

        for (ngx_uint_t i = 0; rc == 0 && i < part->nelts; i++)
            rc = hb_waf_tx_request_header(ctx->tx, hb_ngx_slice(h[i].key),
                                          hb_ngx_slice(h[i].value));
    }
    return rc;
}

static int tell_connection(ngx_http_request_t *r, struct hb_waf_tx *tx)
{
    ngx_connection_t *c = r->connection;
    u_char *text = ngx_pnalloc(r->pool, NGX_SOCKADDR_STRLEN);
    ngx_str_t here = {NGX_SOCKADDR_STRLEN, text};
    struct hb_waf_connection k = {.remote_addr = hb_ngx_slice(c->addr_text)};

    if (text == NULL || ngx_connection_local_sockaddr(c, &here, 0) != NGX_OK)
        return -ENOMEM;
    k.server_addr = hb_ngx_slice(here);
    k.remote_port = ngx_inet_get_port(c->sockaddr);
    k.server_port = ngx_inet_get_port(c->local_sockaddr);
    return hb_waf_tx_connection(tx, &k);
}

/* Reads the body where the rules and the place want it, else goes on. */
static ngx_int_t body(ngx_http_request_t *r, struct hb_ngx_ctx *ctx)
{
    const struct hb_ngx_main *m =
        ngx_http_get_module_main_conf(r, ngx_http_hinoban_module);
    const struct hb_ngx_place *place = ctx->place;
    off_t n = r->headers_in.content_length_n;
    ngx_int_t rc;

    ctx->step = HB_NGX_JUDGED;
    if (ctx->tx == NULL)
        return NGX_DECLINED;
    if (!place->body || place->stream || (n <= 0 && !r->headers_in.chunked) ||
        !hb_waf_tx_wants_request_body(ctx->tx))
        return judge(r, ctx, hb_slice("", 0), 0);
    /* Known to be too large, and refused: not worth reading. */
    if (place->mode == HB_NGX_BLOCK && n > 0 && (uint64_t)n > limit(ctx) &&
        hb_waf_rules_of(m->waf)->settings.request_limit_action ==
            HB_WAF_LIMIT_REJECT)
        return judge(r, ctx, hb_slice("", 0), (uint64_t)n);
    ctx->step = HB_NGX_READING;
    rc = ngx_http_read_client_request_body(r, body_is_there);
    if (rc >= NGX_HTTP_SPECIAL_RESPONSE)
        return rc;
    ngx_http_finalize_request(r, NGX_DONE);
    return NGX_DONE;
}

/* Goes on with the phases where hb_ngx_preaccess() left them. */
static void body_is_there(ngx_http_request_t *r)
{
    struct hb_ngx_ctx *ctx = hb_ngx_find(r);

    ctx->step = HB_NGX_READ;
    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}

static ngx_int_t judge_body(ngx_http_request_t *r, struct hb_ngx_ctx *ctx)
{
    uint64_t total = 0, most = limit(ctx);
    const ngx_chain_t *in =
        r->request_body != NULL ? r->request_body->bufs : NULL;
    ssize_t n;
    u_char *p;

    ctx->step = HB_NGX_JUDGED;
    for (const ngx_chain_t *cl = in; cl != NULL; cl = cl->next)
        total += (uint64_t)ngx_buf_size(cl->buf);
    if (total == 0)
        return judge(r, ctx, hb_slice("", 0), 0);
    if (in->next == NULL && ngx_buf_in_memory(in->buf))
        return judge(
            r, ctx,
            hb_slice((const char *)in->buf->pos,
                     HB_MIN((uint64_t)(in->buf->last - in->buf->pos), most)),
            total);
    p = ngx_pnalloc(r->pool, HB_MAX(HB_MIN(total, most), 1u));
    if (p == NULL)
        return NGX_ERROR;
    n = hb_ngx_gather(r, p, HB_MIN(total, most));
    if (n < 0)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    return judge(r, ctx, hb_slice((const char *)p, (size_t)n), total);
}

static ngx_int_t judge(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                       struct hb_slice text, uint64_t total)
{
    uint64_t rules = hb_waf_tx_request_body_limit(ctx->tx);
    ngx_str_t location = ngx_null_string;
    ngx_int_t rc;

    /* A limit of the place counts as one of the rules. */
    if (total > text.n && total <= rules)
        total = rules + 1;
    rc = hb_ngx_act(r, ctx, hb_waf_tx_request_body_done(ctx->tx, text, total),
                    &location);
    return rc == NGX_OK ? NGX_DECLINED : stop(r, ctx, rc, location);
}

/* The most of a body that anybody wants to see. */
static uint64_t limit(const struct hb_ngx_ctx *ctx)
{
    uint64_t n = hb_waf_tx_request_body_limit(ctx->tx);

    if (ctx->place->body_limit != 0 && ctx->place->body_limit < n)
        return ctx->place->body_limit;
    return n;
}

ssize_t hb_ngx_gather(ngx_http_request_t *r, u_char *to, size_t room)
{
    size_t at = 0;

    for (const ngx_chain_t *cl = r->request_body->bufs; cl != NULL && at < room;
         cl = cl->next) {
        const ngx_buf_t *b = cl->buf;
        size_t n = HB_MIN((size_t)ngx_buf_size(b), room - at);

        if (ngx_buf_in_memory(b)) {
            ngx_memcpy(to + at, b->pos, n);
            at += n;
            continue;
        }
        for (size_t end = at + n, from = at; at < end;) {
            ssize_t k = ngx_read_file(b->file, to + at, end - at,
                                      b->file_pos + (off_t)(at - from));

            if (k <= 0)
                return -1;
            at += (size_t)k;
        }
    }
    return (ssize_t)at;
}

ngx_int_t hb_ngx_act(ngx_http_request_t *r, struct hb_ngx_ctx *ctx, int rc,
                     ngx_str_t *location)
{
    struct hb_waf_verdict v;

    if (rc < 0)
        return engine_failed(r, ctx);
    v = hb_waf_tx_verdict(ctx->tx);
    if (v.action != HB_WAF_DO_DENY && v.action != HB_WAF_DO_DROP &&
        v.action != HB_WAF_DO_REDIRECT)
        return NGX_OK;
    if (rc == 0 || ctx->place->mode != HB_NGX_BLOCK) {
        ctx->action = HB_NGX_DETECTED;
        return NGX_OK;
    }
    ctx->stopped = 1;
    if (v.action == HB_WAF_DO_DROP) {
        ctx->action = HB_NGX_DROPPED;
        return NGX_HTTP_CLOSE;
    }
    if (v.action == HB_WAF_DO_REDIRECT &&
        location_of(r, v.redirect, location)) {
        ctx->action = HB_NGX_REDIRECTED;
        return v.status >= 301 && v.status <= 308 && v.status != 304 &&
                       v.status != 305 && v.status != 306
                   ? v.status
                   : NGX_HTTP_MOVED_TEMPORARILY;
    }
    ctx->action = HB_NGX_DENIED;
    return v.status >= 400 && v.status <= 599 ? v.status : NGX_HTTP_FORBIDDEN;
}

/* Fails open, and says so in a finding; fails closed where it must. */
static ngx_int_t engine_failed(ngx_http_request_t *r, struct hb_ngx_ctx *ctx)
{
    hb_waf_tx_free(ctx->tx);
    ctx->tx = NULL;
    ctx->step = HB_NGX_JUDGED;
    ctx->action = HB_NGX_UNJUDGED;
    if (!ctx->place->required || ctx->place->mode != HB_NGX_BLOCK)
        return NGX_OK;
    ctx->action = HB_NGX_REFUSED;
    ctx->stopped = 1;
    return NGX_HTTP_SERVICE_UNAVAILABLE;
}

/* What a handler of a phase returns so that RC is the answer. */
static ngx_int_t stop(ngx_http_request_t *r, struct hb_ngx_ctx *ctx,
                      ngx_int_t rc, ngx_str_t location)
{
    ctx->step = HB_NGX_JUDGED;
    if (rc == NGX_OK)
        return NGX_DECLINED;
    if (location.len > 0 && hb_ngx_redirect(r, location) != NGX_OK)
        return NGX_ERROR;
    return rc;
}

/* The text may hold what the client sent: a byte that could end the header
 * makes it no redirect. */
static bool location_of(ngx_http_request_t *r, struct hb_slice to,
                        ngx_str_t *ret)
{
    u_char *p;

    for (size_t i = 0; i < to.n; i++)
        if ((u_char)to.p[i] <= 0x20 || to.p[i] == 0x7f)
            return false;
    p = to.n > 0 ? ngx_pnalloc(r->pool, to.n) : NULL;
    if (p == NULL)
        return false;
    ngx_memcpy(p, to.p, to.n);
    ret->data = p;
    ret->len = to.n;
    return true;
}

ngx_int_t hb_ngx_redirect(ngx_http_request_t *r, ngx_str_t location)
{
    ngx_table_elt_t *h;

    ngx_http_clear_location(r);
    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL)
        return NGX_ERROR;
    h->hash = 1;
    ngx_str_set(&h->key, "Location");
    h->value = location;
    h->lowcase_key = (u_char *)(uintptr_t) "location";
    r->headers_out.location = h;
    return NGX_OK;
}
