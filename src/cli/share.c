/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share.c - `hinoban share`: the locker from the command line.
 *
 * Root calls it.  Files are opened as root; then the process becomes the user
 * of the portal for good and does what a page would do: the same store, the
 * same policy, the same letters (portal/tool.h).  Who did it stands in the
 * trail: the owner for whom a share is made, else "root".
 */
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/num.h"
#include "base/show.h"
#include "cli/client.h"
#include "config/config.h"
#include "daemon/role.h"
#include "guard/share/content.h"
#include "guard/share/keep.h"
#include "guard/share/staff.h"
#include "guard/share/trail.h"
#include "portal/tool.h"

#define FILES_MAX 64
#define TO_MAX    64
#define ROOT      "root"

struct share {
    struct hb_cli *cli;
    struct hb_config *config;
    struct hb_role_ctx ctx;
    struct portal_tool *tool;
    struct hb_share_store *store;
    struct hb_arena *a;
    struct hb_buf json;
    struct hb_jw w;
};

static int begin(struct share *s, struct hb_err *err);
static int become_portal(struct hb_err *err);
static int end(struct share *s, int rc);
static int make(struct share *s, int argc, char **argv, bool invitation);
static int open_files(struct share *s, int argc, char **argv,
                      struct portal_tool_file *files, size_t *ret_n);
static void progress(void *arg, size_t i, int64_t at);
static int list(struct share *s, int argc, char **argv);
static int show(struct share *s, int64_t id);
static int trail(struct share *s, int64_t id);
static int wrong(struct share *s, int64_t id, const char *address);
static int link_again(struct share *s, int64_t id, const char *address);
static int verify(struct share *s);
static int find(struct share *s, int64_t id, const char *address, int64_t *ret);
static int rotate(struct share *s);
static int said(struct share *s, int r, int64_t id, const char *done);
static void put_share(struct share *s, const struct hb_share *sh);
static void put_verdict(struct share *s, const struct hb_share_verdict *v,
                        int64_t id);

int hb_cmd_share(struct hb_cli *cli, int argc, char **argv)
{
    struct share s = {.cli = cli, .json = HB_BUF_INIT};
    const struct hb_share_who who = {ROOT, "", true};
    const char *what = argc > 1 ? argv[1] : "";
    const char *word = argc > 3 ? argv[3] : NULL;
    struct hb_err err = {0};
    int64_t id = 0;
    bool numbered = !hb_streq(what, "new") && !hb_streq(what, "invite") &&
                    !hb_streq(what, "list") && !hb_streq(what, "verify") &&
                    !hb_streq(what, "rotate") && !hb_streq(what, "factor") &&
                    !hb_streq(what, "signout");

    if (hb_streq(what, "new") || hb_streq(what, "invite"))
        return make(&s, argc - 1, argv + 1, hb_streq(what, "invite"));
    if (what[0] == '\0')
        return hb_cli_usage(cli, _("say what to do"));
    if (numbered &&
        (argc < 3 || hb_parse_i64(hb_slice_z(argv[2]), &id) < 0 || id <= 0))
        return hb_cli_usage(cli, _("say which share: its number"));
    if (hb_streq(what, "factor") && argc != 3)
        return hb_cli_usage(cli, _("say whose second factor goes"));
    if (hb_streq(what, "signout") && argc != 3)
        return hb_cli_usage(cli, _("say who is signed out"));
    if (begin(&s, &err) < 0)
        return end(&s, hb_cli_fail(&err));
    if (hb_streq(what, "list"))
        return end(&s, list(&s, argc - 1, argv + 1));
    if (hb_streq(what, "show"))
        return end(&s, show(&s, id));
    if (hb_streq(what, "trail"))
        return end(&s, trail(&s, id));
    if (hb_streq(what, "wrong"))
        return end(&s, wrong(&s, id, word));
    if (hb_streq(what, "link"))
        return end(&s, link_again(&s, id, word));
    if (hb_streq(what, "verify"))
        return end(&s, verify(&s));
    if (hb_streq(what, "revoke"))
        return end(&s, said(&s, hb_share_revoke(s.store, id, &who), id,
                            _("All links of share %lld are dead.\n")));
    if (hb_streq(what, "delete"))
        return end(&s, said(&s, hb_share_delete(s.store, id, &who), id,
                            _("Share %lld is deleted; its files are "
                              "destroyed.\n")));
    if (hb_streq(what, "accept"))
        return end(&s, said(&s, hb_share_accept(s.store, id, &who), id,
                            _("File %lld is let in; its owner can fetch "
                              "it.\n")));
    if (hb_streq(what, "reopen")) {
        int r = hb_share_reopen(s.store, id, &who, s.config->share.days);

        if (r == 0)
            r = portal_tool_links(s.tool, id, ROOT);
        return end(&s, said(&s, r, id,
                            _("Share %lld is open again; new links are "
                              "mailed.\n")));
    }
    if (hb_streq(what, "rotate"))
        return end(&s, rotate(&s));
    if (hb_streq(what, "signout"))
        return end(&s, said(&s, hb_share_sessions_drop(s.store, argv[2], &who),
                            0, _("They are signed out everywhere.\n")));
    if (hb_streq(what, "factor"))
        return end(&s, said(&s, hb_share_totp_drop(s.store, argv[2], &who), 0,
                            _("The second factor is taken away; another can "
                              "be set up.\n")));
    return end(&s, hb_cli_usage(cli, _("unexpected argument %s"), what));
}

/* ---- static ---- */

static int begin(struct share *s, struct hb_err *err)
{
    const struct hb_paths *p = &s->cli->paths;
    int r =
        s->config == NULL ? hb_config_load(s->cli->config, &s->config, err) : 0;

    if (r < 0)
        return r;
    if (s->config->share.listen.n == 0)
        return hb_err_set(err, -ENOENT,
                          _("There is no share portal: hinoban.yaml has no "
                            "\"share: listen\"."));
    s->a = hb_arena_new(0);
    if (s->a == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r = become_portal(err);
    if (r < 0)
        return r;
    s->ctx = (struct hb_role_ctx){
        .role = "portal",
        .config = s->config,
        .etc_dir = p->dir[HB_DIR_ETC],
        .share_dir = p->dir[HB_DIR_SHARE],
        .share_keys = p->dir[HB_DIR_SHARE_KEYS],
        .run_dir = p->dir[HB_DIR_RUN],
    };
    r = portal_tool_open(&s->ctx, &s->tool, err);
    if (r == 0)
        s->store = portal_tool_store(s->tool);
    hb_jw_init(&s->w, &s->json);
    return r;
}

/* What it makes must be the portal's, and what it must not do it cannot. */
static int become_portal(struct hb_err *err)
{
    uid_t uid;
    gid_t gid;

    hb_role_ids(hb_role_find("portal"), &uid, &gid);
    if (geteuid() == uid)
        return 0;
    if (geteuid() != 0)
        return hb_err_set(err, -EPERM,
                          _("Run it as root (sudo hinoban share ...); our own "
                            "people use the portal's pages."));
    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
        setresuid(uid, uid, uid) < 0)
        return hb_err_set(err, hb_neg_errno(),
                          _("the portal's user cannot be taken on"));
    return 0;
}

static int end(struct share *s, int rc)
{
    if (s->tool != NULL && portal_tool_close(s->tool) < 0 && rc == HB_EXIT_OK) {
        struct hb_err err = {0};

        (void)hb_err_set(&err, -ETIMEDOUT,
                         _("It is done, but mails or events could not be "
                           "handed over: is hinoban-post running?"));
        rc = hb_cli_fail(&err);
    }
    if (rc == HB_EXIT_OK && s->cli->json && s->json.n > 0)
        printf("%s\n", hb_buf_z(&s->json));
    hb_buf_done(&s->json);
    hb_arena_free(s->a);
    hb_config_free(s->config);
    return rc == HB_EXIT_OK ? hb_cli_flush() : rc;
}

static int make(struct share *s, int argc, char **argv, bool invitation)
{
    const char *owner = hb_client_opt(&argc, argv, "--owner");
    const char *note = hb_client_opt(&argc, argv, "--note");
    const char *days = hb_client_opt(&argc, argv, "--days");
    const char *most = hb_client_opt(&argc, argv, "--downloads");
    bool dry = hb_client_flag(&argc, argv, "--dry-run");
    struct portal_tool_file files[FILES_MAX];
    const char *to[TO_MAX], *one;
    struct portal_tool_draft d = {
        .owner = owner,
        .note = note != NULL ? note : "",
        .to = to,
        .files = files,
        .invitation = invitation,
        .dry = dry,
        .arg = s,
    };
    struct hb_share_verdict v = {HB_SHARE_REFUSE, 0};
    struct hb_err err = {0};
    int64_t id = 0;
    int r;

    while ((one = hb_client_opt(&argc, argv, "--to")) != NULL) {
        if (d.to_n == TO_MAX)
            return hb_cli_usage(s->cli, _("too many recipients"));
        to[d.to_n++] = one;
    }
    if (owner == NULL || d.to_n == 0 || (argc < 2) != invitation ||
        (days != NULL && hb_parse_i64(hb_slice_z(days), &d.days) < 0) ||
        (most != NULL && hb_parse_i64(hb_slice_z(most), &d.most) < 0))
        return hb_cli_usage(
            s->cli, invitation ? _("say --owner ADDRESS and --to ADDRESS")
                               : _("say FILE, --owner ADDRESS and --to "
                                   "ADDRESS"));
    r = open_files(s, argc, argv, files, &d.files_n);
    if (r != HB_EXIT_OK)
        return r;
    if (isatty(STDERR_FILENO) && !s->cli->json)
        d.progress = progress;
    r = begin(s, &err);
    if (r == 0)
        r = portal_tool_new(s->tool, &d, &v, &id, &err);
    for (size_t i = 0; i < d.files_n; i++)
        (void)close(files[i].fd);
    if (r < 0)
        return end(s, hb_cli_fail(&err));
    put_verdict(s, &v, id);
    /* Refused is no success for whoever scripts it. */
    return end(s, v.decision == HB_SHARE_REFUSE ? HB_EXIT_FAILED : HB_EXIT_OK);
}

static int open_files(struct share *s, int argc, char **argv,
                      struct portal_tool_file *files, size_t *ret_n)
{
    *ret_n = 0;
    for (int i = 1; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        struct stat st;
        int fd;

        if (argv[i][0] == '-')
            return hb_cli_usage(s->cli, _("unexpected argument %s"), argv[i]);
        if (*ret_n == FILES_MAX)
            return hb_cli_usage(s->cli, _("too many files"));
        fd = open(argv[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0)
            return hb_cli_fail_code(argv[i], hb_neg_errno());
        if (!S_ISREG(st.st_mode)) {
            (void)close(fd);
            return hb_cli_fail_code(argv[i], -EINVAL);
        }
        files[(*ret_n)++] = (struct portal_tool_file){
            fd, slash != NULL ? slash + 1 : argv[i], st.st_size};
    }
    return HB_EXIT_OK;
}

static void progress(void *arg, size_t i, int64_t at)
{
    (void)arg;
    (void)fputc('\r', stderr);
    fprintf(stderr, _("file %zu: %lld MB"), i + 1, (long long)(at / 1000000));
}

static void put_verdict(struct share *s, const struct hb_share_verdict *v,
                        int64_t id)
{
    static const char *const words[] = {"allow", "approval", "refuse"};
    static const char *const texts[] = {N_("open; the links are mailed"),
                                        N_("it waits for a third person"),
                                        N_("refused by the rules")};

    hb_jw_obj(&s->w, NULL);
    hb_jw_int(&s->w, "id", id);
    hb_jw_str(&s->w, "decision", words[v->decision]);
    hb_jw_arr(&s->w, "reasons");
    for (unsigned i = 0; i < HB_SHARE_REASONS; i++)
        if ((v->reasons >> i & 1u) != 0)
            hb_jw_str(&s->w, NULL,
                      hb_share_reason_name((enum hb_share_reason)i));
    hb_jw_end_arr(&s->w);
    hb_jw_end_obj(&s->w);
    if (s->cli->json) {
        if (v->decision == HB_SHARE_REFUSE)
            printf("%s\n", hb_buf_z(&s->json));
        return;
    }
    if (id > 0)
        printf(_("Share %lld: %s.\n"), (long long)id, _(texts[v->decision]));
    else
        printf(_("The rules say: %s.\n"), words[v->decision]);
    for (unsigned i = 0; i < HB_SHARE_REASONS; i++)
        if ((v->reasons >> i & 1u) != 0)
            printf("  %s\n", hb_share_reason_text((enum hb_share_reason)i));
}

/* ---- looking ---- */

static void put_share(struct share *s, const struct hb_share *sh)
{
    char until[40] = "";

    if (sh->expires != 0)
        (void)hb_time_utc(sh->expires, until, sizeof(until));
    hb_jw_obj(&s->w, NULL);
    hb_jw_int(&s->w, "id", sh->id);
    hb_jw_str(&s->w, "uid", sh->uid);
    hb_jw_str(&s->w, "kind", sh->kind == HB_SHARE_IN ? "invitation" : "share");
    hb_jw_str(&s->w, "state", hb_share_state_name(sh->state));
    hb_jw_str(&s->w, "owner", sh->owner);
    hb_jw_str(&s->w, "until", until);
    hb_jw_int(&s->w, "files", sh->files);
    hb_jw_int(&s->w, "bytes", sh->bytes);
    hb_jw_int(&s->w, "recipients", sh->recipients);
    hb_jw_end_obj(&s->w);
    if (!s->cli->json)
        printf("%6lld  %-8s  %-30s  %3lld  %s\n", (long long)sh->id,
               hb_share_state_name(sh->state), sh->owner, (long long)sh->files,
               until);
}

static int on_share(void *arg, const struct hb_share *sh)
{
    put_share(arg, sh);
    return 0;
}

static int list(struct share *s, int argc, char **argv)
{
    const char *owner = hb_client_opt(&argc, argv, "--owner");
    bool waiting = hb_client_flag(&argc, argv, "--waiting");
    int r;

    if (argc > 1)
        return hb_cli_usage(s->cli, _("unexpected argument %s"), argv[1]);
    hb_jw_arr(&s->w, NULL);
    r = waiting ? hb_share_each_waiting(s->store, on_share, s)
                : hb_share_each(s->store, owner, 0, on_share, s);
    hb_jw_end_arr(&s->w);
    return r < 0 ? hb_cli_fail_code("share list", r) : HB_EXIT_OK;
}

static int on_file(void *arg, const struct hb_share_file *f)
{
    struct share *s = arg;
    char name[256 * 4];

    hb_jw_obj(&s->w, NULL);
    hb_jw_int(&s->w, "id", f->id);
    hb_jw_str(&s->w, "name", f->name);
    hb_jw_int(&s->w, "size", f->size);
    hb_jw_end_obj(&s->w);
    if (!s->cli->json)
        printf("  %s  %lld\n",
               hb_showz(name, sizeof(name), hb_slice_z(f->name)),
               (long long)f->size);
    return 0;
}

static int on_recipient(void *arg, const struct hb_share_recipient *r)
{
    struct share *s = arg;

    hb_jw_obj(&s->w, NULL);
    hb_jw_int(&s->w, "id", r->id);
    hb_jw_str(&s->w, "mail", r->mail);
    hb_jw_bool(&s->w, "revoked", r->revoked);
    hb_jw_int(&s->w, "downloads", r->downloads);
    hb_jw_end_obj(&s->w);
    if (!s->cli->json)
        printf(_("  %s%s, %lld downloads\n"), r->mail,
               r->revoked ? _(" (link dead)") : "", (long long)r->downloads);
    return 0;
}

static int show(struct share *s, int64_t id)
{
    struct hb_share sh;
    int r = hb_share_get(s->store, s->a, id, &sh);

    if (r < 0)
        return said(s, r, id, "");
    hb_jw_obj(&s->w, NULL);
    hb_jw_arr(&s->w, "share");
    put_share(s, &sh);
    hb_jw_end_arr(&s->w);
    hb_jw_arr(&s->w, "files");
    r = hb_share_each_file(s->store, id, on_file, s);
    hb_jw_end_arr(&s->w);
    hb_jw_arr(&s->w, "recipients");
    if (r == 0)
        r = hb_share_each_recipient(s->store, id, on_recipient, s);
    hb_jw_end_arr(&s->w);
    hb_jw_end_obj(&s->w);
    return r < 0 ? hb_cli_fail_code("share show", r) : HB_EXIT_OK;
}

static int on_trail(void *arg, const struct hb_share_trail *t)
{
    struct share *s = arg;
    char when[40], words[HB_SHOW_MAX];

    (void)hb_time_utc(t->time, when, sizeof(when));
    hb_jw_obj(&s->w, NULL);
    hb_jw_str(&s->w, "time", when);
    hb_jw_str(&s->w, "act", hb_share_act_name(t->act));
    hb_jw_str(&s->w, "who", t->who);
    hb_jw_str(&s->w, "from", t->from);
    hb_jw_int(&s->w, "bytes", t->bytes);
    hb_jw_str(&s->w, "words", t->words);
    hb_jw_end_obj(&s->w);
    if (!s->cli->json)
        printf("%s  %-16s  %s %s  %s\n", when, hb_share_act_name(t->act),
               t->who, t->from,
               hb_showz(words, sizeof(words), hb_slice_z(t->words)));
    return 0;
}

static int trail(struct share *s, int64_t id)
{
    int r;

    hb_jw_arr(&s->w, NULL);
    r = hb_share_each_trail(s->store, id, 0, on_trail, s);
    hb_jw_end_arr(&s->w);
    return r < 0 ? hb_cli_fail_code("share trail", r) : HB_EXIT_OK;
}

static int verify(struct share *s)
{
    struct hb_err err = {0};
    int64_t bad = 0;
    int r = hb_share_trail_check(s->store, &bad);

    if (r == 0) {
        r = hb_share_rows_check(s->store, &bad);
        if (r == -EBADMSG) {
            (void)hb_err_set(&err, r,
                             _("Share %lld is not as the record tells: its "
                               "owner, a recipient, who approved it or its "
                               "state was edited in the store."),
                             (long long)bad);
            return hb_cli_fail(&err);
        }
    }
    if (r == 0)
        return hb_cli_said(s->cli, "trail", "whole", "%s",
                           _("The record of all shares is whole.\n"));
    (void)hb_err_set(&err, r,
                     r == -EBADMSG
                         ? _("Row %lld of the record is not as it was written: "
                             "somebody edited the store.")
                         : _("The record cannot be read (row %lld)."),
                     (long long)bad);
    return hb_cli_fail(&err);
}

/* ---- deeds ---- */

struct looking {
    const char *address;
    int64_t id;
};

static int same_address(void *arg, const struct hb_share_recipient *r)
{
    struct looking *l = arg;

    if (hb_streq(r->mail, l->address) || hb_streq(r->address, l->address))
        l->id = r->id;
    return 0;
}

static int find(struct share *s, int64_t id, const char *address, int64_t *ret)
{
    struct looking l = {address, 0};
    int r = hb_share_each_recipient(s->store, id, same_address, &l);

    *ret = l.id;
    return r < 0 ? r : l.id > 0 ? 0 : -ENOENT;
}

static int on_exposure(void *arg, const struct hb_share_exposure *e)
{
    struct share *s = arg;

    hb_jw_obj(&s->w, NULL);
    hb_jw_str(&s->w, "address", e->address);
    hb_jw_int(&s->w, "downloads", e->downloads);
    hb_jw_int(&s->w, "bytes", e->bytes);
    hb_jw_end_obj(&s->w);
    if (!s->cli->json)
        printf(_("%s: link dead. Downloads by our own record: %lld, %lld "
                 "bytes.\n"),
               e->address, (long long)e->downloads, (long long)e->bytes);
    return 0;
}

static int wrong(struct share *s, int64_t id, const char *address)
{
    int64_t recipient = 0;
    int r = address != NULL ? find(s, id, address, &recipient) : 0;

    hb_jw_arr(&s->w, NULL);
    if (r == 0)
        r = portal_tool_wrong(s->tool, id, recipient, ROOT, on_exposure, s);
    hb_jw_end_arr(&s->w);
    if (r < 0)
        return said(s, r, id, "");
    if (!s->cli->json)
        printf("%s", _("An incident is open. Telephone first; the request to "
                       "delete goes out from the share's page.\n"));
    return HB_EXIT_OK;
}

static int link_again(struct share *s, int64_t id, const char *address)
{
    int64_t recipient = 0;
    int r;

    if (address == NULL)
        return hb_cli_usage(s->cli, _("say which recipient"));
    r = find(s, id, address, &recipient);
    if (r == 0)
        r = portal_tool_link(s->tool, recipient, ROOT);
    return said(s, r, id,
                _("A new link of share %lld is mailed; the old one "
                  "is dead.\n"));
}

/* DONE may take the number; it is one of ours. */
static int rotate(struct share *s)
{
    int64_t damaged = 0;
    int rc = said(s, hb_share_rotate(s->store, &damaged), 0,
                  _("The locker has a new key; the old one is gone.\n"));

    if (damaged > 0)
        fprintf(stderr,
                P_("The key of %lld share cannot be read; its files are "
                   "lost.  A backup of the locker has it.\n",
                   "The keys of %lld shares cannot be read; their files "
                   "are lost.  A backup of the locker has them.\n",
                   damaged),
                (long long)damaged);
    return rc;
}

static int said(struct share *s, int r, int64_t id, const char *done)
{
    struct hb_err err = {0};
    char number[24];

    if (r == 0) {
        const char *at = strstr(done, "%lld");

        (void)snprintf(number, sizeof(number), "%lld", (long long)id);
        hb_jw_obj(&s->w, NULL);
        hb_jw_int(&s->w, "id", id);
        hb_jw_end_obj(&s->w);
        if (s->cli->json)
            return HB_EXIT_OK;
        if (at == NULL)
            printf("%s", done);
        else
            printf("%.*s%s%s", (int)(at - done), done, number, at + 4);
        return HB_EXIT_OK;
    }
    if (r == -ENOENT)
        (void)hb_err_set(&err, r,
                         _("There is no such share or recipient "
                           "(hinoban share list)."));
    else if (r == -EBUSY || r == -EKEYREVOKED || r == -EKEYEXPIRED)
        (void)hb_err_set(&err, r,
                         _("That cannot be done in this state "
                           "(hinoban share show)."));
    else
        return hb_cli_fail_code("share", r);
    return hb_cli_fail(&err);
}
