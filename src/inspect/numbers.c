/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numbers.c - runs of digits: Individual Numbers, cards, accounts, telephones.
 *
 * A run is digits in groups with one separator between them.  It is looked at
 * whole and in windows of groups, since blanks also stand between numbers that
 * have nothing to do with each other; a window never begins or ends within
 * what a hyphen joins.
 */
#include "inspect/look.h"

struct run {
    struct hb_number n;
    size_t begin, end;                  /* letters */
    size_t at[HB_NUMBER_DIGITS];        /* letter of each group */
    size_t first[HB_NUMBER_DIGITS + 1]; /* digit of each group */
    bool plus, open_before, letter_before, letter_behind, too_long;
};

/* Groups FROM..TO of a run. */
struct window {
    const char *digits;
    size_t n, from, to, at;
};

static size_t separator(const struct hb_span *s, size_t i, char *ret);
static bool short_number(const struct hb_span *s, size_t at, size_t *ret_end);
static size_t read_run(const struct hb_span *s, size_t at, struct run *r);
static bool cut(const struct run *r, size_t from, size_t to,
                struct window *ret);
static bool look_window(struct hb_personal *p, const struct hb_span *s,
                        const struct run *r, const struct window *w);
static bool my_number(struct hb_personal *p, const struct hb_span *s,
                      const struct run *r, const struct window *w);
static bool my_number_bare(struct hb_personal *p, const struct hb_span *s,
                           const struct window *w, bool ok);
static bool card(struct hb_personal *p, const struct hb_span *s,
                 const struct run *r, const struct window *w);
static bool phone(struct hb_personal *p, const struct hb_span *s,
                  const struct run *r, const struct window *w);
static bool account(struct hb_personal *p, const struct hb_span *s,
                    const struct run *r, const struct window *w);
static bool symbol(struct hb_personal *p, const struct hb_span *s,
                   const struct run *r, const struct window *w);
static bool symbol_rest(struct hb_personal *p, const struct hb_span *s,
                        const struct run *r, const struct window *w);
static enum hb_label label_of(const struct hb_personal *p,
                              const struct hb_span *s, const struct window *w);

size_t hb_look_number(struct hb_personal *p, const struct hb_span *s, size_t at)
{
    size_t groups, from = 0;
    struct run r;

    /* Short numbers in text: nothing to be. */
    if (!p->symbol.open && short_number(s, at, &from))
        return from;
    from = 0;
    read_run(s, at, &r);
    groups = r.n.groups;
    if (r.too_long || r.n.n < (p->symbol.open ? 2 : 5))
        return r.end;
    while (from < groups) {
        struct window w;
        size_t to;

        /* The longest window first: what is part of it is nothing else. */
        /* In the boxes of a form each digit is a group. */
        if (from == 0 && groups == 12 && cut(&r, 0, groups, &w) &&
            look_window(p, s, &r, &w))
            break;
        for (to = HB_MIN(groups, from + 6); to > from; to--) {
            if (cut(&r, from, to, &w) && look_window(p, s, &r, &w))
                break;
        }
        from = to > from ? to : from + 1;
    }
    return r.end;
}

static bool digit_at(const struct hb_span *s, size_t i)
{
    return i < s->end && hb_is_digit(s->line->l.cp[i]);
}

/* Whether the run is too short to be anything; most numbers are. */
static bool short_number(const struct hb_span *s, size_t at, size_t *ret_end)
{
    const uint32_t *cp = s->line->l.cp;
    size_t i = at, digits = 0, groups = 0;
    char sep;

    for (;;) {
        size_t from = i, step;

        while (i < s->end && hb_is_digit(cp[i]))
            i++;
        digits += i - from;
        groups++;
        if (digits >= 7)
            return false;
        step = separator(s, i, &sep);
        if (step == 0)
            break;
        i += step;
    }
    *ret_end = i;
    /* 記号 has five. */
    return digits != 5 || groups > 1 || (cp[at] != '0' && cp[at] != '1');
}

/* Letters of the separator at I, 0 where the run ends. */
static size_t separator(const struct hb_span *s, size_t i, char *ret)
{
    const uint32_t *cp = s->line->l.cp;

    if (i >= s->end || (cp[i] - ' ' > '.' - ' ' && cp[i] != HB_WIDE_BLANK))
        return 0;
    *ret = (char)cp[i];
    if ((cp[i] == '-' || cp[i] == ' ' || cp[i] == '.') && digit_at(s, i + 1))
        return 1;
    if (cp[i] == HB_WIDE_BLANK && digit_at(s, i + 1)) {
        *ret = ' ';
        return 1;
    }
    if (cp[i] == '(' && digit_at(s, i + 1))
        return 1;
    if (cp[i] == ')') {
        if (digit_at(s, i + 1))
            return 1;
        if (i + 2 < s->end && (cp[i + 1] == '-' || cp[i + 1] == ' ') &&
            digit_at(s, i + 2))
            return 2;
    }
    if (cp[i] == '-' && i + 2 < s->end && cp[i + 1] == '(' &&
        digit_at(s, i + 2)) {
        *ret = '(';
        return 2;
    }
    if (cp[i] == ' ' && i + 2 < s->end &&
        (cp[i + 1] == '-' || cp[i + 1] == '(') && digit_at(s, i + 2)) {
        *ret = (char)cp[i + 1];
        return 2;
    }
    if (cp[i] == ' ' && i + 3 < s->end && cp[i + 1] == '-' &&
        cp[i + 2] == ' ' && digit_at(s, i + 3)) {
        *ret = '-';
        return 3;
    }
    return 0;
}

static size_t read_run(const struct hb_span *s, size_t at, struct run *r)
{
    const uint32_t *cp = s->line->l.cp;
    size_t i = at, n = 0, g = 0;

    r->too_long = r->letter_before = r->letter_behind = false;
    r->begin = at;
    r->plus = at > s->begin && cp[at - 1] == '+';
    r->open_before = at > s->begin && cp[at - 1] == '(';
    /* Part of an identifier, of a decimal, masked. */
    if (at > s->begin) {
        uint32_t b = cp[at - 1];

        r->letter_before =
            hb_is_alpha(b) || b == '_' || b == '*' || b == '.' || b == '$' ||
            b == '#' || b == '@' ||
            ((b == '-' || b == '/' || b == '.') && at - 1 > s->begin &&
             (hb_is_alpha(cp[at - 2]) || hb_is_digit(cp[at - 2]) ||
              cp[at - 2] == '*'));
    }
    while (i < s->end && g < HB_NUMBER_DIGITS) {
        size_t from = i, step;

        r->at[g] = i;
        r->first[g] = n;
        while (digit_at(s, i)) {
            if (n < HB_NUMBER_DIGITS)
                r->n.digits[n++] = (char)cp[i];
            else
                r->too_long = i - from >= HB_NUMBER_DIGITS;
            i++;
        }
        r->n.group[g] = (uint8_t)HB_MIN(i - from, 255u);
        if (i - from > HB_NUMBER_DIGITS) {
            r->too_long = true;
            g++;
            break;
        }
        if (n == HB_NUMBER_DIGITS && r->first[g] + (i - from) > n) {
            /* The rest is looked at on its own. */
            n = r->first[g];
            i = from;
            break;
        }
        step = separator(s, i, &r->n.sep[g]);
        g++;
        if (step == 0)
            break;
        if (n == HB_NUMBER_DIGITS || g == HB_NUMBER_DIGITS)
            break;
        i += step;
    }
    if (g > 0 && (i == s->end || separator(s, i, &r->n.sep[g - 1]) == 0))
        r->n.sep[g - 1] = 0;
    r->n.n = n;
    r->n.groups = g;
    r->first[g] = n;
    r->end = HB_MAX(i, at + 1);
    if (i < s->end)
        r->letter_behind = hb_is_alpha(cp[i]) || cp[i] == '_' || cp[i] == '*' ||
                           cp[i] == '@' || cp[i] == '%' ||
                           (cp[i] == '-' && i + 1 < s->end &&
                            (hb_is_alpha(cp[i + 1]) || cp[i + 1] == '*'));
    return i;
}

/* A window stands apart: nothing but a blank or the end on either side, and
 * no group of four beside groups of four. */
static bool cut(const struct run *r, size_t from, size_t to, struct window *ret)
{
    char before = from > 0 ? r->n.sep[from - 1] : 0;
    char behind = to < r->n.groups ? r->n.sep[to - 1] : 0;

    if ((before != 0 && before != ' ' && before != ')') ||
        (behind != 0 && behind != ' ' && behind != '('))
        return false;
    if (before == ')' && r->n.sep[from] == 0 && from + 1 == to &&
        r->n.group[from] < 10)
        return false;
    if ((from == 0 && r->letter_before) ||
        (to == r->n.groups && r->letter_behind && behind == 0))
        if (r->n.digits[r->first[from]] != '0')
            return false;
    ret->digits = r->n.digits + r->first[from];
    ret->n = r->first[to] - r->first[from];
    ret->from = from;
    ret->to = to;
    ret->at = r->at[from];
    return true;
}

static bool look_window(struct hb_personal *p, const struct hb_span *s,
                        const struct run *r, const struct window *w)
{
    if (p->symbol.open && symbol_rest(p, s, r, w))
        return true;
    if (w->n >= 10 && w->n <= 13 && phone(p, s, r, w))
        return true;
    if ((w->from == 0 && r->letter_before) ||
        (w->to == r->n.groups && r->letter_behind))
        return false;
    if (w->n == 12 && my_number(p, s, r, w))
        return true;
    if (w->n >= 13 && w->n <= 19 && card(p, s, r, w))
        return true;
    if (w->n >= 5 && w->n <= 14 && symbol(p, s, r, w))
        return true;
    return w->n == 7 && w->to == w->from + 1 && account(p, s, r, w);
}

/* What stands before the number says more than its heading. */
static enum hb_label label_of(const struct hb_personal *p,
                              const struct hb_span *s, const struct window *w)
{
    size_t at = w->at;
    enum hb_label own;

    while (at > s->begin &&
           (s->line->l.cp[at - 1] == '+' || s->line->l.cp[at - 1] == '('))
        at--;
    own = hb_label_before(p->words, s->line->l.cp, s->begin, at);
    if (own != HB_LABEL_NONE && own != HB_LABEL_INDEX &&
        !(s->label != HB_LABEL_NONE && own == HB_LABEL_NAME_MAYBE))
        return own;
    return s->label != HB_LABEL_NONE ? s->label : own;
}

static bool all_groups(const struct run *r, const struct window *w, size_t of)
{
    for (size_t g = w->from; g < w->to; g++)
        if (r->n.group[g] != of)
            return false;
    return true;
}

/* Individual Number: art. 5 of the ordinance; the word has to be near. */
static bool my_number(struct hb_personal *p, const struct hb_span *s,
                      const struct run *r, const struct window *w)
{
    enum hb_label label;
    bool ok;

    for (size_t g = w->from; g + 1 < w->to; g++)
        if (r->n.sep[g] != '-' && r->n.sep[g] != ' ')
            return false;
    if (memcmp(w->digits, "123456789018", 12) == 0)
        return true; /* the specimen of official forms */
    ok = hb_my_number_ok(w->digits, w->n);
    label = label_of(p, s, w);
    if (label == HB_LABEL_MY_NUMBER) {
        if (ok)
            hb_look_tell(p, HB_CLASS_MY_NUMBER, w->digits, w->n,
                         s->line->base + s->line->l.at[w->at]);
        return ok;
    }
    if (!all_groups(r, w, r->n.group[w->from]))
        return false;
    if (label != HB_LABEL_NONE && label != HB_LABEL_INDEX &&
        label != HB_LABEL_NAME && label != HB_LABEL_NAME_MAYBE)
        return false;
    if (s->column < HB_COLUMNS && s->explained)
        return false;
    return my_number_bare(p, s, w, ok);
}

/* Nothing says what it is: the word above, or the others like it, do. */
static bool my_number_bare(struct hb_personal *p, const struct hb_span *s,
                           const struct window *w, bool ok)
{
    uint64_t at = s->line->base + s->line->l.at[w->at];
    size_t column = s->column;

    if (hb_look_near(p, s) & HB_NEAR_MY_NUMBER) {
        column = HB_COLUMNS;
    } else if (column < HB_COLUMNS) {
        struct hb_column *c = &p->table.column[column];

        c->good += ok;
        c->bad += !ok;
        if (c->live && ok) {
            hb_look_tell(p, HB_CLASS_MY_NUMBER, w->digits, w->n, at);
            return true;
        }
    } else if (p->name_line == p->lines) {
        column = HB_LINES_COLUMN;
        p->lone_good += ok;
        p->lone_bad += !ok;
        if (p->lone_bad == 0 && p->pending.n == HB_PENDING &&
            hb_persons_list(&p->persons))
            hb_look_pending(p, column, true);
    } else {
        p->bare_good += ok;
        p->bare_bad += !ok;
        return false;
    }
    p->bare_good += ok;
    p->bare_bad += !ok;
    if (ok && p->pending.n < HB_PENDING) {
        size_t n = p->pending.n++;

        memcpy(p->pending.digits[n], w->digits, 12);
        p->pending.at[n] = at;
        p->pending.column[n] = (uint8_t)column;
    }
    return false;
}

static bool card(struct hb_personal *p, const struct hb_span *s,
                 const struct run *r, const struct window *w)
{
    enum hb_label label;

    for (size_t g = w->from; g + 1 < w->to; g++)
        if ((r->n.sep[g] != '-' && r->n.sep[g] != ' ') ||
            r->n.sep[g] != r->n.sep[w->from] || r->n.group[g] < 4)
            return false;
    if (r->n.group[w->to - 1] < 1 || !hb_card_ok(w->digits, w->n))
        return false;
    label = label_of(p, s, w);
    /* One in ten order numbers has a right check digit. */
    if ((label == HB_LABEL_OTHER || label == HB_LABEL_PHONE ||
         label == HB_LABEL_MY_NUMBER || label == HB_LABEL_ACCOUNT) &&
        !(hb_look_near(p, s) & HB_NEAR_CARD))
        return true;
    hb_look_tell(p, HB_CLASS_CARD, w->digits, w->n,
                 s->line->base + s->line->l.at[w->at]);
    return true;
}

/* Groups as people write them: 03-1234-5678, 090-1234-5678, 03(1234)5678. */
static bool phone_shape(const struct run *r, const struct window *w)
{
    size_t n = w->to - w->from, last = r->n.group[w->to - 1];
    size_t area = hb_phone_area(w->digits, w->n);
    size_t first = r->n.group[w->from];

    for (size_t g = w->from; g + 1 < w->to; g++)
        if (r->n.sep[g] == '.' && n != 3)
            return false;
    if (n == 3 && last == 4 && w->n == 10)
        return first == area || (first == 2 && area <= 4) ||
               (first == 3 && area == 4) || (first == 4 && area == 3) ||
               (first == 4 && area == 5);
    if (n == 3 && w->n == 11)
        return first == 3 && last == 4;
    if (n == 2)
        return (first == 3 && w->n == 11) ||
               (w->n == 10 && (first == area || last == 4));
    return false;
}

static bool phone(struct hb_personal *p, const struct hb_span *s,
                  const struct run *r, const struct window *w)
{
    enum hb_label label = label_of(p, s, w);
    char national[HB_NUMBER_DIGITS + 1];
    size_t n = w->n;
    bool abroad;

    if (label == HB_LABEL_OTHER || label == HB_LABEL_CARD ||
        label == HB_LABEL_MY_NUMBER)
        return false;
    abroad = w->from == 0 && r->plus && memcmp(w->digits, "81", 2) == 0 &&
             (r->n.group[0] == 2 || w->to == 1);
    if (abroad) {
        size_t skip = w->digits[2] == '0' ? 3 : 2;

        national[0] = '0';
        memcpy(national + 1, w->digits + skip, w->n - skip);
        n = w->n - skip + 1;
        if (!hb_phone_ok(national, n))
            return false;
    } else {
        if (w->digits[0] != '0' || !hb_phone_ok(w->digits, n))
            return false;
        if (w->from == 0 && r->letter_before && label != HB_LABEL_PHONE)
            return false;
        if (w->to == r->n.groups && r->letter_behind)
            return false;
        if (w->to - w->from == 1 ? label != HB_LABEL_PHONE : !phone_shape(r, w))
            return false;
        memcpy(national, w->digits, n);
    }
    hb_look_tell(p, HB_CLASS_PHONE, national, n,
                 s->line->base + s->line->l.at[w->at]);
    return true;
}

/* 7 digits beside two of: institution, branch, kind, the word 口座. */
static bool account(struct hb_personal *p, const struct hb_span *s,
                    const struct run *r, const struct window *w)
{
    enum hb_label label = label_of(p, s, w);
    const uint32_t *cp = s->line->l.cp;
    unsigned near, bits = 0;

    if (label != HB_LABEL_NONE && label != HB_LABEL_INDEX &&
        label != HB_LABEL_ACCOUNT && label != HB_LABEL_BANK &&
        label != HB_LABEL_BRANCH && label != HB_LABEL_KIND)
        return false;
    if (s->column < HB_COLUMNS && s->label != HB_LABEL_ACCOUNT &&
        s->label != HB_LABEL_INDEX && s->explained)
        return false;
    if (w->at + 7 < s->end && (cp[w->at + 7] == 0x5186 || cp[w->at + 7] == ','))
        return false;
    if (w->at > s->begin && (cp[w->at - 1] == 0x3012 || cp[w->at - 1] == ',' ||
                             cp[w->at - 1] == 0xa5 || cp[w->at - 1] == '\\'))
        if (cp[w->at - 1] != ',')
            return false;
    near = hb_look_near(p, s);
    for (unsigned b = near & (HB_NEAR_BANK | HB_NEAR_BRANCH | HB_NEAR_KIND |
                              HB_NEAR_ACCOUNT);
         b != 0; b &= b - 1)
        bits++;
    if (bits < 2)
        return false;
    hb_look_tell(p, HB_CLASS_ACCOUNT, w->digits, 7,
                 s->line->base + s->line->l.at[w->at]);
    return true;
}

/* ゆうちょ: 記号 of five digits, then 番号 of two to eight. */
static bool symbol(struct hb_personal *p, const struct hb_span *s,
                   const struct run *r, const struct window *w)
{
    size_t n = w->to - w->from, last = r->n.group[w->to - 1];
    char joined[16];

    if (r->n.group[w->from] != 5 ||
        (w->digits[0] != '1' && w->digits[0] != '0'))
        return false;
    if (!(hb_look_near(p, s) & HB_NEAR_SYMBOL))
        return false;
    if (n == 1) {
        enum hb_label label = label_of(p, s, w);

        if (label == HB_LABEL_OTHER || label == HB_LABEL_PHONE ||
            label == HB_LABEL_ABOUT)
            return false;
        memcpy(p->symbol.digits, w->digits, 5);
        p->symbol.line = p->lines;
        p->symbol.at = s->line->base + s->line->l.at[w->at];
        p->symbol.open = true;
        return true;
    }
    /* 10120-12345671, or with the digit of a re-issue between: 10120-1-... */
    if ((n != 2 && !(n == 3 && r->n.group[w->from + 1] == 1)) || last < 2 ||
        last > 8)
        return false;
    memcpy(joined, w->digits, 5);
    memcpy(joined + 5, w->digits + w->n - last, last);
    hb_look_tell(p, HB_CLASS_ACCOUNT, joined, 5 + last,
                 s->line->base + s->line->l.at[w->at]);
    return true;
}

/* The 番号 in the line of the 記号, or in the one below. */
static bool symbol_rest(struct hb_personal *p, const struct hb_span *s,
                        const struct run *r, const struct window *w)
{
    enum hb_label label;
    char joined[16];

    if (p->lines - p->symbol.line > 1) {
        p->symbol.open = false;
        return false;
    }
    if (w->to != w->from + 1 || w->n < 2 || w->n > 8)
        return false;
    label = label_of(p, s, w);
    if (label != HB_LABEL_NONE && label != HB_LABEL_INDEX &&
        label != HB_LABEL_ACCOUNT)
        return false;
    (void)r;
    memcpy(joined, p->symbol.digits, 5);
    memcpy(joined + 5, w->digits, w->n);
    p->symbol.open = false;
    hb_look_tell(p, HB_CLASS_ACCOUNT, joined, 5 + w->n, p->symbol.at);
    return true;
}
