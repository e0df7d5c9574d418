/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_found.c - a finding of a guard of ours brings facts into the incident
 * that it opens; a stranger's does not, and a bad word costs nothing else.
 */
#include "core/box.h"

#include "base/json.h"
#include "incident/fact.h"

#define FACTS                                                                  \
    "{\"opened_count\":\"3\",\"no_such_fact\":\"x\",\"deletion_confirmed\":"   \
    "\"maybe\",\"recipients\":\"tanaka@example.jp\",\"persons_count\":7}"

static void take(const char *source, const char *share, const char *facts)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e =
        hb_event_new(a, HB_EV_DETECTION_FINDING, 1, HB_SEV_HIGH, source);
    const struct hb_event *one = e;
    struct hb_json *node = NULL;
    struct hb_err err = {0};

    assert_non_null(e);
    assert_int_equal(hb_json_parse(a, hb_slice_z(facts), &node, NULL), 0);
    assert_int_equal(
        hb_event_strz(e, HB_F_FINDING_RULE, "share.wrong-recipient"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_FINDING_TITLE, "wrong"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_RESOURCE_NAME, share), 0);
    assert_int_equal(hb_event_json(e, HB_F_FACTS, node), 0);
    assert_int_equal(hb_core_take(&core, &one, 1, &err), 0);
}

static const char *known(struct hb_arena *a, int64_t incident, const char *name)
{
    struct hb_known k = {0};
    int r = hb_known_get(&core.state, a, incident, name, &k);

    assert_in_range(r, 0, 1);
    if (r == 1)
        assert_string_equal(k.source, "event:portal");
    return r == 1 ? k.value : NULL;
}

static int64_t incident_of(const char *share)
{
    char key[96];
    int64_t id = 0;

    (void)snprintf(key, sizeof(key), "case:15/site:%s", share);
    return hb_incident_find_open(&core.state, key, &id) == 0 ? id : 0;
}

static void test_facts(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t id;

    take("portal", "share-1", FACTS);
    id = incident_of("share-1");
    assert_true(id > 0);
    assert_string_equal(known(a, id, "opened_count"), "3");
    assert_string_equal(known(a, id, "recipients"), "tanaka@example.jp");
    assert_null(known(a, id, "persons_count"));
    assert_null(known(a, id, "deletion_confirmed"));
}

/* A second share is a second incident; the first one again joins its own. */
static void test_apart(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t one, two;

    take("portal", "share-1", "{\"opened_count\":\"0\"}");
    take("portal", "share-2", "{\"opened_count\":\"5\"}");
    one = incident_of("share-1");
    two = incident_of("share-2");
    assert_true(one > 0 && two > 0 && one != two);
    take("portal", "share-1", "{\"opened_count\":\"1\"}");
    assert_true(incident_of("share-1") == one);
    assert_string_equal(known(a, one, "opened_count"), "1");
    assert_string_equal(known(a, two, "opened_count"), "5");
}

static void test_strangers(void **state)
{
    take("producer/portal", "share-1", FACTS);
    assert_true(incident_of("share-1") == 0);
}

static void test_no_facts(void **state)
{
    take("portal", "share-1", "[1]");
    assert_true(incident_of("share-1") > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOXED(test_facts),
        BOXED(test_apart),
        BOXED(test_strangers),
        BOXED(test_no_facts),
    };

    return hb_tap_run("core/found", tests);
}
