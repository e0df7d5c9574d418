/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id.h - identifiers: 128 bits, time-ordered (UUIDv7, RFC 9562), and random
 * bytes from getrandom(2).
 */
#ifndef HB_BASE_ID_H
#define HB_BASE_ID_H

#include "base/base.h"

#define HB_ID_SIZE 37 /* "xxxxxxxx-xxxx-7xxx-yxxx-xxxxxxxxxxxx" and NUL */

void hb_id_new(char ret_id[HB_ID_SIZE]);
bool hb_id_valid(struct hb_slice s);
/* Fills P; ends the process where the kernel has no randomness. */
void hb_random(void *p, size_t n);

#endif
