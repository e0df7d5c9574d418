/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_events.c - the event store on real files: batches, duplicates across
 * midnight, queries over days, retention with legal hold, damage, backup.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "tap.h"

#include "base/clock.h"
#include "scratch.h"
#include "store/db.h"
#include "store/events.h"

#define DAY (86400 * (int64_t)HB_S)

static int64_t shifted;

static void shift(int64_t ns)
{
    hb_clock_shift(ns);
    shifted += ns;
}

/* Noon of 2026-11-10, so that no test runs into midnight by itself. */
static int setup(void **state)
{
    int64_t noon;

    if (hb_time_parse(HB_SLICE("2026-11-10T12:00:00Z"), &noon) < 0)
        return -1;
    shift(noon - hb_now());
    return scratch_make(state);
}

static int teardown(void **state)
{
    shift(-shifted);
    return scratch_remove(state);
}

static struct hb_events *open_events(void)
{
    struct hb_events *s = NULL;
    struct hb_err err = {0};

    if (hb_events_open(in_scratch("events"), &s, &err) != 0)
        fail_msg("%s: %s", err.file, err.message);
    return s;
}

static int add(struct hb_events *s, const char *message, const char *site,
               enum hb_severity severity, char *ret_uid)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e =
        hb_event_new(a, HB_EV_FILE_ACTIVITY, 3, severity, "test");
    struct hb_err err = {0};
    int r;

    assert_non_null(e);
    assert_int_equal(hb_event_strz(e, HB_F_FILE_PATH, "/srv/a"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_MESSAGE, message), 0);
    if (site != NULL)
        assert_int_equal(hb_event_strz(e, HB_F_SITE, site), 0);
    if (ret_uid != NULL && ret_uid[0] != '\0')
        memcpy(e->uid, ret_uid, HB_ID_SIZE);
    r = hb_events_add(s, e, &err);
    if (ret_uid != NULL)
        memcpy(ret_uid, e->uid, HB_ID_SIZE);
    hb_arena_free(a);
    return r;
}

static void flush(struct hb_events *s)
{
    struct hb_err err = {0};

    if (hb_events_flush(s, &err) != 0)
        fail_msg("%s: %s", err.file, err.message);
    assert_int_equal(hb_events_pending(s), 0);
}

struct seen {
    size_t n;
    int64_t times[512];
    char last[HB_ID_SIZE];
    int stop_after;
};

static int see(void *arg, const char *uid, int64_t time, struct hb_slice json)
{
    struct seen *v = arg;
    struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e = NULL;

    /* What comes out is an event again, with the uid that it came under. */
    assert_int_equal(hb_event_decode(a, json, &e, NULL), 0);
    assert_string_equal(e->uid, uid);
    assert_true(e->time == time);
    hb_arena_free(a);
    assert_true(v->n < HB_ARRAY_LEN(v->times));
    v->times[v->n++] = time;
    memcpy(v->last, uid, HB_ID_SIZE);
    return v->stop_after > 0 && v->n == (size_t)v->stop_after ? 42 : 0;
}

static size_t find(struct hb_events *s, struct hb_events_query q)
{
    struct seen v = {0};
    struct hb_err err = {0};

    if (hb_events_find(s, &q, see, &v, &err) != 0)
        fail_msg("%s: %s", err.file, err.message);
    for (size_t i = 1; i < v.n; i++)
        assert_true(q.oldest_first ? v.times[i - 1] <= v.times[i]
                                   : v.times[i - 1] >= v.times[i]);
    return v.n;
}

static void test_add_flush_get(void **state)
{
    struct hb_events *s = open_events();
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice json;
    struct hb_err err = {0};
    char uid[HB_ID_SIZE] = "";

    assert_int_equal(add(s, "one", "corp", HB_SEV_LOW, uid), 0);
    assert_int_equal(hb_events_pending(s), 1);
    assert_int_equal(hb_events_get(s, a, uid, &json, &err), -ENOENT);
    flush(s);
    assert_int_equal(hb_events_get(s, a, uid, &json, NULL), 0);
    assert_non_null(strstr(json.p, "\"message\":\"one\""));
    hb_events_close(s);
    assert_true(exists(in_scratch("events/2026-11-10.db")));
    s = open_events();
    assert_int_equal(hb_events_get(s, a, uid, &json, NULL), 0);
    memset(&err, 0, sizeof(err));
    assert_int_equal(hb_events_get(s, a, "no such uid", &json, &err), -ENOENT);
    assert_non_null(strstr(err.message, "no such uid"));
    hb_events_close(s);
    hb_arena_free(a);
}

static void test_unflushed_was_not_promised(void **state)
{
    struct hb_events *s = open_events();

    assert_int_equal(add(s, "one", NULL, HB_SEV_LOW, NULL), 0);
    hb_events_close(s);
    s = open_events();
    assert_int_equal(find(s, (struct hb_events_query){0}), 0);
    hb_events_close(s);
}

static void test_duplicates(void **state)
{
    struct hb_events *s = open_events();
    char uid[HB_ID_SIZE] = "", late[HB_ID_SIZE] = "";

    assert_int_equal(add(s, "one", NULL, HB_SEV_LOW, uid), 0);
    assert_int_equal(add(s, "one", NULL, HB_SEV_LOW, uid), 1); /* in batch */
    flush(s);
    assert_int_equal(add(s, "one", NULL, HB_SEV_LOW, uid), 1); /* on disk */
    assert_int_equal(add(s, "late", NULL, HB_SEV_LOW, late), 0);
    flush(s);
    shift(DAY); /* across midnight, the store open */
    assert_int_equal(add(s, "late", NULL, HB_SEV_LOW, late), 1);
    hb_events_close(s);
    s = open_events(); /* and opened anew */
    assert_int_equal(add(s, "late", NULL, HB_SEV_LOW, late), 1);
    flush(s);
    assert_int_equal(find(s, (struct hb_events_query){0}), 2);
    hb_events_close(s);
}

static void test_days(void **state)
{
    struct hb_events *s = open_events();

    for (int day = 0; day < 4; day++) {
        for (int i = 0; i < 5; i++)
            assert_int_equal(add(s, "x", NULL, HB_SEV_LOW, NULL), 0);
        flush(s);
        if (day == 1) {
            hb_events_close(s);
            s = open_events();
        }
        shift(DAY);
    }
    assert_true(exists(in_scratch("events/2026-11-10.db")));
    assert_true(exists(in_scratch("events/2026-11-13.db")));
    assert_int_equal(find(s, (struct hb_events_query){0}), 20);
    assert_int_equal(find(s, (struct hb_events_query){.oldest_first = true}),
                     20);
    assert_int_equal(find(s, (struct hb_events_query){.limit = 7}), 7);
    assert_int_equal(
        find(s, (struct hb_events_query){.from = hb_now() - 2 * DAY - DAY / 2}),
        10);
    assert_int_equal(
        find(s, (struct hb_events_query){.to = hb_now() - 3 * DAY + DAY / 2}),
        10);
    hb_events_close(s);
}

/* A batch that waits while midnight passes goes to the new day whole. */
static void test_midnight_in_a_batch(void **state)
{
    struct hb_events *s = open_events();

    assert_int_equal(add(s, "x", NULL, HB_SEV_LOW, NULL), 0);
    shift(DAY);
    assert_int_equal(add(s, "y", NULL, HB_SEV_LOW, NULL), 0);
    flush(s);
    assert_int_equal(find(s, (struct hb_events_query){0}), 2);
    hb_events_close(s);
}

static void test_filters(void **state)
{
    struct hb_events *s = open_events();
    struct hb_events_query q = {0};
    struct seen v = {.stop_after = 2};

    assert_int_equal(add(s, "alpha", "corp", HB_SEV_LOW, NULL), 0);
    assert_int_equal(add(s, "beta 100%_'\"", "corp", HB_SEV_HIGH, NULL), 0);
    assert_int_equal(add(s, "gamma", "shop", HB_SEV_CRITICAL, NULL), 0);
    flush(s);
    q.min_severity = HB_SEV_HIGH;
    assert_int_equal(find(s, q), 2);
    q.site = "corp";
    assert_int_equal(find(s, q), 1);
    q = (struct hb_events_query){.class_uid = HB_EV_FILE_ACTIVITY};
    assert_int_equal(find(s, q), 3);
    q.class_uid = HB_EV_AUTHENTICATION;
    assert_int_equal(find(s, q), 0);
    q = (struct hb_events_query){.text = "100%_'"};
    assert_int_equal(find(s, q), 1);
    q.text = "'; DROP TABLE event; --";
    assert_int_equal(find(s, q), 0);
    q = (struct hb_events_query){.site = "' OR 1=1 --"};
    assert_int_equal(find(s, q), 0);
    q = (struct hb_events_query){0};
    assert_int_equal(hb_events_find(s, &q, see, &v, NULL), 42);
    assert_int_equal(v.n, 2);
    hb_events_close(s);
}

static void test_one_writer(void **state)
{
    struct hb_events *s = open_events(), *other = NULL;
    struct hb_err err = {0};

    assert_int_equal(add(s, "x", NULL, HB_SEV_LOW, NULL), 0);
    flush(s);
    assert_int_equal(hb_events_open(in_scratch("events"), &other, &err),
                     -EBUSY);
    memset(&err, 0, sizeof(err));
    assert_int_equal(hb_events_open_read(in_scratch("events"), &other, &err),
                     0);
    assert_int_equal(find(other, (struct hb_events_query){0}), 1);
    hb_events_close(other);
    hb_events_close(s);
}

static enum hb_retain hold_tenth(void *arg, const char *day)
{
    (*(int *)arg)++;
    return hb_streq(day, "2026-11-10") ? HB_RETAIN_HOLD : HB_RETAIN_GO;
}

/* Bytes of all days. */
static uint64_t size_of_days(void)
{
    DIR *list = opendir(in_scratch("events"));
    struct dirent *d;
    struct stat st;
    uint64_t sum = 0;

    assert_non_null(list);
    while ((d = readdir(list)) != NULL)
        if (strstr(d->d_name, ".db") != NULL &&
            strstr(d->d_name, "-shm") == NULL &&
            fstatat(dirfd(list), d->d_name, &st, 0) == 0)
            sum += (uint64_t)st.st_size;
    (void)closedir(list);
    return sum;
}

static enum hb_retain later(void *arg, const char *day)
{
    (*(int *)arg)++;
    return HB_RETAIN_LATER;
}

static void test_retention(void **state)
{
    struct hb_events *s = open_events();
    struct hb_err err = {0};
    unsigned removed = 99;
    int asked = 0;
    struct stat day;

    for (int k = 0; k < 10; k++) { /* 10th to 19th */
        assert_int_equal(add(s, "x", NULL, HB_SEV_LOW, NULL), 0);
        flush(s);
        if (k < 9)
            shift(DAY);
    }
    assert_int_equal(
        hb_events_retain(s, 5, 0, hold_tenth, &asked, &removed, &err), 0);
    assert_int_equal(removed, 3); /* 11th to 13th */
    assert_int_equal(asked, 4);
    assert_true(exists(in_scratch("events/2026-11-10.db")));
    assert_false(exists(in_scratch("events/2026-11-11.db")));
    assert_false(exists(in_scratch("events/2026-11-11.db-wal")));
    assert_true(exists(in_scratch("events/2026-11-14.db")));
    /* Those that will go spare the younger ones, as if they were gone. */
    asked = 0;
    assert_int_equal(stat(in_scratch("events/2026-11-14.db"), &day), 0);
    assert_int_equal(
        hb_events_retain(s, 365, size_of_days() - (uint64_t)day.st_size * 3 / 2,
                         later, &asked, &removed, &err),
        0);
    assert_int_equal(removed, 0);
    assert_int_equal(asked, 2);
    /* The ceiling takes the oldest that is not held; today's stays. */
    assert_int_equal(
        hb_events_retain(s, 365, 1, hold_tenth, &asked, &removed, &err), 0);
    assert_int_equal(removed, 5);
    assert_true(exists(in_scratch("events/2026-11-10.db")));
    assert_true(exists(in_scratch("events/2026-11-19.db")));
    assert_int_equal(find(s, (struct hb_events_query){0}), 2);
    /* Nothing to do. */
    assert_int_equal(hb_events_retain(s, 365, 0, NULL, NULL, &removed, &err),
                     0);
    assert_int_equal(removed, 0);
    assert_int_equal(hb_events_retain(s, 1, 0, NULL, NULL, &removed, &err), 0);
    assert_int_equal(removed, 1);
    hb_events_close(s);
}

static void fill(struct hb_events *s, int n)
{
    for (int i = 0; i < n; i++)
        assert_int_equal(add(s, "some text to fill the pages with", "corp",
                             HB_SEV_LOW, NULL),
                         0);
    flush(s);
}

static void test_damaged_today(void **state)
{
    struct hb_events *s = open_events();
    const char *aside;
    char first[512];

    fill(s, 200);
    assert_null(hb_events_set_aside(s));
    hb_events_close(s);
    for (off_t page = 2; page < 20; page++)
        spoil(in_scratch("events/2026-11-10.db"), page * 4096, 16);
    s = open_events();
    aside = hb_events_set_aside(s);
    assert_non_null(aside);
    (void)snprintf(first, sizeof(first), "%s", aside);
    assert_non_null(strstr(first, "2026-11-10.db.corrupt-1"));
    assert_true(exists(first));
    assert_null(hb_events_set_aside(s));
    fill(s, 10);
    assert_int_equal(find(s, (struct hb_events_query){0}), 10);
    hb_events_close(s);
    /* No database at all, and a second time. */
    assert_int_equal(
        hb_file_write(in_scratch("events/2026-11-10.db"), "rubbish", 7, 0600),
        0);
    s = open_events();
    assert_non_null(strstr(hb_events_set_aside(s), ".corrupt-2"));
    assert_true(exists(first));
    hb_events_close(s);
}

/* Damage that shows while the store is open: more than SQLite's cache holds
 * is stored, so that reading meets the disk. */
static void test_damaged_while_open(void **state)
{
    struct hb_events *s = open_events();
    struct hb_events_query q = {.text = "never there"};
    struct seen v = {0};
    struct hb_err err = {0};
    char big[4001];

    memset(big, 'b', 4000);
    big[4000] = '\0';
    for (int i = 0; i < 800; i++)
        assert_int_equal(add(s, big, NULL, HB_SEV_LOW, NULL), 0);
    flush(s);
    hb_events_close(s); /* the pages go from the log to the file */
    s = open_events();
    for (off_t page = 1; page < 600; page++)
        spoil(in_scratch("events/2026-11-10.db"), page * 4096, 16);
    assert_int_equal(hb_events_find(s, &q, see, &v, &err), -EUCLEAN);
    assert_non_null(strstr(err.file, "2026-11-10.db"));
    assert_null(hb_events_set_aside(s));
    fill(s, 1);
    assert_non_null(strstr(hb_events_set_aside(s), ".corrupt-1"));
    assert_int_equal(find(s, (struct hb_events_query){0}), 1);
    hb_events_close(s);
}

static void test_damaged_day_hides_no_other(void **state)
{
    struct hb_events *s = open_events();
    struct hb_events_query q = {.limit = 500};
    struct seen v = {0};
    struct hb_err err = {0};

    for (int day = 0; day < 3; day++) {
        fill(s, 100);
        shift(DAY);
    }
    hb_events_close(s);
    for (off_t page = 1; page < 30; page++)
        spoil(in_scratch("events/2026-11-11.db"), page * 4096, 16);
    s = open_events();
    assert_int_equal(hb_events_find(s, &q, see, &v, &err), -EUCLEAN);
    assert_int_equal(v.n, 200);
    assert_non_null(strstr(err.file, "2026-11-11.db"));
    hb_events_close(s);
}

static void test_backup(void **state)
{
    struct hb_events *s = open_events(), *copy = NULL;
    struct hb_err err = {0};

    for (int day = 0; day < 3; day++) {
        fill(s, 10);
        shift(DAY);
    }
    fill(s, 10);
    assert_int_equal(hb_mkdirs(in_scratch("copy"), 0700), 0);
    assert_int_equal(hb_events_backup(s, in_scratch("copy"), &err), 0);
    fill(s, 1);
    assert_int_equal(hb_events_open_read(in_scratch("copy"), &copy, &err), 0);
    assert_int_equal(find(copy, (struct hb_events_query){0}), 40);
    hb_events_close(copy);
    hb_events_close(s);
}

/* 4 MiB wait at most: then the disk is asked, not the memory. */
static void test_batch_has_a_ceiling(void **state)
{
    struct hb_events *s = open_events();
    char *big = malloc(60001);
    size_t most = 0;

    assert_non_null(big);
    memset(big, 'm', 60000);
    big[60000] = '\0';
    for (int i = 0; i < 100; i++) {
        assert_int_equal(add(s, big, NULL, HB_SEV_LOW, NULL), 0);
        most = HB_MAX(most, hb_events_pending(s));
    }
    assert_true(most > 60 && most < 71);
    free(big);
    hb_events_close(s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_add_flush_get),
        T(test_unflushed_was_not_promised),
        T(test_duplicates),
        T(test_days),
        T(test_midnight_in_a_batch),
        T(test_filters),
        T(test_one_writer),
        T(test_retention),
        T(test_damaged_today),
        T(test_damaged_while_open),
        T(test_damaged_day_hides_no_other),
        T(test_backup),
        T(test_batch_has_a_ceiling),
    };

    return hb_tap_run("store/events", tests);
}
