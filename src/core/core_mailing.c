/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_mailing.c - papers to people outside: the requests about them, and
 * handing over one mail a second of what two people released.
 *
 * Runs in core, which has no network and whose word alone moves nothing: the
 * role "outside" checks both signatures for every mail (event/mailing.h).
 * Whoever makes a mailing, signs it or looks at its list is a registered
 * person; one of an incident that is hidden from them is not there.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/num.h"
#include "core/cmd.h"
#include "core/core_bus.h"
#include "core/play_port.h"
#include "incident/fact.h"
#include "incident/hidden.h"
#include "incident/mailing.h"

#define PATIENCE (120 * HB_S)
#define SOURCE   "sense/outside"
#define PAGE     500 /* of the list, in one answer */

static hb_core_cmd_fn mailing_draft, mailing_new, mailing_add, mailing_list,
    mailing_show, mailing_release, mailing_stop;

const struct hb_core_cmd hb_core_cmds_mailing[] = {
    {"mailing.draft", HB_NEED_OFFICER, mailing_draft, HB_ABOUT_INCIDENT},
    {"mailing.new", HB_NEED_OFFICER, mailing_new, HB_ABOUT_INCIDENT},
    {"mailing.add", HB_NEED_OFFICER, mailing_add, HB_ABOUT_NONE},
    {"mailing.list", HB_NEED_PERSON, mailing_list, HB_ABOUT_INCIDENT},
    {"mailing.show", HB_NEED_PERSON, mailing_show, HB_ABOUT_NONE},
    {"mailing.release", HB_NEED_PERSON, mailing_release, HB_ABOUT_NONE},
    {"mailing.stop", HB_NEED_OFFICER, mailing_stop, HB_ABOUT_NONE},
    {NULL, HB_NEED_NOTHING, NULL, HB_ABOUT_NONE},
};

struct list {
    struct hb_core_call *call;
    struct hb_jw w;
    size_t n;
};

static int find(struct hb_core_call *call, struct hb_mailing *ret);
static int refuse(struct hb_core_call *call, const struct hb_mailing *m, int r);
static int add_one(struct hb_core_call *call, struct hb_mailing *m,
                   const struct hb_json *to);
static void write_mailing(struct hb_jw *w, const struct hb_mailing *m);
static void write_terms(struct hb_jw *w, const char *key,
                        const struct hb_mailing_terms *t);
static hb_mailing_fn list_one;
static hb_mailing_to_fn list_to;
static const char *state_text(enum hb_mailing_state state);
static int denied(struct hb_core *c, const struct hb_mailing_letter *l, int r);
static int hand_over(struct hb_core *c, const struct hb_mailing_letter *l);
static void on_answer(void *arg, const struct hb_event *answer);
static void add_hex(struct hb_jw *w, const char *key, const void *p, size_t n);

/* ---- sending ---- */

/* One a second: relays take more for spam. */
void hb_core_mailing_second(struct hb_core *c)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_mailing_letter *l;
    int r;

    if (a == NULL || c->letter.mailing != 0 || c->degraded ||
        !hb_core_connected(c, SOURCE))
        return;
    l = HB_NEW(a, struct hb_mailing_letter);
    r = l == NULL ? -ENOMEM : hb_mailing_due(&c->state, a, hb_now(), l);
    if (r == 1)
        r = hb_mailing_try(&c->state, l->m.id, l->to.place, hb_now());
    else if (r != -EBADMSG)
        l = NULL; /* nothing is due, or nobody knows what */
    if (r == 0 && l != NULL)
        r = hand_over(c, l);
    if (r < 0 && l != NULL)
        r = denied(c, l, r);
    if (r < 0)
        hb_log(HB_LOG_ERR, "a mailing could not go on: %s", strerror(-r));
}

/* It cannot even be handed over: one that never can may not stand before all
 * others. */
static int denied(struct hb_core *c, const struct hb_mailing_letter *l, int r)
{
    if (r == -EAGAIN || r == -ENOTCONN || r == -ENOMEM)
        return 0; /* tried again when its pause is over */
    if (r == -EBADMSG)
        hb_core_say(c, HB_SEV_HIGH, "mailing-denied",
                    N_("its release does not hold"));
    return hb_mailing_denied(&c->state, l->m.id, l->to.place, hb_now(),
                             r == -EBADMSG ? N_("its release does not hold")
                                           : N_("it cannot be handed over"));
}

static int hand_over(struct hb_core *c, const struct hb_mailing_letter *l)
{
    _cleanup_buf_ struct hb_buf terms = HB_BUF_INIT, path = HB_BUF_INIT,
                                by = HB_BUF_INIT;
    char place[24];
    struct hb_jw w;
    int r;

    hb_jw_init(&w, &terms);
    write_terms(&w, NULL, &l->terms);
    hb_jw_init(&w, &path);
    hb_jw_arr(&w, NULL);
    for (size_t i = 0; i < l->path_n; i++)
        add_hex(&w, NULL, l->path[i], sizeof(l->path[i]));
    hb_jw_end_arr(&w);
    hb_jw_init(&w, &by);
    hb_jw_arr(&w, NULL);
    for (size_t i = 0; i < HB_MAILING_RELEASES; i++) {
        hb_jw_obj(&w, NULL);
        hb_jw_str(&w, "person", l->by[i].person);
        add_hex(&w, "sig", l->by[i].sig, HB_SIG_SIZE);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    r = hb_buf_err(&terms);
    if (r == 0)
        r = hb_buf_err(&path);
    if (r == 0)
        r = hb_buf_err(&by);
    if (r < 0)
        return r;
    (void)snprintf(place, sizeof(place), "%lld", (long long)l->to.place);
    {
        const struct hb_core_member members[] = {
            {.name = "terms", .json = hb_buf_slice(&terms)},
            {.name = "text", .text = l->m.text},
            {.name = "name", .text = l->to.name},
            {.name = "address", .text = l->to.address},
            {.name = "place", .json = hb_slice_z(place)},
            {.name = "path", .json = hb_buf_slice(&path)},
            {.name = "by", .json = hb_buf_slice(&by)},
            {.name = NULL}};

        c->letter.mailing = l->m.id;
        c->letter.place = l->to.place;
        r = hb_core_command_with(c, SOURCE, "letter", members, PATIENCE,
                                 on_answer, c);
    }
    if (r < 0)
        c->letter.mailing = 0;
    return r;
}

static void on_answer(void *arg, const struct hb_event *answer)
{
    struct hb_core *c = arg;
    int64_t id = c->letter.mailing, place = c->letter.place;
    const char *detail = answer != NULL
                             ? hb_event_getz(answer, HB_F_STATUS_DETAIL, "")
                             : N_("No answer in time.");
    const char *status =
        answer != NULL ? hb_event_getz(answer, HB_F_STATUS, "") : "";
    int r;

    c->letter.mailing = 0;
    if (hb_streq(status, "done")) {
        r = hb_mailing_sent(&c->state, id, place, hb_now(), detail);
    } else if (hb_streq(status, "denied")) {
        /* Somebody edited our store, or core itself is not what it was. */
        hb_core_say(c, HB_SEV_HIGH, "mailing-denied", detail);
        r = hb_mailing_denied(&c->state, id, place, hb_now(), detail);
    } else {
        r = hb_mailing_refused(&c->state, id, place, hb_now(), detail);
    }
    if (r < 0)
        hb_log(HB_LOG_ERR, "mailing %lld, %lld: its end was not noted: %s",
               (long long)id, (long long)place, strerror(-r));
}

/* ---- what people ask ---- */

/* The paper as it could be sent, for its writer to go over. */
static int mailing_draft(struct hb_core_call *call)
{
    return hb_core_document(call->core, hb_json_int(call->args, "incident", 0),
                            hb_json_str(call->args, "paper", ""), call->lang,
                            HB_DOCUMENT_LETTER, call->person, &call->text,
                            &call->err);
}

static int mailing_new(struct hb_core_call *call)
{
    int64_t incident = hb_json_int(call->args, "incident", 0), id = 0;
    const char *paper = hb_json_str(call->args, "paper", "");
    struct hb_slice text = hb_slice_z(hb_json_str(call->args, "text", ""));
    int r = hb_document_known(&call->core->state, incident, paper, &call->err);

    if (r < 0)
        return r;
    r = hb_mailing_new(&call->core->state, incident, paper,
                       hb_json_str(call->args, "subject", ""), text,
                       call->person, &id);
    if (r == -EINVAL)
        return hb_err_set(&call->err, r,
                          _("The subject is one line of at most %u bytes, the "
                            "text UTF-8 of at most %u bytes, both without "
                            "control characters."),
                          HB_MAILING_SUBJECT_MAX, HB_MAILING_TEXT_MAX);
    if (r < 0)
        return r;
    hb_buf_addf(&call->data, "{\"id\":%lld}", (long long)id);
    return 0;
}

static int mailing_add(struct hb_core_call *call)
{
    const struct hb_json *list = hb_json_get(call->args, "to");
    struct hb_mailing m;
    int r = find(call, &m);

    if (r < 0)
        return r;
    r = hb_db_begin(call->core->state.db);
    if (r < 0)
        return r;
    for (const struct hb_json *to = list != NULL ? list->first : NULL;
         to != NULL && r == 0; to = to->next)
        r = add_one(call, &m, to);
    if (r == 0)
        r = hb_db_commit(call->core->state.db);
    if (r < 0)
        hb_db_rollback(call->core->state.db);
    else
        hb_buf_addf(&call->data, "{\"count\":%lld}", (long long)m.count);
    return r;
}

static int add_one(struct hb_core_call *call, struct hb_mailing *m,
                   const struct hb_json *to)
{
    const char *address = hb_json_str(to, "address", "");
    int r = hb_mailing_add(&call->core->state, m, hb_json_str(to, "name", ""),
                           address);

    if (r == -EEXIST)
        return hb_err_set(&call->err, r, _("%s stands in the list twice."),
                          hb_core_shown(call, address));
    if (r == -EINVAL)
        return hb_err_set(&call->err, r,
                          _("%s is no mail address, or the name beside it has "
                            "control characters or more than %u bytes."),
                          hb_core_shown(call, address), HB_MAILING_NAME_MAX);
    if (r == -E2BIG)
        return hb_err_set(&call->err, r,
                          _("A list has at most %u people; make another "
                            "mailing for the rest."),
                          HB_MAILING_TO_MAX);
    return r < 0 ? refuse(call, m, r) : 0;
}

static int mailing_list(struct hb_core_call *call)
{
    struct list l = {.call = call};
    int r;

    hb_jw_init(&l.w, &call->data);
    hb_jw_arr(&l.w, NULL);
    r = hb_mailing_each(&call->core->state,
                        hb_json_int(call->args, "incident", 0), list_one, &l);
    hb_jw_end_arr(&l.w);
    if (l.n == 0)
        hb_buf_addz(&call->text, _("Nothing was mailed to anybody outside.\n"));
    return r;
}

static int list_one(void *arg, const struct hb_mailing *m)
{
    struct list *l = arg;
    struct hb_core_call *call = l->call;

    if (hb_core_hidden(call, m->incident))
        return 0;
    l->n++;
    hb_buf_addf(&call->text,
                _("  %3lld  [%lld] %s  %s: %lld people, %lld sent, %lld not "
                  "reached  %s\n"),
                (long long)m->id, (long long)m->incident, m->paper,
                state_text(m->state), (long long)m->count, (long long)m->sent,
                (long long)m->failed, hb_core_shown(call, m->subject));
    write_mailing(&l->w, m);
    hb_jw_end_obj(&l->w);
    return 0;
}

/* From "from" on, PAGE of the list; "next" where there is more.  The client
 * says it in words, so that who signs has seen what is signed. */
static int mailing_show(struct hb_core_call *call)
{
    struct list l = {.call = call};
    int64_t from = HB_MAX(hb_json_int(call->args, "from", 0), 0);
    struct hb_mailing m;
    struct hb_known k;
    bool held;
    int r = find(call, &m);

    if (r < 0)
        return r;
    held = m.state == HB_MAILING_RELEASED &&
           hb_known_get(&call->core->state, call->arena, m.incident,
                        "out_of_band", &k) == 1 &&
           hb_streq(k.value, "true");
    hb_jw_init(&l.w, &call->data);
    write_mailing(&l.w, &m);
    hb_jw_str(&l.w, "uid", m.uid);
    hb_jw_bool(&l.w, "held", held);
    hb_jw_str(&l.w, "text", m.text);
    hb_jw_arr(&l.w, "to");
    r = hb_mailing_each_to(&call->core->state, m.id, from, list_to, &l);
    hb_jw_end_arr(&l.w);
    if (r == 1)
        hb_jw_int(&l.w, "next", from + PAGE);
    hb_jw_end_obj(&l.w);
    return HB_MIN(r, 0);
}

static int list_to(void *arg, const struct hb_mailing_to *to)
{
    struct list *l = arg;

    if (l->n++ == PAGE)
        return 1;
    hb_jw_obj(&l->w, NULL);
    hb_jw_int(&l->w, "place", to->place);
    hb_jw_str(&l->w, "name", to->name);
    hb_jw_str(&l->w, "address", to->address);
    hb_jw_str(&l->w, "state", hb_mailing_to_state_name(to->state));
    hb_jw_int(&l->w, "tries", to->tries);
    hb_jw_int(&l->w, "changed_ns", to->changed);
    hb_jw_str(&l->w, "detail", to->detail);
    hb_jw_end_obj(&l->w);
    return 0;
}

static int mailing_release(struct hb_core_call *call)
{
    uint8_t sig[HB_SIG_SIZE];
    struct hb_mailing m;
    int r = find(call, &m);

    if (r < 0)
        return r;
    if (hb_unhex(hb_slice_z(hb_json_str(call->args, "sig", "")), sig,
                 sizeof(sig)) < 0)
        return hb_err_set(&call->err, -EINVAL,
                          _("A release carries a signature."));
    r = hb_mailing_release(&call->core->state, m.id, call->person, hb_now(),
                           sig);
    if (r < 0)
        return refuse(call, &m, r);
    if (r == 1)
        hb_buf_addf(&call->text,
                    _("Released by two people: %lld mails are sent, one a "
                      "second (hinoban mailing show %lld).\n"),
                    (long long)m.count, (long long)m.id);
    else
        hb_buf_addf(&call->text,
                    _("Signed. A second person has to release it too: hinoban "
                      "mailing release %lld\n"),
                    (long long)m.id);
    hb_buf_addf(&call->data, "{\"released\":%s}", r == 1 ? "true" : "false");
    return 0;
}

static int mailing_stop(struct hb_core_call *call)
{
    const char *words = hb_json_str(call->args, "words", "");
    struct hb_mailing m;
    int r = find(call, &m);

    if (r < 0)
        return r;
    if (words[0] == '\0' || !hb_mailing_name_ok(words))
        return hb_err_set(&call->err, -EINVAL,
                          _("Say in a few words why it is stopped."));
    r = hb_mailing_stop(&call->core->state, m.id, call->person, hb_now(),
                        words);
    if (r < 0)
        return refuse(call, &m, r);
    hb_buf_addf(&call->text, _("Stopped; %lld of %lld had been sent.\n"),
                (long long)m.sent, (long long)m.count);
    return 0;
}

/* The mailing that "id" names, where its incident may be seen, for those who
 * make and release them: it has the addresses of everybody concerned. */
static int find(struct hb_core_call *call, struct hb_mailing *ret)
{
    int64_t id = hb_json_int(call->args, "id", 0);
    int r = hb_mailing_get(&call->core->state, call->arena, id, ret);

    if (r == -ENOENT || (r == 0 && hb_core_hidden(call, ret->incident)))
        return hb_err_set(&call->err, -ENOENT, _("There is no mailing %lld."),
                          (long long)id);
    if (r < 0)
        return r;
    if ((call->person->roles & (HB_PR_OFFICER | HB_PR_ADMIN)) == 0 &&
        !hb_mailing_may(call->person))
        return refuse(call, ret, -EACCES);
    return hb_hidden_seen(&call->core->state, ret->incident, call->person->id,
                          "mailing");
}

static int refuse(struct hb_core_call *call, const struct hb_mailing *m, int r)
{
    switch (r) {
    case -EBUSY:
        return hb_err_set(&call->err, r,
                          m->state == HB_MAILING_DRAFT
                              ? _("It is signed and cannot be changed; stop "
                                  "it and make another one.")
                              : _("This mailing is %s."),
                          state_text(m->state));
    case -EACCES:
        return hb_err_set(&call->err, r,
                          _("An officer, management, audit or the approver "
                            "from outside may release a mailing."));
    case -EALREADY:
        return hb_err_set(&call->err, r,
                          _("You have released it; a second person has to."));
    case -EKEYREJECTED:
        return hb_err_set(&call->err, r,
                          _("You need a key of your own: sudo hinoban person "
                            "add %s --key-to FILE"),
                          call->person->name);
    case -EBADMSG:
        return hb_err_set(&call->err, r,
                          _("The signature does not fit this text and list "
                            "(another key, or they have changed)."));
    case -EKEYREVOKED:
        return hb_err_set(&call->err, r,
                          _("The first release does not hold any more (the "
                            "person, their key, the text or the list has "
                            "changed); stop it and make another one."));
    case -ETIME:
        return hb_err_set(&call->err, r,
                          _("It is more than seven days old; make a new "
                            "one."));
    case -ENODATA:
        return hb_err_set(&call->err, r, _("Nobody stands in its list."));
    default:
        return r;
    }
}

/* Leaves the object open. */
static void write_mailing(struct hb_jw *w, const struct hb_mailing *m)
{
    hb_jw_obj(w, NULL);
    hb_jw_int(w, "id", m->id);
    hb_jw_int(w, "incident", m->incident);
    hb_jw_str(w, "paper", m->paper);
    hb_jw_str(w, "subject", m->subject);
    hb_jw_str(w, "state", hb_mailing_state_name(m->state));
    hb_jw_int(w, "made_ns", m->made);
    hb_jw_str(w, "made_by", m->made_by);
    hb_jw_int(w, "until_ns", m->until);
    hb_jw_int(w, "ended_ns", m->ended);
    hb_jw_str(w, "words", m->words);
    hb_jw_int(w, "count", m->count);
    hb_jw_int(w, "waiting", m->waiting);
    hb_jw_int(w, "sent", m->sent);
    hb_jw_int(w, "failed", m->failed);
    hb_jw_int(w, "releases", m->releases);
}

static void write_terms(struct hb_jw *w, const char *key,
                        const struct hb_mailing_terms *t)
{
    hb_jw_obj(w, key);
    hb_jw_str(w, "uid", t->uid);
    hb_jw_str(w, "paper", t->paper);
    hb_jw_str(w, "subject", t->subject);
    hb_jw_int(w, "incident", t->incident);
    hb_jw_int(w, "count", t->count);
    hb_jw_int(w, "until_ns", t->until);
    add_hex(w, "text", t->text, sizeof(t->text));
    add_hex(w, "root", t->root, sizeof(t->root));
    hb_jw_end_obj(w);
}

static void add_hex(struct hb_jw *w, const char *key, const void *p, size_t n)
{
    char hex[2 * HB_SIG_SIZE + 1];

    hb_hex(p, n, hex);
    hb_jw_str(w, key, hex);
}

static const char *state_text(enum hb_mailing_state state)
{
    static const char *const words[] = {"?", N_("draft"), N_("released"),
                                        N_("done"), N_("stopped")};

    return (size_t)state < HB_ARRAY_LEN(words) ? hb_gettext(words[state]) : "?";
}
