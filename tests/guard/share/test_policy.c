/* SPDX-License-Identifier: Apache-2.0 */
/* What may be shared: each reason alone, then all combinations of them. */
#include "../../tap.h"
#include "base/i18n.h"
#include "guard/share/policy.h"

#define DAY (86400ll * 1000000000)

static const char *const blocked[] = {"rival.example"};
static const char *const known[] = {"partner.example", "rival.example",
                                    "mail.example"};
static const char *const freemail[] = {"mail.example"};
static const char *const approvers[] = {"suzuki", "sato"};
static const char *const plain[] = {"a@partner.example", "b@partner.example"};

struct world {
    struct hb_share_rules rules;
    struct hb_share_ask ask;
    const char *to[3];
};

static void calm(struct world *w)
{
    memset(w, 0, sizeof(*w));
    hb_share_rules_default(&w->rules);
    w->rules.freemail = (struct hb_share_domains){freemail, 1};
    w->rules.blocked = (struct hb_share_domains){blocked, 1};
    w->rules.known = (struct hb_share_domains){known, 3};
    w->rules.approve_unknown = true;
    w->rules.approvers = approvers;
    w->rules.approvers_n = 2;
    w->rules.recipients_max = 3;
    w->to[0] = plain[0];
    w->ask = (struct hb_share_ask){
        .owner = "sato",
        .life = 14 * DAY,
        .most = 5,
        .files = 1,
        .file_bytes = 1000,
        .bytes = 1000,
        .recipients = w->to,
        .recipients_n = 1,
    };
}

static void add_to(struct world *w, const char *address)
{
    w->to[w->ask.recipients_n++] = address;
}

/* One change each, and the reason it must give. */
static void change(struct world *w, enum hb_share_reason r)
{
    switch (r) {
    case HB_SHARE_TOO_LONG:
        w->ask.life = 90 * DAY + 1;
        break;
    case HB_SHARE_TOO_OFTEN:
        w->ask.most = 101;
        break;
    case HB_SHARE_TOO_MANY:
        w->rules.recipients_max = 0;
        break;
    case HB_SHARE_TOO_MANY_FILES:
        w->ask.files = 51;
        break;
    case HB_SHARE_TOO_LARGE:
        w->ask.file_bytes = w->rules.file_max + 1;
        break;
    case HB_SHARE_DOMAIN_BLOCKED:
        add_to(w, "x@sub.rival.example");
        break;
    case HB_SHARE_DOMAIN_NOT_ALLOWED:
        w->rules.allowed = (struct hb_share_domains){freemail, 1};
        break;
    case HB_SHARE_EXE_REFUSED:
        w->ask.executable = true;
        break;
    case HB_SHARE_OWN_APPROVAL:
        w->ask.approver = "SATO";
        break;
    case HB_SHARE_NO_APPROVER:
        w->ask.approver = "tanaka";
        break;
    case HB_SHARE_ALWAYS:
        w->rules.approve_all = true;
        break;
    case HB_SHARE_PERSONAL:
        w->ask.personal = 1;
        break;
    case HB_SHARE_FILE_UNREADABLE:
        w->ask.unreadable = true;
        break;
    case HB_SHARE_EXE_HELD:
        w->ask.executable = true;
        w->rules.executables = HB_SHARE_EXE_HOLD;
        break;
    case HB_SHARE_DOMAIN_UNKNOWN:
        w->to[0] = "a@unknown.example";
        break;
    case HB_SHARE_FREEMAIL:
        add_to(w, "a@mail.example");
        break;
    default:
        fail();
    }
}

static void test_each(void **state)
{
    struct hb_share_verdict v;
    struct world w;

    (void)state;
    calm(&w);
    hb_share_policy(&w.rules, &w.ask, &v);
    assert_int_equal(v.decision, HB_SHARE_ALLOW);
    assert_int_equal(v.reasons, 0);
    for (unsigned i = 0; i < HB_SHARE_REASONS; i++) {
        calm(&w);
        change(&w, i);
        hb_share_policy(&w.rules, &w.ask, &v);
        assert_int_equal(v.reasons, 1u << i);
        assert_int_equal(v.decision, i < HB_SHARE_REFUSALS ? HB_SHARE_REFUSE
                                     : i < HB_SHARE_APPROVALS
                                         ? HB_SHARE_APPROVAL
                                         : HB_SHARE_ALLOW);
        assert_true(hb_share_reason_text(i)[0] != '\0');
        assert_true(hb_share_reason_name(i)[0] != '\0');
    }
}

/* Two that cannot be at once: one approver, one rule for programs. */
static bool possible(uint32_t set)
{
    const uint32_t own = 1u << HB_SHARE_OWN_APPROVAL;
    const uint32_t no = 1u << HB_SHARE_NO_APPROVER;
    const uint32_t refused = 1u << HB_SHARE_EXE_REFUSED;
    const uint32_t held = 1u << HB_SHARE_EXE_HELD;

    return (set & (own | no)) != (own | no) &&
           (set & (refused | held)) != (refused | held);
}

/* All 2^15 sets of reasons, each without and with a third person's yes. */
static void test_all(void **state)
{
    unsigned seen[3] = {0}, tried = 0;

    (void)state;
    for (uint32_t set = 0; set < 1u << HB_SHARE_REASONS; set++) {
        for (int yes = 0; yes < 2; yes++) {
            enum hb_share_decision want = HB_SHARE_ALLOW;
            struct hb_share_verdict v;
            struct world w;

            if (!possible(set))
                continue;
            calm(&w);
            w.ask.approver = yes != 0 ? "suzuki" : NULL;
            for (unsigned i = 0; i < HB_SHARE_REASONS; i++)
                if ((set & 1u << i) != 0)
                    change(&w, i);
            if ((set & ((1u << HB_SHARE_APPROVALS) - 1)) != 0 &&
                w.ask.approver == NULL)
                want = HB_SHARE_APPROVAL;
            if ((set & ((1u << HB_SHARE_REFUSALS) - 1)) != 0)
                want = HB_SHARE_REFUSE;
            hb_share_policy(&w.rules, &w.ask, &v);
            assert_int_equal(v.reasons, set);
            assert_int_equal(v.decision, want);
            seen[want]++;
            tried++;
        }
    }
    print_message("# %u combinations: %u allowed, %u to approve, %u refused\n",
                  tried, seen[0], seen[1], seen[2]);
    assert_int_equal(tried, 2 * 9 * (1 << (HB_SHARE_REASONS - 4)));
    assert_true(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
}

static void test_bounds(void **state)
{
    struct hb_share_verdict v;
    struct world w;

    (void)state;
    calm(&w);
    w.ask.life = 90 * DAY;
    hb_share_policy(&w.rules, &w.ask, &v);
    assert_int_equal(v.decision, HB_SHARE_ALLOW);
    w.rules.days_max = 3650; /* no setting lifts 90 days */
    w.ask.life = 91 * DAY;
    hb_share_policy(&w.rules, &w.ask, &v);
    assert_int_equal(v.decision, HB_SHARE_REFUSE);
    w.ask.life = 0;
    hb_share_policy(&w.rules, &w.ask, &v);
    assert_int_equal(v.decision, HB_SHARE_REFUSE);
    calm(&w);
    w.ask.most = 0;
    hb_share_policy(&w.rules, &w.ask, &v);
    assert_int_equal(v.decision, HB_SHARE_REFUSE);
    calm(&w);
    w.ask.bytes = w.rules.share_max + 1;
    hb_share_policy(&w.rules, &w.ask, &v);
    assert_int_equal(v.reasons, 1u << HB_SHARE_TOO_LARGE);
    /* No list of approvers: anybody else, never the owner. */
    calm(&w);
    w.rules.approvers_n = 0;
    w.ask.personal = 3;
    w.ask.approver = "tanaka";
    hb_share_policy(&w.rules, &w.ask, &v);
    assert_int_equal(v.decision, HB_SHARE_ALLOW);
    w.ask.approver = "sato";
    hb_share_policy(&w.rules, &w.ask, &v);
    assert_int_equal(v.decision, HB_SHARE_REFUSE);
}

static void test_executable(void **state)
{
    (void)state;
    assert_true(hb_share_executable("a.exe", HB_SLICE("")));
    assert_true(hb_share_executable("見積書.pdf.EXE", HB_SLICE("")));
    assert_true(hb_share_executable("a.exe. .", HB_SLICE("")));
    assert_true(hb_share_executable("a.xlsm", HB_SLICE("PK\3\4")));
    assert_true(hb_share_executable("a.pdf", HB_SLICE("MZ\x90")));
    assert_true(hb_share_executable("a", HB_SLICE("\177ELF\2")));
    assert_true(hb_share_executable("a.txt", HB_SLICE("#!/bin/sh\n")));
    assert_true(hb_share_executable("a.jar\u3000. ", HB_SLICE("")));
    assert_true(hb_share_executable("a.exe:x", HB_SLICE("")));
    assert_true(hb_share_executable("a.txt:b.exe", HB_SLICE("")));
    assert_true(hb_share_executable("a.application", HB_SLICE("")));
    assert_true(hb_share_executable("a.rdp", HB_SLICE("")));
    assert_true(hb_share_executable("a.iqy", HB_SLICE("")));
    assert_true(hb_share_executable("a.settingcontent-ms", HB_SLICE("")));
    assert_false(hb_share_executable("9:30.txt", HB_SLICE("")));
    assert_false(hb_share_executable("a.pdf", HB_SLICE("%PDF-1.7")));
    assert_false(hb_share_executable("exe", HB_SLICE("")));
    assert_false(hb_share_executable("", HB_SLICE("")));
    assert_false(hb_share_executable("a.xlsx", HB_SLICE("PK\3\4")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_executable),
    };

    return hb_tap_run("guard_share/policy", tests);
}
