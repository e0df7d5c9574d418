/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_log.c - writes and reads the lines of the evidence log.
 *
 * Runs in core and in `hinoban evidence verify`.  Nothing in the log is
 * trusted: whoever is root may have written it.  A line counts only where
 * writing what was read gives the same bytes again, so that nobody can show
 * two readers two things.
 */
#include "incident/evidence_log.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mime.h"
#include "base/num.h"
#include "base/show.h"

#define CHUNK     ((size_t)64 << 10)
#define LINES_MAX (INT64_C(1) << 48)
#define HEAD_MAX  160u /* "v2", a number, two digests */

static int add_v2(struct hb_buf *b, const struct hb_evid_line *l);
static void add_head(struct hb_buf *b, const struct hb_evid_line *l,
                     const uint8_t seal[HB_SHA256_SIZE]);
static int add_body(struct hb_buf *b, const struct hb_evid_line *l);
static int add_item(struct hb_arena *a, struct hb_json *o,
                    const struct hb_evidence_item *i);
static int add_name(struct hb_arena *a, struct hb_json *o, const char *name);
static int add_visible(struct hb_arena *a, struct hb_json *o, const char *key,
                       const char *z);
static int read_v1(struct hb_arena *a, struct hb_slice text,
                   struct hb_evid_line *l);
static int read_v2(struct hb_arena *a, struct hb_slice text,
                   struct hb_evid_line *l);
static int read_gap(struct hb_slice text, struct hb_evid_line *l);
static int read_body(struct hb_arena *a, const struct hb_json *o,
                     struct hb_evid_line *l);
static struct hb_slice word(struct hb_slice *s);
static bool begins(struct hb_slice s, const char *z);
static int read_item(struct hb_arena *a, const struct hb_json *o,
                     struct hb_evidence_item *i);
static int read_name(struct hb_arena *a, const struct hb_json *o,
                     const char **ret);
static int fill(struct hb_evid_reader *rd);

int hb_evid_encode(struct hb_buf *b, const struct hb_evid_line *l)
{
    size_t before = b->n;
    char hex[2 * HB_SHA256_SIZE + 1];
    int r = 0;

    switch (l->form) {
    case HB_EVID_V2:
        r = add_v2(b, l);
        break;
    case HB_EVID_V1:
        r = add_body(b, l);
        break;
    case HB_EVID_SEALED:
        add_head(b, l, l->seal);
        break;
    case HB_EVID_GAP:
        hb_hex(l->last, sizeof(l->last), hex);
        hb_buf_addf(b, "gap %lld %lld %s", (long long)l->first,
                    (long long)l->item.number, hex);
        break;
    }
    if (r < 0)
        return r;
    hb_buf_addc(b, '\n');
    if (hb_buf_err(b) == 0 && b->n - before > HB_EVID_LINE_MAX)
        return -EFBIG;
    return hb_buf_err(b);
}

int hb_evid_parse(struct hb_arena *a, struct hb_slice text,
                  struct hb_evid_line *ret)
{
    _cleanup_buf_ struct hb_buf again = HB_BUF_INIT;
    struct hb_evid_line l = {0};
    int r;

    if (text.n >= HB_EVID_LINE_MAX)
        return -EBADMSG;
    if (begins(text, "v2 "))
        r = read_v2(a, text, &l);
    else if (begins(text, "gap "))
        r = read_gap(text, &l);
    else
        r = read_v1(a, text, &l);
    if (r < 0)
        return r;
    r = hb_evid_encode(&again, &l);
    if (r == -ENOMEM)
        return r;
    if (r < 0 || again.n != text.n + 1 || memcmp(again.p, text.p, text.n) != 0)
        return -EBADMSG;
    *ret = l;
    return 0;
}

void hb_evid_digest(struct hb_slice text, uint8_t ret[HB_SHA256_SIZE])
{
    char head[HEAD_MAX + 1];
    size_t n = 0, blanks = 0;

    if (begins(text, "v2 ")) {
        while (n < text.n && n < HEAD_MAX && text.p[n] != '\n' && blanks < 4)
            blanks += text.p[n++] == ' ';
        /* The fourth blank, or the end of a line that is sealed. */
        if (blanks == 4 || (blanks == 3 && n < text.n && text.p[n] == '\n')) {
            n -= blanks == 4;
            memcpy(head, text.p, n);
            head[n] = '\n';
            hb_sha256(head, n + 1, ret);
            return;
        }
    }
    hb_sha256(text.p, text.n, ret);
}

int hb_evid_reader_init(struct hb_evid_reader *rd, int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    *rd = (struct hb_evid_reader){.fd = fd, .end = st.st_size};
    hb_buf_init(&rd->buf, HB_EVID_LINE_MAX + CHUNK);
    return 0;
}

void hb_evid_reader_done(struct hb_evid_reader *rd)
{
    hb_buf_done(&rd->buf);
}

int hb_evid_reader_next(struct hb_evid_reader *rd, struct hb_slice *ret)
{
    bool too_long = false;

    for (;;) {
        size_t n = rd->buf.n - rd->used;
        const char *p = n > 0 ? rd->buf.p + rd->used : NULL;
        const char *end = n > 0 ? memchr(p, '\n', n) : NULL;
        int r;

        if (end != NULL) {
            size_t len = (size_t)(end - p) + 1;

            rd->used += len;
            *ret = hb_slice(p, HB_MIN(len, (size_t)HB_EVID_LINE_MAX));
            if (too_long)
                *ret = hb_slice("", 0);
            return 1;
        }
        if (n >= HB_EVID_LINE_MAX) {
            /* Nothing of ours: only its end is looked for. */
            too_long = true;
            rd->torn += (int64_t)n;
            hb_buf_reset(&rd->buf);
            rd->used = 0;
        }
        r = fill(rd);
        if (r < 0)
            return r;
        if (r == 0) {
            rd->torn =
                (too_long ? rd->torn : 0) + (int64_t)(rd->buf.n - rd->used);
            return 0;
        }
    }
}

void hb_evid_place(const char sha256[65], char *dst)
{
    (void)snprintf(dst, 66, "%.2s/%s", sha256, sha256 + 2);
}

static int add_v2(struct hb_buf *b, const struct hb_evid_line *l)
{
    _cleanup_buf_ struct hb_buf sealed = HB_BUF_INIT;
    char salt[2 * HB_EVID_SALT + 1];
    uint8_t seal[HB_SHA256_SIZE];
    int r;

    hb_hex(l->salt, sizeof(l->salt), salt);
    hb_buf_addf(&sealed, "%s ", salt);
    r = add_body(&sealed, l);
    hb_buf_addc(&sealed, '\n');
    if (r == 0)
        r = hb_buf_err(&sealed);
    if (r < 0)
        return r;
    hb_sha256(sealed.p, sealed.n, seal);
    add_head(b, l, seal);
    hb_buf_addc(b, ' ');
    hb_buf_add(b, sealed.p, sealed.n - 1);
    return 0;
}

static void add_head(struct hb_buf *b, const struct hb_evid_line *l,
                     const uint8_t seal[HB_SHA256_SIZE])
{
    char prev[2 * HB_SHA256_SIZE + 1], hex[2 * HB_SHA256_SIZE + 1];

    hb_hex(l->prev, sizeof(l->prev), prev);
    hb_hex(seal, HB_SHA256_SIZE, hex);
    hb_buf_addf(b, "v2 %lld %s %s", (long long)l->item.number, prev, hex);
}

/* The JSON of a line; in version 1 that is all of it. */
static int add_body(struct hb_buf *b, const struct hb_evid_line *l)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf sig = HB_BUF_INIT;
    char prev[2 * HB_SHA256_SIZE + 1], time[48];
    struct hb_json *o;
    int r = 0;

    if (a == NULL || (o = hb_json_new(a, HB_JSON_OBJ)) == NULL)
        return -ENOMEM;
    hb_hex(l->prev, sizeof(l->prev), prev);
    if (l->form == HB_EVID_V1 &&
        (hb_json_add_int(a, o, "number", l->item.number) == NULL ||
         hb_json_add_str(a, o, "prev", prev) == NULL))
        return -ENOMEM;
    if (hb_json_add_str(a, o, "time",
                        hb_evid_time_text(l->item.time, time, sizeof(time))) ==
        NULL)
        return -ENOMEM;
    if (l->checkpoint) {
        hb_base64_encode(&sig, l->sig, sizeof(l->sig));
        if (hb_buf_err(&sig) < 0 ||
            hb_json_add_str(a, o, "kind", "checkpoint") == NULL ||
            hb_json_add_str(a, o, "sig", hb_buf_z(&sig)) == NULL)
            return -ENOMEM;
    } else {
        r = add_item(a, o, &l->item);
    }
    return r < 0 ? r : hb_json_write_jcs(b, o);
}

static int add_item(struct hb_arena *a, struct hb_json *o,
                    const struct hb_evidence_item *i)
{
    int r = add_visible(a, o, "kind", i->kind);

    if (r == 0)
        r = add_visible(a, o, "taken_by", i->taken_by);
    if (r == 0)
        r = add_visible(a, o, "source", i->source);
    if (r == 0)
        r = add_name(a, o, i->name);
    if (r == 0 && hb_json_add_int(a, o, "incident", i->incident) == NULL)
        r = -ENOMEM;
    if (r == 0 && i->sha256[0] != '\0' &&
        (hb_json_add_str(a, o, "sha256", i->sha256) == NULL ||
         hb_json_add_int(a, o, "size", i->size) == NULL))
        r = -ENOMEM;
    return r;
}

static int read_v1(struct hb_arena *a, struct hb_slice text,
                   struct hb_evid_line *l)
{
    struct hb_json *o;
    int r = hb_json_parse(a, text, &o, NULL);

    if (r < 0)
        return r == -ENOMEM ? r : -EBADMSG;
    l->form = HB_EVID_V1;
    l->item.number = hb_json_int(o, "number", -1);
    if (l->item.number < 1 || hb_unhex(hb_slice_z(hb_json_str(o, "prev", "")),
                                       l->prev, sizeof(l->prev)) < 0)
        return -EBADMSG;
    return read_body(a, o, l);
}

static int read_v2(struct hb_arena *a, struct hb_slice text,
                   struct hb_evid_line *l)
{
    struct hb_slice rest = hb_slice(text.p + 3, text.n - 3);
    struct hb_slice number = word(&rest), prev = word(&rest);
    struct hb_slice seal = word(&rest), salt;
    struct hb_json *o;
    int r;

    if (hb_parse_i64(number, &l->item.number) < 0 || l->item.number < 1 ||
        hb_unhex(prev, l->prev, sizeof(l->prev)) < 0 ||
        hb_unhex(seal, l->seal, sizeof(l->seal)) < 0)
        return -EBADMSG;
    l->form = HB_EVID_SEALED;
    if (rest.n == 0)
        return 0;
    l->form = HB_EVID_V2;
    salt = word(&rest);
    if (hb_unhex(salt, l->salt, sizeof(l->salt)) < 0)
        return -EBADMSG;
    r = hb_json_parse(a, rest, &o, NULL);
    if (r < 0)
        return r == -ENOMEM ? r : -EBADMSG;
    return read_body(a, o, l);
}

static int read_gap(struct hb_slice text, struct hb_evid_line *l)
{
    struct hb_slice rest = hb_slice(text.p + 4, text.n - 4);
    struct hb_slice first = word(&rest), last = word(&rest);

    l->form = HB_EVID_GAP;
    if (hb_parse_i64(first, &l->first) < 0 || l->first < 1 ||
        hb_parse_i64(last, &l->item.number) < 0 || l->item.number < l->first ||
        l->item.number > HB_EVID_NUMBER_MAX ||
        hb_unhex(rest, l->last, sizeof(l->last)) < 0)
        return -EBADMSG;
    return 0;
}

static int read_body(struct hb_arena *a, const struct hb_json *o,
                     struct hb_evid_line *l)
{
    const char *kind = hb_json_str(o, "kind", NULL);

    if (kind == NULL || hb_time_parse(hb_slice_z(hb_json_str(o, "time", "")),
                                      &l->item.time) < 0)
        return -EBADMSG;
    l->checkpoint = hb_streq(kind, "checkpoint");
    l->item.kind = kind;
    if (l->checkpoint)
        return hb_evid_sig_parse(hb_slice_z(hb_json_str(o, "sig", "")), l->sig);
    return read_item(a, o, &l->item);
}

/* Up to the next blank, which is taken away. */
static struct hb_slice word(struct hb_slice *s)
{
    const char *end = s->n > 0 ? memchr(s->p, ' ', s->n) : NULL;
    size_t n = end != NULL ? (size_t)(end - s->p) : s->n;
    struct hb_slice w = hb_slice(s->p, n);

    n = HB_MIN(n + 1, s->n);
    *s = hb_slice(s->p + n, s->n - n);
    return w;
}

static bool begins(struct hb_slice s, const char *z)
{
    return s.n >= strlen(z) && memcmp(s.p, z, strlen(z)) == 0;
}

/* A file's name is what the attacker chose: any bytes but NUL. */
static int add_name(struct hb_arena *a, struct hb_json *o, const char *name)
{
    size_t n = strlen(name);
    char *hex;

    if (hb_utf8_valid(name, n))
        return hb_json_add_str(a, o, "name", name) != NULL ? 0 : -ENOMEM;
    hex = hb_arena_alloc(a, 2 * n + 1);
    if (hex == NULL)
        return -ENOMEM;
    hb_hex(name, n, hex);
    if (hb_json_add_str(a, o, "name_hex", hex) == NULL)
        return -ENOMEM;
    return add_visible(a, o, "name", name);
}

static int add_visible(struct hb_arena *a, struct hb_json *o, const char *key,
                       const char *z)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    if (z == NULL || hb_utf8_valid(z, strlen(z)))
        return hb_json_add_str(a, o, key, z != NULL ? z : "") != NULL ? 0
                                                                      : -ENOMEM;
    hb_show(&b, hb_slice_z(z));
    if (hb_buf_err(&b) < 0)
        return hb_buf_err(&b);
    return hb_json_add_str(a, o, key, hb_buf_z(&b)) != NULL ? 0 : -ENOMEM;
}

static int read_item(struct hb_arena *a, const struct hb_json *o,
                     struct hb_evidence_item *i)
{
    const char *sha256 = hb_json_str(o, "sha256", "");

    i->incident = hb_json_int(o, "incident", -1);
    i->taken_by = hb_json_str(o, "taken_by", NULL);
    i->source = hb_json_str(o, "source", NULL);
    i->size = hb_json_int(o, "size", 0);
    if (i->incident < 0 || i->taken_by == NULL || i->source == NULL ||
        i->size < 0)
        return -EBADMSG;
    if (sha256[0] != '\0') {
        uint8_t raw[HB_SHA256_SIZE];

        if (hb_unhex(hb_slice_z(sha256), raw, sizeof(raw)) < 0)
            return -EBADMSG;
        hb_hex(raw, sizeof(raw), i->sha256);
    }
    return read_name(a, o, &i->name);
}

static int read_name(struct hb_arena *a, const struct hb_json *o,
                     const char **ret)
{
    struct hb_slice hex = hb_slice_z(hb_json_str(o, "name_hex", ""));
    const char *name = hb_json_str(o, "name", NULL);
    char *raw;

    if (name == NULL)
        return -EBADMSG;
    *ret = name;
    if (hex.n == 0)
        return 0;
    raw = hb_arena_alloc(a, hex.n / 2 + 1);
    if (raw == NULL)
        return -ENOMEM;
    if (hb_unhex(hex, raw, hex.n / 2) < 0)
        return -EBADMSG;
    *ret = raw;
    return 0;
}

/* Reads on; 0 at the end. */
static int fill(struct hb_evid_reader *rd)
{
    char chunk[CHUNK];
    size_t want = (size_t)HB_MIN((off_t)sizeof(chunk), rd->end - rd->at);
    ssize_t n;

    if (want == 0)
        return 0;
    n = hb_pread_full(rd->fd, chunk, want, rd->at);
    if (n <= 0)
        return (int)n;
    if (rd->used > 0) {
        size_t left = rd->buf.n - rd->used;

        memmove(rd->buf.p, rd->buf.p + rd->used, left);
        rd->buf.n = left;
        rd->used = 0;
    }
    hb_buf_add(&rd->buf, chunk, (size_t)n);
    rd->at += n;
    return hb_buf_err(&rd->buf) < 0 ? hb_buf_err(&rd->buf) : 1;
}
