/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - one request at the portal's door; between the files of pages only.
 */
#ifndef HB_PORTAL_HTTP_H
#define HB_PORTAL_HTTP_H

#include "guard/share/staff.h"
#include "html/page.h"
#include "net/serve.h"
#include "portal/part.h"

#define PORTAL_PARTS 5u /* of a path */

/* In the request's arena. */
struct portal_visit {
    struct hb_portal *p;
    struct hb_request *r;
    struct hb_arena *a;
    const char *part[PORTAL_PARTS]; /* "/s/abc/get": "s", "abc", "get" */
    size_t parts;
    const char *from;
    /* The browser's: 256 bits in a cookie that it has from its first page on;
     * codes and forms are bound to it. */
    char nonce[HB_SHARE_TOKEN_TEXT];
    bool fresh; /* the cookie is made with this answer */
    bool signed_in;
    struct hb_share_person person; /* where signed_in */
    struct hb_slice session;
    struct hb_view *view;
};

/* A page with what all have; TITLE is translated already. */
struct hb_view *portal_view(struct portal_visit *x, const char *title);
/* The view as template NAME with STATUS. */
void portal_show(struct portal_visit *x, int status, const char *name);
/* A short page: TITLE, TEXT, and MORE (""). */
void portal_message(struct portal_visit *x, int status, const char *title,
                    const char *text, const char *more);
/* A link, a page or a thing that is not there (any more), for whatever
 * reason. */
void portal_gone(struct portal_visit *x);
/* For -EAGAIN. */
void portal_wait(struct portal_visit *x);
/* R of the store that is no verdict: 503 with a line in the log. */
void portal_failed(struct portal_visit *x, int r);
/* Whether what changes something comes from a page of ours; else it is
 * answered. */
bool portal_ours(struct portal_visit *x);
/* "{...}" for hinoban.js. */
void portal_json(struct portal_visit *x, int status, const char *fmt, ...)
    HB_PRINTF(3, 4);
/* A number of a path or of a field; 0 where it is none. */
int64_t portal_number(const char *z);
/* One that may be 0; -1 where it is none. */
int64_t portal_offset(const char *z);
/* What stands behind the last "/" or "\\". */
const char *portal_base_name(const char *path);
/* The files of SHARE as rows "name" and "size" of "files". */
void portal_files_view(struct portal_visit *x, int64_t share);

/* Lines of TEXT as rows "line" of NAME. */
void portal_lines(struct hb_view *v, const char *name, const char *text);

/* Contents as the answer: a download D of F from AT on, which ends with it. */
struct hb_share_download;
void portal_stream(struct portal_visit *x, const struct hb_share_file *f,
                   struct hb_share_download *d, int64_t at, bool partial);

/* ---- our own people (desk.c, desk_share.c, approve.c) ---- */

/* Whose session it is; else they are shown where to sign in. */
bool portal_person(struct portal_visit *x);
void portal_signin(struct portal_visit *x);
void portal_signout(struct portal_visit *x);
void portal_shares(struct portal_visit *x);
void portal_shares_body(struct portal_visit *x);
void portal_approve(struct portal_visit *x);
void portal_factor(struct portal_visit *x);
/* Who confirms that something was deleted (confirm.h of guard/share). */
void portal_confirm(struct portal_visit *x);
/* The mails of SHARE's recipients in one line, cut after some. */
const char *portal_whom(struct portal_visit *x, int64_t share);

/* ---- who comes with a link (link.c, guest.c) ---- */

void portal_link(struct portal_visit *x);
void portal_link_body(struct portal_visit *x);

#endif
