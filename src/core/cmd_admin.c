/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_admin.c - requests of whoever sets Hinoban up: people, deputies,
 * proofs, backup, commands to roles.
 *
 * Runs in core.  The first people are added by root (set-up); afterwards by
 * an officer.  root may set up but is nobody in particular: it answers no
 * task and decides nothing.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "core/play_port.h"

static hb_core_cmd_fn person_add, person_active, deputy_set, proof_add, backup,
    scan;

const struct hb_core_cmd hb_core_cmds_admin[] = {
    {"person.add", HB_NEED_ROOT, person_add},
    {"person.active", HB_NEED_ROOT, person_active},
    {"deputy.set", HB_NEED_ROOT, deputy_set},
    {"proof.add", HB_NEED_ROOT, proof_add},
    {"backup", HB_NEED_ROOT, backup},
    {"scan", HB_NEED_READ, scan},
    {NULL, HB_NEED_NOTHING, NULL},
};

static int person_add(struct hb_core_call *call)
{
    struct hb_person p = {
        .name = hb_json_str(call->args, "name", NULL),
        .full_name = hb_json_str(call->args, "full_name", NULL),
        .uid = hb_json_int(call->args, "uid", -1),
        .mail = hb_json_str(call->args, "mail", ""),
        .phone = hb_json_str(call->args, "phone", ""),
    };
    const char *pub = hb_json_str(call->args, "pub", "");
    int64_t id;
    int r = hb_person_roles_parse(hb_json_str(call->args, "roles", ""),
                                  &p.roles);

    if (r < 0)
        return hb_err_set(&call->err, r,
                          _("Roles are officer, admin, manager, staff, "
                            "accounting, outside, audit."));
    if (p.uid == 0)
        return hb_err_set(&call->err, -EINVAL,
                          _("root is nobody in particular: register a "
                            "person's own account."));
    if (pub[0] != '\0' &&
        (r = hb_unhex(hb_slice_z(pub), p.pub, sizeof(p.pub))) < 0)
        return r;
    r = hb_person_add(&call->core->state, &p, &id);
    if (r == -EEXIST)
        return hb_err_set(&call->err, r,
                          _("That name or account is registered already."));
    if (r == -EINVAL)
        return hb_err_set(&call->err, r,
                          _("A name is of a-z, 0-9, '.', '_' and '-', at most "
                            "32 of them."));
    if (r < 0)
        return r;
    hb_core_own_controls(call->core);
    hb_buf_addf(&call->text, _("%s is registered.\n"), p.name);
    hb_buf_addf(&call->data, "{\"id\":%lld}", (long long)id);
    return 0;
}

static int named(struct hb_core_call *call, struct hb_person *ret)
{
    int r = hb_person_by_name(&call->core->state, call->arena,
                              hb_json_str(call->args, "name", ""), ret);

    return r < 0 ? hb_err_set(&call->err, r, _("There is no such person."))
                 : 0;
}

static int person_active(struct hb_core_call *call)
{
    struct hb_person p;
    int r = named(call, &p);

    return r < 0 ? r
                 : hb_person_set_active(
                       &call->core->state, p.id,
                       hb_json_bool(call->args, "active", true));
}

static int deputy_set(struct hb_core_call *call)
{
    struct hb_person p;
    unsigned role;
    int r = named(call, &p);

    if (r < 0)
        return r;
    if (hb_person_roles_parse(hb_json_str(call->args, "role", ""), &role) < 0)
        return hb_err_set(&call->err, -EINVAL,
                          _("Roles are officer, admin, manager, staff, "
                            "accounting, outside, audit."));
    return hb_deputy_set(&call->core->state, role, p.id,
                         (int)hb_json_int(call->args, "rank", 1));
}

/* A proof made by the drill runner, which holds the evidence key; here it is
 * only kept.  Whether it counts is verified whenever posture is computed. */
static int proof_add(struct hb_core_call *call)
{
    const char *run = hb_json_str(call->args, "run", "");
    const char *text = hb_json_str(call->args, "json", "");
    char path[HB_MAX_PATH];
    uint8_t sig[HB_SIG_SIZE];
    int r = hb_unhex(hb_slice_z(hb_json_str(call->args, "sig", "")), sig,
                     sizeof(sig));

    if (r < 0 || !hb_id_valid(hb_slice_z(run)))
        return hb_err_set(&call->err, -EINVAL, _("This is not a proof."));
    (void)snprintf(path, sizeof(path), "%s/proofs/%s.json",
                   call->core->ctx->state_dir, run);
    r = hb_file_write(path, text, strlen(text), 0600);
    if (r == 0) {
        (void)snprintf(path, sizeof(path), "%s/proofs/%s.sig",
                       call->core->ctx->state_dir, run);
        r = hb_file_write(path, sig, sizeof(sig), 0600);
    }
    return r;
}

static int backup(struct hb_core_call *call)
{
    char path[HB_MAX_PATH];
    int r;

    (void)snprintf(path, sizeof(path), "%s/backup.db",
                   call->core->ctx->state_dir);
    r = hb_db_backup(call->core->state.db, path, &call->err);
    if (r == 0)
        hb_buf_addf(&call->text, "%s\n", path);
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
        r = hb_core_command(call->core, "sense/files", "scan", site,
                            900 * HB_S, ignore, NULL);
    if (r == -ENOTCONN)
        return hb_err_set(&call->err, r,
                          _("That part of Hinoban is not connected."));
    if (r == 0)
        hb_buf_addz(&call->text, _("Begun; the events tell the result.\n"));
    return r;
}
