/* SPDX-License-Identifier: Apache-2.0 */
/*
 * executes.h - what a web server, an interpreter or a shell would run or obey.
 * Nobody's content of that kind enters a baseline or a writable area by
 * itself.  Names and content are compared with tables, never interpreted.
 */
#ifndef HB_BASELINE_EXECUTES_H
#define HB_BASELINE_EXECUTES_H

#include "base/base.h"

/* How far into a file is looked. */
#define HB_EXECUTES_HEAD (1u << 20)

/* Run or obeyed because of what PATH's last part is called. */
bool hb_executes_name(struct hb_slice path);
/* Obeyed only (".htaccess"): taking it away changes what the server does. */
bool hb_obeyed_name(struct hb_slice path);
/* The N bytes that a file begins with are a program: "#!", ELF, MZ, PHP. */
bool hb_executes_content(const void *p, size_t n);
/* The whole question of a regular file of SIZE bytes, open at FD; one that
 * cannot be read might execute. */
bool hb_executes_file(struct hb_slice path, mode_t mode, uint64_t size, int fd);

/* Behind the last dot of PATH's last part, without what servers drop; empty
 * where there is none. */
struct hb_slice hb_name_ending(struct hb_slice path);
/* Is WORD, in small or capital letters of ASCII, one of LIST? */
bool hb_word_in(struct hb_slice word, const char *const *list, size_t n);

#endif
