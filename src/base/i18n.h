/* SPDX-License-Identifier: Apache-2.0 */
/*
 * i18n.h - everything a person reads goes through the message catalogue.
 * English in the code, po/ja.po beside it; a check fails on a missing one.
 */
#ifndef HB_BASE_I18N_H
#define HB_BASE_I18N_H

#include "base/base.h"

#define _(s)        hb_gettext(s)
#define N_(s)       s
#define P_(s, p, n) hb_ngettext(s, p, (unsigned long)(n))

enum hb_lang { HB_LANG_EN, HB_LANG_JA, HB_LANG_COUNT };

/* Loads the catalogue and sets the locale from the environment; called by
 * mains of processes once, before threads and before a sandbox closes the
 * file system.  The catalogue is looked for in HINOBAN_LOCALEDIR (tests and
 * ./dev up; not in a set-user-ID program), else in the installed place.
 * Numbers keep the C locale: what programs read must not change with it. */
void hb_i18n_open(void);

/* The language of the environment (LANGUAGE, LC_ALL, LC_MESSAGES, LANG in
 * gettext's order); English before hb_i18n_open(). */
enum hb_lang hb_i18n_lang(void);
/* What _() speaks from now on, whatever the environment says. */
void hb_i18n_use(enum hb_lang lang);
/* "en" and "ja". */
const char *hb_lang_code(enum hb_lang lang);

/* MSGID in LANG, MSGID itself where the catalogue has none; never freed.  For
 * documents that are printed in both languages. */
const char *hb_tr(enum hb_lang lang, const char *msgid)
    __attribute__((format_arg(2)));
/* The form for N of a message with a plural. */
const char *hb_trn(enum hb_lang lang, const char *one, const char *many,
                   unsigned long n) __attribute__((format_arg(2)))
__attribute__((format_arg(3)));

/* What _() and P_() stand for: the language of the process. */
const char *hb_gettext(const char *msgid) __attribute__((format_arg(1)));
const char *hb_ngettext(const char *one, const char *many, unsigned long n)
    __attribute__((format_arg(1))) __attribute__((format_arg(2)));

#endif
