/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_collect.c - which changes core asks the role check about: when they
 * were noticed, or when the kernel says that they happened.
 */
#include "core/box.h"

#include "base/clock.h"
#include "base/json.h"
#include "control/control.h"

#define SEC ((int64_t)HB_S)

static int64_t t0;

static void take(const char *path, int64_t at, int64_t changed)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e = tampered(a, path, "restored");
    const struct hb_event *one = e;
    struct hb_err err = {0};

    e->time = at;
    if (changed != 0)
        assert_int_equal(
            hb_event_int(e, HB_F_CHANGED_TIME, changed / (int64_t)HB_MS), 0);
    assert_int_equal(hb_core_take(&core, &one, 1, &err), 0);
}

static struct hb_json *changes(struct hb_arena *a)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_json *v = NULL;

    assert_int_equal(hb_core_changes(&core, 1, &b), 0);
    assert_true(b.n < HB_BUS_COMMAND_MAX - 200);
    assert_int_equal(hb_json_parse(a,
                                   hb_slice_z(hb_arena_strdup(a, hb_buf_z(&b))),
                                   &v, NULL),
                     0);
    assert_int_equal(v->type, HB_JSON_ARR);
    assert_in_range(v->count, 1, HB_CHANGES_MAX);
    return v;
}

static void test_times(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *v;

    t0 = hb_now() / SEC * SEC;
    take("/w/a", t0, 0);
    take("/w/b", t0 + SEC, t0 - 3600 * SEC); /* found by a scan */
    take("/w/c", t0 + 2 * SEC, t0 + 2 * SEC);
    v = changes(a);
    assert_int_equal(v->count, 4);
    assert_string_equal(hb_json_str(v->first, "path", ""), "/w/a");
    assert_true(hb_json_int(v->first, "time", 0) == t0);
    assert_string_equal(hb_json_str(v->first->next, "path", ""), "/w/b");
    assert_true(hb_json_int(v->first->next->next, "time", 0) ==
                t0 - 3600 * SEC);
    assert_string_equal(hb_json_str(v->last, "path", ""), "/w/c");
}

static bool asks(const struct hb_json *v, int64_t at, const char *path)
{
    HB_JSON_EACH (one, v)
        if (hb_json_int(one, "time", 0) == at &&
            strncmp(hb_json_str(one, "path", "?"), path, strlen(path)) == 0)
            return true;
    return false;
}

/* However many, the first and the last ones are asked about, those too that
 * the timeline does not tell any more. */
static void test_many(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *v;
    char path[4000];

    t0 = hb_now() / SEC * SEC;
    for (int i = 0; i < 300; i++) {
        (void)snprintf(path, sizeof(path), "/w/%d/%0*d", i, i % 2 ? 3000 : 400,
                       0);
        take(path, t0 + i * SEC, i % 3 == 0 ? t0 - SEC * (i + 2) : 0);
    }
    v = changes(a);
    assert_true(asks(v, t0, "/w/0/"));
    assert_true(asks(v, t0 - 2 * SEC, "/w/0/"));
    /* A path that is too long is left out, its time is not. */
    assert_true(asks(v, t0 + SEC, ""));
    assert_false(asks(v, t0 + SEC, "/"));
    assert_true(asks(v, t0 + 299 * SEC, ""));
    assert_true(asks(v, t0 + 285 * SEC, ""));
}

/* An incident without a change of a file: since when it is known of. */
static void test_none(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *v;
    int64_t id;

    assert_int_equal(
        hb_incident_open(&core.state, 2, "www", "test", "phone", &id), 0);
    v = changes(a);
    assert_int_equal(v->count, 1);
    assert_string_equal(hb_json_str(v->first, "path", "?"), "");
    assert_true(hb_json_int(v->first, "time", 0) > 0);
}

/* ---- on its way ---- */

static struct {
    struct hb_bus *bus;
    int commands;
    size_t changes;
} role;

static void on_command(void *arg, const struct hb_json *command)
{
    role.commands++;
    assert_string_equal(hb_json_str(command, "cmd", ""), "collect");
    assert_string_equal(hb_json_str(command, "site", ""), "www");
    role.changes = hb_json_get(command, "changes")->count;
}

static void on_answer(void *arg, const struct hb_event *answer)
{
}

static void test_command(void **state)
{
    struct hb_core_member members[] = {
        {.name = "site", .text = "www"}, {.name = "changes"}, {.name = NULL}};
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    for (int i = 0; i < 64; i++) {
        char path[420];

        (void)snprintf(path, sizeof(path), "/w/%0400d", i);
        take(path, hb_now(), 0);
    }
    assert_int_equal(
        hb_bus_new(core.loop, event_path, "sense/files", 1u << 20, &role.bus),
        0);
    hb_bus_on_command(role.bus, on_command, NULL);
    assert_int_equal(hb_bus_send(role.bus, tampered(a, "/w/a", "restored")), 0);
    turn(5);
    assert_int_equal(hb_core_changes(&core, 1, &b), 0);
    members[1].json = hb_buf_slice(&b);
    assert_int_equal(hb_core_command_with(&core, "sense/files", "collect",
                                          members, 60 * HB_S, on_answer, NULL),
                     0);
    turn(5);
    assert_int_equal(role.commands, 1);
    assert_in_range(role.changes, 48, HB_CHANGES_MAX);
    hb_bus_free(role.bus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOXED(test_times),
        BOXED(test_many),
        BOXED(test_none),
        BOXED(test_command),
    };

    return hb_tap_run("core/collect", tests);
}
