/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailing.c - `hinoban mailing`: a paper to people outside, one mail each,
 * released by two people.  The list is read here (mailing_list.c), and the
 * signature covers what was shown here, not what the service says of it.
 *
 * Runs as a short-lived client without privileges.
 */
#include "cli/mailing.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/show.h"
#include "cli/client.h"
#include "event/mailing.h"

#define CHUNK 500u /* people in one request */

/* A mailing as the service shows it, its list whole. */
struct shown {
    const struct hb_json *data;   /* of the first page */
    const struct hb_json **pages; /* their "to" */
    size_t pages_n;
    int64_t count;
};

static int draft(const struct hb_cli *cli, const char *incident,
                 const char *paper);
static int make(const struct hb_cli *cli, int argc, char **argv,
                const char *subject);
static int make_text(struct hb_arena *a, const char *path, struct hb_slice *ret,
                     struct hb_err *err);
static unsigned find_spaced(struct hb_slice text, const char *word);
static int hand_in(const struct hb_cli *cli, struct hb_arena *a, int64_t id,
                   const struct hb_mailing_list *list, struct hb_err *err);
static int fetch(const struct hb_cli *cli, struct hb_arena *a, int64_t id,
                 struct shown *ret, struct hb_err *err);
static int release(const struct hb_cli *cli, int64_t id, const char *seal,
                   const char *person, const char *key_file, const char *pass);
static int terms_of(struct hb_arena *a, const struct shown *s,
                    struct hb_mailing_terms *ret, struct hb_err *err);
static int show(const struct hb_cli *cli, int64_t id, bool csv, bool rest);
static void in_words(struct hb_arena *a, const struct shown *s, int64_t id);
static void one_person(struct hb_buf *b, const struct hb_json *to);
static void lines(struct hb_buf *b, const char *text);
static const char *detail_of(const struct hb_json *to);
static const char *state_text(const char *state);
static void as_csv(const struct shown *s, bool rest);
static int stop(const struct hb_cli *cli, int64_t id, const char *words);
static int one(const struct hb_cli *cli, const char *cmd, int64_t id);

int hb_cmd_mailing(struct hb_cli *cli, int argc, char **argv)
{
    const char *subject = hb_client_opt(&argc, argv, "--subject");
    const char *person = hb_client_opt(&argc, argv, "--person");
    const char *key = hb_client_opt(&argc, argv, "--key");
    const char *pass = hb_client_opt(&argc, argv, "--passphrase-file");
    bool csv = hb_client_flag(&argc, argv, "--csv");
    bool rest = hb_client_flag(&argc, argv, "--not-reached");
    const char *verb = argc > 1 ? argv[1] : "list";
    int64_t id = 0;

    if (hb_streq(verb, "draft") && argc == 4)
        return draft(cli, argv[2], argv[3]);
    if (hb_streq(verb, "new") && argc == 6)
        return make(cli, argc, argv, subject);
    if (argc > 2 && (hb_parse_i64(hb_slice_z(argv[2]), &id) < 0 || id < 1))
        return hb_cli_usage(cli, _("%s is not a number"), argv[2]);
    if (hb_streq(verb, "list") && argc <= 3)
        return one(cli, "mailing.list", id);
    if (hb_streq(verb, "show") && argc == 3)
        return show(cli, id, csv || rest, rest);
    if (hb_streq(verb, "release") && argc == 4)
        return release(cli, id, argv[3], person, key, pass);
    if (hb_streq(verb, "stop") && argc == 4)
        return stop(cli, id, argv[3]);
    return hb_cli_usage(cli,
                        _("say what to do: draft INCIDENT PAPER, new "
                          "INCIDENT PAPER LIST.csv TEXT.txt --subject "
                          "TEXT, list, show ID, release ID SEAL or stop ID "
                          "\"WHY\""));
}

/* ---- new ---- */

static int draft(const struct hb_cli *cli, const char *incident,
                 const char *paper)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;
    int64_t id;

    if (hb_parse_i64(hb_slice_z(incident), &id) < 0 || id < 1)
        return hb_cli_usage(cli, _("%s is not a number"), incident);
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "incident", id);
    hb_jw_str(&w, "paper", paper);
    hb_jw_end_obj(&w);
    return hb_buf_err(&args) < 0
               ? hb_cli_fail_code("memory", -ENOMEM)
               : hb_client_print(cli, "mailing.draft", hb_buf_z(&args));
}

static int make(const struct hb_cli *cli, int argc, char **argv,
                const char *subject)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_mailing_list list = {0};
    const struct hb_json *answer;
    struct hb_err err = {0};
    struct hb_slice text = {0};
    int64_t incident, id;
    struct hb_jw w;
    int r;

    if (hb_parse_i64(hb_slice_z(argv[2]), &incident) < 0 || incident < 1)
        return hb_cli_usage(cli, _("%s is not a number"), argv[2]);
    if (subject == NULL)
        return hb_cli_usage(cli, _("say --subject \"TEXT\", the subject of the "
                                   "mail"));
    if (a == NULL)
        return hb_cli_fail_code("memory", -ENOMEM);
    r = hb_mailing_list_read(a, argv[4], &list, &err);
    if (r == 0)
        r = make_text(a, argv[5], &text, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "incident", incident);
    hb_jw_str(&w, "paper", argv[3]);
    hb_jw_str(&w, "subject", subject);
    hb_jw_slice(&w, "text", text);
    hb_jw_end_obj(&w);
    r = hb_buf_err(&args) < 0 ? hb_err_set(&err, -ENOMEM, _("out of memory"))
                              : hb_client_call(cli, a, "mailing.new",
                                               hb_buf_z(&args), &answer, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    id = hb_json_int(hb_json_get(answer, "data"), "id", 0);
    r = hand_in(cli, a, id, &list, &err);
    if (r < 0) {
        /* Half a list is no mailing. */
        (void)stop(cli, id, _("its list could not be taken"));
        return hb_cli_fail(&err);
    }
    if (cli->json)
        printf("{\"id\":%lld,\"count\":%zu}\n", (long long)id, list.n);
    else
        printf(_("Mailing %lld to %zu people is ready. Nothing is sent until "
                 "two people release it:\n"
                 "    hinoban mailing show %lld\n"),
               (long long)id, list.n, (long long)id);
    return hb_cli_flush();
}

/* As an editor of any system saved it.  What is left for the writer to do has
 * no place in a letter. */
static int make_text(struct hb_arena *a, const char *path, struct hb_slice *ret,
                     struct hb_err *err)
{
    static const char *const unfit[] = {
        "(fillin",          "(記入", "宛名を記入", "(notpartofthepaper)",
        "この欄は渡さない", "____",  "＿＿"};
    int r = hb_mailing_file_read(a, path, 4 * HB_MAILING_TEXT_MAX, ret, err);

    if (r < 0)
        return r;
    if (!hb_mailing_text_ok(*ret))
        return hb_err_at(err, -EINVAL, path, 0, 0,
                         _("the text is empty, longer than %u bytes, or has "
                           "control or hidden characters"),
                         HB_MAILING_TEXT_MAX);
    for (size_t i = 0; i < HB_ARRAY_LEN(unfit); i++) {
        unsigned line = find_spaced(*ret, unfit[i]);

        if (line > 0)
            return hb_err_at(err, -EINVAL, path, line, 0,
                             _("\"%s\" is left from the draft: fill in what is "
                               "missing and take the notes for the writer out "
                               "(%s stands for each person's name)"),
                             unfit[i], HB_MAILING_NAME);
    }
    return 0;
}

/* The line in which WORD begins, blanks and line ends in between counting for
 * nothing, as drafts are folded; 0: nowhere. */
static unsigned find_spaced(struct hb_slice text, const char *word)
{
    unsigned line = 1;

    for (size_t i = 0; i < text.n; i++) {
        size_t at = i, k = 0;

        while (at < text.n && word[k] != '\0') {
            if (strchr(" \t\n", text.p[at]) != NULL)
                at++;
            else if (text.p[at] == word[k])
                at++, k++;
            else
                break;
        }
        if (word[k] == '\0' && text.p[i] == word[0])
            return line;
        line += text.p[i] == '\n';
    }
    return 0;
}

static int hand_in(const struct hb_cli *cli, struct hb_arena *a, int64_t id,
                   const struct hb_mailing_list *list, struct hb_err *err)
{
    const struct hb_json *answer;
    int r = 0;

    for (size_t i = 0; i < list->n && r == 0; i += CHUNK) {
        _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
        struct hb_jw w;

        hb_jw_init(&w, &args);
        hb_jw_obj(&w, NULL);
        hb_jw_int(&w, "id", id);
        hb_jw_arr(&w, "to");
        for (size_t k = i; k < HB_MIN(i + CHUNK, list->n); k++) {
            hb_jw_obj(&w, NULL);
            hb_jw_str(&w, "name", list->v[k].name);
            hb_jw_str(&w, "address", list->v[k].address);
            hb_jw_end_obj(&w);
        }
        hb_jw_end_arr(&w);
        hb_jw_end_obj(&w);
        r = hb_buf_err(&args) < 0
                ? hb_err_set(err, -ENOMEM, _("out of memory"))
                : hb_client_call(cli, a, "mailing.add", hb_buf_z(&args),
                                 &answer, err);
    }
    return r;
}

/* ---- release ---- */

static int release(const struct hb_cli *cli, int64_t id, const char *seal,
                   const char *person, const char *key_file, const char *pass)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf message = HB_BUF_INIT, args = HB_BUF_INIT;
    char hex[2 * HB_SIG_SIZE + 1], now[HB_MAILING_SEAL];
    uint8_t sig[HB_SIG_SIZE];
    struct hb_mailing_terms t;
    struct hb_key *key = NULL;
    struct hb_err err = {0};
    struct shown s;
    struct hb_jw w;
    int r = a == NULL ? hb_err_set(&err, -ENOMEM, _("out of memory"))
                      : fetch(cli, a, id, &s, &err);

    if (r == 0)
        r = terms_of(a, &s, &t, &err);
    if (r == 0)
        r = hb_mailing_seal(&t, now);
    if (r == 0 && !hb_streq(seal, now))
        r = hb_err_set(&err, -ESTALE,
                       _("The seal of this mailing is not %s. Look at its text "
                         "and list again: hinoban mailing show %lld"),
                       seal, (long long)id);
    if (r == 0)
        r = hb_client_me(cli, a, person, &person, &err);
    if (r == 0)
        r = hb_client_key(key_file, pass, &key, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    r = hb_mailing_message(&message, &t, person);
    if (r == 0)
        r = hb_sign(key, "mailing", hb_buf_slice(&message), sig);
    hb_key_free(key);
    if (r < 0)
        return hb_cli_fail_code("mailing", r);
    hb_hex(sig, sizeof(sig), hex);
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "id", id);
    hb_jw_str(&w, "sig", hex);
    hb_jw_end_obj(&w);
    return hb_buf_err(&args) < 0
               ? hb_cli_fail_code("memory", -ENOMEM)
               : hb_client_print(cli, "mailing.release", hb_buf_z(&args));
}

/* From what was shown: who signs, signs this text and this list. */
static int terms_of(struct hb_arena *a, const struct shown *s,
                    struct hb_mailing_terms *ret, struct hb_err *err)
{
    struct hb_slice text = hb_slice_z(hb_json_str(s->data, "text", ""));
    hb_merkle_hash *leaves;
    size_t n = 0;
    int r = 0;

    if (s->count < 1 || s->count > HB_MAILING_TO_MAX)
        return hb_err_set(err, -ENODATA, _("Nobody stands in its list."));
    *ret = (struct hb_mailing_terms){
        .uid = hb_json_str(s->data, "uid", ""),
        .paper = hb_json_str(s->data, "paper", ""),
        .subject = hb_json_str(s->data, "subject", ""),
        .incident = hb_json_int(s->data, "incident", 0),
        .count = s->count,
        .until = hb_json_int(s->data, "until_ns", 0),
    };
    if (!hb_mailing_in_time(hb_now(), ret->until))
        return hb_err_set(err, -ETIME,
                          _("It is more than seven days old; make a new one."));
    if (!hb_mailing_text_ok(text) || !hb_mailing_subject_ok(ret->subject))
        return hb_err_set(err, -EBADMSG,
                          _("The text or the subject has hidden characters; "
                            "somebody has changed them."));
    leaves = HB_NEW_N(a, hb_merkle_hash, (size_t)s->count);
    if (leaves == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    for (size_t i = 0; i < s->pages_n && r == 0; i++)
        for (const struct hb_json *to = s->pages[i]->first;
             to != NULL && r == 0; to = to->next)
            r = n == (size_t)s->count
                    ? -EBADMSG
                    : hb_mailing_leaf(hb_json_str(to, "name", ""),
                                      hb_json_str(to, "address", ""),
                                      leaves[n++]);
    if (r < 0 || n != (size_t)s->count)
        return hb_err_set(err, -EBADMSG,
                          _("The list changed while it was read; try again."));
    hb_sha256(text.p, text.n, ret->text);
    hb_merkle_root((const hb_merkle_hash *)leaves, n, ret->root);
    return 0;
}

/* Page by page. */
static int fetch(const struct hb_cli *cli, struct hb_arena *a, int64_t id,
                 struct shown *ret, struct hb_err *err)
{
    int64_t from = 0;

    *ret = (struct shown){
        .pages = HB_NEW_N(a, const struct hb_json *, HB_MAILING_TO_MAX)};
    if (ret->pages == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    do {
        const struct hb_json *answer, *data;
        char args[80];
        int r;

        (void)snprintf(args, sizeof(args), "{\"id\":%lld,\"from\":%lld}",
                       (long long)id, (long long)from);
        r = hb_client_call(cli, a, "mailing.show", args, &answer, err);
        if (r < 0)
            return r;
        data = hb_json_get(answer, "data");
        if (data == NULL || hb_json_get(data, "to") == NULL ||
            ret->pages_n == HB_MAILING_TO_MAX)
            return hb_err_set(err, -EBADMSG,
                              _("The answer of the service has no list."));
        if (from == 0) {
            ret->data = data;
            ret->count = hb_json_int(data, "count", 0);
        }
        ret->pages[ret->pages_n++] = hb_json_get(data, "to");
        from = hb_json_int(data, "next", 0);
    } while (from > 0);
    return 0;
}

/* ---- looking, stopping ---- */

static int show(const struct hb_cli *cli, int64_t id, bool csv, bool rest)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_err err = {0};
    struct shown s;

    if (cli->json)
        return one(cli, "mailing.show", id);
    if (a == NULL)
        return hb_cli_fail_code("memory", -ENOMEM);
    if (fetch(cli, a, id, &s, &err) < 0)
        return hb_cli_fail(&err);
    if (csv)
        as_csv(&s, rest);
    else
        in_words(a, &s, id);
    return hb_cli_flush();
}

/* All that is signed, as the seal covers it. */
static void in_words(struct hb_arena *a, const struct shown *s, int64_t id)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char seal[HB_MAILING_SEAL], until[64];
    struct hb_mailing_terms t;
    struct hb_err err = {0};

    hb_buf_addf(&b, _("Mailing %lld of incident %lld, %s: %s\nSubject: "),
                (long long)id, (long long)hb_json_int(s->data, "incident", 0),
                hb_json_str(s->data, "paper", ""),
                state_text(hb_json_str(s->data, "state", "")));
    hb_show(&b, hb_slice_z(hb_json_str(s->data, "subject", "")));
    hb_buf_addf(
        &b,
        _("\nTo: %lld people, one mail each; %lld sent, %lld not "
          "reached\nReleased by: %lld of %u; may be sent until %s\n"),
        (long long)s->count, (long long)hb_json_int(s->data, "sent", 0),
        (long long)hb_json_int(s->data, "failed", 0),
        (long long)hb_json_int(s->data, "releases", 0), HB_MAILING_RELEASES,
        hb_time_utc(hb_json_int(s->data, "until_ns", 0), until, sizeof(until)));
    if (hb_json_bool(s->data, "held", false))
        hb_buf_addz(&b,
                    _("It waits: mail may be read along (fact out_of_band). "
                      "Send it by another way, or set the fact anew.\n"));
    hb_buf_addc(&b, '\n');
    lines(&b, hb_json_str(s->data, "text", ""));
    hb_buf_addc(&b, '\n');
    for (size_t i = 0; i < s->pages_n; i++)
        for (const struct hb_json *to = s->pages[i]->first; to != NULL;
             to = to->next)
            one_person(&b, to);
    if (hb_streq(hb_json_str(s->data, "state", ""), "draft")) {
        if (terms_of(a, s, &t, &err) == 0 && hb_mailing_seal(&t, seal) == 0)
            hb_buf_addf(&b,
                        _("\nWhoever finds text and list right releases them: "
                          "hinoban mailing release %lld %s\n"),
                        (long long)id, seal);
        else
            hb_buf_addf(&b, "\n%s\n", err.message);
    }
    (void)fwrite(b.p, 1, b.n, stdout);
}

static void one_person(struct hb_buf *b, const struct hb_json *to)
{
    hb_buf_addf(b, "  %-8s ", state_text(hb_json_str(to, "state", "")));
    hb_show(b, hb_slice_z(hb_json_str(to, "name", "")));
    hb_buf_addz(b, " <");
    hb_show(b, hb_slice_z(hb_json_str(to, "address", "")));
    hb_buf_addz(b, ">  ");
    hb_show(b, hb_slice_z(detail_of(to)));
    hb_buf_addc(b, '\n');
}

static void lines(struct hb_buf *b, const char *text)
{
    for (size_t n; *text != '\0'; text += n + (text[n] == '\n')) {
        n = strcspn(text, "\n");
        hb_show(b, (struct hb_slice){text, n});
        hb_buf_addc(b, '\n');
    }
}

/* Ours is in English of the catalogue, a relay's in its own words. */
static const char *detail_of(const struct hb_json *to)
{
    const char *z = hb_json_str(to, "detail", "");

    return z[0] != '\0' ? hb_gettext(z) : "";
}

/* Of a mailing or one person of it. */
static const char *state_text(const char *state)
{
    static const char *const names[] = {"draft",   "released", "done",
                                        "stopped", "waiting",  "sent",
                                        "failed",  "left"};
    static const char *const words[] = {
        N_("draft"), N_("released"), N_("done"),   N_("stopped"),
        N_("waits"), N_("sent"),     N_("failed"), N_("left")};

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++)
        if (hb_streq(names[i], state))
            return hb_gettext(words[i]);
    return state;
}

/* For a spreadsheet, or for letters to those whom no mail reached. */
static void as_csv(const struct shown *s, bool rest)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    /* With the mark by which spreadsheet programs know UTF-8. */
    hb_buf_addz(&b, "\xef\xbb\xbfname,address,state,detail\r\n");
    for (size_t i = 0; i < s->pages_n; i++)
        for (const struct hb_json *to = s->pages[i]->first; to != NULL;
             to = to->next) {
            const char *state = hb_json_str(to, "state", "");

            if (rest && !hb_streq(state, "failed") && !hb_streq(state, "left"))
                continue;
            hb_csv_add(&b, hb_json_str(to, "name", ""), false);
            hb_csv_add(&b, hb_json_str(to, "address", ""), true);
            hb_csv_add(&b, state, true);
            hb_csv_add(&b, detail_of(to), true);
            hb_buf_addz(&b, "\r\n");
        }
    (void)fwrite(b.p, 1, b.n, stdout);
}

static int stop(const struct hb_cli *cli, int64_t id, const char *words)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "id", id);
    hb_jw_str(&w, "words", words);
    hb_jw_end_obj(&w);
    return hb_buf_err(&args) < 0
               ? hb_cli_fail_code("memory", -ENOMEM)
               : hb_client_print(cli, "mailing.stop", hb_buf_z(&args));
}

/* ID: of an incident for the list (0: all). */
static int one(const struct hb_cli *cli, const char *cmd, int64_t id)
{
    char args[64];

    (void)snprintf(args, sizeof(args), "{\"%s\":%lld}",
                   hb_streq(cmd, "mailing.list") ? "incident" : "id",
                   (long long)id);
    return hb_client_print(cli, cmd, args);
}
