/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h - what the loader's files share; nobody else includes it.
 */
#ifndef HB_CASEBOOK_LOAD_H
#define HB_CASEBOOK_LOAD_H

#include "base/yaml.h"
#include "casebook/casebook.h"
#include "casebook/holiday.h"
#include "crypto/crypto.h"

struct hb_load {
    struct hb_arena *a;
    struct hb_err *err;
    struct hb_casebook *book;
    struct hb_case *cases; /* the book's, while they may change */
    struct hb_case *common;
    struct hb_sha256 *hash; /* over all files */
    const char *dir;
};

/* The entries of a folder, sorted by bytes. */
struct hb_load_names {
    char **v;
    size_t n;
};

/* A sequence of names: where to look a word up. */
struct hb_words {
    const char *const *v;
    size_t n;
};

/* Each of these reads member KEY of MAP; required ones say so at MAP's place
 * where it is absent.  0 or negative with ERR filled. */
int hb_load_text(struct hb_load *l, const struct hb_yaml *map, const char *key,
                 bool required, struct hb_text *ret) HB_WUR;
int hb_load_str(struct hb_load *l, const struct hb_yaml *map, const char *key,
                bool required, const char **ret) HB_WUR;
int hb_load_bool(struct hb_load *l, const struct hb_yaml *map, const char *key,
                 bool *ret) HB_WUR;
int hb_load_num(struct hb_load *l, const struct hb_yaml *map, const char *key,
                uint64_t min, uint64_t max, uint64_t *ret) HB_WUR;
int hb_load_duration(struct hb_load *l, const struct hb_yaml *map,
                     const char *key, uint64_t *ret) HB_WUR;
/* A day ("2026-04-01"); *RET is left alone where the key is absent and not
 * required. */
int hb_load_day(struct hb_load *l, const struct hb_yaml *map, const char *key,
                bool required, int64_t *ret) HB_WUR;
/* Index of the word; *RET is left alone where the key is absent and not
 * required. */
int hb_load_word(struct hb_load *l, const struct hb_yaml *map, const char *key,
                 bool required, struct hb_words words, unsigned *ret) HB_WUR;
/* A sequence of words as bits. */
int hb_load_bits(struct hb_load *l, const struct hb_yaml *map, const char *key,
                 struct hb_words words, uint32_t *ret) HB_WUR;
/* The member as a sequence (NULL where absent), or an error. */
int hb_load_seq(struct hb_load *l, const struct hb_yaml *map, const char *key,
                bool required, const struct hb_yaml **ret) HB_WUR;
int hb_load_rows(struct hb_load *l, const struct hb_yaml *map,
                 const struct hb_case *c, struct hb_rows *ret) HB_WUR;
/* "unknown X" with the nearest of WORDS, at NODE. */
int hb_load_unknown(struct hb_load *l, const struct hb_yaml *node,
                    const char *what, struct hb_words words) HB_WUR;
int hb_load_unknown_word(struct hb_load *l, const struct hb_yaml *node,
                         const char *what, const char *word,
                         struct hb_words words) HB_WUR;
/* A condition over the facts of the catalogue; *RET stays where absent. */
int hb_load_when(struct hb_load *l, const struct hb_yaml *map, const char *key,
                 const struct hb_cond **ret) HB_WUR;
/* Whether ID is [a-z0-9]([a-z0-9._-]{0,62}). */
int hb_load_id(struct hb_load *l, const struct hb_yaml *map, const char *key,
               const char **ret) HB_WUR;
/* Whether there is kana or a common ideograph in Z (U+3040..30FF,
 * U+4E00..9FFF). */
bool hb_load_japanese(const char *z);

/* Files: each is read once, and the book's hash covers it. */
int hb_load_folder(struct hb_load *l, const char *path,
                   struct hb_load_names *ret) HB_WUR;
bool hb_load_named(const struct hb_load_names *names, const char *name);
int hb_load_yaml(struct hb_load *l, const char *path, struct hb_yaml **ret,
                 struct hb_slice *ret_text) HB_WUR;

int hb_load_facts(struct hb_load *l, const char *path) HB_WUR;
/* A sequence of names of facts; nothing where absent. */
int hb_load_fact_list(struct hb_load *l, const struct hb_yaml *map,
                      const char *key, const struct hb_fact ***ret,
                      size_t *ret_n) HB_WUR;
/* PATH is the folder of the case, or common/. */
int hb_load_controls(struct hb_load *l, const char *path,
                     struct hb_case *c) HB_WUR;
int hb_load_documents(struct hb_load *l, const char *path,
                      struct hb_case *c) HB_WUR;
/* PATH/cards, into the book. */
int hb_load_cards(struct hb_load *l, const char *path) HB_WUR;
/* One playbook; references to other playbooks are resolved by _link. */
int hb_load_playbook(struct hb_load *l, const char *file, struct hb_case *c,
                     const struct hb_playbook **ret) HB_WUR;
/* The same of TOP, which was parsed from TEXT, without adding it to the
 * book. */
int hb_load_playbook_tree(struct hb_load *l, struct hb_case *c,
                          const struct hb_yaml *top, struct hb_slice text,
                          const struct hb_playbook **ret) HB_WUR;
/* valid_from and valid_to of MAP (rules_load.c); the first is optional where
 * FROM is not NULL, and then *FROM. */
int hb_load_period(struct hb_load *l, const struct hb_yaml *map,
                   const int64_t *from, struct hb_period *ret) HB_WUR;
/* The member "holidays" of a rule pack (holiday_load.c). */
int hb_load_calendar(struct hb_load *l, const struct hb_yaml *top,
                     struct hb_calendar *ret) HB_WUR;
int hb_load_playbook_link(struct hb_load *l, struct hb_playbook *p) HB_WUR;
/* Whether the playbook can be walked: flow.c. */
int hb_flow_check(const struct hb_playbook *p, const char *file,
                  struct hb_err *err) HB_WUR;

extern const struct hb_words hb_step_types, hb_phases, hb_case_roles,
    hb_evidence_kinds, hb_clock_rules, hb_modalities, hb_maturities,
    hb_doc_kinds, hb_value_types;

#endif
