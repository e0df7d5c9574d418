/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post.c - see post.h.
 *
 * Runs in the role outside.  Trusted: the address and the secret (root's
 * settings).  Not trusted: whatever answers; of it only the number counts.
 */
#include "net/post.h"

#include <curl/curl.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "base/i18n.h"
#include "base/num.h"
#include "crypto/crypto.h"
#include "net/fetch.h"
#include "net/mail.h"
#include "net/why.h"

#define HEADER 128u

static int headers(const struct hb_post *p, struct curl_slist **ret);
static CURLcode set_up(CURL *curl, const struct hb_post *p,
                       struct curl_slist *list);
static size_t on_body(char *p, size_t size, size_t n, void *arg);

bool hb_post_url_ok(const char *url)
{
    char host[256];

    if (hb_url_host(url, host, sizeof(host)) < 0 || strchr(url, '@') != NULL ||
        strlen(url) >= HB_FETCH_URL_MAX)
        return false;
    return strncmp(url, "https://", 8) == 0 ||
           (strncmp(url, "http://", 7) == 0 && hb_net_loopback(host));
}

int hb_post_send(const struct hb_post *p, int *ret_status, struct hb_err *err)
{
    struct curl_slist *list = NULL;
    CURLcode c = CURLE_OK;
    long status = 0;
    CURL *curl;
    int r;

    *ret_status = 0;
    if (!hb_post_url_ok(p->url))
        return hb_err_set(err, -EINVAL,
                          _("a webhook is https://HOST/..., or http:// to "
                            "this machine itself"));
    r = headers(p, &list);
    curl = r == 0 ? curl_easy_init() : NULL;
    if (curl == NULL) {
        curl_slist_free_all(list);
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    }
    c = set_up(curl, p, list);
    if (c == CURLE_OK)
        c = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    *ret_status = (int)status;
    if (c != CURLE_OK)
        r = hb_net_why(curl, c, NULL, "webhook", err);
    else if (status < 200 || status > 299)
        r = hb_err_set(err, -EACCES, _("the webhook answered %ld"), status);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    return r;
}

static int headers(const struct hb_post *p, struct curl_slist **ret)
{
    char line[HEADER] = "X-Hinoban-Signature: sha256=";
    size_t n = strlen(line);
    uint8_t mac[EVP_MAX_MD_SIZE];
    struct curl_slist *more;
    unsigned size = 0;

    *ret = curl_slist_append(NULL, "Content-Type: application/json");
    if (*ret == NULL)
        return -ENOMEM;
    if (p->secret[0] == '\0')
        return 0;
    if (HMAC(EVP_sha256(), p->secret, (int)strlen(p->secret),
             (const unsigned char *)p->json.p, p->json.n, mac, &size) == NULL ||
        size != HB_SHA256_SIZE)
        return -ENOMEM;
    hb_hex(mac, size, line + n);
    more = curl_slist_append(*ret, line);
    if (more == NULL)
        return -ENOMEM;
    *ret = more;
    return 0;
}

static CURLcode set_up(CURL *curl, const struct hb_post *p,
                       struct curl_slist *list)
{
    CURLcode c = CURLE_OK;

#define SET(opt, value)                                                        \
    do {                                                                       \
        if (c == CURLE_OK)                                                     \
            c = curl_easy_setopt(curl, opt, value);                            \
    } while (0)
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_URL, p->url);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_USERAGENT, "Hinoban/" HB_VERSION);
    SET(CURLOPT_HTTPHEADER, list);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_TIMEOUT, (long)(p->seconds > 0 ? p->seconds : 30));
    SET(CURLOPT_POSTFIELDSIZE, (long)p->json.n);
    SET(CURLOPT_POSTFIELDS, p->json.p);
    SET(CURLOPT_WRITEFUNCTION, on_body);
#undef SET
    return c;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    (void)p;
    (void)arg;
    return size * n;
}
