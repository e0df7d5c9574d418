/* SPDX-License-Identifier: Apache-2.0 */
/*
 * persons.h - how many different persons, and whether they make a list.
 *
 * Persons are told apart by hashes of 64 bits of their name and of what stands
 * with it; nothing of either is kept.  A set holds HB_SET_MAX of them (8 MiB);
 * what comes then is taken for new.
 */
#ifndef HB_INSPECT_PERSONS_H
#define HB_INSPECT_PERSONS_H

#include "base/base.h"

#define HB_SET_MAX   (1u << 19)
#define HB_LIST_FROM 10u /* persons that make a list */

struct hb_set {
    uint64_t *slot;
    size_t cap, n;
};

void hb_set_done(struct hb_set *s);
/* 1 where H is new, 0 where it was there; -ENOMEM. */
int hb_set_add(struct hb_set *s, uint64_t h) HB_WUR;

#define HB_HASH_PRIME 1099511628211u /* FNV-1a */

static inline uint64_t hb_hash(uint64_t h, uint64_t v)
{
    h ^= v + 0x9e3779b97f4a7c15u + (h << 6) + (h >> 2);
    h *= 0xff51afd7ed558ccdu;
    return h ^ h >> 33;
}

struct hb_person {
    uint64_t name, about;
    bool has_about;
    bool strong; /* a number, an address, mail stands with it */
    bool sure;   /* a heading or label says that it is a person */
    bool headed; /* one of names alone: 氏名 */
    bool known;  /* surname and given name are known, or two words */
};

struct hb_persons {
    struct hb_set all;    /* name and attributes */
    struct hb_set known;  /* of these, with an attribute */
    struct hb_set headed; /* names below a heading of names */
    struct hb_set names;  /* names alone, of all */
    uint64_t strong;      /* of all, with a value that was found */
    /* Of known: told by the name alone, in rows and short lines that no
     * heading explains; and how many of these there were. */
    uint64_t weak, weak_hits, weak_rows;
    uint64_t hits, strange; /* persons; without values, by a shape alone */
    struct hb_person one;   /* whose attributes are coming, where OPEN */
    size_t line;
    bool open;
};

void hb_persons_done(struct hb_persons *p);
/* A person with all of its row. */
int hb_persons_row(struct hb_persons *p, const struct hb_person *one) HB_WUR;
/* A name in text: what hb_persons_about() brings up to HB_PERSON_LINES lines
 * below belongs to it, until the next name. */
#define HB_PERSON_LINES 12u
int hb_persons_name(struct hb_persons *p, uint64_t name, bool headed,
                    bool known, size_t line) HB_WUR;
int hb_persons_about(struct hb_persons *p, uint64_t about, bool strong,
                     size_t line) HB_WUR;
int hb_persons_close(struct hb_persons *p) HB_WUR;
bool hb_persons_list(const struct hb_persons *p);
/* Different persons.  Who did what on which day is one person in many rows:
 * where words alone tell rows apart, names that come again are the same. */
uint64_t hb_persons_count(const struct hb_persons *p);

#endif
