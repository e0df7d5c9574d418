/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c - rows under headings: which column is what, and whose row it is.
 */
#include "inspect/look.h"

#define ROW_NAMES 4u /* persons of one row */
/* Right numbers of a column that are not chance: one in 10^5. */
#define MY_NUMBERS 5u

struct row;

static void take(struct hb_personal *p, const struct hb_line *l,
                 const struct hb_cell *cells, size_t n,
                 const enum hb_label *label);
static void cell(struct hb_personal *p, struct row *r, size_t i);
static bool is_index(const struct row *r, size_t i, enum hb_label label);
static void row_persons(struct hb_personal *p, const struct row *r);

/* What no heading is: with digits, or a name in kana or Latin. */
static bool is_value(struct hb_personal *p, const struct hb_line *l,
                     const struct hb_cell *c)
{
    const uint32_t *cp = l->l.cp + c->begin;
    size_t n = c->end - c->begin, m;

    for (size_t i = 0; i < n; i++)
        if (hb_is_digit(cp[i]))
            return true;
    return n > 0 && !hb_is_kanji(cp[0]) &&
           hb_name_cell(p->names, cp, n, &m) >= HB_NAME_SHAPE;
}

/* Whether a heading says anything: "", 列3, Column3 and 備考 do not. */
static bool explains(const struct hb_line *l, const struct hb_cell *c)
{
    static const char *const nothing[] = {
        "列",     "項目",   "フィールド", "備考",    "メモ",
        "その他", "column", "Column",     "COLUMN",  "col",
        "Col",    "field",  "Field",      "Unnamed", "(列名なし)",
    };
    const uint32_t *cp = l->l.cp + c->begin;
    size_t n = c->end - c->begin;

    for (size_t i = 0; i < HB_ARRAY_LEN(nothing); i++) {
        size_t m = hb_letters_begin_n(cp, n, nothing[i], strlen(nothing[i]));

        while (m > 0 && m < n && !hb_is_kanji(cp[m]) && !hb_is_alpha(cp[m]))
            m++;
        if (m > 0 && m == n)
            return false;
    }
    return n > 0;
}

/* 没年, 時代: the persons of the table are history. */
static bool is_past(const struct hb_line *l)
{
    static const char *const words[] = {"没",   "時代", "幕府", "元号",
                                        "在職", "武将", "将軍"};

    for (size_t i = 0; i < l->l.n; i++)
        for (size_t k = 0; k < HB_ARRAY_LEN(words); k++)
            if (hb_letters_begin(l->l.cp + i, words[k]) > 0)
                return true;
    return false;
}

/* "3年2組 名簿": a title over names. */
static bool is_roster(const struct hb_line *l)
{
    size_t n = l->l.n;

    while (n > 0 && !hb_is_word(l->l.cp[n - 1]))
        n--;
    return n > 2 && l->l.cp[n - 2] == 0x540d && l->l.cp[n - 1] == 0x7c3f;
}

/* The label that a cell could be as a heading; -EINVAL where the row holds
 * values.  *RET_WHOLE: it is a heading that we know. */
static int heading(struct hb_personal *p, const struct hb_line *l,
                   const struct hb_cell *c, bool alone, bool *ret_whole)
{
    const uint32_t *cp = l->l.cp + c->begin;
    size_t n = c->end - c->begin, digits = 0, m;
    enum hb_label label;

    *ret_whole = false;
    if (n == 0 || n > 24)
        return HB_LABEL_NONE;
    for (size_t i = 0; i < n; i++) {
        digits += hb_is_digit(cp[i]);
        if (cp[i] == ':' && !alone)
            return -EINVAL;
    }
    if (digits > 3)
        return -EINVAL;
    label = hb_label_of(p->words, cp, n, ret_whole);
    if (!*ret_whole && !alone &&
        hb_name_cell(p->names, cp, n, &m) == HB_NAME_FULL)
        return -EINVAL;
    return (int)label;
}

bool hb_table_headings(struct hb_personal *p, struct hb_line *l,
                       const struct hb_cell *cells, size_t n)
{
    enum hb_label label[HB_COLUMNS];
    size_t known = 0, filled = 0;
    struct hb_table *t = &p->table;

    if (t->separator == '\n')
        return false;
    /* A line of text: a heading only where a label of names ends it. */
    if (n == 1 && (cells[0].end - cells[0].begin > 30 ||
                   !hb_label_may_name(p->words, l->l.cp + cells[0].begin,
                                      cells[0].end - cells[0].begin)))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool whole;
        int r = heading(p, l, &cells[i], n == 1, &whole);

        if (r < 0)
            return false;
        label[i] = (enum hb_label)r;
        known += whole;
        filled += cells[i].end > cells[i].begin;
    }
    /* "氏名 | ジョン・スミス", "住所 | ...1-2": a form, no headings. */
    if (n == 2 && known == 1 && is_value(p, l, &cells[1]))
        return false;
    if (n == 1 && (label[0] != HB_LABEL_NAME || (known == 0 && !is_roster(l))))
        return false;
    if (n > 1 && known == 0)
        return false;
    if (t->headed && (known < 2 || known * 2 < filled))
        return false;
    take(p, l, cells, n, label);
    return true;
}

static void take(struct hb_personal *p, const struct hb_line *l,
                 const struct hb_cell *cells, size_t n,
                 const enum hb_label *label)
{
    static const unsigned near[] = {
        [HB_LABEL_BANK] = HB_NEAR_BANK,
        [HB_LABEL_BRANCH] = HB_NEAR_BRANCH,
        [HB_LABEL_KIND] = HB_NEAR_KIND,
        [HB_LABEL_ACCOUNT] = HB_NEAR_ACCOUNT,
        [HB_LABEL_SYMBOL] = HB_NEAR_SYMBOL,
        [HB_LABEL_OTHER] = 0,
    };
    struct hb_table *t = &p->table;
    uint32_t separator = t->separator;
    bool past = is_past(l);

    hb_table_end(p);
    t->separator = separator;
    t->headed = true;
    t->columns = n;
    t->near = hb_near(l->l.cp, l->l.n);
    for (size_t i = 0; i < n; i++) {
        struct hb_column *c = &t->column[i];
        bool name =
            label[i] == HB_LABEL_NAME || label[i] == HB_LABEL_NAME_MAYBE;

        c->label = past && name ? HB_LABEL_THING : label[i];
        c->explained = explains(l, &cells[i]);
        t->near |= near[label[i]];
    }
}

static uint64_t cell_hash(const struct hb_line *l, const struct hb_cell *c)
{
    uint64_t h = 5;

    for (size_t i = c->begin; i < c->end; i++)
        h = (h ^ l->l.cp[i]) * HB_HASH_PRIME;
    return h;
}

/* The name in a cell: how sure that has to be says the heading. */
static bool cell_name(struct hb_personal *p, struct hb_line *l,
                      const struct hb_cell *c, struct hb_column *col,
                      size_t *ret_n, bool *ret_headed, bool *ret_known)
{
    enum hb_name is =
        hb_name_cell(p->names, l->l.cp + c->begin, c->end - c->begin, ret_n);
    bool words;

    *ret_headed = col->label == HB_LABEL_NAME;
    if (c->end > c->begin)
        col->cells++;
    col->full += is == HB_NAME_FULL;
    words = is == HB_NAME_SHAPE && !hb_is_kanji(l->l.cp[c->begin]);
    col->words += words;
    *ret_known = words || is == HB_NAME_FULL;
    switch (col->label) {
    case HB_LABEL_NAME:
        /* Rare names stand among others; things stand among things. */
        return is == HB_NAME_FULL || (is == HB_NAME_SHAPE && words) ||
               (is == HB_NAME_SHAPE &&
                (col->full + col->words + 4) * 2 >= col->cells);
    case HB_LABEL_NONE:
    case HB_LABEL_NAME_MAYBE:
    case HB_LABEL_INDEX:
        if (is == HB_NAME_FULL)
            return true;
        return is == HB_NAME_SHAPE && col->full >= 4 &&
               col->full * 2 >= col->cells;
    case HB_LABEL_SURNAME:
    case HB_LABEL_GIVEN:
    case HB_LABEL_READING:
    case HB_LABEL_MY_NUMBER:
    case HB_LABEL_CARD:
    case HB_LABEL_ACCOUNT:
    case HB_LABEL_BANK:
    case HB_LABEL_BRANCH:
    case HB_LABEL_KIND:
    case HB_LABEL_SYMBOL:
    case HB_LABEL_PHONE:
    case HB_LABEL_ADDRESS:
    case HB_LABEL_MAIL:
    case HB_LABEL_ABOUT:
    case HB_LABEL_THING:
    case HB_LABEL_OTHER:
        break;
    }
    return false;
}

/* Surname and given name in two columns. */
static uint64_t two_columns(struct hb_personal *p, struct hb_line *l,
                            const struct hb_cell *cells, size_t n,
                            size_t *ret_first, size_t *ret_second)
{
    size_t sur = n, given = n;

    for (size_t i = 0; i < n && i < p->table.columns; i++) {
        bool name;

        if (p->table.column[i].label == HB_LABEL_SURNAME && sur == n)
            sur = i;
        if (p->table.column[i].label == HB_LABEL_GIVEN && given == n)
            given = i;
        /* 姓, 名: 名 alone says nothing. */
        name = p->table.column[i].label == HB_LABEL_NAME_MAYBE;
        if (name && i > 0 && sur == i - 1 && given == n)
            given = i;
    }
    if (sur == n || given == n || cells[sur].end == cells[sur].begin ||
        cells[given].end == cells[given].begin)
        return 0;
    *ret_first = HB_MIN(sur, given);
    *ret_second = HB_MAX(sur, given);
    if (*ret_second > *ret_first + 2)
        return 0;
    return hb_look_person(p, l, cells[*ret_first].begin,
                          cells[*ret_second].end);
}

/* "個人番号 | 1234...": the first cell is the label of the second. */
static enum hb_label form_label(const struct hb_personal *p,
                                const struct hb_line *l,
                                const struct hb_cell *cells, size_t n)
{
    enum hb_label label;
    bool whole;

    if (n < 2 || n > 3 || cells[0].end - cells[0].begin > 20)
        return HB_LABEL_NONE;
    label = hb_label_of(p->words, l->l.cp + cells[0].begin,
                        cells[0].end - cells[0].begin, &whole);
    return whole ? label : HB_LABEL_NONE;
}

/* What stands in the cell behind the name, "... <taro@example.jp>", is of this
 * person.  True where there is a mail address. */
static bool name_and_mail(struct hb_personal *p, const struct hb_span *s,
                          size_t m, uint64_t name)
{
    struct hb_span rest = *s;
    int r;

    rest.begin = s->begin + m;
    while (rest.begin < rest.end && s->line->l.cp[rest.begin] != '@')
        rest.begin++;
    if (rest.begin == rest.end)
        return false;
    rest.begin = s->begin + m;
    p->about = 0;
    hb_look(p, &rest, false);
    r = hb_persons_row(&p->persons,
                       &(struct hb_person){.name = name,
                                           .about = p->about,
                                           .has_about = true,
                                           .known = true,
                                           .strong = p->about != 0});
    if (r < 0)
        p->err = r;
    return true;
}

/* A row that is being read. */
struct row {
    struct hb_line *l;
    const struct hb_cell *cells;
    size_t n;
    enum hb_label form;       /* of the second cell, by the first one */
    uint64_t name[ROW_NAMES]; /* persons */
    size_t names;
    bool known;           /* the first one, not by its shape alone */
    size_t first, second; /* cells of the name */
    uint64_t about;       /* of the other cells */
    bool has_about;
    bool headed, maybe; /* how sure the heading is */
};

void hb_table_row(struct hb_personal *p, struct hb_line *l,
                  const struct hb_cell *cells, size_t n)
{
    struct hb_table *t = &p->table;
    struct row r = {.l = l,
                    .cells = cells,
                    .n = n,
                    .form = form_label(p, l, cells, n),
                    .first = HB_COLUMNS,
                    .second = HB_COLUMNS};

    p->about = p->row_name = 0;
    t->rows++;
    t->columns = HB_MAX(t->columns, n);
    if (t->headed) {
        r.name[0] = two_columns(p, l, cells, n, &r.first, &r.second);
        r.names = r.name[0] != 0;
        r.headed = r.known = r.names > 0;
    }
    for (size_t i = 0; i < n; i++)
        if (cells[i].end > cells[i].begin && i != r.first && i != r.second)
            cell(p, &r, i);
    if (r.names == 0 && p->row_name != 0) {
        r.name[r.names++] = p->row_name;
        r.known = true;
    }
    row_persons(p, &r);
    for (size_t i = 0; i < n; i++) {
        struct hb_column *c = &t->column[i];

        if (!c->live && c->good >= MY_NUMBERS && c->bad == 0 &&
            t->persons >= HB_LIST_FROM) {
            c->live = true;
            hb_look_pending(p, i, true);
        }
    }
}

static void cell(struct hb_personal *p, struct row *r, size_t i)
{
    struct hb_table *t = &p->table;
    struct hb_column by_form = {.label = r->form};
    struct hb_column *col = i == 1 && r->form != HB_LABEL_NONE &&
                                    t->column[i].label == HB_LABEL_NONE
                                ? &by_form
                                : &t->column[i];
    struct hb_span s = {.line = r->l,
                        .begin = r->cells[i].begin,
                        .end = r->cells[i].end,
                        .label = col->label,
                        .explained = col->explained,
                        .column = i,
                        .in_row = true};
    bool headed, known;
    size_t m;

    if (r->names < ROW_NAMES &&
        cell_name(p, r->l, &r->cells[i], col, &m, &headed, &known)) {
        uint64_t h = hb_look_person(p, r->l, s.begin, s.begin + m);

        if (h != 0 && !t->headed && name_and_mail(p, &s, m, h))
            return;
        if (h != 0) {
            r->known = r->known || col->label != HB_LABEL_NAME || known;
            r->name[r->names++] = h;
            r->headed = r->headed || headed;
            r->maybe = r->maybe || col->label == HB_LABEL_NAME_MAYBE;
            return;
        }
    }
    /* Names within the cell are the row's, or of text. */
    s.in_row = t->separator != '\n' &&
               (t->headed || col->label != HB_LABEL_NONE || r->names > 0);
    hb_look(p, &s,
            col->label == HB_LABEL_NONE || col->label == HB_LABEL_INDEX ||
                col->label == HB_LABEL_ABOUT || col->label == HB_LABEL_NAME ||
                col->label == HB_LABEL_NAME_MAYBE);
    if (!is_index(r, i, col->label) && col->label != HB_LABEL_READING) {
        r->about = hb_hash(r->about, cell_hash(r->l, &r->cells[i]));
        r->has_about = true;
    }
}

/* The number of the row says nothing of the person. */
static bool is_index(const struct row *r, size_t i, enum hb_label label)
{
    return label == HB_LABEL_INDEX ||
           (i == 0 && label == HB_LABEL_NONE &&
            r->cells[i].end - r->cells[i].begin <= 6 &&
            hb_is_digit(r->l->l.cp[r->cells[i].begin]));
}

/* Numbers and addresses tell persons apart; words do where there are none. */
static void row_persons(struct hb_personal *p, const struct row *r)
{
    struct hb_person one = {.about = p->about != 0 ? p->about : r->about,
                            .strong = p->about != 0,
                            .sure = r->headed || r->maybe,
                            .headed = r->headed,
                            .known = r->known};

    p->persons.weak_rows += !one.sure;
    if (r->names == 0)
        return;
    p->table.persons++;
    for (size_t i = 0; i < r->names; i++) {
        int e;

        one.name = r->name[i];
        one.has_about = r->has_about && i == 0;
        e = hb_persons_row(&p->persons, &one);
        if (e < 0)
            p->err = e;
    }
    p->persons.open = false;
}

void hb_table_end(struct hb_personal *p)
{
    struct hb_table *t = &p->table;

    for (size_t i = 0; i < t->columns; i++) {
        struct hb_column *c = &t->column[i];

        if (p->pending.n > 0)
            hb_look_pending(p, i,
                            c->good >= MY_NUMBERS && c->bad * 20 <= c->good &&
                                t->persons >= HB_LIST_FROM);
    }
    memset(t->column, 0, t->columns * sizeof(t->column[0]));
    t->separator = 0;
    t->headed = false;
    t->near = 0;
    t->columns = t->rows = 0;
    t->persons = 0;
}
