/* SPDX-License-Identifier: Apache-2.0 */
/* confirm.c - /c/LINK: a wrong recipient confirms the deletion; see http.h. */
#include "guard/share/confirm.h"

#include "base/json.h"
#include "base/log.h"
#include "portal/http.h"

static void show(struct portal_visit *x, const struct hb_share_confirm *c,
                 int status, const char *error);
static void take(struct portal_visit *x, const struct hb_share_confirm *c);
static void thanks(struct portal_visit *x);
static int tell(struct portal_visit *x, const struct hb_share_confirm *c);

void portal_confirm(struct portal_visit *x)
{
    struct hb_share_confirm c = {0};
    int r = x->parts == 2 ? hb_share_confirm_view(x->p->store, x->a,
                                                  hb_slice_z(x->part[1]), &c)
                          : -ENOENT;

    if (r == -ENOENT || r == -EKEYEXPIRED)
        portal_gone(x);
    else if (r < 0)
        portal_failed(x, r);
    else if (c.done != 0)
        thanks(x);
    else if (hb_request_method(x->r) == HB_GET)
        show(x, &c, 200, NULL);
    else if (portal_ours(x))
        take(x, &c);
}

/* ---- static ---- */

static void show(struct portal_visit *x, const struct hb_share_confirm *c,
                 int status, const char *error)
{
    struct hb_share sh = {.owner = ""};
    int r = hb_share_get(x->p->store, x->a, c->share, &sh);

    if (r < 0) {
        portal_failed(x, r);
        return;
    }
    portal_view(x, _("Confirm that the files are deleted"));
    hb_view_str(x->view, "link", x->part[1]);
    hb_view_str(x->view, "owner", sh.owner);
    hb_view_str(x->view, "error", error);
    portal_files_view(x, c->share);
    portal_show(x, status, "share/confirm.html");
}

static void take(struct portal_visit *x, const struct hb_share_confirm *c)
{
    const char *name = hb_request_field(x->r, "name");
    const char *how = hb_request_field(x->r, "method");
    const char *words = hb_request_field(x->r, "words");
    struct hb_share_confirm done = {0};
    enum hb_share_deletion deletion = HB_SHARE_OTHERWISE;
    int r = name == NULL || how == NULL
                ? -EINVAL
                : hb_share_deletion_parse(how, &deletion);

    if (r == 0)
        r = hb_share_confirm_do(x->p->store, hb_slice_z(x->part[1]), name,
                                deletion, words != NULL ? words : "", x->from);
    if (r == -EINVAL) {
        show(x, c, 422,
             _("Give your name, and say what happened to the "
               "files."));
        return;
    }
    if (r == 0)
        r = hb_share_confirm_view(x->p->store, x->a, hb_slice_z(x->part[1]),
                                  &done);
    if (r == 0)
        r = tell(x, &done);
    if (r < 0 && r != -EALREADY)
        portal_failed(x, r);
    else
        thanks(x);
}

static void thanks(struct portal_visit *x)
{
    portal_message(x, 200, _("Thank you"),
                   _("Your confirmation was recorded and passed on."), "");
}

/* The owner, and the incident's fact: a person judges what it is worth. */
static int tell(struct portal_visit *x, const struct hb_share_confirm *c)
{
    struct hb_json *facts = hb_json_new(x->a, HB_JSON_OBJ);
    struct portal_found f = {
        .severity = HB_SEV_INFO,
        .rule = "share.deletion-confirmed",
        .title = _("A wrong recipient confirmed the deletion"),
        .from = x->from,
        .who = "",
        .facts = facts,
    };
    struct hb_share_recipient to = {.mail = ""};
    struct hb_share sh;
    int r = hb_share_get(x->p->store, x->a, c->share, &sh);

    if (r == 0)
        r = hb_share_recipient_get(x->p->store, x->a, c->recipient, &to);
    if (r < 0)
        return r;
    f.share = sh.uid;
    f.who = to.mail;
    f.text = hb_arena_printf(x->a, _("%s confirmed: %s (%s). %s"), to.mail,
                             hb_share_deletion_name(c->how), c->name, c->words);
    if (f.text == NULL ||
        hb_json_add_str(x->a, facts, "deletion_confirmed",
                        c->how == HB_SHARE_UNREAD || c->how == HB_SHARE_READ
                            ? "true"
                            : "false") == NULL)
        return -ENOMEM;
    r = portal_find(x->p, &f);
    return r < 0 ? r
                 : portal_letter_news(x->p, c->share, PORTAL_NEWS_CONFIRMED,
                                      to.mail, hb_share_deletion_name(c->how));
}
