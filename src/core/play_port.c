/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play_port.c - the actions of playbooks, as core carries them out: some it
 * knows by itself, some other roles do on command, some the helper does.
 *
 * Runs in core.  Every action answers the engine exactly once, now or later,
 * under the key that the engine stored before it asked.
 */
#include "core/core_bus.h"
#include "core/play_deed.h"
#include "core/play_port.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/num.h"

#define SCAN_TIMEOUT_NS  (900 * HB_S)
#define CHECK_TIMEOUT_NS (300 * HB_S)
#define HOLD_PATIENCE_NS (60 * HB_S)

typedef int act_fn(struct hb_core *c, const struct hb_play_act *act);

static int act(void *arg, const struct hb_play_act *a);
static int document(void *arg, int64_t incident, const char *id);
static int64_t now(void *arg);
static int proved(void *arg, int case_number, int64_t since);

static act_fn adopt, hold, restore, scan, outside, aftermath, collect,
    document_make, by_person;
static hb_timer_fn hold_again;
static hb_core_command_fn on_role;

static int by_role(struct hb_core *c, const struct hb_play_act *a,
                   const char *source, const char *cmd, uint64_t timeout);
static int sent(struct hb_core *c, const struct hb_play_act *a,
                struct hb_deed *d, int r);
static int64_t standing(struct hb_core *c, const char *site);
static int64_t asked(struct hb_core *c, const char *site);
static int64_t waiting(struct hb_core *c, int64_t incident);
static const char *with_scripts(struct hb_deed *d, const char *sets, char *buf,
                                size_t size);

static const struct {
    const char *name;
    act_fn *fn;
} deeds[] = {
    {"reflex.adopt", adopt},
    {"evidence.hold", hold},
    {"site.restore", restore},
    {"site.scan", scan},
    {"site.outside", outside},
    {"site.aftermath", aftermath},
    {"timeline.collect", collect},
    {"document.make", document_make},
    {"prevention.propose", hb_core_act_propose},
    {"site.private", hb_core_act_by_helper},
    {"site.public", hb_core_act_by_helper},
    {"writer.freeze", by_person},
    {"writer.thaw", by_person},
    {"path.deny", by_person},
    {"path.allow", by_person},
};

int hb_core_play_open(struct hb_core *c)
{
    const struct hb_play_port port = {.arg = c,
                                      .act = act,
                                      .document = document,
                                      .now = now,
                                      .proved = proved};

    return hb_play_new(&c->state, &port, &c->play);
}

void hb_core_play_close(struct hb_core *c)
{
    while (c->deeds != NULL) {
        hb_timer_stop(c->loop, c->deeds->timer);
        hb_deed_free(c->deeds);
    }
    hb_play_free(c->play);
    c->play = NULL;
}

bool hb_core_can(const char *action)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(deeds); i++)
        if (hb_streq(deeds[i].name, action))
            return deeds[i].fn != by_person;
    return false;
}

static int act(void *arg, const struct hb_play_act *a)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(deeds); i++)
        if (hb_streq(deeds[i].name, a->step->action->name))
            return deeds[i].fn(arg, a);
    return -ENOSYS;
}

static int64_t now(void *arg)
{
    return hb_now();
}

/* A recurrence is prevented when a drill said so, after the incident. */
static int proved(void *arg, int case_number, int64_t since)
{
    return hb_core_proved(arg, (unsigned)case_number, since);
}

static int document(void *arg, int64_t incident, const char *id)
{
    struct hb_core *c = arg;
    struct hb_err err = {0};
    int r = 0;

    for (int lang = 0; lang < HB_LANG_COUNT && r == 0; lang++)
        for (int text = 0; text < 2 && r == 0; text++)
            r = hb_core_document_keep(c, incident, id, (enum hb_lang)lang,
                                      text != 0, &err);
    if (r < 0)
        hb_log(HB_LOG_ERR, "%s: %s", id,
               err.message[0] != '\0' ? err.message : strerror(-r));
    return r;
}

/* ---- what core knows by itself ---- */

static int adopt(struct hb_core *c, const struct hb_play_act *a)
{
    int64_t restored = hb_incident_put_back(&c->state, a->incident);
    int64_t open = standing(c, a->object), all = restored + open;
    struct hb_err err = {0};
    char sets[96], words[96];

    (void)snprintf(sets, sizeof(sets),
                   "{\"__reflex_ran__\":%s,\"__restored__\":%s}",
                   restored > 0 ? "true" : "false",
                   open == 0 && restored > 0 ? "true" : "false");
    (void)snprintf(words, sizeof(words), "%lld / %lld", (long long)restored,
                   (long long)all);
    if (open == 0 && restored > 0 &&
        hb_incident_set_state(&c->state, a->incident, HB_INC_CONTAINED,
                              "role:core", &err) < 0)
        hb_log(HB_LOG_ERR, "%s", err.message);
    return hb_play_answer(c->play, a->key, HB_PLAY_DONE, sets, words);
}

static int hold(struct hb_core *c, const struct hb_play_act *a)
{
    struct hb_deed *d = hb_deed_new(c, a);

    if (d == NULL)
        return -ENOMEM;
    hb_core_staged_fetch(c);
    d->timer = hb_loop_timer(c->loop, HB_S / 5, HB_S / 5, hold_again, d);
    if (d->timer == NULL) {
        hb_deed_free(d);
        return -ENOMEM;
    }
    return 0;
}

static void hold_again(void *arg)
{
    struct hb_deed *d = arg;
    char sets[64], words[64];
    int64_t left = waiting(d->core, d->incident);
    int64_t items;

    if (left > 0 && hb_mono() - d->began < HOLD_PATIENCE_NS) {
        hb_core_staged_fetch(d->core);
        return;
    }
    hb_timer_stop(d->core->loop, d->timer);
    items = hb_core_evidence_count(d->core, d->incident);
    (void)snprintf(sets, sizeof(sets), "{\"__evidence_items__\":%lld}",
                   (long long)items);
    (void)snprintf(words, sizeof(words), "%lld", (long long)items);
    hb_deed_end(d, left == 0 ? HB_PLAY_DONE : HB_PLAY_FAILED, sets, words);
}

static int document_make(struct hb_core *c, const struct hb_play_act *a)
{
    const char *name = "D01";
    int r;

    for (size_t i = 0; i < a->args_n; i++)
        if (hb_streq(a->args[i].name, "document"))
            name = a->args[i].value;
    r = document(c, a->incident, name);
    return hb_play_answer(c->play, a->key,
                          r < 0 ? HB_PLAY_FAILED : HB_PLAY_DONE, "{}", name);
}

/* ---- what other roles do on command ---- */

/* Restoring what stands out is a scan: compare asks the helper again for each
 * difference, under the reflex or approval that is there by now. */
static int restore(struct hb_core *c, const struct hb_play_act *a)
{
    return by_role(c, a, "sense/files", "restore", SCAN_TIMEOUT_NS);
}

static int scan(struct hb_core *c, const struct hb_play_act *a)
{
    return by_role(c, a, "sense/files", "scan", SCAN_TIMEOUT_NS);
}

static int outside(struct hb_core *c, const struct hb_play_act *a)
{
    return by_role(c, a, "sense/outside", "look", CHECK_TIMEOUT_NS);
}

static int aftermath(struct hb_core *c, const struct hb_play_act *a)
{
    return by_role(c, a, "control", "aftermath", CHECK_TIMEOUT_NS);
}

static int collect(struct hb_core *c, const struct hb_play_act *a)
{
    _cleanup_buf_ struct hb_buf changes = HB_BUF_INIT;
    struct hb_core_member members[] = {{.name = "site", .text = a->object},
                                       {.name = "changes"},
                                       {.name = NULL}};
    int r = hb_core_changes(c, a->incident, &changes);
    struct hb_deed *d;

    if (r < 0)
        return r;
    d = hb_deed_new(c, a);
    if (d == NULL)
        return -ENOMEM;
    members[1].json = hb_buf_slice(&changes);
    return sent(c, a, d,
                hb_core_command_with(c, "control", "collect", members,
                                     CHECK_TIMEOUT_NS, on_role, d));
}

static int by_role(struct hb_core *c, const struct hb_play_act *a,
                   const char *source, const char *cmd, uint64_t timeout)
{
    struct hb_deed *d = hb_deed_new(c, a);

    if (d == NULL)
        return -ENOMEM;
    return sent(
        c, a, d,
        hb_core_command(c, source, cmd, a->object, timeout, on_role, d));
}

/* R is what sending the command gave. */
static int sent(struct hb_core *c, const struct hb_play_act *a,
                struct hb_deed *d, int r)
{
    if (r < 0)
        hb_deed_free(d);
    if (r == -ENOTCONN && hb_deed_gone_too_long(c, a))
        return hb_play_answer(c->play, a->key, HB_PLAY_FAILED, "{}",
                              N_("That part of Hinoban is not connected."));
    return r;
}

static void on_role(void *arg, const struct hb_event *answer)
{
    struct hb_deed *d = arg;
    enum hb_play_result result = HB_PLAY_DONE;
    const struct hb_event_field *f;
    const char *sets = "{}";
    char own[96];

    if (answer == NULL) {
        hb_deed_end(d, HB_PLAY_FAILED, "{}", N_("No answer in time."));
        return;
    }
    f = hb_event_get(answer, HB_F_ANSWER);
    if (f != NULL)
        sets = f->str.p;
    if (hb_streq(d->name, "site.aftermath"))
        sets = with_scripts(d, sets, own, sizeof(own));
    hb_deed_record(d);
    hb_core_answer_moments(d->core, d->incident, answer);
    if (!hb_streq(hb_event_getz(answer, HB_F_STATUS, ""), "done"))
        result = HB_PLAY_FAILED;
    /* What still stands out waits for an approval, or for a person. */
    else if (hb_streq(d->name, "site.restore") &&
             standing(d->core, d->site) > 0)
        result = asked(d->core, d->site) > 0 ? HB_PLAY_ASK : HB_PLAY_FAILED;
    hb_deed_end(d, result, sets, hb_event_getz(answer, HB_F_STATUS_DETAIL, ""));
}

/* ---- what the helper does ---- */

/* Freezing and denying need an object that only the moment of the deed knows
 * (a pidfd, an entry); as playbook steps they are for a person. */
static int by_person(struct hb_core *c, const struct hb_play_act *a)
{
    return hb_play_answer(c->play, a->key, HB_PLAY_FAILED, "{}",
                          N_("Only a person can choose the object of this."));
}

/* ---- helpers ---- */

static int64_t standing(struct hb_core *c, const char *site)
{
    int64_t n = 0;
    int r = hb_db_number(c->state.db, &n,
                         "SELECT count(*) FROM outstanding WHERE site = ?1",
                         "t", site);

    return r < 0 ? 0 : n;
}

static int64_t asked(struct hb_core *c, const char *site)
{
    int64_t n = 0;
    int r = hb_db_number(c->state.db, &n,
                         "SELECT count(*) FROM outstanding WHERE site = ?1"
                         " AND status = 'ask'",
                         "t", site);

    return r < 0 ? 0 : n;
}

static int64_t waiting(struct hb_core *c, int64_t incident)
{
    int64_t n = 0;
    int r = hb_db_number(c->state.db, &n,
                         "SELECT count(*) FROM staged WHERE incident = ?1"
                         " AND evidence = 0",
                         "i", incident);

    return r < 0 ? 0 : n;
}

/* The search looks at the site as it is now, when the reflex has long put
 * scripts back; that one was changed stands in the timeline. */
static const char *with_scripts(struct hb_deed *d, const char *sets, char *buf,
                                size_t size)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *tree;
    int64_t n = 0;
    int r = hb_db_number(d->core->state.db, &n,
                         "SELECT count(*) FROM timeline WHERE incident = ?1"
                         " AND kind IN ('file.changed', 'file.added')"
                         " AND (args LIKE '%.js\"%' OR args LIKE '%.mjs\"%')",
                         "i", d->incident);

    if (r < 0 || n == 0 || a == NULL ||
        hb_json_parse(a, hb_slice_z(sets), &tree, NULL) < 0 ||
        hb_json_get(tree, "__leftovers__") == NULL)
        return sets;
    (void)snprintf(buf, size, "{\"__leftovers__\":%lld,\"__skimming__\":true}",
                   (long long)hb_json_int(tree, "__leftovers__", 0));
    return buf;
}
