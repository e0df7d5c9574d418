/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk.c - are the file systems of this machine on encrypted devices?
 *
 * Runs in check.  /proc/self/mounts names the device; the device mapper tells
 * by its uuid (CRYPT-...) which one encrypts, and `slaves` what lies below it.
 * What a hypervisor or the disk itself encrypts is not seen.
 */
#include "control/check.h"

#include "base/i18n.h"

#define MOUNTS (4u << 20)
#define DEPTH  8u

static bool counts(struct hb_slice device, struct hb_slice at);
static bool encrypted(const struct hb_machine *m, struct hb_slice device);
static bool dm_encrypted(const struct hb_machine *m, const char *dm,
                         unsigned depth);
static bool first_line(const struct hb_machine *m, const char *dm,
                       const char *name, struct hb_slice *ret);
static bool starts(struct hb_slice s, const char *z);

void hb_check_disk(const struct hb_machine *m, struct hb_found *ret)
{
    struct hb_slice text, line;
    bool any = false;

    if (hb_machine_read(m, "/proc/self/mounts", MOUNTS, &text) < 0)
        text = hb_slice("", 0);
    while (hb_next_line(&text, &line)) {
        struct hb_slice device = hb_next_word(&line);
        struct hb_slice at = hb_next_word(&line);
        char name[64];

        if (!counts(device, at))
            continue;
        any = true;
        if (encrypted(m, device))
            continue;
        /* A device is mounted at many places in a namespace of its own. */
        (void)snprintf(name, sizeof(name), "%.*s", (int)HB_MIN(device.n, 60u),
                       device.p);
        if (ret->detail.n == 0 || strstr(hb_buf_z(&ret->detail), name) == NULL)
            hb_found_name(ret, name);
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("A file system of this machine is not encrypted."));
    }
    if (!any)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("On which devices the file systems lie could not be "
                        "told (a container, for one)."));
    hb_found_set(ret, HB_CHECK_PASS,
                 N_("All file systems but what the machine starts from are "
                    "encrypted."));
}

/* What a machine starts from holds no data; images are files elsewhere. */
static bool counts(struct hb_slice device, struct hb_slice at)
{
    return starts(device, "/dev/") && !starts(device, "/dev/loop") &&
           !starts(device, "/dev/fuse") && !hb_slice_is(at, "/boot") &&
           !starts(at, "/boot/");
}

/* "/dev/mapper/NAME" or "/dev/dm-0". */
static bool encrypted(const struct hb_machine *m, struct hb_slice device)
{
    static const char mapper[] = "/dev/mapper/";
    const char *const *v;
    size_t n;

    if (hb_machine_glob(m, "/sys/block/dm-*", 1024, &v, &n) < 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *dm = strrchr(v[i], '/') + 1;
        struct hb_slice name;
        bool same = starts(device, "/dev/dm-") &&
                    hb_slice_is(hb_slice(device.p + 5, device.n - 5), dm);

        if (!same && starts(device, mapper) &&
            first_line(m, dm, "dm/name", &name))
            same = hb_slice_eq(hb_slice(device.p + sizeof(mapper) - 1,
                                        device.n - sizeof(mapper) + 1),
                               name);
        if (same)
            return dm_encrypted(m, dm, 0);
    }
    return false;
}

/* It encrypts, or everything below it does. */
static bool dm_encrypted(const struct hb_machine *m, const char *dm,
                         unsigned depth)
{
    const char *pattern =
        hb_arena_printf(m->arena, "/sys/block/%s/slaves/*", dm);
    const char *const *v;
    struct hb_slice uuid;
    size_t n;

    if (first_line(m, dm, "dm/uuid", &uuid) && starts(uuid, "CRYPT-"))
        return true;
    if (pattern == NULL || depth >= DEPTH ||
        hb_machine_glob(m, pattern, 64, &v, &n) < 0 || n == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *below = strrchr(v[i], '/') + 1;

        if (strncmp(below, "dm-", 3) != 0 || !dm_encrypted(m, below, depth + 1))
            return false;
    }
    return true;
}

static bool first_line(const struct hb_machine *m, const char *dm,
                       const char *name, struct hb_slice *ret)
{
    const char *path = hb_arena_printf(m->arena, "/sys/block/%s/%s", dm, name);
    struct hb_slice text;

    return path != NULL && hb_machine_read(m, path, 8192, &text) == 0 &&
           hb_next_line(&text, ret);
}

static bool starts(struct hb_slice s, const char *z)
{
    size_t n = strlen(z);

    return s.n >= n && memcmp(s.p, z, n) == 0;
}
