/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_proof.c - a proof holds for exactly what it was made for; one written
 * by hand, edited by a byte or made elsewhere is refused, whatever it says.
 */
#include <fcntl.h>

#include "tap.h"
#include "base/clock.h"
#include "base/file.h"
#include "casebook/proof.h"

#define NOW (1795390000 * (int64_t)HB_S)
#define DAY (86400 * (int64_t)HB_S)

static const char *const assets_now[] = {"site:b /srv/b", "site:a /srv/a"};

struct world {
    struct hb_key *key, *other;
    struct hb_pub *pub;
    struct hb_proof_part parts[3];
    const char *assets[2];
    struct hb_proof proof;
    struct hb_proof_binding now;
    struct hb_buf text;
    uint8_t sig[HB_SIG_SIZE];
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_int_equal(hb_key_generate(&w->key), 0);
    assert_int_equal(hb_key_generate(&w->other), 0);
    assert_int_equal(hb_key_pub(w->key, &w->pub), 0);
    w->parts[0] = (struct hb_proof_part){"noticed", HB_PART_PASSED, "2 s",
                                         "0.8 ms", 812345};
    w->parts[1] = (struct hb_proof_part){"restored", HB_PART_PASSED,
                                         "same \"hash\"", "改ざん前と同じ", -1};
    w->assets[0] = "site:a /srv/a";
    w->assets[1] = "site:b /srv/b";
    w->proof = (struct hb_proof){.kind = HB_PROOF_REHEARSAL,
                                 .number = 2,
                                 .at = NOW - DAY,
                                 .version = "0.1.0",
                                 .assets = w->assets,
                                 .assets_n = 2,
                                 .parts = w->parts,
                                 .parts_n = 2};
    hb_id_new(w->proof.run);
    memset(w->proof.config, 7, sizeof(w->proof.config));
    memset(w->proof.casebook, 8, sizeof(w->proof.casebook));
    w->now = (struct hb_proof_binding){.kind = HB_PROOF_REHEARSAL,
                                       .number = 2,
                                       .version = "0.1.0",
                                       .assets = assets_now,
                                       .assets_n = 2,
                                       .now = NOW,
                                       .max_age = 90ull * 86400 * HB_S};
    memset(w->now.config, 7, sizeof(w->now.config));
    memset(w->now.casebook, 8, sizeof(w->now.casebook));
    hb_buf_init(&w->text, 0);
    assert_int_equal(hb_proof_sign(&w->proof, w->key, &w->text, w->sig), 0);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    hb_key_free(w->key);
    hb_key_free(w->other);
    hb_pub_free(w->pub);
    hb_buf_done(&w->text);
    free(w);
    return 0;
}

static int verify(struct world *w, struct hb_proof_seen *ret,
                  struct hb_err *err)
{
    return hb_proof_verify(hb_buf_slice(&w->text), w->sig, w->pub, &w->now, ret,
                           err);
}

static void test_good(void **state)
{
    struct world *w = *state;
    struct hb_proof_seen seen = {0};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_proof *p;

    assert_int_equal(verify(w, &seen, NULL), 0);
    assert_true(seen.passed);
    assert_int_equal(seen.at, NOW - DAY);
    assert_int_equal(hb_proof_decode(a, hb_buf_slice(&w->text), &p, NULL), 0);
    assert_string_equal(p->run, w->proof.run);
    assert_string_equal(p->assets[0], "site:a /srv/a");
    assert_string_equal(p->parts[1].seen, "改ざん前と同じ");
    assert_int_equal(p->parts[0].took_ns, 812000);
    assert_int_equal(p->parts[1].took_ns, -1);
    hb_arena_free(a);
}

/* Every single byte of text and signature counts. */
static void test_edited(void **state)
{
    struct world *w = *state;
    struct hb_proof_seen seen = {.passed = false};

    for (size_t i = 0; i < w->text.n; i++) {
        w->text.p[i] ^= 1;
        assert_int_equal(verify(w, &seen, NULL), -EBADMSG);
        w->text.p[i] ^= 1;
    }
    for (size_t i = 0; i < HB_SIG_SIZE; i++) {
        w->sig[i] ^= 1;
        assert_int_equal(verify(w, &seen, NULL), -EBADMSG);
        w->sig[i] ^= 1;
    }
    assert_false(seen.passed);
    assert_int_equal(verify(w, &seen, NULL), 0);
}

/* The text of a true proof with a word changed and signed by somebody else,
 * or for another purpose with the right key. */
static void test_other_signer(void **state)
{
    struct world *w = *state;
    struct hb_proof_seen seen = {0};
    struct hb_err err = {0};

    assert_int_equal(
        hb_sign(w->other, HB_PROOF_DOMAIN, hb_buf_slice(&w->text), w->sig), 0);
    assert_int_equal(verify(w, &seen, &err), -EBADMSG);
    assert_non_null(strstr(err.message, "by hand"));
    assert_int_equal(
        hb_sign(w->key, "checkpoint", hb_buf_slice(&w->text), w->sig), 0);
    assert_int_equal(verify(w, &seen, NULL), -EBADMSG);
    assert_false(seen.passed);
}

/* Rightly signed, but not what a drill writes: another order, a space, an
 * unknown member. */
static void test_not_canonical(void **state)
{
    static const char *const bad[] = {
        "{}",
        "[]",
        "{\"at_ms\":1}",
        " {\"kind\":\"rehearsal\"}",
    };
    struct world *w = *state;
    struct hb_proof_seen seen;

    for (size_t i = 0; i < HB_ARRAY_LEN(bad) + 2; i++) {
        struct hb_buf b = HB_BUF_INIT;
        struct hb_slice s;

        if (i < HB_ARRAY_LEN(bad))
            hb_buf_addz(&b, bad[i]);
        else if (i == HB_ARRAY_LEN(bad))
            hb_buf_addf(&b, "%s ", hb_buf_z(&w->text));
        else
            hb_buf_addf(&b, "{\"aa\":1,%s", hb_buf_z(&w->text) + 1);
        s = hb_buf_slice(&b);
        assert_int_equal(hb_sign(w->key, HB_PROOF_DOMAIN, s, w->sig), 0);
        assert_int_equal(
            hb_proof_verify(s, w->sig, w->pub, &w->now, &seen, NULL), -EBADMSG);
        hb_buf_done(&b);
    }
}

static void stale(struct world *w, const char *words)
{
    struct hb_proof_seen seen = {0};
    struct hb_err err = {0};
    int r = verify(w, &seen, &err);

    if (r != -ESTALE || strstr(err.message, words) == NULL || seen.passed)
        fail_msg("expected -ESTALE \"%s\", got %d \"%s\"", words, r,
                 err.message);
}

static void test_binding(void **state)
{
    static const char *const fewer[] = {"site:a /srv/a"};
    static const char *const moved[] = {"site:a /srv/a", "site:b /srv/c"};
    static const char *const twice[] = {"site:a /srv/a", "site:a /srv/a"};
    struct world *w = *state;
    struct hb_proof_binding good = w->now;

    w->now.version = "0.1.1";
    stale(w, "version 0.1.0");
    w->now = good;
    w->now.config[31] ^= 1;
    stale(w, "configuration changed");
    w->now = good;
    w->now.casebook[0] ^= 1;
    stale(w, "case book changed");
    w->now = good;
    w->now.assets = fewer;
    w->now.assets_n = 1;
    stale(w, "other assets");
    w->now.assets = moved;
    w->now.assets_n = 2;
    stale(w, "other assets");
    w->now.assets = twice;
    stale(w, "other assets");
    w->now = good;
    w->now.number = 3;
    stale(w, "another case");
    w->now = good;
    w->now.kind = HB_PROOF_CANARY;
    stale(w, "another case or kind");
    w->now = good;
    w->now.max_age = 86400 * HB_S - 1;
    stale(w, "too old");
    w->now = good;
    w->now.now = NOW - 2 * DAY;
    stale(w, "future");
}

static void test_passed(void **state)
{
    struct world *w = *state;
    unsigned not_yet;

    assert_true(hb_proof_passed(&w->proof, &not_yet));
    assert_int_equal(not_yet, 0);
    w->parts[1].state = HB_PART_NOT_YET;
    assert_true(hb_proof_passed(&w->proof, &not_yet));
    assert_int_equal(not_yet, 1);
    w->parts[0].state = HB_PART_NOT_YET;
    assert_false(hb_proof_passed(&w->proof, &not_yet));
    w->parts[0].state = HB_PART_FAILED;
    w->parts[1].state = HB_PART_PASSED;
    assert_false(hb_proof_passed(&w->proof, &not_yet));
}

static void test_not_whole(void **state)
{
    struct world *w = *state;
    struct hb_buf b = HB_BUF_INIT;
    struct hb_proof p = w->proof;

    p.parts_n = 0;
    assert_int_equal(hb_proof_encode(&b, &p), -EINVAL);
    p = w->proof;
    p.run[0] = 'x';
    assert_int_equal(hb_proof_encode(&b, &p), -EINVAL);
    p = w->proof;
    p.at = 0;
    assert_int_equal(hb_proof_encode(&b, &p), -EINVAL);
    p = w->proof;
    p.assets_n = HB_PROOF_MAX_ASSETS + 1;
    assert_int_equal(hb_proof_encode(&b, &p), -EFBIG);
    hb_buf_done(&b);
}

static void put(const char *dir, const char *name, const char *text)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(hb_file_write(path, text, strlen(text), 0600), 0);
}

/* The newest run decides, also where it failed; strangers' files do not. */
static void test_folder(void **state)
{
    struct world *w = *state;
    struct hb_proof_seen seen;
    struct hb_err why = {0};
    char top[] = "/tmp/hb-proof-XXXXXX", dir[64], name[64], json[512];

    assert_non_null(mkdtemp(top));
    (void)snprintf(dir, sizeof(dir), "%s/proofs", top);
    assert_int_equal(hb_proof_newest(dir, w->pub, &w->now, &seen, NULL), 0);
    assert_false(seen.passed);
    assert_int_equal(hb_proof_save(dir, &w->proof, w->key, NULL), 0);
    assert_int_equal(hb_proof_newest(dir, w->pub, &w->now, &seen, &why), 0);
    assert_true(seen.passed);
    assert_int_equal(why.code, 0);

    /* By hand, with a newer name and no signature, then a made-up one. */
    hb_id_new(w->proof.run);
    (void)snprintf(name, sizeof(name), "%s.json", w->proof.run);
    (void)snprintf(json, sizeof(json), "{\"passed\":true}");
    put(dir, name, json);
    put(dir, "README", "x");
    assert_int_equal(hb_proof_newest(dir, w->pub, &w->now, &seen, &why), 0);
    assert_true(seen.passed);
    assert_non_null(strstr(why.message, "no signature"));
    (void)snprintf(name, sizeof(name), "%s.sig", w->proof.run);
    put(dir, name,
        "0123456789012345678901234567890123456789012345678901234567890123");
    why = (struct hb_err){0};
    assert_int_equal(hb_proof_newest(dir, w->pub, &w->now, &seen, &why), 0);
    assert_true(seen.passed);
    assert_non_null(strstr(why.message, "by hand"));

    /* A later run of the same case that failed. */
    hb_id_new(w->proof.run);
    w->parts[0].state = HB_PART_FAILED;
    assert_int_equal(hb_proof_save(dir, &w->proof, w->key, NULL), 0);
    assert_int_equal(hb_proof_newest(dir, w->pub, &w->now, &seen, NULL), 0);
    assert_false(seen.passed);
    assert_int_equal(hb_rmtree(AT_FDCWD, top), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_good),          TEST(test_edited),  TEST(test_other_signer),
        TEST(test_not_canonical), TEST(test_binding), TEST(test_passed),
        TEST(test_not_whole),     TEST(test_folder),
    };
    return hb_tap_run("casebook/proof", tests);
}
