/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c - rules of writable areas: what uploads and caches may hold.
 *
 * Runs in compare, with no privilege.  Names and content are an attacker's
 * and are only compared with tables here, never interpreted: at most the
 * first HEAD bytes of a file are read.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "sense/files/rules.h"

#define HEAD (1u << 20)

/* Endings that web servers, interpreters or Windows clients execute; one of
 * them anywhere among the dots counts (Apache's mod_mime takes
 * "shell.php.jpg" for PHP). */
static const char *const endings[] = {
    "php",  "php3", "php4",  "php5", "php7", "php8", "pht",   "phtml",
    "phar", "phps", "phpt",  "pgif", "cgi",  "fcgi", "pl",    "pm",
    "py",   "pyc",  "pyw",   "rb",   "lua",  "sh",   "bash",  "zsh",
    "ksh",  "csh",  "asp",   "aspx", "asa",  "asax", "ascx",  "ashx",
    "asmx", "cer",  "cdx",   "jsp",  "jspx", "jspf", "jsw",   "jsv",
    "war",  "jar",  "class", "cfm",  "cfml", "cfc",  "shtml", "shtm",
    "stm",  "exe",  "dll",   "so",   "com",  "bat",  "cmd",   "ps1",
    "psm1", "vbs",  "vbe",   "hta",  "wsf",  "wsh",  "scr",   "msi",
};

/* Names that servers obey. */
static const char *const names[] = {
    ".htaccess", ".htpasswd", ".user.ini", "php.ini", "web.config",
};

/* What a file of an ending begins with. */
static const struct {
    const char *ending, *bytes;
    uint8_t n, at;
} magics[] = {
    {"jpg", "\xff\xd8\xff", 3, 0},
    {"jpeg", "\xff\xd8\xff", 3, 0},
    {"png", "\x89PNG\r\n\x1a\n", 8, 0},
    {"gif", "GIF8", 4, 0},
    {"webp", "RIFF", 4, 0},
    {"pdf", "%PDF", 4, 0},
    {"zip", "PK", 2, 0},
    {"docx", "PK", 2, 0},
    {"xlsx", "PK", 2, 0},
    {"pptx", "PK", 2, 0},
    {"odt", "PK", 2, 0},
    {"gz", "\x1f\x8b", 2, 0},
    {"mp4", "ftyp", 4, 4},
};

static struct hb_slice base_name(struct hb_slice path);
static bool is_in(struct hb_slice word, const char *const *list, size_t n);
static bool equal_nocase(struct hb_slice a, const char *z);
static struct hb_slice trimmed(struct hb_slice name);
static struct hb_slice ending_of(struct hb_slice name);
static bool below(struct hb_slice path, const char *dir);
static bool link_leads_out(const char *root, struct hb_slice path, int fd);
static enum hb_rule type_check(const struct hb_conf_area *a,
                               struct hb_slice name, const uint8_t *p,
                               size_t n);

bool hb_rules_ignored(const struct hb_conf_site *s, struct hb_slice path)
{
    for (size_t i = 0; i < s->ignore.n; i++) {
        const char *e = s->ignore.v[i];
        size_t n = strlen(e);

        if (below(path, e) ||
            (path.n == n && n > 0 && memcmp(path.p, e, n) == 0))
            return true;
    }
    return false;
}

enum hb_own hb_rules_own(const struct hb_conf_site *s, struct hb_slice path)
{
    const char *prefix = ".hinoban-staging-";
    size_t n = strlen(prefix), k = strlen(s->name);

    if (path.n < n + k || memcmp(path.p, prefix, n) != 0 ||
        memcmp(path.p + n, s->name, k) != 0)
        return HB_OWN_NOT;
    if (path.n == n + k)
        return HB_OWN_STAGING;
    return path.p[n + k] == '/' ? HB_OWN_BELOW : HB_OWN_NOT;
}

bool hb_rules_is_area(const struct hb_conf_site *s, struct hb_slice path)
{
    const struct hb_conf_area *a = s->areas.v;

    for (size_t i = 0; i < s->areas.n; i++)
        if (hb_slice_eq(path, hb_slice_z(a[i].path)))
            return true;
    return false;
}

const struct hb_conf_area *hb_rules_area(const struct hb_conf_site *s,
                                         struct hb_slice path)
{
    const struct hb_conf_area *a = s->areas.v, *best = NULL;

    for (size_t i = 0; i < s->areas.n; i++)
        if (below(path, a[i].path) &&
            (best == NULL || strlen(a[i].path) > strlen(best->path)))
            best = &a[i];
    return best;
}

enum hb_rule hb_rules_judge(const struct hb_conf_area *a, const char *root,
                            struct hb_slice path, const struct hb_fp_stat *st,
                            int fd, bool readable)
{
    struct hb_slice name = base_name(path);
    _cleanup_free_ uint8_t *head = NULL;
    ssize_t n = 0;

    if (S_ISDIR(st->mode))
        return HB_RULE_OK;
    if (S_ISLNK(st->mode))
        return link_leads_out(root, path, fd) ? HB_RULE_LINK : HB_RULE_OK;
    if (!S_ISREG(st->mode))
        return HB_RULE_SPECIAL;
    if (!a->allow_executable && hb_rules_name_executes(path))
        return HB_RULE_NAME;
    if (!a->allow_executable && (st->mode & 06111) != 0)
        return HB_RULE_MODE;
    if (a->max_size > 0 && st->size > a->max_size)
        return HB_RULE_SIZE;
    if (st->nlink > 1)
        return HB_RULE_HARDLINK;
    if (!readable)
        return HB_RULE_UNREAD;
    if (st->size > 0) {
        size_t want = (size_t)HB_MIN(st->size, (uint64_t)HEAD);

        head = malloc(want);
        n = head != NULL ? hb_pread_full(fd, head, want, 0) : -ENOMEM;
        if (n < 0)
            return HB_RULE_UNREAD;
    }
    if (!a->allow_executable && hb_rules_content_executes(head, (size_t)n))
        return HB_RULE_CONTENT;
    return type_check(a, name, head, (size_t)n);
}

bool hb_rules_name_executes(struct hb_slice path)
{
    struct hb_slice name = trimmed(base_name(path));
    size_t start = 0;

    if (is_in(name, names, HB_ARRAY_LEN(names)))
        return true;
    for (size_t i = 0; i <= name.n; i++) {
        if (i < name.n && name.p[i] != '.')
            continue;
        /* Not the part before the first dot: "com/so" are words too. */
        if (start > 0 && is_in(trimmed(hb_slice(name.p + start, i - start)),
                               endings, HB_ARRAY_LEN(endings)))
            return true;
        start = i + 1;
    }
    return false;
}

bool hb_rules_content_executes(const void *p, size_t n)
{
    const uint8_t *b = p;

    if (n >= 2 && ((b[0] == '#' && b[1] == '!') || memcmp(b, "MZ", 2) == 0))
        return true;
    if (n >= 4 && memcmp(b,
                         "\x7f"
                         "ELF",
                         4) == 0)
        return true;
    for (size_t i = 0; i + 3 <= n; i++) {
        unsigned text = 0;

        if (b[i] != '<' || b[i + 1] != '?')
            continue;
        if (i + 5 <= n && (b[i + 2] | 32) == 'p' && (b[i + 3] | 32) == 'h' &&
            (b[i + 4] | 32) == 'p')
            return true;
        if (b[i + 2] != '=')
            continue;
        /* Three bytes come up in pictures by chance; amid text they do
         * not. */
        for (size_t k = i; k < n && k < i + 16; k++)
            text += (b[k] >= 32 && b[k] < 127) || b[k] == '\n' ||
                    b[k] == '\r' || b[k] == '\t';
        if (text == HB_MIN((size_t)16, n - i))
            return true;
    }
    return false;
}

bool hb_rules_executes(struct hb_slice path, const struct hb_fp_stat *st,
                       int fd)
{
    _cleanup_free_ uint8_t *head = NULL;
    ssize_t n = 0;

    if (!S_ISREG(st->mode))
        return false;
    if (hb_rules_name_executes(path) || (st->mode & 06111) != 0)
        return true;
    if (st->size == 0)
        return false;
    head = malloc((size_t)HB_MIN(st->size, (uint64_t)HEAD));
    if (head != NULL)
        n = hb_pread_full(fd, head, (size_t)HB_MIN(st->size, (uint64_t)HEAD),
                          0);
    /* What cannot be read might execute. */
    return head == NULL || n < 0 || hb_rules_content_executes(head, (size_t)n);
}

const char *hb_rule_word(enum hb_rule r)
{
    static const char *const words[HB_RULE_COUNT] = {
        [HB_RULE_OK] = "ok",           [HB_RULE_NAME] = "name",
        [HB_RULE_CONTENT] = "content", [HB_RULE_MODE] = "mode",
        [HB_RULE_TYPE] = "type",       [HB_RULE_SIZE] = "size",
        [HB_RULE_LINK] = "link",       [HB_RULE_HARDLINK] = "hardlink",
        [HB_RULE_SPECIAL] = "special", [HB_RULE_UNREAD] = "unread",
    };

    return r < HB_RULE_COUNT ? words[r] : "?";
}

static struct hb_slice base_name(struct hb_slice path)
{
    for (size_t i = path.n; i-- > 0;)
        if (path.p[i] == '/')
            return hb_slice(path.p + i + 1, path.n - i - 1);
    return path;
}

static bool is_in(struct hb_slice word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (equal_nocase(word, list[i]))
            return true;
    return false;
}

static bool equal_nocase(struct hb_slice a, const char *z)
{
    size_t n = strlen(z);

    if (a.n != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = a.p[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if (c != z[i])
            return false;
    }
    return true;
}

/* Without trailing dots, blanks and control bytes, which some servers drop. */
static struct hb_slice trimmed(struct hb_slice name)
{
    while (name.n > 0 && (name.p[name.n - 1] == '.' ||
                          (unsigned char)name.p[name.n - 1] <= ' '))
        name.n--;
    return name;
}

static struct hb_slice ending_of(struct hb_slice name)
{
    name = trimmed(name);
    for (size_t i = name.n; i-- > 0;)
        if (name.p[i] == '.')
            return hb_slice(name.p + i + 1, name.n - i - 1);
    return hb_slice("", 0);
}

static bool below(struct hb_slice path, const char *dir)
{
    size_t n = strlen(dir);

    if (n == 0)
        return path.n > 0;
    return path.n > n && path.p[n] == '/' && memcmp(path.p, dir, n) == 0;
}

/* By the text alone: nothing is followed. */
static bool link_leads_out(const char *root, struct hb_slice path, int fd)
{
    char target[HB_MAX_PATH];
    ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);
    struct hb_slice rest;
    long depth = 0;

    if (n <= 0)
        return true;
    target[n] = '\0';
    rest = hb_slice(target, (size_t)n);
    if (target[0] == '/') {
        size_t k = strlen(root);

        if (strncmp(target, root, k) != 0 ||
            (target[k] != '/' && target[k] != '\0'))
            return true;
        rest = hb_slice(target + k, (size_t)n - k);
    } else {
        for (size_t i = 0; i < path.n; i++)
            depth += path.p[i] == '/';
    }
    for (size_t i = 0, start = 0; i <= rest.n; i++) {
        size_t len = i - start;

        if (i < rest.n && rest.p[i] != '/')
            continue;
        if (len == 2 && memcmp(rest.p + start, "..", 2) == 0) {
            if (--depth < 0)
                return true;
        } else if (len > 0 && !(len == 1 && rest.p[start] == '.')) {
            depth++;
        }
        start = i + 1;
    }
    return false;
}

static enum hb_rule type_check(const struct hb_conf_area *a,
                               struct hb_slice name, const uint8_t *p, size_t n)
{
    struct hb_slice e = ending_of(name);

    if (a->types.n > 0 && (e.n == 0 || !is_in(e, a->types.v, a->types.n)))
        return HB_RULE_TYPE;
    /* A file that is being written may not have its first bytes yet. */
    if (a->types.n == 0 || n < 12)
        return HB_RULE_OK;
    for (size_t i = 0; i < HB_ARRAY_LEN(magics); i++)
        if (equal_nocase(e, magics[i].ending))
            return memcmp(p + magics[i].at, magics[i].bytes, magics[i].n) == 0
                       ? HB_RULE_OK
                       : HB_RULE_TYPE;
    return HB_RULE_OK;
}
