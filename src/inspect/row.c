/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row.c - see row.h.
 */
#include "inspect/row.h"

static void trim(const uint32_t *cp, struct hb_cell *c);

static bool sentence(const struct hb_letters *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->cp[i] == 0x3002)
            return true;
    return false;
}

uint32_t hb_row_separator(const struct hb_letters *l)
{
    if (l->row || l->tabs > 0)
        return '\t';
    if (l->pipes > 1)
        return '|';
    if (l->commas > 2 || (l->commas > 0 && !sentence(l)))
        return ',';
    return l->semicolons > 1 ? ';' : 0;
}

size_t hb_row_split(const struct hb_letters *l, size_t begin, size_t end,
                    uint32_t separator, struct hb_cell cells[HB_COLUMNS])
{
    bool quoted = false;
    size_t n = 0;

    if (separator == '|') {
        while (begin < end && hb_is_blank(l->cp[begin]))
            begin++;
        begin += begin < end && l->cp[begin] == '|';
        while (end > begin && hb_is_blank(l->cp[end - 1]))
            end--;
        end -= end > begin && l->cp[end - 1] == '|';
    } else if (l->row) {
        while (end > begin && hb_is_blank(l->cp[end - 1]))
            end--;
    }
    for (size_t i = begin; i <= end; i++) {
        if (i < end && l->cp[i] == '"' && separator != '|' && !l->row)
            quoted = !quoted;
        if (i < end && (quoted || l->cp[i] != separator))
            continue;
        if (n + 1 == HB_COLUMNS && i < end)
            continue;
        cells[n] = (struct hb_cell){(uint32_t)begin, (uint32_t)i};
        trim(l->cp, &cells[n++]);
        begin = i + 1;
    }
    return n;
}

bool hb_row_open(const struct hb_letters *l)
{
    if (l->quotes % 2 == 0)
        return false;
    for (size_t i = 0; i < l->n; i++)
        if (l->cp[i] == '"' &&
            (i == 0 || l->cp[i - 1] == ',' || l->cp[i - 1] == '\t'))
            return true;
    return false;
}

bool hb_row_rule(const struct hb_letters *l)
{
    size_t dashes = 0;

    for (size_t i = 0; i < l->n; i++) {
        uint32_t c = l->cp[i];

        if (c == '-' || c == '=')
            dashes++;
        else if (c != '|' && c != ':' && c != '+' && !hb_is_blank(c))
            return false;
    }
    return dashes > 1;
}

static void trim(const uint32_t *cp, struct hb_cell *c)
{
    while (c->begin < c->end && (hb_is_blank(cp[c->begin]) ||
                                 cp[c->begin] == '"' || cp[c->begin] == '\''))
        c->begin++;
    /* (1, '...'), of SQL */
    if (c->end > c->begin + 1 && cp[c->begin] == '(' && c->begin == 0)
        c->begin++;
    while (c->end > c->begin &&
           (hb_is_blank(cp[c->end - 1]) || cp[c->end - 1] == '"' ||
            cp[c->end - 1] == '\''))
        c->end--;
}
