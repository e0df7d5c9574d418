/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy.c - G0-1, reflexes, approvals, never-touch and limits: what is
 * not allowed by a person's signature is not done.
 */
#include <fcntl.h>
#include <stdio.h>

#include "../tap.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"
#include "harness.h"

static void deface(struct world *w)
{
    put(w, "index.html", "0wned");
}

static bool defaced(struct world *w)
{
    char *text = get(w, "index.html");
    bool r = text != NULL && strcmp(text, "0wned") == 0;

    free(text);
    return r;
}

static void test_ask(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    struct hb_request r;

    world_start(w, 0);
    deface(w);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_ASK);
    assert_true(defaced(w));
    assert_int_equal(staged_count(w), 0);
    put(w, "foreign", "x");
    assert_int_equal(remove_path(w, "foreign").status, HB_ACT_ASK);
    req_init(w, &r, HB_ACT_SITE_PRIVATE);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_ASK);
    world_free(w);
}

static void test_reflex_scope(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    struct hb_err err = {0};
    struct hb_reflex x;
    char path[600];

    world_start(w, 0);
    deface(w);
    /* Another action. */
    world_reflex(w, "other", 1u << HB_ACT_FILE_REMOVE, 10, 60);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_ASK);
    /* Another site, not yet, no more. */
    assert_int_equal(hb_reflex_load(w->etc, "other", &x, &err), 0);
    x.actions = 1u << HB_ACT_FILE_RESTORE;
    (void)hb_copyz(x.sites[0], sizeof(x.sites[0]), "www2");
    assert_int_equal(hb_reflex_save(w->etc, &x, w->officer, &err), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_ASK);
    (void)hb_copyz(x.sites[0], sizeof(x.sites[0]), "www");
    x.from = hb_now() + 3600 * (int64_t)HB_S;
    x.until = x.from + 60 * (int64_t)HB_S;
    assert_int_equal(hb_reflex_save(w->etc, &x, w->officer, &err), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_ASK);
    x.from = hb_now() - 3600 * (int64_t)HB_S;
    x.until = x.from + 60 * (int64_t)HB_S;
    assert_int_equal(hb_reflex_save(w->etc, &x, w->officer, &err), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_ASK);
    /* By the deputy, who cannot give reflexes. */
    x.until = hb_now() + 3600 * (int64_t)HB_S;
    (void)hb_copyz(x.by, sizeof(x.by), "jiro");
    assert_int_equal(hb_reflex_save(w->etc, &x, w->deputy, &err), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_ASK);
    /* In the officer's name, with another's key. */
    (void)hb_copyz(x.by, sizeof(x.by), "hanako");
    assert_int_equal(hb_reflex_save(w->etc, &x, w->deputy, &err), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_ASK);
    /* Right at last, then edited by hand. */
    assert_int_equal(hb_reflex_save(w->etc, &x, w->officer, &err), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    (void)snprintf(path, sizeof(path), "%s/reflexes/other.json", w->etc);
    {
        struct hb_arena *a = hb_arena_new(0);
        struct hb_slice s;
        char *edit;

        assert_int_equal(hb_file_read(a, path, 65536, &s), 0);
        edit = hb_arena_dup(a, s.p, s.n);
        memcpy(strstr(edit, "test"), "tEst", 4);
        assert_int_equal(hb_file_write(path, edit, s.n, 0644), 0);
        hb_arena_free(a);
    }
    deface(w);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_ASK);
    /* Under another name. */
    assert_int_equal(hb_reflex_save(w->etc, &x, w->officer, &err), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    deface(w);
    /* Revoked: at once. */
    assert_int_equal(hb_reflex_revoke(w->etc, "other", &err), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_ASK);
    assert_true(defaced(w));
    world_free(w);
}

static void test_reflex_rate(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    struct hb_reply rep;

    world_reflex(w, "slow", 1u << HB_ACT_FILE_RESTORE, 3, 3600);
    world_start(w, 0);
    for (int i = 0; i < 3; i++) {
        deface(w);
        assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    }
    deface(w);
    rep = restore(w, "index.html");
    assert_int_equal(rep.status, HB_ACT_LIMITED);
    assert_true(rep.arg > 0 && rep.arg <= 1200 * 1000 + 1);
    assert_true(defaced(w));
    world_free(w);
}

static void test_requester_rate(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    unsigned done = 0, limited = 0;

    w->config.limits.helper_per_second = 1;
    w->config.limits.helper_burst = 5;
    world_all_reflexes(w);
    world_start(w, 0);
    for (int i = 0; i < 10; i++) {
        struct hb_reply rep;

        deface(w);
        rep = restore(w, "index.html");
        done += rep.status == HB_ACT_DONE;
        limited += rep.status == HB_ACT_LIMITED;
    }
    assert_true(done >= 5);
    assert_int_equal(done + limited, 10);
    /* A slow machine may have earned tokens meanwhile, not ten. */
    world_free(w);
}

static void test_approval(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    struct hb_request r, again;
    struct hb_err err = {0};
    struct hb_reply rep;

    world_start(w, 0);
    deface(w);
    req_path(w, &r, HB_ACT_FILE_RESTORE, "index.html");
    r.incident = 7;
    r.step = 99;
    req_approve(w, &r, "");
    again = r;
    /* Each thing that it is bound to. */
#define CHANGED(field, value)                                                  \
    do {                                                                       \
        struct hb_request x = r;                                               \
        hb_random_key(&x);                                                     \
        x.field = value;                                                       \
        rep = ask(w, &x, -1, false);                                           \
        assert_int_equal(rep.status, HB_ACT_REFUSED);                          \
        assert_true(defaced(w));                                               \
    } while (0)
#define hb_random_key(x) memset((x)->key, ++w->seq & 0x7f, sizeof((x)->key))
    CHANGED(incident, 8);
    CHANGED(step, 98);
    CHANGED(arg, 1);
    CHANGED(entry, world_entry(w, "empty"));
    CHANGED(flags, HB_ACT_F_PUBLISH);
    CHANGED(action, HB_ACT_PATH_DENY);
    CHANGED(approval_len, r.approval_len - 1);
    CHANGED(approval[0], r.approval[0] ^ 1);
    CHANGED(approval[20], r.approval[20] ^ 1);
    CHANGED(approval[r.approval_len - 1], r.approval[r.approval_len - 1] ^ 1);
    /* As it was signed. */
    rep = ask(w, &r, -1, false);
    assert_int_equal(rep.status, HB_ACT_DONE);
    assert_false(defaced(w));
    /* Once only; the same key asks for the same deed. */
    deface(w);
    rep = ask(w, &again, -1, false);
    assert_int_equal(rep.status, HB_ACT_ALREADY);
    assert_true(defaced(w));
    hb_random_key(&again);
    rep = ask(w, &again, -1, false);
    assert_int_equal(rep.status, HB_ACT_REFUSED);
    assert_int_equal(rep.error, -EALREADY);
    /* Also after a restart. */
    assert_int_equal(world_stop(w), 0);
    world_start(w, 0);
    hb_random_key(&again);
    rep = ask(w, &again, -1, false);
    assert_int_equal(rep.status, HB_ACT_REFUSED);
    assert_int_equal(rep.error, -EALREADY);
    /* Somebody unknown; a known name with another key. */
    req_path(w, &r, HB_ACT_FILE_RESTORE, "index.html");
    assert_int_equal(hb_approval_attach(&r, hb_slice_z(""), "nobody", w->deputy,
                                        hb_now() + (int64_t)HB_S * 60, &err),
                     0);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_REFUSED);
    assert_int_equal(hb_approval_attach(&r, hb_slice_z(""), "hanako", w->deputy,
                                        hb_now() + (int64_t)HB_S * 60, &err),
                     0);
    rep = ask(w, &r, -1, false);
    assert_int_equal(rep.status, HB_ACT_REFUSED);
    assert_int_equal(rep.error, -EKEYREJECTED);
    /* Too late. */
    assert_int_equal(hb_approval_attach(&r, hb_slice_z(""), "jiro", w->deputy,
                                        hb_now() + 30 * (int64_t)HB_MS, &err),
                     0);
    (void)usleep(60000);
    rep = ask(w, &r, -1, false);
    assert_int_equal(rep.status, HB_ACT_REFUSED);
    assert_int_equal(rep.error, -EKEYEXPIRED);
    assert_true(defaced(w));
    world_free(w);
}

static void test_approval_object(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    struct hb_request r;
    char path[600];
    int one, two;

    world_start(w, 0);
    put(w, "shell.php", "x");
    put(w, "other.php", "x");
    at(w, "shell.php", path);
    one = open(path, O_PATH | O_CLOEXEC);
    at(w, "other.php", path);
    two = open(path, O_PATH | O_CLOEXEC);
    req_init(w, &r, HB_ACT_FILE_REMOVE);
    req_approve(w, &r, "shell.php");
    /* The person saw one file; another one rides along. */
    assert_int_equal(ask(w, &r, two, false).status, HB_ACT_REFUSED);
    assert_int_equal(ask(w, &r, one, false).status, HB_ACT_DONE);
    (void)close(one);
    (void)close(two);
    world_free(w);
}

static void test_never_touch(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    char path[600], text[1024];
    struct hb_reply rep;

    world_all_reflexes(w);
    (void)snprintf(path, sizeof(path), "%s/never-touch", w->etc);
    (void)snprintf(text, sizeof(text), "# kept by hand\n%s/css\n%s/keep/this\n",
                   w->www, w->www);
    assert_int_equal(hb_file_write(path, text, strlen(text), 0644), 0);
    world_start(w, 0);
    put(w, "css/site.css", "mine");
    rep = restore(w, "css/site.css");
    assert_int_equal(rep.status, HB_ACT_REFUSED);
    assert_int_equal(rep.error, -EPERM);
    put(w, "keep/this", "x");
    put(w, "keep/that", "x");
    assert_int_equal(remove_path(w, "keep/this").status, HB_ACT_REFUSED);
    /* Not with all that is in it either. */
    assert_int_equal(remove_path(w, "keep").status, HB_ACT_REFUSED);
    assert_int_equal(remove_path(w, "keep/that").status, HB_ACT_DONE);
    /* A list that cannot be read allows nothing. */
    assert_int_equal(hb_file_write(path, "css\n", 4, 0644), 0);
    deface(w);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_REFUSED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    world_free(w);
}

static void test_baseline_number(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    struct hb_request r;
    struct hb_reply rep;
    char path[600];

    world_all_reflexes(w);
    world_start(w, 0);
    put(w, "index.html", "release 2\n");
    world_publish(w);
    /* The new one is found by itself; the old one counts no more. */
    deface(w);
    req_path(w, &r, HB_ACT_FILE_RESTORE, "index.html");
    r.baseline = w->number - 1;
    rep = ask(w, &r, -1, true);
    assert_int_equal(rep.status, HB_ACT_REFUSED);
    assert_int_equal(rep.error, -ESTALE);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    /* `current` turned back: a rollback, refused, also after a restart. */
    (void)snprintf(path, sizeof(path), "%s/www/current", w->baseline);
    assert_int_equal(hb_file_write(path, "1\n", 2, 0644), 0);
    deface(w);
    req_init(w, &r, HB_ACT_FILE_RESTORE);
    r.baseline = 1;
    r.entry = 1;
    assert_int_equal(ask(w, &r, -1, true).status, HB_ACT_REFUSED);
    assert_int_equal(world_stop(w), 0);
    world_start(w, 0);
    req_init(w, &r, HB_ACT_FILE_RESTORE);
    r.baseline = 1;
    r.entry = 1;
    assert_int_equal(ask(w, &r, -1, true).status, HB_ACT_REFUSED);
    assert_true(defaced(w));
    world_free(w);
}

/* Publishing needs no reflex, and no evidence, but only from what was signed
 * to what is signed. */
static void test_publish(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    struct hb_request r;
    struct hb_reply rep;
    char path[600];

    world_start(w, 0);
    put(w, "index.html", "release 2\n");
    put(w, "new.html", "new\n");
    at(w, "empty", path);
    assert_int_equal(unlink(path), 0);
    world_publish(w);
    /* As if the release had been made elsewhere. */
    put(w, "index.html", "<h1>Hinoban</h1>\n");
    put(w, "empty", "");
    at(w, "new.html", path);
    assert_int_equal(unlink(path), 0);
    req_path(w, &r, HB_ACT_FILE_RESTORE, "index.html");
    r.flags = HB_ACT_F_PUBLISH;
    rep = ask(w, &r, -1, true);
    assert_int_equal(rep.status, HB_ACT_DONE);
    assert_int_equal(rep.staged, 0);
    req_path(w, &r, HB_ACT_FILE_RESTORE, "new.html");
    r.flags = HB_ACT_F_PUBLISH;
    assert_int_equal(ask(w, &r, -1, true).status, HB_ACT_DONE);
    {
        int fd;

        at(w, "empty", path);
        fd = open(path, O_PATH | O_CLOEXEC);
        req_init(w, &r, HB_ACT_FILE_REMOVE);
        r.baseline = w->number;
        assert_int_equal(ask(w, &r, fd, true).status, HB_ACT_ASK);
        req_init(w, &r, HB_ACT_FILE_REMOVE);
        r.baseline = w->number;
        r.flags = HB_ACT_F_PUBLISH;
        rep = ask(w, &r, fd, true);
        (void)close(fd);
    }
    assert_int_equal(rep.status, HB_ACT_DONE);
    assert_int_equal(staged_count(w), 0);
    assert_true(world_is_clean(w));
    /* Defaced meanwhile: the flag covers nothing. */
    deface(w);
    req_path(w, &r, HB_ACT_FILE_RESTORE, "index.html");
    r.flags = HB_ACT_F_PUBLISH;
    assert_int_equal(ask(w, &r, -1, true).status, HB_ACT_ASK);
    world_all_reflexes(w);
    req_path(w, &r, HB_ACT_FILE_RESTORE, "index.html");
    r.flags = HB_ACT_F_PUBLISH;
    rep = ask(w, &r, -1, true);
    assert_int_equal(rep.status, HB_ACT_DONE);
    assert_int_equal(rep.staged, 1); /* and the evidence stays */
    world_free(w);
}

static void test_dry_run(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    struct hb_request r;
    struct hb_reply rep;

    world_all_reflexes(w);
    world_start(w, 0);
    deface(w);
    req_path(w, &r, HB_ACT_FILE_RESTORE, "index.html");
    r.flags = HB_ACT_F_DRY_RUN;
    rep = ask(w, &r, -1, false);
    assert_int_equal(rep.status, HB_ACT_DONE);
    assert_true(rep.arg != 0);
    assert_true(defaced(w));
    r.flags = 0;
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_false(defaced(w));
    world_free(w);
}

static void test_formats(void **state)
{
    struct hb_request r = {.action = HB_ACT_FILE_RESTORE, .site = 1};
    struct hb_approval a;
    struct hb_key *key;
    struct hb_pub *pub;
    struct hb_err err = {0};
    struct hb_reflex x;
    uint8_t buf[HB_ACT_APPROVAL_MAX];
    int n;

    assert_int_equal(hb_key_generate(&key), 0);
    assert_int_equal(hb_key_pub(key, &pub), 0);
    n = hb_approval_make(&r, hb_slice_z("x"), "hanako", key,
                         hb_now() + 60 * (int64_t)HB_S, buf, &err);
    assert_true(n > 0);
    assert_int_equal(hb_approval_parse(&a, buf, (size_t)n), 0);
    assert_int_equal(
        hb_approval_check(&a, buf, &r, hb_slice_z("x"), pub, hb_now()), 0);
    assert_int_equal(
        hb_approval_check(&a, buf, &r, hb_slice_z("y"), pub, hb_now()), -EPERM);
    assert_int_equal(
        hb_approval_check(&a, buf, &r, hb_slice_z("x"), pub, a.expires),
        -EKEYEXPIRED);
    assert_int_equal(hb_approval_check(&a, buf, &r, hb_slice_z("x"), pub,
                                       a.issued - 3600 * (int64_t)HB_S),
                     -EPROTO);
    /* Every single byte matters. */
    for (int i = 0; i < n; i++) {
        buf[i] ^= 0x20;
        if (hb_approval_parse(&a, buf, (size_t)n) == 0)
            assert_true(hb_approval_check(&a, buf, &r, hb_slice_z("x"), pub,
                                          hb_now()) < 0);
        buf[i] ^= 0x20;
        assert_int_equal(hb_approval_parse(&a, buf, (size_t)i), -EBADMSG);
    }
    assert_true(hb_approval_make(&r, hb_slice_z(""), "hanako", key,
                                 hb_now() - 1, buf, NULL) < 0);
    assert_true(hb_approval_make(&r, hb_slice_z(""), "hanako", key,
                                 hb_now() + 2 * HB_APPROVAL_LIFETIME, buf,
                                 NULL) < 0);
    assert_true(hb_approval_make(&r, hb_slice_z(""), "../root", key,
                                 hb_now() + (int64_t)HB_S, buf, NULL) < 0);
    hb_key_free(key);
    hb_pub_free(pub);
#define REFLEX(actions, sites, rate)                                           \
    "{\"version\":1,\"id\":\"a\",\"by\":\"b\",\"actions\":" actions            \
    ",\"sites\":" sites ",\"from\":\"2026-01-01T00:00:00Z\","                  \
    "\"until\":\"2026-06-01T00:00:00Z\",\"rate\":" rate                        \
    ",\"within\":60,\"reason\":\"\"}"
    assert_int_equal(
        hb_reflex_parse(
            hb_slice_z(REFLEX("[\"file.restore\"]", "[\"*\"]", "5")), &x, &err),
        0);
    assert_true(x.all_sites);
    static const char *const bad[] = {
        "", "{}", REFLEX("[]", "[\"*\"]", "5"),
        REFLEX("[\"file.restore\"]", "[]", "5"),
        REFLEX("[\"file.restore\"]", "[\"*\",\"www\"]", "5"),
        REFLEX("[\"file.restore\"]", "[\"*\"]", "0"),
        REFLEX("[\"rm\"]", "[\"*\"]", "5"),
        /* An undo always needs a person. */
        REFLEX("[\"undo\"]", "[\"*\"]", "5"),
        REFLEX("[\"staged.drop\"]", "[\"*\"]", "5")};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_true(hb_reflex_parse(hb_slice_z(bad[i]), &x, NULL) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_formats),
                                       cmocka_unit_test(test_ask),
                                       cmocka_unit_test(test_reflex_scope),
                                       cmocka_unit_test(test_reflex_rate),
                                       cmocka_unit_test(test_requester_rate),
                                       cmocka_unit_test(test_approval),
                                       cmocka_unit_test(test_approval_object),
                                       cmocka_unit_test(test_never_touch),
                                       cmocka_unit_test(test_baseline_number),
                                       cmocka_unit_test(test_publish),
                                       cmocka_unit_test(test_dry_run)};

    return hb_tap_run("respond/policy", tests);
}
