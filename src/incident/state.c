/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c - opens the state store and keeps small facts by name.
 *
 * Runs in core, which is the only writer.  Nothing here comes from outside.
 */
#include "incident/state.h"

#include "base/file.h"
#include "incident/evidence.h"

int hb_state_open(const char *dir, const struct hb_casebook *book,
                  struct hb_state *ret, struct hb_err *err)
{
    char path[HB_MAX_PATH];
    size_t n;
    const struct hb_migration *m = hb_state_migrations(&n);
    struct hb_db *db;
    int r = snprintf(path, sizeof(path), "%s/state.db", dir);

    if (r < 0 || (size_t)r >= sizeof(path))
        return -ENAMETOOLONG;
    r = hb_db_open(path, m, n, &db, err);
    if (r < 0)
        return r;
    *ret = (struct hb_state){.db = db, .casebook = book};
    return 0;
}

void hb_state_close(struct hb_state *s)
{
    if (s->evidence != NULL)
        hb_evidence_close(s->evidence);
    hb_db_close(s->db);
    *s = (struct hb_state){0};
}

int hb_state_set(struct hb_state *s, const char *name, const char *value)
{
    return hb_db_exec(s->db,
                      "INSERT INTO meta(name, value) VALUES(?1, ?2)"
                      " ON CONFLICT(name) DO UPDATE SET value = ?2",
                      "tt", name, value);
}

const char *hb_state_get(struct hb_state *s, struct hb_arena *a,
                         const char *name)
{
    struct hb_stmt *q;
    const char *z, *value = NULL;

    if (hb_db_stmt(s->db, "SELECT value FROM meta WHERE name = ?1", &q) < 0)
        return NULL;
    if (hb_stmt_text(q, 1, name) == 0 && hb_stmt_step(q) == 1 &&
        (z = hb_stmt_col_text(q, 0)) != NULL)
        value = hb_arena_strdup(a, z);
    hb_stmt_reset(q);
    return value;
}
