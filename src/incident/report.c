/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.c - keeps reports, and what the classifier made of them.
 *
 * Runs in core.  The text is a stranger's: it is classified, stored and shown,
 * never followed.  What the classifier said is kept with the report, so that
 * it can be told later what was proposed and what the person did.
 */
#include "incident/report.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "casebook/classify.h"

#define COLUMNS                                                                \
    "id, uid, received, known_at, source, person, actor, reporter, text,"      \
    " language, note, case_number, percent, verdict, state, incident, ended,"  \
    " ended_by, words"

enum { VERDICT_ASK = 1, VERDICT_PROPOSED };

static int propose(struct hb_state *s, struct hb_report *r);
static int insert(struct hb_state *s, const struct hb_report *r);
static const char *language(const char *text);
static void read_row(struct hb_stmt *q, struct hb_report *ret);
static int copy(struct hb_arena *a, struct hb_report *r);

static const char *const sources[] = {"?", "hand", "mail", "form", "outside"};
static const char *const states[] = {"?", "new", "opened", "joined", "closed"};

int hb_report_add(struct hb_state *s, struct hb_report *r)
{
    size_t n = strlen(r->text);
    int k;

    if (n == 0 || n > HB_REPORT_TEXT || strlen(r->reporter) > HB_REPORT_WORDS ||
        r->original.n > HB_REPORT_ORIGINAL)
        return -EINVAL;
    k = hb_db_number(s->db, &r->id, "SELECT id FROM report WHERE uid = ?1", "t",
                     r->uid);
    if (k != 0)
        return k;
    r->received = hb_now();
    if (r->known_at == 0 || r->known_at > r->received)
        r->known_at = r->received;
    r->language = language(r->text);
    k = propose(s, r);
    if (k == 0)
        k = insert(s, r);
    if (k == 0)
        r->id = hb_db_last_id(s->db);
    return k;
}

int hb_report_get(struct hb_state *s, struct hb_arena *a, int64_t id,
                  struct hb_report *ret)
{
    struct hb_stmt *q;
    struct hb_report r = {0};
    int k = hb_db_stmt(s->db,
                       "SELECT " COLUMNS ", original FROM report"
                       " WHERE id = ?1",
                       &q);

    if (k < 0)
        return k;
    k = hb_stmt_int(q, 1, id);
    if (k == 0)
        k = hb_stmt_step(q);
    if (k == 1) {
        read_row(q, &r);
        r.original = hb_stmt_col_blob(q, 19);
        k = copy(a, &r);
        if (k == 0)
            *ret = r;
    } else if (k == 0) {
        k = -ENOENT;
    }
    hb_stmt_reset(q);
    return k;
}

int hb_report_each(struct hb_state *s, bool waiting, hb_report_fn *fn,
                   void *arg)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       waiting ? "SELECT " COLUMNS " FROM report"
                                 " WHERE state = 1 ORDER BY id"
                               : "SELECT " COLUMNS " FROM report ORDER BY id",
                       &q);

    if (r < 0)
        return r;
    while ((r = hb_stmt_step(q)) == 1) {
        struct hb_report one = {0};

        read_row(q, &one);
        r = fn(arg, &one);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_report_waiting(struct hb_state *s, bool nobodys, int64_t *ret)
{
    int r = hb_db_number(s->db, ret,
                         "SELECT count(*) FROM report WHERE state = 1"
                         " AND (person = 0 OR ?1 = 0)",
                         "i", (int64_t)nobodys);

    return r == 1 ? 0 : r == 0 ? -EUCLEAN : r;
}

int hb_report_end(struct hb_state *s, int64_t id, enum hb_report_state state,
                  int64_t incident, const char *by, const char *words)
{
    int r =
        hb_db_exec(s->db,
                   "UPDATE report SET state = ?2, incident = ?3,"
                   " ended = ?4, ended_by = ?5, words = ?6"
                   " WHERE id = ?1 AND state = 1",
                   "iiiitt", id, (int64_t)state, incident, hb_now(), by, words);

    if (r == 0 && hb_db_changes(s->db) == 0)
        r = -EALREADY;
    return r;
}

const char *hb_report_source_name(enum hb_report_source s)
{
    return sources[(unsigned)s < HB_ARRAY_LEN(sources) ? s : 0];
}

int hb_report_source_parse(const char *name, enum hb_report_source *ret)
{
    for (unsigned i = HB_REPORT_HAND; i <= HB_REPORT_OUTSIDE; i++) {
        if (hb_streq(sources[i], name)) {
            *ret = (enum hb_report_source)i;
            return 0;
        }
    }
    return -EINVAL;
}

const char *hb_report_state_name(enum hb_report_state s)
{
    return states[(unsigned)s < HB_ARRAY_LEN(states) ? s : 0];
}

static int propose(struct hb_state *s, struct hb_report *r)
{
    _cleanup_free_ struct hb_classified *c = malloc(sizeof(*c));
    int k =
        c == NULL ? -ENOMEM : hb_classify(s->casebook, hb_slice_z(r->text), c);

    if (k < 0)
        return k;
    r->case_number = c->n > 0 ? (int)c->list[0].c->number : 0;
    r->percent = c->n > 0 ? c->list[0].percent : 0;
    r->proposed = c->verdict == HB_VERDICT_PROPOSED;
    return 0;
}

static int insert(struct hb_state *s, const struct hb_report *r)
{
    struct hb_slice original =
        r->original.p != NULL ? r->original : hb_slice_z("");

    return hb_db_exec(
        s->db,
        "INSERT INTO report(uid, received, known_at, source, person, actor,"
        " reporter, text, language, note, original, case_number, percent,"
        " verdict, state, incident, ended, ended_by, words)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
        " 1, 0, 0, '', '')",
        "tiiiitttttbiii", r->uid, r->received, r->known_at, (int64_t)r->source,
        r->person, r->actor, r->reporter, r->text, r->language, r->note,
        &original, (int64_t)r->case_number, (int64_t)r->percent,
        (int64_t)(r->proposed ? VERDICT_PROPOSED : VERDICT_ASK));
}

/* Kana, Chinese characters or their full-width marks: Japanese here. */
static const char *language(const char *text)
{
    size_t n = strlen(text), at = 0;

    while (at < n) {
        uint32_t cp = 0;
        size_t step = hb_utf8_get(text + at, n - at, &cp);

        if (cp >= 0x3000 && cp < 0xa000)
            return "ja";
        at += step > 0 ? step : 1;
    }
    return "en";
}

static void read_row(struct hb_stmt *q, struct hb_report *ret)
{
    *ret = (struct hb_report){
        .id = hb_stmt_col_int(q, 0),
        .uid = hb_stmt_col_text(q, 1),
        .received = hb_stmt_col_int(q, 2),
        .known_at = hb_stmt_col_int(q, 3),
        .source = (enum hb_report_source)hb_stmt_col_int(q, 4),
        .person = hb_stmt_col_int(q, 5),
        .actor = hb_stmt_col_text(q, 6),
        .reporter = hb_stmt_col_text(q, 7),
        .text = hb_stmt_col_text(q, 8),
        .language = hb_stmt_col_text(q, 9),
        .note = hb_stmt_col_text(q, 10),
        .case_number = (int)hb_stmt_col_int(q, 11),
        .percent = (unsigned)hb_stmt_col_int(q, 12),
        .proposed = hb_stmt_col_int(q, 13) == VERDICT_PROPOSED,
        .state = (enum hb_report_state)hb_stmt_col_int(q, 14),
        .incident = hb_stmt_col_int(q, 15),
        .ended = hb_stmt_col_int(q, 16),
        .ended_by = hb_stmt_col_text(q, 17),
        .words = hb_stmt_col_text(q, 18),
    };
}

static int copy(struct hb_arena *a, struct hb_report *r)
{
    const char **const z[] = {&r->uid,  &r->actor,    &r->reporter, &r->text,
                              &r->note, &r->language, &r->ended_by, &r->words};

    for (size_t i = 0; i < HB_ARRAY_LEN(z); i++)
        if (*z[i] == NULL || (*z[i] = hb_arena_strdup(a, *z[i])) == NULL)
            return -ENOMEM;
    r->original.p =
        hb_arena_dup(a, r->original.n > 0 ? r->original.p : "", r->original.n);
    return r->original.p == NULL ? -ENOMEM : 0;
}
