/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portal.c - the role portal: see portal.h.
 *
 * Runs as hinoban-portal.  Strangers speak to it, so it connects to nobody:
 * letters go through the role post, contents are looked at by the role look,
 * and core hears of it by events.  One process, one thread, one store; the
 * library below lets others (the command line's requests come here, too) in.
 */
#include "portal/portal.h"

#include <stdio.h>

#include "base/i18n.h"
#include "base/log.h"
#include "base/sock.h"
#include "guard/share/keep.h"
#include "portal/looks.h"
#include "portal/uploads.h"

#define RING       (1u << 20)
#define KEEP_EVERY (30 * HB_S)

static int setup(struct hb_portal *p, struct hb_err *err);
static int open_store(struct hb_portal *p, struct hb_err *err);
static hb_timer_fn on_keep;
static hb_share_remind_fn remind;
static void done(struct hb_portal *p);

int hb_portal_main(const struct hb_role_ctx *ctx)
{
    struct hb_portal p = {.ctx = ctx, .config = ctx->config};
    char text[HB_MAX_ERR + 512];
    struct hb_err err = {0};
    int r = setup(&p, &err);

    if (r == 0) {
        hb_notify("READY=1");
        r = hb_loop_run(p.loop, NULL, NULL);
    } else {
        hb_err_format(&err, text, sizeof(text));
        hb_log(HB_LOG_ERR, _("the share portal cannot start: %s"), text);
        r = EXIT_FAILURE;
    }
    done(&p);
    return r;
}

/* ---- static ---- */

static int setup(struct hb_portal *p, struct hb_err *err)
{
    char why[128];
    int r;

    hb_i18n_use((enum hb_lang)p->config->organisation.language);
    /* Nobody wants a portal: nothing is opened. */
    if (p->config->share.listen.n == 0) {
        p->loop = hb_loop_new();
        return p->loop != NULL ? 0
                               : hb_err_set(err, -ENOMEM, _("out of memory"));
    }
    r = portal_open(p, err);
    if (r < 0)
        return r;
    r = portal_uploads_new(p, &p->uploads);
    if (r == 0)
        r = portal_looks_new(p, 0, &p->looks);
    if (r == 0 &&
        hb_loop_timer(p->loop, KEEP_EVERY, KEEP_EVERY, on_keep, p) == NULL)
        r = -ENOMEM;
    if (r < 0)
        return hb_err_set(err, r, "%s", hb_errno_text(r, why, sizeof(why)));
    r = portal_http_open(p, err);
    return r < 0 ? r : portal_say(p, HB_SEV_INFO, "ready", "");
}

int portal_open(struct hb_portal *p, struct hb_err *err)
{
    char path[HB_MAX_PATH], why[128];
    int r;

    p->loop = hb_loop_new();
    p->arena = hb_arena_new(0);
    r = p->loop == NULL || p->arena == NULL ? -ENOMEM : 0;
    if (r == 0 && snprintf(path, sizeof(path), "%s/event.sock",
                           p->ctx->run_dir) >= (int)sizeof(path))
        r = -ENAMETOOLONG;
    if (r == 0)
        r = hb_bus_new(p->loop, path, PORTAL_SOURCE, RING, &p->bus);
    if (r == 0)
        (void)snprintf(path, sizeof(path), "%s/post.sock", p->ctx->run_dir);
    if (r == 0)
        r = portal_post_new(p->loop, path, &p->post);
    if (r < 0)
        return hb_err_set(err, r, "%s", hb_errno_text(r, why, sizeof(why)));
    return open_store(p, err);
}

void portal_close(struct hb_portal *p)
{
    portal_post_free(p->post);
    hb_share_close(p->store);
    hb_bus_free(p->bus);
    hb_loop_free(p->loop);
    hb_arena_free(p->arena);
}

static int open_store(struct hb_portal *p, struct hb_err *err)
{
    struct hb_share_config c = {
        .dir = p->ctx->share_dir,
        .keys = p->ctx->share_keys,
        .rules = &p->rules,
    };
    int r = portal_rules(p->arena, &p->config->share, &p->rules);

    if (r < 0)
        return hb_err_set(err, r, _("out of memory"));
    return hb_share_open(&c, &p->store, err);
}

static void done(struct hb_portal *p)
{
    portal_http_close(p);
    portal_uploads_free(p->uploads);
    portal_looks_free(p->looks);
    portal_close(p);
}

static void on_keep(void *arg)
{
    struct hb_portal *p = arg;
    struct hb_share_kept kept = {0};
    char text[HB_MAX_ERR + 512];
    int r = hb_share_keep(p->store, remind, p, &kept), told = portal_alarms(p);

    r = r < 0 ? r : told;
    told = portal_letter_again(p);
    r = r < 0 ? r : told;
    if (r < 0) {
        hb_err_format(hb_share_err(p->store), text, sizeof(text));
        hb_log(HB_LOG_ERR, _("housekeeping of the share portal: %s"), text);
    }
}

static int remind(void *arg, const struct hb_share_reminder *r)
{
    return portal_letter_reminder(arg, r);
}
