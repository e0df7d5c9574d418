/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.c - what systemd starts when the machine starts.
 *
 * Runs in check, which cannot ask systemd: a unit is switched on by a link in
 * a folder NAME.wants or NAME.requires, and masked by a link to /dev/null.
 * That is what is set up, not what runs.
 */
#include "control/check.h"

static bool masked(const struct hb_machine *m, const char *path);

/* Where systemd looks, the one that wins first (systemd.unit(5)). */
static const char *const folders[] = {
    "/etc/systemd/system", "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system", "/lib/systemd/system"};

const char *hb_unit_file(const struct hb_machine *m, const char *name)
{
    const char *at = strchr(name, '@'), *dot = strrchr(name, '.');
    const char *template;

    for (size_t i = 0; i < HB_ARRAY_LEN(folders); i++) {
        const char *path = hb_arena_printf(m->arena, "%s/%s", folders[i], name);

        if (path == NULL || masked(m, path))
            return NULL;
        if (hb_machine_has(m, path))
            return path;
    }
    /* "restic@home.timer" is made of "restic@.timer". */
    if (at == NULL || dot == NULL || dot <= at + 1)
        return NULL;
    template =
        hb_arena_printf(m->arena, "%.*s%s", (int)(at + 1 - name), name, dot);
    return template != NULL ? hb_unit_file(m, template) : NULL;
}

bool hb_unit_on(const struct hb_machine *m, const char *name)
{
    static const char *const kinds[] = {"wants", "requires"};
    const char *const *v;
    size_t n;

    /* A link that a removed package left starts nothing. */
    if (hb_unit_file(m, name) == NULL)
        return false;
    for (size_t i = 0; i < HB_ARRAY_LEN(folders); i++)
        for (size_t k = 0; k < HB_ARRAY_LEN(kinds); k++) {
            const char *pattern = hb_arena_printf(m->arena, "%s/*.%s/%s",
                                                  folders[i], kinds[k], name);

            if (pattern != NULL &&
                hb_machine_glob(m, pattern, 1, &v, &n) == 0 && n > 0)
                return true;
        }
    return false;
}

static bool masked(const struct hb_machine *m, const char *path)
{
    const char *full = hb_machine_path(m, path);
    char to[16];
    ssize_t n = full != NULL ? readlink(full, to, sizeof(to)) : -1;

    return n == 9 && memcmp(to, "/dev/null", 9) == 0;
}
