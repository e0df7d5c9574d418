/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core wants done by itself, and what it never wants; the rows that a
 * crash must find again.  box/reflex.py does it all with the real helper.
 */
#include "box.h"

#include <poll.h>

#include "base/clock.h"
#include "core/core_reflex.h"

static struct hb_arena *arena;

/* A file event of the site as compare sends it; ENTRY -1: foreign. */
static void happen(const char *status, const char *rel, int count, int entry)
{
    struct hb_err err = {0};
    const struct hb_event *one;
    struct hb_event *e;
    char path[300];

    e = hb_event_new(arena, HB_EV_FILE_ACTIVITY, 3, HB_SEV_HIGH, "sense/files");
    assert_non_null(e);
    (void)snprintf(path, sizeof(path), "/srv/www/%s", rel);
    assert_int_equal(hb_event_strz(e, HB_F_FILE_PATH, path), 0);
    assert_int_equal(hb_event_strz(e, HB_F_SITE, "www"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_SITE_CHANGE, "modified"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_STATUS, status), 0);
    assert_int_equal(hb_event_int(e, HB_F_EVENT_COUNT, count), 0);
    assert_int_equal(hb_event_int(e, HB_F_ACTOR_PROCESS_PID, 4711), 0);
    assert_int_equal(hb_event_strz(e, HB_F_ACTOR_PROCESS_UID, "4711:99"), 0);
    assert_int_equal(hb_event_int(e, HB_F_SITE_BASELINE, 7), 0);
    if (entry >= 0)
        assert_int_equal(hb_event_int(e, HB_F_SITE_ENTRY, entry), 0);
    one = e;
    assert_int_equal(hb_core_take(&core, &one, 1, &err), 0);
}

/* "ACTION:PATH:ENTRY:STATE:WIDEN " of every row. */
static const char *rows(void)
{
    static char text[1000];
    struct hb_stmt *q;
    size_t n = 0;

    text[0] = '\0';
    assert_int_equal(hb_db_stmt(core.state.db,
                                "SELECT action, path, entry, state, widen"
                                " FROM reflex_deed ORDER BY id",
                                &q),
                     0);
    while (hb_stmt_step(q) == 1)
        n += (size_t)snprintf(
            text + n, sizeof(text) - n, "%s:%s:%d:%d:%d ",
            hb_action_name((enum hb_action)hb_stmt_col_int(q, 0)),
            hb_stmt_col_text(q, 1), (int)hb_stmt_col_int(q, 2),
            (int)hb_stmt_col_int(q, 3), (int)hb_stmt_col_int(q, 4));
    hb_stmt_reset(q);
    return text;
}

static int make(void **state)
{
    arena = hb_arena_new(0);
    site = (struct hb_conf_site){.name = "www",
                                 .number = 1,
                                 .root = "/srv/www",
                                 .private_driver = HB_PRIVATE_NGINX,
                                 .private_after = 3,
                                 .private_clean = 600 * HB_S};
    return box_make(state);
}

static int drop(void **state)
{
    hb_arena_free(arena);
    return box_drop(state);
}

static void test_failed(void **state)
{
    happen("failed", "about.html", 1, 5);
    assert_string_equal(rows(), "");
    happen("failed", "about.html", 3, 5);
    assert_string_equal(rows(), "site.private:about.html:5:1:1 ");
    /* Once is enough. */
    happen("failed", "about.html", 3, 5);
    assert_string_equal(rows(), "site.private:about.html:5:1:1 ");
}

/* What no baseline knows has no entry: only the whole site can be taken. */
static void test_failed_foreign(void **state)
{
    happen("failed", "shell.php", 3, -1);
    assert_string_equal(rows(), "site.private::0:1:1 ");
}

static void test_failed_by_command(void **state)
{
    site.private_driver = HB_PRIVATE_COMMAND;
    happen("failed", "about.html", 3, 5);
    assert_string_equal(rows(), "site.private::0:1:1 ");
}

static void test_noise(void **state)
{
    static const char *ignored[] = {"cache"};

    site.ignore.v = ignored;
    site.ignore.n = 1;
    for (int i = 0; i < 500; i++) {
        char rel[32];

        (void)snprintf(rel, sizeof(rel), "news/%d.html", i);
        happen("restored", rel, 1, i);
    }
    happen("failed", ".git/config", 3, 5);
    happen("failed", "a/.htpasswd", 3, 5);
    happen("failed", "cache/page", 3, 5);
    happen("fight", ".hidden", 9, 5);
    happen("fight", "shell.php", 9, -1); /* taken out each time */
    assert_string_equal(rows(), "");
    happen("failed", ".well-known/security.txt", 3, 6);
    assert_string_equal(rows(), "site.private:.well-known/security.txt:6:1:1 ");
}

static void test_fight(void **state)
{
    happen("fight", "index.html", 9, 2);
    assert_string_equal(rows(), "path.deny:index.html:2:1:0 ");
    site.freeze_writer = true;
    happen("fight", "about.html", 9, 3);
    assert_string_equal(rows(), "path.deny:index.html:2:1:0 "
                                "writer.freeze:about.html:3:1:0 ");
}

static void test_came_back(void **state)
{
    happen("restored", "index.html", 1, 2);
    hb_clock_shift(120 * (int64_t)HB_S);
    happen("restored", "index.html", 1, 2);
    assert_string_equal(rows(), ""); /* not what the settings ask for */
    site.private_on_entry_open = true;
    happen("restored", "index.html", 1, 2);
    assert_string_equal(rows(), "site.private::0:1:1 ");
}

/* What a person decided is not undone by itself. */
static void test_by_person(void **state)
{
    happen("failed", "about.html", 3, 5);
    happen("fight", "index.html", 9, 2);
    hb_core_reflex_by_person(&core, "other", 1, false);
    hb_core_reflex_by_person(&core, "www", 1, false);
    assert_string_equal(rows(), "path.deny:index.html:2:1:0 ");
    hb_core_reflex_by_person(&core, "www", 1, true);
    assert_string_equal(rows(), "path.deny:index.html:2:1:0 "
                                "site.private::0:2:2 ");
}

/* ---- a helper that breaks off ---- */

static struct {
    int listening, conn;
    unsigned deeds, queries;
    bool answers; /* a query */
    struct hb_reply reply;
    unsigned kills; /* deeds of this action, HB_ACT_COUNT: all */
} in;

static void serve_one(void)
{
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX], out[HB_REPLY_SIZE];
    ssize_t n = recv(in.conn, buf, sizeof(buf), MSG_DONTWAIT);
    struct hb_request r;
    struct hb_reply reply = {.status = HB_ACT_DONE};

    if (n <= 0 || hb_request_decode(&r, buf, (size_t)n) < 0)
        return;
    in.deeds += r.action != HB_ACT_QUERY;
    in.queries += r.action == HB_ACT_QUERY;
    if (r.action == HB_ACT_QUERY
            ? !in.answers
            : in.kills == HB_ACT_COUNT || in.kills == r.action) {
        hb_close(&in.conn);
        return;
    }
    if (r.action == HB_ACT_QUERY)
        reply = in.reply;
    reply.seq = r.seq;
    memcpy(reply.key, r.key, sizeof(r.key));
    assert_int_equal(send(in.conn, out, hb_reply_encode(&reply, out), 0),
                     HB_REPLY_SIZE);
}

/* Until nothing is on its way any more, without waiting between tries. */
static void serve(void)
{
    in.conn = -1;
    assert_int_equal(hb_sock_listen(helper_path, SOCK_SEQPACKET, 0600,
                                    (uid_t)-1, (gid_t)-1, &in.listening),
                     0);
    for (int i = 0; i < 3000 && box_number("SELECT count(*) FROM reflex_deed"
                                           " WHERE state <> 2") > 0;
         i++) {
        struct pollfd p = {.fd = in.listening, .events = POLLIN};

        if (in.conn < 0 && poll(&p, 1, 0) > 0)
            in.conn = accept4(in.listening, NULL, NULL, SOCK_CLOEXEC);
        if (in.conn >= 0)
            serve_one();
        core.reflex_again = 0;
        hb_core_reflex_go(&core);
        assert_true(hb_loop_turn(core.loop, 20) >= 0);
    }
    hb_close(&in.conn);
    hb_close(&in.listening);
}

/* It may be in force: for a person, who is told. */
static void test_breaks_off_at_all(void **state)
{
    memset(&in, 0, sizeof(in));
    in.kills = HB_ACT_COUNT;
    happen("failed", "about.html", 3, 5);
    serve();
    assert_string_equal(rows(), "site.private:about.html:5:2:2 ");
    assert_int_equal(in.deeds, 3);
    assert_int_equal(in.queries, 1);
    assert_int_equal(box_number("SELECT count(*) FROM timeline WHERE"
                                " kind = 'action.failed'"
                                " AND args LIKE '%broke off%'"),
                     1);
}

/* Done, and it died before it could say so. */
static void test_breaks_off_after(void **state)
{
    memset(&in, 0, sizeof(in));
    in.kills = HB_ACT_COUNT;
    in.answers = true;
    in.reply.status = HB_ACT_DONE;
    happen("failed", "about.html", 3, 5);
    serve();
    assert_string_equal(rows(), "site.private:about.html:5:2:1 ");
    assert_int_equal(box_number("SELECT count(*) FROM timeline WHERE"
                                " kind = 'path.private'"),
                     1);
}

/* One deed kills it: the others, which were on their way too, are done, and
 * for that one the next best thing. */
static void test_breaks_off_at_one(void **state)
{
    memset(&in, 0, sizeof(in));
    in.kills = HB_ACT_PATH_DENY;
    in.answers = true;
    in.reply.status = HB_ACT_NOT_DONE;
    happen("fight", "index.html", 9, 2);
    happen("failed", "about.html", 3, 5);
    serve();
    assert_string_equal(rows(), "site.private:index.html:2:2:0 "
                                "site.private:about.html:5:2:1 ");
    assert_true(in.queries >= 1);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_failed),
        MADE(test_failed_foreign),
        MADE(test_failed_by_command),
        MADE(test_noise),
        MADE(test_fight),
        MADE(test_came_back),
        MADE(test_by_person),
        MADE(test_breaks_off_at_all),
        MADE(test_breaks_off_after),
        MADE(test_breaks_off_at_one),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("core/reflex", tests, NULL, NULL);
}
