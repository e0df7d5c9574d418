/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: grammar, types, errors, and the whole truth of AND, OR, NOT. */
#include "tap.h"
#include "casebook/cond.h"

static const struct hb_variable declared[] = {
    {.name = "__a__", .value = {HB_VAL_BOOLEAN, NULL, 0}},
    {.name = "__b__", .value = {HB_VAL_BOOLEAN, NULL, 0}},
    {.name = "__n__", .value = {HB_VAL_INTEGER, NULL, 5}},
    {.name = "__m__", .value = {HB_VAL_INTEGER, NULL, 7}},
    {.name = "__s__", .value = {HB_VAL_STRING, "web shell", 0}},
    {.name = "__k__", .value = {HB_VAL_STRING, "it's", 0}, .constant = true},
};
static const struct hb_variables vars = {declared, HB_ARRAY_LEN(declared)};

struct now { /* present values of __a__ and __b__ */
    struct hb_value a, b, n;
};

static const struct hb_value *get(void *arg, const char *name)
{
    struct now *n = arg;

    if (hb_streq(name, "__a__"))
        return &n->a;
    if (hb_streq(name, "__b__"))
        return &n->b;
    return hb_streq(name, "__n__") ? &n->n : NULL;
}

static int eval(const char *text, struct now *now)
{
    struct hb_arena *a = hb_arena_new(0);
    const struct hb_cond *c = NULL;
    struct hb_err err = {0};
    int r = hb_cond_parse(a, text, &vars, &c, &err);

    if (r < 0)
        print_message("# %s: %s\n", text, err.message);
    assert_int_equal(r, 0);
    r = hb_cond_eval(c, now != NULL ? get : NULL, now);
    hb_arena_free(a);
    return r;
}

static void refused(const char *text, const char *words)
{
    struct hb_arena *a = hb_arena_new(0);
    const struct hb_cond *c = NULL;
    struct hb_err err = {0};
    int r = hb_cond_parse(a, text, &vars, &c, &err);

    if (r >= 0 || strstr(err.message, words) == NULL)
        fail_msg("%s: expected \"%s\", got %d \"%s\"", text, words, r,
                 err.message);
    assert_null(c);
    hb_arena_free(a);
}

static void test_compare(void **state)
{
    static const struct {
        const char *text;
        int want;
    } rows[] = {
        {"__n__ = 5", 1},
        {"__n__ == 5", 1},
        {"__n__ != 5", 0},
        {"__n__ < 6", 1},
        {"__n__ < 5", 0},
        {"__n__ <= 5", 1},
        {"__n__ > 4", 1},
        {"__n__ > 5", 0},
        {"__n__ >= 5", 1},
        {"__n__ > -9223372036854775807", 1},
        {"__n__ < __m__", 1},
        {"__n__:value = 5", 1},
        {"__s__ = 'web shell'", 1},
        {"__s__ = 'Web shell'", 0},
        {"__s__ != 'x'", 1},
        {"__k__ = 'it''s'", 1},
        {"__n__ IN (1, 5, 9)", 1},
        {"__n__ IN (1, 9)", 0},
        {"__n__ NOT IN (1, 9)", 1},
        {"__s__ in ('a', 'web shell')", 1},
        {"__a__", 0},
        {"NOT __a__", 1},
        {"not not __a__", 0},
        {"__a__ = false", 1},
        {"__a__ != true", 1},
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        if (eval(rows[i].text, NULL) != rows[i].want)
            fail_msg("%s is not %d", rows[i].text, rows[i].want);
    }
}

static void test_truth(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        int a = i & 1, b = i >> 1;
        struct now n = {{HB_VAL_BOOLEAN, NULL, a},
                        {HB_VAL_BOOLEAN, NULL, b},
                        {HB_VAL_INTEGER, NULL, 1}};

        assert_int_equal(eval("__a__ AND __b__", &n), a && b);
        assert_int_equal(eval("__a__ OR __b__", &n), a || b);
        assert_int_equal(eval("NOT __a__ OR __b__", &n), !a || b);
        assert_int_equal(eval("NOT (__a__ OR __b__)", &n), !(a || b));
        assert_int_equal(eval("__a__ OR __b__ AND __n__ = 1", &n), a || b);
        assert_int_equal(eval("(__a__ OR __b__) AND __n__ = 2", &n), 0);
    }
}

/* AND binds tighter than OR, NOT tightest. */
static void test_print(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    const struct hb_cond *c;
    struct hb_buf b = HB_BUF_INIT;

    (void)state;
    assert_int_equal(hb_cond_parse(a,
                                   "NOT __a__ AND __b__ OR __s__ = 'a''b' AND "
                                   "__n__ NOT IN (1,2)",
                                   &vars, &c, NULL),
                     0);
    hb_cond_print(&b, c);
    assert_string_equal(hb_buf_z(&b),
                        "(((NOT (__a__)) AND (__b__)) OR ((__s__ = 'a''b') "
                        "AND (NOT (__n__ IN (1, 2)))))");
    hb_buf_done(&b);
    hb_arena_free(a);
}

/* In the words of CACAO; what it means, and what is written again, stays. */
static void test_cacao(void **state)
{
    static const char *const rows[][2] = {
        {"__a__", "__a__:value = true"},
        {"NOT __a__", "__a__:value = false"},
        {"NOT (NOT __a__)", "__a__:value = true"},
        {"__n__ = 5", "__n__:value = 5"},
        {"NOT __n__ = 5", "__n__:value != 5"},
        {"NOT __n__ < __m__", "__n__:value >= __m__:value"},
        {"NOT __n__ <= 1", "__n__:value > 1"},
        {"NOT __n__ > -1", "__n__:value <= -1"},
        {"NOT __n__ >= 1", "__n__:value < 1"},
        {"__s__ = 'it''s a \\ b'", "__s__:value = 'it\\'s a \\\\ b'"},
        {"__s__ = '__s__:value'", "__s__:value = '__s__:value'"},
        {"NOT __s__ IN ('a', '')", "__s__:value NOT IN ('a', '')"},
        {"__n__ NOT IN (1, 2)", "__n__:value NOT IN (1, 2)"},
        {"__a__ AND __n__ = 1 OR __n__ = 2",
         "__a__:value = true AND __n__:value = 1 OR __n__:value = 2"},
        {"NOT (__a__ AND __n__ = 1 OR __n__ = 2)",
         "(__a__:value = false OR __n__:value != 1) AND __n__:value != 2"},
        {"__a__ AND (__a__ OR NOT (__a__ OR __a__))",
         "__a__:value = true AND (__a__:value = true OR __a__:value = false "
         "AND __a__:value = false)"},
    };
    struct hb_arena *a = hb_arena_new(0);
    struct hb_buf b = HB_BUF_INIT;

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        const struct hb_cond *c = NULL, *d = NULL;
        struct hb_err err = {0};

        assert_int_equal(hb_cond_parse(a, rows[i][0], &vars, &c, &err), 0);
        hb_buf_reset(&b);
        hb_cond_print_cacao(&b, c);
        assert_string_equal(hb_buf_z(&b), rows[i][1]);
        if (hb_cond_parse(a, hb_cond_from_cacao(a, rows[i][1]), &vars, &d,
                          &err) < 0)
            fail_msg("%s: %s", rows[i][1], err.message);
        assert_int_equal(hb_cond_eval(d, NULL, NULL),
                         hb_cond_eval(c, NULL, NULL));
        hb_buf_reset(&b);
        hb_cond_print_cacao(&b, d);
        assert_string_equal(hb_buf_z(&b), rows[i][1]);
    }
    hb_buf_done(&b);
    hb_arena_free(a);
}

static void test_refused(void **state)
{
    char deep[200] = "", *p = deep;

    (void)state;
    refused("", "variable");
    refused("__x__", "not declared");
    refused("__aa__", "did you mean __a__?");
    refused("__n__", "boolean");
    refused("__n__ = 'five'", "another type");
    refused("__s__ = 5", "another type");
    refused("__a__ = 1", "another type");
    refused("__s__ < 'x'", "only numbers");
    refused("__n__ = ", "value is expected");
    refused("__n__ ! 5", "no comparison");
    refused("__n__ = 99999999999999999999", "whole number");
    refused("__s__ = 'open", "closing '");
    refused("(__a__", "closing bracket");
    refused("__a__)", "AND, OR");
    refused("__a__ __b__", "AND, OR");
    refused("__a__ NOT __b__", "IN is expected");
    refused("__n__ IN 5", "opening bracket");
    refused("__n__ IN (5", "closing bracket");
    refused("__n__ IN (5, 'x')", "another type");
    refused("5 = 5", "variable");
    for (int i = 0; i < 100; i++)
        *p++ = '(';
    refused(deep, "too deeply");
}

/* A present value of another type is an error, also where the other side of
 * an OR is true already. */
static void test_wrong_type_at_run_time(void **state)
{
    struct now n = {{HB_VAL_BOOLEAN, NULL, 1},
                    {HB_VAL_STRING, "true", 0},
                    {HB_VAL_INTEGER, NULL, 1}};

    (void)state;
    assert_int_equal(eval("__b__", &n), -EINVAL);
    assert_int_equal(eval("__a__ OR __b__", &n), -EINVAL);
    assert_int_equal(eval("__a__", &n), 1);
}

static void test_names(void **state)
{
    (void)state;
    assert_true(hb_variable_name_valid("__a__"));
    assert_true(hb_variable_name_valid("__route-open_2__"));
    assert_false(hb_variable_name_valid("__2__"));
    assert_false(hb_variable_name_valid("____"));
    assert_false(hb_variable_name_valid("a"));
    assert_false(hb_variable_name_valid("__a b__"));
    assert_false(hb_variable_name_valid("__a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_cacao),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_wrong_type_at_run_time),
        cmocka_unit_test(test_names),
    };
    return hb_tap_run("casebook/cond", tests);
}
