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
    hb_table_end(p);
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
            hb_table_end(p);
        return;
    }
    separator = hb_row_separator(&l->l);
    if (separator == 0 && p->table.separator == '\n')
        separator = '\n'; /* one column, headed as names */
    else if (separator == 0 || separator != p->table.separator)
        hb_table_end(p);
    if (hb_row_rule(&l->l))
        return;
    if (!l->l.row) {
        segment(p, l, 0, l->l.n, separator);
        return;
    }
    if (l->l.table)
        hb_table_end(p);
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
        hb_table_end(p); /* a form below a title of names */
        separator = 0;
        cells[0].begin = (uint32_t)begin;
    }
    if (n == 1 && separator == 0) {
        if (hb_table_headings(p, l, cells, 1))
            p->table.separator = '\n';
        else
            text(p, l, &s);
        return;
    }
    p->table.separator = separator;
    if (!hb_table_headings(p, l, cells, n))
        hb_table_row(p, l, cells, n);
}
