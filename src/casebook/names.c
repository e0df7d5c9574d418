/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - the words of the case book: step types, phases, roles, the
 * catalogue of actions and the facts that papers may ask for.
 *
 * These tables are the border between data and code: a case book may name
 * what stands here and nothing else.  There is no action that runs a command
 * line, and none can be defined in a playbook.
 */
#include "casebook/load.h"

#define WORDS(name, list)                                                      \
    const struct hb_words name = {list, HB_ARRAY_LEN(list)}

static const char *const step_types[] = {
    [HB_STEP_START] = "start",
    [HB_STEP_END] = "end",
    [HB_STEP_ACTION] = "action",
    [HB_STEP_TASK] = "task",
    [HB_STEP_PLAYBOOK] = "playbook",
    [HB_STEP_PARALLEL] = "parallel",
    [HB_STEP_IF] = "if",
    [HB_STEP_WHILE] = "while",
    [HB_STEP_SWITCH] = "switch",
};
static const char *const phases[] = {
    [HB_PHASE_DETECT_CONTAIN] = "detect-contain",
    [HB_PHASE_REPORT_PUBLISH] = "report-publish",
    [HB_PHASE_RECOVER_PREVENT] = "recover-prevent",
};
static const char *const phase_titles[] = {
    [HB_PHASE_DETECT_CONTAIN] = N_("Detection and first response"),
    [HB_PHASE_REPORT_PUBLISH] = N_("Reports and publication"),
    [HB_PHASE_RECOVER_PREVENT] = N_("Recovery and prevention"),
};
static const char *const roles[] = {
    [HB_CROLE_OFFICER] = "officer",       [HB_CROLE_ADMIN] = "admin",
    [HB_CROLE_MANAGER] = "manager",       [HB_CROLE_STAFF] = "staff",
    [HB_CROLE_ACCOUNTING] = "accounting", [HB_CROLE_OUTSIDE] = "outside",
    [HB_CROLE_AUDIT] = "audit",
};
static const char *const role_titles[] = {
    [HB_CROLE_OFFICER] = N_("information-security officer"),
    [HB_CROLE_ADMIN] = N_("administrator"),
    [HB_CROLE_MANAGER] = N_("management"),
    [HB_CROLE_STAFF] = N_("staff"),
    [HB_CROLE_ACCOUNTING] = N_("accounting"),
    [HB_CROLE_OUTSIDE] = N_("outside approver"),
    [HB_CROLE_AUDIT] = N_("audit"),
};
static const char *const evidence_kinds[] = {
    [HB_EVK_NOTE] = "note",           [HB_EVK_DECISION] = "decision",
    [HB_EVK_FILE] = "file",           [HB_EVK_DOCUMENT] = "document",
    [HB_EVK_OWNER_DUE] = "owner-due", [HB_EVK_DRILL] = "drill",
    [HB_EVK_FACTS] = "facts",         [HB_EVK_HELD] = "held",
};
static const char *const clock_rules[] = {
    [HB_CLOCK_STEP_OPENED] = "step.opened",
    [HB_CLOCK_INCIDENT_OPENED] = "incident.opened",
    [HB_CLOCK_INCIDENT_KNOWN] = "incident.known",
};
static const char *const modalities[] = {"do", "consider"};
static const char *const maturities[] = {"not-yet", "partly", "whole"};
static const char *const doc_kinds[] = {
    [HB_DOC_FIELDS] = "fields",       [HB_DOC_TIMELINE] = "timeline",
    [HB_DOC_EVIDENCE] = "evidence",   [HB_DOC_TASKS] = "tasks",
    [HB_DOC_DECISIONS] = "decisions", [HB_DOC_TEXT] = "text",
    [HB_DOC_FACTS] = "facts",         [HB_DOC_SOURCES] = "sources",
    [HB_DOC_CLOCKS] = "clocks",       [HB_DOC_PEOPLE] = "people",
};
static const char *const value_types[] = {
    [HB_VAL_STRING] = "string",
    [HB_VAL_INTEGER] = "integer",
    [HB_VAL_BOOLEAN] = "boolean",
};

WORDS(hb_step_types, step_types);
WORDS(hb_phases, phases);
WORDS(hb_case_roles, roles);
WORDS(hb_evidence_kinds, evidence_kinds);
WORDS(hb_clock_rules, clock_rules);
WORDS(hb_modalities, modalities);
WORDS(hb_maturities, maturities);
WORDS(hb_doc_kinds, doc_kinds);
WORDS(hb_value_types, value_types);

static const char *const no_args[] = {NULL};
static const char *const site_args[] = {"site", NULL};
static const char *const private_args[] = {"site", "retry_after", NULL};
static const char *const path_args[] = {"site", "path", NULL};
static const char *const document_args[] = {"document", NULL};

static const struct hb_action_out adopt_sets[] = {
    {"__reflex_ran__", HB_VAL_BOOLEAN},
    {"__restored__", HB_VAL_BOOLEAN},
    {NULL, HB_VAL_STRING}};
static const struct hb_action_out restore_sets[] = {
    {"__restored__", HB_VAL_BOOLEAN}, {NULL, HB_VAL_STRING}};
static const struct hb_action_out hold_sets[] = {
    {"__evidence_items__", HB_VAL_INTEGER}, {NULL, HB_VAL_STRING}};
static const struct hb_action_out scan_sets[] = {
    {"__site_clean__", HB_VAL_BOOLEAN}, {NULL, HB_VAL_STRING}};
static const struct hb_action_out aftermath_sets[] = {
    {"__leftovers__", HB_VAL_INTEGER},
    {"__skimming__", HB_VAL_BOOLEAN},
    {NULL, HB_VAL_STRING}};
static const struct hb_action_out outside_sets[] = {
    {"__outside_same__", HB_VAL_BOOLEAN}, {NULL, HB_VAL_STRING}};
static const struct hb_action_out prevent_sets[] = {
    {"__proposals__", HB_VAL_INTEGER}, {NULL, HB_VAL_STRING}};

const struct hb_action_info hb_actions[] = {
    {"reflex.adopt", 0, NULL, site_args, adopt_sets,
     N_("Adopt what the approved reflex has already done")},
    {"evidence.hold", 0, NULL, site_args, hold_sets,
     N_("Copy and hash changed files, their times and the logs")},
    {"site.restore", 1, NULL, site_args, restore_sets,
     N_("Put the site back to the signed baseline")},
    {"site.private", 2, "site.public", private_args, NULL,
     N_("Show the maintenance page (503) instead of the site")},
    {"site.public", 1, NULL, site_args, NULL,
     N_("Show the site to the public again")},
    {"site.scan", 0, NULL, site_args, scan_sets,
     N_("Compare every file of the site with the signed baseline")},
    {"site.outside", 0, NULL, site_args, outside_sets,
     N_("Fetch the public address and compare")},
    {"site.aftermath", 0, NULL, site_args, aftermath_sets,
     N_("Look for web shells, new accounts, timed jobs, changed forms")},
    {"timeline.collect", 0, NULL, site_args, NULL,
     N_("Collect log-ins, web log and processes around the change")},
    {"document.make", 0, NULL, document_args, NULL,
     N_("Fill a document from the facts")},
    {"prevention.propose", 0, NULL, no_args, prevent_sets,
     N_("Open a task for every control that would have stopped it")},
    {"writer.freeze", 2, "writer.thaw", site_args, NULL,
     N_("Freeze the program that keeps changing the site")},
    {"writer.thaw", 1, NULL, site_args, NULL,
     N_("Let the frozen program go on")},
    {"path.deny", 2, "path.allow", path_args, NULL,
     N_("Make a path unchangeable")},
    {"path.allow", 1, NULL, path_args, NULL,
     N_("Make a path changeable again")},
    {NULL, 0, NULL, NULL, NULL, NULL},
};

const char *const hb_facts[] = {
    "organisation.name",
    "report.made_at",
    "report.made_by",
    "incident.number",
    "incident.title",
    "incident.state",
    "incident.severity",
    "incident.opened_at",
    "incident.known_at",
    "incident.opened_by",
    "incident.object",
    "incident.url",
    "incident.findings",
    "incident.closed_at",
    "change.first_at",
    "change.last_at",
    "change.count",
    "change.files",
    "change.writer",
    "restore.count",
    "restore.took",
    "restore.state",
    "private.since",
    "private.until",
    "private.decided_by",
    "cause.hypotheses",
    "cause.confirmed",
    "leftovers.found",
    "visitors.affected",
    "personal_data.possible",
    "consulted.who",
    "consulted.at",
    "reported.outside",
    "prevention.tasks",
    "evidence.count",
    "evidence.anchor",
    "next.report_at",
    "report.date",
    "addressee",
    "incident.reference",
    NULL,
};

const struct hb_action_info *hb_action_info_find(const char *name)
{
    for (const struct hb_action_info *i = hb_actions; i->name != NULL; i++) {
        if (hb_streq(i->name, name))
            return i;
    }
    return NULL;
}

const char *hb_step_type_name(enum hb_step_type t)
{
    return (unsigned)t < HB_ARRAY_LEN(step_types) ? step_types[t] : "?";
}

const char *hb_phase_name(enum hb_phase p)
{
    return (unsigned)p < HB_ARRAY_LEN(phases) ? phases[p] : "?";
}

const char *hb_phase_title(enum hb_phase p)
{
    return (unsigned)p < HB_ARRAY_LEN(phases) ? _(phase_titles[p]) : "?";
}

const char *hb_case_role_name(enum hb_case_role r)
{
    return (unsigned)r < HB_ARRAY_LEN(roles) ? roles[r] : "?";
}

const char *hb_case_role_title(enum hb_case_role r)
{
    return (unsigned)r < HB_ARRAY_LEN(roles) ? _(role_titles[r]) : "?";
}

const char *hb_evidence_kind_name(enum hb_evidence_kind k)
{
    return (unsigned)k < HB_ARRAY_LEN(evidence_kinds) ? evidence_kinds[k] : "?";
}

const char *hb_clock_rule_name(enum hb_clock_rule r)
{
    return (unsigned)r < HB_ARRAY_LEN(clock_rules) ? clock_rules[r] : "?";
}

const char *hb_text(const struct hb_text *t)
{
    return t->in[hb_i18n_lang()];
}
