/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_rulepack.c - the reader of rule packs, and what it made: every day has
 * an answer or is out of range, rolling never goes back, a deadline lies
 * after its start (but for a last second) and its warnings within.
 */
#include "base/clock.h"
#include "../tests/casebook/rule_facts.h"
#include "casebook/deadline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 2026-09-22 00:00 JST, the second before, the ends of time, year's end. */
static const int64_t starts[] = {1790002800000000000, 1790002799999999999,
                                 INT64_MIN,           INT64_MAX,
                                 1798732800000000000, 0};

static void try_days(const struct hb_rulepack *p)
{
    for (int64_t d = 20000; d < 20800; d++) {
        int k = hb_day_kind(p, d, NULL);
        int64_t next = 0;

        HB_ASSERT(k == -ERANGE || (k >= 0 && k <= HB_DAY_SATURDAY));
        HB_ASSERT(hb_day_is_open(p, d) == (k < 0 ? k : k == HB_DAY_OPEN));
        if (hb_day_roll_forward(p, d, &next) == 0)
            HB_ASSERT(next >= d && hb_day_is_open(p, next) == 1);
    }
}

static void try_rule(const struct hb_rulepack *p, const struct hb_duty *r,
                     int64_t start)
{
    struct hb_deadline d;
    int k = hb_duty_due(p, r, start, &d);

    HB_ASSERT(k == 0 || k == -ENODATA || k == -ERANGE);
    if (k < 0)
        return;
    HB_ASSERT(d.due >= start || start - d.due < (int64_t)HB_S);
    HB_ASSERT(d.target <= d.due);
    HB_ASSERT(d.due_day >= d.last_day && d.rolled == (d.due_day > d.last_day));
    HB_ASSERT(d.warnings_n <= HB_WARNINGS_MAX);
    for (size_t i = 0; i < d.warnings_n; i++)
        HB_ASSERT(d.warnings[i].at >= start && d.warnings[i].at <= d.due);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_rulepack *p = NULL;
    struct hb_err err = {0};
    struct hb_buf b = HB_BUF_INIT;

    if (hb_rulepack_parse("fuzz", hb_slice((const char *)data, size),
                          &rule_facts, &p, &err) < 0) {
        HB_ASSERT(p == NULL && err.code < 0);
        return 0;
    }
    try_days(p);
    for (size_t i = 0; i < p->n; i++) {
        const struct hb_duty *r = &p->rules[i];
        int k = hb_duty_triggered(r, NULL, NULL);

        HB_ASSERT(k == 0 || k == 1);
        HB_ASSERT(hb_duty_find(p, r->id, r->period.from) == r);
        for (size_t s = 0; s < HB_ARRAY_LEN(starts); s++)
            try_rule(p, r, starts[s]);
        hb_due_print(&b, &r->due);
    }
    hb_buf_done(&b);
    hb_rulepack_free(p);
    return 0;
}
