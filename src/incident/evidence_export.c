/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_export.c - a package of evidence for a stranger (police, a court,
 * a forensic company) who has sha256sum and openssl and nothing of ours.
 *
 * Runs in core.  The whole chain goes along, because it is only whole as a
 * whole; of the lines and contents those of the incident, so that what others
 * suffered stays with us (0007).  Each content is hashed
 * again while it is copied: what is not what the log says is not handed over.
 * The package's own VERIFY.sh is a convenience; README.txt tells how to check
 * by hand, since a forged package would bring a forged script.
 *
 * The log tells when a package was begun, and when that failed: a line that
 * says it was handed over would be written before it is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/map.h"
#include "base/num.h"
#include "base/show.h"
#include "incident/evidence_log.h"

#define CHUNK    ((size_t)64 << 10)
#define READABLE 0644

/* A content that was not copied yet. */
struct piece {
    struct piece *next;
    int64_t number, size;
    char sha256[65];
};

struct hb_export {
    struct hb_evidence *e;
    const char *to, *by;
    int dirfd, filesfd;
    int64_t incident;
    bool begun; /* and the log says so */
    struct hb_arena *arena;
    struct hb_map *copied; /* hash -> itself */
    struct hb_buf sums;    /* SHA256SUMS */
    struct hb_buf list;    /* ITEMS.txt */
    char log_hex[65];      /* of its log */
    struct piece *first, **last;
    bool whole;
    struct hb_err *err; /* of who calls now */
};

static int begin(struct hb_export *p);
static int note(struct hb_export *p, const char *source);
static int failed(const struct hb_export *p, int r, struct hb_err *err);
static bool told(const struct hb_export *p, const struct hb_evidence_item *i);
static int fill(struct hb_export *p);
static int take_item(void *arg, const struct hb_evidence_item *item);
static int copy_content(struct hb_export *p, const struct piece *i);
static int copy_to(int from, int to, uint64_t max, char hex[65]);
static int copy_log(struct hb_export *p);
static int seal_log(struct hb_export *p, int to, char hex[65]);
static int seal_line(struct hb_export *p, struct hb_arena *a,
                     struct hb_slice text, int64_t number,
                     struct hb_evid_line *gap, struct hb_buf *out);
static int add_text(struct hb_export *p, const char *name,
                    const struct hb_buf *b);
static int seal(struct hb_export *p);
static int key_id(const struct hb_key *key, char ret[17]);

int hb_export_new(struct hb_evidence *e, int64_t incident, const char *to,
                  const char *by, struct hb_export **ret, struct hb_err *err)
{
    struct hb_arena *a;
    struct hb_export *p;
    char why[128];
    int r;

    HB_CHECK(e, HB_EVIDENCE_MAGIC);
    if (e->key == NULL)
        return hb_err_set(err, -ENOKEY,
                          _("There is no evidence key to sign the package "
                            "with."));
    if (mkdir(to, 0700) < 0) {
        r = -errno;
        return hb_err_at(err, r, to, 0, 0, "%s",
                         hb_errno_text(r, why, sizeof(why)));
    }
    a = hb_arena_new(0);
    p = a != NULL ? HB_NEW(a, struct hb_export) : NULL;
    if (p == NULL) {
        hb_arena_free(a);
        (void)rmdir(to);
        return -ENOMEM;
    }
    *p = (struct hb_export){.e = e,
                            .to = hb_arena_strdup(a, to),
                            .by = hb_arena_strdup(a, by),
                            .dirfd = -1,
                            .filesfd = -1,
                            .incident = incident,
                            .err = err,
                            .arena = a,
                            .copied = hb_map_new(),
                            .last = &p->first,
                            .sums = HB_BUF_INIT,
                            .list = HB_BUF_INIT};
    if (p->to == NULL || p->by == NULL || p->copied == NULL) {
        hb_export_free(p);
        (void)rmdir(to);
        return -ENOMEM;
    }
    r = begin(p);
    if (r < 0) {
        r = failed(p, r, err);
        hb_export_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

int hb_export_step(struct hb_export *p, uint64_t bytes, struct hb_err *err)
{
    uint64_t done = 0;
    int r = 0;

    p->err = err;
    while (r == 0 && p->first != NULL && done < bytes) {
        done += (uint64_t)p->first->size;
        r = copy_content(p, p->first);
        p->first = p->first->next;
    }
    if (r == 0 && p->first != NULL)
        return 1;
    if (r == 0)
        r = fill(p);
    p->whole = r == 0;
    return r < 0 ? failed(p, r, err) : 0;
}

void hb_export_free(struct hb_export *p)
{
    if (p == NULL)
        return;
    hb_map_free(p->copied);
    hb_buf_done(&p->sums);
    hb_buf_done(&p->list);
    hb_close(&p->filesfd);
    hb_close(&p->dirfd);
    /* Half a package must not be mistaken for a whole one.  Where not even the
     * line can be written the store takes nothing any more, which others
     * tell. */
    if (!p->whole && p->to != NULL) {
        (void)!hb_rmtree(AT_FDCWD, p->to);
        if (p->begun)
            (void)!note(p, "package for a stranger, failed and removed");
    }
    hb_arena_free(p->arena);
}

static int failed(const struct hb_export *p, int r, struct hb_err *err)
{
    char why[128];

    return hb_err_at(err, r, p->to, 0, 0,
                     _("The package could not be written: %s"),
                     hb_errno_text(r, why, sizeof(why)));
}

/* The handing over stands in the log, and the log that goes along ends with
 * a signature. */
static int begin(struct hb_export *p)
{
    struct hb_slice text;
    int r;

    p->dirfd = open(p->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (p->dirfd < 0)
        return -errno;
    if (mkdirat(p->dirfd, "files", 0700) < 0)
        return -errno;
    p->filesfd = openat(p->dirfd, "files",
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (p->filesfd < 0)
        return -errno;
    r = note(p, "package for a stranger, begun");
    p->begun = r == 0;
    if (r == 0)
        r = hb_evidence_checkpoint(p->e, p->arena, &text);
    /* At once: what comes later is not of this package. */
    if (r == 0)
        r = hb_evidence_each(p->e, 0, take_item, p);
    return r < 0 ? r : copy_log(p);
}

static int note(struct hb_export *p, const char *source)
{
    struct hb_evidence_item item = {.incident = p->incident,
                                    .kind = "export",
                                    .name = p->to,
                                    .taken_by = p->by,
                                    .source = source};

    return hb_evidence_note(p->e, &item);
}

/* What the stranger reads of the log: also that somebody tampered with the
 * store, which is of no incident and everybody's business. */
static bool told(const struct hb_export *p, const struct hb_evidence_item *i)
{
    return p->incident == 0 || i->incident == p->incident ||
           (i->incident == 0 && hb_streq(i->kind, "note") &&
            hb_streq(i->taken_by, "role:core"));
}

static int fill(struct hb_export *p)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    _cleanup_buf_ struct hb_buf path = HB_BUF_INIT;
    char id[17];
    int r = hb_fsync(p->filesfd);

    hb_buf_addf(&p->sums, "%s  log\n", p->log_hex);
    if (r == 0)
        r = add_text(p, "ITEMS.txt", &p->list);
    if (r == 0)
        r = key_id(p->e->key, id);
    if (r < 0)
        return r;
    hb_evid_readme(&b, id);
    r = add_text(p, "README.txt", &b);
    hb_buf_reset(&b);
    hb_buf_addz(&b, hb_evid_verify_sh);
    if (r == 0)
        r = add_text(p, "VERIFY.sh", &b);
    hb_buf_addf(&path, "%s/evidence.pub", p->to);
    if (r == 0)
        r = hb_buf_err(&path);
    if (r == 0)
        r = hb_pub_save(p->e->key, hb_buf_z(&path), p->err);
    return r < 0 ? r : seal(p);
}

static int take_item(void *arg, const struct hb_evidence_item *item)
{
    struct hb_export *p = arg;
    struct piece *one;
    char time[32];

    if (!told(p, item))
        return 0;
    hb_buf_addf(&p->list, "%lld  %s  ", (long long)item->number,
                hb_time_utc(item->time, time, sizeof(time)));
    hb_show(&p->list, hb_slice_z(item->kind));
    hb_buf_addz(&p->list, "  ");
    hb_show(&p->list, hb_slice_z(item->name));
    hb_buf_addz(&p->list, "\n    ");
    hb_show(&p->list, hb_slice_z(item->taken_by));
    hb_buf_addz(&p->list, ": ");
    hb_show(&p->list, hb_slice_z(item->source));
    if (item->sha256[0] != '\0')
        hb_buf_addf(&p->list, "\n    files/%s  %lld", item->sha256,
                    (long long)item->size);
    hb_buf_addc(&p->list, '\n');
    if (hb_buf_err(&p->list) < 0)
        return hb_buf_err(&p->list);
    if (item->sha256[0] == '\0')
        return 0;
    one = HB_NEW(p->arena, struct piece);
    if (one == NULL)
        return -ENOMEM;
    *one = (struct piece){.number = item->number, .size = item->size};
    (void)hb_copyz(one->sha256, sizeof(one->sha256), item->sha256);
    *p->last = one;
    p->last = &one->next;
    return 0;
}

static int copy_content(struct hb_export *p, const struct piece *i)
{
    _cleanup_close_ int from = -1, to = -1;
    char place[66], hex[65];
    char *name;
    int r;

    if (hb_map_get(p->copied, hb_slice_z(i->sha256)) != NULL)
        return 0;
    hb_evid_place(i->sha256, place);
    from = openat(p->e->hashfd, place,
                  O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (from < 0)
        return hb_err_set(p->err, -EUCLEAN,
                          _("The content of entry %lld is missing in the "
                            "evidence store; see \"hinoban evidence "
                            "verify\"."),
                          (long long)i->number);
    to = openat(p->filesfd, i->sha256,
                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
    if (to < 0)
        return -errno;
    r = copy_to(from, to, (uint64_t)i->size, hex);
    if (r == 0 && fchmod(to, 0444) < 0)
        r = -errno;
    if (r == 0)
        r = hb_fsync(to);
    if (r < 0 && r != -EFBIG && r != -EINVAL)
        return r;
    if (r < 0 || !hb_streq(hex, i->sha256))
        return hb_err_set(p->err, -EUCLEAN,
                          _("The content of entry %lld was changed in the "
                            "evidence store; see \"hinoban evidence "
                            "verify\"."),
                          (long long)i->number);
    name = hb_arena_strdup(p->arena, i->sha256);
    if (name == NULL)
        return -ENOMEM;
    hb_buf_addf(&p->sums, "%s  files/%s\n", hex, hex);
    r = hb_map_put(p->copied, hb_slice_z(name), name);
    return r < 0 ? r : hb_buf_err(&p->sums);
}

static int copy_to(int from, int to, uint64_t max, char hex[65])
{
    struct hb_sha256 *h = hb_sha256_new();
    uint8_t digest[HB_SHA256_SIZE];
    char chunk[CHUNK];
    struct stat st;
    uint64_t at = 0;
    ssize_t n = 0;
    int r = 0;

    if (h == NULL)
        return -ENOMEM;
    if (fstat(from, &st) < 0)
        r = -errno;
    else if (!S_ISREG(st.st_mode))
        r = -EINVAL;
    while (r == 0 &&
           (n = hb_pread_full(from, chunk, sizeof(chunk), (off_t)at)) > 0) {
        if ((uint64_t)n > max - at) {
            r = -EFBIG;
            break;
        }
        hb_sha256_add(h, chunk, (size_t)n);
        r = hb_write_all(to, chunk, (size_t)n);
        at += (uint64_t)n;
    }
    if (r == 0 && n < 0)
        r = (int)n;
    if (r == 0) {
        hb_sha256_end(h, digest);
        hb_hex(digest, sizeof(digest), hex);
    }
    hb_sha256_free(h);
    return r;
}

static int copy_log(struct hb_export *p)
{
    _cleanup_close_ int to = -1;
    int r;

    to = openat(p->dirfd, "log",
                O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0)
        return -errno;
    r = p->incident == 0
            ? copy_to(p->e->logfd, to, (uint64_t)p->e->length, p->log_hex)
            : seal_log(p, to, p->log_hex);
    if (r == 0 && fchmod(to, READABLE) < 0)
        r = -errno;
    if (r == 0)
        r = hb_fsync(to);
    return r;
}

/* The log with the lines that are not told sealed. */
static int seal_log(struct hb_export *p, int to, char hex[65])
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    struct hb_evid_line gap = {.form = HB_EVID_GAP};
    struct hb_sha256 *h = hb_sha256_new();
    uint8_t digest[HB_SHA256_SIZE];
    struct hb_evid_reader rd = {0};
    struct hb_slice text;
    int64_t number = 0;
    int r = a == NULL || h == NULL ? -ENOMEM
                                   : hb_evid_reader_init(&rd, p->e->logfd);

    while (r >= 0 && (r = hb_evid_reader_next(&rd, &text)) == 1) {
        hb_arena_reset(a);
        hb_buf_reset(&out);
        r = seal_line(p, a, text, ++number, &gap, &out);
        if (r == 0)
            r = hb_write_all(to, hb_buf_z(&out), out.n);
        if (r < 0)
            break;
        hb_sha256_add(h, hb_buf_z(&out), out.n);
    }
    if (r == 0) {
        hb_sha256_end(h, digest);
        hb_hex(digest, sizeof(digest), hex);
    }
    hb_evid_reader_done(&rd);
    hb_sha256_free(h);
    return r;
}

/* Appends to OUT what goes along of the line TEXT; a GAP that grows is held
 * back until a line comes that is in clear. */
static int seal_line(struct hb_export *p, struct hb_arena *a,
                     struct hb_slice text, int64_t number,
                     struct hb_evid_line *gap, struct hb_buf *out)
{
    struct hb_evid_line l;
    bool clear;
    int r = text.n == 0 ? -EBADMSG
                        : hb_evid_parse(a, hb_slice(text.p, text.n - 1), &l);

    if (r < 0 || l.form > HB_EVID_V1)
        return r == -ENOMEM
                   ? r
                   : hb_err_set(p->err, -EUCLEAN,
                                _("Line %lld of the evidence log does not "
                                  "hold, so nobody knows whose it is. Export "
                                  "the whole log, or see \"hinoban evidence "
                                  "verify\"."),
                                (long long)number);
    clear = l.checkpoint || told(p, &l.item);
    if (!clear && l.form == HB_EVID_V1) {
        if (gap->first == 0)
            gap->first = number;
        gap->item.number = number;
        hb_evid_digest(text, gap->last);
        return 0;
    }
    if (gap->first != 0) {
        r = hb_evid_encode(out, gap);
        gap->first = 0;
    }
    l.form = clear ? l.form : HB_EVID_SEALED;
    return r < 0 ? r : hb_evid_encode(out, &l);
}

static int add_text(struct hb_export *p, const char *name,
                    const struct hb_buf *b)
{
    uint8_t digest[HB_SHA256_SIZE];
    char hex[65];
    int r = hb_buf_err(b);

    if (r == 0)
        r = hb_file_write_at(p->dirfd, name, hb_buf_z(b), b->n, READABLE);
    if (r < 0)
        return r;
    hb_sha256(hb_buf_z(b), b->n, digest);
    hb_hex(digest, sizeof(digest), hex);
    hb_buf_addf(&p->sums, "%s  %s\n", hex, name);
    return hb_buf_err(&p->sums);
}

/* SHA256SUMS with evidence.pub in it, and the signature over it. */
static int seal(struct hb_export *p)
{
    _cleanup_buf_ struct hb_buf message = HB_BUF_INIT;
    uint8_t sig[HB_SIG_SIZE], digest[HB_SHA256_SIZE];
    struct hb_slice pub;
    char hex[65];
    int r = hb_file_read_at(p->arena, p->dirfd, "evidence.pub", CHUNK, &pub);

    if (r < 0)
        return r;
    hb_sha256(pub.p, pub.n, digest);
    hb_hex(digest, sizeof(digest), hex);
    hb_buf_addf(&p->sums, "%s  evidence.pub\n", hex);
    hb_sign_message(&message, "export", hb_buf_slice(&p->sums));
    r = hb_buf_err(&p->sums) < 0 ? hb_buf_err(&p->sums) : hb_buf_err(&message);
    if (r == 0)
        r = hb_sign(p->e->key, "export", hb_buf_slice(&p->sums), sig);
    if (r == 0)
        r = hb_file_write_at(p->dirfd, "SHA256SUMS", p->sums.p, p->sums.n,
                             READABLE);
    if (r == 0)
        r = hb_file_write_at(p->dirfd, "SHA256SUMS.signed", message.p,
                             message.n, READABLE);
    if (r == 0)
        r = hb_file_write_at(p->dirfd, "SHA256SUMS.sig", sig, sizeof(sig),
                             READABLE);
    /* Whatever our umask is: the directory that it lies in is ours alone, and
     * whoever is handed this one may read it. */
    if (r == 0 && (fchmod(p->filesfd, 0755) < 0 || fchmod(p->dirfd, 0755) < 0))
        r = -errno;
    return r;
}

static int key_id(const struct hb_key *key, char ret[17])
{
    struct hb_pub *pub;
    int r = hb_key_pub(key, &pub);

    if (r < 0)
        return r;
    hb_pub_id(pub, ret);
    hb_pub_free(pub);
    return 0;
}
