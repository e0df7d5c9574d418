/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_read.c - what stands in the log, for those who ask.
 *
 * Runs in core.  What was tampered with is verify's to tell; here the rest is
 * shown.
 */
#include "incident/evidence_log.h"

static int behind(struct hb_evidence *e, int64_t number,
                  struct hb_evidence_at *ret);

int hb_evidence_each(struct hb_evidence *e, int64_t incident,
                     hb_evidence_fn *fn, void *arg)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_evid_reader rd;
    struct hb_evid_line l;
    struct hb_slice text;
    int r;

    HB_CHECK(e, HB_EVIDENCE_MAGIC);
    if (a == NULL)
        return -ENOMEM;
    r = hb_evid_reader_init(&rd, e->logfd);
    while (r >= 0 && (r = hb_evid_reader_next(&rd, &text)) == 1) {
        hb_arena_reset(a);
        r = text.n == 0 ? -EBADMSG
                        : hb_evid_parse(a, hb_slice(text.p, text.n - 1), &l);
        if (r == -ENOMEM)
            break;
        /* What was tampered with is verify's to tell; the rest is shown. */
        if (r < 0 || l.checkpoint || l.form > HB_EVID_V1 ||
            (incident != 0 && l.item.incident != incident)) {
            r = 0;
            continue;
        }
        r = fn(arg, &l.item);
        if (r != 0)
            break;
    }
    hb_evid_reader_done(&rd);
    return r;
}

int64_t hb_evidence_lines(const struct hb_evidence *e)
{
    HB_CHECK(e, HB_EVIDENCE_MAGIC);
    return e->number;
}

int hb_evidence_at(struct hb_evidence *e, int64_t number,
                   struct hb_evidence_at *ret)
{
    if (number < 1)
        return -ENOENT;
    return behind(e, number, ret);
}

int hb_evidence_contents(struct hb_evidence *e, int64_t *ret)
{
    struct hb_evidence_at all = {0};
    int r = 0;

    HB_CHECK(e, HB_EVIDENCE_MAGIC);
    if (e->contents < 0) {
        r = behind(e, 0, &all);
        if (r == 0)
            e->contents = all.after;
    }
    if (r == 0)
        *ret = e->contents;
    return r;
}

static int behind(struct hb_evidence *e, int64_t number,
                  struct hb_evidence_at *ret)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_evidence_at got = {0};
    struct hb_evid_reader rd;
    struct hb_evid_line l;
    struct hb_slice text;
    int64_t at = 0;
    int r;

    HB_CHECK(e, HB_EVIDENCE_MAGIC);
    if (a == NULL)
        return -ENOMEM;
    r = hb_evid_reader_init(&rd, e->logfd);
    while (r >= 0 && (r = hb_evid_reader_next(&rd, &text)) == 1) {
        if (++at == number)
            hb_evid_digest(text, got.digest);
        if (at <= number || text.n == 0)
            continue;
        hb_arena_reset(a);
        r = hb_evid_parse(a, hb_slice(text.p, text.n - 1), &l);
        if (r == -ENOMEM)
            break;
        if (r == 0 && l.checkpoint && at == number + 1)
            got.checkpoint = l.item.time;
        if (r == 0 && !l.checkpoint && l.item.sha256[0] != '\0' &&
            got.after++ == 0)
            got.first = l.item.time;
        r = 1;
    }
    hb_evid_reader_done(&rd);
    if (r < 0)
        return r;
    if (at < number)
        return -ENOENT;
    *ret = got;
    return 0;
}
