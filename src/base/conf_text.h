/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_text.h - numbers of settings as a person would write them; shared by
 * conf.c (bounds in messages) and conf_dump.c, included by nothing else.
 */
#ifndef HB_BASE_CONF_TEXT_H
#define HB_BASE_CONF_TEXT_H

#include "base/conf.h"

#define HB_CONF_TEXT 32u /* bytes that the longest of them takes */

/* VALUE of a row of TYPE (INT, SIZE in bytes, DURATION in ns) in its largest
 * unit without remainder: "20m", "10s".  Returns DST. */
const char *hb_conf_text(char dst[HB_CONF_TEXT], enum hb_conf_type type,
                         int64_t value);

#endif
