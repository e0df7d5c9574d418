/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - what this capability says of itself (config/module.h). */
#include "base/i18n.h"
#include "config/module.h"

extern const struct hb_module hb_module_sense_files;

static const unsigned cases[] = {2, 0};
static const char *const roles[] = {"watch", "compare", NULL};

const struct hb_module hb_module_sense_files = {
    .name = "sense/files",
    .family = HB_FAMILY_SENSOR,
    .cases = cases,
    .roles = roles,
    .source = "sense/files",
    .doc = N_("Notices and judges changes of guarded sites."),
};
