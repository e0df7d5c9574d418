/* SPDX-License-Identifier: Apache-2.0 */
/* wrong.c - see wrong.h. */
#include "portal/wrong.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

struct wrong {
    struct hb_buf addresses;
    int64_t downloads, bytes, first;
    bool unended; /* one was cut, or runs: how much left is not known */
    hb_share_exposure_fn *fn;
    void *arg;
};

static hb_share_exposure_fn add_up;
static hb_share_file_fn name_of;
static int find(struct hb_portal *p, const struct hb_share *sh,
                const struct wrong *w, const struct hb_share_who *who);

int portal_wrong(struct hb_portal *p, int64_t share, int64_t recipient,
                 const struct hb_share_who *who, hb_share_exposure_fn *fn,
                 void *arg)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct wrong w = {.addresses = HB_BUF_INIT, .fn = fn, .arg = arg};
    struct hb_share sh;
    int r = a == NULL ? -ENOMEM : hb_share_get(p->store, a, share, &sh), told;

    /* Dead first; whoever is told after it. */
    if (r == 0)
        r = hb_share_wrong_recipient(p->store, share, recipient, who, add_up,
                                     &w);
    if (r == 0) {
        told = find(p, &sh, &w, who);
        if (told == 0 && !hb_streq(who->name, sh.owner))
            told =
                portal_letter_news(p, share, PORTAL_NEWS_WRONG, who->name, "");
        if (told < 0)
            hb_log(HB_LOG_ERR,
                   _("a misdelivery was ended, but not told to everybody: %s"),
                   strerror(-told));
    }
    hb_buf_done(&w.addresses);
    return r;
}

/* ---- static ---- */

static int add_up(void *arg, const struct hb_share_exposure *e)
{
    struct wrong *w = arg;

    if (w->addresses.n > 0)
        hb_buf_addz(&w->addresses, ", ");
    hb_buf_addz(&w->addresses, e->address);
    w->downloads += e->downloads;
    w->bytes += e->bytes;
    w->unended = w->unended || e->unended > 0;
    if (e->first > 0 && (w->first == 0 || e->first < w->first))
        w->first = e->first;
    return w->fn != NULL ? w->fn(w->arg, e) : 0;
}

static int name_of(void *arg, const struct hb_share_file *f)
{
    struct hb_buf *b = arg;

    if (b->n > 0)
        hb_buf_addz(b, ", ");
    hb_buf_addz(b, f->name);
    return 0;
}

/* The finding, and what the incident's papers need. */
static int find(struct hb_portal *p, const struct hb_share *sh,
                const struct wrong *w, const struct hb_share_who *who)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf files = HB_BUF_INIT, text = HB_BUF_INIT;
    struct portal_found f = {
        .severity = HB_SEV_HIGH,
        .rule = "share.wrong-recipient",
        .title = _("A share went to the wrong person"),
        .share = sh->uid,
        .who = who->name,
        .from = who->from,
    };
    char number[24], when[40];
    struct hb_json *facts;
    int r = a == NULL ? -ENOMEM
                      : hb_share_each_file(p->store, sh->id, name_of, &files);

    if (r < 0)
        return r;
    facts = hb_json_new(a, HB_JSON_OBJ);
    (void)snprintf(number, sizeof(number), "%lld", (long long)w->downloads);
    if (hb_json_add_str(a, facts, "recipients", hb_buf_z(&w->addresses)) ==
            NULL ||
        hb_json_add_str(a, facts, "sent_at",
                        hb_time_utc(sh->made, when, sizeof(when))) == NULL ||
        hb_json_add_str(a, facts, "file_name", hb_buf_z(&files)) == NULL ||
        hb_json_add_str(a, facts, "file_protected",
                        _("share portal: a link that needs a code from the "
                          "recipient's mailbox; no password was sent")) ==
            NULL ||
        hb_json_add_str(a, facts, "opened_count", number) == NULL)
        return -ENOMEM;
    f.facts = facts;
    hb_buf_addf(&text,
                _("The links of %s were ended. Downloads by our own record: "
                  "%lld, bytes that left: %lld%s."),
                hb_buf_z(&w->addresses), (long long)w->downloads,
                (long long)w->bytes,
                w->unended ? _(" (one ran or broke off: count its file as "
                               "whole)")
                           : "");
    f.text = hb_buf_z(&text);
    return text.err < 0 ? text.err : portal_find(p, &f);
}
