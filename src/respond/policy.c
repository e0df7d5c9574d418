/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.c - whether the helper may do what a permitted role asks: scope,
 * never-touch, rate, reflexes, approvals (TRUST: "Reflexes", "Actions").
 *
 * Runs in the helper.  All that allows anything is a file of root's that a
 * person signed; the request brings at most an approval, verified here.  An
 * action above danger level 0 that neither covers is answered with ASK (G0-1)
 * and nothing is done.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "respond/act.h"
#include "respond/freeze.h"
#include "respond/never.h"

#define REFLEXES_MAX 64u
#define RACY_NS      (100 * (int64_t)HB_MS)

/* Tokens in thousandths, refilled by the clock that never steps. */
struct bucket {
    uint64_t milli, at;
};

struct reflex {
    struct hb_reflex r;
    struct bucket bucket;
};

struct hb_policy_state {
    struct reflex reflexes[REFLEXES_MAX];
    size_t n;
    struct timespec read; /* mtime of etc/reflexes and etc/people */
    struct timespec people;
    bool racy;                  /* changed just before it was read */
    struct bucket requester[3]; /* by enum hb_requester */
    struct hb_never *never;
};

static bool bucket_take(struct bucket *b, uint64_t rate, uint64_t per_ns,
                        uint64_t burst, bool take, uint32_t *ret_wait_ms);
static void read_reflexes(struct hb_helper *h);
static bool changed(const char *etc, const char *name, struct timespec *was,
                    bool *racy);
static bool replay(struct hb_helper *h, struct hb_work *w);
static int settle_scope(struct hb_helper *h, struct hb_work *w);
static int settle_site(struct hb_helper *h, struct hb_work *w);
static int settle_entry(struct hb_work *w);
static int check_never(struct hb_helper *h, struct hb_work *w);
static int check_approval(struct hb_helper *h, struct hb_work *w);
static struct reflex *find_reflex(struct hb_helper *h, const struct hb_work *w);
static void decide_permission(struct hb_helper *h, struct hb_work *w);
static void limited(struct hb_work *w, uint32_t wait_ms);

int hb_policy_open(struct hb_helper *h, struct hb_err *err)
{
    h->policy = calloc(1, sizeof(*h->policy));
    if (h->policy == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    h->policy->racy = true;
    hb_policy_refresh(h);
    return 0;
}

void hb_policy_close(struct hb_helper *h)
{
    if (h->policy != NULL)
        hb_never_free(h->policy->never);
    free(h->policy);
    h->policy = NULL;
}

void hb_policy_refresh(struct hb_helper *h)
{
    struct hb_policy_state *p = h->policy;
    bool racy = false, again;

    again = changed(h->ctx->etc_dir, "reflexes", &p->read, &racy);
    again = changed(h->ctx->etc_dir, "people", &p->people, &racy) || again;
    if (again || p->racy) {
        p->racy = racy;
        read_reflexes(h);
    }
    if (hb_never_refresh(&p->never, h->ctx) < 0)
        hb_tell(h, HB_TELL_POLICY, NULL, "%s",
                _("etc/never-touch cannot be read: nothing is done until it "
                  "can"));
}

void hb_policy_decide(struct hb_helper *h, struct hb_work *w)
{
    int r;

    if (replay(h, w))
        return;
    r = settle_scope(h, w);
    if (w->state == HB_WORK_ANSWERED)
        return;
    if (r >= 0)
        r = check_never(h, w);
    if (r < 0) {
        hb_work_answer(w, HB_ACT_REFUSED, r);
        return;
    }
    decide_permission(h, w);
}

bool hb_policy_never_path(struct hb_helper *h, const char *path)
{
    return hb_never_path(h->policy->never, path);
}

/* The same key again: what it led to, without doing it again. */
static bool replay(struct hb_helper *h, struct hb_work *w)
{
    const struct hb_job *job = hb_journal_find(h->journal, w->req.key);

    if (w->req.action == HB_ACT_QUERY) {
        if (job == NULL || !job->ended) {
            hb_work_answer(w, HB_ACT_NOT_DONE, job != NULL ? -EINPROGRESS : 0);
            return true;
        }
    } else {
        if (job == NULL)
            return false;
        /* Where another action is named, the site is that action's. */
        if (job->action != w->req.action ||
            (job->site != w->req.site && (w->row->flags & HB_CAT_KEY2) == 0) ||
            job->entry != w->req.entry || job->baseline != w->req.baseline ||
            memcmp(job->key2, w->req.key2, sizeof(job->key2)) != 0) {
            hb_work_answer(w, HB_ACT_REFUSED, -EEXIST);
            return true;
        }
    }
    w->rep.staged = job->staged && !job->dropped && !job->undone;
    w->rep.arg = job->result;
    w->rep.started = job->started;
    w->rep.finished = job->finished;
    if (!job->ended)
        hb_work_answer(w, HB_ACT_FAILED, -EINPROGRESS);
    else if (job->status == HB_ACT_DONE && w->req.action != HB_ACT_QUERY)
        hb_work_answer(w, HB_ACT_ALREADY, job->error);
    else
        hb_work_answer(w, job->status, job->error);
    return true;
}

/* What the numbers mean: site, entry, object.  Negative refuses. */
static int settle_scope(struct hb_helper *h, struct hb_work *w)
{
    int r = settle_site(h, w);

    if (r >= 0 && ((w->row->flags & HB_CAT_ENTRY) != 0 ||
                   ((w->row->flags & HB_CAT_SITE) != 0 && w->fd < 0 &&
                    w->req.entry != 0)))
        r = settle_entry(w);
    if (r >= 0 && w->req.action == HB_ACT_FILE_REMOVE) {
        r = hb_remove_object(h, w);
        if (r == -ENOENT) {
            hb_work_answer(w, HB_ACT_ALREADY, 0);
            return 0;
        }
        if (r >= 0)
            r = hb_remove_allowed(h, w);
    }
    if (r >= 0 && w->req.action == HB_ACT_WRITER_FREEZE) {
        r = hb_freeze_object(w->fd, w->req.arg, w->object, sizeof(w->object));
        if (r == -ESRCH) {
            hb_work_answer(w, HB_ACT_ALREADY, r);
            return 0;
        }
    }
    return r < 0 ? r : 0;
}

static int settle_site(struct hb_helper *h, struct hb_work *w)
{
    uint32_t number = w->req.site;

    if ((w->row->flags & HB_CAT_KEY2) != 0) {
        const struct hb_job *job = hb_journal_find(h->journal, w->req.key2);

        if (job == NULL)
            return -ENOENT;
        /* An approval names the site that the undone action had. */
        if (number != 0 && number != job->site)
            return -EINVAL;
        number = w->req.site = job->site;
    }
    w->site = hb_helper_site(h, number);
    return w->site == NULL ? -ENOENT : w->site->error;
}

static int settle_entry(struct hb_work *w)
{
    const struct hb_baseline *b;
    int r = hb_site_baseline(w->site, w->req.baseline, &b);

    if (r >= 0)
        r = hb_baseline_get(b, w->req.entry, &w->entry);
    if (r < 0)
        return r;
    if (w->entry.path.n >= sizeof(w->object) ||
        memchr(w->entry.path.p, '\0', w->entry.path.n) != NULL)
        return -ENAMETOOLONG;
    memcpy(w->object, w->entry.path.p, w->entry.path.n);
    w->object[w->entry.path.n] = '\0';
    return 0;
}

static int check_never(struct hb_helper *h, struct hb_work *w)
{
    const struct hb_never *never = h->policy->never;
    char path[2 * HB_MAX_PATH];

    if (never == NULL)
        return -EPERM; /* unreadable: nothing is sure to be allowed */
    switch ((enum hb_action)w->req.action) {
    case HB_ACT_FILE_RESTORE:
    case HB_ACT_FILE_REMOVE:
    case HB_ACT_PATH_DENY:
    case HB_ACT_PATH_ALLOW:
        (void)snprintf(path, sizeof(path), "%s%s%s", w->site->real,
                       w->object[0] != '\0' ? "/" : "", w->object);
        if (hb_never_path(never, path))
            return -EPERM;
        /* What goes out goes with all that it holds. */
        if ((w->req.action == HB_ACT_FILE_REMOVE &&
             hb_never_within(never, path)) ||
            hb_never_staging(path, w->site->staging_real))
            return -EPERM;
        return 0;
    case HB_ACT_WRITER_FREEZE:
        return hb_never_group(never, w->object) ? -EPERM : 0;
    default:
        return 0;
    }
}

static void decide_permission(struct hb_helper *h, struct hb_work *w)
{
    const struct hb_conf_limits *lim = &h->config->limits;
    struct bucket *bucket = &h->policy->requester[w->who];
    struct reflex *reflex = NULL;
    uint32_t wait_ms = 0;
    int r;

    if (w->row->policy == HB_POLICY_AUTO) {
        w->state = HB_WORK_GO;
        return;
    }
    if (!bucket_take(bucket, (uint64_t)lim->helper_per_second, HB_S,
                     (uint64_t)lim->helper_burst, false, &wait_ms)) {
        limited(w, wait_ms);
        hb_tell(h, HB_TELL_LIMITED, w, "%s", hb_action_name(w->req.action));
        return;
    }
    if (w->req.approval_len > 0) {
        r = check_approval(h, w);
        if (r < 0) {
            hb_work_answer(w, HB_ACT_REFUSED, r);
            hb_tell(h, HB_TELL_REFUSED, w, "%s: %s",
                    hb_action_name(w->req.action), strerror(-r));
            return;
        }
        w->approved = true;
    } else {
        if ((w->req.flags & HB_ACT_F_PUBLISH) != 0 && !w->publish &&
            w->req.action == HB_ACT_FILE_RESTORE)
            w->publish = hb_restore_is_publish(h, w);
        if (!w->publish)
            reflex = find_reflex(h, w);
        if (!w->publish && reflex == NULL) {
            hb_work_answer(w, HB_ACT_ASK, 0);
            return;
        }
        if (reflex != NULL && !bucket_take(&reflex->bucket, reflex->r.rate,
                                           reflex->r.within * HB_S,
                                           reflex->r.rate, true, &wait_ms)) {
            limited(w, wait_ms);
            hb_tell(h, HB_TELL_LIMITED, w, "%s: %s", reflex->r.id,
                    hb_action_name(w->req.action));
            return;
        }
    }
    (void)bucket_take(bucket, (uint64_t)lim->helper_per_second, HB_S,
                      (uint64_t)lim->helper_burst, true, &wait_ms);
    w->state = HB_WORK_GO;
}

static int check_approval(struct hb_helper *h, struct hb_work *w)
{
    enum hb_person_role role;
    struct hb_pub *pub = NULL;
    struct hb_slice object = {"", 0};
    int r;

    r = hb_approval_parse(&w->approval, w->req.approval, w->req.approval_len);
    if (r >= 0)
        r = hb_person_load(h->ctx->etc_dir, w->approval.person, &pub, &role,
                           NULL);
    if (r < 0)
        return r;
    if ((w->row->flags & HB_CAT_FD) != 0)
        object = hb_slice_z(w->object);
    r = role == HB_PERSON_OTHER
            ? -EKEYREJECTED
            : hb_approval_check(&w->approval, w->req.approval, &w->req, object,
                                pub, hb_now());
    hb_pub_free(pub);
    if (r >= 0 &&
        hb_journal_nonce_used(h->journal, w->approval.nonce, w->req.key))
        r = -EALREADY;
    return r;
}

static struct reflex *find_reflex(struct hb_helper *h, const struct hb_work *w)
{
    struct hb_policy_state *p = h->policy;
    int64_t now = hb_now();

    if (w->row->policy != HB_POLICY_REFLEX ||
        (w->req.action == HB_ACT_WRITER_FREEZE &&
         !w->site->conf->freeze_writer))
        return NULL;
    for (size_t i = 0; i < p->n; i++) {
        const struct hb_reflex *r = &p->reflexes[i].r;
        bool here = r->all_sites;

        if ((r->actions & 1u << w->req.action) == 0 || now < r->from ||
            now >= r->until)
            continue;
        for (size_t k = 0; !here && k < r->n_sites; k++)
            here = hb_streq(r->sites[k], w->site->conf->name);
        if (here)
            return &p->reflexes[i];
    }
    return NULL;
}

static void limited(struct hb_work *w, uint32_t wait_ms)
{
    w->rep.arg = wait_ms;
    hb_work_answer(w, HB_ACT_LIMITED, 0);
}

/* RATE tokens in PER_NS, at most BURST at once.  An empty configuration (0)
 * means no limit was set. */
static bool bucket_take(struct bucket *b, uint64_t rate, uint64_t per_ns,
                        uint64_t burst, bool take, uint32_t *ret_wait_ms)
{
    uint64_t now = hb_mono(), full = HB_MAX(burst, 1u) * 1000;
    double grown;

    if (rate == 0)
        return true;
    if (b->at == 0) {
        b->at = now;
        b->milli = full;
    }
    grown = (double)(now - b->at) * (double)rate * 1000.0 / (double)per_ns;
    if (grown >= 1.0) {
        b->milli = grown >= (double)full
                       ? full
                       : HB_MIN(full, b->milli + (uint64_t)grown);
        b->at = now;
    }
    if (b->milli < 1000) {
        *ret_wait_ms = (uint32_t)((double)(1000 - b->milli) / 1000.0 *
                                  (double)per_ns / (double)rate / 1e6) +
                       1;
        return false;
    }
    if (take)
        b->milli -= 1000;
    return true;
}

/* True where the directory is not what it was.  A change in the same tick of
 * the clock as the last reading cannot be seen by its time: then it is read
 * once more later. */
static bool changed(const char *etc, const char *name, struct timespec *was,
                    bool *racy)
{
    char path[HB_MAX_PATH];
    struct stat st = {0};
    int64_t age;
    bool same;

    (void)snprintf(path, sizeof(path), "%s/%s", etc, name);
    (void)stat(path, &st);
    same =
        st.st_mtim.tv_sec == was->tv_sec && st.st_mtim.tv_nsec == was->tv_nsec;
    *was = st.st_mtim;
    age = hb_now() -
          (st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec);
    *racy = *racy || (age > -RACY_NS && age < RACY_NS);
    return !same;
}

/* Reflexes that hold; buckets go on where the id stays. */
static void read_reflexes(struct hb_helper *h)
{
    struct hb_policy_state *p = h->policy;
    _cleanup_free_ struct reflex *old = NULL;
    char path[HB_MAX_PATH];
    size_t nold = p->n;
    struct dirent *d;
    DIR *list;

    old = malloc(sizeof(p->reflexes));
    if (old == NULL)
        return;
    memcpy(old, p->reflexes, sizeof(p->reflexes));
    p->n = 0;
    (void)snprintf(path, sizeof(path), "%s/reflexes", h->ctx->etc_dir);
    list = opendir(path);
    while (list != NULL && (d = readdir(list)) != NULL && p->n < REFLEXES_MAX) {
        struct reflex *r = &p->reflexes[p->n];
        char id[HB_PERSON_MAX + 1];
        size_t n = strlen(d->d_name);
        struct hb_err err = {0};

        if (n < 6 || n - 5 >= sizeof(id) ||
            !hb_streq(d->d_name + n - 5, ".json"))
            continue;
        memcpy(id, d->d_name, n - 5);
        id[n - 5] = '\0';
        *r = (struct reflex){0};
        if (hb_reflex_load(h->ctx->etc_dir, id, &r->r, &err) < 0) {
            hb_tell(h, HB_TELL_POLICY, NULL, "%s: %s", id, err.message);
            continue;
        }
        for (size_t i = 0; i < nold; i++) {
            if (hb_streq(old[i].r.id, id))
                r->bucket = old[i].bucket;
        }
        p->n++;
    }
    if (list != NULL)
        (void)closedir(list);
}
