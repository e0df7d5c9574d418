/* SPDX-License-Identifier: Apache-2.0 */
/* disposition.c - see disposition.h. */
#include "net/disposition.h"

#include <ctype.h>
#include <strings.h>

#include "base/num.h"
#include "base/show.h"
#include "base/utf8.h"

#define NAME_MAX_BYTES 255u

static size_t clean(const char *name, char *dst, size_t size);
static int weight(const char **at);

void hb_disposition(struct hb_buf *b, const char *name)
{
    char z[NAME_MAX_BYTES + 1];
    size_t n = clean(name, z, sizeof(z));

    hb_buf_addz(b, "attachment; filename=\"");
    for (size_t i = 0; i < n; i++) {
        char c = z[i];

        /* For programs that do not know the other form. */
        hb_buf_addc(b, (unsigned char)c >= 0x80 || strchr("\"\\%", c) != NULL
                           ? '_'
                           : c);
    }
    hb_buf_addz(b, "\"; filename*=UTF-8''");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)z[i];

        if (isalnum(c) || strchr("!#$&+-.^_`|~", c) != NULL)
            hb_buf_addc(b, (char)c);
        else
            hb_buf_addf(b, "%%%02X", c);
    }
}

enum hb_lang hb_accept_language(const char *value, enum hb_lang dflt)
{
    enum hb_lang best = dflt;
    int most = 0;

    while (value != NULL && *value != '\0') {
        const char *at = value + strspn(value, " \t,");
        size_t n = strcspn(at, " \t,;");
        enum hb_lang lang = HB_LANG_COUNT;
        int q;

        if (n >= 2 && (n == 2 || at[2] == '-')) {
            if (strncasecmp(at, "ja", 2) == 0)
                lang = HB_LANG_JA;
            else if (strncasecmp(at, "en", 2) == 0)
                lang = HB_LANG_EN;
        }
        at += n;
        q = weight(&at);
        if (lang != HB_LANG_COUNT && q > most) {
            most = q;
            best = lang;
        }
        value = *at == ',' ? at + 1 : at;
        if (n == 0 && *value != '\0')
            value++;
    }
    return best;
}

bool hb_cookie(const char *header, const char *name, char *dst, size_t size)
{
    size_t len = strlen(name);
    bool found = false;

    while (header != NULL && *header != '\0') {
        size_t n;

        header += strspn(header, "; \t");
        n = strcspn(header, ";");
        if (n > len && strncmp(header, name, len) == 0 && header[len] == '=') {
            size_t value = n - len - 1;

            if (found || value >= size)
                return false;
            memcpy(dst, header + len + 1, value);
            dst[value] = '\0';
            found = true;
        }
        header += n;
    }
    return found;
}

int hb_range(const char *value, int64_t size, int64_t *ret_at)
{
    const char *dash;
    uint64_t at;

    if (value == NULL || strncasecmp(value, "bytes=", 6) != 0)
        return 0;
    value += 6;
    dash = strchr(value, '-');
    if (dash == NULL || dash == value || strchr(value, ',') != NULL ||
        hb_parse_u64(hb_slice(value, (size_t)(dash - value)), &at) < 0 ||
        dash[1 + strspn(dash + 1, "0123456789")] != '\0')
        return 0;
    if (at >= (uint64_t)size)
        return -ERANGE;
    *ret_at = (int64_t)at;
    return 1;
}

/* ---- static ---- */

static size_t clean(const char *name, char *dst, size_t size)
{
    size_t left = strlen(name), n = 0;

    while (left > 0) {
        uint32_t cp = 0;
        size_t step = hb_utf8_get(name, left, &cp);
        bool bad = step == 0 || hb_show_hidden(cp) ||
                   (cp < 0x80 && strchr("/\\:*?\"<>|", (int)cp) != NULL);

        step = HB_MAX(step, 1);
        if (n + (bad ? 1 : step) >= size)
            break;
        if (bad) {
            dst[n++] = '_';
        } else {
            memcpy(dst + n, name, step);
            n += step;
        }
        name += step;
        left -= step;
    }
    if (n == 0)
        dst[n++] = '_';
    /* What begins with a dot is hidden, what is "." or ".." is no name. */
    if (dst[0] == '.')
        dst[0] = '_';
    dst[n] = '\0';
    return n;
}

/* ";q=0.8" in thousandths; 1000 where none stands there. */
static int weight(const char **at)
{
    const char *z = *at;
    int q = 1000;

    while (*z != '\0' && *z != ',') {
        z += strspn(z, "; \t");
        if ((z[0] == 'q' || z[0] == 'Q') && z[1] == '=') {
            int scale = 100;

            q = z[2] == '1' ? 1000 : 0;
            for (z += 2; isdigit((unsigned char)*z) || *z == '.'; z++) {
                if (*z == '.' || scale == 0 || z[-1] == '=')
                    continue;
                q = HB_MIN(q + (*z - '0') * scale, 1000);
                scale /= 10;
            }
        }
        z += strcspn(z, ",;");
        if (*z == ';')
            z++;
    }
    *at = z;
    return q;
}
