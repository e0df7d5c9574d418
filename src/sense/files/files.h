/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.h - the capability "files": tampering with a site is noticed and
 * undone.  Two roles share the work (README.md draws it):
 *
 *   watch    sees names and kernel events, never content; privileged
 *   compare  reads content on descriptors that watch passes in, decides by
 *            the signed baseline and asks the helper; unprivileged
 */
#ifndef HB_SENSE_FILES_FILES_H
#define HB_SENSE_FILES_FILES_H

#include "config/role_ctx.h"

/* Mains of the two roles (config/role_ctx.h says what holds when they are
 * called).  They return the exit status of the process. */
int hb_watch_main(const struct hb_role_ctx *ctx);
int hb_compare_main(const struct hb_role_ctx *ctx);

#endif
