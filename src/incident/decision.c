/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decision.c - signed decisions of people.  Runs in core; the message is also
 * made by the command line, which signs it with the person's key.
 */
#include "incident/decision.h"

#include "base/clock.h"
#include "base/json.h"

static bool verdict_known(const char *verdict);

int hb_decision_message(struct hb_buf *b, const struct hb_decision_row *row)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf time = HB_BUF_INIT;
    struct hb_json *o;

    if (a == NULL || (o = hb_json_new(a, HB_JSON_OBJ)) == NULL)
        return -ENOMEM;
    /* Nanoseconds pass 2^53, so times stand as text in the canonical form. */
    hb_buf_addf(&time, "%lld-%lld", (long long)row->time,
                (long long)row->until);
    if (hb_buf_err(&time) < 0 ||
        hb_json_add_str(a, o, "subject", row->subject) == NULL ||
        hb_json_add_str(a, o, "verdict", row->verdict) == NULL ||
        hb_json_add_str(a, o, "reason", row->reason) == NULL ||
        hb_json_add_str(a, o, "person", row->person) == NULL ||
        hb_json_add_int(a, o, "incident", row->incident) == NULL ||
        hb_json_add_str(a, o, "time", hb_buf_z(&time)) == NULL)
        return -ENOMEM;
    return hb_json_write_jcs(b, o);
}

int hb_decision_verify(const struct hb_decision_row *row)
{
    _cleanup_buf_ struct hb_buf msg = HB_BUF_INIT;
    struct hb_pub *pub;
    int r;

    if (row->sig.n != HB_SIG_SIZE || row->pub.n != HB_PUB_SIZE)
        return -EBADMSG;
    r = hb_decision_message(&msg, row);
    if (r < 0)
        return r;
    r = hb_pub_from_raw((const uint8_t *)row->pub.p, &pub);
    if (r < 0)
        return r;
    r = hb_verify(pub, "decision", hb_buf_slice(&msg),
                  (const uint8_t *)row->sig.p);
    hb_pub_free(pub);
    return r;
}

int hb_decision_add(struct hb_state *s, const struct hb_person *by,
                    const struct hb_decision_row *row, int64_t incident,
                    int64_t *ret_id)
{
    static const uint8_t none[HB_PUB_SIZE];
    struct hb_decision_row checked = *row;
    int r;

    if (memcmp(by->pub, none, sizeof(none)) == 0)
        return -EKEYREJECTED;
    if (!verdict_known(row->verdict) || row->reason[0] == '\0' ||
        strlen(row->reason) > HB_DECISION_REASON_MAX ||
        row->until <= row->time || row->until <= hb_now())
        return -EINVAL;
    checked.person = by->name;
    checked.incident = incident;
    checked.pub = hb_slice((const char *)by->pub, sizeof(by->pub));
    r = hb_decision_verify(&checked);
    if (r < 0)
        return r;
    r = hb_db_exec(s->db,
                   "INSERT INTO decision(subject, verdict, reason, person,"
                   " time, until, incident, sig)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                   "tttiiiis", row->subject, row->verdict, row->reason, by->id,
                   row->time, row->until, incident, &row->sig);
    if (r == 0)
        *ret_id = hb_db_last_id(s->db);
    return r;
}

static bool verdict_known(const char *verdict)
{
    static const char *const known[] = {
        "accepted", "not-applicable", "against", "pass", "fail", "withdrawn"};

    for (size_t i = 0; i < HB_ARRAY_LEN(known); i++)
        if (hb_streq(known[i], verdict))
            return true;
    return false;
}
