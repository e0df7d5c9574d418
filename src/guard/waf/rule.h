/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.h - a rule set in memory: what the parser of SecLang makes and what
 * the engine runs.
 *
 * All of it lies in one arena, is made once and never changes, so all
 * requests and threads share it without a lock.  Everything that can be
 * settled at load is: macros are split into parts, names are enums, `block`
 * and SecDefaultAction are applied, skipAfter is an index, exclusions stand
 * in the rules that they touch.
 */
#ifndef HB_GUARD_WAF_RULE_H
#define HB_GUARD_WAF_RULE_H

#include "base/base.h"
#include "guard/waf/names.h"

#define HB_WAF_PHASES 5u /* 1 request headers ... 5 logging */
#define HB_WAF_NO_SKIP                                                         \
    UINT32_MAX /* hb_waf_rule.skip_to: nothing is skipped                      \
                */

enum hb_waf_sel {
    HB_WAF_SEL_ALL,   /* ARGS, or the one value of REQUEST_URI */
    HB_WAF_SEL_KEY,   /* ARGS:name; names are compared without case */
    HB_WAF_SEL_RX,    /* ARGS:/^a/; a regex, tried on names, without case */
    HB_WAF_SEL_XPATH, /* XML:/path */
};

/* ARGS, &ARGS:x, !REQUEST_COOKIES:/^_ga/ */
struct hb_waf_var {
    enum hb_waf_coll coll;
    enum hb_waf_sel sel;
    bool count;          /* & */
    struct hb_slice key; /* name, regex without its slashes, or path */
};

/* A piece of a text with macros. */
struct hb_waf_part {
    bool macro;
    enum hb_waf_coll coll; /* where MACRO */
    enum hb_waf_sel sel;   /* where MACRO: ALL or KEY */
    struct hb_slice text;  /* the literal, or the key */
    uint32_t slot;         /* of the engine */
};

/* A text that may hold macros.  Without any N is 0 and RAW is the text. */
struct hb_waf_text {
    struct hb_slice raw; /* as written */
    struct hb_waf_part *part;
    uint32_t n;
};

/* A file that pmFromFile or ipMatchFromFile reads; read once per set. */
struct hb_waf_file {
    const char *path;
    struct hb_slice *line; /* without comments, blank lines and line ends */
    uint32_t n;
};

struct hb_waf_rule_op {
    enum hb_waf_op kind;
    bool negated;
    struct hb_waf_text arg;
    struct hb_waf_file **file; /* where the operator reads files */
    uint32_t n_file;
};

/* Transformations in the order in which they are applied, without `none`. */
struct hb_waf_seq {
    uint8_t *t; /* enum hb_waf_t */
    uint32_t n;
};

enum hb_waf_set_kind {
    HB_WAF_SET_ASSIGN, /* name=value */
    HB_WAF_SET_ADD,    /* name=+value */
    HB_WAF_SET_SUB,    /* name=-value */
    HB_WAF_SET_UNSET,  /* !name */
};

/* setvar and setenv (then COLL is ENV) */
struct hb_waf_set {
    enum hb_waf_set_kind kind;
    enum hb_waf_coll coll;
    struct hb_waf_text name, value;
    uint32_t slot; /* of the engine */
};

/* expirevar: after SECONDS the variable is gone. */
struct hb_waf_expire {
    enum hb_waf_coll coll;
    struct hb_waf_text name, seconds;
};

/* initcol, and setuid (USER), setsid (SESSION), setrsc (RESOURCE): from now
 * on the store COLL is the one called KEY. */
struct hb_waf_initcol {
    enum hb_waf_coll coll;
    struct hb_waf_text key;
};

struct hb_waf_xmlns {
    struct hb_slice prefix, uri;
};

enum hb_waf_engine { HB_WAF_OFF, HB_WAF_ON, HB_WAF_DETECT };
enum hb_waf_audit { HB_WAF_AUDIT_OFF, HB_WAF_AUDIT_ON, HB_WAF_AUDIT_RELEVANT };

enum hb_waf_ctl_kind {
    HB_WAF_CTL_AUDITENGINE,              /* number: enum hb_waf_audit */
    HB_WAF_CTL_AUDITLOGPARTS,            /* text: "ABZ", "+E", "-E" */
    HB_WAF_CTL_DEBUGLOGLEVEL,            /* number */
    HB_WAF_CTL_FORCEREQUESTBODYVARIABLE, /* number: 0, 1 */
    HB_WAF_CTL_PARSEXMLINTOARGS,         /* number: 0, 1, 2 (OnlyArgs) */
    HB_WAF_CTL_REQUESTBODYACCESS,        /* number: 0, 1 */
    HB_WAF_CTL_REQUESTBODYLIMIT,         /* number: bytes */
    HB_WAF_CTL_REQUESTBODYPROCESSOR,     /* number: enum hb_waf_processor */
    HB_WAF_CTL_RESPONSEBODYACCESS,       /* number: 0, 1 */
    HB_WAF_CTL_RESPONSEBODYLIMIT,        /* number: bytes */
    HB_WAF_CTL_RULEENGINE,               /* number: enum hb_waf_engine */
    HB_WAF_CTL_RULEREMOVEBYID,           /* id_from, id_to */
    HB_WAF_CTL_RULEREMOVEBYMSG,          /* text */
    HB_WAF_CTL_RULEREMOVEBYTAG,          /* text */
    HB_WAF_CTL_RULEREMOVETARGETBYID,     /* id_from, id_to, target */
    HB_WAF_CTL_RULEREMOVETARGETBYMSG,    /* text, target */
    HB_WAF_CTL_RULEREMOVETARGETBYTAG,    /* text, target */
    HB_WAF_CTL_COUNT
};

enum hb_waf_processor {
    HB_WAF_BODY_URLENCODED,
    HB_WAF_BODY_MULTIPART,
    HB_WAF_BODY_XML,
    HB_WAF_BODY_JSON,
};

/* A target MATCHED_VARS (ours: ModSecurity knows no such thing and leaves all
 * as it was) is each value that this rule matches, and no other of its name.
 *
 * Tags and messages are compared whole and as written, as ModSecurity 3
 * does (2 took them for regexes). */
struct hb_waf_ctl {
    enum hb_waf_ctl_kind kind;
    uint64_t number;
    uint32_t id_from, id_to; /* both within */
    struct hb_slice text;
    struct hb_waf_var target;
};

enum hb_waf_do {
    HB_WAF_DO_PASS,
    HB_WAF_DO_DENY,
    HB_WAF_DO_DROP,          /* close the connection without an answer */
    HB_WAF_DO_REDIRECT,      /* to hb_waf_rule.redirect */
    HB_WAF_DO_ALLOW,         /* no more rules but those of phase 5 */
    HB_WAF_DO_ALLOW_PHASE,   /* no more rules of this phase */
    HB_WAF_DO_ALLOW_REQUEST, /* no more rules of phases 1 and 2 */
};

struct hb_waf_rule {
    uint32_t id; /* of its head where it is a link of a chain */
    uint8_t phase;
    bool link;          /* runs only after the rule before it matched */
    bool chains;        /* the next rule is its link */
    bool unconditional; /* SecAction: no variables, no operator */
    bool capture;
    bool multimatch;    /* the operator is tried after each transformation */
    bool log, auditlog; /* of a head */

    struct hb_waf_var *var, *ex; /* what is looked at; exclusions (!) of it */
    uint32_t n_var, n_ex;
    struct hb_waf_rule_op op;
    uint32_t seq; /* index into hb_waf_rules.seq */

    enum hb_waf_do action; /* of a head; pass where none is written */
    bool block;            /* ACTION came from `block` */
    uint16_t status;       /* of deny and redirect */
    struct hb_waf_text redirect;
    uint32_t skip_to; /* on a match: index of the next rule, which may be the
                         end of the phase; or HB_WAF_NO_SKIP */

    int8_t severity;          /* 0 emergency ... 7 debug, -1 where none */
    uint8_t maturity;         /* 0 where none */
    uint8_t accuracy;         /* 0 where none */
    struct hb_slice rev, ver; /* empty where none */
    struct hb_waf_text msg;   /* empty where none */
    struct hb_waf_text logdata;
    struct hb_waf_text *tag;
    struct hb_waf_set *set;
    struct hb_waf_expire *expire;
    struct hb_waf_initcol *initcol;
    struct hb_waf_ctl *ctl;
    struct hb_waf_xmlns *xmlns;
    uint32_t n_tag, n_set, n_expire, n_initcol, n_ctl, n_xmlns;

    const char *file; /* where it is written */
    unsigned line;
};

enum hb_waf_limit_action { HB_WAF_LIMIT_REJECT, HB_WAF_LIMIT_PARTIAL };
enum hb_waf_keep { HB_WAF_KEEP_OFF, HB_WAF_KEEP_ON, HB_WAF_KEEP_RELEVANT };

/* What the directives of the engine say.  Sizes in bytes, texts "" where
 * nothing was said; defaults: hb_waf_settings_default(). */
struct hb_waf_settings {
    unsigned engine;               /* enum hb_waf_engine */
    unsigned request_body;         /* 0, 1 */
    unsigned response_body;        /* 0, 1 */
    unsigned request_limit_action; /* enum hb_waf_limit_action */
    unsigned response_limit_action;
    uint64_t request_limit, request_no_files_limit, request_memory_limit;
    uint64_t response_limit;
    uint64_t json_depth, arguments_limit; /* 0: no limit */
    uint64_t pcre_limit, pcre_recursion;
    uint64_t collection_timeout; /* seconds */
    struct hb_slice *mime;       /* of responses whose body is looked at */
    uint32_t n_mime;
    struct hb_slice *component; /* SecComponentSignature */
    uint32_t n_component;

    unsigned audit; /* enum hb_waf_audit */
    unsigned audit_type, audit_format;
    struct hb_slice audit_log, audit_log2, audit_dir, audit_parts;
    struct hb_slice audit_status; /* regex of statuses that matter */
    uint64_t audit_dir_mode, audit_file_mode;
    struct hb_slice debug_log;
    uint64_t debug_level;

    char separator; /* between arguments */
    unsigned cookie_format;
    struct hb_slice tmp_dir, data_dir, upload_dir;
    unsigned upload_keep; /* enum hb_waf_keep */
    unsigned tmp_save_uploads;
    uint64_t upload_mode, upload_file_limit;
    struct hb_slice unicode_map; /* resolved against the file's directory */
    uint64_t unicode_page;
    unsigned status_engine, xml_external, parse_xml;
    struct hb_slice web_app, sensor, server_signature, geo_db, http_bl_key;
};

/* What a person should hear although nothing is wrong: an exclusion that
 * names no rule. */
struct hb_waf_note {
    const char *file;
    unsigned line;
    const char *text; /* translated */
};

struct hb_arena;

struct hb_waf_rules {
    struct hb_arena *arena; /* holds all of it */
    /* By phase, in each in the order of loading; a chain is adjacent. */
    struct hb_waf_rule *rule;
    /* Rules of phase P (1..5): first[P] <= index < first[P + 1]. */
    uint32_t first[HB_WAF_PHASES + 2];
    struct hb_waf_seq *seq; /* each once; 0 is the empty one */
    uint32_t n_rule, n_seq;
    struct hb_waf_settings settings;
    struct hb_waf_note *note;
    uint32_t n_note;
};

#endif
