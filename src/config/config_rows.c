/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_rows.c - every directive of hinoban.yaml, one row each.
 *
 * The rows are the one description of a setting: the parser's bounds and
 * defaults, `hinoban config dump`, and hinoban.yaml(5) come from them.  What
 * one row cannot say (names are unique, roots do not contain each other)
 * stands in config.c.
 */
#include "base/i18n.h"
#include "config/config.h"

#define AT(type, member) offsetof(struct type, member)
#define END                                                                    \
    {                                                                          \
        NULL, HB_CONF_BOOL, 0, 0, 0, NULL, NULL, NULL, NULL, 0                 \
    }

#define MS  INT64_C(1000000)
#define SEC (1000 * MS)
#define DAY (86400 * SEC)
#define MIB (INT64_C(1) << 20)
#define TIB (INT64_C(1) << 40)

/* The values of the fact organisation_kind (casebook/facts.yaml). */
static const char *const kind_words[] = {"company",
                                         "municipality",
                                         "prefecture",
                                         "board-of-education",
                                         "public-school",
                                         "assembly",
                                         "public-hospital",
                                         "private-school",
                                         NULL};
static const char *const lang_words[] = {"en", "ja", NULL}; /* enum hb_lang */
static const char *const private_words[] = {
    [HB_PRIVATE_NONE] = "none",
    [HB_PRIVATE_NGINX] = "nginx",
    [HB_PRIVATE_COMMAND] = "command",
    [HB_PRIVATE_GATE] = "gate",
    NULL,
};

static const char *const gate_mode_words[] = {
    [HB_GATE_OFF] = "off",
    [HB_GATE_DETECT] = "detect",
    [HB_GATE_BLOCK] = "block",
    NULL,
};
static const char *const gate_host_words[] = {
    [HB_GATE_HOST_INHERIT] = "inherit",
    [HB_GATE_HOST_DETECT] = "detect",
    [HB_GATE_HOST_BLOCK] = "block",
    NULL,
};
static const char *const charset_words[] = {
    [HB_GATE_UTF8] = "utf-8",
    [HB_GATE_SHIFT_JIS] = "shift_jis",
    [HB_GATE_EUC_JP] = "euc-jp",
    NULL,
};
static const char *const gate_per_words[] = {
    [HB_GATE_PER_ADDRESS] = "address",
    [HB_GATE_PER_PATH] = "address+path",
    [HB_GATE_PER_SESSION] = "session",
    NULL,
};

static const char *const programs_words[] = {
    [HB_SHARE_PROGRAMS_REFUSE] = "refuse",
    [HB_SHARE_PROGRAMS_HOLD] = "hold",
    [HB_SHARE_PROGRAMS_ALLOW] = "allow",
    NULL,
};

static const struct hb_conf_row area_rows[] = {
    {"path", HB_CONF_STR, AT(hb_conf_area, path), 0, 0, NULL,
     N_("The folder, relative to the site's root."), NULL, NULL, 0},
    {"max_size", HB_CONF_SIZE, AT(hb_conf_area, max_size), 1, TIB, "20m",
     N_("A larger file is reported and taken out."), NULL, NULL, 0},
    {"types", HB_CONF_STRS, AT(hb_conf_area, types), 0, 0, "",
     N_("Allowed name endings, such as jpg or pdf. Where there are none, "
        "every type that a server does not execute is allowed."),
     NULL, NULL, 0},
    {"allow_executable", HB_CONF_BOOL, AT(hb_conf_area, allow_executable), 0, 0,
     "false",
     N_("Whether scripts, .htaccess and files with an x bit may appear. "
        "This opens the way that web shells take."),
     NULL, NULL, 0},
    END,
};

static const struct hb_conf_row site_rows[] = {
    {"name", HB_CONF_STR, AT(hb_conf_site, name), 0, 0, NULL,
     N_("Short name: a-z, 0-9 and hyphens, at most 32 characters."), NULL, NULL,
     0},
    {"number", HB_CONF_INT, AT(hb_conf_site, number), 1, 65535, NULL,
     N_("Number by which processes name the site. It must be unique and "
        "must not change while the site exists."),
     NULL, NULL, 0},
    {"root", HB_CONF_PATH, AT(hb_conf_site, root), 0, 0, NULL,
     N_("Document root: the folder whose content is guarded."), NULL, NULL, 0},
    {"url", HB_CONF_STR, AT(hb_conf_site, url), 0, 0, "",
     N_("Public address (http:// or https://). The outside view fetches it; "
        "empty: there is none."),
     NULL, NULL, 0},
    {"url_ca", HB_CONF_PATH, AT(hb_conf_site, url_ca), 0, 0, "",
     N_("File of the certificate authorities (PEM) that the outside view "
        "trusts for this address, instead of the system's; readable for "
        "everybody, best below /etc/hinoban, not below /home, /root or /tmp. "
        "For an authority of your own."),
     NULL, NULL, 0},
    {"staging", HB_CONF_PATH, AT(hb_conf_site, staging), 0, 0, "",
     N_("Folder on the root's file system where restored files are written "
        "before they take their place. Empty: chosen beside the root."),
     NULL, NULL, 0},
    {"ignore", HB_CONF_STRS, AT(hb_conf_site, ignore), 0, 0, "",
     N_("Paths below the root that are never looked at. Whoever can write "
        "there can publish."),
     NULL, NULL, 0},
    {"areas", HB_CONF_LIST, AT(hb_conf_site, areas), 0, 0, "",
     N_("Folders that programs may write to, such as uploads and caches."),
     NULL, area_rows, sizeof(struct hb_conf_area)},
    {"scan_every", HB_CONF_DURATION, AT(hb_conf_site, scan_every), 60 * SEC,
     31 * DAY, "24h",
     N_("How often all content is hashed, for changes that no event "
        "shows."),
     NULL, NULL, 0},
    {"outside_every", HB_CONF_DURATION, AT(hb_conf_site, outside_every),
     10 * SEC, DAY, "5m", N_("How often the public address is fetched."), NULL,
     NULL, 0},
    {"private_driver", HB_CONF_ENUM, AT(hb_conf_site, private_driver), 0, 0,
     "none",
     N_("How the site is taken off the air (answer 503): nginx and gate by "
        "what \"hinoban site private-setup\" writes, gate with the module of "
        "the firewall, command with a program of your own."),
     private_words, NULL, 0},
    {"private_command", HB_CONF_PATH, AT(hb_conf_site, private_command), 0, 0,
     "",
     N_("Program of the driver \"command\", called as PROGRAM on|off "
        "SITE."),
     NULL, NULL, 0},
    {"private_after", HB_CONF_INT, AT(hb_conf_site, private_after), 1, 1000,
     "3",
     N_("Restores of served content that must fail before the site is "
        "taken off the air."),
     NULL, NULL, 0},
    {"private_within", HB_CONF_DURATION, AT(hb_conf_site, private_within), SEC,
     DAY, "60s", N_("The time in which they must fail."), NULL, NULL, 0},
    {"private_clean", HB_CONF_DURATION, AT(hb_conf_site, private_clean), SEC,
     DAY, "10m",
     N_("How long the site must be clean before it is public again."), NULL,
     NULL, 0},
    {"private_on_entry_open", HB_CONF_BOOL,
     AT(hb_conf_site, private_on_entry_open), 0, 0, "false",
     N_("Whether the site is taken off the air when it is changed again more "
        "than a minute after the first change of an open incident: the way "
        "in is open."),
     NULL, NULL, 0},
    {"loop_restores", HB_CONF_INT, AT(hb_conf_site, loop_restores), 2, 10000,
     "5",
     N_("A path restored this many times is fought over: its writer is "
        "stopped or the path denied."),
     NULL, NULL, 0},
    {"loop_within", HB_CONF_DURATION, AT(hb_conf_site, loop_within), SEC, DAY,
     "10s", N_("The time in which those restores must fall."), NULL, NULL, 0},
    {"freeze_writer", HB_CONF_BOOL, AT(hb_conf_site, freeze_writer), 0, 0,
     "false",
     N_("Whether the control group of a process that fights for a path may "
        "be frozen."),
     NULL, NULL, 0},
    END,
};

static const struct hb_conf_row limits_rows[] = {
    {"event_keep", HB_CONF_DURATION, AT(hb_conf_limits, event_keep), DAY,
     3660 * DAY, "400d", N_("How long events are kept."), NULL, NULL, 0},
    {"event_bytes", HB_CONF_SIZE, AT(hb_conf_limits, event_bytes), 64 * MIB,
     16 * TIB, "20g", N_("Ceiling of all events; the oldest go first."), NULL,
     NULL, 0},
    {"evidence_bytes", HB_CONF_SIZE, AT(hb_conf_limits, evidence_bytes),
     64 * MIB, 16 * TIB, "20g",
     N_("Ceiling of evidence. Evidence under legal hold is never deleted; "
        "a warning comes before the ceiling."),
     NULL, NULL, 0},
    {"watch_memory", HB_CONF_SIZE, AT(hb_conf_limits, watch_memory), 4 * MIB,
     1024 * MIB, "64m",
     N_("Memory for changes that wait. Above it they are dropped and the "
        "whole site is checked instead."),
     NULL, NULL, 0},
    {"helper_per_second", HB_CONF_INT, AT(hb_conf_limits, helper_per_second), 1,
     100000, "2000", N_("Actions a second that one role may ask for."), NULL,
     NULL, 0},
    {"helper_burst", HB_CONF_INT, AT(hb_conf_limits, helper_burst), 1, 1000000,
     "20000", N_("Actions at once before that limit counts."), NULL, NULL, 0},
    END,
};

static const struct hb_conf_row share_rows[] = {
    {"listen", HB_CONF_STRS, AT(hb_conf_share, listen), 0, 0, "",
     N_("Addresses with ports where the portal is served, such as "
        "192.0.2.10:443 or [::]:8443. Empty: there is no portal."),
     NULL, NULL, 0},
    {"url", HB_CONF_STR, AT(hb_conf_share, url), 0, 0, "",
     N_("The portal's public address, https://NAME/ or https://NAME:PORT/: it "
        "stands in mails, and requests for other names are refused."),
     NULL, NULL, 0},
    {"certificate", HB_CONF_PATH, AT(hb_conf_share, certificate), 0, 0, "",
     N_("File of the certificate and its chain (PEM). Empty: plain HTTP, on "
        "this machine itself only, for a proxy that speaks TLS."),
     NULL, NULL, 0},
    {"key", HB_CONF_SECRET, AT(hb_conf_share, key), 0, 0, "",
     N_("File of the certificate's private key (PEM), owned by "
        "hinoban-portal, mode 0600."),
     NULL, NULL, 0},
    {"proxies", HB_CONF_STRS, AT(hb_conf_share, proxies), 0, 0, "",
     N_("Addresses of proxies whose X-Forwarded-For is believed."), NULL, NULL,
     0},
    {"mail_from", HB_CONF_STR, AT(hb_conf_share, mail_from), 0, 0, "",
     N_("Sender of the portal's mails. Empty: the organisation's."), NULL, NULL,
     0},
    {"mail_password", HB_CONF_SECRET, AT(hb_conf_share, mail_password), 0, 0,
     "",
     N_("File with the relay's password for the portal's mails, owned by "
        "hinoban-post, mode 0600; where the organisation has a mail_user."),
     NULL, NULL, 0},
    {"staff", HB_CONF_STRS, AT(hb_conf_share, staff), 0, 0, "",
     N_("Who may share: domains of your own (example.jp, with all below it) "
        "and single addresses."),
     NULL, NULL, 0},
    {"approvers", HB_CONF_STRS, AT(hb_conf_share, approvers), 0, 0, "",
     N_("Addresses of those who look at shares as a third person. Empty: "
        "anybody of the staff but the owner."),
     NULL, NULL, 0},
    {"partners", HB_CONF_STRS, AT(hb_conf_share, partners), 0, 0, "",
     N_("Domains that you work with. Empty: all count as known."), NULL, NULL,
     0},
    {"allowed", HB_CONF_STRS, AT(hb_conf_share, allowed), 0, 0, "",
     N_("The only domains to which anything is shared. Empty: all."), NULL,
     NULL, 0},
    {"blocked", HB_CONF_STRS, AT(hb_conf_share, blocked), 0, 0, "",
     N_("Domains to which nothing is shared."), NULL, NULL, 0},
    {"approve_all", HB_CONF_BOOL, AT(hb_conf_share, approve_all), 0, 0, "false",
     N_("Whether every share needs a third person."), NULL, NULL, 0},
    {"approve_unknown", HB_CONF_BOOL, AT(hb_conf_share, approve_unknown), 0, 0,
     "false",
     N_("Whether a share to a domain that is no partner's needs a third "
        "person."),
     NULL, NULL, 0},
    {"personal", HB_CONF_INT, AT(hb_conf_share, personal), 0, 1000000, "1",
     N_("So many pieces of personal data in its files make a share need a "
        "third person; 0: never."),
     NULL, NULL, 0},
    {"programs", HB_CONF_ENUM, AT(hb_conf_share, programs), 0, 0, "refuse",
     N_("What becomes of programs and scripts among the files: refuse; hold, "
        "for a third person; allow."),
     programs_words, NULL, 0},
    {"days", HB_CONF_INT, AT(hb_conf_share, days), 1, 90, "14",
     N_("Days that a share lives where its owner says nothing."), NULL, NULL,
     0},
    {"days_max", HB_CONF_INT, AT(hb_conf_share, days_max), 1, 90, "90",
     N_("Days that it lives at most."), NULL, NULL, 0},
    {"downloads", HB_CONF_INT, AT(hb_conf_share, downloads), 1, 1000, "5",
     N_("Downloads of each file by each recipient where its owner says "
        "nothing."),
     NULL, NULL, 0},
    {"downloads_max", HB_CONF_INT, AT(hb_conf_share, downloads_max), 1, 1000,
     "100", N_("Such downloads at most."), NULL, NULL, 0},
    {"recipients_max", HB_CONF_INT, AT(hb_conf_share, recipients_max), 1, 1000,
     "20", N_("Recipients of one share at most."), NULL, NULL, 0},
    {"files_max", HB_CONF_INT, AT(hb_conf_share, files_max), 1, 1000, "50",
     N_("Files of one share at most."), NULL, NULL, 0},
    {"file_size", HB_CONF_SIZE, AT(hb_conf_share, file_size), 1, TIB, "16g",
     N_("Largest file."), NULL, NULL, 0},
    {"share_size", HB_CONF_SIZE, AT(hb_conf_share, share_size), 1, TIB, "32g",
     N_("All files of one share together at most."), NULL, NULL, 0},
    {"owner_space", HB_CONF_SIZE, AT(hb_conf_share, owner_space), 1, TIB, "64g",
     N_("What one owner's shares may take at once."), NULL, NULL, 0},
    {"space", HB_CONF_SIZE, AT(hb_conf_share, space), 1, TIB, "200g",
     N_("What all shares may take at once."), NULL, NULL, 0},
    {"space_free", HB_CONF_SIZE, AT(hb_conf_share, space_free), 0, TIB, "1g",
     N_("What stays free of the disk, whatever the other limits say."), NULL,
     NULL, 0},
    {"reopen_days", HB_CONF_INT, AT(hb_conf_share, reopen_days), 0, 90, "7",
     N_("Days after its end in which a share can be opened again; then its "
        "files are destroyed."),
     NULL, NULL, 0},
    {"trail_days", HB_CONF_INT, AT(hb_conf_share, trail_days), 30, 3650, "730",
     N_("Days that the record of what happened to shares is kept."), NULL, NULL,
     0},
    {"remind_days", HB_CONF_INT, AT(hb_conf_share, remind_days), 0, 30, "2",
     N_("Days before the end in which recipients who have not fetched "
        "everything are reminded; 0: never."),
     NULL, NULL, 0},
    {"freemail", HB_CONF_STRS, AT(hb_conf_share, freemail), 0, 0, "",
     N_("Domains where anybody gets an address; the owner is warned. Empty: "
        "those that we know."),
     NULL, NULL, 0},
    END,
};

static const struct hb_conf_row gate_host_rows[] = {
    {"name", HB_CONF_STR, AT(hb_conf_gate_host, name), 0, 0, NULL,
     N_("The host as visitors write it, in small letters and without a port."),
     NULL, NULL, 0},
    {"mode", HB_CONF_ENUM, AT(hb_conf_gate_host, mode), 0, 0, "inherit",
     N_("What the firewall does for this host: inherit, detect or block."),
     gate_host_words, NULL, 0},
    {"paranoia", HB_CONF_INT, AT(hb_conf_gate_host, paranoia), 0, 4, "0",
     N_("Paranoia level of this host; 0: that of all."), NULL, NULL, 0},
    {"charset", HB_CONF_ENUM, AT(hb_conf_gate_host, charset), 0, 0, "utf-8",
     N_("Character set of the host's forms. For shift_jis and euc-jp the rules "
        "that only make sense for UTF-8 do not hold."),
     charset_words, NULL, 0},
    END,
};

static const struct hb_conf_row gate_rate_rows[] = {
    {"name", HB_CONF_STR, AT(hb_conf_gate_rate, name), 0, 0, NULL,
     N_("Name of the rate; it stands in findings."), NULL, NULL, 0},
    {"per", HB_CONF_ENUM, AT(hb_conf_gate_rate, per), 0, 0, "address",
     N_("Who is counted: an address; an address for each path; a session, by "
        "its cookie."),
     gate_per_words, NULL, 0},
    {"cookie", HB_CONF_STR, AT(hb_conf_gate_rate, cookie), 0, 0, "",
     N_("Name of the cookie that holds the session."), NULL, NULL, 0},
    {"per_minute", HB_CONF_INT, AT(hb_conf_gate_rate, per_minute), 1, 1000000,
     NULL, N_("Requests a minute, evenly."), NULL, NULL, 0},
    {"burst", HB_CONF_INT, AT(hb_conf_gate_rate, burst), 1, 1000000, "10",
     N_("Requests that may come at once before that counts. A page with its "
        "pictures is one burst."),
     NULL, NULL, 0},
    END,
};

static const struct hb_conf_row gate_rows[] = {
    {"mode", HB_CONF_ENUM, AT(hb_conf_gate, mode), 0, 0, "detect",
     N_("What the firewall does: off; detect, which lets everything through "
        "and "
        "tells what it would have stopped; block."),
     gate_mode_words, NULL, 0},
    {"paranoia", HB_CONF_INT, AT(hb_conf_gate, paranoia), 1, 4, "1",
     N_("Paranoia level of the Core Rule Set: the higher, the more is stopped, "
        "also of what is harmless."),
     NULL, NULL, 0},
    {"inbound", HB_CONF_INT, AT(hb_conf_gate, inbound), 1, 1000, "5",
     N_("Score at which a request is stopped; a critical rule adds 5."), NULL,
     NULL, 0},
    {"outbound", HB_CONF_INT, AT(hb_conf_gate, outbound), 1, 1000, "4",
     N_("Score at which an answer is stopped."), NULL, NULL, 0},
    {"answers", HB_CONF_BOOL, AT(hb_conf_gate, answers), 0, 0, "false",
     N_("Whether answers are looked at, too: errors of databases and the "
        "pages of web shells. A page is then held back until its beginning "
        "was read."),
     NULL, NULL, 0},
    {"rules", HB_CONF_PATH, AT(hb_conf_gate, rules), 0, 0,
     "/usr/share/modsecurity-crs",
     N_("Folder of the OWASP Core Rule Set; its rules lie in rules/*.conf. "
        "Debian's package modsecurity-crs, or a newer one unpacked."),
     NULL, NULL, 0},
    {"log", HB_CONF_PATH, AT(hb_conf_gate, log), 0, 0,
     "/var/log/nginx/hinoban-gate.log",
     N_("File to which the web server writes what the firewall found."), NULL,
     NULL, 0},
    {"hosts", HB_CONF_LIST, AT(hb_conf_gate, hosts), 0, 0, "",
     N_("Hosts for which something else holds."), NULL, gate_host_rows,
     sizeof(struct hb_conf_gate_host)},
    {"rates", HB_CONF_LIST, AT(hb_conf_gate, rates), 0, 0, "",
     N_("How often one client may come; who comes more often gets 429 and "
        "the time to wait. They hold for all hosts, where anything is "
        "blocked."),
     NULL, gate_rate_rows, sizeof(struct hb_conf_gate_rate)},
    {"bans", HB_CONF_BOOL, AT(hb_conf_gate, bans), 0, 0, "false",
     N_("Whether addresses that attack, guess passwords or look for holes are "
        "shut out for a while. Behind a proxy or a load balancer first let "
        "the web server know real addresses (nginx: set_real_ip_from): else "
        "all visitors are one address."),
     NULL, NULL, 0},
    {"trusted", HB_CONF_STRS, AT(hb_conf_gate, trusted), 0, 0, "",
     N_("Networks that are never shut out, such as 203.0.113.0/24: the "
        "office. The machine itself always is one of them."),
     NULL, NULL, 0},
    {"wall", HB_CONF_STRS, AT(hb_conf_gate, wall), 0, 0, "",
     N_("Beginnings of paths that nobody reaches without a pass (hinoban gate "
        "pass), such as /wp-admin/ and /wp-login.php."),
     NULL, NULL, 0},
    {"check", HB_CONF_STRS, AT(hb_conf_gate, check), 0, 0, "[nginx, -t]",
     N_("Program with its arguments that tries the web server's settings; "
        "it is not told to read them where this fails. Empty: none."),
     NULL, NULL, 0},
    {"reload", HB_CONF_STRS, AT(hb_conf_gate, reload), 0, 0,
     "[nginx, -s, reload]",
     N_("Program with its arguments that makes the web server read the rules. "
        "Empty: none, somebody does that by hand."),
     NULL, NULL, 0},
    END,
};

static const struct hb_conf_row org_rows[] = {
    {"name", HB_CONF_STR, AT(hb_conf_org, name), 0, 0, NULL,
     N_("Name of the organisation, as it stands on its papers."), NULL, NULL,
     0},
    {"zone_name", HB_CONF_STR, AT(hb_conf_org, zone_name), 0, 0, "JST",
     N_("Short name of the time zone in which times are shown."), NULL, NULL,
     0},
    {"zone_minutes", HB_CONF_INT, AT(hb_conf_org, zone_minutes), -720, 840,
     "540", N_("That zone's distance from UTC in minutes, east positive."),
     NULL, NULL, 0},
    {"kind", HB_CONF_ENUM, AT(hb_conf_org, kind), 0, 0, "company",
     N_("Kind of organisation; it decides whom reports are owed to."),
     kind_words, NULL, 0},
    {"language", HB_CONF_ENUM, AT(hb_conf_org, language), 0, 0, "ja",
     N_("Language of the notices that people get by mail."), lang_words, NULL,
     0},
    {"anchor", HB_CONF_STR, AT(hb_conf_org, anchor), 0, 0, "",
     N_("Where signed checkpoints of the evidence leave this machine: "
        "file:/PATH (another host's share) or mail:ADDRESS. Empty: nowhere, "
        "and the posture says so."),
     NULL, NULL, 0},
    {"mail_relay", HB_CONF_STR, AT(hb_conf_org, mail_relay), 0, 0,
     "smtp://127.0.0.1:25",
     N_("Mail server that takes our mail: smtp://HOST:PORT or "
        "smtps://HOST:PORT (TLS from the first byte). To another machine "
        "smtp:// demands STARTTLS too, and its certificate must be right; "
        "only to this machine itself (localhost) mail goes unencrypted."),
     NULL, NULL, 0},
    {"mail_unencrypted", HB_CONF_BOOL, AT(hb_conf_org, mail_unencrypted), 0, 0,
     "false",
     N_("Whether smtp:// to another machine may go unencrypted. Whoever "
        "stands in between then reads and changes our mail; \"hinoban config "
        "check\" reminds of it."),
     NULL, NULL, 0},
    {"mail_user", HB_CONF_STR, AT(hb_conf_org, mail_user), 0, 0, "",
     N_("User name at the mail server. It and the password go over TLS only, "
        "also to this machine itself and with mail_unencrypted."),
     NULL, NULL, 0},
    {"mail_password", HB_CONF_SECRET, AT(hb_conf_org, mail_password), 0, 0, "",
     N_("File with the password of mail_user on one line. Nobody but the "
        "account of the role outside (hinoban-outside) may read it: chown to "
        "it and chmod 600, for example "
        "/etc/hinoban/keys/mail.password."),
     NULL, NULL, 0},
    {"mail_ca", HB_CONF_PATH, AT(hb_conf_org, mail_ca), 0, 0, "",
     N_("File with the certificates (PEM) of who signs the mail server's, "
        "instead of those that this machine trusts."),
     NULL, NULL, 0},
    {"mail_from", HB_CONF_STR, AT(hb_conf_org, mail_from), 0, 0,
     "hinoban@localhost", N_("Sender of our mail."), NULL, NULL, 0},
    {"webhook", HB_CONF_STR, AT(hb_conf_org, webhook), 0, 0, "",
     N_("Address that is told of each notice, such as a chat of your own: "
        "https://HOST/..., or http:// to this machine itself. It gets the "
        "number of the incident, what kind of notice and until when, as JSON "
        "by POST. Whoever reads there need not be registered, and the address "
        "is no secret: it stands in \"hinoban config dump\". Empty: none."),
     NULL, NULL, 0},
    {"webhook_secret", HB_CONF_SECRET, AT(hb_conf_org, webhook_secret), 0, 0,
     "",
     N_("File with a secret on one line by which the webhook knows us: header "
        "X-Hinoban-Signature, HMAC-SHA256 of the body. As mail_password, only "
        "hinoban-outside may read it."),
     NULL, NULL, 0},
    END,
};

static const struct hb_conf_row contract_rows[] = {
    {"name", HB_CONF_STR, AT(hb_conf_contract, name), 0, 0, NULL,
     N_("Short name: a-z, 0-9 and hyphens, at most 32 characters."), NULL, NULL,
     0},
    {"counterparty", HB_CONF_STR, AT(hb_conf_contract, counterparty), 0, 0,
     NULL, N_("Whom the contract is with, as it stands on papers."), NULL, NULL,
     0},
    {"clause", HB_CONF_STR, AT(hb_conf_contract, clause), 0, 0, "",
     N_("The clause that asks for a report of incidents."), NULL, NULL, 0},
    {"report_within", HB_CONF_DURATION, AT(hb_conf_contract, within), 60 * SEC,
     366 * DAY, "24h",
     N_("By when after an incident became known (\"at once\": 1h)."), NULL,
     NULL, 0},
    {"contact", HB_CONF_STR, AT(hb_conf_contract, contact), 0, 0, "",
     N_("Whom to call, also at night: name and telephone number."), NULL, NULL,
     0},
    {"every_incident", HB_CONF_BOOL, AT(hb_conf_contract, always), 0, 0,
     "false",
     N_("Whether its deadline starts with every incident. Otherwise a person "
        "starts it (hinoban clock start)."),
     NULL, NULL, 0},
    {"publication_needs_word", HB_CONF_BOOL, AT(hb_conf_contract, approval), 0,
     0, "false",
     N_("Whether we may publish only with the counterparty's word."), NULL,
     NULL, 0},
    END,
};

const struct hb_conf_row hb_config_rows[] = {
    {"organisation", HB_CONF_SECTION, AT(hb_config, organisation), 0, 0, NULL,
     N_("Who is protected."), NULL, org_rows, sizeof(struct hb_conf_org)},
    {"sites", HB_CONF_LIST, AT(hb_config, sites), 0, 0, "",
     N_("The websites under guard."), NULL, site_rows,
     sizeof(struct hb_conf_site)},
    {"contracts", HB_CONF_LIST, AT(hb_config, contracts), 0, 0, "",
     N_("Contracts that ask for a report of incidents."), NULL, contract_rows,
     sizeof(struct hb_conf_contract)},
    {"limits", HB_CONF_SECTION, AT(hb_config, limits), 0, 0, "",
     N_("Ceilings for space, memory and actions."), NULL, limits_rows,
     sizeof(struct hb_conf_limits)},
    {"gate", HB_CONF_SECTION, AT(hb_config, gate), 0, 0, "",
     N_("The web application firewall."), NULL, gate_rows,
     sizeof(struct hb_conf_gate)},
    {"share", HB_CONF_SECTION, AT(hb_config, share), 0, 0, "",
     N_("The share portal."), NULL, share_rows, sizeof(struct hb_conf_share)},
    {"nobody_answers", HB_CONF_DURATION, AT(hb_config, nobody_answers),
     60 * SEC, DAY, "15m",
     N_("A question that nobody answers for so long goes to the deputies."),
     NULL, NULL, 0},
    END,
};

const char *hb_config_kind(const struct hb_config *c)
{
    return kind_words[c->organisation.kind];
}

bool hb_config_kind_known(const char *word)
{
    for (size_t i = 0; kind_words[i] != NULL; i++)
        if (hb_streq(kind_words[i], word))
            return true;
    return false;
}
