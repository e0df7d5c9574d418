/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_message.c - notices to people leave this machine, one at a time.
 *
 * Runs in core, which has no network: the role "outside" mails what is due to
 * the person whom we name, at the address that root registered, and gives it
 * to the webhook of the settings.  Who is told
 * what, how often it is tried and when it is given up stands in
 * incident/message.h.  While that part of us is away nothing counts as tried
 * for ten minutes, since it may be starting again.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/cmd.h"
#include "core/core_bus.h"
#include "incident/message.h"

#define PATIENCE (120 * HB_S)
#define AWAY_NS  ((int64_t)(600 * HB_S))
#define LISTED   200
#define SOURCE   "sense/outside"

static hb_core_cmd_fn message_list, message_test;

const struct hb_core_cmd hb_core_cmds_message[] = {
    {"message.list", HB_NEED_READ, message_list, HB_ABOUT_INCIDENT},
    {"message.test", HB_NEED_OFFICER, message_test, HB_ABOUT_NONE},
    {NULL, HB_NEED_NOTHING, NULL, HB_ABOUT_NONE},
};

struct list {
    struct hb_core_call *call;
    struct hb_jw w;
    size_t n;
};

static int hand_over(struct hb_core *c, const struct hb_message *m);
static void on_answer(void *arg, const struct hb_event *answer);
static void refused(struct hb_core *c, int64_t id, const char *why);
static hb_message_fn add_message;
static hb_message_call_fn add_call;

void hb_core_messages_second(struct hb_core *c)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t now = hb_now();
    struct hb_message m;
    int r;

    if (c->message != 0 || a == NULL)
        return;
    r = hb_message_due(&c->state, a, now, &m);
    if (r == 1 && !hb_core_connected(c, SOURCE)) {
        if (now - m.next_try >= AWAY_NS)
            refused(c, m.id, N_("That part of Hinoban is not connected."));
        return;
    }
    if (r == 1)
        r = hand_over(c, &m);
    if (r < 0)
        hb_log(HB_LOG_ERR, "a notice could not be sent: %s", strerror(-r));
}

static int hand_over(struct hb_core *c, const struct hb_message *m)
{
    _cleanup_buf_ struct hb_buf subject = HB_BUF_INIT, body = HB_BUF_INIT;
    const struct hb_conf_org *org = &c->ctx->config->organisation;
    const struct hb_message_words words = {
        .lang = org->language,
        .organisation = org->name,
        .zone_name = org->zone_name,
        .zone_minutes = (int)org->zone_minutes,
        .until = hb_message_until(&c->state, m),
    };
    struct hb_core_member members[] = {{.name = "person", .text = m->name},
                                       {.name = "subject"},
                                       {.name = "text"},
                                       {.name = NULL}};
    bool hook = m->person == 0;
    int r;

    hb_message_subject(&subject, m, &words);
    if (hook)
        hb_message_json(&body, m, &words);
    else
        hb_message_body(&body, m, &words);
    members[1].text = hb_buf_z(&subject);
    members[2].text = hb_buf_z(&body);
    r = hb_buf_err(&subject);
    if (r == 0)
        r = hb_buf_err(&body);
    if (r == 0)
        r = hb_message_handed(&c->state, m->id, hb_buf_z(&subject));
    if (r == 0) {
        c->message = m->id;
        r = hb_core_command_with(c, SOURCE, hook ? "hook" : "notify", members,
                                 PATIENCE, on_answer, c);
    }
    if (r < 0)
        c->message = 0;
    return r;
}

static void on_answer(void *arg, const struct hb_event *answer)
{
    struct hb_core *c = arg;
    int64_t id = c->message;
    int r;

    c->message = 0;
    if (answer == NULL) {
        refused(c, id, N_("No answer in time."));
        return;
    }
    if (!hb_streq(hb_event_getz(answer, HB_F_STATUS, ""), "done")) {
        refused(c, id, hb_event_getz(answer, HB_F_STATUS_DETAIL, ""));
        return;
    }
    r = hb_message_sent(&c->state, id, hb_now(),
                        hb_event_getz(answer, HB_F_STATUS_DETAIL, ""));
    if (r < 0)
        hb_log(HB_LOG_ERR, "notice %lld was sent, but not noted: %s",
               (long long)id, strerror(-r));
}

static void refused(struct hb_core *c, int64_t id, const char *why)
{
    int r = hb_message_refused(&c->state, id, hb_now(), why);

    if (r < 0)
        hb_log(HB_LOG_ERR, "notice %lld: %s", (long long)id, strerror(-r));
    else if (r == 1)
        hb_core_say(c, HB_SEV_MEDIUM, "not-notified", why);
}

/* ---- what people ask ---- */

static int message_list(struct hb_core_call *call)
{
    struct list l = {.call = call};
    int r;

    hb_jw_init(&l.w, &call->data);
    hb_jw_arr(&l.w, NULL);
    r = hb_message_each(&call->core->state,
                        hb_json_int(call->args, "incident", 0), LISTED,
                        add_message, &l);
    hb_jw_end_arr(&l.w);
    if (l.n == 0)
        hb_buf_addz(&call->text, _("Nobody was told anything.\n"));
    return r;
}

static int add_message(void *arg, const struct hb_message *m)
{
    struct list *l = arg;
    struct hb_core_call *call = l->call;
    char at[64];

    if (m->incident != 0 && hb_core_hidden(call, m->incident))
        return 0;
    hb_buf_addf(
        &call->text, "  %4lld  [%lld] %s  %-9s %-9s %-16s %s\n",
        (long long)m->id, (long long)m->incident,
        hb_core_when(call, m->changed, at, sizeof(at)),
        hb_message_kind_name(m->kind), hb_message_state_name(m->state), m->name,
        m->detail[0] != '\0' ? hb_core_shown(call, hb_gettext(m->detail)) : "");
    hb_jw_obj(&l->w, NULL);
    hb_jw_int(&l->w, "id", m->id);
    hb_jw_int(&l->w, "incident", m->incident);
    hb_jw_int(&l->w, "task", m->task);
    hb_jw_int(&l->w, "clock", m->clock);
    hb_jw_str(&l->w, "person", m->name);
    hb_jw_str(&l->w, "channel", m->channel);
    hb_jw_str(&l->w, "kind", hb_message_kind_name(m->kind));
    hb_jw_str(&l->w, "subject", m->subject);
    hb_jw_int(&l->w, "created_ns", m->created);
    hb_jw_int(&l->w, "changed_ns", m->changed);
    hb_jw_int(&l->w, "next_try_ns", m->next_try);
    hb_jw_int(&l->w, "tries", m->tries);
    hb_jw_str(&l->w, "state", hb_message_state_name(m->state));
    hb_jw_str(&l->w, "detail", m->detail);
    hb_jw_end_obj(&l->w);
    l->n++;
    return 0;
}

static int message_test(struct hb_core_call *call)
{
    struct hb_person p;
    int64_t id;
    int r = hb_person_by_name(&call->core->state, call->arena,
                              hb_json_str(call->args, "person", ""), &p);

    if (r < 0)
        return hb_err_set(&call->err, -ENOENT,
                          _("There is no such person (hinoban person list)."));
    id = hb_message_test(&call->core->state, p.id);
    if (id == -EDESTADDRREQ)
        return hb_err_set(&call->err, (int)id,
                          _("%s is registered without a mail address."),
                          p.full_name);
    if (id == -ENOENT)
        return hb_err_set(&call->err, (int)id, _("%s is not active."),
                          p.full_name);
    if (id < 0)
        return (int)id;
    hb_buf_addf(&call->text,
                _("A mail to %s will be sent; \"hinoban message list\" tells "
                  "how it went.\n"),
                p.full_name);
    hb_buf_addf(&call->data, "{\"id\":%lld}", (long long)id);
    return 0;
}

/* Whom mail did not reach, on the first screen. */
int hb_core_messages_status(struct hb_core_call *call)
{
    struct list l = {.call = call};

    return hb_message_to_call(&call->core->state, add_call, &l);
}

static int add_call(void *arg, int64_t incident, const struct hb_person *p)
{
    struct list *l = arg;
    struct hb_core_call *call = l->call;

    if (hb_core_hidden(call, incident))
        return 0;
    if (l->n++ == 0)
        hb_buf_addz(&call->text,
                    _("Not reached by mail; call by telephone:\n"));
    hb_buf_addf(&call->text, "  [%lld] %s  %s\n", (long long)incident,
                hb_core_shown(call, p->full_name),
                hb_core_shown(call, p->phone));
    return 0;
}
