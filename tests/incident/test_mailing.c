/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_mailing.c - papers to people outside: two people with keys of their own
 * release what they saw, and nothing else leaves; what is stopped, too late,
 * refused; and the same database edited by somebody.
 */
#include "scratch_state.h"

#include "incident/fact.h"
#include "incident/mailing.h"

#define SECOND ((int64_t)HB_S)
#define DAY    (86400 * SECOND)

struct someone {
    struct hb_key *key;
    struct hb_person p;
};

static struct someone officer, boss, clerk, twin;
static int64_t incident, mailing;

static void register_one(struct someone *o, const char *name, unsigned roles,
                         const struct hb_key *key)
{
    struct hb_pub *pub;
    int64_t id = 0;

    o->p = (struct hb_person){.name = name, .uid = -1, .roles = roles};
    if (key == NULL)
        assert_int_equal(hb_key_generate(&o->key), 0);
    assert_int_equal(hb_key_pub(key != NULL ? key : o->key, &pub), 0);
    assert_int_equal(hb_pub_raw(pub, o->p.pub), 0);
    hb_pub_free(pub);
    assert_int_equal(put_person(&st, &o->p, &id), 0);
    o->p.id = id;
    o->p.full_name = name;
    o->p.mail = o->p.phone = "";
    o->p.active = true;
}

static int make(void **state)
{
    if (state_make(state) < 0)
        return -1;
    register_one(&officer, "officer", HB_PR_OFFICER, NULL);
    register_one(&boss, "boss", HB_PR_MANAGER, NULL);
    register_one(&clerk, "clerk", HB_PR_STAFF | HB_PR_ACCOUNTING, NULL);
    register_one(&twin, "twin", HB_PR_OUTSIDE, officer.key);
    incident = open_incident("city");
    mailing = 0;
    return 0;
}

static int drop(void **state)
{
    hb_key_free(officer.key);
    hb_key_free(boss.key);
    hb_key_free(clerk.key);
    return state_drop(state);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, drop)

static int add(const char *name, const char *address)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_mailing m;
    int r = hb_mailing_get(&st, a, mailing, &m);

    if (r == 0)
        r = hb_mailing_add(&st, &m, name, address);
    hb_arena_free(a);
    return r;
}

static void new_mailing(void)
{
    assert_int_equal(hb_mailing_new(&st, incident, "D08", "お知らせ",
                                    HB_SLICE("{name} 様\nお詫び\n"), &officer.p,
                                    &mailing),
                     0);
    assert_int_equal(add("山田 花子", "hanako@example.jp"), 0);
    assert_int_equal(add("", "taro@example.jp"), 0);
    assert_int_equal(add("O'Brien", "ob@example.com"), 0);
}

static int sign(const struct someone *o, const struct hb_key *key, int64_t now)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_buf message = HB_BUF_INIT;
    struct hb_mailing_terms t;
    uint8_t sig[HB_SIG_SIZE] = {0};
    struct hb_mailing m;
    int r;

    assert_int_equal(hb_mailing_get(&st, a, mailing, &m), 0);
    r = hb_mailing_terms(&st, &m, &t);
    if (r == 0) {
        assert_int_equal(hb_mailing_message(&message, &t, o->p.name), 0);
        assert_int_equal(hb_sign(key, "mailing", hb_buf_slice(&message), sig),
                         0);
    }
    r = hb_mailing_release(&st, mailing, &o->p, now, sig);
    hb_buf_done(&message);
    hb_arena_free(a);
    return r;
}

static void release_it(void)
{
    assert_int_equal(sign(&officer, officer.key, hb_now()), 0);
    assert_int_equal(sign(&boss, boss.key, hb_now()), 1);
}

static enum hb_mailing_state state_now(void)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_mailing m;

    assert_int_equal(hb_mailing_get(&st, a, mailing, &m), 0);
    hb_arena_free(a);
    return m.state;
}

static int due(struct hb_arena *a, int64_t now, struct hb_mailing_letter *l)
{
    return hb_mailing_due(&st, a, now, l);
}

static int64_t moments(const char *kind)
{
    int64_t n = 0;

    assert_int_equal(
        hb_db_number(st.db, &n, "SELECT count(*) FROM timeline WHERE kind = ?1",
                     "t", kind),
        1);
    return n;
}

static void test_nothing_without_two(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_mailing_letter l;

    new_mailing();
    assert_int_equal(due(a, hb_now(), &l), 0);
    assert_int_equal(sign(&officer, officer.key, hb_now()), 0);
    assert_int_equal(due(a, hb_now(), &l), 0);
    /* What changed since the first signature is not what was signed. */
    assert_int_equal(
        hb_db_exec(st.db, "UPDATE mailing SET subject = 'urgent'", ""), 0);
    assert_int_equal(sign(&boss, boss.key, hb_now()), -EKEYREVOKED);
    assert_int_equal(
        hb_db_exec(st.db, "UPDATE mailing SET subject = 'お知らせ'", ""), 0);
    /* Once more is no second person, nor is another name with the same key. */
    assert_int_equal(sign(&officer, officer.key, hb_now()), -EALREADY);
    assert_int_equal(sign(&twin, officer.key, hb_now()), -EKEYREJECTED);
    assert_int_equal(sign(&clerk, clerk.key, hb_now()), -EACCES);
    assert_int_equal(sign(&boss, officer.key, hb_now()), -EBADMSG);
    assert_int_equal(due(a, hb_now(), &l), 0);
    assert_int_equal(sign(&boss, boss.key, hb_now()), 1);
    assert_int_equal(state_now(), HB_MAILING_RELEASED);
    assert_int_equal(due(a, hb_now(), &l), 1);
    assert_string_equal(l.to.address, "hanako@example.jp");
    assert_true(hb_streq(l.by[0].person, "officer") &&
                hb_streq(l.by[1].person, "boss"));
    assert_int_equal(moments("mailing.signed"), 1);
    assert_int_equal(moments("mailing.released"), 1);
    hb_arena_free(a);
}

static void test_list(void **state)
{
    struct hb_slice text = HB_SLICE("x\n");
    int64_t id;

    new_mailing();
    assert_int_equal(add("again", "taro@example.jp"), -EEXIST);
    assert_int_equal(add("two", "a@b,c@d"), -EINVAL);
    assert_int_equal(add("line\nend", "x@example.jp"), -EINVAL);
    assert_int_equal(sign(&officer, officer.key, hb_now()), 0);
    assert_int_equal(add("late", "late@example.jp"), -EBUSY);
    assert_int_equal(
        hb_mailing_new(&st, incident, "D08", "", text, &officer.p, &id),
        -EINVAL);
    assert_int_equal(hb_mailing_new(&st, incident, "D08", "a\nBcc: x@y", text,
                                    &officer.p, &id),
                     -EINVAL);
    assert_int_equal(hb_mailing_new(&st, incident, "D08", "a",
                                    HB_SLICE("\x1b["), &officer.p, &id),
                     -EINVAL);
    assert_int_equal(
        hb_mailing_new(&st, incident, "D08", "a", text, &officer.p, &mailing),
        0);
    assert_int_equal(sign(&officer, officer.key, hb_now()), -ENODATA);
}

static void test_goes_to_each_once(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_mailing_letter l;
    int64_t now = hb_now();

    new_mailing();
    release_it();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(due(a, now, &l), 1);
        assert_int_equal(l.to.place, i);
        assert_int_equal(
            hb_mailing_sent(&st, mailing, l.to.place, now, "250 kept"), 0);
    }
    assert_int_equal(due(a, now, &l), 0);
    assert_int_equal(state_now(), HB_MAILING_DONE);
    assert_int_equal(moments("mailing.done"), 1);
    assert_int_equal(hb_mailing_stop(&st, mailing, &officer.p, now, "late"),
                     -EBUSY);
    assert_int_equal(sign(&boss, boss.key, now), -EBUSY);
    hb_arena_free(a);
}

static void test_refused_is_tried_again(void **state)
{
    static const int64_t pauses[] = {60, 300, 900, 3600};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_mailing_letter l;
    int64_t now = hb_now(), at = now;

    new_mailing();
    release_it();
    assert_int_equal(hb_mailing_sent(&st, mailing, 0, now, ""), 0);
    assert_int_equal(hb_mailing_sent(&st, mailing, 2, now, ""), 0);
    for (size_t i = 0; i < HB_ARRAY_LEN(pauses); i++) {
        assert_int_equal(due(a, at, &l), 1);
        assert_int_equal(l.to.place, 1);
        /* Counted before it leaves: no answer, no other mail at once. */
        assert_int_equal(hb_mailing_try(&st, mailing, 1, at), 0);
        assert_int_equal(due(a, at, &l), 0);
        assert_int_equal(hb_mailing_refused(&st, mailing, 1, at, "450 later"),
                         0);
        assert_int_equal(due(a, at + pauses[i] * SECOND - 1, &l), 0);
        at += pauses[i] * SECOND;
    }
    assert_int_equal(due(a, at, &l), 1);
    assert_int_equal(hb_mailing_try(&st, mailing, 1, at), 0);
    assert_int_equal(hb_mailing_refused(&st, mailing, 1, at, "550 no"), 0);
    assert_int_equal(due(a, at + DAY, &l), 0);
    assert_int_equal(state_now(), HB_MAILING_DONE);
    assert_int_equal(
        number_of("SELECT count(*) FROM mailing_to WHERE state = 3"), 1);
    hb_arena_free(a);
}

static void test_stopped_and_too_late(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_mailing_letter l;
    int64_t now = hb_now();

    new_mailing();
    release_it();
    assert_int_equal(hb_mailing_sent(&st, mailing, 0, now, ""), 0);
    assert_int_equal(hb_mailing_stop(&st, mailing, &boss.p, now, "wrong list"),
                     0);
    assert_int_equal(due(a, now, &l), 0);
    assert_int_equal(
        number_of("SELECT count(*) FROM mailing_to WHERE state = 4"), 2);
    assert_int_equal(moments("mailing.stopped"), 1);

    new_mailing();
    assert_int_equal(sign(&officer, officer.key, now), 0);
    assert_int_equal(sign(&boss, boss.key, now + 8 * DAY), -ETIME);
    assert_int_equal(sign(&boss, boss.key, now + 6 * DAY), 1);
    assert_int_equal(due(a, now + 8 * DAY, &l), 0);
    assert_int_equal(state_now(), HB_MAILING_DONE);
    assert_int_equal(due(a, now + 8 * DAY, &l), 0);
    assert_int_equal(
        number_of("SELECT count(*) FROM mailing_to WHERE state = 3"), 3);
    new_mailing(); /* a draft ends, too */
    assert_int_equal(due(a, now + 9 * DAY, &l), 0);
    assert_int_equal(state_now(), HB_MAILING_STOPPED);
    hb_arena_free(a);
}

static void know(const char *value)
{
    const struct hb_known k = {.name = "out_of_band",
                               .value = value,
                               .source = "test",
                               .actor = "person:sato"};
    struct hb_err err = {0};

    assert_int_equal(hb_known_add(&st, incident, &k, &err), 0);
}

static void test_out_of_band(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_mailing_letter l;
    struct hb_casebook *book;
    struct hb_err err = {0};
    char path[512];
    int64_t held;

    (void)snprintf(path, sizeof(path), "%s/casebook", getenv("HB_SOURCE_ROOT"));
    assert_int_equal(hb_casebook_load(path, &book, &err), 0);
    st.casebook = book;
    new_mailing();
    release_it();
    know("true");
    assert_int_equal(due(a, hb_now(), &l), 0);
    /* Another incident's mail goes on meanwhile. */
    held = mailing;
    incident = open_incident("school");
    new_mailing();
    release_it();
    assert_int_equal(due(a, hb_now(), &l), 1);
    assert_int_equal(l.m.id, mailing);
    assert_int_equal(hb_mailing_stop(&st, mailing, &boss.p, hb_now(), "x"), 0);
    incident = l.m.incident;
    assert_int_equal(due(a, hb_now(), &l), 0);
    assert_int_equal(hb_mailing_get(&st, a, held, &l.m), 0);
    incident = l.m.incident;
    know("false");
    assert_int_equal(due(a, hb_now(), &l), 1);
    assert_int_equal(l.m.id, held);
    hb_casebook_free(book);
    st.casebook = NULL;
    hb_arena_free(a);
}

/* Whoever edits the rows has no signature for what they say then. */
static void test_edited_rows(void **state)
{
    static const char *const edits[] = {
        "UPDATE mailing SET text = 'pay here'",
        "UPDATE mailing SET subject = 'urgent'",
        "UPDATE mailing SET until = until + 1",
        "UPDATE mailing_to SET leaf = zeroblob(32) WHERE place = 2",
        "DELETE FROM mailing_to WHERE place = 2",
        "UPDATE mailing_release SET sig = zeroblob(64)",
        "DELETE FROM mailing_release WHERE person = 2",
        "UPDATE mailing SET uid = 'another'",
        "UPDATE mailing SET paper = 'D09'",
        "UPDATE mailing_to SET address = 'x@evil.example' WHERE place = 0",
        "UPDATE mailing_to SET name = 'Mallory' WHERE place = 0",
        "UPDATE mailing_to SET place = 9 WHERE place = 0",
        "INSERT INTO mailing_to SELECT mailing, 3, name, 'y@evil.example',"
        " leaf, state, tries, next_try, changed, detail FROM mailing_to"
        " WHERE place = 0",
    };
    struct hb_buf message = HB_BUF_INIT;

    for (size_t i = 0; i < HB_ARRAY_LEN(edits); i++) {
        struct hb_arena *a = hb_arena_new(0);
        struct hb_mailing_letter l;
        bool holds = true;
        int r;

        new_mailing();
        release_it();
        assert_int_equal(hb_db_exec(st.db, edits[i], ""), 0);
        r = due(a, hb_now(), &l);
        for (size_t k = 0; r == 1 && k < HB_MAILING_RELEASES; k++) {
            const struct someone *o = k == 0 ? &officer : &boss;
            struct hb_pub *pub;

            hb_buf_reset(&message);
            assert_int_equal(
                hb_mailing_message(&message, &l.terms, l.by[k].person), 0);
            assert_int_equal(hb_pub_from_raw(o->p.pub, &pub), 0);
            holds &= hb_verify(pub, "mailing", hb_buf_slice(&message),
                               l.by[k].sig) == 0;
            hb_pub_free(pub);
        }
        if (r == 1) {
            hb_merkle_hash leaf;

            assert_int_equal(hb_mailing_leaf(l.to.name, l.to.address, leaf), 0);
            holds &= hb_merkle_holds(
                leaf, (size_t)l.to.place, (size_t)l.m.count,
                (const hb_merkle_hash *)l.path, l.path_n, l.terms.root);
        }
        assert_true(r < 0 || !holds);
        assert_int_equal(hb_db_exec(st.db, "DELETE FROM mailing_release", ""),
                         0);
        assert_int_equal(hb_db_exec(st.db, "DELETE FROM mailing_to", ""), 0);
        assert_int_equal(hb_db_exec(st.db, "DELETE FROM mailing", ""), 0);
        hb_arena_free(a);
    }
    hb_buf_done(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_nothing_without_two),  MADE(test_list),
        MADE(test_goes_to_each_once),    MADE(test_refused_is_tried_again),
        MADE(test_stopped_and_too_late), MADE(test_out_of_band),
        MADE(test_edited_rows),
    };
    return hb_tap_run("incident/mailing", tests);
}
