/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_rules.c - the reader of rules, and what it made against one event:
 * whatever is read can be matched.
 */
#include "detect/detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int hit(void *arg, const struct hb_rule *rule, const char *key)
{
    (void)arg;
    HB_ASSERT(rule->title[0] != NULL && rule->title[1] != NULL);
    HB_ASSERT(rule->cases[0] != 0);
    HB_ASSERT(strlen(key) < HB_FINDING_KEY);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_rules *r = NULL;
    struct hb_err err = {0};
    struct hb_event *e;

    if (a == NULL)
        return 0;
    e = hb_event_new(a, HB_EV_FILE_ACTIVITY, 3, HB_SEV_HIGH, "sense/files");
    if (e != NULL &&
        hb_event_strz(e, HB_F_FILE_PATH, "/var/www/Shell.php") == 0 &&
        hb_event_strz(e, HB_F_SITE, "city") == 0 &&
        hb_event_int(e, HB_F_EVENT_COUNT, 7) == 0 &&
        hb_rules_parse("fuzz", hb_slice((const char *)data, size), &r, &err) ==
            0) {
        int n = hb_rules_match(r, e, hit, NULL);

        HB_ASSERT(n == 0 || n == 1);
    } else {
        HB_ASSERT(r == NULL);
    }
    hb_rules_free(r);
    hb_arena_free(a);
    return 0;
}
