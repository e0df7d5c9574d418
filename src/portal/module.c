/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - what this capability says of itself (config/module.h). */
#include "base/i18n.h"
#include "config/module.h"

extern const struct hb_module hb_module_portal;

static const unsigned cases[] = {15, 0};
static const char *const roles[] = {"portal", "post", "look", NULL};

const struct hb_module hb_module_portal = {
    .name = "portal",
    .family = HB_FAMILY_GUARD,
    .cases = cases,
    .roles = roles,
    .source = "portal",
    .doc = N_("Gives files to the right people by links that can be ended, in "
              "place of attachments with passwords."),
};
