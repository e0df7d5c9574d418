/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init_ask.c - the ten questions of `hinoban init --ask`.
 *
 * Runs as root, once, before there is a service.  Each question says why it is
 * asked and takes a minute at most.  A case is "not applicable" only where the
 * person said so; that is signed with the officer's own key, with its reason
 * and an end, and core verifies it like any other decision.
 */
#include "cli/init_ask.h"

#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/yaml.h"
#include "casebook/posture.h"
#include "cli/client.h"
#include "cli/decide.h"
#include "config/config.h"
#include "incident/person.h"

#define HOLDS_NS (180 * 86400 * HB_S) /* then the officer is asked again */

typedef const char *check_fn(const char *word); /* NULL: good */

struct question {
    const char *name; /* in a file of answers */
    const char *text; /* N_() */
    const char *why;  /* N_() */
    check_fn *check;
    bool continues; /* belongs to the one before: has no number of its own */
};

/* What an answer says of a case or of a control's question. */
struct consequence {
    enum hb_first which;
    const char *word;
    const char *subject, *verdict;
    const char *reason; /* N_() */
};

static check_fn check_kind, check_text, check_site, check_url, check_account,
    check_mail, check_deputy, check_data, check_yes_no;
static int ask_terminal(struct hb_first_answers *f, enum hb_first i,
                        unsigned number);
static int from_file(struct hb_first_answers *f, const char *file);
static bool applies(const struct hb_first_answers *f, enum hb_first i);
static bool in_words(const char *const *words, const char *word);
static int person(struct hb_cli *cli, struct hb_first_answers *f,
                  enum hb_first which, const char *roles, const char *keys_to,
                  const char *passphrase_file, bool no_passphrase);
static const char *key_of(struct hb_first_answers *f, const char *keys_to);
static int decide_one(struct hb_cli *cli, struct hb_first_answers *f,
                      const struct consequence *c, const struct hb_key *key);
static int inputs_of(struct hb_first_answers *f, const struct hb_casebook *b,
                     int64_t now, struct hb_posture_input **ret);
static void result_of(const struct hb_first_answers *f,
                      const struct hb_control *k, int64_t now,
                      struct hb_control_result *ret);

static const struct question questions[HB_FIRST_COUNT] = {
    [HB_FIRST_KIND] =
        {"kind",
         N_("What kind of organisation are we? company, municipality, "
            "prefecture, board-of-education, public-school, assembly, "
            "public-hospital or private-school"),
         N_("The kind decides which laws, deadlines and offices apply."),
         check_kind, false},
    [HB_FIRST_NAME] = {"name", N_("What is our name, as papers have it?"),
                       N_("It stands at the head of reports to authorities."),
                       check_text, false},
    [HB_FIRST_SITE] =
        {"site",
         N_("Do we have a public website? Its folder on this machine, "
            "\"elsewhere\" (another provider), or \"no\""),
         N_("Its pages are watched and put back when somebody changes them."),
         check_site, false},
    [HB_FIRST_URL] = {"url", N_("Under which address do visitors see it?"),
                      N_("It is looked at from outside, too."), check_url,
                      true},
    [HB_FIRST_OFFICER] =
        {"officer",
         N_("Who is the information-security officer? The account name on this "
            "machine"),
         N_("Nothing is done without this person; root is nobody in "
            "particular."),
         check_account, false},
    [HB_FIRST_MAIL] =
        {"mail", N_("The officer's mail address, or \"no\""),
         N_("Signed checkpoints of the evidence go there, where an intruder on "
            "this machine cannot rewrite them."),
         check_mail, false},
    [HB_FIRST_DEPUTY] =
        {"deputy",
         N_("Who agrees as the second person (a deputy, or somebody from "
            "outside)? The account name, or \"no\""),
         N_("Decisions have four eyes, and somebody answers when the officer "
            "is away."),
         check_deputy, false},
    [HB_FIRST_DATA] =
        {"data",
         N_("Do we hold My Number data, or handle data for clients? none, "
            "my-number, clients or both"),
         N_("Both bring deadlines of their own: by law, and by the contract "
            "with each client."),
         check_data, false},
    [HB_FIRST_PAYMENTS] = {"payments",
                           N_("Do we pay invoices by bank transfer? yes or no"),
                           N_("If nobody does, a false invoice cannot be paid "
                              "(case 16)."),
                           check_yes_no, false},
    [HB_FIRST_SNS] =
        {"sns", N_("Do we have official social media accounts? yes or no"),
         N_("If there is none, none can be hijacked (case 7)."), check_yes_no,
         false},
    [HB_FIRST_LINES] =
        {"lines",
         N_("Is there a VPN, or a line by which a vendor comes in? yes or no"),
         N_("Such lines are the most common way in for ransomware (case 12)."),
         check_yes_no, false},
};

/* Ransomware comes by mail, too: without a line the case stays, and only the
 * question about the lines is answered. */
static const struct consequence consequences[] = {
    {HB_FIRST_SITE, "no", "case:1", "not-applicable",
     N_("We have no public website (first questions).")},
    {HB_FIRST_SITE, "no", "case:2", "not-applicable",
     N_("We have no public website (first questions).")},
    {HB_FIRST_SNS, "no", "case:7", "not-applicable",
     N_("We have no official social media account (first questions).")},
    {HB_FIRST_PAYMENTS, "no", "case:16", "not-applicable",
     N_("We pay nothing by bank transfer (first questions).")},
    {HB_FIRST_LINES, "no", "control:edge.vendor_lines", "pass",
     N_("There is no VPN and no line of a vendor (first questions).")},
};

int hb_first_ask(struct hb_first_answers *f, const char *file)
{
    unsigned number = 0;
    int r = 0;

    for (unsigned i = 0; i < HB_FIRST_COUNT; i++)
        f->v[i] = "";
    if (file != NULL)
        return from_file(f, file);
    printf("%s", _("Ten questions, ten minutes. What you do not know yet can "
                   "be changed later.\n"));
    for (unsigned i = 0; i < HB_FIRST_COUNT && r == 0; i++) {
        number += !questions[i].continues;
        if (applies(f, (enum hb_first)i))
            r = ask_terminal(f, (enum hb_first)i, number);
    }
    return r;
}

bool hb_first_is(const struct hb_first_answers *f, enum hb_first which,
                 const char *word)
{
    return hb_streq(f->v[which], word);
}

int hb_first_people(struct hb_cli *cli, struct hb_first_answers *f,
                    const char *keys_to, const char *passphrase_file,
                    bool no_passphrase)
{
    int r = person(cli, f, HB_FIRST_OFFICER, "officer,admin", keys_to,
                   passphrase_file, no_passphrase);

    if (r == 0 && !hb_first_is(f, HB_FIRST_DEPUTY, "no"))
        r = person(cli, f, HB_FIRST_DEPUTY, "outside", keys_to, passphrase_file,
                   no_passphrase);
    return r;
}

int hb_first_decide(struct hb_cli *cli, struct hb_first_answers *f,
                    const char *keys_to, const char *passphrase_file)
{
    const char *file = key_of(f, keys_to);
    struct hb_key *key = NULL;
    int r = 0;

    if (file == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < HB_ARRAY_LEN(consequences) && r == 0; i++) {
        const struct consequence *c = &consequences[i];

        if (!hb_first_is(f, c->which, c->word))
            continue;
        if (key == NULL)
            r = hb_client_key(file, passphrase_file, &key, &f->err);
        if (r == 0)
            r = decide_one(cli, f, c, key);
    }
    hb_key_free(key);
    return r;
}

int hb_first_posture(struct hb_cli *cli, struct hb_first_answers *f)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    struct hb_casebook *b = NULL;
    struct hb_posture_input *in;
    struct hb_posture *p;
    char dir[HB_MAX_PATH];
    int64_t now = hb_now();
    int r = hb_path(&cli->paths, HB_DIR_DATA, "casebook", dir);

    if (r == 0)
        r = hb_casebook_load(dir, &b, &f->err);
    if (r == 0)
        r = inputs_of(f, b, now, &in);
    if (r == 0)
        r = hb_posture_make(f->arena, b, in, b->n, now, &p);
    if (r == 0) {
        hb_posture_screen(&text, p, 80, false, 540);
        printf("\n%s", hb_buf_z(&text));
        r = hb_buf_err(&text);
    }
    if (b != NULL)
        hb_casebook_free(b);
    return r;
}

/* ---- asking ---- */

static bool applies(const struct hb_first_answers *f, enum hb_first i)
{
    return i != HB_FIRST_URL || f->v[HB_FIRST_SITE][0] == '/';
}

static int ask_terminal(struct hb_first_answers *f, enum hb_first i,
                        unsigned number)
{
    const struct question *q = &questions[i];
    char buf[512];

    if (q->continues)
        printf("\n    ");
    else
        printf("\n%2u. ", number);
    printf("%s\n    (%s)\n", _(q->text), _(q->why));
    for (;;) {
        const char *wrong;

        printf("    > ");
        (void)fflush(stdout);
        if (fgets(buf, sizeof(buf), stdin) == NULL)
            return hb_err_set(&f->err, -ECANCELED,
                              _("Nothing was set up: the questions were not "
                                "answered to their end."));
        buf[strcspn(buf, "\r\n")] = '\0';
        wrong = q->check(buf);
        if (wrong == NULL)
            break;
        printf("    %s\n", _(wrong));
    }
    f->v[i] = hb_arena_strdup(f->arena, buf);
    return f->v[i] == NULL ? -ENOMEM : 0;
}

static int from_file(struct hb_first_answers *f, const char *file)
{
    const char *names[HB_FIRST_COUNT + 1] = {NULL};
    struct hb_yaml *top;
    int r = hb_yaml_load(f->arena, file, &top, &f->err);

    for (unsigned i = 0; i < HB_FIRST_COUNT; i++)
        names[i] = questions[i].name;
    if (r == 0)
        r = hb_yaml_keys(top, names, &f->err);
    for (unsigned i = 0; i < HB_FIRST_COUNT && r == 0; i++) {
        const char *word = hb_yaml_str(top, names[i], NULL), *wrong;

        if (!applies(f, (enum hb_first)i))
            continue;
        if (word == NULL)
            return hb_yaml_err(top, &f->err, -EINVAL,
                               _("\"%s\" is missing here"), names[i]);
        wrong = questions[i].check(word);
        if (wrong != NULL)
            return hb_yaml_err(hb_yaml_get(top, names[i]), &f->err, -EINVAL,
                               "%s: %s", names[i], _(wrong));
        f->v[i] = word;
    }
    return r;
}

/* ---- what an answer may be ---- */

static bool in_words(const char *const *words, const char *word)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (hb_streq(words[i], word))
            return true;
    return false;
}

static const char *check_kind(const char *word)
{
    return hb_config_kind_known(word) ? NULL
                                      : N_("One of these words, please.");
}

static const char *check_text(const char *word)
{
    return word[0] != '\0' ? NULL : N_("Something has to stand here.");
}

static const char *check_site(const char *word)
{
    static const char *const words[] = {"no", "elsewhere", NULL};
    struct stat st;

    if (in_words(words, word))
        return NULL;
    return word[0] == '/' && stat(word, &st) == 0 && S_ISDIR(st.st_mode)
               ? NULL
               : N_("A folder of this machine (/var/www/html), elsewhere or "
                    "no.");
}

static const char *check_url(const char *word)
{
    return strncmp(word, "http://", 7) == 0 || strncmp(word, "https://", 8) == 0
               ? NULL
               : N_("An address that begins with https:// or http://.");
}

static const char *check_account(const char *word)
{
    const struct passwd *pw = hb_person_name_ok(word) ? getpwnam(word) : NULL;

    return pw != NULL && pw->pw_uid != 0
               ? NULL
               : N_("There is no such account, or it is root's (adduser makes "
                    "one).");
}

static const char *check_deputy(const char *word)
{
    return hb_streq(word, "no") ? NULL : check_account(word);
}

static const char *check_mail(const char *word)
{
    const char *at = strchr(word, '@');

    return hb_streq(word, "no") || (at != NULL && at != word && at[1] != '\0' &&
                                    strpbrk(word, " \t<>\"") == NULL)
               ? NULL
               : N_("A mail address (name@example.jp), or no.");
}

static const char *check_data(const char *word)
{
    static const char *const words[] = {"none", "my-number", "clients", "both",
                                        NULL};

    return in_words(words, word) ? NULL : N_("One of these words, please.");
}

static const char *check_yes_no(const char *word)
{
    static const char *const words[] = {"yes", "no", NULL};

    return in_words(words, word) ? NULL : N_("yes or no, please.");
}

/* ---- people and decisions ---- */

static int person(struct hb_cli *cli, struct hb_first_answers *f,
                  enum hb_first which, const char *roles, const char *keys_to,
                  const char *passphrase_file, bool no_passphrase)
{
    const char *name = f->v[which], *mail = f->v[HB_FIRST_MAIL];
    const struct passwd *pw = getpwnam(name);
    char *argv[20], uid[16];
    int argc = 0;

    if (pw == NULL)
        return hb_err_set(&f->err, -ENOENT, _("there is no account %s"), name);
    (void)snprintf(uid, sizeof(uid), "%u", (unsigned)pw->pw_uid);
    if (!no_passphrase && passphrase_file == NULL)
        printf(_("%s: the key of this person, who should choose its "
                 "passphrase.\n"),
               name);
#define WORD(z) (argv[argc++] = hb_arena_strdup(f->arena, (z)))
    WORD("person");
    WORD("add");
    WORD(name);
    WORD("--roles");
    WORD(roles);
    WORD("--uid");
    WORD(uid);
    if (which == HB_FIRST_OFFICER && !hb_streq(mail, "no")) {
        WORD("--mail");
        WORD(mail);
    }
    if (which == HB_FIRST_DEPUTY) {
        WORD("--deputy-of");
        WORD("officer");
    }
    if (keys_to != NULL) {
        WORD("--key-to");
        argv[argc++] = hb_arena_printf(f->arena, "%s/%s.key", keys_to, name);
    }
    if (passphrase_file != NULL) {
        WORD("--passphrase-file");
        WORD(passphrase_file);
    }
    if (no_passphrase)
        WORD("--no-passphrase");
#undef WORD
    argv[argc] = NULL;
    for (int i = 0; i < argc; i++)
        if (argv[i] == NULL)
            return -ENOMEM;
    /* It has said itself what was wrong. */
    return hb_cmd_person(cli, argc, argv) == HB_EXIT_OK
               ? 0
               : hb_err_set(&f->err, -EINVAL, _("%s could not be registered"),
                            name);
}

static const char *key_of(struct hb_first_answers *f, const char *keys_to)
{
    const char *name = f->v[HB_FIRST_OFFICER];
    const struct passwd *pw;

    if (keys_to != NULL)
        return hb_arena_printf(f->arena, "%s/%s.key", keys_to, name);
    pw = getpwnam(name);
    return pw == NULL
               ? NULL
               : hb_arena_printf(f->arena, "%s/.config/hinoban/person.key",
                                 pw->pw_dir);
}

static int decide_one(struct hb_cli *cli, struct hb_first_answers *f,
                      const struct consequence *c, const struct hb_key *key)
{
    _cleanup_buf_ struct hb_buf json = HB_BUF_INIT;
    struct hb_decision_row row = {.subject = c->subject,
                                  .verdict = c->verdict,
                                  .reason = _(c->reason),
                                  .person = f->v[HB_FIRST_OFFICER],
                                  .time = hb_now()};
    char path[HB_MAX_PATH], part[96];
    int r;

    row.until = row.time + (int64_t)HOLDS_NS;
    r = hb_decide_sign(&json, &row, key);
    (void)snprintf(part, sizeof(part), "decisions/first-%s.json",
                   strchr(c->subject, ':') + 1);
    if (r == 0)
        r = hb_path(&cli->paths, HB_DIR_ETC, part, path);
    if (r == 0)
        r = hb_file_write(path, json.p, json.n, 0644);
    return r < 0 ? hb_err_set(&f->err, r, "%s: %s", part, strerror(-r)) : 0;
}

/* ---- the first posture ---- */

static int inputs_of(struct hb_first_answers *f, const struct hb_casebook *b,
                     int64_t now, struct hb_posture_input **ret)
{
    struct hb_posture_input *in =
        HB_NEW_N(f->arena, struct hb_posture_input, b->n + 1);
    char subject[32];

    if (in == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < b->n; i++) {
        const struct hb_case *c = &b->cases[i];
        struct hb_control_result *v =
            HB_NEW_N(f->arena, struct hb_control_result, c->controls_n + 1);

        if (v == NULL)
            return -ENOMEM;
        in[i] = (struct hb_posture_input){
            .number = c->number, .results = v, .results_n = c->controls_n};
        for (size_t k = 0; k < c->controls_n; k++)
            result_of(f, &c->controls[k], now, &v[k]);
        (void)snprintf(subject, sizeof(subject), "case:%u", c->number);
        for (size_t k = 0; k < HB_ARRAY_LEN(consequences); k++)
            if (hb_streq(consequences[k].subject, subject) &&
                hb_first_is(f, consequences[k].which, consequences[k].word))
                in[i].not_applicable = (struct hb_decision){
                    f->v[HB_FIRST_OFFICER], _(consequences[k].reason), now,
                    now + (int64_t)HOLDS_NS};
    }
    *ret = in;
    return 0;
}

/* What these answers tell by themselves; the machine is asked by the service,
 * as soon as it runs. */
static void result_of(const struct hb_first_answers *f,
                      const struct hb_control *k, int64_t now,
                      struct hb_control_result *ret)
{
    *ret = (struct hb_control_result){.control = k->id};
    if (hb_streq(k->id, "people.two")) {
        ret->at = now;
        ret->status =
            hb_first_is(f, HB_FIRST_DEPUTY, "no") ? HB_CS_FAIL : HB_CS_PASS;
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(consequences); i++) {
        const struct consequence *c = &consequences[i];

        if (strncmp(c->subject, "control:", 8) == 0 &&
            hb_streq(c->subject + 8, k->id) &&
            hb_first_is(f, c->which, c->word)) {
            ret->at = now;
            ret->status = HB_CS_PASS;
        }
    }
}
