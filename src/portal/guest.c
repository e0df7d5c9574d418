/* SPDX-License-Identifier: Apache-2.0 */
/* guest.c - see guest.h. */
#include "portal/guest.h"

#include "base/log.h"
#include "portal/send.h"

static bool sender(struct portal_visit *x, struct hb_share_view *v,
                   struct portal_sender *ret);
static void arrived(struct portal_visit *x, const struct hb_share_view *v);

void portal_guest_page(struct portal_visit *x, const struct hb_share_view *v,
                       const char *error)
{
    const char *failed = hb_request_field(x->r, "failed");
    struct hb_share sh = {.owner = "", .note = ""};
    int r = hb_share_get(x->p->store, x->a, v->share, &sh);

    if (r < 0) {
        portal_failed(x, r);
        return;
    }
    if (error == NULL && failed != NULL)
        error = portal_number(failed) == 413 ? portal_send_error(-EFBIG)
                                             : portal_send_error(-EIO);
    portal_view(x, _("Send files"));
    hb_view_str(x->view, "link", x->part[1]);
    hb_view_str(x->view, "owner", sh.owner);
    portal_lines(x->view, "note", sh.note);
    hb_view_size(x->view, "most", x->p->rules.file_max);
    hb_view_str(x->view, "error", error);
    hb_view_bool(x->view, "done", hb_request_field(x->r, "done") != NULL);
    portal_files_view(x, v->share);
    portal_show(x, error != NULL ? 403 : 200, "share/guest.html");
}

void portal_guest_body(struct portal_visit *x)
{
    struct portal_sender by;
    struct hb_share_view v = {0};

    if (sender(x, &v, &by))
        portal_send_body(x, &by);
    else
        hb_answer_error(x->r, 403);
}

void portal_guest_send(struct portal_visit *x)
{
    struct portal_sender by;
    struct hb_share_view v = {0};
    int r;

    if (!sender(x, &v, &by)) {
        portal_gone(x);
        return;
    }
    r = portal_send_form(x, &by);
    if (r < 0) {
        portal_guest_page(x, &v, portal_send_error(r));
        return;
    }
    arrived(x, &v);
    hb_answer_redirect(x->r, hb_arena_printf(x->a, "/s/%s?done=1", x->part[1]));
}

void portal_guest_piece(struct portal_visit *x)
{
    struct portal_sender by;
    struct hb_share_view v = {0};

    if (!sender(x, &v, &by))
        portal_json(x, 403, "{\"error\":403}");
    else if (portal_send_piece(x, &by))
        arrived(x, &v);
}

/* ---- static ---- */

static bool sender(struct portal_visit *x, struct hb_share_view *v,
                   struct portal_sender *ret)
{
    if (!portal_granted(x, v) || v->kind != HB_SHARE_IN)
        return false;
    *ret = (struct portal_sender){
        .share = v->share,
        .who = {v->mail, x->from},
        .grant = portal_grant(x),
        .piece = x->parts == 4 ? portal_number(x->part[3]) : 0,
    };
    return true;
}

static void arrived(struct portal_visit *x, const struct hb_share_view *v)
{
    if (portal_letter_news(x->p, v->share, PORTAL_NEWS_ARRIVED, v->mail, "") <
        0)
        hb_log(HB_LOG_WARNING, "%s",
               _("an owner could not be told that a file arrived"));
}
