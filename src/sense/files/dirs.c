/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dirs.c - the cache of directory handles, and the set of file handles.
 *
 * Runs in watch.  Keys are bytes from the kernel, but who chooses which
 * directories exist is an attacker: hashes are keyed, both kinds of entries
 * have a ceiling, and the least recently used one makes room.
 */
#include <sys/random.h>

#include "base/map.h"
#include "sense/files/dirs.h"

#define OURS   65536u
#define OTHERS 16384u
#define FILES  (8u << 20) /* file handles: 64 MB of hashes at most */

struct node {
    struct node *newer, *older; /* of its list; NULL where pinned */
    uint32_t site;
    bool pinned;
    uint16_t key_n;
    size_t path_n;
    char bytes[]; /* path, NUL, key */
};

struct list {
    struct node *newest, *oldest;
    size_t count, budget;
};

struct hb_dirs {
    struct hb_map *map;
    struct list ours, others;
    size_t pinned, memory;
    uint64_t *files; /* open addressing; 0 is empty */
    size_t file_cap, file_count;
    uint64_t key[2];
};

static size_t key_of(const struct hb_fan_handle *h, uint8_t *key);
static struct list *list_of(struct hb_dirs *d, const struct node *n);
static void unlink_node(struct hb_dirs *d, struct node *n);
static void push_node(struct hb_dirs *d, struct node *n);
static void drop_node(struct hb_dirs *d, struct node *n);
static struct hb_slice node_key(const struct node *n);
static void flush_list(struct hb_dirs *d, struct list *l);
static uint64_t fold(uint64_t a, uint64_t b);
static int files_grow(struct hb_dirs *d);

#define KEY_MAX (sizeof(uint64_t) + sizeof(int32_t) + 128)

struct hb_dirs *hb_dirs_new(size_t ours, size_t others)
{
    struct hb_dirs *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return NULL;
    d->map = hb_map_new();
    if (d->map == NULL ||
        getrandom(d->key, sizeof(d->key), 0) != sizeof(d->key)) {
        hb_dirs_free(d);
        return NULL;
    }
    d->ours.budget = ours > 0 ? ours : OURS;
    d->others.budget = others > 0 ? others : OTHERS;
    return d;
}

void hb_dirs_free(struct hb_dirs *d)
{
    if (d == NULL)
        return;
    if (d->map != NULL)
        hb_dirs_forget(d, 0, hb_slice("", 0));
    hb_map_free(d->map);
    free(d->files);
    free(d);
}

bool hb_dirs_get(struct hb_dirs *d, const struct hb_fan_handle *h,
                 struct hb_dir_at *ret)
{
    uint8_t key[KEY_MAX];
    size_t n = key_of(h, key);
    struct node *e = hb_map_get(d->map, hb_slice((char *)key, n));

    if (e == NULL)
        return false;
    if (!e->pinned && list_of(d, e)->newest != e) {
        unlink_node(d, e);
        push_node(d, e);
    }
    ret->site = e->site;
    ret->path = e->bytes;
    ret->path_n = e->path_n;
    return true;
}

int hb_dirs_put(struct hb_dirs *d, const struct hb_fan_handle *h, uint32_t site,
                struct hb_slice path, bool pinned)
{
    uint8_t key[KEY_MAX];
    size_t n = key_of(h, key);
    struct node *old = hb_map_get(d->map, hb_slice((char *)key, n)), *e;
    struct list *l = site != 0 ? &d->ours : &d->others;
    int r;

    if (old != NULL)
        drop_node(d, old);
    if (pinned && d->pinned >= d->ours.budget)
        return -ENOSPC;
    e = malloc(sizeof(*e) + path.n + 1 + n);
    if (e == NULL)
        return -ENOMEM;
    memset(e, 0, sizeof(*e));
    e->site = site;
    e->pinned = pinned;
    e->key_n = (uint16_t)n;
    e->path_n = path.n;
    if (path.n > 0)
        memcpy(e->bytes, path.p, path.n);
    e->bytes[path.n] = '\0';
    memcpy(e->bytes + path.n + 1, key, n);
    r = hb_map_put(d->map, node_key(e), e);
    if (r < 0) {
        free(e);
        return r;
    }
    d->memory += sizeof(*e) + path.n + 1 + n;
    if (pinned)
        d->pinned++;
    else
        push_node(d, e);
    if (l->count > l->budget)
        drop_node(d, l->oldest);
    return 0;
}

void hb_dirs_flush(struct hb_dirs *d)
{
    flush_list(d, &d->ours);
    flush_list(d, &d->others);
}

void hb_dirs_forget(struct hb_dirs *d, uint32_t site, struct hb_slice path)
{
    hb_dirs_flush(d);
    /* What is left is pinned.  The map must not change while it is walked,
     * so each turn drops the first match and starts again behind it. */
    for (bool again = d->pinned > 0; again;) {
        struct node *batch[256];
        size_t at = 0, n = 0;
        struct hb_slice key;
        void *v;

        while (n < HB_ARRAY_LEN(batch) && hb_map_next(d->map, &at, &key, &v)) {
            struct node *e = v;

            if (site != 0 && e->site != site)
                continue;
            if (path.n > 0 &&
                (e->path_n < path.n || memcmp(e->bytes, path.p, path.n) != 0 ||
                 (e->path_n > path.n && e->bytes[path.n] != '/')))
                continue;
            batch[n++] = e;
        }
        for (size_t i = 0; i < n; i++)
            drop_node(d, batch[i]);
        again = n == HB_ARRAY_LEN(batch);
    }
}

size_t hb_dirs_count(const struct hb_dirs *d)
{
    return hb_map_count(d->map);
}

size_t hb_dirs_memory(const struct hb_dirs *d)
{
    /* The map's own slots: about 48 bytes an entry. */
    return d->memory + hb_map_count(d->map) * 48 +
           d->file_cap * sizeof(uint64_t);
}

int hb_dirs_file_add(struct hb_dirs *d, const struct hb_fan_handle *h)
{
    uint64_t v = hb_dirs_hash(d, h);
    size_t at;

    if (d->file_count * 2 >= d->file_cap) {
        int r = files_grow(d);

        if (r < 0)
            return r;
    }
    at = (size_t)v & (d->file_cap - 1);
    while (d->files[at] != 0) {
        if (d->files[at] == v)
            return 0;
        at = (at + 1) & (d->file_cap - 1);
    }
    d->files[at] = v;
    d->file_count++;
    return 0;
}

bool hb_dirs_file_has(const struct hb_dirs *d, const struct hb_fan_handle *h)
{
    uint64_t v;
    size_t at;

    if (d->file_cap == 0 || h->n == 0)
        return false;
    v = hb_dirs_hash(d, h);
    at = (size_t)v & (d->file_cap - 1);
    while (d->files[at] != 0) {
        if (d->files[at] == v)
            return true;
        at = (at + 1) & (d->file_cap - 1);
    }
    return false;
}

size_t hb_dirs_file_count(const struct hb_dirs *d)
{
    return d->file_count;
}

void hb_dirs_file_reset(struct hb_dirs *d)
{
    free(d->files);
    d->files = NULL;
    d->file_cap = d->file_count = 0;
}

uint64_t hb_dirs_hash(const struct hb_dirs *d, const struct hb_fan_handle *h)
{
    uint64_t v = fold(h->fsid ^ d->key[0], (d->key[1] ^ h->n) | 1);

    for (size_t i = 0; i < h->n; i += 8) {
        uint64_t w = 0;

        memcpy(&w, h->bytes + i, HB_MIN(h->n - i, (size_t)8));
        v = fold(v ^ w ^ d->key[0], d->key[1] | 1);
    }
    v = fold(v ^ (uint32_t)h->type, d->key[0] | 1);
    return v != 0 ? v : 1;
}

static size_t key_of(const struct hb_fan_handle *h, uint8_t *key)
{
    memcpy(key, &h->fsid, sizeof(h->fsid));
    memcpy(key + 8, &h->type, sizeof(h->type));
    memcpy(key + 12, h->bytes, h->n);
    return 12u + h->n;
}

static struct list *list_of(struct hb_dirs *d, const struct node *n)
{
    return n->site != 0 ? &d->ours : &d->others;
}

static void unlink_node(struct hb_dirs *d, struct node *n)
{
    struct list *l = list_of(d, n);

    if (n->newer != NULL)
        n->newer->older = n->older;
    else
        l->newest = n->older;
    if (n->older != NULL)
        n->older->newer = n->newer;
    else
        l->oldest = n->newer;
    n->newer = n->older = NULL;
    l->count--;
}

static void push_node(struct hb_dirs *d, struct node *n)
{
    struct list *l = list_of(d, n);

    n->older = l->newest;
    n->newer = NULL;
    if (l->newest != NULL)
        l->newest->newer = n;
    else
        l->oldest = n;
    l->newest = n;
    l->count++;
}

static void drop_node(struct hb_dirs *d, struct node *n)
{
    (void)hb_map_del(d->map, node_key(n));
    if (n->pinned)
        d->pinned--;
    else
        unlink_node(d, n);
    d->memory -= sizeof(*n) + n->path_n + 1 + n->key_n;
    free(n);
}

static struct hb_slice node_key(const struct node *n)
{
    return hb_slice(n->bytes + n->path_n + 1, n->key_n);
}

static void flush_list(struct hb_dirs *d, struct list *l)
{
    while (l->oldest != NULL)
        drop_node(d, l->oldest);
}

/* Keyed multiply-and-fold over 8 byte words: fast, and not predictable by
 * who chooses inode numbers. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    __uint128_t m = (__uint128_t)a * b;

    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static int files_grow(struct hb_dirs *d)
{
    size_t cap = d->file_cap > 0 ? d->file_cap * 2 : 4096;
    uint64_t *n;

    if (cap > FILES)
        return -ENOSPC;
    n = calloc(cap, sizeof(*n));
    if (n == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < d->file_cap; i++) {
        uint64_t v = d->files[i];
        size_t at = (size_t)v & (cap - 1);

        if (v == 0)
            continue;
        while (n[at] != 0)
            at = (at + 1) & (cap - 1);
        n[at] = v;
    }
    free(d->files);
    d->files = n;
    d->file_cap = cap;
    return 0;
}
