/* SPDX-License-Identifier: Apache-2.0 */
/*
 * never.c - the list of what no request may touch (never.h).
 *
 * Runs in the helper; the file is root's.  A line that cannot be understood
 * makes the whole list unreadable, and an unreadable list allows nothing: a
 * typing error must not open what somebody wanted closed.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/num.h"
#include "respond/never.h"

#define LIST_MAX (64u << 10)
#define LINES    1024u

struct hb_never {
    struct hb_arena *arena;
    struct timespec mtime;
    ino_t ino;
    const char *paths[LINES];
    size_t npaths;
    const char *groups[LINES];
    size_t ngroups;
    char own[HB_MAX_PATH]; /* our own control group */
};

static int read_list(struct hb_never *n, const char *path);
static int read_line(struct hb_never *n, const char *line);
static int add_path(struct hb_never *n, const char *path);
static void own_group(struct hb_never *n);
static bool below(const char *path, const char *top);
static bool session_part(const char *group);
static bool never_pid(const char *object);

/* Groups without which nobody can log in or the machine stops. */
static const char *const always_groups[] = {
    "/init.scope",
    "/system.slice/ssh.service",
    "/system.slice/sshd.service",
    "/system.slice/systemd-journald.service",
    "/system.slice/systemd-logind.service",
    "/system.slice/systemd-udevd.service",
    "/system.slice/dbus.service",
    "/system.slice/system-getty.slice",
};

int hb_never_refresh(struct hb_never **list, const struct hb_role_ctx *ctx)
{
    const char *const own[] = {ctx->etc_dir,      ctx->state_dir,
                               ctx->baseline_dir, ctx->helper_dir,
                               ctx->private_dir,  ctx->run_dir};
    char path[HB_MAX_PATH];
    struct stat st = {0};
    struct hb_never *n;
    int r;

    if (snprintf(path, sizeof(path), "%s/never-touch", ctx->etc_dir) >=
        (int)sizeof(path))
        return -ENAMETOOLONG;
    (void)stat(path, &st);
    if (*list != NULL && (*list)->ino == st.st_ino &&
        (*list)->mtime.tv_sec == st.st_mtim.tv_sec &&
        (*list)->mtime.tv_nsec == st.st_mtim.tv_nsec)
        return 0;
    hb_never_free(*list);
    *list = NULL;
    n = calloc(1, sizeof(*n));
    if (n == NULL)
        return -ENOMEM;
    n->arena = hb_arena_new(1u << 20);
    n->ino = st.st_ino;
    n->mtime = st.st_mtim;
    r = n->arena == NULL ? -ENOMEM : read_list(n, path);
    for (size_t i = 0; r >= 0 && i < HB_ARRAY_LEN(own); i++)
        r = own[i] != NULL ? add_path(n, own[i]) : 0;
    if (r < 0) {
        hb_never_free(n);
        return r;
    }
    own_group(n);
    *list = n;
    return 0;
}

void hb_never_free(struct hb_never *n)
{
    if (n != NULL)
        hb_arena_free(n->arena);
    free(n);
}

bool hb_never_path(const struct hb_never *n, const char *path)
{
    if (n == NULL)
        return true;
    for (size_t i = 0; i < n->npaths; i++) {
        if (below(path, n->paths[i]))
            return true;
    }
    return false;
}

bool hb_never_within(const struct hb_never *n, const char *path)
{
    if (n == NULL)
        return true;
    for (size_t i = 0; i < n->npaths; i++) {
        if (below(n->paths[i], path))
            return true;
    }
    return false;
}

bool hb_never_staging(const char *path, const char *staging)
{
    return below(path, staging) || below(staging, path);
}

bool hb_never_group(const struct hb_never *n, const char *object)
{
    const char *group;

    if (n == NULL)
        return true;
    if (strncmp(object, "pid:", 4) == 0)
        return never_pid(object);
    if ((strncmp(object, "v2:/", 4) != 0 && strncmp(object, "v1:/", 4) != 0) ||
        object[4] == '\0')
        return true;
    group = object + 3;
    /* A slice holds others; what holds us or is held by us stays. */
    if (n->own[0] != '\0' && (below(n->own, group) || below(group, n->own)))
        return true;
    if (session_part(group) || strstr(group, "/hinoban") != NULL)
        return true;
    for (size_t i = 0; i < HB_ARRAY_LEN(always_groups); i++) {
        if (below(group, always_groups[i]) || below(always_groups[i], group))
            return true;
    }
    for (size_t i = 0; i < n->ngroups; i++) {
        if (below(group, n->groups[i]) || below(n->groups[i], group))
            return true;
    }
    return false;
}

static int read_list(struct hb_never *n, const char *path)
{
    struct hb_slice text;
    char *at, *end;
    int r = hb_file_read(n->arena, path, LIST_MAX, &text);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    at = hb_arena_dup(n->arena, text.p, text.n);
    if (at == NULL)
        return -ENOMEM;
    for (; at != NULL && *at != '\0' && r >= 0; at = end) {
        end = strchr(at, '\n');
        if (end != NULL)
            *end++ = '\0';
        r = read_line(n, at);
    }
    return r;
}

static int read_line(struct hb_never *n, const char *line)
{
    size_t len = strlen(line);

    while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\r'))
        len--;
    if (len == 0 || line[0] == '#')
        return 0;
    line = hb_arena_dup(n->arena, line, len);
    if (line == NULL)
        return -ENOMEM;
    if (line[0] == '/')
        return add_path(n, line);
    if (strncmp(line, "cgroup:/", 8) != 0)
        return -EINVAL;
    if (n->ngroups >= LINES)
        return -E2BIG;
    n->groups[n->ngroups++] = line + 7;
    return 0;
}

/* As written, and as the kernel names it where links lead there. */
static int add_path(struct hb_never *n, const char *path)
{
    char real[PATH_MAX];
    const char *kept = hb_arena_strdup(n->arena, path);

    if (kept == NULL)
        return -ENOMEM;
    if (n->npaths + 2 > LINES)
        return -E2BIG;
    n->paths[n->npaths++] = kept;
    if (realpath(path, real) != NULL && !hb_streq(real, path)) {
        kept = hb_arena_strdup(n->arena, real);
        if (kept == NULL)
            return -ENOMEM;
        n->paths[n->npaths++] = kept;
    }
    return 0;
}

static void own_group(struct hb_never *n)
{
    struct hb_slice text;
    const char *at;
    size_t len;

    if (hb_file_read(n->arena, "/proc/self/cgroup", LIST_MAX, &text) < 0)
        return;
    at = strncmp(text.p, "0::", 3) == 0 ? text.p : strstr(text.p, "\n0::");
    if (at == NULL)
        return;
    at = strstr(at, "0::") + 3;
    len = strcspn(at, "\n");
    if (len > 1 && len < sizeof(n->own)) {
        memcpy(n->own, at, len);
        n->own[len] = '\0';
    }
}

static bool below(const char *path, const char *top)
{
    size_t n = strlen(top);

    while (n > 1 && top[n - 1] == '/')
        n--;
    if (n == 1 && top[0] == '/')
        return true;
    return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* A log-in's scope: the administrator may sit in it. */
static bool session_part(const char *group)
{
    const char *slash = strstr(group, "/session-");

    return (slash != NULL && strstr(slash, ".scope") != NULL) ||
           strstr(group, "/user@") != NULL;
}

/* One process in no group of its own: not the first one, not ourselves or
 * our parents, no kernel thread, nothing that lets people log in. */
static bool never_pid(const char *object)
{
    char path[64], name[64];
    _cleanup_close_ int fd = -1;
    uint64_t pid;
    ssize_t n;
    pid_t self = getpid();

    if (hb_parse_u64(hb_slice(object + 4, strcspn(object + 4, ":")), &pid) <
            0 ||
        pid <= 2 || pid > INT32_MAX || (pid_t)pid == self ||
        (pid_t)pid == getppid())
        return true;
    (void)snprintf(path, sizeof(path), "/proc/%u/exe", (unsigned)pid);
    n = readlink(path, name, sizeof(name) - 1);
    if (n < 0)
        return true;
    (void)snprintf(path, sizeof(path), "/proc/%u/comm", (unsigned)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : hb_pread_full(fd, name, sizeof(name) - 1, 0);
    if (n <= 0)
        return true;
    name[n] = '\0';
    name[strcspn(name, "\n")] = '\0';
    return strncmp(name, "sshd", 4) == 0 || strncmp(name, "systemd", 7) == 0 ||
           hb_streq(name, "login") || hb_streq(name, "hinoban");
}
