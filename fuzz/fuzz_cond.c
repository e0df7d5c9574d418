/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cond.c - conditions of playbook steps.  Whatever parses must print to
 * text that parses again to the same text, and must have an answer; in the
 * words of CACAO it means the same.
 */
#include "casebook/cond.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hb_variable declared[] = {
    {.name = "__a__", .value = {HB_VAL_BOOLEAN, NULL, 1}},
    {.name = "__n__", .value = {HB_VAL_INTEGER, NULL, 5}},
    {.name = "__s__", .value = {HB_VAL_STRING, "x", 0}},
};
static const struct hb_variables vars = {declared, HB_ARRAY_LEN(declared)};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_buf one = HB_BUF_INIT, two = HB_BUF_INIT;
    const struct hb_cond *c = NULL, *d = NULL;
    struct hb_err err = {0};
    char *text;

    if (a == NULL)
        return 0;
    text = hb_arena_dup(a, (const char *)data, size);
    if (text != NULL && hb_cond_parse(a, text, &vars, &c, &err) == 0) {
        int r = hb_cond_eval(c, NULL, NULL);

        HB_ASSERT(r == 0 || r == 1);
        hb_cond_print(&one, c);
        /* Brackets may make it longer or deeper than a person may write. */
        if (hb_cond_parse(a, hb_buf_z(&one), &vars, &d, NULL) == 0) {
            HB_ASSERT(hb_cond_eval(d, NULL, NULL) == r);
            hb_cond_print(&two, d);
        }
        hb_buf_reset(&two);
        hb_cond_print_cacao(&two, c);
        text = (char *)(uintptr_t)hb_cond_from_cacao(a, hb_buf_z(&two));
        if (hb_cond_parse(a, text, &vars, &d, NULL) == 0) {
            HB_ASSERT(hb_cond_eval(d, NULL, NULL) == r);
            hb_buf_reset(&one);
            hb_cond_print_cacao(&one, d);
            HB_ASSERT(hb_slice_eq(hb_buf_slice(&one), hb_buf_slice(&two)));
        } else {
            HB_ASSERT(strlen(text) > HB_COND_MAX_TEXT);
        }
    }
    hb_buf_done(&one);
    hb_buf_done(&two);
    hb_arena_free(a);
    return 0;
}
