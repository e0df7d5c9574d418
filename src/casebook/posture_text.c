/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posture_text.c - posture for people: the headline, one screen, JSON.
 *
 * The words are those of the profession: a proven case is "confirmed at the
 * drill of a date", never "safe".  A state is told by a word and a sign;
 * colour only repeats it.
 */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "casebook/posture.h"
#include "html/width.h"

static const char *const states[] = {
    [HB_STATE_POSSIBLE] = "possible",
    [HB_STATE_UNKNOWN] = "unknown",
    [HB_STATE_ACCEPTED] = "accepted",
    [HB_STATE_REHEARSED] = "rehearsed",
    [HB_STATE_PROVEN] = "proven",
    [HB_STATE_NOT_APPLICABLE] = "not-applicable",
};
static const char *const titles[] = {
    [HB_STATE_POSSIBLE] = N_("possible"),
    [HB_STATE_UNKNOWN] = N_("unknown"),
    [HB_STATE_ACCEPTED] = N_("risk accepted (until a date)"),
    [HB_STATE_REHEARSED] = N_("rehearsed"),
    [HB_STATE_PROVEN] = N_("proven"),
    [HB_STATE_NOT_APPLICABLE] = N_("not applicable"),
};
static const char *const shapes[] = {
    [HB_STATE_POSSIBLE] = "!", [HB_STATE_UNKNOWN] = "?",
    [HB_STATE_ACCEPTED] = "~", [HB_STATE_REHEARSED] = "+",
    [HB_STATE_PROVEN] = "*",   [HB_STATE_NOT_APPLICABLE] = "-",
};
static const char *const colours[] = {
    [HB_STATE_POSSIBLE] = "\033[31m", [HB_STATE_UNKNOWN] = "\033[33m",
    [HB_STATE_ACCEPTED] = "\033[35m", [HB_STATE_REHEARSED] = "\033[36m",
    [HB_STATE_PROVEN] = "\033[32m",   [HB_STATE_NOT_APPLICABLE] = "\033[2m",
};
static const char *const reasons[] = {
    [HB_WHY_DECIDED] = "decided",
    [HB_WHY_CONTROL] = "control",
    [HB_WHY_NOT_BUILT] = "not-built",
    [HB_WHY_NOT_REHEARSED] = "not-rehearsed",
    [HB_WHY_PARTS_MISSING] = "parts-missing",
    [HB_WHY_NO_CANARY] = "no-canary",
    [HB_WHY_PROOF] = "proof",
};
static const char *const statuses[] = {
    [HB_CS_UNKNOWN] = "unknown",
    [HB_CS_PASS] = "pass",
    [HB_CS_FAIL] = "fail",
    [HB_CS_ACCEPTED] = "accepted",
};

static void state_cell(struct hb_buf *out, const struct hb_case_posture *c,
                       int zone_minutes);
static void pad(struct hb_buf *out, size_t have, size_t want);
static void cut(struct hb_buf *out, const char *text, unsigned columns);
static void wrap(struct hb_buf *out, const char *first, const char *rest,
                 const char *text, unsigned columns);
static void two_lines(struct hb_buf *out, const char *lead, const char *text,
                      unsigned columns);
static void case_line(struct hb_buf *out, const struct hb_case_posture *c,
                      unsigned state_columns, unsigned columns, bool colour,
                      int zone_minutes);
static void case_reason(struct hb_buf *out, const struct hb_case_posture *c,
                        unsigned columns, int zone_minutes);
static void one_step(struct hb_buf *out, const struct hb_next_step *s,
                     size_t number, unsigned columns);
static void write_next(struct hb_jw *w, const struct hb_next_step *s);
static int read_next(struct hb_arena *a, const struct hb_casebook *b,
                     const struct hb_json *json, struct hb_posture *p);
static void write_case(struct hb_jw *w, const struct hb_case_posture *c);
static void write_reason(struct hb_jw *w, const char *reason);
static int read_case(struct hb_arena *a, const struct hb_casebook *b,
                     const struct hb_json *json, struct hb_case_posture *ret);
static int read_step(struct hb_arena *a, const struct hb_casebook *b,
                     const struct hb_json *json, struct hb_next_step *s);
static int find(const char *const *words, size_t n, const char *text);

const char *hb_control_status_name(enum hb_control_status s)
{
    return (unsigned)s < HB_ARRAY_LEN(statuses) ? statuses[s] : "?";
}

int hb_control_status_parse(const char *z, enum hb_control_status *ret)
{
    int i = find(statuses, HB_ARRAY_LEN(statuses), z);

    if (i < 0)
        return -EINVAL;
    *ret = (enum hb_control_status)i;
    return 0;
}

const char *hb_case_state_name(enum hb_case_state s)
{
    return (unsigned)s < HB_ARRAY_LEN(states) ? states[s] : "?";
}

const char *hb_case_state_title(enum hb_case_state s)
{
    return (unsigned)s < HB_ARRAY_LEN(titles) ? _(titles[s]) : "?";
}

const char *hb_case_state_shape(enum hb_case_state s)
{
    return (unsigned)s < HB_ARRAY_LEN(shapes) ? shapes[s] : "?";
}

/* Every kind that is not proven is named with its number; a number that is 0
 * is not, so that fifteen unknown never read as "0 could happen". */
void hb_posture_headline(struct hb_buf *out, const struct hb_posture *p)
{
    const unsigned *n = p->count;
    unsigned all = (unsigned)p->n, kinds = 0;

    if (p->open == 0) {
        hb_buf_addf(out,
                    _("Today each of the %u cases is proven (as of its drill) "
                      "or not applicable."),
                    all);
        return;
    }
    if (n[HB_STATE_POSSIBLE] > 0)
        hb_buf_addf(out, _("Today %u of %u cases could happen to us."),
                    n[HB_STATE_POSSIBLE], all);
    else
        hb_buf_addf(out, _("Today, of %u cases:"), all);
    if (n[HB_STATE_UNKNOWN] > 0)
        hb_buf_addf(
            out, P_(" %u is unknown.", " %u are unknown.", n[HB_STATE_UNKNOWN]),
            n[HB_STATE_UNKNOWN]);
    if (n[HB_STATE_ACCEPTED] > 0)
        hb_buf_addf(out,
                    P_(" %u is an accepted risk (until a date).",
                       " %u are accepted risks (until a date).",
                       n[HB_STATE_ACCEPTED]),
                    n[HB_STATE_ACCEPTED]);
    if (n[HB_STATE_REHEARSED] > 0)
        hb_buf_addf(out,
                    P_(" %u is rehearsed, not proven.",
                       " %u are rehearsed, not proven.", n[HB_STATE_REHEARSED]),
                    n[HB_STATE_REHEARSED]);
    for (unsigned s = HB_STATE_POSSIBLE; s <= HB_STATE_REHEARSED; s++)
        kinds += n[s] > 0;
    if (kinds > 1)
        hb_buf_addf(out, _(" Not proven: %u in all."), p->open);
}

void hb_posture_reason(struct hb_buf *out, const struct hb_case_posture *c,
                       int zone_minutes)
{
    (void)zone_minutes;
    switch (c->why) {
    case HB_WHY_DECIDED:
        hb_buf_addz(out, _("A person decided, until a date, that this does "
                           "not apply to us."));
        break;
    case HB_WHY_NOT_BUILT:
        hb_buf_addz(out, _("Hinoban cannot check this case yet."));
        break;
    case HB_WHY_NOT_REHEARSED:
        hb_buf_addz(out, _("The controls hold, but no valid drill has shown "
                           "it."));
        break;
    case HB_WHY_PARTS_MISSING:
        hb_buf_addz(out, _("The drill passed; parts of this case cannot be "
                           "checked yet."));
        break;
    case HB_WHY_NO_CANARY:
        hb_buf_addz(out, _("The drill passed; it is not yet shown on the real "
                           "system."));
        break;
    case HB_WHY_PROOF:
        hb_buf_addz(out, _("Shown by the drill and on the real system."));
        break;
    case HB_WHY_CONTROL:
        if (c->control == NULL)
            break;
        hb_buf_addf(out,
                    c->state == HB_STATE_POSSIBLE ? _("Does not hold: %s")
                    : c->state == HB_STATE_ACCEPTED
                        ? _("Accepted although it does not hold: %s")
                        : _("Not confirmed: %s"),
                    hb_text(&c->control->text));
        if (c->result != NULL && c->result->reason != NULL &&
            c->result->reason[0] != '\0') {
            hb_buf_addz(out, " (");
            hb_control_reason(out, c->result->reason, true);
            hb_buf_addc(out, ')');
        }
        break;
    }
}

void hb_control_reason(struct hb_buf *out, const char *reason, bool translated)
{
    const char *with = strchr(reason, '\t'), *place;
    char text[512];

    if (with == NULL) {
        hb_buf_addz(out, translated ? _(reason) : reason);
        return;
    }
    (void)snprintf(text, sizeof(text), "%.*s", (int)(with - reason), reason);
    reason = translated ? _(text) : text;
    place = strstr(reason, "%s");
    if (place == NULL) {
        hb_buf_addz(out, reason);
        return;
    }
    hb_buf_add(out, reason, (size_t)(place - reason));
    hb_buf_addz(out, with + 1);
    hb_buf_addz(out, place + 2);
}

void hb_posture_screen(struct hb_buf *out, const struct hb_posture *p,
                       unsigned columns, bool colour, int zone_minutes)
{
    struct hb_buf line = HB_BUF_INIT;
    unsigned widest = 0;

    hb_posture_headline(&line, p);
    wrap(out, "", "", hb_buf_z(&line), columns);
    hb_buf_addc(out, '\n');
    for (size_t i = 0; i < p->n; i++) {
        unsigned w;

        hb_buf_reset(&line);
        state_cell(&line, &p->cases[i], zone_minutes);
        w = hb_width(hb_buf_z(&line), line.n);
        widest = HB_MAX(widest, w);
    }
    hb_buf_done(&line);
    for (size_t i = 0; i < p->n; i++) {
        case_line(out, &p->cases[i], widest, columns, colour, zone_minutes);
        if (p->cases[i].why != HB_WHY_NOT_BUILT)
            case_reason(out, &p->cases[i], columns, zone_minutes);
    }
    if (p->next_n == 0)
        return;
    hb_buf_addz(out,
                _("\nDo first (most harm avoided for an hour of work):\n"));
    hb_posture_steps(out, p, HB_POSTURE_FIRST, columns);
    if (p->next_n > HB_POSTURE_FIRST)
        hb_buf_addf(out, _("All %zu steps: hinoban status --next\n"),
                    p->next_n);
}

void hb_posture_steps(struct hb_buf *out, const struct hb_posture *p,
                      size_t max, unsigned columns)
{
    for (size_t i = 0; i < p->next_n && i < max; i++)
        one_step(out, &p->next[i], i + 1, columns);
}

void hb_posture_json(struct hb_buf *out, const struct hb_posture *p)
{
    struct hb_buf line = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, out);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "at", p->at);
    hb_posture_headline(&line, p);
    hb_jw_str(&w, "headline", hb_buf_z(&line));
    hb_buf_done(&line);
    hb_jw_int(&w, "open", p->open);
    hb_jw_obj(&w, "count");
    for (size_t i = 0; i < HB_ARRAY_LEN(states); i++)
        hb_jw_int(&w, states[i], p->count[i]);
    hb_jw_end_obj(&w);
    hb_jw_arr(&w, "cases");
    for (size_t i = 0; i < p->n; i++)
        write_case(&w, &p->cases[i]);
    hb_jw_end_arr(&w);
    hb_jw_arr(&w, "next");
    for (size_t i = 0; i < p->next_n; i++)
        write_next(&w, &p->next[i]);
    hb_jw_end_arr(&w);
    hb_jw_end_obj(&w);
}

int hb_posture_decode(struct hb_arena *a, const struct hb_casebook *b,
                      const struct hb_json *json, struct hb_posture **ret,
                      struct hb_err *err)
{
    const struct hb_json *cases = hb_json_get(json, "cases");
    struct hb_posture *p = HB_NEW(a, struct hb_posture);

    if (cases == NULL || cases->type != HB_JSON_ARR ||
        cases->count > HB_CASE_MAX)
        return hb_err_set(err, -EBADMSG, _("the posture has no cases"));
    if (p != NULL)
        p->cases = HB_NEW_N(a, struct hb_case_posture, cases->count + 1);
    if (p == NULL || p->cases == NULL)
        return -ENOMEM;
    p->at = hb_json_int(json, "at", 0);
    HB_JSON_EACH (j, cases) {
        int r = read_case(a, b, j, &p->cases[p->n]);

        if (r < 0)
            return hb_err_set(err, r,
                              _("the posture of case %lld is not understood; "
                                "are both sides of one version?"),
                              (long long)hb_json_int(j, "number", 0));
        p->count[p->cases[p->n++].state]++;
    }
    p->open = (unsigned)p->n - p->count[HB_STATE_PROVEN] -
              p->count[HB_STATE_NOT_APPLICABLE];
    if (read_next(a, b, hb_json_get(json, "next"), p) < 0)
        return hb_err_set(err, -EBADMSG,
                          _("the next steps are not understood; are both "
                            "sides of one version?"));
    *ret = p;
    return 0;
}

/* ---- parts of the screen ---- */

static void state_cell(struct hb_buf *out, const struct hb_case_posture *c,
                       int zone_minutes)
{
    time_t t = (time_t)(c->at / (int64_t)HB_S) + (time_t)zone_minutes * 60;
    struct tm tm;

    if (c->state == HB_STATE_PROVEN && gmtime_r(&t, &tm) != NULL)
        hb_buf_addf(out, _("proven (drill of %d-%02d)"), tm.tm_mon + 1,
                    tm.tm_mday);
    else
        hb_buf_addz(out, hb_case_state_title(c->state));
}

static void pad(struct hb_buf *out, size_t have, size_t want)
{
    for (; have < want; have++)
        hb_buf_addc(out, ' ');
}

/* As much of TEXT as COLUMNS hold, with "..." where it was cut. */
static void cut(struct hb_buf *out, const char *text, unsigned columns)
{
    size_t n = strlen(text), end = 0;

    if (hb_width(text, n) <= columns) {
        hb_buf_addz(out, text);
        return;
    }
    for (size_t i = 1; i <= n; i++) {
        if (((unsigned char)text[i] & 0xc0) == 0x80)
            continue;
        if (hb_width(text, i) + 3 > columns)
            break;
        end = i;
    }
    hb_buf_add(out, text, end);
    hb_buf_addz(out, "...");
}

/* Lines of at most COLUMNS; FIRST and REST begin the first and the others. */
static void wrap(struct hb_buf *out, const char *first, const char *rest,
                 const char *text, unsigned columns)
{
    size_t n = strlen(text), skip = 0;
    const char *lead = first;

    do {
        unsigned used = hb_width(lead, strlen(lead));
        size_t take = hb_width_line(
            text, n, columns > used + 8 ? columns - used : 8, &skip);

        hb_buf_addz(out, lead);
        hb_buf_add(out, text, take);
        hb_buf_addc(out, '\n');
        text += take + skip;
        n -= take + skip;
        lead = rest;
    } while (n > 0);
}

static void case_line(struct hb_buf *out, const struct hb_case_posture *c,
                      unsigned state_columns, unsigned columns, bool colour,
                      int zone_minutes)
{
    struct hb_buf cell = HB_BUF_INIT;
    unsigned used = 8 + state_columns; /* "NN  S " + state + "  " */

    state_cell(&cell, c, zone_minutes);
    hb_buf_addf(out, "%2u  ", c->c->number);
    if (colour)
        hb_buf_addz(out, colours[c->state]);
    hb_buf_addz(out, shapes[c->state]);
    hb_buf_addc(out, ' ');
    hb_buf_addz(out, hb_buf_z(&cell));
    if (colour)
        hb_buf_addz(out, "\033[0m");
    pad(out, hb_width(hb_buf_z(&cell), cell.n), state_columns + 2);
    cut(out, hb_text(&c->c->title), columns > used + 10 ? columns - used : 10);
    hb_buf_addc(out, '\n');
    hb_buf_done(&cell);
}

static void case_reason(struct hb_buf *out, const struct hb_case_posture *c,
                        unsigned columns, int zone_minutes)
{
    struct hb_buf text = HB_BUF_INIT;

    hb_posture_reason(&text, c, zone_minutes);
    two_lines(out, "      ", hb_buf_z(&text), columns);
    hb_buf_done(&text);
}

/* With sixteen cases a screen has no room for more; `hinoban case show` and
 * the JSON have the whole. */
static void two_lines(struct hb_buf *out, const char *lead, const char *text,
                      unsigned columns)
{
    unsigned used = hb_width(lead, strlen(lead));
    unsigned wide = columns > used + 8 ? columns - used : 8;
    size_t skip = 0, take = hb_width_line(text, strlen(text), wide, &skip);

    hb_buf_addz(out, lead);
    hb_buf_add(out, text, take);
    text += take + skip;
    if (*text != '\0') {
        hb_buf_addf(out, "\n%s", lead);
        cut(out, text, wide);
    }
    hb_buf_addc(out, '\n');
}

/* "1. What to do", and below: how long, why, for which cases. */
static void one_step(struct hb_buf *out, const struct hb_next_step *s,
                     size_t number, unsigned columns)
{
    struct hb_buf line = HB_BUF_INIT;
    char lead[32];

    (void)snprintf(lead, sizeof(lead), "%3zu. ", number);
    wrap(out, lead, "     ", hb_text(&s->control->fix), columns);
    if (s->minutes % 60 == 0)
        hb_buf_addf(&line, _("%u h"), s->minutes / 60);
    else
        hb_buf_addf(&line, _("%u min"), s->minutes);
    hb_buf_addz(&line, s->fails ? _("; does not hold; ")
                       : s->control->question
                           ? _("; not answered yet (hinoban question ask); ")
                           : _("; not confirmed; "));
    hb_buf_addz(&line, P_("case", "cases", s->cases_n));
    for (size_t i = 0; i < s->cases_n; i++)
        hb_buf_addf(&line, "%s%u", i > 0 ? _(", ") : " ", s->cases[i]);
    hb_buf_addf(&line, " [%s]", s->control->id);
    wrap(out, "     -> ", "        ", hb_buf_z(&line), columns);
    hb_buf_done(&line);
}

/* ---- JSON ---- */

static void write_case(struct hb_jw *w, const struct hb_case_posture *c)
{
    hb_jw_obj(w, NULL);
    hb_jw_int(w, "number", c->c->number);
    hb_jw_str(w, "id", c->c->id);
    hb_jw_obj(w, "title");
    for (unsigned l = 0; l < HB_LANG_COUNT; l++)
        hb_jw_str(w, hb_lang_code((enum hb_lang)l), c->c->title.in[l]);
    hb_jw_end_obj(w);
    hb_jw_str(w, "state", hb_case_state_name(c->state));
    hb_jw_str(w, "why", reasons[c->why]);
    if (c->control != NULL) {
        hb_jw_str(w, "control", c->control->id);
        hb_jw_obj(w, "fix");
        for (unsigned l = 0; l < HB_LANG_COUNT; l++)
            hb_jw_str(w, hb_lang_code((enum hb_lang)l), c->control->fix.in[l]);
        hb_jw_end_obj(w);
    }
    if (c->result != NULL && c->result->reason != NULL)
        write_reason(w, c->result->reason);
    hb_jw_int(w, "at", c->at);
    hb_jw_int(w, "fail", c->fail);
    hb_jw_int(w, "unknown", c->unknown);
    hb_jw_int(w, "accepted", c->accepted);
    hb_jw_int(w, "pass", c->pass);
    hb_jw_end_obj(w);
}

static void write_next(struct hb_jw *w, const struct hb_next_step *s)
{
    hb_jw_obj(w, NULL);
    hb_jw_str(w, "control", s->control->id);
    hb_jw_bool(w, "fails", s->fails);
    hb_jw_int(w, "weight", s->weight);
    hb_jw_int(w, "minutes", s->minutes);
    hb_jw_arr(w, "cases");
    for (size_t i = 0; i < s->cases_n; i++)
        hb_jw_int(w, NULL, s->cases[i]);
    hb_jw_end_arr(w);
    hb_jw_end_obj(w);
}

/* "reason", and what takes the place of its "%s" as "reason_of". */
static void write_reason(struct hb_jw *w, const char *reason)
{
    const char *with = strchr(reason, '\t');
    char text[512];

    if (with == NULL) {
        hb_jw_str(w, "reason", reason);
        return;
    }
    (void)snprintf(text, sizeof(text), "%.*s", (int)(with - reason), reason);
    hb_jw_str(w, "reason", text);
    hb_jw_str(w, "reason_of", with + 1);
}

static int read_case(struct hb_arena *a, const struct hb_casebook *b,
                     const struct hb_json *json, struct hb_case_posture *ret)
{
    const char *control = hb_json_str(json, "control", NULL);
    const char *reason = hb_json_str(json, "reason", NULL);
    const char *with = hb_json_str(json, "reason_of", NULL);
    int state =
        find(states, HB_ARRAY_LEN(states), hb_json_str(json, "state", ""));
    int why =
        find(reasons, HB_ARRAY_LEN(reasons), hb_json_str(json, "why", ""));
    int64_t number = hb_json_int(json, "number", 0);
    struct hb_control_result *result;

    if (state < 0 || why < 0 || number < 1 || number > 999)
        return -EBADMSG;
    ret->c = hb_case_find(b, (unsigned)number);
    if (ret->c == NULL)
        return -ENOENT;
    ret->state = (enum hb_case_state)state;
    ret->why = (enum hb_state_reason)why;
    ret->at = hb_json_int(json, "at", 0);
    ret->fail = (unsigned)hb_json_int(json, "fail", 0);
    ret->unknown = (unsigned)hb_json_int(json, "unknown", 0);
    ret->accepted = (unsigned)hb_json_int(json, "accepted", 0);
    ret->pass = (unsigned)hb_json_int(json, "pass", 0);
    if (control == NULL)
        return 0;
    ret->control = hb_control_find(ret->c, control);
    if (ret->control == NULL)
        return -ENOENT;
    if (reason == NULL)
        return 0;
    result = HB_NEW(a, struct hb_control_result);
    if (result == NULL)
        return -ENOMEM;
    result->control = ret->control->id;
    result->reason =
        with == NULL ? reason : hb_arena_printf(a, "%s\t%s", reason, with);
    if (result->reason == NULL)
        return -ENOMEM;
    ret->result = result;
    return 0;
}

/* Days that were recorded before there were next steps have none. */
static int read_next(struct hb_arena *a, const struct hb_casebook *b,
                     const struct hb_json *json, struct hb_posture *p)
{
    struct hb_next_step *v, *s;

    if (json == NULL)
        return 0;
    if (json->type != HB_JSON_ARR || json->count > HB_CASE_MAX * HB_CONTROL_MAX)
        return -EBADMSG;
    v = s = HB_NEW_N(a, struct hb_next_step, json->count + 1);
    if (v == NULL)
        return -ENOMEM;
    HB_JSON_EACH (j, json) {
        int r = read_step(a, b, j, s++);

        if (r < 0)
            return r;
    }
    p->next = v;
    p->next_n = json->count;
    return 0;
}

static int read_step(struct hb_arena *a, const struct hb_casebook *b,
                     const struct hb_json *json, struct hb_next_step *s)
{
    const struct hb_json *cases = hb_json_get(json, "cases");
    int64_t weight = hb_json_int(json, "weight", -1);
    int64_t minutes = hb_json_int(json, "minutes", -1);
    const struct hb_case *first;
    unsigned *numbers;

    if (cases == NULL || cases->type != HB_JSON_ARR || cases->count == 0 ||
        cases->count > HB_CASE_MAX || weight < 0 || weight > 100000 ||
        minutes < 1 || minutes > 1000000)
        return -EBADMSG;
    numbers = HB_NEW_N(a, unsigned, cases->count);
    if (numbers == NULL)
        return -ENOMEM;
    *s = (struct hb_next_step){.fails = hb_json_bool(json, "fails", false),
                               .weight = (unsigned)weight,
                               .minutes = (unsigned)minutes,
                               .cases = numbers};
    HB_JSON_EACH (k, cases) {
        if (k->type != HB_JSON_INT || k->integer < 1 || k->integer > 999)
            return -EBADMSG;
        numbers[s->cases_n++] = (unsigned)k->integer;
    }
    first = hb_case_find(b, numbers[0]);
    if (first != NULL)
        s->control = hb_control_find(first, hb_json_str(json, "control", ""));
    return s->control == NULL ? -ENOENT : 0;
}

static int find(const char *const *words, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        if (hb_streq(words[i], text))
            return (int)i;
    }
    return -1;
}
