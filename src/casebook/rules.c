/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c - what is asked of a loaded rule pack: its age, its rules by day,
 * whether a rule is to be proposed, and the words for people.
 *
 * Here stand the facts that conditions may name.  A fact is a proposal of the
 * machine or the answer of a person; the pack never asks how it came about.
 */
#include "base/i18n.h"
#include "casebook/rules.h"

#define MINUTE_NS (60 * (uint64_t)1000000000)

static void print_span(struct hb_buf *b, uint64_t ns);
static void print_days(struct hb_buf *b, const struct hb_due *due);

static const char *const certainties[] = {"confirmed", "to-confirm"};
static const char *const certainty_titles[] = {N_("confirmed"),
                                               N_("to be confirmed")};
static const char *const starts[] = {"known", "asked"};
static const char *const start_titles[] = {
    N_("when any department of ours came to know"),
    N_("when we sent the request")};
static const char *const due_kinds[] = {"hours", "days", "promptly",
                                        "standing"};
static const char *const signatures[] = {"unsigned", "signed", "unchecked",
                                         "bad"};
static const char *const ages[] = {"fresh", "old", "future"};

const char *hb_certainty_name(enum hb_certainty c)
{
    return (unsigned)c < HB_ARRAY_LEN(certainties) ? certainties[c] : "?";
}

const char *hb_certainty_title(enum hb_certainty c)
{
    return (unsigned)c < HB_ARRAY_LEN(certainty_titles) ? _(certainty_titles[c])
                                                        : "?";
}

const char *hb_duty_start_name(enum hb_duty_start s)
{
    return (unsigned)s < HB_ARRAY_LEN(starts) ? starts[s] : "?";
}

const char *hb_duty_start_title(enum hb_duty_start s)
{
    return (unsigned)s < HB_ARRAY_LEN(start_titles) ? _(start_titles[s]) : "?";
}

const char *hb_due_kind_name(enum hb_due_kind k)
{
    return (unsigned)k < HB_ARRAY_LEN(due_kinds) ? due_kinds[k] : "?";
}

const char *hb_pack_signature_name(enum hb_pack_signature s)
{
    return (unsigned)s < HB_ARRAY_LEN(signatures) ? signatures[s] : "?";
}

const char *hb_pack_age_name(enum hb_pack_age a)
{
    return (unsigned)a < HB_ARRAY_LEN(ages) ? ages[a] : "?";
}

int64_t hb_rulepack_age(const struct hb_rulepack *p, int64_t now)
{
    return hb_day_at(now, HB_JST) - p->checked_at;
}

enum hb_pack_age hb_rulepack_age_state(const struct hb_rulepack *p, int64_t now)
{
    int64_t days = hb_rulepack_age(p, now);

    if (days < 0)
        return HB_PACK_FUTURE;
    return days > HB_RULEPACK_MAX_AGE ? HB_PACK_OLD : HB_PACK_FRESH;
}

const struct hb_duty *hb_duty_find(const struct hb_rulepack *p, const char *id,
                                   int64_t day)
{
    for (size_t i = 0; i < p->n; i++) {
        if (hb_streq(p->rules[i].id, id) && hb_duty_valid(&p->rules[i], day))
            return &p->rules[i];
    }
    return NULL;
}

bool hb_duty_valid(const struct hb_duty *r, int64_t day)
{
    return hb_period_has(&r->period, day);
}

int hb_duty_triggered(const struct hb_duty *r, hb_value_get *get, void *arg)
{
    if (r->trigger != HB_TRIGGER_FACTS)
        return r->trigger == HB_TRIGGER_ALWAYS;
    return hb_cond_eval(r->cond, get, arg);
}

void hb_due_print(struct hb_buf *b, const struct hb_due *due)
{
    switch (due->kind) {
    case HB_DUE_HOURS:
        hb_buf_addf(b, P_("%u hour", "%u hours", due->n), due->n);
        if (due->target != 0)
            hb_buf_addf(b,
                        P_(", to aim at: %u hour", ", to aim at: %u hours",
                           due->target),
                        due->target);
        break;
    case HB_DUE_DAYS:
        print_days(b, due);
        break;
    case HB_DUE_PROMPTLY:
        hb_buf_addz(b, _("promptly; our own yardstick: "));
        print_span(b, due->within);
        break;
    default:
        hb_buf_addz(b, _("at all times; has no clock"));
        break;
    }
}

static void print_span(struct hb_buf *b, uint64_t ns)
{
    unsigned minutes = (unsigned)(ns / MINUTE_NS);

    /* 24 hours, as "1 day" could be the end of a day. */
    if (minutes % 1440 == 0 && minutes > 1440)
        hb_buf_addf(b, P_("%u day", "%u days", minutes / 1440), minutes / 1440);
    else if (minutes % 60 == 0)
        hb_buf_addf(b, P_("%u hour", "%u hours", minutes / 60), minutes / 60);
    else
        hb_buf_addf(b, P_("%u minute", "%u minutes", minutes), minutes);
}

static void print_days(struct hb_buf *b, const struct hb_due *due)
{
    hb_buf_addf(b, P_("%u day", "%u days", due->n), due->n);
    if (due->target != 0)
        hb_buf_addf(
            b, P_(", to aim at: %u day", ", to aim at: %u days", due->target),
            due->target);
    hb_buf_addz(b, due->count_first_day
                       ? _("; the day of the start is day 1")
                       : _("; the day after the start is day 1"));
    if (due->roll)
        hb_buf_addz(b, _("; a last day on which offices are closed gives the "
                         "next opening day"));
}
