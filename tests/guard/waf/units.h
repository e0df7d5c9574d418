/* SPDX-License-Identifier: Apache-2.0 */
/*
 * units.h - the unit tests of operators and transformations that engines of
 * SecLang share ("SecRules test set"): read where they lie beside the source
 * (../shared/waf/tests/units), never copied.
 */
#ifndef HB_TESTS_GUARD_WAF_UNITS_H
#define HB_TESTS_GUARD_WAF_UNITS_H

#include <dirent.h>

#include "base/file.h"
#include "base/json.h"
#include "base/num.h"

/* Path of NAME in there, "" where the set is not there. */
static inline const char *units_path(struct hb_arena *a, const char *name)
{
    const char *root = getenv("HB_SOURCE_ROOT");
    const char *p;

    if (root == NULL)
        return "";
    p = hb_arena_printf(a, "%s/../shared/waf/tests/units/%s", root, name);
    return p != NULL && access(p, R_OK) == 0 ? p : "";
}

/* The files of folder NAME that end with ".json"; their count. */
static inline size_t units_files(struct hb_arena *a, const char *name,
                                 const char *ret[64])
{
    const char *dir = units_path(a, name);
    DIR *d = *dir != '\0' ? opendir(dir) : NULL;
    size_t n = 0;

    for (struct dirent *e; d != NULL && n < 64 && (e = readdir(d)) != NULL;)
        if (hb_ends_with(e->d_name, ".json"))
            ret[n++] = hb_arena_printf(a, "%s/%s", dir, e->d_name);
    if (d != NULL)
        (void)closedir(d);
    return n;
}

/* A file as JSON.  Its NULs (\u0000), which our reader refuses, become the
 * text "\u0000", which units_bytes() turns into a NUL again. */
static inline struct hb_json *units_load(struct hb_arena *a, const char *path)
{
    struct hb_json *j = NULL;
    struct hb_slice raw;
    struct hb_err err = {0};
    char *text;
    size_t n = 0;

    if (hb_file_read(a, path, HB_MAX_JSON, &raw) < 0)
        return NULL;
    text = hb_arena_alloc(a, 2 * raw.n + 1);
    for (size_t i = 0; text != NULL && i < raw.n; i++) {
        text[n++] = raw.p[i];
        if (raw.p[i] != '\\' || i + 1 == raw.n)
            continue;
        if (raw.n - i >= 6 && memcmp(raw.p + i, "\\u0000", 6) == 0)
            text[n++] = '\\';
        text[n++] = raw.p[++i];
    }
    if (text == NULL ||
        hb_json_parse(a, (struct hb_slice){text, n}, &j, &err) < 0)
        return NULL;
    return j;
}

/* What scanf("%2x") reads of N characters. */
static inline int units_hex(const char *p, size_t n)
{
    int v = 0;

    for (size_t i = 0; i < n && hb_hex_digit(p[i]) >= 0; i++)
        v = v * 16 + hb_hex_digit(p[i]);
    return v;
}

static inline bool units_word(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((p[i] < '0' || p[i] > '9') &&
            ((p[i] | 0x20) < 'a' || (p[i] | 0x20) > 'z'))
            return false;
    return true;
}

/* The bytes that a text of the set means: \xHH and \uHHHH are one byte. */
static inline struct hb_slice units_bytes(struct hb_arena *a,
                                          const struct hb_json *obj,
                                          const char *key)
{
    const struct hb_json *j = hb_json_get(obj, key);
    struct hb_slice s = j != NULL ? j->str : HB_SLICE("");
    char *p = hb_arena_alloc(a, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        size_t left = s.n - i, digits = 0;

        if (s.p[i] == '\\' && left >= 4 && s.p[i + 1] == 'x')
            digits = 2;
        else if (s.p[i] == '\\' && left >= 6 && s.p[i + 1] == 'u')
            digits = 4;
        if (digits > 0 && units_word(s.p + i + 2, digits)) {
            p[n++] = (char)units_hex(s.p + i + 2, digits);
            i += 1 + digits;
        } else {
            p[n++] = s.p[i];
        }
    }
    return (struct hb_slice){p, n};
}

#endif
