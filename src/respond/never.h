/* SPDX-License-Identifier: Apache-2.0 */
/*
 * never.h - what no request may touch: etc/never-touch and what is always on
 * the list (our own directories, the groups that keep the machine and its
 * administrator running).
 *
 * etc/never-touch: one absolute path a line, or "cgroup:/system.slice/NAME"
 * for a control group; what lies below counts too.  "#" begins a comment.
 */
#ifndef HB_RESPOND_NEVER_H
#define HB_RESPOND_NEVER_H

#include "config/role_ctx.h"

struct hb_never;

/* Reads the file again where it changed.  On failure *LIST is NULL: nothing
 * may be touched.  A missing file is an empty one. */
int hb_never_refresh(struct hb_never **list,
                     const struct hb_role_ctx *ctx) HB_WUR;
void hb_never_free(struct hb_never *n);

/* PATH is on the list or below what is. */
bool hb_never_path(const struct hb_never *n, const char *path);
/* Something on the list lies below PATH. */
bool hb_never_within(const struct hb_never *n, const char *path);
/* PATH is STAGING, below it or above it. */
bool hb_never_staging(const char *path, const char *staging);
/* OBJECT as hb_freeze_object() writes it. */
bool hb_never_group(const struct hb_never *n, const char *object);

#endif
