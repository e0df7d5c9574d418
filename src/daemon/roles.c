/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles.c - the one table of roles.
 *
 * Everything that starts, confines or describes a role reads it here: the
 * sandbox, the supervisor, the systemd units, tmpfiles.d and sysusers.d.  The
 * order is that of starting: whoever receives comes before whoever sends.
 */
#include <linux/capability.h>
#include <sys/socket.h>

#include "base/i18n.h"
#include "daemon/intake.h"
#include "daemon/role.h"

#define CAP(name) (UINT64_C(1) << CAP_##name)

static const char *const nothing[] = {NULL};

static const struct hb_role_sock intake_socks[] = {
    {"producer", SOCK_STREAM, 0666, NULL},
    {NULL, 0, 0, NULL},
};
static const struct hb_role_dir intake_dirs[] = {
    {HB_DIR_ETC, false},
    {HB_DIR_RUN, false},
    {HB_DIR_COUNT, false},
};

const struct hb_role hb_roles[] = {
    {"intake", "hinoban-intake", 61806, 0, 0, intake_socks, intake_dirs,
     nothing, nothing, hb_intake_main,
     N_("takes events from programs that are not ours")},
    {NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL},
};

const struct hb_role *hb_role_find(const char *name)
{
    for (const struct hb_role *r = hb_roles; r->name != NULL; r++)
        if (hb_streq(r->name, name))
            return r;
    return NULL;
}

void hb_role_sock_owner(const struct hb_role_sock *s, uid_t *ret_uid,
                        gid_t *ret_gid)
{
    const struct hb_role *peer = s->peer != NULL ? hb_role_find(s->peer) : NULL;

    *ret_uid = 0;
    *ret_gid = 0;
    if (peer != NULL)
        hb_role_ids(peer, ret_uid, ret_gid);
    if (s->mode == 0660)
        *ret_gid = hb_role_group();
}
