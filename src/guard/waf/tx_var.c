/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tx_var.c - the variables of SecLang over a request, and macros.
 */
#include "guard/waf/tx.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/i18n.h"

static struct hb_waf_list *list_of(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                                   bool *names);
static int refresh(struct hb_waf_tx *tx, enum hb_waf_coll coll);
static int clock_part(struct hb_waf_tx *tx, enum hb_waf_coll coll);
static int add_text(struct hb_waf_tx *tx, struct hb_slice *all, size_t *room,
                    struct hb_slice more);
static struct hb_slice rule_field(struct hb_waf_tx *tx,
                                  const struct hb_waf_rule *rule,
                                  struct hb_slice name);
static int more_vars(struct hb_waf_tx *tx, struct hb_waf_vars *v, uint32_t slot,
                     struct hb_slice name, struct hb_slice value);

unsigned hb_waf_spans(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                      struct hb_slice key, struct hb_waf_list *one,
                      struct hb_waf_span ret[HB_WAF_SPANS])
{
    bool names = false;

    switch (coll) {
    case HB_WAF_VAR_ARGS:
    case HB_WAF_VAR_ARGS_NAMES:
        names = coll == HB_WAF_VAR_ARGS_NAMES;
        ret[0] = (struct hb_waf_span){&tx->args_get, names};
        ret[1] = (struct hb_waf_span){&tx->body.args, names};
        return 2;
    case HB_WAF_VAR_XML:
        ret[0].list = key.n == 2 ? &tx->xml_text : &tx->body.xml_attr;
        ret[0].names = false;
        return 1;
    default:
        ret[0].list = list_of(tx, coll, &names);
        ret[0].names = names;
        if (ret[0].list != NULL)
            return 1;
        if (hb_waf_coll_kind(coll) != HB_WAF_COLL_ONE)
            return 0;
        if (refresh(tx, coll) < 0)
            return 0;
        *one = (struct hb_waf_list){&tx->one[coll], 1, 1};
        ret[0].list = one;
        return 1;
    }
}

/* NULL: a variable with one value, or one that this engine does not fill. */
static struct hb_waf_list *list_of(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                                   bool *names)
{
    switch (coll) {
    case HB_WAF_VAR_ARGS_GET_NAMES:
        *names = true;
        return &tx->args_get;
    case HB_WAF_VAR_ARGS_GET:
        return &tx->args_get;
    case HB_WAF_VAR_ARGS_POST_NAMES:
        *names = true;
        return &tx->body.args;
    case HB_WAF_VAR_ARGS_POST:
        return &tx->body.args;
    case HB_WAF_VAR_REQUEST_HEADERS_NAMES:
        *names = true;
        return &tx->request_headers;
    case HB_WAF_VAR_REQUEST_HEADERS:
        return &tx->request_headers;
    case HB_WAF_VAR_REQUEST_COOKIES_NAMES:
        *names = true;
        return &tx->cookies;
    case HB_WAF_VAR_REQUEST_COOKIES:
        return &tx->cookies;
    case HB_WAF_VAR_RESPONSE_HEADERS_NAMES:
        *names = true;
        return &tx->response_headers;
    case HB_WAF_VAR_RESPONSE_HEADERS:
        return &tx->response_headers;
    case HB_WAF_VAR_FILES_NAMES:
        *names = true;
        return &tx->body.file;
    case HB_WAF_VAR_FILES:
    case HB_WAF_VAR_MULTIPART_FILENAME:
        return &tx->body.file;
    case HB_WAF_VAR_FILES_SIZES:
        return &tx->body.file_size;
    case HB_WAF_VAR_FILES_TMP_CONTENT:
        return &tx->body.file_data;
    case HB_WAF_VAR_FILES_TMPNAMES:
        return &tx->files_tmp;
    case HB_WAF_VAR_MULTIPART_NAME:
        return &tx->body.part_name;
    case HB_WAF_VAR_MULTIPART_PART_HEADERS:
        return &tx->body.part_header;
    case HB_WAF_VAR_MATCHED_VARS:
        return &tx->matched;
    case HB_WAF_VAR_MATCHED_VARS_NAMES:
        return &tx->matched_names;
    case HB_WAF_VAR_ENV:
        return &tx->env;
    default: {
        struct hb_waf_vars *v = hb_waf_vars(tx, coll);

        return v != NULL ? &v->list : NULL;
    }
    }
}

struct hb_waf_vars *hb_waf_vars(struct hb_waf_tx *tx, enum hb_waf_coll coll)
{
    switch (coll) {
    case HB_WAF_VAR_TX:
        return &tx->tx;
    case HB_WAF_VAR_GLOBAL:
        return &tx->store[0];
    case HB_WAF_VAR_IP:
        return &tx->store[1];
    case HB_WAF_VAR_RESOURCE:
        return &tx->store[2];
    case HB_WAF_VAR_SESSION:
        return &tx->store[3];
    case HB_WAF_VAR_USER:
        return &tx->store[4];
    default:
        return NULL;
    }
}

bool hb_waf_target_has(struct hb_waf_tx *tx, const struct hb_waf_target *t,
                       struct hb_slice name)
{
    switch (t->sel) {
    case HB_WAF_SEL_KEY:
        return hb_waf_name_eq(t->key, name);
    case HB_WAF_SEL_RX:
        return hb_waf_rx_match(t->rx, tx->thread->match.scratch, name, 0,
                               NULL) == HB_WAF_RX_YES;
    default:
        return true;
    }
}

struct hb_waf_value *hb_waf_var(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                                uint32_t slot, struct hb_slice name)
{
    struct hb_waf_vars *v = hb_waf_vars(tx, coll);

    if (v == NULL)
        return NULL;
    if (coll == HB_WAF_VAR_TX) {
        if (slot == 0)
            slot = hb_waf_slot(tx->waf, name);
        if (slot != 0)
            return tx->slot[slot] != 0 ? &v->list.item[tx->slot[slot] - 1]
                                       : NULL;
    }
    for (uint32_t i = 0; i < v->list.n; i++)
        if (hb_waf_name_eq(v->list.item[i].name, name))
            return &v->list.item[i];
    return NULL;
}

int hb_waf_var_set(struct hb_waf_tx *tx, enum hb_waf_coll coll, uint32_t slot,
                   struct hb_slice name, struct hb_slice value)
{
    struct hb_waf_vars *v = hb_waf_vars(tx, coll);
    struct hb_waf_value *at;

    if (v == NULL)
        return 0;
    if (coll == HB_WAF_VAR_TX && slot == 0)
        slot = hb_waf_slot(tx->waf, name);
    at = hb_waf_var(tx, coll, slot, name);
    if (at == NULL)
        return more_vars(tx, v, slot, name, value);
    at->value = value;
    at->cell = 0;
    return 0;
}

static int more_vars(struct hb_waf_tx *tx, struct hb_waf_vars *v, uint32_t slot,
                     struct hb_slice name, struct hb_slice value)
{
    char *copy;
    int r;

    if (v->list.n >= HB_WAF_TX_VARS) {
        hb_waf_limit(tx, 403, _("variables"));
        return 0;
    }
    copy = hb_arena_dup(tx->arena, name.p, name.n);
    if (copy == NULL)
        return -ENOMEM;
    r = hb_waf_list_add(&v->list, tx->arena, hb_slice(copy, name.n), value);
    if (r == 0 && v == &tx->tx && slot != 0) {
        tx->slot[slot] = v->list.n;
        v->list.item[v->list.n - 1].name_cell = slot;
    }
    return r;
}

void hb_waf_var_unset(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                      uint32_t slot, struct hb_slice name)
{
    struct hb_waf_vars *v = hb_waf_vars(tx, coll);
    struct hb_waf_value *at;
    uint32_t i;

    if (v == NULL)
        return;
    at = hb_waf_var(tx, coll, slot, name);
    if (at == NULL)
        return;
    i = (uint32_t)(at - v->list.item);
    memmove(at, at + 1, (v->list.n - i - 1) * sizeof(*at));
    v->list.n--;
    if (coll != HB_WAF_VAR_TX)
        return;
    for (uint32_t s = 0; s < tx->waf->n_slot; s++) {
        if (tx->slot[s] == i + 1)
            tx->slot[s] = 0;
        else if (tx->slot[s] > i + 1)
            tx->slot[s]--;
    }
}

void hb_waf_one(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                struct hb_slice value)
{
    tx->one[coll].value = value;
    tx->one[coll].cell = 0;
}

int hb_waf_one_number(struct hb_waf_tx *tx, enum hb_waf_coll coll, uint64_t n)
{
    struct hb_slice s = hb_waf_digits(tx, n);

    hb_waf_one(tx, coll, s);
    return s.p != NULL ? 0 : -ENOMEM;
}

struct hb_slice hb_waf_digits(struct hb_waf_tx *tx, uint64_t n)
{
    static const char few[] = "0123456789";
    size_t at = 20; /* digits of 2^64 */
    char *p;

    if (n < 10)
        return hb_slice(few + n, 1);
    p = hb_arena_alloc(tx->arena, at);
    if (p == NULL)
        return hb_slice(NULL, 0);
    do {
        p[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    return hb_slice(p + at, 20 - at);
}

/* Variables that are worked out when somebody looks. */
static int refresh(struct hb_waf_tx *tx, enum hb_waf_coll coll)
{
    switch (coll) {
    case HB_WAF_VAR_DURATION:
        return hb_waf_one_number(tx, coll,
                                 (hb_mono() - tx->began_mono) / HB_MS);
    case HB_WAF_VAR_HIGHEST_SEVERITY:
        return hb_waf_one_number(tx, coll, tx->highest);
    case HB_WAF_VAR_TIME:
    case HB_WAF_VAR_TIME_DAY:
    case HB_WAF_VAR_TIME_EPOCH:
    case HB_WAF_VAR_TIME_HOUR:
    case HB_WAF_VAR_TIME_MIN:
    case HB_WAF_VAR_TIME_MON:
    case HB_WAF_VAR_TIME_SEC:
    case HB_WAF_VAR_TIME_WDAY:
    case HB_WAF_VAR_TIME_YEAR:
        return tx->one[coll].value.p != NULL ? 0 : clock_part(tx, coll);
    default:
        return 0;
    }
}

/* Of the moment at which the request began, in the server's zone. */
static int clock_part(struct hb_waf_tx *tx, enum hb_waf_coll coll)
{
    time_t t = (time_t)(tx->began / (int64_t)HB_S);
    struct tm tm = {0};
    char text[32];
    char *copy;

    (void)localtime_r(&t, &tm);
    switch (coll) {
    case HB_WAF_VAR_TIME:
        (void)strftime(text, sizeof(text), "%H:%M:%S", &tm);
        copy = hb_arena_strdup(tx->arena, text);
        hb_waf_one(tx, coll, hb_slice_z(copy));
        return copy != NULL ? 0 : -ENOMEM;
    case HB_WAF_VAR_TIME_EPOCH:
        return hb_waf_one_number(tx, coll, (uint64_t)t);
    case HB_WAF_VAR_TIME_DAY:
        return hb_waf_one_number(tx, coll, (uint64_t)tm.tm_mday);
    case HB_WAF_VAR_TIME_HOUR:
        return hb_waf_one_number(tx, coll, (uint64_t)tm.tm_hour);
    case HB_WAF_VAR_TIME_MIN:
        return hb_waf_one_number(tx, coll, (uint64_t)tm.tm_min);
    case HB_WAF_VAR_TIME_MON:
        return hb_waf_one_number(tx, coll, (uint64_t)tm.tm_mon + 1);
    case HB_WAF_VAR_TIME_SEC:
        return hb_waf_one_number(tx, coll, (uint64_t)tm.tm_sec);
    case HB_WAF_VAR_TIME_WDAY:
        return hb_waf_one_number(tx, coll, (uint64_t)tm.tm_wday);
    default:
        return hb_waf_one_number(tx, coll, (uint64_t)tm.tm_year + 1900);
    }
}

int hb_waf_expand(struct hb_waf_tx *tx, const struct hb_waf_text *text,
                  const struct hb_waf_rule *rule, struct hb_slice *ret)
{
    struct hb_slice all = {NULL, 0}, part;
    size_t room = 0;

    if (text->n == 0) {
        *ret = text->raw;
        return 0;
    }
    for (uint32_t i = 0; i < text->n; i++) {
        int r = 0;

        part = text->part[i].text;
        if (text->part[i].macro)
            r = hb_waf_lookup(tx, &text->part[i], rule, &part);
        /* A text that is one macro is its value. */
        if (r == 0 && text->n == 1) {
            *ret = part;
            return 0;
        }
        if (r == 0)
            r = add_text(tx, &all, &room, part);
        if (r < 0)
            return r;
    }
    *ret = all;
    return 0;
}

/* Cut at HB_WAF_TX_TEXT: a stranger's values must not multiply. */
static int add_text(struct hb_waf_tx *tx, struct hb_slice *all, size_t *room,
                    struct hb_slice more)
{
    size_t n = HB_MIN(more.n, HB_WAF_TX_TEXT - all->n);
    char *p = (char *)(uintptr_t)all->p;

    if (all->n + n > *room) {
        size_t want = HB_MAX(2 * (all->n + n), (size_t)128);

        p = hb_arena_alloc(tx->arena, want);
        if (p == NULL)
            return -ENOMEM;
        if (all->n > 0)
            memcpy(p, all->p, all->n);
        *room = want;
    }
    if (n > 0)
        memcpy(p + all->n, more.p, n);
    *all = hb_slice(p, all->n + n);
    return 0;
}

int hb_waf_lookup(struct hb_waf_tx *tx, const struct hb_waf_part *part,
                  const struct hb_waf_rule *rule, struct hb_slice *ret)
{
    struct hb_waf_span span[HB_WAF_SPANS];
    struct hb_waf_list one;
    unsigned n;

    *ret = hb_slice("", 0);
    if (part->coll == HB_WAF_VAR_RULE) {
        *ret = rule_field(tx, rule, part->text);
        return 0;
    }
    if (part->sel == HB_WAF_SEL_KEY && hb_waf_vars(tx, part->coll) != NULL) {
        const struct hb_waf_value *v =
            hb_waf_var(tx, part->coll, part->slot, part->text);

        if (v != NULL)
            *ret = v->value;
        return 0;
    }
    n = hb_waf_spans(tx, part->coll, part->text, &one, span);
    for (unsigned s = 0; s < n; s++)
        for (uint32_t i = 0; i < span[s].list->n; i++) {
            const struct hb_waf_value *v = &span[s].list->item[i];

            HB_ASSERT(v != NULL); /* for analysers: N is above 0 */
            if (part->sel == HB_WAF_SEL_KEY &&
                !hb_waf_name_eq(v->name, part->text))
                continue;
            *ret = span[s].names ? v->name : v->value;
            return 0;
        }
    return 0;
}

static struct hb_slice rule_field(struct hb_waf_tx *tx,
                                  const struct hb_waf_rule *rule,
                                  struct hb_slice name)
{
    if (rule == NULL)
        return hb_slice("", 0);
    if (hb_waf_name_eq(name, HB_SLICE("id")))
        return hb_waf_digits(tx, rule->id);
    if (hb_waf_name_eq(name, HB_SLICE("severity")))
        return rule->severity < 0 ? hb_slice("", 0)
                                  : hb_waf_digits(tx, (uint64_t)rule->severity);
    if (hb_waf_name_eq(name, HB_SLICE("msg")))
        return rule->msg.raw;
    if (hb_waf_name_eq(name, HB_SLICE("logdata")))
        return rule->logdata.raw;
    if (hb_waf_name_eq(name, HB_SLICE("rev")))
        return rule->rev;
    if (hb_waf_name_eq(name, HB_SLICE("ver")))
        return rule->ver;
    return hb_slice("", 0);
}
