/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask.h - text that leaves the organisation, without what must not leave it.
 *
 * Masked are: blocks of PEM; the value behind a word such as password, token
 * or Authorization; user and password in an address (scheme://user:pw@host);
 * the local part of a mail address.  A mask can only be a net below a good
 * habit: secrets do not stand in settings or logs in the first place.
 */
#ifndef HB_BASE_MASK_H
#define HB_BASE_MASK_H

#include "base/buf.h"

#define HB_MASKED "(masked)"

/* Appends TEXT (lines), masked, with hidden characters made visible. */
void hb_mask(struct hb_buf *b, struct hb_slice text);

#endif
