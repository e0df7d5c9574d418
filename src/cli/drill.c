/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drill.c - `hinoban drill N [A|B]` and `hinoban drill N --canary`.
 *
 * Runs as root: the sandbox of a drill needs network namespaces.  The drill's
 * script (drills/NN-*.py) prints one JSON object for each thing that it
 * expected; here they become a proof, signed with the evidence key, bound to
 * this program, configuration, case book and the guarded assets, and handed to
 * core.  The canary is a harmless act on the real asset: a marker file in
 * each real document root, which must be noticed and taken out.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/num.h"
#include "base/run.h"
#include "cli/client.h"
#include "cli/prove.h"
#include "config/config.h"

#define DRILL_MS  (15 * 60 * 1000)
#define CANARY_NS (10 * HB_S)
#define PARTS_MAX 256

struct result {
    struct hb_arena *arena;
    struct hb_proof_part parts[PARTS_MAX];
    size_t n;
    unsigned failed, not_yet;
};

static int script(const struct hb_cli *cli, int64_t number, char *path);
static int run_script(const struct hb_cli *cli, const char *path,
                      const char *which, struct result *ret,
                      struct hb_err *err);
static int read_parts(struct result *ret, struct hb_slice text,
                      struct hb_err *err);
static int canary(const struct hb_cli *cli, struct result *ret,
                  struct hb_err *err);
static int canary_one(const struct hb_conf_site *site, struct result *ret);
static void add(struct result *r, const char *name, enum hb_part_state state,
                const char *expected, const char *seen, int64_t took);
static void print(const struct hb_cli *cli, const struct result *r);

int hb_cmd_drill(struct hb_cli *cli, int argc, char **argv)
{
    bool on_real = hb_client_flag(&argc, argv, "--canary");
    bool keep = !hb_client_flag(&argc, argv, "--no-proof");
    const char *which = argc > 2 ? argv[2] : NULL;
    struct result res = {.arena = hb_arena_new(0)};
    char path[HB_MAX_PATH];
    struct hb_err err = {0};
    int64_t number;
    int r;

    if (argc < 2 || argc > 3 ||
        hb_parse_i64(hb_slice_z(argv[1]), &number) < 0 ||
        (which != NULL && !hb_streq(which, "A") && !hb_streq(which, "B")))
        return hb_cli_usage(cli, _("say which case: drill 2 [A|B]"));
    if (res.arena == NULL)
        return hb_cli_fail_code("memory", -ENOMEM);
    if (geteuid() != 0)
        r = hb_err_set(&err, -EPERM,
                       _("A drill needs root: it makes network namespaces."));
    else if (on_real)
        r = canary(cli, &res, &err);
    else if ((r = script(cli, number, path)) < 0)
        r = hb_err_set(&err, r, _("There is no drill of case %lld yet."),
                       (long long)number);
    else
        r = run_script(cli, path, which, &res, &err);
    if (r == 0)
        print(cli, &res);
    /* Half a drill proves nothing: only whole runs are signed. */
    if (r == 0 && res.failed == 0 && keep && which == NULL &&
        access(cli->config, F_OK) == 0)
        r = hb_cli_prove(cli, res.arena,
                         on_real ? HB_PROOF_CANARY : HB_PROOF_REHEARSAL,
                         (unsigned)number, res.parts, res.n, &err);
    hb_arena_free(res.arena);
    if (r < 0)
        return hb_cli_fail(&err);
    return res.failed == 0 ? hb_cli_flush() : HB_EXIT_FAILED;
}

/* drills/NN-*.py of the data directory. */
static int script(const struct hb_cli *cli, int64_t number, char *path)
{
    char dir[HB_MAX_PATH], prefix[8];
    struct dirent *e;
    int r = hb_path(&cli->paths, HB_DIR_DATA, "drills", dir);
    DIR *d = r == 0 ? opendir(dir) : NULL;

    if (d == NULL)
        return r < 0 ? r : -errno;
    (void)snprintf(prefix, sizeof(prefix), "%02d-", (int)(number % 100));
    r = -ENOENT;
    while (r == -ENOENT && (e = readdir(d)) != NULL) {
        size_t n = strlen(e->d_name);

        if (strncmp(e->d_name, prefix, 3) != 0 || n < 4 ||
            !hb_streq(e->d_name + n - 3, ".py"))
            continue;
        r = snprintf(path, HB_MAX_PATH, "%s/%s", dir, e->d_name) <
                    (int)HB_MAX_PATH
                ? 0
                : -ENAMETOOLONG;
    }
    (void)closedir(d);
    return r;
}

static int run_script(const struct hb_cli *cli, const char *path,
                      const char *which, struct result *ret, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT, errors = HB_BUF_INIT;
    const char *locale = getenv("HINOBAN_LOCALEDIR");
    char self[HB_MAX_PATH];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    const char *argv[] = {"/usr/bin/python3", path, which, NULL};
    const char *env[5] = {
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        hb_arena_printf(ret->arena, "HB_DRILL_PROGRAM=%.*s", (int)n, self),
        hb_arena_printf(ret->arena, "HB_DRILL_DATA=%s",
                        cli->paths.dir[HB_DIR_DATA]),
        hb_arena_printf(ret->arena, "HINOBAN_LOCALEDIR=%s",
                        locale != NULL ? locale : HB_LOCALEDIR),
        NULL};
    struct hb_run how = {.argv = argv,
                         .env = env,
                         .timeout_ms = DRILL_MS,
                         .out = &out,
                         .errors = &errors};
    int r;

    if (n < 0 || env[1] == NULL || env[2] == NULL || env[3] == NULL)
        return -ENOMEM;
    r = hb_run(&how);
    if (r < 0)
        return hb_err_set(err, r, "%s: %s", path, strerror(-r));
    n = read_parts(ret, hb_buf_slice(&out), err);
    if (n < 0)
        return (int)n;
    if (ret->n == 0 || (r != 0 && ret->failed == 0))
        return hb_err_set(err, -EIO, _("The drill ended with status %d: %s"), r,
                          hb_buf_z(&errors));
    return 0;
}

static int read_parts(struct result *ret, struct hb_slice text,
                      struct hb_err *err)
{
    static const char *const states[] = {[HB_PART_PASSED] = "passed",
                                         [HB_PART_FAILED] = "failed",
                                         [HB_PART_NOT_YET] = "not-yet"};

    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end != NULL ? (size_t)(end - text.p) : text.n;
        struct hb_json *o;
        size_t st = 0;
        int r = hb_json_parse(ret->arena, hb_slice(text.p, n), &o, err);

        if (r < 0)
            return r;
        while (st < HB_ARRAY_LEN(states) &&
               !hb_streq(states[st], hb_json_str(o, "state", "")))
            st++;
        if (st == HB_ARRAY_LEN(states))
            return hb_err_set(err, -EBADMSG,
                              _("The drill said something unknown."));
        add(ret, hb_json_str(o, "part", "?"), (enum hb_part_state)st,
            hb_json_str(o, "expected", ""), hb_json_str(o, "seen", ""),
            hb_json_int(o, "took_ns", -1));
        text.p += n + (end != NULL);
        text.n -= n + (end != NULL);
    }
    return 0;
}

static int canary(const struct hb_cli *cli, struct result *ret,
                  struct hb_err *err)
{
    _cleanup_config_ struct hb_config *c = NULL;
    const struct hb_conf_site *site;
    int r = hb_config_load(cli->config, &c, err);

    if (r < 0)
        return r;
    site = c->sites.v;
    if (c->sites.n == 0)
        return hb_err_set(err, -ENOENT, _("No site is configured."));
    for (size_t i = 0; i < c->sites.n && r == 0; i++)
        r = canary_one(&site[i], ret);
    return r < 0 ? hb_err_set(err, r, "canary: %s", strerror(-r)) : 0;
}

/* A marker that no visitor finds (random name) and that harms nobody. */
static int canary_one(const struct hb_conf_site *site, struct result *ret)
{
    static const char text[] = "Hinoban canary: this file tests the guard "
                               "and will be taken out at once.\n";
    uint8_t random[8];
    char hex[17], path[HB_MAX_PATH];
    uint64_t began = hb_mono();
    struct stat st;
    int fd, r;

    hb_random(random, sizeof(random));
    hb_hex(random, sizeof(random), hex);
    r = snprintf(path, sizeof(path), "%s/hinoban-canary-%s.txt", site->root,
                 hex);
    if (r < 0 || (size_t)r >= sizeof(path))
        return -ENAMETOOLONG;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    r = hb_write_all(fd, text, sizeof(text) - 1);
    (void)close(fd);
    while (r == 0 && lstat(path, &st) == 0 && hb_mono() - began < CANARY_NS)
        (void)usleep(1000);
    if (r == 0 && lstat(path, &st) < 0 && errno == ENOENT) {
        add(ret, site->name, HB_PART_PASSED,
            "a marker in the real document root is taken out", "taken out",
            (int64_t)(hb_mono() - began));
    } else {
        (void)unlink(path);
        add(ret, site->name, HB_PART_FAILED,
            "a marker in the real document root is taken out",
            "it stood for 10 s", -1);
    }
    return r;
}

static void add(struct result *r, const char *name, enum hb_part_state state,
                const char *expected, const char *seen, int64_t took)
{
    if (r->n == PARTS_MAX)
        return;
    r->parts[r->n++] = (struct hb_proof_part){.name = name,
                                              .state = state,
                                              .expected = expected,
                                              .seen = seen,
                                              .took_ns = took};
    r->failed += state == HB_PART_FAILED;
    r->not_yet += state == HB_PART_NOT_YET;
}

static void print(const struct hb_cli *cli, const struct result *r)
{
    static const char *const marks[] = {[HB_PART_PASSED] = "[x]",
                                        [HB_PART_FAILED] = "[!]",
                                        [HB_PART_NOT_YET] = "[ ]"};
    static const char *const names[] = {[HB_PART_PASSED] = "passed",
                                        [HB_PART_FAILED] = "failed",
                                        [HB_PART_NOT_YET] = "not-yet"};

    for (size_t i = 0; i < r->n; i++) {
        const struct hb_proof_part *p = &r->parts[i];
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
        struct hb_jw w;

        if (!cli->json) {
            printf("%s %-24s %s: %s\n", marks[p->state], p->name, p->expected,
                   p->seen);
            continue;
        }
        hb_jw_init(&w, &b);
        hb_jw_obj(&w, NULL);
        hb_jw_str(&w, "part", p->name);
        hb_jw_str(&w, "state", names[p->state]);
        hb_jw_str(&w, "expected", p->expected);
        hb_jw_str(&w, "seen", p->seen);
        hb_jw_int(&w, "took_ns", p->took_ns);
        hb_jw_end_obj(&w);
        printf("%s\n", hb_buf_z(&b));
    }
    if (!cli->json)
        printf(_("%zu parts, %u failed, %u not yet.\n"), r->n, r->failed,
               r->not_yet);
}
