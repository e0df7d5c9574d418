/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_ban.c - `hinoban gate bans`, `ban` and `unban`: who is shut out, and
 * what a person wants of that.
 *
 * Runs as root.  Bans live in the memory of the web server's workers: that of
 * behaviour is told in the log when it begins, a person's order is a line in a
 * file that they look at each second (guard/waf/orders.h).
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "base/num.h"
#include "base/show.h"
#include "cli/gate.h"
#include "cli/text.h"
#include "guard/waf/ip.h"
#include "guard/waf/orders.h"

#define USUAL  "24h"
#define LISTED 10000u
#define ALWAYS "127.0.0.0/8 ::1 " /* as guard/nginx */

/* Who is shut out until when. */
struct row {
    struct hb_waf_addr addr;
    int64_t until;        /* seconds since 1970 */
    const char *ban, *id; /* of behaviour: for what, the finding; else "" */
    const char *note;     /* by hand; else "" */
};

struct list {
    struct hb_cli_gate *g;
    struct hb_arena *line; /* of one line */
    struct hb_map *map;    /* by address */
    struct row **v;
    size_t n;
    const struct hb_waf_order *order;
    size_t n_order;
    int64_t now;
};

static int read_orders(struct hb_cli_gate *g, struct hb_waf_order **ret,
                       size_t *ret_n, struct hb_err *err);
static int make_list(struct list *l, struct hb_err *err);
static void one(void *arg, struct hb_slice line);
static bool lifted(const struct list *l, const struct hb_waf_addr *a,
                   int64_t since);
static struct row *row_of(struct list *l, const struct hb_waf_addr *a);
static int print(const struct list *l);
static void print_row(const struct list *l, const struct row *k);
static const char *ban_text(const char *ban);
static int by_end(const void *a, const void *b);
static int give(struct hb_cli *cli, int argc, char **argv, bool lift);
static int give_order(struct hb_cli_gate *g, struct hb_waf_order *o,
                      struct hb_err *err);
static int check_free(const struct hb_cli_gate *g, const struct hb_waf_addr *a,
                      struct hb_err *err);
static bool same(const struct hb_waf_addr *a, const struct hb_waf_addr *b);
static void said(const struct hb_cli_gate *g, const struct hb_waf_order *o,
                 const char *reason);
static const char *when(const struct hb_cli_gate *g, int64_t seconds,
                        char buf[64]);

int hb_cli_gate_bans(struct hb_cli *cli, int argc, char **argv)
{
    struct hb_waf_order *order = NULL;
    struct hb_cli_gate g;
    struct hb_err err = {0};
    struct list l = {.g = &g};
    int r = hb_cli_gate_open(cli, &argc, argv, &g, &err);

    if (r == 0 && argc > 1) {
        hb_cli_gate_done(&g);
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    }
    if (r == 0)
        r = read_orders(&g, &order, &l.n_order, &err);
    if (r == 0) {
        l.order = order;
        l.now = g.gate.now / (int64_t)HB_S;
        l.line = hb_arena_new(0);
        l.map = hb_map_new();
        l.v = HB_NEW_N(g.a, struct row *, LISTED);
        r = l.line == NULL || l.map == NULL || l.v == NULL
                ? hb_err_set(&err, -ENOMEM, _("out of memory"))
                : make_list(&l, &err);
    }
    r = r < 0 ? hb_cli_fail(&err) : print(&l);
    hb_map_free(l.map);
    hb_arena_free(l.line);
    hb_cli_gate_done(&g);
    return r;
}

int hb_cli_gate_ban(struct hb_cli *cli, int argc, char **argv)
{
    return give(cli, argc, argv, false);
}

int hb_cli_gate_unban(struct hb_cli *cli, int argc, char **argv)
{
    return give(cli, argc, argv, true);
}

/* ---- the list ---- */

static int read_orders(struct hb_cli_gate *g, struct hb_waf_order **ret,
                       size_t *ret_n, struct hb_err *err)
{
    struct hb_slice text = HB_SLICE("");
    struct hb_err inner = {0};
    char why[128];
    int r;

    *ret = HB_NEW_N(g->a, struct hb_waf_order, HB_WAF_ORDERS);
    if (*ret == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r = hb_file_read(g->a, g->bans, HB_WAF_ORDERS_BYTES, &text);
    if (r < 0 && r != -ENOENT)
        return hb_err_set(err, r, "%s: %s", g->bans,
                          hb_errno_text(r, why, sizeof(why)));
    r = hb_waf_orders_parse(text, *ret, ret_n, &inner);
    return r < 0 ? hb_err_set(err, r, "%s: %s", g->bans, inner.message) : 0;
}

/* Logs turn each day, and no ban of behaviour lasts longer. */
static int make_list(struct list *l, struct hb_err *err)
{
    const char *log = l->g->gate.conf->log;
    char old[HB_MAX_PATH];
    int r = 0;

    if (snprintf(old, sizeof(old), "%s.1", log) < (int)sizeof(old))
        r = hb_cli_gate_lines(old, one, l, err);
    if (r == 0 || r == -ENOENT)
        r = hb_cli_gate_lines(log, one, l, err);
    if (r < 0 && r != -ENOENT)
        return r;
    for (size_t i = 0; i < l->n_order; i++) {
        const struct hb_waf_order *o = &l->order[i];
        struct row *k;

        if (o->lift || o->time <= l->now)
            continue;
        k = row_of(l, &o->addr);
        if (k == NULL)
            return hb_err_set(err, -ENOMEM, _("out of memory"));
        *k = (struct row){
            .addr = o->addr, .until = o->time, .ban = "", .id = ""};
        k->note = hb_arena_dup(l->g->a, o->note.p, o->note.n);
        if (k->note == NULL)
            return hb_err_set(err, -ENOMEM, _("out of memory"));
    }
    return 0;
}

static void one(void *arg, struct hb_slice line)
{
    struct list *l = arg;
    struct hb_gate_finding f;
    struct hb_waf_addr a;
    int64_t since;
    struct row *k;

    hb_arena_reset(l->line);
    if (hb_gate_finding_parse(l->line, line, &f, NULL) < 0 ||
        f.ban[0] == '\0' || !hb_waf_addr_parse(hb_slice_z(f.client), &a))
        return;
    since = f.time / (int64_t)HB_S;
    if (f.ban_s <= 0 || f.ban_s > HB_WAF_BAN_MAX_S ||
        since + f.ban_s <= l->now || lifted(l, &a, since))
        return;
    k = row_of(l, &a);
    if (k == NULL)
        return;
    *k = (struct row){.addr = a, .until = since + f.ban_s, .note = ""};
    k->ban = hb_arena_strdup(l->g->a, f.ban);
    k->id = hb_arena_strdup(l->g->a, f.id);
}

static bool lifted(const struct list *l, const struct hb_waf_addr *a,
                   int64_t since)
{
    for (size_t i = 0; i < l->n_order; i++)
        if (l->order[i].lift && same(&l->order[i].addr, a) &&
            l->order[i].time >= since)
            return true;
    return false;
}

/* NULL: no memory, or more than are listed. */
static struct row *row_of(struct list *l, const struct hb_waf_addr *a)
{
    struct hb_slice key = hb_slice((const char *)a->b, a->family == 4 ? 4 : 16);
    struct row *k = hb_map_get(l->map, key);

    if (k != NULL || l->n == LISTED)
        return k;
    k = HB_NEW(l->g->a, struct row);
    if (k == NULL)
        return NULL;
    k->addr = *a;
    key.p = (const char *)k->addr.b;
    if (hb_map_put(l->map, key, k) < 0)
        return NULL;
    l->v[l->n++] = k;
    return k;
}

static int print(const struct list *l)
{
    struct hb_buf b = HB_BUF_INIT;
    char address[HB_WAF_ADDR_TEXT], time[64];
    struct hb_jw w;

    if (l->n > 0)
        qsort(l->v, l->n, sizeof(struct row *), by_end);
    hb_jw_init(&w, &b);
    hb_jw_arr(&w, NULL);
    for (size_t i = 0; i < l->n; i++) {
        const struct row *k = l->v[i];

        hb_jw_obj(&w, NULL);
        hb_jw_str(&w, "address", hb_waf_addr_text(&k->addr, address));
        hb_jw_str(&w, "until",
                  hb_time_utc(k->until * (int64_t)HB_S, time, sizeof(time)));
        hb_jw_bool(&w, "by_hand", k->ban == NULL || k->ban[0] == '\0');
        hb_jw_str(&w, "for", k->ban != NULL ? k->ban : "");
        hb_jw_str(&w, "finding", k->id != NULL ? k->id : "");
        hb_jw_str(&w, "note", k->note);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    if (l->g->cli->json)
        return hb_cli_json_out("gate", &b);
    hb_buf_done(&b);
    for (size_t i = 0; i < l->n; i++)
        print_row(l, l->v[i]);
    if (l->n == 0)
        (void)printf(_("Nobody is shut out.\n"));
    else
        (void)printf(_("Bans of behaviour are those that the log tells of; a "
                       "restart of the web server ends them earlier.\n"));
    return hb_cli_flush();
}

static void print_row(const struct list *l, const struct row *k)
{
    _cleanup_buf_ struct hb_buf why = HB_BUF_INIT;
    char address[HB_WAF_ADDR_TEXT], time[64];

    if (k->ban != NULL && k->ban[0] != '\0')
        hb_buf_addf(&why, _("%s (%s)"), ban_text(k->ban),
                    k->id != NULL ? k->id : "");
    else if (k->note[0] != '\0')
        hb_show(&why, hb_slice_z(k->note));
    else
        hb_buf_addz(&why, _("by hand"));
    (void)printf(_("%-39s  until %s  %s\n"),
                 hb_waf_addr_text(&k->addr, address),
                 when(l->g, k->until, time), hb_buf_z(&why));
}

/* As guard/nginx names acts; what is not known is not printed. */
static const char *ban_text(const char *ban)
{
    static const char *const texts[][2] = {
        {"blocked", N_("for attacks")},
        {"login", N_("for wrong passwords")},
        {"not_found", N_("for asking for pages that do not exist")},
        {"limited", N_("for coming too often")},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(texts); i++)
        if (hb_streq(ban, texts[i][0]))
            return _(texts[i][1]);
    return _("for its behaviour");
}

static int by_end(const void *a, const void *b)
{
    const struct row *x = *(const struct row *const *)a,
                     *y = *(const struct row *const *)b;

    if (x->until != y->until)
        return x->until > y->until ? -1 : 1;
    return memcmp(x->addr.b, y->addr.b, sizeof(x->addr.b));
}

/* ---- orders ---- */

static int give(struct hb_cli *cli, int argc, char **argv, bool lift)
{
    const char *reason = hb_client_opt(&argc, argv, "--reason");
    const char *length = lift ? NULL : hb_client_opt(&argc, argv, "--for");
    struct hb_waf_order o = {.lift = lift};
    struct hb_cli_gate g;
    struct hb_err err = {0};
    uint64_t ns = 0;
    int r;

    if (argc != 2)
        return hb_cli_usage(cli,
                            lift ? _("unban takes one address")
                                 : _("ban takes one address, and --for 24h"));
    r = hb_cli_gate_open(cli, &argc, argv, &g, &err);
    if (r == 0 && !hb_waf_addr_parse(hb_slice_z(argv[1]), &o.addr))
        r = hb_err_set(&err, -EINVAL, _("%s is no address"), argv[1]);
    if (r == 0 && !lift &&
        (hb_parse_duration(hb_slice_z(length != NULL ? length : USUAL), &ns) <
             0 ||
         ns < HB_S || ns / HB_S > HB_WAF_BAN_MAX_S))
        r = hb_err_set(&err, -EINVAL,
                       _("--for takes a time like 30m, 24h or 7d, at most 366 "
                         "days"));
    if (r == 0 && !lift)
        r = check_free(&g, &o.addr, &err);
    if (r == 0) {
        o.time = g.gate.now / (int64_t)HB_S + (int64_t)(ns / HB_S);
        o.note = hb_slice_z(reason != NULL ? reason : "");
        if (memchr(o.note.p, '\n', o.note.n) != NULL || o.note.n > 200)
            r = hb_err_set(&err, -EINVAL,
                           _("--reason takes one line of at most 200 bytes"));
    }
    if (r == 0)
        r = give_order(&g, &o, &err);
    if (r == 0)
        said(&g, &o, reason);
    hb_cli_gate_done(&g);
    return r < 0 ? hb_cli_fail(&err) : hb_cli_flush();
}

/* What is over, or about the same address, leaves the file. */
static int give_order(struct hb_cli_gate *g, struct hb_waf_order *o,
                      struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    _cleanup_close_ int lock = hb_gate_lock(g->gate.dir, err);
    int64_t now = g->gate.now / (int64_t)HB_S;
    struct hb_waf_order *v = NULL;
    size_t n = 0, kept = 1;
    int r = lock < 0 ? lock : read_orders(g, &v, &n, err);

    if (r < 0)
        return r;
    hb_waf_order_write(&text, o);
    for (size_t i = 0; i < n; i++) {
        int64_t ends = v[i].time + (v[i].lift ? 2 * 86400 : 0);

        if (ends <= now || same(&v[i].addr, &o->addr))
            continue;
        hb_waf_order_write(&text, &v[i]);
        kept++;
    }
    if (kept > HB_WAF_ORDERS || text.n > HB_WAF_ORDERS_BYTES)
        return hb_err_set(err, -ENOSPC,
                          _("There are %zu orders already, more are not "
                            "possible: shut out networks in the firewall of "
                            "the machine."),
                          kept - 1);
    if (hb_buf_err(&text) < 0)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    return hb_cli_gate_for_web(g, g->bans, hb_buf_slice(&text), err);
}

/* Who is never banned would not be by this order either. */
static int check_free(const struct hb_cli_gate *g, const struct hb_waf_addr *a,
                      struct hb_err *err)
{
    const struct hb_strs *trusted = &g->gate.conf->trusted;
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    char address[HB_WAF_ADDR_TEXT];
    struct hb_waf_ips *ips = NULL;
    bool never;
    int r;

    hb_buf_addz(&text, ALWAYS);
    for (size_t i = 0; i < trusted->n; i++)
        hb_buf_addf(&text, "%s ", trusted->v[i]);
    if (hb_buf_err(&text) < 0)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r = hb_waf_ips_parse(hb_buf_slice(&text), &ips, err);
    if (r < 0)
        return r;
    never = hb_waf_ips_has(ips, hb_slice_z(hb_waf_addr_text(a, address)));
    hb_waf_ips_free(ips);
    if (never)
        return hb_err_set(err, -EPERM,
                          _("%s is never shut out (gate: trusted:)"), address);
    return 0;
}

static bool same(const struct hb_waf_addr *a, const struct hb_waf_addr *b)
{
    return a->family == b->family &&
           memcmp(a->b, b->b, a->family == 4 ? 4 : 16) == 0;
}

static void said(const struct hb_cli_gate *g, const struct hb_waf_order *o,
                 const char *reason)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    char address[HB_WAF_ADDR_TEXT], time[64];

    (void)hb_waf_addr_text(&o->addr, address);
    if (o->lift)
        hb_buf_addf(&text, _("%s is not shut out any more."), address);
    else
        hb_buf_addf(&text, _("%s is shut out until %s."), address,
                    when(g, o->time, time));
    if (reason != NULL)
        hb_buf_addf(&text, " %s", reason);
    (void)hb_cli_said(g->cli, "address", address, "%s\n", hb_buf_z(&text));
    if (!o->lift && !hb_cli_gate_blocks(g))
        (void)fprintf(stderr, _("hinoban: the firewall only watches as it is "
                                "set (gate: mode:); the ban holds when it "
                                "blocks\n"));
    hb_cli_gate_tell(g, o->lift ? "gate.unbanned" : "gate.banned", g->gate.by,
                     hb_buf_z(&text));
}

static const char *when(const struct hb_cli_gate *g, int64_t seconds,
                        char buf[64])
{
    const struct hb_conf_org *org = &g->config->organisation;

    return hb_time_zone(seconds * (int64_t)HB_S, (int)org->zone_minutes,
                        org->zone_name, buf, 64);
}
