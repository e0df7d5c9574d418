/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check digits and Japan's numbering plan, with published numbers.
 */
#include "../tap.h"

#include "inspect/number.h"

static bool my_number(const char *z)
{
    return hb_my_number_ok(z, strlen(z));
}

static bool card(const char *z)
{
    return hb_card_ok(z, strlen(z));
}

static bool phone(const char *z)
{
    return hb_phone_ok(z, strlen(z));
}

/* Each of the last digits but one is wrong. */
static void test_my_number(void **state)
{
    char z[13] = "123456789018"; /* the specimen of official forms */
    unsigned right = 0;

    assert_true(my_number(z));
    for (char c = '0'; c <= '9'; c++) {
        z[11] = c;
        right += my_number(z);
    }
    assert_int_equal(right, 1);
    assert_true(my_number("023456789013"));
    /* The remainders 0 and 1 are both written 0. */
    assert_true(my_number("000000000000"));
    assert_false(my_number("12345678901"));
    assert_false(my_number("1234567890180"));
}

static void test_card(void **state)
{
    assert_true(card("4929000000006"));    /* 13 digits */
    assert_true(card("5200000000000007")); /* 51-55 */
    assert_true(card("2223000000000007")); /* 2221-2720 */
    assert_true(card("343434343434343"));  /* 15 digits */
    assert_true(card("36700102000000"));   /* 14 digits */
    assert_true(card("3530185156387088"));
    /* Luhn's digit, length and prefix. */
    assert_false(card("5200000000000008"));
    assert_false(card("520000000000007"));
    assert_false(card("9000000000000001"));
    /* Published for tests, nobody's. */
    assert_false(card("4242424242424242"));
    assert_false(card("4111111111111111"));
    assert_false(card("378282246310005"));
}

static void test_phone(void **state)
{
    assert_true(phone("0312345678"));
    assert_true(phone("0662345678"));
    assert_true(phone("0422345678"));
    assert_true(phone("0126722345")); /* five digits of area */
    assert_true(phone("09012345678"));
    assert_true(phone("02012345678"));
    assert_true(phone("06012345678"));
    assert_false(phone("0901234567"));
    assert_false(phone("03123456789"));
    assert_false(phone("0120123456"));
    assert_false(phone("0570123456"));
    assert_false(phone("0990512345"));
    assert_false(phone("08001234567"));
    assert_false(phone("0012345678"));
    assert_false(phone("110"));
    assert_int_equal(hb_phone_area("0312345678", 10), 2);
    assert_int_equal(hb_phone_area("0451234567", 10), 3);
    assert_int_equal(hb_phone_area("0263123456", 10), 4);
    assert_int_equal(hb_phone_area("0499212345", 10), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_my_number),
        cmocka_unit_test(test_card),
        cmocka_unit_test(test_phone),
    };

    return hb_tap_run("inspect/number", tests);
}
