/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.c - many requests acted on together, and what a crash cut off.
 *
 * Runs in the helper.  The order is the promise: nothing is done before its
 * intent is on the disk; content is on the disk before its name; an end is
 * written before the answer is sent.
 */
#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "respond/act.h"

static void refresh(struct hb_helper *h, struct hb_work *w, size_t n);
static void decide(struct hb_helper *h, struct hb_work *w);
static int write_intents(struct hb_helper *h, struct hb_work *w, size_t n);
static void intent_of(struct hb_job *job, const struct hb_work *w);
static size_t restores_from(struct hb_work *w, size_t i, size_t n);
static void run_restores(struct hb_helper *h, struct hb_work *w, size_t n);
static void run_one(struct hb_helper *h, struct hb_work *w);
static void write_ends(struct hb_helper *h, struct hb_work *w, size_t n);
static void recover_job(struct hb_helper *h, struct hb_job *job);
static void recover_work(struct hb_helper *h, struct hb_work *w);

static unsigned crash_at;

void hb_helper_crash_at(unsigned n)
{
    crash_at = n;
}

void hb_step(void)
{
    if (crash_at != 0 && --crash_at == 0)
        (void)raise(SIGKILL);
}

void hb_work_answer(struct hb_work *w, enum hb_act_status status, int error)
{
    w->rep.status = (uint16_t)status;
    w->rep.error = error;
    if (w->rep.finished == 0)
        w->rep.finished = hb_now();
    if (w->rep.started == 0)
        w->rep.started = w->rep.finished;
    w->state = HB_WORK_ANSWERED;
}

void hb_batch_run(struct hb_helper *h, struct hb_work *w, size_t n)
{
    refresh(h, w, n);
    for (size_t i = 0; i < n; i++)
        decide(h, &w[i]);
    if (write_intents(h, w, n) < 0)
        return;
    for (size_t i = 0; i < n;) {
        size_t run = restores_from(w, i, n);

        if (run > 0) {
            run_restores(h, w + i, run);
            i += run;
            continue;
        }
        if (w[i].state == HB_WORK_GO)
            run_one(h, &w[i]);
        i++;
    }
    write_ends(h, w, n);
    /* The same key twice in one batch: the first has its end now. */
    for (size_t i = 0; i < n; i++) {
        if (w[i].state == HB_WORK_NEW)
            hb_policy_decide(h, &w[i]);
        if (w[i].state != HB_WORK_ANSWERED)
            hb_work_answer(&w[i], HB_ACT_FAILED, -EAGAIN);
    }
}

/* After the answers: what can wait until nobody does. */
void hb_batch_settle(struct hb_helper *h)
{
    for (size_t i = 0; i < h->nsites; i++) {
        struct hb_site *s = &h->sites[i];

        if (!s->moved)
            continue;
        s->moved = false;
        if (s->staging >= 0 && hb_fsync(s->staging) < 0)
            hb_tell(h, HB_TELL_FAILED, NULL, "%s", s->staging_real);
        hb_site_reserve_make(s);
    }
    if (hb_journal_compact(h->journal, hb_now(), false) < 0)
        hb_tell(h, HB_TELL_JOURNAL, NULL, "%s", _("it cannot be rewritten"));
}

/* Actions that a crash left without an end. */
void hb_recover(struct hb_helper *h)
{
    struct hb_job *job;

    for (size_t i = 0; (job = hb_journal_at(h->journal, i)) != NULL; i++) {
        if (!job->ended)
            recover_job(h, job);
    }
    if (hb_journal_flush(h->journal, true) < 0)
        hb_tell(h, HB_TELL_JOURNAL, NULL, "%s", _("it cannot be written"));
    hb_batch_settle(h);
}

static void refresh(struct hb_helper *h, struct hb_work *w, size_t n)
{
    hb_helper_refresh(h);
    for (size_t i = 0; i < h->nsites; i++) {
        struct hb_site *s = &h->sites[i];
        const struct hb_baseline *b;
        bool unknown = false;

        for (size_t k = 0; k < n && !unknown; k++)
            unknown = w[k].req.site == (uint64_t)s->conf->number &&
                      w[k].req.baseline != 0 &&
                      hb_site_baseline(s, w[k].req.baseline, &b) < 0;
        hb_site_refresh(h, s, unknown);
    }
}

static void decide(struct hb_helper *h, struct hb_work *w)
{
    int r;

    hb_policy_decide(h, w);
    if (w->state != HB_WORK_GO || (w->req.flags & HB_ACT_F_DRY_RUN) == 0)
        return;
    if (w->req.action != HB_ACT_FILE_RESTORE) {
        hb_work_answer(w, HB_ACT_DONE, 0);
        return;
    }
    r = hb_restore_differs(h, w);
    w->rep.arg = r > 0 ? (uint32_t)r : 0;
    hb_work_answer(w, r == 0 ? HB_ACT_ALREADY : HB_ACT_DONE, 0);
}

static int write_intents(struct hb_helper *h, struct hb_work *w, size_t n)
{
    size_t count = 0;
    int r = 0;

    for (size_t i = 0; i < n; i++) {
        struct hb_job job;

        if (w[i].state != HB_WORK_GO || (w[i].row->flags & HB_CAT_JOURNAL) == 0)
            continue;
        if (hb_journal_find(h->journal, w[i].req.key) != NULL) {
            w[i].state = HB_WORK_NEW; /* again, later in this batch */
            continue;
        }
        if (w[i].approved &&
            hb_journal_nonce_used(h->journal, w[i].approval.nonce,
                                  w[i].req.key)) {
            hb_work_answer(&w[i], HB_ACT_REFUSED, -EALREADY);
            continue;
        }
        intent_of(&job, &w[i]);
        w[i].job = hb_journal_intent(h->journal, &job);
        if (w[i].job == NULL)
            hb_work_answer(&w[i], HB_ACT_FAILED, -ENOMEM);
        else
            count++;
    }
    hb_step();
    if (count > 0)
        r = hb_journal_flush(h->journal, true);
    hb_step();
    for (size_t i = 0; r < 0 && i < n; i++) {
        /* No intent, no action. */
        w[i].job = NULL;
        if (w[i].state != HB_WORK_ANSWERED)
            hb_work_answer(&w[i], HB_ACT_FAILED, r);
    }
    if (r < 0)
        hb_tell(h, HB_TELL_JOURNAL, NULL, "%s", strerror(-r));
    return r;
}

static void intent_of(struct hb_job *job, const struct hb_work *w)
{
    const struct hb_request *r = &w->req;

    *job = (struct hb_job){
        .action = r->action,
        .who = (uint8_t)w->who,
        .flags = r->flags,
        .site = r->site,
        .entry = r->entry,
        .arg = r->arg,
        .incident = r->incident,
        .step = r->step,
        .baseline = r->baseline,
        .uid = w->peer.uid,
        .pid = w->peer.pid,
        .asked = hb_now(),
        .object = (char *)(uintptr_t)w->object,
    };
    memcpy(job->key, r->key, sizeof(job->key));
    memcpy(job->key2, r->key2, sizeof(job->key2));
    if (w->approved) {
        memcpy(job->nonce, w->approval.nonce, sizeof(job->nonce));
        memcpy(job->person, w->approval.person, sizeof(job->person));
        job->nonce_until = w->approval.expires;
    }
}

/* How many restores of different paths follow each other from I: they share
 * their flushes. */
static size_t restores_from(struct hb_work *w, size_t i, size_t n)
{
    size_t end = i;

    for (; end < n; end++) {
        if (w[end].state == HB_WORK_ANSWERED)
            continue;
        if (w[end].state != HB_WORK_GO ||
            w[end].req.action != HB_ACT_FILE_RESTORE)
            break;
        for (size_t k = i; k < end; k++) {
            if (w[k].state == HB_WORK_GO && w[k].site == w[end].site &&
                (w[k].req.entry == w[end].req.entry ||
                 (w[k].entry.nlink_group != 0 &&
                  w[k].entry.nlink_group == w[end].entry.nlink_group)))
                return end - i;
        }
    }
    return end - i;
}

static void run_restores(struct hb_helper *h, struct hb_work *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (w[i].state == HB_WORK_GO)
            hb_restore_stage(h, &w[i]);
    }
    hb_restore_sync(h, w, n);
    for (size_t i = 0; i < n; i++) {
        if (w[i].state != HB_WORK_GO)
            continue;
        hb_restore_place(h, &w[i]);
        w[i].site->moved = true;
    }
}

static void run_one(struct hb_helper *h, struct hb_work *w)
{
    switch ((enum hb_action)w->req.action) {
    case HB_ACT_FILE_RESTORE:
        run_restores(h, w, 1);
        break;
    case HB_ACT_FILE_REMOVE:
        hb_remove(h, w);
        break;
    case HB_ACT_SITE_PRIVATE:
        hb_private(h, w, true);
        break;
    case HB_ACT_SITE_PUBLIC:
        hb_private(h, w, false);
        break;
    case HB_ACT_WRITER_FREEZE:
        hb_freeze(h, w);
        break;
    case HB_ACT_WRITER_THAW:
        hb_thaw(h, w, NULL);
        break;
    case HB_ACT_PATH_DENY:
        hb_deny(h, w, true);
        break;
    case HB_ACT_PATH_ALLOW:
        hb_deny(h, w, false);
        break;
    case HB_ACT_STAGED_OPEN:
        hb_staged_open(h, w);
        break;
    case HB_ACT_STAGED_DROP:
        hb_staged_drop(h, w);
        break;
    case HB_ACT_UNDO:
        hb_undo(h, w);
        break;
    default:
        hb_panic(__FILE__, __LINE__, "action");
    }
    if (w->site != NULL && (w->row->flags & HB_CAT_JOURNAL) != 0)
        w->site->moved = true;
}

static void write_ends(struct hb_helper *h, struct hb_work *w, size_t n)
{
    bool any = false, durable = false;
    int r;

    for (size_t i = 0; i < n; i++) {
        struct hb_job *job = w[i].job;

        if (job == NULL)
            continue;
        job->ended = true;
        job->status = w[i].rep.status;
        job->error = w[i].rep.error;
        job->result = w[i].rep.arg;
        job->staged = w[i].rep.staged != 0;
        job->started = w[i].rep.started;
        job->finished = w[i].rep.finished;
        job->taken = w[i].taken;
        hb_journal_end(h->journal, job);
        /* -EAGAIN: somebody moved it; who asked looks again. */
        if (w[i].rep.status == HB_ACT_FAILED && w[i].rep.error != -EAGAIN)
            hb_tell(h, HB_TELL_FAILED, &w[i], "%s %s: %s",
                    hb_action_name(w[i].req.action), w[i].object,
                    strerror(-w[i].rep.error));
        any = true;
        /* What cannot be recognised after a crash must be known. */
        durable = durable || (w[i].row->flags & HB_CAT_REPEAT) == 0;
    }
    if (!any)
        return;
    hb_step();
    r = hb_journal_flush(h->journal, durable);
    hb_step();
    if (r < 0)
        hb_tell(h, HB_TELL_JOURNAL, NULL, "%s", strerror(-r));
}

static void recover_job(struct hb_helper *h, struct hb_job *job)
{
    struct hb_work *w = &h->work[0];

    *w = (struct hb_work){.fd = -1, .out_fd = -1, .staged_fd = -1};
    w->row = hb_catalogue(job->action);
    w->job = job;
    w->who = job->who;
    w->peer = (struct hb_peer){.pid = job->pid, .uid = job->uid};
    w->req = (struct hb_request){.action = job->action,
                                 .flags = job->flags,
                                 .site = job->site,
                                 .entry = job->entry,
                                 .baseline = job->baseline,
                                 .arg = job->arg,
                                 .incident = job->incident,
                                 .step = job->step};
    memcpy(w->req.key, job->key, sizeof(job->key));
    memcpy(w->req.key2, job->key2, sizeof(job->key2));
    (void)hb_copyz(w->object, sizeof(w->object), job->object);
    w->site = hb_helper_site(h, job->site);
    if (w->row == NULL || (w->row->flags & HB_CAT_REPEAT) == 0 ||
        w->site == NULL || w->site->error < 0)
        /* Perhaps done, perhaps not: only a person can tell. */
        hb_work_answer(w, HB_ACT_NOT_DONE, -EINPROGRESS);
    else
        recover_work(h, w);
    if (w->row == NULL)
        w->row = hb_catalogue(HB_ACT_QUERY);
    write_ends(h, w, 1);
    hb_close(&w->staged_fd);
}

static void recover_work(struct hb_helper *h, struct hb_work *w)
{
    const struct hb_baseline *b;
    bool entry = false;

    if (hb_site_baseline(w->site, w->req.baseline, &b) >= 0 &&
        hb_baseline_get(b, w->req.entry, &w->entry) >= 0)
        entry = true;
    w->state = HB_WORK_GO;
    if (w->req.action == HB_ACT_FILE_RESTORE && entry)
        hb_restore_recover(h, w);
    else if (w->req.action == HB_ACT_FILE_RESTORE ||
             w->req.action == HB_ACT_FILE_REMOVE)
        hb_remove_recover(h, w);
    else if ((w->row->flags & HB_CAT_ENTRY) != 0 && !entry)
        hb_work_answer(w, HB_ACT_FAILED, -ESTALE);
    else if (w->req.action == HB_ACT_SITE_PRIVATE && w->req.entry != 0 &&
             !entry)
        hb_work_answer(w, HB_ACT_FAILED, -ESTALE);
    else
        run_one(h, w);
    w->site->moved = true;
}
