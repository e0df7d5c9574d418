/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_clock.c - deadlines of an incident with the real rule pack: they start
 * from a possibility, never stop by themselves, move only to an earlier start,
 * warn once, and need two people to be called off.
 */
#include "scratch_state.h"

#include "base/day.h"
#include "incident/clock.h"
#include "incident/fact.h"

#define HOUR ((int64_t)(3600 * HB_S))
#define DAY  (24 * HOUR)

static struct hb_casebook *book;
static struct hb_rulepack *pack;
static const struct hb_contract contracts[] = {
    {"city", {{"City of Hinoban", "ひのばん市"}}, 3600 * HB_S, true},
    {"shop", {{"Shop", "店"}}, 24 * 3600 * HB_S, false},
};
static struct hb_clock_rules rules = {.contracts = contracts, .contracts_n = 2};
static int64_t incident;
static int warned, overdue;

static int make(void **state)
{
    const char *root = getenv("HB_SOURCE_ROOT");
    struct hb_err err = {0};
    char path[512];

    if (state_make(state) < 0)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/casebook", root);
    if (hb_casebook_load(path, &book, &err) < 0)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/casebook/rules/jp.yaml", root);
    if (hb_rulepack_load(path, &book->fact_vars, NULL, &pack, &err) < 0) {
        print_message("# %s\n", err.message);
        return -1;
    }
    rules.pack = pack;
    st.casebook = book;
    incident = open_incident("city");
    warned = overdue = 0;
    return 0;
}

static int drop(void **state)
{
    hb_rulepack_free(pack);
    hb_casebook_free(book);
    return state_drop(state);
}

#define CLOCKED(t) cmocka_unit_test_setup_teardown(t, make, drop)

static void know(const char *name, const char *value, int64_t at)
{
    const struct hb_known k = {.name = name,
                               .value = value,
                               .known_at = at,
                               .source = "test",
                               .actor = "person:sato"};
    struct hb_err err = {0};

    if (hb_known_add(&st, incident, &k, &err) < 0)
        fail_msg("%s", err.message);
}

static int review(void)
{
    int r = hb_clock_review(&st, &rules, incident);

    assert_true(r >= 0);
    return r;
}

struct want {
    const char *rule;
    struct hb_clock c;
    bool found;
};

static int look(void *arg, const struct hb_clock *c)
{
    struct want *w = arg;

    if (hb_streq(c->rule, w->rule)) {
        w->c = *c;
        w->found = true;
    }
    return 0;
}

static bool runs(const char *rule, struct hb_clock *ret)
{
    struct want w = {.rule = rule};

    assert_int_equal(hb_clock_each(&st, incident, true, look, &w), 0);
    if (ret != NULL && w.found)
        *ret = w.c;
    return w.found;
}

static int64_t told(const char *kind)
{
    int64_t n = 0;

    assert_int_equal(hb_db_number(st.db, &n,
                                  "SELECT count(*) FROM timeline"
                                  " WHERE kind = ?1",
                                  "t", kind),
                     1);
    return n;
}

static void on_warning(void *arg, const struct hb_clock *c, int kind)
{
    (void)arg;
    (void)c;
    warned += kind != HB_WARNING_KIND_OVERDUE;
    overdue += kind == HB_WARNING_KIND_OVERDUE;
}

static void tick(void)
{
    assert_true(hb_clock_tick(&st, on_warning, NULL) >= 0);
}

/* The question of the first hour runs in every incident, and contracts. */
static void test_always(void **state)
{
    struct hb_clock c;

    (void)state;
    assert_true(review() > 0);
    assert_true(runs("internal-leak-question", &c));
    assert_int_equal(c.due - c.start, HOUR);
    assert_true(runs("contract:city", &c));
    assert_int_equal(c.due - c.start, HOUR);
    assert_false(runs("contract:shop", NULL));
    assert_false(runs("ppc-preliminary", NULL));
    assert_int_equal(review(), 0); /* once */
}

/* A possibility and one trigger of the four start both reports; counted from
 * when any department knew. */
static void test_possibility(void **state)
{
    int64_t knew = hb_now() - 2 * DAY, day;
    struct hb_clock c;

    (void)state;
    know("personal_data", "true", 0);
    (void)review();
    assert_false(runs("ppc-final", NULL)); /* none of the four yet */
    know("persons_count", "1001", 0);
    (void)review();
    assert_true(runs("ppc-final", &c));
    assert_true(runs("ppc-preliminary", NULL));
    assert_true(runs("ppc-notice", NULL));
    /* The reception had known it two days ago. */
    know("personal_data", "true", knew);
    assert_true(review() > 0);
    assert_true(told("clock.moved") > 0);
    assert_true(runs("ppc-final", &c));
    assert_int_equal(c.start, knew);
    day = hb_day_at(knew, HB_JST);
    assert_true(hb_day_at(c.due, HB_JST) >= day + 29);
    /* Never to a later start. */
    know("personal_data", "true", hb_now() + 10);
    assert_int_equal(review(), 0);
    assert_true(runs("ppc-final", &c));
    assert_int_equal(c.start, knew);
}

/* Other facts, or closing, do not stop it; two people do. */
static void test_never_stops_by_itself(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t sato = add_person("sato", "佐藤 花子", HB_PR_OFFICER);
    int64_t mori = add_person("mori", "森 次郎", HB_PR_MANAGER);
    struct hb_person one, two;
    struct hb_err err = {0};
    struct hb_clock c;

    (void)state;
    assert_int_equal(hb_person_get(&st, a, sato, &one), 0);
    assert_int_equal(hb_person_get(&st, a, mori, &two), 0);
    know("personal_data", "true", 0);
    know("sensitive_data", "true", 0);
    (void)review();
    know("personal_data", "false", 0);
    assert_true(review() > 0);
    assert_true(told("clock.doubtful") > 0);
    assert_int_equal(review(), 0); /* told once */
    assert_true(runs("ppc-final", &c));
    assert_int_equal(hb_db_exec(st.db, "UPDATE incident SET state = 4", ""), 0);
    (void)review();
    assert_true(runs("ppc-final", &c));
    assert_int_equal(hb_clock_stop(&st, c.id, &one, " ", &err), -EINVAL);
    assert_int_equal(hb_clock_stop(&st, c.id, &one, "no data in it", &err),
                     -EINPROGRESS);
    assert_true(runs("ppc-final", &c));
    err = (struct hb_err){0};
    assert_int_equal(hb_clock_stop(&st, c.id, &one, "again", &err), -EPERM);
    err = (struct hb_err){0};
    assert_int_equal(hb_clock_stop(&st, c.id, &two, "agreed: #3", &err), 0);
    assert_false(runs("ppc-final", &c));
    (void)review();
    assert_false(runs("ppc-final", &c)); /* and it does not start again */
    err = (struct hb_err){0};
    assert_int_equal(hb_clock_done(&st, c.id, &one, "x", &err), -EALREADY);
}

static void test_warnings(void **state)
{
    int64_t mori;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_person by;
    struct hb_err err = {0};
    struct hb_clock c;

    (void)state;
    assert_non_null(a);
    mori = add_person("mori", "森 次郎", HB_PR_MANAGER);
    assert_int_equal(hb_person_get(&st, a, mori, &by), 0);
    assert_int_equal(hb_clock_start(&st, &rules, incident, "contract:shop",
                                    hb_now(), &by, &err),
                     0);
    assert_int_equal(hb_clock_start(&st, &rules, incident, "contract:shop",
                                    hb_now(), &by, &err),
                     -EEXIST);
    err = (struct hb_err){0};
    assert_int_equal(hb_clock_start(&st, &rules, incident, "contract:nobody",
                                    hb_now(), &by, &err),
                     -ENOENT);
    tick();
    assert_int_equal(warned, 0);
    hb_clock_shift(13 * HOUR);
    tick();
    tick();
    assert_int_equal(warned, 1); /* half */
    hb_clock_shift(-12 * HOUR);  /* the clock is set back: nothing again */
    tick();
    assert_int_equal(warned, 1);
    hb_clock_shift(19 * HOUR);
    tick();
    assert_int_equal(warned, 2); /* 80 % */
    /* As after a restart long after: only what counts now is told. */
    hb_clock_shift(10 * HOUR);
    tick();
    tick();
    assert_int_equal(overdue, 1);
    assert_int_equal(told("clock.overdue"), 1);
    assert_true(runs("contract:shop", &c)); /* overdue still runs */
    err = (struct hb_err){0};
    assert_int_equal(hb_clock_done(&st, c.id, &by, "called, no. 12", &err), 0);
    assert_false(runs("contract:shop", NULL));
    err = (struct hb_err){0};
    assert_int_equal(hb_clock_done(&st, c.id, &by, "again", &err), -EALREADY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLOCKED(test_always),
        CLOCKED(test_possibility),
        CLOCKED(test_never_stops_by_itself),
        CLOCKED(test_warnings),
    };

    return hb_tap_run("incident/clock", tests);
}
