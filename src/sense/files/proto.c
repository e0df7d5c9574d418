/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto.c - frames between watch and compare, in and out.
 *
 * Runs in both roles.  Nothing read here is trusted: every length is checked
 * by the cursor, every count and index against its ceiling, and paths that
 * could leave a root are refused before anybody uses them.
 */
#include <sys/sysmacros.h>

#include "sense/files/proto.h"

static void head(struct hb_buf *b, enum hb_fp_kind kind);
static size_t who_slices(struct hb_fp_who *w, struct hb_slice **s);
static void who_write(struct hb_buf *b, const struct hb_fp_who *w);
static void who_read(struct hb_cur *c, struct hb_fp_who *w);
static void item_write(struct hb_buf *b, const struct hb_fp_item *i);
static int item_read(struct hb_cur *c, const struct hb_fp_frame *f, size_t nfds,
                     struct hb_fp_item *i);
static int objects_read(struct hb_cur *c, struct hb_fp_frame *f, size_t nfds);
static int look_read(struct hb_cur *c, struct hb_fp_frame *f);
static int scan_read(struct hb_cur *c, struct hb_fp_frame *f);
static int end_read(struct hb_cur *c, struct hb_fp_frame *f);
static int note_read(struct hb_cur *c, struct hb_fp_frame *f);

int hb_fp_decode(struct hb_fp_frame *ret, const void *p, size_t n, size_t nfds)
{
    struct hb_cur c;
    int r = 0;

    hb_cur_init(&c, p, n);
    if (hb_cur_u8(&c) != HB_FP_VERSION)
        return -EBADMSG;
    ret->kind = hb_cur_u8(&c);
    if (nfds > 0 && ret->kind != HB_FP_OBJECTS)
        return -EBADMSG;
    switch (ret->kind) {
    case HB_FP_HELLO:
        ret->hello = hb_cur_u64(&c);
        break;
    case HB_FP_NOTE:
        r = note_read(&c, ret);
        break;
    case HB_FP_OBJECTS:
        r = objects_read(&c, ret, nfds);
        break;
    case HB_FP_BEGIN:
    case HB_FP_SCAN:
        r = scan_read(&c, ret);
        break;
    case HB_FP_END:
        r = end_read(&c, ret);
        break;
    case HB_FP_LOOK:
        r = look_read(&c, ret);
        break;
    default:
        return -EBADMSG;
    }
    return r < 0 ? r : hb_cur_end(&c);
}

void hb_fp_hello(struct hb_buf *b, uint64_t start)
{
    head(b, HB_FP_HELLO);
    hb_buf_add_u64(b, start);
}

void hb_fp_note(struct hb_buf *b, enum hb_fp_note note, uint32_t site,
                uint64_t count, const char *text)
{
    size_t n = text != NULL ? strlen(text) : 0;

    head(b, HB_FP_NOTE);
    hb_buf_add_u8(b, (uint8_t)note);
    hb_buf_add_u32(b, site);
    hb_buf_add_u64(b, count);
    hb_buf_add_bytes(b, text != NULL ? text : "", HB_MIN(n, HB_MAX_PATH));
}

void hb_fp_begin(struct hb_buf *b, enum hb_fp_kind kind,
                 const struct hb_fp_scan_head *h)
{
    head(b, kind);
    hb_buf_add_u64(b, h->id);
    hb_buf_add_u32(b, h->site);
    hb_buf_add_u8(b, h->kind);
    hb_buf_add_bytes(b, h->prefix.p, h->prefix.n);
}

void hb_fp_end(struct hb_buf *b, const struct hb_fp_scan_end *e)
{
    head(b, HB_FP_END);
    hb_buf_add_u64(b, e->id);
    hb_buf_add_u32(b, e->site);
    hb_buf_add_u32(b, (uint32_t)e->error);
    hb_buf_add_u64(b, e->entries);
    hb_buf_add_u64(b, e->skipped);
    hb_buf_add_u64(b, e->took);
}

void hb_fp_look(struct hb_buf *b, uint32_t site, const struct hb_slice *paths,
                size_t n)
{
    head(b, HB_FP_LOOK);
    hb_buf_add_u32(b, site);
    hb_buf_add_u16(b, (uint16_t)n);
    for (size_t i = 0; i < n; i++)
        hb_buf_add_bytes(b, paths[i].p, paths[i].n);
}

void hb_fp_pack_init(struct hb_fp_pack *k)
{
    memset(k, 0, sizeof(*k));
    hb_buf_init(&k->whos, HB_FP_FRAME);
    hb_buf_init(&k->items, HB_FP_FRAME);
    hb_buf_init(&k->frame, HB_MAX_FRAME);
}

void hb_fp_pack_done(struct hb_fp_pack *k)
{
    hb_buf_done(&k->whos);
    hb_buf_done(&k->items);
    hb_buf_done(&k->frame);
}

void hb_fp_pack_reset(struct hb_fp_pack *k, uint64_t scan)
{
    hb_buf_reset(&k->whos);
    hb_buf_reset(&k->items);
    k->n_whos = k->n_items = 0;
    k->scan = scan;
}

uint8_t hb_fp_pack_who(struct hb_fp_pack *k, const struct hb_fp_who *w)
{
    if (k->n_whos == HB_FP_WHOS || k->whos.n + k->items.n > HB_FP_FRAME / 2)
        return HB_FP_NO_WHO;
    who_write(&k->whos, w);
    if (hb_buf_err(&k->whos) < 0)
        return HB_FP_NO_WHO;
    return (uint8_t)k->n_whos++;
}

int hb_fp_pack_item(struct hb_fp_pack *k, const struct hb_fp_item *i)
{
    size_t need = 128 + i->path.n;

    if (k->n_items == HB_FP_ITEMS ||
        k->whos.n + k->items.n + need > HB_FP_FRAME)
        return -ENOBUFS;
    item_write(&k->items, i);
    if (hb_buf_err(&k->items) < 0)
        return hb_buf_err(&k->items);
    k->n_items++;
    return 0;
}

struct hb_slice hb_fp_pack_frame(struct hb_fp_pack *k)
{
    head(&k->frame, HB_FP_OBJECTS);
    hb_buf_add_u64(&k->frame, k->scan);
    hb_buf_add_u16(&k->frame, k->n_whos);
    hb_buf_add_u16(&k->frame, k->n_items);
    if (k->whos.n > 0)
        hb_buf_add(&k->frame, k->whos.p, k->whos.n);
    if (k->items.n > 0)
        hb_buf_add(&k->frame, k->items.p, k->items.n);
    return hb_buf_slice(&k->frame);
}

struct hb_fp_who *hb_fp_who_dup(const struct hb_fp_who *w)
{
    struct hb_fp_who copy = *w, *d;
    struct hb_slice *s[4 + 2 * HB_FP_PARENTS];
    size_t total = 0, n;
    char *at;

    n = who_slices(&copy, s);
    for (size_t i = 0; i < n; i++)
        total += s[i]->n;
    d = malloc(sizeof(*d) + total);
    if (d == NULL)
        return NULL;
    *d = copy;
    at = (char *)(d + 1);
    n = who_slices(d, s);
    for (size_t i = 0; i < n; i++) {
        if (s[i]->n > 0)
            memcpy(at, s[i]->p, s[i]->n);
        s[i]->p = at;
        at += s[i]->n;
    }
    return d;
}

bool hb_fp_path_ok(struct hb_slice path)
{
    size_t start = 0;

    if (path.n == 0)
        return true;
    if (path.n >= HB_MAX_PATH || memchr(path.p, 0, path.n) != NULL)
        return false;
    for (size_t i = 0; i <= path.n; i++) {
        size_t len = i - start;

        if (i < path.n && path.p[i] != '/')
            continue;
        if (len == 0 || len > HB_MAX_NAME)
            return false;
        if (len == 1 && path.p[start] == '.')
            return false;
        if (len == 2 && path.p[start] == '.' && path.p[start + 1] == '.')
            return false;
        start = i + 1;
    }
    return true;
}

void hb_fp_stat_from(struct hb_fp_stat *ret, const struct statx *sx)
{
    ret->mode = sx->stx_mode;
    ret->uid = sx->stx_uid;
    ret->gid = sx->stx_gid;
    ret->nlink = sx->stx_nlink;
    ret->size = sx->stx_size;
    ret->ino = sx->stx_ino;
    ret->dev = makedev(sx->stx_dev_major, sx->stx_dev_minor);
    ret->mtime = sx->stx_mtime.tv_sec * 1000000000ll + sx->stx_mtime.tv_nsec;
    ret->ctime = sx->stx_ctime.tv_sec * 1000000000ll + sx->stx_ctime.tv_nsec;
}

static void head(struct hb_buf *b, enum hb_fp_kind kind)
{
    hb_buf_reset(b);
    hb_buf_add_u8(b, HB_FP_VERSION);
    hb_buf_add_u8(b, (uint8_t)kind);
}

static size_t who_slices(struct hb_fp_who *w, struct hb_slice **s)
{
    size_t n = 0;

    s[n++] = &w->comm;
    s[n++] = &w->exe;
    s[n++] = &w->cmdline;
    s[n++] = &w->cgroup;
    for (unsigned i = 0; i < w->n_parents; i++) {
        s[n++] = &w->parent[i].comm;
        s[n++] = &w->parent[i].exe;
    }
    return n;
}

static void add_cut(struct hb_buf *b, struct hb_slice s, size_t max)
{
    hb_buf_add_bytes(b, s.n > 0 ? s.p : "", HB_MIN(s.n, max));
}

static void who_write(struct hb_buf *b, const struct hb_fp_who *w)
{
    hb_buf_add_u32(b, w->pid);
    hb_buf_add_u8(b, w->known);
    hb_buf_add_u32(b, w->uid);
    hb_buf_add_u32(b, w->euid);
    hb_buf_add_u64(b, w->start);
    add_cut(b, w->comm, 64);
    add_cut(b, w->exe, HB_FP_EXE);
    add_cut(b, w->cmdline, HB_FP_CMDLINE);
    add_cut(b, w->cgroup, HB_FP_EXE);
    hb_buf_add_u8(b, w->n_parents);
    for (unsigned i = 0; i < w->n_parents; i++) {
        hb_buf_add_u32(b, w->parent[i].pid);
        hb_buf_add_u64(b, w->parent[i].start);
        add_cut(b, w->parent[i].comm, 64);
        add_cut(b, w->parent[i].exe, HB_FP_EXE);
    }
}

static void who_read(struct hb_cur *c, struct hb_fp_who *w)
{
    w->pid = hb_cur_u32(c);
    w->known = hb_cur_u8(c);
    w->uid = hb_cur_u32(c);
    w->euid = hb_cur_u32(c);
    w->start = hb_cur_u64(c);
    w->comm = hb_cur_bytes(c, 64);
    w->exe = hb_cur_bytes(c, HB_FP_EXE);
    w->cmdline = hb_cur_bytes(c, HB_FP_CMDLINE);
    w->cgroup = hb_cur_bytes(c, HB_FP_EXE);
    w->n_parents = hb_cur_u8(c);
    if (w->n_parents > HB_FP_PARENTS) {
        c->err = -EBADMSG;
        w->n_parents = 0;
    }
    for (unsigned i = 0; i < w->n_parents; i++) {
        w->parent[i].pid = hb_cur_u32(c);
        w->parent[i].start = hb_cur_u64(c);
        w->parent[i].comm = hb_cur_bytes(c, 64);
        w->parent[i].exe = hb_cur_bytes(c, HB_FP_EXE);
    }
}

static void item_write(struct hb_buf *b, const struct hb_fp_item *i)
{
    hb_buf_add_u32(b, i->site);
    hb_buf_add_u16(b, i->events);
    hb_buf_add_u8(b, i->state);
    hb_buf_add_u8(b, i->fd);
    hb_buf_add_u8(b, i->readable);
    hb_buf_add_u8(b, i->who);
    hb_buf_add_u32(b, (uint32_t)i->error);
    hb_buf_add_u64(b, i->noticed);
    hb_buf_add_u64(b, (uint64_t)i->noticed_utc);
    hb_buf_add_u32(b, i->st.mode);
    hb_buf_add_u32(b, i->st.uid);
    hb_buf_add_u32(b, i->st.gid);
    hb_buf_add_u32(b, i->st.nlink);
    hb_buf_add_u64(b, i->st.size);
    hb_buf_add_u64(b, i->st.ino);
    hb_buf_add_u64(b, i->st.dev);
    hb_buf_add_u64(b, (uint64_t)i->st.mtime);
    hb_buf_add_u64(b, (uint64_t)i->st.ctime);
    hb_buf_add_bytes(b, i->path.n > 0 ? i->path.p : "", i->path.n);
}

static int item_read(struct hb_cur *c, const struct hb_fp_frame *f, size_t nfds,
                     struct hb_fp_item *i)
{
    i->site = hb_cur_u32(c);
    i->events = hb_cur_u16(c);
    i->state = hb_cur_u8(c);
    i->fd = hb_cur_u8(c);
    i->readable = hb_cur_u8(c);
    i->who = hb_cur_u8(c);
    i->error = (int32_t)hb_cur_u32(c);
    i->noticed = hb_cur_u64(c);
    i->noticed_utc = (int64_t)hb_cur_u64(c);
    i->st.mode = hb_cur_u32(c);
    i->st.uid = hb_cur_u32(c);
    i->st.gid = hb_cur_u32(c);
    i->st.nlink = hb_cur_u32(c);
    i->st.size = hb_cur_u64(c);
    i->st.ino = hb_cur_u64(c);
    i->st.dev = hb_cur_u64(c);
    i->st.mtime = (int64_t)hb_cur_u64(c);
    i->st.ctime = (int64_t)hb_cur_u64(c);
    i->path = hb_cur_bytes(c, HB_MAX_PATH - 1);
    if (c->err < 0 || i->state < HB_FPS_PRESENT || i->state > HB_FPS_ERROR ||
        i->readable > 1 || !hb_fp_path_ok(i->path))
        return -EBADMSG;
    if (i->fd != HB_FP_NO_FD && i->fd >= nfds)
        return -EBADMSG;
    if (i->who != HB_FP_NO_WHO && i->who >= f->n_whos)
        return -EBADMSG;
    return 0;
}

static int objects_read(struct hb_cur *c, struct hb_fp_frame *f, size_t nfds)
{
    uint64_t used = 0;

    f->scan = hb_cur_u64(c);
    f->n_whos = hb_cur_u16(c);
    f->n_items = hb_cur_u16(c);
    if (f->n_whos > HB_FP_WHOS || f->n_items > HB_FP_ITEMS ||
        nfds > HB_MAX_FRAME_FDS)
        return -EBADMSG;
    for (unsigned i = 0; i < f->n_whos; i++)
        who_read(c, &f->whos[i]);
    for (unsigned i = 0; i < f->n_items; i++) {
        int r = item_read(c, f, nfds, &f->items[i]);

        if (r < 0)
            return r;
        if (f->items[i].fd == HB_FP_NO_FD)
            continue;
        /* Two items with one descriptor would close it twice. */
        if ((used & (1ull << f->items[i].fd)) != 0)
            return -EBADMSG;
        used |= 1ull << f->items[i].fd;
    }
    return 0;
}

static int look_read(struct hb_cur *c, struct hb_fp_frame *f)
{
    f->site = hb_cur_u32(c);
    f->n_items = hb_cur_u16(c);
    if (f->n_items > HB_FP_ITEMS)
        return -EBADMSG;
    for (unsigned i = 0; i < f->n_items; i++) {
        f->items[i].path = hb_cur_bytes(c, HB_MAX_PATH - 1);
        if (c->err < 0 || !hb_fp_path_ok(f->items[i].path))
            return -EBADMSG;
    }
    return 0;
}

static int scan_read(struct hb_cur *c, struct hb_fp_frame *f)
{
    f->begin.id = hb_cur_u64(c);
    f->begin.site = hb_cur_u32(c);
    f->begin.kind = hb_cur_u8(c);
    f->begin.prefix = hb_cur_bytes(c, HB_MAX_PATH - 1);
    if (f->begin.kind < HB_FPSC_META || f->begin.kind > HB_FPSC_DEEP ||
        !hb_fp_path_ok(f->begin.prefix))
        return -EBADMSG;
    return 0;
}

static int end_read(struct hb_cur *c, struct hb_fp_frame *f)
{
    f->end.id = hb_cur_u64(c);
    f->end.site = hb_cur_u32(c);
    f->end.error = (int32_t)hb_cur_u32(c);
    f->end.entries = hb_cur_u64(c);
    f->end.skipped = hb_cur_u64(c);
    f->end.took = hb_cur_u64(c);
    return 0;
}

static int note_read(struct hb_cur *c, struct hb_fp_frame *f)
{
    f->note.note = hb_cur_u8(c);
    f->note.site = hb_cur_u32(c);
    f->note.count = hb_cur_u64(c);
    f->note.text = hb_cur_bytes(c, HB_MAX_PATH);
    if (f->note.note < HB_FPN_MODE || f->note.note >= HB_FPN_COUNT)
        return -EBADMSG;
    return 0;
}
