/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cacao.c - playbooks out as CACAO 2.0 and in again: nothing is lost,
 * the bytes are always the same, and what a stranger writes is refused where
 * it is not understood, not signed as it says, or does what no playbook may.
 */
#include "folder.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "casebook/cacao.h"

#define NOW  (1796040000 * (int64_t)HB_S) /* 2026-11-30 */
#define TIME "2026-11-30T12:00:00.000Z"
#define EXT  HB_CACAO_EXTENSION

/* One step of each type and each property that there is. */
/* clang-format off */
#define PEOPLE "    roles: [admin, officer]\n"
static const char all_types[] =
    HEAD
    START("ask")
    TASK("ask")
    "    rows: [G0-1, C02-R1]\n"
    "    modality: consider\n"
    "    evidence: [note, decision, document]\n"
    "    documents: [D01]\n"
    "    four_eyes: true\n"
    "    due: {clock: incident.known, within: 90m}\n"
    "    escalate: {after: 1500ms, to: manager}\n"
    "    delay: 90s\n"
    "    timeout: 2d\n"
    "    answer: __kind__\n"
    "    on_success: fix\n"
    "    on_failure: by-hand\n"
    TASK("by-hand")
    "    next: fix\n"
    "  - id: fix\n    type: action\n" TITLE
    "    action: site.private\n"
    "    args: {site: __kind__, retry_after: \"36 'x' \\\" \\\\ \"}\n"
    "    danger: 3\n"
    "    reflex: true\n"
    "    undo: unfix\n"
    PEOPLE
    "    next: branch\n"
    "  - id: unfix\n    type: action\n" TITLE
    "    action: site.public\n"
    "    text: {en: \"two\\nlines: # and \\u202e\", ja: 二行}\n"
    "  - id: branch\n    type: if\n" TITLE
    "    condition: NOT (__ok__ AND __kind__ IN ('a', 'it''s \\ so'))"
    " OR __n__ > 3\n"
    "    on_true: t-end\n"
    "    on_false: f-end\n"
    "    next: again\n"
    "  - {id: t-end, type: end, phase: report-publish,"
    " title: {en: The end, ja: 終わり}}\n"
    END("f-end")
    "  - id: again\n    type: while\n" TITLE
    "    condition: __n__ != 7\n"
    "    rounds: 12\n"
    "    on_true: w-end\n"
    "    next: choose\n"
    END("w-end")
    "  - id: choose\n    type: switch\n" TITLE
    "    subject: __kind__\n"
    "    cases: {\"z z\": z-end, default: d-end, \"改ざん\": j-end, a: a-end}\n"
    "    next: both\n"
    END("z-end") END("d-end") END("j-end") END("a-end")
    "  - id: both\n    type: parallel\n" TITLE
    "    branches: [two-end, one-end]\n"
    "    next: alone\n"
    END("one-end") END("two-end")
    "  - id: alone\n    type: parallel\n" TITLE
    "    branches: [alone-end]\n"
    "    next: call\n"
    END("alone-end")
    "  - id: call\n    type: playbook\n" TITLE
    "    playbook: other\n"
    "    timeout: 1h\n"
    "    next: finish\n"
    "    on_failure: finish\n"
    END("finish")
    TASK("rescue")
    "    next: rescue-end\n"
    END("rescue-end")
    "exception: rescue\n";

static const char small[] =
    HEAD
    START("look")
    TASK("look")
    "    rows: [C02-R1]\n"
    "    next: finish\n"
    END("finish");

/* What somebody else wrote: one task of a group, in one language. */
static const char foreign[] =
    "{\"type\": \"playbook\", \"spec_version\": \"cacao-2.0\",\n"
    " \"id\": \"playbook--11111111-1111-4111-8111-11111111111A\",\n"
    " \"name\": \"Look\", \"description\": \"for others\",\n"
    " \"created_by\": \"identity--11111111-1111-4111-8111-111111111111\",\n"
    " \"created\": \"" TIME "\", \"modified\": \"" TIME "\",\n"
    " \"labels\": [\"x\"],\n"
    " \"playbook_variables\": {\"__host__\": {\"type\": \"ipv4-addr\","
    " \"value\": \"192.0.2.1\", \"description\": \"an address\"}},\n"
    " \"workflow_start\": \"start--11111111-1111-4111-8111-111111111111\",\n"
    " \"workflow\": {\n"
    "  \"start--11111111-1111-4111-8111-111111111111\": {\"type\": \"start\",\n"
    "   \"on_completion\": \"action--11111111-1111-4111-8111-111111111111\"},\n"
    "  \"action--11111111-1111-4111-8111-111111111111\": {"
    "\"type\": \"action\",\n"
    "   \"name\": \"Ask\", \"commands\": [{\"type\": \"manual\",\n"
    "   \"command\": \"Look at __host__:value\"}], \"timeout\": 90000,\n"
    "   \"agent\": \"group--11111111-1111-4111-8111-111111111111\",\n"
    "   \"on_completion\": \"end--11111111-1111-4111-8111-111111111111\"},\n"
    "  \"end--11111111-1111-4111-8111-111111111111\": {\"type\": \"end\"}},\n"
    " \"agent_definitions\": {\n"
    "  \"group--11111111-1111-4111-8111-111111111111\":\n"
    "   {\"type\": \"group\", \"name\": \"IR \\\"team\\\"\\nroot: x\"}}}\n";
/* clang-format on */

static const char other_case[] = "number: 3\n"
                                 "id: other\n"
                                 "title: {en: B thing, ja: 別件}\n"
                                 "story: {en: It happens, ja: 起きます}\n"
                                 "who: {en: Everybody, ja: 全員}\n"
                                 "maturity: not-yet\n";

static const char other_playbook[] = "id: other\n"
                                     "title: {en: Another, ja: 別}\n"
                                     "steps:\n" START("finish") END("finish");

static const char document[] = "id: D01\n"
                               "title: {en: Report, ja: 報告}\n"
                               "to: {en: All, ja: 全員}\n"
                               "sections:\n"
                               "  - title: {en: T, ja: 経過}\n"
                               "    kind: timeline\n";

/* A case book, an arena and what an import says. */
struct world {
    struct folder f;
    struct hb_casebook *book;
    struct hb_arena *a;
    struct hb_cacao_import how;
    struct hb_cacao_imported got;
    struct hb_err err;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    folder_open(&w->f);
    folder_mkdir(&w->f, "03-other");
    folder_put(&w->f, "03-other/case.yaml", other_case);
    folder_put(&w->f, "03-other/playbook.yaml", other_playbook);
    folder_put(&w->f, "02-thing/documents/D01.yaml", document);
    w->a = hb_arena_new(0);
    w->how.now = NOW;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    hb_arena_free(w->a);
    hb_casebook_free(w->book);
    folder_close(&w->f);
    free(w);
    return 0;
}

/* Loads the case book with TEXT as playbook of case 2. */
static const struct hb_playbook *playbook(struct world *w, const char *text)
{
    folder_put(&w->f, "02-thing/playbook.yaml", text);
    hb_casebook_free(w->book);
    w->book = folder_load(&w->f);
    w->how.book = w->book;
    return hb_case_find(w->book, 2)->playbook;
}

static const char *exported(struct world *w, const struct hb_playbook *p,
                            const struct hb_cacao_signer *signer)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_err err = {0};
    const char *z;

    if (hb_cacao_export(&b, p, NOW, signer, &err) < 0)
        fail_msg("%s", err.message);
    z = hb_arena_strdup(w->a, hb_buf_z(&b));
    hb_buf_done(&b);
    return z;
}

static int import(struct world *w, const char *json)
{
    memset(&w->err, 0, sizeof(w->err));
    memset(&w->got, 0, sizeof(w->got));
    return hb_cacao_import(w->a, hb_slice_z(json), &w->how, &w->got, &w->err);
}

static void imported(struct world *w, const char *json)
{
    if (import(w, json) < 0)
        fail_msg("refused: %s", w->err.message);
}

static void refused(struct world *w, const char *json, const char *words)
{
    int r = import(w, json);

    if (r >= 0 || strstr(w->err.message, words) == NULL)
        fail_msg("expected \"%s\", got %d \"%s\"", words, r, w->err.message);
    assert_null(w->got.playbook);
    assert_null(w->got.yaml.p);
}

/* TEXT with the first OLD replaced by NEW; there must be one. */
static const char *edit(struct world *w, const char *text, const char *old,
                        const char *new)
{
    const char *at = strstr(text, old);

    if (at == NULL)
        fail_msg("no \"%s\" in \"%s\"", old, text);
    return hb_arena_printf(w->a, "%.*s%s%s", (int)(at - text), text, new,
                           at + strlen(old));
}

/* ---- nothing is lost ---- */

static void same_str(const char *a, const char *b)
{
    if ((a == NULL) != (b == NULL) || (a != NULL && !hb_streq(a, b)))
        fail_msg("\"%s\" became \"%s\"", a != NULL ? a : "(none)",
                 b != NULL ? b : "(none)");
}

static void same_text(const struct hb_text *a, const struct hb_text *b)
{
    for (unsigned l = 0; l < HB_LANG_COUNT; l++)
        same_str(a->in[l], b->in[l]);
}

static void same_link(const struct hb_step *a, const struct hb_step *b)
{
    same_str(a != NULL ? a->id : NULL, b != NULL ? b->id : NULL);
}

static void same_variable(const struct hb_variable *a,
                          const struct hb_variable *b)
{
    same_str(a->name, b->name);
    assert_int_equal(a->value.type, b->value.type);
    assert_int_equal(a->value.integer, b->value.integer);
    same_str(a->value.str, b->value.str);
    assert_int_equal(a->constant, b->constant);
    for (unsigned l = 0; l < HB_LANG_COUNT; l++)
        same_str(a->doc[l], b->doc[l]);
}

/* Where a failure has a way of its own, next and on_success are the same. */
static const struct hb_step *good_way(const struct hb_step *s)
{
    return s->on_failure != NULL && s->next != NULL ? s->next : s->on_success;
}

static void same_people(const struct hb_step *a, const struct hb_step *b)
{
    assert_int_equal(a->roles, b->roles);
    assert_int_equal(a->due, b->due);
    assert_int_equal(a->clock, b->clock);
    assert_int_equal(a->escalate_after, b->escalate_after);
    assert_int_equal(a->escalate_to, b->escalate_to);
    assert_int_equal(a->four_eyes, b->four_eyes);
    assert_int_equal(a->evidence, b->evidence);
    assert_int_equal(a->modality, b->modality);
    assert_int_equal(a->documents_n, b->documents_n);
    for (size_t i = 0; i < a->documents_n; i++)
        assert_ptr_equal(a->documents[i], b->documents[i]);
    same_str(a->answer != NULL ? a->answer->name : NULL,
             b->answer != NULL ? b->answer->name : NULL);
}

static void same_machine(const struct hb_step *a, const struct hb_step *b)
{
    assert_ptr_equal(a->action, b->action);
    assert_int_equal(a->danger, b->danger);
    assert_int_equal(a->reflex, b->reflex);
    same_link(a->undo, b->undo);
    assert_int_equal(a->args_n, b->args_n);
    for (size_t i = 0; i < a->args_n; i++) {
        same_str(a->args[i].name, b->args[i].name);
        same_str(a->args[i].text, b->args[i].text);
        assert_int_equal(a->args[i].var != NULL, b->args[i].var != NULL);
    }
}

static void same_flow(const struct hb_step *a, const struct hb_step *b)
{
    same_str(a->condition, b->condition);
    assert_int_equal(a->cond != NULL, b->cond != NULL);
    same_str(a->subject != NULL ? a->subject->name : NULL,
             b->subject != NULL ? b->subject->name : NULL);
    if (a->on_failure == NULL)
        same_link(a->next, b->next);
    same_link(good_way(a), good_way(b));
    same_link(a->on_failure, b->on_failure);
    same_link(a->on_true, b->on_true);
    same_link(a->on_false, b->on_false);
    assert_int_equal(a->cases_n, b->cases_n);
    for (size_t i = 0; i < a->cases_n; i++) {
        same_str(a->cases[i].value, b->cases[i].value);
        same_link(a->cases[i].next, b->cases[i].next);
    }
    assert_int_equal(a->branches_n, b->branches_n);
    for (size_t i = 0; i < a->branches_n; i++)
        same_link(a->branches[i], b->branches[i]);
    assert_int_equal(a->rounds, b->rounds);
    assert_ptr_equal(a->playbook, b->playbook);
    assert_int_equal(a->timeout, b->timeout);
    assert_int_equal(a->delay, b->delay);
}

static void same_playbook(const struct hb_playbook *a,
                          const struct hb_playbook *b)
{
    same_str(a->id, b->id);
    same_text(&a->title, &b->title);
    assert_int_equal(a->variables.n, b->variables.n);
    for (size_t i = 0; i < a->variables.n; i++)
        same_variable(&a->variables.v[i], &b->variables.v[i]);
    same_link(a->start, b->start);
    same_link(a->exception, b->exception);
    assert_int_equal(a->steps_n, b->steps_n);
    for (size_t i = 0; i < a->steps_n; i++) {
        const struct hb_step *s = &a->steps[i], *t = &b->steps[i];

        same_str(s->id, t->id);
        assert_int_equal(s->type, t->type);
        assert_int_equal(s->phase, t->phase);
        same_text(&s->title, &t->title);
        same_text(&s->text, &t->text);
        assert_int_equal(s->rows.n, t->rows.n);
        for (size_t k = 0; k < s->rows.n; k++)
            assert_ptr_equal(s->rows.v[k], t->rows.v[k]);
        same_machine(s, t);
        same_people(s, t);
        same_flow(s, t);
    }
}

/* Out, in, compared, and out again to the very same bytes. */
static void round_trip(struct world *w, const struct hb_playbook *p)
{
    const char *json = exported(w, p, NULL);

    imported(w, json);
    assert_false(w->got.draft);
    assert_int_equal(w->got.left_out_n, 0);
    assert_int_equal(w->got.sig, HB_CACAO_UNSIGNED);
    assert_ptr_equal(w->got.owner, p->owner);
    assert_string_equal(w->got.id, p->id);
    same_playbook(p, w->got.playbook);
    assert_string_equal(exported(w, w->got.playbook, NULL), json);
}

static void test_case_book(void **state)
{
    struct world *w = *state;
    const char *root = getenv("HB_SOURCE_ROOT");
    char path[HB_MAX_PATH];
    unsigned n = 0;

    assert_non_null(root);
    (void)snprintf(path, sizeof(path), "%s/casebook", root);
    assert_int_equal(hb_casebook_load(path, &w->book, &w->err), 0);
    w->how.book = w->book;
    for (; n < w->book->playbooks_n; n++)
        round_trip(w, w->book->playbooks[n]);
    assert_true(n > 0);
}

/* The YAML that comes out of it is taken by the loader as it is. */
static void test_every_property(void **state)
{
    struct world *w = *state;
    const char *json;
    const struct hb_playbook *p = playbook(w, all_types);

    round_trip(w, p);
    json = exported(w, p, NULL);
    p = playbook(w, hb_arena_dup(w->a, w->got.yaml.p, w->got.yaml.n));
    assert_string_equal(exported(w, p, NULL), json);
}

/* ---- the same bytes for ever ---- */

static void test_bytes(void **state)
{
    struct world *w = *state;
    const struct hb_playbook *p = playbook(w, small);
    const char *json = exported(w, p, NULL), *again;
    uint8_t digest[HB_SHA256_SIZE];
    char id[HB_CACAO_ID_SIZE], hex[65];

    /* Python: uuid5(UUID("e21194a4-51fa-4947-8f7a-0a829f92c980"), ...). */
    assert_int_equal(hb_cacao_id(p, id), 0);
    assert_string_equal(id, "playbook--50f147bf-8a98-5664-aa56-f7f31df03822");
    assert_non_null(
        strstr(json, "action--6e26416b-7dfe-50a4-a1f2-f3b2dbd3bac0"));
    assert_string_equal(
        EXT, "extension-definition--9840045f-6a6f-53e3-85f6-5ce0bfb4024d");
    /* Whatever the language of whoever exports. */
    hb_i18n_use(HB_LANG_JA);
    again = exported(w, p, NULL);
    hb_i18n_use(HB_LANG_EN);
    assert_string_equal(again, json);
    hb_sha256(json, strlen(json), digest);
    hb_hex(digest, sizeof(digest), hex);
    assert_string_equal(
        hex,
        "a0c98073e2ba422a019ccc57702917cea37849de2167c221434be593167c5fde");
}

static void test_versions(void **state)
{
    struct world *w = *state;
    const struct hb_playbook *p = playbook(w, small);
    struct hb_buf b = HB_BUF_INIT;

    assert_int_equal(hb_cacao_export(&b, p, 0, NULL, NULL), 0);
    assert_non_null(strstr(b.p, "\"modified\":\"2026-11-01T00:00:00.000Z\""));
    hb_buf_reset(&b);
    assert_int_equal(hb_cacao_export(&b, p, NOW, NULL, NULL), 0);
    assert_non_null(strstr(b.p, "\"modified\":\"" TIME "\""));
    hb_buf_done(&b);
}

/* ---- signatures ---- */

struct keys {
    struct hb_key *key, *other;
    struct hb_pub *pub, *other_pub;
    const struct hb_pub *trust[1];
};

static void keys_open(struct keys *k)
{
    assert_int_equal(hb_key_generate(&k->key), 0);
    assert_int_equal(hb_key_generate(&k->other), 0);
    assert_int_equal(hb_key_pub(k->key, &k->pub), 0);
    assert_int_equal(hb_key_pub(k->other, &k->other_pub), 0);
    k->trust[0] = k->pub;
}

static void keys_close(struct keys *k)
{
    hb_key_free(k->key);
    hb_key_free(k->other);
    hb_pub_free(k->pub);
    hb_pub_free(k->other_pub);
}

static void test_signed(void **state)
{
    struct world *w = *state;
    const struct hb_playbook *p = playbook(w, all_types);
    struct keys k;
    struct hb_cacao_signer s;
    const char *json, *plain = exported(w, p, NULL);
    char id[17];

    keys_open(&k);
    s = (struct hb_cacao_signer){k.key, "市役所", NOW};
    json = exported(w, p, &s);
    imported(w, json);
    assert_int_equal(w->got.sig, HB_CACAO_GOOD);
    assert_string_equal(w->got.signee, "市役所");
    hb_pub_id(k.pub, id);
    assert_string_equal(w->got.key, id);
    w->how.trust = k.trust;
    w->how.trust_n = 1;
    w->how.must = true;
    imported(w, json);
    assert_int_equal(w->got.sig, HB_CACAO_TRUSTED);
    assert_string_equal(exported(w, w->got.playbook, NULL), plain);
    /* Whitespace and the order of members are none of its business. */
    imported(w, edit(w, json, "{\"agent_definitions\":",
                     "{ \n \"agent_definitions\" : "));
    assert_int_equal(w->got.sig, HB_CACAO_TRUSTED);

    refused(w, plain, "it is not signed");
    k.trust[0] = k.other_pub;
    refused(w, json, "no signature is by the trusted key");
    w->how.must = false;
    imported(w, json);
    assert_int_equal(w->got.sig, HB_CACAO_GOOD);
    keys_close(&k);
}

static void test_signature_is_bad(void **state)
{
    struct world *w = *state;
    const struct hb_playbook *p = playbook(w, small);
    static const char broken[] = "the signature does not hold";
    struct keys k;
    struct hb_cacao_signer s;
    const char *json;
    char *z, *at;

    keys_open(&k);
    s = (struct hb_cacao_signer){k.key, "City", NOW};
    json = exported(w, p, &s);
    refused(w, edit(w, json, "\"name\":\"Response\"", "\"name\":\"response\""),
            broken);
    refused(w, edit(w, json, "\"signee\":\"City\"", "\"signee\":\"Town\""),
            broken);
    refused(w, edit(w, json, "\"value\":\"", "\"value\":\"A"), broken);
    refused(w, edit(w, json, "\"value\":\"", "\"valu\":\""), broken);
    refused(w,
            edit(w, json, "\"type\":\"playbook\"",
                 "\"type\":\"playbook\",\"priority\":1"),
            broken);
    /* Another key in the same place, and one that is none. */
    z = hb_arena_strdup(w->a, json);
    at = strstr(z, "\"public_key\":\"") + 40;
    *at = *at == 'A' ? 'B' : 'A';
    refused(w, z, "signature");
    refused(w, edit(w, json, "\"public_key\":\"MCow", "\"public_key\":\"MCox"),
            "is no Ed25519 key");
    refused(w,
            edit(w, json, "\"related_version\":\"2026",
                 "\"related_version\":\"2025"),
            "of another version");
    refused(w,
            edit(w, json, "\"related_to\":\"playbook--",
                 "\"related_to\":\"playbook-"),
            "of another playbook");
    refused(w, edit(w, json, "\"signee\":", "\"revoked\":true,\"signee\":"),
            "revoked");
    refused(w, edit(w, json, "\"signee\":", "\"revoked\":\"no\",\"signee\":"),
            "revoked");
    refused(w,
            edit(w, json, "\"signee\":",
                 "\"valid_until\":\"2026-11-30T11:59:59.000Z\",\"signee\":"),
            "no longer valid");
    refused(w,
            edit(w, json, "\"signee\":",
                 "\"valid_from\":\"2026-11-30T12:00:01.000Z\",\"signee\":"),
            "not valid yet");
    refused(w, edit(w, json, "\"signee\":", "\"valid_from\":1,\"signee\":"),
            "a time that is none");
    refused(w,
            edit(w, json, "\"signee\":",
                 "\"valid_until\":\"2337-01-01T00:00:00.000Z\",\"signee\":"),
            broken);
    refused(w, edit(w, json, "\"type\":\"jss\"", "\"type\":\"jws\""),
            "another type than \"jss\"");
    refused(w,
            edit(w, json, "\"type\":\"playbook\"",
                 "\"type\":\"playbook\",\"impact\":1.5"),
            "no whole number");
    keys_close(&k);
}

/* What cannot be checked counts as nothing, and a second one is checked. */
static void test_signature_of_others(void **state)
{
    struct world *w = *state;
    const struct hb_playbook *p = playbook(w, small);
    struct keys k;
    struct hb_cacao_signer s;
    const char *json, *at;

    keys_open(&k);
    s = (struct hb_cacao_signer){k.key, "City", NOW};
    json = exported(w, p, &s);
    imported(w, edit(w, json, "\"algorithm\":\"Ed25519\"",
                     "\"algorithm\":\"RS256\""));
    assert_int_equal(w->got.sig, HB_CACAO_UNCHECKED);
    assert_null(w->got.signee);
    w->how.trust = k.trust;
    w->how.trust_n = 1;
    w->how.must = true;
    refused(
        w,
        edit(w, json, "\"algorithm\":\"Ed25519\"", "\"algorithm\":\"RS256\""),
        "no signature is by the trusted key");
    /* Twice the same signature: each alone is looked at. */
    at = strstr(json, "\"signatures\":[") + 14;
    imported(w, edit(w, json, "\"signatures\":[",
                     hb_arena_printf(w->a, "\"signatures\":[%.*s,",
                                     (int)(strstr(at, "}]") + 1 - at), at)));
    assert_int_equal(w->got.sig, HB_CACAO_TRUSTED);
    refused(w, edit(w, json, "\"signatures\":[", "\"signatures\":[1,"),
            "another type than");
    refused(w,
            edit(w, exported(w, p, NULL), "\"type\":\"playbook\"",
                 "\"type\":\"playbook\",\"signatures\":[]"),
            "must be a list");
    keys_close(&k);
}

/* ---- what others write ---- */

static void test_draft(void **state)
{
    struct world *w = *state;
    const char *yaml;

    (void)playbook(w, small);
    imported(w, foreign);
    assert_true(w->got.draft);
    assert_null(w->got.owner);
    assert_int_equal(w->got.steps, 3);
    assert_int_equal(w->got.open.texts, 4); /* title, doc, task's two */
    assert_int_equal(w->got.open.phases, 1);
    assert_int_equal(w->got.open.roles, 1);
    assert_int_equal(w->got.left_out_n, 3);
    assert_string_equal(w->got.left_out[0], "description");
    yaml = hb_arena_dup(w->a, w->got.yaml.p, w->got.yaml.n);
    assert_non_null(strstr(yaml, "#   labels\n"));
    assert_non_null(strstr(yaml, "timeout: 90s\n"));
    /* A name cannot end its comment. */
    assert_non_null(strstr(yaml, "\"IR \\\"team\\\"\\nroot: x\"\n"));
    /* As it is nobody takes it, and nothing was made up. */
    folder_put(&w->f, "02-thing/playbook.yaml", yaml);
    folder_refused(&w->f, "\"ja\" is missing here", "playbook.yaml", 0);
    assert_null(strstr(yaml, "officer"));
    assert_null(strstr(yaml, "未訳"));

    while (strstr(yaml, "# ja: not translated yet") != NULL)
        yaml = edit(w, yaml, "# ja: not translated yet", "ja: 調べる");
    folder_put(&w->f, "02-thing/playbook.yaml", yaml);
    folder_refused(&w->f, "\"phase\" is missing here", "playbook.yaml", 0);
    yaml = edit(w, yaml, "# phase: choose one", "phase: detect-contain");
    folder_put(&w->f, "02-thing/playbook.yaml", yaml);
    folder_refused(&w->f, "names no role", "playbook.yaml", 0);
    yaml = edit(w, yaml,
                "# roles: choose; in the CACAO file:", "roles: [admin] #");
    (void)playbook(w, yaml);
    assert_string_equal(
        hb_case_find(w->book, 2)->playbook->steps[1].text.in[HB_LANG_EN],
        "Look at __host__:value");
}

static void test_japanese_draft(void **state)
{
    struct world *w = *state;
    const char *yaml;

    (void)playbook(w, small);
    imported(w, edit(w, foreign, "Look at __host__:value", "機器を調べる"));
    yaml = hb_arena_dup(w->a, w->got.yaml.p, w->got.yaml.n);
    assert_non_null(strstr(yaml, "    text:\n"
                                 "      # en: not translated yet\n"
                                 "      ja: \"機器を調べる\"\n"));
}

/* One of ours, edited by others: only what is new is open. */
static void test_edited(void **state)
{
    struct world *w = *state;
    const struct hb_playbook *p = playbook(w, small);
    /* clang-format off */
    static const char to_end[] =
        "\"on_completion\":\"end--33d53eaa-17d0-5f75-bbad-ec965691a513\","
        "\"step_ext";
    static const char to_new[] =
        "\"on_completion\":\"action--22222222-2222-4222-8222-222222222222\","
        "\"step_ext";
    static const char added[] =
        "\"workflow\":{\"action--22222222-2222-4222-8222-222222222222\":{"
        "\"type\":\"action\",\"name\":\"New\",\"commands\":[{"
        "\"type\":\"manual\",\"command_b64\":\"44GC\"}],"
        "\"agent\":\"group--3ed91947-38d4-5bb1-b0f9-151b795967cf\","
        "\"on_completion\":\"end--33d53eaa-17d0-5f75-bbad-ec965691a513\"},";
    /* clang-format on */
    const char *json = exported(w, p, NULL);

    json = edit(w, json, to_end, to_new);
    imported(w, edit(w, json, "\"workflow\":{", added));
    assert_true(w->got.draft);
    assert_ptr_equal(w->got.owner, p->owner);
    assert_int_equal(w->got.open.texts, 2);
    assert_int_equal(w->got.open.phases, 1);
    assert_int_equal(w->got.open.roles, 1);
    assert_string_equal(w->got.playbook->steps[3].text.in[HB_LANG_JA], "あ");
}

/* ---- refused ---- */

struct change {
    const char *old, *new, *words;
};

static void test_refused(void **state)
{
    struct world *w = *state;
    /* clang-format off */
    static const struct change rows[] = {
        {"\"type\": \"playbook\"", "\"type\": \"bundle\"", "no CACAO playbook"},
        {"cacao-2.0", "cacao-1.1", "only CACAO 2.0"},
        {"\"playbook--1", "\"playbook-1", "must be playbook--UUID"},
        {"-4111-8111-11111111111A", "-9111-8111-11111111111A",
         "must be playbook--UUID"},
        {"\"labels\"", "\"revoked\": true, \"labels\"", "revoked"},
        {"\"labels\"", "\"lables\"", "did you mean \"labels\""},
        {"\"labels\": [\"x\"]", "\"labels\": \"x\"",
         "\"labels\" is of the wrong type"},
        /* Commands: what no playbook may. */
        {"\"type\": \"manual\"", "\"type\": \"bash\"",
         "step action--11111111-1111-4111-8111-111111111111: "
         "its command of type \"bash\" is refused"},
        {"\"type\": \"manual\"", "\"type\": \"ssh\"", "\"ssh\" is refused"},
        {"\"type\": \"manual\"", "\"type\": \"powershell\"",
         "\"powershell\" is refused"},
        {"\"type\": \"manual\"", "\"type\": \"http-api\"",
         "\"http-api\" is refused"},
        {"\"type\": \"manual\"", "\"type\": \"openc2-http\"",
         "\"openc2-http\" is refused"},
        {"[{\"type\": \"manual\"",
         "[{\"type\": \"manual\", \"command\": \"a\"}, {\"type\": \"sigma\"",
         "\"sigma\" is refused"},
        {"\"type\": \"manual\"", "\"type\": \"\\u001b[1m\"",
         "\"\\x1b[1m\" is refused"},
        {"\"type\": \"manual\"", "\"kind\": \"manual\"", "has no type"},
        {"\"command\": \"Look at __host__:value\"", "\"x\": 1",
         "a command of it is empty"},
        {"\"command\": \"Look at __host__:value\"",
         "\"command_b64\": \"//8=\"", "\"command_b64\" holds no text"},
        {"\"commands\": [{\"type\": \"manual\",\n   \"command\": \"Look at"
         " __host__:value\"}], ", "", "it has no commands"},
        {"\"type\": \"manual\",\n   \"command\": \"Look at __host__:value\"",
         "\"type\": \"hinoban-action\", \"command\": \"site.scan\"",
         "its agent group--"},
        /* Agents. */
        {"   \"agent\": \"group--11111111-1111-4111-8111-111111111111\",\n",
         "", "it names no agent"},
        {"\"agent\": \"group--1", "\"agent\": \"group--2", "is not defined"},
        {"{\"type\": \"group\"", "{\"type\": \"linux\"",
         "is of type \"linux\""},
        /* Steps: unknown types are refused and never passed by. */
        {"{\"type\": \"start\"", "{\"type\": \"single\"",
         "unknown type of step \"single\""},
        {"{\"type\": \"end\"}", "{\"name\": \"end\"}", "it has no type"},
        {"{\"type\": \"end\"}", "{\"type\": \"start\"}",
         "its id must be its type and a UUID"},
        {"{\"type\": \"end\"}", "{\"type\": \"end\", \"timeout\": 5}",
         "\"timeout\" has no place"},
        {"\"timeout\": 90000", "\"timeout\": -1", "\"timeout\" is negative"},
        {"\"timeout\": 90000", "\"timeout\": 9007199254740991",
         "\"timeout\" must be a time"},
        {"\"timeout\": 90000", "\"timeout\": \"90\"",
         "\"timeout\" is of the wrong type"},
        {"\"timeout\": 90000", "\"on_failre\": \"x\"",
         "did you mean \"on_failure\""},
        {"\"timeout\": 90000",
         "\"on_failure\": \"end--11111111-1111-4111-8111-111111111111\"",
         "exclude each other"},
        {"\"on_completion\": \"end--1", "\"on_completion\": \"end--2",
         "step action--11111111-1111-4111-8111-111111111111: it leads to the "
         "step end--21111111-1111-4111-8111-111111111111, which is not there"},
        {"\"workflow_start\": \"start--1", "\"workflow_start\": \"start--2",
         "workflow_start leads to the step start--2"},
        {"\"workflow_start\": \"start", "\"workflow_start\": \"action",
         "which is no start step"},
        {"\"workflow\": {\n", "\"workflow_exception\": \"end--x\",\n"
         "\"workflow\": {\n", "workflow_exception leads to"},
        /* It never ends, or leads nowhere. */
        {"\"on_completion\": \"end--1", "\"on_completion\": \"action--1",
         "comes back to itself"},
        {",\n   \"on_completion\": \"end--11111111-1111-4111-8111-"
         "111111111111\"", "", "leads nowhere"},
        {"{\"type\": \"end\"}}", "{\"type\": \"end\"},"
         "\"end--3\": {\"type\": \"end\"}}", "its id must be"},
        {"{\"type\": \"end\"}}", "{\"type\": \"end\"},"
         "\"end--31111111-1111-4111-8111-111111111111\": "
         "{\"type\": \"end\"}}", "is never reached"},
        /* Variables. */
        {"\"ipv4-addr\"", "\"dictionary\"", "of type \"dictionary\""},
        {"\"ipv4-addr\"", "\"integer\"", "is not of its type"},
        {"\"ipv4-addr\"", "\"bool\"", "is not of its type"},
        {"\"value\": \"192.0.2.1\"", "\"value\": 5",
         "\"value\" is of the wrong type"},
        {"\"__host__\"", "\"host\"", "no name for a variable"},
        {"\"timeout\": 90000", "\"step_variables\": {\"__host__\": "
         "{\"type\": \"string\", \"description\": \"d\"}}",
         "variable __host__ stands twice"},
        {"\"timeout\": 90000", "\"out_args\": [\"__other__\"]",
         "unknown variable \"__other__\""},
        {"\"timeout\": 90000", "\"out_args\": [\"__host__\", \"__host__\"]",
         "into one variable"},
        {"\"timeout\": 90000", "\"step_extensions\": {\"" EXT "\": {}}",
         "but not at the playbook"},
    };
    /* clang-format on */

    (void)playbook(w, small);
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        refused(w, edit(w, foreign, rows[i].old, rows[i].new), rows[i].words);
    refused(w, "", "");
    refused(w, "[]", "no CACAO playbook");
    refused(w, "{\"type\": \"playbook\", \"type\": \"playbook\"}", "type");
    assert_int_equal(
        hb_cacao_import(
            w->a,
            hb_slice(hb_arena_alloc(w->a, HB_CACAO_MAX + 1), HB_CACAO_MAX + 1),
            &w->how, &w->got, NULL),
        -EFBIG);
}

/* Blocks, written by others. */
static void test_refused_blocks(void **state)
{
    struct world *w = *state;
    static const char *const id = "11111111-1111-4111-8111-111111111111";
    const char *flow = "\"on_completion\": \"action--11111111";
    const char *start = "  \"start--";
    const char *block = hb_arena_printf(
        w->a,
        "  \"if-condition--%s\": {\"type\": \"if-condition\", \"name\": \"I\","
        " \"condition\": \"__host__:value = 'a b AND c'\","
        " \"on_true\": \"end--22222222-1111-4111-8111-111111111111\","
        " \"on_completion\": \"action--%s\"},\n"
        "  \"end--22222222-1111-4111-8111-111111111111\": "
        "{\"type\": \"end\"},\n  \"start--",
        id, id);
    const char *json;

    (void)playbook(w, small);
    json = edit(w, foreign, start, block);
    json = edit(w, json, flow, "\"on_completion\": \"action--11111111");
    /* The start leads to the block now; a value may hold spaces. */
    json =
        edit(w, json, "{\"type\": \"start\",\n   \"on_completion\": \"action",
             "{\"type\": \"start\",\n   \"on_completion\": \"if-condition");
    imported(w, json);
    assert_string_equal(w->got.playbook->steps[0].condition,
                        "__host__ = 'a b AND c'");
    refused(w, edit(w, json, "__host__:value = 'a b", "__hots__:value = 'a b"),
            "did you mean __host__");
    refused(w, edit(w, json, "= 'a b AND c'", "= 5"), "of another type");
    refused(w, edit(w, json, "= 'a b AND c'", "MATCHES 'a'"), "condition");
    refused(
        w,
        edit(w, json, "\"condition\": \"__host__:value = 'a b AND c'\",", ""),
        "\"condition\" is missing");
    refused(w,
            edit(w, json, "\"name\": \"I\"",
                 "\"on_failure\": \"end--11111111-1111-4111-8111-"
                 "111111111111\""),
            "\"on_failure\" has no place");
    /* Two branches share one end. */
    refused(w,
            edit(w, json, "\"on_true\": \"end--22222222",
                 "\"on_true\": \"end--11111111"),
            "from two branches");
    json = edit(w, json, "\"if-condition--", "\"while-condition--");
    json = edit(w, json, "\"type\": \"if-", "\"type\": \"while-");
    json = edit(w, json, "\"on_completion\": \"if-",
                "\"on_completion\": \"while-");
    refused(w, json, "it may repeat without end");
    json = edit(w, json, "\"while-condition--", "\"switch-condition--");
    json = edit(w, json, "\"type\": \"while-", "\"type\": \"switch-");
    json = edit(w, json, "\"on_completion\": \"while-",
                "\"on_completion\": \"switch-");
    json = edit(w, json,
                "\"condition\": \"__host__:value = 'a b AND c'\", "
                "\"on_true\": \"end--22222222-1111-4111-8111-111111111111\"",
                "\"switch\": \"__host__:value\", \"cases\": {\"default\":"
                " \"end--22222222-1111-4111-8111-111111111111\"}");
    imported(w, json);
    refused(w, edit(w, json, "\"default\"", "\"a\""), "has no default");
    refused(w, edit(w, json, "\"switch\": \"__host__:value\", ", ""),
            "\"switch\" is missing");
    refused(w,
            edit(w, json, "{\"default\": \"end--22", "{\"default\": \"end--33"),
            "which is not there");
    json = edit(w, json, "\"switch-condition--", "\"playbook-action--");
    json = edit(w, json, "\"type\": \"switch-condition",
                "\"type\": \"playbook-action");
    json = edit(w, json, "\"on_completion\": \"switch-condition",
                "\"on_completion\": \"playbook-action");
    json = edit(
        w, json,
        "\"switch\": \"__host__:value\", \"cases\": {\"default\":"
        " \"end--22222222-1111-4111-8111-111111111111\"}",
        "\"playbook_id\": \"playbook--22222222-1111-4111-8111-111111111111\"");
    refused(w, json, "it calls the playbook playbook--2222");
    refused(w,
            edit(w, json,
                 "\"playbook_id\": "
                 "\"playbook--22222222-1111-4111-8111-111111111111\"",
                 "\"playbook_id\": "
                 "\"playbook--11111111-1111-4111-8111-11111111111A\""),
            "calls itself");
}

/* What the extension says must fit the rest. */
static void test_refused_extension(void **state)
{
    struct world *w = *state;
    const struct hb_playbook *p = playbook(w, all_types);
    const char *json = exported(w, p, NULL);
    static const struct change rows[] = {
        {"\"version\":\"1.0.0\"", "\"version\":\"2.0.0\"", "of a version"},
        {"\"case_id\":\"thing\"", "\"case_id\":\"thong\"",
         "the case \"thong\", which is not here"},
        {"\"case_id\":\"thing\"", "\"case_id\":\"other\"",
         "its id is not that of"},
        {"\"playbook_id\":\"thing\"", "\"playbook_id\":\"thin\"",
         "its id is not that of"},
        {"\"action_args\":[", "\"args\":[", "unknown property \"args\""},
        {"\"action_args\":[{", "\"action_args\":[7,{",
         "\"action_args\" is of the wrong"},
        {"{\"name\":\"retry_after\",", "{\"name\":1,",
         "\"action_args\" is of the wrong"},
        {"\"rounds\":12", "\"rounds\":1.5", "\"rounds\" is of the wrong type"},
        {"\"rounds\":12", "\"rounds\":5000", "\"rounds\" must be a number"},
        {"\"danger\":3", "\"danger\":1", "step action--"},
        {"\"danger\":3", "\"danger\":-1", "\"danger\" is of the wrong type"},
        {"\"undo\":\"action--", "\"undo\":\"end--", "which is not there"},
        {"\"rows\":[\"G0-1\",", "\"rows\":[\"G0-9\",", "no row \"G0-9\""},
        {"\"rows\":[\"G0-1\",", "\"rows\":[7,", "\"rows\" is of the wrong"},
        {"\"documents\":[\"D01\"]", "\"documents\":[\"D99\"]",
         "no document \"D99\""},
        {"\"roles\":[\"officer\",\"admin\"]", "\"roles\":[\"king\"]",
         "unknown roles \"king\""},
        {"\"command\":\"site.private\"", "\"command\":\"site.privat\"",
         "did you mean \"site.private\""},
        {"\"command\":\"site.private\"", "\"command\":\"rm -rf /\"",
         "unknown action"},
        {"\"retry_after\"", "\"shell\"", "unknown key \"shell\""},
        {"__n__:value > 3", "__n__:value > 4", "differ"},
        {"\"step_id\":\"fix\"", "\"step_id\":\"Fix\"", "must be of small"},
        {"\"step_id\":\"fix\"", "\"step_id\":\"ask\"", "stands twice"},
        {"\"step_id\":\"fix\",", "", "\"step_id\" is missing"},
        {"\"phase\":\"detect-contain\"", "\"phase\":\"detect\"",
         "unknown phase"},
        {"\"type\":\"security-category\"", "\"type\":\"group\"",
         "is done by a security-category"},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        refused(w, edit(w, json, rows[i].old, rows[i].new), rows[i].words);
}

/* A failure keeps its way, and the exception its step (a known engine follows
 * neither). */
static void test_soarca_failure_is_kept(void **state)
{
    struct world *w = *state;
    const struct hb_playbook *p = playbook(w, all_types);
    const char *json = exported(w, p, NULL);
    const struct hb_step *s;

    assert_non_null(strstr(json, "\"on_failure\":\""));
    imported(w, json);
    s = hb_step_find(w->got.playbook, "ask");
    assert_string_equal(s->on_success->id, "fix");
    assert_string_equal(s->on_failure->id, "by-hand");
    assert_string_equal(w->got.playbook->exception->id, "rescue");
}

/* A condition that is too long in CACAO's words is not exported, and nothing
 * of it is left. */
static void test_condition_too_long(void **state)
{
    struct world *w = *state;
    struct hb_buf cond = HB_BUF_INIT, b = HB_BUF_INIT;
    const struct hb_playbook *p;

    hb_buf_addz(&b, "before");
    hb_buf_addz(&cond, "__ok__");
    while (cond.n + 10 < HB_COND_MAX_TEXT)
        hb_buf_addz(&cond, " OR __ok__");
    p = playbook(w, edit(w, all_types, "__n__ != 7", hb_buf_z(&cond)));
    assert_int_equal(hb_cacao_export(&b, p, NOW, NULL, &w->err), -EDOM);
    assert_string_equal(hb_buf_z(&b), "before");
    assert_non_null(strstr(w->err.message, "step again: "));
    hb_buf_done(&cond);
    hb_buf_done(&b);
}

/* Lists that are looked up in each other stay short. */
static void test_bounds(void **state)
{
    struct world *w = *state;
    struct hb_buf b = HB_BUF_INIT;
    const char *json;

    (void)playbook(w, small);
    for (unsigned i = 0; i < 2 * HB_STEP_MAX; i++)
        hb_buf_addf(&b, "\"__v%u__\": {\"type\": \"string\"},", i);
    json = hb_arena_printf(w->a, "%s\"__host__\": {", hb_buf_z(&b));
    refused(w, edit(w, foreign, "\"__host__\": {", json),
            "\"playbook_variables\" has more than 256 members");
    json = edit(
        w, foreign, "\"timeout\": 90000",
        hb_arena_printf(w->a, "\"step_variables\": {%.*s}", (int)b.n - 1, b.p));
    refused(w, json, "more than 256 variables");
    hb_buf_reset(&b);
    for (unsigned i = 0; i <= 2 * HB_STEP_MAX; i++)
        hb_buf_addf(&b, "%s{\"type\": \"manual\", \"command\": \"a\"}",
                    i > 0 ? "," : "");
    refused(w,
            edit(w, foreign,
                 "{\"type\": \"manual\",\n   \"command\": \"Look at "
                 "__host__:value\"}",
                 hb_buf_z(&b)),
            "\"commands\" has more than 256 members");
    hb_buf_reset(&b);
    for (unsigned i = 0; i < HB_STEP_MAX; i++)
        hb_buf_addf(
            &b, "\"end--11111111-1111-4111-8111-%012u\": {\"type\": \"end\"},",
            i);
    refused(w,
            edit(w, foreign, "\"workflow\": {",
                 hb_arena_printf(w->a, "\"workflow\": {%s", hb_buf_z(&b))),
            "more than 128 steps");
    hb_buf_done(&b);
}

/* The n-th allocation fails, for every n: it says so and leaves nothing, or
 * was not needed. */
static void test_every_allocation(void **state)
{
    struct world *w = *state;
    const struct hb_playbook *p = playbook(w, all_types);
    struct keys k;
    struct hb_cacao_signer s;
    const char *json, *inputs[2];
    unsigned tried = 0;
    bool through;

    keys_open(&k);
    s = (struct hb_cacao_signer){k.key, "City", NOW};
    json = exported(w, p, &s);
    inputs[0] = json;
    inputs[1] = foreign;
    through = false;
    for (unsigned n = 1; !through; n++, tried++) {
        struct hb_buf b = HB_BUF_INIT;
        int r;

        hb_fault_set(HB_FAULT_ALLOC, n);
        r = hb_cacao_export(&b, p, NOW, &s, NULL);
        through = hb_fault_pending(HB_FAULT_ALLOC);
        hb_fault_set(HB_FAULT_ALLOC, 0);
        assert_true(r == 0 || r == -ENOMEM);
        if (r == 0)
            assert_string_equal(hb_buf_z(&b), json);
        else
            assert_int_equal(b.n, 0);
        hb_buf_done(&b);
    }
    for (unsigned i = 0; i < HB_ARRAY_LEN(inputs); i++) {
        through = false;
        for (unsigned n = 1; !through; n++, tried++) {
            struct hb_arena *a = hb_arena_new(0);
            struct hb_cacao_imported got = {0};
            int r;

            hb_fault_set(HB_FAULT_ALLOC, n);
            memset(&w->err, 0, sizeof(w->err));
            r = hb_cacao_import(a, hb_slice_z(inputs[i]), &w->how, &got,
                                &w->err);
            through = hb_fault_pending(HB_FAULT_ALLOC);
            hb_fault_set(HB_FAULT_ALLOC, 0);
            if (r != 0 && r != -ENOMEM)
                fail_msg("allocation %u: %d %s", n, r, w->err.message);
            if (r == 0) {
                assert_int_equal(got.draft, i);
                assert_int_equal(got.sig,
                                 i == 0 ? HB_CACAO_GOOD : HB_CACAO_UNSIGNED);
                assert_int_equal(strlen(got.yaml.p), got.yaml.n);
            } else {
                assert_null(got.playbook);
            }
            hb_arena_free(a);
        }
    }
    print_message("# %u allocations failed in turn\n", tried);
    assert_true(tried > 50);
    keys_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_case_book, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_property, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signature_is_bad, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signature_of_others, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_draft, setup, teardown),
        cmocka_unit_test_setup_teardown(test_japanese_draft, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edited, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_extension, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_soarca_failure_is_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_condition_too_long, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_allocation, setup, teardown),
    };
    return hb_tap_run("casebook/cacao", tests);
}
