/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - the configuration file hinoban.yaml as structs.
 *
 * Rows in config.c (base/conf.h) are the one description of every directive:
 * parser, `hinoban config check|dump` and the man page hinoban.yaml(5) come
 * from them.  A module that needs settings of its own adds a section here.
 */
#ifndef HB_CONFIG_CONFIG_H
#define HB_CONFIG_CONFIG_H

#include "base/conf.h"

enum hb_private_driver {
    HB_PRIVATE_NONE,
    HB_PRIVATE_NGINX,
    HB_PRIVATE_COMMAND,
    HB_PRIVATE_GATE /* the firewall's module in nginx */
};

/* A part of a site that programs may write to (uploads, caches). */
struct hb_conf_area {
    const char *path;      /* relative to the site's root */
    uint64_t max_size;     /* bytes a file */
    struct hb_strs types;  /* allowed name endings ("jpg"); none: any
                              that cannot execute */
    bool allow_executable; /* scripts, .htaccess, +x; default false */
};

struct hb_conf_site {
    const char *name;            /* [a-z0-9-]{1,32} */
    int64_t number;              /* how requests name it; 1.. unique */
    const char *root;            /* document root */
    const char *url;             /* public URL; "" none */
    const char *staging;         /* "": chosen beside the root */
    struct hb_strs ignore;       /* relative paths never looked at */
    struct hb_conf_list areas;   /* struct hb_conf_area */
    uint64_t scan_every;         /* full hash scan; ns */
    uint64_t outside_every;      /* outside view; ns */
    const char *url_ca;          /* PEM of who signs its certificate */
    int private_driver;          /* enum hb_private_driver */
    const char *private_command; /* absolute; argument on|off SITE */
    int64_t private_after;       /* failed restores ... */
    uint64_t private_within;     /* ... in this time */
    uint64_t private_clean;      /* lifted when clean for so long */
    int64_t loop_restores;       /* one path restored so often ... */
    uint64_t loop_within;        /* ... in this time is a fight */
    bool private_on_entry_open;  /* when the intruder came back */
    bool freeze_writer;          /* may freeze the cgroup of a fighter */
};

struct hb_conf_limits {
    uint64_t event_keep; /* ns */
    uint64_t event_bytes;
    uint64_t evidence_bytes;
    uint64_t watch_memory;     /* backlog above it: drop and rescan */
    int64_t helper_per_second; /* actions a requester */
    int64_t helper_burst;
};

struct hb_conf_org {
    const char *name;
    const char *zone_name;     /* "JST" */
    int64_t zone_minutes;      /* 540 */
    int kind;                  /* hb_config_kind() */
    int language;              /* enum hb_lang: of notices */
    const char *mail_relay;    /* "smtp://127.0.0.1:25" */
    bool mail_unencrypted;     /* smtp:// to another machine without TLS */
    const char *mail_user;     /* "": the relay wants none */
    const char *mail_password; /* path of the file that holds it */
    const char *mail_ca;       /* who signs the relay's certificate; "": the
                                  system's */
    const char *mail_from;
    const char *webhook;        /* URL that hears of notices; "" none */
    const char *webhook_secret; /* path of the file; "" not signed */
    const char *anchor;         /* where checkpoints leave the machine:
                                   "file:/mnt/...", "mail:officer@..." */
};

struct hb_conf_contract {
    const char *name; /* [a-z0-9-]{1,32} */
    const char *counterparty;
    const char *clause;
    uint64_t within; /* ns after the incident became known */
    const char *contact;
    bool always;   /* every incident starts its deadline */
    bool approval; /* publication needs their word */
};

enum hb_gate_mode { HB_GATE_OFF, HB_GATE_DETECT, HB_GATE_BLOCK };
/* The same for one host, where "inherit" means what holds for all. */
enum hb_gate_host_mode {
    HB_GATE_HOST_INHERIT,
    HB_GATE_HOST_DETECT,
    HB_GATE_HOST_BLOCK
};
enum hb_gate_charset {
    HB_GATE_UTF8,
    HB_GATE_SHIFT_JIS, /* and what Windows adds: CP932 */
    HB_GATE_EUC_JP
};

/* A host whose settings differ. */
struct hb_conf_gate_host {
    const char *name; /* as in the header Host, lower case, no port */
    int mode;         /* enum hb_gate_host_mode */
    int64_t paranoia; /* 0: as for all */
    int charset;      /* enum hb_gate_charset: of what forms send */
};

enum hb_gate_per { HB_GATE_PER_ADDRESS, HB_GATE_PER_PATH, HB_GATE_PER_SESSION };

/* How often one client may come. */
struct hb_conf_gate_rate {
    const char *name;
    int per;            /* enum hb_gate_per */
    const char *cookie; /* of a session */
    int64_t per_minute, burst;
};

/* The web application firewall (guard/gate). */
struct hb_conf_gate {
    int mode;                  /* enum hb_gate_mode */
    int64_t paranoia;          /* 1..4 */
    int64_t inbound, outbound; /* scores at which it stops */
    bool answers;              /* are looked at, too */
    const char *rules;         /* folder of the Core Rule Set */
    const char *log;           /* where the web server writes findings */
    struct hb_conf_list hosts; /* struct hb_conf_gate_host */
    struct hb_conf_list rates; /* struct hb_conf_gate_rate */
    bool bans;                 /* of addresses that behave badly */
    struct hb_strs trusted;    /* networks that are never banned */
    struct hb_strs wall;       /* beginnings of paths that need a pass */
    struct hb_strs check;      /* argv that tries the web server's settings */
    struct hb_strs reload;     /* argv that makes it read the rules */
};

enum hb_share_programs {
    HB_SHARE_PROGRAMS_REFUSE,
    HB_SHARE_PROGRAMS_HOLD, /* a third person lets them go, or not */
    HB_SHARE_PROGRAMS_ALLOW
};

/* The share portal (portal/, guard/share). */
struct hb_conf_share {
    struct hb_strs listen;     /* "ADDRESS:PORT"; none: there is no portal */
    const char *url;           /* "https://share.example.jp/" */
    const char *certificate;   /* PEM with its chain; "": plain HTTP */
    const char *key;           /* path of the file that holds it */
    struct hb_strs proxies;    /* addresses whose X-Forwarded-For is believed */
    const char *mail_from;     /* "": the organisation's */
    const char *mail_password; /* path of the file that holds it */
    struct hb_strs staff;      /* domains and addresses of our own people */
    struct hb_strs approvers;  /* addresses; none: any other of the staff */
    struct hb_strs partners;   /* domains that are known; none: all are */
    struct hb_strs allowed;    /* domains; none: all */
    struct hb_strs blocked;
    struct hb_strs freemail; /* where anybody gets an address */
    bool approve_all;
    bool approve_unknown; /* a domain that is no partner's */
    int64_t personal;     /* pieces of personal data that need a third
                             person; 0: never */
    int programs;         /* enum hb_share_programs */
    int64_t days, days_max;
    int64_t downloads, downloads_max; /* each recipient and file */
    int64_t recipients_max, files_max;
    uint64_t file_size, share_size;          /* bytes */
    uint64_t owner_space, space, space_free; /* bytes */
    int64_t reopen_days, trail_days, remind_days;
};

struct hb_config {
    struct hb_conf_org organisation;
    struct hb_conf_list sites;     /* struct hb_conf_site */
    struct hb_conf_list contracts; /* struct hb_conf_contract */
    struct hb_conf_limits limits;
    struct hb_conf_gate gate;
    struct hb_conf_share share;
    uint64_t nobody_answers; /* an unanswered ask is escalated after it */
    struct hb_arena *arena;
    const struct hb_yaml *yaml; /* what it was read from, for errors */
};

extern const struct hb_conf_row hb_config_rows[];

/* The section share (config_share.c); called by hb_config_load(). */
int hb_config_check_share(const struct hb_config *c, struct hb_err *err) HB_WUR;

/* "municipality" ...: a value of the fact organisation_kind. */
const char *hb_config_kind(const struct hb_config *c);
/* Whether WORD is one of them. */
bool hb_config_kind_known(const char *word);

/* Reads and checks PATH (cross-checks: unique names and numbers, roots that
 * do not contain each other, areas inside the root, staging that no server
 * serves).  Only the text is judged, not this machine: a removed document
 * root must not keep the guard from starting. */
int hb_config_load(const char *path, struct hb_config **ret,
                   struct hb_err *err) HB_WUR;
void hb_config_free(struct hb_config *c);
void hb_config_freep(struct hb_config **c);
#define _cleanup_config_ HB_CLEANUP(hb_config_freep)

/* Whether it fits this machine: roots exist and are folders, staging lies on
 * the root's file system, no root overlaps with a directory of OWN (NULL
 * ends), the files for the mail server are there.  For `hinoban config check`
 * and publishing. */
int hb_config_check_machine(const struct hb_config *c, const char *const *own,
                            struct hb_err *err) HB_WUR;
/* NULL where there is none. */
const struct hb_conf_site *hb_config_site(const struct hb_config *c,
                                          const char *name);
const struct hb_conf_site *hb_config_site_number(const struct hb_config *c,
                                                 uint32_t number);

#endif
