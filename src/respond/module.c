/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - what this capability says of itself (config/module.h). */
#include "base/i18n.h"
#include "config/module.h"

extern const struct hb_module hb_module_respond;

static const unsigned cases[] = {2, 0};
static const char *const roles[] = {"helper", NULL};

const struct hb_module hb_module_respond = {
    .name = "respond",
    .family = HB_FAMILY_RESPONDER,
    .cases = cases,
    .roles = roles,
    .source = "respond",
    .doc = N_("Restores, removes, freezes; asks first where policy says so."),
};
