/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cacao_read.h - a foreign playbook while it is imported; between the files
 * of the import only.
 */
#ifndef HB_CASEBOOK_CACAO_READ_H
#define HB_CASEBOOK_CACAO_READ_H

#include "casebook/cacao_map.h"

struct hb_cacao_step {
    const char *id;    /* in the file */
    const char *local; /* with us */
    const struct hb_json *json;
    const struct hb_json *ext; /* ours, or NULL */
    enum hb_step_type type;
    bool filler;   /* stands there only because CACAO wants it */
    unsigned line; /* where it begins in the YAML that is made */
};

struct hb_cacao_in {
    struct hb_arena *a;
    struct hb_err *err;
    const struct hb_cacao_import *how;
    struct hb_cacao_imported *ret;
    const struct hb_json *top;
    const struct hb_json *ext; /* our extension, or NULL: a foreign one */
    struct hb_cacao_step *steps;
    size_t n;
    size_t variables; /* of the playbook and of its steps */
};

/* Checks form, types, references and commands; fills in ext, steps and RET's
 * owner and id.  ERR names the step. */
int hb_cacao_read(struct hb_cacao_in *in) HB_WUR;
/* Refuses for a reason that names S (NULL: the whole); returns -EINVAL. */
int hb_cacao_refuse(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                    const char *fmt, ...) HB_PRINTF(3, 4);
/* Z fit for a message; lives in the arena. */
const char *hb_cacao_shown(struct hb_cacao_in *in, struct hb_slice s);
struct hb_cacao_step *hb_cacao_step(struct hb_cacao_in *in, struct hb_slice id);
/* The playbook of the case book that has ID in CACAO, or NULL. */
const struct hb_playbook *hb_cacao_playbook(const struct hb_casebook *b,
                                            const char *id);
/* The variables of the playbook and of its steps, one after the other. */
typedef int hb_cacao_each(void *arg, const struct hb_json *variable);
int hb_cacao_variables(struct hb_cacao_in *in, hb_cacao_each *fn,
                       void *arg) HB_WUR;

/* Writes playbook.yaml.  STAND_IN: what is missing is replaced by something,
 * so that the rest can be checked, and counted in RET's open; else it is left
 * out with a comment. */
int hb_cacao_yaml(struct hb_cacao_in *in, struct hb_buf *out,
                  bool stand_in) HB_WUR;

#endif
