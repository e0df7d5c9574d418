/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_undo.c - taking back what a step of a playbook did; and why a file
 * that was put back stays as it is.
 *
 * Runs in core.  What stands in a site is what was signed with the publish
 * key, and the guard would put it back again: so a person who says that a
 * change was right publishes or accepts it, and nobody brings unsigned content
 * back from the evidence, whatever their role (TRUST: Keys).
 */
#include "core/cmd.h"
#include "core/core_reflex.h"
#include "core/play_port.h"

#include "base/i18n.h"

static const char unrestorable[] =
    N_("Files that were put back as published are not undone: only what is "
       "signed may stand there, and the guard would put them back again. Where "
       "a change was right, publish it (hinoban site publish), or repeat it "
       "in a window and accept it (hinoban site accept). What stood there is "
       "kept: hinoban evidence list %lld, hinoban evidence export %lld");

static bool is_restoring(const struct hb_step *s);

/* An approval is asked for as for any other action of the playbook. */
int hb_core_step_undo(struct hb_core_call *call)
{
    int64_t id = hb_json_int(call->args, "incident", 0);
    const char *place = hb_json_str(call->args, "place", "");
    const struct hb_step *s = hb_play_step(call->core->play, id, place);
    int r;

    if (s != NULL && is_restoring(s))
        return hb_err_set(&call->err, -ENOTSUP, _(unrestorable), (long long)id,
                          (long long)id);
    if (hb_json_bool(call->args, "dry", false) && s != NULL &&
        s->undo != NULL) {
        hb_buf_addf(&call->text, _("Would do: %s. Nothing was done.\n"),
                    s->undo->action->name);
        return 0;
    }
    r = hb_play_undo(call->core->play, id, place, call->person, &call->err);
    if (r == 0)
        hb_buf_addf(&call->text,
                    _("It is being taken back. Where it wants an approval: "
                      "hinoban approve %lld\n"),
                    (long long)id);
    return r;
}

void hb_core_undo_restored(struct hb_core_call *call, int64_t incident)
{
    if (hb_incident_put_back(&call->core->state, incident) == 0)
        return;
    hb_buf_addf(&call->text, _(unrestorable), (long long)incident,
                (long long)incident);
    hb_buf_addc(&call->text, '\n');
}

static bool is_restoring(const struct hb_step *s)
{
    return s->action != NULL && s->undo == NULL &&
           (hb_streq(s->action->name, "site.restore") ||
            hb_streq(s->action->name, "reflex.adopt"));
}
