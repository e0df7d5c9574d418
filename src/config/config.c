/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c - reads hinoban.yaml and checks what one row alone cannot know.
 *
 * Runs in every role before its sandbox, and in `hinoban config`.  The file
 * is root's; it is still read with all bounds, since a mistake in it must be
 * named by line and column and must not leave a site unguarded.
 *
 * Loading looks at the text only.  Whether a root exists on this machine is
 * asked apart (hb_config_check_machine): an attacker who removes a document
 * root must not thereby keep the guard from starting.
 */
#include "config/config.h"

#include <sys/stat.h>

#include "base/i18n.h"
#include "base/num.h"

static int load(const char *path, struct hb_config **ret, struct hb_err *err);
static int check_all(struct hb_config *c, struct hb_err *err);
static int check_site(const struct hb_config *c, size_t i,
                      const struct hb_yaml *map, struct hb_err *err);
static int check_contracts(const struct hb_config *c, struct hb_err *err);
static int check_gate(const struct hb_config *c, struct hb_err *err);
static int check_gate_hosts(const struct hb_conf_gate *g,
                            const struct hb_yaml *seq, struct hb_err *err);
static int check_gate_rates(const struct hb_conf_gate *g,
                            const struct hb_yaml *seq, struct hb_err *err);
static int check_gate_words(const struct hb_strs *words,
                            const struct hb_yaml *seq, const char *begin,
                            const char *of, struct hb_err *err);
static int check_name(const char *name, const struct hb_yaml *map,
                      struct hb_err *err);
static int check_unique(const struct hb_config *c, size_t i,
                        const struct hb_yaml *map, struct hb_err *err);
static int check_roots(const struct hb_config *c, size_t i,
                       const struct hb_yaml *map, struct hb_err *err);
static int check_staging(const struct hb_config *c,
                         const struct hb_conf_site *s,
                         const struct hb_yaml *map, struct hb_err *err);
static int check_url(const struct hb_conf_site *s, const struct hb_yaml *map,
                     struct hb_err *err);
static int check_private(const struct hb_conf_site *s,
                         const struct hb_yaml *map, struct hb_err *err);
static int check_ignore(const struct hb_conf_site *s, const struct hb_yaml *map,
                        struct hb_err *err);
static int check_areas(const struct hb_conf_site *s, const struct hb_yaml *map,
                       struct hb_err *err);
static int check_types(const struct hb_conf_area *a, const struct hb_yaml *map,
                       struct hb_err *err);
static int check_anchor(const struct hb_config *c, const struct hb_yaml *map,
                        struct hb_err *err);
static int check_relay(const struct hb_config *c, const struct hb_yaml *map,
                       struct hb_err *err);
static int check_mail_files(const struct hb_config *c, struct hb_err *err);
static int check_webhook(const struct hb_config *c, const struct hb_yaml *map,
                         struct hb_err *err);
static int check_machine_site(const struct hb_conf_site *s,
                              const struct hb_yaml *map, const char *const *own,
                              struct hb_err *err);
static int check_machine_ca(const struct hb_conf_site *s,
                            const struct hb_yaml *map, struct hb_err *err);
static const struct hb_yaml *at(const struct hb_yaml *map, const char *key);
static const struct hb_yaml *nth(const struct hb_yaml *seq, size_t i);
static bool below(const char *path, const char *top);
static bool clean_absolute(const char *p);
static bool clean_relative(const char *p);
static void strip_slashes(char *p);

/* What web servers commonly execute: such a type in a writable area is a
 * contradiction unless allow_executable says that it is meant. */
static const char *const executable_types[] = {
    "asp", "aspx", "cgi",   "fcgi", "htaccess", "inc",  "jsp",   "jspx",
    "php", "phar", "phtml", "phps", "pl",       "py",   "rb",    "sh",
    "so",  "php3", "php4",  "php5", "php7",     "php8", "shtml", "war"};

int hb_config_load(const char *path, struct hb_config **ret, struct hb_err *err)
{
    int r = load(path, ret, err);

    /* A setting that is missing altogether has no place, but a file. */
    if (r < 0 && err != NULL && err->file[0] == '\0')
        (void)hb_copyz(err->file, sizeof(err->file), path);
    return r;
}

void hb_config_free(struct hb_config *c)
{
    if (c != NULL)
        hb_arena_free(c->arena);
}

void hb_config_freep(struct hb_config **c)
{
    hb_config_free(*c);
}

const struct hb_conf_site *hb_config_site(const struct hb_config *c,
                                          const char *name)
{
    const struct hb_conf_site *s = c->sites.v;

    for (size_t i = 0; i < c->sites.n; i++)
        if (hb_streq(s[i].name, name))
            return &s[i];
    return NULL;
}

const struct hb_conf_site *hb_config_site_number(const struct hb_config *c,
                                                 uint32_t number)
{
    const struct hb_conf_site *s = c->sites.v;

    for (size_t i = 0; i < c->sites.n; i++)
        if (s[i].number == (int64_t)number)
            return &s[i];
    return NULL;
}

int hb_config_check_machine(const struct hb_config *c, const char *const *own,
                            struct hb_err *err)
{
    const struct hb_yaml *seq = hb_yaml_get(c->yaml, "sites");
    const struct hb_conf_site *s = c->sites.v;

    for (size_t i = 0; i < c->sites.n; i++) {
        int r = check_machine_site(&s[i], nth(seq, i), own, err);

        if (r == 0)
            r = check_machine_ca(&s[i], nth(seq, i), err);
        if (r < 0)
            return r;
    }
    return check_mail_files(c, err);
}

static int load(const char *path, struct hb_config **ret, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_config *c;
    struct hb_yaml *map;
    int r;

    if (a == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    c = HB_NEW(a, struct hb_config);
    if (c == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r = hb_yaml_load(a, path, &map, err);
    if (r < 0)
        return r;
    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, err, -EINVAL,
                           _("expected settings, \"name: value\""));
    r = hb_conf_read(a, hb_config_rows, map, c, sizeof(*c), err);
    if (r < 0)
        return r;
    c->arena = a;
    c->yaml = map;
    r = check_all(c, err);
    if (r < 0)
        return r;
    a = NULL;
    *ret = c;
    return 0;
}

static int check_all(struct hb_config *c, struct hb_err *err)
{
    const struct hb_yaml *seq = hb_yaml_get(c->yaml, "sites");
    struct hb_conf_site *s = c->sites.v;
    int r = check_anchor(c, c->yaml, err);

    if (r == 0)
        r = check_relay(c, c->yaml, err);
    if (r == 0)
        r = check_webhook(c, c->yaml, err);
    /* Places in the tree and rows must run in parallel. */
    HB_ASSERT(c->sites.n == (seq != NULL ? seq->count : 0));
    for (size_t i = 0; i < c->sites.n && r == 0; i++) {
        char *root = hb_arena_strdup(c->arena, s[i].root);
        char *staging = hb_arena_strdup(c->arena, s[i].staging);

        if (root == NULL || staging == NULL)
            return hb_err_set(err, -ENOMEM, _("out of memory"));
        strip_slashes(root);
        strip_slashes(staging);
        s[i].root = root;
        s[i].staging = staging;
    }
    for (size_t i = 0; i < c->sites.n && r == 0; i++)
        r = check_site(c, i, nth(seq, i), err);
    if (r == 0)
        r = check_contracts(c, err);
    if (r == 0)
        r = check_gate(c, err);
    return r < 0 ? r : hb_config_check_share(c, err);
}

/* Names, networks and paths become words of rules and of the web server's
 * settings. */
static int check_gate(const struct hb_config *c, struct hb_err *err)
{
    const struct hb_yaml *map = hb_yaml_get(c->yaml, "gate");
    const struct hb_conf_gate *g = &c->gate;
    int r = check_gate_hosts(g, hb_yaml_get(map, "hosts"), err);

    if (r == 0)
        r = check_gate_rates(g, hb_yaml_get(map, "rates"), err);
    if (r == 0)
        r = check_gate_words(
            &g->trusted, hb_yaml_get(map, "trusted"),
            "0123456789abcdefABCDEF:", "0123456789abcdefABCDEF:./", err);
    if (r == 0)
        r = check_gate_words(&g->wall, hb_yaml_get(map, "wall"), "/", NULL,
                             err);
    if (r < 0)
        return r;
    for (const char *z = g->rules; *z != '\0'; z++)
        if ((unsigned char)*z <= ' ' || strchr("\"'*?[\\", *z) != NULL)
            return hb_yaml_err(at(map, "rules"), err, -EINVAL,
                               _("this path holds a blank, a quote or a sign "
                                 "that stands for others"));
    for (const char *z = g->log; *z != '\0'; z++)
        if ((unsigned char)*z <= ' ' || strchr("\"'{};\\", *z) != NULL)
            return hb_yaml_err(at(map, "log"), err, -EINVAL,
                               _("this path holds a blank, a quote or a sign "
                                 "that stands for others"));
    return 0;
}

static int check_gate_hosts(const struct hb_conf_gate *g,
                            const struct hb_yaml *seq, struct hb_err *err)
{
    const struct hb_conf_gate_host *v = g->hosts.v;

    for (size_t i = 0; i < g->hosts.n; i++) {
        size_t n = strlen(v[i].name);

        if (n < 1 || n > 253 || v[i].name[0] == '-' || v[i].name[0] == '.' ||
            strspn(v[i].name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != n)
            return hb_yaml_err(at(nth(seq, i), "name"), err, -EINVAL,
                               _("a host is a name in small letters, without "
                                 "a port"));
        for (size_t k = 0; k < i; k++)
            if (hb_streq(v[k].name, v[i].name))
                return hb_yaml_err(at(nth(seq, i), "name"), err, -EEXIST,
                                   _("the host %s stands there twice"),
                                   v[i].name);
    }
    return 0;
}

static int check_gate_rates(const struct hb_conf_gate *g,
                            const struct hb_yaml *seq, struct hb_err *err)
{
    const struct hb_conf_gate_rate *v = g->rates.v;
    int r;

    for (size_t i = 0; i < g->rates.n; i++) {
        const struct hb_yaml *map = nth(seq, i);
        const char *cookie = v[i].cookie;

        r = check_name(v[i].name, map, err);
        if (r < 0)
            return r;
        for (size_t k = 0; k < i; k++)
            if (hb_streq(v[k].name, v[i].name))
                return hb_yaml_err(at(map, "name"), err, -EEXIST,
                                   _("the rate %s stands there twice"),
                                   v[i].name);
        if ((v[i].per == HB_GATE_PER_SESSION) != (cookie[0] != '\0'))
            return hb_yaml_err(at(map, "cookie"), err, -EINVAL,
                               _("a rate per session names its cookie, "
                                 "another one names none"));
        /* RFC 6265: a token; all known ones do with less. */
        if (cookie[strspn(cookie, "abcdefghijklmnopqrstuvwxyz0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-")] != '\0')
            return hb_yaml_err(at(map, "cookie"), err, -EINVAL,
                               _("this is no name of a cookie"));
        if (v[i].burst > v[i].per_minute * 60 * 24)
            return hb_yaml_err(at(map, "burst"), err, -EINVAL,
                               _("this burst would take longer than a day"));
    }
    return 0;
}

/* Each begins with one of BEGIN and holds nothing but OF; NULL: nothing that
 * means something to the web server. */
static int check_gate_words(const struct hb_strs *words,
                            const struct hb_yaml *seq, const char *begin,
                            const char *of, struct hb_err *err)
{
    for (size_t i = 0; i < words->n; i++) {
        const char *z = words->v[i];
        bool ok = *z != '\0' && strchr(begin, *z) != NULL;

        for (; ok && *z != '\0'; z++)
            ok = of != NULL ? strchr(of, *z) != NULL
                            : (unsigned char)*z > ' ' && *z != 0x7f &&
                                  strchr("\"'{};\\$#", *z) == NULL;
        if (!ok)
            return hb_yaml_err(nth(seq, i), err, -EINVAL,
                               of != NULL
                                   ? _("a network is an address, or one with "
                                       "the length of its prefix: "
                                       "203.0.113.0/24")
                                   : _("a path begins with / and holds no "
                                       "blanks, quotes or signs that mean "
                                       "something to the web server"));
    }
    return 0;
}

static int check_contracts(const struct hb_config *c, struct hb_err *err)
{
    const struct hb_yaml *seq = hb_yaml_get(c->yaml, "contracts");
    const struct hb_conf_contract *v = c->contracts.v;
    int r = 0;

    for (size_t i = 0; i < c->contracts.n && r == 0; i++) {
        r = check_name(v[i].name, nth(seq, i), err);
        for (size_t k = 0; r == 0 && k < i; k++)
            if (hb_streq(v[k].name, v[i].name))
                r = hb_yaml_err(at(nth(seq, i), "name"), err, -EEXIST,
                                _("another contract has the name \"%s\""),
                                v[i].name);
    }
    return r;
}

static int check_site(const struct hb_config *c, size_t i,
                      const struct hb_yaml *map, struct hb_err *err)
{
    const struct hb_conf_site *s = (const struct hb_conf_site *)c->sites.v + i;
    int r = check_name(s->name, map, err);

    if (r == 0)
        r = check_unique(c, i, map, err);
    if (r == 0)
        r = check_roots(c, i, map, err);
    if (r == 0)
        r = check_staging(c, s, map, err);
    if (r == 0)
        r = check_url(s, map, err);
    if (r == 0)
        r = check_private(s, map, err);
    if (r == 0)
        r = check_ignore(s, map, err);
    if (r == 0)
        r = check_areas(s, map, err);
    return r;
}

/* Names become parts of file and socket names, so the set is small. */
static int check_name(const char *name, const struct hb_yaml *map,
                      struct hb_err *err)
{
    size_t n = strlen(name);

    if (n >= 1 && n <= 32 && name[0] != '-' &&
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n)
        return 0;
    return hb_yaml_err(at(map, "name"), err, -EINVAL,
                       _("a name is 1 to 32 of a-z, 0-9 and hyphens, "
                         "not starting with a hyphen"));
}

static int check_unique(const struct hb_config *c, size_t i,
                        const struct hb_yaml *map, struct hb_err *err)
{
    const struct hb_conf_site *s = c->sites.v;

    for (size_t k = 0; k < i; k++) {
        if (hb_streq(s[k].name, s[i].name))
            return hb_yaml_err(at(map, "name"), err, -EEXIST,
                               _("another site has the name \"%s\""),
                               s[i].name);
        if (s[k].number == s[i].number)
            return hb_yaml_err(at(map, "number"), err, -EEXIST,
                               _("the site \"%s\" has the number %lld, too"),
                               s[k].name, (long long)s[i].number);
    }
    return 0;
}

static int check_roots(const struct hb_config *c, size_t i,
                       const struct hb_yaml *map, struct hb_err *err)
{
    const struct hb_conf_site *s = c->sites.v;
    const struct hb_yaml *node = at(map, "root");

    if (hb_streq(s[i].root, "/"))
        return hb_yaml_err(node, err, -EINVAL,
                           _("the whole file system cannot be a site"));
    if (!clean_absolute(s[i].root))
        return hb_yaml_err(node, err, -EINVAL,
                           _("write the root without empty, \".\" or \"..\" "
                             "parts"));
    for (size_t k = 0; k < i; k++)
        if (below(s[i].root, s[k].root) || below(s[k].root, s[i].root))
            return hb_yaml_err(node, err, -EINVAL,
                               _("the root overlaps with that of the site "
                                 "\"%s\" (%s)"),
                               s[k].name, s[k].root);
    return 0;
}

/* What stands in staging has just been taken out of a site, or is about to
 * go into it; a web server must not serve it.  Servers are told to refuse
 * names that begin with a dot, so below a root only such a name will do. */
static int check_staging(const struct hb_config *c,
                         const struct hb_conf_site *s,
                         const struct hb_yaml *map, struct hb_err *err)
{
    const struct hb_conf_site *all = c->sites.v;
    const struct hb_yaml *node = at(map, "staging");

    if (s->staging[0] == '\0')
        return 0;
    if (!clean_absolute(s->staging))
        return hb_yaml_err(node, err, -EINVAL,
                           _("staging must be an absolute path without "
                             "empty, \".\" or \"..\" parts"));
    for (size_t k = 0; k < c->sites.n; k++) {
        size_t n = strlen(all[k].root);

        if (below(all[k].root, s->staging))
            return hb_yaml_err(node, err, -EINVAL,
                               _("staging must not contain the root of the "
                                 "site \"%s\""),
                               all[k].name);
        if (below(s->staging, all[k].root) &&
            (&all[k] != s || s->staging[n + 1] != '.'))
            return hb_yaml_err(node, err, -EINVAL,
                               _("staging would be served by the site "
                                 "\"%s\"; choose a folder outside its root, "
                                 "or one directly below its own root whose "
                                 "name begins with a dot"),
                               all[k].name);
    }
    return 0;
}

static int check_url(const struct hb_conf_site *s, const struct hb_yaml *map,
                     struct hb_err *err)
{
    const struct hb_yaml *node = at(map, "url");
    const char *host = NULL;

    if (s->url[0] == '\0')
        return 0;
    if (strncmp(s->url, "http://", 7) == 0)
        host = s->url + 7;
    else if (strncmp(s->url, "https://", 8) == 0)
        host = s->url + 8;
    if (host == NULL || strcspn(host, "/?#") == 0)
        return hb_yaml_err(node, err, -EINVAL,
                           _("a public address is http://HOST/ or "
                             "https://HOST/"));
    for (const char *p = s->url; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
            return hb_yaml_err(node, err, -EINVAL,
                               _("an address holds only ASCII characters "
                                 "and no spaces; write other characters as "
                                 "%%XX and the host in its xn-- form"));
    if (memchr(host, '@', strcspn(host, "/?#")) != NULL)
        return hb_yaml_err(node, err, -EINVAL,
                           _("no user names or passwords in an address"));
    return 0;
}

static int check_private(const struct hb_conf_site *s,
                         const struct hb_yaml *map, struct hb_err *err)
{
    const struct hb_yaml *node = at(map, "private_command");

    if (s->private_driver != HB_PRIVATE_COMMAND) {
        if (s->private_command[0] == '\0')
            return 0;
        return hb_yaml_err(node, err, -EINVAL,
                           _("private_command has no effect without "
                             "\"private_driver: command\""));
    }
    if (clean_absolute(s->private_command))
        return 0;
    return hb_yaml_err(node, err, -EINVAL,
                       _("\"private_driver: command\" needs private_command, "
                         "an absolute path"));
}

static int check_ignore(const struct hb_conf_site *s, const struct hb_yaml *map,
                        struct hb_err *err)
{
    const struct hb_yaml *seq = hb_yaml_get(map, "ignore");

    for (size_t i = 0; i < s->ignore.n; i++)
        if (!clean_relative(s->ignore.v[i]))
            return hb_yaml_err(nth(seq, i), err, -EINVAL,
                               _("\"%s\" must be a path relative to the "
                                 "root, without empty, \".\" or \"..\" parts"),
                               s->ignore.v[i]);
    return 0;
}

static int check_areas(const struct hb_conf_site *s, const struct hb_yaml *map,
                       struct hb_err *err)
{
    const struct hb_yaml *seq = hb_yaml_get(map, "areas");
    const struct hb_conf_area *a = s->areas.v;

    for (size_t i = 0; i < s->areas.n; i++) {
        const struct hb_yaml *node = at(nth(seq, i), "path");
        int r;

        if (!clean_relative(a[i].path))
            return hb_yaml_err(node, err, -EINVAL,
                               _("\"%s\" must be a path relative to the "
                                 "root, without empty, \".\" or \"..\" parts"),
                               a[i].path);
        for (size_t k = 0; k < i; k++)
            if (below(a[i].path, a[k].path) || below(a[k].path, a[i].path))
                return hb_yaml_err(node, err, -EINVAL,
                                   _("the area overlaps with \"%s\""),
                                   a[k].path);
        r = check_types(&a[i], nth(seq, i), err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_types(const struct hb_conf_area *a, const struct hb_yaml *map,
                       struct hb_err *err)
{
    const struct hb_yaml *seq = hb_yaml_get(map, "types");

    for (size_t i = 0; i < a->types.n; i++) {
        const char *t = a->types.v[i];
        size_t n = strlen(t);

        if (n == 0 || n > 16 ||
            strspn(t, "abcdefghijklmnopqrstuvwxyz0123456789") != n)
            return hb_yaml_err(nth(seq, i), err, -EINVAL,
                               _("\"%s\": write the ending alone, in lower "
                                 "case and without the dot, such as jpg"),
                               t);
        for (size_t k = 0; k < HB_ARRAY_LEN(executable_types); k++)
            if (!a->allow_executable && hb_streq(t, executable_types[k]))
                return hb_yaml_err(nth(seq, i), err, -EINVAL,
                                   _("servers execute .%s files; allow them "
                                     "only together with "
                                     "\"allow_executable: true\""),
                                   t);
    }
    return 0;
}

static int check_anchor(const struct hb_config *c, const struct hb_yaml *map,
                        struct hb_err *err)
{
    const struct hb_yaml *org = at(map, "organisation");
    const char *anchor = c->organisation.anchor;
    const char *sign;

    if (anchor[0] == '\0')
        return 0;
    if (strncmp(anchor, "file:", 5) == 0 && clean_absolute(anchor + 5))
        return 0;
    if (strncmp(anchor, "mail:", 5) == 0) {
        sign = strchr(anchor + 5, '@');
        if (sign != NULL && sign > anchor + 5 && sign[1] != '\0' &&
            strpbrk(anchor + 5, " \t\r\n<>,;\"") == NULL)
            return 0;
    }
    return hb_yaml_err(at(org, "anchor"), err, -EINVAL,
                       _("an anchor is file:/PATH or mail:ADDRESS"));
}

/* A password in it would stand in a file that all roles read. */
static int check_relay(const struct hb_config *c, const struct hb_yaml *map,
                       struct hb_err *err)
{
    const char *relay = c->organisation.mail_relay;
    const char *host = strncmp(relay, "smtp://", 7) == 0    ? relay + 7
                       : strncmp(relay, "smtps://", 8) == 0 ? relay + 8
                                                            : "";

    if (host[0] == '\0' || host[0] == ':' ||
        strpbrk(host, " \t\r\n@/?#<>\"") != NULL)
        return hb_yaml_err(at(at(map, "organisation"), "mail_relay"), err,
                           -EINVAL,
                           _("a mail relay is smtp://HOST:PORT or "
                             "smtps://HOST:PORT, without a user name or "
                             "password"));
    if ((c->organisation.mail_user[0] == '\0') !=
        (c->organisation.mail_password[0] == '\0'))
        return hb_yaml_err(at(map, "organisation"), err, -EINVAL,
                           _("mail_user and mail_password belong together"));
    return 0;
}

/* net/post.c looks at it again as it is connected to. */
static int check_webhook(const struct hb_config *c, const struct hb_yaml *map,
                         struct hb_err *err)
{
    static const char *const own[] = {"http://127.0.0.1", "http://localhost",
                                      "http://[::1]"};
    const char *url = c->organisation.webhook;
    bool good = strncmp(url, "https://", 8) == 0 && url[8] != '\0';

    for (size_t i = 0; i < HB_ARRAY_LEN(own); i++) {
        size_t n = strlen(own[i]);

        if (strncmp(url, own[i], n) == 0 && strchr(":/", url[n]) != NULL)
            good = true;
    }
    if (url[0] != '\0' && (!good || strpbrk(url, " \t\r\n@<>\"\\") != NULL))
        return hb_yaml_err(at(at(map, "organisation"), "webhook"), err, -EINVAL,
                           _("a webhook is https://HOST/..., or http:// to "
                             "this machine itself"));
    if (url[0] == '\0' && c->organisation.webhook_secret[0] != '\0')
        return hb_yaml_err(at(map, "organisation"), err, -EINVAL,
                           _("webhook_secret belongs to webhook"));
    return 0;
}

/* What the mail server wants to be shown must be there. */
static int check_mail_files(const struct hb_config *c, struct hb_err *err)
{
    static const char *const names[] = {"mail_password", "mail_ca",
                                        "webhook_secret"};
    const char *const paths[] = {c->organisation.mail_password,
                                 c->organisation.mail_ca,
                                 c->organisation.webhook_secret};
    char reason[128];

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++)
        if (paths[i][0] != '\0' && access(paths[i], F_OK) < 0)
            return hb_yaml_err(at(at(c->yaml, "organisation"), names[i]), err,
                               -errno, "%s: %s", paths[i],
                               hb_errno_text(-errno, reason, sizeof(reason)));
    return 0;
}

static int check_machine_site(const struct hb_conf_site *s,
                              const struct hb_yaml *map, const char *const *own,
                              struct hb_err *err)
{
    struct stat st, up;
    char reason[128];

    if (lstat(s->root, &st) < 0)
        return hb_yaml_err(at(map, "root"), err, -errno, "%s: %s", s->root,
                           hb_errno_text(-errno, reason, sizeof(reason)));
    if (!S_ISDIR(st.st_mode))
        return hb_yaml_err(at(map, "root"), err, -ENOTDIR,
                           _("%s is not a folder (a link is not followed: "
                             "name the folder that it leads to)"),
                           s->root);
    for (size_t i = 0; own[i] != NULL; i++)
        if (below(own[i], s->root) || below(s->root, own[i]))
            return hb_yaml_err(at(map, "root"), err, -EINVAL,
                               _("the root overlaps with Hinoban's own "
                                 "folder %s"),
                               own[i]);
    if (s->staging[0] == '\0' || lstat(s->staging, &up) < 0)
        return 0;
    if (up.st_dev != st.st_dev)
        return hb_yaml_err(at(map, "staging"), err, -EXDEV,
                           _("staging must lie on the same file system as "
                             "the root"));
    return 0;
}

/* The unit that looks from outside sees no home and has a /tmp of its own
 * (ProtectHome=, PrivateTmp=); it may read the folder of the file, and that
 * must not be the whole file system. */
static int check_machine_ca(const struct hb_conf_site *s,
                            const struct hb_yaml *map, struct hb_err *err)
{
    static const char *const unseen[] = {"/home", "/root", "/run/user", "/tmp",
                                         "/var/tmp"};
    bool good = clean_absolute(s->url_ca) && strchr(s->url_ca + 1, '/') != NULL;

    if (s->url_ca[0] == '\0')
        return 0;
    for (size_t i = 0; good && i < HB_ARRAY_LEN(unseen); i++)
        good = !below(s->url_ca, unseen[i]);
    if (good)
        return 0;
    return hb_yaml_err(at(map, "url_ca"), err, -EINVAL,
                       _("what looks from outside cannot read %s: put it into "
                         "a folder such as /etc/hinoban, not below /home, "
                         "/root, /run/user, /tmp or /var/tmp"),
                       s->url_ca);
}

/* The value of KEY for an error's place; the mapping where it is absent. */
static const struct hb_yaml *at(const struct hb_yaml *map, const char *key)
{
    const struct hb_yaml *node = hb_yaml_get(map, key);

    return node != NULL ? node : map;
}

static const struct hb_yaml *nth(const struct hb_yaml *seq, size_t i)
{
    const struct hb_yaml *node = seq->first;

    while (i-- > 0)
        node = node->next;
    return node;
}

/* Whether PATH is TOP or lies below it. */
static bool below(const char *path, const char *top)
{
    size_t n = strlen(top);

    return strncmp(path, top, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool clean_absolute(const char *p)
{
    return p[0] == '/' && clean_relative(p + 1);
}

static bool clean_relative(const char *p)
{
    for (;;) {
        size_t n = strcspn(p, "/");

        if (n == 0 || (n == 1 && p[0] == '.') ||
            (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        if (p[n] == '\0')
            return true;
        p += n + 1;
    }
}

static void strip_slashes(char *p)
{
    for (size_t n = strlen(p); n > 1 && p[n - 1] == '/'; n--)
        p[n - 1] = '\0';
}
