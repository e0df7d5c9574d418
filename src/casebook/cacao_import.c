/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cacao_import.c - CACAO 2.0 JSON from outside into playbook.yaml.
 *
 * Runs in the CLI, on foreign bytes.  First the signatures, then form and
 * commands (cacao_read.c); then it is written as YAML (cacao_yaml.c) and that
 * is loaded exactly as the case book is, with all its checks: an import can
 * pass nothing that the loader would refuse.
 *
 * A playbook without our extension is of no case and lacks what only we ask
 * for.  It becomes a draft: checked with stand-ins, written without them.
 */
#include "casebook/cacao_read.h"

static int load(struct hb_cacao_in *in, struct hb_slice text,
                struct hb_case *c);
static int say_where(struct hb_cacao_in *in, int code,
                     const struct hb_err *what);
static int check_conditions(struct hb_cacao_in *in);
static int same_meaning(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                        const struct hb_cond *ours);
static int write_yaml(struct hb_cacao_in *in);

int hb_cacao_import(struct hb_arena *a, struct hb_slice json,
                    const struct hb_cacao_import *how,
                    struct hb_cacao_imported *ret, struct hb_err *err)
{
    struct hb_cacao_imported out = {0};
    struct hb_cacao_in in = {.a = a, .err = err, .how = how, .ret = &out};
    struct hb_case *c = HB_NEW(a, struct hb_case);
    struct hb_json *top = NULL;
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    int r;

    if (c == NULL)
        return -ENOMEM;
    if (json.n > HB_CACAO_MAX)
        return hb_err_set(err, -EFBIG, _("larger than %u bytes"), HB_CACAO_MAX);
    r = hb_json_parse(a, json, &top, err);
    in.top = top;
    if (r == 0)
        r = hb_cacao_verify(a, top, how, &out, err);
    if (r == 0)
        r = hb_cacao_read(&in);
    if (r < 0)
        return r;
    hb_buf_init(&text, HB_MAX_YAML);
    r = hb_cacao_yaml(&in, &text, true);
    if (r == 0)
        r = load(&in, hb_buf_slice(&text), c);
    if (r == 0)
        r = check_conditions(&in);
    if (r == 0)
        r = write_yaml(&in);
    if (r < 0)
        return r;
    *ret = out;
    return 0;
}

/* As the loader of the case book does it, for the case C of its own. */
static int load(struct hb_cacao_in *in, struct hb_slice text, struct hb_case *c)
{
    const struct hb_casebook *book = in->how->book;
    struct hb_err err = {0};
    struct hb_load l = {.a = in->a,
                        .err = &err,
                        .book = (struct hb_casebook *)(uintptr_t)book,
                        .common = (struct hb_case *)(uintptr_t)book->common,
                        .dir = ""};
    const struct hb_playbook *p = NULL;
    struct hb_yaml *top = NULL;
    int r;

    *c = in->ret->owner != NULL
             ? *in->ret->owner
             : (struct hb_case){.id = "draft", .common = book->common};
    text.p = hb_arena_dup(in->a, text.p, text.n);
    if (text.p == NULL)
        return -ENOMEM;
    r = hb_yaml_parse(in->a, "", text, &top, &err);
    if (r == 0)
        r = hb_load_playbook_tree(&l, c, top, text, &p);
    if (r == 0 && p != NULL)
        r = hb_load_playbook_link(&l, (struct hb_playbook *)(uintptr_t)p);
    if (r < 0 || p == NULL)
        return say_where(in, r < 0 ? r : -EINVAL, &err);
    in->ret->playbook = p;
    in->ret->steps = p->steps_n;
    return 0;
}

/* The loader's place is in text that nobody has; the step is in the file. */
static int say_where(struct hb_cacao_in *in, int code,
                     const struct hb_err *what)
{
    const struct hb_cacao_step *at = NULL;

    if (code == -ENOMEM)
        return code;
    for (size_t i = 0; i < in->n; i++) {
        if (in->steps[i].line != 0 && in->steps[i].line <= what->line &&
            (at == NULL || in->steps[i].line > at->line))
            at = &in->steps[i];
    }
    /* Most of the loader's messages name it already. */
    if (at != NULL && strstr(what->message, at->id) != NULL)
        at = NULL;
    (void)hb_cacao_refuse(in, at, "%s", what->message);
    return code;
}

/* ---- conditions ---- */

/* A condition stands twice where the extension keeps its spelling.  What
 * others read and what we do must be the same. */
static int check_conditions(struct hb_cacao_in *in)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < in->n; i++) {
        const struct hb_cacao_step *s = &in->steps[i];

        if (hb_json_get(s->ext, "condition") != NULL)
            r = same_meaning(in, s,
                             hb_step_find(in->ret->playbook, s->local)->cond);
    }
    return r;
}

static int same_meaning(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                        const struct hb_cond *ours)
{
    _cleanup_buf_ struct hb_buf one = HB_BUF_INIT, other = HB_BUF_INIT;
    const char *z =
        hb_cond_from_cacao(in->a, hb_json_str(s->json, "condition", ""));
    const struct hb_cond *theirs = NULL;
    struct hb_err err = {0};
    int r = z == NULL ? -ENOMEM
                      : hb_cond_parse(in->a, z, &in->ret->playbook->variables,
                                      &theirs, &err);

    if (r == -ENOMEM)
        return r;
    if (r < 0)
        return hb_cacao_refuse(in, s, "%s", err.message);
    hb_cond_print_cacao(&one, ours);
    hb_cond_print_cacao(&other, theirs);
    if (hb_buf_err(&one) < 0 || hb_buf_err(&other) < 0)
        return -ENOMEM;
    return hb_slice_eq(hb_buf_slice(&one), hb_buf_slice(&other))
               ? 0
               : hb_cacao_refuse(in, s,
                                 _("its condition and the one of the "
                                   "extension of Hinoban differ; delete the "
                                   "one that is wrong"));
}

/* ---- the result ---- */

static int write_yaml(struct hb_cacao_in *in)
{
    const struct hb_cacao_open *o = &in->ret->open;
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    int r;

    in->ret->draft =
        in->ext == NULL || o->texts > 0 || o->phases > 0 || o->roles > 0;
    hb_buf_init(&b, HB_MAX_YAML);
    r = hb_cacao_yaml(in, &b, false);
    if (r < 0)
        return r;
    in->ret->yaml = hb_slice(hb_arena_dup(in->a, b.p, b.n), b.n);
    return in->ret->yaml.p != NULL ? 0 : -ENOMEM;
}
