/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_event.c - events as OCSF JSON from another process.  What is accepted
 * can be written, and what is written reads back as the same event and writes
 * the same text again.
 */
#include "base/num.h"
#include "event/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct hb_event *a, const struct hb_event *b)
{
    HB_ASSERT(hb_streq(a->uid, b->uid));
    HB_ASSERT(a->class_uid == b->class_uid && a->activity == b->activity);
    HB_ASSERT(a->time == b->time && a->mono == b->mono);
    HB_ASSERT(a->severity == b->severity && hb_streq(a->source, b->source));
    for (const struct hb_event_field *f = a->first; f != NULL; f = f->next) {
        const struct hb_event_field *g = hb_event_get(b, f->field);

        HB_ASSERT(g != NULL && f->integer == g->integer);
        HB_ASSERT(hb_slice_eq(f->str, g->str) && hb_slice_eq(f->raw, g->raw));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_buf one = HB_BUF_INIT, two = HB_BUF_INIT;
    struct hb_event *e = NULL, *f = NULL;
    struct hb_err err = {0};

    if (a == NULL)
        return 0;
    if (hb_event_decode(a, hb_slice((const char *)data, size), &e, &err) == 0 &&
        hb_event_encode(&one, e) == 0) { /* it may have outgrown the limit */
        HB_ASSERT(hb_utf8_valid(one.p, one.n));
        HB_ASSERT(memchr(one.p, '\n', one.n) == NULL);
        HB_ASSERT(hb_event_decode(a, hb_buf_slice(&one), &f, &err) == 0);
        same(e, f);
        HB_ASSERT(hb_event_encode(&two, f) == 0);
        HB_ASSERT(hb_slice_eq(hb_buf_slice(&one), hb_buf_slice(&two)));
    } else {
        HB_ASSERT(e != NULL || err.code < 0);
    }
    hb_buf_done(&one);
    hb_buf_done(&two);
    hb_arena_free(a);
    return 0;
}
