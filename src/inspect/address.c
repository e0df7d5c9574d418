/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.c - see address.h.
 *
 * From the mark of the municipality backwards to its name and prefecture, and
 * forwards over the town to the number.  Cells that a table splits an address
 * into are read through.
 */
#include "inspect/address.h"

#define NAME_MAX 14u /* letters before the mark */
#define TOWN_MAX 32u /* letters between the mark and the number */

struct found {
    size_t begin, end;
    size_t town;     /* letters of it */
    bool prefecture; /* or a district (郡), or a second municipality */
    bool blank;      /* before the number */
};

static bool number_ahead(const uint32_t *cp, size_t end, size_t at);
static size_t name_begin(const uint32_t *cp, size_t from, size_t at);
static size_t prefecture_begin(const uint32_t *cp, size_t from, size_t begin);
static size_t town_end(const uint32_t *cp, size_t end, size_t at, bool labelled,
                       struct found *f);
static size_t number_end(const uint32_t *cp, size_t end, size_t at,
                         unsigned *ret_marks, unsigned *ret_parts);
static size_t mark_at(const uint32_t *cp, size_t end, size_t at);
static bool numeral(uint32_t c);
static bool counted(const uint32_t *cp, size_t end, size_t at);
static bool is_separator(uint32_t c);
static bool is_joint(uint32_t c);

bool hb_address_find(const uint32_t *cp, size_t from, size_t end, size_t at,
                     bool labelled, size_t *ret_begin, size_t *ret_end)
{
    struct found f = {0};
    unsigned marks = 0, parts = 0;
    size_t number, last;

    if (!number_ahead(cp, end, at + 1))
        return false;
    f.begin = name_begin(cp, from, at);
    if (f.begin == at)
        return false;
    for (size_t i = f.begin; i < at; i++)
        f.prefecture = f.prefecture || cp[i] == 0x770c || cp[i] == 0x90fd ||
                       cp[i] == 0x5e9c || cp[i] == 0x9053 || cp[i] == 0x90e1;
    last = prefecture_begin(cp, from, f.begin);
    f.prefecture = f.prefecture || last < f.begin;
    f.begin = last;
    number = town_end(cp, end, at + 1, labelled, &f);
    if (number == 0)
        return false;
    last = number_end(cp, end, number, &marks, &parts);
    if (last == number)
        return false;
    if (f.town == 0 && !labelled && !(f.prefecture && !f.blank))
        return false;
    if (marks == 0 && parts < 2 &&
        ((!labelled && (!f.prefecture || f.town < 2 || f.blank)) ||
         counted(cp, end, last)))
        return false;
    /* "3-2" behind a blank is a result of a match. */
    if (!labelled && f.blank && !f.prefecture && marks == 0 && parts < 3)
        return false;
    *ret_begin = f.begin;
    *ret_end = last;
    return true;
}

/* A cheap look before all others. */
static bool number_ahead(const uint32_t *cp, size_t end, size_t at)
{
    end = HB_MIN(end, at + TOWN_MAX + 1);
    for (size_t i = at; i < end && cp[i] != 0x3002 && cp[i] != 0x3001; i++)
        if (hb_is_digit(cp[i]) || numeral(cp[i]))
            return true;
    return false;
}

static bool is_separator(uint32_t c)
{
    return hb_is_blank(c) || c == ',' || c == '"' || c == '|';
}

/* Kana within names of places: 鎌ケ谷, 丸の内, 茅ヶ崎, 緑が丘. */
static bool is_joint(uint32_t c)
{
    return c == 0x30b1 || c == 0x30f6 || c == 0x306e || c == 0x30ce ||
           c == 0x304c || c == 0x30ac || c == 0x30f5 || c == 0x30c4 ||
           c == 0x308b || c == 0x30eb;
}

static size_t name_begin(const uint32_t *cp, size_t from, size_t at)
{
    size_t i = at;

    /* つくば市, 南アルプス市 */
    while (i > from && at - i < 6 &&
           (hb_is_hiragana(cp[i - 1]) || hb_is_katakana(cp[i - 1])))
        i--;
    while (i > from && at - i < NAME_MAX &&
           (hb_is_kanji(cp[i - 1]) ||
            (is_joint(cp[i - 1]) && i - 1 > from && hb_is_kanji(cp[i - 2]) &&
             i < at && cp[i - 1] != 0x306e && cp[i - 1] != 0x304c)))
        i--;
    return i;
}

/* A prefecture that stands apart before the municipality. */
static size_t prefecture_begin(const uint32_t *cp, size_t from, size_t begin)
{
    size_t i = begin, k;

    while (i > from && begin - i < 4 && is_separator(cp[i - 1]))
        i--;
    if (i == from || i == begin)
        return begin;
    if (cp[i - 1] != 0x770c && cp[i - 1] != 0x90fd && cp[i - 1] != 0x5e9c &&
        cp[i - 1] != 0x9053)
        return begin;
    for (k = i; k > from && i - k < 4 && hb_is_kanji(cp[k - 1]);)
        k--;
    return i - k >= 3 ? k : begin;
}

/* 市道, 市営, 町内: no town begins so. */
static bool no_town(const uint32_t *cp)
{
    static const char *const not_town[] = {
        "道",   "営",   "民",   "役所", "役場", "議",     "内会", "場",
        "街地", "費",   "税",   "政",   "制",   "販",     "況",   "分",
        "画整", "間",   "域",   "別",   "立小", "立中学", "立高", "立病",
        "立図", "立体", "から", "まで", "では", "には",   "との", "への",
        "など", "にて", "より", "とし", "にお", "につ",   "は",   "を",
        "に",   "で",   "へ",   "も",   "と",   "の",     "が",   "や",
    };

    for (size_t k = 0; k < HB_ARRAY_LEN(not_town); k++)
        if (hb_letters_begin(cp, not_town[k]) > 0)
            return true;
    return false;
}

/* Where the number begins behind the town; 0 where there is none. */
static size_t town_end(const uint32_t *cp, size_t end, size_t at, bool labelled,
                       struct found *f)
{
    size_t i = at, kana = 0, apart = 0;

    while (i < end && i - at < TOWN_MAX) {
        uint32_t c = cp[i];

        if (hb_is_digit(c) ||
            (numeral(c) &&
             number_end(cp, end, i, &(unsigned){0}, &(unsigned){0}) > i)) {
            /* 第3号, 0263-..., and a number that goes with no place. */
            return cp[i - 1] == 0x7b2c || c == '0' || no_town(cp + at) ? 0 : i;
        }
        if (is_separator(c)) {
            f->blank = true;
            if (++apart > 4)
                return 0;
        } else if (hb_is_kanji(c) || hb_is_katakana(c)) {
            f->blank = false;
            apart = 0;
            f->town++;
            /* A second municipality, 市 and then 区: the town comes. */
            if (hb_address_mark(c) || c == 0x5b57)
                f->prefecture = true;
            if (c == 0x5e02 || c == 0x533a)
                f->town = 0;
        } else if (hb_is_hiragana(c)) {
            f->blank = false;
            f->town++;
            /* Hiragana begins the town, or joins two kanji. */
            if (!is_joint(c) && ++kana > 7)
                return 0;
            if (!is_joint(c) && i > at && hb_is_kanji(cp[i - 1]) && !labelled)
                return 0;
        } else {
            return 0;
        }
        i++;
    }
    return 0;
}

static bool numeral(uint32_t c)
{
    return c == 0x4e00 || c == 0x4e8c || c == 0x4e09 || c == 0x56db ||
           c == 0x4e94 || c == 0x516d || c == 0x4e03 || c == 0x516b ||
           c == 0x4e5d || c == 0x5341 || c == 0x767e || c == 0x3007;
}

/* Letters of 丁目, 番地, 番, 号, 条, 線, 地割 at AT. */
static size_t mark_at(const uint32_t *cp, size_t end, size_t at)
{
    static const char *const marks[] = {"丁目", "番地", "番町", "番目", "番線",
                                        "番台", "号線", "号車", "番",   "号",
                                        "丁",   "条",   "線",   "地割", "区"};

    for (size_t i = 0; i < HB_ARRAY_LEN(marks); i++) {
        size_t n =
            hb_letters_begin_n(cp + at, end - at, marks[i], strlen(marks[i]));

        if (n > 0)
            return i >= 2 && i <= 7 ? 0 : n;
    }
    return 0;
}

/* The end of the number that begins at AT; AT where it is none. */
static size_t number_end(const uint32_t *cp, size_t end, size_t at,
                         unsigned *ret_marks, unsigned *ret_parts)
{
    size_t i = at, good = at;

    for (;;) {
        size_t k = i, m;

        while (k < end && hb_is_digit(cp[k]))
            k++;
        if (k == i)
            while (k < end && numeral(cp[k]))
                k++;
        if (k == i || k - i > 5)
            break;
        m = mark_at(cp, end, k);
        if (!hb_is_digit(cp[i]) && m == 0)
            break;
        *ret_parts += 1;
        *ret_marks += m > 0;
        good = i = k + m;
        /* What joins the next part: 3-2, 3の2, 2番3, 北1条西2. */
        if (i < end && (cp[i] == '-' || cp[i] == 0x306e || cp[i] == 0x30ce ||
                        cp[i] == 0x30fc))
            i++;
        else if (i < end && m > 0 &&
                 (cp[i] == 0x6771 || cp[i] == 0x897f || cp[i] == 0x5357 ||
                  cp[i] == 0x5317 || hb_is_blank(cp[i]) || cp[i] == 0x5730))
            i++;
        else if (m == 0)
            break;
    }
    return good;
}

/* 12件, 3人, 5年: a quantity, no lot. */
static bool counted(const uint32_t *cp, size_t end, size_t at)
{
    static const char *const units[] = {
        "人", "件", "年", "月", "日", "時", "円", "個", "か", "箇",
        "ヶ", "カ", "台", "回", "名", "歳", "%",  "㎡", "m",  "k",
        "世", "票", "位", "点", "本", "冊", "度", "校", "店", "割",
        "分", "秒", "歩", "棟", "戸", "つ", "社", "団", "万", "億",
        "千", ".",  ":",  "/",  "倍", "対", "周", "種", "階", "枚",
    };

    for (size_t i = 0; at < end && i < HB_ARRAY_LEN(units); i++)
        if (hb_letters_begin(cp + at, units[i]) > 0)
            return true;
    return at < end && cp[at] == ',' && at + 1 < end && hb_is_digit(cp[at + 1]);
}
