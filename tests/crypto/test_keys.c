/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_keys.c - Ed25519 against RFC 8032's own vectors and against the
 * `openssl` program; key files, passphrases, modes and domains.
 */
#include "crypto/crypto.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/num.h"
#include "base/run.h"
#include "tap.h"

static char dir[64];

/* RFC 8032, 7.1: secret key, public key, message, signature. */
static const struct {
    const char *secret, *public, *msg, *sig;
} rfc[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb882159"
     "0a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43"
     "e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538"
     "d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void path(char *buf, const char *name)
{
    (void)snprintf(buf, 128, "%s/%s", dir, name);
}

static void from_hex(const char *hex, uint8_t *out, size_t n)
{
    assert_int_equal(hb_unhex(hb_slice_z(hex), out, n), 0);
}

/* RFC's vectors have no domain, so the check goes below hb_sign: our reader
 * of key files loads the RFC's secret, and the raw signature agrees. */
static void test_rfc8032(void **state)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(rfc); i++) {
        uint8_t secret[32], pub[32], sig[64], msg[2], got[64];
        size_t n = strlen(rfc[i].msg) / 2, len = sizeof(got);
        char p[128], ps[32];
        struct hb_key *k;
        struct hb_pub *u;
        EVP_PKEY *raw;
        EVP_MD_CTX *ctx;
        FILE *f;

        from_hex(rfc[i].secret, secret, 32);
        from_hex(rfc[i].public, pub, 32);
        from_hex(rfc[i].sig, sig, 64);
        from_hex(rfc[i].msg, msg, n);
        raw = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, 32);
        assert_non_null(raw);
        ctx = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, raw), 1);
        assert_int_equal(EVP_DigestSign(ctx, got, &len, msg, n), 1);
        assert_memory_equal(got, sig, 64);
        EVP_MD_CTX_free(ctx);

        (void)snprintf(ps, sizeof(ps), "rfc%zu.key", i);
        path(p, ps);
        f = fopen(p, "w");
        assert_non_null(f);
        assert_int_equal(fchmod(fileno(f), 0600), 0);
        assert_int_equal(
            PEM_write_PKCS8PrivateKey(f, raw, NULL, NULL, 0, NULL, NULL), 1);
        assert_int_equal(fclose(f), 0);
        EVP_PKEY_free(raw);
        assert_int_equal(hb_key_load(p, NULL, &k, NULL), 0);
        assert_int_equal(hb_key_pub(k, &u), 0);
        assert_int_equal(hb_pub_raw(u, got), 0);
        assert_memory_equal(got, pub, 32);
        /* The domain's bytes are part of it: the RFC's own signature over
         * the bare message is none of ours. */
        assert_int_equal(
            hb_verify(u, "baseline", hb_slice((char *)msg, n), sig), -EBADMSG);
        hb_pub_free(u);
        hb_key_free(k);
    }
}

static void test_sign_verify(void **state)
{
    struct hb_slice msg = HB_SLICE("the website as it should be\n");
    struct hb_key *k, *other;
    struct hb_pub *p, *q;
    uint8_t sig[HB_SIG_SIZE], raw[HB_PUB_SIZE];
    char id[17];

    assert_int_equal(hb_key_generate(&k), 0);
    assert_int_equal(hb_key_generate(&other), 0);
    assert_int_equal(hb_key_pub(k, &p), 0);
    assert_int_equal(hb_sign(k, "baseline", msg, sig), 0);
    assert_int_equal(hb_verify(p, "baseline", msg, sig), 0);
    for (size_t i = 0; i < HB_SIG_SIZE * 8; i += 7) {
        sig[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(hb_verify(p, "baseline", msg, sig), -EBADMSG);
        sig[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    assert_int_equal(hb_verify(p, "baseline", hb_slice(msg.p, msg.n - 1), sig),
                     -EBADMSG);
    assert_int_equal(hb_pub_raw(p, raw), 0);
    assert_int_equal(hb_pub_from_raw(raw, &q), 0);
    assert_int_equal(hb_verify(q, "baseline", msg, sig), 0);
    hb_pub_id(q, id);
    assert_int_equal(strlen(id), 16);
    hb_pub_free(q);
    assert_int_equal(hb_key_pub(other, &q), 0);
    assert_int_equal(hb_verify(q, "baseline", msg, sig), -EBADMSG);
    hb_pub_free(q);
    hb_pub_free(p);
    hb_key_free(other);
    hb_key_free(k);
}

/* Over the hex digits, as openssl or any other program signs and checks it;
 * never taken for one of ours with a domain, nor the other way round. */
static void test_sign_hex(void **state)
{
    uint8_t digest[HB_SHA256_SIZE], sig[HB_SIG_SIZE], bare[HB_SIG_SIZE];
    char hex[2 * HB_SHA256_SIZE + 1];
    struct hb_key *k;
    struct hb_pub *p;

    assert_int_equal(hb_key_generate(&k), 0);
    assert_int_equal(hb_key_pub(k, &p), 0);
    hb_sha256("playbook", 8, digest);
    assert_int_equal(hb_sign_hex(k, digest, sig), 0);
    assert_int_equal(hb_verify_hex(p, digest, sig), 0);
    hb_hex(digest, sizeof(digest), hex);
    assert_int_equal(hb_verify(p, "rules", hb_slice_z(hex), sig), -EBADMSG);
    assert_int_equal(hb_sign(k, "rules", hb_slice_z(hex), bare), 0);
    assert_int_equal(hb_verify_hex(p, digest, bare), -EBADMSG);
    sig[5] ^= 1;
    assert_int_equal(hb_verify_hex(p, digest, sig), -EBADMSG);
    sig[5] ^= 1;
    digest[31] ^= 1;
    assert_int_equal(hb_verify_hex(p, digest, sig), -EBADMSG);
    hb_pub_free(p);
    hb_key_free(k);
}

/* RFC 9562, A.4; and the other namespaces as Python's uuid makes them. */
static void test_uuid5(void **state)
{
    uint8_t ns[16];
    char id[HB_UUID_SIZE];

    from_hex("6ba7b8109dad11d180b400c04fd430c8", ns, sizeof(ns));
    assert_int_equal(hb_uuid5(ns, hb_slice_z("www.example.com"), id), 0);
    assert_string_equal(id, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    assert_int_equal(hb_uuid5(ns, hb_slice_z(""), id), 0);
    assert_string_equal(id, "4ebd0208-8328-5d69-8c44-ec50939c0967");
    ns[3]++;
    assert_int_equal(hb_uuid5(ns, hb_slice_z("www.example.com"), id), 0);
    assert_string_equal(id, "b63cdfa4-3df9-568e-97ae-006c5b8fd652");
}

static void test_domains(void **state)
{
    static const char *const good[] = {"baseline", "manifest", "approval",
                                       "reflex", "a-b"};
    static const char *const bad[] = {"",
                                      "Baseline",
                                      "base line",
                                      "a\nb",
                                      "baseline-v1\n",
                                      "x1",
                                      "abcdefghijklmnopqrstuvwxyzabcdefg"};
    struct hb_slice msg = HB_SLICE("{}");
    uint8_t sig[HB_SIG_SIZE] = {0};
    struct hb_key *k;
    struct hb_pub *p;

    assert_int_equal(hb_key_generate(&k), 0);
    assert_int_equal(hb_key_pub(k, &p), 0);
    for (size_t i = 0; i < HB_ARRAY_LEN(good); i++) {
        assert_int_equal(hb_sign(k, good[i], msg, sig), 0);
        for (size_t j = 0; j < HB_ARRAY_LEN(good); j++)
            assert_int_equal(hb_verify(p, good[j], msg, sig),
                             i == j ? 0 : -EBADMSG);
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        assert_int_equal(hb_sign(k, bad[i], msg, sig), -EINVAL);
        assert_int_equal(hb_verify(p, bad[i], msg, sig), -EINVAL);
    }
    hb_pub_free(p);
    hb_key_free(k);
    for (int i = 0; i < HB_KEY_COUNT; i++)
        assert_true(strlen(hb_key_purpose_name((enum hb_key_purpose)i)) > 0);
}

static void test_files(void **state)
{
    struct hb_slice msg = HB_SLICE("x");
    char kp[128], pp[128];
    struct hb_key *k, *again;
    struct hb_pub *p;
    struct hb_err err = {0};
    uint8_t sig[HB_SIG_SIZE];
    struct stat st;

    path(kp, "plain.key");
    path(pp, "plain.pub");
    assert_int_equal(hb_key_generate(&k), 0);
    assert_int_equal(hb_key_save(k, kp, NULL, NULL), 0);
    assert_int_equal(hb_pub_save(k, pp, NULL), 0);
    assert_int_equal(stat(kp, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(pp, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    /* A key is never overwritten. */
    assert_int_equal(hb_key_save(k, kp, NULL, &err), -EEXIST);
    assert_string_equal(err.file, kp);

    assert_int_equal(hb_key_load(kp, NULL, &again, NULL), 0);
    assert_int_equal(hb_pub_load(pp, &p, NULL), 0);
    assert_int_equal(hb_sign(again, "proof", msg, sig), 0);
    assert_int_equal(hb_verify(p, "proof", msg, sig), 0);
    hb_key_free(again);
    hb_pub_free(p);

    /* The wrong kind in the wrong place. */
    assert_int_equal(hb_pub_load(kp, &p, NULL), -EINVAL);
    assert_int_equal(chmod(pp, 0600), 0);
    assert_int_equal(hb_key_load(pp, NULL, &again, NULL), -EINVAL);
    hb_key_free(k);
}

static void test_passphrase(void **state)
{
    char kp[128];
    struct hb_key *k, *again = NULL;
    struct hb_err err = {0};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text;

    path(kp, "sealed.key");
    assert_int_equal(hb_key_generate(&k), 0);
    assert_int_equal(hb_key_save(k, kp, "", &err), -EIO);
    assert_int_equal(hb_key_save(k, kp, "火の用心", NULL), 0);
    assert_int_equal(hb_file_read(a, kp, 4096, &text), 0);
    assert_non_null(strstr(text.p, "BEGIN ENCRYPTED PRIVATE KEY"));
    memset(&err, 0, sizeof(err));
    assert_int_equal(hb_key_load(kp, NULL, &again, &err), -ENOKEY);
    assert_true(err.message[0] != '\0');
    for (int i = 0; i < 3; i++) {
        static const char *const wrong[] = {"火の用心 ", "", "hinoban"};

        memset(&err, 0, sizeof(err));
        assert_int_equal(hb_key_load(kp, wrong[i], &again, &err),
                         -EKEYREJECTED);
        assert_int_equal(err.code, -EKEYREJECTED);
    }
    assert_null(again);
    assert_int_equal(hb_key_load(kp, "火の用心", &again, NULL), 0);
    hb_key_free(again);
    hb_key_free(k);
    hb_arena_free(a);
}

/* What loading PATH gives the account UID. */
static int load_as(uid_t uid, const char *path)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct hb_key *k;

        _exit(setuid(uid) == 0 && hb_key_load(path, NULL, &k, NULL) == 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == 0 ? -1 : 0;
}

static void test_modes(void **state)
{
    static const mode_t bad[] = {0644, 0640, 0604, 0620, 0601};
    char kp[128];
    struct hb_key *k, *again;
    struct hb_err err = {0};

    path(kp, "modes.key");
    assert_int_equal(hb_key_generate(&k), 0);
    assert_int_equal(hb_key_save(k, kp, NULL, NULL), 0);
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        assert_int_equal(chmod(kp, bad[i]), 0);
        memset(&err, 0, sizeof(err));
        assert_int_equal(hb_key_load(kp, NULL, &again, &err), -EPERM);
        assert_string_equal(err.file, kp);
    }
    assert_int_equal(chmod(kp, 0400), 0);
    assert_int_equal(hb_key_load(kp, NULL, &again, NULL), 0);
    hb_key_free(again);
    if (geteuid() == 0) {
        /* root may use a person's key for that person; another account may
         * not, even where the directory lets it through. */
        assert_int_equal(chown(kp, 12345, 12345), 0);
        assert_int_equal(hb_key_load(kp, NULL, &again, NULL), 0);
        hb_key_free(again);
        assert_true(load_as(12346, kp) < 0);
    }
    hb_key_free(k);
}

/* What stands in place of a key: nothing blocks, nothing is believed. */
static void test_hostile_files(void **state)
{
    char kp[128];
    struct hb_key *k;
    struct hb_pub *p;
    char big[20000];

    path(kp, "fifo");
    assert_int_equal(mkfifo(kp, 0600), 0);
    assert_int_equal(hb_key_load(kp, NULL, &k, NULL), -EINVAL);
    assert_true(hb_pub_load(kp, &p, NULL) < 0);
    path(kp, "absent");
    assert_int_equal(hb_key_load(kp, NULL, &k, NULL), -ENOENT);
    assert_int_equal(hb_pub_load(kp, &p, NULL), -ENOENT);
    assert_int_equal(hb_key_load(dir, NULL, &k, NULL), -EINVAL);
    memset(big, 'A', sizeof(big));
    path(kp, "big");
    assert_int_equal(hb_file_write(kp, big, sizeof(big), 0600), 0);
    assert_int_equal(hb_key_load(kp, NULL, &k, NULL), -EINVAL);
    assert_int_equal(hb_pub_load(kp, &p, NULL), -EINVAL);
    path(kp, "empty");
    assert_int_equal(hb_file_write(kp, "", 0, 0600), 0);
    assert_int_equal(hb_key_load(kp, NULL, &k, NULL), -EINVAL);
    assert_int_equal(hb_pub_load(kp, &p, NULL), -EINVAL);
}

static void test_other_algorithm(void **state)
{
    char kp[128], pp[128];
    const char *const gen[] = {"openssl", "genpkey", "-algorithm", "X25519",
                               "-out",    kp,        NULL};
    const char *const pub[] = {"openssl", "pkey", "-in", kp,
                               "-pubout", "-out", pp,    NULL};
    struct hb_run run = {.argv = gen};
    struct hb_key *k;
    struct hb_pub *p;

    path(kp, "x25519.key");
    path(pp, "x25519.pub");
    assert_int_equal(hb_run(&run), 0);
    run.argv = pub;
    assert_int_equal(hb_run(&run), 0);
    assert_int_equal(chmod(kp, 0600), 0);
    assert_int_equal(hb_key_load(kp, NULL, &k, NULL), -EINVAL);
    assert_int_equal(hb_pub_load(pp, &p, NULL), -EINVAL);
}

/* A stranger with nothing but openssl: verifies ours, and we verify theirs,
 * with a key that openssl itself made and sealed. */
static void test_openssl_program(void **state)
{
    char kp[128], pp[128], mp[128], sp[128];
    const char *const verify[] = {"openssl", "pkeyutl",  "-verify", "-pubin",
                                  "-inkey",  pp,         "-rawin",  "-in",
                                  mp,        "-sigfile", sp,        NULL};
    const char *const sign[] = {
        "openssl", "pkeyutl", "-sign", "-inkey", kp, "-passin", "pass:at night",
        "-rawin",  "-in",     mp,      "-out",   sp, NULL};
    const char *const gen[] = {"openssl", "genpkey", "-algorithm",    "ed25519",
                               "-aes256", "-pass",   "pass:at night", "-out",
                               kp,        NULL};
    struct hb_slice msg = HB_SLICE("0123\n");
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_run run = {.argv = gen};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_key *k;
    struct hb_pub *p;
    struct hb_slice theirs;
    uint8_t sig[HB_SIG_SIZE];

    path(kp, "theirs.key");
    path(pp, "theirs.pub");
    path(mp, "message");
    path(sp, "signature");
    assert_int_equal(hb_run(&run), 0);
    assert_int_equal(chmod(kp, 0600), 0);
    assert_int_equal(hb_key_load(kp, "at night", &k, NULL), 0);
    assert_int_equal(hb_key_pub(k, &p), 0);
    assert_int_equal(hb_pub_save(k, pp, NULL), 0);
    hb_sign_message(&b, "checkpoint", msg);
    assert_int_equal(hb_file_write(mp, b.p, b.n, 0644), 0);

    assert_int_equal(hb_sign(k, "checkpoint", msg, sig), 0);
    assert_int_equal(hb_file_write(sp, sig, sizeof(sig), 0644), 0);
    run.argv = verify;
    assert_int_equal(hb_run(&run), 0);
    sig[5] ^= 1;
    assert_int_equal(hb_file_write(sp, sig, sizeof(sig), 0644), 0);
    assert_int_not_equal(hb_run(&run), 0);

    assert_int_equal(unlink(sp), 0);
    run.argv = sign;
    assert_int_equal(hb_run(&run), 0);
    assert_int_equal(hb_file_read(a, sp, 64, &theirs), 0);
    assert_int_equal(theirs.n, HB_SIG_SIZE);
    assert_int_equal(hb_verify(p, "checkpoint", msg, (const uint8_t *)theirs.p),
                     0);
    hb_pub_free(p);
    hb_key_free(k);
    hb_arena_free(a);
}

/* openssl reads the file that we sealed, too. */
static void test_openssl_reads_ours(void **state)
{
    char kp[128];
    const char *const show[] = {"openssl", "pkey",    "-in",
                                kp,        "-passin", "pass:secret words",
                                "-noout",  "-text",   NULL};
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    struct hb_run run = {.argv = show, .out = &out};
    struct hb_key *k;

    path(kp, "ours.key");
    assert_int_equal(hb_key_generate(&k), 0);
    assert_int_equal(hb_key_save(k, kp, "secret words", NULL), 0);
    assert_int_equal(hb_run(&run), 0);
    assert_non_null(strstr(hb_buf_z(&out), "ED25519 Private-Key"));
    hb_key_free(k);
}

/* A write or fsync that fails leaves no half key behind. */
static void test_faults(void **state)
{
    struct hb_key *k;

    assert_int_equal(hb_key_generate(&k), 0);
    for (int kind = HB_FAULT_ALLOC; kind <= HB_FAULT_FSYNC; kind++) {
        for (unsigned n = 1; n < 50; n++) {
            char kp[128], name[32];
            struct hb_key *got;
            bool through;
            int r;

            (void)snprintf(name, sizeof(name), "f%d-%u.key", kind, n);
            path(kp, name);
            hb_fault_set((enum hb_fault_kind)kind, n);
            r = hb_key_save(k, kp, NULL, NULL);
            through = hb_fault_pending((enum hb_fault_kind)kind);
            hb_fault_set((enum hb_fault_kind)kind, 0);
            if (through) {
                assert_int_equal(r, 0);
                break;
            }
            assert_true(r < 0);
            /* Whole or absent. */
            if (access(kp, F_OK) == 0) {
                assert_int_equal(hb_key_load(kp, NULL, &got, NULL), 0);
                hb_key_free(got);
            }
        }
    }
    hb_key_free(k);
}

static int make_dir(void **state)
{
    (void)snprintf(dir, sizeof(dir), "/tmp/hb-test-keys-XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int drop_dir(void **state)
{
    return hb_rmtree(AT_FDCWD, dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc8032),
        cmocka_unit_test(test_sign_verify),
        cmocka_unit_test(test_sign_hex),
        cmocka_unit_test(test_uuid5),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_passphrase),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_hostile_files),
        cmocka_unit_test(test_other_algorithm),
        cmocka_unit_test(test_openssl_program),
        cmocka_unit_test(test_openssl_reads_ours),
        cmocka_unit_test(test_faults),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("crypto/keys", tests, make_dir,
                                       drop_dir);
}
