/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.c - the life of one role process: configuration, sandbox, main.
 *
 * Runs as root under the supervisor and as the role's user under systemd,
 * until hb_sandbox_enter() returns; the configuration (root's own file) is
 * all that is read before.
 */
#include <stdio.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "daemon/role.h"
#include "daemon/sandbox.h"

static void fill_users(struct hb_role_user users[HB_ROLES_MAX + 1]);
static enum hb_level wanted_level(void);

int hb_role_start(const struct hb_role *r, const struct hb_paths *paths,
                  const char *config_path)
{
    _cleanup_config_ struct hb_config *config = NULL;
    struct hb_role_user users[HB_ROLES_MAX + 1];
    struct hb_err err = {0};
    char text[HB_MAX_ERR + 512];
    struct hb_role_ctx ctx = {
        .role = r->name,
        .config_path = config_path,
        .etc_dir = paths->dir[HB_DIR_ETC],
        .state_dir = paths->dir[HB_DIR_STATE],
        .baseline_dir = paths->dir[HB_DIR_BASELINE],
        .helper_dir = paths->dir[HB_DIR_HELPER],
        .private_dir = paths->dir[HB_DIR_PRIVATE],
        .pending_dir = paths->dir[HB_DIR_PENDING],
        .gate_dir = paths->dir[HB_DIR_GATE],
        .share_dir = paths->dir[HB_DIR_SHARE],
        .share_keys = paths->dir[HB_DIR_SHARE_KEYS],
        .run_dir = paths->dir[HB_DIR_RUN],
        .data_dir = paths->dir[HB_DIR_DATA],
        .users = users,
    };

    hb_log_open(r->name, wanted_level());
    /* What ps(1) shows; execve of /proc/self/exe left "exe". */
    (void)snprintf(text, sizeof(text), "hb-%s", r->name);
    (void)prctl(PR_SET_NAME, text, 0, 0, 0);
    fill_users(users);
    if (hb_config_load(config_path, &config, &err) < 0 ||
        hb_sandbox_enter(r, paths, config, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        hb_log(HB_LOG_ERR, "%s", text);
        return 1;
    }
    ctx.config = config;
    return r->run(&ctx);
}

static void fill_users(struct hb_role_user users[HB_ROLES_MAX + 1])
{
    size_t n = 0;

    for (; n < HB_ROLES_MAX && hb_roles[n].name != NULL; n++) {
        users[n].role = hb_roles[n].name;
        hb_role_ids(&hb_roles[n], &users[n].uid, &users[n].gid);
    }
    users[n] = (struct hb_role_user){NULL, 0, 0};
}

static enum hb_level wanted_level(void)
{
    const char *text = getenv("HINOBAN_LOG");

    return text != NULL && hb_streq(text, "debug") ? HB_LOG_DEBUG : HB_LOG_INFO;
}
