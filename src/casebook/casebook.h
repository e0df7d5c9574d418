/* SPDX-License-Identifier: Apache-2.0 */
/*
 * casebook.h - the sixteen cases as data: what could happen, what prevents
 * it, what to do when it did, which papers are owed, how it is rehearsed.
 *
 * One folder a case (casebook/02-defacement/): case.yaml, controls.yaml,
 * playbook.yaml, documents/D01.yaml ...; casebook/general.yaml holds the
 * rows that every case has, facts.yaml what may be known of an incident,
 * common/ the controls, playbooks and papers that several cases use.  A loaded
 * case book is checked whole: every text stands in both languages, every
 * reference leads somewhere, every playbook can be walked to its end.  A
 * seventeenth case is a folder.
 *
 * Objects map one to one to CACAO 2.0; its name stands in the comment where
 * it differs.  Everything lives in the arena of the book and never changes.
 */
#ifndef HB_CASEBOOK_CASEBOOK_H
#define HB_CASEBOOK_CASEBOOK_H

#include "casebook/cond.h"
#include "casebook/document.h"
#include "casebook/fact.h"
#include "casebook/row.h"

#define HB_CASE_MAX    64u
#define HB_CONTROL_MAX 64u /* a case */
#define HB_HARM_MAX    5u
#define HB_STEP_MAX    128u  /* a playbook */
#define HB_ROUNDS_MAX  1000u /* of a while step */
#define HB_CALLS_MAX   3u    /* playbooks that call playbooks */
#define HB_BOOKS_MAX   128u  /* playbooks in a case book */

enum hb_maturity {
    HB_MATURITY_NOT_YET, /* named only; posture says unknown */
    HB_MATURITY_PARTLY,  /* some rows wait for a capability */
    HB_MATURITY_WHOLE
};

struct hb_control {
    const char *id; /* "files.watching" */
    const struct hb_case *owner;
    struct hb_text text; /* what must hold */
    struct hb_text why;  /* what could happen without it */
    struct hb_text fix;  /* the cheapest next step */
    const char *check;   /* name of a compiled-in check */
    bool question;       /* a person answers, with evidence */
    bool required;
    enum hb_modality modality;
    uint64_t max_age; /* ns; an older result is unknown */
    unsigned harm;    /* that `fix` avoids: 1 little .. 5 ruin */
    uint64_t work;    /* ns that `fix` takes one person */
    struct hb_rows rows;
};

enum hb_step_type {
    HB_STEP_START,
    HB_STEP_END,
    HB_STEP_ACTION,   /* action: our own catalogue command */
    HB_STEP_TASK,     /* action with a "manual" command */
    HB_STEP_PLAYBOOK, /* playbook-action */
    HB_STEP_PARALLEL,
    HB_STEP_IF,     /* if-condition */
    HB_STEP_WHILE,  /* while-condition, bounded */
    HB_STEP_SWITCH, /* switch-condition */
    HB_STEP_TYPE_COUNT
};
const char *hb_step_type_name(enum hb_step_type t);

enum hb_phase {
    HB_PHASE_DETECT_CONTAIN,  /* 検知・初動対応 */
    HB_PHASE_REPORT_PUBLISH,  /* 報告・公表 */
    HB_PHASE_RECOVER_PREVENT, /* 復旧・再発防止 */
    HB_PHASE_COUNT
};
const char *hb_phase_name(enum hb_phase p);  /* "detect-contain" */
const char *hb_phase_title(enum hb_phase p); /* translated */

/* Who may be asked: bit 1u << role is the bit of incident/person.h. */
enum hb_case_role {
    HB_CROLE_OFFICER, /* 情報セキュリティ責任者 */
    HB_CROLE_ADMIN,
    HB_CROLE_MANAGER, /* 経営者・首長・校長 */
    HB_CROLE_STAFF,
    HB_CROLE_ACCOUNTING,
    HB_CROLE_OUTSIDE, /* named approver from outside */
    HB_CROLE_AUDIT,
    HB_CROLE_COUNT
};
const char *hb_case_role_name(enum hb_case_role r);
const char *hb_case_role_title(enum hb_case_role r); /* translated */

/* What must be there before a step may be closed. */
enum hb_evidence_kind {
    HB_EVK_NOTE,      /* what was done or found, in words */
    HB_EVK_DECISION,  /* who, when, what, why, review date */
    HB_EVK_FILE,      /* an item in the evidence store */
    HB_EVK_DOCUMENT,  /* the step's documents were made */
    HB_EVK_OWNER_DUE, /* follow-up tasks with owner and due date */
    HB_EVK_DRILL,     /* a proof of a re-drill */
    HB_EVK_FACTS,     /* the step's facts are known, or asked: "?" */
    HB_EVK_HELD,      /* the incident has evidence with its hash, or management
                         decided to go without (fact evidence_waived) */
    HB_EVK_COUNT
};
const char *hb_evidence_kind_name(enum hb_evidence_kind k);

/* From when a deadline runs. */
enum hb_clock_rule {
    HB_CLOCK_STEP_OPENED,     /* "step.opened" */
    HB_CLOCK_INCIDENT_OPENED, /* "incident.opened" */
    HB_CLOCK_INCIDENT_KNOWN,  /* "incident.known": any department knew */
    HB_CLOCK_COUNT
};
const char *hb_clock_rule_name(enum hb_clock_rule r);

/* Argument of an action: a literal, or the variable that holds it. */
struct hb_arg {
    const char *name;
    const char *text;              /* as written */
    const struct hb_variable *var; /* set where text is __x__ */
};

struct hb_step_case {  /* arm of a switch */
    const char *value; /* NULL: default */
    const struct hb_step *next;
};

struct hb_action_out { /* a variable that an action may set */
    const char *name;
    enum hb_value_type type;
};

/* What playbooks may call.  Compiled in: a playbook can name an action but
 * never define one, and bash, ssh, powershell do not exist. */
struct hb_action_info {
    const char *name;        /* "site.restore" */
    unsigned danger;         /* 0 looks only .. 3 hard to take back */
    const char *undo;        /* the action that takes it back, or NULL */
    const char *const *args; /* names it takes, all optional, NULL ends */
    const struct hb_action_out *sets; /* name NULL ends, or NULL */
    const char *title;                /* N_() marked */
};
extern const struct hb_action_info hb_actions[]; /* name NULL ends */
const struct hb_action_info *hb_action_info_find(const char *name);

struct hb_step {
    const char *id;
    enum hb_step_type type;
    enum hb_phase phase;
    struct hb_text title;  /* name */
    struct hb_text text;   /* description; in[] NULL: none */
    unsigned index;        /* place in the playbook's steps */
    unsigned line, column; /* where it is written */

    const struct hb_action_info *action; /* ACTION */
    const struct hb_arg *args;
    size_t args_n;
    unsigned danger; /* at least that of the action */
    bool reflex;     /* may run by an officer's standing order */
    const struct hb_step *undo;

    uint32_t roles; /* bit 1u << enum hb_case_role; 0: machine */
    uint64_t due;   /* ns after the clock; 0: none */
    enum hb_clock_rule clock;
    uint64_t escalate_after; /* ns unanswered; 0: the default */
    enum hb_case_role escalate_to;
    bool four_eyes;
    uint32_t evidence;         /* bit 1u << enum hb_evidence_kind */
    enum hb_modality modality; /* CONSIDER: deciding against it is an end */
    const struct hb_variable *answer; /* TASK: where the answer is put */
    const struct hb_fact **facts;     /* TASK: what it is to find out */
    size_t facts_n;

    const char *condition; /* IF, WHILE: as written */
    const struct hb_cond *cond;
    const struct hb_variable *subject;             /* SWITCH */
    const struct hb_step *next;                    /* on_completion */
    const struct hb_step *on_success, *on_failure; /* instead of next */
    const struct hb_step *on_true, *on_false;      /* IF, WHILE */
    const struct hb_step_case *cases;              /* SWITCH */
    size_t cases_n;
    const struct hb_step **branches; /* PARALLEL: next_steps */
    size_t branches_n;
    unsigned rounds;                    /* WHILE: at most */
    const struct hb_playbook *playbook; /* PLAYBOOK */
    uint64_t timeout, delay;            /* ns; 0: none */

    struct hb_rows rows;
    const struct hb_document **documents;
    size_t documents_n;
};

/* Flow.  Branches are nested like blocks: an arm of IF, WHILE, SWITCH or
 * PARALLEL runs to the one END step of its own; then the step that opened it
 * goes on with its `next` (which these four always have).  Within a branch
 * nothing goes backwards; only WHILE repeats.  A failure follows on_failure,
 * else the playbook's exception step, which is a branch of its own. */
struct hb_playbook {
    const char *id; /* "defacement" */
    struct hb_text title;
    const struct hb_case *owner;
    const struct hb_step *steps;
    size_t steps_n;
    const struct hb_step *start;
    const struct hb_step *exception; /* workflow_exception, or NULL */
    struct hb_variables variables;
    uint8_t hash[32];       /* SHA-256 of playbook.yaml: an incident stays
                               with the playbook it began with */
    struct hb_slice source; /* its bytes, kept with every run */
};

struct hb_drill {
    const char *name;          /* of a compiled-in drill, NULL: none */
    uint64_t rehearsed_within; /* ns: older proofs are void */
    uint64_t canary_within;
};

struct hb_case {
    unsigned number; /* 1..; 0: what cases have in common */
    const char *id;  /* "defacement" */
    struct hb_text title;
    struct hb_text story; /* what happens to people like us */
    struct hb_text who;   /* whom it hits */
    enum hb_maturity maturity;
    const struct hb_control *controls;
    size_t controls_n;
    const struct hb_playbook *playbook; /* NULL while not yet */
    const struct hb_document *documents;
    size_t documents_n;
    const struct hb_signs *signs; /* classify.h; NULL: never proposed */
    struct hb_drill drill;
    const struct hb_row *rows; /* its own, without the general ones */
    size_t rows_n;
    const struct hb_fact **facts; /* that matter most, for its papers */
    size_t facts_n;
    const struct hb_case *common; /* NULL: this is it */
};

struct hb_casebook {
    const struct hb_case *cases; /* by number */
    size_t n;
    const struct hb_signs *ordinary; /* what is no case, or NULL */
    struct hb_lexicon *lexicon;      /* words of signs, for classify.h */
    const struct hb_row *general;    /* rows of every case */
    size_t general_n;
    const struct hb_fact *facts; /* the catalogue */
    size_t facts_n;
    struct hb_variables fact_vars;   /* the same as variables */
    const struct hb_case *common;    /* controls and papers that cases share */
    const struct hb_document *cards; /* to print for staff: no facts, only
                                        sections of text and people */
    size_t cards_n;
    const struct hb_playbook **playbooks; /* all, for "playbook" steps */
    size_t playbooks_n;
    uint8_t hash[32];       /* of all files; part of the proofs' binding */
    struct hb_arena *arena; /* owned */
};

/* Reads and checks the whole folder DIR.  ERR says file:line:column. */
int hb_casebook_load(const char *dir, struct hb_casebook **ret,
                     struct hb_err *err) HB_WUR;
void hb_casebook_free(struct hb_casebook *b);
void hb_casebook_freep(struct hb_casebook **b);

/* NULL where there is none. */
const struct hb_case *hb_case_find(const struct hb_casebook *b,
                                   unsigned number);
const struct hb_control *hb_control_find(const struct hb_case *c,
                                         const char *id);
const struct hb_step *hb_step_find(const struct hb_playbook *p, const char *id);
/* The case's own paper, else the one that cases share. */
const struct hb_document *hb_document_find(const struct hb_case *c,
                                           const char *id);
const struct hb_fact *hb_fact_find(const struct hb_casebook *b,
                                   const char *name);
const struct hb_row *hb_row_find(const struct hb_casebook *b,
                                 const struct hb_case *c, const char *id);

/* Whether a check or an action of this name works in this program. */
typedef bool hb_case_have(void *arg, const char *name);

/* How a row stands (bits). */
#define HB_ROW_AUTOMATIC 1u  /* a check or action of the machine */
#define HB_ROW_ASKED     2u  /* a question or a task of a person */
#define HB_ROW_RECORDED  4u  /* evidence or a document keeps it */
#define HB_ROW_PARTLY    8u  /* something is missing, the row says what */
#define HB_ROW_MET       16u /* the rest is enough */

/* HAVE_CHECK and HAVE_ACTION say what exists; a row that the machine must
 * meet is never met by asking. */
unsigned hb_row_state(const struct hb_case *c, const struct hb_row *row,
                      hb_case_have *have_check, hb_case_have *have_action,
                      void *arg);

#endif
