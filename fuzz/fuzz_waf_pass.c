/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_waf_pass.c - what strangers hand in as a pass.  The key is none that
 * the input knows, so nothing may be taken; a pass that is made of the input
 * is, and is read as it was made.
 */
#include "base/cur.h"
#include "guard/waf/pass.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const uint8_t *data, size_t size)
{
    const struct hb_waf_pass_key key = {{1, 2, 3}};
    struct hb_waf_pass p = {.kind = HB_WAF_PASS_COOKIE, .ends = 1000}, q;
    struct hb_waf_addr a = {.family = 6};
    char text[HB_WAF_PASS_TEXT];
    struct hb_cur c;
    struct hb_slice s;

    hb_cur_init(&c, data, size);
    s = hb_cur_take(&c, HB_MIN(size, sizeof(p.name) - 1));
    if (memchr(s.p, '\0', s.n) != NULL)
        return;
    memcpy(p.name, s.p, s.n);
    s = hb_slice((const char *)data, size);
    if (hb_waf_pass_make(&key, &p, s, &a, text) < 0)
        return;
    HB_ASSERT(
        hb_waf_pass_check(&key, p.kind, s, &a, hb_slice_z(text), 999, &q) == 0);
    HB_ASSERT(hb_streq(q.name, p.name) && q.ends == p.ends);
    text[size % strlen(text)] ^= 1;
    HB_ASSERT(
        hb_waf_pass_check(&key, p.kind, s, &a, hb_slice_z(text), 999, &q) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice s = hb_slice((const char *)data, size);
    struct hb_waf_pass_key key;
    struct hb_waf_pass p;

    memset(key.b, 0xa5, sizeof(key.b));
    HB_ASSERT(hb_waf_pass_check(&key, HB_WAF_PASS_CODE, HB_SLICE("h"), NULL, s,
                                0, &p) < 0);
    round_trip(data, size);
    return 0;
}
