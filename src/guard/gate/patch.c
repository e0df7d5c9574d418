/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patch.c - see patch.h.  Runs in commands, as root.
 */
#include "guard/gate/patch.h"

#include <strings.h>

#include "base/i18n.h"
#include "base/show.h"
#include "base/utf8.h"
#include "guard/waf/rules.h"
#include "guard/waf/seclang.h"

static int check_visible(struct hb_slice text, const char *name,
                         struct hb_err *err);
static int check_directives(struct hb_slice text, const char *name,
                            struct hb_err *err);
static int check_rule(const struct hb_waf_rule *r, struct hb_err *err);
static bool check_set(const struct hb_waf_rule *r, const struct hb_waf_set *s);
static bool begins(struct hb_slice s, const char *z);

int hb_patch_check(struct hb_slice text, const char *name, struct hb_err *err)
{
    _cleanup_waf_rules_ struct hb_waf_rules *rules = NULL;
    int r = check_visible(text, name, err);

    if (r == 0)
        r = check_directives(text, name, err);
    /* Without a directory no file is read. */
    if (r == 0)
        r = hb_waf_rules_parse(text, name, NULL, &rules, err);
    if (r < 0 || rules == NULL)
        return r;
    HB_ASSERT(rules != NULL);
    if (rules->n_rule == 0 || rules->n_rule > HB_PATCH_RULES)
        return hb_err_at(err, -EINVAL, name, 0, 0,
                         _("a patch has 1 to %u rules"), HB_PATCH_RULES);
    for (uint32_t i = 0; i < rules->n_rule && r == 0; i++)
        r = check_rule(&rules->rule[i], err);
    return r;
}

void hb_patch_write(struct hb_buf *b, const struct hb_grant *g)
{
    for (unsigned phase = 1; phase <= HB_WAF_PHASES; phase++)
        hb_buf_addf(b,
                    "SecRule TIME_EPOCH \"@ge %lld\" \\\n"
                    "    \"id:%u,phase:%u,pass,nolog,t:none,"
                    "skipAfter:HINOBAN-PATCH-%u-END\"\n",
                    (long long)g->until,
                    HB_GRANT_PATCH_ID + 10 * g->number + phase, phase,
                    g->number);
    hb_buf_add(b, g->rules.p, g->rules.n);
    if (g->rules.n > 0 && g->rules.p[g->rules.n - 1] != '\n')
        hb_buf_addc(b, '\n');
    hb_buf_addf(b, "SecMarker HINOBAN-PATCH-%u-END\n", g->number);
}

/* Whoever approves must see what the rules say: no character that hides or
 * turns others, in comments neither. */
static int check_visible(struct hb_slice text, const char *name,
                         struct hb_err *err)
{
    unsigned line = 1;

    for (size_t i = 0; i < text.n;) {
        uint32_t cp = 0;
        size_t n = hb_utf8_get(text.p + i, text.n - i, &cp);
        bool blank = cp == '\n' || cp == '\r' || cp == '\t';

        if (n == 0 || (hb_show_hidden(cp) && !blank))
            return hb_err_at(err, -EPERM, name, line, 0,
                             _("a patch holds no hidden characters, and is "
                               "UTF-8"));
        line += cp == '\n';
        i += n;
    }
    return 0;
}

/* Settings and exceptions leave no trace in rules, so words are looked at. */
static int check_directives(struct hb_slice text, const char *name,
                            struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_seclang_line *line;
    struct hb_seclang s;
    int r;

    line = a != NULL ? HB_NEW(a, struct hb_seclang_line) : NULL;
    if (line == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r = hb_seclang_open(&s, a, name, text, err);
    if (r < 0)
        return r;
    /* The end of the file must not swallow what stands behind it. */
    if (text.n > 0 && text.p[text.n - 1] == '\\')
        return hb_err_at(err, -EPERM, name, 0, 0,
                         _("the last line of a patch goes on"));
    while ((r = hb_seclang_next(&s, line)) > 0) {
        struct hb_slice w = line->word[0].text;

        if ((w.n == 7 && strncasecmp(w.p, "SecRule", 7) == 0) ||
            (w.n == 9 && strncasecmp(w.p, "SecAction", 9) == 0))
            continue;
        return hb_err_at(err, -EPERM, name, line->line, 0,
                         _("a patch has SecRule and SecAction only, not "
                           "%.*s"),
                         HB_SHOW(w));
    }
    return r;
}

static int check_rule(const struct hb_waf_rule *r, struct hb_err *err)
{
    if (r->id < HB_PATCH_FIRST || r->id > HB_PATCH_LAST)
        return hb_err_at(err, -EPERM, r->file, r->line, 0,
                         _("rule %u: ids of patches are %u to %u"),
                         (unsigned)r->id, HB_PATCH_FIRST, HB_PATCH_LAST);
    if (r->n_ctl > 0 || r->n_initcol > 0 || r->n_expire > 0 ||
        r->skip_to != HB_WAF_NO_SKIP)
        return hb_err_at(err, -EPERM, r->file, r->line, 0,
                         _("rule %u: a patch has no ctl, initcol, expirevar "
                           "or skip"),
                         (unsigned)r->id);
    if (r->action != HB_WAF_DO_PASS && r->action != HB_WAF_DO_DENY)
        return hb_err_at(err, -EPERM, r->file, r->line, 0,
                         _("rule %u: a patch denies, blocks or passes"),
                         (unsigned)r->id);
    for (uint32_t i = 0; i < r->n_set; i++)
        if (!check_set(r, &r->set[i]))
            return hb_err_at(err, -EPERM, r->file, r->line, 0,
                             _("rule %u: a patch sets TX:patch_... and adds "
                               "to scores from phase 2 on, nothing else"),
                             (unsigned)r->id);
    return 0;
}

/* A score that shrinks, or a threshold, would open a way. */
static bool check_set(const struct hb_waf_rule *r, const struct hb_waf_set *s)
{
    uint32_t macros = 0;

    for (uint32_t i = 0; i < s->name.n; i++)
        macros += s->name.part[i].macro;
    if (s->coll != HB_WAF_VAR_TX || macros > 0)
        return false;
    if (begins(s->name.raw, "patch_"))
        return true;
    if (s->kind != HB_WAF_SET_ADD || r->phase < 2 || s->value.raw.n == 0 ||
        s->value.raw.p[0] == '-' ||
        memmem(s->name.raw.p, s->name.raw.n, "threshold", 9) != NULL)
        return false;
    for (size_t i = 0; i < s->value.raw.n; i++)
        if (s->value.raw.p[i] < '0' || s->value.raw.p[i] > '9')
            return false;
    return begins(s->name.raw, "inbound_anomaly_score") ||
           begins(s->name.raw, "outbound_anomaly_score") ||
           begins(s->name.raw, "anomaly_score");
}

static bool begins(struct hb_slice s, const char *z)
{
    size_t n = strlen(z);

    return s.n >= n && strncasecmp(s.p, z, n) == 0;
}
