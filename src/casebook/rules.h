/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.h - rule packs: what law, contracts and our own order want done by
 * when, as dated data with its source.
 *
 * A pack is one file (casebook/rules/jp.yaml), strict YAML, every text in
 * both languages.  It gives no legal advice: a rule whose facts hold is
 * proposed, a person decides, both are recorded.  What was not checked
 * against its source is "to be confirmed" and says what is to be checked.
 *
 * Beside the file may lie FILE.sig: 64 bytes of Ed25519 by the rules key over
 * "hinoban-rulepack-v1\n" and the SHA-256 of the file in small hex digits.
 * A signature that does not hold, or a pack that was not checked for long,
 * does not keep the pack from being used (a clock must not fail for it), but
 * is told to whoever asks.
 */
#ifndef HB_CASEBOOK_RULES_H
#define HB_CASEBOOK_RULES_H

#include "casebook/cond.h"
#include "casebook/holiday.h"
#include "crypto/crypto.h"

#define HB_DUTY_MAX        256u
#define HB_DUTY_ITEMS_MAX  32u
#define HB_RULEPACK_DOMAIN "rulepack"
/* Older packs are shown with a warning. */
#define HB_RULEPACK_MAX_AGE 180 /* days */

enum hb_certainty {
    HB_CERTAINTY_CONFIRMED, /* read in the source that stands beside it */
    HB_CERTAINTY_TO_CONFIRM /* 要確認: never shown as a plain fact */
};
const char *hb_certainty_name(enum hb_certainty c);  /* "to-confirm" */
const char *hb_certainty_title(enum hb_certainty c); /* translated */

/* What makes a rule a proposal. */
enum hb_trigger {
    HB_TRIGGER_FACTS,  /* its condition holds */
    HB_TRIGGER_ALWAYS, /* every incident */
    HB_TRIGGER_BY_HAND /* never: templates, comparisons, standing duties */
};

/* From which moment the time counts. */
enum hb_duty_start {
    HB_START_KNOWN, /* any department knew (事態を知った時点) */
    HB_START_ASKED  /* we asked somebody, who has to answer */
};
const char *hb_duty_start_name(enum hb_duty_start s);  /* "known" */
const char *hb_duty_start_title(enum hb_duty_start s); /* translated */

enum hb_due_kind {
    HB_DUE_HOURS,    /* exactly so many hours later */
    HB_DUE_DAYS,     /* the end of a day in Japan */
    HB_DUE_PROMPTLY, /* no figure in the source: a yardstick of ours */
    HB_DUE_STANDING  /* holds at all times, has no clock */
};
const char *hb_due_kind_name(enum hb_due_kind k); /* "promptly" */

struct hb_due {
    enum hb_due_kind kind;
    unsigned n;           /* hours or days */
    unsigned target;      /* the same unit, to aim at; 0: none */
    bool count_first_day; /* DAYS: the day of the start is day 1 */
    bool roll;            /* DAYS: a closed last day gives the next open one */
    uint64_t within;      /* PROMPTLY: ns */
};

/* What a report must tell ("cause", "publication"). */
struct hb_duty_item {
    const char *id;
    struct hb_text text;
};

struct hb_duty {
    const char *id; /* "ppc-final" */
    struct hb_text title;
    struct hb_text law;        /* act and article, or on what else it rests */
    struct hb_text addressee;  /* who gets it */
    struct hb_text when;       /* the trigger in words */
    struct hb_text format;     /* form or way in; in[] NULL: none */
    struct hb_text note;       /* in[] NULL: none */
    struct hb_text to_confirm; /* what is to be checked; in[] NULL: nothing */
    enum hb_trigger trigger;
    const char *condition; /* FACTS: as written */
    const struct hb_cond *cond;
    enum hb_duty_start start;
    struct hb_due due;
    struct hb_period period; /* in which it is law */
    enum hb_certainty certainty;
    enum hb_modality modality; /* CONSIDER: deciding against it is an end */
    const char *source;        /* URL or publication */
    const char *document;      /* "D04", or NULL */
    const struct hb_duty_item **items;
    size_t items_n;
    unsigned line, column; /* where it is written */
};

enum hb_pack_signature {
    HB_PACK_UNSIGNED,
    HB_PACK_SIGNED,
    HB_PACK_UNCHECKED, /* signed, but there is no key to check it with */
    HB_PACK_BAD        /* changed after it was signed, or another key's */
};
const char *hb_pack_signature_name(enum hb_pack_signature s);

enum hb_pack_age {
    HB_PACK_FRESH,
    HB_PACK_OLD,   /* checked more than HB_RULEPACK_MAX_AGE days ago */
    HB_PACK_FUTURE /* checked after today: one of the two dates is wrong */
};
const char *hb_pack_age_name(enum hb_pack_age a);

struct hb_rulepack {
    const char *id; /* "jp" */
    unsigned version;
    int64_t checked_at; /* day */
    const char *checked_by;
    struct hb_calendar calendar;
    const struct hb_duty_item *items;
    size_t items_n;
    const struct hb_duty *rules; /* as written */
    size_t n;
    uint8_t hash[HB_SHA256_SIZE]; /* of the file */
    enum hb_pack_signature signature;
    struct hb_arena *arena; /* owned */
};

/* Reads and checks the pack at PATH and PATH.sig.  VARS: what conditions may
 * name (hb_casebook.fact_vars).  PUB (may be NULL) checks the signature.  ERR
 * says file:line:column. Everything lives in the pack. */
int hb_rulepack_load(const char *path, const struct hb_variables *vars,
                     const struct hb_pub *pub, struct hb_rulepack **ret,
                     struct hb_err *err) HB_WUR;
/* The same from memory, unsigned; NAME stands in errors. */
int hb_rulepack_parse(const char *name, struct hb_slice text,
                      const struct hb_variables *vars, struct hb_rulepack **ret,
                      struct hb_err *err) HB_WUR;
void hb_rulepack_free(struct hb_rulepack *p);
void hb_rulepack_freep(struct hb_rulepack **p);
/* Writes PATH.sig for the pack P, which was loaded from PATH. */
int hb_rulepack_sign(const struct hb_rulepack *p, const char *path,
                     const struct hb_key *key, struct hb_err *err) HB_WUR;

/* Days since the pack was checked (negative: in the future), as of NOW (ns
 * UTC), and what is to be thought of that. */
int64_t hb_rulepack_age(const struct hb_rulepack *p, int64_t now);
enum hb_pack_age hb_rulepack_age_state(const struct hb_rulepack *p,
                                       int64_t now);

/* The version of rule ID that is law on DAY; NULL where there is none. */
const struct hb_duty *hb_duty_find(const struct hb_rulepack *p, const char *id,
                                   int64_t day);
bool hb_duty_valid(const struct hb_duty *r, int64_t day);
/* 1 where the rule is to be proposed, 0 where not; GET and ARG as for
 * hb_cond_eval(), -EINVAL for a fact of another type. */
int hb_duty_triggered(const struct hb_duty *r, hb_value_get *get,
                      void *arg) HB_WUR;
/* The term in words, translated: "30 days, ...". */
void hb_due_print(struct hb_buf *b, const struct hb_due *due);

#endif
