/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look.c - a span of a line: where numbers, mail addresses, addresses and
 * names begin, and what is done with what was found.
 */
#include "base/utf8.h"
#include "inspect/look.h"

#define NAME_TOKENS 3u /* words of a name behind its label */

static size_t address(struct hb_personal *p, const struct hb_span *s, size_t at,
                      size_t from, bool whole);
static size_t mail(struct hb_personal *p, const struct hb_span *s, size_t at);
static bool role(const uint32_t *cp, size_t n);
static bool is_file(const uint32_t *cp, size_t n);
static size_t name_after(struct hb_personal *p, const struct hb_span *s,
                         size_t at);
static void text_name(struct hb_personal *p, const struct hb_span *s,
                      size_t begin, size_t n, bool headed, bool known);
static size_t half_name(struct hb_personal *p, const struct hb_span *s,
                        size_t at, bool surname);
static bool words_only(const struct hb_span *s, size_t begin, size_t n);

/* What may begin, or end, at a letter of ASCII. */
enum begin { NOTHING, NUMBER, MAIL, LABEL_END, SPACE };

static const uint8_t begins[128] = {
    ['0'] = NUMBER,    ['1'] = NUMBER, ['2'] = NUMBER, ['3'] = NUMBER,
    ['4'] = NUMBER,    ['5'] = NUMBER, ['6'] = NUMBER, ['7'] = NUMBER,
    ['8'] = NUMBER,    ['9'] = NUMBER, ['@'] = MAIL,   [':'] = LABEL_END,
    ['='] = LABEL_END, [' '] = SPACE,
};

static bool has_digit(const struct hb_span *s)
{
    for (size_t i = s->begin; i < s->end; i++)
        if (hb_is_digit(s->line->l.cp[i]))
            return true;
    return false;
}

void hb_look(struct hb_personal *p, const struct hb_span *s, bool names)
{
    const uint32_t *cp = s->line->l.cp;
    size_t address_from = s->begin;
    /* An address may go on in the next cells. */
    bool whole = s->column < HB_COLUMNS && !has_digit(s);

    for (size_t i = s->begin; i < s->end;) {
        uint32_t c = cp[i];
        size_t n;

        if (c < 0x80) {
            switch (begins[c]) {
            case NOTHING:
                i++;
                break;
            case NUMBER:
                i = hb_look_number(p, s, i);
                break;
            case MAIL:
                i = i > s->begin ? mail(p, s, i) : i + 1;
                break;
            case LABEL_END:
                i = names ? name_after(p, s, i) : i + 1;
                break;
            default: /* a blank */
                i = names && i > s->begin && cp[i - 1] >= 0x80
                        ? name_after(p, s, i)
                        : i + 1;
                break;
            }
            continue;
        }
        if (c - 0x3041 < 0xbf) { /* kana */
            do
                i++;
            while (cp[i] - 0x3041 < 0xbf);
            continue;
        }
        if (hb_address_mark(c)) {
            bool on = whole && (i + 1 == s->end || c == 0x5e02 || c == 0x533a);

            n = address(p, s, i, on ? 0 : address_from, on);
            if (n > 0) {
                i = address_from = n;
                continue;
            }
        }
        if (!names) {
            i++;
        } else if (c == HB_WIDE_BLANK) {
            i = name_after(p, s, i);
        } else if (hb_is_kanji(c)) {
            n = i == s->begin ||
                        (!hb_is_kanji(cp[i - 1]) && !hb_is_katakana(cp[i - 1]))
                    ? hb_name_here(p->names, cp + i)
                    : 0;
            if (n > 0 && i + n <= s->end)
                text_name(p, s, i, n, false, true);
            i += n > 0 ? n : 1;
            while (cp[i] - 0x4e00 < 0x5200 && !hb_address_mark(cp[i]))
                i++;
        } else {
            i++;
        }
    }
}

/* The letter behind the address whose municipality ends at AT, 0 none. */
static size_t address(struct hb_personal *p, const struct hb_span *s, size_t at,
                      size_t from, bool whole)
{
    const uint32_t *cp = s->line->l.cp;
    char value[HB_VALUE_BYTES];
    size_t begin, end, n = 0;

    if (!hb_address_find(cp, from, whole ? s->line->l.n : s->end, at,
                         s->label == HB_LABEL_ADDRESS, &begin, &end))
        return 0;
    for (size_t k = begin; k < end && n + 4 < sizeof(value); k++)
        if (!hb_is_blank(cp[k]) && cp[k] != ',' && cp[k] != '"' && cp[k] != '|')
            n += hb_utf8_put(value + n, cp[k]);
    hb_look_tell(p, HB_CLASS_ADDRESS, value, n,
                 s->line->base + s->line->l.at[begin]);
    return end;
}

unsigned hb_look_near(struct hb_personal *p, const struct hb_span *s)
{
    unsigned near = 0;

    for (size_t k = 0; k <= HB_LINES_ABOVE && k <= p->lines; k++) {
        struct hb_line *l = &p->line[(p->lines - k) % (HB_LINES_ABOVE + 1)];

        if (!l->near_known) {
            l->near = hb_near(l->l.cp, l->l.n);
            l->near_known = true;
        }
        near |= l->near;
        /* The rows above say nothing of this one; the headings do. */
        if (s->in_row && p->table.headed)
            return near | p->table.near;
    }
    return near;
}

void hb_look_tell(struct hb_personal *p, enum hb_class c, const char *value,
                  size_t n, uint64_t at)
{
    uint64_t h = (uint64_t)c + 1;
    int r;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)value[i]) * HB_HASH_PRIME;
    if (c != HB_CLASS_PERSON) {
        p->about = hb_hash(p->about, h);
        r = hb_persons_about(&p->persons, h, true, p->lines);
        if (r < 0)
            p->err = r;
    }
    r = hb_set_add(&p->seen[c], hb_hash(h, n));
    if (r < 0)
        p->err = r;
    if (r <= 0)
        return;
    p->report.count[c]++;
    if (p->found != NULL)
        p->found(p->arg, c, hb_slice(value, n), at);
}

uint64_t hb_look_person(struct hb_personal *p, const struct hb_line *line,
                        size_t begin, size_t end)
{
    char value[HB_NAME_LETTERS * 4 + 4];
    const uint32_t *cp = line->l.cp;
    uint64_t h = 7;
    size_t n = 0;

    for (size_t i = begin; i < end && n + 4 < sizeof(value); i++) {
        if (hb_is_blank(cp[i]) || cp[i] == 0x30fb || cp[i] == ',' ||
            cp[i] == '"')
            continue;
        n += hb_utf8_put(value + n, cp[i]);
        h = hb_hash(h, hb_is_alpha(cp[i]) ? cp[i] | 0x20 : cp[i]);
    }
    if (n == 0)
        return 0;
    hb_look_tell(p, HB_CLASS_PERSON, value, n, line->base + line->l.at[begin]);
    return h;
}

void hb_look_pending(struct hb_personal *p, size_t column, bool yes)
{
    struct hb_pending *w = &p->pending;
    size_t kept = 0;

    for (size_t i = 0; i < w->n; i++) {
        if (w->column[i] != column) {
            memmove(w->digits[kept], w->digits[i], 12);
            w->at[kept] = w->at[i];
            w->column[kept++] = w->column[i];
        } else if (yes) {
            hb_look_tell(p, HB_CLASS_MY_NUMBER, w->digits[i], 12, w->at[i]);
        }
    }
    w->n = kept;
}

static bool local_letter(uint32_t c)
{
    return hb_is_alpha(c) || hb_is_digit(c) ||
           (c < 0x80 && c > ' ' && strchr(".!#$%&'*+/=?^_`{|}~-", (int)c));
}

static bool domain_letter(uint32_t c)
{
    return hb_is_alpha(c) || hb_is_digit(c) || c == '-' || c == '.';
}

/* Where the address around the "@" at AT begins and ends (RFC 5321 without
 * quoted local parts), and the last dot of its domain; false where it is no
 * address. */
static bool mail_bounds(const struct hb_span *s, size_t at, size_t *ret_begin,
                        size_t *ret_end, size_t *ret_dot)
{
    const uint32_t *cp = s->line->l.cp;
    size_t begin = at, end = at + 1, dot = 0;

    while (begin > s->begin && at - begin < 64 && local_letter(cp[begin - 1]) &&
           strchr("=|/'", (int)cp[begin - 1]) == NULL)
        begin--;
    while (begin < at && strchr(".!#$%&*+?^`{}~-", (int)cp[begin]) != NULL)
        begin++;
    while (end < s->end && end - at < 254 && domain_letter(cp[end]))
        end++;
    while (end > at + 1 && (cp[end - 1] == '.' || cp[end - 1] == '-'))
        end--;
    *ret_end = end;
    for (size_t i = at + 1; i < end; i++)
        if (cp[i] == '.') {
            if (cp[i - 1] == '.' || cp[i - 1] == '@')
                return false;
            dot = i;
        }
    if (begin == at || dot == 0 || end - dot < 3)
        return false;
    for (size_t i = dot + 1; i < end; i++)
        if (!hb_is_alpha(cp[i]) && cp[dot + 1] != 'x') /* xn-- */
            return false;
    *ret_begin = begin;
    *ret_dot = dot;
    return true;
}

/* git@host:path, //user:secret@host, user@host_x */
static bool of_a_url(const struct hb_span *s, size_t begin, size_t end)
{
    const uint32_t *cp = s->line->l.cp;

    if (end < s->end && ((cp[end] == ':' && end + 1 < s->end &&
                          (local_letter(cp[end + 1]) || cp[end + 1] == '~')) ||
                         cp[end] == '@' || cp[end] == '_'))
        return true;
    if (begin < s->begin + 2)
        return false;
    if (cp[begin - 1] == '/' && cp[begin - 2] == '/')
        return true;
    if (cp[begin - 1] == ':' && cp[begin - 2] != ' ')
        for (size_t i = begin - 1; i > s->begin + 1 && begin - i < 64; i--)
            if (cp[i] == '/' && cp[i - 1] == '/')
                return true;
    return false;
}

/* Message-ID: <...@...> and what refers to it. */
static bool of_a_message(const struct hb_span *s)
{
    static const char *const fields[] = {"Message-ID", "Message-Id",
                                         "In-Reply-To", "References"};

    for (size_t i = 0; i < HB_ARRAY_LEN(fields); i++)
        if (hb_letters_begin(s->line->l.cp + s->begin, fields[i]) > 0)
            return true;
    return false;
}

/* AT is the "@".  The letter behind. */
static size_t mail(struct hb_personal *p, const struct hb_span *s, size_t at)
{
    const uint32_t *cp = s->line->l.cp;
    size_t begin, end, dot, n = 0;
    char value[HB_VALUE_BYTES];

    if (!mail_bounds(s, at, &begin, &end, &dot) ||
        is_file(cp + dot + 1, end - dot - 1) || of_a_url(s, begin, end) ||
        role(cp + begin, at - begin) || of_a_message(s))
        return HB_MAX(end, at + 1);
    for (size_t i = begin; i < end && n + 4 < sizeof(value); i++)
        value[n++] = (char)(cp[i] - 'A' < 26 ? cp[i] | 0x20 : cp[i]);
    hb_look_tell(p, HB_CLASS_MAIL, value, n,
                 s->line->base + s->line->l.at[begin]);
    return end;
}

static bool in_list(const uint32_t *cp, size_t n, const char *list)
{
    for (const char *z = list; *z != '\0';) {
        size_t len = strcspn(z, " "), i = 0;

        while (len == n && i < n && (cp[i] | 0x20) == (uint32_t)(z[i] | 0x20))
            i++;
        if (len == n && i == n)
            return true;
        z += len + (z[len] == ' ');
    }
    return false;
}

/* RFC 2142 and what firms use beside it; "info-tokyo" and "support2" too. */
static bool role(const uint32_t *cp, size_t n)
{
    static const char list[] =
        "info support noreply no-reply no_reply donotreply do-not-reply "
        "contact "
        "admin administrator webmaster postmaster hostmaster abuse security "
        "sales marketing help helpdesk service services office soumu somu "
        "jinji keiri kouhou koho press pr hr recruit saiyo saiyou billing "
        "accounts accounting order orders shop store mail mailer-daemon root "
        "news newsletter magazine feedback inquiry inquiries toiawase "
        "otoiawase "
        "customer customers cs uketsuke madoguchi jimukyoku secretary team "
        "dev staff all everyone hello ask privacy legal compliance noc soc "
        "csirt "
        "system sysadmin operator alert alerts notify notification "
        "notifications bounce bounces listserv majordomo daemon test user "
        "example ml reception desk center kikaku eigyo eigyou gyomu gyoumu "
        "daihyo daihyou honsha post www ftp usenet uucp bot robot git";
    size_t m = n;

    if (in_list(cp, n, list))
        return true;
    while (m > 0 && hb_is_digit(cp[m - 1]))
        m--;
    if (m < n && m > 0 && in_list(cp, m, "info support noreply contact"))
        return true;
    for (m = 0; m < n && cp[m] != '-' && cp[m] != '.' && cp[m] != '_';)
        m++;
    return m < n && in_list(cp, m,
                            "info support noreply contact inquiry "
                            "sales toiawase");
}

/* image@2x.png, name@module.js */
static bool is_file(const uint32_t *cp, size_t n)
{
    return in_list(cp, n,
                   "png jpg jpeg gif svg webp avif ico bmp css scss js mjs ts "
                   "tsx jsx json html htm php py rb go rs java kt xml yml yaml "
                   "toml md txt csv pdf zip gz tgz exe dll so whl jar local "
                   "localhost invalid lan internal");
}

/* A name behind a label that ends at ":", "=" or a blank. */
static size_t name_after(struct hb_personal *p, const struct hb_span *s,
                         size_t at)
{
    const uint32_t *cp = s->line->l.cp;
    size_t i = at + 1, ends[NAME_TOKENS], n = 0, best = 0, m;
    enum hb_name found = HB_NAME_NO;
    enum hb_label label;

    if (at == s->begin)
        return at + 1;
    if (!hb_label_may_name(p->words, cp + s->begin, at - s->begin))
        return at + 1;
    label = hb_label_before(p->words, cp, s->begin, at);
    if (label == HB_LABEL_SURNAME || label == HB_LABEL_GIVEN)
        return half_name(p, s, at, label == HB_LABEL_SURNAME);
    if (label != HB_LABEL_NAME && label != HB_LABEL_NAME_MAYBE)
        return at + 1;
    while (i < s->end && (hb_is_blank(cp[i]) || cp[i] == ':' || cp[i] == '=' ||
                          cp[i] == '"' || cp[i] == '\'' || cp[i] == '|'))
        i++;
    for (size_t k = i;
         k < s->end && n < NAME_TOKENS && k - i <= HB_NAME_LETTERS; k++) {
        uint32_t c = k + 1 < s->end ? cp[k + 1] : ' ';

        if (hb_is_blank(cp[k]))
            continue;
        if (hb_is_digit(c))
            break;
        if (!hb_is_kanji(c) && !hb_is_hiragana(c) && !hb_is_katakana(c) &&
            !hb_is_latin(c) && c != 0x30fb && c != '-' && c != '.' &&
            c != ',' && c != '=' && c != '\'') {
            ends[n++] = k + 1;
            if (!hb_is_blank(c))
                break;
        }
    }
    for (size_t k = n; k > 0; k--) {
        enum hb_name is = hb_name_cell(p->names, cp + i, ends[k - 1] - i, &m);

        if (is > found) {
            found = is;
            best = m;
        }
    }
    if (found == HB_NAME_FULL ||
        (found == HB_NAME_SHAPE && label == HB_LABEL_NAME &&
         words_only(s, i, best))) {
        text_name(p, s, i, best, label == HB_LABEL_NAME,
                  found == HB_NAME_FULL || !hb_is_kanji(cp[i]));
        return i + best;
    }
    return at + 1;
}

/* "lastName": "山田", and "firstName": "太郎" in one of the next lines. */
static size_t half_name(struct hb_personal *p, const struct hb_span *s,
                        size_t at, bool surname)
{
    const uint32_t *cp = s->line->l.cp;
    struct hb_half *half = &p->half;
    size_t i = at + 1, n = 0;
    uint64_t h = 11;

    while (i < s->end && (hb_is_blank(cp[i]) || cp[i] == ':' || cp[i] == '=' ||
                          cp[i] == '"' || cp[i] == '\''))
        i++;
    if (!half->open || p->lines - half->line > 3 || half->surname == surname) {
        half->n = 0;
        half->open = true;
        half->surname = surname;
        half->line = p->lines;
    } else {
        half->open = false;
    }
    while (i + n < s->end && n < HB_NAME_LETTERS / 4 &&
           (hb_is_kanji(cp[i + n]) || hb_is_latin(cp[i + n]) ||
            hb_is_hiragana(cp[i + n]) || hb_is_katakana(cp[i + n])))
        n++;
    if (n == 0 || (hb_is_latin(cp[i]) && (cp[i] & 0x20 || n < 2))) {
        half->open = false;
        return at + 1;
    }
    for (size_t k = 0; k < n; k++)
        half->n += hb_utf8_put(half->value + half->n, cp[i + k]);
    if (half->open)
        return i + n;
    for (size_t k = 0; k < half->n; k++)
        h = (h ^ (uint8_t)half->value[k]) * HB_HASH_PRIME;
    hb_look_tell(p, HB_CLASS_PERSON, half->value, half->n,
                 s->line->base + s->line->l.at[i]);
    if (s->in_row) {
        p->row_name = h;
    } else {
        int r = hb_persons_name(&p->persons, h, true, true, p->lines);

        if (r < 0)
            p->err = r;
    }
    return i + n;
}

/* A shape that holds no particle of a sentence. */
static bool words_only(const struct hb_span *s, size_t begin, size_t n)
{
    const uint32_t *cp = s->line->l.cp + begin;
    size_t kanji = 0, hiragana = 0;

    for (size_t i = 0; i < n; i++) {
        kanji += hb_is_kanji(cp[i]);
        hiragana += hb_is_hiragana(cp[i]);
    }
    return hiragana <= 4 && (kanji > 0 || hiragana == 0);
}

/* A short line with one name in it, "山田太郎　営業部": what else stands there
 * is of this person. */
static bool short_rest(const struct hb_span *s, size_t begin, size_t n,
                       uint64_t *ret)
{
    const uint32_t *cp = s->line->l.cp;
    size_t letters = 0, hiragana = 0;
    uint64_t h = 3;

    /* "山田太郎が答える" */
    if (s->end - s->begin > HB_SHORT_LINE ||
        (begin + n < s->end && hb_is_hiragana(cp[begin + n]) &&
         cp[begin + n] != 0x3055 && cp[begin + n] != 0x304f))
        return false;
    for (size_t i = s->begin; i < s->end; i++) {
        /* A sentence, speech. */
        if (cp[i] == 0x3001 || cp[i] == 0x3002 || cp[i] == 0x300c)
            return false;
        if (i >= begin && i < begin + n)
            continue;
        if (i < begin && !hb_is_kanji(cp[i]) && !hb_is_alpha(cp[i]))
            continue; /* "12. " before it */
        if (hb_is_word(cp[i])) {
            letters += cp[i] != 0x69d8 && cp[i] != 0x6bbf && cp[i] != 0x6c0f;
            h = hb_hash(h, cp[i]);
            hiragana += hb_is_hiragana(cp[i]);
        }
    }
    *ret = h;
    return letters > 0 && hiragana < 6;
}

static void text_name(struct hb_personal *p, const struct hb_span *s,
                      size_t begin, size_t n, bool headed, bool known)
{
    uint64_t name = hb_look_person(p, s->line, begin, begin + n), rest;
    int r = 0;

    if (name == 0 || s->in_row) {
        p->row_name = name; /* the row tells of it */
        return;
    }
    p->name_line = p->lines;
    r = hb_persons_name(&p->persons, name, headed, known, p->lines);
    if (r == 0 && !headed && short_rest(s, begin, n, &rest))
        r = hb_persons_about(&p->persons, rest, false, p->lines);
    if (r < 0)
        p->err = r;
}
