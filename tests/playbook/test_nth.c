/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for every n: the call says so or does without,
 * and what follows ends as if nothing had been. */
#include "world.h"

#include "base/fault.h"

#define STEP "- {id: "

static const char steps[] = STEP
    "begin, type: start, next: look}\n" STEP
    "look, type: action, action: site.scan, next: par}\n" STEP
    "par, type: parallel, branches: [tell, wait], next: q}\n" STEP
    "tell, type: task, answer: __kind__, next: tx}\n" STEP
    "tx, type: end}\n" STEP
    "wait, type: action, action: site.outside, next: wx}\n" STEP
    "wx, type: end}\n" STEP
    "q, type: if, condition: __kind__ = 'b c', on_true: a, next: fin}\n" STEP
    "a, type: end}\n" STEP "fin, type: end}\n";

static int act(void *arg, const struct hb_play_act *a)
{
    struct world *w = arg;

    for (size_t i = 0; i < w->n; i++) /* as a real one: it knows its keys */
        if (memcmp(w->deeds[i].key, a->key, HB_ACT_KEY_SIZE) == 0) {
            assert_true(a->again);
            return 0;
        }
    assert_true(w->n < 2);
    memcpy(w->deeds[w->n++].key, a->key, HB_ACT_KEY_SIZE);
    return 0;
}

/* Everything that is to be done, whatever it says. */
static void work(struct world *w)
{
    struct hb_err err = {0};

    (void)(hb_play_begin(w->p, w->incident) + hb_play_tick(w->p));
    for (size_t i = 0; i < w->n; i++)
        (void)(hb_play_answer(w->p, w->deeds[i].key, HB_PLAY_DONE,
                              "{\"__site_clean__\":true}", "ok") +
               hb_play_tick(w->p));
    for (int64_t id = 1; id < 4; id++)
        (void)(hb_play_task_answer(w->p, id, w->sato, true, "b c", &err) +
               hb_play_tick(w->p));
}

static bool one(unsigned n)
{
    struct world w;
    const struct hb_play_port port = {.arg = &w, .act = act};
    bool through;

    world_open(&w);
    world_book(&w, steps);
    hb_play_free(w.p);
    assert_int_equal(hb_play_new(&w.s, &port, &w.p), 0);
    assert_int_equal(hb_incident_open(&w.s, 2, "www", "p", "n", &w.incident),
                     0);
    hb_fault_set(HB_FAULT_ALLOC, n);
    work(&w);
    through = hb_fault_pending(HB_FAULT_ALLOC);
    hb_fault_set(HB_FAULT_ALLOC, 0);
    assert_false(hb_db_in_transaction(w.s.db));
    for (int i = 0; i < 3; i++)
        work(&w);
    assert_int_equal(world_run(&w), HB_PLAY_ENDED);
    /* Which branch is first depends on what failed. */
    assert_has(world_trace(&w), "begin:E look:E par:E tell:E wait:E ");
    assert_has(world_trace(&w), " tx:E ");
    assert_has(world_trace(&w), " wx:E ");
    assert_has(world_trace(&w), " q:E a:E fin:E");
    assert_int_equal(w.n, 2);
    world_close(&w);
    return through;
}

static void test_every_allocation(void **state)
{
    unsigned n = 1;

    while (!one(n))
        n++;
    print_message("# %u allocations failed in turn\n", n - 1);
    assert_true(n > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation),
    };

    return hb_tap_run("playbook/nth", tests);
}
