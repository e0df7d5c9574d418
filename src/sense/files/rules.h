/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.h - what a site's configuration says about a path: not looked at,
 * writable by programs (an area, with rules of its own), or fixed.
 */
#ifndef HB_SENSE_FILES_RULES_H
#define HB_SENSE_FILES_RULES_H

#include "config/config.h"
#include "sense/files/proto.h"

enum hb_rule {
    HB_RULE_OK,
    HB_RULE_NAME,    /* a name that servers execute or obey */
    HB_RULE_CONTENT, /* content that executes: #!, <?php, ELF, MZ */
    HB_RULE_MODE,    /* executable, set-user-id */
    HB_RULE_TYPE,    /* not among the allowed types, or not what it says */
    HB_RULE_SIZE,
    HB_RULE_LINK,     /* a symbolic link that leads out of the site */
    HB_RULE_HARDLINK, /* another name exists */
    HB_RULE_SPECIAL,  /* FIFO, device, socket */
    HB_RULE_UNREAD,   /* could not be read */
    HB_RULE_COUNT
};

/* Whether PATH or a directory above it is ignored. */
bool hb_rules_ignored(const struct hb_conf_site *s, struct hb_slice path);
/* The helper's staging directory lies in the root where the root's parent is
 * another file system.  It counts as ours only while it is root's and closed
 * (0700): the name alone must not give anybody a place to hide. */
enum hb_own { HB_OWN_NOT, HB_OWN_STAGING, HB_OWN_BELOW };
enum hb_own hb_rules_own(const struct hb_conf_site *s, struct hb_slice path);
/* Whether PATH is an area itself. */
bool hb_rules_is_area(const struct hb_conf_site *s, struct hb_slice path);
/* The writable area that PATH lies strictly below, or NULL. */
const struct hb_conf_area *hb_rules_area(const struct hb_conf_site *s,
                                         struct hb_slice path);
/* Judges an object of area A.  FD is open for reading where READABLE, else
 * O_PATH; ROOT is the site's root, for absolute links. */
enum hb_rule hb_rules_judge(const struct hb_conf_area *a, const char *root,
                            struct hb_slice path, const struct hb_fp_stat *st,
                            int fd, bool readable);
/* Short fixed word: "name", "content", ... */
const char *hb_rule_word(enum hb_rule r);

#endif
