/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.c - directives about rates, bans, the wall, closing and the canary,
 * and what a place inherits of them.
 *
 * Runs in the master, which reads the configuration as root; it is trusted.
 */
#include "module.h"

#define RATE_MAX 1000000
#define PAGE_MAX ((size_t)64 << 10)
#define LOOPBACK "127.0.0.0/8 ::1 "
#define BURST    10
/* Of bans: see README.md for why. */
#define BLOCKED   4
#define LOGIN     4
#define NOT_FOUND 1
#define LIMITED   1

static char *number(ngx_str_t v, ngx_int_t least, ngx_int_t most,
                    ngx_int_t *ret);
static bool starts(ngx_str_t *v, const char *with);
static char *merge_allow(ngx_conf_t *cf, struct hb_ngx_place *p);
static void forget_allow(void *data);
static void forget_key(void *data);
static char *one_rate(ngx_conf_t *cf, struct hb_ngx_rate *rate, ngx_str_t v,
                      ngx_int_t *count, ngx_int_t *period, ngx_int_t *burst);

void hb_ngx_place_unset(struct hb_ngx_place *p)
{
    p->rates = NGX_CONF_UNSET_PTR;
    p->ban = NGX_CONF_UNSET;
    p->login = NGX_CONF_UNSET;
    p->ban_rules = NGX_CONF_UNSET_PTR;
    p->allow = NGX_CONF_UNSET_PTR;
    p->wall = NGX_CONF_UNSET_PTR;
    p->wall_key = NGX_CONF_UNSET_PTR;
    p->closing = NGX_CONF_UNSET_PTR;
}

char *hb_ngx_place_merge(ngx_conf_t *cf, struct hb_ngx_main *m,
                         struct hb_ngx_place *up, struct hb_ngx_place *p)
{
    if (up->allow == NGX_CONF_UNSET_PTR &&
        merge_allow(cf, up) != NGX_CONF_OK) /* of http, whose up is nobody */
        return NGX_CONF_ERROR;
    if (p->allow_text.len > 0 && merge_allow(cf, p) != NGX_CONF_OK)
        return NGX_CONF_ERROR;
    ngx_conf_merge_ptr_value(p->allow, up->allow, NULL);
    ngx_conf_merge_ptr_value(p->rates, up->rates, NULL);
    ngx_conf_merge_value(p->ban, up->ban, 0);
    ngx_conf_merge_value(p->login, up->login, 0);
    ngx_conf_merge_ptr_value(p->ban_rules, up->ban_rules, NULL);
    ngx_conf_merge_ptr_value(p->wall, up->wall, NULL);
    ngx_conf_merge_ptr_value(p->wall_key, up->wall_key, NULL);
    ngx_conf_merge_str_value(p->wall_page, up->wall_page, "");
    ngx_conf_merge_ptr_value(p->closing, up->closing, NULL);
    ngx_conf_merge_str_value(p->closed_page, up->closed_page, "");
    if (p->ban_rules != NULL)
        p->bans = *p->ban_rules;
    p->bans.allow = p->allow;
    if (p->wall != NULL && p->wall_key == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"hinoban_waf_wall\" needs "
                           "\"hinoban_waf_wall_key\"");
        return NGX_CONF_ERROR;
    }
    if (p->wall != NULL || p->closing != NULL)
        m->used = 1;
    if (p->wall != NULL || p->rates != NULL || p->ban)
        m->keeps = 1;
    return NGX_CONF_OK;
}

/* The machine itself is never banned: a proxy on it that nobody told realip
 * of would be all clients at once. */
static char *merge_allow(ngx_conf_t *cf, struct hb_ngx_place *p)
{
    ngx_pool_cleanup_t *cl = ngx_pool_cleanup_add(cf->pool, 0);
    size_t n = sizeof(LOOPBACK) - 1 + p->allow_text.len;
    u_char *text = ngx_pnalloc(cf->temp_pool, n);
    struct hb_err err = {0};
    char why[HB_MAX_ERR + 300];

    if (text == NULL || cl == NULL)
        return NGX_CONF_ERROR;
    ngx_memcpy(ngx_cpymem(text, LOOPBACK, sizeof(LOOPBACK) - 1),
               p->allow_text.data, p->allow_text.len);
    if (hb_waf_ips_parse(hb_slice((char *)text, n), &p->allow, &err) < 0) {
        hb_err_format(&err, why, sizeof(why));
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "hinoban_waf_ban_allow: %s",
                           why);
        return NGX_CONF_ERROR;
    }
    cl->handler = forget_allow;
    cl->data = p->allow;
    return NGX_CONF_OK;
}

static void forget_allow(void *data)
{
    hb_waf_ips_free(data);
}

/* hinoban_waf_ban_allow CIDR ...; lines of one place add up. */
char *hb_ngx_set_allow(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct hb_ngx_place *p = conf;
    ngx_str_t *value = cf->args->elts;
    size_t n = p->allow_text.len;
    u_char *text, *at;

    for (ngx_uint_t i = 1; i < cf->args->nelts; i++)
        n += value[i].len + 1;
    text = ngx_pnalloc(cf->pool, n);
    if (text == NULL)
        return NGX_CONF_ERROR;
    at = ngx_cpymem(text, p->allow_text.data, p->allow_text.len);
    for (ngx_uint_t i = 1; i < cf->args->nelts; i++) {
        at = ngx_cpymem(at, value[i].data, value[i].len);
        *at++ = ' ';
    }
    p->allow_text.data = text;
    p->allow_text.len = n;
    return NGX_CONF_OK;
}

/* hinoban_waf_rate NAME per=... rate=... [burst=] [v4=] [v6=] */
char *hb_ngx_set_rate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct hb_ngx_place *p = conf;
    ngx_str_t *value = cf->args->elts;
    ngx_int_t count = 0, period = 0, burst = BURST;
    struct hb_ngx_rate *rate;
    char *bad;

    if (p->rates == NGX_CONF_UNSET_PTR || p->rates == NULL)
        p->rates = ngx_array_create(cf->pool, 2, sizeof(*rate));
    rate = p->rates != NULL ? ngx_array_push(p->rates) : NULL;
    if (rate == NULL)
        return NGX_CONF_ERROR;
    ngx_memzero(rate, sizeof(*rate));
    rate->name = value[1];
    for (ngx_uint_t i = 2; i < cf->args->nelts; i++) {
        bad = one_rate(cf, rate, value[i], &count, &period, &burst);
        if (bad != NGX_CONF_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "hinoban_waf_rate: \"%V\" %s", &value[i], bad);
            return NGX_CONF_ERROR;
        }
    }
    if (count == 0)
        return "needs rate=NUMBERr/s or rate=NUMBERr/m";
    /* The same name is the same rate, after a reload, too. */
    if (hb_waf_limit_init(
            &rate->limit, ngx_crc32_long(rate->name.data, rate->name.len),
            (uint32_t)count, (uint32_t)period, (uint32_t)burst) < 0)
        return "has a burst that takes longer than a day";
    return NGX_CONF_OK;
}

static char *one_rate(ngx_conf_t *cf, struct hb_ngx_rate *rate, ngx_str_t v,
                      ngx_int_t *count, ngx_int_t *period, ngx_int_t *burst)
{
    ngx_int_t n;

    if (starts(&v, "per=")) {
        if (starts(&v, "session:")) {
            rate->per = HB_NGX_PER_SESSION;
            rate->cookie = v;
            return v.len > 0 ? NGX_CONF_OK : "names no cookie";
        }
        rate->per = v.len == 12 && ngx_strncmp(v.data, "address+path", 12) == 0
                        ? HB_NGX_PER_PATH
                        : HB_NGX_PER_ADDRESS;
        return rate->per == HB_NGX_PER_PATH ||
                       (v.len == 7 && ngx_strncmp(v.data, "address", 7) == 0)
                   ? NGX_CONF_OK
                   : "is none of address, session:COOKIE, address+path";
    }
    if (starts(&v, "rate=")) {
        if (v.len < 4 || (ngx_strncmp(v.data + v.len - 3, "r/s", 3) != 0 &&
                          ngx_strncmp(v.data + v.len - 3, "r/m", 3) != 0))
            return "is no NUMBERr/s or NUMBERr/m";
        *period = v.data[v.len - 1] == 's' ? 1000 : 60000;
        v.len -= 3;
        return number(v, 1, RATE_MAX, count);
    }
    if (starts(&v, "burst="))
        return number(v, 1, RATE_MAX, burst);
    if (starts(&v, "v4=")) {
        char *bad = number(v, 1, 32, &n);

        rate->units.v4 = (uint8_t)n;
        return bad;
    }
    if (starts(&v, "v6=")) {
        char *bad = number(v, 1, 128, &n);

        rate->units.v6 = (uint8_t)n;
        return bad;
    }
    return "is not known";
}

static bool starts(ngx_str_t *v, const char *with)
{
    size_t n = strlen(with);

    if (v->len < n || ngx_strncmp(v->data, with, n) != 0)
        return false;
    v->data += n;
    v->len -= n;
    return true;
}

static char *number(ngx_str_t v, ngx_int_t least, ngx_int_t most,
                    ngx_int_t *ret)
{
    ngx_int_t n = ngx_atoi(v.data, v.len);

    *ret = 0;
    if (n == NGX_ERROR || n < least || n > most)
        return "is no number that is possible here";
    *ret = n;
    return NGX_CONF_OK;
}

/* hinoban_waf_ban on|off [blocked=N] [login=N] ... */
char *hb_ngx_set_ban(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    static const struct {
        const char *name;
        size_t at;
        size_t size;
        bool time;
        ngx_int_t least, most;
    } fields[] = {
#define F(name, field, time, least, most)                                      \
    {name "=",                                                                 \
     offsetof(struct hb_waf_ban_rules, field),                                 \
     sizeof(((struct hb_waf_ban_rules *)0)->field),                            \
     time,                                                                     \
     least,                                                                    \
     most}
        F("blocked", points[HB_WAF_ACT_BLOCKED], false, 0, 1000000),
        F("login", points[HB_WAF_ACT_LOGIN], false, 0, 1000000),
        F("not_found", points[HB_WAF_ACT_NOT_FOUND], false, 0, 1000000),
        F("limited", points[HB_WAF_ACT_LIMITED], false, 0, 1000000),
        F("threshold", threshold, false, 1, 1000000),
        F("half_life", half_life_s, true, 1, 24 * 3600),
        F("time", ban_s, true, 1, HB_WAF_BAN_MAX_S),
        F("max", ban_max_s, true, 1, HB_WAF_BAN_MAX_S),
        F("memory", memory_s, true, 1, HB_WAF_BAN_MAX_S),
        F("v4", units.v4, false, 1, 32),
        F("v6", units.v6, false, 1, 128),
#undef F
    };
    struct hb_ngx_place *p = conf;
    ngx_str_t *value = cf->args->elts;
    struct hb_waf_ban_rules *r;

    if (p->ban != NGX_CONF_UNSET)
        return "is duplicate";
    p->ban = value[1].len == 2 && ngx_strncmp(value[1].data, "on", 2) == 0;
    if (!p->ban &&
        (value[1].len != 3 || ngx_strncmp(value[1].data, "off", 3) != 0))
        return "is neither on nor off";
    p->ban_rules = r = ngx_pcalloc(cf->pool, sizeof(*r));
    if (r == NULL)
        return NGX_CONF_ERROR;
    hb_waf_ban_rules_init(r);
    r->points[HB_WAF_ACT_BLOCKED] = BLOCKED;
    r->points[HB_WAF_ACT_LOGIN] = LOGIN;
    r->points[HB_WAF_ACT_NOT_FOUND] = NOT_FOUND;
    r->points[HB_WAF_ACT_LIMITED] = LIMITED;
    for (ngx_uint_t i = 2; i < cf->args->nelts; i++) {
        ngx_str_t v = value[i];
        ngx_int_t n = NGX_ERROR;
        size_t k = 0;

        while (k < HB_ARRAY_LEN(fields) && !starts(&v, fields[k].name))
            k++;
        if (k < HB_ARRAY_LEN(fields))
            n = fields[k].time ? ngx_parse_time(&v, 1)
                               : ngx_atoi(v.data, v.len);
        if (n == NGX_ERROR || n < fields[k].least || n > fields[k].most) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "hinoban_waf_ban: \"%V\" is not possible",
                               &value[i]);
            return NGX_CONF_ERROR;
        }
        if (fields[k].size == 1)
            *((uint8_t *)r + fields[k].at) = (uint8_t)n;
        else
            *(uint32_t *)(void *)((uint8_t *)r + fields[k].at) = (uint32_t)n;
    }
    r->ban_max_s = HB_MAX(r->ban_max_s, r->ban_s);
    return NGX_CONF_OK;
}

/* hinoban_waf_wall on | off | /PREFIX ... */
char *hb_ngx_set_wall(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct hb_ngx_place *p = conf;
    ngx_str_t *value = cf->args->elts, *prefix;

    if (p->wall != NGX_CONF_UNSET_PTR)
        return "is duplicate";
    p->wall = NULL;
    if (cf->args->nelts == 2 && value[1].len == 3 &&
        ngx_strncmp(value[1].data, "off", 3) == 0)
        return NGX_CONF_OK;
    p->wall = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
    for (ngx_uint_t i = 1; i < cf->args->nelts; i++) {
        bool on = cf->args->nelts == 2 && value[i].len == 2 &&
                  ngx_strncmp(value[i].data, "on", 2) == 0;

        if (!on && (value[i].len == 0 || value[i].data[0] != '/'))
            return "is neither on nor off nor a path";
        prefix = p->wall != NULL ? ngx_array_push(p->wall) : NULL;
        if (prefix == NULL)
            return NGX_CONF_ERROR;
        ngx_str_null(prefix);
        if (!on)
            *prefix = value[i];
    }
    return NGX_CONF_OK;
}

char *hb_ngx_set_wall_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct hb_ngx_place *p = conf;
    ngx_str_t *value = cf->args->elts, path = value[1];
    ngx_pool_cleanup_t *cl =
        ngx_pool_cleanup_add(cf->pool, sizeof(struct hb_waf_pass_key));
    struct hb_err err = {0};
    char why[HB_MAX_ERR + 300];

    if (p->wall_key != NGX_CONF_UNSET_PTR)
        return "is duplicate";
    if (cl == NULL || ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK)
        return NGX_CONF_ERROR;
    if (hb_waf_pass_key_load((const char *)path.data, cl->data, &err) < 0) {
        hb_err_format(&err, why, sizeof(why));
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "hinoban_waf_wall_key: %s",
                           why);
        return NGX_CONF_ERROR;
    }
    cl->handler = forget_key;
    p->wall_key = cl->data;
    return NGX_CONF_OK;
}

static void forget_key(void *data)
{
    explicit_bzero(data, sizeof(struct hb_waf_pass_key));
}

/* hinoban_waf_private FILE | off; each file is looked at once. */
char *hb_ngx_set_private(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct hb_ngx_main *m =
        ngx_http_conf_get_module_main_conf(cf, ngx_http_hinoban_module);
    struct hb_ngx_place *p = conf;
    ngx_str_t *value = cf->args->elts, path = value[1];
    struct hb_ngx_private **slot, *c;

    if (p->closing != NGX_CONF_UNSET_PTR)
        return "is duplicate";
    p->closing = NULL;
    if (path.len == 3 && ngx_strncmp(path.data, "off", 3) == 0)
        return NGX_CONF_OK;
    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK)
        return NGX_CONF_ERROR;
    if (m->closed == NULL)
        m->closed = ngx_array_create(cf->pool, 2, sizeof(c));
    if (m->closed == NULL)
        return NGX_CONF_ERROR;
    slot = m->closed->elts;
    for (ngx_uint_t i = 0; i < m->closed->nelts; i++)
        if (slot[i]->path.len == path.len &&
            ngx_strncmp(slot[i]->path.data, path.data, path.len) == 0) {
            p->closing = slot[i];
            return NGX_CONF_OK;
        }
    c = ngx_pcalloc(cf->pool, sizeof(*c));
    slot = ngx_array_push(m->closed);
    if (c == NULL || slot == NULL)
        return NGX_CONF_ERROR;
    c->path = path;
    *slot = p->closing = c;
    return NGX_CONF_OK;
}

/* Read once: the page is there also where its file is not any more. */
char *hb_ngx_set_private_page(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct hb_ngx_place *p = conf;
    ngx_str_t *value = cf->args->elts, path = value[1];
    ngx_file_t file = {0};
    ngx_file_info_t info;
    ssize_t n = -1;

    if (p->closed_page.data != NULL)
        return "is duplicate";
    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK)
        return NGX_CONF_ERROR;
    file.name = path;
    file.log = cf->log;
    file.fd = ngx_open_file(path.data, NGX_FILE_RDONLY | NGX_FILE_NONBLOCK,
                            NGX_FILE_OPEN, 0);
    if (file.fd == NGX_INVALID_FILE || ngx_fd_info(file.fd, &info) != 0 ||
        !ngx_is_file(&info) || ngx_file_size(&info) <= 0 ||
        ngx_file_size(&info) > (off_t)PAGE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "hinoban_waf_private_page: \"%V\" is no file of 1 "
                           "to %uz bytes that can be read",
                           &path, PAGE_MAX);
    } else {
        p->closed_page.data = ngx_pnalloc(cf->pool, PAGE_MAX);
        if (p->closed_page.data != NULL)
            n = ngx_read_file(&file, p->closed_page.data, PAGE_MAX, 0);
    }
    if (file.fd != NGX_INVALID_FILE)
        (void)ngx_close_file(file.fd);
    if (n <= 0)
        return NGX_CONF_ERROR;
    p->closed_page.len = (size_t)n;
    return NGX_CONF_OK;
}

/* The file may come later: it is written anew each day. */
char *hb_ngx_set_canary(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct hb_ngx_main *m = conf;
    ngx_str_t *value = cf->args->elts;

    if (m->canary != NULL)
        return "is duplicate";
    m->canary = ngx_pcalloc(cf->pool, sizeof(*m->canary));
    if (m->canary == NULL)
        return NGX_CONF_ERROR;
    m->canary->path = value[1];
    return ngx_conf_full_name(cf->cycle, &m->canary->path, 1) == NGX_OK
               ? NGX_CONF_OK
               : NGX_CONF_ERROR;
}

/* This file, too, is written anew while the server runs. */
char *hb_ngx_set_orders(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct hb_ngx_main *m = conf;
    ngx_str_t *value = cf->args->elts;

    if (m->orders != NULL)
        return "is duplicate";
    m->orders = ngx_pcalloc(cf->pool, sizeof(*m->orders));
    if (m->orders == NULL)
        return NGX_CONF_ERROR;
    m->keeps = 1;
    m->orders->path = value[1];
    return ngx_conf_full_name(cf->cycle, &m->orders->path, 1) == NGX_OK
               ? NGX_CONF_OK
               : NGX_CONF_ERROR;
}

void hb_ngx_orders_rules(struct hb_ngx_main *m, const struct hb_ngx_place *http)
{
    if (m->orders == NULL)
        return;
    hb_waf_ban_rules_init(&m->orders->rules);
    if (http->ban_rules != NGX_CONF_UNSET_PTR)
        m->orders->rules = *http->ban_rules;
    m->orders->rules.allow =
        http->allow != NGX_CONF_UNSET_PTR ? http->allow : NULL;
}
