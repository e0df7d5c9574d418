/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c - the process's own log to standard error.
 *
 * Used by mains of processes only.  Messages quote foreign text: control
 * characters, malformed UTF-8 and characters that turn the direction of
 * writing are escaped, so that nobody draws lines into the log or on the
 * reader's terminal.  No memory is allocated and each line is one write(2):
 * it must work when little else does.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"

#define TEXT_MAX       2048u
#define LINE_MAX_BYTES (TEXT_MAX * 6 + 512) /* all of it escaped */

struct line {
    char p[LINE_MAX_BYTES];
    size_t n;
};

static const char *level_name(enum hb_level level);
static void add(struct line *l, const char *p, size_t n);
static void addz(struct line *l, const char *z);
static void add_escaped(struct line *l, const char *text, bool json);
static uint32_t code_point(const char *p, size_t n);
static bool misleading(uint32_t c);

static const char *role_name = "hinoban";
static enum hb_level threshold = HB_LOG_INFO;

void hb_log_open(const char *role, enum hb_level up_to)
{
    role_name = role;
    threshold = up_to;
}

void hb_log(enum hb_level level, const char *fmt, ...)
{
    int saved = errno;
    char text[TEXT_MAX], small[40];
    struct line l = {.n = 0};
    va_list ap;
    bool json;
    int n;

    if (level > threshold)
        return;
    json = isatty(STDERR_FILENO) != 1;
    va_start(ap, fmt);
    n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n < 0)
        text[0] = '\0';
    else if ((size_t)n >= sizeof(text))
        text[hb_utf8_cut(text, sizeof(text) - 1)] = '\0';

    if (getenv("JOURNAL_STREAM") != NULL) {
        (void)snprintf(small, sizeof(small), "<%d>", (int)level);
        addz(&l, small);
    }
    addz(&l, json ? "{\"time\":\"" : "");
    addz(&l, hb_time_utc(hb_now(), small, sizeof(small)));
    addz(&l, json ? "\",\"level\":\"" : " ");
    addz(&l, level_name(level));
    addz(&l, json ? "\",\"role\":\"" : " ");
    add_escaped(&l, role_name, json);
    (void)snprintf(small, sizeof(small),
                   json ? "\",\"pid\":%d" : "[%d]: ", (int)getpid());
    addz(&l, small);
    addz(&l, json ? ",\"message\":\"" : "");
    add_escaped(&l, text, json);
    addz(&l, json ? "\"}\n" : "\n");
    while (write(STDERR_FILENO, l.p, l.n) < 0 && errno == EINTR)
        ;
    errno = saved;
}

static const char *level_name(enum hb_level level)
{
    switch (level) {
    case HB_LOG_ERR:
        return "error";
    case HB_LOG_WARNING:
        return "warning";
    case HB_LOG_NOTICE:
        return "notice";
    case HB_LOG_INFO:
        return "info";
    case HB_LOG_DEBUG:
        return "debug";
    }
    hb_panic(__FILE__, __LINE__, "level");
}

static void add(struct line *l, const char *p, size_t n)
{
    /* The sizes above make room for the worst; a longer role is cut. */
    n = HB_MIN(n, sizeof(l->p) - l->n);
    memcpy(l->p + l->n, p, n);
    l->n += n;
}

static void addz(struct line *l, const char *z)
{
    add(l, z, strlen(z));
}

static void add_escaped(struct line *l, const char *text, bool json)
{
    size_t left = strlen(text), step;
    char small[16];

    for (const char *p = text; left > 0; p += step, left -= step) {
        uint32_t c;

        step = hb_utf8_step(p, left);
        if (step == 0) {
            step = 1;
            addz(l, "\\ufffd");
            continue;
        }
        c = code_point(p, step);
        if (json && (c == '"' || c == '\\'))
            addz(l, "\\");
        if (misleading(c)) {
            (void)snprintf(small, sizeof(small), "\\u%04x", (unsigned)c);
            addz(l, small);
        } else {
            add(l, p, step);
        }
    }
}

static uint32_t code_point(const char *p, size_t n)
{
    uint32_t c = (uint8_t)p[0];

    if (n > 1)
        c &= 0x7fu >> n;
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((uint8_t)p[i] & 0x3f);
    return c;
}

/* Control characters, line and paragraph separators, and the marks that
 * change the direction of writing (Unicode TR 36). */
static bool misleading(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
           c == 0xfeff;
}
