/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_setting.c - the directives of the engine: one row each, which is the
 * parser.  Said twice, the last one counts.
 */
#include "guard/waf/rules_int.h"

#include "base/i18n.h"
#include "base/num.h"

#define AT(member) offsetof(struct hb_waf_settings, member)
#define WORDS(name, member, list)                                              \
    {                                                                          \
        name, 1, 1, set_word, AT(member), list, 0, 0                           \
    }
#define NUMBER(name, member, lo, hi)                                           \
    {                                                                          \
        name, 1, 1, set_number, AT(member), NULL, lo, hi                       \
    }
#define TEXT(name, member)                                                     \
    {                                                                          \
        name, 1, 1, set_text, AT(member), NULL, 0, 0                           \
    }
#define MODE(name, member)                                                     \
    {                                                                          \
        name, 1, 1, set_mode, AT(member), NULL, 0, 0                           \
    }

static int set_word(struct hb_rules_call *c);
static int set_number(struct hb_rules_call *c);
static int set_text(struct hb_rules_call *c);
static int set_mode(struct hb_rules_call *c);
static int set_parts(struct hb_rules_call *c);
static int set_separator(struct hb_rules_call *c);
static int set_mime(struct hb_rules_call *c);
static int clear_mime(struct hb_rules_call *c);
static int set_component(struct hb_rules_call *c);
static int set_unicode(struct hb_rules_call *c);
static int add(struct hb_rules_call *c, struct hb_slice **list, uint32_t *n,
               struct hb_slice text);
static void *field(struct hb_rules_call *c);

/* The place in a list is the value. */
static const char *const off_on[] = {"Off", "On", NULL};
static const char *const off[] = {"Off", NULL};
static const char *const engines[] = {"Off", "On", "DetectionOnly", NULL};
static const char *const audits[] = {"Off", "On", "RelevantOnly", NULL};
static const char *const limits[] = {"Reject", "ProcessPartial", NULL};
static const char *const types[] = {"Serial", "Concurrent", "HTTPS", NULL};
static const char *const formats[] = {"Native", "JSON", NULL};
static const char *const cookies[] = {"0", "1", NULL};
static const char *const xml_args[] = {"Off", "On", "OnlyArgs", NULL};

static const struct hb_rules_directive rows[] = {
    NUMBER("SecArgumentsLimit", arguments_limit, 0, 1u << 20),
    {"SecArgumentSeparator", 1, 1, set_separator, 0, NULL, 0, 0},
    WORDS("SecAuditEngine", audit, audits),
    TEXT("SecAuditLog", audit_log),
    TEXT("SecAuditLog2", audit_log2),
    MODE("SecAuditLogDirMode", audit_dir_mode),
    MODE("SecAuditLogFileMode", audit_file_mode),
    WORDS("SecAuditLogFormat", audit_format, formats),
    {"SecAuditLogParts", 1, 1, set_parts, 0, NULL, 0, 0},
    TEXT("SecAuditLogRelevantStatus", audit_status),
    TEXT("SecAuditLogStorageDir", audit_dir),
    WORDS("SecAuditLogType", audit_type, types),
    NUMBER("SecCollectionTimeout", collection_timeout, 1, UINT32_MAX),
    {"SecComponentSignature", 1, 1, set_component, 0, NULL, 0, 0},
    WORDS("SecCookieFormat", cookie_format, cookies),
    TEXT("SecDataDir", data_dir),
    TEXT("SecDebugLog", debug_log),
    NUMBER("SecDebugLogLevel", debug_level, 0, 9),
    TEXT("SecGeoLookupDb", geo_db),
    TEXT("SecHttpBlKey", http_bl_key),
    WORDS("SecParseXmlIntoArgs", parse_xml, xml_args),
    NUMBER("SecPcreMatchLimit", pcre_limit, 1, UINT32_MAX),
    NUMBER("SecPcreMatchLimitRecursion", pcre_recursion, 1, UINT32_MAX),
    WORDS("SecRequestBodyAccess", request_body, off_on),
    NUMBER("SecRequestBodyInMemoryLimit", request_memory_limit, 0, UINT32_MAX),
    NUMBER("SecRequestBodyJsonDepthLimit", json_depth, 0, 1u << 20),
    NUMBER("SecRequestBodyLimit", request_limit, 0, UINT32_MAX),
    WORDS("SecRequestBodyLimitAction", request_limit_action, limits),
    NUMBER("SecRequestBodyNoFilesLimit", request_no_files_limit, 0, UINT32_MAX),
    WORDS("SecResponseBodyAccess", response_body, off_on),
    NUMBER("SecResponseBodyLimit", response_limit, 0, UINT32_MAX),
    WORDS("SecResponseBodyLimitAction", response_limit_action, limits),
    {"SecResponseBodyMimeType", 1, 60, set_mime, 0, NULL, 0, 0},
    {"SecResponseBodyMimeTypesClear", 0, 0, clear_mime, 0, NULL, 0, 0},
    WORDS("SecRuleEngine", engine, engines),
    TEXT("SecSensorId", sensor),
    TEXT("SecServerSignature", server_signature),
    WORDS("SecStatusEngine", status_engine, off_on),
    TEXT("SecTmpDir", tmp_dir),
    WORDS("SecTmpSaveUploadedFiles", tmp_save_uploads, off_on),
    {"SecUnicodeMapFile", 1, 2, set_unicode, 0, NULL, 0, 0},
    TEXT("SecUploadDir", upload_dir),
    NUMBER("SecUploadFileLimit", upload_file_limit, 0, UINT32_MAX),
    MODE("SecUploadFileMode", upload_mode),
    WORDS("SecUploadKeepFiles", upload_keep, audits),
    TEXT("SecWebAppId", web_app),
    /* No entity is ever fetched. */
    WORDS("SecXmlExternalEntity", xml_external, off),
};

static struct hb_slice default_mime[] = {
    {"text/plain", 10},
    {"text/html", 9},
};

const struct hb_rules_directive *hb_rules_setting(struct hb_slice name)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        if (hb_waf_name_find(name, &rows[i].name, 1) == 0)
            return &rows[i];
    return NULL;
}

size_t hb_rules_setting_names(const char **ret, size_t max)
{
    HB_ASSERT(max >= HB_ARRAY_LEN(rows));
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        ret[i] = rows[i].name;
    return HB_ARRAY_LEN(rows);
}

/* What the reference manual names as defaults. */
void hb_rules_settings_default(struct hb_rules_load *l)
{
    l->rules->settings = (struct hb_waf_settings){
        .request_limit = 134217728,
        .request_no_files_limit = 1048576,
        .request_memory_limit = 131072,
        .response_limit = 524288,
        .json_depth = 10000,
        .arguments_limit = 1000,
        .pcre_limit = 1500,
        .pcre_recursion = 1500,
        .collection_timeout = 3600,
        .mime = default_mime,
        .n_mime = HB_ARRAY_LEN(default_mime),
        .audit_parts = HB_SLICE("ABCFHZ"),
        .audit_dir_mode = 0700,
        .audit_file_mode = 0600,
        .separator = '&',
        .upload_mode = 0600,
        .upload_file_limit = 100,
    };
}

static int set_word(struct hb_rules_call *c)
{
    struct hb_slice text = c->line->word[1].text;
    size_t n = 0;
    int i;

    while (c->row->words[n] != NULL)
        n++;
    i = hb_waf_name_find(text, c->row->words, n);
    if (i < 0)
        return hb_seclang_unknown(&c->source->s, hb_rules_arg_at(c, 1),
                                  hb_waf_name_nearest(text, c->row->words, n),
                                  _("\"%.*s\" is no value for %s"),
                                  HB_SHOW(text), c->row->name);
    *(unsigned *)field(c) = (unsigned)i;
    return 0;
}

static int set_number(struct hb_rules_call *c)
{
    uint64_t v;

    if (hb_parse_u64(c->line->word[1].text, &v) < 0 || v < c->row->lowest ||
        v > c->row->highest)
        return hb_seclang_bad(&c->source->s, hb_rules_arg_at(c, 1),
                              _("a number from %llu to %llu"),
                              (unsigned long long)c->row->lowest,
                              (unsigned long long)c->row->highest);
    *(uint64_t *)field(c) = v;
    return 0;
}

static int set_text(struct hb_rules_call *c)
{
    *(struct hb_slice *)field(c) = c->line->word[1].text;
    return 0;
}

/* Octal, or "default", which leaves what is there. */
static int set_mode(struct hb_rules_call *c)
{
    struct hb_slice text = c->line->word[1].text;
    const char *usual = "default";
    uint64_t v = 0;
    size_t i = 0;

    if (hb_waf_name_find(text, &usual, 1) == 0)
        return 0;
    for (; i < text.n && i < 5 && text.p[i] >= '0' && text.p[i] <= '7'; i++)
        v = v << 3 | (uint64_t)(text.p[i] - '0');
    if (i == 0 || i < text.n || v > 0777)
        return hb_seclang_bad(&c->source->s, hb_rules_arg_at(c, 1),
                              _("a mode in octal, such as 0600"));
    *(uint64_t *)field(c) = v;
    return 0;
}

static int set_parts(struct hb_rules_call *c)
{
    struct hb_slice text = c->line->word[1].text;

    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < 'A' || text.p[i] > 'Z')
            return hb_seclang_bad(
                &c->source->s, hb_seclang_at(&c->line->word[1], i),
                _("letters of the parts of the audit log, from A to Z"));
    c->load->rules->settings.audit_parts = text;
    return 0;
}

static int set_separator(struct hb_rules_call *c)
{
    struct hb_slice text = c->line->word[1].text;

    if (text.n != 1)
        return hb_seclang_bad(&c->source->s, hb_rules_arg_at(c, 1),
                              _("one letter"));
    c->load->rules->settings.separator = text.p[0];
    return 0;
}

/* Adds to what is there; the first one replaces the defaults. */
static int set_mime(struct hb_rules_call *c)
{
    struct hb_waf_settings *s = &c->load->rules->settings;
    int r = 0;

    if (s->mime == default_mime)
        s->n_mime = 0;
    for (size_t i = 1; i < c->line->n && r == 0; i++)
        r = add(c, &s->mime, &s->n_mime, c->line->word[i].text);
    return r;
}

static int clear_mime(struct hb_rules_call *c)
{
    c->load->rules->settings.mime = NULL;
    c->load->rules->settings.n_mime = 0;
    return 0;
}

static int set_component(struct hb_rules_call *c)
{
    struct hb_waf_settings *s = &c->load->rules->settings;

    return add(c, &s->component, &s->n_component, c->line->word[1].text);
}

static int set_unicode(struct hb_rules_call *c)
{
    struct hb_waf_settings *s = &c->load->rules->settings;
    const char *path;
    uint64_t page = 0;

    if (c->line->n > 2 &&
        (hb_parse_u64(c->line->word[2].text, &page) < 0 || page > 65535))
        return hb_seclang_bad(&c->source->s, hb_rules_arg_at(c, 2),
                              _("a code page, such as 20127"));
    if (c->source->dir == NULL)
        return hb_seclang_bad(&c->source->s, hb_rules_arg_at(c, 1),
                              _("no files are read here"));
    path = hb_rules_path(c->load, c->source, c->line->word[1].text);
    if (path == NULL)
        return hb_seclang_nomem(&c->source->s);
    s->unicode_map = hb_slice_z(path);
    s->unicode_page = page;
    return 0;
}

static int add(struct hb_rules_call *c, struct hb_slice **list, uint32_t *n,
               struct hb_slice text)
{
    struct hb_slice *more = hb_seclang_grow(c->load->arena, *list, *n,
                                            sizeof(*more), HB_SECLANG_LIST);

    if (more == NULL)
        return hb_seclang_nomem(&c->source->s);
    *list = more;
    more[(*n)++] = text;
    return 0;
}

static void *field(struct hb_rules_call *c)
{
    return (char *)&c->load->rules->settings + c->row->field;
}
