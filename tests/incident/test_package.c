/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_package.c - packages of evidence for a stranger: of one incident with
 * the others sealed, of all, and of a log that version 1 began.
 *
 *     test-incident-package make DIR
 * writes stores, packages and anchors below DIR for the box test, which
 * checks them with sha256sum and openssl.
 */
#include "evidence_box.h"
#include "no_openat2.h"

static void make_package(const char *to, char *anchor, size_t size)
{
    struct hb_evidence *e = open_with(key);
    struct hb_err err = {0};

    (void)add(e, 5, "/w/index.html\n{\"prev\":\"x\x7f証拠\t\\",
              "<h1>owned</h1>");
    (void)add(e, 6, "/w/other", "of another incident");
    checkpoint(e, anchor, size);
    (void)add(e, 5, "/w/sh\xff.php", "<?php system($_GET[0]);");
    (void)add(e, 5, ",\"sha256\":\"0\"", "<h1>owned</h1>");
    if (export_to(e, 5, to, "person:sato", &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(export_to(e, 5, to, "person:sato", NULL), -EEXIST);
    hb_evidence_close(e);
}

static void test_export(void **state)
{
    static const char *const parts[] = {
        "log",          "SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.signed",
        "evidence.pub", "README.txt", "VERIFY.sh",      "ITEMS.txt"};
    char anchor[512], path[600];
    struct hb_evidence_report r;
    struct hb_evidence *e;
    struct hb_err err = {0};
    struct seen s = {0};
    char place[128];

    make_package(in("package"), anchor, sizeof(anchor));
    for (size_t i = 0; i < HB_ARRAY_LEN(parts); i++) {
        (void)snprintf(path, sizeof(path), "%s/package/%s", dir, parts[i]);
        if (access(path, F_OK) < 0)
            fail_msg("%s is missing", path);
    }
    r = verify(pub, anchor);
    assert_true(hb_evidence_report_good(&r));
    assert_int_equal(r.checkpoints, 2);
    e = open_with(key);
    assert_int_equal(hb_evidence_each(e, 5, see, &s), 0);
    assert_int_equal(s.n, 4);
    assert_string_equal(s.names[3], in("package"));
    /* Of the other incident nothing is handed over. */
    s = (struct seen){0};
    assert_int_equal(hb_evidence_each(e, 6, see, &s), 0);
    (void)snprintf(path, sizeof(path), "%s/package/files/%s", dir, s.sha256[0]);
    assert_int_equal(access(path, F_OK), -1);
    /* What is not what it was is not handed over either. */
    content_of(s.sha256[0], place, sizeof(place));
    spit(place, "forged", 6);
    assert_int_equal(export_to(e, 6, in("second"), "person:sato", &err),
                     -EUCLEAN);
    assert_non_null(strstr(err.message, "2"));
    assert_int_equal(access(in("second"), F_OK), -1);
    /* And the log does not say that it was. */
    s = (struct seen){0};
    assert_int_equal(hb_evidence_each(e, 6, see, &s), 0);
    assert_int_equal(s.n, 3);
    assert_string_equal(s.names[1], in("second"));
    assert_non_null(strstr(s.sources[1], "begun"));
    assert_string_equal(s.names[2], in("second"));
    assert_non_null(strstr(s.sources[2], "failed"));
    hb_evidence_close(e);
}

/* What stands in the file package NAME, to be freed. */
static char *packed(const char *package, const char *name)
{
    char path[600];
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text = {0};
    char *z;

    (void)snprintf(path, sizeof(path), "%s/%s/%s", dir, package, name);
    assert_int_equal(hb_file_read(a, path, 1u << 20, &text), 0);
    z = strndup(text.p, text.n);
    assert_non_null(z);
    hb_arena_free(a);
    return z;
}

static struct hb_evidence_report verify_package(const char *package,
                                                const char *anchor)
{
    struct hb_evidence_report r = {0};
    struct hb_err err = {0};

    if (hb_evidence_verify(in(package), HB_EVIDENCE_ANY, pub,
                           hb_slice_z(anchor), &r, &err) < 0)
        fail_msg("%s", err.message);
    assert_true(r.package);
    return r;
}

/* Whose evidence was tampered with is the stranger's business, too. */
static void test_tampering_is_told(void **state)
{
    struct hb_evidence_report r = {0};
    char anchor[512], place[128], *log;
    struct hb_evidence *e = open_with(key);
    struct seen s = {0};
    size_t n;

    (void)add(e, 5, "/w/index.html", "five");
    (void)add(e, 6, "/w/other", "six");
    assert_int_equal(hb_evidence_each(e, 6, see, &s), 0);
    content_of(s.sha256[0], place, sizeof(place));
    spit(place, "forged", 6);
    (void)add(e, 6, "/w/other", "six");
    checkpoint(e, anchor, sizeof(anchor));
    hb_evidence_close(e);
    log = slurp("log", &n);
    log = realloc(log, n + 8);
    assert_non_null(log);
    memcpy(log + n, "v2 6 t", 6);
    spit("log", log, n + 6);
    free(log);
    e = open_with(key);
    if (export_to(e, 5, in("package"), "person:sato", NULL) < 0)
        fail_msg("%s", "no package");
    hb_evidence_close(e);
    log = packed("package", "log");
    assert_non_null(strstr(log, "set aside"));
    assert_non_null(strstr(log, "were not whole"));
    assert_null(strstr(log, "/w/other"));
    free(log);
    log = packed("package", "ITEMS.txt");
    assert_non_null(strstr(log, "set aside"));
    assert_non_null(strstr(log, "log.torn-1"));
    assert_null(strstr(log, "/w/other"));
    free(log);
    r = verify_package("package", anchor);
    assert_true(hb_evidence_report_good(&r));
    assert_int_equal(r.sealed, 2);
}

/* The package of one incident: whole as a chain, and nothing of another. */
static void test_package_of_one(void **state)
{
    char anchor[512], *log, *store, *p, *q;
    struct hb_evidence_report r;
    size_t n, whole;

    make_package(in("package"), anchor, sizeof(anchor));
    log = packed("package", "log");
    assert_null(strstr(log, "/w/other"));
    assert_non_null(strstr(log, "/w/index.html"));
    r = verify_package("package", anchor);
    assert_true(hb_evidence_report_good(&r));
    assert_int_equal(r.lines, 7);
    assert_int_equal(r.sealed, 1);
    assert_int_equal(r.checkpoints, 2);
    assert_int_equal(r.anchors_held, 1);
    /* What the store has for that line begins as the sealed one and fits. */
    store = slurp("log", &n);
    p = nth(store, 2, &whole);
    q = nth(log, 2, &n);
    assert_true(n < whole);
    assert_memory_equal(p, q, n - 1);
    assert_null(memchr(q, '{', n));
    free(store);
    /* Without the salt nobody can try guesses; with it they can. */
    assert_int_equal(n, strlen("v2 2 ") + 64 + 1 + 64 + 1);
    free(log);
}

static void test_package_changed(void **state)
{
    static const char *const parts[] = {"log", "ITEMS.txt", "SHA256SUMS",
                                        "SHA256SUMS.sig", "README.txt"};
    char anchor[512];
    struct hb_evidence_report r;

    make_package(in("package"), anchor, sizeof(anchor));
    for (size_t i = 0; i < HB_ARRAY_LEN(parts); i++) {
        char path[600], byte;
        int fd;

        (void)snprintf(path, sizeof(path), "%s/package/%s", dir, parts[i]);
        fd = open(path, O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(pread(fd, &byte, 1, 40), 1);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, 40), 1);
        r = verify_package("package", anchor);
        assert_true(r.sums > 0);
        assert_false(hb_evidence_report_good(&r));
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, 40), 1);
        (void)close(fd);
    }
    r = verify_package("package", anchor);
    assert_true(hb_evidence_report_good(&r));
    assert_int_equal(hb_rmtree(AT_FDCWD, in("package/files")), 0);
    assert_int_equal(mkdir(in("package/files"), 0700), 0);
    r = verify_package("package", anchor);
    assert_int_equal(r.missing, 3);
    assert_int_equal(r.sums, 2);
}

static void test_whole_package(void **state)
{
    char anchor[512], *log;
    struct hb_evidence_report r;
    struct hb_evidence *e;
    struct hb_err err = {0};

    make_package(in("package"), anchor, sizeof(anchor));
    e = open_with(key);
    if (export_to(e, 0, in("whole"), "person:sato", &err) < 0)
        fail_msg("%s", err.message);
    hb_evidence_close(e);
    log = packed("whole", "log");
    assert_non_null(strstr(log, "/w/other"));
    free(log);
    r = verify_package("whole", anchor);
    assert_true(hb_evidence_report_good(&r));
    assert_int_equal(r.sealed, 0);
    assert_int_equal(r.lines, 9);
}

/* In the store itself nothing may be left out, though the chain would hold. */
static void test_sealed_in_the_store(void **state)
{
    char anchor[512], *log, *at, cut[4096];
    struct hb_evidence_report r;
    size_t n, len;
    char *blank;

    fill_store(anchor, sizeof(anchor));
    log = slurp("log", &n);
    at = nth(log, 2, &len);
    blank = at;
    for (int i = 0; i < 4; i++)
        blank = strchr(blank + 1, ' ');
    memcpy(cut, log, (size_t)(blank - log));
    memcpy(cut + (blank - log), at + len - 1, n - (size_t)(at + len - 1 - log));
    spit("log", cut, n - (size_t)(at + len - 1 - blank));
    r = verify(pub, anchor);
    assert_int_equal(r.bad_line, 2);
    assert_int_equal(r.anchors_held, 1);
    assert_false(hb_evidence_report_good(&r));
    free(log);
}

/* ---- logs of version 1 ---- */

struct old {
    char text[8192];
    uint8_t digest[HB_SHA256_SIZE];
    int number;
};

/* As version 1 wrote lines, in characters of its own. */
static void old_line(struct old *o, const char *head, const char *tail)
{
    char prev[65], line[1024];

    hb_hex(o->digest, sizeof(o->digest), prev);
    (void)snprintf(line, sizeof(line),
                   "{%s\"number\":%d,\"prev\":\"%s\",%s"
                   "\"time\":\"2026-11-2%dT01:02:03.000000004Z\"}\n",
                   head, o->number + 1, prev, tail, o->number % 10);
    hb_sha256(line, strlen(line), o->digest);
    o->number++;
    (void)snprintf(o->text + strlen(o->text), sizeof(o->text) - strlen(o->text),
                   "%s", line);
}

static void old_item(struct old *o, int incident, const char *name,
                     const char *content)
{
    char head[256], tail[256], hex[65], path[600];
    uint8_t digest[HB_SHA256_SIZE];

    hb_sha256(content, strlen(content), digest);
    hb_hex(digest, sizeof(digest), hex);
    (void)snprintf(path, sizeof(path), "%s/store/sha256/%.2s", dir, hex);
    assert_int_equal(hb_mkdirs(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/store/sha256/%.2s/%s", dir, hex,
                   hex + 2);
    assert_int_equal(hb_file_write(path, content, strlen(content), 0400), 0);
    (void)snprintf(head, sizeof(head),
                   "\"incident\":%d,\"kind\":\"file\",\"name\":\"%s\",",
                   incident, name);
    (void)snprintf(tail, sizeof(tail),
                   "\"sha256\":\"%s\",\"size\":%zu,\"source\":\"a test\","
                   "\"taken_by\":\"role:core\",",
                   hex, strlen(content));
    old_line(o, head, tail);
}

/* Signs, and gives the line that left the machine then. */
static void old_checkpoint(struct old *o, char *anchor, size_t size)
{
    char message[256], hex[65], time[64], tail[128];
    uint8_t sig[HB_SIG_SIZE];
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;

    hb_hex(o->digest, sizeof(o->digest), hex);
    (void)snprintf(time, sizeof(time), "2026-11-2%dT01:02:03.000000004Z",
                   o->number % 10);
    (void)snprintf(message, sizeof(message), "%d %s %s\n", o->number, hex,
                   time);
    assert_int_equal(hb_sign(key, "checkpoint", hb_slice_z(message), sig), 0);
    hb_base64_encode(&text, sig, sizeof(sig));
    (void)snprintf(anchor, size, "%d %s %s %s\n", o->number, hex, time,
                   hb_buf_z(&text));
    (void)snprintf(tail, sizeof(tail), "\"sig\":\"%s\",", hb_buf_z(&text));
    old_line(o, "\"kind\":\"checkpoint\",", tail);
}

/* A store of version 1 that a core of now goes on with. */
static void fill_old(char anchors[2][512])
{
    struct old o = {0};
    struct hb_evidence *e;
    char late[512];

    assert_int_equal(hb_mkdirs(in("store/sha256"), 0700), 0);
    old_item(&o, 6, "/w/six-a", "of six");
    old_item(&o, 6, "/w/six-b", "of six, too");
    old_item(&o, 5, "/w/five", "of five");
    old_item(&o, 6, "/w/six-c", "of six");
    old_checkpoint(&o, anchors[0], sizeof(anchors[0]));
    old_item(&o, 6, "/w/six-d", "of six, late");
    spit("log", o.text, strlen(o.text));
    e = open_with(key);
    (void)add(e, 6, "/w/six-new", "of six, new");
    (void)add(e, 5, "/w/five-new", "of five, new");
    checkpoint(e, anchors[1], sizeof(anchors[1]));
    (void)add(e, 6, "/w/six-last", "of six");
    checkpoint(e, late, sizeof(late));
    hb_evidence_close(e);
}

static void test_old_log(void **state)
{
    char anchors[2][512];
    struct hb_evidence_report r;
    struct hb_evidence *e;
    struct seen s = {0};
    size_t n, len;
    char *log, *at;

    fill_old(anchors);
    for (int i = 0; i < 2; i++) {
        r = verify(pub, anchors[i]);
        if (r.bad_line != 0)
            fail_msg("line %d: %s", (int)r.bad_line, r.bad_why);
        assert_true(hb_evidence_report_good(&r));
        assert_int_equal(r.anchors_held, 1);
        assert_int_equal(r.lines, 11);
        assert_int_equal(r.checkpoints, 3);
    }
    e = open_with(key);
    assert_int_equal(hb_evidence_each(e, 5, see, &s), 0);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.names[0], "/w/five");
    hb_evidence_close(e);
    /* A changed byte of an old line, and of the first new one. */
    log = slurp("log", &n);
    for (int line = 1; line <= 7; line++) {
        at = nth(log, line, &len);
        at[len / 2] ^= 1;
        spit("log", log, n);
        assert_true(verify(pub, NULL).bad_line > 0);
        at[len / 2] ^= 1;
    }
    free(log);
}

static void test_old_log_in_a_package(void **state)
{
    char anchors[2][512], *log;
    struct hb_evidence_report r;
    struct hb_evidence *e;
    struct hb_err err = {0};

    fill_old(anchors);
    e = open_with(key);
    if (export_to(e, 5, in("package"), "person:sato", &err) < 0 ||
        export_to(e, 0, in("whole"), "person:sato", &err) < 0)
        fail_msg("%s", err.message);
    hb_evidence_close(e);
    log = packed("package", "log");
    assert_null(strstr(log, "six"));
    assert_int_equal(strncmp(log, "gap 1 2 ", 8), 0);
    assert_non_null(strstr(log, "\ngap 4 4 "));
    assert_non_null(strstr(log, "\ngap 6 6 "));
    for (int i = 0; i < 2; i++) {
        r = verify_package("package", anchors[i]);
        if (r.bad_line != 0)
            fail_msg("line %d: %s", (int)r.bad_line, r.bad_why);
        /* Line 3 stands before a gap: nothing behind names it. */
        assert_false(hb_evidence_report_changed(&r));
        assert_false(hb_evidence_report_good(&r));
        assert_int_equal(r.unproven_n, 1);
        assert_int_equal(r.unproven[0].first, 3);
        assert_int_equal(r.unproven[0].last, 3);
        /* Behind lines 4 and 6 stand one of version 1 and one of 2. */
        assert_int_equal(r.gap.first, 6);
        assert_int_equal(r.gap.last, 6);
        assert_int_equal(r.newer.first, i == 0 ? 8 : 12);
        assert_int_equal(r.newer.last, 12);
        assert_int_equal(r.anchors_held, 1);
        assert_int_equal(r.gaps, 4);
        assert_int_equal(r.sealed, 2);
        assert_int_equal(r.lines, 13);
        r = verify_package("whole", anchors[i]);
        assert_true(hb_evidence_report_good(&r));
        assert_int_equal(r.gaps + r.sealed, 0);
        assert_int_equal(r.anchors_held, 1);
    }
    /* Without a checkpoint the signature vouches for all of it alike. */
    r = verify_package("package", "");
    assert_true(hb_evidence_report_good(&r));
    assert_int_equal(r.unproven_n, 1);
    assert_int_equal(r.newer.first, 0);
    free(log);
}

/* A checkpoint from outside proves what stands before it up to a gap, and
 * only that; of many runs the first few are told. */
static void test_unproven(void **state)
{
    char anchors[2][512], text[16384] = "", zeros[65];
    struct hb_evidence_report r;
    struct old o = {0};
    struct hb_evidence *e;
    size_t used = 0;

    fill_old(anchors);
    e = open_with(key);
    assert_int_equal(export_to(e, 5, in("package"), "person:sato", NULL), 0);
    hb_evidence_close(e);
    old_item(&o, 5, "/w/a", "a");
    old_item(&o, 5, "/w/b", "b");
    old_checkpoint(&o, anchors[0], sizeof(anchors[0]));
    used = (size_t)snprintf(text, sizeof(text), "%s", o.text);
    hb_hex(o.digest, sizeof(o.digest), zeros);
    used += (size_t)snprintf(text + used, sizeof(text) - used, "gap 4 5 %s\n",
                             zeros);
    for (int i = 0; i < 9; i++) {
        o.number = 5 + 2 * i;
        o.text[0] = '\0';
        old_line(&o, "\"incident\":5,\"kind\":\"file\",\"name\":\"n\",",
                 "\"source\":\"a\",\"taken_by\":\"role:core\",");
        hb_hex(o.digest, sizeof(o.digest), zeros);
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "%sgap %d %d %s\n", o.text, 7 + 2 * i,
                                 7 + 2 * i, zeros);
    }
    assert_int_equal(hb_file_write(in("package/log"), text, used, 0600), 0);
    r = verify_package("package", anchors[0]);
    assert_int_equal(r.bad_line, 0);
    assert_int_equal(r.anchors_held, 1);
    assert_int_equal(r.unproven_n, 9);
    assert_int_equal(r.unproven[0].first, 6);
    assert_int_equal(r.unproven[7].first, 20);
    r = verify_package("package", "");
    assert_int_equal(r.unproven_n, 10);
    assert_int_equal(r.unproven[0].first, 1);
    assert_int_equal(r.unproven[0].last, 2);
}

/* TEXT as the log of the package that is there. */
static int64_t bad_line_of(const char *text)
{
    char path[600];

    (void)snprintf(path, sizeof(path), "%s/package/log", dir);
    assert_int_equal(hb_file_write(path, text, strlen(text), 0600), 0);
    return verify_package("package", "").bad_line;
}

/* A gap hides nothing but what version 1 left. */
static void test_gaps_that_lie(void **state)
{
    char anchors[2][512], *log, text[16384], *at, hex[65];
    struct hb_evidence *e;
    uint8_t digest[HB_SHA256_SIZE];
    size_t len;

    fill_old(anchors);
    e = open_with(key);
    assert_int_equal(export_to(e, 5, in("package"), "person:sato", NULL), 0);
    hb_evidence_close(e);
    log = packed("package", "log");
    assert_int_equal(bad_line_of(log), 0);
    /* A gap in the place of line 8 (version 2), which is the seventh of the
     * package's. */
    at = nth(log, 7, &len);
    assert_non_null(memmem(at, len, "five-new", 8));
    hb_evid_digest(hb_slice(at, len), digest);
    hb_hex(digest, sizeof(digest), hex);
    (void)snprintf(text, sizeof(text), "%.*sgap 8 8 %s\n%s", (int)(at - log),
                   log, hex, at + len);
    assert_int_equal(bad_line_of(text), 8);
    /* One that counts wrongly, and one whose digest is another. */
    (void)snprintf(text, sizeof(text), "gap 1 3 %s", log + strlen("gap 1 2 "));
    assert_true(bad_line_of(text) > 0);
    (void)snprintf(text, sizeof(text), "gap 2 2 %s", log + strlen("gap 1 2 "));
    assert_true(bad_line_of(text) > 0);
    (void)snprintf(text, sizeof(text), "%s", log);
    text[10] = text[10] == '0' ? '1' : '0';
    assert_true(bad_line_of(text) > 0);
    /* The whole package left out but its end. */
    at = nth(log, 11, &len);
    (void)snprintf(text, sizeof(text), "%s", at);
    assert_int_equal(bad_line_of(text), 1);
    /* Numbers that nobody's log reaches, so that no sum overflows. */
    (void)snprintf(text, sizeof(text), "gap 1 9223372036854775807 %s",
                   log + strlen("gap 1 2 "));
    assert_int_equal(bad_line_of(text), 1);
    (void)snprintf(text, sizeof(text), "gap 1 100000000000 %s",
                   log + strlen("gap 1 2 "));
    assert_int_equal(bad_line_of(text), 1);
    free(log);
}

/* What a stranger would take for evidence, or what was cut, is told. */
static void test_package_odd(void **state)
{
    struct hb_evidence_report r = {0};
    char anchor[512], *log;
    size_t n;

    make_package(in("package"), anchor, sizeof(anchor));
    assert_int_equal(hb_file_write(in("package/files/.x"), "x", 1, 0600), 0);
    r = verify_package("package", anchor);
    assert_int_equal(r.extra, 1);
    assert_true(hb_evidence_report_changed(&r));
    assert_int_equal(unlink(in("package/files/.x")), 0);
    assert_int_equal(mkdir(in("package/files/d"), 0700), 0);
    assert_int_equal(verify_package("package", anchor).extra, 1);
    assert_int_equal(rmdir(in("package/files/d")), 0);
    assert_int_equal(verify_package("package", anchor).extra, 0);
    log = packed("package", "log");
    n = strlen(log);
    assert_int_equal(hb_file_write(in("package/log"), log, n - 1, 0600), 0);
    r = verify_package("package", "");
    assert_int_equal(r.bad_line, 7);
    free(log);
    /* Where the store must be, a package is none. */
    assert_int_equal(hb_evidence_verify(in("package"), HB_EVIDENCE_STORE, pub,
                                        HB_SLICE(""), &r, NULL),
                     -ENOENT);
    assert_int_equal(hb_evidence_verify(in("store"), HB_EVIDENCE_STORE, pub,
                                        HB_SLICE(""), &r, NULL),
                     0);
    assert_false(r.package);
}

/* DIR/store, package, whole; and the same of a log that version 1 began
 * below DIR/old. */
static int make_for_box(const char *where)
{
    char anchor[512], anchors[2][512];
    struct hb_err err = {0};
    struct hb_evidence *e;

    hb_i18n_open();
    (void)hb_copyz(dir, sizeof(dir), where);
    make_package(in("package"), anchor, sizeof(anchor));
    e = open_with(key);
    if (export_to(e, 0, in("whole"), "person:sato", &err) < 0 ||
        hb_file_write(in("anchor"), anchor, strlen(anchor), 0600) < 0 ||
        hb_pub_save(key, in("evidence.pub"), &err) < 0 ||
        hb_key_save(key, in("evidence.key"), NULL, &err) < 0 ||
        mkdir(in("old"), 0700) < 0)
        return 1;
    hb_evidence_close(e);
    (void)snprintf(dir, sizeof(dir), "%.200s/old", where);
    fill_old(anchors);
    e = open_with(key);
    if (export_to(e, 5, in("package"), "person:sato", &err) < 0 ||
        hb_file_write(in("anchor"), anchors[0], strlen(anchors[0]), 0600) < 0)
        return 1;
    hb_evidence_close(e);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(test_export),         WITH_DIR(test_tampering_is_told),
        WITH_DIR(test_package_of_one), WITH_DIR(test_package_changed),
        WITH_DIR(test_whole_package),  WITH_DIR(test_sealed_in_the_store),
        WITH_DIR(test_old_log),        WITH_DIR(test_old_log_in_a_package),
        WITH_DIR(test_unproven),       WITH_DIR(test_gaps_that_lie),
        WITH_DIR(test_package_odd),
    };
    int r;

    /* Core's unit refuses openat2(2). */
    if (keys_for_all() < 0 || !no_openat2())
        return 1;
    r = argc == 3 && hb_streq(argv[1], "make")
            ? make_for_box(argv[2])
            : hb_tap_run("incident/package", tests);
    hb_key_free(key);
    hb_key_free(other_key);
    hb_pub_free(pub);
    hb_pub_free(other_pub);
    return r;
}
