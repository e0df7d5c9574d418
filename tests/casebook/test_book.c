/* SPDX-License-Identifier: Apache-2.0 */
/* The case book that we ship: whole, honest, and how rows are judged. */
#include "tap.h"
#include "casebook/casebook.h"

static struct hb_casebook *book(void)
{
    struct hb_casebook *b = NULL;
    struct hb_err err = {0};
    char path[512], text[1024];
    const char *root = getenv("HB_SOURCE_ROOT");

    (void)snprintf(path, sizeof(path), "%s/casebook", root ? root : ".");
    if (hb_casebook_load(path, &b, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        fail_msg("%s", text);
    }
    return b;
}

static void test_sixteen(void **state)
{
    struct hb_casebook *b = book();

    (void)state;
    assert_int_equal(b->n, 16);
    for (size_t i = 0; i < b->n; i++) {
        const struct hb_case *c = &b->cases[i];

        assert_int_equal(c->number, i + 1);
        /* Who only stands there by name must not look built. */
        assert_int_equal(c->maturity == HB_MATURITY_NOT_YET,
                         c->playbook == NULL);
    }
    hb_casebook_free(b);
}

/* The first hour of case 2: evidence before restore, officer, first report. */
static void test_case_two(void **state)
{
    struct hb_casebook *b = book();
    const struct hb_case *c = hb_case_find(b, 2);
    const struct hb_playbook *p = c->playbook;
    const struct hb_step *s = p->start->next;
    bool held = false;

    (void)state;
    for (int i = 0; i < 8 && s->type != HB_STEP_PARALLEL; i++) {
        if (s->type == HB_STEP_ACTION &&
            hb_streq(s->action->name, "evidence.hold"))
            held = true;
        assert_int_equal(s->danger, 0);
        s = s->next != NULL ? s->next : s->on_success;
    }
    assert_true(held);
    /* The site, the report, payments, visitors, data, logs, contracts, police:
     * none waits for another. */
    assert_int_equal(s->branches_n, 8);
    assert_non_null(p->exception);
    for (unsigned ph = 0; ph < HB_PHASE_COUNT; ph++) {
        size_t n = 0;

        for (size_t i = 0; i < p->steps_n; i++)
            n += p->steps[i].phase == ph && p->steps[i].title.in[0] != NULL;
        assert_true(n >= 5);
    }
    assert_non_null(hb_document_find(c, "D01"));
    assert_non_null(hb_document_find(c, "D02"));
    /* A dangerous step waits for the officer. */
    for (size_t i = 0; i < p->steps_n; i++) {
        s = &p->steps[i];
        if (s->type == HB_STEP_ACTION && s->danger > 0 && s->next != NULL)
            assert_true(s->roles & 1u << HB_CROLE_OFFICER);
    }
    hb_casebook_free(b);
}

static bool yes(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return true;
}

static bool no(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return false;
}

static bool only(void *arg, const char *name)
{
    return hb_streq(arg, name);
}

/* With nothing built no automatic row is met, however much is asked. */
static void test_rows(void **state)
{
    struct hb_casebook *b = book();
    const struct hb_case *c = hb_case_find(b, 2);
    const struct hb_row *r1 = hb_row_find(b, c, "C02-R1"),
                        *p2b = hb_row_find(b, c, "C02-P2b"),
                        *p3 = hb_row_find(b, c, "C02-P3"),
                        *p4 = hb_row_find(b, c, "C02-P4");
    unsigned s;

    (void)state;
    for (size_t i = 0; i < c->rows_n; i++) {
        s = hb_row_state(c, &c->rows[i], no, no, NULL);
        assert_int_equal(s & HB_ROW_AUTOMATIC, 0);
        if (c->rows[i].automatic && c->rows[i].modality == HB_MOD_DO)
            assert_int_equal(s & HB_ROW_MET, 0);
        s = hb_row_state(c, &c->rows[i], yes, yes, NULL);
        if (&c->rows[i] != p2b)
            assert_true(s & HB_ROW_MET);
    }
    s = hb_row_state(c, r1, no, only, (void *)(uintptr_t) "site.restore");
    assert_true(s & HB_ROW_MET);
    assert_true(s & HB_ROW_PARTLY);
    /* The yearly test is asked for; our own scan is not built. */
    s = hb_row_state(c, p2b, yes, yes, NULL);
    assert_true(s & HB_ROW_ASKED);
    assert_false(s & HB_ROW_MET);
    /* "Consider": the recorded decision is enough. */
    s = hb_row_state(c, p3, no, no, NULL);
    assert_true(s & HB_ROW_ASKED);
    assert_true(s & HB_ROW_MET);
    s = hb_row_state(c, p4, only, no, (void *)(uintptr_t) "outside.view");
    assert_true(s & HB_ROW_MET);
    hb_casebook_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sixteen),
        cmocka_unit_test(test_case_two),
        cmocka_unit_test(test_rows),
    };
    return hb_tap_run("casebook/book", tests);
}
