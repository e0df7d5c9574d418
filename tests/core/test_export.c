/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages of evidence: in whose name, and how long they stay where the
 * service made them.
 */
#include "box.h"

#include <dirent.h>

#include "base/clock.h"
#include "base/file.h"

#define DAY ((int64_t)(86400 * HB_S))

static int64_t incident, shifted;

static void later(int64_t ns)
{
    hb_clock_shift(ns);
    shifted += ns;
}

static int make(void **state)
{
    struct hb_evidence_item item = {
        .kind = "file", .name = "n", .taken_by = "role:core", .source = "s"};
    char path[600];

    if (box_make(state) < 0 || hb_key_generate(&core.evidence_key) < 0 ||
        hb_key_pub(core.evidence_key, &core.evidence_pub) < 0)
        return -1;
    hb_evidence_close(core.state.evidence);
    (void)snprintf(path, sizeof(path), "%s/evidence", scratch);
    if (hb_evidence_open(path, core.evidence_key, &core.state.evidence, NULL) <
            0 ||
        hb_incident_open(&core.state, 2, "www", "sato", "a call", &incident) <
            0)
        return -1;
    item.incident = incident;
    return hb_evidence_add_bytes(core.state.evidence, &item,
                                 HB_SLICE("HACKED"));
}

static int drop(void **state)
{
    hb_clock_shift(-shifted);
    shifted = 0;
    hb_key_free(core.evidence_key);
    hb_pub_free(core.evidence_pub);
    return box_drop(state);
}

/* Asks as the officer; the descriptor that came along, or -1. */
static int export(const char *args)
{
    struct hb_core_call call = {
        .core = &core, .arena = hb_arena_new(0), .pass_fd = -1};
    const struct hb_person sato = {.name = "sato", .full_name = "Sato"};
    struct hb_json *tree = NULL;

    assert_int_equal(hb_json_parse(call.arena, hb_slice_z(args), &tree, NULL),
                     0);
    call.args = tree;
    call.person = &sato;
    hb_buf_init(&call.text, 0);
    hb_buf_init(&call.data, 0);
    for (const struct hb_core_cmd *cmd = hb_core_cmds_work; cmd->name != NULL;
         cmd++)
        if (hb_streq(cmd->name, "evidence.export"))
            assert_int_equal(cmd->fn(&call), 0);
    hb_buf_done(&call.text);
    hb_buf_done(&call.data);
    hb_arena_free(call.arena);
    return call.pass_fd;
}

/* How many packages there are. */
static int packages(void)
{
    DIR *d = opendir(scratch);
    struct dirent *e;
    int n = 0;

    assert_non_null(d);
    while ((e = readdir(d)) != NULL)
        n += strncmp(e->d_name, "export-", 7) == 0;
    (void)closedir(d);
    return n;
}

static int see(void *arg, const struct hb_evidence_item *i)
{
    if (hb_streq(i->kind, "export") && hb_streq(i->taken_by, "person:sato"))
        ++*(int *)arg;
    return 0;
}

static void test_in_whose_name(void **state)
{
    int n = 0;

    assert_int_equal(export("{\"incident\":1}"), -1);
    later((int64_t)HB_S);
    assert_int_equal(export("{\"whole\":true}"), -1);
    assert_int_equal(hb_evidence_each(core.state.evidence, 0, see, &n), 0);
    assert_int_equal(n, 2);
}

/* Gone once whoever fetched it has closed it, and not before. */
static void test_fetched(void **state)
{
    int one = export("{\"incident\":1,\"fetch\":true}"), two, copy;

    assert_true(one >= 0);
    later((int64_t)HB_S);
    two = export("{\"whole\":true,\"fetch\":true}");
    assert_int_equal(packages(), 2);
    hb_core_exports_clear(&core, HB_CLEAR_FETCHED);
    hb_core_space(&core);
    assert_int_equal(packages(), 2);
    assert_int_equal(faccessat(one, "VERIFY.sh", F_OK, 0), 0);
    /* As sent over a socket: the same open directory. */
    copy = dup(one);
    assert_true(copy >= 0);
    (void)close(one);
    hb_core_exports_clear(&core, HB_CLEAR_FETCHED);
    assert_int_equal(packages(), 2);
    (void)close(copy);
    hb_core_exports_clear(&core, HB_CLEAR_FETCHED);
    assert_int_equal(packages(), 1);
    (void)close(two);
    hb_core_exports_clear(&core, HB_CLEAR_FETCHED);
    assert_int_equal(packages(), 0);
}

/* One that nobody lets go of, and one that root is to take: a day. */
static void test_old(void **state)
{
    int fd = export("{\"incident\":1,\"fetch\":true}");

    later((int64_t)HB_S);
    assert_int_equal(export("{\"incident\":1}"), -1);
    later(DAY - 2 * (int64_t)HB_S);
    hb_core_space(&core);
    assert_int_equal(packages(), 2);
    later(4 * (int64_t)HB_S);
    hb_core_space(&core);
    assert_int_equal(packages(), 0);
    (void)close(fd);
    /* From a clock that was ahead. */
    assert_int_equal(export("{\"incident\":1}"), -1);
    later(-2 * DAY);
    hb_core_space(&core);
    assert_int_equal(packages(), 0);
}

/* What a core that died left: nobody fetches it, or it is none. */
static void test_start(void **state)
{
    char path[600];
    int fd = export("{\"incident\":1,\"fetch\":true}");

    later((int64_t)HB_S);
    assert_int_equal(export("{\"incident\":1}"), -1);
    (void)snprintf(path, sizeof(path), "%s/export-1-%lld/files", scratch,
                   (long long)(hb_now() / (int64_t)HB_MS) + 5);
    assert_int_equal(hb_mkdirs(path, 0700), 0);
    assert_int_equal(packages(), 3);
    core.exports_out = 0;
    hb_core_exports_clear(&core, HB_CLEAR_START);
    assert_int_equal(packages(), 1);
    (void)close(fd);
}

static int count_one(void *arg, const char *uid, int64_t time,
                     struct hb_slice json)
{
    ++*(int *)arg;
    return 0;
}

/* They take the room of evidence. */
static void test_counted(void **state)
{
    struct hb_events_query q = {.text = "\"space\"", .limit = 100};
    static char bytes[40000];
    struct hb_evidence_item item = {.incident = incident,
                                    .kind = "file",
                                    .name = "n",
                                    .taken_by = "role:core",
                                    .source = "s"};
    int n = 0;

    assert_int_equal(hb_evidence_add_bytes(core.state.evidence, &item,
                                           hb_slice(bytes, sizeof(bytes))),
                     0);
    config.limits.evidence_bytes = 100000;
    hb_core_space(&core);
    assert_int_equal(hb_events_find(core.events, &q, count_one, &n, NULL), 0);
    assert_int_equal(n, 0);
    assert_int_equal(export("{\"incident\":1}"), -1);
    hb_core_space(&core);
    assert_int_equal(hb_events_find(core.events, &q, count_one, &n, NULL), 0);
    assert_int_equal(n, 1);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_in_whose_name), MADE(test_fetched), MADE(test_old),
        MADE(test_start),         MADE(test_counted),
    };

    return hb_tap_run("core/export", tests);
}
