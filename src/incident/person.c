/* SPDX-License-Identifier: Apache-2.0 */
/*
 * person.c - people, their roles and deputies in the state store.
 *
 * Runs in core.  Names come from the command line of whoever may add people;
 * they are checked here once, so that they can stand in paths and logs.
 */
#include "incident/person.h"

#include "base/clock.h"

#define COLUMNS "id, name, full_name, uid, mail, phone, roles, pub, active"

static int fetch(struct hb_stmt *q, struct hb_arena *a, struct hb_person *ret);
static int one(struct hb_state *s, struct hb_arena *a, const char *sql,
               int64_t number, const char *text, struct hb_person *ret);

static const struct {
    unsigned role;
    const char *name;
} role_names[] = {
    {HB_PR_OFFICER, "officer"},       {HB_PR_ADMIN, "admin"},
    {HB_PR_MANAGER, "manager"},       {HB_PR_STAFF, "staff"},
    {HB_PR_ACCOUNTING, "accounting"}, {HB_PR_OUTSIDE, "outside"},
    {HB_PR_AUDIT, "audit"},
};

int hb_person_put(struct hb_state *s, const struct hb_person *p)
{
    struct hb_slice pub = {(const char *)p->pub, sizeof(p->pub)};

    if (!hb_person_name_ok(p->name) || p->roles == 0)
        return -EINVAL;
    return hb_db_exec(s->db,
                      "INSERT INTO person(name, full_name, uid, mail, phone,"
                      " roles, pub, active, created)"
                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
                      " ON CONFLICT(name) DO UPDATE SET full_name = ?2,"
                      " uid = ?3, mail = ?4, phone = ?5, roles = ?6,"
                      " pub = ?7, active = ?8",
                      "ttittisii", p->name, p->full_name, p->uid, p->mail,
                      p->phone, (int64_t)p->roles, &pub, (int64_t)p->active,
                      hb_now());
}

int hb_person_set_active(struct hb_state *s, int64_t id, bool active)
{
    int r = hb_db_exec(s->db, "UPDATE person SET active = ?2 WHERE id = ?1",
                       "ii", id, (int64_t)active);

    if (r < 0)
        return r;
    return hb_db_changes(s->db) == 0 ? -ENOENT : 0;
}

int hb_person_get(struct hb_state *s, struct hb_arena *a, int64_t id,
                  struct hb_person *ret)
{
    return one(s, a, "SELECT " COLUMNS " FROM person WHERE id = ?1", id, NULL,
               ret);
}

int hb_person_by_uid(struct hb_state *s, struct hb_arena *a, int64_t uid,
                     struct hb_person *ret)
{
    if (uid < 0)
        return -ENOENT;
    return one(s, a,
               "SELECT " COLUMNS " FROM person WHERE uid = ?1 AND active = 1",
               uid, NULL, ret);
}

int hb_person_by_name(struct hb_state *s, struct hb_arena *a, const char *name,
                      struct hb_person *ret)
{
    return one(s, a, "SELECT " COLUMNS " FROM person WHERE name = ?1", 0, name,
               ret);
}

int hb_person_each(struct hb_state *s, hb_person_fn *fn, void *arg)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_stmt *q;
    struct hb_person p;
    int r;

    if (a == NULL)
        return -ENOMEM;
    r = hb_db_stmt(s->db, "SELECT " COLUMNS " FROM person ORDER BY name", &q);
    if (r < 0)
        return r;
    while ((r = hb_stmt_step(q)) == 1) {
        hb_arena_reset(a);
        r = fetch(q, a, &p);
        if (r == 0)
            r = fn(arg, &p);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_person_count(struct hb_state *s, unsigned roles)
{
    int64_t n = 0;
    int r = hb_db_number(s->db, &n,
                         "SELECT count(*) FROM person"
                         " WHERE active = 1 AND (roles & ?1) <> 0",
                         "i", (int64_t)roles);

    return r < 0 ? r : (int)n;
}

int hb_deputy_set(struct hb_state *s, unsigned role, int64_t person, int rank)
{
    return hb_db_exec(s->db,
                      "INSERT INTO deputy(role, person, rank)"
                      " VALUES(?1, ?2, ?3) ON CONFLICT(role, person)"
                      " DO UPDATE SET rank = ?3",
                      "iii", (int64_t)role, person, (int64_t)rank);
}

unsigned hb_deputy_roles(struct hb_state *s, int64_t person)
{
    unsigned roles = 0;
    struct hb_stmt *q;

    if (hb_db_stmt(s->db, "SELECT role FROM deputy WHERE person = ?1", &q) < 0)
        return 0;
    if (hb_stmt_int(q, 1, person) == 0)
        while (hb_stmt_step(q) == 1)
            roles |= (unsigned)hb_stmt_col_int(q, 0);
    hb_stmt_reset(q);
    return roles;
}

int hb_person_on_duty(struct hb_state *s, struct hb_arena *a, unsigned role,
                      unsigned tries, struct hb_person *ret)
{
    return hb_person_on_duty_for(s, a, 0, role, tries, ret);
}

int hb_person_on_duty_for(struct hb_state *s, struct hb_arena *a,
                          int64_t incident, unsigned role, unsigned tries,
                          struct hb_person *ret)
{
    struct hb_stmt *q;
    unsigned at = 0;
    int r;

    /* Holders first, deputies by rank, then whoever is an officer: after the
     * last one it begins again, so that nobody waits for ever. */
    r = hb_db_stmt(
        s->db,
        "SELECT p.id, name, full_name, uid, mail, phone, roles, pub, active"
        " FROM person p LEFT JOIN deputy d"
        " ON d.person = p.id AND (d.role & ?1) <> 0"
        " WHERE active = 1 AND ((roles & (?1 | 1)) <> 0 OR d.rank IS NOT NULL)"
        " AND NOT EXISTS (SELECT 1 FROM hidden h WHERE h.incident = ?2"
        " AND h.person = p.id)"
        " GROUP BY p.id ORDER BY (roles & ?1) = 0, min(d.rank) IS NULL,"
        " min(d.rank), p.id",
        &q);
    if (r < 0)
        return r;
    for (;;) {
        r = hb_stmt_int(q, 1, role);
        if (r == 0)
            r = hb_stmt_int(q, 2, incident);
        while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
            if (at++ == tries) {
                r = fetch(q, a, ret);
                hb_stmt_reset(q);
                return r;
            }
        }
        hb_stmt_reset(q);
        if (r < 0)
            return r;
        if (at == 0)
            return -ENOENT;
        tries %= at;
        at = 0;
    }
}

const char *hb_person_role_name(unsigned one_role)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(role_names); i++)
        if (role_names[i].role == one_role)
            return role_names[i].name;
    return "?";
}

int hb_person_roles_parse(const char *text, unsigned *ret)
{
    unsigned roles = 0;

    while (*text != '\0') {
        size_t n = strcspn(text, ","), i;

        for (i = 0; i < HB_ARRAY_LEN(role_names); i++)
            if (strlen(role_names[i].name) == n &&
                memcmp(role_names[i].name, text, n) == 0)
                break;
        if (i == HB_ARRAY_LEN(role_names))
            return -EINVAL;
        roles |= role_names[i].role;
        text += n;
        if (*text == ',')
            text++;
    }
    if (roles == 0)
        return -EINVAL;
    *ret = roles;
    return 0;
}

bool hb_person_name_ok(const char *name)
{
    size_t n;

    if (name == NULL)
        return false;
    n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    return n >= 1 && n <= 32 && name[n] == '\0' && name[0] != '.' &&
           name[0] != '-';
}

static int fetch(struct hb_stmt *q, struct hb_arena *a, struct hb_person *ret)
{
    struct hb_slice pub = hb_stmt_col_blob(q, 7);
    struct hb_person p = {
        .id = hb_stmt_col_int(q, 0),
        .name = hb_arena_strdup(a, hb_stmt_col_text(q, 1)),
        .full_name = hb_arena_strdup(a, hb_stmt_col_text(q, 2)),
        .uid = hb_stmt_col_int(q, 3),
        .mail = hb_arena_strdup(a, hb_stmt_col_text(q, 4)),
        .phone = hb_arena_strdup(a, hb_stmt_col_text(q, 5)),
        .roles = (unsigned)hb_stmt_col_int(q, 6),
        .active = hb_stmt_col_int(q, 8) != 0,
    };

    if (p.name == NULL || p.full_name == NULL || p.mail == NULL ||
        p.phone == NULL)
        return -ENOMEM;
    if (pub.n != sizeof(p.pub))
        return -EUCLEAN;
    memcpy(p.pub, pub.p, sizeof(p.pub));
    *ret = p;
    return 0;
}

static int one(struct hb_state *s, struct hb_arena *a, const char *sql,
               int64_t number, const char *text, struct hb_person *ret)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db, sql, &q);

    if (r < 0)
        return r;
    r = text != NULL ? hb_stmt_text(q, 1, text) : hb_stmt_int(q, 1, number);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1)
        r = fetch(q, a, ret);
    else if (r == 0)
        r = -ENOENT;
    hb_stmt_reset(q);
    return r;
}
