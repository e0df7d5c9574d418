/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish.h - publishing: a release tree becomes the next baseline of a site.
 *
 * Runs as root in a short-lived client (`hinoban site publish`); nobody else
 * writes below the baseline directory.  One publisher at a time (flock on
 * objects/.lock, which prune takes too).  A crash anywhere leaves the old
 * baseline in force: the pointer `current` (or `next`) is renamed into place
 * last, after everything that it needs is durable.
 */
#ifndef HB_BASELINE_PUBLISH_H
#define HB_BASELINE_PUBLISH_H

#include "baseline/baseline.h"

/* What a release changes, for the person who signs. */
enum hb_change_kind { HB_CHANGE_ADDED, HB_CHANGE_CHANGED, HB_CHANGE_REMOVED };
/* One path; BITS (enum hb_base_diff) say what differs where CHANGED.  ENTRY
 * is the new one (the old one where REMOVED); borrowed for the call.  A
 * negative return ends the listing and is passed on. */
typedef int hb_change_fn(void *arg, enum hb_change_kind kind, int bits,
                         const struct hb_base_entry *entry);
/* Every difference from OLD (NULL: everything is new) to NEW, in the order of
 * paths.  Times are no difference.  Returns how many, or -errno. */
int64_t hb_baseline_diff(const struct hb_baseline *old,
                         const struct hb_baseline *next, hb_change_fn *fn,
                         void *arg) HB_WUR;

struct hb_publish {
    int basedir; /* baseline directory of all sites */
    const char *site;
    const char *tree;          /* release tree, path */
    const struct hb_pub *pub;  /* publish key: what is in force must
                                  verify before it is built upon */
    const struct hb_key *key;  /* -ENOKEY where NULL and no dry run */
    bool dry_run;              /* show the changes, keep nothing */
    uint64_t floor;            /* highest number ever seen */
    bool overlay;              /* TREE holds only what changes: it is laid over
                                  what is in force (whose directories stay as
                                  they are) */
    const char *const *remove; /* with OVERLAY: what goes, with all below */
    size_t n_remove;
    const char *const *ignore; /* writable areas and the like */
    size_t n_ignore;
    bool set_owner; /* as in struct hb_base_build */
    uint32_t uid, gid;
    unsigned threads;
    uint64_t max_file;
    bool stage;            /* becomes `next`, not `current` */
    hb_change_fn *changes; /* called before anything is signed; a
                              negative return calls it off */
    void (*progress)(void *arg, uint64_t files, uint64_t bytes);
    void *arg;
};
struct hb_published {
    uint64_t number;   /* new baseline's; 0 in a dry run */
    uint64_t previous; /* 0: there was none */
    uint64_t added, changed, removed;
    struct hb_base_stats stats;
};

/* Builds, stores, signs and switches; all durable when it returns.  Makes the
 * directories of a new site.  -EBUSY while somebody else publishes;
 * -EKEYREJECTED where what is in force does not verify. */
int hb_publish(const struct hb_publish *how, struct hb_published *ret,
               struct hb_err *err) HB_WUR;

/* The same from a manifest that a build host signed (manifest.h): TREE must
 * hold exactly what it lists.  KEY, IGNORE and SET_OWNER are not used.  -ETIME
 * for one that expired, -ESTALE for a number not above what is in force or on
 * its way, -EBADE for a tree that is not what it lists. */
int hb_publish_manifest(const struct hb_publish *how, struct hb_slice text,
                        const uint8_t sig[HB_SIG_SIZE],
                        struct hb_published *ret, struct hb_err *err) HB_WUR;

/* The release is out: what `next` names is in force, `next` goes. */
int hb_publish_finish(int basedir, const char *site, const struct hb_pub *pub,
                      struct hb_err *err) HB_WUR;
/* The release is called off: `next` goes. */
int hb_publish_abandon(int basedir, const char *site,
                       struct hb_err *err) HB_WUR;

#endif
