/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row.h - the rows of the requirements (what a case must meet) and the
 * bilingual texts that everything in the case book is written in.
 */
#ifndef HB_CASEBOOK_ROW_H
#define HB_CASEBOOK_ROW_H

#include "base/base.h"
#include "base/i18n.h"

/* One text in all languages; none is ever empty. */
struct hb_text {
    const char *in[HB_LANG_COUNT];
};

/* T in the language of the environment. */
const char *hb_text(const struct hb_text *t);

enum hb_modality {
    HB_MOD_DO,
    HB_MOD_CONSIDER /* a recorded decision against it meets it */
};

/* One row of the requirements: what must be met, and is, or is not yet. */
struct hb_row {
    const char *id; /* "C02-R1" */
    struct hb_text need;
    enum hb_modality modality;
    bool automatic;         /* the machine must do it; asking a person
                               never meets it */
    struct hb_text missing; /* what is not built yet; in[] NULL: nothing */
    struct hb_text program; /* how the program itself meets it, beside what
                               controls and steps do; in[] NULL: not */
    const char *test;       /* of that, in the source tree */
};

struct hb_rows { /* references to rows */
    const struct hb_row **v;
    size_t n;
};

#endif
