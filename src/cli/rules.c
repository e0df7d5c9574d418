/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c - `hinoban rules list | show ID | due ID --start TIME | check
 * [FILE] | sign [FILE]`: the rule pack for people.
 *
 * Runs as a short-lived client without privileges (sign needs the rules key)
 * and asks nobody.  Beside everything that it shows stand source, certainty
 * and the age of the pack: the program gives no legal advice.
 */
#include <stdio.h>

#include "base/clock.h"
#include "casebook/casebook.h"
#include "casebook/deadline.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/text.h"
#include "crypto/passphrase.h"

struct rules { /* one call */
    struct hb_casebook *book;
    const struct hb_cli *cli;
    const char *path; /* of the pack */
    struct hb_rulepack *pack;
    int64_t now;
};

static int run(struct rules *x, const char *verb, const char *word,
               const char *at, const char *start, bool all);
static int list(struct rules *x, int64_t day, bool all);
static int show(struct rules *x, const char *id);
static int due(struct rules *x, const char *id, const char *start);
static int check(struct rules *x);
static int sign(struct rules *x, const char *passphrase_file);
static struct hb_pub *rules_pub(const struct hb_cli *cli);
static int parse_start(const char *z, int64_t *ret);
static int unknown_rule(struct rules *x, const char *id);
static void print_head(struct rules *x);
static void print_warnings(struct rules *x);
static void print_rule(const struct hb_duty *r);
static void print_field(const char *label, const char *text);
static void print_period(const struct hb_duty *r);
static void print_deadline(struct rules *x, const struct hb_duty *r,
                           const struct hb_deadline *d);
static const char *jst(int64_t ns, char *buf, size_t size);
static const char *closed_because(const struct hb_rulepack *p, int64_t day);
static void json_pack(struct hb_jw *w, struct rules *x);
static void json_rule(struct hb_jw *w, const struct hb_duty *r);
static void json_due(struct hb_jw *w, const struct hb_due *due);
static void json_deadline(struct hb_jw *w, const struct hb_deadline *d);
static void json_time(struct hb_jw *w, const char *key, int64_t ns);

int hb_cmd_rules(struct hb_cli *cli, int argc, char **argv)
{
    const char *at = hb_client_opt(&argc, argv, "--at");
    const char *start = hb_client_opt(&argc, argv, "--start");
    const char *pass = hb_client_opt(&argc, argv, "--passphrase-file");
    bool all = hb_client_flag(&argc, argv, "--all");
    const char *verb = argc > 1 ? argv[1] : "list";
    const char *word = argc > 2 ? argv[2] : "";
    bool one = hb_streq(verb, "show") || hb_streq(verb, "due");
    bool file = hb_streq(verb, "check") || hb_streq(verb, "sign");
    struct rules x = {.cli = cli, .now = hb_now()};
    struct hb_err err = {0};
    char path[HB_MAX_PATH], dir[HB_MAX_PATH];
    struct hb_pub *pub;
    int r;

    if (!one && !file && !hb_streq(verb, "list"))
        return hb_cli_usage(cli, _("unknown word %s"), verb);
    if (argc > (one || file ? 3 : 2))
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[argc - 1]);
    if (one && word[0] == '\0')
        return hb_cli_usage(cli, _("say which rule, by its name"));
    if (hb_streq(verb, "due") && start == NULL)
        return hb_cli_usage(cli, _("say when it began: --start TIME"));
    if (hb_path(&cli->paths, HB_DIR_DATA, "casebook/rules/jp.yaml", path) < 0)
        return hb_cli_fail_code("casebook/rules", -ENAMETOOLONG);
    x.path = file && word[0] != '\0' ? word : path;
    if (hb_path(&cli->paths, HB_DIR_DATA, "casebook", dir) < 0)
        return hb_cli_fail_code("casebook", -ENAMETOOLONG);
    if (hb_casebook_load(dir, &x.book, &err) < 0)
        return hb_cli_fail(&err);
    pub = rules_pub(cli);
    r = hb_rulepack_load(x.path, &x.book->fact_vars, pub, &x.pack, &err);
    hb_pub_free(pub);
    if (r < 0) {
        hb_casebook_free(x.book);
        return hb_cli_fail(&err);
    }
    if (hb_streq(verb, "sign"))
        r = sign(&x, pass);
    else
        r = run(&x, verb, word, at, start, all);
    hb_rulepack_free(x.pack);
    hb_casebook_free(x.book);
    return r == HB_EXIT_OK ? hb_cli_flush() : r;
}

static int run(struct rules *x, const char *verb, const char *word,
               const char *at, const char *start, bool all)
{
    int64_t day = hb_day_at(x->now, HB_JST);

    if (hb_streq(verb, "check"))
        return check(x);
    if (hb_streq(verb, "show"))
        return show(x, word);
    if (hb_streq(verb, "due"))
        return due(x, word, start);
    if (at != NULL && hb_day_parse(hb_slice_z(at), &day) < 0)
        return hb_cli_usage(x->cli, _("--at takes a date like 2026-04-01"));
    return list(x, day, all);
}

static int list(struct rules *x, int64_t day, bool all)
{
    struct hb_buf out = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, &out);
    hb_jw_obj(&w, NULL);
    json_pack(&w, x);
    hb_jw_arr(&w, "rules");
    if (!x->cli->json)
        print_head(x);
    for (size_t i = 0; i < x->pack->n; i++) {
        const struct hb_duty *r = &x->pack->rules[i];
        _cleanup_buf_ struct hb_buf term = HB_BUF_INIT;

        if (!all && !hb_duty_valid(r, day))
            continue;
        if (x->cli->json) {
            json_rule(&w, r);
            continue;
        }
        hb_due_print(&term, &r->due);
        (void)printf("%s  [%s]\n", r->id, hb_certainty_title(r->certainty));
        hb_cli_para("    ", "    ", hb_text(&r->title));
        hb_cli_para("    ", "    ", hb_buf_z(&term));
    }
    hb_jw_end_arr(&w);
    hb_jw_end_obj(&w);
    if (x->cli->json)
        return hb_cli_json_out("rules", &out);
    hb_buf_done(&out);
    return HB_EXIT_OK;
}

/* Every version of the rule, whether it is in force or not. */
static int show(struct rules *x, const char *id)
{
    struct hb_buf out = HB_BUF_INIT;
    bool found = false;
    struct hb_jw w;

    hb_jw_init(&w, &out);
    hb_jw_obj(&w, NULL);
    json_pack(&w, x);
    hb_jw_arr(&w, "rules");
    for (size_t i = 0; i < x->pack->n; i++) {
        const struct hb_duty *r = &x->pack->rules[i];

        if (!hb_streq(r->id, id))
            continue;
        if (x->cli->json)
            json_rule(&w, r);
        else
            print_rule(r);
        found = true;
    }
    hb_jw_end_arr(&w);
    hb_jw_end_obj(&w);
    if (found && x->cli->json)
        return hb_cli_json_out("rules", &out);
    hb_buf_done(&out);
    if (!found)
        return unknown_rule(x, id);
    print_head(x);
    return HB_EXIT_OK;
}

static int due(struct rules *x, const char *id, const char *start)
{
    struct hb_buf out = HB_BUF_INIT;
    struct hb_deadline d;
    const struct hb_duty *rule;
    int64_t from = 0;
    struct hb_jw w;
    int r;

    if (parse_start(start, &from) < 0)
        return hb_cli_usage(x->cli, _("--start takes a time like \"2026-04-01 "
                                      "09:30\" (Japan) or "
                                      "2026-04-01T00:30:00Z"));
    rule = hb_duty_find(x->pack, id, hb_day_at(from, HB_JST));
    if (rule == NULL)
        return unknown_rule(x, id);
    r = hb_duty_due(x->pack, rule, from, &d);
    if (r == -ENODATA)
        return hb_cli_usage(x->cli, _("%s holds at all times and has no clock"),
                            id);
    if (r < 0)
        return hb_cli_usage(x->cli, _("the calendar of the rule pack does not "
                                      "reach that far"));
    if (!x->cli->json) {
        print_deadline(x, rule, &d);
        print_head(x);
        return HB_EXIT_OK;
    }
    hb_jw_init(&w, &out);
    hb_jw_obj(&w, NULL);
    json_pack(&w, x);
    hb_jw_str(&w, "rule", rule->id);
    hb_jw_str(&w, "certainty", hb_certainty_name(rule->certainty));
    hb_jw_str(&w, "source", rule->source);
    json_deadline(&w, &d);
    hb_jw_end_obj(&w);
    return hb_cli_json_out("rules", &out);
}

/* What a pack lets one do is no error; a signature that does not hold is. */
static int check(struct rules *x)
{
    const struct hb_rulepack *p = x->pack;
    struct hb_buf out = HB_BUF_INIT;
    size_t open = 0;
    struct hb_jw w;
    int r = p->signature == HB_PACK_BAD ? HB_EXIT_FAILED : HB_EXIT_OK;

    for (size_t i = 0; i < p->n; i++)
        open += p->rules[i].certainty == HB_CERTAINTY_TO_CONFIRM;
    if (x->cli->json) {
        hb_jw_init(&w, &out);
        hb_jw_obj(&w, NULL);
        json_pack(&w, x);
        hb_jw_int(&w, "rules", (int64_t)p->n);
        hb_jw_int(&w, "to_confirm", (int64_t)open);
        hb_jw_end_obj(&w);
        return hb_cli_json_out("rules", &out) != HB_EXIT_OK ? HB_EXIT_FAILED
                                                            : r;
    }
    print_head(x);
    (void)printf(_("%s: %zu rules, %zu of them to be confirmed, %zu holidays; "
                   "every rule can be read\n"),
                 x->path, p->n, open, p->calendar.holidays_n);
    return r;
}

static int sign(struct rules *x, const char *passphrase_file)
{
    char path[HB_MAX_PATH], pass[HB_MAX_PASSPHRASE + 1];
    struct hb_key *key = NULL;
    struct hb_err err = {0};
    int r = hb_path(&x->cli->paths, HB_DIR_ETC, "keys/rules.key", path);

    if (r == 0 && hb_key_load(path, NULL, &key, NULL) < 0) {
        r = hb_passphrase_read(passphrase_file, "rules",
                               _("Passphrase of the rules key: "), false, pass,
                               &err);
        if (r == 0)
            r = hb_key_load(path, pass, &key, &err);
        hb_wipe(pass, sizeof(pass));
    }
    if (r == 0)
        r = hb_rulepack_sign(x->pack, x->path, key, &err);
    hb_key_free(key);
    if (r < 0)
        return err.code != 0 ? hb_cli_fail(&err) : hb_cli_fail_code(path, r);
    (void)printf(_("signed: %s.sig\n"), x->path);
    return HB_EXIT_OK;
}

/* NULL where there is none that could be trusted: the signature is then
 * shown as unchecked. */
static struct hb_pub *rules_pub(const struct hb_cli *cli)
{
    struct hb_pub *pub = NULL;
    char path[HB_MAX_PATH];

    if (hb_path(&cli->paths, HB_DIR_ETC, "keys/rules.pub", path) < 0 ||
        hb_pub_load(path, &pub, NULL) < 0)
        return NULL;
    return pub;
}

/* RFC 3339, or what a person writes down: date, hour and minute in Japan. */
static int parse_start(const char *z, int64_t *ret)
{
    char text[40];
    size_t n = strlen(z);

    if (hb_time_parse(hb_slice_z(z), ret) == 0)
        return 0;
    if ((n != 16 && n != 19) || (z[10] != ' ' && z[10] != 'T'))
        return -EINVAL;
    (void)snprintf(text, sizeof(text), "%.10sT%s%s+09:00", z, z + 11,
                   n == 16 ? ":00" : "");
    return hb_time_parse(hb_slice_z(text), ret);
}

static int unknown_rule(struct rules *x, const char *id)
{
    const char *names[HB_DUTY_MAX], *near;
    size_t n = 0;

    for (; n < x->pack->n; n++)
        names[n] = x->pack->rules[n].id;
    near = hb_nearest(id, names, n);
    if (near != NULL && hb_streq(near, id))
        return hb_cli_usage(x->cli, _("rule %s is not in force on that day"),
                            id);
    if (near != NULL)
        return hb_cli_usage(x->cli, _("there is no rule %s; did you mean %s?"),
                            id, near);
    return hb_cli_usage(x->cli, _("there is no rule %s"), id);
}

/* ---- for people ---- */

static void print_head(struct rules *x)
{
    static const char *const signatures[] = {
        [HB_PACK_UNSIGNED] = N_("not signed"),
        [HB_PACK_SIGNED] = N_("signed"),
        [HB_PACK_UNCHECKED] = N_("signed, but not checked: no rules.pub"),
        [HB_PACK_BAD] = N_("THE SIGNATURE DOES NOT HOLD"),
    };
    const struct hb_rulepack *p = x->pack;
    char day[16];

    (void)printf(_("Rule pack %s, version %u, checked on %s by %s; %s\n"),
                 p->id, p->version,
                 hb_day_text(p->checked_at, day, sizeof(day)), p->checked_by,
                 _(signatures[p->signature]));
    print_warnings(x);
    hb_cli_para("", "",
                _("This is no legal advice: the rules propose, a "
                  "person decides."));
    (void)printf("\n");
}

static void print_warnings(struct rules *x)
{
    int64_t days = hb_rulepack_age(x->pack, x->now);
    char text[256];

    switch (hb_rulepack_age_state(x->pack, x->now)) {
    case HB_PACK_OLD:
        (void)snprintf(text, sizeof(text),
                       _("The rules were last checked %lld days ago (more than "
                         "%d): laws may have changed since."),
                       (long long)days, HB_RULEPACK_MAX_AGE);
        hb_cli_para("! ", "  ", text);
        break;
    case HB_PACK_FUTURE:
        hb_cli_para("! ", "  ",
                    _("The rules were checked in the future: the date in the "
                      "pack or this machine's clock is wrong."));
        break;
    default:
        break;
    }
    if (x->pack->signature == HB_PACK_BAD)
        hb_cli_para("! ", "  ",
                    _("The file was changed or replaced after it was signed "
                      "(an update does that, too), or another key signed it. "
                      "Read it and sign it again, or put the right one back."));
}

static void print_rule(const struct hb_duty *r)
{
    _cleanup_buf_ struct hb_buf term = HB_BUF_INIT;

    (void)printf("%s  [%s]\n", r->id, hb_certainty_title(r->certainty));
    hb_cli_para("  ", "  ", hb_text(&r->title));
    print_field(_("Rests on"), hb_text(&r->law));
    print_field(_("To"), hb_text(&r->addressee));
    print_field(_("When"), hb_text(&r->when));
    if (r->condition != NULL)
        print_field(_("Proposed if"), r->condition);
    else
        print_field(_("Proposed if"),
                    r->trigger == HB_TRIGGER_ALWAYS
                        ? _("always")
                        : _("never by itself; a person starts it"));
    hb_due_print(&term, &r->due);
    print_field(_("Term"), hb_buf_z(&term));
    if (r->due.kind != HB_DUE_STANDING)
        print_field(_("Counts from"), hb_duty_start_title(r->start));
    if (r->format.in[HB_LANG_EN] != NULL)
        print_field(_("Form"), hb_text(&r->format));
    for (size_t i = 0; i < r->items_n; i++)
        print_field(i == 0 ? _("Items") : "", hb_text(&r->items[i]->text));
    if (r->document != NULL)
        print_field(_("Paper"), r->document);
    if (r->modality == HB_MOD_CONSIDER)
        print_field(_("Duty"), _("to be considered; may be decided against"));
    print_period(r);
    print_field(_("Source"), r->source);
    if (r->certainty == HB_CERTAINTY_TO_CONFIRM)
        print_field(_("To be confirmed"), hb_text(&r->to_confirm));
    if (r->note.in[HB_LANG_EN] != NULL)
        print_field(_("Note"), hb_text(&r->note));
    (void)printf("\n");
}

/* A label of "" goes on with the field before. */
static void print_field(const char *label, const char *text)
{
    char lead[96];

    (void)snprintf(lead, sizeof(lead), "  %s: ", label);
    hb_cli_para(label[0] != '\0' ? lead : "      ", "      ", text);
}

static void print_period(const struct hb_duty *r)
{
    char from[16], to[16], text[64];

    (void)hb_day_text(r->period.from, from, sizeof(from));
    if (r->period.to == INT64_MAX)
        (void)snprintf(text, sizeof(text), _("since %s"), from);
    else
        (void)snprintf(text, sizeof(text), _("from %s to %s"), from,
                       hb_day_text(r->period.to, to, sizeof(to)));
    print_field(_("In force"), text);
}

static void print_deadline(struct rules *x, const struct hb_duty *r,
                           const struct hb_deadline *d)
{
    char when[48], day[16];

    (void)printf("%s  [%s]\n", r->id, hb_certainty_title(r->certainty));
    hb_cli_para("  ", "  ", hb_text(&r->title));
    print_field(_("Start"), jst(d->start, when, sizeof(when)));
    if (d->target != d->due)
        print_field(_("Aim at"), jst(d->target, when, sizeof(when)));
    print_field(d->yardstick ? _("Due (our own yardstick)") : _("Due"),
                jst(d->due, when, sizeof(when)));
    if (d->rolled)
        (void)printf(_("      %s is closed (%s)\n"),
                     hb_day_text(d->last_day, day, sizeof(day)),
                     closed_because(x->pack, d->last_day));
    for (size_t i = 0; i < d->warnings_n; i++)
        (void)printf("  %s  %s\n", jst(d->warnings[i].at, when, sizeof(when)),
                     hb_warning_title(d->warnings[i].kind));
    print_field(_("Source"), r->source);
    if (r->certainty == HB_CERTAINTY_TO_CONFIRM)
        print_field(_("To be confirmed"), hb_text(&r->to_confirm));
    (void)printf("\n");
}

static const char *jst(int64_t ns, char *buf, size_t size)
{
    return hb_time_zone(ns, HB_JST, "JST", buf, size);
}

static const char *closed_because(const struct hb_rulepack *p, int64_t day)
{
    const struct hb_text *name = NULL;
    int kind = hb_day_kind(p, day, &name);

    if (name != NULL)
        return hb_text(name);
    return kind == HB_DAY_SUNDAY ? _("Sunday") : _("Saturday");
}

/* ---- for machines ---- */

static void json_pack(struct hb_jw *w, struct rules *x)
{
    const struct hb_rulepack *p = x->pack;
    char day[16];

    hb_jw_obj(w, "pack");
    hb_jw_str(w, "id", p->id);
    hb_jw_int(w, "version", p->version);
    hb_jw_str(w, "checked_at", hb_day_text(p->checked_at, day, sizeof(day)));
    hb_jw_str(w, "checked_by", p->checked_by);
    hb_jw_str(w, "signature", hb_pack_signature_name(p->signature));
    hb_jw_int(w, "age_days", hb_rulepack_age(p, x->now));
    hb_jw_str(w, "age", hb_pack_age_name(hb_rulepack_age_state(p, x->now)));
    hb_jw_end_obj(w);
}

static void json_rule(struct hb_jw *w, const struct hb_duty *r)
{
    static const char *const triggers[] = {"facts", "always", "by-hand"};
    char day[16];

    hb_jw_obj(w, NULL);
    hb_jw_str(w, "id", r->id);
    hb_cli_json_text(w, "title", &r->title);
    hb_cli_json_text(w, "law", &r->law);
    hb_cli_json_text(w, "addressee", &r->addressee);
    hb_cli_json_text(w, "when", &r->when);
    hb_jw_str(w, "trigger", triggers[r->trigger]);
    if (r->condition != NULL)
        hb_jw_str(w, "condition", r->condition);
    hb_jw_str(w, "starts", hb_duty_start_name(r->start));
    json_due(w, &r->due);
    if (r->format.in[HB_LANG_EN] != NULL)
        hb_cli_json_text(w, "format", &r->format);
    hb_jw_arr(w, "items");
    for (size_t i = 0; i < r->items_n; i++)
        hb_jw_str(w, NULL, r->items[i]->id);
    hb_jw_end_arr(w);
    if (r->document != NULL)
        hb_jw_str(w, "document", r->document);
    hb_jw_bool(w, "consider", r->modality == HB_MOD_CONSIDER);
    hb_jw_str(w, "valid_from", hb_day_text(r->period.from, day, sizeof(day)));
    if (r->period.to != INT64_MAX)
        hb_jw_str(w, "valid_to", hb_day_text(r->period.to, day, sizeof(day)));
    hb_jw_str(w, "certainty", hb_certainty_name(r->certainty));
    if (r->certainty == HB_CERTAINTY_TO_CONFIRM)
        hb_cli_json_text(w, "to_confirm", &r->to_confirm);
    hb_jw_str(w, "source", r->source);
    if (r->note.in[HB_LANG_EN] != NULL)
        hb_cli_json_text(w, "note", &r->note);
    hb_jw_end_obj(w);
}

static void json_due(struct hb_jw *w, const struct hb_due *due)
{
    hb_jw_obj(w, "due");
    hb_jw_str(w, "kind", hb_due_kind_name(due->kind));
    if (due->kind == HB_DUE_HOURS || due->kind == HB_DUE_DAYS)
        hb_jw_int(w, "n", due->n);
    if (due->target != 0)
        hb_jw_int(w, "target", due->target);
    if (due->kind == HB_DUE_DAYS) {
        hb_jw_bool(w, "count_first_day", due->count_first_day);
        hb_jw_bool(w, "roll", due->roll);
    }
    if (due->kind == HB_DUE_PROMPTLY)
        hb_jw_int(w, "within_s", (int64_t)(due->within / HB_S));
    hb_jw_end_obj(w);
}

static void json_deadline(struct hb_jw *w, const struct hb_deadline *d)
{
    char day[16];

    json_time(w, "start", d->start);
    json_time(w, "target", d->target);
    json_time(w, "due", d->due);
    hb_jw_str(w, "due_day", hb_day_text(d->due_day, day, sizeof(day)));
    hb_jw_str(w, "last_day", hb_day_text(d->last_day, day, sizeof(day)));
    hb_jw_bool(w, "rolled", d->rolled);
    hb_jw_bool(w, "yardstick", d->yardstick);
    hb_jw_arr(w, "warnings");
    for (size_t i = 0; i < d->warnings_n; i++) {
        hb_jw_obj(w, NULL);
        hb_jw_str(w, "kind", hb_warning_name(d->warnings[i].kind));
        json_time(w, "at", d->warnings[i].at);
        hb_jw_end_obj(w);
    }
    hb_jw_end_arr(w);
}

static void json_time(struct hb_jw *w, const char *key, int64_t ns)
{
    char buf[32];

    hb_jw_str(w, key, hb_time_utc(ns, buf, sizeof(buf)));
}
