/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note.c - what the engine writes into the incident's timeline: the step by
 * its title in both languages, so that either reader is served.
 *
 * Runs in core.  Results may hold what an action or a person said; the
 * timeline makes it visible and the papers escape it.
 */
#include "base/json.h"
#include "playbook/run.h"

struct hb_words2 hb_words(const char *msgid)
{
    return (struct hb_words2){hb_tr(HB_LANG_EN, msgid),
                              hb_tr(HB_LANG_JA, msgid)};
}

int hb_note_step(struct hb_walk *w, const char *kind, const struct hb_text *t,
                 struct hb_words2 result, const char *by)
{
    struct hb_buf args = HB_BUF_INIT;
    const char *en = t != NULL ? t->in[HB_LANG_EN] : NULL,
               *ja = t != NULL ? t->in[HB_LANG_JA] : NULL;
    struct hb_jw j;
    int r;

    en = en != NULL ? en : "";
    ja = ja != NULL ? ja : en;
    hb_jw_init(&j, &args);
    hb_jw_obj(&j, NULL);
    hb_jw_str(&j, "title", en);
    hb_jw_str(&j, "title_ja", ja);
    hb_jw_str(&j, "action", en);
    hb_jw_str(&j, "action_ja", ja);
    hb_jw_str(&j, "result", result.en != NULL ? result.en : "");
    hb_jw_str(&j, "error", result.en != NULL ? result.en : "");
    if (result.ja != NULL) {
        hb_jw_str(&j, "result_ja", result.ja);
        hb_jw_str(&j, "error_ja", result.ja);
    }
    if (by != NULL)
        hb_jw_str(&j, "by", by);
    hb_jw_end_obj(&j);
    r = hb_buf_err(&args);
    if (r == 0)
        r = hb_timeline_add(w->p->s, w->run->incident, w->now, kind,
                            "role:core", hb_buf_z(&args), "");
    hb_buf_done(&args);
    return r;
}

int hb_note(struct hb_walk *w, struct hb_words2 text)
{
    struct hb_buf args = HB_BUF_INIT;
    struct hb_jw j;
    int r;

    hb_jw_init(&j, &args);
    hb_jw_obj(&j, NULL);
    hb_jw_str(&j, "note", text.en);
    hb_jw_str(&j, "note_ja", text.ja != NULL ? text.ja : text.en);
    hb_jw_end_obj(&j);
    r = hb_buf_err(&args);
    if (r == 0)
        r = hb_timeline_add(w->p->s, w->run->incident, w->now, "incident.note",
                            "role:core", hb_buf_z(&args), "");
    hb_buf_done(&args);
    return r;
}
