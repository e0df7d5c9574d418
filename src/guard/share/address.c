/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.c - see address.h.  Reads what people typed and strangers wrote:
 * one pass over bounded text, no tables of Unicode.
 */
#include "guard/share/address.h"

#include "base/utf8.h"

#define LOCAL_MAX  64u
#define DOMAIN_MAX 253u
#define LABEL_MAX  63u
#define TEXT_MAX   1024u
#define POINTS_MAX 512u

static int code_points(struct hb_slice text, uint32_t ret[POINTS_MAX],
                       size_t *ret_n);
static uint32_t narrow(uint32_t cp);
static bool is_atext(uint32_t cp);
static bool is_japanese(uint32_t cp);
static int label(const uint32_t *cp, size_t n, char ret[LABEL_MAX + 1],
                 size_t *ret_n);
static int punycode(const uint32_t *cp, size_t n, char ret[LABEL_MAX + 1],
                    size_t *ret_n);
static int domain(const uint32_t *cp, size_t n, char ret[DOMAIN_MAX + 1]);

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

int hb_share_address(struct hb_slice text, char ret_key[HB_SHARE_ADDRESS],
                     char ret_mail[HB_SHARE_ADDRESS])
{
    char mail[HB_SHARE_ADDRESS], key[HB_SHARE_ADDRESS];
    uint32_t cp[POINTS_MAX];
    size_t n, at = 0, local;
    int r = code_points(text, cp, &n);

    if (r < 0)
        return r;
    while (at < n && cp[at] != '@')
        at++;
    if (at == 0 || at == n || at > LOCAL_MAX || cp[0] == '.' || cp[0] == '-' ||
        cp[0] == '/')
        return -EINVAL;
    for (size_t i = 0; i < at; i++) {
        if (!is_atext(cp[i]) && cp[i] != '.')
            return -EINVAL;
        mail[i] = (char)cp[i];
        key[i] = lower(mail[i]);
    }
    local = at;
    mail[local] = key[local] = '@';
    r = domain(cp + at + 1, n - at - 1, mail + local + 1);
    if (r < 0)
        return r;
    memcpy(key + local + 1, mail + local + 1, strlen(mail + local + 1) + 1);
    memcpy(ret_key, key, strlen(key) + 1);
    if (ret_mail != NULL)
        memcpy(ret_mail, mail, strlen(mail) + 1);
    return 0;
}

bool hb_share_domain_in(const char *dom, const char *rule)
{
    size_t n = strlen(dom), m = strlen(rule);

    return m > 0 && n >= m && memcmp(dom + n - m, rule, m) == 0 &&
           (n == m || dom[n - m - 1] == '.');
}

/* What stands between blanks and one pair of angle brackets. */
static int code_points(struct hb_slice text, uint32_t ret[POINTS_MAX],
                       size_t *ret_n)
{
    size_t n = 0, step, from = 0;

    if (text.n > TEXT_MAX)
        return -EINVAL;
    for (size_t at = 0; at < text.n; at += step) {
        uint32_t cp;

        step = hb_utf8_get(text.p + at, text.n - at, &cp);
        if (step == 0 || n == POINTS_MAX)
            return -EINVAL;
        ret[n++] = narrow(cp);
    }
    while (from < n && ret[from] == ' ')
        from++;
    while (n > from && ret[n - 1] == ' ')
        n--;
    if (n - from >= 2 && ret[from] == '<' && ret[n - 1] == '>') {
        from++;
        n--;
    }
    memmove(ret, ret + from, (n - from) * sizeof(*ret));
    *ret_n = n - from;
    return 0;
}

/* As an input method leaves it. */
static uint32_t narrow(uint32_t cp)
{
    if (cp >= 0xff01 && cp <= 0xff5e)
        return cp - 0xff01 + 0x21;
    if (cp == 0x3002 || cp == 0xff61) /* RFC 3490, 3.1: dots of IDNA */
        return '.';
    return cp == 0x3000 || cp == '\t' ? ' ' : cp;
}

/* Without the four that address.h refuses. */
static bool is_atext(uint32_t cp)
{
    if (cp == 0 || cp > 0x7e)
        return false;
    return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') ||
           (cp >= '0' && cp <= '9') ||
           strchr("#$&'*+-/=?^_{}~", (int)cp) != NULL;
}

/* Hiragana, katakana, their marks, kanji of the BMP. */
static bool is_japanese(uint32_t cp)
{
    return (cp >= 0x3041 && cp <= 0x3096) || (cp >= 0x30a1 && cp <= 0x30fa) ||
           cp == 0x30fc || (cp >= 0x3005 && cp <= 0x3007) ||
           (cp >= 0x4e00 && cp <= 0x9fff);
}

static int domain(const uint32_t *cp, size_t n, char ret[DOMAIN_MAX + 1])
{
    size_t at = 0, labels = 0;
    bool letters = false;

    for (size_t from = 0; from <= n;) {
        char one[LABEL_MAX + 1];
        size_t to = from, len;
        int r;

        while (to < n && cp[to] != '.')
            to++;
        r = label(cp + from, to - from, one, &len);
        if (r < 0)
            return r;
        if (at + (at > 0) + len > DOMAIN_MAX)
            return -EINVAL;
        if (at > 0)
            ret[at++] = '.';
        memcpy(ret + at, one, len);
        at += len;
        labels++;
        /* The last label of an address of numbers is one. */
        letters = strspn(one, "0123456789") < len;
        from = to + 1;
    }
    ret[at] = '\0';
    return labels >= 2 && letters ? 0 : -EINVAL;
}

static int label(const uint32_t *cp, size_t n, char ret[LABEL_MAX + 1],
                 size_t *ret_n)
{
    bool ascii = true, japanese = true;

    if (n == 0 || n > LABEL_MAX)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        bool ldh = (cp[i] >= 'a' && cp[i] <= 'z') ||
                   (cp[i] >= 'A' && cp[i] <= 'Z') ||
                   (cp[i] >= '0' && cp[i] <= '9') || cp[i] == '-';

        if (cp[i] <= 0x7f && !ldh)
            return -EINVAL;
        ascii &= cp[i] <= 0x7f;
        japanese &= ldh || is_japanese(cp[i]);
    }
    if (cp[0] == '-' || cp[n - 1] == '-')
        return -EINVAL;
    if (!japanese)
        return -EILSEQ;
    if (!ascii)
        return punycode(cp, n, ret, ret_n);
    for (size_t i = 0; i < n; i++)
        ret[i] = lower((char)cp[i]);
    ret[n] = '\0';
    *ret_n = n;
    return 0;
}

static char digit(uint32_t d)
{
    return (char)(d < 26 ? 'a' + d : '0' + d - 26);
}

/* RFC 3492, 6.1. */
static uint32_t adapt(uint32_t delta, uint32_t points, bool is_first)
{
    uint32_t k = 0;

    delta = is_first ? delta / 700 : delta / 2;
    delta += delta / points;
    for (; delta > 35 * 26 / 2; k += 36)
        delta /= 35;
    return k + 36 * delta / (delta + 38);
}

/* RFC 3492, 6.3, of at most 63 code points of the BMP: nothing overflows. */
static int punycode(const uint32_t *cp, size_t n, char ret[LABEL_MAX + 1],
                    size_t *ret_n)
{
    uint32_t next = 128, delta = 0, bias = 72, done = 0, basic;
    size_t at = 4;

    memcpy(ret, "xn--", 4);
    for (size_t i = 0; i < n; i++) {
        if (cp[i] > 0x7f)
            continue;
        if (at == LABEL_MAX)
            return -EINVAL;
        ret[at++] = lower((char)cp[i]);
        done++;
    }
    basic = done;
    if (basic > 0) {
        if (at == LABEL_MAX)
            return -EINVAL;
        ret[at++] = '-';
    }
    while (done < n) {
        uint32_t m = UINT32_MAX;

        for (size_t i = 0; i < n; i++)
            if (cp[i] >= next && cp[i] < m)
                m = cp[i];
        delta += (m - next) * (done + 1);
        next = m;
        for (size_t i = 0; i < n; i++) {
            uint32_t q = delta;

            delta += cp[i] < next;
            if (cp[i] != next)
                continue;
            q = delta;
            for (uint32_t k = 36;; k += 36) {
                uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;

                if (at == LABEL_MAX)
                    return -EINVAL;
                if (q < t)
                    break;
                ret[at++] = digit(t + (q - t) % (36 - t));
                q = (q - t) / (36 - t);
            }
            ret[at++] = digit(q);
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
        delta++;
        next++;
    }
    ret[at] = '\0';
    *ret_n = at;
    return 0;
}
