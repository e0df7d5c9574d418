/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig.h - a small Hinoban for tests and benches: directories, settings and
 * roles as processes of their own, without users and confinement.
 */
#ifndef HB_TESTS_SENSE_FILES_RIG_H
#define HB_TESTS_SENSE_FILES_RIG_H

#include <sys/types.h>

#include "base/base.h"
#include "base/err.h"
#include "config/role_ctx.h"

struct rig {
    char dir[200];  /* everything but the site */
    char root[256]; /* the site */
    char config_path[340];
    char etc[300], state[300], baseline[300], helper[300], private[300],
        pending[300], run[300];
    struct hb_config *config;
    struct hb_role_ctx ctx;
    pid_t roles[8];
    size_t n_roles;
};

/* "/var/tmp/NAME-PID": several runs at once do not meet. */
void rig_name(char *buf, size_t size, const char *name);
/* Makes DIR (removed before) and the settings; ROOT "" is DIR/site/www.
 * MORE is YAML of the site's own (indented by four). */
void rig_open(struct rig *r, const char *dir, const char *root,
              const char *more, const char *limits);
/* Ends all roles; removes DIR. */
void rig_close(struct rig *r);
/* A listening socket NAME.sock in the run directory. */
int rig_listen(struct rig *r, const char *name, int type);
/* Runs MAIN in a process of its own, with the sockets NAMES (NULL ends)
 * passed in; all of FDS are closed here afterwards. */
pid_t rig_start(struct rig *r, hb_role_main *main, const char *role,
                const char *const *names, int *fds);
/* Ends one role by SIGTERM and returns its exit status. */
int rig_stop(struct rig *r, pid_t pid);

/* Files below the site: content, mode 0644; directories are made. */
void rig_put(const char *root, const char *rel, const void *p, size_t n);
/* The same where the guard may undo it while it is being made. */
void rig_try(const char *root, const char *rel, const void *p, size_t n);
/* Writes a file of 8 KB that begins with RIG_MARK. */
#define RIG_MARK "a mark to be found again on the block device"
int rig_marked(const char *root, const char *rel);
void rig_path(char *buf, size_t size, const char *root, const char *rel);
/* ns of the monotonic clock. */
uint64_t rig_now(void);
void rig_sleep_ms(unsigned ms);
/* A loop-mounted file system of TYPE ("ext4") at DIR/fs; false where this
 * machine cannot (not root, no loop device, no mkfs). */
bool rig_mount(const char *type, const char *dir, unsigned mib);
void rig_unmount(const char *dir);

#endif
