/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_dump.c - settings written out: as YAML that reads back to the same
 * (`config dump`) and as the definition list of the man page.
 *
 * Runs in the command line and in tests.  Values may hold any character a
 * person could write; what needs it is quoted so that the reader of yaml.c
 * takes it again.  Secrets stand as a mask that no reader accepts.
 */
#include "base/clock.h"
#include "base/conf_text.h"
#include "base/i18n.h"
#include "base/show.h"
#include "base/utf8.h"

#define MASK "\"********\""

static void dump_rows(struct hb_buf *b, const struct hb_conf_row *rows,
                      const void *in, unsigned indent, bool item);
static void dump_value(struct hb_buf *b, const struct hb_conf_row *row,
                       const void *at, unsigned indent);
static void dump_list(struct hb_buf *b, const struct hb_conf_row *row,
                      const struct hb_conf_list *list, unsigned indent);
static void dump_text(struct hb_buf *b, const char *z);
static void man_rows(struct hb_buf *b, const struct hb_conf_row *rows,
                     const char *prefix);
static void man_kind(struct hb_buf *b, const struct hb_conf_row *row);
static void man_text(struct hb_buf *b, const char *z);

void hb_conf_dump(struct hb_buf *b, const struct hb_conf_row *rows,
                  const void *in, unsigned indent)
{
    dump_rows(b, rows, in, indent, false);
}

void hb_conf_man(struct hb_buf *b, const struct hb_conf_row *rows,
                 const char *prefix)
{
    hb_buf_addz(b, ".Bl -tag -width Ds\n");
    man_rows(b, rows, prefix != NULL ? prefix : "");
    hb_buf_addz(b, ".El\n");
}

const char *hb_conf_text(char dst[HB_CONF_TEXT], enum hb_conf_type type,
                         int64_t value)
{
    static const struct unit {
        const char *suffix;
        int64_t factor;
    } sizes[] = {{"g", 1ll << 30}, {"m", 1ll << 20}, {"k", 1ll << 10}, {"", 1}},
      times[] = {{"d", 86400 * (int64_t)HB_S}, {"h", 3600 * (int64_t)HB_S},
                 {"m", 60 * (int64_t)HB_S},    {"s", (int64_t)HB_S},
                 {"ms", (int64_t)HB_MS},       {"ms", 0}};
    const struct unit *u = type == HB_CONF_SIZE ? sizes : times;

    if (type != HB_CONF_SIZE && type != HB_CONF_DURATION) {
        (void)snprintf(dst, HB_CONF_TEXT, "%lld", (long long)value);
        return dst;
    }
    if (value == 0) {
        (void)snprintf(dst, HB_CONF_TEXT, "%s", u == sizes ? "0" : "0s");
        return dst;
    }
    /* What cannot be written (below a millisecond) is cut to milliseconds. */
    while (u->factor != 0 && value % u->factor != 0)
        u++;
    (void)snprintf(
        dst, HB_CONF_TEXT, "%lld%s",
        (long long)(value / (u->factor ? u->factor : (int64_t)HB_MS)),
        u->suffix);
    return dst;
}

static void spaces(struct hb_buf *b, unsigned n)
{
    while (n-- > 0)
        hb_buf_addc(b, ' ');
}

/* Where ITEM, the first row stands behind the dash of a sequence. */
static void dump_rows(struct hb_buf *b, const struct hb_conf_row *rows,
                      const void *in, unsigned indent, bool item)
{
    for (const struct hb_conf_row *row = rows; row->name != NULL; row++) {
        if (item && row == rows) {
            spaces(b, indent - 2);
            hb_buf_addz(b, "- ");
        } else {
            spaces(b, indent);
        }
        dump_text(b, row->name);
        hb_buf_addc(b, ':');
        dump_value(b, row, (const char *)in + row->offset, indent);
    }
}

static void dump_value(struct hb_buf *b, const struct hb_conf_row *row,
                       const void *at, unsigned indent)
{
    const struct hb_strs *strs = at;
    char text[HB_CONF_TEXT];

    if (row->type == HB_CONF_SECTION) {
        hb_buf_addz(b, "\n");
        dump_rows(b, row->sub, at, indent + 2, false);
        return;
    }
    if (row->type == HB_CONF_LIST) {
        dump_list(b, row, at, indent);
        return;
    }
    hb_buf_addc(b, ' ');
    switch (row->type) {
    case HB_CONF_BOOL:
        hb_buf_addz(b, *(const bool *)at ? "true" : "false");
        break;
    case HB_CONF_INT:
    case HB_CONF_SIZE:
    case HB_CONF_DURATION:
        hb_buf_addz(b, hb_conf_text(text, row->type, *(const int64_t *)at));
        break;
    case HB_CONF_SECRET:
        hb_buf_addz(b, (*(const char *const *)at)[0] ? MASK : "\"\"");
        break;
    case HB_CONF_ENUM:
        dump_text(b, row->words[*(const int *)at]);
        break;
    case HB_CONF_STRS:
        hb_buf_addc(b, '[');
        for (size_t i = 0; i < strs->n; i++) {
            hb_buf_addz(b, i > 0 ? ", " : "");
            dump_text(b, strs->v[i]);
        }
        hb_buf_addc(b, ']');
        break;
    default:
        dump_text(b, *(const char *const *)at);
        break;
    }
    hb_buf_addc(b, '\n');
}

static void dump_list(struct hb_buf *b, const struct hb_conf_row *row,
                      const struct hb_conf_list *list, unsigned indent)
{
    hb_buf_addz(b, list->n > 0 ? "\n" : " []\n");
    for (size_t i = 0; i < list->n; i++)
        dump_rows(b, row->sub, (const char *)list->v + i * row->sub_size,
                  indent + 4, true);
}

/* Plain where that cannot be misread, else in double quotes. */
static void dump_text(struct hb_buf *b, const char *z)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+=@-";
    size_t n = strlen(z);

    if (n > 0 && strspn(z, plain) == n && strchr("=@-+.", z[0]) == NULL) {
        hb_buf_add(b, z, n);
        return;
    }
    hb_buf_addc(b, '"');
    for (size_t at = 0; at < n;) {
        uint32_t cp = 0xfffd;
        size_t len = hb_utf8_get(z + at, n - at, &cp);

        if (len == 0 || (hb_show_hidden(cp) && cp < 0x10000))
            hb_buf_addf(b, "\\u%04x", (unsigned)cp);
        else if (hb_show_hidden(cp))
            hb_buf_addf(b, "\\U%08x", (unsigned)cp);
        else if (cp == '"' || cp == '\\')
            hb_buf_addf(b, "\\%c", (char)cp);
        else
            hb_buf_add(b, z + at, len);
        at += len > 0 ? len : 1;
    }
    hb_buf_addc(b, '"');
}

static void man_rows(struct hb_buf *b, const struct hb_conf_row *rows,
                     const char *prefix)
{
    for (const struct hb_conf_row *row = rows; row->name != NULL; row++) {
        _cleanup_buf_ struct hb_buf name = HB_BUF_INIT;

        hb_buf_addf(&name, "%s%s%s", prefix, prefix[0] ? "." : "", row->name);
        if (row->type == HB_CONF_LIST)
            hb_buf_addz(&name, "[]");
        if (hb_buf_err(&name) < 0) {
            b->err = b->err != 0 ? b->err : hb_buf_err(&name);
            return;
        }
        hb_buf_addf(b, ".It Ic %s\n", hb_buf_z(&name));
        man_kind(b, row);
        if (row->doc != NULL && row->doc[0] != '\0')
            man_text(b, _(row->doc));
        if (row->sub != NULL)
            man_rows(b, row->sub, hb_buf_z(&name));
    }
}

/* One line: what can be written, its bounds, its default. */
static void man_kind(struct hb_buf *b, const struct hb_conf_row *row)
{
    static const char *const kinds[] = {
        [HB_CONF_BOOL] = N_("true or false"),
        [HB_CONF_INT] = N_("a whole number"),
        [HB_CONF_SIZE] = N_("a size in bytes, or with k, m, g"),
        [HB_CONF_DURATION] = N_("a time with ms, s, m, h or d"),
        [HB_CONF_STR] = N_("a text"),
        [HB_CONF_PATH] = N_("an absolute path"),
        [HB_CONF_SECRET] = N_("the path of a file of mode 0600"),
        [HB_CONF_ENUM] = N_("one of"),
        [HB_CONF_STRS] = N_("a list of texts"),
        [HB_CONF_LIST] = N_("a list of mappings"),
        [HB_CONF_SECTION] = N_("a section"),
    };
    _cleanup_buf_ struct hb_buf line = HB_BUF_INIT;
    char low[HB_CONF_TEXT], high[HB_CONF_TEXT];

    hb_buf_addz(&line, _(kinds[row->type]));
    for (size_t i = 0; row->words != NULL && row->words[i] != NULL; i++)
        hb_buf_addf(&line, "%s%s", i > 0 ? ", " : " ", row->words[i]);
    hb_buf_addz(&line, "; ");
    if (row->max != 0) {
        hb_buf_addf(&line, _("from %s to %s"),
                    hb_conf_text(low, row->type, row->min),
                    hb_conf_text(high, row->type, row->max));
        hb_buf_addz(&line, "; ");
    }
    if (row->type == HB_CONF_SECTION)
        line.n -= 2; /* a section has no default of its own */
    else if (row->dflt == NULL)
        hb_buf_addz(&line, _("required"));
    else if (row->dflt[0] == '\0')
        hb_buf_addz(&line, _("empty by default"));
    else
        hb_buf_addf(&line, _("default %s"), row->dflt);
    if (hb_buf_err(&line) < 0) {
        b->err = b->err != 0 ? b->err : hb_buf_err(&line);
        return;
    }
    line.p[line.n] = '\0';
    man_text(b, line.p);
    hb_buf_addz(b, ".Pp\n");
}

/* Text that mdoc takes as text: no leading control character, backslashes
 * as their escape. */
static void man_text(struct hb_buf *b, const char *z)
{
    if (*z == '.' || *z == '\'')
        hb_buf_addz(b, "\\&");
    for (; *z != '\0'; z++) {
        if (*z == '\\')
            hb_buf_addz(b, "\\e");
        else
            hb_buf_addc(b, *z == '\n' ? ' ' : *z);
    }
    hb_buf_addc(b, '\n');
}
