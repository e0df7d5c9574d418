/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fan.h - fanotify(7): groups, marks and the reading of their events.
 *
 * The newest kernel gives names, targets and pidfds of a whole file system
 * with one mark; where it or the file system cannot, features are left out
 * one after the other and the caller is told what is left.
 */
#ifndef HB_SENSE_FILES_FAN_H
#define HB_SENSE_FILES_FAN_H

#include <sys/fanotify.h>

#include "base/base.h"

enum hb_fan_feature {
    HB_FAN_PIDFD = 1,    /* the writer as a pidfd */
    HB_FAN_TARGET = 2,   /* the object's own handle too */
    HB_FAN_FS_ERROR = 4, /* errors of the file system */
    HB_FAN_UNLIMITED = 8 /* queue and marks without ceiling */
};

struct hb_fan_handle {
    uint64_t fsid;
    int32_t type;
    uint32_t n;         /* bytes; 0: none */
    uint8_t bytes[128]; /* MAX_HANDLE_SZ */
};

struct hb_fan_event {
    uint64_t mask;            /* FAN_* */
    int32_t pid;              /* 0 where unknown */
    int pidfd;                /* -1 where none; the reader's to close */
    struct hb_fan_handle dir; /* directory of NAME */
    struct hb_fan_handle object;
    char name[HB_MAX_NAME + 1]; /* "" where the event is on DIR itself */
    size_t name_n;
    bool overflow;
    int32_t fs_error; /* errno of FAN_FS_ERROR */
    uint64_t mount;   /* id of FAN_MNT_ATTACH, _DETACH */
};

/* A notification group of what the kernel has; *RET_FEATURES says what.
 * -EPERM without CAP_SYS_ADMIN, -ENOSYS. */
int hb_fan_open(unsigned *ret_features) HB_WUR;
/* Marks the file system of ROOTFD, open for reading (drops FS_ERROR from
 * *FEATURES where it is unknown).  -EXDEV, -EOPNOTSUPP, -ENODEV: it cannot be
 * marked whole. */
int hb_fan_mark_fs(int group, int rootfd, unsigned *features) HB_WUR;
/* Marks one directory and its children. */
int hb_fan_mark_dir(int group, int dirfd) HB_WUR;
/* Whether writes to the file FD (O_PATH will do) are kept from the group,
 * however the group came to hear of them.  The mark goes with the inode. */
int hb_fan_ignore(int group, int fd, bool on) HB_WUR;
/* A group of its own for mounts of our mount namespace (Linux 6.14). */
int hb_fan_open_mounts(int *ret_fd) HB_WUR;

/* Takes the next event out of what read(2) gave; *AT moves.  1 an event, 0
 * the end, -EBADMSG for bytes that are none (the rest is lost; pidfds in
 * there with it).  The pidfd of an event belongs to the caller. */
int hb_fan_next(const uint8_t *buf, size_t n, size_t *at,
                struct hb_fan_event *ret) HB_WUR;

/* Handle of what DIRFD/NAME is (NAME "": DIRFD itself). */
int hb_fan_handle_at(int dirfd, const char *name,
                     struct hb_fan_handle *ret) HB_WUR;
/* An O_PATH descriptor of it, looked up through the mount of MOUNTFD. */
int hb_fan_open_handle(int mountfd, const struct hb_fan_handle *h,
                       int *ret_fd) HB_WUR;

#endif
