/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cacao.c - playbooks of strangers.  What is imported whole goes out
 * again and comes back as the very same; a draft is text that the reader of
 * YAML takes; what is refused leaves nothing.
 */
#include "base/yaml.h"
#include "casebook/cacao.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(struct hb_arena *a, const struct hb_cacao_import *how,
                  const struct hb_playbook *p);

static const struct hb_row general = {.id = "G0-1",
                                      .need = {{"consult", "相談"}}};
static const struct hb_case thing = {
    .number = 2, .id = "thing", .story = {{"It happens", "起きます"}}};
static const struct hb_casebook book = {
    .cases = &thing, .n = 1, .general = &general, .general_n = 1};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct hb_cacao_import how = {.book = &book, .now = 1};
    struct hb_cacao_imported got = {0};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_yaml *yaml = NULL;
    struct hb_err err = {0};

    if (a == NULL)
        return 0;
    if (hb_cacao_import(a, hb_slice((const char *)data, size), &how, &got,
                        &err) == 0) {
        HB_ASSERT(hb_yaml_parse(a, NULL, got.yaml, &yaml, NULL) == 0);
        if (!got.draft)
            again(a, &how, got.playbook);
    } else {
        HB_ASSERT(got.yaml.p == NULL && got.playbook == NULL);
    }
    hb_arena_free(a);
    return 0;
}

static void again(struct hb_arena *a, const struct hb_cacao_import *how,
                  const struct hb_playbook *p)
{
    struct hb_buf one = HB_BUF_INIT, two = HB_BUF_INIT;
    struct hb_cacao_imported got = {0};
    int r = hb_cacao_export(&one, p, 0, NULL, NULL);

    /* A condition may be too long in CACAO's words. */
    HB_ASSERT(r == 0 || r == -EDOM || r == -EFBIG);
    if (r == 0) {
        HB_ASSERT(hb_cacao_import(a, hb_buf_slice(&one), how, &got, NULL) == 0);
        HB_ASSERT(!got.draft);
        HB_ASSERT(hb_cacao_export(&two, got.playbook, 0, NULL, NULL) == 0);
        HB_ASSERT(hb_slice_eq(hb_buf_slice(&one), hb_buf_slice(&two)));
    }
    hb_buf_done(&one);
    hb_buf_done(&two);
}
