/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.c - see list.h.
 */
#include "guard/waf/list.h"

int hb_waf_list_add(struct hb_waf_list *l, struct hb_arena *a,
                    struct hb_slice name, struct hb_slice value)
{
    if (l->n == l->room) {
        uint32_t room = l->room == 0 ? 16 : l->room * 2;
        struct hb_waf_value *item;

        if (l->n >= HB_WAF_LIST_MAX)
            return -EFBIG;
        item = HB_NEW_N(a, struct hb_waf_value, room);
        if (item == NULL)
            return -ENOMEM;
        if (l->n > 0)
            memcpy(item, l->item, l->n * sizeof(*item));
        l->item = item;
        l->room = room;
    }
    l->item[l->n++] = (struct hb_waf_value){.name = name, .value = value};
    return 0;
}

const struct hb_waf_value *hb_waf_list_get(const struct hb_waf_list *l,
                                           struct hb_slice name)
{
    for (uint32_t i = 0; i < l->n; i++) {
        const struct hb_waf_value *v = &l->item[i];

        if (hb_waf_name_eq(v->name, name))
            return v;
    }
    return NULL;
}
