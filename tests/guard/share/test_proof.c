/* SPDX-License-Identifier: Apache-2.0 */
/* Links, codes and grants: who proves the mailbox comes in, nobody else. */
#include "locker.h"

#define FROM "198.51.100.7"

static char link_text[HB_SHARE_TOKEN_TEXT], nonce[HB_SHARE_TOKEN_TEXT];
static char grant[HB_SHARE_TOKEN_TEXT];
static struct hb_share_code code;
static struct hb_share_view view;
static int64_t recipient;

static int ask(const char *from)
{
    return hb_share_code_ask(store, z(link_text), z(nonce), from, &code);
}

static int try(const char *digits, const char *from)
{
    return hb_share_code_try(store, z(link_text), z(nonce), z(digits), from,
                             grant);
}

/* Another code than the one that was mailed. */
static const char *wrong(void)
{
    static char text[HB_SHARE_CODE_TEXT];

    (void)hb_copyz(text, sizeof(text), code.digits);
    text[0] = (char)(text[0] == '9' ? '0' : text[0] + 1);
    return text;
}

static void test_way(void **state)
{
    int64_t id = invite("Guest@Partner.example", &recipient, link_text), bad;

    (void)state;
    hb_share_token_new(nonce);
    assert_int_equal(hb_share_page(store, z(link_text), FROM, &view), 0);
    assert_int_equal(view.share, id);
    assert_string_equal(view.mail, "Guest@partner.example");
    assert_int_equal(try("000000", FROM), -ETIME); /* none was asked */
    assert_int_equal(ask(FROM), 0);
    assert_string_equal(code.mail, "Guest@partner.example");
    assert_int_equal(try(wrong(), FROM), -EACCES);
    assert_int_equal(try(code.digits, FROM), 0);
    assert_int_equal(hb_share_grant_view(store, z(grant), &view), 0);
    assert_int_equal(view.recipient, recipient);
    assert_int_equal(try(code.digits, FROM), -ETIME); /* it was one */
    assert_int_equal(hb_share_grant_end(store, z(grant)), 0);
    assert_int_equal(hb_share_grant_view(store, z(grant), &view), -EACCES);
    assert_int_equal(told(id, HB_SHARE_PAGE), 1);
    assert_int_equal(told(id, HB_SHARE_CODE_ASKED), 1);
    assert_int_equal(told(id, HB_SHARE_CODE_WRONG), 1);
    assert_int_equal(told(id, HB_SHARE_CODE_RIGHT), 1);
    assert_int_equal(hb_share_trail_check(store, &bad), 0);
}

/* A code proves the mailbox of the browser that asked, for one link. */
static void test_bound(void **state)
{
    char second[HB_SHARE_TOKEN_TEXT], mine[HB_SHARE_TOKEN_TEXT];
    int64_t r2;

    (void)state;
    (void)invite("a@partner.example", &recipient, link_text);
    (void)invite("b@partner.example", &r2, second);
    hb_share_token_new(nonce);
    hb_share_token_new(mine);
    assert_int_equal(ask(FROM), 0);
    assert_int_equal(hb_share_code_try(store, z(link_text), z(mine),
                                       z(code.digits), FROM, grant),
                     -ETIME);
    assert_int_equal(hb_share_code_try(store, z(second), z(nonce),
                                       z(code.digits), FROM, grant),
                     -ETIME);
    assert_int_equal(try(code.digits, FROM), 0);
    /* A link is no grant, a grant no link. */
    assert_int_equal(hb_share_grant_view(store, z(link_text), &view), -EACCES);
    assert_int_equal(hb_share_page(store, z(grant), FROM, &view), -ENOENT);
}

static void test_tries(void **state)
{
    (void)state;
    (void)invite("a@partner.example", &recipient, link_text);
    hb_share_token_new(nonce);
    assert_int_equal(ask(FROM), 0);
    for (unsigned i = 0; i < HB_SHARE_TRIES; i++)
        assert_int_equal(try(wrong(), FROM), -EACCES);
    assert_int_equal(try(code.digits, FROM), -ETIME);
    assert_int_equal(ask(FROM), 0);
    assert_int_equal(try(code.digits, FROM), 0);
}

static void test_lives(void **state)
{
    (void)state;
    (void)invite("a@partner.example", &recipient, link_text);
    hb_share_token_new(nonce);
    assert_int_equal(ask(FROM), 0);
    pass_time(HB_SHARE_CODE_S);
    assert_int_equal(try(code.digits, FROM), -ETIME);
    assert_int_equal(ask(FROM), 0);
    pass_time(HB_SHARE_CODE_S - 1);
    /* The wall clock may go where it likes. */
    lock_time.now += 5 * 86400 * (int64_t)HB_S;
    assert_int_equal(try(code.digits, FROM), 0);
    lock_time.now -= 50 * 86400 * (int64_t)HB_S;
    pass_time(HB_SHARE_GRANT_S - 1);
    assert_int_equal(hb_share_grant_view(store, z(grant), &view), 0);
    pass_time(1);
    assert_int_equal(hb_share_grant_view(store, z(grant), &view), -EACCES);
    assert_int_equal(ask(FROM), 0);
    reboot("boot-2");
    assert_int_equal(try(code.digits, FROM), -ETIME);
}

static void test_budgets(void **state)
{
    char links[8][HB_SHARE_TOKEN_TEXT], mail[40];
    unsigned wrongs = 0;
    int64_t id;

    (void)state;
    lock_rules.asks_from = 9;
    lock_rules.wrong_from = 7;
    lock_rules.wrong_all = 12;
    hb_share_close(store);
    store = NULL;
    assert_int_equal(lock_open_again(&store), 0);
    for (unsigned i = 0; i < 8; i++) {
        (void)snprintf(mail, sizeof(mail), "g%u@partner.example", i);
        id = invite(mail, &recipient, links[i]);
    }
    (void)id;
    hb_share_token_new(nonce);
    /* A link: 5 an hour, whoever asks. */
    memcpy(link_text, links[0], sizeof(link_text));
    for (unsigned i = 0; i < 5; i++) {
        (void)snprintf(mail, sizeof(mail), "203.0.113.%u", i);
        assert_int_equal(ask(mail), 0);
    }
    assert_int_equal(ask("203.0.113.99"), -EAGAIN);
    pass_time(3600);
    assert_int_equal(ask("203.0.113.99"), 0);
    pass_time(3600);
    /* A network over many links: 9 codes; 7 wrong tries. */
    for (unsigned i = 1; i < 8; i++) {
        memcpy(link_text, links[i], sizeof(link_text));
        assert_int_equal(ask("2001:db8::1"), 0);
        wrongs += try(wrong(), "2001:db8::2") == -EACCES;
    }
    assert_int_equal(wrongs, 7);
    assert_int_equal(try(code.digits, "2001:db8::3"), -EAGAIN);
    assert_int_equal(try(wrong(), "2001:db8:0:1::1"), -EACCES); /* another */
    assert_int_equal(ask("2001:db8::4"), 0);
    assert_int_equal(ask("2001:db8::5"), 0);
    assert_int_equal(ask("2001:db8::6"), -EAGAIN);
    /* In all: the 12th is told, once, and stops nobody. */
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(try(wrong(), i < 2    ? "::ffff:192.0.2.8"
                                      : i == 2 ? "::ffff:c000:208"
                                               : "192.0.2.8"),
                         -EACCES);
    assert_int_equal(told(0, HB_SHARE_ALARM), 1);
    assert_int_equal(try(code.digits, "192.0.2.77"), 0);
}

/* Who looks for links runs dry; who has one is not disturbed by them. */
static void test_probes(void **state)
{
    char guess[HB_SHARE_TOKEN_TEXT];
    unsigned unknown = 0;

    (void)state;
    (void)invite("a@partner.example", &recipient, link_text);
    for (unsigned i = 0; i < 100; i++) {
        int r;

        hb_share_token_new(guess);
        r = hb_share_page(store, z(guess), "192.0.2.50", &view);
        assert_true(r == -ENOENT || r == -EAGAIN);
        unknown += r == -ENOENT;
    }
    assert_int_equal(unknown, 60);
    assert_int_equal(hb_share_page(store, z(link_text), "192.0.2.50", &view),
                     0);
    hb_share_token_new(nonce);
    assert_int_equal(ask("192.0.2.50"), 0);
    assert_int_equal(hb_share_page(store, z(link_text), FROM, &view), 0);
    assert_int_equal(hb_share_page(store, z("short"), FROM, &view), -EBADMSG);
}

static unsigned alarms;

static int on_alarm(void *arg, const struct hb_share_trail *t)
{
    assert_string_equal(t->words, "wrong codes");
    alarms++;
    return *(int *)arg;
}

/* However slowly, from wherever: a link is no lottery. */
static void test_wrong_in_all(void **state)
{
    int64_t id = invite("a@partner.example", &recipient, link_text);
    unsigned wrongs = 0;
    char from[64];

    (void)state;
    for (unsigned hour = 0; hour < 24; hour++, pass_time(3600)) {
        (void)snprintf(from, sizeof(from), "2001:db8:%x::1", hour);
        hb_share_token_new(nonce);
        if (ask(from) < 0)
            break;
        for (unsigned i = 0; i < 5; i++)
            wrongs += try(wrong(), from) == -EACCES;
    }
    assert_int_equal(wrongs, 50);
    assert_int_equal(ask(from), -EDQUOT);
    assert_int_equal(told(id, HB_SHARE_ALARM), 1);
    /* Whoever listens is told, until it worked. */
    alarms = 0;
    assert_int_equal(hb_share_each_alarm(store, on_alarm, &(int){-EIO}), -EIO);
    assert_int_equal(hb_share_each_alarm(store, on_alarm, &(int){0}), 0);
    assert_int_equal(hb_share_each_alarm(store, on_alarm, &(int){0}), 0);
    assert_int_equal(alarms, 2);
    /* Another link begins anew. */
    assert_int_equal(hb_share_link(store, recipient, &owner, link_text), 0);
    enter(link_text, grant);
}

/* A link that is made anew kills the older one and all that it opened. */
static void test_relink(void **state)
{
    char old[HB_SHARE_TOKEN_TEXT];

    (void)state;
    (void)invite("a@partner.example", &recipient, old);
    enter(old, grant);
    assert_int_equal(hb_share_link(store, recipient, &owner, link_text), 0);
    assert_int_equal(hb_share_page(store, z(old), FROM, &view), -ENOENT);
    assert_int_equal(hb_share_grant_view(store, z(grant), &view), -EACCES);
    enter(link_text, grant);
}

static void test_page_floods(void **state)
{
    int64_t id = invite("a@partner.example", &recipient, link_text);

    (void)state;
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(hb_share_page(store, z(link_text), FROM, &view), 0);
    assert_int_equal(told(id, HB_SHARE_PAGE), 60);
}

static void test_parse(void **state)
{
    char digits[HB_SHARE_CODE_TEXT], text[HB_SHARE_TOKEN_TEXT];
    uint8_t raw[32];

    (void)state;
    hb_share_token_new(text);
    assert_int_equal(hb_share_token_parse(z(text), raw), 0);
    text[42] = text[42] == 'A' ? 'B' : (char)(text[42] + 1); /* spare bits */
    assert_int_equal(hb_share_token_parse(z(text), raw), -EBADMSG);
    text[42] = '=';
    assert_int_equal(hb_share_token_parse(z(text), raw), -EBADMSG);
    assert_int_equal(hb_share_token_parse(hb_slice(NULL, 0), raw), -EBADMSG);
    /* libsodium 1.0.18 alone takes this one. */
    assert_int_equal(
        hb_share_token_parse(
            z("LX\xbb\xaaQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE"), raw),
        -EBADMSG);
    assert_int_equal(hb_share_code_parse(z(" 123 456\n"), digits), 0);
    assert_string_equal(digits, "123456");
    assert_int_equal(hb_share_code_parse(z("１２３４５６"), digits), 0);
    assert_string_equal(digits, "123456");
    assert_int_equal(hb_share_code_parse(z("12345"), digits), -EBADMSG);
    assert_int_equal(hb_share_code_parse(z("1234567"), digits), -EBADMSG);
    assert_int_equal(hb_share_code_parse(z("12345x"), digits), -EBADMSG);
    assert_int_equal(hb_share_code_parse(z("+12345"), digits), -EBADMSG);
    assert_int_equal(hb_share_code_parse(z(""), digits), -EBADMSG);
}

/* Nothing of a secret stands in the store. */
static void test_only_hashes(void **state)
{
    static const char *const names[] = {"locker.db", "locker.db-wal"};
    uint8_t raw[32];

    (void)state;
    (void)invite("a@partner.example", &recipient, link_text);
    enter(link_text, grant);
    assert_int_equal(hb_share_token_parse(z(link_text), raw), 0);
    for (size_t i = 0; i < 2; i++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        char path[256];
        struct hb_slice all;

        (void)snprintf(path, sizeof(path), "%s/%s", lock_dir, names[i]);
        assert_int_equal(hb_file_read(a, path, 64u << 20, &all), 0);
        assert_null(memmem(all.p, all.n, raw, 32));
        assert_null(memmem(all.p, all.n, link_text, 43));
        assert_null(memmem(all.p, all.n, grant, 43));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        locker_test(test_way),          locker_test(test_bound),
        locker_test(test_tries),        locker_test(test_lives),
        locker_test(test_budgets),      locker_test(test_probes),
        locker_test(test_wrong_in_all), locker_test(test_relink),
        locker_test(test_page_floods),  cmocka_unit_test(test_parse),
        locker_test(test_only_hashes),
    };

    return hb_tap_run("guard_share/proof", tests);
}
