/* SPDX-License-Identifier: Apache-2.0 */
/* say.c - what core hears of the portal: see part.h. */
#include "base/i18n.h"
#include "base/json.h"
#include "guard/share/trail.h"
#include "portal/part.h"

int portal_say(struct hb_portal *p, enum hb_severity sev, const char *status,
               const char *text)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e = a != NULL
                             ? hb_event_new(a, HB_EV_APP_LIFECYCLE,
                                            hb_streq(status, "ready") ? 3 : 99,
                                            sev, PORTAL_SOURCE)
                             : NULL;
    int r = e == NULL ? -ENOMEM : hb_event_strz(e, HB_F_STATUS, status);

    if (r == 0 && text[0] != '\0')
        r = hb_event_strz(e, HB_F_MESSAGE, text);
    return r < 0 ? r : hb_bus_send(p->bus, e);
}

static int tell_alarm(void *arg, const struct hb_share_trail *t)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_portal *p = arg;
    struct portal_found f = {
        .severity = HB_SEV_HIGH,
        .rule = "share.guessing",
        .title = _("Codes of the share portal are being guessed"),
        .share = "",
        .who = t->who,
        .from = t->from,
        .text = "",
    };
    struct hb_share sh;
    int r = a == NULL ? -ENOMEM : 0;

    if (r == 0 && t->share != 0)
        r = hb_share_get(p->store, a, t->share, &sh);
    if (r == 0 && t->share != 0)
        f.share = sh.uid;
    if (r == 0)
        r = portal_find(p, &f);
    if (r == 0 && t->share != 0)
        r = portal_letter_news(p, t->share, PORTAL_NEWS_GUESSED, t->who, "");
    return r;
}

int portal_alarms(struct hb_portal *p)
{
    return hb_share_each_alarm(p->store, tell_alarm, p);
}

int portal_find(struct hb_portal *p, const struct portal_found *f)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e = a != NULL ? hb_event_new(a, HB_EV_DETECTION_FINDING, 1,
                                                  f->severity, PORTAL_SOURCE)
                                   : NULL;
    int r = e == NULL ? -ENOMEM : hb_event_strz(e, HB_F_FINDING_RULE, f->rule);

    if (r == 0)
        r = hb_event_strz(e, HB_F_FINDING_TITLE, f->title);
    if (r == 0)
        r = hb_event_strz(e, HB_F_RESOURCE_NAME, f->share);
    if (r == 0 && f->who[0] != '\0')
        r = hb_event_strz(e, HB_F_USER_NAME, f->who);
    if (r == 0 && f->from[0] != '\0')
        r = hb_event_strz(e, HB_F_SRC_ENDPOINT_IP, f->from);
    if (r == 0 && f->text[0] != '\0')
        r = hb_event_strz(e, HB_F_MESSAGE, f->text);
    if (r == 0 && f->facts != NULL)
        r = hb_event_json(e, HB_F_FACTS, f->facts);
    return r < 0 ? r : hb_bus_send(p->bus, e);
}
