/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailing_list.c - see mailing.h.  Runs as the person who calls.
 */
#include <stdio.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/letter.h"
#include "base/map.h"
#include "base/mime.h"
#include "base/num.h"
#include "cli/mailing.h"
#include "event/mailing.h"

#define FILE_MAX_BYTES (8u << 20)
#define BOM            "\xef\xbb\xbf"
#define WIDE_AT        "\xef\xbc\xa0"

struct reading {
    struct hb_mailing_list *list;
    struct hb_map *seen; /* addresses in small letters */
    struct hb_err *err;
    const char *path;
    bool begun;
    int column; /* of the name; -1: no heading says so */
};

struct found { /* in one row */
    const char *name, *address;
    size_t addresses, filled; /* fields that are one, that are not */
    bool at;                  /* something looks like one */
};

static hb_csv_fn add_row;
static int look(struct reading *r, const struct hb_csv_row *row,
                struct found *ret);
static void heading(struct reading *r, const struct hb_csv_row *row);
static int add(struct reading *r, const struct hb_csv_row *row,
               const char *name, const char *address);
static int grow(struct hb_mailing_list *l);
static struct hb_slice trim(struct hb_slice s);

int hb_mailing_list_read(struct hb_arena *a, const char *path,
                         struct hb_mailing_list *ret, struct hb_err *err)
{
    struct reading rd = {.list = ret, .err = err, .path = path, .column = -1};
    struct hb_slice text;
    int r = hb_mailing_file_read(a, path, FILE_MAX_BYTES, &text, err);

    if (r < 0)
        return r;
    *ret = (struct hb_mailing_list){.a = a};
    rd.seen = hb_map_new();
    if (rd.seen == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r = hb_csv_each(a, text, add_row, &rd, err);
    hb_map_free(rd.seen);
    if (r < 0 && err->file[0] == '\0')
        (void)hb_copyz(err->file, sizeof(err->file), path);
    if (r == 0 && ret->n == 0)
        return hb_err_at(err, -ENODATA, path, 0, 0,
                         _("nobody stands in this list: it needs a name and a "
                           "mail address in each row"));
    return r;
}

int hb_mailing_file_read(struct hb_arena *a, const char *path, size_t max,
                         struct hb_slice *ret, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_slice text;
    char why[128], *z;
    size_t n = 0;
    int r = hb_file_read(a, path, max, &text);

    if (r < 0)
        return hb_err_at(err, r, path, 0, 0, "%s",
                         hb_errno_text(r, why, sizeof(why)));
    /* Half-width kana grow from one byte to three. */
    hb_buf_init(&b, 3 * max + 1);
    if (hb_utf8_valid(text.p, text.n))
        hb_buf_add(&b, text.p, text.n);
    else if (!hb_letter_utf8(&b, text, HB_SLICE("shift_jis"), 3 * max))
        return hb_err_at(err, -EILSEQ, path, 0, 0,
                         _("this is neither UTF-8 nor Shift_JIS; save it as "
                           "UTF-8"));
    if (hb_buf_err(&b) < 0 || (z = hb_arena_alloc(a, b.n + 1)) == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    for (size_t i = b.n >= 3 && memcmp(b.p, BOM, 3) == 0 ? 3 : 0; i < b.n; i++)
        if (b.p[i] != '\r' || i + 1 == b.n || b.p[i + 1] != '\n')
            z[n++] = (char)b.p[i];
    z[n] = '\0';
    *ret = (struct hb_slice){z, n};
    return 0;
}

static int add_row(void *arg, const struct hb_csv_row *row)
{
    struct reading *r = arg;
    struct found f = {.name = ""};
    bool first = !r->begun;
    int rc = look(r, row, &f);

    if (rc < 0 || (f.filled == 0 && !f.at))
        return HB_MIN(rc, 0); /* a row of commas, as at the end of a sheet */
    r->begun = true;
    if (first && !f.at) {
        heading(r, row);
        return 0;
    }
    if (f.addresses == 0)
        return hb_err_at(r->err, -EINVAL, r->path, row->line, 0,
                         _("no mail address in this row"));
    if (f.addresses > 1)
        return hb_err_at(r->err, -EINVAL, r->path, row->line, 0,
                         _("more than one mail address in this row; each "
                           "person gets a mail of their own"));
    if (r->column >= 0)
        f.name = (size_t)r->column < row->n ? row->field[r->column].p : "";
    else if (f.filled > 1)
        return hb_err_at(r->err, -EINVAL, r->path, row->line, 0,
                         _("which of these columns is the name? Call it "
                           "\"name\" in the first row"));
    return add(r, row, f.name, f.address);
}

/* What stands in ROW. */
static int look(struct reading *r, const struct hb_csv_row *row,
                struct found *ret)
{
    for (size_t i = 0; i < row->n; i++) {
        struct hb_slice f = trim(row->field[i]);
        const char *z = hb_arena_dup(r->list->a, f.p, f.n);

        if (z == NULL)
            return hb_err_set(r->err, -ENOMEM, _("out of memory"));
        /* A mistyped one too: its row is no heading. */
        if (strchr(z, '@') != NULL || strstr(z, WIDE_AT) != NULL)
            ret->at = true;
        if (hb_mail_address_ok(z)) {
            ret->address = z;
            ret->addresses++;
        } else if (z[0] != '\0') {
            ret->name = z;
            ret->filled++;
        }
    }
    return 0;
}

static void heading(struct reading *r, const struct hb_csv_row *row)
{
    static const char *const names[] = {"name",   "Name", "NAME", "氏名",
                                        "お名前", "名前", "宛名", "会社名"};

    for (size_t i = 0; i < row->n && r->column < 0; i++) {
        struct hb_slice f = trim(row->field[i]);

        for (size_t k = 0; k < HB_ARRAY_LEN(names); k++)
            if (hb_slice_eq(f, hb_slice_z(names[k])))
                r->column = (int)i;
    }
}

static int add(struct reading *r, const struct hb_csv_row *row,
               const char *name, const char *address)
{
    struct hb_mailing_list *l = r->list;
    struct hb_slice trimmed = trim(hb_slice_z(name));
    char *small = hb_arena_strdup(l->a, address);

    name = hb_arena_dup(l->a, trimmed.p, trimmed.n);
    if (small == NULL || name == NULL || grow(l) < 0)
        return hb_err_set(r->err, -ENOMEM, _("out of memory"));
    for (char *c = small; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    if (hb_map_get(r->seen, hb_slice_z(small)) != NULL)
        return hb_err_at(r->err, -EEXIST, r->path, row->line, 0,
                         _("%s stands in the list twice"), address);
    if (!hb_mailing_name_ok(name))
        return hb_err_at(r->err, -EINVAL, r->path, row->line, 0,
                         _("this name has control characters or more than %u "
                           "bytes"),
                         HB_MAILING_NAME_MAX);
    if (l->n == HB_MAILING_TO_MAX)
        return hb_err_at(r->err, -E2BIG, r->path, row->line, 0,
                         _("a mailing has at most %u people; make several "
                           "lists"),
                         HB_MAILING_TO_MAX);
    if (hb_map_put(r->seen, hb_slice_z(small), l) < 0)
        return hb_err_set(r->err, -ENOMEM, _("out of memory"));
    l->v[l->n++] = (struct hb_mailing_person){name, address};
    return 0;
}

static int grow(struct hb_mailing_list *l)
{
    size_t more = l->max == 0 ? 64 : 2 * l->max;
    struct hb_mailing_person *v;

    if (l->n < l->max)
        return 0;
    v = HB_NEW_N(l->a, struct hb_mailing_person, more);
    if (v == NULL)
        return -ENOMEM;
    if (l->n > 0)
        memcpy(v, l->v, l->n * sizeof(*v));
    l->v = v;
    l->max = more;
    return 0;
}

/* Without blanks at both ends, the wide one too. */
static struct hb_slice trim(struct hb_slice s)
{
    static const char wide[] = "\xe3\x80\x80";

    for (;;) {
        if (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
            s = (struct hb_slice){s.p + 1, s.n - 1};
        else if (s.n >= 3 && memcmp(s.p, wide, 3) == 0)
            s = (struct hb_slice){s.p + 3, s.n - 3};
        else if (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
            s.n--;
        else if (s.n >= 3 && memcmp(s.p + s.n - 3, wide, 3) == 0)
            s.n -= 3;
        else
            return s;
    }
}
