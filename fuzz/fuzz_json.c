/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_json.c - the JSON reader and writers.  What is read can be written and
 * reads back to the same tree; what is written a second time is the same
 * text; the canonical form is a fixed point.  Strings are quoted as valid
 * JSON whatever their bytes are.
 */
#include "base/json.h"
#include "base/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hb_json *parse(struct hb_arena *a, struct hb_slice text)
{
    struct hb_json *root = NULL;
    struct hb_err err = {0};
    int rc = hb_json_parse(a, text, &root, &err);

    HB_ASSERT((rc == 0) == (root != NULL));
    HB_ASSERT(rc == 0 || err.code == rc);
    HB_ASSERT(hb_utf8_valid(err.message, strlen(err.message)));
    return root;
}

static bool same(const struct hb_json *a, const struct hb_json *b)
{
    const struct hb_json *d = b->first;

    if (a->type != b->type || a->count != b->count ||
        !hb_slice_eq(a->key, b->key))
        return false;
    switch (a->type) {
    case HB_JSON_NULL:
        return true;
    case HB_JSON_BOOL:
        return a->boolean == b->boolean;
    case HB_JSON_INT:
        return a->integer == b->integer;
    case HB_JSON_REAL:
        return memcmp(&a->real, &b->real, sizeof a->real) == 0;
    case HB_JSON_STR:
        return hb_slice_eq(a->str, b->str) && a->str.p[a->str.n] == '\0' &&
               strlen(a->str.p) == a->str.n;
    default:
        break;
    }
    HB_JSON_EACH (c, a) {
        if (!same(c, d))
            return false;
        d = d->next;
    }
    return d == NULL;
}

static void check_quote(struct hb_slice bytes)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_json *root;

    if (bytes.n > 4096 || memchr(bytes.p, '\0', bytes.n) != NULL)
        return;
    hb_json_quote(&b, bytes);
    root = parse(a, hb_buf_slice(&b));
    HB_ASSERT(root != NULL && root->type == HB_JSON_STR);
    if (hb_utf8_valid(bytes.p, bytes.n))
        HB_ASSERT(hb_slice_eq(root->str, bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf one = HB_BUF_INIT, two = HB_BUF_INIT;
    _cleanup_buf_ struct hb_buf jcs = HB_BUF_INIT, again = HB_BUF_INIT;
    struct hb_slice text = {(const char *)data, size};
    struct hb_json *root, *back;

    if (size > 0)
        check_quote(text);
    root = parse(a, text);
    if (root == NULL)
        return 0;
    hb_json_write(&one, root);
    HB_ASSERT(hb_buf_err(&one) == 0);
    if (one.n > HB_MAX_JSON)
        return 0; /* escapes made it longer than what may be read */
    back = parse(a, hb_buf_slice(&one));
    HB_ASSERT(back != NULL && same(root, back));
    hb_json_write(&two, back);
    HB_ASSERT(hb_slice_eq(hb_buf_slice(&one), hb_buf_slice(&two)));
    if (hb_json_write_jcs(&jcs, root) < 0) {
        HB_ASSERT(jcs.n == 0);
        return 0;
    }
    back = parse(a, hb_buf_slice(&jcs));
    HB_ASSERT(back != NULL);
    HB_ASSERT(hb_json_write_jcs(&again, back) == 0);
    HB_ASSERT(hb_slice_eq(hb_buf_slice(&jcs), hb_buf_slice(&again)));
    return 0;
}
