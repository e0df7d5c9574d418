/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.c - the helper's journal: file of records, replay, compaction.
 *
 * Runs in the helper.  The directory is root's alone, so the bytes are our
 * own; but a crash or a bad disk may have torn them, so each record proves
 * itself (magic, growing number, SHA-256) and anything else is passed over.
 *
 * Record, little endian: u32 magic, u16 type, u16 0, u64 number, 16 bytes
 * key, 448 bytes of payload by type, 32 bytes SHA-256 of the 480 before.
 * An object's name that does not fit an INTENT stands in MORE records of the
 * same key before it.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cur.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/map.h"
#include "respond/journal.h"

#define JOURNAL_MAGIC 0x4a524e4cu
#define RECORD_MAGIC  0x524a4248u /* "HBJR" */
#define RECORD        512u
#define BODY          480u
#define HEAD          32u
#define CHUNK         (512u * RECORD) /* written ahead at a time */
#define FILE_MAX      (1024u << 20)
#define COMPACT_AT    (32768u * RECORD)
#define KEEP_JOBS     20000u
#define KEEP_TIME     (30 * 86400 * INT64_C(1000000000))
#define FLOORS        4096u

enum record_type { REC_INTENT = 1, REC_MORE, REC_END, REC_MARK, REC_FLOOR };

struct floor {
    uint32_t site;
    uint64_t number;
};

struct hb_journal {
    uint32_t magic;
    int dirfd, fd;
    uint64_t at;   /* where the next record goes */
    uint64_t size; /* of the file, zeroes included */
    uint64_t compact_at;
    uint64_t number;      /* of the last record */
    struct hb_buf wait;   /* records not yet written */
    size_t njobs_written; /* jobs whose intent is in the file */
    struct hb_job **jobs;
    size_t njobs, cap;
    struct hb_map *by_key;
    struct hb_map *by_nonce;
    struct floor *floors;
    size_t nfloors;
    struct hb_buf more; /* object's name so far, while reading ... */
    uint8_t more_key[HB_ACT_KEY_SIZE]; /* ... and whose it is */
};

static int open_file(struct hb_journal *j, struct hb_err *err);
static int replay(struct hb_journal *j, struct hb_journal_report *report);
static bool record_ok(const uint8_t *rec, uint64_t above);
static int record_take(struct hb_journal *j, const uint8_t *rec);
static int take_intent(struct hb_journal *j, const uint8_t *key,
                       struct hb_cur *c, uint64_t number);
static void more_for(struct hb_journal *j, const uint8_t *key);
static void take_end(struct hb_journal *j, const uint8_t *key,
                     struct hb_cur *c);
static void take_mark(struct hb_journal *j, const uint8_t *key,
                      struct hb_cur *c);
static int floor_put(struct hb_journal *j, uint32_t site, uint64_t number);
static int job_keep(struct hb_journal *j, const struct hb_job *job,
                    struct hb_job **ret);
static void job_forget_last(struct hb_journal *j);
static void job_free(struct hb_job *job);
static void record_begin(struct hb_journal *j, struct hb_buf *rec,
                         enum record_type type, const uint8_t *key);
static void record_finish(struct hb_journal *j, struct hb_buf *rec);
static void write_intent(struct hb_journal *j, struct hb_job *job);
static void write_floor(struct hb_journal *j, const struct floor *f);
static int ensure_space(struct hb_journal *j, size_t n);
static bool worth_keeping(const struct hb_journal *j, size_t i, int64_t now);
static int rewrite(struct hb_journal *j);
static bool is_zero(const uint8_t *p, size_t n);

int hb_journal_open(int dirfd, struct hb_journal **ret,
                    struct hb_journal_report *report, struct hb_err *err)
{
    struct hb_journal *j = calloc(1, sizeof(*j));
    int r = -ENOMEM;

    if (j == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    j->magic = JOURNAL_MAGIC;
    j->dirfd = dirfd;
    j->fd = -1;
    j->compact_at = COMPACT_AT;
    hb_buf_init(&j->wait, 0);
    hb_buf_init(&j->more, HB_MAX_PATH);
    *report = (struct hb_journal_report){0};
    j->by_key = hb_map_new();
    j->by_nonce = hb_map_new();
    if (j->by_key != NULL && j->by_nonce != NULL)
        r = open_file(j, err);
    if (r >= 0)
        r = replay(j, report);
    if (r < 0) {
        hb_journal_free(j);
        return hb_err_set(err, r, _("the helper's journal cannot be read"));
    }
    for (size_t i = 0; i < j->njobs; i++)
        report->open += !j->jobs[i]->ended;
    *ret = j;
    return 0;
}

void hb_journal_free(struct hb_journal *j)
{
    if (j == NULL)
        return;
    HB_CHECK(j, JOURNAL_MAGIC);
    for (size_t i = 0; i < j->njobs; i++)
        job_free(j->jobs[i]);
    free(j->jobs);
    free(j->floors);
    hb_map_free(j->by_key);
    hb_map_free(j->by_nonce);
    hb_buf_done(&j->wait);
    hb_buf_done(&j->more);
    hb_close(&j->fd);
    j->magic = 0;
    free(j);
}

struct hb_job *hb_journal_find(struct hb_journal *j,
                               const uint8_t key[HB_ACT_KEY_SIZE])
{
    HB_CHECK(j, JOURNAL_MAGIC);
    return hb_map_get(j->by_key, hb_slice((const char *)key, HB_ACT_KEY_SIZE));
}

struct hb_job *hb_journal_at(struct hb_journal *j, size_t i)
{
    HB_CHECK(j, JOURNAL_MAGIC);
    return i < j->njobs ? j->jobs[i] : NULL;
}

size_t hb_journal_count(const struct hb_journal *j)
{
    HB_CHECK(j, JOURNAL_MAGIC);
    return j->njobs;
}

bool hb_journal_nonce_used(const struct hb_journal *j,
                           const uint8_t nonce[HB_NONCE_SIZE],
                           const uint8_t key[HB_ACT_KEY_SIZE])
{
    const struct hb_job *job;

    HB_CHECK(j, JOURNAL_MAGIC);
    job = hb_map_get(j->by_nonce, hb_slice((const char *)nonce, HB_NONCE_SIZE));
    return job != NULL && memcmp(job->key, key, HB_ACT_KEY_SIZE) != 0;
}

struct hb_job *hb_journal_intent(struct hb_journal *j, const struct hb_job *job)
{
    struct hb_job *kept;

    HB_CHECK(j, JOURNAL_MAGIC);
    HB_ASSERT(hb_journal_find(j, job->key) == NULL);
    if (job_keep(j, job, &kept) < 0)
        return NULL;
    write_intent(j, kept);
    return kept;
}

void hb_journal_end(struct hb_journal *j, const struct hb_job *job)
{
    _cleanup_buf_ struct hb_buf rec = HB_BUF_INIT;
    const struct hb_taken *t = &job->taken;

    HB_CHECK(j, JOURNAL_MAGIC);
    record_begin(j, &rec, REC_END, job->key);
    hb_buf_add_u16(&rec, job->status);
    hb_buf_add_u32(&rec, (uint32_t)job->error);
    hb_buf_add_u32(&rec, job->result);
    hb_buf_add_u8(&rec, job->staged);
    hb_buf_add_u64(&rec, (uint64_t)job->started);
    hb_buf_add_u64(&rec, (uint64_t)job->finished);
    hb_buf_add_u32(&rec, t->mode);
    hb_buf_add_u32(&rec, t->uid);
    hb_buf_add_u32(&rec, t->gid);
    hb_buf_add_u32(&rec, t->nlink);
    hb_buf_add_u64(&rec, t->dev);
    hb_buf_add_u64(&rec, t->ino);
    hb_buf_add_u64(&rec, t->size);
    hb_buf_add_u64(&rec, (uint64_t)t->mtime);
    hb_buf_add_u64(&rec, (uint64_t)t->ctime);
    record_finish(j, &rec);
}

void hb_journal_mark(struct hb_journal *j, const struct hb_job *job)
{
    _cleanup_buf_ struct hb_buf rec = HB_BUF_INIT;

    HB_CHECK(j, JOURNAL_MAGIC);
    record_begin(j, &rec, REC_MARK, job->key);
    hb_buf_add_u8(&rec, job->dropped);
    hb_buf_add_u8(&rec, job->undone);
    record_finish(j, &rec);
}

uint64_t hb_journal_floor(const struct hb_journal *j, uint32_t site)
{
    HB_CHECK(j, JOURNAL_MAGIC);
    for (size_t i = 0; i < j->nfloors; i++) {
        if (j->floors[i].site == site)
            return j->floors[i].number;
    }
    return 0;
}

int hb_journal_set_floor(struct hb_journal *j, uint32_t site, uint64_t number)
{
    int r;

    if (number <= hb_journal_floor(j, site))
        return 0;
    r = floor_put(j, site, number);
    if (r < 0)
        return r;
    write_floor(j, &(struct floor){site, number});
    return hb_journal_flush(j, true);
}

int hb_journal_flush(struct hb_journal *j, bool durable)
{
    int r = hb_buf_err(&j->wait);

    HB_CHECK(j, JOURNAL_MAGIC);
    if (r == 0 && j->wait.n > 0) {
        r = ensure_space(j, j->wait.n);
        if (r >= 0)
            r = hb_pwrite_all(j->fd, j->wait.p, j->wait.n, (off_t)j->at);
    }
    if (r >= 0 && durable)
        r = hb_fdatasync(j->fd);
    if (r < 0) {
        while (j->njobs > j->njobs_written)
            job_forget_last(j);
    } else {
        j->at += j->wait.n;
        j->njobs_written = j->njobs;
    }
    hb_buf_reset(&j->wait);
    return r;
}

int hb_journal_compact(struct hb_journal *j, int64_t now, bool force)
{
    size_t kept = 0;
    int r;

    HB_CHECK(j, JOURNAL_MAGIC);
    HB_ASSERT(j->wait.n == 0);
    if (!force && j->at < j->compact_at)
        return 0;
    for (size_t i = 0; i < j->njobs; i++) {
        struct hb_job *job = j->jobs[i];

        if (worth_keeping(j, i, now)) {
            j->jobs[kept++] = job;
            continue;
        }
        (void)hb_map_del(j->by_key,
                         hb_slice((char *)job->key, sizeof(job->key)));
        (void)hb_map_del(j->by_nonce,
                         hb_slice((char *)job->nonce, sizeof(job->nonce)));
        job_free(job);
    }
    j->njobs = j->njobs_written = kept;
    r = rewrite(j);
    j->compact_at = HB_MAX(COMPACT_AT, 2 * j->at);
    return r;
}

static int open_file(struct hb_journal *j, struct hb_err *err)
{
    struct stat st;

    j->fd = openat(j->dirfd, "journal",
                   O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->fd < 0)
        return -errno;
    if (flock(j->fd, LOCK_EX | LOCK_NB) < 0)
        return hb_err_set(err, -EBUSY,
                          _("another helper works with this journal"));
    if (fstat(j->fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
        (st.st_mode & 077) != 0)
        return -EPERM;
    if (st.st_size > (off_t)FILE_MAX)
        return -EFBIG;
    j->size = (uint64_t)st.st_size;
    /* A rewrite that a crash cut off. */
    (void)unlinkat(j->dirfd, "journal.new", 0);
    return 0;
}

static int replay(struct hb_journal *j, struct hb_journal_report *report)
{
    _cleanup_free_ uint8_t *chunk = malloc(CHUNK);
    uint64_t bad = 0;

    if (chunk == NULL)
        return -ENOMEM;
    for (uint64_t at = 0; at < j->size; at += CHUNK) {
        ssize_t n = hb_pread_full(j->fd, chunk, CHUNK, (off_t)at);

        if (n < 0)
            return (int)n;
        for (size_t i = 0; i < (size_t)n; i += RECORD) {
            size_t left = HB_MIN((size_t)n - i, RECORD);
            int r;

            if (left < RECORD || !record_ok(chunk + i, j->number)) {
                bad += !is_zero(chunk + i, left);
                continue;
            }
            r = record_take(j, chunk + i);
            if (r < 0)
                return r;
            j->at = at + i + RECORD;
            report->records++;
        }
    }
    j->njobs_written = j->njobs;
    report->bad = bad;
    /* What a torn tail left is overwritten by the next record; the file's
     * end must be a whole record. */
    j->size -= j->size % RECORD;
    return 0;
}

/* Numbers only grow: an older record at a later place was left by a write
 * that failed and was done again. */
static bool record_ok(const uint8_t *rec, uint64_t above)
{
    uint8_t sum[HB_SHA256_SIZE];
    struct hb_cur c;

    hb_cur_init(&c, rec, RECORD);
    if (hb_cur_u32(&c) != RECORD_MAGIC)
        return false;
    (void)hb_cur_u32(&c);
    if (hb_cur_u64(&c) <= above)
        return false;
    hb_sha256(rec, BODY, sum);
    return memcmp(sum, rec + BODY, sizeof(sum)) == 0;
}

static int record_take(struct hb_journal *j, const uint8_t *rec)
{
    const uint8_t *key;
    struct hb_slice part;
    struct hb_cur c;
    uint16_t type;

    hb_cur_init(&c, rec, BODY);
    (void)hb_cur_u32(&c);
    type = hb_cur_u16(&c);
    (void)hb_cur_u16(&c);
    j->number = hb_cur_u64(&c);
    key = (const uint8_t *)hb_cur_take(&c, HB_ACT_KEY_SIZE).p;
    switch (type) {
    case REC_MORE:
        part = hb_cur_take(&c, hb_cur_u16(&c));
        more_for(j, key);
        hb_buf_add(&j->more, part.p, part.n);
        return 0;
    case REC_INTENT:
        return take_intent(j, key, &c, j->number);
    case REC_END:
        take_end(j, key, &c);
        return 0;
    case REC_MARK:
        take_mark(j, key, &c);
        return 0;
    case REC_FLOOR: {
        uint32_t site = hb_cur_u32(&c);

        return floor_put(j, site, hb_cur_u64(&c));
    }
    default:
        return -EPROTO; /* a newer version wrote it */
    }
}

static int take_intent(struct hb_journal *j, const uint8_t *key,
                       struct hb_cur *c, uint64_t number)
{
    struct hb_job job = {.number = number}, *kept;
    struct hb_slice s;
    uint16_t total;
    int r;

    memcpy(job.key, key, sizeof(job.key));
    job.action = hb_cur_u16(c);
    job.who = hb_cur_u8(c);
    job.flags = hb_cur_u32(c);
    job.site = hb_cur_u32(c);
    job.entry = hb_cur_u32(c);
    job.baseline = hb_cur_u64(c);
    job.arg = hb_cur_u32(c);
    job.incident = hb_cur_u32(c);
    job.step = hb_cur_u32(c);
    job.uid = hb_cur_u32(c);
    job.pid = (int32_t)hb_cur_u32(c);
    job.asked = (int64_t)hb_cur_u64(c);
    s = hb_cur_take(c, sizeof(job.key2));
    memcpy(job.key2, s.p, s.n);
    s = hb_cur_take(c, sizeof(job.nonce));
    memcpy(job.nonce, s.p, s.n);
    job.nonce_until = (int64_t)hb_cur_u64(c);
    s = hb_cur_take(c, sizeof(job.person) - 1);
    memcpy(job.person, s.p, s.n);
    total = hb_cur_u16(c);
    s = hb_cur_take(c, hb_cur_u16(c));
    more_for(j, key);
    hb_buf_add(&j->more, s.p, s.n);
    /* MORE records may have been torn away: a shorter name is no name. */
    if (hb_buf_err(&j->more) == 0 && j->more.n == total)
        job.object = (char *)(uintptr_t)hb_buf_z(&j->more);
    r = 0;
    if (c->err == 0 && hb_journal_find(j, key) == NULL)
        r = job_keep(j, &job, &kept);
    hb_buf_reset(&j->more);
    return r;
}

/* What was collected for another key lost its intent: nobody's name. */
static void more_for(struct hb_journal *j, const uint8_t *key)
{
    if (memcmp(j->more_key, key, sizeof(j->more_key)) != 0)
        hb_buf_reset(&j->more);
    memcpy(j->more_key, key, sizeof(j->more_key));
}

static void take_end(struct hb_journal *j, const uint8_t *key, struct hb_cur *c)
{
    struct hb_job *job = hb_journal_find(j, key);
    struct hb_taken *t;

    if (job == NULL)
        return;
    t = &job->taken;
    job->ended = true;
    job->status = hb_cur_u16(c);
    job->error = (int32_t)hb_cur_u32(c);
    job->result = hb_cur_u32(c);
    job->staged = hb_cur_u8(c) != 0;
    job->started = (int64_t)hb_cur_u64(c);
    job->finished = (int64_t)hb_cur_u64(c);
    t->mode = hb_cur_u32(c);
    t->uid = hb_cur_u32(c);
    t->gid = hb_cur_u32(c);
    t->nlink = hb_cur_u32(c);
    t->dev = hb_cur_u64(c);
    t->ino = hb_cur_u64(c);
    t->size = hb_cur_u64(c);
    t->mtime = (int64_t)hb_cur_u64(c);
    t->ctime = (int64_t)hb_cur_u64(c);
}

static void take_mark(struct hb_journal *j, const uint8_t *key,
                      struct hb_cur *c)
{
    struct hb_job *job = hb_journal_find(j, key);

    if (job == NULL)
        return;
    job->dropped = hb_cur_u8(c) != 0;
    job->undone = hb_cur_u8(c) != 0;
}

static int floor_put(struct hb_journal *j, uint32_t site, uint64_t number)
{
    struct floor *more;

    for (size_t i = 0; i < j->nfloors; i++) {
        if (j->floors[i].site == site) {
            j->floors[i].number = HB_MAX(j->floors[i].number, number);
            return 0;
        }
    }
    if (j->nfloors >= FLOORS)
        return -E2BIG;
    more = realloc(j->floors, (j->nfloors + 1) * sizeof(*more));
    if (more == NULL)
        return -ENOMEM;
    j->floors = more;
    j->floors[j->nfloors++] = (struct floor){site, number};
    return 0;
}

static int job_keep(struct hb_journal *j, const struct hb_job *job,
                    struct hb_job **ret)
{
    struct hb_job *kept = NULL;

    if (j->njobs == j->cap) {
        size_t cap = j->cap == 0 ? 256 : 2 * j->cap;
        struct hb_job **more = realloc(j->jobs, cap * sizeof(*more));

        if (more == NULL)
            return -ENOMEM;
        j->jobs = more;
        j->cap = cap;
    }
    kept = malloc(sizeof(*kept));
    if (kept == NULL)
        return -ENOMEM;
    *kept = *job;
    kept->object = strdup(job->object != NULL ? job->object : "");
    if (kept->object == NULL ||
        hb_map_put(j->by_key, hb_slice((char *)kept->key, sizeof(kept->key)),
                   kept) < 0) {
        job_free(kept);
        return -ENOMEM;
    }
    if (!is_zero(kept->nonce, sizeof(kept->nonce)) &&
        hb_map_put(j->by_nonce,
                   hb_slice((char *)kept->nonce, sizeof(kept->nonce)),
                   kept) < 0) {
        (void)hb_map_del(j->by_key,
                         hb_slice((char *)kept->key, sizeof(kept->key)));
        job_free(kept);
        return -ENOMEM;
    }
    j->jobs[j->njobs++] = kept;
    *ret = kept;
    return 0;
}

static void job_forget_last(struct hb_journal *j)
{
    struct hb_job *job = j->jobs[--j->njobs];

    (void)hb_map_del(j->by_key, hb_slice((char *)job->key, sizeof(job->key)));
    (void)hb_map_del(j->by_nonce,
                     hb_slice((char *)job->nonce, sizeof(job->nonce)));
    job_free(job);
}

static void job_free(struct hb_job *job)
{
    if (job != NULL)
        free(job->object);
    free(job);
}

static void record_begin(struct hb_journal *j, struct hb_buf *rec,
                         enum record_type type, const uint8_t *key)
{
    static const uint8_t none[HB_ACT_KEY_SIZE];

    hb_buf_add_u32(rec, RECORD_MAGIC);
    hb_buf_add_u16(rec, (uint16_t)type);
    hb_buf_add_u16(rec, 0);
    hb_buf_add_u64(rec, ++j->number);
    hb_buf_add(rec, key != NULL ? key : none, HB_ACT_KEY_SIZE);
}

static void record_finish(struct hb_journal *j, struct hb_buf *rec)
{
    static const uint8_t zeroes[BODY];
    uint8_t sum[HB_SHA256_SIZE];

    HB_ASSERT(hb_buf_err(rec) != 0 || rec->n <= BODY);
    if (hb_buf_err(rec) == 0)
        hb_buf_add(rec, zeroes, BODY - rec->n);
    if (hb_buf_err(rec) != 0) {
        j->wait.err = hb_buf_err(rec); /* the flush will tell */
        return;
    }
    hb_sha256(rec->p, BODY, sum);
    hb_buf_add(&j->wait, rec->p, BODY);
    hb_buf_add(&j->wait, sum, sizeof(sum));
}

static void write_intent(struct hb_journal *j, struct hb_job *job)
{
    enum { FIXED = 128, HERE = BODY - HEAD - FIXED - 4, MORE = 446 };
    _cleanup_buf_ struct hb_buf rec = HB_BUF_INIT;
    char person[HB_PERSON_MAX] = {0};
    size_t total = strlen(job->object), at = 0;

    while (total - at > HERE) {
        _cleanup_buf_ struct hb_buf more = HB_BUF_INIT;
        size_t n = HB_MIN(total - at, (size_t)MORE);

        record_begin(j, &more, REC_MORE, job->key);
        hb_buf_add_u16(&more, (uint16_t)n);
        hb_buf_add(&more, job->object + at, n);
        record_finish(j, &more);
        at += n;
    }
    record_begin(j, &rec, REC_INTENT, job->key);
    job->number = j->number;
    hb_buf_add_u16(&rec, job->action);
    hb_buf_add_u8(&rec, job->who);
    hb_buf_add_u32(&rec, job->flags);
    hb_buf_add_u32(&rec, job->site);
    hb_buf_add_u32(&rec, job->entry);
    hb_buf_add_u64(&rec, job->baseline);
    hb_buf_add_u32(&rec, job->arg);
    hb_buf_add_u32(&rec, job->incident);
    hb_buf_add_u32(&rec, job->step);
    hb_buf_add_u32(&rec, job->uid);
    hb_buf_add_u32(&rec, (uint32_t)job->pid);
    hb_buf_add_u64(&rec, (uint64_t)job->asked);
    hb_buf_add(&rec, job->key2, sizeof(job->key2));
    hb_buf_add(&rec, job->nonce, sizeof(job->nonce));
    hb_buf_add_u64(&rec, (uint64_t)job->nonce_until);
    memcpy(person, job->person, strnlen(job->person, sizeof(person)));
    hb_buf_add(&rec, person, sizeof(person));
    hb_buf_add_u16(&rec, (uint16_t)total);
    hb_buf_add_u16(&rec, (uint16_t)(total - at));
    hb_buf_add(&rec, job->object + at, total - at);
    record_finish(j, &rec);
}

static void write_floor(struct hb_journal *j, const struct floor *f)
{
    _cleanup_buf_ struct hb_buf rec = HB_BUF_INIT;

    record_begin(j, &rec, REC_FLOOR, NULL);
    hb_buf_add_u32(&rec, f->site);
    hb_buf_add_u64(&rec, f->number);
    record_finish(j, &rec);
}

/* Zeroes that are on the disk already make a later flush cheap: no block is
 * allocated, no inode is written. */
static int ensure_space(struct hb_journal *j, size_t n)
{
    _cleanup_free_ uint8_t *zeroes = NULL;
    size_t want;
    int r;

    if (j->at + n <= j->size)
        return 0;
    if (j->at + n > FILE_MAX)
        return -EFBIG;
    want = HB_MAX(CHUNK, n + RECORD - n % RECORD);
    zeroes = calloc(1, want);
    if (zeroes == NULL)
        return -ENOMEM;
    r = hb_pwrite_all(j->fd, zeroes, want, (off_t)j->size);
    if (r >= 0)
        r = hb_fsync(j->fd);
    if (r >= 0)
        j->size += want;
    return r;
}

/* Kept: what is open, what still stands in staging or is in force, nonces
 * that could be tried again, and the newest for "was it done?". */
static bool worth_keeping(const struct hb_journal *j, size_t i, int64_t now)
{
    const struct hb_job *job = j->jobs[i];
    bool state =
        job->action == HB_ACT_WRITER_FREEZE || job->action == HB_ACT_PATH_DENY;

    if (!job->ended || (job->staged && !job->dropped) ||
        (state && !job->undone) ||
        (job->nonce_until != 0 && job->nonce_until > now - KEEP_TIME))
        return true;
    return j->njobs - i <= KEEP_JOBS && job->asked > now - KEEP_TIME;
}

static int rewrite(struct hb_journal *j)
{
    int old = j->fd, r;
    uint64_t at = j->at, size = j->size;

    j->fd = openat(j->dirfd, "journal.new",
                   O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->fd < 0) {
        r = -errno;
        j->fd = old;
        return r;
    }
    j->at = j->size = 0;
    for (size_t i = 0; i < j->nfloors; i++)
        write_floor(j, &j->floors[i]);
    for (size_t i = 0; i < j->njobs; i++) {
        struct hb_job *job = j->jobs[i];

        write_intent(j, job);
        if (job->ended)
            hb_journal_end(j, job);
        if (job->dropped || job->undone)
            hb_journal_mark(j, job);
    }
    r = hb_journal_flush(j, true);
    if (r >= 0 && flock(j->fd, LOCK_EX | LOCK_NB) < 0)
        r = -errno;
    if (r >= 0 && renameat(j->dirfd, "journal.new", j->dirfd, "journal") < 0)
        r = -errno;
    if (r < 0) {
        hb_close(&j->fd);
        (void)unlinkat(j->dirfd, "journal.new", 0);
        j->fd = old;
        j->at = at;
        j->size = size;
        return r;
    }
    hb_close(&old);
    return hb_fsync(j->dirfd);
}

static bool is_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0)
            return false;
    }
    return true;
}
