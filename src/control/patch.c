/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patch.c - is a security update waiting, and do they come by themselves?
 *
 * Runs in check, which asks apt (a simulation; nothing is locked, fetched or
 * written).  What apt knows is as old as its package lists: lists of more than
 * three days ago tell nothing.
 */
#include "control/check.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "base/i18n.h"

#define LISTS_NS (3 * 86400 * (int64_t)HB_S)

static int lists(const struct hb_machine *m, int64_t *ret_newest,
                 bool *ret_security);
static bool setting(struct hb_slice dump, const char *name);

void hb_check_patch_pending(const struct hb_machine *m, struct hb_found *ret)
{
    static const char *const argv[] = {"/usr/bin/apt-get",
                                       "-s",
                                       "-q",
                                       "-o",
                                       "Debug::NoLocking=1",
                                       "-o",
                                       "Dir::Cache::pkgcache=",
                                       "-o",
                                       "Dir::Cache::srcpkgcache=",
                                       "dist-upgrade",
                                       NULL};
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT, errors = HB_BUF_INIT;
    struct hb_slice text, line;
    unsigned waiting = 0;
    int64_t newest = 0;
    bool security = false;

    if (!hb_machine_has(m, argv[0])) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("This system does not use apt."));
        return;
    }
    if (lists(m, &newest, &security) < 0 || m->now - newest > LISTS_NS)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The package lists are older than three days: run "
                        "apt-get update."));
    else if (!security)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("No archive with security updates is configured."));
    if (hb_machine_run(m, argv, 60000, &out, &errors) != 0) {
        hb_buf_addf(&ret->detail, "%.200s", hb_buf_z(&errors));
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("apt could not tell which updates are waiting."));
        return;
    }
    text = hb_buf_slice(&out);
    while (hb_next_line(&text, &line)) {
        struct hb_slice rest = line;

        if (!hb_slice_is(hb_next_word(&rest), "Inst") ||
            !(hb_slice_has(line, "-security") ||
              hb_slice_has(line, "-Security")))
            continue;
        waiting++;
        rest = hb_next_word(&rest);
        if (ret->detail.n < 400)
            hb_buf_addf(&ret->detail, "%s%.*s", waiting > 1 ? ", " : "",
                        (int)HB_MIN(rest.n, 64u), rest.p);
    }
    /* What waits waits, however old the lists are. */
    if (waiting > 0)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("Security updates wait to be installed."));
    hb_found_set(ret, HB_CHECK_PASS, N_("No security update is waiting."));
}

void hb_check_patch_unattended(const struct hb_machine *m, struct hb_found *ret)
{
    static const char *const argv[] = {"/usr/bin/apt-config", "dump", NULL};
    static const char *const timers[] = {
        "/etc/systemd/system/apt-daily.timer",
        "/etc/systemd/system/apt-daily-upgrade.timer"};
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    struct hb_slice dump;
    char to[32];

    if (!hb_machine_has(m, argv[0])) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("This system does not use apt."));
        return;
    }
    if (!hb_machine_has(m, "/usr/bin/unattended-upgrade")) {
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("unattended-upgrades is not installed."));
        return;
    }
    if (hb_machine_run(m, argv, 20000, &out, NULL) != 0) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The settings of apt could not be read."));
        return;
    }
    dump = hb_buf_slice(&out);
    if (!setting(dump, "APT::Periodic::Unattended-Upgrade") ||
        !setting(dump, "APT::Periodic::Update-Package-Lists"))
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("unattended-upgrades is installed but not switched "
                        "on."));
    if (!hb_slice_has(dump, "ecurity"))
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("unattended-upgrades does not install security "
                        "updates."));
    for (size_t i = 0; i < HB_ARRAY_LEN(timers); i++) {
        const char *path = hb_machine_path(m, timers[i]);
        ssize_t n = path != NULL ? readlink(path, to, sizeof(to)) : -1;

        if (n == 9 && memcmp(to, "/dev/null", 9) == 0)
            hb_found_set(ret, HB_CHECK_FAIL,
                         N_("The timer that installs updates is masked."));
    }
    hb_found_set(ret, HB_CHECK_PASS,
                 N_("Security updates are installed every day."));
}

/* When apt last fetched its lists, and whether one of them is of a security
 * archive. */
static int lists(const struct hb_machine *m, int64_t *ret_newest,
                 bool *ret_security)
{
    static const char *const patterns[] = {
        "/var/lib/apt/lists/*Release",
        "/var/lib/apt/periodic/update-success-stamp"};
    const char *const *v;
    size_t n;

    for (size_t p = 0; p < HB_ARRAY_LEN(patterns); p++) {
        int r = hb_machine_glob(m, patterns[p], 1024, &v, &n);

        if (r < 0)
            return r;
        for (size_t i = 0; i < n; i++) {
            const char *path = hb_machine_path(m, v[i]);
            struct stat st;

            if (strstr(v[i], "security") != NULL)
                *ret_security = true;
            if (path == NULL || stat(path, &st) < 0)
                continue;
            /* The file keeps the archive's date; when it came is ctime. */
            *ret_newest =
                HB_MAX(*ret_newest, (int64_t)st.st_ctime * (int64_t)HB_S);
        }
    }
    return *ret_newest > 0 ? 0 : -ENOENT;
}

/* NAME "1"; or "always", "1d": anything but "0" and nothing. */
static bool setting(struct hb_slice dump, const char *name)
{
    struct hb_slice line;

    while (hb_next_line(&dump, &line)) {
        if (!hb_slice_is(hb_next_word(&line), name))
            continue;
        line = hb_next_word(&line);
        return line.n > 0 && !hb_slice_is(line, "0") && !hb_slice_is(line, ";");
    }
    return false;
}
