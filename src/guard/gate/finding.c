/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finding.c - see finding.h: reading.
 *
 * Runs in commands and in whoever reads the log.  The web server's worker
 * wrote the line, and an attacker chose most of its texts.
 */
#include "guard/gate/finding.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/json.h"

#define BLOCK (256u << 10) /* of a log that is searched from its end */

struct search {
    struct hb_arena *a;
    const char *id;
    struct hb_gate_finding *ret;
};

static struct hb_slice without_nul(struct hb_arena *a, struct hb_slice line);
static int read_hit(struct hb_arena *a, const struct hb_json *j,
                    struct hb_gate_finding_hit *ret);
static int search_file(struct search *s, const char *path);
static int search_block(struct search *s, struct hb_slice text);

int hb_gate_finding_parse(struct hb_arena *a, struct hb_slice line,
                          struct hb_gate_finding *ret, struct hb_err *err)
{
    struct hb_gate_finding f = {0};
    const struct hb_json *hits;
    struct hb_json *tree;
    int64_t rule;
    int r;

    if (line.n > HB_FINDING_LINE)
        return hb_err_set(err, -EFBIG, _("this line is too long"));
    line = without_nul(a, line);
    if (line.p == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r = hb_json_parse(a, line, &tree, err);
    if (r < 0)
        return r;
    if (tree->type != HB_JSON_OBJ)
        return hb_err_set(err, -EBADMSG, _("this is no finding"));
    f.id = hb_json_str(tree, "id", "");
    f.client = hb_json_str(tree, "client", "");
    f.host = hb_json_str(tree, "host", "");
    f.method = hb_json_str(tree, "method", "");
    f.uri = hb_json_str(tree, "uri", "");
    f.mode = hb_json_str(tree, "mode", "");
    f.action = hb_json_str(tree, "action", "");
    f.limit = hb_json_str(tree, "limit", "");
    f.rate = hb_json_str(tree, "rate", "");
    f.ban = hb_json_str(tree, "ban", "");
    f.ban_s = hb_json_int(tree, "ban_s", 0);
    f.pass = hb_json_str(tree, "pass", "");
    f.status = hb_json_int(tree, "status", 0);
    rule = hb_json_int(tree, "rule", 0);
    f.rule = rule > 0 && rule <= UINT32_MAX ? (uint32_t)rule : 0;
    f.cut = hb_json_bool(tree, "cut", false);
    f.canary = hb_json_bool(tree, "canary", false);
    if (hb_time_parse(hb_slice_z(hb_json_str(tree, "time", "")), &f.time) < 0)
        f.time = 0;
    if (!hb_gate_finding_id_ok(f.id) || f.action[0] == '\0')
        return hb_err_set(err, -EBADMSG, _("this is no finding"));
    hits = hb_json_get(tree, "hits");
    if (hits != NULL && hits->type == HB_JSON_ARR && hits->count > 0) {
        f.hit = HB_NEW_N(a, struct hb_gate_finding_hit,
                         HB_MIN(hits->count, HB_FINDING_HITS));
        if (f.hit == NULL)
            return hb_err_set(err, -ENOMEM, _("out of memory"));
        HB_JSON_EACH (j, hits) {
            if (f.n == HB_FINDING_HITS)
                break;
            r = read_hit(a, j, &f.hit[f.n]);
            if (r < 0)
                return hb_err_set(err, r,
                                  r == -ENOMEM ? _("out of memory")
                                               : _("this is no finding"));
            f.n++;
        }
    }
    *ret = f;
    return 0;
}

bool hb_gate_finding_id_ok(const char *id)
{
    size_t n = strlen(id);

    return n >= 8 && n <= 40 &&
           strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                      "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

int hb_gate_finding_find(struct hb_arena *a, const char *path, const char *id,
                         struct hb_gate_finding *ret, struct hb_err *err)
{
    struct search s = {.a = a, .id = id, .ret = ret};
    char older[HB_MAX_PATH], why[128];
    int r;

    if (!hb_gate_finding_id_ok(id))
        return hb_err_set(err, -EINVAL,
                          _("%s is no reference number of a request"), id);
    r = search_file(&s, path);
    if ((r == 0 || r == -ENOENT) &&
        snprintf(older, sizeof(older), "%s.1", path) < (int)sizeof(older)) {
        int before = r;

        r = search_file(&s, older);
        if (r == -ENOENT)
            r = before;
    }
    if (r == 0 || r == -ENOENT)
        return hb_err_set(err, -ENOENT,
                          r == 0 ? _("%s does not stand in %s")
                                 : _("%s: there is no log %s"),
                          id, path);
    return r < 0 ? hb_err_set(err, r, "%s: %s", path,
                              hb_errno_text(r, why, sizeof(why)))
                 : 0;
}

/* A NUL that a visitor sent must not hide what was found. */
static struct hb_slice without_nul(struct hb_arena *a, struct hb_slice line)
{
    static const char nul[] = "\\u0000";
    char *p;

    if (memmem(line.p, line.n, nul, 6) == NULL)
        return line.p != NULL ? line : hb_slice("", 0);
    p = hb_arena_dup(a, line.p, line.n);
    for (size_t i = 0; p != NULL && i < line.n; i++) {
        if (p[i] != '\\')
            continue;
        if (line.n - i >= 6 && memcmp(p + i, nul, 6) == 0)
            memcpy(p + i, "\\ufffd", 6);
        i++;
    }
    return hb_slice(p, line.n);
}

static int read_hit(struct hb_arena *a, const struct hb_json *j,
                    struct hb_gate_finding_hit *ret)
{
    const struct hb_json *list = hb_json_get(j, "variables");
    int64_t rule = hb_json_int(j, "rule", 0), phase, severity;
    struct hb_gate_finding_hit h = {0};
    bool many = list != NULL && list->type == HB_JSON_ARR && list->count > 0;

    if (j->type != HB_JSON_OBJ || rule <= 0 || rule > UINT32_MAX)
        return -EBADMSG;
    phase = hb_json_int(j, "phase", 0);
    severity = hb_json_int(j, "severity", -1);
    h.rule = (uint32_t)rule;
    h.phase = phase >= 0 && phase <= 5 ? (uint8_t)phase : 0;
    h.severity = severity >= 0 && severity <= 7 ? (int)severity : -1;
    h.disruptive = hb_json_bool(j, "disruptive", false);
    h.msg = hb_json_str(j, "msg", "");
    h.logdata = hb_json_str(j, "logdata", "");
    h.variable = hb_json_str(j, "variable", "");
    h.value = hb_json_str(j, "value", "");
    h.variables = HB_NEW_N(a, const char *, HB_WAF_HIT_VARS);
    if (h.variables == NULL)
        return -ENOMEM;
    if (!many && h.variable[0] != '\0')
        h.variables[h.n++] = h.variable;
    if (many)
        HB_JSON_EACH (v, list) {
            if (v->type != HB_JSON_STR)
                return -EBADMSG;
            if (v->str.n > 0 && h.n < HB_WAF_HIT_VARS)
                h.variables[h.n++] = v->str.p;
        }
    *ret = h;
    return 0;
}

/* 1 where it was found, 0 where not. */
static int search_file(struct search *s, const char *path)
{
    /* A line may begin in the block before. */
    const size_t room = BLOCK + HB_FINDING_LINE;
    _cleanup_close_ int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    _cleanup_free_ char *text = malloc(room);
    struct stat st;
    off_t end;

    if (fd < 0 || text == NULL)
        return fd < 0 ? -errno : -ENOMEM;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    for (end = st.st_size; end > 0;) {
        off_t from = end > (off_t)BLOCK ? end - (off_t)BLOCK : 0;
        ssize_t n = hb_pread_full(fd, text, room, from);
        int r;

        if (n < 0)
            return (int)n;
        r = search_block(s, hb_slice(text, (size_t)n));
        if (r != 0)
            return r;
        end = from;
    }
    return 0;
}

/* The last one; half lines at both ends are no findings. */
static int search_block(struct search *s, struct hb_slice text)
{
    size_t n = strlen(s->id);
    struct hb_gate_finding found;
    int have = 0;

    for (size_t at = 0; at < text.n;) {
        const char *hit = memmem(text.p + at, text.n - at, s->id, n), *end;
        size_t from, to;

        if (hit == NULL)
            break;
        from = (size_t)(hit - text.p);
        while (from > 0 && text.p[from - 1] != '\n')
            from--;
        end = memchr(hit, '\n', text.n - (size_t)(hit - text.p));
        to = end != NULL ? (size_t)(end - text.p) : text.n;
        if (hb_gate_finding_parse(s->a, hb_slice(text.p + from, to - from),
                                  &found, NULL) == 0 &&
            hb_streq(found.id, s->id)) {
            *s->ret = found;
            have = 1;
        }
        at = to + 1;
    }
    return have;
}
