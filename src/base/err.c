/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.c - errors for people: what, where, what to do; and the last words of
 * a process whose own invariants are broken.
 *
 * Runs in every process.  Messages may quote foreign text; they are bounded
 * and never cut inside a character, but escaping is the printer's work.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/i18n.h"
#include "base/num.h"

#define WORD_MAX 64u /* longer words are no typing errors of option names */

struct errno_text {
    int code;
    const char *text;
};

static int fill(struct hb_err *err, int code, const char *fmt, va_list ap)
    HB_PRINTF(3, 0);
static unsigned distance(const char *a, size_t na, const char *b, size_t nb);

/* What a person meets; the rest speaks English through the C library, whose
 * own catalogue is missing on a small system. */
static const struct errno_text errno_texts[] = {
    {EPERM, N_("operation not permitted")},
    {ENOENT, N_("no such file or directory")},
    {EINTR, N_("interrupted")},
    {EIO, N_("input/output error")},
    {E2BIG, N_("too much was given")},
    {EBADF, N_("the descriptor is not open")},
    {EAGAIN, N_("not possible right now, try again")},
    {ENOMEM, N_("out of memory")},
    {EACCES, N_("permission denied")},
    {EBUSY, N_("in use")},
    {EEXIST, N_("exists already")},
    {EXDEV, N_("leads out of the permitted directory or file system")},
    {ENODEV, N_("no such device")},
    {ENOTDIR, N_("not a directory")},
    {EISDIR, N_("is a directory")},
    {EINVAL, N_("invalid value")},
    {EMFILE, N_("too many open files")},
    {EFBIG, N_("larger than permitted")},
    {ENOSPC, N_("no space left on the disk")},
    {EROFS, N_("the file system is read-only")},
    {EPIPE, N_("the other side has closed")},
    {ERANGE, N_("the number is out of range")},
    {ENAMETOOLONG, N_("the name is too long")},
    {ENOSYS, N_("the kernel does not offer this")},
    {ENOTEMPTY, N_("the directory is not empty")},
    {ELOOP, N_("a symbolic link is not permitted here")},
    {EBADMSG, N_("malformed data")},
    {EOPNOTSUPP, N_("not supported")},
    {EADDRINUSE, N_("the address is in use")},
    {ENETUNREACH, N_("the network cannot be reached")},
    {ECONNRESET, N_("the connection was reset")},
    {ETIMEDOUT, N_("no answer in time")},
    {ECONNREFUSED, N_("the connection was refused")},
    {EHOSTUNREACH, N_("the host cannot be reached")},
    {EDQUOT, N_("the disk quota is used up")},
};

void hb_panic(const char *file, int line, const char *what)
{
    char text[512];
    int n = snprintf(text, sizeof(text), "hinoban: %s:%d: broken: %s\n", file,
                     line, what);

    if (n > 0) {
        size_t len = HB_MIN((size_t)n, sizeof(text) - 1);
        ssize_t ignored = write(STDERR_FILENO, text, len);

        (void)ignored;
    }
    abort();
}

int(hb_err_set)(struct hb_err *err, int code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)fill(err, code, fmt, ap);
    va_end(ap);
    return code;
}

int(hb_err_at)(struct hb_err *err, int code, const char *file, unsigned line,
               unsigned column, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (fill(err, code, fmt, ap)) {
        (void)hb_copyz(err->file, sizeof(err->file), file != NULL ? file : "");
        err->line = line;
        err->column = column;
    }
    va_end(ap);
    return code;
}

void hb_err_format(const struct hb_err *err, char *buf, size_t size)
{
    char where[sizeof(err->file) + 32];
    int n;

    if (size == 0)
        return;
    if (err->file[0] == '\0')
        where[0] = '\0';
    else if (err->line == 0)
        (void)snprintf(where, sizeof(where), "%s: ", err->file);
    else if (err->column == 0)
        (void)snprintf(where, sizeof(where), "%s:%u: ", err->file, err->line);
    else
        (void)snprintf(where, sizeof(where), "%s:%u:%u: ", err->file, err->line,
                       err->column);
    n = snprintf(buf, size, "%s%s", where, err->message);
    if (n >= 0 && (size_t)n >= size)
        buf[hb_utf8_cut(buf, size - 1)] = '\0';
}

const char *hb_errno_text(int code, char *buf, size_t size)
{
    const char *text = NULL;

    code = code < 0 ? -code : code;
    if (size == 0)
        return "";
    for (size_t i = 0; i < HB_ARRAY_LEN(errno_texts); i++) {
        if (errno_texts[i].code == code)
            text = _(errno_texts[i].text);
    }
    if (text == NULL)
        text = strerrordesc_np(code);
    if (text != NULL)
        (void)hb_copyz(buf, size, text);
    else
        (void)snprintf(buf, size, "errno %d", code);
    return buf;
}

const char *hb_nearest(const char *word, const char *const *candidates,
                       size_t n)
{
    size_t length = strlen(word);
    unsigned best = (unsigned)(length / 3) + 1;
    const char *nearest = NULL;

    if (length > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(candidates[i]);
        unsigned d;

        if (other > WORD_MAX)
            continue;
        d = distance(word, length, candidates[i], other);
        if (d < best) {
            best = d;
            nearest = candidates[i];
        }
    }
    return nearest;
}

/* 1 where the message was written, 0 where an earlier one is kept. */
static int fill(struct hb_err *err, int code, const char *fmt, va_list ap)
{
    int n;

    HB_ASSERT(code < 0);
    if (err == NULL || err->code != 0)
        return 0;
    *err = (struct hb_err){.code = code};
    n = vsnprintf(err->message, sizeof(err->message), fmt, ap);
    if (n < 0)
        err->message[0] = '\0';
    else if ((size_t)n >= sizeof(err->message))
        err->message[hb_utf8_cut(err->message, sizeof(err->message) - 1)] =
            '\0';
    return 1;
}

/* Edit distance where two neighbours that changed places count once (optimal
 * string alignment): the commonest slip of the fingers. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *here = rows[2];

    for (size_t j = 0; j <= nb; j++)
        above[j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned *spare;

        here[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned d = above[j - 1] + (a[i - 1] != b[j - 1]);

            d = HB_MIN(d, above[j] + 1);
            d = HB_MIN(d, here[j - 1] + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d = HB_MIN(d, before[j - 2] + 1);
            here[j] = d;
        }
        spare = before;
        before = above;
        above = here;
        here = spare;
    }
    return above[nb];
}
