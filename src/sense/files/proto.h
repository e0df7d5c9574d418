/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto.h - what watch and compare say to each other.
 *
 * SOCK_SEQPACKET, one frame a packet, little endian: u8 version, u8 kind, then
 * the kind's body.  Descriptors of an ITEMS frame ride beside it; an item
 * names its own by index.  Either side treats the other's bytes as foreign: a
 * frame that is short, long, of another version or with an index out of range
 * is refused and ends the connection.
 *
 * Nothing in here is trusted more than the kernel objects behind it: compare
 * takes type, mode and content from the descriptor, not from the item.
 */
#ifndef HB_SENSE_FILES_PROTO_H
#define HB_SENSE_FILES_PROTO_H

#include <sys/stat.h>

#include "base/buf.h"
#include "base/cur.h"
#include "base/loop.h"

#define HB_FP_VERSION 1u
#define HB_FP_FRAME   (96u << 10) /* a frame; fits any socket buffer */
#define HB_FP_ITEMS   512u        /* items a frame */
#define HB_FP_WHOS    16u         /* processes a frame */
#define HB_FP_PARENTS 8u          /* levels of a parent chain */
#define HB_FP_CMDLINE 1024u
#define HB_FP_EXE     512u

enum hb_fp_kind {
    HB_FP_HELLO = 1, /* watch: connected; u64 its start (mono ns) */
    HB_FP_NOTE,      /* watch: something about watching itself */
    HB_FP_OBJECTS,   /* watch: objects that changed, were scanned, looked at */
    HB_FP_BEGIN,     /* watch: a scan begins */
    HB_FP_END,       /* watch: it ended */
    HB_FP_SCAN,      /* compare: scan a site or a part of it */
    HB_FP_LOOK       /* compare: look at these paths again */
};

enum hb_fp_note {
    HB_FPN_MODE = 1, /* how a site is watched: text */
    HB_FPN_LOST,     /* count events were dropped or overflowed */
    HB_FPN_GONE,     /* the site's root is not there */
    HB_FPN_BACK,     /* it is there again */
    HB_FPN_MOUNT,    /* text: a path below the root has a mount on it */
    HB_FPN_FS_ERROR, /* the file system reported an error */
    HB_FPN_COUNT
};

enum hb_fp_event { /* bits: what happened */
                   HB_FPE_CREATED = 1,
                   HB_FPE_MODIFIED = 2,
                   HB_FPE_CLOSED = 4,
                   HB_FPE_ATTRIB = 8,
                   HB_FPE_DELETED = 16,
                   HB_FPE_MOVED_FROM = 32,
                   HB_FPE_MOVED_TO = 64,
                   HB_FPE_MOUNTED = 128,
                   HB_FPE_DIR = 256,   /* the object is, or was, a directory */
                   HB_FPE_LOOK = 512,  /* compare asked for it */
                   HB_FPE_SCAN = 1024, /* seen by a scan */
                   HB_FPE_NO_PATH =
                       2048 /* reached by a name outside; path unknown */
};

enum hb_fp_state {
    HB_FPS_PRESENT = 1,
    HB_FPS_ABSENT,
    HB_FPS_ERROR /* could not be opened; error says why */
};

enum hb_fp_scan {
    HB_FPSC_META = 1, /* metadata only, no descriptors for regular files */
    HB_FPSC_FULL,     /* content too */
    HB_FPSC_DEEP      /* content, past the page cache */
};

/* What statx(2) said of an object when watch looked. */
struct hb_fp_stat {
    uint32_t mode, uid, gid, nlink;
    uint64_t size, ino, dev;
    int64_t mtime, ctime; /* ns */
};

struct hb_fp_item {
    uint32_t site;
    uint16_t events;  /* enum hb_fp_event */
    uint8_t state;    /* enum hb_fp_state */
    uint8_t fd;       /* index, or HB_FP_NO_FD */
    uint8_t readable; /* the descriptor is open for reading */
    uint8_t who;      /* index, or HB_FP_NO_WHO */
    int32_t error;    /* ERROR: -errno */
    uint64_t noticed; /* ns, hb_mono() when the event was read */
    int64_t noticed_utc;
    struct hb_fp_stat st;
    struct hb_slice path; /* relative; "" is the root */
};

#define HB_FP_NO_FD  0xffu
#define HB_FP_NO_WHO 0xffu

struct hb_fp_parent {
    uint32_t pid;
    uint64_t start;            /* clock ticks after boot */
    struct hb_slice comm, exe; /* exe "" where unknown */
};

/* A process as /proc told when the event was read. */
struct hb_fp_who {
    uint32_t pid;
    uint8_t known; /* 0: it was gone; only pid is meant */
    uint32_t uid, euid;
    uint64_t start;
    struct hb_slice comm, exe, cmdline, cgroup;
    uint8_t n_parents;
    struct hb_fp_parent parent[HB_FP_PARENTS];
};

struct hb_fp_scan_head {
    uint64_t id; /* chosen by compare */
    uint32_t site;
    uint8_t kind;           /* enum hb_fp_scan */
    struct hb_slice prefix; /* "" the whole site */
};

struct hb_fp_scan_end {
    uint64_t id;
    uint32_t site;
    int32_t error;             /* 0, or why it could not be whole */
    uint64_t entries, skipped; /* skipped: too deep or unreadable */
    uint64_t took;             /* ns */
};

/* A decoded frame; slices point into it. */
struct hb_fp_frame {
    uint8_t kind;
    uint64_t hello;
    struct {
        uint8_t note;
        uint32_t site; /* 0: all */
        uint64_t count;
        struct hb_slice text;
    } note;
    uint64_t scan;                /* OBJECTS: id of the scan, 0 none */
    struct hb_fp_scan_head begin; /* BEGIN, SCAN */
    struct hb_fp_scan_end end;
    uint32_t site;            /* LOOK */
    uint16_t n_whos, n_items; /* LOOK: n_items paths */
    struct hb_fp_who whos[HB_FP_WHOS];
    struct hb_fp_item items[HB_FP_ITEMS];
};

/* Decodes one packet with NFDS descriptors into RET (large: keep one and use
 * it again).  -EBADMSG. */
int hb_fp_decode(struct hb_fp_frame *ret, const void *p, size_t n,
                 size_t nfds) HB_WUR;

/* Writers; B is emptied first and holds one frame afterwards. */
void hb_fp_hello(struct hb_buf *b, uint64_t start);
void hb_fp_note(struct hb_buf *b, enum hb_fp_note note, uint32_t site,
                uint64_t count, const char *text);
void hb_fp_begin(struct hb_buf *b, enum hb_fp_kind kind,
                 const struct hb_fp_scan_head *h); /* BEGIN or SCAN */
void hb_fp_end(struct hb_buf *b, const struct hb_fp_scan_end *e);
void hb_fp_look(struct hb_buf *b, uint32_t site, const struct hb_slice *paths,
                size_t n);

/* OBJECTS are put together piece by piece. */
struct hb_fp_pack {
    struct hb_buf whos, items, frame;
    uint16_t n_whos, n_items;
    uint64_t scan;
};
void hb_fp_pack_init(struct hb_fp_pack *k);
void hb_fp_pack_done(struct hb_fp_pack *k);
void hb_fp_pack_reset(struct hb_fp_pack *k, uint64_t scan);
/* The index of the process in the frame, or HB_FP_NO_WHO when full. */
uint8_t hb_fp_pack_who(struct hb_fp_pack *k, const struct hb_fp_who *w);
/* -ENOBUFS where the frame is full: send it, reset, add again. */
int hb_fp_pack_item(struct hb_fp_pack *k, const struct hb_fp_item *i) HB_WUR;
/* The finished frame, borrowed until the next call. */
struct hb_slice hb_fp_pack_frame(struct hb_fp_pack *k);

/* A who of its own (deep copy), for keeping beyond the frame. */
struct hb_fp_who *hb_fp_who_dup(const struct hb_fp_who *w) HB_WUR;

/* Whether PATH may name something below a root: no leading or double slash,
 * no "." or ".." part, no NUL, at most HB_MAX_PATH - 1 bytes.  "" may. */
bool hb_fp_path_ok(struct hb_slice path);

/* What the loop shall wait for on FD.  It cannot fail for a descriptor that
 * is watched; were it to, the next tick tries again. */
static inline void hb_fp_want(struct hb_loop *l, int fd, uint32_t events)
{
    int r = hb_loop_mod(l, fd, events);

    (void)r;
}

/* From a struct stat(x). */
struct statx;
void hb_fp_stat_from(struct hb_fp_stat *ret, const struct statx *sx);

#endif
