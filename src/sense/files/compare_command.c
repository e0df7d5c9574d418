/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare_command.c - what core may ask of compare: look at a whole site now
 * ("scan"; "kind":"meta" is by metadata alone, "deep" past the page cache),
 * or go on until it is as published ("restore").
 *
 * Runs in compare.  A command names a site and nothing else; what is restored
 * is decided here and in the helper as for every other change.  The answer
 * follows a scan that began after the command came.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/i18n.h"
#include "sense/files/compare.h"

#define ROUNDS_MAX 4u

static struct hb_cmp_site *by_name(struct hb_cmp *c, const char *name);
static void answer(struct hb_cmp *c, struct hb_cmp_site *s, bool good,
                   uint64_t found, const char *words);
static hb_timer_fn again;

void hb_cmp_command(void *arg, const struct hb_json *command)
{
    struct hb_cmp *c = arg;
    enum hb_fp_scan kind = HB_FPSC_FULL;
    const char *cmd = hb_json_str(command, "cmd", "");
    const char *key = hb_json_str(command, "key", "");
    struct hb_cmp_site *s = by_name(c, hb_json_str(command, "site", ""));

    if (!hb_streq(cmd, "scan") && !hb_streq(cmd, "restore"))
        return;
    if (hb_streq(hb_json_str(command, "kind", ""), "meta"))
        kind = HB_FPSC_META;
    else if (hb_streq(hb_json_str(command, "kind", ""), "deep"))
        kind = HB_FPSC_DEEP;
    if (s == NULL) {
        (void)hb_bus_answer(c->bus, key, "failed", "{}",
                            _("This site is not configured."));
        return;
    }
    if (s->command[0] != '\0')
        answer(c, s, false, 0, _("Another command took its place."));
    if (!hb_copyz(s->command, sizeof(s->command), key))
        return;
    s->rounds = hb_streq(cmd, "restore") ? ROUNDS_MAX : 1;
    s->commanded = hb_mono();
    if (s->scanning)
        s->scan_again = true;
    else if (hb_cmp_ask_scan(c, s, kind, hb_slice("", 0)) < 0)
        answer(c, s, false, 0, _("The file watch is not connected."));
}

void hb_cmp_command_scanned(struct hb_cmp *c, struct hb_cmp_site *s,
                            uint64_t began, uint64_t found, bool whole)
{
    char words[96];

    if (s->command[0] == '\0' || began < s->commanded)
        return;
    if (s->rounds > 0)
        s->rounds--;
    /* What differed is being restored meanwhile: look again. */
    if ((found > 0 || !whole) && s->rounds > 0 && s->again == NULL) {
        s->cmp = c;
        s->again = hb_loop_timer(c->loop, HB_S, 0, again, s);
        if (s->again != NULL)
            return;
    }
    (void)snprintf(words, sizeof(words), _("%llu differ"),
                   (unsigned long long)found);
    answer(c, s, whole, found, words);
}

static void again(void *arg)
{
    struct hb_cmp_site *s = arg;
    struct hb_cmp *c = s->cmp;

    s->again = NULL;
    if (hb_cmp_ask_scan(c, s, HB_FPSC_FULL, hb_slice("", 0)) < 0)
        answer(c, s, false, 0, _("The file watch is not connected."));
}

static void answer(struct hb_cmp *c, struct hb_cmp_site *s, bool good,
                   uint64_t found, const char *words)
{
    bool clean = good && found == 0;
    char sets[96];

    (void)snprintf(sets, sizeof(sets),
                   "{\"__site_clean__\":%s,\"__restored__\":%s}",
                   clean ? "true" : "false", clean ? "true" : "false");
    (void)hb_bus_answer(c->bus, s->command, good ? "done" : "failed", sets,
                        words);
    s->command[0] = '\0';
}

static struct hb_cmp_site *by_name(struct hb_cmp *c, const char *name)
{
    for (size_t i = 0; i < c->n_sites; i++)
        if (hb_streq(c->sites[i].conf->name, name))
            return &c->sites[i];
    return NULL;
}
