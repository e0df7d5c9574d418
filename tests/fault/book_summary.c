/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book_summary.c - what a run came to, as text: see book_work.h.
 */
#include "book_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "incident/evidence.h"
#include "incident/incident.h"

static unsigned rows(struct hb_db *db, struct hb_buf *out, const char *sql,
                     const char *lead);
static unsigned deeds(const char *dir, struct hb_buf *out);
static int by_text(const void *a, const void *b);
static hb_evidence_fn name_file;

unsigned book_summary(const struct book_script *script, const char *dir,
                      struct hb_buf *out)
{
    /* What must be in the same way after every run, each with what no run
     * may have. */
    static const char *const same[] = {
        "SELECT place || ' ' || state || ' ' || way || ' ' || arm || ' ' ||"
        " result FROM run_step ORDER BY place",
        "SELECT name || '=' || value FROM run_variable ORDER BY name",
        "SELECT step || ' ' || state || ' ' || answer || ' ' || done_by ||"
        " ' ' || second_by || ' ' || owner || ' ' || evidence FROM task"
        " ORDER BY step",
        "SELECT name || '=' || value || ' ' || actor || ' ' || CASE WHEN"
        " source LIKE 'task:%' THEN (SELECT step FROM task WHERE"
        " 'task:' || id = source) ELSE source END FROM fact ORDER BY 1",
        "SELECT DISTINCT name FROM document ORDER BY 1",
        "SELECT state || ' ' || why || ' ' || (finished > 0) FROM run",
        "SELECT kind || ' ' || args || ' ' || count(*) FROM timeline"
        " GROUP BY kind, args ORDER BY 1",
    };
    static const char *const never[] = {
        "SELECT 'asked twice: ' || step FROM task GROUP BY incident, step"
        " HAVING count(*) > 1",
        "SELECT 'waits still: ' || step FROM task WHERE state = 1 AND"
        " step NOT LIKE 'measure:%'",
        "SELECT 'lost: ' || place FROM run_step WHERE type = 3 AND task = 0"
        " AND result NOT LIKE 'Left out%'",
        "SELECT 'recorded twice: ' || name || ' ' || source FROM fact"
        " GROUP BY incident, name, source HAVING count(*) > 1",
        "SELECT 'under way still: ' || place FROM run_step WHERE"
        " finished = 0",
        "SELECT 'runs: ' || n FROM (SELECT count(*) AS n FROM run)"
        " WHERE n <> 1",
        "SELECT 'not ended: ' || state FROM run WHERE finished = 0",
    };
    struct hb_state s = {0};
    struct hb_err err = {0};
    char path[HB_MAX_PATH];
    unsigned wrong = 0;

    if (hb_state_open(dir, script->book, &s, &err) < 0) {
        hb_buf_addf(out, "wrong: the store is damaged: %s\n", err.message);
        return 1;
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(same); i++)
        (void)rows(s.db, out, same[i], "");
    for (size_t i = 0; i < HB_ARRAY_LEN(never); i++)
        wrong += rows(s.db, out, never[i], "wrong: ");
    (void)snprintf(path, sizeof(path), "%s/evidence", dir);
    if (hb_evidence_open(path, NULL, &s.evidence, &err) < 0 ||
        hb_evidence_each(s.evidence, 0, name_file, out) < 0)
        wrong++;
    hb_state_close(&s);
    return wrong + deeds(dir, out);
}

static unsigned rows(struct hb_db *db, struct hb_buf *out, const char *sql,
                     const char *lead)
{
    struct hb_stmt *q;
    unsigned n = 0;

    if (hb_db_stmt(db, sql, &q) < 0) {
        hb_buf_addf(out, "wrong: refused: %s\n", sql);
        return 1;
    }
    for (; hb_stmt_step(q) == 1; n++)
        hb_buf_addf(out, "%s%s\n", lead, hb_stmt_col_text(q, 0));
    hb_stmt_reset(q);
    return n;
}

/* Lines of the journal without their keys, by name.  The same place twice is
 * an action that was done twice. */
static unsigned deeds(const char *dir, struct hb_buf *out)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text = {"", 0};
    char path[HB_MAX_PATH], *lines[1024];
    unsigned wrong = 0;
    size_t n = 0;

    (void)snprintf(path, sizeof(path), "%s/journal", dir);
    if (hb_file_read(a, path, 1 << 20, &text) < 0)
        text.n = 0; /* nothing was done at all */
    for (size_t i = 0; i < text.n && n < HB_ARRAY_LEN(lines);) {
        size_t len = strcspn(text.p + i, "\n"), key = strcspn(text.p + i, " ");

        if (strncmp(text.p + i, "wrong:", 6) == 0)
            wrong++;
        lines[n++] = hb_arena_dup(a, text.p + i + key, len - key);
        i += len + 1;
    }
    qsort(lines, n, sizeof(lines[0]), by_text);
    for (size_t i = 0; i < n; i++) {
        bool twice = i > 0 && hb_streq(lines[i], lines[i - 1]);

        hb_buf_addf(out, "%s%s\n", twice ? "wrong: done twice:" : "done",
                    lines[i]);
        wrong += twice;
    }
    hb_arena_free(a);
    return wrong;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int name_file(void *arg, const struct hb_evidence_item *item)
{
    hb_buf_addf(arg, "kept %s\n", item->name);
    return 0;
}
