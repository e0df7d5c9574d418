/* SPDX-License-Identifier: Apache-2.0 */
/* shim.c - see shim.h. */
#include "shim.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file {
    sqlite3_file base;
    sqlite3_file *real;
    int id;         /* -1: not recorded */
    bool syncs_dir; /* its first sync makes names safe too (os_unix.c) */
};

struct shim_op *shim_ops;
size_t shim_op_count;
char shim_paths[SHIM_FILES][512];
int shim_path_count;

static size_t op_cap;
static bool recording, disk_full;
static unsigned countdown[SHIM_FAULTS];
static sqlite3_vfs *real_vfs;
static sqlite3_mem_methods real_mem;

static bool hit(enum shim_fault f)
{
    return countdown[f] != 0 && --countdown[f] == 0;
}

void shim_fail(enum shim_fault f, unsigned n, bool full)
{
    countdown[f] = n;
    disk_full = full;
}

bool shim_pending(enum shim_fault f)
{
    return countdown[f] != 0;
}

void shim_record(bool on)
{
    recording = on;
}

void shim_forget(void)
{
    for (size_t i = 0; i < shim_op_count; i++)
        free(shim_ops[i].bytes);
    shim_op_count = 0;
    shim_path_count = 0;
}

static void record(enum shim_kind kind, int file, int64_t at, const void *p,
                   size_t n, bool durable)
{
    struct shim_op *op;

    if (!recording || file < 0)
        return;
    if (shim_op_count == op_cap) {
        op_cap = op_cap > 0 ? op_cap * 2 : 1024;
        shim_ops = realloc(shim_ops, op_cap * sizeof(*shim_ops));
        if (shim_ops == NULL)
            abort();
    }
    op = &shim_ops[shim_op_count++];
    *op = (struct shim_op){kind, file, at, n, durable, NULL};
    if (p != NULL) {
        op->bytes = malloc(n);
        if (op->bytes == NULL)
            abort();
        memcpy(op->bytes, p, n);
    }
}

void shim_ack(int64_t number)
{
    record(SHIM_OP_ACK, 0, number, NULL, 0, false);
}

static int id_of(const char *path)
{
    for (int i = 0; i < shim_path_count; i++)
        if (strcmp(shim_paths[i], path) == 0)
            return i;
    if (shim_path_count == SHIM_FILES)
        abort();
    snprintf(shim_paths[shim_path_count], sizeof(shim_paths[0]), "%s", path);
    return shim_path_count++;
}

static sqlite3_file *real(sqlite3_file *f)
{
    return ((struct file *)f)->real;
}

static int f_close(sqlite3_file *f)
{
    return real(f)->pMethods->xClose(real(f));
}

static int f_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return real(f)->pMethods->xRead(real(f), p, n, at);
}

static int f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    if (hit(SHIM_WRITE)) {
        /* A part of it may have got there. */
        if (n > 512)
            real(f)->pMethods->xWrite(real(f), p, n / 2, at);
        return disk_full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    record(SHIM_OP_WRITE, ((struct file *)f)->id, at, p, (size_t)n, false);
    return real(f)->pMethods->xWrite(real(f), p, n, at);
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (hit(SHIM_WRITE))
        return SQLITE_IOERR_TRUNCATE;
    record(SHIM_OP_TRUNCATE, ((struct file *)f)->id, size, NULL, 0, false);
    return real(f)->pMethods->xTruncate(real(f), size);
}

static int f_sync(sqlite3_file *f, int flags)
{
    int rc;

    if (hit(SHIM_SYNC))
        return SQLITE_IOERR_FSYNC;
    rc = real(f)->pMethods->xSync(real(f), flags);
    if (rc == SQLITE_OK) {
        struct file *mine = (struct file *)f;

        record(SHIM_OP_SYNC, mine->id, 0, NULL, 0, mine->syncs_dir);
        mine->syncs_dir = false;
    }
    return rc;
}

static int f_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real(f)->pMethods->xFileSize(real(f), size);
}

static int f_lock(sqlite3_file *f, int level)
{
    return real(f)->pMethods->xLock(real(f), level);
}

static int f_unlock(sqlite3_file *f, int level)
{
    return real(f)->pMethods->xUnlock(real(f), level);
}

static int f_reserved(sqlite3_file *f, int *ret)
{
    return real(f)->pMethods->xCheckReservedLock(real(f), ret);
}

static int f_control(sqlite3_file *f, int op, void *arg)
{
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int f_sector(sqlite3_file *f)
{
    return real(f)->pMethods->xSectorSize(real(f));
}

static int f_device(sqlite3_file *f)
{
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int f_shm_map(sqlite3_file *f, int page, int size, int extend,
                     void volatile **ret)
{
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, ret);
}

static int f_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return real(f)->pMethods->xShmLock(real(f), at, n, flags);
}

static void f_shm_barrier(sqlite3_file *f)
{
    real(f)->pMethods->xShmBarrier(real(f));
}

static int f_shm_unmap(sqlite3_file *f, int remove)
{
    return real(f)->pMethods->xShmUnmap(real(f), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = f_close,
    .xRead = f_read,
    .xWrite = f_write,
    .xTruncate = f_truncate,
    .xSync = f_sync,
    .xFileSize = f_size,
    .xLock = f_lock,
    .xUnlock = f_unlock,
    .xCheckReservedLock = f_reserved,
    .xFileControl = f_control,
    .xSectorSize = f_sector,
    .xDeviceCharacteristics = f_device,
    .xShmMap = f_shm_map,
    .xShmLock = f_shm_lock,
    .xShmBarrier = f_shm_barrier,
    .xShmUnmap = f_shm_unmap,
};

static int v_open(sqlite3_vfs *v, sqlite3_filename name, sqlite3_file *f,
                  int flags, int *ret_flags)
{
    struct file *mine = (struct file *)f;
    int there = 0, rc;

    mine->base.pMethods = NULL;
    mine->real = (sqlite3_file *)(mine + 1);
    mine->id = -1;
    mine->syncs_dir =
        (flags & SQLITE_OPEN_CREATE) != 0 &&
        (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0;
    if (name != NULL && recording) {
        mine->id = id_of(name);
        real_vfs->xAccess(real_vfs, name, SQLITE_ACCESS_EXISTS, &there);
    }
    rc = real_vfs->xOpen(real_vfs, name, mine->real, flags, ret_flags);
    if (mine->real->pMethods != NULL)
        mine->base.pMethods = &methods;
    if (rc == SQLITE_OK && !there)
        record(SHIM_OP_CREATE, mine->id, 0, NULL, 0, false);
    return rc;
}

static int v_delete(sqlite3_vfs *v, const char *name, int sync_dir)
{
    int rc;

    if (sync_dir && hit(SHIM_SYNC))
        return SQLITE_IOERR_DIR_FSYNC;
    rc = real_vfs->xDelete(real_vfs, name, sync_dir);
    if (rc == SQLITE_OK && recording)
        record(SHIM_OP_DELETE, id_of(name), 0, NULL, 0, sync_dir != 0);
    return rc;
}

static void *m_malloc(int n)
{
    return hit(SHIM_MALLOC) ? NULL : real_mem.xMalloc(n);
}

static void *m_realloc(void *p, int n)
{
    return hit(SHIM_MALLOC) ? NULL : real_mem.xRealloc(p, n);
}

void shim_register(void)
{
    static sqlite3_vfs v;
    static sqlite3_mem_methods mem;

    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_mem);
    mem = real_mem;
    mem.xMalloc = m_malloc;
    mem.xRealloc = m_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &mem);
    /* Memory that was freed is not kept for later: every need is a call. */
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
    sqlite3_initialize();
    real_vfs = sqlite3_vfs_find(NULL);
    v = *real_vfs;
    v.zName = "hbshim";
    v.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
    v.pNext = NULL;
    v.xOpen = v_open;
    v.xDelete = v_delete;
    sqlite3_vfs_register(&v, 1);
}
