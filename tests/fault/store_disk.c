/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_disk.c - full disks, read-only file systems and damaged files: a
 * clear error that says what to do, reading goes on where it can, nothing
 * that was acknowledged is lost.
 *
 * Small file systems (tmpfs, and ext4 on a loop device where the kernel has
 * one) are mounted in a mount namespace of our own; skipped with the reason
 * where we are not root.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/run.h"
#include "work.h"

#define FS_BYTES "size=3m"

static char dir[256], mnt[280];

static void path_to(char *buf, size_t n, const char *name)
{
    snprintf(buf, n, "%s/%s", mnt, name);
}

/* Takes all room that is left; the file is `ballast`. */
static void take_room(void)
{
    char path[320], block[4096];
    int fd;

    path_to(path, sizeof(path), "ballast");
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    memset(block, 'x', sizeof(block));
    while (fd >= 0 && write(fd, block, sizeof(block)) > 0)
        continue;
    while (fd >= 0 && write(fd, block, 1) > 0)
        continue;
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

static void give_room(void)
{
    char path[320];

    path_to(path, sizeof(path), "ballast");
    (void)unlink(path);
    sync();
}

static void full_state(const char *fs)
{
    struct hb_db *db = NULL;
    struct hb_err err = {0};
    char path[320];
    bool skip[2000] = {false};
    int64_t acked = 0, n = 0;
    const char *wrong;
    int r;

    path_to(path, sizeof(path), "s.db");
    if (hb_db_open(path, work_schema, WORK_SCHEMA, &db, &err) != 0) {
        ok(false, "%s: %s", fs, err.message);
        return;
    }
    for (; n < 20 && work_do(db, n + 1) == 0; n++)
        acked = n + 1;
    take_room();
    do
        r = work_do(db, ++n);
    while (r == 0 && n < 1900);
    skip[n] = true;
    acked = n;
    ok(r == -ENOSPC && strstr(hb_db_err(db)->message, "disk is full") != NULL,
       "%s: a full disk is told as one (%d: %s)", fs, r,
       hb_db_err(db)->message);
    wrong = work_verify(db, acked, skip);
    ok(wrong == NULL, "%s: it can still be read (%s)", fs,
       wrong != NULL ? wrong : "whole");
    hb_db_close(db);
    db = NULL;
    take_room();
    r = hb_db_open(path, work_schema, WORK_SCHEMA, &db, &err);
    ok(r >= 0, "%s: and opened while it is full (%s)", fs, err.message);
    if (r < 0)
        return;
    wrong = work_verify(db, acked, skip);
    ok(wrong == NULL, "%s: and read (%s)", fs, wrong != NULL ? wrong : "whole");
    give_room();
    r = work_do(db, n + 1);
    ok(r == 0, "%s: with room again it goes on (%d)", fs, r);
    skip[n + 1] = r != 0;
    wrong = work_verify(db, n + 1, skip);
    ok(wrong == NULL, "%s: nothing is missing (%s)", fs,
       wrong != NULL ? wrong : "whole");
    hb_db_close(db);
}

static void full_events(const char *fs)
{
    struct hb_events *s = NULL;
    struct hb_err err = {0};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice json;
    char path[320], uid[HB_ID_SIZE];
    int64_t n = 0, acked = 0;
    bool there = true;
    int r;

    path_to(path, sizeof(path), "events");
    if (hb_events_open(path, &s, &err) != 0) {
        ok(false, "%s: %s", fs, err.message);
        return;
    }
    for (; n < 50; n++)
        (void)work_event(s, n + 1, &err);
    if (hb_events_flush(s, &err) == 0)
        acked = n;
    take_room();
    do {
        r = work_event(s, ++n, &err);
        if (r == 0)
            r = hb_events_flush(s, &err);
        if (r == 0)
            acked = n;
    } while (r == 0 && n < 20000);
    ok(r == -ENOSPC && err.code == -ENOSPC,
       "%s: adding events to a full disk fails clearly (%d: %s)", fs, r,
       err.message);
    for (int64_t i = 1; i <= acked && there; i++) {
        work_uid(i, uid);
        there = hb_events_get(s, a, uid, &json, NULL) == 0;
    }
    ok(there && acked >= 50, "%s: %lld acknowledged events can be read", fs,
       (long long)acked);
    /* Core goes on: more come, nobody is told that they are kept. */
    for (int i = 0; i < 100 && r != 0; i++)
        (void)work_event(s, ++n, &err);
    ok(hb_events_pending(s) > 0, "%s: %zu events wait in memory", fs,
       hb_events_pending(s));
    give_room();
    memset(&err, 0, sizeof(err));
    r = hb_events_flush(s, &err);
    for (int64_t i = 1; i <= n && there; i++) {
        work_uid(i, uid);
        there = hb_events_get(s, a, uid, &json, NULL) == 0;
    }
    ok(r == 0 && there, "%s: with room again they are stored (%d %s)", fs, r,
       err.message);
    hb_events_close(s);
    hb_arena_free(a);
}

/* A store that was killed on a file system that then is read-only. */
static void read_only(const char *fs, bool killed)
{
    struct hb_db *db = NULL;
    struct hb_err err = {0};
    char path[320];
    const char *wrong, *how = killed ? "killed" : "closed";
    int r, status = 0;
    pid_t pid;

    snprintf(path, sizeof(path), "%s/ro-%s.db", mnt, how);
    pid = fork();
    if (pid == 0) {
        r = hb_db_open(path, work_schema, WORK_SCHEMA, &db, &err);
        for (int64_t n = 1; n <= 20 && r == 0; n++)
            r = work_do(db, n);
        if (!killed)
            hb_db_close(db);
        _exit(r == 0 ? 0 : 1); /* the log stays as kill -9 leaves it */
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0 ||
        mount(NULL, mnt, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0) {
        ok(false, "%s: cannot prepare (%d)", fs, status);
        return;
    }
    r = hb_db_open(path, work_schema, WORK_SCHEMA, &db, &err);
    ok(r == 1 && err.code == -EROFS && strstr(err.message, "read-only") != NULL,
       "%s, %s: read-only is told (%d: %s)", fs, how, r, err.message);
    if (r == 1) {
        wrong = work_verify(db, 20, NULL);
        ok(wrong == NULL, "%s, %s: and everything can be read (%s)", fs, how,
           wrong != NULL ? wrong : "whole");
        r = work_do(db, 21);
        ok(r == -EROFS, "%s, %s: writing answers -EROFS (%d)", fs, how, r);
        hb_db_close(db);
    }
    if (mount(NULL, mnt, NULL, MS_REMOUNT, NULL) < 0)
        ok(false, "%s: cannot be mounted for writing again", fs);
}

static void on_file_system(const char *fs)
{
    full_state(fs);
    full_events(fs);
    read_only(fs, false);
    read_only(fs, true);
}

static bool mount_ext4(void)
{
    char image[300];
    const char *mkfs[] = {"mkfs.ext4", "-q", "-F", "-m", "0", image, NULL};
    const char *mounting[] = {"mount", "-o", "loop", image, mnt, NULL};
    struct hb_run make = {.argv = mkfs}, attach = {.argv = mounting};
    int fd;

    snprintf(image, sizeof(image), "%s/ext4.img", dir);
    fd = open(image, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, 8 << 20) < 0)
        return false;
    (void)close(fd);
    return hb_run(&make) == 0 && hb_run(&attach) == 0;
}

static void skip(const char *what, const char *why)
{
    ok(true, "%s # SKIP %s", what, why);
}

/* Bits turn over anywhere in a store: an error or a good answer, never a
 * crash, and what is damaged says so. */
static void bit_flips(unsigned points)
{
    struct work_random r = {42};
    struct hb_db *db = NULL;
    struct hb_err err = {0};
    char good[300], bad[300];
    unsigned told = 0, unclear = 0;
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice bytes;

    snprintf(good, sizeof(good), "%s/good.db", dir);
    snprintf(bad, sizeof(bad), "%s/bad.db", dir);
    if (hb_db_open(good, work_schema, WORK_SCHEMA, &db, &err) != 0 ||
        a == NULL) {
        ok(false, "bit flips: %s", err.message);
        return;
    }
    for (int64_t n = 1; n <= 60; n++)
        (void)work_do(db, n);
    hb_db_close(db);
    if (hb_file_read(a, good, 64 << 20, &bytes) < 0) {
        ok(false, "bit flips: cannot read");
        return;
    }
    for (unsigned i = 0; i < points; i++) {
        char *copy = hb_arena_dup(a, bytes.p, bytes.n);
        /* Often in the head and the first pages, where it hurts most. */
        size_t span = i % 3 == 0 ? 100 : i % 3 == 1 ? 16384 : bytes.n;
        uint64_t flips = 1 + work_below(&r, 8);
        int n;

        for (uint64_t k = 0; copy != NULL && k < flips; k++)
            copy[work_below(&r, HB_MIN(span, bytes.n))] ^=
                (char)(1 << work_below(&r, 8));
        if (copy == NULL || hb_file_write(bad, copy, bytes.n, 0600) < 0)
            break;
        db = NULL;
        memset(&err, 0, sizeof(err));
        n = hb_db_open(bad, work_schema, WORK_SCHEMA, &db, &err);
        if (n != 0 && (err.code >= 0 || err.message[0] == '\0'))
            unclear++;
        if (n != 0)
            told++;
        if (n >= 0) {
            (void)work_verify(db, 60, NULL);
            (void)work_do(db, 61);
            hb_db_close(db);
        }
        hb_arena_reset(a);
        if (hb_file_read(a, good, 64 << 20, &bytes) < 0)
            break;
    }
    ok(unclear == 0 && told > points / 4,
       "bit flips: %u of %u are told at the start, each with a clear error",
       told, points);
    hb_arena_free(a);
}

int main(void)
{
    if (work_dir("/dev/shm", dir, sizeof(dir)) < 0)
        return 1;
    snprintf(mnt, sizeof(mnt), "%s/mnt", dir);
    bit_flips(work_points(100) * 2);
    if (hb_mkdirs(mnt, 0700) < 0 || geteuid() != 0 ||
        unshare(CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        skip("full and read-only file systems", "needs root to mount");
    } else {
        if (mount("tmpfs", mnt, "tmpfs", 0, FS_BYTES) == 0) {
            on_file_system("tmpfs");
            (void)umount2(mnt, MNT_DETACH);
        } else {
            skip("tmpfs", "cannot be mounted");
        }
        if (mount_ext4()) {
            on_file_system("ext4");
            (void)umount2(mnt, MNT_DETACH);
        } else {
            skip("ext4", "no loop device or no mkfs.ext4");
        }
    }
    work_remove(dir);
    return done();
}
