/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_page.c - a template (up to the first 0xff) with a value (the rest) that
 * a stranger chose.  Templates are ours, but one that is taken must be safe:
 * what the value adds makes no tag, no attribute and no script.
 */
#include "html/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(const struct hb_buf *b, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++)
        n += b->p[i] == c;
    return n;
}

static int render(struct hb_pages *p, const char *value, struct hb_buf *b)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_view *v = hb_view_new(p, a, HB_LANG_EN);
    struct hb_err err = {0};

    hb_view_str(v, "v", value);
    hb_view_bool(v, "t", true);
    hb_view_bool(v, "f", false);
    hb_view_str(hb_view_row(v, "l"), "w", value);
    hb_view_str(hb_view_row(v, "l"), "w", "w");
    return hb_page(p, "a.html", v, b, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, 0xff, size) : NULL;
    size_t n = end != NULL ? (size_t)(end - data) : size;
    const struct hb_web_file files[] = {
        {"a.html", data, n, "0"},
        {"part/p.html", "<b>{{v}}</b>", 12, "0"},
        {NULL, NULL, 0, NULL},
    };
    struct hb_buf plain = HB_BUF_INIT, evil = HB_BUF_INIT;
    struct hb_pages *p = NULL;
    struct hb_err err = {0};
    char value[256] = "";
    int a, b;

    if (hb_pages_new(files, 0, "UTC", &p, &err) < 0)
        return 0;
    if (end != NULL && size - n - 1 < sizeof(value))
        memcpy(value, end + 1, size - n - 1);
    /* A URL that is none becomes "#": as the harmless one does here. */
    a = render(p, "x", &plain);
    b = render(p, value[0] != '\0' ? value : "x", &evil);
    HB_ASSERT(a == b);
    if (a == 0) {
        HB_ASSERT(count(&plain, '<') == count(&evil, '<'));
        HB_ASSERT(count(&plain, '>') == count(&evil, '>'));
    }
    hb_buf_done(&plain);
    hb_buf_done(&evil);
    hb_pages_free(p);
    return 0;
}
