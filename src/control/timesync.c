/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timesync.c - is the clock of this machine kept right?
 *
 * Runs in check, which may not ask the kernel (adjtimex(2)) or chronyd: what
 * is switched on is read, and what systemd-timesyncd leaves where it reached a
 * time server.  A container has its host's clock.
 */
#include "control/check.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "base/i18n.h"

#define TIMESYNC "/run/systemd/timesync"
#define HOUR_NS  (3600 * (int64_t)HB_S)

static void timesyncd(const struct hb_machine *m, struct hb_found *ret);

static const char *const services[] = {
    "chrony.service", "chronyd.service", "ntpsec.service",
    "ntp.service",    "ntpd.service",    "openntpd.service",
};

void hb_check_time(const struct hb_machine *m, struct hb_found *ret)
{
    bool other = false, own = hb_unit_on(m, "systemd-timesyncd.service");

    if (hb_machine_has(m, "/run/systemd/container")) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("This machine is a container and has the clock of its "
                        "host: look there."));
        return;
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(services); i++)
        if (hb_unit_on(m, services[i])) {
            other = true;
            hb_found_name(ret, services[i]);
        }
    if (own)
        hb_found_name(ret, "systemd-timesyncd.service");
    if (other)
        hb_found_set(ret, HB_CHECK_PASS,
                     N_("A time service is switched on; how far the clock is "
                        "off cannot be seen from here."));
    else if (own)
        timesyncd(m, ret);
    else
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("No time service is switched on: the clock drifts."));
}

/* Its folder is there since it was started, the file since it was right. */
static void timesyncd(const struct hb_machine *m, struct hb_found *ret)
{
    const char *folder = hb_machine_path(m, TIMESYNC);
    struct stat st;

    if (hb_machine_has(m, TIMESYNC "/synchronized"))
        hb_found_set(ret, HB_CHECK_PASS,
                     N_("The clock has been set by a time server since the "
                        "machine started."));
    else if (folder == NULL || stat(folder, &st) < 0)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The time service is switched on, but does not seem "
                        "to run."));
    else if (m->now - (int64_t)st.st_mtime * (int64_t)HB_S < HOUR_NS)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The time service was started less than an hour ago "
                        "and has not reached a time server yet."));
    else
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("The time service has not reached a time server for "
                        "an hour or more."));
}
