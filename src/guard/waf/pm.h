/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pm.h - many phrases at once, without regard to case (@pm, @pmFromFile).
 *
 * Aho and Corasick, "Efficient string matching" (1975), as one table of
 * states: bytes that no phrase tells apart share a column, failure links are
 * resolved when it is built, so that a byte of a value costs one look-up.
 * Immutable and shared by all threads once built.
 */
#ifndef HB_GUARD_WAF_PM_H
#define HB_GUARD_WAF_PM_H

#include "base/arena.h"
#include "base/err.h"

#define HB_WAF_PM_STATES (1u << 20) /* ceiling: 1 MiB of phrases */

struct hb_waf_pm;
struct hb_waf_pm_builder;

struct hb_waf_pm_builder *hb_waf_pm_builder_new(void) HB_WUR;
void hb_waf_pm_builder_free(struct hb_waf_pm_builder *b);
/* One phrase, any bytes; an empty one is left out.  -ENOMEM, -EFBIG. */
int hb_waf_pm_add(struct hb_waf_pm_builder *b, struct hb_slice phrase) HB_WUR;
/* The phrases of an argument of @pm: words between blanks, with bytes as
 * |41 42| where the bars hold hex.  Reasons as above. */
int hb_waf_pm_add_words(struct hb_waf_pm_builder *b,
                        struct hb_slice words) HB_WUR;
/* The phrases of a file of @pmFromFile: one a line, blanks around it do not
 * count, # begins a line of comment; |41 42| as above. */
int hb_waf_pm_add_lines(struct hb_waf_pm_builder *b,
                        struct hb_slice text) HB_WUR;
/* What was added, in lower case, each once: one block of memory that the
 * caller frees.  -ENOMEM. */
int hb_waf_pm_list(const struct hb_waf_pm_builder *b, struct hb_slice **ret,
                   size_t *ret_n) HB_WUR;
/* The matcher of what was added, in memory of its own.  -ENOMEM. */
int hb_waf_pm_build(const struct hb_waf_pm_builder *b,
                    struct hb_waf_pm **ret) HB_WUR;

void hb_waf_pm_free(struct hb_waf_pm *pm);
/* Phrases, and bytes of memory. */
size_t hb_waf_pm_count(const struct hb_waf_pm *pm);
size_t hb_waf_pm_size(const struct hb_waf_pm *pm);
/* The phrase that ends first in VALUE (the longest of those that end there),
 * as a part of VALUE in *RET (may be NULL); false where there is none. */
bool hb_waf_pm_find(const struct hb_waf_pm *pm, struct hb_slice value,
                    struct hb_slice *ret);

#endif
