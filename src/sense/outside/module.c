/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - what this capability says of itself (config/module.h). */
#include "base/i18n.h"
#include "config/module.h"

extern const struct hb_module hb_module_sense_outside;

static const unsigned cases[] = {2, 0};
static const char *const roles[] = {"outside", NULL};

const struct hb_module hb_module_sense_outside = {
    .name = "sense/outside",
    .family = HB_FAMILY_SENSOR,
    .cases = cases,
    .roles = roles,
    .source = "sense/outside",
    .doc = N_("Looks at the public address as a visitor does."),
};
