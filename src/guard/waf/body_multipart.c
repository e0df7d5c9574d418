/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_multipart.c - multipart/form-data (RFC 7578, RFC 2046) in one pass over
 * its lines; values and files are slices of the body.
 *
 * As the reference reads it: a boundary ends a part only once a line of its
 * content was read; one that comes sooner is a header or content, and an
 * INVALID_PART.  UNMATCHED_BOUNDARY means that a line that is no boundary began
 * with "--" or had one within it, and that no boundary line came behind it.
 *
 * Otherwise on purpose: what can be read of a part that is broken is still
 * read, so that rules see it; a second Content-Disposition is an INVALID_PART;
 * lines may be longer than a buffer; header lines are kept without their
 * end.
 */

#include "guard/waf/body_int.h"

#define HEADER_MAX 4096u /* bytes of a header with its folds */

enum state { BEFORE, HEADERS, CONTENT, AFTER };
enum mark { NO_MARK, NEXT, LAST, BAD, SPACED, OTHER };

struct multipart {
    struct hb_waf_reader *r;
    struct hb_slice dashes; /* the boundary with its "--" */
    const char *p, *end;
    enum state state;
    bool crlf, lf, seen; /* SEEN: one boundary at least */

    /* the part */
    struct hb_slice header; /* its last one, folds included; P may be NULL */
    bool folded;
    uint32_t first; /* of its header lines in the result */
    struct hb_slice disposition;
    struct hb_waf_mp_about about;
    const char *content;
    bool some; /* a line of content was read */
};

static int line(struct multipart *m, struct hb_slice s);
static enum mark mark(const struct multipart *m, struct hb_slice s);
static bool begins(struct hb_slice s, struct hb_slice with);
static int boundary(struct multipart *m, struct hb_slice s, bool last);
static void ending(struct multipart *m, struct hb_slice s);
static int header_line(struct multipart *m, struct hb_slice s);
static int headers_end(struct multipart *m);
static int header_add(struct multipart *m);
static int header_text(struct multipart *m, struct hb_slice *ret);
static int header_wrong(struct multipart *m, const char *why);
static int part_add(struct multipart *m, struct hb_slice content);
static int file_add(struct multipart *m, struct hb_slice content);
static int list_add(struct multipart *m, struct hb_waf_list *l,
                    struct hb_slice name, struct hb_slice value);
static size_t at(const struct multipart *m, const char *p);
static struct hb_slice stripped(struct hb_slice s);

int hb_waf_body_multipart(struct hb_waf_reader *r)
{
    struct multipart m = {.r = r, .p = r->body.p, .end = r->body.p + r->body.n};
    struct hb_slice s;
    char *dashes;
    int rc = hb_waf_mp_boundary(r, &s);

    if (rc == 0) {
        dashes = hb_arena_alloc(r->a, s.n + 2);
        if (dashes == NULL)
            return -ENOMEM;
        memcpy(mempcpy(dashes, "--", 2), s.p, s.n);
        m.dashes = hb_slice(dashes, s.n + 2);
    }
    while (rc == 0 && m.p < m.end && m.state != AFTER) {
        const char *q = memchr(m.p, '\n', (size_t)(m.end - m.p));

        q = q != NULL ? q + 1 : m.end;
        s = hb_slice(m.p, (size_t)(q - m.p));
        rc = line(&m, s);
        m.p = q;
    }
    if (rc == 0 && m.state == AFTER && m.p < m.end)
        r->ret->flag[HB_WAF_MP_DATA_AFTER] = true;
    if (rc == 0 && m.state != AFTER) {
        if (m.state == CONTENT)
            rc = part_add(&m, hb_slice(m.content, (size_t)(m.end - m.content)));
        if (rc == 0)
            rc = hb_waf_body_broken(
                r, _("the form ends without its last boundary"), 0);
    }
    r->ret->flag[HB_WAF_MP_LF_LINE] = m.lf;
    r->ret->flag[HB_WAF_MP_CRLF_LF_LINES] = m.lf && m.crlf;
    return rc;
}

/* A line with its end; only the last one of a body may have none. */
static int line(struct multipart *m, struct hb_slice s)
{
    bool *flag = m->r->ret->flag, whole = s.p[s.n - 1] == '\n';
    bool open = m->state == HEADERS || (m->state == CONTENT && !m->some);
    enum mark k = mark(m, s);

    if (k == SPACED || (k == BAD && !open))
        return hb_waf_body_broken(
            m->r, _("a line of the form is nearly a boundary"), at(m, s.p));
    /* The last one needs no end of line, and nothing in front of it but
     * another. */
    if (k == LAST && !whole && m->seen)
        return boundary(m, s, true);
    if ((k == NEXT || k == LAST) && whole && !open)
        return boundary(m, s, k == LAST);
    if (k == NEXT || k == LAST || k == BAD)
        flag[HB_WAF_MP_INVALID_PART] |= open;
    if (k == OTHER && whole)
        flag[HB_WAF_MP_UNMATCHED_BOUNDARY] = true;
    switch (m->state) {
    case BEFORE:
        flag[HB_WAF_MP_DATA_BEFORE] |= whole;
        return 0;
    case HEADERS:
        return whole ? header_line(m, s) : 0;
    default:
        m->some = true;
        return 0;
    }
}

static enum mark mark(const struct multipart *m, struct hb_slice s)
{
    struct hb_slice bare = {m->dashes.p + 2, m->dashes.n - 2};

    if (begins(s, m->dashes)) {
        s = hb_slice(s.p + m->dashes.n, s.n - m->dashes.n);
        if (!begins(s, HB_SLICE("--")))
            return stripped(s).n == 0 ? NEXT : BAD;
        s = hb_slice(s.p + 2, s.n - 2);
        return stripped(s).n == 0 ? LAST : BAD;
    }
    if (!begins(s, HB_SLICE("--"))) {
        /* One within a line. */
        if (!m->r->ret->flag[HB_WAF_MP_UNMATCHED_BOUNDARY] &&
            s.n > m->dashes.n &&
            memmem(s.p, s.n, m->dashes.p, m->dashes.n) != NULL)
            return OTHER;
        return NO_MARK;
    }
    s = hb_slice(s.p + 2, s.n - 2);
    if (s.n == 0 || !hb_waf_body_blank(s.p[0]))
        return OTHER;
    while (s.n > 0 && hb_waf_body_blank(s.p[0]))
        s = hb_slice(s.p + 1, s.n - 1);
    return begins(s, bare) ? SPACED : OTHER;
}

static bool begins(struct hb_slice s, struct hb_slice with)
{
    return s.n >= with.n && memcmp(s.p, with.p, with.n) == 0;
}

/* A boundary at S: the part before it ends, another one begins. */
static int boundary(struct multipart *m, struct hb_slice s, bool last)
{
    bool whole = s.p[s.n - 1] == '\n';
    int rc = 0;

    if (m->state == HEADERS && m->header.p == NULL &&
        m->first == m->r->ret->part_header.n) {
        m->r->ret->flag[HB_WAF_MP_INVALID_PART] = true;
    } else if (m->state == HEADERS) {
        m->content = s.p;
        rc = headers_end(m);
    }
    if (rc == 0 && m->state == CONTENT) {
        struct hb_slice content = {m->content, (size_t)(s.p - m->content)};

        if (whole)
            m->r->ret->flag[HB_WAF_MP_UNMATCHED_BOUNDARY] = false;
        if (m->some)
            ending(m, content);
        else
            m->r->ret->flag[HB_WAF_MP_INVALID_PART] = true;
        rc = part_add(m, stripped(content));
    }
    if (rc != 0)
        return rc;
    if (m->state == BEFORE && s.p > m->r->body.p)
        ending(m, hb_slice(m->r->body.p, (size_t)(s.p - m->r->body.p)));
    if (whole)
        ending(m, s);
    m->seen = true;
    m->state = last ? AFTER : HEADERS;
    m->header = m->disposition = hb_slice(NULL, 0);
    m->about = (struct hb_waf_mp_about){0};
    m->folded = m->some = false;
    m->first = m->r->ret->part_header.n;
    return 0;
}

/* How the line ended that S ends with. */
static void ending(struct multipart *m, struct hb_slice s)
{
    if (s.n >= 2 && s.p[s.n - 2] == '\r')
        m->crlf = true;
    else
        m->lf = true;
}

static int header_line(struct multipart *m, struct hb_slice s)
{
    bool *flag = m->r->ret->flag;
    int rc;

    ending(m, s);
    if (stripped(s).n > 0 && hb_waf_body_blank(s.p[0])) {
        flag[HB_WAF_MP_HEADER_FOLDING] = true;
        for (size_t i = 0; i < s.n && hb_waf_body_blank(s.p[i]); i++)
            if (s.p[i] != ' ' && s.p[i] != '\t')
                flag[HB_WAF_MP_INVALID_HEADER_FOLDING] = true;
        if (m->header.p == NULL) {
            flag[HB_WAF_MP_INVALID_PART] = true;
            return header_wrong(m,
                                _("a header of the form begins with a blank"));
        }
        m->folded = true;
        m->header.n = (size_t)(s.p + s.n - m->header.p);
        return 0;
    }
    rc = header_add(m);
    if (rc != 0)
        return rc;
    if (stripped(s).n == 0) {
        m->state = CONTENT;
        m->content = s.p + s.n;
        return headers_end(m);
    }
    m->header = s;
    m->folded = false;
    return 0;
}

/* All headers of a part are there: what it is, and whose they are. */
static int headers_end(struct multipart *m)
{
    struct hb_waf_list *l = &m->r->ret->part_header;
    int rc = header_add(m);

    if (rc != 0)
        return rc;
    if (m->disposition.p == NULL)
        m->disposition.p = "";
    rc = hb_waf_mp_about(m->r, m->disposition, at(m, m->p), &m->about);
    if (rc < 0)
        return rc;
    if (m->about.name.p == NULL)
        m->about.name = hb_slice("", 0);
    for (uint32_t i = m->first; i < l->n; i++)
        l->item[i].name = m->about.name;
    m->state = CONTENT;
    return 0;
}

/* The header that was read last, which no fold can follow now. */
static int header_add(struct multipart *m)
{
    struct hb_slice s, name, value;
    const char *colon;
    int rc;

    if (m->header.p == NULL)
        return 0;
    if (m->header.n >= HEADER_MAX) {
        m->header.p = NULL;
        return hb_waf_body_limit(m->r, _("a header of the form is too long"));
    }
    rc = header_text(m, &s);
    if (rc != 0)
        return rc;
    if (memchr(s.p, '\0', s.n) != NULL)
        rc = header_wrong(m, _("a header of the form has a NUL byte"));
    colon = memchr(s.p, ':', s.n);
    if (rc == 0 && (colon == NULL || colon == s.p))
        rc = header_wrong(m, _("a header of the form has no name"));
    if (rc < 0)
        return rc;
    m->header.p = NULL;
    name = hb_slice(s.p, colon != NULL ? (size_t)(colon - s.p) : 0);
    if (colon != NULL &&
        hb_waf_name_eq(name, HB_SLICE("Content-Disposition"))) {
        value = hb_slice(colon + 1, s.n - name.n - 1);
        while (value.n > 0 && (*value.p == ' ' || *value.p == '\t'))
            value = hb_slice(value.p + 1, value.n - 1);
        if (m->disposition.p != NULL)
            m->r->ret->flag[HB_WAF_MP_INVALID_PART] = true;
        else
            m->disposition = value;
    }
    return list_add(m, &m->r->ret->part_header, hb_slice("", 0), s);
}

/* The header on one line: what folds it is one blank. */
static int header_text(struct multipart *m, struct hb_slice *ret)
{
    const char *p = m->header.p, *end = p + m->header.n;
    char *out;
    size_t n = 0;

    if (!m->folded) {
        *ret = stripped(m->header);
        return 0;
    }
    out = hb_arena_alloc(m->r->a, m->header.n);
    if (out == NULL)
        return -ENOMEM;
    while (p < end) {
        const char *q = memchr(p, '\n', (size_t)(end - p));
        struct hb_slice s;

        q = q != NULL ? q + 1 : end;
        s = stripped(hb_slice(p, (size_t)(q - p)));
        if (p > m->header.p) {
            out[n++] = ' ';
            while (s.n > 0 && hb_waf_body_blank(*s.p))
                s = hb_slice(s.p + 1, s.n - 1);
        }
        memcpy(out + n, s.p, s.n);
        n += s.n;
        p = q;
    }
    *ret = hb_slice(out, n);
    return 0;
}

/* The rest of the part is read all the same: 0, or -ENOMEM. */
static int header_wrong(struct multipart *m, const char *why)
{
    int rc = hb_waf_body_broken(m->r, why, at(m, m->p));

    return rc < 0 ? rc : 0;
}

/* A part is through. */
static int part_add(struct multipart *m, struct hb_slice content)
{
    struct hb_waf_body *ret = m->r->ret;
    int rc = 0;

    if (m->about.name.n > 0)
        rc = list_add(m, &ret->part_name, m->about.name, m->about.name);
    if (rc != 0)
        return rc;
    if (m->about.file.n > 0 || m->about.file_ext.n > 0)
        return file_add(m, content);
    return hb_waf_body_add(m->r, &ret->args, m->about.name, content);
}

static int file_add(struct multipart *m, struct hb_slice content)
{
    struct hb_waf_body *ret = m->r->ret;
    struct hb_slice name = m->about.name;
    char *size;
    int rc;

    if (ret->file_size.n >= m->r->limits.files) {
        ret->flag[HB_WAF_MP_FILE_LIMIT_EXCEEDED] = true;
        return hb_waf_body_limit(m->r, _("the form has too many files"));
    }
    size = hb_arena_printf(m->r->a, "%zu", content.n);
    rc = size == NULL ? -ENOMEM : 0;
    if (rc == 0 && m->about.file.n > 0)
        rc = list_add(m, &ret->file, name, m->about.file);
    if (rc == 0 && m->about.file_ext.n > 0)
        rc = list_add(m, &ret->file, name, m->about.file_ext);
    if (rc == 0)
        rc = list_add(m, &ret->file_size, name, hb_slice_z(size));
    if (rc == 0)
        rc = list_add(m, &ret->file_data, name, content);
    if (rc == 0)
        ret->file_bytes += content.n;
    return rc;
}

static int list_add(struct multipart *m, struct hb_waf_list *l,
                    struct hb_slice name, struct hb_slice value)
{
    int rc = hb_waf_list_add(l, m->r->a, name, value);

    return rc == -EFBIG
               ? hb_waf_body_limit(m->r, _("the form has too many parts"))
               : rc;
}

/* Which byte of the body P is, the first being 1. */
static size_t at(const struct multipart *m, const char *p)
{
    return (size_t)(p - m->r->body.p) + 1;
}

/* Without the CRLF or LF at its end. */
static struct hb_slice stripped(struct hb_slice s)
{
    if (s.n > 0 && s.p[s.n - 1] == '\n') {
        s.n--;
        if (s.n > 0 && s.p[s.n - 1] == '\r')
            s.n--;
    }
    return s;
}
