/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - the checks, and what they look at.
 *
 * A check is a row of a table and a function.  It reads the machine through
 * struct hb_machine, whose prefix lets a test give it a small tree instead of
 * "/".  What cannot be told is unknown, with the reason; nothing is guessed.
 */
#ifndef HB_CONTROL_CHECK_H
#define HB_CONTROL_CHECK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"

struct hb_machine {
    const char *prefix; /* "" is this machine; a test's tree otherwise */
    struct hb_arena *arena;
    int64_t now; /* ns UTC */
    const struct hb_config *config;
    /* Ours, which lie elsewhere below another root; NULL: as packages have
     * them, below PREFIX. */
    const char *gate_dir, *etc_dir;
};

enum hb_check_status { HB_CHECK_UNKNOWN, HB_CHECK_PASS, HB_CHECK_FAIL };

struct hb_found {
    enum hb_check_status status;
    const char *why;      /* one sentence, a message of the catalogue */
    struct hb_buf detail; /* names and numbers behind it */
};

typedef void hb_check_fn(const struct hb_machine *m, struct hb_found *ret);

struct hb_check {
    const char *name; /* the control */
    unsigned every_s; /* half of the control's max_age, or less */
    hb_check_fn *run;
};
extern const struct hb_check hb_checks[]; /* name NULL ends */

hb_check_fn hb_check_docroot, hb_check_admins, hb_check_password_policy,
    hb_check_sshd, hb_check_patch_pending, hb_check_patch_unattended,
    hb_check_nginx, hb_check_waf, hb_check_exposed, hb_check_firewall,
    hb_check_time, hb_check_sudo, hb_check_backup, hb_check_mail, hb_check_disk,
    hb_check_logs_kept, hb_check_lockout, hb_check_virtual_patch;

/* Sets the answer of a check; the first "fail" stays, and "unknown" beats
 * only "pass". */
void hb_found_set(struct hb_found *f, enum hb_check_status status,
                  const char *why);
/* Adds NAME to the list behind the answer, which has a ceiling. */
void hb_found_name(struct hb_found *f, const char *name);

/* ---- machine.c ---- */

#define HB_MACHINE_FILE (1u << 20) /* a configuration file */

/* The file PATH of the machine, terminated. */
int hb_machine_read(const struct hb_machine *m, const char *path, size_t max,
                    struct hb_slice *ret) HB_WUR;
/* The last MAX bytes of a log; the first line may be cut. */
int hb_machine_tail(const struct hb_machine *m, const char *path, size_t max,
                    struct hb_slice *ret) HB_WUR;
/* PATH with the prefix, in the arena; NULL without memory. */
const char *hb_machine_path(const struct hb_machine *m, const char *path);
bool hb_machine_has(const struct hb_machine *m, const char *path);
/* The regular file PATH for reading; *RET_SIZE is its size now.  A descriptor
 * or -errno. */
int hb_machine_open(const struct hb_machine *m, const char *path,
                    off_t *ret_size) HB_WUR;
/* Paths (without the prefix) that PATTERN names, sorted, at most MAX. */
int hb_machine_glob(const struct hb_machine *m, const char *pattern, size_t max,
                    const char *const **ret, size_t *ret_n) HB_WUR;
/* Runs a program of the machine; the exit status or -errno. */
int hb_machine_run(const struct hb_machine *m, const char *const *argv,
                   unsigned timeout_ms, struct hb_buf *out,
                   struct hb_buf *errors) HB_WUR;

/* The next line of *TEXT without its end; false where there is none. */
bool hb_next_line(struct hb_slice *text, struct hb_slice *ret);
/* The next word of *LINE: blanks part words, '"' holds one together; {"", 0}
 * at the end or where a comment begins. */
struct hb_slice hb_next_word(struct hb_slice *line);
bool hb_slice_is(struct hb_slice s, const char *z);   /* byte for byte */
bool hb_slice_like(struct hb_slice s, const char *z); /* letters alike */
bool hb_slice_has(struct hb_slice s, const char *z);  /* contains */

/* /etc/passwd and /etc/group. */
struct hb_account {
    const char *name, *home, *shell;
    uint32_t uid, gid;
};
struct hb_group {
    const char *name;
    uint32_t gid;
    struct hb_slice members; /* "a,b" */
};
struct hb_accounts {
    struct hb_account *v;
    size_t n;
    struct hb_group *groups;
    size_t groups_n;
};
int hb_accounts_read(const struct hb_machine *m,
                     struct hb_accounts *ret) HB_WUR;
const struct hb_account *hb_account_find(const struct hb_accounts *a,
                                         const char *name);
bool hb_group_has(const struct hb_group *g, const char *name);
bool hb_account_admin(const struct hb_accounts *a,
                      const struct hb_account *who);
/* Whether somebody can log in with it: its shell is one. */
bool hb_account_opens(const struct hb_account *who);

/* ---- sshd.c ---- */

struct hb_sshd {
    char root[32], password[32], keyboard[32], empty[32];
    char methods[256];
    bool match_root, match_password; /* a Match block allows it */
    bool bad;                        /* something could not be read */
};
/* Reads sshd_config(5) TEXT into S: the first value of a keyword holds.
 * INCLUDE is called with each pattern of an Include (may be NULL). */
typedef void hb_sshd_include_fn(void *arg, struct hb_sshd *s,
                                struct hb_slice pattern, bool in_match);
void hb_sshd_parse(struct hb_slice text, bool in_match, struct hb_sshd *s,
                   hb_sshd_include_fn *include, void *arg);

/* ---- unit.c ---- */

/* The file (without the prefix) that systemd reads for the unit NAME; NULL
 * where there is none or it is masked. */
const char *hb_unit_file(const struct hb_machine *m, const char *name);
/* Whether systemd starts it by itself. */
bool hb_unit_on(const struct hb_machine *m, const char *name);

/* ---- nft.c ---- */

struct hb_nft {
    bool input;   /* there is a chain for what comes in */
    bool v4, v6;  /* what no rule allows is refused */
    bool unclear; /* it depends on a chain or rule that was not followed */
    bool bad;     /* something could not be read */
};
/* Reads TEXT (nft(8)) into NFT, which may hold what was read before; INCLUDE
 * is called with each pattern of an include (may be NULL). */
typedef void hb_nft_include_fn(void *arg, struct hb_nft *nft,
                               struct hb_slice pattern);
void hb_nft_parse(struct hb_slice text, struct hb_nft *nft,
                  hb_nft_include_fn *include, void *arg);

/* ---- sudoers.c ---- */

struct hb_sudoers {
    char people[32][64]; /* who gets everything of root without a password */
    size_t people_n;
    char aliases[32][64]; /* of commands, that hold ALL */
    size_t aliases_n;
    bool no_authenticate, use_pty, no_syslog, logfile;
    bool bad; /* something could not be read */
};
/* Reads sudoers(5) TEXT into S; INCLUDE is called with each path that it
 * includes, of a file or a FOLDER (may be NULL). */
typedef void hb_sudoers_include_fn(void *arg, struct hb_sudoers *s,
                                   struct hb_slice path, bool folder);
void hb_sudoers_parse(struct hb_slice text, struct hb_sudoers *s,
                      hb_sudoers_include_fn *include, void *arg);

/* ---- mail.c ---- */

/* The value of NAME in TEXT (postconf(5)), its lines as they stand; .p is NULL
 * where it is not told. */
struct hb_slice hb_postfix_value(struct hb_slice text, const char *name);

struct hb_dovecot {
    bool clear;          /* passwords without TLS are taken */
    bool clear_for_some; /* ... from some addresses */
    bool bad;            /* something could not be read */
};
/* Reads a file of Dovecot; INCLUDE is called with each pattern (may be
 * NULL). */
typedef void hb_dovecot_include_fn(void *arg, struct hb_dovecot *d,
                                   struct hb_slice pattern);
void hb_dovecot_parse(struct hb_slice text, struct hb_dovecot *d,
                      hb_dovecot_include_fn *include, void *arg);

/* ---- kept.c ---- */

/* For how many days logrotate(8) TEXT keeps the file LOG; unchanged where it
 * does not name it. */
void hb_rotation_parse(struct hb_slice text, const char *log,
                       uint64_t *ret_days);

/* ---- exposed.c ---- */

struct hb_listen {
    uint16_t port;
    bool open;  /* takes what comes from others */
    bool local; /* at an address that only this machine reaches */
};
/* A line of /proc/net/tcp, tcp6, udp or udp6 (proc(5)); -EBADMSG. */
int hb_listen_parse(struct hb_slice line, bool udp,
                    struct hb_listen *ret) HB_WUR;

/* ---- nginx.c ---- */

#define HB_NGX_ARGS 16u

/* A directive; the tree's root has no name, and hb_ngx_load() gives it the
 * prefix that relative paths are below as its argument. */
struct hb_ngx {
    struct hb_slice name;
    struct hb_slice args[HB_NGX_ARGS];
    size_t n; /* args beyond HB_NGX_ARGS are left out */
    struct hb_ngx *parent, *first, *last, *next;
};
/* Called for "include PATTERN;": parses what it names below PARENT. */
struct hb_ngx_parser {
    struct hb_arena *arena;
    int (*include)(struct hb_ngx_parser *p, struct hb_ngx *parent,
                   struct hb_slice pattern); /* may be NULL */
    const struct hb_machine *machine;
    const char *dir; /* that relative patterns are below */
    size_t nodes, files;
    unsigned depth;
};
/* -EBADMSG (braces, quotes), -EFBIG, -ENOMEM. */
int hb_ngx_parse(struct hb_ngx_parser *p, struct hb_slice text,
                 struct hb_ngx *root) HB_WUR;
/* The whole configuration of the nginx that runs (-c, -p), or that would run;
 * an error too where the one that runs has a file that may not be read. */
int hb_ngx_load(const struct hb_machine *m, struct hb_ngx **ret) HB_WUR;
/* PATH as the nginx of ROOT (of hb_ngx_load()) opens it; NULL without
 * memory. */
const char *hb_ngx_path(const struct hb_machine *m, const struct hb_ngx *root,
                        struct hb_slice path);
/* The next directive called NAME (NULL: any) after AT in the whole tree below
 * ROOT; AT NULL: the first. */
const struct hb_ngx *hb_ngx_next(const struct hb_ngx *root,
                                 const struct hb_ngx *at, const char *name);
/* The directive NAME that holds in BLOCK: its own, or the nearest above. */
const struct hb_ngx *hb_ngx_in_force(const struct hb_ngx *block,
                                     const char *name);
/* The user of nginx's workers; "www-data" where nothing says otherwise. */
const char *hb_ngx_user(const struct hb_machine *m, const struct hb_ngx *root);

/* ---- users.c ---- */

/* The accounts that run what visitors send, at most MAX names into RET, which
 * A holds; *RET_MORE: there are more.  Returns how many. */
size_t hb_web_users(const struct hb_machine *m, const struct hb_accounts *a,
                    const char **ret, size_t max, bool *ret_more);

/* ---- aftermath.c, collect.c ---- */

struct hb_role_ctx;
/* Writes the answer (JSON object) of a command for SITE into B. */
int hb_aftermath(const struct hb_machine *m, const struct hb_conf_site *site,
                 const char *baseline_dir, const char *etc_dir,
                 const struct hb_accounts *before, struct hb_buf *b) HB_WUR;

/* A write of the site that somebody wants explained. */
struct hb_change {
    const char *path; /* below the site's root; "": not known */
    int64_t at;       /* ns UTC */
};
/* What happened around the N changes, or around now where N is 0. */
int hb_collect(const struct hb_machine *m, const struct hb_conf_site *site,
               const struct hb_change *changes, size_t n,
               struct hb_buf *b) HB_WUR;

/* Whether a web server may run what is called NAME. */
bool hb_is_script(const char *name);
/* Whether CONTENT of a file called NAME looks like a web shell: the word that
 * gives it away, or NULL. */
const char *hb_shell_sign(const char *name, struct hb_slice content);

/* ---- utmp.c ---- */

struct hb_login {
    char user[33], line[33], host[257];
    int64_t at; /* ns UTC */
};
/* Log-ins of DATA (wtmp(5), 64-bit Linux) from SINCE to UNTIL, the newest
 * last, at most MAX.  Returns how many; a broken last record is left out. */
size_t hb_utmp_read(struct hb_slice data, int64_t since, int64_t until,
                    size_t max, struct hb_login *ret);
/* Last log-in of UID in lastlog(5) DATA in ns UTC, 0 where none. */
int64_t hb_lastlog(struct hb_slice data, uint32_t uid);

#endif
