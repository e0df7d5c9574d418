/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue.c - the table of actions.  It is the whole of what the helper can
 * do: a request that stands in no row, or that the row does not give to who
 * asks, ends the worker that sent it (helper.c).
 *
 * Names come from the codec (event/action.c), so that there is one list.
 */
#include "base/i18n.h"
#include "respond/catalogue.h"
#include "respond/respond.h"

#define COMPARE (1u << HB_REQUESTER_COMPARE)
#define CORE    (1u << HB_REQUESTER_CORE)

#define FLAGS_KNOWN (HB_ACT_F_PUBLISH | HB_ACT_F_DRY_RUN)

static bool all_zero(const uint8_t key[HB_ACT_KEY_SIZE]);

static const struct hb_catalogue_row rows[] = {
    {HB_ACT_QUERY, 0, 0, COMPARE | CORE, 0, HB_POLICY_AUTO,
     N_("Say whether the action of a key was done.")},
    {HB_ACT_FILE_RESTORE, 1, HB_ACT_UNDO, COMPARE | CORE,
     HB_CAT_SITE | HB_CAT_ENTRY | HB_CAT_JOURNAL | HB_CAT_REPEAT |
         HB_CAT_PUBLISH,
     HB_POLICY_REFLEX,
     N_("Make a path as the signed baseline says; keep what stood there.")},
    {HB_ACT_FILE_REMOVE, 1, HB_ACT_UNDO, COMPARE | CORE,
     HB_CAT_FD | HB_CAT_SITE | HB_CAT_JOURNAL | HB_CAT_REPEAT | HB_CAT_PUBLISH,
     HB_POLICY_REFLEX,
     N_("Take a file or directory out that the baseline does not know.")},
    {HB_ACT_SITE_PRIVATE, 2, HB_ACT_SITE_PUBLIC, CORE,
     HB_CAT_SITE | HB_CAT_JOURNAL | HB_CAT_REPEAT, HB_POLICY_REFLEX,
     N_("Answer visitors of a site, or of one path, with 503.")},
    {HB_ACT_SITE_PUBLIC, 2, HB_ACT_SITE_PRIVATE, CORE,
     HB_CAT_SITE | HB_CAT_JOURNAL | HB_CAT_REPEAT, HB_POLICY_REFLEX,
     N_("Serve the site, or the path, again.")},
    {HB_ACT_WRITER_FREEZE, 3, HB_ACT_WRITER_THAW, CORE,
     HB_CAT_FD | HB_CAT_SITE | HB_CAT_JOURNAL, HB_POLICY_REFLEX,
     N_("Stop the control group of a process that keeps writing.")},
    {HB_ACT_WRITER_THAW, 1, 0, CORE, HB_CAT_KEY2 | HB_CAT_JOURNAL,
     HB_POLICY_REFLEX, N_("Let a frozen control group run on.")},
    {HB_ACT_PATH_DENY, 2, HB_ACT_PATH_ALLOW, CORE,
     HB_CAT_SITE | HB_CAT_ENTRY | HB_CAT_JOURNAL | HB_CAT_REPEAT,
     HB_POLICY_REFLEX, N_("Make a restored path immutable.")},
    {HB_ACT_PATH_ALLOW, 1, HB_ACT_PATH_DENY, CORE,
     HB_CAT_SITE | HB_CAT_ENTRY | HB_CAT_JOURNAL | HB_CAT_REPEAT,
     HB_POLICY_REFLEX, N_("Let a path be written again.")},
    {HB_ACT_STAGED_OPEN, 0, 0, CORE, HB_CAT_KEY2, HB_POLICY_AUTO,
     N_("Hand out what an action took out, for reading.")},
    /* Only what core has copied into the evidence store. */
    {HB_ACT_STAGED_DROP, 0, 0, CORE,
     HB_CAT_KEY2 | HB_CAT_JOURNAL | HB_CAT_REPEAT, HB_POLICY_AUTO,
     N_("Delete what an action took out, once it is kept as evidence.")},
    {HB_ACT_UNDO, 2, 0, CORE, HB_CAT_KEY2 | HB_CAT_JOURNAL, HB_POLICY_ASK,
     N_("Undo an action.")},
};

const struct hb_catalogue_row *hb_catalogue(unsigned action)
{
    if (action < 1 || action > HB_ARRAY_LEN(rows))
        return NULL;
    HB_ASSERT(rows[action - 1].action == (enum hb_action)action);
    return &rows[action - 1];
}

enum hb_action hb_catalogue_find(struct hb_slice name)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        if (hb_slice_eq(name, hb_slice_z(hb_action_name(rows[i].action))))
            return rows[i].action;
    }
    return 0;
}

int hb_catalogue_check(const struct hb_request *r, size_t nfds, unsigned who)
{
    const struct hb_catalogue_row *row = hb_catalogue(r->action);

    if (row == NULL || (r->flags & ~FLAGS_KNOWN) != 0)
        return -EBADMSG;
    if ((row->requesters & 1u << who) == 0)
        return -EPERM;
    if (nfds != ((row->flags & HB_CAT_FD) != 0 ? 1u : 0u))
        return -EBADMSG;
    if (all_zero(r->key) ||
        ((row->flags & HB_CAT_KEY2) != 0 && all_zero(r->key2)) ||
        ((row->flags & HB_CAT_SITE) != 0 && r->site == 0))
        return -EBADMSG;
    if ((r->flags & HB_ACT_F_PUBLISH) != 0 &&
        (row->flags & HB_CAT_PUBLISH) == 0)
        return -EBADMSG;
    if ((r->flags & HB_ACT_F_DRY_RUN) != 0 &&
        (row->flags & HB_CAT_JOURNAL) == 0)
        return -EBADMSG;
    return 0;
}

static bool all_zero(const uint8_t key[HB_ACT_KEY_SIZE])
{
    uint8_t any = 0;

    for (size_t i = 0; i < HB_ACT_KEY_SIZE; i++)
        any |= key[i];
    return any == 0;
}
