/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask.h - requests to the core of box.h by real accounts of the kernel.
 */
#ifndef HB_TESTS_CORE_ASK_H
#define HB_TESTS_CORE_ASK_H

#include "core/box.h"

#include <sys/wait.h>

/* What the answer to CMD with ARGS is, asked by UID; FILE goes along. */
static inline const char *ask(uid_t uid, const char *cmd, const char *args,
                              const char *file)
{
    static char buf[65536];
    int out[2], status = 0;
    size_t got = 0;
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe(out), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        static char text[1 << 17];
        int fd, sent = file != NULL ? open(file, O_RDONLY) : -1;

        if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0 ||
            hb_sock_connect(ctl_path, SOCK_STREAM, &fd) < 0)
            _exit(2);
        n = snprintf(text, sizeof(text),
                     "{\"v\":1,\"cmd\":\"%s\",\"args\":%s}\n", cmd, args);
        if (sent >= 0 && hb_sock_send(fd, text, 1, &sent, 1) < 0)
            _exit(2);
        if (hb_write_all(fd, text + (sent >= 0), (size_t)n - (sent >= 0)) < 0)
            _exit(2);
        while ((n = read(fd, buf, sizeof(buf))) > 0)
            if (hb_write_all(out[1], buf, (size_t)n) < 0)
                _exit(2);
        _exit(0);
    }
    (void)close(out[1]);
    for (int i = 0; i < 5000 && waitpid(pid, &status, WNOHANG) == 0; i++)
        turn(1);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    while (got < sizeof(buf) - 1 &&
           (n = read(out[0], buf + got, sizeof(buf) - 1 - got)) > 0)
        got += (size_t)n;
    (void)close(out[0]);
    buf[got] = '\0';
    return buf;
}

static inline bool has(const char *text, const char *words)
{
    return strstr(text, words) != NULL;
}

#endif
