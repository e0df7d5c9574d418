/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number.h - numbers that name a person or an account: check digits and
 * Japan's numbering plan.  Digits are ASCII, N of them.
 */
#ifndef HB_INSPECT_NUMBER_H
#define HB_INSPECT_NUMBER_H

#include "base/base.h"

#define HB_NUMBER_DIGITS 24u /* of the longest run that is looked at */

/* A run of digits with single separators between groups. */
struct hb_number {
    char digits[HB_NUMBER_DIGITS + 1];
    size_t n;
    uint8_t group[HB_NUMBER_DIGITS]; /* digits of each group */
    char sep[HB_NUMBER_DIGITS];      /* behind each group, 0 the last */
    size_t groups;
};

/* Individual Number, 12 digits: art. 5 of the ordinance 平成26年総務省令第85号.
 * The specimen of official forms (123456789018) passes. */
bool hb_my_number_ok(const char *digits, size_t n);
/* A payment card: prefix and length of a scheme (ISO/IEC 7812-1), Luhn right,
 * and none of the numbers that processors publish for tests. */
bool hb_card_ok(const char *digits, size_t n);
/* A subscriber's number from its 0 on: 10 digits behind an area code in use,
 * 11 behind 020, 050, 060, 070, 080, 090; no toll-free or service number. */
bool hb_phone_ok(const char *digits, size_t n);
/* How many digits the area code at the beginning has (2..5), 3 for mobile
 * numbers, 0 where there is none. */
size_t hb_phone_area(const char *digits, size_t n);

#endif
