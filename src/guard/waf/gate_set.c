/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_set.c - see gate_set.h.
 *
 * The estimates need not be right, only of use: they choose between
 * conditions that all hold.  Letters count as in English text, the rest as in
 * forms, JSON and paths of requests.
 */
#include "guard/waf/gate_set.h"

#define PLACES   30.0 /* at which a string may begin in a value */
#define P_COMMON 0.05 /* of a part of a common word */

typedef struct hb_waf_gate_strings strings;

/* Words that values hold without being an attack; a literal that is a part of
 * one says little. */
static const char common[] =
    "http https www index html php content type text name value page user "
    "from the and for with that this not all are can has have into one our "
    "order date time name email address title message comment description "
    "application json image data code number search query order by id "
    "in on or of is it as at to be we no if do so my an up go me he us am "
    "mozilla windows applewebkit like gecko chrome safari firefox linux "
    "en ja com net org jp img src css js api test local host admin file list";

unsigned hb_waf_gate_kind(uint8_t c)
{
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
        return 0;
    if (c >= '0' && c <= '9')
        return 1;
    if (c >= 0xf0)
        return 45;
    if (c >= 0xe0)
        return 44;
    if (c >= 0xc0)
        return 43;
    if (c >= 0x80)
        return 42;
    if (c >= '{' && c != 0x7f)
        return 2u + c - '{'; /* 2 to 5 */
    if (c >= '[' && c != 0x7f)
        return 6u + c - '['; /* 6 to 11 */
    if (c >= ':' && c != 0x7f)
        return 12u + c - ':'; /* 12 to 18 */
    if (c >= ' ' && c != 0x7f)
        return 19u + c - ' '; /* 19 to 34 */
    if (c >= '\t' && c <= '\r')
        return 35u + c - '\t'; /* 35 to 39 */
    return c == 0 ? 40 : 41;
}

uint64_t hb_waf_gate_kinds(const struct hb_waf_gate_bytes *set)
{
    uint64_t kinds = 0;

    for (size_t i = 0; i < HB_ARRAY_LEN(set->w); i++)
        for (uint64_t v = set->w[i]; v != 0; v &= v - 1)
            kinds |= (uint64_t)1 << hb_waf_gate_kind(
                         (uint8_t)(i * 64 + (unsigned)__builtin_ctzll(v)));
    return kinds;
}

/* That a value holds a byte of the kind of C. */
static double p_kind(uint8_t c)
{
    switch (c) {
    case '-':
    case '.':
        return 0.2;
    case ' ':
        return 0.3;
    case '_':
        return 0.15;
    case '/':
        return 0.12;
    case ':':
    case ',':
        return 0.08;
    case '@':
    case '=':
    case '(':
    case ')':
    case '\'':
    case '?':
    case '%':
    case '+':
    case '&':
        return 0.04;
    case '\0':
        return 0.0005;
    default:
        if (hb_waf_gate_kind(c) == 0)
            return 0.95;
        if (hb_waf_gate_kind(c) == 1)
            return 0.6;
        return c >= 0x80 ? 0.08 : 0.012;
    }
}

double hb_waf_gate_p_kinds(uint64_t kinds)
{
    static const char one_of[HB_WAF_GATE_KINDS + 1] =
        "a0{|}~[\\]^_`:;<=>?@ !\"#$%&'()*+,-./\t\n\v\f\r\0\1\x80\xc0\xe0\xf0";
    double none = 1;

    for (; kinds != 0; kinds &= kinds - 1)
        none *= 1 - p_kind((uint8_t)one_of[__builtin_ctzll(kinds)]);
    return 1 - none;
}

double hb_waf_gate_share(uint8_t c)
{
    static const double letter[26] = {.075, .013, .030, .036, .110, .018, .017,
                                      .040, .065, .002, .007, .037, .022, .063,
                                      .067, .019, .002, .055, .057, .080, .025,
                                      .010, .018, .003, .016, .002};

    if (c >= 'a' && c <= 'z')
        return letter[c - 'a'];
    if (c >= '0' && c <= '9')
        return 0.06;
    if (c == '\n') /* the ones around the value */
        return 1 / PLACES;
    return c == ' ' ? 0.08 : p_kind(c) / 10;
}

static bool letter(char c)
{
    return c >= 'a' && c <= 'z';
}

void hb_waf_gate_work_init(struct hb_waf_gate_work *w, struct hb_arena *a)
{
    *w = (struct hb_waf_gate_work){.arena = a};
    for (size_t i = 0; i + 2 < sizeof(common); i++)
        if (letter(common[i]) && letter(common[i + 1]))
            w->pairs[common[i] - 'a'] |= 1u << (common[i + 1] - 'a');
}

/* Whether S is a part of one of the words.  Most strings have a pair of
 * letters that is in none. */
static bool is_common(const struct hb_waf_gate_work *w, struct hb_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!letter(s.p[i]) ||
            (i > 0 && (w->pairs[s.p[i - 1] - 'a'] >> (s.p[i] - 'a') & 1) == 0))
            return false;
    return memmem(common, sizeof(common) - 1, s.p, s.n) != NULL;
}

double hb_waf_gate_p_string(const struct hb_waf_gate_work *w, struct hb_slice s)
{
    double p = PLACES;

    if (s.n == 0)
        return 1;
    if (s.n == 1) /* there is a line end around every value */
        return s.p[0] == '\n' ? 1 : p_kind((uint8_t)s.p[0]);
    if (is_common(w, s))
        return P_COMMON;
    for (size_t i = 0; i < s.n; i++)
        p *= hb_waf_gate_share((uint8_t)s.p[i]);
    /* A string more is work for the processor, however rare. */
    return HB_MIN(p, 1.0) + 1e-6;
}

double hb_waf_gate_p(const struct hb_waf_gate_work *w, const strings *set)
{
    double p = hb_waf_gate_p_kinds(set->esc);

    for (uint32_t i = 0; i < set->n; i++) {
        double one = hb_waf_gate_p_string(w, set->s[i]);

        if (one >= 1)
            return 1;
        p += one;
    }
    /* Many strings that are all common still keep short values away. */
    return HB_MIN(p, HB_WAF_GATE_P_MANY);
}

static strings room(struct hb_waf_gate_work *w, size_t n)
{
    strings set = {.s = HB_NEW_N(w->arena, struct hb_slice, n + 1)};

    if (set.s == NULL)
        w->err = -ENOMEM;
    return set;
}

static uint32_t hash(struct hb_slice s)
{
    uint32_t h = (uint32_t)s.n;

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (uint8_t)s.p[i]) * 0x01000193u; /* FNV-1a, as the strings
                                                    are those of our rules */
    return h ^ h >> 15;
}

/* The places of what is kept stand in a table, open addressed. */
void hb_waf_gate_once(struct hb_waf_gate_work *w, strings *set)
{
    uint32_t size = 4, n = 0, *table;

    if (set->n < 2)
        return;
    while (size < 2 * set->n)
        size *= 2;
    table = hb_arena_calloc(w->arena, size, sizeof(*table));
    if (table == NULL) {
        w->err = -ENOMEM;
        return;
    }
    for (uint32_t i = 0; i < set->n; i++) {
        uint32_t at = hash(set->s[i]) & (size - 1);

        while (table[at] != 0 && !hb_slice_eq(set->s[table[at] - 1], set->s[i]))
            at = (at + 1) & (size - 1);
        if (table[at] != 0)
            continue;
        set->s[n++] = set->s[i];
        table[at] = n;
    }
    set->n = n;
}

strings hb_waf_gate_nothing(struct hb_waf_gate_work *w)
{
    strings set = room(w, 1);

    if (set.s != NULL)
        set.s[set.n++] = HB_SLICE("");
    return set;
}

strings hb_waf_gate_singles(struct hb_waf_gate_work *w,
                            const struct hb_waf_gate_bytes *b)
{
    struct hb_waf_gate_bytes folded = {{0}};
    size_t n = 0;
    strings set;
    char *text;

    for (size_t i = 0; i < HB_ARRAY_LEN(b->w); i++)
        for (uint64_t v = b->w[i]; v != 0; v &= v - 1) {
            unsigned c = (unsigned)(i * 64) + (unsigned)__builtin_ctzll(v);

            c = hb_waf_gate_fold((uint8_t)c);
            folded.w[c >> 6] |= (uint64_t)1 << (c & 63);
            n++;
        }
    set = room(w, n);
    text = hb_arena_alloc(w->arena, n + 1);
    if (set.s == NULL || text == NULL) {
        w->err = -ENOMEM;
        return set;
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(b->w); i++)
        for (uint64_t v = folded.w[i]; v != 0; v &= v - 1) {
            text[set.n] = (char)(i * 64 + (unsigned)__builtin_ctzll(v));
            set.s[set.n] = (struct hb_slice){text + set.n, 1};
            set.n++;
        }
    return set;
}

strings hb_waf_gate_cross(struct hb_waf_gate_work *w, const strings *a,
                          const strings *b)
{
    strings set = room(w, (size_t)a->n * b->n);

    set.esc = a->esc | b->esc;
    for (uint32_t i = 0; set.s != NULL && i < a->n; i++)
        for (uint32_t k = 0; k < b->n; k++) {
            struct hb_slice x = a->s[i], y = b->s[k];
            char *p;

            if (x.n == 0 || y.n == 0) {
                set.s[set.n++] = x.n == 0 ? y : x;
                continue;
            }
            p = hb_arena_alloc(w->arena, x.n + y.n);
            if (p == NULL) {
                w->err = -ENOMEM;
                return set;
            }
            memcpy(p, x.p, x.n);
            memcpy(p + x.n, y.p, y.n);
            set.s[set.n++] = (struct hb_slice){p, x.n + y.n};
        }
    if (a->n > 1 && b->n > 1)
        hb_waf_gate_once(w, &set);
    return set;
}

strings hb_waf_gate_union(struct hb_waf_gate_work *w,
                          const strings *const *list, size_t n, bool once)
{
    size_t all = 0;
    strings set;

    for (size_t i = 0; i < n; i++)
        all += list[i]->n;
    set = room(w, all);
    for (size_t i = 0; set.s != NULL && i < n; i++) {
        set.esc |= list[i]->esc;
        if (list[i]->n > 0)
            memcpy(set.s + set.n, list[i]->s, list[i]->n * sizeof(*set.s));
        set.n += list[i]->n;
    }
    if (once)
        hb_waf_gate_once(w, &set);
    return set;
}

static strings cut(struct hb_waf_gate_work *w, const strings *a, size_t n,
                   bool end)
{
    strings set = room(w, a->n);

    if (set.s == NULL)
        return set;
    set.esc = a->esc;
    for (uint32_t i = 0; i < a->n; i++) {
        struct hb_slice x = a->s[i];
        size_t len = HB_MIN(x.n, n);

        set.s[set.n++] = (struct hb_slice){end ? x.p + x.n - len : x.p, len};
    }
    hb_waf_gate_once(w, &set);
    return set;
}

strings hb_waf_gate_heads(struct hb_waf_gate_work *w, const strings *a,
                          size_t n)
{
    return cut(w, a, n, false);
}

strings hb_waf_gate_tails(struct hb_waf_gate_work *w, const strings *a,
                          size_t n)
{
    return cut(w, a, n, true);
}
