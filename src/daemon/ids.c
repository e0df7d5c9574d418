/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ids.c - the users of roles on this machine.
 *
 * An installed package has one system user a role and the group "hinoban";
 * `./dev up` and containers run on machines that have neither and use fixed
 * numbers from the range that systemd keeps for dynamic users.
 */
#include <grp.h>
#include <pwd.h>

#include "daemon/role.h"

#define GROUP          "hinoban"
#define FALLBACK_GROUP 61800u

void hb_role_ids(const struct hb_role *r, uid_t *ret_uid, gid_t *ret_gid)
{
    const struct passwd *pw;
    const struct group *gr;

    if (hb_streq(r->user, "root")) {
        *ret_uid = 0;
        *ret_gid = 0;
        return;
    }
    pw = getpwnam(r->user);
    gr = getgrnam(GROUP);
    *ret_uid = pw != NULL ? pw->pw_uid : r->fallback_uid;
    *ret_gid = gr != NULL ? gr->gr_gid : FALLBACK_GROUP;
}

gid_t hb_role_group(void)
{
    const struct group *gr = getgrnam(GROUP);

    return gr != NULL ? gr->gr_gid : FALLBACK_GROUP;
}
