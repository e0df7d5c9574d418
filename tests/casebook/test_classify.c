/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The classifier on labelled reports (reports/NAME.tsv: case, language,
 * source, text).  own.tsv is by who wrote the classifier, blind.tsv by
 * somebody who had not seen it; each is counted apart and printed.  A report
 * counts as right where its case is proposed, or a person is asked and it is
 * among the first three.  A wrong case must never be proposed.
 */
#include <dirent.h>

#include "folder.h"
#include "casebook/classify.h"

#define CASES     16u
#define RIGHT_MIN 95u /* per cent */

struct count {
    unsigned all, right, asked, wrong;
    unsigned of[HB_CASE_MAX];
};

static void where(char path[512], const char *name)
{
    const char *root = getenv("HB_SOURCE_ROOT");

    (void)snprintf(path, 512, "%s/%s", root != NULL ? root : ".", name);
}

static struct hb_casebook *load(const char *dir)
{
    struct hb_casebook *b = NULL;
    struct hb_err err = {0};
    char text[1024];

    if (hb_casebook_load(dir, &b, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        fail_msg("%s", text);
    }
    return b;
}

static struct hb_casebook *shipped(void)
{
    char path[512];

    where(path, "casebook");
    return load(path);
}

static void count_one(const struct hb_casebook *b, unsigned number,
                      struct hb_slice text, struct count *n)
{
    static struct hb_classified c;
    size_t at = 0;

    assert_int_equal(hb_classify(b, text, &c), 0);
    while (at < c.n && c.list[at].c->number != number)
        at++;
    n->all++;
    n->of[number]++;
    if (c.verdict == HB_VERDICT_ASK) {
        n->asked++;
        n->right += at < HB_MIN(c.n, HB_CLASSIFY_SHOWN);
    } else {
        n->right += at == 0;
        n->wrong += at != 0;
    }
    if (c.verdict == HB_VERDICT_PROPOSED ? at != 0 : at >= HB_CLASSIFY_SHOWN)
        print_message("# case %u, %s: %.*s\n", number,
                      c.verdict == HB_VERDICT_ASK ? "not among the first"
                                                  : "another was proposed",
                      (int)text.n, text.p);
}

/* Lines of "case TAB language TAB source TAB text". */
static void count_file(const struct hb_casebook *b, struct hb_slice text,
                       struct count *n)
{
    for (size_t at = 0; at < text.n;) {
        const char *p = text.p + at, *q = p;
        const char *nl = memchr(p, '\n', text.n - at);
        size_t len = nl != NULL ? (size_t)(nl - p) : text.n - at;
        uint64_t number = 0;

        at += len + 1;
        if (len == 0 || *p < '0' || *p > '9')
            continue; /* a heading */
        for (unsigned i = 0; i < 3; i++) {
            q = memchr(q, '\t', (size_t)(p + len - q));
            assert_non_null(q);
            if (i == 0)
                assert_int_equal(
                    hb_parse_u64(hb_slice(p, (size_t)(q - p)), &number), 0);
            q++;
        }
        assert_true(number >= 1 && number <= CASES && q < p + len);
        count_one(b, (unsigned)number, hb_slice(q, (size_t)(p + len - q)), n);
    }
}

/* False where there is no such file. */
static bool count_half(const struct hb_casebook *b, const char *name,
                       struct count *n)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text = {0};
    char path[512];

    assert_non_null(a);
    where(path, "tests/casebook/reports/");
    (void)snprintf(path + strlen(path), sizeof(path) - strlen(path), "%s",
                   name);
    memset(n, 0, sizeof(*n));
    if (hb_file_read(a, path, 1u << 20, &text) == -ENOENT)
        return false;
    assert_non_null(text.p);
    count_file(b, text, n);
    print_message("# %s: %u reports, right %u (%u %%), asked %u, wrongly "
                  "proposed %u\n",
                  name, n->all, n->right, n->right * 100 / n->all, n->asked,
                  n->wrong);
    return true;
}

static void good_enough(const struct count *n)
{
    assert_int_equal(n->wrong, 0);
    assert_true(n->right * 100 >= n->all * RIGHT_MIN);
    for (unsigned i = 1; i <= CASES; i++)
        assert_true(n->of[i] >= 10);
}

static void test_own(void **state)
{
    struct hb_casebook *b = shipped();
    struct count n;

    (void)state;
    assert_true(count_half(b, "own.tsv", &n));
    good_enough(&n);
    /* Asking about everything would be right, and no help. */
    assert_true(n.asked * 4 <= n.all);
    hb_casebook_free(b);
}

static void test_blind(void **state)
{
    struct hb_casebook *b = shipped();
    struct count n;
    bool there = count_half(b, "blind.tsv", &n);

    (void)state;
    if (there)
        good_enough(&n);
    hb_casebook_free(b);
    if (!there)
        hb_tap_skip("no blind.tsv");
}

/* What is no report of a case, or says too little, is asked. */
static void test_unsure(void **state)
{
    static const char *const texts[] = {
        "プリンターの紙が詰まりました。",
        "パスワードを忘れました。再発行をお願いします。",
        "パソコンが遅いので買い替えたいです。",
        "LINE公式アカウントを新しく開設したいです。",
        "フリーソフトを使いたいので許可をください。",
        "古いPCの処分方法を教えてください。",
        "退職する山田さんの送別会の案内です。",
        "お客様アンケートの集計を手伝ってもらえますか。",
        "銀行の口座を開設するための書類について。",
        "振込手数料はどちらの負担ですか。",
        "クラウドの容量が足りなくなりそうです。",
        "VPNの接続方法を教えてください。",
        "停電でサーバーが止まりましたが、復旧しました。",
        "セキュリティの事故かもしれません。",
        "ウイルスかも",
        "何かおかしいです。",
        "ありがとうございました。解決しました。",
        "会社のインスタの投稿文をチェックしてもらえますか。",
        "退職者のパソコンの返却手続きを教えてください。",
        "USBメモリを廃棄したいので手順を教えてください。",
        "受注システムの定期メンテナンスのお知らせです。日曜は停止します。",
        "脆弱性診断の見積書をいただけますか。",
        "アンケートフォームの項目を追加してください。",
        "メールの自動転送の設定方法を教えてください。",
        "マクロの作り方を教えてください。",
        "How do I return my leased laptop?",
        "The order system will be down for maintenance on Sunday.",
        "Where can I download the official printer driver?",
        "My colleague left the company, please close her account.",
        "Who can patch the test server next week?",
        "The printer on the third floor is out of toner.",
        "How do I change my mail signature?",
        "Can I install Notepad++ on my computer?",
        "Could you order two USB sticks for our team?",
        "I think we have a security incident.",
        "1234567890",
        "",
    };
    static struct hb_classified c;
    struct hb_casebook *b = shipped();

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(texts); i++) {
        assert_int_equal(hb_classify(b, hb_slice_z(texts[i]), &c), 0);
        if (c.verdict != HB_VERDICT_ASK)
            fail_msg("case %u was proposed for: %s", c.list[0].c->number,
                     texts[i]);
    }
    hb_casebook_free(b);
}

/* Every case can be asked for, and a proposal says why. */
static void test_reasons(void **state)
{
    static struct hb_classified c;
    struct hb_casebook *b = shipped();

    (void)state;
    for (size_t i = 0; i < b->n; i++)
        assert_non_null(hb_case_ask(&b->cases[i]));
    assert_non_null(hb_ordinary_ask(b));
    assert_int_equal(
        hb_classify(b,
                    HB_SLICE("取引先から振込先の口座が変わったという"
                             "メールが来て、送金してしまいました。"),
                    &c),
        0);
    assert_int_equal(c.verdict, HB_VERDICT_PROPOSED);
    assert_int_equal(c.list[0].c->number, 16);
    assert_true(c.list[0].reasons_n > 0);
    assert_non_null(c.list[0].reasons[0].words[0]);
    for (size_t i = 1; i < c.n; i++)
        assert_true(c.list[i - 1].points >= c.list[i].points);
    hb_casebook_free(b);
}

/* What was not read to its end is not proposed; any bytes will do. */
static void test_long(void **state)
{
    static const char sure[] = "取引先から振込先の口座が変わったという"
                               "メールが来て、送金してしまいました。";
    static struct hb_classified c;
    struct hb_casebook *b = shipped();
    size_t n = HB_CLASSIFY_TEXT + 1;
    char *text = malloc(n);

    (void)state;
    assert_non_null(text);
    memset(text, '\xe3', n);
    memcpy(text, sure, sizeof(sure) - 1);
    assert_int_equal(hb_classify(b, hb_slice(text, n - 1), &c), 0);
    assert_false(c.cut);
    assert_int_equal(c.verdict, HB_VERDICT_PROPOSED);
    assert_int_equal(hb_classify(b, hb_slice(text, n), &c), 0);
    assert_true(c.cut);
    assert_int_equal(c.verdict, HB_VERDICT_ASK);
    assert_int_equal(c.list[0].c->number, 16);
    free(text);
    hb_casebook_free(b);
}

/* ---- a seventeenth case is data only ---- */

/* FROM of the source tree as NAME of the folder. */
static void link_in(const struct folder *f, const char *from, const char *name)
{
    char to[256], path[512];

    where(path, from);
    (void)snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s",
                   name);
    (void)snprintf(to, sizeof(to), "%s/%s", f->path, name);
    assert_int_equal(symlink(path, to), 0);
}

/* All that the shipped book holds. */
static void link_book(const struct folder *f)
{
    char path[512];
    struct dirent *e;
    DIR *d;

    where(path, "casebook");
    d = opendir(path);
    assert_non_null(d);
    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] != '.')
            link_in(f, "casebook", e->d_name);
    }
    (void)closedir(d);
}

static void test_seventeenth(void **state)
{
    static struct hb_classified c;
    static const char *const reports[] = {
        "ヘルプデスクを名乗る人から電話が来て、パスワードを聞かれ、答えて"
        "しまいました。",
        "Somebody called, said he was support and asked for my password.",
    };
    struct hb_casebook *b = shipped();
    struct folder f = {"/tmp/hb-casebook-XXXXXX"};
    struct count n;

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(reports); i++) {
        assert_int_equal(hb_classify(b, hb_slice_z(reports[i]), &c), 0);
        assert_int_equal(c.verdict, HB_VERDICT_ASK);
    }
    assert_non_null(mkdtemp(f.path));
    hb_casebook_free(b);
    link_book(&f);
    link_in(&f, "tests/casebook/seventeenth", "17-phone-pretext");
    b = folder_load(&f);
    assert_int_equal(b->n, 17);
    for (size_t i = 0; i < HB_ARRAY_LEN(reports); i++) {
        assert_int_equal(hb_classify(b, hb_slice_z(reports[i]), &c), 0);
        assert_int_equal(c.verdict, HB_VERDICT_PROPOSED);
        assert_int_equal(c.list[0].c->number, 17);
    }
    /* And it takes nothing away from the sixteen. */
    assert_true(count_half(b, "own.tsv", &n));
    good_enough(&n);
    hb_casebook_free(b);
    folder_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own),    cmocka_unit_test(test_blind),
        cmocka_unit_test(test_unsure), cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_long),   cmocka_unit_test(test_seventeenth)};

    return hb_tap_run("casebook/classify", tests);
}
