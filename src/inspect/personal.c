/* SPDX-License-Identifier: Apache-2.0 */
/*
 * personal.c - see personal.h.
 *
 * Text goes line by line: letters.c folds it, row.c cuts rows into cells, and
 * look.c looks at each cell with the label of its column, or at the whole line.
 * A line that is longer than HB_LETTERS is looked at in pieces.
 */
#include "inspect/look.h"

#define LINE_BYTES  (256u * 1024)
#define JOINED_ROWS 100u /* lines of one row of HTML */
#define JOINED_CELL 12u  /* lines of one quoted cell */

static void line(struct hb_personal *p, struct hb_slice text);
static void analyse(struct hb_personal *p, struct hb_line *l);
static void segment(struct hb_personal *p, struct hb_line *l, size_t begin,
                    size_t end, uint32_t separator);
static bool skip_office(struct hb_personal *p, const struct hb_line *l,
                        struct hb_cell *c);
static void text(struct hb_personal *p, const struct hb_line *l,
                 const struct hb_span *s);
static bool headings(struct hb_personal *p, struct hb_line *l,
                     const struct hb_cell *cells, size_t n);
static void row(struct hb_personal *p, struct hb_line *l,
                const struct hb_cell *cells, size_t n);
static void table_end(struct hb_personal *p);

const char *hb_class_name(enum hb_class c)
{
    static const char *const names[] = {
        "my_number", "card", "bank_account", "phone",
        "address",   "mail", "person",
    };

    return names[c];
}

int hb_personal_new(hb_personal_fn *found, void *arg, struct hb_personal **ret)
{
    struct hb_personal *p = calloc(1, sizeof(*p));
    int r = p != NULL ? 0 : -ENOMEM;

    if (r == 0)
        r = hb_words_new(&p->words);
    if (r == 0)
        r = hb_names_new(&p->names);
    for (size_t i = 0; r == 0 && i < HB_ARRAY_LEN(p->line); i++)
        r = hb_letters_init(&p->line[i].l);
    if (r == 0) {
        p->rest = malloc(LINE_BYTES);
        r = p->rest != NULL ? 0 : -ENOMEM;
    }
    if (r < 0) {
        hb_personal_free(p);
        return r;
    }
    p->found = found;
    p->arg = arg;
    *ret = p;
    return 0;
}

void hb_personal_free(struct hb_personal *p)
{
    if (p == NULL)
        return;
    hb_words_free(p->words);
    hb_names_free(p->names);
    for (size_t i = 0; i < HB_ARRAY_LEN(p->line); i++)
        hb_letters_done(&p->line[i].l);
    for (size_t i = 0; i < HB_CLASSES; i++)
        hb_set_done(&p->seen[i]);
    hb_persons_done(&p->persons);
    free(p->rest);
    free(p);
}

int hb_personal_add(struct hb_personal *p, struct hb_slice text)
{
    while (text.n > 0 && p->err == 0) {
        const char *nl = memchr(text.p, '\n', text.n);
        size_t n = nl != NULL ? (size_t)(nl - text.p) : text.n;

        if (nl != NULL && p->rest_n == 0 && n < LINE_BYTES) {
            line(p, hb_slice(text.p, n));
            p->base += n + 1;
            text = hb_slice(text.p + n + 1, text.n - n - 1);
            continue;
        }
        n = HB_MIN(n, LINE_BYTES - p->rest_n);
        memcpy(p->rest + p->rest_n, text.p, n);
        p->rest_n += n;
        text = hb_slice(text.p + n, text.n - n);
        if (text.n > 0 || p->rest_n == LINE_BYTES) {
            bool ends = text.n > 0 && text.p[0] == '\n';

            line(p, hb_slice(p->rest, p->rest_n));
            p->base += p->rest_n + ends;
            p->rest_n = 0;
            text = hb_slice(text.p + ends, text.n - ends);
        }
    }
    return p->err;
}

int hb_personal_end(struct hb_personal *p, struct hb_personal_report *ret)
{
    int r;

    if (p->err == 0 && p->rest_n > 0)
        line(p, hb_slice(p->rest, p->rest_n));
    p->base += p->rest_n;
    p->rest_n = 0;
    if (p->err == 0 && p->joined > 0) {
        p->joined = 0;
        analyse(p, hb_look_line(p));
    }
    table_end(p);
    r = hb_persons_close(&p->persons);
    if (p->err == 0)
        p->err = r;
    /* Where many numbers have 12 digits and few are right, the right ones are
     * chance. */
    hb_look_pending(p, HB_LINES_COLUMN,
                    p->lone_good >= HB_LIST_FROM &&
                        p->lone_bad * 20 <= p->lone_good &&
                        hb_persons_list(&p->persons));
    hb_look_pending(p, HB_COLUMNS,
                    p->bare_bad < 4 || p->bare_bad <= p->bare_good * 2);
    if (p->err < 0)
        return p->err;
    p->report.persons = hb_persons_count(&p->persons);
    p->report.list = hb_persons_list(&p->persons);
    *ret = p->report;
    return 0;
}

/* Where a piece of a long line may end: behind a blank or a separator. */
static size_t piece_end(const struct hb_letters *l)
{
    for (size_t n = l->n; n > l->n - l->n / 8; n--) {
        uint32_t c = l->cp[n - 1];

        if (c == ',' || c == '}' || hb_is_blank(c) || c == 0x3002 ||
            c == HB_ROW_END)
            return n;
    }
    return l->n;
}

static void line(struct hb_personal *p, struct hb_slice text)
{
    uint32_t done = 0;

    do {
        struct hb_line *l = hb_look_line(p);
        size_t limit, n;

        if (p->joined == 0) {
            p->lines++;
            l = hb_look_line(p);
            hb_letters_reset(&l->l);
            l->base = p->base + done;
            l->near_known = false;
        } else if (l->l.n < HB_LETTERS) {
            l->l.cp[l->l.n] = '\n';
            l->l.at[l->l.n++] = (uint32_t)(p->base + done - l->base);
        }
        n = hb_letters_add(&l->l, hb_slice(text.p + done, text.n - done),
                           (uint32_t)(p->base + done - l->base));
        limit = l->l.row ? JOINED_ROWS : JOINED_CELL;
        if (done + n == text.n && p->joined < limit &&
            l->l.n < HB_LETTERS / 4 &&
            (l->l.row_open || (!l->l.row && hb_row_open(&l->l)))) {
            p->joined++;
            return;
        }
        p->joined = 0;
        if (done + n < text.n) {
            size_t cut = piece_end(&l->l);

            if (cut < l->l.n) {
                n = l->l.at[cut] - (uint32_t)(p->base + done - l->base);
                l->l.n = cut;
                l->l.cp[cut] = 0;
            }
            n = HB_MAX(n, 1u);
        }
        done += (uint32_t)n;
        analyse(p, l);
    } while (done < text.n && p->err == 0);
}

static void analyse(struct hb_personal *p, struct hb_line *l)
{
    size_t begin = 0;
    uint32_t separator;

    while (begin < l->l.n &&
           (hb_is_blank(l->l.cp[begin]) || l->l.cp[begin] == HB_ROW_END))
        begin++;
    if (begin == l->l.n) {
        /* A title, a blank line, the list; and "<tbody>" ends nothing. */
        if (l->l.tags ? l->l.table
                      : p->table.separator != '\n' || p->table.rows > 0)
            table_end(p);
        return;
    }
    separator = hb_row_separator(&l->l);
    if (separator == 0 && p->table.separator == '\n')
        separator = '\n'; /* one column, headed as names */
    else if (separator == 0 || separator != p->table.separator)
        table_end(p);
    if (hb_row_rule(&l->l))
        return;
    if (!l->l.row) {
        segment(p, l, 0, l->l.n, separator);
        return;
    }
    if (l->l.table)
        table_end(p);
    for (size_t i = begin; i <= l->l.n; i++)
        if (i == l->l.n || l->l.cp[i] == HB_ROW_END) {
            segment(p, l, begin, i, separator);
            begin = i + 1;
        }
}

/* "会長　山田太郎(...)" in a list of names; false for "電話　03-...". */
static bool skip_office(struct hb_personal *p, const struct hb_line *l,
                        struct hb_cell *c)
{
    const uint32_t *cp = l->l.cp;
    size_t at = c->begin, n;
    enum hb_label label;
    bool whole;

    if (hb_name_cell(p->names, cp + c->begin, c->end - c->begin, &n) ==
        HB_NAME_FULL)
        return true;
    while (at < c->end && at - c->begin < 8 && !hb_is_blank(cp[at]) &&
           cp[at] != ':')
        at++;
    n = at - c->begin;
    while (at < c->end && (hb_is_blank(cp[at]) || cp[at] == ':'))
        at++;
    if (at == c->end || n == 0 || hb_name_surname(p->names, cp + c->begin, n))
        return true;
    label = hb_label_of(p->words, cp + c->begin, n, &whole);
    if (label != HB_LABEL_NONE && label != HB_LABEL_NAME_MAYBE &&
        label != HB_LABEL_INDEX)
        return !whole;
    if (hb_name_cell(p->names, cp + at, c->end - at, &n) == HB_NAME_FULL ||
        label != HB_LABEL_NONE)
        c->begin = (uint32_t)at;
    return true;
}

/* A line; a short one that is no sentence could be of a list. */
static void text(struct hb_personal *p, const struct hb_line *l,
                 const struct hb_span *s)
{
    const uint32_t *cp = l->l.cp;
    size_t kanji = 0, i = s->begin;

    if (s->end - s->begin <= HB_SHORT_LINE && cp[s->end - 1] != 0x3002) {
        for (; i < s->end && cp[i] != 0x3002 && cp[i] != 0x3001; i++)
            kanji += hb_is_kanji(cp[i]);
        p->persons.weak_rows += kanji >= 2 && i == s->end;
    }
    hb_look(p, s, true);
}

/* One row, or a line of text. */
static void segment(struct hb_personal *p, struct hb_line *l, size_t begin,
                    size_t end, uint32_t separator)
{
    struct hb_span s = {
        .line = l, .begin = begin, .end = end, .column = HB_COLUMNS};
    struct hb_cell cells[HB_COLUMNS];
    size_t n = 1;

    while (begin < end && hb_is_blank(l->l.cp[begin]))
        begin++;
    if (begin == end)
        return;
    if (separator != 0 && separator != '\n')
        n = hb_row_split(&l->l, s.begin, end, separator, cells);
    else
        cells[0] = (struct hb_cell){(uint32_t)begin, (uint32_t)end};
    /* "・山田太郎", "1. 山田太郎" */
    while (separator == '\n' && cells[0].begin < end &&
           (!hb_is_word(l->l.cp[cells[0].begin]) ||
            hb_is_digit(l->l.cp[cells[0].begin])))
        cells[0].begin++;
    if (separator == '\n' && !skip_office(p, l, &cells[0])) {
        table_end(p); /* a form below a title of names */
        separator = 0;
        cells[0].begin = (uint32_t)begin;
    }
    if (n == 1 && separator == 0) {
        if (headings(p, l, cells, 1))
            p->table.separator = '\n';
        else
            text(p, l, &s);
        return;
    }
    p->table.separator = separator;
    if (!headings(p, l, cells, n))
        row(p, l, cells, n);
}

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

/* Whether the row holds headings; takes them. */
static bool headings(struct hb_personal *p, struct hb_line *l,
                     const struct hb_cell *cells, size_t n)
{
    enum hb_label label[HB_COLUMNS];
    size_t known = 0, filled = 0;
    struct hb_table *t = &p->table;
    uint32_t separator = t->separator;

    if (separator == '\n' || (n == 1 && cells[0].end - cells[0].begin > 30))
        return false;
    for (size_t i = 0; i < n; i++) {
        const uint32_t *cp = l->l.cp + cells[i].begin;
        size_t len = cells[i].end - cells[i].begin, digits = 0, m;
        bool whole;

        label[i] = HB_LABEL_NONE;
        filled += len > 0;
        if (len == 0 || len > 24)
            continue;
        for (size_t k = 0; k < len; k++) {
            digits += hb_is_digit(cp[k]);
            if (cp[k] == ':' && n > 1)
                return false;
        }
        if (digits > 3)
            return false;
        label[i] = hb_label_of(p->words, cp, len, &whole);
        known += whole;
        if (!whole && n > 1 &&
            hb_name_cell(p->names, cp, len, &m) == HB_NAME_FULL)
            return false;
    }
    /* "氏名 | ジョン・スミス", "住所 | ...1-2": a form, no headings. */
    if (n == 2 && known == 1 && is_value(p, l, &cells[1]))
        return false;
    if (known == 0 && n == 1)
        known = l->l.n > 2 && l->l.n < 30 && is_roster(l);
    if (known == 0 || (n == 1 && !(label[0] == HB_LABEL_NAME && known)) ||
        (n == 1 && l->l.n > 30))
        return false;
    if (t->headed && (known < 2 || known * 2 < filled))
        return false;
    table_end(p);
    t->separator = separator;
    t->headed = true;
    t->columns = n;
    t->near = hb_near(l->l.cp, l->l.n);
    for (size_t i = 0, past = is_past(l); i < n; i++) {
        if (past &&
            (label[i] == HB_LABEL_NAME || label[i] == HB_LABEL_NAME_MAYBE))
            label[i] = HB_LABEL_THING;
        t->column[i].label = label[i];
        t->column[i].explained = cells[i].end > cells[i].begin;
        if (label[i] == HB_LABEL_BANK)
            t->near |= HB_NEAR_BANK;
        if (label[i] == HB_LABEL_BRANCH)
            t->near |= HB_NEAR_BRANCH;
        if (label[i] == HB_LABEL_KIND)
            t->near |= HB_NEAR_KIND;
        if (label[i] == HB_LABEL_ACCOUNT)
            t->near |= HB_NEAR_ACCOUNT;
    }
    return true;
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
                      size_t *ret_n, bool *ret_headed)
{
    enum hb_name is =
        hb_name_cell(p->names, l->l.cp + c->begin, c->end - c->begin, ret_n);

    *ret_headed = col->label == HB_LABEL_NAME;
    if (c->end > c->begin)
        col->cells++;
    col->full += is == HB_NAME_FULL;
    switch (col->label) {
    case HB_LABEL_NAME:
        return is >= HB_NAME_SHAPE;
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
                                           .strong = p->about != 0});
    if (r < 0)
        p->err = r;
    return true;
}

static void row(struct hb_personal *p, struct hb_line *l,
                const struct hb_cell *cells, size_t n)
{
    struct hb_table *t = &p->table;
    uint64_t name[4], about = 0;
    size_t names = 0, name_cell = HB_COLUMNS, second = HB_COLUMNS;
    bool headed = false, maybe = false, has_about = false;
    enum hb_label form;
    int r = 0;

    p->about = p->row_name = 0;
    t->rows++;
    t->columns = HB_MAX(t->columns, n);
    if (t->headed) {
        name[0] = two_columns(p, l, cells, n, &name_cell, &second);
        if (name[0] != 0) {
            names = 1;
            headed = true;
        }
    }
    form = form_label(p, l, cells, n);
    for (size_t i = 0; i < n; i++) {
        struct hb_column by_form = {.label = form};
        struct hb_column *col = i == 1 && form != HB_LABEL_NONE &&
                                        t->column[i].label == HB_LABEL_NONE
                                    ? &by_form
                                    : &t->column[i];
        struct hb_span s = {.line = l,
                            .begin = cells[i].begin,
                            .end = cells[i].end,
                            .label = col->label,
                            .explained = col->explained,
                            .column = i,
                            .in_row = true};
        bool is_name, by_heading;
        size_t m;

        if (s.begin == s.end)
            continue;
        is_name = names < HB_ARRAY_LEN(name) && i != name_cell && i != second &&
                  cell_name(p, l, &cells[i], col, &m, &by_heading);
        if (is_name) {
            uint64_t h =
                hb_look_person(p, l, cells[i].begin, cells[i].begin + m);

            if (h != 0 && !t->headed && name_and_mail(p, &s, m, h))
                continue;
            if (h != 0) {
                if (name_cell == HB_COLUMNS)
                    name_cell = i;
                name[names++] = h;
                headed = headed || by_heading;
                maybe = maybe || col->label == HB_LABEL_NAME_MAYBE;
                continue;
            }
        }
        if (i == name_cell || i == second)
            continue;
        /* A column of persons' names is no text. */
        s.in_row = t->separator != '\n' &&
                   (t->headed || col->label != HB_LABEL_NONE || names > 0);
        hb_look(p, &s,
                col->label == HB_LABEL_NONE || col->label == HB_LABEL_INDEX ||
                    col->label == HB_LABEL_ABOUT ||
                    col->label == HB_LABEL_NAME ||
                    col->label == HB_LABEL_NAME_MAYBE);
        if (!(i == 0 && cells[i].end - cells[i].begin <= 6 &&
              (col->label == HB_LABEL_NONE || col->label == HB_LABEL_INDEX) &&
              hb_is_digit(l->l.cp[cells[i].begin])) &&
            col->label != HB_LABEL_INDEX && col->label != HB_LABEL_READING) {
            about = hb_hash(about, cell_hash(l, &cells[i]));
            has_about = true;
        }
    }
    if (names == 0 && p->row_name != 0)
        name[names++] = p->row_name;
    p->persons.weak_rows += !headed && !maybe;
    if (names > 0) {
        t->persons++;
        for (size_t i = 0; i < names && r == 0; i++)
            r = hb_persons_row(
                &p->persons,
                &(struct hb_person){.name = name[i],
                                    .about = p->about != 0 ? p->about : about,
                                    .has_about = has_about && i == 0,
                                    .strong = p->about != 0,
                                    .sure = headed || maybe,
                                    .headed = headed});
        p->persons.open = false;
    }
    if (r < 0)
        p->err = r;
    for (size_t i = 0; i < n && !t->headed; i++) {
        struct hb_column *col = &t->column[i];

        if (!col->live && col->good >= HB_LIST_FROM && col->bad == 0 &&
            t->persons >= HB_LIST_FROM) {
            col->live = true;
            hb_look_pending(p, i, true);
        }
    }
}

static void table_end(struct hb_personal *p)
{
    struct hb_table *t = &p->table;

    for (size_t i = 0; i < t->columns; i++) {
        struct hb_column *c = &t->column[i];

        if (p->pending.n > 0)
            hb_look_pending(p, i,
                            c->good >= HB_LIST_FROM && c->bad * 20 <= c->good &&
                                t->persons >= HB_LIST_FROM);
    }
    memset(t->column, 0, t->columns * sizeof(t->column[0]));
    t->separator = 0;
    t->headed = false;
    t->near = 0;
    t->columns = t->rows = 0;
    t->persons = 0;
}
