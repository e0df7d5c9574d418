/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept.c - are the logs of this machine kept for 90 days?
 *
 * Runs in check.  Either rsyslog's files are rotated late enough, or the
 * journal reaches back that far already: journald drops by size, so what it
 * will keep is told by what it has.
 */
#include "control/check.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"

#define DAYS   90u
#define DAY_NS (86400 * (int64_t)HB_S)

struct rotation {
    uint64_t every, times, max_age; /* days; 0 where not told */
};

static uint64_t syslog_days(const struct hb_machine *m);
static void rotation_word(struct hb_slice line, struct rotation *r);
static uint64_t days_of(const struct rotation *r);
static bool journal_kept(const struct hb_machine *m);
static void storage(const struct hb_machine *m, const char *path,
                    struct hb_slice *ret);
static uint64_t journal_days(const struct hb_machine *m);

void hb_check_logs_kept(const struct hb_machine *m, struct hb_found *ret)
{
    bool syslog = hb_unit_on(m, "rsyslog.service");
    bool journal = journal_kept(m);
    uint64_t days = syslog ? syslog_days(m) : 0;
    uint64_t back = journal ? journal_days(m) : 0;
    char text[64];

    (void)snprintf(text, sizeof(text), "syslog %llu d, journal %llu d",
                   (unsigned long long)days, (unsigned long long)back);
    hb_found_name(ret, text);
    if (days >= DAYS || back >= DAYS)
        hb_found_set(ret, HB_CHECK_PASS,
                     N_("The logs are kept for 90 days or more."));
    else if (journal)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The journal is kept, but does not reach back 90 days "
                        "yet: whether it will depends on its size."));
    else if (syslog)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("The logs are thrown away in less than 90 days."));
    else
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("The logs are lost when the machine is restarted."));
}

void hb_rotation_parse(struct hb_slice text, const char *log,
                       uint64_t *ret_days)
{
    struct rotation all = {0}, one = {0};
    struct hb_slice line;
    bool within = false, named = false;

    while (hb_next_line(&text, &line)) {
        struct hb_slice rest = line, first = hb_next_word(&rest);
        bool opens = first.n > 0 && memchr(line.p, '{', line.n) != NULL;

        if (first.n == 0)
            continue;
        if (!within && (first.p[0] == '/' || opens))
            named = named || hb_slice_has(line, log);
        if (opens) {
            within = true;
            one = all;
        } else if (first.p[0] == '}') {
            if (within && named)
                *ret_days = days_of(&one);
            within = named = false;
        } else {
            rotation_word(line, within ? &one : &all);
        }
    }
}

static void rotation_word(struct hb_slice line, struct rotation *r)
{
    static const struct {
        const char *word;
        unsigned days;
    } every[] = {{"daily", 1}, {"weekly", 7}, {"monthly", 30}, {"yearly", 365}};
    struct hb_slice word = hb_next_word(&line), number = hb_next_word(&line);
    uint64_t v;

    for (size_t i = 0; i < HB_ARRAY_LEN(every); i++)
        if (hb_slice_is(word, every[i].word))
            r->every = every[i].days;
    if (hb_parse_u64(number, &v) < 0)
        return;
    v = HB_MIN(v, 100000u);
    if (hb_slice_is(word, "rotate"))
        r->times = v;
    if (hb_slice_is(word, "maxage"))
        r->max_age = v;
}

/* logrotate(8): weekly where nothing is told. */
static uint64_t days_of(const struct rotation *r)
{
    uint64_t days = (r->every != 0 ? r->every : 7) * r->times;

    return r->max_age != 0 ? HB_MIN(days, r->max_age) : days;
}

/* Of auth.log, where log-ins stand. */
static uint64_t syslog_days(const struct hb_machine *m)
{
    struct hb_slice text;
    uint64_t days = 0;

    if (hb_machine_read(m, "/etc/logrotate.d/rsyslog", HB_MACHINE_FILE,
                        &text) == 0)
        hb_rotation_parse(text, "/var/log/auth.log", &days);
    return days;
}

/* journald.conf(5): Storage=auto keeps it where /var/log/journal is. */
static bool journal_kept(const struct hb_machine *m)
{
    struct hb_slice how = hb_slice_z("auto");
    const char *const *v;
    size_t n;

    storage(m, "/etc/systemd/journald.conf", &how);
    if (hb_machine_glob(m, "/etc/systemd/journald.conf.d/*.conf", 64, &v, &n) ==
        0)
        for (size_t i = 0; i < n; i++)
            storage(m, v[i], &how);
    return hb_slice_is(how, "persistent") ||
           (hb_slice_is(how, "auto") && hb_machine_has(m, "/var/log/journal"));
}

static void storage(const struct hb_machine *m, const char *path,
                    struct hb_slice *ret)
{
    static const char key[] = "Storage=";
    struct hb_slice text, line;

    if (hb_machine_read(m, path, HB_MACHINE_FILE, &text) < 0)
        return;
    while (hb_next_line(&text, &line))
        if (line.n >= sizeof(key) && memcmp(line.p, key, sizeof(key) - 1) == 0)
            *ret = hb_slice(line.p + sizeof(key) - 1, line.n - sizeof(key) + 1);
}

/* A full file is not written to any more: it was, when it says so. */
static uint64_t journal_days(const struct hb_machine *m)
{
    const char *const *v;
    uint64_t days = 0;
    size_t n;

    if (hb_machine_glob(m, "/var/log/journal/*/system@*.journal", 4096, &v,
                        &n) < 0)
        return 0;
    for (size_t i = 0; i < n; i++) {
        const char *full = hb_machine_path(m, v[i]);
        struct stat st;
        int64_t age;

        if (full == NULL || stat(full, &st) < 0)
            continue;
        age = m->now - (int64_t)st.st_mtime * (int64_t)HB_S;
        if (age > 0)
            days = HB_MAX(days, (uint64_t)(age / DAY_NS));
    }
    return days;
}
