/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_anchor.c - see evidence_anchor.h.
 *
 * Runs in core (writing) and in `hinoban evidence verify` (finding).  The
 * text that is searched comes from outside; a checkpoint in it counts for
 * nothing until its signature and its place in the log were compared.
 *
 * A mail is not taken apart by its headers, which relays rewrite: the text is
 * read as it stands, then as quoted-printable, then each run of base64 lines
 * as what it means.  A wrong reading gives no checkpoint, since its words do
 * not fit.
 */
#include "incident/evidence_anchor.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mime.h"
#include "base/num.h"

#define MARK      "hinoban-checkpoint:"
#define PIECE     44u /* characters a line behind the mark */
#define RUN_MIN   16u /* a shorter line of base64 is a word */
#define TYPED_MAX 4096u

/* What word is waited for. */
enum want { NUMBER, DIGEST, TIME, SIG };

struct scan {
    struct hb_evid_anchor *ret;
    size_t max, n;
    bool marked; /* the mark stood somewhere */
    bool bare;   /* typed: the first word is the number, to the first misfit */
    enum want want;
    bool after_mark;
    struct hb_evid_anchor c;
    char text[HB_EVID_SIG_TEXT]; /* pieces of the digest or the signature */
    size_t text_n;
    int err;
};

static const char parts[] = " \t\r\n<>";

static void typed(struct scan *s, struct hb_slice text);
static void words(struct scan *s, struct hb_slice text);
static void take(struct scan *s, struct hb_slice word);
static bool number_word(struct scan *s, struct hb_slice word);
static bool piece(struct scan *s, struct hb_slice word, size_t whole);
static void found(struct scan *s);
static void both_ways(struct scan *s, struct hb_slice text);
static void base64_runs(struct scan *s, struct hb_slice text);
static bool base64_line(struct hb_slice line);
static size_t tag(struct hb_slice s, size_t i);
static void one_line(struct hb_buf *b, const char *z, size_t n);

void hb_evid_signed_text(struct hb_buf *b, const struct hb_evid_anchor *c)
{
    char hex[2 * HB_SHA256_SIZE + 1], time[48];

    hb_hex(c->digest, sizeof(c->digest), hex);
    hb_buf_addf(b, "%lld %s %s\n", (long long)c->number, hex,
                hb_evid_time_text(c->time, time, sizeof(time)));
}

void hb_evid_anchor_text(struct hb_buf *b, const struct hb_evid_anchor *c)
{
    char hex[2 * HB_SHA256_SIZE + 1], time[48];

    hb_hex(c->digest, sizeof(c->digest), hex);
    hb_buf_addf(b, "%lld %s %s ", (long long)c->number, hex,
                hb_evid_time_text(c->time, time, sizeof(time)));
    hb_base64_encode(b, c->sig, sizeof(c->sig));
    hb_buf_addc(b, '\n');
}

int hb_evidence_anchor_lines(struct hb_buf *b, struct hb_slice line)
{
    _cleanup_buf_ struct hb_buf sig = HB_BUF_INIT;
    char hex[2 * HB_SHA256_SIZE + 1], text[48];
    struct hb_evid_anchor c;
    int r = hb_evid_anchors(line, &c, 1);

    if (r != 1)
        return r < 0 ? r : -EBADMSG;
    (void)snprintf(text, sizeof(text), "%lld", (long long)c.number);
    one_line(b, text, strlen(text));
    hb_hex(c.digest, sizeof(c.digest), hex);
    one_line(b, hex, HB_SHA256_SIZE);
    one_line(b, hex + HB_SHA256_SIZE, HB_SHA256_SIZE);
    (void)hb_evid_time_text(c.time, text, sizeof(text));
    one_line(b, text, strlen(text));
    hb_base64_encode(&sig, c.sig, sizeof(c.sig));
    if (hb_buf_err(&sig) < 0)
        return hb_buf_err(&sig);
    one_line(b, hb_buf_z(&sig), PIECE);
    one_line(b, hb_buf_z(&sig) + PIECE, sig.n - PIECE);
    return hb_buf_err(b);
}

int hb_evid_anchors(struct hb_slice text, struct hb_evid_anchor *ret,
                    size_t max)
{
    struct scan s = {.ret = ret, .max = max};

    both_ways(&s, text);
    base64_runs(&s, text);
    if (!s.marked)
        typed(&s, text);
    return s.err < 0 ? s.err : (int)s.n;
}

int hb_evid_sig_parse(struct hb_slice s, uint8_t ret[HB_SIG_SIZE])
{
    _cleanup_buf_ struct hb_buf raw = HB_BUF_INIT, again = HB_BUF_INIT;
    int r = hb_base64_decode(&raw, s);

    if (r < 0)
        return r;
    hb_base64_encode(&again, raw.p, raw.n);
    if (hb_buf_err(&again) < 0)
        return hb_buf_err(&again);
    if (raw.n != HB_SIG_SIZE || !hb_slice_eq(hb_buf_slice(&again), s))
        return -EBADMSG;
    memcpy(ret, raw.p, HB_SIG_SIZE);
    return 0;
}

const char *hb_evid_time_text(int64_t ns, char *buf, size_t size)
{
    char second[32];
    char *dot = strchr(hb_time_utc(ns, second, sizeof(second)), '.');
    int64_t part = ns % (int64_t)HB_S;

    if (dot != NULL)
        *dot = '\0';
    if (part < 0)
        part += (int64_t)HB_S;
    (void)snprintf(buf, size, "%s.%09lldZ", second, (long long)part);
    return buf;
}

static void one_line(struct hb_buf *b, const char *z, size_t n)
{
    hb_buf_addz(b, HB_ANCHOR_MARK);
    hb_buf_add(b, z, n);
    hb_buf_addc(b, '\n');
}

static void both_ways(struct scan *s, struct hb_slice text)
{
    _cleanup_buf_ struct hb_buf qp = HB_BUF_INIT;

    words(s, text);
    hb_qp_decode(&qp, text);
    if (hb_buf_err(&qp) < 0)
        s->err = hb_buf_err(&qp);
    else if (qp.n != text.n)
        words(s, hb_buf_slice(&qp));
}

/* No mark says where it begins: any word may. */
static void typed(struct scan *s, struct hb_slice text)
{
    size_t end = HB_MIN(text.n, (size_t)TYPED_MAX);

    s->bare = true;
    for (size_t i = 0; i < end && s->err == 0; i++)
        if (text.p[i] >= '0' && text.p[i] <= '9' &&
            (i == 0 || strchr(parts, text.p[i - 1]) != NULL))
            words(s, hb_slice(text.p + i, end - i));
}

/* Lines of base64 that follow each other are one body. */
static void base64_runs(struct scan *s, struct hb_slice text)
{
    _cleanup_buf_ struct hb_buf run = HB_BUF_INIT, raw = HB_BUF_INIT;

    while (text.n > 0 || run.n > 0) {
        const char *end = text.n > 0 ? memchr(text.p, '\n', text.n) : text.p;
        size_t n = end != NULL ? (size_t)(end - text.p) : text.n;
        struct hb_slice line = hb_slice(text.p, n);
        size_t used = HB_MIN(n + 1, text.n);

        while (line.n > 0 && strchr(" \t\r", line.p[line.n - 1]) != NULL &&
               line.p[line.n - 1] != '\0')
            line.n--;
        if (base64_line(line) && (run.n > 0 || line.n >= RUN_MIN)) {
            hb_buf_add(&run, line.p, line.n);
        } else if (run.n > 0) {
            hb_buf_reset(&raw);
            if (hb_base64_decode(&raw, hb_buf_slice(&run)) == 0)
                both_ways(s, hb_buf_slice(&raw));
            hb_buf_reset(&run);
        }
        if (hb_buf_err(&run) < 0 || hb_buf_err(&raw) < 0) {
            s->err = -ENOMEM;
            return;
        }
        if (text.n > 0)
            text = hb_slice(text.p + used, text.n - used);
    }
}

static bool base64_line(struct hb_slice line)
{
    for (size_t i = 0; i < line.n; i++)
        if (!hb_base64_is(line.p[i]))
            return false;
    return line.n > 0;
}

/* Words are parted by blanks, line ends, what quotes (">") and HTML's tags. */
static void words(struct scan *s, struct hb_slice text)
{
    size_t i = 0;

    s->want = NUMBER;
    s->after_mark = s->bare;
    while (i < text.n) {
        size_t begin = i;

        if (text.p[i] == '\0' || strchr(parts, text.p[i]) != NULL) {
            i += tag(text, i);
            continue;
        }
        if (text.n - i >= sizeof(MARK) - 1 &&
            memcmp(text.p + i, MARK, sizeof(MARK) - 1) == 0) {
            i += sizeof(MARK) - 1;
            s->marked = s->after_mark = true;
            continue;
        }
        do
            i++;
        while (i < text.n && text.p[i] != '\0' &&
               strchr(parts, text.p[i]) == NULL &&
               (text.n - i < sizeof(MARK) - 1 ||
                memcmp(text.p + i, MARK, sizeof(MARK) - 1) != 0));
        take(s, hb_slice(text.p + begin, i - begin));
        s->after_mark = false;
        if (s->bare && s->want == NUMBER)
            return;
    }
}

/* How many bytes to skip at what parts words: a whole tag of one line. */
static size_t tag(struct hb_slice s, size_t i)
{
    size_t at = i + 1;

    if (s.p[i] != '<')
        return 1;
    while (at < s.n && s.p[at] != '\n' && s.p[at] != '<' && s.p[at] != '>')
        at++;
    return at < s.n && s.p[at] == '>' ? at - i + 1 : 1;
}

static void take(struct scan *s, struct hb_slice word)
{
    /* A number behind the mark begins a new one, whatever was half read. */
    if (s->after_mark && number_word(s, word))
        return;
    if (s->want == DIGEST && piece(s, word, 2 * sizeof(s->c.digest))) {
        if (s->text_n < 2 * sizeof(s->c.digest))
            return;
        s->want = hb_unhex(hb_slice(s->text, s->text_n), s->c.digest,
                           sizeof(s->c.digest)) == 0
                      ? TIME
                      : NUMBER;
        s->text_n = 0;
    } else if (s->want == TIME && hb_time_parse(word, &s->c.time) == 0) {
        s->want = SIG;
    } else if (s->want == SIG && piece(s, word, HB_EVID_SIG_TEXT - 1)) {
        if (s->text_n < HB_EVID_SIG_TEXT - 1)
            return;
        if (hb_evid_sig_parse(hb_slice(s->text, s->text_n), s->c.sig) == 0)
            found(s);
        s->want = NUMBER;
    } else {
        s->want = NUMBER;
    }
}

static bool number_word(struct scan *s, struct hb_slice word)
{
    int64_t n;

    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] < '0' || word.p[i] > '9')
            return false;
    if (hb_parse_i64(word, &n) < 0)
        return false;
    s->c = (struct hb_evid_anchor){.number = n};
    s->want = DIGEST;
    s->text_n = 0;
    return true;
}

/* Joins WORD to what came before, at most WHOLE characters. */
static bool piece(struct scan *s, struct hb_slice word, size_t whole)
{
    if (word.n > whole - s->text_n)
        return false;
    for (size_t i = 0; i < word.n; i++)
        if (!hb_base64_is(word.p[i]))
            return false;
    memcpy(s->text + s->text_n, word.p, word.n);
    s->text_n += word.n;
    return true;
}

static void found(struct scan *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->ret[i].number == s->c.number && s->ret[i].time == s->c.time &&
            memcmp(s->ret[i].digest, s->c.digest, sizeof(s->c.digest)) == 0 &&
            memcmp(s->ret[i].sig, s->c.sig, sizeof(s->c.sig)) == 0)
            return;
    if (s->n == s->max)
        s->err = -EFBIG;
    else
        s->ret[s->n++] = s->c;
}
