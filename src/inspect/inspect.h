/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.h - personal data in bytes of unknown encoding, as they come.
 */
#ifndef HB_INSPECT_INSPECT_H
#define HB_INSPECT_INSPECT_H

#include "inspect/encoding.h"
#include "inspect/personal.h"

struct hb_inspect;

/* FOUND may be NULL; its offsets count bytes of the text as UTF-8.  -ENOMEM. */
int hb_inspect_new(hb_personal_fn *found, void *arg,
                   struct hb_inspect **ret) HB_WUR;
void hb_inspect_free(struct hb_inspect *in);
/* The first HB_ENC_WINDOW bytes are kept until they tell the encoding. */
int hb_inspect_add(struct hb_inspect *in, struct hb_slice bytes) HB_WUR;
int hb_inspect_end(struct hb_inspect *in, enum hb_encoding *ret_encoding,
                   struct hb_personal_report *ret) HB_WUR;

#endif
