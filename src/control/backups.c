/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backups.c - does a program that makes backups run here by itself?
 *
 * Runs in check.  Timed jobs (cron, systemd) and the scripts that they start
 * are searched for the names of known programs; agents of backup servers are
 * services.  Configured is not restored: only a person who has tried knows
 * that.  What makes backups from outside (a hypervisor) is not seen.
 */
#include "control/check.h"

#include <sys/stat.h>

#include "base/i18n.h"

#define SCRIPT (256u << 10)
#define JOBS   512u

struct search {
    const struct hb_machine *machine;
    struct hb_found *found;
    bool tool[16]; /* as in tools */
    bool own;      /* `hinoban backup` */
    bool unread;   /* a job could not be looked into */
};

static void agents(struct search *s, bool *ret_any);
static void cron(struct search *s);
static void user_cron(struct search *s);
static void timers(struct search *s);
static void timer(struct search *s, const char *name);
static void file(struct search *s, const char *path);
static void script(struct search *s, struct hb_slice path);
static void words(struct search *s, struct hb_slice line, bool follow);
static struct hb_slice next(struct hb_slice *line);
static bool one_word(struct search *s, struct hb_slice word);
static bool set_up(struct search *s, size_t i);

static const struct {
    const char *name;
    const char
        *needs[2]; /* one of them, where the program alone does nothing */
} tools[] = {
    {"restic", {NULL}},
    {"borg", {NULL}},
    {"borgmatic", {"/etc/borgmatic/*.yaml", "/etc/borgmatic.d/*"}},
    {"rsnapshot", {NULL}},
    {"duplicity", {NULL}},
    {"duply", {NULL}},
    {"backupninja", {"/etc/backup.d/*", NULL}},
    {"rdiff-backup", {NULL}},
    {"kopia", {NULL}},
    {"tarsnap", {NULL}},
    {"amdump", {NULL}},
    {"rclone", {NULL}},
    {"rsync", {NULL}},
};

void hb_check_backup(const struct hb_machine *m, struct hb_found *ret)
{
    struct search s = {.machine = m, .found = ret};
    bool any = false;

    agents(&s, &any);
    cron(&s);
    user_cron(&s);
    timers(&s);
    for (size_t i = 0; i < HB_ARRAY_LEN(tools); i++)
        if (s.tool[i] && set_up(&s, i)) {
            any = true;
            hb_found_name(ret, tools[i].name);
        }
    if (any)
        hb_found_set(ret, HB_CHECK_PASS,
                     N_("A backup is configured; whether it can be restored "
                        "was not tried."));
    else if (s.unread)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("No backup was found, but not every timed job could be "
                        "read (crontabs of users, for one): a job in "
                        "/etc/cron.d is seen."));
    else if (s.own)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("Only Hinoban's own records are backed up, nothing "
                        "else of this machine."));
    else
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("No program makes backups of this machine by "
                        "itself."));
}

/* A backup server asks them for the data. */
static void agents(struct search *s, bool *ret_any)
{
    static const char *const units[] = {
        "bacula-fd.service",         "bareos-fd.service",
        "bareos-filedaemon.service", "urbackupclientbackend.service",
        "veeamservice.service",      "amanda.socket"};

    for (size_t i = 0; i < HB_ARRAY_LEN(units); i++)
        if (hb_unit_on(s->machine, units[i])) {
            *ret_any = true;
            hb_found_name(s->found, units[i]);
        }
}

static void cron(struct search *s)
{
    static const char *const patterns[] = {
        "/etc/crontab",       "/etc/anacrontab",   "/etc/cron.d/*",
        "/etc/cron.hourly/*", "/etc/cron.daily/*", "/etc/cron.weekly/*",
        "/etc/cron.monthly/*"};
    const char *const *v;
    size_t n;

    for (size_t p = 0; p < HB_ARRAY_LEN(patterns); p++) {
        if (hb_machine_glob(s->machine, patterns[p], JOBS, &v, &n) < 0)
            s->unread = true;
        else
            for (size_t i = 0; i < n; i++)
                file(s, v[i]);
    }
}

/* Debian lets only the group crontab in. */
static void user_cron(struct search *s)
{
    static const char folder[] = "/var/spool/cron/crontabs";
    const char *full = hb_machine_path(s->machine, folder);
    const char *const *v;
    size_t n;

    if (full == NULL || !hb_machine_has(s->machine, folder))
        return;
    if (access(full, R_OK | X_OK) < 0 ||
        hb_machine_glob(s->machine, "/var/spool/cron/crontabs/*", JOBS, &v,
                        &n) < 0) {
        s->unread = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        file(s, v[i]);
}

static void timers(struct search *s)
{
    static const char *const patterns[] = {
        "/etc/systemd/system/*.wants/*.timer",
        "/usr/lib/systemd/system/*.wants/*.timer"};
    const char *const *v;
    size_t n;

    for (size_t p = 0; p < HB_ARRAY_LEN(patterns); p++) {
        if (hb_machine_glob(s->machine, patterns[p], JOBS, &v, &n) < 0)
            continue;
        for (size_t i = 0; i < n; i++)
            timer(s, strrchr(v[i], '/') + 1);
    }
}

/* The service of the same name, or what "Unit=" says. */
static void timer(struct search *s, const char *name)
{
    const struct hb_machine *m = s->machine;
    const char *path = hb_unit_on(m, name) ? hb_unit_file(m, name) : NULL;
    const char *service = hb_arena_printf(
        m->arena, "%.*s.service", (int)(strlen(name) - strlen(".timer")), name);
    struct hb_slice text, line;

    if (path == NULL || service == NULL)
        return;
    if (hb_machine_read(m, path, HB_MACHINE_FILE, &text) == 0)
        while (hb_next_line(&text, &line))
            if (line.n > 5 && memcmp(line.p, "Unit=", 5) == 0)
                service = hb_arena_dup(m->arena, line.p + 5, line.n - 5);
    path = service != NULL ? hb_unit_file(m, service) : NULL;
    if (path == NULL)
        return;
    if (hb_machine_read(m, path, HB_MACHINE_FILE, &text) < 0) {
        s->unread = true;
        return;
    }
    while (hb_next_line(&text, &line))
        if (line.n > 4 && memcmp(line.p, "Exec", 4) == 0)
            words(s, line, true);
}

/* A crontab, or a script of cron.daily and the like. */
static void file(struct search *s, const char *path)
{
    struct hb_slice text, line;
    int r = hb_machine_read(s->machine, path, SCRIPT, &text);

    if (r < 0) {
        s->unread = s->unread || r == -EACCES || r == -EPERM;
        return;
    }
    while (hb_next_line(&text, &line))
        words(s, line, true);
}

/* One that a job starts; what that one starts is not followed. */
static void script(struct search *s, struct hb_slice path)
{
    const struct hb_machine *m = s->machine;
    const char *z = hb_arena_dup(m->arena, path.p, path.n);
    const char *full = z != NULL ? hb_machine_path(m, z) : NULL;
    struct hb_slice text = {0}, line;
    struct stat st;
    int r;

    if (full == NULL)
        return;
    r = stat(full, &st) < 0 ? -errno : 0;
    /* Folders and data are no scripts, whoever may read them. */
    if (r == 0 && (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0))
        return;
    if (r == 0)
        r = hb_machine_read(m, z, SCRIPT, &text);
    if (r < 0) {
        s->unread = s->unread || r == -EACCES || r == -EPERM;
        return;
    }
    if (text.n < 2 || memcmp(text.p, "#!", 2) != 0)
        return;
    while (hb_next_line(&text, &line))
        words(s, line, false);
}

static void words(struct search *s, struct hb_slice line, bool follow)
{
    struct hb_slice word, before = {"", 0};

    while ((word = next(&line)).n > 0) {
        bool known = one_word(s, word);

        if (hb_slice_is(word, "backup") && hb_slice_is(before, "hinoban"))
            s->own = true;
        if (!known && follow && word.p[0] == '/' && word.n < 1024)
            script(s, word);
        before = word.n > 7 && hb_slice_is(hb_slice(word.p + word.n - 8, 8),
                                           "/hinoban")
                     ? hb_slice_z("hinoban")
                     : word;
    }
}

/* As a shell parts them, roughly; a comment ends the line. */
static struct hb_slice next(struct hb_slice *line)
{
    static const char between[] = " \t;&|()`$\"'=<>{},@!";
    struct hb_slice w;

    while (line->n > 0 && memchr(between, line->p[0], sizeof(between)) != NULL)
        line->p++, line->n--;
    if (line->n > 0 && line->p[0] == '#')
        line->n = 0;
    w = hb_slice(line->p, 0);
    while (line->n > 0 &&
           memchr(between, line->p[0], sizeof(between)) == NULL) {
        w.n++;
        line->p++, line->n--;
    }
    return w;
}

/* Whether it is the name of a tool, with or without its folder. */
static bool one_word(struct search *s, struct hb_slice word)
{
    const char *slash = memrchr(word.p, '/', word.n);

    if (slash != NULL)
        word = hb_slice(slash + 1, word.n - (size_t)(slash + 1 - word.p));
    for (size_t i = 0; i < HB_ARRAY_LEN(tools); i++)
        if (hb_slice_is(word, tools[i].name)) {
            s->tool[i] = true;
            return true;
        }
    return false;
}

/* Debian starts some whether there is anything to do or not. */
static bool set_up(struct search *s, size_t i)
{
    const char *const *v;
    bool any = false;
    size_t n;

    if (tools[i].needs[0] == NULL)
        return true;
    for (size_t k = 0; k < HB_ARRAY_LEN(tools[i].needs); k++) {
        const char *pattern = tools[i].needs[k], *folder;

        if (pattern == NULL)
            continue;
        folder =
            hb_arena_printf(s->machine->arena, "%s%.*s", s->machine->prefix,
                            (int)(strrchr(pattern, '/') - pattern), pattern);
        if (folder != NULL && access(folder, R_OK | X_OK) < 0 &&
            errno != ENOENT)
            s->unread = true;
        if (hb_machine_glob(s->machine, pattern, 1, &v, &n) == 0)
            any = any || n > 0;
    }
    return any;
}
