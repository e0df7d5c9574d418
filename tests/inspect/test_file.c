/* SPDX-License-Identifier: Apache-2.0 */
/* What files hold: text, office documents, archives, and what cannot be
 * read. */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

#include "../tap.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/num.h"
#include "inspect/file.h"

static struct hb_file_report seen;

struct bytes {
    struct hb_slice left;
    size_t step;
};

static ssize_t read_bytes(void *arg, void *p, size_t n)
{
    struct bytes *b = arg;

    n = HB_MIN(HB_MIN(n, b->step), b->left.n);
    memcpy(p, b->left.p, n);
    b->left = hb_slice(b->left.p + n, b->left.n - n);
    return (ssize_t)n;
}

/* Pieces of personal data. */
static uint64_t look(struct hb_slice file)
{
    struct bytes b = {file, 997};

    assert_int_equal(hb_file_look(read_bytes, &b, &seen), 0);
    return hb_file_pieces(&seen);
}

struct part {
    const char *name;
    struct hb_slice data;
};

static la_ssize_t on_write(struct archive *a, void *arg, const void *p,
                           size_t n)
{
    (void)a;
    hb_buf_add(arg, p, n);
    return (la_ssize_t)n;
}

static struct hb_buf zip(const struct part *parts, size_t n,
                         const char *password)
{
    struct archive *a = archive_write_new();
    struct hb_buf b = HB_BUF_INIT;

    hb_buf_init(&b, 256u << 20);
    assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
    (void)archive_write_set_bytes_in_last_block(a, 1);
    if (password != NULL) {
        assert_int_equal(
            archive_write_set_options(a, "zip:encryption=traditional"),
            ARCHIVE_OK);
        assert_int_equal(archive_write_set_passphrase(a, password), ARCHIVE_OK);
    }
    assert_int_equal(archive_write_open(a, &b, NULL, on_write, NULL),
                     ARCHIVE_OK);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *e = archive_entry_new();

        archive_entry_set_pathname(e, parts[i].name);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_size(e, (la_int64_t)parts[i].data.n);
        assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
        for (size_t at = 0; at < parts[i].data.n;) {
            la_ssize_t put = archive_write_data(a, parts[i].data.p + at,
                                                parts[i].data.n - at);

            assert_true(put > 0);
            at += (size_t)put;
        }
        archive_entry_free(e);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    assert_int_equal(archive_write_free(a), ARCHIVE_OK);
    assert_int_equal(hb_buf_err(&b), 0);
    return b;
}

static const char *const people[][2] = {
    {"佐藤 健一", "090-1111-2221"}, {"鈴木 美咲", "090-1111-2222"},
    {"高橋 大輔", "090-1111-2223"}, {"田中 陽子", "090-1111-2224"},
    {"伊藤 翔太", "090-1111-2225"}, {"渡辺 直美", "090-1111-2226"},
    {"山本 拓也", "090-1111-2227"}, {"中村 由美子", "090-1111-2228"},
    {"小林 正人", "090-1111-2229"}, {"加藤 恵子", "090-1111-2230"},
    {"吉田 浩二", "090-1111-2231"}, {"山田 花子", "090-1111-2232"},
};

static void test_text(void **state)
{
    _cleanup_buf_ struct hb_buf csv = HB_BUF_INIT;

    (void)state;
    hb_buf_addz(&csv, "氏名,電話番号\r\n");
    for (size_t i = 0; i < HB_ARRAY_LEN(people); i++)
        hb_buf_addf(&csv, "%s,%s\r\n", people[i][0], people[i][1]);
    assert_int_equal(look(hb_buf_slice(&csv)), 12);
    assert_int_equal(seen.kind, HB_FILE_TEXT);
    assert_true(seen.read && seen.personal.list);
    assert_int_equal(look(HB_SLICE("見積をお送りします。担当 佐藤健一 "
                                   "03-1234-5678 sato@example.jp\n")),
                     0);
    assert_true(seen.read);
    assert_int_equal(look(HB_SLICE("")), 0);
    assert_true(seen.read);
}

/* As Excel writes it: the sheet names strings that stand behind it; readings
 * beside the names are no names. */
static void test_workbook(void **state)
{
    _cleanup_buf_ struct hb_buf strings = HB_BUF_INIT, sheet = HB_BUF_INIT;
    struct part parts[3] = {{"[Content_Types].xml", HB_SLICE("<Types/>")},
                            {"xl/worksheets/sheet1.xml", {NULL, 0}},
                            {"xl/sharedStrings.xml", {NULL, 0}}};
    struct hb_buf file;

    (void)state;
    hb_buf_addz(&strings, "<?xml version=\"1.0\"?><sst><si><t>氏名</t></si>"
                          "<si><t>携帯電話</t></si>");
    hb_buf_addz(&sheet, "<worksheet><sheetData><row r=\"1\">"
                        "<c r=\"A1\" t=\"s\"><v>0</v></c>"
                        "<c r=\"B1\" t=\"s\"><v>1</v></c></row>");
    for (size_t i = 0; i < HB_ARRAY_LEN(people); i++) {
        hb_buf_addf(&strings,
                    "<si><r><t>%s</t></r><rPh sb=\"0\" eb=\"2\"><t>サトウ"
                    "</t></rPh></si><si><t xml:space=\"preserve\">%s</t></si>",
                    people[i][0], people[i][1]);
        hb_buf_addf(&sheet,
                    "<row r=\"%zu\"><c r=\"A%zu\" s=\"1\" t=\"s\"><v>%zu</v>"
                    "</c><c r=\"B%zu\" t=\"s\"><v>%zu</v></c></row>",
                    i + 2, i + 2, 2 * i + 2, i + 2, 2 * i + 3);
    }
    hb_buf_addz(&strings, "</sst>");
    hb_buf_addz(&sheet, "</sheetData></worksheet>");
    parts[1].data = hb_buf_slice(&sheet);
    parts[2].data = hb_buf_slice(&strings);
    file = zip(parts, 3, NULL);
    assert_int_equal(look(hb_buf_slice(&file)), 12);
    assert_int_equal(seen.kind, HB_FILE_ARCHIVE);
    assert_true(seen.read && seen.personal.list);
    assert_int_equal((int)seen.personal.count[HB_CLASS_PHONE], 12);
    hb_buf_done(&file);
}

static void test_document(void **state)
{
    static const char xml[] =
        "<w:document><w:body><w:p><w:r><w:t>個人番号: 1234</w:t></w:r><w:r>"
        "<w:t>5678 9018</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>"
        "カード番号</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>"
        "4539 1488 0343 6467</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
        "<!-- <w:t>4716 1089 9971 6531</w:t> --></w:body></w:document>";
    const struct part parts[] = {{"word/document.xml", {xml, sizeof(xml) - 1}}};
    struct hb_buf file = zip(parts, 1, NULL), outer;
    struct part inside[] = {{"見積/a.docx", {NULL, 0}},
                            {"見積/b.png", HB_SLICE("\x89PNG\r\n\x1a\n\0\0")}};

    (void)state;
    (void)look(hb_buf_slice(&file));
    assert_int_equal((int)seen.personal.count[HB_CLASS_CARD], 1);
    assert_true(seen.read);
    /* An archive in an archive. */
    inside[0].data = hb_buf_slice(&file);
    outer = zip(inside, 2, NULL);
    (void)look(hb_buf_slice(&outer));
    assert_int_equal((int)seen.personal.count[HB_CLASS_CARD], 1);
    assert_true(seen.read);
    hb_buf_done(&outer);
    hb_buf_done(&file);
}

static void test_unreadable(void **state)
{
    const struct part parts[] = {{"a.txt", HB_SLICE("hello, world\n")}};
    struct hb_buf file = zip(parts, 1, "password"), deep;
    size_t whole;

    (void)state;
    assert_int_equal(look(hb_buf_slice(&file)), 0);
    assert_true(!seen.read && seen.encrypted);
    hb_buf_done(&file);
    /* An old .xls, an encrypted .xlsx, 7z, RAR, a cut zip. */
    (void)look(HB_SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on"));
    assert_true(!seen.read && seen.kind == HB_FILE_OLD_OFFICE);
    (void)look(HB_SLICE("7z\xbc\xaf\x27\x1c\0\4 and so on"));
    assert_true(!seen.read);
    (void)look(HB_SLICE("Rar!\x1a\7\1\0 and so on"));
    assert_true(!seen.read);
    file = zip(parts, 1, NULL);
    whole = file.n;
    for (size_t n = 4; n < whole; n++)
        (void)look(hb_slice(file.p, n));
    (void)look(hb_slice(file.p, 40));
    assert_true(!seen.read);
    /* Deeper than we go. */
    for (unsigned i = 0; i < 4; i++) {
        const struct part in[] = {{"in.zip", hb_buf_slice(&file)}};

        deep = zip(in, 1, NULL);
        hb_buf_done(&file);
        file = deep;
    }
    (void)look(hb_buf_slice(&file));
    assert_false(seen.read);
    hb_buf_done(&file);
    /* What is no text at all is no text. */
    (void)look(HB_SLICE("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"));
    assert_true(seen.read && seen.kind == HB_FILE_OTHER);
}

/* 2 GiB out of 2 MiB: it stops, and says that it did not see all. */
static void test_bomb(void **state)
{
    static char zeros[64 << 20];
    const struct part parts[] = {{"1", hb_slice(zeros, sizeof(zeros))},
                                 {"2", hb_slice(zeros, sizeof(zeros))},
                                 {"3.xml", hb_slice(zeros, sizeof(zeros))},
                                 {"4", hb_slice(zeros, sizeof(zeros))}};
    struct hb_buf file = zip(parts, 4, NULL), outer;
    struct part many[8];

    (void)state;
    for (size_t i = 0; i < 8; i++)
        many[i] = (struct part){"in.zip", hb_buf_slice(&file)};
    outer = zip(many, 8, NULL);
    (void)look(hb_buf_slice(&outer));
    assert_false(seen.read);
    hb_buf_done(&outer);
    hb_buf_done(&file);
}

static ssize_t read_fails(void *arg, void *p, size_t n)
{
    (void)arg;
    (void)p;
    (void)n;
    return -EIO;
}

static void test_broken(void **state)
{
    (void)state;
    assert_int_equal(hb_file_look(read_fails, NULL, &seen), -EIO);
    assert_string_equal(hb_file_kind_name(HB_FILE_ARCHIVE), "archive");
    assert_string_equal(hb_file_kind_name(HB_FILE_KINDS), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),     cmocka_unit_test(test_workbook),
        cmocka_unit_test(test_document), cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_bomb),     cmocka_unit_test(test_broken),
    };

    return hb_tap_run("inspect/file", tests);
}
