/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firewall.c - is what comes in refused unless a rule allows it?
 *
 * Runs in check, which may not ask the kernel for its rules: what is set up
 * to be loaded when the machine starts is read, and the answer says so.  What
 * stands before the machine (a router, a provider) is not seen.
 */
#include "control/check.h"

#include "base/i18n.h"

#define FILES 64u

/* What one tool's files say. */
enum deny { DENY_NO, DENY_YES, DENY_V4_ONLY, DENY_UNKNOWN };
typedef enum deny look_fn(const struct hb_machine *m);

struct reading {
    const struct hb_machine *machine;
    unsigned depth;
    size_t files;
};

static look_fn nftables, ufw, firewalld, iptables, strange;
static void include(void *arg, struct hb_nft *nft, struct hb_slice pattern);
static enum deny saved(const struct hb_machine *m, const char *path);
static int value_of(const struct hb_machine *m, const char *path,
                    const char *key, struct hb_slice *ret);

static const struct {
    const char *name, *unit;
    look_fn *look;
} tools[] = {
    {"nftables", "nftables.service", nftables},
    {"ufw", "ufw.service", ufw},
    {"firewalld", "firewalld.service", firewalld},
    {"iptables", "netfilter-persistent.service", iptables},
    {"shorewall", "shorewall.service", strange},
    {"ferm", "ferm.service", strange},
};

void hb_check_firewall(const struct hb_machine *m, struct hb_found *ret)
{
    bool found = false, denied = false, v4_only = false, unknown = false;

    for (size_t i = 0; i < HB_ARRAY_LEN(tools); i++) {
        enum deny d;

        if (!hb_unit_on(m, tools[i].unit))
            continue;
        found = true;
        hb_found_name(ret, tools[i].name);
        d = tools[i].look(m);
        denied = denied || d == DENY_YES;
        v4_only = v4_only || d == DENY_V4_ONLY;
        unknown = unknown || d == DENY_UNKNOWN;
    }
    if (!found)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("No firewall is switched on at start-up."));
    else if (denied)
        hb_found_set(ret, HB_CHECK_PASS,
                     N_("The firewall is configured to refuse what is not "
                        "allowed (its files were read, not the rules in "
                        "force)."));
    else if (unknown)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("What the firewall refuses could not be told from "
                        "its files."));
    else if (v4_only)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("The firewall is configured for IPv4 only: over IPv6 "
                        "everything comes in."));
    else
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("The firewall is configured to let in whatever no "
                        "rule refuses."));
}

static enum deny nftables(const struct hb_machine *m)
{
    struct reading r = {.machine = m};
    struct hb_nft nft = {0};
    struct hb_slice text;

    if (hb_machine_read(m, "/etc/nftables.conf", HB_MACHINE_FILE, &text) < 0)
        return DENY_UNKNOWN;
    hb_nft_parse(text, &nft, include, &r);
    if (nft.bad)
        return DENY_UNKNOWN;
    if (nft.v4 && nft.v6)
        return DENY_YES;
    if (nft.unclear)
        return DENY_UNKNOWN;
    return nft.v4 ? DENY_V4_ONLY : DENY_NO;
}

/* nft(8): a relative path is below /etc. */
static void include(void *arg, struct hb_nft *nft, struct hb_slice pattern)
{
    struct reading *r = arg;
    const char *const *files;
    const char *path =
        hb_arena_printf(r->machine->arena, "%s%.*s",
                        pattern.n > 0 && pattern.p[0] == '/' ? "" : "/etc/",
                        (int)HB_MIN(pattern.n, 1024u), pattern.p);
    size_t n;

    if (path == NULL || r->depth >= 8 ||
        hb_machine_glob(r->machine, path, FILES, &files, &n) < 0) {
        nft->bad = true;
        return;
    }
    r->depth++;
    for (size_t i = 0; i < n; i++) {
        struct hb_slice text;

        if (r->files++ > FILES ||
            hb_machine_read(r->machine, files[i], HB_MACHINE_FILE, &text) < 0)
            nft->bad = true;
        else
            hb_nft_parse(text, nft, include, r);
    }
    r->depth--;
}

/* Without IPV6=yes it lets nothing in over IPv6 (ufw-init-functions). */
static enum deny ufw(const struct hb_machine *m)
{
    struct hb_slice v;

    if (value_of(m, "/etc/ufw/ufw.conf", "ENABLED", &v) < 0)
        return DENY_UNKNOWN;
    if (!hb_slice_like(v, "yes"))
        return DENY_NO;
    if (value_of(m, "/etc/default/ufw", "DEFAULT_INPUT_POLICY", &v) < 0)
        return DENY_UNKNOWN;
    return hb_slice_like(v, "DROP") || hb_slice_like(v, "REJECT") ? DENY_YES
                                                                  : DENY_NO;
}

/* firewalld.zone(5): a zone refuses unless its target is ACCEPT. */
static enum deny firewalld(const struct hb_machine *m)
{
    static const char *const folders[] = {"/etc/firewalld/zones",
                                          "/usr/lib/firewalld/zones"};
    struct hb_slice zone, text;
    int rc = value_of(m, "/etc/firewalld/firewalld.conf", "DefaultZone", &zone);

    if (rc < 0 && rc != -ENODATA)
        return DENY_UNKNOWN;
    if (rc == -ENODATA)
        zone = hb_slice_z("public");
    for (size_t i = 0; i < HB_ARRAY_LEN(folders); i++) {
        const char *path = hb_arena_printf(m->arena, "%s/%.*s.xml", folders[i],
                                           (int)HB_MIN(zone.n, 64u), zone.p);

        if (path == NULL)
            return DENY_UNKNOWN;
        rc = hb_machine_read(m, path, HB_MACHINE_FILE, &text);
        if (rc == -ENOENT)
            continue;
        if (rc < 0)
            return DENY_UNKNOWN;
        return hb_slice_has(text, "target=\"ACCEPT\"") ? DENY_NO : DENY_YES;
    }
    return DENY_UNKNOWN;
}

static enum deny iptables(const struct hb_machine *m)
{
    enum deny v4 = saved(m, "/etc/iptables/rules.v4");
    enum deny v6 = saved(m, "/etc/iptables/rules.v6");

    if (v4 != DENY_YES)
        return v4;
    return v6 == DENY_NO ? DENY_V4_ONLY : v6;
}

/* iptables-save(8): ":INPUT DROP [0:0]" of the table filter, or a rule for
 * everything. */
static enum deny saved(const struct hb_machine *m, const char *path)
{
    struct hb_slice text, line;
    bool filter = false;
    enum deny d = DENY_NO;
    int rc = hb_machine_read(m, path, HB_MACHINE_FILE, &text);

    if (rc == -ENOENT)
        return DENY_NO;
    if (rc < 0)
        return DENY_UNKNOWN;
    while (hb_next_line(&text, &line)) {
        struct hb_slice one = hb_next_word(&line), two = hb_next_word(&line);
        struct hb_slice jump = hb_next_word(&line), to = hb_next_word(&line);

        if (one.n > 0 && one.p[0] == '*')
            filter = hb_slice_is(one, "*filter");
        if (filter && hb_slice_is(one, ":INPUT"))
            d = hb_slice_is(two, "DROP") ? DENY_YES : DENY_NO;
        if (!filter || !hb_slice_is(one, "-A") || !hb_slice_is(two, "INPUT") ||
            !hb_slice_is(jump, "-j"))
            continue;
        if (hb_slice_is(to, "DROP") || hb_slice_is(to, "REJECT"))
            return DENY_YES;
        if (hb_slice_is(to, "ACCEPT"))
            return DENY_NO;
    }
    return d;
}

static enum deny strange(const struct hb_machine *m)
{
    (void)m;
    return DENY_UNKNOWN;
}

/* KEY="VALUE" of a file of such lines, the last one; -ENODATA where none. */
static int value_of(const struct hb_machine *m, const char *path,
                    const char *key, struct hb_slice *ret)
{
    struct hb_slice text, line;
    size_t n = strlen(key);
    int rc = hb_machine_read(m, path, HB_MACHINE_FILE, &text);

    if (rc < 0)
        return rc;
    rc = -ENODATA;
    while (hb_next_line(&text, &line)) {
        struct hb_slice rest;

        if (line.n <= n || line.p[n] != '=' ||
            !hb_slice_is(hb_slice(line.p, n), key))
            continue;
        rest = hb_slice(line.p + n + 1, line.n - n - 1);
        *ret = hb_next_word(&rest);
        rc = 0;
    }
    return rc;
}
