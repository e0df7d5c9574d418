/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare_report.c - events to core: what was found, who did it, what was
 * done about it, how long it took.
 *
 * Runs in compare.  Paths, names and command lines are an attacker's: they go
 * into typed fields, which the codec escapes; never into formats.
 *
 * One event a deed: OCSF File System Activity (1001) that carries the
 * remediation in unmapped fields.  README.md lists the words of
 * unmapped.change and status, on which rules rest.
 */
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"
#include "sense/files/compare.h"

#define SOURCE "sense/files"

/* OCSF 1001 activity_id. */
enum { ACT_CREATE = 1, ACT_UPDATE = 3, ACT_DELETE = 4, ACT_ATTRIBUTES = 6 };

/* A report on its way through the pool, where the hash is made. */
struct report {
    struct hb_pool_job head;
    struct hb_cmp *c;
    enum hb_cmp_status status;
    bool staged, hashed;
    uint8_t hash[HB_SHA256_SIZE];
    uint8_t key[HB_ACT_KEY_SIZE];
    int fd;
    int error;
    uint32_t site;
    char site_name[33];
    char root[HB_MAX_PATH];
    uint64_t baseline;
    struct hb_verdict verdict;
    struct hb_fp_stat st;
    uint16_t events;
    uint8_t state;
    char area[256];
    struct hb_fp_who *who;
    int64_t noticed_utc;
    int64_t took, count;
    size_t path_n;
    char path[];
};

static void work(struct hb_pool_job *head, struct hb_sha256 *scratch);
static void done(void *arg, struct hb_pool_job *head);
static void fill(struct hb_cmp *c, struct hb_event *e, const struct report *r);
static void fill_who(struct hb_event *e, const struct hb_fp_who *w);
static void fill_hashes(struct hb_event *e, const struct report *r);
static void fill_reasons(struct hb_event *e, const struct report *r);
static const char *change_word(const struct report *r);
static int activity(const struct report *r);
static enum hb_severity severity(const struct report *r);
static const char *message(const struct report *r);

static const char *const status_words[HB_CMP_STATUS_COUNT] = {
    [HB_CMP_RESTORED] = "restored", [HB_CMP_REMOVED] = "removed",
    [HB_CMP_ASK] = "ask",           [HB_CMP_FAILED] = "failed",
    [HB_CMP_REFUSED] = "refused",   [HB_CMP_FIGHT] = "fight",
    [HB_CMP_PENDING] = "pending",
};

static const struct {
    int bit;
    const char *word;
} reasons[] = {
    {HB_BD_TYPE, "type"},       {HB_BD_CONTENT, "content"},
    {HB_BD_SIZE, "size"},       {HB_BD_MODE, "mode"},
    {HB_BD_OWNER, "owner"},     {HB_BD_XATTR, "xattr"},
    {HB_BD_TARGET, "target"},   {HB_BD_LINKS, "links"},
    {HB_BD_MISSING, "missing"}, {HB_BD_FOREIGN, "foreign"},
};

void hb_cmp_report(struct hb_cmp *c, struct hb_cmp_path *p,
                   enum hb_cmp_status status, const struct hb_reply *reply)
{
    struct report *r = calloc(1, sizeof(*r) + p->path.n + 1);
    bool last = status != HB_CMP_ASK && status != HB_CMP_FAILED;

    if (r == NULL)
        return;
    r->head.work = work;
    r->head.done = done;
    r->c = c;
    r->status = status;
    r->staged = reply != NULL && reply->staged != 0;
    r->error = reply != NULL ? reply->error : 0;
    memcpy(r->key, p->key, sizeof(r->key));
    r->site = p->site->number;
    (void)hb_copyz(r->site_name, sizeof(r->site_name), p->site->conf->name);
    (void)hb_copyz(r->root, sizeof(r->root), p->site->conf->root);
    r->baseline = p->verdict.baseline;
    r->verdict = p->verdict;
    if (p->verdict.area != NULL)
        (void)hb_copyz(r->area, sizeof(r->area), p->verdict.area->path);
    r->verdict.area = NULL; /* the settings may change meanwhile */
    r->st = p->st;
    r->events = p->events;
    r->state = p->state;
    r->noticed_utc = p->noticed_utc;
    r->took = (int64_t)(hb_mono() - p->noticed);
    r->count = status == HB_CMP_FAILED  ? (int64_t)p->fails
               : status == HB_CMP_FIGHT ? (int64_t)p->n_done
                                        : 1;
    r->path_n = p->path.n;
    if (p->path.n > 0)
        memcpy(r->path, p->path.p, p->path.n);
    r->fd = -1;
    if (p->who != NULL)
        r->who = hb_fp_who_dup(p->who);
    if (p->fd >= 0 && p->readable && S_ISREG(p->st.mode)) {
        r->fd = last ? p->fd : dup(p->fd);
        if (last)
            p->fd = -1;
    } else if (last) {
        hb_close(&p->fd);
    }
    hb_pool_add(c->pool, &r->head);
}

void hb_cmp_health(struct hb_cmp *c, const struct hb_cmp_site *s,
                   const char *what, enum hb_severity sev, int64_t count,
                   const char *fmt, ...)
{
    char text[HB_MAX_ERR];
    struct hb_event *e;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    hb_arena_reset(c->arena);
    e = hb_event_new(c->arena, HB_EV_APP_LIFECYCLE, 99, sev, SOURCE);
    if (e == NULL)
        return;
    (void)hb_event_strz(e, HB_F_MESSAGE, text);
    (void)hb_event_strz(e, HB_F_SITE_CHANGE, what);
    (void)hb_event_int(e, HB_F_EVENT_COUNT, count);
    if (s != NULL) {
        (void)hb_event_strz(e, HB_F_SITE, s->conf->name);
        (void)hb_event_strz(e, HB_F_RESOURCE_NAME, s->conf->root);
        if (s->set != NULL)
            (void)hb_event_int(e, HB_F_SITE_BASELINE,
                               (int64_t)hb_baseline_number(s->set->set.cur));
    }
    (void)hb_bus_send(c->bus, e);
}

void hb_cmp_published(struct hb_cmp *c, struct hb_cmp_site *s)
{
    hb_cmp_health(c, s, "published", HB_SEV_INFO, s->published,
                  _("%u paths follow the new baseline"), s->published);
}

static void work(struct hb_pool_job *head, struct hb_sha256 *scratch)
{
    struct report *r = (struct report *)head;
    uint64_t size;

    /* A huge one is told without a hash: its name and size must do. */
    r->hashed = r->fd >= 0 && hb_sha256_fd(scratch, r->fd, HB_CMP_HASH_MAX,
                                           r->hash, &size) == 0;
    hb_close(&r->fd);
}

static void done(void *arg, struct hb_pool_job *head)
{
    struct hb_cmp *c = arg;
    struct report *r = (struct report *)head;
    struct hb_event *e;

    hb_arena_reset(c->arena);
    e = hb_event_new(c->arena, HB_EV_FILE_ACTIVITY, activity(r), severity(r),
                     SOURCE);
    if (e != NULL) {
        e->time = r->noticed_utc;
        fill(c, e, r);
        (void)hb_bus_send(c->bus, e);
    }
    free(r->who);
    free(r);
}

static void fill(struct hb_cmp *c, struct hb_event *e, const struct report *r)
{
    char path[2 * HB_MAX_PATH], hex[2 * HB_ACT_KEY_SIZE + 1], text[128];
    struct hb_slice rel = hb_slice(r->path, r->path_n), name = rel;
    size_t n = strlen(r->root);

    memcpy(path, r->root, n);
    if (rel.n > 0) {
        path[n++] = '/';
        memcpy(path + n, rel.p, rel.n);
        n += rel.n;
    }
    for (size_t i = rel.n; i-- > 0;) {
        if (rel.p[i] == '/') {
            name = hb_slice(rel.p + i + 1, rel.n - i - 1);
            break;
        }
    }
    if (name.n == 0)
        name = HB_SLICE("/");
    (void)hb_event_str(e, HB_F_FILE_PATH, hb_slice(path, n));
    (void)hb_event_str(e, HB_F_FILE_NAME, name);
    (void)hb_event_int(e, HB_F_FILE_TYPE_ID,
                       S_ISDIR(r->st.mode)    ? 2
                       : S_ISREG(r->st.mode)  ? 1
                       : S_ISLNK(r->st.mode)  ? 7
                       : S_ISCHR(r->st.mode)  ? 3
                       : S_ISBLK(r->st.mode)  ? 4
                       : S_ISFIFO(r->st.mode) ? 6
                       : S_ISSOCK(r->st.mode) ? 5
                                              : 0);
    if (r->state == HB_FPS_PRESENT) {
        (void)hb_event_int(e, HB_F_FILE_SIZE, (int64_t)r->st.size);
        (void)hb_event_int(e, HB_F_FILE_MODIFIED_TIME, r->st.mtime / 1000000);
        /* Found by a scan: when it happened only the kernel can say. */
        if (r->who == NULL)
            (void)hb_event_int(e, HB_F_CHANGED_TIME, r->st.ctime / 1000000);
        (void)snprintf(text, sizeof(text), "%u", r->st.uid);
        (void)hb_event_strz(e, HB_F_FILE_OWNER_UID, text);
    }
    (void)hb_event_strz(e, HB_F_SITE, r->site_name);
    (void)hb_event_int(e, HB_F_SITE_BASELINE, (int64_t)r->baseline);
    if (r->verdict.what == HB_J_RESTORE)
        (void)hb_event_int(e, HB_F_SITE_ENTRY, r->verdict.entry);
    (void)hb_event_strz(e, HB_F_SITE_CHANGE, change_word(r));
    (void)hb_event_strz(e, HB_F_STATUS, status_words[r->status]);
    (void)hb_event_int(e, HB_F_TOOK_NS, r->took);
    (void)hb_event_int(e, HB_F_EVENT_COUNT, r->count);
    (void)hb_event_strz(e, HB_F_MESSAGE, message(r));
    if (r->area[0] != '\0')
        (void)hb_event_strz(e, HB_F_POLICY_AREA, r->area);
    if (r->error != 0)
        (void)hb_event_strz(e, HB_F_STATUS_DETAIL,
                            hb_errno_text(r->error, text, sizeof(text)));
    if (r->staged) {
        hb_hex(r->key, sizeof(r->key), hex);
        (void)hb_event_strz(e, HB_F_STAGING_ID, hex);
    }
    fill_hashes(e, r);
    fill_reasons(e, r);
    if (r->who != NULL)
        fill_who(e, r->who);
}

static void fill_who(struct hb_event *e, const struct hb_fp_who *w)
{
    struct hb_json *list;
    char text[64];

    (void)hb_event_int(e, HB_F_ACTOR_PROCESS_PID, w->pid);
    if (!w->known)
        return;
    (void)snprintf(text, sizeof(text), "%u:%llu", w->pid,
                   (unsigned long long)w->start);
    (void)hb_event_strz(e, HB_F_ACTOR_PROCESS_UID, text);
    (void)hb_event_str(e, HB_F_ACTOR_PROCESS_NAME, w->comm);
    (void)hb_event_str(e, HB_F_ACTOR_PROCESS_FILE_PATH, w->exe);
    (void)hb_event_str(e, HB_F_ACTOR_PROCESS_CMD_LINE, w->cmdline);
    (void)snprintf(text, sizeof(text), "%u", w->euid);
    (void)hb_event_strz(e, HB_F_ACTOR_USER_UID, text);
    if (w->n_parents > 0) {
        list = hb_json_new(e->arena, HB_JSON_ARR);
        for (unsigned i = 0; list != NULL && i < w->n_parents; i++) {
            const struct hb_fp_parent *p = &w->parent[i];
            struct hb_slice best = p->exe.n > 0 ? p->exe : p->comm;
            char one[HB_FP_EXE + 32];

            (void)snprintf(one, sizeof(one), "%u %.*s", p->pid,
                           (int)HB_MIN(best.n, (size_t)HB_FP_EXE), best.p);
            (void)hb_json_add_str(e->arena, list, NULL, one);
        }
        if (list != NULL)
            (void)hb_event_json(e, HB_F_ACTOR_PROCESS_LINEAGE, list);
    }
}

/* OCSF fingerprints; algorithm 3 is SHA-256. */
static void fill_hashes(struct hb_event *e, const struct report *r)
{
    char hex[2 * HB_SHA256_SIZE + 1];
    struct hb_json *list, *o;

    if (r->hashed) {
        list = hb_json_new(e->arena, HB_JSON_ARR);
        o = list != NULL ? hb_json_add(e->arena, list, NULL, HB_JSON_OBJ)
                         : NULL;
        hb_hex(r->hash, sizeof(r->hash), hex);
        if (o != NULL) {
            (void)hb_json_add_int(e->arena, o, "algorithm_id", 3);
            (void)hb_json_add_str(e->arena, o, "algorithm", "SHA-256");
            (void)hb_json_add_str(e->arena, o, "value", hex);
            (void)hb_event_json(e, HB_F_FILE_HASHES, list);
        }
    }
    o = hb_json_new(e->arena, HB_JSON_OBJ);
    if (o == NULL)
        return;
    if (r->verdict.known) {
        hb_hex(r->verdict.sha256, sizeof(r->verdict.sha256), hex);
        (void)hb_json_add_str(e->arena, o, "baseline_sha256", hex);
    }
    if (r->verdict.what == HB_J_RESTORE)
        (void)hb_json_add_int(e->arena, o, "entry", r->verdict.entry);
    hb_hex(r->key, sizeof(r->key), hex);
    (void)hb_json_add_str(e->arena, o, "action_key", hex);
    (void)hb_json_add_int(e->arena, o, "site_number", r->site);
    if (r->who != NULL && r->who->known) {
        char cgroup[HB_FP_EXE + 1];
        size_t n = HB_MIN(r->who->cgroup.n, sizeof(cgroup) - 1);

        if (n > 0)
            memcpy(cgroup, r->who->cgroup.p, n);
        cgroup[n] = '\0';
        (void)hb_json_add_str(e->arena, o, "cgroup", cgroup);
        (void)hb_json_add_int(e->arena, o, "process_start",
                              (int64_t)r->who->start);
        (void)hb_json_add_int(e->arena, o, "real_uid", r->who->uid);
    }
    (void)hb_event_json(e, HB_F_UNMAPPED, o);
}

static void fill_reasons(struct hb_event *e, const struct report *r)
{
    struct hb_json *list = hb_json_new(e->arena, HB_JSON_ARR);
    char word[48];

    if (list == NULL)
        return;
    for (size_t i = 0; i < HB_ARRAY_LEN(reasons); i++)
        if ((r->verdict.bits & reasons[i].bit) != 0)
            (void)hb_json_add_str(e->arena, list, NULL, reasons[i].word);
    if (r->verdict.rule != HB_RULE_OK) {
        (void)snprintf(word, sizeof(word), "rule.%s",
                       hb_rule_word(r->verdict.rule));
        (void)hb_json_add_str(e->arena, list, NULL, word);
    }
    if ((r->events & HB_FPE_MOUNTED) != 0)
        (void)hb_json_add_str(e->arena, list, NULL, "mount");
    if ((r->events & HB_FPE_SCAN) != 0)
        (void)hb_json_add_str(e->arena, list, NULL, "scan");
    (void)hb_event_json(e, HB_F_SITE_REASONS, list);
}

static const char *change_word(const struct report *r)
{
    const int content = HB_BD_CONTENT | HB_BD_SIZE | HB_BD_TARGET;

    if ((r->events & HB_FPE_MOUNTED) != 0)
        return "mounted";
    if ((r->verdict.bits & HB_BD_FOREIGN) != 0)
        return "added";
    if ((r->verdict.bits & HB_BD_MISSING) != 0)
        return "deleted";
    if ((r->verdict.bits & HB_BD_TYPE) != 0)
        return "replaced";
    if ((r->verdict.bits & content) != 0)
        return "modified";
    return "attributes";
}

static int activity(const struct report *r)
{
    const char *w = change_word(r);

    if (hb_streq(w, "added") || hb_streq(w, "mounted"))
        return ACT_CREATE;
    if (hb_streq(w, "deleted"))
        return ACT_DELETE;
    return hb_streq(w, "attributes") ? ACT_ATTRIBUTES : ACT_UPDATE;
}

static enum hb_severity severity(const struct report *r)
{
    switch (r->status) {
    case HB_CMP_ASK:
    case HB_CMP_FAILED:
    case HB_CMP_REFUSED:
    case HB_CMP_FIGHT:
        return HB_SEV_HIGH;
    case HB_CMP_PENDING:
        return HB_SEV_INFO;
    default:
        return r->area[0] != '\0' ? HB_SEV_MEDIUM : HB_SEV_HIGH;
    }
}

static const char *message(const struct report *r)
{
    switch (r->status) {
    case HB_CMP_RESTORED:
        return _("a file of the site was changed and has been restored");
    case HB_CMP_REMOVED:
        return _("something that does not belong to the site was taken out");
    case HB_CMP_ASK:
        return _("a file of the site was changed; restoring it needs an "
                 "approval");
    case HB_CMP_FAILED:
        return _("a file of the site was changed and could not be restored");
    case HB_CMP_REFUSED:
        return _("a file of the site was changed; the helper refuses to "
                 "restore it");
    case HB_CMP_FIGHT:
        return _("a file of the site is changed again and again");
    default:
        return _("a change in a deploy window waits for a person");
    }
}
