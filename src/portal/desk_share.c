/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk_share.c - one share, for its owner: see http.h.
 *
 *     GET  /shares/ID
 *     POST /shares/ID/file|piece|drop|submit|revoke|delete|link|reopen
 *                    |accept|reject|fetch|wrong|confirm
 */
#include <stdio.h>

#include "base/log.h"
#include "guard/share/confirm.h"
#include "guard/share/content.h"
#include "guard/share/trail.h"
#include "portal/desk.h"
#include "portal/send.h"
#include "portal/wrong.h"

#define TRAIL_MAX 200

struct desk {
    struct portal_visit *x;
    struct hb_share sh;
    struct hb_share_who who;
};

static bool find(struct portal_visit *x, struct desk *d);
static void show(struct desk *d, int status, const char *error,
                 const struct hb_share_verdict *v);
static void add_reasons(struct portal_visit *x,
                        const struct hb_share_verdict *v);
static hb_share_file_fn add_file;
static hb_share_recipient_fn add_recipient, add_mail;
static hb_share_trail_fn add_trail;
static const char *file_state(const struct hb_share_file *f);
static const char *deletion_text(enum hb_share_deletion how);
static const char *act_text(enum hb_share_act act);
static void back(struct desk *d);
static void say(struct desk *d, int r);
static int64_t field_id(const struct desk *d, const char *name);
static void add_the_file(struct desk *d);
static void do_piece(struct desk *d);
static void do_drop(struct desk *d);
static void do_submit(struct desk *d);
static void do_revoke(struct desk *d);
static void do_delete(struct desk *d);
static void link_again(struct desk *d);
static void do_reopen(struct desk *d);
static void accept_it(struct desk *d);
static void do_reject(struct desk *d);
static void do_fetch(struct desk *d);
static void do_wrong(struct desk *d);
static void do_confirm(struct desk *d);

static const struct {
    const char *name;
    void (*fn)(struct desk *d);
} deeds[] = {
    {"file", add_the_file},  {"piece", do_piece},   {"drop", do_drop},
    {"submit", do_submit},   {"revoke", do_revoke}, {"delete", do_delete},
    {"link", link_again},    {"reopen", do_reopen}, {"accept", accept_it},
    {"reject", do_reject},   {"fetch", do_fetch},   {"wrong", do_wrong},
    {"confirm", do_confirm},
};

static const struct {
    const char *word, *mark, *tone;
} states[] = {
    [HB_SHARE_DRAFT] = {N_("draft"), "\u25cb", ""},
    [HB_SHARE_WAITING] = {N_("waits for a third person"), "\u25b3", "warn"},
    [HB_SHARE_LIVE] = {N_("open"), "\u25cf", "good"},
    [HB_SHARE_REVOKED] = {N_("links dead"), "\u2715", "bad"},
    [HB_SHARE_EXPIRED] = {N_("time over"), "\u2212", ""},
    [HB_SHARE_DELETED] = {N_("deleted"), "\u2715", "bad"},
};

void portal_state_view(struct hb_view *v, enum hb_share_state state)
{
    hb_view_str(v, "state", _(states[state].word));
    hb_view_str(v, "mark", states[state].mark);
    hb_view_str(v, "tone", states[state].tone);
}

void portal_recipients_view(struct portal_visit *x, int64_t share)
{
    hb_view_list(x->view, "recipients");
    if (hb_share_each_recipient(x->p->store, share, add_mail, x->view) < 0)
        hb_log(HB_LOG_ERR, _("the share portal could not list recipients"));
}

void portal_desk_share(struct portal_visit *x)
{
    struct desk d = {.x = x};

    if (!find(x, &d)) {
        portal_gone(x);
        return;
    }
    if (x->parts == 2) {
        if (hb_request_method(x->r) == HB_GET)
            show(&d, 200, NULL, NULL);
        else
            hb_answer_method(x->r, "GET, HEAD");
        return;
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(deeds); i++) {
        if (!hb_streq(deeds[i].name, x->part[2]))
            continue;
        if (hb_request_method(x->r) == HB_GET)
            hb_answer_method(x->r, "POST");
        else
            deeds[i].fn(&d);
        return;
    }
    portal_gone(x);
}

void portal_shares_body(struct portal_visit *x)
{
    struct desk d = {.x = x};
    struct portal_sender by = {0};

    if (!portal_person(x))
        return;
    if (x->parts < 3 || !find(x, &d) ||
        (!hb_streq(x->part[2], "file") && !hb_streq(x->part[2], "piece"))) {
        hb_answer_error(x->r, 403);
        return;
    }
    by = (struct portal_sender){
        .share = d.sh.id,
        .who = d.who,
        .piece = x->parts == 4 ? portal_number(x->part[3]) : 0,
    };
    portal_send_body(x, &by);
}

/* ---- static ---- */

/* A share of somebody else's is as none. */
static bool find(struct portal_visit *x, struct desk *d)
{
    int64_t id = x->parts > 1 ? portal_number(x->part[1]) : 0;

    d->who = (struct hb_share_who){x->person.address, x->from};
    return id > 0 && hb_share_get(x->p->store, x->a, id, &d->sh) == 0 &&
           hb_streq(d->sh.owner, x->person.address);
}

static void show(struct desk *d, int status, const char *error,
                 const struct hb_share_verdict *verdict)
{
    struct portal_visit *x = d->x;
    struct hb_share *sh = &d->sh;
    struct hb_view *v;
    bool dead;
    int r;

    /* As it is now. */
    r = hb_share_get(x->p->store, x->a, sh->id, sh);
    v = portal_view(x, portal_whom(x, sh->id));
    dead = sh->state == HB_SHARE_REVOKED || sh->state == HB_SHARE_DELETED;
    portal_state_view(v, sh->state);
    hb_view_int(v, "share", sh->id);
    hb_view_str(v, "error", error);
    hb_view_time(v, "until", sh->expires);
    hb_view_bool(v, "expires", sh->expires != 0);
    hb_view_int(v, "most", sh->most);
    hb_view_bool(v, "sending", sh->kind == HB_SHARE_OUT);
    hb_view_str(v, "approver", sh->approver);
    hb_view_int(v, "personal", sh->personal);
    hb_view_int(v, "days", x->p->rules.days);
    hb_view_bool(v, "draft", sh->state == HB_SHARE_DRAFT);
    hb_view_bool(v, "adding",
                 sh->state == HB_SHARE_DRAFT && sh->kind == HB_SHARE_OUT);
    hb_view_bool(v, "reopen", sh->state == HB_SHARE_EXPIRED && !sh->shredded);
    hb_view_bool(v, "alive", !dead && sh->state != HB_SHARE_DRAFT);
    hb_view_bool(v, "gone", sh->state == HB_SHARE_DELETED);
    portal_lines(v, "note", sh->note);
    add_reasons(x, verdict);
    hb_view_list(v, "files");
    hb_view_list(v, "recipients");
    hb_view_list(v, "trail");
    if (r == 0)
        r = hb_share_each_file(x->p->store, sh->id, add_file, d);
    if (r == 0)
        r = hb_share_each_recipient(x->p->store, sh->id, add_recipient, d);
    if (r == 0)
        r = hb_share_each_trail(x->p->store, sh->id, TRAIL_MAX, add_trail, v);
    if (r < 0)
        portal_failed(x, r);
    else
        portal_show(x, status, "desk/share.html");
}

static void add_reasons(struct portal_visit *x,
                        const struct hb_share_verdict *v)
{
    hb_view_list(x->view, "reasons");
    for (unsigned i = 0; v != NULL && i < HB_SHARE_REASONS; i++)
        if ((v->reasons >> i & 1u) != 0)
            hb_view_str(hb_view_row(x->view, "reasons"), "reason",
                        hb_share_reason_text((enum hb_share_reason)i));
}

static int add_file(void *arg, const struct hb_share_file *f)
{
    struct desk *d = arg;
    struct hb_view *row = hb_view_row(d->x->view, "files");

    hb_view_int(row, "id", f->id);
    hb_view_str(row, "name", f->name);
    hb_view_size(row, "size", f->size);
    hb_view_str(row, "file_state", file_state(f));
    hb_view_bool(row, "drop", d->sh.state == HB_SHARE_DRAFT);
    hb_view_bool(row, "held",
                 !d->sh.shredded && f->state == HB_SHARE_FILE_HELD);
    hb_view_bool(row, "fetch",
                 !d->sh.shredded && (f->state == HB_SHARE_FILE_ACCEPTED ||
                                     f->state == HB_SHARE_FILE_WHOLE));
    return 0;
}

static int add_recipient(void *arg, const struct hb_share_recipient *r)
{
    struct desk *d = arg;
    struct hb_view *row = hb_view_row(d->x->view, "recipients");
    struct hb_share_confirm c;
    const char *confirmed = NULL;

    hb_view_int(row, "id", r->id);
    hb_view_str(row, "mail", r->mail);
    hb_view_int(row, "downloads", r->downloads);
    if (hb_share_confirmed(d->x->p->store, d->x->a, r->id, &c) == 1)
        confirmed =
            hb_arena_printf(d->x->a, _("confirmed the deletion (%s): %s. %s"),
                            deletion_text(c.how), c.name, c.words);
    hb_view_str(row, "recipient_state",
                confirmed != NULL      ? confirmed
                : r->revoked           ? _("link dead")
                : r->reopen_asked != 0 ? _("asks for it again")
                : r->downloads > 0     ? _("has fetched")
                : r->linked            ? _("link sent")
                                       : _("no link yet"));
    hb_view_bool(row, "live",
                 !r->revoked && (d->sh.state == HB_SHARE_LIVE ||
                                 d->sh.state == HB_SHARE_EXPIRED));
    return 0;
}

static int add_mail(void *arg, const struct hb_share_recipient *r)
{
    struct hb_view *row = hb_view_row(arg, "recipients");

    hb_view_str(row, "mail", r->mail);
    hb_view_int(row, "id", r->id);
    return 0;
}

static int add_trail(void *arg, const struct hb_share_trail *t)
{
    struct hb_view *row = hb_view_row(arg, "trail");

    hb_view_time(row, "when", t->time);
    hb_view_str(row, "act", act_text(t->act));
    hb_view_str(row, "who", t->who);
    hb_view_str(row, "from", t->from);
    hb_view_str(row, "words", t->words);
    return 0;
}

static const char *file_state(const struct hb_share_file *f)
{
    switch (f->state) {
    case HB_SHARE_FILE_COMING:
        return _("not all here yet");
    case HB_SHARE_FILE_WHOLE:
        return f->looked == HB_SHARE_NOT_LOOKED ? _("being looked into")
               : f->looked == HB_SHARE_UNREADABLE
                   ? _("ready; could not be looked into")
               : f->pieces > 0 ? _("ready; holds personal data")
                               : _("ready");
    case HB_SHARE_FILE_HELD:
        return _("waits for you");
    case HB_SHARE_FILE_ACCEPTED:
        return _("taken");
    case HB_SHARE_FILE_REJECTED:
        return _("refused");
    }
    return "";
}

static const char *deletion_text(enum hb_share_deletion how)
{
    switch (how) {
    case HB_SHARE_UNREAD:
        return _("Deleted without being opened");
    case HB_SHARE_READ:
        return _("Deleted after being opened");
    case HB_SHARE_PASSED:
        return _("Passed on, or copied");
    case HB_SHARE_OTHERWISE:
        return _("Something else");
    }
    return "";
}

static const char *act_text(enum hb_share_act act)
{
    static const char *const texts[HB_SHARE_ACT_COUNT] = {
        [HB_SHARE_CREATED] = N_("made"),
        [HB_SHARE_ADDED] = N_("recipient added"),
        [HB_SHARE_SUBMITTED] = N_("handed in"),
        [HB_SHARE_APPROVED] = N_("approved"),
        [HB_SHARE_DECLINED] = N_("sent back"),
        [HB_SHARE_OPENED] = N_("open for recipients"),
        [HB_SHARE_LINKED] = N_("link mailed"),
        [HB_SHARE_PAGE] = N_("page opened"),
        [HB_SHARE_CODE_ASKED] = N_("code asked for"),
        [HB_SHARE_CODE_WRONG] = N_("wrong code"),
        [HB_SHARE_CODE_RIGHT] = N_("mailbox proven"),
        [HB_SHARE_UPLOADED] = N_("file added"),
        [HB_SHARE_BEGUN] = N_("download begun"),
        [HB_SHARE_ENDED] = N_("download ended"),
        [HB_SHARE_ACT_REVOKED] = N_("links made dead"),
        [HB_SHARE_ACT_EXPIRED] = N_("time over"),
        [HB_SHARE_REOPEN_ASKED] = N_("asked for again"),
        [HB_SHARE_REOPENED] = N_("opened again"),
        [HB_SHARE_REMINDED] = N_("reminded"),
        [HB_SHARE_WRONG_RECIPIENT] = N_("wrong recipient"),
        [HB_SHARE_ACCEPTED] = N_("file taken"),
        [HB_SHARE_REJECTED] = N_("file refused"),
        [HB_SHARE_SHREDDED] = N_("files destroyed"),
        [HB_SHARE_ACT_DELETED] = N_("deleted"),
        [HB_SHARE_CONFIRM_ASKED] = N_("deletion asked for"),
        [HB_SHARE_CONFIRMED] = N_("deletion confirmed"),
        [HB_SHARE_ALARM] = N_("too many wrong codes"),
        [HB_SHARE_VIEWED] = N_("looked at by a third person"),
    };

    return act > 0 && act < HB_SHARE_ACT_COUNT && texts[act] != NULL
               ? _(texts[act])
               : hb_share_act_name(act);
}

/* ---- deeds ---- */

static void back(struct desk *d)
{
    hb_answer_redirect(
        d->x->r, hb_arena_printf(d->x->a, "/shares/%lld", (long long)d->sh.id));
}

static void say(struct desk *d, int r)
{
    if (r == 0)
        back(d);
    else if (r == -EBUSY || r == -EACCES || r == -ENOENT || r == -EKEYREVOKED ||
             r == -EKEYEXPIRED)
        show(d, 409, _("That cannot be done in this state."), NULL);
    else if (r == -EINPROGRESS)
        show(d, 409,
             _("A file is still being looked into for personal data. Wait a "
               "moment, then hand it in again."),
             NULL);
    else if (r == -EALREADY)
        show(d, 409, _("They have confirmed it already."), NULL);
    else if (r == -ENODATA)
        show(d, 409, _("Add a file first, and wait until it is all here."),
             NULL);
    else if (r == -ENOBUFS)
        show(d, 503,
             _("Too many mails wait to be sent. Try again in some "
               "minutes."),
             NULL);
    else
        portal_failed(d->x, r);
}

static int64_t field_id(const struct desk *d, const char *name)
{
    return portal_number(hb_request_field(d->x->r, name));
}

static void add_the_file(struct desk *d)
{
    const struct portal_sender by = {.share = d->sh.id, .who = d->who};
    int r = portal_send_form(d->x, &by);

    if (r < 0)
        show(d, 422, portal_send_error(r), NULL);
    else
        back(d);
}

static void do_piece(struct desk *d)
{
    const struct portal_sender by = {
        .share = d->sh.id,
        .who = d->who,
        .piece = d->x->parts == 4 ? portal_number(d->x->part[3]) : 0,
    };

    (void)portal_send_piece(d->x, &by);
}

/* Whether FILE belongs to this share. */
static bool get_mine(struct desk *d, int64_t file, struct hb_share_file *ret)
{
    return hb_share_file_get(d->x->p->store, d->x->a, file, ret) == 0 &&
           ret->share == d->sh.id;
}

static bool mine(struct desk *d, int64_t file)
{
    struct hb_share_file f;

    return get_mine(d, file, &f);
}

static void do_drop(struct desk *d)
{
    int64_t file = field_id(d, "file");

    say(d, mine(d, file) ? hb_share_file_drop(d->x->p->store, file, &d->who)
                         : -ENOENT);
}

static void do_submit(struct desk *d)
{
    struct hb_share_verdict v = {HB_SHARE_REFUSE, 0};
    int r = hb_share_submit(d->x->p->store, d->sh.id, &d->who, &v);

    if (r == 0 && v.decision == HB_SHARE_ALLOW)
        r = portal_letter_links(d->x->p, d->sh.id, &d->who);
    else if (r == 0 && v.decision == HB_SHARE_APPROVAL)
        r = portal_letter_waiting(d->x->p, d->sh.id);
    if (r < 0)
        say(d, r);
    else if (v.decision == HB_SHARE_REFUSE)
        show(d, 409, _("The rules do not allow this share."), &v);
    else
        show(d, 200, NULL, &v);
}

static void do_revoke(struct desk *d)
{
    say(d, hb_share_revoke(d->x->p->store, d->sh.id, &d->who));
}

static void do_delete(struct desk *d)
{
    say(d, hb_share_delete(d->x->p->store, d->sh.id, &d->who));
}

/* Whether the field names a recipient of this share. */
static bool recipient(struct desk *d, struct hb_share_recipient *ret)
{
    return hb_share_recipient_get(d->x->p->store, d->x->a,
                                  field_id(d, "recipient"), ret) == 0 &&
           ret->share == d->sh.id;
}

static void link_again(struct desk *d)
{
    struct hb_share_recipient to;

    say(d, recipient(d, &to) ? portal_letter_link(d->x->p, to.id, &d->who)
                             : -ENOENT);
}

static void do_reopen(struct desk *d)
{
    int r =
        hb_share_reopen(d->x->p->store, d->sh.id, &d->who, d->x->p->rules.days);

    if (r == 0)
        r = portal_letter_links(d->x->p, d->sh.id, &d->who);
    say(d, r);
}

static void accept_it(struct desk *d)
{
    int64_t file = field_id(d, "file");

    int r = mine(d, file) ? hb_share_accept(d->x->p->store, file, &d->who)
                          : -ENOENT;

    if (r == -EPERM)
        show(d, 403,
             _("This file is a program or can start one. Only whoever runs "
               "the locker lets it in: ask them."),
             NULL);
    else
        say(d, r);
}

static void do_reject(struct desk *d)
{
    int64_t file = field_id(d, "file");

    say(d, mine(d, file) ? hb_share_reject(d->x->p->store, file, &d->who)
                         : -ENOENT);
}

static void do_fetch(struct desk *d)
{
    struct hb_share_download *down = NULL;
    struct hb_share_file f;
    int r = get_mine(d, field_id(d, "file"), &f)
                ? hb_share_fetch(d->x->p->store, f.id, &d->who, &down)
                : -ENOENT;

    if (r == 0)
        portal_stream(d->x, &f, down, 0, false);
    else
        say(d, r);
}

/* ---- it went to the wrong person ---- */

struct seen {
    int64_t downloads, bytes;
    bool unended;
};

static int see(void *arg, const struct hb_share_exposure *e)
{
    struct seen *s = arg;

    s->downloads += e->downloads;
    s->bytes += e->bytes;
    s->unended = s->unended || e->unended > 0;
    return 0;
}

static void do_wrong(struct desk *d)
{
    struct hb_share_recipient to;
    struct seen seen = {0};
    struct hb_view *v;
    int r = recipient(d, &to)
                ? portal_wrong(d->x->p, d->sh.id, to.id, &d->who, see, &seen)
                : -ENOENT;

    if (r < 0) {
        say(d, r);
        return;
    }
    v = portal_view(d->x, _("Wrong recipient"));
    hb_view_int(v, "share", d->sh.id);
    hb_view_int(v, "recipient", to.id);
    hb_view_str(v, "mail", to.mail);
    hb_view_int(v, "opened", seen.downloads);
    hb_view_size(v, "bytes", seen.bytes);
    portal_lines(
        v, "draft",
        portal_letter_confirm_text(d->x->p, d->x->a, d->sh.owner, "..."));
    portal_show(d->x, 200, "desk/wrong.html");
}

static void do_confirm(struct desk *d)
{
    struct hb_share_recipient to;

    say(d, recipient(d, &to) ? portal_letter_confirm(d->x->p, to.id, &d->who)
                             : -ENOENT);
}
