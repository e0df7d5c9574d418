/* SPDX-License-Identifier: Apache-2.0 */
/*
 * banned.h - calls that do not compile in this tree (after git's banned.h).
 * Use hb_buf, hb_arena_printf, hb_cur, hb_parse_u64, hb_run instead.
 */
#ifndef HB_BASE_BANNED_H
#define HB_BASE_BANNED_H

#include <stdio.h>

#ifdef __GNUC__
/* Macros of <stdlib.h>, and of <stdio.h> under FORTIFY_SOURCE and clang. */
#undef alloca
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok
#pragma GCC poison atoi atol atoll sscanf gets alloca popen mktemp
#pragma GCC poison strtok_r stpcpy tmpnam
#endif

#endif
