/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post.h - letters of the portal, handed to the role post.
 *
 * One packet a letter, JSON: {"id":1,"to":"...","subject":"...","text":"..."};
 * one packet back: {"id":1,"code":0,"answer":"250 ..."}.  Letters wait in
 * memory only: codes are worthless after minutes, a link is made anew, and a
 * reminder is tried again (guard/share/keep.h).
 */
#ifndef HB_PORTAL_POST_H
#define HB_PORTAL_POST_H

#include "base/loop.h"

#define PORTAL_LETTERS    512u        /* that wait at most */
#define PORTAL_LETTER_MAX (48u << 10) /* bytes of a packet */

struct portal_letter {
    const char *to, *subject, *text; /* UTF-8; lines of TEXT end in "\n" */
    bool urgent;                     /* somebody waits before a page for it */
};

struct portal_post;

/* R: 0 the relay has it, -errno else (-ETIMEDOUT, -EACCES refused, -ECANCELED
 * the post was closed); ANSWER in words. */
typedef void portal_sent_fn(void *arg, int r, const char *answer);

/* A client of the socket at PATH, connected when it is needed. */
int portal_post_new(struct hb_loop *l, const char *path,
                    struct portal_post **ret) HB_WUR;
void portal_post_free(struct portal_post *p);
/* Takes a copy; FN (may be NULL) is called once, from the loop, unless an
 * error is returned: -ENOBUFS too many wait, -EMSGSIZE, -EINVAL. */
int portal_post_send(struct portal_post *p, const struct portal_letter *l,
                     portal_sent_fn *fn, void *arg) HB_WUR;
size_t portal_post_waiting(const struct portal_post *p);

#endif
