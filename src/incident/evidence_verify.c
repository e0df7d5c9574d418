/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_verify.c - reads the whole evidence store again and says what does
 * not hold.
 *
 * Runs in `hinoban evidence verify`, beside a running core or on a copy; it
 * only reads and trusts nothing but the public key and the anchor that the
 * person brings.  A package for a stranger is read the same way; only there
 * may the lines of other incidents be sealed.  A chain that root rewrote from
 * the first line on is whole in itself: only the anchor, which was outside,
 * shows it.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/i18n.h"
#include "base/map.h"
#include "base/num.h"
#include "incident/evidence_log.h"

/* A content that was hashed already. */
enum found { FOUND_SAME = 1, FOUND_MISSING, FOUND_CHANGED };

struct verify {
    int hashfd;
    const struct hb_pub *pub;
    struct hb_arena *line;   /* of one line */
    struct hb_arena *arena;  /* of the whole */
    struct hb_map *contents; /* hash and size -> enum found */
    struct hb_sha256 *hash;
    struct hb_evid_anchor anchors[HB_EVID_ANCHORS_MAX];
    bool held[HB_EVID_ANCHORS_MAX];
    size_t anchors_n;
    struct hb_evidence_report report;
    uint8_t digest[HB_SHA256_SIZE]; /* of the line before */
    bool version_2;                 /* a line of it was there */
};

static int read_anchor(struct verify *v, struct hb_slice anchor,
                       struct hb_err *err);
static int walk(struct verify *v, int logfd);
static int check_line(struct verify *v, struct hb_slice text);
static int check_place(struct verify *v, const struct hb_evid_line *l);
static void check_gap(struct verify *v, const struct hb_evid_line *l);
static void bad(struct verify *v, const char *why);
static bool signed_by(const struct verify *v, const struct hb_evid_anchor *c);
static void check_anchor(struct verify *v);
static void count_anchors(struct verify *v);
static int check_content(struct verify *v, const struct hb_evidence_item *i);
static int hash_content(struct verify *v, const struct hb_evidence_item *i,
                        enum found *ret);

int hb_evidence_verify(const char *dir, const struct hb_pub *pub,
                       struct hb_slice anchor, struct hb_evidence_report *ret,
                       struct hb_err *err)
{
    struct verify v = {.hashfd = -1, .pub = pub};
    _cleanup_close_ int dirfd = -1, logfd = -1, hashfd = -1;
    char why[128];
    int r;

    dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd >= 0)
        logfd = openat(dirfd, "log",
                       O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (logfd >= 0)
        hashfd = openat(dirfd, "sha256",
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (hashfd < 0 && logfd >= 0) {
        hashfd = openat(dirfd, "files",
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        v.report.package = hashfd >= 0;
    }
    if (hashfd < 0) {
        r = -errno;
        return hb_err_at(err, r, dir, 0, 0,
                         _("this evidence store could not be read: %s"),
                         hb_errno_text(r, why, sizeof(why)));
    }
    r = read_anchor(&v, anchor, err);
    if (r < 0)
        return r;
    v.hashfd = hashfd;
    v.line = hb_arena_new(0);
    v.arena = hb_arena_new(0);
    v.contents = hb_map_new();
    v.hash = hb_sha256_new();
    r = v.line == NULL || v.arena == NULL || v.contents == NULL ||
                v.hash == NULL
            ? -ENOMEM
            : walk(&v, logfd);
    if (r == 0 && v.report.package)
        r = hb_evid_sums(dirfd, pub, v.hash, &v.report.sums);
    if (r == 0)
        *ret = v.report;
    else
        (void)hb_err_at(err, r, dir, 0, 0,
                        _("this evidence store could not be read: %s"),
                        hb_errno_text(r, why, sizeof(why)));
    hb_sha256_free(v.hash);
    hb_map_free(v.contents);
    hb_arena_free(v.arena);
    hb_arena_free(v.line);
    return r;
}

bool hb_evidence_report_good(const struct hb_evidence_report *r)
{
    return r->bad_line == 0 && r->sums == 0 && r->missing == 0 &&
           r->changed == 0 && r->anchors_held == r->anchors;
}

static int read_anchor(struct verify *v, struct hb_slice anchor,
                       struct hb_err *err)
{
    int r;

    if (anchor.n == 0)
        return 0;
    r = hb_evid_anchors(anchor, v->anchors, HB_EVID_ANCHORS_MAX);
    if (r == 0)
        return hb_err_set(err, -EBADMSG,
                          _("The file that was named holds no checkpoint of "
                            "the evidence log. It must be a mail with a "
                            "checkpoint, saved whole, or the line with "
                            "number, digest, time and signature."));
    if (r < 0)
        return hb_err_set(err, r,
                          _("The file that was named holds too many "
                            "checkpoints."));
    v->report.anchors = r;
    v->anchors_n = (size_t)r;
    return 0;
}

static int walk(struct verify *v, int logfd)
{
    struct hb_evid_reader rd;
    struct hb_slice text;
    int r = hb_evid_reader_init(&rd, logfd);

    if (r < 0)
        return r;
    check_anchor(v);
    while ((r = hb_evid_reader_next(&rd, &text)) == 1) {
        v->report.lines++;
        r = check_line(v, text);
        if (r < 0)
            break;
        check_anchor(v);
    }
    count_anchors(v);
    v->report.torn = rd.torn;
    hb_evid_reader_done(&rd);
    return r;
}

/* Leaves the line's digest in V, for the line after it. */
static int check_line(struct verify *v, struct hb_slice text)
{
    struct hb_evid_line l;
    int r;

    hb_arena_reset(v->line);
    if (text.n == 0 || text.p[text.n - 1] != '\n') {
        bad(v, N_("it is too long"));
        hb_sha256(text.p, text.n, v->digest);
        return 0;
    }
    r = hb_evid_parse(v->line, hb_slice(text.p, text.n - 1), &l);
    if (r == -ENOMEM)
        return r;
    if (r == 0 && l.form == HB_EVID_GAP) {
        check_gap(v, &l);
        return 0;
    }
    if (r < 0)
        bad(v, N_("it is not written as the evidence log writes lines"));
    else
        r = check_place(v, &l);
    hb_evid_digest(text, v->digest);
    return r == -EBADMSG ? 0 : r;
}

static int check_place(struct verify *v, const struct hb_evid_line *l)
{
    if (memcmp(l->prev, v->digest, sizeof(l->prev)) != 0)
        bad(v, N_("it does not follow the line before"));
    else if (l->item.number != v->report.lines)
        bad(v, N_("its number is not its place"));
    else if (l->form == HB_EVID_V1 && v->version_2)
        bad(v, N_("it is older than the line before"));
    v->version_2 = v->version_2 || l->form != HB_EVID_V1;
    if (l->form == HB_EVID_SEALED) {
        v->report.sealed++;
        if (!v->report.package)
            bad(v, N_("its content was taken out"));
        return 0;
    }
    if (l->checkpoint) {
        struct hb_evid_anchor c = {.number = v->report.lines - 1,
                                   .time = l->item.time};

        v->report.checkpoints++;
        memcpy(c.digest, v->digest, sizeof(c.digest));
        memcpy(c.sig, l->sig, sizeof(c.sig));
        if (!signed_by(v, &c))
            bad(v, N_("its signature does not hold"));
        return 0;
    }
    v->report.items++;
    return l->item.sha256[0] != '\0' ? check_content(v, &l->item) : 0;
}

/* What it says of the lines left out is vouched for by the signatures behind
 * it, which cover its digest. */
static void check_gap(struct verify *v, const struct hb_evid_line *l)
{
    if (!v->report.package || v->version_2)
        bad(v, N_("lines were taken out"));
    else if (l->first != v->report.lines)
        bad(v, N_("its number is not its place"));
    v->report.gaps += l->item.number - l->first + 1;
    v->report.lines = l->item.number;
    memcpy(v->digest, l->last, sizeof(v->digest));
}

static void bad(struct verify *v, const char *why)
{
    if (v->report.bad_line != 0)
        return;
    v->report.bad_line = v->report.lines;
    v->report.bad_why = why;
}

static bool signed_by(const struct verify *v, const struct hb_evid_anchor *c)
{
    _cleanup_buf_ struct hb_buf msg = HB_BUF_INIT;

    hb_evid_signed_text(&msg, c);
    return hb_buf_err(&msg) == 0 &&
           hb_verify(v->pub, "checkpoint", hb_buf_slice(&msg), c->sig) == 0;
}

/* The anchor names a line by its place and its digest; a chain that was made
 * anew, shortened or signed with another key has no such line. */
static void check_anchor(struct verify *v)
{
    for (size_t i = 0; i < v->anchors_n; i++)
        if (v->report.lines == v->anchors[i].number &&
            memcmp(v->digest, v->anchors[i].digest, sizeof(v->digest)) == 0 &&
            signed_by(v, &v->anchors[i]))
            v->held[i] = true;
}

static void count_anchors(struct verify *v)
{
    int64_t lost = INT64_MAX;

    for (size_t i = 0; i < v->anchors_n; i++) {
        v->report.anchors_held += v->held[i];
        if (!v->held[i])
            lost = HB_MIN(lost, v->anchors[i].number);
    }
    if (lost != INT64_MAX)
        v->report.anchor_lost = lost;
}

/* A content that a thousand lines name is hashed once. */
static int check_content(struct verify *v, const struct hb_evidence_item *i)
{
    enum found found = FOUND_MISSING;
    struct hb_slice key;
    char *name;
    void *known;
    int r;

    name = hb_arena_printf(v->line, "%s %lld", i->sha256, (long long)i->size);
    if (name == NULL)
        return -ENOMEM;
    known = hb_map_get(v->contents, hb_slice_z(name));
    if (known != NULL) {
        found = (enum found)(uintptr_t)known;
    } else {
        r = hash_content(v, i, &found);
        if (r < 0)
            return r;
        name = hb_arena_strdup(v->arena, name);
        if (name == NULL)
            return -ENOMEM;
        key = hb_slice_z(name);
        r = hb_map_put(v->contents, key, (void *)(uintptr_t)found);
        if (r < 0)
            return r;
    }
    v->report.missing += found == FOUND_MISSING;
    v->report.changed += found == FOUND_CHANGED;
    if (found != FOUND_SAME && v->report.first_lost == 0)
        v->report.first_lost = v->report.lines;
    return 0;
}

static int hash_content(struct verify *v, const struct hb_evidence_item *i,
                        enum found *ret)
{
    _cleanup_close_ int fd = -1;
    uint8_t digest[HB_SHA256_SIZE];
    char place[66], hex[65];
    uint64_t n;
    int r;

    if (v->report.package)
        (void)hb_copyz(place, sizeof(place), i->sha256);
    else
        hb_evid_place(i->sha256, place);
    fd = openat(v->hashfd, place,
                O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        if (errno == EACCES || errno == EMFILE || errno == ENFILE)
            return -errno;
        *ret = FOUND_MISSING;
        return 0;
    }
    /* Never past its size: what was put there instead may be endless. */
    r = hb_sha256_fd(v->hash, fd, (uint64_t)i->size, digest, &n);
    if (r == -ENOMEM)
        return r;
    *ret = FOUND_CHANGED;
    if (r < 0)
        return 0;
    hb_hex(digest, sizeof(digest), hex);
    if (hb_streq(hex, i->sha256) && n == (uint64_t)i->size)
        *ret = FOUND_SAME;
    return 0;
}
