/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail.c - does the mail server of this machine pass on what strangers send,
 * and does it take passwords in the clear?
 *
 * Runs in check.  Postfix (main.cf: the last value of a name holds) and
 * Dovecot; of Exim only whether it listens to others.  What master.cf sets for
 * one of its services is not read.
 */
#include "control/check.h"

#include "base/i18n.h"
#include "base/num.h"

#define MAIN_CF "/etc/postfix/main.cf"
#define DEPTH   8u
#define FILES   256u

struct reading {
    const struct hb_machine *machine;
    unsigned depth;
    size_t files;
};

static bool postfix(const struct hb_machine *m, struct hb_found *ret);
static void networks(struct hb_slice text, struct hb_found *ret);
static void one_network(struct hb_slice one, struct hb_found *ret);
static void relays(struct hb_slice text, struct hb_found *ret);
static void tls(struct hb_slice text, struct hb_found *ret);
static bool on(struct hb_slice text, const char *name);
static bool dovecot(const struct hb_machine *m, struct hb_found *ret);
static void include(void *arg, struct hb_dovecot *d, struct hb_slice pattern);
static bool exim(const struct hb_machine *m, struct hb_found *ret);
static struct hb_slice item(struct hb_slice *list);
static struct hb_slice trim(struct hb_slice s);

void hb_check_mail(const struct hb_machine *m, struct hb_found *ret)
{
    bool any = postfix(m, ret);

    any = dovecot(m, ret) || any;
    any = exim(m, ret) || any;
    if (!any)
        hb_found_set(ret, HB_CHECK_PASS, N_("No mail server is installed."));
    else
        hb_found_set(ret, HB_CHECK_PASS,
                     N_("The mail server passes on nothing for strangers and "
                        "takes no password in the clear."));
}

struct hb_slice hb_postfix_value(struct hb_slice text, const char *name)
{
    struct hb_slice line, value = {NULL, 0};
    bool ours = false;

    while (hb_next_line(&text, &line)) {
        const char *equal;

        if (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t')) {
            /* It goes on; a comment between belongs to no value. */
            if (ours && trim(line).n > 0 && trim(line).p[0] != '#')
                value.n = (size_t)(line.p + line.n - value.p);
            continue;
        }
        if (line.n == 0 || line.p[0] == '#')
            continue;
        equal = memchr(line.p, '=', line.n);
        ours =
            equal != NULL &&
            hb_slice_is(trim(hb_slice(line.p, (size_t)(equal - line.p))), name);
        if (ours)
            value = trim(
                hb_slice(equal + 1, line.n - (size_t)(equal + 1 - line.p)));
    }
    return value;
}

/* False where there is none. */
static bool postfix(const struct hb_machine *m, struct hb_found *ret)
{
    struct hb_slice text, all;
    int rc;

    if (!hb_machine_has(m, "/usr/sbin/postfix") && !hb_machine_has(m, MAIN_CF))
        return false;
    hb_found_name(ret, "Postfix");
    rc = hb_machine_read(m, MAIN_CF, HB_MACHINE_FILE, &text);
    if (rc < 0) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The settings of the mail server could not be read."));
        return true;
    }
    all = hb_postfix_value(text, "inet_interfaces");
    if (hb_slice_is(all, "loopback-only") || hb_slice_is(all, "localhost") ||
        hb_slice_is(all, "127.0.0.1"))
        return true;
    networks(text, ret);
    relays(text, ret);
    tls(text, ret);
    return true;
}

/* Whom it passes on mail for without asking who they are. */
static void networks(struct hb_slice text, struct hb_found *ret)
{
    struct hb_slice list = hb_postfix_value(text, "mynetworks"), one;

    if (list.p == NULL &&
        hb_slice_is(hb_postfix_value(text, "mynetworks_style"), "class"))
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("The mail server passes on mail for machines that are "
                        "not yours (mynetworks)."));
    while ((one = item(&list)).n > 0)
        one_network(one, ret);
}

/* "0.0.0.0/0", "[::]/0", "192.168.0.0/16", "hash:/etc/postfix/x". */
static void one_network(struct hb_slice one, struct hb_found *ret)
{
    const char *slash = memrchr(one.p, '/', one.n);
    bool v6 = one.p[0] == '[';
    uint64_t bits = 0;

    if (one.p[0] == '!')
        return;
    if (one.p[0] == '$' || one.p[0] == '/' ||
        (!v6 && (one.p[0] < '0' || one.p[0] > '9'))) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("Which machines the mail server trusts stands in a "
                        "table that was not read (mynetworks)."));
        return;
    }
    /* No organisation of ours has a network as large as these. */
    if (slash == NULL ||
        hb_parse_u64(hb_slice(slash + 1, one.n - (size_t)(slash + 1 - one.p)),
                     &bits) < 0 ||
        bits >= (v6 ? 16u : 8u))
        return;
    hb_found_set(ret, HB_CHECK_FAIL,
                 N_("The mail server passes on mail for machines that are not "
                    "yours (mynetworks)."));
}

/* Both lists are asked; each needs something that refuses, and one is enough.
 * "permit" before it lets everybody through (SMTPD_ACCESS_README). */
static void relays(struct hb_slice text, struct hb_found *ret)
{
    static const char *const names[] = {"smtpd_relay_restrictions",
                                        "smtpd_recipient_restrictions"};
    static const char *const refuse[] = {"reject_unauth_destination",
                                         "defer_unauth_destination", "reject",
                                         "defer", "defer_if_permit"};
    bool refused = false, unclear = false;

    for (size_t i = 0; i < HB_ARRAY_LEN(names) && !refused; i++) {
        struct hb_slice list = hb_postfix_value(text, names[i]), one;
        bool permits = false;

        /* Not told: Postfix refuses by itself since 2.10. */
        if (i == 0 && list.p == NULL)
            return;
        while (!permits && !refused && (one = item(&list)).n > 0) {
            permits = hb_slice_is(one, "permit");
            for (size_t k = 0; k < HB_ARRAY_LEN(refuse); k++)
                refused = refused || hb_slice_is(one, refuse[k]);
            /* A parameter of its own holds the list. */
            unclear = unclear || one.p[0] == '$';
        }
    }
    if (!refused && unclear)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("Whether the mail server refuses strangers could not "
                        "be told from its settings."));
    else if (!refused)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("The mail server may pass on mail for everybody: "
                        "nothing refuses foreign destinations."));
}

static void tls(struct hb_slice text, struct hb_found *ret)
{
    struct hb_slice level = hb_postfix_value(text, "smtpd_tls_security_level");
    bool must = hb_slice_is(level, "encrypt");
    bool may = must || hb_slice_is(level, "may") ||
               (level.n == 0 && on(text, "smtpd_use_tls"));
    struct hb_slice cert = hb_postfix_value(text, "smtpd_tls_cert_file");
    struct hb_slice chain = hb_postfix_value(text, "smtpd_tls_chain_files");

    if (!may || ((cert.n == 0 || hb_slice_is(cert, "none")) && chain.n == 0))
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("The mail server offers no encryption (TLS)."));
    else if (on(text, "smtpd_sasl_auth_enable") && !must &&
             !on(text, "smtpd_tls_auth_only"))
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("The mail server takes passwords in the clear."));
}

static bool on(struct hb_slice text, const char *name)
{
    return hb_slice_like(hb_postfix_value(text, name), "yes");
}

/* ---- Dovecot ---- */

void hb_dovecot_parse(struct hb_slice text, struct hb_dovecot *d,
                      hb_dovecot_include_fn *fn, void *arg)
{
    struct hb_slice line;
    size_t depth = 0;

    while (hb_next_line(&text, &line)) {
        struct hb_slice rest = trim(line), key = hb_next_word(&rest), value;

        if (hb_slice_is(key, "!include") || hb_slice_is(key, "!include_try")) {
            if (fn != NULL)
                fn(arg, d, hb_next_word(&rest));
            continue;
        }
        value = hb_next_word(&rest);
        if (hb_slice_is(value, "="))
            value = hb_next_word(&rest);
        if (hb_slice_is(key, "disable_plaintext_auth") ||
            hb_slice_is(key, "auth_allow_cleartext")) {
            bool clear = hb_slice_like(value, key.p[0] == 'd' ? "no" : "yes");

            /* Within "remote ... {" it holds for some: that is enough. */
            if (depth == 0)
                d->clear = clear;
            else
                d->clear_for_some = d->clear_for_some || clear;
        }
        if (line.n > 0 && line.p[line.n - 1] == '{' && key.n > 0)
            depth++;
        if (hb_slice_is(key, "}") && depth > 0)
            depth--;
    }
}

static bool dovecot(const struct hb_machine *m, struct hb_found *ret)
{
    struct reading r = {.machine = m};
    struct hb_dovecot d = {0};
    struct hb_slice text;
    int rc =
        hb_machine_read(m, "/etc/dovecot/dovecot.conf", HB_MACHINE_FILE, &text);

    if (rc == -ENOENT && !hb_machine_has(m, "/usr/sbin/dovecot"))
        return false;
    hb_found_name(ret, "Dovecot");
    if (rc == 0)
        hb_dovecot_parse(text, &d, include, &r);
    if (d.clear || d.clear_for_some)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("The mail server takes passwords in the clear."));
    if (rc < 0 || d.bad)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The settings of the mail server could not be read."));
    return true;
}

/* Relative to the file; all lie below /etc/dovecot. */
static void include(void *arg, struct hb_dovecot *d, struct hb_slice pattern)
{
    struct reading *r = arg;
    const char *const *v;
    const char *path = hb_arena_printf(
        r->machine->arena, "%s%.*s",
        pattern.n > 0 && pattern.p[0] == '/' ? "" : "/etc/dovecot/",
        (int)HB_MIN(pattern.n, 1024u), pattern.p);
    size_t n;

    if (path == NULL || r->depth >= DEPTH ||
        hb_machine_glob(r->machine, path, FILES, &v, &n) < 0) {
        d->bad = true;
        return;
    }
    r->depth++;
    for (size_t i = 0; i < n; i++) {
        struct hb_slice text;

        if (r->files++ >= FILES ||
            hb_machine_read(r->machine, v[i], HB_MACHINE_FILE, &text) < 0)
            d->bad = true;
        else
            hb_dovecot_parse(text, d, include, r);
    }
    r->depth--;
}

/* ---- Exim ---- */

/* Debian's questions: where it listens to itself only, nobody else is let
 * down; the rest of its language is not understood here. */
static bool exim(const struct hb_machine *m, struct hb_found *ret)
{
    static const char key[] = "dc_local_interfaces=";
    struct hb_slice text, line;
    bool local = false;

    if (!hb_machine_has(m, "/usr/sbin/exim4"))
        return false;
    hb_found_name(ret, "Exim");
    if (hb_machine_read(m, "/etc/exim4/update-exim4.conf.conf", HB_MACHINE_FILE,
                        &text) == 0)
        while (hb_next_line(&text, &line))
            if (line.n >= sizeof(key) &&
                memcmp(line.p, key, sizeof(key) - 1) == 0) {
                struct hb_slice v = hb_slice(line.p + sizeof(key) - 1,
                                             line.n - sizeof(key) + 1);

                local = hb_slice_is(v, "'127.0.0.1 ; ::1'") ||
                        hb_slice_is(v, "'127.0.0.1'") ||
                        hb_slice_is(v, "'127.0.0.1;::1'");
            }
    if (!local)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("Exim takes mail from others; its settings are not "
                        "understood here."));
    return true;
}

/* The next of a list: blanks, commas and ends of lines part; a line that
 * begins with "#" is none of it. */
static struct hb_slice item(struct hb_slice *list)
{
    static const char between[] = " \t\r\n,";
    struct hb_slice w;

    while (list->n > 0 &&
           memchr(between, list->p[0], sizeof(between) - 1) != NULL) {
        bool line = list->p[0] == '\n';

        list->p++, list->n--;
        if (line && trim(*list).n > 0 && trim(*list).p[0] == '#')
            while (list->n > 0 && list->p[0] != '\n')
                list->p++, list->n--;
    }
    w = hb_slice(list->p, 0);
    while (list->n > 0 &&
           memchr(between, list->p[0], sizeof(between) - 1) == NULL) {
        w.n++;
        list->p++, list->n--;
    }
    return w;
}

static struct hb_slice trim(struct hb_slice s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s.p++, s.n--;
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}
