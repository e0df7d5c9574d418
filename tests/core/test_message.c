/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_message.c - notices as core hands them over: to a person by name, one
 * at a time, the answer recorded; what is refused is tried again, and a role
 * that is away does not use up tries while it starts.
 */
#include "core/box.h"

#include "base/clock.h"
#include "incident/message.h"

#define MINUTE ((int64_t)(60 * HB_S))

/* Stands in for the role outside. */
static struct {
    struct hb_bus *bus;
    bool refuse, silent;
    int mails;
    char person[64], subject[256], text[2048];
} role;
static int64_t shifted, sato;

static void later(int64_t ns)
{
    hb_clock_shift(ns);
    shifted += ns;
}

static void on_command(void *arg, const struct hb_json *command)
{
    const char *key = hb_json_str(command, "key", "");

    assert_string_equal(hb_json_str(command, "cmd", ""), "notify");
    assert_null(hb_json_get(command, "to"));
    role.mails++;
    (void)hb_copyz(role.person, sizeof(role.person),
                   hb_json_str(command, "person", ""));
    (void)hb_copyz(role.subject, sizeof(role.subject),
                   hb_json_str(command, "subject", ""));
    (void)hb_copyz(role.text, sizeof(role.text),
                   hb_json_str(command, "text", ""));
    if (role.silent)
        return;
    assert_int_equal(hb_bus_answer(role.bus, key,
                                   role.refuse ? "failed" : "done", "{}",
                                   role.refuse ? "550 no" : "250 kept"),
                     0);
}

static void role_up(void)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e =
        hb_event_new(a, HB_EV_APP_LIFECYCLE, 99, HB_SEV_INFO, "sense/outside");

    assert_non_null(e);
    assert_int_equal(hb_event_strz(e, HB_F_STATUS, "ready"), 0);
    assert_int_equal(
        hb_bus_new(core.loop, event_path, "sense/outside", 1u << 20, &role.bus),
        0);
    hb_bus_on_command(role.bus, on_command, NULL);
    assert_int_equal(hb_bus_send(role.bus, e), 0);
    turn(5);
}

static int make(void **state)
{
    const struct hb_person p = {.name = "sato",
                                .full_name = "Sato",
                                .uid = -1,
                                .mail = "sato@example.jp",
                                .phone = "0120",
                                .roles = HB_PR_OFFICER,
                                .active = true};
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_person got;

    memset(&role, 0, sizeof(role));
    if (box_make(state) < 0 || hb_person_put(&core.state, &p) < 0 ||
        hb_person_by_name(&core.state, a, "sato", &got) < 0)
        return -1;
    sato = got.id;
    config.organisation.name = "Town";
    config.organisation.zone_name = "JST";
    return 0;
}

static int drop(void **state)
{
    hb_bus_free(role.bus);
    hb_clock_shift(-shifted);
    shifted = 0;
    return box_drop(state);
}

static void second(void)
{
    hb_core_messages_second(&core);
    turn(5);
}

static struct hb_message now_is;
static char now_detail[256];

static int keep(void *arg, const struct hb_message *m)
{
    (void)arg;
    now_is = *m;
    (void)hb_copyz(now_detail, sizeof(now_detail), m->detail);
    return 1;
}

static enum hb_message_state state_of(void)
{
    assert_true(hb_message_each(&core.state, 0, 1, keep, NULL) >= 0);
    return now_is.state;
}

static void test_sent(void **state)
{
    role_up();
    second();
    assert_int_equal(role.mails, 0);
    assert_true(hb_message_test(&core.state, sato) > 0);
    second();
    assert_int_equal(role.mails, 1);
    assert_string_equal(role.person, "sato");
    assert_non_null(strstr(role.subject, "[Hinoban]"));
    assert_non_null(strstr(role.text, "Town"));
    assert_int_equal(state_of(), HB_MSG_SENT);
    assert_string_equal(now_detail, "250 kept");
    second();
    assert_int_equal(role.mails, 1);
}

static void test_refused(void **state)
{
    role_up();
    role.refuse = true;
    assert_true(hb_message_test(&core.state, sato) > 0);
    second();
    second();
    assert_int_equal(role.mails, 1);
    assert_int_equal(state_of(), HB_MSG_WAITING);
    assert_string_equal(now_detail, "550 no");
    for (int k = 0; k < 4; k++) {
        later(61 * MINUTE);
        second();
    }
    assert_int_equal(role.mails, 5);
    assert_int_equal(state_of(), HB_MSG_FAILED);
}

/* The one that waits for its answer is not sent twice, nor another with it. */
static void test_one_at_a_time(void **state)
{
    role_up();
    role.silent = true;
    assert_true(hb_message_test(&core.state, sato) > 0);
    assert_true(hb_message_test(&core.state, sato) > 0);
    second();
    second();
    assert_int_equal(role.mails, 1);
}

static void test_away(void **state)
{
    assert_true(hb_message_test(&core.state, sato) > 0);
    second();
    assert_int_equal(state_of(), HB_MSG_WAITING);
    assert_int_equal(now_is.tries, 0);
    later(11 * MINUTE);
    second();
    assert_int_equal(state_of(), HB_MSG_WAITING);
    assert_int_equal(now_is.tries, 1);
    role_up();
    later(2 * MINUTE);
    second();
    assert_int_equal(state_of(), HB_MSG_SENT);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_sent),
        MADE(test_refused),
        MADE(test_one_at_a_time),
        MADE(test_away),
    };

    return hb_tap_run("core/message", tests);
}
