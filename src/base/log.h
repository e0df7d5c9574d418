/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - the process's own log, for mains of processes only (libraries
 * return errors).  One line of JSON to standard error, or, where standard
 * error is a terminal, one readable line.  Text from outside is escaped.
 * Under systemd each line carries the <N> priority prefix for the journal.
 */
#ifndef HB_BASE_LOG_H
#define HB_BASE_LOG_H

#include "base/base.h"

enum hb_level {
    HB_LOG_ERR = 3,
    HB_LOG_WARNING = 4,
    HB_LOG_NOTICE = 5,
    HB_LOG_INFO = 6,
    HB_LOG_DEBUG = 7
};

/* ROLE is borrowed and names the process in every line. */
void hb_log_open(const char *role, enum hb_level up_to);
void hb_log(enum hb_level level, const char *fmt, ...) HB_PRINTF(2, 3);

#endif
