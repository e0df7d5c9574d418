/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto.h - hashes and signatures (OpenSSL 3 does the work).
 *
 * SHA-256 (FIPS 180-4) and Ed25519 (RFC 8032).  A signature always covers
 * "hinoban-PURPOSE-v1\n" before the message, so that one made for a baseline
 * can never pass for an approval.  A stranger checks one with
 *     openssl pkeyutl -verify -pubin -inkey KEY.pub -rawin \
 *         -in MESSAGE -sigfile SIGNATURE
 */
#ifndef HB_CRYPTO_CRYPTO_H
#define HB_CRYPTO_CRYPTO_H

#include "base/buf.h"
#include "base/err.h"

#define HB_SHA256_SIZE 32u
#define HB_SIG_SIZE    64u
#define HB_PUB_SIZE    32u

struct hb_sha256; /* a running hash; reusable */

struct hb_sha256 *hb_sha256_new(void) HB_WUR;
void hb_sha256_free(struct hb_sha256 *h);
void hb_sha256_reset(struct hb_sha256 *h);
void hb_sha256_add(struct hb_sha256 *h, const void *p, size_t n);
void hb_sha256_end(struct hb_sha256 *h, uint8_t ret[HB_SHA256_SIZE]);
void hb_sha256(const void *p, size_t n, uint8_t ret[HB_SHA256_SIZE]);
/* Hashes FD from offset 0 to its end, at most MAX bytes: -EFBIG beyond.
 * Never blocks on anything but a regular file (others: -EINVAL). */
int hb_sha256_fd(struct hb_sha256 *h, int fd, uint64_t max,
                 uint8_t ret[HB_SHA256_SIZE], uint64_t *ret_size) HB_WUR;

/* A UUID of version 5 (RFC 9562: 5.5): the same for the same NAME below the
 * same namespace NS.  Its SHA-1 protects nothing; it is what the format
 * asks for. */
#define HB_UUID_SIZE 37u /* with the terminator */
int hb_uuid5(const uint8_t ns[16], struct hb_slice name,
             char ret[HB_UUID_SIZE]) HB_WUR;

/* Purposes (TRUST: Keys). */
enum hb_key_purpose {
    HB_KEY_PUBLISH,  /* baselines, manifests */
    HB_KEY_RULES,    /* rule packs, virtual patches, case books */
    HB_KEY_EVIDENCE, /* checkpoints, proofs */
    HB_KEY_LINKS,    /* share and mail tokens */
    HB_KEY_PERSON,   /* approvals by one person */
    HB_KEY_COUNT
};
const char *hb_key_purpose_name(enum hb_key_purpose p);

struct hb_key; /* a private key */
struct hb_pub; /* a public key */

int hb_key_generate(struct hb_key **ret) HB_WUR;
void hb_key_free(struct hb_key *k);
void hb_pub_free(struct hb_pub *p);
/* PEM: PKCS #8, encrypted (PBES2, scrypt or PBKDF2, AES-256-CBC) where
 * PASSPHRASE is given, of mode 0600; SubjectPublicKeyInfo for public keys.
 * A private key file readable by others is refused. */
int hb_key_save(const struct hb_key *k, const char *path,
                const char *passphrase, struct hb_err *err) HB_WUR;
int hb_key_load(const char *path, const char *passphrase, struct hb_key **ret,
                struct hb_err *err) HB_WUR;
int hb_pub_save(const struct hb_key *k, const char *path,
                struct hb_err *err) HB_WUR;
int hb_pub_load(const char *path, struct hb_pub **ret,
                struct hb_err *err) HB_WUR;
int hb_pub_raw(const struct hb_pub *p, uint8_t ret[HB_PUB_SIZE]) HB_WUR;
int hb_pub_from_raw(const uint8_t raw[HB_PUB_SIZE], struct hb_pub **ret) HB_WUR;
int hb_key_pub(const struct hb_key *k, struct hb_pub **ret) HB_WUR;
/* First 16 hex digits of SHA-256 of the raw public key, for people. */
void hb_pub_id(const struct hb_pub *p, char ret[17]);

/* DOMAIN is one of ours: "baseline", "manifest", "checkpoint", "proof",
 * "approval", "reflex", ... */
int hb_sign(const struct hb_key *k, const char *domain, struct hb_slice msg,
            uint8_t ret[HB_SIG_SIZE]) HB_WUR;
/* 0 when it holds, -EBADMSG when not. */
int hb_verify(const struct hb_pub *p, const char *domain, struct hb_slice msg,
              const uint8_t sig[HB_SIG_SIZE]) HB_WUR;
/* Signatures in formats of others, which leave no room for a domain (CACAO
 * 2.0): over the 64 lower-case hex digits of DIGEST and nothing else, so that
 * one can never pass for a signature of ours, which begin with "hinoban-".
 * Errors as above. */
int hb_sign_hex(const struct hb_key *k, const uint8_t digest[HB_SHA256_SIZE],
                uint8_t ret[HB_SIG_SIZE]) HB_WUR;
int hb_verify_hex(const struct hb_pub *p, const uint8_t digest[HB_SHA256_SIZE],
                  const uint8_t sig[HB_SIG_SIZE]) HB_WUR;
/* The exact bytes that a signature covers, for strangers. */
void hb_sign_message(struct hb_buf *b, const char *domain, struct hb_slice msg);

#endif
