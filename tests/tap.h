/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap.h - what every unit test includes: cmocka, speaking TAP.
 *
 *     static void test_thing(void **state) { ... assert_int_equal(...); }
 *     int main(void)
 *     {
 *         const struct CMUnitTest tests[] = {cmocka_unit_test(test_thing)};
 *         return hb_tap_run("base/thing", tests);
 *     }
 */
#ifndef HB_TESTS_TAP_H
#define HB_TESTS_TAP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#define hb_tap_run(name, tests)                                                \
    (cmocka_set_message_output(CM_OUTPUT_TAP),                                 \
     cmocka_run_group_tests_name(name, tests, NULL, NULL))

#endif
