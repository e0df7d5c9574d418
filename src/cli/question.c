/* SPDX-License-Identifier: Apache-2.0 */
/*
 * question.c - `hinoban question list | ask`: what only a person can answer
 * (controls with "question: true"), where the answer is missing or too old.
 *
 * Runs as the person who answers; each answer is a decision that is signed
 * here and verified by core.  Ask reads from standard input, one question
 * after the other, in the order of what avoids most harm.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/client.h"
#include "cli/decide.h"
#include "cli/text.h"

struct asking {
    struct hb_cli *cli;
    struct hb_arena *a;
    const char *person;
    const struct hb_key *key;
    uint64_t ns; /* --for; 0: as long as the control lets an answer stand */
    unsigned answered;
    struct hb_err err;
};

static int ask(struct hb_cli *cli, int argc, char **argv);
static int ask_all(struct asking *q, const struct hb_json *list);
static int ask_one(struct asking *q, const struct hb_json *one);
static int send(struct asking *q, const struct hb_json *one,
                const char *verdict, const char *reason);
static void show(const struct hb_json *one);
static const char *in_language(const struct hb_json *one, const char *key);
static bool line(const char *prompt, char *buf, size_t size);

int hb_cmd_question(struct hb_cli *cli, int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "list";

    if (hb_streq(verb, "list") && argc <= 2)
        return hb_client_print(cli, "question.list", "{}");
    if (hb_streq(verb, "ask"))
        return ask(cli, argc - 1, argv + 1);
    return hb_cli_usage(cli, _("say what to do: list or ask"));
}

static int ask(struct hb_cli *cli, int argc, char **argv)
{
    const char *person = hb_client_opt(&argc, argv, "--person");
    const char *key_file = hb_client_opt(&argc, argv, "--key");
    const char *pass = hb_client_opt(&argc, argv, "--passphrase-file");
    const char *span = hb_client_opt(&argc, argv, "--for");
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct asking q = {.cli = cli, .a = a};
    const struct hb_json *answer;
    struct hb_key *key = NULL;
    int r;

    if (argc > 1)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    if (span != NULL && hb_parse_duration(hb_slice_z(span), &q.ns) < 0)
        return hb_cli_usage(cli, _("%s is not a length of time"), span);
    if (a == NULL)
        return hb_cli_fail_code("memory", -ENOMEM);
    r = hb_client_call(cli, a, "question.list", "{}", &answer, &q.err);
    if (r == 0)
        r = hb_client_me(cli, a, person, &q.person, &q.err);
    if (r == 0)
        r = hb_client_key(key_file, pass, &key, &q.err);
    q.key = key;
    if (r == 0)
        r = ask_all(&q, hb_json_get(answer, "data"));
    hb_key_free(key);
    if (r < 0)
        return hb_cli_fail(&q.err);
    if (!cli->json)
        printf(P_("%u answer is recorded.\n", "%u answers are recorded.\n",
                  q.answered),
               q.answered);
    return hb_cli_flush();
}

static int ask_all(struct asking *q, const struct hb_json *list)
{
    if (list == NULL || list->type != HB_JSON_ARR)
        return hb_err_set(&q->err, -EBADMSG, _("The service did not answer."));
    if (list->count > 0)
        printf(_("Each answer is signed with your key. Leave a line empty to "
                 "skip a question.\n"));
    HB_JSON_EACH (one, list) {
        int r = ask_one(q, one);

        if (r != 0)
            return r < 0 ? r : 0;
    }
    return 0;
}

/* 1: no more. */
static int ask_one(struct asking *q, const struct hb_json *one)
{
    char word[16], why[1024];

    show(one);
    for (;;) {
        if (!line(_("Does it hold? y(es), n(o), empty: later, q(uit): "), word,
                  sizeof(word)) ||
            word[0] == 'q')
            return 1;
        if (word[0] == '\0')
            return 0;
        if (word[0] != 'y' && word[0] != 'n')
            continue;
        if (!line(_("How do you know, and where is it written down? "), why,
                  sizeof(why)))
            return 1;
        if (why[0] != '\0')
            return send(q, one, word[0] == 'y' ? "pass" : "fail", why);
    }
}

static int send(struct asking *q, const struct hb_json *one,
                const char *verdict, const char *reason)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    uint64_t ns =
        q->ns != 0 ? q->ns : (uint64_t)hb_json_int(one, "max_age_ns", 1);
    struct hb_decision_row row = {
        .verdict = verdict,
        .reason = reason,
        .person = q->person,
        .time = hb_now(),
        .subject = hb_arena_printf(q->a, "control:%s",
                                   hb_json_str(one, "control", "?"))};
    const struct hb_json *answer;
    int r;

    row.until = row.time + (int64_t)ns;
    r = row.subject == NULL ? -ENOMEM : hb_decide_sign(&args, &row, q->key);
    if (r == 0)
        r = hb_client_call(q->cli, q->a, "decision.add", hb_buf_z(&args),
                           &answer, &q->err);
    q->answered += r == 0;
    return r;
}

static void show(const struct hb_json *one)
{
    const struct hb_json *cases = hb_json_get(one, "cases");

    printf("\n[%s] ", hb_json_str(one, "control", "?"));
    if (cases != NULL) {
        printf("%s", P_("case", "cases", cases->count));
        HB_JSON_EACH (k, cases)
            printf(k == cases->first ? " %lld" : ", %lld",
                   (long long)k->integer);
    }
    printf("\n");
    hb_cli_para("  ", "  ", in_language(one, "text"));
    hb_cli_para(_("  Why: "), "  ", in_language(one, "why"));
    hb_cli_para(_("  If not: "), "  ", in_language(one, "fix"));
}

static const char *in_language(const struct hb_json *one, const char *key)
{
    return hb_json_str(hb_json_get(one, key), hb_lang_code(hb_i18n_lang()),
                       "?");
}

/* false at the end of the input; what does not fit in BUF is left out. */
static bool line(const char *prompt, char *buf, size_t size)
{
    size_t n = 0;
    int c;

    printf("%s", prompt);
    (void)fflush(stdout);
    while ((c = getchar()) != EOF && c != '\n')
        if (n + 1 < size && c != '\r' && c != '\0')
            buf[n++] = (char)c;
    buf[n] = '\0';
    return c != EOF || n > 0;
}
