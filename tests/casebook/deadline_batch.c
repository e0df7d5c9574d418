/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deadline_batch.c - answers many questions for deadline_oracle.py, a line
 * each, with the pack argv[1] and, argv[2] seconds, a clock that was set:
 *     day DATE        ->  1 or 0 (open), kind
 *     due RULE NS     ->  due, target, moments of half, most, day-before
 * all in ns UTC, "-" for a warning that there is none of.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "rule_facts.h"
#include "casebook/deadline.h"

static void answer_day(const struct hb_rulepack *p, const char *date)
{
    int64_t day = 0;
    int r = hb_day_parse(hb_slice_z(date), &day);

    printf("%d %d\n", r < 0 ? r : hb_day_is_open(p, day),
           r < 0 ? r : hb_day_kind(p, day, NULL));
}

static void print_warning(const struct hb_deadline *d, enum hb_warning_kind k)
{
    for (size_t i = 0; i < d->warnings_n; i++) {
        if (d->warnings[i].kind == k) {
            printf(" %lld", (long long)d->warnings[i].at);
            return;
        }
    }
    printf(" -");
}

static void answer_due(const struct hb_rulepack *p, const char *id,
                       const char *start)
{
    const struct hb_duty *rule;
    struct hb_deadline d;
    int64_t from = 0;

    if (hb_parse_i64(hb_slice_z(start), &from) < 0 ||
        (rule = hb_duty_find(p, id, hb_day_at(from, HB_JST))) == NULL ||
        hb_duty_due(p, rule, from, &d) < 0) {
        printf("none\n");
        return;
    }
    printf("%lld %lld", (long long)d.due, (long long)d.target);
    print_warning(&d, HB_WARNING_HALF);
    print_warning(&d, HB_WARNING_MOST);
    print_warning(&d, HB_WARNING_DAY_BEFORE);
    printf("\n");
}

int main(int argc, char **argv)
{
    struct hb_rulepack *p = NULL;
    struct hb_err err = {0};
    char line[256], *a, *b;
    int64_t shift = 0;

    if (argc != 3 || hb_parse_i64(hb_slice_z(argv[2]), &shift) < 0)
        return 2;
    hb_clock_shift(shift * (int64_t)HB_S);
    if (hb_rulepack_load(argv[1], &rule_facts, NULL, &p, &err) < 0) {
        hb_err_format(&err, line, sizeof(line));
        (void)fprintf(stderr, "%s\n", line);
        return 1;
    }
    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        a = strchr(line, ' ');
        if (a == NULL)
            return 2;
        *a++ = '\0';
        b = strchr(a, ' ');
        if (b != NULL)
            *b++ = '\0';
        if (hb_streq(line, "day"))
            answer_day(p, a);
        else if (b != NULL)
            answer_due(p, a, b);
    }
    hb_rulepack_free(p);
    return 0;
}
