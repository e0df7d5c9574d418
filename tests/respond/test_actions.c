/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_actions.c - the other actions: evidence handed out and dropped, undo,
 * taking a site private (with a real nginx where there is one), freezing a
 * writer, denying a path, and the same key asked again.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../tap.h"

#include "base/file.h"
#include "base/run.h"
#include "harness.h"
#include "respond/freeze.h"
#include "respond/private.h"

static struct world *begin(void)
{
    struct world *w = world_new();

    world_all_reflexes(w);
    world_start(w, 0);
    return w;
}

static void read_fd(int fd, char *buf, size_t size)
{
    ssize_t n = hb_pread_full(fd, buf, size - 1, 0);

    assert_true(n >= 0);
    buf[n] = '\0';
}

static void test_staged(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    struct hb_request r, open_req, drop;
    struct hb_reply rep;
    char text[64], path[600];
    int fd = -1;

    put(w, "index.html", "0wned");
    req_path(w, &r, HB_ACT_FILE_RESTORE, "index.html");
    assert_int_equal(ask(w, &r, -1, true).status, HB_ACT_DONE);
    req_init(w, &open_req, HB_ACT_STAGED_OPEN);
    open_req.site = 0;
    memcpy(open_req.key2, r.key, sizeof(r.key));
    assert_int_equal(hb_action_call(w->core, &open_req, -1, &rep, &fd, 5000),
                     0);
    assert_int_equal(rep.status, HB_ACT_DONE);
    assert_true(fd >= 0);
    read_fd(fd, text, sizeof(text));
    assert_string_equal(text, "0wned");
    /* For reading only. */
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    (void)close(fd);
    req_init(w, &drop, HB_ACT_STAGED_DROP);
    memcpy(drop.key2, r.key, sizeof(r.key));
    assert_int_equal(ask(w, &drop, -1, false).status, HB_ACT_DONE);
    assert_int_equal(staged_count(w), 0);
    drop.key[0] ^= 1;
    assert_int_equal(ask(w, &drop, -1, false).status, HB_ACT_ALREADY);
    /* The answer to the first key does not change, but nothing is staged. */
    rep = ask(w, &r, -1, true);
    assert_int_equal(rep.status, HB_ACT_ALREADY);
    assert_int_equal(rep.staged, 0);
    /* A tree: its files one by one. */
    put(w, "evil/a/one", "1");
    put(w, "evil/two", "2");
    at(w, "evil/pipe", path);
    assert_int_equal(mkfifo(path, 0666), 0);
    at(w, "evil", path);
    fd = open(path, O_PATH | O_CLOEXEC);
    req_init(w, &r, HB_ACT_FILE_REMOVE);
    assert_int_equal(ask(w, &r, fd, true).status, HB_ACT_DONE);
    (void)close(fd);
    memcpy(open_req.key2, r.key, sizeof(r.key));
    for (unsigned i = 1, sum = 0; i <= 3; i++) {
        open_req.seq = ++w->seq;
        open_req.entry = i;
        fd = -1;
        assert_int_equal(
            hb_action_call(w->core, &open_req, -1, &rep, &fd, 5000), 0);
        if (i == 3) {
            assert_int_equal(rep.status, HB_ACT_FAILED);
            assert_int_equal(rep.error, -ENOENT);
            assert_int_equal(sum, '1' + '2');
            break;
        }
        read_fd(fd, text, sizeof(text));
        sum += (unsigned char)text[0];
        (void)close(fd);
    }
    world_free(w);
}

static void test_undo(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    struct hb_request r, undo;
    char *text, path[600];
    int fd;

    put(w, "index.html", "my own work");
    req_path(w, &r, HB_ACT_FILE_RESTORE, "index.html");
    assert_int_equal(ask(w, &r, -1, true).status, HB_ACT_DONE);
    /* A reflex never covers an undo. */
    req_init(w, &undo, HB_ACT_UNDO);
    memcpy(undo.key2, r.key, sizeof(r.key));
    assert_int_equal(ask(w, &undo, -1, false).status, HB_ACT_ASK);
    req_approve(w, &undo, "");
    assert_int_equal(ask(w, &undo, -1, false).status, HB_ACT_DONE);
    text = get(w, "index.html");
    assert_string_equal(text, "my own work");
    free(text);
    assert_int_equal(staged_count(w), 0);
    req_init(w, &undo, HB_ACT_UNDO);
    memcpy(undo.key2, r.key, sizeof(r.key));
    req_approve(w, &undo, "");
    assert_int_equal(ask(w, &undo, -1, false).status, HB_ACT_ALREADY);
    /* Of a removal. */
    put(w, "kept.txt", "kept");
    at(w, "kept.txt", path);
    fd = open(path, O_PATH | O_CLOEXEC);
    req_init(w, &r, HB_ACT_FILE_REMOVE);
    assert_int_equal(ask(w, &r, fd, true).status, HB_ACT_DONE);
    (void)close(fd);
    req_init(w, &undo, HB_ACT_UNDO);
    memcpy(undo.key2, r.key, sizeof(r.key));
    req_approve(w, &undo, "");
    assert_int_equal(ask(w, &undo, -1, false).status, HB_ACT_DONE);
    text = get(w, "kept.txt");
    assert_string_equal(text, "kept");
    free(text);
    /* Of something unknown. */
    req_init(w, &undo, HB_ACT_UNDO);
    memset(undo.key2, 9, sizeof(undo.key2));
    req_approve(w, &undo, "");
    assert_int_equal(ask(w, &undo, -1, false).status, HB_ACT_REFUSED);
    world_free(w);
}

static void test_query(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    struct hb_request r, q;
    struct hb_reply first, rep;

    put(w, "index.html", "0wned");
    req_path(w, &r, HB_ACT_FILE_RESTORE, "index.html");
    q = r;
    q.action = HB_ACT_QUERY;
    assert_int_equal(ask(w, &q, -1, true).status, HB_ACT_NOT_DONE);
    first = ask(w, &r, -1, true);
    for (int i = 0; i < 2; i++) {
        q.seq = ++w->seq;
        rep = ask(w, &q, -1, true);
        assert_int_equal(rep.status, HB_ACT_DONE);
        assert_int_equal(rep.staged, 1);
        assert_int_equal(rep.started, first.started);
        r.seq = ++w->seq;
        rep = ask(w, &r, -1, true);
        assert_int_equal(rep.status, HB_ACT_ALREADY);
        assert_int_equal(rep.finished, first.finished);
        if (i == 0) {
            assert_int_equal(world_stop(w), 0);
            world_start(w, 0);
        }
    }
    /* The same key for something else. */
    r.entry++;
    r.seq = ++w->seq;
    rep = ask(w, &r, -1, true);
    assert_int_equal(rep.status, HB_ACT_REFUSED);
    assert_int_equal(rep.error, -EEXIST);
    world_free(w);
}

/* The status of GET / and its Retry-After. */
static int http_get(unsigned port, const char *uri, char *answer, size_t size)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[300];
    size_t n = 0;
    int fd = -1;

    for (int i = 0; i < 100; i++) {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
            break;
        (void)close(fd);
        fd = -1;
        (void)usleep(20000);
    }
    assert_true(fd >= 0);
    (void)snprintf(request, sizeof(request),
                   "GET %s HTTP/1.0\r\nHost: localhost\r\n"
                   "X-Real-IP: 192.0.2.7\r\n\r\n",
                   uri);
    assert_true(write(fd, request, strlen(request)) > 0);
    while (n < size - 1) {
        ssize_t got = read(fd, answer + n, size - 1 - n);

        if (got <= 0)
            break;
        n += (size_t)got;
    }
    answer[n] = '\0';
    (void)close(fd);
    return n > 12 ? (int)strtol(answer + 9, NULL, 10) : -1;
}

/* LOAD: a directive before all others, HTTP: of the block http. */
static pid_t start_nginx(struct world *w, unsigned port, const char *load,
                         const char *http)
{
    char conf[4096], path[600];
    pid_t pid;

    (void)snprintf(conf, sizeof(conf),
                   "%sdaemon off;\nmaster_process off;\n"
                   "pid %s/nginx.pid;\nerror_log %s/error.log;\n"
                   "events { worker_connections 64; }\n"
                   "http { access_log off;\n%s"
                   "client_body_temp_path %s/t1; proxy_temp_path %s/t2;\n"
                   "fastcgi_temp_path %s/t3; uwsgi_temp_path %s/t4;\n"
                   "scgi_temp_path %s/t5;\n"
                   "server { listen 127.0.0.1:%u; root %s;\n"
                   "include %s/www.conf; } }\n",
                   load, w->dir, w->dir, http, w->dir, w->dir, w->dir, w->dir,
                   w->dir, port, w->www, w->private);
    (void)snprintf(path, sizeof(path), "%s/nginx.conf", w->dir);
    assert_int_equal(hb_file_write(path, conf, strlen(conf), 0644), 0);
    pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)execl("/usr/sbin/nginx", "nginx", "-c", path, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static unsigned free_port(void)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sa);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    (void)close(fd);
    return ntohs(sa.sin_port);
}

static void test_private(void **state)
{
    NEEDS_ROOT();
    static const char *const below[] = {
        "/a/b/other.html",   "/a/b/",         "/a/%62/other.html",
        "//a//b/other.html", "/a/./b/x/y/z",  "/a/x/../b/other.html",
        "/a/b/no-such-file", "/a/b/.private",
    };
    struct world *w = begin();
    struct hb_request r;
    static char answer[65536];
    struct hb_err err = {0};
    unsigned port;
    pid_t nginx;

    if (access("/usr/sbin/nginx", X_OK) < 0) {
        print_message("skipped: no nginx\n");
        world_free(w);
        skip();
    }
    assert_int_equal(hb_private_install(&w->site, w->private, NULL, &err), 0);
    port = free_port();
    nginx = start_nginx(w, port, "", "");
    assert_int_equal(http_get(port, "/index.html", answer, sizeof(answer)),
                     200);
    req_init(w, &r, HB_ACT_SITE_PRIVATE);
    r.arg = 200;
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_int_equal(http_get(port, "/index.html", answer, sizeof(answer)),
                     503);
    assert_non_null(strstr(answer, "Retry-After: 300\r\n"));
    assert_non_null(strstr(answer, "Temporarily unavailable"));
    assert_non_null(strstr(answer, "ただいま閲覧できません"));
    req_init(w, &r, HB_ACT_SITE_PRIVATE);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_ALREADY);
    req_init(w, &r, HB_ACT_SITE_PUBLIC);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_int_equal(http_get(port, "/", answer, sizeof(answer)), 200);
    req_init(w, &r, HB_ACT_SITE_PUBLIC);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_ALREADY);
    /* One path, also by its directory's index. */
    req_path(w, &r, HB_ACT_SITE_PRIVATE, "index.html");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_int_equal(http_get(port, "/index.html", answer, sizeof(answer)),
                     503);
    assert_int_equal(http_get(port, "/", answer, sizeof(answer)), 503);
    assert_int_equal(http_get(port, "/a/b/other.html", answer, sizeof(answer)),
                     200);
    assert_int_equal(http_get(port, "/a/../index.html", answer, sizeof(answer)),
                     503);
    req_path(w, &r, HB_ACT_SITE_PRIVATE, "a/b/other.html");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_int_equal(http_get(port, "/a/b/other.html", answer, sizeof(answer)),
                     503);
    req_path(w, &r, HB_ACT_SITE_PUBLIC, "index.html");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_int_equal(http_get(port, "/", answer, sizeof(answer)), 200);
    /* All public again. */
    req_init(w, &r, HB_ACT_SITE_PUBLIC);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_int_equal(http_get(port, "/a/b/other.html", answer, sizeof(answer)),
                     200);
    /* A directory: all below it, however it is written; not its neighbour. */
    req_path(w, &r, HB_ACT_SITE_PRIVATE, "a/b");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    for (size_t i = 0; i < HB_ARRAY_LEN(below); i++)
        assert_int_equal(http_get(port, below[i], answer, sizeof(answer)), 503);
    assert_int_equal(http_get(port, "/", answer, sizeof(answer)), 200);
    assert_int_equal(http_get(port, "/a/../index.html", answer, sizeof(answer)),
                     200);
    assert_int_equal(http_get(port, "/a/bc", answer, sizeof(answer)), 404);
    req_path(w, &r, HB_ACT_SITE_PRIVATE, "a/b");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_ALREADY);
    req_path(w, &r, HB_ACT_SITE_PUBLIC, "a/b");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_int_equal(http_get(port, "/a/b/other.html", answer, sizeof(answer)),
                     200);
    req_path(w, &r, HB_ACT_SITE_PRIVATE, "a/b");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    req_init(w, &r, HB_ACT_SITE_PUBLIC);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_int_equal(http_get(port, "/a/b/other.html", answer, sizeof(answer)),
                     200);
    (void)kill(nginx, SIGKILL);
    (void)waitpid(nginx, NULL, 0);
    world_free(w);
}

/* An nginx that refuses gets back what it had. */
static void test_private_install(void **state)
{
    struct hb_conf_site site = {.name = "www"};
    char dir[] = "/tmp/hb-private-XXXXXX", path[100], nginx[100];
    struct hb_arena *a = hb_arena_new(0);
    struct hb_err err = {0};
    struct hb_slice s;

    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/www.conf", dir);
    (void)snprintf(nginx, sizeof(nginx), "%s/nginx", dir);
    assert_int_equal(
        hb_file_write(nginx, "#!/bin/sh\necho no >&2\nexit 1\n", 29, 0755), 0);
    assert_int_equal(hb_file_write(path, "# old\n", 6, 0644), 0);
    assert_true(hb_private_install(&site, dir, nginx, &err) < 0);
    assert_non_null(strstr(err.message, "no"));
    assert_int_equal(hb_file_read(a, path, 65536, &s), 0);
    assert_true(hb_slice_eq(s, HB_SLICE("# old\n")));
    assert_int_equal(hb_file_write(nginx, "#!/bin/sh\nexit 0\n", 17, 0755), 0);
    assert_int_equal(hb_private_install(&site, dir, nginx, NULL), 0);
    assert_int_equal(hb_file_read(a, path, 65536, &s), 0);
    assert_non_null(strstr(s.p, "return 503"));
    assert_true(hb_private_install(&site, "/x; rm", NULL, NULL) < 0);
    hb_arena_free(a);
    assert_int_equal(hb_rmtree(AT_FDCWD, dir), 0);
}

/* Nothing is closed by a flag that no module was seen to watch. */
static void test_private_gate(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    char path[600], nginx[600], text[1400];
    struct hb_arena *a = hb_arena_new(0);
    struct hb_err err = {0};
    struct hb_request r;
    struct hb_slice s;

    /* The helper is a process of its own: it reads this at its start. */
    assert_int_equal(world_stop(w), 0);
    w->site.private_driver = HB_PRIVATE_GATE;
    world_start(w, 0);
    req_init(w, &r, HB_ACT_SITE_PRIVATE);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_FAILED);
    (void)snprintf(path, sizeof(path), "%s/www.flag", w->private);
    assert_int_equal(access(path, F_OK), -1);

    /* An nginx that does not include it, or only in a comment. */
    (void)snprintf(nginx, sizeof(nginx), "%s/nginx", w->dir);
    (void)snprintf(text, sizeof(text),
                   "#!/bin/sh\necho 'server {'\n"
                   "echo '# hinoban_waf_private %s/www.flag;'\n"
                   "echo '  hinoban_waf_private %s/other.flag;'\n",
                   w->private, w->private);
    assert_int_equal(hb_file_write(nginx, text, strlen(text), 0755), 0);
    assert_int_equal(hb_private_install(&w->site, w->private, nginx, &err),
                     -ENOLINK);
    assert_non_null(strstr(err.message, "include "));
    req_init(w, &r, HB_ACT_SITE_PRIVATE);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_FAILED);

    /* One that does. */
    (void)snprintf(text, sizeof(text),
                   "#!/bin/sh\n[ \"$1\" = -T ] && cat %s/www.conf\n",
                   w->private);
    assert_int_equal(hb_file_write(nginx, text, strlen(text), 0755), 0);
    assert_int_equal(hb_private_install(&w->site, w->private, nginx, &err), 0);
    req_init(w, &r, HB_ACT_SITE_PRIVATE);
    r.arg = 200;
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_int_equal(hb_file_read(a, path, 64, &s), 0);
    assert_true(hb_slice_eq(s, HB_SLICE("300\n")));
    req_init(w, &r, HB_ACT_SITE_PRIVATE);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_ALREADY);
    req_init(w, &r, HB_ACT_SITE_PUBLIC);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_int_equal(access(path, F_OK), -1);
    req_path(w, &r, HB_ACT_SITE_PRIVATE, "index.html");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_FAILED);

    /* One that refuses takes it away again; what is closed can be opened. */
    req_init(w, &r, HB_ACT_SITE_PRIVATE);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_int_equal(
        hb_file_write(nginx, "#!/bin/sh\necho no >&2\nexit 1\n", 29, 0755), 0);
    assert_int_equal(hb_private_install(&w->site, w->private, nginx, &err),
                     -EINVAL);
    req_init(w, &r, HB_ACT_SITE_PUBLIC);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    req_init(w, &r, HB_ACT_SITE_PRIVATE);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_FAILED);
    hb_arena_free(a);
    world_free(w);
}

/* Within the second in which the module looks, and what slow machines add. */
static bool becomes(unsigned port, int status, char *answer, size_t size)
{
    for (int i = 0; i < 200; i++) {
        if (http_get(port, "/", answer, size) == status)
            return true;
        (void)usleep(50000);
    }
    return false;
}

/* With the real module, where nginx and it are there. */
static void test_private_module(void **state)
{
    NEEDS_ROOT();
    const char *build = getenv("HB_BUILD_ROOT");
    char load[800], nginx[600], text[700];
    static char answer[65536];
    struct hb_err err = {0};
    struct hb_request r;
    struct world *w;
    unsigned port;
    pid_t pid;

    (void)snprintf(text, sizeof(text),
                   "%s/src/guard/nginx/ngx_http_hinoban_module.so",
                   build != NULL ? build : ".");
    if (access("/usr/sbin/nginx", X_OK) < 0 || access(text, R_OK) < 0) {
        print_message("skipped: no nginx, or no module for it\n");
        skip();
    }
    (void)snprintf(load, sizeof(load), "load_module %s;\n", text);
    w = begin();
    assert_int_equal(world_stop(w), 0);
    w->site.private_driver = HB_PRIVATE_GATE;
    world_start(w, 0);
    assert_int_equal(hb_private_install(&w->site, w->private, NULL, &err), 0);
    port = free_port();
    /* This machine itself is never shut out. */
    pid = start_nginx(w, port, load, "set_real_ip_from 127.0.0.1;\n");
    assert_true(becomes(port, 200, answer, sizeof(answer)));
    (void)snprintf(nginx, sizeof(nginx), "%s/nginx", w->dir);
    (void)snprintf(text, sizeof(text),
                   "#!/bin/sh\nexec /usr/sbin/nginx -c %s/nginx.conf \"$@\"\n",
                   w->dir);
    assert_int_equal(hb_file_write(nginx, text, strlen(text), 0755), 0);
    if (hb_private_install(&w->site, w->private, nginx, &err) != 0)
        fail_msg("%s", err.message);
    req_init(w, &r, HB_ACT_SITE_PRIVATE);
    r.arg = 200;
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_true(becomes(port, 503, answer, sizeof(answer)));
    assert_non_null(strstr(answer, "Retry-After: 300\r\n"));
    assert_non_null(strstr(answer, "ただいま閲覧できません"));
    req_init(w, &r, HB_ACT_SITE_PUBLIC);
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    assert_true(becomes(port, 200, answer, sizeof(answer)));
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    world_free(w);
}

static pid_t sleeper(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            (void)usleep(1000);
    }
    return pid;
}

static char state_of(pid_t pid)
{
    char path[64], text[512] = {0}, *at;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY);
    (void)!read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    at = strrchr(text, ')');
    return at != NULL ? at[2] : '?';
}

static void test_freeze(void **state)
{
    NEEDS_ROOT();
    bool own = world_own_mounts();
    struct world *w = begin();
    struct hb_request r, thaw;
    char object[300], group[200], file[300], number[32];
    bool v1;
    pid_t pid = sleeper();
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    assert_true(fd >= 0);
    assert_int_equal(hb_freeze_object(fd, 0, object, sizeof(object)), 0);
    assert_int_equal(hb_freeze_object(0, 0, object, sizeof(object)), -EBADF);
    /* A group of its own, where we may make one. */
    (void)snprintf(group, sizeof(group), "/sys/fs/cgroup/freezer/hb-test-%d",
                   (int)pid);
    v1 = mkdir(group, 0755) == 0;
    if (!v1) {
        (void)snprintf(group, sizeof(group), "/sys/fs/cgroup/hb-test-%d",
                       (int)pid);
        if (mkdir(group, 0755) < 0)
            group[0] = '\0';
    }
    if (group[0] != '\0') {
        (void)snprintf(file, sizeof(file), "%s/cgroup.procs", group);
        (void)snprintf(number, sizeof(number), "%d", (int)pid);
        int procs = open(file, O_WRONLY);

        assert_int_equal(write(procs, number, strlen(number)), strlen(number));
        (void)close(procs);
        assert_int_equal(hb_freeze_object(fd, 0, object, sizeof(object)), 0);
        assert_int_equal(strncmp(object, v1 ? "v1:/" : "v2:/", 4), 0);
        /* In the unit what may be written is a mount of its own. */
        if (own)
            assert_int_equal(mount(group, group, NULL, MS_BIND, NULL), 0);
    } else {
        print_message("# no control group may be made here\n");
    }
    req_init(w, &r, HB_ACT_WRITER_FREEZE);
    assert_int_equal(ask(w, &r, fd, false).status, HB_ACT_DONE);
    if (v1) {
        char text[32];
        int s;

        (void)snprintf(file, sizeof(file), "%s/freezer.state", group);
        s = open(file, O_RDONLY);
        read_fd(s, text, sizeof(text));
        (void)close(s);
        assert_int_equal(strncmp(text, "FR", 2), 0);
    }
    req_init(w, &thaw, HB_ACT_WRITER_THAW);
    memcpy(thaw.key2, r.key, sizeof(r.key));
    assert_int_equal(ask(w, &thaw, -1, false).status, HB_ACT_DONE);
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    if (group[0] != '\0') {
        (void)umount2(group, MNT_DETACH);
        assert_int_equal(rmdir(group), 0);
    }
    /* It has ended: nothing to freeze. */
    req_init(w, &r, HB_ACT_WRITER_FREEZE);
    assert_int_equal(ask(w, &r, fd, false).status, HB_ACT_ALREADY);
    (void)close(fd);
    /* Not the first process, not the helper's own kin, no plain file. */
    fd = (int)syscall(SYS_pidfd_open, 1, 0);
    req_init(w, &r, HB_ACT_WRITER_FREEZE);
    assert_int_equal(ask(w, &r, fd, false).status, HB_ACT_REFUSED);
    (void)close(fd);
    fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    req_init(w, &r, HB_ACT_WRITER_FREEZE);
    assert_int_equal(ask(w, &r, fd, false).status, HB_ACT_REFUSED);
    (void)close(fd);
    fd = open("/dev/null", O_RDONLY);
    req_init(w, &r, HB_ACT_WRITER_FREEZE);
    assert_int_equal(ask(w, &r, fd, false).status, HB_ACT_REFUSED);
    (void)close(fd);
    assert_true(state_of(getpid()) != 'T');
    world_free(w);
}

/* Without freeze_writer no reflex freezes. */
static void test_freeze_not_allowed(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    struct hb_request r;
    pid_t pid = sleeper();
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    w->site.freeze_writer = false;
    world_all_reflexes(w);
    world_start(w, 0);
    req_init(w, &r, HB_ACT_WRITER_FREEZE);
    assert_int_equal(ask(w, &r, fd, false).status, HB_ACT_ASK);
    assert_true(state_of(pid) != 'T');
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    (void)close(fd);
    world_free(w);
}

static void test_deny(void **state)
{
    NEEDS_ROOT();
    struct world *w = begin();
    struct hb_request r;
    struct hb_reply rep;
    char path[600];

    at(w, "index.html", path);
    req_path(w, &r, HB_ACT_PATH_DENY, "index.html");
    rep = ask(w, &r, -1, false);
    if (rep.status == HB_ACT_FAILED && rep.error == -EOPNOTSUPP) {
        print_message("skipped: no immutable flag on this file system\n");
        world_free(w);
        skip();
    }
    assert_int_equal(rep.status, HB_ACT_DONE);
    assert_int_equal(open(path, O_WRONLY), -1);
    assert_int_equal(unlink(path), -1);
    req_path(w, &r, HB_ACT_PATH_DENY, "index.html");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_ALREADY);
    req_path(w, &r, HB_ACT_PATH_ALLOW, "index.html");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_DONE);
    put(w, "index.html", "0wned");
    /* What is not as it should be is not held fast. */
    req_path(w, &r, HB_ACT_PATH_DENY, "index.html");
    rep = ask(w, &r, -1, false);
    assert_int_equal(rep.status, HB_ACT_FAILED);
    assert_int_equal(rep.error, -EAGAIN);
    req_path(w, &r, HB_ACT_PATH_DENY, "link");
    assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_FAILED);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_staged),
        cmocka_unit_test(test_undo),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_private),
        cmocka_unit_test(test_private_install),
        cmocka_unit_test(test_private_gate),
        cmocka_unit_test(test_private_module),
        cmocka_unit_test(test_freeze),
        cmocka_unit_test(test_freeze_not_allowed),
        cmocka_unit_test(test_deny)};

    return hb_tap_run("respond/actions", tests);
}
