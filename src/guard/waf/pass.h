/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pass.h - passes through the log-in wall of a web server: a few bytes that
 * say who may come until when, and an HMAC-SHA-256 (RFC 2104, cut to 128 bits
 * as its section 5 allows) over them, the host and the network of the client.
 *
 * A person gets a CODE from the command line.  It is bound to a host; where it
 * is entered is not known yet.  The wall takes it once and gives a COOKIE for
 * it, which is bound to the network of the address as well.
 *
 * In base64url (RFC 4648: 5), without padding:
 *
 *     u8 1, the version; u8 kind; u64 seconds since 1970 at which it ends,
 *     most significant first; 8 random bytes; u8 length of the name; name;
 *     16 bytes of HMAC
 *
 * The HMAC is taken over "hinoban-pass-v1", NUL, u8 length of the host, the
 * host in lower case, u8 4, 6 or 0 for no network, the network's first address
 * (4, 16 or 0 bytes), and all that stands before it.  The same key never
 * signs anything else.
 */
#ifndef HB_GUARD_WAF_PASS_H
#define HB_GUARD_WAF_PASS_H

#include "base/err.h"
#include "guard/waf/rate.h"

#define HB_WAF_PASS_NAME  32u /* bytes of a name, at least 1: a-z0-9._- */
#define HB_WAF_PASS_TEXT  96u /* of a pass, with its NUL */
#define HB_WAF_PASS_MAX_S (31u * 24 * 3600) /* the longest life */
#define HB_WAF_PASS_KEY   32u

/* The networks that a cookie is good for: an office or a mobile network hands
 * out neighbouring addresses. */
#define HB_WAF_PASS_V4 24u
#define HB_WAF_PASS_V6 48u

enum hb_waf_pass_kind { HB_WAF_PASS_CODE = 1, HB_WAF_PASS_COOKIE = 2 };

struct hb_waf_pass_key {
    uint8_t b[HB_WAF_PASS_KEY];
};

struct hb_waf_pass {
    enum hb_waf_pass_kind kind;
    int64_t ends; /* seconds since 1970, UTC */
    uint8_t nonce[8];
    char name[HB_WAF_PASS_NAME + 1];
};

/* PATH: 64 hex digits and at most a line end, in a regular file that nobody
 * but its owner, root or the caller, can read or write.  -EACCES where others
 * can, -EBADMSG, or what reading says, with ERR. */
int hb_waf_pass_key_load(const char *path, struct hb_waf_pass_key *ret,
                         struct hb_err *err) HB_WUR;
/* Makes such a file; -EEXIST where there is one. */
int hb_waf_pass_key_make(const char *path, struct hb_err *err) HB_WUR;

bool hb_waf_pass_name_ok(struct hb_slice name);

/* Draws the nonce where that is all zero, and writes TEXT.  HOST: as a server
 * is asked for, whatever its case, without a port.  ADDR: NULL for a code.
 * -EINVAL: the name, or a host of 0 or more than 255 bytes. */
int hb_waf_pass_make(const struct hb_waf_pass_key *k, struct hb_waf_pass *p,
                     struct hb_slice host, const struct hb_waf_addr *addr,
                     char text[HB_WAF_PASS_TEXT]) HB_WUR;
/* Whether TEXT, a stranger's, is a pass of KIND that is good for HOST and ADDR
 * at NOW (seconds since 1970).  Takes the same time whichever byte of the HMAC
 * is wrong.  -EBADMSG: it is none of ours; -ETIME: it was, or it would live
 * longer than any may. */
int hb_waf_pass_check(const struct hb_waf_pass_key *k,
                      enum hb_waf_pass_kind kind, struct hb_slice host,
                      const struct hb_waf_addr *addr, struct hb_slice text,
                      int64_t now, struct hb_waf_pass *ret) HB_WUR;

#endif
