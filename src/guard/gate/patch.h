/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patch.h - a virtual patch: a few rules against one hole, until it is closed
 * (casebook/14-late-patch).
 *
 * What such a text may hold: SecRule and SecAction with ids of its own range;
 * deny, block and pass; setvar of TX:patch_..., and of scores that grow.  It
 * cannot switch off, skip or change what others wrote, read a file or make an
 * exception, so that a patch that is wrong stops too much or nothing, but
 * never opens a way.
 */
#ifndef HB_GUARD_GATE_PATCH_H
#define HB_GUARD_GATE_PATCH_H

#include "base/buf.h"
#include "guard/gate/grant.h"

#define HB_PATCH_FIRST 8500000u
#define HB_PATCH_LAST  8599999u
#define HB_PATCH_RULES 200u

/* -EPERM for what a patch may not, -EBADMSG for what is no SecLang; NAME
 * stands in ERR with line and column. */
int hb_patch_check(struct hb_slice text, const char *name,
                   struct hb_err *err) HB_WUR;
/* Appends G's rules between a rule that skips them from its end on, in each
 * phase, and a marker. */
void hb_patch_write(struct hb_buf *b, const struct hb_grant *g);

#endif
