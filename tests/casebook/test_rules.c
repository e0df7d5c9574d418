/* SPDX-License-Identifier: Apache-2.0 */
/* Rule packs: what is read, what is refused and where; signature and age;
 * rules by day; and that the shipped pack proposes what the law asks for. */
#include <fcntl.h>

#include "base/clock.h"
#include "base/file.h"
#include "pack.h"

#include "casebook/casebook.h"

#define DUE(due)     PACK_BODY PACK_RULE("one") "    trigger: always\n" due
#define DUE_LINE     31u
#define ONE(trigger) PACK_BODY PACK_RULE("one") trigger "    due: {hours: 1}\n"
#define TRIGGER_LINE 30u

static void test_good(void **state)
{
    struct hb_rulepack *p =
        pack_parse(PACK_GOOD PACK_RULE("two") "    trigger: __personal_data__\n"
                                              "    due: {days: 30, target: 3, "
                                              "count_first_day: true, roll: "
                                              "next-opening-day}\n"
                                              "    starts: asked\n"
                                              "    items: [cause, outline]\n"
                                              "    document: D04b\n"
                                              "    modality: consider\n"
                                              "    valid_to: 2030-12-31\n");
    const struct hb_duty *r;

    (void)state;
    assert_string_equal(p->id, "test");
    assert_int_equal(p->version, 3);
    assert_int_equal(p->checked_at, pack_day("2026-11-30"));
    assert_string_equal(p->checked_by, "somebody");
    assert_int_equal(p->signature, HB_PACK_UNSIGNED);
    assert_int_equal(p->n, 2);
    r = &p->rules[0];
    assert_int_equal(r->trigger, HB_TRIGGER_ALWAYS);
    assert_int_equal(r->due.kind, HB_DUE_HOURS);
    assert_int_equal(r->start, HB_START_KNOWN);
    assert_int_equal(r->modality, HB_MOD_DO);
    assert_int_equal(r->period.to, INT64_MAX);
    assert_null(r->document);
    assert_null(r->note.in[HB_LANG_EN]);
    assert_int_equal(r->line, 22);
    r = &p->rules[1];
    assert_string_equal(r->condition, "__personal_data__");
    assert_int_equal(r->due.n, 30);
    assert_int_equal(r->due.target, 3);
    assert_true(r->due.count_first_day && r->due.roll);
    assert_int_equal(r->start, HB_START_ASKED);
    assert_int_equal(r->items_n, 2);
    assert_string_equal(r->items[0]->text.in[HB_LANG_JA], "原因");
    assert_string_equal(r->document, "D04b");
    assert_int_equal(r->modality, HB_MOD_CONSIDER);
    hb_rulepack_free(p);
}

static void test_refused_due(void **state)
{
    (void)state;
    pack_refused(PACK_BODY PACK_RULE("one") "    trigger: always\n",
                 "\"due\" must be", 22);
    pack_refused(DUE("    due: 3d\n"), "\"due\" must be", DUE_LINE);
    pack_refused(DUE("    due: {}\n"), "\"due\" must be", DUE_LINE);
    pack_refused(DUE("    due: {hours: 1, days: 2}\n"), "\"due\" must be",
                 DUE_LINE);
    pack_refused(DUE("    due: {hours: 0}\n"), "from 1 to 8784", DUE_LINE);
    pack_refused(DUE("    due: {hours: -1}\n"), "from 1 to 8784", DUE_LINE);
    pack_refused(DUE("    due: {hours: 99999999999999999999}\n"),
                 "from 1 to 8784", DUE_LINE);
    pack_refused(DUE("    due: {hours: 72, target: 72}\n"), "from 1 to 71",
                 DUE_LINE);
    pack_refused(DUE("    due: {hours: 1, target: 1}\n"), "shorter than 1",
                 DUE_LINE);
    pack_refused(DUE("    due: {hours: 1, roll: none}\n"), "\"roll\"",
                 DUE_LINE);
    pack_refused(DUE("    due: {days: 30, roll: none}\n"),
                 "\"count_first_day\" is missing", DUE_LINE);
    pack_refused(DUE("    due: {days: 30, count_first_day: yes, roll: none}\n"),
                 "true or false", DUE_LINE);
    pack_refused(DUE("    due: {days: 30, count_first_day: true}\n"),
                 "\"roll\" is missing", DUE_LINE);
    pack_refused(DUE("    due: {days: 30, count_first_day: true, roll: "
                     "next-openning-day}\n"),
                 "did you mean \"next-opening-day\"?", DUE_LINE);
    pack_refused(DUE("    due: {days: 3661, count_first_day: true, roll: "
                     "none}\n"),
                 "from 1 to 3660", DUE_LINE);
    pack_refused(DUE("    due: {promptly: true}\n"), "yardstick", DUE_LINE);
    pack_refused(DUE("    due: {promptly: true, within: 10s}\n"), "yardstick",
                 DUE_LINE);
    pack_refused(DUE("    due: {promptly: true, within: 400d}\n"), "yardstick",
                 DUE_LINE);
    pack_refused(DUE("    due: {promptly: false, within: 1d}\n"),
                 "only be true", DUE_LINE);
    pack_refused(DUE("    due: {standing: true}\n"), "by-hand", TRIGGER_LINE);
}

static void test_refused_rule(void **state)
{
    (void)state;
    pack_refused(ONE(""), "\"trigger\" is missing", 22);
    pack_refused(ONE("    trigger: allways\n"), "variable like", TRIGGER_LINE);
    pack_refused(ONE("    trigger: __personal_dat__\n"),
                 "did you mean __personal_data__?", TRIGGER_LINE);
    pack_refused(ONE("    trigger: __persons_count__ > 'x'\n"), "another type",
                 TRIGGER_LINE);
    pack_refused(ONE("    trigger: always\n    starts: later\n"),
                 "unknown starts", 31);
    pack_refused(ONE("    trigger: always\n    documnet: D04\n"),
                 "did you mean \"document\"?", 31);
    pack_refused(ONE("    trigger: always\n    document: D4\n"),
                 "named like D04", 31);
    pack_refused(ONE("    trigger: always\n    document: D04B\n"),
                 "named like D04", 31);
    pack_refused(ONE("    trigger: always\n    items: [caus]\n"),
                 "did you mean \"cause\"?", 31);
    pack_refused(ONE("    trigger: always\n    valid_to: 2022-03-31\n"),
                 "before valid_from", 31);
    pack_refused(ONE("    trigger: always\n    valid_to: 2022-3-31\n"),
                 "a date like", 31);
    /* What is to be confirmed is said, and only there. */
    pack_refused(ONE("    trigger: always\n"
                     "    to_confirm: {en: it, ja: それ}\n"),
                 "belongs to what is to be confirmed", 27);
    pack_refused(PACK_BODY "  - id: one\n    title: {en: only}\n",
                 "\"ja\" is missing", 23);
    pack_refused(PACK_BODY "  - one\n", "a rule is a mapping", 22);
}

/* Text before the rules, with one thing wrong. */
static void test_refused_pack(void **state)
{
    (void)state;
    pack_refused("- a\n", "must be a mapping", 1);
    pack_refused("id: JP\n", "small letters", 1);
    pack_refused("id: jp\nversion: 0\n", "from 1 to", 2);
    pack_refused("id: jp\nversion: 1\n", "\"checked\" is missing", 1);
    pack_refused("id: jp\nversion: 1\nchecked: now\n", "must be a mapping", 3);
    pack_refused("id: jp\nversion: 1\nchecked: {at: 2026-11-31, by: x}\n",
                 "a date like", 3);
    pack_refused(PACK_HEAD, "\"holidays\" is missing", 1);
    pack_refused(PACK_HEAD "holidais:\n", "did you mean \"holidays\"?", 4);
    pack_refused(PACK_HEAD PACK_HOLIDAYS, "\"rules\" is missing", 1);
    pack_refused(PACK_HEAD PACK_HOLIDAYS "rules: []\n", "not empty", 18);
    pack_refused(PACK_HEAD PACK_HOLIDAYS
                 "items:\n  - {id: a, text: {en: a, ja: 項}}\n"
                 "  - {id: a, text: {en: b, ja: 目}}\nrules: []\n",
                 "stands twice", 20);
    pack_refused("a: &x b\n", "anchor", 1);
}

/* One rule may change by law, but is never two things on one day. */
static void test_versions(void **state)
{
    struct hb_rulepack *p = pack_parse(
        PACK_BODY PACK_RULE("one") "    trigger: always\n"
                                   "    due: {hours: 1}\n"
                                   "    valid_to: 2026-12-31\n"
                                   "  - id: one\n"
                                   "    title: {en: A rule, ja: 規則}\n"
                                   "    law: {en: The act, ja: 法律}\n"
                                   "    addressee: {en: The office, ja: 役所}\n"
                                   "    when: {en: If so, ja: その場合}\n"
                                   "    certainty: to-confirm\n"
                                   "    to_confirm: {en: all of it, ja: 全部}\n"
                                   "    source: a book\n"
                                   "    trigger: by-hand\n"
                                   "    due: {hours: 2}\n"
                                   "    valid_from: 2027-01-01\n");

    (void)state;
    assert_null(hb_duty_find(p, "one", pack_day("2022-03-31")));
    assert_ptr_equal(hb_duty_find(p, "one", pack_day("2022-04-01")),
                     &p->rules[0]);
    assert_ptr_equal(hb_duty_find(p, "one", pack_day("2026-12-31")),
                     &p->rules[0]);
    assert_ptr_equal(hb_duty_find(p, "one", pack_day("2027-01-01")),
                     &p->rules[1]);
    assert_null(hb_duty_find(p, "two", pack_day("2027-01-01")));
    assert_int_equal(hb_duty_triggered(&p->rules[0], NULL, NULL), 1);
    assert_int_equal(hb_duty_triggered(&p->rules[1], NULL, NULL), 0);
    hb_rulepack_free(p);
    pack_refused(PACK_GOOD PACK_RULE("one") "    trigger: always\n"
                                            "    due: {hours: 1}\n",
                 "twice on the same day", 32);
}

static void test_age(void **state)
{
    struct hb_rulepack *p = pack_parse(PACK_GOOD);
    int64_t now = 0;

    (void)state;
    assert_int_equal(hb_day_begin(p->checked_at, HB_JST, &now), 0);
    assert_int_equal(hb_rulepack_age(p, now), 0);
    assert_int_equal(hb_rulepack_age_state(p, now), HB_PACK_FRESH);
    assert_int_equal(hb_rulepack_age_state(p, now - 1), HB_PACK_FUTURE);
    assert_int_equal(hb_rulepack_age(p, now + 180 * HB_DAY_NS), 180);
    assert_int_equal(hb_rulepack_age_state(p, now + 180 * HB_DAY_NS),
                     HB_PACK_FRESH);
    assert_int_equal(hb_rulepack_age_state(p, now + 181 * HB_DAY_NS),
                     HB_PACK_OLD);
    hb_rulepack_free(p);
}

/* ---- signature ---- */

struct file { /* a pack on disk */
    char dir[32], path[64], sig[80];
};

static void file_put(const struct file *f, const char *text)
{
    assert_int_equal(hb_file_write(f->path, text, strlen(text), 0600), 0);
}

static enum hb_pack_signature file_state(const struct file *f,
                                         const struct hb_pub *pub)
{
    struct hb_rulepack *p = NULL;
    struct hb_err err = {0};
    enum hb_pack_signature s;

    if (hb_rulepack_load(f->path, &rule_facts, pub, &p, &err) < 0)
        fail_msg("%s", err.message);
    s = p->signature;
    hb_rulepack_free(p);
    return s;
}

static void file_sign(const struct file *f, const struct hb_key *key)
{
    struct hb_rulepack *p = NULL;
    struct hb_err err = {0};

    assert_int_equal(hb_rulepack_load(f->path, &rule_facts, NULL, &p, &err), 0);
    assert_int_equal(hb_rulepack_sign(p, f->path, key, &err), 0);
    hb_rulepack_free(p);
}

static void test_signature(void **state)
{
    struct file f = {.dir = "/tmp/hb-rules-XXXXXX"};
    struct hb_key *key = NULL, *other = NULL;
    struct hb_pub *pub = NULL;
    char digest[65];
    uint8_t hash[32], sig[HB_SIG_SIZE];

    (void)state;
    assert_non_null(mkdtemp(f.dir));
    (void)snprintf(f.path, sizeof(f.path), "%s/jp.yaml", f.dir);
    (void)snprintf(f.sig, sizeof(f.sig), "%s.sig", f.path);
    assert_int_equal(hb_key_generate(&key), 0);
    assert_int_equal(hb_key_generate(&other), 0);
    assert_int_equal(hb_key_pub(key, &pub), 0);
    file_put(&f, PACK_GOOD);
    assert_int_equal(file_state(&f, pub), HB_PACK_UNSIGNED);
    file_sign(&f, key);
    assert_int_equal(file_state(&f, pub), HB_PACK_SIGNED);
    assert_int_equal(file_state(&f, NULL), HB_PACK_UNCHECKED);
    /* One byte more, which a reader would not see. */
    file_put(&f, PACK_GOOD "\n");
    assert_int_equal(file_state(&f, pub), HB_PACK_BAD);
    file_put(&f, PACK_GOOD);
    assert_int_equal(file_state(&f, pub), HB_PACK_SIGNED);
    file_sign(&f, other);
    assert_int_equal(file_state(&f, pub), HB_PACK_BAD);
    /* The right digest under another domain is not for us. */
    hb_sha256(PACK_GOOD, strlen(PACK_GOOD), hash);
    for (unsigned i = 0; i < 32; i++)
        (void)snprintf(digest + 2 * i, 3, "%02x", hash[i]);
    assert_int_equal(hb_sign(key, "manifest", hb_slice_z(digest), sig), 0);
    assert_int_equal(hb_file_write(f.sig, sig, sizeof(sig), 0600), 0);
    assert_int_equal(file_state(&f, pub), HB_PACK_BAD);
    assert_int_equal(hb_sign(key, HB_RULEPACK_DOMAIN, hb_slice_z(digest), sig),
                     0);
    assert_int_equal(hb_file_write(f.sig, sig, sizeof(sig), 0600), 0);
    assert_int_equal(file_state(&f, pub), HB_PACK_SIGNED);
    /* Cut, too long, empty. */
    assert_int_equal(hb_file_write(f.sig, sig, sizeof(sig) - 1, 0600), 0);
    assert_int_equal(file_state(&f, pub), HB_PACK_BAD);
    assert_int_equal(hb_file_write(f.sig, digest, 65, 0600), 0);
    assert_int_equal(file_state(&f, pub), HB_PACK_BAD);
    assert_int_equal(hb_file_write(f.sig, PACK_GOOD, 200, 0600), 0);
    assert_int_equal(file_state(&f, pub), HB_PACK_BAD);
    assert_int_equal(hb_file_write(f.sig, "", 0, 0600), 0);
    assert_int_equal(file_state(&f, NULL), HB_PACK_BAD);
    hb_key_free(key);
    hb_key_free(other);
    hb_pub_free(pub);
    assert_int_equal(hb_rmtree(AT_FDCWD, f.dir), 0);
}

static void test_no_file(void **state)
{
    struct hb_rulepack *p = NULL;
    struct hb_err err = {0};

    (void)state;
    assert_int_equal(
        hb_rulepack_load("/nonexistent", &rule_facts, NULL, &p, &err), -ENOENT);
    assert_string_equal(err.file, "/nonexistent");
    assert_null(p);
}

/* ---- the shipped pack ---- */

struct facts {         /* what is true, and the three that are no flags */
    const char *flags; /* "personal_data malicious" */
    int64_t persons;
    const char *kind, *malware;
    struct hb_value value;
};

static const struct hb_value *get(void *arg, const char *name)
{
    struct facts *f = arg;
    size_t n = strlen(name) - 4;
    const char *at = f->flags;

    f->value = (struct hb_value){HB_VAL_BOOLEAN, NULL, 0};
    if (hb_streq(name, "__persons_count__"))
        f->value = (struct hb_value){HB_VAL_INTEGER, NULL, f->persons};
    else if (hb_streq(name, "__organisation_kind__"))
        f->value = (struct hb_value){HB_VAL_STRING,
                                     f->kind != NULL ? f->kind : "company", 0};
    else if (hb_streq(name, "__malware_name__"))
        f->value = (struct hb_value){HB_VAL_STRING,
                                     f->malware != NULL ? f->malware : "", 0};
    for (; (at = strchr(at, name[2])) != NULL; at++) {
        if (strncmp(at, name + 2, n) == 0 && (at[n] == ' ' || at[n] == '\0') &&
            (at == f->flags || at[-1] == ' '))
            f->value.integer = 1;
    }
    return &f->value;
}

/* Rules whose name begins with PREFIX and that are proposed. */
static void proposes(struct hb_rulepack *p, struct facts f, const char *prefix,
                     const char *want)
{
    struct hb_buf b = HB_BUF_INIT;

    for (size_t i = 0; i < p->n; i++) {
        const struct hb_duty *r = &p->rules[i];
        int k = hb_duty_triggered(r, get, &f);

        assert_true(k == 0 || k == 1);
        if (k == 1 && strncmp(r->id, prefix, strlen(prefix)) == 0)
            hb_buf_addf(&b, "%s%s", b.n > 0 ? " " : "", r->id);
    }
    if (!hb_streq(hb_buf_z(&b), want))
        fail_msg("\"%s\" %lld %s: \"%s\", not \"%s\"", f.flags,
                 (long long)f.persons, f.kind != NULL ? f.kind : "company",
                 hb_buf_z(&b), want);
    hb_buf_done(&b);
}

#define PRIVATE           "ppc-preliminary ppc-final ppc-notice"
#define PRIVATE_MALICIOUS "ppc-preliminary ppc-final-malicious ppc-notice"
#define PUBLIC                                                                 \
    "ppc-public-preliminary "                                                  \
    "ppc-public-final ppc-public-notice"
#define PUBLIC_MALICIOUS                                                       \
    "ppc-public-preliminary ppc-public-final-malicious ppc-public-notice"

static void test_commission(void **state)
{
    static const struct {
        struct facts f;
        const char *want;
    } rows[] = {
        {{"", 5000, NULL}, ""},
        {{"personal_data", 1, NULL}, ""},
        {{"personal_data", 1000, NULL}, ""},
        {{"personal_data", 1001, NULL}, PRIVATE},
        {{"personal_data", 1001, "private-school"}, PRIVATE},
        {{"personal_data", 101, "public-hospital"}, ""},
        {{"personal_data", 1001, "public-hospital"}, PRIVATE},
        {{"personal_data sensitive_data", 1, NULL}, PRIVATE},
        {{"personal_data financial_harm_data", 1, NULL}, PRIVATE},
        {{"personal_data card_data", 1, NULL}, PRIVATE},
        {{"personal_data malicious", 1, NULL}, PRIVATE_MALICIOUS},
        {{"personal_data ransomware", 0, NULL}, PRIVATE_MALICIOUS},
        {{"personal_data malicious sensitive_data", 5000, NULL},
         PRIVATE_MALICIOUS},
        {{"malicious sensitive_data", 5000, NULL}, ""},
        {{"personal_data sensitive_data exempt_encryption", 1, NULL}, ""},
        /* The processor that told its client; a client alone changes
         * nothing. */
        {{"personal_data sensitive_data entrusted_by_client", 1, NULL},
         PRIVATE},
        {{"personal_data sensitive_data client_informed", 1, NULL}, PRIVATE},
        {{"personal_data sensitive_data entrusted_by_client client_informed", 1,
          NULL},
         ""},
        {{"personal_data public_body_extra_data", 1, NULL}, ""},
        /* Public bodies: 100, the fifth trigger, no exemption of
         * processors. */
        {{"personal_data", 100, "municipality"}, ""},
        {{"personal_data", 101, "municipality"}, PUBLIC},
        {{"personal_data", 100, "prefecture"}, ""},
        {{"personal_data", 101, "prefecture"}, PUBLIC},
        {{"personal_data malicious", 1, "prefecture"}, PUBLIC_MALICIOUS},
        {{"personal_data", 101, "board-of-education"}, PUBLIC},
        {{"personal_data", 101, "public-school"}, PUBLIC},
        {{"personal_data public_body_extra_data", 1, "municipality"}, PUBLIC},
        {{"personal_data malicious", 1, "public-school"}, PUBLIC_MALICIOUS},
        {{"personal_data sensitive_data entrusted_by_client client_informed", 1,
          "municipality"},
         PUBLIC},
        {{"personal_data sensitive_data exempt_encryption", 1, "municipality"},
         ""},
        /* Outside the act. */
        {{"personal_data malicious sensitive_data", 5000, "assembly"}, ""},
    };
    struct hb_rulepack *p = pack_shipped();

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        proposes(p, rows[i].f, "ppc-", rows[i].want);
    proposes(p, (struct facts){"personal_data", 1, "assembly"}, "assembly",
             "assembly-ordinance");
    proposes(p, (struct facts){"", 0, "assembly"}, "assembly", "");
    hb_rulepack_free(p);
}

static void test_others(void **state)
{
    static const struct {
        struct facts f;
        const char *prefix, *want;
    } rows[] = {
        {{"", 0, NULL}, "", "internal-leak-question"},
        {{"personal_data mynumber_data", 1, NULL},
         "mynumber-",
         "mynumber-preliminary mynumber-final mynumber-notice"},
        {{"personal_data mynumber_data malicious", 1, "municipality"},
         "mynumber-",
         "mynumber-preliminary mynumber-final-malicious mynumber-notice"},
        {{"personal_data", 5000, NULL}, "mynumber-", ""},
        {{"personal_data entrusted_by_client client_informed", 1, NULL},
         "client-notice",
         "client-notice"},
        {{"infringing_content", 0, NULL}, "sns-", "sns-takedown"},
        /* A list of names that somebody put up deceives nobody. */
        {{"infringing_content", 0, NULL}, "antiphishing", ""},
        {{"fake_account", 0, NULL}, "antiphishing", "antiphishing"},
        {{"fake_site", 0, NULL}, "antiphishing", "antiphishing"},
        {{"", 0, NULL}, "ipa-virus", ""},
        {{"", 0, NULL, "Emotet"}, "ipa-virus", "ipa-virus"},
        {{"ransomware", 0, NULL}, "ipa-virus", "ipa-virus"},
        {{"account_hijacked", 0, NULL}, "sns-", ""},
        {{"account_hijacked", 0, NULL},
         "account-s",
         "account-suspension account-suspension-followup"},
        {{"money_sent", 0, NULL}, "bank-", "bank-recall"},
        {{"money_sent", 0, NULL}, "account-f", "account-freeze"},
        {{"money_sent", 0, NULL}, "police", "police"},
        {{"insured", 0, NULL}, "cyber-", "cyber-insurer"},
        {{"listed_company", 0, NULL}, "tse-", "tse-disclosure"},
        {{"eu_persons", 0, NULL}, "gdpr-", ""},
        {{"eu_persons personal_data", 1, NULL}, "gdpr-", "gdpr-33"},
        {{"card_data", 0, NULL}, "pfi-", "pfi-card"},
        {{"ransomware", 0, NULL}, "ransomware-", "ransomware-common-form"},
        {{"ddos", 0, NULL}, "ddos-", "ddos-common-form"},
        {{"", 0, "public-school"}, "school-", "school-to-board"},
        {{"", 0, "municipality"}, "municipality-", "municipality-report-line"},
        {{"", 0, "municipality"}, "prefecture-", ""},
        {{"", 0, "prefecture"}, "prefecture-", "prefecture-report-line"},
        {{"", 0, "prefecture"}, "municipality-", ""},
        {{"personal_data", 1, "prefecture"}, "press-", "press-club"},
        /* Templates and comparisons are never proposed. */
        {{"personal_data eu_persons malicious", 9, NULL}, "contract", ""},
        {{"personal_data eu_persons malicious", 9, NULL}, "nis2", ""},
        {{"personal_data crime_suspected", 9, NULL}, "infrastructure-", ""},
        {{"", 0, "municipality"}, "local-", ""},
    };
    struct hb_rulepack *p = pack_shipped();

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        proposes(p, rows[i].f, rows[i].prefix, rows[i].want);
    hb_rulepack_free(p);
}

/* Each fact is used by a rule, or nobody would know why it is asked. */
static void test_facts(void **state)
{
    struct hb_rulepack *p = pack_shipped();

    (void)state;
    for (size_t i = 0; i < rule_facts.n; i++) {
        const struct hb_variable *v = &rule_facts.v[i];
        bool used = false;

        assert_true(hb_variable_name_valid(v->name));
        assert_true(v->doc[0] != NULL && v->doc[1] != NULL);
        for (size_t k = 0; k < p->n; k++)
            used |= p->rules[k].condition != NULL &&
                    strstr(p->rules[k].condition, v->name) != NULL;
        if (!used)
            fail_msg("no rule uses %s", v->name);
    }
    hb_rulepack_free(p);
}

/* The catalogue of the case book has each, of the same type. */
static void test_catalogue(void **state)
{
    const char *root = getenv("HB_SOURCE_ROOT");
    struct hb_casebook *b = NULL;
    struct hb_rulepack *p = NULL;
    struct hb_err err = {0};
    char path[512];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/casebook", root);
    assert_int_equal(hb_casebook_load(path, &b, &err), 0);
    for (size_t i = 0; i < rule_facts.n; i++) {
        const struct hb_variable *v =
            hb_variable_find(&b->fact_vars, rule_facts.v[i].name);

        if (v == NULL || v->value.type != rule_facts.v[i].value.type)
            fail_msg("the catalogue lacks %s", rule_facts.v[i].name);
    }
    (void)snprintf(path, sizeof(path), "%s/casebook/rules/jp.yaml", root);
    if (hb_rulepack_load(path, &b->fact_vars, NULL, &p, &err) < 0)
        fail_msg("%s", err.message);
    hb_rulepack_free(p);
    hb_casebook_free(b);
}

/* What stands as confirmed; everything else says what is to be checked. */
static void test_certainty(void **state)
{
    static const char want[] =
        "internal-leak-question ppc-notice police jpcert account-suspension "
        "account-suspension-followup bank-recall";
    struct hb_rulepack *p = pack_shipped();
    struct hb_buf b = HB_BUF_INIT;

    (void)state;
    for (size_t i = 0; i < p->n; i++) {
        const struct hb_duty *r = &p->rules[i];

        if (r->certainty == HB_CERTAINTY_CONFIRMED)
            hb_buf_addf(&b, "%s%s", b.n > 0 ? " " : "", r->id);
        assert_true(r->source[0] != '\0');
        assert_int_equal(r->certainty == HB_CERTAINTY_TO_CONFIRM,
                         r->to_confirm.in[HB_LANG_JA] != NULL);
    }
    assert_string_equal(hb_buf_z(&b), want);
    hb_buf_done(&b);
    hb_rulepack_free(p);
}

static void test_shipped_head(void **state)
{
    struct hb_rulepack *p = pack_shipped();

    (void)state;
    assert_string_equal(p->id, "jp");
    assert_int_equal(p->items_n, 9);
    assert_in_range(p->checked_at, pack_day("2026-11-30"),
                    pack_day("2099-12-31"));
    assert_int_equal(p->calendar.period.from, pack_day("1980-01-01"));
    assert_int_equal(p->calendar.period.to, pack_day("2099-12-31"));
    hb_rulepack_free(p);
}

static void test_words(void **state)
{
    static const struct {
        struct hb_due due;
        const char *want;
    } rows[] = {
        {{.kind = HB_DUE_HOURS, .n = 1}, "1 hour"},
        {{.kind = HB_DUE_HOURS, .n = 72, .target = 24},
         "72 hours, to aim at: 24 hours"},
        {{.kind = HB_DUE_DAYS, .n = 30, .count_first_day = true, .roll = true},
         "30 days; the day of the start is day 1; a last day on which offices "
         "are closed gives the next opening day"},
        {{.kind = HB_DUE_DAYS, .n = 7},
         "7 days; the day after the start is day 1"},
        {{.kind = HB_DUE_PROMPTLY, .within = 30 * 60 * HB_S},
         "promptly; our own yardstick: 30 minutes"},
        {{.kind = HB_DUE_PROMPTLY, .within = 24 * 3600 * HB_S},
         "promptly; our own yardstick: 24 hours"},
        {{.kind = HB_DUE_PROMPTLY, .within = 120 * 3600 * HB_S},
         "promptly; our own yardstick: 5 days"},
        {{.kind = HB_DUE_PROMPTLY, .within = 36 * 3600 * HB_S},
         "promptly; our own yardstick: 36 hours"},
        {{.kind = HB_DUE_STANDING}, "at all times; has no clock"},
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct hb_buf b = HB_BUF_INIT;

        hb_due_print(&b, &rows[i].due);
        assert_string_equal(hb_buf_z(&b), rows[i].want);
        hb_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_refused_due),
        cmocka_unit_test(test_refused_rule),
        cmocka_unit_test(test_refused_pack),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_commission),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_catalogue),
        cmocka_unit_test(test_certainty),
        cmocka_unit_test(test_shipped_head),
        cmocka_unit_test(test_words),
    };
    return hb_tap_run("casebook/rules", tests);
}
