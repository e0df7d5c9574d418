/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look.c - fetching and comparing one page.
 *
 * Trusted: baselines whose signature holds.  Not trusted: names, certificates,
 * headers and bodies that come back.
 */
#include "sense/outside/look.h"

#include <fcntl.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"

#define PAGE_MAX (8u << 20)
#define PAGE_SEC 8u
#define AGAIN_NS (1500 * HB_MS)

static enum hb_seen see(struct hb_look *l, const struct hb_look_page *page,
                        struct hb_fetched *f, struct hb_buf *detail);
static int base_open(const struct hb_look *l, struct hb_base_set *set,
                     int *objdir);

int hb_look_choose(struct hb_look *l, unsigned step, struct hb_arena *a,
                   struct hb_look_page *ret)
{
    struct hb_base_set set = {0};
    struct hb_base_entry e;
    int objdir = -1, r = 0;

    *ret = (struct hb_look_page){.path = {NULL, 0}};
    if (base_open(l, &set, &objdir) < 0)
        set.cur = NULL;
    if (step == 0) {
        if (set.cur != NULL)
            (void)!hb_judge_index(&set, &ret->path);
    } else if (set.cur == NULL || hb_judge_next(&set, &l->cursor, &e) < 0) {
        r = -ENOENT;
    } else {
        ret->path.p = hb_arena_dup(a, e.path.p, e.path.n);
        ret->path.n = e.path.n;
        r = ret->path.p != NULL ? 0 : -ENOMEM;
    }
    if (r == 0)
        r = hb_url_join(l->url, step == 0 ? hb_slice("", 0) : ret->path,
                        ret->url, sizeof(ret->url));
    hb_base_set_done(&set);
    hb_close(&objdir);
    return r;
}

enum hb_seen hb_look_page(struct hb_look *l, const struct hb_look_page *page,
                          struct hb_fetched *f, struct hb_buf *detail)
{
    const struct timespec wait = {.tv_sec = AGAIN_NS / HB_S,
                                  .tv_nsec = AGAIN_NS % HB_S};
    enum hb_seen seen = see(l, page, f, detail);

    if (seen < HB_SEEN_UNREACHABLE)
        return seen;
    (void)nanosleep(&wait, NULL);
    hb_fetched_done(f);
    *f = (struct hb_fetched){0};
    hb_buf_reset(detail);
    return see(l, page, f, detail);
}

static enum hb_seen see(struct hb_look *l, const struct hb_look_page *page,
                        struct hb_fetched *f, struct hb_buf *detail)
{
    const char *ca =
        l->ca_file != NULL && l->ca_file[0] != '\0' ? l->ca_file : NULL;
    const struct hb_fetch_limits limits = {
        .body = PAGE_MAX, .seconds = PAGE_SEC, .redirects = 3, .ca_file = ca};
    enum hb_seen seen = HB_SEEN_UNKNOWN;
    struct hb_base_set set = {0};
    struct hb_err err = {0};
    bool private = l->flag != NULL && access(l->flag, F_OK) == 0;
    char host[256];
    int objdir = -1;

    if (hb_fetch(page->url, &limits, f, &err) < 0) {
        hb_buf_addz(detail, err.message);
        return HB_SEEN_UNREACHABLE;
    }
    if (base_open(l, &set, &objdir) == 0 && page->path.p != NULL) {
        l->number = hb_baseline_number(set.cur);
        if (hb_url_host(l->url, host, sizeof(host)) < 0)
            host[0] = '\0';
        seen =
            hb_judge_page(f, &set, page->path, objdir, private, host, detail);
    }
    hb_base_set_done(&set);
    hb_close(&objdir);
    return seen;
}

static int base_open(const struct hb_look *l, struct hb_base_set *set,
                     int *objdir)
{
    _cleanup_close_ int base = -1, dir = -1;
    int r;

    if (l->pub == NULL)
        return -ENOKEY;
    base = open(l->baseline, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (base < 0)
        return -errno;
    dir =
        openat(base, l->site, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (dir < 0)
        return -errno;
    *objdir = openat(base, "objects", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*objdir < 0)
        return -errno;
    r = hb_base_set_open(dir, l->site, 0, l->pub, set, NULL);
    return r < 0 ? r : 0;
}
