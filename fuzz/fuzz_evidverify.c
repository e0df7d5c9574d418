/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_evidverify.c - a package of evidence, and a store, that somebody forged
 * in full: hb_evidence_verify() over directories made from the input.
 *
 * The input is parts, each behind a line "=== NAME": the files of a package,
 * "anchor" (the checkpoint from outside), and any number of "content", which
 * get their hash as name.  Signatures of the corpus hold for the key below,
 * whose private half nobody kept.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "base/num.h"
#include "incident/evidence_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[HB_PUB_SIZE] = {
    0x56, 0xa5, 0xfa, 0xd0, 0xbb, 0x20, 0x20, 0xaf, 0xbf, 0x75, 0x7e,
    0xfd, 0x80, 0x2b, 0x0d, 0xb4, 0xc1, 0xa0, 0xfe, 0xd7, 0xf8, 0xe0,
    0x66, 0xca, 0x7d, 0xd3, 0x2a, 0x69, 0x0f, 0x6c, 0xab, 0x5f,
};

static const char *const names[] = {
    "log",          "SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.signed",
    "evidence.pub", "README.txt", "VERIFY.sh",      "ITEMS.txt",
    "files/.x"};

static struct hb_slice lay_out(const char *dir, struct hb_slice in);
static bool next(struct hb_slice *in, struct hb_slice *name,
                 struct hb_slice *part);
static void lay_part(const char *dir, struct hb_slice name,
                     struct hb_slice part);
static void put(const char *dir, const char *name, struct hb_slice part);
static void verify(const char *dir, enum hb_evidence_where where,
                   const struct hb_pub *pub, struct hb_slice anchor);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice in = {(const char *)data, size}, anchor;
    struct hb_pub *pub = NULL;
    char dir[64], store[80];

    HB_ASSERT(hb_pub_from_raw(key, &pub) == 0);
    (void)snprintf(dir, sizeof(dir), "/tmp/hb-fuzz-evidverify-%d",
                   (int)getpid());
    (void)snprintf(store, sizeof(store), "%s/sha256", dir);
    anchor = lay_out(dir, in);
    verify(dir, HB_EVIDENCE_ANY, pub, anchor);
    /* The same log as a store, where less is allowed. */
    HB_ASSERT(hb_mkdirs(store, 0700) == 0);
    verify(dir, HB_EVIDENCE_STORE, pub, anchor);
    hb_pub_free(pub);
    HB_ASSERT(hb_rmtree(AT_FDCWD, dir) == 0);
    return 0;
}

/* Returns the part "anchor", or nothing. */
static struct hb_slice lay_out(const char *dir, struct hb_slice in)
{
    struct hb_slice name, part, anchor = {NULL, 0};
    char files[96];

    (void)snprintf(files, sizeof(files), "%s/files", dir);
    HB_ASSERT(hb_mkdirs(files, 0700) == 0);
    put(dir, "log", hb_slice("", 0));
    while (next(&in, &name, &part)) {
        if (hb_slice_eq(name, HB_SLICE("anchor")))
            anchor = part;
        else
            lay_part(dir, name, part);
    }
    return anchor;
}

/* Takes one part off IN. */
static bool next(struct hb_slice *in, struct hb_slice *name,
                 struct hb_slice *part)
{
    const char *end, *p;

    if (in->n < 4 || memcmp(in->p, "=== ", 4) != 0)
        return false;
    end = memchr(in->p, '\n', in->n);
    if (end == NULL)
        return false;
    *name = hb_slice(in->p + 4, (size_t)(end - in->p) - 4);
    *in = hb_slice(end + 1, in->n - (size_t)(end - in->p) - 1);
    p = in->n > 0 ? memmem(in->p, in->n, "\n=== ", 5) : NULL;
    *part = hb_slice(in->p, p != NULL ? (size_t)(p - in->p) : in->n);
    *in = p != NULL ? hb_slice(p + 1, in->n - part->n - 1) : hb_slice("", 0);
    return true;
}

static void lay_part(const char *dir, struct hb_slice name,
                     struct hb_slice part)
{
    uint8_t digest[HB_SHA256_SIZE];
    char place[80] = "files/";

    if (hb_slice_eq(name, HB_SLICE("content"))) {
        hb_sha256(part.p, part.n, digest);
        hb_hex(digest, sizeof(digest), place + strlen("files/"));
        put(dir, place, part);
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++)
        if (hb_slice_eq(name, hb_slice_z(names[i])))
            put(dir, names[i], part);
}

static void put(const char *dir, const char *name, struct hb_slice part)
{
    char path[160];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    HB_ASSERT(fd >= 0 && hb_write_all(fd, part.p, part.n) == 0);
    (void)close(fd);
}

static void verify(const char *dir, enum hb_evidence_where where,
                   const struct hb_pub *pub, struct hb_slice anchor)
{
    struct hb_evidence_report r = {0};
    int64_t last = 0;

    if (hb_evidence_verify(dir, where, pub, anchor, &r, NULL) < 0)
        return;
    HB_ASSERT(r.package == (where == HB_EVIDENCE_ANY));
    HB_ASSERT(r.package || (r.sealed + r.gaps == 0 || r.bad_line != 0));
    HB_ASSERT(r.items + r.checkpoints + r.sealed + r.gaps <= r.lines);
    HB_ASSERT(r.gaps >= 0 && r.anchors_held <= r.anchors);
    HB_ASSERT((r.bad_line == 0) == (r.bad_why == NULL));
    HB_ASSERT(!hb_evidence_report_good(&r) || !hb_evidence_report_changed(&r));
    for (size_t i = 0; i < HB_MIN(r.unproven_n, (size_t)HB_EVIDENCE_UNPROVEN);
         i++) {
        HB_ASSERT(r.unproven[i].first > last);
        HB_ASSERT(r.unproven[i].last >= r.unproven[i].first);
        last = r.unproven[i].last;
    }
    HB_ASSERT(last <= r.lines && r.newer.last <= r.lines);
}
