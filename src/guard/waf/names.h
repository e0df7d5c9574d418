/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - the transformations and operators of SecLang, and their names.
 *
 * Source: the reference manual of ModSecurity 3 ("Transformation functions",
 * "Operators").  Names are compared without regard to case, as SecLang does.
 * An enumerator is the name in upper case.  What other engines know and this
 * one does not is named as well, so that it is refused by its name.
 */
#ifndef HB_GUARD_WAF_NAMES_H
#define HB_GUARD_WAF_NAMES_H

#include "base/base.h"

/* X(enumerator, name) */
#define HB_WAF_T_TABLE(X)                                                      \
    X(NONE, "none")                                                            \
    X(BASE64DECODE, "base64Decode")                                            \
    X(BASE64DECODEEXT, "base64DecodeExt")                                      \
    X(BASE64ENCODE, "base64Encode")                                            \
    X(CMDLINE, "cmdLine")                                                      \
    X(COMPRESSWHITESPACE, "compressWhitespace")                                \
    X(CSSDECODE, "cssDecode")                                                  \
    X(ESCAPESEQDECODE, "escapeSeqDecode")                                      \
    X(HEXDECODE, "hexDecode")                                                  \
    X(HEXENCODE, "hexEncode")                                                  \
    X(HTMLENTITYDECODE, "htmlEntityDecode")                                    \
    X(JSDECODE, "jsDecode")                                                    \
    X(LENGTH, "length")                                                        \
    X(LOWERCASE, "lowercase")                                                  \
    X(UPPERCASE, "uppercase")                                                  \
    X(MD5, "md5")                                                              \
    X(NORMALIZEPATH, "normalizePath")                                          \
    X(NORMALIZEPATHWIN, "normalizePathWin")                                    \
    X(PARITYEVEN7BIT, "parityEven7bit")                                        \
    X(PARITYODD7BIT, "parityOdd7bit")                                          \
    X(PARITYZERO7BIT, "parityZero7bit")                                        \
    X(REMOVECOMMENTS, "removeComments")                                        \
    X(REMOVECOMMENTSCHAR, "removeCommentsChar")                                \
    X(REMOVENULLS, "removeNulls")                                              \
    X(REMOVEWHITESPACE, "removeWhitespace")                                    \
    X(REPLACECOMMENTS, "replaceComments")                                      \
    X(REPLACENULLS, "replaceNulls")                                            \
    X(SHA1, "sha1")                                                            \
    X(SQLHEXDECODE, "sqlHexDecode")                                            \
    X(TRIM, "trim")                                                            \
    X(TRIMLEFT, "trimLeft")                                                    \
    X(TRIMRIGHT, "trimRight")                                                  \
    X(URLDECODE, "urlDecode")                                                  \
    X(URLDECODEUNI, "urlDecodeUni")                                            \
    X(URLENCODE, "urlEncode")                                                  \
    X(UTF8TOUNICODE, "utf8toUnicode")

enum hb_waf_t {
#define HB_WAF_X(id, name) HB_WAF_T_##id,
    HB_WAF_T_TABLE(HB_WAF_X)
#undef HB_WAF_X
        HB_WAF_T_COUNT
};

/* Other spellings: X(enumerator, name) */
#define HB_WAF_T_ALIASES(X)                                                    \
    X(NORMALIZEPATH, "normalisePath")                                          \
    X(NORMALIZEPATHWIN, "normalisePathWin")

/* What an operator wants for an argument. */
enum hb_waf_op_arg {
    HB_WAF_OP_ARG_NONE,    /* none; one that is there has no meaning */
    HB_WAF_OP_ARG_TEXT,    /* text that may hold macros */
    HB_WAF_OP_ARG_FIXED,   /* text that is compiled at load: no macros */
    HB_WAF_OP_ARG_FILES,   /* names of files with phrases or networks */
    HB_WAF_OP_ARG_REFUSED, /* this engine does not have the operator */
};

/* X(enumerator, name, argument) */
#define HB_WAF_OP_TABLE(X)                                                     \
    X(BEGINSWITH, "beginsWith", TEXT)                                          \
    X(CONTAINS, "contains", TEXT)                                              \
    X(CONTAINSWORD, "containsWord", TEXT)                                      \
    X(DETECTSQLI, "detectSQLi", NONE)                                          \
    X(DETECTXSS, "detectXSS", NONE)                                            \
    X(ENDSWITH, "endsWith", TEXT)                                              \
    X(EQ, "eq", TEXT)                                                          \
    X(FUZZYHASH, "fuzzyHash", REFUSED)                                         \
    X(GE, "ge", TEXT)                                                          \
    X(GEOLOOKUP, "geoLookup", NONE)                                            \
    X(GT, "gt", TEXT)                                                          \
    X(INSPECTFILE, "inspectFile", REFUSED)                                     \
    X(IPMATCH, "ipMatch", FIXED)                                               \
    X(IPMATCHFROMFILE, "ipMatchFromFile", FILES)                               \
    X(LE, "le", TEXT)                                                          \
    X(LT, "lt", TEXT)                                                          \
    X(NOMATCH, "noMatch", NONE)                                                \
    X(PM, "pm", FIXED)                                                         \
    X(PMFROMFILE, "pmFromFile", FILES)                                         \
    X(RBL, "rbl", FIXED)                                                       \
    X(RSUB, "rsub", REFUSED)                                                   \
    X(RX, "rx", TEXT)                                                          \
    X(RXGLOBAL, "rxGlobal", TEXT)                                              \
    X(STREQ, "streq", TEXT)                                                    \
    X(STRMATCH, "strmatch", TEXT)                                              \
    X(UNCONDITIONALMATCH, "unconditionalMatch", NONE)                          \
    X(VALIDATEBYTERANGE, "validateByteRange", FIXED)                           \
    X(VALIDATEURLENCODING, "validateUrlEncoding", NONE)                        \
    X(VALIDATEUTF8ENCODING, "validateUtf8Encoding", NONE)                      \
    X(VERIFYCC, "verifyCC", FIXED)                                             \
    X(VERIFYSSN, "verifySSN", REFUSED)                                         \
    X(WITHIN, "within", TEXT)                                                  \
    X(GSBLOOKUP, "gsbLookup", REFUSED)                                         \
    X(VALIDATEDTD, "validateDTD", REFUSED)                                     \
    X(VALIDATEHASH, "validateHash", REFUSED)                                   \
    X(VALIDATESCHEMA, "validateSchema", REFUSED)                               \
    X(VERIFYCPF, "verifyCPF", REFUSED)                                         \
    X(VERIFYSVNR, "verifySVNR", REFUSED)

enum hb_waf_op {
#define HB_WAF_X(id, name, arg) HB_WAF_OP_##id,
    HB_WAF_OP_TABLE(HB_WAF_X)
#undef HB_WAF_X
        HB_WAF_OP_COUNT
};

/* Other spellings: X(enumerator, name) */
#define HB_WAF_OP_ALIASES(X)                                                   \
    X(IPMATCHFROMFILE, "ipMatchF")                                             \
    X(PMFROMFILE, "pmf")

/* The name, whatever its case; false where there is none such. */
bool hb_waf_t_find(struct hb_slice name, enum hb_waf_t *ret);
bool hb_waf_op_find(struct hb_slice name, enum hb_waf_op *ret);
/* As the manual writes it. */
const char *hb_waf_t_name(enum hb_waf_t t);
const char *hb_waf_op_name(enum hb_waf_op op);
enum hb_waf_op_arg hb_waf_op_arg(enum hb_waf_op op);
/* The name most like NAME, for "did you mean"; NULL where none is. */
const char *hb_waf_t_nearest(struct hb_slice name);
const char *hb_waf_op_nearest(struct hb_slice name);

/* For the other tables of names: row of a table of N names that equals NAME
 * without regard to case, -1 where none does; and the one most like it. */
int hb_waf_name_find(struct hb_slice name, const char *const *names, size_t n);
const char *hb_waf_name_nearest(struct hb_slice name, const char *const *names,
                                size_t n);

#endif
