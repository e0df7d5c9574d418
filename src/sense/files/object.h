/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object.h - opening one object below a root so that nothing in place can
 * lead elsewhere, block or have side effects.
 */
#ifndef HB_SENSE_FILES_OBJECT_H
#define HB_SENSE_FILES_OBJECT_H

#include "sense/files/proto.h"

struct hb_object {
    int fd;        /* -1 none; the caller's */
    bool readable; /* opened O_RDONLY, a regular file */
    uint8_t state; /* enum hb_fp_state */
    int error;     /* ERROR: -errno */
    struct hb_fp_stat st;
};

/* Opens REL below ROOTFD: O_PATH without following, then, where it is a
 * regular file and READ, for reading.  Never fails: the state says it. */
void hb_object_look(int rootfd, const char *rel, bool read,
                    struct hb_object *ret);
/* The same of an O_PATH descriptor, which is taken over. */
void hb_object_from(int pathfd, bool read, struct hb_object *ret);
/* NAME of DIRFD, which a listing just called a regular file, opened for
 * reading in one step; false where it is none (look at it the other way).
 * What could be put there between: a FIFO, which does not block so; a device
 * only by who may make one, and such a one needs no detour over us. */
bool hb_object_list_open(int dirfd, const char *name,
                         struct hb_object *ret) HB_WUR;
void hb_object_done(struct hb_object *o);

#endif
