/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.c - the migrations of state.db.
 *
 * All times are nanoseconds UTC in INTEGER columns.  SQL is the common subset
 * of SQLite and PostgreSQL.  A migration that was released is never edited:
 * a change is a new one at the end.
 *
 * Rows that stand for a person's decision (approval, decision, control
 * result given by a person) carry that person's signature in `sig`; readers
 * verify it, so that a row edited in the database is refused.
 */
#include "incident/state.h"

static const char first[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL);"

    "CREATE TABLE person("
    " id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " full_name TEXT NOT NULL, uid INTEGER NOT NULL, mail TEXT NOT NULL,"
    " phone TEXT NOT NULL, roles INTEGER NOT NULL, pub BLOB NOT NULL,"
    " active INTEGER NOT NULL, created INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX person_uid ON person(uid) WHERE uid >= 0;"
    "CREATE TABLE deputy("
    " role INTEGER NOT NULL, person INTEGER NOT NULL REFERENCES person(id),"
    " rank INTEGER NOT NULL, PRIMARY KEY(role, person));"

    "CREATE TABLE incident("
    " id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE,"
    " case_number INTEGER NOT NULL, key TEXT NOT NULL,"
    " object TEXT NOT NULL, state INTEGER NOT NULL,"
    " severity INTEGER NOT NULL, opened INTEGER NOT NULL,"
    " known_at INTEGER NOT NULL, closed INTEGER NOT NULL,"
    " opened_by TEXT NOT NULL, findings INTEGER NOT NULL,"
    " first_event INTEGER NOT NULL, last_event INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX incident_open ON incident(key) WHERE state < 4;"
    "CREATE TABLE finding("
    " event_uid TEXT NOT NULL, incident INTEGER NOT NULL"
    " REFERENCES incident(id), rule TEXT NOT NULL, time INTEGER NOT NULL,"
    " PRIMARY KEY(event_uid, incident));"
    "CREATE INDEX finding_incident ON finding(incident, time);"
    "CREATE TABLE timeline("
    " id INTEGER PRIMARY KEY, incident INTEGER NOT NULL"
    " REFERENCES incident(id), time INTEGER NOT NULL, mono INTEGER NOT NULL,"
    " kind TEXT NOT NULL, actor TEXT NOT NULL, args TEXT NOT NULL,"
    " event_uid TEXT NOT NULL);"
    "CREATE INDEX timeline_incident ON timeline(incident, time, id);"
    "CREATE TABLE task("
    " id INTEGER PRIMARY KEY, incident INTEGER NOT NULL"
    " REFERENCES incident(id), step TEXT NOT NULL, title_en TEXT NOT NULL,"
    " title_ja TEXT NOT NULL, roles INTEGER NOT NULL, owner INTEGER NOT NULL,"
    " created INTEGER NOT NULL, due INTEGER NOT NULL,"
    " escalated INTEGER NOT NULL, asked INTEGER NOT NULL,"
    " state INTEGER NOT NULL, answer TEXT NOT NULL, done INTEGER NOT NULL,"
    " done_by INTEGER NOT NULL, four_eyes INTEGER NOT NULL,"
    " second_by INTEGER NOT NULL, evidence TEXT NOT NULL);"
    "CREATE INDEX task_waiting ON task(state, due);"
    "CREATE INDEX task_incident ON task(incident);"
    "CREATE UNIQUE INDEX task_step ON task(incident, step) WHERE step <> '';"

    "CREATE TABLE run("
    " id INTEGER PRIMARY KEY, incident INTEGER NOT NULL"
    " REFERENCES incident(id), playbook TEXT NOT NULL, hash TEXT NOT NULL,"
    " state INTEGER NOT NULL, started INTEGER NOT NULL,"
    " finished INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX run_incident ON run(incident, playbook);"
    "CREATE TABLE run_step("
    " run INTEGER NOT NULL REFERENCES run(id), place TEXT NOT NULL,"
    " step TEXT NOT NULL, state INTEGER NOT NULL, key BLOB NOT NULL,"
    " attempt INTEGER NOT NULL, started INTEGER NOT NULL,"
    " finished INTEGER NOT NULL, result TEXT NOT NULL,"
    " PRIMARY KEY(run, place));"
    "CREATE TABLE run_variable("
    " run INTEGER NOT NULL REFERENCES run(id), name TEXT NOT NULL,"
    " value TEXT NOT NULL, PRIMARY KEY(run, name));"

    "CREATE TABLE staged("
    " key TEXT PRIMARY KEY, incident INTEGER NOT NULL, path TEXT NOT NULL,"
    " event_uid TEXT NOT NULL, evidence INTEGER NOT NULL);"

    "CREATE TABLE outstanding("
    " site TEXT NOT NULL, path TEXT NOT NULL, status TEXT NOT NULL,"
    " incident INTEGER NOT NULL, time INTEGER NOT NULL,"
    " PRIMARY KEY(site, path));"
    "CREATE TABLE tally("
    " incident INTEGER NOT NULL REFERENCES incident(id),"
    " name TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(incident, name));"

    "CREATE TABLE approval("
    " nonce TEXT PRIMARY KEY, incident INTEGER NOT NULL, step TEXT NOT NULL,"
    " person INTEGER NOT NULL, blob BLOB NOT NULL, created INTEGER NOT NULL,"
    " used INTEGER NOT NULL);"
    "CREATE TABLE decision("
    " id INTEGER PRIMARY KEY, subject TEXT NOT NULL, verdict TEXT NOT NULL,"
    " reason TEXT NOT NULL, person INTEGER NOT NULL, time INTEGER NOT NULL,"
    " until INTEGER NOT NULL, incident INTEGER NOT NULL, sig BLOB NOT NULL);"
    "CREATE INDEX decision_subject ON decision(subject, id);"
    "CREATE TABLE control_result("
    " control TEXT PRIMARY KEY, status INTEGER NOT NULL,"
    " reason TEXT NOT NULL, evidence TEXT NOT NULL, checked INTEGER NOT NULL,"
    " until INTEGER NOT NULL);"
    "CREATE TABLE control_history("
    " id INTEGER PRIMARY KEY, control TEXT NOT NULL, status INTEGER NOT NULL,"
    " reason TEXT NOT NULL, checked INTEGER NOT NULL);"
    "CREATE TABLE proof("
    " uid TEXT PRIMARY KEY, case_number INTEGER NOT NULL,"
    " kind TEXT NOT NULL, time INTEGER NOT NULL, json TEXT NOT NULL);"
    "CREATE TABLE posture_day("
    " day TEXT PRIMARY KEY, json TEXT NOT NULL, sig BLOB NOT NULL);"
    "CREATE TABLE document("
    " id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, name TEXT NOT NULL,"
    " lang TEXT NOT NULL, made INTEGER NOT NULL, sha256 TEXT NOT NULL);";

/* The step engine: which version of a playbook a run was done by, where a
 * step waits and which way it went; tasks with a patience of their own. */
static const char engine[] =
    "ALTER TABLE run ADD COLUMN hash_now TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE run ADD COLUMN why TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE run ADD COLUMN from_phase INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run ADD COLUMN task INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX run_open ON run(finished);"
    "CREATE TABLE run_playbook("
    " run INTEGER NOT NULL REFERENCES run(id), playbook TEXT NOT NULL,"
    " hash TEXT NOT NULL, since INTEGER NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY(run, playbook, hash));"
    "ALTER TABLE run_step ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run_step ADD COLUMN type INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run_step ADD COLUMN phase INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run_step ADD COLUMN way INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run_step ADD COLUMN arm TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE run_step ADD COLUMN wake INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run_step ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run_step ADD COLUMN task INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX run_step_seq ON run_step(run, seq);"
    "CREATE INDEX run_step_key ON run_step(key);"
    "ALTER TABLE task ADD COLUMN patience INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE task ADD COLUMN pass_to INTEGER NOT NULL DEFAULT 0;";

/* Whether the helper's copy of what was taken is gone: asked again after a
 * crash between taking and dropping. */
static const char dropped[] =
    "ALTER TABLE staged ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;";

/* What core had done by itself under the officer's approval in advance: 1
 * wanted, 2 in force, 3 to be lifted (core_reflex.c). */
static const char reflex_deed[] =
    "CREATE TABLE reflex_deed("
    " id INTEGER PRIMARY KEY, site TEXT NOT NULL, path TEXT NOT NULL,"
    " action INTEGER NOT NULL, incident INTEGER NOT NULL"
    " REFERENCES incident(id), key BLOB NOT NULL, state INTEGER NOT NULL,"
    " entry INTEGER NOT NULL, baseline INTEGER NOT NULL,"
    " pid INTEGER NOT NULL, started INTEGER NOT NULL, detail TEXT NOT NULL,"
    " since INTEGER NOT NULL, widen INTEGER NOT NULL,"
    " of_key BLOB NOT NULL DEFAULT '');"
    "CREATE UNIQUE INDEX reflex_deed_what ON reflex_deed(site, path, action);";

/* Proofs are signed files (casebook/proof.h); nothing ever wrote rows. */
static const char no_proof[] = "DROP TABLE proof;";

/* How often the helper broke off over one item alone (core_evidence.c). */
static const char staged_broke[] =
    "ALTER TABLE staged ADD COLUMN broke INTEGER NOT NULL DEFAULT 0;";

/* What is known of an incident: never edited, the last word counts. */
static const char fact[] =
    "CREATE TABLE fact("
    " id INTEGER PRIMARY KEY, incident INTEGER NOT NULL"
    " REFERENCES incident(id), name TEXT NOT NULL, value TEXT NOT NULL,"
    " known_at INTEGER NOT NULL, recorded INTEGER NOT NULL,"
    " source TEXT NOT NULL, evidence INTEGER NOT NULL, actor TEXT NOT NULL);"
    "CREATE INDEX fact_name ON fact(incident, name, id);";

/* Incidents that are kept from a person concerned, and who looked at them. */
static const char hidden[] =
    "CREATE TABLE hidden("
    " incident INTEGER NOT NULL REFERENCES incident(id),"
    " person INTEGER NOT NULL REFERENCES person(id),"
    " PRIMARY KEY(incident, person));"
    "CREATE TABLE seen("
    " id INTEGER PRIMARY KEY, incident INTEGER NOT NULL,"
    " person INTEGER NOT NULL, cmd TEXT NOT NULL, time INTEGER NOT NULL);"
    "CREATE INDEX seen_incident ON seen(incident, id);";

/* Deadlines by law, contract and our own order (clock.h). */
static const char clock[] =
    "CREATE TABLE clock("
    " id INTEGER PRIMARY KEY, incident INTEGER NOT NULL"
    " REFERENCES incident(id), rule TEXT NOT NULL, title_en TEXT NOT NULL,"
    " title_ja TEXT NOT NULL, start INTEGER NOT NULL, due INTEGER NOT NULL,"
    " target INTEGER NOT NULL, yardstick INTEGER NOT NULL,"
    " to_confirm INTEGER NOT NULL, state INTEGER NOT NULL,"
    " warned INTEGER NOT NULL, first_by INTEGER NOT NULL,"
    " words TEXT NOT NULL, ended INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX clock_rule ON clock(incident, rule);"
    "CREATE INDEX clock_due ON clock(state, due);";

/* What people and mails reported, before somebody decides what it is
 * (report.h). */
static const char report[] =
    "CREATE TABLE report("
    " id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE,"
    " received INTEGER NOT NULL, known_at INTEGER NOT NULL,"
    " source INTEGER NOT NULL, person INTEGER NOT NULL, actor TEXT NOT NULL,"
    " reporter TEXT NOT NULL, text TEXT NOT NULL, language TEXT NOT NULL,"
    " note TEXT NOT NULL, original BLOB NOT NULL,"
    " case_number INTEGER NOT NULL, percent INTEGER NOT NULL,"
    " verdict INTEGER NOT NULL, state INTEGER NOT NULL,"
    " incident INTEGER NOT NULL, ended INTEGER NOT NULL,"
    " ended_by TEXT NOT NULL, words TEXT NOT NULL);"
    "CREATE INDEX report_state ON report(state, id);";

/* What people are told, one row a person and thing (message.h). */
static const char message[] =
    "CREATE TABLE message("
    " id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
    " incident INTEGER NOT NULL, task INTEGER NOT NULL,"
    " clock INTEGER NOT NULL, person INTEGER NOT NULL,"
    " channel TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,"
    " created INTEGER NOT NULL, tries INTEGER NOT NULL,"
    " next_try INTEGER NOT NULL, state INTEGER NOT NULL,"
    " changed INTEGER NOT NULL, detail TEXT NOT NULL);"
    "CREATE INDEX message_due ON message(state, next_try);"
    "CREATE INDEX message_incident ON message(incident, id);";

/* Texts to people outside, their lists, and who released them (mailing.h). */
static const char mailing[] =
    "CREATE TABLE mailing("
    " id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE,"
    " incident INTEGER NOT NULL REFERENCES incident(id),"
    " paper TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL,"
    " made INTEGER NOT NULL, made_by TEXT NOT NULL, until INTEGER NOT NULL,"
    " state INTEGER NOT NULL, ended INTEGER NOT NULL, words TEXT NOT NULL);"
    "CREATE TABLE mailing_to("
    " mailing INTEGER NOT NULL REFERENCES mailing(id),"
    " place INTEGER NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL,"
    " leaf BLOB NOT NULL,"
    " state INTEGER NOT NULL, tries INTEGER NOT NULL,"
    " next_try INTEGER NOT NULL, changed INTEGER NOT NULL,"
    " detail TEXT NOT NULL, PRIMARY KEY(mailing, place)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX mailing_address ON mailing_to(mailing,"
    " address COLLATE NOCASE);"
    "CREATE INDEX mailing_due ON mailing_to(state, next_try);"
    "CREATE TABLE mailing_release("
    " mailing INTEGER NOT NULL REFERENCES mailing(id),"
    " person INTEGER NOT NULL REFERENCES person(id),"
    " time INTEGER NOT NULL, sig BLOB NOT NULL,"
    " PRIMARY KEY(mailing, person)) WITHOUT ROWID;";

/* To whom a paper was handed, and when (document_mark.h). */
static const char sent[] =
    "CREATE TABLE document_sent("
    " id INTEGER PRIMARY KEY,"
    " incident INTEGER NOT NULL REFERENCES incident(id),"
    " name TEXT NOT NULL, sha256 TEXT NOT NULL, recipient TEXT NOT NULL,"
    " receipt TEXT NOT NULL, actor TEXT NOT NULL, at INTEGER NOT NULL);"
    "CREATE INDEX document_sent_incident ON document_sent(incident, at);";

static const struct hb_migration migrations[] = {
    {1, first},    {2, engine},       {3, dropped},  {4, reflex_deed},
    {5, no_proof}, {6, staged_broke}, {7, fact},     {8, hidden},
    {9, clock},    {10, report},      {11, message}, {12, mailing},
    {13, sent},
};

const struct hb_migration *hb_state_migrations(size_t *ret_n)
{
    *ret_n = HB_ARRAY_LEN(migrations);
    return migrations;
}
