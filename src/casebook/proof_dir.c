/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof_dir.c - proofs on disk: RUN.json and RUN.sig in one folder.
 *
 * Run ids are UUIDv7, so their names sort by time; the newest proof of a kind
 * and case decides, also where it failed: an older success must not outlive a
 * later failure.
 */
#include <dirent.h>
#include <stdio.h>

#include "base/file.h"
#include "base/i18n.h"
#include "casebook/proof.h"

#define NAMES_MAX 4096u /* a folder with more is not ours */

struct runs {
    char (*id)[HB_ID_SIZE];
    size_t n;
};

static int list_runs(struct hb_arena *a, const char *dir, struct runs *ret);
static int by_age(const void *a, const void *b);
static int try_run(struct hb_arena *a, const char *dir, const char *run,
                   const struct hb_pub *pub, const struct hb_proof_binding *now,
                   struct hb_proof_seen *ret, struct hb_err *err);

int hb_proof_save(const char *dir, const struct hb_proof *p,
                  const struct hb_key *key, struct hb_err *err)
{
    struct hb_buf text = HB_BUF_INIT;
    uint8_t sig[HB_SIG_SIZE];
    char path[HB_MAX_PATH], why[128];
    int r = hb_proof_sign(p, key, &text, sig);

    if (r == 0)
        r = hb_mkdirs(dir, 0750);
    /* The signature first: a proof never stands there without one. */
    (void)snprintf(path, sizeof(path), "%s/%s.sig", dir, p->run);
    if (r == 0)
        r = hb_file_write(path, sig, sizeof(sig), 0640);
    (void)snprintf(path, sizeof(path), "%s/%s.json", dir, p->run);
    if (r == 0)
        r = hb_file_write(path, text.p, text.n, 0640);
    hb_buf_done(&text);
    if (r < 0)
        return hb_err_at(err, r, path, 0, 0, "%s",
                         hb_errno_text(r, why, sizeof(why)));
    return 0;
}

int hb_proof_newest(const char *dir, const struct hb_pub *pub,
                    const struct hb_proof_binding *now,
                    struct hb_proof_seen *ret, struct hb_err *why)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct runs runs = {0};
    int r = a == NULL ? -ENOMEM : list_runs(a, dir, &runs);

    *ret = (struct hb_proof_seen){0};
    if (r < 0)
        return r;
    for (size_t i = 0; i < runs.n; i++) {
        struct hb_err err = {0};

        r = try_run(a, dir, runs.id[i], pub, now, ret, &err);
        if (r == 0)
            return 0;
        if (why != NULL && why->code == 0)
            *why = err;
    }
    return 0;
}

static int list_runs(struct hb_arena *a, const char *dir, struct runs *ret)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    if (d == NULL)
        return errno == ENOENT ? 0 : -errno;
    ret->id = hb_arena_calloc(a, NAMES_MAX, sizeof(*ret->id));
    while (ret->id != NULL && ret->n < NAMES_MAX && (e = readdir(d)) != NULL) {
        size_t n = strlen(e->d_name);

        if (n != HB_ID_SIZE - 1 + 5 ||
            !hb_streq(e->d_name + HB_ID_SIZE - 1, ".json") ||
            !hb_id_valid(hb_slice(e->d_name, HB_ID_SIZE - 1)))
            continue;
        memcpy(ret->id[ret->n], e->d_name, HB_ID_SIZE - 1);
        ret->n++;
    }
    (void)closedir(d);
    if (ret->id == NULL)
        return -ENOMEM;
    if (ret->n > 0)
        qsort(ret->id, ret->n, sizeof(*ret->id), by_age);
    return 0;
}

static int by_age(const void *a, const void *b)
{
    return -memcmp(a, b, HB_ID_SIZE - 1);
}

static int try_run(struct hb_arena *a, const char *dir, const char *run,
                   const struct hb_pub *pub, const struct hb_proof_binding *now,
                   struct hb_proof_seen *ret, struct hb_err *err)
{
    char path[HB_MAX_PATH];
    struct hb_slice text = {0}, sig = {0};
    int r;

    (void)snprintf(path, sizeof(path), "%s/%s.json", dir, run);
    r = hb_file_read(a, path, HB_PROOF_MAX, &text);
    (void)snprintf(path, sizeof(path), "%s/%s.sig", dir, run);
    if (r == 0)
        r = hb_file_read(a, path, HB_SIG_SIZE, &sig);
    if (r == 0 && sig.n != HB_SIG_SIZE)
        r = -EBADMSG;
    if (r < 0)
        return hb_err_at(err, r, path, 0, 0,
                         _("the proof has no signature beside it"));
    return hb_proof_verify(text, (const uint8_t *)sig.p, pub, now, ret, err);
}
