/* SPDX-License-Identifier: Apache-2.0 */
/*
 * i18n.h - everything a person reads goes through the message catalogue.
 * English in the code, po/ja.po beside it; a check fails on a missing one.
 */
#ifndef HB_BASE_I18N_H
#define HB_BASE_I18N_H

#include <libintl.h>

#define _(s)         gettext(s)
#define N_(s)        s
#define P_(s, p, n)  ngettext(s, p, (unsigned long)(n))

enum hb_lang { HB_LANG_EN, HB_LANG_JA, HB_LANG_COUNT };

/* Binds the catalogue and sets the locale from the environment; called by
 * mains of processes once, before threads.  The catalogue is looked for in
 * HINOBAN_LOCALEDIR (tests and ./dev up), else in the installed place. */
void hb_i18n_open(void);

/* The language of the environment (LC_MESSAGES). */
enum hb_lang hb_i18n_lang(void);
/* "en" and "ja". */
const char *hb_lang_code(enum hb_lang lang);

#endif
