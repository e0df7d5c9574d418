/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private_flags.h - what the helper writes and nginx looks for (private.c,
 * private_conf.c), below the private directory:
 *
 *   SITE.flag            the site is private
 *   SITE.retry-SECONDS   and this is its Retry-After
 *   SITE.paths/PATH      so is one file
 *   SITE.dirs/PATH/.private   so is all below a directory
 *   SITE.gate            nginx was seen to watch SITE.flag by the firewall's
 *                        module (driver gate), which reads Retry-After in it
 */
#ifndef HB_RESPOND_PRIVATE_FLAGS_H
#define HB_RESPOND_PRIVATE_FLAGS_H

/* The seconds that Retry-After may say: nginx reads its configuration once,
 * so the number is chosen among these. */
#define HB_PRIVATE_RETRIES 6u
extern const unsigned hb_private_retry[HB_PRIVATE_RETRIES];

/* nginx has no loop: so many levels of directories are looked at. */
#define HB_PRIVATE_DEPTH    8u
#define HB_PRIVATE_DIR_FLAG ".private"

#endif
