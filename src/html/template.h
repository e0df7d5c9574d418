/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.h - a template as steps; between page.c and template.c only.
 */
#ifndef HB_HTML_TEMPLATE_H
#define HB_HTML_TEMPLATE_H

#include "html/page.h"

#define TEMPLATE_STEPS 2048u
#define TEMPLATE_DEPTH 16u /* of blocks and of includes */

enum template_op {
    OP_LITERAL, /* text */
    OP_VALUE,   /* name */
    OP_MESSAGE, /* name: the msgid */
    OP_IF,      /* name; to TO where it is not so */
    OP_UNLESS,
    OP_JUMP, /* to TO */
    OP_EACH, /* name; to TO at its end */
    OP_NEXT  /* to TO, the OP_EACH */
};

enum template_place {
    PLACE_TEXT,
    PLACE_LINES, /* in a textarea: as it was typed */
    PLACE_ATTR,
    PLACE_URL,     /* a whole one */
    PLACE_URL_PART /* behind its scheme and host */
};

struct template_step {
    enum template_op op;
    enum template_place place;
    struct hb_slice text;
    const char *name;
    size_t to;
};

struct template
{
    const char *name;
    struct template_step *step;
    size_t n;
};

/* Reads the template NAME of FILES. */
int template_read(struct hb_arena *a, const struct hb_web_file *files,
                  const char *name, struct template *ret,
                  struct hb_err *err) HB_WUR;
const struct hb_web_file *template_file(const struct hb_web_file *files,
                                        const char *name);

#endif
