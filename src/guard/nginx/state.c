/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c - what outlives a request: a zone that the workers share, which a
 * reload keeps; and what each worker looks at once a second.
 *
 * The zone is made by the master.  A worker reads three kinds of files, all
 * named by the configuration and written by us: the flag that closes a site,
 * the token of the canary, and the bans that a person orders.  Requests only
 * see what was read last.
 */
#include "module.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"

#define SIZE      ((size_t)16 << 20)
#define TICK_MS   1000u
#define CLOCK     10u /* ticks: hb_waf_shared_now() may be that old */
#define RETRY     600u
#define RETRY_MAX 86400u
#define TOKEN_MIN 16

static ngx_int_t init_zone(ngx_shm_zone_t *zone, void *data);
static void forget_shared(void *data);
static void tick(ngx_event_t *ev);
static void look(struct hb_ngx_main *m);
static void look_private(struct hb_ngx_private *p);
static ngx_uint_t seconds_of(const char *path);
static void look_canary(struct hb_ngx_canary *c);
static void look_orders(struct hb_ngx_orders *o);
static bool carry_out(const struct hb_ngx_orders *o, int fd);

struct hb_waf_shared *hb_ngx_shared;

ngx_int_t hb_ngx_zone(ngx_conf_t *cf, struct hb_ngx_main *m)
{
    ngx_str_t name = ngx_string("hinoban");
    ngx_pool_cleanup_t *cl = ngx_pool_cleanup_add(cf->pool, 0);

    m->zone = ngx_shared_memory_add(cf, &name,
                                    m->zone_size != 0 ? m->zone_size : SIZE,
                                    &ngx_http_hinoban_module);
    if (m->zone == NULL || cl == NULL)
        return NGX_ERROR;
    m->zone->init = init_zone;
    cl->handler = forget_shared;
    cl->data = m->zone;
    return NGX_OK;
}

/* The region is one run of pages of nginx's slab, which keeps its own head at
 * the zone's beginning.  After a reload it is where it was; what a process
 * knows of it is made anew for each configuration. */
static ngx_int_t init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t *slab = (ngx_slab_pool_t *)zone->shm.addr;
    struct hb_waf_shared *s = NULL;
    struct hb_err err = {0};
    char text[HB_MAX_ERR + 300];
    size_t n;

    if (slab->data == NULL)
        slab->data = ngx_slab_alloc(slab, slab->pfree * ngx_pagesize);
    if (slab->data == NULL)
        return NGX_ERROR;
    n = (size_t)(slab->end - (u_char *)slab->data);
    n -= n % ngx_pagesize;
    if (hb_waf_shared_init(slab->data, n, &s, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0, "hinoban_waf_zone: %s",
                      text);
        return NGX_ERROR;
    }
    zone->data = s;
    return NGX_OK;
}

static void forget_shared(void *data)
{
    ngx_shm_zone_t *zone = data;

    hb_waf_shared_free(zone->data);
    zone->data = NULL;
}

void hb_ngx_state_start(ngx_cycle_t *cycle, struct hb_ngx_main *m)
{
    static ngx_connection_t nobody = {.fd = (ngx_socket_t)-1};
    static ngx_event_t ev;

    hb_ngx_shared = m->zone != NULL ? m->zone->data : NULL;
    look(m);
    if (hb_ngx_shared == NULL && m->closed == NULL && m->canary == NULL &&
        m->orders == NULL)
        return;
    nobody.data = m;
    ev = (ngx_event_t){
        .handler = tick, .log = cycle->log, .data = &nobody, .cancelable = 1};
    ngx_add_timer(&ev, TICK_MS);
}

static void tick(ngx_event_t *ev)
{
    static ngx_uint_t n;
    const ngx_connection_t *nobody = ev->data;

    look(nobody->data);
    if (hb_ngx_shared != NULL && n++ % CLOCK == 0)
        (void)hb_waf_shared_now(hb_ngx_shared, hb_mono() / HB_MS);
    ngx_add_timer(ev, TICK_MS);
}

static void look(struct hb_ngx_main *m)
{
    struct hb_ngx_private **p = m->closed != NULL ? m->closed->elts : NULL;

    for (ngx_uint_t i = 0; p != NULL && i < m->closed->nelts; i++)
        look_private(p[i]);
    if (m->canary != NULL)
        look_canary(m->canary);
    if (m->orders != NULL && hb_ngx_shared != NULL)
        look_orders(m->orders);
}

/* Where nobody can tell whether the file is there, all stays as it was. */
static void look_private(struct hb_ngx_private *p)
{
    struct stat st;

    if (stat((const char *)p->path.data, &st) == 0) {
        p->on = 1;
        p->retry = seconds_of((const char *)p->path.data);
    } else if (ngx_errno == ENOENT || ngx_errno == ENOTDIR) {
        p->on = 0;
    } else {
        if (!p->blind)
            ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                          "hinoban: whether %V is there cannot be seen",
                          &p->path);
        p->blind = 1;
        return;
    }
    p->blind = 0;
}

/* The number that the file begins with; an empty file says nothing. */
static ngx_uint_t seconds_of(const char *path)
{
    _cleanup_close_ int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char text[8];
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
    ngx_uint_t seconds = 0;

    for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
        seconds = seconds * 10 + (ngx_uint_t)(text[i] - '0');
    return seconds > 0 && seconds <= RETRY_MAX ? seconds : RETRY;
}

/* What is too short to be a secret is none. */
static void look_canary(struct hb_ngx_canary *c)
{
    _cleanup_close_ int fd = open((const char *)c->path.data,
                                  O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t n = fd >= 0 ? read(fd, c->token, sizeof(c->token)) : -1;

    if (fd < 0 && ngx_errno != ENOENT && !c->blind) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      "hinoban: %V cannot be read", &c->path);
        c->blind = true;
    }
    while (n > 0 && (u_char)c->token[n - 1] <= ' ')
        n--;
    c->n = n >= TOKEN_MIN ? (size_t)n : 0;
}

/* Read when it changed, and again while something of it could not be done. */
static void look_orders(struct hb_ngx_orders *o)
{
    _cleanup_close_ int fd = open((const char *)o->path.data,
                                  O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 && ngx_errno == ENOENT)
        return;
    if (fd < 0 || fstat(fd, &st) < 0) {
        if (!o->blind)
            ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                          "hinoban: %V cannot be read", &o->path);
        o->blind = true;
        return;
    }
    o->blind = false;
    if (o->ino == st.st_ino && o->changed.tv_sec == st.st_mtim.tv_sec &&
        o->changed.tv_nsec == st.st_mtim.tv_nsec)
        return;
    if (carry_out(o, fd)) {
        o->ino = st.st_ino;
        o->changed = st.st_mtim;
    }
}

/* False where it is to be tried again. */
static bool carry_out(const struct hb_ngx_orders *o, int fd)
{
    static char text[HB_WAF_ORDERS_BYTES + 1];
    static struct hb_waf_order order[HB_WAF_ORDERS];
    ssize_t n = hb_pread_full(fd, text, sizeof(text), 0);
    char why[HB_MAX_ERR + 300];
    struct hb_err err = {0};
    size_t orders = 0;

    if (n < 0)
        return false;
    if (n > (ssize_t)HB_WAF_ORDERS_BYTES ||
        hb_waf_orders_parse(hb_slice(text, (size_t)n), order, &orders, &err) <
            0) {
        hb_err_format(&err, why, sizeof(why));
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "hinoban: %V is not carried out: %s", &o->path,
                      err.code < 0 ? why : "too large");
    }
    return hb_waf_orders_apply(hb_ngx_shared, &o->rules, order, orders,
                               hb_now() / (int64_t)HB_S,
                               hb_mono() / HB_MS) == 0;
}
