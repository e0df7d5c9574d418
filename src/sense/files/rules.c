/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c - rules of writable areas: what uploads and caches may hold.
 *
 * Runs in compare, with no privilege.  Names and content are an attacker's
 * and are only compared with tables here, never interpreted.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "baseline/executes.h"
#include "sense/files/rules.h"

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

static bool below(struct hb_slice path, const char *dir);
static bool link_leads_out(const char *root, struct hb_slice path, int fd);
static enum hb_rule type_check(const struct hb_conf_area *a,
                               struct hb_slice path, const uint8_t *p,
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
    _cleanup_free_ uint8_t *head = NULL;
    ssize_t n = 0;

    if (S_ISDIR(st->mode))
        return HB_RULE_OK;
    if (S_ISLNK(st->mode))
        return link_leads_out(root, path, fd) ? HB_RULE_LINK : HB_RULE_OK;
    if (!S_ISREG(st->mode))
        return HB_RULE_SPECIAL;
    if (!a->allow_executable && hb_executes_name(path))
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
        size_t want = (size_t)HB_MIN(st->size, (uint64_t)HB_EXECUTES_HEAD);

        head = malloc(want);
        n = head != NULL ? hb_pread_full(fd, head, want, 0) : -ENOMEM;
        if (n < 0)
            return HB_RULE_UNREAD;
    }
    if (!a->allow_executable && hb_executes_content(head, (size_t)n))
        return HB_RULE_CONTENT;
    return type_check(a, path, head, (size_t)n);
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
                               struct hb_slice path, const uint8_t *p, size_t n)
{
    struct hb_slice e = hb_name_ending(path);

    if (a->types.n > 0 && (e.n == 0 || !hb_word_in(e, a->types.v, a->types.n)))
        return HB_RULE_TYPE;
    /* A file that is being written may not have its first bytes yet. */
    if (a->types.n == 0 || n < 12)
        return HB_RULE_OK;
    for (size_t i = 0; i < HB_ARRAY_LEN(magics); i++)
        if (hb_word_in(e, &magics[i].ending, 1))
            return memcmp(p + magics[i].at, magics[i].bytes, magics[i].n) == 0
                       ? HB_RULE_OK
                       : HB_RULE_TYPE;
    return HB_RULE_OK;
}
