/* SPDX-License-Identifier: Apache-2.0 */
/* send.c - see send.h. */
#include "portal/send.h"

#include "base/num.h"
#include "portal/looks.h"
#include "portal/uploads.h"

/* A body on its way. */
struct coming {
    struct portal_visit *x;
    struct portal_sender by;
    int64_t file; /* 0: none has begun */
    int64_t at, end;
    struct hb_share_upload *u;
    bool plain; /* a form */
};

static int begin_file(void *arg, const char *field, const char *name,
                      int64_t size);
static int take(void *arg, const void *p, size_t n);
static void gone(void *arg);
static int new_file(struct portal_visit *x, const struct portal_sender *by,
                    const char *name, int64_t size, int64_t *ret_file);
static void begin_piece(struct portal_visit *x, const struct portal_sender *by);
static bool take_piece(struct portal_visit *x, const struct portal_sender *by);
static int finish(struct portal_visit *x, struct coming *c);
static int status_of(int r);
static bool percent_decode(const char *z, char *dst, size_t size);

void portal_send_body(struct portal_visit *x, const struct portal_sender *by)
{
    struct coming *c = HB_NEW(x->a, struct coming);
    struct hb_share_file f;
    int r = 0;

    if (c == NULL)
        return;
    *c = (struct coming){.x = x, .by = *by, .plain = by->piece == 0};
    if (!c->plain) {
        if (!portal_ours(x))
            return;
        c->file = by->piece;
        c->at = portal_offset(hb_request_header(x->r, "x-offset"));
        r = hb_share_file_get(x->p->store, x->a, c->file, &f);
        if (r == 0 && f.share != by->share)
            r = -ENOENT;
        if (r == 0)
            r = portal_uploads_get(x->p->uploads, c->file, by->grant, &c->u);
        if (r < 0) {
            portal_json(x, status_of(r), "{\"error\":%d}", status_of(r));
            return;
        }
        c->end = f.size;
        if (c->at != hb_share_upload_at(c->u)) {
            portal_json(x, 409, "{\"at\":%lld,\"done\":false}",
                        (long long)hb_share_upload_at(c->u));
            return;
        }
    }
    hb_request_take(x->r, &(struct hb_upload){begin_file, take, gone, c});
}

int portal_send_form(struct portal_visit *x, const struct portal_sender *by)
{
    struct coming *c = hb_request_upload(x->r);
    int r = hb_request_upload_error(x->r);

    if (c == NULL)
        return -EBADMSG;
    c->x = x;
    c->by = *by;
    if (r == 0)
        r = c->u == NULL ? -ENODATA : finish(x, c);
    return r;
}

bool portal_send_piece(struct portal_visit *x, const struct portal_sender *by)
{
    if (hb_request_method(x->r) == HB_PUT)
        return take_piece(x, by);
    begin_piece(x, by);
    return false;
}

const char *portal_send_error(int r)
{
    switch (r) {
    case -EFBIG:
    case -EDQUOT:
    case -E2BIG:
        return _("That is more than the portal takes.");
    case -ENOSPC:
        return _("The portal is full. Tell whoever looks after it.");
    case -EEXIST:
        return _("A file of this name is there already. Rename it.");
    case -EINVAL:
        return _("The file's name cannot be used. Rename it.");
    case -ENODATA:
        return _("Choose a file first.");
    default:
        return _("That did not work. Try it once more.");
    }
}

/* ---- static ---- */

static void begin_piece(struct portal_visit *x, const struct portal_sender *by)
{
    const char *coded = hb_request_header(x->r, "x-name");
    int64_t size = portal_offset(hb_request_header(x->r, "x-size")), file = 0;
    char name[HB_SHARE_FILE_NAME + 1];
    int r =
        coded == NULL || size < 0 || !percent_decode(coded, name, sizeof(name))
            ? -EINVAL
            : new_file(x, by, name, size, &file);

    if (r == 0)
        portal_json(x, 200, "{\"file\":%lld}", (long long)file);
    else
        portal_json(x, status_of(r), "{\"error\":%d}", status_of(r));
}

/* True where the file came to its end. */
static bool take_piece(struct portal_visit *x, const struct portal_sender *by)
{
    struct coming *c = hb_request_upload(x->r);
    int r = hb_request_upload_error(x->r);
    bool whole;

    if (c == NULL) {
        portal_json(x, 415, "{\"error\":415}");
        return false;
    }
    c->by = *by;
    whole = r == 0 && hb_share_upload_at(c->u) == c->end;
    if (whole)
        r = finish(x, c);
    if (r < 0) {
        portal_uploads_drop(x->p->uploads, c->file);
        portal_json(x, status_of(r), "{\"error\":%d}", status_of(r));
        return false;
    }
    portal_json(x, 200, "{\"at\":%lld,\"done\":%s}",
                (long long)(whole ? c->end : hb_share_upload_at(c->u)),
                whole ? "true" : "false");
    return whole;
}

static int finish(struct portal_visit *x, struct coming *c)
{
    int r = hb_share_upload_end(c->u, &c->by.who, NULL);

    portal_uploads_drop(x->p->uploads, c->file);
    portal_looks_wake(x->p->looks);
    c->u = NULL;
    return r;
}

static int new_file(struct portal_visit *x, const struct portal_sender *by,
                    const char *name, int64_t size, int64_t *ret_file)
{
    static const char type[] = "application/octet-stream";

    return by->grant.p != NULL
               ? hb_share_upload_guest(x->p->store, by->grant, x->from, name,
                                       type, size, ret_file)
               : hb_share_upload_new(x->p->store, by->share, &by->who, name,
                                     type, size, ret_file);
}

/* The file of a plain form; its size is what the form's length leaves. */
static int begin_file(void *arg, const char *field, const char *name,
                      int64_t size)
{
    struct coming *c = arg;
    struct portal_visit *x = c->x;
    int r;

    if (!c->plain || c->u != NULL || !hb_streq(field, "file"))
        return -EBADMSG;
    if (!portal_ours(x))
        return -EACCES;
    if (size < 0)
        return -EBADMSG;
    /* Old browsers send the whole path. */
    r = new_file(x, &c->by, portal_base_name(name), size, &c->file);
    if (r == 0)
        r = portal_uploads_get(x->p->uploads, c->file, c->by.grant, &c->u);
    return r;
}

static int take(void *arg, const void *p, size_t n)
{
    struct coming *c = arg;

    return c->u != NULL ? hb_share_upload_write(c->u, p, n) : -EBADMSG;
}

/* What is safe stays, and goes on where it stands. */
static void gone(void *arg)
{
    struct coming *c = arg;

    if (c->plain && c->u != NULL)
        portal_uploads_drop(c->x->p->uploads, c->file);
}

static int status_of(int r)
{
    switch (r) {
    case -EFBIG:
    case -EDQUOT:
    case -E2BIG:
        return 413;
    case -ENOSPC:
        return 507;
    case -EINVAL:
        return 422;
    case -EEXIST:
    case -EALREADY:
        return 409;
    case -EIO:
    case -ENOMEM:
        return 503;
    default:
        return 403;
    }
}

static bool percent_decode(const char *z, char *dst, size_t size)
{
    size_t n = 0;

    for (; *z != '\0'; z++) {
        int c = (unsigned char)*z;

        if (c == '%') {
            c = hb_hex_byte(z + 1);
            if (c < 0)
                return false;
            z += 2;
        }
        if (c == '\0' || n + 1 >= size)
            return false;
        dst[n++] = (char)c;
    }
    dst[n] = '\0';
    return true;
}
