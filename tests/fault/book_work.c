/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book_work.c - see book_work.h.
 *
 * The actor keeps a journal as the helper does: one line for each action,
 * appended before it answers; an action whose key stands there is not done
 * again.  Some answer at once, some after the call; what is dangerous asks
 * for an approval first.  The persons take one task at a time, in an order
 * that depends on its place only, and look before they do a thing whether
 * they did it before: whose desk was cleared by a crash does that too.
 */
#include "book_work.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "../incident/people.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/id.h"
#include "base/num.h"
#include "incident/evidence.h"
#include "incident/fact.h"
#include "incident/prevent.h"
#include "playbook/playbook.h"

#define ROUNDS_MAX 4000

struct late {
    uint8_t key[HB_ACT_KEY_SIZE];
    enum hb_play_result result;
    char sets[128];
    bool due;
};

struct work {
    const struct book_script *script;
    const char *dir;
    struct hb_state s;
    struct hb_play *p;
    struct hb_buf journal; /* as it stands in the file, "\n" before it */
    int64_t incident, people[2];
    struct late late[32];
};

struct pick { /* the next task to be worked on */
    const struct work *w;
    int64_t id;
    uint64_t rank;
    char place[512];
};

struct look { /* for something that was kept before */
    const char *a, *b;
    bool found;
};

static void die(const char *what, const char *where, int r)
    __attribute__((noreturn));
static uint64_t mix(const char *text, uint64_t more);
static bool agrees(const struct work *w, const char *place);

static void open_all(struct work *w);
static void close_all(struct work *w);
static void find_people(struct work *w);
static void find_incident(struct work *w);
static void clock_read(struct work *w);
static void clock_pass(struct work *w);
static bool ended(struct work *w);
static void go_on(struct work *w);
static bool answer_late(struct work *w);
static hb_play_fn see;

static void journal_read(struct work *w);
static bool journal_has(struct work *w, const char *word);
static void journal_add(struct work *w, const char *hex, const char *place,
                        const char *what);
static int act(void *arg, const struct hb_play_act *a);
static int reply(struct work *w, const struct hb_play_act *a);
static void sets_of(const struct work *w, const struct hb_play_act *a,
                    char *out, size_t size);
static void carry_out(struct work *w, const struct hb_play_act *a);
static int proved(void *arg, int case_number, int64_t since);
static int document(void *arg, int64_t incident, const char *id);

static bool person(struct work *w);
static hb_task_fn pick_task, own_measure;
static void prepare(struct work *w, const struct hb_step *s, const char *place);
static void tell_fact(struct work *w, const struct hb_fact *f,
                      const char *place);
static const char *value_of(const struct work *w, const struct hb_fact *f,
                            const char *place);
static void keep_file(struct work *w, const char *place);
static const char *words(const struct work *w, const struct hb_step *s,
                         const char *place);
static hb_known_fn same_fact;
static hb_evidence_fn same_file;

unsigned book_work(const struct book_script *script, const char *dir,
                   unsigned n)
{
    struct work w = {.script = script, .dir = dir};
    unsigned left;

    open_all(&w);
    hb_fault_set(HB_FAULT_CRASH, n);
    if (hb_play_begin(w.p, w.incident) < 0)
        die("cannot begin", "", 0);
    for (int i = 0;; i++) {
        go_on(&w);
        if (ended(&w))
            break;
        if (!person(&w))
            clock_pass(&w);
        if (i == ROUNDS_MAX)
            die("it never ends", "", 0);
    }
    left = hb_fault_left(HB_FAULT_CRASH);
    hb_fault_set(HB_FAULT_CRASH, 0);
    if (script->seen != NULL && hb_play_each(w.p, w.incident, see, &w) < 0)
        die("steps cannot be read", "", 0);
    close_all(&w);
    return n - left;
}

/* ---- the script ---- */

static void die(const char *what, const char *where, int r)
{
    (void)fprintf(stderr, "# %s: %s: %s\n", what, where,
                  r < 0 ? strerror(-r) : "");
    _exit(3);
}

static uint64_t mix(const char *text, uint64_t more) /* FNV-1a, finished */
{
    uint64_t h = 0xcbf29ce484222325ull ^ more;

    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3ull;
    h = (h ^ (h >> 31)) * 0x94d049bb133111ebull;
    return h ^ (h >> 30);
}

/* In the third round of a loop everybody thinks otherwise, so that it ends. */
static bool agrees(const struct work *w, const char *place)
{
    bool third = strstr(place, "#3") != NULL;

    switch (w->script->way) {
    case BOOK_YES:
        return !third;
    case BOOK_NO:
        return third;
    default:
        return mix(place, w->script->way) % 3 > 0;
    }
}

/* ---- the whole ---- */

static void open_all(struct work *w)
{
    const struct hb_play_port port = {
        .arg = w, .act = act, .proved = proved, .document = document};
    struct hb_err err = {0};
    char path[HB_MAX_PATH];
    int r = hb_state_open(w->dir, w->script->book, &w->s, &err);

    if (r == 0)
        r = hb_play_new(&w->s, &port, &w->p);
    (void)snprintf(path, sizeof(path), "%s/evidence", w->dir);
    if (r == 0)
        r = hb_evidence_open(path, NULL, &w->s.evidence, &err);
    if (r < 0)
        die("cannot open", err.message, r);
    hb_buf_init(&w->journal, 0);
    journal_read(w);
    clock_read(w);
    find_people(w);
    find_incident(w);
}

static void close_all(struct work *w)
{
    hb_buf_done(&w->journal);
    hb_play_free(w->p);
    hb_state_close(&w->s);
}

static void find_people(struct work *w)
{
    static const char *const names[] = {"sato", "abe"};
    struct hb_arena *a = hb_arena_new(0);

    for (int i = 0; i < 2; i++) {
        struct hb_person p = {
            .name = names[i], .uid = 1000 + i, .roles = 2 * HB_PR_AUDIT - 1};

        if (hb_person_by_name(&w->s, a, names[i], &p) == 0)
            w->people[i] = p.id;
        else if (put_person(&w->s, &p, &w->people[i]) < 0)
            die("no person", names[i], 0);
    }
    hb_arena_free(a);
}

static void find_incident(struct work *w)
{
    const struct hb_fact *kind =
        hb_fact_find(w->script->book, "organisation_kind");
    int r = hb_db_number(w->s.db, &w->incident, "SELECT id FROM incident", "");

    if (r == 0)
        r = hb_incident_open(&w->s, (int)w->script->kase->number, "www",
                             "person:sato", "seen", &w->incident);
    if (r < 0)
        die("no incident", "", r);
    if (kind != NULL) /* as core tells it from the settings */
        tell_fact(w, kind, "settings");
}

/* Time passes only where nothing else is to do, and survives the crash. */
static void clock_read(struct work *w)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text;
    char path[HB_MAX_PATH];
    int64_t ns = 0;

    (void)snprintf(path, sizeof(path), "%s/clock", w->dir);
    if (hb_file_read(a, path, 64, &text) == 0 && text.n > 0 &&
        hb_parse_i64(text, &ns) < 0)
        die("no clock", path, 0);
    hb_clock_shift(ns);
    hb_arena_free(a);
}

static void clock_pass(struct work *w)
{
    static const int64_t step = 30 * 60 * (int64_t)HB_S;
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice old;
    char path[HB_MAX_PATH], text[32];
    int64_t ns = 0;

    (void)snprintf(path, sizeof(path), "%s/clock", w->dir);
    if (hb_file_read(a, path, 64, &old) == 0 && old.n > 0 &&
        hb_parse_i64(old, &ns) < 0)
        die("no clock", path, 0);
    hb_arena_free(a);
    (void)snprintf(text, sizeof(text), "%lld", (long long)(ns + step));
    if (hb_file_write(path, text, strlen(text), 0600) < 0)
        die("no clock", path, 0);
    hb_clock_shift(step);
}

static bool ended(struct work *w)
{
    struct hb_arena *a = hb_arena_new(0);
    enum hb_play_state st;
    const char *why;

    if (hb_play_run(w->p, a, w->incident, &st, &why) < 0)
        die("no run", "", 0);
    if (st == HB_PLAY_STUCK)
        die("it is stuck", why, 0);
    hb_arena_free(a);
    return st == HB_PLAY_ENDED || st == HB_PLAY_FAILED_STEP;
}

/* As far as it goes without people. */
static void go_on(struct work *w)
{
    int r;

    do {
        r = hb_play_tick(w->p);
        if (r < 0)
            die("the tick failed", "", r);
    } while (answer_late(w) || r == 1);
}

static bool answer_late(struct work *w)
{
    bool any = false;

    for (size_t i = 0; i < HB_ARRAY_LEN(w->late); i++) {
        struct late *l = &w->late[i];
        int r;

        if (!l->due)
            continue;
        any = true;
        l->due = false;
        hb_fault_crash();
        r = hb_play_answer(w->p, l->key, l->result, l->sets, "later");
        if (r < 0)
            die("an answer was refused", l->sets, r);
    }
    return any;
}

static int see(void *arg, const struct hb_play_view *v)
{
    const struct work *w = arg;
    const struct hb_casebook *b = w->script->book;

    for (size_t i = 0; i < b->playbooks_n && i < BOOK_PLAYBOOKS; i++) {
        const struct hb_playbook *pb = b->playbooks[i];

        if (v->step >= pb->steps && v->step < pb->steps + pb->steps_n &&
            v->step->index < BOOK_STEPS)
            w->script->seen[i][v->step->index] = 1;
    }
    return 0;
}

/* ---- the actor ---- */

static void journal_read(struct work *w)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text;
    char path[HB_MAX_PATH];

    (void)snprintf(path, sizeof(path), "%s/journal", w->dir);
    hb_buf_addz(&w->journal, "\n");
    if (hb_file_read(a, path, 1 << 20, &text) == 0)
        hb_buf_add(&w->journal, text.p, text.n);
    hb_arena_free(a);
}

static bool journal_has(struct work *w, const char *word)
{
    char line[64];

    (void)snprintf(line, sizeof(line), "\n%s ", word);
    return strstr(hb_buf_z(&w->journal), line) != NULL;
}

static void journal_add(struct work *w, const char *hex, const char *place,
                        const char *what)
{
    char path[HB_MAX_PATH], line[1024];
    int n = snprintf(line, sizeof(line), "%s %s %s\n", hex, place, what), fd;

    (void)snprintf(path, sizeof(path), "%s/journal", w->dir);
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line, (size_t)n) != n)
        die("no journal", path, 0);
    (void)close(fd);
    hb_buf_add(&w->journal, line, (size_t)n);
}

static int act(void *arg, const struct hb_play_act *a)
{
    struct work *w = arg;
    char hex[2 * HB_ACT_KEY_SIZE + 1];

    if (a->step->danger >= 2 && a->approval == 0)
        return hb_play_answer(w->p, a->key, HB_PLAY_ASK, "{}", "policy");
    hb_hex(a->key, HB_ACT_KEY_SIZE, hex);
    if (!journal_has(w, hex)) {
        carry_out(w, a);
        journal_add(w, hex, a->place, a->step->action->name);
        hb_fault_crash();
    } else if (!a->again) {
        journal_add(w, "wrong:", a->place, "sent twice without asking");
    }
    return reply(w, a);
}

/* Now, or after the call. */
static int reply(struct work *w, const struct hb_play_act *a)
{
    struct late l = {.due = true, .result = HB_PLAY_FAILED, .sets = "{}"};

    if (agrees(w, a->place)) {
        l.result = HB_PLAY_DONE;
        sets_of(w, a, l.sets, sizeof(l.sets));
    }
    if (mix(a->place, 7) % 2 == 0)
        return hb_play_answer(w->p, a->key, l.result, l.sets, "now");
    memcpy(l.key, a->key, sizeof(l.key));
    for (size_t i = 0; i < HB_ARRAY_LEN(w->late); i++)
        if (!w->late[i].due) {
            w->late[i] = l;
            return 0;
        }
    die("too many at once", a->place, 0);
}

static void sets_of(const struct work *w, const struct hb_play_act *a,
                    char *out, size_t size)
{
    const struct hb_action_out *o = a->step->action->sets;
    struct hb_buf b = HB_BUF_INIT;

    hb_buf_addz(&b, "{");
    for (bool first = true; o != NULL && o->name != NULL; o++, first = false) {
        bool yes = w->script->way < BOOK_MIXED ||
                   mix(a->place, mix(o->name, w->script->way)) % 2 > 0;

        hb_buf_addf(&b, "%s\"%s\":%s", first ? "" : ",", o->name,
                    o->type == HB_VAL_BOOLEAN   ? yes ? "true" : "false"
                    : o->type == HB_VAL_INTEGER ? yes ? "2" : "0"
                                                : "\"found\"");
    }
    hb_buf_addz(&b, "}");
    if (hb_buf_err(&b) < 0 || !hb_copyz(out, size, hb_buf_z(&b)))
        die("too much to tell", a->place, 0);
    hb_buf_done(&b);
}

/* What an action does to the store besides; as core does it, a repetition
 * finds what it made before. */
static void carry_out(struct work *w, const struct hb_play_act *a)
{
    const struct hb_case *c = w->script->kase;

    if (hb_streq(a->step->action->name, "document.make") && a->args_n > 0 &&
        document(w, a->incident, a->args[0].value) < 0)
        die("no paper", a->place, 0);
    if (!hb_streq(a->step->action->name, "prevention.propose"))
        return;
    for (size_t i = 0; i < c->controls_n; i++) {
        char step[256];
        struct hb_task t = {.incident = a->incident,
                            .step = step,
                            .title_en = "measure",
                            .title_ja = "対策",
                            .roles = HB_PR_ADMIN,
                            .evidence = ""};
        int64_t id;
        int r;

        (void)snprintf(step, sizeof(step), HB_PREVENT_STEP "%s",
                       c->controls[i].id);
        r = hb_task_add(&w->s, &t, &id);
        if (r < 0 && r != -EEXIST)
            die("no measure", step, r);
        hb_fault_crash();
    }
}

/* From when the persons have rehearsed it. */
static int proved(void *arg, int case_number, int64_t since)
{
    struct work *w = arg;

    (void)since;
    return case_number == (int)w->script->kase->number &&
           journal_has(w, "drill");
}

static int document(void *arg, int64_t incident, const char *id)
{
    struct work *w = arg;

    return hb_db_exec(w->s.db,
                      "INSERT INTO document(incident, name, lang, made,"
                      " sha256) VALUES(?1, ?2, 'en', ?3, '')",
                      "iti", incident, id, hb_now());
}

/* ---- the persons ---- */

/* One task; false where none waits. */
static bool person(struct work *w)
{
    struct pick pick = {.w = w};
    const struct hb_step *s = NULL;
    struct hb_err err = {0};
    bool done;
    int r = hb_task_each(&w->s, w->incident, true, pick_task, &pick);

    if (r < 0)
        die("no tasks", "", r);
    if (pick.id == 0)
        return false;
    if (strpbrk(pick.place, "!?") == NULL) /* those approve or find out */
        s = hb_play_step(w->p, w->incident, pick.place);
    done = agrees(w, pick.place) || (s != NULL && s->answer != NULL);
    if (done && s != NULL)
        prepare(w, s, pick.place);
    hb_fault_crash();
    for (int i = 0; i < 2; i++) {
        r = hb_play_task_answer(w->p, pick.id, w->people[i], done,
                                words(w, s, pick.place), &err);
        hb_fault_crash();
        if (r != -EINPROGRESS && r != -EPERM)
            break;
    }
    if (r < 0)
        die(pick.place, err.message, r);
    return true;
}

static int pick_task(void *arg, const struct hb_task *t)
{
    struct pick *p = arg;
    uint64_t rank = mix(t->step, p->w->script->way);

    if (hb_prevent_control(t) != NULL || (p->id != 0 && rank >= p->rank))
        return 0;
    p->id = t->id;
    p->rank = rank;
    return hb_copyz(p->place, sizeof(p->place), t->step) ? 0 : -E2BIG;
}

/* What must be there before the step may close. */
static void prepare(struct work *w, const struct hb_step *s, const char *place)
{
    for (size_t i = 0; i < s->facts_n; i++)
        tell_fact(w, s->facts[i], place);
    if ((s->evidence & (1u << HB_EVK_FILE | 1u << HB_EVK_HELD)) != 0)
        keep_file(w, place);
    if ((s->evidence & 1u << HB_EVK_OWNER_DUE) != 0 &&
        hb_task_each(&w->s, w->incident, true, own_measure, w) < 0)
        die("no owner", place, 0);
    if ((s->evidence & 1u << HB_EVK_DRILL) != 0 && !journal_has(w, "drill"))
        journal_add(w, "drill", place, "rehearsed");
}

static void tell_fact(struct work *w, const struct hb_fact *f,
                      const char *place)
{
    struct look look = {.a = f->name, .b = place};
    struct hb_known k = {.name = f->name,
                         .value = value_of(w, f, place),
                         .source = place,
                         .actor = "person:sato"};
    struct hb_err err = {0};

    if (hb_known_each(&w->s, w->incident, true, same_fact, &look) < 0)
        die("no facts", place, 0);
    if (look.found)
        return;
    hb_fault_crash();
    if (hb_known_add(&w->s, w->incident, &k, &err) < 0)
        die(f->name, err.message, 0);
    hb_fault_crash();
}

static const char *value_of(const struct work *w, const struct hb_fact *f,
                            const char *place)
{
    uint64_t h = mix(place, mix(f->name, w->script->way));

    if (h % 4 == 0)
        return "?";
    switch (f->type) {
    case HB_FACT_BOOLEAN:
        return agrees(w, place) ? "true" : "false";
    case HB_FACT_INTEGER:
        return agrees(w, place) ? "1200" : "0";
    case HB_FACT_TIME:
        return "2026-04-01T09:30:00+09:00";
    case HB_FACT_CHOICE:
        return f->choices[h / 4 % f->choices_n].value;
    default:
        return "サーバー 2 台";
    }
}

static void keep_file(struct work *w, const char *place)
{
    struct hb_evidence_item item = {.kind = "file",
                                    .name = place,
                                    .incident = w->incident,
                                    .taken_by = "person:sato",
                                    .source = "copied"};
    struct look look = {.a = place};

    if (hb_evidence_each(w->s.evidence, w->incident, same_file, &look) < 0)
        die("no evidence", place, 0);
    if (look.found)
        return;
    hb_fault_crash();
    if (hb_evidence_add_bytes(w->s.evidence, &item, hb_slice_z(place)) < 0)
        die("not kept", place, 0);
    hb_fault_crash();
}

static int own_measure(void *arg, const struct hb_task *t)
{
    struct work *w = arg;
    int r = 0;

    if (hb_prevent_control(t) != NULL && t->owner == 0)
        r = hb_task_assign(&w->s, t->id, w->people[1],
                           hb_now() + 86400 * (int64_t)HB_S);
    hb_fault_crash();
    return r;
}

static const char *words(const struct work *w, const struct hb_step *s,
                         const char *place)
{
    const struct hb_variable *v = s != NULL ? s->answer : NULL;
    bool yes = agrees(w, place);

    if (v != NULL && v->fact != NULL && v->fact->type != HB_FACT_BOOLEAN)
        return value_of(w, v->fact, place);
    if (v != NULL && v->value.type == HB_VAL_INTEGER)
        return yes ? "12" : "0";
    if (v != NULL)
        return yes ? "はい、確かめました。" : "いいえ、違いました。";
    return yes ? "確認した" : "不要と判断した";
}

static int same_fact(void *arg, const struct hb_known *k)
{
    struct look *l = arg;

    l->found =
        l->found || (hb_streq(k->name, l->a) && hb_streq(k->source, l->b));
    return 0;
}

static int same_file(void *arg, const struct hb_evidence_item *item)
{
    struct look *l = arg;

    l->found = l->found || hb_streq(item->name, l->a);
    return 0;
}
