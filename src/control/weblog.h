/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weblog.h - one line of a web server's access log.
 *
 * Read are the combined format, with a host before it or more fields behind
 * it, as nginx and Apache write it, and objects of JSON with the usual names.
 */
#ifndef HB_CONTROL_WEBLOG_H
#define HB_CONTROL_WEBLOG_H

#include "control/check.h"

/* Slices lie in the line, or in the arena that was given for it. */
struct hb_weblog {
    int64_t at;             /* ns UTC; see hb_weblog_again() */
    struct hb_slice from;   /* the client's address */
    struct hb_slice method; /* "" where the request is none of HTTP */
    struct hb_slice target; /* as it was sent: "/a/b.php?c=d" */
    struct hb_slice status; /* "200", "" where the line does not say it */
    struct hb_slice head;   /* where another time may stand */
};

/* Whether LINE could be read: at least its time and the place of the request.
 * SCRATCH holds what is made of JSON. */
bool hb_weblog_line(struct hb_arena *scratch, struct hb_slice line,
                    struct hb_weblog *ret);

/* A visitor chooses the names of user and host, and so can put times of their
 * own into the line: which one the server wrote, nobody can tell.  Sets W->at
 * to another one of them, the last first; false: there is none left. */
bool hb_weblog_again(struct hb_weblog *w);

/* The path that TARGET asks for into BUF (SIZE bytes): without host, query
 * and the slash before it, %XX undone, "." and ".." and empty parts gone, as
 * nginx maps it below the document root; cut where it is too long.
 * *RET_QUERY: whether there is a query.  Returns the length. */
size_t hb_weblog_path(struct hb_slice target, char *buf, size_t size,
                      bool *ret_query);

#endif
