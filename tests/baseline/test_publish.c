/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_publish.c - releases: what changes, dry runs, overlays, staging,
 * manifests, two publishers at once, failing disks, prune.
 */
#include "baseline/publish.h"
#include "baseline/manifest.h"
#include "baseline/object.h"
#include "fixture.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

struct seen {
    char text[2048];
    int stop; /* called off at the n-th */
};

static int note(void *arg, enum hb_change_kind kind, int bits,
                const struct hb_base_entry *e)
{
    struct seen *s = arg;
    size_t n = strlen(s->text);

    (void)snprintf(s->text + n, sizeof(s->text) - n, "%c%.*s ", "+*-"[kind],
                   (int)e -> path.n, e->path.p);
    return s->stop != 0 && --s->stop == 0 ? -ECANCELED : 0;
}

static struct hb_publish release(struct place *p)
{
    return (struct hb_publish){.basedir = p->base,
                               .site = "site",
                               .tree = p->tree,
                               .pub = p->pub,
                               .key = p->key,
                               .threads = 1};
}

/* Everything that the baseline in force names is in the store and right. */
static uint64_t whole(struct place *p)
{
    struct hb_sha256 *h = hb_sha256_new();
    struct hb_baseline *b = open_now(p);
    uint64_t number = hb_baseline_number(b);

    assert_non_null(h);
    for (uint32_t i = 0; i < hb_baseline_count(b); i++) {
        struct hb_base_entry e;
        uint8_t found[32];
        uint64_t size;
        int fd;

        assert_int_equal(hb_baseline_get(b, i, &e), 0);
        if (e.type != HB_BT_FILE)
            continue;
        assert_int_equal(hb_object_open(p->objects, e.sha256, &fd), 0);
        assert_int_equal(hb_sha256_fd(h, fd, e.size, found, &size), 0);
        assert_memory_equal(found, e.sha256, 32);
        assert_int_equal(size, e.size);
        close(fd);
    }
    hb_baseline_free(b);
    hb_sha256_free(h);
    return number;
}

static void test_releases(void **state)
{
    struct hb_published out;
    struct hb_publish how;
    struct place p;
    struct seen s = {0};
    struct stat st;

    place_open(&p);
    fill(&p);
    how = release(&p);
    how.changes = note;
    how.arg = &s;
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(out.number, 1);
    assert_int_equal(out.previous, 0);
    assert_int_equal(out.added, 10);
    assert_int_equal(out.changed + out.removed, 0);
    assert_int_equal(whole(&p), 1);

    /* The same again changes nothing and copies nothing. */
    s.text[0] = '\0';
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(out.number, 2);
    assert_int_equal(out.added + out.changed + out.removed, 0);
    assert_int_equal(out.stats.copied, 0);
    assert_string_equal(s.text, "");

    put(&p, "css/site.css", "body {}\n");
    put(&p, "news.html", "news\n");
    assert_int_equal(unlinkat(p.root, "empty", 0), 0);
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(out.number, 3);
    assert_int_equal(out.previous, 2);
    assert_string_equal(s.text, "*css/site.css -empty +news.html ");
    assert_int_equal(out.stats.copied, 8 + 5);
    assert_int_equal(whole(&p), 3);
    assert_int_equal(fstat(p.site, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(fstatat(p.site, "0000000003.base", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0444);
    place_done(&p);
}

static void test_dry_run(void **state)
{
    struct hb_published out;
    struct hb_publish how;
    struct place p;
    struct seen s = {0};

    place_open(&p);
    fill(&p);
    how = release(&p);
    how.site = "fresh";
    how.key = NULL;
    how.dry_run = true;
    how.changes = note;
    how.arg = &s;
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(out.number, 0);
    assert_int_equal(out.added, 10);
    /* Nothing at all was made. */
    assert_int_equal(faccessat(p.base, "fresh", F_OK, 0), -1);
    assert_int_equal(faccessat(p.objects, "tmp", F_OK, 0), -1);
    how.dry_run = false;
    assert_int_equal(hb_publish(&how, &out, NULL), -ENOKEY);
    how.key = p.key;
    s.text[0] = '\0';
    s.stop = 3; /* the person says no */
    assert_int_equal(hb_publish(&how, &out, NULL), -ECANCELED);
    assert_int_equal(faccessat(p.base, "fresh/current", F_OK, 0), -1);
    s.text[0] = '\0';
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(out.number, 1);
    how.site = "a/b";
    assert_int_equal(hb_publish(&how, &out, NULL), -EINVAL);
    how.site = "site";
    how.tree = "/nonexistent";
    assert_int_equal(hb_publish(&how, &out, NULL), -ENOENT);
    place_done(&p);
}

static void test_owner(void **state)
{
    struct hb_published out;
    struct hb_baseline *b;
    struct hb_publish how;
    struct place p;

    place_open(&p);
    fill(&p);
    how = release(&p);
    how.set_owner = true;
    how.uid = 33;
    how.gid = 33;
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    b = open_now(&p);
    assert_int_equal(entry(b, "index.html").uid, 33);
    assert_int_equal(entry(b, "").gid, 33);
    hb_baseline_free(b);
    place_done(&p);
}

/* What is in force does not verify: it is not built upon. */
static void test_foreign_key(void **state)
{
    struct hb_published out;
    struct hb_publish how;
    struct hb_err err = {0};
    struct hb_key *k;
    struct hb_pub *u;
    struct place p;

    place_open(&p);
    fill(&p);
    how = release(&p);
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(hb_key_generate(&k), 0);
    assert_int_equal(hb_key_pub(k, &u), 0);
    how.pub = u;
    how.key = k;
    assert_int_equal(hb_publish(&how, &out, &err), -EKEYREJECTED);
    assert_true(err.message[0] != '\0');
    how = release(&p);
    how.floor = 9;
    assert_int_equal(hb_publish(&how, &out, NULL), -ESTALE);
    how.floor = 0;
    assert_int_equal(unlinkat(p.site, "0000000001.base", 0), 0);
    assert_int_equal(hb_publish(&how, &out, NULL), -ENOENT);
    hb_pub_free(u);
    hb_key_free(k);
    place_done(&p);
}

static void test_overlay(void **state)
{
    const char *const gone[] = {"cgi"};
    struct hb_published out;
    struct hb_publish how;
    struct hb_baseline *b;
    struct hb_base_entry e;
    struct place p;
    struct seen s = {0};
    char tree[128];

    place_open(&p);
    fill(&p);
    how = release(&p);
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    /* A tree with two files of which one is new, below other directories'
     * modes, and one that takes a directory's place. */
    (void)snprintf(tree, sizeof(tree), "%s/change", p.path);
    assert_int_equal(mkdir(tree, 0700), 0);
    close(p.root);
    p.root = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(p.root, "css", 0700), 0);
    put(&p, "css/site.css", "body { color: red }\n");
    put(&p, "css/new.css", "x");
    put(&p, "css-old", "a file now");
    put(&p, "index.html", "alone");
    how.tree = tree;
    how.overlay = true;
    how.remove = gone;
    how.n_remove = 1;
    how.changes = note;
    how.arg = &s;
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_string_equal(s.text, "-cgi -cgi/form.cgi *css-old +css/new.css "
                                "*css/site.css *index.html *index2.html ");
    assert_int_equal(whole(&p), 2);
    b = open_now(&p);
    assert_int_equal(entry(b, "css").mode, 0755);
    assert_int_equal(entry(b, "").mode, 0755);
    assert_int_equal(entry(b, "css-old").type, HB_BT_FILE);
    assert_int_equal(hb_baseline_find(b, HB_SLICE("cgi"), &e), -ENOENT);
    /* The pair of links is one no more. */
    assert_int_equal(entry(b, "index2.html").nlink, 1);
    assert_int_equal(entry(b, "index2.html").nlink_group, 0);
    assert_int_equal(entry(b, "empty").size, 0);
    hb_baseline_free(b);
    /* What is not there cannot go. */
    assert_int_equal(hb_publish(&how, &out, NULL), -ENOENT);
    how.site = "fresh";
    how.n_remove = 0;
    assert_int_equal(hb_publish(&how, &out, NULL), -ENOENT);
    place_done(&p);
}

static void test_stage(void **state)
{
    struct hb_published out;
    struct hb_publish how;
    struct hb_base_set s;
    uint64_t n;
    struct place p;

    place_open(&p);
    fill(&p);
    how = release(&p);
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(hb_publish_finish(p.base, "site", p.pub, NULL), -ENOENT);
    assert_int_equal(hb_publish_abandon(p.base, "site", NULL), -ENOENT);
    put(&p, "empty", "not now");
    how.stage = true;
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(out.number, 2);
    assert_int_equal(whole(&p), 1);
    assert_int_equal(hb_base_set_open(p.site, "site", 0, p.pub, &s, NULL), 0);
    assert_int_equal(hb_baseline_number(s.cur), 1);
    assert_int_equal(hb_baseline_number(s.next), 2);
    hb_base_set_done(&s);
    assert_int_equal(hb_publish_finish(p.base, "site", p.pub, NULL), 0);
    assert_int_equal(whole(&p), 2);
    assert_int_equal(hb_baseline_number_of(p.site, "next", &n), -ENOENT);
    /* Called off: the old one stays, the number is not used again. */
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(out.number, 3);
    assert_int_equal(hb_publish_abandon(p.base, "site", NULL), 0);
    assert_int_equal(whole(&p), 2);
    how.stage = false;
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(out.number, 4);
    /* Overtaken: a direct release ends the one on its way. */
    how.stage = true;
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    how.stage = false;
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(hb_baseline_number_of(p.site, "next", &n), -ENOENT);
    assert_int_equal(whole(&p), 6);
    place_done(&p);
}

static void test_manifest(void **state)
{
    struct hb_manifest_head head = {
        .site = "site", .number = 5, .uid = 33, .gid = 33};
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    struct hb_published out;
    struct hb_publish how;
    struct hb_err err = {0};
    uint8_t sig[HB_SIG_SIZE];
    struct hb_baseline *b;
    struct place p;

    place_open(&p);
    fill(&p);
    how = release(&p);
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    how.key = NULL; /* the server has none */
    put(&p, "news.html", "news");
    head.created = hb_now() / 1000000 * 1000000;
    head.expires = head.created + 3600 * (int64_t)HB_S;
    assert_int_equal(hb_manifest_write(p.tree, &head, NULL, 0, &text, NULL), 0);
    assert_int_equal(hb_manifest_sign(p.key, hb_buf_slice(&text), sig), 0);

    /* The tree must be what it lists: changed, more, less. */
    put(&p, "news.html", "nwes");
    assert_int_equal(
        hb_publish_manifest(&how, hb_buf_slice(&text), sig, &out, &err),
        -EBADE);
    assert_string_equal(err.file, "news.html");
    put(&p, "news.html", "news");
    put(&p, "shell.php", "<?php");
    assert_int_equal(
        hb_publish_manifest(&how, hb_buf_slice(&text), sig, &out, NULL),
        -EBADE);
    assert_int_equal(unlinkat(p.root, "shell.php", 0), 0);
    assert_int_equal(unlinkat(p.root, "news.html", 0), 0);
    assert_int_equal(
        hb_publish_manifest(&how, hb_buf_slice(&text), sig, &out, NULL),
        -EBADE);
    put(&p, "news.html", "news");
    assert_int_equal(whole(&p), 1);

    how.dry_run = true;
    assert_int_equal(
        hb_publish_manifest(&how, hb_buf_slice(&text), sig, &out, NULL), 0);
    assert_int_equal(whole(&p), 1);
    how.dry_run = false;
    how.stage = true;
    assert_int_equal(
        hb_publish_manifest(&how, hb_buf_slice(&text), sig, &out, NULL), 0);
    assert_int_equal(out.number, 5);
    assert_int_equal(out.added, 1);
    assert_int_equal(whole(&p), 1);
    assert_int_equal(hb_publish_finish(p.base, "site", p.pub, NULL), 0);
    assert_int_equal(whole(&p), 5);
    b = open_now(&p);
    assert_int_equal(entry(b, "index.html").uid, 33);
    hb_baseline_free(b);
    /* Once is enough; the past is past; so is its time. */
    assert_int_equal(
        hb_publish_manifest(&how, hb_buf_slice(&text), sig, &out, NULL),
        -ESTALE);
    hb_clock_shift(7200 * (int64_t)HB_S);
    assert_int_equal(
        hb_publish_manifest(&how, hb_buf_slice(&text), sig, &out, NULL),
        -ETIME);
    hb_clock_shift(-7200 * (int64_t)HB_S);
    sig[3] ^= 1;
    assert_int_equal(
        hb_publish_manifest(&how, hb_buf_slice(&text), sig, &out, NULL),
        -EKEYREJECTED);
    /* And publishing with the key goes on from there. */
    how = release(&p);
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(out.number, 6);
    assert_int_equal(out.previous, 5);
    place_done(&p);
}

static void test_two_publishers(void **state)
{
    struct hb_published out;
    struct hb_publish how;
    struct hb_err err = {0};
    struct place p;
    int lock;

    place_open(&p);
    fill(&p);
    how = release(&p);
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(hb_objects_lock(p.objects, &lock), 0);
    assert_int_equal(hb_publish(&how, &out, &err), -EBUSY);
    assert_true(err.message[0] != '\0');
    assert_int_equal(hb_publish_finish(p.base, "site", p.pub, NULL), -EBUSY);
    assert_int_equal(hb_baseline_prune(p.base, 1, NULL), -EBUSY);
    how.dry_run = true; /* only looks */
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    close(lock);
    how.dry_run = false;
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    place_done(&p);
}

/* The n-th allocation, write, fsync of a release fails. */
static void test_faults(void **state)
{
    for (int kind = HB_FAULT_ALLOC; kind <= HB_FAULT_FSYNC; kind++) {
        struct hb_published out;
        struct hb_publish how;
        struct place p;
        bool through = false;
        uint64_t before;
        unsigned n;

        place_open(&p);
        fill(&p);
        how = release(&p);
        assert_int_equal(hb_publish(&how, &out, NULL), 0);
        before = out.number;
        for (n = 1; n < 2000 && !through; n++) {
            uint64_t now;
            char text[32];
            int r;

            (void)snprintf(text, sizeof(text), "%d-%u", kind, n);
            put(&p, "index.html", text);
            hb_fault_set((enum hb_fault_kind)kind, n);
            r = hb_publish(&how, &out, NULL);
            through = hb_fault_pending((enum hb_fault_kind)kind);
            hb_fault_set((enum hb_fault_kind)kind, 0);
            now = whole(&p);
            if (r == 0)
                assert_int_equal(now, out.number);
            else if (now != before) /* only its last fsync failed */
                assert_int_equal(kind, HB_FAULT_FSYNC);
            before = now;
            if (through)
                assert_int_equal(r, 0);
        }
        assert_true(through && n > 2);
        place_done(&p);
    }
}

/* kill -9 at seeded moments: the baseline in force is whole, and the next
 * release goes through. */
static void test_killed(void **state)
{
    const char *env = getenv("HB_KILL_POINTS");
    unsigned points = env != NULL ? (unsigned)strtoul(env, NULL, 10) : 40;
    uint64_t seed = 20261122, took, from, last = 1;
    struct hb_published out;
    struct hb_publish how;
    struct place p;
    unsigned landed = 0;

    place_open(&p);
    fill(&p);
    for (int i = 0; i < 40; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "f%d", i);
        put(&p, name, name);
    }
    how = release(&p);
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    put(&p, "f0", "measure");
    from = hb_tick();
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    took = hb_tick() - from;
    last = out.number;
    for (unsigned k = 0; k < points; k++) {
        char text[32];
        int status;
        uint64_t now;
        pid_t pid;

        for (int i = 0; i < 10; i++) {
            char name[32];

            (void)snprintf(name, sizeof(name), "f%d", i);
            (void)snprintf(text, sizeof(text), "%u %d", k, i);
            put(&p, name, text);
        }
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(hb_publish(&how, &out, NULL) == 0 ? 0 : 1);
        usleep((useconds_t)((seed >> 33) % (took / 1000 + 1)));
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        landed += WIFEXITED(status) && WEXITSTATUS(status) == 0;
        /* Kept near the middle whatever else the machine does. */
        took = WIFEXITED(status) ? took * 3 / 4 : took * 5 / 4;
        assert_false(WIFEXITED(status) && WEXITSTATUS(status) != 0);
        now = whole(&p);
        assert_true(now >= last);
        last = now;
    }
    print_message("# %u of %u were done before the kill\n", landed, points);
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_true(out.number > last);
    assert_int_equal(whole(&p), out.number);
    place_done(&p);
}

static unsigned count_objects(struct place *p)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 256; i++) {
        char name[80];
        DIR *d;
        struct dirent *e;

        (void)snprintf(name, sizeof(name), "%s/base/objects/%02x", p->path, i);
        d = opendir(name);
        if (d == NULL)
            continue;
        while ((e = readdir(d)) != NULL)
            n += e->d_name[0] != '.';
        closedir(d);
    }
    return n;
}

static void test_prune(void **state)
{
    struct hb_published out;
    struct hb_publish how;
    struct place p;
    uint64_t n;

    place_open(&p);
    fill(&p);
    how = release(&p);
    for (int i = 1; i <= 6; i++) {
        char text[16];

        (void)snprintf(text, sizeof(text), "release %d", i);
        put(&p, "empty", text);
        how.stage = i == 6;
        assert_int_equal(hb_publish(&how, &out, NULL), 0);
    }
    how.stage = false;
    how.site = "second";
    put(&p, "empty", "of the second site");
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    /* What stands above and was never in force, as a crash leaves it. */
    assert_int_equal(hb_file_write_at(p.site, "0000000099.base", "x", 1, 0444),
                     0);
    assert_int_equal(count_objects(&p), 3 + 6 + 1);
    assert_int_equal(hb_baseline_prune(p.base, 2, NULL), 0);
    /* 4 and 5 (in force), 6 (on its way); the second site's. */
    assert_int_equal(count_objects(&p), 3 + 3 + 1);
    assert_int_equal(faccessat(p.site, "0000000003.base", F_OK, 0), -1);
    assert_int_equal(faccessat(p.site, "0000000004.sig", F_OK, 0), 0);
    assert_int_equal(faccessat(p.site, "0000000099.base", F_OK, 0), -1);
    assert_int_equal(hb_baseline_number_of(p.site, "next", &n), 0);
    assert_int_equal(n, 6);
    assert_int_equal(whole(&p), 5);
    assert_int_equal(hb_publish_finish(p.base, "site", p.pub, NULL), 0);
    assert_int_equal(whole(&p), 6);
    assert_int_equal(hb_baseline_prune(p.base, 0, NULL), 0); /* never none */
    assert_int_equal(whole(&p), 6);
    assert_int_equal(count_objects(&p), 3 + 1 + 1);
    /* One that cannot be read stops the removal of content. */
    put(&p, "empty", "another");
    how.site = "site";
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(fchmodat(p.site, "0000000006.base", 0644, 0), 0);
    assert_int_equal(hb_file_write_at(p.site, "0000000006.base", "x", 1, 0444),
                     0);
    assert_true(hb_baseline_prune(p.base, 2, NULL) < 0);
    assert_int_equal(whole(&p), 7);
    place_done(&p);
}

/* A lost or cut object is made good by the next release. */
static void test_repair(void **state)
{
    char name[HB_OBJECT_NAME_SIZE];
    struct hb_published out;
    struct hb_publish how;
    struct hb_baseline *b;
    struct place p;

    place_open(&p);
    fill(&p);
    how = release(&p);
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    b = open_now(&p);
    hb_object_name(entry(b, "index.html").sha256, name);
    assert_int_equal(unlinkat(p.objects, name, 0), 0);
    hb_object_name(entry(b, "css/site.css").sha256, name);
    assert_int_equal(unlinkat(p.objects, name, 0), 0);
    assert_int_equal(close(openat(p.objects, name, O_CREAT | O_WRONLY, 0444)),
                     0);
    hb_baseline_free(b);
    assert_int_equal(hb_publish(&how, &out, NULL), 0);
    assert_int_equal(whole(&p), 2);
    place_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_releases), cmocka_unit_test(test_dry_run),
        cmocka_unit_test(test_owner),    cmocka_unit_test(test_foreign_key),
        cmocka_unit_test(test_overlay),  cmocka_unit_test(test_stage),
        cmocka_unit_test(test_manifest), cmocka_unit_test(test_two_publishers),
        cmocka_unit_test(test_faults),   cmocka_unit_test(test_killed),
        cmocka_unit_test(test_prune),    cmocka_unit_test(test_repair),
    };
    return hb_tap_run("baseline/publish", tests);
}
