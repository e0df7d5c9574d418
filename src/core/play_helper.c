/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play_helper.c - actions of playbooks that the privileged helper does, and
 * what becomes of one whose helper dies.
 *
 * Runs in core.  The helper journals its intents, so the same key again is
 * done once or told how it ended.  One that breaks off at every try is asked
 * no more than HB_TRIES times, then only whether it was done (a query changes
 * nothing); what nobody can tell is for a person (TRUST: Actions).
 */
#include "core/play_deed.h"

#include "core/core_reflex.h"
#include "core/play_port.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"

#define TRIES      3u
#define AGAIN_NS   (HB_S / 5)
#define LIMITED_NS (60 * HB_S)

static const char not_there[] = N_("The helper is not connected.");
static const char went_away[] =
    N_("The helper went away and did not come back; nobody can tell whether "
       "it was done.");
static const char broke_off[] =
    N_("The helper broke off at every try; nobody can tell whether it was "
       "done.");
static const char not_begun[] =
    N_("The helper broke off at every try and has not begun it: nothing was "
       "done.");
static const char cut_off[] =
    N_("It was cut off in the middle, and the helper cannot tell how far it "
       "came.");
static const char rate[] =
    N_("The helper's limit of actions in a time does not allow it now.");

static hb_timer_fn ask_again;
static hb_core_answer on_helper, on_query;
static bool look_again(struct hb_deed *d, uint64_t in_ns);
static bool patient(const struct hb_deed *d);
static void settle(struct hb_deed *d, const struct hb_reply *reply);

int hb_core_act_by_helper(struct hb_core *c, const struct hb_play_act *a)
{
    const struct hb_conf_site *site = hb_config_site(c->ctx->config, a->object);
    struct hb_deed *d;
    int rc;

    if (site == NULL)
        return hb_play_answer(c->play, a->key, HB_PLAY_FAILED, "{}",
                              N_("The site is not configured any more."));
    d = hb_deed_new(c, a);
    if (d == NULL)
        return -ENOMEM;
    hb_core_step_request(a->step, site, a->incident, &d->request);
    memcpy(d->request.key, a->key, sizeof(d->request.key));
    d->request.approval_len = (uint16_t)hb_core_approval(
        c, a->incident, &d->request, d->request.approval);
    rc = hb_core_ask(c->helper, &d->request, -1, on_helper, d);
    if (rc == 0)
        return 0;
    hb_deed_free(d);
    if (rc != -ENOTCONN || !hb_deed_gone_too_long(c, a))
        return rc;
    /* Sent before a restart of ours: it may have been done. */
    return hb_play_answer(c->play, a->key,
                          a->again ? HB_PLAY_UNKNOWN : HB_PLAY_FAILED, "{}",
                          a->again ? went_away : not_there);
}

static void on_helper(void *arg, const struct hb_reply *reply, int fd)
{
    struct hb_deed *d = arg;

    hb_close(&fd);
    if (reply == NULL) {
        if (d->breaks++ == 0)
            d->broke = hb_mono();
        hb_log(HB_LOG_WARNING, "%s: the helper broke off, %u of %u", d->name,
               d->breaks, TRIES);
        if (!look_again(d, AGAIN_NS))
            hb_deed_end(d, HB_PLAY_UNKNOWN, "{}", went_away);
    } else if (reply->status != HB_ACT_LIMITED || !patient(d) ||
               !look_again(d, HB_MAX(reply->arg, 200u) * HB_MS)) {
        settle(d, reply);
    }
}

static void on_query(void *arg, const struct hb_reply *reply, int fd)
{
    struct hb_deed *d = arg;

    hb_close(&fd);
    if (reply == NULL)
        hb_deed_end(d, HB_PLAY_UNKNOWN, "{}", broke_off);
    else
        settle(d, reply);
}

static bool look_again(struct hb_deed *d, uint64_t in_ns)
{
    d->timer = hb_loop_timer(d->core->loop, in_ns, AGAIN_NS, ask_again, d);
    return d->timer != NULL;
}

/* Counted from the first break, never anew: who dies at every request would
 * be asked for ever. */
static bool patient(const struct hb_deed *d)
{
    return d->broke != 0 ? hb_mono() - d->broke < d->core->away_ns
                         : hb_mono() - d->began < LIMITED_NS;
}

static void ask_again(void *arg)
{
    struct hb_deed *d = arg;
    bool query = d->breaks >= TRIES;
    struct hb_request r = d->request;
    int rc;

    if (query) {
        r = (struct hb_request){.action = HB_ACT_QUERY};
        memcpy(r.key, d->key, sizeof(r.key));
    }
    rc = hb_core_ask(d->core->helper, &r, -1, query ? on_query : on_helper, d);
    if (rc < 0 && patient(d))
        return;
    hb_timer_stop(d->core->loop, d->timer);
    d->timer = NULL;
    if (rc < 0)
        hb_deed_end(d, HB_PLAY_UNKNOWN, "{}", went_away);
}

static void settle(struct hb_deed *d, const struct hb_reply *reply)
{
    char text[128];

    switch (reply->status) {
    case HB_ACT_DONE:
    case HB_ACT_ALREADY:
        hb_deed_record(d);
        hb_core_reflex_by_person(d->core, d->site, d->incident,
                                 d->request.action == HB_ACT_SITE_PRIVATE);
        hb_core_site_moment(d->core, d->incident, d->name);
        hb_deed_end(d, HB_PLAY_DONE, "{}", "");
        return;
    case HB_ACT_ASK:
        hb_deed_end(d, HB_PLAY_ASK, "{}", "");
        return;
    case HB_ACT_NOT_DONE:
        if (reply->error == 0)
            hb_deed_end(d, HB_PLAY_FAILED, "{}", not_begun);
        else
            hb_deed_end(d, HB_PLAY_UNKNOWN, "{}", cut_off);
        return;
    case HB_ACT_LIMITED:
        hb_deed_end(d, HB_PLAY_FAILED, "{}", rate);
        return;
    default:
        hb_deed_end(d, HB_PLAY_FAILED, "{}",
                    hb_errno_text(reply->error, text, sizeof(text)));
    }
}
