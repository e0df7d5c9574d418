/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_decision.c - decisions count only as their authors signed them.
 */
#include "scratch_state.h"

static struct hb_key *key, *other;
static struct hb_person sato;
static uint8_t sig[HB_SIG_SIZE], pub[HB_PUB_SIZE];

static void pub_of(const struct hb_key *k, uint8_t *ret)
{
    struct hb_pub *p;

    assert_int_equal(hb_key_pub(k, &p), 0);
    assert_int_equal(hb_pub_raw(p, ret), 0);
    hb_pub_free(p);
}

static int begin(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t id;

    if (state_make(state) < 0)
        return -1;
    sato = (struct hb_person){
        .name = "sato", .full_name = "Sato", .uid = -1, .roles = HB_PR_OFFICER};
    pub_of(key, pub);
    memcpy(sato.pub, pub, sizeof(pub));
    if (put_person(&st, &sato, &id) < 0)
        return -1;
    sato.id = id;
    return 0;
}

static struct hb_decision_row row(void)
{
    return (struct hb_decision_row){.subject = "control:web.waf",
                                    .verdict = "accepted",
                                    .reason = "until the budget comes",
                                    .person = "sato",
                                    .time = hb_now(),
                                    .until = hb_now() + (int64_t)(3600 * HB_S),
                                    .sig = {(const char *)sig, sizeof(sig)},
                                    .pub = {(const char *)pub, sizeof(pub)}};
}

static void sign(const struct hb_decision_row *r, const struct hb_key *k)
{
    _cleanup_buf_ struct hb_buf msg = HB_BUF_INIT;

    assert_int_equal(hb_decision_message(&msg, r), 0);
    assert_int_equal(hb_sign(k, "decision", hb_buf_slice(&msg), sig), 0);
}

static int keep(const struct hb_decision_row *r, int64_t incident)
{
    int64_t id = 0;
    int rc = hb_decision_add(&st, &sato, r, incident, &id);

    assert_true(rc < 0 || id > 0);
    return rc;
}

static void test_signed(void **state)
{
    struct hb_decision_row r = row();

    sign(&r, key);
    assert_int_equal(hb_decision_verify(&r), 0);
    assert_int_equal(keep(&r, 0), 0);
    assert_int_equal(number_of("SELECT count(*) FROM decision"), 1);
}

static void test_refused(void **state)
{
    static const char *const good[] = {
        "accepted", "not-applicable", "against", "pass", "fail", "withdrawn"};
    struct hb_decision_row r = row();
    static char longest[HB_DECISION_REASON_MAX + 2];

    sign(&r, other);
    assert_int_equal(keep(&r, 0), -EBADMSG);
    sign(&r, key);
    /* Signed for no incident, given for one. */
    assert_int_equal(keep(&r, 3), -EBADMSG);
    r.verdict = "maybe";
    sign(&r, key);
    assert_int_equal(keep(&r, 0), -EINVAL);
    r.verdict = "accepted";
    r.reason = "";
    sign(&r, key);
    assert_int_equal(keep(&r, 0), -EINVAL);
    memset(longest, 'x', sizeof(longest) - 1);
    r.reason = longest;
    sign(&r, key);
    assert_int_equal(keep(&r, 0), -EINVAL);
    longest[HB_DECISION_REASON_MAX] = '\0';
    sign(&r, key);
    assert_int_equal(keep(&r, 0), 0);
    /* An end that is past, now or before it began. */
    r = row();
    r.until = r.time;
    sign(&r, key);
    assert_int_equal(keep(&r, 0), -EINVAL);
    r.time = hb_now() - (int64_t)(7200 * HB_S);
    r.until = hb_now() - (int64_t)(3600 * HB_S);
    sign(&r, key);
    assert_int_equal(keep(&r, 0), -EINVAL);
    for (size_t i = 0; i < HB_ARRAY_LEN(good); i++) {
        r = row();
        r.verdict = good[i];
        sign(&r, key);
        assert_int_equal(keep(&r, 0), 0);
    }
    /* Who has no key cannot decide. */
    memset(sato.pub, 0, sizeof(sato.pub));
    assert_int_equal(keep(&r, 0), -EKEYREJECTED);
}

/* As posture reads them: whatever column was edited, the row is void. */
static int read_back(struct hb_decision_row *r, struct hb_stmt **ret)
{
    struct hb_stmt *q;

    assert_int_equal(
        hb_db_stmt(st.db,
                   "SELECT d.subject, d.verdict, d.reason, d.time, d.until,"
                   " d.sig, p.name, p.pub, d.incident FROM decision d"
                   " JOIN person p ON p.id = d.person",
                   &q),
        0);
    assert_int_equal(hb_stmt_step(q), 1);
    *r = (struct hb_decision_row){.subject = hb_stmt_col_text(q, 0),
                                  .verdict = hb_stmt_col_text(q, 1),
                                  .reason = hb_stmt_col_text(q, 2),
                                  .time = hb_stmt_col_int(q, 3),
                                  .until = hb_stmt_col_int(q, 4),
                                  .sig = hb_stmt_col_blob(q, 5),
                                  .person = hb_stmt_col_text(q, 6),
                                  .pub = hb_stmt_col_blob(q, 7),
                                  .incident = hb_stmt_col_int(q, 8)};
    *ret = q;
    return hb_decision_verify(r);
}

static void test_edited_in_the_database(void **state)
{
    static const char *const edits[] = {
        "UPDATE decision SET subject = 'control:files.watching'",
        "UPDATE decision SET verdict = 'not-applicable'",
        "UPDATE decision SET reason = reason || '!'",
        "UPDATE decision SET time = time - 1",
        "UPDATE decision SET until = until + 1000000000",
        "UPDATE decision SET incident = 9",
        "UPDATE decision SET sig = zeroblob(64)",
        "UPDATE decision SET sig = x'00'",
        "UPDATE decision SET person = 2",
        "UPDATE person SET name = 'other' WHERE id = 1",
    };
    struct hb_decision_row r = row();
    struct hb_stmt *q;

    (void)add_person("suzuki", "Suzuki", HB_PR_OFFICER);
    sign(&r, key);
    assert_int_equal(keep(&r, 0), 0);
    assert_int_equal(read_back(&r, &q), 0);
    hb_stmt_reset(q);
    for (size_t i = 0; i < HB_ARRAY_LEN(edits); i++) {
        assert_int_equal(hb_db_begin(st.db), 0);
        assert_int_equal(hb_db_exec(st.db, edits[i], ""), 0);
        if (read_back(&r, &q) >= 0)
            fail_msg("still believed after: %s", edits[i]);
        hb_stmt_reset(q);
        hb_db_rollback(st.db);
    }
    assert_int_equal(read_back(&r, &q), 0);
    hb_stmt_reset(q);
}

/* Two rows may not share one message by moving words between members. */
static void test_message_is_unambiguous(void **state)
{
    struct hb_decision_row a = row(), b = row();
    _cleanup_buf_ struct hb_buf one = HB_BUF_INIT, two = HB_BUF_INIT;

    b.time = a.time;
    b.until = a.until;
    a.subject = "case:5\",\"x\":\"";
    b.subject = "case:5";
    assert_int_equal(hb_decision_message(&one, &a), 0);
    assert_int_equal(hb_decision_message(&two, &b), 0);
    assert_string_not_equal(hb_buf_z(&one), hb_buf_z(&two));
    sign(&b, key);
    assert_int_equal(hb_decision_verify(&a), -EBADMSG);
    /* A signature for another purpose. */
    assert_int_equal(hb_sign(key, "approval", hb_buf_slice(&two), sig), 0);
    assert_int_equal(hb_decision_verify(&b), -EBADMSG);
    b.sig.n = 63;
    assert_int_equal(hb_decision_verify(&b), -EBADMSG);
    b = row();
    b.pub.n = 0;
    assert_int_equal(hb_decision_verify(&b), -EBADMSG);
}

#define T(t) cmocka_unit_test_setup_teardown(t, begin, state_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_signed),
        T(test_refused),
        T(test_edited_in_the_database),
        T(test_message_is_unambiguous),
    };
    int r;

    if (hb_key_generate(&key) < 0 || hb_key_generate(&other) < 0)
        return 1;
    r = hb_tap_run("incident/decision", tests);
    hb_key_free(key);
    hb_key_free(other);
    return r;
}
