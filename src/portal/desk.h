/* SPDX-License-Identifier: Apache-2.0 */
/* desk.h - between the pages of our own people only. */
#ifndef HB_PORTAL_DESK_H
#define HB_PORTAL_DESK_H

#include "portal/http.h"

struct portal_whom {
    struct hb_buf *b;
    unsigned n;
};

/* /shares/ID and what is done there (desk_share.c). */
void portal_desk_share(struct portal_visit *x);
/* "state", "mark" and "tone": word, shape and colour. */
void portal_state_view(struct hb_view *v, enum hb_share_state state);
/* Rows "mail" and "id" of "recipients". */
void portal_recipients_view(struct portal_visit *x, int64_t share);

#endif
