/* SPDX-License-Identifier: Apache-2.0 */
/*
 * letters.c - what people are told by mail: see part.h.
 *
 * A letter may reach the wrong person: it says who shares until when, and
 * nothing of the contents.  Recipients are strangers of either language and
 * get both, the organisation's first.
 */
#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/num.h"
#include "guard/share/confirm.h"
#include "guard/share/keep.h"
#include "guard/share/proof.h"
#include "portal/part.h"

#define WHEN 64u

/* What a link's mail was about, until it is known how it went. */
struct sent {
    struct hb_portal *p;
    int64_t share, recipient;
    char mail[HB_SHARE_MAIL_TEXT];
};

struct all {
    struct hb_portal *p;
    const struct hb_share_who *who;
    int64_t ids[1024]; /* recipients_max of the rules at most */
    size_t n;
};

static portal_sent_fn link_sent, only_log;
static hb_share_recipient_fn note_recipient;
static enum hb_lang lang_at(const struct hb_portal *p, unsigned i);
static void subject_both(struct hb_buf *b, const struct hb_portal *p,
                         const char *msgid);
static const char *when(const struct hb_portal *p, int64_t ns, char buf[WHEN]);
static int post(struct hb_portal *p, const char *to, struct hb_buf *subject,
                struct hb_buf *text, portal_sent_fn *fn, void *arg);
static int post_letter(struct hb_portal *p, const char *to,
                       struct hb_buf *subject, struct hb_buf *text, bool urgent,
                       portal_sent_fn *fn, void *arg);

static const char *const news_text[] = {
    [PORTAL_NEWS_APPROVED] = N_("Your share was approved"),
    [PORTAL_NEWS_DECLINED] = N_("Your share was sent back"),
    [PORTAL_NEWS_FETCHED] =
        N_("A file of yours was fetched for the first time"),
    [PORTAL_NEWS_REOPEN_ASKED] =
        N_("You are asked to open an expired share again"),
    [PORTAL_NEWS_ARRIVED] = N_("A file arrived and waits for you"),
    [PORTAL_NEWS_UNDELIVERED] = N_("The mail with your link could not be sent"),
    [PORTAL_NEWS_WRONG] = N_("Your share was not meant for them, says"),
    [PORTAL_NEWS_GUESSED] = N_("Too many wrong codes: a link of yours takes no "
                               "more; make a new one for"),
    [PORTAL_NEWS_CONFIRMED] = N_("It was confirmed that your file was deleted"),
};

int portal_letter_link(struct hb_portal *p, int64_t recipient,
                       const struct hb_share_who *who)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf subject = HB_BUF_INIT, text = HB_BUF_INIT;
    char link[HB_SHARE_TOKEN_TEXT], until[WHEN];
    struct hb_share_recipient to;
    struct hb_share sh;
    struct sent *sent;
    int r = a == NULL ? -ENOMEM
                      : hb_share_recipient_get(p->store, a, recipient, &to);

    if (r == 0)
        r = hb_share_get(p->store, a, to.share, &sh);
    if (r == 0)
        r = hb_share_link(p->store, recipient, who, link);
    if (r < 0)
        return r;
    subject_both(&subject, p,
                 sh.kind == HB_SHARE_OUT ? N_("Files for you")
                                         : N_("You are asked to send files"));
    for (unsigned i = 0; i < HB_LANG_COUNT; i++) {
        enum hb_lang lang = lang_at(p, i);

        if (i > 0)
            hb_buf_addz(&text, "\n----\n\n");
        hb_buf_addf(&text,
                    hb_tr(lang, sh.kind == HB_SHARE_OUT
                                    ? N_("%s has files for you.\n")
                                    : N_("%s asks you to send files.\n")),
                    sh.owner);
        hb_buf_addf(
            &text,
            hb_tr(lang, N_("Open this page and let a code of six digits be "
                           "sent to this address (%s):\n\n"
                           "  %ss/%s\n\nUntil: %s\n\n"
                           "The link works for this mailbox only: passed on, "
                           "it opens nothing. If you expect nothing from %s, "
                           "do not open it and tell them by another way.\n")),
            to.mail, p->config->share.url, link, when(p, sh.expires, until),
            sh.owner);
    }
    sent = calloc(1, sizeof(*sent));
    if (sent == NULL)
        return -ENOMEM;
    *sent = (struct sent){.p = p, .share = sh.id, .recipient = recipient};
    (void)hb_copyz(sent->mail, sizeof(sent->mail), to.mail);
    r = post(p, to.mail, &subject, &text, link_sent, sent);
    if (r < 0)
        free(sent);
    explicit_bzero(link, sizeof(link));
    return r;
}

int portal_letter_again(struct hb_portal *p)
{
    static const struct hb_share_who us = {"hinoban", "", true};
    int64_t recipient;
    int r;

    while ((r = hb_share_unmailed(p->store, &recipient)) == 1) {
        r = portal_letter_link(p, recipient, &us);
        if (r < 0)
            break;
    }
    return r;
}

int portal_letter_links(struct hb_portal *p, int64_t share,
                        const struct hb_share_who *who)
{
    struct all *all = calloc(1, sizeof(*all));
    int r, one;

    if (all == NULL)
        return -ENOMEM;
    all->p = p;
    r = hb_share_each_recipient(p->store, share, note_recipient, all);
    for (size_t i = 0; r >= 0 && i < all->n; i++) {
        one = portal_letter_link(p, all->ids[i], who);
        if (one < 0)
            r = one;
    }
    free(all);
    return r;
}

int portal_letter_code(struct hb_portal *p, enum hb_lang lang, const char *to,
                       const char *digits)
{
    _cleanup_buf_ struct hb_buf subject = HB_BUF_INIT, text = HB_BUF_INIT;

    /* The code stands in the text, not in a subject that a locked telephone
     * shows to whoever sits beside it. */
    hb_buf_addz(&subject, hb_tr(lang, N_("Your code for the share portal")));
    hb_buf_addf(
        &text,
        hb_tr(lang,
              N_("Your code: %s\n\nIt works for 10 minutes, in the window in "
                 "which you asked for it. Nobody of us will ever ask you for "
                 "it. If you did not ask for it, do nothing.\n\n%s\n")),
        digits, p->config->share.url);
    return post_letter(p, to, &subject, &text, true, only_log, p);
}

int portal_letter_waiting(struct hb_portal *p, int64_t share)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_strs *to = &p->config->share.approvers;
    struct hb_share sh;
    int r = a == NULL ? -ENOMEM : hb_share_get(p->store, a, share, &sh), one;

    for (size_t i = 0; r == 0 && i < to->n; i++) {
        _cleanup_buf_ struct hb_buf subject = HB_BUF_INIT, text = HB_BUF_INIT;

        if (hb_streq(to->v[i], sh.owner))
            continue;
        hb_buf_addf(&subject, _("A share of %s waits for your look"), sh.owner);
        hb_buf_addf(&text,
                    _("%s wants to share %lld files with %lld recipients. "
                      "Look at addresses and contents, and decide:\n\n"
                      "  %sapprove\n"),
                    sh.owner, (long long)sh.files, (long long)sh.recipients,
                    p->config->share.url);
        one = post(p, to->v[i], &subject, &text, only_log, p);
        if (one < 0)
            r = one;
    }
    return r;
}

int portal_letter_news(struct hb_portal *p, int64_t share,
                       enum portal_news news, const char *about,
                       const char *words)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf subject = HB_BUF_INIT, text = HB_BUF_INIT;
    struct hb_share sh;
    int r = a == NULL ? -ENOMEM : hb_share_get(p->store, a, share, &sh);

    if (r < 0)
        return r;
    hb_buf_addf(&subject, "%s: %s", _(news_text[news]), about);
    hb_buf_add(&text, subject.p, subject.n);
    hb_buf_addz(&text, "\n");
    if (words[0] != '\0')
        hb_buf_addf(&text, "\n  %s\n", words);
    hb_buf_addf(&text,
                _("\nWhat happened, and the button that makes the links dead:"
                  "\n\n  %sshares/%lld\n"),
                p->config->share.url, (long long)share);
    return post(p, sh.owner, &subject, &text, only_log, p);
}

int portal_letter_factor(struct hb_portal *p, const char *to, const char *from)
{
    _cleanup_buf_ struct hb_buf subject = HB_BUF_INIT, text = HB_BUF_INIT;

    hb_buf_addz(&subject,
                _("An authenticator was set up for the share portal"));
    hb_buf_addf(&text,
                _("It approves shares in your name, %s, and was set up from "
                  "%s. If that was not you, tell whoever looks after security "
                  "at once: they read your mail.\n"),
                to, from);
    return post(p, to, &subject, &text, only_log, p);
}

int portal_letter_place(struct hb_portal *p, const char *to, const char *from)
{
    _cleanup_buf_ struct hb_buf subject = HB_BUF_INIT, text = HB_BUF_INIT;

    hb_buf_addz(&subject, _("Sign-in to the share portal from a new place"));
    hb_buf_addf(&text,
                _("Somebody signed in as %s from %s, where you never came "
                  "from. If that was you, all is well. If not, tell whoever "
                  "looks after security at once: they read your mail.\n"),
                to, from);
    return post(p, to, &subject, &text, only_log, p);
}

const char *portal_letter_confirm_text(struct hb_portal *p, struct hb_arena *a,
                                       const char *owner, const char *link)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    const char *z;

    for (unsigned i = 0; i < HB_LANG_COUNT; i++) {
        if (i > 0)
            hb_buf_addz(&text, "\n----\n\n");
        hb_buf_addf(
            &text,
            hb_tr(lang_at(p, i),
                  N_("By a mistake of ours a link to files of %s was sent to "
                     "you. It no longer works. We are sorry.\n\nPlease delete "
                     "the mail, and whatever was saved, do not pass it on, and "
                     "confirm on this page what happened to it:\n\n  %s\n\n"
                     "Thank you for your help.\n")),
            owner, link);
    }
    z = text.err == 0 ? hb_arena_strdup(a, hb_buf_z(&text)) : NULL;
    return z != NULL ? z : "";
}

int portal_letter_confirm(struct hb_portal *p, int64_t recipient,
                          const struct hb_share_who *who)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf subject = HB_BUF_INIT, text = HB_BUF_INIT;
    char token[HB_SHARE_TOKEN_TEXT];
    struct hb_share_recipient to;
    const char *link;
    struct hb_share sh;
    int r = a == NULL ? -ENOMEM
                      : hb_share_recipient_get(p->store, a, recipient, &to);

    if (r == 0)
        r = hb_share_get(p->store, a, to.share, &sh);
    if (r == 0)
        r = hb_share_confirm_new(p->store, recipient, who, token);
    if (r < 0)
        return r;
    subject_both(&subject, p, N_("Please delete what came by mistake"));
    link = hb_arena_printf(a, "%sc/%s", p->config->share.url, token);
    hb_buf_addz(&text, portal_letter_confirm_text(p, a, sh.owner,
                                                  link != NULL ? link : ""));
    return post(p, to.mail, &subject, &text, only_log, p);
}

int portal_letter_reminder(struct hb_portal *p,
                           const struct hb_share_reminder *r)
{
    _cleanup_buf_ struct hb_buf subject = HB_BUF_INIT, text = HB_BUF_INIT;
    char until[WHEN];

    subject_both(&subject, p, N_("Files wait for you, and will be gone soon"));
    for (unsigned i = 0; i < HB_LANG_COUNT; i++) {
        if (i > 0)
            hb_buf_addz(&text, "\n----\n\n");
        hb_buf_addf(&text,
                    hb_tr(lang_at(p, i),
                          N_("Files of %s wait for you until %s. The link "
                             "stands in the mail that you got; where it is "
                             "lost, ask %s for a new one.\n")),
                    r->owner, when(p, r->expires, until), r->owner);
    }
    return post(p, r->mail, &subject, &text, only_log, p);
}

/* ---- static ---- */

static void link_sent(void *arg, int r, const char *answer)
{
    struct sent *s = arg;

    /* Whoever stops leaves it to who comes. */
    if (r != -ECANCELED && hb_share_mailed(s->p->store, s->recipient) < 0)
        hb_log(HB_LOG_ERR, _("the share portal's store cannot be written"));
    if (r < 0 && r != -ECANCELED)
        r = portal_letter_news(s->p, s->share, PORTAL_NEWS_UNDELIVERED, s->mail,
                               answer);
    if (r < 0 && r != -ECANCELED)
        hb_log(HB_LOG_WARNING, _("a letter was not sent: %s"), answer);
    free(s);
}

static void only_log(void *arg, int r, const char *answer)
{
    (void)arg;
    if (r < 0 && r != -ECANCELED)
        hb_log(HB_LOG_WARNING, _("a letter was not sent: %s"), answer);
}

static int note_recipient(void *arg, const struct hb_share_recipient *r)
{
    struct all *all = arg;

    if (!r->revoked && all->n < HB_ARRAY_LEN(all->ids))
        all->ids[all->n++] = r->id;
    return 0;
}

/* Ours comes first. */
static enum hb_lang lang_at(const struct hb_portal *p, unsigned i)
{
    enum hb_lang own = (enum hb_lang)p->config->organisation.language;

    return i == 0 ? own : own == HB_LANG_EN ? HB_LANG_JA : HB_LANG_EN;
}

static void subject_both(struct hb_buf *b, const struct hb_portal *p,
                         const char *msgid)
{
    hb_buf_addf(b, "%s / %s", hb_tr(lang_at(p, 0), msgid),
                hb_tr(lang_at(p, 1), msgid));
}

static const char *when(const struct hb_portal *p, int64_t ns, char buf[WHEN])
{
    const struct hb_conf_org *o = &p->config->organisation;

    return hb_time_zone(ns, (int)o->zone_minutes, o->zone_name, buf, WHEN);
}

static int post(struct hb_portal *p, const char *to, struct hb_buf *subject,
                struct hb_buf *text, portal_sent_fn *fn, void *arg)
{
    return post_letter(p, to, subject, text, false, fn, arg);
}

static int post_letter(struct hb_portal *p, const char *to,
                       struct hb_buf *subject, struct hb_buf *text, bool urgent,
                       portal_sent_fn *fn, void *arg)
{
    const struct portal_letter l = {
        .to = to,
        .subject = hb_buf_z(subject),
        .text = hb_buf_z(text),
        .urgent = urgent,
    };

    if (subject->err < 0 || text->err < 0)
        return subject->err < 0 ? subject->err : text->err;
    return portal_post_send(p->post, &l, fn, arg);
}
