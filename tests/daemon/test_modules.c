/* SPDX-License-Identifier: Apache-2.0 */
/* The table of capabilities names what exists: folders, roles, cases. */
#include "tap.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "config/module.h"
#include "daemon/role.h"

static void test_names_exist(void **state)
{
    const char *top = getenv("HB_SOURCE_ROOT");
    size_t n = 0;

    for (; hb_modules[n] != NULL; n++) {
        const struct hb_module *m = hb_modules[n];
        char path[HB_MAX_PATH];
        struct stat st;

        assert_string_not_equal(hb_family_name(m->family), "?");
        assert_true(m->cases[0] > 0 && m->doc[0] != '\0');
        for (size_t i = 0; m->roles[i] != NULL; i++)
            if (hb_role_find(m->roles[i]) == NULL)
                fail_msg("%s names role %s, which is not in roles.c", m->name,
                         m->roles[i]);
        if (top == NULL)
            continue;
        (void)snprintf(path, sizeof(path), "%s/src/%s", top, m->name);
        assert_int_equal(stat(path, &st), 0);
    }
    assert_true(n >= 3);
}

static void test_each_once(void **state)
{
    for (size_t i = 0; hb_modules[i] != NULL; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(hb_modules[i]->name, hb_modules[j]->name);
    assert_string_equal(hb_family_name(HB_FAMILY_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_exist),
        cmocka_unit_test(test_each_once),
    };

    return hb_tap_run("daemon/modules", tests);
}
