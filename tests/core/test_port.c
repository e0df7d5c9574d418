/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_port.c - actions of a playbook whose helper dies: a real helper that
 * is killed at every step, and stand-ins on its socket that never live long.
 * Nothing is done twice, nothing is lost, nobody is asked for ever.
 */
#include "core/box.h"

#include <poll.h>
#include <signal.h>

#include "../casebook/folder.h"
#include "../respond/harness.h"
#include "respond/journal.h"

#define STEPS_MAX 60u

static const char playbook[] = HEAD START(
    "private") "  - {id: private, type: action, action: site.private,\n"
               "     phase: detect-contain, title: {en: Private, ja: 非公開},\n"
               "     roles: [officer], undo: private-undo,\n"
               "     on_success: finish, on_failure: by-hand}\n"
               "  - {id: private-undo, type: action, action: site.public,\n"
               "     phase: detect-contain, title: {en: Public, ja: "
               "公開}}\n" TASK("by-hand") "    next: finish\n" END("finish");

static struct folder folder;
static int64_t incident;

static int make(void **state)
{
    site = (struct hb_conf_site){.name = "www", .number = 1};
    if (box_make(state) < 0)
        return -1;
    folder_open(&folder);
    folder_put(&folder, "02-thing/playbook.yaml", playbook);
    hb_casebook_free(core.book);
    core.book = folder_load(&folder);
    core.state.casebook = core.book;
    return hb_incident_open(&core.state, 2, "www", "person:sato", "seen",
                            &incident);
}

static int drop(void **state)
{
    folder_close(&folder);
    return box_drop(state);
}

static void helper_at(const char *path)
{
    hb_core_helper_free(core.helper);
    assert_int_equal(hb_core_helper_new(&core, path, &core.helper), 0);
}

/* ---- what became of the step ---- */

static int one(void *arg, const struct hb_play_view *v)
{
    if (strcmp(v->place, "private") == 0)
        *(enum hb_play_state *)arg = v->state;
    return 0;
}

static enum hb_play_state step_is(void)
{
    enum hb_play_state is = 0;

    assert_int_equal(hb_play_each(core.play, incident, one, &is), 0);
    return is;
}

static bool under_way(void)
{
    return step_is() == HB_PLAY_BEGUN || step_is() == HB_PLAY_WAITING;
}

static int64_t asks(const char *step)
{
    char sql[160];

    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(*) FROM task WHERE state = 1"
                   " AND step LIKE '%s'",
                   step);
    return box_number(sql);
}

static int64_t told(const char *words)
{
    char sql[300];

    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(*) FROM timeline WHERE"
                   " kind = 'action.failed' AND args LIKE '%%%s%%'",
                   words);
    return box_number(sql);
}

/* ---- a stand-in: what it does with the requests of a deed, of a query ---- */

enum habit { DIES, ANSWERS };

static struct {
    int listening, conn;
    enum habit deed, query;
    struct hb_reply reply;                  /* of the one that it answers */
    unsigned deeds, queries, keys, limited; /* so often "later" first */
    uint8_t key[HB_ACT_KEY_SIZE];
} in;

static void stand_in(enum habit deed, enum habit query, unsigned status,
                     int error)
{
    memset(&in, 0, sizeof(in));
    in.conn = -1;
    in.deed = deed;
    in.query = query;
    in.reply.status = (uint16_t)status;
    in.reply.error = error;
    assert_int_equal(hb_sock_listen(helper_path, SOCK_SEQPACKET, 0600,
                                    (uid_t)-1, (gid_t)-1, &in.listening),
                     0);
    helper_at(helper_path);
}

static void serve_one(void)
{
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX], out[HB_REPLY_SIZE];
    ssize_t n = recv(in.conn, buf, sizeof(buf), MSG_DONTWAIT);
    struct hb_request r;
    enum habit habit;

    if (n < 0)
        return;
    if (n == 0 || hb_request_decode(&r, buf, (size_t)n) < 0)
        fail_msg("core sent %zd bytes that are no request", n);
    habit = r.action == HB_ACT_QUERY ? in.query : in.deed;
    in.deeds += r.action != HB_ACT_QUERY;
    in.queries += r.action == HB_ACT_QUERY;
    in.keys += memcmp(in.key, r.key, sizeof(in.key)) != 0;
    memcpy(in.key, r.key, sizeof(in.key));
    if (habit == DIES) {
        hb_close(&in.conn);
        return;
    }
    if (in.limited > 0) {
        struct hb_reply later = {
            .status = HB_ACT_LIMITED, .seq = r.seq, .arg = 300};

        in.limited--;
        memcpy(later.key, r.key, sizeof(r.key));
        assert_int_equal(send(in.conn, out, hb_reply_encode(&later, out), 0),
                         HB_REPLY_SIZE);
        return;
    }
    in.reply.seq = r.seq;
    memcpy(in.reply.key, r.key, sizeof(r.key));
    assert_int_equal(send(in.conn, out, hb_reply_encode(&in.reply, out), 0),
                     HB_REPLY_SIZE);
}

/* Until the step has an end, at most so many turns of the loop. */
static void serve(void)
{
    struct pollfd p = {.fd = in.listening, .events = POLLIN};

    assert_true(hb_play_begin(core.play, incident) >= 0);
    for (int i = 0; i < 3000 && under_way(); i++) {
        if (in.conn < 0 && poll(&p, 1, 0) > 0)
            in.conn = accept4(in.listening, NULL, NULL, SOCK_CLOEXEC);
        if (in.conn >= 0)
            serve_one();
        assert_true(hb_loop_turn(core.loop, 20) >= 0);
        assert_true(hb_play_tick(core.play) >= 0);
    }
    hb_close(&in.conn);
    hb_close(&in.listening);
}

/* It dies of everything: a person is asked, and told why. */
static void test_dies_of_everything(void **state)
{
    stand_in(DIES, DIES, 0, 0);
    serve();
    assert_int_equal(step_is(), HB_PLAY_STUCK);
    assert_int_equal(in.deeds, 3);
    assert_int_equal(in.queries, 1);
    assert_int_equal(in.keys, 1);
    assert_int_equal(asks("private?%"), 1);
    assert_int_equal(told("broke off at every try"), 1);
}

/* The deed kills it, but its journal knows that nothing was done. */
static void test_dies_before(void **state)
{
    stand_in(DIES, ANSWERS, HB_ACT_NOT_DONE, 0);
    serve();
    assert_int_equal(step_is(), HB_PLAY_FAILED_STEP);
    assert_int_equal(in.keys, 1);
    assert_int_equal(asks("by-hand"), 1);
    assert_int_equal(told("nothing was done"), 1);
}

/* It dies before each answer, but did it. */
static void test_dies_after(void **state)
{
    stand_in(DIES, ANSWERS, HB_ACT_DONE, 0);
    serve();
    assert_int_equal(step_is(), HB_PLAY_ENDED);
    assert_int_equal(in.keys, 1);
    assert_int_equal(asks("%"), 0);
}

/* What only a person can judge, by the word of the helper itself. */
static void test_cut_off(void **state)
{
    stand_in(ANSWERS, DIES, HB_ACT_NOT_DONE, -EINPROGRESS);
    serve();
    assert_int_equal(step_is(), HB_PLAY_STUCK);
    assert_int_equal(in.deeds, 1);
    assert_int_equal(asks("private?%"), 1);
}

/* Too many actions in a short time: it waits, and nobody is bothered. */
static void test_limited(void **state)
{
    stand_in(ANSWERS, DIES, HB_ACT_DONE, 0);
    in.limited = 2;
    serve();
    assert_int_equal(step_is(), HB_PLAY_ENDED);
    assert_int_equal(in.deeds, 3);
    assert_int_equal(in.keys, 1);
    assert_int_equal(asks("%"), 0);
}

/* Nobody there at all: the step fails, with the text that says so. */
static void test_never_there(void **state)
{
    assert_true(hb_play_begin(core.play, incident) >= 0);
    for (int i = 0; i < 6000 && under_way(); i++) {
        assert_true(hb_loop_turn(core.loop, 20) >= 0);
        assert_true(hb_play_tick(core.play) >= 0);
    }
    assert_int_equal(step_is(), HB_PLAY_FAILED_STEP);
    assert_int_equal(asks("by-hand"), 1);
    assert_int_equal(told("not connected"), 1);
}

/* ---- the real helper, killed at each of its steps ---- */

/* Jobs of site.private in the journal of a helper that has ended, and whether
 * the last one was done. */
static unsigned jobs(struct world *w, bool *ret_done)
{
    int dir = open(w->helper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct hb_journal_report report;
    struct hb_journal *j = NULL;
    struct hb_err err = {0};
    unsigned n = 0;

    assert_true(dir >= 0);
    assert_int_equal(hb_journal_open(dir, &j, &report, &err), 0);
    *ret_done = false;
    for (size_t i = 0; hb_journal_at(j, i) != NULL; i++)
        if (hb_journal_at(j, i)->action == HB_ACT_SITE_PRIVATE) {
            n++;
            /* Already: a helper that came after found it done. */
            *ret_done = hb_journal_at(j, i)->status == HB_ACT_DONE ||
                        hb_journal_at(j, i)->status == HB_ACT_ALREADY;
        }
    hb_journal_free(j);
    (void)close(dir);
    return n;
}

static bool has_died(struct world *w)
{
    int status;

    if (w->pid <= 0 || waitpid(w->pid, &status, WNOHANG) != w->pid)
        return false;
    w->pid = 0;
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        fail_msg("the helper ended with %d", status);
    return true;
}

/* One life after the other: the first dies at step CRASH, the others at
 * step THEN (0: live).  How many died. */
static unsigned lives(unsigned crash, unsigned then)
{
    struct world *w = world_new();
    char path[600];
    unsigned deaths = 0;
    enum hb_play_state is;
    bool was_done = false;

    world_all_reflexes(w);
    world_start(w, crash);
    (void)snprintf(path, sizeof(path), "%s/helper-core.sock", w->run);
    helper_at(path);
    assert_true(hb_play_begin(core.play, incident) >= 0);
    for (int i = 0; i < 3000 && under_way(); i++) {
        assert_true(hb_loop_turn(core.loop, 20) >= 0);
        assert_true(hb_play_tick(core.play) >= 0);
        deaths += has_died(w);
        if (w->pid == 0 && i % 10 == 0)
            world_start(w, then);
    }
    is = step_is();
    /* Not a hair's breadth more than once, whatever it came to. */
    if (w->pid > 0)
        (void)kill(w->pid, SIGKILL);
    if (w->pid > 0)
        assert_int_equal(waitpid(w->pid, NULL, 0), w->pid);
    w->pid = 0;
    assert_true(jobs(w, &was_done) <= 1);
    print_message("# %u, then %u: %u deaths, step %d, done %d\n", crash, then,
                  deaths, (int)is, was_done);
    if (is == HB_PLAY_ENDED)
        assert_true(was_done);
    else if (is == HB_PLAY_FAILED_STEP)
        assert_false(was_done);
    else
        assert_int_equal(is, HB_PLAY_STUCK);
    if (then == 0)
        assert_int_equal(is, HB_PLAY_ENDED);
    else
        assert_int_equal(asks(is == HB_PLAY_STUCK ? "private?%" : "by-hand"),
                         is != HB_PLAY_ENDED);
    hb_core_helper_free(core.helper);
    assert_int_equal(hb_core_helper_new(&core, helper_path, &core.helper), 0);
    world_free(w);
    return deaths;
}

/* The incident anew, for the next life. */
static void again(void **state)
{
    assert_int_equal(drop(state), 0);
    assert_int_equal(make(state), 0);
}

static void test_dies_once(void **state)
{
    unsigned crash = 1;

    NEEDS_ROOT();
    for (; lives(crash, 0) > 0; crash++) {
        assert_true(crash < STEPS_MAX);
        again(state);
    }
    /* Before the intent, after it, around the deed, before the answer. */
    assert_true(crash > 4);
}

static void test_dies_always(void **state)
{
    unsigned crash = 1;

    NEEDS_ROOT();
    for (; lives(crash, crash) > 0; crash++) {
        assert_true(crash < STEPS_MAX);
        again(state);
    }
    assert_true(crash > 4);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_dies_of_everything),
        MADE(test_dies_before),
        MADE(test_dies_after),
        MADE(test_cut_off),
        MADE(test_limited),
        MADE(test_never_there),
        MADE(test_dies_once),
        MADE(test_dies_always),
    };

    return hb_tap_run("core/port", tests);
}
