/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounts.c - who can administer this machine, and how hard their passwords
 * are to guess.
 *
 * Runs in check, which cannot read /etc/shadow and does not want to: whether
 * an account opens is judged by its shell, when it was used by lastlog.
 */
#include "control/check.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"

#define IDLE_NS (90 * 86400 * (int64_t)HB_S)
#define MINLEN  12
#define GUESSES 10

struct quality {
    int64_t minlen;  /* characters that pwquality wants; credits taken off */
    int64_t credits; /* what kinds of characters count for */
    bool enforcing;
};

static bool shared_name(const char *name);
static void one_admin(const struct hb_machine *m, const struct hb_account *who,
                      struct hb_slice log, struct hb_found *ret);
static int quality_file(const struct hb_machine *m, const char *path,
                        struct quality *q);
static void quality_word(struct hb_slice word, struct quality *q);
static struct hb_slice squeezed(struct hb_slice line, char *word, size_t size);
static void deny_word(struct hb_slice word, int64_t *deny);
static bool module_is(struct hb_slice word, const char *name);

void hb_check_admins(const struct hb_machine *m, struct hb_found *ret)
{
    struct hb_accounts a;
    struct hb_slice log = {NULL, 0};
    size_t admins = 0, zero = 0;

    if (hb_accounts_read(m, &a) < 0) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The list of accounts could not be read."));
        return;
    }
    /* Every account has its record at uid * 292; 64-bit uids of strange
     * services make the file look huge. */
    if (hb_machine_read(m, "/var/log/lastlog", 64u << 20, &log) < 0)
        log = hb_slice(NULL, 0);
    for (size_t i = 0; i < a.n; i++) {
        const struct hb_account *who = &a.v[i];

        if (who->uid == 0 && zero++ > 0) {
            hb_found_name(ret, who->name);
            hb_found_set(ret, HB_CHECK_FAIL,
                         N_("Another account has the full rights of root."));
        }
        if (who->uid == 0 || !hb_account_admin(&a, who) ||
            !hb_account_opens(who))
            continue;
        admins++;
        one_admin(m, who, log, ret);
    }
    if (admins == 0)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("Only root administers this machine: which person "
                        "uses it cannot be told."));
    hb_found_set(ret, HB_CHECK_PASS,
                 N_("Every administrator account has been used within 90 "
                    "days, and none has a shared name."));
}

static void one_admin(const struct hb_machine *m, const struct hb_account *who,
                      struct hb_slice log, struct hb_found *ret)
{
    int64_t last = hb_lastlog(log, who->uid);

    if (shared_name(who->name)) {
        hb_found_name(ret, who->name);
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("An administrator account has a name that people "
                        "share."));
    } else if (last != 0 && m->now - last > IDLE_NS) {
        hb_found_name(ret, who->name);
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("An administrator account has not been used for 90 "
                        "days."));
    } else if (last == 0) {
        hb_found_name(ret, who->name);
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("When an administrator account was last used cannot "
                        "be told."));
    }
}

void hb_check_password_policy(const struct hb_machine *m, struct hb_found *ret)
{
    struct quality q = {.minlen = 8, .enforcing = true};
    const char *const *files;
    struct hb_slice text, line;
    bool found = false, before = true;
    size_t n;

    if (hb_machine_read(m, "/etc/pam.d/common-password", HB_MACHINE_FILE,
                        &text) < 0) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The rules for passwords (PAM) could not be read."));
        return;
    }
    /* Later files win, and the module's own arguments win over them. */
    (void)quality_file(m, "/etc/security/pwquality.conf", &q);
    if (hb_machine_glob(m, "/etc/security/pwquality.conf.d/*.conf", 64, &files,
                        &n) == 0)
        for (size_t i = 0; i < n; i++)
            (void)quality_file(m, files[i], &q);
    while (hb_next_line(&text, &line)) {
        struct hb_slice type = hb_next_word(&line), word;
        bool quality = false;

        if (!hb_slice_is(type, "password"))
            continue;
        while ((word = hb_next_word(&line)).n > 0) {
            if (module_is(word, "pam_unix.so") && !found)
                before = false;
            quality = quality || module_is(word, "pam_pwquality.so") ||
                      module_is(word, "pam_cracklib.so");
            if (quality)
                quality_word(word, &q);
        }
        found = found || quality;
    }
    hb_buf_addf(&ret->detail, "minlen=%lld", (long long)q.minlen);
    if (!found || !before)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("Nothing looks at new passwords: libpam-pwquality is "
                        "not in use."));
    else if (!q.enforcing)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("Weak passwords are warned of but accepted."));
    else if (q.minlen - q.credits < MINLEN)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("Passwords shorter than 12 characters are accepted."));
    else
        hb_found_set(ret, HB_CHECK_PASS,
                     N_("New passwords have 12 characters or more."));
}

/* faillock.conf(5), then the module's arguments; 3 where nothing is told. */
void hb_check_lockout(const struct hb_machine *m, struct hb_found *ret)
{
    struct hb_slice text, line;
    bool before = false, after = false;
    int64_t deny = 3;
    char word[128];

    if (hb_machine_read(m, "/etc/security/faillock.conf", HB_MACHINE_FILE,
                        &text) == 0)
        while (hb_next_line(&text, &line))
            deny_word(squeezed(line, word, sizeof(word)), &deny);
    if (hb_machine_read(m, "/etc/pam.d/common-auth", HB_MACHINE_FILE, &text) <
        0) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The rules for log-in (PAM) could not be read."));
        return;
    }
    while (hb_next_line(&text, &line)) {
        struct hb_slice one;
        bool ours = false;

        if (!hb_slice_is(hb_next_word(&line), "auth"))
            continue;
        while ((one = hb_next_word(&line)).n > 0) {
            ours = ours || module_is(one, "pam_faillock.so");
            before = before || (ours && hb_slice_is(one, "preauth"));
            after = after || (ours && hb_slice_is(one, "authfail"));
            if (ours)
                deny_word(one, &deny);
        }
    }
    hb_buf_addf(&ret->detail, "deny=%lld", (long long)deny);
    if (!before || !after)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("Passwords may be guessed without end: pam_faillock "
                        "is not in use."));
    else if (deny < 1 || deny > GUESSES)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("An account is locked only after more than ten wrong "
                        "passwords, or never."));
    else
        hb_found_set(ret, HB_CHECK_PASS,
                     N_("An account is locked for a while after a few wrong "
                        "passwords."));
}

/* "deny=5". */
static void deny_word(struct hb_slice word, int64_t *deny)
{
    int64_t v;

    if (word.n > 5 && hb_slice_is(hb_slice(word.p, 5), "deny=") &&
        hb_parse_i64(hb_slice(word.p + 5, word.n - 5), &v) == 0)
        *deny = v;
}

/* A line without its blanks and comment: "minlen = 12" becomes "minlen=12". */
static struct hb_slice squeezed(struct hb_slice line, char *word, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < line.n && line.p[i] != '#'; i++)
        if (line.p[i] != ' ' && line.p[i] != '\t' && n < size)
            word[n++] = line.p[i];
    return hb_slice(word, n);
}

static int quality_file(const struct hb_machine *m, const char *path,
                        struct quality *q)
{
    struct hb_slice text, line;
    int r = hb_machine_read(m, path, HB_MACHINE_FILE, &text);

    while (r == 0 && hb_next_line(&text, &line)) {
        char word[128];

        quality_word(squeezed(line, word, sizeof(word)), q);
    }
    return r;
}

static void quality_word(struct hb_slice word, struct quality *q)
{
    static const char *const credits[] = {
        "dcredit=", "ucredit=", "lcredit=", "ocredit="};
    int64_t v;

    if (word.n > 7 && hb_slice_is(hb_slice(word.p, 7), "minlen=") &&
        hb_parse_i64(hb_slice(word.p + 7, word.n - 7), &v) == 0)
        q->minlen = HB_MIN(HB_MAX(v, 0), 1000);
    if (hb_slice_is(word, "enforcing=0"))
        q->enforcing = false;
    if (hb_slice_is(word, "enforcing=1"))
        q->enforcing = true;
    for (size_t i = 0; i < HB_ARRAY_LEN(credits); i++)
        if (word.n > 8 && hb_slice_is(hb_slice(word.p, 8), credits[i]) &&
            hb_parse_i64(hb_slice(word.p + 8, word.n - 8), &v) == 0 && v > 0)
            q->credits += HB_MIN(v, 100);
}

static bool module_is(struct hb_slice word, const char *name)
{
    size_t n = strlen(name);

    return word.n >= n && hb_slice_is(hb_slice(word.p + word.n - n, n), name);
}

static bool shared_name(const char *name)
{
    static const char *const names[] = {
        "admin",    "administrator", "sysadmin", "webmaster", "webadmin",
        "operator", "office",        "shared",   "guest",     "test",
        "user",     "staff",         "support",  "info",      "www"};

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++)
        if (hb_streq(names[i], name))
            return true;
    return false;
}
