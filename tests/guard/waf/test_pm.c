/* SPDX-License-Identifier: Apache-2.0 */
#include "../../tap.h"

#include "base/clock.h"
#include "guard/waf/pm.h"
#include "units.h"

static struct hb_waf_pm *of_lines(const char *text)
{
    struct hb_waf_pm_builder *b = hb_waf_pm_builder_new();
    struct hb_waf_pm *pm = NULL;

    assert_non_null(b);
    assert_int_equal(hb_waf_pm_add_lines(b, hb_slice_z(text)), 0);
    assert_int_equal(hb_waf_pm_build(b, &pm), 0);
    hb_waf_pm_builder_free(b);
    return pm;
}

static void found(const char *lines, const char *value, const char *want)
{
    struct hb_waf_pm *pm = of_lines(lines);
    struct hb_slice got = {0};
    bool yes = hb_waf_pm_find(pm, hb_slice_z(value), &got);

    assert_int_equal(yes, want != NULL);
    if (want != NULL) {
        assert_int_equal(got.n, strlen(want));
        assert_memory_equal(got.p, want, got.n);
    }
    hb_waf_pm_free(pm);
}

static void test_find(void **state)
{
    found("he\nshe\nhers\nhis\n", "uSHErs", "SHE");
    found("abcd\nbc\n", "xabcx", "bc");
    found("abcde\nbcf\n", "xabcf", "bcf");
    found("aaab\n", "aaaaaab", "aaab");
    found("# no phrase\n\n  two words \r\n", "no phrase, two words",
          "two words");
    found("a|00 2e|b\n", "xA", NULL);
    found("|fF|\n|zz|\n", "a\xff", "\xff");
    found("|41\n", "|41", "|41");
    found("", "anything", NULL);
    found("end", "en", NULL);
}

static void test_words(void **state)
{
    struct hb_waf_pm_builder *b = hb_waf_pm_builder_new();
    struct hb_waf_pm *pm = NULL;

    assert_int_equal(hb_waf_pm_add_words(b, HB_SLICE(" a|20 20|b  c\td| e ")),
                     0);
    assert_int_equal(hb_waf_pm_build(b, &pm), 0);
    assert_int_equal(hb_waf_pm_count(pm), 4);
    assert_true(hb_waf_pm_find(pm, HB_SLICE("xA  B"), NULL));
    assert_true(hb_waf_pm_find(pm, HB_SLICE("D|"), NULL));
    assert_false(hb_waf_pm_find(pm, HB_SLICE("a b d"), NULL));
    hb_waf_pm_free(pm);
    hb_waf_pm_builder_free(b);
}

static uint32_t next_random(uint32_t *s)
{
    *s = *s * 1664525u + 1013904223u;
    return *s >> 16;
}

/* Against the plainest search there is. */
static void test_same_as_plain(void **state)
{
    uint32_t seed = 7;

    for (unsigned round = 0; round < 2000; round++) {
        struct hb_waf_pm_builder *b = hb_waf_pm_builder_new();
        struct hb_waf_pm *pm = NULL;
        char word[8][6], text[40];
        size_t len[8], first = SIZE_MAX, n = next_random(&seed) % 40;
        struct hb_slice got = {0};

        for (size_t i = 0; i < n; i++)
            text[i] = "abAB\0"[next_random(&seed) % 5];
        for (unsigned w = 0; w < 8; w++) {
            len[w] = 1 + next_random(&seed) % 6;
            for (size_t i = 0; i < len[w]; i++)
                word[w][i] = "ab\0"[next_random(&seed) % 3];
            assert_int_equal(
                hb_waf_pm_add(b, (struct hb_slice){word[w], len[w]}), 0);
            for (size_t i = 0; i + len[w] <= n; i++) {
                size_t k = 0;

                while (k < len[w] &&
                       (text[i + k] | (text[i + k] ? 32 : 0)) == word[w][k])
                    k++;
                if (k == len[w])
                    first = HB_MIN(first, i + k);
            }
        }
        assert_int_equal(hb_waf_pm_build(b, &pm), 0);
        assert_int_equal(hb_waf_pm_find(pm, (struct hb_slice){text, n}, &got),
                         first != SIZE_MAX);
        if (first != SIZE_MAX)
            assert_int_equal((size_t)(got.p - text) + got.n, first);
        hb_waf_pm_free(pm);
        hb_waf_pm_builder_free(b);
    }
}

/* All phrase files of the rule set together: the size that is promised. */
static void test_crs(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_pm_builder *b = hb_waf_pm_builder_new();
    const char *dir = units_path(a, "../../crs/rules");
    DIR *d = *dir != '\0' ? opendir(dir) : NULL;
    uint64_t from = hb_tick();
    struct hb_waf_pm *pm = NULL;
    struct hb_slice text;

    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        if (!hb_ends_with(e->d_name, ".data"))
            continue;
        assert_int_equal(
            hb_file_read(a, hb_arena_printf(a, "%s/%s", dir, e->d_name),
                         HB_MAX_JSON, &text),
            0);
        assert_int_equal(hb_waf_pm_add_lines(b, text), 0);
    }
    if (d != NULL)
        (void)closedir(d);
    assert_int_equal(hb_waf_pm_build(b, &pm), 0);
    hb_waf_pm_builder_free(b);
    print_message("# %zu phrases, %zu KiB, built in %llu us\n",
                  hb_waf_pm_count(pm), hb_waf_pm_size(pm) >> 10,
                  (unsigned long long)(hb_tick() - from) / 1000);
    if (d != NULL) {
        assert_true(hb_waf_pm_count(pm) > 5000);
        assert_true(hb_waf_pm_size(pm) < (size_t)4 << 20);
        assert_true(hb_waf_pm_find(pm, HB_SLICE("x=/etc/passwd"), NULL));
    }
    hb_waf_pm_free(pm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_same_as_plain),
        cmocka_unit_test(test_crs),
    };

    return hb_tap_run("guard/waf/pm", tests);
}
