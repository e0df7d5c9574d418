/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_multipart.c - a form with files as a stranger sends it.  In pieces of
 * any size it is the same form; a part's data stand in the body where they are
 * said to begin.
 */
#include "base/buf.h"
#include "net/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct got {
    const uint8_t *body;
    size_t size;
    struct hb_buf text;
    int64_t at;
};

static int on_part(void *arg, const char *name, const char *file, int64_t at)
{
    struct got *g = arg;

    HB_ASSERT(at >= 0 && (size_t)at <= g->size);
    HB_ASSERT(strlen(name) < HB_MULTIPART_NAME);
    hb_buf_addf(&g->text, "\n%s\n%s\n%lld\n", name, file != NULL ? file : "",
                (long long)at);
    g->at = at;
    return 0;
}

static int on_data(void *arg, const void *p, size_t n)
{
    struct got *g = arg;

    HB_ASSERT(n > 0 && (size_t)g->at + n <= g->size);
    HB_ASSERT(memcmp(g->body + g->at, p, n) == 0);
    hb_buf_add(&g->text, p, n);
    g->at += (int64_t)n;
    return 0;
}

static int run(struct got *g, size_t step)
{
    const struct hb_multipart_fn fn = {on_part, on_data, g};
    struct hb_multipart *m = NULL;
    int r = hb_multipart_new("multipart/form-data; boundary=b", &fn, &m);

    HB_ASSERT(r == 0);
    for (size_t i = 0; r == 0 && i < g->size; i += step)
        r = hb_multipart_feed(m, g->body + i, HB_MIN(step, g->size - i));
    if (r == 0)
        r = hb_multipart_end(m);
    hb_multipart_free(m);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct got whole = {data, size, HB_BUF_INIT, 0};
    struct got pieces = {data, size, HB_BUF_INIT, 0};
    int a = run(&whole, size > 0 ? size : 1);
    int b = run(&pieces, 1 + (size > 0 ? data[0] % 7u : 0));

    HB_ASSERT(a == b);
    if (a == 0)
        HB_ASSERT(whole.text.n == pieces.text.n &&
                  (whole.text.n == 0 ||
                   memcmp(whole.text.p, pieces.text.p, whole.text.n) == 0));
    hb_buf_done(&whole.text);
    hb_buf_done(&pieces.text);
    return 0;
}
