/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - see names.h.
 *
 * Kanji are looked up in one table of bits; listed names in a hash of their
 * letters.  Nothing grows: the tables are made once.
 */
#include "base/utf8.h"
#include "inspect/names.h"
#include "inspect/names_data.h"

#define KANJI_FIRST     0x4e00u
#define KANJI_N         0x5200u
#define FIRM_LETTERS    10u /* of the longest word of firm_end */
#define KANA_FIRST      0x3040u
#define KANA            192u  /* hiragana and katakana */
#define SURNAME_LETTERS 5u    /* of the longest surname */
#define LATIN_LETTERS   16u   /* of one word of a name */
#define SLOTS           8192u /* of the hash, a power of two */

enum part {
    SUR_FIRST = 1u << 0,
    SUR_SECOND = 1u << 1,
    GIVEN_ONE = 1u << 2,
    GIVEN_FIRST = 1u << 3,
    GIVEN_LAST = 1u << 4,
    GIVEN_THIRD = 1u << 5,
    FIRM_LAST = 1u << 6, /* ends a word of firm_end */
    SUR_LISTED = 1u << 7 /* begins a listed surname */
};

enum list { LIST_SURNAME = 1, LIST_KANA, LIST_FIRM, LIST_LATIN, LIST_WORD };

struct hb_names {
    uint8_t part[KANJI_N];
    uint64_t slot[SLOTS]; /* hash of a listed name, 0 free */
    /* First two kana of listed given names: most that follow kanji are none. */
    uint64_t kana[KANA * KANA / 64];
};

/* A name in letters, without its blank. */
struct piece {
    const uint32_t *cp;
    size_t n;
};

static size_t given_here(const struct hb_names *names, const uint32_t *cp,
                         bool blank, bool short_surname);
static bool is_title(uint32_t c);
static size_t kana_bit(const uint32_t *cp);
static bool kana_begins(const struct hb_names *names, const uint32_t *cp);
static void mark(struct hb_names *names, uint32_t cp, uint8_t bit);
static void parts(struct hb_names *names, const char *z, uint8_t bit);
static int listed(struct hb_names *names, const char *z, enum list list);
static bool is_listed(const struct hb_names *names, enum list list,
                      const uint32_t *cp, size_t n);
static unsigned part(const struct hb_names *names, uint32_t c);
static size_t trimmed(const uint32_t *cp, size_t n);
static bool full(const struct hb_names *names, const uint32_t *cp, size_t n);
static enum hb_name japanese(const struct hb_names *names, const uint32_t *cp,
                             size_t n, size_t blank);
static enum hb_name katakana(const struct hb_names *names, const uint32_t *cp,
                             size_t n);
static enum hb_name latin(const struct hb_names *names, const uint32_t *cp,
                          size_t n);

int hb_names_new(struct hb_names **ret)
{
    struct hb_names *names = calloc(1, sizeof(*names));
    int r;

    if (names == NULL)
        return -ENOMEM;
    parts(names, sur_first, SUR_FIRST);
    parts(names, sur_second, SUR_SECOND);
    parts(names, given_one, GIVEN_ONE);
    parts(names, given_first, GIVEN_FIRST);
    parts(names, given_last, GIVEN_LAST);
    parts(names, given_third, GIVEN_THIRD);
    r = listed(names, sur_listed, LIST_SURNAME);
    if (r == 0)
        r = listed(names, given_kana, LIST_KANA);
    if (r == 0)
        r = listed(names, firm_end, LIST_FIRM);
    if (r == 0)
        r = listed(names, firm_latin, LIST_LATIN);
    if (r == 0)
        r = listed(names, no_name, LIST_WORD);
    if (r < 0) {
        free(names);
        return r;
    }
    *ret = names;
    return 0;
}

void hb_names_free(struct hb_names *names)
{
    free(names);
}

bool hb_name_surname(const struct hb_names *names, const uint32_t *cp, size_t n)
{
    if (n == 2 && (part(names, cp[0]) & SUR_FIRST) &&
        (part(names, cp[1]) & SUR_SECOND))
        return true;
    if (n >= 1 && n <= 5 && (part(names, cp[0]) & SUR_LISTED) &&
        is_listed(names, LIST_SURNAME, cp, n))
        return true;
    /* 大久保, 佐々木, 上野山: a surname behind or before one kanji more. */
    return n == 3 && hb_is_kanji(cp[0]) && (part(names, cp[0]) & SUR_FIRST) &&
           (cp[1] == 0x3005 || cp[1] == 0x30ce || cp[1] == 0x30f6 ||
            cp[1] == 0x4e4b || (part(names, cp[1]) & SUR_SECOND)) &&
           (part(names, cp[2]) & SUR_SECOND);
}

bool hb_name_given(const struct hb_names *names, const uint32_t *cp, size_t n)
{
    if (n == 1)
        return (part(names, cp[0]) & GIVEN_ONE) != 0;
    if (n == 2 && (part(names, cp[0]) & GIVEN_FIRST) &&
        ((part(names, cp[1]) & GIVEN_LAST) || cp[1] == 0x3005))
        return true;
    if (n == 3 && (part(names, cp[0]) & GIVEN_FIRST) &&
        (part(names, cp[1]) & (GIVEN_FIRST | GIVEN_LAST)) &&
        (part(names, cp[2]) & GIVEN_THIRD))
        return true;
    return n >= 2 && n <= 5 && !hb_is_kanji(cp[0]) &&
           is_listed(names, LIST_KANA, cp, n);
}

bool hb_name_firm(const struct hb_names *names, const uint32_t *cp, size_t n)
{
    static const char *const inside[] = {
        "会社", "(株)", "(有)", "法人", "組合", "銀行", "センター", "㈱", "㈲",
    };

    for (size_t i = 0; i < n; i++) {
        if (cp[i] != 0x4f1a && cp[i] != '(' && cp[i] != 0x6cd5 &&
            cp[i] != 0x7d44 && cp[i] != 0x9280 && cp[i] != 0x30bb &&
            cp[i] != 0x3231 && cp[i] != 0x3232)
            continue;
        for (size_t k = 0; k < HB_ARRAY_LEN(inside); k++)
            if (hb_letters_begin_n(cp + i, n - i, inside[k],
                                   strlen(inside[k])) > 0)
                return true;
    }
    if (n < 2 ||
        (hb_is_kanji(cp[n - 1]) && !(part(names, cp[n - 1]) & FIRM_LAST)))
        return false;
    for (size_t m = 1; m < n && m <= FIRM_LETTERS; m++)
        if (is_listed(names, LIST_FIRM, cp + n - m, m))
            return true;
    return false;
}

enum hb_name hb_name_cell(const struct hb_names *names, const uint32_t *cp,
                          size_t n, size_t *ret_n)
{
    size_t blank = 0, blanks = 0, alpha = 0, kana = 0, m;

    *ret_n = 0;
    if (n < 2 || !(hb_is_kanji(cp[0]) || hb_is_latin(cp[0]) ||
                   hb_is_katakana(cp[0]) || hb_is_hiragana(cp[0])))
        return HB_NAME_NO;
    m = trimmed(cp, n);
    *ret_n = m;
    if (m < 2 || m > HB_NAME_LETTERS)
        return HB_NAME_NO;
    for (size_t i = 0; i < m; i++) {
        if (hb_is_blank(cp[i]) || cp[i] == 0x30fb || cp[i] == 0xff65) {
            blanks++;
            blank = i;
        } else if (hb_is_latin(cp[i]) || cp[i] == '.' || cp[i] == '\'' ||
                   cp[i] == '-' || cp[i] == ',') {
            alpha++;
        } else if (hb_is_katakana(cp[i]) || cp[i] == '=' || cp[i] == 0x30a0) {
            kana++;
        } else if (!hb_is_kanji(cp[i]) && !hb_is_hiragana(cp[i])) {
            return HB_NAME_NO;
        }
    }
    if (alpha > 0)
        return alpha + blanks == m ? latin(names, cp, m) : HB_NAME_NO;
    if (kana + blanks == m)
        return katakana(names, cp, m);
    if (blanks > 1 || m > 9)
        return HB_NAME_NO;
    return japanese(names, cp, m, blanks > 0 ? blank : 0);
}

size_t hb_name_here(const struct hb_names *names, const uint32_t *cp)
{
    size_t run = 1;

    if (!(part(names, cp[0]) & (SUR_FIRST | SUR_LISTED)))
        return 0;
    while (run < SURNAME_LETTERS &&
           (hb_is_kanji(cp[run]) || cp[run] == 0x30ce || cp[run] == 0x30f6))
        run++;
    for (size_t s = run; s >= 1; s--) {
        bool blank = cp[s] == ' ' || cp[s] == HB_WIDE_BLANK;
        const uint32_t *given = cp + s + blank;
        size_t g;

        /* The cheap half first: whether a given name could follow. */
        if (hb_is_kanji(given[0])
                ? !(part(names, given[0]) & (GIVEN_FIRST | GIVEN_ONE))
                : !kana_begins(names, given))
            continue;
        if (!hb_name_surname(names, cp, s))
            continue;
        g = given_here(names, given, blank, s == 1);
        if (g > 0 && (blank || !is_listed(names, LIST_WORD, cp, s + g)))
            return s + blank + g;
    }
    return 0;
}

/* Letters of the given name at CP in running text, 0 where there is none. */
static size_t given_here(const struct hb_names *names, const uint32_t *cp,
                         bool blank, bool short_surname)
{
    size_t most = 0;

    while (most < 4 && cp[most] != 0)
        most++;
    for (size_t g = most; g >= 1; g--) {
        uint32_t last = cp[g - 1], after = cp[g];

        if (!hb_name_given(names, cp, g))
            continue;
        /* 西武, 信濃町, 赤石岳 */
        if (!blank &&
            ((short_surname && g == 1) || last == 0x753a || last == 0x5cb3))
            continue;
        /* "山本正面", "高橋から": the word goes on. */
        if (hb_is_katakana(after) && hb_is_katakana(last))
            continue;
        if (hb_is_hiragana(after) && hb_is_hiragana(last) && !blank)
            continue;
        if (!hb_is_kanji(after) || is_title(after))
            return g;
    }
    return 0;
}

/* 氏, 様, 殿, 君, 先生, 委員, 課長, 部長, 会長, 司会, 教授 */
static bool is_title(uint32_t c)
{
    static const uint16_t titles[] = {0x6c0f, 0x69d8, 0x6bbf, 0x541b,
                                      0x5148, 0x59d4, 0x8ab2, 0x90e8,
                                      0x4f1a, 0x53f8, 0x6559};

    for (size_t i = 0; i < HB_ARRAY_LEN(titles); i++)
        if (c == titles[i])
            return true;
    return false;
}

static void parts(struct hb_names *names, const char *z, uint8_t bit)
{
    size_t left = strlen(z);

    while (left > 0) {
        uint32_t cp;
        size_t step = hb_utf8_get(z, left, &cp);

        HB_ASSERT(step > 0);
        mark(names, cp, bit);
        z += step;
        left -= step;
    }
}

static size_t kana_bit(const uint32_t *cp)
{
    return (cp[0] - KANA_FIRST) * KANA + (cp[1] - KANA_FIRST);
}

static bool kana_begins(const struct hb_names *names, const uint32_t *cp)
{
    return cp[0] - KANA_FIRST < KANA && cp[1] - KANA_FIRST < KANA &&
           names->kana[kana_bit(cp) / 64] >> kana_bit(cp) % 64 & 1;
}

static void mark(struct hb_names *names, uint32_t cp, uint8_t bit)
{
    if (cp - KANJI_FIRST < KANJI_N)
        names->part[cp - KANJI_FIRST] |= bit;
}

/* FNV-1a over the letters. */
static uint64_t hash(enum list list, const uint32_t *cp, size_t n)
{
    uint64_t h = 14695981039346656037u + list;

    for (size_t i = 0; i < n; i++)
        h = (h ^ cp[i]) * 1099511628211u;
    return h != 0 ? h : 1;
}

static int listed(struct hb_names *names, const char *z, enum list list)
{
    size_t left = strlen(z), n = 0;
    uint32_t word[LATIN_LETTERS];

    for (;;) {
        uint32_t cp = ' ';
        size_t step = left > 0 ? hb_utf8_get(z, left, &cp) : 0;

        if (cp != ' ' && n < HB_ARRAY_LEN(word)) {
            word[n++] = cp;
        } else if (n > 0) {
            uint64_t h = hash(list, word, n);
            size_t i = h % SLOTS, tries = 0;

            while (names->slot[i] != 0 && names->slot[i] != h) {
                i = (i + 1) % SLOTS;
                if (++tries == SLOTS)
                    return -ENOSPC;
            }
            names->slot[i] = h;
            if (list == LIST_KANA && n >= 2)
                names->kana[kana_bit(word) / 64] |= UINT64_C(1)
                                                    << kana_bit(word) % 64;
            if (list == LIST_SURNAME || list == LIST_FIRM)
                mark(names, list == LIST_FIRM ? word[n - 1] : word[0],
                     list == LIST_FIRM ? FIRM_LAST : SUR_LISTED);
            n = 0;
        }
        if (left == 0)
            return 0;
        z += step;
        left -= step;
    }
}

static bool is_listed(const struct hb_names *names, enum list list,
                      const uint32_t *cp, size_t n)
{
    uint64_t h = hash(list, cp, n);

    for (size_t i = h % SLOTS; names->slot[i] != 0; i = (i + 1) % SLOTS)
        if (names->slot[i] == h)
            return true;
    return false;
}

static unsigned part(const struct hb_names *names, uint32_t c)
{
    if (c - KANJI_FIRST < KANJI_N)
        return names->part[c - KANJI_FIRST];
    if (c == 0x20bb7) /* 𠮷 for 吉 */
        return names->part[0x5409 - KANJI_FIRST];
    return c - 0xf900 < 0x200 ? SUR_FIRST | SUR_SECOND : 0;
}

/* Without honorifics, and without a reading or a note in brackets. */
static size_t trimmed(const uint32_t *cp, size_t n)
{
    static const char *const after[] = {"様",     "さん", "さま", "氏",
                                        "殿",     "先生", "君",   "くん",
                                        "ちゃん", "御中"};
    size_t m = 0;

    while (m < n && cp[m] != '(' && cp[m] != '[' && cp[m] != '<' &&
           cp[m] != '/' && cp[m] != 0x3010 && cp[m] != 0x3014)
        m++;
    while (m > 0 && hb_is_blank(cp[m - 1]))
        m--;
    for (size_t i = 0; m > 2 && i < HB_ARRAY_LEN(after) &&
                       (cp[m - 1] == 0x3093 || cp[m - 1] == 0x307e ||
                        (hb_is_kanji(cp[m - 1]) && !hb_is_alpha(cp[0])));
         i++) {
        size_t bytes = strlen(after[i]), k = bytes / 3;

        if (m > k + 1 &&
            hb_letters_begin_n(cp + m - k, k, after[i], bytes) == k) {
            m -= k;
            break;
        }
    }
    while (m > 0 && hb_is_blank(cp[m - 1]))
        m--;
    return m;
}

/* Surname and given name without a blank, all of N letters. */
static bool full(const struct hb_names *names, const uint32_t *cp, size_t n)
{
    if (is_listed(names, LIST_WORD, cp, n))
        return false;
    /* 信濃町, 赤石岳 */
    if (cp[n - 1] == 0x753a || cp[n - 1] == 0x5cb3)
        return false;
    for (size_t s = 1; s < n && s <= 5; s++)
        if (hb_name_surname(names, cp, s) &&
            hb_name_given(names, cp + s, n - s))
            return true;
    return false;
}

/* Kanji, and at most one run of kana behind them: 山田はなこ, not 集会所の照明.
 */
static bool shape(const uint32_t *cp, size_t n)
{
    size_t kanji = 0, kana = 0;

    while (kanji < n && (hb_is_kanji(cp[kanji]) || cp[kanji] == 0x30f6 ||
                         cp[kanji] == 0x30ce || cp[kanji] == 0x30b1))
        kanji++;
    while (kanji + kana < n &&
           (hb_is_hiragana(cp[kanji]) ? hb_is_hiragana(cp[kanji + kana])
                                      : hb_is_katakana(cp[kanji + kana])))
        kana++;
    return kanji > 0 && kanji <= 6 && kanji + kana == n && kana != 1 &&
           kana <= 4;
}

static enum hb_name japanese(const struct hb_names *names, const uint32_t *cp,
                             size_t n, size_t blank)
{
    size_t kanji = 0;

    for (size_t i = 0; i < n; i++)
        kanji += hb_is_kanji(cp[i]);
    if (blank > 0) {
        size_t g = n - blank - 1;

        if (hb_name_surname(names, cp, blank) &&
            hb_name_given(names, cp + blank + 1, g))
            return HB_NAME_FULL;
        return blank <= 5 && g >= 1 && (g <= 4 || (kanji == 0 && g <= 6)) &&
                       !hb_name_firm(names, cp, n)
                   ? HB_NAME_SHAPE
                   : HB_NAME_NO;
    }
    /* 林正: as good a word as a name; 上野, 西武 */
    if (n == 2 && hb_name_surname(names, cp, 1) &&
        (hb_name_given(names, cp + 1, 1) || !hb_name_surname(names, cp, 2)))
        return HB_NAME_SHAPE;
    if (n > 2 && full(names, cp, n))
        return HB_NAME_FULL;
    if (n <= 3 && hb_name_surname(names, cp, n))
        return HB_NAME_SURNAME;
    if (n < 3 || n > 7 || !shape(cp, n) || hb_name_firm(names, cp, n))
        return HB_NAME_NO;
    return HB_NAME_SHAPE;
}

/* オオコウチ ダイスケ, ジョン・スミス; one word is none. */
static enum hb_name katakana(const struct hb_names *names, const uint32_t *cp,
                             size_t n)
{
    size_t words = 0, word = 0, longest = 0;

    if (hb_name_firm(names, cp, n))
        return HB_NAME_NO;
    for (size_t i = 0; i <= n; i++) {
        if (i == n || hb_is_blank(cp[i]) || cp[i] == 0x30fb || cp[i] == '=' ||
            cp[i] == 0x30a0) {
            words += word > 0;
            word = 0;
        } else {
            word++;
            longest = HB_MAX(longest, word);
        }
    }
    return words >= 2 && words <= 5 && n >= 4 && longest <= 10 ? HB_NAME_SHAPE
                                                               : HB_NAME_NO;
}

/* "Keiko YOSHIDA", "Yoshida, Keiko", "Nguyen Van An". */
static enum hb_name latin(const struct hb_names *names, const uint32_t *cp,
                          size_t n)
{
    uint32_t low[LATIN_LETTERS];
    size_t words = 0, caps = 0;

    for (size_t i = 0; i < n;) {
        size_t begin = i, k;
        bool upper = cp[i] < 0x80 ? !(cp[i] & 0x20) : true;

        if (hb_is_blank(cp[i]) || cp[i] == ',' || cp[i] == '.') {
            i++;
            continue;
        }
        if (!hb_is_latin(cp[i]))
            return HB_NAME_NO;
        while (i < n && !hb_is_blank(cp[i]) && cp[i] != ',' && cp[i] != '.')
            i++;
        if (i - begin > LATIN_LETTERS)
            return HB_NAME_NO;
        for (k = begin; k < i; k++)
            low[k - begin] = hb_is_alpha(cp[k]) ? cp[k] | 0x20 : cp[k];
        if (is_listed(names, LIST_LATIN, low, i - begin))
            return HB_NAME_NO;
        words++;
        caps += upper;
    }
    return words >= 2 && words <= 5 && caps >= 2 ? HB_NAME_SHAPE : HB_NAME_NO;
}
