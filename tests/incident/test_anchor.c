/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_anchor.c - a checkpoint is found again in whatever mail programs,
 * relays and people make of the mail that carried it.
 */
#include "../tap.h"

#include "base/mime.h"
#include "incident/evidence_anchor.h"

#define TEXT                                                                   \
    "Checkpoint of the evidence of X = Y, 2026-11-30.\n\nKeep this mail.\n\n"

static struct hb_evid_anchor want;
static struct hb_buf line = HB_BUF_INIT, mail = HB_BUF_INIT;

static int setup(void **state)
{
    want = (struct hb_evid_anchor){.number = 4711, .time = 1796055600123456789};
    for (size_t i = 0; i < sizeof(want.digest); i++)
        want.digest[i] = (uint8_t)(i * 7 + 1);
    for (size_t i = 0; i < sizeof(want.sig); i++)
        want.sig[i] = (uint8_t)(i * 13 + 5);
    hb_evid_anchor_text(&line, &want);
    hb_buf_addz(&mail, TEXT);
    return hb_evidence_anchor_lines(&mail, hb_buf_slice(&line));
}

static int done(void **state)
{
    hb_buf_done(&line);
    hb_buf_done(&mail);
    return 0;
}

static void is_in(const char *text)
{
    struct hb_evid_anchor got[4];

    assert_int_equal(hb_evid_anchors(hb_slice_z(text), got, 4), 1);
    assert_int_equal(got[0].number, want.number);
    assert_int_equal(got[0].time, want.time);
    assert_memory_equal(got[0].digest, want.digest, sizeof(want.digest));
    assert_memory_equal(got[0].sig, want.sig, sizeof(want.sig));
}

/* Each line of Z with BEFORE and AFTER. */
static const char *lines(struct hb_buf *b, const char *z, const char *before,
                         const char *after)
{
    while (*z != '\0') {
        size_t n = strcspn(z, "\n");

        hb_buf_addz(b, before);
        hb_buf_add(b, z, n);
        hb_buf_addz(b, after);
        z += n + (z[n] == '\n');
    }
    return hb_buf_z(b);
}

static void test_form(void **state)
{
    const char *z = hb_buf_z(&mail);
    unsigned marks = 0;

    for (size_t at = 0; z[at] != '\0';) {
        size_t n = strcspn(z + at, "\n");

        assert_true(n < 66); /* quoted five times it still is < 76 */
        marks +=
            strncmp(z + at, HB_ANCHOR_MARK, sizeof(HB_ANCHOR_MARK) - 1) == 0;
        at += n + 1;
    }
    assert_int_equal(marks, 6);
    is_in(z);
    is_in(hb_buf_z(&line));
}

static void test_before_it_was_short(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_buf_addf(&b, TEXT HB_ANCHOR_MARK "%s\nbye\n", hb_buf_z(&line));
    is_in(hb_buf_z(&b));
}

static void test_quoted(void **state)
{
    _cleanup_buf_ struct hb_buf a = HB_BUF_INIT, b = HB_BUF_INIT,
                                c = HB_BUF_INIT, d = HB_BUF_INIT;

    is_in(lines(&a, hb_buf_z(&mail), "", "\r\n"));
    is_in(lines(&b, hb_buf_z(&mail), "> > ", "\n"));
    is_in(lines(&c, hb_buf_z(&mail), ">>", "  \r\n"));
    is_in(lines(&d, hb_buf_z(&mail), "<p>", "<br/>"));
}

static void test_quoted_printable(void **state)
{
    _cleanup_buf_ struct hb_buf a = HB_BUF_INIT, b = HB_BUF_INIT;

    hb_qp_encode(&a, hb_buf_slice(&mail));
    assert_non_null(strstr(hb_buf_z(&a), "=3D"));
    is_in(hb_buf_z(&a));
    /* Narrow, and more of it encoded than need be. */
    for (size_t i = 0; i < mail.n; i++) {
        bool code = i % 3 == 0 || mail.p[i] == '=';

        hb_buf_addf(&b, code ? "=%02x" : "%c", (unsigned char)mail.p[i]);
        if (i % 20 == 19)
            hb_buf_addz(&b, "= \r\n");
    }
    is_in(hb_buf_z(&b));
}

static void test_base64(void **state)
{
    static const size_t widths[] = {76, 60, 4000};

    for (size_t k = 0; k < HB_ARRAY_LEN(widths); k++) {
        _cleanup_buf_ struct hb_buf flat = HB_BUF_INIT, b = HB_BUF_INIT;

        hb_base64_encode(&flat, mail.p, mail.n);
        hb_buf_addz(&b, "Content-Transfer-Encoding: base64\r\n\r\n");
        for (size_t i = 0; i < flat.n; i += widths[k]) {
            hb_buf_add(&b, flat.p + i, HB_MIN(widths[k], flat.n - i));
            hb_buf_addz(&b, "\r\n");
        }
        if (k != 1)
            hb_buf_addz(&b, "--boundary--\r\n");
        is_in(hb_buf_z(&b));
    }
}

static void test_folded(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT, old = HB_BUF_INIT,
                                c = HB_BUF_INIT;

    for (size_t i = 0; i < mail.n; i++)
        hb_buf_addf(&b, mail.p[i] == ' ' ? "\r\n %c" : "%c", mail.p[i]);
    is_in(hb_buf_z(&b));
    /* The long line of before, cut wherever it was too wide. */
    hb_buf_addf(&old, HB_ANCHOR_MARK "%s", hb_buf_z(&line));
    for (size_t i = 0; i < old.n; i++)
        hb_buf_addf(&c, i % 72 == 71 ? "%c\n" : "%c", old.p[i]);
    is_in(hb_buf_z(&c));
}

/* A plain part and an HTML part, and an older mail quoted below. */
static void test_several(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT, other = HB_BUF_INIT;
    struct hb_evid_anchor second = want, got[4];

    (void)lines(&b, hb_buf_z(&mail), "", "\r\n");
    (void)lines(&b, hb_buf_z(&mail), "<div>", "</div>");
    is_in(hb_buf_z(&b));
    /* Cut off in the middle, then a whole one. */
    hb_buf_addz(&b, "\n" HB_ANCHOR_MARK "12\n" HB_ANCHOR_MARK "0123abcd\n");
    second.number = 12;
    hb_evid_anchor_text(&other, &second);
    assert_int_equal(hb_evidence_anchor_lines(&b, hb_buf_slice(&other)), 0);
    assert_int_equal(hb_evid_anchors(hb_buf_slice(&b), got, 4), 2);
    assert_int_equal(got[1].number, 12);
    assert_int_equal(hb_evid_anchors(hb_buf_slice(&b), got, 1), -EFBIG);
}

/* As typed from paper: in groups, without a mark. */
static void test_typed(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_buf_addz(&b, "Our paper of 2026, sheet 3\n\n4711\n");
    for (size_t i = 5; i < line.n; i++)
        hb_buf_addf(&b,
                    i > 70 && i < 100 ? "%c"
                    : i % 8 == 0      ? " %c"
                                      : "%c",
                    line.p[i]);
    is_in(hb_buf_z(&b));
}

static void test_none(void **state)
{
    static const char *const none[] = {
        "",
        "good morning",
        "1 2 3 4",
        HB_ANCHOR_MARK,
        HB_ANCHOR_MARK "12",
        "hinoban-checkpoint 4711 x",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
        "12 <<<<<<",
        "<",
    };
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_evid_anchor got[4];

    for (size_t i = 0; i < HB_ARRAY_LEN(none); i++)
        assert_int_equal(hb_evid_anchors(hb_slice_z(none[i]), got, 4), 0);
    /* Cut anywhere there is none, and nobody reads past the end. */
    for (size_t n = 0; n + 2 < mail.n; n++) {
        char *cut = strndup(mail.p, n);

        assert_non_null(cut);
        assert_int_equal(hb_evid_anchors(hb_slice(cut, n), got, 4), 0);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_before_it_was_short),
        cmocka_unit_test(test_quoted),
        cmocka_unit_test(test_quoted_printable),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_folded),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_typed),
        cmocka_unit_test(test_none),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("incident/anchor", tests, setup, done);
}
