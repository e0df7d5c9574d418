/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h - compares what came with what was published.
 */
#ifndef HB_SENSE_OUTSIDE_JUDGE_H
#define HB_SENSE_OUTSIDE_JUDGE_H

#include "baseline/baseline.h"
#include "net/fetch.h"

enum hb_seen {
    HB_SEEN_SAME,
    HB_SEEN_PRIVATE,     /* 503 on purpose */
    HB_SEEN_UNKNOWN,     /* nothing published to compare with */
    HB_SEEN_UNREACHABLE, /* no answer, or an error of the server */
    HB_SEEN_DIFFERS,
    HB_SEEN_INJECTED, /* the published file with something put in */
    HB_SEEN_REDIRECTED
};
/* "same", "differs", ...: the words of rules and events. */
const char *hb_seen_word(enum hb_seen s);

/* Where EXPECTED and GOT part.  Injected: GOT is EXPECTED with INSERTED bytes
 * put in at AT. */
struct hb_parting {
    size_t at;       /* first byte that differs */
    size_t inserted; /* 0: not a pure insertion */
};
void hb_parting(struct hb_slice expected, struct hb_slice got,
                struct hb_parting *ret);

/* Hosts that scripts and frames of HTML load from, each once, separated by
 * ", ", at most MAX of them; printable ASCII only. */
void hb_foreign_hosts(struct hb_slice html, const char *own, size_t max,
                      struct hb_buf *ret);

/* Says what F is, compared with the entries of SET at PATH (a file), whose
 * content is in OBJDIR; DETAIL gets one line for people.  PRIVATE: the site
 * is off the air on purpose.  HOST is the site's own. */
enum hb_seen hb_judge_page(const struct hb_fetched *f,
                           const struct hb_base_set *set, struct hb_slice path,
                           int objdir, bool private, const char *host,
                           struct hb_buf *detail);

/* A file that a browser shows as a page, by its name. */
bool hb_judge_is_page(struct hb_slice path);
/* Picks the published file that stands for the directory DIR ("" for "/"):
 * index.html or index.htm; -ENOENT. */
int hb_judge_index(const struct hb_base_set *set, struct hb_slice *ret_path);
/* The next page after entry *CURSOR of the baseline in force, in a circle;
 * -ENOENT where there is none. */
int hb_judge_next(const struct hb_base_set *set, uint32_t *cursor,
                  struct hb_base_entry *ret);

#endif
