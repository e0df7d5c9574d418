/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_detect.c - events a second through the shipped rules, one thread.
 *
 *     bench-detect RULES_DIR      prints one JSON object a line
 *
 * Half of the events are tampered files (several rules hit), half are health
 * messages that no rule wants.
 */
#include <stdio.h>

#include "base/clock.h"
#include "detect/detect.h"

#define EVENTS 200000
#define RUNS   5

static int hit(void *arg, const struct hb_rule *rule, const char *key)
{
    struct hb_group *g;

    return hb_groups_add(arg, rule, key, 1, &g) < 0 ? -1 : 0;
}

static struct hb_event *make(struct hb_arena *a, bool tampered)
{
    struct hb_event *e =
        hb_event_new(a, tampered ? HB_EV_FILE_ACTIVITY : HB_EV_APP_LIFECYCLE, 3,
                     HB_SEV_HIGH, "sense/files");

    if (e == NULL || hb_event_strz(e, HB_F_SITE, "city") < 0 ||
        hb_event_strz(e, HB_F_FILE_PATH,
                      "/var/www/html/news/2026/11/index.html") < 0 ||
        hb_event_strz(e, HB_F_FILE_NAME, "index.html") < 0 ||
        hb_event_strz(e, HB_F_SITE_CHANGE,
                      tampered ? "modified" : "published") < 0 ||
        hb_event_strz(e, HB_F_STATUS, "restored") < 0)
        return NULL;
    return e;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_groups *g = hb_groups_new(1024, 3600 * HB_S);
    struct hb_event *e[2];
    struct hb_rules *r = NULL;
    struct hb_err err = {0};
    double rate[RUNS];
    char text[1024];
    long hits = 0;

    if (argc != 2 || a == NULL || g == NULL ||
        hb_rules_load(argv[1], &r, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        (void)fprintf(stderr, "usage: bench-detect RULES_DIR (%s)\n", text);
        return 1;
    }
    e[0] = make(a, true);
    e[1] = make(a, false);
    if (e[0] == NULL || e[1] == NULL)
        return 1;
    for (int run = 0; run < RUNS; run++) {
        uint64_t from = hb_tick();

        for (int i = 0; i < EVENTS; i++) {
            int n = hb_rules_match(r, e[i & 1], hit, g);

            if (n < 0)
                return 1;
            hits += n;
        }
        rate[run] = EVENTS * 1e9 / (double)(hb_tick() - from);
    }
    qsort(rate, RUNS, sizeof(rate[0]), by_size);
    (void)printf("{\"bench\":\"detect.events\",\"unit\":\"events/s\","
                 "\"ours\":%.0f,\"goal\":100000,\"better\":\"higher\","
                 "\"runs\":%d,\"rules\":%zu,\"hits\":%ld}\n",
                 rate[RUNS / 2], RUNS, hb_rules_count(r), hits);
    hb_rules_free(r);
    hb_groups_free(g);
    hb_arena_free(a);
    return hits > 0 ? 0 : 1;
}
