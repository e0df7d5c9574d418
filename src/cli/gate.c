/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.c - `hinoban gate`: the web application firewall; its state, its rules,
 * and what its other files share.
 *
 * Runs as root: the rules lie in root's directory, where the web server's
 * master reads them.  The web server is told by the programs of the settings.
 */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/day.h"
#include "base/run.h"
#include "base/show.h"
#include "cli/gate.h"
#include "cli/text.h"
#include "event/producer.h"

#define DAY_S  86400
#define SOON_S (7 * DAY_S) /* an end that is near is told */
#define RING   (256u << 10)
#define WAIT   (2 * HB_S) /* for the service to store an event */
#define POLL   50         /* ms */

static int status(struct hb_cli *cli, int argc, char **argv);
static void print_status(const struct hb_cli_gate *g,
                         const struct hb_gate_built *x,
                         const struct hb_grants *grants);
static void print_grants(const struct hb_cli_gate *g,
                         const struct hb_grants *grants);
static int json_status(const struct hb_cli_gate *g,
                       const struct hb_gate_built *x,
                       const struct hb_grants *grants);
static int build(struct hb_cli *cli, int argc, char **argv);
static void ready_log(const char *path);
static int run_words(const struct hb_strs *words, const char *what,
                     struct hb_err *err);
static void send_one(struct hb_producer *p, const struct hb_event *e,
                     bool *ret_sent);

int hb_cmd_gate(struct hb_cli *cli, int argc, char **argv)
{
    static const struct {
        const char *verb;
        hb_cli_fn *run;
    } verbs[] = {
        {"status", status},
        {"build", build},
        {"selftest", hb_cli_gate_selftest},
        {"try", hb_cli_gate_try},
        {"findings", hb_cli_gate_findings},
        {"allow", hb_cli_gate_allow},
        {"allowed", hb_cli_gate_allowed},
        {"forbid", hb_cli_gate_forbid},
        {"patch", hb_cli_gate_patch},
        {"bans", hb_cli_gate_bans},
        {"ban", hb_cli_gate_ban},
        {"unban", hb_cli_gate_unban},
        {"pass", hb_cli_gate_pass},
    };
    const char *verb = argc > 1 ? argv[1] : "status";

    for (size_t i = 0; i < HB_ARRAY_LEN(verbs); i++)
        if (hb_streq(verb, verbs[i].verb))
            return verbs[i].run(cli, HB_MAX(argc - 1, 1), argv + (argc > 1));
    return hb_cli_usage(
        cli, _("say what to do: status, build, selftest, try, findings, allow "
               "REFERENCE, allowed, forbid N, patch, bans, ban ADDRESS, unban "
               "ADDRESS or pass NAME"));
}

int hb_cli_gate_open(const struct hb_cli *cli, int *argc, char **argv,
                     struct hb_cli_gate *ret, struct hb_err *err)
{
    *ret = (struct hb_cli_gate){.cli = cli, .a = hb_arena_new(0)};
    if (ret->a == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    ret->no_reload = hb_client_flag(argc, argv, "--no-reload");
    ret->gate.dir = cli->paths.dir[HB_DIR_GATE];
    ret->gate.etc = cli->paths.dir[HB_DIR_ETC];
    ret->gate.data = cli->paths.dir[HB_DIR_DATA];
    ret->gate.now = hb_now();
    ret->gate.by = hb_arena_printf(ret->a, "uid %u", (unsigned)getuid());
    if (ret->gate.by == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    if (hb_path(&cli->paths, HB_DIR_PRIVATE, "gate.canary", ret->canary) < 0 ||
        hb_path(&cli->paths, HB_DIR_PRIVATE, "gate.bans", ret->bans) < 0)
        return hb_err_set(err, -ENAMETOOLONG, _("the path is too long"));
    if (hb_config_load(cli->config, &ret->config, err) < 0)
        return err->code;
    ret->gate.canary = ret->canary;
    ret->gate.bans = ret->bans;
    ret->gate.conf = &ret->config->gate;
    return 0;
}

void hb_cli_gate_done(struct hb_cli_gate *g)
{
    hb_config_free(g->config);
    hb_arena_free(g->a);
}

void hb_cli_gate_who(int *argc, char **argv, struct hb_cli_gate_who *ret)
{
    *ret = (struct hb_cli_gate_who){
        .person = hb_client_opt(argc, argv, "--person"),
        .key_file = hb_client_opt(argc, argv, "--key"),
        .pass = hb_client_opt(argc, argv, "--passphrase-file"),
        .reason = hb_client_opt(argc, argv, "--reason"),
        .until = hb_client_opt(argc, argv, "--until"),
        .yes = hb_client_flag(argc, argv, "--yes"),
    };
}

int hb_cli_gate_until(const struct hb_cli_gate *g, const char *text,
                      int64_t *ret, struct hb_err *err)
{
    int zone = (int)g->config->organisation.zone_minutes;
    int64_t day, ns;

    if (hb_day_parse(hb_slice_z(text), &day) < 0 ||
        hb_day_begin(day + 1, zone, &ns) < 0)
        return hb_err_set(err, -EINVAL,
                          _("--until takes a date like 2026-04-01"));
    if (ns <= g->gate.now)
        return hb_err_set(err, -EINVAL, _("%s is over"), text);
    *ret = ns / (int64_t)HB_S;
    return 0;
}

const char *hb_cli_gate_day(const struct hb_cli_gate *g, int64_t until,
                            char buf[16])
{
    int zone = (int)g->config->organisation.zone_minutes;

    if (until <= 0 || until > INT64_MAX / (int64_t)HB_S)
        return "?";
    return hb_day_text(hb_day_at((until - 1) * (int64_t)HB_S, zone), buf, 16);
}

int hb_cli_gate_person(struct hb_cli_gate *g, const struct hb_cli_gate_who *w,
                       const char **ret_name, struct hb_key **ret_key,
                       struct hb_err *err)
{
    struct hb_pub *pub = NULL, *mine = NULL;
    uint8_t raw[2][HB_PUB_SIZE];
    struct hb_key *key = NULL;
    int r = hb_client_me(g->cli, g->a, w->person, ret_name, err);

    if (r == 0)
        r = hb_grant_person(g->gate.etc, *ret_name, &pub, err);
    if (r == 0)
        r = hb_client_key(w->key_file, w->pass, &key, err);
    if (r == 0)
        r = hb_key_pub(key, &mine);
    if (r == 0)
        r = hb_pub_raw(pub, raw[0]);
    if (r == 0)
        r = hb_pub_raw(mine, raw[1]);
    if (r == 0 && memcmp(raw[0], raw[1], HB_PUB_SIZE) != 0)
        r = hb_err_set(err, -EKEYREJECTED, _("This is not the key of %s."),
                       *ret_name);
    hb_pub_free(pub);
    hb_pub_free(mine);
    if (r < 0) {
        hb_key_free(key);
        return hb_err_set(err, r, "%s", _("The key could not be read."));
    }
    *ret_key = key;
    return 0;
}

bool hb_cli_gate_yes(const struct hb_cli_gate_who *w)
{
    char line[16];

    if (w->yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        (void)fprintf(stderr, _("hinoban: nothing was changed; with --yes it "
                                "is done\n"));
        return false;
    }
    (void)fprintf(stderr, _("Is that right? (y/n) "));
    (void)fflush(stderr);
    return fgets(line, sizeof(line), stdin) != NULL &&
           (line[0] == 'y' || line[0] == 'Y');
}

/* The role that reads the log is of the group adm, as for all logs of Debian;
 * one that the web server makes itself belongs to root alone. */
static void ready_log(const char *path)
{
    _cleanup_close_ int fd = open(path,
                                  O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW |
                                      O_NONBLOCK | O_CLOEXEC,
                                  0640);
    const struct group *adm = getgrnam("adm");
    struct stat st;

    /* Another group was somebody's decision. */
    if (fd >= 0 && adm != NULL && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        st.st_uid == 0 && st.st_gid == 0 && st.st_nlink == 1 &&
        fchown(fd, (uid_t)-1, adm->gr_gid) == 0)
        (void)fchmod(fd, 0640);
}

int hb_cli_gate_put(struct hb_cli_gate *g, struct hb_gate_built *ret,
                    struct hb_err *err)
{
    struct hb_err second = {0};
    int r = hb_gate_build(g->a, &g->gate, ret, err);

    if (r < 0)
        return r;
    ready_log(g->gate.conf->log); /* before the web server's test makes it */
    if (g->no_reload)
        return 0;
    r = run_words(&g->gate.conf->check, _("the web server's test"), err);
    if (r == 0)
        r = run_words(&g->gate.conf->reload, _("reading the rules in"), err);
    if (r < 0 && hb_gate_restore(g->gate.dir, &second) < 0 &&
        second.code != -ENOENT)
        (void)hb_cli_fail(&second);
    return r;
}

void hb_cli_gate_notes(const struct hb_gate_built *x)
{
    for (size_t i = 0; i < x->n; i++)
        hb_cli_para(_("Note: "), "      ", x->note[i]);
}

void hb_cli_gate_tell(const struct hb_cli_gate *g, const char *what,
                      const char *person, const char *text)
{
    hb_cli_gate_event(g, HB_SEV_INFO, what, "", person, text);
}

void hb_cli_gate_event(const struct hb_cli_gate *g, enum hb_severity sev,
                       const char *what, const char *status, const char *person,
                       const char *text)
{
    struct hb_producer *p = NULL;
    struct hb_event *e;
    char path[HB_MAX_PATH];
    bool sent = false;

    e = hb_event_new(g->a, HB_EV_APP_LIFECYCLE, 99, sev, "gate");
    if (e == NULL || hb_event_strz(e, HB_F_STATUS_DETAIL, what) < 0 ||
        hb_event_strz(e, HB_F_ACTOR_USER_NAME, person) < 0 ||
        hb_event_strz(e, HB_F_MESSAGE, text) < 0 ||
        (status[0] != '\0' && hb_event_strz(e, HB_F_STATUS, status) < 0))
        return;
    if (hb_path(&g->cli->paths, HB_DIR_RUN, "producer.sock", path) == 0 &&
        access(path, F_OK) == 0 &&
        hb_producer_open(path, "gate", RING, &p) == 0)
        send_one(p, e, &sent);
    hb_producer_close(p);
    if (!sent)
        (void)fprintf(stderr, _("hinoban: the service does not run; it does "
                                "not know of this\n"));
}

static void send_one(struct hb_producer *p, const struct hb_event *e,
                     bool *ret_sent)
{
    uint64_t until = hb_mono() + WAIT;

    if (hb_producer_send(p, e) < 0)
        return;
    while (hb_producer_waiting(p) > 0 && hb_mono() < until) {
        struct pollfd fd = {.fd = hb_producer_fd(p), .events = POLLIN};

        (void)poll(&fd, 1, POLL);
        hb_producer_flush(p);
    }
    *ret_sent = hb_producer_waiting(p) == 0 && hb_producer_refused(p) == 0;
}

/* ---- build ---- */

static int build(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_close_ int lock = -1;
    struct hb_gate_built x = {0};
    struct hb_cli_gate g;
    struct hb_err err = {0};
    int r = hb_cli_gate_open(cli, &argc, argv, &g, &err);

    if (r == 0 && argc > 1) {
        hb_cli_gate_done(&g);
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    }
    if (r == 0) {
        lock = hb_gate_lock(g.gate.dir, &err);
        r = lock < 0 ? lock : hb_cli_gate_put(&g, &x, &err);
    }
    if (r < 0) {
        r = hb_cli_fail(&err);
    } else if (cli->json) {
        (void)printf("{\"rules\":%lld,\"notes\":%zu}\n", (long long)x.rules,
                     x.n);
        r = hb_cli_flush();
    } else {
        (void)printf(
            _("%lld rules of %s, mode %s, paranoia %lld; %lld allowed, "
              "%lld patches.\n"),
            (long long)x.rules, x.crs, x.mode, (long long)x.paranoia,
            (long long)x.allowed, (long long)x.patches);
        hb_cli_gate_notes(&x);
        r = hb_cli_flush();
    }
    /* What was just read in is tried at once; the rules stay either way. */
    if (r == 0 && !cli->json && !g.no_reload && g.config->sites.n > 0 &&
        hb_cli_gate_blocks(&g)) {
        hb_close(&lock);
        if (hb_cli_gate_attack(&g, &err) < 0)
            (void)hb_cli_fail(&err);
        r = hb_cli_flush();
    }
    hb_cli_gate_done(&g);
    return r;
}

static int run_words(const struct hb_strs *words, const char *what,
                     struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT, shown = HB_BUF_INIT;
    struct hb_run run = {.timeout_ms = 30000, .out = &out, .errors = &out};
    const char *argv[64] = {NULL};
    char why[128];
    int r;

    if (words->n == 0)
        return 0;
    if (words->n >= HB_ARRAY_LEN(argv))
        return hb_err_set(err, -E2BIG, "%s", what);
    for (size_t i = 0; i < words->n; i++)
        argv[i] = words->v[i];
    run.argv = argv;
    r = hb_run(&run);
    if (r == 0)
        return 0;
    if (r < 0)
        return hb_err_set(err, r, _("%s failed: %s: %s"), what, argv[0],
                          hb_errno_text(r, why, sizeof(why)));
    hb_show(&shown, hb_slice(out.p, HB_MIN(out.n, 300u)));
    return hb_err_set(err, -EIO, _("%s failed: %s"), what, hb_buf_z(&shown));
}

/* ---- status ---- */

static int status(struct hb_cli *cli, int argc, char **argv)
{
    struct hb_gate_built x = {.crs = "", .mode = "", .by = ""};
    struct hb_grants grants = {NULL, 0};
    struct hb_cli_gate g;
    struct hb_err err = {0}, none = {0};
    int r = hb_cli_gate_open(cli, &argc, argv, &g, &err);

    if (r == 0 && argc > 1) {
        hb_cli_gate_done(&g);
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    }
    if (r == 0)
        r = hb_grants_load(g.a, g.gate.dir, g.gate.etc, g.gate.now, &grants,
                           &err);
    if (r == 0) {
        r = hb_gate_built_read(g.a, g.gate.dir, &x, &none);
        if (r < 0 && r != -ENOENT)
            err = none;
        else
            r = 0;
    }
    if (r < 0) {
        r = hb_cli_fail(&err);
    } else if (cli->json) {
        r = json_status(&g, &x, &grants);
    } else {
        print_status(&g, &x, &grants);
        r = hb_cli_flush();
    }
    hb_cli_gate_done(&g);
    return r;
}

static void print_status(const struct hb_cli_gate *g,
                         const struct hb_gate_built *x,
                         const struct hb_grants *grants)
{
    const struct hb_conf_gate *c = g->gate.conf;
    const struct hb_conf_org *o = &g->config->organisation;
    char time[64];

    (void)printf(_("Mode: %s, paranoia %lld, stops at a score of %lld\n"),
                 hb_gate_mode_name(c->mode), (long long)c->paranoia,
                 (long long)c->inbound);
    if (x->time == 0) {
        (void)printf(_("No rules were built yet: hinoban gate build\n"));
    } else {
        (void)printf(_("Rules: %lld of %s, built %s by %s\n"),
                     (long long)x->rules, x->crs,
                     hb_time_zone(x->time, (int)o->zone_minutes, o->zone_name,
                                  time, sizeof(time)),
                     x->by);
        if (!hb_streq(x->mode, hb_gate_mode_name(c->mode)) ||
            x->paranoia != c->paranoia)
            (void)printf(_("The settings have changed since: hinoban gate "
                           "build\n"));
        hb_cli_gate_notes(x);
    }
    if (c->hosts.n > 0)
        (void)printf(_("Hosts with settings of their own: %zu\n"), c->hosts.n);
    print_grants(g, grants);
}

static void print_grants(const struct hb_cli_gate *g,
                         const struct hb_grants *grants)
{
    static const char *const states[] = {
        [HB_GRANT_PROPOSED] = N_("proposed, not in force"),
        [HB_GRANT_ON] = N_("in force"),
        [HB_GRANT_EXPIRED] = N_("EXPIRED"),
        [HB_GRANT_BAD] = N_("NOT BELIEVED"),
    };

    if (grants->n == 0)
        (void)printf(_("Nothing is allowed or patched.\n"));
    for (size_t i = 0; i < grants->n; i++) {
        const struct hb_grant *k = &grants->v[i];
        bool soon = k->state == HB_GRANT_ON &&
                    k->until - g->gate.now / (int64_t)HB_S < SOON_S;
        char name[8], day[16];

        hb_grant_name(k->kind, k->number, name);
        (void)printf(_("%s  %s, until %s%s  %s  %s\n"), name,
                     _(states[k->state]), hb_cli_gate_day(g, k->until, day),
                     soon ? _(" (soon)") : "",
                     k->kind == HB_GRANT_PATCH ? k->advisory : k->about,
                     k->state == HB_GRANT_BAD ? k->why : k->reason);
    }
}

static int json_status(const struct hb_cli_gate *g,
                       const struct hb_gate_built *x,
                       const struct hb_grants *grants)
{
    struct hb_buf b = HB_BUF_INIT;
    char time[32];
    struct hb_jw w;

    hb_jw_init(&w, &b);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "mode", hb_gate_mode_name(g->gate.conf->mode));
    hb_jw_int(&w, "paranoia", g->gate.conf->paranoia);
    hb_jw_obj(&w, "built");
    if (x->time != 0) {
        hb_jw_str(&w, "time", hb_time_utc(x->time, time, sizeof(time)));
        hb_jw_str(&w, "by", x->by);
        hb_jw_str(&w, "mode", x->mode);
        hb_jw_int(&w, "paranoia", x->paranoia);
        hb_jw_str(&w, "crs", x->crs);
        hb_jw_int(&w, "rules", x->rules);
        hb_jw_arr(&w, "notes");
        for (size_t i = 0; i < x->n; i++)
            hb_jw_str(&w, NULL, x->note[i]);
        hb_jw_end_arr(&w);
    }
    hb_jw_end_obj(&w);
    hb_jw_arr(&w, "grants");
    for (size_t i = 0; i < grants->n; i++) {
        const struct hb_grant *k = &grants->v[i];
        char name[8];

        hb_grant_name(k->kind, k->number, name);
        hb_jw_obj(&w, NULL);
        hb_jw_str(&w, "name", name);
        hb_jw_str(&w, "kind", hb_grant_kind_name(k->kind));
        hb_jw_str(&w, "state", hb_grant_state_name(k->state));
        hb_jw_str(&w, "by", k->by);
        hb_jw_str(&w, "approved_by", k->approved_by);
        hb_jw_str(&w, "reason", k->reason);
        hb_jw_str(&w, "about", k->about);
        hb_jw_str(&w, "advisory", k->advisory);
        hb_jw_str(&w, "expert", k->expert);
        hb_jw_int(&w, "until", k->until);
        hb_jw_str(&w, "why", k->why);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    hb_jw_end_obj(&w);
    return hb_cli_json_out("gate", &b);
}
