/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cacao_map.h - what the files of CACAO's export and import share; nobody
 * else includes it.
 */
#ifndef HB_CASEBOOK_CACAO_MAP_H
#define HB_CASEBOOK_CACAO_MAP_H

#include "base/json.h"
#include "casebook/cacao.h"
#include "casebook/load.h"

/* Types of steps as bits. */
#define HB_STEP_BIT(t) (1u << HB_STEP_##t)
#define HB_STEP_ANY    ((1u << HB_STEP_TYPE_COUNT) - 1u)
#define HB_STEP_FLOW   (HB_STEP_BIT(START) | HB_STEP_BIT(END))
#define HB_STEP_PEOPLE (HB_STEP_BIT(ACTION) | HB_STEP_BIT(TASK))

/* How a property of a step stands in the extension, in YAML and in memory. */
enum hb_cacao_kind {
    HB_CACAO_WORD,      /* string; unsigned, of WORDS */
    HB_CACAO_BITS,      /* strings; uint32_t, of WORDS */
    HB_CACAO_FLAG,      /* true or absent; bool */
    HB_CACAO_COUNT,     /* integer; unsigned */
    HB_CACAO_SPAN,      /* milliseconds; uint64_t ns */
    HB_CACAO_STEP,      /* id of a step; a pointer to it */
    HB_CACAO_ROWS,      /* ids; struct hb_rows */
    HB_CACAO_DOCUMENTS, /* ids; documents */
    HB_CACAO_FACTS,     /* names; facts */
    HB_CACAO_ARGS       /* {"name", "value"} in their order; args */
};

/* What CACAO has no place for.  A property that is added to struct hb_step
 * gets a row here and is then exported, imported and described.  Rows stand
 * in the order of the YAML; members of one mapping ("due.") together. */
struct hb_cacao_prop {
    const char *name; /* in the extension: [a-z0-9_]{3,250} */
    const char *yaml; /* key, or "mapping.key" */
    enum hb_cacao_kind kind;
    uint32_t types; /* bits of enum hb_step_type */
    size_t at;      /* offset in struct hb_step */
    const struct hb_words *words;
    size_t needs; /* offset of the uint64_t without which it means nothing */
};
extern const struct hb_cacao_prop hb_cacao_props[]; /* name NULL ends */

/* Type of a step in CACAO: "if-condition". */
const char *hb_cacao_type(enum hb_step_type t);
/* The first of our types with that name; -EINVAL. */
int hb_cacao_type_find(struct hb_slice name, enum hb_step_type *ret) HB_WUR;

/* "TYPE--UUID" of NAME ("defacement/defacement/adopt"). */
int hb_cacao_name_id(const char *type, const char *name,
                     char ret[HB_CACAO_ID_SIZE]) HB_WUR;
/* Whose a playbook is; the first part of the names of its ids. */
const char *hb_cacao_owner(const struct hb_playbook *p);
/* Whether ID is TYPE--UUID by the rules of CACAO (TYPE NULL: any). */
bool hb_cacao_id_valid(struct hb_slice id, const char *type);

/* Adds the signature to the whole playbook TOP. */
int hb_cacao_sign(struct hb_arena *a, struct hb_json *top,
                  const struct hb_cacao_signer *signer) HB_WUR;
/* Fills SIG, SIGNEE and KEY of RET. */
int hb_cacao_verify(struct hb_arena *a, const struct hb_json *top,
                    const struct hb_cacao_import *in,
                    struct hb_cacao_imported *ret, struct hb_err *err) HB_WUR;

#endif
