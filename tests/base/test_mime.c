/* SPDX-License-Identifier: Apache-2.0 */
/* The encodings of mail bodies; examples of RFC 4648 and RFC 2045. */
#include "../tap.h"

#include "base/mime.h"

static void test_base64(void **state)
{
    static const char *const known[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};

    for (size_t i = 0; i < HB_ARRAY_LEN(known); i++) {
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT, back = HB_BUF_INIT;

        hb_base64_encode(&b, known[i][0], strlen(known[i][0]));
        assert_string_equal(hb_buf_z(&b), known[i][1]);
        assert_int_equal(hb_base64_decode(&back, hb_buf_slice(&b)), 0);
        assert_string_equal(hb_buf_z(&back), known[i][0]);
    }
}

static void test_base64_of_a_mail(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    assert_int_equal(hb_base64_decode(&b, HB_SLICE("Zm9v\r\n YmFy\r\n")), 0);
    assert_string_equal(hb_buf_z(&b), "foobar");
    assert_int_equal(hb_base64_decode(&b, HB_SLICE("Zm9v*")), -EBADMSG);
    assert_int_equal(hb_base64_decode(&b, hb_slice("\0", 1)), -EBADMSG);
    assert_true(hb_base64_is('/') && hb_base64_is('='));
    assert_false(hb_base64_is('\0') || hb_base64_is('-'));
}

static void decoded(const char *qp, const char *text)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_qp_decode(&b, hb_slice_z(qp));
    assert_string_equal(hb_buf_z(&b), text);
}

static void test_qp_decode(void **state)
{
    decoded("Now's the time =\r\nfor all folk", "Now's the time for all folk");
    decoded("a=  \t\nb", "ab");
    decoded("=E7=81=AB=e3=81=ae=E7=95=AA", "火の番");
    /* What is no code stays. */
    decoded("a=b == =G1 =4", "a=b == =G1 =4");
    decoded("=", "=");
    decoded("==\n", "=");
    decoded("=\r", "=\r");
}

static void test_qp_encode(void **state)
{
    static const char text[] =
        "A line that is long enough to be folded somewhere, with a = in it, "
        "and a blank at its end \n\t\n火の番の証拠のチェックポイントです。"
        "このメールを保管してください。\n.\nlast";
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT, back = HB_BUF_INIT,
                                lf = HB_BUF_INIT;
    size_t column = 0;

    hb_qp_encode(&b, hb_slice_z(text));
    for (size_t i = 0; i < b.n; i++) {
        column = b.p[i] == '\n' ? 0 : column + (b.p[i] != '\r');
        assert_true(column <= 76);
        assert_true((unsigned char)b.p[i] < 0x7f);
        if (b.p[i] == '\n')
            assert_true(b.p[i - 1] == '\r' && b.p[i - 2] != ' ' &&
                        b.p[i - 2] != '\t');
    }
    hb_qp_decode(&back, hb_buf_slice(&b));
    for (size_t i = 0; i < back.n; i++)
        if (back.p[i] != '\r')
            hb_buf_addc(&lf, back.p[i]);
    assert_string_equal(hb_buf_z(&lf), text);
}

static void test_addresses(void **state)
{
    static const char *const good[] = {"a@b", "hanako.sato+x@example.jp"};
    static const char *const bad[] = {
        "",        "a",     "@b",      "a@",   "a b@c",      "a@b\r\nBcc: x@y",
        "a@b,c@d", "<a@b>", "\"a\"@b", "a@b;", "花子@例.jp", "a@b\x7f"};

    for (size_t i = 0; i < HB_ARRAY_LEN(good); i++)
        assert_true(hb_mail_address_ok(good[i]));
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        assert_false(hb_mail_address_ok(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_base64_of_a_mail),
        cmocka_unit_test(test_qp_decode),
        cmocka_unit_test(test_qp_encode),
    };

    return hb_tap_run("base/mime", tests);
}
