/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harness.h - a real helper in a child process, with real sockets, keys,
 * baselines and a site on a real file system, for the tests of respond.
 *
 * Each world lies in a directory of its own below TMPDIR (or /tmp):
 *     etc/ baseline/ helper/ private/ run/ state/   the helper's
 *     www/                                          the site "www"
 *     outside/                                      must never change
 */
#ifndef HB_TESTS_RESPOND_HARNESS_H
#define HB_TESTS_RESPOND_HARNESS_H

#include <sys/stat.h>

#include "config/role_ctx.h"
#include "respond/approval.h"
#include "respond/respond.h"

struct world {
    char dir[256];
    char etc[300], state[300], baseline[300], helper[300], private[300],
        run[300], www[300], outside[300];
    struct hb_config config;
    struct hb_conf_site site;
    struct hb_conf_area area;
    struct hb_role_ctx ctx;
    struct hb_key *publish, *officer, *deputy;
    struct hb_pub *publish_pub;
    uint64_t number;   /* of the baseline in force */
    bool mounted;      /* www is a mount */
    pid_t pid;         /* of the helper, 0: none */
    int core, compare; /* connections, -1 */
    uint64_t seq;
    uint8_t outside_sum[HB_SHA256_SIZE];
};

/* True where the tests can be what the helper is: root. */
bool world_possible(void);
#define NEEDS_ROOT()                                                           \
    do {                                                                       \
        if (!world_possible()) {                                               \
            print_message("skipped: needs root\n");                            \
            skip();                                                            \
        }                                                                      \
    } while (0)

/* Makes all of it, with the sample tree below www and a baseline of it. */
struct world *world_new(void);
/* The same with www on a tmpfs of MB megabytes of its own (in a mount
 * namespace of its own); NULL where that is not possible. */
struct world *world_new_small(unsigned mb);
/* A mount namespace of our own: false where that is not possible. */
bool world_own_mounts(void);
/* Ends the helper, checks that nothing outside changed, deletes all. */
void world_free(struct world *w);

/* Starts the helper; dies at step CRASH (0: never). */
void world_start(struct world *w, unsigned crash);
/* SIGTERM and wait: the exit status as of waitpid(2). */
int world_stop(struct world *w);
/* Waits for a helper that is expected to die: true where by SIGKILL. */
bool world_died(struct world *w);
/* (Re)connects core and compare. */
void world_connect(struct world *w);

/* A reflex for file.restore, file.remove and more (bits), valid now. */
void world_reflex(struct world *w, const char *id, uint32_t actions,
                  uint32_t rate, uint32_t within);
void world_all_reflexes(struct world *w);
/* Signs what stands in www as the next baseline and makes it current. */
void world_publish(struct world *w);
/* Index of PATH in the current baseline; fails the test where not there. */
uint32_t world_entry(struct world *w, const char *path);

/* Requests. */
void req_init(struct world *w, struct hb_request *r, enum hb_action a);
void req_path(struct world *w, struct hb_request *r, enum hb_action a,
              const char *path);
void req_approve(struct world *w, struct hb_request *r, const char *object);
/* Sends as core (compare where COMPARE) and waits; fails the test where no
 * answer comes. */
struct hb_reply ask(struct world *w, const struct hb_request *r, int fd,
                    bool compare);
struct hb_reply restore(struct world *w, const char *path);
/* Asks to remove PATH (relative to www), by an O_PATH descriptor. */
struct hb_reply remove_path(struct world *w, const char *path);

/* Files below www. */
void put(struct world *w, const char *path, const char *content);
char *get(struct world *w, const char *path); /* freed by the caller */
void at(struct world *w, const char *path, char ret[600]);
/* Whether www is exactly what the baseline says (no more, no less);
 * prints what is not. */
bool world_is_clean(struct world *w);
void tree_sum(const char *dir, uint8_t ret[HB_SHA256_SIZE]);
unsigned staged_count(struct world *w);
int set_flags(const char *path, int on, int off);

#endif
