/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.c - see csv.h.  The text is copied once; fields are unquoted in place
 * and end with a NUL where their delimiter stood.
 */
#include "base/csv.h"

#include "base/i18n.h"

#define BOM "\xef\xbb\xbf"

struct reader {
    char *p, *end; /* *end is NUL */
    char comma;    /* what stands between fields */
    unsigned line;
};

static int next_row(struct reader *r, struct hb_csv_row *ret,
                    struct hb_err *err);
static int field(struct reader *r, struct hb_slice *ret, struct hb_err *err);
static int quoted(struct reader *r, struct hb_slice *ret, struct hb_err *err);
static bool end_of_row(struct reader *r);
static char delimiter(const char *p);

int hb_csv_each(struct hb_arena *a, struct hb_slice text, hb_csv_fn *fn,
                void *arg, struct hb_err *err)
{
    struct hb_csv_row *row = HB_NEW(a, struct hb_csv_row);
    struct reader r = {.p = hb_arena_dup(a, text.p, text.n), .line = 1};
    int rc = 0;

    if (row == NULL || r.p == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r.end = r.p + text.n;
    if (memchr(r.p, '\0', text.n) != NULL)
        return hb_err_at(err, -EBADMSG, "", 1, 0,
                         _("this is no text (save it as CSV, UTF-8)"));
    if (text.n >= sizeof(BOM) - 1 && memcmp(r.p, BOM, sizeof(BOM) - 1) == 0)
        r.p += sizeof(BOM) - 1;
    r.comma = delimiter(r.p);
    while (rc == 0 && r.p < r.end) {
        rc = next_row(&r, row, err);
        if (rc == 0 && (row->n > 1 || row->field[0].n > 0))
            rc = fn(arg, row);
    }
    return rc;
}

void hb_csv_add(struct hb_buf *b, const char *z, bool comma)
{
    bool formula = z[0] != '\0' && strchr("=+-@\t", z[0]) != NULL;

    if (comma)
        hb_buf_addc(b, ',');
    if (!formula && strpbrk(z, "\",\r\n") == NULL) {
        hb_buf_addz(b, z);
        return;
    }
    hb_buf_addc(b, '"');
    if (formula)
        hb_buf_addc(b, '\'');
    for (; *z != '\0'; z++) {
        if (*z == '"')
            hb_buf_addc(b, '"');
        hb_buf_addc(b, *z);
    }
    hb_buf_addc(b, '"');
}

static int next_row(struct reader *r, struct hb_csv_row *ret,
                    struct hb_err *err)
{
    int rc = 0;

    ret->n = 0;
    ret->line = r->line;
    do {
        if (ret->n == HB_CSV_FIELDS)
            return hb_err_at(err, -EBADMSG, "", r->line, 0,
                             _("more than %u columns"), HB_CSV_FIELDS);
        rc = field(r, &ret->field[ret->n++], err);
    } while (rc == 0 && !end_of_row(r));
    return rc;
}

/* Leaves P at the delimiter behind it, which end_of_row() takes. */
static int field(struct reader *r, struct hb_slice *ret, struct hb_err *err)
{
    char *start = r->p;

    if (*start == '"')
        return quoted(r, ret, err);
    while (r->p < r->end && *r->p != r->comma && *r->p != '\n' && *r->p != '\r')
        r->p++;
    *ret = (struct hb_slice){start, (size_t)(r->p - start)};
    return 0;
}

static int quoted(struct reader *r, struct hb_slice *ret, struct hb_err *err)
{
    unsigned line = r->line;
    char *start = ++r->p, *out = start;

    for (; r->p < r->end; *out++ = *r->p++) {
        if (*r->p == '\n')
            r->line++;
        if (*r->p != '"')
            continue;
        if (r->p[1] != '"')
            break;
        r->p++;
    }
    if (r->p == r->end)
        return hb_err_at(err, -EBADMSG, "", line, 0,
                         _("a quoted field has no end"));
    r->p++;
    if (r->p < r->end && *r->p != r->comma && *r->p != '\n' && *r->p != '\r')
        return hb_err_at(err, -EBADMSG, "", r->line, 0,
                         _("text behind a quoted field"));
    *ret = (struct hb_slice){start, (size_t)(out - start)};
    *out = '\0';
    return 0;
}

/* Takes what ends a field, and says whether it ended the row. */
static bool end_of_row(struct reader *r)
{
    char c = *r->p;

    *r->p = '\0';
    if (r->p < r->end)
        r->p++;
    if (c == r->comma)
        return false;
    if (c == '\r' && *r->p == '\n')
        r->p++;
    if (c != '\0')
        r->line++;
    return true;
}

/* A tab where the first line has tabs and no comma. */
static char delimiter(const char *p)
{
    size_t n = strcspn(p, "\r\n");

    return memchr(p, '\t', n) != NULL && memchr(p, ',', n) == NULL ? '\t' : ',';
}
