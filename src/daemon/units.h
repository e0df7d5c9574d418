/* SPDX-License-Identifier: Apache-2.0 */
/*
 * units.h - systemd units, written from the table of roles.
 */
#ifndef HB_DAEMON_UNITS_H
#define HB_DAEMON_UNITS_H

#include "base/buf.h"
#include "base/err.h"
#include "daemon/role.h"

struct hb_units {
    const struct hb_role *roles;
    const struct hb_paths *paths;
    const char *exe; /* absolute path of the program in ExecStart= */
};

/* Writes below DIR (made where missing): system/ with one .service and its
 * .socket files a role, hinoban.target, hinoban-unmount.{path,service};
 * sysusers.d/hinoban.conf; tmpfiles.d/hinoban.conf. */
int hb_units_write(const struct hb_units *u, const char *dir,
                   struct hb_err *err) HB_WUR;
/* Writes DIR/hinoban-ROLE.service.d/50-sites.conf: what of the units depends
 * on the configuration (document roots, the anchor). */
int hb_units_write_drop_ins(const struct hb_units *u,
                            const struct hb_config *config, const char *dir,
                            struct hb_err *err) HB_WUR;

/* One .service file, for tests. */
void hb_unit_service(struct hb_buf *b, const struct hb_units *u,
                     const struct hb_role *r);
/* The folder that must be writable as one mount so that files can be renamed
 * between the root and its staging: their nearest common folder, or the
 * root's parent.  BUF of HB_MAX_PATH. */
void hb_unit_writable(const struct hb_conf_site *s, char *buf);

#endif
