/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.h - loading a rule set: files of SecLang become one struct
 * hb_waf_rules (rule.h), or an error with file, line and column.
 *
 * What differs from ModSecurity 3, on purpose: a directive, variable,
 * operator, transformation, action or macro that is not known, a skipAfter
 * without its marker, an id that is there twice, a chain without its end and
 * a comparison with what is no number are errors.  Exclusions
 * (SecRuleRemove..., SecRuleUpdate...) hold wherever they stand, also before
 * the rule that they name, and are a note where they name none.
 */
#ifndef HB_GUARD_WAF_RULES_H
#define HB_GUARD_WAF_RULES_H

#include "base/err.h"
#include "guard/waf/rule.h"

/* Reads the file PATH and all that it includes.  Names in a file are relative
 * to the directory of that file.  *RET is the caller's: hb_waf_rules_free().
 * -EBADMSG and what reading a file gives, with the place in ERR. */
int hb_waf_rules_load(const char *path, struct hb_waf_rules **ret,
                      struct hb_err *err) HB_WUR;
/* As above from a text that is called NAME in errors.  Names in it are
 * relative to DIR; where DIR is NULL no file is read. */
int hb_waf_rules_parse(struct hb_slice text, const char *name, const char *dir,
                       struct hb_waf_rules **ret, struct hb_err *err) HB_WUR;
void hb_waf_rules_free(struct hb_waf_rules *rules);
void hb_waf_rules_freep(struct hb_waf_rules **rules);
#define _cleanup_waf_rules_ HB_CLEANUP(hb_waf_rules_freep)

#endif
