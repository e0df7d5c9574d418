/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.c - what happened, append-only and language-free.
 *
 * A moment is a kind and its arguments; the table below gives each kind one
 * sentence with {names} of arguments in braces, which the catalogue
 * translates.  So a timeline written by a Japanese officer's machine reads
 * well in English and the other way round.  Arguments may hold what an
 * attacker chose (paths, command lines): they are made visible here and
 * escaped again by whoever prints HTML.
 */
#include "incident/incident.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/show.h"

static const struct {
    const char *kind;
    const char *text;
} kinds[] = {
    {"incident.opened", N_("Incident opened by {by}. {note}")},
    {"incident.state", N_("The incident is now: {state}.")},
    {"incident.note", N_("{note}")},
    {"file.changed", N_("{path} was changed ({reasons}) by {who}.")},
    {"file.added", N_("{path}, which does not belong to the site, was placed "
                      "by {who}.")},
    {"file.deleted", N_("{path} was removed by {who}.")},
    {"file.restored", N_("{path} was put back as published, {ms} ms after "
                         "the change was noticed.")},
    {"file.removed", N_("{path} was taken out of the site and kept as "
                        "evidence.")},
    {"file.failed", N_("{path} could not be put back: {error}.")},
    {"file.asked", N_("{path} waits for an approval before it is put back.")},
    {"file.fight", N_("{path} is changed again and again by {who}; it was put "
                      "back {count} times.")},
    {"files.more", N_("{count} more files of the site were changed and put "
                      "back; the event store has each of them.")},
    {"sensor.dropped", N_("The file watch dropped {count} events and looked "
                          "at the whole site again.")},
    {"outside.differs", N_("Seen from outside, {url} is not what was "
                           "published: {detail}.")},
    {"outside.same", N_("Seen from outside, {url} is what was published.")},
    {"site.private", N_("The site was taken off the net (503, maintenance "
                        "page) by {by}: {reason}.")},
    {"site.public", N_("The site is public again, by {by}: {reason}.")},
    {"path.private", N_("{path} was taken off the net (503) by {by}: "
                        "{reason}.")},
    {"path.public", N_("{path} is public again, by {by}.")},
    {"path.denied", N_("{path} was made unchangeable by {by}, because somebody "
                       "kept writing it.")},
    {"path.allowed", N_("{path} can be changed again, by {by}.")},
    {"writer.frozen", N_("The program that kept writing {path} was stopped by "
                         "{by}; its memory is kept.")},
    {"writer.thawed", N_("The program that kept writing {path} may go on, by "
                         "{by}.")},
    {"evidence.taken", N_("Evidence {number} secured: {name} (SHA-256 "
                          "{sha256}).")},
    {"evidence.refused", N_("{name} could not be secured: the helper broke "
                            "off each time it was to hand it out.")},
    {"evidence.exported", N_("The evidence was packed for handing over by "
                             "{by}.")},
    {"step.started", N_("Step begun: {title}.")},
    {"step.done", N_("Step done: {title}. {result}")},
    {"step.failed", N_("Step failed: {title}. {result}")},
    {"step.restarted",
     N_("{by} runs the playbook again: {title}. What was done "
        "stays done.")},
    {"step.skipped", N_("Step not needed: {title}. {result}")},
    {"task.added", N_("Asked of {roles}: {title}.")},
    {"task.done", N_("{by} did: {title}. {answer}")},
    {"task.declined", N_("{by} decided against: {title}. {answer}")},
    {"task.first_eyes", N_("{by} agreed as the first of two: {title}.")},
    {"task.assigned", N_("{by} gave this to {to}: {title}.")},
    {"task.escalated", N_("Nobody answered in time; passed to {to}: {title}.")},
    {"action.asked", N_("Approval asked for: {action}.")},
    {"action.approved", N_("{by} approved: {action}.")},
    {"action.done", N_("Done by the machine: {action} ({result}).")},
    {"action.failed", N_("The machine could not do {action}: {error}.")},
    {"action.undone", N_("Undone by {by}: {action}.")},
    {"search.hit", N_("Found when searching for what the attacker left: "
                      "{detail}.")},
    {"search.left", N_("{count} more of that kind were found and are not "
                       "listed; look through the rest by hand.")},
    {"search.clean", N_("Searched for {what}: nothing found.")},
    {"cause.login", N_("Log-in around the change: {detail}.")},
    {"cause.web", N_("Web request around the change: {detail}.")},
    {"cause.web_touch", N_("Web request that reaches what was changed, or what "
                           "programs may write: {detail}.")},
    {"cause.running", N_("Runs as the web server's user since {since}: "
                         "{detail}.")},
    {"process.left", N_("{count} more programs of the web server's users were "
                        "left out.")},
    {"login.left", N_("{count} more log-ins and changes of user between {from} "
                      "and {until} were left out.")},
    {"log.left", N_("{count} more web requests that may have changed something "
                    "between {from} and {until} were left out.")},
    {"log.unread", N_("{count} lines of {file} could not be read (log "
                      "format?).")},
    {"log.closed", N_("{file} could not be opened: {error}.")},
    {"log.older", N_("{file} begins too late, and {older} was not read.")},
    {"log.partly", N_("{file} is too large to be read whole around the change; "
                      "it was read from {from} to {until}.")},
    {"clock.started", N_("Deadline runs: {title}, until {due}.")},
    {"clock.moved", N_("Deadline moved, since it was known earlier: {title}, "
                       "until {due}.")},
    {"clock.doubtful", N_("The facts no longer ask for it, but it runs until "
                          "two people stop it: {title}.")},
    {"clock.warning", N_("Deadline comes near: {title}, {due}.")},
    {"clock.overdue", N_("Deadline has passed: {title}, {due}.")},
    {"clock.done", N_("{by} fulfilled: {title}. {answer}")},
    {"clock.first_eyes", N_("{by} says that it does not apply, and a second "
                            "person has to agree: {title}. {answer}")},
    {"clock.stopped", N_("Does not apply, by {by} as the second person: "
                         "{title}. {answer}")},
    {"incident.hidden", N_("{by} narrowed the circle of those who may see "
                           "this incident.")},
    {"incident.shown", N_("{by} widened the circle of those who may see this "
                          "incident.")},
    {"fact.known", N_("{fact}: {value} (source: {source}).")},
    {"message.held", N_("Mail may be read along: nothing about this incident "
                        "is sent by mail. Call by telephone.")},
    {"message.failed", N_("The notice to {to} could not be delivered. Call by "
                          "telephone.")},
    {"mailing.signed", N_("{by} released {paper} to {count} people outside; a "
                          "second person has to.")},
    {"mailing.released", N_("{by} released {paper} to {count} people outside "
                            "as the second person; it is sent, one mail "
                            "each.")},
    {"mailing.done", N_("{paper} was mailed to {sent} of {count} people "
                        "outside; {failed} could not be reached by mail.")},
    {"mailing.stopped", N_("{by} stopped the mailing of {paper}; {sent} of "
                           "{count} had been sent. {answer}")},
    {"document.sent", N_("{by} handed {name} over to {to}. {receipt}")},
    {"document.made", N_("Document {name} written in {lang}.")},
    {"clock.jump", N_("This machine's clock jumped by {seconds} s.")},
    {"role.died", N_("A part of Hinoban ended unexpectedly and was started "
                     "again: {role}.")},
};

static const char *find(const char *kind);
static const char *state_word(int lang, const char *name);
static void add_reasons(struct hb_buf *b, int lang, const struct hb_json *v);
static void add_value(struct hb_buf *b, const struct hb_json *args, int lang,
                      const char *name, size_t n);

int hb_timeline_add(struct hb_state *s, int64_t incident, int64_t time,
                    const char *kind, const char *actor, const char *args_json,
                    const char *event_uid)
{
    if (find(kind) == NULL)
        return -EINVAL;
    return hb_db_exec(s->db,
                      "INSERT INTO timeline(incident, time, mono, kind, actor,"
                      " args, event_uid)"
                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                      "iiitttt", incident, time, (int64_t)hb_mono(), kind,
                      actor, args_json != NULL ? args_json : "{}",
                      event_uid != NULL ? event_uid : "");
}

int hb_timeline_each(struct hb_state *s, int64_t incident, hb_moment_fn *fn,
                     void *arg)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       "SELECT id, time, mono, kind, actor, args, event_uid"
                       " FROM timeline WHERE incident = ?1 ORDER BY time, id",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        struct hb_moment m = {
            .id = hb_stmt_col_int(q, 0),
            .incident = incident,
            .time = hb_stmt_col_int(q, 1),
            .mono = (uint64_t)hb_stmt_col_int(q, 2),
            .kind = hb_stmt_col_text(q, 3),
            .actor = hb_stmt_col_text(q, 4),
            .args = hb_stmt_col_text(q, 5),
            .event_uid = hb_stmt_col_text(q, 6),
        };

        r = fn(arg, &m);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_timeline_count(struct hb_state *s, int64_t incident, int64_t *ret)
{
    int r = hb_db_number(s->db, ret,
                         "SELECT count(*) FROM timeline WHERE incident = ?1",
                         "i", incident);

    return r == 1 ? 0 : r == 0 ? -EUCLEAN : r;
}

void hb_moment_text(struct hb_buf *b, const struct hb_moment *m, int lang)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *text = find(m->kind), *end;
    struct hb_json *args = NULL;

    if (text == NULL || a == NULL ||
        hb_json_parse(a, hb_slice_z(m->args), &args, NULL) < 0) {
        hb_buf_addz(b, m->kind);
        return;
    }
    text = hb_tr((enum hb_lang)lang, text);
    for (; *text != '\0'; text++) {
        if (*text == '{' && (end = strchr(text, '}')) != NULL) {
            add_value(b, args, lang, text + 1, (size_t)(end - text - 1));
            text = end;
        } else {
            hb_buf_addc(b, *text);
        }
    }
    while (b->n > 0 && b->p[b->n - 1] == ' ')
        b->p[--b->n] = '\0';
}

static const char *find(const char *kind)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(kinds); i++)
        if (hb_streq(kinds[i].kind, kind))
            return kinds[i].text;
    return NULL;
}

/* An argument may stand in both languages: "title" and "title_ja"; the state
 * of an incident is a word of the catalogue. */
static void add_value(struct hb_buf *b, const struct hb_json *args, int lang,
                      const char *name, size_t n)
{
    const struct hb_json *v = NULL;
    char key[64];

    if (n + 4 > sizeof(key))
        return;
    memcpy(key, name, n);
    memcpy(key + n, "_ja", 4);
    if (lang == HB_LANG_JA)
        v = hb_json_get(args, key);
    key[n] = '\0';
    if (v == NULL)
        v = hb_json_get(args, key);
    if (v == NULL || v->type == HB_JSON_NULL)
        hb_buf_addz(b, "?");
    else if (hb_streq(key, "reasons"))
        add_reasons(b, lang, v);
    else if (v->type == HB_JSON_STR && hb_streq(key, "roles"))
        hb_show(b, hb_slice_z(hb_role_word(lang, v->str.p)));
    else if (v->type == HB_JSON_STR && hb_streq(key, "state"))
        hb_buf_addz(b, state_word(lang, v->str.p));
    else if (v->type == HB_JSON_STR)
        hb_show(b, v->str);
    else
        hb_json_write(b, v);
}

/* What a task was asked of. */
const char *hb_role_word(int lang, const char *name)
{
    static const struct {
        const char *name, *word;
    } words[] = {
        {"officer", N_("information-security officer")},
        {"admin", N_("administrator")},
        {"manager", N_("management")},
        {"staff", N_("staff")},
        {"accounting", N_("accounting")},
        {"outside", N_("outside approver")},
        {"audit", N_("audit")},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(words); i++)
        if (hb_streq(words[i].name, name))
            return hb_tr((enum hb_lang)lang, words[i].word);
    return name;
}

static const char *state_word(int lang, const char *name)
{
    static const struct {
        const char *name, *word;
    } words[] = {
        {"open", N_("open")},
        {"contained", N_("contained")},
        {"recovered", N_("recovered")},
        {"closed", N_("closed")},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(words); i++)
        if (hb_streq(words[i].name, name))
            return hb_tr((enum hb_lang)lang, words[i].word);
    return "?";
}

/* How a file differs: the words of compare_report.c, as an array or as the
 * text of one. */
static void add_reasons(struct hb_buf *b, int lang, const struct hb_json *v)
{
    static const char *const words[] = {
        N_("type"),  N_("content"), N_("size"),  N_("mode"),    N_("owner"),
        N_("xattr"), N_("target"),  N_("links"), N_("missing"), N_("foreign"),
    };
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *list;
    const char *comma = "";

    if (v->type == HB_JSON_STR && a != NULL && v->str.n > 0 &&
        v->str.p[0] == '[' && hb_json_parse(a, v->str, &list, NULL) == 0)
        v = list;
    if (v->type == HB_JSON_STR)
        hb_show(b, v->str);
    if (v->type != HB_JSON_ARR)
        return;
    HB_JSON_EACH (one, v) {
        struct hb_slice word = one->str;

        if (one->type != HB_JSON_STR)
            continue;
        for (size_t i = 0; i < HB_ARRAY_LEN(words); i++)
            if (hb_slice_eq(word, hb_slice_z(words[i])))
                word = hb_slice_z(hb_tr((enum hb_lang)lang, words[i]));
        hb_buf_addz(b, comma);
        hb_show(b, word);
        comma = hb_tr((enum hb_lang)lang, N_(", "));
    }
}
