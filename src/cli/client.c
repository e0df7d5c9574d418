/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.c - the command line's side of ctl.sock (core/core_ctl.c has the
 * other).  Runs as whoever calls; believes the service, which root started.
 */
#include "cli/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/file.h"
#include "base/sock.h"
#include "crypto/passphrase.h"

#define PATIENCE_S 60
#define EXPORT_S   3600 /* every content is copied and hashed before it ends */

static int talk(const struct hb_cli *cli, struct hb_arena *a, const char *cmd,
                const char *args, int send_fd, const struct hb_json **ret,
                int *ret_fd, struct hb_err *err);
static int exchange(int fd, struct hb_buf *request, int send_fd,
                    time_t patience_s, struct hb_buf *answer, int *passed);

int hb_client_call(const struct hb_cli *cli, struct hb_arena *a,
                   const char *cmd, const char *args,
                   const struct hb_json **ret, struct hb_err *err)
{
    _cleanup_close_ int fd = -1;

    return talk(cli, a, cmd, args, -1, ret, &fd, err);
}

int hb_client_call_fd(const struct hb_cli *cli, struct hb_arena *a,
                      const char *cmd, const char *args,
                      const struct hb_json **ret, int *ret_fd,
                      struct hb_err *err)
{
    return talk(cli, a, cmd, args, -1, ret, ret_fd, err);
}

int hb_client_send_fd(const struct hb_cli *cli, struct hb_arena *a,
                      const char *cmd, const char *args, int fd,
                      const struct hb_json **ret, struct hb_err *err)
{
    _cleanup_close_ int got = -1;

    return talk(cli, a, cmd, args, fd, ret, &got, err);
}

static int talk(const struct hb_cli *cli, struct hb_arena *a, const char *cmd,
                const char *args, int send_fd, const struct hb_json **ret,
                int *ret_fd, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf request = HB_BUF_INIT, answer = HB_BUF_INIT;
    _cleanup_close_ int fd = -1, passed = -1;
    char path[HB_MAX_PATH];
    struct hb_json *tree;
    struct hb_slice text;
    struct hb_jw w;
    int r = hb_path(&cli->paths, HB_DIR_RUN, "ctl.sock", path);

    if (r == 0)
        r = hb_sock_connect(path, SOCK_STREAM, &fd);
    if (r < 0)
        return hb_err_set(err, r,
                          _("Nobody listens at %s: is Hinoban running? "
                            "(systemctl start hinoban.target, or ./dev up)"),
                          path);
    hb_jw_init(&w, &request);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "v", 1);
    hb_jw_str(&w, "cmd", cmd);
    hb_jw_str(&w, "lang", hb_lang_code(hb_i18n_lang()));
    hb_jw_raw(&w, "args", hb_slice_z(args));
    hb_jw_end_obj(&w);
    hb_buf_addc(&request, '\n');
    r = exchange(fd, &request, send_fd,
                 hb_streq(cmd, "evidence.export") ? EXPORT_S : PATIENCE_S,
                 &answer, &passed);
    if (r < 0)
        return hb_err_set(err, r, _("The service did not answer."));
    text.p = hb_arena_dup(a, hb_buf_z(&answer), answer.n);
    text.n = answer.n;
    if (text.p == NULL)
        return -ENOMEM;
    r = hb_json_parse(a, text, &tree, err);
    if (r < 0)
        return r;
    if (!hb_json_bool(tree, "ok", false))
        return hb_err_set(err, (int)hb_json_int(tree, "code", -EIO), "%s",
                          hb_json_str(tree, "error", "?"));
    *ret = tree;
    *ret_fd = passed;
    passed = -1;
    return 0;
}

int hb_client_print(const struct hb_cli *cli, const char *cmd, const char *args)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_json *answer = NULL;
    struct hb_err err = {0};

    if (a == NULL)
        return hb_cli_fail_code("memory", -ENOMEM);
    if (hb_client_call(cli, a, cmd, args, &answer, &err) < 0)
        return hb_cli_fail(&err);
    return hb_client_show(cli, answer);
}

int hb_client_show(const struct hb_cli *cli, const struct hb_json *answer)
{
    _cleanup_buf_ struct hb_buf json = HB_BUF_INIT;
    const struct hb_json *data;

    if (!cli->json) {
        (void)fputs(hb_json_str(answer, "text", ""), stdout);
        return hb_cli_flush();
    }
    data = hb_json_get(answer, "data");
    if (data != NULL)
        hb_json_write(&json, data);
    else
        hb_buf_addz(&json, "null");
    printf("%s\n", hb_buf_z(&json));
    return hb_cli_flush();
}

int hb_client_me(const struct hb_cli *cli, struct hb_arena *a,
                 const char *person, const char **ret, struct hb_err *err)
{
    const struct hb_json *answer = NULL;
    int r = 0;

    if (person == NULL) {
        r = hb_client_call(cli, a, "person.me", "{}", &answer, err);
        if (r == 0)
            person = hb_json_str(hb_json_get(answer, "data"), "name", "?");
    }
    *ret = person;
    return r;
}

int hb_cli_said(const struct hb_cli *cli, const char *member, const char *value,
                const char *fmt, ...)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_jw w;
    va_list ap;

    if (!cli->json) {
        va_start(ap, fmt);
        (void)vprintf(fmt, ap);
        va_end(ap);
        return hb_cli_flush();
    }
    hb_jw_init(&w, &b);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, member, value);
    hb_jw_end_obj(&w);
    if (hb_buf_err(&b) < 0)
        return hb_cli_fail_code(member, hb_buf_err(&b));
    printf("%s\n", hb_buf_z(&b));
    return hb_cli_flush();
}

void hb_client_tell(const struct hb_cli *cli, const char *cmd)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_json *answer;
    struct hb_err err = {0};

    /* Set-up works without a service too; it reads the files at its start. */
    if (a != NULL && hb_client_call(cli, a, cmd, "{}", &answer, &err) < 0 &&
        err.code != -ENOENT && err.code != -ECONNREFUSED)
        (void)hb_cli_fail(&err);
}

int hb_client_key(const char *file, const char *passphrase_file,
                  struct hb_key **ret, struct hb_err *err)
{
    const char *home = getenv("HOME"), *from_env = getenv("HINOBAN_KEY");
    char path[HB_MAX_PATH], pass[HB_MAX_PASSPHRASE + 1];
    int r;

    if (file == NULL)
        file = from_env;
    if (file == NULL) {
        if (home == NULL)
            return hb_err_set(err, -ENOKEY, _("Say which key: --key FILE"));
        r = snprintf(path, sizeof(path), "%s/.config/hinoban/person.key", home);
        if (r < 0 || (size_t)r >= sizeof(path))
            return -ENAMETOOLONG;
        file = path;
    }
    /* A key without a passphrase loads at once; the other one says so. */
    r = hb_key_load(file, NULL, ret, NULL);
    if (r == 0)
        return 0;
    if (r == -ENOENT || r == -EPERM)
        return hb_key_load(file, NULL, ret, err);
    r = hb_passphrase_read(passphrase_file, "person",
                           _("Passphrase of your key: "), false, pass, err);
    if (r < 0)
        return r;
    r = hb_key_load(file, pass, ret, err);
    hb_wipe(pass, sizeof(pass));
    return r;
}

const char *hb_client_opt(int *argc, char **argv, const char *name)
{
    size_t n = strlen(name);
    const char *value = NULL;

    for (int i = 1; i < *argc; i++) {
        int used = 0;

        if (strncmp(argv[i], name, n) != 0)
            continue;
        if (argv[i][n] == '=') {
            value = argv[i] + n + 1;
            used = 1;
        } else if (argv[i][n] == '\0' && i + 1 < *argc) {
            value = argv[i + 1];
            used = 2;
        }
        if (used == 0)
            continue;
        memmove(&argv[i], &argv[i + used],
                (size_t)(*argc - i - used + 1) * sizeof(*argv));
        *argc -= used;
        return value;
    }
    return NULL;
}

bool hb_client_flag(int *argc, char **argv, const char *name)
{
    for (int i = 1; i < *argc; i++) {
        if (!hb_streq(argv[i], name))
            continue;
        memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i) * sizeof(*argv));
        (*argc)--;
        return true;
    }
    return false;
}

/* A descriptor comes with the first byte, if at all. */
static int exchange(int fd, struct hb_buf *request, int send_fd,
                    time_t patience_s, struct hb_buf *answer, int *passed)
{
    struct timeval limit = {.tv_sec = patience_s};
    char part[16384];
    ssize_t n;
    int r = hb_buf_err(request);

    /* A service that hangs must not hang us. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
        return -errno;
    if (r == 0 && send_fd >= 0)
        r = hb_sock_send(fd, request->p, 1, &send_fd, 1);
    if (r == 0)
        r = hb_write_all(fd, request->p + (send_fd >= 0),
                         request->n - (send_fd >= 0));
    if (r < 0)
        return r;
    while (
        (n = hb_sock_recv(fd, part, sizeof(part), *passed < 0 ? passed : NULL,
                          *passed < 0 ? 1 : 0, NULL)) != 0) {
        if (n < 0)
            return (int)n;
        hb_buf_add(answer, part, (size_t)n);
    }
    if (hb_buf_err(answer) < 0)
        return hb_buf_err(answer);
    return answer->n == 0 ? -ECONNRESET : 0;
}
