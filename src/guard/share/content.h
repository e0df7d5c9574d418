/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content.h - contents in and out: uploads that go on after a break, and
 * downloads that are counted and can be stopped.
 */
#ifndef HB_GUARD_SHARE_CONTENT_H
#define HB_GUARD_SHARE_CONTENT_H

#include "guard/share/share.h"

/* ---- in ---- */

#define HB_SHARE_FILE_NAME 255u /* bytes of a name */

struct hb_share_upload; /* 150 KiB, whatever the size of the file */

/* A file of SIZE bytes for a draft; its room is taken from now on.  NAME is
 * what recipients see: valid UTF-8 of 1..255 bytes without "/", "\" or
 * characters that cannot be seen; TYPE is claimed, ASCII.  -EINVAL, -EDQUOT
 * what the owner may keep, -ENOSPC the locker or the disk is full, -EFBIG,
 * -EEXIST a file of this name, -EBUSY no draft. */
int hb_share_upload_new(struct hb_share_store *s, int64_t share,
                        const struct hb_share_who *who, const char *name,
                        const char *type, int64_t size,
                        int64_t *ret_file) HB_WUR;
/* A guest's, into quarantine; GRANT opens an invitation. */
int hb_share_upload_guest(struct hb_share_store *s, struct hb_slice grant,
                          const char *from, const char *name, const char *type,
                          int64_t size, int64_t *ret_file) HB_WUR;

/* Opens it where it stands: hb_share_upload_at() says how much is safe and the
 * sender goes on from there.  What was safe is read once for the hash.  One
 * process at a time: -EALREADY another has it.  For a guest's file GRANT is
 * theirs, else {NULL, 0} and the caller knows whose it is. */
int hb_share_upload_open(struct hb_share_store *s, int64_t file,
                         struct hb_slice grant,
                         struct hb_share_upload **ret) HB_WUR;
/* -ENOSPC, -EIO: what was safe stays so; close, open and go on.  -EFBIG more
 * than was said.  -EKEYREVOKED, -EKEYEXPIRED the share died meanwhile. */
int hb_share_upload_write(struct hb_share_upload *u, const void *p,
                          size_t n) HB_WUR;
/* Bytes that a crash does not lose (every 4 MiB, and at a close, in steps of
 * 256 KiB), and bytes taken. */
int64_t hb_share_upload_safe(const struct hb_share_upload *u);
int64_t hb_share_upload_at(const struct hb_share_upload *u);
/* All is there: -EBADMSG it is not of SHA256 (NULL: not known), then it is to
 * be sent again from 0; -ENODATA bytes are missing.  U stays the caller's. */
int hb_share_upload_end(struct hb_share_upload *u,
                        const struct hb_share_who *who,
                        const uint8_t *sha256) HB_WUR;
void hb_share_upload_close(struct hb_share_upload *u);

/* Takes a file out of a draft, finished or not. */
int hb_share_file_drop(struct hb_share_store *s, int64_t file,
                       const struct hb_share_who *who) HB_WUR;
/* The owner on a guest's file.  -EPERM: it is a program, and the rules want the
 * keeper to let it in. */
int hb_share_accept(struct hb_share_store *s, int64_t file,
                    const struct hb_share_who *who) HB_WUR;
int hb_share_reject(struct hb_share_store *s, int64_t file,
                    const struct hb_share_who *who) HB_WUR;

/* ---- looked into, by whoever reads files (inspect/) ---- */

struct hb_share_download; /* 140 KiB */

/* 1, and *RET_FILE: a whole file of SHARE (0: of any) that waits for it, the
 * oldest; 0 none. */
int hb_share_unlooked(struct hb_share_store *s, int64_t share,
                      int64_t *ret_file) HB_WUR;
/* Its contents: counts nothing and tells nothing; ended as a download is. */
int hb_share_look(struct hb_share_store *s, int64_t file,
                  struct hb_share_download **ret) HB_WUR;
/* PIECES of personal data were found in it, or it cannot be READ.  The first
 * that says so is believed; a file that is gone is 0 as well. */
int hb_share_looked(struct hb_share_store *s, int64_t file, bool read,
                    int64_t pieces) HB_WUR;

/* ---- out ---- */

/* The POST of a recipient: one download, counted when this returns 0, whatever
 * becomes of it.  -EACCES no grant (or not for this file), -EDQUOT as often as
 * it may be, -EKEYREVOKED, -EKEYEXPIRED. */
int hb_share_ticket(struct hb_share_store *s, struct hb_slice grant,
                    int64_t file, const char *from,
                    char ret[HB_SHARE_TOKEN_TEXT]) HB_WUR;
/* The download of TICKET, from AT on; again after a break, for as long as its
 * grant lasts, until somebody has read to its end (-EALREADY).  What is given
 * of it in all is the file and a quarter; more is counted as another download,
 * or is -EALREADY where there is none left.  One reader at a time: an older
 * one is cut (-ECANCELED).  -EACCES no such ticket of this
 * grant, -EINVAL past the end, -EBADMSG the blob is not what was stored. */
int hb_share_open_download(struct hb_share_store *s, struct hb_slice grant,
                           struct hb_slice ticket, const char *from, int64_t at,
                           struct hb_share_download **ret) HB_WUR;
/* Both at once, for who needs no second try; what cannot be read is not
 * counted. */
int hb_share_begin_download(struct hb_share_store *s, struct hb_slice grant,
                            int64_t file, const char *from, int64_t at,
                            struct hb_share_download **ret) HB_WUR;
/* The file that TICKET is for, as long as it opens it; strings in A. */
int hb_share_ticket_file(struct hb_share_store *s, struct hb_slice grant,
                         struct hb_slice ticket, struct hb_arena *a,
                         struct hb_share_file *ret) HB_WUR;
/* For the owner: their own file, or a guest's that was accepted; for a third
 * person: a file of a share that waits for them.  Counts nothing, and stands
 * in the trail. */
int hb_share_fetch(struct hb_share_store *s, int64_t file,
                   const struct hb_share_who *who,
                   struct hb_share_download **ret) HB_WUR;
/* How often RECIPIENT began to fetch FILE. */
int hb_share_fetched(struct hb_share_store *s, int64_t recipient, int64_t file,
                     int64_t *ret) HB_WUR;
int64_t hb_share_download_size(const struct hb_share_download *d);
/* Up to N bytes, 0 at the end.  Each 256 KiB and each 250 ms it is asked
 * whether the share still lives: -EKEYREVOKED, -EKEYEXPIRED if not. */
ssize_t hb_share_download_read(struct hb_share_download *d, void *p,
                               size_t n) HB_WUR;
/* The same question, for a caller that waits for a slow reader: ask it every
 * 250 ms and drop what is not yet sent. */
int hb_share_download_alive(struct hb_share_download *d) HB_WUR;
/* SENT: bytes that left, as far as the caller knows (-1: what was read). */
int hb_share_download_end(struct hb_share_download *d, int64_t sent);

#endif
