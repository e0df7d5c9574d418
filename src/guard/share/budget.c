/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget.c - how often something was tried in the last hour, by link, by
 * network and in all; counted in slots of six minutes of the clock that never
 * steps.  A reboot starts anew: who can reboot us needs no guessing.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/num.h"
#include "guard/share/part.h"

#define SLOT_NS (360 * HB_S)
#define SLOTS   10

static int64_t slot(const struct hb_share_store *s)
{
    return (int64_t)(s->t.mono / SLOT_NS);
}

int share_tally(struct hb_share_store *s, enum share_tally kind, const char *of,
                int64_t *ret)
{
    int r = hb_db_number(s->db, ret,
                         "SELECT coalesce(sum(n), 0) FROM tally"
                         " WHERE kind = ?1 AND who = ?2 AND boot = ?3"
                         " AND slot > ?4",
                         "itti", (int64_t)kind, of, s->t.boot, slot(s) - SLOTS);

    return HB_MIN(r, 0);
}

int share_count(struct hb_share_store *s, enum share_tally kind, const char *of)
{
    return hb_db_exec(s->db,
                      "INSERT INTO tally(kind, who, boot, slot, n)"
                      " VALUES(?1, ?2, ?3, ?4, 1)"
                      " ON CONFLICT(kind, who, boot, slot)"
                      " DO UPDATE SET n = n + 1",
                      "itti", (int64_t)kind, of, s->t.boot, slot(s));
}

int share_within(struct hb_share_store *s, enum share_tally kind,
                 const char *of, int64_t most, int *ret_answer)
{
    int64_t n = 0;
    int r = share_tally(s, kind, of, &n);

    if (r == 0 && n >= most)
        *ret_answer = -EAGAIN;
    return r;
}

int share_wrong_code(struct hb_share_store *s, const char *net)
{
    int64_t n = 0;
    int r = share_count(s, SHARE_WRONG_FROM, net);

    if (r == 0)
        r = share_count(s, SHARE_WRONG_ALL, "");
    if (r == 0)
        r = share_tally(s, SHARE_WRONG_ALL, "", &n);
    return r < 0 || n != s->rules.wrong_all
               ? r
               : share_tell(s, &(struct hb_share_who){"", ""},
                            &(struct share_note){.act = HB_SHARE_ALARM,
                                                 .words = "wrong codes"});
}

int share_tally_drop(struct hb_share_store *s)
{
    return hb_db_exec(s->db, "DELETE FROM tally WHERE boot <> ?1 OR slot <= ?2",
                      "ti", s->t.boot, slot(s) - SLOTS);
}

void share_net(const char *from, char ret[SHARE_NET])
{
    struct in6_addr a6;
    char text[INET6_ADDRSTRLEN];
    bool six = inet_pton(AF_INET6, from, &a6) == 1;

    /* One that is written as IPv4 in IPv6 is that IPv4. */
    if (six && IN6_IS_ADDR_V4MAPPED(&a6)) {
        if (inet_ntop(AF_INET, a6.s6_addr + 12, text, sizeof(text)) != NULL)
            from = text;
    } else if (six) {
        memset(a6.s6_addr + 8, 0, 8);
        if (inet_ntop(AF_INET6, &a6, text, sizeof(text)) != NULL) {
            (void)snprintf(ret, SHARE_NET, "%s/64", text);
            return;
        }
    }
    (void)hb_copyz(ret, SHARE_NET, from);
}
