/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private.h - taking a site private: flag files that nginx looks at, so that
 * neither a reload nor a program run by the helper is needed.
 *
 * PRIVATE/SITE.conf is included once in the server block:
 *     include /var/lib/hinoban/private/www.conf;
 * and answers 503 with Retry-After and PRIVATE/SITE.html while
 *     PRIVATE/SITE.flag          the whole site, or
 *     PRIVATE/SITE.paths/URI     one path
 * exists.  With the driver "gate" it only names SITE.flag to the module of
 * the firewall (guard/nginx), and single paths cannot be closed.
 *
 * Retry-After is one of a few fixed numbers of seconds, chosen by a
 * flag file of its own (SITE.retry-60, ...).
 */
#ifndef HB_RESPOND_PRIVATE_H
#define HB_RESPOND_PRIVATE_H

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"

/* The include file and the page for visitors (Japanese and English). */
void hb_private_conf(struct hb_buf *b, const char *site,
                     const char *private_dir);
void hb_private_page(struct hb_buf *b);

/* For the module of the firewall. */
void hb_private_gate_conf(struct hb_buf *b, const char *site,
                          const char *private_dir);

/* For the command line, as root: writes both, then runs NGINX -t (NULL:
 * nothing is checked) and puts back what was there where nginx refuses.  With
 * the driver "gate" NGINX -T must show that the module watches the flag
 * (-ENOLINK: it does not), which is kept as SITE.gate: without it the helper
 * refuses. */
int hb_private_install(const struct hb_conf_site *site, const char *private_dir,
                       const char *nginx, struct hb_err *err) HB_WUR;

#endif
