/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages of evidence: in whose name, and how long they stay where the
 * service made them.
 */
#include "box.h"

#include <dirent.h>
#include <poll.h>

#include "base/clock.h"
#include "base/file.h"

#define DAY ((int64_t)(86400 * HB_S))

static int64_t incident, shifted;

static void later(int64_t ns)
{
    hb_clock_shift(ns);
    shifted += ns;
}

static int make(void **state)
{
    struct hb_evidence_item item = {
        .kind = "file", .name = "n", .taken_by = "role:core", .source = "s"};
    char path[600];

    if (box_make(state) < 0 || hb_key_generate(&core.evidence_key) < 0 ||
        hb_key_pub(core.evidence_key, &core.evidence_pub) < 0)
        return -1;
    hb_evidence_close(core.state.evidence);
    (void)snprintf(path, sizeof(path), "%s/evidence", scratch);
    if (hb_evidence_open(path, core.evidence_key, &core.state.evidence, NULL) <
            0 ||
        hb_incident_open(&core.state, 2, "www", "sato", "a call", &incident) <
            0)
        return -1;
    item.incident = incident;
    /* Whoever runs the test. */
    box_person("mori", HB_PR_OFFICER, getuid());
    return hb_evidence_add_bytes(core.state.evidence, &item,
                                 HB_SLICE("HACKED"));
}

static int drop(void **state)
{
    hb_clock_shift(-shifted);
    shifted = 0;
    hb_key_free(core.evidence_key);
    hb_pub_free(core.evidence_pub);
    return box_drop(state);
}

static int ask(const char *cmd, const char *args)
{
    char text[200];
    int fd, n;

    assert_int_equal(hb_sock_connect(ctl_path, SOCK_STREAM, &fd), 0);
    n = snprintf(text, sizeof(text), "{\"v\":1,\"cmd\":\"%s\",\"args\":%s}\n",
                 cmd, args);
    assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
    return fd;
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

/* Turns the loop until all of the answer is there; FD is closed.  The
 * descriptor that came along, or -1. */
static int answer(int fd, char *buf, size_t size)
{
    int passed = -1;
    size_t got = 0;
    ssize_t n = 1;

    for (int i = 0; i < 20000 && n != 0; i++) {
        if (!readable(fd)) {
            turn(1);
            continue;
        }
        n = hb_sock_recv(fd, buf + got, size - 1 - got,
                         passed < 0 ? &passed : NULL, passed < 0 ? 1 : 0, NULL);
        assert_true(n >= 0);
        got += (size_t)n;
    }
    assert_int_equal(n, 0);
    (void)close(fd);
    buf[got] = '\0';
    return passed;
}

static int export(const char *args)
{
    char buf[4096];
    int passed = answer(ask("evidence.export", args), buf, sizeof(buf));

    assert_non_null(strstr(buf, "\"ok\":true"));
    assert_null(core.exporting);
    return passed;
}

/* How many packages there are. */
static int packages(void)
{
    DIR *d = opendir(scratch);
    struct dirent *e;
    int n = 0;

    assert_non_null(d);
    while ((e = readdir(d)) != NULL)
        n += strncmp(e->d_name, "export-", 7) == 0;
    (void)closedir(d);
    return n;
}

static int see(void *arg, const struct hb_evidence_item *i)
{
    if (hb_streq(i->kind, "export") && hb_streq(i->taken_by, "person:mori"))
        ++*(int *)arg;
    return 0;
}

static void test_in_whose_name(void **state)
{
    int n = 0;

    assert_int_equal(export("{\"incident\":1}"), -1);
    later((int64_t)HB_S);
    assert_int_equal(export("{\"whole\":true}"), -1);
    assert_int_equal(hb_evidence_each(core.state.evidence, 0, see, &n), 0);
    assert_int_equal(n, 2);
}

/* Gone once whoever fetched it has closed it, and not before. */
static void test_fetched(void **state)
{
    int one = export("{\"incident\":1,\"fetch\":true}"), two, copy;

    assert_true(one >= 0);
    later((int64_t)HB_S);
    two = export("{\"whole\":true,\"fetch\":true}");
    assert_int_equal(packages(), 2);
    hb_core_exports_clear(&core, HB_CLEAR_FETCHED);
    hb_core_space(&core);
    assert_int_equal(packages(), 2);
    assert_int_equal(faccessat(one, "VERIFY.sh", F_OK, 0), 0);
    /* As sent over a socket: the same open directory. */
    copy = dup(one);
    assert_true(copy >= 0);
    (void)close(one);
    hb_core_exports_clear(&core, HB_CLEAR_FETCHED);
    assert_int_equal(packages(), 2);
    (void)close(copy);
    hb_core_exports_clear(&core, HB_CLEAR_FETCHED);
    assert_int_equal(packages(), 1);
    (void)close(two);
    hb_core_exports_clear(&core, HB_CLEAR_FETCHED);
    assert_int_equal(packages(), 0);
}

/* One that nobody lets go of, and one that root is to take: a day. */
static void test_old(void **state)
{
    int fd = export("{\"incident\":1,\"fetch\":true}");

    later((int64_t)HB_S);
    assert_int_equal(export("{\"incident\":1}"), -1);
    later(DAY - 2 * (int64_t)HB_S);
    hb_core_space(&core);
    assert_int_equal(packages(), 2);
    later(4 * (int64_t)HB_S);
    hb_core_space(&core);
    assert_int_equal(packages(), 0);
    (void)close(fd);
    /* From a clock that was ahead. */
    assert_int_equal(export("{\"incident\":1}"), -1);
    later(-2 * DAY);
    hb_core_space(&core);
    assert_int_equal(packages(), 0);
}

/* What a core that died left: nobody fetches it, or it is none. */
static void test_start(void **state)
{
    char path[600];
    int fd = export("{\"incident\":1,\"fetch\":true}");

    later((int64_t)HB_S);
    assert_int_equal(export("{\"incident\":1}"), -1);
    (void)snprintf(path, sizeof(path), "%s/export-1-%lld/files", scratch,
                   (long long)(hb_now() / (int64_t)HB_MS) + 5);
    assert_int_equal(hb_mkdirs(path, 0700), 0);
    assert_int_equal(packages(), 3);
    core.exports_out = 0;
    hb_core_exports_clear(&core, HB_CLEAR_START);
    assert_int_equal(packages(), 1);
    (void)close(fd);
}

/* So much that it takes many slices. */
static void much(void)
{
    static char bytes[5 << 20];
    struct hb_evidence_item item = {.incident = incident,
                                    .kind = "file",
                                    .name = "n",
                                    .taken_by = "role:core",
                                    .source = "s"};

    for (int i = 0; i < 30; i++) {
        bytes[0] = (char)i;
        assert_int_equal(hb_evidence_add_bytes(core.state.evidence, &item,
                                               hb_slice(bytes, sizeof(bytes))),
                         0);
    }
}

static void test_others_are_answered(void **state)
{
    struct hb_evidence_item item = {.incident = incident,
                                    .kind = "file",
                                    .name = "late",
                                    .taken_by = "role:core",
                                    .source = "s"};
    struct hb_evidence_report report = {0};
    char buf[1 << 16], path[600];
    int fd, two, got;

    much();
    fd = ask("evidence.export", "{\"incident\":1,\"fetch\":true}");
    while (core.exporting == NULL)
        turn(1);
    (void)answer(ask("incident.list", "{}"), buf, sizeof(buf));
    assert_non_null(strstr(buf, "\"ok\":true"));
    assert_false(readable(fd));
    two = ask("evidence.export", "{\"whole\":true}");
    (void)answer(two, buf, sizeof(buf));
    assert_non_null(strstr(buf, "\"ok\":false"));
    assert_non_null(core.exporting);
    /* Neither the hour nor what else is fetched takes it away, and what comes
     * meanwhile is not of it. */
    hb_core_space(&core);
    hb_core_exports_clear(&core, HB_CLEAR_FETCHED);
    assert_int_equal(
        hb_evidence_add_bytes(core.state.evidence, &item, HB_SLICE("late")), 0);
    got = answer(fd, buf, sizeof(buf));
    assert_non_null(strstr(buf, "\"ok\":true"));
    assert_null(core.exporting);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", got);
    assert_int_equal(hb_evidence_verify(path, HB_EVIDENCE_ANY,
                                        core.evidence_pub, hb_slice("", 0),
                                        &report, NULL),
                     0);
    assert_true(report.package && hb_evidence_report_good(&report));
    assert_int_equal(report.items, 32); /* 31 and the export */
    (void)close(got);
    hb_core_exports_clear(&core, HB_CLEAR_FETCHED);
    assert_int_equal(packages(), 0);
}

static int see_failed(void *arg, const struct hb_evidence_item *i)
{
    *(int *)arg += strstr(i->source, "failed and removed") != NULL;
    return 0;
}

/* Who hangs up wants none; nor does a core that stops leave half of one. */
static void test_given_up(void **state)
{
    for (int stop = 0; stop < 2; stop++) {
        int fd, n = 0;

        if (stop == 0)
            much();
        fd = ask("evidence.export",
                 stop ? "{\"incident\":1}" : "{\"incident\":1,\"fetch\":true}");
        while (core.exporting == NULL)
            turn(1);
        assert_int_equal(packages(), 1);
        if (stop)
            hb_core_exporting_stop(&core);
        else
            (void)close(fd);
        for (int i = 0; i < 1000 && core.exporting != NULL; i++)
            turn(1);
        assert_null(core.exporting);
        assert_int_equal(packages(), 0);
        assert_int_equal(
            hb_evidence_each(core.state.evidence, 0, see_failed, &n), 0);
        assert_int_equal(n, stop + 1);
        if (stop)
            (void)close(fd);
    }
}

static int count_one(void *arg, const char *uid, int64_t time,
                     struct hb_slice json)
{
    ++*(int *)arg;
    return 0;
}

/* They take the room of evidence. */
static void test_counted(void **state)
{
    struct hb_events_query q = {.text = "\"space\"", .limit = 100};
    static char bytes[40000];
    struct hb_evidence_item item = {.incident = incident,
                                    .kind = "file",
                                    .name = "n",
                                    .taken_by = "role:core",
                                    .source = "s"};
    int n = 0;

    assert_int_equal(hb_evidence_add_bytes(core.state.evidence, &item,
                                           hb_slice(bytes, sizeof(bytes))),
                     0);
    config.limits.evidence_bytes = 100000;
    hb_core_space(&core);
    assert_int_equal(hb_events_find(core.events, &q, count_one, &n, NULL), 0);
    assert_int_equal(n, 0);
    assert_int_equal(export("{\"incident\":1}"), -1);
    hb_core_space(&core);
    assert_int_equal(hb_events_find(core.events, &q, count_one, &n, NULL), 0);
    assert_int_equal(n, 1);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_in_whose_name), MADE(test_fetched),
        MADE(test_old),           MADE(test_start),
        MADE(test_counted),       MADE(test_others_are_answered),
        MADE(test_given_up),
    };

    return hb_tap_run("core/export", tests);
}
