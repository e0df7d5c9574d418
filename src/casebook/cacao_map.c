/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cacao_map.c - the tables between our playbooks and CACAO 2.0: names of step
 * types, identifiers, and the properties that only our extension carries.
 */
#include <stdio.h>

#include "base/num.h"
#include "casebook/cacao_map.h"

#define AT(member) offsetof(struct hb_step, member)
#define C(t)       HB_STEP_BIT(t)

/* The namespace of all our ids: a UUID of version 4, made once. */
static const uint8_t namespace[16] = {0xe2, 0x11, 0x94, 0xa4, 0x51, 0xfa,
                                      0x49, 0x47, 0x8f, 0x7a, 0x0a, 0x82,
                                      0x9f, 0x92, 0xc9, 0x80};

static const char *const types[] = {
    [HB_STEP_START] = "start",
    [HB_STEP_END] = "end",
    [HB_STEP_ACTION] = "action",
    [HB_STEP_TASK] = "action",
    [HB_STEP_PLAYBOOK] = "playbook-action",
    [HB_STEP_PARALLEL] = "parallel",
    [HB_STEP_IF] = "if-condition",
    [HB_STEP_WHILE] = "while-condition",
    [HB_STEP_SWITCH] = "switch-condition",
};

const struct hb_cacao_prop hb_cacao_props[] = {
    {"phase", "phase", HB_CACAO_WORD, HB_STEP_ANY, AT(phase), &hb_phases, 0},
    {"action_args", "args", HB_CACAO_ARGS, C(ACTION), 0, NULL, 0},
    {"danger", "danger", HB_CACAO_COUNT, C(ACTION), AT(danger), NULL, 0},
    {"rows", "rows", HB_CACAO_ROWS, HB_STEP_ANY, AT(rows), NULL, 0},
    {"modality", "modality", HB_CACAO_WORD, HB_STEP_PEOPLE, AT(modality),
     &hb_modalities, 0},
    {"roles", "roles", HB_CACAO_BITS, HB_STEP_PEOPLE, AT(roles), &hb_case_roles,
     0},
    {"four_eyes", "four_eyes", HB_CACAO_FLAG, HB_STEP_PEOPLE, AT(four_eyes),
     NULL, 0},
    {"reflex", "reflex", HB_CACAO_FLAG, C(ACTION), AT(reflex), NULL, 0},
    {"undo", "undo", HB_CACAO_STEP, C(ACTION), AT(undo), NULL, 0},
    {"due_clock", "due.clock", HB_CACAO_WORD, C(TASK), AT(clock),
     &hb_clock_rules, AT(due)},
    {"due_within_ms", "due.within", HB_CACAO_SPAN, C(TASK), AT(due), NULL, 0},
    {"escalate_after_ms", "escalate.after", HB_CACAO_SPAN, HB_STEP_PEOPLE,
     AT(escalate_after), NULL, 0},
    {"escalate_to", "escalate.to", HB_CACAO_WORD, HB_STEP_PEOPLE,
     AT(escalate_to), &hb_case_roles, AT(escalate_after)},
    {"evidence", "evidence", HB_CACAO_BITS, HB_STEP_PEOPLE, AT(evidence),
     &hb_evidence_kinds, 0},
    {"documents", "documents", HB_CACAO_DOCUMENTS, HB_STEP_PEOPLE,
     AT(documents), NULL, 0},
    {"facts", "facts", HB_CACAO_FACTS, C(TASK), AT(facts), NULL, 0},
    {"rounds", "rounds", HB_CACAO_COUNT, C(WHILE), AT(rounds), NULL, 0},
    {NULL, NULL, HB_CACAO_WORD, 0, 0, NULL, 0},
};

const char *hb_cacao_type(enum hb_step_type t)
{
    return types[t];
}

int hb_cacao_type_find(struct hb_slice name, enum hb_step_type *ret)
{
    for (unsigned i = 0; i < HB_ARRAY_LEN(types); i++) {
        if (hb_slice_eq(name, hb_slice_z(types[i]))) {
            *ret = (enum hb_step_type)i;
            return 0;
        }
    }
    return -EINVAL;
}

int hb_cacao_name_id(const char *type, const char *name,
                     char ret[HB_CACAO_ID_SIZE])
{
    char uuid[HB_UUID_SIZE];
    int n, r = hb_uuid5(namespace, hb_slice_z(name), uuid);

    if (r < 0)
        return r;
    n = snprintf(ret, HB_CACAO_ID_SIZE, "%s--%s", type, uuid);
    return n < 0 || (size_t)n >= HB_CACAO_ID_SIZE ? -ENAMETOOLONG : 0;
}

const char *hb_cacao_owner(const struct hb_playbook *p)
{
    return p->owner != NULL ? p->owner->id : "common";
}

int hb_cacao_id(const struct hb_playbook *p, char ret[HB_CACAO_ID_SIZE])
{
    char name[160];
    int n = snprintf(name, sizeof(name), "%s/%s", hb_cacao_owner(p), p->id);

    if (n < 0 || (size_t)n >= sizeof(name))
        return -ENAMETOOLONG;
    return hb_cacao_name_id("playbook", name, ret);
}

/* identifier.json: TYPE--UUID of version 1 to 5, variant 1. */
bool hb_cacao_id_valid(struct hb_slice id, const char *type)
{
    size_t lead = id.n - HB_MIN(id.n, HB_UUID_SIZE - 1);
    const char *u = id.p + lead;

    if (lead < 3 || id.n >= HB_CACAO_ID_SIZE || id.p[lead - 1] != '-' ||
        id.p[lead - 2] != '-')
        return false;
    if (type != NULL &&
        !hb_slice_eq(hb_slice(id.p, lead - 2), hb_slice_z(type)))
        return false;
    for (size_t i = 0; i < HB_UUID_SIZE - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? u[i] != '-' : hb_hex_digit(u[i]) < 0)
            return false;
    }
    return u[14] >= '1' && u[14] <= '5' && strchr("89abAB", u[19]) != NULL;
}

const char *hb_cacao_signed_name(enum hb_cacao_signed s)
{
    static const char *const names[] = {
        [HB_CACAO_UNSIGNED] = "unsigned",
        [HB_CACAO_UNCHECKED] = "unchecked",
        [HB_CACAO_GOOD] = "good",
        [HB_CACAO_TRUSTED] = "trusted",
    };

    return (unsigned)s < HB_ARRAY_LEN(names) ? names[s] : "?";
}
