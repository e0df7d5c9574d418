/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play_port.h - what the step engine needs from core: actions that go to the
 * helper or are done here, facts, documents.
 */
#ifndef HB_CORE_PLAY_PORT_H
#define HB_CORE_PLAY_PORT_H

#include "core/core.h"
#include "playbook/playbook.h"

int hb_core_play_open(struct hb_core *c) HB_WUR;

/* Writes a document of an incident into the state directory and the evidence
 * log; *RET_PATH (in A) is where the HTML in LANG lies. */
int hb_core_document(struct hb_core *c, int64_t incident, const char *name,
                     enum hb_lang lang, bool text, struct hb_buf *out,
                     struct hb_err *err) HB_WUR;

#endif
