/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finding_event.c - see finding.h: what a finding means to people.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/mask.h"
#include "base/num.h"
#include "base/show.h"
#include "guard/gate/finding.h"

#define VALUE_MAX 240u /* bytes of a value that is shown */
#define URL_MAX   1024u
#define FFFD      "\xef\xbf\xbd"

static const struct hb_waf_rule *rule_of(struct hb_arena *a,
                                         const struct hb_waf_rules *rules,
                                         const struct hb_gate_finding_hit *h);
static bool variables(struct hb_arena *a, const struct hb_gate_finding_hit *h,
                      struct hb_waf_hit *ret);
static bool before_rules(struct hb_buf *b, const struct hb_gate_finding *f);
static const char *host_of(struct hb_arena *a, const char *host);
static struct hb_slice path_of(struct hb_arena *a, const char *uri);
static void allow_text(struct hb_arena *a, const struct hb_gate_finding *f,
                       const struct hb_waf_hit *hits, struct hb_buf *b);
static enum hb_severity severity(const struct hb_gate_finding *f,
                                 const struct hb_waf_hit *reason);
static bool let_through(const struct hb_gate_finding *f);
static void mask(struct hb_buf *b, struct hb_slice text);

const struct hb_waf_hit *hb_gate_finding_hits(struct hb_arena *a,
                                              const struct hb_gate_finding *f,
                                              const struct hb_waf_rules *rules)
{
    struct hb_waf_hit *v;

    if (f->n == 0)
        return NULL;
    v = HB_NEW_N(a, struct hb_waf_hit, f->n);
    if (v == NULL)
        return NULL;
    for (size_t i = 0; i < f->n; i++) {
        const struct hb_gate_finding_hit *h = &f->hit[i];

        v[i].rule = rule_of(a, rules, h);
        if (v[i].rule == NULL || !variables(a, h, &v[i]))
            return NULL;
        v[i].phase = h->phase;
        v[i].disruptive = h->disruptive;
        v[i].msg = hb_slice_z(h->msg);
        v[i].logdata = hb_slice_z(h->logdata);
        v[i].value = hb_slice_z(h->value);
        v[i].next = i + 1 < f->n ? &v[i + 1] : NULL;
    }
    return v;
}

int hb_gate_finding_allow(
    struct hb_arena *a, const struct hb_gate_finding *f,
    const struct hb_waf_hit *hits,
    struct hb_waf_allow_target target[HB_WAF_ALLOW_TARGETS],
    struct hb_waf_allow *ret, struct hb_err *err)
{
    struct hb_waf_allow allow = {0};

    if (f->limit[0] != '\0')
        return hb_err_set(err, -EDOM,
                          _("A limit stopped this request, not a rule; no "
                            "exclusion changes that."));
    hb_waf_allow_targets(hits, target, &allow.n);
    if (allow.n == 0)
        return hb_err_set(err, -EDOM,
                          _("No rule that looks at the request matched: there "
                            "is nothing to allow."));
    allow.target = target;
    allow.host = hb_slice_z(host_of(a, f->host));
    allow.method = hb_slice_z(f->method);
    allow.path = path_of(a, f->uri);
    if (allow.host.p == NULL || allow.path.p == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    if (allow.host.n == 0 || allow.method.n == 0 || allow.path.n == 0)
        return hb_err_set(err, -EDOM,
                          _("The finding does not say what was asked for."));
    if (strstr(f->uri, FFFD) != NULL || strstr(f->host, FFFD) != NULL ||
        strstr(f->method, FFFD) != NULL || strlen(f->uri) >= HB_MAX_PATH)
        return hb_err_set(err, -EDOM,
                          _("The address holds bytes that are no UTF-8, or is "
                            "too long; such an exclusion is written by "
                            "hand."));
    for (size_t i = 0; i < allow.n; i++)
        if (memmem(target[i].var.p, target[i].var.n, FFFD, 3) != NULL ||
            (f->cut && target[i].var.n >= 64))
            return hb_err_set(err, -EDOM,
                              _("The name of a field holds bytes that are no "
                                "UTF-8, or was cut; such an exclusion is "
                                "written by hand."));
    *ret = allow;
    return 0;
}

void hb_gate_finding_sentence(struct hb_buf *b, const struct hb_gate_finding *f,
                              const struct hb_waf_hit *hits)
{
    const struct hb_waf_hit *reason = hb_waf_first_reason(hits);

    if (f->limit[0] != '\0') {
        _cleanup_buf_ struct hb_buf what = HB_BUF_INIT;

        hb_show(&what, hb_slice(f->limit,
                                hb_utf8_cut(f->limit, HB_MIN(strlen(f->limit),
                                                             VALUE_MAX))));
        hb_buf_addf(b,
                    _("The request was larger than what is looked at: "
                      "%s."),
                    hb_buf_z(&what));
        return;
    }
    if (before_rules(b, f))
        return;
    if (reason == NULL) {
        hb_buf_addz(b, hb_streq(f->action, "unjudged") ||
                               hb_streq(f->action, "refused")
                           ? _("The firewall could not judge this request.")
                           : _("A rule matched this request."));
        return;
    }
    hb_waf_explain(b, reason);
}

/* What was decided without the rules. */
static bool before_rules(struct hb_buf *b, const struct hb_gate_finding *f)
{
    if (f->ban[0] != '\0')
        hb_buf_addz(b, _("This address has done too much that it should not, "
                         "and is shut out for a while."));
    else if (f->rate[0] != '\0')
        hb_buf_addz(b, _("More requests came from one place than are "
                         "permitted."));
    else if (hb_streq(f->action, "walled"))
        hb_buf_addz(b, _("A page behind the log-in wall was asked for with a "
                         "pass that is not good."));
    else if (f->pass[0] != '\0')
        hb_buf_addz(b, _("A pass opened the log-in wall."));
    else
        return false;
    return true;
}

int hb_gate_event(struct hb_arena *a, const struct hb_gate_finding *f,
                  const struct hb_waf_hit *hits, uint64_t count,
                  const char *source, struct hb_event **ret)
{
    const struct hb_waf_hit *reason = hb_waf_first_reason(hits);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT, masked = HB_BUF_INIT;
    struct hb_event *e;
    struct hb_json *other;
    char rule[16];
    int r;

    e = hb_event_new(a, HB_EV_DETECTION_FINDING, count > 1 ? 2 : 1,
                     severity(f, reason), source);
    other = hb_json_new(a, HB_JSON_OBJ);
    if (e == NULL || other == NULL)
        return -ENOMEM;
    if (f->time > 0)
        e->time = f->time;
    (void)snprintf(rule, sizeof(rule), "%u",
                   reason != NULL ? (unsigned)reason->rule->id
                                  : (unsigned)f->rule);
    r = hb_event_strz(e, HB_F_FINDING_RULE, rule);
    if (r == 0)
        r = hb_event_strz(
            e, HB_F_FINDING_TITLE,
            hb_waf_attack_name(reason != NULL ? hb_waf_attack_of(reason->rule)
                                              : HB_WAF_ATTACK_OTHER));
    if (r == 0)
        r = hb_event_strz(e, HB_F_SRC_ENDPOINT_IP, f->client);
    if (r == 0)
        r = hb_event_strz(e, HB_F_HTTP_METHOD, f->method);
    if (r == 0 && f->status > 0)
        r = hb_event_int(e, HB_F_HTTP_STATUS, f->status);
    if (r == 0)
        r = hb_event_strz(e, HB_F_STATUS, f->action);
    if (r == 0 && count > 1)
        r = hb_event_int(e, HB_F_EVENT_COUNT, (int64_t)count);
    if (r == 0 && f->canary)
        r = hb_event_strz(e, HB_F_STATUS_DETAIL, "canary");
    /* A query may hold a password. */
    hb_buf_addz(&b, f->host);
    mask(&b, hb_slice(f->uri,
                      hb_utf8_cut(f->uri, HB_MIN(strlen(f->uri), URL_MAX))));
    if (r == 0)
        r = hb_event_str(e, HB_F_HTTP_URL, hb_buf_slice(&b));
    hb_buf_reset(&b);
    hb_gate_finding_sentence(&b, f, hits);
    hb_buf_addf(&b, " %s",
                let_through(f) ? _("It was let through.")
                               : _("It was stopped."));
    if (count > 1)
        hb_buf_addf(
            &b,
            P_(" %llu request like this.", " %llu requests like this.", count),
            (unsigned long long)count);
    if (r == 0)
        r = hb_event_str(e, HB_F_MESSAGE, hb_buf_slice(&b));
    hb_buf_reset(&b);
    if (hb_json_add_str(a, other, "reference", f->id) == NULL)
        r = -ENOMEM;
    if (r == 0 && reason != NULL) {
        size_t n = HB_MIN(reason->value.n, VALUE_MAX);

        /* Behind its name a password is known as one. */
        hb_show(&b, hb_slice(reason->name.p, HB_MIN(reason->name.n, 64u)));
        hb_buf_addz(&b, ": ");
        hb_buf_add(&b, reason->value.p, hb_utf8_cut(reason->value.p, n));
        mask(&masked, hb_buf_slice(&b));
        if (hb_json_add_str(a, other, "value", hb_buf_z(&masked)) == NULL)
            r = -ENOMEM;
        hb_buf_reset(&b);
        allow_text(a, f, hits, &b);
        if (b.n > 0 && hb_json_add_str(a, other, "allow", hb_buf_z(&b)) == NULL)
            r = -ENOMEM;
    }
    if (r == 0)
        r = hb_event_json(e, HB_F_UNMAPPED, other);
    if (r == 0 && hb_buf_err(&b) < 0)
        r = hb_buf_err(&b);
    if (r == 0)
        *ret = e;
    return r;
}

/* The rule with that id, or one that knows nothing but it. */
static const struct hb_waf_rule *rule_of(struct hb_arena *a,
                                         const struct hb_waf_rules *rules,
                                         const struct hb_gate_finding_hit *h)
{
    struct hb_waf_rule *r;

    for (uint32_t i = 0; rules != NULL && i < rules->n_rule; i++)
        if (rules->rule[i].id == h->rule && !rules->rule[i].link)
            return &rules->rule[i];
    r = HB_NEW(a, struct hb_waf_rule);
    if (r != NULL) {
        r->id = h->rule;
        r->severity = (int8_t)h->severity;
        r->file = "";
    }
    return r;
}

/* "ARGS:q" is q of ARGS. */
static bool variables(struct hb_arena *a, const struct hb_gate_finding_hit *h,
                      struct hb_waf_hit *ret)
{
    const char *colon = strchr(h->variable, ':');
    size_t n =
        colon != NULL ? (size_t)(colon - h->variable) : strlen(h->variable);
    struct hb_waf_value *v = HB_NEW_N(a, struct hb_waf_value, h->n + 1);

    if (v == NULL)
        return false;
    ret->coll = HB_WAF_VAR_TX;
    (void)hb_waf_coll_find(hb_slice(h->variable, n), &ret->coll);
    ret->name = colon != NULL ? hb_slice_z(colon + 1) : hb_slice("", 0);
    for (size_t i = 0; i < h->n; i++)
        v[i].name = hb_slice_z(h->variables[i]);
    ret->var = v;
    ret->n_var = (uint32_t)h->n;
    return true;
}

/* In small letters, without a port, as SERVER_NAME has it. */
static const char *host_of(struct hb_arena *a, const char *host)
{
    size_t n = strlen(host);
    char *z;

    for (size_t i = n; i > 0 && host[i - 1] != ']'; i--)
        if (host[i - 1] == ':') {
            n = i - 1;
            break;
        }
    z = hb_arena_dup(a, host, n);
    for (size_t i = 0; z != NULL && i < n; i++)
        if (z[i] >= 'A' && z[i] <= 'Z')
            z[i] = (char)(z[i] + ('a' - 'A'));
    return z;
}

/* Decoded once and without a query, as REQUEST_FILENAME is. */
static struct hb_slice path_of(struct hb_arena *a, const char *uri)
{
    size_t len = strlen(uri), n = 0;
    char *z = hb_arena_alloc(a, len + 1);

    if (z == NULL)
        return hb_slice(NULL, 0);
    for (size_t i = 0; i < len; i++) {
        int code = len - i > 2 && uri[i] == '%' ? hb_hex_byte(uri + i + 1) : -1;

        if (code < 0) {
            z[n++] = uri[i];
            continue;
        }
        z[n++] = (char)code;
        i += 2;
    }
    if (memchr(z, '?', n) != NULL)
        n = (size_t)((char *)memchr(z, '?', n) - z);
    return hb_slice(z, n);
}

/* For a person to read; the one that holds is made by the command. */
static void allow_text(struct hb_arena *a, const struct hb_gate_finding *f,
                       const struct hb_waf_hit *hits, struct hb_buf *b)
{
    struct hb_waf_allow_target target[HB_WAF_ALLOW_TARGETS];
    struct hb_waf_allow allow;

    if (hb_gate_finding_allow(a, f, hits, target, &allow, NULL) < 0)
        return;
    hb_buf_addf(b, "hinoban gate allow %s", f->id);
    for (size_t i = 0; i < allow.n && i < 8; i++) {
        hb_buf_addf(b, "%s%u ", i == 0 ? ": " : ", ", (unsigned)target[i].rule);
        hb_show(b, hb_slice(target[i].var.p, HB_MIN(target[i].var.n, 80u)));
    }
    if (allow.n > 8)
        hb_buf_addz(b, ", ...");
}

/* The noise of scanners is low; what was grave and came through is not. */
static enum hb_severity severity(const struct hb_gate_finding *f,
                                 const struct hb_waf_hit *reason)
{
    bool stopped = !let_through(f);
    bool grave = reason != NULL && reason->rule->severity >= 0 &&
                 reason->rule->severity <= 2;

    if (hb_streq(f->action, "unjudged") || hb_streq(f->action, "refused"))
        return HB_SEV_HIGH;
    if (f->canary && stopped)
        return HB_SEV_INFO;
    if (reason != NULL &&
        hb_waf_attack_of(reason->rule) == HB_WAF_ATTACK_SCANNER)
        return HB_SEV_LOW;
    if (hb_streq(f->action, "detected") && grave)
        return HB_SEV_MEDIUM;
    return grave ? HB_SEV_LOW : HB_SEV_INFO;
}

static bool let_through(const struct hb_gate_finding *f)
{
    return hb_streq(f->action, "passed") || hb_streq(f->action, "detected") ||
           hb_streq(f->action, "unjudged");
}

/* hb_mask() is made for lines, and ends each of them. */
static void mask(struct hb_buf *b, struct hb_slice text)
{
    hb_mask(b, text);
    while (b->n > 0 && b->p[b->n - 1] == '\n')
        b->p[--b->n] = '\0';
}
