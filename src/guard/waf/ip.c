/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip.c - see ip.h.
 */
#include "guard/waf/ip.h"

#include <arpa/inet.h>

#include "base/i18n.h"
#include "base/num.h"

#define ADDRESS 64u /* no text of an address is longer */

/* Big endian, so that memcmp() orders; byte 0 is the family (4 or 6). */
struct addr {
    uint8_t b[17];
};

struct range {
    struct addr from, to;
};

struct hb_waf_ips {
    struct range *range;
    size_t n, cap;
};

static int read_word(struct hb_slice w, struct range *ret);
static bool read_address(struct hb_slice w, struct addr *ret);
static int add(struct hb_waf_ips *s, const struct range *r);
static int by_start(const void *a, const void *b);
static void merge(struct hb_waf_ips *s);

static bool between(char c)
{
    return c == ',' || c == ' ' || (c >= '\t' && c <= '\r');
}

int hb_waf_ips_parse(struct hb_slice text, struct hb_waf_ips **ret,
                     struct hb_err *err)
{
    struct hb_waf_ips *s = calloc(1, sizeof(*s));
    unsigned line = 1;
    int r = s == NULL ? -ENOMEM : 0;

    for (size_t i = 0, from; r == 0 && i < text.n;) {
        struct range one;

        if (text.p[i] == '#')
            while (i < text.n && text.p[i] != '\n')
                i++;
        if (i == text.n || between(text.p[i])) {
            line += i < text.n && text.p[i] == '\n';
            i++;
            continue;
        }
        for (from = i; i < text.n && !between(text.p[i]) && text.p[i] != '#';)
            i++;
        r = read_word((struct hb_slice){text.p + from, i - from}, &one);
        if (r < 0) {
            r = hb_err_at(err, r, "", line, 0,
                          _("\"%.*s\" is no address and no network"),
                          (int)HB_MIN(i - from, ADDRESS), text.p + from);
            break;
        }
        r = add(s, &one);
    }
    if (r < 0) {
        hb_waf_ips_free(s);
        return hb_err_set(
            err, r, r == -EFBIG ? _("too many networks") : _("out of memory"));
    }
    merge(s);
    *ret = s;
    return 0;
}

void hb_waf_ips_free(struct hb_waf_ips *s)
{
    if (s == NULL)
        return;
    free(s->range);
    free(s);
}

size_t hb_waf_ips_count(const struct hb_waf_ips *s)
{
    return s->n;
}

bool hb_waf_ips_has(const struct hb_waf_ips *s, struct hb_slice address)
{
    size_t low = 0, high = s->n;
    struct addr a;

    if (!read_address(address, &a))
        return false;
    /* The last range that begins at A or before it. */
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (memcmp(&s->range[mid].from, &a, sizeof(a)) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 && memcmp(&a, &s->range[low - 1].to, sizeof(a)) <= 0;
}

static int read_word(struct hb_slice w, struct range *ret)
{
    const char *slash = memchr(w.p, '/', w.n);
    struct hb_slice host = {w.p, slash != NULL ? (size_t)(slash - w.p) : w.n};
    uint64_t bits, max;

    if (!read_address(host, &ret->from))
        return -EBADMSG;
    max = ret->from.b[0] == 4 ? 32 : 128;
    bits = max;
    if (slash != NULL &&
        hb_parse_u64((struct hb_slice){slash + 1, w.n - host.n - 1}, &bits) < 0)
        return -EBADMSG;
    bits = HB_MIN(bits, max); /* "10.0.0.0/100" is one address */
    ret->to = ret->from;
    for (unsigned i = 0; i < max / 8; i++) {
        unsigned kept = bits > 8 * i ? (unsigned)HB_MIN(bits - 8 * i, 8u) : 0;
        uint8_t mask = (uint8_t)(0xff00u >> kept);

        ret->from.b[1 + i] &= mask;
        ret->to.b[1 + i] = (uint8_t)(ret->from.b[1 + i] | (uint8_t)~mask);
    }
    return 0;
}

static bool read_address(struct hb_slice w, struct addr *ret)
{
    char text[ADDRESS];

    if (w.n == 0 || w.n >= sizeof(text) || memchr(w.p, '\0', w.n) != NULL)
        return false;
    memcpy(text, w.p, w.n);
    text[w.n] = '\0';
    memset(ret, 0, sizeof(*ret));
    if (inet_pton(AF_INET, text, ret->b + 1) == 1) {
        ret->b[0] = 4;
        return true;
    }
    ret->b[0] = 6;
    return inet_pton(AF_INET6, text, ret->b + 1) == 1;
}

static int add(struct hb_waf_ips *s, const struct range *r)
{
    if (s->n == HB_WAF_IP_MAX)
        return -EFBIG;
    if (s->n == s->cap) {
        size_t cap = s->cap == 0 ? 8 : 2 * s->cap;
        struct range *more = realloc(s->range, cap * sizeof(*more));

        if (more == NULL)
            return -ENOMEM;
        s->range = more;
        s->cap = cap;
    }
    s->range[s->n++] = *r;
    return 0;
}

static int by_start(const void *a, const void *b)
{
    return memcmp(&((const struct range *)a)->from,
                  &((const struct range *)b)->from, sizeof(struct addr));
}

/* Networks either lie apart or one in the other; what lies inside goes. */
static void merge(struct hb_waf_ips *s)
{
    size_t n = 0;

    if (s->n > 1)
        qsort(s->range, s->n, sizeof(*s->range), by_start);
    for (size_t i = 0; i < s->n; i++) {
        struct range *last = n > 0 ? &s->range[n - 1] : NULL;

        if (last == NULL ||
            memcmp(&s->range[i].from, &last->to, sizeof(struct addr)) > 0)
            s->range[n++] = s->range[i];
        else if (memcmp(&s->range[i].to, &last->to, sizeof(struct addr)) > 0)
            last->to = s->range[i].to;
    }
    s->n = n;
}
