/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play_port.h - what the step engine needs from core: actions that go to the
 * helper or are done here, facts, documents.
 */
#ifndef HB_CORE_PLAY_PORT_H
#define HB_CORE_PLAY_PORT_H

#include "core/core.h"
#include "incident/document.h"
#include "playbook/playbook.h"

int hb_core_play_open(struct hb_core *c) HB_WUR;
/* Forgets what is in flight; after the bus and the helper were freed. */
void hb_core_play_close(struct hb_core *c);

/* Writes a document of an incident into OUT; BY asked for it, NULL: nobody in
 * particular. */
int hb_core_document(struct hb_core *c, int64_t incident, const char *name,
                     enum hb_lang lang, enum hb_document_form form,
                     const struct hb_person *by, struct hb_buf *out,
                     struct hb_err *err) HB_WUR;
/* Writes it to documents/INCIDENT-NAME.LANG.(html|txt) of the state
 * directory, into the evidence log, the table document and (HTML only) the
 * timeline; nothing where the last one still says all that is known. */
int hb_core_document_keep(struct hb_core *c, int64_t incident, const char *name,
                          enum hb_lang lang, bool text,
                          struct hb_err *err) HB_WUR;

/* play_notes.c */
int64_t hb_core_evidence_count(struct hb_core *c, int64_t incident);
uint32_t hb_core_step_hash(const char *id);
/* The request by which the helper does STEP for SITE; action 0 where another
 * part of Hinoban does it.  Made in one place, because an approval is bound to
 * exactly this. */
void hb_core_step_request(const struct hb_step *step,
                          const struct hb_conf_site *site, int64_t incident,
                          struct hb_request *ret);
/* Length of the approval put into BUF (HB_ACT_APPROVAL_MAX), 0: none. */
size_t hb_core_approval(struct hb_core *c, int64_t incident,
                        const struct hb_request *r, uint8_t *buf);
/* The changes of an incident that its timeline tells, the first and the last
 * ones, as JSON for the command "collect": [{"path":"/srv/www/a","time":ns}];
 * when it began where it tells none. */
int hb_core_changes(struct hb_core *c, int64_t incident,
                    struct hb_buf *json) HB_WUR;
void hb_core_answer_moments(struct hb_core *c, int64_t incident,
                            const struct hb_event *answer);
void hb_core_site_moment(struct hb_core *c, int64_t incident,
                         const char *action);
/* "action.failed" of core's own deeds; WHY: a message of the catalogue. */
void hb_core_failed_moment(struct hb_core *c, int64_t incident,
                           const char *action, const char *why);

#endif
