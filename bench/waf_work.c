/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waf_work.c - the requests that the benches of the web application firewall
 * send (waf_work.h).
 */
#include <stdio.h>

#include "waf_work.h"

static void make_get(struct hb_buf *b, unsigned size);
static void make_form(struct hb_buf *b, unsigned size);
static void make_json(struct hb_buf *b, unsigned size);
static void make_attack(struct hb_buf *b, unsigned size);
static void make_args(struct hb_buf *b, unsigned size);
static void make_string(struct hb_buf *b, unsigned size);
static void make_upload(struct hb_buf *b, unsigned size);
static void make_xml(struct hb_buf *b, unsigned size);

/* Sizes are those of the measurements that the goal came from. */
const struct waf_work waf_works[] = {
    {"get", make_get, 839, 2},
    {"form", make_form, 1012, 2},
    {"json", make_json, 8019, 2},
    {"attack", make_attack, 0, 2},
    {"args_10", make_args, 10, 1},
    {"args_50", make_args, 50, 1},
    {"args_100", make_args, 100, 1},
    {"args_200", make_args, 200, 1},
    {"args_400", make_args, 400, 1},
    {"args_900", make_args, 900, 1},
    {"string_8k", make_string, 8u << 10, 1},
    {"string_32k", make_string, 32u << 10, 1},
    {"string_120k", make_string, 120u << 10, 1},
    {"upload_1m", make_upload, 1u << 20, 1},
    {"xml_8k", make_xml, 8u << 10, 1},
};
const size_t n_waf_works = HB_ARRAY_LEN(waf_works);

/* -------------------------------------------------------------- requests */

static const char browser[] =
    "Host: shop.example.jp\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 "
    "Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
    "Accept-Language: ja,en-US;q=0.7,en;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Referer: https://shop.example.jp/list\r\n"
    "DNT: 1\r\n"
    "Connection: keep-alive\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Priority: u=0, i\r\n";

static const char cookies[] = "Cookie: lang=ja; theme=light; cart=3; "
                              "consent=yes; sid=";

/* A text of N harmless characters. */
static void pad(struct hb_buf *b, size_t n)
{
    static const char text[] = "8f2c41d07ab93e65c1f4a2d8b7e05936";

    for (size_t i = 0; i < n; i++)
        hb_buf_addc(b, text[i % (sizeof(text) - 1)]);
}

static void words(struct hb_buf *b, size_t n)
{
    static const char text[] = "the opening hours on the page of the town "
                               "hall have changed since last spring and ";

    for (size_t i = 0; i < n; i++)
        hb_buf_addc(b, text[i % (sizeof(text) - 1)]);
}

/* 14 headers with the cookies, whose last is as long as SIZE wants it. */
static void make_get(struct hb_buf *b, unsigned size)
{
    hb_buf_addz(b, "GET /shop/items/view.html?category=books&page=2&sort=price"
                   "&q=garden+tools&id=48213 HTTP/1.1\r\n");
    hb_buf_addz(b, browser);
    hb_buf_addz(b, cookies);
    pad(b, size > b->n + 4 ? size - b->n - 4 : 32);
    hb_buf_addz(b, "\r\n\r\n");
}

static void make_attack(struct hb_buf *b, unsigned size)
{
    hb_buf_addz(b, "GET /shop/items/view.html?category=books&page=2&id=1%20"
                   "UNION%20SELECT%20user,password%20FROM%20users-- "
                   "HTTP/1.1\r\n");
    hb_buf_addz(b, browser);
    hb_buf_addz(b, cookies);
    pad(b, 32);
    hb_buf_addz(b, "\r\n\r\n");
}

/* A POST with this body. */
static void post(struct hb_buf *b, const char *type, const struct hb_buf *body)
{
    hb_buf_addz(b, "POST /shop/order HTTP/1.1\r\n");
    hb_buf_addz(b, browser);
    hb_buf_addf(b,
                "%s4f1d2c\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                "\r\n",
                cookies, type, body->n);
    hb_buf_add(b, body->p, body->n);
}

static void make_form(struct hb_buf *b, unsigned size)
{
    struct hb_buf body = HB_BUF_INIT;

    hb_buf_addz(&body, "name=Yamada+Hanako&mail=hanako%40example.jp&"
                       "phone=03-1234-5678&zip=100-0001&topic=hours&"
                       "copy=yes&remark=");
    while (body.n < size)
        hb_buf_addz(&body, "the+opening+hours+on+the+page+have+changed+");
    body.n = size;
    post(b, "application/x-www-form-urlencoded", &body);
    hb_buf_done(&body);
}

/* 53 items of five values and three values more: 268 arguments. */
static void make_json(struct hb_buf *b, unsigned size)
{
    struct hb_buf body = HB_BUF_INIT;

    hb_buf_addz(&body, "{\"items\":[");
    for (unsigned i = 0; i < 53; i++)
        hb_buf_addf(&body,
                    "%s{\"id\":%u,\"sku\":\"GT-%05u\",\"name\":\"Garden tool "
                    "number %u, steel and ash\",\"price\":%u,\"category\":"
                    "\"garden_and_outdoor_living\"}",
                    i > 0 ? "," : "", 48213 + i, 7 * i, i, 1200 + 35 * i);
    hb_buf_addz(&body, "],\"customer\":\"Yamada Hanako\",\"currency\":\"JPY\","
                       "\"note\":\"");
    words(&body, size > body.n + 2 ? size - body.n - 2 : 8);
    hb_buf_addz(&body, "\"}");
    post(b, "application/json", &body);
    hb_buf_done(&body);
}

static void make_args(struct hb_buf *b, unsigned size)
{
    struct hb_buf body = HB_BUF_INIT;

    for (unsigned i = 0; i < size; i++)
        hb_buf_addf(&body, "%s\"field_%u\":\"value number %u\"",
                    i > 0 ? "," : "{", i, i);
    hb_buf_addz(&body, "}");
    post(b, "application/json", &body);
    hb_buf_done(&body);
}

static void make_string(struct hb_buf *b, unsigned size)
{
    struct hb_buf body = HB_BUF_INIT;

    hb_buf_addz(&body, "{\"text\":\"");
    words(&body, size);
    hb_buf_addz(&body, "\"}");
    post(b, "application/json", &body);
    hb_buf_done(&body);
}

static void make_upload(struct hb_buf *b, unsigned size)
{
    static const char bar[] = "------------------------f1d2c8a07be93645";
    struct hb_buf body = HB_BUF_INIT;
    char type[128];
    uint32_t x = 42;

    hb_buf_addf(&body,
                "--%s\r\nContent-Disposition: form-data; name=\"title\"\r\n"
                "\r\nHolidays\r\n--%s\r\nContent-Disposition: form-data; "
                "name=\"photo\"; filename=\"beach.jpg\"\r\n"
                "Content-Type: image/jpeg\r\n\r\n",
                bar, bar);
    for (unsigned i = 0; i < size; i++) {
        x = x * 1664525u + 1013904223u;
        hb_buf_addc(&body, (char)(x >> 24));
    }
    hb_buf_addf(&body, "\r\n--%s--\r\n", bar);
    (void)snprintf(type, sizeof(type), "multipart/form-data; boundary=%s", bar);
    post(b, type, &body);
    hb_buf_done(&body);
}

static void make_xml(struct hb_buf *b, unsigned size)
{
    struct hb_buf body = HB_BUF_INIT;

    hb_buf_addz(&body, "<?xml version=\"1.0\"?><order>");
    for (unsigned i = 0; body.n < size; i++)
        hb_buf_addf(&body,
                    "<item id=\"%u\"><name>Garden tool %u</name>"
                    "<price>%u</price></item>",
                    48213 + i, i, 1200 + 35 * i);
    hb_buf_addz(&body, "</order>");
    post(b, "application/xml", &body);
    hb_buf_done(&body);
}
