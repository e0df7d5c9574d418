/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - names of people: kanji, kana, Latin.
 *
 * A surname and a given name are known by lists and by the kanji that they
 * are made of (names_data.h): 山+田, 太+郎.  That takes in most names of most
 * people, and misses rare ones unless a heading says that it is a name.
 */
#ifndef HB_INSPECT_NAMES_H
#define HB_INSPECT_NAMES_H

#include "inspect/letters.h"

#define HB_NAME_LETTERS 40u /* of the longest name */

enum hb_name {
    HB_NAME_NO,
    HB_NAME_SURNAME, /* a surname alone */
    HB_NAME_SHAPE,   /* could be one: enough where a heading says so */
    HB_NAME_FULL     /* surname and given name are known */
};

struct hb_names;

int hb_names_new(struct hb_names **ret) HB_WUR;
void hb_names_free(struct hb_names *n);

/* What N letters, all of a cell or of a value, are.  *RET_N: letters of the
 * name, without honorifics and the reading behind it. */
enum hb_name hb_name_cell(const struct hb_names *names, const uint32_t *cp,
                          size_t n, size_t *ret_n);
/* The name in kanji that begins at CP in running text (0 ends the letters;
 * the letter before is none of a name); its letters, 0 where there is none. */
size_t hb_name_here(const struct hb_names *names, const uint32_t *cp);
/* Whether letters are a surname / a given name alone (two columns). */
bool hb_name_surname(const struct hb_names *names, const uint32_t *cp,
                     size_t n);
bool hb_name_given(const struct hb_names *names, const uint32_t *cp, size_t n);
/* Names of firms, shops and places by what they end in. */
bool hb_name_firm(const struct hb_names *names, const uint32_t *cp, size_t n);

#endif
