/* SPDX-License-Identifier: Apache-2.0 */
/* tool.c - see tool.h. */
#include "portal/looks.h"
#include "portal/tool.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "guard/share/address.h"
#include "guard/share/content.h"
#include "portal/part.h"
#include "portal/wrong.h"

#define PATIENCE (60 * HB_S)
#define PIECE    (256u << 10)

struct portal_tool {
    struct hb_portal p;
};

static int judge(struct portal_tool *t, const struct portal_tool_draft *d,
                 struct hb_share_verdict *ret, struct hb_err *err);
static int fill(struct portal_tool *t, const struct portal_tool_draft *d,
                int64_t id, struct hb_err *err);
static int send_file(struct portal_tool *t, const struct portal_tool_draft *d,
                     int64_t id, size_t i, struct hb_err *err);
static int told(struct portal_tool *t, int r, const char *what,
                struct hb_err *err);

int portal_tool_open(const struct hb_role_ctx *ctx, struct portal_tool **ret,
                     struct hb_err *err)
{
    struct portal_tool *t = calloc(1, sizeof(*t));
    int r;

    if (t == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    t->p.ctx = ctx;
    t->p.config = ctx->config;
    r = portal_open(&t->p, err);
    if (r < 0) {
        portal_close(&t->p);
        free(t);
        return r;
    }
    *ret = t;
    return 0;
}

int portal_tool_close(struct portal_tool *t)
{
    uint64_t end = hb_mono() + PATIENCE;
    int r = 0;

    while (portal_post_waiting(t->p.post) > 0 ||
           hb_bus_unacknowledged(t->p.bus) > 0) {
        if (hb_mono() > end) {
            r = -ETIMEDOUT;
            break;
        }
        r = hb_loop_turn(t->p.loop, 200);
        if (r < 0)
            break;
        r = 0;
    }
    portal_close(&t->p);
    free(t);
    return r;
}

struct hb_share_store *portal_tool_store(struct portal_tool *t)
{
    return t->p.store;
}

int portal_tool_new(struct portal_tool *t, const struct portal_tool_draft *d,
                    struct hb_share_verdict *ret, int64_t *ret_id,
                    struct hb_err *err)
{
    const struct hb_share_who who = {d->owner, ""};
    const struct hb_share_draft draft = {
        .kind = d->invitation ? HB_SHARE_IN : HB_SHARE_OUT,
        .note = d->note,
        .days = d->days,
        .most = d->most,
    };
    int64_t id = 0;
    int r, gone;

    *ret_id = 0;
    if (d->dry)
        return judge(t, d, ret, err);
    r = hb_share_new(t->p.store, &who, &draft, &id);

    if (r < 0)
        return told(t, r, _("the note or the numbers"), err);
    r = fill(t, d, id, err);
    if (r == 0) {
        r = portal_looks_wait(&t->p, id);
        if (r < 0)
            r = told(t, r, _("the files"), err);
    }
    if (r == 0) {
        r = hb_share_submit(t->p.store, id, &who, ret);
        if (r < 0)
            r = told(t, r, _("the share"), err);
    }
    if (r == 0 && ret->decision != HB_SHARE_REFUSE) {
        *ret_id = id;
        r = ret->decision == HB_SHARE_ALLOW
                ? portal_letter_links(&t->p, id, &who)
                : portal_letter_waiting(&t->p, id);
        return r < 0 ? told(t, r, _("the mails"), err) : 0;
    }
    gone = hb_share_delete(t->p.store, id, &who);
    return r < 0 ? r : gone < 0 ? told(t, gone, _("the draft"), err) : 0;
}

int portal_tool_wrong(struct portal_tool *t, int64_t share, int64_t recipient,
                      const char *who, hb_share_exposure_fn *fn, void *arg)
{
    return portal_wrong(&t->p, share, recipient,
                        &(struct hb_share_who){who, "", true}, fn, arg);
}

int portal_tool_link(struct portal_tool *t, int64_t recipient, const char *who)
{
    return portal_letter_link(&t->p, recipient,
                              &(struct hb_share_who){who, "", true});
}

int portal_tool_links(struct portal_tool *t, int64_t share, const char *who)
{
    return portal_letter_links(&t->p, share,
                               &(struct hb_share_who){who, "", true});
}

/* ---- static ---- */

/* The same function that hb_share_submit() asks, without a share. */
static int judge(struct portal_tool *t, const struct portal_tool_draft *d,
                 struct hb_share_verdict *ret, struct hb_err *err)
{
    const struct hb_share_rules *rules = &t->p.rules;
    struct hb_share_ask ask = {
        .owner = d->owner,
        .life = (d->days > 0 ? d->days : rules->days) * HB_SHARE_DAY_NS,
        .most = d->most > 0 ? d->most : rules->most,
        .files = (int64_t)d->files_n,
        .recipients_n = d->to_n,
    };
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char **keys =
        a != NULL ? HB_NEW_N(a, const char *, d->to_n + 1) : NULL;

    if (keys == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    for (size_t i = 0; i < d->to_n; i++) {
        char key[HB_SHARE_ADDRESS];
        int r = hb_share_address(hb_slice_z(d->to[i]), key, NULL);

        if (r < 0)
            return told(t, r, d->to[i], err);
        keys[i] = hb_arena_strdup(a, key);
        if (keys[i] == NULL)
            return hb_err_set(err, -ENOMEM, _("out of memory"));
    }
    ask.recipients = keys;
    for (size_t i = 0; i < d->files_n; i++) {
        char head[16];
        ssize_t n = pread(d->files[i].fd, head, sizeof(head), 0);

        ask.bytes += d->files[i].size;
        ask.file_bytes = HB_MAX(ask.file_bytes, d->files[i].size);
        ask.executable =
            ask.executable ||
            hb_share_executable(d->files[i].name,
                                hb_slice(head, (size_t)HB_MAX(n, 0)));
    }
    hb_share_policy(rules, &ask, ret);
    return 0;
}

static int fill(struct portal_tool *t, const struct portal_tool_draft *d,
                int64_t id, struct hb_err *err)
{
    const struct hb_share_who who = {d->owner, ""};
    int r = 0;

    for (size_t i = 0; r == 0 && i < d->to_n; i++) {
        int64_t recipient;

        r = hb_share_add_recipient(t->p.store, id, &who, d->to[i], &recipient);
        if (r == -EEXIST)
            r = 0;
        if (r < 0)
            r = told(t, r, d->to[i], err);
    }
    for (size_t i = 0; r == 0 && i < d->files_n; i++)
        r = send_file(t, d, id, i, err);
    return r;
}

static int send_file(struct portal_tool *t, const struct portal_tool_draft *d,
                     int64_t id, size_t i, struct hb_err *err)
{
    static uint8_t buf[PIECE];
    const struct hb_share_who who = {d->owner, ""};
    const struct portal_tool_file *f = &d->files[i];
    struct hb_share_upload *u = NULL;
    int64_t file;
    int r = hb_share_upload_new(t->p.store, id, &who, f->name,
                                "application/octet-stream", f->size, &file);

    if (r == 0)
        r = hb_share_upload_open(t->p.store, file, (struct hb_slice){NULL, 0},
                                 &u);
    while (r == 0 && hb_share_upload_at(u) < f->size) {
        ssize_t n = read(f->fd, buf, sizeof(buf));

        if (n <= 0) {
            r = n < 0 ? hb_neg_errno() : -ENODATA;
            break;
        }
        r = hb_share_upload_write(u, buf, (size_t)n);
        if (r == 0 && d->progress != NULL)
            d->progress(d->arg, i, hb_share_upload_at(u));
    }
    if (r == 0)
        r = hb_share_upload_end(u, &who, NULL);
    if (u != NULL)
        hb_share_upload_close(u);
    return r < 0 ? told(t, r, f->name, err) : 0;
}

static int told(struct portal_tool *t, int r, const char *what,
                struct hb_err *err)
{
    const char *why = r == -EINVAL    ? _("this cannot be used")
                      : r == -EILSEQ  ? _("write its domain with xn--")
                      : r == -E2BIG   ? _("more than the rules allow")
                      : r == -EFBIG   ? _("larger than the rules allow")
                      : r == -EDQUOT  ? _("its owner's space is full")
                      : r == -ENOSPC  ? _("the portal is full")
                      : r == -EEXIST  ? _("it is there twice")
                      : r == -ENODATA ? _("nothing to share, or nobody to "
                                          "share it with")
                      : r == -ENOENT  ? _("there is no such thing")
                      : r == -EBUSY   ? _("not in this state")
                                      : NULL;
    const struct hb_err *store = hb_share_err(t->p.store);

    if (why != NULL)
        return hb_err_set(err, r, "%s: %s", what, why);
    return store->code < 0 ? hb_err_set(err, r, "%s: %s", what, store->message)
                           : hb_err_set(err, r, "%s: %s", what, strerror(-r));
}
