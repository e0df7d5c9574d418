/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_circle.c - requests about who may see an incident (G0-U9).
 *
 * Runs in core.  The officer may narrow the circle; only management or audit
 * widens it again or asks who looked, since the officer may be the one whom
 * it is kept from.
 */
#include "base/i18n.h"
#include "core/cmd.h"
#include "incident/hidden.h"

static hb_core_cmd_fn hide, unhide, seen;

const struct hb_core_cmd hb_core_cmds_circle[] = {
    {"incident.hide", HB_NEED_PERSON, hide, HB_ABOUT_ID},
    {"incident.unhide", HB_NEED_PERSON, unhide, HB_ABOUT_ID},
    {"incident.seen", HB_NEED_PERSON, seen, HB_ABOUT_ID},
    {NULL, HB_NEED_NOTHING, NULL, HB_ABOUT_NONE},
};

static hb_hidden_fn add_seen;
static int may(struct hb_core_call *call, unsigned roles);
static int whom(struct hb_core_call *call, struct hb_person *ret);

static int hide(struct hb_core_call *call)
{
    int64_t id = hb_json_int(call->args, "id", 0);
    struct hb_incident i;
    struct hb_person p;
    int r = may(call, HB_PR_OFFICER | HB_PR_MANAGER | HB_PR_AUDIT);

    if (r == 0)
        r = whom(call, &p);
    if (r == 0 && p.id == call->person->id)
        r = hb_err_set(&call->err, -EINVAL,
                       _("Nobody hides an incident from themselves."));
    if (r == 0 &&
        (r = hb_incident_get(&call->core->state, call->arena, id, &i)) < 0)
        r = hb_err_set(&call->err, r, _("There is no incident %lld."),
                       (long long)id);
    if (r < 0)
        return r;
    r = hb_hidden_add(&call->core->state, id, p.id, call->person);
    if (r < 0 && r != -EEXIST)
        return r;
    hb_buf_addf(&call->text,
                _("Incident %lld is hidden from %s. Who reads it from now on "
                  "is recorded.\n"),
                (long long)id, p.full_name);
    return 0;
}

static int unhide(struct hb_core_call *call)
{
    int64_t id = hb_json_int(call->args, "id", 0);
    struct hb_person p;
    int r = may(call, HB_PR_MANAGER | HB_PR_AUDIT);

    if (r == 0)
        r = whom(call, &p);
    if (r == 0)
        r = hb_hidden_remove(&call->core->state, id, p.id, call->person);
    if (r == -ENOENT)
        return hb_err_set(&call->err, r,
                          _("The incident is not hidden from that person."));
    if (r == 0)
        hb_buf_addf(&call->text, _("%s may see incident %lld again.\n"),
                    p.full_name, (long long)id);
    return r;
}

static int seen(struct hb_core_call *call)
{
    int r = may(call, HB_PR_MANAGER | HB_PR_AUDIT);

    if (r == 0)
        r = hb_hidden_each_seen(&call->core->state,
                                hb_json_int(call->args, "id", 0), add_seen,
                                call);
    if (r == 0 && call->text.n == 0)
        hb_buf_addz(&call->text, _("Nobody has looked since it was hidden.\n"));
    return r;
}

static int add_seen(void *arg, int64_t time, const char *name, const char *cmd)
{
    struct hb_core_call *call = arg;
    char buf[64];

    hb_buf_addf(&call->text, "%s  %-24s %s\n",
                hb_core_when(call, time, buf, sizeof(buf)),
                name[0] != '\0' ? hb_core_shown(call, name) : "?", cmd);
    return hb_buf_err(&call->text);
}

static int may(struct hb_core_call *call, unsigned roles)
{
    if ((call->person->roles & roles) != 0)
        return 0;
    return hb_err_set(&call->err, -EPERM,
                      _("Only management or audit may do this; the officer may "
                        "hide an incident."));
}

static int whom(struct hb_core_call *call, struct hb_person *ret)
{
    int r = hb_person_by_name(&call->core->state, call->arena,
                              hb_json_str(call->args, "person", ""), ret);

    if (r < 0)
        return hb_err_set(&call->err, -ENOENT,
                          _("There is no such person (hinoban person list)."));
    return 0;
}
