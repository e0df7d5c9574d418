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

struct reading {
    struct hb_mailing_list *list;
    struct hb_map *seen; /* addresses in small letters */
    struct hb_err *err;
    const char *path;
    bool begun;
};

static hb_csv_fn add_row;
static int add(struct reading *r, const struct hb_csv_row *row,
               const char *name, const char *address);
static int grow(struct hb_mailing_list *l);
static struct hb_slice trim(struct hb_slice s);

int hb_mailing_list_read(struct hb_arena *a, const char *path,
                         struct hb_mailing_list *ret, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf utf8 = HB_BUF_INIT;
    struct reading rd = {.list = ret, .err = err, .path = path};
    struct hb_slice text;
    char why[128];
    int r = hb_file_read(a, path, FILE_MAX_BYTES, &text);

    if (r < 0)
        return hb_err_at(err, r, path, 0, 0, "%s",
                         hb_errno_text(r, why, sizeof(why)));
    if (!hb_utf8_valid(text.p, text.n)) {
        hb_buf_init(&utf8, 2 * FILE_MAX_BYTES);
        if (!hb_letter_utf8(&utf8, text, HB_SLICE("shift_jis"),
                            2 * FILE_MAX_BYTES) ||
            hb_buf_err(&utf8) < 0)
            return hb_err_at(err, -EILSEQ, path, 0, 0,
                             _("this is neither UTF-8 nor Shift_JIS; save it "
                               "as CSV, UTF-8"));
        text = hb_buf_slice(&utf8);
    }
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

static int add_row(void *arg, const struct hb_csv_row *row)
{
    struct reading *r = arg;
    const char *name = "", *address = NULL;
    bool first = !r->begun;
    size_t at = 0, n = 0;

    r->begun = true;
    for (size_t i = 0; i < row->n; i++) {
        struct hb_slice f = trim(row->field[i]);
        const char *z = hb_arena_dup(r->list->a, f.p, f.n);

        if (z == NULL)
            return hb_err_set(r->err, -ENOMEM, _("out of memory"));
        if (hb_mail_address_ok(z)) {
            address = z;
            at = i;
            n++;
        } else if (z[0] != '\0' && name[0] == '\0') {
            name = z;
        }
    }
    if (n == 0 && first && row->n > 1)
        return 0; /* the heading */
    if (n != 1)
        return hb_err_at(r->err, -EINVAL, r->path, row->line,
                         n == 0 ? 0 : (unsigned)at + 1,
                         n == 0 ? _("no mail address in this row")
                                : _("more than one mail address in this row; "
                                    "each person gets a mail of their own"));
    return add(r, row, name, address);
}

static int add(struct reading *r, const struct hb_csv_row *row,
               const char *name, const char *address)
{
    struct hb_mailing_list *l = r->list;
    char *small = hb_arena_strdup(l->a, address);

    if (small == NULL || grow(l) < 0)
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
