/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module.c - the web application firewall in nginx: directives, variables and
 * the life of the module.
 *
 * Runs in nginx: the master reads the configuration (as root), the workers
 * judge.  The configuration is trusted, requests and answers are not.
 */
#include "module.h"

#include "guard/waf/rules.h"

enum variable { VAR_ID, VAR_ACTION, VAR_RULE };

static void *create_main(ngx_conf_t *cf);
static void *create_place(ngx_conf_t *cf);
static char *merge_place(ngx_conf_t *cf, void *parent, void *child);
static char *set_rules(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *set_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static void forget_waf(void *data);
static ngx_int_t add_variables(ngx_conf_t *cf);
static ngx_int_t variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
                          uintptr_t data);
static ngx_int_t start(ngx_conf_t *cf);
static bool rules_keep(const struct hb_waf *waf);
static ngx_int_t add_handler(ngx_conf_t *cf, ngx_uint_t phase,
                             ngx_http_handler_pt handler);
static ngx_int_t init_module(ngx_cycle_t *cycle);
static ngx_int_t init_process(ngx_cycle_t *cycle);
static void exit_process(ngx_cycle_t *cycle);

#define EVERYWHERE (NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF)
#define PLACE(type, name, set, field, post)                                    \
    {                                                                          \
        ngx_string(name), EVERYWHERE | (type), set, NGX_HTTP_LOC_CONF_OFFSET,  \
            offsetof(struct hb_ngx_place, field), post                         \
    }

static ngx_conf_enum_t modes[] = {{ngx_string("off"), HB_NGX_OFF},
                                  {ngx_string("detect"), HB_NGX_DETECT},
                                  {ngx_string("block"), HB_NGX_BLOCK},
                                  {ngx_null_string, 0}};

static ngx_conf_num_bounds_t levels = {ngx_conf_check_num_bounds, 1, 4};

static ngx_command_t commands[] = {
    {ngx_string("hinoban_waf_rules"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1,
     set_rules, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    PLACE(NGX_CONF_TAKE1, "hinoban_waf", ngx_conf_set_enum_slot, mode, modes),
    PLACE(NGX_CONF_TAKE1, "hinoban_waf_paranoia", ngx_conf_set_num_slot,
          paranoia, &levels),
    PLACE(NGX_CONF_FLAG, "hinoban_waf_body", ngx_conf_set_flag_slot, body,
          NULL),
    PLACE(NGX_CONF_TAKE1, "hinoban_waf_body_limit", ngx_conf_set_size_slot,
          body_limit, NULL),
    PLACE(NGX_CONF_FLAG, "hinoban_waf_response", ngx_conf_set_flag_slot,
          response, NULL),
    PLACE(NGX_CONF_FLAG, "hinoban_waf_stream", ngx_conf_set_flag_slot, stream,
          NULL),
    PLACE(NGX_CONF_FLAG, "hinoban_waf_required", ngx_conf_set_flag_slot,
          required, NULL),
    PLACE(NGX_CONF_TAKE1, "hinoban_waf_log", set_log, log, NULL),
    {ngx_string("hinoban_waf_zone"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1,
     ngx_conf_set_size_slot, NGX_HTTP_MAIN_CONF_OFFSET,
     offsetof(struct hb_ngx_main, zone_size), NULL},
    {ngx_string("hinoban_waf_canary"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1,
     hb_ngx_set_canary, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("hinoban_waf_bans"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1,
     hb_ngx_set_orders, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    PLACE(NGX_CONF_2MORE, "hinoban_waf_rate", hb_ngx_set_rate, rates, NULL),
    PLACE(NGX_CONF_1MORE, "hinoban_waf_ban", hb_ngx_set_ban, ban, NULL),
    PLACE(NGX_CONF_1MORE, "hinoban_waf_ban_allow", hb_ngx_set_allow, allow,
          NULL),
    PLACE(NGX_CONF_FLAG, "hinoban_waf_login", ngx_conf_set_flag_slot, login,
          NULL),
    PLACE(NGX_CONF_1MORE, "hinoban_waf_wall", hb_ngx_set_wall, wall, NULL),
    PLACE(NGX_CONF_TAKE1, "hinoban_waf_wall_key", hb_ngx_set_wall_key, wall_key,
          NULL),
    PLACE(NGX_CONF_TAKE1, "hinoban_waf_wall_page", ngx_conf_set_str_slot,
          wall_page, NULL),
    PLACE(NGX_CONF_TAKE1, "hinoban_waf_private", hb_ngx_set_private, closing,
          NULL),
    PLACE(NGX_CONF_TAKE1, "hinoban_waf_private_page", hb_ngx_set_private_page,
          closed_page, NULL),
    ngx_null_command};

static const struct {
    ngx_str_t name;
    enum variable which;
} variables[] = {
    {ngx_string("hinoban_waf_id"), VAR_ID},
    {ngx_string("hinoban_waf_action"), VAR_ACTION},
    {ngx_string("hinoban_waf_rule"), VAR_RULE},
};

static ngx_http_module_t context = {add_variables, start,      create_main,
                                    NULL,          NULL,       NULL,
                                    create_place,  merge_place};

ngx_module_t ngx_http_hinoban_module = {NGX_MODULE_V1,
                                        &context,
                                        commands,
                                        NGX_HTTP_MODULE,
                                        NULL, /* init master */
                                        init_module,
                                        init_process,
                                        NULL, /* init thread */
                                        NULL, /* exit thread */
                                        exit_process,
                                        NULL, /* exit master */
                                        NGX_MODULE_V1_PADDING};

/* What nginx looks for in the file.  The order is that of a filter: answers
 * are seen before they are compressed, and after they were read from disk. */
#define SEEN __attribute__((visibility("default")))
SEEN extern ngx_module_t *ngx_modules[];
SEEN extern char *ngx_module_names[];
SEEN extern char *ngx_module_order[];
static char name[] = "ngx_http_hinoban_module";
static char above[] = "ngx_http_copy_filter_module";
ngx_module_t *ngx_modules[] = {&ngx_http_hinoban_module, NULL};
char *ngx_module_names[] = {name, NULL};
char *ngx_module_order[] = {name, above, NULL};

struct hb_waf_thread *hb_ngx_thread;

static void *create_main(ngx_conf_t *cf)
{
    struct hb_ngx_main *m = ngx_pcalloc(cf->pool, sizeof(*m));

    if (m != NULL)
        m->zone_size = NGX_CONF_UNSET_SIZE;
    return m;
}

static void *create_place(ngx_conf_t *cf)
{
    struct hb_ngx_place *p = ngx_pcalloc(cf->pool, sizeof(*p));

    if (p == NULL)
        return NULL;
    p->mode = NGX_CONF_UNSET_UINT;
    p->paranoia = (ngx_uint_t)NGX_CONF_UNSET;
    p->body = NGX_CONF_UNSET;
    p->response = NGX_CONF_UNSET;
    p->stream = NGX_CONF_UNSET;
    p->required = NGX_CONF_UNSET;
    p->body_limit = NGX_CONF_UNSET_SIZE;
    p->log = NGX_CONF_UNSET_PTR;
    hb_ngx_place_unset(p);
    return p;
}

static char *merge_place(ngx_conf_t *cf, void *parent, void *child)
{
    struct hb_ngx_main *m =
        ngx_http_conf_get_module_main_conf(cf, ngx_http_hinoban_module);
    struct hb_ngx_place *up = parent, *p = child;

    ngx_conf_merge_uint_value(p->mode, up->mode, HB_NGX_OFF);
    ngx_conf_merge_uint_value(p->paranoia, up->paranoia, 0);
    ngx_conf_merge_value(p->body, up->body, 1);
    ngx_conf_merge_value(p->response, up->response, 0);
    ngx_conf_merge_value(p->stream, up->stream, 0);
    ngx_conf_merge_value(p->required, up->required, 0);
    ngx_conf_merge_size_value(p->body_limit, up->body_limit, 0);
    ngx_conf_merge_ptr_value(p->log, up->log, NULL);
    if (p->mode != HB_NGX_OFF)
        m->wanted = 1;
    return hb_ngx_place_merge(cf, m, up, p);
}

/* hinoban_waf_rules FILE: one set for all servers of this configuration. */
static char *set_rules(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    const struct hb_waf_options o = {0};
    struct hb_ngx_main *m = conf;
    ngx_str_t *value = cf->args->elts, path = value[1];
    struct hb_waf_rules *rules = NULL;
    struct hb_err err = {0};
    char text[HB_MAX_ERR + 300];
    ngx_pool_cleanup_t *cl;

    if (m->waf != NULL)
        return "is duplicate";
    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK)
        return NGX_CONF_ERROR;
    cl = ngx_pool_cleanup_add(cf->pool, 0);
    if (cl == NULL)
        return NGX_CONF_ERROR;
    if (hb_waf_rules_load((const char *)path.data, &rules, &err) < 0 ||
        hb_waf_new(rules, &o, &m->waf, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "hinoban_waf_rules: %s", text);
        return NGX_CONF_ERROR;
    }
    cl->handler = forget_waf;
    cl->data = m->waf;
    rules = (struct hb_waf_rules *)(uintptr_t)hb_waf_rules_of(m->waf);
    for (uint32_t i = 0; i < rules->n_note; i++)
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0, "hinoban_waf_rules: %s:%ui: %s",
                           rules->note[i].file, (ngx_uint_t)rules->note[i].line,
                           rules->note[i].text);
    hb_waf_trim();
    return NGX_CONF_OK;
}

/* The master holds two sets while it reads the new one, and hands what it has
 * on to its workers by fork: what the heap keeps for later is given back
 * before. */
static void forget_waf(void *data)
{
    hb_waf_unref(data);
    hb_waf_trim();
}

/* hinoban_waf_log FILE | unix:PATH */
static char *set_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct hb_ngx_main *m =
        ngx_http_conf_get_module_main_conf(cf, ngx_http_hinoban_module);
    struct hb_ngx_place *p = conf;
    ngx_str_t *value = cf->args->elts, path = value[1];
    struct hb_ngx_log *log, **slot;

    if (p->log != NGX_CONF_UNSET_PTR)
        return "is duplicate";
    log = ngx_pcalloc(cf->pool, sizeof(*log));
    if (log == NULL)
        return NGX_CONF_ERROR;
    p->log = log;
    if (ngx_strncmp(path.data, "unix:", 5) == 0) {
        path.data += 5;
        path.len -= 5;
        if (path.len == 0 || path.len >= sizeof(log->to.sun_path))
            return "has no path that a socket can have";
        log->to.sun_family = AF_UNIX;
        ngx_memcpy(log->to.sun_path, path.data, path.len);
        return NGX_CONF_OK;
    }
    log->file = ngx_conf_open_file(cf->cycle, &path);
    if (m->logs == NULL)
        m->logs = ngx_array_create(cf->pool, 4, sizeof(struct hb_ngx_log *));
    slot = m->logs != NULL ? ngx_array_push(m->logs) : NULL;
    if (log->file == NULL || slot == NULL)
        return NGX_CONF_ERROR;
    *slot = log;
    return NGX_CONF_OK;
}

static ngx_int_t add_variables(ngx_conf_t *cf)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(variables); i++) {
        ngx_str_t n = variables[i].name;
        ngx_http_variable_t *v =
            ngx_http_add_variable(cf, &n, NGX_HTTP_VAR_NOCACHEABLE);

        if (v == NULL)
            return NGX_ERROR;
        v->get_handler = variable;
        v->data = variables[i].which;
    }
    return NGX_OK;
}

static ngx_int_t variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
                          uintptr_t data)
{
    const struct hb_ngx_ctx *ctx = hb_ngx_find(r->main);
    const char *text = "";
    u_char *p;

    v->not_found = 1;
    if (ctx == NULL)
        return NGX_OK;
    p = ngx_pnalloc(r->pool, NGX_INT32_LEN);
    if (p == NULL)
        return NGX_ERROR;
    v->data = p;
    if (data == VAR_RULE) {
        uint32_t id = hb_ngx_rule_id(ctx);

        v->len = id != 0 ? ngx_sprintf(p, "%uD", id) - p : 0;
    } else {
        text = data == VAR_ID ? ctx->id : hb_ngx_action_name(ctx->action);
        v->data = (u_char *)(uintptr_t)text;
        v->len = strlen(text);
    }
    v->not_found = v->len == 0;
    v->valid = v->len != 0;
    return NGX_OK;
}

static ngx_int_t start(ngx_conf_t *cf)
{
    struct hb_ngx_main *m =
        ngx_http_conf_get_module_main_conf(cf, ngx_http_hinoban_module);

    if (m->zone_size == NGX_CONF_UNSET_SIZE)
        m->zone_size = 0;
    if (m->wanted && m->waf == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"hinoban_waf\" needs \"hinoban_waf_rules\"");
        return NGX_ERROR;
    }
    if (!m->wanted && !m->used)
        return NGX_OK;
    if ((m->keeps || rules_keep(m->waf)) && hb_ngx_zone(cf, m) != NGX_OK)
        return NGX_ERROR;
    hb_ngx_orders_rules(
        m, ngx_http_conf_get_module_loc_conf(cf, ngx_http_hinoban_module));
    hb_ngx_response_init();
    return add_handler(cf, NGX_HTTP_PREACCESS_PHASE, hb_ngx_preaccess) ==
                       NGX_OK &&
                   add_handler(cf, NGX_HTTP_LOG_PHASE, hb_ngx_finding) == NGX_OK
               ? NGX_OK
               : NGX_ERROR;
}

/* Whether a rule names a collection that outlives a request. */
static bool rules_keep(const struct hb_waf *waf)
{
    const struct hb_waf_rules *rules =
        waf != NULL ? hb_waf_rules_of(waf) : NULL;

    for (uint32_t i = 0; rules != NULL && i < rules->n_rule; i++)
        if (rules->rule[i].n_initcol > 0)
            return true;
    return false;
}

/* nginx runs the handlers of a phase from last to first.  Ours stands first:
 * realip has put the client's address right by then, and who is above a limit
 * of requests costs no judgement. */
static ngx_int_t add_handler(ngx_conf_t *cf, ngx_uint_t phase,
                             ngx_http_handler_pt handler)
{
    ngx_http_core_main_conf_t *core =
        ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    ngx_array_t *all = &core->phases[phase].handlers;
    ngx_http_handler_pt *h = ngx_array_push(all), *first = all->elts;

    if (h == NULL)
        return NGX_ERROR;
    ngx_memmove(first + 1, first, (all->nelts - 1) * sizeof(*first));
    *first = handler;
    return NGX_OK;
}

/* The master, after the files are open. */
static ngx_int_t init_module(ngx_cycle_t *cycle)
{
    struct hb_ngx_main *m =
        ngx_http_cycle_get_module_main_conf(cycle, ngx_http_hinoban_module);
    struct hb_ngx_log **log;

    if (m == NULL || m->logs == NULL)
        return NGX_OK;
    log = m->logs->elts;
    for (ngx_uint_t i = 0; i < m->logs->nelts; i++)
        hb_ngx_log_private(log[i]);
    return NGX_OK;
}

static ngx_int_t init_process(ngx_cycle_t *cycle)
{
    struct hb_ngx_main *m =
        ngx_http_cycle_get_module_main_conf(cycle, ngx_http_hinoban_module);

    if (m == NULL || (!m->wanted && !m->used))
        return NGX_OK;
    hb_ngx_state_start(cycle, m);
    if (!m->wanted)
        return NGX_OK;
    hb_ngx_thread = hb_waf_thread_new();
    if (hb_ngx_thread == NULL)
        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                      "hinoban: no memory for the engine of this worker; "
                      "requests pass unjudged");
    return NGX_OK;
}

static void exit_process(ngx_cycle_t *cycle)
{
    hb_waf_thread_free(hb_ngx_thread);
    hb_ngx_thread = NULL;
}
