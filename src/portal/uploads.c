/* SPDX-License-Identifier: Apache-2.0 */
/* uploads.c - see uploads.h. */
#include "portal/uploads.h"

#include "base/clock.h"
#include "base/fault.h"

#define OPEN_MAX_FILES 64u
#define IDLE           (60 * HB_S)
#define SWEEP          (5 * HB_S)

struct open_file {
    int64_t file; /* 0: free */
    uint64_t used;
    struct hb_share_upload *upload;
};

struct portal_uploads {
    struct hb_portal *p;
    struct hb_timer *sweep;
    struct open_file v[OPEN_MAX_FILES];
};

static hb_timer_fn on_sweep;
static void close_one(struct open_file *f);

int portal_uploads_new(struct hb_portal *p, struct portal_uploads **ret)
{
    struct portal_uploads *u =
        hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*u));

    if (u == NULL)
        return -ENOMEM;
    u->p = p;
    u->sweep = hb_loop_timer(p->loop, SWEEP, SWEEP, on_sweep, u);
    if (u->sweep == NULL) {
        free(u);
        return -ENOMEM;
    }
    *ret = u;
    return 0;
}

void portal_uploads_free(struct portal_uploads *u)
{
    if (u == NULL)
        return;
    for (size_t i = 0; i < OPEN_MAX_FILES; i++)
        close_one(&u->v[i]);
    hb_timer_stop(u->p->loop, u->sweep);
    free(u);
}

int portal_uploads_get(struct portal_uploads *u, int64_t file,
                       struct hb_slice grant, struct hb_share_upload **ret)
{
    struct open_file *best = &u->v[0];
    int r;

    for (size_t i = 0; i < OPEN_MAX_FILES; i++) {
        struct open_file *f = &u->v[i];

        if (f->file == file) {
            f->used = hb_mono();
            *ret = f->upload;
            return 0;
        }
        if (f->file == 0 || (best->file != 0 && f->used < best->used))
            best = f;
    }
    /* All places are taken: the one that waited longest is opened again when
     * it goes on. */
    close_one(best);
    r = hb_share_upload_open(u->p->store, file, grant, &best->upload);
    if (r < 0)
        return r;
    best->file = file;
    best->used = hb_mono();
    *ret = best->upload;
    return 0;
}

void portal_uploads_drop(struct portal_uploads *u, int64_t file)
{
    for (size_t i = 0; i < OPEN_MAX_FILES; i++)
        if (u->v[i].file == file)
            close_one(&u->v[i]);
}

/* ---- static ---- */

static void on_sweep(void *arg)
{
    struct portal_uploads *u = arg;
    uint64_t now = hb_mono();

    for (size_t i = 0; i < OPEN_MAX_FILES; i++)
        if (u->v[i].file != 0 && now - u->v[i].used > IDLE)
            close_one(&u->v[i]);
}

static void close_one(struct open_file *f)
{
    if (f->file == 0)
        return;
    hb_share_upload_close(f->upload);
    *f = (struct open_file){0};
}
