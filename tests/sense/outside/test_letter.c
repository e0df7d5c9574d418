/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_letter.c - what core could ask of the role that mails: of a mailing that
 * two people released, each word changed is refused before a relay is asked.
 */
#include "../../tap.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"
#include "event/mailing.h"
#include "sense/outside/mail.h"

#define TEXT   "{name} 様\nお知らせ\n"
#define PEOPLE 3
/* Nobody listens there: what is not refused gets so far. */
#define GOES    (-ECONNREFUSED)
#define REFUSED (-EBADMSG)

static const char *const list[PEOPLE][2] = {
    {"花子", "hanako@example.jp"}, {"", "taro@example.jp"}, {"B", "b@c"}};
static char dir[64];
static struct hb_key *keys[4]; /* officer, boss, clerk, gone */

static void put(const char *name, const char *json)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/people/%s.json", dir, name);
    assert_int_equal(hb_file_write(path, json, strlen(json), 0644), 0);
}

static int make(void **state)
{
    static const char *const names[] = {"officer", "boss", "clerk", "gone"};
    char path[128];

    (void)snprintf(dir, sizeof(dir), "/tmp/hb-test-letter-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/people", dir);
    if (mkdir(path, 0755) < 0)
        return -1;
    put("officer", "{\"roles\":\"officer,admin\"}");
    put("boss", "{\"roles\":\"staff,manager\"}");
    put("clerk", "{\"roles\":\"staff,accounting\"}");
    put("gone", "{\"roles\":\"manager\",\"active\":false}");
    put("twin", "{\"roles\":\"manager\"}");
    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        assert_int_equal(hb_key_generate(&keys[i]), 0);
        (void)snprintf(path, sizeof(path), "%s/people/%s.pub", dir, names[i]);
        assert_int_equal(hb_pub_save(keys[i], path, NULL), 0);
    }
    (void)snprintf(path, sizeof(path), "%s/people/twin.pub", dir);
    assert_int_equal(hb_pub_save(keys[0], path, NULL), 0);
    return 0;
}

static int drop(void **state)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(keys); i++)
        hb_key_free(keys[i]);
    return hb_rmtree(AT_FDCWD, dir);
}

/* A command as core makes it, with what a test changes. */
struct wish {
    struct hb_mailing_terms t;  /* as signed */
    const char *subject, *text; /* as sent */
    const char *name, *address;
    int64_t place, until; /* UNTIL 0: as signed */
    const char *who[2];
    const struct hb_key *by[2];
    size_t releases;
    hb_merkle_hash leaves[PEOPLE];
};

static void good(struct wish *w)
{
    *w = (struct wish){
        .t = {.uid = "00112233445566778899aabbccddeeff",
              .paper = "D08",
              .subject = "お知らせ",
              .incident = 4,
              .count = PEOPLE,
              .until = hb_now() + (int64_t)(60 * HB_S)},
        .subject = "お知らせ",
        .text = TEXT,
        .name = list[1][0],
        .address = list[1][1],
        .place = 1,
        .who = {"officer", "boss"},
        .by = {keys[0], keys[1]},
        .releases = 2,
    };
    for (size_t i = 0; i < PEOPLE; i++)
        assert_int_equal(hb_mailing_leaf(list[i][0], list[i][1], w->leaves[i]),
                         0);
    hb_sha256(TEXT, strlen(TEXT), w->t.text);
    hb_merkle_root((const hb_merkle_hash *)w->leaves, PEOPLE, w->t.root);
}

static void hex(struct hb_jw *j, const char *key, const void *p, size_t n)
{
    char z[2 * HB_SIG_SIZE + 1];

    hb_hex(p, n, z);
    hb_jw_str(j, key, z);
}

static void write_command(struct hb_buf *b, const struct wish *w)
{
    hb_merkle_hash path[HB_MERKLE_PATH_MAX];
    size_t n = hb_merkle_path((const hb_merkle_hash *)w->leaves, PEOPLE,
                              (size_t)w->place % PEOPLE, path);
    struct hb_jw j;

    hb_jw_init(&j, b);
    hb_jw_obj(&j, NULL);
    hb_jw_obj(&j, "terms");
    hb_jw_str(&j, "uid", w->t.uid);
    hb_jw_str(&j, "paper", w->t.paper);
    hb_jw_str(&j, "subject", w->subject);
    hb_jw_int(&j, "incident", w->t.incident);
    hb_jw_int(&j, "count", w->t.count);
    hb_jw_int(&j, "until_ns", w->until != 0 ? w->until : w->t.until);
    hex(&j, "text", w->t.text, sizeof(w->t.text));
    hex(&j, "root", w->t.root, sizeof(w->t.root));
    hb_jw_end_obj(&j);
    hb_jw_str(&j, "text", w->text);
    hb_jw_str(&j, "name", w->name);
    hb_jw_str(&j, "address", w->address);
    hb_jw_int(&j, "place", w->place);
    hb_jw_arr(&j, "path");
    for (size_t i = 0; i < n; i++)
        hex(&j, NULL, path[i], sizeof(path[i]));
    hb_jw_end_arr(&j);
    hb_jw_arr(&j, "by");
    for (size_t i = 0; i < w->releases; i++) {
        struct hb_buf message = HB_BUF_INIT;
        uint8_t sig[HB_SIG_SIZE];

        assert_int_equal(hb_mailing_message(&message, &w->t, w->who[i]), 0);
        assert_int_equal(
            hb_sign(w->by[i], "mailing", hb_buf_slice(&message), sig), 0);
        hb_buf_done(&message);
        hb_jw_obj(&j, NULL);
        hb_jw_str(&j, "person", w->who[i]);
        hex(&j, "sig", sig, sizeof(sig));
        hb_jw_end_obj(&j);
    }
    hb_jw_end_arr(&j);
    hb_jw_end_obj(&j);
}

static int ask(const struct wish *w)
{
    static const struct hb_conf_org org = {.mail_relay = "smtp://127.0.0.1:1",
                                           .mail_from = "hinoban@example.jp",
                                           .mail_user = "",
                                           .mail_ca = ""};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_buf b = HB_BUF_INIT;
    char answer[HB_MAIL_ANSWER];
    struct hb_err err = {0};
    struct hb_json *o;
    int r;

    write_command(&b, w);
    assert_int_equal(hb_json_parse(a, hb_buf_slice(&b), &o, NULL), 0);
    r = hb_outside_letter(&org, dir, o, answer, &err);
    assert_true(r < 0 && err.message[0] != '\0');
    hb_buf_done(&b);
    hb_arena_free(a);
    return r;
}

static void test_released(void **state)
{
    struct wish w;

    good(&w);
    assert_int_equal(ask(&w), GOES);
    for (int64_t i = 0; i < PEOPLE; i++) {
        w.place = i;
        w.name = list[i][0];
        w.address = list[i][1];
        assert_int_equal(ask(&w), GOES);
    }
}

static void test_another_text(void **state)
{
    struct wish w;

    good(&w);
    w.text = TEXT "https://evil.example/\n";
    assert_int_equal(ask(&w), REFUSED);
    good(&w);
    w.subject = "至急";
    assert_int_equal(ask(&w), REFUSED);
    good(&w);
    w.until = w.t.until + 1;
    assert_int_equal(ask(&w), REFUSED);
    good(&w);
    w.t.until = hb_now() - 1;
    assert_int_equal(ask(&w), REFUSED);
    /* Signed for longer than any release is. */
    good(&w);
    w.t.until = hb_now() + 8 * (int64_t)(86400 * HB_S);
    assert_int_equal(ask(&w), REFUSED);
    good(&w);
    w.t.root[7] ^= 1;
    assert_int_equal(ask(&w), REFUSED);
}

static void test_another_person(void **state)
{
    struct wish w;

    good(&w);
    w.address = "x@evil.example";
    assert_int_equal(ask(&w), REFUSED);
    good(&w);
    w.name = "someone";
    assert_int_equal(ask(&w), REFUSED);
    good(&w);
    w.place = 2;
    assert_int_equal(ask(&w), REFUSED);
    good(&w);
    w.place = 3;
    assert_int_equal(ask(&w), REFUSED);
    /* Somebody of the list, at the place of another. */
    good(&w);
    w.name = list[0][0];
    w.address = list[0][1];
    assert_int_equal(ask(&w), REFUSED);
}

static void test_who_released(void **state)
{
    struct wish w;

    good(&w);
    w.releases = 1;
    assert_int_equal(ask(&w), REFUSED);
    good(&w);
    w.releases = 0;
    assert_int_equal(ask(&w), REFUSED);
    good(&w);
    w.who[1] = "officer";
    w.by[1] = keys[0];
    assert_int_equal(ask(&w), REFUSED);
    good(&w); /* another name with the same key */
    w.who[1] = "twin";
    w.by[1] = keys[0];
    assert_int_equal(ask(&w), REFUSED);
    good(&w); /* no role that may */
    w.who[1] = "clerk";
    w.by[1] = keys[2];
    assert_int_equal(ask(&w), REFUSED);
    good(&w); /* no longer registered */
    w.who[1] = "gone";
    w.by[1] = keys[3];
    assert_int_equal(ask(&w), REFUSED);
    good(&w); /* somebody else's key */
    w.by[1] = keys[2];
    assert_int_equal(ask(&w), REFUSED);
    good(&w);
    w.who[1] = "../people/boss";
    assert_int_equal(ask(&w), REFUSED);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_released),
        MADE(test_another_text),
        MADE(test_another_person),
        MADE(test_who_released),
    };
    return hb_tap_run("sense/outside/letter", tests);
}
