/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passphrase.c - reads a passphrase from a file, a systemd credential or the
 * terminal.
 *
 * Runs in short-lived clients (and in units that load a credential).  The
 * terminal is /dev/tty, not standard input: a passphrase does not come
 * through a pipe by accident.  Echo is put back on every way out, signals
 * that end the program included (they are held back while echo is off).
 */
#include "crypto/passphrase.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <termios.h>

#include "base/file.h"
#include "base/i18n.h"

static int from_file(int dirfd, const char *path, char *buf,
                     struct hb_err *err);
static int from_terminal(const char *prompt, bool twice, char *buf,
                         struct hb_err *err);
static int ask(int tty, const char *prompt, char *buf);
static int cut_line(char *buf, size_t n);

/* --- public --- */

int hb_passphrase_read(const char *file, const char *name, const char *prompt,
                       bool twice, char *buf, struct hb_err *err)
{
    const char *dir;

    buf[0] = '\0';
    if (file != NULL)
        return from_file(AT_FDCWD, file, buf, err);
    dir = getenv("CREDENTIALS_DIRECTORY");
    if (name != NULL && dir != NULL && strchr(name, '/') == NULL) {
        _cleanup_close_ int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0 && faccessat(fd, name, F_OK, 0) == 0)
            return from_file(fd, name, buf, err);
    }
    if (prompt != NULL)
        return from_terminal(prompt, twice, buf, err);
    return hb_err_set(err, -ENOKEY, _("no passphrase was given"));
}

/* --- static --- */

static int from_file(int dirfd, const char *path, char *buf, struct hb_err *err)
{
    _cleanup_close_ int fd =
        openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    ssize_t n;
    int r;

    if (fd < 0)
        return hb_err_at(err, -errno, path, 0, 0,
                         _("the passphrase file could not be opened"));
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return hb_err_at(err, -EINVAL, path, 0, 0,
                         _("a passphrase file must be a regular file"));
    if ((st.st_mode & 077) != 0 || (st.st_uid != 0 && st.st_uid != geteuid()))
        return hb_err_at(err, -EPERM, path, 0, 0,
                         _("others may read this passphrase; change it, and "
                           "keep it in a file of mode 0600"));
    n = hb_pread_full(fd, buf, HB_MAX_PASSPHRASE + 1, 0);
    r = n < 0 ? (int)n : cut_line(buf, (size_t)n);
    if (r < 0) {
        hb_wipe(buf, HB_MAX_PASSPHRASE + 1);
        return hb_err_at(err, r, path, 0, 0,
                         _("a passphrase is one line of 1 to %u bytes"),
                         HB_MAX_PASSPHRASE - 1);
    }
    return 0;
}

static int from_terminal(const char *prompt, bool twice, char *buf,
                         struct hb_err *err)
{
    _cleanup_close_ int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    char again[HB_MAX_PASSPHRASE + 1];
    int r;

    if (tty < 0)
        return hb_err_set(err, -ENOKEY,
                          _("there is no terminal to ask for the passphrase; "
                            "name a file with --passphrase-file"));
    r = ask(tty, prompt, buf);
    if (r == 0 && twice) {
        r = ask(tty, _("Once more: "), again);
        if (r == 0 && !hb_streq(buf, again))
            r = -EKEYREJECTED;
        hb_wipe(again, sizeof(again));
    }
    if (r < 0)
        hb_wipe(buf, HB_MAX_PASSPHRASE + 1);
    if (r == -EKEYREJECTED)
        return hb_err_set(err, r, _("the two passphrases differ"));
    if (r < 0)
        return hb_err_set(err, r,
                          _("a passphrase is one line of 1 to %u bytes"),
                          HB_MAX_PASSPHRASE - 1);
    return 0;
}

static int ask(int tty, const char *prompt, char *buf)
{
    struct termios old, quiet;
    sigset_t all, before;
    size_t n = 0;
    int r = 0;

    if (tcgetattr(tty, &old) < 0)
        return -errno;
    quiet = old;
    quiet.c_lflag &= (tcflag_t) ~(ECHO | ECHOE | ECHOK | ECHONL);
    /* Held back until echo is on again; SIGINT and the like act then. */
    sigfillset(&all);
    if (sigprocmask(SIG_BLOCK, &all, &before) < 0)
        return -errno;
    if (tcsetattr(tty, TCSAFLUSH, &quiet) < 0 ||
        hb_write_all(tty, prompt, strlen(prompt)) < 0)
        r = -EIO;
    while (r == 0 && n <= HB_MAX_PASSPHRASE) {
        ssize_t got = read(tty, buf + n, 1);

        if (got <= 0) {
            r = got < 0 ? -errno : -EINVAL;
        } else if (buf[n++] == '\n') {
            break;
        }
    }
    (void)tcsetattr(tty, TCSAFLUSH, &old);
    if (hb_write_all(tty, "\n", 1) < 0 && r == 0)
        r = -EIO;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return r < 0 ? r : cut_line(buf, n);
}

/* Ends the N bytes (of HB_MAX_PASSPHRASE + 1) at the line's end. */
static int cut_line(char *buf, size_t n)
{
    if (n > HB_MAX_PASSPHRASE)
        return -EINVAL;
    if (n > 0 && buf[n - 1] == '\n')
        n--;
    if (n > 0 && buf[n - 1] == '\r')
        n--;
    buf[n] = '\0';
    if (n == 0 || strlen(buf) != n || strchr(buf, '\n') != NULL)
        return -EINVAL;
    return 0;
}
