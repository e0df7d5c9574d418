/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.c - see file.h.
 *
 * Archives are read by libarchive, one entry after the other; the sheets of a
 * workbook wait in memory for its strings, which stand behind them.
 */
#include "inspect/file.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/num.h"
#include "inspect/inspect.h"
#include "inspect/office.h"

#define WINDOW HB_ENC_WINDOW
#define DEEP   3u /* archives in archives */
#define SHEETS 256u

/* All of one file. */
struct look {
    struct hb_file_report *report;
    size_t unpacked, entries;
    bool full; /* no more is unpacked: to skip costs as much */
    int err;
};

/* Bytes with what was read of them before. */
struct source {
    hb_file_read_fn *read;
    void *arg;
    struct hb_slice head; /* given first */
    char window[WINDOW];
    int err;
};

/* One entry of an archive. */
struct entry {
    struct look *l;
    struct archive *a;
};

struct book {
    struct hb_office_strings strings;
    struct hb_buf sheet[SHEETS];
    size_t n, bytes;
};

static void look_at(struct look *l, hb_file_read_fn *read, void *arg,
                    unsigned deep);
static size_t fill(struct source *s);
static ssize_t give(struct source *s, void *p, size_t n);
static bool is_archive(struct hb_slice head);
static bool is_old_office(struct hb_slice head);
static void look_text(struct look *l, struct source *s);
static void look_buf(struct look *l, const struct hb_buf *text);
static void sum_up(struct look *l, struct hb_inspect *in);
static void look_archive(struct look *l, struct source *s, unsigned deep);
static void look_entry(struct look *l, struct archive *a, const char *name,
                       struct book *book, unsigned deep);
static void look_xml(struct look *l, struct archive *a, const char *name,
                     struct book *book);
static void look_book(struct look *l, struct book *book);
static ssize_t read_entry(void *arg, void *p, size_t n);
static la_ssize_t on_read(struct archive *a, void *arg, const void **ret);
static void unread(struct look *l);

static const char *const kinds[HB_FILE_KINDS] = {
    [HB_FILE_OTHER] = "other",
    [HB_FILE_TEXT] = "text",
    [HB_FILE_ARCHIVE] = "archive",
    [HB_FILE_OLD_OFFICE] = "old-office",
};

const char *hb_file_kind_name(enum hb_file_kind k)
{
    return k < HB_FILE_KINDS ? kinds[k] : "";
}

int hb_file_look(hb_file_read_fn *read, void *arg, struct hb_file_report *ret)
{
    struct look l = {.report = ret};

    *ret = (struct hb_file_report){.read = true};
    look_at(&l, read, arg, 0);
    return l.err;
}

uint64_t hb_file_pieces(const struct hb_file_report *r)
{
    const struct hb_personal_report *p = &r->personal;

    return p->count[HB_CLASS_MY_NUMBER] + p->count[HB_CLASS_CARD] +
           (p->list ? p->persons : 0);
}

/* ---- static ---- */

static void look_at(struct look *l, hb_file_read_fn *read, void *arg,
                    unsigned deep)
{
    struct source *s = calloc(1, sizeof(*s));
    enum hb_encoding e;

    if (s == NULL) {
        l->err = -ENOMEM;
        return;
    }
    s->read = read;
    s->arg = arg;
    s->head = hb_slice(s->window, fill(s));
    e = hb_encoding_guess(s->head);
    if (s->err < 0)
        l->err = s->err;
    else if (is_archive(s->head))
        look_archive(l, s, deep);
    else if (is_old_office(s->head)) {
        l->report->kind = deep == 0 ? HB_FILE_OLD_OFFICE : l->report->kind;
        unread(l);
    } else if (e != HB_ENC_UNKNOWN && s->head.n > 0) {
        if (deep == 0) {
            l->report->kind = HB_FILE_TEXT;
            l->report->encoding = e;
        }
        look_text(l, s);
    }
    if (s->err < 0 && l->err == 0 && deep == 0)
        l->err = s->err;
    free(s);
}

static size_t fill(struct source *s)
{
    size_t n = 0;

    while (n < sizeof(s->window)) {
        ssize_t got = s->read(s->arg, s->window + n, sizeof(s->window) - n);

        if (got <= 0) {
            s->err = got < 0 ? (int)got : 0;
            break;
        }
        n += (size_t)got;
    }
    return n;
}

static ssize_t give(struct source *s, void *p, size_t n)
{
    ssize_t got;

    if (s->head.n > 0) {
        n = HB_MIN(n, s->head.n);
        memcpy(p, s->head.p, n);
        s->head = hb_slice(s->head.p + n, s->head.n - n);
        return (ssize_t)n;
    }
    got = s->read(s->arg, p, n);
    if (got < 0)
        s->err = (int)got;
    return got;
}

static bool begins(struct hb_slice head, size_t at, const char *magic, size_t n)
{
    return head.n >= at + n && memcmp(head.p + at, magic, n) == 0;
}

static bool is_archive(struct hb_slice head)
{
    return begins(head, 0, "PK\3\4", 4) || begins(head, 0, "PK\5\6", 4) ||
           begins(head, 0, "PK\7\x8", 4) || begins(head, 0, "\x1f\x8b", 2) ||
           begins(head, 0, "BZh", 3) ||
           begins(head, 0,
                  "\xfd"
                  "7zXZ",
                  5) ||
           begins(head, 0, "7z\xbc\xaf\x27\x1c", 6) ||
           begins(head, 0, "Rar!\x1a\7", 6) || begins(head, 257, "ustar", 5);
}

/* MS-CFB: the binary formats, and what wraps an encrypted xlsx or docx. */
static bool is_old_office(struct hb_slice head)
{
    return begins(head, 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
}

static void look_text(struct look *l, struct source *s)
{
    struct hb_inspect *in = NULL;
    char chunk[16384];
    ssize_t n = 0;

    l->err = hb_inspect_new(NULL, NULL, &in);
    while (l->err == 0 && (n = give(s, chunk, sizeof(chunk))) > 0)
        l->err = hb_inspect_add(in, hb_slice(chunk, (size_t)n));
    if (l->err == 0 && n == 0)
        sum_up(l, in);
    hb_inspect_free(in);
}

/* Text that we made. */
static void look_buf(struct look *l, const struct hb_buf *text)
{
    struct hb_inspect *in = NULL;

    if (hb_buf_err(text) < 0)
        unread(l);
    if (text->n == 0)
        return;
    l->err = hb_inspect_new(NULL, NULL, &in);
    if (l->err == 0)
        l->err = hb_inspect_add(in, hb_buf_slice(text));
    if (l->err == 0)
        sum_up(l, in);
    hb_inspect_free(in);
}

/* What is in two documents of an archive counts twice. */
static void sum_up(struct look *l, struct hb_inspect *in)
{
    struct hb_personal_report *all = &l->report->personal, one;
    enum hb_encoding e;

    l->err = hb_inspect_end(in, &e, &one);
    if (l->err < 0)
        return;
    for (unsigned i = 0; i < HB_CLASSES; i++)
        all->count[i] += one.count[i];
    all->persons += one.list || !all->list ? one.persons : 0;
    all->list |= one.list;
}

static void look_archive(struct look *l, struct source *s, unsigned deep)
{
    struct archive *a = archive_read_new();
    struct book *book = calloc(1, sizeof(*book));
    struct archive_entry *e;
    int r;

    if (deep == 0)
        l->report->kind = HB_FILE_ARCHIVE;
    if (a == NULL || book == NULL)
        l->err = -ENOMEM;
    else
        hb_buf_init(&book->strings.text, HB_FILE_PART);
    if (l->err < 0 || deep >= DEEP ||
        archive_read_support_format_zip_streamable(a) != ARCHIVE_OK ||
        archive_read_support_format_tar(a) != ARCHIVE_OK ||
        archive_read_support_format_raw(a) != ARCHIVE_OK ||
        archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
        archive_read_open(a, s, NULL, on_read, NULL) != ARCHIVE_OK) {
        unread(l);
        goto out;
    }
    /* 7z and RAR are "raw" to it: known, and not read. */
    while (l->err == 0 && !l->full &&
           (r = archive_read_next_header(a, &e)) != ARCHIVE_EOF) {
        const char *name = archive_entry_pathname(e);

        if (r < ARCHIVE_WARN || l->entries++ >= HB_FILE_ENTRIES ||
            (archive_format(a) == ARCHIVE_FORMAT_RAW &&
             archive_filter_count(a) <= 1)) {
            unread(l);
            break;
        }
        if (archive_entry_is_encrypted(e)) {
            l->report->encrypted = true;
            unread(l);
        } else if (archive_entry_filetype(e) == AE_IFREG ||
                   archive_format(a) == ARCHIVE_FORMAT_RAW) {
            look_entry(l, a, name != NULL ? name : "", book, deep);
        }
    }
    look_book(l, book);
out:
    if (book != NULL) {
        for (size_t i = 0; i < book->n; i++)
            hb_buf_done(&book->sheet[i]);
        hb_office_strings_done(&book->strings);
    }
    free(book);
    (void)archive_read_free(a);
}

static bool ends(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n >= m && strcmp(name + n - m, end) == 0;
}

static void look_entry(struct look *l, struct archive *a, const char *name,
                       struct book *book, unsigned deep)
{
    struct entry arg = {l, a};

    if (ends(name, ".xml") || ends(name, ".rels"))
        look_xml(l, a, name, book);
    else
        look_at(l, read_entry, &arg, deep + 1);
}

/* A part of a document: whole in memory. */
static void look_xml(struct look *l, struct archive *a, const char *name,
                     struct book *book)
{
    struct entry arg = {l, a};
    struct hb_buf xml, text;
    char chunk[16384];
    ssize_t n;

    hb_buf_init(&xml, HB_FILE_PART);
    hb_buf_init(&text, HB_FILE_PART);
    while ((n = read_entry(&arg, chunk, sizeof(chunk))) > 0)
        hb_buf_add(&xml, chunk, (size_t)n);
    if (n < 0 || hb_buf_err(&xml) < 0) {
        unread(l);
    } else if (strncmp(name, "xl/worksheets/", 14) == 0 &&
               !ends(name, ".rels")) {
        if (book->n < SHEETS && book->bytes + xml.n <= HB_FILE_PART) {
            book->bytes += xml.n;
            book->sheet[book->n++] = xml;
            return;
        }
        unread(l);
    } else if (hb_streq(name, "xl/sharedStrings.xml")) {
        if (hb_office_strings(hb_buf_slice(&xml), &book->strings) < 0)
            unread(l);
    } else if (!ends(name, ".rels")) {
        hb_office_text(hb_buf_slice(&xml), &text);
        look_buf(l, &text);
    }
    hb_buf_done(&xml);
    hb_buf_done(&text);
}

static void look_book(struct look *l, struct book *book)
{
    for (size_t i = 0; l->err == 0 && i < book->n; i++) {
        struct hb_buf text;

        /* A string may be named by many cells: bounded, and told. */
        hb_buf_init(&text, HB_FILE_PART);
        hb_office_sheet(hb_buf_slice(&book->sheet[i]), &book->strings, &text);
        look_buf(l, &text);
        hb_buf_done(&text);
    }
}

/* An entry that cannot be read to its end is no error of ours. */
static ssize_t read_entry(void *arg, void *p, size_t n)
{
    struct entry *e = arg;
    la_ssize_t got = archive_read_data(e->a, p, n);

    if (got < 0) {
        e->l->report->encrypted |= archive_read_has_encrypted_entries(e->a) > 0;
        unread(e->l);
        return 0;
    }
    e->l->unpacked += (size_t)got;
    if (e->l->unpacked <= HB_FILE_UNPACKED)
        return got;
    unread(e->l);
    e->l->full = true;
    return 0;
}

static la_ssize_t on_read(struct archive *a, void *arg, const void **ret)
{
    struct source *s = arg;
    struct hb_slice head = s->head;

    (void)a;
    *ret = s->window;
    if (head.n == 0)
        return give(s, s->window, sizeof(s->window));
    *ret = head.p;
    s->head = hb_slice("", 0);
    return (la_ssize_t)head.n;
}

static void unread(struct look *l)
{
    l->report->read = false;
}
