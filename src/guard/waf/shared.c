/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared.c - see shared.h.
 *
 * Runs in the workers of the web server, which other workers of any state may
 * share the region with.  Where the tables lie is worked out from the size of
 * the region alone, in each process for itself; the key is read once.  After
 * that nothing in the region steers where a process reads or writes.
 */
#include "guard/waf/shared.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/map.h"

#define SHARED_MAGIC  0x57534844u
#define REGION_MAGIC  0x6e61626f6e696861ull
#define VERSION       1u
#define LINE          64u /* bytes of a line of the cache */
#define SPINS         128u
#define YIELDS        16u
#define NAP_NS        50000
#define CLOCK_MAX     (1ull << 43) /* ms, 278 years: times a million fits */
#define SMALL_BUCKET  512u         /* what hb_waf_shared_each() copies */
#define BUCKET_HEAD   32u
#define REGION_PARTED 256u /* the tables begin here */

/* Percent, bytes an entry, entries a bucket.  Two in five for limits: a flood
 * of addresses fills that part first and gains nothing from it. */
#define HB_WAF_SHARES(X)                                                       \
    X(RATE, 40, 32, 15)                                                        \
    X(SCORE, 15, 32, 15)                                                       \
    X(BAN, 15, 64, 7)                                                          \
    X(SMALL, 15, 256, 7)                                                       \
    X(MIDDLE, 8, 1024, 7)                                                      \
    X(LARGE, 7, 10880, 2)

struct hb_waf_bucket {
    _Atomic uint64_t lock; /* process << 32 | turn; 0: free */
    _Atomic uint32_t turn; /* of the last holder */
    _Atomic uint32_t hand; /* 1 + index of the entry under the pen */
    /* Who waited in vain notes for which word, and since when (hb_mono()). */
    _Atomic uint64_t watched, since_ms;
};

_Static_assert(sizeof(struct hb_waf_bucket) == BUCKET_HEAD, "no gaps");
_Static_assert(sizeof(struct hb_waf_slot) == 16, "no gaps");

struct region {
    uint64_t magic; /* written last */
    uint32_t version, form;
    uint64_t size;
    uint64_t key[2];
    struct hb_waf_bucket clock; /* locks skew and last; has no entries */
    _Atomic uint64_t skew;      /* add to RAW, modulo 2^64 */
    _Atomic uint64_t last;      /* time that was given last; 0: none yet */
    _Atomic uint64_t count[HB_WAF_COUNT_COUNT];
};

_Static_assert(sizeof(struct region) <= REGION_PARTED, "room for the head");

struct hb_waf_table {
    uint8_t *at;
    size_t bucket; /* bytes */
    uint32_t n, ways, entry;
};

struct hb_waf_shared {
    uint32_t magic;
    struct region *region;
    /* Number of this process, which the kernel zeroes on fork(); NULL where it
     * cannot (Linux before 4.14): then it is asked each time. */
    void *page;
    uint64_t key[2];
    struct hb_waf_table table[HB_WAF_PART_COUNT];
};

static int lay_out(struct hb_waf_shared *s, void *memory, size_t size);
static bool fresh(struct hb_waf_shared *s, size_t size);
static void clear(uint8_t *p, size_t n);
static uint64_t clock_jump(struct hb_waf_shared *s, uint64_t raw);
static int acquire(struct hb_waf_shared *s, const struct hb_waf_table *t,
                   struct hb_waf_bucket *b, uint64_t *ret_word);
static void release(struct hb_waf_bucket *b, uint64_t word);
static int wait_for(struct hb_waf_shared *s, const struct hb_waf_table *t,
                    struct hb_waf_bucket *b, uint64_t mine);
static bool abandoned(struct hb_waf_bucket *b, uint64_t word);
static void repair(const struct hb_waf_table *t, struct hb_waf_bucket *b);
static struct hb_waf_bucket *bucket_of(const struct hb_waf_table *t,
                                       uint64_t id);

static const struct {
    uint32_t percent, entry, ways;
} shares[] = {
#define X(name, percent, entry, ways)                                          \
    [HB_WAF_PART_##name] = {percent, entry, ways},
    HB_WAF_SHARES(X)
#undef X
};

/* Changes with the table above: another form is laid out anew. */
static uint32_t form(void)
{
    uint32_t f = HB_WAF_PART_COUNT;

    for (size_t i = 0; i < HB_ARRAY_LEN(shares); i++) {
        f = f * 31 + shares[i].percent;
        f = f * 31 + shares[i].entry;
        f = f * 31 + shares[i].ways;
    }
    return f;
}

int hb_waf_shared_init(void *memory, size_t size, struct hb_waf_shared **ret,
                       struct hb_err *err)
{
    _cleanup_waf_shared_ struct hb_waf_shared *s = NULL;
    int r;

    if (memory == NULL || size < HB_WAF_SHARED_MIN)
        return hb_err_set(err, -EINVAL,
                          _("shared memory of %zu bytes is too small, the "
                            "least is %zu"),
                          size, HB_WAF_SHARED_MIN);
    s = hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*s));
    if (s == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    s->magic = SHARED_MAGIC;
    r = lay_out(s, memory, size);
    if (r < 0)
        return hb_err_set(err, r, _("out of memory"));
    r = fresh(s, size);
    memcpy(s->key, s->region->key, sizeof(s->key));
    *ret = s;
    s = NULL;
    return r;
}

void hb_waf_shared_free(struct hb_waf_shared *s)
{
    if (s == NULL)
        return;
    HB_CHECK(s, SHARED_MAGIC);
    if (s->page != NULL)
        (void)munmap(s->page, (size_t)sysconf(_SC_PAGESIZE));
    s->magic = 0;
    free(s);
}

void hb_waf_shared_freep(struct hb_waf_shared **s)
{
    hb_waf_shared_free(*s);
}

uint64_t hb_waf_shared_counter(const struct hb_waf_shared *s,
                               enum hb_waf_counter which)
{
    HB_CHECK(s, SHARED_MAGIC);
    return atomic_load_explicit(&s->region->count[which], memory_order_relaxed);
}

size_t hb_waf_shared_room(const struct hb_waf_shared *s,
                          enum hb_waf_shared_part part)
{
    HB_CHECK(s, SHARED_MAGIC);
    return (size_t)s->table[part].n * s->table[part].ways;
}

uint64_t hb_waf_shared_now(struct hb_waf_shared *s, uint64_t raw)
{
    struct region *r;
    uint64_t now, last;
    int64_t step;

    HB_CHECK(s, SHARED_MAGIC);
    r = s->region;
    now = HB_MIN(raw, CLOCK_MAX) +
          atomic_load_explicit(&r->skew, memory_order_relaxed);
    last = atomic_load_explicit(&r->last, memory_order_relaxed);
    step = (int64_t)(now - last);
    if (last == 0 || last > CLOCK_MAX || step < -(int64_t)HB_WAF_SLACK_MS ||
        step > (int64_t)HB_WAF_STEP_MS)
        return clock_jump(s, HB_MIN(raw, CLOCK_MAX));
    if (step <= 0)
        return last;
    atomic_store_explicit(&r->last, now, memory_order_relaxed);
    return now;
}

uint64_t hb_waf_shared_hash(const struct hb_waf_shared *s, uint64_t salt,
                            struct hb_slice key)
{
    const uint64_t k[2] = {s->key[0], s->key[1] ^ salt};
    uint64_t id = hb_siphash(k, key);

    return id != 0 ? id : 1;
}

void hb_waf_shared_count(struct hb_waf_shared *s, enum hb_waf_counter which)
{
    atomic_fetch_add_explicit(&s->region->count[which], 1,
                              memory_order_relaxed);
}

/* ---- entries ---- */

static struct hb_waf_slot *slot_at(const struct hb_waf_table *t,
                                   struct hb_waf_bucket *b, uint32_t i)
{
    return (struct hb_waf_slot *)((uint8_t *)(b + 1) + (size_t)i * t->entry);
}

static uint64_t id_of(const struct hb_waf_slot *e)
{
    return atomic_load_explicit(&e->id, memory_order_relaxed);
}

static uint64_t expiry_of(const struct hb_waf_slot *e)
{
    return atomic_load_explicit(&e->expires, memory_order_relaxed);
}

/* What would live longer than anything may is spoilt. */
static bool live(const struct hb_waf_slot *e, uint64_t now)
{
    uint64_t expires = expiry_of(e);

    return expires > now && expires - now <= HB_WAF_LIFE_MS;
}

int hb_waf_held_lock(struct hb_waf_shared *s, enum hb_waf_shared_part part,
                     uint64_t id, struct hb_waf_held *ret)
{
    int r;

    HB_CHECK(s, SHARED_MAGIC);
    *ret = (struct hb_waf_held){.s = s, .t = &s->table[part]};
    ret->b = bucket_of(ret->t, id);
    r = acquire(s, ret->t, ret->b, &ret->word);
    if (r < 0)
        ret->b = NULL;
    else
        hb_fault_crash();
    return r;
}

void hb_waf_held_unlock(struct hb_waf_held *h)
{
    if (h->b == NULL)
        return;
    hb_fault_crash();
    release(h->b, h->word);
    h->b = NULL;
}

void *hb_waf_held_find(const struct hb_waf_held *h, uint64_t id, uint64_t now)
{
    for (uint32_t i = 0; i < h->t->ways; i++) {
        struct hb_waf_slot *e = slot_at(h->t, h->b, i);

        if (id_of(e) == id)
            return live(e, now) ? e : NULL;
    }
    return NULL;
}

void hb_waf_held_touch(struct hb_waf_held *h, const void *entry)
{
    size_t at = (size_t)((const uint8_t *)entry - (uint8_t *)(h->b + 1));

    atomic_store_explicit(&h->b->hand, (uint32_t)(at / h->t->entry) + 1,
                          memory_order_relaxed);
    /* A process that dies has done what stands before in the program. */
    atomic_signal_fence(memory_order_seq_cst);
    hb_fault_crash();
}

/* Word by word: somebody may look at the entry without a lock. */
static void wipe(const struct hb_waf_table *t, struct hb_waf_slot *e)
{
    typedef uint64_t __attribute__((may_alias)) word;
    word *w = (word *)(void *)e;

    for (uint32_t i = 0; i < t->entry / sizeof(*w); i++)
        __atomic_store_n(&w[i], 0, __ATOMIC_RELAXED);
}

void hb_waf_held_erase(struct hb_waf_held *h, void *entry)
{
    hb_waf_held_touch(h, entry);
    wipe(h->t, entry);
}

void *hb_waf_held_claim(struct hb_waf_held *h, uint64_t id, uint64_t now,
                        uint64_t expires, bool keep)
{
    struct hb_waf_slot *best = slot_at(h->t, h->b, 0);
    uint64_t first = UINT64_MAX; /* to expire; 0: free or over */

    for (uint32_t i = 0; i < h->t->ways; i++) {
        struct hb_waf_slot *e = slot_at(h->t, h->b, i);
        uint64_t ends = id_of(e) != 0 && live(e, now) ? expiry_of(e) : 0;

        if (id_of(e) == id) {
            best = e;
            first = 0;
            break;
        }
        if (ends < first) {
            best = e;
            first = ends;
        }
    }
    if (first > 0) {
        if (keep && first > expires)
            return NULL;
        hb_waf_shared_count(h->s, HB_WAF_COUNT_EVICTED);
    }
    hb_waf_held_touch(h, best);
    wipe(h->t, best);
    atomic_store_explicit(&best->id, id, memory_order_relaxed);
    atomic_store_explicit(&best->expires, expires, memory_order_release);
    return best;
}

void *hb_waf_shared_peek(const struct hb_waf_shared *s,
                         enum hb_waf_shared_part part, uint64_t id,
                         uint64_t now)
{
    struct hb_waf_held h = {.t = &s->table[part]};

    h.b = bucket_of(h.t, id);
    return hb_waf_held_find(&h, id, now);
}

int hb_waf_shared_each(struct hb_waf_shared *s, enum hb_waf_shared_part part,
                       uint64_t now, int (*fn)(void *arg, const void *entry),
                       void *arg)
{
    const struct hb_waf_table *t = &s->table[part];
    _Alignas(LINE) uint8_t copy[SMALL_BUCKET];
    struct hb_waf_bucket *c = (struct hb_waf_bucket *)copy;
    uint64_t word;
    int r;

    HB_CHECK(s, SHARED_MAGIC);
    HB_ASSERT(t->bucket <= sizeof(copy));
    for (uint32_t i = 0; i < t->n; i++) {
        struct hb_waf_bucket *b =
            (struct hb_waf_bucket *)(t->at + i * t->bucket);

        if (acquire(s, t, b, &word) < 0)
            continue;
        memcpy(copy, (void *)b, t->bucket);
        release(b, word);
        for (uint32_t k = 0; k < t->ways; k++) {
            const struct hb_waf_slot *e = slot_at(t, c, k);

            if (id_of(e) == 0 || !live(e, now))
                continue;
            r = fn(arg, e);
            if (r != 0)
                return r;
        }
    }
    return 0;
}

/* ---- layout ---- */

static int lay_out(struct hb_waf_shared *s, void *memory, size_t size)
{
    size_t pad = (size_t)(-(uintptr_t)memory & (LINE - 1));
    uint8_t *at = (uint8_t *)memory + pad;
    size_t left = size - pad - REGION_PARTED;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *own;

    s->region = (struct region *)at;
    at += REGION_PARTED;
    for (size_t i = 0; i < HB_ARRAY_LEN(shares); i++) {
        struct hb_waf_table *t = &s->table[i];
        size_t bytes = left / 100 * shares[i].percent;

        t->ways = shares[i].ways;
        t->entry = shares[i].entry;
        t->bucket = BUCKET_HEAD + (size_t)t->ways * t->entry;
        t->bucket = (t->bucket + LINE - 1) / LINE * LINE;
        t->n = (uint32_t)HB_MIN(bytes / t->bucket, UINT32_MAX);
        HB_ASSERT(t->n > 0);
        t->at = at;
        at += t->n * t->bucket;
    }
    own = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
               -1, 0);
    if (own == MAP_FAILED)
        return -ENOMEM;
    s->page = own;
    if (madvise(own, page, MADV_WIPEONFORK) < 0) {
        (void)munmap(own, page);
        s->page = NULL;
    }
    return 0;
}

/* True where the region was laid out anew. */
static bool fresh(struct hb_waf_shared *s, size_t size)
{
    struct region *r = s->region;

    if (r->magic == REGION_MAGIC && r->version == VERSION &&
        r->form == form() && r->size == size)
        return false;
    memset((void *)r, 0, sizeof(*r));
    for (size_t i = 0; i < HB_ARRAY_LEN(s->table); i++)
        clear(s->table[i].at, s->table[i].n * s->table[i].bucket);
    r->version = VERSION;
    r->form = form();
    r->size = size;
    hb_random(r->key, sizeof(r->key));
    atomic_thread_fence(memory_order_release);
    r->magic = REGION_MAGIC;
    return true;
}

/* Shared memory has no pages before they are touched, and gets rid of those
 * that it has (madvise(2): MADV_REMOVE); other memory is written over. */
static void clear(uint8_t *p, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t before = (size_t)(-(uintptr_t)p % page), whole = 0;

    if (before < n)
        whole = (n - before) / page * page;
    if (whole == 0 || madvise(p + before, whole, MADV_REMOVE) < 0) {
        memset(p, 0, n);
        return;
    }
    memset(p, 0, before);
    memset(p + before + whole, 0, n - before - whole);
}

static struct hb_waf_bucket *bucket_of(const struct hb_waf_table *t,
                                       uint64_t id)
{
    size_t i = (size_t)((id >> 32) * t->n >> 32);

    return (struct hb_waf_bucket *)(t->at + i * t->bucket);
}

/* ---- clock ---- */

/* A reading far from the last one moves the skew instead of the time.  Two
 * workers that meet here out of turn undo each other's step at worst. */
static uint64_t clock_jump(struct hb_waf_shared *s, uint64_t raw)
{
    struct region *r = s->region;
    uint64_t last = atomic_load(&r->last), now, word;

    if (acquire(s, NULL, &r->clock, &word) < 0)
        return HB_MIN(last, CLOCK_MAX);
    last = atomic_load(&r->last);
    now = raw + atomic_load(&r->skew);
    if (last == 0 || last > CLOCK_MAX)
        now = raw; /* the first reading, or spoilt */
    else if ((int64_t)(now - last) > (int64_t)HB_WAF_STEP_MS)
        now = last + HB_WAF_STEP_MS;
    else if ((int64_t)(now - last) < -(int64_t)HB_WAF_SLACK_MS)
        now = last;
    atomic_store(&r->skew, now - raw);
    atomic_store(&r->last, now);
    release(&r->clock, word);
    return now;
}

/* ---- locks ---- */

static uint32_t process(struct hb_waf_shared *s)
{
    _Atomic uint32_t *self = s->page;
    uint32_t pid;

    if (self == NULL)
        return (uint32_t)getpid();
    pid = atomic_load_explicit(self, memory_order_relaxed);
    if (pid == 0) {
        pid = (uint32_t)getpid();
        atomic_store_explicit(self, pid, memory_order_relaxed);
    }
    return pid;
}

static bool take(struct hb_waf_bucket *b, uint64_t from, uint64_t mine)
{
    return atomic_compare_exchange_strong_explicit(
        &b->lock, &from, mine, memory_order_acquire, memory_order_relaxed);
}

static int acquire(struct hb_waf_shared *s, const struct hb_waf_table *t,
                   struct hb_waf_bucket *b, uint64_t *ret_word)
{
    uint32_t turn = atomic_load_explicit(&b->turn, memory_order_relaxed) + 1;
    uint64_t mine = (uint64_t)process(s) << 32 | turn;
    int r = take(b, 0, mine) ? 0 : wait_for(s, t, b, mine);

    if (r < 0) {
        hb_waf_shared_count(s, HB_WAF_COUNT_BUSY);
        return r;
    }
    atomic_store_explicit(&b->turn, turn, memory_order_relaxed);
    *ret_word = mine;
    return 0;
}

/* Nobody's word but our own is let go: ours may have been taken over. */
static void release(struct hb_waf_bucket *b, uint64_t word)
{
    uint64_t mine = word;

    atomic_store_explicit(&b->hand, 0, memory_order_release);
    (void)atomic_compare_exchange_strong_explicit(
        &b->lock, &mine, 0, memory_order_release, memory_order_relaxed);
}

static int wait_for(struct hb_waf_shared *s, const struct hb_waf_table *t,
                    struct hb_waf_bucket *b, uint64_t mine)
{
    const struct timespec nap = {0, NAP_NS};
    uint64_t from = 0;

    for (unsigned i = 0;; i++) {
        uint64_t word = atomic_load_explicit(&b->lock, memory_order_relaxed);

        if (word == 0) {
            if (take(b, 0, mine))
                return 0;
            continue;
        }
        if (i < SPINS) {
            atomic_signal_fence(memory_order_seq_cst);
            continue;
        }
        if (from == 0)
            from = hb_mono();
        if (abandoned(b, word)) {
            if (!take(b, word, mine))
                continue;
            repair(t, b);
            hb_waf_shared_count(s, HB_WAF_COUNT_TAKEN_OVER);
            return 0;
        }
        if (atomic_load(&b->watched) == word)
            return -EBUSY; /* somebody waited for it already */
        if (hb_mono() - from > HB_WAF_LOCK_MS * HB_MS) {
            atomic_store(&b->since_ms, hb_mono() / HB_MS);
            atomic_store(&b->watched, word);
            return -EBUSY;
        }
        if (i < SPINS + YIELDS)
            (void)sched_yield();
        else
            (void)nanosleep(&nap, NULL);
    }
}

static bool abandoned(struct hb_waf_bucket *b, uint64_t word)
{
    pid_t pid = (pid_t)(word >> 32);
    uint64_t since;

    /* 0 and negative numbers mean groups to kill(). */
    if (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH))
        return true;
    if (atomic_load(&b->watched) != word)
        return false;
    since = atomic_load(&b->since_ms);
    return hb_mono() / HB_MS - since > HB_WAF_STALE_MS;
}

static void repair(const struct hb_waf_table *t, struct hb_waf_bucket *b)
{
    uint32_t hand = atomic_load(&b->hand);

    if (t != NULL && hand >= 1 && hand <= t->ways)
        wipe(t, slot_at(t, b, hand - 1));
    atomic_store(&b->hand, 0);
}
