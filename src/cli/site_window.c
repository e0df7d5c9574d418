/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_window.c - `hinoban site window|pending|accept|reject`: publishing
 * without a manifest.
 *
 * Runs as root (windows lie beside the baselines).  The window is signed with
 * the key of the person who opens it; what is changed in it waits in a list
 * that compare keeps.  The list is read as foreign input: it grants nothing,
 * and accepting reads the files again.
 */
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/json.h"
#include "base/num.h"
#include "base/proc.h"
#include "base/show.h"
#include "baseline/manifest.h"
#include "baseline/window.h"
#include "cli/linger.h"
#include "cli/site.h"

#define SPAN_NS (1800 * HB_S)
#define SEEN_NS (10 * HB_S) /* patience until compare knows of a window */
#define AGAIN   50u         /* tries to get a lock */
#define POLL_NS (200 * HB_MS)

/* What the options said of a window. */
struct wanted {
    struct hb_window w;
    const char *key_file, *pass;
    struct passwd *user;
};

static int window_open(struct hb_cli *cli, int argc, char **argv);
static int window_run(struct hb_cli *cli, int argc, char **argv, int command);
static int window_show(struct hb_cli *cli, const char *name);
static int window_close(struct hb_cli *cli, const char *name);
static int options(struct hb_cli *cli, struct hb_arena *a, int *argc,
                   char **argv, struct wanted *ret, struct hb_err *err);
static int put(const struct hb_cli *cli, const char *site, struct wanted *want,
               struct hb_err *err);
static int hold(int fd);
static int lock(int dir, int *ret, struct hb_err *err);
static int close_it(int dir, const char *id);
static int none_stands(const struct hb_cli *cli, int dir, const char *site,
                       struct hb_err *err);
static void await(const struct hb_cli *cli, const struct hb_window *w);
static bool seen(const struct hb_cli *cli, const struct hb_window *w);
static _Noreturn void child(const struct passwd *user, int go, char **argv);
static int site_dir(const struct hb_cli *cli, const char *name, int *ret,
                    struct hb_err *err);
static int list_read(const struct hb_cli *cli, struct hb_arena *a,
                     const char *name, int *ret_dir,
                     struct hb_pending_list *ret, struct hb_err *err);
static int list_part(struct hb_arena *a, struct hb_pending_list *list,
                     char **paths, int n, bool expressly, struct hb_err *err);
static bool has(const struct hb_pending_list *list, struct hb_slice path);
static void print_one(const struct hb_pending *p);
static void json_one(struct hb_jw *j, const struct hb_pending *p);

static const char *const kinds[] = {"added", "changed", "removed"};

int hb_cli_site_window(struct hb_cli *cli, int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    if (hb_streq(verb, "open"))
        return window_open(cli, argc - 1, argv + 1);
    if (hb_streq(verb, "run")) {
        for (int i = 2; i < argc; i++)
            if (hb_streq(argv[i], "--"))
                return window_run(cli, argc - 1, argv + 1, i - 1);
        return hb_cli_usage(cli, _("say what to run, behind \"--\""));
    }
    if (hb_streq(verb, "show") && argc == 3)
        return window_show(cli, argv[2]);
    if (hb_streq(verb, "close") && argc == 3)
        return window_close(cli, argv[2]);
    return hb_cli_usage(cli, _("say what to do: window open NAME --user USER, "
                               "run NAME --user USER -- COMMAND, show NAME or "
                               "close NAME"));
}

static int window_open(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *pid = hb_client_opt(&argc, argv, "--pid");
    struct wanted want = {0};
    struct hb_err err = {0};
    char until[40];
    int64_t n = 0;
    int r;

    r = options(cli, a, &argc, argv, &want, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    if (argc != 2)
        return hb_cli_usage(cli, _("say which site"));
    if (pid != NULL &&
        (hb_parse_i64(hb_slice_z(pid), &n) < 0 || n < 1 || n > INT32_MAX))
        return hb_cli_usage(cli, _("%s is not a number"), pid);
    want.w.pid = (int32_t)n;
    if (n > 0 && hb_proc_start(want.w.pid, &want.w.pid_start) < 0)
        return hb_cli_fail_code(pid, -ESRCH);
    r = put(cli, argv[1], &want, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    await(cli, &want.w);
    (void)hb_time_utc(want.w.until, until, sizeof(until));
    return hb_cli_said(cli, "until", until,
                       _("Until %s the changes of %s wait for you: hinoban "
                         "site pending %s\n"),
                       until, want.user->pw_name, argv[1]);
}

/* The window is the command's process tree and ends with it. */
static int window_run(struct hb_cli *cli, int argc, char **argv, int command)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_close_ int dir = -1;
    struct wanted want = {0};
    struct hb_err err = {0};
    int go[2], status = 0, n = command, r;
    pid_t pid;

    r = options(cli, a, &n, argv, &want, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    if (n != 2 || command + 1 >= argc)
        return hb_cli_usage(cli, _("say which site, and what to run behind "
                                   "\"--\""));
    if (site_dir(cli, argv[1], &dir, &err) < 0)
        return hb_cli_fail(&err);
    if (pipe2(go, O_CLOEXEC) < 0)
        return hb_cli_fail_code("pipe", -errno);
    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        (void)close(go[1]);
        child(want.user, go[0], argv + command + 1);
    }
    (void)close(go[0]);
    if (pid < 0) {
        (void)close(go[1]);
        return hb_cli_fail_code("fork", -errno);
    }
    /* Ctrl-C is the command's; the window must be closed behind it. */
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGQUIT, SIG_IGN);
    want.w.pid = pid;
    r = hb_proc_start(pid, &want.w.pid_start);
    if (r == 0)
        r = hb_linger_seize(pid);
    if (r < 0)
        (void)hb_err_set(&err, r, "%s: %s", argv[command + 1], strerror(-r));
    if (r == 0)
        r = put(cli, argv[1], &want, &err);
    if (r == 0)
        await(cli, &want.w);
    /* A byte lets it go, the end of the pipe ends it. */
    if (r == 0)
        r = hb_write_all(go[1], "", 1);
    (void)close(go[1]);
    if (hb_linger_wait(pid, &status) < 0)
        status = SIGKILL;
    if (close_it(dir, want.w.id) < 0)
        (void)fprintf(stderr, _("hinoban: the window could not be closed; it "
                                "ends by itself\n"));
    if (r < 0)
        return hb_cli_fail(&err);
    if (!cli->json)
        printf(_("The window is closed. What waits: hinoban site pending "
                 "%s\n"),
               argv[1]);
    (void)hb_cli_flush();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int window_show(struct hb_cli *cli, const char *name)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    _cleanup_close_ int dir = -1;
    char people[HB_MAX_PATH], until[40] = "";
    struct hb_window w = {0};
    struct hb_err err = {0};
    struct hb_jw j;
    int r = site_dir(cli, name, &dir, &err);

    if (r == 0)
        r = hb_path(&cli->paths, HB_DIR_ETC, "people", people);
    if (r == 0)
        r = hb_window_read(dir, name, people, hb_now(), &w, &err);
    if (r < 0 && r != -ENOENT)
        return hb_cli_fail(&err);
    if (dir < 0)
        return hb_cli_fail(&err);
    if (r == 0)
        (void)hb_time_utc(w.until, until, sizeof(until));
    if (!cli->json) {
        if (r < 0)
            printf(_("No deploy window is open.\n"));
        else
            printf(_("Open until %s for user %u (process %d), by %s.\n"), until,
                   w.uid, w.pid, w.opened_by);
        return hb_cli_flush();
    }
    hb_jw_init(&j, &b);
    hb_jw_obj(&j, NULL);
    hb_jw_bool(&j, "open", r == 0);
    if (r == 0) {
        hb_jw_str(&j, "until", until);
        hb_jw_int(&j, "uid", w.uid);
        hb_jw_int(&j, "pid", w.pid);
        hb_jw_str(&j, "opened_by", w.opened_by);
    }
    hb_jw_end_obj(&j);
    printf("%s\n", hb_buf_z(&b));
    return hb_cli_flush();
}

static int window_close(struct hb_cli *cli, const char *name)
{
    _cleanup_close_ int dir = -1;
    struct hb_err err = {0};
    int r = site_dir(cli, name, &dir, &err);

    if (r < 0)
        return hb_cli_fail(&err);
    r = close_it(dir, NULL);
    if (r < 0)
        return hb_cli_fail_code(name, r);
    return hb_cli_said(cli, "closed", name,
                       _("Closed. What waits: hinoban site pending %s\n"),
                       name);
}

int hb_cli_site_pending(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_pending_list list = {0};
    struct hb_err err = {0};
    struct hb_jw j;

    if (argc != 2)
        return hb_cli_usage(cli, _("say which site"));
    if (list_read(cli, a, argv[1], NULL, &list, &err) < 0)
        return hb_cli_fail(&err);
    hb_jw_init(&j, &b);
    hb_jw_arr(&j, NULL);
    for (size_t i = 0; i < list.n; i++) {
        if (cli->json)
            json_one(&j, &list.v[i]);
        else
            print_one(&list.v[i]);
    }
    hb_jw_end_arr(&j);
    if (cli->json)
        printf("%s\n", hb_buf_z(&b));
    else if (list.n == 0)
        printf(_("Nothing waits.\n"));
    else
        printf(_("%zu wait. hinoban site accept %s [PATH...] signs them, "
                 "reject undoes them. \"!\" marks what the server runs: it is "
                 "accepted only by its path and --executables.\n"),
               list.n, argv[1]);
    return hb_cli_flush();
}

int hb_cli_site_accept(struct hb_cli *cli, int argc, char **argv)
{
    const char *pass = hb_client_opt(&argc, argv, "--passphrase-file");
    bool executing = hb_client_flag(&argc, argv, "--executables");
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_pending_list list = {0};
    struct hb_published done = {0};
    struct hb_err err = {0};
    struct hb_cli_site s;
    size_t left = 0, kept = 0;
    int r;

    if (argc < 2)
        return hb_cli_usage(cli, _("say which site"));
    /* What runs is never accepted with the rest, only by its name. */
    if (executing && argc < 3)
        return hb_cli_usage(cli, _("--executables needs the paths: say which"));
    r = list_read(cli, a, argv[1], NULL, &list, &err);
    if (r == 0 && argc > 2)
        r = list_part(a, &list, argv + 2, argc - 2, executing, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    for (size_t i = 0; argc == 2 && i < list.n; i++) {
        left += list.v[i].executes;
        if (!list.v[i].executes)
            list.v[kept++] = list.v[i];
    }
    list.n = argc == 2 ? kept : list.n;
    r = hb_cli_site_open(cli, argv[1], &s, &err);
    if (r == 0 && list.n > 0) {
        s.how.tree = s.conf->root;
        r = hb_cli_site_key(cli, pass, &s, &err);
        if (r == 0)
            r = hb_pending_accept(&s.how, &list, &done, &err);
    }
    hb_cli_site_done(&s);
    if (r < 0)
        return hb_cli_fail(&err);
    if (cli->json)
        printf("{\"site\":\"%s\",\"baseline\":%llu,\"accepted\":%zu,"
               "\"executables_left\":%zu}\n",
               argv[1], (unsigned long long)done.number, list.n, left);
    else if (list.n == 0)
        printf(_("Nothing was accepted.\n"));
    else
        printf(_("%zu changes are signed: baseline %llu of %s.\n"), list.n,
               (unsigned long long)done.number, argv[1]);
    if (!cli->json && left > 0)
        printf(_("%zu that the server runs still wait; name them with "
                 "--executables.\n"),
               left);
    return hb_cli_flush();
}

/* Off the list, they are tampering like any other.  compare writes the list
 * too, under the same lock, and drops what was taken off. */
int hb_cli_site_reject(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_pending_list now = {0}, gone;
    _cleanup_close_ int dir = -1;
    struct hb_err err = {0};
    size_t kept = 0;
    int r;

    if (argc < 2)
        return hb_cli_usage(cli, _("say which site"));
    r = list_read(cli, a, argv[1], &dir, &now, &err);
    gone = now;
    if (r == 0 && argc > 2)
        r = list_part(a, &gone, argv + 2, argc - 2, false, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    if (gone.n > 0) {
        struct hb_pending_list rest = now;

        rest.v = HB_NEW_N(a, struct hb_pending, now.n + 1);
        for (size_t i = 0; rest.v != NULL && i < now.n; i++)
            if (!has(&gone, now.v[i].path))
                rest.v[kept++] = now.v[i];
        rest.n = kept;
        r = rest.v == NULL ? -ENOMEM
            : kept > 0     ? hb_pending_write(dir, &rest)
                           : hb_pending_clear(dir);
    }
    if (r < 0)
        return hb_cli_fail_code("pending.json", r);
    if (cli->json)
        printf("{\"site\":\"%s\",\"rejected\":%zu}\n", argv[1], gone.n);
    else
        printf(_("%zu changes are rejected and will be undone; what stood "
                 "there is kept as evidence.\n"),
               gone.n);
    return hb_cli_flush();
}

static int options(struct hb_cli *cli, struct hb_arena *a, int *argc,
                   char **argv, struct wanted *ret, struct hb_err *err)
{
    const char *user = hb_client_opt(argc, argv, "--user");
    const char *span = hb_client_opt(argc, argv, "--for");
    const char *person = hb_client_opt(argc, argv, "--person");
    uint64_t ns = SPAN_NS;
    uint8_t id[8];
    int r;

    ret->key_file = hb_client_opt(argc, argv, "--key");
    ret->pass = hb_client_opt(argc, argv, "--passphrase-file");
    if (a == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    if (user == NULL)
        return hb_err_set(err, -EINVAL,
                          _("a window needs --user USER: whose changes wait"));
    if (span != NULL && hb_parse_duration(hb_slice_z(span), &ns) < 0)
        return hb_err_set(err, -EINVAL, _("%s is not a length of time"), span);
    ret->user = getpwnam(user);
    if (ret->user == NULL)
        return hb_err_set(err, -ENOENT, _("There is no user \"%s\"."), user);
    r = hb_client_me(cli, a, person, &person, err);
    if (r < 0)
        return r;
    if (!hb_copyz(ret->w.opened_by, sizeof(ret->w.opened_by), person))
        return hb_err_set(err, -EINVAL, _("There is no person \"%s\"."),
                          person);
    hb_random(id, sizeof(id));
    hb_hex(id, sizeof(id), ret->w.id);
    ret->w.uid = ret->user->pw_uid;
    ret->w.opened = hb_now() / 1000000 * 1000000;
    ret->w.until = ret->w.opened + (int64_t)(ns / 1000000 * 1000000);
    return 0;
}

static int put(const struct hb_cli *cli, const char *site, struct wanted *want,
               struct hb_err *err)
{
    _cleanup_close_ int dir = -1, held = -1;
    struct hb_key *key = NULL;
    int r = site_dir(cli, site, &dir, err);

    if (r == 0 && !hb_copyz(want->w.site, sizeof(want->w.site), site))
        r = hb_err_set(err, -EINVAL, _("There is no site \"%s\"."), site);
    if (r == 0)
        r = hb_client_key(want->key_file, want->pass, &key, err);
    if (r == 0)
        r = lock(dir, &held, err);
    if (r == 0)
        r = none_stands(cli, dir, site, err);
    if (r == 0)
        r = hb_window_open(dir, &want->w, key, err);
    hb_key_free(key);
    return r;
}

/* A lock with an end to our patience. */
static int hold(int fd)
{
    for (unsigned i = 0; i < AGAIN; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        (void)usleep(POLL_NS / 1000);
    }
    return -EBUSY;
}

/* While windows of the site are looked at and exchanged.  The file is root's:
 * a role that may read the directory must not hold us up. */
static int lock(int dir, int *ret, struct hb_err *err)
{
    int fd = openat(dir, ".window.lock",
                    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return hb_err_set(err, hb_neg_errno(), "window.lock: %s",
                          strerror(errno));
    if (hold(fd) == 0) {
        *ret = fd;
        return 0;
    }
    hb_close(&fd);
    return hb_err_set(err, -EBUSY,
                      _("somebody else opens or closes a window of this site "
                        "just now"));
}

/* Takes away the window ID, or any. */
static int close_it(int dir, const char *id)
{
    _cleanup_close_ int held = -1;
    int r = lock(dir, &held, NULL);

    return r < 0 ? r : hb_window_close(dir, id);
}

/* One at a time. */
static int none_stands(const struct hb_cli *cli, int dir, const char *site,
                       struct hb_err *err)
{
    char people[HB_MAX_PATH], until[40];
    struct hb_window w = {0};
    int r;

    r = hb_path(&cli->paths, HB_DIR_ETC, "people", people);
    if (r == 0)
        r = hb_window_read(dir, site, people, hb_now(), &w, NULL);
    /* One that counts for nothing is replaced. */
    if (r == -ENOENT || r == -EKEYREJECTED)
        return 0;
    if (r < 0)
        return hb_err_set(err, r, "window.json: %s", strerror(-r));
    return hb_err_set(err, -EBUSY,
                      _("a deploy window of user %u is open until %s, by %s; "
                        "close it first: hinoban site window close %s"),
                      w.uid, hb_time_utc(w.until, until, sizeof(until)),
                      w.opened_by, site);
}

static void await(const struct hb_cli *cli, const struct hb_window *w)
{
    if (!seen(cli, w))
        (void)fprintf(stderr,
                      _("hinoban: the watch has not answered yet; changes may "
                        "be undone at first\n"));
}

/* compare says so in an event; without a service nobody does. */
static bool seen(const struct hb_cli *cli, const struct hb_window *w)
{
    uint64_t until = hb_mono() + SEEN_NS;
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_jw j;

    hb_jw_init(&j, &args);
    hb_jw_obj(&j, NULL);
    hb_jw_str(&j, "site", w->site);
    hb_jw_str(&j, "text", w->id);
    hb_jw_int(&j, "from_ns", w->opened);
    hb_jw_int(&j, "limit", 1);
    hb_jw_end_obj(&j);
    while (hb_mono() < until) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        const struct hb_json *answer, *data;
        struct hb_err err = {0};

        if (a == NULL || hb_client_call(cli, a, "event.list", hb_buf_z(&args),
                                        &answer, &err) < 0)
            return false;
        data = hb_json_get(answer, "data");
        if (data != NULL && data->count > 0)
            return true;
        (void)usleep(POLL_NS / 1000);
    }
    return false;
}

static _Noreturn void child(const struct passwd *user, int go, char **argv)
{
    char byte;

    if (read(go, &byte, 1) != 1)
        _exit(1); /* no window was opened */
    if (setgid(user->pw_gid) < 0 ||
        initgroups(user->pw_name, user->pw_gid) < 0 ||
        setuid(user->pw_uid) < 0) {
        (void)fprintf(stderr, "hinoban: %s: %s\n", user->pw_name,
                      strerror(errno));
        _exit(126);
    }
    (void)execvp(argv[0], argv);
    (void)fprintf(stderr, "hinoban: %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static int site_dir(const struct hb_cli *cli, const char *name, int *ret,
                    struct hb_err *err)
{
    struct hb_cli_site s;
    int r = hb_cli_site_open(cli, name, &s, err);

    if (r == 0) {
        *ret = openat(s.base, name,
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (*ret < 0)
            r = hb_err_set(err, -errno,
                           _("the site \"%s\" has no baseline "
                             "yet"),
                           name);
    }
    hb_cli_site_done(&s);
    return r;
}

/* An empty list where there is none.  With RET_DIR it is locked as long as
 * that is open. */
static int list_read(const struct hb_cli *cli, struct hb_arena *a,
                     const char *name, int *ret_dir,
                     struct hb_pending_list *ret, struct hb_err *err)
{
    _cleanup_close_ int dir = -1;
    char path[HB_MAX_PATH];
    struct hb_cli_site s;
    int r = a == NULL ? -ENOMEM : hb_cli_site_open(cli, name, &s, err);

    if (a != NULL)
        hb_cli_site_done(&s);
    if (r == 0)
        r = hb_path(&cli->paths, HB_DIR_PENDING, name, path);
    if (r < 0)
        return r;
    *ret = (struct hb_pending_list){0};
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    r = dir < 0 ? hb_neg_errno() : 0;
    if (r == 0 && ret_dir != NULL)
        r = hold(dir);
    if (r == 0)
        r = hb_pending_read(dir, a, ret, err);
    if (r == -ENOENT)
        r = 0;
    else if (r < 0)
        return hb_err_set(err, r, "%s: %s", path, strerror(-r));
    if (ret_dir != NULL) {
        *ret_dir = dir;
        dir = -1;
    }
    return r;
}

/* LIST becomes the named part of itself; a directory names what is below, but
 * EXPRESSLY only itself. */
static int list_part(struct hb_arena *a, struct hb_pending_list *list,
                     char **paths, int n, bool expressly, struct hb_err *err)
{
    struct hb_pending_list part = *list;

    part.v = HB_NEW_N(a, struct hb_pending, list->n + 1);
    part.n = 0;
    if (part.v == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    for (int k = 0; k < n; k++) {
        size_t len = strlen(paths[k]), hits = 0;

        for (size_t i = 0; i < list->n; i++) {
            struct hb_slice p = list->v[i].path;

            hits += p.n >= len && memcmp(p.p, paths[k], len) == 0 &&
                    (p.n == len || p.p[len] == '/');
        }
        if (hits == 0)
            return hb_err_set(err, -ENOENT, _("%s does not wait"), paths[k]);
    }
    for (size_t i = 0; i < list->n; i++) {
        struct hb_slice p = list->v[i].path;

        for (int k = 0; k < n; k++) {
            size_t len = strlen(paths[k]);

            if (p.n < len || memcmp(p.p, paths[k], len) != 0 ||
                (p.n > len && p.p[len] != '/'))
                continue;
            part.v[part.n] = list->v[i];
            for (int j = k; expressly && j < n; j++)
                if (hb_slice_eq(p, hb_slice_z(paths[j])))
                    part.v[part.n].expressly = true;
            part.n++;
            break;
        }
    }
    *list = part;
    return 0;
}

static bool has(const struct hb_pending_list *list, struct hb_slice path)
{
    for (size_t i = 0; i < list->n; i++)
        if (hb_slice_eq(list->v[i].path, path))
            return true;
    return false;
}

static void print_one(const struct hb_pending *p)
{
    static const char marks[] = {'+', '~', '-'};
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char when[40];

    hb_show(&b, p->path);
    printf("%c%c %10llu  %5u  %s  %s\n", marks[p->kind],
           p->executes ? '!' : ' ', (unsigned long long)p->size, p->uid,
           hb_time_utc(p->time, when, sizeof(when)), hb_buf_z(&b));
}

static void json_one(struct hb_jw *j, const struct hb_pending *p)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char hex[2 * HB_SHA256_SIZE + 1], when[40];

    hb_path_escape(&b, p->path, 0x20);
    hb_hex(p->sha256, HB_SHA256_SIZE, hex);
    hb_jw_obj(j, NULL);
    hb_jw_slice(j, "path", hb_buf_slice(&b));
    hb_jw_str(j, "kind", kinds[p->kind]);
    hb_jw_int(j, "size", (int64_t)p->size);
    hb_jw_int(j, "uid", p->uid);
    hb_jw_str(j, "time", hb_time_utc(p->time, when, sizeof(when)));
    hb_jw_bool(j, "executes", p->executes);
    hb_jw_str(j, "sha256", p->kind == HB_CHANGE_REMOVED ? "" : hex);
    hb_jw_end_obj(j);
}
