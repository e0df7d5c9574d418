/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.h - Japanese addresses: a municipality and the number of a block or
 * lot, with what stands between them.
 */
#ifndef HB_INSPECT_ADDRESS_H
#define HB_INSPECT_ADDRESS_H

#include "inspect/letters.h"

/* A letter that ends the name of a municipality: 市 区 町 村. */
static inline bool hb_address_mark(uint32_t c)
{
    return c == 0x5e02 || c == 0x533a || c == 0x753a || c == 0x6751;
}

/* The address whose municipality ends at letter AT, within letters FROM..END.
 * LABELLED: a heading or key says that one stands here, so that less is
 * enough.  True, and *RET_BEGIN, *RET_END, where there is one. */
bool hb_address_find(const uint32_t *cp, size_t from, size_t end, size_t at,
                     bool labelled, size_t *ret_begin, size_t *ret_end);

#endif
