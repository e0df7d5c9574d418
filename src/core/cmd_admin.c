/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_admin.c - requests of whoever sets Hinoban up: people, proofs,
 * commands to roles.
 *
 * Runs in core.  root may set up but is nobody in particular: it answers no
 * task and decides nothing.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "core/cmd.h"
#include "core/core_bus.h"
#include "core/play_port.h"

static hb_core_cmd_fn people_sync, proof_add, scan, control_run;

const struct hb_core_cmd hb_core_cmds_admin[] = {
    {"people.sync", HB_NEED_ROOT, people_sync, HB_ABOUT_NONE},
    {"proof.add", HB_NEED_ROOT, proof_add, HB_ABOUT_NONE},
    {"scan", HB_NEED_READ, scan, HB_ABOUT_NONE},
    {"control.run", HB_NEED_READ, control_run, HB_ABOUT_NONE},
    {NULL, HB_NEED_NOTHING, NULL, HB_ABOUT_NONE},
};

static int people_sync(struct hb_core_call *call)
{
    int r = hb_core_people_sync(call->core, &call->err);

    if (r == 0)
        hb_core_own_controls(call->core);
    return r;
}

/* A proof made by the drill runner, which holds the evidence key; here it is
 * only kept.  Whether it counts is verified whenever posture is computed. */
static int proof_add(struct hb_core_call *call)
{
    const char *run = hb_json_str(call->args, "run", "");
    const char *text = hb_json_str(call->args, "json", "");
    bool gate = hb_streq(hb_json_str(call->args, "kind", ""), "gate");
    char dir[HB_MAX_PATH], path[HB_MAX_PATH + 64];
    uint8_t sig[HB_SIG_SIZE];
    int r = hb_unhex(hb_slice_z(hb_json_str(call->args, "sig", "")), sig,
                     sizeof(sig));

    if (r < 0 || !hb_id_valid(hb_slice_z(run)))
        return hb_err_set(&call->err, -EINVAL, _("This is not a proof."));
    /* Those of each day lie apart: the cases' proofs are all read. */
    (void)snprintf(dir, sizeof(dir), "%s/proofs%s", call->core->ctx->state_dir,
                   gate ? "/gate" : "");
    r = hb_mkdirs(dir, 0700);
    (void)snprintf(path, sizeof(path), "%s/%s.json", dir, run);
    if (r == 0)
        r = hb_file_write(path, text, strlen(text), 0600);
    if (r == 0) {
        (void)snprintf(path, sizeof(path), "%s/%s.sig", dir, run);
        r = hb_file_write(path, sig, sizeof(sig), 0600);
    }
    return r;
}

static void ignore(void *arg, const struct hb_event *answer)
{
}

static int scan(struct hb_core_call *call)
{
    const char *site = hb_json_str(call->args, "site", "");
    const char *kind = hb_json_str(call->args, "kind", "scan");
    int r;

    if (hb_config_site(call->core->ctx->config, site) == NULL)
        return hb_err_set(&call->err, -ENOENT, _("There is no site \"%s\"."),
                          site);
    if (hb_streq(kind, "outside"))
        r = hb_core_command(call->core, "sense/outside", "look", site,
                            300 * HB_S, ignore, NULL);
    else
        r = hb_core_command(call->core, "sense/files", "scan", site, 900 * HB_S,
                            ignore, NULL);
    if (r == -ENOTCONN)
        return hb_err_set(&call->err, r,
                          _("That part of Hinoban is not connected."));
    if (r == 0)
        hb_buf_addz(&call->text, _("Begun; the events tell the result.\n"));
    return r;
}

/* The checks of the machine, now instead of when they are due. */
static int control_run(struct hb_core_call *call)
{
    int r = hb_core_command(call->core, "control", "check", "", 300 * HB_S,
                            ignore, NULL);

    if (r == -ENOTCONN)
        return hb_err_set(&call->err, r,
                          _("That part of Hinoban is not connected."));
    if (r == 0)
        hb_buf_addz(&call->text,
                    _("Begun; hinoban control list tells the result.\n"));
    return r;
}
