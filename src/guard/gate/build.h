/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.h - one file of rules for the web server, made of our directives, the
 * settings, what people allowed and patched, and the Core Rule Set.
 *
 *     DIR/rules.conf   what the web server loads
 *     DIR/http.conf    directives for nginx's http block
 *     DIR/built.json   when, by whom, of what
 *     DIR/wall.key     signs passes through the log-in wall (guard/waf/pass.h);
 *                      made where the settings name paths for one
 *     DIR/.lock        one build at a time (flock)
 *
 * The order in rules.conf, because of what a rule can only do before or after
 * another one:
 *
 *     1. DATA/rules/gate/engine.conf   directives, who reads a body
 *     2. mode, paranoia, scores; hosts with other settings
 *     3. DATA/rules/gate/setup.conf    variables of the CRS
 *     4. DATA/rules/gate/japanese.conf values that rules leave alone
 *     5. ETC/gate/before, *.conf       the administrator's own
 *     6. exclusions, then patches that hold (grant.h)
 *     7. plugins' and the CRS's rules
 *     8. ETC/gate/after, *.conf
 *
 * A set that does not load, or a full disk, leaves what was there.
 */
#ifndef HB_GUARD_GATE_BUILD_H
#define HB_GUARD_GATE_BUILD_H

#include "base/buf.h"
#include "config/config.h"
#include "guard/gate/grant.h"
#include "guard/waf/waf.h"

#define HB_GATE_RULES   "rules.conf"
#define HB_GATE_HTTP    "http.conf"
#define HB_GATE_BUILT   "built.json"
#define HB_GATE_KEY     "wall.key"
#define HB_GATE_HOST_ID 8010000u /* + 10 * place: rules for one host */

struct hb_gate {
    const struct hb_conf_gate *conf;
    const char *dir, *etc, *data;
    const char *canary; /* file of the word of our own attack; NULL: none */
    const char *bans;   /* of bans by hand (guard/waf/orders.h); NULL: none */
    int64_t now;        /* ns UTC */
    const char *by;     /* who builds: a person's name, or "uid 0" */
};

/* What stands in built.json. */
struct hb_gate_built {
    int64_t time;                /* ns UTC */
    const char *by, *mode, *crs; /* "OWASP_CRS/3.3.4" */
    int64_t paranoia, rules, allowed, patches;
    const char **note; /* what a person should know of it */
    size_t n;
};

/* Appends the text of rules.conf.  -ENOENT with ERR where there are no rules
 * of the CRS, or ours are not there. */
int hb_gate_text(struct hb_buf *b, const struct hb_gate *g,
                 const struct hb_grants *grants, struct hb_err *err) HB_WUR;
/* Loads and compiles what the text B says, without putting anything in place
 * but DIR/rules.conf.new.  RET_WAF may be NULL. */
int hb_gate_verify(const struct hb_gate *g, const struct hb_buf *b,
                   struct hb_waf **ret_waf, struct hb_err *err) HB_WUR;
/* The lock of DIR (which is made), waited for up to ten seconds: a descriptor,
 * closing it lets go; -EBUSY.  Whoever changes grants and builds holds it. */
int hb_gate_lock(const char *dir, struct hb_err *err) HB_WUR;
/* The whole, for who holds the lock: text, verify, put in place.  What was in
 * force before is kept as *.old.  RET in A. */
int hb_gate_build(struct hb_arena *a, const struct hb_gate *g,
                  struct hb_gate_built *ret, struct hb_err *err) HB_WUR;
/* Takes the last build back: the web server did not like it.  -ENOENT where
 * there was none before. */
int hb_gate_restore(const char *dir, struct hb_err *err) HB_WUR;
/* The last build; -ENOENT where there was none. */
int hb_gate_built_read(struct hb_arena *a, const char *dir,
                       struct hb_gate_built *ret, struct hb_err *err) HB_WUR;
/* The rules in force, compiled; -ENOENT with ERR where nothing was built. */
int hb_gate_load(const char *dir, struct hb_waf **ret,
                 struct hb_err *err) HB_WUR;
/* "off", "detect", "block" */
const char *hb_gate_mode_name(int mode);

/* One request as text (RFC 9112): line, headers, empty line, body; lines may
 * end with LF alone.  Slices lie in TEXT. */
#define HB_GATE_HEADERS 200u
struct hb_gate_request {
    struct hb_slice method, uri, protocol, body;
    struct {
        struct hb_slice name, value;
    } header[HB_GATE_HEADERS];
    size_t n;
};
/* -EBADMSG with the line. */
int hb_gate_request_parse(struct hb_slice text, struct hb_gate_request *ret,
                          struct hb_err *err) HB_WUR;
/* Runs phases 1 and 2 and 5 of R, as if ADDRESS had sent it; T and W must
 * stay until hb_waf_tx_free(*RET).  -ENOMEM. */
int hb_gate_judge(struct hb_waf *w, struct hb_waf_thread *t,
                  const struct hb_gate_request *r, struct hb_slice address,
                  struct hb_waf_tx **ret) HB_WUR;

#endif
