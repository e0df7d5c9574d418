/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modules.c - the single table of capabilities.  To add one is to add a
 * folder and a line here (CONTRIBUTING.md).
 */
#include "config/module.h"

extern const struct hb_module hb_module_control;
extern const struct hb_module hb_module_guard_gate;
extern const struct hb_module hb_module_portal;
extern const struct hb_module hb_module_respond;
extern const struct hb_module hb_module_sense_files;
extern const struct hb_module hb_module_sense_outside;

const struct hb_module *const hb_modules[] = {
    &hb_module_guard_gate,
    &hb_module_portal,
    &hb_module_sense_files,
    &hb_module_sense_outside,
    &hb_module_respond,
    &hb_module_control,
    NULL,
};

const char *hb_family_name(enum hb_family f)
{
    static const char *const names[HB_FAMILY_COUNT] = {
        [HB_FAMILY_GUARD] = "guard",
        [HB_FAMILY_SENSOR] = "sensor",
        [HB_FAMILY_CONTROL] = "control",
        [HB_FAMILY_RESPONDER] = "responder",
    };

    return (unsigned)f < HB_FAMILY_COUNT ? names[f] : "?";
}
