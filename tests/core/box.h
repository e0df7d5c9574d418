/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box.h - a whole core without its main: real stores, the real case book and
 * rules, real sockets, a loop that the test turns.
 */
#ifndef HB_TESTS_CORE_BOX_H
#define HB_TESTS_CORE_BOX_H

#include "incident/scratch_state.h"

#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "core/core_bus.h"
#include "core/play_port.h"
#include "event/bus.h"

#define OFFICER_UID 61900
#define STAFF_UID   61901
#define NOBODY_UID  61999

static struct hb_config config;
static struct hb_conf_site site = {.name = "www", .number = 1};
static struct hb_role_ctx ctx;
static struct hb_core core;
static char etc_dir[400], ctl_path[400], event_path[400], helper_path[400];

static inline void box_person(const char *name, unsigned roles, int64_t uid)
{
    struct hb_person p = {.name = name,
                          .full_name = name,
                          .roles = roles,
                          .mail = "",
                          .phone = "",
                          .uid = uid,
                          .active = true};

    assert_int_equal(hb_person_put(&core.state, &p), 0);
}

static inline int box_make(void **state)
{
    const char *source = getenv("HB_SOURCE_ROOT");
    struct hb_err err = {0};
    char path[500];
    int fd;

    if (source == NULL)
        source = ".";
    if (state_make(state) < 0)
        return -1;
    if (chmod(scratch, 0755) < 0)
        return -1;
    hb_state_close(&st);
    (void)snprintf(etc_dir, sizeof(etc_dir), "%s/etc", scratch);
    (void)snprintf(ctl_path, sizeof(ctl_path), "%s/ctl.sock", scratch);
    (void)snprintf(event_path, sizeof(event_path), "%s/event.sock", scratch);
    (void)snprintf(helper_path, sizeof(helper_path), "%s/helper.sock", scratch);
    config = (struct hb_config){.organisation = {.name = "City",
                                                 .zone_name = "JST",
                                                 .zone_minutes = 540},
                                .sites = {.v = &site, .n = 1}};
    ctx = (struct hb_role_ctx){.config = &config,
                               .state_dir = scratch,
                               .etc_dir = etc_dir,
                               .baseline_dir = scratch,
                               .data_dir = source,
                               .config_path = "/nonexistent"};
    core = (struct hb_core){.ctx = &ctx,
                            .loop = hb_loop_new(),
                            .away_ns = 5 * HB_S,
                            .answer_ns = 60 * HB_S};
    core.groups = hb_groups_new(64, 3600 * HB_S);
    (void)snprintf(path, sizeof(path), "%s/casebook", source);
    if (hb_casebook_load(path, &core.book, &err) < 0)
        goto fail;
    (void)snprintf(path, sizeof(path), "%s/rules", source);
    if (hb_rules_load(path, &core.rules, &err) < 0 ||
        hb_state_open(scratch, core.book, &core.state, &err) < 0)
        goto fail;
    (void)snprintf(path, sizeof(path), "%s/evidence", scratch);
    if (hb_evidence_open(path, NULL, &core.state.evidence, &err) < 0)
        goto fail;
    (void)snprintf(path, sizeof(path), "%s/events", scratch);
    if (hb_mkdirs(path, 0700) < 0 ||
        hb_events_open(path, &core.events, &err) < 0)
        goto fail;
    if (hb_sock_listen(ctl_path, SOCK_STREAM, 0666, (uid_t)-1, (gid_t)-1, &fd) <
            0 ||
        hb_core_ctl_new(&core, fd, &core.ctl) < 0)
        goto fail;
    if (hb_sock_listen(event_path, SOCK_SEQPACKET, 0660, (uid_t)-1, (gid_t)-1,
                       &fd) < 0 ||
        hb_core_bus_new(&core, fd, &core.bus) < 0 ||
        hb_core_helper_new(&core, helper_path, &core.helper) < 0 ||
        hb_core_play_open(&core) < 0)
        goto fail;
    box_person("sato", HB_PR_OFFICER | HB_PR_ADMIN, OFFICER_UID);
    box_person("abe", HB_PR_STAFF, STAFF_UID);
    return 0;
fail:
    print_message("# %s\n", err.message);
    return -1;
}

static inline int box_drop(void **state)
{
    (void)state;
    hb_core_ctl_free(core.ctl);
    hb_core_bus_free(core.bus);
    hb_core_helper_free(core.helper);
    hb_core_play_close(&core);
    hb_events_close(core.events);
    hb_state_close(&core.state);
    hb_groups_free(core.groups);
    hb_rules_free(core.rules);
    hb_casebook_free(core.book);
    hb_loop_free(core.loop);
    return hb_rmtree(AT_FDCWD, scratch);
}

#define BOXED(t) cmocka_unit_test_setup_teardown(t, box_make, box_drop)

static inline void turn(int times)
{
    for (int i = 0; i < times; i++)
        assert_true(hb_loop_turn(core.loop, 2) >= 0);
}

static inline int64_t box_number(const char *sql)
{
    struct hb_stmt *q;
    int64_t n;

    assert_int_equal(hb_db_stmt(core.state.db, sql, &q), 0);
    assert_int_equal(hb_stmt_step(q), 1);
    n = hb_stmt_col_int(q, 0);
    hb_stmt_reset(q);
    return n;
}

/* A file of the site was changed and restored. */
static inline struct hb_event *tampered(struct hb_arena *a, const char *path,
                                        const char *status)
{
    struct hb_event *e =
        hb_event_new(a, HB_EV_FILE_ACTIVITY, 3, HB_SEV_HIGH, "sense/files");

    assert_non_null(e);
    assert_int_equal(hb_event_strz(e, HB_F_SITE, "www"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_FILE_PATH, path), 0);
    assert_int_equal(hb_event_strz(e, HB_F_SITE_CHANGE, "modified"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_STATUS, status), 0);
    return e;
}

#endif
