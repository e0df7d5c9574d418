/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - what this capability says of itself (config/module.h). */
#include "base/i18n.h"
#include "config/module.h"

extern const struct hb_module hb_module_control;

static const unsigned cases[] = {2, 0};
static const char *const roles[] = {"check", NULL};

const struct hb_module hb_module_control = {
    .name = "control",
    .family = HB_FAMILY_CONTROL,
    .cases = cases,
    .roles = roles,
    .source = "control",
    .doc = N_("Checks whether preventive measures really hold."),
};
