/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_main.c - the main of core in a process of its own, on sockets that are
 * passed to it: starts, answers, keeps its rules when new ones do not load,
 * goes on after kill -9, ends on SIGTERM.
 */
#include "core/box.h"

#include <signal.h>

static pid_t child;
static char data_dir[400];

static int make(void **state)
{
    const char *source = getenv("HB_SOURCE_ROOT");
    char from[500], to[500], real[HB_MAX_PATH];
    const char *const dirs[] = {"casebook", "rules"};

    if (box_make(state) < 0)
        return -1;
    /* The pieces of this process give way to the real one. */
    hb_core_ctl_free(core.ctl);
    hb_core_bus_free(core.bus);
    hb_core_helper_free(core.helper);
    hb_core_play_close(&core);
    hb_events_close(core.events);
    hb_state_close(&core.state);
    (void)snprintf(data_dir, sizeof(data_dir), "%s/data", scratch);
    if (mkdir(data_dir, 0755) < 0)
        return -1;
    for (size_t i = 0; i < HB_ARRAY_LEN(dirs); i++) {
        (void)snprintf(from, sizeof(from), "%s/%s",
                       source != NULL ? source : ".", dirs[i]);
        (void)snprintf(to, sizeof(to), "%s/%s", data_dir, dirs[i]);
        if (!hb_streq(dirs[i], "rules")) {
            if (realpath(from, real) == NULL || symlink(real, to) < 0)
                return -1;
        } else if (mkdir(to, 0755) < 0) {
            return -1;
        }
    }
    ctx.data_dir = data_dir;
    ctx.run_dir = scratch;
    config.nobody_answers = 0;
    config.limits.event_keep = 86400 * HB_S;
    config.limits.event_bytes = 1u << 30;
    return 0;
}

static int drop(void **state)
{
    hb_groups_free(core.groups);
    hb_rules_free(core.rules);
    hb_casebook_free(core.book);
    hb_loop_free(core.loop);
    return hb_rmtree(AT_FDCWD, scratch);
}

static void rule(const char *text)
{
    char path[500];

    (void)snprintf(path, sizeof(path), "%s/rules/one.yaml", data_dir);
    assert_int_equal(hb_file_write(path, text, strlen(text), 0644), 0);
}

static void start(void)
{
    int ctl, event;

    (void)unlink(ctl_path);
    (void)unlink(event_path);
    assert_int_equal(
        hb_sock_listen(ctl_path, SOCK_STREAM, 0666, (uid_t)-1, (gid_t)-1, &ctl),
        0);
    assert_int_equal(hb_sock_listen(event_path, SOCK_SEQPACKET, 0660, (uid_t)-1,
                                    (gid_t)-1, &event),
                     0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char pid[32];
        int a = fcntl(ctl, F_DUPFD, 50), b = fcntl(event, F_DUPFD, 50);

        (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
        (void)setenv("LISTEN_PID", pid, 1);
        (void)setenv("LISTEN_FDS", "2", 1);
        (void)setenv("LISTEN_FDNAMES", "ctl:event", 1);
        if (a < 0 || b < 0 || dup2(a, 3) < 0 || dup2(b, 4) < 0)
            _exit(99);
        _exit(hb_core_main(&ctx));
    }
    (void)close(ctl);
    (void)close(event);
}

/* Whether the answer to an event.list of TEXT has WORD, within 20 s. */
static bool events_have(const char *word)
{
    uint64_t until = hb_mono() + 20 * HB_S;
    static char buf[1u << 18];

    while (hb_mono() < until) {
        static const char ask[] =
            "{\"v\":1,\"cmd\":\"event.list\",\"args\":{\"limit\":100}}\n";
        size_t got = 0;
        ssize_t n;
        int fd;

        assert_int_equal(hb_sock_connect(ctl_path, SOCK_STREAM, &fd), 0);
        assert_true(send(fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL) > 0);
        while (got < sizeof(buf) - 1 &&
               (n = read(fd, buf + got, sizeof(buf) - 1 - got)) > 0)
            got += (size_t)n;
        (void)close(fd);
        buf[got] = '\0';
        if (strstr(buf, word) != NULL)
            return true;
        (void)usleep(50000);
    }
    print_message("# no %s in %.2000s\n", word, buf);
    return false;
}

static void stop(int sig)
{
    int status;

    assert_int_equal(kill(child, sig), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (sig == SIGTERM) {
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

static void test_life(void **state)
{
    if (getuid() != 0)
        skip();
    start();
    assert_true(events_have("ready"));
    rule("this: is: no rule\n");
    assert_int_equal(kill(child, SIGHUP), 0);
    assert_true(events_have("reload-refused"));
    /* It goes on as before; and takes rules that are good. */
    rule("");
    {
        char path[500];

        (void)snprintf(path, sizeof(path), "%s/rules/one.yaml", data_dir);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(kill(child, SIGHUP), 0);
    assert_true(events_have("reloaded"));
    stop(SIGKILL);
    start();
    assert_true(events_have("reloaded"));
    stop(SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life, make, drop),
    };

    return hb_tap_run("core/main", tests);
}
