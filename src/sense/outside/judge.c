/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.c - compares a page that came over the network with the one that was
 * published.
 *
 * Runs in outside.  The answer is foreign and bounded by the fetch; the
 * baseline is trusted as far as its signature, which was verified when it was
 * opened.  Objects of the content store are hashed when read.
 */
#include "sense/outside/judge.h"

#include <fcntl.h>
#include <strings.h>

#include "base/file.h"
#include "base/i18n.h"

static bool matches(const struct hb_fetched *f, const struct hb_base_match *m);
static void how_it_differs(const struct hb_fetched *f,
                           const struct hb_base_entry *e, int objdir,
                           const char *host, enum hb_seen *seen,
                           struct hb_buf *detail);
static size_t host_of(struct hb_slice tag, char *buf, size_t size);

const char *hb_seen_word(enum hb_seen s)
{
    static const char *const words[] = {
        [HB_SEEN_SAME] = "same",
        [HB_SEEN_PRIVATE] = "private",
        [HB_SEEN_UNKNOWN] = "unknown",
        [HB_SEEN_UNREACHABLE] = "unreachable",
        [HB_SEEN_DIFFERS] = "differs",
        [HB_SEEN_INJECTED] = "injected",
        [HB_SEEN_REDIRECTED] = "redirected",
    };

    return (unsigned)s < HB_ARRAY_LEN(words) ? words[s] : "unknown";
}

enum hb_seen hb_judge_page(const struct hb_fetched *f,
                           const struct hb_base_set *set, struct hb_slice path,
                           int objdir, bool private, const char *host,
                           struct hb_buf *detail)
{
    enum hb_seen seen = HB_SEEN_DIFFERS;
    struct hb_base_match m;
    char here[256], there[256];

    if (f->status >= 300 && f->status <= 399 && f->next[0] != '\0') {
        if (hb_url_host(f->next, there, sizeof(there)) < 0)
            (void)snprintf(there, sizeof(there), "?");
        if (hb_url_host(f->url, here, sizeof(here)) == 0 &&
            hb_streq(here, there))
            hb_buf_addf(detail, _("visitors are sent from https to http on %s"),
                        there);
        else
            hb_buf_addf(detail, _("visitors are sent to another host, %s"),
                        there);
        return HB_SEEN_REDIRECTED;
    }
    if (f->status == 503 && private)
        return HB_SEEN_PRIVATE;
    if (f->status >= 500 || f->status == 429) {
        hb_buf_addf(detail, _("the server answers with status %d"), f->status);
        return HB_SEEN_UNREACHABLE;
    }
    if (hb_base_set_find(set, path, &m) < 0)
        return HB_SEEN_UNKNOWN;
    if (f->status != 200) {
        hb_buf_addf(detail, _("a published page is answered with status %d"),
                    f->status);
        return HB_SEEN_DIFFERS;
    }
    if (matches(f, &m))
        return HB_SEEN_SAME;
    how_it_differs(f, m.in_cur ? &m.cur : &m.next, objdir, host, &seen, detail);
    return seen;
}

bool hb_judge_is_page(struct hb_slice path)
{
    static const char *const ends[] = {".html", ".htm", ".xhtml"};

    for (size_t i = 0; i < HB_ARRAY_LEN(ends); i++) {
        size_t n = strlen(ends[i]);

        if (path.n > n && strncasecmp(path.p + path.n - n, ends[i], n) == 0)
            return true;
    }
    return false;
}

int hb_judge_index(const struct hb_base_set *set, struct hb_slice *ret_path)
{
    static const char *const names[] = {"index.html", "index.htm"};
    struct hb_base_match m;

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        *ret_path = hb_slice_z(names[i]);
        if (hb_base_set_find(set, *ret_path, &m) == 0)
            return 0;
    }
    return -ENOENT;
}

int hb_judge_next(const struct hb_base_set *set, uint32_t *cursor,
                  struct hb_base_entry *ret)
{
    uint32_t n = hb_baseline_count(set->cur);

    for (uint32_t i = 0; i < n; i++) {
        *cursor = (*cursor + 1) % n;
        if (hb_baseline_get(set->cur, *cursor, ret) == 0 &&
            ret->type == HB_BT_FILE && hb_judge_is_page(ret->path))
            return 0;
    }
    return -ENOENT;
}

void hb_parting(struct hb_slice expected, struct hb_slice got,
                struct hb_parting *ret)
{
    size_t n = HB_MIN(expected.n, got.n), head = 0, tail = 0;

    while (head < n && expected.p[head] == got.p[head])
        head++;
    while (tail < n &&
           expected.p[expected.n - 1 - tail] == got.p[got.n - 1 - tail])
        tail++;
    ret->at = head;
    ret->inserted = got.n > expected.n && head + tail >= expected.n
                        ? got.n - expected.n
                        : 0;
}

void hb_foreign_hosts(struct hb_slice html, const char *own, size_t max,
                      struct hb_buf *ret)
{
    static const char *const tags[] = {"<script", "<iframe", "<form", "<embed",
                                       "<object"};
    size_t found = 0;

    for (size_t i = 0; i < html.n && found < max; i++) {
        struct hb_slice tag = {html.p + i, 0};
        bool known = false;
        char host[256];

        if (html.p[i] != '<')
            continue;
        for (size_t t = 0; t < HB_ARRAY_LEN(tags) && !known; t++)
            known = html.n - i >= strlen(tags[t]) &&
                    strncasecmp(tag.p, tags[t], strlen(tags[t])) == 0;
        if (!known)
            continue;
        while (i + tag.n < html.n && tag.n < 2048 && tag.p[tag.n] != '>')
            tag.n++;
        if (host_of(tag, host, sizeof(host)) == 0 || hb_streq(host, own) ||
            (ret->n > 0 && strstr(hb_buf_z(ret), host) != NULL))
            continue;
        hb_buf_addf(ret, "%s%s", ret->n > 0 ? ", " : "", host);
        found++;
    }
}

static bool matches(const struct hb_fetched *f, const struct hb_base_match *m)
{
    return !f->cut &&
           ((m->in_cur && m->cur.type == HB_BT_FILE &&
             memcmp(m->cur.sha256, f->sha256, HB_SHA256_SIZE) == 0) ||
            (m->in_next && m->next.type == HB_BT_FILE &&
             memcmp(m->next.sha256, f->sha256, HB_SHA256_SIZE) == 0));
}

static void how_it_differs(const struct hb_fetched *f,
                           const struct hb_base_entry *e, int objdir,
                           const char *host, enum hb_seen *seen,
                           struct hb_buf *detail)
{
    _cleanup_buf_ struct hb_buf want = HB_BUF_INIT, hosts = HB_BUF_INIT;
    struct hb_slice got = hb_buf_slice(&f->body), in = got;
    _cleanup_close_ int fd = -1;
    struct hb_parting p = {0};
    ssize_t n = -1;

    if (e->type == HB_BT_FILE && e->size <= f->body.ceiling &&
        hb_object_open(objdir, e->sha256, &fd) == 0) {
        char *text = malloc(e->size + 1);

        if (text != NULL)
            n = hb_pread_full(fd, text, e->size, 0);
        if (n > 0)
            hb_buf_add(&want, text, (size_t)n);
        free(text);
    }
    if (n >= 0 && (size_t)n == e->size) {
        hb_parting(hb_buf_slice(&want), got, &p);
        if (p.inserted > 0 && !f->cut) {
            *seen = HB_SEEN_INJECTED;
            in = hb_slice(got.p + p.at, p.inserted);
            hb_buf_addf(detail, _("%zu bytes were put in at byte %zu"),
                        p.inserted, p.at);
        } else {
            hb_buf_addf(detail, _("it differs from byte %zu on"), p.at);
        }
    } else {
        hb_buf_addz(detail, _("its content is another"));
    }
    /* A tag may begin before the place where the bytes part. */
    if (in.p != got.p && got.p != NULL)
        in = hb_slice(
            got.p + (p.at > 64 ? p.at - 64 : 0),
            HB_MIN(got.n - (p.at > 64 ? p.at - 64 : 0), p.inserted + 128));
    if (in.n > 0)
        hb_foreign_hosts(in, host, 4, &hosts);
    if (hosts.n > 0)
        hb_buf_addf(detail, _("; it loads from %s"), hb_buf_z(&hosts));
}

/* The host behind the first "//" of a tag; its length. */
static size_t host_of(struct hb_slice tag, char *buf, size_t size)
{
    size_t at = 0, n = 0;

    while (at + 1 < tag.n && (tag.p[at] != '/' || tag.p[at + 1] != '/'))
        at++;
    for (at += 2; at < tag.n && n + 1 < size; at++) {
        char c = tag.p[at];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' &&
            c != '-')
            break;
        buf[n++] = c;
    }
    buf[n] = '\0';
    return n;
}
