/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand in a mail's headers, and relays that are not there;
 * box/anchor.py reads a mail that arrived.
 */
#include "../tap.h"

#include "base/clock.h"
#include "net/mail.h"

static void test_addresses(void **state)
{
    static const char *const good[] = {"a@b", "hanako.sato+x@example.jp"};
    static const char *const bad[] = {
        "",        "a",     "@b",      "a@",  "a b@c", "a@b\r\nBcc: x@y",
        "a@b,c@d", "<a@b>", "\"a\"@b", "a@b;"};

    for (size_t i = 0; i < HB_ARRAY_LEN(good); i++)
        assert_true(hb_mail_address_ok(good[i]));
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        assert_false(hb_mail_address_ok(bad[i]));
}

static int send_by(const char *relay, const char *from, const char *subject)
{
    const struct hb_mail m = {.relay = relay,
                              .from = from,
                              .to = "officer@example.jp",
                              .subject = subject,
                              .text = HB_SLICE("hello\n"),
                              .time = hb_now(),
                              .seconds = 5};
    struct hb_err err = {0};
    int r = hb_mail_send(&m, &err);

    assert_int_equal(r < 0, err.message[0] != '\0');
    return r;
}

static void test_refused(void **state)
{
    assert_int_equal(send_by("smtp://127.0.0.1:1", "a@b", "x"), -ECONNREFUSED);
    assert_int_equal(send_by("file:///etc/passwd", "a@b", "x"), -EINVAL);
    assert_int_equal(send_by("http://127.0.0.1:1", "a@b", "x"), -EINVAL);
    assert_int_equal(send_by("smtp://127.0.0.1:1", "a", "x"), -EINVAL);
    assert_int_equal(send_by("smtp://127.0.0.1:1", "a@b", "x\nBcc: c@d"),
                     -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("net/mail", tests, NULL, NULL);
}
