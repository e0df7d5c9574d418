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

#define CHUNK ((size_t)64 << 10)

static int add_name(struct hb_arena *a, struct hb_json *o, const char *name);
static int add_visible(struct hb_arena *a, struct hb_json *o, const char *key,
                       const char *z);
static int read_item(struct hb_arena *a, const struct hb_json *o,
                     struct hb_evidence_item *i);
static int read_name(struct hb_arena *a, const struct hb_json *o,
                     const char **ret);
static int fill(struct hb_evid_reader *rd);

int hb_evid_encode(struct hb_buf *b, const struct hb_evid_line *l)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_evidence_item *i = &l->item;
    char prev[2 * HB_SHA256_SIZE + 1], time[48];
    struct hb_json *o;
    size_t before = b->n;
    int r = 0;

    if (a == NULL || (o = hb_json_new(a, HB_JSON_OBJ)) == NULL)
        return -ENOMEM;
    hb_hex(l->prev, sizeof(l->prev), prev);
    if (hb_json_add_int(a, o, "number", i->number) == NULL ||
        hb_json_add_str(a, o, "prev", prev) == NULL ||
        hb_json_add_str(a, o, "time",
                        hb_evid_time_text(i->time, time, sizeof(time))) == NULL)
        return -ENOMEM;
    if (l->checkpoint) {
        _cleanup_buf_ struct hb_buf sig = HB_BUF_INIT;

        hb_base64_encode(&sig, l->sig, sizeof(l->sig));
        if (hb_buf_err(&sig) < 0 ||
            hb_json_add_str(a, o, "kind", "checkpoint") == NULL ||
            hb_json_add_str(a, o, "sig", hb_buf_z(&sig)) == NULL)
            return -ENOMEM;
    } else {
        r = add_visible(a, o, "kind", i->kind);
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
    }
    if (r == 0)
        r = hb_json_write_jcs(b, o);
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
    struct hb_json *o;
    const char *kind;
    int r;

    if (text.n >= HB_EVID_LINE_MAX)
        return -EBADMSG;
    r = hb_json_parse(a, text, &o, NULL);
    if (r < 0)
        return r == -ENOMEM ? r : -EBADMSG;
    kind = hb_json_str(o, "kind", NULL);
    if (kind == NULL)
        return -EBADMSG;
    l.checkpoint = hb_streq(kind, "checkpoint");
    l.item.kind = kind;
    l.item.number = hb_json_int(o, "number", -1);
    if (l.item.number < 1 ||
        hb_unhex(hb_slice_z(hb_json_str(o, "prev", "")), l.prev,
                 sizeof(l.prev)) < 0 ||
        hb_time_parse(hb_slice_z(hb_json_str(o, "time", "")), &l.item.time) < 0)
        return -EBADMSG;
    if (l.checkpoint)
        r = hb_evid_sig_parse(hb_slice_z(hb_json_str(o, "sig", "")), l.sig);
    else
        r = read_item(a, o, &l.item);
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
