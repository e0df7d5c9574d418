/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - what this capability says of itself (config/module.h). */
#include "base/i18n.h"
#include "config/module.h"

extern const struct hb_module hb_module_guard_gate;

static const unsigned cases[] = {1, 2, 14, 0};
static const char *const roles[] = {"gate", NULL};

const struct hb_module hb_module_guard_gate = {
    .name = "guard/gate",
    .family = HB_FAMILY_GUARD,
    .cases = cases,
    .roles = roles,
    .source = "guard/gate",
    .doc = N_("Stops attacks on web programs, says why, and lets a person "
              "allow what was stopped wrongly."),
};
