/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a real helper has locked or stopped is let go when the program is
 * taken off the machine, and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"

#include "base/proc.h"
#include "harness.h"
#include "respond/release.h"

static char told[1024];

static void note(void *arg, bool locked, const char *object, int error)
{
    struct world *w = arg;
    size_t n = strlen(told);

    if (strncmp(object, w->www, strlen(w->www)) == 0)
        object += strlen(w->www);
    (void)snprintf(told + n, sizeof(told) - n, "%s %s %d;",
                   locked ? "locked" : "stopped", object, error);
}

static int release(struct world *w)
{
    struct hb_err err = {0};

    told[0] = '\0';
    return hb_release(w->helper, &w->config, note, w, &err);
}

static bool writable(struct world *w, const char *name)
{
    char path[600];
    int fd;

    at(w, name, path);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

static struct world *begin(void)
{
    struct world *w = world_new();

    world_all_reflexes(w);
    world_start(w, 0);
    world_connect(w);
    return w;
}

static void test_locks(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    struct hb_request r;
    struct hb_reply rep;
    char path[600];

    req_path(w, &r, HB_ACT_PATH_DENY, "index.html");
    rep = ask(w, &r, -1, false);
    if (rep.status == HB_ACT_FAILED && rep.error == -EOPNOTSUPP) {
        print_message("skipped: no immutable flag on this file system\n");
        world_free(w);
        skip();
    }
    assert_int_equal(rep.status, HB_ACT_DONE);
    /* Locked and allowed again, then by the administrator. */
    req_path(w, &r, HB_ACT_PATH_DENY, "css/site.css");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    req_path(w, &r, HB_ACT_PATH_ALLOW, "css/site.css");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    at(w, "css/site.css", path);
    assert_int_equal(set_flags(path, FS_IMMUTABLE_FL, 0), 0);
    req_path(w, &r, HB_ACT_PATH_DENY, "css/site.css");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_ALREADY);
    assert_int_equal(release(w), -EBUSY);
    assert_false(writable(w, "index.html"));
    assert_int_equal(world_stop(w), 0);
    assert_int_equal(release(w), 0);
    assert_string_equal(told, "locked /index.html 0;");
    assert_true(writable(w, "index.html"));
    assert_false(writable(w, "css/site.css"));
    /* Once, also after it is read again. */
    assert_int_equal(release(w), 0);
    assert_string_equal(told, "");
    assert_int_equal(set_flags(path, 0, FS_IMMUTABLE_FL), 0);
    world_free(w);
}

static char state_of(pid_t pid)
{
    char path[64], text[512] = {0}, *end;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    (void)!read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    end = strrchr(text, ')');
    return end != NULL ? end[2] : '?';
}

static pid_t waiting(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        for (;;)
            (void)pause();
    }
    assert_true(pid > 0);
    return pid;
}

static void test_stopped(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    struct hb_request r;
    pid_t pid = waiting(), gone = waiting();
    int fd;

    fd = (int)syscall(SYS_pidfd_open, pid, 0);
    req_init(w, &r, HB_ACT_WRITER_FREEZE);
    assert_int_equal(ask(w, &r, fd, false).status, HB_ACT_DONE);
    (void)close(fd);
    fd = (int)syscall(SYS_pidfd_open, gone, 0);
    req_init(w, &r, HB_ACT_WRITER_FREEZE);
    assert_int_equal(ask(w, &r, fd, false).status, HB_ACT_DONE);
    (void)close(fd);
    (void)kill(gone, SIGKILL);
    assert_int_equal(waitpid(gone, NULL, 0), gone);
    assert_int_equal(world_stop(w), 0);
    assert_int_equal(state_of(pid), 'T');
    assert_int_equal(release(w), 0);
    assert_int_equal(strncmp(told, "stopped pid:", 12), 0);
    assert_null(strchr(strchr(told, ';') + 1, ';')); /* of the one that lives */
    assert_int_not_equal(state_of(pid), 'T');
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    world_free(w);
}

static void test_nothing_there(void **state)
{
    const struct hb_config config = {0};
    struct hb_err err = {0};

    (void)state;
    assert_int_equal(hb_release("/nonexistent", &config, note, NULL, &err), 0);
    assert_int_equal(hb_release("/proc/self/fd", &config, note, NULL, &err), 0);
    assert_true(hb_release("/etc/passwd", &config, note, NULL, &err) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_locks),
                                       cmocka_unit_test(test_stopped),
                                       cmocka_unit_test(test_nothing_there)};

    return hb_tap_run("respond/release", tests);
}
