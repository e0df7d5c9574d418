/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portal.h - the share portal's roles.
 *
 *   portal   serves pages and contents; has the store, the keys and a port;
 *            connects to nothing outside of this machine
 *   post     sends the portal's mails; has the relay's password, and no store
 *   look     reads what a file is and what it holds; has nothing at all
 */
#ifndef HB_PORTAL_PORTAL_H
#define HB_PORTAL_PORTAL_H

#include "config/role_ctx.h"

int hb_portal_main(const struct hb_role_ctx *ctx);
int hb_post_main(const struct hb_role_ctx *ctx);
int hb_look_main(const struct hb_role_ctx *ctx);

#endif
