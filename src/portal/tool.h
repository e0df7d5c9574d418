/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tool.h - what `hinoban share` does: the same store, policy, letters and
 * findings as the pages, from a process that runs beside the portal as its
 * user.
 */
#ifndef HB_PORTAL_TOOL_H
#define HB_PORTAL_TOOL_H

#include "base/json.h"
#include "config/role_ctx.h"
#include "guard/share/share.h"

struct portal_tool;

int portal_tool_open(const struct hb_role_ctx *ctx, struct portal_tool **ret,
                     struct hb_err *err) HB_WUR;
/* Waits up to 60 s until letters and findings are handed over; -ETIMEDOUT some
 * are not. */
int portal_tool_close(struct portal_tool *t) HB_WUR;
struct hb_share_store *portal_tool_store(struct portal_tool *t);

/* A file to share, open for reading; its name is what recipients see. */
struct portal_tool_file {
    int fd;
    const char *name;
    int64_t size;
};
struct portal_tool_draft {
    const char *owner, *note;
    const char *const *to;
    size_t to_n;
    const struct portal_tool_file *files;
    size_t files_n;
    int64_t days, most; /* 0: as the rules say */
    bool invitation;
    bool dry; /* only what the policy says; nothing stays */
    /* Progress of file I; may be NULL. */
    void (*progress)(void *arg, size_t i, int64_t at);
    void *arg;
};
/* Makes it, hands it in and mails what the verdict asks for.  *RET_ID 0 where
 * nothing stays (refused, or dry). */
int portal_tool_new(struct portal_tool *t, const struct portal_tool_draft *d,
                    struct hb_share_verdict *ret, int64_t *ret_id,
                    struct hb_err *err) HB_WUR;
int portal_tool_wrong(struct portal_tool *t, int64_t share, int64_t recipient,
                      const char *who, hb_share_exposure_fn *fn,
                      void *arg) HB_WUR;
int portal_tool_link(struct portal_tool *t, int64_t recipient,
                     const char *who) HB_WUR;
int portal_tool_links(struct portal_tool *t, int64_t share,
                      const char *who) HB_WUR;

#endif
