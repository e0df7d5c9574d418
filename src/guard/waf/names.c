/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - see names.h.  The tables are short and read at load only: a walk
 * through them is fast enough (CRS 4 has 1,900 such names).
 */
#include "guard/waf/names.h"

#include <strings.h>

#include "base/err.h"

#define WORD 64u /* no name is longer */

struct alias {
    const char *name;
    unsigned id;
};

static const char *const t_names[] = {
#define HB_WAF_X(id, name) name,
    HB_WAF_T_TABLE(HB_WAF_X)
#undef HB_WAF_X
};
static const struct alias t_aliases[] = {
#define HB_WAF_X(id, name) {name, HB_WAF_T_##id},
    HB_WAF_T_ALIASES(HB_WAF_X)
#undef HB_WAF_X
};
static const char *const op_names[] = {
#define HB_WAF_X(id, name, arg) name,
    HB_WAF_OP_TABLE(HB_WAF_X)
#undef HB_WAF_X
};
static const uint8_t op_args[] = {
#define HB_WAF_X(id, name, arg) HB_WAF_OP_ARG_##arg,
    HB_WAF_OP_TABLE(HB_WAF_X)
#undef HB_WAF_X
};
static const struct alias op_aliases[] = {
#define HB_WAF_X(id, name) {name, HB_WAF_OP_##id},
    HB_WAF_OP_ALIASES(HB_WAF_X)
#undef HB_WAF_X
};

static int find(struct hb_slice name, const char *const *names, size_t n,
                const struct alias *aliases, size_t n_aliases);
static bool same(struct hb_slice name, const char *z);

bool hb_waf_t_find(struct hb_slice name, enum hb_waf_t *ret)
{
    int i = find(name, t_names, HB_ARRAY_LEN(t_names), t_aliases,
                 HB_ARRAY_LEN(t_aliases));

    if (i >= 0)
        *ret = (enum hb_waf_t)i;
    return i >= 0;
}

bool hb_waf_op_find(struct hb_slice name, enum hb_waf_op *ret)
{
    int i = find(name, op_names, HB_ARRAY_LEN(op_names), op_aliases,
                 HB_ARRAY_LEN(op_aliases));

    if (i >= 0)
        *ret = (enum hb_waf_op)i;
    return i >= 0;
}

const char *hb_waf_t_name(enum hb_waf_t t)
{
    HB_ASSERT((unsigned)t < HB_WAF_T_COUNT);
    return t_names[t];
}

const char *hb_waf_op_name(enum hb_waf_op op)
{
    HB_ASSERT((unsigned)op < HB_WAF_OP_COUNT);
    return op_names[op];
}

enum hb_waf_op_arg hb_waf_op_arg(enum hb_waf_op op)
{
    HB_ASSERT((unsigned)op < HB_WAF_OP_COUNT);
    return (enum hb_waf_op_arg)op_args[op];
}

const char *hb_waf_t_nearest(struct hb_slice name)
{
    return hb_waf_name_nearest(name, t_names, HB_ARRAY_LEN(t_names));
}

const char *hb_waf_op_nearest(struct hb_slice name)
{
    return hb_waf_name_nearest(name, op_names, HB_ARRAY_LEN(op_names));
}

int hb_waf_name_find(struct hb_slice name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (same(name, names[i]))
            return (int)i;
    return -1;
}

const char *hb_waf_name_nearest(struct hb_slice name, const char *const *names,
                                size_t n)
{
    char word[WORD];

    if (name.n == 0 || name.n >= sizeof(word))
        return NULL;
    memcpy(word, name.p, name.n);
    word[name.n] = '\0';
    return hb_nearest(word, names, n);
}

static int find(struct hb_slice name, const char *const *names, size_t n,
                const struct alias *aliases, size_t n_aliases)
{
    for (size_t i = 0; i < n_aliases; i++)
        if (same(name, aliases[i].name))
            return (int)aliases[i].id;
    return hb_waf_name_find(name, names, n);
}

static bool same(struct hb_slice name, const char *z)
{
    return strlen(z) == name.n && strncasecmp(name.p, z, name.n) == 0;
}
