/* SPDX-License-Identifier: Apache-2.0 */
/* Every type of step, one at a time and nested in each other. */
#include "world.h"

static void test_straight(void **state)
{
    struct world w;

    world_begin(&w, "- {id: begin, type: start, next: look}\n"
                    "- {id: look, type: action, action: site.scan,"
                    " next: tell}\n"
                    "- {id: tell, type: task, next: fin}\n"
                    "- {id: fin, type: end}\n");
    assert_string_equal(world_trace(&w), "begin:E look:E tell:B");
    assert_int_equal(w.n, 1);
    assert_false(w.deeds[0].again);
    assert_int_equal(world_run(&w), HB_PLAY_BEGUN);
    /* Nothing moves by itself. */
    assert_int_equal(hb_play_tick(w.p), 0);
    assert_int_equal(hb_play_begin(w.p, w.incident), 0);
    assert_string_equal(world_trace(&w), "begin:E look:E tell:B");
    assert_int_equal(world_answer(&w, "tell", true, "told them"), 0);
    assert_string_equal(world_trace(&w), "begin:E look:E tell:E fin:E");
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    assert_int_equal(w.n, 1);
    assert_has(world_timeline(&w, HB_LANG_EN), "action.done|Done by the "
                                               "machine: look (done).");
    assert_has(world_timeline(&w, HB_LANG_EN), "step.done|Step done: "
                                               "Response.");
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_straight),
    };

    return hb_tap_run("playbook/steps", tests);
}
