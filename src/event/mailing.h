/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailing.h - what two people release together: one text to a list of people
 * outside, one mail each (G0-U6).
 *
 * Nothing leaves for anybody outside by itself.  Each of two people signs the
 * terms with their own key (domain "mailing"): the text and the list by their
 * hashes, the subject, until when it may be sent.  The role that mails checks
 * both signatures, the text, and that the addressee stands at this place of
 * this list (merkle.h), for every single mail: whoever took over core cannot
 * mail a word or a person more.
 */
#ifndef HB_EVENT_MAILING_H
#define HB_EVENT_MAILING_H

#include "crypto/merkle.h"

/* Bytes of a text as JSON has it: a command of the bus holds it. */
#define HB_MAILING_TEXT_MAX    24576u
#define HB_MAILING_SUBJECT_MAX 200u
#define HB_MAILING_NAME_MAX    128u
#define HB_MAILING_TO_MAX      5000u
#define HB_MAILING_RELEASES    2u
/* A release is for so long at most, whatever its terms say; a little more is
 * taken, since clocks differ. */
#define HB_MAILING_VALID_NS (INT64_C(7) * 86400 * 1000000000)
#define HB_MAILING_SKEW_NS  (INT64_C(300) * 1000000000)
/* Stands in the text where each addressee's name belongs. */
#define HB_MAILING_NAME "{name}"

struct hb_mailing_terms {
    const char *uid;   /* of the mailing, 32 hexadecimal digits */
    const char *paper; /* "D08" */
    const char *subject;
    int64_t incident, count;
    int64_t until; /* ns UTC; nothing is sent after it */
    uint8_t text[HB_SHA256_SIZE];
    hb_merkle_hash root; /* of the list */
};

/* The bytes that PERSON signs (RFC 8785). */
int hb_mailing_message(struct hb_buf *b, const struct hb_mailing_terms *t,
                       const char *person) HB_WUR;
/* The terms in a form that two people can compare by eye and by telephone:
 * 80 bits in groups of four, "1a2b-3c4d-5e6f-7a8b-9c0d". */
#define HB_MAILING_SEAL 25u
int hb_mailing_seal(const struct hb_mailing_terms *t,
                    char ret[HB_MAILING_SEAL]) HB_WUR;
/* Whether a mail may leave at NOW by terms that end at UNTIL. */
bool hb_mailing_in_time(int64_t now, int64_t until);
/* One entry of the list. */
int hb_mailing_leaf(const char *name, const char *address,
                    hb_merkle_hash ret) HB_WUR;
/* Whether who holds ROLE ("officer") may release one; the second eyes of an
 * office of one person come from outside. */
bool hb_mailing_releaser(const char *role);
/* One line, short enough, not empty. */
bool hb_mailing_subject_ok(const char *z);
/* No hidden characters; it may be empty. */
bool hb_mailing_name_ok(const char *z);
/* UTF-8 without hidden characters but line ends and tabs, not too long. */
bool hb_mailing_text_ok(struct hb_slice text);
/* Appends TEXT with NAME in each place of HB_MAILING_NAME. */
void hb_mailing_fill(struct hb_buf *b, struct hb_slice text, const char *name);

#endif
