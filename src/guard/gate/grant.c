/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grant.c - see grant.h.  Runs as root in a short-lived command, and as the
 * role that looks whether patches are overdue, which only reads.
 *
 * The directory is root's.  The files are read as if they were not: a
 * signature says who meant them, and their text is parsed like a stranger's.
 */
#include "guard/gate/grant.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/num.h"

#define DOMAIN "gate-grant"
#define PERSON (64u << 10) /* bytes of a person's record */

static int check(const struct hb_grant *g, struct hb_err *err);
static int turn(const char *dir, enum hb_grant_kind k, uint32_t number,
                const char *from_end, const char *to_end, struct hb_err *err);
static void encode(struct hb_buf *b, const struct hb_grant *g);
static int open_grants(const char *dir, bool make);
static bool entry_of(const char *name, enum hb_grant_kind *ret_kind,
                     uint32_t *ret_number, const char **ret_end);
static void load_one(struct hb_arena *a, int fd, const char *etc, int64_t now,
                     struct hb_grant *g);
static int verify(struct hb_arena *a, int fd, const char *etc, const char *name,
                  const struct hb_grant *g, struct hb_slice text,
                  struct hb_err *err);
static bool person_name(const char *z);
static bool text_ok(const char *z, bool may_be_empty);
static int by_number(const void *a, const void *b);

const char *hb_grant_kind_name(enum hb_grant_kind k)
{
    return k == HB_GRANT_ALLOW ? "allow" : "patch";
}

const char *hb_grant_state_name(enum hb_grant_state s)
{
    static const char *const names[] = {"proposed", "on", "expired", "bad"};

    return names[s];
}

void hb_grant_name(enum hb_grant_kind k, uint32_t number, char ret[8])
{
    (void)snprintf(ret, 8, "%c%04u", k == HB_GRANT_ALLOW ? 'a' : 'p',
                   (unsigned)(number % 10000));
}

int hb_grant_parse_name(const char *name, enum hb_grant_kind kind,
                        uint32_t *ret)
{
    const char letter = kind == HB_GRANT_ALLOW ? 'a' : 'p';
    uint64_t n;

    if (name[0] == letter)
        name++;
    if (hb_parse_u64(hb_slice_z(name), &n) < 0 || n < 1 || n > HB_GRANT_NUMBER)
        return -EINVAL;
    *ret = (uint32_t)n;
    return 0;
}

int hb_grant_next(const char *dir, enum hb_grant_kind k, uint32_t *ret)
{
    int fd = open_grants(dir, true);
    uint32_t most = 0, number;
    enum hb_grant_kind kind;
    const char *end;
    struct dirent *e;
    DIR *d;

    if (fd < 0)
        return fd;
    d = fdopendir(fd);
    if (d == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    while ((e = readdir(d)) != NULL)
        if (entry_of(e->d_name, &kind, &number, &end) && kind == k)
            most = HB_MAX(most, number);
    (void)closedir(d);
    if (most >= HB_GRANT_NUMBER)
        return -ENOSPC;
    *ret = most + 1;
    return 0;
}

int hb_grant_save(const char *dir, const struct hb_grant *g,
                  const struct hb_key *key, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    _cleanup_close_ int fd = -1;
    char name[8], json[16], sig_name[16], why[128];
    uint8_t sig[HB_SIG_SIZE];
    int r = check(g, err);

    if (r < 0)
        return r;
    encode(&b, g);
    r = hb_buf_err(&b);
    if (r == 0 && key != NULL)
        r = hb_sign(key, DOMAIN, hb_buf_slice(&b), sig);
    hb_grant_name(g->kind, g->number, name);
    (void)snprintf(json, sizeof(json), "%s.json", name);
    (void)snprintf(sig_name, sizeof(sig_name), "%s.sig", name);
    if (r == 0)
        r = fd = open_grants(dir, true);
    /* An old signature must not stand beside a new text. */
    if (r >= 0 && unlinkat(fd, sig_name, 0) < 0 && errno != ENOENT)
        r = -errno;
    if (r >= 0)
        r = hb_file_write_at(fd, json, b.p, b.n, 0644);
    if (r >= 0 && key != NULL)
        r = hb_file_write_at(fd, sig_name, sig, sizeof(sig), 0644);
    if (r < 0)
        return hb_err_set(err, r, "%s/grants/%s: %s", dir, json,
                          hb_errno_text(r, why, sizeof(why)));
    return 0;
}

int hb_grant_off(const char *dir, enum hb_grant_kind k, uint32_t number,
                 struct hb_err *err)
{
    return turn(dir, k, number, ".json", ".off", err);
}

int hb_grant_again(const char *dir, enum hb_grant_kind k, uint32_t number,
                   struct hb_err *err)
{
    return turn(dir, k, number, ".off", ".json", err);
}

static int turn(const char *dir, enum hb_grant_kind k, uint32_t number,
                const char *from_end, const char *to_end, struct hb_err *err)
{
    _cleanup_close_ int fd = open_grants(dir, false);
    char name[8], from[16], to[16], why[128];
    int r = fd < 0 ? fd : 0;

    hb_grant_name(k, number, name);
    (void)snprintf(from, sizeof(from), "%s%s", name, from_end);
    (void)snprintf(to, sizeof(to), "%s%s", name, to_end);
    if (r == 0 && renameat(fd, from, fd, to) < 0)
        r = -errno;
    if (r == 0)
        r = hb_fsync(fd);
    if (r == -ENOENT)
        return hb_err_set(err, r, _("There is no %s."), name);
    if (r < 0)
        return hb_err_set(err, r, "%s/grants/%s: %s", dir, from,
                          hb_errno_text(r, why, sizeof(why)));
    return 0;
}

int hb_grants_load(struct hb_arena *a, const char *dir, const char *etc,
                   int64_t now, struct hb_grants *ret, struct hb_err *err)
{
    int fd = open_grants(dir, false), copy;
    size_t n[2] = {0, 0}, total = 0;
    struct hb_grant *v;
    char why[128];
    struct dirent *e;
    DIR *d;

    *ret = (struct hb_grants){NULL, 0};
    if (fd == -ENOENT)
        return 0;
    if (fd < 0)
        return hb_err_set(err, fd, "%s/grants: %s", dir,
                          hb_errno_text(fd, why, sizeof(why)));
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    d = copy >= 0 ? fdopendir(copy) : NULL;
    v = HB_NEW_N(a, struct hb_grant, 2 * HB_GRANT_MAX);
    if (d == NULL || v == NULL) {
        hb_close(&fd);
        if (d != NULL)
            (void)closedir(d);
        else
            hb_close(&copy);
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    }
    while ((e = readdir(d)) != NULL) {
        enum hb_grant_kind kind;
        uint32_t number;
        const char *end;

        if (!entry_of(e->d_name, &kind, &number, &end) ||
            !hb_streq(end, ".json") || n[kind] == HB_GRANT_MAX)
            continue;
        n[kind]++;
        v[total++] = (struct hb_grant){.kind = kind, .number = number};
    }
    (void)closedir(d);
    qsort(v, total, sizeof(*v), by_number);
    for (size_t i = 0; i < total; i++)
        load_one(a, fd, etc, now, &v[i]);
    hb_close(&fd);
    *ret = (struct hb_grants){v, total};
    return 0;
}

const struct hb_grant *hb_grants_find(const struct hb_grants *g,
                                      enum hb_grant_kind k, uint32_t number)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->v[i].kind == k && g->v[i].number == number)
            return &g->v[i];
    return NULL;
}

int hb_grant_parse(struct hb_arena *a, struct hb_slice json,
                   struct hb_grant *ret, struct hb_err *err)
{
    struct hb_grant g = {0};
    struct hb_json *tree;
    const char *kind;
    int64_t number;
    int r = hb_json_parse(a, json, &tree, err);

    if (r < 0)
        return r;
    if (hb_json_int(tree, "version", 0) != 1)
        return hb_err_set(err, -EPROTO, _("it is of another version"));
    kind = hb_json_str(tree, "kind", "");
    g.kind = hb_streq(kind, "patch") ? HB_GRANT_PATCH : HB_GRANT_ALLOW;
    number = hb_json_int(tree, "number", 0);
    if (!hb_streq(kind, hb_grant_kind_name(g.kind)) || number < 1 ||
        number > HB_GRANT_NUMBER)
        return hb_err_set(err, -EINVAL, _("it says not what it is"));
    g.number = (uint32_t)number;
    g.by = hb_json_str(tree, "by", "");
    g.approved_by = hb_json_str(tree, "approved_by", "");
    g.reason = hb_json_str(tree, "reason", "");
    g.about = hb_json_str(tree, "about", "");
    g.reference = hb_json_str(tree, "reference", "");
    g.advisory = hb_json_str(tree, "advisory", "");
    g.expert = hb_json_str(tree, "expert", "");
    g.from = hb_json_int(tree, "from", 0);
    g.until = hb_json_int(tree, "until", 0);
    g.rules = hb_slice_z(hb_json_str(tree, "rules", ""));
    r = check(&g, err);
    if (r == 0)
        *ret = g;
    return r;
}

int hb_grant_person(const char *etc, const char *name, struct hb_pub **ret,
                    struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char path[HB_MAX_PATH];
    struct hb_json *tree = NULL;
    struct hb_slice text;
    const char *roles;
    bool may = false;
    int r;

    if (a == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    if (!person_name(name))
        return hb_err_set(err, -EINVAL, _("%s is no name of a person"), name);
    if (snprintf(path, sizeof(path), "%s/people/%s.json", etc, name) >=
        (int)sizeof(path))
        return hb_err_set(err, -ENAMETOOLONG, "%s", etc);
    r = hb_file_read(a, path, PERSON, &text);
    if (r < 0)
        return hb_err_set(err, r,
                          _("%s is not registered (hinoban person add)"), name);
    r = hb_json_parse(a, text, &tree, err);
    if (r < 0)
        return r;
    roles = hb_json_str(tree, "roles", "");
    while (*roles != '\0') {
        size_t n = strcspn(roles, ", ");

        may = may || (n == 7 && memcmp(roles, "officer", n) == 0) ||
              (n == 5 && memcmp(roles, "admin", n) == 0);
        roles += n + strspn(roles + n, ", ");
    }
    if (!may || !hb_json_bool(tree, "active", true))
        return hb_err_set(err, -EPERM,
                          _("%s is neither officer nor administrator"), name);
    if (ret == NULL)
        return 0;
    (void)snprintf(path, sizeof(path), "%s/people/%s.pub", etc, name);
    return hb_pub_load(path, ret, err);
}

static int check(const struct hb_grant *g, struct hb_err *err)
{
    const bool patch = g->kind == HB_GRANT_PATCH;

    if (g->number < 1 || g->number > HB_GRANT_NUMBER || !person_name(g->by) ||
        (g->approved_by[0] != '\0' && !person_name(g->approved_by)))
        return hb_err_set(err, -EINVAL, _("it needs the name of a person"));
    if (!text_ok(g->reason, false) || !text_ok(g->about, true) ||
        !text_ok(g->reference, true) || !text_ok(g->advisory, !patch) ||
        !text_ok(g->expert, !patch))
        return hb_err_set(err, -EINVAL,
                          patch ? _("a patch needs an advisory, a reason and "
                                    "the expert who was asked, each in at "
                                    "most %u bytes on one line")
                                : _("an exclusion needs a reason, in at most "
                                    "%u bytes on one line"),
                          HB_GRANT_TEXT);
    if (g->from < 0 || g->until <= g->from ||
        g->until - g->from > HB_GRANT_DAYS * INT64_C(86400))
        return hb_err_set(err, -EINVAL,
                          _("it must end after it begins, and within %d "
                            "days"),
                          HB_GRANT_DAYS);
    if (g->rules.n == 0 || g->rules.n > HB_GRANT_BYTES / 4)
        return hb_err_set(err, -EINVAL, _("it has no rule, or too many"));
    return 0;
}

static void encode(struct hb_buf *b, const struct hb_grant *g)
{
    struct hb_jw w;

    hb_jw_init(&w, b);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "version", 1);
    hb_jw_str(&w, "kind", hb_grant_kind_name(g->kind));
    hb_jw_int(&w, "number", g->number);
    hb_jw_str(&w, "by", g->by);
    hb_jw_str(&w, "approved_by", g->approved_by);
    hb_jw_str(&w, "reason", g->reason);
    hb_jw_str(&w, "about", g->about);
    hb_jw_str(&w, "reference", g->reference);
    hb_jw_str(&w, "advisory", g->advisory);
    hb_jw_str(&w, "expert", g->expert);
    hb_jw_int(&w, "from", g->from);
    hb_jw_int(&w, "until", g->until);
    hb_jw_slice(&w, "rules", g->rules);
    hb_jw_end_obj(&w);
    hb_buf_addc(b, '\n');
}

/* DIR/grants; made where MAKE. */
static int open_grants(const char *dir, bool make)
{
    char path[HB_MAX_PATH];
    int fd, r = 0;

    if (snprintf(path, sizeof(path), "%s/grants", dir) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    if (make)
        r = hb_mkdirs(path, 0755);
    if (r < 0)
        return r;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    /* The directory above keeps others out, whatever our umask is. */
    if (make && fchmod(fd, 0755) < 0) {
        r = -errno;
        (void)close(fd);
        return r;
    }
    return fd;
}

/* "a0007.json": END is what follows the number. */
static bool entry_of(const char *name, enum hb_grant_kind *ret_kind,
                     uint32_t *ret_number, const char **ret_end)
{
    uint64_t n;

    if ((name[0] != 'a' && name[0] != 'p') || strlen(name) < 6 ||
        hb_parse_u64(hb_slice(name + 1, 4), &n) < 0 || n == 0 || name[5] != '.')
        return false;
    *ret_kind = name[0] == 'a' ? HB_GRANT_ALLOW : HB_GRANT_PATCH;
    *ret_number = (uint32_t)n;
    *ret_end = name + 5;
    return true;
}

/* Whatever is wrong with it stands in it. */
static void load_one(struct hb_arena *a, int fd, const char *etc, int64_t now,
                     struct hb_grant *g)
{
    const enum hb_grant_kind kind = g->kind;
    const uint32_t number = g->number;
    struct hb_grant read = {0};
    struct hb_err err = {0};
    struct hb_slice text;
    char name[8], file[16], why[128];
    int r;

    hb_grant_name(kind, number, name);
    (void)snprintf(file, sizeof(file), "%s.json", name);
    r = hb_file_read_at(a, fd, file, HB_GRANT_BYTES, &text);
    if (r < 0)
        (void)hb_err_set(&err, r, "%s", hb_errno_text(r, why, sizeof(why)));
    if (r == 0)
        r = hb_grant_parse(a, text, &read, &err);
    if (r == 0 && (read.kind != kind || read.number != number))
        r = hb_err_set(&err, -EINVAL, _("it says not what it is"));
    if (r == 0) {
        *g = read;
        g->state =
            now / (int64_t)HB_S >= g->until ? HB_GRANT_EXPIRED : HB_GRANT_ON;
        r = verify(a, fd, etc, name, g, text, &err);
        if (r == -ENOENT && kind == HB_GRANT_PATCH &&
            g->approved_by[0] == '\0') {
            g->state = HB_GRANT_PROPOSED;
            g->why = "";
            return;
        }
    } else {
        *g =
            (struct hb_grant){.kind = kind, .number = number, .rules = {"", 0}};
        g->by = g->approved_by = g->reason = g->about = g->reference =
            g->advisory = g->expert = "";
    }
    g->why = "";
    if (r < 0) {
        g->state = HB_GRANT_BAD;
        g->why = hb_arena_strdup(a, err.message);
        if (g->why == NULL)
            g->why = "?";
    }
}

/* -ENOENT where it is not signed at all. */
static int verify(struct hb_arena *a, int fd, const char *etc, const char *name,
                  const struct hb_grant *g, struct hb_slice text,
                  struct hb_err *err)
{
    struct hb_pub *pub = NULL;
    struct hb_slice sig;
    char file[16];
    int r;

    (void)snprintf(file, sizeof(file), "%s.sig", name);
    r = hb_file_read_at(a, fd, file, HB_SIG_SIZE, &sig);
    if (r < 0 || g->approved_by[0] == '\0')
        return hb_err_set(err, -ENOENT, _("it is not signed"));
    r = hb_grant_person(etc, g->approved_by, &pub, err);
    if (r == 0)
        r = sig.n == HB_SIG_SIZE
                ? hb_verify(pub, DOMAIN, text, (const uint8_t *)sig.p)
                : -EBADMSG;
    hb_pub_free(pub);
    if (r == -ENOENT)
        r = -EKEYREJECTED;
    return r < 0 ? hb_err_set(err, r, _("its signature does not hold")) : 0;
}

static bool person_name(const char *z)
{
    size_t n = strlen(z);

    return n >= 1 && n <= 32 && z[0] != '.' && z[0] != '-' &&
           strspn(z, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

/* One line. */
static bool text_ok(const char *z, bool may_be_empty)
{
    size_t n = strlen(z);

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)z[i] < 0x20 || z[i] == 0x7f)
            return false;
    return n <= HB_GRANT_TEXT && (n > 0 || may_be_empty);
}

static int by_number(const void *a, const void *b)
{
    const struct hb_grant *x = a, *y = b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}
