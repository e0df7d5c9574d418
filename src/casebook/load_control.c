/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_control.c - reads controls.yaml: what must hold so that a case cannot
 * happen, or is noticed at once.
 *
 * What several cases need stands once in common/controls.yaml; a case takes
 * it with "use" and says which of its rows it meets.
 */
#include "base/clock.h"
#include "casebook/load.h"

/* Of a control that says nothing: in the middle, and half a day. */
#define HARM_DEFAULT 2u
#define WORK_DEFAULT (4 * 3600 * HB_S)

static int load_control(struct hb_load *l, const struct hb_yaml *map,
                        struct hb_case *c, struct hb_control *ret);
static int load_whole(struct hb_load *l, const struct hb_yaml *map,
                      struct hb_control *ret);
static int load_use(struct hb_load *l, const struct hb_yaml *map,
                    struct hb_control *ret);
static int load_rest(struct hb_load *l, const struct hb_yaml *map,
                     struct hb_control *ret);
static int load_weight(struct hb_load *l, const struct hb_yaml *map,
                       struct hb_control *ret);

int hb_load_controls(struct hb_load *l, const char *path, struct hb_case *c)
{
    static const char *const keys[] = {"controls", NULL};
    const char *file = hb_arena_printf(l->a, "%s/controls.yaml", path);
    const struct hb_yaml *seq = NULL;
    struct hb_control *list;
    struct hb_yaml *top = NULL;
    int r = file == NULL ? -ENOMEM : hb_load_yaml(l, file, &top, NULL);

    if (r == 0)
        r = hb_yaml_keys(top, keys, l->err);
    if (r == 0)
        r = hb_load_seq(l, top, "controls", true, &seq);
    if (r < 0 || seq == NULL)
        return r;
    if (seq->count > HB_CONTROL_MAX)
        return hb_yaml_err(seq, l->err, -E2BIG,
                           _("more than %u controls in one case"),
                           HB_CONTROL_MAX);
    list = HB_NEW_N(l->a, struct hb_control, seq->count);
    if (list == NULL)
        return -ENOMEM;
    c->controls = list;
    HB_YAML_EACH (n, seq) {
        r = load_control(l, n, c, &list[c->controls_n]);
        if (r < 0)
            return r;
        if (hb_control_find(c, list[c->controls_n].id) != NULL)
            return hb_yaml_err(n, l->err, -EEXIST, _("control %s stands twice"),
                               list[c->controls_n].id);
        c->controls_n++;
    }
    return 0;
}

static int load_control(struct hb_load *l, const struct hb_yaml *map,
                        struct hb_case *c, struct hb_control *ret)
{
    int r;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, l->err, -EINVAL, _("a control is a mapping"));
    ret->required = true;
    ret->harm = HARM_DEFAULT;
    ret->work = WORK_DEFAULT;
    r = hb_yaml_get(map, "use") != NULL ? load_use(l, map, ret)
                                        : load_whole(l, map, ret);
    ret->owner = c;
    if (r == 0)
        r = load_rest(l, map, ret);
    if (r == 0)
        r = hb_load_rows(l, map, c, &ret->rows);
    return r;
}

static int load_whole(struct hb_load *l, const struct hb_yaml *map,
                      struct hb_control *ret)
{
    static const char *const keys[] = {
        "id",       "text",    "why",  "fix",  "check", "question", "required",
        "modality", "max_age", "harm", "work", "rows",  NULL};
    int r = hb_yaml_keys(map, keys, l->err);

    if (r == 0)
        r = hb_load_id(l, map, "id", &ret->id);
    if (r == 0)
        r = hb_load_text(l, map, "text", true, &ret->text);
    if (r == 0)
        r = hb_load_text(l, map, "why", true, &ret->why);
    if (r == 0)
        r = hb_load_text(l, map, "fix", true, &ret->fix);
    if (r == 0)
        r = hb_load_bool(l, map, "question", &ret->question);
    if (r == 0 && !ret->question)
        r = hb_load_id(l, map, "check", &ret->check);
    if (r == 0 && ret->question && hb_yaml_get(map, "check") != NULL)
        r = hb_yaml_err(map, l->err, -EINVAL,
                        _("a control is a check or a question, not both"));
    if (r == 0)
        r = hb_load_duration(l, map, "max_age", &ret->max_age);
    if (r == 0 && ret->max_age == 0)
        r = hb_yaml_err(map, l->err, -EINVAL, _("\"%s\" is missing here"),
                        "max_age");
    return r;
}

static int load_use(struct hb_load *l, const struct hb_yaml *map,
                    struct hb_control *ret)
{
    static const char *const keys[] = {"use",  "required", "modality", "harm",
                                       "work", "rows",     NULL};
    const struct hb_case *common = l->book->common;
    const struct hb_control *k = NULL;
    const char *id = NULL, *names[HB_CONTROL_MAX];
    int r = hb_yaml_keys(map, keys, l->err);

    if (r == 0)
        r = hb_load_id(l, map, "use", &id);
    if (r < 0)
        return r;
    if (common != NULL)
        k = hb_control_find(common, id);
    if (k != NULL) {
        *ret = *k;
        return 0;
    }
    for (size_t i = 0; common != NULL && i < common->controls_n; i++)
        names[i] = common->controls[i].id;
    return hb_load_unknown(
        l, hb_yaml_get(map, "use"), "control",
        (struct hb_words){names, common != NULL ? common->controls_n : 0});
}

static int load_rest(struct hb_load *l, const struct hb_yaml *map,
                     struct hb_control *ret)
{
    unsigned modality = ret->modality;
    int r = hb_load_bool(l, map, "required", &ret->required);

    if (r == 0)
        r = hb_load_word(l, map, "modality", false, hb_modalities, &modality);
    ret->modality = (enum hb_modality)modality;
    return r < 0 ? r : load_weight(l, map, ret);
}

static int load_weight(struct hb_load *l, const struct hb_yaml *map,
                       struct hb_control *ret)
{
    const struct hb_yaml *work = hb_yaml_get(map, "work");
    const char *text = NULL;
    uint64_t harm = ret->harm;
    int r = 0;

    if (hb_yaml_get(map, "harm") != NULL)
        r = hb_load_num(l, map, "harm", 1, HB_HARM_MAX, &harm);
    ret->harm = (unsigned)harm;
    if (r < 0 || work == NULL)
        return r;
    r = hb_load_str(l, map, "work", true, &text);
    if (r == 0)
        r = hb_load_duration(l, map, "work", &ret->work);
    /* "3d" would be 72 hours, and is never meant so. */
    if (r == 0 && (strpbrk(text, "dw") != NULL || ret->work < 60 * HB_S))
        r = hb_yaml_err(work, l->err, -EINVAL,
                        _("work is in hours or minutes of one person: 30m, "
                          "4h; three days are 24h"));
    return r;
}
