/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - the settings of the section share as rules of the locker. */
#include "portal/part.h"

static int domains(struct hb_arena *a, const struct hb_strs *v,
                   struct hb_share_domains *ret);

int portal_rules(struct hb_arena *a, const struct hb_conf_share *s,
                 struct hb_share_rules *ret)
{
    static const enum hb_share_exe programs[] = {
        [HB_SHARE_PROGRAMS_REFUSE] = HB_SHARE_EXE_REFUSE,
        [HB_SHARE_PROGRAMS_HOLD] = HB_SHARE_EXE_HOLD,
        [HB_SHARE_PROGRAMS_ALLOW] = HB_SHARE_EXE_ALLOW,
    };
    struct hb_share_domains approvers = {0};
    int r;

    hb_share_rules_default(ret);
    ret->days = s->days;
    ret->days_max = s->days_max;
    ret->most = s->downloads;
    ret->most_max = s->downloads_max;
    ret->recipients_max = s->recipients_max;
    ret->files_max = s->files_max;
    ret->file_max = (int64_t)s->file_size;
    ret->share_max = (int64_t)s->share_size;
    ret->executables = programs[s->programs];
    ret->approve_all = s->approve_all;
    ret->approve_unknown = s->approve_unknown;
    ret->personal_from = s->personal;
    ret->owner_bytes = (int64_t)s->owner_space;
    ret->store_bytes = (int64_t)s->space;
    ret->disk_free = (int64_t)s->space_free;
    ret->reopen_days = s->reopen_days;
    ret->trail_days = s->trail_days;
    ret->remind_days = s->remind_days;
    r = domains(a, &s->allowed, &ret->allowed);
    if (r == 0)
        r = domains(a, &s->blocked, &ret->blocked);
    if (r == 0 && s->freemail.n > 0)
        r = domains(a, &s->freemail, &ret->freemail);
    if (r == 0)
        r = domains(a, &s->partners, &ret->known);
    if (r == 0)
        r = domains(a, &s->staff, &ret->staff);
    if (r == 0)
        r = domains(a, &s->approvers, &approvers);
    ret->approvers = approvers.v;
    ret->approvers_n = approvers.n;
    return r;
}

/* A copy: the settings may be loaded anew below the store. */
static int domains(struct hb_arena *a, const struct hb_strs *v,
                   struct hb_share_domains *ret)
{
    const char **copy = v->n > 0 ? HB_NEW_N(a, const char *, v->n) : NULL;

    if (v->n > 0 && copy == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < v->n; i++) {
        copy[i] = hb_arena_strdup(a, v->v[i]);
        if (copy[i] == NULL)
            return -ENOMEM;
    }
    *ret = (struct hb_share_domains){copy, v->n};
    return 0;
}
