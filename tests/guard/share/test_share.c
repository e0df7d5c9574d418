/* SPDX-License-Identifier: Apache-2.0 */
/* Shares from draft to their end; misdelivery; rights of the files. */
#include <sqlite3.h>
#include <sys/wait.h>

#include "guard/share/part.h"
#include "locker.h"

#define FROM "198.51.100.7"
#define DAY  86400

static char link_text[HB_SHARE_TOKEN_TEXT], grant[HB_SHARE_TOKEN_TEXT];
static struct hb_share_verdict verdict;
static struct hb_share_view view;
static int64_t recipient, file;

static void with_rules(void)
{
    hb_share_close(store);
    store = NULL;
    assert_int_equal(lock_open_again(&store), 0);
}

static int64_t draft(const char *mail)
{
    const struct hb_share_draft d = {.kind = HB_SHARE_OUT};
    int64_t id;

    assert_int_equal(hb_share_new(store, &owner, &d, &id), 0);
    if (mail != NULL)
        assert_int_equal(
            hb_share_add_recipient(store, id, &owner, mail, &recipient), 0);
    return id;
}

static void test_drafts(void **state)
{
    const struct hb_share_draft bad[] = {
        {.kind = 0},
        {.kind = HB_SHARE_OUT, .days = -1},
        {.kind = HB_SHARE_OUT, .most = -1},
        {.kind = HB_SHARE_OUT, .note = "a\x1b[2J"},
    };
    int64_t id = draft(NULL), again;

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        assert_int_equal(hb_share_new(store, &owner, &bad[i], &again), -EINVAL);
    assert_int_equal(
        hb_share_new(store, &(struct hb_share_who){"", ""}, &bad[0], &again),
        -EINVAL);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), -ENODATA);
    assert_int_equal(hb_share_add_recipient(store, id, &owner,
                                            "Sato@B.example.jp", &recipient),
                     0);
    assert_int_equal(
        hb_share_add_recipient(store, id, &owner, "sato@b.example.jp", &again),
        -EEXIST);
    assert_int_equal(hb_share_add_recipient(store, id, &owner, "x", &again),
                     -EINVAL);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), -ENODATA);
    assert_int_equal(hb_share_link(store, recipient, &owner, link_text),
                     -EBUSY);
    assert_int_equal(put_file(id, "a.txt", 10, &file), 0);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
    assert_int_equal(state_of(id), HB_SHARE_LIVE);
    assert_int_equal(put_file(id, "b.txt", 10, &file), -EBUSY);
    assert_int_equal(
        hb_share_add_recipient(store, id, &owner, "c@b.jp", &again), -EBUSY);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), -EBUSY);
    assert_int_equal(hb_share_submit(store, 99, &owner, &verdict), -ENOENT);
}

static void test_approval(void **state)
{
    static const char *const approvers[] = {"suzuki", "sato"};
    int64_t id = draft("a@b.jp");

    (void)state;
    lock_rules.approvers = approvers;
    lock_rules.approvers_n = 2;
    with_rules();
    assert_int_equal(put_file(id, "名簿.csv", 10, &file), 0);
    assert_int_equal(hb_share_found(store, id, 120), 0);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
    assert_int_equal(verdict.decision, HB_SHARE_APPROVAL);
    assert_int_equal(verdict.reasons, 1u << HB_SHARE_PERSONAL);
    assert_int_equal(state_of(id), HB_SHARE_WAITING);
    assert_int_equal(hb_share_link(store, recipient, &owner, link_text),
                     -EBUSY);
    assert_int_equal(share_approve(store, id, edition_of(id), &owner, &verdict),
                     -EACCES);
    assert_int_equal(share_approve(store, id, edition_of(id),
                                   &(struct hb_share_who){"kato", "", false},
                                   &verdict),
                     -EACCES);
    assert_int_equal(hb_share_decline(store, id, &other, "wrong list"), 0);
    assert_int_equal(state_of(id), HB_SHARE_DRAFT);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
    assert_int_equal(share_approve(store, id, edition_of(id), &other, &verdict),
                     0);
    assert_int_equal(state_of(id), HB_SHARE_LIVE);
    assert_int_equal(share_approve(store, id, edition_of(id), &other, &verdict),
                     -EBUSY);
    assert_int_equal(hb_share_link(store, recipient, &owner, link_text), 0);
    assert_int_equal(told(id, HB_SHARE_APPROVED), 1);
    assert_int_equal(told(id, HB_SHARE_DECLINED), 1);
}

static void test_executables(void **state)
{
    int64_t id = draft("a@b.jp");

    (void)state;
    assert_int_equal(put_file(id, "a.exe", 10, &file), 0);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
    assert_int_equal(verdict.decision, HB_SHARE_REFUSE);
    assert_int_equal(state_of(id), HB_SHARE_DRAFT);
    lock_rules.executables = HB_SHARE_EXE_HOLD;
    with_rules();
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
    assert_int_equal(verdict.decision, HB_SHARE_APPROVAL);
}

/* Revoked before and after the first download: nothing opens any more. */
static void test_revoke(void **state)
{
    struct hb_share_download *d;
    int64_t id, bad;

    (void)state;
    for (int after = 0; after < 2; after++) {
        id = open_one("a@b.jp", 100, &recipient, &file, link_text);
        enter(link_text, grant);
        if (after != 0) {
            assert_int_equal(
                hb_share_begin_download(store, z(grant), file, FROM, 0, &d), 0);
            assert_int_equal(hb_share_download_end(d, -1), 0);
        }
        assert_int_equal(hb_share_revoke(store, id, &owner), 0);
        assert_int_equal(hb_share_revoke(store, id, &owner), 0);
        assert_int_equal(told(id, HB_SHARE_ACT_REVOKED), 1);
        assert_int_equal(
            hb_share_begin_download(store, z(grant), file, FROM, 0, &d),
            -EACCES);
        assert_int_equal(hb_share_page(store, z(link_text), FROM, &view),
                         -EKEYREVOKED);
        assert_int_equal(hb_share_link(store, recipient, &owner, link_text),
                         -EKEYREVOKED);
        assert_int_equal(hb_share_reopen(store, id, &owner, 5), -EBUSY);
        assert_int_equal(count_files("blobs") + count_files("keys"), 0);
        assert_int_equal(hb_share_delete(store, id, &owner), 0);
        assert_int_equal(state_of(id), HB_SHARE_DELETED);
        assert_int_equal(told(id, HB_SHARE_SHREDDED), 1);
    }
    assert_int_equal(hb_share_trail_check(store, &bad), 0);
}

static void test_expiry(void **state)
{
    int64_t id = open_one("a@b.jp", 100, &recipient, &file, link_text);
    struct hb_share_download *d;

    (void)state;
    enter(link_text, grant);
    assert_int_equal(
        hb_share_begin_download(store, z(grant), file, FROM, 0, &d), 0);
    lock_time.now += (14 * DAY - 1) * (int64_t)HB_S;
    assert_int_equal(hb_share_download_alive(d), 0);
    lock_time.now += (int64_t)HB_S;
    assert_int_equal(hb_share_download_alive(d), -EKEYEXPIRED);
    assert_int_equal(hb_share_download_end(d, -1), 0);
    assert_int_equal(
        hb_share_begin_download(store, z(grant), file, FROM, 0, &d),
        -EKEYEXPIRED);
    assert_int_equal(state_of(id), HB_SHARE_EXPIRED);
    /* A clock that is put back opens nothing. */
    lock_time.now -= 10 * DAY * (int64_t)HB_S;
    assert_int_equal(hb_share_page(store, z(link_text), FROM, &view), 0);
    assert_int_equal(view.state, HB_SHARE_EXPIRED);
    lock_time.now += 10 * DAY * (int64_t)HB_S;
    assert_int_equal(hb_share_reopen_ask(store, z(link_text), FROM), 0);
    assert_int_equal(hb_share_reopen_ask(store, z(link_text), FROM), -EAGAIN);
    assert_int_equal(hb_share_reopen(store, id, &owner, 91), -EACCES);
    assert_int_equal(hb_share_reopen(store, id, &owner, 3), 0);
    assert_int_equal(hb_share_reopen(store, id, &owner, 3), -EBUSY);
    enter(link_text, grant); /* the link in their mail works again */
    assert_int_equal(
        hb_share_begin_download(store, z(grant), file, FROM, 0, &d), 0);
    assert_int_equal(read_rest(d, 0), 0);
    assert_int_equal(hb_share_download_end(d, -1), 0);
    assert_int_equal(told(id, HB_SHARE_ACT_EXPIRED), 1);
    assert_int_equal(told(id, HB_SHARE_REOPENED), 1);
}

static struct hb_share_exposure seen[4];
static unsigned seen_n;

static int expose_fn(void *arg, const struct hb_share_exposure *e)
{
    (void)arg;
    assert_true(seen_n < 4 && e->address[0] != '\0');
    seen[seen_n++] = *e;
    return 0;
}

/* One of two was the wrong one: theirs dies, with figures from our trail. */
static void test_wrong_recipient(void **state)
{
    char link2[HB_SHARE_TOKEN_TEXT], grant2[HB_SHARE_TOKEN_TEXT];
    struct hb_share_download *d, *d2;
    int64_t id = draft("right@b.jp"), wrong;
    uint8_t b[300];

    (void)state;
    assert_int_equal(
        hb_share_add_recipient(store, id, &owner, "wrong@b.jp", &wrong), 0);
    assert_int_equal(put_file(id, "a.txt", 1000, &file), 0);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
    assert_int_equal(hb_share_link(store, recipient, &owner, link_text), 0);
    assert_int_equal(hb_share_link(store, wrong, &owner, link2), 0);
    enter(link_text, grant);
    assert_int_equal(hb_share_page(store, z(link2), FROM, &view), 0);
    enter(link2, grant2);
    assert_int_equal(
        hb_share_begin_download(store, z(grant2), file, FROM, 0, &d), 0);
    assert_int_equal(hb_share_download_read(d, b, sizeof(b)), 300);
    assert_int_equal(hb_share_download_end(d, -1), 0);
    assert_int_equal(
        hb_share_begin_download(store, z(grant2), file, FROM, 0, &d), 0);
    assert_int_equal(
        hb_share_begin_download(store, z(grant), file, FROM, 0, &d2), 0);
    seen_n = 0;
    assert_int_equal(
        hb_share_wrong_recipient(store, id, wrong, &owner, expose_fn, NULL), 0);
    assert_int_equal(seen_n, 1);
    assert_int_equal(seen[0].recipient, wrong);
    assert_int_equal(seen[0].pages, 1);
    assert_int_equal(seen[0].codes, 1);
    assert_int_equal(seen[0].downloads, 2);
    assert_int_equal(seen[0].unended, 1);
    assert_int_equal(seen[0].bytes, 300);
    assert_int_equal(hb_share_download_alive(d), -EKEYREVOKED);
    assert_int_equal(hb_share_download_alive(d2), 0);
    assert_int_equal(hb_share_page(store, z(link2), FROM, &view), -EKEYREVOKED);
    assert_int_equal(state_of(id), HB_SHARE_LIVE);
    seen_n = 0;
    assert_int_equal(
        hb_share_wrong_recipient(store, id, 0, &owner, expose_fn, NULL), 0);
    assert_int_equal(seen_n, 2);
    assert_int_equal(state_of(id), HB_SHARE_REVOKED);
    assert_int_equal(hb_share_download_alive(d2), -EKEYREVOKED);
    assert_int_equal(hb_share_download_end(d, -1), 0);
    assert_int_equal(hb_share_download_end(d2, -1), 0);
    assert_int_equal(
        hb_share_wrong_recipient(store, id, 99, &owner, expose_fn, NULL),
        -ENOENT);
}

/* A yes is to what was shown, and by somebody else. */
static void test_approve_what_was_shown(void **state)
{
    const struct hb_share_who blank = {"sato ", "", false};
    int64_t id = draft("a@b.jp"), shown, more;

    (void)state;
    lock_rules.approve_all = true;
    with_rules();
    assert_int_equal(put_file(id, "harmless.txt", 10, &file), 0);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
    shown = edition_of(id);
    assert_int_equal(hb_share_decline(store, id, &owner, ""), 0);
    assert_int_equal(hb_share_file_drop(store, file, &owner), 0);
    assert_int_equal(put_file(id, "customers.txt", 20, &file), 0);
    assert_int_equal(hb_share_add_recipient(store, id, &owner, "c@d.jp", &more),
                     0);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
    assert_int_equal(share_approve(store, id, shown, &other, &verdict),
                     -ESTALE);
    assert_int_equal(state_of(id), HB_SHARE_WAITING);
    assert_int_equal(share_approve(store, id, edition_of(id), &blank, &verdict),
                     -EINVAL);
    assert_int_equal(share_approve(store, id, edition_of(id), &other, &verdict),
                     0);
    assert_int_equal(state_of(id), HB_SHARE_LIVE);
}

/* Nothing goes out before it was looked into; what cannot be, and what holds
 * personal data, a third person has to see. */
static void test_looked(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    static uint8_t got[300];
    struct hb_share_download *d;
    struct hb_share_upload *u;
    struct hb_share_file f;
    struct hb_share sh;
    int64_t id = draft("a@b.jp"), one = 0;
    ssize_t n;

    (void)state;
    assert_int_equal(put_file(id, "a.txt", 10, &file), 0);
    assert_int_equal(
        hb_share_upload_new(store, id, &owner, "b.csv", "", 200, &file), 0);
    assert_int_equal(hb_share_upload_open(store, file, no_grant, &u), 0);
    assert_int_equal(hb_share_unlooked(store, id, &one), 0); /* it comes */
    assert_int_equal(send_to(u, 200), 0);
    assert_int_equal(hb_share_upload_end(u, &owner, NULL), 0);
    hb_share_upload_close(u);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict),
                     -EINPROGRESS);
    assert_int_equal(hb_share_unlooked(store, id + 1, &one), 0);
    assert_int_equal(hb_share_unlooked(store, id, &one), 1);
    assert_int_equal(one, file);
    assert_int_equal(hb_share_look(store, file, &d), 0);
    n = hb_share_download_read(d, got, sizeof(got));
    assert_int_equal(n, 200);
    for (ssize_t i = 0; i < n; i++)
        assert_int_equal(got[i], byte_at((uint64_t)i));
    assert_int_equal(hb_share_download_end(d, -1), 0);
    assert_int_equal(told(id, HB_SHARE_BEGUN) + told(id, HB_SHARE_ENDED), 0);
    assert_int_equal(hb_share_looked(store, file, true, 12), 0);
    assert_int_equal(hb_share_looked(store, file, true, 0), 0); /* too late */
    assert_int_equal(hb_share_unlooked(store, 0, &one), 0);
    assert_int_equal(hb_share_file_get(store, a, file, &f), 0);
    assert_int_equal(f.looked, HB_SHARE_LOOKED);
    assert_int_equal(f.pieces, 12);
    assert_int_equal(hb_share_get(store, a, id, &sh), 0);
    assert_int_equal(sh.personal, 12);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
    assert_int_equal(verdict.reasons, 1u << HB_SHARE_PERSONAL);
    /* Without that file nothing is left of it. */
    assert_int_equal(hb_share_decline(store, id, &owner, ""), 0);
    assert_int_equal(hb_share_file_drop(store, file, &owner), 0);
    assert_int_equal(
        hb_share_upload_new(store, id, &owner, "c.zip", "", 5, &file), 0);
    assert_int_equal(hb_share_upload_open(store, file, no_grant, &u), 0);
    assert_int_equal(send_to(u, 5), 0);
    assert_int_equal(hb_share_upload_end(u, &owner, NULL), 0);
    hb_share_upload_close(u);
    assert_int_equal(hb_share_looked(store, file, false, 7), 0);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
    assert_int_equal(verdict.reasons, 1u << HB_SHARE_FILE_UNREADABLE);
    assert_int_equal(hb_share_get(store, a, id, &sh), 0);
    assert_int_equal(sh.personal, 0);
    assert_int_equal(hb_share_look(store, 99, &d), -ENOENT);
}

/* What is edited in the rows does not agree with the trail. */
static void test_rows(void **state)
{
    static const char *const sql[] = {
        "UPDATE recipient SET mail = 'evil@example.com'",
        "UPDATE recipient SET mail = 'evil@b.jp', address = 'evil@b.jp'",
        "UPDATE share SET approver = 'suzuki'",
        "UPDATE share SET owner = 'kato'",
        "UPDATE recipient SET hash = x'00' WHERE id ="
        " (SELECT max(id) FROM recipient)",
        "UPDATE share SET state = 3",
    };
    char path[200];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/locker.db", lock_dir);
    for (size_t i = 0; i < HB_ARRAY_LEN(sql); i++) {
        int64_t bad = 0, id, waits;
        sqlite3 *db;

        (void)open_one("A@b.jp", 100, &recipient, &file, link_text);
        lock_rules.approve_all = true;
        with_rules();
        waits = draft("c@d.jp");
        assert_int_equal(put_file(waits, "a", 1, &file), 0);
        assert_int_equal(hb_share_submit(store, waits, &owner, &verdict), 0);
        id = draft("c@d.jp");
        assert_int_equal(put_file(id, "a", 1, &file), 0);
        assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
        assert_int_equal(
            share_approve(store, id, edition_of(id), &other, &verdict), 0);
        assert_int_equal(hb_share_rows_check(store, &bad), 0);
        hb_share_close(store);
        store = NULL;
        (void)snprintf(path, sizeof(path), "%s/locker.db", lock_dir);
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, sql[i], NULL, NULL, NULL), SQLITE_OK);
        (void)sqlite3_close(db);
        assert_int_equal(lock_open_again(&store), 0);
        if (hb_share_rows_check(store, &bad) != -EBADMSG)
            fail_msg("not noticed: %s", sql[i]);
        assert_true(bad > 0);
        assert_int_equal(lock_remove(NULL), 0);
        assert_int_equal(lock_make(NULL), 0);
    }
}

/* A link whose mail died with its process is found, by whoever comes. */
static void test_unmailed(void **state)
{
    char link[HB_SHARE_TOKEN_TEXT];
    int64_t who = 0, id = open_one("a@b.jp", 10, &recipient, &file, link);

    (void)state;
    assert_int_equal(hb_share_unmailed(store, &who), 0); /* it may wait */
    pass_time(600);
    assert_int_equal(hb_share_unmailed(store, &who), 1);
    assert_int_equal(who, recipient);
    assert_int_equal(hb_share_mailed(store, recipient), 0);
    assert_int_equal(hb_share_unmailed(store, &who), 0);
    assert_int_equal(hb_share_link(store, recipient, &owner, link), 0);
    pass_time(600);
    assert_int_equal(hb_share_unmailed(store, &who), 1);
    assert_int_equal(hb_share_revoke(store, id, &owner), 0);
    assert_int_equal(hb_share_unmailed(store, &who), 0);
}

/* What is somebody's is theirs, and the keeper's. */
static void test_owner(void **state)
{
    const struct hb_share_who keeper = {"root", "", true};
    int64_t id = draft("a@b.jp"), more;

    (void)state;
    assert_int_equal(
        hb_share_add_recipient(store, id, &other, "evil@d.jp", &more), -EACCES);
    assert_int_equal(hb_share_upload_new(store, id, &other, "a", "", 1, &file),
                     -EACCES);
    assert_int_equal(put_file(id, "a.txt", 10, &file), 0);
    assert_int_equal(hb_share_submit(store, id, &other, &verdict), -EACCES);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
    assert_int_equal(hb_share_link(store, recipient, &other, link_text),
                     -EACCES);
    assert_int_equal(hb_share_link(store, recipient, &keeper, link_text), 0);
    assert_int_equal(hb_share_revoke(store, id, &other), -EACCES);
    assert_int_equal(hb_share_revoke(store, id, &keeper), 0);
    assert_int_equal(hb_share_delete(store, id, &other), -EACCES);
    assert_int_equal(hb_share_delete(store, id, &owner), 0);
}

/* Whoever edits the trail in the database is noticed. */
static void test_trail(void **state)
{
    static const char *const sql[] = {
        "UPDATE trail SET who = 'kato' WHERE id = 3",
        "UPDATE trail SET time = time + 1 WHERE id = 2",
        "DELETE FROM trail WHERE id = 4",
        "INSERT INTO trail SELECT 100, share, recipient, file, time, act, who,"
        " address, bytes, words, mac FROM trail WHERE id = 2",
        /* Its ends, and all of it. */
        "DELETE FROM trail WHERE id > 3",
        "DELETE FROM trail WHERE id > 3; UPDATE trail_end SET id = 3,"
        " mac = (SELECT mac FROM trail WHERE id = 3)",
        "DELETE FROM trail WHERE id <= 2",
        "INSERT INTO trail_end SELECT 0, id, mac, mac FROM trail WHERE id = 2;"
        "DELETE FROM trail WHERE id <= 2",
        "DELETE FROM trail_end",
        "DELETE FROM trail",
        "DELETE FROM trail; DELETE FROM trail_end",
    };
    char path[200];

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(sql); i++) {
        int64_t bad = 0, id;
        sqlite3 *db;

        (void)snprintf(path, sizeof(path), "%s/locker.db", lock_dir);
        id = open_one("a@b.jp", 100, &recipient, &file, link_text);
        assert_int_equal(hb_share_trail_check(store, &bad), 0);
        hb_share_close(store);
        store = NULL;
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, sql[i], NULL, NULL, NULL), SQLITE_OK);
        (void)sqlite3_close(db);
        assert_int_equal(lock_open_again(&store), 0);
        assert_int_equal(hb_share_trail_check(store, &bad), -EBADMSG);
        assert_true(bad > 0 || i > 3);
        /* It keeps nobody from revoking, and what goes on hides nothing. */
        assert_int_equal(hb_share_revoke(store, id, &owner), 0);
        assert_int_equal(told(id, HB_SHARE_ACT_REVOKED), 1);
        assert_int_equal(hb_share_trail_check(store, &bad), -EBADMSG);
        assert_int_equal(lock_remove(NULL), 0);
        assert_int_equal(lock_make(NULL), 0);
    }
}

static mode_t mode_of(const char *dir, const char *name)
{
    char path[300];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void test_modes(void **state)
{
    struct hb_share_store *s2;
    char path[300];

    (void)state;
    (void)open_one("a@b.jp", 100, &recipient, &file, link_text);
    assert_int_equal(mode_of(lock_keys, "."), 0700);
    assert_int_equal(mode_of(lock_keys, "master"), 0600);
    assert_int_equal(mode_of(lock_dir, "."), 0700);
    assert_int_equal(mode_of(lock_dir, "locker.db"), 0600);
    (void)snprintf(path, sizeof(path), "%s/master", lock_keys);
    hb_share_close(store);
    store = NULL;
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(lock_open_again(&s2), -EPERM);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 60), 0);
    assert_int_equal(lock_open_again(&s2), -EBADMSG);
    /* Keys that are not there are not made anew. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(lock_open_again(&s2), -ENOENT);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(chmod(lock_dir, 0755), 0);
    assert_int_equal(lock_open_again(&s2), -EPERM);
}

/* Two processes are the first at once: one master, one schema. */
static void test_first_at_once(void **state)
{
    pid_t pids[6];
    int st;

    (void)state;
    hb_share_close(store);
    store = NULL;
    for (unsigned round = 0; round < 5; round++) {
        assert_int_equal(hb_rmtree(AT_FDCWD, lock_dir), 0);
        assert_int_equal(hb_rmtree(AT_FDCWD, lock_keys), 0);
        for (unsigned i = 0; i < 6; i++) {
            pids[i] = fork();
            if (pids[i] == 0) {
                const struct hb_share_draft d = {.kind = HB_SHARE_OUT};
                struct hb_share_store *s2;
                int64_t id;

                _exit(lock_open_again(&s2) < 0 ||
                      hb_share_new(s2, &owner, &d, &id) < 0);
            }
        }
        for (unsigned i = 0; i < 6; i++) {
            assert_int_equal(waitpid(pids[i], &st, 0), pids[i]);
            assert_int_equal(st, 0);
        }
        assert_int_equal(lock_open_again(&store), 0);
        assert_int_equal(count_files("keys"), 6);
        assert_int_equal(put_file(1, "a", 10, &file), 0);
        assert_int_equal(put_file(6, "a", 10, &file), 0);
        hb_share_close(store);
        store = NULL;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        locker_test(test_drafts),
        locker_test(test_approval),
        locker_test(test_approve_what_was_shown),
        locker_test(test_owner),
        locker_test(test_looked),
        locker_test(test_unmailed),
        locker_test(test_rows),
        locker_test(test_executables),
        locker_test(test_revoke),
        locker_test(test_expiry),
        locker_test(test_wrong_recipient),
        locker_test(test_trail),
        locker_test(test_modes),
        locker_test(test_first_at_once),
    };

    return hb_tap_run("guard_share/share", tests);
}
