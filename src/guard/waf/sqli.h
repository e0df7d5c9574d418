/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqli.h - is this value an SQL injection?  The operator @detectSQLi of
 * SecLang, of our own.
 *
 * A value is read as the piece of an SQL statement that it would become: in
 * the place of a number or a name, inside '...' and inside "...", with the
 * comments of standard SQL and of MySQL.  Each reading gives a short row of
 * token classes, and a small grammar says which rows only an injection has.
 * The words are from the manuals of SQL:2016, MySQL 8, PostgreSQL 15, SQL
 * Server 2019, Oracle 19 and SQLite 3.
 */
#ifndef HB_GUARD_WAF_SQLI_H
#define HB_GUARD_WAF_SQLI_H

#include "base/base.h"

/* Room for the reason of hb_waf_sqli() and hb_waf_xss(), with its NUL. */
#define HB_WAF_WHY 32u

/* Whether VALUE is an injection.  RET_WHY gets the reading (n as it stands,
 * ' or " inside quotes), a colon and the classes that decided, e.g. "':s&1=1";
 * it is untouched otherwise.  Allocates nothing, keeps nothing, and takes time
 * linear in the value. */
bool hb_waf_sqli(struct hb_slice value, char ret_why[HB_WAF_WHY]);

#endif
