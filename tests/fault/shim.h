/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shim.h - a VFS of SQLite in front of the real one, for the fault tests: it
 * can let the n-th write or fsync fail, and it can record everything that is
 * written, in order, so that a power cut is replayed at any point of it.
 */
#ifndef HB_TESTS_FAULT_SHIM_H
#define HB_TESTS_FAULT_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum shim_fault { SHIM_WRITE, SHIM_SYNC, SHIM_MALLOC, SHIM_FAULTS };

enum shim_kind {
    SHIM_OP_CREATE,
    SHIM_OP_WRITE,
    SHIM_OP_TRUNCATE,
    SHIM_OP_SYNC,
    SHIM_OP_DELETE,
    SHIM_OP_ACK
};

struct shim_op {
    enum shim_kind kind;
    int file;   /* index into shim_paths */
    int64_t at; /* offset, new size, number acknowledged */
    size_t n;
    bool durable; /* DELETE, SYNC: the directory was synced too */
    uint8_t *bytes;
};

#define SHIM_FILES 16

extern struct shim_op *shim_ops;
extern size_t shim_op_count;
extern char shim_paths[SHIM_FILES][512];
extern int shim_path_count;

/* Before any other use of SQLite: the shim becomes the default VFS, and its
 * memory comes from an allocator that can fail. */
void shim_register(void);
/* The N-th call of that kind fails, once (0: none); FULL tells whether a
 * write fails for want of space or for a broken disk. */
void shim_fail(enum shim_fault f, unsigned n, bool full);
/* Whether the armed fault was not reached. */
bool shim_pending(enum shim_fault f);

void shim_record(bool on);
void shim_ack(int64_t number);
void shim_forget(void);

#endif
