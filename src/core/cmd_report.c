/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_report.c - requests about what somebody reported or asked (G0-1).
 *
 * Runs in core.  Any registered person hands a report in and sees their own;
 * the officer decides what it is.  report.mail alone may be asked by any
 * account of this machine, since a mail system hands mails in as nobody's: it
 * only adds, is bounded, and what it adds says which account it came from.
 */
#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mime.h"
#include "base/num.h"
#include "base/show.h"
#include "casebook/classify.h"
#include "core/cmd.h"
#include "core/core_clock.h"
#include "core/play_port.h"
#include "incident/fact.h"
#include "incident/hidden.h"
#include "incident/report.h"

/* So many reports of nobody's accounts may wait; then their mail system keeps
 * the next ones and tries again. */
#define NOBODYS_MAX 1000
#define OBJECT_MAX  200u
#define SHOWN       60u /* bytes of a report in the list */

static hb_core_cmd_fn add, add_mail, list, show, open_from, join, close_one;

const struct hb_core_cmd hb_core_cmds_report[] = {
    {"report.add", HB_NEED_PERSON, add, HB_ABOUT_NONE},
    {"report.mail", HB_NEED_NOTHING, add_mail, HB_ABOUT_NONE},
    {"report.list", HB_NEED_PERSON, list, HB_ABOUT_NONE},
    {"report.show", HB_NEED_PERSON, show, HB_ABOUT_NONE},
    {"report.open", HB_NEED_OFFICER, open_from, HB_ABOUT_NONE},
    {"report.join", HB_NEED_OFFICER, join, HB_ABOUT_INCIDENT},
    {"report.close", HB_NEED_OFFICER, close_one, HB_ABOUT_NONE},
    {NULL, HB_NEED_NOTHING, NULL, HB_ABOUT_NONE},
};

struct listing {
    struct hb_core_call *call;
    struct hb_jw w;
    size_t n;
};

static hb_report_fn add_line;
static int keep(struct hb_core_call *call, struct hb_report *r);
static bool sees_all(const struct hb_core_call *call);
static bool may_see(struct hb_core_call *call, struct hb_report *r);
static int find(struct hb_core_call *call, struct hb_report *ret);
static int find_waiting(struct hb_core_call *call, struct hb_report *ret);
static int ended(struct hb_core_call *call, int r, const struct hb_report *rep);
static int opening(struct hb_core_call *call, const struct hb_report *rep,
                   int number, const char *object, int64_t *ret_id);
static const char *apart(struct hb_core_call *call, int number,
                         const char *object, const struct hb_report *rep);
static int add_facts(struct hb_core_call *call, const struct hb_report *rep,
                     int64_t incident);
static void keep_evidence(struct hb_core_call *call,
                          const struct hb_report *rep, int64_t incident);
static int keep_item(struct hb_core_call *call, const struct hb_report *rep,
                     int64_t incident, const char *suffix,
                     struct hb_slice content);
static int note_joined(struct hb_core_call *call, const struct hb_report *rep,
                       int64_t incident);
static const char *me(struct hb_core_call *call);
static const char *said_by(struct hb_core_call *call,
                           const struct hb_report *r);
static void say_text(struct hb_core_call *call, const char *text);
static void say_notes(struct hb_core_call *call, const char *notes);
static void say_end(struct hb_core_call *call, const struct hb_report *r);
static int say_proposal(struct hb_core_call *call, const struct hb_report *r,
                        struct hb_jw *w);
static void say_candidate(struct hb_core_call *call,
                          const struct hb_candidate *k, bool ask);
static void write_candidate(struct hb_jw *w, const struct hb_candidate *k);
static void write_report(struct hb_jw *w, const struct hb_report *r);
static const char *state_text(enum hb_report_state s);
static const char *source_text(enum hb_report_source s);

/* ---- handing in ---- */

static int add(struct hb_core_call *call)
{
    uint8_t random[16];
    char uid[33];
    struct hb_report r = {
        .uid = uid,
        .known_at = hb_json_int(call->args, "known_at_ns", 0),
        .person = call->person->id,
        .actor = me(call),
        .reporter = hb_json_str(call->args, "from", ""),
        .text = hb_json_str(call->args, "text", ""),
        .note = "",
    };

    hb_random(random, sizeof(random));
    hb_hex(random, sizeof(random), uid);
    if (r.actor == NULL)
        return -ENOMEM;
    if (r.reporter[0] == '\0')
        r.reporter = call->person->full_name;
    if (hb_report_source_parse(hb_json_str(call->args, "source", "hand"),
                               &r.source) < 0 ||
        r.source == HB_REPORT_MAIL)
        return hb_err_set(&call->err, -EINVAL,
                          _("A report comes by hand, form or outside."));
    if (r.known_at < 0 || r.known_at > hb_now() + (int64_t)(60 * HB_S))
        return hb_err_set(&call->err, -EINVAL,
                          _("Nobody can know it at a time to come."));
    return keep(call, &r);
}

/* What the mail's header says (whom from, when) is a claim, as is all of its
 * text; who handed it in is the kernel's word. */
static int add_mail(struct hb_core_call *call)
{
    _cleanup_buf_ struct hb_buf original = HB_BUF_INIT;
    int64_t waiting = 0;
    struct hb_report r = {
        .uid = hb_arena_printf(call->arena, "mail:%s",
                               hb_json_str(call->args, "uid", "")),
        .known_at = hb_json_int(call->args, "date_ns", 0),
        .source = HB_REPORT_MAIL,
        .actor =
            hb_arena_printf(call->arena, "uid:%u", (unsigned)call->peer.uid),
        .reporter = hb_json_str(call->args, "from", ""),
        .text = hb_json_str(call->args, "text", ""),
        .note = hb_json_str(call->args, "note", ""),
    };
    int k = hb_report_waiting(&call->core->state, true, &waiting);

    if (k < 0 || r.uid == NULL || r.actor == NULL)
        return k < 0 ? k : -ENOMEM;
    if (waiting >= NOBODYS_MAX)
        return hb_err_set(&call->err, -EAGAIN,
                          _("%lld reports wait already; this one is taken when "
                            "some of them are dealt with."),
                          (long long)waiting);
    if (strlen(r.uid) < 5 + 16 || strlen(r.uid) > 5 + 128 ||
        strlen(r.note) > HB_REPORT_WORDS)
        return hb_err_set(&call->err, -EINVAL, _("This is no report."));
    k = hb_base64_decode(&original,
                         hb_slice_z(hb_json_str(call->args, "original", "")));
    if (k < 0 || hb_buf_err(&original) < 0)
        return hb_err_set(&call->err, -EINVAL, _("This is no report."));
    r.original = hb_buf_slice(&original);
    /* A clock that runs wrong must not move deadlines by years. */
    if (r.known_at < hb_now() - (int64_t)(7 * 86400 * HB_S))
        r.known_at = 0;
    return keep(call, &r);
}

static int keep(struct hb_core_call *call, struct hb_report *r)
{
    char detail[80];
    int k = hb_report_add(&call->core->state, r);

    if (k == -EINVAL)
        return hb_err_set(&call->err, k,
                          _("Say in words what was noticed, in at most %u "
                            "bytes; and from whom, in at most %u."),
                          HB_REPORT_TEXT, HB_REPORT_WORDS);
    if (k < 0)
        return k;
    if (k == 0) {
        (void)snprintf(detail, sizeof(detail), "report %lld (%s)",
                       (long long)r->id, hb_report_source_name(r->source));
        hb_core_say(call->core, HB_SEV_LOW, "reported", detail);
    }
    hb_buf_addf(&call->text,
                _("Report %lld is kept. The officer decides what "
                  "it is.\n"),
                (long long)r->id);
    hb_buf_addf(&call->data, "{\"id\":%lld,\"new\":%s}", (long long)r->id,
                k == 0 ? "true" : "false");
    return 0;
}

/* ---- looking ---- */

static int list(struct hb_core_call *call)
{
    struct listing l = {.call = call};
    int r;

    hb_jw_init(&l.w, &call->data);
    hb_jw_arr(&l.w, NULL);
    r = hb_report_each(&call->core->state,
                       !hb_json_bool(call->args, "all", false), add_line, &l);
    hb_jw_end_arr(&l.w);
    if (r >= 0 && l.n == 0)
        hb_buf_addz(&call->text, _("No report waits.\n"));
    return r;
}

static int add_line(void *arg, const struct hb_report *r)
{
    struct listing *l = arg;
    struct hb_core_call *call = l->call;
    struct hb_report one = *r;
    const char *title = _("to be asked");
    size_t n = strcspn(r->text, "\n");
    const char *text;
    char buf[64];

    if (!may_see(call, &one))
        return 0;
    text = hb_arena_dup(call->arena, r->text,
                        n > SHOWN ? hb_utf8_cut(r->text, SHOWN) : n);
    if (text == NULL)
        return -ENOMEM;
    if (r->proposed)
        title = hb_arena_printf(call->arena, _("case %d (%u %%)"),
                                r->case_number, r->percent);
    hb_buf_addf(&call->text, "%4lld  %s  %s, %s: %s\n", (long long)r->id,
                hb_core_when(call, r->received, buf, sizeof(buf)),
                state_text(one.state), title != NULL ? title : "?",
                hb_core_shown(call, text));
    write_report(&l->w, &one);
    hb_jw_end_obj(&l->w);
    l->n++;
    return 0;
}

static int show(struct hb_core_call *call)
{
    struct hb_report rep;
    char buf[64];
    struct hb_jw w;
    int r = find(call, &rep);

    if (r == 0 && rep.incident != 0)
        r = hb_hidden_seen(&call->core->state, rep.incident, call->person->id,
                           "report.show");
    if (r < 0)
        return r;
    hb_buf_addf(&call->text, _("Report %lld (%s): %s\n"), (long long)rep.id,
                source_text(rep.source), state_text(rep.state));
    hb_buf_addf(&call->text, _("From: %s\n"), said_by(call, &rep));
    hb_buf_addf(&call->text, _("Received: %s\n"),
                hb_core_when(call, rep.received, buf, sizeof(buf)));
    hb_buf_addf(&call->text, _("Known since: %s\n"),
                hb_core_when(call, rep.known_at, buf, sizeof(buf)));
    say_notes(call, rep.note);
    hb_buf_addc(&call->text, '\n');
    say_text(call, rep.text);
    hb_jw_init(&w, &call->data);
    write_report(&w, &rep);
    hb_jw_str(&w, "text", rep.text);
    if (rep.state == HB_REPORT_NEW)
        r = say_proposal(call, &rep, &w);
    else
        say_end(call, &rep);
    hb_jw_end_obj(&w);
    return r;
}

void hb_core_reports_wait(struct hb_core_call *call)
{
    int64_t n = 0;

    if (!call->root && !sees_all(call))
        return;
    if (hb_report_waiting(&call->core->state, false, &n) == 0 && n > 0)
        hb_buf_addf(&call->text,
                    P_("%lld report waits for the officer (hinoban report "
                       "list).\n",
                       "%lld reports wait for the officer (hinoban report "
                       "list).\n",
                       n),
                    (long long)n);
}

/* ---- deciding ---- */

static int open_from(struct hb_core_call *call)
{
    int number = (int)hb_json_int(call->args, "case", 0);
    const char *object = hb_json_str(call->args, "object", "");
    int64_t known = hb_json_int(call->args, "known_at_ns", 0), id = 0;
    struct hb_report rep;
    int r = find_waiting(call, &rep);

    if (r < 0)
        return r;
    if (number < 1 || hb_case_find(call->core->book, (unsigned)number) == NULL)
        return hb_err_set(&call->err, -EINVAL,
                          _("There is no case %d (hinoban case list)."),
                          number);
    if (object[0] == '\0' || strlen(object) > OBJECT_MAX)
        return hb_err_set(&call->err, -EINVAL,
                          _("Name what it is about (the site), in at most %u "
                            "characters."),
                          OBJECT_MAX);
    if (known < 0 || known > hb_now() + (int64_t)(60 * HB_S))
        return hb_err_set(&call->err, -EINVAL,
                          _("Nobody can know it at a time to come."));
    if (known > 0)
        rep.known_at = known;
    r = hb_db_begin(call->core->state.db);
    if (r < 0)
        return r;
    r = opening(call, &rep, number, object, &id);
    if (r == 0)
        r = hb_db_commit(call->core->state.db);
    if (r < 0) {
        hb_db_rollback(call->core->state.db);
        return ended(call, r, &rep);
    }
    hb_buf_addf(&call->text, _("Incident %lld is open.\n"), (long long)id);
    keep_evidence(call, &rep, id);
    if (hb_play_tick(call->core->play) < 0)
        hb_log(HB_LOG_ERR, "the playbook of incident %lld waits for its tick",
               (long long)id);
    hb_core_clocks_review(call->core, id);
    hb_core_first_tasks(call, id);
    hb_buf_addf(&call->data, "{\"id\":%lld}", (long long)id);
    return 0;
}

/* The incident, its run, what the report says of it, and the report's end:
 * all of it or nothing. */
static int opening(struct hb_core_call *call, const struct hb_report *rep,
                   int number, const char *object, int64_t *ret_id)
{
    struct hb_state *s = &call->core->state;
    const char *by = me(call);
    const char *note = hb_arena_printf(call->arena, _("report %lld of %s"),
                                       (long long)rep->id, rep->reporter);
    int r;

    if (by == NULL || note == NULL)
        return -ENOMEM;
    r = hb_incident_open_known(s, number, object,
                               apart(call, number, object, rep), by, note,
                               rep->known_at, ret_id);
    if (r == 0)
        r = hb_report_end(s, rep->id, HB_REPORT_OPENED, *ret_id, by, "");
    if (r == 0)
        r = add_facts(call, rep, *ret_id);
    if (r < 0)
        return r;
    r = hb_play_begin(call->core->play, *ret_id);
    return r == -ENOTSUP ? 0 : r < 0 ? r : 0;
}

/* Who may not see the open incident of that case and object gets another one
 * rather than an answer that tells of it. */
static const char *apart(struct hb_core_call *call, int number,
                         const char *object, const struct hb_report *rep)
{
    const char *key =
        hb_arena_printf(call->arena, "case:%d/site:%s", number, object);
    int64_t id = 0;

    if (key == NULL ||
        hb_incident_find_open(&call->core->state, key, &id) < 0 ||
        !hb_core_hidden(call, id))
        return NULL;
    return hb_arena_printf(call->arena, "report:%lld", (long long)rep->id);
}

static int add_facts(struct hb_core_call *call, const struct hb_report *rep,
                     int64_t incident)
{
    char when[40];
    struct hb_known k = {
        .name = "reporter",
        .value = rep->reporter,
        .known_at = rep->known_at,
        .source =
            hb_arena_printf(call->arena, "report:%lld", (long long)rep->id),
        .actor = me(call),
    };
    int r = 0;

    if (k.source == NULL || k.actor == NULL)
        return -ENOMEM;
    if (rep->reporter[0] != '\0')
        r = hb_known_add(&call->core->state, incident, &k, &call->err);
    k.name = "noticed_at";
    k.value = hb_time_utc(rep->known_at, when, sizeof(when));
    if (r == 0)
        r = hb_known_add(&call->core->state, incident, &k, &call->err);
    return r;
}

static int join(struct hb_core_call *call)
{
    struct hb_state *s = &call->core->state;
    int64_t id = hb_json_int(call->args, "incident", 0);
    struct hb_report rep;
    struct hb_incident i;
    int r = find_waiting(call, &rep);

    if (r < 0)
        return r;
    r = hb_incident_get(s, call->arena, id, &i);
    if (r < 0)
        return hb_err_set(&call->err, r, _("There is no incident %lld."),
                          (long long)id);
    if (i.state == HB_INC_CLOSED)
        return hb_err_set(&call->err, -EINVAL,
                          _("Incident %lld is closed; open a new one."),
                          (long long)id);
    r = hb_db_begin(s->db);
    if (r < 0)
        return r;
    r = hb_report_end(s, rep.id, HB_REPORT_JOINED, id, me(call), "");
    if (r == 0)
        r = hb_incident_known_since(s, id, rep.known_at);
    if (r == 0)
        r = note_joined(call, &rep, id);
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0) {
        hb_db_rollback(s->db);
        return ended(call, r, &rep);
    }
    hb_buf_addf(&call->text, _("Report %lld belongs to incident %lld.\n"),
                (long long)rep.id, (long long)id);
    keep_evidence(call, &rep, id);
    hb_core_clocks_review(call->core, id);
    return 0;
}

static int close_one(struct hb_core_call *call)
{
    const char *words = hb_json_str(call->args, "words", "");
    struct hb_report rep;
    int r = find_waiting(call, &rep);

    if (r < 0)
        return r;
    if (words[0] == '\0' || strlen(words) > HB_REPORT_WORDS)
        return hb_err_set(&call->err, -EINVAL,
                          _("Say why nothing follows from it, in at most %u "
                            "bytes."),
                          HB_REPORT_WORDS);
    r = hb_report_end(&call->core->state, rep.id, HB_REPORT_CLOSED, 0, me(call),
                      words);
    if (r < 0)
        return ended(call, r, &rep);
    hb_buf_addf(&call->text, _("Report %lld is closed.\n"), (long long)rep.id);
    return 0;
}

/* The incident stands by now: what cannot be kept is told, not undone. */
static void keep_evidence(struct hb_core_call *call,
                          const struct hb_report *rep, int64_t incident)
{
    int r = keep_item(call, rep, incident, "txt", hb_slice_z(rep->text));

    if (r == 0 && rep->original.n > 0)
        r = keep_item(call, rep, incident, "eml", rep->original);
    if (r == 0)
        return;
    hb_log(HB_LOG_ERR, "report %lld did not become evidence: %s",
           (long long)rep->id, strerror(-r));
    hb_buf_addz(&call->text, _("The report could not be kept as evidence; add "
                               "it by hand (hinoban evidence add).\n"));
}

static int keep_item(struct hb_core_call *call, const struct hb_report *rep,
                     int64_t incident, const char *suffix,
                     struct hb_slice content)
{
    struct hb_evidence_item item = {
        .incident = incident,
        .kind = "file",
        .name = hb_arena_printf(call->arena, "report-%lld.%s",
                                (long long)rep->id, suffix),
        .taken_by = me(call),
        .source = hb_arena_printf(
            call->arena, "report %lld, %s, %s", (long long)rep->id,
            hb_report_source_name(rep->source), rep->actor),
    };
    int r;

    if (item.name == NULL || item.taken_by == NULL || item.source == NULL)
        return -ENOMEM;
    r = hb_evidence_add_bytes(call->core->state.evidence, &item, content);
    return r < 0 ? r : hb_core_evidence_told(call->core, &item);
}

static int note_joined(struct hb_core_call *call, const struct hb_report *rep,
                       int64_t incident)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    const char *note = hb_arena_printf(call->arena, _("report %lld of %s"),
                                       (long long)rep->id, rep->reporter);
    const char *by = me(call);
    struct hb_jw w;

    if (note == NULL || by == NULL)
        return -ENOMEM;
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "note", note);
    hb_jw_end_obj(&w);
    if (hb_buf_err(&args) < 0)
        return hb_buf_err(&args);
    return hb_timeline_add(&call->core->state, incident, hb_now(),
                           "incident.note", by, hb_buf_z(&args), "");
}

/* ---- who may see what ---- */

static bool sees_all(const struct hb_core_call *call)
{
    return call->person != NULL &&
           (call->person->roles &
            (HB_PR_OFFICER | HB_PR_ADMIN | HB_PR_MANAGER | HB_PR_AUDIT)) != 0;
}

/* Of an incident that is hidden from the caller nothing is told: their own
 * report looks closed, others' are not there. */
static bool may_see(struct hb_core_call *call, struct hb_report *r)
{
    bool own = r->person != 0 && r->person == call->person->id;

    if (!own && !sees_all(call))
        return false;
    if (r->incident == 0 || !hb_core_hidden(call, r->incident))
        return true;
    r->state = HB_REPORT_CLOSED;
    r->incident = 0;
    r->ended_by = r->words = "";
    return own;
}

static int find(struct hb_core_call *call, struct hb_report *ret)
{
    int64_t id = hb_json_int(call->args, "id", 0);
    int r = hb_report_get(&call->core->state, call->arena, id, ret);

    if (r == 0 && !may_see(call, ret))
        r = -ENOENT;
    if (r == -ENOENT)
        return hb_err_set(&call->err, r, _("There is no report %lld."),
                          (long long)id);
    return r;
}

static int find_waiting(struct hb_core_call *call, struct hb_report *ret)
{
    int r = find(call, ret);

    if (r == 0 && ret->state != HB_REPORT_NEW)
        r = ended(call, -EALREADY, ret);
    return r;
}

static int ended(struct hb_core_call *call, int r, const struct hb_report *rep)
{
    if (r != -EALREADY)
        return r;
    return hb_err_set(&call->err, r, _("Report %lld waits no more."),
                      (long long)rep->id);
}

/* ---- words ---- */

static const char *me(struct hb_core_call *call)
{
    return hb_arena_printf(call->arena, "person:%s", call->person->name);
}

/* What it says of itself, and who handed it in by the kernel's word. */
static const char *said_by(struct hb_core_call *call, const struct hb_report *r)
{
    const char *z = hb_arena_printf(
        call->arena, _("%s (handed in by %s)"),
        r->reporter[0] != '\0' ? hb_core_shown(call, r->reporter) : "?",
        hb_core_shown(call, r->actor));

    return z != NULL ? z : "?";
}

static void say_text(struct hb_core_call *call, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        hb_buf_addz(&call->text, "  ");
        hb_show(&call->text, hb_slice(text, n));
        hb_buf_addc(&call->text, '\n');
        text += n + (text[n] == '\n');
    }
}

/* The codes of base/mail.h, by blanks; "attachments:2" has a number. */
static void say_notes(struct hb_core_call *call, const char *notes)
{
    static const char *const words[][2] = {
        {"cut", N_("It was longer; only its beginning is here.")},
        {"html", N_("It was an HTML mail; this is its text without form.")},
        {"charset", N_("Some characters could not be read.")},
        {"broken", N_("It was not a well-formed mail; it is kept as it came.")},
    };
    const char *number = strstr(notes, "attachments:");
    uint64_t n = 0;

    for (size_t i = 0; i < HB_ARRAY_LEN(words); i++)
        if (strstr(notes, words[i][0]) != NULL)
            hb_buf_addf(&call->text, "! %s\n", _(words[i][1]));
    if (number == NULL)
        return;
    number += strlen("attachments:");
    if (hb_parse_u64(hb_slice(number, strcspn(number, " ")), &n) == 0)
        hb_buf_addf(&call->text,
                    P_("! %llu attachment was not read.\n",
                       "! %llu attachments were not read.\n", n),
                    (unsigned long long)n);
}

static void say_end(struct hb_core_call *call, const struct hb_report *r)
{
    if (r->incident != 0)
        hb_buf_addf(&call->text, _("\nIncident %lld.\n"),
                    (long long)r->incident);
    if (r->words[0] != '\0')
        hb_buf_addf(&call->text, _("\nClosed: %s\n"),
                    hb_core_shown(call, r->words));
}

/* Said anew by today's case book: it may have learned since. */
static int say_proposal(struct hb_core_call *call, const struct hb_report *r,
                        struct hb_jw *w)
{
    _cleanup_free_ struct hb_classified *c = malloc(sizeof(*c));
    const struct hb_text *none = hb_ordinary_ask(call->core->book);
    size_t shown;
    int k = c == NULL ? -ENOMEM
                      : hb_classify(call->core->book, hb_slice_z(r->text), c);

    if (k < 0)
        return k;
    shown = HB_MIN(c->n, HB_CLASSIFY_SHOWN);
    if (c->verdict == HB_VERDICT_PROPOSED)
        shown = 1;
    hb_buf_addc(&call->text, '\n');
    if (shown == 0)
        hb_buf_addz(&call->text,
                    _("Nothing in it points to a case. Please say which one "
                      "it is, or that it is none (hinoban case list).\n"));
    else if (c->verdict != HB_VERDICT_PROPOSED)
        hb_buf_addz(&call->text, _("Not certain enough to propose one. Which "
                                   "of these is true?\n"));
    hb_jw_arr(w, "candidates");
    for (size_t i = 0; i < shown; i++) {
        say_candidate(call, &c->list[i], c->verdict != HB_VERDICT_PROPOSED);
        write_candidate(w, &c->list[i]);
    }
    hb_jw_end_arr(w);
    if (c->verdict != HB_VERDICT_PROPOSED && shown > 0 && none != NULL)
        hb_buf_addf(&call->text, _("None of them (%u %%)\n  ? %s\n"),
                    c->ordinary, none->in[call->lang]);
    return 0;
}

static void say_candidate(struct hb_core_call *call,
                          const struct hb_candidate *k, bool ask)
{
    const struct hb_text *q = hb_case_ask(k->c);

    hb_buf_addf(&call->text,
                ask ? _("Case %u: %s (%u %%)\n")
                    : _("Proposed: case %u, %s (%u %%)\n"),
                k->c->number, k->c->title.in[call->lang], k->percent);
    if (ask && q != NULL)
        hb_buf_addf(&call->text, "  ? %s\n", q->in[call->lang]);
    for (size_t i = 0; i < k->reasons_n; i++) {
        hb_buf_addf(&call->text, "  - %s (", k->reasons[i].why->in[call->lang]);
        for (size_t j = 0; k->reasons[i].words[j] != NULL; j++)
            hb_buf_addf(&call->text, "%s%s", j > 0 ? ", " : "",
                        k->reasons[i].words[j]);
        hb_buf_addz(&call->text, ")\n");
    }
    if (k->reasons_n == 0)
        hb_buf_addf(&call->text, "  - %s\n",
                    _("it resembles reports of this case"));
}

static void write_candidate(struct hb_jw *w, const struct hb_candidate *k)
{
    hb_jw_obj(w, NULL);
    hb_jw_int(w, "case", k->c->number);
    hb_jw_int(w, "percent", k->percent);
    hb_jw_arr(w, "reasons");
    for (size_t i = 0; i < k->reasons_n; i++)
        hb_jw_str(w, NULL, k->reasons[i].why->in[HB_LANG_EN]);
    hb_jw_end_arr(w);
    hb_jw_end_obj(w);
}

/* The object stays open for what the caller adds. */
static void write_report(struct hb_jw *w, const struct hb_report *r)
{
    hb_jw_obj(w, NULL);
    hb_jw_int(w, "id", r->id);
    hb_jw_int(w, "received_ns", r->received);
    hb_jw_int(w, "known_at_ns", r->known_at);
    hb_jw_str(w, "source", hb_report_source_name(r->source));
    hb_jw_str(w, "actor", r->actor);
    hb_jw_str(w, "reporter", r->reporter);
    hb_jw_str(w, "language", r->language);
    hb_jw_str(w, "note", r->note);
    hb_jw_int(w, "case", r->case_number);
    hb_jw_int(w, "percent", r->percent);
    hb_jw_str(w, "verdict", r->proposed ? "proposed" : "ask");
    hb_jw_str(w, "state", hb_report_state_name(r->state));
    hb_jw_int(w, "incident", r->incident);
    hb_jw_str(w, "words", r->words);
}

static const char *state_text(enum hb_report_state s)
{
    switch (s) {
    case HB_REPORT_NEW:
        return _("waits");
    case HB_REPORT_OPENED:
        return _("incident opened");
    case HB_REPORT_JOINED:
        return _("joined to an incident");
    case HB_REPORT_CLOSED:
        break;
    }
    return _("closed");
}

static const char *source_text(enum hb_report_source s)
{
    switch (s) {
    case HB_REPORT_MAIL:
        return _("by mail");
    case HB_REPORT_FORM:
        return _("on a form");
    case HB_REPORT_OUTSIDE:
        return _("from outside");
    case HB_REPORT_HAND:
        break;
    }
    return _("by word");
}
