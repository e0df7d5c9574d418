/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.c - see policy.h.
 *
 * Every rule is looked at, so that a person mends all of it at once; the
 * decision is that of the heaviest reason.
 */
#include "guard/share/policy.h"

#include <strings.h>

#include "base/i18n.h"
#include "guard/share/address.h"

#define DAY_NS (86400ll * 1000000000)

static bool exe_name(struct hb_slice name);
static uint32_t size_reasons(const struct hb_share_rules *rules,
                             const struct hb_share_ask *ask);
static uint32_t domain_reasons(const struct hb_share_rules *rules,
                               const char *address);
static uint32_t approver_reasons(const struct hb_share_rules *rules,
                                 const struct hb_share_ask *ask);
static bool among(const struct hb_share_domains *d, const char *domain);

/* Where anybody gets an address within a minute, as used in Japan. */
static const char *const freemail[] = {
    "aol.com",        "excite.co.jp",   "gmail.com",   "gmx.com",
    "gmx.net",        "googlemail.com", "goo.jp",      "hotmail.co.jp",
    "hotmail.com",    "icloud.com",     "infoseek.jp", "live.com",
    "live.jp",        "mail.com",       "mail.ru",     "me.com",
    "msn.com",        "outlook.com",    "outlook.jp",  "proton.me",
    "protonmail.com", "qq.com",         "rakuten.jp",  "yahoo.co.jp",
    "yahoo.com",      "yahoo.ne.jp",    "yandex.com",  "ymail.ne.jp",
    "163.com",        "126.com",
};

/* What Windows, macOS or a shell runs on a double click, what mounts as a
 * disk past the mark of the web or installs, shortcuts that fetch what they
 * start, and documents that carry macros or queries. */
static const char *const exe_names[] = {"accde",
                                        "action",
                                        "ade",
                                        "adp",
                                        "apk",
                                        "app",
                                        "appinstaller",
                                        "application",
                                        "appref-ms",
                                        "appx",
                                        "appxbundle",
                                        "automator",
                                        "bas",
                                        "bash",
                                        "bat",
                                        "cab",
                                        "cdxml",
                                        "chm",
                                        "cmd",
                                        "com",
                                        "command",
                                        "cpl",
                                        "csh",
                                        "deb",
                                        "deskthemepack",
                                        "desktop",
                                        "diagcab",
                                        "diagpkg",
                                        "dll",
                                        "dmg",
                                        "docm",
                                        "dotm",
                                        "dqy",
                                        "drv",
                                        "efi",
                                        "exe",
                                        "fish",
                                        "gadget",
                                        "grp",
                                        "hlp",
                                        "hpj",
                                        "hta",
                                        "img",
                                        "inf",
                                        "iqy",
                                        "iso",
                                        "isp",
                                        "its",
                                        "jar",
                                        "jnlp",
                                        "js",
                                        "jse",
                                        "library-ms",
                                        "lnk",
                                        "mad",
                                        "maf",
                                        "mag",
                                        "mam",
                                        "maq",
                                        "mar",
                                        "mas",
                                        "mat",
                                        "mau",
                                        "mav",
                                        "maw",
                                        "mcf",
                                        "mdb",
                                        "mde",
                                        "mht",
                                        "mhtml",
                                        "msc",
                                        "msh",
                                        "msh1",
                                        "msh2",
                                        "mshxml",
                                        "msi",
                                        "msix",
                                        "msixbundle",
                                        "msp",
                                        "mst",
                                        "msu",
                                        "ocx",
                                        "one",
                                        "onepkg",
                                        "onetoc2",
                                        "ops",
                                        "oqy",
                                        "osd",
                                        "pcd",
                                        "pif",
                                        "pkg",
                                        "plg",
                                        "potm",
                                        "ppam",
                                        "pptm",
                                        "prf",
                                        "prg",
                                        "printerexport",
                                        "ps1",
                                        "ps1xml",
                                        "ps2",
                                        "ps2xml",
                                        "psc1",
                                        "psc2",
                                        "psd1",
                                        "psdm1",
                                        "psm1",
                                        "py",
                                        "pyc",
                                        "pyo",
                                        "pyw",
                                        "pyz",
                                        "pyzw",
                                        "rdp",
                                        "reg",
                                        "rpm",
                                        "rqy",
                                        "scf",
                                        "scpt",
                                        "scr",
                                        "sct",
                                        "search-ms",
                                        "settingcontent-ms",
                                        "sh",
                                        "shb",
                                        "shs",
                                        "sldm",
                                        "slk",
                                        "swf",
                                        "sys",
                                        "terminal",
                                        "theme",
                                        "themepack",
                                        "tool",
                                        "udl",
                                        "url",
                                        "vb",
                                        "vbe",
                                        "vbs",
                                        "vhd",
                                        "vhdx",
                                        "vsix",
                                        "vsmacros",
                                        "vsw",
                                        "webpnp",
                                        "website",
                                        "wim",
                                        "workflow",
                                        "ws",
                                        "wsc",
                                        "wsf",
                                        "wsh",
                                        "xbap",
                                        "xla",
                                        "xlam",
                                        "xlb",
                                        "xll",
                                        "xlm",
                                        "xlsm",
                                        "xltm",
                                        "xnk",
                                        "xsl",
                                        "zsh"};

static const struct {
    const char *name, *text;
} reasons[HB_SHARE_REASONS] = {
    [HB_SHARE_TOO_LONG] = {"too-long",
                           N_("the share would live longer than the rules "
                              "allow; choose an earlier end")},
    [HB_SHARE_TOO_OFTEN] = {"too-often",
                            N_("more downloads are asked for than the rules "
                               "allow")},
    [HB_SHARE_TOO_MANY] = {"too-many-recipients",
                           N_("there are more recipients than the rules "
                              "allow; check the list, or make several "
                              "shares")},
    [HB_SHARE_TOO_MANY_FILES] = {"too-many-files",
                                 N_("there are more files than the rules "
                                    "allow")},
    [HB_SHARE_TOO_LARGE] = {"too-large",
                            N_("a file, or all of them together, is larger "
                               "than the rules allow")},
    [HB_SHARE_DOMAIN_BLOCKED] = {"domain-blocked",
                                 N_("nothing may be shared with the domain "
                                    "of a recipient")},
    [HB_SHARE_DOMAIN_NOT_ALLOWED] = {"domain-not-allowed",
                                     N_("the domain of a recipient is not "
                                        "among those with which something "
                                        "may be shared")},
    [HB_SHARE_EXE_REFUSED] = {"executable",
                              N_("a file is a program or can start one; "
                                 "these are not shared")},
    [HB_SHARE_OWN_APPROVAL] = {"own-approval",
                               N_("nobody approves a share of their own; "
                                  "ask another person")},
    [HB_SHARE_NO_APPROVER] = {"no-approver",
                              N_("this person is not among those who "
                                 "approve shares")},
    [HB_SHARE_ALWAYS] = {"always",
                         N_("each share is looked at by a second person")},
    [HB_SHARE_PERSONAL] = {"personal-data",
                           N_("personal data was found in a file; a second "
                              "person has to look at it")},
    [HB_SHARE_FILE_UNREADABLE] = {"unreadable",
                                  N_("a file could not be looked into "
                                     "(encrypted, damaged or too large); a "
                                     "second person has to look at it")},
    [HB_SHARE_EXE_HELD] = {"executable-held",
                           N_("a file is a program or can start one; a "
                              "second person has to let it go")},
    [HB_SHARE_DOMAIN_UNKNOWN] = {"domain-unknown",
                                 N_("a recipient is outside the known "
                                    "partners; a second person has to look "
                                    "at the address")},
    [HB_SHARE_FREEMAIL] = {"free-mail",
                           N_("a recipient's address is one that anybody can "
                              "get; make sure by telephone whose it is")},
};

void hb_share_rules_default(struct hb_share_rules *ret)
{
    *ret = (struct hb_share_rules){
        .days = 14,
        .days_max = 90,
        .most = 5,
        .most_max = 100,
        .recipients_max = 20,
        .files_max = 50,
        .file_max = 4ll << 30,
        .share_max = 8ll << 30,
        .freemail = {freemail, HB_ARRAY_LEN(freemail)},
        .executables = HB_SHARE_EXE_REFUSE,
        .personal_from = 1,
        .owner_bytes = 20ll << 30,
        .store_bytes = 200ll << 30,
        .disk_free = 1ll << 30,
        .reopen_days = 7,
        .draft_days = 7,
        .trail_days = 730,
        .remind_days = 2,
        .asks_link = 5,
        .asks_from = 20,
        .asks_all = 600,
        .wrong_from = 15,
        .wrong_all = 200,
        .wrong_link = 50,
        .signins = 20,
        .probes_from = 60,
    };
}

void hb_share_policy(const struct hb_share_rules *rules,
                     const struct hb_share_ask *ask,
                     struct hb_share_verdict *ret)
{
    uint32_t why = size_reasons(rules, ask), refuse, approve;

    for (size_t i = 0; i < ask->recipients_n; i++)
        why |= domain_reasons(rules, ask->recipients[i]);
    if (ask->executable && rules->executables == HB_SHARE_EXE_REFUSE)
        why |= 1u << HB_SHARE_EXE_REFUSED;
    if (ask->executable && rules->executables == HB_SHARE_EXE_HOLD)
        why |= 1u << HB_SHARE_EXE_HELD;
    if (rules->approve_all)
        why |= 1u << HB_SHARE_ALWAYS;
    if (rules->personal_from > 0 && ask->personal >= rules->personal_from)
        why |= 1u << HB_SHARE_PERSONAL;
    if (rules->personal_from > 0 && ask->unreadable)
        why |= 1u << HB_SHARE_FILE_UNREADABLE;
    if (ask->approver != NULL)
        why |= approver_reasons(rules, ask);
    refuse = why & ((1u << HB_SHARE_REFUSALS) - 1);
    approve = why & ((1u << HB_SHARE_APPROVALS) - 1);
    ret->reasons = why;
    if (refuse != 0)
        ret->decision = HB_SHARE_REFUSE;
    else if (approve != 0 && ask->approver == NULL)
        ret->decision = HB_SHARE_APPROVAL;
    else
        ret->decision = HB_SHARE_ALLOW;
}

const char *hb_share_reason_text(enum hb_share_reason r)
{
    return r < HB_SHARE_REASONS ? _(reasons[r].text) : "";
}

const char *hb_share_reason_name(enum hb_share_reason r)
{
    return r < HB_SHARE_REASONS ? reasons[r].name : "";
}

bool hb_share_executable(const char *name, struct hb_slice head)
{
    static const struct hb_slice magic[] = {
        HB_SLICE("MZ"),
        HB_SLICE("\177ELF"),
        HB_SLICE("#!"),
        HB_SLICE("\xcf\xfa\xed\xfe"), /* Mach-O, 64 bits */
        HB_SLICE("\xce\xfa\xed\xfe"),
        HB_SLICE("\xca\xfe\xba\xbe"),      /* Mach-O, several; Java */
        HB_SLICE("L\0\0\0\x01\x14\x02\0"), /* a link of Windows */
    };

    /* "a.exe:x" is a stream of a.exe, and ":x.exe" one that can run. */
    for (const char *z = name; z != NULL; z = strchr(z, ':')) {
        z += *z == ':';
        if (exe_name(hb_slice(z, strcspn(z, ":"))))
            return true;
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(magic); i++)
        if (head.n >= magic[i].n && memcmp(head.p, magic[i].p, magic[i].n) == 0)
            return true;
    return false;
}

static bool exe_name(struct hb_slice name)
{
    static const char wide_blank[] = "\xe3\x80\x80"; /* U+3000 */
    size_t end = name.n, dot;

    /* Windows drops what stands behind: "a.exe. ." runs. */
    for (;;) {
        if (end > 0 && (name.p[end - 1] == '.' || name.p[end - 1] == ' '))
            end--;
        else if (end >= 3 && memcmp(name.p + end - 3, wide_blank, 3) == 0)
            end -= 3;
        else
            break;
    }
    for (dot = end; dot > 0 && name.p[dot - 1] != '.';)
        dot--;
    for (size_t i = 0; dot > 0 && i < HB_ARRAY_LEN(exe_names); i++)
        if (strlen(exe_names[i]) == end - dot &&
            strncasecmp(exe_names[i], name.p + dot, end - dot) == 0)
            return true;
    return false;
}

static uint32_t size_reasons(const struct hb_share_rules *rules,
                             const struct hb_share_ask *ask)
{
    uint32_t why = 0;

    /* 90 days hold whatever the rules say. */
    if (ask->life <= 0 || ask->life > HB_MIN(rules->days_max, 90) * DAY_NS)
        why |= 1u << HB_SHARE_TOO_LONG;
    if (ask->most < 1 || ask->most > rules->most_max)
        why |= 1u << HB_SHARE_TOO_OFTEN;
    if (ask->recipients_n > (size_t)rules->recipients_max)
        why |= 1u << HB_SHARE_TOO_MANY;
    if (ask->files > rules->files_max)
        why |= 1u << HB_SHARE_TOO_MANY_FILES;
    if (ask->file_bytes > rules->file_max || ask->bytes > rules->share_max)
        why |= 1u << HB_SHARE_TOO_LARGE;
    return why;
}

static uint32_t domain_reasons(const struct hb_share_rules *rules,
                               const char *address)
{
    const char *at = strrchr(address, '@');
    const char *domain = at != NULL ? at + 1 : address;
    uint32_t why = 0;

    if (among(&rules->blocked, domain))
        why |= 1u << HB_SHARE_DOMAIN_BLOCKED;
    if (rules->allowed.n > 0 && !among(&rules->allowed, domain))
        why |= 1u << HB_SHARE_DOMAIN_NOT_ALLOWED;
    if (rules->approve_unknown && rules->known.n > 0 &&
        !among(&rules->known, domain))
        why |= 1u << HB_SHARE_DOMAIN_UNKNOWN;
    if (among(&rules->freemail, domain))
        why |= 1u << HB_SHARE_FREEMAIL;
    return why;
}

/* The owner by any case of letters: a name is no password. */
static uint32_t approver_reasons(const struct hb_share_rules *rules,
                                 const struct hb_share_ask *ask)
{
    if (strcasecmp(ask->approver, ask->owner) == 0)
        return 1u << HB_SHARE_OWN_APPROVAL;
    for (size_t i = 0; i < rules->approvers_n; i++)
        if (hb_streq(rules->approvers[i], ask->approver))
            return 0;
    return rules->approvers_n > 0 ? 1u << HB_SHARE_NO_APPROVER : 0;
}

static bool among(const struct hb_share_domains *d, const char *domain)
{
    for (size_t i = 0; i < d->n; i++)
        if (hb_share_domain_in(domain, d->v[i]))
            return true;
    return false;
}
