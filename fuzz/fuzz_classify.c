/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_classify.c - a report of any bytes, folded and classified by a small
 * case book: what comes out is text again, ranked, and never more than sure.
 */
#include "base/num.h"
#include "casebook/classify.h"
#include "casebook/fold.h"
#include "casebook/signs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char words[] =
    "words: {mail: [メール, mail*], money: [振込, 送金, pay*, 口座]}";
static const char *const signs[] = {
    "ask: {en: Paid?, ja: 支払いですか。}\n"
    "signs:\n"
    "  - why: {en: mail and money, ja: メールと送金}\n"
    "    weight: 8\n"
    "    all: [[<mail>], [<money>, 円], [変, new, 変更]]\n"
    "    not: [訓練]\n"
    "  - why: {en: money, ja: 送金の話}\n"
    "    weight: 3\n"
    "    any: [<money>]\n"
    "examples: [口座が変わったとメールが来て送金した, they changed the "
    "account and we paid]\n",
    "ask: {en: Lost?, ja: 紛失ですか。}\n"
    "signs:\n"
    "  - why: {en: something lost, ja: 物をなくした}\n"
    "    weight: 9\n"
    "    all: [[usb, パソコン, フォルダー], [紛失, なくし, lost]]\n"
    "  - why: {en: a drill, ja: 訓練である}\n"
    "    weight: -10\n"
    "    any: [訓練, drill]\n"
    "examples: [電車でUSBを紛失しました, I lost a laptop on the train]\n",
};
static const char ordinary[] =
    "ask: {en: Ordinary?, ja: 通常の依頼ですか。}\n"
    "signs:\n"
    "  - why: {en: a question, ja: 質問である}\n"
    "    weight: 4\n"
    "    any: [教えて, how do i]\n"
    "examples: [口座の登録方法を教えてください, how do I pay by mail]\n";

static int parse(struct hb_load *l, const char *text, struct hb_yaml **ret)
{
    return hb_yaml_parse(l->a, "fuzz", hb_slice_z(text), ret, l->err);
}

static const struct hb_casebook *make_book(void)
{
    static struct hb_case cases[HB_ARRAY_LEN(signs)];
    static struct hb_casebook b = {.cases = cases, .n = HB_ARRAY_LEN(signs)};
    struct hb_load l = {.book = &b, .cases = cases};
    struct hb_yaml *top = NULL;

    if (b.lexicon != NULL)
        return &b;
    l.a = b.arena = hb_arena_new(0);
    HB_ASSERT(l.a != NULL && parse(&l, words, &top) == 0);
    HB_ASSERT(hb_load_words(&l, top) == 0);
    for (size_t i = 0; i < b.n; i++) {
        HB_ASSERT(parse(&l, signs[i], &top) == 0);
        HB_ASSERT(hb_load_signs(&l, top, &cases[i].signs) == 0);
    }
    HB_ASSERT(parse(&l, ordinary, &top) == 0);
    HB_ASSERT(hb_load_signs(&l, top, &b.ordinary) == 0);
    HB_ASSERT(hb_learn(&l) == 0);
    return &b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hb_classified c;
    const struct hb_casebook *b = make_book();
    struct hb_slice text = hb_slice((const char *)data, size);
    uint32_t *work = calloc(size + 1, sizeof(*work));
    char *out = malloc(size + 1);
    unsigned sum = 0;

    if (work != NULL && out != NULL) {
        size_t n = hb_fold(text, work, out);

        HB_ASSERT(n <= size && hb_utf8_valid(out, n));
    }
    free(work);
    free(out);
    if (hb_classify(b, text, &c) < 0)
        return 0;
    for (size_t i = 0; i < c.n; i++) {
        HB_ASSERT(i == 0 || c.list[i - 1].points >= c.list[i].points);
        HB_ASSERT(c.list[i].points > 0 && c.list[i].reasons_n <= 6);
        sum += c.list[i].percent;
    }
    HB_ASSERT(c.n <= b->n && sum + c.ordinary <= 100);
    HB_ASSERT(c.cut == (size > HB_CLASSIFY_TEXT));
    if (c.verdict == HB_VERDICT_PROPOSED)
        HB_ASSERT(c.n > 0 && !c.cut && c.list[0].reasons_n > 0 &&
                  c.list[0].percent >= HB_CLASSIFY_SURE);
    return 0;
}
