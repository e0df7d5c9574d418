/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sudoers.c - what sudo asks for before it gives somebody the rights of root.
 *
 * Runs in check.  Debian lets only root read /etc/sudoers: then what the modes
 * show is still judged, and the rest is unknown until somebody gives this role
 * the right to read.  Aliases of commands are looked into; whom a rule is for
 * is named, not judged.
 */
#include "control/check.h"

#include <sys/stat.h>

#include "base/i18n.h"

#define SUDOERS "/etc/sudoers"
#define FILES   256u
#define DEPTH   16u

struct reading {
    const struct hb_machine *machine;
    struct hb_found *found;
    unsigned depth;
    size_t files;
};

struct grant {
    bool as_root, free; /* with root's rights; without a password */
    bool all;           /* ... of everything */
};

static bool logical(struct hb_slice *text, char *line, size_t size,
                    bool *ret_cut);
static void directive(struct hb_slice line, struct hb_sudoers *s,
                      hb_sudoers_include_fn *include, void *arg);
static void defaults(struct hb_slice rest, struct hb_sudoers *s);
static void alias(struct hb_slice rest, struct hb_sudoers *s);
static void rule(struct hb_slice line, struct hb_sudoers *s);
static void commands(struct hb_slice who, struct hb_slice list,
                     struct hb_sudoers *s);
static void command(struct hb_slice one, struct grant *g, struct hb_sudoers *s);
static bool tagged(struct hb_slice tag, struct grant *g);
static bool as_root(struct hb_slice list);
static bool gives_all(struct hb_slice command, const struct hb_sudoers *s);
static struct hb_slice part(struct hb_slice *rest, char sep);
static struct hb_slice trim(struct hb_slice s);
static bool starts(struct hb_slice s, const char *z);
static void copy(char *dst, size_t size, struct hb_slice s);
static void include(void *arg, struct hb_sudoers *s, struct hb_slice path,
                    bool folder);
static int all_of(struct reading *r, const char *folder, struct hb_sudoers *s);
static int one_file(struct reading *r, const char *path, struct hb_sudoers *s);
static void modes(const struct hb_machine *m, const char *path,
                  struct hb_found *ret);

void hb_check_sudo(const struct hb_machine *m, struct hb_found *ret)
{
    struct reading r = {.machine = m, .found = ret};
    struct hb_sudoers first = {0}, s = {0};

    if (!hb_machine_has(m, "/usr/bin/sudo")) {
        hb_found_set(ret, HB_CHECK_PASS, N_("sudo is not installed."));
        return;
    }
    modes(m, "/etc/sudoers.d", ret);
    /* Twice: an alias may be used before it is told. */
    if (one_file(&r, SUDOERS, &first) == 0) {
        memcpy(s.aliases, first.aliases, sizeof(s.aliases));
        s.aliases_n = first.aliases_n;
        r = (struct reading){.machine = m};
    }
    if (first.bad || one_file(&r, SUDOERS, &s) < 0)
        s.bad = true;
    for (size_t i = 0; i < s.people_n; i++)
        hb_found_name(ret, s.people[i]);
    if (s.people_n > 0)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("Somebody gets the full rights of root without a "
                        "password."));
    if (s.no_authenticate)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("sudo is told not to ask for a password "
                        "(!authenticate)."));
    if (s.no_syslog && !s.logfile)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("What is done with sudo is recorded nowhere."));
    if (s.bad)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("Only root may read sudo's settings. To have them "
                        "checked: setfacl -R -m u:hinoban-check:rX "
                        "/etc/sudoers /etc/sudoers.d"));
    else if (!s.use_pty)
        hb_found_name(ret, "use_pty: no");
    hb_found_set(ret, HB_CHECK_PASS,
                 N_("Nobody gets the full rights of root without a password, "
                    "and what is done with sudo is recorded."));
}

void hb_sudoers_parse(struct hb_slice text, struct hb_sudoers *s,
                      hb_sudoers_include_fn *fn, void *arg)
{
    char line[4096];
    bool cut = false;

    while (logical(&text, line, sizeof(line), &cut)) {
        s->bad = s->bad || cut;
        directive(trim(hb_slice_z(line)), s, fn, arg);
    }
}

/* A line with those that a "\" joins to it, without its comment. */
static bool logical(struct hb_slice *text, char *line, size_t size,
                    bool *ret_cut)
{
    struct hb_slice part_of;
    size_t n = 0;
    bool more = true, any = false;

    *ret_cut = false;
    while (more && hb_next_line(text, &part_of)) {
        any = true;
        more = part_of.n > 0 && part_of.p[part_of.n - 1] == '\\';
        part_of.n -= more;
        for (size_t i = 0; i < part_of.n; i++) {
            char c = part_of.p[i];

            if (n + 1 < size)
                line[n++] = c == '\t' || c == '\0' ? ' ' : c;
            else
                *ret_cut = true;
        }
    }
    line[n] = '\0';
    /* "#1000" names an account, "#include" reads a file. */
    for (size_t i = 0; i < n; i++)
        if (line[i] == '#' && (i == 0 || line[i - 1] != '\\') &&
            !(line[i + 1] >= '0' && line[i + 1] <= '9') &&
            !(i == 0 && strncmp(line, "#include", 8) == 0)) {
            line[i] = '\0';
            break;
        }
    return any;
}

static void directive(struct hb_slice line, struct hb_sudoers *s,
                      hb_sudoers_include_fn *fn, void *arg)
{
    struct hb_slice rest = line, first = hb_next_word(&rest);

    if (line.n == 0)
        return;
    if (starts(line, "#include") || starts(line, "@include")) {
        bool folder = starts(hb_slice(line.p + 8, line.n - 8), "dir");
        struct hb_slice path = hb_slice(line.p + 8, line.n - 8);

        path = trim(
            hb_slice(path.p + (folder ? 3 : 0), path.n - (folder ? 3 : 0)));
        if (path.n > 1 && path.p[0] == '"' && path.p[path.n - 1] == '"')
            path = hb_slice(path.p + 1, path.n - 2);
        if (fn != NULL)
            fn(arg, s, path, folder);
    } else if (starts(first, "Defaults")) {
        defaults(rest, s);
    } else if (hb_slice_is(first, "Cmnd_Alias") ||
               hb_slice_is(first, "Cmd_Alias")) {
        alias(rest, s);
    } else if (!hb_slice_is(first, "User_Alias") &&
               !hb_slice_is(first, "Runas_Alias") &&
               !hb_slice_is(first, "Host_Alias")) {
        rule(line, s);
    }
}

/* "Defaults:who !authenticate, logfile=/var/log/sudo.log": whoever it is for
 * counts.  A comma within quotes parts what does not matter here. */
static void defaults(struct hb_slice rest, struct hb_sudoers *s)
{
    while (rest.n > 0) {
        struct hb_slice one = trim(part(&rest, ','));

        if (hb_slice_is(one, "!authenticate"))
            s->no_authenticate = true;
        else if (hb_slice_is(one, "use_pty"))
            s->use_pty = true;
        else if (hb_slice_is(one, "!use_pty"))
            s->use_pty = false;
        else if (hb_slice_is(one, "!syslog"))
            s->no_syslog = true;
        else if (starts(one, "syslog"))
            s->no_syslog = false;
        else if (starts(one, "logfile") || hb_slice_is(one, "log_output"))
            s->logfile = true;
        else if (hb_slice_is(one, "!logfile"))
            s->logfile = false;
    }
}

/* "NAME = command, ... : NAME = ..." */
static void alias(struct hb_slice rest, struct hb_sudoers *s)
{
    while (rest.n > 0) {
        struct hb_slice one = part(&rest, ':'), name = trim(part(&one, '='));

        while (one.n > 0 && !gives_all(name, s)) {
            if (!gives_all(trim(part(&one, ',')), s))
                continue;
            if (s->aliases_n < HB_ARRAY_LEN(s->aliases))
                copy(s->aliases[s->aliases_n++], sizeof(s->aliases[0]), name);
            else
                s->bad = true;
            break;
        }
    }
}

/* "who hosts = (as) TAG: command, ... : hosts = ..."; a "\" keeps a sign from
 * parting. */
static void rule(struct hb_slice line, struct hb_sudoers *s)
{
    struct hb_slice who = part(&line, '=');
    struct hb_slice name = part(&who, ' '); /* "#1000" is one too */

    if (line.n == 0 || hb_slice_is(name, "root"))
        return;
    commands(name, line, s);
}

/* Accounts and tags hold for the commands that follow. */
static void commands(struct hb_slice who, struct hb_slice list,
                     struct hb_sudoers *s)
{
    struct grant g = {.as_root = true};

    while (list.n > 0 && !g.all)
        command(part(&list, ','), &g, s);
    if (g.all && s->people_n < HB_ARRAY_LEN(s->people))
        copy(s->people[s->people_n++], sizeof(s->people[0]), who);
}

/* "(as) TAG: TAG: command"; or "command : hosts = (as) ...", where a rule for
 * other hosts begins. */
static void command(struct hb_slice one, struct grant *g, struct hb_sudoers *s)
{
    for (;;) {
        struct hb_slice rest, tag;
        const char *close;

        one = trim(one);
        close = one.n > 0 && one.p[0] == '(' ? memchr(one.p, ')', one.n) : NULL;
        if (close != NULL) {
            size_t n = (size_t)(close - one.p);

            g->as_root = as_root(hb_slice(one.p + 1, n - 1));
            one = hb_slice(close + 1, one.n - n - 1);
            continue;
        }
        rest = one;
        tag = part(&rest, ':');
        if (tag.n == one.n)
            break;
        one = rest;
        if (tagged(tag, g))
            continue;
        g->all = g->all || (g->free && g->as_root && gives_all(trim(tag), s));
        g->free = false;
        g->as_root = true;
        (void)part(&one, '=');
    }
    g->all = g->all || (g->free && g->as_root && gives_all(one, s));
}

/* "TIMEOUT=5m NOPASSWD": the last word is the tag. */
static bool tagged(struct hb_slice tag, struct grant *g)
{
    static const char *const others[] = {
        "EXEC",        "NOEXEC",      "FOLLOW",       "NOFOLLOW", "LOG_INPUT",
        "NOLOG_INPUT", "LOG_OUTPUT",  "NOLOG_OUTPUT", "MAIL",     "NOMAIL",
        "INTERCEPT",   "NOINTERCEPT", "SETENV",       "NOSETENV"};
    struct hb_slice last = {"", 0}, word;

    while ((word = hb_next_word(&tag)).n > 0)
        last = word;
    if (hb_slice_is(last, "NOPASSWD") || hb_slice_is(last, "PASSWD")) {
        g->free = last.p[0] == 'N';
        return true;
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(others); i++)
        if (hb_slice_is(last, others[i]))
            return true;
    return false;
}

/* "root, backup : group": an alias (upper case, ALL is one) may hold root. */
static bool as_root(struct hb_slice list)
{
    struct hb_slice users = part(&list, ':');

    while (users.n > 0) {
        struct hb_slice one = trim(part(&users, ','));

        if (hb_slice_is(one, "root") || hb_slice_is(one, "#0") ||
            (one.n > 0 && one.p[0] >= 'A' && one.p[0] <= 'Z'))
            return true;
    }
    return false;
}

static bool gives_all(struct hb_slice command, const struct hb_sudoers *s)
{
    if (hb_slice_is(command, "ALL"))
        return true;
    for (size_t i = 0; command.n > 0 && i < s->aliases_n; i++)
        if (hb_slice_is(command, s->aliases[i]))
            return true;
    return false;
}

/* Up to the next SEP outside of brackets that no "\" stands before; SEP is
 * taken too. */
static struct hb_slice part(struct hb_slice *rest, char sep)
{
    struct hb_slice s = *rest;
    size_t i = 0;
    bool within = false;

    for (; i < s.n; i++) {
        if (i > 0 && s.p[i - 1] == '\\')
            continue;
        if (s.p[i] == sep && !within)
            break;
        within = s.p[i] == '(' || (within && s.p[i] != ')');
    }
    *rest = i < s.n ? hb_slice(s.p + i + 1, s.n - i - 1) : hb_slice("", 0);
    return hb_slice(s.p, i);
}

static struct hb_slice trim(struct hb_slice s)
{
    while (s.n > 0 && s.p[0] == ' ')
        s.p++, s.n--;
    while (s.n > 0 && s.p[s.n - 1] == ' ')
        s.n--;
    return s;
}

static bool starts(struct hb_slice s, const char *z)
{
    size_t n = strlen(z);

    return s.n >= n && memcmp(s.p, z, n) == 0;
}

/* Cut to what DST holds, without signs that a terminal would obey. */
static void copy(char *dst, size_t size, struct hb_slice s)
{
    size_t n = HB_MIN(s.n, size - 1);

    for (size_t i = 0; i < n; i++)
        dst[i] = s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?';
    dst[n] = '\0';
}

/* A relative path is below the folder of sudoers; in a folder, names that
 * hold a dot or end with "~" are left out (sudoers(5)). */
static void include(void *arg, struct hb_sudoers *s, struct hb_slice path,
                    bool folder)
{
    struct reading *r = arg;
    const char *name =
        hb_arena_printf(r->machine->arena, "%s%.*s",
                        path.n > 0 && path.p[0] == '/' ? "" : "/etc/",
                        (int)HB_MIN(path.n, 1024u), path.p);

    if (name == NULL || r->depth >= DEPTH) {
        s->bad = true;
        return;
    }
    r->depth++;
    if (folder ? all_of(r, name, s) < 0 : one_file(r, name, s) < 0)
        s->bad = true;
    r->depth--;
}

static int all_of(struct reading *r, const char *folder, struct hb_sudoers *s)
{
    const char *pattern = hb_arena_printf(r->machine->arena, "%s/*", folder);
    const char *full = hb_machine_path(r->machine, folder);
    const char *const *v;
    size_t n;
    int rc;

    if (pattern == NULL || full == NULL)
        return -ENOMEM;
    /* One that may not be listed would look empty. */
    if (access(full, R_OK | X_OK) < 0)
        return errno == ENOENT ? 0 : -errno;
    rc = hb_machine_glob(r->machine, pattern, FILES, &v, &n);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const char *base = strrchr(v[i], '/') + 1;

        if (strchr(base, '.') == NULL && !hb_ends_with(base, "~"))
            rc = one_file(r, v[i], s);
    }
    return rc;
}

static int one_file(struct reading *r, const char *path, struct hb_sudoers *s)
{
    struct hb_slice text;
    int rc;

    if (r->files++ >= FILES)
        return -EFBIG;
    if (r->found != NULL)
        modes(r->machine, path, r->found);
    rc = hb_machine_read(r->machine, path, HB_MACHINE_FILE, &text);
    if (rc == 0)
        hb_sudoers_parse(text, s, include, r);
    return rc;
}

/* Whoever can write there is root. */
static void modes(const struct hb_machine *m, const char *path,
                  struct hb_found *ret)
{
    const char *full = hb_machine_path(m, path), *top = hb_machine_path(m, "/");
    struct stat st, root;

    if (full == NULL || top == NULL || stat(full, &st) < 0 ||
        stat(top, &root) < 0 ||
        ((st.st_mode & 0022) == 0 && st.st_uid == root.st_uid))
        return;
    hb_found_name(ret, path);
    hb_found_set(ret, HB_CHECK_FAIL,
                 N_("Others than root may write to sudo's settings."));
}
