/* SPDX-License-Identifier: Apache-2.0 */
/* Contents in and out: resumed, counted, stopped, within their limits. */
#include <sys/wait.h>
#include <time.h>

#include "base/fault.h"
#include "crypto/crypto.h"
#include "locker.h"

#define FROM "198.51.100.7"
#define MIB  (1 << 20)

static char link_text[HB_SHARE_TOKEN_TEXT], grant[HB_SHARE_TOKEN_TEXT];
static int64_t recipient, file;

static int64_t draft(void)
{
    const struct hb_share_draft d = {.kind = HB_SHARE_OUT};
    int64_t id;

    assert_int_equal(hb_share_new(store, &owner, &d, &id), 0);
    return id;
}

static int begin(int64_t at, struct hb_share_download **ret)
{
    return hb_share_begin_download(store, z(grant), file, FROM, at, ret);
}

static void test_round(void **state)
{
    int64_t id = open_one("a@partner.example", 3 * MIB + 5, &recipient, &file,
                          link_text),
            bad;
    struct hb_share_download *d;

    (void)state;
    enter(link_text, grant);
    assert_int_equal(begin(0, &d), 0);
    assert_int_equal(read_rest(d, 0), 0);
    assert_int_equal(hb_share_download_end(d, -1), 0);
    assert_int_equal(begin(2 * MIB + 77, &d), 0);
    assert_int_equal(read_rest(d, 2 * MIB + 77), 0);
    assert_int_equal(hb_share_download_end(d, 1000), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(begin(0, &d), 0);
        assert_int_equal(hb_share_download_end(d, -1), 0);
    }
    assert_int_equal(begin(0, &d), -EDQUOT);
    assert_int_equal(told(id, HB_SHARE_BEGUN), 5);
    assert_int_equal(told(id, HB_SHARE_ENDED), 5);
    assert_int_equal(hb_share_trail_check(store, &bad), 0);
    assert_int_equal(hb_share_begin_download(store, z(grant), 999, FROM, 0, &d),
                     -EACCES);
    assert_int_equal(hb_share_begin_download(store, z("x"), file, FROM, 0, &d),
                     -EACCES);
}

/* A file of one share is not opened by a grant of another. */
static void test_other_share(void **state)
{
    char link2[HB_SHARE_TOKEN_TEXT];
    struct hb_share_download *d;
    int64_t file2, r2;

    (void)state;
    (void)open_one("a@partner.example", 10, &recipient, &file, link_text);
    (void)open_one("a@partner.example", 10, &r2, &file2, link2);
    enter(link2, grant);
    assert_int_equal(begin(0, &d), -EACCES);
    file = file2;
    assert_int_equal(begin(11, &d), -EINVAL);
    assert_int_equal(begin(10, &d), 0);
    assert_int_equal(read_rest(d, 10), 0);
    assert_int_equal(hb_share_download_end(d, -1), 0);
}

static void test_resume(void **state)
{
    const int64_t size = 9 * MIB + 3;
    struct hb_share_upload *u, *twice;
    uint8_t sum[32] = {0};
    int64_t id = draft();

    (void)state;
    assert_int_equal(
        hb_share_upload_new(store, id, &owner, "大.bin", "", size, &file), 0);
    assert_int_equal(hb_share_upload_open(store, file, no_grant, &u), 0);
    assert_int_equal(hb_share_upload_open(store, file, no_grant, &twice),
                     -EALREADY);
    assert_int_equal(send_to(u, 5 * MIB + 300001), 0);
    assert_int_equal(hb_share_upload_safe(u), 4 * MIB);
    assert_int_equal(hb_share_upload_end(u, &owner, NULL), -ENODATA);
    hb_share_upload_close(u);
    assert_int_equal(hb_share_upload_open(store, file, no_grant, &u), 0);
    assert_int_equal(hb_share_upload_at(u), 5 * MIB + 256 * 1024);
    assert_int_equal(send_to(u, size), 0);
    assert_int_equal(hb_share_upload_write(u, "x", 1), -EFBIG);
    assert_int_equal(hb_share_upload_end(u, &owner, sum), -EBADMSG);
    assert_int_equal(hb_share_upload_at(u), 0); /* all of it again */
    assert_int_equal(send_to(u, size), 0);
    assert_int_equal(hb_share_upload_end(u, &owner, NULL), 0);
    hb_share_upload_close(u);
    assert_int_equal(hb_share_upload_open(store, file, no_grant, &u), -EBUSY);
}

/* One POST is one download, however often it breaks off. */
static void test_ticket(void **state)
{
    char link[HB_SHARE_TOKEN_TEXT], ticket[HB_SHARE_TOKEN_TEXT];
    char other_grant[HB_SHARE_TOKEN_TEXT], other_link[HB_SHARE_TOKEN_TEXT];
    int64_t id, who, n = 0, bad, elsewhere, file2;
    struct hb_share_download *d = NULL, *d2 = NULL;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share_file f;
    uint8_t b[1000];

    (void)state;
    id = open_one("a@partner.example", 700000, &who, &file, link);
    enter(link, grant);
    (void)open_one("b@partner.example", 10, &elsewhere, &file2, other_link);
    enter(other_link, other_grant);
    assert_int_equal(hb_share_ticket(store, z("x"), file, FROM, ticket),
                     -EACCES);
    assert_int_equal(hb_share_ticket(store, z(grant), file2, FROM, ticket),
                     -EACCES);
    assert_int_equal(hb_share_ticket(store, z(grant), file, FROM, ticket), 0);
    assert_int_equal(hb_share_fetched(store, who, file, &n), 0);
    assert_int_equal((int)n, 1);
    assert_int_equal(hb_share_ticket_file(store, z(grant), z(ticket), a, &f),
                     0);
    assert_int_equal((int)f.id, (int)file);
    /* Nobody else's, and nothing else. */
    assert_int_equal(
        hb_share_open_download(store, z(other_grant), z(ticket), FROM, 0, &d),
        -EACCES);
    assert_int_equal(
        hb_share_open_download(store, z(grant), z(grant), FROM, 0, &d),
        -EACCES);
    assert_int_equal(
        hb_share_open_download(store, z(grant), z(ticket), FROM, 700001, &d),
        -EINVAL);
    /* Breaks off, and goes on. */
    assert_int_equal(
        hb_share_open_download(store, z(grant), z(ticket), FROM, 0, &d), 0);
    assert_int_equal(hb_share_download_read(d, b, sizeof(b)), sizeof(b));
    assert_int_equal(hb_share_download_end(d, -1), 0);
    assert_int_equal(
        hb_share_open_download(store, z(grant), z(ticket), FROM, 1000, &d), 0);
    /* A second reader cuts the first. */
    assert_int_equal(
        hb_share_open_download(store, z(grant), z(ticket), FROM, 300000, &d2),
        0);
    assert_int_equal(hb_share_download_alive(d), -ECANCELED);
    assert_int_equal(hb_share_download_end(d, -1), 0);
    assert_int_equal(read_rest(d2, 300000), 0);
    assert_int_equal(hb_share_download_end(d2, -1), 0);
    /* Read to its end: it is over. */
    assert_int_equal(
        hb_share_open_download(store, z(grant), z(ticket), FROM, 0, &d),
        -EALREADY);
    assert_int_equal(hb_share_fetched(store, who, file, &n), 0);
    assert_int_equal((int)n, 1);
    assert_int_equal(told(id, HB_SHARE_BEGUN), 3);
    assert_int_equal(hb_share_trail_check(store, &bad), 0);
    /* With the grant goes the ticket; dead is dead. */
    assert_int_equal(hb_share_ticket(store, z(grant), file, FROM, ticket), 0);
    pass_time(HB_SHARE_GRANT_S);
    assert_int_equal(
        hb_share_open_download(store, z(grant), z(ticket), FROM, 0, &d),
        -EACCES);
    enter(link, grant);
    assert_int_equal(hb_share_ticket(store, z(grant), file, FROM, ticket), 0);
    assert_int_equal(hb_share_revoke(store, id, &owner), 0);
    assert_int_equal(
        hb_share_open_download(store, z(grant), z(ticket), FROM, 0, &d),
        -EACCES); /* the grant went first */
}

/* Bytes that TICKET gives before it gives no more, read again and again up to
 * the last but one. */
static int64_t all_but_one(const char *ticket, int64_t size, int *ret_why)
{
    struct hb_share_download *d = NULL;
    int64_t given = 0, got;
    uint8_t b[10000];
    ssize_t n = 0;

    *ret_why = 0;
    for (unsigned i = 0; i < 50 && *ret_why == 0; i++) {
        *ret_why =
            hb_share_open_download(store, z(grant), z(ticket), FROM, 0, &d);
        if (*ret_why < 0)
            break;
        for (got = 0; got < size - 1; got += n) {
            n = hb_share_download_read(
                d, b, (size_t)HB_MIN(size - 1 - got, (int64_t)sizeof(b)));
            if (n < 0)
                break;
        }
        given += got;
        *ret_why = n < 0 ? (int)n : 0;
        assert_int_equal(hb_share_download_end(d, -1), 0);
    }
    return given;
}

/* "Once" is once and what gets lost on the way, whoever leaves out a byte. */
static void test_limit_by_bytes(void **state)
{
    static const int64_t sizes[] = {300000, 3000000};
    char link[HB_SHARE_TOKEN_TEXT], ticket[HB_SHARE_TOKEN_TEXT];
    int64_t who, n = 0;
    int why;

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(sizes); i++)
        for (int64_t most = 1; most <= 2; most++) {
            lock_rules.most = most;
            hb_share_close(store);
            assert_int_equal(lock_open_again(&store), 0);
            (void)open_one("a@partner.example", sizes[i], &who, &file, link);
            enter(link, grant);
            assert_int_equal(
                hb_share_ticket(store, z(grant), file, FROM, ticket), 0);
            assert_true(all_but_one(ticket, sizes[i], &why) <=
                        most * sizes[i] + sizes[i] / 4);
            assert_int_equal(why, -EALREADY);
            assert_int_equal(hb_share_fetched(store, who, file, &n), 0);
            assert_int_equal(n, most);
        }
}

/* "Hold": a guest's program comes in by somebody else than who wants it. */
static void test_held_program(void **state)
{
    const struct hb_share_who keeper = {"root", "", true};
    char link[HB_SHARE_TOKEN_TEXT];
    struct hb_share_upload *u;
    int64_t who;

    (void)state;
    lock_rules.executables = HB_SHARE_EXE_HOLD;
    hb_share_close(store);
    assert_int_equal(lock_open_again(&store), 0);
    (void)invite("guest@partner.example", &who, link);
    enter(link, grant);
    assert_int_equal(
        hb_share_upload_guest(store, z(grant), FROM, "a.exe", "", 1000, &file),
        0);
    assert_int_equal(hb_share_upload_open(store, file, z(grant), &u), 0);
    assert_int_equal(send_to(u, 1000), 0);
    assert_int_equal(hb_share_upload_end(u, &other, NULL), 0);
    hb_share_upload_close(u);
    assert_int_equal(hb_share_accept(store, file, &owner), -EPERM);
    assert_int_equal(hb_share_accept(store, file, &other), -EACCES);
    assert_int_equal(hb_share_accept(store, file, &keeper), 0);
}

static void test_hash(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    uint8_t want[32], all[1000];
    struct hb_share_file f;

    (void)state;
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = byte_at(i);
    hb_sha256(all, sizeof(all), want);
    assert_int_equal(put_file(draft(), "a.txt", sizeof(all), &file), 0);
    assert_int_equal(hb_share_file_get(store, a, file, &f), 0);
    assert_memory_equal(f.sha256, want, 32);
    assert_int_equal(f.state, HB_SHARE_FILE_WHOLE);
    assert_int_equal(put_file(draft(), "空.txt", 0, &file), 0);
    hb_sha256("", 0, want);
    assert_int_equal(hb_share_file_get(store, a, file, &f), 0);
    assert_memory_equal(f.sha256, want, 32);
}

static void test_names(void **state)
{
    static const char *const bad[] = {
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a\nb",
        "a\x1b[0m",
        "\xff",
        "a\xe2\x80\xae"
        "fdp.exe",
        "a\xe2\x80\x8b.txt",
    };
    int64_t id = draft();
    char longer[300];

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        assert_int_equal(put_file(id, bad[i], 1, &file), -EINVAL);
    memset(longer, 'a', sizeof(longer));
    longer[256] = '\0';
    assert_int_equal(put_file(id, longer, 1, &file), -EINVAL);
    longer[255] = '\0';
    assert_int_equal(put_file(id, longer, 1, &file), 0);
    assert_int_equal(put_file(id, longer, 1, &file), -EEXIST);
    assert_int_equal(put_file(id, "x", -1, &file), -EINVAL);
}

static void reopen_with_rules(void)
{
    hb_share_close(store);
    store = NULL;
    assert_int_equal(lock_open_again(&store), 0);
}

static void test_quotas(void **state)
{
    int64_t id, kept;

    (void)state;
    lock_rules.owner_bytes = 3 * MIB;
    lock_rules.store_bytes = 5 * MIB;
    lock_rules.file_max = 2 * MIB;
    lock_rules.share_max = 3 * MIB;
    lock_rules.files_max = 3;
    reopen_with_rules();
    id = draft();
    assert_int_equal(put_file(id, "a", 2 * MIB + 1, &file), -EFBIG);
    assert_int_equal(put_file(id, "a", 2 * MIB, &kept), 0);
    assert_int_equal(put_file(id, "b", MIB + 1, &file), -EFBIG); /* share */
    assert_int_equal(put_file(draft(), "b", MIB + 1, &file), -EDQUOT);
    assert_int_equal(put_file(id, "b", 1, &file), 0);
    assert_int_equal(put_file(id, "c", 1, &file), 0);
    assert_int_equal(put_file(id, "d", 1, &file), -E2BIG);
    assert_int_equal(hb_share_file_drop(store, kept, &other), -EACCES);
    assert_int_equal(hb_share_file_drop(store, kept, &owner), 0);
    assert_int_equal(count_files("blobs"), 2);
    assert_int_equal(put_file(draft(), "b", MIB + 1, &file), 0);
    lock_rules.store_bytes = MIB;
    reopen_with_rules();
    assert_int_equal(put_file(draft(), "b", 1, &file), -ENOSPC);
    assert_true(hb_share_err(store)->message[0] != '\0');
    lock_rules.store_bytes = 1ll << 50;
    lock_rules.disk_free = 1ll << 60;
    reopen_with_rules();
    assert_int_equal(put_file(draft(), "b", 1, &file), -ENOSPC);
}

/* The disk fills in the middle: what was safe stays, and it goes on. */
static void test_full(void **state)
{
    const int64_t size = 6 * MIB;
    struct hb_share_upload *u;
    struct hb_share_verdict v;
    struct hb_share_download *d;
    int64_t id = draft();

    (void)state;
    assert_int_equal(
        hb_share_upload_new(store, id, &owner, "a.bin", "", size, &file), 0);
    assert_int_equal(hb_share_upload_open(store, file, no_grant, &u), 0);
    assert_int_equal(send_to(u, 5 * MIB), 0);
    hb_fault_set(HB_FAULT_WRITE, 3);
    assert_int_equal(send_to(u, size), -ENOSPC);
    assert_int_equal(send_to(u, size), -ENOSPC); /* it sticks */
    assert_int_equal(hb_share_upload_end(u, &owner, NULL), -ENOSPC);
    hb_share_upload_close(u);
    assert_int_equal(hb_share_upload_open(store, file, no_grant, &u), 0);
    assert_int_equal(hb_share_upload_at(u), 4 * MIB);
    assert_int_equal(send_to(u, size), 0);
    assert_int_equal(hb_share_upload_end(u, &owner, NULL), 0);
    hb_share_upload_close(u);
    assert_int_equal(hb_share_looked(store, file, true, 0), 0);
    assert_int_equal(hb_share_add_recipient(store, id, &owner,
                                            "a@partner.example", &recipient),
                     0);
    assert_int_equal(hb_share_submit(store, id, &owner, &v), 0);
    assert_int_equal(hb_share_link(store, recipient, &owner, link_text), 0);
    enter(link_text, grant);
    assert_int_equal(begin(0, &d), 0);
    assert_int_equal(read_rest(d, 0), 0);
    assert_int_equal(hb_share_download_end(d, -1), 0);
}

/* Another process revokes; the one that sends stops within a second. */
static void test_revoke(void **state)
{
    int64_t id =
        open_one("a@partner.example", 4 * MIB, &recipient, &file, link_text);
    struct hb_share_download *d;
    struct timespec from, to;
    uint8_t b[1000];
    pid_t pid;
    ssize_t n;
    int st;

    (void)state;
    enter(link_text, grant);
    assert_int_equal(begin(0, &d), 0);
    assert_true(hb_share_download_read(d, b, sizeof(b)) > 0);
    pid = fork();
    if (pid == 0) {
        struct hb_share_store *s2;

        _exit(lock_open_again(&s2) < 0 || hb_share_revoke(s2, id, &owner) < 0);
    }
    assert_int_equal(waitpid(pid, &st, 0), pid);
    assert_int_equal(st, 0);
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        (void)usleep(1000);
        n = hb_share_download_read(d, b, sizeof(b));
    } while (n > 0);
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    assert_int_equal(n, -EKEYREVOKED);
    assert_true((to.tv_sec - from.tv_sec) * 1000 +
                    (to.tv_nsec - from.tv_nsec) / 1000000 <
                1000);
    assert_int_equal(hb_share_download_alive(d), -EKEYREVOKED);
    assert_int_equal(hb_share_download_end(d, -1), 0);
    assert_int_equal(begin(0, &d), -EACCES);
    assert_int_equal(count_files("blobs"), 0);
    assert_int_equal(count_files("keys"), 0);
    assert_int_equal(told(id, HB_SHARE_SHREDDED), 1);
}

/* Eight processes want the last five downloads. */
static void test_exact(void **state)
{
    int64_t id = open_one("a@partner.example", 100, &recipient, &file,
                          link_text),
            bad;
    pid_t pids[8];
    unsigned got = 0;

    (void)state;
    enter(link_text, grant);
    for (unsigned i = 0; i < 8; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct hb_share_download *d;
            unsigned mine = 0;
            int r;

            if (lock_open_again(&store) < 0)
                _exit(99);
            for (unsigned k = 0; k < 4; k++) {
                r = begin(0, &d);
                if (r == 0)
                    mine += hb_share_download_end(d, -1) == 0;
                else if (r != -EDQUOT)
                    _exit(98);
            }
            _exit((int)mine);
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        int st;

        assert_int_equal(waitpid(pids[i], &st, 0), pids[i]);
        assert_true(WIFEXITED(st) && WEXITSTATUS(st) < 90);
        got += (unsigned)WEXITSTATUS(st);
    }
    assert_int_equal(got, 5);
    assert_int_equal(told(id, HB_SHARE_BEGUN), 5);
    assert_int_equal(hb_share_trail_check(store, &bad), 0);
}

static void flip(int fd, off_t at)
{
    uint8_t b;

    assert_int_equal(pread(fd, &b, 1, at), 1);
    b ^= 1;
    assert_int_equal(pwrite(fd, &b, 1, at), 1);
}

/* What somebody changed on the disk is not handed out, nor counted. */
static void test_tampered(void **state)
{
    int64_t id =
        open_one("a@partner.example", MIB, &recipient, &file, link_text);
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_share_download *d;
    struct hb_share_file f;
    char path[256];
    int fd;

    (void)state;
    enter(link_text, grant);
    assert_int_equal(hb_share_file_get(store, a, file, &f), 0);
    (void)snprintf(path, sizeof(path), "%s/blobs/%s", lock_dir, f.uid);
    fd = open(path, O_RDWR);
    flip(fd, 700000);
    assert_int_equal(begin(0, &d), 0);
    assert_int_equal(read_rest(d, 0), -EBADMSG);
    assert_int_equal(hb_share_download_end(d, -1), 0);
    flip(fd, 100);
    assert_int_equal(begin(0, &d), -EBADMSG);
    assert_int_equal(ftruncate(fd, 500000), 0);
    assert_int_equal(begin(0, &d), -EBADMSG);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(begin(0, &d), -EBADMSG);
    assert_int_equal(told(id, HB_SHARE_BEGUN), 1);
    (void)close(fd);
}

/* Nothing of the contents stands on the disk. */
static void test_at_rest(void **state)
{
    static char text[] = "a sentence that nobody but Sato may read";
    char cmd[400];
    struct hb_share_upload *u;

    (void)state;
    assert_int_equal(hb_share_upload_new(store, draft(), &owner, "a", "",
                                         sizeof(text), &file),
                     0);
    assert_int_equal(hb_share_upload_open(store, file, no_grant, &u), 0);
    assert_int_equal(hb_share_upload_write(u, text, sizeof(text)), 0);
    assert_int_equal(hb_share_upload_end(u, &owner, NULL), 0);
    hb_share_upload_close(u);
    (void)snprintf(cmd, sizeof(cmd), "grep -rqF 'nobody but Sato' %s", root);
    assert_int_equal(WEXITSTATUS(system(cmd)), 1);
}

/* A guest hands files in; the owner takes one and refuses one. */
static void test_guest(void **state)
{
    int64_t id = invite("guest@partner.example", &recipient, link_text), exe;
    struct hb_share_download *d;
    struct hb_share_upload *u;

    (void)state;
    enter(link_text, grant);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hb_share_upload_guest(store, z(grant), FROM,
                                               i == 0 ? "a.txt" : "a.exe", "",
                                               MIB, i == 0 ? &file : &exe),
                         0);
        assert_int_equal(
            hb_share_upload_open(store, i == 0 ? file : exe, no_grant, &u),
            -EACCES);
        assert_int_equal(
            hb_share_upload_open(store, i == 0 ? file : exe, z(grant), &u), 0);
        assert_int_equal(send_to(u, MIB), 0);
        assert_int_equal(
            hb_share_upload_end(u, &(struct hb_share_who){"guest", FROM}, NULL),
            0);
        hb_share_upload_close(u);
    }
    assert_int_equal(hb_share_fetch(store, file, &owner, &d), -EACCES);
    assert_int_equal(hb_share_accept(store, file, &other), -EACCES);
    assert_int_equal(hb_share_accept(store, file, &owner), 0);
    assert_int_equal(hb_share_accept(store, exe, &owner), -EACCES);
    assert_int_equal(hb_share_reject(store, exe, &owner), 0);
    assert_int_equal(count_files("blobs"), 1);
    assert_int_equal(hb_share_fetch(store, file, &other, &d), -EACCES);
    assert_int_equal(hb_share_fetch(store, file, &owner, &d), 0);
    assert_int_equal(read_rest(d, 0), 0);
    assert_int_equal(hb_share_download_end(d, -1), 0);
    assert_int_equal(begin(0, &d), -EACCES); /* what came in stays in */
    assert_int_equal(told(id, HB_SHARE_ACCEPTED), 1);
    assert_int_equal(hb_share_revoke(store, id, &owner), 0);
    assert_int_equal(
        hb_share_upload_guest(store, z(grant), FROM, "b", "", 1, &file),
        -EACCES);
}

/* Every allocation, write and fsync of a life fails once; then it works. */
static void test_nth(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (unsigned kind = 0; kind <= HB_FAULT_FSYNC; kind++) {
        for (unsigned n = 1; n < 400; n++) {
            const struct hb_share_draft d = {.kind = HB_SHARE_OUT};
            struct hb_share_verdict v;
            int64_t id = 0, f = 0, to = 0, bad;
            struct hb_share_kept k;
            bool over;
            int r;

            hb_fault_set(kind, n);
            r = hb_share_new(store, &owner, &d, &id);
            if (r == 0)
                r = hb_share_add_recipient(store, id, &owner, "a@b.jp", &to);
            if (r == 0)
                r = put_file(id, "a", 300000, &f);
            if (r == 0)
                r = hb_share_submit(store, id, &owner, &v);
            if (r == 0)
                r = hb_share_revoke(store, id, &owner);
            over = hb_fault_pending(kind);
            hb_fault_set(kind, 0);
            failed += r < 0;
            if (id != 0)
                assert_int_equal(hb_share_delete(store, id, &owner), 0);
            assert_int_equal(hb_share_keep(store, NULL, NULL, &k), 0);
            assert_int_equal(hb_share_trail_check(store, &bad), 0);
            if (over)
                break;
        }
    }
    print_message("# %u failures\n", failed);
    assert_true(failed > 15);
    hb_share_close(store);
    assert_int_equal(lock_open_again(&store), 0);
    assert_int_equal(count_files("blobs"), 0);
    assert_int_equal(count_files("keys"), 0);
}

/* The same for opening the store and for a download. */
static void test_nth_out(void **state)
{
    unsigned failed = 0;

    (void)state;
    (void)open_one("a@partner.example", 300000, &recipient, &file, link_text);
    enter(link_text, grant);
    for (unsigned kind = 0; kind <= HB_FAULT_FSYNC; kind++) {
        for (unsigned n = 1; n < 400; n++) {
            struct hb_share_download *d = NULL;
            bool over;
            int r;

            hb_share_close(store);
            store = NULL;
            hb_fault_set(kind, n);
            r = lock_open_again(&store);
            if (r == 0)
                r = begin(0, &d);
            if (r == 0)
                r = read_rest(d, 0);
            if (d != NULL) {
                int end = hb_share_download_end(d, -1);

                r = r < 0 ? r : end;
            }
            over = hb_fault_pending(kind);
            hb_fault_set(kind, 0);
            failed += r < 0 && r != -EDQUOT;
            if (store == NULL)
                assert_int_equal(lock_open_again(&store), 0);
            if (over)
                break;
        }
    }
    print_message("# %u failures\n", failed);
    assert_true(failed > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        locker_test(test_round),          locker_test(test_other_share),
        locker_test(test_resume),         locker_test(test_ticket),
        locker_test(test_limit_by_bytes), locker_test(test_held_program),
        locker_test(test_hash),           locker_test(test_names),
        locker_test(test_quotas),         locker_test(test_full),
        locker_test(test_revoke),         locker_test(test_exact),
        locker_test(test_tampered),       locker_test(test_at_rest),
        locker_test(test_guest),          locker_test(test_nth),
        locker_test(test_nth_out),
    };

    return hb_tap_run("guard_share/content", tests);
}
