/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sshd.c - can somebody log in from outside as root, or with a password alone?
 *
 * Runs in check.  sshd_config(5): the first value of a keyword holds; Include
 * reads other files in place; what stands below Match holds for some, so
 * whatever a Match allows counts as allowed.
 */
#include "control/check.h"

#include "base/i18n.h"
#include "base/num.h"

#define DEPTH 8u

struct reading {
    const struct hb_machine *machine;
    unsigned depth;
    size_t files;
};

static void keyword(struct hb_slice key, struct hb_slice value, bool in_match,
                    struct hb_sshd *s);
static void first(char *dst, size_t size, struct hb_slice value);
static void include(void *arg, struct hb_sshd *s, struct hb_slice pattern,
                    bool in_match);
static bool keys_always(const char *methods);
static bool yes(const char *value);

void hb_check_sshd(const struct hb_machine *m, struct hb_found *ret)
{
    struct reading r = {.machine = m};
    struct hb_sshd s = {0};
    struct hb_slice text;
    int rc = hb_machine_read(m, "/etc/ssh/sshd_config", HB_MACHINE_FILE, &text);
    bool passwords;

    if (rc == -ENOENT && !hb_machine_has(m, "/usr/sbin/sshd")) {
        hb_found_set(ret, HB_CHECK_PASS, N_("No SSH server is installed."));
        return;
    }
    if (rc == 0)
        hb_sshd_parse(text, false, &s, include, &r);
    if (rc < 0 || s.bad) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The settings of the SSH server could not be read."));
        if (rc < 0)
            return;
    }
    hb_buf_addf(&ret->detail,
                "PermitRootLogin %s, PasswordAuthentication %s, "
                "KbdInteractiveAuthentication %s",
                s.root[0] != '\0' ? s.root : "prohibit-password",
                s.password[0] != '\0' ? s.password : "yes",
                s.keyboard[0] != '\0' ? s.keyboard : "yes");
    passwords = s.password[0] == '\0' || yes(s.password) ||
                s.keyboard[0] == '\0' || yes(s.keyboard) || s.match_password;
    if (s.empty[0] != '\0' && yes(s.empty))
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("SSH accepts accounts with an empty password."));
    if ((!hb_streq(s.root, "no") &&
         !hb_streq(s.root, "forced-commands-only")) ||
        s.match_root)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("Root can log in over SSH from outside."));
    if (passwords && !keys_always(s.methods))
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("A password alone is enough to log in over SSH."));
    hb_found_set(ret, HB_CHECK_PASS,
                 N_("SSH accepts keys only, and not root."));
}

void hb_sshd_parse(struct hb_slice text, bool in_match, struct hb_sshd *s,
                   hb_sshd_include_fn *fn, void *arg)
{
    struct hb_slice line;

    while (hb_next_line(&text, &line)) {
        struct hb_slice key = hb_next_word(&line), value;

        /* "Key=value" and "Key = value" are allowed too. */
        for (size_t i = 0; i < key.n; i++)
            if (key.p[i] == '=') {
                line.n += (size_t)(line.p - (key.p + i + 1));
                line.p = key.p + i + 1;
                key.n = i;
            }
        value = hb_next_word(&line);
        if (hb_slice_is(value, "="))
            value = hb_next_word(&line);
        if (key.n == 0)
            continue;
        if (hb_slice_like(key, "Match")) {
            /* "Match all" holds for everybody again. */
            in_match = !hb_slice_like(value, "all");
        } else if (hb_slice_like(key, "Include")) {
            for (; value.n > 0; value = hb_next_word(&line))
                if (fn != NULL)
                    fn(arg, s, value, in_match);
        } else if (hb_slice_like(key, "AuthenticationMethods")) {
            /* Alternatives are words; all of them count. */
            value.n = (size_t)(line.p + line.n - value.p);
            keyword(key, value, in_match, s);
        } else {
            keyword(key, value, in_match, s);
        }
    }
}

static void keyword(struct hb_slice key, struct hb_slice value, bool in_match,
                    struct hb_sshd *s)
{
    bool denies = hb_slice_like(value, "no");

    if (hb_slice_like(key, "PermitRootLogin")) {
        if (in_match)
            s->match_root =
                s->match_root ||
                (!denies && !hb_slice_like(value, "forced-commands-only"));
        else
            first(s->root, sizeof(s->root), value);
    } else if (hb_slice_like(key, "PasswordAuthentication")) {
        if (in_match)
            s->match_password = s->match_password || !denies;
        else
            first(s->password, sizeof(s->password), value);
    } else if (hb_slice_like(key, "KbdInteractiveAuthentication") ||
               hb_slice_like(key, "ChallengeResponseAuthentication")) {
        if (in_match)
            s->match_password = s->match_password || !denies;
        else
            first(s->keyboard, sizeof(s->keyboard), value);
    } else if (hb_slice_like(key, "PermitEmptyPasswords")) {
        if (in_match && !denies)
            first(s->empty, sizeof(s->empty), hb_slice_z("yes"));
        else if (!in_match)
            first(s->empty, sizeof(s->empty), value);
    } else if (hb_slice_like(key, "AuthenticationMethods")) {
        if (!in_match)
            first(s->methods, sizeof(s->methods), value);
    }
}

/* The first value holds; letters in lower case. */
static void first(char *dst, size_t size, struct hb_slice value)
{
    size_t n = 0;

    if (dst[0] != '\0' || value.n == 0)
        return;
    for (; n < value.n && n + 1 < size; n++) {
        char c = value.p[n];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        dst[n] = c >= ' ' && c <= '~' ? c : '?';
    }
    dst[n] = '\0';
}

static void include(void *arg, struct hb_sshd *s, struct hb_slice pattern,
                    bool in_match)
{
    struct reading *r = arg;
    const char *const *files;
    const char *path =
        hb_arena_printf(r->machine->arena, "%s%.*s",
                        pattern.n > 0 && pattern.p[0] == '/' ? "" : "/etc/ssh/",
                        (int)HB_MIN(pattern.n, 1024u), pattern.p);
    size_t n;

    if (path == NULL || r->depth >= DEPTH ||
        hb_machine_glob(r->machine, path, 256, &files, &n) < 0) {
        s->bad = true;
        return;
    }
    r->depth++;
    for (size_t i = 0; i < n; i++) {
        struct hb_slice text;

        if (r->files++ > 256 ||
            hb_machine_read(r->machine, files[i], HB_MACHINE_FILE, &text) < 0)
            s->bad = true;
        else
            hb_sshd_parse(text, in_match, s, include, r);
    }
    r->depth--;
}

/* Whether each alternative of AuthenticationMethods asks for a key. */
static bool keys_always(const char *methods)
{
    struct hb_slice rest = hb_slice_z(methods), word;
    bool any = false;

    while ((word = hb_next_word(&rest)).n > 0) {
        if (!hb_slice_has(word, "publickey"))
            return false;
        any = true;
    }
    return any;
}

static bool yes(const char *value)
{
    return !hb_streq(value, "no");
}
