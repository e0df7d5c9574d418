/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - files: bounded reads, atomic durable writes, and opening below a
 * directory that no link can leave (openat2(2)).
 */
#ifndef HB_BASE_FILE_H
#define HB_BASE_FILE_H

#include "base/arena.h"
#include "base/buf.h"

/* The whole regular file in the arena, terminated; -EFBIG above MAX, -EINVAL
 * where it is no regular file (a pipe or device would hold us up). */
int hb_file_read(struct hb_arena *a, const char *path, size_t max,
                 struct hb_slice *ret) HB_WUR;
/* As above below DIRFD; a link as last part is refused (-ELOOP). */
int hb_file_read_at(struct hb_arena *a, int dirfd, const char *name, size_t max,
                    struct hb_slice *ret) HB_WUR;
/* Temporary file beside it, fsync, rename, fsync of the directory: after a
 * crash there is the old file or the new one.  MODE is set whatever the umask
 * says.  NAME is one name without a slash. */
int hb_file_write(const char *path, const void *p, size_t n,
                  mode_t mode) HB_WUR;
int hb_file_write_at(int dirfd, const char *name, const void *p, size_t n,
                     mode_t mode) HB_WUR;
/* Whether a crash left NAME of those two. */
bool hb_file_is_temp(const char *name);
/* fsync(2), fdatasync(2); a test can make them fail (fault.h). */
int hb_fsync(int fd) HB_WUR;
int hb_fdatasync(int fd) HB_WUR;
/* All of N bytes, EINTR and short writes looped. */
int hb_write_all(int fd, const void *p, size_t n) HB_WUR;
int hb_pwrite_all(int fd, const void *p, size_t n, off_t at) HB_WUR;
/* Up to N bytes; the number read, less only at the end of file. */
ssize_t hb_pread_full(int fd, void *p, size_t n, off_t at) HB_WUR;
/* All that FROM holds (from its beginning, wherever it stands) goes to TO,
 * which is synced. */
int hb_copy_fd(int from, int to) HB_WUR;

/* mkdir -p; existing directories are left alone. */
int hb_mkdirs(const char *path, mode_t mode) HB_WUR;
/* rm -r of DIRFD/NAME without following links or leaving the mount (-EXDEV)
 * and at most 4096 directories deep (-ELOOP); stops at the first failure.
 * -ENOENT where there is nothing.  What stands before the last slash of NAME
 * is the caller's word and may hold links. */
int hb_rmtree(int dirfd, const char *name) HB_WUR;

/* Close-on-exec; openat2 with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
 * RESOLVE_NO_MAGICLINKS, and RESOLVE_NO_XDEV where NO_XDEV. */
int hb_open_beneath(int dirfd, const char *rel, int flags, mode_t mode,
                    bool no_xdev) HB_WUR;
/* The same promise about links and ".." kept part by part with openat(2), for
 * processes to which openat2(2) is refused (doc/decisions/0003).  Slower, and
 * mounts are crossed: for directories of our own, and where a mount is what
 * is looked for.  -EXDEV for "/" and "..", -ELOOP or -ENOTDIR for a link,
 * -EINVAL for an empty part. */
int hb_open_nofollow(int dirfd, const char *rel, int flags, mode_t mode) HB_WUR;

#endif
