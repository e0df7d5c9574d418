/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Playbooks that nobody wrote: valid ones made at random, worked on by
 * people and a machine that do anything that can happen, with restarts in
 * between.  Each comes to its end and leaves nothing open.  And the real one
 * of case 2.  HB_RANDOM: how many; HB_SEED: others.
 */
#include "world.h"

struct late {
    uint8_t key[HB_ACT_KEY_SIZE];
};

struct chance {
    struct world w;
    uint64_t seed;
    char text[64 << 10];
    size_t n;
    unsigned steps;
    struct late late[512];
    size_t late_n;
    unsigned trouble; /* percent of actions that do not simply work */
};

static unsigned roll(struct chance *c, unsigned most) /* 0..MOST-1 */
{
    uint64_t z = (c->seed += 0x9e3779b97f4a7c15ull);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return (unsigned)((z ^ (z >> 31)) % most);
}

static void add(struct chance *c, const char *fmt, ...) HB_PRINTF(2, 3);
static void add(struct chance *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    c->n += (size_t)vsnprintf(c->text + c->n, sizeof(c->text) - c->n, fmt, ap);
    va_end(ap);
    assert_true(c->n < sizeof(c->text));
}

static const char *condition(struct chance *c)
{
    static const char *const all[] = {"__ok__",
                                      "NOT __ok__",
                                      "__n__ < 3",
                                      "__n__ >= 2 AND __ok__",
                                      "__kind__ IN (''a'', ''x y'')",
                                      "NOT (__ok__ OR __n__ = 1)"};

    return all[roll(c, HB_ARRAY_LEN(all))];
}

/* Where a machine or a person goes on: always forwards in the same branch. */
static void moves(struct chance *c, unsigned first, unsigned i, unsigned k)
{
    if (roll(c, 3) == 0)
        add(c, "on_success: s%u, on_failure: s%u}\n", first + i + 1,
            first + i + 1 + roll(c, k - i));
    else
        add(c, "next: s%u}\n", first + i + 1);
}

static const char *when(struct chance *c)
{
    static const char *const all[] = {"",
                                      "",
                                      "",
                                      "delay: 10m, ",
                                      "timeout: 1h, ",
                                      "delay: 1m, timeout: 30m, "};

    return all[roll(c, HB_ARRAY_LEN(all))];
}

/* A branch of its own; the number of its first step. */
static unsigned branch(struct chance *c, unsigned depth)
{
    unsigned k = 1 + roll(c, 3), first = c->steps;

    c->steps += k + 1;
    for (unsigned i = 0; i < k; i++) {
        unsigned kind = depth < 4 && c->steps < 90 ? roll(c, 8) : roll(c, 4);
        unsigned id = first + i, next = id + 1, a, b;

        switch (kind) {
        case 0:
        case 1:
            add(c, "- {id: s%u, type: action, action: site.scan, %s", id,
                when(c));
            moves(c, first, i, k);
            break;
        case 2:
        case 3: {
            static const char *const more[] = {
                "",
                "answer: __ok__, ",
                "answer: __n__, ",
                "answer: __kind__, ",
                "four_eyes: true, ",
                "modality: consider, evidence: [decision], "};

            add(c, "- {id: s%u, type: task, %s%s", id,
                more[roll(c, HB_ARRAY_LEN(more))], when(c));
            moves(c, first, i, k);
            break;
        }
        case 4:
            a = branch(c, depth + 1);
            b = roll(c, 2) == 0 ? branch(c, depth + 1) : 0;
            add(c, "- {id: s%u, type: if, condition: '%s', on_true: s%u, ", id,
                condition(c), a);
            if (b != 0)
                add(c, "on_false: s%u, ", b);
            add(c, "next: s%u}\n", next);
            break;
        case 5:
            a = branch(c, depth + 1);
            add(c,
                "- {id: s%u, type: while, condition: '%s', rounds: %u,"
                " on_true: s%u, next: s%u}\n",
                id, condition(c), 1 + roll(c, 3), a, next);
            break;
        case 6:
            a = branch(c, depth + 1);
            b = branch(c, depth + 1);
            add(c,
                "- {id: s%u, type: switch, subject: __kind__, cases: {a: "
                "s%u, default: s%u}, next: s%u}\n",
                id, a, b, next);
            break;
        default:
            a = branch(c, depth + 1);
            b = branch(c, depth + 1);
            add(c,
                "- {id: s%u, type: parallel, branches: [s%u, s%u],"
                " next: s%u}\n",
                id, a, b, next);
        }
    }
    add(c, "- {id: s%u, type: end}\n", first + k);
    return first;
}

static int act(void *arg, const struct hb_play_act *a)
{
    static const char *const sets[] = {
        "{}", "{\"__ok__\":true}", "{\"__ok__\":false,\"__n__\":2}",
        "{\"__kind__\":\"x y\"}", "{\"__n__\":1}"};
    struct chance *c = arg;
    const char *set = sets[roll(c, HB_ARRAY_LEN(sets))];
    enum hb_play_result r = HB_PLAY_DONE;

    if (roll(c, 100) < c->trouble) {
        switch (roll(c, 6)) {
        case 0:
            return -ECONNREFUSED;
        case 1:
            return -ENOSYS;
        case 2:
            r = a->approval == 0 ? HB_PLAY_ASK : HB_PLAY_FAILED;
            break;
        case 3:
            r = HB_PLAY_UNKNOWN;
            break;
        case 4:
            r = HB_PLAY_FAILED;
            break;
        default:
            assert_true(c->late_n < HB_ARRAY_LEN(c->late));
            memcpy(c->late[c->late_n++].key, a->key, HB_ACT_KEY_SIZE);
            return 0;
        }
    }
    assert_int_equal(hb_play_answer(c->w.p, a->key, r, set, "words"), 0);
    return 0;
}

static void engine(struct chance *c)
{
    /* The world stands first in it. */
    const struct hb_play_port port = {
        .arg = c, .act = act, .document = world_document};

    assert_int_equal(hb_play_new(&c->w.s, &port, &c->w.p), 0);
}

static int first_task(void *arg, const struct hb_task *t)
{
    *(int64_t *)arg = t->id;
    return 1;
}

/* Somebody does something; false where nobody was asked. */
static bool person(struct chance *c)
{
    static const char *const words[] = {"no", "3", "x y", "done it", "はい"};
    struct hb_err err = {0};
    int64_t id = 0;

    assert_true(hb_task_each(&c->w.s, c->w.incident, true, first_task, &id) >=
                0);
    if (id == 0)
        return false;
    if (roll(c, 4) == 0) { /* nobody answers for a while */
        world_later(&c->w, 20 * 60 * HB_S);
        return true;
    }
    for (int i = 0; i < 4; i++) {
        int r = hb_play_task_answer(
            c->w.p, id, roll(c, 2) ? c->w.sato : c->w.abe, roll(c, 3) != 0,
            words[i == 3 ? 1 : roll(c, HB_ARRAY_LEN(words))], &err);

        if (r == 0)
            break;
        assert_true(r == -EINPROGRESS || r == -EPERM || r == -EINVAL);
    }
    return true;
}

static bool over(struct chance *c)
{
    enum hb_play_state st = world_run(&c->w);

    assert_int_not_equal(st, HB_PLAY_STUCK);
    return st == HB_PLAY_ENDED || st == HB_PLAY_FAILED_STEP;
}

static void work(struct chance *c)
{
    struct world *w = &c->w;
    struct hb_err err = {0};

    assert_int_equal(hb_incident_open(&w->s, 2, "www", "p", "n", &w->incident),
                     0);
    assert_int_equal(hb_play_begin(w->p, w->incident), 0);
    for (int i = 0; !over(c); i++) {
        if (i > 20000)
            fail_msg("seed %llu does not end: %s", (unsigned long long)c->seed,
                     world_trace(w));
        if (roll(c, 10) == 0) {
            c->late_n = 0; /* their answers are lost */
            hb_play_free(w->p);
            hb_state_close(&w->s);
            assert_int_equal(hb_state_open(w->dir, w->book, &w->s, &err), 0);
            engine(c);
        }
        assert_true(hb_play_tick(w->p) >= 0);
        while (c->late_n > 0 && roll(c, 3) != 0) {
            int r = hb_play_answer(w->p, c->late[--c->late_n].key,
                                   roll(c, 4) ? HB_PLAY_DONE : HB_PLAY_FAILED,
                                   "{}", "later");

            assert_true(r == 0 || r == -EALREADY || r == -ENOENT);
        }
        if (!person(c))
            world_later(w, 15 * 60 * HB_S);
    }
}

static int64_t count(struct world *w, const char *sql)
{
    struct hb_stmt *q;
    int64_t n;

    assert_int_equal(hb_db_stmt(w->s.db, sql, &q), 0);
    assert_int_equal(hb_stmt_step(q), 1);
    n = hb_stmt_col_int(q, 0);
    hb_stmt_reset(q);
    return n;
}

static void one(uint64_t seed)
{
    struct chance *c = calloc(1, sizeof(*c));
    struct world *w = &c->w;
    unsigned first;
    bool except;

    world_open(w);
    hb_play_free(w->p);
    engine(c);
    c->seed = seed;
    c->trouble = 10 + roll(c, 60);
    except = roll(c, 2) == 0;
    if (except)
        add(c, "exception: byhand\nsteps:\n");
    first = branch(c, 0);
    add(c, "- {id: begin, type: start, next: s%u}\n", first);
    if (except)
        add(c, "- {id: byhand, type: task, timeout: 2h, next: byend}\n"
               "- {id: byend, type: end}\n");
    world_book(w, c->text);
    work(c);
    if (count(w, "SELECT count(*) FROM run_step WHERE state IN (1, 2, 6)") +
            count(w, "SELECT count(*) FROM task WHERE state = 1") !=
        0)
        fail_msg("seed %llu leaves something open: %s",
                 (unsigned long long)seed, world_trace(w));
    assert_int_equal(count(w, "SELECT count(*) FROM run WHERE finished = 0"),
                     0);
    world_close(w);
    free(c);
}

static void test_random_playbooks_end(void **state)
{
    const char *z = getenv("HB_RANDOM"), *s = getenv("HB_SEED");
    uint64_t n = 60, seed = 1;

    if (z != NULL)
        assert_int_equal(hb_parse_u64(hb_slice_z(z), &n), 0);
    if (s != NULL)
        assert_int_equal(hb_parse_u64(hb_slice_z(s), &seed), 0);
    for (uint64_t i = 0; i < n; i++)
        one(seed * 1000000 + i);
}

/* The playbook of case 2 as it is shipped. */
static void test_case_2(void **state)
{
    const char *root = getenv("HB_SOURCE_ROOT");
    struct chance *c = calloc(1, sizeof(*c));
    struct world *w = &c->w;
    struct hb_err err = {0};
    char dir[512];

    (void)snprintf(dir, sizeof(dir), "%s/casebook", root != NULL ? root : ".");
    world_open(w);
    hb_play_free(w->p);
    engine(c);
    if (hb_casebook_load(dir, &w->book, &err) < 0)
        fail_msg("%s", err.message);
    w->s.casebook = w->book;
    c->seed = 2;
    assert_int_equal(hb_incident_open(&w->s, 2, "www", "p", "n", &w->incident),
                     0);
    assert_int_equal(hb_play_begin(w->p, w->incident), 0);
    for (int i = 0; !over(c); i++) {
        int64_t id = 0;

        assert_true(i < 300);
        assert_true(hb_play_tick(w->p) >= 0);
        assert_true(hb_task_each(&w->s, w->incident, true, first_task, &id) >=
                    0);
        if (id == 0)
            continue;
        /* People who have only words: what demands more stays open, and is
         * then decided against. */
        if (hb_play_task_answer(w->p, id, w->sato, true, "yes", &err) < 0 &&
            hb_play_task_answer(w->p, id, w->abe, true, "yes", &err) < 0 &&
            hb_play_task_answer(w->p, id, w->abe, false, "not now", &err) < 0)
            assert_int_equal(hb_db_exec(w->s.db,
                                        "UPDATE task SET roles = 127"
                                        " WHERE id = ?1",
                                        "i", id),
                             0);
    }
    assert_int_equal(world_run(w), HB_PLAY_ENDED);
    assert_int_equal(count(w, "SELECT count(*) FROM task WHERE state = 1"), 0);
    assert_has(world_trace(w), "review:E finish:E");
    world_close(w);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_playbooks_end),
        cmocka_unit_test(test_case_2),
    };

    return hb_tap_run("playbook/random", tests);
}
