/* SPDX-License-Identifier: Apache-2.0 */
/* Housekeeping, clocks that jump, rotation of keys. */
#include <stdlib.h>
#include <sys/wait.h>

#include "locker.h"

#define FROM "198.51.100.7"
#define DAY  86400

static char link_text[HB_SHARE_TOKEN_TEXT], grant[HB_SHARE_TOKEN_TEXT];
static struct hb_share_kept kept;
static int64_t recipient, file;
static unsigned mails;
static int mail_answer;

static int mail_fn(void *arg, const struct hb_share_reminder *r)
{
    (void)arg;
    assert_string_equal(r->mail, "a@b.jp");
    mails++;
    return mail_answer;
}

static void keep(void)
{
    assert_int_equal(hb_share_keep(store, mail_fn, NULL, &kept), 0);
}

/* The path of one of the files below DIR/NAME. */
static void one_file(const char *name, char ret[600])
{
    char path[300];
    DIR *dir;

    ret[0] = '\0';
    (void)snprintf(path, sizeof(path), "%s/%s", lock_dir, name);
    dir = opendir(path);
    assert_non_null(dir);
    for (const struct dirent *e; ret[0] == '\0' && (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.')
            (void)snprintf(ret, 600, "%s/%s", path, e->d_name);
    (void)closedir(dir);
}

/* An hour in which the clocks agree. */
static void settle(void)
{
    keep();
    pass_time(3600);
    keep();
    assert_false(kept.clock_moved);
}

static void test_life(void **state)
{
    int64_t id = open_one("a@b.jp", 100, &recipient, &file, link_text), bad;

    (void)state;
    mails = 0;
    mail_answer = 0;
    settle();
    pass_time(11 * DAY);
    keep();
    assert_int_equal(mails, 0);
    pass_time(DAY);
    mail_answer = -EIO;
    keep();
    assert_int_equal(mails, 1);
    assert_int_equal(kept.reminded, 0);
    for (unsigned i = 0; i < 10; i++, pass_time(30))
        keep();
    assert_int_equal(mails, 1); /* a relay that is away is not stormed */
    assert_int_equal(told(id, HB_SHARE_REMINDED), 0);
    mail_answer = 0;
    pass_time(3600);
    keep();
    keep();
    assert_int_equal(mails, 2); /* tried again, then once is enough */
    assert_int_equal(told(id, HB_SHARE_REMINDED), 1);
    pass_time(2 * DAY);
    keep();
    assert_int_equal(kept.expired, 1);
    assert_int_equal(state_of(id), HB_SHARE_EXPIRED);
    assert_int_equal(count_files("blobs"), 1); /* to be opened again */
    pass_time(7 * DAY);
    keep();
    assert_int_equal(kept.shredded, 1);
    assert_int_equal(state_of(id), HB_SHARE_DELETED);
    assert_int_equal(count_files("blobs") + count_files("keys"), 0);
    assert_int_equal(hb_share_reopen_ask(store, z(link_text), FROM),
                     -EKEYREVOKED);
    pass_time(729 * DAY);
    keep();
    assert_true(kept.trail > 0);
    assert_int_equal(hb_share_trail_check(store, &bad), 0);
    assert_true(told(0, HB_SHARE_ACT_DELETED) > 0);
    pass_time(8 * DAY);
    keep();
    assert_int_equal(told(0, HB_SHARE_ACT_DELETED), 0);
    assert_int_equal(hb_share_revoke(store, id, &owner), -ENOENT);
    /* The chain goes on from the row that went. */
    (void)open_one("a@b.jp", 100, &recipient, &file, link_text);
    assert_int_equal(hb_share_trail_check(store, &bad), 0);
}

static void test_no_reminder(void **state)
{
    struct hb_share_download *d;

    (void)state;
    (void)open_one("a@b.jp", 100, &recipient, &file, link_text);
    enter(link_text, grant);
    assert_int_equal(
        hb_share_begin_download(store, z(grant), file, FROM, 0, &d), 0);
    assert_int_equal(hb_share_download_end(d, -1), 0);
    mails = 0;
    pass_time(13 * DAY);
    keep();
    assert_int_equal(mails, 0); /* they have it */
}

/* Its half, where it is shorter than what the rules say. */
static void test_short_life(void **state)
{
    (void)state;
    lock_rules.days = 2;
    hb_share_close(store);
    assert_int_equal(lock_open_again(&store), 0);
    (void)open_one("a@b.jp", 100, &recipient, &file, link_text);
    mails = 0;
    mail_answer = 0;
    keep();
    assert_int_equal(mails, 0);
    pass_time(DAY);
    keep();
    assert_int_equal(mails, 1);
}

/* What somebody waits for is not destroyed before its owner could answer. */
static void test_asked_again(void **state)
{
    int64_t id = open_one("a@b.jp", 100, &recipient, &file, link_text);

    (void)state;
    settle();
    pass_time(14 * DAY);
    keep();
    pass_time(6 * DAY);
    keep();
    assert_int_equal(hb_share_reopen_ask(store, z(link_text), FROM), 0);
    pass_time(6 * DAY);
    keep();
    assert_int_equal(state_of(id), HB_SHARE_EXPIRED);
    assert_int_equal(count_files("blobs"), 1);
    pass_time(2 * DAY);
    keep();
    assert_int_equal(state_of(id), HB_SHARE_DELETED);
}

/* A file that never came takes no room of a share that is dead. */
static void test_room_of_the_dead(void **state)
{
    const struct hb_share_draft d = {.kind = HB_SHARE_OUT};
    int64_t id;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(hb_share_new(store, &owner, &d, &id), 0);
        assert_int_equal(
            hb_share_upload_new(store, id, &owner, "a", "", 4ll << 30, &file),
            0);
        assert_int_equal(hb_share_revoke(store, id, &owner), 0);
    }
}

static void test_drafts(void **state)
{
    const struct hb_share_draft d = {.kind = HB_SHARE_OUT};
    struct hb_share_upload *u;
    int64_t id;

    (void)state;
    assert_int_equal(hb_share_new(store, &owner, &d, &id), 0);
    assert_int_equal(
        hb_share_upload_new(store, id, &owner, "a", "", 1 << 20, &file), 0);
    assert_int_equal(hb_share_upload_open(store, file, no_grant, &u), 0);
    assert_int_equal(send_to(u, 600000), 0);
    hb_share_upload_close(u);
    settle();
    assert_int_equal(count_files("blobs"), 1);
    pass_time(2 * DAY);
    keep();
    assert_int_equal(kept.dropped, 1);
    assert_int_equal(count_files("blobs"), 0);
    pass_time(6 * DAY);
    keep();
    assert_int_equal(state_of(id), HB_SHARE_DELETED);
    assert_int_equal(count_files("keys"), 0);
}

/* A clock that jumps destroys nothing, and opens nothing. */
static void test_jumps(void **state)
{
    int64_t id = open_one("a@b.jp", 100, &recipient, &file, link_text);
    struct hb_share_view v;

    (void)state;
    settle();
    lock_time.now += 400 * DAY * (int64_t)HB_S;
    keep();
    assert_true(kept.clock_moved);
    assert_int_equal(state_of(id), HB_SHARE_EXPIRED);
    assert_int_equal(count_files("blobs"), 1);
    pass_time(1800);
    keep();
    assert_int_equal(count_files("blobs"), 1);
    lock_time.now -= 400 * DAY * (int64_t)HB_S;
    keep();
    assert_true(kept.clock_moved);
    assert_int_equal(hb_share_reopen(store, id, &owner, 5), 0);
    settle();
    assert_int_equal(state_of(id), HB_SHARE_LIVE);
    assert_int_equal(hb_share_page(store, z(link_text), FROM, &v), 0);
    /* Back by twenty days: its five days are over when they are over by what
     * was seen before. */
    pass_time(5 * DAY - 7200);
    keep();
    assert_int_equal(state_of(id), HB_SHARE_LIVE);
    lock_time.now -= 20 * DAY * (int64_t)HB_S;
    keep();
    assert_true(kept.clock_moved);
    assert_int_equal(state_of(id), HB_SHARE_LIVE);
    assert_int_equal(hb_share_page(store, z(link_text), FROM, &v), 0);
    /* After a boot, too, an hour passes first; what is revoked goes at
     * once. */
    reboot("boot-2");
    keep();
    assert_true(kept.clock_moved);
    assert_int_equal(hb_share_revoke(store, id, &owner), 0);
    assert_int_equal(count_files("blobs"), 0);
}

/* A clock that was a hundred days ahead and believed, and is right again:
 * what opens now still ends, and the locker comes back to the right time. */
static void test_ahead(void **state)
{
    const struct hb_share_draft d = {.kind = HB_SHARE_IN, .days = 1};
    struct hb_share_verdict verdict;
    struct hb_share_view v;
    int64_t id;

    (void)state;
    settle();
    lock_time.now += 100 * DAY * (int64_t)HB_S;
    for (unsigned i = 0; i < 23; i++, pass_time(3600))
        keep();
    assert_true(kept.clock_moved); /* so far is not believed within a day */
    for (unsigned i = 0; i < 2; i++, pass_time(3600))
        keep();
    assert_false(kept.clock_moved);
    lock_time.now -= 100 * DAY * (int64_t)HB_S;
    assert_int_equal(hb_share_new(store, &owner, &d, &id), 0);
    assert_int_equal(
        hb_share_add_recipient(store, id, &owner, "a@b.jp", &recipient), 0);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
    assert_int_equal(hb_share_link(store, recipient, &owner, link_text), 0);
    assert_int_equal(hb_share_page(store, z(link_text), FROM, &v), 0);
    for (unsigned i = 0; i < 3 * 24; i++, pass_time(3600))
        keep();
    assert_int_equal(state_of(id), HB_SHARE_EXPIRED);
    reboot("boot-2");
    for (unsigned i = 0; i < 210; i++, pass_time(DAY))
        keep();
    assert_int_equal(hb_share_new(store, &owner, &d, &id), 0);
    assert_int_equal(
        hb_share_add_recipient(store, id, &owner, "a@b.jp", &recipient), 0);
    assert_int_equal(hb_share_submit(store, id, &owner, &verdict), 0);
    assert_int_equal(hb_share_link(store, recipient, &owner, link_text), 0);
    assert_int_equal(hb_share_page(store, z(link_text), FROM, &v), 0);
    assert_int_equal(v.expires, lock_time.now + DAY * (int64_t)HB_S);
}

/* A share that could not be shredded is by the next call. */
static void test_shred_later(void **state)
{
    int64_t id = open_one("a@b.jp", 100, &recipient, &file, link_text);

    (void)state;
    hb_fault_set(HB_FAULT_WRITE, 1); /* the key cannot be overwritten */
    assert_int_equal(hb_share_revoke(store, id, &owner), 0);
    assert_false(hb_fault_pending(HB_FAULT_WRITE));
    assert_int_equal(state_of(id), HB_SHARE_REVOKED);
    assert_int_equal(count_files("blobs"), 1);
    assert_int_equal(count_files("keys"), 0);
    pass_time(30);
    keep();
    assert_int_equal(kept.shredded, 1);
    assert_int_equal(count_files("blobs"), 0);
    assert_int_equal(told(id, HB_SHARE_SHREDDED), 1);
}

static void test_rotate(void **state)
{
    int64_t damaged;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice before, after;
    struct hb_share_download *d;
    char path[200];
    pid_t pid;
    int st;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/master", lock_keys);
    (void)open_one("a@b.jp", 300000, &recipient, &file, link_text);
    assert_int_equal(hb_file_read(a, path, 4096, &before), 0);
    pid = fork();
    if (pid == 0) {
        struct hb_share_store *s2;

        _exit(lock_open_again(&s2) < 0 || hb_share_rotate(s2, &damaged) < 0);
    }
    assert_int_equal(waitpid(pid, &st, 0), pid);
    assert_int_equal(st, 0);
    assert_int_equal(hb_file_read(a, path, 4096, &after), 0);
    assert_int_equal(after.n, before.n);
    assert_memory_not_equal(after.p, before.p, 100);
    /* We have the old one in memory: read, and made anew, by the new one. */
    enter(link_text, grant);
    assert_int_equal(
        hb_share_begin_download(store, z(grant), file, FROM, 0, &d), 0);
    assert_int_equal(read_rest(d, 0), 0);
    assert_int_equal(hb_share_download_end(d, -1), 0);
    (void)open_one("c@b.jp", 10, &recipient, &file, link_text);
    hb_share_close(store);
    assert_int_equal(lock_open_again(&store), 0);
    enter(link_text, grant);
    assert_int_equal(
        hb_share_begin_download(store, z(grant), file, FROM, 0, &d), 0);
    assert_int_equal(hb_share_download_end(d, -1), 0);
    /* Each write of a rotation fails once: both ways open, then one. */
    for (unsigned n = 1;; n++) {
        bool over;
        int r;

        hb_fault_set(HB_FAULT_WRITE, n);
        r = hb_share_rotate(store, &damaged);
        over = hb_fault_pending(HB_FAULT_WRITE);
        hb_fault_set(HB_FAULT_WRITE, 0);
        assert_true(over ? r == 0 : r < 0);
        hb_share_close(store);
        assert_int_equal(lock_open_again(&store), 0);
        enter(link_text, grant);
        assert_int_equal(hb_share_grant_end(store, z(grant)), 0);
        pass_time(3600);
        if (over)
            break;
    }
    assert_int_equal(hb_file_read(a, path, 4096, &after), 0);
    assert_int_equal(after.n, before.n);
}

/* One key that cannot be read holds up none of the others. */
static void test_rotate_damaged(void **state)
{
    uint8_t byte;
    struct hb_share_download *d;
    struct hb_slice master;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char path[600];
    int64_t damaged = 0, id;
    int fd;

    (void)state;
    id = open_one("a@b.jp", 1000, &recipient, &file, link_text);
    one_file("keys", path);
    fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, 50), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 50), 1);
    (void)close(fd);
    (void)open_one("c@b.jp", 1000, &recipient, &file, link_text);
    assert_int_equal(hb_share_rotate(store, &damaged), 0);
    assert_int_equal(damaged, 1);
    (void)snprintf(path, sizeof(path), "%s/master", lock_keys);
    assert_int_equal(hb_file_read(a, path, 4096, &master), 0);
    assert_null(memmem(strstr(master.p, "kek") + 1, master.n - 25, "kek", 3));
    enter(link_text, grant);
    assert_int_equal(
        hb_share_begin_download(store, z(grant), file, FROM, 0, &d), 0);
    assert_int_equal(hb_share_download_end(d, -1), 0);
    assert_int_equal(hb_share_revoke(store, id, &owner), 0);
}

/* What a rotation replaces is overwritten where it lay, and so is the copy of
 * the master that a crash left. */
static void test_rotate_overwrites(void **state)
{
    char key_path[600], master[300], copy[300];
    char key[85], key_now[85], kek[300] = "", kek_now[300] = "";
    int64_t damaged;
    int key_fd, master_fd, copy_fd;
    ssize_t n;

    (void)state;
    (void)open_one("a@b.jp", 1000, &recipient, &file, link_text);
    one_file("keys", key_path);
    (void)snprintf(master, sizeof(master), "%s/master", lock_keys);
    (void)snprintf(copy, sizeof(copy), "%s/.hinoban-0123456789abcdef.tmp",
                   lock_keys);
    key_fd = open(key_path, O_RDONLY);
    master_fd = open(master, O_RDONLY);
    n = pread(master_fd, kek, sizeof(kek) - 1, 0);
    assert_int_equal(pread(key_fd, key, sizeof(key), 0), sizeof(key));
    assert_int_equal(hb_file_write(copy, kek, (size_t)n, 0600), 0);
    copy_fd = open(copy, O_RDONLY);
    hb_share_close(store);
    assert_int_equal(lock_open_again(&store), 0);
    assert_int_equal(access(copy, F_OK), -1);
    assert_int_equal(pread(copy_fd, kek_now, (size_t)n, 0), n);
    assert_memory_not_equal(kek_now, kek, (size_t)n);
    assert_int_equal(hb_share_rotate(store, &damaged), 0);
    assert_int_equal(pread(key_fd, key_now, sizeof(key), 0), sizeof(key));
    assert_memory_not_equal(key_now, key, sizeof(key));
    memset(kek_now, 0, sizeof(kek_now));
    assert_int_equal(pread(master_fd, kek_now, (size_t)n, 0), n);
    assert_null(strstr(kek_now, "kek"));
    (void)close(key_fd);
    (void)close(master_fd);
    (void)close(copy_fd);
}

/* Whoever revokes waits for a part of a rotation, not for all of it. */
static void test_rotate_lets_others_in(void **state)
{
    const struct hb_share_draft d = {.kind = HB_SHARE_OUT};
    int64_t id = 0, damaged;
    unsigned commits = 0;
    char key_path[600];
    struct stat st;
    pid_t pid;
    int status;

    (void)state;
    for (unsigned i = 0; i < 400; i++)
        assert_int_equal(hb_share_new(store, &owner, &d, &id), 0);
    one_file("keys", key_path);
    assert_int_equal(stat(key_path, &st), 0);
    pid = fork();
    if (pid == 0) {
        struct hb_share_store *s2;

        _exit(lock_open_again(&s2) < 0 || hb_share_rotate(s2, &damaged) < 0);
    }
    /* It is not over while we get in again and again. */
    while (waitpid(pid, &status, WNOHANG) == 0) {
        assert_int_equal(hb_share_found(store, id, 1), 0);
        commits++;
        usleep(2000);
    }
    assert_int_equal(status, 0);
    assert_true(commits > 1);
}

/* A database that was lost, or is of another day, takes nothing with it. */
static void test_other_database(void **state)
{
    char cmd[600];

    (void)state;
    (void)open_one("a@b.jp", 1000, &recipient, &file, link_text);
    hb_share_close(store);
    store = NULL;
    (void)snprintf(cmd, sizeof(cmd),
                   "mkdir %s/aside && mv %s/locker.db* %s/aside", root,
                   lock_dir, root);
    assert_int_equal(system(cmd), 0);
    assert_int_equal(lock_open_again(&store), -EUCLEAN);
    assert_int_equal(count_files("blobs"), 1);
    assert_int_equal(count_files("keys"), 1);
    (void)snprintf(cmd, sizeof(cmd), "rm -f %s/locker.db* && cp %s/aside/* %s",
                   lock_dir, root, lock_dir);
    assert_int_equal(system(cmd), 0);
    assert_int_equal(lock_open_again(&store), 0);
    enter(link_text, grant);
    /* An older copy beside thirty shares of today. */
    for (unsigned i = 0; i < 30; i++)
        (void)open_one("a@b.jp", 1000, &recipient, &file, link_text);
    hb_share_close(store);
    store = NULL;
    assert_int_equal(system(cmd), 0);
    assert_int_equal(lock_open_again(&store), -EUCLEAN);
    assert_int_equal(count_files("blobs"), 31);
    assert_int_equal(count_files("keys"), 31);
}

/* Keys beside what they open are refused before anything is swept. */
static void test_keys_apart(void **state)
{
    char cmd[700];

    (void)state;
    (void)open_one("a@b.jp", 1000, &recipient, &file, link_text);
    hb_share_close(store);
    store = NULL;
    (void)snprintf(cmd, sizeof(cmd), "cp %s/master %s/keys/master", lock_keys,
                   lock_dir);
    assert_int_equal(system(cmd), 0);
    (void)snprintf(lock_keys, sizeof(lock_keys), "%.150s/keys", lock_dir);
    assert_int_equal(lock_open_again(&store), -EINVAL);
    (void)snprintf(lock_keys, sizeof(lock_keys), "%s/master", root);
    assert_int_equal(lock_open_again(&store), 0);
    /* What is not ours stays. */
    assert_int_equal(count_files("keys"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        locker_test(test_life),
        locker_test(test_no_reminder),
        locker_test(test_short_life),
        locker_test(test_asked_again),
        locker_test(test_room_of_the_dead),
        locker_test(test_ahead),
        locker_test(test_drafts),
        locker_test(test_jumps),
        locker_test(test_shred_later),
        locker_test(test_rotate),
        locker_test(test_rotate_damaged),
        locker_test(test_rotate_overwrites),
        locker_test(test_rotate_lets_others_in),
        locker_test(test_other_database),
        locker_test(test_keys_apart),
    };

    return hb_tap_run("guard_share/keep", tests);
}
