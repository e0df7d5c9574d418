/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.c - reads a rule: what it is called, where it looks, how bad it is and
 * which case it belongs to.
 *
 * Runs in core and the CLI.  Rules come with the package or from root; they
 * may be written by strangers, so that everything is bounded and whatever is
 * not understood refuses the rule.
 */
#include "detect/rule.h"

static int need(const struct hb_yaml *map, const char *key,
                const struct hb_yaml **ret, struct hb_err *err);
static int read_text(const struct hb_yaml *map, const char *key,
                     const char **ret, struct hb_err *err);
static int read_uuid(const struct hb_yaml *top, const char **ret,
                     struct hb_err *err);
static int read_logsource(const struct hb_yaml *top, struct hb_compiled *ret,
                          struct hb_err *err);
static int read_level(const struct hb_yaml *top, struct hb_compiled *ret,
                      struct hb_err *err);
static int read_tags(const struct hb_yaml *top, struct hb_compiled *ret,
                     struct hb_err *err);
static int read_tag(const struct hb_yaml *n, struct hb_compiled *ret,
                    size_t *cases, struct hb_err *err);
static int read_group(const struct hb_yaml *top, struct hb_compiled *ret,
                      struct hb_err *err);
static int unknown(const struct hb_yaml *n, const char *what,
                   const char *const *words, size_t count, struct hb_err *err);

/* Sigma's categories of log sources onto OCSF classes. */
static const char *const categories[] = {
    "file_event",     "process_creation", "authentication",
    "account_change", "webserver",        "network_connection",
    "email",          "application",      "control",
    "finding",
};
static const enum hb_event_class classes[] = {
    HB_EV_FILE_ACTIVITY,     HB_EV_PROCESS_ACTIVITY, HB_EV_AUTHENTICATION,
    HB_EV_ACCOUNT_CHANGE,    HB_EV_HTTP_ACTIVITY,    HB_EV_NETWORK_ACTIVITY,
    HB_EV_EMAIL_ACTIVITY,    HB_EV_APP_LIFECYCLE,    HB_EV_COMPLIANCE_FINDING,
    HB_EV_DETECTION_FINDING,
};
static const char *const levels[] = {"informational", "low", "medium", "high",
                                     "critical"};
static const char *const stati[] = {"stable", "test", "experimental"};

int hb_rule_read(struct hb_arena *a, const struct hb_yaml *top,
                 struct hb_compiled *ret, struct hb_err *err)
{
    static const char *const keys[] = {
        "title",     "id",        "status",     "description", "author",
        "date",      "modified",  "references", "license",     "falsepositives",
        "logsource", "detection", "level",      "tags",        "hinoban",
        NULL};
    const struct hb_yaml *n = NULL;
    int r;

    if (top->type != HB_YAML_MAP)
        return hb_yaml_err(top, err, -EINVAL, _("a rule is a mapping"));
    r = hb_yaml_keys(top, keys, err);
    if (r == 0)
        r = read_text(top, "title", ret->pub.title, err);
    if (r == 0)
        r = read_text(top, "description", ret->pub.desc, err);
    if (r == 0)
        r = read_uuid(top, &ret->pub.id, err);
    if (r == 0)
        r = need(top, "status", &n, err);
    if (r == 0 && (n->type != HB_YAML_SCALAR || (!hb_streq(n->text, stati[0]) &&
                                                 !hb_streq(n->text, stati[1]) &&
                                                 !hb_streq(n->text, stati[2]))))
        r = unknown(n, "status", stati, HB_ARRAY_LEN(stati), err);
    if (r == 0)
        r = read_logsource(top, ret, err);
    if (r == 0)
        r = read_level(top, ret, err);
    if (r == 0)
        r = read_tags(top, ret, err);
    if (r == 0)
        r = read_group(top, ret, err);
    if (r == 0)
        r = need(top, "detection", &n, err);
    return r < 0 || n == NULL ? r : hb_rule_detection(a, n, ret, err);
}

static int need(const struct hb_yaml *map, const char *key,
                const struct hb_yaml **ret, struct hb_err *err)
{
    *ret = hb_yaml_get(map, key);
    return *ret != NULL ? 0
                        : hb_yaml_err(map, err, -EINVAL,
                                      _("\"%s\" is missing here"), key);
}

static int read_text(const struct hb_yaml *map, const char *key,
                     const char **ret, struct hb_err *err)
{
    static const char *const keys[] = {"en", "ja", NULL};
    const struct hb_yaml *n = NULL, *t = NULL;
    int r = need(map, key, &n, err);

    if (r == 0 && n->type != HB_YAML_MAP)
        r = hb_yaml_err(n, err, -EINVAL, _("\"%s\" must be {en: ..., ja: ...}"),
                        key);
    if (r == 0)
        r = hb_yaml_keys(n, keys, err);
    for (size_t i = 0; r == 0 && i < HB_LANG_COUNT; i++) {
        r = need(n, keys[i], &t, err);
        if (r == 0 && (t->type != HB_YAML_SCALAR || t->text[0] == '\0'))
            r = hb_yaml_err(t, err, -EINVAL, _("\"%s\" must be a text"),
                            keys[i]);
        if (r == 0)
            ret[i] = t->text;
    }
    return r;
}

/* Any UUID: Sigma's are of version 4. */
static int read_uuid(const struct hb_yaml *top, const char **ret,
                     struct hb_err *err)
{
    const struct hb_yaml *n = NULL;
    int r = need(top, "id", &n, err);
    size_t len;

    if (r < 0)
        return r;
    len = n->type == HB_YAML_SCALAR ? strlen(n->text) : 0;
    for (size_t i = 0; i < len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? n->text[i] != '-'
                 : strchr("0123456789abcdef", n->text[i]) == NULL)
            len = 0;
    }
    if (len != HB_ID_SIZE - 1)
        return hb_yaml_err(n, err, -EINVAL, _("\"id\" must be a UUID"));
    *ret = n->text;
    return 0;
}

static int read_logsource(const struct hb_yaml *top, struct hb_compiled *ret,
                          struct hb_err *err)
{
    static const char *const keys[] = {"category", "product", "service", NULL};
    const struct hb_yaml *n = NULL, *c = NULL;
    const char *product;
    int r = need(top, "logsource", &n, err);

    if (r == 0 && n->type != HB_YAML_MAP)
        r = hb_yaml_err(n, err, -EINVAL, _("\"%s\" must be a mapping"),
                        "logsource");
    if (r == 0)
        r = hb_yaml_keys(n, keys, err);
    if (r < 0)
        return r;
    product = hb_yaml_str(n, "product", "hinoban");
    if (!hb_streq(product, "hinoban") && !hb_streq(product, "linux"))
        return hb_yaml_err(n, err, -EINVAL,
                           _("rules for the product \"%s\" cannot match here"),
                           product);
    ret->service = hb_yaml_str(n, "service", NULL);
    r = need(n, "category", &c, err);
    for (size_t i = 0; r == 0 && i < HB_ARRAY_LEN(categories); i++) {
        if (c->type == HB_YAML_SCALAR && hb_streq(c->text, categories[i]))
            ret->class_uid = classes[i];
    }
    if (r == 0 && ret->class_uid == 0)
        r = unknown(c, "category", categories, HB_ARRAY_LEN(categories), err);
    return r;
}

static int read_level(const struct hb_yaml *top, struct hb_compiled *ret,
                      struct hb_err *err)
{
    const struct hb_yaml *n = NULL;
    int r = need(top, "level", &n, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < HB_ARRAY_LEN(levels); i++) {
        if (n->type == HB_YAML_SCALAR && hb_streq(n->text, levels[i])) {
            ret->pub.level = (enum hb_severity)(HB_SEV_INFO + i);
            return 0;
        }
    }
    return unknown(n, "level", levels, HB_ARRAY_LEN(levels), err);
}

static int read_tags(const struct hb_yaml *top, struct hb_compiled *ret,
                     struct hb_err *err)
{
    const struct hb_yaml *seq = NULL;
    size_t cases = 0;
    int r = need(top, "tags", &seq, err);

    ret->pub.opens = true;
    if (r < 0)
        return r;
    if (seq->type != HB_YAML_SEQ)
        return hb_yaml_err(seq, err, -EINVAL, _("\"tags\" must be a list"));
    HB_YAML_EACH (n, seq) {
        r = read_tag(n, ret, &cases, err);
        if (r < 0)
            return r;
    }
    if (cases == 0)
        return hb_yaml_err(seq, err, -EINVAL,
                           _("a rule needs a tag like hinoban.case.2, or "
                             "nobody would answer what it finds"));
    return 0;
}

static int read_tag(const struct hb_yaml *n, struct hb_compiled *ret,
                    size_t *cases, struct hb_err *err)
{
    static const char head[] = "hinoban.case.";
    unsigned number = 0;
    const char *p;

    if (n->type != HB_YAML_SCALAR || n->text[0] == '\0')
        return hb_yaml_err(n, err, -EINVAL, _("a tag is a text"));
    if (strncmp(n->text, "hinoban.", 8) != 0)
        return 0; /* ATT&CK and the like are for people */
    if (hb_streq(n->text, "hinoban.note")) {
        ret->pub.opens = false;
        return 0;
    }
    if (strncmp(n->text, head, sizeof(head) - 1) == 0) {
        for (p = n->text + sizeof(head) - 1; *p >= '0' && *p <= '9'; p++)
            number = number > 999 ? number : number * 10 + (unsigned)(*p - '0');
        if (*p == '\0' && number > 0 && number <= 999 &&
            *cases < HB_ARRAY_LEN(ret->pub.cases) - 1) {
            ret->pub.cases[(*cases)++] = number;
            return 0;
        }
    }
    return hb_yaml_err(n, err, -EINVAL, _("unknown tag \"%s\""), n->text);
}

/* The template's %fields% must exist, or all findings would be one. */
static int read_group(const struct hb_yaml *top, struct hb_compiled *ret,
                      struct hb_err *err)
{
    static const char *const keys[] = {"finding", NULL};
    const struct hb_yaml *n = NULL, *t = NULL;
    const char *p, *end;
    int r = need(top, "hinoban", &n, err);

    if (r == 0 && n->type != HB_YAML_MAP)
        r = hb_yaml_err(n, err, -EINVAL, _("\"%s\" must be a mapping"),
                        "hinoban");
    if (r == 0)
        r = hb_yaml_keys(n, keys, err);
    if (r == 0)
        r = need(n, "finding", &t, err);
    if (r < 0 || t == NULL)
        return r;
    if (t->type != HB_YAML_SCALAR || t->text[0] == '\0' ||
        strlen(t->text) >= HB_FINDING_KEY)
        return hb_yaml_err(t, err, -EINVAL, _("\"%s\" must be a text"),
                           "finding");
    for (p = strchr(t->text, '%'); p != NULL; p = strchr(end + 1, '%')) {
        end = strchr(p + 1, '%');
        if (end == NULL ||
            hb_rule_field(hb_slice(p + 1, (size_t)(end - p) - 1)) == HB_RF_END)
            return hb_yaml_err(t, err, -EINVAL,
                               _("unknown field in \"%s\" (written as "
                                 "%%Site%%)"),
                               t->text);
    }
    ret->pub.group = t->text;
    return 0;
}

static int unknown(const struct hb_yaml *n, const char *what,
                   const char *const *words, size_t count, struct hb_err *err)
{
    const char *text = n->type == HB_YAML_SCALAR ? n->text : "";
    const char *near = hb_nearest(text, words, count);

    if (near != NULL)
        return hb_yaml_err(n, err, -EINVAL,
                           _("unknown %s \"%s\"; did you mean \"%s\"?"), what,
                           text, near);
    return hb_yaml_err(n, err, -EINVAL, _("unknown %s \"%s\""), what, text);
}
