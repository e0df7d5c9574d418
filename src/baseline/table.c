/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c - the table of a baseline as bytes: making, validating, reading.
 *
 * All numbers little endian.  The file is
 *
 *     header   128 bytes
 *       0  magic "HNBBASE1"          40  u64 offset of entries (128)
 *       8  u32 version (1)           48  u64 offset of the heap
 *      12  u32 size of header (128)  56  u64 bytes of the heap
 *      16  u64 number                64  site, NUL-padded to 64
 *      24  i64 created, ns
 *      32  u32 count
 *      36  u32 size of entry (88)
 *     entries  count * 88 bytes, sorted bytewise by path, the root first
 *       0  u64 size                  64  u32 group of hard links
 *       8  i64 mtime, ns             68  u32 target at (heap)
 *      16  SHA-256                   72  u32 attributes at (heap)
 *      48  u32 path at (heap)        76  u32 attributes, bytes
 *      52  u16 path, bytes           80  u16 target, bytes
 *      54  u16 mode                  82  u8 type
 *      56  u32 uid                   83  u8 0
 *      60  u32 gid                   84  u32 names of the inode
 *     heap     the rest of the file
 *
 * Read by compare, the helper (as root) and clients.  Although only signed
 * tables are used, the layout is checked in full once, so that a bug of the
 * builder or a leaked key cannot become a wild read in a privileged role; the
 * accessors then rely on that check, because the memory is read only.
 */
#include "baseline/table.h"

#include <endian.h>
#include <sys/mman.h>

#include "base/fault.h"
#include "base/i18n.h"

#define MAGIC_TEXT  "HNBBASE1"
#define VERSION     1u
#define HEADER_SIZE 128u
#define ENTRY_SIZE  88u
#define OBJ_MAGIC   0x48426162u

struct hb_baseline {
    uint32_t magic;
    uint8_t *map;
    size_t n;
    const uint8_t *entries;
    const uint8_t *heap;
    uint64_t heap_n;
    uint32_t count;
    uint64_t number;
    int64_t created;
    char site[HB_SITE_SIZE];
    uint8_t digest[HB_SHA256_SIZE];
};

static uint64_t heap_size(struct hb_base_entry *const *entries, size_t n);
static void put_header(uint8_t *p, const struct hb_table_head *head, size_t n,
                       uint64_t heap_n);
static uint32_t put_heap(uint8_t *heap, uint64_t *at, struct hb_slice s);
static void put_entry(uint8_t *p, const struct hb_base_entry *e, uint8_t *heap,
                      uint64_t *at);
static int check_header(struct hb_baseline *b);
static int check_entries(const struct hb_baseline *b);
static int check_entry(const struct hb_baseline *b, const uint8_t *p,
                       uint32_t index, struct hb_slice previous);
static bool parent_ok(const struct hb_baseline *b, struct hb_slice path,
                      struct hb_slice *known);
static bool xattrs_ok(struct hb_slice all);
static bool in_heap(const struct hb_baseline *b, uint64_t at, uint64_t n);
static const uint8_t *entry_at(const struct hb_baseline *b, uint32_t index);
static struct hb_slice path_of(const struct hb_baseline *b, uint32_t index);
static void decode(const struct hb_baseline *b, uint32_t index,
                   struct hb_base_entry *ret);
static int compare_entries(const void *a, const void *b);
static uint32_t lower_bound(const struct hb_baseline *b, struct hb_slice path);

static inline uint16_t get16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return le16toh(v);
}

static inline uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return le32toh(v);
}

static inline uint64_t get64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return le64toh(v);
}

static inline void put16(uint8_t *p, uint16_t v)
{
    v = htole16(v);
    memcpy(p, &v, sizeof(v));
}

static inline void put32(uint8_t *p, uint32_t v)
{
    v = htole32(v);
    memcpy(p, &v, sizeof(v));
}

static inline void put64(uint8_t *p, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, sizeof(v));
}

/* --- making --- */

void *hb_table_alloc(size_t n)
{
    void *p;

    if (hb_fault(HB_FAULT_ALLOC))
        return NULL;
    p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
             0);
    return p != MAP_FAILED ? p : NULL;
}

void hb_table_free(void *map, size_t n)
{
    if (map != NULL)
        (void)munmap(map, n);
}

int hb_table_make(const struct hb_table_head *head,
                  struct hb_base_entry *const *entries, size_t n, void **ret,
                  size_t *ret_n)
{
    uint64_t heap_n = heap_size(entries, n), at = 0;
    uint64_t size = HEADER_SIZE + (uint64_t)n * ENTRY_SIZE + heap_n;
    uint8_t *map, *heap;

    if (n == 0 || n > UINT32_MAX || heap_n > UINT32_MAX || size > HB_TABLE_MAX)
        return -EFBIG;
    map = hb_table_alloc((size_t)size);
    if (map == NULL)
        return -ENOMEM;
    put_header(map, head, n, heap_n);
    heap = map + HEADER_SIZE + n * ENTRY_SIZE;
    for (size_t i = 0; i < n; i++)
        put_entry(map + HEADER_SIZE + i * ENTRY_SIZE, entries[i], heap, &at);
    HB_ASSERT(at == heap_n);
    *ret = map;
    *ret_n = (size_t)size;
    return 0;
}

int hb_path_order(struct hb_slice a, struct hb_slice b)
{
    size_t n = HB_MIN(a.n, b.n);
    int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

    if (c != 0)
        return c;
    return a.n < b.n ? -1 : a.n > b.n;
}

void hb_table_sort(struct hb_base_entry **v, size_t n)
{
    qsort(v, n, sizeof(*v), compare_entries);
}

/* --- reading --- */

int hb_table_adopt(void *map, size_t n, struct hb_baseline **ret,
                   struct hb_err *err)
{
    struct hb_baseline *b =
        hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*b));
    int r = 0;

    if (b == NULL) {
        hb_table_free(map, n);
        return -ENOMEM;
    }
    b->magic = OBJ_MAGIC;
    b->map = map;
    b->n = n;
    if (mprotect(map, n, PROT_READ) < 0)
        r = -errno;
    if (r == 0)
        r = check_header(b);
    if (r == 0)
        r = check_entries(b);
    if (r < 0) {
        hb_baseline_free(b);
        if (r == -EBADMSG)
            return hb_err_set(err, r, _("the baseline's table is damaged"));
        return r;
    }
    hb_sha256(b->map, b->n, b->digest);
    *ret = b;
    return 0;
}

int hb_table_parse(struct hb_slice bytes, struct hb_baseline **ret,
                   struct hb_err *err)
{
    void *map;

    if (bytes.n < HEADER_SIZE || bytes.n > HB_TABLE_MAX)
        return hb_err_set(err, -EBADMSG, _("the baseline's table is damaged"));
    map = hb_table_alloc(bytes.n);
    if (map == NULL)
        return -ENOMEM;
    memcpy(map, bytes.p, bytes.n);
    return hb_table_adopt(map, bytes.n, ret, err);
}

struct hb_slice hb_table_bytes(const struct hb_baseline *b)
{
    HB_CHECK(b, OBJ_MAGIC);
    return hb_slice((const char *)b->map, b->n);
}

void hb_table_set_digest(struct hb_baseline *b,
                         const uint8_t digest[HB_SHA256_SIZE])
{
    HB_CHECK(b, OBJ_MAGIC);
    memcpy(b->digest, digest, HB_SHA256_SIZE);
}

void hb_baseline_free(struct hb_baseline *b)
{
    if (b == NULL)
        return;
    HB_CHECK(b, OBJ_MAGIC);
    hb_table_free(b->map, b->n);
    b->magic = 0;
    free(b);
}

void hb_baseline_freep(struct hb_baseline **b)
{
    hb_baseline_free(*b);
    *b = NULL;
}

const char *hb_baseline_site(const struct hb_baseline *b)
{
    HB_CHECK(b, OBJ_MAGIC);
    return b->site;
}

uint64_t hb_baseline_number(const struct hb_baseline *b)
{
    HB_CHECK(b, OBJ_MAGIC);
    return b->number;
}

uint32_t hb_baseline_count(const struct hb_baseline *b)
{
    HB_CHECK(b, OBJ_MAGIC);
    return b->count;
}

int64_t hb_baseline_created(const struct hb_baseline *b)
{
    HB_CHECK(b, OBJ_MAGIC);
    return b->created;
}

const uint8_t *hb_baseline_digest(const struct hb_baseline *b)
{
    HB_CHECK(b, OBJ_MAGIC);
    return b->digest;
}

int hb_baseline_get(const struct hb_baseline *b, uint32_t index,
                    struct hb_base_entry *ret)
{
    HB_CHECK(b, OBJ_MAGIC);
    if (index >= b->count)
        return -ENOENT;
    decode(b, index, ret);
    return 0;
}

int hb_baseline_find(const struct hb_baseline *b, struct hb_slice path,
                     struct hb_base_entry *ret)
{
    uint32_t i;

    HB_CHECK(b, OBJ_MAGIC);
    i = lower_bound(b, path);
    if (i == b->count || !hb_slice_eq(path_of(b, i), path))
        return -ENOENT;
    decode(b, i, ret);
    return 0;
}

uint32_t hb_baseline_below(const struct hb_baseline *b, struct hb_slice path,
                           uint32_t *ret_first)
{
    char from[HB_MAX_PATH + 1];
    uint32_t first, end;

    HB_CHECK(b, OBJ_MAGIC);
    if (path.n == 0) {
        *ret_first = 1;
        return b->count - 1;
    }
    *ret_first = b->count;
    if (path.n >= HB_MAX_PATH)
        return 0;
    /* What is below "a" begins with "a/" and ends before "a0", the byte that
     * follows the slash. */
    memcpy(from, path.p, path.n);
    from[path.n] = '/';
    first = lower_bound(b, hb_slice(from, path.n + 1));
    from[path.n] = '/' + 1;
    end = lower_bound(b, hb_slice(from, path.n + 1));
    *ret_first = first;
    return end - first;
}

bool hb_table_path_ok(struct hb_slice path)
{
    size_t from = 0;

    if (path.n == 0 || path.n >= HB_MAX_PATH)
        return false;
    for (size_t i = 0; i <= path.n; i++) {
        size_t n = i - from;

        if (i < path.n && path.p[i] == '\0')
            return false;
        if (i < path.n && path.p[i] != '/')
            continue;
        if (n == 0 || n > HB_MAX_NAME || (n == 1 && path.p[from] == '.') ||
            (n == 2 && path.p[from] == '.' && path.p[from + 1] == '.'))
            return false;
        from = i + 1;
    }
    return true;
}

bool hb_site_ok(const char *site)
{
    size_t n = strlen(site);

    if (n == 0 || n >= HB_SITE_SIZE || site[0] == '.' || site[0] == '-' ||
        hb_streq(site, "objects"))
        return false;
    for (size_t i = 0; i < n; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz"
                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
                   site[i]) == NULL)
            return false;
    return true;
}

bool hb_xattr_next(struct hb_slice all, size_t *at, struct hb_slice *ret_name,
                   struct hb_slice *ret_value, bool *ret_unread)
{
    const uint8_t *p = (const uint8_t *)all.p + *at;
    size_t left = all.n - *at;
    uint32_t name_n, value_n;

    if (left < 6)
        return false;
    name_n = get16(p);
    value_n = get32(p + 2);
    *ret_unread = value_n == UINT32_MAX;
    if (*ret_unread)
        value_n = 0;
    if (name_n > left - 6 || value_n > left - 6 - name_n)
        return false;
    *ret_name = hb_slice((const char *)p + 6, name_n);
    *ret_value = hb_slice((const char *)p + 6 + name_n, value_n);
    *at += 6 + name_n + value_n;
    return true;
}

/* --- static: making --- */

static uint64_t heap_size(struct hb_base_entry *const *entries, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += entries[i]->path.n + entries[i]->target.n + entries[i]->xattrs.n;
    return sum;
}

static void put_header(uint8_t *p, const struct hb_table_head *head, size_t n,
                       uint64_t heap_n)
{
    memcpy(p, MAGIC_TEXT, 8);
    put32(p + 8, VERSION);
    put32(p + 12, HEADER_SIZE);
    put64(p + 16, head->number);
    put64(p + 24, (uint64_t)head->created);
    put32(p + 32, (uint32_t)n);
    put32(p + 36, ENTRY_SIZE);
    put64(p + 40, HEADER_SIZE);
    put64(p + 48, HEADER_SIZE + n * ENTRY_SIZE);
    put64(p + 56, heap_n);
    HB_ASSERT(hb_site_ok(head->site));
    memcpy(p + 64, head->site, strlen(head->site));
}

static uint32_t put_heap(uint8_t *heap, uint64_t *at, struct hb_slice s)
{
    uint32_t where = (uint32_t)*at;

    if (s.n > 0)
        memcpy(heap + *at, s.p, s.n);
    *at += s.n;
    return where;
}

static void put_entry(uint8_t *p, const struct hb_base_entry *e, uint8_t *heap,
                      uint64_t *at)
{
    put64(p, e->size);
    put64(p + 8, (uint64_t)e->mtime);
    if (e->sha256 != NULL)
        memcpy(p + 16, e->sha256, HB_SHA256_SIZE);
    put32(p + 48, put_heap(heap, at, e->path));
    put16(p + 52, (uint16_t)e->path.n);
    put16(p + 54, e->mode);
    put32(p + 56, e->uid);
    put32(p + 60, e->gid);
    put32(p + 64, e->nlink_group);
    put32(p + 68, put_heap(heap, at, e->target));
    put32(p + 72, put_heap(heap, at, e->xattrs));
    put32(p + 76, (uint32_t)e->xattrs.n);
    put16(p + 80, (uint16_t)e->target.n);
    p[82] = (uint8_t)e->type;
    put32(p + 84, e->nlink);
}

/* --- static: checking --- */

static int check_header(struct hb_baseline *b)
{
    const uint8_t *p = b->map;
    size_t site_n;

    if (b->n < HEADER_SIZE || memcmp(p, MAGIC_TEXT, 8) != 0 ||
        get32(p + 8) != VERSION || get32(p + 12) != HEADER_SIZE ||
        get32(p + 36) != ENTRY_SIZE || get64(p + 40) != HEADER_SIZE)
        return -EBADMSG;
    b->number = get64(p + 16);
    b->created = (int64_t)get64(p + 24);
    b->count = get32(p + 32);
    b->heap_n = get64(p + 56);
    /* Each part ends where the next begins: nothing between, nothing after. */
    if (b->count == 0 || b->number == 0 ||
        get64(p + 48) != HEADER_SIZE + (uint64_t)b->count * ENTRY_SIZE ||
        b->heap_n > UINT32_MAX || get64(p + 48) + b->heap_n != b->n)
        return -EBADMSG;
    site_n = strnlen((const char *)p + 64, HB_SITE_SIZE);
    if (site_n == HB_SITE_SIZE)
        return -EBADMSG;
    for (size_t i = site_n; i < HB_SITE_SIZE; i++)
        if (p[64 + i] != 0)
            return -EBADMSG;
    memcpy(b->site, p + 64, HB_SITE_SIZE);
    if (!hb_site_ok(b->site))
        return -EBADMSG;
    b->entries = p + HEADER_SIZE;
    b->heap = b->entries + (size_t)b->count * ENTRY_SIZE;
    return 0;
}

static int check_entries(const struct hb_baseline *b)
{
    struct hb_slice previous = {NULL, 0}, parent = {NULL, 0};
    uint64_t heap_sum = 0;

    for (uint32_t i = 0; i < b->count; i++) {
        const uint8_t *p = entry_at(b, i);
        int r = check_entry(b, p, i, previous);

        if (r < 0)
            return r;
        heap_sum += (uint64_t)get16(p + 52) + get16(p + 80) + get32(p + 76);
        previous = path_of(b, i);
        if (i > 0 && !parent_ok(b, previous, &parent))
            return -EBADMSG;
    }
    /* The heap holds what the entries need and nothing else. */
    return heap_sum == b->heap_n ? 0 : -EBADMSG;
}

static int check_entry(const struct hb_baseline *b, const uint8_t *p,
                       uint32_t index, struct hb_slice previous)
{
    static const uint8_t zero[HB_SHA256_SIZE];
    uint16_t path_n = get16(p + 52), target_n = get16(p + 80);
    uint8_t type = p[82];
    struct hb_slice path, target, xattrs;

    if (type < HB_BT_DIR || type > HB_BT_LINK || p[83] != 0 ||
        (get16(p + 54) & ~07777u) != 0 || !in_heap(b, get32(p + 48), path_n) ||
        !in_heap(b, get32(p + 68), target_n) ||
        !in_heap(b, get32(p + 72), get32(p + 76)) ||
        get32(p + 76) > HB_TABLE_MAX_XATT)
        return -EBADMSG;
    path = path_of(b, index);
    if (index == 0
            ? path_n != 0 || type != HB_BT_DIR
            : !hb_table_path_ok(path) || hb_path_order(previous, path) >= 0)
        return -EBADMSG;
    target = hb_slice((const char *)b->heap + get32(p + 68), target_n);
    xattrs = hb_slice((const char *)b->heap + get32(p + 72), get32(p + 76));
    if (!xattrs_ok(xattrs))
        return -EBADMSG;
    if (type == HB_BT_LINK) {
        if (target_n == 0 || target_n >= HB_MAX_PATH ||
            memchr(target.p, 0, target.n) != NULL)
            return -EBADMSG;
    } else if (target_n != 0) {
        return -EBADMSG;
    }
    if (type == HB_BT_FILE) {
        if (get64(p) > INT64_MAX || get32(p + 84) == 0)
            return -EBADMSG;
    } else if (get64(p) != 0 || get32(p + 84) != 0 || get32(p + 64) != 0) {
        return -EBADMSG;
    }
    if (type == HB_BT_DIR && memcmp(p + 16, zero, sizeof(zero)) != 0)
        return -EBADMSG;
    return 0;
}

/* Its directory must stand in the table; KNOWN remembers the last one, which
 * is the right one for nearly every entry. */
static bool parent_ok(const struct hb_baseline *b, struct hb_slice path,
                      struct hb_slice *known)
{
    struct hb_slice parent = path;
    uint32_t i;

    while (parent.n > 0 && parent.p[parent.n - 1] != '/')
        parent.n--;
    if (parent.n == 0)
        return true; /* the root */
    parent.n--;
    if (hb_slice_eq(parent, *known))
        return true;
    i = lower_bound(b, parent);
    if (i == b->count || !hb_slice_eq(path_of(b, i), parent) ||
        entry_at(b, i)[82] != HB_BT_DIR)
        return false;
    *known = parent;
    return true;
}

static bool xattrs_ok(struct hb_slice all)
{
    struct hb_slice name, value, last = {NULL, 0};
    bool unread;
    size_t at = 0;

    while (at < all.n) {
        if (!hb_xattr_next(all, &at, &name, &value, &unread) || unread ||
            name.n == 0 || name.n > HB_MAX_NAME ||
            memchr(name.p, 0, name.n) != NULL ||
            (last.p != NULL && hb_path_order(last, name) >= 0))
            return false;
        last = name;
    }
    return true;
}

static bool in_heap(const struct hb_baseline *b, uint64_t at, uint64_t n)
{
    return at <= b->heap_n && n <= b->heap_n - at;
}

/* --- static: access --- */

static const uint8_t *entry_at(const struct hb_baseline *b, uint32_t index)
{
    return b->entries + (size_t)index * ENTRY_SIZE;
}

/* Also called by parent_ok() on entries that were not checked yet: a bound of
 * its own. */
static struct hb_slice path_of(const struct hb_baseline *b, uint32_t index)
{
    const uint8_t *p = entry_at(b, index);
    uint32_t at = get32(p + 48);
    uint16_t n = get16(p + 52);

    if (!in_heap(b, at, n))
        return hb_slice(NULL, 0);
    return hb_slice((const char *)b->heap + at, n);
}

static void decode(const struct hb_baseline *b, uint32_t index,
                   struct hb_base_entry *ret)
{
    const uint8_t *p = entry_at(b, index);

    *ret = (struct hb_base_entry){
        .index = index,
        .type = (enum hb_base_type)p[82],
        .mode = get16(p + 54),
        .uid = get32(p + 56),
        .gid = get32(p + 60),
        .nlink_group = get32(p + 64),
        .nlink = get32(p + 84),
        .size = get64(p),
        .mtime = (int64_t)get64(p + 8),
        .sha256 = p + 16,
        .path = path_of(b, index),
        .target =
            hb_slice((const char *)b->heap + get32(p + 68), get16(p + 80)),
        .xattrs =
            hb_slice((const char *)b->heap + get32(p + 72), get32(p + 76)),
    };
}

static int compare_entries(const void *a, const void *b)
{
    const struct hb_base_entry *const *x = a, *const *y = b;

    return hb_path_order((*x)->path, (*y)->path);
}

/* The first entry that is not before PATH. */
static uint32_t lower_bound(const struct hb_baseline *b, struct hb_slice path)
{
    uint32_t low = 0, high = b->count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (hb_path_order(path_of(b, mid), path) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}
