/* SPDX-License-Identifier: Apache-2.0 */
/* Our own people: mailbox, session, second factor; strangers learn nothing. */
#include "locker.h"

#include "guard/share/staff.h"

#define FROM "198.51.100.7"

static const char *const staff[] = {"city.example.jp", "ito@other.example"};
static const char *const approvers[] = {"boss@city.example.jp",
                                        "sato@city.example.jp"};
static char nonce[HB_SHARE_TOKEN_TEXT], session[HB_SHARE_TOKEN_TEXT];
static struct hb_share_code code;
static struct hb_share_person who;
static bool new_place;

static int make(void **state)
{
    int r = lock_make(state);

    if (r < 0)
        return r;
    hb_share_close(store);
    lock_rules.staff = (struct hb_share_domains){staff, 2};
    lock_rules.approvers = approvers;
    lock_rules.approvers_n = 2;
    lock_rules.approve_all = true;
    hb_share_token_new(nonce);
    return lock_open_again(&store);
}

static int ask(const char *address)
{
    return hb_share_signin_ask(store, z(address), z(nonce), FROM, &code);
}

static int try(const char *address, const char *digits, const char *from)
{
    return hb_share_signin_try(store, z(address), z(nonce), z(digits), from,
                               session, &new_place);
}

static void sign_in(const char *address)
{
    assert_int_equal(ask(address), 0);
    assert_int_equal(try(address, code.digits, FROM), 0);
    assert_int_equal(hb_share_session(store, z(session), &who), 0);
}

static void test_way(void **state)
{
    int64_t bad;

    (void)state;
    assert_int_equal(ask("Sato@City.example.jp"), 0);
    assert_string_equal(code.mail, "Sato@city.example.jp");
    assert_int_equal(try("sato@city.example.jp", "12345", FROM), -EBADMSG);
    assert_int_equal(try("sato@city.example.jp", code.digits, FROM), 0);
    assert_true(new_place);
    assert_int_equal(hb_share_session(store, z(session), &who), 0);
    assert_string_equal(who.address, "sato@city.example.jp");
    assert_false(who.factor || who.enrolled);
    assert_true(who.approves);
    /* It was one code; the place is known from now on. */
    assert_int_equal(try("sato@city.example.jp", code.digits, FROM), -ETIME);
    sign_in("sato@city.example.jp");
    assert_false(new_place);
    assert_int_equal(hb_share_session_end(store, z(session), FROM), 0);
    assert_int_equal(hb_share_session(store, z(session), &who), -EACCES);
    assert_int_equal(told(0, HB_SHARE_SIGNED_IN), 2);
    assert_int_equal(told(0, HB_SHARE_SIGNED_OUT), 1);
    assert_int_equal(hb_share_trail_check(store, &bad), 0);
    sign_in("a@sub.city.example.jp");
    assert_false(who.approves);
    sign_in("ito@other.example");
}

/* The same answers, whoever it is; nothing is mailed and nothing opens. */
static void test_stranger(void **state)
{
    static const char *const strangers[] = {
        "x@evil.example", "sato@evilcity.example.jp", "ito2@other.example",
        "ito@sub.other.example"};

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(strangers); i++) {
        assert_int_equal(ask(strangers[i]), 0);
        assert_string_equal(code.mail, "");
        assert_int_equal(try(strangers[i], code.digits, FROM), -EACCES);
    }
    assert_int_equal(ask("no address"), -EINVAL);
    assert_int_equal(hb_share_session(store, z(session), &who), -EACCES);
    assert_int_equal(hb_share_session(store, z("x"), &who), -EACCES);
}

static void test_bound(void **state)
{
    char mine[HB_SHARE_TOKEN_TEXT];

    (void)state;
    assert_int_equal(ask("sato@city.example.jp"), 0);
    memcpy(mine, nonce, sizeof(mine));
    hb_share_token_new(nonce); /* another browser */
    assert_int_equal(try("sato@city.example.jp", code.digits, FROM), -ETIME);
    memcpy(nonce, mine, sizeof(mine)); /* another address */
    assert_int_equal(try("boss@city.example.jp", code.digits, FROM), -ETIME);
    assert_int_equal(try("sato@city.example.jp", code.digits, FROM), 0);
}

static void test_guessing(void **state)
{
    char wrong[HB_SHARE_CODE_TEXT];

    (void)state;
    assert_int_equal(ask("sato@city.example.jp"), 0);
    (void)hb_copyz(wrong, sizeof(wrong), code.digits);
    wrong[0] = (char)(wrong[0] == '9' ? '0' : wrong[0] + 1);
    for (unsigned i = 0; i < HB_SHARE_TRIES; i++)
        assert_int_equal(try("sato@city.example.jp", wrong, FROM), -EACCES);
    assert_int_equal(try("sato@city.example.jp", code.digits, FROM), -ETIME);
    for (unsigned i = 0; i < lock_rules.asks_link - 1; i++)
        assert_int_equal(ask("sato@city.example.jp"), 0);
    assert_int_equal(ask("sato@city.example.jp"), -EAGAIN);
    pass_time(3700);
    assert_int_equal(ask("sato@city.example.jp"), 0);
}

/* A stranger who asks and asks keeps nobody out: neither others, nor this one
 * at a place where they were before. */
static void test_lockout(void **state)
{
    char from[40];
    unsigned i, taken = 0;
    int r;

    (void)state;
    sign_in("sato@city.example.jp"); /* FROM is known now */
    for (i = 0; i < 60; i++) {
        (void)snprintf(from, sizeof(from), "2001:db8:0:%x::1", i / 5);
        r = hb_share_signin_ask(store, z("sato@city.example.jp"), z(nonce),
                                from, &code);
        taken += r == 0;
        assert_true(r == 0 || r == -EAGAIN);
    }
    assert_int_equal(taken, lock_rules.signins - 1);
    assert_int_equal(ask("sato@city.example.jp"), 0);
    assert_int_equal(try("sato@city.example.jp", code.digits, FROM), 0);
    assert_int_equal(hb_share_signin_ask(store, z("boss@city.example.jp"),
                                         z(nonce), "203.0.113.5", &code),
                     0);
}

static void test_ends(void **state)
{
    (void)state;
    sign_in("sato@city.example.jp");
    for (unsigned i = 0; i < 40; i++) { /* used every 14 minutes ... */
        pass_time(840);
        assert_int_equal(hb_share_session(store, z(session), &who), 0);
    }
    for (unsigned i = 0; i < 3; i++) { /* ... but not for ever */
        pass_time(840);
        if (hb_share_session(store, z(session), &who) < 0)
            break;
    }
    assert_int_equal(hb_share_session(store, z(session), &who), -EACCES);
    sign_in("sato@city.example.jp");
    pass_time(901);
    assert_int_equal(hb_share_session(store, z(session), &who), -EACCES);
    sign_in("sato@city.example.jp");
    reboot("boot-2");
    assert_int_equal(hb_share_session(store, z(session), &who), -EACCES);
    sign_in("sato@city.example.jp");
    lock_rules.staff.n = 0; /* who left */
    hb_share_close(store);
    assert_int_equal(lock_open_again(&store), 0);
    assert_int_equal(hb_share_session(store, z(session), &who), -EACCES);
}

/* RFC 6238, appendix B, the last six of its eight digits. */
static void test_rfc6238(void **state)
{
    static const struct {
        int64_t at;
        uint32_t code;
    } rows[] = {{59, 287082},         {1111111109, 81804},
                {1111111111, 50471},  {1234567890, 5924},
                {2000000000, 279037}, {INT64_C(20000000000), 353130}};
    uint8_t secret[20];

    (void)state;
    memcpy(secret, "12345678901234567890", sizeof(secret));
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        assert_int_equal(hb_share_totp(secret, rows[i].at), rows[i].code);
}

static void decode(const char *text, uint8_t ret[20])
{
    static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    assert_int_equal(strlen(text), 32);
    memset(ret, 0, 20);
    for (unsigned i = 0; i < 160; i++) {
        const char *at = strchr(base32, text[i / 5]);

        assert_non_null(at);
        if (((unsigned)(at - base32) >> (4 - i % 5) & 1u) != 0)
            ret[i / 8] |= (uint8_t)(0x80u >> (i % 8));
    }
}

static int factor(const uint8_t secret[20], int64_t seconds)
{
    char digits[HB_SHARE_CODE_TEXT];

    (void)snprintf(digits, sizeof(digits), "%06u",
                   (unsigned)hb_share_totp(
                       secret, lock_time.now / (int64_t)HB_S + seconds));
    return hb_share_totp_try(store, z(session), z(digits), FROM, &(bool){0});
}

static void test_factor(void **state)
{
    char text[HB_SHARE_TOTP_TEXT];
    uint8_t secret[20];

    (void)state;
    sign_in("boss@city.example.jp");
    assert_int_equal(factor((const uint8_t *)"12345678901234567890", 0),
                     -ENOENT);
    assert_int_equal(
        hb_share_totp_begin(store, "boss@city.example.jp", FROM, text), 0);
    decode(text, secret);
    assert_int_equal(factor(secret, 90), -EACCES);
    assert_int_equal(factor(secret, -90), -EACCES);
    assert_int_equal(factor(secret, 0), 0);
    assert_int_equal(factor(secret, 0), -EACCES); /* once */
    assert_int_equal(hb_share_session(store, z(session), &who), 0);
    assert_true(who.factor && who.enrolled);
    assert_int_equal(
        hb_share_totp_begin(store, "boss@city.example.jp", FROM, text),
        -EEXIST);
    pass_time(301);
    assert_int_equal(hb_share_session(store, z(session), &who), 0);
    assert_false(who.factor);
    assert_int_equal(factor(secret, 0), 0);
    pass_time(400);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(factor(secret, 600), -EACCES);
    assert_int_equal(factor(secret, 0), -EAGAIN); /* five wrong ones */
    pass_time(600);
    sign_in("boss@city.example.jp");
    pass_time(800);
    assert_int_equal(hb_share_session(store, z(session), &who), 0);
    pass_time(800);
    assert_int_equal(hb_share_session(store, z(session), &who), 0);
    pass_time(800);
    assert_int_equal(hb_share_session(store, z(session), &who), 0);
    pass_time(800);
    assert_int_equal(factor(secret, 0), 0);
    assert_int_equal(hb_share_totp_drop(store, "boss@city.example.jp", &owner),
                     0);
    assert_int_equal(factor(secret, 30), -ENOENT);
    /* What it had proven is gone with it. */
    assert_int_equal(hb_share_session(store, z(session), &who), 0);
    assert_false(who.factor || who.enrolled);
}

/* Nobody approves without it, and never their own. */
static void test_approve(void **state)
{
    static const char *const people[] = {"sato@city.example.jp",
                                         "boss@city.example.jp"};
    const struct hb_share_draft d = {.kind = HB_SHARE_IN};
    const struct hb_share_who sato = {"sato@city.example.jp", FROM};
    struct hb_share_verdict v;
    char text[HB_SHARE_TOTP_TEXT];
    uint8_t secret[20];
    int64_t id, recipient;

    (void)state;
    assert_int_equal(hb_share_new(store, &sato, &d, &id), 0);
    assert_int_equal(
        hb_share_add_recipient(store, id, &sato, "a@b.example", &recipient), 0);
    assert_int_equal(hb_share_submit(store, id, &sato, &v), 0);
    assert_int_equal(v.decision, HB_SHARE_APPROVAL);
    for (size_t i = 0; i < 2; i++) {
        sign_in(people[i]);
        assert_int_equal(
            hb_share_approve(store, z(session), FROM, id, edition_of(id), &v),
            -EPERM);
        assert_int_equal(hb_share_totp_begin(store, people[i], FROM, text), 0);
        decode(text, secret);
        assert_int_equal(factor(secret, 0), 0);
        assert_int_equal(
            hb_share_approve(store, z(session), FROM, id, edition_of(id), &v),
            i == 0 ? -EACCES : 0);
    }
    assert_int_equal(v.decision, HB_SHARE_ALLOW);
    assert_int_equal(told(0, HB_SHARE_FACTOR_BEGUN), 2);
    assert_int_equal(told(0, HB_SHARE_FACTOR_SET), 2);
    assert_int_equal(hb_share_viewed(store, id, &sato), 0);
    assert_int_equal(hb_share_viewed(store, id, &sato), 0);
    assert_int_equal(told(id, HB_SHARE_VIEWED), 1);
    assert_int_equal(hb_share_approve(store, z("x"), FROM, id, 1, &v), -EACCES);
}

static void test_signed_out(void **state)
{
    const struct hb_share_who keeper = {"root", "", true};

    (void)state;
    sign_in("boss@city.example.jp");
    assert_int_equal(hb_share_session(store, z(session), &who), 0);
    assert_int_equal(
        hb_share_sessions_drop(store, "boss@city.example.jp", &keeper), 0);
    assert_int_equal(hb_share_session(store, z(session), &who), -EACCES);
    assert_int_equal(
        hb_share_sessions_drop(store, "boss@city.example.jp", &keeper),
        -ENOENT);
    assert_int_equal(told(0, HB_SHARE_SIGNED_OUT), 1);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, lock_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_signed_out), MADE(test_way),
        MADE(test_stranger),   MADE(test_bound),
        MADE(test_guessing),   MADE(test_lockout),
        MADE(test_ends),       cmocka_unit_test(test_rfc6238),
        MADE(test_factor),     MADE(test_approve),
    };

    return hb_tap_run("guard/share/staff", tests);
}
