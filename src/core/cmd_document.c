/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_document.c - requests about the papers of an incident: printing one, its
 * versions, who approved which, to whom it was handed.
 *
 * Runs in core.  A paper is approved as one version, which is kept first: who
 * signs, signs the hash of what lies in the evidence.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"
#include "core/cmd.h"
#include "core/play_port.h"
#include "incident/document_mark.h"
#include "incident/mailing.h"

#define FORM  16u /* "ja.html" */
#define SHORT 12u /* digits of a hash that are shown */

static hb_core_cmd_fn document_write, document_list, document_version,
    document_approve, document_sent;

const struct hb_core_cmd hb_core_cmds_document[] = {
    {"document.write", HB_NEED_READ, document_write, HB_ABOUT_ID},
    {"document.list", HB_NEED_READ, document_list, HB_ABOUT_ID},
    {"document.version", HB_NEED_PERSON, document_version, HB_ABOUT_ID},
    {"document.approve", HB_NEED_PERSON, document_approve, HB_ABOUT_ID},
    {"document.sent", HB_NEED_OFFICER, document_sent, HB_ABOUT_ID},
    {NULL, HB_NEED_NOTHING, NULL, HB_ABOUT_NONE},
};

struct list {
    struct hb_core_call *call;
    struct hb_jw w;
    int64_t incident;
    size_t n;
};

static const char *html_form(const struct hb_core_call *call, char ret[FORM]);
static hb_document_version_fn list_version;
static hb_document_approval_fn list_approval;
static hb_document_sent_fn list_sent;
static hb_mailing_fn list_mailing;

static int document_write(struct hb_core_call *call)
{
    return hb_core_document(call->core, hb_json_int(call->args, "id", 0),
                            hb_json_str(call->args, "name", "D01"), call->lang,
                            hb_json_bool(call->args, "html", false)
                                ? HB_DOCUMENT_HTML
                                : HB_DOCUMENT_TEXT,
                            call->person, &call->text, &call->err);
}

/* ---- the list ---- */

static int document_list(struct hb_core_call *call)
{
    struct list l = {.call = call,
                     .incident = hb_json_int(call->args, "id", 0)};
    struct hb_state *s = &call->core->state;
    int r;

    hb_jw_init(&l.w, &call->data);
    hb_jw_obj(&l.w, NULL);
    hb_jw_arr(&l.w, "versions");
    r = hb_document_versions(s, l.incident, list_version, &l);
    hb_jw_end_arr(&l.w);
    hb_jw_arr(&l.w, "sent");
    if (r == 0)
        r = hb_document_sent_each(s, l.incident, list_sent, &l);
    hb_jw_end_arr(&l.w);
    hb_jw_arr(&l.w, "mailings");
    if (r == 0)
        r = hb_mailing_each(s, l.incident, list_mailing, &l);
    hb_jw_end_arr(&l.w);
    hb_jw_end_obj(&l.w);
    if (l.n == 0)
        hb_buf_addz(&call->text, _("No paper was kept or handed over yet.\n"));
    return r;
}

static int list_version(void *arg, const struct hb_document_version *v)
{
    struct list *l = arg;
    char at[64];
    int r;

    l->n++;
    hb_buf_addf(&l->call->text, _("  %s (%s) version %lld, %s, %.*s\n"),
                v->name, v->lang, (long long)v->number,
                hb_core_when(l->call, v->made, at, sizeof(at)), (int)SHORT,
                v->sha256);
    hb_jw_obj(&l->w, NULL);
    hb_jw_str(&l->w, "name", v->name);
    hb_jw_str(&l->w, "lang", v->lang);
    hb_jw_int(&l->w, "number", v->number);
    hb_jw_int(&l->w, "made_ns", v->made);
    hb_jw_str(&l->w, "sha256", v->sha256);
    hb_jw_arr(&l->w, "approved");
    r = hb_document_approvals(&l->call->core->state, l->incident, v->name,
                              v->sha256, list_approval, l);
    hb_jw_end_arr(&l->w);
    hb_jw_end_obj(&l->w);
    return r;
}

static int list_approval(void *arg, const struct hb_decision_row *row)
{
    struct list *l = arg;
    char at[64];

    hb_buf_addf(&l->call->text, _("      approved by %s, %s: %s\n"),
                row->person, hb_core_when(l->call, row->time, at, sizeof(at)),
                hb_core_shown(l->call, row->reason));
    hb_jw_obj(&l->w, NULL);
    hb_jw_str(&l->w, "person", row->person);
    hb_jw_int(&l->w, "time_ns", row->time);
    hb_jw_str(&l->w, "words", row->reason);
    hb_jw_end_obj(&l->w);
    return 0;
}

static int list_sent(void *arg, const struct hb_document_sent *d)
{
    struct list *l = arg;
    char at[64];

    l->n++;
    hb_buf_addf(&l->call->text, _("  %s handed over to %s, %s  %s\n"), d->name,
                hb_core_shown(l->call, d->to),
                hb_core_when(l->call, d->at, at, sizeof(at)),
                hb_core_shown(l->call, d->receipt));
    hb_jw_obj(&l->w, NULL);
    hb_jw_str(&l->w, "name", d->name);
    hb_jw_str(&l->w, "to", d->to);
    hb_jw_int(&l->w, "at_ns", d->at);
    hb_jw_str(&l->w, "receipt", d->receipt);
    hb_jw_str(&l->w, "sha256", d->sha256);
    hb_jw_str(&l->w, "actor", d->actor);
    hb_jw_end_obj(&l->w);
    return 0;
}

static int list_mailing(void *arg, const struct hb_mailing *m)
{
    struct list *l = arg;

    l->n++;
    hb_buf_addf(&l->call->text,
                _("  %s mailed to %lld of %lld people outside (hinoban "
                  "mailing show %lld)\n"),
                m->paper, (long long)m->sent, (long long)m->count,
                (long long)m->id);
    hb_jw_obj(&l->w, NULL);
    hb_jw_int(&l->w, "id", m->id);
    hb_jw_str(&l->w, "name", m->paper);
    hb_jw_int(&l->w, "count", m->count);
    hb_jw_int(&l->w, "sent", m->sent);
    hb_jw_int(&l->w, "failed", m->failed);
    hb_jw_str(&l->w, "state", hb_mailing_state_name(m->state));
    hb_jw_end_obj(&l->w);
    return 0;
}

/* ---- approving, handing over ---- */

/* The last version; with "keep", of what is known now, which is shown. */
static int document_version(struct hb_core_call *call)
{
    int64_t incident = hb_json_int(call->args, "id", 0);
    const char *name = hb_json_str(call->args, "name", "");
    bool keep = hb_json_bool(call->args, "keep", false);
    char sha256[65] = "", form[FORM];
    int r = 0;

    if (!hb_mailing_may(call->person) &&
        (call->person->roles & HB_PR_ADMIN) == 0)
        return hb_err_set(&call->err, -EACCES,
                          _("An officer, management, audit or the approver "
                            "from outside may approve a paper."));
    if (keep)
        r = hb_core_document_keep(call->core, incident, name, call->lang, false,
                                  &call->err);
    if (keep && r == 0)
        r = hb_core_document(call->core, incident, name, call->lang,
                             HB_DOCUMENT_TEXT, call->person, &call->text,
                             &call->err);
    if (r == 0)
        r = hb_document_last(&call->core->state, incident, name,
                             html_form(call, form), sha256, NULL);
    if (r < 0)
        return r;
    if (r == 0)
        return hb_err_set(&call->err, -ENOENT,
                          _("No version of %s was kept yet: hinoban document "
                            "keep %s %lld"),
                          name, name, (long long)incident);
    if (keep)
        hb_buf_addf(&call->text,
                    _("\nTo approve this version: hinoban document approve %s "
                      "%lld %.*s\n"),
                    name, (long long)incident, (int)SHORT, sha256);
    hb_buf_addf(&call->data, "{\"sha256\":\"%s\"}", sha256);
    return 0;
}

static int document_approve(struct hb_core_call *call)
{
    int64_t incident = hb_json_int(call->args, "id", 0);
    uint8_t sig[HB_SIG_SIZE];
    const struct hb_decision_row row = {
        .subject = hb_json_str(call->args, "subject", ""),
        .verdict = "accepted",
        .reason = hb_json_str(call->args, "reason", ""),
        .time = hb_json_int(call->args, "time_ns", 0),
        .until = hb_json_int(call->args, "until_ns", 0),
        .sig = {(const char *)sig, sizeof(sig)},
    };
    int r = hb_unhex(hb_slice_z(hb_json_str(call->args, "sig", "")), sig,
                     sizeof(sig));

    if (!hb_mailing_may(call->person))
        return hb_err_set(&call->err, -EACCES,
                          _("An officer, management, audit or the approver "
                            "from outside may approve a paper."));
    if (r == 0)
        r = hb_document_approve(&call->core->state, incident, call->person,
                                &row);
    if (r == -ENOENT)
        return hb_err_set(&call->err, r,
                          _("This version of the paper was not kept."));
    if (r == -EBADMSG)
        return hb_err_set(&call->err, r,
                          _("The signature is not that of your registered "
                            "key."));
    if (r == -EKEYREJECTED)
        return hb_err_set(&call->err, r,
                          _("You need a key of your own: sudo hinoban person "
                            "add %s --key-to FILE"),
                          call->person->name);
    if (r == -EINVAL)
        return hb_err_set(&call->err, r,
                          _("Say in at most %u bytes why it is approved."),
                          HB_DECISION_REASON_MAX);
    if (r == 0)
        hb_buf_addz(&call->text, _("The paper is approved as it is now; a "
                                   "later version wants an approval of its "
                                   "own.\n"));
    return r;
}

static int document_sent(struct hb_core_call *call)
{
    int64_t incident = hb_json_int(call->args, "id", 0), now = hb_now();
    char sha256[65] = "";
    struct hb_document_sent d = {
        .name = hb_json_str(call->args, "name", ""),
        .sha256 = sha256,
        .to = hb_json_str(call->args, "to", ""),
        .receipt = hb_json_str(call->args, "receipt", ""),
        .actor = hb_arena_printf(call->arena, "person:%s", call->person->name),
        .at = hb_json_int(call->args, "at_ns", now),
    };
    char form[FORM];
    int r = hb_document_known(&call->core->state, incident, d.name, &call->err);

    if (r < 0 || d.actor == NULL)
        return r < 0 ? r : -ENOMEM;
    if (!hb_mailing_subject_ok(d.to) || !hb_mailing_name_ok(d.receipt))
        return hb_err_set(&call->err, -EINVAL,
                          _("Say in one line to whom it was handed."));
    if (d.at <= 0 || d.at > now + (int64_t)(60 * HB_S))
        return hb_err_set(&call->err, -EINVAL,
                          _("It cannot have been handed over at a time to "
                            "come."));
    r = hb_document_last(&call->core->state, incident, d.name,
                         html_form(call, form), sha256, NULL);
    if (r >= 0)
        r = hb_document_sent_add(&call->core->state, incident, &d,
                                 call->person);
    if (r == 0)
        hb_buf_addz(&call->text, _("Recorded.\n"));
    return r;
}

static const char *html_form(const struct hb_core_call *call, char ret[FORM])
{
    (void)snprintf(ret, FORM, "%s.html", hb_lang_code(call->lang));
    return ret;
}
