/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart.c - see multipart.h.
 *
 * Input goes through a window in which a delimiter, or the head of a part,
 * stands whole; what is certainly data leaves it at once.
 */
#include "net/multipart.h"

#include <string.h>
#include <strings.h>

#include "base/fault.h"
#include "base/num.h"

#define BOUNDARY_MAX 70u
#define HEAD_MAX     4096u
#define WINDOW       (64u << 10)

enum where { PREAMBLE, AFTER, HEAD, DATA, END };

struct hb_multipart {
    struct hb_multipart_fn fn;
    enum where where;
    int err;
    unsigned parts;
    int64_t taken;                    /* bytes before the window */
    char delimiter[BOUNDARY_MAX + 5]; /* "\r\n--BOUNDARY" */
    size_t delimiter_n;
    size_t n;
    char window[WINDOW];
};

static int turn(struct hb_multipart *m, bool *ret_more);
static int data(struct hb_multipart *m, bool *ret_more);
static int after(struct hb_multipart *m, bool *ret_more);
static int head(struct hb_multipart *m, bool *ret_more);
static int disposition(const char *p, size_t n, char *name, char *file,
                       bool *ret_file);
static int quoted(const char **at, const char *end, char *dst);
static void drop(struct hb_multipart *m, size_t n);
static int boundary_of(const char *type, char *dst, size_t *ret_n);

int hb_multipart_new(const char *content_type, const struct hb_multipart_fn *fn,
                     struct hb_multipart **ret)
{
    struct hb_multipart *m;
    char boundary[BOUNDARY_MAX + 1];
    size_t n;
    int r = boundary_of(content_type, boundary, &n);

    if (r < 0)
        return r;
    m = hb_fault(HB_FAULT_ALLOC) ? NULL : malloc(sizeof(*m));
    if (m == NULL)
        return -ENOMEM;
    *m = (struct hb_multipart){.fn = *fn, .delimiter_n = n + 4};
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary, n);
    /* The first one has no line before it. */
    memcpy(m->window, "\r\n", 2);
    m->n = 2;
    m->taken = -2;
    *ret = m;
    return 0;
}

void hb_multipart_free(struct hb_multipart *m)
{
    free(m);
}

int hb_multipart_feed(struct hb_multipart *m, const void *p, size_t n)
{
    const char *z = p;

    while (n > 0 && m->err == 0) {
        size_t k = HB_MIN(n, sizeof(m->window) - m->n);
        bool more = true;

        memcpy(m->window + m->n, z, k);
        m->n += k;
        z += k;
        n -= k;
        while (more && m->err == 0)
            m->err = turn(m, &more);
        /* A window that nothing leaves holds a head without end. */
        if (m->err == 0 && m->n == sizeof(m->window))
            m->err = -EBADMSG;
    }
    return m->err;
}

int hb_multipart_end(struct hb_multipart *m)
{
    if (m->err == 0 && m->where != END)
        m->err = -EBADMSG;
    return m->err;
}

size_t hb_multipart_tail(const struct hb_multipart *m)
{
    return m->delimiter_n + 4;
}

/* ---- static ---- */

/* One step; *RET_MORE where another may be made with what is there. */
static int turn(struct hb_multipart *m, bool *ret_more)
{
    *ret_more = false;
    switch (m->where) {
    case PREAMBLE:
        /* Nothing stands before the first delimiter. */
        if (m->n < m->delimiter_n)
            return memcmp(m->window, m->delimiter, m->n) == 0 ? 0 : -EBADMSG;
        if (memcmp(m->window, m->delimiter, m->delimiter_n) != 0)
            return -EBADMSG;
        drop(m, m->delimiter_n);
        m->where = AFTER;
        *ret_more = true;
        return 0;
    case AFTER:
        return after(m, ret_more);
    case HEAD:
        return head(m, ret_more);
    case DATA:
        return data(m, ret_more);
    case END:
        /* At most the end of a line follows. */
        if (m->n > 2 || memcmp(m->window, "\r\n", m->n) != 0)
            return -EBADMSG;
        return 0;
    }
    return -EBADMSG;
}

static int after(struct hb_multipart *m, bool *ret_more)
{
    if (m->n < 2)
        return 0;
    *ret_more = true;
    if (memcmp(m->window, "--", 2) == 0)
        m->where = END;
    else if (memcmp(m->window, "\r\n", 2) == 0)
        m->where = HEAD;
    else
        return -EBADMSG;
    drop(m, 2);
    return 0;
}

static int head(struct hb_multipart *m, bool *ret_more)
{
    char name[HB_MULTIPART_NAME], file[HB_MULTIPART_NAME];
    const char *end = memmem(m->window, m->n, "\r\n\r\n", 4), *at = m->window;
    bool is_file = false, seen = false;
    size_t n;
    int r;

    if (end == NULL)
        return m->n > HEAD_MAX ? -EBADMSG : 0;
    n = (size_t)(end - m->window);
    if (n > HEAD_MAX || memchr(m->window, '\0', n) != NULL ||
        ++m->parts > HB_MULTIPART_PARTS)
        return -EBADMSG;
    while (at < end) {
        static const char want[] = "content-disposition:";
        const char *eol = memmem(at, (size_t)(end - at) + 2, "\r\n", 2);

        if (eol == NULL || *at == ' ' || *at == '\t')
            return -EBADMSG; /* a folded line is nobody's today */
        if ((size_t)(eol - at) > sizeof(want) - 1 &&
            strncasecmp(at, want, sizeof(want) - 1) == 0) {
            if (seen)
                return -EBADMSG;
            seen = true;
            at += sizeof(want) - 1;
            r = disposition(at, (size_t)(eol - at), name, file, &is_file);
            if (r < 0)
                return r;
        }
        at = eol + 2;
    }
    if (!seen)
        return -EBADMSG;
    drop(m, n + 4);
    m->where = DATA;
    *ret_more = true;
    return m->fn.part(m->fn.arg, name, is_file ? file : NULL, m->taken);
}

static int data(struct hb_multipart *m, bool *ret_more)
{
    const char *at = memmem(m->window, m->n, m->delimiter, m->delimiter_n);
    size_t sure = at != NULL              ? (size_t)(at - m->window)
                  : m->n > m->delimiter_n ? m->n - m->delimiter_n
                                          : 0;
    int r = sure > 0 ? m->fn.data(m->fn.arg, m->window, sure) : 0;

    if (r < 0)
        return r;
    drop(m, sure);
    if (at != NULL) {
        drop(m, m->delimiter_n);
        m->where = AFTER;
        *ret_more = true;
    }
    return 0;
}

/* form-data; name="a"; filename="b" (RFC 7578: 4.2; WHATWG HTML writes quotes
 * as %22 and ends of lines as %0D%0A, which stay as they are). */
static int disposition(const char *p, size_t n, char *name, char *file,
                       bool *ret_file)
{
    const char *end = p + n;
    bool named = false;

    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    if (end - p < 9 || strncasecmp(p, "form-data", 9) != 0)
        return -EBADMSG;
    for (p += 9; p < end;) {
        char *dst = NULL;

        while (p < end && (*p == ' ' || *p == '\t'))
            p++;
        if (p == end)
            break;
        if (*p++ != ';')
            return -EBADMSG;
        while (p < end && (*p == ' ' || *p == '\t'))
            p++;
        if (end - p > 5 && strncasecmp(p, "name=", 5) == 0 && !named) {
            dst = name;
            named = true;
            p += 5;
        } else if (end - p > 9 && strncasecmp(p, "filename=", 9) == 0 &&
                   !*ret_file) {
            dst = file;
            *ret_file = true;
            p += 9;
        }
        /* Twice, or one that means something else to somebody else. */
        if (dst == NULL || quoted(&p, end, dst) < 0)
            return -EBADMSG;
    }
    return named ? 0 : -EBADMSG;
}

static int quoted(const char **at, const char *end, char *dst)
{
    const char *p = *at, *close;

    if (p == end || *p++ != '"')
        return -EBADMSG;
    close = memchr(p, '"', (size_t)(end - p));
    if (close == NULL || (size_t)(close - p) >= HB_MULTIPART_NAME ||
        !hb_utf8_valid(p, (size_t)(close - p)))
        return -EBADMSG;
    memcpy(dst, p, (size_t)(close - p));
    dst[close - p] = '\0';
    *at = close + 1;
    return 0;
}

static void drop(struct hb_multipart *m, size_t n)
{
    m->n -= n;
    m->taken += (int64_t)n;
    memmove(m->window, m->window + n, m->n);
}

static int boundary_of(const char *type, char *dst, size_t *ret_n)
{
    static const char want[] = "multipart/form-data";
    const char *at, *end;
    size_t n;

    if (type == NULL || strncasecmp(type, want, sizeof(want) - 1) != 0)
        return -EINVAL;
    at = type + sizeof(want) - 1;
    at += strspn(at, " \t");
    if (*at++ != ';')
        return -EINVAL;
    at += strspn(at, " \t");
    if (strncasecmp(at, "boundary=", 9) != 0)
        return -EINVAL;
    at += 9;
    if (*at == '"') {
        end = strchr(++at, '"');
        if (end == NULL || end[1] != '\0')
            return -EINVAL;
    } else {
        end = at + strlen(at);
    }
    n = (size_t)(end - at);
    if (n == 0 || n > BOUNDARY_MAX ||
        strspn(at, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                   "XYZ'()+_,-./:=?") < n)
        return -EINVAL;
    memcpy(dst, at, n);
    dst[n] = '\0';
    *ret_n = n;
    return 0;
}
