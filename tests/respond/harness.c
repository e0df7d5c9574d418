/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harness.c - see harness.h.  Runs as root where it can; the helper is a
 * child that runs hb_helper_main() on listening sockets passed in as systemd
 * does.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../tap.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/num.h"
#include "base/sock.h"
#include "baseline/baseline.h"
#include "harness.h"

static void write_file(const char *path, const char *text, mode_t mode);
static void person(struct world *w, const char *name, const char *role,
                   struct hb_key **ret);
static void sum_tree(int dir, const char *name, struct hb_sha256 *h, bool root);

bool world_possible(void)
{
    return geteuid() == 0;
}

static struct world *make(unsigned mb)
{
    struct world *w = calloc(1, sizeof(*w));
    const char *tmp = getenv("TMPDIR");
    char path[600];

    assert_non_null(w);
    w->core = w->compare = -1;
    (void)snprintf(w->dir, sizeof(w->dir), "%s/hb-respond-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->dir));
    assert_int_equal(chmod(w->dir, 0755), 0);
#define SUB(field)                                                             \
    (void)snprintf(w->field, sizeof(w->field), "%s/" #field, w->dir);          \
    assert_int_equal(mkdir(w->field, 0755), 0)
    SUB(etc);
    SUB(state);
    SUB(baseline);
    SUB(helper);
    SUB(private);
    SUB(run);
    SUB(www);
    SUB(outside);
#undef SUB
    if (mb > 0) {
        (void)snprintf(path, sizeof(path), "size=%um,mode=0755", mb);
        assert_int_equal(mount("hb-test", w->www, "tmpfs", 0, path), 0);
        w->mounted = true;
    }
    assert_int_equal(chmod(w->helper, 0700), 0);
    for (size_t i = 0; i < 3; i++) {
        static const char *const dirs[] = {"people", "reflexes", "keys"};

        (void)snprintf(path, sizeof(path), "%s/%s", w->etc, dirs[i]);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    assert_int_equal(hb_key_generate(&w->publish), 0);
    assert_int_equal(hb_key_pub(w->publish, &w->publish_pub), 0);
    (void)snprintf(path, sizeof(path), "%s/keys/publish.pub", w->etc);
    assert_int_equal(hb_pub_save(w->publish, path, NULL), 0);
    person(w, "hanako", "officer", &w->officer);
    person(w, "jiro", "deputy", &w->deputy);

    w->area = (struct hb_conf_area){.path = "uploads", .max_size = 1 << 20};
    w->site = (struct hb_conf_site){.name = "www",
                                    .number = 1,
                                    .root = w->www,
                                    .url = "",
                                    .staging = "",
                                    .areas = {&w->area, 1},
                                    .private_driver = HB_PRIVATE_NGINX,
                                    .private_command = "",
                                    .freeze_writer = true};
    w->config = (struct hb_config){.sites = {&w->site, 1}};
    w->config.limits.helper_per_second = 100000;
    w->config.limits.helper_burst = 100000;
    w->ctx = (struct hb_role_ctx){.role = "helper",
                                  .config = &w->config,
                                  .config_path = "/nonexistent",
                                  .etc_dir = w->etc,
                                  .state_dir = w->state,
                                  .baseline_dir = w->baseline,
                                  .helper_dir = w->helper,
                                  .private_dir = w->private,
                                  .run_dir = w->run,
                                  .data_dir = w->etc};

    put(w, "index.html", "<h1>Hinoban</h1>\n");
    put(w, "css/site.css", "body { color: black }\n");
    put(w, "a/b/c/deep.html", "deep\n");
    put(w, "a/b/other.html", "other\n");
    put(w, "empty", "");
    at(w, "link", path);
    assert_int_equal(symlink("index.html", path), 0);
    at(w, "css/site.css", path);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(chown(path, 33, 33), 0);
    at(w, "uploads", path);
    assert_int_equal(mkdir(path, 0777), 0);
    (void)snprintf(path, sizeof(path), "%s/secret", w->outside);
    write_file(path, "must not change\n", 0600);
    (void)snprintf(path, sizeof(path), "%s/dir", w->outside);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/dir/passwd", w->outside);
    write_file(path, "root:x:0:0\n", 0644);
    tree_sum(w->outside, w->outside_sum);

    (void)snprintf(path, sizeof(path), "%s/www", w->baseline);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/objects", w->baseline);
    assert_int_equal(mkdir(path, 0755), 0);
    world_publish(w);
    return w;
}

struct world *world_new(void)
{
    return make(0);
}

bool world_own_mounts(void)
{
    static bool done;

    if (!done)
        done = unshare(CLONE_NEWNS) == 0 &&
               mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return done;
}

struct world *world_new_small(unsigned mb)
{
    return world_own_mounts() ? make(mb) : NULL;
}

void world_free(struct world *w)
{
    uint8_t sum[HB_SHA256_SIZE];

    if (w->pid > 0)
        (void)world_stop(w);
    tree_sum(w->outside, sum);
    assert_memory_equal(sum, w->outside_sum, sizeof(sum));
    hb_close(&w->core);
    hb_close(&w->compare);
    hb_key_free(w->publish);
    hb_key_free(w->officer);
    hb_key_free(w->deputy);
    hb_pub_free(w->publish_pub);
    if (w->mounted)
        assert_int_equal(umount2(w->www, MNT_DETACH), 0);
    assert_int_equal(hb_rmtree(AT_FDCWD, w->dir), 0);
    free(w);
}

void world_start(struct world *w, unsigned crash)
{
    static const char *const names[2] = {"helper-compare", "helper-core"};
    int fds[2];
    char path[600];

    assert_int_equal(w->pid, 0);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s.sock", w->run, names[i]);
        (void)unlink(path);
        assert_int_equal(hb_sock_listen(path, SOCK_SEQPACKET, 0600, getuid(),
                                        getgid(), &fds[i]),
                         0);
    }
    w->pid = fork();
    assert_true(w->pid >= 0);
    if (w->pid == 0) {
        char pid[32];
        int r;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (w->core >= 0)
            (void)close(w->core);
        if (w->compare >= 0)
            (void)close(w->compare);
        /* Above the two places first, so that neither is overwritten. */
        fds[0] = fcntl(fds[0], F_DUPFD, 20);
        fds[1] = fcntl(fds[1], F_DUPFD, 20);
        (void)dup2(fds[0], 3);
        (void)dup2(fds[1], 4);
        (void)close(fds[0]);
        (void)close(fds[1]);
        (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
        (void)setenv("LISTEN_PID", pid, 1);
        (void)setenv("LISTEN_FDS", "2", 1);
        (void)setenv("LISTEN_FDNAMES", "helper-compare:helper-core", 1);
        (void)umask(077);
        hb_helper_crash_at(crash);
        r = hb_helper_main(&w->ctx);
        _exit(r);
    }
    (void)close(fds[0]);
    (void)close(fds[1]);
    hb_close(&w->core);
    hb_close(&w->compare);
    world_connect(w);
    if (crash == 0) {
        struct hb_request r;

        /* It serves, and takes SIGTERM, from here on. */
        req_init(w, &r, HB_ACT_QUERY);
        assert_int_equal(ask(w, &r, -1, false).status, HB_ACT_NOT_DONE);
    }
}

void world_connect(struct world *w)
{
    char path[600];

    hb_close(&w->core);
    hb_close(&w->compare);
    (void)snprintf(path, sizeof(path), "%s/helper-core.sock", w->run);
    if (hb_sock_connect(path, SOCK_SEQPACKET, &w->core) < 0)
        w->core = -1;
    (void)snprintf(path, sizeof(path), "%s/helper-compare.sock", w->run);
    if (hb_sock_connect(path, SOCK_SEQPACKET, &w->compare) < 0)
        w->compare = -1; /* a helper that is to die may be dead by now */
}

int world_stop(struct world *w)
{
    int status = -1;

    assert_true(w->pid > 0);
    (void)kill(w->pid, SIGTERM);
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
    w->pid = 0;
    return status;
}

bool world_died(struct world *w)
{
    int status;

    for (int i = 0; i < 500; i++) {
        pid_t r = waitpid(w->pid, &status, WNOHANG);

        if (r == w->pid) {
            w->pid = 0;
            return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        }
        (void)usleep(10000);
    }
    return false;
}

void world_reflex(struct world *w, const char *id, uint32_t actions,
                  uint32_t rate, uint32_t within)
{
    struct hb_reflex r = {.actions = actions,
                          .n_sites = 1,
                          .sites = {"www"},
                          .from = hb_now() - 60 * (int64_t)HB_S,
                          .until = hb_now() + 3600 * (int64_t)HB_S,
                          .rate = rate,
                          .within = within,
                          .reason = "test"};
    struct hb_err err = {0};

    (void)hb_copyz(r.id, sizeof(r.id), id);
    (void)hb_copyz(r.by, sizeof(r.by), "hanako");
    assert_int_equal(hb_reflex_save(w->etc, &r, w->officer, &err), 0);
}

void world_all_reflexes(struct world *w)
{
    world_reflex(w, "all",
                 1u << HB_ACT_FILE_RESTORE | 1u << HB_ACT_FILE_REMOVE |
                     1u << HB_ACT_SITE_PRIVATE | 1u << HB_ACT_SITE_PUBLIC |
                     1u << HB_ACT_PATH_DENY | 1u << HB_ACT_PATH_ALLOW |
                     1u << HB_ACT_WRITER_FREEZE | 1u << HB_ACT_WRITER_THAW,
                 100000, 60);
}

void world_publish(struct world *w)
{
    static const char *const ignore[] = {"uploads", ".hinoban-staging-www"};
    _cleanup_close_ int root = -1, dir = -1, objects = -1;
    struct hb_base_stats stats;
    struct hb_err err = {0};
    char path[600];
    int r;

    root = open(w->www, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(path, sizeof(path), "%s/www", w->baseline);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(path, sizeof(path), "%s/objects", w->baseline);
    objects = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct hb_base_build how = {.site = "www",
                                .root = root,
                                .dir = dir,
                                .objdir = objects,
                                .ignore = ignore,
                                .n_ignore = 2,
                                .threads = 1};
    r = hb_baseline_build(&how, ++w->number, &stats, &err);
    if (r >= 0)
        r = hb_baseline_sign(dir, w->number, w->publish, &err);
    if (r < 0)
        print_error("publish: %s\n", err.message);
    assert_int_equal(r, 0);
}

static struct hb_baseline *open_baseline(struct world *w)
{
    _cleanup_close_ int dir = -1;
    struct hb_baseline *b = NULL;
    struct hb_err err = {0};
    char path[600];

    (void)snprintf(path, sizeof(path), "%s/www", w->baseline);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(
        hb_baseline_open(dir, "www", 0, 0, w->publish_pub, &b, &err), 0);
    return b;
}

uint32_t world_entry(struct world *w, const char *path)
{
    struct hb_baseline *b = open_baseline(w);
    struct hb_base_entry e;
    uint32_t index;

    assert_int_equal(hb_baseline_find(b, hb_slice_z(path), &e), 0);
    index = e.index;
    hb_baseline_free(b);
    return index;
}

void req_init(struct world *w, struct hb_request *r, enum hb_action a)
{
    *r = (struct hb_request){.action = (uint16_t)a, .site = 1};
    r->seq = ++w->seq;
    hb_random(r->key, sizeof(r->key));
}

void req_path(struct world *w, struct hb_request *r, enum hb_action a,
              const char *path)
{
    req_init(w, r, a);
    r->baseline = w->number;
    r->entry = world_entry(w, path);
}

void req_approve(struct world *w, struct hb_request *r, const char *object)
{
    struct hb_err err = {0};

    assert_int_equal(hb_approval_attach(r, hb_slice_z(object), "jiro",
                                        w->deputy,
                                        hb_now() + 600 * (int64_t)HB_S, &err),
                     0);
}

struct hb_reply ask(struct world *w, const struct hb_request *r, int fd,
                    bool compare)
{
    struct hb_reply rep = {0};
    int got = -1, k;

    k = hb_action_call(compare ? w->compare : w->core, r, fd, &rep, &got,
                       20000);
    if (k < 0)
        print_error("no answer to %s: %s\n", hb_action_name(r->action),
                    strerror(-k));
    assert_true(k >= 0);
    if (got >= 0)
        (void)close(got);
    return rep;
}

struct hb_reply restore(struct world *w, const char *path)
{
    struct hb_request r;

    req_path(w, &r, HB_ACT_FILE_RESTORE, path);
    return ask(w, &r, -1, true);
}

struct hb_reply remove_path(struct world *w, const char *path)
{
    _cleanup_close_ int fd = -1;
    struct hb_request r;
    char full[600];

    at(w, path, full);
    fd = open(full, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    assert_true(fd >= 0);
    req_init(w, &r, HB_ACT_FILE_REMOVE);
    r.baseline = w->number;
    return ask(w, &r, fd, true);
}

void at(struct world *w, const char *path, char ret[600])
{
    (void)snprintf(ret, 600, "%s%s%s", w->www, path[0] != '\0' ? "/" : "",
                   path);
}

void put(struct world *w, const char *path, const char *content)
{
    char full[600], up[600], *slash;

    at(w, path, full);
    (void)snprintf(up, sizeof(up), "%s", full);
    slash = strrchr(up, '/');
    *slash = '\0';
    assert_int_equal(hb_mkdirs(up, 0755), 0);
    write_file(full, content, 0644);
}

char *get(struct world *w, const char *path)
{
    char full[600], *text = calloc(1, 65536);
    int fd;

    at(w, path, full);
    fd = open(full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        free(text);
        return NULL;
    }
    (void)!read(fd, text, 65535);
    (void)close(fd);
    return text;
}

/* Every entry compared, and every name looked up. */
static unsigned walk_foreign(struct hb_baseline *b, int dir, const char *rel)
{
    int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY);
    DIR *list = fdopendir(copy);
    struct dirent *d;
    unsigned bad = 0;

    while ((d = readdir(list)) != NULL) {
        char path[2048];
        struct hb_base_entry e;
        struct stat st;

        if (d->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s%s%s", rel,
                       rel[0] != '\0' ? "/" : "", d->d_name);
        if (hb_streq(path, "uploads"))
            continue;
        if (hb_baseline_find(b, hb_slice_z(path), &e) < 0) {
            print_message("# foreign: %s\n", path);
            bad++;
            continue;
        }
        if (fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISDIR(st.st_mode)) {
            int sub = openat(dir, d->d_name, O_RDONLY | O_DIRECTORY);

            bad += walk_foreign(b, sub, path);
            (void)close(sub);
        }
    }
    (void)closedir(list);
    return bad;
}

bool world_is_clean(struct world *w)
{
    struct hb_baseline *b = open_baseline(w);
    struct hb_sha256 *sha = hb_sha256_new();
    unsigned bad = 0;
    int root = open(w->www, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

    for (uint32_t i = 0; root >= 0 && i < hb_baseline_count(b); i++) {
        struct hb_base_entry e;
        char path[2048];
        int fd, r;

        assert_int_equal(hb_baseline_get(b, i, &e), 0);
        (void)snprintf(path, sizeof(path), "%.*s", (int)e.path.n, e.path.p);
        fd = hb_open_beneath(root, i == 0 ? "." : path,
                             e.type == HB_BT_LINK ? O_PATH | O_NOFOLLOW
                                                  : O_RDONLY | O_NONBLOCK,
                             0, true);
        r = fd < 0 ? fd
                   : hb_baseline_compare(&e, fd, e.type == HB_BT_FILE, sha);
        if ((r & ~HB_BD_UNREAD) != 0) {
            print_message("# differs (%d): %s\n", r, path);
            bad++;
        }
        if (fd >= 0)
            (void)close(fd);
    }
    bad += root < 0 ? 1 : walk_foreign(b, root, "");
    if (root >= 0)
        (void)close(root);
    hb_sha256_free(sha);
    hb_baseline_free(b);
    return bad == 0;
}

void tree_sum(const char *dir, uint8_t ret[HB_SHA256_SIZE])
{
    struct hb_sha256 *h = hb_sha256_new();

    sum_tree(AT_FDCWD, dir, h, true);
    hb_sha256_end(h, ret);
    hb_sha256_free(h);
}

unsigned staged_count(struct world *w)
{
    char path[600];
    struct dirent *d;
    unsigned n = 0;
    DIR *list;

    (void)snprintf(path, sizeof(path), "%s/.hinoban-staging-www", w->dir);
    list = opendir(path);
    assert_non_null(list);
    while ((d = readdir(list)) != NULL)
        n += strlen(d->d_name) >= 32;
    (void)closedir(list);
    return n;
}

int set_flags(const char *path, int on, int off)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK), flags, r = -1;

    if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        flags = (flags | on) & ~off;
        r = ioctl(fd, FS_IOC_SETFLAGS, &flags);
    }
    if (fd >= 0)
        (void)close(fd);
    return r;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
}

static void person(struct world *w, const char *name, const char *role,
                   struct hb_key **ret)
{
    char path[600], json[128];

    assert_int_equal(hb_key_generate(ret), 0);
    (void)snprintf(path, sizeof(path), "%s/people/%s.pub", w->etc, name);
    assert_int_equal(hb_pub_save(*ret, path, NULL), 0);
    (void)snprintf(path, sizeof(path), "%s/people/%s.json", w->etc, name);
    (void)snprintf(json, sizeof(json), "{\"role\":\"%s\"}\n", role);
    write_file(path, json, 0644);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Names, types, modes, owners, inodes, links and contents. */
static void sum_tree(int dir, const char *name, struct hb_sha256 *h, bool root)
{
    struct dirent **list;
    struct stat st;
    char line[512];
    int fd, n;

    assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
    n = snprintf(line, sizeof(line), "%s %o %u %u %lu %lu\n", root ? "." : name,
                 st.st_mode, st.st_uid, st.st_gid, (unsigned long)st.st_ino,
                 S_ISREG(st.st_mode) ? (unsigned long)st.st_mtim.tv_nsec : 0);
    hb_sha256_add(h, line, (size_t)n);
    if (S_ISREG(st.st_mode)) {
        char buf[4096];
        ssize_t got;

        fd = openat(dir, name, O_RDONLY | O_NOFOLLOW);
        while ((got = read(fd, buf, sizeof(buf))) > 0)
            hb_sha256_add(h, buf, (size_t)got);
        (void)close(fd);
    }
    if (!S_ISDIR(st.st_mode))
        return;
    fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    n = scandirat(fd, ".", &list, NULL, by_name);
    for (int i = 0; i < n; i++) {
        if (!hb_streq(list[i]->d_name, ".") && !hb_streq(list[i]->d_name, ".."))
            sum_tree(fd, list[i]->d_name, h, false);
        free(list[i]);
    }
    free(list);
    (void)close(fd);
}
