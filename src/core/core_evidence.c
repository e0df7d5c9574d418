/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_evidence.c - brings what the helper took out of a site into the
 * evidence store, and signs checkpoints that leave the machine.
 *
 * What waits in staging stands in the table `staged`, written in the same
 * transaction as the finding: after a crash it is fetched again.  The helper
 * gives a descriptor for reading; only when the evidence store has it, durable
 * and hashed, may the helper drop its copy.
 *
 * An item over which the helper dies must not keep the others from being
 * taken, nor kill the helper for ever: after a break they are asked for one at
 * a time, and one that was alone TRIES times is given up and told.
 */
#include "core/core.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/num.h"

#define AT_ONCE  8u
#define TRIES    3
#define ITEM_MAX (512ull << 20)

struct fetch {
    struct hb_core *core;
    char key[2 * HB_ACT_KEY_SIZE + 1];
    char path[HB_MAX_PATH];
    int64_t incident, row;
    bool taken; /* the store has it, only the helper's copy is left */
    bool alone; /* nothing else about staging was asked with it */
};

static hb_core_answer on_opened, on_dropped;
static hb_evidence_fn same_source;

static int fetch_one(struct hb_core *c, struct fetch *f);
static int keep(struct fetch *f, int fd);
static int record(struct fetch *f, const struct hb_evidence_item *item);
static int drop_one(struct fetch *f);
static void broke_off(struct fetch *f);
static int give_up(struct fetch *f);
static int64_t next_row(struct hb_core *c);

int hb_core_staged_note(struct hb_core *c, const char *key_hex,
                        int64_t incident, const char *path,
                        const char *event_uid)
{
    uint8_t key[HB_ACT_KEY_SIZE];

    if (hb_unhex(hb_slice_z(key_hex), key, sizeof(key)) < 0)
        return 0; /* a sender's nonsense is not worth losing the batch */
    return hb_db_exec(c->state.db,
                      "INSERT INTO staged(key, incident, path, event_uid,"
                      " evidence) VALUES(?1, ?2, ?3, ?4, 0)"
                      " ON CONFLICT(key) DO NOTHING",
                      "titt", key_hex, incident, path, event_uid);
}

void hb_core_staged_fetch(struct hb_core *c)
{
    struct fetch *list[AT_ONCE];
    size_t n = 0, most = c->staged_singly > 0 ? 1u : AT_ONCE;
    struct hb_stmt *q;

    if (c->staged_flying > 0 || !hb_core_helper_alive(c->helper))
        return;
    if (c->staged_doubtful == 0)
        c->staged_doubtful = next_row(c);
    if (hb_db_stmt(c->state.db,
                   "SELECT key, incident, path, evidence, rowid FROM staged"
                   " WHERE evidence = 0 OR (evidence > 0 AND dropped = 0)"
                   " ORDER BY broke, rowid LIMIT 8",
                   &q) < 0)
        return;
    while (n < most && hb_stmt_step(q) == 1) {
        struct fetch *f = calloc(1, sizeof(*f));

        if (f == NULL)
            break;
        f->core = c;
        f->incident = hb_stmt_col_int(q, 1);
        f->taken = hb_stmt_col_int(q, 3) > 0;
        f->row = hb_stmt_col_int(q, 4);
        (void)hb_copyz(f->key, sizeof(f->key), hb_stmt_col_text(q, 0));
        (void)hb_copyz(f->path, sizeof(f->path), hb_stmt_col_text(q, 2));
        list[n++] = f;
    }
    hb_stmt_reset(q);
    for (size_t i = 0; i < n; i++) {
        list[i]->alone = n == 1;
        if ((list[i]->taken ? drop_one(list[i]) : fetch_one(c, list[i])) < 0)
            free(list[i]);
    }
}

static int fetch_one(struct hb_core *c, struct fetch *f)
{
    struct hb_request r = {.action = HB_ACT_STAGED_OPEN};
    int rc = hb_unhex(hb_slice_z(f->key), r.key2, sizeof(r.key2));

    if (rc < 0)
        return rc;
    r.incident = (uint32_t)f->incident;
    hb_random(r.key, sizeof(r.key));
    rc = hb_core_ask(c->helper, &r, -1, on_opened, f);
    if (rc == 0)
        c->staged_flying++;
    return rc;
}

static void on_opened(void *arg, const struct hb_reply *reply, int fd)
{
    struct fetch *f = arg;
    struct hb_core *c = f->core;
    int r;

    c->staged_flying--;
    if (reply == NULL) {
        broke_off(f);
        return;
    }
    r = reply->status == HB_ACT_DONE     ? keep(f, fd)
        : reply->status == HB_ACT_FAILED ? -ENOENT
                                         : -EAGAIN;
    if (r == 0 && drop_one(f) == 0)
        return;
    if (r < 0)
        hb_log(HB_LOG_WARNING, "evidence of %s could not be taken: %s", f->path,
               strerror(-r));
    /* Gone or not a file (a FIFO, a link): the event tells what it was; what
     * cannot be copied is not asked for for ever.  All else (a full disk, a
     * store that refuses) is tried again by the timer, not at once. */
    if ((r == -ENOENT || r == -EINVAL || r == -EFBIG || r == -EBADF) &&
        hb_db_exec(c->state.db,
                   "UPDATE staged SET evidence = -1 WHERE key = ?1", "t",
                   f->key) < 0)
        hb_log(HB_LOG_WARNING, "the table of what is staged refuses");
    free(f);
}

static int drop_one(struct fetch *f)
{
    struct hb_request r = {.action = HB_ACT_STAGED_DROP};
    int rc = hb_unhex(hb_slice_z(f->key), r.key2, sizeof(r.key2));

    if (rc < 0)
        return rc;
    r.incident = (uint32_t)f->incident;
    hb_random(r.key, sizeof(r.key));
    rc = hb_core_ask(f->core->helper, &r, -1, on_dropped, f);
    if (rc == 0)
        f->core->staged_flying++;
    return rc;
}

/* Dropped or, by an earlier request whose answer was lost, gone. */
static void on_dropped(void *arg, const struct hb_reply *reply, int fd)
{
    struct fetch *f = arg;
    struct hb_core *c = f->core;
    int r = 0;

    c->staged_flying--;
    hb_close(&fd);
    if (reply == NULL) {
        broke_off(f);
        return;
    }
    if (c->staged_singly > 0)
        c->staged_singly--;
    if (reply->status == HB_ACT_DONE || reply->status == HB_ACT_ALREADY ||
        reply->status == HB_ACT_FAILED)
        r = hb_db_exec(c->state.db,
                       "UPDATE staged SET dropped = 1 WHERE key = ?1", "t",
                       f->key);
    free(f);
    if (r == 0 && c->staged_flying == 0)
        hb_core_staged_fetch(c);
}

static void broke_off(struct fetch *f)
{
    struct hb_core *c = f->core;
    int64_t broke = 0;
    int r = 0;

    c->staged_singly = AT_ONCE;
    if (f->alone) {
        r = hb_db_exec(c->state.db,
                       "UPDATE staged SET broke = broke + 1 WHERE key = ?1",
                       "t", f->key);
        if (r == 0)
            r = hb_db_number(c->state.db, &broke,
                             "SELECT broke FROM staged WHERE key = ?1", "t",
                             f->key);
        if (r == 1 && broke >= TRIES)
            r = give_up(f);
    }
    if (r < 0)
        hb_log(HB_LOG_WARNING, "the table of what is staged refuses: %s",
               strerror(-r));
    free(f);
}

/* What the store has already is no loss: only the helper's copy stays. */
static int give_up(struct fetch *f)
{
    struct hb_core *c = f->core;
    struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;
    int r;

    hb_log(HB_LOG_ERR, "the helper broke off %d times over %s: left in staging",
           TRIES, f->path);
    if (f->taken)
        return hb_db_exec(c->state.db,
                          "UPDATE staged SET dropped = 1 WHERE key = ?1", "t",
                          f->key);
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "name", f->path);
    hb_jw_end_obj(&w);
    r = hb_db_begin(c->state.db);
    if (r == 0) {
        r = hb_db_exec(c->state.db,
                       "UPDATE staged SET evidence = -1 WHERE key = ?1", "t",
                       f->key);
        if (r == 0)
            r = hb_timeline_add(&c->state, f->incident, hb_now(),
                                "evidence.refused", "role:core",
                                hb_buf_z(&args), "");
        if (r == 0)
            r = hb_db_commit(c->state.db);
        if (r < 0)
            hb_db_rollback(c->state.db);
    }
    hb_buf_done(&args);
    return r;
}

static int keep(struct fetch *f, int fd)
{
    char source[96];
    struct hb_evidence_item item = {
        .incident = f->incident,
        .kind = "file",
        .name = f->path,
        .taken_by = "role:core",
        .source = source,
    };
    _cleanup_close_ int own = fd;
    int r;

    if (own < 0)
        return -EBADF;
    (void)snprintf(source, sizeof(source), "helper staging %s", f->key);
    if (f->row < f->core->staged_doubtful) {
        r = hb_evidence_each(f->core->state.evidence, f->incident, same_source,
                             &item);
        if (r < 0)
            return r;
    }
    r = item.number > 0
            ? 0
            : hb_evidence_add_fd(f->core->state.evidence, &item, fd, ITEM_MAX);
    if (r == 0)
        r = record(f, &item);
    if (r < 0 && item.number > 0)
        f->core->staged_doubtful = next_row(f->core);
    return r;
}

/* Whether it stands in the store already: fills in what the record needs. */
static int same_source(void *arg, const struct hb_evidence_item *i)
{
    struct hb_evidence_item *item = arg;

    if (!hb_streq(i->source, item->source))
        return 0;
    item->number = i->number;
    item->size = i->size;
    memcpy(item->sha256, i->sha256, sizeof(item->sha256));
    return 0;
}

static int64_t next_row(struct hb_core *c)
{
    int64_t n = 0;
    int r = hb_db_number(c->state.db, &n,
                         "SELECT coalesce(max(rowid), 0) + 1 FROM staged", "");

    /* Where it cannot be known all are doubtful. */
    return r < 0 ? INT64_MAX : n;
}

static int record(struct fetch *f, const struct hb_evidence_item *item)
{
    struct hb_core *c = f->core;
    int64_t told = 0;
    int r = hb_db_begin(c->state.db);

    if (r < 0)
        return r;
    r = hb_db_exec(c->state.db,
                   "UPDATE staged SET evidence = ?2 WHERE key = ?1", "ti",
                   f->key, item->number);
    /* The evidence log has all of them; the timeline stays readable. */
    if (r == 0)
        r = hb_timeline_count(&c->state, f->incident, &told);
    if (r == 0 && told < 2 * HB_CORE_TOLD_MAX)
        r = hb_core_evidence_told(c, item);
    if (r == 0)
        r = hb_db_commit(c->state.db);
    if (r < 0)
        hb_db_rollback(c->state.db);
    return r;
}

int hb_core_evidence_told(struct hb_core *c,
                          const struct hb_evidence_item *item)
{
    struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;
    int r;

    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "number", item->number);
    hb_jw_str(&w, "name", item->name);
    hb_jw_str(&w, "sha256", item->sha256);
    hb_jw_int(&w, "size", item->size);
    hb_jw_end_obj(&w);
    r = hb_buf_err(&args);
    if (r == 0)
        r = hb_timeline_add(&c->state, item->incident, hb_now(),
                            "evidence.taken", item->taken_by, hb_buf_z(&args),
                            "");
    hb_buf_done(&args);
    return r;
}
