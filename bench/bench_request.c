/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_request.c - processor time that the guard adds to a web request, in
 * JSON lines.
 *
 *     bench-request ROOT WORKDIR [RUNS]
 *
 * A real nginx serves ROOT with an access log on the same file system, as
 * most servers have it, and is asked for files of about 20 KB over one
 * connection.  Counted is the time that nginx and the roles spend on a
 * processor (schedstat), with the roles at work and, before and after that,
 * without them; the figure is the median of what they add.  Root only: a file
 * system is marked.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"
#include "../tests/sense/files/guard.h"
#include "sense/files/walk.h"

#define REQUESTS 40000u
#define FILES    64u
#define MAX_RUNS 101u

static struct guard *g;
static char *files[FILES];
static size_t n_files;

static void die(const char *what)
{
    (void)fprintf(stderr, "bench-request: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static int pick(void *arg, int dirfd, const char *name, const char *path,
                size_t n, unsigned char type)
{
    struct stat st;

    (void)arg;
    (void)n;
    (void)type;
    if (n_files == FILES)
        return -ECANCELED;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(st.st_mode) && st.st_size > 15000 && st.st_size < 25000)
        files[n_files++] = strdup(path);
    return 0;
}

/* A port that is free now; nginx takes it in a moment. */
static unsigned free_port(void)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    socklen_t n = sizeof(sa);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s < 0 || bind(s, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
        getsockname(s, (struct sockaddr *)&sa, &n) < 0)
        die("port");
    (void)close(s);
    return ntohs(sa.sin_port);
}

static pid_t nginx_start(const char *work, const char *root, unsigned port)
{
    char conf[400], text[2048];
    int n = snprintf(text, sizeof(text),
                     "daemon off;\nmaster_process off;\npid %s/nginx.pid;\n"
                     "error_log %s/error.log;\nevents {}\nhttp {\n"
                     "access_log %s/access.log;\nkeepalive_requests 1000000;\n"
                     "sendfile on;\ntcp_nopush on;\n"
                     "server {\nlisten 127.0.0.1:%u;\nroot %s;\n}\n}\n",
                     work, work, work, port, root);
    pid_t pid;

    (void)snprintf(conf, sizeof(conf), "%s/nginx.conf", work);
    if (n < 0 || (size_t)n >= sizeof(text) ||
        hb_file_write(conf, text, (size_t)n, 0644) < 0)
        die(conf);
    pid = fork();
    if (pid == 0) {
        (void)execlp("nginx", "nginx", "-c", conf, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static int nginx_connect(unsigned port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port)};

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (unsigned i = 0; i < 200; i++) {
        int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (connect(s, (struct sockaddr *)&sa, sizeof(sa)) == 0)
            return s;
        (void)close(s);
        rig_sleep_ms(20);
    }
    die("nginx does not answer");
    return -1;
}

/* One request, its whole answer. */
static void get(int s, const char *path)
{
    static char buf[64 << 10];
    char req[HB_MAX_PATH + 64], *end = NULL, *len;
    size_t have = 0, want = SIZE_MAX;
    int n =
        snprintf(req, sizeof(req), "GET /%s HTTP/1.1\r\nHost: b\r\n\r\n", path);

    if (hb_write_all(s, req, (size_t)n) < 0)
        die("request");
    while (have < want) {
        ssize_t r = read(s, buf + have, sizeof(buf) - 1 - have);

        if (r <= 0)
            die("answer");
        have += (size_t)r;
        buf[have] = '\0';
        if (end != NULL || (end = strstr(buf, "\r\n\r\n")) == NULL)
            continue;
        len = strstr(buf, "Content-Length: ");
        if (strncmp(buf, "HTTP/1.1 200", 12) != 0 || len == NULL)
            die(path);
        want = (size_t)(end - buf) + 4 + strtoul(len + 16, NULL, 10);
    }
}

/* Nanoseconds that the threads of PID have spent on a processor. */
static double cpu_ns(pid_t pid)
{
    char dir[64], path[400], text[128];
    struct dirent *d;
    double sum = 0;
    DIR *list;

    (void)snprintf(dir, sizeof(dir), "/proc/%d/task", (int)pid);
    list = opendir(dir);
    while (list != NULL && (d = readdir(list)) != NULL) {
        ssize_t n = -1;
        int fd;

        if (d->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s/schedstat", dir, d->d_name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            n = read(fd, text, sizeof(text) - 1);
        hb_close(&fd);
        text[HB_MAX(n, 0)] = '\0';
        sum += strtod(text, NULL);
    }
    if (list != NULL)
        (void)closedir(list);
    return sum;
}

/* Microseconds of processor time a request. */
static double load(int s, pid_t nginx, bool guarded)
{
    const pid_t roles[] = {g->watch, g->compare, g->helper};
    double from = cpu_ns(nginx), to;

    for (size_t i = 0; guarded && i < HB_ARRAY_LEN(roles); i++)
        from += cpu_ns(roles[i]);
    for (unsigned i = 0; i < REQUESTS; i++)
        get(s, files[i % n_files]);
    to = cpu_ns(nginx);
    for (size_t i = 0; guarded && i < HB_ARRAY_LEN(roles); i++)
        to += cpu_ns(roles[i]);
    return (to - from) / 1e3 / REQUESTS;
}

int main(int argc, char **argv)
{
    double with[MAX_RUNS], without[MAX_RUNS], ratio[MAX_RUNS];
    unsigned runs = 5, port = free_port();
    struct hb_walk_stats st;
    char base[300];
    pid_t nginx;
    int root, s;

    if (argc < 3) {
        (void)fprintf(stderr, "usage: bench-request ROOT WORKDIR [RUNS]\n");
        return 2;
    }
    if (argc > 3)
        runs = (unsigned)strtoul(argv[3], NULL, 10);
    runs = HB_MAX(HB_MIN(runs, MAX_RUNS), 1u);
    if (geteuid() != 0) {
        (void)printf("{\"bench\":\"files.cpu_per_request\","
                     "\"skipped\":\"needs root\"}\n");
        return 0;
    }
    root = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        die(argv[1]);
    if (hb_walk(root, "", pick, NULL, &st) < 0 && n_files < FILES)
        die("too few files of 20 KB");
    nginx = nginx_start(argv[2], argv[1], port);
    s = nginx_connect(port);
    g = calloc(1, sizeof(*g));
    (void)snprintf(base, sizeof(base), "%s/guard", argv[2]);
    guard_open(g, base, argv[1], "", "", true);
    guard_publish(g, 2);
    (void)load(s, nginx, false); /* the same warmth for all */
    for (unsigned k = 0; k < runs; k++) {
        without[k] = load(s, nginx, false) / 2;
        guard_start(g);
        while (guard_turn(g, 500))
            continue;
        with[k] = load(s, nginx, true);
        guard_stop(g);
        without[k] += load(s, nginx, false) / 2;
        ratio[k] = (with[k] / without[k] - 1) * 100;
    }
    qsort(with, runs, sizeof(*with), by_value);
    qsort(without, runs, sizeof(*without), by_value);
    qsort(ratio, runs, sizeof(*ratio), by_value);
    (void)fprintf(stderr, "%.2f us a request, %.2f us without the guard\n",
                  with[runs / 2], without[runs / 2]);
    (void)printf("{\"bench\":\"files.cpu_per_request\",\"unit\":\"%%\","
                 "\"ours\":%.3g,\"goal\":2,\"better\":\"lower\","
                 "\"runs\":%u}\n",
                 ratio[runs / 2], runs);
    (void)kill(nginx, SIGTERM);
    (void)waitpid(nginx, NULL, 0);
    (void)close(s);
    guard_close(g);
    for (size_t i = 0; i < n_files; i++)
        free(files[i]);
    free(g);
    (void)close(root);
    return 0;
}
