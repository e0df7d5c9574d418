/* SPDX-License-Identifier: Apache-2.0 */
/* scratch_state.h - a state store in a directory of its own for each test. */
#ifndef HB_TESTS_INCIDENT_SCRATCH_STATE_H
#define HB_TESTS_INCIDENT_SCRATCH_STATE_H

#include <fcntl.h>
#include <stdio.h>

#include "people.h"
#include "tap.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "incident/decision.h"
#include "incident/evidence.h"
#include "incident/incident.h"
#include "incident/person.h"

static char scratch[256];
static struct hb_state st;

static inline int state_make(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct hb_err err = {0};

    (void)state;
    (void)snprintf(scratch, sizeof(scratch), "%.200s/hb-incident-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(scratch) == NULL ||
        hb_state_open(scratch, NULL, &st, &err) < 0) {
        print_message("# %s\n", err.message);
        return -1;
    }
    return 0;
}

static inline int state_drop(void **state)
{
    (void)state;
    hb_state_close(&st);
    return hb_rmtree(AT_FDCWD, scratch);
}

#define WITH_STATE(t) cmocka_unit_test_setup_teardown(t, state_make, state_drop)

/* The built catalogue; false where it is not there. */
static inline bool catalogue_open(void)
{
    const char *build = getenv("HB_BUILD_ROOT");
    char po[512];

    if (build == NULL)
        return false;
    (void)snprintf(po, sizeof(po), "%s/po", build);
    (void)setenv("HINOBAN_LOCALEDIR", po, 1);
    (void)setenv("LC_ALL", "C.UTF-8", 1);
    hb_i18n_open();
    return !hb_streq(hb_tr(HB_LANG_JA, N_("under investigation")),
                     "under investigation");
}

static inline int64_t add_person(const char *name, const char *full,
                                 unsigned roles)
{
    struct hb_person p = {
        .name = name, .full_name = full, .uid = -1, .roles = roles};
    int64_t id = 0;

    assert_int_equal(put_person(&st, &p, &id), 0);
    assert_true(id > 0);
    return id;
}

static inline int64_t open_incident(const char *object)
{
    int64_t id = 0;

    assert_int_equal(
        hb_incident_open(&st, 2, object, "person:sato", "a call", &id), 0);
    return id;
}

/* One number that SQL gives. */
static inline int64_t number_of(const char *sql)
{
    struct hb_stmt *q;
    int64_t n;

    assert_int_equal(hb_db_stmt(st.db, sql, &q), 0);
    assert_int_equal(hb_stmt_step(q), 1);
    n = hb_stmt_col_int(q, 0);
    hb_stmt_reset(q);
    return n;
}

#endif
