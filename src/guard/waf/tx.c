/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tx.c - the life of a request, and how it is filled: see waf.h.
 *
 * Runs in the worker of a web server.  All that is read here was sent by a
 * stranger.
 */
#include "guard/waf/tx.h"

#include <strings.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"

#define TX_MAGIC 0x57545830u

static int uri_parts(struct hb_waf_tx *tx, struct hb_slice uri);
static struct hb_slice percent(struct hb_waf_tx *tx, struct hb_slice in);
static struct hb_slice without_host(struct hb_slice uri);
static int header_notes(struct hb_waf_tx *tx, struct hb_slice name,
                        struct hb_slice value);
static struct hb_slice without_port(struct hb_slice host);
static int user_of(struct hb_waf_tx *tx, struct hb_slice authorization);
static int args_size(struct hb_waf_tx *tx);
static int full_request(struct hb_waf_tx *tx);
static int body_variables(struct hb_waf_tx *tx);
static int run(struct hb_waf_tx *tx, uint8_t phase);

static bool is(struct hb_slice name, const char *what)
{
    return hb_waf_name_eq(name, hb_slice_z(what));
}

static bool begins(struct hb_slice value, const char *what)
{
    size_t n = strlen(what);

    return value.n >= n && strncasecmp(value.p, what, n) == 0;
}

struct hb_waf_tx *hb_waf_tx_new(struct hb_waf *w, struct hb_waf_thread *t)
{
    const struct hb_waf_settings *s = &hb_waf_rules_of(w)->settings;
    struct hb_arena *a = t->n_spare > 0 ? t->spare[--t->n_spare]
                                        : hb_arena_new_paged(HB_WAF_TX_ARENA);
    struct hb_waf_tx *tx = a != NULL ? HB_NEW(a, struct hb_waf_tx) : NULL;

    if (tx == NULL) {
        hb_arena_free(a);
        return NULL;
    }
    hb_arena_keep(a, HB_WAF_TX_KEEP);
    tx->arena = a;
    tx->slot = HB_NEW_N(a, uint32_t, w->n_slot);
    tx->pair = HB_NEW_N(a, const uint64_t *, w->n_pair);
    if (tx->slot == NULL || tx->pair == NULL) {
        hb_arena_free(a);
        return NULL;
    }
    tx->magic = TX_MAGIC;
    tx->waf = hb_waf_ref(w);
    tx->thread = t;
    tx->mode = (enum hb_waf_engine)s->engine;
    tx->request_body = s->request_body != 0;
    tx->response_body = s->response_body != 0;
    tx->request_limit = s->request_limit;
    tx->response_limit = s->response_limit;
    tx->processor = -1;
    tx->highest = 255;
    tx->tx.open = true;
    tx->verdict.action = HB_WAF_DO_PASS;
    tx->verdict.limit = "";
    tx->began = hb_now();
    tx->began_mono = hb_mono();
    hb_waf_one(tx, HB_WAF_VAR_MULTIPART_STRICT_ERROR, HB_SLICE("0"));
    hb_waf_one(tx, HB_WAF_VAR_REQBODY_ERROR, HB_SLICE("0"));
    hb_waf_one(tx, HB_WAF_VAR_REQBODY_PROCESSOR_ERROR, HB_SLICE("0"));
    hb_waf_one(tx, HB_WAF_VAR_MULTIPART_UNMATCHED_BOUNDARY, HB_SLICE("0"));
    hb_waf_one(tx, HB_WAF_VAR_INBOUND_DATA_ERROR, HB_SLICE("0"));
    hb_waf_one(tx, HB_WAF_VAR_OUTBOUND_DATA_ERROR, HB_SLICE("0"));
    hb_waf_one(tx, HB_WAF_VAR_URLENCODED_ERROR, HB_SLICE("0"));
    hb_waf_one(tx, HB_WAF_VAR_MSC_PCRE_LIMITS_EXCEEDED, HB_SLICE("0"));
    return tx;
}

void hb_waf_tx_free(struct hb_waf_tx *tx)
{
    struct hb_waf_thread *t;
    struct hb_arena *a;

    if (tx == NULL)
        return;
    HB_CHECK(tx, TX_MAGIC);
    t = tx->thread;
    a = tx->arena;
    hb_waf_unref(tx->waf);
    tx->magic = 0;
    if (t->n_spare < HB_ARRAY_LEN(t->spare)) {
        hb_arena_reset(a);
        t->spare[t->n_spare++] = a;
    } else {
        hb_arena_free(a);
    }
}

void hb_waf_tx_set_mode(struct hb_waf_tx *tx, enum hb_waf_engine mode)
{
    HB_CHECK(tx, TX_MAGIC);
    tx->mode = mode;
}

int hb_waf_tx_set_var(struct hb_waf_tx *tx, struct hb_slice name,
                      struct hb_slice value)
{
    HB_CHECK(tx, TX_MAGIC);
    return hb_waf_var_set(tx, HB_WAF_VAR_TX, 0, name, value);
}

int hb_waf_tx_connection(struct hb_waf_tx *tx,
                         const struct hb_waf_connection *c)
{
    int r;

    HB_CHECK(tx, TX_MAGIC);
    hb_waf_one(tx, HB_WAF_VAR_REMOTE_ADDR, c->remote_addr);
    hb_waf_one(tx, HB_WAF_VAR_REMOTE_HOST, c->remote_addr);
    hb_waf_one(tx, HB_WAF_VAR_SERVER_ADDR, c->server_addr);
    r = hb_waf_one_number(tx, HB_WAF_VAR_REMOTE_PORT, c->remote_port);
    return r < 0
               ? r
               : hb_waf_one_number(tx, HB_WAF_VAR_SERVER_PORT, c->server_port);
}

int hb_waf_tx_unique_id(struct hb_waf_tx *tx, struct hb_slice id)
{
    HB_CHECK(tx, TX_MAGIC);
    hb_waf_one(tx, HB_WAF_VAR_UNIQUE_ID, id);
    return 0;
}

int hb_waf_tx_request(struct hb_waf_tx *tx, struct hb_slice method,
                      struct hb_slice uri, struct hb_slice protocol,
                      struct hb_slice line)
{
    HB_CHECK(tx, TX_MAGIC);
    tx->method = method;
    tx->uri = uri;
    tx->protocol = protocol;
    if (line.n == 0) {
        line.p = hb_arena_printf(tx->arena, "%.*s %.*s %.*s", (int)method.n,
                                 method.p, (int)uri.n, uri.p, (int)protocol.n,
                                 protocol.p);
        if (line.p == NULL)
            return -ENOMEM;
        line.n = strlen(line.p);
    }
    hb_waf_one(tx, HB_WAF_VAR_REQUEST_METHOD, method);
    hb_waf_one(tx, HB_WAF_VAR_REQUEST_PROTOCOL, protocol);
    hb_waf_one(tx, HB_WAF_VAR_REQUEST_LINE, line);
    hb_waf_one(tx, HB_WAF_VAR_REQUEST_URI_RAW, uri);
    return uri_parts(tx, uri);
}

/* As ModSecurity 3: path and name of the file are decoded once, the query is
 * not; a URI with a host loses it in REQUEST_URI only. */
static int uri_parts(struct hb_waf_tx *tx, struct hb_slice uri)
{
    const char *q = uri.n > 0 ? memchr(uri.p, '?', uri.n) : NULL;
    struct hb_slice query = {"", 0}, all, path;
    bool bad = false;
    int r;

    all = percent(tx, uri);
    if (all.p == NULL)
        return -ENOMEM;
    if (q != NULL)
        query = hb_slice(q + 1, uri.n - (size_t)(q + 1 - uri.p));
    path = all;
    q = all.n > 0 ? memchr(all.p, '?', all.n) : NULL;
    if (q != NULL)
        path.n = (size_t)(q - all.p);
    hb_waf_one(tx, HB_WAF_VAR_QUERY_STRING, query);
    hb_waf_one(tx, HB_WAF_VAR_REQUEST_FILENAME, path);
    hb_waf_one(tx, HB_WAF_VAR_PATH_INFO, path);
    hb_waf_one(tx, HB_WAF_VAR_REQUEST_URI, without_host(all));
    for (size_t i = path.n; i > 0; i--)
        if (path.p[i - 1] == '/' || path.p[i - 1] == '\\') {
            hb_waf_one(tx, HB_WAF_VAR_REQUEST_BASENAME,
                       hb_slice(path.p + i, path.n - i));
            break;
        }
    r = hb_waf_body_query(query, tx->waf->rules->settings.separator,
                          tx->waf->rules->settings.arguments_limit, tx->arena,
                          &tx->args_get, &bad);
    if (r == -EFBIG) {
        hb_waf_limit(tx, 403, _("arguments"));
        r = 0;
    }
    return r;
}

/* %HH decoded, nothing else; the input itself where there is none. */
static struct hb_slice percent(struct hb_waf_tx *tx, struct hb_slice in)
{
    size_t n = 0;
    char *p;

    if (in.n == 0 || memchr(in.p, '%', in.n) == NULL)
        return in.n > 0 ? in : hb_slice("", 0);
    p = hb_arena_alloc(tx->arena, in.n);
    if (p == NULL)
        return hb_slice(NULL, 0);
    for (size_t i = 0; i < in.n; i++) {
        int code =
            in.p[i] == '%' && in.n - i > 2 ? hb_hex_byte(in.p + i + 1) : -1;

        if (code < 0) {
            p[n++] = in.p[i];
            continue;
        }
        p[n++] = (char)code;
        i += 2;
    }
    return hb_slice(p, n);
}

static struct hb_slice without_host(struct hb_slice uri)
{
    const char *slash;
    size_t scheme;

    if (uri.n == 0 || uri.p[0] == '/')
        return uri;
    slash = memchr(uri.p, ':', uri.n);
    if (slash == NULL)
        return uri;
    scheme = (size_t)(slash - uri.p) + 3; /* behind "://" */
    if (scheme >= uri.n)
        return uri;
    slash = memchr(uri.p + scheme, '/', uri.n - scheme);
    return slash == NULL ? uri
                         : hb_slice(slash, uri.n - (size_t)(slash - uri.p));
}

int hb_waf_tx_request_header(struct hb_waf_tx *tx, struct hb_slice name,
                             struct hb_slice value)
{
    int r;

    HB_CHECK(tx, TX_MAGIC);
    r = hb_waf_list_add(&tx->request_headers, tx->arena, name, value);
    if (r == -EFBIG) {
        hb_waf_limit(tx, 403, _("headers"));
        return 0;
    }
    return r < 0 ? r : header_notes(tx, name, value);
}

/* What some headers mean beside being headers. */
static int header_notes(struct hb_waf_tx *tx, struct hb_slice name,
                        struct hb_slice value)
{
    if (is(name, "cookie")) {
        int r = hb_waf_body_cookies(value, tx->arena, &tx->cookies);

        if (r != -EFBIG)
            return r;
        hb_waf_limit(tx, 403, _("cookies"));
        return 0;
    }
    if (is(name, "host")) {
        hb_waf_one(tx, HB_WAF_VAR_SERVER_NAME, without_port(value));
        return 0;
    }
    if (is(name, "authorization"))
        return user_of(tx, value);
    if (!is(name, "content-type") || tx->processor >= 0)
        return 0;
    if (begins(value, "multipart/form-data")) {
        tx->processor = HB_WAF_BODY_MULTIPART;
        hb_waf_one(tx, HB_WAF_VAR_REQBODY_PROCESSOR, HB_SLICE("MULTIPART"));
    } else if (begins(value, "application/x-www-form-urlencoded")) {
        tx->processor = HB_WAF_BODY_URLENCODED;
        hb_waf_one(tx, HB_WAF_VAR_REQBODY_PROCESSOR, HB_SLICE("URLENCODED"));
    }
    return 0;
}

/* "[::1]:80" has its port behind the bracket. */
static struct hb_slice without_port(struct hb_slice host)
{
    for (size_t i = host.n; i > 0 && host.p[i - 1] != ']'; i--)
        if (host.p[i - 1] == ':')
            return hb_slice(host.p, i - 1);
    return host;
}

/* AUTH_TYPE, and the name in "Basic" (RFC 7617). */
static int user_of(struct hb_waf_tx *tx, struct hb_slice authorization)
{
    const char *blank = authorization.n > 0
                            ? memchr(authorization.p, ' ', authorization.n)
                            : NULL;
    struct hb_slice type = authorization, rest, user;
    const char *colon;
    int r;

    if (blank == NULL)
        return 0;
    type.n = (size_t)(blank - authorization.p);
    hb_waf_one(tx, HB_WAF_VAR_AUTH_TYPE, type);
    if (!is(type, "basic"))
        return 0;
    rest = hb_slice(blank + 1, authorization.n - type.n - 1);
    r = hb_waf_transform(HB_WAF_T_BASE64DECODE, tx->arena, rest, &user);
    if (r < 0)
        return r;
    colon = user.n > 0 ? memchr(user.p, ':', user.n) : NULL;
    if (colon != NULL)
        hb_waf_one(tx, HB_WAF_VAR_REMOTE_USER,
                   hb_slice(user.p, (size_t)(colon - user.p)));
    return 0;
}

int hb_waf_tx_request_headers_done(struct hb_waf_tx *tx)
{
    int r;

    HB_CHECK(tx, TX_MAGIC);
    r = args_size(tx);
    if (r == 0 && tx->waf->wants_full_request)
        r = full_request(tx);
    return r < 0 ? hb_waf_failed(tx, r) : run(tx, 1);
}

static int args_size(struct hb_waf_tx *tx)
{
    const struct hb_waf_list *both[] = {&tx->args_get, &tx->body.args};
    uint64_t sum = 0;

    for (size_t k = 0; k < HB_ARRAY_LEN(both); k++)
        for (uint32_t i = 0; i < both[k]->n; i++)
            sum += both[k]->item[i].name.n + both[k]->item[i].value.n;
    return hb_waf_one_number(tx, HB_WAF_VAR_ARGS_COMBINED_SIZE, sum);
}

/* Request line, headers and body as they would have come by HTTP/1. */
static int full_request(struct hb_waf_tx *tx)
{
    struct hb_slice line = tx->one[HB_WAF_VAR_REQUEST_LINE].value;
    size_t n = line.n + 2 + tx->raw_body.n;
    char *p, *end;

    for (uint32_t i = 0; i < tx->request_headers.n; i++) {
        const struct hb_waf_value *h = &tx->request_headers.item[i];

        n += h->name.n + h->value.n + 3;
    }
    p = end = hb_arena_alloc(tx->arena, n + 1);
    if (p == NULL)
        return -ENOMEM;
    end = mempcpy(end, line.p, line.n);
    *end++ = '\n';
    for (uint32_t i = 0; i < tx->request_headers.n; i++) {
        const struct hb_waf_value *h = &tx->request_headers.item[i];

        end = mempcpy(end, h->name.p, h->name.n);
        *end++ = ':';
        *end++ = ' ';
        if (h->value.n > 0)
            end = mempcpy(end, h->value.p, h->value.n);
        *end++ = '\n';
    }
    *end++ = '\n';
    if (tx->raw_body.n > 0)
        end = mempcpy(end, tx->raw_body.p, tx->raw_body.n);
    hb_waf_one(tx, HB_WAF_VAR_FULL_REQUEST, hb_slice(p, (size_t)(end - p)));
    return hb_waf_one_number(tx, HB_WAF_VAR_FULL_REQUEST_LENGTH,
                             (uint64_t)(end - p));
}

bool hb_waf_tx_wants_request_body(const struct hb_waf_tx *tx)
{
    HB_CHECK(tx, TX_MAGIC);
    return tx->request_body && tx->mode != HB_WAF_OFF && !tx->stopped &&
           tx->allow == HB_WAF_DO_PASS;
}

uint64_t hb_waf_tx_request_body_limit(const struct hb_waf_tx *tx)
{
    HB_CHECK(tx, TX_MAGIC);
    return tx->request_limit;
}

int hb_waf_tx_request_body_done(struct hb_waf_tx *tx, struct hb_slice body,
                                uint64_t total)
{
    const struct hb_waf_settings *s;
    struct hb_waf_body_limits limits;
    struct hb_slice type = {"", 0};
    const struct hb_waf_value *h;
    int r;

    HB_CHECK(tx, TX_MAGIC);
    s = &tx->waf->rules->settings;
    if (!tx->request_body)
        body.n = 0;
    if (tx->request_body && total > tx->request_limit) {
        hb_waf_one(tx, HB_WAF_VAR_INBOUND_DATA_ERROR, HB_SLICE("1"));
        tx->phase = 2;
        hb_waf_limit(tx, 413, _("size of the request"));
        if (tx->stopped)
            return 1;
        body.n = HB_MIN(body.n, tx->request_limit);
    }
    tx->raw_body = body;
    limits = (struct hb_waf_body_limits){
        .arguments = s->arguments_limit,
        .depth = s->json_depth,
        .separator = s->separator,
        .files = s->upload_file_limit,
    };
    h = hb_waf_list_get(&tx->request_headers, HB_SLICE("Content-Type"));
    if (h != NULL)
        type = h->value;
    if (tx->processor >= 0 && tx->request_body) {
        r = hb_waf_body_parse((enum hb_waf_processor)tx->processor, type, body,
                              &limits, tx->arena, &tx->body);
        if (r < 0)
            return hb_waf_failed(tx, r);
    }
    r = body_variables(tx);
    return r < 0 ? hb_waf_failed(tx, r) : r > 0 ? r : run(tx, 2);
}

/* What the parser found, as variables.  1: a limit stopped the request. */
static int body_variables(struct hb_waf_tx *tx)
{
    static const enum hb_waf_coll flag[HB_WAF_MP_COUNT] = {
        [HB_WAF_MP_BOUNDARY_QUOTED] = HB_WAF_VAR_MULTIPART_BOUNDARY_QUOTED,
        [HB_WAF_MP_BOUNDARY_WHITESPACE] =
            HB_WAF_VAR_MULTIPART_BOUNDARY_WHITESPACE,
        [HB_WAF_MP_DATA_BEFORE] = HB_WAF_VAR_MULTIPART_DATA_BEFORE,
        [HB_WAF_MP_DATA_AFTER] = HB_WAF_VAR_MULTIPART_DATA_AFTER,
        [HB_WAF_MP_HEADER_FOLDING] = HB_WAF_VAR_MULTIPART_HEADER_FOLDING,
        [HB_WAF_MP_INVALID_HEADER_FOLDING] =
            HB_WAF_VAR_MULTIPART_INVALID_HEADER_FOLDING,
        [HB_WAF_MP_LF_LINE] = HB_WAF_VAR_MULTIPART_LF_LINE,
        [HB_WAF_MP_CRLF_LF_LINES] = HB_WAF_VAR_MULTIPART_CRLF_LF_LINES,
        [HB_WAF_MP_MISSING_SEMICOLON] = HB_WAF_VAR_MULTIPART_MISSING_SEMICOLON,
        [HB_WAF_MP_INVALID_QUOTING] = HB_WAF_VAR_MULTIPART_INVALID_QUOTING,
        [HB_WAF_MP_INVALID_PART] = HB_WAF_VAR_MULTIPART_INVALID_PART,
        [HB_WAF_MP_FILE_LIMIT_EXCEEDED] =
            HB_WAF_VAR_MULTIPART_FILE_LIMIT_EXCEEDED,
        [HB_WAF_MP_UNMATCHED_BOUNDARY] =
            HB_WAF_VAR_MULTIPART_UNMATCHED_BOUNDARY,
    };
    const struct hb_waf_settings *s = &tx->waf->rules->settings;
    const struct hb_waf_body *b = &tx->body;
    bool strict = false;
    int r;

    for (unsigned i = 0; i < HB_WAF_MP_COUNT; i++) {
        hb_waf_one(tx, flag[i], b->flag[i] ? HB_SLICE("1") : HB_SLICE("0"));
        strict |= b->flag[i] && i != HB_WAF_MP_UNMATCHED_BOUNDARY;
    }
    if (strict)
        hb_waf_one(tx, HB_WAF_VAR_MULTIPART_STRICT_ERROR, HB_SLICE("1"));
    if (b->bad_urlcode)
        hb_waf_one(tx, HB_WAF_VAR_URLENCODED_ERROR, HB_SLICE("1"));
    if (b->broken || b->limit) {
        struct hb_slice why = hb_slice_z(b->why != NULL ? b->why : "");

        hb_waf_one(tx, HB_WAF_VAR_REQBODY_ERROR, HB_SLICE("1"));
        hb_waf_one(tx, HB_WAF_VAR_REQBODY_ERROR_MSG, why);
        hb_waf_one(tx, HB_WAF_VAR_REQBODY_PROCESSOR_ERROR, HB_SLICE("1"));
        hb_waf_one(tx, HB_WAF_VAR_REQBODY_PROCESSOR_ERROR_MSG, why);
    }
    tx->phase = 2;
    if (b->limit)
        hb_waf_limit(tx, 413, b->why != NULL ? b->why : "");
    if (s->request_no_files_limit > 0 &&
        tx->raw_body.n - HB_MIN(b->file_bytes, tx->raw_body.n) >
            s->request_no_files_limit)
        hb_waf_limit(tx, 413, _("size of what is no file"));
    /* What could not be taken apart is at least seen as it came. */
    if ((tx->processor != HB_WAF_BODY_MULTIPART &&
         tx->processor != HB_WAF_BODY_XML) ||
        b->broken || tx->body_variable || tx->waf->options.body_variable_always)
        hb_waf_one(tx, HB_WAF_VAR_REQUEST_BODY, tx->raw_body);
    if (tx->processor == HB_WAF_BODY_XML && b->xml_text.n > 0) {
        r = hb_waf_list_add(&tx->xml_text, tx->arena, HB_SLICE("/*"),
                            b->xml_text);
        if (r < 0)
            return r;
    }
    r = hb_waf_one_number(tx, HB_WAF_VAR_REQUEST_BODY_LENGTH, tx->raw_body.n);
    if (r == 0)
        r = hb_waf_one_number(tx, HB_WAF_VAR_FILES_COMBINED_SIZE,
                              b->file_bytes);
    if (r == 0)
        r = args_size(tx);
    if (r == 0 && tx->waf->wants_full_request)
        r = full_request(tx);
    return r < 0 ? r : tx->stopped;
}

int hb_waf_tx_response(struct hb_waf_tx *tx, unsigned status,
                       struct hb_slice protocol)
{
    HB_CHECK(tx, TX_MAGIC);
    hb_waf_one(tx, HB_WAF_VAR_RESPONSE_PROTOCOL, protocol);
    hb_waf_one(tx, HB_WAF_VAR_STATUS_LINE, protocol);
    return hb_waf_one_number(tx, HB_WAF_VAR_RESPONSE_STATUS, status);
}

int hb_waf_tx_response_header(struct hb_waf_tx *tx, struct hb_slice name,
                              struct hb_slice value)
{
    int r;

    HB_CHECK(tx, TX_MAGIC);
    if (is(name, "content-type"))
        hb_waf_one(tx, HB_WAF_VAR_RESPONSE_CONTENT_TYPE, value);
    if (is(name, "content-length"))
        hb_waf_one(tx, HB_WAF_VAR_RESPONSE_CONTENT_LENGTH, value);
    r = hb_waf_list_add(&tx->response_headers, tx->arena, name, value);
    return r == -EFBIG ? 0 : r;
}

int hb_waf_tx_response_headers_done(struct hb_waf_tx *tx)
{
    HB_CHECK(tx, TX_MAGIC);
    return run(tx, 3);
}

bool hb_waf_tx_wants_response_body(const struct hb_waf_tx *tx)
{
    const struct hb_waf_settings *s;
    struct hb_slice type;
    const char *semicolon;

    HB_CHECK(tx, TX_MAGIC);
    s = &tx->waf->rules->settings;
    if (!tx->response_body || tx->mode == HB_WAF_OFF || tx->stopped ||
        tx->allow == HB_WAF_DO_ALLOW)
        return false;
    type = tx->one[HB_WAF_VAR_RESPONSE_CONTENT_TYPE].value;
    semicolon = type.n > 0 ? memchr(type.p, ';', type.n) : NULL;
    if (semicolon != NULL)
        type.n = (size_t)(semicolon - type.p);
    while (type.n > 0 && type.p[type.n - 1] == ' ')
        type.n--;
    for (uint32_t i = 0; i < s->n_mime; i++)
        if (hb_waf_name_eq(s->mime[i], type) ||
            hb_slice_eq(s->mime[i], HB_SLICE("*")))
            return true;
    return false;
}

uint64_t hb_waf_tx_response_body_limit(const struct hb_waf_tx *tx)
{
    HB_CHECK(tx, TX_MAGIC);
    return tx->response_limit;
}

int hb_waf_tx_response_body_done(struct hb_waf_tx *tx, struct hb_slice body,
                                 uint64_t total)
{
    const struct hb_waf_settings *s;

    HB_CHECK(tx, TX_MAGIC);
    s = &tx->waf->rules->settings;
    if (!hb_waf_tx_wants_response_body(tx))
        body.n = 0;
    if (body.n > 0 && total > tx->response_limit) {
        hb_waf_one(tx, HB_WAF_VAR_OUTBOUND_DATA_ERROR, HB_SLICE("1"));
        body.n = HB_MIN(body.n, tx->response_limit);
        tx->phase = 4;
        if (s->response_limit_action == HB_WAF_LIMIT_REJECT)
            hb_waf_limit(tx, 500, _("size of the answer"));
        if (tx->stopped)
            return 1;
    }
    hb_waf_one(tx, HB_WAF_VAR_RESPONSE_BODY, body);
    return run(tx, 4);
}

int hb_waf_tx_log(struct hb_waf_tx *tx)
{
    HB_CHECK(tx, TX_MAGIC);
    return tx->mode == HB_WAF_OFF ? 0 : hb_waf_run(tx, 5);
}

static int run(struct hb_waf_tx *tx, uint8_t phase)
{
    tx->phase = phase;
    if (tx->mode == HB_WAF_OFF)
        return 0;
    if (tx->stopped)
        return 1;
    return hb_waf_run(tx, phase);
}

struct hb_waf_verdict hb_waf_tx_verdict(const struct hb_waf_tx *tx)
{
    HB_CHECK(tx, TX_MAGIC);
    return tx->verdict;
}

const struct hb_waf_hit *hb_waf_tx_hits(const struct hb_waf_tx *tx)
{
    HB_CHECK(tx, TX_MAGIC);
    return tx->hits;
}
