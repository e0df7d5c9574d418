/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passphrase.h - where a passphrase comes from: a file of mode 0600 named by
 * the person, a systemd credential, or the terminal without echo.  Never the
 * command line or the environment (others can read those).
 */
#ifndef HB_CRYPTO_PASSPHRASE_H
#define HB_CRYPTO_PASSPHRASE_H

#include "base/err.h"

#define HB_MAX_PASSPHRASE 1024u

/* Reads into BUF (HB_MAX_PASSPHRASE + 1 bytes, terminated, without the line's
 * end) from, first match wins: FILE where not NULL; the credential NAME in
 * $CREDENTIALS_DIRECTORY where it exists; the terminal with PROMPT where not
 * NULL.  TWICE asks again and compares (a new passphrase).  -ENOKEY where
 * there is no source, -EPERM for a file that others may read, -EINVAL for an
 * empty one.  Wipe BUF with hb_wipe() after use. */
int hb_passphrase_read(const char *file, const char *name, const char *prompt,
                       bool twice, char *buf, struct hb_err *err) HB_WUR;

/* Overwrites N bytes in a way that the compiler keeps. */
void hb_wipe(void *p, size_t n);

#endif
