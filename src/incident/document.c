/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document.c - fills the papers that the case book describes.
 *
 * Runs in core.  The template (casebook/NN-.../documents/DNN.yaml) names
 * sections and facts; this file walks it and writes HTML or text through
 * html/doc.h, which escapes everything.  The language is that of the paper,
 * not of the process: one incident is often told in two.
 */
#include "incident/document.h"

#include <stdio.h>

#include "base/i18n.h"
#include "base/json.h"
#include "base/show.h"
#include "html/doc.h"
#include "incident/decision.h"
#include "incident/document_facts.h"
#include "incident/clock.h"
#include "incident/fact.h"

struct paper {
    const char *name; /* "D02" */
    const struct hb_document *t;
    struct hb_facts_of f;
    struct hb_doc d;
    int64_t rows;         /* of the open table */
    struct hb_buf hashes; /* of the evidence, for the text */
};

typedef int section_fn(struct paper *p);

static int fields(struct paper *p, const struct hb_doc_section *sec);
static section_fn timeline, evidence, tasks, decisions, case_facts, sources,
    clocks;
static bool has_field(const struct hb_document *t, const char *fact);
static int section(struct paper *p, const struct hb_doc_section *sec);
static int paragraphs(struct paper *p, const struct hb_doc_section *sec);
static int field(struct paper *p, const char *label, const char *fact);
static hb_known_fn one_source;
static hb_clock_fn one_clock;
static hb_moment_fn one_moment;
static hb_evidence_fn one_item;
static bool is_own_moment(const struct paper *p, const struct hb_moment *m);
static bool is_own_item(const struct paper *p,
                        const struct hb_evidence_item *i);
static int task_decisions(struct paper *p);
static int signed_decisions(struct paper *p);
static void one_decision(struct paper *p, struct hb_stmt *q);
static const char *verdict_word(struct paper *p, const char *verdict);
static const char *title_of(const struct paper *p,
                            const struct hb_fact_task *t);
static void nothing(struct paper *p);

static const struct hb_document *find(const struct hb_case *kase,
                                      const char *name, struct hb_err *err);

static section_fn *const sections[] = {
    [HB_DOC_TIMELINE] = timeline, [HB_DOC_EVIDENCE] = evidence,
    [HB_DOC_TASKS] = tasks,       [HB_DOC_DECISIONS] = decisions,
    [HB_DOC_FACTS] = case_facts,  [HB_DOC_SOURCES] = sources,
    [HB_DOC_CLOCKS] = clocks,
};

int hb_document_known(struct hb_state *s, int64_t incident, const char *name,
                      struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_facts_of f;
    int r = a == NULL ? -ENOMEM : hb_facts_open(&f, s, a, incident, err);

    return r < 0 ? r : find(f.kase, name, err) != NULL ? 0 : -ENOENT;
}

static const struct hb_document *find(const struct hb_case *kase,
                                      const char *name, struct hb_err *err)
{
    const struct hb_document *d =
        kase != NULL ? hb_document_find(kase, name) : NULL;

    if (d == NULL)
        (void)hb_err_set(err, -ENOENT,
                         _("The case of this incident has no document %s."),
                         name);
    return d;
}

int hb_document_write(struct hb_state *s, int64_t incident, const char *name,
                      const struct hb_document_opts *o, struct hb_buf *b,
                      struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_document *t;
    struct paper p = {.name = name, .hashes = HB_BUF_INIT};
    int r;

    if (a == NULL)
        return -ENOMEM;
    if (o->lang < 0 || o->lang >= HB_LANG_COUNT)
        return -EINVAL;
    r = hb_facts_read(&p.f, s, a, incident, o, err);
    if (r < 0)
        return r;
    t = find(p.f.kase, name, err);
    if (t == NULL)
        return -ENOENT;
    p.t = t;
    hb_doc_begin(&p.d, o->text ? NULL : b, o->text ? b : NULL,
                 hb_lang_code((enum hb_lang)o->lang), t->title.in[o->lang]);
    if (!o->letter)
        hb_doc_row(&p.d, hb_facts_tr(&p.f, N_("To")), t->to.in[o->lang]);
    for (size_t i = 0; i < t->sections_n && r == 0; i++)
        r = section(&p, &t->sections[i]);
    if (r == 0 && !o->letter && t->note.in[o->lang] != NULL) {
        hb_doc_heading(&p.d, 2, hb_facts_tr(&p.f, N_("Note")));
        hb_doc_para(&p.d, t->note.in[o->lang]);
    }
    hb_buf_done(&p.hashes);
    if (r == 0)
        r = hb_doc_end(&p.d);
    else
        (void)!hb_doc_end(&p.d);
    if (r < 0)
        return hb_err_set(err, r, _("The document could not be written."));
    return 0;
}

static int section(struct paper *p, const struct hb_doc_section *sec)
{
    const char *title = sec->title.in[p->f.o->lang];
    int r = hb_facts_when(&p->f, sec->when);

    if (r <= 0 || (sec->writer && p->f.o->letter))
        return HB_MIN(r, 0);
    if (title != NULL)
        hb_doc_heading(&p->d, 2, title);
    p->rows = 0;
    if (sec->kind == HB_DOC_FIELDS)
        return fields(p, sec);
    return sec->kind == HB_DOC_TEXT ? paragraphs(p, sec)
                                    : sections[sec->kind](p);
}

static int paragraphs(struct paper *p, const struct hb_doc_section *sec)
{
    for (size_t i = 0; i < sec->paras_n; i++) {
        const struct hb_doc_para *para = &sec->paras[i];
        int r = hb_facts_when(&p->f, para->when);
        const char *z;

        if (r < 0)
            return r;
        if (r == 0)
            continue;
        z = hb_facts_fill(&p->f, para->text.in[p->f.o->lang]);
        if (z == NULL)
            return -ENOMEM;
        if (para->item)
            hb_doc_item(&p->d, z);
        else
            hb_doc_para(&p->d, z);
    }
    return 0;
}

static int fields(struct paper *p, const struct hb_doc_section *sec)
{
    int r = 0;

    for (size_t i = 0; i < sec->fields_n && r == 0; i++)
        r = field(p, sec->fields[i].label.in[p->f.o->lang],
                  sec->fields[i].fact);
    return r;
}

/* Those that the paper does not print elsewhere. */
static int case_facts(struct paper *p)
{
    int r = 0;

    for (size_t i = 0; p->f.kase != NULL && i < p->f.kase->facts_n && r == 0;
         i++)
        if (!has_field(p->t, p->f.kase->facts[i]->name))
            r = field(p, p->f.kase->facts[i]->label.in[p->f.o->lang],
                      p->f.kase->facts[i]->name);
    return r;
}

static bool has_field(const struct hb_document *t, const char *fact)
{
    for (size_t i = 0; i < t->sections_n; i++)
        for (size_t k = 0; k < t->sections[i].fields_n; k++)
            if (t->sections[i].when == NULL &&
                hb_streq(t->sections[i].fields[k].fact, fact))
                return true;
    return false;
}

static int field(struct paper *p, const char *label, const char *fact)
{
    struct hb_fact_values v;
    int r = hb_facts_get(&p->f, fact, &v);

    /* The loader knows the same names, so -ENOENT is a fact that a newer case
     * book asks for. */
    if (r < 0 && r != -ENOENT)
        return r;
    if (r < 0 || v.n == 0)
        hb_doc_row(&p->d, label,
                   hb_known_nothing(hb_fact_find(p->f.s->casebook, fact),
                                    p->f.o->lang));
    for (size_t k = 0; r == 0 && k < HB_MIN(v.n, HB_FACTS_SHOWN); k++)
        hb_doc_row(&p->d, k == 0 ? label : NULL, v.v[k]);
    if (r == 0 && v.n > HB_FACTS_SHOWN) {
        int64_t left = v.more + (int64_t)(v.n - HB_FACTS_SHOWN);
        const char *more = hb_arena_printf(
            p->f.a, hb_facts_tr(&p->f, N_("and %lld more")), (long long)left);

        hb_doc_row(&p->d, NULL, more != NULL ? more : "...");
    }
    return 0;
}

/* Every word that was said about a fact, the last one last. */
static int sources(struct paper *p)
{
    const char *const heads[] = {hb_facts_tr(&p->f, N_("Fact")),
                                 hb_facts_tr(&p->f, N_("Value")),
                                 hb_facts_tr(&p->f, N_("Known at")),
                                 hb_facts_tr(&p->f, N_("Source")),
                                 hb_facts_tr(&p->f, N_("Recorded by")),
                                 hb_facts_tr(&p->f, N_("Evidence"))};
    int r;

    hb_doc_table(&p->d, hb_facts_tr(&p->f, N_("What is known, and from whom")),
                 heads, HB_ARRAY_LEN(heads));
    r = hb_known_each(p->f.s, p->f.i.id, true, one_source, p);
    nothing(p);
    return r;
}

static int one_source(void *arg, const struct hb_known *k)
{
    struct paper *p = arg;
    const struct hb_fact *f = hb_fact_find(p->f.s->casebook, k->name);
    int lang = p->f.o->lang;
    char number[24] = "-";
    const char *cells[] = {f != NULL ? f->label.in[lang] : k->name,
                           f != NULL ? hb_known_text(p->f.a, f, k->value, lang)
                                     : k->value,
                           hb_facts_time(&p->f, k->known_at),
                           hb_known_source(p->f.a, k->source, lang),
                           hb_facts_actor(&p->f, k->actor),
                           number};

    if (k->evidence > 0)
        (void)snprintf(number, sizeof(number), "#%lld", (long long)k->evidence);
    if (cells[1] == NULL || cells[3] == NULL)
        return -ENOMEM;
    hb_doc_cells(&p->d, cells);
    p->rows++;
    return 0;
}

/* What was owed by when; a deadline goes on after the incident is closed. */
static int clocks(struct paper *p)
{
    const char *const heads[] = {
        hb_facts_tr(&p->f, N_("Deadline")),
        hb_facts_tr(&p->f, N_("Counts from")), hb_facts_tr(&p->f, N_("Until")),
        hb_facts_tr(&p->f, N_("State")), hb_facts_tr(&p->f, N_("Answer"))};
    int r;

    hb_doc_table(&p->d,
                 hb_facts_tr(&p->f, N_("Deadlines by law, contract and our own "
                                       "order")),
                 heads, HB_ARRAY_LEN(heads));
    r = hb_clock_each(p->f.s, p->f.i.id, false, one_clock, p);
    nothing(p);
    return r;
}

static int one_clock(void *arg, const struct hb_clock *c)
{
    struct paper *p = arg;
    const char *title = p->f.o->lang == HB_LANG_JA ? c->title_ja : c->title_en;
    const char *cells[] = {
        c->to_confirm
            ? hb_arena_printf(p->f.a, "%s%s", title,
                              hb_facts_tr(&p->f, N_(" (to be confirmed)")))
            : title,
        hb_facts_time(&p->f, c->start), hb_facts_time(&p->f, c->due),
        hb_facts_tr(&p->f, c->state == HB_CLK_DONE ? N_("fulfilled")
                           : c->state == HB_CLK_NOT_APPLICABLE
                               ? N_("does not apply")
                               : N_("runs")),
        c->words};

    if (cells[0] == NULL)
        return -ENOMEM;
    hb_doc_cells(&p->d, cells);
    p->rows++;
    return 0;
}

static int timeline(struct paper *p)
{
    const char *const heads[] = {hb_facts_tr(&p->f, N_("Time")),
                                 hb_facts_tr(&p->f, N_("What happened")),
                                 hb_facts_tr(&p->f, N_("Recorded by"))};
    int r;

    hb_doc_table(&p->d, hb_facts_tr(&p->f, N_("All entries, oldest first")),
                 heads, HB_ARRAY_LEN(heads));
    r = hb_timeline_each(p->f.s, p->f.i.id, one_moment, p);
    nothing(p);
    return r;
}

static int one_moment(void *arg, const struct hb_moment *m)
{
    struct paper *p = arg;
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    const char *cells[3];

    if (is_own_moment(p, m))
        return 0;
    hb_moment_text(&b, m, p->f.o->lang);
    if (hb_buf_err(&b) < 0)
        return hb_buf_err(&b);
    cells[0] = hb_facts_time(&p->f, m->time);
    cells[1] = hb_buf_z(&b);
    cells[2] = hb_facts_actor(&p->f, m->actor);
    hb_doc_cells(&p->d, cells);
    p->rows++;
    return 0;
}

/* On paper a hash fits its column; in text it would be broken, so the hashes
 * follow below, as sha256sum writes them. */
static int evidence(struct paper *p)
{
    const char *const heads[] = {
        hb_facts_tr(&p->f, N_("Number")),   hb_facts_tr(&p->f, N_("Taken at")),
        hb_facts_tr(&p->f, N_("What")),     hb_facts_tr(&p->f, N_("Bytes")),
        hb_facts_tr(&p->f, N_("Taken by")), hb_facts_tr(&p->f, N_("SHA-256"))};
    int r = 0;

    hb_doc_table(&p->d, hb_facts_tr(&p->f, N_("Items of evidence")), heads,
                 p->f.o->text ? 5 : 6);
    if (p->f.s->evidence != NULL)
        r = hb_evidence_each(p->f.s->evidence, p->f.i.id, one_item, p);
    nothing(p);
    if (p->hashes.n > 0)
        hb_doc_excerpt(&p->d, hb_buf_z(&p->hashes));
    return r < 0 ? r : hb_buf_err(&p->hashes);
}

static int one_item(void *arg, const struct hb_evidence_item *i)
{
    struct paper *p = arg;
    char line[24], size[24];
    const char *cells[] = {
        line,
        hb_facts_time(&p->f, i->time),
        i->name,
        size,
        hb_facts_actor(&p->f, i->taken_by),
        i->sha256[0] != '\0' ? i->sha256 : "-",
    };

    if (is_own_item(p, i))
        return 0;
    (void)snprintf(line, sizeof(line), "%lld", (long long)i->number);
    (void)snprintf(size, sizeof(size), "%lld", (long long)i->size);
    hb_doc_cells(&p->d, cells);
    p->rows++;
    if (p->f.o->text && i->sha256[0] != '\0') {
        hb_buf_addf(&p->hashes, "%s  %lld  ", i->sha256, (long long)i->number);
        hb_show(&p->hashes, hb_slice_z(i->name));
        hb_buf_addc(&p->hashes, '\n');
    }
    return hb_buf_err(&p->hashes);
}

/* A paper that told of its own making would be another paper each time. */
static bool is_own_moment(const struct paper *p, const struct hb_moment *m)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *args;

    return hb_streq(m->kind, "document.made") && a != NULL &&
           hb_json_parse(a, hb_slice_z(m->args), &args, NULL) == 0 &&
           hb_streq(hb_json_str(args, "name", ""), p->name);
}

/* "3-D02.ja.html" */
static bool is_own_item(const struct paper *p, const struct hb_evidence_item *i)
{
    const char *dash = strchr(i->name, '-');
    size_t n = strlen(p->name);

    return hb_streq(i->kind, "document") && dash != NULL &&
           strncmp(dash + 1, p->name, n) == 0 && dash[1 + n] == '.';
}

static int tasks(struct paper *p)
{
    const char *const heads[] = {
        hb_facts_tr(&p->f, N_("Task")), hb_facts_tr(&p->f, N_("Whose")),
        hb_facts_tr(&p->f, N_("Due")), hb_facts_tr(&p->f, N_("State")),
        hb_facts_tr(&p->f, N_("Answer"))};

    hb_doc_table(&p->d, hb_facts_tr(&p->f, N_("All tasks of this incident")),
                 heads, HB_ARRAY_LEN(heads));
    for (const struct hb_fact_task *t = p->f.tasks; t != NULL; t = t->next) {
        const char *who = t->who[0] != '\0' ? t->who
                          : t->owner[0] != '\0'
                              ? t->owner
                              : hb_facts_roles(&p->f, t->t.roles);
        const char *cells[] = {
            title_of(p, t), who,
            t->t.due != 0 ? hb_facts_time(&p->f, t->t.due) : "-",
            hb_facts_task_state(&p->f, t->t.state), t->t.answer};

        hb_doc_cells(&p->d, cells);
        p->rows++;
    }
    nothing(p);
    return 0;
}

static int decisions(struct paper *p)
{
    const char *const heads[] = {
        hb_facts_tr(&p->f, N_("Time")), hb_facts_tr(&p->f, N_("Who")),
        hb_facts_tr(&p->f, N_("About")), hb_facts_tr(&p->f, N_("Decision")),
        hb_facts_tr(&p->f, N_("Reason"))};
    int r;

    hb_doc_table(&p->d,
                 hb_facts_tr(&p->f, N_("Who decided what, when and why")),
                 heads, HB_ARRAY_LEN(heads));
    r = task_decisions(p);
    if (r == 0)
        r = signed_decisions(p);
    nothing(p);
    return r;
}

/* Steps that demand a decision as evidence, and whatever was decided
 * against. */
static int task_decisions(struct paper *p)
{
    for (const struct hb_fact_task *t = p->f.tasks; t != NULL; t = t->next) {
        const char *who = t->who, *cells[5];

        if (t->t.done_by == 0 || (t->t.state != HB_TASK_DECLINED &&
                                  strstr(t->t.evidence, "decision") == NULL))
            continue;
        if (t->second[0] != '\0') {
            who = hb_arena_printf(p->f.a, hb_facts_tr(&p->f, N_("%s and %s")),
                                  t->second, t->who);
            if (who == NULL)
                return -ENOMEM;
        }
        cells[0] = hb_facts_time(&p->f, t->t.done);
        cells[1] = who;
        cells[2] = title_of(p, t);
        cells[3] = hb_facts_task_state(&p->f, t->t.state);
        cells[4] = t->t.answer;
        hb_doc_cells(&p->d, cells);
        p->rows++;
    }
    return 0;
}

static int signed_decisions(struct paper *p)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(p->f.s->db,
                       "SELECT d.subject, d.verdict, d.reason, d.time,"
                       " d.until, d.sig, p.name, p.full_name, p.pub"
                       " FROM decision d JOIN person p ON p.id = d.person"
                       " WHERE d.incident = ?1 ORDER BY d.id",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, p->f.i.id);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1)
        one_decision(p, q);
    hb_stmt_reset(q);
    return r;
}

/* A row that was edited in the database is shown as what it is. */
static void one_decision(struct paper *p, struct hb_stmt *q)
{
    struct hb_decision_row row = {
        .subject = hb_stmt_col_text(q, 0),
        .verdict = hb_stmt_col_text(q, 1),
        .reason = hb_stmt_col_text(q, 2),
        .person = hb_stmt_col_text(q, 6),
        .time = hb_stmt_col_int(q, 3),
        .until = hb_stmt_col_int(q, 4),
        .incident = p->f.i.id,
        .sig = hb_stmt_col_blob(q, 5),
        .pub = hb_stmt_col_blob(q, 8),
    };
    bool holds = hb_decision_verify(&row) == 0;
    const char *cells[] = {
        hb_facts_time(&p->f, row.time), hb_stmt_col_text(q, 7), row.subject,
        holds ? verdict_word(p, row.verdict)
              : hb_facts_tr(&p->f, N_("VOID: the signature does not hold")),
        row.reason};

    hb_doc_cells(&p->d, cells);
    p->rows++;
}

static const char *verdict_word(struct paper *p, const char *verdict)
{
    static const struct {
        const char *verdict, *word;
    } words[] = {
        {"accepted", N_("risk accepted")},
        {"not-applicable", N_("not applicable")},
        {"against", N_("decided against")},
        {"pass", N_("holds")},
        {"fail", N_("does not hold")},
        {"withdrawn", N_("withdrawn")},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(words); i++)
        if (hb_streq(words[i].verdict, verdict))
            return hb_facts_tr(&p->f, words[i].word);
    return "?";
}

static const char *title_of(const struct paper *p, const struct hb_fact_task *t)
{
    return p->f.o->lang == HB_LANG_JA ? t->t.title_ja : t->t.title_en;
}

/* A table without a row looks like one that was forgotten. */
static void nothing(struct paper *p)
{
    if (p->rows == 0)
        hb_doc_para(&p->d, hb_facts_tr(&p->f, N_("None so far.")));
}
