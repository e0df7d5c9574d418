/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths.h - where everything lies, below one root (doc/architecture.md).
 */
#ifndef HB_DAEMON_PATHS_H
#define HB_DAEMON_PATHS_H

#include "base/base.h"

enum hb_dir {
    HB_DIR_ETC,        /* /etc/hinoban */
    HB_DIR_STATE,      /* /var/lib/hinoban/state */
    HB_DIR_BASELINE,   /* /var/lib/hinoban/baseline */
    HB_DIR_HELPER,     /* /var/lib/hinoban/helper */
    HB_DIR_PRIVATE,    /* /var/lib/hinoban/private */
    HB_DIR_PENDING,    /* /var/lib/hinoban/pending */
    HB_DIR_GATE,       /* /var/lib/hinoban/gate */
    HB_DIR_SHARE,      /* /var/lib/hinoban/share */
    HB_DIR_SHARE_KEYS, /* /var/lib/hinoban/share-keys */
    HB_DIR_RUN,        /* /run/hinoban */
    HB_DIR_DATA,       /* /usr/share/hinoban: case book, rules */
    HB_DIR_COUNT
};

struct hb_paths {
    char root[HB_MAX_PATH];
    char dir[HB_DIR_COUNT][HB_MAX_PATH];
};

/* ROOT NULL: HINOBAN_ROOT, else "/".  HINOBAN_DATADIR overrides the data
 * directory (running from the build tree).  -ENAMETOOLONG. */
int hb_paths_init(struct hb_paths *p, const char *root) HB_WUR;
/* "DIR/NAME" into BUF of HB_MAX_PATH; -ENAMETOOLONG. */
int hb_path(const struct hb_paths *p, enum hb_dir d, const char *name,
            char *buf) HB_WUR;

#endif
