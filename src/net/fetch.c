/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.c - a bounded HTTP GET on libcurl.
 *
 * Runs in the role outside (network, no privilege, no file but the trust
 * store).  Redirects are followed here and not by libcurl: only within the
 * same host, so that a hijacked site cannot make us knock at the doors of the
 * internal network, and under one clock for all hops.
 */
#include "net/fetch.h"

#include <curl/curl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"
#include "net/why.h"

#define BODY_DFLT    (8u << 20)
#define HEADERS_DFLT (64u << 10)
#define SECONDS_DFLT 15u

struct hop {
    CURL *curl;
    struct curl_slist *headers;
    struct hb_fetched *to;
    const char *ca_file;
    size_t body_left, headers_left;
    bool too_many_headers;
};

static int setup(struct hop *h, const struct hb_fetch_limits *l);
static int one(struct hop *h, uint64_t until, struct hb_err *err);
static int more(struct hop *h, const struct hb_fetch_limits *l, bool *ret_again,
                struct hb_err *err);
static size_t on_body(char *p, size_t size, size_t n, void *arg);
static size_t on_header(char *p, size_t size, size_t n, void *arg);
static void keep(struct hb_slice line, const char *name, char *dst,
                 size_t size);
static void certificate(struct hop *h);
static int url_part(const char *url, CURLUPart what, char *buf, size_t size);

int hb_fetch(const char *url, const struct hb_fetch_limits *limits,
             struct hb_fetched *ret, struct hb_err *err)
{
    struct hop h = {.to = ret, .ca_file = limits->ca_file};
    uint64_t until = hb_mono() + HB_S * (limits->seconds != 0 ? limits->seconds
                                                              : SECONDS_DFLT);
    bool again = true;
    char host[256];
    int r;

    memset(ret, 0, sizeof(*ret));
    h.body_left = limits->body != 0 ? limits->body : BODY_DFLT;
    h.headers_left = limits->headers != 0 ? limits->headers : HEADERS_DFLT;
    hb_buf_init(&ret->body, h.body_left);
    if (hb_url_host(url, host, sizeof(host)) < 0 ||
        !hb_copyz(ret->url, sizeof(ret->url), url))
        return hb_err_set(err, -EINVAL, _("this is no http or https address"));
    r = setup(&h, limits);
    while (r == 0 && again) {
        hb_buf_reset(&ret->body);
        ret->cut = false;
        ret->next[0] = ret->type[0] = ret->retry_after[0] = '\0';
        ret->request_id[0] = '\0';
        r = one(&h, until, err);
        if (r == 0)
            r = more(&h, limits, &again, err);
    }
    if (h.curl != NULL)
        curl_easy_cleanup(h.curl);
    curl_slist_free_all(h.headers);
    if (r == 0)
        r = hb_buf_err(&ret->body);
    if (r == 0)
        hb_sha256(hb_buf_z(&ret->body), ret->body.n, ret->sha256);
    return r;
}

void hb_fetched_done(struct hb_fetched *f)
{
    hb_buf_done(&f->body);
}

int hb_url_host(const char *url, char *buf, size_t size)
{
    char scheme[8];
    int r = url_part(url, CURLUPART_SCHEME, scheme, sizeof(scheme));

    if (r < 0 || (!hb_streq(scheme, "http") && !hb_streq(scheme, "https")))
        return -EINVAL;
    r = url_part(url, CURLUPART_HOST, buf, size);
    for (size_t i = 0; r == 0 && buf[i] != '\0'; i++)
        if (buf[i] >= 'A' && buf[i] <= 'Z')
            buf[i] = (char)(buf[i] + ('a' - 'A'));
    return r;
}

int hb_url_join(const char *base, struct hb_slice path, char *buf, size_t size)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz"
                                "0123456789-._~/!$'()*+,;=:@&";
    size_t n = strcspn(base, "?#");

    if (n + 2 > size)
        return -ENAMETOOLONG;
    memcpy(buf, base, n);
    if (n == 0 || buf[n - 1] != '/')
        buf[n++] = '/';
    for (size_t i = 0; i < path.n; i++) {
        char c = path.p[i];

        if (n + 4 > size)
            return -ENAMETOOLONG;
        if (c != '\0' && strchr(plain, c) != NULL)
            buf[n++] = c;
        else
            n += (size_t)snprintf(buf + n, 4, "%%%02X",
                                  (unsigned)(unsigned char)c);
    }
    buf[n] = '\0';
    return 0;
}

static int setup(struct hop *h, const struct hb_fetch_limits *l)
{
    struct curl_slist *list;
    CURLcode c = CURLE_OK;
    CURL *curl = h->curl = curl_easy_init();

    if (curl == NULL)
        return -ENOMEM;
    list = curl_slist_append(NULL, "Cache-Control: no-cache");
    if (list == NULL)
        return -ENOMEM;
    h->headers = list;
    if (l->header != NULL && curl_slist_append(list, l->header) == NULL)
        return -ENOMEM;
#define SET(opt, value)                                                        \
    do {                                                                       \
        if (c == CURLE_OK)                                                     \
            c = curl_easy_setopt(curl, opt, value);                            \
    } while (0)
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    /* What is compared are the bytes of the file. */
    SET(CURLOPT_ACCEPT_ENCODING, "identity");
    SET(CURLOPT_HTTPHEADER, h->headers);
    SET(CURLOPT_USERAGENT, "Hinoban/" HB_VERSION " (outside view)");
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_CERTINFO, 1L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (l->ca_file != NULL) {
        SET(CURLOPT_CAINFO, l->ca_file);
        SET(CURLOPT_CAPATH, NULL);
    }
    SET(CURLOPT_BUFFERSIZE, 16384L);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, h);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, h);
#undef SET
    return c == CURLE_OK ? 0 : -ENOMEM;
}

static int one(struct hop *h, uint64_t until, struct hb_err *err)
{
    uint64_t now = hb_mono();
    char *ip = NULL;
    long status = 0;
    CURLcode c;

    if (now >= until)
        return hb_err_set(err, -ETIMEDOUT, _("no answer in time"));
    if (curl_easy_setopt(h->curl, CURLOPT_URL, h->to->url) != CURLE_OK ||
        curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS,
                         (long)HB_MAX((until - now) / HB_MS, 1u)) != CURLE_OK)
        return -ENOMEM;
    c = curl_easy_perform(h->curl);
    if (curl_easy_getinfo(h->curl, CURLINFO_PRIMARY_IP, &ip) == CURLE_OK &&
        ip != NULL)
        (void)hb_copyz(h->to->ip, sizeof(h->to->ip), ip);
    (void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    h->to->status = (int)status;
    /* We ended it ourselves: there was more than anybody should send. */
    if (c == CURLE_WRITE_ERROR && h->to->cut)
        c = CURLE_OK;
    if (c == CURLE_OK) {
        certificate(h);
        return 0;
    }
    if (c == CURLE_WRITE_ERROR && h->too_many_headers)
        return hb_err_set(err, -EFBIG,
                          _("the headers of the answer do not end"));
    return hb_net_why(h->curl, c, h->ca_file, "url_ca", err);
}

/* After an answer: is there a redirect that we follow? */
static int more(struct hop *h, const struct hb_fetch_limits *l, bool *ret_again,
                struct hb_err *err)
{
    struct hb_fetched *f = h->to;
    char here[256], there[256], *next = NULL;

    *ret_again = false;
    if (f->status < 300 || f->status > 399 ||
        curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &next) != CURLE_OK ||
        next == NULL)
        return 0;
    if (!hb_copyz(f->next, sizeof(f->next), next))
        return hb_err_set(err, -EPROTO, _("the redirect is too long"));
    /* Elsewhere, or out of TLS: the caller decides what it means. */
    if ((strncasecmp(f->url, "https:", 6) == 0 &&
         strncasecmp(f->next, "https:", 6) != 0) ||
        hb_url_host(f->url, here, sizeof(here)) < 0 ||
        hb_url_host(f->next, there, sizeof(there)) < 0 ||
        !hb_streq(here, there) || l->redirects == 0)
        return 0;
    if (f->redirects >= l->redirects)
        return hb_err_set(err, -ELOOP, _("the redirects do not end"));
    memcpy(f->url, f->next, sizeof(f->url));
    f->redirects++;
    *ret_again = true;
    return 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct hop *h = arg;
    size_t room = h->to->body.ceiling - h->to->body.n;
    size_t take = HB_MIN(size * n, room);

    hb_buf_add(&h->to->body, p, take);
    if (take < size * n) {
        h->to->cut = true;
        return CURL_WRITEFUNC_ERROR;
    }
    return hb_buf_err(&h->to->body) == 0 ? take : CURL_WRITEFUNC_ERROR;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
    struct hop *h = arg;
    struct hb_slice line = {p, size * n};

    if (line.n > h->headers_left) {
        h->too_many_headers = true;
        return CURL_WRITEFUNC_ERROR;
    }
    h->headers_left -= line.n;
    keep(line, "content-type:", h->to->type, sizeof(h->to->type));
    keep(line, "server:", h->to->server, sizeof(h->to->server));
    keep(line, "retry-after:", h->to->retry_after, sizeof(h->to->retry_after));
    keep(line, "x-request-id:", h->to->request_id, sizeof(h->to->request_id));
    return line.n;
}

/* The printable part of a header's value, cut to SIZE. */
static void keep(struct hb_slice line, const char *name, char *dst, size_t size)
{
    size_t n = strlen(name), at = 0;

    if (line.n < n || strncasecmp(line.p, name, n) != 0)
        return;
    while (n < line.n && (line.p[n] == ' ' || line.p[n] == '\t'))
        n++;
    for (; n < line.n && at + 1 < size; n++)
        if (line.p[n] >= ' ' && line.p[n] <= '~')
            dst[at++] = line.p[n];
    dst[at] = '\0';
}

/* The server's own certificate is the first of its chain. */
static void certificate(struct hop *h)
{
    struct curl_certinfo *info = NULL;
    X509 *x = NULL;
    unsigned n = 0;
    struct tm tm;

    h->to->has_cert = false;
    if (curl_easy_getinfo(h->curl, CURLINFO_CERTINFO, &info) != CURLE_OK ||
        info == NULL || info->num_of_certs < 1)
        return;
    for (struct curl_slist *s = info->certinfo[0]; s != NULL; s = s->next) {
        BIO *bio;

        if (strncmp(s->data, "Cert:", 5) != 0)
            continue;
        bio = BIO_new_mem_buf(s->data + 5, -1);
        if (bio != NULL)
            x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        BIO_free(bio);
        break;
    }
    if (x == NULL)
        return;
    if (X509_digest(x, EVP_sha256(), h->to->cert, &n) == 1 &&
        n == HB_SHA256_SIZE &&
        ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1) {
        h->to->has_cert = true;
        h->to->cert_until = (int64_t)timegm(&tm) * (int64_t)HB_S;
    }
    X509_free(x);
}

static int url_part(const char *url, CURLUPart what, char *buf, size_t size)
{
    CURLU *u = curl_url();
    char *part = NULL;
    int r = -EINVAL;

    if (u == NULL)
        return -ENOMEM;
    if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) ==
            CURLUE_OK &&
        curl_url_get(u, what, &part, 0) == CURLUE_OK && part[0] != '\0' &&
        hb_copyz(buf, size, part))
        r = 0;
    curl_free(part);
    curl_url_cleanup(u);
    return r;
}
