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

#include "base/file.h"
#include "base/num.h"
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
static int hand_in(const struct hb_cli *cli, struct hb_arena *a, int64_t id,
                   const struct hb_mailing_list *list, struct hb_err *err);
static int fetch(const struct hb_cli *cli, struct hb_arena *a, int64_t id,
                 struct shown *ret, struct hb_err *err);
static int release(const struct hb_cli *cli, int64_t id, const char *person,
                   const char *key_file, const char *pass);
static int terms_of(struct hb_arena *a, const struct shown *s,
                    struct hb_mailing_terms *ret, struct hb_err *err);
static int show(const struct hb_cli *cli, int64_t id, bool csv, bool rest);
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
    if (hb_streq(verb, "release") && argc == 3)
        return release(cli, id, person, key, pass);
    if (hb_streq(verb, "stop") && argc == 4)
        return stop(cli, id, argv[3]);
    return hb_cli_usage(cli, _("say what to do: draft INCIDENT PAPER, new "
                               "INCIDENT PAPER LIST.csv TEXT.txt --subject "
                               "TEXT, list, show ID, release ID or stop ID "
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
    struct hb_slice text;
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
    r = hb_client_call(cli, a, "mailing.new", hb_buf_z(&args), &answer, &err);
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
                 "    hinoban mailing show %lld\n"
                 "    hinoban mailing release %lld\n"),
               (long long)id, list.n, (long long)id, (long long)id);
    return hb_cli_flush();
}

/* What is left for the writer to do has no place in a letter. */
static int make_text(struct hb_arena *a, const char *path, struct hb_slice *ret,
                     struct hb_err *err)
{
    static const char *const unfit[] = {"(fill in", "(記入)", "(宛名を記入)",
                                        "(not part of the paper)",
                                        "(この欄は渡さない)"};
    char why[128];
    int r = hb_file_read(a, path, HB_MAILING_TEXT_MAX, ret);

    if (r < 0)
        return hb_err_at(err, r, path, 0, 0, "%s",
                         hb_errno_text(r, why, sizeof(why)));
    for (size_t i = 0; i < HB_ARRAY_LEN(unfit); i++) {
        const char *at = memmem(ret->p, ret->n, unfit[i], strlen(unfit[i]));
        unsigned line = 1;

        for (const char *p = ret->p; at != NULL && p < at; p++)
            line += *p == '\n';
        if (at != NULL)
            return hb_err_at(err, -EINVAL, path, line, 0,
                             _("\"%s\" is left from the draft: fill in what is "
                               "missing and take the notes for the writer out "
                               "(%s stands for each person's name)"),
                             unfit[i], HB_MAILING_NAME);
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

static int release(const struct hb_cli *cli, int64_t id, const char *person,
                   const char *key_file, const char *pass)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf message = HB_BUF_INIT, args = HB_BUF_INIT;
    char hex[2 * HB_SIG_SIZE + 1];
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
    return hb_client_print(cli, "mailing.release", hb_buf_z(&args));
}

/* From what was shown: who signs, signs this text and this list. */
static int terms_of(struct hb_arena *a, const struct shown *s,
                    struct hb_mailing_terms *ret, struct hb_err *err)
{
    const struct hb_json *said = hb_json_get(s->data, "terms");
    struct hb_slice text = hb_slice_z(hb_json_str(s->data, "text", ""));
    hb_merkle_hash *leaves;
    size_t n = 0;
    int r = 0;

    if (said == NULL || s->count < 1 || s->count > HB_MAILING_TO_MAX)
        return hb_err_set(err, -ENODATA, _("Nobody stands in its list."));
    *ret = (struct hb_mailing_terms){
        .uid = hb_json_str(said, "uid", ""),
        .paper = hb_json_str(s->data, "paper", ""),
        .subject = hb_json_str(s->data, "subject", ""),
        .incident = hb_json_int(s->data, "incident", 0),
        .count = s->count,
        .until = hb_json_int(s->data, "until_ns", 0),
    };
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

    if (!csv)
        return one(cli, "mailing.show", id);
    if (a == NULL)
        return hb_cli_fail_code("memory", -ENOMEM);
    if (fetch(cli, a, id, &s, &err) < 0)
        return hb_cli_fail(&err);
    as_csv(&s, rest);
    return hb_cli_flush();
}

/* For a spreadsheet, or for letters to those whom no mail reached. */
static void as_csv(const struct shown *s, bool rest)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_buf_addz(&b, "name,address,state,detail\r\n");
    for (size_t i = 0; i < s->pages_n; i++)
        for (const struct hb_json *to = s->pages[i]->first; to != NULL;
             to = to->next) {
            const char *state = hb_json_str(to, "state", "");

            if (rest && !hb_streq(state, "failed") && !hb_streq(state, "left"))
                continue;
            hb_csv_add(&b, hb_json_str(to, "name", ""), false);
            hb_csv_add(&b, hb_json_str(to, "address", ""), true);
            hb_csv_add(&b, state, true);
            hb_csv_add(&b, hb_gettext(hb_json_str(to, "detail", "")), true);
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
