/* SPDX-License-Identifier: Apache-2.0 */
/* Mails as they come to a Japanese office, and as an attacker makes them. */
#include "../tap.h"

#include "base/clock.h"
#include "base/letter.h"
#include "base/mime.h"
#include "base/num.h"

static struct hb_arena *arena;

static struct hb_letter read_n(const char *p, size_t n)
{
    struct hb_letter l = {0};

    if (arena == NULL)
        arena = hb_arena_new(0);
    assert_non_null(arena);
    hb_arena_reset(arena);
    assert_int_equal(hb_letter_read(arena, hb_slice(p, n), &l), 0);
    assert_true(hb_utf8_valid(l.text, strlen(l.text)));
    return l;
}

static struct hb_letter read_z(const char *z)
{
    return read_n(z, strlen(z));
}

static void test_plain(void **state)
{
    struct hb_letter l =
        read_z("From abe@city.example  Mon Nov 30 21:19:40 2026\n"
               "Received: from a\n by b\n"
               "FROM: Abe <abe@city.example>\r\n"
               "Date: Mon, 30 Nov 2026 21:19:40 +0900 (JST)\n"
               "Subject: odd\n mail\n"
               "Message-ID: <1@city.example>\n"
               "\n"
               "Line one\r\nline two\n");

    assert_string_equal(l.from, "Abe <abe@city.example>");
    assert_string_equal(l.subject, "odd mail");
    assert_string_equal(l.message_id, "<1@city.example>");
    assert_string_equal(l.text, "Line one\nline two\n");
    assert_int_equal(l.date, 1796041180ll * (int64_t)HB_S);
    assert_int_equal(l.flags, 0);
    assert_int_equal(l.attachments, 0);
}

/* The same sentence in each character set; and the words of a header. */
static void test_charsets(void **state)
{
    static const char *const mails[] = {
        "From: =?ISO-2022-JP?B?GyRCMEJJdBsoQg==?= <abe@x>\n"
        "Subject: =?iso-2022-jp?B?GyRCMnhMRBsoQg==?=\n"
        "Content-Type: text/plain; charset=ISO-2022-JP\n\n"
        "\033$B2xLD\033(B",
        "From: =?Shift_JIS?B?iMCVlA==?= <abe@x>\n"
        "Subject: =?UTF-8?Q?=E6=80=AA?= =?utf-8?q?=E9=B3=B4?=\n"
        "Content-Type: text/plain; format=flowed; charset=\"Shift_JIS\"\n\n"
        "\x89\xf6\x96\xc2",
        "From: =?UTF-8?B?5a6J6YOo?= <abe@x>\n"
        "Subject: =?EUC-JP?B?svjMxA==?=\n"
        "Content-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: base64\n\n"
        "5oCq\n6bO0\n",
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(mails); i++) {
        struct hb_letter l = read_z(mails[i]);

        assert_string_equal(l.from, "安部 <abe@x>");
        assert_string_equal(l.subject, "怪鳴");
        assert_string_equal(l.text, "怪鳴");
        assert_int_equal(l.flags, 0);
    }
    /* What Windows added to Shift_JIS; and a set that nobody may choose. */
    assert_string_equal(read_z("From: a\nContent-Type: text/plain; "
                               "charset=shift_jis\n\n\x87\x40")
                            .text,
                        "①");
    assert_int_equal(read_z("From: a\nContent-Type: text/plain; "
                            "charset=ISO-2022-CN-EXT\n\nx\x1b$*H\xff")
                         .flags,
                     HB_LETTER_CHARSET);
    assert_int_equal(read_z("From: a\nContent-Type: text/plain; "
                            "charset=\"utf-8//TRANSLIT\"\n\nx")
                         .flags,
                     HB_LETTER_CHARSET);
}

static void test_parts(void **state)
{
    struct hb_letter l =
        read_z("From: a\nContent-Type: multipart/mixed; boundary=\"A B\"\n\n"
               "preamble\n--A B\n"
               "Content-Type: multipart/alternative; boundary=C\n\n"
               "--C\nContent-Type: text/plain\n\nthe text\n"
               "--C\nContent-Type: text/html\n\n<b>the text</b>\n--C--\n"
               "--A B\nContent-Type: application/zip\n"
               "Content-Disposition: attachment; filename=\"a.zip\"\n"
               "Content-Transfer-Encoding: base64\n\nUEsDBA==\n"
               "--A B\nContent-Type: message/rfc822\n\nFrom: b\n\nevil\n"
               "--A B--\nepilogue\n");

    assert_string_equal(l.text, "the text\n");
    assert_int_equal(l.attachments, 2);
    assert_int_equal(l.flags, 0);
}

static void test_html(void **state)
{
    struct hb_letter l =
        read_z("From: a\nContent-Type: text/html; charset=utf-8\n\n"
               "<style>p{}</style><SCRIPT>alert('<p>')</SCRIPT><!-- <p> no -->"
               "<p>one &amp; two</p><div>&#x;&lt;b&gt;&#28779;<br>x<img "
               "src=\"http://e/"
               "\"");

    assert_int_equal(l.flags, HB_LETTER_HTML);
    assert_null(strstr(l.text, "alert"));
    assert_null(strstr(l.text, "http"));
    assert_non_null(strstr(l.text, "one & two"));
    assert_non_null(strstr(l.text, "<b>火\nx"));
}

/* A header cannot say a second line, nor a text end early. */
static void test_controls(void **state)
{
    static const char nul[] = "From: a\nSubject: x\n\nbefore\0after\x1b[31m\n";
    struct hb_letter l = read_n(nul, sizeof(nul) - 1);

    assert_string_equal(l.text, "beforeafter[31m\n");
    l = read_z("From: =?utf-8?Q?a=0D=0AFrom:_boss=00?= <x>\n"
               "Subject: =?utf-8?B?eApCY2M6IHk=?=\n\nt");
    assert_string_equal(l.from, "a From: boss <x>");
    assert_string_equal(l.subject, "x Bcc: y");
}

static void test_broken(void **state)
{
    struct hb_letter l = read_z("no header\xff at all");

    assert_string_equal(l.text, "no header\xef\xbf\xbd at all");
    assert_int_equal(l.flags, HB_LETTER_BROKEN | HB_LETTER_CHARSET);
    assert_int_equal(read_z("").flags, HB_LETTER_BROKEN);
    l = read_z("From: a\nContent-Transfer-Encoding: base64\n\nZm9v*!!");
    assert_string_equal(l.text, "foo");
    assert_int_equal(l.flags, HB_LETTER_BROKEN);
    l = read_z("From: a\nContent-Type: multipart/mixed; boundary=C\n\n"
               "--C\n\nwithout end");
    assert_string_equal(l.text, "without end");
    assert_int_equal(l.flags, HB_LETTER_BROKEN);
    l = read_z("From: =?utf-8?B?5a6J?= =?bad\nDate: soon\n\nx");
    assert_string_equal(l.from, "安 =?bad");
    assert_int_equal(l.date, 0);
}

static void test_bombs(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    uint64_t from = hb_mono();
    struct hb_letter l;

    /* A hundred multiparts in each other. */
    hb_buf_addz(&b, "From: a\n");
    for (int i = 0; i < 100; i++)
        hb_buf_addf(
            &b, "Content-Type: multipart/mixed; boundary=B%d\n\n--B%d\n", i, i);
    l = read_n(b.p, b.n);
    assert_true((l.flags & HB_LETTER_BROKEN) != 0);
    /* Ten thousand parts. */
    hb_buf_reset(&b);
    hb_buf_addz(&b, "From: a\nContent-Type: multipart/mixed; boundary=B\n\n");
    for (int i = 0; i < 10000; i++)
        hb_buf_addz(&b, "--B\nContent-Type: image/png\n\nx\n");
    l = read_n(b.p, b.n);
    assert_true((l.flags & HB_LETTER_CUT) != 0);
    assert_true(l.attachments <= HB_LETTER_PARTS);
    /* Four megabytes of one line, of a subject, and of beginnings of words. */
    hb_buf_reset(&b);
    hb_buf_addz(&b, "From: a\nSubject: ");
    while (b.n < (4u << 20))
        hb_buf_addz(&b, "=?utf-8?B?=?");
    hb_buf_addz(&b, "\n\n");
    while (b.n < (8u << 20))
        hb_buf_addz(&b, "<&火");
    l = read_n(b.p, b.n);
    assert_true(strlen(l.subject) <= HB_LETTER_FIELD);
    assert_true(strlen(l.text) <= HB_LETTER_TEXT);
    assert_true((l.flags & HB_LETTER_CUT) != 0);
    assert_true(hb_mono() - from < 20 * HB_S);
}

static void test_date(void **state)
{
    static const struct {
        const char *text;
        int64_t s;
    } good[] = {{"Mon, 30 Nov 2026 21:19:40 +0900", 1796041180},
                {"30 Nov 2026 12:19:40 GMT", 1796041180},
                {"30 Nov 2026 12:19 -0000", 1796041140},
                {"Thu,  1 Jan 1970 00:00:00 +0000", 0}};
    static const char *const bad[] = {"",
                                      "x",
                                      "30 Foo 2026 12:19:40 +0000",
                                      "30 Nov",
                                      "30 Nov 2026",
                                      "30 Nov 2026 12",
                                      "31 Feb 2026 12:00:00 +0000",
                                      "30 Nov 2026 99:00:00 +0000",
                                      ",",
                                      ",,,,",
                                      "30 Nov 2026 12:19:4x:"};
    int64_t ns;

    for (size_t i = 0; i < HB_ARRAY_LEN(good); i++) {
        assert_int_equal(hb_letter_date(hb_slice_z(good[i].text), &ns), 0);
        assert_int_equal(ns, good[i].s * (int64_t)HB_S);
    }
    for (size_t i = 0; i + 1 < HB_ARRAY_LEN(bad); i++)
        if (hb_letter_date(hb_slice_z(bad[i]), &ns) == 0)
            fail_msg("%s is a date", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),    cmocka_unit_test(test_charsets),
        cmocka_unit_test(test_parts),    cmocka_unit_test(test_html),
        cmocka_unit_test(test_controls), cmocka_unit_test(test_broken),
        cmocka_unit_test(test_bombs),    cmocka_unit_test(test_date),
    };
    int r = hb_tap_run("base/letter", tests);

    hb_arena_free(arena);
    return r;
}
