/* SPDX-License-Identifier: Apache-2.0 */
/*
 * action.h - the fixed, tiny request that asks the privileged helper to act,
 * and its answer (TRUST: "Roles, the helper, outside producers").
 *
 * One request is one SOCK_SEQPACKET packet of exactly HB_REQ_SIZE bytes plus
 * the approval, little endian.  It names objects by number, never by path: a
 * site by its number in the configuration, a file by its entry in a signed
 * baseline, a foreign object by a descriptor (O_PATH) that rides along.  A
 * request that is short, long, of another version or with a descriptor where
 * none belongs ends the connection.
 */
#ifndef HB_EVENT_ACTION_H
#define HB_EVENT_ACTION_H

#include "base/base.h"

#define HB_ACT_KEY_SIZE     16u /* idempotency key */
#define HB_ACT_APPROVAL_MAX 1024u
#define HB_REQ_MAGIC        0x51414248u /* "HBAQ" */
#define HB_REP_MAGIC        0x52414248u /* "HBAR" */
#define HB_ACT_VERSION      1u

enum hb_action {
    HB_ACT_QUERY = 1,     /* was the action of this key done? */
    HB_ACT_FILE_RESTORE,  /* site, baseline, entry: as the baseline says */
    HB_ACT_FILE_REMOVE,   /* site, fd: take a foreign object out */
    HB_ACT_SITE_PRIVATE,  /* site, entry (0: all), arg: Retry-After s */
    HB_ACT_SITE_PUBLIC,   /* site, entry (0: all) */
    HB_ACT_WRITER_FREEZE, /* fd: pidfd; its cgroup is frozen; arg: low half of
                             its start time, 0: not compared */
    HB_ACT_WRITER_THAW,   /* key2: the key of the freeze */
    HB_ACT_PATH_DENY,     /* site, baseline, entry: made immutable */
    HB_ACT_PATH_ALLOW,    /* site, baseline, entry */
    HB_ACT_STAGED_OPEN,   /* key2: what that action took out; gives fd */
    HB_ACT_STAGED_DROP,   /* key2: it stands in the evidence store now */
    HB_ACT_UNDO,          /* key2: undo that action */
    HB_ACT_COUNT
};

enum hb_act_status {
    HB_ACT_DONE = 1,
    HB_ACT_ALREADY, /* nothing to do, or done before by this key */
    HB_ACT_ASK,     /* policy wants an approval that is missing */
    HB_ACT_REFUSED, /* never-touch, scope, bad or used approval */
    HB_ACT_LIMITED, /* rate limit: try again after arg ms */
    HB_ACT_FAILED,  /* error says why */
    HB_ACT_NOT_DONE /* answer to a query */
};

#define HB_ACT_F_PUBLISH 1u /* applying a new baseline: keep no evidence */
#define HB_ACT_F_DRY_RUN 2u /* say what would happen */

struct hb_request {
    uint16_t action; /* enum hb_action */
    uint16_t approval_len;
    uint32_t flags;
    uint64_t seq;                 /* chosen by the requester, echoed */
    uint8_t key[HB_ACT_KEY_SIZE]; /* idempotency key */
    uint8_t key2[HB_ACT_KEY_SIZE];
    uint32_t site;
    uint32_t entry;
    uint64_t baseline; /* number of the signed baseline */
    uint32_t arg;
    uint32_t incident; /* 0 where none exists yet */
    uint32_t step;     /* hash of the playbook step, 0: reflex */
    uint8_t approval[HB_ACT_APPROVAL_MAX];
};

struct hb_reply {
    uint16_t status; /* enum hb_act_status */
    int32_t error;   /* 0 or -errno */
    uint64_t seq;
    uint8_t key[HB_ACT_KEY_SIZE];
    uint32_t staged; /* 1 where something was taken out */
    uint32_t arg;
    int64_t started, finished; /* ns UTC */
};

#define HB_REQ_SIZE   96u
#define HB_REPLY_SIZE 64u

/* Writes HB_REQ_SIZE + approval_len bytes; BUF holds HB_REQ_SIZE +
 * HB_ACT_APPROVAL_MAX.  Returns the length. */
size_t hb_request_encode(const struct hb_request *r, uint8_t *buf);
/* -EBADMSG for anything that is not exactly one well-formed request. */
int hb_request_decode(struct hb_request *ret, const void *p, size_t n) HB_WUR;
size_t hb_reply_encode(const struct hb_reply *r, uint8_t buf[HB_REPLY_SIZE]);
int hb_reply_decode(struct hb_reply *ret, const void *p, size_t n) HB_WUR;

const char *hb_action_name(enum hb_action a); /* "file.restore", "?" */

/* Client side.  hb_action_call() sends and waits at most TIMEOUT_MS for the
 * answer with the same seq; *RET_FD is -1 or a descriptor. */
int hb_action_call(int sock, const struct hb_request *r, int fd,
                   struct hb_reply *ret, int *ret_fd, int timeout_ms) HB_WUR;

#endif
