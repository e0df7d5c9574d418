/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_request.c - what a stranger asks, judged before anybody answers it:
 * see serve.h.
 */
#include <arpa/inet.h>
#include <strings.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/num.h"
#include "base/show.h"
#include "base/utf8.h"
#include "net/disposition.h"
#include "net/serve_part.h"

#define PATH_MAX_BYTES 2048u
#define COOKIE_MAX     256u
#define LANG_COOKIE    "lang"

static int check_framing(struct hb_request *r);
static int check_host(struct hb_request *r);
static int check_site(const struct hb_request *r);
static int check_path(struct hb_request *r);
static char *unescape(struct hb_arena *a, const char *p, size_t n, bool form);
static enum MHD_Result last_forwarded(void *arg, enum MHD_ValueKind kind,
                                      const char *key, const char *value);
static void find_from(struct hb_request *r);
static int check_crowd(struct hb_request *r);
static void find_lang(struct hb_request *r);
static int begin_body(struct hb_request *r);
static bool is_field(const char *key, const char *value);
static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind,
                                    const char *key, const char *value);
static int on_part(void *arg, const char *name, const char *file, int64_t at);
static int on_data(void *arg, const void *p, size_t n);
static int end_value(struct hb_request *r);

struct hb_request *serve_request_new(struct hb_serve *s, const char *target,
                                     struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct hb_request *r =
        hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*r));

    if (r == NULL)
        return NULL;
    r->arena = hb_arena_new(0);
    r->target = r->arena != NULL ? hb_arena_strdup(r->arena, target) : NULL;
    r->conn = info != NULL ? info->socket_context : NULL;
    if (r->target == NULL || r->conn == NULL) {
        hb_arena_free(r->arena);
        free(r);
        return NULL;
    }
    r->s = s;
    r->mhd = mhd;
    r->began = hb_mono();
    r->path = "";
    r->from = "";
    r->length = -1;
    r->form = r->value = (struct hb_buf)HB_BUF_INIT;
    r->form.ceiling = r->value.ceiling = s->c.form_max;
    return r;
}

void serve_request_free(struct hb_request *r)
{
    if (r->stream != NULL)
        r->stream->r = NULL;
    if (r->taken && r->upload.done != NULL)
        r->upload.done(r->upload.arg);
    hb_multipart_free(r->multipart);
    hb_buf_done(&r->form);
    hb_buf_done(&r->value);
    hb_arena_free(r->arena);
    free(r);
}

int serve_request_head(struct hb_request *r, const char *method)
{
    int status;

    r->conn->r = r;
    find_from(r);
    find_lang(r);
    status = check_framing(r);
    if (status == 0)
        status = check_host(r);
    if (status == 0)
        status = check_path(r);
    if (status == 0)
        status = check_crowd(r);
    if (status != 0)
        return status;
    if (hb_streq(method, "GET") || hb_streq(method, "HEAD"))
        r->method = HB_GET;
    else if (hb_streq(method, "POST"))
        r->method = HB_POST;
    else if (hb_streq(method, "PUT"))
        r->method = HB_PUT;
    else
        return 501;
    if (r->method == HB_GET)
        return r->length > 0 || serve_header(r, "Transfer-Encoding") != NULL
                   ? 400
                   : 0;
    status = check_site(r);
    return status != 0 ? status : begin_body(r);
}

void serve_request_body(struct hb_request *r, const char *p, size_t n)
{
    int rc;

    r->got += (int64_t)n;
    if (r->answered || r->upload_err < 0)
        return;
    if (!r->taken) {
        if (r->form.n + n > r->s->c.form_max)
            r->large = true;
        else
            hb_buf_add(&r->form, p, n);
        return;
    }
    rc = r->multipart != NULL ? hb_multipart_feed(r->multipart, p, n)
                              : r->upload.data(r->upload.arg, p, n);
    if (rc < 0)
        r->upload_err = rc;
}

int serve_request_end(struct hb_request *r)
{
    if (r->taken) {
        if (r->multipart != NULL && r->upload_err == 0)
            r->upload_err = hb_multipart_end(r->multipart);
        if (r->upload_err == 0)
            r->upload_err = end_value(r);
        return 0;
    }
    if (r->large)
        return 413;
    if (r->form.err < 0)
        return 503;
    return serve_fields(r, r->form.p, r->form.n) ? 0 : 400;
}

bool serve_fields(struct hb_request *r, const char *p, size_t n)
{
    while (n > 0) {
        const char *end = memchr(p, '&', n);
        size_t len = end != NULL ? (size_t)(end - p) : n;
        const char *eq = memchr(p, '=', len);
        size_t name = eq != NULL ? (size_t)(eq - p) : len;

        if (len > 0) {
            struct serve_field *f = &r->fields[r->fields_n];

            if (r->fields_n == SERVE_FIELDS)
                return false;
            f->name = unescape(r->arena, p, name, true);
            f->value = eq != NULL
                           ? unescape(r->arena, eq + 1, len - name - 1, true)
                           : "";
            if (f->name == NULL || f->value == NULL)
                return false;
            r->fields_n++;
        }
        if (end == NULL)
            break;
        p = end + 1;
        n -= len + 1;
    }
    return true;
}

const char *serve_header(const struct hb_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, name);
}

/* ---- what handlers ask ---- */

enum hb_method hb_request_method(const struct hb_request *r)
{
    return r->method;
}

const char *hb_request_path(const struct hb_request *r)
{
    return r->path;
}

const char *hb_request_field(const struct hb_request *r, const char *name)
{
    for (size_t i = 0; i < r->fields_n; i++)
        if (hb_streq(r->fields[i].name, name))
            return r->fields[i].value;
    return NULL;
}

const char *hb_request_cookie(const struct hb_request *r, const char *name)
{
    const char *prefix = r->s->https ? "__Host-" : "";
    const char *full = hb_arena_printf(r->arena, "%s%s", prefix, name);
    char *value = hb_arena_alloc(r->arena, COOKIE_MAX);

    if (full == NULL || value == NULL ||
        !hb_cookie(serve_header(r, "Cookie"), full, value, COOKIE_MAX))
        return NULL;
    return value;
}

const char *hb_request_header(const struct hb_request *r, const char *name)
{
    return serve_header(r, name);
}

const char *hb_request_from(const struct hb_request *r)
{
    return r->from;
}

enum hb_lang hb_request_lang(const struct hb_request *r)
{
    return r->lang;
}

int64_t hb_request_length(const struct hb_request *r)
{
    return r->length;
}

struct hb_arena *hb_request_arena(struct hb_request *r)
{
    return r->arena;
}

void hb_request_take(struct hb_request *r, const struct hb_upload *u)
{
    HB_ASSERT(!r->taken && !r->answered);
    r->upload = *u;
    r->taken = true;
}

int hb_request_upload_error(const struct hb_request *r)
{
    return r->upload_err;
}

void *hb_request_upload(const struct hb_request *r)
{
    return r->taken ? r->upload.arg : NULL;
}

int hb_request_range(const struct hb_request *r, int64_t size, const char *tag,
                     int64_t *ret_at)
{
    const char *only_if = serve_header(r, "If-Range");

    *ret_at = 0;
    if (only_if != NULL) {
        size_t n = strlen(only_if);

        if (tag == NULL || n < 2 || only_if[0] != '"' ||
            only_if[n - 1] != '"' || strlen(tag) != n - 2 ||
            strncmp(only_if + 1, tag, n - 2) != 0)
            return 0;
    }
    return hb_range(serve_header(r, "Range"), size, ret_at);
}

/* ---- judging the head ---- */

struct framing {
    unsigned lengths, encodings, hosts, origins;
    bool malformed;
};

/* A token, and no control character but the tab (RFC 9110: 5.1, 5.5).
 * libmicrohttpd keeps "Content-Length " as a name of its own, and a bare CR in
 * a value, where others see the end of a line. */
static bool is_field(const char *key, const char *value)
{
    static const char separators[] = "\"(),/:;<=>?@[\\]{}";

    if (key[0] == '\0')
        return false;
    for (; *key != '\0'; key++)
        if (*key <= ' ' || *key > '~' || strchr(separators, *key) != NULL)
            return false;
    for (; *value != '\0'; value++)
        if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
            return false;
    return true;
}

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind,
                                    const char *key, const char *value)
{
    struct framing *f = arg;

    (void)kind;
    f->malformed = f->malformed || !is_field(key, value);
    f->lengths += strcasecmp(key, "Content-Length") == 0;
    f->encodings += strcasecmp(key, "Transfer-Encoding") == 0;
    f->hosts += strcasecmp(key, "Host") == 0;
    f->origins += strcasecmp(key, "Origin") == 0;
    return MHD_YES;
}

/* RFC 9112: 6.3.  What two servers in a row may read differently is refused,
 * also where we would read it one way. */
static int check_framing(struct hb_request *r)
{
    const char *z = serve_header(r, "Content-Length");
    struct framing f = {0};
    uint64_t n;

    (void)MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, count_header, &f);
    if (f.malformed || f.lengths + f.encodings > 1 || f.hosts != 1 ||
        f.origins > 1)
        return 400;
    if (f.encodings > 0 &&
        strcasecmp(serve_header(r, "Transfer-Encoding"), "chunked") != 0)
        return 501;
    if (f.lengths == 0)
        return 0;
    if (hb_parse_u64(hb_slice_z(z), &n) < 0 || n > INT64_MAX)
        return 400;
    r->length = (int64_t)n;
    return 0;
}

static int check_host(struct hb_request *r)
{
    const char *host = serve_header(r, "Host");

    return host != NULL && strcasecmp(host, r->s->host) == 0 ? 0 : 421;
}

/* A form of somebody else's page brings their origin, or none that it may
 * name.  Programs send neither header, and no cookie either. */
static int check_site(const struct hb_request *r)
{
    const char *origin = serve_header(r, "Origin");
    const char *site = serve_header(r, "Sec-Fetch-Site");

    if (origin != NULL && strcasecmp(origin, r->s->c.origin) != 0)
        return 403;
    if (site != NULL && !hb_streq(site, "same-origin") &&
        !hb_streq(site, "none"))
        return 403;
    return 0;
}

static int check_path(struct hb_request *r)
{
    size_t n = strcspn(r->target, "?");
    const char *path, *z;

    if (r->target[0] != '/' || n > PATH_MAX_BYTES ||
        strchr(r->target, '#') != NULL)
        return 400;
    path = unescape(r->arena, r->target, n, false);
    if (path == NULL)
        return 400;
    for (z = path; *z != '\0';) {
        uint32_t cp = 0;
        size_t step = hb_utf8_get(z, strlen(z), &cp);

        if (step == 0 || cp == '\\' || hb_show_hidden(cp))
            return 400;
        if (cp == '/' &&
            (z[1] == '/' || (z[1] == '.' && (z[2] == '/' || z[2] == '\0')) ||
             (z[1] == '.' && z[2] == '.' && (z[3] == '/' || z[3] == '\0'))))
            return 400;
        z += step;
    }
    r->path = path;
    return r->target[n] == '\0' ||
                   serve_fields(r, r->target + n + 1, strlen(r->target) - n - 1)
               ? 0
               : 400;
}

/* NULL: no memory, a NUL, or text that is no UTF-8. */
static char *unescape(struct hb_arena *a, const char *p, size_t n, bool form)
{
    char *z = hb_arena_alloc(a, n + 1);
    size_t k = 0;

    if (z == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        char c = p[i];

        if (c == '+' && form) {
            c = ' ';
        } else if (c == '%') {
            int code = n - i > 2 ? hb_hex_byte(p + i + 1) : -1;

            if (code < 0)
                return NULL;
            c = (char)code;
            i += 2;
        }
        if (c == '\0')
            return NULL;
        z[k++] = c;
    }
    z[k] = '\0';
    return hb_utf8_valid(z, k) ? z : NULL;
}

/* A proxy adds its word to the last line, or a line of its own below those
 * that the client wrote (RFC 9110: 5.3). */
static enum MHD_Result last_forwarded(void *arg, enum MHD_ValueKind kind,
                                      const char *key, const char *value)
{
    const char **last = arg;

    (void)kind;
    if (strcasecmp(key, "X-Forwarded-For") == 0)
        *last = value;
    return MHD_YES;
}

/* The last word of X-Forwarded-For is the one that our proxy wrote. */
static void find_from(struct hb_request *r)
{
    const char *z = NULL, *last;
    uint8_t raw[16];

    r->from = r->conn->from;
    if (!r->conn->proxy)
        return;
    (void)MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, last_forwarded,
                                    &z);
    if (z == NULL)
        return;
    last = strrchr(z, ',');
    z = last != NULL ? last + 1 : z;
    z += strspn(z, " \t");
    if (inet_pton(AF_INET, z, raw) == 1 || inet_pton(AF_INET6, z, raw) == 1) {
        const char *copy = hb_arena_strdup(r->arena, z);

        if (copy != NULL)
            r->from = copy;
    }
}

/* Who came without a proxy was counted when it came. */
static int check_crowd(struct hb_request *r)
{
    uint8_t net[SERVE_NET];

    if (!r->conn->proxy || r->from == r->conn->from)
        return 0;
    serve_network(r->from, net);
    if (serve_crowded(r->s, net))
        return 429;
    memcpy(r->conn->net, net, sizeof(net));
    return 0;
}

static void find_lang(struct hb_request *r)
{
    const char *chosen = hb_request_cookie(r, LANG_COOKIE);

    r->lang =
        hb_accept_language(serve_header(r, "Accept-Language"), HB_LANG_JA);
    if (chosen != NULL && hb_streq(chosen, "ja"))
        r->lang = HB_LANG_JA;
    else if (chosen != NULL && hb_streq(chosen, "en"))
        r->lang = HB_LANG_EN;
}

/* ---- bodies ---- */

static int begin_body(struct hb_request *r)
{
    const char *type = serve_header(r, "Content-Type");
    static const char form[] = "application/x-www-form-urlencoded";
    const struct hb_multipart_fn fn = {on_part, on_data, r};
    int rc;

    if (r->method == HB_POST &&
        (r->length == 0 ||
         (type != NULL && strncasecmp(type, form, sizeof(form) - 1) == 0)))
        return r->length > (int64_t)r->s->c.form_max ? 413 : 0;
    if (r->s->c.body == NULL)
        return 415;
    r->s->c.body(r->s->c.arg, r);
    if (r->answered)
        return 0;
    if (!r->taken)
        return 415;
    if (r->method != HB_POST)
        return 0;
    rc = hb_multipart_new(type, &fn, &r->multipart);
    return rc == -ENOMEM ? 503 : rc < 0 ? 415 : 0;
}

static int on_part(void *arg, const char *name, const char *file, int64_t at)
{
    struct hb_request *r = arg;
    int64_t size = -1;
    int rc = end_value(r);

    if (rc < 0)
        return rc;
    r->in_file = file != NULL;
    if (r->in_file) {
        if (r->length >= 0)
            size = r->length - at - (int64_t)hb_multipart_tail(r->multipart);
        return r->upload.file(r->upload.arg, name, file, size);
    }
    r->value_name = hb_arena_strdup(r->arena, name);
    return r->value_name != NULL ? 0 : -ENOMEM;
}

static int on_data(void *arg, const void *p, size_t n)
{
    struct hb_request *r = arg;

    if (r->in_file)
        return r->upload.data(r->upload.arg, p, n);
    hb_buf_add(&r->value, p, n);
    return r->value.err;
}

/* The field that was read is whole. */
static int end_value(struct hb_request *r)
{
    struct serve_field *f = &r->fields[r->fields_n];

    if (r->value_name == NULL)
        return 0;
    if (r->fields_n == SERVE_FIELDS ||
        memchr(hb_buf_z(&r->value), '\0', r->value.n) != NULL ||
        !hb_utf8_valid(hb_buf_z(&r->value), r->value.n))
        return -EBADMSG;
    f->name = r->value_name;
    f->value = hb_arena_strdup(r->arena, hb_buf_z(&r->value));
    r->value_name = NULL;
    hb_buf_reset(&r->value);
    if (f->value == NULL)
        return -ENOMEM;
    r->fields_n++;
    return 0;
}
