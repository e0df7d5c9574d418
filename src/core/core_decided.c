/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_decided.c - takes the decisions that were signed before there was a
 * service (`hinoban init --ask`), from etc/decisions.
 *
 * Runs in core, whenever people are read.  The folder is root's, but root
 * decides nothing: what counts is the signature of a registered officer or
 * administrator, as on ctl.sock.  Core cannot delete the files; one whose
 * signature is in the record already is passed over, so that nothing that was
 * withdrawn since comes back.
 */
#include <dirent.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/num.h"
#include "core/core.h"
#include "incident/decision.h"

#define FILE_MAX_BYTES 16384
#define FILES_MAX      256u

static int take_one(struct hb_core *c, struct hb_arena *a, const char *path);
static bool known(struct hb_core *c, const struct hb_slice *sig);

void hb_core_decided(struct hb_core *c)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char path[HB_MAX_PATH];
    struct dirent *e;
    unsigned seen = 0;
    DIR *d;

    (void)snprintf(path, sizeof(path), "%s/decisions", c->ctx->etc_dir);
    d = a == NULL ? NULL : opendir(path);
    while (d != NULL && seen < FILES_MAX && (e = readdir(d)) != NULL) {
        size_t n = strlen(e->d_name);
        int r;

        if (n <= 5 || !hb_streq(e->d_name + n - 5, ".json"))
            continue;
        seen++;
        r = snprintf(path, sizeof(path), "%s/decisions/%s", c->ctx->etc_dir,
                     e->d_name);
        r = r < 0 || (size_t)r >= sizeof(path) ? -ENAMETOOLONG
                                               : take_one(c, a, path);
        if (r < 0) {
            hb_log(HB_LOG_ERR, "%s is not a decision that counts: %s", path,
                   strerror(-r));
            hb_core_say(c, HB_SEV_MEDIUM, "decision-refused", e->d_name);
        }
        hb_arena_reset(a);
    }
    if (d != NULL)
        (void)closedir(d);
}

static int take_one(struct hb_core *c, struct hb_arena *a, const char *path)
{
    uint8_t sig[HB_SIG_SIZE];
    struct hb_decision_row row = {.sig = {(const char *)sig, sizeof(sig)}};
    struct hb_person by;
    struct hb_slice text;
    struct hb_json *o = NULL;
    int64_t id;
    int r = hb_file_read(a, path, FILE_MAX_BYTES, &text);

    if (r == 0)
        r = hb_json_parse(a, text, &o, NULL);
    if (r == 0)
        r = hb_unhex(hb_slice_z(hb_json_str(o, "sig", "")), sig, sizeof(sig));
    if (r < 0)
        return r;
    row.subject = hb_json_str(o, "subject", "");
    row.verdict = hb_json_str(o, "verdict", "");
    row.reason = hb_json_str(o, "reason", "");
    row.time = hb_json_int(o, "time_ns", 0);
    row.until = hb_json_int(o, "until_ns", 0);
    if (row.until <= hb_now() || known(c, &row.sig))
        return 0;
    r = hb_person_by_name(&c->state, a, hb_json_str(o, "person", ""), &by);
    if (r == 0 &&
        (!by.active || (by.roles & (HB_PR_OFFICER | HB_PR_ADMIN)) == 0))
        r = -EPERM;
    return r < 0 ? r : hb_decision_add(&c->state, &by, &row, 0, &id);
}

/* Where nobody knows, it is not taken twice. */
static bool known(struct hb_core *c, const struct hb_slice *sig)
{
    int64_t one = 0;

    return hb_db_number(c->state.db, &one,
                        "SELECT 1 FROM decision WHERE CAST(sig AS BLOB) = ?1",
                        "b", sig) != 0;
}
