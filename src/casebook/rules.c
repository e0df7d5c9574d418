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

#define FLAG(name, en, ja)                                                     \
    {                                                                          \
        "__" name "__", {HB_VAL_BOOLEAN, NULL, 0}, false,                      \
        {                                                                      \
            en, ja                                                             \
        }                                                                      \
    }

static const struct hb_variable facts[] = {
    FLAG("personal_data",
         "Personal data leaked, were lost or damaged, or may have been",
         "個人データの漏えい・滅失・毀損、またはそのおそれ"),
    FLAG("malicious", "It was, or may have been, done with an improper purpose",
         "不正の目的をもって行われた、またはそのおそれ"),
    FLAG("sensitive_data", "Sensitive personal information is among it",
         "要配慮個人情報を含む"),
    FLAG("financial_harm_data", "Misuse of the data can cause financial damage",
         "不正利用により財産的被害が生じるおそれのあるデータを含む"),
    FLAG("mynumber_data",
         "Specific personal information (My Number) is among "
         "it",
         "特定個人情報(マイナンバー)を含む"),
    FLAG(
        "exempt_encryption",
        "All of it was protected by strong encryption, with the key kept apart",
        "高度な暗号化等により保護され、鍵も分離されている"),
    FLAG("entrusted_by_client", "The data were entrusted to us by a client",
         "委託元から取扱いの委託を受けたデータである"),
    FLAG("client_informed", "The entrusting client was told",
         "委託元に通知済みである"),
    FLAG("card_data", "Card numbers or other payment data are among it",
         "クレジットカード情報等の決済情報を含む"),
    FLAG("eu_persons", "Persons in the European Union are concerned",
         "EU 域内の個人が含まれる"),
    FLAG("listed_company", "We, or our parent company, are listed",
         "上場会社またはその子会社である"),
    FLAG("ransomware", "Ransomware was at work", "ランサムウェアの被害である"),
    FLAG("ddos", "A DDoS attack was at work", "DDoS 攻撃の被害である"),
    FLAG("money_sent", "Money was sent to a wrong account",
         "誤った口座へ送金した"),
    FLAG("account_hijacked", "An account of ours was taken over",
         "自組織のアカウントが乗っ取られた"),
    FLAG("infringing_content",
         "Content that infringes somebody's rights is public on a platform",
         "権利を侵害する情報がプラットフォーム上で公開されている"),
    FLAG("crime_suspected", "A crime is suspected", "犯罪の疑いがある"),
    FLAG("insured", "We have a cyber insurance", "サイバー保険に加入している"),
    FLAG("public_body_extra_data",
         "Information that an ordinance adds to the sensitive ones is among it",
         "条例要配慮個人情報を含む"),
    {"__persons_count__",
     {HB_VAL_INTEGER, NULL, 0},
     false,
     {"Number of persons concerned, as far as known", "本人の数(判明分)"}},
    {"__organisation_kind__",
     {HB_VAL_STRING, "company", 0},
     false,
     {"Kind of organisation: company, municipality, board-of-education, "
      "public-school, assembly, public-hospital, private-school",
      "組織の種別(企業、市区町村等の首長部局、教育委員会、公立学校、議会、"
      "公立病院、私立学校)"}},
};
const struct hb_variables hb_rule_facts = {facts, HB_ARRAY_LEN(facts)};

const char *hb_certainty_name(enum hb_certainty c)
{
    return (unsigned)c < HB_ARRAY_LEN(certainties) ? certainties[c] : "?";
}

const char *hb_certainty_title(enum hb_certainty c)
{
    return (unsigned)c < HB_ARRAY_LEN(certainty_titles) ? _(certainty_titles[c])
                                                        : "?";
}

const char *hb_rule_start_name(enum hb_rule_start s)
{
    return (unsigned)s < HB_ARRAY_LEN(starts) ? starts[s] : "?";
}

const char *hb_rule_start_title(enum hb_rule_start s)
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

const struct hb_rule *hb_rule_find(const struct hb_rulepack *p, const char *id,
                                   int64_t day)
{
    for (size_t i = 0; i < p->n; i++) {
        if (hb_streq(p->rules[i].id, id) && hb_rule_valid(&p->rules[i], day))
            return &p->rules[i];
    }
    return NULL;
}

bool hb_rule_valid(const struct hb_rule *r, int64_t day)
{
    return hb_period_has(&r->period, day);
}

int hb_rule_triggered(const struct hb_rule *r, hb_value_get *get, void *arg)
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
