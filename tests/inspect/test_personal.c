/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What counts as personal data, and what only looks as if: the rows of the
 * labelling guide (bench/pii/README.md), in words of our own.  Hostile input
 * ends.
 */
#include "../tap.h"

#include <time.h>

#include "base/buf.h"
#include "inspect/inspect.h"
#include "inspect/number.h"

struct got {
    enum hb_class only;
    struct hb_buf values;
};

static void keep(void *arg, enum hb_class c, struct hb_slice value,
                 uint64_t offset)
{
    struct got *g = arg;

    if (c != g->only)
        return;
    if (g->values.n > 0)
        hb_buf_addc(&g->values, ' ');
    hb_buf_add(&g->values, value.p, value.n);
}

/* The text in pieces of STEP bytes. */
static struct hb_personal_report run(const char *text, size_t n, size_t step,
                                     struct got *g)
{
    struct hb_personal_report r;
    struct hb_inspect *in;
    enum hb_encoding e;

    assert_int_equal(hb_inspect_new(g != NULL ? keep : NULL, g, &in), 0);
    for (size_t at = 0; at < n; at += step)
        assert_int_equal(
            hb_inspect_add(in, hb_slice(text + at, HB_MIN(step, n - at))), 0);
    assert_int_equal(hb_inspect_end(in, &e, &r), 0);
    hb_inspect_free(in);
    return r;
}

/* The values of class C in TEXT are WANT, one blank between them. */
static void finds(enum hb_class c, const char *text, const char *want)
{
    static const size_t steps[] = {1u << 20, 1, 7};

    for (size_t i = 0; i < HB_ARRAY_LEN(steps); i++) {
        struct got g = {.only = c, .values = HB_BUF_INIT};

        (void)run(text, strlen(text), steps[i], &g);
        if (!hb_streq(hb_buf_z(&g.values), want))
            fail_msg("%s: \"%s\" instead of \"%s\"", text, hb_buf_z(&g.values),
                     want);
        hb_buf_done(&g.values);
    }
}

static void test_my_number(void **state)
{
    const enum hb_class c = HB_CLASS_MY_NUMBER;

    finds(c, "個人番号：2123 4567 8904", "");
    finds(c, "個人番号：0234-5678-9013", "023456789013");
    finds(c, "マイナンバー ０２３４５６７８９０１３", "023456789013");
    finds(c, "My Number: 023456789013", "023456789013");
    finds(c, "個人番号を記入\n\n番号 0234 5678 9013", "023456789013");
    finds(c, "氏名,個人番号\n山田太郎,023456789013\n", "023456789013");
    finds(c, "{\"my_number\": \"023456789013\"}", "023456789013");
    finds(c, "個人番号 0 2 3 4 5 6 7 8 9 0 1 3", "023456789013");
    finds(c, "番号(マイナンバー),備考\n023456789013,\n", "023456789013");
    finds(c, "| 項目 | 内容 |\n|---|---|\n| 個人番号 | 023456789013 |\n",
          "023456789013");
    /* Without the word, of another kind, wrong, too long, the specimen. */
    finds(c, "管理 023456789013", "");
    finds(c, "マイナンバー\n注文番号 023456789013", "");
    finds(c, "受付番号,氏名\n023456789013,山田太郎\n", "");
    finds(c, "個人番号：023456789014", "");
    finds(c, "個人番号：0234567890130", "");
    finds(c, "個人番号：123456789018", "");
    finds(c, "個人番号又は法人番号：7023456789013", "");
}

static void test_card(void **state)
{
    const enum hb_class c = HB_CLASS_CARD;

    finds(c, "カード 4929-0000-0000-0006-", "");
    finds(c, "4539578763621486", "4539578763621486");
    finds(c, "支払: 4539 5787 6362 1486 (一括)", "4539578763621486");
    finds(c, "４５３９－５７８７－６３６２－１４８６", "4539578763621486");
    finds(c, "3434 343434 34343", "343434343434343");
    finds(c, "4539578763621487", "");
    finds(c, "4242 4242 4242 4242", "");
    finds(c, "4539 **** **** 1486", "");
    finds(c, "14539578763621486", "");
    finds(c, "x4539578763621486", "");
}

static void test_account(void **state)
{
    const enum hb_class c = HB_CLASS_ACCOUNT;

    finds(c, "あおば銀行 本町支店 普通 1234567", "1234567");
    finds(c, "振込先\nあおば信用金庫\n本町支店\n1234567", "1234567");
    finds(c, "銀行,支店,種別,口座番号\nあおば,本町,1,1234567\n", "1234567");
    finds(c, "ゆうちょ銀行 記号 10120 番号 12345671", "1012012345671");
    finds(c, "記号：10120\n番号：12345671\n", "1012012345671");
    finds(c, "ゆうちょ 10120-12345671", "1012012345671");
    finds(c, "あおば銀行 本町支店", "");
    finds(c, "会員 1234567", "");
    finds(c, "あおば銀行 本町支店 お客様番号 1234567", "");
    finds(c, "あおば銀行の本店で1234567円", "");
}

static void test_phone(void **state)
{
    const enum hb_class c = HB_CLASS_PHONE;

    finds(c, "電話 03-3234-5678", "0332345678");
    finds(c, "(03)3234-5678", "0332345678");
    finds(c, "０４５（９０７）３２１７", "0459073217");
    finds(c, "06ー8731ー8535", "0687318535");
    finds(c, "+81-90-1234-5678", "09012345678");
    finds(c, "+81 (0)3 3234 5678", "0332345678");
    finds(c, "TEL09012345678", "09012345678");
    finds(c, "携帯電話,氏名\n09012345678,山田太郎\n", "09012345678");
    finds(c, "TEL 03-3234-5678 FAX 03-3234-5679", "0332345678 0332345679");
    finds(c, "09012345678", "");
    finds(c, "2026-04-01 030-251-27452 0120-123-456 0570-012-345", "");
    finds(c, "品番 045-862-5871", "");
    finds(c, "v03.12.5 12:03:45 110 119 188", "");
}

static void test_mail(void **state)
{
    const enum hb_class c = HB_CLASS_MAIL;

    finds(c, "Taro.Yamada@Example.ne.jp", "taro.yamada@example.ne.jp");
    finds(c, "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "taro@example.jp");
    finds(c, "<a href=\"mailto:taro@example.jp\">書く</a>", "taro@example.jp");
    finds(c, "山田 <taro@example.jp>, jiro@example.jp。",
          "taro@example.jp jiro@example.jp");
    finds(c, "git@github.example:a/b.git user@host icon@2x.png @memo.key", "");
    finds(c, "https://user:secret@example.jp/ info@example.jp", "");
    finds(c, "Message-ID: <1a2b@example.jp>", "");
}

static void test_address(void **state)
{
    const enum hb_class c = HB_CLASS_ADDRESS;

    finds(c, "〒100-0001 東京都千代田区千代田1-1", "東京都千代田区千代田1-1");
    finds(c, "つくば市天王台一丁目2番3号", "つくば市天王台一丁目2番3号");
    finds(c, "札幌市中央区北1条西2丁目3", "札幌市中央区北1条西2丁目3");
    finds(c, "茨城県,ひたちなか市,東石川2−10−1\n",
          "茨城県ひたちなか市東石川2-10-1");
    finds(c, "住所：長野県木曽郡木曽町福島1234", "長野県木曽郡木曽町福島1234");
    finds(c, "店名,住所\n中村酒店,東京都千代田区千代田1-1\n",
          "東京都千代田区千代田1-1");
    finds(c, "東京都、横浜市、呉市", "");
    finds(c, "呉市 9-3 世田谷区、横浜市港北区 2-3 松本市", "");
    finds(c, "市町村,人口\n大野市,59014\n", "");
    finds(c, "市道12号線で3月、市民10人が、町内会から2件", "");
}

static void test_person(void **state)
{
    const enum hb_class c = HB_CLASS_PERSON;

    finds(c, "氏名：山田太郎（ヤマダタロウ）", "山田太郎");
    finds(c, "担当は髙橋　真由美です。", "髙橋真由美");
    finds(c, "氏名　ジョン・スミス", "ジョンスミス");
    finds(c, "FN:Keiko YOSHIDA\n", "KeikoYOSHIDA");
    finds(c, "姓,名\n山田,太郎\n", "山田太郎");
    finds(c, "{\"name\": \"\\u5c71\\u7530\\u592a\\u90ce\"}", "山田太郎");
    finds(c, "<tr><th>氏名</th></tr>\n<tr>\n<td>山田太郎</td>\n</tr>",
          "山田太郎");
    finds(c, "<member><name>山田太郎</name></member>", "山田太郎");
    finds(c, "{\"lastName\": \"山田\",\n \"firstName\": \"太郎\"}", "山田太郎");
    finds(c, "INSERT INTO t VALUES (1, '山田太郎', 'x');", "山田太郎");
    finds(c, "氏名,氏名(カナ)\n山田太郎,ヤマダ タロウ\n", "山田太郎");
    finds(c, "氏名,生年,没年\n徳川家康,1543,1616\n", "");
    finds(c, "東京都、北海道、江戸時代、日本海", "");
    finds(c, "山田様、お世話になっております。", "");
    finds(c, "店名,区分\n山田薬局,正会員\n", "");
    finds(c, "駅名,発車\n大森,10:00\n", "");
}

/* ROWS rows of FORMAT with the number of the row and one letter of names. */
static struct hb_personal_report rows(const char *head, const char *format,
                                      unsigned n)
{
    static const char *const given[] = {"太郎", "花子", "健一", "美咲",
                                        "直樹", "陽子", "大輔", "和子",
                                        "翔太", "裕子", "隆之", "千代"};
    struct hb_buf b = HB_BUF_INIT;
    struct hb_personal_report r;

    hb_buf_addz(&b, head);
    for (unsigned i = 0; i < n; i++) {
        const char *at = strstr(format, "@");

        hb_buf_addf(&b, "%.*s%s%s%u\n", (int)(at - format), format,
                    given[i % HB_ARRAY_LEN(given)], at + 1, 1000 + i);
    }
    r = run(b.p, b.n, 4096, NULL);
    hb_buf_done(&b);
    return r;
}

static void test_list(void **state)
{
    struct hb_personal_report r = rows("氏名,電話\n", "山田@,090-1234-", 12);

    assert_true(r.list);
    assert_int_equal(r.persons, 12);
    assert_int_equal(r.count[HB_CLASS_PHONE], 12);
    assert_false(rows("氏名,電話\n", "山田@,090-1234-", 9).list);
    r = rows("氏名,電話\n", "山田@,090-1234-", 120);
    assert_int_equal(r.persons, 120);
    assert_true(rows("名簿\n\n", "山田@　営業部　", 12).list);
    assert_true(rows("", "氏名：山田@\n電話：090-1234-", 12).list);
    assert_true(rows("3年2組 名簿\n\n", "・山田@ ", 12).list);
    /* Speech, shops. */
    assert_false(rows("", "山田@「そうだね」と", 12).list);
    assert_false(rows("店名,電話\n", "山田@商店,090-1234-", 12).list);
}

static bool is_list(const char *text)
{
    return run(text, strlen(text), 4096, NULL).list;
}

/* Words of office life below what happens to be a label; places. */
static void test_words_are_no_list(void **state)
{
    assert_false(is_list("利用者\n採用案内\n投稿内容\n相談内容\n診療情報\n"
                         "職員名鑑\n海外口座\n入手方法\n上場企業\n未承認分\n"
                         "検索広告\n署名無効\n取得方法\n外部媒体\n"));
    assert_false(is_list("id,name,price\n1,集会用照明,1\n2,防災倉庫,1\n"
                         "3,空調機器,1\n4,給水設備,1\n5,発電装置,1\n"
                         "6,除雪車両,1\n7,塗装材料,1\n8,配線部品,1\n"
                         "9,点検用具,1\n10,作業手袋,1\n11,安全帽子,1\n"));
    assert_false(
        is_list("1,信濃町,10\n2,岩本町,20\n3,西八王子,30\n4,白馬岳,40\n"
                "5,新小岩,50\n6,大手町,60\n7,小川町,70\n8,龍王岳,80\n"
                "9,茅場町,90\n10,浜松町,99\n11,塩見岳,98\n"));
}

static void test_few_in_many_rows(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    static const char *const who[] = {"山田太郎", "鈴木花子", "佐藤健一"};

    hb_buf_addz(&b, "日付,担当者,作業\n");
    for (unsigned i = 0; i < 40; i++)
        hb_buf_addf(&b, "2026-04-%02u,%s,点検%u\n", i % 28 + 1, who[i % 3], i);
    assert_false(run(b.p, b.n, 4096, NULL).list);
    hb_buf_done(&b);
}

/* Individual Numbers without heading count in a list of persons alone. */
static void test_column_without_heading(void **state)
{
    struct hb_buf b = HB_BUF_INIT;

    for (unsigned i = 0, v = 0; i < 12; v++) {
        char z[16];

        (void)snprintf(z, sizeof z, "77%010u", v * 7919u);
        if (!hb_my_number_ok(z, 12))
            continue;
        hb_buf_addf(&b, "山田太郎%s,%s\n", "", z);
        i++;
    }
    assert_int_equal(run(b.p, b.n, 4096, NULL).count[HB_CLASS_MY_NUMBER], 12);
    hb_buf_reset(&b);
    hb_buf_addz(&b, "マイナンバーカード 受付一覧\n");
    for (unsigned i = 0; i < 200; i++)
        hb_buf_addf(&b, "77%010u 交付済\n", i * 7919u);
    assert_int_equal(run(b.p, b.n, 4096, NULL).count[HB_CLASS_MY_NUMBER], 0);
    hb_buf_reset(&b);
    for (unsigned i = 0; i < 200; i++)
        hb_buf_addf(&b, "山田太郎,77%010u\n", i * 7919u);
    assert_int_equal(run(b.p, b.n, 4096, NULL).count[HB_CLASS_MY_NUMBER], 0);
    hb_buf_done(&b);
}

/* 4 MiB of one word again and again: linear time, whatever it is. */
static void test_hostile(void **state)
{
    static const char *const words[] = {
        "1",          "@",        ",",      "山",       "市",     "\"",
        "<",          "<tr>",     "\\u",    "&#",       "a@",     "1-",
        "市1",        "氏名:",    "ー",     "(",        "1 ",     ",\"",
        "|",          "\xff",     "\t",     "個人番号", "\u3000", "会長 ",
        "0312345678", "山田太郎", "\x1b$B", "a:",
    };
    size_t n = 4u << 20;
    char *p = malloc(n);

    assert_non_null(p);
    for (size_t i = 0; i < HB_ARRAY_LEN(words); i++) {
        size_t m = strlen(words[i]);
        clock_t begin = clock();

        for (size_t k = 0; k < n; k++)
            p[k] = words[i][k % m];
        (void)run(p, n, 65536, NULL);
        if (clock() - begin > 20 * CLOCKS_PER_SEC)
            fail_msg("%s takes too long", words[i]);
    }
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_my_number),
        cmocka_unit_test(test_card),
        cmocka_unit_test(test_account),
        cmocka_unit_test(test_phone),
        cmocka_unit_test(test_mail),
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_person),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_words_are_no_list),
        cmocka_unit_test(test_few_in_many_rows),
        cmocka_unit_test(test_column_without_heading),
        cmocka_unit_test(test_hostile),
    };

    return hb_tap_run("inspect/personal", tests);
}
