/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_waf_transform.c - nanoseconds a value for each sequence of
 * transformations that the CRS (4.28) puts before a rule on ARGS.
 *
 *     bench-waf-transform [FILE]    FILE: values, one a line
 *
 * Prints one JSON object a line.  Without FILE the values are typical ones of
 * forms and of JSON, most of which no transformation changes.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "guard/waf/transform.h"

#define VALUES_A_RUN 4000
#define RUNS         30 /* the best one counts: the machine is shared */
#define VALUES       4096u
#define STEPS        8u

static const char *const sequences[] = {
    "urlDecodeUni",
    "utf8toUnicode urlDecodeUni htmlEntityDecode jsDecode cssDecode "
    "removeNulls",
    "lowercase",
    "escapeSeqDecode",
    "urlDecodeUni replaceComments",
    "cmdLine",
    "htmlEntityDecode lowercase",
    "urlDecodeUni jsDecode htmlEntityDecode",
    "utf8toUnicode urlDecodeUni removeNulls cmdLine",
    "cmdLine normalizePath",
    "normalizePath urlDecodeUni",
    "urlDecodeUni replaceComments removeWhitespace",
    "utf8toUnicode urlDecodeUni htmlEntityDecode jsDecode cssDecode lowercase "
    "removeNulls",
    "urlDecodeUni compressWhitespace",
    "htmlEntityDecode compressWhitespace",
    "length",
    "urlDecodeUni lowercase",
    "htmlEntityDecode",
    "utf8toUnicode urlDecodeUni normalizePathWin",
    "lowercase urlDecodeUni",
    "escapeSeqDecode compressWhitespace",
    "normalizePath cmdLine",
    "normalizePath",
    "urlDecodeUni jsDecode removeWhitespace base64Decode urlDecodeUni jsDecode "
    "removeWhitespace",
    "urlDecodeUni jsDecode",
    "urlDecodeUni jsDecode base64Decode urlDecodeUni jsDecode replaceComments",
    "urlDecodeUni jsDecode base64Decode urlDecodeUni jsDecode",
    "utf8toUnicode urlDecodeUni htmlEntityDecode jsDecode cssDecode "
    "removeNulls removeWhitespace",
    "lowercase urlDecodeUni htmlEntityDecode jsDecode",
    "urlDecodeUni htmlEntityDecode jsDecode",
    "htmlEntityDecode jsDecode",
    "jsDecode lowercase",
    "utf8toUnicode urlDecodeUni removeNulls",
    "urlDecodeUni removeCommentsChar",
    "urlDecodeUni removeWhitespace",
    "utf8toUnicode urlDecodeUni",
};

static const char *const typical[] = {
    "1",
    "42",
    "true",
    "2026-11-30",
    "tanaka_hanako",
    "Yamada Taro",
    "hanako@example.jp",
    "search words of a visitor",
    "/news/2026/11/index.html",
    "https://www.example.jp/shop/item?id=12&lang=ja",
    "550e8400-e29b-41d4-a716-446655440000",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    "\xe5\xbd\xb9\xe5\xa0\xb4\xe3\x81\xae\xe7\xaa\x93\xe5\x8f\xa3",
    "03-1234-5678",
    "A longer remark: the opening hours on the page are wrong. (Please mend.)",
    "It's 100% of 5 + 5 & more",
};

static size_t steps(const char *z, enum hb_waf_t seq[STEPS])
{
    size_t n = 0;

    while (*z != '\0' && n < STEPS) {
        size_t len = strcspn(z, " ");

        if (!hb_waf_t_find((struct hb_slice){z, len}, &seq[n++]))
            return 0;
        z += len + (z[len] == ' ');
    }
    return n;
}

static size_t lines(struct hb_slice text, struct hb_slice *v)
{
    size_t n = 0;

    while (text.n > 0 && n < VALUES) {
        const char *nl = memchr(text.p, '\n', text.n);
        size_t len = nl != NULL ? (size_t)(nl - text.p) : text.n;

        v[n++] = (struct hb_slice){text.p, len};
        text.p += len + (nl != NULL);
        text.n -= len + (nl != NULL);
    }
    return n;
}

int main(int argc, char **argv)
{
    static struct hb_slice v[VALUES];
    struct hb_arena *file = hb_arena_new(0), *a = hb_arena_new(0);
    struct hb_slice text, out;
    size_t n = 0, same = 0, all = 0;
    double sum = 0;

    if (a == NULL || file == NULL)
        return 1;
    for (; argc < 2 && n < HB_ARRAY_LEN(typical); n++)
        v[n] = hb_slice_z(typical[n]);
    if (argc == 2 && hb_file_read(file, argv[1], HB_MAX_JSON, &text) == 0)
        n = lines(text, v);
    if (n == 0) {
        (void)fprintf(stderr, "usage: bench-waf-transform [FILE]\n");
        return 1;
    }
    for (size_t s = 0; s < HB_ARRAY_LEN(sequences); s++) {
        enum hb_waf_t seq[STEPS];
        size_t k = steps(sequences[s], seq), rounds = VALUES_A_RUN / n + 1;
        double ns = 0;

        for (size_t run = 0; run < RUNS; run++) {
            uint64_t from = hb_tick();
            double took;

            for (size_t r = 0; r < rounds; r++) {
                hb_arena_reset(a);
                for (size_t i = 0; i < n; i++) {
                    if (hb_waf_transform_chain(seq, k, NULL, a, v[i], &out) < 0)
                        return 1;
                    same += out.p == v[i].p && out.n == v[i].n;
                    all++;
                }
            }
            took = (double)(hb_tick() - from) / (double)(rounds * n);
            ns = run == 0 ? took : HB_MIN(ns, took);
        }
        sum += ns;
        (void)printf("{\"sequence\":\"%s\",\"ns\":%.1f}\n", sequences[s], ns);
    }
    (void)printf("{\"sequences\":%zu,\"ns\":%.0f,\"unchanged\":%.3f}\n",
                 HB_ARRAY_LEN(sequences), sum, (double)same / (double)all);
    hb_arena_free(file);
    hb_arena_free(a);
    return 0;
}
