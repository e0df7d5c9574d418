/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fact.c - what is known of an incident, append-only.
 *
 * Runs in core.  Values come from people (answers, `hinoban fact`) and from
 * sensors through playbooks; each is checked against the catalogue, so that a
 * clock or a paper never reads a word that means nothing.
 */
#include "incident/fact.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/num.h"
#include "incident/incident.h"

#define COLUMNS "id, name, value, known_at, recorded, source, evidence, actor"

static int check(struct hb_state *s, const struct hb_known *k,
                 const struct hb_fact **ret, struct hb_err *err);
static int unknown(const struct hb_casebook *b, const char *name,
                   struct hb_err *err);
static int wrong_type(const struct hb_fact *f, const char *value,
                      struct hb_err *err);
static int insert(struct hb_state *s, int64_t incident, const struct hb_fact *f,
                  const struct hb_known *k);
static int tell(struct hb_state *s, int64_t incident, const struct hb_fact *f,
                const struct hb_known *k);
static void read_row(struct hb_stmt *q, struct hb_known *ret);

int hb_known_add(struct hb_state *s, int64_t incident, const struct hb_known *k,
                 struct hb_err *err)
{
    const struct hb_fact *f = NULL;
    bool own = !hb_db_in_transaction(s->db);
    int r = check(s, k, &f, err);

    if (r < 0 || f == NULL)
        return r;
    r = own ? hb_db_begin(s->db) : 0;
    if (r < 0)
        return r;
    r = insert(s, incident, f, k);
    if (r == 0 && own)
        r = hb_db_commit(s->db);
    if (r < 0 && own)
        hb_db_rollback(s->db);
    return r;
}

int hb_known_get(struct hb_state *s, struct hb_arena *a, int64_t incident,
                 const char *name, struct hb_known *ret)
{
    struct hb_stmt *q;
    struct hb_known k;
    int r = hb_db_stmt(s->db,
                       "SELECT " COLUMNS " FROM fact WHERE incident = ?1"
                       " AND name = ?2 ORDER BY id DESC LIMIT 1",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    if (r == 0)
        r = hb_stmt_text(q, 2, name);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1) {
        read_row(q, &k);
        k.name = hb_arena_strdup(a, k.name);
        k.value = hb_arena_strdup(a, k.value);
        k.source = hb_arena_strdup(a, k.source);
        k.actor = hb_arena_strdup(a, k.actor);
        if (k.name == NULL || k.value == NULL || k.source == NULL ||
            k.actor == NULL)
            r = -ENOMEM;
        else
            *ret = k;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_known_each(struct hb_state *s, int64_t incident, bool history,
                  hb_known_fn *fn, void *arg)
{
    struct hb_stmt *q;
    struct hb_known k;
    int r = hb_db_stmt(
        s->db,
        history ? "SELECT " COLUMNS " FROM fact WHERE incident = ?1 ORDER BY id"
                : "SELECT " COLUMNS " FROM fact WHERE incident = ?1 AND id IN"
                  " (SELECT max(id) FROM fact WHERE incident = ?1"
                  " GROUP BY name) ORDER BY name",
        &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        read_row(q, &k);
        r = fn(arg, &k);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

const char *hb_known_text(struct hb_arena *a, const struct hb_fact *f,
                          const char *value, int lang)
{
    const struct hb_text *label = hb_fact_choice(f, value);

    if (hb_streq(value, "?"))
        return hb_known_nothing(f, lang);
    if (f->type == HB_FACT_BOOLEAN)
        return hb_streq(value, "true") ? hb_tr((enum hb_lang)lang, N_("Yes"))
                                       : hb_tr((enum hb_lang)lang, N_("No"));
    return label != NULL ? label->in[lang] : hb_arena_strdup(a, value);
}

const char *hb_known_nothing(const struct hb_fact *f, int lang)
{
    return f != NULL && f->unknown.in[lang] != NULL
               ? f->unknown.in[lang]
               : hb_tr((enum hb_lang)lang, N_("under investigation"));
}

bool hb_known_value(const struct hb_fact *f, const char *value,
                    struct hb_value *ret)
{
    if (f == NULL || hb_streq(value, "?") || !hb_fact_valid(f, value))
        return false;
    *ret = (struct hb_value){.type = f->var.value.type, .str = value};
    if (ret->type == HB_VAL_BOOLEAN)
        ret->integer = hb_streq(value, "true");
    return ret->type != HB_VAL_INTEGER ||
           hb_parse_i64(hb_slice_z(value), &ret->integer) == 0;
}

const char *hb_known_source(struct hb_arena *a, const char *source, int lang)
{
    const struct hb_action_info *info;

    if (strncmp(source, "task:", 5) == 0)
        return hb_arena_printf(
            a, hb_tr((enum hb_lang)lang, N_("answer to task %s")), source + 5);
    if (strncmp(source, "report:", 7) == 0)
        return hb_arena_printf(a, hb_tr((enum hb_lang)lang, N_("report %s")),
                               source + 7);
    if (strncmp(source, "event:", 6) == 0)
        return hb_arena_printf(
            a, hb_tr((enum hb_lang)lang, N_("found out by Hinoban (%s)")),
            source + 6);
    if (strncmp(source, "action:", 7) != 0)
        return hb_arena_strdup(a, source);
    info = hb_action_info_find(source + 7);
    return hb_arena_printf(
        a, hb_tr((enum hb_lang)lang, N_("found out by Hinoban (%s)")),
        info != NULL ? hb_tr((enum hb_lang)lang, info->title) : source + 7);
}

static int check(struct hb_state *s, const struct hb_known *k,
                 const struct hb_fact **ret, struct hb_err *err)
{
    const struct hb_fact *f =
        s->casebook != NULL ? hb_fact_find(s->casebook, k->name) : NULL;

    if (f == NULL)
        return unknown(s->casebook, k->name, err);
    if (strlen(k->value) > HB_KNOWN_VALUE_MAX || !hb_fact_valid(f, k->value))
        return wrong_type(f, k->value, err);
    if (k->source[strspn(k->source, " \t\r\n")] == '\0' ||
        strlen(k->source) > HB_KNOWN_SOURCE_MAX)
        return hb_err_set(err, -EINVAL,
                          _("Say from whom or what this is known, in at most "
                            "%u characters."),
                          HB_KNOWN_SOURCE_MAX);
    *ret = f;
    return 0;
}

static int unknown(const struct hb_casebook *b, const char *name,
                   struct hb_err *err)
{
    const char *names[HB_FACT_MAX], *near;
    size_t n = 0;

    for (; b != NULL && n < b->facts_n; n++)
        names[n] = b->facts[n].name;
    near = hb_nearest(name, names, n);
    if (near != NULL)
        return hb_err_set(err, -ENOENT,
                          _("There is no fact \"%s\"; did you mean \"%s\"?"),
                          name, near);
    return hb_err_set(err, -ENOENT,
                      _("There is no fact \"%s\" (hinoban fact names)."), name);
}

static int wrong_type(const struct hb_fact *f, const char *value,
                      struct hb_err *err)
{
    struct hb_buf b = HB_BUF_INIT;
    int r;

    switch (f->type) {
    case HB_FACT_BOOLEAN:
        return hb_err_set(err, -EINVAL,
                          _("%s: write true or false, or ? while it is under "
                            "investigation."),
                          f->name);
    case HB_FACT_INTEGER:
        return hb_err_set(err, -EINVAL,
                          _("%s: write a number in digits, or ? while it is "
                            "under investigation."),
                          f->name);
    case HB_FACT_TIME:
        return hb_err_set(err, -EINVAL,
                          _("%s: write a time like 2026-04-01T09:30:00+09:00, "
                            "or ? while it is under investigation."),
                          f->name);
    case HB_FACT_STRING:
        return hb_err_set(err, -EINVAL, _("%s: write 1 to %u bytes of text."),
                          f->name, HB_KNOWN_VALUE_MAX);
    case HB_FACT_CHOICE:
        break;
    }
    for (size_t i = 0; i < f->choices_n; i++)
        hb_buf_addf(&b, "%s%s", i > 0 ? ", " : "", f->choices[i].value);
    r = hb_err_set(err, -EINVAL, _("%s: \"%s\" is none of: %s."), f->name,
                   value, hb_buf_z(&b));
    hb_buf_done(&b);
    return r;
}

static int insert(struct hb_state *s, int64_t incident, const struct hb_fact *f,
                  const struct hb_known *k)
{
    int64_t now = hb_now();
    int r = hb_db_exec(s->db,
                       "INSERT INTO fact(incident, name, value, known_at,"
                       " recorded, source, evidence, actor)"
                       " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                       "ittiitit", incident, k->name, k->value,
                       k->known_at != 0 ? k->known_at : now, now, k->source,
                       k->evidence, k->actor);

    return r < 0 ? r : tell(s, incident, f, k);
}

static int tell(struct hb_state *s, int64_t incident, const struct hb_fact *f,
                const struct hb_known *k)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_buf args = HB_BUF_INIT;
    const char *en, *ja, *from, *from_ja;
    struct hb_jw w;
    int r;

    if (a == NULL)
        return -ENOMEM;
    en = hb_known_text(a, f, k->value, HB_LANG_EN);
    ja = hb_known_text(a, f, k->value, HB_LANG_JA);
    from = hb_known_source(a, k->source, HB_LANG_EN);
    from_ja = hb_known_source(a, k->source, HB_LANG_JA);
    if (en == NULL || ja == NULL || from == NULL || from_ja == NULL)
        return -ENOMEM;
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "fact", f->label.in[HB_LANG_EN]);
    hb_jw_str(&w, "fact_ja", f->label.in[HB_LANG_JA]);
    hb_jw_str(&w, "value", en);
    hb_jw_str(&w, "value_ja", ja);
    hb_jw_str(&w, "source", from);
    hb_jw_str(&w, "source_ja", from_ja);
    hb_jw_end_obj(&w);
    r = hb_buf_err(&args);
    if (r == 0)
        r = hb_timeline_add(s, incident, hb_now(), "fact.known", k->actor,
                            hb_buf_z(&args), "");
    hb_buf_done(&args);
    return r;
}

static void read_row(struct hb_stmt *q, struct hb_known *ret)
{
    *ret = (struct hb_known){
        .id = hb_stmt_col_int(q, 0),
        .name = hb_stmt_col_text(q, 1),
        .value = hb_stmt_col_text(q, 2),
        .known_at = hb_stmt_col_int(q, 3),
        .recorded = hb_stmt_col_int(q, 4),
        .source = hb_stmt_col_text(q, 5),
        .evidence = hb_stmt_col_int(q, 6),
        .actor = hb_stmt_col_text(q, 7),
    };
}
