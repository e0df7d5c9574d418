/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tell.c - what the helper tells core by itself: a worker that asked for what
 * it may not, refusals, limits, a full disk, a damaged journal.
 *
 * What was done on request is told by who asked.  The texts hold names out of
 * the site, which an attacker chose; the event codec escapes them.  A flood
 * of one kind becomes one event with a count.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/num.h"
#include "respond/act.h"

#define QUIET_NS (2 * HB_S)

static const struct {
    enum hb_event_class class_uid;
    enum hb_severity severity;
    const char *kind;
    const char *title;
} kinds[] = {
    [HB_TELL_VIOLATION] = {HB_EV_DETECTION_FINDING, HB_SEV_CRITICAL,
                           "helper.violation",
                           N_("A worker asked the helper for what it may not; "
                              "it was ended")},
    [HB_TELL_REFUSED] = {HB_EV_DETECTION_FINDING, HB_SEV_HIGH, "helper.refused",
                         N_("The helper refused an approval")},
    [HB_TELL_LIMITED] = {HB_EV_APP_LIFECYCLE, HB_SEV_MEDIUM, "helper.limited",
                         N_("More actions were asked for than the limit "
                            "allows")},
    [HB_TELL_FAILED] = {HB_EV_APP_LIFECYCLE, HB_SEV_HIGH, "helper.failed",
                        N_("An action could not be finished")},
    [HB_TELL_UNMOUNTED] = {HB_EV_DETECTION_FINDING, HB_SEV_HIGH,
                           "helper.unmounted",
                           N_("A mount laid over a site was taken away")},
    [HB_TELL_SPACE] = {HB_EV_APP_LIFECYCLE, HB_SEV_HIGH, "helper.space",
                       N_("The disk of a site, or its staging, is full")},
    [HB_TELL_JOURNAL] = {HB_EV_APP_LIFECYCLE, HB_SEV_HIGH, "helper.journal",
                         N_("The helper's journal is damaged or cannot be "
                            "written")},
    [HB_TELL_POLICY] = {HB_EV_APP_LIFECYCLE, HB_SEV_HIGH, "helper.policy",
                        N_("Something that the helper relies on does not "
                           "hold")},
};

static void send_one(struct hb_helper *h, enum hb_tell what,
                     const struct hb_work *w, const char *detail);

void hb_tell(struct hb_helper *h, enum hb_tell what, const struct hb_work *w,
             const char *fmt, ...)
{
    char detail[1024];
    uint64_t now = hb_mono();
    va_list ap;

    /* A worker that breaks the rules is always told. */
    if (what != HB_TELL_VIOLATION && now < h->quiet_until[what]) {
        h->quieted[what]++;
        return;
    }
    va_start(ap, fmt);
    (void)vsnprintf(detail, sizeof(detail), fmt, ap);
    va_end(ap);
    h->quiet_until[what] = now + QUIET_NS;
    send_one(h, what, w, detail);
    h->quieted[what] = 0;
}

static void send_one(struct hb_helper *h, enum hb_tell what,
                     const struct hb_work *w, const char *detail)
{
    struct hb_event *e;

    hb_log(kinds[what].severity >= HB_SEV_HIGH ? HB_LOG_WARNING : HB_LOG_NOTICE,
           "%s: %s", _(kinds[what].title), detail);
    if (h->bus == NULL)
        return;
    hb_arena_reset(h->arena);
    e = hb_event_new(h->arena, kinds[what].class_uid,
                     kinds[what].class_uid == HB_EV_APP_LIFECYCLE ? 99 : 1,
                     kinds[what].severity, "respond");
    if (e == NULL)
        return;
    if (kinds[what].class_uid == HB_EV_DETECTION_FINDING) {
        (void)hb_event_strz(e, HB_F_FINDING_TITLE, _(kinds[what].title));
        (void)hb_event_strz(e, HB_F_FINDING_RULE, kinds[what].kind);
    }
    (void)hb_event_strz(e, HB_F_STATUS_DETAIL, kinds[what].kind);
    (void)hb_event_strz(e, HB_F_MESSAGE, detail);
    if (h->quieted[what] > 0)
        (void)hb_event_int(e, HB_F_EVENT_COUNT, (int64_t)h->quieted[what] + 1);
    if (w != NULL) {
        char key[2 * HB_ACT_KEY_SIZE + 1], uid[16];

        hb_hex(w->req.key, sizeof(w->req.key), key);
        (void)snprintf(uid, sizeof(uid), "%u", (unsigned)w->peer.uid);
        (void)hb_event_strz(e, HB_F_COMMAND_UID, key);
        (void)hb_event_strz(e, HB_F_COMMAND, hb_action_name(w->req.action));
        (void)hb_event_strz(e, HB_F_ACTOR_USER_UID, uid);
        (void)hb_event_int(e, HB_F_ACTOR_PROCESS_PID, w->peer.pid);
        if (w->site != NULL)
            (void)hb_event_strz(e, HB_F_SITE, w->site->conf->name);
    }
    (void)hb_bus_send(h->bus, e);
}
