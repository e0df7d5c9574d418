/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.c - the locker's keys: a master file apart from the data, and a file a
 * share that holds its key wrapped.
 *
 * master (0600), lines of ASCII, the first key in use:
 *     hinoban-locker-v1
 *     kek ID(16 hex) KEY(64 hex)     one, or two while a rotation runs
 *     mac KEY(64 hex)
 *
 * keys/UID: "HBSK" 1, id of the kek (8), nonce (24), XChaCha20-Poly1305-IETF
 * of the key (32 + 16); the uid is the additional data, so that the file of
 * one share does not pass for another's.
 *
 * They are files, not rows: a row that is deleted lives on in SQLite's log,
 * its free pages and every copy; a file can be overwritten and unlinked.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cur.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "guard/share/part.h"

#define MASTER      "master"
#define MASTER_HEAD "hinoban-locker-v1\n"
#define MASTER_MAX  512u
#define WRAP_HEAD   5u
#define NONCE       crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG         crypto_aead_xchacha20poly1305_ietf_ABYTES
#define WRAP_SIZE   (WRAP_HEAD + 8u + NONCE + SHARE_KEY + TAG)

_Static_assert(SHARE_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
               "a key wraps a key");
_Static_assert(SHARE_MAC == crypto_auth_hmacsha256_BYTES, "one size of HMAC");

static const uint8_t wrap_head[WRAP_HEAD] = {'H', 'B', 'S', 'K', 1};

static int replace(int dir, const char *name, const void *p, size_t n);
static int destroy(int dir, const char *name);
static int overwrite(int fd);
static int sweep_copies(int dir);
static bool is_same(int dir, int data, const char *name);
static int load(struct share_keys *k);
static int parse(struct share_keys *k, struct hb_slice text);
static bool take_hex(struct hb_slice *text, char end, void *to, size_t n);
static bool take_word(struct hb_slice *text, const char *word);
static int save(struct share_keys *k);
static void fresh(struct share_kek *kek);
static int wrap(struct share_keys *k, const char *uid,
                const uint8_t key[SHARE_KEY]);
static int unwrap(struct share_keys *k, const char *uid,
                  const uint8_t b[WRAP_SIZE], uint8_t ret[SHARE_KEY]);

int share_keys_open(struct share_keys *k, const char *master, int dir,
                    bool fresh_store, struct hb_err *err)
{
    struct stat st = {0};
    int r = hb_mkdirs(master, 0700);

    if (r == 0) {
        k->master = open(master, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = k->master < 0 || fstat(k->master, &st) < 0 ? hb_neg_errno() : 0;
    }
    if (r == 0 && (st.st_mode & 077) != 0)
        return hb_err_at(err, -EPERM, master, 0, 0,
                         _("others can look into the directory; its mode has "
                           "to be 0700"));
    if (r == 0 && mkdirat(dir, "keys", 0700) < 0 && errno != EEXIST)
        r = hb_neg_errno();
    if (r == 0) {
        k->wrapped = openat(dir, "keys",
                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = k->wrapped < 0 ? hb_neg_errno() : 0;
    }
    if (r == 0 &&
        (is_same(k->master, dir, ".") || is_same(k->master, dir, "keys") ||
         is_same(k->master, dir, "blobs")))
        return hb_err_at(err, -EINVAL, master, 0, 0,
                         _("the locker's keys must lie apart from what they "
                           "open; choose another directory for them"));
    if (r == 0)
        r = sweep_copies(k->master);
    if (r == 0)
        r = load(k);
    if (r == -ENOENT && fresh_store) {
        hb_random(k->mac, sizeof(k->mac));
        fresh(&k->kek[0]);
        k->kek_n = 1;
        r = save(k);
    }
    if (r < 0)
        return hb_err_at(err, r, master, 0, 0,
                         _("the locker's keys cannot be used; without them "
                           "nothing that is stored can be read"));
    return 0;
}

void share_keys_done(struct share_keys *k)
{
    hb_close(&k->master);
    hb_close(&k->wrapped);
    sodium_memzero(k->mac, sizeof(k->mac));
    sodium_memzero(k->kek, sizeof(k->kek));
    k->kek_n = 0;
}

int share_key_make(struct share_keys *k, const char *uid)
{
    uint8_t key[SHARE_KEY];
    int r = load(k); /* another process may have turned the keys */

    if (r < 0)
        return r;
    hb_random(key, sizeof(key));
    r = wrap(k, uid, key);
    sodium_memzero(key, sizeof(key));
    return r;
}

int share_key_get(struct share_keys *k, const char *uid, uint8_t ret[SHARE_KEY])
{
    uint8_t b[WRAP_SIZE + 1];
    _cleanup_close_ int fd =
        openat(k->wrapped, uid, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n;
    int r;

    if (fd < 0)
        return hb_neg_errno();
    n = hb_pread_full(fd, b, sizeof(b), 0);
    if (n < 0)
        return (int)n;
    if (n != (ssize_t)WRAP_SIZE)
        return -EBADMSG;
    r = unwrap(k, uid, b, ret);
    if (r == -ENOKEY) { /* another process has turned the keys */
        r = load(k);
        if (r == 0)
            r = unwrap(k, uid, b, ret);
    }
    return r == -ENOKEY || r == -ENOENT ? -EBADMSG : r;
}

int share_key_destroy(struct share_keys *k, const char *uid)
{
    return destroy(k->wrapped, uid);
}

int share_key_rewrap(struct share_keys *k, const char *uid)
{
    uint8_t key[SHARE_KEY];
    int r = share_key_get(k, uid, key);

    if (r == 0)
        r = wrap(k, uid, key);
    sodium_memzero(key, sizeof(key));
    return r;
}

int share_keys_turn(struct share_keys *k)
{
    struct share_kek old;
    int r = load(k);

    if (r < 0 || k->kek_n == 2) /* one that a crash stopped goes on */
        return r;
    old = k->kek[0];
    fresh(&k->kek[0]);
    k->kek[1] = old;
    k->kek_n = 2;
    r = save(k);
    if (r < 0) {
        k->kek[0] = old;
        k->kek_n = 1;
    }
    sodium_memzero(&old, sizeof(old));
    return r;
}

int share_keys_settle(struct share_keys *k)
{
    int r = load(k);

    if (r < 0 || k->kek_n == 1)
        return r;
    k->kek_n = 1;
    r = save(k);
    if (r < 0)
        k->kek_n = 2;
    else
        sodium_memzero(&k->kek[1], sizeof(k->kek[1]));
    return r;
}

int share_keys_again(struct share_keys *k)
{
    return load(k);
}

void share_mac(const struct share_keys *k, const char *what, const void *p,
               size_t n, uint8_t ret[SHARE_MAC])
{
    crypto_auth_hmacsha256_state st;

    (void)crypto_auth_hmacsha256_init(&st, k->mac, sizeof(k->mac));
    (void)crypto_auth_hmacsha256_update(&st, (const uint8_t *)what,
                                        strlen(what) + 1);
    (void)crypto_auth_hmacsha256_update(&st, p, n);
    (void)crypto_auth_hmacsha256_final(&st, ret);
    sodium_memzero(&st, sizeof(st));
}

/* ---- files that hold keys ---- */

/* hb_file_write_at(), and what was there before is overwritten. */
static int replace(int dir, const char *name, const void *p, size_t n)
{
    _cleanup_close_ int old =
        openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    int r;

    if (old < 0 && errno != ENOENT)
        return hb_neg_errno();
    r = hb_file_write_at(dir, name, p, n, 0600);
    hb_fault_crash();
    return r < 0 || old < 0 ? r : overwrite(old);
}

/* Overwritten and unlinked; 0 also where it is gone already. */
static int destroy(int dir, const char *name)
{
    _cleanup_close_ int fd =
        openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    int r;

    if (fd < 0)
        return errno == ENOENT ? 0 : hb_neg_errno();
    r = overwrite(fd);
    hb_fault_crash();
    /* Also where it could not be overwritten: gone is better than there. */
    if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
        return hb_neg_errno();
    hb_fault_crash();
    return r < 0 ? r : hb_fsync(dir);
}

/* In place: a file system that writes elsewhere keeps what was there. */
static int overwrite(int fd)
{
    uint8_t b[MASTER_MAX];
    struct stat st;
    int r;

    if (fstat(fd, &st) < 0)
        return hb_neg_errno();
    hb_random(b, sizeof(b));
    r = hb_pwrite_all(fd, b, (size_t)HB_MIN(st.st_size, (off_t)sizeof(b)), 0);
    return r < 0 ? r : hb_fdatasync(fd);
}

/* A crash before its rename leaves a copy of the master. */
static int sweep_copies(int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *e;

    if (d == NULL) {
        r = hb_neg_errno();
        hb_close(&fd);
        return r;
    }
    while (r == 0 && (errno = 0, e = readdir(d)) != NULL)
        if (hb_file_is_temp(e->d_name))
            r = destroy(dir, e->d_name);
    r = r == 0 ? -errno : r;
    (void)closedir(d);
    return r;
}

/* Whether DIR is the directory NAME of DATA: what is swept there would take
 * the master with it. */
static bool is_same(int dir, int data, const char *name)
{
    struct stat a, b;

    return fstat(dir, &a) == 0 && fstatat(data, name, &b, 0) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* ---- the master file ---- */

static int load(struct share_keys *k)
{
    char text[MASTER_MAX];
    struct share_keys got = {.master = k->master, .wrapped = k->wrapped};
    _cleanup_close_ int fd =
        openat(k->master, MASTER, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    ssize_t n;
    int r;

    if (fd < 0)
        return hb_neg_errno();
    if (fstat(fd, &st) < 0)
        return hb_neg_errno();
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
        return -EPERM;
    n = hb_pread_full(fd, text, sizeof(text), 0);
    r = n < 0 ? (int)n : parse(&got, hb_slice(text, (size_t)n));
    sodium_memzero(text, sizeof(text));
    if (r == 0)
        *k = got;
    sodium_memzero(&got, sizeof(got));
    return r;
}

static int parse(struct share_keys *k, struct hb_slice text)
{
    if (!take_word(&text, MASTER_HEAD))
        return -EBADMSG;
    while (k->kek_n < 2 && take_word(&text, "kek ")) {
        struct share_kek *kek = &k->kek[k->kek_n++];

        if (!take_hex(&text, ' ', kek->id, sizeof(kek->id)) ||
            !take_hex(&text, '\n', kek->k, sizeof(kek->k)))
            return -EBADMSG;
    }
    return k->kek_n > 0 && take_word(&text, "mac ") &&
                   take_hex(&text, '\n', k->mac, sizeof(k->mac)) && text.n == 0
               ? 0
               : -EBADMSG;
}

static bool take_word(struct hb_slice *text, const char *word)
{
    size_t n = strlen(word);

    if (text->n < n || memcmp(text->p, word, n) != 0)
        return false;
    *text = hb_slice(text->p + n, text->n - n);
    return true;
}

static bool take_hex(struct hb_slice *text, char end, void *to, size_t n)
{
    if (text->n < 2 * n + 1 || text->p[2 * n] != end ||
        hb_unhex(hb_slice(text->p, 2 * n), to, n) < 0)
        return false;
    *text = hb_slice(text->p + 2 * n + 1, text->n - 2 * n - 1);
    return true;
}

static int save(struct share_keys *k)
{
    char text[MASTER_MAX], id[17], key[2 * SHARE_KEY + 1];
    int n = snprintf(text, sizeof(text), "%s", MASTER_HEAD), r;

    for (size_t i = 0; i < k->kek_n; i++) {
        hb_hex(k->kek[i].id, sizeof(k->kek[i].id), id);
        hb_hex(k->kek[i].k, SHARE_KEY, key);
        n += snprintf(text + n, sizeof(text) - (size_t)n, "kek %s %s\n", id,
                      key);
    }
    hb_hex(k->mac, SHARE_KEY, key);
    n += snprintf(text + n, sizeof(text) - (size_t)n, "mac %s\n", key);
    r = replace(k->master, MASTER, text, (size_t)n);
    sodium_memzero(text, sizeof(text));
    sodium_memzero(key, sizeof(key));
    return r;
}

static void fresh(struct share_kek *kek)
{
    hb_random(kek->id, sizeof(kek->id));
    hb_random(kek->k, sizeof(kek->k));
}

/* ---- a share's key ---- */

static int wrap(struct share_keys *k, const char *uid,
                const uint8_t key[SHARE_KEY])
{
    uint8_t b[WRAP_SIZE], *at = b;

    memcpy(at, wrap_head, WRAP_HEAD);
    at += WRAP_HEAD;
    memcpy(at, k->kek[0].id, 8);
    at += 8;
    hb_random(at, NONCE);
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(
            at + NONCE, NULL, key, SHARE_KEY, (const uint8_t *)uid, strlen(uid),
            NULL, at, k->kek[0].k) != 0)
        return -EIO;
    return replace(k->wrapped, uid, b, sizeof(b));
}

static int unwrap(struct share_keys *k, const char *uid,
                  const uint8_t b[WRAP_SIZE], uint8_t ret[SHARE_KEY])
{
    const uint8_t *id = b + WRAP_HEAD, *nonce = id + 8;

    if (memcmp(b, wrap_head, WRAP_HEAD) != 0)
        return -EBADMSG;
    for (size_t i = 0; i < k->kek_n; i++) {
        if (memcmp(k->kek[i].id, id, 8) != 0)
            continue;
        return crypto_aead_xchacha20poly1305_ietf_decrypt(
                   ret, NULL, NULL, nonce + NONCE, SHARE_KEY + TAG,
                   (const uint8_t *)uid, strlen(uid), nonce, k->kek[i].k) == 0
                   ? 0
                   : -EBADMSG;
    }
    return -ENOKEY;
}
