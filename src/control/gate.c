/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.c - are virtual patches in order: none past its end, none that nobody
 * signed for, and could one be put in at all?
 *
 * Runs in check, which may read the firewall's directory.  What was decided is
 * believed only with its signature (guard/gate/grant.h).
 */
#include <stdio.h>

#include "base/i18n.h"
#include "control/check.h"
#include "guard/gate/grant.h"

#define GATE "/var/lib/hinoban/gate"

void hb_check_virtual_patch(const struct hb_machine *m, struct hb_found *ret)
{
    const char *dir =
        m->gate_dir != NULL ? m->gate_dir : hb_machine_path(m, GATE);
    const char *etc =
        m->etc_dir != NULL ? m->etc_dir : hb_machine_path(m, "/etc/hinoban");
    char rules[HB_MAX_PATH];
    struct hb_grants all;
    struct hb_err err = {0};

    if (dir == NULL || etc == NULL ||
        snprintf(rules, sizeof(rules), "%s/rules.conf", dir) >=
            (int)sizeof(rules))
        return;
    if (access(rules, F_OK) < 0) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The firewall of this machine has no rules yet; "
                        "whether another one could take a virtual patch is "
                        "not known."));
        return;
    }
    if (hb_grants_load(m->arena, dir, etc, m->now, &all, &err) < 0) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The virtual patches could not be read."));
        return;
    }
    for (size_t i = 0; i < all.n; i++) {
        const struct hb_grant *k = &all.v[i];
        char name[8];

        if (k->kind != HB_GRANT_PATCH || k->state == HB_GRANT_ON ||
            k->state == HB_GRANT_PROPOSED)
            continue;
        hb_grant_name(k->kind, k->number, name);
        hb_found_name(ret, name);
        hb_found_set(ret, HB_CHECK_FAIL,
                     k->state == HB_GRANT_EXPIRED
                         ? N_("A virtual patch has expired: close the hole, or "
                              "decide anew, then take it away.")
                         : N_("The signature of a virtual patch does not "
                              "hold."));
    }
    hb_found_set(ret, HB_CHECK_PASS,
                 N_("Virtual patches can be put in, and none is overdue."));
}
