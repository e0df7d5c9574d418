/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_evidlog.c - the log of the evidence store.  Input is a
 * whole log file.  A line that is accepted must be written back byte by
 * byte; opening a store with that log must leave one that opens again and
 * goes on; as the log of a package it is verified.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/file.h"
#include "incident/evidence_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_lines(int fd);
static void open_store(struct hb_slice text);
static void verify_package(struct hb_slice text);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice text = {(const char *)data, size};
    int fd = memfd_create("log", MFD_CLOEXEC);

    HB_ASSERT(fd >= 0);
    if (hb_write_all(fd, data, size) == 0)
        read_lines(fd);
    (void)close(fd);
    open_store(text);
    verify_package(text);
    return 0;
}

static void read_lines(int fd)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_evid_reader rd;
    struct hb_slice text;

    HB_ASSERT(a != NULL && hb_evid_reader_init(&rd, fd) == 0);
    while (hb_evid_reader_next(&rd, &text) == 1) {
        struct hb_buf again = HB_BUF_INIT;
        struct hb_evid_line l;

        hb_arena_reset(a);
        HB_ASSERT(text.n <= HB_EVID_LINE_MAX);
        if (text.n > 0 && text.p[text.n - 1] == '\n' &&
            hb_evid_parse(a, hb_slice(text.p, text.n - 1), &l) == 0) {
            HB_ASSERT(hb_evid_encode(&again, &l) == 0);
            HB_ASSERT(hb_slice_eq(hb_buf_slice(&again), text));
        }
        hb_buf_done(&again);
    }
    HB_ASSERT(rd.torn >= 0);
    hb_evid_reader_done(&rd);
    hb_arena_free(a);
}

static int count(void *arg, const struct hb_evidence_item *item)
{
    ++*(int64_t *)arg;
    return 0;
}

static void open_store(struct hb_slice text)
{
    char dir[64], log[96];
    struct hb_evidence *e = NULL;
    struct hb_evidence_item item = {.kind = "note", .name = "n"};
    int64_t before = 0, after = 0;

    (void)snprintf(dir, sizeof(dir), "/tmp/hb-fuzz-evidlog-%d", (int)getpid());
    HB_ASSERT(hb_mkdirs(dir, 0700) == 0);
    (void)snprintf(log, sizeof(log), "%s/log", dir);
    HB_ASSERT(hb_file_write(log, text.p, text.n, 0600) == 0);
    HB_ASSERT(hb_evidence_open(dir, NULL, &e, NULL) == 0);
    HB_ASSERT(hb_evidence_each(e, 0, count, &before) == 0);
    HB_ASSERT(hb_evidence_note(e, &item) == 0);
    hb_evidence_close(e);
    HB_ASSERT(hb_evidence_open(dir, NULL, &e, NULL) == 0);
    HB_ASSERT(hb_evidence_each(e, 0, count, &after) == 0);
    HB_ASSERT(after == before + 1);
    hb_evidence_close(e);
    HB_ASSERT(hb_rmtree(AT_FDCWD, dir) == 0);
}

static void verify_package(struct hb_slice text)
{
    static struct hb_key *key;
    static struct hb_pub *pub;
    char dir[64], path[96];
    struct hb_evidence_report r = {0};

    if (key == NULL)
        HB_ASSERT(hb_key_generate(&key) == 0 && hb_key_pub(key, &pub) == 0);
    (void)snprintf(dir, sizeof(dir), "/tmp/hb-fuzz-package-%d", (int)getpid());
    (void)snprintf(path, sizeof(path), "%s/files", dir);
    HB_ASSERT(hb_mkdirs(path, 0700) == 0);
    (void)snprintf(path, sizeof(path), "%s/log", dir);
    HB_ASSERT(hb_file_write(path, text.p, text.n, 0600) == 0);
    HB_ASSERT(hb_evidence_verify(dir, HB_EVIDENCE_ANY, pub, text, &r, NULL) ==
                  0 ||
              hb_evidence_verify(dir, HB_EVIDENCE_ANY, pub, hb_slice(NULL, 0),
                                 &r, NULL) == 0);
    HB_ASSERT(!hb_evidence_report_good(&r)); /* nothing signed it */
    HB_ASSERT(hb_rmtree(AT_FDCWD, dir) == 0);
}
