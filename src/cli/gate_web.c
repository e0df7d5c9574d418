/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_web.c - files that the workers of the web server look at each second
 * (guard/nginx/state.c): root writes them, the workers' group may read.
 */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/gate.h"
#include "control/check.h"

static gid_t web_group(const struct hb_cli_gate *g);

int hb_cli_gate_for_web(const struct hb_cli_gate *g, const char *path,
                        struct hb_slice text, struct hb_err *err)
{
    char new[HB_MAX_PATH + 8], why[128];
    _cleanup_close_ int fd = -1;
    int r = 0;

    (void)snprintf(new, sizeof(new), "%s.new", path);
    (void)unlink(new);
    fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || fchown(fd, 0, web_group(g)) < 0 || fchmod(fd, 0640) < 0)
        r = hb_neg_errno();
    if (r == 0)
        r = hb_write_all(fd, text.p, text.n);
    if (r == 0)
        r = hb_fsync(fd);
    if (r == 0 && rename(new, path) < 0)
        r = hb_neg_errno();
    if (r < 0)
        return hb_err_set(err, r, "%s: %s", path,
                          hb_errno_text(r, why, sizeof(why)));
    return 0;
}

static gid_t web_group(const struct hb_cli_gate *g)
{
    const struct hb_machine m = {
        .prefix = "", .arena = g->a, .now = g->gate.now, .config = g->config};
    struct hb_ngx *root = NULL;
    const char *user = "www-data";
    const struct passwd *p;

    if (hb_ngx_load(&m, &root) == 0)
        user = hb_ngx_user(&m, root);
    p = getpwnam(user);
    return p != NULL ? p->pw_gid : 0;
}
