/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show.h - foreign text made fit for a terminal, a log line or a message.
 *
 * Whatever an attacker named a file, the reader sees it: control characters,
 * bytes that are no UTF-8, and characters that turn or hide other text
 * (bidirectional controls, zero-width ones) become "\n", "\x1b", "\xff" or
 * "\u202e".  Everything else stays as it is.
 */
#ifndef HB_BASE_SHOW_H
#define HB_BASE_SHOW_H

#include "base/buf.h"

/* True for characters that a reader cannot see or that change how others are
 * shown: C0 and C1 controls, DEL, line and paragraph separators,
 * bidirectional controls, zero-width and other format characters,
 * non-characters. */
bool hb_show_hidden(uint32_t cp);

/* Appends S with hidden characters made visible. */
void hb_show(struct hb_buf *b, struct hb_slice s);

/* The same for an error message: into DST of SIZE bytes (at least 8), cut
 * with "..." where it does not fit.  Returns DST. */
const char *hb_showz(char *dst, size_t size, struct hb_slice s);

/* How many bytes a message spends on one foreign word. */
#define HB_SHOW_MAX 96u

#endif
