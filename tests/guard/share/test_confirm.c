/* SPDX-License-Identifier: Apache-2.0 */
/* A wrong recipient confirms the deletion: once, by a link of its own. */
#include "locker.h"

#include "guard/share/confirm.h"

#define FROM "198.51.100.7"

static struct hb_arena *arena;
static char token[HB_SHARE_TOKEN_TEXT];
static struct hb_share_confirm said;

static int view(void)
{
    return hb_share_confirm_view(store, arena, z(token), &said);
}

static void test_way(void **state)
{
    char link[HB_SHARE_TOKEN_TEXT];
    int64_t recipient, id = invite("a@b.example", &recipient, link), bad;

    (void)state;
    arena = hb_arena_new(0);
    assert_int_equal(hb_share_confirm_new(store, recipient, &owner, token), 0);
    assert_int_equal(hb_share_revoke(store, id, &owner), 0);
    assert_int_equal(view(), 0);
    assert_int_equal((int)said.share, (int)id);
    assert_int_equal((int)said.done, 0);
    assert_int_equal(hb_share_confirmed(store, arena, recipient, &said), 0);
    assert_int_equal(
        hb_share_confirm_do(store, z(token), "", HB_SHARE_UNREAD, "", FROM),
        -EINVAL);
    assert_int_equal(
        hb_share_confirm_do(store, z(token), "a\nb", HB_SHARE_UNREAD, "", FROM),
        -EINVAL);
    assert_int_equal(hb_share_confirm_do(store, z(token), "田中",
                                         (enum hb_share_deletion)9, "", FROM),
                     -EINVAL);
    assert_int_equal(hb_share_confirm_do(store, z(token), "田中", HB_SHARE_READ,
                                         "見ました\nすみません", FROM),
                     0);
    assert_int_equal(
        hb_share_confirm_do(store, z(token), "別人", HB_SHARE_UNREAD, "", FROM),
        -EALREADY);
    assert_int_equal(view(), 0);
    assert_true(said.done == lock_time.now);
    assert_int_equal(hb_share_confirmed(store, arena, recipient, &said), 1);
    assert_int_equal(said.how, HB_SHARE_READ);
    assert_string_equal(said.name, "田中");
    /* Asked again: they have said it. */
    assert_int_equal(hb_share_confirm_new(store, recipient, &owner, token),
                     -EALREADY);
    assert_int_equal(told(id, HB_SHARE_CONFIRM_ASKED), 1);
    assert_int_equal(told(id, HB_SHARE_CONFIRMED), 1);
    assert_int_equal(hb_share_trail_check(store, &bad), 0);
    hb_arena_free(arena);
}

static void test_links(void **state)
{
    char link[HB_SHARE_TOKEN_TEXT], older[HB_SHARE_TOKEN_TEXT];
    int64_t recipient;

    (void)state;
    arena = hb_arena_new(0);
    (void)invite("a@b.example", &recipient, link);
    assert_int_equal(hb_share_confirm_new(store, recipient, &owner, older), 0);
    assert_int_equal(hb_share_confirm_new(store, recipient, &owner, token), 0);
    assert_int_equal(view(), 0);
    memcpy(token, older, sizeof(token));
    assert_int_equal(view(), -ENOENT);
    /* A share's link is no such link, nor is anything else. */
    memcpy(token, link, sizeof(token));
    assert_int_equal(view(), -ENOENT);
    assert_int_equal(
        hb_share_confirm_do(store, z("x"), "a", HB_SHARE_READ, "", FROM),
        -ENOENT);
    assert_int_equal(hb_share_confirm_new(store, 999, &owner, token), -ENOENT);
    assert_int_equal(hb_share_confirm_new(store, recipient, &owner, token), 0);
    pass_time((HB_SHARE_CONFIRM_DAYS - 1) * 86400);
    assert_int_equal(view(), 0);
    pass_time(86400);
    assert_int_equal(view(), -EKEYEXPIRED);
    assert_int_equal(
        hb_share_confirm_do(store, z(token), "a", HB_SHARE_READ, "", FROM),
        -EKEYEXPIRED);
    hb_arena_free(arena);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, lock_make, lock_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {MADE(test_way), MADE(test_links)};

    return hb_tap_run("guard/share/confirm", tests);
}
