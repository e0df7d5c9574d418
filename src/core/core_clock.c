/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_clock.c - the deadlines of incidents, as core keeps them: which rules
 * there are, when they are looked at, what people ask about them.
 *
 * Runs in core.  A rule pack that cannot be read must not keep incidents from
 * being worked on: the log says so, contracts still run.
 */
#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/cmd.h"
#include "core/core_clock.h"
#include "incident/fact.h"

#define REVIEW_S 60u

static hb_core_cmd_fn clock_list, clock_done, clock_stop, clock_start;

const struct hb_core_cmd hb_core_cmds_clock[] = {
    {"clock.list", HB_NEED_READ, clock_list, HB_ABOUT_INCIDENT},
    {"clock.done", HB_NEED_PERSON, clock_done, HB_ABOUT_NONE},
    {"clock.stop", HB_NEED_OFFICER, clock_stop, HB_ABOUT_NONE},
    {"clock.start", HB_NEED_PERSON, clock_start, HB_ABOUT_INCIDENT},
    {NULL, HB_NEED_NOTHING, NULL, HB_ABOUT_NONE},
};

struct list {
    struct hb_core_call *call;
    struct hb_jw w;
    size_t n;
};

static int contracts(struct hb_core *c);
static hb_incident_fn review_one;
static hb_clock_fn add_clock;
static int known_kind(struct hb_core *c, int64_t incident);
static int hidden(struct hb_core_call *call, int64_t id);
static const char *how(const struct hb_clock *k, int64_t now);

int hb_core_clocks_open(struct hb_core *c)
{
    struct hb_pub *pub = NULL;
    struct hb_err err = {0};
    char path[HB_MAX_PATH], text[HB_MAX_ERR];
    int r = contracts(c);

    if (r < 0)
        return r;
    (void)snprintf(path, sizeof(path), "%s/keys/rules.pub", c->ctx->etc_dir);
    if (hb_pub_load(path, &pub, &err) < 0)
        pub = NULL;
    err = (struct hb_err){0};
    (void)snprintf(path, sizeof(path), "%s/casebook/rules/jp.yaml",
                   c->ctx->data_dir);
    if (hb_rulepack_load(path, &c->book->fact_vars, pub, &c->pack, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        hb_log(HB_LOG_ERR, "no deadline of the law runs: %s", text);
    } else if (c->pack->signature == HB_PACK_BAD) {
        hb_log(HB_LOG_WARNING, "the signature of %s does not hold", path);
    }
    hb_pub_free(pub);
    return 0;
}

void hb_core_clocks_close(struct hb_core *c)
{
    hb_rulepack_free(c->pack);
    c->pack = NULL;
    free(c->contracts);
    c->contracts = NULL;
}

void hb_core_clocks_review(struct hb_core *c, int64_t incident)
{
    const struct hb_clock_rules rules = {c->pack, c->contracts,
                                         c->ctx->config->contracts.n};
    int r = known_kind(c, incident);

    if (r >= 0)
        r = hb_clock_review(&c->state, &rules, incident);
    if (r < 0)
        hb_log(HB_LOG_ERR, "deadlines of incident %lld: %s",
               (long long)incident, strerror(-r));
}

void hb_core_clocks_soon(struct hb_core *c)
{
    c->clocks_s = REVIEW_S - 1;
}

void hb_core_clocks_second(struct hb_core *c)
{
    /* What set a fact reviews at once; this is for what else may have. */
    if (++c->clocks_s % REVIEW_S == 0 &&
        hb_incident_each(&c->state, true, review_one, c) < 0)
        hb_log(HB_LOG_ERR, "deadlines could not be looked at");
    if (hb_clock_tick(&c->state, hb_core_clock_warn, c) < 0)
        hb_log(HB_LOG_ERR, "deadlines could not be told");
}

void hb_core_clock_warn(void *arg, const struct hb_clock *k, int kind)
{
    bool over = kind == HB_WARNING_KIND_OVERDUE;

    hb_core_say(arg, over ? HB_SEV_HIGH : HB_SEV_MEDIUM,
                over ? "deadline-passed" : "deadline-near", k->title_en);
}

static int contracts(struct hb_core *c)
{
    const struct hb_conf_list *list = &c->ctx->config->contracts;
    const struct hb_conf_contract *v = list->v;

    c->contracts = calloc(list->n + 1, sizeof(*c->contracts));
    if (c->contracts == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < list->n; i++)
        c->contracts[i] = (struct hb_contract){
            .name = v[i].name,
            .title = {{v[i].counterparty, v[i].counterparty}},
            .within = v[i].within,
            .always = v[i].always,
        };
    return 0;
}

static int review_one(void *arg, const struct hb_incident *i)
{
    hb_core_clocks_review(arg, i->id);
    return 0;
}

/* What the settings say of the organisation is a fact of every incident. */
static int known_kind(struct hb_core *c, int64_t incident)
{
    struct hb_known k = {.name = "organisation_kind",
                         .value = hb_config_kind(c->ctx->config),
                         .source = "hinoban.yaml",
                         .actor = "role:core"};
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_err err = {0};
    struct hb_known old;
    int r = a == NULL ? -ENOMEM
                      : hb_known_get(&c->state, a, incident, k.name, &old);

    if (r != 0 || hb_fact_find(c->book, k.name) == NULL)
        return r;
    return hb_known_add(&c->state, incident, &k, &err);
}

/* ---- what people ask ---- */

static int clock_list(struct hb_core_call *call)
{
    struct list l = {.call = call};
    int r;

    hb_jw_init(&l.w, &call->data);
    hb_jw_arr(&l.w, NULL);
    r = hb_clock_each(&call->core->state,
                      hb_json_int(call->args, "incident", 0),
                      !hb_json_bool(call->args, "all", false), add_clock, &l);
    hb_jw_end_arr(&l.w);
    if (l.n == 0)
        hb_buf_addz(&call->text, _("No deadline runs.\n"));
    return r;
}

static int add_clock(void *arg, const struct hb_clock *k)
{
    struct list *l = arg;
    struct hb_core_call *call = l->call;
    char due[64];

    if (hb_core_hidden(call, k->incident))
        return 0;
    hb_buf_addf(&call->text, "  %4lld  [%lld] %s  %s\n          %s%s%s\n",
                (long long)k->id, (long long)k->incident,
                hb_core_when(call, k->due, due, sizeof(due)), how(k, hb_now()),
                call->lang == HB_LANG_JA ? k->title_ja : k->title_en,
                k->yardstick ? _(" (our own yardstick)") : "",
                k->to_confirm ? _(" (to be confirmed)") : "");
    hb_jw_obj(&l->w, NULL);
    hb_jw_int(&l->w, "id", k->id);
    hb_jw_int(&l->w, "incident", k->incident);
    hb_jw_str(&l->w, "rule", k->rule);
    hb_jw_str(&l->w, "title_en", k->title_en);
    hb_jw_str(&l->w, "title_ja", k->title_ja);
    hb_jw_int(&l->w, "start_ns", k->start);
    hb_jw_int(&l->w, "due_ns", k->due);
    hb_jw_int(&l->w, "target_ns", k->target);
    hb_jw_int(&l->w, "state", (int64_t)k->state);
    hb_jw_bool(&l->w, "yardstick", k->yardstick);
    hb_jw_bool(&l->w, "to_confirm", k->to_confirm);
    hb_jw_bool(&l->w, "doubtful", (k->warned & HB_CLK_DOUBTFUL) != 0);
    hb_jw_str(&l->w, "words", k->words);
    hb_jw_end_obj(&l->w);
    l->n++;
    return 0;
}

static const char *how(const struct hb_clock *k, int64_t now)
{
    if (k->state == HB_CLK_DONE)
        return _("fulfilled");
    if (k->state == HB_CLK_NOT_APPLICABLE)
        return _("does not apply");
    if (k->due <= now)
        return _("OVERDUE");
    if (k->first_by != 0)
        return _("runs; a second person has to agree to stop it");
    return (k->warned & HB_CLK_DOUBTFUL) != 0
               ? _("runs; the facts no longer ask for it")
               : _("runs");
}

static int clock_done(struct hb_core_call *call)
{
    int64_t id = hb_json_int(call->args, "id", 0);
    int r = hidden(call, id);

    if (r == 0)
        r = hb_clock_done(&call->core->state, id, call->person,
                          hb_json_str(call->args, "words", ""), &call->err);
    if (r == 0)
        hb_buf_addz(&call->text, _("Noted.\n"));
    return r;
}

static int clock_stop(struct hb_core_call *call)
{
    int64_t id = hb_json_int(call->args, "id", 0);
    int r = hidden(call, id);

    if (r == 0)
        r = hb_clock_stop(&call->core->state, id, call->person,
                          hb_json_str(call->args, "words", ""), &call->err);
    if (r == -EINPROGRESS) {
        hb_buf_addz(&call->text, _("Noted. A second person has to agree.\n"));
        return 0;
    }
    if (r == 0)
        hb_buf_addz(&call->text, _("Noted.\n"));
    return r;
}

static int clock_start(struct hb_core_call *call)
{
    const struct hb_clock_rules rules = {call->core->pack,
                                         call->core->contracts,
                                         call->core->ctx->config->contracts.n};
    int64_t id = hb_json_int(call->args, "incident", 0);
    int64_t start = hb_json_int(call->args, "start_ns", 0);
    struct hb_incident i;
    int r = hb_incident_get(&call->core->state, call->arena, id, &i);

    if (r < 0)
        return hb_err_set(&call->err, r, _("There is no incident %lld."),
                          (long long)id);
    r = hb_clock_start(&call->core->state, &rules, id,
                       hb_json_str(call->args, "rule", ""),
                       start > 0 ? start : hb_now(), call->person, &call->err);
    if (r == 0)
        hb_buf_addz(&call->text, _("Noted.\n"));
    return r;
}

static int hidden(struct hb_core_call *call, int64_t id)
{
    struct hb_clock k;

    if (hb_clock_get(&call->core->state, call->arena, id, &k) == 0 &&
        hb_core_hidden(call, k.incident))
        return hb_err_set(&call->err, -ENOENT, _("There is no deadline %lld."),
                          (long long)id);
    return 0;
}
