/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.c - the table of subcommands, in the order in which `hinoban help`
 * shows them.  A row is all that the dispatcher, the help and the completion
 * know of a command.
 */
#include "cli/cli.h"

const struct hb_cli_command hb_cli_commands[] = {
    {"status", hb_cmd_status, HB_CLI_DAILY,
     N_("what could happen to us today, and what to do first"),
     "[--next | --history [--days N]]", "--next --history --days",
     N_("--next     everything that there is to do, over all cases, what "
        "avoids most harm for\n"
        "           an hour of work first\n"
        "--history  how it stood on each of the last 30 (or N) days, as signed "
        "on that day")},
    {"incident", hb_cmd_incident, HB_CLI_DAILY,
     N_("list incidents, look at one, open one, note, move it on"),
     "list [--all] | show ID | open CASE OBJECT \"NOTE\" | note ID \"TEXT\" | "
     "state ID STATE |\n  hide|unhide ID PERSON | seen ID | resume ID STEP "
     "done|again | restart ID [--from STEP]",
     "list show open note state hide unhide seen resume restart --all --from",
     N_("hide     keeps the incident from a person concerned (the officer "
        "too); "
        "management or\n"
        "         audit shows it again, and sees who has read it since\n"
        "resume   says of a step of which the machine does not know whether it "
        "was done\n"
        "restart  a playbook that failed or was ended goes on: with what "
        "stopped it, or from\n"
        "         STEP on with all that did not end well; what was done is not "
        "done twice")},
    {"report", hb_cmd_report, HB_CLI_DAILY,
     N_("report or ask something; decide what a report is"),
     "new \"TEXT\" [--from WHOM] [--known-at TIME] [--source form|outside] |\n"
     "  list [--all] | show ID | open ID CASE OBJECT [--known-at TIME] | join "
     "ID INCIDENT |\n  close ID \"WHY\" | mail <MESSAGE | form [--html]",
     "new list show open join close mail form --html --all --from --known-at "
     "--source",
     N_("new    any registered person may, and sees their own\n"
        "show   the report, with the case that is proposed and why, or the "
        "questions that tell\n"
        "open   opens an incident from it: nothing opens by itself\n"
        "close  nothing follows from it; the reason is kept\n"
        "mail   reads one mail from standard input, for an alias of the mail "
        "system; status 0\n"
        "       means that it is stored, 75 that it should be tried again\n"
        "form   prints a slip in both languages that staff fill in by hand; "
        "hand in what it\n"
        "       says with --source form")},
    {"task", hb_cmd_task, HB_CLI_DAILY,
     N_("what waits for people: list, answer, hand on"),
     "list [INCIDENT] [--all] | show ID | done ID \"WORDS\" | decline ID "
     "\"WHY\" | "
     "assign ID NAME [--within 30d]",
     "list show done decline assign --all --within",
     N_("show    what it asks, in full, and what it needs before it can "
        "close\n"
        "assign  gives it to a person, with a due date where --within says "
        "how soon.\n"
        "        A measure against a recurrence closes only when its check "
        "passes, or when\n"
        "        a signed decision says why not (hinoban decide).")},
    {"fact", hb_cmd_fact, HB_CLI_DAILY,
     N_("what is known of an incident, since when and from whom"),
     "names | list INCIDENT [--history] |\n  set INCIDENT NAME VALUE [NAME "
     "VALUE ...] --from \"WHOM OR WHAT\"\n  [--known-at TIME] [--evidence "
     "NUMBER]",
     "names list set --history --from --known-at --evidence",
     N_("names  every fact that a playbook, a deadline or a paper may ask for\n"
        "set    adds what is known now; VALUE ? says that it is under "
        "investigation.\n"
        "       --known-at: when any department knew, if that was earlier; "
        "deadlines count\n"
        "       from it")},
    {"clock", hb_cmd_clock, HB_CLI_DAILY,
     N_("deadlines by law, contract and our own order"),
     "list [INCIDENT] [--all] | done ID \"WORDS\" | stop ID \"WHY\" |\n  start "
     "INCIDENT RULE [--start TIME]",
     "list done stop start --all --start",
     N_("Deadlines start by themselves when the facts propose them and never "
        "stop by themselves.\n"
        "done   what was owed was done: say how, with the number of receipt\n"
        "stop   it does not apply: a second person has to say so too\n"
        "start  a rule (hinoban rules list) or contract:NAME by hand")},
    {"message", hb_cmd_message, HB_CLI_DAILY,
     N_("who was told what by mail, and whether it arrived"),
     "list [INCIDENT] | test PERSON", "list test",
     N_("People are told that there is something to look at, never what, and "
        "only those who are\n"
        "registered. Whom mail does not reach is to be called: hinoban "
        "status.\n"
        "test  sends a mail to PERSON to see whether it arrives")},
    {"mailing", hb_cmd_mailing, HB_CLI_DAILY,
     N_("send a paper to people outside, one mail each, released by two "
        "people"),
     "draft INCIDENT PAPER |\n"
     "  new INCIDENT PAPER LIST.csv TEXT.txt --subject TEXT |\n"
     "  list [INCIDENT] | show ID [--csv] [--not-reached] |\n"
     "  release ID SEAL [--key FILE] [--person NAME] | stop ID \"WHY\"",
     "draft new list show release stop --subject --csv --not-reached --key "
     "--person",
     N_("Nothing goes to anybody outside until two people released it, each "
        "with their own key.\n"
        "draft    the paper without what is for its writer, to be gone over "
        "in an editor\n"
        "new      LIST.csv has a name and a mail address in each row, TEXT.txt "
        "is what is sent;\n"
        "         {name} in it stands for each person's name\n"
        "show     the text, the list, their seal, and how it went with each; "
        "--not-reached: those "
        "who need a letter\n"
        "         or a call\n"
        "stop     what has not left stays here")},
    {"approve", hb_cmd_approve, HB_CLI_DAILY,
     N_("approve the steps of an incident that wait for the officer"),
     "INCIDENT [--key FILE] [--person NAME]", "--key --person", NULL},
    {"undo", hb_cmd_undo, HB_CLI_DAILY,
     N_("what the machine did for an incident, and taking it back"),
     "INCIDENT [DEED|STEP [--dry-run]] [--key FILE] [--person NAME]",
     "--dry-run --key --person",
     N_("Without DEED lists what is in force: a site or path that is private, "
        "a path that\n"
        "cannot be changed, a program that was stopped. Undoing is signed with "
        "your key.\n"
        "STEP takes back what a step of the playbook did, where it names how. "
        "A file that was\n"
        "put back as published stays so: who finds the change right publishes "
        "or accepts it.")},
    {"decide", hb_cmd_decide, HB_CLI_DAILY,
     N_("record a decision of yours, signed, with reason and end"),
     "SUBJECT VERDICT \"WHY\" [--for 90d]", "--for --key --person",
     N_("SUBJECT  control:ID or case:NUMBER\n"
        "VERDICT  accepted, not-applicable, against, pass, fail, withdrawn")},
    {"question", hb_cmd_question, HB_CLI_DAILY,
     N_("what only a person can answer: list it, or answer it, signed"),
     "list | ask [--for 180d] [--key FILE] [--person NAME]",
     "list ask --for --key --person --passphrase-file",
     N_("list  the questions of all cases whose answer is missing or too old, "
        "what avoids\n"
        "      most harm first\n"
        "ask   puts them one at a time; an answer says whether it holds and "
        "how you know, and\n"
        "      stands until the control wants a new one (or for --for)")},
    {"document", hb_cmd_document, HB_CLI_DAILY,
     N_("print a paper of an incident, approve it, record whom it went to"),
     "D01 INCIDENT [--html] | list INCIDENT |\n"
     "  keep D01 INCIDENT |\n"
     "  approve D01 INCIDENT VERSION [\"WORDS\"] [--key FILE] [--person NAME] "
     "|\n"
     "  sent D01 INCIDENT \"TO WHOM\" [--at TIME] [--receipt NUMBER]",
     "D01 D02 list keep approve sent --html --at --receipt --key --person",
     N_("list     versions, who approved which, to whom it was handed or "
        "mailed\n"
        "keep     shows what is known now and keeps it as a version\n"
        "approve  signs that version, where nothing was added meanwhile\n"
        "sent     what was handed over by hand, fax or a web form")},
    {"card", hb_cmd_card, HB_CLI_DAILY,
     N_("pages to print for staff: what to do first, and whom to call"),
     "list | print NAME [--html] [--lang en|ja]", "list print --html --lang",
     N_("One page each, from the case book; print them before anything "
        "happens. call-tree has\n"
        "the telephone numbers of those who are registered (hinoban "
        "person); what it cannot\n"
        "know is filled in by hand.")},
    {"evidence", hb_cmd_evidence, HB_CLI_DAILY,
     N_("list the evidence, prove it unchanged, hand it over"),
     "list [INCIDENT] | add INCIDENT FILE --from \"WHOM OR WHAT\" |\n  verify "
     "[--anchor FILE] [--key FILE] [DIR] | checkpoint |\n  checkpoint --paper "
     "FILE | checkpoint --kept CODE "
     "[--place TEXT] |\n  export --incident INCIDENT [DIR] | export --whole "
     "[DIR]",
     "list add verify checkpoint export --from --anchor --key --incident "
     "--whole --paper "
     "--kept --place",
     N_("add         keeps a file of yours with its hash and time\n"
        "verify      reads the whole store again (or a package), "
        "without the service; with a\n"
        "            checkpoint that was kept outside (the mail as "
        "it was saved) it also notices\n"
        "            a log that was made anew. Without DIR a "
        "package is refused\n"
        "checkpoint  signs the end of the log and sends it where "
        "the anchor says; --paper\n"
        "            writes a page to print, with a QR code; "
        "--kept says, with the code on\n"
        "            the page, that the sheet was put away. The "
        "key's name is printed: tell\n"
        "            it to whoever gets a package, by another way\n"
        "export      writes a package that verifies with sha256sum "
        "and openssl (3.0 or later)\n"
        "            alone. With --incident entries that are not "
        "of it are sealed: chained\n"
        "            and counted, but not told. Of old entries "
        "(before salts) the last one of\n"
        "            a run goes along as its bare hash: who "
        "guesses its text can try that.\n"
        "            --whole tells everything")},
    {"metrics", hb_cmd_metrics, HB_CLI_DAILY,
     N_("how long it took to notice, to contain and to recover, per case"), "",
     NULL, NULL},
    {"event", hb_cmd_event, HB_CLI_DAILY,
     N_("search the events, or hand some in"),
     "[TEXT] [--site NAME] [--limit N] | send NAME <EVENTS",
     "send --site --limit",
     N_("send  hands in events of another program or machine, one JSON object "
        "a line, as NAME;\n"
        "      status 0 means that all of them are stored")},
    {"control", hb_cmd_control, HB_CLI_DAILY,
     N_("what was checked, with its result and age"), "list | run", "list run",
     N_("run  checks the machine now, instead of when each check is due")},
    {"case", hb_cmd_case, HB_CLI_DAILY,
     N_("the case book: what could happen, what prevents it, what to do"),
     "list | show N | rows N | table | propose [FILE|-] | open N [OBJECT] "
     "\"NOTE\" | "
     "check [DIR]",
     "list show rows table propose open check",
     N_("list     every case and how far it is built\n"
        "show     one case: controls, steps of the playbook, documents\n"
        "rows     each requirement of a case and how it is met: by the "
        "machine, by asking,\n"
        "         by a record, or not yet\n"
        "table    the same of all cases, with where and by which test\n"
        "propose  which case a report is, by its words, and why; below its "
        "confidence it\n"
        "         asks. Reads FILE or standard input, keeps nothing\n"
        "open     opens an incident of the case by hand (as incident open) "
        "and says what\n"
        "         waits first\n"
        "check    reads the whole case book and says what is wrong, or "
        "nothing")},
    {"rules", hb_cmd_rules, HB_CLI_DAILY,
     N_("what law and contracts want done by when, with source and certainty"),
     "list [--at DATE] [--all] | show ID | due ID --start TIME |\n"
     "  check [FILE] | sign [FILE] [--passphrase-file FILE]",
     "list show due check sign --at --all --start --passphrase-file",
     N_("list   the rules in force today (or on DATE); --all: others, too\n"
        "show   one rule: on what it rests, who gets what, what is to be "
        "confirmed\n"
        "due    when it is due and when to warn, if it began at TIME "
        "(\"2026-04-01 09:30\" in\n"
        "       Japan, or RFC 3339)\n"
        "check  reads a rule pack and says what is wrong, or nothing; tells "
        "signature and age\n"
        "sign   signs a pack that you have read, with the rules key")},
    {"playbook", hb_cmd_playbook, HB_CLI_DAILY,
     N_("show the playbooks, and exchange them with others as CACAO 2.0"),
     "list | show ID | export ID [--sign KEY] [--out FILE] |\n"
     "  import FILE [--check-only] [--trust PUB] [--out FILE]",
     "list show export import --sign --passphrase-file --out --check-only "
     "--trust",
     N_("ID is the name of a playbook, or the number or name of its case.\n"
        "export  writes CACAO 2.0 JSON, always the same for the same playbook; "
        "what CACAO lacks\n"
        "        stands in an extension, so that nothing is lost. --sign adds "
        "a signature\n"
        "import  reads it again and writes YAML for the case book. A bad "
        "signature, commands\n"
        "        other than \"manual\" and our own actions, and whatever is "
        "not "
        "understood are\n"
        "        refused. A playbook of others becomes a draft: its texts have "
        "no second\n"
        "        language, its steps no phase, its tasks no role\n"
        "--trust the key that must have signed it; without it a signature by "
        "the rules key of\n"
        "        this machine counts")},
    {"site", hb_cmd_site, HB_CLI_DAILY,
     N_("publish a release, scan a site, look at it from outside"),
     "list | publish NAME DIR [--dry-run] | scan NAME | look NAME |\n"
     "  window run NAME --user USER [--for 30m] -- COMMAND... |\n"
     "  window open NAME --user USER [--pid PID] [--for 30m] |\n"
     "  window show|close NAME | pending NAME |\n"
     "  accept NAME [PATH...] [--executables] | reject NAME [PATH...] |\n"
     "  vantage NAME DIR | private-setup NAME [--nginx PROGRAM]",
     "list publish scan look window pending accept reject vantage "
     "private-setup open "
     "run show close --dry-run --owner --passphrase-file --nginx --user --pid "
     "--for --executables --key --person",
     N_("publish  signs DIR as the next release and puts it in place\n"
        "window   for a while what USER changes is not undone but waits; run: "
        "only what\n"
        "         COMMAND and its children change, until it ends. Signed with "
        "your key.\n"
        "         open: what a program changed that had ended before anybody "
        "could ask\n"
        "         who it was (cp, rm) is undone; run holds its own for that\n"
        "pending  what waits; it is neither signed nor undone until you say\n"
        "accept   signs what waits, as it stands on the disk; what the server "
        "runs only\n"
        "         by its path and --executables\n"
        "reject   undoes what waits and keeps it as evidence\n"
        "vantage  writes to DIR what another machine needs to look from "
        "there\n"
        "         (hinoban vantage)")},
    {"gate", hb_cmd_gate, HB_CLI_DAILY,
     N_("the web application firewall: its rules, what it stopped, what is "
        "allowed"),
     "status | build [--no-reload] | selftest [--daily] |\n"
     "  try --file REQUEST | try --url URL [--data TEXT] |\n"
     "  findings [--limit N] |\n"
     "  allow REFERENCE --reason \"WHY\" --until DATE [--yes] | allowed | "
     "forbid N |\n"
     "  patch propose FILE --advisory CVE --expert NAME --reason \"WHY\" "
     "--until DATE |\n"
     "  patch list | patch show|approve|revoke N |\n"
     "  bans | ban ADDRESS [--for 24h] [--reason \"WHY\"] | unban ADDRESS |\n"
     "  pass NAME [--host HOST] [--for 7d] | pass --revoke-all",
     "status build selftest --daily try findings --limit allow allowed forbid "
     "patch propose list show approve revoke bans ban unban pass --no-reload "
     "--file --url --method --data --type --address --reason --until --yes "
     "--person --key --passphrase-file --advisory --expert --for --host "
     "--revoke-all",
     N_("build    makes one file of rules of the settings, what is allowed and "
        "patched, and the\n"
        "         Core Rule Set; what does not load leaves the old one\n"
        "selftest attacks each site itself and sees that it is stopped and "
        "told; a timer does\n"
        "         so each day (--daily: silent where nothing is to be "
        "stopped)\n"
        "try      judges one request without a server and says what would "
        "happen, and why\n"
        "findings what was stopped, or would have been in the mode block, put "
        "together; read it\n"
        "         before you say block\n"
        "allow    by the reference number that a visitor was shown: the "
        "narrowest exclusion,\n"
        "         until DATE, signed with your key; officers and "
        "administrators may\n"
        "forbid   takes it back\n"
        "patch    rules against a hole that is not closed yet. Ask an expert "
        "first; whoever\n"
        "         approves signs. It ends by itself\n"
        "bans     who is shut out; ban and unban say so by hand, within two "
        "seconds\n"
        "pass     a code, good once, through the wall before log-in pages "
        "(gate: wall:)")},
    {"vantage", hb_cmd_vantage, HB_CLI_DAILY,
     N_("look at a site from this machine, which is another"),
     "DIR [--pages N] [--url URL] [--ca FILE] [--pub FILE]",
     "--pages --url --ca --pub",
     N_("DIR was written on the guarded machine by \"hinoban site vantage\". "
        "Needs no service,\n"
        "no privilege and no configuration. Status 0: every page that was "
        "looked at is as it\n"
        "was published. With --json: events for \"hinoban event send vantage\" "
        "on the guarded\n"
        "machine.\n"
        "--pages  besides the first one, chosen anew each time (4)\n"
        "--url    another address than that of the settings\n"
        "--ca     the authorities that count, instead of this machine's "
        "(PEM)\n"
        "--pub    the publish key, kept where who changes DIR cannot change "
        "it")},
    {"drill", hb_cmd_drill, HB_CLI_DAILY,
     N_("rehearse a case with real parts in a sandbox, and prove it"),
     "N [A|B] | N --canary", "--canary --no-proof",
     N_("A: the measures are on, the attack must be prevented.\n"
        "B: the attacker is inside; it must be noticed, undone and recorded.\n"
        "--canary: a harmless marker in the real document roots.")},
    {"init", hb_cmd_init, HB_CLI_SETUP,
     N_("make directories, keys and a first configuration"),
     "[--organisation NAME] [--site NAME --site-root DIR] [--url URL] "
     "[--anchor file:PATH] |\n  --ask [--answers FILE] [--keys-to DIR]",
     "--organisation --site --site-root --url --anchor --passphrase-file "
     "--no-passphrase --ask --answers --keys-to",
     N_("--ask      puts ten questions, says of each why, and shows the first "
        "posture\n"
        "--answers  takes them from FILE (\"sns: no\", a line each) instead\n"
        "--keys-to  where the keys of the people go, instead of their homes")},
    {"modules", hb_cmd_modules, HB_CLI_SETUP,
     N_("list the capabilities, their cases and processes"), "", NULL, NULL},
    {"person", hb_cmd_person, HB_CLI_SETUP,
     N_("register people, their roles and keys"),
     "list | add NAME --roles LIST [--uid UID] [--key-to FILE] | off NAME",
     "list add off --roles --uid --full-name --mail --phone --deputy-of "
     "--key-to --passphrase-file --no-passphrase",
     NULL},
    {"reflex", hb_cmd_reflex, HB_CLI_SETUP,
     N_("what the officer approves in advance"),
     "list | allow --officer NAME --reason \"WHY\" [--site NAME] [--for 365d] "
     "[--actions LIST] | revoke ID",
     "list allow revoke --officer --reason --site --for --actions --key",
     N_("--actions  a list; without it file.restore,file.remove. Others:\n"
        "           site.private,site.public  when restoring fails, and back\n"
        "           path.deny,path.allow      a path that is fought for\n"
        "           writer.freeze             who fights for it "
        "(freeze_writer)")},
    {"config", hb_cmd_config, HB_CLI_SETUP,
     N_("check the configuration, or print it with its defaults"),
     "check|dump|man [FILE]", "check dump man",
     N_("check  reads FILE (default: etc/hinoban/hinoban.yaml) and says what "
        "is wrong, or nothing\n"
        "dump   prints all settings as they are in force, secrets masked\n"
        "man    prints the manual page hinoban.yaml(5)")},
    {"inspect", hb_cmd_inspect, HB_CLI_DAILY,
     N_("which personal data files hold: numbers, addresses, lists of persons"),
     "FILE... [--values]", "--values",
     N_("Text, CSV, HTML, JSON, mail or source in whatever encoding; needs no "
        "service. Counts\n"
        "Individual Numbers, cards, accounts, telephones, addresses, mail and "
        "names, and says\n"
        "whether a file is a list of ten persons or more.\n"
        "--values  prints what was found: not where others can read along")},
    {"share", hb_cmd_share, HB_CLI_DAILY,
     N_("files for named people by links that die: make, look, end"),
     "new FILE... --owner ADDRESS --to ADDRESS [--to ...] [--note TEXT]\n"
     "  [--days N] [--downloads N] [--dry-run] |\n"
     "  invite --owner ADDRESS --to ADDRESS | list [--owner ADDRESS] "
     "[--waiting] |\n"
     "  show ID | trail ID | revoke ID | wrong ID [ADDRESS] | link ID ADDRESS "
     "|\n  accept FILE | reopen ID | delete ID | verify | rotate | factor "
     "ADDRESS | signout ADDRESS",
     "new invite list show trail revoke wrong link accept reopen delete verify "
     "rotate signout "
     "factor --owner --to --note --days --downloads --dry-run --waiting",
     N_("Root's way into the share portal; people use its pages.\n"
        "new     shares files in the name of OWNER, by the same rules as the "
        "page: open, for a\n"
        "        third person, or refused (status 1); --dry-run only says "
        "which\n"
        "invite  asks somebody for files\n"
        "wrong   ADDRESS (or all) was the wrong recipient: links dead, "
        "downloads counted, an\n"
        "        incident of case 15 opened\n"
        "accept  lets in a guest's file that is a program, where the rules "
        "hold it\n"
        "verify  whether the record of what happened was edited\n"
        "rotate  wraps all keys with a new one\n"
        "factor  takes away ADDRESS's second factor, for a lost telephone\n"
        "signout ends all sessions of ADDRESS")},
    {"certificate", hb_cmd_certificate, HB_CLI_SETUP,
     N_("TLS for the share portal: an authority of your own, and its "
        "certificates"),
     "new NAME [NAME ...] | show", "new show",
     N_("new   makes a certificate for the names and addresses under which the "
        "portal is\n"
        "      opened, and an authority where there is none for them; again "
        "to renew it\n"
        "show  until when they hold, and their fingerprints")},
    {"backup", hb_cmd_backup, HB_CLI_SETUP,
     N_("save state, events, evidence and proofs in one encrypted file"),
     "FILE [--key KEY]", "--key",
     N_("Works while the service runs. FILE counts as made when it was read "
        "back to its\n"
        "end. The key (default: etc/hinoban/keys/backup.key) is made with the "
        "first backup;\n"
        "keep a copy of it apart. Configuration and other keys are not in "
        "the backup.")},
    {"restore", hb_cmd_restore, HB_CLI_SETUP,
     N_("put a backup in the place of the state"),
     "FILE [--key KEY] [--force] [--check]", "--key --force --check",
     N_("Stop the service first. Everything is verified before anything is "
        "changed.\n"
        "--force  where there is a state already: it moves to "
        "before-restore-N beside it\n"
        "--check  only reads FILE to its end and says whether it is whole")},
    {"support", hb_cmd_support, HB_CLI_SETUP,
     N_("write what a helper needs to know into one text"), "[FILE]", NULL,
     N_("Settings, versions, directories, status, Hinoban's own events and "
        "log; secrets and\n"
        "mail boxes masked; no page, no evidence, no key. Run it as root, "
        "read it, send it.")},
    {"units", hb_cmd_units, HB_CLI_SETUP,
     N_("write the systemd units of all roles"),
     "--dir DIR [--drop-ins] [--exe PATH]", "--dir --drop-ins --exe",
     N_("Writes one .service and its .socket files a role, from the table "
        "of roles, and\n"
        "hinoban.target, sysusers.d and tmpfiles.d files, below DIR.\n"
        "--drop-ins writes only what depends on the configuration: the "
        "document roots\n"
        "that the roles may reach (run it after you change the sites).")},
    {"completion", hb_cmd_completion, HB_CLI_SETUP,
     N_("print the completion for bash"), "", NULL, NULL},
    {"help", hb_cmd_help, HB_CLI_SETUP, N_("list the commands, or explain one"),
     "[COMMAND]", NULL, NULL},
    {"role", hb_cmd_role, HB_CLI_INNER,
     N_("run one role (systemd and the supervisor call this)"), "NAME", NULL,
     NULL},
    {"supervise", hb_cmd_supervise, HB_CLI_INNER,
     N_("run all roles in the foreground, without systemd"), "[--once]",
     "--once",
     N_("Makes the sockets, starts every role and starts it again when it "
        "dies; SIGTERM\n"
        "stops them in order and removes what it made. --once stops when all "
        "are ready.")},
    {"role-ended", hb_cmd_role_ended, HB_CLI_INNER,
     N_("report to core that a role died (its unit calls this)"), "NAME", NULL,
     NULL},
    {"private-run", hb_cmd_private_run, HB_CLI_INNER,
     N_("run the programs that take sites off the air (a unit calls this)"), "",
     NULL, NULL},
    {"release", hb_cmd_release, HB_CLI_INNER,
     N_("let go what is locked or stopped (removing the package calls this)"),
     "", NULL, NULL},
    {"unmount", hb_cmd_unmount, HB_CLI_INNER,
     N_("take mounts off document roots for the helper (a unit calls this)"),
     "--requests DIR", "--requests", NULL},
    {NULL, NULL, HB_CLI_INNER, NULL, NULL, NULL, NULL},
};
