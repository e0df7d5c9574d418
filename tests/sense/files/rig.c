/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig.c - see rig.h.  Test code: what cannot be set up ends the process.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/run.h"
#include "base/sock.h"
#include "rig.h"

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(99);
}

static void sub(struct rig *r, char *to, size_t size, const char *name)
{
    (void)snprintf(to, size, "%s/%s", r->dir, name);
    must(hb_mkdirs(to, 0755) == 0, to);
}

void rig_open(struct rig *r, const char *dir, const char *root,
              const char *more, const char *limits)
{
    struct hb_err err = {0};
    struct hb_buf b = HB_BUF_INIT;
    char text[1024];

    memset(r, 0, sizeof(*r));
    (void)snprintf(r->dir, sizeof(r->dir), "%s", dir);
    (void)!hb_rmtree(AT_FDCWD, dir);
    must(hb_mkdirs(dir, 0755) == 0, dir);
    sub(r, r->etc, sizeof(r->etc), "etc");
    sub(r, r->state, sizeof(r->state), "state");
    sub(r, r->baseline, sizeof(r->baseline), "baseline");
    sub(r, r->helper, sizeof(r->helper), "helper");
    sub(r, r->private, sizeof(r->private), "private");
    sub(r, r->pending, sizeof(r->pending), "pending");
    sub(r, r->run, sizeof(r->run), "run");
    if (root[0] != '\0')
        (void)snprintf(r->root, sizeof(r->root), "%s", root);
    else
        sub(r, r->root, sizeof(r->root), "site/www");
    must(hb_mkdirs(r->root, 0755) == 0, r->root);
    (void)snprintf(r->config_path, sizeof(r->config_path), "%s/hinoban.yaml",
                   r->etc);
    hb_buf_addf(&b,
                "organisation:\n  name: Test\n"
                "sites:\n  - name: www\n    number: 1\n    root: %s\n%s"
                "limits:\n  helper_per_second: 100000\n"
                "  helper_burst: 1000000\n%s",
                r->root, more, limits);
    must(hb_file_write(r->config_path, b.p, b.n, 0644) == 0, "config");
    hb_buf_done(&b);
    if (hb_config_load(r->config_path, &r->config, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        (void)fprintf(stderr, "%s\n", text);
        exit(99);
    }
    r->ctx = (struct hb_role_ctx){
        .config = r->config,
        .config_path = r->config_path,
        .etc_dir = r->etc,
        .state_dir = r->state,
        .baseline_dir = r->baseline,
        .helper_dir = r->helper,
        .private_dir = r->private,
        .pending_dir = r->pending,
        .run_dir = r->run,
        .data_dir = "/nonexistent",
    };
}

void rig_close(struct rig *r)
{
    while (r->n_roles > 0)
        (void)rig_stop(r, r->roles[r->n_roles - 1]);
    hb_config_free(r->config);
    (void)!hb_rmtree(AT_FDCWD, r->dir);
}

int rig_listen(struct rig *r, const char *name, int type)
{
    char path[400];
    int fd = -1;

    (void)snprintf(path, sizeof(path), "%s/%s.sock", r->run, name);
    must(hb_sock_listen(path, type, 0600, 0, 0, &fd) == 0, path);
    return fd;
}

pid_t rig_start(struct rig *r, hb_role_main *main, const char *role,
                const char *const *names, int *fds)
{
    struct hb_buf list = HB_BUF_INIT;
    struct hb_role_ctx ctx = r->ctx;
    char text[32];
    pid_t pid;
    int n = 0;

    ctx.role = role;
    (void)fflush(NULL);
    pid = fork();
    must(pid >= 0, "fork");
    for (; names != NULL && names[n] != NULL; n++) {
        if (pid > 0) {
            hb_close(&fds[n]);
            continue;
        }
        hb_buf_addf(&list, "%s%s", n > 0 ? ":" : "", names[n]);
        /* High first, so that no other of ours is overwritten. */
        fds[n] = fcntl(fds[n], F_DUPFD, 200);
    }
    if (pid > 0) {
        r->roles[r->n_roles++] = pid;
        return pid;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < n; i++)
        must(dup2(fds[i], 3 + i) == 3 + i, "dup2");
    (void)close_range(3 + (unsigned)n, ~0u, 0);
    (void)snprintf(text, sizeof(text), "%d", (int)getpid());
    must(setenv("LISTEN_PID", text, 1) == 0, "setenv");
    (void)snprintf(text, sizeof(text), "%d", n);
    must(setenv("LISTEN_FDS", text, 1) == 0, "setenv");
    must(setenv("LISTEN_FDNAMES", hb_buf_z(&list), 1) == 0, "setenv");
    hb_buf_done(&list);
    (void)signal(SIGPIPE, SIG_IGN);
    hb_log_open(role,
                getenv("RIG_VERBOSE") != NULL ? HB_LOG_DEBUG : HB_LOG_ERR);
    exit(main(&ctx));
}

int rig_stop(struct rig *r, pid_t pid)
{
    int status = 0;

    (void)kill(pid, SIGTERM);
    (void)waitpid(pid, &status, 0);
    for (size_t i = 0; i < r->n_roles; i++)
        if (r->roles[i] == pid)
            r->roles[i] = r->roles[--r->n_roles];
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void rig_path(char *buf, size_t size, const char *root, const char *rel)
{
    (void)snprintf(buf, size, "%s/%s", root, rel);
}

void rig_name(char *buf, size_t size, const char *name)
{
    (void)snprintf(buf, size, "/var/tmp/%s-%d", name, (int)getpid());
}

static bool put(const char *root, const char *rel, const void *p, size_t n)
{
    char path[4500], *slash;
    bool good;
    int fd;

    rig_path(path, sizeof(path), root, rel);
    slash = strrchr(path, '/');
    *slash = '\0';
    if (hb_mkdirs(path, 0755) < 0)
        return false;
    *slash = '/';
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    good = fd >= 0 && hb_write_all(fd, p, n) == 0;
    hb_close(&fd);
    return good;
}

void rig_put(const char *root, const char *rel, const void *p, size_t n)
{
    must(put(root, rel, p, n), rel);
}

void rig_try(const char *root, const char *rel, const void *p, size_t n)
{
    (void)put(root, rel, p, n);
}

int rig_marked(const char *root, const char *rel)
{
    char text[8192];

    memset(text, 'm', sizeof(text));
    memcpy(text, RIG_MARK, strlen(RIG_MARK));
    return put(root, rel, text, sizeof(text)) ? 0 : -EIO;
}

uint64_t rig_now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void rig_sleep_ms(unsigned ms)
{
    (void)usleep(ms * 1000);
}

static int run3(const char *a, const char *b, const char *c, const char *d,
                const char *e)
{
    const char *argv[] = {a, b, c, d, e, NULL};
    struct hb_buf sink = HB_BUF_INIT;
    const struct hb_run run = {
        .argv = argv, .timeout_ms = 60000, .out = &sink, .errors = &sink};
    int r = hb_run(&run);

    hb_buf_done(&sink);
    return r;
}

bool rig_mount(const char *type, const char *dir, unsigned mib)
{
    char image[400], mkfs[64];
    int fd;

    (void)snprintf(image, sizeof(image), "%s.img", dir);
    (void)snprintf(mkfs, sizeof(mkfs), "mkfs.%s", type);
    if (geteuid() != 0 || hb_mkdirs(dir, 0755) < 0)
        return false;
    fd = open(image, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)mib << 20) < 0) {
        hb_close(&fd);
        return false;
    }
    (void)close(fd);
    if (run3(mkfs, "-q", image, NULL, NULL) != 0 ||
        run3("mount", "-o", "loop", image, dir) != 0) {
        (void)unlink(image);
        return false;
    }
    return true;
}

void rig_unmount(const char *dir)
{
    char image[400];

    (void)snprintf(image, sizeof(image), "%s.img", dir);
    (void)umount2(dir, MNT_DETACH);
    (void)rmdir(dir);
    (void)unlink(image);
}
