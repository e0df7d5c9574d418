/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.h - when two mail addresses are the same.
 *
 * As people write it: blanks around and angle brackets go; full-width ASCII
 * (U+FF01 to U+FF5E) and the ideographic full stops become ASCII.
 *
 *   local part  1..64 of RFC 5322's atext and ".", compared without case:
 *               RFC 5321 leaves case to the receiving host, and no host in use
 *               gives "Sato" to another person than "sato".  Dots anywhere but
 *               first: Japanese carriers gave out "a..b." for years.  Quoted
 *               local parts and SMTPUTF8 are refused, and what a server on
 *               the way may take for a route, an option or a program: "!",
 *               "%", "|", "`", and "-" or "/" in front.
 *   domain      lower case, LDH labels of 1..63, at least two, 253 in all, no
 *               address literal.  An international label of kana and kanji
 *               alone becomes its A-label (RFC 3492, RFC 5891); these scripts
 *               have no case and each of the characters taken is its own NFC
 *               form.  Other scripts have to be written as xn-- (-EILSEQ): to
 *               map them takes Unicode's tables, and look-alikes live there.
 */
#ifndef HB_GUARD_SHARE_ADDRESS_H
#define HB_GUARD_SHARE_ADDRESS_H

#include "base/base.h"

#define HB_SHARE_ADDRESS 321u /* 64 "@" 255, terminated */

/* RET_KEY is compared, RET_MAIL (may be NULL) written to: the same with the
 * local part's own case.  -EINVAL no address, -EILSEQ see above. */
int hb_share_address(struct hb_slice text, char ret_key[HB_SHARE_ADDRESS],
                     char ret_mail[HB_SHARE_ADDRESS]) HB_WUR;
/* Whether DOMAIN (of a key) is RULE ("example.jp") or below it. */
bool hb_share_domain_in(const char *domain, const char *rule);

#endif
