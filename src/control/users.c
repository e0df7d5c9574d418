/* SPDX-License-Identifier: Apache-2.0 */
/*
 * users.c - who runs what visitors send: nginx's workers, PHP-FPM's pools.
 *
 * Runs in check.  Names come from root's configuration; only accounts that the
 * machine has count.
 */
#include "control/check.h"

#define POOLS "/etc/php/*/fpm/pool.d/*.conf"

struct users {
    const struct hb_accounts *accounts;
    const char **names;
    size_t n, max;
    bool more;
};

static void add(struct users *u, const char *name);
static void pool(const struct hb_machine *m, struct users *u,
                 struct hb_slice text);

size_t hb_web_users(const struct hb_machine *m, const struct hb_accounts *a,
                    const char **ret, size_t max, bool *ret_more)
{
    struct users u = {.accounts = a, .names = ret, .max = max};
    struct hb_ngx *root = NULL;
    const char *const *pools = NULL;
    size_t n = 0;

    (void)!hb_ngx_load(m, &root);
    add(&u, hb_ngx_user(m, root));
    add(&u, "www-data");
    if (hb_machine_glob(m, POOLS, 1024, &pools, &n) < 0)
        n = 0;
    for (size_t i = 0; i < n; i++) {
        struct hb_slice text;

        if (hb_machine_read(m, pools[i], HB_MACHINE_FILE, &text) == 0)
            pool(m, &u, text);
    }
    *ret_more = u.more;
    return u.n;
}

/* "user = NAME" */
static void pool(const struct hb_machine *m, struct users *u,
                 struct hb_slice text)
{
    struct hb_slice line;

    while (hb_next_line(&text, &line)) {
        const char *name;

        if (!hb_slice_is(hb_next_word(&line), "user") ||
            !hb_slice_is(hb_next_word(&line), "="))
            continue;
        line = hb_next_word(&line);
        name = hb_arena_dup(m->arena, line.p, line.n);
        if (name != NULL)
            add(u, name);
    }
}

static void add(struct users *u, const char *name)
{
    const struct hb_account *a = hb_account_find(u->accounts, name);

    for (size_t i = 0; i < u->n; i++)
        if (hb_streq(u->names[i], name))
            return;
    if (a == NULL)
        return;
    if (u->n == u->max)
        u->more = true;
    else
        u->names[u->n++] = a->name;
}
