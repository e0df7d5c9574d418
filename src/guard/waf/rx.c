/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rx.c - see rx.h.
 *
 * The JIT has a stack of its own a thread.  A pattern that needs more of it
 * than there is, or one that the JIT does not take, is interpreted, under the
 * same limits.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/i18n.h"
#include "guard/waf/rx.h"

#define RX_MAGIC     0x57525830u
#define JIT_START    ((size_t)32 << 10)
#define JIT_MAX      ((size_t)1 << 20)
#define MATCH_LIMIT  100000u
#define DEPTH_LIMIT  10000u
#define REASON_BYTES 256u

struct hb_waf_rx {
    uint32_t magic;
    bool jit;
    pcre2_code *code;
};

struct hb_waf_rx_scratch {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static void groups(const pcre2_match_data *d, int rc, struct hb_slice value,
                   struct hb_waf_rx_groups *ret);

int hb_waf_rx_compile(struct hb_waf_rx **ret, struct hb_slice pattern,
                      struct hb_err *err)
{
    struct hb_waf_rx *rx = calloc(1, sizeof(*rx));
    PCRE2_UCHAR reason[REASON_BYTES];
    PCRE2_SIZE at = 0;
    int code = 0;

    if (rx == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    rx->magic = RX_MAGIC;
    rx->code =
        pcre2_compile((PCRE2_SPTR)(pattern.n > 0 ? pattern.p : ""), pattern.n,
                      PCRE2_DOTALL | PCRE2_MULTILINE, &code, &at, NULL);
    if (rx->code == NULL) {
        (void)pcre2_get_error_message(code, reason, sizeof(reason));
        free(rx);
        return hb_err_at(err, -EINVAL, "", 0, (unsigned)at + 1,
                         _("the regular expression is wrong: %s"),
                         (const char *)reason);
    }
    rx->jit = pcre2_jit_compile(rx->code, PCRE2_JIT_COMPLETE) == 0;
    *ret = rx;
    return 0;
}

void hb_waf_rx_free(struct hb_waf_rx *rx)
{
    if (rx == NULL)
        return;
    HB_CHECK(rx, RX_MAGIC);
    pcre2_code_free(rx->code);
    rx->magic = 0;
    free(rx);
}

void hb_waf_rx_trim(void)
{
    pcre2_jit_free_unused_memory(NULL);
}

bool hb_waf_rx_is_jit(const struct hb_waf_rx *rx)
{
    HB_CHECK(rx, RX_MAGIC);
    return rx->jit;
}

struct hb_waf_rx_scratch *hb_waf_rx_scratch_new(uint32_t match_limit,
                                                uint32_t depth_limit)
{
    struct hb_waf_rx_scratch *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->data = pcre2_match_data_create(HB_WAF_GROUPS, NULL);
    s->context = pcre2_match_context_create(NULL);
    s->stack = pcre2_jit_stack_create(JIT_START, JIT_MAX, NULL);
    if (s->data == NULL || s->context == NULL || s->stack == NULL) {
        hb_waf_rx_scratch_free(s);
        return NULL;
    }
    (void)pcre2_set_match_limit(s->context,
                                match_limit != 0 ? match_limit : MATCH_LIMIT);
    (void)pcre2_set_depth_limit(s->context,
                                depth_limit != 0 ? depth_limit : DEPTH_LIMIT);
    pcre2_jit_stack_assign(s->context, NULL, s->stack);
    return s;
}

void hb_waf_rx_scratch_free(struct hb_waf_rx_scratch *s)
{
    if (s == NULL)
        return;
    pcre2_match_data_free(s->data);
    pcre2_match_context_free(s->context);
    pcre2_jit_stack_free(s->stack);
    free(s);
}

enum hb_waf_rx_result hb_waf_rx_match(const struct hb_waf_rx *rx,
                                      struct hb_waf_rx_scratch *s,
                                      struct hb_slice value, size_t from,
                                      struct hb_waf_rx_groups *ret)
{
    PCRE2_SPTR p = (PCRE2_SPTR)(value.n > 0 ? value.p : "");
    int rc;

    HB_CHECK(rx, RX_MAGIC);
    if (from > value.n)
        return HB_WAF_RX_NO;
    rc = rx->jit ? pcre2_jit_match(rx->code, p, value.n, from, 0, s->data,
                                   s->context)
                 : PCRE2_ERROR_JIT_STACKLIMIT;
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(rx->code, p, value.n, from, PCRE2_NO_JIT, s->data,
                         s->context);
    if (rc == PCRE2_ERROR_NOMATCH)
        return HB_WAF_RX_NO;
    if (rc < 0)
        return HB_WAF_RX_LIMIT;
    if (ret != NULL)
        groups(s->data, rc, value, ret);
    return HB_WAF_RX_YES;
}

/* RC is the highest group that took part plus one; 0: more than there is room
 * for. */
static void groups(const pcre2_match_data *d, int rc, struct hb_slice value,
                   struct hb_waf_rx_groups *ret)
{
    /* The library takes it without const and does not write. */
    PCRE2_SIZE *v = pcre2_get_ovector_pointer((pcre2_match_data *)(uintptr_t)d);

    ret->n = rc == 0 ? HB_WAF_GROUPS : (size_t)rc;
    for (size_t i = 0; i < HB_WAF_GROUPS; i++) {
        bool in = i < ret->n && v[2 * i] != PCRE2_UNSET &&
                  v[2 * i] <= v[2 * i + 1] && v[2 * i + 1] <= value.n;

        ret->group[i] =
            in ? (struct hb_slice){value.p + v[2 * i], v[2 * i + 1] - v[2 * i]}
               : (struct hb_slice){NULL, 0};
    }
}
