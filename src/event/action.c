/* SPDX-License-Identifier: Apache-2.0 */
/*
 * action.c - the request to the privileged helper and its answer, byte by
 * byte, and the requester's side of one exchange.
 *
 * The decoder of requests runs in the helper, which is root: it reads a
 * layout of fixed places, allocates nothing, follows nothing, and refuses
 * whatever is not exactly a request.  The requester trusts the helper's
 * answer only as far as sequence and key are those that it sent.
 *
 * A request (little endian):
 *    0 magic u32     4 version u16   6 action u16    8 approval_len u16
 *   10 zero u16     12 flags u32    16 seq u64      24 key[16]
 *   40 key2[16]     56 site u32     60 entry u32    64 baseline u64
 *   72 arg u32      76 incident u32 80 step u32     84 zero[12]
 *   96 approval
 * An answer:
 *    0 magic u32     4 version u16   6 status u16    8 error i32
 *   12 staged u32   16 seq u64      24 key[16]      40 arg u32
 *   44 zero u32     48 started i64  56 finished i64
 */
#include "event/action.h"

#include <poll.h>

#include "base/clock.h"
#include "base/cur.h"
#include "base/sock.h"

#define FLAGS_KNOWN (HB_ACT_F_PUBLISH | HB_ACT_F_DRY_RUN)
#define ERRNO_MAX   4095

static void put(uint8_t **at, uint64_t v, size_t bytes);
static void put_bytes(uint8_t **at, const void *p, size_t n);
static int wait_for(int sock, short what, uint64_t deadline);
static int receive(int sock, const struct hb_request *r, struct hb_reply *ret,
                   int *ret_fd);

static const char *const names[HB_ACT_COUNT] = {
    [HB_ACT_QUERY] = "query",
    [HB_ACT_FILE_RESTORE] = "file.restore",
    [HB_ACT_FILE_REMOVE] = "file.remove",
    [HB_ACT_SITE_PRIVATE] = "site.private",
    [HB_ACT_SITE_PUBLIC] = "site.public",
    [HB_ACT_WRITER_FREEZE] = "writer.freeze",
    [HB_ACT_WRITER_THAW] = "writer.thaw",
    [HB_ACT_PATH_DENY] = "path.deny",
    [HB_ACT_PATH_ALLOW] = "path.allow",
    [HB_ACT_STAGED_OPEN] = "staged.open",
    [HB_ACT_STAGED_DROP] = "staged.drop",
    [HB_ACT_UNDO] = "undo",
};

size_t hb_request_encode(const struct hb_request *r, uint8_t *buf)
{
    uint8_t *at = buf;
    uint16_t approval = r->approval_len;

    HB_ASSERT(approval <= HB_ACT_APPROVAL_MAX);
    put(&at, HB_REQ_MAGIC, 4);
    put(&at, HB_ACT_VERSION, 2);
    put(&at, r->action, 2);
    put(&at, approval, 2);
    put(&at, 0, 2);
    put(&at, r->flags, 4);
    put(&at, r->seq, 8);
    put_bytes(&at, r->key, HB_ACT_KEY_SIZE);
    put_bytes(&at, r->key2, HB_ACT_KEY_SIZE);
    put(&at, r->site, 4);
    put(&at, r->entry, 4);
    put(&at, r->baseline, 8);
    put(&at, r->arg, 4);
    put(&at, r->incident, 4);
    put(&at, r->step, 4);
    put(&at, 0, 8);
    put(&at, 0, 4);
    put_bytes(&at, r->approval, approval);
    HB_ASSERT((size_t)(at - buf) == HB_REQ_SIZE + approval);
    return HB_REQ_SIZE + approval;
}

int hb_request_decode(struct hb_request *ret, const void *p, size_t n)
{
    struct hb_request r;
    struct hb_cur c;
    struct hb_slice key, key2, approval;
    uint32_t magic;
    uint16_t version, zero;
    uint64_t zeros;

    memset(&r, 0, sizeof(r));
    hb_cur_init(&c, p, n);
    magic = hb_cur_u32(&c);
    version = hb_cur_u16(&c);
    r.action = hb_cur_u16(&c);
    r.approval_len = hb_cur_u16(&c);
    zero = hb_cur_u16(&c);
    r.flags = hb_cur_u32(&c);
    r.seq = hb_cur_u64(&c);
    key = hb_cur_take(&c, HB_ACT_KEY_SIZE);
    key2 = hb_cur_take(&c, HB_ACT_KEY_SIZE);
    r.site = hb_cur_u32(&c);
    r.entry = hb_cur_u32(&c);
    r.baseline = hb_cur_u64(&c);
    r.arg = hb_cur_u32(&c);
    r.incident = hb_cur_u32(&c);
    r.step = hb_cur_u32(&c);
    zeros = hb_cur_u64(&c);
    zeros |= hb_cur_u32(&c);
    if (r.approval_len > HB_ACT_APPROVAL_MAX)
        return -EBADMSG;
    approval = hb_cur_take(&c, r.approval_len);
    if (hb_cur_end(&c) < 0)
        return -EBADMSG;
    if (magic != HB_REQ_MAGIC || version != HB_ACT_VERSION || zero != 0 ||
        zeros != 0 || (r.flags & ~FLAGS_KNOWN) != 0)
        return -EBADMSG;
    if (r.action == 0 || r.action >= HB_ACT_COUNT)
        return -EBADMSG;
    memcpy(r.key, key.p, HB_ACT_KEY_SIZE);
    memcpy(r.key2, key2.p, HB_ACT_KEY_SIZE);
    if (r.approval_len > 0)
        memcpy(r.approval, approval.p, r.approval_len);
    *ret = r;
    return 0;
}

size_t hb_reply_encode(const struct hb_reply *r, uint8_t buf[HB_REPLY_SIZE])
{
    uint8_t *at = buf;

    put(&at, HB_REP_MAGIC, 4);
    put(&at, HB_ACT_VERSION, 2);
    put(&at, r->status, 2);
    put(&at, (uint32_t)r->error, 4);
    put(&at, r->staged, 4);
    put(&at, r->seq, 8);
    put_bytes(&at, r->key, HB_ACT_KEY_SIZE);
    put(&at, r->arg, 4);
    put(&at, 0, 4);
    put(&at, (uint64_t)r->started, 8);
    put(&at, (uint64_t)r->finished, 8);
    HB_ASSERT((size_t)(at - buf) == HB_REPLY_SIZE);
    return HB_REPLY_SIZE;
}

int hb_reply_decode(struct hb_reply *ret, const void *p, size_t n)
{
    struct hb_reply r;
    struct hb_cur c;
    struct hb_slice key;
    uint32_t magic, zero;
    uint16_t version;

    memset(&r, 0, sizeof(r));
    hb_cur_init(&c, p, n);
    magic = hb_cur_u32(&c);
    version = hb_cur_u16(&c);
    r.status = hb_cur_u16(&c);
    r.error = (int32_t)hb_cur_u32(&c);
    r.staged = hb_cur_u32(&c);
    r.seq = hb_cur_u64(&c);
    key = hb_cur_take(&c, HB_ACT_KEY_SIZE);
    r.arg = hb_cur_u32(&c);
    zero = hb_cur_u32(&c);
    r.started = (int64_t)hb_cur_u64(&c);
    r.finished = (int64_t)hb_cur_u64(&c);
    if (hb_cur_end(&c) < 0)
        return -EBADMSG;
    if (magic != HB_REP_MAGIC || version != HB_ACT_VERSION || zero != 0)
        return -EBADMSG;
    if (r.status < HB_ACT_DONE || r.status > HB_ACT_NOT_DONE || r.staged > 1 ||
        r.error > 0 || r.error < -ERRNO_MAX)
        return -EBADMSG;
    memcpy(r.key, key.p, HB_ACT_KEY_SIZE);
    *ret = r;
    return 0;
}

const char *hb_action_name(enum hb_action a)
{
    if ((unsigned)a >= HB_ACT_COUNT || names[a] == NULL)
        return "?";
    return names[a];
}

int hb_action_call(int sock, const struct hb_request *r, int fd,
                   struct hb_reply *ret, int *ret_fd, int timeout_ms)
{
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX];
    uint64_t deadline = hb_mono() + (uint64_t)HB_MAX(timeout_ms, 0) * HB_MS;
    size_t n = hb_request_encode(r, buf);
    int e;

    do {
        e = wait_for(sock, POLLOUT, deadline);
        if (e == 0)
            e = hb_sock_send(sock, buf, n, &fd, fd >= 0 ? 1 : 0);
    } while (e == -EAGAIN);
    if (e < 0)
        return e;
    do {
        e = wait_for(sock, POLLIN, deadline);
        if (e == 0)
            e = receive(sock, r, ret, ret_fd);
    } while (e == -EAGAIN);
    return e;
}

static void put(uint8_t **at, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        *(*at)++ = (uint8_t)v;
        v >>= 8;
    }
}

static void put_bytes(uint8_t **at, const void *p, size_t n)
{
    memcpy(*at, p, n);
    *at += n;
}

static int wait_for(int sock, short what, uint64_t deadline)
{
    struct pollfd p = {.fd = sock, .events = what};

    for (;;) {
        uint64_t now = hb_mono();
        uint64_t left = now < deadline ? (deadline - now) / HB_MS + 1 : 0;
        int n = poll(&p, 1, (int)HB_MIN(left, (uint64_t)INT32_MAX));

        if (n > 0)
            return 0; /* errors and the end are told by send and receive */
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0 && now >= deadline)
            return -ETIMEDOUT;
    }
}

/* One answer; -EAGAIN where it belongs to a call that was given up. */
static int receive(int sock, const struct hb_request *r, struct hb_reply *ret,
                   int *ret_fd)
{
    uint8_t buf[HB_REPLY_SIZE];
    struct hb_reply reply = {0};
    int fds[1] = {-1};
    size_t nfds = 0;
    ssize_t n = hb_sock_recv(sock, buf, sizeof(buf), fds, 1, &nfds);
    int e;

    if (n < 0)
        return (int)n;
    e = n == 0 ? -ECONNRESET : hb_reply_decode(&reply, buf, (size_t)n);
    if (e == 0 && reply.seq != r->seq)
        e = -EAGAIN;
    else if (e == 0 && memcmp(reply.key, r->key, HB_ACT_KEY_SIZE) != 0)
        e = -EBADMSG;
    if (e < 0 || ret_fd == NULL) {
        if (nfds > 0)
            hb_close(&fds[0]);
        if (e < 0)
            return e;
    } else {
        *ret_fd = nfds > 0 ? fds[0] : -1;
    }
    *ret = reply;
    return 0;
}
