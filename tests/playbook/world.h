/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - a real state store, a real case book made of short lines, and a
 * port that does what a test tells it and writes down what it was asked.
 *
 * Steps are written as one line each:  - {id: a, type: action, action: ...}
 * Title, phase, text and roles are filled in where a line has none.
 */
#ifndef HB_TESTS_PLAYBOOK_WORLD_H
#define HB_TESTS_PLAYBOOK_WORLD_H

#include "../casebook/folder.h"
#include "../incident/people.h"
#include "base/clock.h"
#include "incident/person.h"
#include "playbook/playbook.h"

#define HEAD_VARS                                                              \
    "title: {en: Response, ja: 対処}\n"                                      \
    "variables:\n"                                                             \
    "  - {name: __ok__, type: boolean, doc: {en: o, ja: 可}}\n"               \
    "  - {name: __n__, type: integer, doc: {en: n, ja: 数}}\n"                \
    "  - {name: __kind__, type: string, value: a, doc: {en: k, ja: 種}}\n"    \
    "  - {name: __restored__, type: boolean, doc: {en: r, ja: 復}}\n"         \
    "  - {name: __site_clean__, type: boolean, doc: {en: s, ja: 清}}\n"       \
    "  - {name: __outside_same__, type: boolean, doc: {en: s, ja: 外}}\n"     \
    "  - {name: __fact__, type: string, value: none,"                          \
    " doc: {en: f, ja: 事}}\n"

#define CONTROLS_3                                                             \
    "controls:\n"                                                              \
    "  - id: files.other\n    check: files.watching\n    max_age: 10m\n"       \
    "    rows: [C03-R1]\n"                                                     \
    "    text: {en: watched, ja: 監視}\n    why: {en: late, ja: 遅れ}\n"   \
    "    fix: {en: start it, ja: 起動}\n"

enum deed_mode {
    DEED_NOW, /* done before the call returns */
    DEED_LATER,
    DEED_FAIL,
    DEED_ASK,     /* until an approval comes along */
    DEED_UNKNOWN, /* the first time */
    DEED_AWAY,    /* cannot be reached */
    DEED_NONE     /* no such action */
};

struct deed {
    char place[128];
    uint8_t key[HB_ACT_KEY_SIZE];
    uint8_t undoes[HB_ACT_KEY_SIZE];
    bool again;
    int64_t approval;
    char args[128];
};

struct world {
    struct folder f;
    char dir[64];
    struct hb_casebook *book;
    struct hb_state s;
    struct hb_play *p;
    int64_t incident;
    int64_t sato, abe; /* officer and administrator; administrator */
    struct deed deeds[256];
    size_t n;
    struct {
        const char *step;
        enum deed_mode mode;
        const char *sets;
    } how[16];
    size_t how_n;
    int64_t proved; /* when a drill proved it, 0 never */
    int documents;
    int64_t shifted;
};

static inline void world_tell(struct world *w, const char *step,
                              enum deed_mode mode, const char *sets)
{
    size_t i = 0;

    while (i < w->how_n && strcmp(w->how[i].step, step) != 0)
        i++;
    assert_true(i < HB_ARRAY_LEN(w->how));
    w->how[i].step = step;
    w->how[i].mode = mode;
    w->how[i].sets = sets;
    w->how_n = HB_MAX(w->how_n, i + 1);
}

static inline int world_act(void *arg, const struct hb_play_act *a)
{
    struct world *w = arg;
    struct deed *d = &w->deeds[w->n];
    enum deed_mode mode = DEED_NOW;
    const char *sets = "{}";
    int r = 0;

    for (size_t i = 0; i < w->how_n; i++)
        if (strcmp(w->how[i].step, a->step->id) == 0) {
            mode = w->how[i].mode;
            sets = w->how[i].sets != NULL ? w->how[i].sets : "{}";
        }
    assert_false(hb_db_in_transaction(w->s.db));
    assert_string_equal(a->object, "www");
    if (mode == DEED_AWAY)
        return -ECONNREFUSED;
    if (mode == DEED_NONE)
        return -ENOSYS;
    assert_true(w->n < HB_ARRAY_LEN(w->deeds));
    w->n++;
    memset(d, 0, sizeof(*d));
    (void)hb_copyz(d->place, sizeof(d->place), a->place);
    memcpy(d->key, a->key, sizeof(d->key));
    if (a->undoes != NULL)
        memcpy(d->undoes, a->undoes, sizeof(d->undoes));
    d->again = a->again;
    d->approval = a->approval;
    for (size_t i = 0; i < a->args_n; i++) {
        size_t at = strlen(d->args);

        (void)snprintf(d->args + at, sizeof(d->args) - at, "%s=%s;",
                       a->args[i].name, a->args[i].value);
    }
    switch (mode) {
    case DEED_NOW:
        r = hb_play_answer(w->p, a->key, HB_PLAY_DONE, sets, "done");
        break;
    case DEED_FAIL:
        r = hb_play_answer(w->p, a->key, HB_PLAY_FAILED, "{}", "it broke");
        break;
    case DEED_ASK:
        r = hb_play_answer(w->p, a->key,
                           a->approval != 0 ? HB_PLAY_DONE : HB_PLAY_ASK, sets,
                           "helper says so");
        break;
    case DEED_UNKNOWN:
        r = hb_play_answer(w->p, a->key, HB_PLAY_UNKNOWN, "{}", "");
        break;
    default:
        break;
    }
    assert_int_equal(r, 0);
    return 0;
}

static inline int world_proved(void *arg, int case_number, int64_t since)
{
    struct world *w = arg;

    assert_int_equal(case_number, 2);
    return w->proved != 0 && w->proved >= since;
}

static inline int world_document(void *arg, int64_t incident, const char *id)
{
    struct world *w = arg;

    w->documents++;
    return hb_db_exec(w->s.db,
                      "INSERT INTO document(incident, name, lang, made,"
                      " sha256) VALUES(?1, ?2, 'en', ?3, '')",
                      "iti", incident, id, hb_now());
}

/* Fills in what every step must say; see the top. */
static inline void world_expand(const char *id, const char *steps, char *out,
                                size_t size)
{
    size_t n = (size_t)snprintf(out, size, "id: %s\n%s", id, HEAD_VARS);
    const char *head = strstr(steps, "steps:") == NULL ? "steps:\n" : "";

    n += (size_t)snprintf(out + n, size - n, "%s", head);
    while (*steps != '\0') {
        size_t len = strcspn(steps, "\n");
        char line[1024], name[64] = "";

        assert_true(len < sizeof(line));
        memcpy(line, steps, len);
        line[len] = '\0';
        steps += len + (steps[len] == '\n');
        if (strncmp(line, "- {id: ", 7) == 0)
            memcpy(name, line + 7, HB_MIN(strcspn(line + 7, ","), 60u));
        if (name[0] == '\0' || strstr(line, "type: start") != NULL ||
            strstr(line, "type: end") != NULL) {
            n += (size_t)snprintf(out + n, size - n, "%s%s\n",
                                  line[0] == '-' ? "  " : "", line);
            continue;
        }
        line[len - 1] = '\0'; /* the brace */
        n += (size_t)snprintf(
            out + n, size - n, "  %s, title: {en: %s, ja: 手順%s}%s%s%s}\n",
            line, name, name,
            strstr(line, "phase:") == NULL ? ", phase: detect-contain" : "",
            strstr(line, "type: task") != NULL ? ", text: {en: do it, ja: 行う}"
                                               : "",
            strstr(line, "type: task") != NULL && strstr(line, "roles:") == NULL
                ? ", roles: [admin]"
                : "");
        assert_true(n < size);
    }
}

static inline void world_book(struct world *w, const char *steps)
{
    char *text = calloc(1, 128 << 10);
    struct hb_casebook *old = w->book;

    assert_non_null(text);
    world_expand("thing", steps, text, 128 << 10);
    folder_put(&w->f, "02-thing/playbook.yaml", text);
    w->book = folder_load(&w->f);
    w->s.casebook = w->book;
    if (old != NULL)
        hb_casebook_free(old);
    free(text);
}

/* A second case, whose playbook "other" may be called. */
static inline void world_second(struct world *w, const char *steps)
{
    char *text = calloc(1, 128 << 10);

    assert_non_null(text);
    folder_mkdir(&w->f, "03-other/documents");
    folder_put(&w->f, "03-other/case.yaml",
               "number: 3\nid: other\ntitle: {en: O, ja: 他}\n"
               "story: {en: It, ja: 事}\nwho: {en: All, ja: 全}\n"
               "maturity: partly\n"
               "drill: {name: o, rehearsed_within: 90d, canary_within: 7d}\n"
               "rows:\n  - id: C03-R1\n    need: {en: r, ja: 復}\n");
    folder_put(&w->f, "03-other/controls.yaml", CONTROLS_3);
    world_expand("other", steps, text, 128 << 10);
    folder_put(&w->f, "03-other/playbook.yaml", text);
    free(text);
}

static inline void world_engine(struct world *w)
{
    const struct hb_play_port port = {.arg = w,
                                      .act = world_act,
                                      .proved = world_proved,
                                      .document = world_document};

    assert_int_equal(hb_play_new(&w->s, &port, &w->p), 0);
}

static inline void world_people(struct world *w)
{
    struct hb_person sato = {.name = "sato",
                             .full_name = "佐藤",
                             .uid = 1001,
                             .roles = HB_PR_OFFICER | HB_PR_ADMIN},
                     abe = {.name = "abe",
                            .full_name = "Abe",
                            .uid = 1002,
                            .roles = HB_PR_ADMIN | HB_PR_OFFICER};

    assert_int_equal(put_person(&w->s, &sato, &w->sato), 0);
    assert_int_equal(put_person(&w->s, &abe, &w->abe), 0);
}

static inline void world_open(struct world *w)
{
    struct hb_err err = {0};
    char po[512];

    (void)snprintf(po, sizeof(po), "%s/po",
                   getenv("HB_BUILD_ROOT") != NULL ? getenv("HB_BUILD_ROOT")
                                                   : "build");
    (void)setenv("HINOBAN_LOCALEDIR", po, 1);
    hb_i18n_open();
    memset(w, 0, sizeof(*w));
    folder_open(&w->f);
    /* kill -9 is tested elsewhere; here the disk would only cost time. */
    (void)hb_copyz(w->dir, sizeof(w->dir),
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm/hb-play-XXXXXX"
                                                 : "/tmp/hb-play-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    assert_int_equal(hb_state_open(w->dir, NULL, &w->s, &err), 0);
    world_people(w);
    world_engine(w);
}

static inline void world_close(struct world *w)
{
    hb_clock_shift(-w->shifted);
    hb_play_free(w->p);
    hb_state_close(&w->s);
    if (w->book != NULL)
        hb_casebook_free(w->book);
    folder_close(&w->f);
    assert_int_equal(hb_rmtree(AT_FDCWD, w->dir), 0);
}

/* The book of STEPS, an incident of case 2 and its playbook begun. */
static inline void world_begin(struct world *w, const char *steps)
{
    world_open(w);
    world_book(w, steps);
    assert_int_equal(
        hb_incident_open(&w->s, 2, "www", "person:sato", "seen", &w->incident),
        0);
    assert_int_equal(hb_play_begin(w->p, w->incident), 0);
}

/* As after kill -9: the engine and the connection begin anew. */
static inline void world_restart(struct world *w)
{
    struct hb_err err = {0};

    hb_play_free(w->p);
    hb_state_close(&w->s);
    assert_int_equal(hb_state_open(w->dir, w->book, &w->s, &err), 0);
    world_engine(w);
}

static inline void world_later(struct world *w, uint64_t ns)
{
    hb_clock_shift((int64_t)ns);
    w->shifted += (int64_t)ns;
    assert_true(hb_play_tick(w->p) >= 0);
}

#define WORLD_TRACE 16384u /* case 2 with all that it calls */

static inline int world_one(void *arg, const struct hb_play_view *v)
{
    static const char letters[] = "?wBEFSX";
    char *out = arg;
    size_t n = strlen(out);

    assert_true(n + strlen(v->place) + 4 < WORLD_TRACE);
    (void)snprintf(out + n, WORLD_TRACE - n, "%s%s:%c", n > 0 ? " " : "",
                   v->place, letters[v->state]);
    return 0;
}

/* All steps with their states, in the order they were reached. */
static inline const char *world_trace(struct world *w)
{
    static char text[WORLD_TRACE];

    text[0] = '\0';
    assert_int_equal(hb_play_each(w->p, w->incident, world_one, text), 0);
    return text;
}

struct world_find {
    const char *step;
    int64_t id;
    struct hb_task t; /* its texts are gone with the call but for: */
    char title_ja[128];
};

static inline int world_task_one(void *arg, const struct hb_task *t)
{
    struct world_find *f = arg;

    if (strcmp(f->step, t->step) == 0) {
        f->id = t->id;
        f->t = *t;
        (void)hb_copyz(f->title_ja, sizeof(f->title_ja), t->title_ja);
    }
    return 0;
}

/* The task of a step that waits; 0 none. */
static inline int64_t world_task(struct world *w, const char *step)
{
    struct world_find f = {.step = step};

    assert_int_equal(hb_task_each(&w->s, w->incident, true, world_task_one, &f),
                     0);
    return f.id;
}

static inline int world_answer(struct world *w, const char *step, bool done,
                               const char *text)
{
    struct hb_err err = {0};
    int64_t id = world_task(w, step);

    if (id == 0)
        fail_msg("no task %s; %s", step, world_trace(w));
    return hb_play_task_answer(w->p, id, w->sato, done, text, &err);
}

static inline enum hb_play_state world_run(struct world *w)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    enum hb_play_state st = HB_PLAY_WAITING;
    const char *why;

    assert_int_equal(hb_play_run(w->p, a, w->incident, &st, &why), 0);
    return st;
}

struct world_text {
    char out[16384];
    int lang;
};

static inline int world_moment(void *arg, const struct hb_moment *m)
{
    struct world_text *t = arg;
    struct hb_buf b = HB_BUF_INIT;
    size_t n = strlen(t->out);

    hb_moment_text(&b, m, t->lang);
    assert_true(n + b.n + strlen(m->kind) + 8 < sizeof(t->out));
    (void)snprintf(t->out + n, sizeof(t->out) - n, "%s|%s\n", m->kind,
                   hb_buf_z(&b));
    hb_buf_done(&b);
    return 0;
}

static inline const char *world_timeline(struct world *w, int lang)
{
    static struct world_text t;

    t = (struct world_text){.lang = lang};
    assert_int_equal(hb_timeline_each(&w->s, w->incident, world_moment, &t), 0);
    return t.out;
}

static inline void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

#endif
