/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_csv.c - tables as spreadsheet programs of the field save them, and
 * what is no table.
 */
#include "base/csv.h"

#include "tap.h"

/* "line:a|b;line:c|d;" */
static int one(void *arg, const struct hb_csv_row *row)
{
    struct hb_buf *b = arg;

    hb_buf_addf(b, "%u:", row->line);
    for (size_t i = 0; i < row->n; i++) {
        assert_int_equal(row->field[i].p[row->field[i].n], '\0');
        hb_buf_addf(b, "%s%s", i > 0 ? "|" : "", row->field[i].p);
    }
    hb_buf_addz(b, ";");
    return 0;
}

static int read_text(const char *text, size_t n, struct hb_buf *b,
                     struct hb_err *err)
{
    struct hb_arena *a = hb_arena_new(0);
    int r;

    hb_buf_reset(b);
    r = hb_csv_each(a, (struct hb_slice){text, n}, one, b, err);
    hb_arena_free(a);
    return r;
}

static void test_tables(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", ""},
        {"\n\r\n\n", ""},
        {"a,b\nc,d\n", "1:a|b;2:c|d;"},
        {"a,b\r\nc,d", "1:a|b;2:c|d;"},
        {"a,b\rc,d\r", "1:a|b;2:c|d;"},
        {"\xef\xbb\xbf氏名,メール\n山田 花子,h@example.jp\n",
         "1:氏名|メール;2:山田 花子|h@example.jp;"},
        {"a\tb,c\n", "1:a\tb|c;"},
        {"a\tb\nc\td\n", "1:a|b;2:c|d;"},
        {"\"a,1\",\"say \"\"hi\"\"\"\nb,\n", "1:a,1|say \"hi\";2:b|;"},
        {"\"two\nlines\",x\ny,z\n", "1:two\nlines|x;3:y|z;"},
        {"\"\",\"\"", "1:|;"},
        {",\n", "1:|;"},
        {"a,\"b\"", "1:a|b;"},
        {"a \"b\",c\n", "1:a \"b\"|c;"},
    };
    struct hb_buf b = HB_BUF_INIT;
    struct hb_err err = {0};

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        assert_int_equal(
            read_text(rows[i].text, strlen(rows[i].text), &b, &err), 0);
        assert_string_equal(hb_buf_z(&b), rows[i].want);
    }
    hb_buf_done(&b);
}

static void test_no_table(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
    } rows[] = {
        {"a,b\n\"open,c\nd", 2},
        {"\"a\"b,c\n", 1},
        {"a\n\"b\nc\"d\n", 3},
        {"a\n,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n", 2},
    };
    struct hb_buf b = HB_BUF_INIT;

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct hb_err err = {0};

        assert_int_equal(
            read_text(rows[i].text, strlen(rows[i].text), &b, &err), -EBADMSG);
        assert_int_equal(err.line, rows[i].line);
    }
    assert_int_equal(read_text("a\0b", 3, &b, NULL), -EBADMSG);
    hb_buf_done(&b);
}

static int stop(void *arg, const struct hb_csv_row *row)
{
    return ++*(int *)arg == 2 ? 7 : 0;
}

static void test_stops(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    int n = 0;

    assert_int_equal(hb_csv_each(a, HB_SLICE("a\nb\nc\n"), stop, &n, NULL), 7);
    assert_int_equal(n, 2);
    hb_arena_free(a);
}

/* What a spreadsheet would run, it shows. */
static void test_writing(void **state)
{
    struct hb_buf b = HB_BUF_INIT;

    hb_csv_add(&b, "a", false);
    hb_csv_add(&b, "b \"x\", y", true);
    hb_csv_add(&b, "=cmd|' /C calc'!A0", true);
    hb_csv_add(&b, "", true);
    assert_string_equal(hb_buf_z(&b), "a,\"b \"\"x\"\", y\",\"'=cmd|' /C "
                                      "calc'!A0\",");
    hb_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_no_table),
        cmocka_unit_test(test_stops),
        cmocka_unit_test(test_writing),
    };
    return hb_tap_run("base/csv", tests);
}
