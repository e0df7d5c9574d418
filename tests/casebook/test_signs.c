/* SPDX-License-Identifier: Apache-2.0 */
/* words.yaml and signs.yaml: what is refused, where; and how signs count. */
#include "folder.h"
#include "casebook/classify.h"

#define WORDS                                                                  \
    "words:\n"                                                                 \
    "  mail: [メール, mail*]\n"                                             \
    "  money: [振込, 送金, pay, form]\n"
#define ASK "ask: {en: Is it a thing?, ja: 事柄ですか。}\n"
#define WHY "  - why: {en: seen, ja: 見えた}\n    weight: "
#define EXAMPLES                                                               \
    "examples:\n"                                                              \
    "  - メールで振込を頼まれた\n"                                  \
    "  - they ask to pay by mail\n"

#define PUT(text) folder_put(&f, "02-thing/signs.yaml", text)

static void classify(struct hb_casebook *b, const char *text,
                     struct hb_classified *ret)
{
    assert_int_equal(hb_classify(b, hb_slice_z(text), ret), 0);
}

static void test_refused(void **state)
{
    struct folder f;

    (void)state;
    folder_open(&f);
    folder_put(&f, "words.yaml", "words: [a]\n");
    folder_refused(&f, "each with a name", "words.yaml", 1);
    folder_put(&f, "words.yaml", "words:\n  a: []\n");
    folder_refused(&f, "not empty", "words.yaml", 2);
    folder_put(&f, "words.yaml", "words:\n  a: ['--']\n");
    folder_refused(&f, "this is no word", "words.yaml", 2);
    folder_put(&f, "words.yaml", "words:\n  a: [サーバ, x, サーバー]\n");
    folder_refused(&f, "stands twice", "words.yaml", 2);
    folder_put(&f, "words.yaml", WORDS "more: x\n");
    folder_refused(&f, "unknown key \"more\"", "words.yaml", 4);
    folder_put(&f, "words.yaml", WORDS);

    PUT("signs:\n" WHY "3\n    any: [a]\n" EXAMPLES);
    folder_refused(&f, "\"ask\" is missing", "signs.yaml", 0);
    PUT(ASK "signs:\n" WHY "3\n    any: [a]\n");
    folder_refused(&f, "\"examples\" is missing", "signs.yaml", 0);
    PUT(ASK "signs:\n" WHY "0\n    any: [a]\n" EXAMPLES);
    folder_refused(&f, "from -10 to 10", "signs.yaml", 4);
    PUT(ASK "signs:\n" WHY "11\n    any: [a]\n" EXAMPLES);
    folder_refused(&f, "from -10 to 10", "signs.yaml", 4);
    PUT(ASK "signs:\n" WHY "3\n" EXAMPLES);
    folder_refused(&f, "a sign needs words", "signs.yaml", 3);
    PUT(ASK "signs:\n" WHY "3\n    all: [[a], [b], [c], [d], [e]]\n" EXAMPLES);
    folder_refused(&f, "at most 4 groups", "signs.yaml", 5);
    PUT(ASK "signs:\n" WHY "3\n    all: [a]\n" EXAMPLES);
    folder_refused(&f, "a group is a list", "signs.yaml", 5);
    PUT(ASK "signs:\n" WHY "3\n    any: [<mial>]\n" EXAMPLES);
    folder_refused(&f, "did you mean \"<mail>\"?", "signs.yaml", 5);
    PUT(ASK "signs:\n" WHY "3\n    none: [a]\n" EXAMPLES);
    folder_refused(&f, "unknown key \"none\"", "signs.yaml", 5);
    PUT(ASK "signs:\n" WHY "3\n    any: [a]\nexamples:\n  - [x]\n");
    folder_refused(&f, "an example is a text", "signs.yaml", 7);
    folder_put(&f, "02-thing/sign.yaml", "x: y\n");
    folder_refused(&f, "did you mean signs.yaml?", "02-thing", 0);
    folder_close(&f);
}

static void test_no_signs(void **state)
{
    struct folder f;
    struct hb_casebook *b;
    struct hb_classified c;

    (void)state;
    folder_open(&f);
    b = folder_load(&f);
    classify(b, "メールで振込を頼まれた", &c);
    assert_int_equal(c.verdict, HB_VERDICT_ASK);
    assert_int_equal(c.n, 0);
    assert_null(hb_case_ask(&b->cases[0]));
    hb_casebook_free(b);
    folder_close(&f);
}

/* One case alone: which signs are seen, and what they say. */
static void test_seen(void **state)
{
    struct folder f;
    struct hb_casebook *b;
    struct hb_classified c;

    (void)state;
    folder_open(&f);
    folder_put(&f, "words.yaml", WORDS);
    PUT(ASK "signs:\n" WHY "5\n    all: [[<mail>], [<money>, 円]]\n"
            "    not: [断った]\n" WHY "-2\n    any: [訓練]\n" WHY
            "3\n    any: [口座変更]\n" EXAMPLES);
    b = folder_load(&f);
    assert_string_equal(hb_case_ask(&b->cases[0])->in[HB_LANG_EN],
                        "Is it a thing?");
    classify(b, "ﾒｰﾙで 3 円", &c);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.list[0].points - c.list[0].alike, 50);
    assert_int_equal(c.list[0].reasons_n, 1);
    assert_string_equal(c.list[0].reasons[0].words[0], "メール");
    assert_string_equal(c.list[0].reasons[0].words[1], "円");
    assert_null(c.list[0].reasons[0].words[2]);

    /* A Latin word is none inside another, except where it says so. */
    classify(b, "mailing information 123", &c);
    assert_int_equal(c.list[0].points, c.list[0].alike);
    classify(b, "mailing a form", &c);
    assert_int_equal(c.list[0].points - c.list[0].alike, 50);

    classify(b, "メールの送金を断った", &c);
    assert_int_equal(c.list[0].points, c.list[0].alike);
    classify(b, "訓練のメールで送金", &c);
    assert_int_equal(c.list[0].points - c.list[0].alike, 30);
    assert_int_equal(c.list[0].reasons_n, 1);
    /* The heaviest reason stands first. */
    classify(b, "口座変更のメール、振込", &c);
    assert_int_equal(c.list[0].reasons_n, 2);
    assert_int_equal(c.list[0].reasons[0].weight, 5);
    /* What only counts against it never goes below nothing. */
    classify(b, "訓練", &c);
    assert_true(c.n == 0 || c.list[0].points == c.list[0].alike);
    hb_casebook_free(b);
    folder_close(&f);
}

/* What is no case takes part, is no candidate, and wins over one. */
static void test_ordinary(void **state)
{
    static const char report[] = "they ask to pay by mail";
    struct folder f;
    struct hb_casebook *b;
    struct hb_classified c;

    (void)state;
    folder_open(&f);
    folder_put(&f, "words.yaml", WORDS);
    PUT(ASK "signs:\n" WHY "9\n    all: [[<mail>], [<money>]]\n" WHY
            "5\n    any: [<money>]\n" EXAMPLES);
    b = folder_load(&f);
    assert_null(hb_ordinary_ask(b));
    classify(b, report, &c);
    assert_int_equal(c.verdict, HB_VERDICT_PROPOSED);
    assert_int_equal(c.ordinary, 0);
    hb_casebook_free(b);

    folder_put(&f, "ordinary.yaml",
               ASK "signs:\n" WHY "9\n    any: [ask]\n"
                   "examples: [they ask to pay by mail, may we ask]\n");
    b = folder_load(&f);
    assert_non_null(hb_ordinary_ask(b));
    classify(b, report, &c);
    assert_int_equal(c.verdict, HB_VERDICT_ASK);
    assert_int_equal(c.n, 1);
    assert_true(c.ordinary > 0);
    hb_casebook_free(b);
    folder_put(&f, "ordinary.yaml", ASK "signs: []\n");
    folder_refused(&f, "not empty", "ordinary.yaml", 2);
    folder_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused), cmocka_unit_test(test_no_signs),
        cmocka_unit_test(test_seen), cmocka_unit_test(test_ordinary)};

    return hb_tap_run("casebook/signs", tests);
}
