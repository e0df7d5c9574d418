/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.c - pages of who comes with a link: see http.h.
 *
 *     GET  /s/LINK          the page; counts nothing
 *     POST /s/LINK/ask      a code to the mailbox
 *     POST /s/LINK/open     the code: a grant, in a cookie
 *     POST /s/LINK/get      a file; this counts, and leads to
 *     GET  /s/LINK/d/TICKET the download; it goes on after a break
 *     POST /s/LINK/notme    it went to the wrong person
 *     POST /s/LINK/reopen   asks the owner for it again
 *     POST /s/LINK/leave    ends the grant
 *
 * A link that never was and one that was ended look the same.
 */
#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "base/num.h"
#include "guard/share/content.h"
#include "guard/share/trail.h"
#include "portal/guest.h"
#include "portal/http.h"
#include "portal/wrong.h"

#define GRANT "grant"

static void page(struct portal_visit *x);
static void ask(struct portal_visit *x);
static void open_it(struct portal_visit *x);
static void get(struct portal_visit *x);
static void download(struct portal_visit *x);
static void not_me(struct portal_visit *x);
static void reopen(struct portal_visit *x);
static void leave(struct portal_visit *x);
static void show_door(struct portal_visit *x, const struct hb_share_view *v,
                      bool asked, const char *error);
static void show_expired(struct portal_visit *x, const struct hb_share_view *v,
                         bool asked);
static void show_files(struct portal_visit *x, const struct hb_share_view *v,
                       const char *error);
static int64_t common(struct portal_visit *x, const struct hb_share_view *v);
static hb_share_file_fn add_file;
static bool verdict(struct portal_visit *x, int r);

static const struct {
    const char *name;
    void (*fn)(struct portal_visit *x);
} deeds[] = {
    {"ask", ask},
    {"open", open_it},
    {"get", get},
    {"notme", not_me},
    {"reopen", reopen},
    {"leave", leave},
    {"send", portal_guest_send},
    {"piece", portal_guest_piece},
};

void portal_link(struct portal_visit *x)
{
    if (x->parts == 2) {
        if (hb_request_method(x->r) == HB_GET)
            page(x);
        else
            hb_answer_method(x->r, "GET, HEAD");
        return;
    }
    if (x->parts == 4 && hb_streq(x->part[2], "d")) {
        if (hb_request_method(x->r) == HB_GET)
            download(x);
        else
            hb_answer_method(x->r, "GET, HEAD");
        return;
    }
    for (size_t i = 0; x->parts > 2 && i < HB_ARRAY_LEN(deeds); i++) {
        if (!hb_streq(deeds[i].name, x->part[2]))
            continue;
        if (hb_request_method(x->r) == HB_GET)
            hb_answer_method(x->r, "POST");
        else if (portal_ours(x))
            deeds[i].fn(x);
        return;
    }
    portal_gone(x);
}

void portal_link_body(struct portal_visit *x)
{
    if (x->parts > 2 &&
        (hb_streq(x->part[2], "send") || hb_streq(x->part[2], "piece")))
        portal_guest_body(x);
}

bool portal_granted(struct portal_visit *x, struct hb_share_view *ret)
{
    struct hb_share_view door = {0};
    const char *grant = hb_request_cookie(x->r, GRANT);
    int r = grant == NULL
                ? -EACCES
                : hb_share_grant_view(x->p->store, hb_slice_z(grant), ret);

    if (r == 0)
        r = hb_share_link_view(x->p->store, hb_slice_z(x->part[1]), &door);
    return r == 0 && door.recipient == ret->recipient;
}

struct hb_slice portal_grant(struct portal_visit *x)
{
    const char *grant = hb_request_cookie(x->r, GRANT);

    return hb_slice_z(grant != NULL ? grant : "");
}

/* ---- what they ask ---- */

static void page(struct portal_visit *x)
{
    struct hb_share_view v = {0}, granted = {0};
    int r = hb_share_page(x->p->store, hb_slice_z(x->part[1]), x->from, &v);

    if (verdict(x, r))
        return;
    if (v.state == HB_SHARE_EXPIRED) {
        show_expired(x, &v, false);
        return;
    }
    if (portal_granted(x, &granted)) {
        if (v.kind == HB_SHARE_IN)
            portal_guest_page(x, &v, NULL);
        else
            show_files(x, &v, NULL);
        return;
    }
    show_door(x, &v, hb_request_field(x->r, "asked") != NULL, NULL);
}

static void ask(struct portal_visit *x)
{
    struct hb_share_code code;
    int r = hb_share_code_ask(x->p->store, hb_slice_z(x->part[1]),
                              hb_slice_z(x->nonce), x->from, &code);

    if (verdict(x, r))
        return;
    r = portal_letter_code(x->p, hb_request_lang(x->r), code.mail, code.digits);
    explicit_bzero(code.digits, sizeof(code.digits));
    if (r < 0)
        portal_failed(x, r);
    else
        hb_answer_redirect(x->r,
                           hb_arena_printf(x->a, "/s/%s?asked=1", x->part[1]));
}

static void open_it(struct portal_visit *x)
{
    const char *code = hb_request_field(x->r, "code");
    char grant[HB_SHARE_TOKEN_TEXT];
    struct hb_share_view v = {0};
    int r = code == NULL
                ? -EBADMSG
                : hb_share_code_try(x->p->store, hb_slice_z(x->part[1]),
                                    hb_slice_z(x->nonce), hb_slice_z(code),
                                    x->from, grant);
    const char *error = r == -EACCES ? _("That is not the code. Look at the "
                                         "newest mail and type it again.")
                        : r == -ETIME
                            ? _("This code is too old, or was tried too often. "
                                "Let another one be sent.")
                        : r == -EBADMSG ? _("The code has six digits.")
                                        : NULL;

    if (r == 0) {
        hb_answer_cookie(x->r, GRANT, grant, 0);
        hb_answer_redirect(x->r, hb_arena_printf(x->a, "/s/%s", x->part[1]));
        explicit_bzero(grant, sizeof(grant));
        return;
    }
    if (error == NULL) {
        (void)verdict(x, r);
        return;
    }
    if (r == -EACCES && portal_alarms(x->p) < 0)
        hb_log(HB_LOG_ERR, _("the share portal could not tell an alarm"));
    r = hb_share_link_view(x->p->store, hb_slice_z(x->part[1]), &v);
    if (!verdict(x, r))
        show_door(x, &v, true, error);
}

static void get(struct portal_visit *x)
{
    int64_t file = portal_number(hb_request_field(x->r, "file"));
    char ticket[HB_SHARE_TOKEN_TEXT];
    struct hb_share_view v = {0};
    int r;

    if (!portal_granted(x, &v)) {
        hb_answer_redirect(x->r, hb_arena_printf(x->a, "/s/%s", x->part[1]));
        return;
    }
    r = hb_share_ticket(x->p->store, portal_grant(x), file, x->from, ticket);
    if (r == -EDQUOT) {
        show_files(x, &v,
                   _("This file was fetched as often as its owner "
                     "allows. Ask them for more."));
        return;
    }
    if (verdict(x, r))
        return;
    hb_answer_redirect(x->r,
                       hb_arena_printf(x->a, "/s/%s/d/%s", x->part[1], ticket));
    explicit_bzero(ticket, sizeof(ticket));
}

/* The size is known once it is open, and where to begin once the size is: a
 * browser that goes on after a break says it before it knows. */
static void download(struct portal_visit *x)
{
    struct hb_slice ticket = hb_slice_z(x->part[3]);
    struct hb_share_download *d = NULL;
    struct hb_share_view v = {0};
    struct hb_share_file f;
    int64_t at = 0;
    int r, range;

    if (!portal_granted(x, &v)) {
        hb_answer_redirect(x->r, hb_arena_printf(x->a, "/s/%s", x->part[1]));
        return;
    }
    r = hb_share_ticket_file(x->p->store, portal_grant(x), ticket, x->a, &f);
    if (r < 0) {
        (void)verdict(x, r);
        return;
    }
    range = hb_request_range(x->r, f.size, f.uid, &at);
    if (range == -ERANGE) {
        hb_answer_error(x->r, 416);
        return;
    }
    r = hb_share_open_download(x->p->store, portal_grant(x), ticket, x->from,
                               at, &d);
    if (!verdict(x, r))
        portal_stream(x, &f, d, at, range == 1);
}

static void not_me(struct portal_visit *x)
{
    struct hb_share_view v = {0};
    int r;

    if (!portal_granted(x, &v)) {
        hb_answer_redirect(x->r, hb_arena_printf(x->a, "/s/%s", x->part[1]));
        return;
    }
    r = portal_wrong(x->p, v.share, v.recipient,
                     &(struct hb_share_who){v.mail, x->from}, NULL, NULL);
    if (verdict(x, r))
        return;
    hb_answer_cookie(x->r, GRANT, "", 0);
    portal_message(x, 200, _("Thank you"),
                   _("The link is dead, and whoever sent it has been told. "
                     "Please delete what you have downloaded, if anything."),
                   "");
}

static void reopen(struct portal_visit *x)
{
    struct hb_share_view v = {0};
    int r = hb_share_link_view(x->p->store, hb_slice_z(x->part[1]), &v);

    if (r == 0)
        r = hb_share_reopen_ask(x->p->store, hb_slice_z(x->part[1]), x->from);
    if (r == 0)
        r = portal_letter_news(x->p, v.share, PORTAL_NEWS_REOPEN_ASKED, v.mail,
                               "");
    if (r == -ENODATA) {
        portal_message(x, 410, _("The files are gone"),
                       _("They were destroyed some time after their end. Ask "
                         "their owner to share them anew."),
                       "");
        return;
    }
    /* Once a day is enough: it is said again, not sent again. */
    if (r == -EAGAIN || !verdict(x, r))
        show_expired(x, &v, true);
}

static void leave(struct portal_visit *x)
{
    struct hb_slice grant = portal_grant(x);
    int r = hb_share_grant_end(x->p->store, grant);

    if (r < 0 && r != -EBADMSG) {
        portal_failed(x, r);
        return;
    }
    hb_answer_cookie(x->r, GRANT, "", 0);
    portal_message(x, 200, _("Closed"),
                   _("You can close this window. To come back, open the link "
                     "from the mail; a new code is needed."),
                   "");
}

/* ---- what they see ---- */

/* What all of them show; the downloads that the share permits. */
static int64_t common(struct portal_visit *x, const struct hb_share_view *v)
{
    struct hb_share sh = {.owner = "", .note = ""};

    hb_view_str(x->view, "link", x->part[1]);
    hb_view_str(x->view, "mail", v->mail);
    hb_view_time(x->view, "until", v->expires);
    if (hb_share_get(x->p->store, x->a, v->share, &sh) < 0)
        sh = (struct hb_share){.owner = "", .note = ""};
    hb_view_str(x->view, "owner", sh.owner);
    portal_lines(x->view, "note", sh.note);
    return sh.most;
}

static void show_door(struct portal_visit *x, const struct hb_share_view *v,
                      bool asked, const char *error)
{
    portal_view(x,
                v->kind == HB_SHARE_IN ? _("Send files") : _("Files for you"));
    (void)common(x, v);
    hb_view_bool(x->view, "invitation", v->kind == HB_SHARE_IN);
    hb_view_bool(x->view, "asked", asked);
    hb_view_str(x->view, "error", error);
    portal_show(x, error != NULL ? 403 : 200, "share/link.html");
}

static void show_expired(struct portal_visit *x, const struct hb_share_view *v,
                         bool asked)
{
    portal_view(x, _("The time is over"));
    (void)common(x, v);
    hb_view_bool(x->view, "asked", asked);
    portal_show(x, asked ? 200 : 410, "share/expired.html");
}

struct listing {
    struct portal_visit *x;
    int64_t recipient, most;
};

static int add_file(void *arg, const struct hb_share_file *f)
{
    struct listing *l = arg;
    int64_t fetched = 0;
    struct hb_view *row;
    int r;

    if (f->state != HB_SHARE_FILE_WHOLE)
        return 0;
    r = hb_share_fetched(l->x->p->store, l->recipient, f->id, &fetched);
    if (r < 0)
        return r;
    row = hb_view_row(l->x->view, "files");
    hb_view_int(row, "left", HB_MAX(l->most - fetched, 0));
    hb_view_str(row, "name", f->name);
    hb_view_size(row, "size", f->size);
    hb_view_int(row, "id", f->id);
    return 0;
}

static void show_files(struct portal_visit *x, const struct hb_share_view *v,
                       const char *error)
{
    struct listing l = {x, v->recipient, 0};
    int r;

    portal_view(x, _("Files for you"));
    l.most = common(x, v);
    hb_view_list(x->view, "files");
    r = hb_share_each_file(x->p->store, v->share, add_file, &l);
    if (r < 0) {
        portal_failed(x, r);
        return;
    }
    hb_view_str(x->view, "error", error);
    portal_show(x, error != NULL ? 403 : 200, "share/files.html");
}

/* Answers what is no success; false where R is one. */
static bool verdict(struct portal_visit *x, int r)
{
    if (r == 0)
        return false;
    if (r == -ENOENT || r == -EKEYREVOKED || r == -EBADMSG || r == -EBUSY)
        portal_gone(x);
    else if (r == -EAGAIN)
        portal_wait(x);
    else if (r == -EDQUOT)
        portal_message(x, 410, _("Too many wrong codes"),
                       _("This link takes no more codes. Ask whoever sent it "
                         "for a new one."),
                       "");
    else if (r == -EALREADY)
        portal_message(x, 410, _("Fetched already"),
                       _("This download has come to its end. Open the link "
                         "again to fetch the file once more."),
                       "");
    else if (r == -EKEYEXPIRED || r == -EACCES)
        hb_answer_redirect(x->r, hb_arena_printf(x->a, "/s/%s", x->part[1]));
    else
        portal_failed(x, r);
    return true;
}
