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

/* cmocka says "not ok # SKIP", which meson counts as a failure.  Ends the
 * test and says why; for use in the test function itself. */
#define hb_tap_skip(why)                                                       \
    do {                                                                       \
        print_message("# skipped: %s:%d: %s\n", __FILE__, __LINE__, why);      \
        return;                                                                \
    } while (0)
#undef skip
#define skip() hb_tap_skip("not possible here")

#endif
