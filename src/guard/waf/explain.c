/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.c - see explain.h: sentences.
 */
#include "guard/waf/explain.h"

#include "base/i18n.h"
#include "base/show.h"

#define SHOWN 64u /* bytes of a stranger's name */

static bool has_tag(const struct hb_waf_rule *rule, const char *tag);
static void place(struct hb_buf *b, const struct hb_waf_hit *hit);
static void name_of(struct hb_buf *b, struct hb_slice name);

/* First match wins. */
static const struct {
    const char *tag;
    enum hb_waf_attack attack;
} tags[] = {
    {"attack-sqli", HB_WAF_ATTACK_SQLI},
    {"attack-xss", HB_WAF_ATTACK_XSS},
    {"attack-injection-php", HB_WAF_ATTACK_PHP},
    {"attack-injection-java", HB_WAF_ATTACK_JAVA},
    {"attack-rce", HB_WAF_ATTACK_RCE},
    {"attack-lfi", HB_WAF_ATTACK_LFI},
    {"attack-rfi", HB_WAF_ATTACK_RFI},
    {"attack-injection-nodejs", HB_WAF_ATTACK_CODE},
    {"attack-injection-generic", HB_WAF_ATTACK_CODE},
    {"attack-injection-ldap", HB_WAF_ATTACK_CODE},
    {"attack-ssti", HB_WAF_ATTACK_CODE},
    {"attack-ssrf", HB_WAF_ATTACK_CODE},
    {"attack-generic", HB_WAF_ATTACK_CODE},
    {"attack-reputation-scanner", HB_WAF_ATTACK_SCANNER},
    {"attack-reputation-crawler", HB_WAF_ATTACK_SCANNER},
    {"attack-reputation-scripting", HB_WAF_ATTACK_SCANNER},
    {"attack-fixation", HB_WAF_ATTACK_SESSION},
    {"attack-disclosure", HB_WAF_ATTACK_LEAK},
    {"attack-protocol", HB_WAF_ATTACK_PROTOCOL},
    {"attack-multipart-header", HB_WAF_ATTACK_PROTOCOL},
};

static const struct {
    const char *name, *what;
} attacks[HB_WAF_ATTACK_COUNT] = {
    [HB_WAF_ATTACK_OTHER] = {N_("rule of the site"),
                             N_("something that a rule forbids")},
    [HB_WAF_ATTACK_SQLI] = {N_("SQL injection"),
                            N_("a piece of SQL, as in an attack on a "
                               "database")},
    [HB_WAF_ATTACK_XSS] = {N_("cross-site scripting"),
                           N_("HTML or script that would run in other "
                              "people's browsers")},
    [HB_WAF_ATTACK_RCE] = {N_("command execution"),
                           N_("a command for the server's operating system")},
    [HB_WAF_ATTACK_LFI] = {N_("reading of files"),
                           N_("a path to files that are none of a visitor's "
                              "business")},
    [HB_WAF_ATTACK_RFI] = {N_("inclusion of foreign files"),
                           N_("an address from which a program would load "
                              "code")},
    [HB_WAF_ATTACK_PHP] = {N_("PHP injection"), N_("a piece of PHP")},
    [HB_WAF_ATTACK_JAVA] = {N_("Java injection"),
                            N_("an attack on programs in Java (such as "
                               "Log4Shell)")},
    [HB_WAF_ATTACK_CODE] = {N_("code injection"),
                            N_("code that a program might run")},
    [HB_WAF_ATTACK_SCANNER] = {N_("scanner"),
                               N_("the mark of a tool that looks for "
                                  "weaknesses")},
    [HB_WAF_ATTACK_PROTOCOL] = {N_("breach of the protocol"),
                                N_("what browsers do not send")},
    [HB_WAF_ATTACK_SESSION] = {N_("session fixation"),
                               N_("an attempt to force a session on "
                                  "somebody")},
    [HB_WAF_ATTACK_LEAK] = {N_("leak of information"),
                            N_("inner details of the server")},
};

enum hb_waf_attack hb_waf_attack_of(const struct hb_waf_rule *rule)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(tags); i++)
        if (has_tag(rule, tags[i].tag))
            return tags[i].attack;
    return HB_WAF_ATTACK_OTHER;
}

const char *hb_waf_attack_name(enum hb_waf_attack a)
{
    HB_ASSERT((unsigned)a < HB_WAF_ATTACK_COUNT);
    return _(attacks[a].name);
}

/* A rule that looks at TX only adds up what others found. */
const struct hb_waf_hit *hb_waf_first_reason(const struct hb_waf_hit *hits)
{
    const struct hb_waf_hit *best = NULL;

    for (const struct hb_waf_hit *h = hits; h != NULL; h = h->next) {
        bool sum = h->coll == HB_WAF_VAR_TX;
        bool best_sum = best != NULL && best->coll == HB_WAF_VAR_TX;

        if (best == NULL || (best_sum && !sum) ||
            (best_sum == sum && h->rule->severity >= 0 &&
             (best->rule->severity < 0 ||
              h->rule->severity < best->rule->severity)))
            best = h;
    }
    return best;
}

void hb_waf_explain(struct hb_buf *b, const struct hb_waf_hit *hit)
{
    _cleanup_buf_ struct hb_buf where = HB_BUF_INIT;

    place(&where, hit);
    /* Translators: 1 where, 2 what. */
    hb_buf_addf(b, _("%1$s holds %2$s."), hb_buf_z(&where),
                _(attacks[hb_waf_attack_of(hit->rule)].what));
}

static bool has_tag(const struct hb_waf_rule *rule, const char *tag)
{
    struct hb_slice want = hb_slice_z(tag);

    for (uint32_t i = 0; i < rule->n_tag; i++)
        if (hb_slice_eq(rule->tag[i].raw, want))
            return true;
    return false;
}

static void place(struct hb_buf *b, const struct hb_waf_hit *hit)
{
    _cleanup_buf_ struct hb_buf name = HB_BUF_INIT;
    const char *z;

    name_of(&name, hit->name);
    z = hb_buf_z(&name);
    switch (hit->coll) {
    case HB_WAF_VAR_ARGS:
    case HB_WAF_VAR_ARGS_GET:
    case HB_WAF_VAR_ARGS_POST:
        hb_buf_addf(b, _("The field \"%s\""), z);
        return;
    case HB_WAF_VAR_ARGS_NAMES:
    case HB_WAF_VAR_ARGS_GET_NAMES:
    case HB_WAF_VAR_ARGS_POST_NAMES:
        hb_buf_addf(b, _("The name of the field \"%s\""), z);
        return;
    case HB_WAF_VAR_REQUEST_COOKIES:
    case HB_WAF_VAR_REQUEST_COOKIES_NAMES:
        hb_buf_addf(b, _("The cookie \"%s\""), z);
        return;
    case HB_WAF_VAR_REQUEST_HEADERS:
    case HB_WAF_VAR_REQUEST_HEADERS_NAMES:
        hb_buf_addf(b, _("The header \"%s\""), z);
        return;
    case HB_WAF_VAR_FILES:
    case HB_WAF_VAR_FILES_NAMES:
    case HB_WAF_VAR_MULTIPART_FILENAME:
    case HB_WAF_VAR_MULTIPART_PART_HEADERS:
        hb_buf_addf(b, _("The uploaded file of the field \"%s\""), z);
        return;
    case HB_WAF_VAR_RESPONSE_BODY:
    case HB_WAF_VAR_RESPONSE_HEADERS:
        hb_buf_addz(b, _("The answer of the site"));
        return;
    case HB_WAF_VAR_REQUEST_BODY:
    case HB_WAF_VAR_XML:
        hb_buf_addz(b, _("What was sent to the site"));
        return;
    case HB_WAF_VAR_REQUEST_URI:
    case HB_WAF_VAR_REQUEST_URI_RAW:
    case HB_WAF_VAR_REQUEST_FILENAME:
    case HB_WAF_VAR_REQUEST_BASENAME:
    case HB_WAF_VAR_REQUEST_LINE:
    case HB_WAF_VAR_QUERY_STRING:
        hb_buf_addz(b, _("The address that was asked for"));
        return;
    default:
        hb_buf_addz(b, _("The request"));
        return;
    }
}

/* A stranger's name, short and printable. */
static void name_of(struct hb_buf *b, struct hb_slice name)
{
    hb_show(b, hb_slice(name.p, HB_MIN(name.n, SHOWN)));
    if (name.n > SHOWN)
        hb_buf_addz(b, "...");
}
