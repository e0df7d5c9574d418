/* SPDX-License-Identifier: Apache-2.0 */
/* relay.c - see relay.h. */
#include "net/relay.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"

static int one_line(int fd, char ret[HB_RELAY_SECRET]);

int hb_relay_send(const struct hb_conf_org *org, const char *password_file,
                  struct hb_mail *m, struct hb_err *err)
{
    char password[HB_RELAY_SECRET] = "";
    int r = 0;

    m->relay = org->mail_relay;
    m->from = org->mail_from;
    m->time = hb_now();
    m->plain = org->mail_unencrypted;
    m->ca_file = org->mail_ca[0] != '\0' ? org->mail_ca : NULL;
    if (org->mail_user[0] != '\0') {
        r = hb_relay_secret(password_file, "mail_password", password, err);
        m->user = org->mail_user;
        m->password = password;
    }
    if (r == 0)
        r = hb_mail_send(m, err);
    explicit_bzero(password, sizeof(password));
    m->user = m->password = NULL;
    return r;
}

int hb_relay_secret(const char *path, const char *setting,
                    char ret[HB_RELAY_SECRET], struct hb_err *err)
{
    _cleanup_close_ int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat st = {0};
    char why[128];
    int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

    if (r < 0)
        return hb_err_at(err, r, path, 0, 0, "%s: %s", path,
                         hb_errno_text(r, why, sizeof(why)));
    if ((st.st_mode & 0177) != 0)
        return hb_err_at(err, -EPERM, path, 0, 0,
                         _("the file of \"%s\" has mode %04o; give it 0600 "
                           "(chmod 600), and change the secret if others may "
                           "have read it"),
                         setting, (unsigned)st.st_mode & 07777u);
    r = S_ISREG(st.st_mode) ? one_line(fd, ret) : -EINVAL;
    if (r < 0)
        return hb_err_at(err, r, path, 0, 0,
                         _("the file of \"%s\" must hold one line, the "
                           "secret"),
                         setting);
    return 0;
}

/* ---- static ---- */

static int one_line(int fd, char ret[HB_RELAY_SECRET])
{
    ssize_t n = hb_pread_full(fd, ret, HB_RELAY_SECRET, 0);
    size_t len;

    if (n < 0)
        return (int)n;
    len = (size_t)n;
    if (len > 0 && ret[len - 1] == '\n')
        len--;
    if (len > 0 && ret[len - 1] == '\r')
        len--;
    if (len == 0 || len >= HB_RELAY_SECRET)
        return -EINVAL;
    ret[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)ret[i] < ' ' || ret[i] == 0x7f)
            return -EINVAL;
    return 0;
}
