/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document.h - papers owed to somebody, filled from the incident's facts:
 * D01 first report inside the house (社内第一報), D02 timeline and record of
 * response (時系列・対応記録).  HTML and text from the same calls; what is not
 * known yet says so (調査中) and is never left blank silently.
 */
#ifndef HB_INCIDENT_DOCUMENT_H
#define HB_INCIDENT_DOCUMENT_H

#include "base/buf.h"
#include "incident/incident.h"

enum hb_document_form {
    HB_DOCUMENT_HTML,
    HB_DOCUMENT_TEXT,
    HB_DOCUMENT_LETTER /* text to be sent: without what is for its writer */
};

struct hb_document_opts {
    int lang; /* enum hb_lang */
    const char *organisation;
    const char *zone_name; /* times are shown in it */
    int zone_minutes;
    bool text;           /* plain text instead of HTML */
    bool letter;         /* text without what is for its writer, to be sent */
    const char *url;     /* public address of the object; NULL, "": unknown */
    const char *made_by; /* full name; NULL: Hinoban by itself */
    int64_t now;         /* ns UTC, printed as when it was made; 0: now */
};

/* Whether the case of INCIDENT has a document NAME; -ENOENT with words. */
int hb_document_known(struct hb_state *s, int64_t incident, const char *name,
                      struct hb_err *err) HB_WUR;
/* NAME is a document of the incident's case in the case book ("D01", "D02").
 * Appends to B; -ENOENT for another name or incident. */
int hb_document_write(struct hb_state *s, int64_t incident, const char *name,
                      const struct hb_document_opts *o, struct hb_buf *b,
                      struct hb_err *err) HB_WUR;

#endif
