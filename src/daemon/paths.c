/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths.c - where everything lies, below one root.
 *
 * Runs in every process at its start, before the sandbox.  The root comes
 * from the command line or the environment of whoever starts us (systemd, the
 * supervisor, an operator); roles are given it as an option, never as input.
 * A relative root is made absolute at once: a role's working directory is
 * "/", and what a path means must not change underneath it.
 */
#include "daemon/paths.h"

#include <limits.h>

#include "base/num.h"

static int absolute_root(const char *root, char out[HB_MAX_PATH]);
static int join(char out[HB_MAX_PATH], const char *a, const char *b);

static const char *const dir_below[HB_DIR_COUNT] = {
    [HB_DIR_ETC] = "/etc/hinoban",
    [HB_DIR_STATE] = "/var/lib/hinoban/state",
    [HB_DIR_BASELINE] = "/var/lib/hinoban/baseline",
    [HB_DIR_HELPER] = "/var/lib/hinoban/helper",
    [HB_DIR_PRIVATE] = "/var/lib/hinoban/private",
    [HB_DIR_PENDING] = "/var/lib/hinoban/pending",
    [HB_DIR_GATE] = "/var/lib/hinoban/gate",
    [HB_DIR_SHARE] = "/var/lib/hinoban/share",
    [HB_DIR_SHARE_KEYS] = "/var/lib/hinoban/share-keys",
    [HB_DIR_RUN] = "/run/hinoban",
    [HB_DIR_DATA] = HB_DATADIR,
};

int hb_paths_init(struct hb_paths *p, const char *root)
{
    struct hb_paths new = {0};
    const char *data = getenv("HINOBAN_DATADIR");
    int r;

    if (root == NULL)
        root = getenv("HINOBAN_ROOT");
    if (root == NULL || root[0] == '\0')
        root = "/";
    r = absolute_root(root, new.root);
    for (unsigned i = 0; r == 0 && i < HB_DIR_COUNT; i++) {
        bool whole = hb_streq(new.root, "/");

        r = join(new.dir[i], whole ? "" : new.root, dir_below[i]);
    }
    if (r == 0 && data != NULL && data[0] == '/')
        r = join(new.dir[HB_DIR_DATA], data, "");
    if (r < 0)
        return r;
    *p = new;
    return 0;
}

int hb_path(const struct hb_paths *p, enum hb_dir d, const char *name,
            char *buf)
{
    char out[HB_MAX_PATH];
    int n = snprintf(out, sizeof(out), "%s/%s", p->dir[d], name);

    if (n < 0 || (size_t)n >= sizeof(out))
        return -ENAMETOOLONG;
    memcpy(buf, out, (size_t)n + 1);
    return 0;
}

static int absolute_root(const char *root, char out[HB_MAX_PATH])
{
    char cwd[HB_MAX_PATH];
    char real[PATH_MAX];
    size_t n;
    int r;

    if (realpath(root, real) != NULL)
        return join(out, real, "");
    /* It may not exist yet (`hinoban init` makes it). */
    if (root[0] == '/') {
        r = join(out, root, "");
    } else {
        if (getcwd(cwd, sizeof(cwd)) == NULL)
            return -errno;
        r = snprintf(out, HB_MAX_PATH, "%s/%s", hb_streq(cwd, "/") ? "" : cwd,
                     root);
        r = r < 0 || (unsigned)r >= HB_MAX_PATH ? -ENAMETOOLONG : 0;
    }
    if (r < 0)
        return r;
    for (n = strlen(out); n > 1 && out[n - 1] == '/'; n--)
        out[n - 1] = '\0';
    return 0;
}

static int join(char out[HB_MAX_PATH], const char *a, const char *b)
{
    int n = snprintf(out, HB_MAX_PATH, "%s%s", a, b);

    return n < 0 || (unsigned)n >= HB_MAX_PATH ? -ENAMETOOLONG : 0;
}
