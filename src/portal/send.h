/* SPDX-License-Identifier: Apache-2.0 */
/*
 * send.h - files on their way in, a guest's or the owner's.
 *
 *     a form with the file in it           works everywhere
 *     POST .../piece                       x-name, x-size -> {"file":N}
 *     PUT  .../piece/N                     a piece at x-offset ->
 *                                          {"at":N,"done":false}; 409 where
 *                                          the file stands elsewhere
 */
#ifndef HB_PORTAL_SEND_H
#define HB_PORTAL_SEND_H

#include "portal/http.h"

struct portal_sender {
    int64_t share;
    struct hb_share_who who;
    struct hb_slice grant; /* a guest's; {NULL, 0}: the owner */
    int64_t piece;         /* the file that a piece belongs to; 0: a form */
};

/* A body comes: it is taken, or refused before it is read. */
void portal_send_body(struct portal_visit *x, const struct portal_sender *by);
/* A form has come: 0, or why not.  Answers nothing. */
int portal_send_form(struct portal_visit *x,
                     const struct portal_sender *by) HB_WUR;
/* A file begins, or a piece has come: answered.  True where a file is whole
 * now. */
bool portal_send_piece(struct portal_visit *x, const struct portal_sender *by);
/* In words, for a page. */
const char *portal_send_error(int r);

#endif
