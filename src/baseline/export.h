/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export.h - a copy of what is in force for one site, signed as it is, for a
 * place that only compares.
 */
#ifndef HB_BASELINE_EXPORT_H
#define HB_BASELINE_EXPORT_H

#include "baseline/baseline.h"

/* Whether the content of E goes along. */
typedef bool hb_export_fn(const struct hb_base_entry *e);

/* Copies the release that is in force for SITE from FROM to TO (baseline
 * directories; TO exists and is empty), with the content of the files that
 * TAKE wants.  The copy is opened with PUB before it counts, and it is the
 * caller's alone (0700).  RET is the release's number; -ENOENT where the site
 * has none. */
int hb_baseline_export(int from, int to, const char *site,
                       const struct hb_pub *pub, hb_export_fn *take,
                       uint64_t *ret, struct hb_err *err) HB_WUR;

#endif
