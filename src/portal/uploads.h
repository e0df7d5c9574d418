/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uploads.h - files that come in pieces stay open between two of them: to
 * open one again reads what is there, for its hash.
 */
#ifndef HB_PORTAL_UPLOADS_H
#define HB_PORTAL_UPLOADS_H

#include "guard/share/content.h"
#include "portal/part.h"

struct portal_uploads;

int portal_uploads_new(struct hb_portal *p, struct portal_uploads **ret) HB_WUR;
void portal_uploads_free(struct portal_uploads *u);
/* The upload of FILE, opened where it is not; the list's own.  Errors of
 * hb_share_upload_open(). */
int portal_uploads_get(struct portal_uploads *u, int64_t file,
                       struct hb_slice grant,
                       struct hb_share_upload **ret) HB_WUR;
/* It is at its end, or broken. */
void portal_uploads_drop(struct portal_uploads *u, int64_t file);

#endif
