/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.c - chunks that grow by doubling and are freed together.
 *
 * Runs in every process.  The newest chunk serves small requests; a request
 * of more than half a chunk gets one of its own, so that the room left in the
 * newest one is not lost.  The ceiling counts the bytes handed out (rounded
 * up for alignment), which is what foreign input can drive.
 */
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/fault.h"

#define ARENA_MAGIC 0x4152454eu
#define ALIGN       16u
#define CHUNK_MIN   ((size_t)4096)
#define CHUNK_PAGED ((size_t)64 << 10)
#define CHUNK_MAX   ((size_t)1 << 20)

/* The sanitizer watches the ends of blocks of the heap alone. */
#if defined(__SANITIZE_ADDRESS__)
#define MAY_MAP false
#else
#define MAY_MAP true
#endif

struct chunk {
    struct chunk *older;
    size_t cap, used;
    _Alignas(ALIGN) char bytes[];
};

struct hb_arena {
    uint32_t magic;
    size_t ceiling, used;
    bool paged;           /* chunks are mappings */
    size_t least, grow;   /* capacity of the first and of the next chunk */
    size_t keep;          /* the largest one that a reset leaves */
    struct chunk *newest; /* serves small requests */
};

static struct hb_arena *make(size_t ceiling, bool paged);
static struct chunk *chunk_new(const struct hb_arena *a, size_t cap);
static void chunk_free(const struct hb_arena *a, struct chunk *c);
static struct chunk *chunk_for(struct hb_arena *a, size_t n);

struct hb_arena *hb_arena_new(size_t ceiling)
{
    return make(ceiling, false);
}

struct hb_arena *hb_arena_new_paged(size_t ceiling)
{
    return make(ceiling, true);
}

static struct hb_arena *make(size_t ceiling, bool paged)
{
    size_t least = paged ? CHUNK_PAGED : CHUNK_MIN;
    struct hb_arena *a;

    if (hb_fault(HB_FAULT_ALLOC))
        return NULL;
    a = calloc(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    a->magic = ARENA_MAGIC;
    a->ceiling = ceiling != 0 ? ceiling : HB_MAX_ARENA;
    a->paged = paged && MAY_MAP;
    a->least = a->keep = a->grow = least;
    return a;
}

void hb_arena_free(struct hb_arena *a)
{
    if (a == NULL)
        return;
    HB_CHECK(a, ARENA_MAGIC);
    for (struct chunk *c = a->newest, *older; c != NULL; c = older) {
        older = c->older;
        chunk_free(a, c);
    }
    a->magic = 0;
    free(a);
}

void hb_arena_freep(struct hb_arena **a)
{
    hb_arena_free(*a);
    *a = NULL;
}

void hb_arena_reset(struct hb_arena *a)
{
    struct chunk *kept = NULL;

    HB_CHECK(a, ARENA_MAGIC);
    for (struct chunk *c = a->newest, *older; c != NULL; c = older) {
        older = c->older;
        if (c->cap <= a->keep && (kept == NULL || c->cap > kept->cap)) {
            if (kept != NULL)
                chunk_free(a, kept);
            kept = c;
        } else {
            chunk_free(a, c);
        }
    }
    a->newest = kept;
    a->used = 0;
    a->grow = a->least;
    if (kept != NULL) {
        kept->older = NULL;
        kept->used = 0;
        a->grow = HB_MAX(a->least, HB_MIN(2 * kept->cap, CHUNK_MAX));
    }
}

void hb_arena_keep(struct hb_arena *a, size_t bytes)
{
    HB_CHECK(a, ARENA_MAGIC);
    a->keep = HB_MAX(a->keep, bytes);
}

size_t hb_arena_used(const struct hb_arena *a)
{
    HB_CHECK(a, ARENA_MAGIC);
    return a->used;
}

void *hb_arena_alloc(struct hb_arena *a, size_t n)
{
    struct chunk *c;
    void *p;

    HB_CHECK(a, ARENA_MAGIC);
    if (n > a->ceiling)
        return NULL;
    /* Also for 0 bytes: every result is an object of its own. */
    n = n == 0 ? ALIGN : (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (n > a->ceiling - a->used)
        return NULL;
    c = a->newest;
    if (c == NULL || n > c->cap - c->used) {
        c = chunk_for(a, n);
        if (c == NULL)
            return NULL;
    }
    p = c->bytes + c->used;
    c->used += n;
    a->used += n;
    return memset(p, 0, n);
}

void *hb_arena_calloc(struct hb_arena *a, size_t count, size_t size)
{
    size_t n;

    if (__builtin_mul_overflow(count, size, &n))
        return NULL;
    return hb_arena_alloc(a, n);
}

char *hb_arena_dup(struct hb_arena *a, const char *p, size_t n)
{
    char *copy;

    if (n == SIZE_MAX)
        return NULL;
    copy = hb_arena_alloc(a, n + 1);
    if (copy != NULL && n != 0)
        memcpy(copy, p, n);
    return copy;
}

char *hb_arena_strdup(struct hb_arena *a, const char *z)
{
    return hb_arena_dup(a, z, strlen(z));
}

char *hb_arena_printf(struct hb_arena *a, const char *fmt, ...)
{
    va_list ap;
    char *text;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return NULL;
    text = hb_arena_alloc(a, (size_t)n + 1);
    if (text == NULL)
        return NULL;
    va_start(ap, fmt);
    (void)vsnprintf(text, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return text;
}

static struct chunk *chunk_new(const struct hb_arena *a, size_t cap)
{
    struct chunk *c;

    if (hb_fault(HB_FAULT_ALLOC))
        return NULL;
    c = a->paged ? mmap(NULL, sizeof(*c) + cap, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                 : malloc(sizeof(*c) + cap);
    if (c == NULL || c == MAP_FAILED)
        return NULL;
    c->older = NULL;
    c->cap = cap;
    c->used = 0;
    return c;
}

static void chunk_free(const struct hb_arena *a, struct chunk *c)
{
    if (a->paged)
        (void)munmap(c, sizeof(*c) + c->cap);
    else
        free(c);
}

/* A chunk with room for N bytes, linked in. */
static struct chunk *chunk_for(struct hb_arena *a, size_t n)
{
    bool own = n > a->grow / 2;
    struct chunk *c = chunk_new(a, own ? n : a->grow);

    if (c == NULL)
        return NULL;
    if (own && a->newest != NULL) {
        /* Behind the newest: that one goes on serving small requests. */
        c->older = a->newest->older;
        a->newest->older = c;
        return c;
    }
    c->older = a->newest;
    a->newest = c;
    if (!own)
        a->grow = HB_MIN(a->grow * 2, CHUNK_MAX);
    return c;
}
