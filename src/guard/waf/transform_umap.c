/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transform_umap.c - the code page of a SecUnicodeMapFile.
 *
 * The file is the administrator's, read once when the rules load.  A line
 * that begins with a number and a parenthesis opens a section; lines of
 * "hhhh:hh" pairs belong to the section above them.
 */
#include "base/i18n.h"
#include "base/num.h"
#include "guard/waf/transform.h"

struct hb_waf_umap {
    int16_t to[65536]; /* -1: not named */
};

static struct hb_slice line_of(struct hb_slice *text);
static struct hb_slice word_of(struct hb_slice *line);
static bool heading(struct hb_slice line, uint64_t *ret);
static bool pair(struct hb_waf_umap *m, struct hb_slice w);

int hb_waf_umap_get(const struct hb_waf_umap *m, unsigned u)
{
    return u < HB_ARRAY_LEN(m->to) ? m->to[u] : -1;
}

int hb_waf_umap_parse(struct hb_arena *a, struct hb_slice text,
                      unsigned code_page, const struct hb_waf_umap **ret,
                      struct hb_err *err)
{
    struct hb_waf_umap *m = HB_NEW(a, struct hb_waf_umap);
    unsigned line_no = 0;
    bool ours = false, found = false;

    if (m == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    memset(m->to, 0xff, sizeof(m->to));
    while (text.n > 0) {
        struct hb_slice line = line_of(&text), w;
        uint64_t page;

        line_no++;
        if (heading(line, &page)) {
            ours = page == code_page;
            found = found || ours;
            continue;
        }
        while (ours && (w = word_of(&line)).n > 0)
            if (!pair(m, w))
                return hb_err_at(err, -EBADMSG, "", line_no, 0,
                                 _("\"%.*s\" is no pair of a character and a "
                                   "byte (00e9:65)"),
                                 (int)HB_MIN(w.n, 40u), w.p);
    }
    if (!found)
        return hb_err_set(err, -ENOENT, _("there is no code page %u"),
                          code_page);
    *ret = m;
    return 0;
}

static struct hb_slice line_of(struct hb_slice *text)
{
    const char *nl = memchr(text->p, '\n', text->n);
    size_t n = nl != NULL ? (size_t)(nl - text->p) : text->n;
    struct hb_slice line = {text->p, n};

    text->p += n + (nl != NULL);
    text->n -= n + (nl != NULL);
    return line;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of LINE, empty at its end. */
static struct hb_slice word_of(struct hb_slice *line)
{
    size_t from = 0, to;

    while (from < line->n && blank(line->p[from]))
        from++;
    for (to = from; to < line->n && !blank(line->p[to]);)
        to++;
    line->n -= to;
    line->p += to;
    return (struct hb_slice){line->p - (to - from), to - from};
}

/* "1250  (ANSI - Central Europe)"; those without a number are headings too. */
static bool heading(struct hb_slice line, uint64_t *ret)
{
    struct hb_slice first = word_of(&line), second = word_of(&line);

    if (first.n > 0 && first.p[0] == '(') {
        *ret = 0;
        return true;
    }
    return second.n > 0 && second.p[0] == '(' && hb_parse_u64(first, ret) == 0;
}

static bool pair(struct hb_waf_umap *m, struct hb_slice w)
{
    uint8_t u[2], c;

    if (w.n != 7 || w.p[4] != ':' ||
        hb_unhex((struct hb_slice){w.p, 4}, u, 2) < 0 ||
        hb_unhex((struct hb_slice){w.p + 5, 2}, &c, 1) < 0)
        return false;
    m->to[u[0] << 8 | u[1]] = c;
    return true;
}
