/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes by itself was announced a week before, what an incident rests on
 * stays, and people are told before evidence or the disk run full.
 */
#include "box.h"

#include "base/clock.h"
#include "base/file.h"

#define DAY ((int64_t)(86400 * HB_S))

static void days_pass(unsigned n)
{
    hb_clock_shift(n * DAY);
}

static int count_one(void *arg, const char *uid, int64_t time,
                     struct hb_slice json)
{
    (*(unsigned *)arg)++;
    return 0;
}

/* Events of core that carry STATUS. */
static unsigned said(const char *status)
{
    struct hb_events_query q = {.limit = 1000};
    char text[64];
    struct hb_err err = {0};
    unsigned n = 0;

    (void)snprintf(text, sizeof(text), "\"status\":\"%s\"", status);
    q.text = text;
    assert_int_equal(hb_events_find(core.events, &q, count_one, &n, &err), 0);
    return n;
}

static bool kept(const char *day)
{
    char path[500];

    (void)snprintf(path, sizeof(path), "%s/events/%.10s.db", scratch, day);
    return access(path, F_OK) == 0;
}

static const char *today(char *buf)
{
    char text[40];

    (void)snprintf(buf, 16, "%.10s", hb_time_utc(hb_now(), text, sizeof(text)));
    return buf;
}

static void test_announced(void **state)
{
    char first[16];

    config.limits.event_keep = (uint64_t)(20 * DAY);
    hb_core_say(&core, HB_SEV_LOW, "something", "");
    (void)today(first);
    days_pass(12);
    hb_core_space(&core);
    assert_int_equal(said("retention-soon"), 0);
    days_pass(2);
    hb_core_space(&core);
    assert_int_equal(said("retention-soon"), 1);
    assert_true(kept(first));
    /* Told once, and not deleted before its week is over. */
    days_pass(6);
    hb_core_space(&core);
    assert_int_equal(said("retention-soon"), 1);
    assert_true(kept(first));
    days_pass(1);
    hb_core_space(&core);
    assert_false(kept(first));
    assert_int_equal(said("retention"), 1);
    /* The next hour has nothing to do. */
    hb_core_space(&core);
    assert_int_equal(said("retention"), 1);
}

/* A clock that was ahead when it was told: the week begins anew. */
static void test_clock(void **state)
{
    char first[16];

    config.limits.event_keep = (uint64_t)(20 * DAY);
    hb_core_say(&core, HB_SEV_LOW, "something", "");
    (void)today(first);
    days_pass(400);
    hb_core_space(&core);
    assert_int_equal(said("retention-soon"), 1);
    hb_clock_shift(-380 * DAY);
    hb_core_space(&core);
    days_pass(6);
    hb_core_space(&core);
    assert_true(kept(first));
    days_pass(2);
    hb_core_space(&core);
    assert_false(kept(first));
}

static void test_legal_hold(void **state)
{
    char first[16];
    int64_t id = 0;

    config.limits.event_keep = (uint64_t)(20 * DAY);
    hb_core_say(&core, HB_SEV_LOW, "something", "");
    (void)today(first);
    assert_int_equal(
        hb_incident_open(&core.state, 2, "www", "sato", "a call", &id), 0);
    days_pass(60);
    hb_core_space(&core);
    days_pass(60);
    hb_core_space(&core);
    assert_true(kept(first));
    /* Nor does the ceiling touch it. */
    config.limits.event_bytes = 1;
    hb_core_space(&core);
    assert_true(kept(first));
}

static void test_ceiling(void **state)
{
    char first[16];

    config.limits.event_keep = (uint64_t)(400 * DAY);
    config.limits.event_bytes = 1u << 30;
    hb_core_say(&core, HB_SEV_LOW, "something", "");
    (void)today(first);
    days_pass(1);
    hb_core_say(&core, HB_SEV_LOW, "something", "");
    hb_core_space(&core);
    assert_int_equal(said("retention-soon"), 0);
    assert_true(kept(first));
    config.limits.event_bytes = 1;
    hb_core_space(&core);
    assert_false(kept(first));
    assert_int_equal(said("retention"), 1);
}

static void test_evidence(void **state)
{
    static char bytes[20000];
    char path[500];

    config.limits.evidence_bytes = 24000;
    hb_core_space(&core);
    assert_int_equal(said("space"), 0);
    (void)snprintf(path, sizeof(path), "%s/evidence/more", scratch);
    assert_int_equal(hb_file_write(path, bytes, sizeof(bytes), 0600), 0);
    hb_core_space(&core);
    hb_core_space(&core);
    assert_int_equal(said("space"), 1);
    /* It rises: told at once. */
    config.limits.evidence_bytes = 12000;
    hb_core_space(&core);
    assert_int_equal(said("space"), 2);
    days_pass(1);
    hb_core_space(&core);
    assert_int_equal(said("space"), 3);
    assert_int_equal(unlink(path), 0);
    config.limits.evidence_bytes = 1u << 30;
    days_pass(1);
    hb_core_space(&core);
    assert_int_equal(said("space"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOXED(test_announced), BOXED(test_clock),    BOXED(test_legal_hold),
        BOXED(test_ceiling),   BOXED(test_evidence),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("core/space", tests, NULL, NULL);
}
