/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail.c - see mail.h.
 */
#include "net/mail.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/mime.h"
#include "base/num.h"
#include "net/why.h"

#define WIDTH 76u /* of a line, RFC 2045 */

struct reading {
    struct hb_slice left;
};

static CURLcode set_up(CURL *curl, const struct hb_mail *m, bool bare,
                       struct curl_slist *to, struct reading *in);
static char *relay_host(const char *relay);
static int compose(const struct hb_mail *m, struct hb_buf *b);
static void part(struct hb_buf *b, struct hb_slice text, const char *name);
static bool is_plain(struct hb_slice text);
static void encoded(struct hb_buf *b, const char *word);
static size_t on_read(char *p, size_t size, size_t n, void *arg);
static size_t on_answer(char *p, size_t size, size_t n, void *arg);
static int say(CURL *curl, CURLcode c, const struct hb_mail *m,
               struct hb_err *err);

bool hb_mail_loopback(const char *relay)
{
    char *host = relay_host(relay);
    bool yes = host != NULL && hb_net_loopback(host);

    curl_free(host);
    return yes;
}

int hb_mail_send(const struct hb_mail *m, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct curl_slist *to = NULL;
    char *host = relay_host(m->relay);
    struct reading in;
    CURLcode c = CURLE_OK;
    bool bare = m->user == NULL &&
                (m->plain || (host != NULL && hb_net_loopback(host)));
    CURL *curl;
    int r;

    curl_free(host);
    if (host == NULL || !hb_mail_address_ok(m->from) ||
        !hb_mail_address_ok(m->to) || strpbrk(m->subject, "\r\n") != NULL)
        return hb_err_set(err, -EINVAL,
                          _("this mail has no relay or a bad address"));
    r = compose(m, &b);
    curl = r == 0 ? curl_easy_init() : NULL;
    to = curl != NULL ? curl_slist_append(NULL, m->to) : NULL;
    if (to == NULL) {
        if (curl != NULL)
            curl_easy_cleanup(curl);
        return hb_err_set(err, r < 0 ? r : -ENOMEM, _("out of memory"));
    }
    in.left = hb_buf_slice(&b);
    c = set_up(curl, m, bare, to, &in);
    if (c == CURLE_OK && m->ret_answer != NULL) {
        m->ret_answer[0] = '\0';
        c = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_answer);
    }
    if (c == CURLE_OK)
        c = curl_easy_setopt(curl, CURLOPT_HEADERDATA, m->ret_answer);
    if (c == CURLE_OK)
        c = curl_easy_perform(curl);
    /* Cleaning up says goodbye, when the caller's bytes may be gone. */
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, NULL);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, NULL);
    r = c == CURLE_OK ? 0 : say(curl, c, m, err);
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    return r;
}

static int say(CURL *curl, CURLcode c, const struct hb_mail *m,
               struct hb_err *err)
{
    long answer = 0; /* the last number that the relay said */

    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
    if (c == CURLE_USE_SSL_FAILED)
        return hb_err_set(err, -EKEYREJECTED,
                          _("the mail server offers no encryption "
                            "(STARTTLS); nothing was sent"));
    if (c == CURLE_LOGIN_DENIED)
        return hb_err_set(err, -EACCES,
                          _("the mail server does not take this user name "
                            "and password"));
    /* "No" to a sender or a receiver is a send error to libcurl. */
    if (answer >= 400)
        return hb_err_set(err, -EACCES,
                          _("the mail server refused the mail (its answer "
                            "was %ld)"),
                          answer);
    return hb_net_why(curl, c, m->ca_file, "mail_ca", err);
}

static CURLcode set_up(CURL *curl, const struct hb_mail *m, bool bare,
                       struct curl_slist *to, struct reading *in)
{
    CURLcode c = CURLE_OK;

#define SET(opt, value)                                                        \
    do {                                                                       \
        if (c == CURLE_OK)                                                     \
            c = curl_easy_setopt(curl, opt, value);                            \
    } while (0)
    SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(CURLOPT_URL, m->relay);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    /* Never "try": one in the path takes the offer away and reads along. */
    SET(CURLOPT_USE_SSL, (long)(bare ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_TIMEOUT, (long)(m->seconds > 0 ? m->seconds : 30));
    if (m->ca_file != NULL) {
        SET(CURLOPT_CAINFO, m->ca_file);
        SET(CURLOPT_CAPATH, NULL);
    }
    if (m->user != NULL) {
        SET(CURLOPT_USERNAME, m->user);
        SET(CURLOPT_PASSWORD, m->password);
    }
    SET(CURLOPT_MAIL_FROM, m->from);
    SET(CURLOPT_MAIL_RCPT, to);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_READDATA, in);
#undef SET
    return c;
}

/* To curl_free(); NULL where RELAY is none.  libcurl's own reading of it, so
 * that what is judged is what is connected to. */
static char *relay_host(const char *relay)
{
    char *host = NULL, *user = NULL, *scheme = NULL;
    CURLU *u = curl_url();

    if (u != NULL && curl_url_set(u, CURLUPART_URL, relay, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        (hb_streq(scheme, "smtp") || hb_streq(scheme, "smtps")) &&
        curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_NO_USER &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        host = NULL;
    curl_free(user);
    curl_free(scheme);
    curl_url_cleanup(u);
    return host;
}

bool hb_net_loopback(const char *host)
{
    struct in_addr a;

    if (strcasecmp(host, "localhost") == 0 || hb_streq(host, "[::1]"))
        return true;
    return inet_pton(AF_INET, host, &a) == 1 && ntohl(a.s_addr) >> 24 == 127;
}

static int compose(const struct hb_mail *m, struct hb_buf *b)
{
    time_t sec = (time_t)(m->time / (int64_t)HB_S);
    char date[64], id[33];
    uint8_t random[16];
    struct tm tm;

    hb_random(random, sizeof(random));
    hb_hex(random, sizeof(random), id);
    /* Names of days and months are English whatever the locale is. */
    if (gmtime_r(&sec, &tm) == NULL)
        return -EINVAL;
    {
        static const char days[] = "SunMonTueWedThuFriSat";
        static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

        (void)snprintf(
            date, sizeof(date), "%.3s, %02d %.3s %04d %02d:%02d:%02d +0000",
            days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
            tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    }
    hb_buf_addf(b, "Date: %s\r\nFrom: %s\r\nTo: %s\r\nSubject: ", date, m->from,
                m->to);
    encoded(b, m->subject);
    hb_buf_addf(b,
                "\r\nMessage-ID: <%s@hinoban.invalid>\r\n"
                "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n",
                id);
    if (m->lines.n == 0) {
        part(b, m->text, NULL);
        return hb_buf_err(b);
    }
    hb_buf_addf(b,
                "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n--%s"
                "\r\n",
                id, id);
    part(b, m->text, NULL);
    hb_buf_addf(b, "\r\n--%s\r\n", id);
    part(b, m->lines, m->lines_name);
    hb_buf_addf(b, "\r\n--%s--\r\n", id);
    return hb_buf_err(b);
}

/* A body with its headers, in 7 bits whatever TEXT is: what passes every
 * relay as it stands is re-encoded by none.  NAME NULL: the text itself. */
static void part(struct hb_buf *b, struct hb_slice text, const char *name)
{
    bool seven = is_plain(text);

    hb_buf_addf(b,
                "Content-Type: text/plain; charset=%s\r\n"
                "Content-Transfer-Encoding: %s\r\n",
                seven ? "us-ascii" : "utf-8",
                seven ? "7bit" : "quoted-printable");
    if (name != NULL)
        hb_buf_addf(b, "Content-Disposition: inline; filename=\"%s\"\r\n",
                    name);
    hb_buf_addz(b, "\r\n");
    if (!seven) {
        hb_qp_encode(b, text);
        return;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n')
            hb_buf_addz(b, "\r\n");
        else
            hb_buf_addc(b, text.p[i]);
    }
}

static bool is_plain(struct hb_slice text)
{
    size_t column = 0;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        column = c == '\n' ? 0 : column + 1;
        if (column > WIDTH || ((c < ' ' || c > '~') && c != '\n' && c != '\t'))
            return false;
    }
    return true;
}

/* RFC 2047: words of at most 39 bytes, so that the line with "Subject: " is no
 * longer than 76. */
static void encoded(struct hb_buf *b, const char *word)
{
    size_t n = strlen(word);

    while (n > 0) {
        unsigned char text[64];
        size_t take = HB_MIN(n, (size_t)39);

        /* A character must not be cut in two. */
        while (take < n && ((unsigned char)word[take] & 0xc0) == 0x80)
            take--;
        (void)EVP_EncodeBlock(text, (const unsigned char *)word, (int)take);
        hb_buf_addf(b, "=?utf-8?B?%s", (const char *)text);
        hb_buf_addz(b, n > take ? "?=\r\n " : "?=");
        word += take;
        n -= take;
    }
}

/* libcurl doubles the dot that begins a line (RFC 5321, 4.5.2). */
static size_t on_read(char *p, size_t size, size_t n, void *arg)
{
    struct reading *in = arg;
    size_t take = HB_MIN(size * n, in->left.n);

    if (take > 0)
        memcpy(p, in->left.p, take);
    in->left = hb_slice(in->left.p + take, in->left.n - take);
    return take;
}

/* libcurl gives each line that the relay says as a header.  A refusal is what
 * counts, whatever is said after it; the goodbye is no answer to the mail. */
static size_t on_answer(char *p, size_t size, size_t n, void *arg)
{
    char *to = arg;
    size_t k = 0;

    if (to[0] == '4' || to[0] == '5' ||
        (size * n >= 3 && memcmp(p, "221", 3) == 0))
        return size * n;
    for (size_t i = 0; i < size * n && k + 1 < HB_MAIL_ANSWER; i++)
        if (p[i] >= ' ' && p[i] <= '~')
            to[k++] = p[i];
    to[k] = '\0';
    return size * n;
}
