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
#include <dirent.h>
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
    /* Items in clear since the last gap or checkpoint from outside. */
    struct hb_evidence_lines pending;
};

static int open_contents(struct verify *v, int dirfd,
                         enum hb_evidence_where where);
static int read_all(struct verify *v, int dirfd, int logfd);
static int read_anchor(struct verify *v, struct hb_slice anchor,
                       struct hb_err *err);
static int walk(struct verify *v, int logfd);
static int check_line(struct verify *v, struct hb_slice text);
static int check_place(struct verify *v, const struct hb_evid_line *l);
static void count(struct hb_evidence_lines *lines, int64_t number);
static void check_gap(struct verify *v, const struct hb_evid_line *l);
static void bad(struct verify *v, const char *why);
static bool signed_by(const struct verify *v, const struct hb_evid_anchor *c);
static void check_anchor(struct verify *v);
static void count_anchors(struct verify *v);
static int check_content(struct verify *v, const struct hb_evidence_item *i);
static int remember(struct verify *v, const char *name, enum found found);
static int hash_content(struct verify *v, const struct hb_evidence_item *i,
                        enum found *ret);
static int count_extra(struct verify *v);

int hb_evidence_verify(const char *dir, enum hb_evidence_where where,
                       const struct hb_pub *pub, struct hb_slice anchor,
                       struct hb_evidence_report *ret, struct hb_err *err)
{
    struct verify v = {.hashfd = -1, .pub = pub};
    _cleanup_close_ int dirfd = -1, logfd = -1;
    char why[128];
    int r = 0;

    dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd >= 0)
        logfd = openat(dirfd, "log",
                       O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    r = logfd < 0 ? -errno : open_contents(&v, dirfd, where);
    if (r < 0)
        return hb_err_at(err, r, dir, 0, 0,
                         _("this evidence store could not be read: %s"),
                         hb_errno_text(r, why, sizeof(why)));
    r = read_anchor(&v, anchor, err);
    if (r == 0) {
        r = read_all(&v, dirfd, logfd);
        if (r == 0)
            *ret = v.report;
        else
            (void)hb_err_at(err, r, dir, 0, 0,
                            _("this evidence store could not be read: %s"),
                            hb_errno_text(r, why, sizeof(why)));
    }
    hb_close(&v.hashfd);
    return r;
}

bool hb_evidence_report_changed(const struct hb_evidence_report *r)
{
    return r->bad_line != 0 || r->sums != 0 || r->extra != 0 ||
           r->missing != 0 || r->changed != 0 || r->anchors_held != r->anchors;
}

bool hb_evidence_report_good(const struct hb_evidence_report *r)
{
    return !hb_evidence_report_changed(r) &&
           (r->anchors == 0 || r->unproven_n == 0);
}

static int open_contents(struct verify *v, int dirfd,
                         enum hb_evidence_where where)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

    v->hashfd = openat(dirfd, "sha256", flags);
    if (v->hashfd < 0 && where == HB_EVIDENCE_ANY) {
        v->hashfd = openat(dirfd, "files", flags);
        v->report.package = v->hashfd >= 0;
    }
    return v->hashfd < 0 ? -errno : 0;
}

static int read_all(struct verify *v, int dirfd, int logfd)
{
    int r;

    v->line = hb_arena_new(0);
    v->arena = hb_arena_new(0);
    v->contents = hb_map_new();
    v->hash = hb_sha256_new();
    r = v->line == NULL || v->arena == NULL || v->contents == NULL ||
                v->hash == NULL
            ? -ENOMEM
            : walk(v, logfd);
    if (r == 0 && v->report.package)
        r = count_extra(v);
    if (r == 0 && v->report.package)
        r = hb_evid_sums(dirfd, v->pub, v->hash, &v->report.sums);
    hb_sha256_free(v->hash);
    hb_map_free(v->contents);
    hb_arena_free(v->arena);
    hb_arena_free(v->line);
    return r;
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
    if (v->report.anchors_held > 0)
        v->report.newer = v->pending;
    /* What was exported was whole, and signed at its end. */
    if (r == 0 && v->report.package && v->report.torn > 0) {
        v->report.lines++;
        bad(v, N_("it has no end"));
        v->report.lines--;
    }
    if (v->report.package && v->report.checkpoints == 0 &&
        v->report.bad_line == 0) {
        v->report.bad_line = 1;
        v->report.bad_why = N_("there is no checkpoint in the log");
    }
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
    if (l->form == HB_EVID_V1) /* So what was left out before it was, too. */
        v->report.gap = (struct hb_evidence_lines){0};
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
    count(&v->pending, v->report.lines);
    return l->item.sha256[0] != '\0' ? check_content(v, &l->item) : 0;
}

static void count(struct hb_evidence_lines *lines, int64_t number)
{
    if (lines->first == 0)
        lines->first = number;
    lines->last = number;
}

/* What it says of the lines left out is vouched for by what stands behind it,
 * which covers its digest.  Nothing behind covers the lines before it. */
static void check_gap(struct verify *v, const struct hb_evid_line *l)
{
    struct hb_evidence_report *r = &v->report;

    if (!r->package || v->version_2 || l->first != r->lines) {
        bad(v, !r->package || v->version_2 ? N_("lines were taken out")
                                           : N_("its number is not its place"));
        return;
    }
    /* An old line forgets it, one of version 2 lets no more come: so it is
     * the line before, and one of the two would not be named. */
    if (r->gap.first != 0)
        bad(v, N_("it is not written as the evidence log writes lines"));
    r->gaps += l->item.number - l->first + 1;
    r->gap = (struct hb_evidence_lines){l->first, l->item.number};
    r->lines = l->item.number;
    memcpy(v->digest, l->last, sizeof(v->digest));
    if (v->pending.first == 0)
        return;
    if (r->unproven_n < HB_EVIDENCE_UNPROVEN)
        r->unproven[r->unproven_n] = v->pending;
    r->unproven_n++;
    v->pending = (struct hb_evidence_lines){0};
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
            signed_by(v, &v->anchors[i])) {
            v->held[i] = true;
            v->pending = (struct hb_evidence_lines){0};
        }
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
        r = remember(v, name, found);
        /* Under its name alone, too, for count_extra(). */
        if (r == 0)
            r = remember(v, i->sha256, found);
        if (r < 0)
            return r;
    }
    v->report.missing += found == FOUND_MISSING;
    v->report.changed += found == FOUND_CHANGED;
    if (found != FOUND_SAME && v->report.first_lost == 0)
        v->report.first_lost = v->report.lines;
    return 0;
}

static int remember(struct verify *v, const char *name, enum found found)
{
    char *key = hb_arena_strdup(v->arena, name);

    return key == NULL ? -ENOMEM
                       : hb_map_put(v->contents, hb_slice_z(key),
                                    (void *)(uintptr_t)found);
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

/* Whoever opens the package takes all that lies there for evidence. */
static int count_extra(struct verify *v)
{
    int fd = openat(v->hashfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *e;
    int r = d == NULL ? -errno : 0;

    if (d == NULL) {
        hb_close(&fd);
        return r;
    }
    for (errno = 0; (e = readdir(d)) != NULL; errno = 0)
        v->report.extra +=
            !hb_streq(e->d_name, ".") && !hb_streq(e->d_name, "..") &&
            hb_map_get(v->contents, hb_slice_z(e->d_name)) == NULL;
    r = -errno;
    (void)closedir(d);
    return r;
}
