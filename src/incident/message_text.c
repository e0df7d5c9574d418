/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message_text.c - what a notice says.
 *
 * Runs in core.  Mail is read by others, perhaps by the attacker: a notice has
 * numbers, a time and how to look, nothing that was seen, nobody's name and
 * no text of the incident.  It has no link: what is done is done with the
 * program, by a person whom the machine knows.
 */
#include "incident/message.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/json.h"

/* What follows the number. */
static const char *const words[HB_MSG_KINDS] = {
    [HB_MSG_OPENED] = N_("it was opened, please look at it"),
    [HB_MSG_TASK] = N_("a task waits for you"),
    [HB_MSG_ESCALATED] = N_("nobody answered, please take over"),
    [HB_MSG_DEADLINE] = N_("a deadline comes near"),
    [HB_MSG_OVERDUE] = N_("a deadline has passed"),
};

static void how_to_look(struct hb_buf *b, const struct hb_message *m);

void hb_message_subject(struct hb_buf *b, const struct hb_message *m,
                        const struct hb_message_words *w)
{
    enum hb_lang lang = (enum hb_lang)w->lang;

    if (words[m->kind] == NULL)
        hb_buf_addz(b, hb_tr(lang, N_("[Hinoban] Test of the notices")));
    else
        hb_buf_addf(b, hb_tr(lang, N_("[Hinoban] Incident %lld: %s")),
                    (long long)m->incident, hb_tr(lang, words[m->kind]));
}

void hb_message_body(struct hb_buf *b, const struct hb_message *m,
                     const struct hb_message_words *w)
{
    enum hb_lang lang = (enum hb_lang)w->lang;
    char when[64];

    hb_buf_addf(b, "%s\n\n", w->organisation);
    hb_message_subject(b, m, w);
    hb_buf_addz(b, "\n\n");
    if (w->until != 0)
        hb_buf_addf(b, hb_tr(lang, N_("Until: %s\n")),
                    hb_time_zone(w->until, w->zone_minutes, w->zone_name, when,
                                 sizeof(when)));
    else if (m->task != 0)
        hb_buf_addz(b, hb_tr(lang, N_("Until: as soon as possible\n")));
    if (m->kind != HB_MSG_TEST) {
        hb_buf_addz(b, hb_tr(lang, N_("To look at it, on the guarded "
                                      "machine:\n\n")));
        how_to_look(b, m);
    }
    hb_buf_addz(b, hb_tr(lang, N_("\nThis mail tells no details and has no "
                                  "link. Nothing is done by opening or\n"
                                  "answering it. In doubt, call the "
                                  "information-security officer by "
                                  "telephone.\n")));
}

void hb_message_json(struct hb_buf *b, const struct hb_message *m,
                     const struct hb_message_words *w)
{
    _cleanup_buf_ struct hb_buf title = HB_BUF_INIT;
    char due[64];
    struct hb_jw j;

    hb_message_subject(&title, m, w);
    hb_jw_init(&j, b);
    hb_jw_obj(&j, NULL);
    hb_jw_int(&j, "incident", m->incident);
    hb_jw_str(&j, "kind", hb_message_kind_name(m->kind));
    hb_jw_str(&j, "title", hb_buf_z(&title));
    if (w->until != 0)
        hb_jw_str(&j, "due", hb_time_utc(w->until, due, sizeof(due)));
    else
        hb_jw_raw(&j, "due", HB_SLICE("null"));
    hb_jw_end_obj(&j);
}

static void how_to_look(struct hb_buf *b, const struct hb_message *m)
{
    if (m->task != 0)
        hb_buf_addf(b, "    hinoban task show %lld\n", (long long)m->task);
    else if (m->clock != 0)
        hb_buf_addf(b, "    hinoban clock list %lld\n", (long long)m->incident);
    else
        hb_buf_addf(b, "    hinoban incident show %lld\n",
                    (long long)m->incident);
}

int64_t hb_message_until(struct hb_state *s, const struct hb_message *m)
{
    int64_t until = 0;
    int r = hb_db_number(s->db, &until,
                         "SELECT CASE"
                         " WHEN ?1 <> 0 THEN (SELECT due FROM task"
                         "  WHERE id = ?1)"
                         " WHEN ?2 <> 0 THEN (SELECT due FROM clock"
                         "  WHERE id = ?2) ELSE 0 END",
                         "ii", m->task, m->clock);

    return r < 0 ? 0 : until;
}
