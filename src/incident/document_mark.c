/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document_mark.c - see document_mark.h; in the tables document, decision and
 * document_sent.  Runs in core.
 */
#include "incident/document_mark.h"

#include <stdio.h>

#include "base/json.h"
#include "base/num.h"
#include "incident/incident.h"

#define HASH_DIGITS 64u

static int known(struct hb_state *s, int64_t incident, const char *subject);
static int tell(struct hb_state *s, int64_t incident,
                const struct hb_document_sent *d, const struct hb_person *by);

int hb_document_subject(const char *name, const char *sha256,
                        char ret[HB_DOCUMENT_SUBJECT])
{
    int n = snprintf(ret, HB_DOCUMENT_SUBJECT, "document:%s:%s", name, sha256);

    return n < 0 || (size_t)n >= HB_DOCUMENT_SUBJECT || name[0] == '\0' ||
                   strchr(name, ':') != NULL || strlen(sha256) != HASH_DIGITS
               ? -EINVAL
               : 0;
}

/* ---- versions ---- */

int hb_document_versions(struct hb_state *s, int64_t incident,
                         hb_document_version_fn *fn, void *arg)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       "SELECT name, replace(lang, '.html', ''), sha256, made,"
                       " row_number() OVER (PARTITION BY name, lang"
                       "  ORDER BY id)"
                       " FROM document WHERE incident = ?1"
                       " AND lang LIKE '%.html' ORDER BY name, lang, id",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        const struct hb_document_version v = {
            .name = hb_stmt_col_text(q, 0),
            .lang = hb_stmt_col_text(q, 1),
            .sha256 = hb_stmt_col_text(q, 2),
            .made = hb_stmt_col_int(q, 3),
            .number = hb_stmt_col_int(q, 4),
        };

        r = fn(arg, &v);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_document_last(struct hb_state *s, int64_t incident, const char *name,
                     const char *form, char ret_sha256[65], int64_t *ret_made)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       "SELECT made, sha256 FROM document WHERE incident = ?1"
                       " AND name = ?2 AND lang = ?3"
                       " ORDER BY id DESC LIMIT 1",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    if (r == 0)
        r = hb_stmt_text(q, 2, name);
    if (r == 0)
        r = hb_stmt_text(q, 3, form);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1) {
        if (ret_made != NULL)
            *ret_made = hb_stmt_col_int(q, 0);
        (void)hb_copyz(ret_sha256, 65, hb_stmt_col_text(q, 1));
    }
    hb_stmt_reset(q);
    return r;
}

/* ---- approvals ---- */

int hb_document_approve(struct hb_state *s, int64_t incident,
                        const struct hb_person *by,
                        const struct hb_decision_row *row)
{
    int64_t id;
    int r = known(s, incident, row->subject);

    if (r <= 0)
        return r < 0 ? r : -ENOENT;
    return hb_decision_add(s, by, row, incident, &id);
}

/* Whether SUBJECT is a version of a paper of INCIDENT. */
static int known(struct hb_state *s, int64_t incident, const char *subject)
{
    int64_t n = 0;
    int r = hb_db_number(s->db, &n,
                         "SELECT count(*) FROM document WHERE incident = ?1"
                         " AND lang LIKE '%.html'"
                         " AND 'document:' || name || ':' || sha256 = ?2",
                         "it", incident, subject);

    return r < 0 ? r : n > 0;
}

int hb_document_approvals(struct hb_state *s, int64_t incident,
                          const char *name, const char *sha256,
                          hb_document_approval_fn *fn, void *arg)
{
    char subject[HB_DOCUMENT_SUBJECT];
    struct hb_stmt *q;
    int r = hb_document_subject(name, sha256, subject);

    if (r == 0)
        r = hb_db_stmt(s->db,
                       "SELECT d.subject, d.verdict, d.reason, p.name, d.time,"
                       " d.until, d.sig, p.pub FROM decision d"
                       " JOIN person p ON p.id = d.person"
                       " WHERE d.incident = ?1 AND d.subject = ?2"
                       " ORDER BY d.id",
                       &q);
    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    if (r == 0)
        r = hb_stmt_text(q, 2, subject);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        const struct hb_decision_row row = {
            .subject = hb_stmt_col_text(q, 0),
            .verdict = hb_stmt_col_text(q, 1),
            .reason = hb_stmt_col_text(q, 2),
            .person = hb_stmt_col_text(q, 3),
            .incident = incident,
            .time = hb_stmt_col_int(q, 4),
            .until = hb_stmt_col_int(q, 5),
            .sig = hb_stmt_col_blob(q, 6),
            .pub = hb_stmt_col_blob(q, 7),
        };

        r = hb_decision_verify(&row) == 0 ? fn(arg, &row) : 0;
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

/* ---- handed over ---- */

int hb_document_sent_add(struct hb_state *s, int64_t incident,
                         const struct hb_document_sent *d,
                         const struct hb_person *by)
{
    int r = hb_db_begin(s->db);

    if (r < 0)
        return r;
    r = hb_db_exec(s->db,
                   "INSERT INTO document_sent(incident, name, sha256,"
                   " recipient, receipt, actor, at)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                   "ittttti", incident, d->name, d->sha256, d->to, d->receipt,
                   d->actor, d->at);
    if (r == 0)
        r = tell(s, incident, d, by);
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0)
        hb_db_rollback(s->db);
    return r;
}

int hb_document_sent_each(struct hb_state *s, int64_t incident,
                          hb_document_sent_fn *fn, void *arg)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       "SELECT name, sha256, recipient, receipt, actor, at"
                       " FROM document_sent WHERE incident = ?1"
                       " ORDER BY at, id",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        const struct hb_document_sent d = {
            .name = hb_stmt_col_text(q, 0),
            .sha256 = hb_stmt_col_text(q, 1),
            .to = hb_stmt_col_text(q, 2),
            .receipt = hb_stmt_col_text(q, 3),
            .actor = hb_stmt_col_text(q, 4),
            .at = hb_stmt_col_int(q, 5),
        };

        r = fn(arg, &d);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

static int tell(struct hb_state *s, int64_t incident,
                const struct hb_document_sent *d, const struct hb_person *by)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "by", by->full_name);
    hb_jw_str(&w, "name", d->name);
    hb_jw_str(&w, "to", d->to);
    hb_jw_str(&w, "receipt", d->receipt);
    hb_jw_end_obj(&w);
    return hb_buf_err(&args) < 0
               ? hb_buf_err(&args)
               : hb_timeline_add(s, incident, d->at, "document.sent", d->actor,
                                 hb_buf_z(&args), "");
}
