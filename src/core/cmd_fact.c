/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_fact.c - requests about what is known of an incident, and about what one
 * task asks for.
 *
 * Runs in core.  A fact is set by a registered person, with its source; it is
 * never changed, only followed by a better one.
 */
#include <sys/stat.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"
#include "core/cmd.h"
#include "core/core_clock.h"
#include "core/play_port.h"
#include "incident/fact.h"

#define ITEM_MAX (512ull << 20)

static hb_core_cmd_fn fact_list, fact_set, fact_names, task_show, evidence_add;

const struct hb_core_cmd hb_core_cmds_fact[] = {
    {"fact.list", HB_NEED_READ, fact_list, HB_ABOUT_INCIDENT},
    {"fact.names", HB_NEED_READ, fact_names, HB_ABOUT_NONE},
    {"fact.set", HB_NEED_PERSON, fact_set, HB_ABOUT_INCIDENT},
    {"task.show", HB_NEED_READ, task_show, HB_ABOUT_TASK},
    {"evidence.add", HB_NEED_PERSON, evidence_add, HB_ABOUT_INCIDENT},
    {NULL, HB_NEED_NOTHING, NULL, HB_ABOUT_NONE},
};

struct facts { /* while they are listed */
    struct hb_core_call *call;
    struct hb_jw w;
    bool history;
    size_t n;
};

static hb_known_fn add_fact;
static int have_incident(struct hb_core_call *call, int64_t id);
static void say_step(struct hb_core_call *call, const struct hb_task *t,
                     const struct hb_step *s);
static void say_facts(struct hb_core_call *call, int64_t incident,
                      const struct hb_step *s);
static void say_evidence(struct hb_core_call *call, const struct hb_step *s);
static void say_rows(struct hb_core_call *call, const struct hb_step *s);

static int fact_list(struct hb_core_call *call)
{
    int64_t id = hb_json_int(call->args, "incident", 0);
    struct facts f = {.call = call,
                      .history = hb_json_bool(call->args, "history", false)};
    int r = have_incident(call, id);

    if (r < 0)
        return r;
    hb_jw_init(&f.w, &call->data);
    hb_jw_arr(&f.w, NULL);
    r = hb_known_each(&call->core->state, id, f.history, add_fact, &f);
    hb_jw_end_arr(&f.w);
    if (f.n == 0)
        hb_buf_addz(&call->text, _("No fact is recorded yet.\n"));
    return r;
}

static int add_fact(void *arg, const struct hb_known *k)
{
    struct facts *f = arg;
    struct hb_core_call *call = f->call;
    const struct hb_fact *fact = hb_fact_find(call->core->book, k->name);
    const char *value = k->value,
               *source = hb_known_source(call->arena, k->source, call->lang);
    char buf[64];

    if (fact != NULL)
        value = hb_known_text(call->arena, fact, k->value, call->lang);
    if (value == NULL || source == NULL)
        return -ENOMEM;
    hb_buf_addf(&call->text, "  %s: %s\n      %s; %s\n",
                fact != NULL ? fact->label.in[call->lang] : k->name,
                hb_core_shown(call, value),
                hb_core_when(call, k->known_at, buf, sizeof(buf)),
                hb_core_shown(call, source));
    hb_jw_obj(&f->w, NULL);
    hb_jw_str(&f->w, "name", k->name);
    hb_jw_str(&f->w, "value", k->value);
    hb_jw_int(&f->w, "known_at_ns", k->known_at);
    hb_jw_int(&f->w, "recorded_ns", k->recorded);
    hb_jw_str(&f->w, "source", k->source);
    hb_jw_int(&f->w, "evidence", k->evidence);
    hb_jw_str(&f->w, "actor", k->actor);
    hb_jw_end_obj(&f->w);
    f->n++;
    return 0;
}

static int fact_set(struct hb_core_call *call)
{
    struct hb_known k = {
        .name = hb_json_str(call->args, "name", ""),
        .value = hb_json_str(call->args, "value", ""),
        .source = hb_json_str(call->args, "source", ""),
        .known_at = hb_json_int(call->args, "known_at_ns", 0),
        .evidence = hb_json_int(call->args, "evidence", 0),
        .actor = hb_arena_printf(call->arena, "person:%s", call->person->name),
    };
    int64_t id = hb_json_int(call->args, "incident", 0);
    int r = have_incident(call, id);

    if (r < 0 || k.actor == NULL)
        return r < 0 ? r : -ENOMEM;
    if (k.known_at < 0 || k.known_at > hb_now() + (int64_t)(60 * HB_S))
        return hb_err_set(&call->err, -EINVAL,
                          _("Nobody can know it at a time to come."));
    r = hb_known_add(&call->core->state, id, &k, &call->err);
    if (r < 0)
        return r;
    hb_buf_addz(&call->text, _("Noted.\n"));
    hb_core_clocks_review(call->core, id);
    /* A condition may have waited for it. */
    return hb_play_tick(call->core->play) < 0 ? -EIO : 0;
}

static int fact_names(struct hb_core_call *call)
{
    const struct hb_casebook *b = call->core->book;
    struct hb_jw w;

    hb_jw_init(&w, &call->data);
    hb_jw_arr(&w, NULL);
    for (size_t i = 0; i < b->facts_n; i++) {
        const struct hb_fact *f = &b->facts[i];

        hb_buf_addf(&call->text, "%-28s %-8s %s\n", f->name,
                    hb_fact_type_name(f->type), f->label.in[call->lang]);
        for (size_t k = 0; k < f->choices_n; k++)
            hb_buf_addf(&call->text, "    %-24s          %s\n",
                        f->choices[k].value,
                        f->choices[k].label.in[call->lang]);
        hb_jw_obj(&w, NULL);
        hb_jw_str(&w, "name", f->name);
        hb_jw_str(&w, "type", hb_fact_type_name(f->type));
        hb_jw_str(&w, "label_en", f->label.in[HB_LANG_EN]);
        hb_jw_str(&w, "label_ja", f->label.in[HB_LANG_JA]);
        hb_jw_arr(&w, "choices");
        for (size_t k = 0; k < f->choices_n; k++)
            hb_jw_str(&w, NULL, f->choices[k].value);
        hb_jw_end_arr(&w);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    return 0;
}

static int task_show(struct hb_core_call *call)
{
    int64_t id = hb_json_int(call->args, "id", 0);
    const struct hb_step *s;
    struct hb_task t;
    struct hb_jw w;
    int r = hb_task_get(&call->core->state, call->arena, id, &t);

    if (r < 0)
        return hb_err_set(&call->err, r, _("There is no task %lld."),
                          (long long)id);
    s = hb_play_step(call->core->play, t.incident, t.step);
    say_step(call, &t, s);
    hb_jw_init(&w, &call->data);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "id", t.id);
    hb_jw_int(&w, "incident", t.incident);
    hb_jw_str(&w, "step", t.step);
    hb_jw_int(&w, "state", t.state);
    hb_jw_str(&w, "evidence", t.evidence);
    hb_jw_str(&w, "answer_type",
              s == NULL || s->answer == NULL ? ""
              : s->answer->fact != NULL
                  ? hb_fact_type_name(s->answer->fact->type)
              : s->answer->value.type == HB_VAL_BOOLEAN ? "boolean"
              : s->answer->value.type == HB_VAL_INTEGER ? "integer"
                                                        : "string");
    hb_jw_arr(&w, "facts");
    for (size_t i = 0; s != NULL && i < s->facts_n; i++)
        hb_jw_str(&w, NULL, s->facts[i]->name);
    hb_jw_end_arr(&w);
    hb_jw_arr(&w, "documents");
    for (size_t i = 0; s != NULL && i < s->documents_n; i++)
        hb_jw_str(&w, NULL, s->documents[i]->id);
    hb_jw_end_arr(&w);
    hb_jw_end_obj(&w);
    return 0;
}

/* A file that a person has: the caller's program opened it with the caller's
 * rights, core reads the descriptor and nothing else. */
static int evidence_add(struct hb_core_call *call)
{
    struct hb_evidence_item item = {
        .incident = hb_json_int(call->args, "incident", 0),
        .kind = "file",
        .name = hb_json_str(call->args, "name", ""),
        .taken_by =
            hb_arena_printf(call->arena, "person:%s", call->person->name),
        .source = hb_json_str(call->args, "source", ""),
    };
    struct stat st;
    int r = have_incident(call, item.incident);

    if (r < 0 || item.taken_by == NULL)
        return r < 0 ? r : -ENOMEM;
    if (call->got_fd < 0 || fstat(call->got_fd, &st) < 0 ||
        !S_ISREG(st.st_mode))
        return hb_err_set(&call->err, -EINVAL,
                          _("Only a file can become evidence; pack a folder "
                            "first (tar)."));
    if (item.source[0] == '\0' || strlen(item.source) > HB_KNOWN_SOURCE_MAX)
        return hb_err_set(&call->err, -EINVAL,
                          _("Say from whom or what this is known, in at most "
                            "%u characters."),
                          HB_KNOWN_SOURCE_MAX);
    r = hb_evidence_add_fd(call->core->state.evidence, &item, call->got_fd,
                           ITEM_MAX);
    if (r == -EFBIG)
        return hb_err_set(&call->err, r,
                          _("The file is larger than 512 MiB: keep it apart "
                            "and add its SHA-256 as a note."));
    if (r == 0)
        r = hb_core_evidence_told(call->core, &item);
    if (r == 0)
        hb_buf_addf(&call->text, _("Kept as evidence %lld, SHA-256 %s.\n"),
                    (long long)item.number, item.sha256);
    if (r == 0)
        hb_buf_addf(&call->data, "{\"number\":%lld,\"sha256\":\"%s\"}",
                    (long long)item.number, item.sha256);
    return r;
}

/* ---- helpers ---- */

static int have_incident(struct hb_core_call *call, int64_t id)
{
    struct hb_incident i;
    int r = hb_incident_get(&call->core->state, call->arena, id, &i);

    if (r < 0)
        return hb_err_set(&call->err, r, _("There is no incident %lld."),
                          (long long)id);
    return 0;
}

static void say_step(struct hb_core_call *call, const struct hb_task *t,
                     const struct hb_step *s)
{
    char buf[64];

    hb_buf_addf(&call->text, _("Task %lld of incident %lld: %s\n"),
                (long long)t->id, (long long)t->incident,
                call->lang == HB_LANG_JA ? t->title_ja : t->title_en);
    if (t->due != 0)
        hb_buf_addf(&call->text, _("Until: %s\n"),
                    hb_core_when(call, t->due, buf, sizeof(buf)));
    if (t->four_eyes)
        hb_buf_addz(&call->text, _("Two people have to agree.\n"));
    if (s == NULL)
        return;
    if (s->text.in[call->lang] != NULL)
        hb_buf_addf(&call->text, "\n%s\n", s->text.in[call->lang]);
    if (s->modality == HB_MOD_CONSIDER)
        hb_buf_addz(&call->text,
                    _("\nTo be considered: deciding against it is an end too, "
                      "with its reason (hinoban task decline).\n"));
    say_facts(call, t->incident, s);
    say_evidence(call, s);
    say_rows(call, s);
}

static void say_facts(struct hb_core_call *call, int64_t incident,
                      const struct hb_step *s)
{
    if (s->facts_n == 0)
        return;
    hb_buf_addz(&call->text, _("\nTo find out (hinoban fact set):\n"));
    for (size_t i = 0; i < s->facts_n; i++) {
        const struct hb_fact *f = s->facts[i];
        const char *value = _("not recorded yet");
        struct hb_known k;

        if (hb_known_get(&call->core->state, call->arena, incident, f->name,
                         &k) == 1)
            value = hb_known_text(call->arena, f, k.value, call->lang);
        hb_buf_addf(&call->text, "  %-24s %s: %s\n", f->name,
                    f->ask.in[call->lang],
                    value != NULL ? hb_core_shown(call, value) : "?");
    }
}

static void say_evidence(struct hb_core_call *call, const struct hb_step *s)
{
    static const char *const words[HB_EVK_COUNT] = {
        [HB_EVK_NOTE] = N_("what was done or found, in words"),
        [HB_EVK_DECISION] = N_("the decision and its reason"),
        [HB_EVK_FILE] = N_("a file in the evidence"),
        [HB_EVK_DOCUMENT] = N_("the papers of this step"),
        [HB_EVK_OWNER_DUE] = N_("an owner and a due date for each measure"),
        [HB_EVK_DRILL] = N_("the proof of a drill"),
        [HB_EVK_FACTS] = N_("the facts above"),
        [HB_EVK_HELD] = N_("evidence that was kept before"),
    };

    if (s->evidence != 0)
        hb_buf_addz(&call->text, _("\nNeeded before it can close:\n"));
    for (unsigned k = 0; k < HB_EVK_COUNT; k++)
        if ((s->evidence & 1u << k) != 0)
            hb_buf_addf(&call->text, "  - %s\n", _(words[k]));
    for (size_t i = 0; i < s->documents_n; i++)
        hb_buf_addf(&call->text, "      %s %s\n", s->documents[i]->id,
                    s->documents[i]->title.in[call->lang]);
}

/* Which requirement a step answers: the officer may be asked for it. */
static void say_rows(struct hb_core_call *call, const struct hb_step *s)
{
    for (size_t i = 0; i < s->rows.n; i++)
        hb_buf_addf(&call->text, "%s%s", i == 0 ? _("\nMeets: ") : ", ",
                    s->rows.v[i]->id);
    if (s->rows.n > 0)
        hb_buf_addc(&call->text, '\n');
}
