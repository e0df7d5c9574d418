/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transform_digest.c - MD5 (RFC 1321) and SHA-1 (RFC 3174) for rules that
 * name a value without storing it.  Neither guards anything here; no library
 * is asked because those may refuse both (FIPS mode).
 */
#include "guard/waf/transform_edit.h"

#define BLOCK 64u

/* Both work on blocks of 16 words and differ in how they read and mix them. */
typedef void mix_fn(uint32_t h[5], const uint8_t *block);

static mix_fn md5_mix, sha1_mix;
static void digest(struct hb_slice in, mix_fn *mix, bool big, uint32_t h[5]);
static uint32_t rol(uint32_t v, unsigned n);

static const uint32_t start[5] = {0x67452301, 0xefcdab89, 0x98badcfe,
                                  0x10325476, 0xc3d2e1f0};

int hb_waf_t_md5(struct hb_arena *a, struct hb_slice in, struct hb_slice *ret)
{
    char *p = hb_arena_alloc(a, 16);
    uint32_t h[5];

    if (p == NULL)
        return -ENOMEM;
    digest(in, md5_mix, false, h);
    for (unsigned i = 0; i < 16; i++)
        p[i] = (char)(h[i / 4] >> (8 * (i % 4)));
    *ret = (struct hb_slice){p, 16};
    return 0;
}

int hb_waf_t_sha1(struct hb_arena *a, struct hb_slice in, struct hb_slice *ret)
{
    char *p = hb_arena_alloc(a, 20);
    uint32_t h[5];

    if (p == NULL)
        return -ENOMEM;
    digest(in, sha1_mix, true, h);
    for (unsigned i = 0; i < 20; i++)
        p[i] = (char)(h[i / 4] >> (24 - 8 * (i % 4)));
    *ret = (struct hb_slice){p, 20};
    return 0;
}

/* All whole blocks, then the rest with its padding: 0x80, zeroes, and the
 * length in bits (BIG endian or little). */
static void digest(struct hb_slice in, mix_fn *mix, bool big, uint32_t h[5])
{
    uint8_t last[2 * BLOCK] = {0};
    uint64_t bits = (uint64_t)in.n * 8;
    size_t whole = in.n / BLOCK * BLOCK, rest = in.n - whole;
    size_t n = rest + 9 <= BLOCK ? BLOCK : 2 * BLOCK;

    memcpy(h, start, sizeof(start));
    for (size_t i = 0; i < whole; i += BLOCK)
        mix(h, (const uint8_t *)in.p + i);
    if (rest > 0)
        memcpy(last, in.p + whole, rest);
    last[rest] = 0x80;
    for (unsigned i = 0; i < 8; i++)
        last[n - 8 + i] = (uint8_t)(bits >> (big ? 56 - 8 * i : 8 * i));
    for (size_t i = 0; i < n; i += BLOCK)
        mix(h, last + i);
}

static uint32_t rol(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

/* RFC 1321, 3.4; the table is floor(2^32 * |sin(i + 1)|). */
static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a,
    0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
    0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
    0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
    0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
    0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
    0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
    0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
    0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static void md5_mix(uint32_t h[5], const uint8_t *block)
{
    static const uint8_t turn[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    uint32_t x[16], a = h[0], b = h[1], c = h[2], d = h[3];

    for (unsigned i = 0; i < 16; i++)
        x[i] = (uint32_t)block[4 * i] | (uint32_t)block[4 * i + 1] << 8 |
               (uint32_t)block[4 * i + 2] << 16 |
               (uint32_t)block[4 * i + 3] << 24;
    for (unsigned i = 0; i < 64; i++) {
        uint32_t f, was = d;
        unsigned k;

        switch (i / 16) {
        case 0:
            f = (b & c) | (~b & d);
            k = i;
            break;
        case 1:
            f = (b & d) | (c & ~d);
            k = (5 * i + 1) % 16;
            break;
        case 2:
            f = b ^ c ^ d;
            k = (3 * i + 5) % 16;
            break;
        default:
            f = c ^ (b | ~d);
            k = 7 * i % 16;
        }
        f += a + x[k] + sines[i];
        d = c;
        c = b;
        b += rol(f, turn[i / 16][i % 4]);
        a = was;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
}

/* RFC 3174, 6.1. */
static void sha1_mix(uint32_t h[5], const uint8_t *block)
{
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

    for (unsigned i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (unsigned i = 16; i < 80; i++)
        w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (unsigned i = 0; i < 80; i++) {
        uint32_t f, k, t;

        if (i < 20) {
            f = (b & c) | (~b & d);
            k = 0x5a827999;
        } else if (i < 40) {
            f = b ^ c ^ d;
            k = 0x6ed9eba1;
        } else if (i < 60) {
            f = (b & c) | (b & d) | (c & d);
            k = 0x8f1bbcdc;
        } else {
            f = b ^ c ^ d;
            k = 0xca62c1d6;
        }
        t = rol(a, 5) + f + e + w[i] + k;
        e = d;
        d = c;
        c = rol(b, 30);
        b = a;
        a = t;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}
