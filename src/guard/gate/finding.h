/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finding.h - what a web server says of a request that a rule matched: one
 * line of JSON, read here; as hits of the engine, as an event, and as the
 * exclusion that would allow it.
 *
 *     {"time":"2026-12-01T02:13:50.000Z","id":"7K3M-9QX2-4TDP",
 *      "client":"192.0.2.7","host":"www.example.jp","method":"POST",
 *      "uri":"/form?x=1","mode":"block","action":"denied","status":403,
 *      "limit":"...","rule":942100,"msg":"...","logdata":"...",
 *      "variable":"ARGS:q",
 *      "hits":[{"rule":942100,"phase":2,"severity":2,"disruptive":false,
 *               "msg":"...","logdata":"...","variable":"ARGS:q",
 *               "value":"...","variables":["ARGS:q","ARGS:r"]}],
 *      "cut":true,"canary":true}
 *
 * "action" is passed, detected, denied, dropped, redirected, unjudged,
 * refused, limited or walled; "rate" names the rate that was exceeded, "ban"
 * says for what an address was shut out just now and "ban_s" for how many
 * seconds, "pass" whose pass opened the log-in wall; "limit" stands there where
 * a limit decided, "variables" where more than one matched, "cut" where texts
 * were shortened, "canary" with an attack of our own (`hinoban gate selftest`).
 * What is not known is left alone.  Every text but "time" and "id" is a
 * stranger's.
 */
#ifndef HB_GUARD_GATE_FINDING_H
#define HB_GUARD_GATE_FINDING_H

#include "base/arena.h"
#include "base/err.h"
#include "event/event.h"
#include "guard/waf/explain.h"

#define HB_FINDING_LINE (64u << 10) /* one line, with its end */
#define HB_FINDING_HITS 256u

struct hb_gate_finding_hit {
    uint32_t rule;
    uint8_t phase;
    int severity; /* 0 emergency ... 7 debug, -1 unknown */
    bool disruptive;
    const char *msg, *logdata, *variable, *value;
    const char **variables; /* at least VARIABLE where that is not "" */
    size_t n;
};

/* All in the arena; texts are "" where nothing was said. */
struct hb_gate_finding {
    int64_t time; /* ns UTC; 0 where it cannot be read */
    const char *id, *client, *host, *method, *uri, *mode, *action, *limit;
    const char *rate, *ban, *pass;
    int64_t status, ban_s;
    uint32_t rule; /* that decided, or the first; 0 */
    struct hb_gate_finding_hit *hit;
    size_t n;
    bool cut, canary;
};

/* Reads one line.  -EBADMSG and what json.h says; a NUL in a text becomes
 * U+FFFD. */
int hb_gate_finding_parse(struct hb_arena *a, struct hb_slice line,
                          struct hb_gate_finding *ret,
                          struct hb_err *err) HB_WUR;
/* The newest finding with this ID in the file PATH, or in PATH.1, to which
 * logs rotate.  -ENOENT where it is in neither, -EINVAL for no id. */
int hb_gate_finding_find(struct hb_arena *a, const char *path, const char *id,
                         struct hb_gate_finding *ret,
                         struct hb_err *err) HB_WUR;
/* "7K3M-9QX2-4TDP". */
bool hb_gate_finding_id_ok(const char *id);

/* As the engine had them, for explain.h.  RULES (may be NULL) is a set that
 * knows their tags; rules that it lacks have none.  In A, RULES must stay as
 * long.  NULL where there are none or memory is out. */
const struct hb_waf_hit *hb_gate_finding_hits(struct hb_arena *a,
                                              const struct hb_gate_finding *f,
                                              const struct hb_waf_rules *rules);
/* What an exclusion for F must say, but for id, author, reason and times;
 * TARGET holds what RET points to.  -EDOM with ERR where no exclusion can
 * allow it: a limit decided, or a name is no UTF-8 or was cut. */
int hb_gate_finding_allow(
    struct hb_arena *a, const struct hb_gate_finding *f,
    const struct hb_waf_hit *hits,
    struct hb_waf_allow_target target[HB_WAF_ALLOW_TARGETS],
    struct hb_waf_allow *ret, struct hb_err *err) HB_WUR;

/* The sentence: what was found where, in the language of the process; a
 * limit, or that nobody judged. */
void hb_gate_finding_sentence(struct hb_buf *b, const struct hb_gate_finding *f,
                              const struct hb_waf_hit *hits);
/* A Detection Finding (2004) of SOURCE about COUNT requests like F, in A:
 * who, what was asked for, which rule, a sentence, the value with secrets
 * masked and the exclusion that would allow it (in unmapped.other). */
int hb_gate_event(struct hb_arena *a, const struct hb_gate_finding *f,
                  const struct hb_waf_hit *hits, uint64_t count,
                  const char *source, struct hb_event **ret) HB_WUR;

#endif
