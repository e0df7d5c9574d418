/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module.h - what a capability says of itself: one struct a folder
 * (src/sense/files/module.c ...), one table of them (src/modules.c).
 *
 * The table is what `hinoban modules` prints, and the place to add a
 * capability.  Its processes are rows of daemon/roles.c, its settings rows of
 * config_rows.c; both are named here, and a test checks that they exist.
 */
#ifndef HB_CONFIG_MODULE_H
#define HB_CONFIG_MODULE_H

#include "base/base.h"

enum hb_family {
    HB_FAMILY_GUARD,
    HB_FAMILY_SENSOR,
    HB_FAMILY_CONTROL,
    HB_FAMILY_RESPONDER,
    HB_FAMILY_COUNT
};

struct hb_module {
    const char *name; /* its folder: "sense/files" */
    enum hb_family family;
    const unsigned *cases;    /* cases that it serves, 0 ends */
    const char *const *roles; /* its processes, NULL ends */
    const char *source;       /* feature name of its events, by which
                                 core knows whether it is at work */
    const char *doc;          /* one sentence, N_() marked */
};

extern const struct hb_module *const hb_modules[]; /* NULL ends */
const char *hb_family_name(enum hb_family f);      /* "sensor" */

#endif
