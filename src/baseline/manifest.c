/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.c - a baseline as text that a build host signs (manifest.h).
 *
 * Written on the build host; read by the publisher, and from then on by
 * everybody who opens that baseline, after the signature held.  What is
 * signed is the SHA-256 of the text in hex and a line's end, as with tables.
 * The text is turned into the table's bytes and those are validated like any
 * other: one checker for both forms.
 */
#include "baseline/manifest.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "baseline/tree.h"

#define FIRST_LINE "hinoban-manifest 1"

struct reader {
    struct hb_slice text;
    size_t at;
    unsigned line;
    struct hb_arena *arena;
    struct hb_manifest_head head;
    struct hb_base_entry **v;
    size_t n, cap;
};

static int write_entry(struct hb_buf *b, const struct hb_base_entry *e);
static void write_time(struct hb_buf *b, const char *key, int64_t ns);
static bool next_line(struct reader *r, struct hb_slice *ret);
static int head_value(struct reader *r, const char *key, struct hb_slice *ret);
static int read_head(struct reader *r);
static int read_owner(struct hb_slice s, uint32_t *ret_uid, uint32_t *ret_gid);
static int read_time(struct hb_slice s, int64_t *ret);
static int read_entry(struct reader *r, struct hb_slice line);
static int read_content(struct reader *r, struct hb_slice s,
                        struct hb_base_entry *e);
static bool field(struct hb_slice *line, struct hb_slice *ret);
static int read_mode(struct hb_slice s, uint16_t *ret);
static int number(struct hb_slice s, uint64_t max, uint64_t *ret);
static int unescape(struct reader *r, struct hb_slice s, uint8_t from,
                    struct hb_slice *ret);
static int add(struct reader *r, struct hb_base_entry *e);
static void signed_text(struct hb_slice text, char ret[HB_SHA256_SIZE * 2 + 2]);

/* --- public --- */

int hb_manifest_write(const char *tree, const struct hb_manifest_head *head,
                      const char *const *ignore, size_t n_ignore,
                      struct hb_buf *text, struct hb_err *err)
{
    _cleanup_close_ int root = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_tree_ struct hb_tree t = {0};
    struct hb_base_build how = {.site = head->site,
                                .root = root,
                                .ignore = ignore,
                                .n_ignore = n_ignore,
                                .set_owner = true,
                                .uid = head->uid,
                                .gid = head->gid};
    struct hb_base_stats stats = {0};
    int r;

    if (root < 0)
        return hb_err_at(err, -errno, tree, 0, 0,
                         _("the release tree could not be opened"));
    if (!hb_site_ok(head->site) || head->number == 0 ||
        head->expires <= head->created)
        return hb_err_set(err, -EINVAL,
                          _("a manifest needs a site, a number and a time at "
                            "which it ends"));
    r = hb_tree_scan(&how, NULL, &t, &stats, err);
    if (r < 0)
        return r;
    hb_buf_addz(text, FIRST_LINE "\n");
    hb_buf_addf(text, "site %s\nnumber %llu\nowner %u:%u\n", head->site,
                (unsigned long long)head->number, head->uid, head->gid);
    write_time(text, "created", head->created);
    write_time(text, "expires", head->expires);
    hb_buf_addc(text, '\n');
    for (size_t i = 0; i < t.n; i++) {
        r = write_entry(text, t.v[i]);
        if (r < 0) {
            _cleanup_buf_ struct hb_buf name = HB_BUF_INIT;

            hb_path_escape(&name, t.v[i]->path, 0x20);
            return hb_err_at(err, r, hb_buf_z(&name), 0, 0,
                             _("a manifest cannot carry extended "
                               "attributes"));
        }
    }
    return hb_buf_err(text);
}

int hb_manifest_sign(const struct hb_key *key, struct hb_slice text,
                     uint8_t ret[HB_SIG_SIZE])
{
    char digest[HB_SHA256_SIZE * 2 + 2];

    signed_text(text, digest);
    return hb_sign(key, "manifest", hb_slice_z(digest), ret);
}

int hb_manifest_verify(struct hb_slice text, const uint8_t sig[HB_SIG_SIZE],
                       const struct hb_pub *pub, const char *site, int64_t now,
                       struct hb_baseline **ret, struct hb_err *err)
{
    char digest[HB_SHA256_SIZE * 2 + 2];
    struct hb_manifest_head head;
    struct hb_baseline *b = NULL;
    int r;

    signed_text(text, digest);
    r = hb_verify(pub, "manifest", hb_slice_z(digest), sig);
    if (r < 0)
        return hb_err_set(err, r == -ENOMEM ? r : -EKEYREJECTED,
                          _("the manifest's signature does not hold"));
    r = hb_manifest_parse(text, &head, &b, err);
    if (r < 0)
        return r;
    if (site != NULL && !hb_streq(site, head.site))
        r = hb_err_set(err, -EKEYREJECTED,
                       _("the manifest is for the site \"%s\""), head.site);
    else if (now != 0 && now >= head.expires)
        r = hb_err_set(err, -ETIME, _("the manifest has expired"));
    if (r < 0) {
        hb_baseline_free(b);
        return r;
    }
    *ret = b;
    return 0;
}

int hb_manifest_parse(struct hb_slice text, struct hb_manifest_head *ret_head,
                      struct hb_baseline **ret, struct hb_err *err)
{
    struct reader m = {.text = text, .arena = hb_arena_new(4ull << 30)};
    struct hb_baseline *b = NULL;
    uint8_t digest[HB_SHA256_SIZE];
    struct hb_slice line;
    void *map = NULL;
    size_t n = 0;
    int r;

    if (m.arena == NULL)
        return -ENOMEM;
    r = text.n <= HB_MAX_MANIFEST ? read_head(&m) : -EFBIG;
    while (r == 0 && next_line(&m, &line))
        r = read_entry(&m, line);
    if (r == 0 && m.at != text.n)
        r = -EBADMSG; /* a last line without its end */
    if (r < 0) {
        (void)hb_err_at(err, r, "manifest", m.line, 0,
                        _("this is no line of a manifest"));
    } else {
        struct hb_table_head head = {m.head.site, m.head.number,
                                     m.head.created};

        r = hb_table_make(&head, m.v, m.n, &map, &n);
        if (r == 0)
            r = hb_table_adopt(map, n, &b, err);
        else if (r == -EFBIG)
            (void)hb_err_at(err, r, "manifest", 0, 0,
                            _("this is no line of a manifest"));
    }
    hb_arena_free(m.arena);
    free(m.v);
    if (r < 0)
        return r;
    hb_sha256(text.p, text.n, digest);
    hb_table_set_digest(b, digest);
    if (ret_head != NULL)
        *ret_head = m.head;
    *ret = b;
    return 0;
}

/* --- static: writing --- */

static int write_entry(struct hb_buf *b, const struct hb_base_entry *e)
{
    char hex[HB_SHA256_SIZE * 2 + 1];

    if (e->xattrs.n > 0)
        return -EOPNOTSUPP;
    switch (e->type) {
    case HB_BT_FILE:
        hb_hex(e->sha256, HB_SHA256_SIZE, hex);
        hb_buf_addz(b, hex);
        break;
    case HB_BT_LINK:
        hb_buf_addc(b, '>');
        hb_path_escape(b, e->target, 0x21);
        break;
    case HB_BT_DIR:
        hb_buf_addc(b, '-');
        break;
    }
    hb_buf_addf(b, "  %04o  %llu  %lld  ", (unsigned)e->mode,
                (unsigned long long)e->size,
                (long long)(e->mtime > 0 ? e->mtime / (int64_t)HB_S : 0));
    if (e->path.n == 0)
        hb_buf_addc(b, '.');
    hb_path_escape(b, e->path, 0x20);
    hb_buf_addc(b, '\n');
    return 0;
}

static void write_time(struct hb_buf *b, const char *key, int64_t ns)
{
    char text[40];

    hb_buf_addf(b, "%s %s\n", key, hb_time_utc(ns, text, sizeof(text)));
}

/* --- static: reading --- */

static bool next_line(struct reader *r, struct hb_slice *ret)
{
    const char *from = r->text.p + r->at, *end;

    if (r->at == r->text.n)
        return false;
    end = memchr(from, '\n', r->text.n - r->at);
    if (end == NULL)
        return false;
    r->line++;
    *ret = hb_slice(from, (size_t)(end - from));
    r->at += ret->n + 1;
    return true;
}

static int head_value(struct reader *r, const char *key, struct hb_slice *ret)
{
    size_t n = strlen(key);
    struct hb_slice line;

    if (!next_line(r, &line) || line.n <= n + 1 ||
        memcmp(line.p, key, n) != 0 || line.p[n] != ' ')
        return -EBADMSG;
    *ret = hb_slice(line.p + n + 1, line.n - n - 1);
    return 0;
}

static int read_head(struct reader *r)
{
    struct hb_manifest_head *h = &r->head;
    struct hb_slice s;

    if (!next_line(r, &s) || !hb_slice_eq(s, HB_SLICE(FIRST_LINE)))
        return -EBADMSG;
    if (head_value(r, "site", &s) < 0 || s.n >= sizeof(h->site))
        return -EBADMSG;
    memcpy(h->site, s.p, s.n);
    if (strlen(h->site) != s.n || !hb_site_ok(h->site))
        return -EBADMSG;
    if (head_value(r, "number", &s) < 0 ||
        number(s, UINT64_MAX, &h->number) < 0 || h->number == 0)
        return -EBADMSG;
    if (head_value(r, "owner", &s) < 0 || read_owner(s, &h->uid, &h->gid) < 0)
        return -EBADMSG;
    if (head_value(r, "created", &s) < 0 || read_time(s, &h->created) < 0)
        return -EBADMSG;
    if (head_value(r, "expires", &s) < 0 || read_time(s, &h->expires) < 0)
        return -EBADMSG;
    if (!next_line(r, &s) || s.n != 0)
        return -EBADMSG;
    return 0;
}

static int read_owner(struct hb_slice s, uint32_t *ret_uid, uint32_t *ret_gid)
{
    const char *colon = memchr(s.p, ':', s.n);
    uint64_t uid, gid;
    size_t n;

    if (colon == NULL)
        return -EBADMSG;
    n = (size_t)(colon - s.p);
    if (number(hb_slice(s.p, n), UINT32_MAX - 1, &uid) < 0 ||
        number(hb_slice(colon + 1, s.n - n - 1), UINT32_MAX - 1, &gid) < 0)
        return -EBADMSG;
    *ret_uid = (uint32_t)uid;
    *ret_gid = (uint32_t)gid;
    return 0;
}

/* One way to write a time: what hb_time_utc() gives. */
static int read_time(struct hb_slice s, int64_t *ret)
{
    char text[40];
    int64_t ns;

    if (hb_time_parse(s, &ns) < 0 ||
        !hb_slice_eq(s, hb_slice_z(hb_time_utc(ns, text, sizeof(text)))))
        return -EBADMSG;
    *ret = ns;
    return 0;
}

static int read_entry(struct reader *r, struct hb_slice line)
{
    struct hb_base_entry *e = HB_NEW(r->arena, struct hb_base_entry);
    struct hb_slice content, mode, size, mtime;
    uint64_t seconds;
    int k;

    if (e == NULL)
        return -ENOMEM;
    if (!field(&line, &content) || !field(&line, &mode) ||
        !field(&line, &size) || !field(&line, &mtime) || line.n == 0)
        return -EBADMSG;
    k = read_content(r, content, e);
    if (k < 0)
        return k;
    if (read_mode(mode, &e->mode) < 0 ||
        number(size, INT64_MAX, &e->size) < 0 ||
        number(mtime, INT64_MAX / (int64_t)HB_S, &seconds) < 0)
        return -EBADMSG;
    e->mtime = (int64_t)seconds * (int64_t)HB_S;
    e->uid = r->head.uid;
    e->gid = r->head.gid;
    e->nlink = e->type == HB_BT_FILE ? 1 : 0;
    /* "." is the root, and only the first entry may be that. */
    if (r->n == 0 && hb_slice_eq(line, HB_SLICE(".")))
        return add(r, e);
    k = unescape(r, line, 0x20, &e->path);
    return k < 0 ? k : add(r, e);
}

static int read_content(struct reader *r, struct hb_slice s,
                        struct hb_base_entry *e)
{
    uint8_t *digest;
    int k;

    if (hb_slice_eq(s, HB_SLICE("-"))) {
        e->type = HB_BT_DIR;
        return 0;
    }
    digest = hb_arena_alloc(r->arena, HB_SHA256_SIZE);
    if (digest == NULL)
        return -ENOMEM;
    e->sha256 = digest;
    if (s.n > 1 && s.p[0] == '>') {
        e->type = HB_BT_LINK;
        k = unescape(r, hb_slice(s.p + 1, s.n - 1), 0x21, &e->target);
        if (k < 0)
            return k;
        hb_sha256(e->target.p, e->target.n, digest);
        return 0;
    }
    e->type = HB_BT_FILE;
    if (s.n != HB_SHA256_SIZE * 2 || hb_unhex(s, digest, HB_SHA256_SIZE) < 0)
        return -EBADMSG;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'A' && s.p[i] <= 'F')
            return -EBADMSG;
    return 0;
}

/* Cuts LINE's first field off, with the two spaces that end it. */
static bool field(struct hb_slice *line, struct hb_slice *ret)
{
    const char *end = memmem(line->p, line->n, "  ", 2);
    size_t n;

    if (end == NULL || end == line->p)
        return false;
    n = (size_t)(end - line->p);
    *ret = hb_slice(line->p, n);
    *line = hb_slice(end + 2, line->n - n - 2);
    return true;
}

static int read_mode(struct hb_slice s, uint16_t *ret)
{
    unsigned mode = 0;

    if (s.n != 4)
        return -EBADMSG;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '7')
            return -EBADMSG;
        mode = mode << 3 | (unsigned)(s.p[i] - '0');
    }
    *ret = (uint16_t)mode;
    return 0;
}

/* Decimal without leading zeroes. */
static int number(struct hb_slice s, uint64_t max, uint64_t *ret)
{
    if (s.n == 0 || (s.n > 1 && s.p[0] == '0') || hb_parse_u64(s, ret) < 0 ||
        *ret > max)
        return -EBADMSG;
    return 0;
}

static int unescape(struct reader *r, struct hb_slice s, uint8_t from,
                    struct hb_slice *ret)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char *copy;
    int k;

    hb_buf_init(&b, HB_MAX_PATH);
    k = hb_path_unescape(s, &b, from);
    if (k < 0)
        return k == -ENOMEM ? k : -EBADMSG;
    copy = hb_arena_dup(r->arena, hb_buf_z(&b), b.n);
    if (copy == NULL)
        return -ENOMEM;
    *ret = hb_slice(copy, b.n);
    return 0;
}

static int add(struct reader *r, struct hb_base_entry *e)
{
    if (r->n == r->cap) {
        size_t cap = r->cap != 0 ? r->cap * 2 : 256;
        void *grown = hb_fault(HB_FAULT_ALLOC)
                          ? NULL
                          : reallocarray(r->v, cap, sizeof(*r->v));

        if (grown == NULL)
            return -ENOMEM;
        r->v = grown;
        r->cap = cap;
    }
    r->v[r->n++] = e;
    return 0;
}

static void signed_text(struct hb_slice text, char ret[HB_SHA256_SIZE * 2 + 2])
{
    uint8_t digest[HB_SHA256_SIZE];

    hb_sha256(text.p, text.n, digest);
    hb_hex(digest, HB_SHA256_SIZE, ret);
    ret[HB_SHA256_SIZE * 2] = '\n';
    ret[HB_SHA256_SIZE * 2 + 1] = '\0';
}
