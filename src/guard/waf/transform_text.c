/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transform_text.c - transformations that take out what a reader behind the
 * site passes over: white space, comments, quotes of a shell, detours in a
 * path.
 */
#include "guard/waf/transform_edit.h"

static size_t mark_at(struct hb_slice in, size_t at);
static bool cmd_mark(char c);
static int normalize(struct hb_arena *a, struct hb_slice in, bool win,
                     struct hb_slice *ret);
static bool plain_path(struct hb_slice in);

/* Where a comment of C begins; in.n where none does. */
static size_t next_comment(struct hb_slice in, size_t at)
{
    for (;; at++) {
        at = hb_waf_next(in, at, '/');
        if (at == in.n || in.n - at < 2)
            return in.n;
        if (in.p[at + 1] == '*')
            return at;
    }
}

/* Behind the end of the comment at AT; in.n and *OPEN where it has none. */
static size_t comment_end(struct hb_slice in, size_t at, bool *open)
{
    for (at += 2; at < in.n; at++) {
        at = hb_waf_next(in, at, '*');
        if (in.n - at >= 2 && in.p[at + 1] == '/') {
            *open = false;
            return at + 2;
        }
    }
    *open = true;
    return in.n;
}

int hb_waf_t_replace_comments(struct hb_arena *a, struct hb_slice in,
                              struct hb_slice *ret)
{
    struct hb_waf_edit e;
    size_t end;
    bool open;

    hb_waf_edit_init(&e, a, in, 1);
    for (size_t i = next_comment(in, 0); i < in.n; i = next_comment(in, end)) {
        end = comment_end(in, i, &open);
        hb_waf_edit_putc(&e, i, end - i, ' ');
    }
    return hb_waf_edit_end(&e, ret);
}

/* Length of the mark of a comment (of C, SQL, HTML, shells) at AT, 0. */
static size_t mark_at(struct hb_slice in, size_t at)
{
    const char *p = in.p + at;
    size_t left = in.n - at;

    switch (p[0]) {
    case '#':
        return 1;
    case '/':
        return left >= 2 && p[1] == '*' ? 2 : 0;
    case '*':
        return left >= 2 && p[1] == '/' ? 2 : 0;
    case '<':
        return left >= 4 && memcmp(p, "<!--", 4) == 0 ? 4 : 0;
    case '-':
        if (left >= 3 && memcmp(p, "-->", 3) == 0)
            return 3;
        return left >= 2 && p[1] == '-' ? 2 : 0;
    default:
        return 0;
    }
}

int hb_waf_t_remove_comments_char(struct hb_arena *a, struct hb_slice in,
                                  struct hb_slice *ret)
{
    struct hb_waf_edit e;

    hb_waf_edit_init(&e, a, in, 1);
    for (size_t i = 0, n; i<in.n; i += n> 0 ? n : 1) {
        n = mark_at(in, i);
        if (n > 0)
            hb_waf_edit_drop(&e, i, n);
    }
    return hb_waf_edit_end(&e, ret);
}

/* Takes out comments with what they say.  The byte behind a comment is passed
 * on unread, a NUL where the value ends there: peculiar, but rules are written
 * for it. */
int hb_waf_t_remove_comments(struct hb_arena *a, struct hb_slice in,
                             struct hb_slice *ret)
{
    struct hb_waf_edit e;
    size_t i = 0;

    hb_waf_edit_init(&e, a, in, 1);
    while (i < in.n) {
        size_t n = mark_at(in, i), end;

        if (n == 0 || in.p[i] == '*') {
            i++;
        } else if (in.p[i] == '#' || in.p[i] == '-') {
            hb_waf_edit_drop(&e, i, in.n - i);
            break;
        } else {
            for (end = i + n; end < in.n; end++) {
                size_t m = mark_at(in, end);

                if ((in.p[end] == '*' && m > 0) ||
                    (in.p[end] == '-' && m == 3)) {
                    end += m;
                    n = 0;
                    break;
                }
            }
            if (n > 0)
                hb_waf_edit_putc(&e, i, in.n - i, ' ');
            else if (end == in.n)
                hb_waf_edit_putc(&e, i, end - i, '\0');
            else
                hb_waf_edit_drop(&e, i, end - i);
            i = end + 1;
        }
    }
    return hb_waf_edit_end(&e, ret);
}

/* The two bytes of a no-break space (c2 a0) go wherever they stand. */
int hb_waf_t_remove_whitespace(struct hb_arena *a, struct hb_slice in,
                               struct hb_slice *ret)
{
    struct hb_waf_edit e;

    hb_waf_edit_init(&e, a, in, 1);
    for (size_t i = 0; i < in.n; i++)
        if (hb_waf_space(in.p[i]) || in.p[i] == (char)0xa0 ||
            in.p[i] == (char)0xc2)
            hb_waf_edit_drop(&e, i, 1);
    return hb_waf_edit_end(&e, ret);
}

int hb_waf_t_compress_whitespace(struct hb_arena *a, struct hb_slice in,
                                 struct hb_slice *ret)
{
    struct hb_waf_edit e;

    hb_waf_edit_init(&e, a, in, 1);
    for (size_t i = 0; i < in.n; i++) {
        size_t end = i;

        while (end < in.n && hb_waf_space(in.p[end]))
            end++;
        if (end == i || (end - i == 1 && in.p[i] == ' '))
            continue;
        hb_waf_edit_putc(&e, i, end - i, ' ');
        i = end - 1;
    }
    return hb_waf_edit_end(&e, ret);
}

/* What a shell passes over inside a word. */
static bool cmd_mark(char c)
{
    return c == '"' || c == '\'' || c == '\\' || c == '^';
}

static bool cmd_blank(char c)
{
    return c == ' ' || c == ',' || c == ';' || c == '\t' || c == '\r' ||
           c == '\n';
}

static bool cmd_plain(char c)
{
    return !cmd_mark(c) && !cmd_blank(c) && hb_waf_lower(c) == c;
}

/* Marks go; runs of blanks, commas and semicolons become one blank, which
 * goes too before / and (; letters become small. */
int hb_waf_t_cmd_line(struct hb_arena *a, struct hb_slice in,
                      struct hb_slice *ret)
{
    size_t i = 0, n;
    bool changed = false;
    char *p;

    while (i < in.n && cmd_plain(in.p[i]))
        i++;
    if (i == in.n) {
        *ret = in;
        return 0;
    }
    p = hb_arena_alloc(a, in.n);
    if (p == NULL)
        return -ENOMEM;
    memcpy(p, in.p, i);
    for (n = i; i < in.n;) {
        char c = in.p[i];
        size_t first = i;

        if (cmd_mark(c)) {
            changed = true;
            i++;
            continue;
        }
        if (!cmd_blank(c)) {
            p[n] = hb_waf_lower(c);
            changed |= p[n++] != c;
            i++;
            continue;
        }
        while (i < in.n && (cmd_blank(in.p[i]) || cmd_mark(in.p[i])))
            i++;
        changed |= i - first != 1 || c != ' ';
        if (i == in.n || (in.p[i] != '/' && in.p[i] != '('))
            p[n++] = ' ';
        else
            changed = true;
    }
    *ret = changed ? (struct hb_slice){p, n} : in;
    return 0;
}

int hb_waf_t_normalize_path(struct hb_arena *a, struct hb_slice in,
                            struct hb_slice *ret)
{
    if (plain_path(in)) {
        *ret = in;
        return 0;
    }
    return normalize(a, in, false, ret);
}

int hb_waf_t_normalize_path_win(struct hb_arena *a, struct hb_slice in,
                                struct hb_slice *ret)
{
    if (hb_waf_next(in, 0, '\\') == in.n && plain_path(in)) {
        *ret = in;
        return 0;
    }
    return normalize(a, in, true, ret);
}

/* True where no segment ends with a dot and none is empty. */
static bool plain_path(struct hb_slice in)
{
    for (size_t i = hb_waf_next(in, 0, '/'); i < in.n;
         i = hb_waf_next(in, i + 1, '/')) {
        if (i > 0 && in.p[i - 1] == '.')
            return false;
        if (i + 1 < in.n && in.p[i + 1] == '/')
            return false;
    }
    return in.n == 0 || in.p[in.n - 1] != '.';
}

struct path {
    char *out;
    size_t n;
    bool relative;
    bool root; /* nothing is left that a ".." could take away */
};

/* Takes off the last segment of OUT, which ends with ".." (one that is longer
 * than that takes off itself only). */
static void path_up(struct path *d, bool end)
{
    size_t at = d->n > 4 ? d->n - 4 : 0;

    while (at > 0 && d->out[at] != '/')
        at--;
    if (at == 0) {
        d->root = true;
        if (!d->relative && end)
            at = 1;
    }
    d->n = at;
}

/* Judges the segment of LEN bytes that OUT ends with; END: it is the last. */
static void path_segment(struct path *d, size_t len, bool end)
{
    size_t start = d->n - len;

    if (len == 0)
        return;
    if (d->out[d->n - 1] != '.') {
        if (d->n > 1)
            d->root = false;
    } else if (d->n >= 2 && d->out[d->n - 2] == '.') {
        if (d->relative && (d->root || d->n <= 3))
            d->root = true;
        else
            path_up(d, end);
    } else if (len == 1) {
        /* "." goes; with the slash before it, for one comes behind it. */
        d->n = start > 0 && !end ? start - 1 : start;
    }
}

static int normalize(struct hb_arena *a, struct hb_slice in, bool win,
                     struct hb_slice *ret)
{
    struct path d = {0};
    size_t i = 0;
    bool slash = false;

    d.out = hb_arena_alloc(a, in.n);
    if (d.out == NULL)
        return -ENOMEM;
    d.relative = in.p[0] != '/' && !(win && in.p[0] == '\\');
    while (i < in.n) {
        size_t from = i;

        while (i < in.n && in.p[i] != '/' && !(win && in.p[i] == '\\'))
            d.out[d.n++] = in.p[i++];
        path_segment(&d, i - from, i == in.n);
        slash = i < in.n;
        while (i < in.n && (in.p[i] == '/' || (win && in.p[i] == '\\')))
            i++;
        /* A relative path does not get a root by losing its beginning. */
        if (slash && (!d.relative || d.n > 0))
            d.out[d.n++] = '/';
    }
    if (!slash && d.n > 0 && d.out[d.n - 1] == '/')
        d.n--;
    *ret = hb_slice_eq((struct hb_slice){d.out, d.n}, in)
               ? in
               : (struct hb_slice){d.out, d.n};
    return 0;
}
