/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Papers: the HTML and the text of the same calls, hostile texts in every
 * place, the alignment of Japanese, the policy's hash of the style sheet, and
 * memory that ends.
 */
#include "../tap.h"

#include <openssl/evp.h>

#include "base/fault.h"
#include "base/num.h"
#include "html/doc.h"
#include "html/doc_style.h"
#include "html/width.h"

static int write_report(struct hb_buf *html, struct hb_buf *text)
{
    static const char *const heads[] = {"時刻", "できごと", "誰が"};
    static const char *const one[] = {"09:30:01 JST", "改ざんを検知",
                                      "sense/files"};
    static const char *const two[] = {"09:30:02 JST", "復旧", NULL};
    struct hb_doc d;

    hb_doc_begin(&d, html, text, "ja", "社内第一報");
    hb_doc_heading(&d, 2, "何が起きたか");
    hb_doc_row(&d, "発生日時", "2026-04-01 09:30");
    hb_doc_row(&d, "原因", "調査中");
    hb_doc_row(&d, "対象", "/var/www/index.html");
    hb_doc_row(&d, NULL, "/var/www/a.html");
    hb_doc_para(&d, "一行目\n二行目");
    hb_doc_heading(&d, 3, "時系列");
    hb_doc_table(&d, "できごとの一覧", heads, 3);
    hb_doc_cells(&d, one);
    hb_doc_cells(&d, two);
    hb_doc_item(&d, "一つ目");
    hb_doc_item(&d, "二つ目");
    hb_doc_excerpt(&d, "GET /x\nPOST /y\n");
    return hb_doc_end(&d);
}

static void test_text(void **state)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;

    assert_int_equal(write_report(NULL, &text), 0);
    assert_string_equal(hb_buf_z(&text),
                        "社内第一報\n"
                        "==========\n"
                        "\n"
                        "何が起きたか\n"
                        "------------\n"
                        "\n"
                        "発生日時:  2026-04-01 09:30\n"
                        "原因:      調査中\n"
                        "対象:      /var/www/index.html\n"
                        "           /var/www/a.html\n"
                        "\n"
                        "一行目\n"
                        "二行目\n"
                        "\n"
                        "## 時系列\n"
                        "\n"
                        "できごとの一覧\n"
                        "時刻          できごと      誰が\n"
                        "------------  ------------  -----------\n"
                        "09:30:01 JST  改ざんを検知  sense/files\n"
                        "09:30:02 JST  復旧\n"
                        "\n"
                        "- 一つ目\n"
                        "- 二つ目\n"
                        "\n"
                        "    GET /x\n"
                        "    POST /y\n");
}

static void test_html(void **state)
{
    _cleanup_buf_ struct hb_buf html = HB_BUF_INIT;
    static const char start[] = "<!DOCTYPE html>\n<html lang=\"ja\">\n<head>\n"
                                "<meta charset=\"utf-8\">\n";
    const char *body;

    assert_int_equal(write_report(&html, NULL), 0);
    assert_int_equal(strncmp(html.p, start, sizeof start - 1), 0);
    assert_non_null(strstr(html.p, "<title>社内第一報</title>"));
    body = strstr(html.p, "<body>");
    assert_non_null(body);
    assert_string_equal(
        body, "<body>\n<main>\n<h1>社内第一報</h1>\n<h2>何が起きたか</h2>\n"
              "<dl>\n<div><dt>発生日時</dt><dd><bdi>2026-04-01 09:30</bdi></dd>"
              "</div>\n<div><dt>原因</dt><dd><bdi>調査中</bdi></dd></div>\n"
              "<div><dt>対象</dt><dd><bdi>/var/www/index.html</bdi></dd>"
              "<dd><bdi>/var/www/a.html</bdi></dd></div>\n</dl>\n"
              "<p>一行目<br>\n二行目</p>\n<h3>時系列</h3>\n"
              "<table>\n<caption>できごとの一覧</caption>\n<thead><tr>"
              "<th scope=\"col\">時刻</th><th scope=\"col\">できごと</th>"
              "<th scope=\"col\">誰が</th></tr></thead>\n<tbody>\n"
              "<tr><td><bdi>09:30:01 JST</bdi></td>"
              "<td><bdi>改ざんを検知</bdi></td><td><bdi>sense/files</bdi></td>"
              "</tr>\n<tr><td><bdi>09:30:02 JST</bdi></td>"
              "<td><bdi>復旧</bdi></td><td><bdi></bdi></td></tr>\n"
              "</tbody>\n</table>\n<ul>\n<li><bdi>一つ目</bdi></li>\n"
              "<li><bdi>二つ目</bdi></li>\n</ul>\n"
              "<pre dir=\"ltr\">GET /x\nPOST /y</pre>\n"
              "</main>\n</body>\n</html>\n");
}

/* Both at once are what each alone is. */
static void test_both(void **state)
{
    _cleanup_buf_ struct hb_buf html = HB_BUF_INIT, text = HB_BUF_INIT;
    _cleanup_buf_ struct hb_buf html1 = HB_BUF_INIT, text1 = HB_BUF_INIT;

    assert_int_equal(write_report(&html, &text), 0);
    assert_int_equal(write_report(&html1, NULL), 0);
    assert_int_equal(write_report(NULL, &text1), 0);
    assert_string_equal(html.p, html1.p);
    assert_string_equal(text.p, text1.p);
    assert_int_equal(write_report(NULL, NULL), 0);
}

/* The page's policy names its own style and nothing else. */
static void test_style_hash(void **state)
{
    _cleanup_buf_ struct hb_buf html = HB_BUF_INIT;
    unsigned char digest[EVP_MAX_MD_SIZE], base64[128];
    char want[160];
    unsigned n = 0;

    assert_int_equal(EVP_Digest(HB_DOC_STYLE, sizeof HB_DOC_STYLE - 1, digest,
                                &n, EVP_sha256(), NULL),
                     1);
    (void)EVP_EncodeBlock(base64, digest, (int)n);
    (void)snprintf(want, sizeof want, "sha256-%s", (char *)base64);
    assert_string_equal(want, HB_DOC_STYLE_HASH);
    assert_int_equal(write_report(&html, NULL), 0);
    (void)snprintf(want, sizeof want,
                   "default-src 'none'; base-uri 'none'; form-action 'none'; "
                   "style-src '%s'",
                   HB_DOC_STYLE_HASH);
    assert_non_null(strstr(html.p, want));
    assert_non_null(strstr(html.p, "<style>" HB_DOC_STYLE "</style>"));
    assert_null(strstr(HB_DOC_STYLE, "url("));
    assert_null(strstr(HB_DOC_STYLE, "@import"));
    assert_null(strchr(HB_DOC_STYLE, '<'));
}

/* How often NEEDLE stands in Z. */
static unsigned count(const char *z, const char *needle)
{
    unsigned n = 0;

    while ((z = strstr(z, needle)) != NULL) {
        n++;
        z += strlen(needle);
    }
    return n;
}

static void test_hostile(void **state)
{
    static const char *const names[] = {
        "</title></style><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</td></tr></table><h1>All is well</h1>",
        "a\nCause:  none",
        "x\r\n\r\n<html>",
        "\xe2\x80\xae"
        "fdp.exe",
        "\x1b]0;owned\x07\x1b[2J",
        "\xff\xfe\xc0\xbcscript",
        "&#60;script&#62;",
        "--><!--",
        "{{7*7}}${7*7}<%= 7*7 %>",
        "%s%n%999999d",
        "",
        " ",
    };
    static const char *const heads[] = {"H"};

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        _cleanup_buf_ struct hb_buf html = HB_BUF_INIT, text = HB_BUF_INIT;
        const char *x = names[i];
        struct hb_doc d;

        hb_doc_begin(&d, &html, &text, "en", x);
        hb_doc_heading(&d, 2, x);
        hb_doc_row(&d, x, x);
        hb_doc_item(&d, x);
        hb_doc_table(&d, x, heads, 1);
        hb_doc_cells(&d, &x);
        hb_doc_heading(&d, 3, x);
        assert_int_equal(hb_doc_end(&d), 0);
        assert_true(hb_utf8_valid(html.p, html.n));
        assert_true(hb_utf8_valid(text.p, text.n));
        assert_int_equal(count(html.p, "<h1>"), 1);
        assert_int_equal(count(html.p, "</style>"), 1);
        assert_int_equal(count(html.p, "</title>"), 1);
        assert_int_equal(count(html.p, "<table>"), 1);
        assert_int_equal(count(html.p, "</table>"), 1);
        assert_int_equal(count(html.p, "<script"), 0);
        assert_int_equal(count(html.p, "<img"), 0);
        assert_int_equal(count(html.p, "<!"), 1);
        assert_null(strstr(html.p, "\xe2\x80\xae"));
        assert_null(strstr(text.p, "\xe2\x80\xae"));
        assert_null(strpbrk(html.p, "\x1b\x07\r"));
        assert_null(strpbrk(text.p, "\x1b\x07\r"));
        /* No line of the attacker's making. */
        assert_null(strstr(text.p, "\nCause:"));
    }
}

/* Many wide columns: the widest give way and continue below. */
static void test_wide_table(void **state)
{
    static const char *const heads[] = {"Time", "Path", "説明"};
    static const char *const row[] = {
        "2026-04-01 09:30:01.123 JST",
        "/var/www/html/wp-content/uploads/2026/04/very/long/path/"
        "with/many/parts/shell.php",
        "サイトの改ざんを検知したので、署名した基準の内容に戻しました。"
        "原因はまだ調査中です。"};
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    struct hb_doc d;
    unsigned n = 0;

    hb_doc_begin(&d, NULL, &text, "ja", "T");
    hb_doc_table(&d, "C", heads, 3);
    hb_doc_cells(&d, row);
    assert_int_equal(hb_doc_end(&d), 0);
    for (const char *p = text.p; *p != '\0'; p += strcspn(p, "\n") + 1) {
        size_t len = strcspn(p, "\n");

        assert_true(hb_width(p, len) <= HB_DOC_WIDTH);
        assert_true(len == 0 || p[len - 1] != ' ');
        n++;
    }
    assert_in_range(n, 8, 12);
    assert_non_null(strstr(text.p, "shell.php"));
}

static void test_many_columns(void **state)
{
    static const char *const cells[HB_DOC_COLUMNS] = {
        "longer than eight", "longer than eight", "longer than eight",
        "longer than eight", "longer than eight", "longer than eight",
        "longer than eight", "longer than eight", "longer than eight",
        "longer than eight", "longer than eight", "longer than eight"};
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    struct hb_doc d;

    hb_doc_begin(&d, NULL, &text, "en", "T");
    hb_doc_table(&d, "C", cells, HB_DOC_COLUMNS);
    hb_doc_cells(&d, cells);
    assert_int_equal(hb_doc_end(&d), 0);
    assert_int_equal(count(text.p, "longer"), 2 * HB_DOC_COLUMNS);
}

static void test_long_texts(void **state)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    char z[2001];
    struct hb_doc d;

    memset(z, 'x', 2000);
    z[2000] = '\0';
    hb_doc_begin(&d, NULL, &text, "en", "T");
    hb_doc_para(&d, z);
    hb_doc_para(&d, "one\n\nthree\n");
    hb_doc_item(&d, "An item that is so long that it needs a second line, "
                    "which begins below the first one's text.");
    hb_doc_row(&d, "Key", z);
    assert_int_equal(hb_doc_end(&d), 0);
    for (const char *p = text.p; *p != '\0'; p += strcspn(p, "\n") + 1)
        assert_true(strcspn(p, "\n") <= HB_DOC_WIDTH);
    assert_int_equal(count(text.p, "x"), 2 * 2000 + 1);
    assert_non_null(strstr(text.p, "\none\n\nthree\n\n- An item"));
    assert_non_null(strstr(text.p, "\n  "));
}

static void test_ceiling(void **state)
{
    struct hb_buf small;

    hb_buf_init(&small, 200);
    assert_int_equal(write_report(&small, NULL), -EFBIG);
    hb_buf_done(&small);
    hb_buf_init(&small, 100);
    assert_int_equal(write_report(NULL, &small), -EFBIG);
    hb_buf_done(&small);
}

static void test_no_memory(void **state)
{
    unsigned failed = 0;
    bool done = false;

    for (unsigned n = 1; n < 1000 && !done; n++) {
        struct hb_buf html = HB_BUF_INIT, text = HB_BUF_INIT;
        int rc;

        hb_fault_set(HB_FAULT_ALLOC, n);
        rc = write_report(&html, &text);
        done = hb_fault_pending(HB_FAULT_ALLOC);
        hb_fault_set(HB_FAULT_ALLOC, 0);
        assert_int_equal(rc, done ? 0 : -ENOMEM);
        failed += !done;
        hb_buf_done(&html);
        hb_buf_done(&text);
    }
    assert_true(done);
    assert_true(failed > 5);
}

/* The squares of the page's picture against those of the program qrencode
 * are box/paper.sh's; here its form, and what it does to the page. */
static void test_qr(void **state)
{
    _cleanup_buf_ struct hb_buf html = HB_BUF_INIT, text = HB_BUF_INIT;
    struct hb_doc d;
    char big[4000];
    const char *svg;

    hb_doc_begin(&d, &html, &text, "en", "Paper");
    hb_doc_item(&d, "before");
    hb_doc_qr(&d, "the \"code\"", HB_SLICE("hello"));
    hb_doc_para(&d, "after");
    assert_int_equal(hb_doc_end(&d), 0);
    svg = strstr(hb_buf_z(&html), "</ul>\n<svg ");
    assert_non_null(svg);
    assert_non_null(strstr(svg, "aria-label=\"the &quot;code&quot;\""));
    /* Version 1: 21 squares and four on each side; the finder at the corner. */
    assert_non_null(strstr(svg, "viewBox=\"0 0 29 29\""));
    assert_non_null(strstr(svg, "M4 4h7v1h-7z"));
    assert_non_null(strstr(svg, "</svg>\n<p>after</p>"));
    assert_null(strstr(svg, "style="));
    assert_non_null(strstr(hb_buf_z(&text), "\xe2\x96\x88"));
    /* More than a code can hold. */
    memset(big, 'a', sizeof(big));
    hb_buf_reset(&html);
    hb_doc_begin(&d, &html, NULL, "en", "Paper");
    hb_doc_qr(&d, "x", hb_slice(big, sizeof(big)));
    assert_int_equal(hb_doc_end(&d), -EFBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),         cmocka_unit_test(test_html),
        cmocka_unit_test(test_both),         cmocka_unit_test(test_style_hash),
        cmocka_unit_test(test_hostile),      cmocka_unit_test(test_wide_table),
        cmocka_unit_test(test_many_columns), cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_ceiling),      cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_qr),
    };

    return hb_tap_run("html/doc", tests);
}
